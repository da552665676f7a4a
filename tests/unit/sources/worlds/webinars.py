"""Stays in a webinar a day, as reports on attendance have them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tests.unit.sources.worlds.happening import ZONE, Export, Thing, World

_NAMES = ("Lidia Primerova", "Petr Obrazcov", "Vera Gornaya")
_LENGTH = timedelta(hours=15)
_STAY = timedelta(minutes=25)


def _days(world: World, export: Export) -> Iterable[tuple[datetime, list[Thing]]]:
    """Days and the stays that began on them. A stay that shows late is one that the service wrote down late."""
    for day in export.days:
        stays = [thing for thing in export.logged(world) if thing.at.date() == day.date()]
        if stays:
            yield day, stays


def _us(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%m/%d/%Y %I:%M:%S %p}"


def _write(path: Path, rows: Iterable[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def zoom(world: World, export: Export, folder: Path) -> None:
    for day, stays in _days(world, export):
        start = day + timedelta(hours=5)
        rows: list[Sequence[object]] = [
            ("Meeting ID", "Topic", "Start Time", "End Time", "User Email", "Duration (Minutes)", "Participants"),
            (f"856 7401 46{day.day}", "Digital school", _us(start), _us(start + _LENGTH), "user0@example.org", 840, 3),
            (),
            (
                "Name (Original Name)",
                "User Email",
                "Join Time",
                "Leave Time",
                "Duration (Minutes)",
                "Guest",
                "Recording Consent",
                "In Waiting Room",
            ),
        ]
        for stay in stays:
            address = f"user{stay.who}@example.org" if stay.who else ""
            rows.append((_NAMES[stay.who], address, _us(stay.at), _us(stay.at + _STAY), 25, "No", "Yes", "No"))
        _write(folder / f"participants_{day.day}.csv", rows)


def teams(world: World, export: Export, folder: Path) -> None:
    def said(moment: datetime) -> str:
        local = moment.astimezone(ZONE)
        return f"{local.month}/{local.day}/{local:%y}, {local:%I:%M:%S %p}"

    for day, stays in _days(world, export):
        start = day + timedelta(hours=5)
        rows: list[Sequence[object]] = [
            ("1. Summary",), ("Meeting title", "Digital school"), ("Attended participants", 3), ("Start time", said(start)),
            ("End time", said(start + _LENGTH)), (), ("2. Participants",),
            ("Name", "First Join", "Last Leave", "In-Meeting Duration", "Email", "Participant ID (UPN)", "Role"),
        ]  # fmt: skip
        for who in sorted({stay.who for stay in stays}):
            of_them = [stay for stay in stays if stay.who == who]
            address = f"user{who}@example.org"
            joined, left = said(of_them[0].at), said(of_them[-1].at + _STAY)
            rows.append((_NAMES[who], joined, left, f"{25 * len(of_them)}m 0s", address, address, "Attendee"))
        rows += [(), ("3. In-Meeting Activities",), ("Name", "Join Time", "Leave Time", "Duration", "Email", "Role")]
        for stay in stays:
            rows.append((_NAMES[stay.who], said(stay.at), said(stay.at + _STAY), "25m 0s", f"user{stay.who}@example.org", "Attendee"))
        _write(folder / f"report {day.day}.csv", rows, "utf-16", "\t")


def meet(world: World, export: Export, folder: Path) -> None:
    rows: list[Sequence[object]] = [
        ("Date", "Event", "Meeting code", "Participant name", "Participant identifier", "Duration", "Organizer email")
    ]
    for stay in reversed(export.logged(world)):
        left = (stay.at + _STAY).astimezone(ZONE).isoformat()
        identifier = f"user{stay.who}@example.org" if stay.who else ""
        rows.append((left, "Endpoint left", "ABCDEFGHIJ", _NAMES[stay.who], identifier, int(_STAY.total_seconds()), "user0@example.org"))
    _write(folder / "Meet log events.csv", rows)


def bigbluebutton(world: World, export: Export, folder: Path) -> None:
    # The server writes a stay down when it begins: none shows late.
    for day in export.days:
        stays = [thing for thing in world.things if thing.at.date() == day.date()]
        start = int((day + timedelta(hours=5)).timestamp() * 1000)
        users = {}
        for who in sorted({stay.who for stay in stays}):
            sessions = [
                {"registeredOn": int(stay.at.timestamp() * 1000), "leftOn": int((stay.at + _STAY).timestamp() * 1000)}
                for stay in stays
                if stay.who == who
            ]
            users[f"{who}-1"] = {
                "userKey": f"{who}-1", "extId": str(who), "intIds": {f"w_{who}": {"intId": f"w_{who}", "sessions": sessions}},
                "name": _NAMES[who], "isModerator": False, "answers": {}, "talk": {"totalTime": 90000}, "reactions": [], "raiseHand": [],
                "webcams": [], "totalOfMessages": who,
            }  # fmt: skip
        meeting = {
            "intId": f"{day.day:02}{'0f' * 19}-{start}", "extId": "course-5-1", "name": "Digital school", "createdOn": start,
            "endedOn": start + int(_LENGTH.total_seconds() * 1000), "polls": {}, "screenshares": [], "presentationSlides": [], "users": users,
        }  # fmt: skip
        (folder / f"learning_dashboard_{day.day}.json").write_text(json.dumps(meeting), encoding="utf-8")


def mts_link(world: World, export: Export, folder: Path) -> None:
    people: dict[int, list[dict[str, object]]] = {}
    for day, stays in _days(world, export):
        start = (day + timedelta(hours=5)).astimezone(ZONE)
        for who in sorted({stay.who for stay in stays}):
            connections = [
                {"joined": stay.local.isoformat(), "leaved": (stay.local + _STAY).isoformat(), "duration": int(_STAY.total_seconds())}
                for stay in stays
                if stay.who == who
            ]
            event = {
                "id": 9000 + day.day, "eventId": 77, "name": "Digital school", "startsAt": start.isoformat(), "endsAt": (start + _LENGTH).isoformat(),
                "duration": int(_LENGTH.total_seconds()), "connections": connections,
            }  # fmt: skip
            people.setdefault(who, []).append(event)
    answer = [
        {"id": 500 + who if who else None, "email": f"user{who}@example.org", "name": _NAMES[who].split()[0], "secondName": _NAMES[who].split()[1], "eventSessions": events}
        for who, events in people.items()
    ]  # fmt: skip
    (folder / "users.json").write_text(json.dumps(answer), encoding="utf-8")


def attendance_csv(world: World, export: Export, folder: Path) -> None:
    rows: list[Sequence[object]] = [("name", "email", "join", "leave", "webinar_id", "title", "chat_messages")]
    for stay in export.logged(world):
        local = stay.at.astimezone(ZONE)
        address = f"user{stay.who}@example.org" if stay.who else ""
        rows.append(
            (
                _NAMES[stay.who],
                address,
                f"{local:%d.%m.%Y %H:%M:%S}",
                f"{local + _STAY:%d.%m.%Y %H:%M:%S}",
                f"w{local.day}",
                "School",
                stay.number,
            )
        )
    _write(folder / "attendance.csv", rows)
