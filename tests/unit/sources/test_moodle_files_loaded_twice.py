"""Exports that overlap, loaded in either order: the same rows, and what is newer stands. All people are invented."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.reading import Item
from pipelines.warehouse import Warehouse

KEYS = Pseudonyms(b"0123456789abcdef")
HEAD = "First name,Last name,Email address"


def load(warehouse: Warehouse, kind: str, folder: Path, names: list[str]) -> None:
    programme = Programme(id="t", name="T", folder=folder, sources=(Source(name="files", kind=kind, path=Path(), course="DIGI"),))
    for name in names:
        done = load_item(
            warehouse,
            programme,
            programme.sources[0],
            Item(name, folder / name),
            pseudonyms=KEYS,
            run_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        assert done.state == "loaded", done.problem


@pytest.mark.parametrize("order", [("old.csv", "new.csv"), ("new.csv", "old.csv")])
def test_newer_gradebook_stands(order: tuple[str, str], warehouse: Warehouse, tmp_path: Path):
    head = f"{HEAD},Assignment: Task 1 (Real),Assignment: Task 2 (Real),Last downloaded from this course"
    (tmp_path / "old.csv").write_text(f"{head}\nИ,П,i@example.org,5,-,1795000000\nО,С,o@example.org,3,4,1795000000\n", encoding="utf-8")
    (tmp_path / "new.csv").write_text(f"{head}\nИ,П,i@example.org,5,7,1795009999\nА,Л,a@example.org,,1,1795009999\n", encoding="utf-8")
    load(warehouse, "moodle_grades", tmp_path, list(order))
    rows = "select g.grade from raw.grades as g inner join raw.tasks using (task_id) inner join personal.accounts as a on a.account_id = g.account_id "
    assert warehouse.rows(rows + "order by a.email, name") == [(None,), (1.0,), (5.0,), (7.0,), (3.0,), (4.0,)]


@pytest.mark.parametrize("order", [("one.csv", "two.csv"), ("two.csv", "one.csv")])
def test_lists_of_two_groups_make_one_course(order: tuple[str, str], warehouse: Warehouse, tmp_path: Path):
    (tmp_path / "one.csv").write_text(f'{HEAD},Groups\nИ,П,i@example.org,"Поток 1, Команда"\nО,С,o@example.org,Поток 1\n', encoding="utf-8")
    (tmp_path / "two.csv").write_text(f"{HEAD},Groups\nО,С,o@example.org,Поток 2\nА,Л,a@example.org,Поток 2\n", encoding="utf-8")
    load(warehouse, "moodle_participants", tmp_path, list(order))
    assert warehouse.value("select count(*) from raw.enrolments") == 3
    assert warehouse.rows(
        "select name, count(*) from raw.memberships inner join raw.course_groups using (group_id) group by name order by name"
    ) == [
        ("Команда", 1),
        ("Поток 1", 2),
        ("Поток 2", 2),
    ]


@pytest.mark.parametrize("order", [("DIGI-T-9.zip", "DIGI-T-9 (1).zip"), ("DIGI-T-9 (1).zip", "DIGI-T-9.zip")])
def test_newer_submissions_stand(order: tuple[str, str], warehouse: Warehouse, tmp_path: Path):
    page = "<html><body><p>{}</p></body></html>"
    for name, day, texts in (("DIGI-T-9.zip", 20, {1: "first", 2: "second"}), ("DIGI-T-9 (1).zip", 21, {1: "better", 3: "third"})):
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            for number, text in texts.items():
                place = f"И П_{number}_assignsubmission_onlinetext/onlinetext.html"
                made.writestr(zipfile.ZipInfo(place, (2026, 11, day, 12, 0, 0)), page.format(text))
    load(warehouse, "moodle_submissions", tmp_path, list(order))
    texts = warehouse.rows("select text from personal.submissions order by submission_id")
    assert texts == [("better",), ("second",), ("third",)]


@pytest.mark.parametrize("order", [("old.csv", "new.csv"), ("new.csv", "old.csv")])
def test_newer_completion_report_stands(order: tuple[str, str], warehouse: Warehouse, tmp_path: Path):
    head = ',"Email address","Task 1","","Task 2",""'
    (tmp_path / "old.csv").write_text(f'{head}\nИ П,i@example.org,Completed,"2026-09-07 09:00:00",Not completed,""\n', encoding="utf-8")
    done = f'{head}\nИ П,i@example.org,Completed,"2026-09-07 09:00:00",Completed,"2026-09-09 09:00:00"\n'
    (tmp_path / "new.csv").write_text(done, encoding="utf-8")
    load(warehouse, "moodle_reports", tmp_path, list(order))
    assert warehouse.rows("select state from raw.completions") == [("complete",), ("complete",)]
