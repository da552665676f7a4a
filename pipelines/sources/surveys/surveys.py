"""Answers of a form as Google Forms and Yandex Forms download them: CSV or a workbook (.xlsx, .ods), one row per response, one column per
question. Yandex makes a workbook unless asked for CSV; a Google form's answers are a spreadsheet that is downloaded as either, and the form itself
gives a CSV in a ZIP archive, whose times have a zone ("2026/10/19 2:06:23 PM GMT+3").

What has to be known about it:

- The first thing looked for is the time column ("Отметка времени", "Timestamp", "Время создания"); where its words are not known, the shapes that the
  downloads of Google and Microsoft have in every language (:mod:`pipelines.sources.surveys.survey_shapes`).
- A *rating* is a column whose every answer is a whole number from 1 to 5, or one of which at least half of the answers are steps of a scale
  and whose question speaks of a scale, is a row of a grid or rates an aspect (:mod:`pipelines.sources.surveys.likert`: numbers, "4 – скорее
  согласен", "полностью согласен", the source's own ``scale``). In a rating anything else is rejected; a blank is kept as null: the person
  left it out. A row of a grid, "Оцените … [содержание]", is the item "содержание". A scale to 7, 10 or 100 is none of five steps: its
  answers stay words.
- A grid is one question with rows. Google has a column per row ("Оцените … [содержание]"); Yandex writes all rows of a response into one cell
  ('"содержание": 5, "время": 4'); spreadsheets and other services name the columns "Оцените / содержание", "Оцените: содержание" and the like. Each
  row is an item. A row with several marks ('"чат": часто, "чат": удобно') keeps its words.
- A cell of several choices ("a, b" or one a line) is the answer's words, whole.
- Of a workbook one sheet is read. Rows of others that have a time column, and answers in columns without a title, are rejected, with that reason.
- When an answer was begun or changed, points of a quiz and what was said of them are no answers: those columns are passed over.
- Microsoft Forms ("Start time", "Completion time", "Email", "Name") says "anonymous" where nobody is known. Where it knows the address, the name is
  the account's.
- A question for the stream or group gives ``group_label``, as the answerer wrote it; what is asked about it ("Размер группы") is a question like others. Everything else is an open question: its words go
  to the personal half.
- A response is known by the form's own id, else by the moment and what was answered (title and words of each answer, whatever the order of
  the columns), so a question added later does not make it another, nor does another form of download.
- LimeSurvey's and SurveyMonkey's columns about the response: :mod:`pipelines.sources.surveys.survey_services`.
- What Moodle's *feedback* activity lets download is read as well (:mod:`pipelines.sources.surveys.moodle_feedback`).
- An archive (.zip) may hold a table or several, as people pack them and SurveyMonkey hands them out: several are surveys of their own
  ("exports/anketa"), one is called as the archive is.
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
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header, find_columns, looks_like, rows_where
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.tables import (
    ENDINGS,
    FURTHER_SHEET,
    TableFile,
    day_month_order,
    open_table,
    rows_of_further_sheets,
)
from pipelines.sources.lms.moodle_people import People
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen
from pipelines.sources.surveys import moodle_feedback, survey_services, survey_shapes
from pipelines.sources.surveys.likert import Likert

WHAT = "survey answers (kind survey_csv)"

_COLUMNS = {
    "time": (
        "отметка времени", "timestamp", "время создания", "дата создания", "время отправки", "submitted at", "created at",
        # Yandex Forms in English; Microsoft Forms in English, Russian, German, French, Spanish.
        "creation time", "create time", "created", "completion time", "время выполнения", "время завершения", "fertigstellungszeit",
        "heure de fin", "hora de finalización",
        # Typeform, whose times are UTC.
        "submit date (utc)",
        # Other services.
        "submitted on", "submission time", "submission date", "date submitted", "submit date", "дата отправки", "дата и время", "дата ответа", "время ответа",
        "дата заполнения", "время заполнения", "дата прохождения", "дата завершения", "создано", "дата и время ответа", "дата и время создания",
        # Google Forms in Ukrainian, Kazakh, German, French, Spanish, Italian, Portuguese, Polish.
        "позначка часу", "уақыт белгісі", "zeitstempel", "horodateur", "marca temporal", "informazioni cronologiche", "carimbo de data/hora",
        "sygnatura czasowa",
    ),
    "email": (
        "адрес электронной почты", "электронная почта", "email address", "email", "e-mail", "username", "имя пользователя",
        "електронна адреса", "электрондық пошта мекенжайы", "e-mail-adresse", "adresse e-mail", "dirección de correo electrónico",
        "indirizzo email", "endereço de e-mail", "adres e-mail",
    ),
    "id": ("id", "ид", "идентификатор", "id ответа", "номер ответа", "answer id", "response id", "submission id"),
}  # fmt: skip
_WORDS = frozenset(word for words in _COLUMNS.values() for word in words)
#: Columns that are about the response and ask nothing.
_NO_QUESTIONS = frozenset({
    "время изменения", "время обновления", "дата изменения", "время последнего изменения", "modification time", "modified", "update time", "updated at",
    "last modified time", "zeitpunkt der letzten änderung", "heure de la dernière modification", "hora de la última modificación", "hora da última modificação",
    "час останньої зміни", "время начала", "дата начала", "start time", "started at", "startzeit", "heure de début", "hora de inicio", "uid", "ip", "ip-адрес", "ip address", "user agent",
    # Numbers of rows ("№" is "no" here), and what Typeform and Tally say of the response.
    "no", "no п/п", "#", "n", "n п/п", "response type", "start date (utc)", "stage date (utc)", "network id", "respondent id", "id респондента",
    "ip адрес", "номер", "время прохождения", "длительность прохождения",
    "score", "total score", "баллы", "total points", "quiz feedback", "grade posted time", "всего баллов", "отзыв о тесте", "время публикации оценок",
})  # fmt: skip
#: What Microsoft's quizzes put beside each question.
_QUIZ = re.compile(r"^(?:points|feedback|баллы|отзыв) - ")
#: Points of a quiz for one question: "… [Score]", "8 / 10". A workbook has the number alone, so that the whole ("Score") is told by its title.
_POINTS = r"^\d+(?:[.,]\d+)? / \d+(?:[.,]\d+)?$"
_SCORE = re.compile(r"(?:^|\[)(?:total score|score|балл\w{0,2}|оценка|итоговый балл)\]?$")
#: The name of who answered, where one of these stands beside it: a question "Имя" is none.
_NAME = ("name", "имя", "nom", "nombre")
_BEGUN = frozenset({"start time", "время начала", "startzeit", "heure de début", "hora de inicio"})
#: Moodle's *questionnaire* plugin ("Download in text format"): the columns about the response, told by its first two.
_QUESTIONNAIRE = (("response", "ответ"), ("submitted on", "отправлено", "представлено", "дата отправки"))
_QUESTIONNAIRE_PEOPLE = {
    "full": ("full name", "user full name", "полное имя", "полное имя пользователя"),
    "username": ("username", "логин", "имя пользователя"),
}
_QUESTIONNAIRE_OTHERS = frozenset({
    "institution", "department", "course", "id", "complete", "participants",
    "учреждение", "учреждение (организация)", "организация", "отдел", "подразделение", "факультет/отдел", "курс", "завершено", "участники",
})  # fmt: skip
_ANONYMOUS = re.compile(r"\d$")
_SCALE = re.compile(r"шкал|оцените|насколько|от 1 до 5|1\s*[-–—]\s*5|scale|rate\b|1 to 5")
#: What is asked about a group and is no name of one.
_ABOUT_A_GROUP = re.compile(
    r"^(?:что|чем|почему|зачем|сколько|расскажите|опишите|how|why|describe|what (?:do|did|does|would|could|was|is good|is bad))\b|^как\b(?! (?:называ|зов))"
    r"|понрав|улучш|удобн|довол|устраива|комфорт|размер|числен|количеств|атмосфер|обстановк|общени|взаимодейств|работ\w+ (?:в|с|со) "
    r"|\bsize\b|number of|atmosphere|satisf|comfort"
)
_GROUP = re.compile(r"\b(?:поток\w{0,2}|групп[аеыу]|stream|group|cohort)\b")
_GRID = re.compile(r"^.*\[(?P<row>[^\[\]]+)\]\s*$", re.DOTALL)
#: "Оцените / содержание", "Оцените: содержание", "Оцените -> содержание": the first, and the last, place where a header may be parted.
_PARTED = re.compile(r"\s*(?:\s/\s|/|\s[-–—|]\s|\s?(?:->|→|>)\s?|:\s|\.\s|\n|\?\s)\s*")
#: One row of a grid in a cell of all rows, in the two ways of writing it.
_QUOTED_ROW = re.compile(r'\s*"(?P<row>.{1,500}?)"\s*:\s*(?P<answer>.*?)\s*(?:[,;\n]+(?=\s*".{1,500}?"\s*:)|$)', re.DOTALL)
_PLAIN_ROW = re.compile(r"\s*(?P<row>[^:;\n]+?)\s*:\s*(?P<answer>[^:;\n]+?)\s*(?:[;\n]+|$)")
#: A cell of more rows than any form's grid has is somebody's words.
_MOST_ROWS = 100
#: A Google form parts the marks of a row by a semicolon, its spreadsheet by a comma.
_MARKS_PARTED = re.compile(r"\s*;\s*|,\s+")
_LONGEST_GRID = 20_000
_LETTER = re.compile(r"[^\W\d_]")
_MARKUP = re.compile(r"<[^<>]{1,200}>")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: "от 0 до 10", "1–7", "0 to 100": other scales than that of five steps.
_OTHER_SCALE = re.compile(r"\b(?:до|to|из|of)\s*(?:7|10|100)\b|\d\s*[-–—]\s*(?:7|10|100)\b")
#: Also what Moodle's tables are downloaded as (``tables``), and what is parted by tabs.
_FILES = Packed(WHAT, (*ENDINGS, ".tsv"), is_called_as_archive=True)
_ENDING = re.compile(r"(?:\.csv)?(?:\.gz|\.zip)?$|\.(?:xlsx|ods|json|html?|tsv)$", re.IGNORECASE)
_ROUNDED = r"^\d(?:[.,]\d+)?E\+\d+$"
_HASH_BYTES = 10
_ROW_BYTES = 4


@dataclass(frozen=True)
class _Question:
    """One column that asks something. ``number`` counts from 1 in the form's order."""

    number: int
    column: int
    item: str
    is_rating: bool
    aspect: str | None
    #: The row of a grid whose rows stand in one cell; None: the cell is the answer.
    row: str | None = None

    @property
    def key(self) -> str:
        """What ``answer_id`` ends with: a row is known by its title, whatever rows others filled in."""
        if self.row is None:
            return str(self.number)
        return f"{self.number}.{blake2b(self.row.encode(), digest_size=_ROW_BYTES).hexdigest()}"

    def answers(self, block: Block) -> pa.Array:
        """What was answered; null: left out."""
        cells = _null_if_empty(block.columns[self.column])
        if self.row is None:
            return cells
        encoded = pc.dictionary_encode(cells)
        marks = [(_grid_rows(cell) or {}).get(self.row, []) for cell in encoded.dictionary.to_pylist()]
        return pa.array([", ".join(marked) or None for marked in marks], pa.string()).take(encoded.indices)


