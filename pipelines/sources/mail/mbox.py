"""The mbox file: one mail after another, each behind a line that begins with "From ".

There is no one format (RFC 4155 describes the field rather than rules it): mboxo and mboxrd quote such lines in bodies with ">", mboxcl
counts bytes in Content-Length and mboxcl2 does not quote at all; some writers neither quote nor count. So a separator is a line that
follows an empty line, has a time and a year in it as From_ lines have, or nothing at all (unless the file's own first line is neither), and stands before
a header field; or, where a writer forgot the empty line, one that is a From_ line to the letter (RFC 4155) before two header fields. Nothing behind
"From " is what Thunderbird has written since 2024, also into files in which its older lines have a date. A Content-Length is believed where the file indeed goes on with a separator, or ends, after that many bytes.

A file whose first line ends with CR alone (Mac OS before X) is read with each CR as a line end.

Bodies are passed over block by block and not kept; only those that ``is_report`` asks for (what mail servers and mail programs
report) are handed on, up to a bound. Memory is one block, one header and one report.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pipelines.errors import BadFile
from pipelines.sources.mail.mail_headers import Fields, first, read_fields

_BLOCK = 1 << 20
#: A header block is longer in no mail that servers pass on.
HEADER_BYTES = 1 << 20
#: The machine-readable parts of a report stand before the returned mail's body.
REPORT_BYTES = 1 << 20
#: A separator and the line after it fit in here.
_LOOK_AHEAD = 4096
#: A file whose Content-Length was wrong this often counts differently (line ends changed on the way): not asked again.
_WRONG_LENGTHS = 3
_DATED = re.compile(rb"From [^\n]*\d{1,2}:\d{2}[^\n]*\b(?:19|20)\d\d\b|From [^\n]*\b(?:19|20)\d\d\b[^\n]*\d{1,2}:\d{2}")
_BARE = re.compile(rb"From[ \t]*(?:-[ \t]*)?\r?")
#: "From somebody Mon Oct  5 07:00:00 2026", a zone before or behind the year.
_TO_THE_LETTER = re.compile(
    rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d"
    rb"(?: [A-Z]{3,4}| [+-]\d{4})? (?:19|20)\d\d(?: [A-Z]{3,4}| [+-]\d{4})?\r?\n[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*[!-9;-~]+:"
    rb"|From[ \t]*\r?\nX-Mozilla-Status: [0-9a-f]{4}\r?\n"
)
_FIELD_LINE = re.compile(rb"(?:>?From |[!-9;-~]+[ \t]*:)")
#: What an editor puts at the beginning of a file.
_MARK = b"\xef\xbb\xbf"
_HEADER_END = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"\d{1,12}")


@dataclass(frozen=True)
class RawMail:
    """One mail: the fields that are read of its header (None: the file ends inside it, or it is too long), and of the body nothing, or
    the first bytes of a report."""

    number: int
    envelope: bytes
    fields: Fields | None
    report: bytes = b""
    #: Its header is that of a report, whether or not anything of it is there.
    is_report: bool = False
    #: Why nothing of it is read, where that is known already.
    problem: str | None = None


def split_mbox(content: BinaryIO, path: Path, is_report: Callable[[Fields], bool]) -> Iterator[RawMail]:
    """The mails of one file, numbered from 1; none of an empty file (an empty mailbox).

    Parameters
    ----------
    content: seekable, in binary mode.
    is_report: told a header's fields, says whether the body is a report and wanted.

    Raises BadFile for a file that does not begin with a From_ line, and for one that is packed and cut off.
    """
    if _ends_in_returns(content):
        content = cast(BinaryIO, _Returns(content))
    window = _Window(content, path)
    window.pass_blank()
    window.has(_LOOK_AHEAD)
    if window.data.startswith(_MARK, window.at):
        window.at += len(_MARK)
    if not window.has(1):
        return
    if not window.data.startswith(b"From ", window.at):
        line = window.data[window.at : window.at + _LOOK_AHEAD].split(b"\n")[0]
        found = "a header field: a single mail, not a mailbox" if _FIELD_LINE.match(line) else "something else"
        raise BadFile(path, place="line 1", expected="a mailbox: a line that begins with 'From '", found=found)
    line = window.data[window.at : window.at + _LOOK_AHEAD].split(b"\n")[0]
    is_dated = bool(_DATED.match(line) or _BARE.fullmatch(line))
    number = wrong_lengths = 0
    while window.has(1):
        number += 1
        envelope = window.line()
        header = window.header()
        if header is None:
            yield RawMail(number, envelope, None)
            if not window.pass_body(is_dated, None):
                return
            continue
        fields = read_fields(header)
        wanted = is_report(fields)
        if not wanted and wrong_lengths < _WRONG_LENGTHS and (length := first(fields, "content-length")) and _LENGTH.fullmatch(length):
            if window.pass_length(int(length), is_dated):
                yield RawMail(number, envelope, fields)
                continue
            wrong_lengths += 1
        report = bytearray() if wanted else None
        has_more = window.pass_body(is_dated, report)
        yield RawMail(number, envelope, fields, bytes(report or b""), wanted)
        if not has_more:
            return


def _ends_in_returns(content: BinaryIO) -> bool:
    """The first line that is not empty ends with CR and no LF."""
    try:
        beginning = content.read(_LOOK_AHEAD).lstrip(b"\r\n")
        content.seek(0)
    except (EOFError, OSError, zlib.error):
        return False
    end = beginning.find(b"\r")
    return 0 <= end < len(beginning) - 1 and b"\n" not in beginning[: end + 2]


class _Returns:
    """A file whose CR are read as LF: every byte stays where it is."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        return self._content.read(size).replace(b"\r", b"\n")

    def seek(self, place: int) -> int:
        return self._content.seek(place)


