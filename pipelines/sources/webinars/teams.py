"""Microsoft Teams' attendance downloads: the old list of comings and goings, the report with a summary, and the report in three sections.

What has to be known about them (Microsoft Learn, "Manage the attendance report for meetings and events"; layouts of real downloads):

- Mostly UTF-16 with tabs, whatever the ending; some are UTF-8 with commas.
- *List* (2020): ``Full Name, User Action, Timestamp``, one row per coming ("Joined", "Joined before") or going ("Left"). A coming and the going
  after it are one stay; who is still there when the list ends stays until its last moment. No meeting is named: it is known by the moment of
  its first row, the same in every download of one person.
- *List of a live event*: ``Session Id, Participant Id, Full Name, User Agent, UTC Event Timestamp, Action, Role`` (with or without the blanks); times
  are UTC, a session is one device, the participant's id is an address.
- *Report with a summary* (2021): title, start and end of the meeting above ``Full Name, Join Time, Leave Time, Duration, Email, Role``.
- *Report in sections* (since 2022): "1. Summary", "2. Participants" (first join, last leave, time present), "3. In-Meeting Activities" (one row per
  stay). Stays are section 3's; only where that is missing are they section 2's, and then without the leaving if the time present is shorter
  than the time between. Sections are found by number and, in a language whose words are not known, their columns by place (name, joining,
  leaving, duration, address), which is the same in all.
- Times state no zone and are in the layout of the downloader's region: 7/22/26, 7:00:11 PM (US) or 22.07.2026, 19:00:11 (Russian). The order of
  day and month is found per file.
- "(Guest)", "(Гость)" and the like behind a name are no part of it; they mark a guest.

Not kept: role, registration, the summary's averages. The downloads tell of no signs of attention: null.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import DelimitedFile, delimited_items, header_word, looks_like
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.report_files import ENDINGS, ReportFile, no_cut, open_report, small_rows
from pipelines.sources.reading import Context, Event, Item, Rejected, Seen
from pipelines.sources.webinars.attendance import (
    SECONDS_A_MINUTE,
    Meeting,
    attendance_events,
    covers_of,
    digest,
    find_places,
    lower_addresses,
    made_stays,
    plain_times,
    stays_of,
    text_column,
    time_order,
    with_column,
)

WHAT = "a Teams attendance report (kind teams)"
_ENDINGS = (*ENDINGS, ".tsv", ".txt")

COLUMNS = {
    "name": ("name", "full name", "имя", "полное имя", "фио"),
    "join": (
        "join time", "first join", "first join time", "время присоединения", "время подключения", "время входа", "первое присоединение",
        "первое подключение", "первый вход",
    ),
    "leave": ("leave time", "last leave", "last leave time", "время выхода", "последний выход", "последнее отключение"),
    "minutes": (
        "duration", "in-meeting duration", "длительность", "продолжительность", "длительность собрания", "длительность участия в собрании",
        "продолжительность участия в собрании", "длительность присутствия",
    ),
    "email": ("email", "e-mail", "электронная почта", "адрес электронной почты", "эл. почта"),
    "upn": (
        "participant id (upn)", "upn", "идентификатор участника (имя участника-пользователя)", "идентификатор участника (upn)", "ид участника (upn)",
    ),
}  # fmt: skip
_LIST = {
    "name": ("full name", "fullname", "полное имя", "name", "имя"),
    "action": ("user action", "action", "действие пользователя", "действие"),
    "time": ("timestamp", "метка времени", "отметка времени", "utc event timestamp", "utceventtimestamp"),
}
#: More of a live event's list.
_LIVE = {"session": ("session id", "sessionid"), "address": ("participant id", "participantid")}
#: Columns of sections 2 and 3 by place, where their words are not known.
_BY_PLACE = ("name", "join", "leave", "minutes", "email")
_SUMMARY = {
    "title": ("meeting title", "title", "название собрания", "название"),
    "start": ("start time", "meeting start time", "время начала", "время начала собрания"),
    "end": ("end time", "meeting end time", "время окончания", "время окончания собрания", "время завершения"),
    "id": ("meeting id", "идентификатор собрания", "код собрания"),
}
_SECTION = re.compile(r"^\s*([1-9])\.\s+\S")
_CAME = re.compile(r"^(?:join|присоед|подключ|вош[её]?л|beigetreten|unido|rejoint)", re.IGNORECASE)
_WENT = re.compile(r"^(?:left|leave|покин|выш|уш[её]?л|отключ|verlassen|salió|quitté)", re.IGNORECASE)
_GUEST = re.compile(
    r"\s*\((?:guest|external|unverified|anonymous|гость|внешний[^()]*|непроверенный|не проверено|не подтвержд[её]н\w*|аноним\w*)\)\s*$",
    re.IGNORECASE,
)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: A report is refused unless it begins within so many rows: a summary of a dozen lines stands above at most.
_WITHIN_ROWS = 30


@dataclass
class _Report:
    """A report taken apart: the summary's lines and the tables below their headers."""

    summary: list[list[str]] = field(default_factory=list)
    #: Section number (0: a report without sections) → (header, rows).
    tables: dict[int, tuple[list[str], list[tuple[int, list[str]]]]] = field(default_factory=dict)


