"""Files that are parsed as a whole, since one of their kind is small: an answer of a service, what a system says of one meeting."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import orjson

from pipelines.errors import BadFile

#: What is said of one meeting of a thousand people, or of a month of meetings, is some megabytes; more than this is something else, and would not
#: fit in memory parsed.
MOST_BYTES = 1 << 26


def small_content(path: Path, what: str) -> bytes:
    """The file's bytes, unpacked where it is gzipped, without a byte-order mark.

    Raises BadFile for a damaged gzip file, an empty file and one of more than :data:`MOST_BYTES`. ``what``: what was expected, for the error.
    """
    with path.open("rb") as beginning:
        is_gzip = beginning.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if is_gzip else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise BadFile(path, place="end of file", expected="a whole gzip file", found="a cut or damaged one") from error
    if len(content) > MOST_BYTES:
        raise BadFile(path, place=f"byte {MOST_BYTES}", expected=f"{what} of at most {MOST_BYTES >> 20} MB", found="more")
    if not content.strip():
        raise BadFile(path, place="byte 0", expected=what, found="an empty file")
    return content.removeprefix(b"\xef\xbb\xbf")


def json_of(path: Path, content: bytes, what: str) -> Any:
    """The JSON that a file holds. Raises BadFile for anything else."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadFile(path, place=f"character {error.pos}", expected=what, found="no JSON, or one that is cut off") from None


def other_json(path: Path, what: str) -> BadFile:
    """The error for JSON that is not what was expected."""
    return BadFile(path, place="byte 0", expected=what, found="other JSON")
