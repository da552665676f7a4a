"""Moodle's gradebook as its export pages write it (``grade/export/*``): text with any delimiter, Excel, ODS, XML.

Sources of the format: ``grade/export/lib.php`` (``format_column_name``), ``grade/export/{txt,xls,ods,xml}``, Moodle 3.x to 4.5, English and
Russian.

What has to be known about it:

- Columns about the person first (first name, last name, id number, institution, department, address, as the site has it), then per item and
  form of display one column, "Assignment: Task 1 (Real)", "(Percentage)", "(Letter)", "(Feedback)", Russian "Задание: Задача 1 (Значение)",
  "(Отзыв)"; Moodle before 2.8 writes the item alone. Last a column of the moment of the download (epoch seconds): what the file speaks up to.
- An item in several forms is one grade: the real one, else the percentage (of 100).
- No user id and no activity id: who a row is, ``moodle_people`` says; a task is known by the course and its name, with the same id as in
  ``moodle_reports``. Course and category totals are no task.
- "-" is no grade yet. A grade that is a word (scale, letter) is rejected: which number it stands for is not in the file.
- The course is named in no column: see ``moodle_reports``. An export may be of one group, so nobody is taken for gone.
- Two more tables with grades are told by their headers: results of a quiz (:mod:`pipelines.sources.lms.moodle_quiz_results`) and an assignment's grading
  worksheet (:mod:`pipelines.sources.lms.moodle_worksheets`).
- XML (``<results batch="xml_export_<epoch>">``) has id numbers alone, of people and of grade items.

Not kept: letters and percentages beside real grades, "Suspended", department and further profile fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header, looks_like, rows_where
from pipelines.sources.formats.marked_text import word_count
from pipelines.sources.formats.tables import ENDINGS, TableFile, open_table
from pipelines.sources.lms import moodle_quiz_results, moodle_worksheets
from pipelines.sources.lms.moodle_courses import course_code, course_of, downloaded_code, downloads, file_name_of, hash_of, task_by_name
from pipelines.sources.lms.moodle_people import NAMING, PERSON, People, person_columns
from pipelines.sources.lms.moodle_sheets import reject_further_sheets
from pipelines.sources.lms.moodle_words import CONTEXT_KINDS, event_word, two_languages
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen

WHAT = "a Moodle gradebook export (kind moodle_grades)"
_FILES = downloads(WHAT, (*ENDINGS, ".txt", ".tsv", ".xml"))

_FORMS = {
    "real": ("real", "значение", "реальная", "реальная оценка", "punkte", "brut", "réelle", "real(es)"),
    "percentage": (
        "percentage",
        "проценты",
        "процент",
        "процентное отношение",
        "в процентах",
        "prozentsatz",
        "prozent",
        "pourcentage",
        "porcentaje",
    ),
    "letter": ("letter", "буква", "буквенная оценка", "buchstabe", "lettre", "letra"),
    "feedback": ("feedback", "отзыв", "комментарий", "feedback als kommentar", "retroalimentación"),
}
_FORM_OF = {word: form for form, words in _FORMS.items() for word in words}
#: Other endings of these words, as language packs and people write them.
_FORM_BY_STEM = (
    ("percentage", ("процент", "percent", "prozent", "pourcent", "porcent", "відсот", "procent")),
    ("feedback", ("отзыв", "комментари", "feedback", "retroaliment", "відгук", "коментар")),
    ("letter", ("букв", "letter", "buchstab", "літер", "letra", "litera")),
    ("real", ("значени", "реальн", "значенн", "réel", "reale", "rzeczywist")),
)
_ITEM = re.compile(r"^(?P<item>.*\S)\s*\((?P<form>[^()]*)\)\s*$", re.DOTALL)
_TOTALS = re.compile(
    r"^(?:course total|category total|.* total$|итоговая оценка за курс|итог(?:о|овая)?\b.*|.*\bgesamt$|gesamt\w*\b.*|total (?:de|del|do|da|du|des)\b.*"
    r"|total categor.*|підсум\w*\b.*|загальн\w* (?:оцінка|бал)\b.*|totale\b.*|suma (?:dla )?(?:kursu|kategorii)\b.*)$",
    re.IGNORECASE,
)
_DOWNLOADED = frozenset({"last downloaded from this course", "последние загруженные из этого курса", "последняя загрузка из этого курса"})
_WORDS = frozenset(word for words in (*PERSON.values(), _DOWNLOADED) for word in words)
#: Columns about the person or the enrolment that are neither kept nor items.
_OTHER = frozenset(
    {"department", "отдел", "подразделение", "факультет", "suspended", "приостановлено", "группа", "группы", "groups", "group"}
)
_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?$"
#: Epoch seconds since 2001: no grade is that large.
_EPOCH = r"^[1-9][0-9]{9,10}$"
_WEAKEST = datetime(1970, 1, 1, tzinfo=UTC)
#: Between what completion reports and what logs say of a task: the type is known here, the criteria there.
_SEEN_AT = _WEAKEST + timedelta(milliseconds=500)
_TIME_TYPE = pa.timestamp("us", tz="UTC")
#: Best grade where grades are percentages.
_HUNDRED = 100.0
_XML_BATCH = re.compile(r"^xml_export_(\d{9,11})$")
#: Results put into one batch.
_RESULTS_AT_ONCE = 20_000


@dataclass(frozen=True)
class _Grade:
    """One item: its name without the type, the type, and where its columns stand."""

    name: str
    #: From 1, among items of one name.
    number: int
    kind: str | None
    is_total: bool
    grade: int
    is_percentage: bool
    feedback: int | None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from the course's other items."""
        return (self.name,) if self.number == 1 else (self.name, str(self.number))

    def task(self, realm: str, code: str) -> str:
        """Id of its task."""
        name = task_by_name(realm, code, self.name)
        return name if self.number == 1 else f"{name}-{self.number}"