class SurveysReader:
    """Reader of form answers. Kind ``survey_csv``."""

    kind: ClassVar[str] = "survey_csv"
    version: ClassVar[int] = 11
    #: Columns that ask nothing are told by their shape since 9: the questions are counted without them. What is asked about groups is a
    #: question since 10. The survey of "anketa.xlsx.zip" is "anketa" since 11.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("survey_answers",), 11)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Tables below the source's path, and archives of such. Raises BadSource where there is nothing."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Survey answers, one row per response and question; accounts only where the form asked for an address.

        Raises BadFile for anything without a time column or a question, and for an archive without a table.
        """

        def table(one: Item) -> Iterator[Event]:
            assert one.path is not None
            return self._table(source, one.path, _ENDING.sub("", one.name), context)

        return _FILES.events(item, table)

    def _table(self, source: Source, path: Path, survey_id: str, context: Context) -> Iterator[Event]:
        realm = source.realm or "survey"
        file = open_table(path, _WORDS)
        header = file.header()
        yield from _further_sheets(path)
        likert = Likert.of(source)
        feedback = moodle_feedback.layout_of(header.words)
        if feedback is not None:
            yield from _feedback(file, header, feedback, survey_id, likert, source, context)
            return
        service = survey_services.layout_of(file, header)
        other = looks_like(header.words) if service is None else None
        if other and other != WHAT:
            raise BadFile(path, place="header", expected=WHAT, found=f"what looks like {other}")
        people = _questionnaire(header) if service is None else None
        table: TableFile | survey_services.Below = file
        if service is not None:
            table, header, places = service.file, service.header, service.places
        elif people is None:
            places = _places(file, header)
        else:
            realm = source.realm or "moodle"
            places = {"id": people["id"], "time": people["time"]}
        group, questions = _questions(table, header, places | (people or {}), likert)
        if not questions:
            raise BadFile(path, place="header", expected="at least one question", found="none")
        habit: Order = "day first" if _CYRILLIC.search(" ".join(header.cells)) else "month first"
        order = day_month_order(table, header, [places["time"]], habit)
        zone = ZoneInfo("UTC") if header.words[places["time"]].endswith("(utc)") else context.zone
        equals: Counter[str] = Counter()
        of_id: dict[str, dict[str, int]] = {}
        since: datetime | None = None
        until: datetime | None = None
        for block in table.blocks(header):
            for line, reason in block.refused:
                yield Seen("survey_answers", len(questions))
                for question in questions:
                    yield Rejected("survey_answers", f"{table.unit} {line}, question {question.number}", reason)
            if not block.rows:
                continue
            yield from _untitled(table, block, header, {*places.values(), *(people or {}).values()})
            times = pc.replace_substring_regex(pc.utf8_trim_whitespace(block.columns[places["time"]]), survey_services.NOT_STAMPED, "")
            moments, _ = to_utc(times, order, zone)
            least, most = pc.min_max(moments).as_py().values()
            since = min((moment for moment in (since, least) if moment), default=None)
            until = max((moment for moment in (until, most) if moment), default=None)
            responses = _response_ids(block, header, survey_id, places, moments, equals, of_id)
            bad_time = pc.and_(pc.not_equal(times, ""), pc.is_null(moments))
            addresses = pa.nulls(block.rows, pa.string())
            if people is None:
                addresses = _addresses(block, places.get("email"))
                accounts = context.pseudonyms.column(realm, addresses)
            else:
                accounts, batch = _moodle_people(block, people).accounts(realm, context)
                yield from batch
            if pc.any(pc.is_valid(addresses)).as_py():
                names = _null_if_empty(block.columns[places["name"]]) if "name" in places else pa.nulls(block.rows, pa.string())
                accounts_table = pa.table(
                    {
                        "account_id": accounts,
                        "realm": pa.repeat(pa.scalar(realm), block.rows),
                        "channel": pa.repeat(pa.scalar("survey"), block.rows),
                        "native_id": addresses,
                        "email": addresses,
                        "display_name": names,
                    }
                )
                yield Batch("accounts", accounts_table.filter(pc.is_valid(addresses)), counted=False)
            labels = pa.nulls(block.rows, pa.string()) if group is None else _null_if_empty(block.columns[group])
            labels = pc.fill_null(labels, source.stream) if source.stream else labels
            response = _Responses(survey_id, responses, accounts, labels, moments, {"a time that is not understood": bad_time})
            yield from _answers(table, block, questions, response, likert)
        yield Covers(since, until)


def _further_sheets(path: Path) -> Iterator[Event]:
    """Rows of a workbook's other sheets with answers (a spreadsheet gathers those of several forms), rejected: they may as well be copies."""
    for place in rows_of_further_sheets(path, _WORDS, _COLUMNS["time"]):
        yield Seen("survey_answers", 1)
        yield Rejected("survey_answers", place, FURTHER_SHEET)


