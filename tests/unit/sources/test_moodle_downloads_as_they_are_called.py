"""Downloads under the names that Moodle gives them: four files of one course are of one course. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.loading import load_item
from pipelines.loading.uniting import unite
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.lms import moodle_grades, moodle_participants, moodle_reports
from pipelines.sources.lms.moodle_courses import downloaded_code, downloaded_id
from pipelines.sources.reading import Item
from pipelines.warehouse import Warehouse

KEYS = Pseudonyms(b"0123456789abcdef")
LOG = (
    'Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"\n'
    '"22/11/26, 22:12:22","Ирина Полевая",-,"Course: Цифровая школа",System,"Course viewed","The user with id \'5\' viewed the course with id \'2\'.",web,10.0.0.1\n'
    '"22/11/26, 22:13:00","Ирина Полевая",-,"Assignment: Эссе",Assignment,"Course module viewed",'
    "\"The user with id '5' viewed the 'assign' activity with course module id '9'.\",web,10.0.0.1\n"
)
HEAD = '"First name","Last name","Email address"'
PROGRESS = ',"Email address",Эссе,\n"Ирина Полевая",irina@example.org,Completed,"2026-11-22 22:13:00"\n'
#: Name of the file → (kind, content).
FILES = {
    "logs_DIGI 2026_20261123-0100.csv": ("moodle_logs", LOG),
    "courseid_2_participants.csv": ("moodle_participants", f"{HEAD}\nИрина,Полевая,irina@example.org\n"),
    "DIGI 2026 Оценки-20261123_0100-comma_separated.csv": (
        "moodle_grades",
        f'{HEAD},"Assignment: Эссе (Real)"\nИрина,Полевая,irina@example.org,8\n',
    ),
    "progress.digi_2026.csv": ("moodle_reports", PROGRESS),
}


def load(warehouse: Warehouse, folder: Path, name: str, kind: str, content: str, **source: str) -> None:
    (folder / name).write_text(content, "utf-8")
    of = Source(name=kind, kind=kind, path=folder, **source)  # type: ignore[arg-type]
    programme = Programme(id="t", name="T", folder=folder, sources=(of,))
    done = load_item(warehouse, programme, of, Item(name, folder / name), pseudonyms=KEYS, run_at=datetime(2026, 11, 23, tzinfo=UTC))
    assert done.state == "loaded", done.problem


@pytest.mark.parametrize("names", [list(FILES), list(reversed(FILES))], ids=["log first", "log last"])
def test_downloads_of_one_course_are_of_one_course(names: list[str], warehouse: Warehouse, tmp_path: Path) -> None:
    for name in names:
        load(warehouse, tmp_path, name, *FILES[name])
    # A log that somebody called otherwise takes nothing away.
    load(warehouse, tmp_path, "log.csv", "moodle_logs", LOG)
    unite(warehouse)
    assert warehouse.rows("select course_id, code, name from raw.courses") == [("moodle:course:2", "DIGI 2026", "Цифровая школа")]
    for record in ("activity", "enrolments", "grades", "completions"):
        assert warehouse.rows(f"select distinct course_id from raw.{record}") == [("moodle:course:2",)], record
    assert warehouse.rows("select task_id, name from raw.tasks") == [("moodle:task:9", "Эссе")]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2, 1)], ids=["one log first", "no log yet", "both logs first"])
def test_a_short_name_whose_letters_are_lost_joins_no_course(order: tuple[int, ...], warehouse: Warehouse, tmp_path: Path) -> None:
    """Of "МР-2026" and of "ЦШ-2026" the same is left: with one of them known, the other's report would be taken for its."""
    other = LOG.replace("course with id '2'", "course with id '3'").replace("Цифровая школа", "Мой район")
    told = [
        ("logs_ЦШ-2026_20261123-0100.csv", "moodle_logs", LOG),
        ("progress.____-2026.csv", "moodle_reports", PROGRESS),
        ("logs_МР-2026_20261123-0100.csv", "moodle_logs", other),
    ]
    for place in order:
        load(warehouse, tmp_path, *told[place])
        unite(warehouse)
    assert warehouse.rows("select course_id from raw.completions") == [("moodle:course:code:progress.____-2026",)]
    # Said, it is known.
    load(warehouse, tmp_path, "said.csv", "moodle_reports", PROGRESS, course="ЦШ-2026")
    unite(warehouse)
    assert warehouse.value("select count(*) from raw.completions where course_id = 'moodle:course:2'") == 1


