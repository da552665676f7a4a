"""What a night reads: what has changed, no more, and what is gone is noticed. However a database came to be, in nights or at once, its rows are the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.loading import Load, load_source
from pipelines.sources.lms.moodle_db import changes
from pipelines.sources.lms.moodle_db.traces import (
    ENROLMENT_DELETED,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    MODULE_DELETED,
    POST_DELETED,
    ROLE_ASSIGNED,
)
from pipelines.warehouse import Warehouse
from tests.unit.sources.moodle_fixture import (
    DAY,
    MODULES,
    PSEUDONYMS,
    STUDENT,
    T0,
    activity,
    change,
    course,
    make_moodle,
    programme,
    source,
    together,
)

#: Long: part of the slower checks.
pytestmark = pytest.mark.slow

RUN_AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
SITE = together(
    course(),
    activity(10, "assign", 1, grade=100, markingworkflow=1),
    activity(11, "quiz", 2, sumgrades=10, grade=100),
    activity(12, "forum", 3),
    activity(13, "page", 4),
    activity(14, "h5pactivity", 5),
    activity(18, "zoom", 9),
    activity(19, "bigbluebuttonbn", 10),
    activity(15, "scorm", 6),
    activity(16, "lesson", 7, grade=100),
    activity(17, "workshop", 8),
    {"scorm_element": [{"id": 1, "element": "cmi.core.lesson_status"}]},
    {
        "groups": [{"id": 1, "courseid": 2, "name": "Поток 1"}, {"id": 2, "courseid": 2, "name": "Поток 2"}],
        "grade_items": [{"id": 1, "courseid": 2, "itemtype": "mod", "itemmodule": "assign", "iteminstance": 1, "grademax": 100}],
        "message_conversations": [{"id": 1, "type": 1}, {"id": 2, "type": 2}],
        "message_conversation_members": [{"id": n, "conversationid": 1 + n // 3, "userid": n} for n in range(1, 6)],
        "logstore_standard_log": [{"id": 1, "eventname": r"\core\event\course_viewed", "timecreated": T0, "courseid": 2}],
    },
)
#: Record → condition under which a row of it is there: what a system has lost stays in the warehouse with a mark.
PRESENT = {
    "accounts": "true",
    "courses": "true",
    "course_groups": "true",
    "chats": "true",
    "enrolments": "state <> 'removed'",
    "memberships": "left_at is null",
    "tasks": "not is_deleted",
    "deadlines": "true",
    "messages": "deleted_at is null",
    "addressees": "message_id in (select message_id from raw.messages where deleted_at is null)",
    "submissions": "true",
    "submission_files": "true",
    "grades": "true",
    "completions": "true",
    "outcomes": "true",
    "survey_answers": "true",
    "activity": "true",
}
#: Nearly nothing of the log twice, or the fixture's few rows would always be within the overlap.
OVERLAP_ROWS = 2


class Site:
    """A Moodle in use: every deed advances its clock, changes some tables and leaves a row in the log, as Moodle does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = make_moodle(path, SITE)
        self.link = sqlite3.connect(path, isolation_level=None)
        self.now = T0

    def ids(self, table: str, where: str = "1 = 1") -> list[int]:
        return [native for (native,) in self.link.execute(f"select id from mdl_{table} where {where} order by id")]

    def add(self, table: str, **values: Any) -> int:
        # As an autoincrement: the id of a row that is gone is not given again.
        native = int(self.link.execute("select coalesce(max(number), 0) from counters where name = ?", (table,)).fetchone()[0])
        native = max(native, *self.ids(table), 0) + 1
        self.link.execute("insert into counters values (?, ?)", (table, native))
        columns = [row[1] for row in self.link.execute(f"pragma table_info(mdl_{table})")]
        texts = {
            "message",
            "subject",
            "status",
            "feedback",
            "filename",
            "component",
            "filearea",
            "contenthash",
            "state",
            "eventname",
            "origin",
            "workflowstate",
        }
        row = {name: values.get(name, "" if name in texts else None if name in NULL else 0) for name in columns} | {"id": native}
        self.link.execute(f"insert into mdl_{table} values ({', '.join('?' * len(columns))})", [row[name] for name in columns])
        return native

    def do(self, deed: str, number: int) -> None:
        self.now += 61 + number % 600
        self.link.execute("create table if not exists counters (name, number)")
        DEEDS[deed](self, number)
        self.log(r"\core\event\course_viewed")

    def log(self, event: str, **values: Any) -> None:
        self.add(
            "logstore_standard_log",
            **{"eventname": event, "timecreated": self.now, "courseid": 2, "origin": "web", "component": "core"} | values,
        )

    def set(self, table: str, number: int, where: str = "1 = 1", **values: Any) -> None:
        if found := self.ids(table, where):
            names = ", ".join(f"{name} = ?" for name in values)
            self.link.execute(f"update mdl_{table} set {names} where id = ?", [*values.values(), found[number % len(found)]])

    def drop(self, table: str, number: int, where: str = "1 = 1") -> dict[str, Any] | None:
        found = self.ids(table, where)
        if not found:
            return None
        native = found[number % len(found)]
        cursor = self.link.execute(f"select * from mdl_{table} where id = ?", (native,))
        row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
        self.link.execute(f"delete from mdl_{table} where id = ?", (native,))
        return row


