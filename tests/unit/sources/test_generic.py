"""Tables in Mayak's own words: typed, checked, counted."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contract_words import WORDS
from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.generic import contract
from pipelines.warehouse import Warehouse

KEYS = Pseudonyms(b"0123456789abcdef")
ACTIVITY = """activity_id,account_id,course_id,task_id,occurred_at,action,component
1,17,4,210,2026-11-21T08:15:00+03:00,viewed,page
2,17,moodle:course:4,211,2026-11-21 08:16:30,submitted,"a ""quoted"", one"
"""


def load(warehouse: Warehouse, path: Path, **options: Any) -> list[Load]:
    source = Source(name="portal", kind="generic", path=path, realm="moodle", **options)
    programme = Programme(id="test", name="Test", sources=(source,))
    return load_source(warehouse, programme, source, pseudonyms=KEYS, run_at=datetime(2026, 11, 22, tzinfo=UTC))


def test_ids_accounts_and_times_are_as_every_reader_writes_them(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "activity.csv").write_text(ACTIVITY, encoding="utf-8")
    [done] = load(warehouse, tmp_path)
    assert (done.state, done.kept, done.rejected) == ("loaded", {"activity": 2}, {})
    account = KEYS.of("moodle", "17")
    assert warehouse.rows(
        "select activity_id, account_id, course_id, task_id, occurred_at, action, is_anonymous from raw.activity order by 1"
    ) == [
        ("moodle:activity:1", account, "moodle:course:4", "moodle:task:210", datetime(2026, 11, 21, 5, 15, tzinfo=UTC), "viewed", False),
        # Without an offset: the programme's zone, Moscow.
        (
            "moodle:activity:2",
            account,
            "moodle:course:4",
            "moodle:task:211",
            datetime(2026, 11, 21, 5, 16, 30, tzinfo=UTC),
            "submitted",
            False,
        ),
    ]
    assert done.covers_until == datetime(2026, 11, 21, 5, 16, 30, tzinfo=UTC)


def test_people_stand_in_their_own_schema(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id,last_name,email,lang\n17,Иванова,ivanova@example.org,ru\n", encoding="utf-8")
    assert [done.state for done in load(warehouse, tmp_path)] == ["loaded"]
    account = KEYS.of("moodle", "17")
    assert warehouse.rows("select account_id, realm, channel, lang from raw.accounts") == [(account, "moodle", "lms", "ru")]
    assert warehouse.rows("select account_id, native_id, last_name, email from personal.accounts") == [
        (account, "17", "Иванова", "ivanova@example.org")
    ]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_formats_say_the_same(warehouse: Warehouse, tmp_path: Path, suffix: str) -> None:
    moments = pa.array([datetime(2026, 11, 21, 5, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))
    table = pa.table({"grade_id": ["1", "2"], "account_id": ["17", "18"], "grade": [4.5, None], "graded_at": moments})
    text = "grade_id,account_id,grade,graded_at\n1,17,4.5,2026-11-21T05:00:00Z\n2,18,,\n"
    path = tmp_path / f"grades_2026-11-21{suffix}"
    match suffix:
        case ".parquet":
            pq.write_table(table, path)
        case ".csv.gz":
            path.write_bytes(gzip.compress(text.encode()))
        case _:
            path.write_text(text)
    [done] = load(warehouse, tmp_path)
    assert done.state == "loaded", done.problem
    assert warehouse.rows("select grade_id, record, grade, graded_at from raw.grades order by 1") == [
        ("moodle:grade:1", "marking", 4.5, datetime(2026, 11, 21, 5, tzinfo=UTC)),
        ("moodle:grade:2", "marking", None, None),
    ]
    # The name says: up to the end of the 21st, Moscow.
    assert done.covers_until == datetime(2026, 11, 21, 21, tzinfo=UTC)


def test_rows_that_do_not_fit_are_counted_with_their_place(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "activity.csv").write_text(
        "activity_id,account_id,occurred_at,action\n"
        "1,17,2026-11-21T08:15:00Z,viewed\n"
        ",17,2026-11-21T08:15:00Z,viewed\n"
        "3,17,yesterday,viewed\n"
        "4,17,,viewed\n"
        "5,17,2026-11-21T08:15:00Z,looked\n"
        "6,17,2026-11-21T08:15:00Z,viewed,more\n",
        encoding="utf-8",
    )
    [done] = load(warehouse, tmp_path)
    assert (done.kept, done.rejected) == ({"activity": 1}, {"activity": 5})
    assert warehouse.rows("select place, reason from raw.rejects order by 1") == [
        ("line 7", "a row that does not fit the header"),
        ("row 2", "no activity_id"),
        ("row 3", "occurred_at: no time"),
        ("row 4", "no occurred_at"),
        ("row 5", "action: a word that the contract does not have"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("activity.csv", b"", "no action, activity_id"),
        ("activity.csv", b"activity_id,action\n1,viewed\n", "occurred_at"),
        ("activity.csv", b"activity_id,occurred_at,action,full_name\n", "not declared"),
        ("activity.parquet", b"PAR1....PAR1", "cannot be read"),
        ("activity.csv", "activity_id,occurred_at,action\n1,2026-11-21,\u0434\n".encode("cp1251"), "cannot be read"),
        ("activity.csv.gz", gzip.compress(ACTIVITY.encode())[:-20], "cannot be read"),
    ],
    ids=["empty", "a column is missing", "a column too many", "no parquet", "another encoding", "cut off"],
)
def test_a_file_that_is_none_is_refused_whole(warehouse: Warehouse, tmp_path: Path, name: str, content: bytes, found: str) -> None:
    import re

    (tmp_path / name).write_bytes(content)
    [done] = load(warehouse, tmp_path)
    if done.state == "loaded":  # letters of another encoding are a row's fault
        assert done.kept.get("activity", 0) == 0
        assert done.rejected == {"activity": 1}
    else:
        assert re.search(found, done.problem or ""), done.problem
    assert not warehouse.value("select count(*) from raw.activity")


def test_a_name_that_says_nothing_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("a\n1\n")
    [done] = load(warehouse, tmp_path)
    assert (done.state, "begins with what it holds" in (done.problem or "")) == ("failed", True)


def test_the_longest_record_name_counts(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "submission_files").mkdir()
    (tmp_path / "submission_files" / "part-0.csv").write_text("file_id,submission_id,content_hash\n1,2,ab\n")
    [done] = load(warehouse, tmp_path)
    assert done.kept == {"submission_files": 1}, done.problem
    assert warehouse.rows("select file_id, submission_id, content_hash from raw.submission_files") == [
        ("moodle:file:1", "moodle:submission:2", "ab")
    ]


def test_whole_files_show_what_has_vanished(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "grades_2026-11-20.csv").write_text("grade_id\n1\n2\n")
    (tmp_path / "grades_2026-11-21.csv").write_text("grade_id\n2\n")
    load(warehouse, tmp_path, is_whole=True)
    assert warehouse.rows("select grade_id from raw.grades") == [("moodle:grade:2",)]
    assert warehouse.rows("select key from raw.vanished") == [("moodle:grade:1",)]


def test_every_record_kind_can_be_given() -> None:
    assert {"accounts", "courses", "enrolments", "activity", "messages", "attendance", "survey_answers"} <= set(contract())
    assert set(WORDS) <= set(contract())
    assert not {"loads", "rejects", "coverage"} & set(contract())


days = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 23)), min_size=1, max_size=12, unique=True)


@given(days, st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None)
def test_day_by_day_in_any_order_is_the_same_as_at_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int]], dice: Any
) -> None:
    def line(day: int, hour: int) -> str:
        return f"{day}-{hour},17,2026-11-{day:02}T{hour:02}:00:00Z,viewed"

    def loaded(files: dict[str, list[str]], order: list[str]) -> list[Any]:
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            for name in order:
                place = tmp_path_factory.mktemp("day") / name
                place.write_text("\n".join(["activity_id,account_id,occurred_at,action", *files[name]]) + "\n")
                assert [done.state for done in load(warehouse, place)] == ["loaded"]
            return warehouse.rows("select * exclude (load_id, seen_at) from raw.activity order by 1")

    # Each file holds its day and the day before: late rows come twice.
    daily = {f"activity_2026-11-{day:02}.csv": [line(d, h) for d, h in rows if d in (day - 1, day)] for day in range(1, 8)}
    order = list(daily)
    dice.shuffle(order)
    assert loaded(daily, order) == loaded({"activity.csv": [line(d, h) for d, h in rows]}, ["activity.csv"])


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "290000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0044-03-15 (BC)"])
def test_times_beyond_the_calendar_are_no_times(moment: str, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "activity.csv").write_text(f"{ACTIVITY}3,17,4,210,{moment},viewed,page\n", encoding="utf-8")
    [done] = load(warehouse, tmp_path)
    assert (done.state, done.kept, done.reasons) == ("loaded", {"activity": 2}, {"occurred_at: no time": 1})
