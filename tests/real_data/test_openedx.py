"""Tracking events of Open edX, against the xAPI statements that its own router makes of them, and whole logs of its acceptance tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources.lms.openedx import OpenEdxReader
from tests.unit.sources.report_reading import PSEUDONYMS, Reading

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "openedx"
ROUTER = DATA / "event-routing-backends" / "event_routing_backends" / "processors"
LOGS = DATA / "edx-analytics-pipeline/edx/analytics/tasks/tests/acceptance/fixtures/input"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data (../shared/data) is not here"),
]

#: Last part of the twin's verb → the action of the row that stands for such a deed; its companions are "other".
ACTIONS = {
    "registered": "enrolled",
    "unregistered": "unenrolled",
    "posted": "posted",
    "viewed": "viewed",
    "navigated": "viewed",
    "played": "viewed",
    "completed": "completed",
    "progressed": "completed",
    "passed": "completed",
    "evaluated": "submitted",
    "initialized": "attempted",
    "terminated": "submitted",
}


def twins() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, event, statement (the parent where an event makes several)."""
    for path in sorted((ROUTER / "tests/fixtures/current").glob("*.json")):
        twin = ROUTER / "xapi/tests/fixtures/expected" / path.name
        if twin.exists():
            made = json.loads(twin.read_text(encoding="utf-8"))
            yield path.name, json.loads(path.read_text(encoding="utf-8")), made[0] if isinstance(made, list) else made


def test_events_say_what_their_twins_say(tmp_path: Path) -> None:
    same_action, objects, seen = 0, 0, 0
    for name, event, statement in twins():
        log = tmp_path / "tracking.log"
        log.write_text(json.dumps(event) + "\n", encoding="utf-8")
        reading = Reading(OpenEdxReader(), log)
        (row,) = reading.rows("activity")
        seen += 1
        assert row["occurred_at"] == datetime.fromisoformat(statement["timestamp"]), name
        expected = ACTIONS.get(statement["verb"]["id"].rsplit("/", 1)[1], "other")
        assert row["action"] in (expected, "other"), name
        same_action += row["action"] == expected
        # The router puts one anonymous id for everybody; here it is the account of the number or the name in the event.
        context, data = event.get("context", {}), event.get("data", event.get("event"))
        data = data if isinstance(data, dict) else {}
        numbers = {str(given) for given in (context.get("user_id"), data.get("user_id")) if given}
        names = {f"name:{given}" for given in (event.get("username"), context.get("username"), data.get("username")) if given}
        accounts = {PSEUDONYMS.of("openedx", native) for native in numbers | names}
        spoken_of = {row["account_id"], row["related_account_id"]} - {None}
        assert spoken_of <= accounts, name
        assert bool(spoken_of) == bool(accounts), name
        # Of the oldest browser events the router knows the page only; the form's fields say which problem it was.
        if row["object_id"] is not None and "legacy" not in name:
            objects += 1
            assert row["object_id"] in statement["object"]["id"] or row["object_id"] in json.dumps(statement["context"]), name
        course = [course["code"] for course in reading.rows("courses")]
        assert all(code in json.dumps(statement) for code in course), name
    assert seen >= 70
    assert objects >= seen - 4
    assert same_action >= seen * 3 // 4


@pytest.mark.parametrize("path", sorted(LOGS.glob("*tracking*.log")), ids=lambda path: path.stem)
def test_whole_logs_lose_no_event(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not any('"event_type"' in line or '"name"' in line for line in lines):
        pytest.skip("made for another importer: no tracking events in it")
    reading = Reading(OpenEdxReader(), path)
    assert len(reading.rows("activity")) + len(reading.rejected) == len(lines)
    assert {reason for _, reason in reading.rejected} <= {"no JSON"}  # comments between the events
