"""Delimited text files as systems export them: find the encoding, the delimiter and the header, then stream rows in blocks.

What belongs here is true of every such file, whatever it holds: byte order marks, UTF-16, Windows code pages, gzip, line ends of three
kinds mixed in one file, line ends inside quoted cells, a first line ``sep=;``, cells missing or too many, a file that ends in the middle of
a row. What a column means is the business of the reader that opens the file.

Rules:

- The whole file is decoded once before anything is read, so that one odd byte near the end cannot break a load half-way. A large one may be
  trusted instead to go on as it begins: whoever reads it is told when it does not (``Misjudged``), and reads it anew.
- A file that ends inside a row (an open quote, or a last line that has too few cells and no line end) is half a file: BadFile, nothing of it
  is loaded. A row in the middle with too few or too many cells is one bad row: the reader rejects it.
- Lines are counted as editors count them: ``\\n``, ``\\r\\n`` and ``\\r`` each end one. Blank lines are no rows.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import re
import unicodedata
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO, TypeVar, cast

import charset_normalizer
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from pipelines.errors import BadFile, BadSource
from pipelines.prefetch import prefetch
from pipelines.sources.formats.archives import is_hidden
from pipelines.sources.reading import Item, Misjudged

Work = TypeVar("Work")
Done = TypeVar("Done")

#: Bytes parsed at a time: some tens of thousands of log rows, a few dozen megabytes of memory.
CHUNK_BYTES = 1 << 22
#: Threads that parse and work at blocks. Python's own lock is held for a good part of the work: more than two bring little, and on two cores
#: one is as quick as two, for another thread cuts the blocks and one more writes what was read.
WORKERS = 2 if (os.cpu_count() or 1) > 2 else 1
_BYTES_AT_ONCE = 1 << 20
#: Bytes from which a file is worth trusting: below, looking through it takes no time that anybody would notice.
WORTH_TRUSTING = 1 << 24
_LONGEST_MATCH = 200
_BOM = codecs.BOM_UTF8
#: Rows at a time where the careful parser works through a file on its own.
_ROWS_AT_ONCE = 20_000
#: A header stands near the top: nothing but a title, a meeting block or a ``sep=`` line comes before it.
_HEADER_WITHIN_ROWS = 20
_DELIMITERS = (",", ";", "\t", "|")
_ASCII = bytes(range(128))
#: Stands after the last line; a reader that is still inside a quoted cell swallows it, which is how an open quote is seen.
_END = "\x1eend of file\x1e"
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")

_NOT_TEXT = (
    (b"PK\x03\x04", "a ZIP archive or an .xlsx workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite database"),
)
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CYRILLIC_RUN = re.compile(rb"[\xa8\xb8\xc0-\xff]{2,}")


# -- which files ------------------------------------------------------------------------------------------------------------


def delimited_items(path: Path | None, source_name: str, *, endings: Sequence[str] = (".csv", ".csv.gz")) -> list[Item]:
    """Files with one of ``endings`` below a folder, or the one file, sorted by name, but for what
    systems and programs lay down for themselves (:func:`pipelines.sources.formats.archives.is_hidden`).

    Names are relative to the folder, so that they stay the same when it moves. Raises BadSource where there is nothing to read.
    """
    if path is None:
        raise BadSource(f"source {source_name}: path is missing in the programme file")
    if path.is_file():
        return [Item(path.name, path)]
    if not path.is_dir():
        raise BadSource(f"source {source_name}: there is no file or folder {path}")
    found = []
    for file in path.rglob("*"):
        inside = file.relative_to(path)
        if file.is_file() and file.name.lower().endswith(tuple(endings)) and not is_hidden(inside.parts):
            found.append(Item(inside.as_posix(), file))
    if not found:
        raise BadSource(f"source {source_name}: no file ending in {' or '.join(endings)} below {path}")
    return sorted(found, key=lambda item: item.name)


# -- one file ---------------------------------------------------------------------------------------------------------------


@dataclass
class Block:
    """Rows of one stretch of a file.

    ``columns``: one string array per header cell, rows that have as many cells as the header.
    ``misfits``: (line, cells) of the rows that have not; blank rows are nowhere.
    """

    columns: list[pa.Array]
    misfits: list[tuple[int, int]] = field(default_factory=list)
    _line_of: Callable[[], Sequence[int]] = field(default=lambda: ())

    @property
    def rows(self) -> int:
        """Rows that fit the header."""
        return len(self.columns[0])

    @property
    def refused(self) -> list[tuple[int, str]]:
        """(line, reason) of the rows that do not fit, for whoever rejects them."""
        width = len(self.columns)
        return [(line, f"{'fewer' if cells < width else 'more'} cells than the header") for line, cells in self.misfits]

    @property
    def seen(self) -> int:
        """All rows that stand here."""
        return self.rows + len(self.misfits)

    @cached_property
    def lines(self) -> Sequence[int]:
        """Line on which each fitting row begins."""
        return self._line_of()


@dataclass(frozen=True)
class Header:
    """The header row: its cells as they stand, and the line on which it begins."""

    cells: tuple[str, ...]
    line: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The cells made comparable."""
        return tuple(header_word(cell) for cell in self.cells)