class _Window:
    """The part of the file in memory. ``at`` is where reading stands in ``data``."""

    def __init__(self, content: BinaryIO, path: Path) -> None:
        self.content, self.path = content, path
        self.data, self.at, self.start, self.is_over = b"", 0, 0, False

    def has(self, count: int) -> bool:
        """Have ``count`` bytes at hand from here on; False where the file ends before."""
        while len(self.data) - self.at < count and not self.is_over:
            try:
                block = self.content.read(max(_BLOCK, count))
            except (EOFError, OSError, zlib.error) as error:
                place = f"byte {self.start + len(self.data)} (unpacked)"
                raise BadFile(
                    self.path, place=place, expected="more of the file", found=f"a cut or damaged file ({type(error).__name__})"
                ) from error
            self.is_over = not block
            self.start += self.at
            self.data, self.at = self.data[self.at :] + block, 0
        return len(self.data) - self.at >= count

    def pass_blank(self) -> None:
        """Pass empty lines."""
        while self.has(1) and self.data[self.at] in b"\r\n":
            self.at += 1

    def line(self) -> bytes:
        """Take the rest of a line; its end stays, because a header that follows may be empty."""
        self.has(_LOOK_AHEAD)
        end = self.data.find(b"\n", self.at)
        end = len(self.data) if end < 0 else end
        line = self.data[self.at : end]
        self.at = end
        return line.rstrip(b"\r")

    def header(self) -> bytes | None:
        """Take a header block; the last line end of the empty line after it stays. None where it has no end."""
        size = _LOOK_AHEAD
        while True:
            is_whole = not self.has(size)
            match = _HEADER_END.search(self.data, self.at)
            if match:
                header = self.data[self.at + 1 : match.start()] if match.start() > self.at else b""
                self.at = match.end() - 1
                return header
            if is_whole or size > HEADER_BYTES:
                return None
            size = max(2 * size, len(self.data) - self.at + 1)

    def pass_length(self, length: int, is_dated: bool) -> bool:
        """Pass a body of ``length`` bytes if a separator or the end of the file follows; else stay."""
        home = self.start + self.at
        if len(self.data) - self.at <= length:
            self._go(home + length)
            is_there = self.has(1)
            self.at += 1
        else:
            is_there = True
            self.at += 1 + length
        if is_there:
            self.pass_blank()
            self.has(_LOOK_AHEAD)
            if not self.has(1) or self._is_separator(self.at, is_dated):
                return True
        self._go(home)
        return False

    def _go(self, place: int) -> None:
        """Go to a byte of the file, forward or back."""
        if self.start <= place <= self.start + len(self.data):
            self.at = place - self.start
            return
        self.content.seek(place)
        self.data, self.at, self.start, self.is_over = b"", 0, place, False

    def pass_body(self, is_dated: bool, kept: bytearray | None) -> bool:
        """Pass everything up to the next separator; False where there is none. ``kept`` receives the first bytes of it."""
        while True:
            begin = self.at
            while (found := self.data.find(b"\nFrom ", begin)) >= 0:
                if len(self.data) - found < _LOOK_AHEAD and not self.is_over:
                    break
                # A report gives back a mail, sometimes with its From_ line.
                is_apart = self._follows_blank(found) or (kept is None and is_dated and _TO_THE_LETTER.match(self.data, found + 1))
                if is_apart and self._is_separator(found + 1, is_dated):
                    self._keep(kept, found)
                    self.at = found + 1
                    return True
                begin = found + 1
            # The last bytes stay: a separator may begin in them, and the empty line before it has to be seen.
            until = max(self.at, (found if found >= 0 else len(self.data)) - 16)
            if self.is_over:
                self._keep(kept, len(self.data))
                self.at = len(self.data)
                return False
            self._keep(kept, until)
            self.at = until
            self.has(len(self.data) - self.at + 1)

    def _keep(self, kept: bytearray | None, until: int) -> None:
        if kept is not None and len(kept) < REPORT_BYTES:
            kept += self.data[self.at : until]

    def _follows_blank(self, newline: int) -> bool:
        """Is the line that ends at ``newline`` empty (or is this where the header ended)?"""
        before = self.data[max(0, newline - 2) : newline]
        return before.endswith(b"\n") or before == b"\n\r" or (newline == self.at and not before)

    def _is_separator(self, place: int, is_dated: bool) -> bool:
        end = self.data.find(b"\n", place)
        if end < 0 or not self.data.startswith(b"From ", place):
            return False
        if is_dated and not _DATED.match(self.data[place:end]) and not _BARE.fullmatch(self.data, place, end):
            return False
        return bool(_FIELD_LINE.match(self.data, end + 1))