NULL = {
    "other",
    "objecttable",
    "objectid",
    "relateduserid",
    "realuserid",
    "timestarted",
    "finalgrade",
    "sumgrades",
    "timecompleted",
    "mimetype",
    "attachment",
}
Deed = Callable[[Site, int], None]
DEEDS: dict[str, Deed] = {}


def deed(function: Deed) -> Deed:
    DEEDS[function.__name__] = function
    return function


@deed
def comes(site: Site, number: int) -> None:
    user = site.add("user", timecreated=site.now, timemodified=site.now, firstname="Имя", timezone="99")
    ends = site.now + number * 100 if number % 3 == 0 else 0
    site.add("user_enrolments", status=0, enrolid=2, userid=user, timecreated=site.now, timemodified=site.now, timeend=ends)
    site.add("role_assignments", roleid=STUDENT, contextid=102, userid=user, timemodified=site.now)
    site.log(ROLE_ASSIGNED, relateduserid=user, objectid=STUDENT)
    site.add("course_completions", userid=user, course=2)


@deed
def logs_in(site: Site, number: int) -> None:
    site.set("user", number, lastaccess=site.now)


@deed
def leaves(site: Site, number: int) -> None:
    if gone := site.drop("user_enrolments", number):
        site.link.execute("delete from mdl_role_assignments where userid = ?", (gone["userid"],))
        told = {"userenrolment": {"id": gone["id"], "enrolid": 2, "timecreated": gone["timecreated"], "enrol": "manual"}}
        site.log(ENROLMENT_DELETED, relateduserid=gone["userid"], objectid=gone["id"], other=json.dumps(told))


@deed
def is_made_teacher(site: Site, number: int) -> None:
    site.set("role_assignments", number, roleid=4)


@deed
def joins(site: Site, number: int) -> None:
    if users := site.ids("user"):
        user, group = users[number % len(users)], 1 + number % 2
        if not site.ids("groups_members", f"userid = {user} and groupid = {group}"):
            site.add("groups_members", groupid=group, userid=user, timeadded=site.now)
            site.log(MEMBER_ADDED, objectid=group, relateduserid=user)


@deed
def parts(site: Site, number: int) -> None:
    if gone := site.drop("groups_members", number):
        site.log(MEMBER_REMOVED, objectid=gone["groupid"], relateduserid=gone["userid"])


@deed
def begins_thread(site: Site, number: int) -> None:
    thread = site.add("forum_discussions", forum=3, course=2, groupid=-1)
    site.add("forum_posts", discussion=thread, userid=number, created=site.now, modified=site.now, message=f"вопрос {number}", subject="т")


