"""The database of a whole Moodle 4.5, restored into a PostgreSQL on this machine: every row accounted for, every oddity where the truth says."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from pipelines.errors import BadSource
from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.lms.moodle_db import MoodleDatabase
from pipelines.sources.lms.moodle_db import database as way_in
from pipelines.sources.reading import Context
from pipelines.warehouse import Warehouse

pytestmark = [pytest.mark.real_data, pytest.mark.postgres]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "moodle_db"
DATABASE = "mayak_test_moodle45"
#: A server that lets this machine's tests in; libpq's own variables point elsewhere.
SERVER = sa.URL.create(
    "postgresql+psycopg",
    username=os.environ.get("PGUSER", "postgres"),
    password=os.environ.get("PGPASSWORD"),
    host=os.environ.get("PGHOST", "127.0.0.1"),
    port=int(os.environ.get("PGPORT", "5432")),
    database="postgres",
)
PSEUDONYMS = Pseudonyms(b"a key of this test only")
SOURCE = Source(name="moodle", kind="moodle_db")
PROGRAMME = Programme(id="test", name="Test", sources=(SOURCE,))
RUN_AT = datetime(2026, 11, 22, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def url() -> str:
    if not DATA.is_dir():
        pytest.skip(f"no real data at {DATA}")
    try:
        with sa.create_engine(SERVER, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as server:
            if not server.scalar(sa.text("select count(*) from pg_database where datname = :name"), {"name": DATABASE}):
                _restore(server)
    except OperationalError:
        pytest.skip(f"no PostgreSQL at {SERVER.host}:{SERVER.port}")
    return SERVER.set(database=DATABASE).render_as_string(hide_password=False)


def _restore(server: sa.Connection) -> None:
    # Under another name until it is whole: a restore that was cut short is not taken for a database.
    part = f"{DATABASE}_part"
    server.execute(sa.text(f"drop database if exists {part}"))
    server.execute(sa.text(f"create database {part}"))
    dump = gzip.decompress((DATA / "moodle45_pg_full.sql.gz").read_bytes())
    target = SERVER.set(drivername="postgresql", database=part).render_as_string(hide_password=False)
    try:
        subprocess.run(
            ["psql", "--quiet", "--no-psqlrc", "--dbname", target],
            input=dump,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("no psql to restore the dump with")
    server.execute(sa.text(f"alter database {part} rename to {DATABASE}"))


@pytest.fixture(scope="module")
def counts() -> dict[str, int]:
    lines = (DATA / "moodle45_pg_full.rowcounts.tsv").read_text(encoding="utf-8").splitlines()
    return {name.removeprefix("mdl_"): int(number) for name, number in (line.split("\t") for line in lines if line)}


@pytest.fixture(scope="module")
def special() -> dict[str, Any]:
    with gzip.open(DATA / "ground_truth.json.gz") as content:
        return json.load(content)["special"]


@pytest.fixture(scope="module")
def loads(url: str) -> Iterator[tuple[Warehouse, Load]]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        (load,) = load_source(warehouse, PROGRAMME, SOURCE, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
        yield warehouse, load


@pytest.fixture(scope="module")
def warehouse(loads: tuple[Warehouse, Load]) -> Warehouse:
    return loads[0]


def account(user: int) -> str:
    return PSEUDONYMS.of("moodle", str(user))


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


#: Record → the tables whose rows are its primary rows.
PRIMARY = {
    "accounts": ["user"],
    "courses": ["course"],
    "course_groups": ["groups"],
    "memberships": ["groups_members"],
    "enrolments": ["user_enrolments"],
    "tasks": ["course_modules"],
    "activity": ["logstore_standard_log"],
    "chats": ["forum", "message_conversations"],
    "messages": ["forum_posts", "messages"],
    "submissions": ["assign_submission", "quiz_attempts"],
    "submission_files": ["assignsubmission_file"],
    "grades": ["assign_grades", "grade_grades", "grade_grades_history", "quiz_grades"],
    "completions": ["course_modules_completion", "course_modules_viewed"],
    "outcomes": ["course_completions", "customcert_issues"],
    "survey_answers": ["feedback_value"],
}


@pytest.mark.parametrize("record", PRIMARY)
def test_every_row_of_the_dump_is_seen_and_kept_or_rejected(loads: tuple[Warehouse, Load], counts: dict[str, int], record: str) -> None:
    warehouse, load = loads
    assert load.state == "loaded", load.problem
    # counts of empty tables are not in the file
    wanted = sum(counts.get(table, 0) for table in PRIMARY[record])
    (found,) = warehouse.rows("select rows_seen, rows_kept + rows_rejected from raw.load_counts where record = ?", [record])
    assert found == (wanted, wanted)


def test_the_front_page_is_all_that_is_rejected(warehouse: Warehouse) -> None:
    assert warehouse.rows("select record, place, reason from raw.rejects") == [("courses", "course id 1", "the front page is no course")]


def test_the_rows_that_are_nobodys_own_acts_are_marked(warehouse: Warehouse) -> None:
    assert warehouse.value("select count(*) from raw.activity where is_anonymous") == 1307
    assert warehouse.value("select count(*) from raw.activity where is_impersonated") == 6
    nobody = "select count(*) from raw.activity where account_id is null and event = ?"
    assert warehouse.value(nobody, [r"\core\event\user_graded"]) == 2012
    assert warehouse.value(nobody, [r"\core\event\notification_sent"]) == 1238


def test_php_and_json_rows_have_the_same_details(warehouse: Warehouse) -> None:
    found = warehouse.rows("select distinct details from raw.activity where event = ? order by 1", [r"\core\event\course_viewed"])
    assert ('{"coursesectionnumber": 1}',) in found
    assert warehouse.value("select count(*) from raw.activity where details is not null and not json_valid(details)") == 0


def test_teams_own_one_row_and_their_members_one_each(warehouse: Warehouse) -> None:
    found = warehouse.rows(
        "select account_id is null, count(*), count(words), count(group_id) from raw.submissions where is_team group by 1 order by 1"
    )
    assert found == [(False, 118, 0, 0), (True, 31, 31, 31)]


def test_only_rows_in_the_state_submitted_were_handed_in(warehouse: Warehouse) -> None:
    found = warehouse.rows(
        "select state, count(*), count(submitted_at) from raw.submissions where kind = 'assignment' group by 1 order by 1"
    )
    assert found == [("draft", 12, 0), ("reopened", 19, 0), ("submitted", 1274, 1274)]
    assert warehouse.value("select count(*) from raw.submissions where kind = 'assignment' and not is_latest") == 51


def test_marks_not_released_are_told_apart(warehouse: Warehouse) -> None:
    found = warehouse.rows(
        "select is_blind, uses_workflow, count(*) from raw.grades join raw.tasks using (task_id) where record = 'marking' and not is_released group by 1, 2 order by 1"
    )
    assert found == [(False, True, 10), (True, False, 80)]
    comments = "select count(*) from raw.grades where record = 'marking' and comment_chars = 0"
    assert warehouse.value(comments) == 4


def test_the_learner_who_moved_has_an_ended_and_a_present_stay(warehouse: Warehouse, special: dict[str, Any]) -> None:
    moved = special["moved_stream"]
    query = "select group_id, left_at from raw.memberships where account_id = ? order by joined_at, left_at nulls last"
    found = warehouse.rows(query, [account(moved["userid"])])
    # stream groups of course A are 1 and 2; the learner's project team is none of them
    streams = [row for row in found if row[0] in ("moodle:group:1", "moodle:group:2")]
    assert streams == [(f"moodle:group:{moved['from']}", at(moved["ts"])), (f"moodle:group:{moved['to']}", None)]


def test_people_who_left_are_known(warehouse: Warehouse, special: dict[str, Any]) -> None:
    course = {"A": 2, "B": 3, "C": 4, "D": 5}
    removed = set(
        warehouse.rows("select account_id, course_id, removed_at from raw.enrolments where state = 'removed' and role = 'learner'")
    )
    wanted = {
        (account(user), f"moodle:course:{course[code]}", at(ts)) for user, code, ts in special["unenrolled"] + special["deleted_accounts"]
    }
    assert removed == wanted
    suspended = set(warehouse.rows("select account_id, course_id from raw.enrolments where state = 'suspended'"))
    assert suspended == {(account(user), f"moodle:course:{course[code]}") for user, code in special["suspended_enrolments"]}
    accounts = {found for (found,) in warehouse.rows("select account_id from raw.accounts where is_suspended")}
    assert accounts == {account(user) for user in special["suspended_accounts"]}
    deleted = set(warehouse.rows("select account_id, email from raw.accounts join personal.accounts using (account_id) where is_deleted"))
    assert deleted == {(account(user), None) for user, _, _ in special["deleted_accounts"]}


def test_one_person_is_learner_here_and_curator_there(warehouse: Warehouse, special: dict[str, Any]) -> None:
    user = special["learner_and_teacher"]["userid"]
    found = warehouse.rows("select course_id, role from raw.enrolments where account_id = ? order by 1", [account(user)])
    assert found == [("moodle:course:4", "learner"), ("moodle:course:5", "curator")]


def test_extensions_and_overrides_are_deadlines(warehouse: Warehouse, special: dict[str, Any]) -> None:
    extensions = warehouse.rows("select account_id, due_at, granted_at from raw.deadlines where rule = 'extension'")
    assert len(extensions) == 23
    assert set(extensions) == {(account(given["userid"]), at(given["to"]), at(given["ts"])) for given in special["extensions"]}
    assert warehouse.value("select count(*) from raw.deadlines where rule = 'group_override' and group_id = 'moodle:group:4'") == 4


def test_what_was_deleted_is_known_from_the_log(warehouse: Warehouse, special: dict[str, Any]) -> None:
    gone = special["deleted_module"]
    found = warehouse.rows("select task_id, kind, name is not null from raw.tasks where is_deleted")
    assert found == [(f"moodle:task:{gone['cmid']}", gone["type"], True)]
    posts = warehouse.rows("select message_id, thread_id, sent_at is not null from raw.messages where deleted_at is not null order by 1")
    assert posts == [
        ("moodle:post:20", f"moodle:discussion:{special['deleted_discussion']}", True),
        ("moodle:post:22", f"moodle:discussion:{special['deleted_discussion']}", True),
    ]


def test_edited_posts_and_private_replies_are_marked(warehouse: Warehouse, special: dict[str, Any]) -> None:
    edited = {found for (found,) in warehouse.rows("select message_id from raw.messages where edited_at is not null and channel = 'forum'")}
    assert edited == {f"moodle:post:{post['postid']}" for post in special["edited_posts"]}
    assert warehouse.value("select count(*) from raw.messages where is_private and channel = 'forum'") == 17
    assert warehouse.value("select count(*) from raw.addressees where role = 'to'") == 17


def test_personal_messages_reach_one_person_each(warehouse: Warehouse) -> None:
    assert warehouse.value("select count(*) from raw.addressees where role = 'member'") == 159
    assert warehouse.rows("select kind, count(*) from raw.chats where channel = 'direct' group by 1 order by 1") == [
        ("personal", 90),
        ("saved", 416),
    ]


def test_overridden_grades_differ_from_the_markers(warehouse: Warehouse, special: dict[str, Any]) -> None:
    found = set(warehouse.rows("select account_id, grade from raw.grades where record = 'gradebook' and is_overridden"))
    assert found == {(account(user), float(grade)) for user, _, grade in special["overridden_grades"]}


def test_courses_completed_are_those_that_moodle_completed(warehouse: Warehouse, special: dict[str, Any]) -> None:
    found = set(
        warehouse.rows(
            "select account_id, course_id, reached_at from raw.outcomes where kind = 'course_completed' and reached_at is not null"
        )
    )
    assert found == {(account(user), f"moodle:course:{course}", at(ts)) for user, course, ts in special["moodle_course_completed"]}


def test_no_answer_of_an_anonymous_survey_has_a_writer(warehouse: Warehouse) -> None:
    assert warehouse.rows("select count(*), count(account_id) from raw.survey_answers") == [(402, 0)]
    assert warehouse.value("select count(object_id) from raw.activity where action = 'answered_survey'") == 0
    alone = "select count(*) from (select answered_at from raw.survey_answers group by survey_id, answered_at having count(distinct response_id) < 5)"
    assert warehouse.value(alone) == 0


def test_no_name_and_no_address_stands_in_the_raw_stage(warehouse: Warehouse) -> None:
    warehouse.connection.execute(
        "create or replace temp table words as select distinct email as word from personal.accounts where email is not null"
    )
    warehouse.connection.execute("insert into words select distinct last_name from personal.accounts where length(last_name) > 4")
    for table, column in (("activity", "details"), ("activity", "object_id"), ("tasks", "name"), ("course_groups", "name")):
        found = warehouse.value(
            f"select count(*) from (select distinct {column} as text from raw.{table}) join words on contains(text, word)"
        )
        assert found == 0, (table, column)


def test_a_second_load_adds_nothing(loads: tuple[Warehouse, Load], url: str) -> None:
    warehouse, _ = loads
    before = warehouse.value("select count(*) from raw.loads")
    (again,) = load_source(warehouse, PROGRAMME, SOURCE, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert again.state == "unchanged"
    assert warehouse.value("select count(*) from raw.loads") == before


def test_the_log_is_the_same_by_copy_and_row_by_row(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with way_in.Database.open(SOURCE, url) as database:
        assert way_in.can_copy(database.connection)
        direct = list(database.log_batches(0))
        monkeypatch.setattr(way_in, "can_copy", lambda connection: False)
        plain = list(database.log_batches(0))
    assert sum(batch.num_rows for batch in direct) == 73_941
    one, other = (pa.concat_tables(batches).combine_chunks() for batches in (direct, plain))
    assert one.equals(other)


def test_a_wrong_database_is_a_bad_source(url: str) -> None:
    wrong = SERVER.set(database="mayak_no_such_database").render_as_string(hide_password=False)
    with pytest.raises(BadSource, match="refuses this user, password or database"):
        MoodleDatabase().items(SOURCE, Context(pseudonyms=PSEUDONYMS, zone=PROGRAMME.zone, language="ru", url=wrong))
