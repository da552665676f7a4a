"""Moodle's two completion reports as their pages download them: *Activity completion* ("progress") and *Course completion*.

What has to be known about them (Moodle 3.x to 4.5, English and Russian):

- **progress**: the first header cell is empty; then identity fields (mostly the address); then per activity a pair of cells, name and
  nothing (or the date by which the activity is expected), for state and date. No user id: the account is known by its address (native id ``mail:<address>``, with the address in
  ``personal.accounts.email``, which is what links people), or by the name alone where the report shows no address (``name:…``).
- Since 5.1 it comes in every form that Moodle's tables have; as JSON without the names of the activities, so that it cannot be read.
- **course completion**: ``ID`` is the Moodle user id, so the account is the database's; per criterion a pair "name", "name - date"; the
  last column is the date of the course's completion.
- Both come as CSV (also as UTF-16 with tabs, "in Excel-compatible format"); what people made of them with Excel or LibreOffice is read too.
- Neither names the course. It is ``course`` of the source, or the entry of ``feeds`` whose pattern fits the file, or the file's name (as Moodle calls
  it, "progress.digi-2026", or as somebody did): its short name, so ``<realm>:course:code:<short name>``, which ``facts`` takes for the course of the realm that has it.
- Neither has an activity's id: a task is known by the course and its name (``<realm>:task:name:<hash>``).
- A state set by hand carries the name of whoever did it ("Completed (set by …)"); it is dropped here. Names in two languages come
  out glued where the site's filter is off for headings.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header, find_columns, looks_like, rows_where
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.tables import TableFile, day_month_order, open_table
from pipelines.sources.lms.moodle_courses import course_code, course_of, downloaded_code, downloads, file_name_of, hash_of, task_by_name
from pipelines.sources.lms.moodle_people import PERSON
from pipelines.sources.lms.moodle_sheets import reject_further_sheets
from pipelines.sources.lms.moodle_words import completion_state, person_keys, two_languages
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen

WHAT = "a Moodle completion report (kind moodle_reports)"
_FILES = downloads(WHAT)

_ID = ("id",)
_NAME = (
    "name", "название", "имя", "имя / фамилия", "имя, фамилия", "full name", "полное имя", "назва", "nom", "nombre", "nome", "nazwa",
)  # fmt: skip
_ADDRESS = PERSON["email"]
#: "2026-09-14 23:59:00": by when an activity is expected to be completed; stands over its dates where the teacher set it.
_EXPECTED = re.compile(r"\s*\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\s*$")
#: Cells of a header with one activity: the name, the address, the activity.
_ONE_ACTIVITY = 3
_COMPLETE = (
    "course complete", "course completed", "курс завершен", "курс завершён", "курс завершено", "kurs abgeschlossen", "cours terminé", "cours achevé",
    "curso completado", "curso finalizado", "curso concluído", "corso completato", "kurs ukończony",
)  # fmt: skip
_WORDS = (*_ID, *_NAME, *_ADDRESS, *_COMPLETE)

_WEAKEST = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_TYPE = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class _Layout:
    """Where things stand: columns of the person, (name, state column, date column) per task, and the course's completion."""

    id: int | None
    name: int
    address: int | None
    tasks: tuple[tuple[str, int, int | None], ...]
    complete: int | None


