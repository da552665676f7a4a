"""Files of one JSON object a line, plain or gzip: event logs and statement dumps of any size, one line in memory at a time.

What belongs here is true of every such file: a byte order mark, what a logging daemon wrote before the object (time, host, level), blank
lines, lines cut or garbled in the middle, a last line cut off with the file, gzip recognised by its first bytes and never trusted.
What a line means is the business of the reader that opens the file.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from pipelines.errors import BadFile
from pipelines.sources.formats.plain_text import storable

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_BUFFER = 1 << 20
#: No event is longer (bytes): an essay handed in is some hundreds of kilobytes. A longer line is one bad row.
LONGEST_LINE = 1 << 24
#: Lines without a single object among them at the head of a file show that it is something else.
_LINES_TO_TELL = 100
#: A gzip file may unfold to this many bytes, or to so many times its own size: logs shrink ten- to fiftyfold, bombs a thousandfold.
_UNFOLDS_FREELY = 1 << 28
_UNFOLDS_TIMES = 200

NO_JSON, NOT_AN_OBJECT, TOO_LONG = "no JSON", "not an object", "line too long"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's content, unpacked where it is gzip. Raises BadFile (while it is read, too) for a packed file that is damaged or a bomb."""
    with path.open("rb") as file:
        is_packed = file.read(2) == _GZIP
        file.seek(0)
        if not is_packed:
            yield cast(BinaryIO, file)
            return
        limit = max(_UNFOLDS_FREELY, path.stat().st_size * _UNFOLDS_TIMES)
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield cast(BinaryIO, io.BufferedReader(_Bounded(cast(BinaryIO, unpacked), path, limit), _BUFFER))


class _Bounded(io.RawIOBase):
    """Bytes of a packed file, no more of them than the limit."""

    def __init__(self, content: BinaryIO, path: Path, limit: int) -> None:
        self._content, self._path, self._left = content, path, limit

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        try:
            block = self._content.read(len(into))
        except (EOFError, OSError, zlib.error) as error:
            raise BadFile(self._path, place="packed content", expected="a whole gzip file", found="one cut off or damaged") from error
        self._left -= len(block)
        if self._left < 0:
            raise BadFile(self._path, place="packed content", expected="a log or a dump", found="a file that unfolds without end")
        into[: len(block)] = block
        return len(block)


def objects(path: Path, expected: str) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """Line number (from 1), object, and "" – or None and why there is none (``NO_JSON``, ``NOT_AN_OBJECT``, ``TOO_LONG``).

    ``expected``: what the file should be, for messages. Raises BadFile for an empty file, for one without any object in it, and for
    one that ends within a line.
    """
    number, found, lines = 0, 0, 0
    with opened(path) as content:
        while line := content.readline(LONGEST_LINE):
            number += 1
            is_whole = line.endswith(b"\n")
            if not is_whole and len(line) == LONGEST_LINE:
                while more := content.readline(LONGEST_LINE):
                    if more.endswith(b"\n"):
                        break
                lines += 1
                yield number, None, TOO_LONG
                continue
            value, reason = parsed(line[3:] if number == 1 and line.startswith(_BOM) else line)
            if reason:
                if not line.strip():
                    continue
                if not is_whole and reason == NO_JSON and found:
                    raise BadFile(path, place=f"line {number}", expected="a whole line", found="the end of the file: it is cut off")
                lines += 1
                if not found and lines >= _LINES_TO_TELL:
                    break
            else:
                found += 1
                lines += 1
            yield number, value, reason
    if not found:
        raise BadFile(path, place="line 1", expected=expected, found="something else" if lines else "an empty file")


def parsed(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object of one line, whatever a logging daemon wrote before it; or None and the reason."""
    if not line.startswith(b"{"):
        start = line.find(b"{")
        line = line[start:] if start > 0 else line
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = _leniently(line)
    else:
        if b"\\u0000" in line:
            value = storable_value(value)
    if isinstance(value, dict):
        return value, ""
    return None, NO_JSON if value is None else NOT_AN_OBJECT


def _leniently(line: bytes) -> Any:
    """What the standard library still takes: half a surrogate pair in an escape, NaN. None for anything else."""
    try:
        return storable_value(json.loads(line.decode("utf-8"), strict=False))
    except (ValueError, RecursionError):
        return None


def storable_value(value: Any) -> Any:
    """The value with all its texts storable (:func:`storable`) and its keys as they are."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_value(part) for part in value]
        case dict():
            return {key: storable_value(part) for key, part in value.items()}
        case float() if value != value or value in (float("inf"), float("-inf")):
            return None
        case _:
            return value