@dataclass(frozen=True)
class _Responses:
    """What the rows of a block are, besides their answers; ``refused``: reason → rows."""

    survey_id: str
    ids: pa.Array
    accounts: pa.Array
    labels: pa.Array
    moments: pa.Array
    refused: dict[str, pa.Array]


def _answers(
    file: TableFile | survey_services.Below, block: Block, questions: list[_Question], of: _Responses, likert: Likert
) -> Iterator[Event]:
    for question in questions:
        yield Seen("survey_answers", block.rows)
        answers = question.answers(block)
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
                "answer_id": pc.binary_join_element_wise(of.ids, pa.scalar(question.key), ":"),
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
    order = day_month_order(file, header, [] if layout.time is None else [layout.time])
    counts: Counter[str] = Counter()
    since: datetime | None = None
    until: datetime | None = None
    for block in file.blocks(header):
        for line, reason in block.refused:
            yield Seen("survey_answers", len(questions))
            for question in questions:
                yield Rejected("survey_answers", f"{file.unit} {line}, question {question.number}", reason)
        if not block.rows:
            continue
        labels = pa.nulls(block.rows, pa.string()) if layout.groups is None else _null_if_empty(block.columns[layout.groups])
        labels = pc.fill_null(labels, source.stream) if source.stream else labels
        yield from _untitled(file, block, header, range(layout.last + 1))
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
    file: TableFile | survey_services.Below, header: Header, places: dict[str, int], likert: Likert, *, has_group: bool = True
) -> tuple[int | None, list[_Question]]:
    """The column that states stream or group (where the form may ask for it), and the questions."""
    group: int | None = None
    columns: list[int] = []
    for column, word in enumerate(header.words):
        if column in places.values() or not word or (has_group and (word in _NO_QUESTIONS or _is_of_quiz(word, header))):
            continue
        if has_group and group is None and _names_group(word, likert):
            group = column
        else:
            columns.append(column)
    asked = {column: _Answered() for column in columns}
    for block in file.blocks(header):
        for column in columns:
            asked[column].add(_null_if_empty(block.columns[column]), likert)
    titles = {column: " ".join(_MARKUP.sub(" ", header.cells[column]).split()) or header.cells[column].strip() for column in columns}
    rows, grids = _grids(header, columns)
    # Boxes to tick are no ratings: one column each, and somebody left one of them empty; or a row each, and somebody ticked two.
    unrated = {grids[column] for column in columns if column in grids and (asked[column].are_ticks or asked[column].has_several_steps)}
    # What Moodle's feedback downloads is escaped as in a page, and it has no grids.
    in_cells = {column: asked[column].rows for column in columns} if has_group else {}
    # The title of the row is the item, unless two grids have rows of the same name.
    counts = Counter([*rows.values(), *(row for found in in_cells.values() for row in found)])
    questions = []
    for number, column in enumerate(columns, start=1):
        found, word, whole = asked[column], header.words[column], titles[column]
        if has_group and found.points == found.answered > 0 and _SCORE.search(word):
            continue
        if in_cells.get(column):
            for row, (steps, answered) in sorted(in_cells[column].items()):
                item = row if counts[row] == 1 else f"{whole} [{row}]"
                is_rating = 2 * steps >= answered and not _OTHER_SCALE.search(word)
                questions.append(_Question(number, column, item, is_rating, likert.aspect(item, row, whole) if is_rating else None, row))
            continue
        item = rows[column] if counts[rows.get(column, "")] == 1 else whole
        aspect = likert.aspect(item, rows.get(column), whole)
        asks_for_rating = bool(_SCALE.search(word)) or column in rows or aspect is not None
        is_rating = (asks_for_rating and 2 * found.steps >= found.answered) or found.are_steps
        is_rating = is_rating and not _OTHER_SCALE.search(word) and grids.get(column, "") not in unrated
        questions.append(_Question(number, column, item, is_rating, aspect if is_rating else None))
    return group, questions