class MoodleReportsReader:
    """Reader of Moodle's completion reports. Kind ``moodle_reports``."""

    kind: ClassVar[str] = "moodle_reports"
    version: ClassVar[int] = 11
    #: The short name in the name that Moodle gives a file counts since 6, where no letter of it is lost since 7.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("courses", "tasks", "completions", "outcomes"), 7)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Tables below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Completions (one per person and task), outcomes (course completion only); derived: accounts, the course, its tasks.

        Raises BadFile for anything but one of the two reports, whole.
        """
        return _FILES.events(item, lambda one: self._table(source, one, context))

    def _table(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "moodle"
        file = open_table(item.path, _WORDS)
        header = file.header()
        layout = _layout(file, header)
        yield from reject_further_sheets(file, header, _WORDS, partial(_is_report, file), _per_person(layout)[-1][0])
        course = course_code(source, item) or downloaded_code(item) or file_name_of(item)
        course_id = course_of(realm, course)
        task_ids = [task_by_name(realm, course, name) for name, _, _ in layout.tasks]
        dates = [date for _, _, date in layout.tasks] + [layout.complete]
        order = day_month_order(file, header, [place for place in dates if place is not None])
        since: datetime | None = None
        until: datetime | None = None
        for block in file.blocks(header):
            yield from _misfits(block, layout, file.unit)
            if not block.rows:
                continue
            natives = _natives(block, layout)
            accounts = context.pseudonyms.column(realm, natives)
            yield from _accounts(block, layout, realm, natives, accounts)
            for events in (
                _completions(block, layout, realm, course_id, task_ids, natives, accounts, order, context, file.unit),
                _outcomes(block, layout, realm, course_id, natives, accounts, order, context, file.unit),
            ):
                for event in events:
                    if isinstance(event, Batch):
                        column = "completed_at" if event.record == "completions" else "reached_at"
                        least, most = pc.min_max(event.table[column]).as_py().values()
                        since = min((moment for moment in (since, least) if moment is not None), default=None)
                        until = max((moment for moment in (until, most) if moment is not None), default=None)
                    yield event
        yield from _derived(layout, course, course_id, task_ids)
        yield Covers(since, until)


def _is_report(file: TableFile, header: Header) -> bool:
    try:
        return bool(_layout(file, header))
    except BadFile:
        return False


def _layout(file: TableFile, header: Header) -> _Layout:
    words = header.words
    other = looks_like(words)
    if other and other != WHAT:
        raise BadFile(file.path, place="header", expected=WHAT, found=f"what looks like {other}")
    if words[:1] == ("fullname",) and "0" in words:
        expected = "names of activities, which this report has in every form but JSON (CSV, Excel, ODS, HTML)"
        raise BadFile(file.path, place="header", expected=expected, found="their numbers")
    address = next((place for place, word in enumerate(words) if word in _ADDRESS), None)
    if not words[0] and len(words) > 2:
        cells = _unpadded(header.cells)
        words = words[: len(cells)]
        first = _first_pair(cells)
        shorter = _first_pair((*cells, ""))
        if first == len(words) and words[-1] and all(words[1:shorter]) and (shorter < len(words) - 1 or len(words) <= _ONE_ACTIVITY):
            # Workbooks, and programs that saved one as text, leave out a last column that is empty: nobody has done the last activity.
            first = shorter
        if first == len(words) or not all(words[1:first]):
            wrong = next((place for place in range(first - 1, 0, -1) if first == len(words) or not words[place]), 0)
            expected = "pairs of an activity's name and a cell that is empty or the date by which it is expected"
            found = "another text" if words[wrong] else "an empty cell"
            raise BadFile(file.path, place=f"header, cell {wrong + 1}", expected=expected, found=found)
        pairs = ((cells[place], place, place + 1 if place + 1 < len(words) else None) for place in range(first, len(words), 2))
        return _Layout(None, 0, address, tuple(pairs), None)
    places = find_columns(
        file, header, {"id": _ID, "name": _NAME, "address": _ADDRESS, "complete": _COMPLETE}, optional=("address",), what=WHAT
    )
    tasks: list[tuple[str, int, int | None]] = []
    for column in range(len(words) - 1):
        name = header.cells[column].strip()
        if name and header.cells[column + 1].strip().startswith(f"{name} - "):
            tasks.append((name, column, column + 1))
    return _Layout(places["id"], places["name"], places.get("address"), tuple(tasks), places["complete"])


def _unpadded(cells: Sequence[str]) -> Sequence[str]:
    """Without the empty columns that a spreadsheet has put behind the last activity: no pair ends with two empty cells, nor with one behind a date."""
    end = len(cells)
    while end > 2 and not cells[end - 1].strip() and (not cells[end - 2].strip() or _EXPECTED.match(cells[end - 2])):
        end -= 1
    return cells[:end]


def _first_pair(cells: Sequence[str]) -> int:
    """Where the pairs begin. They are counted from the end: how many identity fields there are is the site's choice, and no caption of one looks
    like a date."""
    first = len(cells)
    while first > 2 and cells[first - 2].strip() and (not cells[first - 1].strip() or _EXPECTED.match(cells[first - 1])):
        first -= 2
    return first


def _per_person(layout: _Layout) -> list[tuple[str, int]]:
    """Records that one row holds: (record, how many)."""
    return [("completions", len(layout.tasks))] + ([("outcomes", 1)] if layout.complete is not None else [])


def _misfits(block: Block, layout: _Layout, unit: str) -> Iterator[Event]:
    for line, reason in block.refused:
        for record, count in _per_person(layout):
            if count:
                yield Seen(record, count)
            for number in range(1, count + 1):
                yield Rejected(record, f"{unit} {line}, {'task' if record == 'completions' else 'course'} {number}", reason)


def _natives(block: Block, layout: _Layout) -> pa.Array:
    """Native id of each row's person; null where the row names nobody."""
    by_name = pa.array(person_keys(block.columns[layout.name].to_pylist()), pa.string())
    by_mail = pa.nulls(block.rows, pa.string())
    if layout.address is not None:
        address = _addresses(block, layout)
        by_mail = pc.binary_join_element_wise(pa.scalar("mail:"), address, "")
    if layout.id is None:
        return pc.coalesce(by_mail, by_name)
    ids = pc.utf8_trim_whitespace(block.columns[layout.id])
    is_id = pc.match_substring_regex(ids, r"^[1-9]\d*$")
    return pc.coalesce(pc.if_else(is_id, ids, pa.scalar(None, pa.string())), by_mail, by_name)


