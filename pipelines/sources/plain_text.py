"""Small facts about a text that readers of chat and mail record at the door."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")
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