def _names_group(word: str, likert: Likert) -> bool:
    """Is the stream or group of whoever answers asked for?"""
    is_other = _SCALE.search(word) or "[" in word or _ABOUT_A_GROUP.search(word) or likert.aspect(word)
    return bool(_GROUP.search(word)) and not is_other


def _is_of_quiz(word: str, header: Header) -> bool:
    """A column that stands beside its question."""
    found = _QUIZ.match(word)
    return found is not None and word[found.end() :] in header.words


def _untitled(file: TableFile | survey_services.Below, block: Block, header: Header, places: Iterable[int]) -> Iterator[Event]:
    """What stands in columns without a title, rejected: nothing says what it answers."""
    for column in (place for place, word in enumerate(header.words) if not word and place not in places):
        for row in rows_where(_null_if_empty(block.columns[column]).is_valid()):
            yield Seen("survey_answers", 1)
            yield Rejected("survey_answers", f"{file.unit} {block.lines[row]}, column {column + 1}", "no title above the answer")


class _Answered:
    """What is in one column: how many answers, steps of a scale, whole numbers of one, points of a quiz, and rows of a grid."""

    def __init__(self) -> None:
        self.answered = self.numbers = self.steps = self.points = self._ones = self._zeros = 0
        #: Answers that are steps in words of agreement; whether any says how much.
        self._stated, self._is_graded = 0, False
        self._rows: dict[str, tuple[int, int]] = {}
        #: Somebody marked several things in a row: boxes to tick, none of them a step.
        self._several = False
        #: One cell holds several steps ("часто;иногда"): boxes to tick in the rows of a grid that has a column each.
        self.has_several_steps = False
        self._widest = 0
        self._are_rows = self._are_quoted = True

    def add(self, answers: pa.Array, likert: Likert) -> None:
        """Take in one block."""
        self.answered += len(answers) - answers.null_count
        self.numbers += pc.sum(pc.match_substring_regex(answers, r"^[1-5]$")).as_py() or 0
        self.points += pc.sum(pc.match_substring_regex(answers, _POINTS)).as_py() or 0
        self._ones += pc.sum(pc.equal(answers, "1")).as_py() or 0
        self._zeros += pc.sum(pc.equal(answers, "0")).as_py() or 0
        found = _steps(answers, likert)
        self.steps += len(found) - found.null_count
        for pair in pc.value_counts(answers).to_pylist():
            if pair["values"] is None:
                continue
            if likert.is_stated(pair["values"]):
                self._stated += pair["counts"]
                self._is_graded |= likert.is_graded(pair["values"])
            if not self.has_several_steps and likert.step(pair["values"]) is None:
                marks = _MARKS_PARTED.split(pair["values"], maxsplit=_MOST_ROWS)
                self.has_several_steps = len(marks) > 1 and sum(likert.step(mark) is not None for mark in marks) > 1
            if self._are_rows:
                self._add_rows(pair["values"], pair["counts"], likert)

    def _add_rows(self, cell: str, count: int, likert: Likert) -> None:
        taken = _grid_rows(cell)
        if taken is None or len(self._rows.keys() | taken.keys()) > _MOST_ROWS:
            self._are_rows = False
            return
        self._widest = max(self._widest, len(taken))
        self._are_quoted &= cell.lstrip().startswith('"')
        for row, marks in taken.items():
            steps, answered = self._rows.get(row, (0, 0))
            self._several |= len(marks) > 1
            self._rows[row] = (steps + count * (likert.step(marks[0]) is not None), answered + count)

    @property
    def are_steps(self) -> bool:
        """Every answer is a step that is one whatever was asked: 1 to 5, or words of agreement."""
        return self.answered > 0 and (self.numbers == self.answered or (self._is_graded and self._stated == self.answered))

    @property
    def are_ticks(self) -> bool:
        """Nothing but 0 and 1, and a 0 among them."""
        return self._zeros > 0 and self._zeros + self._ones == self.answered

    @property
    def rows(self) -> dict[str, tuple[int, int]]:
        """Rows of a grid that stand in the cells: title → (steps, answers). Empty where they are somebody's words, which have colons, too.

        A form has the same rows for everybody, and what is marked in them stands on a scale unless the rows are quoted.
        """
        if not self._are_rows or len(self._rows) > 2 * self._widest:
            return {}
        rows = {row: (0 if self._several else steps, answered) for row, (steps, answered) in self._rows.items()}
        steps, answered = (sum(pair[place] for pair in rows.values()) for place in (0, 1))
        return rows if 2 * steps >= answered or (self._are_quoted and len(rows) > 1) else {}


