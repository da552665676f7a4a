"""Words that a text quotes: what stands in quotation marks, and sentences that name the law they repeat. They are nobody's copy.

Two learners who quote the same paragraph agree in it, and neither has it from the other. A text of which most is in quotation marks
is no text with quotations: there nothing is left out, or marks around a whole copy would hide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.text import Words
from pipelines.thresholds import threshold

#: Longer stretches between two marks are no quotation but a mark that was left open.
_LONGEST = 1500
#: A quotation may hold another one. What a mark opens is taken whole or not at all, so a mark left open costs one look.
_QUOTED = re.compile(r"«(?:[^«»]++|«[^«»]*+»)++»|“(?:[^“”„]++|“[^“”„]*+”)++”|„[^“”„]++[“”]")
_QUOTED_SHORT = re.compile(rf"«[^«»]{{1,{_LONGEST}}}»|“[^“”„]{{1,{_LONGEST}}}”|„[^“”„]{{1,{_LONGEST}}}[“”]")
#: Straight marks do not tell where a quotation begins: one left out turns everything round, so what stands between two is short.
_LONGEST_STRAIGHT = 400
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
#: Every text in which either is found, and a few others (RE2 knows no borders of Cyrillic words): says which texts are looked at closely.
_MAY_NAME_LAW = (
    rf"(?i){'|'.join(_NAMES)}|(?:ст(?:\.|ать[яеёюи][\pL\pN_]*)|п(?:\.|ункт[\pL\pN_]*)|ч(?:\.|аст[ьи][\pL\pN_]*)"
    r"|art[iıİ]cle|sect[iıİ]on|paragraph|§)[\pZ\x{1c}-\x{1f}\x{85}\t-\r]*\p{Nd}"
)
_PART_LENGTH = 32
_SENTENCE_END = re.compile(r"[.!?…][»”\")]?\s+(?=[«\"“„(]?[A-ZА-ЯЁ])|\n")


def quoted_words(texts: Sequence[str | None], found: Words) -> NDArray[np.bool_]:
    """Per word of ``found`` (the words of ``texts``): it is quoted. What would make it more than ``copy_quoted_share`` of a text is not."""
    inside = np.zeros(len(found.key), np.bool_)
    if not len(inside):
        return inside
    begin = np.concatenate(([0], np.cumsum([len(text or "") + 1 for text in texts])[:-1]))
    places, counts = begin[found.text] + found.start, found.counts
    most = threshold("copy_quoted_share")
    # By what shows quotations, the surest first: a kind that would take a text beyond the limit is left out in that text.
    for owner, start, end in (_law_sentences(texts), _marked(texts), _straight(texts)):
        if not len(owner):
            continue
        marks = np.zeros(len(places) + 1, np.int64)
        np.add.at(marks, np.searchsorted(places, begin[owner] + start), 1)
        np.add.at(marks, np.searchsorted(places, begin[owner] + end), -1)
        more = (np.cumsum(marks)[:-1] > 0) | inside
        quoted = np.bincount(found.text[more], minlength=len(counts))
        fits = np.zeros(len(counts), np.bool_)
        fits[owner] = (quoted / np.maximum(counts, 1) <= most)[owner]
        inside = np.where(fits[found.text], more, inside)
    return inside


#: Spans: number of the text, where it begins and ends there.
_Spans = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _as_spans(rows: list[tuple[int, int, int]]) -> _Spans:
    table = np.array(rows, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _holding(texts: Sequence[str | None], pattern: str) -> list[int]:
    """Numbers of the texts in which the pattern (RE2) is found: looked for in all of them at once, for in most there is none."""
    written = pa.array([(text or "").encode("utf-8", "replace") for text in texts], pa.binary()).cast(pa.string())
    return np.flatnonzero(pc.match_substring_regex(written, pattern).to_numpy(zero_copy_only=False)).tolist()


def _law_sentences(texts: Sequence[str | None]) -> _Spans:
    rows = []
    for number in _holding(texts, _MAY_NAME_LAW):
        text = texts[number] or ""
        if laws := _laws(text):
            ends = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
            place = np.searchsorted(np.array(ends), laws, side="right")
            rows += [(number, ends[at - 1], ends[min(at, len(ends) - 1)]) for at in np.unique(place).tolist()]
    return _as_spans(rows)


def _marked(texts: Sequence[str | None]) -> _Spans:
    return _as_spans([(number, *span) for number in _holding(texts, "[«“„]") for span in _quotations(texts[number] or "")])


def _straight(texts: Sequence[str | None]) -> _Spans:
    """What stands between straight marks: an opening mark follows no letter, a closing one precedes none; from the left, none twice."""
    chosen = [number for number, text in enumerate(texts) if text and '"' in text]
    if not chosen:
        return _as_spans([])
    held = [texts[number] or "" for number in chosen]
    begin = np.concatenate(([0], np.cumsum([len(text) + 1 for text in held])[:-1]))
    # Line ends around the texts: no quotation runs across one.
    codes = np.frombuffer(("\n".join(held) + "\n").encode("utf-32-le", "surrogatepass"), "<u4")
    mark = np.flatnonzero(codes == ord('"'))
    line = np.searchsorted(np.flatnonzero(codes == ord("\n")), mark)
    opens, closes = ~_are_letters(codes[mark - 1]) | (mark == 0), ~_are_letters(codes[mark + 1])
    length = np.diff(mark) - 1
    is_whole = opens[:-1] & closes[1:] & (line[1:] == line[:-1]) & (length >= 1) & (length <= _LONGEST_STRAIGHT)
    # A mark that closed one quotation opens no other: of such that follow each other every second.
    place = np.arange(len(is_whole))
    since = np.maximum.accumulate(np.where(is_whole, -1, place)) if len(place) else place
    taken = np.flatnonzero(is_whole & ((place - since) % 2 == 1))
    owner = np.searchsorted(begin, mark[taken], side="right") - 1
    return np.array(chosen)[owner], mark[taken] - begin[owner], mark[taken + 1] + 1 - begin[owner]


def _are_letters(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    distinct, place = np.unique(codes, return_inverse=True)
    return np.array([chr(code).isalnum() or code == ord("_") for code in distinct.tolist()], np.bool_)[place]


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
