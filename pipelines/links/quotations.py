"""Words that a text quotes: what stands in quotation marks, and sentences that name the law they repeat. They are nobody's copy.

Two learners who quote the same paragraph agree in it, and neither has it from the other. A text of which most is in quotation marks
is no text with quotations: there nothing is left out, or marks around a whole copy would hide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.text import Words
from pipelines.thresholds import threshold

#: Longer stretches between two marks are no quotation but a mark that was left open.
_LONGEST = 1500
_QUOTED = re.compile(rf"«[^«»]{{1,{_LONGEST}}}»|“[^“”„]{{1,{_LONGEST}}}”|„[^“”„]{{1,{_LONGEST}}}[“”]", re.DOTALL)
#: Straight marks do not tell where a quotation begins: one left out turns everything round.
_STRAIGHT = re.compile(r"(?<!\w)\"[^\"\n]{1,400}\"(?!\w)")
#: A sentence that names a law, a standard or a paragraph of one.
_LAW = re.compile(
    r"(?:\bст(?:\.|ать[яеёюи]\w*)\s*\d|\bп(?:\.|ункт\w*)\s*\d|\bч(?:\.|аст[ьи]\w*)\s*\d|№\s*\d+\s*-\s*ФЗ|\bФЗ\b|федеральн\w+\s+закон"
    r"|\bФГОС\b|\bГОСТ\b|\bСанПиН\b|конституци\w+\s+РФ|кодекс\w*\s+РФ|\b(?:article|section|paragraph)\s+\d|§\s*\d)",
    re.IGNORECASE,
)
_NAMES = ("фз", "федеральн", "фгос", "гост", "санпин", "конституци", "кодекс")
_PARTS = ("ст.", "стат", "п.", "пункт", "ч.", "част", "№", "article", "section", "paragraph", "§")
_DIGIT = re.compile(r"\d")
_SENTENCE_END = re.compile(r"[.!?…][»”\")]?\s+(?=[«\"“„(]?[A-ZА-ЯЁ])|\n")


def quoted_words(texts: Sequence[str | None], found: Words) -> NDArray[np.bool_]:
    """Per word of ``found`` (the words of ``texts``): it is quoted. What would make it more than ``copy_quoted_share`` of a text is not."""
    result = np.zeros(len(found.key), np.bool_)
    first = found.first
    most = threshold("copy_quoted_share")
    for number, text in enumerate(texts):
        inside = np.zeros(first[number + 1] - first[number], np.bool_)
        for spans in _spans(text) if text and len(inside) else ():
            more = inside | _covered(found.start[first[number] : first[number + 1]], spans)
            if more.mean() <= most:
                inside = more
        result[first[number] : first[number + 1]] = inside
    return result


def _covered(places: NDArray[np.int64], spans: list[tuple[int, int]]) -> NDArray[np.bool_]:
    """Words (by the places where they begin) that stand in one of the spans."""
    edges = np.searchsorted(places, np.array(spans, np.int64))
    marks = np.zeros(len(places) + 1, np.int64)
    np.add.at(marks, edges[:, 0], 1)
    np.add.at(marks, edges[:, 1], -1)
    return np.cumsum(marks)[:-1] > 0


def _spans(text: str) -> Iterator[list[tuple[int, int]]]:
    """Spans by what shows them, the surest first; kinds without any are left out."""
    if _may_name_a_law(text) and (laws := list(_LAW.finditer(text))):
        ends = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
        place = np.searchsorted(np.array(ends), [match.start() for match in laws], side="right")
        yield [(ends[at - 1], ends[min(at, len(ends) - 1)]) for at in np.unique(place).tolist()]
    for pattern, marks in ((_QUOTED, "«“„"), (_STRAIGHT, '"')):
        if any(mark in text for mark in marks) and (spans := [match.span() for match in pattern.finditer(text)]):
            yield spans


def _may_name_a_law(text: str) -> bool:
    """A quick look first: nearly every text names none."""
    lower = text.lower()
    named = any(word in lower for word in _NAMES)
    return named or (_DIGIT.search(lower) is not None and any(word in lower for word in _PARTS))
