"""Reports of attendance as files: delimited text as systems write it, or what became of it in a spreadsheet program (.xlsx, .ods).

What spreadsheet programs do to a report, and what is undone here:

- Empty cells at the end of a row are left out: rows are filled up to the width of the widest.
- Where the list separator of the computer is a semicolon (Russian settings), a report with commas opens as one column: every row is one cell
  that holds the whole line. Such rows are taken apart again, of workbooks and of what was saved as text (where lines without a quote come back
  as they were, so that the header may be whole and the rows below it one cell each).
- Times become serial numbers: they are read as ISO times (:mod:`pipelines.sources.formats.workbooks`).

And what systems do for them: a cell written as a formula of its own text (``="2026-09-08 17:00"``, Webex), which a spreadsheet leaves as it is, is that text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from pipelines.errors import BadFile
from pipelines.sources.formats.delimited import DelimitedFile, Header, header_word
from pipelines.sources.formats.tables import open_table, rows_of_further_sheets

ENDINGS = (".csv", ".csv.gz", ".xlsx", ".ods")
#: Rows of one report at most: the largest webinars hold 50,000 people, who reconnect a few times. A longer file is no attendance report.
MOST_ROWS = 300_000
_MAGIC = b"PK\x03\x04"
_DELIMITERS = (",", ";", "\t")
#: A row with so many known words is a header; with fewer it may be a line of a report's summary.
_HEADER_WORDS = 2
#: A cell that is a formula of its own text.
_OWN_TEXT = re.compile(r'\s*="(.*)"\s*', re.DOTALL)


class SheetReport:
    """A report in a workbook; see :class:`pipelines.sources.formats.delimited.DelimitedFile` for what may be asked of it."""

    unit = "row"
    #: A workbook that was cut cannot be opened, so no row of it is half a row.
    ends_line = True
    delimiter = "\t"

    def __init__(self, path: Path, words: Iterable[str]) -> None:
        self.path = path
        self.words = frozenset(words)

    @cached_property
    def _rows(self) -> list[tuple[int, list[str]]]:
        rows = list(islice(open_table(self.path, self.words).rows(), MOST_ROWS + 1))
        if not rows:
            raise BadFile(self.path, place="table", expected="a table with a header row", found="an empty one")
        if len(rows) > MOST_ROWS:
            return rows
        if all(sum(bool(cell.strip()) for cell in cells) == 1 and cells[0].strip() for _, cells in rows):
            rows = _apart(rows, self.words)
        width = max(len(cells) for _, cells in rows)
        return [(number, [*cells, *[""] * (width - len(cells))]) for number, cells in rows]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(number, cells) of every row that is not blank, all of one width. Raises BadFile where there is none."""
        return iter(self._rows)

    def header(self) -> Header:
        """The first row."""
        number, cells = self._rows[0]
        return Header(tuple(cells), number)


ReportFile = DelimitedFile | SheetReport


def open_report(path: Path, words: Iterable[str]) -> ReportFile:
    """A report in either form, told by its first bytes. Raises BadFile for an empty file and for one that is no table."""
    with path.open("rb") as file:
        is_workbook = file.read(len(_MAGIC)) == _MAGIC
    return SheetReport(path, words) if is_workbook else DelimitedFile(path, words)


def further_rows(file: ReportFile) -> Iterator[str]:
    """Places of the rows in further sheets that hold such a report: only one sheet of a workbook is read."""
    if isinstance(file, SheetReport):
        yield from rows_of_further_sheets(file.path, file.words)


def small_rows(file: ReportFile) -> list[tuple[int, list[str]]]:
    """All rows of a report that is held whole. Raises BadFile where it is too long to be one, or was cut inside its last row."""
    rows = list(islice(file.rows(), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise BadFile(file.path, place=f"{file.unit} {rows[-1][0]}", expected=f"at most {MOST_ROWS} rows of a webinar report", found="more")
    if isinstance(file, DelimitedFile):
        rows = _apart(rows, file.words)
    return [(number, [_plain(cell) for cell in cells]) for number, cells in rows]


def _plain(cell: str) -> str:
    """The text of a cell that is written as a formula of it; any other cell as it is."""
    own = _OWN_TEXT.fullmatch(cell) if "=" in cell[:2] else None
    return own.group(1).replace('""', '"') if own else cell


def _apart(rows: list[tuple[int, list[str]]], words: frozenset[str]) -> list[tuple[int, list[str]]]:
    """Rows whose one cell is a whole line, taken apart; by the delimiter that makes the most known words of any row.

    Below a header that is whole, those rows are taken apart that are as wide as it is then.
    """
    lines = [_line(cells) for _, cells in rows]
    if not any(lines):
        return rows
    best = max(_known(cells, words) for _, cells in rows)
    found = rows
    if best < _HEADER_WORDS:
        for delimiter in _DELIMITERS:
            made = [(number, _cells(line, delimiter) or cells) for (number, cells), line in zip(rows, lines, strict=True)]
            known = max(_known(cells, words) for _, cells in made)
            if known > max(best, 1):
                best, found = known, made
        return found
    width = max(len(cells) for _, cells in rows if _known(cells, words) == best)
    apart = [next((cells for delimiter in _DELIMITERS if len(cells := _cells(line, delimiter)) == width), None) for line in lines]
    return [(number, made_of_one or cells) for (number, cells), made_of_one in zip(rows, apart, strict=True)]


def _line(cells: Sequence[str]) -> str:
    """What may be a whole line in one cell; empty where it is none."""
    return " ".join(cells[0].splitlines()) if cells and cells[0].strip() and not any(cell.strip() for cell in cells[1:]) else ""


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _known(cells: Sequence[str], words: frozenset[str]) -> int:
    return sum(header_word(cell) in words for cell in cells)


def no_cut(path: Path, file: ReportFile, last: tuple[int, Sequence[str]], width: int) -> None:
    """Raise BadFile where the last row has too few cells and no line end: half a file."""
    if len(last[1]) < width and not file.ends_line:
        found = f"{len(last[1])} and the end of the file: it was cut, or is still being written"
        raise BadFile(path, place=f"line {last[0]}", expected=f"{width} cells", found=found)
