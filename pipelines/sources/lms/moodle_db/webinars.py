"""Webinars held in activities of Moodle: what the Zoom activity has fetched from Zoom, and what BigBlueButton has told its activity.

Primary rows: ``zoom_meeting_participants``, and the stays in ``bigbluebuttonbn_logs`` of the kind "Summary" → attendance. Derived (not counted): the
webinars, and accounts of those who are nobody in Moodle. Both plug-ins say who was there by the user of the LMS, so nobody has to be guessed.

BigBlueButton tells of a meeting only where its server is set to (``bigbluebuttonbn_meetingevents_enabled``). Of other meetings Moodle knows who pressed
"join", which is an act in the log and no stay: nothing says for how long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, zip_longest
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.columns import Site, flat, moment, moments
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_texts import name_in
from pipelines.sources.reading import Batch, Context, Event, Rejected, Seen
from pipelines.sources.webinars.attendance import (
    SECONDS_A_MINUTE,
    Meeting,
    attendance_events,
    digest,
    lower_addresses,
    made_stays,
    with_column,
)

#: What is watched, and what else the rows are made of.
WATCHED = ("zoom_meeting_participants", "zoom_meeting_details", "zoom", "bigbluebuttonbn_logs", "bigbluebuttonbn")
#: BigBlueButton's own id of a meeting ends in the moment of its start, milliseconds since 1970.
_STARTED = re.compile(r"-(\d{13})$")
#: "2026-09-08 17:00:10 +0300" is no ISO time until the blank before the zone is gone.
_BEFORE_ZONE = re.compile(r"\s+(?=[+-]\d{2}:?\d{2}$)")
#: Name in the summary → sign of attention.
_SIGNS = {"chats": "chat_messages", "emojis": "reactions", "raisehand": "raised_hands", "poll_votes": "poll_answers"}
_MOST = 2**31 - 1


def webinars(database: Database, site: Site, context: Context) -> Iterator[Event]:
    """One row per stay, with the webinars and those who were there. Rejected: stays without their meeting, summaries that cannot be read."""
    yield from _zoom(database, site, context)
    yield from _bigbluebutton(database, site, context)


def _zoom(database: Database, site: Site, context: Context) -> Iterator[Event]:
    rows = database.table("webinars_zoom")
    lost = rows.filter(pc.is_null(rows["meeting"]))
    if lost.num_rows:
        yield Seen("attendance", lost.num_rows)
        yield from (
            Rejected("attendance", f"zoom_meeting_participants id {native}", "its meeting is gone") for native in lost["id"].to_pylist()
        )
    for part in _parts(rows.filter(pc.is_valid(rows["meeting"])), "meeting"):
        first = part.slice(0, 1).to_pylist()[0]
        joined, left = moments(part["join_time"]), moments(part["leave_time"])
        stays = made_stays(
            places=[f"zoom_meeting_participants id {native}" for native in part["id"].to_pylist()],
            name=pc.fill_null(pc.cast(flat(part["name"]), pa.string()), ""),
            email=lower_addresses(pc.fill_null(pc.cast(flat(part["user_email"]), pa.string()), "")),
            joined=joined,
            left=left,
            minutes=pa.nulls(part.num_rows, pa.float64()),
            no_time=pc.or_(pc.is_null(joined), pc.is_null(left)),
            has_id=_is_user(part["userid"]),
        )
        meeting = Meeting(
            f"zoom-{first['meeting']}",
            name_in(first["topic"] or first["activity"], site.language),
            moment(first["start_time"]),
            moment(first["end_time"]),
        )
        yield from _events(site, meeting, _whose(stays, part["userid"], site), first["course"], context)


def _bigbluebutton(database: Database, site: Site, context: Context) -> Iterator[Event]:
    found: list[dict[str, Any]] = []
    for row in database.table("webinars_bigbluebutton").to_pylist():
        told = _summary(row["meta"])
        if told is None:
            yield Seen("attendance", 1)
            yield Rejected("attendance", f"bigbluebuttonbn_logs id {row['id']}", "a summary that cannot be read")
            continue
        found += [{**row, **stay} for stay in told]
    for (activity, record), grouped in groupby(
        sorted(found, key=lambda row: (row["activityid"], row["record"], row["id"])), key=lambda row: (row["activityid"], row["record"])
    ):
        part = list(grouped)
        users = pa.array([row["userid"] for row in part], pa.int64())
        stays = made_stays(
            places=[f"bigbluebuttonbn_logs id {row['id']}" for row in part],
            name=pa.array([row["name"] for row in part], pa.string()),
            email=pa.nulls(len(part), pa.string()),
            joined=pa.array([row["joined"] for row in part], pa.timestamp("us", tz="UTC")),
            left=pa.array([row["left"] for row in part], pa.timestamp("us", tz="UTC")),
            minutes=pa.array([row["minutes"] for row in part], pa.float64()),
            has_id=_is_user(users),
        )
        for sign in (*_SIGNS.values(), "talk_minutes"):
            stays = with_column(stays, sign, pa.array([row["signs"].get(sign) for row in part], stays.schema.field(sign).type))
        started = _STARTED.search(record)
        meeting = Meeting(
            f"bigbluebutton-{activity}-{digest(record)}",
            name_in(part[0]["activity"], site.language),
            datetime.fromtimestamp(int(started.group(1)) // 1000, UTC) if started else min(
                (row["joined"] for row in part if row["joined"]), default=None
            ),
        )  # fmt: skip
        yield from _events(site, meeting, _whose(stays, users, site), part[0]["course"], context)


def _summary(meta: str | None) -> list[dict[str, Any]] | None:
    """The stays of one person in one meeting; None where they cannot be read. What they did is told with the first stay."""
    try:
        told = orjson.loads(meta or "")
    except orjson.JSONDecodeError:
        return None
    data = told.get("data") if isinstance(told, dict) else None
    if not isinstance(data, dict):
        return None
    joins, leaves = (
        sorted(when for when in map(_at, data[name] if isinstance(data.get(name), list) else ()) if when) for name in ("joins", "leaves")
    )
    if not joins:
        return None
    engagement = data["engagement"] if isinstance(data.get("engagement"), dict) else {}
    seconds, spoken = _number(data.get("duration")), _number(engagement.get("talk_time"))
    signs: dict[str, int | float | None] = {
        sign: None if (count := _number(engagement.get(name))) is None else int(count) for name, sign in _SIGNS.items()
    }
    signs["talk_minutes"] = None if spoken is None else spoken / SECONDS_A_MINUTE
    stays: list[dict[str, Any]] = []
    # More leaves than joins: of nobody's coming.
    for joined, left in zip_longest(joins, leaves[: len(joins)]):
        if left is None and len(joins) == 1 and seconds is not None:
            left = joined + timedelta(seconds=seconds)
        stays.append({"joined": joined, "left": left, "minutes": None, "signs": signs if not stays else dict.fromkeys(signs, 0)})
    record, name = told.get("recordid"), data.get("name")
    shared = {"record": record if isinstance(record, str) else "", "name": name if isinstance(name, str) else ""}
    return [{**stay, **shared} for stay in stays]


def _at(text: object) -> datetime | None:
    """A moment with its zone; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(_BEFORE_ZONE.sub("", text.strip()))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _parts(rows: pa.Table, column: str) -> Iterator[pa.Table]:
    """Stretches of rows with the same value; the rows are in its order."""
    start = 0
    for _, same in groupby(rows[column].to_pylist()):
        length = sum(1 for _ in same)
        yield rows.slice(start, length)
        start += length


