"""A JSON document larger than memory, walked from the front: objects and arrays are entered, values taken one at a time.

Chat exports are one object with a list of a million messages in it. The walk enters that list and takes its elements in blocks
(:meth:`JsonStream.blocks`): a block is cut where an element seems to end and given to orjson. A cut is right if and only if the piece
between it and the last right one is, put into brackets, a JSON array: a cut inside a string or inside an element leaves something
open. So the guess needs to know nothing of the writer's indentation, and where it fails the elements are taken one by one with the
standard library's scanner (:meth:`JsonStream.value`), which also takes what orjson refuses: raw control characters, halves of
surrogate pairs, NaN. What is in memory is one value or one block of text. Nothing here knows what the document is about.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sized
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson

from pipelines.errors import BadFile

Elements = TypeVar("Elements", bound=Sized)

#: Bytes read at once, and decoded at once where values are taken one by one.
_BLOCK = 1 << 22
_WINDOW = 1 << 16
#: Bytes given to orjson at once: what it makes of them has to fit into the processor's cache, or all becomes half as fast. The
#: first pieces are small, so that little is done twice where the elements end soon; each right cut doubles them.
_FIRST_PIECE = 1 << 16
_LARGEST_PIECE = 1 << 18
#: What a caller makes no objects of may be so many times as large.
_TIMES_READ = 8
#: Elements taken one by one after a piece that could not be cut, before the next cut is tried.
_ONE_BY_ONE = 500
#: No single value (a message, a list of contacts) is longer; a document that is damaged is not read to its end to find that out.
_LONGEST_VALUE = 1 << 26
#: The scanner reports a value cut off by the end of the block at most this far before that end.
_SLACK = 16
_SPACE = " \t\n\r"
#: How an array of objects begins: white space, brace, first key, colon. The next object begins likewise.
_OPENER = re.compile(rb'\s*\{\s*"[^"\\]{0,64}"\s*:')
_NEXT_MARK = re.compile(rb"[ \t\n\r]*([,\]])")
#: Telegram Desktop writes control characters as \\x0B, which is no JSON; any other escape is passed over whole.
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_ESCAPE_IN_BYTES = re.compile(_ESCAPE.pattern.encode(), re.DOTALL)
#: Telegram Desktop 4.1 writes the path of an emoji's picture, or why there is none, without quotes. No string holds a line feed, so this stands in none.
_UNQUOTED = re.compile(r'(?<="document_id": )[^\s"\[{\d-][^\n"\\]*?(?=,?\n)')
#: Whole numbers that orjson takes for such; others are floats for both.
_INT64, _UINT64 = -(1 << 63), 1 << 64
_SURE_DIGITS = 18


class JsonStream:
    """One pass over one document.

    Parameters
    ----------
    content: opened in binary mode.
    path: for messages.

    Every method raises BadFile with the byte where the document stops being what was asked for.
    """

    def __init__(self, content: BinaryIO, path: Path) -> None:
        self._content, self._path = content, path
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._scanner = json.JSONDecoder(strict=False, parse_int=_whole_number)
        #: Bytes in memory; those before ``_raw_at`` are decoded or taken, ``_given`` counts them all from the start of the file.
        self._raw, self._raw_at, self._given, self._is_read = b"", 0, 0, False
        #: What is decoded and not yet taken stands behind ``_at``.
        self._text, self._at, self._is_over = "", 0, False
        #: The text in memory is no longer what stands in the file.
        self._is_mended = False
        self._refill()
        if self._text.startswith("\ufeff"):
            self._at = 1

    @property
    def place(self) -> str:
        """Where the walk stands: "byte N", counted from 0 (a few bytes off behind escapes that had to be mended)."""
        undecoded = len(self._decoder.getstate()[0])
        return f"byte {max(0, self._given - undecoded - len(self._text[self._at :].encode()))}"

    def peek(self) -> str:
        """The next character that is not white space, not taken; empty at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _SPACE:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if not self._refill():
                return ""

    def take(self, wanted: str) -> None:
        """Take one punctuation mark."""
        found = self.peek()
        if found != wanted:
            raise self.bad(
                f"'{wanted}'", f"'{found}'" if found in '{}[],:"' and found else "the end of the file" if not found else "something else"
            )
        self._at += 1

    def value(self) -> Any:
        """Take one whole value, however deep."""
        self.peek()
        while True:
            try:
                value, end = self._scanner.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if error.msg.startswith("Invalid \\escape") and self._mend(_ESCAPE, _mended):
                    continue
                if error.msg.startswith("Expecting value") and self._mend(_UNQUOTED, _quoted):
                    continue
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _SLACK
                if self._is_over:
                    found = "the end of the file" if cut else "something else"
                    raise self.bad("a whole JSON value", f"{found}: the file is cut off or damaged") from None
                if not cut or len(self._text) - self._at > _LONGEST_VALUE:
                    raise self.bad("a JSON value", "something else") from None
                self._refill(at_least=len(self._text) - self._at)
            except RecursionError:
                raise self.bad("a JSON value", "a thousand levels of nesting") from None
            else:
                # A number at the very end of the text may go on in the next block.
                if end == len(self._text) and not self._is_over and self._refill():
                    continue
                self._at = end
                return value

    def members(self) -> Iterator[str]:
        """Enter an object and stop at each of its keys; the caller takes the value before it asks for the next key."""
        self.take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self.bad("a key", "the end of the file" if not self.peek() else "something else")
            key = self.value()
            self.take(":")
            yield key
            if self.peek() == "}":
                self._at += 1
                return
            self.take(",")

    def elements(self) -> Iterator[int]:
        """Enter an array and stop before each element, numbered from 1; the caller takes it before it asks for the next."""
        self.take("[")
        number = 0
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            number += 1
            yield number
            if self.peek() == "]":
                self._at += 1
                return
            self.take(",")

    def blocks(self, read: Callable[[bytes], Elements | None] | None = None) -> Iterator[list[Any] | Elements]:
        """Enter an array and take its elements, some hundreds at a time: what ``elements`` and ``value`` give, and the same errors.

        ``read`` may make something else of the bytes of whole elements, commas between them, than a list of values; it returns None for
        what it does not know, and for whatever may be no JSON.
        """
        self.take("[")
        self._undecode()
        self._read_on(_FIRST_PIECE)
        opening = _OPENER.match(self._raw, self._raw_at)
        if self.peek() == "]":
            self._at += 1
            return
        size = _FIRST_PIECE
        while True:
            values = self._piece(opening[0], size, read) if opening else None
            size = min(2 * size, _LARGEST_PIECE * (_TIMES_READ if read else 1)) if values else _FIRST_PIECE
            if values:
                yield values
                if self._take_raw(b","):
                    continue
            else:
                values = [self.value()]
                while len(values) < _ONE_BY_ONE and self.peek() == ",":
                    self._at += 1
                    values.append(self.value())
                yield values
            if self.peek() == "]":
                self._at += 1
                return
            self.take(",")

    def _piece(self, opening: bytes, size: int, read: Callable[[bytes], Elements | None] | None) -> list[Any] | Elements | None:
        """The elements that end within the next ``size`` bytes; None where no cut can be made."""
        self._undecode()
        self._read_on(size)
        for cut in self._cuts(opening, size):
            piece = self._raw[self._raw_at : cut]
            values: list[Any] | Elements | None = read(piece) if read else None
            if values is None:
                if b"\\x" in piece:
                    piece = _ESCAPE_IN_BYTES.sub(lambda escape: b"\\u00" + escape[1] if escape[1] else escape[0], piece)
                try:
                    values = orjson.loads(b"[%b]" % piece)
                except orjson.JSONDecodeError:
                    continue
            if values:
                self._given += cut - self._raw_at
                self._raw_at = cut
                return values
        return None

    def _cuts(self, opening: bytes, size: int) -> Iterator[int]:
        """Where an element may end: before the last of those that begin within ``size`` bytes; else, where the array may end."""
        raw, start, stop = self._raw, self._raw_at, self._raw_at + size
        cut = raw.rfind(b"}," + opening, start, stop) + 1 or raw.rfind(b"}, " + opening, start, stop) + 1
        if cut > start:
            yield cut
        space = opening[: opening.index(b"{")]
        if b"\n" in space:  # Telegram Desktop indents by one
            cut = raw.find(space[:-1] + b"]", start, stop)
            if cut > start:
                yield cut

    def _undecode(self) -> None:
        """Give back what was decoded and not taken, so that the walk stands in the bytes."""
        rest = self._text[self._at :].encode() + self._decoder.getstate()[0]
        if self._is_mended or len(rest) > self._raw_at:
            self._raw, self._raw_at = rest + self._raw[self._raw_at :], 0
        else:
            self._raw_at -= len(rest)
        self._given -= len(rest)
        self._decoder.reset()
        self._text, self._at, self._is_over, self._is_mended = "", 0, False, False

    def _take_raw(self, wanted: bytes) -> bool:
        """Take one punctuation mark out of the bytes, if it stands there."""
        found = _NEXT_MARK.match(self._raw, self._raw_at)
        if not found or found[1] != wanted:
            return False
        self._given += found.end() - self._raw_at
        self._raw_at = found.end()
        return True

    def _read_on(self, wanted: int) -> None:
        """Have that many bytes in memory that are not decoded, if the file has them."""
        while len(self._raw) - self._raw_at < wanted and not self._is_read:
            try:
                block = self._content.read(max(_BLOCK, wanted))
            except (EOFError, OSError, zlib.error) as error:  # a cut or damaged gzip
                place = f"byte {self._given + len(self._raw) - self._raw_at} (unpacked)"
                raise BadFile(
                    self._path, place=place, expected="more of the file", found="its end: the packed file is cut off or damaged"
                ) from error
            self._raw, self._raw_at, self._is_read = self._raw[self._raw_at :] + block, 0, not block

    def _mend(self, wrong: re.Pattern[str], right: Callable[[re.Match[str]], str]) -> bool:
        """Make JSON of what is none in the text in memory (escapes such as ``\\x0B``); False where there is nothing of it."""
        rest, changes = wrong.subn(right, self._text[self._at :])
        if not changes or rest == self._text[self._at :]:
            return False
        self._text, self._at, self._is_mended = rest, 0, True
        return True

    def bad(self, expected: str, found: str) -> BadFile:
        """The error that says so at the place where the walk stands."""
        return BadFile(self._path, place=self.place, expected=expected, found=found)

    def _refill(self, at_least: int = 0) -> bool:
        """Decode some more; False at the end of the file."""
        if self._is_over:
            return False
        wanted = max(_WINDOW, at_least)
        self._read_on(wanted)
        block = self._raw[self._raw_at : self._raw_at + wanted]
        rest = self._text[self._at :]
        try:
            more = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            place = f"byte {self._given - len(self._decoder.getstate()[0]) + error.start}"
            raise BadFile(self._path, place=place, expected="UTF-8", found="another encoding") from None
        self._raw_at, self._given = self._raw_at + len(block), self._given + len(block)
        self._text, self._at, self._is_over = rest + more, 0, not block
        return bool(more) or (bool(block) and self._refill())


def _mended(escape: re.Match[str]) -> str:
    return f"\\u00{escape[1]}" if escape[1] else escape[0]


def _quoted(value: re.Match[str]) -> str:
    return f'"{value[0]}"'


def _whole_number(digits: str) -> int | float:
    """As orjson: what 64 bits cannot hold is a float. (Python refuses to convert thousands of digits.)"""
    if len(digits) <= _SURE_DIGITS:
        return int(digits)
    if len(digits) > 2 + _SURE_DIGITS or not _INT64 <= int(digits) < _UINT64:
        return float(digits)
    return int(digits)