def _grid_rows(cell: str) -> dict[str, list[str]] | None:
    """Title of each row of a grid → what was marked in it, of a cell that holds them all; None where it is no such cell."""
    if len(cell) > _LONGEST_GRID:
        return None
    for pattern in (_QUOTED_ROW, _PLAIN_ROW):
        rows: dict[str, list[str]] = {}
        end = 0
        while end < len(cell) and (found := pattern.match(cell, end)) and found.end() > end:
            rows.setdefault(" ".join(found["row"].split()), []).append(found["answer"])
            end = found.end()
        if rows and end == len(cell) and (pattern is _QUOTED_ROW or len(rows) > 1):
            return rows
    return None


def _grids(header: Header, columns: list[int]) -> tuple[dict[int, str], dict[int, str]]:
    """(column → title of the row, column → what its grid asks) of the columns that are rows of grids.

    "… [row]" is one for certain; another way to write it where neighbours begin with the same question.
    """
    rows: dict[int, str] = {}
    grids: dict[int, str] = {}
    parted: dict[int, dict[str, str]] = {}
    for column in columns:
        cell = header.cells[column].strip()
        if match := _GRID.match(cell):
            rows[column], grids[column] = match["row"].strip(), cell[: match.start("row")]
        else:
            parted[column] = {
                cell[: cut.start()].strip(): cell[cut.end() :].strip()
                for cut in _PARTED.finditer(cell)
                if _LETTER.search(cell[: cut.start()]) and cell[cut.end() :].strip()
            }
    for column, ways in parted.items():
        beside = {way for other in (column - 1, column + 1) for way in parted.get(other, {})}
        # The longest beginning in common is the question.
        question = max((way for way in ways if way in beside), key=len, default=None)
        if question is not None:
            rows[column], grids[column] = ways[question].strip('"«»'), question
    return rows, grids


