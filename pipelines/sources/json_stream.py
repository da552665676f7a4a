"""A JSON document larger than memory, walked from the front: objects and arrays are entered, values taken one at a time.

Chat exports are one object with a list of a million messages in it. The walk enters that list and takes one message after the
other with the standard library's C scanner: as fast as ijson's list of items (about 220,000 messages a second each), which cannot say
to which chat an item belongs; its events can, at a fraction of the speed. What is in memory is one value and one block of text.
Nothing here knows what the document is about.
"""

from __future__ import annotations

import codecs
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.errors import BadFile

_BLOCK = 1 << 20
#: No single value (a message, a list of contacts) is longer; a document that is damaged is not read to its end to find that out.
_LONGEST_VALUE = 1 << 26
#: The scanner reports a value cut off by the end of the block at most this far before that end.
_SLACK = 16
_SPACE = " \t\n\r"


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
        self._scanner = json.JSONDecoder(strict=False)
        self._text, self._at, self._is_over = "", 0, False
        #: Bytes before the text in memory, and bytes given to the decoder.
        self._before, self._given = 0, 0
        self._refill()
        if self._text.startswith("\ufeff"):
            self._at = 1

    @property
    def place(self) -> str:
        """Where the walk stands: "byte N", counted from 0."""
        return f"byte {self._before + len(self._text[: self._at].encode())}"

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

    def bad(self, expected: str, found: str) -> BadFile:
        """The error that says so at the place where the walk stands."""
        return BadFile(self._path, place=self.place, expected=expected, found=found)

    def _refill(self, at_least: int = 0) -> bool:
        """Read at least one block more; False at the end of the file."""
        if self._is_over:
            return False
        wanted = max(_BLOCK, at_least)
        try:
            block = self._content.read(wanted)
        except (EOFError, OSError, zlib.error) as error:  # a cut or damaged gzip
            raise BadFile(
                self._path, place=f"byte {self._given} (unpacked)", expected="more of the file", found=f"{type(error).__name__}"
            ) from error
        # What was taken is let go of; its bytes are counted, so that a place can be told.
        self._before += len(self._text[: self._at].encode())
        rest = self._text[self._at :]
        try:
            more = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise BadFile(self._path, place=f"byte {self._given + error.start}", expected="UTF-8", found="another encoding") from None
        self._given += len(block)
        self._text, self._at, self._is_over = rest + more, 0, not block
        return bool(more) or (bool(block) and self._refill())