def _is_user(users: pa.ChunkedArray | pa.Array) -> pa.Array:
    return pc.fill_null(pc.greater(flat(users), 0), False)


def _whose(stays: pa.Table, users: pa.ChunkedArray | pa.Array, site: Site) -> pa.Table:
    """The stays with the LMS's own id of whoever is known there; who somebody is the LMS says, not the webinar."""
    is_user = _is_user(users)
    # Known to be spoken of: whoever has no row any more gets one.
    site.accounts(users)
    native = pc.if_else(is_user, pc.cast(flat(users), pa.string()), pa.scalar(None, pa.string()))
    return with_column(with_column(stays, "native_id", native), "is_lms", is_user)


def _events(site: Site, meeting: Meeting, stays: pa.Table, course: int | None, context: Context) -> Iterator[Event]:
    for event in attendance_events(site.realm, meeting, stays, context):
        if isinstance(event, Batch) and event.record == "accounts":
            # Accounts of the LMS have rows of their own, which say more.
            strangers = event.table.filter(pc.not_equal(event.table["channel"], "lms"))
            if strangers.num_rows:
                yield Batch("accounts", strangers, counted=False)
        elif isinstance(event, Batch) and event.record == "webinars":
            held_in = site.courses(pa.array([course], pa.int64()))
            yield Batch("webinars", event.table.append_column("course_id", held_in), counted=False)
        else:
            yield event