@deed
def answers(site: Site, number: int) -> None:
    if posts := site.ids("forum_posts"):
        parent = posts[number % len(posts)]
        thread = site.link.execute("select discussion from mdl_forum_posts where id = ?", (parent,)).fetchone()[0]
        private = number % 2 * 7
        site.add(
            "forum_posts", discussion=thread, parent=parent, created=site.now, modified=site.now, message="ответ", privatereplyto=private
        )


@deed
def edits(site: Site, number: int) -> None:
    site.set("forum_posts", number, message=f"иначе {number}", modified=site.now)


@deed
def pins(site: Site, number: int) -> None:
    site.set("forum_discussions", number, pinned=number % 2)


@deed
def splits(site: Site, number: int) -> None:
    thread = site.add("forum_discussions", forum=3, course=2, groupid=-1)
    site.set("forum_posts", number, "parent > 0", discussion=thread, parent=0)


@deed
def deletes_post(site: Site, number: int) -> None:
    if gone := site.drop("forum_posts", number):
        told = json.dumps({"discussionid": gone["discussion"], "forumid": 3})
        site.log(POST_DELETED, objectid=gone["id"], other=told, userid=gone["userid"])


@deed
def writes(site: Site, number: int) -> None:
    site.add("messages", useridfrom=1 + number % 2, conversationid=1 + number % 2, timecreated=site.now)


@deed
def is_added_to_conversation(site: Site, number: int) -> None:
    site.add("message_conversation_members", conversationid=2, userid=10 + site.now)


@deed
def hands_in(site: Site, number: int) -> None:
    site.add(
        "assign_submission", assignment=1, userid=number, status="submitted", timecreated=site.now, timemodified=site.now,
        latest=1, attemptnumber=len(site.ids("assign_submission", f"userid = {number}")),
    )  # fmt: skip


@deed
def tries_again(site: Site, number: int) -> None:
    found = site.ids("assign_submission", "latest = 1")
    if found:
        old = found[number % len(found)]
        user, attempt = site.link.execute("select userid, attemptnumber from mdl_assign_submission where id = ?", (old,)).fetchone()
        site.link.execute("update mdl_assign_submission set latest = 0 where id = ?", (old,))  # as Moodle: without a time
        site.add("assign_submission", assignment=1, userid=user, status="reopened", timecreated=site.now, timemodified=site.now, latest=1, attemptnumber=attempt + 1)  # fmt: skip


@deed
def takes_back(site: Site, number: int) -> None:
    site.drop("assign_submission", number)


@deed
def uploads(site: Site, number: int) -> None:
    site.add("files", component="assignsubmission_file", filearea="submission_files", itemid=1 + number, filename="a.txt", contenthash=str(number), timecreated=site.now, timemodified=site.now)  # fmt: skip


@deed
def removes_file(site: Site, number: int) -> None:
    site.drop("files", number)


@deed
def marks(site: Site, number: int) -> None:
    if not site.ids("assign_grades", f"userid = {number}"):
        site.add("assign_grades", assignment=1, userid=number, grade=number % 100, grader=2, timecreated=site.now, timemodified=site.now)
        site.add("assign_user_flags", assignment=1, userid=number, workflowstate="inmarking")


@deed
def marks_anew(site: Site, number: int) -> None:
    site.set("assign_grades", number, grade=number % 50, timemodified=site.now)


@deed
def releases(site: Site, number: int) -> None:
    site.set("assign_user_flags", number, workflowstate="released")  # without a time


@deed
def extends(site: Site, number: int) -> None:
    site.set("assign_user_flags", number, extensionduedate=site.now + number)  # without a time


@deed
def turns_workflow(site: Site, number: int) -> None:
    site.set("assign", 0, markingworkflow=number % 2)


@deed
def books(site: Site, number: int) -> None:
    book = site.add("grade_grades", itemid=1, userid=number, finalgrade=number % 100, timemodified=site.now - 30 * DAY)
    site.add("grade_grades_history", oldid=book, itemid=1, userid=number, action=1, finalgrade=number % 100, timemodified=site.now)


