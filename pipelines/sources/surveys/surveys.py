"""Answers of a form as Google Forms and Yandex Forms download them: CSV or a workbook (.xlsx, .ods), one row per response, one column per
question. Yandex makes a workbook unless asked for CSV; a Google form's answers are a spreadsheet that is downloaded as either, and the form itself
gives a CSV in a ZIP archive, whose times have a zone ("2026/10/19 2:06:23 PM GMT+3").

What has to be known about it:

- The first thing looked for is the time column ("Отметка времени", "Timestamp", "Время создания").
- A *rating* is a column whose every answer is a whole number from 1 to 5, or one of which at least half of the answers are steps of a scale
  and whose question speaks of a scale, is a row of a grid or rates an aspect (:mod:`pipelines.sources.surveys.likert`: numbers, "4 – скорее
  согласен", "полностью согласен", the source's own ``scale``). In a rating anything else is rejected; a blank is kept as null: the person
  left it out. A row of a grid, "Оцените … [содержание]", is the item "содержание". A scale to 7, 10 or 100 is none of five steps: its
  answers stay words.
- A cell of several choices ("a, b" or one a line) is the answer's words, whole.
- A question for the stream or group gives ``group_label``, as the answerer wrote it. Everything else is an open question: its words go
  to the personal half.
- A response is known by the form's own id, else by the moment and what was answered (title and words of each answer, whatever the order of
  the columns), so a question added later does not make it another, nor does another form of download.
- What Moodle's *feedback* activity lets download is read as well (:mod:`pipelines.sources.surveys.moodle_feedback`).
- A form is anonymous and stays so, unless it has a column of addresses: then the account is that address (realm ``survey``).
- The course stays null: pipelines.links relates a survey to its course by ``survey_id`` (the file's name) and ``feeds`` of the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header, find_columns, looks_like, rows_where
from pipelines.sources.formats.local_times import OrderEvidence, to_utc
from pipelines.sources.formats.report_files import ENDINGS
from pipelines.sources.formats.tables import TableFile, open_table, table_items
from pipelines.sources.lms.moodle_people import People
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen
from pipelines.sources.surveys import moodle_feedback
from pipelines.sources.surveys.likert import Likert

WHAT = "survey answers (kind survey_csv)"

_COLUMNS = {
    "time": (
        "отметка времени", "timestamp", "время создания", "дата создания", "время отправки", "submitted at", "created at",
        # Google Forms in Ukrainian, Kazakh, German, French, Spanish, Italian, Portuguese, Polish.
        "позначка часу", "уақыт белгісі", "zeitstempel", "horodateur", "marca temporal", "informazioni cronologiche", "carimbo de data/hora",
        "sygnatura czasowa",
    ),
    "email": (
        "адрес электронной почты", "электронная почта", "email address", "email", "e-mail", "username", "имя пользователя",
        "електронна адреса", "электрондық пошта мекенжайы", "e-mail-adresse", "adresse e-mail", "dirección de correo electrónico",
        "indirizzo email", "endereço de e-mail", "adres e-mail",
    ),
    "id": ("id", "№"),
}  # fmt: skip
_SCALE = re.compile(r"шкал|оцените|насколько|от 1 до 5|1\s*[-–—]\s*5|scale|rate\b|1 to 5")
_GROUP = re.compile(r"\b(?:поток\w{0,2}|групп[аеыу]|stream|group|cohort)\b")
_GRID = re.compile(r"^.*\[(?P<row>[^\[\]]+)\]\s*$", re.DOTALL)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: "от 0 до 10", "1–7", "0 to 100": other scales than that of five steps.
_OTHER_SCALE = re.compile(r"\b(?:до|to|из|of)\s*(?:7|10|100)\b|\d\s*[-–—]\s*(?:7|10|100)\b")
_ENDING = re.compile(r"(?:\.csv)?(?:\.gz|\.zip)?$|\.(?:xlsx|ods)$", re.IGNORECASE)
_HASH_BYTES = 10


@dataclass(frozen=True)
class _Question:
    """One column that asks something. ``number`` counts from 1 in the form's order."""

    number: int
    column: int
    item: str
    is_rating: bool
    aspect: str | None


