"""Streams of events: each says when it happened, and some come late."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.unit.sources.worlds.happening import PEOPLE, Export, Thing, World

_COURSE = "course-v1:MyOrg+Schools+2026"
_PROBLEM = "block-v1:MyOrg+Schools+2026+type@problem+block@p"


def openedx(world: World, export: Export, folder: Path) -> None:
    # The log is rotated by size: a file begins and ends anywhere, and the last two days stand in two files.
    lines = []
    for thing in export.logged(world):
        name, source, event = _event(thing)
        lines.append(
            {
                "name": name,
                "event_type": name,
                "event_source": source,
                "time": f"{thing.at:%Y-%m-%dT%H:%M:%S}.{thing.number:06}+00:00",
                "username": f"user{thing.who}",
                "context": {
                    "user_id": thing.who + 7,
                    "username": f"user{thing.who}",
                    "course_id": _COURSE,
                    "org_id": "MyOrg",
                    "path": "/event",
                },
                "event": event,
                "ip": "192.0.2.1",
                "agent": "invented",
                "session": "s",
                "host": "edx.example.org",
                "page": None,
            }
        )
    cut = len(lines) // 2
    for name, part in (("tracking.log-1", lines[: cut + 3]), ("tracking.log", lines[cut:])):
        (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in part), encoding="utf-8")


def _event(thing: Thing) -> tuple[str, str, dict[str, Any]]:
    who = {"user_id": thing.who + 7, "course_id": _COURSE}
    # Once each: files do not tell each other when an enrolment began that ends or begins anew in a later one.
    if thing.number <= len(PEOPLE):
        return "edx.course.enrollment.activated", "server", {**who, "mode": "audit"}
    match thing.number % 3:
        case 0:
            points = {"weighted_earned": thing.number % 3, "weighted_possible": 2}
            return "edx.grades.problem.submitted", "server", {**who, "problem_id": f"{_PROBLEM}{thing.number % 2}", **points}
        case 1:
            state = {"block_type": "problem", "completion": float(thing.number % 3 > 0)}
            return "edx.completion.block_completion.changed", "server", {**who, "block_id": f"{_PROBLEM}{thing.number % 2}", **state}
        case _:
            post = {
                "id": f"t{thing.number}",
                "title": "Где?",
                "body": thing.words(thing.at),
                "commentable_id": "course",
                "anonymous": False,
            }
            return "edx.forum.thread.created", "server", {**post, "user_forums_roles": ["Student"], "user_course_roles": []}


def xapi(world: World, export: Export, folder: Path) -> None:
    site = "https://lms.example.org"
    statements: list[tuple[datetime, dict[str, Any]]] = []
    # Who takes a statement back voids it by another; a store keeps both.
    for thing in export.logged(world):
        actor = {"objectType": "Agent", "name": " ".join(PEOPLE[thing.who]), "account": {"homePage": site, "name": str(thing.who + 7)}}
        activity = {"type": "http://adlnet.gov/expapi/activities/assessment", "name": {"en": "Quiz", "ru": "Тест"}}
        said = {
            "id": _id(thing.number), "actor": actor, "verb": {"id": "http://id.tincanapi.com/verb/viewed", "display": {"en": "viewed"}},
            "object": {"id": f"{site}/mod/quiz/view.php?id={31 + thing.number % 2}", "definition": activity},
            "timestamp": thing.local.isoformat(), "stored": thing.shown.isoformat(),
        }  # fmt: skip
        statements.append((thing.at, said))
        if thing.gone is not None and thing.shown < thing.gone <= export.made:
            voiding = {
                "id": _id(500 + thing.number),
                "actor": actor,
                "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
                "object": {"objectType": "StatementRef", "id": said["id"]},
                "timestamp": thing.gone.isoformat(),
                "stored": thing.gone.isoformat(),
            }
            statements.append((thing.gone, voiding))
    lines = [json.dumps(said, ensure_ascii=False) for _, said in sorted(statements, key=lambda pair: pair[0])]
    (folder / "statements.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"