@deed
def hides(site: Site, number: int) -> None:
    if found := site.ids("grade_grades"):
        book = found[number % len(found)]
        until = site.now + 500 * (number % 5)
        site.link.execute("update mdl_grade_grades set hidden = ? where id = ?", (until, book))  # the grade's moment stays
        site.add("grade_grades_history", oldid=book, itemid=1, userid=number, action=2, hidden=until, timemodified=site.now)


@deed
def strikes_grade(site: Site, number: int) -> None:
    site.drop("grade_grades", number)


@deed
def attempts(site: Site, number: int) -> None:
    user = number % 4
    site.add("quiz_attempts", quiz=2, userid=user, state="inprogress", timestart=site.now, timemodified=site.now, attempt=1 + len(site.ids("quiz_attempts", f"userid = {user}")))  # fmt: skip


@deed
def finishes(site: Site, number: int) -> None:
    site.set("quiz_attempts", number, state="finished", timefinish=site.now, timemodified=site.now, sumgrades=number % 10)


@deed
def deletes_attempt(site: Site, number: int) -> None:
    site.drop("quiz_attempts", number)


@deed
def plays(site: Site, number: int) -> None:
    user = number % 4
    site.add("h5pactivity_attempts", h5pactivityid=5, userid=user, timecreated=site.now, timemodified=site.now, attempt=1 + len(site.ids("h5pactivity_attempts", f"userid = {user}")))  # fmt: skip
    site.add("lesson_grades", lessonid=7, userid=user, grade=number, completed=site.now)
    site.add("workshop_submissions", workshopid=8, authorid=user, timecreated=site.now, timemodified=site.now, content=f"работа {number}")
    attempt = site.add("scorm_attempt", scormid=6, userid=user, attempt=1 + len(site.ids("scorm_attempt", f"userid = {user}")))
    site.add("scorm_scoes_value", attemptid=attempt, elementid=1, value="incomplete", timemodified=site.now)


@deed
def plays_on(site: Site, number: int) -> None:
    site.set("scorm_scoes_value", number, value="completed", timemodified=site.now)
    site.set("workshop_submissions", number, content="заново", timemodified=site.now)
    site.set("h5pactivity_attempts", number, rawscore=number, maxscore=40, timemodified=site.now)


@deed
def deletes_what_was_played(site: Site, number: int) -> None:
    for table in ("h5pactivity_attempts", "lesson_grades", "workshop_submissions", "scorm_attempt"):
        site.drop(table, number)


@deed
def meets(site: Site, number: int) -> None:
    meeting = site.add("zoom_meeting_details", zoomid=9, topic=f"вебинар {number}", start_time=site.now, end_time=site.now + 3600)
    site.add("zoom_meeting_participants", detailsid=meeting, userid=number % 4, name="Анна Котова", user_email="", join_time=site.now, leave_time=site.now + number)  # fmt: skip
    told = f'{{"recordid": "r-{site.now * 1000}", "data": {{"name": "А", "joins": ["2026-09-07T09:00:00+00:00"], "leaves": [], "duration": {number}}}}}'
    site.add("bigbluebuttonbn_logs", bigbluebuttonbnid=10, userid=number % 4, timecreated=site.now, log="Summary", meta=told)


@deed
def strikes_stay(site: Site, number: int) -> None:
    for table in ("zoom_meeting_participants", "bigbluebuttonbn_logs"):
        site.drop(table, number)


@deed
def completes(site: Site, number: int) -> None:
    site.add("course_modules_completion", coursemoduleid=10 + number % 4, userid=number, completionstate=1, timemodified=site.now)
    site.add("course_modules_viewed", coursemoduleid=10 + number % 4, userid=number, timecreated=site.now)


@deed
def completes_otherwise(site: Site, number: int) -> None:
    site.set("course_modules_completion", number, completionstate=number % 4, timemodified=site.now)


