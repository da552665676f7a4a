"""Where things stand in the downloads of two services whose columns about the response need knowing: LimeSurvey and SurveyMonkey.

Source of the formats: headers in public programs that read such files; no download of a real account was at hand.

- *LimeSurvey* ("Export responses", CSV or Excel) names its columns by code ("submitdate"), by words ("Date submitted") or by both ("submitdate. Date
  submitted"), as whoever exports chooses (words in English, Russian, German). The page that was reached, the language, the seed of random order and measured times ask nothing, though a
  page number looks like a rating. The response's moment is that of the last action: one that was begun and not sent has no date of
  submission. A survey without time stamps writes 1 January 1980, which is no time.
- *SurveyMonkey* has two header rows: the question stands over the first of its columns, the second row has what each column is: the row of a grid, the
  choice, or "Response" and "Open-Ended Response", which say nothing. Together they are the header "question [row]". Times are American.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pipelines.sources.formats.delimited import Block, Header, header_word
from pipelines.sources.formats.tables import TableFile

#: LimeSurvey's codes → its words.
_LIMESURVEY = {
    "id": ("response id", "id ответа", "antwort id", "antwort-id"),
    "submitdate": ("date submitted", "дата отправки", "datum abgeschickt"),
    "lastpage": ("last page", "последняя страница", "letzte seite"),
    "startlanguage": ("start language", "начальный язык", "start-sprache", "startsprache"),
    "seed": ("seed", "zufallsstartwert"),
    "token": ("access code", "token", "zugangscode"),
    "firstname": ("first name",),
    "lastname": ("last name",),
    "email": ("email address",),
    "startdate": ("date started", "дата начала", "datum gestartet"),
    "datestamp": ("date last action", "дата последнего действия", "datum letzte aktivität"),
    "ipaddr": ("ip address", "ip-адрес", "ip-adresse"),
    "refurl": ("referrer url",),
    "interviewtime": ("total time", "gesamtzeit"),
}
_LIMESURVEY_NEEDED = ("id", "submitdate", "lastpage")
_ABOUT_THE_RESPONSE = (*_LIMESURVEY_NEEDED, "startlanguage", "seed", "token", "startdate", "datestamp", "ipaddr", "refurl")
_CODES = {word: code for code, words in _LIMESURVEY.items() for word in (code, *words)}
#: Time spent on each group of questions and each question.
_TIMINGS = re.compile(r"^(?:group time|question time|gruppenzeit|fragenzeit)\s*:|^(?:grouptime\d+|\w+time)\. (?:group|question) time")
#: What LimeSurvey writes for "not stamped".
NOT_STAMPED = r"^\s*1980-01-01 00:00(?::00)?\s*$"

_SURVEYMONKEY = {
    "respondentid": "id", "collectorid": "collector", "startdate": "begun", "enddate": "time", "ipaddress": "address", "emailaddress": "email",
    "firstname": "first", "lastname": "last",
}  # fmt: skip
_CUSTOM = re.compile(r"customdata\d*")
_SURVEYMONKEY_NEEDED = ("id", "collector", "time")
#: What the second row says of a column that is the question's only one.
_SAYS_NOTHING = frozenset({"response", "open-ended response", "ответ", "открытый ответ"})


@dataclass(frozen=True)
class Layout:
    """A header with its second row taken in, and the places of what is about the response: own name → column."""

    header: Header
    places: dict[str, int]
    file: TableFile | Below


def layout_of(file: TableFile, header: Header) -> Layout | None:
    """Layout of a download of either service; None for any other."""
    places = _limesurvey(header.words)
    if places is not None:
        return Layout(header, places, Below(file, None))
    places = {}
    for place, word in enumerate(re.sub(r"\s+", "", word) for word in header.words):
        name = f"custom {place}" if _CUSTOM.fullmatch(word) else _SURVEYMONKEY.get(word)
        # A form may ask for an address, too.
        if name is None or name in places:
            break
        places[name] = place
    if not all(name in places for name in _SURVEYMONKEY_NEEDED):
        return None
    number, cells = next(((number, cells) for number, cells in file.rows() if number > header.line), (None, []))
    second = [*cells, *[""] * len(header.cells)][: len(header.cells)]
    # A second header row says nothing of who answered.
    if second[places["id"]].strip():
        number, second = None, [""] * len(header.cells)
    return Layout(Header(_joined(header.cells, second, set(places.values())), header.line), places, Below(file, number))


class Below:
    """A table without its second header row, the one with that ``number``; None: it has none."""

    def __init__(self, file: TableFile, number: int | None) -> None:
        self.path, self.unit = file.path, file.unit
        self._file, self._number = file, number

    def blocks(self, header: Header) -> Iterator[Block]:
        """As of any table."""
        is_first = self._number is not None
        for block in self._file.blocks(header):
            if is_first:
                cut = 1 if block.rows and block.lines[0] == self._number else 0
                misfits = [misfit for misfit in block.misfits if misfit[0] != self._number]
                block = Block([column.slice(cut) for column in block.columns], misfits, partial(_lines, block, cut))
            is_first = False
            yield block


def _lines(block: Block, cut: int) -> Sequence[int]:
    return block.lines[cut:]


def _limesurvey(words: Sequence[str]) -> dict[str, int] | None:
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        code, _, said = word.partition(". ")
        # With both, the words may be in any language.
        name = _CODES.get(word) or (code if said and code in _LIMESURVEY else None)
        if name is not None:
            places.setdefault("timing" if name == "interviewtime" else name, place)
        elif _TIMINGS.match(word):
            places[f"timing {place}"] = place
    if not all(name in places for name in _LIMESURVEY_NEEDED):
        return None
    # What is about the response stands before all questions, the list's own columns about the person within it.
    last = max(places[name] for name in _ABOUT_THE_RESPONSE if name in places)
    places = {name: place for name, place in places.items() if place <= last or name.startswith("timing")}
    places |= {f"other {place}": place for place in range(last) if place not in places.values()}
    return places | {"time": places.get("datestamp", places["submitdate"])}


def _joined(cells: Sequence[str], second: Sequence[str], about: set[int]) -> tuple[str, ...]:
    """Header cells ``question [row]`` of two header rows."""
    made, question = [], ""
    for place, (cell, row) in enumerate(zip(cells, second, strict=True)):
        if place in about:
            made.append(cell)
            continue
        question = cell.strip() or question
        row = row.strip()
        made.append(question if not row or header_word(row) in _SAYS_NOTHING else f"{question} [{row}]")
    return tuple(made)