class MoodleGradesReader:
    """Reader of Moodle's gradebook exports. Kind ``moodle_grades``."""

    kind: ClassVar[str] = "moodle_grades"
    version: ClassVar[int] = 7
    #: The short name in the name that Moodle gives a file counts since 5; what stands before an item in other languages is its kind since 6.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("courses", "tasks", "grades"), 6)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Tables and XML files below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Grades (one per person and item); derived: accounts, the course, its tasks. Raises BadFile for anything else.

        Of the results of a quiz its attempts, of a grading worksheet the marker's grades and what was handed in.
        """
        return _FILES.events(item, lambda one: self._table(source, one, context))

    def _table(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "moodle"
        code = course_code(source, item) or downloaded_code(item) or file_name_of(item)
        with item.path.open("rb") as file:
            is_xml = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<results", b"<?xml"))
        if is_xml:
            yield Batch("courses", _course_table(realm, code), counted=False)
            yield from _read_xml(item.path, realm, code, context)
            return
        table = open_table(item.path, _WORDS)
        header = table.header()
        quiz, worksheet = moodle_quiz_results.layout_of(header), moodle_worksheets.layout_of(header)
        if quiz is not None:
            yield from reject_further_sheets(table, header, _WORDS, _has_grades, "submissions")
            yield from moodle_quiz_results.events(table, header, quiz, source, item, context)
            return
        if worksheet is not None:
            yield from reject_further_sheets(table, header, _WORDS, _has_grades, "grades")
            yield from moodle_worksheets.events(table, header, worksheet, source, item, context)
            return
        yield Batch("courses", _course_table(realm, code), counted=False)
        people = person_columns(header.words)
        items, downloaded = _items(table, header, people)
        yield from reject_further_sheets(table, header, _WORDS, _has_grades, "grades")
        until: datetime | None = None
        for block in table.blocks(header):
            for line, reason in block.refused:
                yield Seen("grades", len(items))
                for number in range(1, len(items) + 1):
                    yield Rejected("grades", f"{table.unit} {line}, item {number}", reason)
            if block.rows:
                yield from _grades(table, block, people, items, realm, code, context)
                until = max((moment for moment in (until, _downloaded(block, downloaded)) if moment is not None), default=None)
        yield from _tasks(items, realm, code)
        yield Covers(None, until)


def _has_grades(header: Header) -> bool:
    """Is the header that of a gradebook, of a quiz's results or of a worksheet?"""
    if moodle_quiz_results.layout_of(header) is not None or moodle_worksheets.layout_of(header) is not None:
        return True
    return any(name in person_columns(header.words) for name in NAMING) and any(map(_form_of, header.cells))


def _items(table: TableFile, header: Header, people: dict[str, int]) -> tuple[list[_Grade], int | None]:
    """Items of the header, and the column of the moment of the download."""
    other = looks_like(header.words)
    if not any(name in people for name in NAMING) or (other and MoodleGradesReader.kind not in other):
        found = f"what looks like {other}" if other else "no column that names people"
        raise BadFile(table.path, place=f"{table.unit} {header.line} (header)", expected=WHAT, found=found)
    taken = set(people.values())
    forms: dict[tuple[str, int], dict[str, int]] = {}
    downloaded = None
    # Behind the columns about the person stand those that the site added ("Position"); items have a form since Moodle 2.8.
    first_item = next((place for place, cell in enumerate(header.cells) if place not in taken and _form_of(cell)), max(taken) + 1)
    for place, (cell, word) in enumerate(zip(header.cells, header.words, strict=True)):
        if place in taken or not word or word in _OTHER:
            continue
        if word in _DOWNLOADED:
            downloaded = place
            continue
        if known := _form_of(cell):
            _put(forms, *known, place)
        elif place == len(header.cells) - 1 and downloaded is None and _are_moments(table, header, place):
            downloaded = place
        elif place >= first_item:
            # Moodle before 2.8, and an item whose form is called by a word that is not known.
            _put(forms, cell.strip(), "real", place)
    items = []
    for (name, number), places in forms.items():
        grade = places.get("real", places.get("percentage"))
        if grade is None:
            grade = places.get("letter")
        if grade is None:
            continue
        kind, plain = _kind_of(name)
        is_total = kind is None and bool(_TOTALS.match(plain))
        items.append(_Grade(plain, number, kind, is_total, grade, grade == places.get("percentage"), places.get("feedback")))
    if not items:
        raise BadFile(table.path, place="header", expected=f"{WHAT} with a column per item", found="columns about people alone")
    return items, downloaded


