"""Times as exports write them for people: no zone, day and month in either order, with or without seconds and AM/PM.

The order of day and month is decided once per file, by evidence: a value above 12; dots or dashes (day first); the order that makes the
rows run one way through time; which of the two changes from row to row while the other stays (the day); a 12-hour clock (month first); and only
then the habit of the header's language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.shapes import Shapes
from pipelines.sources.formats.zone_letters import ZONE_HOURS

Order = Literal["day first", "month first"]

_PATTERN = (
    r"^\s*(?P<a>\d{1,4})(?P<sep>[./-])(?P<b>\d{1,2})[./-](?P<c>\d{1,4})(?:[,T\s]+"
    # Blanks only before what follows them: several runs of them side by side take a field of blanks apart in every way there is.
    r"(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?)?(?:\s*(?P<half>[AaPp]))?\.?(?:\s?[Mm]\.?)?"
    rf"(?:\s*(?P<zone>(?:(?:GMT|UTC|gmt|utc)\s*)?[+-]\d{{1,2}}(?::?\d{{2}})?|[Zz]|\(?(?i:GMT|UTC|{'|'.join(ZONE_HOURS)})\)?))?\s*$"
)
#: Times have no letter that is not ASCII once months are numbers; the shorter meaning of \\s and \\d is the same in both engines.
_PATTERN_OF_BYTES = re.compile(_PATTERN.encode("ascii"))
#: Blanks that programs put between a time and its half of the day (narrow ones since ICU 72), and marks of direction that show nothing.
_ODD_BLANKS, _UNSEEN = r"[\x{00a0}\x{2009}\x{202f}]", r"[\x{200e}\x{200f}\x{feff}]"
_LETTERS = re.compile(r"[^\W\d_]{3}")
_NUMBERS = ("a", "b", "c", "h", "m", "s")
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            # English and Russian; then as Moodle's packs for German, French, Spanish, Portuguese, Italian, Ukrainian, Belarusian, Kazakh, Polish, Dutch,
            # Turkish write them.
            "jan янв ene gen січ сту қаң sty oca", "feb фев fév fev лют ақп lut şub", "mar мар mär mrz бер сак нау maa mrt", "apr апр avr abr кві кра сәу kwi nis",
            "may май мая mai mag тра мам maj mei", "jun июн juin giu чер чэр мау cze haz", "jul июл juil lug лип ліп шіл lip tem", "aug авг aoû ago сер жні там sie ağu",
            "sep сен set вер қыр wrz eyl", "oct окт okt out ott жов кас қаз paź eki", "nov ноя лис ліс қар lis kas", "dec дек dez déc dic гру сне жел gru ara",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_WORDY = re.compile(
    r"^\W*(?:[^\W\d]+\.?(?:,\s*|\s+))?(?:(\d{1,2})\.?[\s-]+(?:de\s+)?([^\W\d]{3,})\.?,?[\s-]+(?:de\s+)?(\d{4}|\d{2}(?!\d))|([^\W\d]{3,})\.?\s+(\d{1,2}),?\s+(\d{4}))(?:\s*г\.?)?(.*)$"
)
#: Two-digit years: POSIX strptime's rule, 69 to 99 belong to the last century.
_LAST_CENTURY_FROM = 69
_SHORT_YEAR = 2
_A_DAY = np.timedelta64(1, "D")
#: Two changes of one clock are weeks apart (Morocco's, around Ramadan, the nearest of this century: a month).
_DAYS_WITH_ONE_CHANGE = np.timedelta64(14, "D")
_EPOCH_DAY = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class _Parts:
    understood: np.ndarray
    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    year_first: np.ndarray
    month_is_word: np.ndarray
    slashes: np.ndarray
    hour: np.ndarray
    minute: np.ndarray
    second_of_minute: np.ndarray
    half: np.ndarray  # "", "a" or "p"
    zone: np.ndarray


def _parts_of_numbers(texts: pa.Array) -> _Parts | None:
    """The parts of times that a program has written in numbers; None where words or odd blanks stand among them."""
    shapes = Shapes(texts)
    is_plain = shapes.are_few and not any(not shape.isascii() or _LETTERS.search(shape.decode("ascii")) for shape in shapes.shapes)
    return _parts_by_shape(shapes, np.zeros(len(texts), bool)) if is_plain else None


def _parts(texts: pa.Array) -> _Parts:
    shapes = Shapes(texts)
    if not all(shape.isascii() for shape in shapes.shapes):
        texts = pc.replace_substring_regex(pc.replace_substring_regex(texts, _ODD_BLANKS, " "), _UNSEEN, "")
        shapes = Shapes(texts)
    plain, wordy = texts, np.zeros(len(texts), bool)
    if shapes.are_few and not any(_LETTERS.search(shape.decode("utf-8", "replace")) for shape in shapes.shapes):
        return _parts_by_shape(shapes, wordy)
    plain, wordy = _months_to_numbers(texts)
    shapes = Shapes(plain)
    return _parts_by_shape(shapes, wordy) if shapes.are_few else _parts_by_text(plain, wordy)


def _parts_by_shape(shapes: Shapes, wordy: np.ndarray) -> _Parts:
    """The pattern is tried once per shape; the digits of all times of a shape are read together."""
    matches = [_PATTERN_OF_BYTES.match(shape) for shape in shapes.shapes]
    spans = {
        shape: [match.span(group) if match and match[group] is not None else None for group in _NUMBERS]
        for shape, match in zip(shapes.shapes, matches, strict=True)
    }
    numbers, _ = shapes.numbers(lambda shape: spans[shape], len(_NUMBERS))

    def per_shape(values: list[Any], kind: Any) -> np.ndarray:
        if len(values) == 1:
            return np.full(len(shapes.of_text), values[0])
        return np.array(values, kind)[shapes.of_text] if values else np.empty(0, kind)

    def word(name: str) -> np.ndarray:
        return per_shape([(match[name] or b"").decode("ascii").lower() if match else "" for match in matches], np.str_)

    zone = word("zone")
    with_zone = [bool(match and match["zone"] and match["zone"][-1:].isdigit()) for match in matches]
    if any(with_zone):
        # The shape has the zone's digits as zeros: these few are read one by one.
        for place in np.flatnonzero(per_shape(with_zone, bool)):
            begin, end = matches[shapes.of_text[place]].span("zone")
            zone[place] = shapes.text(int(place))[begin:end].decode("ascii").lower()
    return _Parts(
        per_shape([match is not None for match in matches], bool), numbers[:, 0], numbers[:, 1], numbers[:, 2],
        per_shape([bool(match) and len(match["a"]) > 2 for match in matches], bool), wordy,  # type: ignore[index]
        per_shape([bool(match) and match["sep"] == b"/" for match in matches], bool),  # type: ignore[index]
        numbers[:, 3], numbers[:, 4], numbers[:, 5], word("half"), zone,
    )  # fmt: skip


def _parts_by_text(plain: pa.Array, wordy: np.ndarray) -> _Parts:
    found = pc.extract_regex(plain, _PATTERN)
    understood = pc.is_valid(found).to_numpy(zero_copy_only=False)

    def number(name: str) -> np.ndarray:
        text = pc.struct_field(found, name)
        filled = pc.if_else(pc.equal(pc.fill_null(text, ""), ""), "0", text)
        return pc.cast(pc.fill_null(filled, "0"), pa.int64()).to_numpy(zero_copy_only=False)

    def word(name: str) -> np.ndarray:
        return pc.utf8_lower(pc.fill_null(pc.struct_field(found, name), "")).to_numpy(zero_copy_only=False)

    lengths = pc.fill_null(pc.utf8_length(pc.struct_field(found, "a")), 0).to_numpy(zero_copy_only=False)
    return _Parts(
        understood, number("a"), number("b"), number("c"), lengths > 2, wordy, word("sep") == "/",
        number("h"), number("m"), number("s"), word("half"), word("zone"),
    )  # fmt: skip


def _months_to_numbers(texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """ "3 ноября 2026, 19:44" → "2026-11-3, 19:44"; and where that was done."""
    suspect = pc.match_substring_regex(texts, r"\p{L}{3}").to_numpy(zero_copy_only=False).astype(bool)
    if not suspect.any():
        return texts, suspect
    words = texts.to_pylist()
    for place in np.flatnonzero(suspect):
        match = _WORDY.match(words[place].casefold())
        if match is None:
            continue
        day, month, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        # French months of summer differ in the fourth letter only.
        number = _MONTHS.get(month[:4]) or _MONTHS.get(month[:3])
        if number:
            year = year if len(year) > _SHORT_YEAR else str(_whole_year(int(year)))
            words[place] = f"{year}-{number}-{day}{' ' + match[7].strip(' ,') if match[7].strip(' ,') else ''}"
    return pa.array(words, pa.string()), suspect


def _whole_year(year: Any) -> Any:
    """The year that two digits stand for (also an array of them)."""
    return np.where(year >= _LAST_CENTURY_FROM, 1900 + year, 2000 + year)


def _days(parts: _Parts, order: Order) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 and which of them exist."""
    year = np.where(parts.year_first, parts.first, parts.third)
    year = np.where(year < 100, _whole_year(year), year)
    day_first = order == "day first"
    month = np.where(parts.year_first, parts.second, parts.second if day_first else parts.first)
    day = np.where(parts.year_first, parts.third, parts.first if day_first else parts.second)
    possible = parts.understood & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1970) & (year <= 2261)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0)
    first_of_month = months.astype("datetime64[M]").astype("datetime64[D]")
    dates = first_of_month + (np.where(possible, day, 1) - 1)
    possible &= dates.astype("datetime64[M]") == months.astype("datetime64[M]")
    return (dates - _EPOCH_DAY).astype(np.int64), possible


