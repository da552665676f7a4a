"""Small facts about a text that readers of chat and mail record at the door."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")
#: The same for a whole column: RE2's \\W knows ASCII only, so the classes are named.
_WORD_OF_COLUMN = r"[\p{L}\p{N}]+(?:[-'’.][\p{L}\p{N}]+)*"
_QUESTION_MARKS = "?？؟"


def storable(text: str) -> str:
    """The text with what no database stores (half a surrogate pair, a zero byte) made the replacement character."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("�", text)


def count_words(text: str) -> int:
    """Runs of letters and digits; "из-за" and "6.2" are one word, emoji and punctuation none."""
    return sum(1 for _ in _WORD.finditer(text))


def count_question_marks(text: str) -> int:
    """Question marks, full-width and Arabic ones included."""
    return sum(map(text.count, _QUESTION_MARKS))


def word_counts(texts: pa.Array) -> pa.Array:
    """:func:`count_words` of every text of a column (int32; null stays null)."""
    return pc.cast(pc.count_substring_regex(texts, _WORD_OF_COLUMN), pa.int32())


def question_mark_counts(texts: pa.Array) -> pa.Array:
    """:func:`count_question_marks` of every text of a column (int32; null stays null)."""
    return pc.cast(pc.count_substring_regex(texts, f"[{_QUESTION_MARKS}]"), pa.int32())
