"""One table in any form that systems let people download it in: delimited text (also alone in a ZIP archive), workbook (.xlsx, .ods), JSON, a
page of HTML.

What a form is told by are its first bytes, never its name. Delimited text is read by ``delimited``; the others are turned into the same
stream of blocks, so that a reader does not know which form it reads. Their rows are written once, packed, to a temporary file, and read
from there as often as is asked: memory does not grow with the table.

Places: rows of a workbook and of a page are counted as they stand ("row 3"), records of JSON from 1 ("record 3"), lines as in ``delimited``.

JSON is Moodle's (``dataformat/json``): a list of sheets, each a list of records (before Moodle 3.5 the list of records itself), a record
being an object, or a list of cells where the report names its columns nowhere: then the reader says what they are (``headers``).
"""

from __future__ import annotations

import re
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree

from pipelines.errors import BadFile
from pipelines.sources.formats.archives import ZipTree, buffered
from pipelines.sources.formats.delimited import WORKERS, Block, DelimitedFile, Header, Work, delimited_items, header_word
from pipelines.sources.formats.json_stream import JsonStream
from pipelines.sources.formats.local_times import Order, OrderEvidence
from pipelines.sources.formats.workbooks import LONGEST_CELL, MOST_COLUMNS, Row, further_sheets, number_text, sheets_beyond, workbook_rows
from pipelines.sources.reading import Item

ENDINGS = (".csv", ".csv.gz", ".xlsx", ".ods", ".json", ".html", ".htm")
#: Why rows of :func:`rows_of_further_sheets` are rejected: what such a sheet is of (another webinar, form or course, a copy) nothing says.
FURTHER_SHEET = "in a further sheet of the workbook: save it as a file of its own"
_TEXT_ENDINGS = (".csv", ".tsv")
_ZIP = b"PK\x03\x04"
#: A header stands near the top.
_HEADER_WITHIN_ROWS = 20
#: Rows written and read at a time.
_ROWS_AT_ONCE = 20_000
_BYTES_LOOKED_AT = 4096


class TableFile(Protocol):
    """What readers may ask of a table, whatever its form; see :class:`pipelines.sources.formats.delimited.DelimitedFile`."""

    path: Path
    #: What a number in :attr:`Block.lines` counts: "line", "row" or "record".
    unit: str
    #: No more than the beginning has been looked at.
    is_trusted: bool

    def header(self, is_header: Callable[[Sequence[str]], bool] | None = None) -> Header: ...

    def rows(self) -> Iterator[tuple[int, list[str]]]: ...

    def blocks(self, header: Header) -> Iterator[Block]: ...

    def worked(self, header: Header, work: Callable[[Block], Work], *, workers: int = WORKERS) -> Iterator[Work]: ...

    def find_early(self, pattern: re.Pattern[bytes]) -> set[str]: ...

    def find_all(self, pattern: re.Pattern[bytes]) -> set[str]: ...


class _Blocks(Protocol):
    def blocks(self, header: Header) -> Iterator[Block]: ...


def day_month_order(file: _Blocks, header: Header, places: Iterable[int], habit: Order = "day first") -> Order:
    """Order of day and month in the columns of times at ``places``; reads on until it is clear, to the end if need be.

    ``habit``: where nothing tells. Moodle writes the day first in English and in Russian; only en_us does not, and that has a 12-hour clock.
    """
    columns = tuple(places)
    evidence = OrderEvidence()
    for block in file.blocks(header):
        for place in columns:
            evidence.add(block.columns[place])
        if evidence.is_clear and block.rows:
            break
    return evidence.order(habit)


def table_items(path: Path | None, source_name: str, *, endings: Sequence[str] = ENDINGS) -> list[Item]:
    """Tables below a folder, or the one file, sorted by name. Raises BadSource where there is nothing to read."""
    return delimited_items(path, source_name, endings=endings)