@dataclass
class OrderEvidence:
    """What the times of one file say about the order of day and month. Feed it columns, then ask."""

    first_over_12: int = 0
    second_over_12: int = 0
    ambiguous: int = 0
    day_first_separator: int = 0
    twelve_hour_clock: int = 0
    full_clock: int = 0
    #: Steps from row to row at which the first number changes alone, and at which the second does.
    first_alone: int = 0
    second_alone: int = 0
    _turns: dict[Order, list[int]] = field(default_factory=lambda: {"day first": [0, 0], "month first": [0, 0]})

    def add(self, texts: pa.Array) -> None:
        """Times of one column in the order of the rows."""
        encoded = pc.dictionary_encode(pc.fill_null(texts, ""))
        if not len(encoded.dictionary):
            return
        parts = _parts(encoded.dictionary)
        counts = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
        open_ = parts.understood & ~parts.year_first
        self.first_over_12 += int(counts[open_ & (parts.first > 12) & (parts.second <= 12)].sum())
        self.second_over_12 += int(counts[open_ & (parts.second > 12) & (parts.first <= 12)].sum())
        self.ambiguous += int(counts[open_].sum())
        self.day_first_separator += int(counts[open_ & ~parts.slashes].sum())
        self.twelve_hour_clock += int(counts[open_ & (parts.half != "") & (parts.hour <= 12)].sum())
        self.full_clock += int(counts[open_ & ((parts.half == "") | (parts.hour > 12))].sum())
        places = encoded.indices.to_numpy()
        first, second = (numbers[places][open_[places]] for numbers in (parts.first, parts.second))
        first_stays, second_stays = np.diff(first) == 0, np.diff(second) == 0
        self.first_alone += int((~first_stays & second_stays).sum())
        self.second_alone += int((first_stays & ~second_stays).sum())
        for order in self._turns:
            days, possible = _days(parts, order)
            moments = (days * 86400 + parts.hour * 3600 + parts.minute * 60)[places][(possible & open_)[places]]
            steps = np.sign(np.diff(moments))
            self._turns[order][0] += int((steps > 0).sum())
            self._turns[order][1] += int((steps < 0).sum())

    @property
    def is_clear(self) -> bool:
        """More rows would not change the answer."""
        return self.first_over_12 != self.second_over_12 or not self.ambiguous

    def order(self, habit: Order, *, by_clock: bool = True) -> Order:
        """The order; ``habit`` is that of the header's language, used where nothing else tells. ``by_clock``: a 12-hour clock tells more."""
        if self.first_over_12 != self.second_over_12:
            return "day first" if self.first_over_12 > self.second_over_12 else "month first"
        if 2 * self.day_first_separator > self.ambiguous:
            return "day first"
        turns = {order: min(up_and_down) for order, up_and_down in self._turns.items()}
        if turns["day first"] != turns["month first"]:
            return "day first" if turns["day first"] < turns["month first"] else "month first"
        if self.first_alone != self.second_alone:
            return "day first" if self.first_alone > self.second_alone else "month first"
        if by_clock and self.twelve_hour_clock > self.full_clock:
            return "month first"
        return habit