class SurveysReader:
    """Reader of form answers. Kind ``survey_csv``."""

    kind: ClassVar[str] = "survey_csv"
    version: ClassVar[int] = 5

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also packed) and workbooks below the source's path. Raises BadSource where there is none."""
        return table_items(source.path, source.name, endings=(*ENDINGS, ".csv.zip"))

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Survey answers, one row per response and question; accounts only where the form asked for an address.

        Raises BadFile for anything without a time column or a question.
        """
        assert item.path is not None
        realm = source.realm or "survey"
        file = open_table(item.path, (word for words in _COLUMNS.values() for word in words))
        header = file.header()
        likert = Likert.of(source)
        survey_id = _ENDING.sub("", item.name)
        feedback = moodle_feedback.layout_of(header.words)
        if feedback is not None:
            yield from _feedback(file, header, feedback, survey_id, likert, source, context)
            return
        other = looks_like(header.words)
        if other and other != WHAT:
            raise BadFile(item.path, place="header", expected=WHAT, found=f"what looks like {other}")
        places = find_columns(file, header, _COLUMNS, optional=("email", "id"), what=WHAT)
        group, questions = _questions(file, header, places, likert)
        if not questions:
            raise BadFile(item.path, place="header", expected="at least one question", found="none")
        evidence = OrderEvidence()
        for block in file.blocks(header):
            evidence.add(block.columns[places["time"]])
        order = evidence.order("day first" if _CYRILLIC.search(" ".join(header.cells)) else "month first")
        equals: Counter[str] = Counter()
        since: datetime | None = None
        until: datetime | None = None
        for block in file.blocks(header):
            for line, cells in block.misfits:
                yield Seen("survey_answers", len(questions))
                reason = "fewer cells than the header" if cells < len(header.cells) else "more cells than the header"
                for question in questions:
                    yield Rejected("survey_answers", f"{file.unit} {line}, question {question.number}", reason)
            if not block.rows:
                continue
            times = pc.utf8_trim_whitespace(block.columns[places["time"]])
            moments, _ = to_utc(times, order, context.zone)
            least, most = pc.min_max(moments).as_py().values()
            since = min((moment for moment in (since, least) if moment), default=None)
            until = max((moment for moment in (until, most) if moment), default=None)
            responses = _response_ids(block, header, survey_id, places, moments, equals)
            bad_time = pc.and_(pc.not_equal(times, ""), pc.is_null(moments))
            addresses = _addresses(block, places.get("email"))
            accounts = context.pseudonyms.column(realm, addresses)
            if pc.any(pc.is_valid(addresses)).as_py():
                people = pa.table(
                    {
                        "account_id": accounts,
                        "realm": pa.repeat(pa.scalar(realm), block.rows),
                        "channel": pa.repeat(pa.scalar("survey"), block.rows),
                        "native_id": addresses,
                        "email": addresses,
                    }
                )
                yield Batch("accounts", people.filter(pc.is_valid(addresses)), counted=False)
            labels = pa.nulls(block.rows, pa.string()) if group is None else _null_if_empty(block.columns[group])
            labels = pc.fill_null(labels, source.stream) if source.stream else labels
            response = _Responses(survey_id, responses, accounts, labels, moments, {"a time that is not understood": bad_time})
            yield from _answers(file, block, questions, response, likert)
        yield Covers(since, until)


@dataclass(frozen=True)
class _Responses:
    """What the rows of a block are, besides their answers; ``refused``: reason → rows."""

    survey_id: str
    ids: pa.Array
    accounts: pa.Array
    labels: pa.Array
    moments: pa.Array
    refused: dict[str, pa.Array]


def _answers(file: TableFile, block: Block, questions: list[_Question], of: _Responses, likert: Likert) -> Iterator[Event]:
    for question in questions:
        yield Seen("survey_answers", block.rows)
        answers = _null_if_empty(block.columns[question.column])
        ratings, texts = pa.nulls(block.rows, pa.int32()), answers
        bad_rating = pa.repeat(pa.scalar(False), block.rows)
        if question.is_rating:
            ratings = _steps(answers, likert)
            texts = pa.nulls(block.rows, pa.string())
            bad_rating = pc.and_(pc.is_valid(answers), pc.is_null(ratings))
        keep = pa.repeat(pa.scalar(True), block.rows)
        for reason, mask in {**of.refused, "a rating that is no step of the scale": bad_rating}.items():
            for row in rows_where(pc.and_(mask, keep)):
                yield Rejected("survey_answers", f"{file.unit} {block.lines[row]}, question {question.number}", reason)
            keep = pc.and_(keep, pc.invert(mask))
        table = pa.table(
            {
                "answer_id": pc.binary_join_element_wise(of.ids, pa.scalar(str(question.number)), ":"),
                "survey_id": pa.repeat(pa.scalar(of.survey_id), block.rows),
                "response_id": of.ids,
                "account_id": of.accounts,
                "group_label": of.labels,
                "item": pa.repeat(pa.scalar(question.item), block.rows),
                "aspect": pa.repeat(pa.scalar(question.aspect, pa.string()), block.rows),
                "rating": ratings,
                "answered_at": of.moments,
                "text": texts,
            }
        ).filter(keep)
        if table.num_rows:
            yield Batch("survey_answers", table)


def _feedback(
    file: TableFile, header: Header, layout: moodle_feedback.Layout, survey_id: str, likert: Likert, source: Source, context: Context
) -> Iterator[Event]:
    """Responses of Moodle's feedback activity. Raises BadFile where it asks nothing."""
    realm = source.realm or "moodle"
    _, questions = _questions(file, header, {str(place): place for place in range(layout.last + 1)}, likert, has_group=False)
    questions = [replace(one, item=moodle_feedback.question(one.item)) for one in questions]
    if not questions:
        raise BadFile(file.path, place="header", expected="at least one question", found="none")
    evidence = OrderEvidence()
    if layout.time is not None:
        for block in file.blocks(header):
            evidence.add(block.columns[layout.time])
    order = evidence.order("day first")
    counts: Counter[str] = Counter()
    since: datetime | None = None
    until: datetime | None = None
    for block in file.blocks(header):
        for line, cells in block.misfits:
            yield Seen("survey_answers", len(questions))
            reason = "fewer cells than the header" if cells < len(header.cells) else "more cells than the header"
            for question in questions:
                yield Rejected("survey_answers", f"{file.unit} {line}, question {question.number}", reason)
        if not block.rows:
            continue
        labels = pa.nulls(block.rows, pa.string()) if layout.groups is None else _null_if_empty(block.columns[layout.groups])
        labels = pc.fill_null(labels, source.stream) if source.stream else labels
        moments, refused = pa.nulls(block.rows, pa.timestamp("us", tz="UTC")), {}
        if layout.time is None or layout.number is not None:
            accounts = pa.nulls(block.rows, pa.string())
            numbers = _null_if_empty(block.columns[layout.number or 0])
            refused["no number of the response"] = pc.is_null(numbers)
            keys = pc.fill_null(numbers, "").to_pylist()
        else:
            times = pc.utf8_trim_whitespace(block.columns[layout.time])
            moments, _ = to_utc(times, order, context.zone)
            people = People(block, layout.people)
            accounts, batch = people.accounts(realm, context)
            yield from batch
            refused["nobody is named"] = pc.is_null(people.natives)
            refused["a time that is not understood"] = pc.is_null(moments)
            keys = pc.fill_null(accounts, "").to_pylist()
            least, most = pc.min_max(moments).as_py().values()
            since = min((moment for moment in (since, least) if moment), default=None)
            until = max((moment for moment in (until, most) if moment), default=None)
        ids = []
        for key in keys:
            # Who may answer several times has several rows.
            counts[key] += 1
            ids.append(f"{realm}:feedback:{survey_id}:{key}" + (f"-{counts[key]}" if counts[key] > 1 else ""))
        for question in questions:
            block.columns[question.column] = moodle_feedback.answers(block.columns[question.column])
        yield from _answers(
            file, block, questions, _Responses(survey_id, pa.array(ids, pa.string()), accounts, labels, moments, refused), likert
        )
    yield Covers(since, until)


