"""Versions of Moodle from 3.6 to 5.0: the tables and columns that a version has not, what stands for them, and an upgrade between two nights."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.loading import load_source
from pipelines.sources.lms.moodle_db import MoodleDatabase
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.tables import OPTIONAL, OPTIONAL_COLUMNS, STAND_INS, TABLES
from pipelines.sources.reading import Context
from pipelines.warehouse import Warehouse
from tests.unit.sources.moodle_fixture import (
    DAY,
    PSEUDONYMS,
    T0,
    VERSIONS,
    activity,
    change,
    course,
    event,
    make_moodle,
    programme,
    source,
    together,
)

RUN_AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
BEFORE_VIEWS = ("3.6", "3.9", "3.11", "4.0")
BEFORE_ACTIVITY = ("3.6", "3.9", "3.11")


def site(version: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of every table that versions differ in, in the columns that this one has."""
    differs = VERSIONS[version]
    rows = together(
        course(),
        activity(10, "assign", 1, grade=100, activity="<p>Инструкция</p>", intro="<p>Введение</p>"),
        activity(11, "quiz", 2, sumgrades=10, grade=100),
        activity(12, "forum", 3, duedate=T0 + DAY, cutoffdate=T0 + 2 * DAY),
        {
            "assign_submission": [{"id": 1, "assignment": 1, "userid": 5, "status": "submitted", "timemodified": T0, "timestarted": T0 - 60, "latest": 1}],
            "quiz_attempts": [
                {"id": n, "quiz": 2, "userid": n, "attempt": 1, "state": state, "timestart": T0}
                for n, state in enumerate(("inprogress", "overdue", "finished", "abandoned", *(("notstarted", "submitted") if version == "5.0" else ())), 1)
            ],
            "forum_discussions": [{"id": 1, "forum": 3, "course": 2, "groupid": -1}],
            "forum_posts": [{"id": n, "discussion": 1, "parent": n - 1, "userid": 5, "created": T0, "modified": T0, "message": "?", "privatereplyto": 5 * (n - 1)} for n in (1, 2)],
            "course_modules_completion": [
                {"id": 7, "coursemoduleid": 10, "userid": 5, "completionstate": 1, "timemodified": T0, "viewed": 1},
                {"id": 8, "coursemoduleid": 10, "userid": 6, "completionstate": 0, "timemodified": T0, "viewed": 0},
            ],
            "course_modules_viewed": [{"id": 3, "coursemoduleid": 10, "userid": 5, "timecreated": T0 - 5}],
        },
        event(1, r"\core\event\course_viewed"),
    )  # fmt: skip
    if "viewed" not in differs.more.get("course_modules_completion", ()):
        for row in rows["course_modules_completion"]:
            row.pop("viewed")  # type: ignore[attr-defined]
    lacking = differs.lacking
    return {
        table: [{name: value for name, value in row.items() if name not in lacking.get(table, ())} for row in given]
        for table, given in rows.items()
        if table not in differs.without
    }


def load(warehouse: Warehouse, url: str) -> None:
    of = source()
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert done.state == "loaded", done.problem


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read(warehouse: Warehouse, tmp_path: Path, version: str) -> None:
    load(warehouse, make_moodle(tmp_path / "moodle.db", site(version), version=version))
    assert warehouse.rows("select intro, due_at is not null from raw.tasks where kind in ('assignment', 'forum') order by kind") == [
        ("Введение" if version in BEFORE_ACTIVITY else "Введение\nИнструкция", False),
        (None, version != "3.6"),
    ]
    assert warehouse.rows("select seconds_spent from raw.submissions where kind = 'assignment'") == [
        (None if version in BEFORE_ACTIVITY else 60.0,)
    ]
    states = [state for (state,) in warehouse.rows("select state from raw.submissions where kind = 'quiz' order by submission_id")]
    assert states == ["in_progress", "overdue", "submitted", "abandoned", *(["new", "submitted"] if version == "5.0" else [])]
    assert warehouse.value("select count(*) from raw.messages where is_private") == (0 if version == "3.6" else 1)
    viewed = warehouse.rows("select completion_id, completed_at from raw.completions where state = 'viewed'")
    if version in BEFORE_VIEWS:
        assert viewed == [("moodle:viewed:7", datetime.fromtimestamp(T0, UTC))]
    else:
        assert viewed == [("moodle:viewed:3", datetime.fromtimestamp(T0 - 5, UTC))]


