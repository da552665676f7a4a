"""MTS Link (until 2023 Webinar.ru): who was at which event and how attentive, as its UserAPI tells it; asked for, or saved to files.

Source: help.mts-link.ru, "Выгрузить статистику по участникам" (GET /v3/stats/users, article 19660), "Выгрузить статистику по мероприятиям"
(GET /v3/stats/events, article 19661), "UserAPI для Встреч, Вебинаров и Курсов" (article 25720); and programs that read the answers.

What has to be known about it:

- One answer is an array of people, each with the events (``eventSessions``) they were at, each with its connections: ``joined``, ``leaved``, ``duration`` in
  seconds. A connection is a stay; one without an end lasted until the event's.
- ``id`` is the user's on the platform, the same in every event. Who came without one is known by name and address.
- Moments state their offset ("2026-09-08T17:00:00+0300"); where one does not, ``time_zone`` of the source, else the programme's.
- The address of an answer is asked for with a span of time of at most a year; without its beginning the answer is not valid, and a span in which nothing
  happened may be answered with 404. So the service is asked for one calendar month at a time, and only for those in which an event
  ended or changed since the last load: what ``/stats/events`` says of a month is its fingerprint. ``since`` of the source is the first day; left out: a year
  before the server's own day.
- The key goes in the header ``x-auth-token``; it needs the right to read statistics only.

Signs of attention, of the event and not of a stay, so they stand in the row of the first one: messages in the chat and questions asked
(``userChatMessageCount`` and ``userQuestionCount``) as chat_messages, clicks on the flame as reactions, confirmed windows of the presence control as
poll_answers (both are an answer to what the screen asks), hours and minutes of speech as talk_minutes.

Not kept: country, town, device, referrer, marks of advertising, answers of the registration form, rating, sex and position; the share of time with the
event's tab in front (``actualInvolvement``), which the documentation does not define as a number.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa

from pipelines.errors import BadSource
from pipelines.programme import Source
from pipelines.sources.formats.http_client import HttpClient
from pipelines.sources.formats.json_lines import storable_value
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.report_files import MOST_ROWS
from pipelines.sources.formats.small_files import json_of, other_json, small_content
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut
from pipelines.sources.webinars.attendance import (
    COUNTS,
    MINUTES,
    MOST_MINUTES,
    SECONDS_A_MINUTE,
    Meeting,
    attendance_events,
    covers_of,
    made_stays,
    with_column,
)

WHAT = "statistics of participants of MTS Link, as GET /v3/stats/users answers (kind mts_link)"
DEFAULT_REALM = "mts_link"
DEFAULT_ADDRESS = "https://userapi.mts-link.ru/v3"
_FILES = Packed(WHAT, (".json", ".json.gz"))
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_SPEECH = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2}))?")
#: A span at whose edges the service's time zone and ours may disagree about the day.
_EDGE = timedelta(days=1)
#: Where the programme file does not say from when: the longest span that one question may have.
_LOOK_BACK = timedelta(days=365)
#: Years outside are a wrong clock.
_YEARS = range(2000, 2100)
#: A span without events.
_NOTHING = frozenset((404,))


@dataclass
class _Session:
    """One event with its people's stays, column by column."""

    meeting: Meeting
    places: list[str] = field(default_factory=list)
    rows: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    @property
    def begun_at(self) -> datetime | None:
        """When it began, else when the first came; None where neither is known."""
        return self.meeting.starts_at or min((joined for joined in self.rows["joined"] if joined), default=None)