def _form_of(cell: str) -> tuple[str, str] | None:
    """(item, form) of "Assignment: Task 1 (Real)"; None where no form is named that is known."""
    match = _ITEM.match(cell)
    word = event_word(match["form"]) if match else ""
    form = _FORM_OF.get(word) or next((form for form, stems in _FORM_BY_STEM if word.startswith(stems)), None)
    return (match["item"].strip(), form) if match and form else None


def _are_moments(table: TableFile, header: Header, place: int) -> bool:
    """Is the column one of epoch seconds alone: the moment of the download, called so in a language that is not known?"""
    block = next((block for block in table.blocks(header) if block.rows), None)
    return block is not None and bool(pc.all(pc.match_substring_regex(pc.utf8_trim_whitespace(block.columns[place]), _EPOCH)).as_py())


def _put(forms: dict[tuple[str, int], dict[str, int]], name: str, form: str, place: int) -> None:
    """Two items of a course may have one name: a form that was there already begins the next."""
    number = 1
    while form in forms.get((name, number), {}):
        number += 1
    forms.setdefault((name, number), {})[form] = place


def _kind_of(name: str) -> tuple[str | None, str]:
    """("assignment", "Task 1") of "Assignment: Task 1"; None for what has no type: totals and manual items."""
    prefix, colon, rest = name.partition(":")
    kind = CONTEXT_KINDS.get(event_word(prefix)) if colon else None
    return (kind, rest.strip()) if kind and rest.strip() else (None, name)


def _grades(
    table: TableFile, block: Block, places: dict[str, int], items: list[_Grade], realm: str, code: str, context: Context
) -> Iterator[Event]:
    people = People(block, places)
    accounts, batch = people.accounts(realm, context)
    yield from batch
    natives = people.natives.to_pylist()
    nobody = pc.is_null(people.natives)
    for number, item in enumerate(items, start=1):
        yield Seen("grades", block.rows)
        cells = pc.utf8_trim_whitespace(block.columns[item.grade])
        plain = pc.replace_substring(pc.replace_substring_regex(cells, r"[\s\x{a0}%]", ""), ",", ".")
        empty = pc.is_in(plain, pa.array(["", "-"]))
        is_number = pc.match_substring_regex(plain, _NUMBER)
        keep = pc.and_(pc.invert(nobody), pc.or_(empty, is_number))
        for row in rows_where(pc.invert(keep)):
            reason = "nobody is named" if natives[row] is None else "a grade that is no number (scale or letter)"
            yield Rejected("grades", f"{table.unit} {block.lines[row]}, item {number}", reason)
        comments = (
            [None] * block.rows if item.feedback is None else [cell.strip() or None for cell in block.columns[item.feedback].to_pylist()]
        )
        ids = [None if native is None else f"{realm}:gradebook:name:{hash_of(code, *item.key, native)}" for native in natives]
        rows = pa.table(
            {
                "grade_id": pa.array(ids, pa.string()),
                "record": pa.repeat(pa.scalar("gradebook"), block.rows),
                "account_id": accounts,
                "task_id": pa.repeat(pa.scalar(None if item.is_total else item.task(realm, code), pa.string()), block.rows),
                "course_id": pa.repeat(pa.scalar(course_of(realm, code)), block.rows),
                "grade": pc.cast(pc.if_else(is_number, plain, pa.scalar(None, pa.string())), pa.float64()),
                "max_grade": pa.repeat(pa.scalar(_HUNDRED if item.is_percentage else None, pa.float64()), block.rows),
                "comment_chars": pa.array([None if one is None else len(one) for one in comments], pa.int32()),
                "comment_words": pa.array([word_count(one) for one in comments], pa.int32()),
                "comment": pa.array(comments, pa.string()),
            }
        ).filter(keep)
        if rows.num_rows:
            yield Batch("grades", rows)