def _questions(
    file: TableFile, header: Header, places: dict[str, int], likert: Likert, *, has_group: bool = True
) -> tuple[int | None, list[_Question]]:
    """The column that states stream or group (where the form may ask for it), and the questions."""
    group: int | None = None
    columns: list[int] = []
    for column, word in enumerate(header.words):
        if column in places.values() or not word:
            continue
        if has_group and group is None and _GROUP.search(word) and not _SCALE.search(word) and "[" not in word:
            group = column
        else:
            columns.append(column)
    answered, numbers, steps = (dict.fromkeys(columns, 0) for _ in range(3))
    for block in file.blocks(header):
        for column in columns:
            answers = _null_if_empty(block.columns[column])
            answered[column] += len(answers) - answers.null_count
            numbers[column] += pc.sum(pc.match_substring_regex(answers, r"^[1-5]$")).as_py() or 0
            found = _steps(answers, likert)
            steps[column] += len(found) - found.null_count
    # The last part of a grid's header is the item, unless two grids have rows of the same name.
    rows = {column: match["row"].strip() for column in columns if (match := _GRID.match(header.cells[column]))}
    counts = Counter(rows.values())
    questions = []
    for number, column in enumerate(columns, start=1):
        word, whole = header.words[column], " ".join(header.cells[column].split())
        item = rows[column] if counts[rows.get(column, "")] == 1 else whole
        aspect = likert.aspect(item, rows.get(column), whole)
        asks_for_rating = bool(_SCALE.search(word)) or column in rows or aspect is not None
        is_rating = (asks_for_rating and 2 * steps[column] >= answered[column]) or 0 < numbers[column] == answered[column]
        is_rating = is_rating and not _OTHER_SCALE.search(word)
        questions.append(_Question(number, column, item, is_rating, aspect if is_rating else None))
    return group, questions


