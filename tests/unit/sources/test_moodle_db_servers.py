"""The same Moodle on PostgreSQL, on MariaDB and in a file is the same in the warehouse; a user with the rights that are asked for can read it and nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from pipelines.errors import BadSource
from pipelines.loading import load_source
from pipelines.sources.lms.moodle_db import grants
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.straight import can_copy, can_range, copied
from pipelines.sources.lms.moodle_db.tables import OPTIONAL, TABLES
from pipelines.warehouse import Warehouse
from tests.servers import BOTH, scratch, server, text_of
from tests.unit.sources.moodle_fixture import (
    DAY,
    PSEUDONYMS,
    T0,
    TEACHER,
    VERSIONS,
    activity,
    course,
    enrolled,
    event,
    make_moodle,
    make_moodle_on,
    programme,
    source,
    together,
)

RUN_AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
#: Texts that a way to Arrow could spoil: quotes, line ends, separators, what looks like null, signs beyond the basic plane.
AWKWARD = (
    "",
    "null",
    "\\N",
    'сказал "да", и ушёл',
    "строка\r\nвторая\n\nтретья",
    "a,b;c\td",
    "🙂 ё",
    " края ",
    "NULL",
    "'; drop table x; --",
    "%(after)s :after {user}",
)
SITE = together(
    course(startdate=T0),
    {"user": [{"id": n, "firstname": "Имя", "lastname": f"Фамилия {n}", "email": f"u{n}@example.org", "timezone": "99", "timecreated": T0} for n in range(5, 12)]},
    enrolled(1, 5),
    enrolled(2, 6, TEACHER),
    activity(10, "assign", 1, grade=100, duedate=T0 + DAY, activity="сделайте"),
    activity(11, "quiz", 2, sumgrades="10.50000", grade="100.00000", timeclose=T0 + DAY),
    activity(12, "forum", 3, duedate=0),
    activity(13, "page", 4, content="<p>Страница</p>", contentformat=1),
    activity(14, "label", 5, intro="<p>Надпись</p>"),
    activity(15, "customcert", 6),
    activity(16, "h5pactivity", 7, access={"visible": 0}),
    activity(17, "scorm", 8, timeclose=T0 + DAY, access={"availability": '{"op":"&","c":[{"type":"group","id":1}],"showc":[true]}'}),
    activity(18, "lesson", 9, deadline=T0 + DAY, grade=40),
    activity(19, "workshop", 10, submissionend=T0 + DAY),
    activity(20, "zoom", 11),
    activity(21, "bigbluebuttonbn", 12),
    {
        "zoom_meeting_details": [{"id": 1, "zoomid": 11, "topic": "Вебинар", "start_time": T0, "end_time": T0 + 60}],
        "zoom_meeting_participants": [{"id": n, "detailsid": 1, "userid": 5 * n, "name": "Анна Котова", "join_time": T0 + n, "leave_time": T0 + 60} for n in (0, 1)],
        "bigbluebuttonbn_logs": [{"id": 1, "bigbluebuttonbnid": 12, "userid": 5, "timecreated": T0, "log": "Summary", "meta": '{"recordid":"r","data":{"name":"А","joins":["2026-09-07T09:00:00+00:00"],"leaves":[],"duration":60}}'}],
        "h5pactivity_attempts": [{"id": n, "h5pactivityid": 7, "userid": 5, "attempt": n, "timecreated": T0, "timemodified": T0 + 9, "rawscore": n, "maxscore": 4, "completion": 2 - n} for n in (1, 2)],
        "scorm_attempt": [{"id": 1, "scormid": 8, "userid": 5, "attempt": 1}],
        "scorm_element": [{"id": 1, "element": "cmi.core.lesson_status"}, {"id": 2, "element": "cmi.core.score.raw"}],
        "scorm_scoes_value": [{"id": 1, "attemptid": 1, "elementid": 1, "value": "passed", "timemodified": T0}, {"id": 2, "attemptid": 1, "elementid": 2, "value": "8.5", "timemodified": T0}],
        "scorm_scoes_track": [{"id": 1, "scormid": 8, "userid": 5, "attempt": 1, "element": "cmi.core.lesson_status", "value": "passed", "timemodified": T0}],
        "lesson_grades": [{"id": n, "lessonid": 9, "userid": 5, "grade": "50.00000", "completed": T0 + n} for n in (1, 2)],
        "workshop_submissions": [{"id": n, "workshopid": 10, "authorid": 5, "timecreated": T0, "timemodified": T0 + n, "content": "<p>Работа</p>", "contentformat": 1, "example": n - 1} for n in (1, 2)],

        "assign_submission": [{"id": n, "assignment": 1, "userid": 4 + n, "status": "submitted", "timecreated": T0, "timemodified": T0 + n, "latest": 1, "timestarted": T0 - 60} for n in (1, 2)],
        "assignsubmission_onlinetext": [{"id": 1, "submission": 1, "onlinetext": "<p>" + "очень длинный текст " * 80_000, "onlineformat": 1}],
        "assignsubmission_file": [{"id": 1, "submission": 2, "numfiles": 1}],
        "files": [{"id": 1, "component": "assignsubmission_file", "filearea": "submission_files", "itemid": 2, "filename": "работа.docx", "contenthash": "ab" * 20, "filesize": 9, "mimetype": "application/msword"}],
        "assign_grades": [{"id": 1, "assignment": 1, "userid": 5, "grade": "77.50000", "grader": 6, "timemodified": T0}, {"id": 2, "assignment": 1, "userid": 6, "grade": "-1.00000"}],
        "assignfeedback_comments": [{"id": 1, "grade": 1, "commenttext": "<p>Хорошо</p>", "commentformat": 1}],
        "grade_items": [{"id": 1, "courseid": 2, "itemtype": "mod", "itemmodule": "assign", "iteminstance": 1, "itemnumber": 0, "grademax": "100.00000", "gradepass": "50.00000"}],
        "grade_grades": [{"id": 1, "itemid": 1, "userid": 5, "finalgrade": "77.50000", "timemodified": T0}, {"id": 2, "itemid": 1, "userid": 6}],
        "grade_grades_history": [{"id": 1, "action": 2, "oldid": 1, "itemid": 1, "userid": 5, "finalgrade": "70.00000", "timemodified": T0}],
        "quiz_attempts": [{"id": 1, "quiz": 2, "userid": 5, "attempt": 1, "state": "finished", "timestart": T0, "timefinish": T0 + 60, "sumgrades": "5.25000"}, {"id": 2, "quiz": 2, "userid": 6, "attempt": 1, "state": "notstarted"}],
        "quiz_grades": [{"id": 1, "quiz": 2, "userid": 5, "grade": "50.00000", "timemodified": T0}],
        "forum_discussions": [{"id": 1, "forum": 3, "course": 2, "groupid": -1, "pinned": 1}],
        "forum_posts": [{"id": n, "discussion": 1, "parent": min(n - 1, 1), "userid": 5, "created": T0, "modified": T0 + n % 2, "subject": text[:20], "message": text, "messageformat": 2, "privatereplyto": n % 3} for n, text in enumerate(AWKWARD, 1)],
        "message_conversations": [{"id": 1, "type": 1}],
        "message_conversation_members": [{"id": 1, "conversationid": 1, "userid": 5}, {"id": 2, "conversationid": 1, "userid": 6}],
        "messages": [{"id": n, "useridfrom": 5, "conversationid": 1, "fullmessage": text, "fullmessageformat": 2, "smallmessage": "коротко", "timecreated": T0 + n} for n, text in enumerate(AWKWARD, 1)],
        "course_modules_completion": [{"id": n, "coursemoduleid": 10 + n, "userid": 5, "completionstate": n, "timemodified": T0, "viewed": n % 2} for n in range(1, 5)],
        "course_modules_viewed": [{"id": 1, "coursemoduleid": 13, "userid": 5, "timecreated": T0}],
        "course_completions": [{"id": 1, "userid": 5, "course": 2, "timecompleted": T0}],
        "customcert_issues": [{"id": 1, "userid": 5, "customcertid": 6, "timecreated": T0}],
        "groups": [{"id": 1, "courseid": 2, "name": "Поток", "idnumber": "П-1"}],
        "groups_members": [{"id": 1, "groupid": 1, "userid": 5, "timeadded": T0}],
        "assign_overrides": [{"id": 1, "assignid": 1, "groupid": 1, "duedate": T0 + 2 * DAY}],
        "assign_user_flags": [{"id": 1, "assignment": 1, "userid": 5, "extensionduedate": T0 + 3 * DAY}],
    },
    *(event(n, r"\core\event\course_viewed", anonymous=n % 2, other=f'{{"id":{n}}}', relateduserid=n or None) for n in range(1, 40)),
    event(40, r"\mod_quiz\event\course_module_viewed", contextlevel=70, contextinstanceid=99),
    event(41, r"\core\event\group_member_removed", objectid=1, relateduserid=7),
)  # fmt: skip


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[tuple[str, URL]]:
    """A scratch database of the server that the test is run for."""
    with scratch(request.param) as url:
        yield request.param, url


def filled(url: URL, prefix: str = "mdl_", version: str = "4.5") -> URL:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as link:
        make_moodle_on(link, _of(version), prefix=prefix, version=version)
    return url


def _of(version: str) -> dict[str, list[dict[str, object]]]:
    """The site as a version has it: no rows of tables that it lacks, no columns that it lacks."""
    differs = VERSIONS[version]
    drop = {table: set(columns) for table, columns in differs.lacking.items()}
    if "viewed" not in differs.more.get("course_modules_completion", ()):
        drop["course_modules_completion"] = {"viewed"}
    rows = {table: [{k: v for k, v in row.items() if k not in drop.get(table, ())} for row in given] for table, given in SITE.items()}
    return {table: given for table, given in rows.items() if table not in differs.without}


def whole(url: str, prefix: str = "mdl_") -> dict[str, list[tuple[object, ...]]]:
    """Every table of the raw and the personal stage, loaded from there."""
    of = source(table_prefix=prefix)
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
        assert done.state == "loaded", done.problem
        return tables_of(warehouse)


def tables_of(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    names = warehouse.rows(
        "select table_schema, table_name from information_schema.tables where table_schema in ('raw', 'personal') order by all"
    )
    found = {}
    for schema, name in names:
        if name in ("loads", "load_counts", "coverage"):
            continue
        without = [column for column in ("load_id",) if column in warehouse.columns(f"{schema}.{name}")]
        found[f"{schema}.{name}"] = warehouse.rows(
            f"select *{f' exclude ({without[0]})' if without else ''} from {schema}.{name} order by all"
        )
    return found


@pytest.mark.parametrize("database", BOTH, indirect=True)
@pytest.mark.parametrize(("version", "prefix"), [("3.6", "mdl_"), ("3.9", "m_"), ("4.1", ""), ("4.5", "mdl_"), ("5.0", "school_")])
def test_a_server_and_a_file_give_the_same_rows(database: tuple[str, URL], tmp_path: Path, version: str, prefix: str) -> None:
    _, url = database
    filled(url, prefix, version)
    make_moodle(tmp_path / "moodle.db", _of(version), prefix=prefix, version=version)
    found, wanted = whole(text_of(url), prefix), whole(f"sqlite:///{tmp_path / 'moodle.db'}", prefix)
    assert set(found) == set(wanted)
    for table in wanted:
        assert found[table] == wanted[table], table
    assert len(found["raw.activity"]) == 41
    assert [row[-1] for row in found["personal.messages"]].count("null") == 2


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_the_fastest_way_is_taken(database: tuple[str, URL], monkeypatch: pytest.MonkeyPatch) -> None:
    kind, url = database
    filled(url)
    # 38 rows are two full ranges and an empty one.
    monkeypatch.setattr("pipelines.sources.lms.moodle_db.straight.RANGE_ROWS", 19)
    with Database.open(source(), text_of(url)) as opened:
        assert can_copy(opened.connection) == (kind == "postgresql")
        assert can_range(opened.url) == (kind == "mariadb")
        direct = [batch for batch in opened.log_batches(3) if batch.num_rows]
        monkeypatch.setattr("pipelines.sources.lms.moodle_db.database.can_copy", lambda connection: False)
        plain = list(opened.batches("activity", {"after": 3}))
    assert [batch.num_rows for batch in direct] == [19, 19]
    assert direct[0].schema == plain[0].schema
    assert [row for batch in direct for row in batch.to_pylist()] == [row for batch in plain for row in batch.to_pylist()]


@pytest.mark.parametrize("database", BOTH[:1], indirect=True)
def test_a_copy_that_fails_or_is_left_half_way_leaves_a_connection_that_works(
    database: tuple[str, URL], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sources.lms.moodle_db.straight.RANGE_ROWS", 1_000)
    with sa.create_engine(database[1], poolclass=sa.NullPool).connect() as connection:
        numbers = "select n as id, 1 / (500000 - n) as share from generate_series(1, {last}) n"
        batches = copied(connection, numbers.format(last=600_000), {})
        assert next(batches)["id"].to_pylist()[:2] == [1, 2]
        with pytest.raises(DBAPIError, match="division by zero"):
            list(batches)
        connection.rollback()
        left = copied(connection, numbers.format(last=400_000), {})
        assert next(left).num_rows == 1_000
        left.close()
        connection.rollback()
        assert sum(batch.num_rows for batch in copied(connection, numbers.format(last=2_500), {})) == 2_500


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_a_second_night_reads_what_changed(database: tuple[str, URL]) -> None:
    _, url = database
    filled(url)
    of = source(log_overlap_rows=0)
    with Warehouse.open(None) as warehouse, sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as link:
        warehouse.create_schemas()

        def load() -> dict[str, int]:
            (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=text_of(url))
            assert done.state == "loaded", done.problem
            return done.seen

        load()
        later = T0 + 5 * DAY
        view = r"\core\event\course_viewed".replace("\\", "\\\\") if url.get_backend_name() == "mysql" else r"\core\event\course_viewed"
        log = (
            f"insert into mdl_logstore_standard_log (id, eventname, component, anonymous, timecreated) values (%s, '{view}', 'core', 0, %s)"
        )
        link.exec_driver_sql(log, (100, later))
        link.commit()
        load()
        for statement in (
            f"update mdl_forum_posts set message = 'иначе', modified = {later + 5} where id = 4",
            "delete from mdl_files",
            "delete from mdl_grade_grades where id = 2",
        ):
            link.exec_driver_sql(statement)
        link.exec_driver_sql(log, (101, later + 10))
        link.commit()
        seen = load()
        assert {record: seen[record] for record in ("accounts", "messages", "submissions", "submission_files", "grades", "activity")} == {
            "accounts": 0, "messages": 1, "submissions": 0, "submission_files": 0, "grades": 0, "activity": 1,
        }  # fmt: skip
        assert warehouse.value("select count(*) from raw.submission_files") == 0
        assert warehouse.rows("select record, count(*) from raw.grades group by 1 order by 1") == [
            ("gradebook", 1), ("history", 1), ("marking", 2), ("quiz", 1),
        ]  # fmt: skip


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_absent_plug_ins_are_seen_as_nothing(database: tuple[str, URL]) -> None:
    _, url = database
    filled(url)
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
        for table in sorted(OPTIONAL - VERSIONS["4.5"].without):
            link.exec_driver_sql(f"drop table mdl_{table}")
    found = whole(text_of(url))
    assert {row[1] for row in found["raw.tasks"]} == {"moodle:course:2"}
    assert found["raw.survey_answers"] == found["raw.outcomes"][1:] == []


# -- rights -------------------------------------------------------------------------------------------------------------------


def test_the_grants_are_those_of_what_is_read() -> None:
    again = "; run python -m pipelines.sources.lms.moodle_db.grants"
    assert grants.POSTGRESQL.read_text(encoding="utf-8") == grants.postgresql(), again
    assert grants.MARIADB.read_text(encoding="utf-8") == grants.mariadb(), again
    for text in (grants.postgresql(), grants.mariadb()):
        (of_user,) = re.findall(r"'user'(?: as name)?, '([a-z0-9,]+)'", text)
        assert of_user == ",".join(TABLES["user"])
        assert "password" not in of_user


def granted(kind: str, url: URL, user: str) -> URL:
    """A user with the rights that the script prints for this database."""
    with server(kind) as link:
        if kind == "postgresql":
            link.exec_driver_sql(f"create role {user} login password 'of this test'")
        else:
            link.exec_driver_sql(f"create user {user}@'%%' identified by 'of this test'")
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
        if kind == "postgresql":
            script = re.sub(r"(?m)^--.*$", "", grants.postgresql()).replace("'mayak')", f"'{user}')").replace("\\gexec", "")
            statements = [row[0] for row in link.exec_driver_sql(script.replace("%", "%%"))]
        else:
            first, second, _ = re.sub(r"(?m)^--.*$", "", grants.mariadb()).replace("`mayak`@", f"`{user}`@").split(";\n", 2)
            link.exec_driver_sql(first)
            statements = [row[0].rstrip(";") for row in link.exec_driver_sql(second.replace("%", "%%"))]
        for statement in statements:
            link.exec_driver_sql(statement.replace("%", "%%"))
    return url.set(username=user, password="of this test")


@pytest.mark.parametrize("database", BOTH, indirect=True)
@pytest.mark.parametrize("version", ["3.9", "5.0"])
def test_a_user_with_these_rights_reads_everything_and_no_password(database: tuple[str, URL], version: str) -> None:
    kind, url = database
    filled(url, version=version)
    user = f"reader_{url.database[-8:]}"  # type: ignore[index]
    try:
        reader = granted(kind, url, user)
        wanted = whole(text_of(url))
        assert whole(text_of(reader)) == wanted
        refused = (
            "select password from mdl_user",
            "select * from mdl_user",
            "select value from mdl_config",
            "update mdl_user set city = 'x'",
            "delete from mdl_forum_posts",
            "create table mdl_mine (id int)",
        )
        with sa.create_engine(reader, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
            assert link.exec_driver_sql("select count(*) from mdl_mayak_settings").scalar() == 3
            for statement in refused:
                with pytest.raises(DBAPIError, match=r"denied|must be owner"):
                    link.exec_driver_sql(statement)
        # Too narrow rights are told in one line with what mends them; a plug-in's tables that were forgotten are counted as missing.
        with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
            whom = user if kind == "postgresql" else f"{user}@'%%'"
            quiz = grants.TABLES["quiz_attempts"]
            link.exec_driver_sql(f"revoke select ({', '.join(quiz)}) on mdl_quiz_attempts from {whom}")
            with Warehouse.open(None) as warehouse:
                warehouse.create_schemas()
                of = source()
                (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=text_of(reader))
                assert done.state == "loaded", done.problem
                missing = [("submissions", "table mdl_quiz_attempts")] if kind == "postgresql" else []
                assert warehouse.rows("select record, place from raw.rejects where reason like 'this user may not read it%'") == missing
            link.exec_driver_sql(f"revoke select (duedate, grade) on mdl_assign from {whom}")
            lacks = rf"mdl_assign has no column duedate, grade: .* sql/extract/moodle/grants_{kind}\.sql"
            with pytest.raises(BadSource, match=lacks), Database.open(source(), text_of(reader)):
                pass
    finally:
        with server(kind) as link, sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as inside:
            if kind == "postgresql":
                inside.exec_driver_sql(f"drop owned by {user}")
                link.exec_driver_sql(f"drop role {user}")
            else:
                link.exec_driver_sql(f"drop user {user}@'%%'")