class TeamsReader:
    """Reader of Teams' attendance downloads. Kind ``teams``."""

    kind: ClassVar[str] = "teams"
    version: ClassVar[int] = 2

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also tab-separated ones under another ending) and workbooks below the source's path. Raises BadSource where there is none."""
        return delimited_items(source.path, source.name, endings=_ENDINGS)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay; derived from it the webinar and the accounts. Raises BadFile for anything else."""
        assert item.path is not None
        realm = source.realm or "teams"
        words = {word for part in (COLUMNS, _LIST, _LIVE, _SUMMARY) for accepted in part.values() for word in accepted}
        file = open_report(item.path, words)
        rows = small_rows(file)
        if (
            isinstance(file, DelimitedFile)
            and file.delimiter != "\t"
            and any("\t" in cell for _, cells in rows[:_WITHIN_ROWS] for cell in cells)
        ):
            file.delimiter = "\t"
            rows = small_rows(file)
        found = find_places([header_word(cell) for cell in rows[0][1]], _LIST) if rows else {}
        if len(found) == len(_LIST):
            yield from _read_list(file, rows, found, realm, context)
        else:
            yield from _read_report(file, rows, realm, context)


# -- the report ---------------------------------------------------------------------------------------------------------------


def _read_report(file: ReportFile, rows: Sequence[tuple[int, list[str]]], realm: str, context: Context) -> Iterator[Event]:
    report = _apart(file, rows)
    number = next((one for one in (3, 0, 2) if one in report.tables), None)
    if number is None:
        other = next(
            (kind for _, cells in rows[:_WITHIN_ROWS] if (kind := looks_like([header_word(cell) for cell in cells])) and kind != WHAT), None
        )
        found = f"what looks like {other}" if other else "no table of participants"
        raise BadFile(file.path, place="header", expected=WHAT, found=found)
    header, below = report.tables[number]
    if below and below[-1] == rows[-1]:
        no_cut(file.path, file, below[-1], len(header))
    places = find_places([header_word(cell) for cell in header], COLUMNS)
    if not {"name", "join", "leave"} <= places.keys():
        places = {name: place for place, name in enumerate(_BY_PLACE) if place < len(header)}
    fitting = [(line, cells) for line, cells in below if len(cells) >= len(header)]
    for line, cells in below:
        if len(cells) < len(header):
            yield Seen("attendance", 1)
            yield Rejected("attendance", f"line {line}", "fewer cells than the header")
    texts = [cells for _, cells in fitting]
    join, leave = (plain_times(text_column(texts, places.get(name))) for name in ("join", "leave"))
    values = plain_times(pa.array([_value(line) for line in report.summary], pa.string()))
    habit: Order = "day first" if _CYRILLIC.search(" ".join(header)) else "month first"
    order = time_order([join, leave, values], habit)
    meeting = _meeting(report.summary, to_utc(values, order, context.zone)[0].to_pylist())
    names, is_guest = _names(text_column(texts, places.get("name")))
    email, upn = (text_column(texts, places.get(name)) for name in ("email", "upn"))
    minutes = text_column(texts, places.get("minutes"))
    stays = stays_of(
        places=[f"line {line}" for line, _ in fitting],
        name=names,
        email=pc.if_else(pc.match_substring(email, "@"), email, upn),
        join=join,
        leave=leave,
        minutes=minutes,
        order=order,
        zone=context.zone,
    )
    stays = with_column(stays, "is_guest", is_guest)
    if number == 2:
        stays = _without_gaps(stays)
    if meeting.number == "":
        meeting = Meeting(digest(meeting.title or ""), meeting.title, meeting.starts_at, meeting.ends_at)
    yield from attendance_events(realm, meeting, stays, context)
    yield covers_of([(meeting, stays)])


def _apart(file: ReportFile, rows: Sequence[tuple[int, list[str]]]) -> _Report:
    report = _Report()
    section, header_is_next = 0, False
    for number, (line, cells) in enumerate(rows):
        found = _SECTION.match(cells[0]) if cells and not any(cell.strip() for cell in cells[1:]) else None
        if found:
            section, header_is_next = int(found.group(1)), int(found.group(1)) > 1
        elif header_is_next:
            report.tables[section], header_is_next = (cells, []), False
        elif section > 1:
            report.tables[section][1].append((line, cells))
        elif section == 0 and 0 not in report.tables and {"name", "join", "leave"} <= find_places(
            [header_word(cell) for cell in cells], COLUMNS
        ).keys():  # fmt: skip
            report.tables[0] = (cells, [])
        elif 0 in report.tables:
            report.tables[0][1].append((line, cells))
        else:
            report.summary.append(cells)
            if number > _WITHIN_ROWS:
                break
    if section:
        report.tables.pop(0, None)
    return report


def _value(cells: Sequence[str]) -> str:
    return cells[1].strip() if len(cells) > 1 else ""


def _meeting(summary: Sequence[Sequence[str]], moments: Sequence[datetime | None]) -> Meeting:
    """By the words of the summary's lines; in another language the first line is the title, the first two times are start and end."""
    said: dict[str, int] = {}
    for number, cells in enumerate(summary):
        word = header_word(cells[0]) if cells else ""
        for what, accepted in _SUMMARY.items():
            if word in accepted:
                said.setdefault(what, number)
    times = [number for number, moment in enumerate(moments) if moment is not None]
    start = said.get("start", times[0] if times else None)
    end = said.get("end", times[1] if len(times) > 1 else None)
    title = said.get("title", 0 if summary and start is not None and start > 0 else None)
    return Meeting(
        _value(summary[said["id"]]) if "id" in said else "",
        _value(summary[title]) or None if title is not None else None,
        moments[start] if start is not None else None,
        moments[end] if end is not None else None,
    )