def test_scorm_attempts_are_the_same_whether_their_values_stand_in_one_table_or_in_three(tmp_path: Path) -> None:
    """4.3 parts the table; the attempts have ids of their own from then on."""
    shared = together(course(), activity(10, "scorm", 2), {"user": [{"id": n} for n in (5, 6)]}, event(1, r"\core\event\course_viewed"))
    told = [
        (5, 1, "x.start.time", str(T0)), (5, 1, "cmi.core.lesson_status", "completed"), (5, 1, "cmi.core.score.raw", "8"),
        (5, 2, "cmi.core.lesson_status", "incomplete"), (6, 1, "cmi.completion_status", "completed"),
    ]  # fmt: skip
    attempts = list(dict.fromkeys((user, attempt) for user, attempt, *_ in told))
    elements = list(dict.fromkeys(element for *_, element, _ in told))
    one = {
        "scorm_scoes_track": [
            {"id": n, "userid": user, "scormid": 2, "attempt": attempt, "element": element, "value": value, "timemodified": T0 + n}
            for n, (user, attempt, element, value) in enumerate(told, 1)
        ]
    }
    three = {
        "scorm_attempt": [{"id": n, "userid": user, "scormid": 2, "attempt": attempt} for n, (user, attempt) in enumerate(attempts, 1)],
        "scorm_element": [{"id": n, "element": element} for n, element in enumerate(elements, 1)],
        "scorm_scoes_value": [
            {
                "id": n,
                "attemptid": attempts.index((user, attempt)) + 1,
                "elementid": elements.index(element) + 1,
                "value": value,
                "timemodified": T0 + n,
            }
            for n, (user, attempt, element, value) in enumerate(told, 1)
        ],
    }
    found = []
    for version, rows in (("4.1", one), ("4.5", three)):
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            load(warehouse, make_moodle(tmp_path / f"{version}.db", together(shared, rows), version=version))
            found.append(
                warehouse.rows(
                    "select account_id, task_id, attempt, is_latest, state, created_at, submitted_at, score from raw.submissions order by all"
                )
            )
    assert found[0] == found[1]
    assert {(row[2], row[4], row[7]) for row in found[0]} == {(0, "submitted", None), (0, "submitted", 8.0), (1, "in_progress", None)}


def test_an_upgrade_between_two_nights_reads_everything_anew(warehouse: Warehouse, tmp_path: Path) -> None:
    path = tmp_path / "moodle.db"
    load(warehouse, make_moodle(path, site("4.0"), version="4.0"))
    # as lib/db/upgrade.php of 4.1 does
    change(path, "create table mdl_course_modules_viewed (id, coursemoduleid, userid, timecreated)")
    change(
        path,
        "insert into mdl_course_modules_viewed select 1, coursemoduleid, userid, timemodified from mdl_course_modules_completion where viewed = 1",
    )
    change(path, "alter table mdl_course_modules_completion drop column viewed")
    change(
        path,
        "insert into mdl_logstore_standard_log (id, eventname, component, anonymous, timecreated) values (2, 'x', 'core', 0, ?)",
        (T0 + DAY,),
    )
    load(warehouse, f"sqlite:///{path}")
    assert warehouse.rows("select completion_id from raw.completions order by 1") == [
        ("moodle:completion:7",),
        ("moodle:completion:8",),
        ("moodle:viewed:1",),
    ]


def test_what_may_be_missing_is_declared() -> None:
    for version in VERSIONS.values():
        assert version.without <= OPTIONAL | set(STAND_INS)
        for table, columns in version.lacking.items():
            assert columns <= set(OPTIONAL_COLUMNS[table]) <= set(TABLES[table])


def test_a_night_asks_scorms_one_table_for_marks_without_grouping_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def track(number: int, value: str) -> dict[str, Any]:
        return {
            "id": number,
            "scormid": 6,
            "userid": 5,
            "attempt": 1,
            "element": "cmi.core.lesson_status",
            "value": value,
            "timemodified": T0 + number,
        }

    rows = together(
        course(), activity(15, "scorm", 6), event(1, r"\core\event\course_viewed"), {"scorm_scoes_track": [track(1, "incomplete")]}
    )
    url = make_moodle(tmp_path / "moodle.db", rows, version="4.1")
    asked: list[str] = []
    ask = Database.row
    monkeypatch.setattr(
        Database, "row", lambda self, statement, *more: asked.append(self.statement(statement)) or ask(self, statement, *more)
    )
    context = Context(PSEUDONYMS, ZoneInfo("UTC"), "ru", url=url)
    before = [item.fingerprint for item in MoodleDatabase().items(source(), context)]
    assert [statement for statement in asked if "scorm" in statement] != []
    assert [statement for statement in asked if "group by" in statement and "scorm" in statement] == []
    change(tmp_path / "moodle.db", "update mdl_scorm_scoes_track set value = 'passed', timemodified = timemodified + 5")
    assert [item.fingerprint for item in MoodleDatabase().items(source(), context)] != before