def _downloaded(block: Block, place: int | None) -> datetime | None:
    if place is None:
        return None
    cells = pc.utf8_trim_whitespace(block.columns[place])
    seconds = pc.max(pc.cast(cells.filter(pc.match_substring_regex(cells, r"^[0-9]{9,11}$")), pa.int64())).as_py()
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _course_table(realm: str, code: str) -> pa.Table:
    columns = {"course_id": pa.array([course_of(realm, code)]), "code": pa.array([code]), "seen_at": pa.array([_WEAKEST], _TIME_TYPE)}
    return pa.table(columns)


def _tasks(items: list[_Grade], realm: str, code: str) -> Iterator[Event]:
    tasks = {item.task(realm, code): item for item in items if not item.is_total}
    if not tasks:
        return
    names = [two_languages(item.name) for item in tasks.values()]
    count = len(tasks)
    columns = {
        "task_id": pa.array(list(tasks), pa.string()),
        "course_id": pa.repeat(pa.scalar(course_of(realm, code)), count),
        "kind": pa.array([item.kind or "other" for item in tasks.values()], pa.string()),
        "name": pa.array([name for name, _ in names], pa.string()),
        "name_en": pa.array([english for _, english in names], pa.string()),
        "seen_at": pa.repeat(pa.scalar(_SEEN_AT, _TIME_TYPE), count),
    }
    yield Batch("tasks", pa.table(columns), counted=False)


# -- XML ------------------------------------------------------------------------------------------------------------------------


def _read_xml(path: Path, realm: str, code: str, context: Context) -> Iterator[Event]:
    until: datetime | None = None
    number = 0
    pending: list[tuple[str, str, float | None, str | None]] = []
    try:
        walk = etree.iterparse(str(path), events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
        for event, element in walk:
            if event == "start":
                if element.getparent() is None:
                    if element.tag != "results" or (element.getroottree().docinfo.doctype or ""):
                        raise BadFile(path, place="root element", expected="<results>, as Moodle's XML export has", found="another")
                    match = _XML_BATCH.match(element.get("batch", ""))
                    until = datetime.fromtimestamp(int(match[1]), UTC) if match else None
                continue
            if element.tag != "result":
                continue
            number += 1
            yield Seen("grades", 1)
            fields = {child.tag: (child.text or "").strip() for child in element if isinstance(child.tag, str)}
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            score = fields.get("score", "").replace(",", ".")
            if not fields.get("student") or not fields.get("assignment"):
                yield Rejected("grades", f"result {number}", "no id number of the person or of the item")
            elif score not in ("", "-") and not re.match(_NUMBER, score):
                yield Rejected("grades", f"result {number}", "a grade that is no number (scale or letter)")
            else:
                grade = None if score in ("", "-") else float(score)
                pending.append((fields["student"], fields["assignment"], grade, fields.get("feedback") or None))
            if len(pending) >= _RESULTS_AT_ONCE:
                yield from _results(pending, realm, code, context)
                pending = []
    except etree.XMLSyntaxError as error:
        raise BadFile(path, place=f"line {error.lineno}", expected="whole XML", found="a cut or damaged file") from None
    yield from _results(pending, realm, code, context)
    yield Covers(None, until)


def _results(rows: list[tuple[str, str, float | None, str | None]], realm: str, code: str, context: Context) -> Iterator[Event]:
    if not rows:
        return
    natives = [f"idnumber:{student}" for student, _, _, _ in rows]
    accounts = context.pseudonyms.column(realm, natives)
    count = len(rows)
    columns = {
        "account_id": accounts,
        "realm": pa.repeat(pa.scalar(realm), count),
        "channel": pa.repeat(pa.scalar("lms"), count),
        "native_id": pa.array(natives, pa.string()),
    }
    yield Batch("accounts", pa.table(columns), counted=False)
    comments = [comment for _, _, _, comment in rows]
    yield Batch(
        "grades",
        pa.table(
            {
                "grade_id": pa.array(
                    [f"{realm}:gradebook:item:{hash_of(code, item, student)}" for student, item, _, _ in rows], pa.string()
                ),
                "record": pa.repeat(pa.scalar("gradebook"), count),
                "account_id": accounts,
                "task_id": pa.array([f"{realm}:task:idnumber:{hash_of(code, item)}" for _, item, _, _ in rows], pa.string()),
                "course_id": pa.repeat(pa.scalar(course_of(realm, code)), count),
                "grade": pa.array([grade for _, _, grade, _ in rows], pa.float64()),
                "comment_chars": pa.array([None if one is None else len(one) for one in comments], pa.int32()),
                "comment_words": pa.array([word_count(one) for one in comments], pa.int32()),
                "comment": pa.array(comments, pa.string()),
            }
        ),
    )