def to_utc(texts: pa.Array, order: Order, zone: ZoneInfo) -> tuple[pa.Array, pa.Array]:
    """Local times as UTC.

    An hour that is repeated in autumn is taken as its first run, one that is left out in spring as the moment after it. A zone written
    with the time goes before ``zone``. "PM" after an hour above 12 says nothing and is passed over.

    Returns
    -------
    (timestamps, understood): arrays of the same length; a timestamp is null where the text is no time (not understood) or a time that
    does not exist (understood).
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    texts = pc.fill_null(texts, "") if texts.null_count else texts
    kind = pa.timestamp("us", tz="UTC")
    if not len(texts):
        return pa.nulls(len(texts), kind), pa.nulls(len(texts), pa.bool_())
    # Numbers are read sooner than it is found out which times are equal.
    parts, encoded = _parts_of_numbers(texts), None
    if parts is None:
        encoded = pc.dictionary_encode(texts)
        parts = _parts(encoded.dictionary)
    days, possible = _days(parts, order)
    hour = np.where((parts.half == "p") & (parts.hour < 12), parts.hour + 12, parts.hour)
    hour = np.where((parts.half == "a") & (parts.hour == 12), 0, hour)
    possible &= (hour < 24) & (parts.minute < 60) & (parts.second_of_minute < 60)
    seconds = days * 86400 + hour * 3600 + parts.minute * 60 + parts.second_of_minute
    naive = np.where(possible, seconds * 1_000_000, np.iinfo(np.int64).min).astype("datetime64[us]")
    moments = _in_utc(naive, zone)
    with_zone = np.flatnonzero(possible & (parts.zone != ""))
    for place in with_zone:
        moments[place] = naive[place] - np.timedelta64(_offset_minutes(parts.zone[place]), "m")
    utc = pa.array(moments, pa.timestamp("us")).cast(kind)
    understood = pa.array(parts.understood)
    return (utc, understood) if encoded is None else (utc.take(encoded.indices), understood.take(encoded.indices))


def _in_utc(naive: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Local moments, some of them none, as UTC."""
    known = naive[~np.isnat(naive)]
    if len(known):
        ends = [
            moment.astype("datetime64[s]").item().replace(tzinfo=zone).utcoffset()
            for moment in (known.min() - _A_DAY, known.max() + _A_DAY)
        ]
        # Clocks are not changed twice within days: where none is changed around them, all stand in the same distance.
        if known.max() - known.min() < _DAYS_WITH_ONE_CHANGE and ends[0] == ends[1]:
            shifted: np.ndarray = naive - np.timedelta64(ends[0])
            return shifted
    return (
        pd.DatetimeIndex(naive)
        .tz_localize(zone, ambiguous=np.ones(len(naive), bool), nonexistent="shift_forward")
        .tz_convert("UTC")
        .tz_localize(None)
        .to_numpy()
        .astype("datetime64[us]")
        .copy()
    )


def _offset_minutes(zone: str) -> int:
    zone = zone.strip("()").removeprefix("gmt").removeprefix("utc").strip()
    if zone in ("", "z"):
        return 0
    if zone.upper() in ZONE_HOURS:
        return ZONE_HOURS[zone.upper()] * 60
    digits = zone[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    return (hours * 60 + minutes) * (-1 if zone.startswith("-") else 1)
