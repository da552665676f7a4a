"""A Moodle's web services, served on this machine's loopback. All people are invented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.errors import BadSource, SourceAway
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources import READERS
from pipelines.sources.lms.moodle_ws import MoodleWebServices, client
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Whole
from pipelines.warehouse import Warehouse
from tests.unit.sources.fake_moodle import DAY, NOW_SECONDS, TOKEN, FakeMoodle, post, refusal
from tests.unit.sources.loopback import Reply, serving
from tests.unit.sources.report_reading import CONTEXT, PSEUDONYMS

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
SOURCE = Source(name="lms", kind="moodle_ws", requests_per_second=1000)
READER = MoodleWebServices(sleep=lambda _: None)
COURSE = Item("course 2", fingerprint=str(NOW_SECONDS))


def who(native: int) -> str:
    return PSEUDONYMS.of("moodle", str(native))


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def moodle() -> FakeMoodle:
    return FakeMoodle()


@pytest.fixture
def context(moodle: FakeMoodle) -> Iterator[Context]:
    with serving(moodle) as address:
        yield replace(CONTEXT, url=f"{address}/moodle/", token=TOKEN)


def events(context: Context, item: Item = COURSE) -> list[Event]:
    return list(READER.read(SOURCE, item, context))


def rows(found: list[Event], record: str) -> list[dict[str, Any]]:
    return [row for event in found if isinstance(event, Batch) and event.record == record for row in event.table.to_pylist()]


def rejected(found: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.record, event.place, event.reason) for event in found if isinstance(event, Rejected)]


def test_items_are_the_site_and_its_courses(context: Context) -> None:
    items = list(READER.items(SOURCE, context))
    assert [(item.name, item.fingerprint) for item in items] == [("site", str(NOW_SECONDS)), ("course 2", str(NOW_SECONDS))]


def test_courses(context: Context) -> None:
    found = events(context, Item("site", fingerprint=str(NOW_SECONDS)))
    (course,) = rows(found, "courses")
    assert (course["course_id"], course["code"], course["name"], course["name_en"]) == ("moodle:course:2", "ЦОС-36", "Среда", "Environment")
    assert (course["starts_at"], course["ends_at"]) == (at(1788000000), None)
    assert rejected(found) == [("courses", "course id 1", "the front page is no course")]
    assert found[-1] == Covers(None, at(NOW_SECONDS))


def test_people_with_roles_states_groups(context: Context) -> None:
    found = events(context)
    assert rejected(found) == []
    anna = rows(found, "accounts")[0]
    assert (anna["account_id"], anna["email"], anna["first_name"], anna["native_id"]) == (who(7), "user7@example.org", "Анна", "7")
    enrolments = {(row["account_id"], row["role"], row["state"]) for row in rows(found, "enrolments")}
    assert enrolments == {(who(7), "learner", "active"), (who(8), "learner", "suspended"), (who(9), "curator", "active")}
    groups = {row["group_id"]: (row["code"], row["groupings"]) for row in rows(found, "course_groups")}
    assert groups == {"moodle:group:1": ("s1", "streams"), "moodle:group:2": (None, None)}
    assert {row["membership_id"] for row in rows(found, "memberships")} == {f"moodle:membership:1:{who(user)}:0" for user in (7, 8)}


def test_tasks_with_dates_and_criteria(context: Context) -> None:
    tasks = {row["task_id"]: row for row in rows(events(context), "tasks")}
    assert [(row["kind"], row["is_required"]) for row in tasks.values()] == [("assignment", True), ("quiz", False), ("page", False)]
    assignment = tasks["moodle:task:6"]
    assert (assignment["due_at"], assignment["max_grade"], assignment["section"]) == (at(1794500000), 100.0, 3)
    assert assignment["intro"] == "Опишите урок"
    assert tasks["moodle:task:8"]["due_at"] == at(1794000000)


def test_submissions_marks_and_gradebook(context: Context) -> None:
    found = events(context)
    work = {row["submission_id"]: row for row in rows(found, "submissions")}
    handed_in, draft = work["moodle:submission:20"], work["moodle:submission:21"]
    assert (handed_in["text"], handed_in["words"], handed_in["files"], handed_in["submitted_at"]) == ("Моя работа", 2, 1, at(1794000600))
    assert (draft["state"], draft["submitted_at"], draft["text"]) == ("draft", None, None)
    assert (work["moodle:attempt:50"]["score"], work["moodle:attempt:50"]["is_latest"]) == (4.0, False)
    assert (work["moodle:attempt:51"]["state"], work["moodle:attempt:51"]["is_latest"]) == ("in_progress", True)
    marks = {row["grade_id"]: row for row in rows(found, "grades")}
    given, none = marks["moodle:marking:30"], marks["moodle:marking:31"]
    assert (given["grade"], given["submission_id"], given["grader_account_id"]) == (85.5, "moodle:submission:20", who(9))
    assert (none["grade"], none["graded_at"], none["grader_account_id"]) == (None, None, None)
    shown = marks[f"moodle:gradebook:item-2-{who(7)}"]
    assert (shown["grade"], shown["comment"], shown["task_id"], shown["is_released"]) == (85.5, "Хорошо", "moodle:task:6", True)
    assert marks[f"moodle:gradebook:item-1-{who(7)}"]["is_released"] is False
    (extension,) = rows(found, "deadlines")
    assert (extension["deadline_id"], extension["due_at"]) == ("moodle:deadline:extension:3", at(1795000000))


def test_of_two_grades_the_first_says_the_best_and_an_outcome_is_no_grade_of_its_activity(moodle: FakeMoodle, context: Context) -> None:
    items = [
        {"id": 2, "itemtype": "mod", "itemnumber": 0, "cmid": 6, "graderaw": 85.5, "grademax": 100},
        {"id": 9, "itemtype": "mod", "itemnumber": 1000, "cmid": 6, "graderaw": 2, "grademax": 3},
        {"id": 4, "itemtype": "mod", "itemnumber": 0, "cmid": 8, "graderaw": 40, "grademax": 50},
        {"id": 10, "itemtype": "mod", "itemnumber": 1, "cmid": 8, "graderaw": 15, "grademax": 20},
    ]
    moodle.functions["gradereport_user_get_grade_items"] = {"usergrades": [{"userid": 7, "gradeitems": items}]}
    found = events(context)
    tasks = {row["task_id"]: row["max_grade"] for row in rows(found, "tasks")}
    assert (tasks["moodle:task:6"], tasks["moodle:task:8"]) == (100.0, 50.0)
    book = {row["grade_id"].split("-")[1]: (row["task_id"], row["grade"]) for row in rows(found, "grades") if row["record"] == "gradebook"}
    assert book == {"2": ("moodle:task:6", 85.5), "9": (None, 2.0), "4": ("moodle:task:8", 40.0), "10": ("moodle:task:8", 15.0)}


def test_completions_and_outcomes(context: Context) -> None:
    found = events(context)
    assert {(row["account_id"], row["task_id"], row["state"]) for row in rows(found, "completions")} == {
        (who(7), "moodle:task:6", "passed"),
        (who(8), "moodle:task:6", "passed"),
    }
    assert {(row["account_id"], row["reached_at"]) for row in rows(found, "outcomes")} == {
        (who(7), at(1794200000)),
        (who(8), at(1794200000)),
    }


def test_forum(context: Context) -> None:
    found = events(context)
    posts = {row["message_id"]: row for row in rows(found, "messages")}
    first, private, edited, gone = (posts[f"moodle:post:{native}"] for native in (1, 2, 3, 4))
    assert (first["text"], first["is_pinned"], first["reply_to_id"], first["edited_at"]) == ("Где задание 1?", True, None, None)
    assert (private["is_private"], private["reply_to_id"], private["group_id"]) == (True, "moodle:post:1", None)
    assert (edited["edited_at"], edited["media"]) == (at(1794000900), "file")
    assert (gone["text"], gone["deleted_at"] is not None, gone["group_id"]) == (None, True, "moodle:group:1")
    assert rows(found, "addressees") == [{"message_id": "moodle:post:2", "account_id": who(7), "role": "to"}]
    # Somebody who has left the course is known by the name over the post.
    assert [row["display_name"] for row in rows(found, "accounts") if row["account_id"] == who(33)] == ["Анна Сорокина33"]


def test_pages_of_people(monkeypatch: pytest.MonkeyPatch, moodle: FakeMoodle, context: Context) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    monkeypatch.setattr("pipelines.sources.lms.moodle_ws.people.PAGE", 2)
    assert len(rows(events(context), "enrolments")) == 3
    assert moodle.calls("core_enrol_get_enrolled_users") == 3 + 2


def test_second_load_asks_only_for_what_is_new(moodle: FakeMoodle, context: Context) -> None:
    cursor = dict(READER.cursor(SOURCE, COURSE, context))
    assert cursor == {"since": NOW_SECONDS - DAY, "full_at": NOW_SECONDS}
    found = events(replace(context, cursor=cursor))
    assert {row["thread_id"] for row in rows(found, "messages")} == {"moodle:discussion:6"}
    assert [event.within for event in found if isinstance(event, Whole) and event.record == "messages"] == [
        ("thread_id", "moodle:discussion:6")
    ]
    assert moodle.calls("core_completion_get_activities_completion_status") == 0
    # Everything that one call gives is there as ever.
    assert len(rows(found, "submissions")) == 2
    moodle.people[0]["lastcourseaccess"] = NOW_SECONDS - 60
    assert {row["account_id"] for row in rows(events(replace(context, cursor=cursor)), "completions")} == {who(7)}
    later = Item("course 2", fingerprint=str(NOW_SECONDS + 8 * DAY))
    assert READER.cursor(SOURCE, later, replace(context, cursor=cursor))["full_at"] == NOW_SECONDS + 8 * DAY
    assert len(rows(events(replace(context, cursor=cursor), later), "messages")) == 4


def test_loads_follow_what_changes(monkeypatch: pytest.MonkeyPatch, moodle: FakeMoodle, context: Context) -> None:
    monkeypatch.setitem(READERS.data, "moodle_ws", READER)
    programme = Programme(id="p", name="p", sources=(SOURCE,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()

        def load(now: str, day: int) -> None:
            moodle.now = now
            done = load_source(
                warehouse,
                programme,
                SOURCE,
                pseudonyms=PSEUDONYMS,
                run_at=datetime(2026, 11, day, tzinfo=UTC),
                url=context.url,
                token=TOKEN,
            )
            assert [(one.problem, one.state) for one in done] == [(None, "loaded")] * 2

        load("Sun, 22 Nov 2026 20:00:00 GMT", 22)
        moodle.people = moodle.people[1:]
        moodle.functions["core_group_get_group_members"] = [{"groupid": 1, "userids": [8]}, {"groupid": 2, "userids": []}]
        moodle.posts[6] = [post(4, 8, 6, timemodified=NOW_SECONDS + 60), post(9, 9, 6, 4)]
        moodle.discussions[1]["timemodified"] = NOW_SECONDS + 60
        load("Mon, 23 Nov 2026 20:00:00 GMT", 23)
        assert warehouse.value("select count(*) from raw.messages") == 5
        states = dict(warehouse.rows("select account_id, state from raw.enrolments"))
        assert states == {who(7): "removed", who(8): "suspended", who(9): "active"}
        left = dict(warehouse.rows("select account_id, left_at from raw.memberships"))
        assert (left[who(7)], left[who(8)]) == (datetime(2026, 11, 23, 20, tzinfo=UTC), None)


@pytest.mark.parametrize("code", ["invalidtoken", "forbiddenwsuser"])
def test_token_that_is_refused(moodle: FakeMoodle, context: Context, code: str) -> None:
    moodle.functions["core_webservice_get_site_info"] = refusal(code)
    with pytest.raises(BadSource, match=code) as error:
        READER.items(SOURCE, context)
    assert "Анна" not in str(error.value)
    assert TOKEN not in str(error.value)


def test_wrong_token(context: Context) -> None:
    with pytest.raises(BadSource, match="not valid"):
        READER.items(SOURCE, replace(context, token="another"))


def test_maintenance_is_no_fault_of_the_source(moodle: FakeMoodle, context: Context) -> None:
    moodle.functions["core_enrol_get_enrolled_users"] = refusal("sitemaintenance")
    with pytest.raises(SourceAway):
        events(context)


def test_missing_needed_functions_are_named(moodle: FakeMoodle, context: Context) -> None:
    del moodle.functions["core_course_get_contents"], moodle.functions["core_enrol_get_enrolled_users"]
    with pytest.raises(BadSource, match="core_enrol_get_enrolled_users, core_course_get_contents"):
        READER.items(SOURCE, context)


def test_missing_other_functions_are_noted_and_the_rest_is_read(moodle: FakeMoodle, context: Context) -> None:
    del moodle.functions["mod_forum_get_forums_by_courses"]
    moodle.functions["mod_assign_get_grades"] = refusal("accessexception")
    moodle.functions["mod_forum_get_discussion_posts"] = refusal("x y z Анна")
    moodle.functions["core_group_get_course_groups"] = refusal("nopermissions")
    moodle.functions["core_completion_get_course_completion_status"] = refusal("nocriteriaset")
    found = events(context)
    assert sorted(rejected(found)) == [
        ("course_groups", "core_group_get_course_groups", "no permission"),
        ("grades", "mod_assign_get_grades", "no access to the function"),
        ("messages", "mod_forum_get_forums_by_courses", "not in the token's service"),
    ]
    # The groups that people are shown in stand for the list.
    assert [row["name"] for row in rows(found, "course_groups")] == ["Поток 1"]
    assert rows(found, "submissions")
    assert rows(found, "outcomes") == []


def test_what_moodle_leaves_out_of_an_answer_is_noted(moodle: FakeMoodle, context: Context) -> None:
    answer = moodle.functions["mod_assign_get_submissions"]
    warnings = [
        {"item": "assignment", "itemid": 1, "warningcode": "1", "message": "No access rights in module context"},
        {"item": "module", "itemid": 2, "warningcode": "3", "message": "No submissions found"},
    ]
    moodle.functions["mod_assign_get_submissions"] = answer | {"warnings": warnings}
    assert rejected(events(context)) == [("submissions", "mod_assign_get_submissions assignment id 1", "no permission")]


def test_refused_forum_leaves_the_others(moodle: FakeMoodle, context: Context) -> None:
    moodle.functions["mod_forum_get_discussion_posts"] = refusal("x y z Анна")
    found = events(context)
    assert rejected(found) == [("messages", "mod_forum_get_discussion_posts forum 2", "refused (unknown)")]
    assert not [event for event in found if isinstance(event, Whole) and event.record == "messages"]


@pytest.mark.parametrize("answer", [[], {}, {"courses": "x"}, [{"id": "x"}], None, 7])
def test_answers_of_another_form_are_no_other_error(moodle: FakeMoodle, context: Context, answer: Any) -> None:
    for function in list(moodle.functions):
        moodle.functions[function] = answer
        try:
            events(context)
        except BadSource:
            pass
        finally:
            moodle.functions = FakeMoodle().functions


def test_busy_server_is_asked_again(moodle: FakeMoodle, context: Context) -> None:
    waits: list[float] = []
    replies = [Reply(status=503, headers={"Retry-After": "5"}), Reply(b"", 429)]
    answer = moodle.functions["core_course_get_contents"]
    moodle.functions["core_course_get_contents"] = lambda _: replies.pop(0) if replies else answer
    found = list(MoodleWebServices(sleep=waits.append).read(SOURCE, COURSE, context))
    assert len(rows(found, "tasks")) == 3
    assert [wait for wait in waits if wait > 0.1] == [5.0, 10.0]


def test_what_is_hidden_and_whom_a_restriction_lets_in(moodle: FakeMoodle, context: Context) -> None:
    assign, quiz, _page = moodle.functions["core_course_get_contents"][0]["modules"]
    assign |= {"visible": 0, "availability": None}
    quiz |= {"visible": 1, "availability": '{"op":"|","c":[{"type":"group","id":2},{"type":"group","id":1}],"show":true}'}
    tasks = rows(events(context), "tasks")
    assert [(row["is_hidden"], row["only_groups"]) for row in tasks] == [
        (True, None),
        (False, "moodle:group:1,moodle:group:2"),
        (None, None),
    ]


def test_a_restriction_by_date_moves_the_dates(moodle: FakeMoodle, context: Context) -> None:
    assign, _quiz, page = moodle.functions["core_course_get_contents"][0]["modules"]
    before = rows(events(context), "tasks")
    due = int(before[0]["due_at"].timestamp())
    assign["availability"] = json.dumps({"op": "&", "c": [{"type": "date", "d": "<", "t": due - 60}]})
    page["availability"] = json.dumps({"op": "&", "c": [{"type": "date", "d": ">=", "t": due}]})
    after = rows(events(context), "tasks")
    assert (after[0]["due_at"], after[0]["cutoff_at"]) == (before[0]["due_at"] - timedelta(seconds=60),) * 2
    assert [after[1][name] for name in ("opens_at", "due_at", "cutoff_at")] == [
        before[1][name] for name in ("opens_at", "due_at", "cutoff_at")
    ]
    assert (after[2]["opens_at"], after[2]["due_at"]) == (before[0]["due_at"], before[2]["due_at"])


def test_neither_address_nor_token() -> None:
    with pytest.raises(BadSource, match="LMS__URL"):
        READER.items(SOURCE, CONTEXT)
    with pytest.raises(BadSource, match="LMS__TOKEN"):
        READER.items(SOURCE, replace(CONTEXT, url="https://lms.example.org"))


def test_who_left_the_course_and_had_handed_in_is_an_account(moodle: FakeMoodle, context: Context) -> None:
    moodle.functions["mod_assign_get_submissions"]["assignments"][0]["submissions"].append(
        {
            "id": 22,
            "userid": 44,
            "attemptnumber": 0,
            "timecreated": 1794000000,
            "timemodified": 1794000000,
            "status": "submitted",
            "groupid": 0,
        }
    )
    found = events(context)
    known = {row["account_id"] for row in rows(found, "accounts")}
    assert who(44) in known
    for record in ("submissions", "grades", "completions", "addressees", "deadlines"):
        assert {row["account_id"] for row in rows(found, record)} - {None} <= known, record
    assert not [row for row in rows(found, "enrolments") if row["account_id"] == who(44)]
