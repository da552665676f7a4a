"""The xAPI statements that Open edX's own router makes, against the tracking events that they were made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.sources.lms.openedx import OpenEdxReader
from pipelines.sources.lms.xapi import XapiReader
from tests.unit.sources.report_reading import Reading

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "openedx"
ROUTER = DATA / "event-routing-backends" / "event_routing_backends" / "processors"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data (../shared/data) is not here"),
]


def test_statements_and_events_are_about_the_same_course_and_block(tmp_path: Path) -> None:
    """With the platform's address as home page and the same realm, both give one course, one task and the same moment."""
    compared, tasks = 0, 0
    for path in sorted((ROUTER / "xapi/tests/fixtures/expected").glob("*.json")):
        event = ROUTER / "tests/fixtures/current" / path.name
        if not event.exists():
            continue
        made = json.loads(path.read_text(encoding="utf-8"))
        count = len(made) if isinstance(made, list) else 1
        of_statements = Reading(XapiReader(), path, realm="openedx", home_page="http://localhost:18000")
        log = tmp_path / "tracking.log"
        log.write_text(json.dumps(json.loads(event.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")
        (row,) = Reading(OpenEdxReader(), log).rows("activity")
        twins = of_statements.rows("activity")
        assert (len(twins), of_statements.rejected) == (count, []), path.name
        assert {twin["occurred_at"] for twin in twins} == {row["occurred_at"]}, path.name
        # Statements without their course name none; parts of a problem have their whole problem as parent.
        assert {twin["course_id"] for twin in twins[:1]} <= {row["course_id"], None}, path.name
        if twins[0]["task_id"] and "legacy" not in path.name:
            tasks += 1
            assert twins[0]["task_id"].removesuffix("/answer") == row["task_id"], path.name
        compared += 1
    assert compared >= 70
    assert tasks >= 15
