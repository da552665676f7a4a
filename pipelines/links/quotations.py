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
#: A quotation may hold another one. What a mark opens is taken whole or not at all, so a mark left open costs one look.
_QUOTED = re.compile(r"«(?:[^«»]++|«[^«»]*+»)++»|“(?:[^“”„]++|“[^“”„]*+”)++”|„[^“”„]++[“”]")
_QUOTED_SHORT = re.compile(rf"«[^«»]{{1,{_LONGEST}}}»|“[^“”„]{{1,{_LONGEST}}}”|„[^“”„]{{1,{_LONGEST}}}[“”]")
#: Straight marks do not tell where a quotation begins: one left out turns everything round.
_STRAIGHT = re.compile(r"(?<!\w)\"[^\"\n]{1,400}\"(?!\w)")
#: A sentence that names a law or a standard …
_LAW = re.compile(
    r"№\s*\d+\s*-\s*ФЗ|\bФЗ\b|федеральн\w+\s+закон|\bФГОС\b|\bГОСТ\b|\bСанПиН\b|конституци\w+\s+РФ|кодекс\w*\s+РФ", re.IGNORECASE
)
_NAMES = ("фз", "федеральн", "фгос", "гост", "санпин", "конституци", "кодекс")
#: … or a paragraph of one: read backwards from its number, for numbers are rare and the words before them are not.
_PART = re.compile(
    r"(?:\bст(?:\.|ать[яеёюи]\w*)|\bп(?:\.|ункт\w*)|\bч(?:\.|аст[ьи]\w*)|\b(?:article|section|paragraph)\s|§)\s*\d\Z", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_PART_LENGTH = 32
_SENTENCE_END = re.compile(r"[.!?…][»”\")]?\s+(?=[«\"“„(]?[A-ZА-ЯЁ])|\n")


def quoted_words(texts: Sequence[str | None], found: Words) -> NDArray[np.bool_]:
    """Per word of ``found`` (the words of ``texts``): it is quoted. What would make it more than ``copy_quoted_share`` of a text is not."""
    result = np.zeros(len(found.key), np.bool_)
    first = found.first
    most = threshold("copy_quoted_share")
    for number, text in enumerate(texts):
        if not text or first[number] == first[number + 1]:
            continue
        inside: NDArray[np.bool_] | None = None
        for spans in _spans(text):
            more = _covered(found.start[first[number] : first[number + 1]], spans)
            if inside is not None:
                more |= inside
            if more.mean() <= most:
                inside = more
        if inside is not None:
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
    if laws := _laws(text):
        ends = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
        place = np.searchsorted(np.array(ends), laws, side="right")
        yield [(ends[at - 1], ends[min(at, len(ends) - 1)]) for at in np.unique(place).tolist()]
    if any(mark in text for mark in "«“„") and (spans := list(_quotations(text))):
        yield spans
    if '"' in text and (spans := [match.span() for match in _STRAIGHT.finditer(text)]):
        yield spans


def _quotations(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(text):
        begin, end = match.span()
        if end - begin <= _LONGEST + 2:
            yield begin, end
        else:  # a mark left open that another one closed: what stands in marks of its own inside
            yield from (inner.span() for inner in _QUOTED_SHORT.finditer(text, begin + 1, end - 1))


def _laws(text: str) -> list[int]:
    """Where a text names a law or a part of one."""
    lower = text.lower()
    places = [match.start() for match in _LAW.finditer(text)] if any(name in lower for name in _NAMES) else []
    for number in _NUMBER.finditer(text):
        begin = max(0, number.start() - _PART_LENGTH)
        if part := _PART.search(text, begin, number.start() + 1):
            places.append(part.start())
    return places
