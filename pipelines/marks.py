"""Marks on their way into the warehouse: out of the workbooks that come back, and out of the page's store into raw.marks.

Everything goes through the store (:mod:`pipelines.deliveries.page.store`), so a workbook can be taken in while a run has the warehouse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from pipelines.deliveries.lists.list_xlsx import HEADINGS_ROW, HIDDEN
from pipelines.deliveries.lists.wording import mark_choices, state_name
from pipelines.deliveries.page.store import Store
from pipelines.deliveries.shared.language import LANGUAGES, Language
from pipelines.deliveries.shared.marks import BadMark, BadSheet, Mark, SheetTrouble, checked
from pipelines.errors import BadFile
from pipelines.programme import Programme
from pipelines.sources.formats.archives import ZipTree, is_hidden
from pipelines.sources.formats.delimited import DelimitedFile, header_word
from pipelines.sources.formats.workbooks import Row, workbook_rows
from pipelines.warehouse import Warehouse

_MARK, _NOTE = 3, 4
#: A workbook is a ZIP archive (PKWARE's APPNOTE.TXT, 4.3.7).
_WORKBOOK = b"PK\x03\x04"
_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ].*)?|(?P<d>\d{1,2})[./](?P<m>\d{1,2})(?:[./](?P<y>\d{4}|\d{2}))?")
#: Excel counts days from here (the leap year 1900 that never was included).
_EXCEL_EPOCH = date(1899, 12, 30)


def _words(programme: Programme) -> dict[str, str]:
    """What may stand in the column of marks → state; every language and grammatical gender."""
    found = {}
    for code in LANGUAGES:
        language = Language(code, programme.zone)
        for name in (None, "Иванова Анна Петровна", "Иванов Пётр Ильич"):
            for state in ("contacted", "waiting", "resolved", "false_alarm", "snoozed"):
                for section in (None, "waiting"):
                    found[state_name(state, name, language, section=section).casefold()] = state
    return found


def marks_in(path: Path, programme: Programme, at: datetime) -> list[Mark]:
    """The marks typed into a workbook of a list; lines without one are passed over, a line of both sheets counts once.

    ``at``: the moment of taking it in. Beside the mark stands a day ("until") or a note. Raises BadSheet naming the row for what is no such
    workbook, a word that is no mark, or a snoozed line without a day, BadFile for a file that cannot be read; never with a name.
    """
    words = _words(programme)
    rows = _rows(path)
    place = next((number for number, (_, cells) in enumerate(rows) if HIDDEN[0] in cells), None)
    if place is None:
        expected = "the headings of a list written by Mayak, with its hidden columns"
        raise BadSheet(path, SheetTrouble.other_file, row=HEADINGS_ROW, expected=expected, found="others")
    columns = [rows[place][1].index(name) if name in rows[place][1] else -1 for name in HIDDEN]
    found: dict[str, Mark] = {}
    for number, cells in rows[place + 1 :]:
        said = _cell(cells, _MARK).strip()
        if not said:
            continue
        item, section, curator, listed = (_cell(cells, column) for column in columns)
        state = words.get(said.casefold())
        if state is None:
            choices = ", ".join(mark_choices(None, Language(programme.languages[0], programme.zone)))
            expected = f"one of the marks of the list ({choices})"
            raise BadSheet(path, SheetTrouble.unknown_word, row=number, expected=expected, found="something else")
        try:
            day = date.fromisoformat(listed)
            if not item or not curator or not section:
                raise ValueError
        except ValueError as error:
            expected = "what Mayak wrote into the hidden columns"
            raise BadSheet(path, SheetTrouble.lost_columns, row=number, expected=expected, found="something else") from error
        beside = " ".join(_cell(cells, _NOTE).split())
        until = _day(beside, at.astimezone(programme.zone).date()) if state == "snoozed" else None
        person = None if section in ("similar_work", "idle_group") else item
        mark = Mark(at, curator, day, item, person, section, state, until, None, "sheet", None if until else beside or None)
        try:
            found[item] = checked(mark)
        except BadMark as error:
            # Of what a sheet can get wrong the note and the day are left: state, channel and origin are none of its words.
            expected = "beside a snoozed line a day that lies ahead" if state == "snoozed" else "a note that is not too long"
            trouble = SheetTrouble.no_day_ahead if state == "snoozed" else SheetTrouble.long_note
            raise BadSheet(path, trouble, row=number, expected=expected, found="another") from error
    return list(found.values())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Rows of the workbook, or of the text that Excel makes of it under "CSV": semicolons and windows-1251 on a Russian machine."""
    # By what it holds, as everywhere: a browser's upload has no name, and people rename files.
    with path.open("rb") as file:
        is_workbook = file.read(len(_WORKBOOK)) == _WORKBOOK
    if not is_workbook:
        return list(DelimitedFile(path, map(header_word, HIDDEN)).rows())
    tree = ZipTree(path)
    try:
        return [(number, list(cells)) for number, cells in workbook_rows(tree, _likeness, 3)]
    finally:
        tree.close()


