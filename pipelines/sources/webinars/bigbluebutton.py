"""BigBlueButton: the learning dashboard's data (``learning_dashboard_data.json``) and a recording's ``events.xml``.

What has to be known about them (bigbluebutton on GitHub: LearningDashboardActor.scala, bbb-learning-dashboard, record-and-playback; docs.bigbluebutton.org,
"Recording: events"):

- *Learning dashboard*: one object per meeting, written anew while it runs; a user has internal ids, each with one stay (before 2.6) or several
  sessions; in the first versions (2.4) a user is one stay, and raised hands and emoji are counted. Moments are milliseconds since 1970; 0 means not yet:
  the end of the meeting stands in. Who lost the connection and did not come back was there until then (``lastUserDisconnectionOn``, since 3.1): his
  stay is never ended. Nor is a camera's, in most versions, where its user leaves: it is off when he is gone.
- *events.xml*: one element per event; ``timestampUTC`` is the moment. Older servers give only ``timestamp`` of a clock of their own: the
  meeting's id ends with the moment at which it was made, which the first event stands for.
- Signs of attention are the user's, not a stay's: they stand in the row of the first stay and are null in the others. The recording tells
  of cameras where they were recorded (``Start…ShareEvent``) and in a user's status (``hasStream``), and of chat only where the sender's id was written.
- Talking ends with "talking: false", with muting or with leaving the audio: who mutes himself while he speaks gets no "false".
- Who rings up (``v_…``, ``isDialIn``) joins the audio alone: his stay is that of his call. What stands as his external id is what his telephone shows.
- *Who*: the external id is what the front end passed. Opened from an LMS it is the LMS's user id: give the source the LMS's ``realm`` and the
  account is the LMS's. Ids that the server made itself (``w_…``) are of one meeting only; then it is the name shown.
- A meeting and its recording have one id, so both may be given: the stays are the same rows (known by number, their clocks differ by seconds).

Not kept: what was written, said, asked and drawn; presentations, screen shares, breakout rooms; the role of moderator.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from lxml import etree

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.formats.report_files import MOST_ROWS
from pipelines.sources.formats.small_files import json_of, other_json, small_content
from pipelines.sources.reading import Context, Event, Item, LeftOut
from pipelines.sources.webinars.attendance import COUNTS, MINUTES, Meeting, attendance_events, covers_of, digest, made_stays, with_column

WHAT = "a BigBlueButton learning dashboard or events.xml (kind bigbluebutton)"
_FILES = Packed(WHAT, (".json", ".json.gz", "events.xml", "events.xml.gz"))
_MILLISECONDS_A_MINUTE = 60_000
#: 2000 and 2100: a moment outside is a wrong clock or no moment.
_EARLIEST, _LATEST = 946_684_800_000, 4_102_444_800_000
_OWN_ID = re.compile(r"^[wv]_[a-z0-9]+$")
_USER_IN_STREAM = re.compile(r"(?<![a-z0-9])([wv]_[a-z0-9]+)")
#: Ids of those who ring up.
_RINGS_UP = "v_"
_MADE_AT = re.compile(r"-(\d{13})$")
_HAND = frozenset(("raisehand", "raise_hand", "hand"))
_NO_SIGN = frozenset(("", "none", "clear", "false", "notset", "away"))


@dataclass
class _User:
    """What is known of one user: stays in milliseconds (0: not yet ended) and signs (None: not told)."""

    external: str
    name: str
    stays: list[tuple[int, int]] = field(default_factory=list)
    signs: dict[str, float | None] = field(default_factory=dict)


@dataclass
class _Held:
    """One meeting taken out of either file."""

    number: str
    title: str | None
    start: int
    end: int
    users: list[_User]


class BigBlueButtonReader:
    """Reader of learning dashboards and recordings' events. Kind ``bigbluebutton``."""

    kind: ClassVar[str] = "bigbluebutton"
    version: ClassVar[int] = 5
    #: Who rings up has no id of the LMS since 5.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("attendance",), 5)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """JSON files and files ``events.xml`` below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside such files."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay, with signs of attention; derived from it the webinar and the accounts.

        Raises BadFile for anything that is not one of the two files.
        """
        return _FILES.events(item, lambda one: self._meeting(source, one, context))

    def _meeting(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "bigbluebutton"
        content = small_content(item.path, WHAT)
        held = _recording(item.path, content) if content.lstrip()[:1] == b"<" else _dashboard(item.path, content)
        meeting = Meeting(held.number, held.title, _moment(held.start), _moment(held.end))
        stays = _stays(held, is_shared=source.realm is not None)
        yield from attendance_events(realm, meeting, stays, context, numbered=True)
        yield covers_of([(meeting, stays)])


def _stays(held: _Held, *, is_shared: bool) -> pa.Table:
    """One row per stay; the signs in the row of a user's first."""
    places: list[str] = []
    rows: dict[str, list[Any]] = defaultdict(list)
    for number, user in enumerate(held.users, start=1):
        is_own = bool(_OWN_ID.match(user.external)) or not user.external
        for stay, (joined, left) in enumerate(sorted(user.stays) or [(0, 0)], start=1):
            places.append(f"user {number}, stay {stay}")
            left = left or max(held.end, joined)
            rows["joined"].append(_moment(joined))
            rows["left"].append(_moment(left) if joined else None)
            rows["name"].append(user.name)
            rows["native"].append(None if is_own else user.external)
            rows["lms"].append(is_shared and not is_own)
            for sign in (*COUNTS, *MINUTES):
                rows[sign].append(user.signs.get(sign) if stay == 1 else None)
    time = pa.timestamp("us", tz="UTC")
    table = made_stays(
        places=places,
        name=pa.array(rows["name"], pa.string()),
        email=pa.nulls(len(places), pa.string()),
        joined=pa.array(rows["joined"], time),
        left=pa.array(rows["left"], time),
        minutes=pa.nulls(len(places), pa.float64()),
        has_id=pa.array([native is not None for native in rows["native"]], pa.bool_()),
    )
    table = with_column(table, "native_id", pa.array(rows["native"], pa.string()))
    table = with_column(table, "is_lms", pa.array(rows["lms"], pa.bool_()))
    for sign in COUNTS:
        table = with_column(table, sign, pa.array([int(value) if value is not None else None for value in rows[sign]], pa.int32()))
    for sign in MINUTES:
        table = with_column(table, sign, pa.array(rows[sign], pa.float64()))
    return table