def _questionnaire(header: Header) -> dict[str, int] | None:
    """Own name → place of the columns about the response in a download of Moodle's *questionnaire*; None where it is none."""
    found = [next((header.words.index(word) for word in words if word in header.words), None) for words in _QUESTIONNAIRE]
    if found[0] is None or found[1] is None or found[0] + 1 != found[1]:
        return None
    places = {"id": found[0], "time": found[1]}
    # The columns about the person end with the last that is known; a question may be called "Course" too.
    for place in range(found[1] + 1, len(header.words)):
        word = header.words[place]
        person = next((name for name, words in _QUESTIONNAIRE_PEOPLE.items() if word in words), None)
        if person is None and word not in _QUESTIONNAIRE_OTHERS and not _GROUP.fullmatch(word):
            break
        if person is not None:
            places[person] = place
        elif word in _QUESTIONNAIRE_OTHERS:
            places[f"other {place}"] = place
    return places


def _moodle_people(block: Block, places: dict[str, int]) -> People:
    """Who answered a questionnaire: known by the user name, else by the full name; "Anonymous1" is nobody."""
    block = replace(block, columns=list(block.columns))
    if "full" in places:
        is_named = pc.invert(pc.match_substring_regex(pc.utf8_trim_whitespace(block.columns[places["full"]]), _ANONYMOUS.pattern))
        block.columns[places["full"]] = pc.if_else(is_named, block.columns[places["full"]], "")
    return People(block, {name: places[name] for name in ("full", "username") if name in places})


