"""Google Meet attendance: the Meet log events of a Workspace administrator as CSV, and the attendance sheet that the organiser gets.

What has to be known about them (Google Workspace Admin Help, "Meet log events"; Google Meet Help, "Track attendance"):

- *Log events*: columns are chosen by whoever exports; needed are the date, the meeting's code, the participant and the duration in seconds.
  The row of interest is the one written when an endpoint leaves ("Endpoint left"): one row per stay, ``Date`` is the moment of leaving and the
  duration says since when. Rows of other events are no stays and are not counted; where no event's
  words are known, the rows with a duration are the stays. One file holds many meetings.
- A recurring meeting keeps its code, so one code is many webinars: by conference id where the column was exported, else by day.
- The participant identifier is an address, a telephone number or an id of a device; it is missing or masked (``li***@s***.com``) for people
  outside the organisation. An address counts as one only where it is not masked.
- *Attendance sheet* (one meeting, downloaded as CSV): First name, Last name, Email, Duration, Time joined, Time exited. Extensions of browsers write the
  same with one name and words of their own, some without the moment of leaving, some below lines about the meeting. Who was still there when the list
  was written has no moment of leaving, but a duration. Of clocks without a day, a leaving before the joining was after midnight.
- Times: the log's may state a zone ("2026-09-08T15:10:00+03:00"; letters as in "MSK" are refused); else ``time_zone`` of the source, else the
  programme's.

Not kept: IP addresses, places, devices, quality of sound and picture. Video and sound sent in seconds (``video_send_seconds``) are kept as
minutes of camera; sound sent is not talking and is not kept.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import header_word, looks_like
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.report_files import ENDINGS, no_cut, open_report, small_rows
from pipelines.sources.reading import Context, Event, Item, LeftOut, Rejected, Seen
from pipelines.sources.webinars.attendance import (
    SECONDS_A_MINUTE,
    Meeting,
    attendance_events,
    covers_of,
    digest,
    find_places,
    lower_addresses,
    made_stays,
    minutes_of,
    on_days,
    plain_times,
    reject_further_sheets,
    reject_where,
    stays_of,
    text_column,
    time_order,
    with_column,
)

WHAT = "Google Meet attendance (kind meet)"
_FILES = Packed(WHAT, ENDINGS)

LOG = {
    "time": ("date", "дата"),
    "code": ("meeting code", "код встречи", "код конференции", "код видеовстречи"),
    "seconds": (
        "duration",
        "duration (seconds)",
        "duration seconds",
        "продолжительность",
        "продолжительность (секунды)",
        "длительность",
        "продолжительность (в секундах)",
        "длительность (в секундах)",
        "длительность (секунды)",
        "продолжительность (сек.)",
        "длительность (сек.)",
    ),
    "event": ("event", "event name", "событие", "название события"),
    "conference": ("conference id", "идентификатор конференции", "идентификатор видеоконференции"),
    "name": ("participant name", "имя участника", "actor name"),
    "identifier": ("participant identifier", "идентификатор участника", "actor", "user", "actor email"),
    "organizer": ("organizer email", "адрес электронной почты организатора", "электронная почта организатора"),
    "outside": ("participant outside organisation", "participant outside organization", "участник не из организации", "внешний участник"),
    "camera": ("video sent (seconds)", "video send seconds", "video send duration"),
}
_LOG_NEEDED = ("time", "code", "seconds")
SHEET = {
    "first": (
        "first name",
        "имя",
        "name",
        "full name",
        "participant name",
        "participant",
        "display name",
        "имя участника",
        "участник",
        "фио",
    ),
    "last": ("last name", "фамилия"),
    "email": ("email", "email address", "e-mail", "адрес электронной почты", "электронная почта", "эл. почта", "адрес эл. почты", "почта"),
    "minutes": ("duration", "total duration", "time in call", "total time", "duration (minutes)", "продолжительность", "длительность"),
    "join": (
        "time joined",
        "first seen",
        "joined at",
        "join time",
        "joined",
        "first seen at",
        "время присоединения",
        "время входа",
        "время подключения",
    ),
    "leave": ("time exited", "time left", "last seen", "left at", "leave time", "left", "last seen at", "время выхода", "время отключения"),
}
#: Without the moment of leaving the time present has to be there.
_SHEET_NEEDED = (("first", "join", "leave"), ("first", "join", "minutes"))
#: What an extension says of the meeting may stand above the header.
_HEADER_WITHIN_ROWS = 20
#: Names of the event "an endpoint left"; the event column may be missing where the export was filtered by it.
_LEFT = re.compile(r"endpoint left|call[_ ]ended|вышел|покинул|отключен|отсоедин|завершен", re.IGNORECASE)
_CODE = re.compile(r"(?<![a-z])([a-z]{3})-([a-z]{4})-([a-z]{3})(?![a-z])")
_DATE_IN_NAME = re.compile(
    r"(?<!\d)(?:(?P<y>20\d{2})(?P<sep>[-_.]?)(?P<m>0[1-9]|1[0-2])(?P=sep)(?P<d>[0-3]\d)|(?P<d2>[0-3]?\d)[-_.](?P<m2>0?[1-9]|1[0-2])[-_.](?P<y2>20\d{2}))(?!\d)"
)
#: What the name of a sheet says besides the webinar's: that it is one, a clock (with the zone that Google Drive puts behind it), brackets.
_NO_TITLE = re.compile(
    r"(?<!\d)\d{1,2}[:_.-]\d{2}\s*(?:GMT|UTC)(?:[+−-]\d[\d:_]*)?|attendance|report|sheet|google|meet\b|отч[её]т\w*|о?\s*посещаемост\w*|участник\w*|copy|копия|\(\d*\)|(?<!\d)\d{1,2}[:_.]\d{2}(?!\d)",
    re.IGNORECASE,
)
_EDGES = " -–—_.,()[]"
_CODE_OF_NAME = re.compile(_CODE.pattern, re.IGNORECASE)
#: Whole seconds as a spreadsheet shows them: "3,600".
_GROUPED = re.compile(r"\d{1,3}(?:[,\s]\d{3})+")
_MASKED = r"\*"
#: No stay lasts longer (s): Meet ends a call after a day, and beyond a year no calendar may have its beginning.
_LONGEST = 366 * 24 * 3600
_TRUE = frozenset(("yes", "true", "да", "1"))
_CYRILLIC = re.compile("[\u0400-\u04ff]")


class MeetReader:
    """Reader of Google Meet's log events and attendance sheets. Kind ``meet``."""

    kind: ClassVar[str] = "meet"
    version: ClassVar[int] = 10
    #: A line of totals is nobody's stay since 8.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("attendance",), 8)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also gzipped) and workbooks below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside reports."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay; derived from it the webinars and the accounts. Raises BadFile for anything else."""
        return _FILES.events(item, lambda one: self._report(source, one, context))

    def _report(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "meet"
        file = open_report(item.path, (word for part in (LOG, SHEET) for words in part.values() for word in words))
        rows = small_rows(file)
        at = next(
            (place for place, (_, cells) in enumerate(rows[:_HEADER_WITHIN_ROWS]) if _is_header([header_word(cell) for cell in cells])), 0
        )
        words = [header_word(cell) for cell in rows[at][1]] if rows else []
        log, sheet = find_places(words, LOG), find_places(words, SHEET)
        is_log = _is_log(log)
        if not _is_header(words):
            other = looks_like(words)
            found = f"what looks like {other}" if other and other != WHAT else "other columns"
            raise BadFile(file.path, place="header", expected=WHAT, found=found)
        above, below = [cell for _, cells in rows[:at] for cell in cells], rows[at + 1 :]
        if below:
            no_cut(file.path, file, below[-1], len(words))
        fitting = [(line, cells) for line, cells in below if len(cells) >= len(words)]
        for line, cells in below:
            if len(cells) < len(words):
                yield Seen("attendance", 1)
                yield Rejected("attendance", f"line {line}", "fewer cells than the header")
        habit: Order = "day first" if _CYRILLIC.search(" ".join(words)) else "month first"
        made = _log(fitting, log, habit, context) if is_log else [_sheet(fitting, sheet, habit, item, above, context)]
        for meeting, stays in made:
            yield from attendance_events(realm, meeting, stays, context)
        yield from reject_further_sheets(file)
        yield covers_of(made)


def _is_header(words: Sequence[str]) -> bool:
    sheet = find_places(words, SHEET)
    return _is_log(find_places(words, LOG)) or any(all(name in sheet for name in needed) for needed in _SHEET_NEEDED)


def _is_log(places: dict[str, int]) -> bool:
    return all(name in places for name in _LOG_NEEDED) and ("name" in places or "identifier" in places)


def _log(rows: Sequence[tuple[int, list[str]]], places: dict[str, int], habit: Order, context: Context) -> list[tuple[Meeting, pa.Table]]:
    if "event" in places:
        left = [row for row in rows if not row[1][places["event"]].strip() or _LEFT.search(row[1][places["event"]])]
        # In words that are not known, who leaves is who was there for some time: other events have no duration.
        rows = left or [row for row in rows if _seconds(row[1][places["seconds"]].strip())]
    texts = [cells for _, cells in rows]
    times = plain_times(text_column(texts, places["time"]))
    moments = to_utc(times, time_order([times], habit), context.zone)[0]
    seconds = pa.array([_seconds(text) for text in text_column(texts, places["seconds"]).to_pylist()], pa.float64())
    joined = _minus(moments, seconds)
    identifier = text_column(texts, places.get("identifier"))
    address = lower_addresses(pc.if_else(pc.match_substring_regex(identifier, _MASKED), "", identifier))
    # Neither a masked address nor a device's id is anybody's name; where no name is shown it at least keeps two people apart in one webinar.
    name = text_column(texts, places.get("name"))
    name = pc.if_else(pc.and_(pc.equal(name, ""), pc.is_null(address)), identifier, name)
    stays = made_stays(
        places=[f"line {line}" for line, _ in rows],
        name=name,
        email=address,
        joined=joined,
        left=moments,
        minutes=pc.divide(seconds, float(SECONDS_A_MINUTE)),
        no_time=pc.equal(times, ""),
        bad_time=pc.or_(pc.is_null(moments), pc.is_null(seconds)),
    )
    outside = text_column(texts, places.get("outside"))
    stays = with_column(
        stays,
        "is_guest",
        pc.if_else(pc.equal(outside, ""), pa.scalar(None, pa.bool_()), pc.is_in(pc.utf8_lower(outside), pa.array(sorted(_TRUE)))),
    )
    if "camera" in places:
        camera = pa.array([_seconds(text) for text in text_column(texts, places["camera"]).to_pylist()], pa.float64())
        stays = with_column(stays, "camera_minutes", pc.divide(camera, float(SECONDS_A_MINUTE)))
    conferences, organizers = (text_column(texts, places.get(part)).to_pylist() for part in ("conference", "organizer"))
    codes = text_column(texts, places["code"]).to_pylist()
    starts = joined.to_pylist()
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, start in enumerate(starts):
        day = start.astimezone(context.zone).date().isoformat() if start else ""
        # A row without a moment is rejected: it needs a webinar to be rejected in, whichever.
        groups[_plain_code(codes[row]), conferences[row] or day].append(row)
    made = []
    for (code, conference), members in sorted(groups.items()):
        number = code if code and not conferences[members[0]] else digest(code, conference)
        host = next((organizers[row].strip().lower() for row in members if organizers[row].strip()), "")
        made.append((Meeting(number or "none", host=host if "@" in host else ""), stays.take(pa.array(members))))
    return made


def _sheet(
    rows: Sequence[tuple[int, list[str]]], places: dict[str, int], habit: Order, item: Item, above: Sequence[str], context: Context
) -> tuple[Meeting, pa.Table]:
    texts = [cells for _, cells in rows]
    join, leave = (plain_times(text_column(texts, places.get(name))) for name in ("join", "leave"))
    # "Attendance - abc-defg-hij - 2026-09-08.csv": the sheet states times of the day only, its name (or what stands above) the day and the code.
    # A folder or an archive may be called by the day on which it was made.
    said = [item.name.rsplit("/", 1)[-1], *above, item.name]
    day = next(filter(None, map(_DATE_IN_NAME.search, said)), None)
    code = next(filter(None, (_CODE.search(text.lower()) for text in said)), None)
    if day:
        stated = f"{day['y'] or day['y2']}-{int(day['m'] or day['m2']):02d}-{int(day['d'] or day['d2']):02d}"
        join, leave = on_days([stated] * len(texts), join, leave, context.zone)
    first, last = (text_column(texts, places.get(name)) for name in ("first", "last"))
    stays = stays_of(
        places=[f"line {line}" for line, _ in rows],
        name=pc.utf8_trim_whitespace(pc.binary_join_element_wise(first, last, " ")),
        email=text_column(texts, places.get("email")),
        join=join,
        leave=leave,
        minutes=text_column(texts, places.get("minutes")),
        order=time_order([join, leave], habit),
        zone=context.zone,
        needs_times="leave" in places and "minutes" not in places,
    )
    if "leave" in places:
        stays = reject_where(stays, pc.equal(join, ""), "no time of joining or leaving")
    return Meeting("".join(code.groups()) if code else digest(item.name), _title(item)), stays


def _title(item: Item) -> str | None:
    """What the file's name says besides day, code and that it is a list of attendance; None where nothing is left."""
    name = item.name.rsplit("/", 1)[-1]
    name = re.sub(r"(?:\.csv)?(?:\.gz)?$|\.(?:xlsx|ods)$", "", name, flags=re.IGNORECASE)
    for pattern in (_DATE_IN_NAME, _CODE_OF_NAME, _NO_TITLE):
        name = pattern.sub(" ", name)
    # What was taken out leaves its hyphens behind.
    parts = [part.strip(_EDGES) for part in re.split(r"\s+[-–—]\s+", f" {name} ")]
    title = " - ".join(" ".join(part.split()) for part in parts if any(letter.isalpha() for letter in part))
    return title or None


def _plain_code(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _seconds(text: str) -> float | None:
    """The log counts in seconds; a length written with units or colons is taken as what it says."""
    if not text:
        return None
    if _GROUPED.fullmatch(text):
        seconds = float(re.sub(r"\D", "", text))
    elif re.fullmatch(r"\d+(?:[.,]\d+)?", text):
        seconds = float(text.replace(",", "."))
    else:
        minutes = minutes_of(text)
        seconds = minutes * SECONDS_A_MINUTE if minutes is not None else math.inf
    return seconds if seconds <= _LONGEST else None


def _minus(moments: pa.Array, seconds: pa.Array) -> pa.Array:
    micros = pc.cast(pc.multiply(pc.round(seconds), 1e6), pa.int64())
    return pc.cast(pc.subtract(pc.cast(moments, pa.int64()), micros), moments.type)