def open_table(
    path: Path,
    words: Iterable[str] = (),
    *,
    headers: Sequence[Sequence[str]] = (),
    watch: re.Pattern[bytes] | None = None,
    trusting: bool = False,
) -> TableFile:
    """A table in whatever form.

    Parameters
    ----------
    words: header words that tell delimiter, header row and sheet.
    headers: columns of a JSON download that names none, by their number.
    watch: the pattern that ``find_all`` will be asked for, if any.
    trusting: large text that is not packed may go on as it begins (``delimited``).

    Raises BadFile for an empty file and for one that is no table.
    """
    known = frozenset(words)
    with path.open("rb") as file:
        beginning = file.read(_BYTES_LOOKED_AT)
    if beginning.startswith(_ZIP):
        if member := _only_text(path):
            return _PackedText(path, member, known, watch=watch)
        return RowTable(path, lambda: _workbook(path, known), "row", known, headers, pads=True)
    plain = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    # A workbook or a page begins like nothing else; a line of delimited text may begin with a bracket, but not with two, or one and a brace.
    if re.match(rb"\[\s*(?:\[|\{|\])", plain):
        return RowTable(path, lambda: _json(path), "record", known, headers, pads=False)
    if re.match(rb"<(?:!doctype\s+html|html|table|\?xml[^>]*>\s*<(?:!doctype\s+)?html)", plain, re.IGNORECASE):
        return RowTable(path, lambda: _page(path), "row", known, headers, pads=False)
    return DelimitedFile(path, known, watch=watch, trusting=trusting)


def rows_of_further_sheets(
    path: Path, words: Iterable[str], telling: Iterable[str] = (), *, header_at: Callable[[Sequence[Row]], int | None] | None = None
) -> Iterator[str]:
    """Places ("sheet 2, row 5") of the rows below the header in those sheets of a workbook that :func:`open_table` does not read though they hold such a
    table, for whoever rejects them; one place ("sheets 21 to 40") for those beyond the number that is looked at. Nothing of any other file.

    Parameters
    ----------
    words: as of :func:`open_table`.
    telling: one of these in a row near a sheet's top tells a table; without them as many of ``words`` as in the sheet that is read.
    header_at: tells it instead: the place of the header among a sheet's first rows, None where it holds no such table.
    """
    known, enough = frozenset(words), frozenset(telling)
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP or _only_text(path):
            return
    tree = ZipTree(path)
    try:
        is_such: Callable[[list[Row]], bool] | None = (lambda rows: _known_words(enough, rows) > 0) if enough else None
        if header_at is not None:
            is_such = partial(_has_header, header_at)
        for number, rows in further_sheets(tree, partial(_known_words, known), _HEADER_WITHIN_ROWS, is_such):
            beginning = list(islice(rows, _HEADER_WITHIN_ROWS))
            header = header_at(beginning) if header_at else None
            if header is None:
                header = max(range(len(beginning)), key=lambda place: _known_words(enough or known, beginning[place : place + 1]))
            for line, cells in chain(beginning[header + 1 :], rows):
                if any(cell.strip() for cell in cells):
                    yield f"sheet {number}, row {line}"
        if (beyond := sheets_beyond(tree)) is not None:
            # Not looked at: nobody knows what they hold, nor how many rows of it.
            yield f"sheets {beyond[0]} to {beyond[1]}"
    finally:
        tree.close()