@deed
def resets_completion(site: Site, number: int) -> None:
    site.drop("course_modules_completion", number)
    site.drop("course_modules_viewed", number // 2)


@deed
def completes_course(site: Site, number: int) -> None:
    site.set("course_completions", number, timecompleted=site.now - 20 * DAY)


@deed
def deletes_activity(site: Site, number: int) -> None:
    if gone := site.drop("course_modules", number, "id = 13"):
        site.log(MODULE_DELETED, contextlevel=70, contextinstanceid=gone["id"], other='{"modulename":"page","instanceid":4}')


@deed
def makes_activity(site: Site, number: int) -> None:
    instance = site.add("label", course=2) if site.link.execute("select 1 from sqlite_master where name = 'mdl_label'").fetchone() else 99
    site.add("course_modules", course=2, module=MODULES.index("url") + 1, instance=instance)


@deed
def a_week_passes(site: Site, number: int) -> None:
    site.now += 8 * DAY


def load(warehouse: Warehouse, site: Site) -> Load:
    of = source(log_overlap_rows=OVERLAP_ROWS)
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=site.url)
    assert done.state == "loaded", done.problem
    return done


def content(warehouse: Warehouse, record: str) -> list[tuple[Any, ...]]:
    key = warehouse.key(f"raw.{record}")
    own = f"select raw.* exclude (load_id, seen_at) from raw.{record} as raw where {PRESENT[record]}"
    if record in ("accounts", "courses", "course_groups", "chats"):
        own += f" and raw.{key[0]} not in (select key from raw.vanished where record = '{record}')"
    if record == "accounts":
        # Whom Moodle had no row of is known from what spoke of them; where that has gone too, only who loaded before knows of them.
        speaks = [name for name in PRESENT if name != record and "account_id" in warehouse.columns(f"raw.{name}")]
        spoken_of = " union ".join(f"select account_id from raw.{name} as raw where {PRESENT[name]}" for name in speaks)
        own += f" and (not raw.is_deleted or raw.account_id in ({spoken_of}))"
    return warehouse.rows(f"{own} order by all")


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    nights=st.lists(
        st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 40)), min_size=1, max_size=14), min_size=2, max_size=6
    )
)
@example(nights=[[("completes", 8)], [("resets_completion", 0)]])
@example(
    nights=[
        [("attempts", 1), ("plays", 1)],
        [("plays", 2), ("finishes", 0)],
        [("plays_on", 0), ("deletes_attempt", 0)],
        [("deletes_what_was_played", 0)],
    ]
)
def test_loading_night_by_night_is_loading_once(tmp_path_factory: pytest.TempPathFactory, nights: list[list[tuple[str, int]]]) -> None:
    site = Site(tmp_path_factory.mktemp("site") / "moodle.db")
    with Warehouse.open(None) as nightly, Warehouse.open(None) as once:
        nightly.create_schemas()
        once.create_schemas()
        for deeds in nights:
            for name, number in deeds:
                site.do(name, number)
            load(nightly, site)
        load(once, site)
        for record in PRESENT:
            assert content(nightly, record) == content(once, record), record


def _busy(site: Site) -> None:
    for round_ in range(12):
        for name in ("comes", "begins_thread", "answers", "writes", "hands_in", "uploads", "marks", "books", "attempts", "completes"):
            site.do(name, round_)
    # Out of reach of the overlap.
    site.now += 2 * changes.OVERLAP_SECONDS
    site.log(r"\core\event\course_viewed")


GROWN = ("accounts", "messages", "submissions", "submission_files", "grades", "completions", "activity")