class DelimitedFile:
    """One delimited file, opened as often as it is read.

    Parameters
    ----------
    path: the file; gzip is recognised by its first bytes.
    words: header words (``header_word``) that tell the delimiter and the header row.
    watch: a pattern that :meth:`find_all` will be asked for: looked for while the encoding is checked, which saves a pass.
    trusting: of a large file the beginning alone is looked at; what is read later and is no UTF-8 raises Misjudged.

    Raises BadFile for an empty file, for one that is no text, and for text in no known encoding.
    """

    #: What the numbers of rows in errors and rejects count.
    unit = "line"

    def __init__(self, path: Path, words: Iterable[str] = (), *, watch: re.Pattern[bytes] | None = None, trusting: bool = False) -> None:
        self.path = path
        self.words = frozenset(words)
        #: No more than the beginning has been looked at.
        self.is_trusted = trusting and path.stat().st_size >= WORTH_TRUSTING
        self._watch, self._watched = watch, set[bytes]()
        self.encoding, self._errors = self._find_encoding()
        self.delimiter, self._skip = self._find_delimiter()

    # -- bytes to text ---------------------------------------------------------------------------------------------------

    @property
    def _is_packed(self) -> bool:
        with self.path.open("rb") as beginning:
            return beginning.read(2) == b"\x1f\x8b"

    def _bytes(self) -> BinaryIO:
        # Opened by its path, the packed stream closes the file with itself.
        return cast(BinaryIO, gzip.open(self.path, "rb")) if self._is_packed else self.path.open("rb")

    def _pieces(self) -> Iterator[bytes]:
        with self._bytes() as stream:
            try:
                while piece := stream.read(_BYTES_AT_ONCE):
                    yield piece
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise BadFile(self.path, place="end of file", expected="a whole gzip file", found="a cut or damaged one") from error

    def _find_encoding(self) -> tuple[str, str]:
        pieces = self._pieces()
        head = next(pieces, b"")
        for magic, what in _NOT_TEXT:
            if head.startswith(magic):
                raise BadFile(self.path, place="byte 0", expected="delimited text", found=what)
        if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
            raise BadFile(self.path, place="byte 0", expected="a table with a header line", found="an empty file")
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            encoding = "utf-16"
        elif b"\x00" in head[:4096]:
            # Latin letters, digits and delimiters have their zero byte second in little-endian text.
            zeros = head[:4096]
            encoding = "utf-16-le" if zeros[1::2].count(0) > zeros[0::2].count(0) else "utf-16-be"
        else:
            encoding = "utf-8-sig"
        self.is_trusted = self.is_trusted and encoding == "utf-8-sig" and not self._is_packed and _is_utf8((head[: _whole_letters(head)],))
        if self.is_trusted:
            self._watch = None
            return encoding, "strict"
        if encoding == "utf-8-sig":
            pieces = chain((head,), pieces)
            # Looked through in a thread of its own: Arrow does not hold Python's lock while it checks.
            if _is_utf8(prefetch(self._watching(pieces, self._watch)) if self._watch else pieces):
                return encoding, "strict"
            self._watch = None
            return self._find_code_page()
        self._watch = None
        decoder = codecs.getincrementaldecoder(encoding)()
        place = 0
        try:
            for piece in chain((head,), pieces):
                decoder.decode(piece)
                place += len(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise BadFile(self.path, place=f"byte {place + error.start}", expected="UTF-16 text", found="bytes that are none") from error
        return encoding, "strict"

    def _find_code_page(self) -> tuple[str, str]:
        """The file is not UTF-8: a Windows code page, or UTF-8 with damage in it."""
        high = utf8 = cyrillic = small_cyrillic = 0
        used = np.zeros(256, np.int64)
        sample = b""
        for piece in self._pieces():
            high_bytes = piece.translate(None, _ASCII)
            high += len(high_bytes)
            utf8 += sum(len(letter) for letter in _UTF8_LETTER.findall(piece))
            cyrillic += sum(len(run) for run in _CYRILLIC_RUN.findall(piece))
            used += np.bincount(np.frombuffer(high_bytes, np.uint8), minlength=256)
            sample = sample or piece
        small_cyrillic, capital_cyrillic = int(used[0xE0:].sum()), int(used[0xC0:0xE0].sum())
        # Each test asks for a majority: text in one of these encodings is far on one side of it.
        if 2 * utf8 > high:
            return "utf-8-sig", "replace"
        if 2 * cyrillic > high and not used[0x98]:
            # In windows-1251 the small letters are the upper half of the table, in KOI8-R the lower.
            return ("cp1251" if small_cyrillic >= capital_cyrillic else "koi8-r"), "strict"
        if not used[[0x81, 0x8D, 0x8F, 0x90, 0x9D]].any():
            return "cp1252", "strict"
        best = charset_normalizer.from_bytes(sample).best()
        if best is None:
            raise BadFile(self.path, place="byte 0", expected="text in UTF-8, UTF-16 or a Windows code page", found="no known encoding")
        return best.encoding, "replace"

    def _text(self) -> TextIO:
        return io.TextIOWrapper(self._bytes(), encoding=self.encoding, errors=self._errors, newline="")

    @contextmanager
    def _as_trusted(self) -> Iterator[None]:
        """What cannot be decoded has been misjudged, where no more than the beginning was looked at."""
        try:
            yield
        except UnicodeDecodeError:
            if self.is_trusted:
                raise Misjudged from None
            raise

    def _utf8(self) -> _Utf8:
        """The text as UTF-8 without a byte order mark, whatever the file's encoding."""
        if self.encoding == "utf-8-sig" and self._errors == "strict":
            return _Utf8(self._bytes(), None)
        return _Utf8(None, self._text())

    @cached_property
    def ends_line(self) -> bool:
        """The last line has a line end: what stands there was written to its end."""
        last = ""
        with self._text() as stream:
            while piece := stream.read(_BYTES_AT_ONCE):
                last = piece[-1]
        return last in ("\n", "\r")

    def _watching(self, pieces: Iterable[bytes], pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        """The pieces, looked through on their way."""
        tail = b""
        for piece in pieces:
            self._watched.update(pattern.findall(tail + piece[:_LONGEST_MATCH]), pattern.findall(piece))
            tail = (piece if len(piece) >= _LONGEST_MATCH else tail + piece)[-_LONGEST_MATCH:]
            yield piece

    def find_early(self, pattern: re.Pattern[bytes]) -> set[str]:
        """Distinct first groups of a pattern at the beginning of the text, as UTF-8."""
        with self._utf8() as stream:
            return {match.decode("utf-8", "replace") for match in pattern.findall(stream.read(_BYTES_AT_ONCE))}

    def find_all(self, pattern: re.Pattern[bytes]) -> set[str]:
        """Distinct first groups of a pattern in the whole text as UTF-8. A match longer than _LONGEST_MATCH bytes may be missed."""
        if pattern is not self._watch:
            self._watched = set()
            with self._utf8() as stream:
                for _ in self._watching(iter(partial(stream.read, CHUNK_BYTES), b""), pattern):
                    pass
            self._watch = pattern
        return {match.decode("utf-8") for match in self._watched}

    # -- text to rows ----------------------------------------------------------------------------------------------------

    def _find_delimiter(self) -> tuple[str, int]:
        with self._text() as stream, self._as_trusted():
            lines = list(islice(stream, 2 * _HEADER_WITHIN_ROWS))
        skip = 0
        if match := re.fullmatch(r"\ufeff?sep=(.)\s*", lines[0]):
            return match.group(1), 1
        best = (-1, -1, ",")
        for delimiter in _DELIMITERS:
            known = widest = 0
            try:
                for row in islice(csv.reader(lines, delimiter=delimiter), _HEADER_WITHIN_ROWS):
                    known = max(known, sum(header_word(cell) in self.words for cell in row))
                    widest = widest or len(row)
            except csv.Error:
                continue
            if (known, widest) > best[:2]:
                best = (known, widest, delimiter)
        return best[2], skip

    def header(self, is_header: Callable[[Sequence[str]], bool] | None = None) -> Header:
        """The first row (after a ``sep=`` line) for which ``is_header`` holds; by default the first row that is not blank.

        Raises BadFile when there is none near the top.
        """
        for line, cells in islice(self.rows(), _HEADER_WITHIN_ROWS):
            if is_header is None or is_header([header_word(cell) for cell in cells]):
                return Header(tuple(cells), line)
        raise BadFile(self.path, place="header", expected="a header row near the top", found="none")

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line on which it begins, cells) of every row that is not blank, header included: for small files and for headers.

        Raises BadFile where the file ends inside a quoted cell.
        """
        with self._text() as stream, self._as_trusted():
            line = 1
            for _ in range(self._skip):
                stream.readline()
                line += 1
            for start, row in self._careful(stream, line):
                if any(cell.strip() for cell in row):
                    yield start, row

    def _careful(self, lines: Iterable[str], first_line: int) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(chain(lines, (_END,)), delimiter=self.delimiter)
        start = 0
        try:
            for row in reader:
                if row == [_END]:
                    return
                if row and row[-1].endswith(_END):
                    break
                yield first_line + start, row
                start = reader.line_num
        except csv.Error as error:
            place = f"line {first_line + start}"
            raise BadFile(
                self.path, place=place, expected="a row of delimited text", found=f"{error} (a quote that is not closed?)"
            ) from error
        place = f"line {first_line + start}"
        raise BadFile(
            self.path, place=place, expected="a closing quote", found="the end of the file: it was cut, or is still being written"
        )

    def blocks(self, header: Header) -> Iterator[Block]:
        """The rows below the header, in blocks of some tens of thousands, in the file's order.

        Fast where the text is plain (Arrow's parser), careful where it is not (lone carriage returns, rows that do not fit).
        Raises BadFile where the file ends inside a row.
        """
        return self.worked(header, lambda block: block, workers=0)

    def worked(self, header: Header, work: Callable[[Block], Work], *, workers: int = WORKERS) -> Iterator[Work]:
        """What ``work`` makes of each of the :meth:`blocks`, in the file's order.

        Parameters
        ----------
        work: must not depend on other blocks; with ``workers`` it is called from their threads.
        workers: threads that parse and work; 0: none but the caller's.
        """
        width = len(header.cells)
        pool = ThreadPoolExecutor(workers) if workers else _Inline()
        with self._utf8() as stream:
            chunks = _Chunks(stream, partial(self._below, header))
            waiting: deque[tuple[_Chunk, Future[list[Work] | None]]] = deque()
            more = True
            try:
                while more or waiting:
                    # One more than there are workers, so that none has to wait for this thread.
                    while more and len(waiting) <= workers:
                        chunk = next(chunks, None)
                        more = chunk is not None
                        if chunk is not None:
                            waiting.append((chunk, pool.submit(self._work_on, chunk, width, work)))
                    if not waiting:
                        break
                    chunk, future = waiting.popleft()
                    done = future.result()
                    if done is None:
                        # A stray quote, or the file's end: the careful parser takes all that is left.
                        beginning = b"".join([chunk.text, *(later.text for later, _ in waiting), chunks.pending])
                        more = False
                        waiting.clear()
                        with self._as_trusted():
                            yield from map(work, self._careful_blocks(_text_lines(beginning, stream), chunk.line, width))
                        return
                    yield done[0]
            finally:
                pool.shutdown(cancel_futures=True)

    def _work_on(self, chunk: _Chunk, width: int, work: Callable[[Block], Work]) -> list[Work] | None:
        """The one block of a chunk, worked at; None where the chunk cannot be read without what comes after it."""
        if self.is_trusted and not _is_whole_utf8(chunk.text):
            raise Misjudged
        if chunk.is_open:
            return None
        block = self._fast(chunk, width) if _ends_line(chunk.text) else None
        if block is None:
            rows = None if chunk.is_last else _whole_rows(chunk.text, self.delimiter)
            if rows is None:
                return None
            block = self._fit([(chunk.line + offset, row) for offset, row in rows], width, is_cut=False)
        return [work(block)]

    def _below(self, header: Header, beginning: bytes) -> tuple[int, int]:
        """Line and byte where the rows below the header begin."""
        taken = [0, 0]

        def feed() -> Iterator[str]:
            for text in io.StringIO(beginning.decode("utf-8", "replace"), newline=""):
                taken[0] += 1
                taken[1] += len(text.encode("utf-8"))
                yield text

        lines = feed()
        for _ in range(self._skip):
            next(lines, None)
        start = taken[0] + 1
        for _ in csv.reader(lines, delimiter=self.delimiter):
            if start == header.line:
                break
            start = taken[0] + 1
        return taken[0] + 1, taken[1]

    def _fast(self, one: _Chunk, width: int) -> Block | None:
        if one.has_lone_returns:
            return None
        chunk, first_line = one.text, one.line
        names = [str(place) for place in range(width)]
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(chunk),
                read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(chunk) + 1),
                parse_options=pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
                ),
            )
        except pa.ArrowInvalid:
            return None
        columns = [column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns]
        rows = table.num_rows
        if rows != one.lines:
            # Line ends inside cells or blank lines: where a row begins is worked out only if somebody asks.
            delimiter = self.delimiter
            return _without_blank(Block(columns, _line_of=lambda: _lines_of(chunk, delimiter, first_line, rows)))
        return _without_blank(Block(columns, _line_of=lambda: range(first_line, first_line + rows)))

    def _careful_blocks(self, lines: Iterable[str], first_line: int, width: int) -> Iterator[Block]:
        last = _LastLine(lines)
        rows = self._careful(last, first_line)
        batch = list(islice(rows, _ROWS_AT_ONCE))
        while batch:
            following = list(islice(rows, _ROWS_AT_ONCE))
            yield self._fit(batch, width, is_cut=not following and not last.ends_line)
            batch = following

    def _fit(self, rows: Sequence[tuple[int, list[str]]], width: int, *, is_cut: bool) -> Block:
        """Sort rows into those that fit and those that do not; cells too many do not matter where they are blank."""
        fitting: list[list[str]] = []
        lines: list[int] = []
        misfits: list[tuple[int, int]] = []
        filled = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
        for line, row in filled:
            if len(row) > width and not any(cell.strip() for cell in row[width:]):
                row = row[:width]
            if len(row) == width:
                fitting.append(row)
                lines.append(line)
            else:
                misfits.append((line, len(row)))
        if is_cut and filled and misfits and misfits[-1] == (filled[-1][0], len(filled[-1][1])) and misfits[-1][1] < width:
            place = f"line {misfits[-1][0]}"
            found = f"{misfits[-1][1]} and the end of the file: it was cut, or is still being written"
            raise BadFile(self.path, place=place, expected=f"{width} cells", found=found)
        cells = zip(*fitting, strict=True) if fitting else ((),) * width
        return Block([pa.array(column, pa.string()) for column in cells], misfits, lambda: lines)


@dataclass(frozen=True)
class _Chunk:
    """Whole rows of a file: text, the line on which it begins, how many lines it has.

    ``is_open``: no row ends here as far as quotes tell. ``has_lone_returns``: some lines end in ``\\r`` alone.
    """

    text: bytes
    line: int
    lines: int
    is_last: bool
    is_open: bool
    has_lone_returns: bool


class _Chunks:
    """The text below the header in chunks that end where a row ends."""

    def __init__(self, stream: _Utf8, below: Callable[[bytes], tuple[int, int]]) -> None:
        self._stream = stream
        self.pending = stream.read(CHUNK_BYTES)
        self._line, start = below(self.pending)
        while start >= len(self.pending) and (piece := stream.read(CHUNK_BYTES)):
            self.pending += piece
            self._line, start = below(self.pending)
        self.pending = self.pending[start:]
        self._more = True

    def __iter__(self) -> Iterator[_Chunk]:
        return self

    def __next__(self) -> _Chunk:
        while self._more:
            piece = self._stream.read(CHUNK_BYTES)
            if piece.endswith(b"\r"):
                piece += self._stream.read(1)
            self._more = bool(piece)
            cut = len(self.pending) if not self._more else _row_end(self.pending)
            if not cut and len(self.pending) < 2 * CHUNK_BYTES:
                self.pending += piece
                continue
            # A chunk without a row's end: a stray quote. It goes out with all that was read, and is the last.
            is_open = not cut
            text = self.pending + piece if is_open else self.pending[:cut]
            self.pending = b"" if is_open else b"".join((memoryview(self.pending)[cut:], piece))
            self._more = self._more and not is_open
            return self._chunk(text, is_open=is_open)
        raise StopIteration

    def _chunk(self, text: bytes, *, is_open: bool) -> _Chunk:
        newlines = _count(text, b"\n")
        lone = _count(text, b"\r") - _count_pairs(text, b"\r\n") if b"\r" in text else 0
        chunk = _Chunk(text, self._line, newlines + lone, not self._more, is_open, lone > 0)
        self._line += chunk.lines
        return chunk


class _Inline:
    """A pool without threads: what is submitted is done at once."""

    def submit(self, function: Callable[..., Done], *arguments: Any) -> Future[Done]:
        future: Future[Done] = Future()
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)
        return future

    def shutdown(self, *, cancel_futures: bool) -> None:
        """Nothing to end."""


class _LastLine:
    """Lines passed through; remembers whether the last one was ended."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.ends_line = True

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.ends_line = line.endswith(("\n", "\r"))
            yield line


class _Utf8:
    """A stream of UTF-8: the file's own bytes, or text in another encoding written anew."""

    def __init__(self, stream: BinaryIO | None, text: TextIO | None) -> None:
        self._stream, self._text = stream, text
        self._start = b""
        if stream is not None:
            self._start = stream.read(len(_BOM))
            self._start = b"" if self._start == _BOM else self._start

    def __enter__(self) -> _Utf8:
        return self

    def __exit__(self, *error: object) -> None:
        for stream in (self._stream, self._text):
            if stream is not None:
                stream.close()

    def read(self, size: int) -> bytes:
        """At most about ``size`` bytes, whole characters' worth or not; empty at the end."""
        if self._stream is None:
            assert self._text is not None
            return self._text.read(size).encode("utf-8")
        start, self._start = self._start, b""
        return start + self._stream.read(size)


class _Rest(io.RawIOBase):
    """Bytes at hand and then a stream, as one raw stream."""

    def __init__(self, beginning: bytes, stream: _Utf8) -> None:
        self._at_hand, self._stream = beginning, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._at_hand = self._at_hand or self._stream.read(_BYTES_AT_ONCE)
        size = min(len(buffer), len(self._at_hand))
        buffer[:size], self._at_hand = self._at_hand[:size], self._at_hand[size:]
        return size


def _text_lines(beginning: bytes, stream: _Utf8) -> TextIO:
    return io.TextIOWrapper(io.BufferedReader(_Rest(beginning, stream)), encoding="utf-8", newline="")


def _is_utf8(pieces: Iterable[bytes]) -> bool:
    """Arrow's validation, several times as fast as decoding."""
    rest = b""
    for piece in pieces:
        data = rest + piece if rest else piece
        # A character may be cut between two pieces: its beginning waits for the next one.
        whole = _whole_letters(data)
        rest = data[whole:]
        if not _is_whole_utf8(data if whole == len(data) else data[:whole]):
            return False
    return _is_whole_utf8(rest)


def _whole_letters(data: bytes) -> int:
    """Bytes up to the end of the last character that is not cut."""
    whole = len(data)
    for back in range(1, min(4, len(data) + 1)):
        if data[-back] >= 0xC0:
            return whole - back
        if data[-back] < 0x80:
            break
    return whole


def _is_whole_utf8(data: bytes) -> bool:
    text = pa.Array.from_buffers(pa.binary(), 1, [None, pa.py_buffer(np.array([0, len(data)], np.int32)), pa.py_buffer(data)])
    try:
        text.cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _row_end(data: bytes) -> int:
    """Bytes up to the last line end that stands outside quotes; 0 where there is none."""
    end = b"\n" if b"\n" in data else b"\r"
    quotes = _count(data, b'"')
    upper = len(data)
    while (cut := data.rfind(end, 0, upper)) >= 0:
        quotes -= data.count(b'"', cut, upper)
        if quotes % 2 == 0:
            return cut + 1
        upper = cut
    return 0


def _whole_rows(chunk: bytes, delimiter: str) -> list[tuple[int, list[str]]] | None:
    """(lines before it, cells) of each row of a chunk; None when the chunk ends inside a quoted cell."""
    reader = csv.reader(chain(io.StringIO(chunk.decode("utf-8"), newline=""), (_END,)), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    start = 0
    try:
        for row in reader:
            if row == [_END]:
                return rows
            rows.append((start, row))
            start = reader.line_num
    except csv.Error:
        return None
    return None


def _count(data: bytes, sign: bytes) -> int:
    """``bytes.count`` of one byte; several times as fast where the byte is frequent."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == sign[0]))


def _count_pairs(data: bytes, pair: bytes) -> int:
    """``bytes.count`` of two bytes that are not the same: whole pairs of bytes are compared, those at even places and those at odd ones."""
    wanted = np.frombuffer(pair, np.uint16)[0]
    return sum(
        int(np.count_nonzero(np.frombuffer(data, np.uint16, (len(data) - first) // 2, first) == wanted))
        for first in (0, 1)
        if len(data) - first > 1
    )


def _ends_line(data: bytes) -> bool:
    return data.endswith((b"\n", b"\r"))


def rows_where(mask: pa.Array) -> list[int]:
    """Places of the rows for which a boolean array holds; null is no."""
    return np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False)).tolist()


def _lines_of(chunk: bytes, delimiter: str, first_line: int, rows: int) -> Sequence[int]:
    """Line on which each row of a chunk begins. Where two parsers do not agree on the rows (cells of millions of letters), rows count as lines."""
    found = [first_line + offset for offset, row in _whole_rows(chunk, delimiter) or () if row]
    return found if len(found) == rows else range(first_line, first_line + rows)


def _without_blank(block: Block) -> Block:
    """Rows whose every cell is empty are no rows."""
    first = pc.equal(block.columns[0], "")
    if not pc.any(first).as_py():
        return block
    blank = first
    for column in block.columns[1:]:
        blank = pc.and_(blank, pc.equal(column, ""))
    if not pc.any(blank).as_py():
        return block
    keep = pc.invert(blank)
    places = rows_where(keep)
    return Block([column.filter(keep) for column in block.columns], block.misfits, lambda: [block.lines[place] for place in places])


# -- headers ----------------------------------------------------------------------------------------------------------------


def header_word(cell: str) -> str:
    """A header cell made comparable: one case, plain spaces, no byte order mark, no quotes, no colon at its end."""
    return " ".join(unicodedata.normalize("NFKC", cell).replace("\ufeff", "").strip().strip('"').casefold().split()).rstrip(":")


class _Named(Protocol):
    path: Path


def find_columns(
    file: _Named, header: Header, wanted: Mapping[str, Sequence[str]], *, optional: Iterable[str] = (), what: str
) -> dict[str, int]:
    """Place of each wanted column, by any of its names, in any order.

    Parameters
    ----------
    wanted: own name → header words that stand for it.
    optional: own names that may be missing.
    what: the kind of file, for the message.

    Raises BadFile naming the columns expected and found, or what the file looks like if it is something else.
    """
    places: dict[str, int] = {}
    for name, words in wanted.items():
        for word in words:
            if word in header.words:
                places[name] = header.words.index(word)
                break
    missing = [name for name in wanted if name not in places and name not in set(optional)]
    if not missing:
        return places
    expected = f"{what} with the columns {', '.join(' or '.join(repr(word) for word in wanted[name][:2]) for name in missing)}"
    other = looks_like(header.words)
    if other and other != what:
        raise BadFile(file.path, place="header", expected=expected, found=f"what looks like {other}")
    # A file without a header would put a person's row into the message: cells are quoted only where one of them is a header for certain.
    known = set(places.values()) | {place for place, word in enumerate(header.words) if word in _KNOWN_WORDS}
    known = set(sorted(known)[:_SHOWN_CELLS])
    others = len(header.cells) - len(known)
    shown = ", ".join(repr(header.cells[place].strip()) for place in sorted(known))
    if not known:
        shown = f"{others} cells, none of them a known header"
    elif others:
        shown += f" and {others} more that are none"
    raise BadFile(file.path, place=f"line {header.line} (header)", expected=expected, found=shown)


#: What each kind of export is recognised by: all the words of one of the sets stand in its header row.
KINDS: dict[str, tuple[frozenset[str], ...]] = {
    "a Moodle log (kind moodle_logs)": (
        frozenset({"event context", "event name", "description"}),
        frozenset({"контекст события", "название события", "описание"}),
    ),
    "a Moodle completion report (kind moodle_reports)": (
        frozenset({"id", "name", "email address", "course complete"}),
        frozenset({"id", "название", "адрес электронной почты", "курс завершен"}),
    ),
    "a Moodle gradebook or list of participants (kinds moodle_grades, moodle_participants)": (
        frozenset({"first name", "last name", "email address"}),
        frozenset({"first name", "surname", "email address"}),
        frozenset({"имя", "фамилия", "адрес электронной почты"}),
    ),
    "a Zoom participants report (kind zoom)": (
        frozenset({"join time", "leave time"}),
        frozenset({"время входа", "время выхода"}),
        frozenset({"topic", "meeting id"}),
        frozenset({"тема", "идентификатор конференции"}),
    ),
    "a Teams attendance report (kind teams)": (
        frozenset({"full name", "user action", "timestamp"}),
        frozenset({"полное имя", "действие пользователя"}),
        frozenset({"fullname", "utceventtimestamp"}),
        frozenset({"full name", "utc event timestamp"}),
        frozenset({"first join", "last leave"}),
        frozenset({"full name", "join time", "leave time", "duration"}),
    ),
    "Google Meet attendance (kind meet)": (
        frozenset({"meeting code", "participant identifier"}),
        frozenset({"код встречи", "идентификатор участника"}),
        frozenset({"time joined", "time exited"}),
    ),
    "survey answers (kind survey_csv)": (
        frozenset({"timestamp"}),
        frozenset({"отметка времени"}),
        frozenset({"время создания"}),
        frozenset({"start time", "completion time"}),
        frozenset({"время начала", "время выполнения"}),
    ),
}
#: Header cells that an error quotes: a damaged file may repeat them without end.
_SHOWN_CELLS = 30
_KNOWN_WORDS = frozenset(word for sets in KINDS.values() for words in sets for word in words)
#: The progress report's header begins with an empty cell and the address; task names follow.
_PROGRESS = "a Moodle completion report (kind moodle_reports)"
_ADDRESS_WORDS = frozenset({"email address", "адрес электронной почты"})


def looks_like(words: Sequence[str]) -> str | None:
    """What kind of export has this header; None where it is none that is known."""
    present = frozenset(words)
    for kind, sets in KINDS.items():
        if any(one <= present for one in sets):
            return kind
    if len(words) > 1 and not words[0] and _ADDRESS_WORDS & present:
        return _PROGRESS
    return None