class RowTable:
    """A table whose rows come one by one; see :func:`open_table`.

    Parameters
    ----------
    make_rows: the rows from the front, (number, cells); called anew for every pass before the table is written down.
    pads: empty cells at a row's end are left out by the form.
    """

    is_trusted = False

    def __init__(
        self,
        path: Path,
        make_rows: Callable[[], Iterator[Row]],
        unit: str,
        words: frozenset[str],
        headers: Sequence[Sequence[str]],
        *,
        pads: bool,
    ) -> None:
        self.path, self.unit, self.words = path, unit, words
        self._make_rows, self._headers, self._pads = make_rows, headers, pads
        self._spool: tuple[Header, Any] | None = None
        self._misfits: list[list[tuple[int, int]]] = []

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(number, cells) of every row that is not blank, header included."""
        for number, cells in self._make_rows():
            if any(cell.strip() for cell in cells):
                yield number, cells

    def header(self, is_header: Callable[[Sequence[str]], bool] | None = None) -> Header:
        """The first row for which ``is_header`` holds; by default the first that is not blank. Raises BadFile when there is none."""
        beginning = list(islice(self.rows(), _HEADER_WITHIN_ROWS))
        if not beginning:
            raise BadFile(self.path, place="table", expected="a table with a header row", found="an empty one")
        if is_header is None and not self.words & {header_word(cell) for cell in beginning[0][1]}:
            for header in self._headers:
                if len(header) == len(beginning[0][1]):
                    return Header(tuple(header), beginning[0][0] - 1)
        for place, (number, cells) in enumerate(beginning):
            if is_header is None or is_header([header_word(cell) for cell in cells]):
                if self._pads:
                    # Empty header cells at the end stand over columns that have values.
                    width = max(len(self._trimmed(one)) for _, one in beginning[place:])
                    cells = [*cells[:width], *[""] * (width - len(cells))]
                return Header(tuple(cells), number)
        raise BadFile(self.path, place="header", expected="a header row near the top", found="none")

    def blocks(self, header: Header) -> Iterator[Block]:
        """The rows below the header, in blocks of some tens of thousands, in the file's order."""
        with pa.ipc.open_file(self._written(header)) as written:
            for place in range(written.num_record_batches):
                batch = written.get_batch(place)
                numbers = batch.column(0)
                yield Block(list(batch.columns[1:]), self._misfits[place], numbers.to_pylist)

    def worked(self, header: Header, work: Callable[[Block], Work], *, workers: int = WORKERS) -> Iterator[Work]:
        """What ``work`` makes of each block."""
        return map(work, self.blocks(header))

    def find_early(self, pattern: re.Pattern[bytes]) -> set[str]:
        """:meth:`find_all`: none of it is trusted."""
        return self.find_all(pattern)

    def find_all(self, pattern: re.Pattern[bytes]) -> set[str]:
        """Distinct first groups of a pattern in all cells below the header."""
        found: set[bytes] = set()
        for block in self.blocks(self._spool[0] if self._spool else self.header()):
            for column in block.columns:
                found.update(pattern.findall(b"\x1f".join(pc.unique(column).cast(pa.binary()).to_pylist())))
        return {match.decode("utf-8") for match in found}

    def _trimmed(self, cells: list[str]) -> list[str]:
        if self._pads:
            while cells and not cells[-1].strip():
                cells = cells[:-1]
        return cells

    def _written(self, header: Header) -> Any:
        if self._spool is None or self._spool[0] != header:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the table
            weakref.finalize(self, file.close)
            width = len(header.cells)
            schema = pa.schema([("number", pa.int64())] + [(f"c{place}", pa.string()) for place in range(width)])
            self._misfits = []
            rows = ((number, cells) for number, cells in self.rows() if number > header.line)
            with pa.ipc.new_file(pa.PythonFile(file, "w"), schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
                while piece := list(islice(rows, _ROWS_AT_ONCE)):
                    writer.write_batch(self._batch(piece, width, schema))
            self._spool = (header, file)
        self._spool[1].seek(0)
        return pa.PythonFile(self._spool[1], "r")

    def _batch(self, piece: list[Row], width: int, schema: pa.Schema) -> pa.RecordBatch:
        fitting: list[list[str]] = []
        numbers: list[int] = []
        misfits: list[tuple[int, int]] = []
        for number, cells in piece:
            if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                cells = cells[:width]
            if self._pads and len(cells) < width:
                cells = [*cells, *[""] * (width - len(cells))]
            if len(cells) == width:
                fitting.append(cells)
                numbers.append(number)
            else:
                misfits.append((number, len(cells)))
        self._misfits.append(misfits)
        columns = zip(*fitting, strict=True) if fitting else ((),) * width
        arrays = [pa.array(column, pa.string()) for column in columns]
        return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int64()), *arrays], schema=schema)