def _addresses(block: Block, layout: _Layout) -> pa.Array:
    if layout.address is None:
        return pa.nulls(block.rows, pa.string())
    address = pc.utf8_lower(pc.utf8_trim_whitespace(block.columns[layout.address]))
    return pc.if_else(pc.match_substring(address, "@"), address, pa.scalar(None, pa.string()))


def _accounts(block: Block, layout: _Layout, realm: str, natives: pa.Array, accounts: pa.Array) -> Iterator[Event]:
    names = pc.utf8_trim_whitespace(block.columns[layout.name])
    table = pa.table(
        {
            "account_id": accounts,
            "realm": pa.repeat(pa.scalar(realm), block.rows),
            "channel": pa.repeat(pa.scalar("lms"), block.rows),
            "native_id": natives,
            "display_name": pc.if_else(pc.is_in(names, pa.array(["", "-"])), pa.scalar(None, pa.string()), names),
            "email": _addresses(block, layout),
        }
    ).filter(pc.is_valid(natives))
    if table.num_rows:
        yield Batch("accounts", table, counted=False)


def _completions(
    block: Block,
    layout: _Layout,
    realm: str,
    course_id: str,
    task_ids: list[str],
    natives: pa.Array,
    accounts: pa.Array,
    order: Order,
    context: Context,
    unit: str,
) -> Iterator[Event]:
    for number, ((_, state_column, date_column), task_id) in enumerate(zip(layout.tasks, task_ids, strict=True), start=1):
        yield Seen("completions", block.rows)
        encoded = pc.dictionary_encode(block.columns[state_column])
        states = pa.array([completion_state(cell) for cell in encoded.dictionary.to_pylist()], pa.string()).take(encoded.indices)
        dates = pa.array([""] * block.rows) if date_column is None else pc.utf8_trim_whitespace(block.columns[date_column])
        moments, _ = to_utc(dates, order, context.zone)
        # A date without a state is an activity whose tracking was changed after the deed: the state is not known.
        reasons = {
            "nobody is named": pc.is_null(natives),
            "a state that is not known": pc.is_null(states),
            "a time that is not understood": pc.and_(pc.not_equal(dates, ""), pc.is_null(moments)),
        }
        keep = yield from _rejected("completions", f"task {number}", block, reasons, unit)
        table = pa.table(
            {
                "completion_id": _ids(realm, "completion", natives, task_id),
                "account_id": accounts,
                "task_id": pa.repeat(pa.scalar(task_id), block.rows),
                "course_id": pa.repeat(pa.scalar(course_id), block.rows),
                "state": states,
                "completed_at": moments,
            }
        ).filter(keep)
        if table.num_rows:
            yield Batch("completions", table)


