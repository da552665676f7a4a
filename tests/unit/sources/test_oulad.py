"""OULAD as a programme: the seven tables as CSV or Parquet, days into moments, what must not be kept."""

from __future__ import annotations

import gzip
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.lms.oulad import OuladReader
from pipelines.sources.reading import Context
from pipelines.warehouse import Warehouse

KEYS = Pseudonyms(b"0123456789abcdef")
TABLES = {
    "courses": "code_module,code_presentation,module_presentation_length\nXYZ,2013J,10\nXYZ,2014B,20\nXYZ,spring,20\n",
    "assessments": "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
    "XYZ,2013J,11,TMA,5,20\nXYZ,2013J,12,CMA,8,0\nXYZ,2013J,13,Exam,?,100\n",
    "vle": "id_site,code_module,code_presentation,activity_type,week_from,week_to\n501,XYZ,2013J,resource,2,2\n502,XYZ,2013J,homepage,?,?\n",
    "studentInfo": "code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,num_of_prev_attempts,"
    "studied_credits,disability,final_result\n"
    "XYZ,2013J,7,F,Nowhere,A Level or Equivalent,?,0-35,1,60,Y,Distinction\n"
    "XYZ,2013J,8,M,Nowhere,No Formal quals,20-30%,35-55,0,60,N,Withdrawn\n"
    "XYZ,2013J,9,M,Nowhere,No Formal quals,20-30%,35-55,0,60,N,Fail\n",
    "studentRegistration": "code_module,code_presentation,id_student,date_registration,date_unregistration\n"
    "XYZ,2013J,7,-20,?\nXYZ,2013J,8,-3,4\nXYZ,2013J,9,?,?\n",
    "studentAssessment": "id_assessment,id_student,date_submitted,is_banked,score\n11,7,4,0,78\n11,8,-1,1,60\n12,7,8,0,?\n99,7,8,0,50\n",
    "studentVle": "code_module,code_presentation,id_student,id_site,date,sum_click\n"
    "XYZ,2013J,7,501,0,3\nXYZ,2013J,7,501,0,2\nXYZ,2013J,7,501,0,3\nXYZ,2013J,8,502,-2,1\nXYZ,1999Z,8,502,-2,1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "oulad"
    place.mkdir()
    for name, text in TABLES.items():
        (place / f"{name}.csv").write_text(text, encoding="utf-8")
    return place


def load(warehouse: Warehouse, folder: Path) -> Load:
    source = Source(name="oulad", kind="oulad", path=folder)
    programme = Programme(id="test", name="Test", time_zone="Europe/London", sources=(source,))
    [done] = load_source(warehouse, programme, source, pseudonyms=KEYS, run_at=datetime(2026, 11, 22, tzinfo=UTC))
    return done


def test_every_row_is_kept_or_has_its_reason(warehouse: Warehouse, folder: Path) -> None:
    done = load(warehouse, folder)
    assert done.state == "loaded", done.problem
    assert done.seen == {"courses": 3, "enrolments": 3, "demographics": 3, "tasks": 5, "submissions": 4, "activity": 5}
    assert warehouse.rows("select record, place, reason from raw.rejects order by all") == [
        ("activity", "studentVle row 5", "no such presentation"),
        ("courses", "courses row 3", "no such presentation"),
        ("submissions", "studentAssessment row 2", "carried over from an earlier presentation"),
        ("submissions", "studentAssessment row 4", "no such assessment"),
    ]


def test_days_are_counted_from_the_month_of_the_presentation(warehouse: Warehouse, folder: Path) -> None:
    load(warehouse, folder)
    # October is summer time in London: midnight there is an hour before midnight.
    assert warehouse.rows("select code, starts_at, ends_at from raw.courses order by 1") == [
        ("XYZ-2013J", datetime(2013, 9, 30, 23, tzinfo=UTC), datetime(2013, 10, 11, 22, 59, 59, tzinfo=UTC)),
        ("XYZ-2014B", datetime(2014, 2, 1, tzinfo=UTC), datetime(2014, 2, 21, 23, 59, 59, tzinfo=UTC)),
    ]
    assert warehouse.rows("select kind, due_at, is_required from raw.tasks where due_at is not null order by task_id") == [
        ("assignment", datetime(2013, 10, 6, 22, 59, 59, tzinfo=UTC), True),
        ("quiz", datetime(2013, 10, 9, 22, 59, 59, tzinfo=UTC), False),
        ("other", datetime(2013, 10, 11, 22, 59, 59, tzinfo=UTC), True),
    ]


def test_leaving_and_passing(warehouse: Warehouse, folder: Path) -> None:
    load(warehouse, folder)
    by_student = {student: KEYS.of("oulad", student) for student in "789"}
    assert dict(warehouse.rows("select account_id, state from raw.enrolments")) == {
        by_student["7"]: "active", by_student["8"]: "removed", by_student["9"]: "active",
    }  # fmt: skip
    assert warehouse.rows("select removed_at from raw.enrolments where removed_at is not null") == [
        (datetime(2013, 10, 5, 11, tzinfo=UTC),)
    ]
    assert warehouse.rows("select account_id, kind from raw.outcomes") == [(by_student["7"], "course_completed")]


def test_clicks_of_a_day_are_told_apart_by_number(warehouse: Warehouse, folder: Path) -> None:
    load(warehouse, folder)
    assert warehouse.rows("select activity_id, times from raw.activity where activity_id like '%:7:%' order by 1") == [
        ("oulad:click:XYZ-2013J:7:501:0:1", 2),
        ("oulad:click:XYZ-2013J:7:501:0:2", 3),
        ("oulad:click:XYZ-2013J:7:501:0:3", 3),
    ]


def test_marks_carried_over_are_marks_without_work(warehouse: Warehouse, folder: Path) -> None:
    load(warehouse, folder)
    assert warehouse.rows("select grade, submission_id from raw.grades order by 1") == [(60.0, None), (78.0, "oulad:submission:11:7")]


def test_parquet_and_csv_say_the_same(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "parquet" / "oulad"
    other.mkdir(parents=True)
    with duckdb.connect() as engine:
        for name in TABLES:
            reading = f"(select * from read_csv('{folder}/{name}.csv', nullstr = '?'))"
            if name == "studentVle":
                engine.execute(f"copy {reading} to '{other}/studentVle_ds' (format parquet, partition_by (code_module, code_presentation))")
            else:
                engine.execute(f"copy {reading} to '{other}/{name}.parquet'")

    def rows(place: Path) -> list[object]:
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            assert load(warehouse, place).state == "loaded"
            records = ("courses", "tasks", "enrolments", "submissions", "grades", "outcomes", "activity", "demographics", "accounts")
            return [warehouse.rows(f"select * exclude (load_id) from raw.{record} order by all") for record in records]

    assert rows(other) == rows(folder)


def test_tables_may_be_packed_parted_quoted_and_in_a_folder_of_their_own(warehouse: Warehouse, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "download"
    inner = place / "anonymisedData"
    shutil.copytree(folder, inner)
    (inner / "vle.csv").unlink()
    (inner / "vle.csv.gz").write_bytes(gzip.compress(TABLES["vle"].encode()))
    (inner / "studentVle.csv").unlink()
    head, *rows = TABLES["studentVle"].splitlines()
    (inner / "studentVle").mkdir()
    for number, part in enumerate((rows[:2], rows[2:])):
        (inner / "studentVle" / f"studentVle_{number}.csv").write_text("\n".join((head, *part)), encoding="utf-8")
    quoted = "\r\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in TABLES["studentRegistration"].splitlines())
    (inner / "studentRegistration.csv").write_text(quoted, encoding="utf-8-sig")
    done = load(warehouse, place)
    with Warehouse.open(None) as other:
        other.create_schemas()
        plain = load(other, folder)
        records = ("tasks", "enrolments", "activity")
        for record in records:
            query = f"select * exclude (load_id) from raw.{record} order by all"
            assert warehouse.rows(query) == other.rows(query)
    assert (done.kept, done.rejected) == (plain.kept, plain.rejected)


def test_a_folder_that_lacks_a_table_is_named(folder: Path) -> None:
    (folder / "vle.csv").unlink()
    with pytest.raises(BadSource, match="vle"):
        list(OuladReader().items(Source(name="oulad", kind="oulad", path=folder), context()))


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n", "\x00\x01\x02", 'code_module,code_presentation,module_presentation_length\n"XYZ,2013J'],
    ids=["empty", "another format", "binary", "cut off"],
)
def test_a_table_that_is_none_fails_whole(warehouse: Warehouse, folder: Path, text: str) -> None:
    (folder / "courses.csv").write_text(text, encoding="utf-8")
    done = load(warehouse, folder)
    assert (done.state, "courses" in (done.problem or "")) == ("failed", True)
    assert not warehouse.value("select count(*) from raw.enrolments")


def test_a_parquet_file_that_is_none(folder: Path) -> None:
    (folder / "courses.csv").unlink()
    (folder / "courses.parquet").write_bytes(b"PAR1 no more")
    source = Source(name="oulad", kind="oulad", path=folder)
    [item] = OuladReader().items(source, context())
    with pytest.raises(BadFile, match="courses"):
        list(OuladReader().read(source, item, context()))


def context() -> Context:
    from zoneinfo import ZoneInfo

    return Context(pseudonyms=KEYS, zone=ZoneInfo("Europe/London"), language="en")
