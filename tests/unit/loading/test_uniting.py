"""Downloads of one course beside each other and beside the database: one course, one task."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.loading import load_source
from pipelines.loading.uniting import unite
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = Pseudonyms(b"0123456789abcdef")


def programme(folder: Path) -> Programme:
    files = {
        "moodle_logs": ("moodle_logs", "site_with_courses.csv"),
        "moodle_reports": ("moodle_reports", "course_completion_en.csv"),
        "moodle_grades": ("moodle_grades", "english.csv"),
        "moodle_participants": ("moodle_participants", "english.csv"),
    }
    for kind, (where, name) in files.items():
        (folder / kind).mkdir()
        shutil.copy(FIXTURES / where / name, folder / kind / name)
    stated = {kind: None if kind == "moodle_logs" else "DIGI" for kind in files}
    return Programme(
        id="test",
        name="Test",
        folder=folder,
        sources=tuple(Source(name=kind, kind=kind, path=Path(kind), course=stated[kind]) for kind in files),
    )


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_downloads_of_one_course_are_of_one_course_whatever_their_order(order: tuple[int, ...], warehouse: Warehouse, tmp_path: Path):
    made = programme(tmp_path)
    for place in order:
        for load in load_source(warehouse, made, made.sources[place], pseudonyms=KEYS, run_at=NOON):
            assert load.state == "loaded", load.problem
    assert ("moodle:course:2", "DIGI") in warehouse.rows("select course_id, code from raw.courses")
    for table in ("completions", "outcomes", "grades", "enrolments", "course_groups"):
        assert set(warehouse.rows(f"select distinct course_id from raw.{table}")) == {("moodle:course:2",)}, table
    # The assignment is the log's; the test is known to reports and gradebook alone, which call it alike.
    tasks = dict(warehouse.rows("select name, task_id from raw.tasks"))
    assert tasks["Task 1"] == "moodle:task:9"
    assert len(tasks) == warehouse.value("select count(*) from raw.tasks")
    assert warehouse.value("select is_required from raw.tasks where task_id = 'moodle:task:9'") is True
    assert warehouse.value("select count(*) from raw.grades where task_id = 'moodle:task:9'") == 2
    assert unite(warehouse) == 0


def test_two_courses_of_one_short_name_are_left_alone(warehouse: Warehouse):
    warehouse.connection.execute(
        "insert into raw.courses (course_id, code, source, load_id) values "
        "('m:course:1', 'X', 's', 'l'), ('m:course:2', 'X', 's', 'l'), ('m:course:code:X', 'X', 's', 'l'), "
        "('n:course:3', 'Y', 's', 'l'), ('m:course:code:Y', 'Y', 's', 'l')"
    )
    assert unite(warehouse) == 0