def test_a_quiet_night_reads_next_to_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    first = load(warehouse, site)
    site.now += 10
    site.log(r"\core\event\course_viewed")
    second = load(warehouse, site)
    assert {record: first.seen[record] for record in GROWN[:-1]} == {
        "accounts": 12, "messages": 36, "submissions": 24, "submission_files": 12, "grades": 36, "completions": 24,
    }  # fmt: skip
    assert {record: second.seen.get(record, 0) for record in GROWN} == dict.fromkeys(GROWN, 0) | {"activity": OVERLAP_ROWS + 1}
    assert {"enrolments", "memberships", "deadlines", "outcomes", "survey_answers"}.isdisjoint(second.seen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "record", "rows"),
    [
        pytest.param("edits", "messages", 1, id="an edited post alone"),
        pytest.param("pins", "messages", 24, id="a thread pinned: nothing says which posts, so all of the forum's"),
        pytest.param("tries_again", "submissions", 2, id="a new attempt and the one that is no more the latest"),
        pytest.param("marks_anew", "grades", 1, id="a new mark"),
        pytest.param("releases", "grades", 12, id="a mark released: the markers' book"),
        pytest.param("hides", "grades", 2, id="a grade hidden, told by the history of grades"),
        pytest.param("completes_otherwise", "completions", 1, id="a completion"),
        pytest.param("logs_in", "accounts", 1, id="a log-in"),
    ],
)
def test_a_change_is_read_with_what_it_changes(warehouse: Warehouse, tmp_path: Path, name: str, record: str, rows: int) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    load(warehouse, site)
    site.do(name, 3)
    assert load(warehouse, site).seen.get(record, 0) == rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "record", "present"),
    [
        pytest.param("removes_file", "submission_files", "true", id="file"),
        pytest.param("takes_back", "submissions", "kind = 'assignment'", id="submission"),
        pytest.param("deletes_attempt", "submissions", "kind = 'quiz'", id="quiz attempt"),
        pytest.param("strikes_grade", "grades", "record = 'gradebook'", id="grade"),
        pytest.param("resets_completion", "completions", "state <> 'viewed'", id="completion"),
        pytest.param("deletes_post", "messages", "channel = 'forum' and deleted_at is null", id="post"),
        pytest.param("leaves", "enrolments", "state = 'active'", id="enrolment"),
    ],
)  # fmt: skip
def test_what_is_gone_is_noticed_at_once(warehouse: Warehouse, tmp_path: Path, name: str, record: str, present: str) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    load(warehouse, site)
    before = warehouse.value(f"select count(*) from raw.{record} where {present}")
    history = warehouse.value("select count(*) from raw.grades where record = 'history'")
    site.do(name, 4)
    load(warehouse, site)
    assert warehouse.value(f"select count(*) from raw.{record} where {present}") == before - 1
    assert warehouse.value("select count(*) from raw.grades where record = 'history'") == history


def test_a_history_that_the_site_thins_out_stays(warehouse: Warehouse, tmp_path: Path) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    load(warehouse, site)
    site.link.execute("delete from mdl_grade_grades_history where id < 6")
    for name in ("logs_in", "a_week_passes"):
        site.do(name, 1)
        load(warehouse, site)
        assert warehouse.value("select count(*) from raw.grades where record = 'history'") == 12


def test_everything_is_read_once_a_week_and_when_the_settings_change(warehouse: Warehouse, tmp_path: Path) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    load(warehouse, site)
    # by hand, in no way marked
    change(site.path, "update mdl_assign_grades set grade = 99 where id = 1")
    site.do("logs_in", 1)
    assert load(warehouse, site).seen.get("grades", 0) == 0
    site.now += changes.WHOLE_EVERY_SECONDS
    site.log(r"\core\event\course_viewed")
    assert load(warehouse, site).seen["grades"] == 36
    assert warehouse.value("select grade from raw.grades where grade_id = 'moodle:marking:1'") == 99
    site.do("logs_in", 1)
    assert load(warehouse, site).seen.get("grades", 0) == 0
    change(site.path, "update mdl_config set value = '3' where name = 'siteadmins'")
    site.do("logs_in", 1)
    assert load(warehouse, site).seen["grades"] == 36


def test_a_copy_restored_from_an_earlier_day_is_read_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    load(warehouse, site)
    site.link.execute("delete from mdl_logstore_standard_log where id > (select max(id) - 5 from mdl_logstore_standard_log)")
    site.now -= DAY
    site.link.execute("update mdl_logstore_standard_log set timecreated = min(timecreated, ?)", (site.now,))
    assert load(warehouse, site).seen["grades"] == 36


def test_without_a_history_of_grades_the_gradebook_is_read_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    site = Site(tmp_path / "moodle.db")
    _busy(site)
    change(site.path, "insert into mdl_config values (9, 'disablegradehistory', '1')")
    load(warehouse, site)
    site.do("logs_in", 1)
    assert load(warehouse, site).seen["grades"] == 12
