"""The way into a Moodle database: bad addresses, foreign databases, absent plug-ins, unchanged ones, and what never shows."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import BadSource, SourceAway
from pipelines.loading import load_source
from pipelines.sources.lms.moodle_db import OPTIONAL, TABLES, MoodleDatabase
from pipelines.sources.lms.moodle_db.database import QUERIES, Database
from pipelines.sources.lms.moodle_db.straight import BATCH_ROWS
from pipelines.sources.lms.moodle_db.surveys import answer_of
from pipelines.sources.lms.moodle_db.tables import VIEWS
from pipelines.sources.reading import Batch, Context, Covers, Item, Rejected, Seen
from pipelines.warehouse import Warehouse
from tests.unit.sources.moodle_fixture import (
    PSEUDONYMS,
    T0,
    activity,
    change,
    course,
    enrolled,
    event,
    make_moodle,
    programme,
    source,
    together,
)

RUN_AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
SITE = together(
    course(),
    {"user": [{"id": 5, "firstname": "Анна", "lastname": "Ковалёва", "email": "anna@example.org"}]},
    enrolled(1, 5),
    activity(10, "page", 1),
    event(1, r"\mod_page\event\course_module_viewed", contextlevel=70, contextinstanceid=10),
)


def context(url: str | None) -> Context:
    return Context(pseudonyms=PSEUDONYMS, zone=ZoneInfo("Europe/Moscow"), language="ru", url=url)


def test_without_a_url_the_variable_is_named() -> None:
    with pytest.raises(BadSource, match="MAYAK_SOURCES__SCHOOL__URL"):
        MoodleDatabase().items(source(), context(None))


@pytest.mark.parametrize("url", ["no url at all secret", "oracle9://user:secret@host/moodle", "sqlite:////nowhere/at/all.db"])
def test_a_url_that_leads_nowhere_is_a_bad_source(url: str) -> None:
    with pytest.raises(BadSource) as caught:
        MoodleDatabase().items(source(), context(url))
    assert "secret" not in str(caught.value)
    assert "school" in str(caught.value)


def test_a_server_that_does_not_answer_is_away_and_the_password_is_not_told() -> None:
    # Port 1 of this machine: refused at once.
    with pytest.raises(SourceAway) as caught:
        MoodleDatabase().items(source(), context("postgresql+psycopg://reader:secret@127.0.0.1:1/moodle?connect_timeout=3"))
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_database_that_is_no_moodle_names_the_table(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").execute("create table mdl_user (id)").connection.commit()
    with pytest.raises(BadSource, match="no table mdl_assign"):
        MoodleDatabase().items(source(), context(f"sqlite:///{tmp_path / 'other.db'}"))


def test_a_wrong_prefix_names_the_table_that_is_missing(tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    with pytest.raises(BadSource, match=r"prefix 'm_'.*m_assign"):
        MoodleDatabase().items(source(table_prefix="m_"), context(url))


def test_a_table_that_lacks_a_column_names_both(tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    change(tmp_path / "moodle.db", "alter table mdl_assign drop column duedate")
    with pytest.raises(BadSource, match="mdl_assign has no column duedate"):
        MoodleDatabase().items(source(), context(url))


def test_columns_of_several_tables_that_are_lacking_are_all_told(tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    for table, column in (("assign", "duedate"), ("assign", "cutoffdate"), ("quiz", "timeclose"), ("user", "email")):
        change(tmp_path / "moodle.db", f"alter table mdl_{table} drop column {column}")
    with pytest.raises(
        BadSource, match=r"mdl_user has no column email \(nor are there mdl_assign\.cutoffdate, mdl_assign\.duedate, mdl_quiz\.timeclose\)"
    ):
        MoodleDatabase().items(source(), context(url))


@pytest.mark.parametrize(
    ("table", "column", "record"),
    [("customcert_issues", "timecreated", "outcomes"), ("zoom_meeting_participants", "leave_time", "attendance")],
)
def test_a_plug_in_of_another_version_costs_one_reject_and_nothing_else(
    warehouse: Warehouse, tmp_path: Path, table: str, column: str, record: str
) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    change(tmp_path / "moodle.db", f"alter table mdl_{table} drop column {column}")
    (done,) = load_source(warehouse, programme(source()), source(), pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert (done.state, done.kept["activity"], done.rejected[record]) == ("loaded", 1, 1), done.problem
    assert warehouse.rows("select place, reason from raw.rejects where place like 'table %'") == [
        (f"table mdl_{table}", "columns are lacking: another version of the plug-in, or the script of grants has to be run again")
    ]


@pytest.mark.parametrize("prefix", ["", "school_"])
def test_any_prefix_is_read(warehouse: Warehouse, tmp_path: Path, prefix: str) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE, prefix=prefix)
    of = source(table_prefix=prefix)
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert done.state == "loaded", done.problem
    assert done.kept["activity"] == 1


def test_absent_plug_ins_are_seen_as_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    site = together(
        SITE,
        {"forum_discussions": [{"id": 1, "forum": 1, "course": 2}]},
        {"assign_submission": [{"id": 1, "userid": 5, "status": "submitted"}]},
    )
    url = make_moodle(tmp_path / "moodle.db", {k: v for k, v in site.items() if k not in OPTIONAL}, without=OPTIONAL)
    of = source()
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert done.state == "loaded", done.problem
    assert done.seen["survey_answers"] == 0
    assert done.seen["outcomes"] == 0
    # the course module of a type whose table is gone is still a task, and what a plug-in would know is unknown, not none
    assert warehouse.rows("select task_id, kind, name from raw.tasks") == [("moodle:task:10", "page", None)]
    assert warehouse.rows("select words, files from raw.submissions") == [(None, None)]


def test_two_sites_of_different_realms_do_not_mix(warehouse: Warehouse, tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    for realm in (None, "second"):
        of = source(realm=realm)
        load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    # the ledger knows the item; another realm is another source in the programme file
    other = source(realm="second").model_copy(update={"name": "second"})
    load_source(warehouse, programme(other), other, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert warehouse.rows("select course_id from raw.courses order by 1") == [("moodle:course:2",), ("second:course:2",)]
    assert warehouse.value("select count(distinct account_id) from raw.accounts") == 2


def test_an_unchanged_database_is_not_read_again(warehouse: Warehouse, tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    of = source()
    states = []
    for _ in range(2):
        (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
        states.append(done.state)
    assert states == ["loaded", "unchanged"]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("update mdl_user set timemodified = 9", id="a row changed"),
        pytest.param("delete from mdl_user_enrolments", id="a row gone"),
        pytest.param("insert into mdl_logstore_standard_log (id) values (2)", id="a row more"),
        pytest.param("update mdl_config set value = '5' where name = 'siteadmins'", id="another administrator"),
    ],
)
def test_a_changed_database_has_another_fingerprint(tmp_path: Path, statement: str) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    before = MoodleDatabase().items(source(), context(url))
    change(tmp_path / "moodle.db", statement)
    assert MoodleDatabase().items(source(), context(url)) != before


def test_a_second_whole_read_adds_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)
    of = source()
    tables = ("accounts", "courses", "enrolments", "tasks", "activity")

    def content() -> list[list[tuple[object, ...]]]:
        return [warehouse.rows(f"select * exclude (load_id) from raw.{table} order by all") for table in tables]

    load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    before = content()
    change(tmp_path / "moodle.db", "update mdl_user set timemodified = 9")  # another fingerprint, the same rows
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert done.state == "loaded"
    assert content() == before


def test_equal_databases_give_equal_events(tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", SITE)

    def events() -> list[object]:
        found = MoodleDatabase().read(source(), Item("database"), context(url))
        return [(e.record, e.counted, e.table.to_pydict()) if isinstance(e, Batch) else e for e in found]

    assert events() == events()


def test_every_row_is_kept_or_rejected_and_the_time_covered_is_the_logs(tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", together(SITE, {"course_completions": [{"id": 1, "course": 2, "userid": 0}]}))
    balance: dict[str, int] = {}
    covers = None
    for found in MoodleDatabase().read(source(), Item("database"), context(url)):
        match found:
            case Seen(record, rows):
                balance[record] = balance.get(record, 0) + rows
            case Batch(record, table, True):
                balance[record] = balance.get(record, 0) - table.num_rows
            case Rejected(record, _, _):
                balance[record] = balance.get(record, 0) - 1
            case Covers():
                covers = found
    assert set(balance.values()) == {0}
    assert covers == Covers(datetime.fromtimestamp(T0 + 1, UTC), datetime.fromtimestamp(T0 + 1, UTC))


def test_more_rows_than_a_batch_come_in_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.lms.moodle_db.straight.BATCH_ROWS", 2)
    assert BATCH_ROWS > 2
    url = make_moodle(tmp_path / "moodle.db", together(SITE, *(event(number, r"\core\event\course_viewed") for number in range(2, 6))))
    with Database.open(source(), url) as database:
        assert [batch.num_rows for batch in database.batches("activity", {"after": 0})] == [2, 2, 1]
        assert [batch.num_rows for batch in database.batches("activity", {"after": 99})] == [0]


def test_names_and_addresses_are_in_personal_columns_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    of = source()
    url = make_moodle(
        tmp_path / "moodle.db",
        together(SITE, event(2, r"\core\event\user_loggedin", other='{"username":"anna"}', objecttable="user", objectid=5)),
    )
    load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    tables = warehouse.rows("select table_name from information_schema.tables where table_schema = 'raw'")
    dump = " ".join(str(warehouse.rows(f"select * from raw.{name}")) for (name,) in tables)
    for secret in ("Анна", "Ковалёва", "anna"):
        assert secret not in dump
    assert warehouse.rows("select email from personal.accounts") == [("anna@example.org",)]


def test_queries_are_portable_and_speak_only_of_declared_tables() -> None:

    for file in sorted(set(QUERIES.glob("*.sql")) - set(QUERIES.glob("grants_*.sql"))):
        text = file.read_text(encoding="utf-8")
        assert text.startswith("-- One row per") or file.stem == "settings", file.name
        assert set(re.findall(r"\{([a-z_]+)\}", text)) <= {*TABLES, *VIEWS, "activity"}, file.name
        body = re.sub(r"--[^\n]*", "", text)
        for only_one_engine_knows in ("::", "||", "ilike", "concat(", "group_concat", "string_agg", "limit ", "full join", "\\", '"', "`"):
            assert only_one_engine_knows not in body.lower(), (file.name, only_one_engine_knows)


@pytest.mark.parametrize(
    ("typ", "presentation", "value", "rating", "text"),
    [
        pytest.param("multichoice", "r>>>>>1|2|3|4|5", "4", 4, None, id="options that are numbers"),
        pytest.param("multichoice", "r>>>>>5 — отлично|4|3|2|1 — плохо<<<<<1", "1", 5, None, id="numbers the other way round"),
        pytest.param("multichoice", "r>>>>>да|нет", "2", None, "нет", id="options in words are no rating"),
        pytest.param("multichoice", "r>>>>>да|нет", "²|" + "9" * 5000 + "|1", None, "да", id="places that are no numbers"),
        pytest.param("multichoicerated", "r>>>>>²####да|3####нет", "1", None, "да", id="weights that are no numbers"),
        pytest.param("multichoice", "r>>>>>Полностью согласен|Согласен|Не согласен", "3", 2, None, id="a scale in words is a rating"),
        pytest.param("multichoice", "r>>>>>Хорошо|Плохо", "1", None, "Хорошо", id="two options are no scale"),
        pytest.param("multichoice", "c>>>>>1|2|3", "1|3", None, "1; 3", id="several options are no rating"),
        pytest.param("multichoice", "r>>>>>1|2", "0", None, None, id="nothing chosen"),
        pytest.param("multichoicerated", "d>>>>>5####отлично|1####плохо", "2", 1, None, id="rated"),
        pytest.param("multichoicerated", "d>>>>>10####да|0####нет", "1", None, "да", id="rated on another scale"),
        pytest.param("numeric", "1|5", "3", 3, None, id="a number from 1 to 5"),
        pytest.param("numeric", "0|100", "3", None, "3", id="a number of something else"),
        pytest.param("textarea", "40|20", "<p>Всё хорошо</p>", None, "Всё хорошо", id="words"),
        pytest.param("info", "1", "1788771600", None, None, id="what Moodle fills in by itself would betray the moment"),
        pytest.param("textfield", "30|255", "", None, None, id="left out"),
    ],
)
def test_answers_are_ratings_or_words(typ: str, presentation: str, value: str, rating: int | None, text: str | None) -> None:
    assert answer_of(typ, presentation, value) == (rating, text)
