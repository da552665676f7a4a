"""Microsoft Teams' attendance downloads: the old list of comings and goings, the report with a summary, and the report in three sections.

What has to be known about them (Microsoft Learn, "Manage the attendance report for meetings and events"; layouts of real downloads):

- Mostly UTF-16 with tabs, whatever the ending; some are UTF-8 with commas.
- *List* (2020): ``Full Name, User Action, Timestamp``, one row per coming ("Joined", "Joined before") or going ("Left"). A coming and the going
  after it are one stay; who is still there when the list ends stays until its last moment. No meeting is named: it is known by the moment of
  its first row, the same in every download of one person.
- *List of a live event*: ``Session Id, Participant Id, Full Name, User Agent, UTC Event Timestamp, Action, Role`` (with or without the blanks); times
  are UTC, a session is one device, the participant's id is an address.
- *Report with a summary* (2021): title, start and end of the meeting above ``Full Name, Join Time, Leave Time, Duration, Email, Role``. In another language
  the header is the row above the first that has times in its second and third cells.
- *Report in sections* (since 2022): "1. Summary", "2. Participants" (first join, last leave, time present), "3. In-Meeting Activities" (one row per
  stay). Stays are section 3's; only where that is missing or empty are they section 2's, and then without the leaving if the time present is shorter
  than the time between. Sections are found by number and, in a language whose words are not known, their columns by place (name, joining,
  leaving, duration, address), which is the same in all.
- Times state no zone and are in the layout of the downloader's region: 7/22/26, 7:00:11 PM (US) or 22.07.2026, 19:00:11 (Russian). The order of
  day and month is found per file. Where the header says "(UTC)" behind its words, the whole download is in UTC.
- Of a webinar, section 2 tells the address of registration, and lists who registered and did not come (no stay, not counted). A stay without an address
  has the one of the only person in section 2 who is called so.
- A program that takes the comma within a time for the end of a cell makes two of it, in rows and in the summary: they are put together again.
- "(Guest)", "(Гость)" and the like behind a name are no part of it; they mark a guest.

- *Engagement* (Teams Premium; "Attendance and engagement report", Microsoft Learn, and a program that writes such files: "Engagement: Reaction-Like",
  "Engagement: Raise Hands", "Engagement: Camera On", "Engagement: Unmute", each how often): columns of section 2, or of the stays, whose words are known. Of section 2, whose
  rows are people, they stand at the person's first stay. Reactions of each type are added up. Minutes of camera and of speaking are kept where the
  cell is a length of time, or the header says that it is minutes; how often somebody switched the camera or the microphone on is not kept.

Not kept: role, registration, the summary's averages. A download without these columns tells of no signs of attention: null.
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
from pipelines.sources.formats.delimited import DelimitedFile, header_word, looks_like
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.report_files import ENDINGS, ReportFile, no_cut, open_report, small_rows
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
    plain_times,
    reject_further_sheets,
    stays_of,
    text_column,
    time_order,
    with_column,
)

WHAT = "a Teams attendance report (kind teams)"
_FILES = Packed(WHAT, (*ENDINGS, ".tsv", ".txt"))

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
    "registered": ("registration email", "адрес электронной почты при регистрации", "электронная почта для регистрации"),
}  # fmt: skip
#: Signs of attention → words of their columns.
_ENGAGEMENT = {
    "reactions": ("reactions", "total reactions", "number of reactions", "реакции", "всего реакций", "количество реакций"),
    "raised_hands": (
        "raised hands", "hands raised", "hand raises", "raised hand", "raise hand", "raise hands", "times hand raised", "поднятые руки", "поднятия руки", "поднятая рука",
        "количество поднятий руки",
    ),
    "camera_minutes": (
        "camera on duration", "camera duration", "camera on", "cameras on", "camera", "camera on (minutes)", "камера включена", "камера",
        "длительность включения камеры", "длительность с включенной камерой",
    ),
    "talk_minutes": (
        "unmuted duration", "unmute duration", "time unmuted", "unmuted", "unmuted minutes", "unmuted (minutes)", "микрофон включен",
        "длительность с включенным микрофоном",
    ),
}  # fmt: skip
_REACTIONS = frozenset((
    "like", "likes", "love", "heart", "hearts", "applause", "applauses", "clap", "claps", "laugh", "laughs", "surprised", "surprise", "surprises",
    "нравится", "сердце", "сердца", "аплодисменты", "смех", "удивление",
))  # fmt: skip
#: What stands before the words of these columns, and before the type of a reaction.
_OF_ENGAGEMENT = re.compile(r"^engagement: ?(?:reactions? ?- ?)?")
_IN_MINUTES = re.compile(r"\(?(?:minutes|min\.?|минут\w*|мин\.?)\)?$")
_BARE_NUMBER = re.compile(r"^\d+(?:[.,]\d+)?$")
_LIST = {
    "name": ("full name", "fullname", "полное имя", "name", "имя"),
    "action": ("user action", "action", "действие пользователя", "действие"),
    "time": ("timestamp", "timestamp (utc)", "метка времени", "отметка времени", "utc event timestamp", "utceventtimestamp"),
}
#: More of a live event's list.
_LIVE = {"session": ("session id", "sessionid"), "address": ("participant id", "participantid")}
#: Columns that may hold an address, in this order.
_ADDRESSES = ("email", "upn", "registered")
#: Columns of sections 2 and 3 by place, where their words are not known.
_BY_PLACE = ("name", "join", "leave", "minutes", "email")
_SUMMARY = {
    "title": ("meeting title", "title", "название собрания", "название"),
    "start": ("start time", "meeting start time", "время начала", "время начала собрания"),
    "end": ("end time", "meeting end time", "время окончания", "время окончания собрания", "время завершения"),
    "id": ("meeting id", "идентификатор собрания", "код собрания"),
}
_SECTION = re.compile(r"^\s*([1-9])\.\s+\S")
_CAME = re.compile(
    r"^(?:join|присоед|подключ|вош[её]?л|(?:bereits |vorher |zuvor )?(?:beigetreten|teilgenommen)|(?:se )?uni(?:do|ó)|(?:a )?rejoint|entrou|ingressou|"
    r"entrato|si è unito|приєд|dołącz)",
    re.IGNORECASE,
)
_WENT = re.compile(
    r"^(?:left|leave|покин|выш|уш[её]?л|отключ|verlassen|(?:ha )?salió|salido|abandon|(?:a )?quitté|parti\b|saiu|uscito|вийш|opuśc|opuszcz|wysz)",
    re.IGNORECASE,
)
_GUEST = re.compile(
    r"\s*\((?:guest|external|unverified|anonymous|гость|внешний[^()]*|непроверенный|не проверено|не подтвержд[её]н\w*|аноним\w*|gast|extern\w*|"
    r"nicht (?:überprüft|verifiziert)|anonym\w*|invité\w*|non vérifié\w*|invitad[oa]|convidad[oa]|ospite|gość|гість)\)\s*$",
    re.IGNORECASE,
)
_DAY_AND_TIME = re.compile(r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}\D.*\d{1,2}[:.]\d{2}")
_DAY, _HOUR = (
    re.compile(r"\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?\s*"),
    re.compile(r"\s*\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s*[AaPp]\.?\s?[Mm]\.?)?\s*"),
)
#: Behind the words of a column, or of a line of the summary: its times are not local.
_UTC = re.compile(r" ?\(utc\)$")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: Digits of the largest count that is kept.
_LONGEST_COUNT = 6
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
    version: ClassVar[int] = 8
    #: A time that a comma cut in two is whole since 5; a line of totals is nobody's stay since 6.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("attendance",), 6)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also tab-separated ones under another ending) and workbooks below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside reports."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay; derived from it the webinar and the accounts. Raises BadFile for anything else."""
        return _FILES.events(item, lambda one: self._report(source, one, context))

    def _report(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
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
        rows = [(line, _with_whole_times(cells)) for line, cells in rows]
        found = _list_places(rows)
        if len(found) == len(_LIST):
            yield from _read_list(file, rows, found, realm, context)
        else:
            yield from _read_report(file, rows, realm, context)
        yield from reject_further_sheets(file)


def _with_whole_times(cells: list[str]) -> list[str]:
    """Cells in which a day and the hour behind it are one."""
    whole: list[str] = []
    for cell in cells:
        if whole and _HOUR.fullmatch(cell) and _DAY.fullmatch(whole[-1]):
            whole[-1] = f"{whole[-1].strip()} {cell.strip()}"
        else:
            whole.append(cell)
    return whole


# -- the report ---------------------------------------------------------------------------------------------------------------


def _read_report(file: ReportFile, rows: Sequence[tuple[int, list[str]]], realm: str, context: Context) -> Iterator[Event]:
    report = _apart(rows)
    # A section may stand there with its header alone, for those who may not see the stays.
    number = next((one for one in (3, 0, 2) if one in report.tables and report.tables[one][1]), next(iter(report.tables), None))
    if number is None:
        other = next(
            (kind for _, cells in rows[:_WITHIN_ROWS] if (kind := looks_like([header_word(cell) for cell in cells])) and kind != WHAT), None
        )
        found = f"what looks like {other}" if other else "no table of participants"
        raise BadFile(file.path, place="header", expected=WHAT, found=found)
    header, below = report.tables[number]
    if below and below[-1] == rows[-1]:
        no_cut(file.path, file, below[-1], len(header))
    places = _places(header)
    if number == 2:
        below = [(line, cells) for line, cells in below if not _never_came(cells, places)]
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
    zone = ZoneInfo("UTC") if "join" in places and _UTC.search(header_word(header[places["join"]])) else context.zone
    meeting = _meeting(report.summary, to_utc(values, order, zone)[0].to_pylist())
    names, is_guest = _names(text_column(texts, places.get("name")))
    email = pa.array([_address(cells, places) for cells in texts], pa.string())
    if number == 3 and 2 in report.tables:
        email = _addresses_of(report.tables[2], names, email)
    minutes = text_column(texts, places.get("minutes"))
    stays = stays_of(
        places=[f"line {line}" for line, _ in fitting],
        name=names,
        email=email,
        join=join,
        leave=leave,
        minutes=minutes,
        order=order,
        zone=zone,
    )
    stays = with_column(stays, "is_guest", is_guest)
    stays = _with_engagement(stays, report, number, fitting)
    if number == 2:
        stays = _without_gaps(stays)
    if meeting.number == "":
        meeting = Meeting(digest(meeting.title or ""), meeting.title, meeting.starts_at, meeting.ends_at)
    yield from attendance_events(realm, meeting, stays, context)
    yield covers_of([(meeting, stays)])


def _words(cells: Sequence[str]) -> list[str]:
    """Words of a header or of a summary's line, without what they say of the zone."""
    return [_UTC.sub("", header_word(cell)) for cell in cells]


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where the columns of a table of people or stays stand; by place where their words are not known."""
    places = find_places(_words(header), COLUMNS)
    if {"name", "join", "leave"} <= places.keys():
        return places
    return {name: place for place, name in enumerate(_BY_PLACE) if place < len(header)}


def _never_came(cells: Sequence[str], places: dict[str, int]) -> bool:
    """Somebody who registered: section 2 lists them without times."""
    return not any(cells[places[name]].strip() for name in ("join", "leave", "minutes") if name in places and places[name] < len(cells))


def _address(cells: Sequence[str], places: dict[str, int]) -> str:
    """The address of a row: as shown, else of the account, else as registered."""
    shown = (cells[places[name]].strip() for name in _ADDRESSES if name in places and places[name] < len(cells))
    return next((text for text in shown if "@" in text), "")


def _addresses_of(people: tuple[list[str], list[tuple[int, list[str]]]], names: pa.Array, emails: pa.Array) -> pa.Array:
    """The addresses, with those of section 2 (the account's, or as registered) where a stay has none and one person alone is called so."""
    header, rows = people
    places = _places(header)
    of_name: dict[str, set[str]] = defaultdict(set)
    for _, cells in rows:
        if len(cells) >= len(header) and not _never_came(cells, places):
            of_name[_GUEST.sub("", cells[places["name"]].strip()).strip().casefold()].add(_address(cells, places).lower())
    found = []
    for name, email in zip(names.to_pylist(), emails.to_pylist(), strict=True):
        known = of_name.get(name.strip().casefold(), set())
        found.append(email or (next(iter(known)) if len(known) == 1 else ""))
    return pa.array(found, pa.string())


def _with_engagement(stays: pa.Table, report: _Report, number: int, fitting: Sequence[tuple[int, list[str]]]) -> pa.Table:
    """The stays with signs of attention, where their own table or section 2 has columns for them."""
    own = _engagement(report.tables[number][0])
    if own:
        found = [_signs(cells, own) for _, cells in fitting]
    elif number == 3 and 2 in report.tables and (columns := _engagement(report.tables[2][0])):
        header, rows = report.tables[2]
        places = _places(header)
        of_person: dict[tuple[str, str], dict[str, float | None]] = {}
        for _, cells in rows:
            if len(cells) >= len(header):
                of_person.setdefault(_person(cells[places["name"]].strip(), _address(cells, places)), _signs(cells, columns))
        first: dict[tuple[str, str], int] = {}
        joined, people = stays["joined_at"].to_pylist(), list(map(_person, stays["name"].to_pylist(), stays["email"].to_pylist()))
        for row in sorted((row for row in range(stays.num_rows) if joined[row] is not None), key=lambda row: (joined[row], row)):
            first.setdefault(people[row], row)
        found = [of_person.get(people[row], {}) if first.get(people[row]) == row else {} for row in range(stays.num_rows)]
    else:
        return stays
    for sign, kind in (
        ("reactions", pa.int32()),
        ("raised_hands", pa.int32()),
        ("camera_minutes", pa.float64()),
        ("talk_minutes", pa.float64()),
    ):
        stays = with_column(stays, sign, pa.array([one.get(sign) for one in found], pa.float64()).cast(kind))
    return stays


def _person(name: str | None, email: str | None = None) -> tuple[str, str]:
    """By what section 2 and section 3 tell the same person: address, else the name shown."""
    address = email.strip().lower() if email and "@" in email else ""
    return ("", address) if address else (_GUEST.sub("", name or "").strip().casefold(), "")


def _engagement(header: Sequence[str]) -> dict[int, str]:
    """Column → sign of attention; each type of reaction on its own only where no column has their sum."""
    words = [_OF_ENGAGEMENT.sub("", header_word(cell)) for cell in header]
    found = {place: sign for sign, place in find_places(words, _ENGAGEMENT).items()}
    if "reactions" not in found.values():
        found |= {place: "reactions" for place, word in enumerate(words) if word in _REACTIONS}
    return {
        place: f"{sign}:minutes" if sign.endswith("_minutes") and _IN_MINUTES.search(words[place]) else sign
        for place, sign in found.items()
    }


def _signs(cells: Sequence[str], columns: dict[int, str]) -> dict[str, float | None]:
    signs: dict[str, float | None] = {}
    for place, told in columns.items():
        sign, _, unit = told.partition(":")
        text = cells[place].strip() if place < len(cells) else ""
        is_number = bool(_BARE_NUMBER.match(text)) and len(text) <= _LONGEST_COUNT
        if sign.endswith("_minutes"):
            signs[sign] = minutes_of(text) if unit or not is_number else None
        elif is_number and text.isdecimal():
            signs[sign] = (signs.get(sign) or 0) + int(text)
    return signs


def _apart(rows: Sequence[tuple[int, list[str]]]) -> _Report:
    report = _Report()
    header_by_place = next((place - 1 for place, (_, cells) in enumerate(rows[:_WITHIN_ROWS]) if place and _is_stay(cells)), None)
    section, header_is_next = 0, False
    for number, (line, cells) in enumerate(rows):
        found = _SECTION.match(cells[0]) if cells and not any(cell.strip() for cell in cells[1:]) else None
        if found:
            section, header_is_next = int(found.group(1)), int(found.group(1)) > 1
        elif header_is_next:
            report.tables[section], header_is_next = (cells, []), False
        elif section > 1:
            report.tables[section][1].append((line, cells))
        elif (section == 0 and 0 not in report.tables) and (number == header_by_place or _is_header(cells)):
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


def _is_header(cells: Sequence[str]) -> bool:
    return {"name", "join", "leave"} <= find_places(_words(cells), COLUMNS).keys()


def _is_stay(cells: Sequence[str]) -> bool:
    """A row as wide as a stay with times where a stay has them, whatever the language."""
    return len(cells) >= len(_BY_PLACE) and bool(_DAY_AND_TIME.search(cells[1])) and bool(_DAY_AND_TIME.search(cells[2]))


def _value(cells: Sequence[str]) -> str:
    return cells[1].strip() if len(cells) > 1 else ""


def _meeting(summary: Sequence[Sequence[str]], moments: Sequence[datetime | None]) -> Meeting:
    """By the words of the summary's lines; in another language the first two times are start and end, the first that is said above them and is no
    number is the title."""
    said: dict[str, int] = {}
    for number, cells in enumerate(summary):
        word = _words(cells[:1])[0] if cells else ""
        for what, accepted in _SUMMARY.items():
            if word in accepted:
                said.setdefault(what, number)
    times = [number for number, moment in enumerate(moments) if moment is not None]
    start = said.get("start", times[0] if times else None)
    end = said.get("end", times[1] if len(times) > 1 else None)
    above = (number for number in range(start or 0) if (value := _value(summary[number])) and not _BARE_NUMBER.match(value))
    title = said.get("title", next(above, None))
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


def _list_places(rows: Sequence[tuple[int, list[str]]]) -> dict[str, int]:
    """Where name, action and time stand in a list; by place where its words are not known and what is done is. Empty: it is no list."""
    if not rows:
        return {}
    width, below = len(rows[0][1]), rows[1:]
    found = find_places([header_word(cell) for cell in rows[0][1]], _LIST)
    if len(found) == len(_LIST) or width != len(_LIST) or not below:
        return found
    done = [cells[1].strip() for _, cells in below if len(cells) == width]
    is_list = len(done) == len(below) and all(_CAME.match(action) or _WENT.match(action) for action in done)
    return {name: place for place, name in enumerate(_LIST)} if is_list else {}


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
    word = words[places["time"]]
    zone = ZoneInfo("UTC") if word.startswith("utc") or _UTC.search(word) else context.zone
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
