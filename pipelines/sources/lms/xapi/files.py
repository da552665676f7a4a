"""Files of xAPI statements: a JSON array, one statement a line, ``{"statements": […], "more": …}``, whole statements one after another; gzip.

A file is recognised by its first bytes, never by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.sources.formats.json_lines import objects, opened, parsed, storable_value
from pipelines.sources.formats.json_stream import JsonStream

_EXPECTED = "xAPI statements as JSON"
#: Bytes at the head of a file in which its form shows.
_HEAD_BYTES = 1 << 16
_WHOLE_DOCUMENT = re.compile(rb'\s*\{\s*"(?:statements|more)"\s*:')
_BLOCK = 1 << 20


def statements(path: Path) -> Iterator[tuple[str, Any, str]]:
    """Place, statement, and "" – or None and why there is none. Raises BadFile for what holds no statements."""
    for place, value, reason in _values(path):
        # Documents of a store's own database (Learning Locker's) have the statement as one of their fields.
        is_wrapped = isinstance(value, dict) and "actor" not in value and isinstance(value.get("statement"), dict)
        yield place, value["statement"] if is_wrapped else value, reason


def _values(path: Path) -> Iterator[tuple[str, Any, str]]:
    with opened(path) as content:
        head = content.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    if _is_lines(head):
        for number, value, reason in objects(path, _EXPECTED):
            yield f"line {number}", value, reason
        return
    with opened(path) as content:
        stream = JsonStream(content, path)
        first = stream.peek()
        if not first:
            raise stream.bad(_EXPECTED, "an empty file")
        if first not in "[{":
            raise stream.bad(_EXPECTED, "HTML or XML" if first == "<" else "something else")
        number = 0
        if first == "[":
            for number in stream.elements():
                yield f"statement {number}", storable_value(stream.value()), ""
        elif _WHOLE_DOCUMENT.match(head):
            for key in stream.members():
                if key == "statements" and stream.peek() == "[":
                    for number in stream.elements():
                        yield f"statement {number}", storable_value(stream.value()), ""
                else:
                    stream.value()
        else:
            while stream.peek() == "{":
                number += 1
                yield f"statement {number}", storable_value(stream.value()), ""
        if stream.peek():
            raise stream.bad("the end of the file", "more after the statements")


def _is_lines(head: bytes) -> bool:
    """Is the first line a whole object, and no document of many statements?"""
    line, line_end, rest = head.lstrip().partition(b"\n")
    if not line.startswith(b"{") or _WHOLE_DOCUMENT.match(line):
        return False
    if not line_end and len(head) >= _HEAD_BYTES:  # one long line: pretty-printed ones are short
        return True
    return parsed(line)[1] == "" or (bool(rest) and parsed(rest.partition(b"\n")[0])[1] == "")


def voided_in(path: Path) -> set[str]:
    """Ids (in small letters) of the statements that the file itself takes back; they may stand before or after what does it."""
    if not _mentions(path, b"/voided"):
        return set()
    found = set()
    for _, statement, _ in statements(path):
        verb = statement.get("verb") if isinstance(statement, dict) else None
        target = statement.get("object") if isinstance(statement, dict) else None
        if isinstance(verb, dict) and isinstance(target, dict) and str(verb.get("id", "")).rstrip("/").endswith("/voided"):
            found.add(str(target.get("id", "")).lower())
    return found


def _mentions(path: Path, word: bytes) -> bool:
    with opened(path) as content:
        tail = b""
        while block := content.read(_BLOCK):
            if word in tail + block or b"\\/voided" in tail + block:
                return True
            tail = block[-len(word) :]
    return False