class _PackedText(DelimitedFile):
    """Delimited text that is the one file of a ZIP archive, as Google Forms downloads it."""

    def __init__(self, path: Path, member: str, words: Iterable[str], *, watch: re.Pattern[bytes] | None = None) -> None:
        self._member = member
        super().__init__(path, words, watch=watch)

    def _bytes(self) -> BinaryIO:
        tree = ZipTree(self.path)
        try:
            return buffered(tree, self._member)
        finally:
            tree.close()


# -- forms --------------------------------------------------------------------------------------------------------------------


def _only_text(path: Path) -> str | None:
    """The one file of a ZIP archive where its name says that it is delimited text; None for workbooks and other archives."""
    try:
        tree = ZipTree(path)
    except BadFile:
        return None
    names = tree.names()
    tree.close()
    return names[0] if len(names) == 1 and names[0].lower().endswith(_TEXT_ENDINGS) else None


def _known_words(words: frozenset[str], rows: Sequence[Row]) -> int:
    """The most words in one of the rows."""
    return max(sum(header_word(cell) in words for cell in cells) for _, cells in rows)


def _has_header(header_at: Callable[[Sequence[Row]], int | None], rows: Sequence[Row]) -> bool:
    return header_at(rows) is not None


def _workbook(path: Path, words: frozenset[str]) -> Iterator[Row]:
    try:
        tree = ZipTree(path)
    except BadFile as error:
        raise BadFile(
            path, place="byte 0", expected="a table", found=f"an .xlsx workbook or another ZIP archive that is {error.found}"
        ) from None
    try:
        yield from workbook_rows(tree, partial(_known_words, words), _HEADER_WITHIN_ROWS)
    finally:
        tree.close()


def _json(path: Path) -> Iterator[Row]:
    with path.open("rb") as content:
        stream = JsonStream(content, path)
        number = 0
        keys: list[str] = []
        for _ in stream.elements():
            # A list of sheets is entered, a record is taken.
            for value in _records(stream):
                number += 1
                if isinstance(value, dict):
                    if number == 1:
                        keys = list(value)
                        yield 0, keys
                    strangers = [key for key in value if key not in keys] if value.keys() != set(keys) else []
                    yield number, [_json_cell(value.get(key)) for key in (*keys, *strangers)]
                elif isinstance(value, list):
                    yield number, [_json_cell(cell) for cell in value]
                else:
                    raise stream.bad("a record", "a single value")
        if stream.peek():
            raise stream.bad("the end of the file", "something else")


def _records(stream: JsonStream) -> Iterator[Any]:
    if stream.peek() != "[":
        yield stream.value()
        return
    # "[[" may be a sheet or a record of cells: its first element tells.
    cells: list[Any] = []
    is_sheet: bool | None = None
    for _ in stream.elements():
        if is_sheet is None:
            is_sheet = stream.peek() in "[{"
        if is_sheet:
            yield stream.value()
        else:
            cells.append(stream.value())
            if len(cells) > MOST_COLUMNS:
                raise stream.bad(f"at most {MOST_COLUMNS} cells", "more")
    if is_sheet is False:
        yield cells


def _json_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(str(value))
    return value if isinstance(value, str) else ""


def _page(path: Path) -> Iterator[Row]:
    """Rows of the first table of a page that has any."""
    number = 0
    with path.open("rb") as content:
        try:
            # libxml2 takes nothing from the network for HTML and knows no entities but HTML's own.
            for _, row in etree.iterparse(
                content, events=("end",), tag="tr", html=True, huge_tree=False, no_network=True, encoding="utf-8"
            ):
                number += 1
                cells = ["".join(cell.itertext()) for cell in row if cell.tag in ("td", "th")]
                if any(len(cell) > LONGEST_CELL for cell in cells) or len(cells) > MOST_COLUMNS:
                    raise BadFile(path, place=f"row {number}", expected="cells of a report", found="more text or cells than any has")
                yield number, cells
                row.clear()
                while row.getprevious() is not None:
                    del row.getparent()[0]
        except (etree.LxmlError, ValueError) as error:
            raise BadFile(path, place=f"row {number + 1}", expected="a page with a table", found="a damaged one") from error
