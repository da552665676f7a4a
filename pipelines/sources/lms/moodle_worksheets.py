"""The worksheet on which an assignment's grades are given offline ("Download grading worksheet").

Sources of the format: ``mod/assign/gradingtable.php`` and ``mod/assign/feedback/offline``, Moodle 3.9 to 5.1.

What has to be known about it:

- One row per person: "Identifier" ("Participant 123": the number that the folders of "Download all submissions" have, see ``moodle_submissions``); name and
  identity fields, unless marking is blind; status; grade and best grade; when the submission and the grade were last changed ("-": never), online text,
  feedback comments. Since 5.1 grades and comments of several markers as well.
- Times as the site writes them out ("Monday, 7 September 2026, 9:07 AM"), in the zone of whoever downloads.
- Graded by a scale, it has the scale's words ("Scale": "Poor, Fair, Good") in the place of the best grade: a grade is the word's place in it.
- A grade is the marker's record, with its comment and time; a submission is what has a time, a draft where its status says so.
- The file is called "Grades-<course>-<assignment>-[group-]<course module id>": the task is the log's and the database's. Renamed, it has no task. Where no other source tells of
  the task, its title and (unless ``course`` or ``feeds`` of the source says it) its course are those of the file's name.
- Somebody may have filled it in before it was read: grades that the site does not have yet have the time of the grade before, or none.

Not kept: marking workflow, "Grade can be changed", grades and comments of single markers, lateness.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header
from pipelines.sources.formats.local_times import to_utc
from pipelines.sources.formats.marked_text import text_of, word_count
from pipelines.sources.formats.tables import TableFile, day_month_order
from pipelines.sources.lms.moodle_courses import assignment, course_and_title, course_code, course_of, file_name_of, hash_of
from pipelines.sources.lms.moodle_people import NAMING, PERSON, People
from pipelines.sources.lms.moodle_words import event_word
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

_IDENTIFIER = frozenset(
    {
        "identifier",
        "идентификатор",
        "идентификатор записи",
        "id",
        "identifikator",
        "id-nummer",
        "identifiant",
        "identificador",
        "ідентифікатор",
    }
)
_COLUMNS = {
    "status": ("status", "статус", "состояние", "statut", "estado", "стан"),
    "grade": ("grade", "оценка", "bewertung", "note", "calificación", "оцінка", "nota"),
    "best": ("maximum grade", "максимальная оценка", "максимальный балл", "bestwertung", "note maximale", "calificación máxima",
             "максимальна оцінка", "nota máxima"),
    "scale": ("scale", "шкала", "skala", "barème", "escala"),
    "text": ("online text", "ответ в виде текста", "текст онлайн", "ответ текстом", "texteingabe online", "texte en ligne", "texto en línea"),
    "comment": ("feedback comments", "отзыв в виде комментария", "комментарии к отзыву", "отзыв", "feedback als kommentar", "feedback par commentaires",
                "comentarios de retroalimentación"),
}  # fmt: skip
_CHANGED = re.compile(
    r"^(?:last modified|последн\w+ изменени\w+|zuletzt geändert|dernière modification|última modificaci[óo]n|última modificação|останн\w+ змін)"
)
_OF_GRADE = re.compile(r"\((?:grade|оцен\w*|bewertung|note|calificación)")
_DRAFT = re.compile(r"draft|черновик|entwurf|brouillon|borrador")
_PARTICIPANT = re.compile(r"(\d{1,18})\s*$")
_MODULE = re.compile(r"-(?P<id>[0-9]{1,18})(?:\s*\([0-9]+\))?$")
#: How the file's name begins.
_CALLED = re.compile(r"^(?:grades|оценки|bewertungen|notes|calificaciones)-", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NEVER = ("", "-")


@dataclass(frozen=True)
class Layout:
    """Where things stand: own name → place."""

    identifier: int
    people: dict[str, int]
    places: dict[str, int]


def layout_of(header: Header) -> Layout | None:
    """The layout of a header; None where it is no worksheet."""
    words = [event_word(word) for word in header.words]
    identifier = next((place for place, word in enumerate(words[:1]) if word in _IDENTIFIER), None)
    places = {name: words.index(word) for name, known in _COLUMNS.items() for word in reversed(known) if word in words}
    if identifier is None or "grade" not in places or not {"best", "scale"} & places.keys():
        return None
    for place, word in enumerate(words):
        if _CHANGED.match(word):
            places["graded" if _OF_GRADE.search(word) else "submitted"] = place
    # Only what stands before the status is about the person.
    people = {
        name: place
        for name, known in PERSON.items()
        for place in range(1, min(places.get("status", places["grade"]), len(words)))
        if header.words[place] in known
    }
    return Layout(identifier, people, places)


def events(file: TableFile, header: Header, layout: Layout, source: Source, item: Item, context: Context) -> Iterator[Event]:
    """Grades (the marker's record) and submissions, at most one of each per person; derived: accounts."""
    realm = source.realm or "moodle"
    match = _MODULE.search(file_name_of(item))
    module = match["id"] if match else None
    task = None if module is None else f"{realm}:task:{module}"
    code, title = course_code(source, item), ""
    if task is not None and match is not None:
        code, title = course_and_title(_CALLED.sub("", file_name_of(item)[: match.start()]).strip(" -"), code)
    course = None if code is None else course_of(realm, code)
    if course is not None and code is not None and task is not None:
        yield from assignment(course, code, task, title, is_scale="scale" in layout.places)
    order = day_month_order(file, header, [layout.places[own] for own in ("submitted", "graded") if own in layout.places])
    times: list[pa.Array] = []
    for block in file.blocks(header):
        yield Seen("grades", block.seen)
        for line, wrong in block.refused:
            yield Rejected("grades", f"{file.unit} {line}", wrong)
        if not block.rows:
            continue
        natives, accounts = pa.nulls(block.rows, pa.string()), pa.nulls(block.rows, pa.string())
        if set(NAMING) & layout.people.keys():
            people = People(block, layout.people)
            natives = people.natives
            accounts, batch = people.accounts(realm, context)
            yield from batch
        cell = {own: _cells(block, place) for own, place in layout.places.items()}
        empty = [""] * block.rows
        moments = {own: to_utc(pa.array(cell.get(own, empty), pa.string()), order, context.zone)[0] for own in ("submitted", "graded")}
        times += moments.values()
        numbers = [_PARTICIPANT.search(text) for text in _cells(block, layout.identifier)]
        keys = [
            number[1] if number else hash_of(module or item.name, native) if native else None
            for number, native in zip(numbers, natives.to_pylist(), strict=True)
        ]
        grades = [text.replace(",", ".") for text in cell["grade"]]
        best = [text.replace(",", ".") for text in cell.get("best", empty)]
        if "scale" in layout.places:
            grades, best = _steps(cell["grade"], cell["scale"])
        reasons: list[str | None] = []
        for row, key in enumerate(keys):
            stated = cell.get("graded", empty)[row]
            reason = "nobody is named" if key is None else None
            if reason is None and grades[row] not in _NEVER and not _NUMBER.fullmatch(grades[row]):
                reason = "a grade that is no number (scale or letter)"
            if reason is None and stated not in _NEVER and not moments["graded"][row].is_valid:
                reason = "a time that is not understood"
            reasons.append(reason)
            if reason:
                yield Rejected("grades", f"{file.unit} {block.lines[row]}", reason)
        comments = [text_of(text) if text else None for text in cell.get("comment", empty)]
        table = pa.table(
            {
                "grade_id": pa.array(
                    [None if key is None else f"{realm}:marking:listed:{hash_of(module or item.name, key)}" for key in keys]
                ),
                "record": pa.repeat(pa.scalar("marking"), block.rows),
                "account_id": accounts,
                "task_id": pa.repeat(pa.scalar(task, pa.string()), block.rows),
                "course_id": pa.repeat(pa.scalar(course, pa.string()), block.rows),
                "grade": pa.array([float(text) if _NUMBER.fullmatch(text) else None for text in grades], pa.float64()),
                "max_grade": pa.array([float(text) if _NUMBER.fullmatch(text) else None for text in best], pa.float64()),
                "graded_at": moments["graded"],
                "comment_chars": pa.array([None if one is None else len(one) for one in comments], pa.int32()),
                "comment_words": pa.array([word_count(one) for one in comments], pa.int32()),
                "comment": pa.array(comments, pa.string()),
            }
        ).filter(pa.array([reason is None for reason in reasons]))
        if table.num_rows:
            yield Batch("grades", table)
        yield from _submissions(cell, moments["submitted"], keys, accounts, realm, task, course, file, block)
    every = pa.chunked_array(times, pa.timestamp("us", tz="UTC")) if times else None
    least, most = pc.min_max(every).as_py().values() if every is not None else (None, None)
    yield Covers(least, most)


def _steps(grades: list[str], scales: list[str]) -> tuple[list[str], list[str]]:
    """Places of grades in their scales, from 1, and how many steps these have. A word that is no step stays what it is."""
    steps = [[step.strip() for step in scale.split(",") if step.strip()] for scale in scales]
    places = [str(words.index(grade) + 1) if grade in words else grade for grade, words in zip(grades, steps, strict=True)]
    return places, [str(len(words)) if words else "" for words in steps]


def _submissions(
    cell: dict[str, list[str]],
    moments: pa.Array,
    keys: list[str | None],
    accounts: pa.Array,
    realm: str,
    task: str | None,
    course: str | None,
    file: TableFile,
    block: Block,
) -> Iterator[Event]:
    """What was handed in or begun: rows with a time of the last change."""
    stated = cell.get("submitted")
    rows = [row for row, key in enumerate(keys) if key is not None and stated is not None and stated[row] not in _NEVER]
    if not rows:
        return
    yield Seen("submissions", len(rows))
    for row in rows:
        if not moments[row].is_valid:
            yield Rejected("submissions", f"{file.unit} {block.lines[row]}", "a time that is not understood")
    rows = [row for row in rows if moments[row].is_valid]
    if not rows:
        return
    empty = [""] * block.rows
    taken = pa.array(rows)
    is_draft = [bool(_DRAFT.search(cell.get("status", empty)[row].casefold())) for row in rows]
    texts = [text_of(text) if (text := cell.get("text", empty)[row]) else None for row in rows]
    sent = pc.if_else(pa.array(is_draft), pa.scalar(None, moments.type), moments.take(taken))
    columns = {
        # Of this row and the one of "Download all submissions" the loader makes one, by the number.
        "submission_id": pa.array([f"{realm}:submission:listed:{keys[row]}" for row in rows], pa.string()),
        "kind": pa.repeat(pa.scalar("assignment"), len(rows)),
        "account_id": accounts.take(taken),
        "task_id": pa.repeat(pa.scalar(task, pa.string()), len(rows)),
        "course_id": pa.repeat(pa.scalar(course, pa.string()), len(rows)),
        "is_latest": pa.repeat(pa.scalar(True), len(rows)),
        "state": pa.array(["draft" if one else "submitted" for one in is_draft], pa.string()),
        "submitted_at": sent,
        "chars": pa.array([None if text is None else len(text) for text in texts], pa.int32()),
        "words": pa.array([word_count(text) for text in texts], pa.int32()),
        "text": pa.array(texts, pa.string()),
    }
    yield Batch("submissions", pa.table(columns))


def _cells(block: Block, place: int) -> list[str]:
    return [(cell or "").replace("\u202f", " ").replace("\u00a0", " ").strip() for cell in block.columns[place].to_pylist()]