class MtsLinkReader:
    """Reader of MTS Link's statistics. Kind ``mts_link``: one item is one file, or one calendar month of the service."""

    kind: ClassVar[str] = "mts_link"
    version: ClassVar[int] = 2

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """JSON files below the source's path; without a path the service's months ("2026-09") with events in them.

        Raises BadSource where there is no file, without a key and where the service refuses; SourceAway where it stays silent.
        """
        if source.path is not None:
            return _FILES.items(source)
        with _Service(source, context, self._sleep) as service:
            return [Item(month, fingerprint=state) for month, state in service.months()]

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside such files."""
        return [] if source.path is None else _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per connection, with signs of attention; derived from it the webinars and the accounts.

        Raises BadFile for a file of anything else; BadSource and SourceAway for the service.
        """
        if item.path is None:
            return self._month(source, item, context)
        return _FILES.events(item, lambda one: self._month(source, one, context))

    def _month(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        realm = source.realm or DEFAULT_REALM
        zone = ZoneInfo(source.time_zone) if source.time_zone else context.zone
        if item.path is not None:
            people = _people(item.path)
            sessions = _sessions(people, zone)
        else:
            if not _MONTH.fullmatch(item.name):
                raise BadSource(f"source {source.name}: no item {item.name!r}")
            with _Service(source, context, self._sleep) as service:
                people = service.people(item.name)
            # An event whose beginning is not understood is of the month in which somebody came first, or of any.
            sessions = [one for one in _sessions(people, zone) if (_month_of(one.begun_at, zone) or item.name) == item.name]
        if sum(len(session.places) for session in sessions) > MOST_ROWS:
            raise BadSource(f"source {source.name}, {item.name}: more than {MOST_ROWS} stays")
        covered = []
        for session in sessions:
            stays = _stays(session)
            yield from attendance_events(realm, session.meeting, stays, context)
            covered.append((session.meeting, stays))
        yield from _accounts(people, realm, context)
        yield covers_of(covered) if covered else Covers(None, None)


# -- the service --------------------------------------------------------------------------------------------------------------


class _Service:
    """The UserAPI. Use as a context manager."""

    def __init__(self, source: Source, context: Context, sleep: Callable[[float], None]) -> None:
        if not context.token:
            raise BadSource(
                f"source {source.name}: neither a path in the programme file nor a key of the UserAPI in MAYAK_SOURCES__{source.name.upper()}__TOKEN"
            )
        self._source, self._zone = source, ZoneInfo(source.time_zone) if source.time_zone else context.zone
        self._client = HttpClient(
            source.name,
            context.url or DEFAULT_ADDRESS,
            headers={"x-auth-token": context.token, "Accept": "application/json"},
            pace=source.requests_per_second,
            certificates=source.certificates,
            sleep=sleep,
        )
        self._at: datetime | None = None

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    def months(self) -> Iterator[tuple[str, str]]:
        """Months with an event, and a hash of what is said of its events."""
        since = self._source.since
        if since is None:
            # The server's own day: there is no other clock here. A span of no length is the cheapest question.
            self._ask("stats/events", datetime(2000, 1, 1), datetime(2000, 1, 2))
            if self._at is None:
                raise BadSource(f"source {self._source.name}: the service does not tell the day: give the source since = YYYY-MM-DD")
            since = (self._at - _LOOK_BACK).date()
        found: dict[str, set[bytes]] = defaultdict(set)
        begin = datetime(since.year, since.month, since.day)
        while True:
            end = begin + _LOOK_BACK
            for event in self._ask("stats/events", begin - _EDGE, end):
                found[_month_of(_moment(event.get("startsAt"), self._zone), self._zone)].add(
                    orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
                )
            begin = end
            if self._at is None or begin > self._at.replace(tzinfo=None) + _EDGE:
                break
        for month in sorted(found.keys() - {""}):
            yield month, sha256(b"\n".join(sorted(found[month]))).hexdigest()

    def people(self, month: str) -> list[dict[str, Any]]:
        """People of one month's events."""
        year, number = (int(part) for part in month.split("-"))
        begin = datetime(year, number, 1)
        end = datetime(year + number // 12, number % 12 + 1, 1)
        return self._ask("stats/users", begin - _EDGE, end + _EDGE)

    def _ask(self, what: str, begin: datetime, end: datetime) -> list[dict[str, Any]]:
        base = self._client.base
        url = base.copy_with(path=f"{base.path.rstrip('/')}/{what}")
        answer = self._client.get(url, {"from": f"{begin:%Y-%m-%d %H:%M:%S}", "to": f"{end:%Y-%m-%d %H:%M:%S}"}, empty=_NOTHING)
        self._at = answer.at or self._at
        if answer.value is None:
            return []
        if not isinstance(answer.value, list):
            raise BadSource(f"{self._source.name}: {base.host}: expected an array from {what}; found JSON of something else")
        return [storable_value(one) for one in answer.value if isinstance(one, dict)]


def _month_of(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m}" if moment else ""


# -- one answer ---------------------------------------------------------------------------------------------------------------


def _people(path: Path) -> list[dict[str, Any]]:
    data = json_of(path, small_content(path, WHAT), WHAT)
    if not isinstance(data, list) or not all(isinstance(one, dict) and "eventSessions" in one for one in data):
        raise other_json(path, WHAT)
    return [storable_value(one) for one in data]


def _sessions(people: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[_Session]:
    """Events in order of their first mention, each with all its people's stays."""
    found: dict[str, _Session] = {}
    for number, person in enumerate(people, start=1):
        given = person.get("eventSessions")
        for event in given if isinstance(given, list) else ():
            if not isinstance(event, dict):
                continue
            key = _text(event.get("id"))
            session = found.get(key)
            if session is None:
                starts, ends = _moment(event.get("startsAt"), zone), _moment(event.get("endsAt"), zone)
                session = found[key] = _Session(Meeting(key or "0", _text(event.get("name")) or None, starts, ends))
            _add(session, number, person, event, zone)
    return list(found.values())


def _add(session: _Session, number: int, person: Mapping[str, Any], event: Mapping[str, Any], zone: ZoneInfo) -> None:
    given = event.get("connections")
    connections = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    control = event.get("attentionControl")
    signs: dict[str, Any] = {
        "chat_messages": _sum(event.get("userChatMessageCount"), event.get("userQuestionCount")),
        "reactions": _whole(event.get("usersReactionClicks")),
        "poll_answers": _whole(control.get("confirmedCount")) if isinstance(control, dict) else None,
        "talk_minutes": _speech(event.get("speechDuration")),
    }
    stays = []
    for connection in connections or [{}]:
        joined, left = _moment(connection.get("joined"), zone), _moment(connection.get("leaved"), zone)
        seconds = _whole(connection.get("duration"))
        if joined and left is None:
            is_known = seconds is not None and seconds <= MOST_MINUTES * SECONDS_A_MINUTE
            left = joined + timedelta(seconds=seconds or 0) if is_known else session.meeting.ends_at
        stays.append((joined, left, None if seconds is None else seconds / SECONDS_A_MINUTE))
    stays.sort(key=lambda stay: (stay[0] is None, stay[0] or datetime.min.replace(tzinfo=UTC)))
    for place, (joined, left, minutes) in enumerate(stays, start=1):
        session.places.append(f"person {number}, event {session.meeting.number}, connection {place}")
        rows = session.rows
        rows["name"].append(_name(person))
        rows["email"].append(_email(person))
        rows["native"].append(_text(person.get("id")) or None)
        rows["joined"].append(joined)
        rows["left"].append(left)
        rows["minutes"].append(minutes)
        for sign in (*COUNTS, *MINUTES):
            rows[sign].append(signs.get(sign) if place == 1 else None)


def _stays(session: _Session) -> pa.Table:
    rows, instant = session.rows, pa.timestamp("us", tz="UTC")
    table = made_stays(
        places=session.places,
        name=pa.array(rows["name"], pa.string()),
        email=pa.array(rows["email"], pa.string()),
        joined=pa.array(rows["joined"], instant),
        left=pa.array(rows["left"], instant),
        minutes=pa.array(rows["minutes"], pa.float64()),
        has_id=pa.array([native is not None for native in rows["native"]], pa.bool_()),
    )
    table = with_column(table, "native_id", pa.array(rows["native"], pa.string()))
    for sign in COUNTS:
        table = with_column(table, sign, pa.array(rows[sign], pa.int32()))
    for sign in MINUTES:
        table = with_column(table, sign, pa.array(rows[sign], pa.float64()))
    return table


def _accounts(people: Iterable[Mapping[str, Any]], realm: str, context: Context) -> Iterator[Event]:
    """What the statistics say of people beyond name and address: what the links know them by."""
    known = {native: person for person in people if (native := _text(person.get("id")))}
    if not known:
        return
    natives = sorted(known)
    yield Batch(
        "accounts",
        pa.table(
            {
                "account_id": context.pseudonyms.column(realm, natives),
                "realm": pa.array([realm] * len(natives), pa.string()),
                "channel": pa.array(["webinar"] * len(natives), pa.string()),
                "native_id": pa.array(natives, pa.string()),
                "display_name": pa.array([_name(known[native]) or None for native in natives], pa.string()),
                "first_name": pa.array([" ".join(_given(known[native])) or None for native in natives], pa.string()),
                "last_name": pa.array([_text(known[native].get("secondName")) or None for native in natives], pa.string()),
                "email": pa.array([_email(known[native]) for native in natives], pa.string()),
                "phone": pa.array([_phone(known[native].get("phone")) for native in natives], pa.string()),
                "institution": pa.array([_text(known[native].get("organization")) or None for native in natives], pa.string()),
            }
        ),
        counted=False,
    )


# -- values -------------------------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    """Text or a whole number as text; empty for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _given(person: Mapping[str, Any]) -> list[str]:
    """Given name and patronymic, which the documentation writes in two ways."""
    return [part for part in (_text(person.get("name")), _text(person.get("patrName")) or _text(person.get("pattrName"))) if part]


def _name(person: Mapping[str, Any]) -> str:
    return " ".join((_text(person.get("secondName")), *_given(person))).strip()


def _email(person: Mapping[str, Any]) -> str | None:
    email = _text(person.get("email")).lower()
    return email if "@" in email else None


def _phone(value: object) -> str | None:
    digits = "".join(letter for letter in _text(value) if letter.isascii() and letter.isdigit())
    return f"+{digits}" if digits else None


def _whole(value: object) -> int | None:
    """A count that a column of 32 bits can hold; None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 31:
        return None
    return int(value)


def _sum(*values: object) -> int | None:
    known = [count for count in map(_whole, values) if count is not None]
    return min(sum(known), (1 << 31) - 1) if known else None


def _speech(value: object) -> float | None:
    """Minutes of "hours:minutes" or "hours:minutes:seconds"; None for a number, whose unit nothing states."""
    found = _SPEECH.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 60 + minutes + seconds / SECONDS_A_MINUTE


def _moment(value: object, zone: ZoneInfo) -> datetime | None:
    """UTC of an ISO 8601 moment; None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None