def test_stated_course_of_a_log_is_the_one_of_its_number(warehouse: Warehouse, tmp_path: Path) -> None:
    load(warehouse, tmp_path, "log.csv", "moodle_logs", LOG, course="ЦШ-2026")
    load(warehouse, tmp_path, "list.csv", "moodle_participants", FILES["courseid_2_participants.csv"][1], course="ЦШ-2026")
    unite(warehouse)
    assert warehouse.rows("select course_id, code from raw.courses") == [("moodle:course:2", "ЦШ-2026")]
    assert warehouse.rows("select course_id from raw.enrolments") == [("moodle:course:2",)]


#: What each of them told under ids that went by the file's whole name.
OLDER = {
    "courseid_2_participants.csv": ("moodle_participants", f'{HEAD},Groups\nИрина,Полевая,irina@example.org,"Группа 1"\n'),
    "DIGI-2026 Grades-20261123_0100-comma_separated.csv": (
        "moodle_grades",
        f'{HEAD},"Assignment: Эссе (Real)","Assignment: Эссе (Feedback)"\nИрина,Полевая,irina@example.org,8,Хорошо\n',
    ),
    "completion-digi-2026-20261123_0100-comma_separated.csv": (
        "moodle_reports",
        'ID,Name,"Email address",Эссе,"Эссе - Completion date","Course complete"\n'
        '5,"Ирина Полевая",irina@example.org,Completed,"2026-11-22 22:13:00","2026-11-22 22:13:00"\n',
    ),
}


def test_read_anew_nothing_stands_twice_that_was_called_after_the_whole_file(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(moodle_participants, "downloaded_id", lambda _: None)
        before.setattr(moodle_participants.MoodleParticipantsReader, "version", 2)
        for module, reader, version in (
            (moodle_grades, moodle_grades.MoodleGradesReader, 4),
            (moodle_reports, moodle_reports.MoodleReportsReader, 5),
        ):
            before.setattr(module, "downloaded_code", lambda _: None)
            before.setattr(reader, "version", version)
        for name, (kind, content) in OLDER.items():
            load(warehouse, tmp_path, name, kind, content)
        assert warehouse.value("select count(*) from raw.courses") == 3
    for name, (kind, content) in OLDER.items():
        load(warehouse, tmp_path, name, kind, content)
    courses = [("moodle:course:2",), ("moodle:course:code:DIGI-2026",), ("moodle:course:code:digi-2026",)]
    assert warehouse.rows("select course_id from raw.courses order by 1") == courses
    assert warehouse.rows("select distinct course_id from raw.tasks order by 1") == courses[1:]
    for table in ("course_groups", "memberships", "enrolments", "grades", "completions", "outcomes"):
        assert warehouse.value(f"select count(*) from raw.{table}") == 1, table
    # Nor do words stay behind that no row points to any more: nobody could erase them.
    assert warehouse.rows("select grade_id from personal.grades") == warehouse.rows("select grade_id from raw.grades")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("logs_DIGI 2026_20261123-0100.xlsx", "DIGI 2026"),
        ("logs_20261123-0100.csv", None),
        ("DIGI-2026 Grades.xml", "DIGI-2026"),
        ("DIGI-2026 Grades-20261123_0100-semicolon_separated (1).csv", "DIGI-2026"),
        ("completion-digi-2026-20261123_0100-comma_separated.csv", "digi-2026"),
        ("progress-digi-2026-20261123_0100-tab_separated.csv", "digi-2026"),
        ("progress.digi-2026.ods", "digi-2026"),
        ("progress.____-2026.ods", None),
        ("DIGI-2026.csv", None),
        ("progress_A_ru.csv.gz", None),
    ],
)
def test_short_name_in_the_name_of_a_download(name: str, code: str | None) -> None:
    assert downloaded_code(Item(f"folder/{name}")) == code


def test_number_in_the_name_of_a_list_of_participants() -> None:
    assert downloaded_id(Item("courseid_12_participants (2).json")) == 12
    assert downloaded_id(Item("courseid_participants.csv")) is None