def _names(shown: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Names without the mark of a guest, and who has one (null: not marked)."""
    texts = shown.to_pylist()
    names = [_GUEST.sub("", text) for text in texts]
    marked = [True if name != text else None for name, text in zip(names, texts, strict=True)]
    return pa.array(names, pa.string()), pa.array(marked, pa.bool_())


def _without_gaps(stays: pa.Table) -> pa.Table:
    """Section 2 states the first joining and the last leaving: where the time present is shorter, the leaving is no end of one stay."""
    left, joined = (pc.cast(stays[name].combine_chunks(), pa.int64()) for name in ("left_at", "joined_at"))
    between = pc.divide(pc.cast(pc.subtract(left, joined), pa.float64()), 1e6 * SECONDS_A_MINUTE)
    is_whole = pc.less_equal(pc.subtract(between, stays["minutes"].combine_chunks()), 1.0)
    at = stays["left_at"].combine_chunks()
    return with_column(stays, "left_at", pc.if_else(pc.fill_null(is_whole, True), at, pa.scalar(None, at.type)))


# -- the list -----------------------------------------------------------------------------------------------------------------


def _read_list(
    file: ReportFile, rows: Sequence[tuple[int, list[str]]], places: dict[str, int], realm: str, context: Context
) -> Iterator[Event]:
    width = len(rows[0][1])
    below = rows[1:]
    if below:
        no_cut(file.path, file, below[-1], width)
    fitting = [(line, cells) for line, cells in below if len(cells) >= width]
    texts = [cells for _, cells in fitting]
    times = plain_times(text_column(texts, places["time"]))
    habit: Order = "day first" if _CYRILLIC.search(" ".join(rows[0][1])) else "month first"
    words = [header_word(cell) for cell in rows[0][1]]
    zone = ZoneInfo("UTC") if words[places["time"]].startswith("utc") else context.zone
    moments = to_utc(times, time_order([times], habit), zone)[0].to_pylist()
    live = find_places(words, _LIVE)
    addresses = lower_addresses(text_column(texts, live.get("address")))
    names, guests = _names(text_column(texts, places["name"]))
    actions = text_column(texts, places["action"]).to_pylist()
    refused = [(line, "fewer cells than the header") for line, cells in below if len(cells) < width]
    events: list[tuple[datetime, bool, int]] = []
    for row, ((line, _), action, moment) in enumerate(zip(fitting, actions, moments, strict=True)):
        if not _CAME.match(action) and not _WENT.match(action):
            refused.append((line, "an action that is not known"))
        elif moment is None:
            refused.append((line, "a time that is not understood or does not exist"))
        else:
            events.append((moment, not _CAME.match(action), row))
    last = max((moment for moment, _, _ in events), default=None)
    first = min((moment for moment, _, _ in events), default=None)
    stays: list[tuple[int, datetime, datetime | None]] = []
    present: dict[str, list[int]] = defaultdict(list)
    texts_of = (text_column(texts, live["session"]) if "session" in live else names).to_pylist()
    for moment, is_leaving, row in sorted(events):
        name = texts_of[row]
        if not is_leaving:
            present[name].append(len(stays))
            stays.append((row, moment, last))
        elif present[name]:
            place = present[name].pop(0)
            stays[place] = (stays[place][0], stays[place][1], moment)
        else:
            refused.append((fitting[row][0], "left without having joined"))
    for line, reason in sorted(refused):
        yield Seen("attendance", 1)
        yield Rejected("attendance", f"line {line}", reason)
    time_type = pa.timestamp("us", tz="UTC")
    took = pa.array([row for row, _, _ in stays], pa.int64())
    table = made_stays(
        places=[f"line {fitting[row][0]}" for row, _, _ in stays],
        name=names.take(took),
        email=addresses.take(took),
        joined=pa.array([joined for _, joined, _ in stays], time_type),
        left=pa.array([left for _, _, left in stays], time_type),
        minutes=pa.nulls(len(stays), pa.float64()),
    )
    table = with_column(table, "is_guest", guests.take(took))
    meeting = Meeting("list", starts_at=first, ends_at=last)
    yield from attendance_events(realm, meeting, table, context)
    yield covers_of([(meeting, table)])