def _steps(answers: pa.Array, likert: Likert) -> pa.Array:
    """Step of each answer; each distinct one is looked at once."""
    encoded = pc.dictionary_encode(answers)
    steps = pa.array([likert.step(answer) for answer in encoded.dictionary.to_pylist()], pa.int32())
    return steps.take(encoded.indices)


def _null_if_empty(texts: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _addresses(block: Block, column: int | None) -> pa.Array:
    if column is None:
        return pa.nulls(block.rows, pa.string())
    address = pc.utf8_lower(pc.utf8_trim_whitespace(block.columns[column]))
    return pc.if_else(pc.match_substring(address, "@"), address, pa.scalar(None, pa.string()))


def _response_ids(
    block: Block, header: Header, survey_id: str, places: dict[str, int], moments: pa.Array, equals: Counter[str]
) -> pa.Array:
    """``<survey>:<id>``, or a hash of what was answered and its number among equals: a later download gives an answer the same id."""
    if "id" in places:
        ids = _null_if_empty(block.columns[places["id"]])
        if not ids.null_count:
            return pc.binary_join_element_wise(pa.scalar(f"{survey_id}:"), ids, "")
    columns = sorted(zip(header.words, range(len(header.words)), strict=True))
    # CSV and workbook write one moment in two ways.
    seconds = pc.cast(pc.cast(moments, pa.timestamp("s", tz="UTC"), safe=False), pa.int64()).to_pylist()
    stated = block.columns[places["time"]].to_pylist()
    times = [text if second is None else str(second) for text, second in zip(stated, seconds, strict=True)]
    texts = [times if column == places["time"] else block.columns[column].to_pylist() for _, column in columns]
    responses = []
    for row in zip(*texts, strict=True):
        # A column that came later is blank in the rows before it: blanks are left out.
        content = "\x1f".join(f"{word}\x1e{cell}" for (word, _), cell in zip(columns, row, strict=True) if cell.strip())
        digest = blake2b(content.encode(), digest_size=_HASH_BYTES).hexdigest()
        equals[digest] += 1
        responses.append(f"{survey_id}:{digest}-{equals[digest]}")
    return pa.array(responses, pa.string())