def _moment(milliseconds: int) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def _made_at(meeting: str, otherwise: int) -> int:
    """The moment in a meeting's internal id: both files have it, to the millisecond."""
    found = _MADE_AT.search(meeting)
    return _milliseconds(int(found.group(1))) or otherwise if found else otherwise


def _milliseconds(value: object) -> int:
    """A moment in milliseconds; 0 for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if _EARLIEST <= value <= _LATEST else 0


# -- the learning dashboard ---------------------------------------------------------------------------------------------------


def _dashboard(path: Path, content: bytes) -> _Held:
    data = json_of(path, content, WHAT)
    if not isinstance(data, dict) or not isinstance(data.get("users"), dict) or not isinstance(data.get("intId"), str):
        raise other_json(path, WHAT)
    meeting = data["intId"]
    start = _made_at(meeting, _milliseconds(data.get("createdOn")))
    users = [_dashboard_user(user) for user in data["users"].values() if isinstance(user, dict)]
    if sum(len(user.stays) for user in users) > MOST_ROWS:
        raise BadFile(path, place="users", expected=f"at most {MOST_ROWS} stays", found="more")
    latest = max((max(stay) for user in users for stay in user.stays), default=0)
    end = _milliseconds(data.get("endedOn")) or latest
    for user, raw in zip(users, (user for user in data["users"].values() if isinstance(user, dict)), strict=True):
        user.signs["camera_minutes"] = _spans(raw.get("webcams"), user.stays, end)
        if user.signs["talk_minutes"] is None:
            user.signs["talk_minutes"] = _spans(raw.get("talks"), user.stays, end)
    return _Held(_number(meeting), _text(data.get("name")) or None, start, end, users)


def _number(meeting: str) -> str:
    return storable(_MADE_AT.sub("", meeting)) or digest(meeting)


def _text(value: object) -> str:
    return storable(value).strip() if isinstance(value, str) else ""


def _dashboard_user(raw: dict[str, Any]) -> _User:
    user = _User("" if raw.get("isDialIn") is True else _text(raw.get("extId")), _text(raw.get("name")))
    inner, lost = raw.get("intIds"), _milliseconds(raw.get("lastUserDisconnectionOn"))
    for one in inner.values() if isinstance(inner, dict) else [raw] if "registeredOn" in raw else ():
        if not isinstance(one, dict):
            continue
        sessions = one["sessions"] if isinstance(one.get("sessions"), list) else [one]
        for session in sessions:
            if isinstance(session, dict):
                joined, left = _milliseconds(session.get("registeredOn")), _milliseconds(session.get("leftOn"))
                user.stays.append((joined, left or (lost if lost >= joined else 0)))
    talk = raw.get("talk")
    spoken = talk.get("totalTime") if isinstance(talk, dict) else None
    emojis = raw.get("emojis")
    user.signs = {
        "chat_messages": _whole(raw.get("totalOfMessages")),
        "poll_answers": _length(raw.get("answers")),
        "raised_hands": _first(_length(raw.get("raiseHand")), _whole(raw.get("totalOfRaiseHands"))),
        "reactions": _first(_length(raw.get("reactions")), _whole(raw.get("totalOfEmojis"))),
        "talk_minutes": spoken / _MILLISECONDS_A_MINUTE
        if isinstance(spoken, int) and not isinstance(spoken, bool) and spoken >= 0
        else None,
    }
    if isinstance(emojis, list):
        # Before 2.7 raised hands were one of the emoji.
        shown = [_text(emoji.get("name")).lower() for emoji in emojis if isinstance(emoji, dict)]
        if user.signs["raised_hands"] is None:
            user.signs["raised_hands"] = sum(name in _HAND for name in shown)
        if user.signs["reactions"] is None:
            user.signs["reactions"] = sum(name not in _HAND and name not in _NO_SIGN for name in shown)
    return user


def _spans(raw: object, stays: list[tuple[int, int]], end: int) -> float | None:
    """Minutes of spans of time together; one that has not stopped stops when its user leaves, or the meeting ends."""
    if not isinstance(raw, list):
        return None
    total = 0
    for one in raw:
        if isinstance(one, dict):
            started = _milliseconds(one.get("startedOn"))
            gone = max((left or end for joined, left in stays if joined <= started), default=end)
            total += max(0, (_milliseconds(one.get("stoppedOn")) or gone) - started) if started else 0
    return total / _MILLISECONDS_A_MINUTE


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else None


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, list | dict) else None


# -- the recording's events ---------------------------------------------------------------------------------------------------


@dataclass
class _Tally:
    """What the events so far have said."""

    users: dict[str, _User] = field(default_factory=dict)
    #: Internal id of a client → the user's key; → when the stay began, talking began, the camera was turned on.
    key_of: dict[str, str] = field(default_factory=dict)
    inside: dict[str, int] = field(default_factory=dict)
    talking: dict[str, int] = field(default_factory=dict)
    cameras: dict[str, int] = field(default_factory=dict)
    #: (user, poll) that has an answer.
    answered: set[tuple[str, str]] = field(default_factory=set)
    rows: int = 0

    def user(self, client: str) -> _User | None:
        """The user of a client id; None for one that never joined."""
        key = self.key_of.get(client)
        return self.users[key] if key is not None else None

    def add(self, client: str, sign: str, by: float) -> None:
        """One sign more."""
        user = self.user(client)
        if user is not None:
            user.signs[sign] = (user.signs.get(sign) or 0) + by


def _recording(path: Path, content: bytes) -> _Held:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise BadFile(path, place="byte 0", expected=f"{WHAT} without a document type", found="one")
    tally = _Tally()
    meeting, title = "", None
    first_clock = made = now = latest = end = 0
    is_recording = False
    try:
        # Fed in pieces: an element is let go of as soon as it has been read.
        parser = etree.XMLPullParser(
            events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True
        )
        for at in range(0, len(content), 1 << 20):
            parser.feed(content[at : at + (1 << 20)])
            for phase, element in parser.read_events():
                tag = element.tag
                if phase == "start":
                    is_recording = is_recording or tag == "recording"
                    if tag == "recording":
                        meeting = element.get("meeting_id") or meeting
                    elif tag == "meeting":
                        meeting = element.get("id") or meeting
                        title = element.get("name") or title
                    elif tag == "metadata":
                        title = element.get("meetingName") or title
                    continue
                if tag != "event":
                    continue
                made = made or _made_at(meeting, 0)
                clock = element.get("timestamp") or ""
                first_clock = first_clock or (int(clock) if clock.isascii() and clock.isdigit() and len(clock) < 20 else 0)
                fields = {child.tag: (child.text or "").strip() for child in element if isinstance(child.tag, str)}
                now = _milliseconds(fields.get("timestampUTC"))
                if not now and made and clock.isascii() and clock.isdigit() and len(clock) < 20:
                    now = _milliseconds(made + int(clock) - first_clock)
                latest = max(latest, now)
                if element.get("eventname") in ("EndAndKickAllEvent", "MeetingEndedEvent") and now:
                    end = now
                _take(tally, element.get("eventname") or "", fields, now)
                if tally.rows > MOST_ROWS:
                    raise BadFile(path, place="events", expected=f"at most {MOST_ROWS} stays", found="more")
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        parser.close()
    except etree.XMLSyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else "byte 0"
        raise BadFile(path, place=place, expected=WHAT, found="no whole XML: it is cut off or damaged") from None
    if not is_recording or not meeting:
        raise BadFile(path, place="byte 0", expected=WHAT, found="other XML")
    end = end or latest
    for client in list(tally.inside):
        _leave(tally, client, end)
    start = made or min((stay[0] for user in tally.users.values() for stay in user.stays if stay[0]), default=0)
    return _Held(_number(meeting), storable(title) if title else None, start, end, list(tally.users.values()))


def _take(tally: _Tally, event: str, fields: dict[str, str], now: int) -> None:
    client = fields.get("userId") or fields.get("participant") or fields.get("senderId") or ""
    if event == "ParticipantJoinEvent":
        _join(tally, client, fields.get("externalUserId") or client, fields.get("name", ""), now)
    elif event == "ParticipantJoinedEvent" and client.startswith(_RINGS_UP):
        _join(tally, client, client, fields.get("callername", ""), now)
    elif event == "ParticipantLeftEvent" and ("userId" in fields or client.startswith(_RINGS_UP)):
        _leave(tally, client, now)
    elif event == "ParticipantLeftEvent" or (event == "ParticipantMutedEvent" and fields.get("muted") == "true"):
        # Out of the audio, or muted: no "talking: false" comes any more.
        _turn(tally, tally.talking, client, "talk_minutes", now, is_on=False)
    elif event in ("PublicChatEvent", "GroupChatMessageBroadcastEvent"):
        tally.add(fields.get("senderId") or "", "chat_messages", 1)
    elif event == "UserRespondedToPollRecordEvent":
        # An answer of several choices is an event for each.
        answer = (tally.key_of.get(client, ""), fields.get("pollId") or str(now))
        if answer not in tally.answered:
            tally.answered.add(answer)
            tally.add(client, "poll_answers", 1)
    elif event == "ParticipantStatusChangeEvent":
        status, value = fields.get("status", "").lower(), fields.get("value", "").lower()
        if value in _HAND or (status in _HAND and value not in _NO_SIGN):
            tally.add(client, "raised_hands", 1)
        elif "emoji" in status and value not in _NO_SIGN:
            tally.add(client, "reactions", 1)
        elif status == "hasstream":
            _turn(tally, tally.cameras, client, "camera_minutes", now, is_on=value.startswith("true"))
    elif event == "ParticipantTalkingEvent":
        _turn(tally, tally.talking, client, "talk_minutes", now, is_on=fields.get("talking") == "true")
    elif event in ("StartWebRTCShareEvent", "StartWebcamShareEvent", "StopWebRTCShareEvent", "StopWebcamShareEvent"):
        found = _USER_IN_STREAM.search(f"{fields.get('filename', '')} {fields.get('stream', '')}")
        if found:
            _turn(tally, tally.cameras, found.group(1), "camera_minutes", now, is_on=event.startswith("Start"))


def _join(tally: _Tally, client: str, key: str, name: str, now: int) -> None:
    if not key:
        return
    if client in tally.inside:
        _leave(tally, client, now)
    if key not in tally.users:
        tally.users[key] = _User(storable(key), storable(name), signs=dict.fromkeys((*COUNTS, *MINUTES), 0.0))
    tally.key_of[client] = key
    tally.inside[client] = now
    tally.rows += 1


def _turn(tally: _Tally, since: dict[str, int], client: str, sign: str, now: int, *, is_on: bool) -> None:
    began = since.pop(client, 0)
    if began and now > began:
        tally.add(client, sign, (now - began) / _MILLISECONDS_A_MINUTE)
    if is_on and now:
        since[client] = now


def _leave(tally: _Tally, client: str, now: int) -> None:
    joined = tally.inside.pop(client, None)
    user = tally.user(client)
    for since, sign in ((tally.talking, "talk_minutes"), (tally.cameras, "camera_minutes")):
        _turn(tally, since, client, sign, now, is_on=False)
    if joined is not None and user is not None:
        user.stays.append((joined, now))