def _places(file: TableFile, header: Header) -> dict[str, int]:
    """Own name → column of what is about the response: by its words, and where those are not known by what the cells hold. Raises BadFile where neither tells."""
    is_known = any(word in header.words for word in _COLUMNS["time"])
    places = {} if is_known else survey_shapes.places_of(file, header)
    if not places:
        places = find_columns(file, header, _COLUMNS, optional=("email", "id"), what=WHAT)
    # Words of a language may be known in part: what they do not name would be answers, addresses among them.
    places = survey_shapes.places_beside(file, header, places) | places
    name = _name_beside(header, places)
    return places if name is None else places | {"name": name}


def _name_beside(header: Header, places: dict[str, int]) -> int | None:
    """The column of names that Microsoft Forms has behind the address."""
    if "email" not in places or not _BEGUN & set(header.words) or places["email"] + 1 >= len(header.words):
        return None
    return places["email"] + 1 if header.words[places["email"] + 1] in _NAME else None


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
    block: Block,
    header: Header,
    survey_id: str,
    places: dict[str, int],
    moments: pa.Array,
    equals: Counter[str],
    of_id: dict[str, dict[str, int]],
) -> pa.Array:
    """``<survey>:<id>``, or a hash of what was answered and its number among equals: a later download gives an answer the same id.

    An id of a person, or of the form, stands at several moments (``of_id``): each but the first has its number behind it.
    """
    if "id" in places:
        ids = _null_if_empty(block.columns[places["id"]])
        # A long number that a spreadsheet has rounded ("1,15E+11") is the same for many.
        if not ids.null_count and not pc.any(pc.match_substring_regex(ids, _ROUNDED)).as_py():
            told = []
            for number, time in zip(ids.to_pylist(), block.columns[places["time"]].to_pylist(), strict=True):
                seen = of_id.setdefault(number, {})
                at = seen.setdefault(time, len(seen) + 1)
                told.append(f"{survey_id}:{number}" + (f"-{at}" if at > 1 else ""))
            return pa.array(told, pa.string())
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