def _likeness(rows: list[Row]) -> int:
    """The first sheet with the hidden columns; both hold the same lines, and the second more."""
    return sum(bool(cells[_MARK : _MARK + 1] and cells[_MARK].strip()) for _, cells in rows) + sum(HIDDEN[0] in cells for _, cells in rows)


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if 0 <= column < len(cells) else ""


def _day(text: str, today: date) -> date | None:
    """A day as it is typed: 2026-11-25, 25.11.2026, 25.11 (the nearest one), or Excel's number of it; None: it is none.

    A day without a year that is just over is over: the next one would put a line to rest for a year.
    """
    if re.fullmatch(r"\d{5}(?:\.0+)?", text):
        return _EXCEL_EPOCH + timedelta(days=int(float(text)))
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict()
    if part["year"]:
        years, month, day = [int(part["year"])], int(part["month"]), int(part["day"])
    else:
        month, day = int(part["m"]), int(part["d"])
        years = [int(part["y"]) + (2000 if len(part["y"]) == 2 else 0)] if part["y"] else [today.year - 1, today.year, today.year + 1]
    days = []
    for year in years:
        with suppress(ValueError):  # the 31st of June; the 29th of February of most years
            days.append(date(year, month, day))
    return min(days, key=lambda one: abs(one - today), default=None)


def returned(folder: Path, programme: Programme, store: Store, at: datetime) -> tuple[int, list[str]]:
    """Take in every workbook (or the CSV made of one) that lies in ``folder``; returns the new marks and what was wrong, by file. A file may lie there for ever."""
    new, problems = 0, []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in (".xlsx", ".csv")) if folder.is_dir() else ():
        if is_hidden((path.name,)):  # such as Excel's own beside a workbook that stands open
            continue
        try:
            new += store.add_marks(marks_in(path, programme, datetime.fromtimestamp(path.stat().st_mtime, at.tzinfo)))
        except BadFile as error:
            problems.append(str(error))
    return new, problems


def take_marks(warehouse: Warehouse, store: Store) -> int:
    """Put every mark of the store into raw.marks and personal.marks. Returns how many there are.

    A mark of a line that was never on that curator's own list is left out: it cannot have come from one.
    """
    marks = store.marks()
    columns = (
        ("mark_id", pa.string()), ("marked_at", pa.timestamp("us", tz="UTC")), ("curator_id", pa.string()), ("list_day", pa.date32()), ("item_id", pa.string()),
        ("person_id", pa.string()), ("section", pa.string()), ("state", pa.string()), ("until_day", pa.date32()), ("channel", pa.string()), ("origin", pa.string()),
    )  # fmt: skip
    known = {
        (curator, item)
        for curator, item in warehouse.rows("select distinct curator_id, item_id from deliveries.list_reasons")
    }  # fmt: skip
    marks = [mark for mark in marks if (mark.curator_id, mark.item_id) in known]
    table = pa.table({name: pa.array([getattr(mark, name) for mark in marks], kind) for name, kind in columns})
    noted = [mark for mark in marks if mark.note]
    notes = pa.table(
        {"mark_id": pa.array([mark.mark_id for mark in noted], pa.string()), "note": pa.array([mark.note for mark in noted], pa.string())}
    )
    with warehouse.transaction():
        warehouse.replace("raw.marks", table)
        warehouse.replace("personal.marks", notes)
    return len(marks)