def _outcomes(
    block: Block,
    layout: _Layout,
    realm: str,
    course_id: str,
    natives: pa.Array,
    accounts: pa.Array,
    order: Order,
    context: Context,
    unit: str,
) -> Iterator[Event]:
    if layout.complete is None:
        return
    yield Seen("outcomes", block.rows)
    cells = pc.utf8_trim_whitespace(block.columns[layout.complete])
    moments, _ = to_utc(cells, order, context.zone)
    encoded = pc.dictionary_encode(cells)
    is_open = pa.array([completion_state(cell) == "incomplete" for cell in encoded.dictionary.to_pylist()], pa.bool_()).take(
        encoded.indices
    )
    reasons = {
        "nobody is named": pc.is_null(natives),
        "a time that is not understood": pc.and_(pc.invert(is_open), pc.is_null(moments)),
    }
    keep = yield from _rejected("outcomes", "course 1", block, reasons, unit)
    table = pa.table(
        {
            "outcome_id": _ids(realm, "course_completed", natives, course_id),
            "account_id": accounts,
            "course_id": pa.repeat(pa.scalar(course_id), block.rows),
            "kind": pa.repeat(pa.scalar("course_completed"), block.rows),
            "reached_at": moments,
        }
    ).filter(keep)
    if table.num_rows:
        yield Batch("outcomes", table)


def _rejected(record: str, what: str, block: Block, reasons: dict[str, pa.Array], unit: str) -> Generator[Event, None, pa.Array]:
    """Yields a Rejected for each row with a reason, the first that holds; returns the mask of the rows to keep."""
    keep = pa.repeat(pa.scalar(True), block.rows)
    for reason, mask in reasons.items():
        for row in rows_where(pc.and_(mask, keep)):
            yield Rejected(record, f"{unit} {block.lines[row]}, {what}", reason)
        keep = pc.and_(keep, pc.invert(mask))
    return keep


def _ids(realm: str, what: str, natives: pa.Array, of: str) -> pa.Array:
    return pa.array([None if native is None else f"{realm}:{what}:{hash_of(native, of)}" for native in natives.to_pylist()], pa.string())


def _derived(layout: _Layout, course: str, course_id: str, task_ids: list[str]) -> Iterator[Event]:
    # Criteria say more of a task than progress does, a fuller source more than either: the later seen_at stands.
    seen_at = _WEAKEST if layout.complete is None else _WEAKEST + timedelta(seconds=1)
    courses = {"course_id": pa.array([course_id]), "code": pa.array([course]), "seen_at": pa.array([seen_at], _TIME_TYPE)}
    yield Batch("courses", pa.table(courses), counted=False)
    if not layout.tasks:
        return
    names = [two_languages(name) for name, _, _ in layout.tasks]
    count = len(names)
    yield Batch(
        "tasks",
        pa.table(
            {
                "task_id": pa.array(task_ids, pa.string()),
                "course_id": pa.repeat(pa.scalar(course_id), count),
                "kind": pa.repeat(pa.scalar("other"), count),
                "name": pa.array([name for name, _ in names], pa.string()),
                "name_en": pa.array([english for _, english in names], pa.string()),
                "is_required": pa.array([None if layout.complete is None else True] * count, pa.bool_()),
                "seen_at": pa.repeat(pa.scalar(seen_at, _TIME_TYPE), count),
            }
        ),
        counted=False,
    )
