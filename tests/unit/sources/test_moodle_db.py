"""Reading a Moodle database: each trap of Moodle's schema, by its number in the field notes, on a site of a few rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.contract_words import WORDS
from pipelines.loading import Load, load_source
from pipelines.sources.lms.moodle_db import TABLES, MoodleDatabase
from pipelines.sources.reading import Batch, Context, Item
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from tests.unit.sources.moodle_fixture import (
    DAY,
    MANAGER,
    PSEUDONYMS,
    STUDENT,
    T0,
    TEACHER,
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
Loaded = Callable[..., Warehouse]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def account(user: int, realm: str = "moodle") -> str:
    return PSEUDONYMS.of(realm, str(user))


def load(warehouse: Warehouse, url: str, **settings: Any) -> Load:
    of = source(**settings)
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    return done


@pytest.fixture
def loaded(warehouse: Warehouse, tmp_path: Path) -> Loaded:
    """Make a site of these parts, load it, give the warehouse; a load that fails fails the test."""

    def made(*parts: dict[str, list[dict[str, Any]]], without: tuple[str, ...] = (), **settings: Any) -> Warehouse:
        url = make_moodle(tmp_path / "moodle.db", together(*parts), without=without, prefix=settings.get("table_prefix", "mdl_"))
        done = load(warehouse, url, **settings)
        assert done.state == "loaded", done.problem
        return warehouse

    return made


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    return warehouse.rows(query)


# -- the log ------------------------------------------------------------------------------------------------------------------


def test_trap_01_times_are_epoch_seconds_and_0_is_not_1970(loaded: Loaded) -> None:
    warehouse = loaded(
        course(startdate=T0),
        {"user": [{"id": 5, "timecreated": T0, "firstaccess": 0}]},
        activity(10, "assign", 1, duedate=0),
        enrolled(1, 5),
        {
            "course_completions": [
                {"id": 1, "userid": 5, "course": 2, "timecompleted": None},
                {"id": 2, "userid": 6, "course": 2, "timecompleted": 0},
            ]
        },
    )
    assert rows(warehouse, "select created_at, first_seen_at from raw.accounts where not is_deleted") == [(at(T0), None)]
    assert rows(warehouse, "select starts_at, ends_at from raw.courses") == [(at(T0), None)]
    assert rows(warehouse, "select due_at from raw.tasks") == [(None,)]
    assert rows(warehouse, "select starts_at, ends_at, state from raw.enrolments") == [(None, None, "active")]
    assert rows(warehouse, "select reached_at from raw.outcomes") == [(None,), (None,)]


def test_trap_01_a_row_without_a_time_is_rejected_with_its_place(loaded: Loaded) -> None:
    warehouse = loaded(course(), event(1, r"\core\event\course_viewed", timecreated=0), event(2, r"\core\event\course_viewed"))
    assert rows(warehouse, "select activity_id from raw.activity") == [("moodle:log:2",)]
    rejects = "select place, reason from raw.rejects where record = 'activity'"
    assert rows(warehouse, rejects) == [("logstore_standard_log id 1", "no time")]


def test_trap_02_the_next_load_begins_before_the_last_row_read(warehouse: Warehouse, tmp_path: Path) -> None:
    site = tmp_path / "moodle.db"
    view = r"\core\event\course_viewed"
    # Row 98 of a slow request is written after row 99, and speaks of an earlier moment.
    url = make_moodle(site, together(course(), *(event(number, view) for number in (*range(1, 98), 99, 100))))
    assert load(warehouse, url, log_overlap_rows=10).seen["activity"] == 99
    for number in (98, 101):
        change(
            site,
            "insert into mdl_logstore_standard_log (id, eventname, component, timecreated, anonymous) values (?, ?, 'core', ?, 0)",
            (number, view, T0),
        )
    second = load(warehouse, url, log_overlap_rows=10)
    assert second.state == "loaded"
    assert second.seen["activity"] == 11  # 91 to 101
    assert warehouse.value("select count(*) from raw.activity") == 101


def test_trap_02_a_log_that_was_emptied_is_read_from_its_beginning(warehouse: Warehouse, tmp_path: Path) -> None:
    site = tmp_path / "moodle.db"
    url = make_moodle(site, together(course(), *(event(number, r"\core\event\course_viewed") for number in range(1, 50))))
    load(warehouse, url, log_overlap_rows=0)
    change(site, "delete from mdl_logstore_standard_log where id > 3")
    assert load(warehouse, url, log_overlap_rows=0).seen["activity"] == 3


def test_trap_03_other_is_json_or_php_and_null_is_a_word(loaded: Loaded) -> None:
    name = r"\mod_forum\event\post_created"
    warehouse = loaded(
        course(),
        event(1, name, other='{"discussionid":4,"forumid":"5","forumtype":"general"}'),
        event(2, name, other='a:3:{s:12:"discussionid";i:4;s:7:"forumid";s:1:"5";s:9:"forumtype";s:7:"general";}'),
        event(3, name, other="null"),
        event(4, name, other="N;"),
        event(5, name, other="[]"),
        event(6, name, other=None),
    )
    details = [
        json.loads(found) if found else None for (found,) in rows(warehouse, "select details from raw.activity order by activity_id")
    ]
    assert details == [{"discussionid": 4, "forumid": 5}, {"discussionid": 4, "forumid": 5}, None, None, None, None]


def test_trap_04_ids_below_1_are_nobody_and_the_guest_and_admin_serve(loaded: Loaded) -> None:
    names = {"user": [{"id": 1, "username": "guest"}, {"id": 2, "username": "admin"}, {"id": 5, "username": "anna"}]}
    users = (-1, 0, -31337, 1, 5)
    warehouse = loaded(
        course(), names, *(event(number, r"\core\event\user_graded", userid=user) for number, user in enumerate(users, start=1))
    )
    found = rows(warehouse, "select account_id from raw.activity order by activity_id")
    assert found == [(None,), (None,), (None,), (account(1),), (account(5),)]
    services = rows(warehouse, "select username from raw.accounts join personal.accounts using (account_id) where is_service order by 1")
    assert services == [("admin",), ("guest",)]


def test_trap_05_log_in_as_rows_are_marked(loaded: Loaded) -> None:
    view = r"\core\event\course_viewed"
    warehouse = loaded(course(), event(1, view, realuserid=2), event(2, view), event(3, view, realuserid=0))
    assert rows(warehouse, "select is_impersonated from raw.activity order by activity_id") == [(True,), (False,), (False,)]


def test_trap_06_the_person_acted_upon_is_a_pseudonym_or_null(loaded: Loaded) -> None:
    name = r"\core\event\user_graded"
    warehouse = loaded(course(), event(1, name, relateduserid=6), event(2, name), event(3, name, relateduserid=0))
    assert rows(warehouse, "select related_account_id from raw.activity order by activity_id") == [(account(6),), (None,), (None,)]


def test_trap_06_an_account_as_object_is_a_pseudonym_too(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        event(1, r"\core\event\user_profile_viewed", objecttable="user", objectid=6),
        event(2, r"\mod_quiz\event\attempt_started", objecttable="quiz_attempts", objectid=6),
    )
    assert rows(warehouse, "select object_id from raw.activity order by activity_id") == [(account(6),), ("6",)]


def test_trap_07_anonymous_rows_are_kept_and_marked(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        event(1, r"\mod_assign\event\assessable_submitted", anonymous=1, objecttable="assign_submission", objectid=3),
        event(2, r"\mod_assign\event\assessable_submitted", objecttable="assign_submission", objectid=4),
    )
    found = rows(warehouse, "select is_anonymous, account_id, object_id from raw.activity order by activity_id")
    assert found == [(True, account(5), "3"), (False, account(5), "4")]


SURVEY = together(
    course(),
    activity(20, "feedback", 3, anonymous=1),
    {
        "feedback_item": [
            {"id": 1, "feedback": 3, "name": "Оцените курс", "typ": "multichoice", "presentation": "r>>>>>1|2|3|4|5", "position": 1},
            {"id": 2, "feedback": 3, "name": "Что улучшить", "typ": "textarea", "presentation": "40|20", "position": 2},
        ]
    },
)


def responses(number: int, *, anonymous: int) -> dict[str, list[dict[str, Any]]]:
    return {
        "feedback_completed": [{"id": n, "feedback": 3, "userid": 40 + n, "timemodified": T0 + n * DAY, "anonymous_response": anonymous} for n in range(1, number + 1)],
        "feedback_value": [
            {"id": 2 * n + item - 2, "item": item, "completed": n, "value": str(n % 5 + 1) if item == 1 else f"мнение {n}"}
            for n in range(1, number + 1)
            for item in (1, 2)
        ],
    }  # fmt: skip


def test_rated_items_are_mapped_to_aspects_and_scales_in_words_are_ratings(loaded: Loaded) -> None:
    options = "r>>>>>Полностью согласен|Согласен|Затрудняюсь ответить|Не согласен|Полностью не согласен"
    items = [("Содержание", options), ("Куратор отвечает", options), ("Что выбрать", "r>>>>>чат|форум")]
    asked = {
        "feedback_item": [
            {"id": n, "feedback": 3, "name": name, "typ": "multichoice", "presentation": presentation, "position": n}
            for n, (name, presentation) in enumerate(items, start=1)
        ],
        "feedback_completed": [{"id": 1, "feedback": 3, "userid": 41, "timemodified": T0, "anonymous_response": 1}],
        "feedback_value": [{"id": n, "item": n, "completed": 1, "value": str(n)} for n in (1, 2)]
        + [{"id": 3, "item": 3, "completed": 1, "value": "2"}],
    }
    warehouse = loaded(course(), activity(20, "feedback", 3, anonymous=1), asked, aspects={"*отвечает*": "communication"})
    assert rows(warehouse, "select item, aspect, rating from raw.survey_answers order by answer_id") == [
        ("Содержание", "content", 5),
        ("Куратор отвечает", "communication", 4),
        ("Что выбрать", None, None),
    ]


def test_trap_07_an_anonymous_response_cannot_be_led_back_to_its_writer(loaded: Loaded, tmp_path: Path) -> None:
    number = 12
    submitted = [
        event(
            n,
            r"\mod_feedback\event\response_submitted",
            anonymous=1,
            userid=40 + n,
            objecttable="feedback_completed",
            objectid=n,
            timecreated=T0 + n * DAY,
        )
        for n in range(1, number + 1)
    ]
    warehouse = loaded(SURVEY, responses(number, anonymous=1), *submitted)
    answers = warehouse.arrow("select * from raw.survey_answers").to_pylist()
    assert len(answers) == 2 * number
    assert {answer["account_id"] for answer in answers} == {None}
    # not by an id …
    native = {f"moodle:response:{n}" for n in range(1, number + 1)}
    assert not native & {answer["response_id"] for answer in answers}
    assert rows(warehouse, "select count(object_id) from raw.activity") == [(0,)]
    assert {answer["response_id"].rsplit(":", 1)[1] for answer in answers}.isdisjoint(account(n) for n in range(1, 100))
    # … nor by the moment: as many as the threshold says share one
    shared = rows(warehouse, "select answered_at, count(distinct response_id) from raw.survey_answers group by 1 order by 1")
    assert shared == [(at(T0 + 5 * DAY), 5), (at(T0 + 12 * DAY), 7)]
    assert min(many for _, many in shared) >= threshold("anonymous_batch")
    # … nor by the order of the rows, which is that of the untraceable ids
    url = f"sqlite:///{tmp_path / 'moodle.db'}"
    given = Context(pseudonyms=PSEUDONYMS, zone=ZoneInfo("Europe/Moscow"), language="ru", url=url)
    read = [found for found in MoodleDatabase().read(source(), Item("database"), given) if isinstance(found, Batch)]
    (order,) = [found.table["answer_id"].to_pylist() for found in read if found.record == "survey_answers"]
    assert order == sorted(order)


def test_trap_07_a_named_response_keeps_its_writer_and_moment(loaded: Loaded) -> None:
    site = together(SURVEY, responses(1, anonymous=2))
    site["feedback"][0]["anonymous"] = 2
    warehouse = loaded(site)
    found = rows(
        warehouse,
        "select answer_id, survey_id, account_id, course_id, item, rating, text, answered_at from raw.survey_answers join personal.survey_answers using (answer_id) order by 1",
    )
    assert found == [
        ("moodle:response:1:1", "moodle:survey:3", account(41), "moodle:course:2", "Оцените курс", 2, None, at(T0 + DAY)),
        ("moodle:response:1:2", "moodle:survey:3", account(41), "moodle:course:2", "Что улучшить", None, "мнение 1", at(T0 + DAY)),
    ]


def test_trap_08_no_role_is_taken_from_the_level_of_an_event(loaded: Loaded) -> None:
    """``edulevel`` is not even read: a curator's post has the learner's level."""

    assert {"edulevel", "crud"}.isdisjoint(TABLES["logstore_standard_log"])
    warehouse = loaded(course(), event(1, r"\mod_forum\event\post_created"))
    assert rows(warehouse, "select count(*) from raw.enrolments") == [(0,)]


def test_trap_09_only_module_rows_point_to_a_task_and_by_the_course_modules_id(loaded: Loaded) -> None:
    view = r"\mod_quiz\event\course_module_viewed"
    warehouse = loaded(
        course(),
        activity(10, "quiz", 77),
        event(1, view, contextlevel=70, contextinstanceid=10, objecttable="quiz", objectid=77),
        event(2, r"\core\event\course_viewed", contextlevel=50, contextinstanceid=2),
    )
    assert rows(warehouse, "select task_id, object_id from raw.activity order by activity_id") == [("moodle:task:10", "77"), (None, None)]


def test_trap_10_site_level_and_front_page_rows_have_no_course(loaded: Loaded) -> None:
    view = r"\core\event\course_viewed"
    warehouse = loaded(
        course(), event(1, view, courseid=0), event(2, view, courseid=None), event(3, view, courseid=1), event(4, view, courseid=2)
    )
    assert rows(warehouse, "select course_id from raw.activity order by activity_id") == [(None,), (None,), (None,), ("moodle:course:2",)]
    assert rows(warehouse, "select course_id from raw.courses") == [("moodle:course:2",)]
    assert rows(warehouse, "select place, reason from raw.rejects") == [("course id 1", "the front page is no course")]


def test_trap_11_activities_that_are_gone_are_known_from_the_log(loaded: Loaded) -> None:
    where = {"contextlevel": 70, "contextinstanceid": 99}
    name = '<span lang="ru" class="multilang">Видео</span><span lang="en" class="multilang">Video</span>'
    warehouse = loaded(
        course(),
        activity(10, "page", 1),
        event(1, r"\core\event\course_module_created", other=json.dumps({"modulename": "url", "instanceid": 2, "name": name}), **where),
        event(2, r"\mod_url\event\course_module_viewed", **where),
        event(3, r"\core\event\course_module_deleted", other='{"modulename":"url","instanceid":"2"}', **where),
        # a second one whose making and end are older than the log
        event(4, r"\mod_quiz\event\course_module_viewed", contextlevel=70, contextinstanceid=98),
    )
    found = rows(warehouse, "select task_id, kind, name, name_en, is_deleted from raw.tasks order by task_id")
    assert found == [
        ("moodle:task:10", "page", "page 1", None, False),
        ("moodle:task:98", "quiz", None, None, True),
        ("moodle:task:99", "url", "Видео", "Video", True),
    ]
    counts = "select rows_seen, rows_kept from raw.load_counts where record = 'tasks'"
    assert rows(warehouse, counts) == [(1, 1)]


def test_trap_12_one_click_counts_as_one_deed(loaded: Loaded) -> None:
    saved = (
        r"\assignsubmission_onlinetext\event\assessable_uploaded",
        r"\assignsubmission_onlinetext\event\submission_created",
        r"\mod_assign\event\assessable_submitted",
        r"\core\event\notification_sent",
    )
    warehouse = loaded(
        course(), *(event(number, name, contextlevel=70, contextinstanceid=10) for number, name in enumerate(saved, start=1))
    )
    assert rows(warehouse, "select action, count(*) from raw.activity group by 1 order by 1") == [
        ("other", 2),
        ("submitted", 1),
        ("uploaded", 1),
    ]


def test_trap_12_a_completion_taken_back_is_no_completion(loaded: Loaded) -> None:
    name = r"\core\event\course_module_completion_updated"
    warehouse = loaded(course(), event(1, name, other='{"completionstate":1}'), event(2, name, other='{"completionstate":0}'))
    assert rows(warehouse, "select action from raw.activity order by activity_id") == [("completed",), ("other",)]


def test_trap_13_a_thread_viewed_is_one_view(loaded: Loaded) -> None:
    warehouse = loaded(course(), event(1, r"\mod_forum\event\discussion_viewed", objecttable="forum_discussions", objectid=4))
    assert rows(warehouse, "select action, object_id from raw.activity") == [("viewed", "4")]


def test_trap_14_the_origin_stays_as_it_is_and_an_empty_one_is_unknown(loaded: Loaded) -> None:
    view = r"\core\event\course_viewed"
    warehouse = loaded(
        course(), *(event(number, view, origin=origin) for number, origin in enumerate(("web", "ws", "cli", "restore", ""), start=1))
    )
    assert rows(warehouse, "select origin from raw.activity order by activity_id") == [("web",), ("ws",), ("cli",), ("restore",), (None,)]


# -- people -------------------------------------------------------------------------------------------------------------------


def test_trap_15_a_deleted_account_is_kept_without_its_hashed_address(loaded: Loaded) -> None:
    gone = {
        "id": 7,
        "deleted": 1,
        "username": "olga@example.org.1791795601",
        "email": "4c21be781e8cb3043dcaf512d9b66ab6",
        "firstname": "Ольга",
        "lastname": "Ветрова",
    }
    warehouse = loaded(
        course(), {"user": [gone, {"id": 8, "email": " Petr@Example.ORG", "username": "petr", "firstname": "Пётр", "lastname": "Лугин"}]}
    )
    found = rows(
        warehouse,
        "select native_id, is_deleted, email, username, display_name from raw.accounts join personal.accounts using (account_id) order by 1",
    )
    assert found == [("7", True, None, None, "Ольга Ветрова"), ("8", False, "petr@example.org", "petr", "Пётр Лугин")]


def test_trap_15_and_16_an_unenrolled_learner_is_known_from_the_log(loaded: Loaded) -> None:
    enrolment = {
        "id": "416",
        "status": "0",
        "enrolid": "2",
        "userid": "18",
        "timestart": "0",
        "timeend": "0",
        "modifierid": "3",
        "timecreated": str(T0),
    }
    stored = json.dumps({"userenrolment": {**enrolment, "courseid": "2", "enrol": "self", "lastenrol": True}, "enrol": "self"})
    php = (
        'a:2:{s:13:"userenrolment";a:3:{s:2:"id";s:3:"417";s:7:"enrolid";s:1:"2";s:11:"timecreated";i:'
        + str(T0)
        + ';}s:5:"enrol";s:6:"manual";}'
    )
    warehouse = loaded(
        course(),
        event(1, r"\core\event\role_unassigned", objectid=TEACHER, relateduserid=18),
        event(2, r"\core\event\user_enrolment_deleted", objectid=416, relateduserid=18, other=stored),
        event(3, r"\core\event\user_enrolment_deleted", objectid=417, relateduserid=19, other=php),
        event(4, r"\core\event\user_enrolment_deleted", objectid=418, relateduserid=20, other="null"),
    )
    found = rows(
        warehouse,
        "select enrolment_id, account_id, role, method, state, created_at, removed_at, enrolled_by from raw.enrolments order by 1",
    )
    assert found == [
        ("moodle:enrolment:416:curator", account(18), "curator", "self", "removed", at(T0), at(T0 + 2), account(3)),
        ("moodle:enrolment:417:learner", account(19), "learner", "manual", "removed", at(T0), at(T0 + 3), None),
        ("moodle:enrolment:418:learner", account(20), "learner", None, "removed", None, at(T0 + 4), None),
    ]


def test_trap_16_four_ways_of_not_being_enrolled_any_more(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        {
            "user": [
                {"id": 11, "suspended": 1, "timemodified": T0 + 2 * DAY},
                {"id": 12, "timemodified": T0 + DAY},
                {"id": 13},
                {"id": 14},
            ],
            "enrol": [{"id": 9, "enrol": "self", "status": 1, "courseid": 2}],
        },
        enrolled(1, 11),
        enrolled(2, 12, status=1, timemodified=T0 + DAY),
        enrolled(3, 13, timeend=T0 + 5),
        enrolled(4, 14, enrolid=9),
        event(100, r"\core\event\course_viewed"),
    )
    found = rows(
        warehouse,
        "select enrolment_id, state, removed_at, is_suspended, closed_at from raw.enrolments join raw.accounts using (account_id) order by 1",
    )
    assert found == [
        ("moodle:enrolment:1:learner", "active", None, True, at(T0 + 2 * DAY)),
        ("moodle:enrolment:2:learner", "suspended", at(T0 + DAY), False, None),
        ("moodle:enrolment:3:learner", "ended", None, False, None),
        ("moodle:enrolment:4:learner", "ended", None, False, None),
    ]


def test_trap_16_an_enrolment_removed_later_takes_the_place_of_the_active_one(warehouse: Warehouse, tmp_path: Path) -> None:
    site = tmp_path / "moodle.db"
    url = make_moodle(site, together(course(), {"user": [{"id": 5}]}, enrolled(1, 5), event(1, r"\core\event\course_viewed")))
    load(warehouse, url)
    change(site, "delete from mdl_user_enrolments")
    change(site, "delete from mdl_role_assignments")
    change(
        site,
        "insert into mdl_logstore_standard_log (id, eventname, objectid, courseid, relateduserid, other, timecreated, anonymous) values (2, ?, 1, 2, 5, ?, ?, 0)",
        (r"\core\event\user_enrolment_deleted", '{"userenrolment":{"id":"1","enrolid":"2"},"enrol":"manual"}', T0 + DAY),
    )
    load(warehouse, url)
    assert rows(warehouse, "select enrolment_id, state, removed_at from raw.enrolments") == [
        ("moodle:enrolment:1:learner", "removed", at(T0 + DAY))
    ]


def test_trap_17_the_role_comes_from_the_archetype_at_the_course_or_above(loaded: Loaded) -> None:
    roles = {
        # a renamed role keeps its archetype; one of no archetype that may neither mark nor hand in says nothing
        "role": [{"id": 20, "shortname": "kurator", "archetype": "editingteacher"}, {"id": 21, "shortname": "observer", "archetype": ""}],
        "role_assignments": [
            {"id": 50, "roleid": MANAGER, "contextid": 3, "userid": 30, "timemodified": T0},
            {"id": 51, "roleid": TEACHER, "contextid": 102, "userid": 31, "timemodified": T0},
            {"id": 52, "roleid": 20, "contextid": 102, "userid": 12, "timemodified": T0},
        ],
    }
    warehouse = loaded(course(), roles, enrolled(1, 11), enrolled(2, 12), enrolled(3, 13, role=21), enrolled(4, 14, role=None))
    found = rows(warehouse, "select enrolment_id, account_id, role, method from raw.enrolments order by 1")
    assert found == [
        ("moodle:enrolment:1:learner", account(11), "learner", "manual"),
        ("moodle:enrolment:2:curator", account(12), "curator", "manual"),
        ("moodle:enrolment:2:learner", account(12), "learner", "manual"),
        ("moodle:enrolment:3:other", account(13), "other", "manual"),
        ("moodle:enrolment:4:other", account(14), "other", "manual"),
        ("moodle:enrolment:role-50-2:staff", account(30), "staff", "role"),
        ("moodle:enrolment:role-51-2:curator", account(31), "curator", "role"),
    ]
    assert rows(warehouse, "select rows_seen, rows_kept from raw.load_counts where record = 'enrolments'") == [(4, 4)]
    # What the reader writes, the door lets through: one enrolment without a role must not stop the night.
    assert {role for _, _, role, _ in found} <= set(WORDS["enrolments"]["role"])


def test_trap_17_a_role_above_the_course_counts_beside_an_enrolment(loaded: Loaded) -> None:
    above = {
        "role_assignments": [
            # category enrolment: learners have their role there, and none in the course
            {"id": 50, "roleid": STUDENT, "contextid": 3, "userid": 11, "timemodified": T0},
            {"id": 51, "roleid": TEACHER, "contextid": 3, "userid": 12, "timemodified": T0},
            {"id": 52, "roleid": TEACHER, "contextid": 3, "userid": 13, "timemodified": T0},
            # who manages the whole site, or learns all over it, does here what the course says
            {"id": 53, "roleid": MANAGER, "contextid": 1, "userid": 14, "timemodified": T0},
            {"id": 54, "roleid": STUDENT, "contextid": 1, "userid": 15, "timemodified": T0},
            {"id": 55, "roleid": MANAGER, "contextid": 1, "userid": 16, "timemodified": T0},
        ],
    }
    roles: list[int | None] = [None, None, STUDENT, STUDENT, TEACHER, None]
    warehouse = loaded(course(), above, *(enrolled(number, 10 + number, role=role) for number, role in enumerate(roles, start=1)))
    assert rows(warehouse, "select enrolment_id, account_id, method from raw.enrolments order by 1") == [
        ("moodle:enrolment:1:learner", account(11), "manual"),
        ("moodle:enrolment:2:curator", account(12), "manual"),
        ("moodle:enrolment:3:curator", account(13), "manual"),
        ("moodle:enrolment:3:learner", account(13), "manual"),
        ("moodle:enrolment:4:learner", account(14), "manual"),
        ("moodle:enrolment:5:curator", account(15), "manual"),
        ("moodle:enrolment:6:staff", account(16), "manual"),
    ]
    assert rows(warehouse, "select rows_seen, rows_kept from raw.load_counts where record = 'enrolments'") == [(6, 6)]


def test_a_role_without_an_archetype_is_what_it_may_do(loaded: Loaded) -> None:
    system = 1

    def may(number: int, role: int, capability: str, permission: int = 1, context: int = system) -> dict[str, Any]:
        return {"id": number, "roleid": role, "capability": capability, "permission": permission, "contextid": context}

    roles = {
        "role": [{"id": n, "shortname": f"own{n}", "archetype": ""} for n in (20, 21, 22, 23)],
        "role_capabilities": [
            may(1, 20, "mod/assign:grade"), may(2, 20, "mod/forum:replypost"), may(3, 21, "mod/assign:submit"), may(4, 22, "mod/assign:grade", -1),
            # what is allowed in one course only does not make the role
            may(5, 22, "mod/assign:submit", context=102), may(6, 23, "mod/assign:grade"), may(7, 23, "moodle/category:manage"),
        ],
    }  # fmt: skip
    warehouse = loaded(course(), roles, *(enrolled(n, 10 + n, role=19 + n) for n in (1, 2, 3, 4)))
    assert rows(warehouse, "select enrolment_id from raw.enrolments order by 1") == [
        ("moodle:enrolment:1:curator",),
        ("moodle:enrolment:2:learner",),
        ("moodle:enrolment:3:other",),
        ("moodle:enrolment:4:staff",),
    ]


GROUPS = {
    "groups": [
        {"id": 1, "courseid": 2, "idnumber": "potok-1", "name": "Поток 1"},
        {"id": 2, "courseid": 2, "name": "Поток 2"},
        {"id": 3, "courseid": 2, "name": " Команда 1 "},
    ],
    "groupings": [{"id": 1, "courseid": 2, "name": "Потоки", "idnumber": "streams"}, {"id": 2, "courseid": 2, "name": "Команды"}],
    "groupings_groups": [
        {"id": 1, "groupingid": 1, "groupid": 1},
        {"id": 2, "groupingid": 1, "groupid": 2},
        {"id": 3, "groupingid": 2, "groupid": 3},
        {"id": 4, "groupingid": 1, "groupid": 3},
    ],
}


def test_trap_18_groupings_tell_streams_from_teams(loaded: Loaded) -> None:
    warehouse = loaded(course(), GROUPS)
    found = rows(warehouse, "select group_id, code, name, groupings from raw.course_groups order by 1")
    assert found == [
        ("moodle:group:1", "potok-1", "Поток 1", "streams"),
        ("moodle:group:2", None, "Поток 2", "streams"),
        ("moodle:group:3", None, "Команда 1", "streams,Команды"),
    ]


def test_trap_18_a_move_between_streams_is_read_from_the_log(loaded: Loaded) -> None:
    added, removed = r"\core\event\group_member_added", r"\core\event\group_member_removed"
    warehouse = loaded(
        course(),
        GROUPS,
        {
            "groups_members": [
                {"id": 9, "groupid": 2, "userid": 5, "timeadded": T0 + 3},
                {"id": 10, "groupid": 3, "userid": 5, "timeadded": T0},
            ]
        },
        event(1, added, objectid=1, relateduserid=5),
        event(2, removed, objectid=1, relateduserid=5),
        event(3, added, objectid=2, relateduserid=5),
        # left before the log begins
        event(4, removed, objectid=2, relateduserid=6),
    )
    found = rows(warehouse, "select membership_id, joined_at, left_at from raw.memberships order by group_id, left_at nulls last")
    assert found == [
        (f"moodle:membership:1:{account(5)}:{T0 + 1}", at(T0 + 1), at(T0 + 2)),
        (f"moodle:membership:2:{account(6)}:0", None, at(T0 + 4)),
        (f"moodle:membership:2:{account(5)}:{T0 + 3}", at(T0 + 3), None),
        (f"moodle:membership:3:{account(5)}:{T0}", at(T0), None),
    ]


def test_trap_18_coming_back_into_a_group_makes_a_second_stay(loaded: Loaded) -> None:
    added, removed = r"\core\event\group_member_added", r"\core\event\group_member_removed"
    warehouse = loaded(
        course(),
        GROUPS,
        {"groups_members": [{"id": 9, "groupid": 1, "userid": 5, "timeadded": T0 + 3}]},
        *(event(number, name, objectid=1, relateduserid=5) for number, name in enumerate((added, removed, added), start=1)),
        event(5, added, objectid=2, relateduserid=5),
        event(6, r"\core\event\group_deleted", objectid=2),
    )
    found = rows(warehouse, "select group_id, joined_at, left_at from raw.memberships order by group_id, joined_at")
    assert found == [
        ("moodle:group:1", at(T0 + 1), at(T0 + 2)),
        ("moodle:group:1", at(T0 + 3), None),
        ("moodle:group:2", at(T0 + 5), at(T0 + 6)),
    ]


def test_trap_18_a_stay_that_ends_keeps_its_id(warehouse: Warehouse, tmp_path: Path) -> None:
    site = tmp_path / "moodle.db"
    # Moodle stamps the row one second before it writes the event.
    members = {"groups_members": [{"id": 9, "groupid": 1, "userid": 5, "timeadded": T0}]}
    url = make_moodle(site, together(course(), GROUPS, members, event(1, r"\core\event\group_member_added", objectid=1, relateduserid=5)))
    load(warehouse, url)
    change(site, "delete from mdl_groups_members")
    statement = "insert into mdl_logstore_standard_log (id, eventname, objectid, courseid, relateduserid, timecreated, anonymous) values (2, ?, 1, 2, 5, ?, 0)"
    change(site, statement, (r"\core\event\group_member_removed", T0 + DAY))
    load(warehouse, url)
    assert rows(warehouse, "select joined_at, left_at from raw.memberships") == [(at(T0 + 1), at(T0 + DAY))]


def test_trap_19_names_are_untouched_and_zones_resolved(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        {
            "user": [
                {"id": 5, "firstname": "АННА ", "lastname": "ковалёва", "timezone": "99", "lang": "ru", "phone1": "8 (912) 345-67-89"},
                {
                    "id": 6,
                    "firstname": "Anna",
                    "lastname": "Kovaleva",
                    "timezone": "Europe/Samara",
                    "lang": "en",
                    "phone2": "+375 29 111-22-33",
                    "institution": "Школа № 5",
                },
                {"id": 7, "firstname": "Глеб", "lastname": "Тучин", "timezone": "5.5"},
            ]
        },
    )
    found = rows(
        warehouse,
        "select native_id, display_name, first_name, timezone, lang, phone, institution from raw.accounts join personal.accounts using (account_id) order by 1",
    )
    assert found == [
        ("5", "АННА  ковалёва", "АННА", "Asia/Yekaterinburg", "ru", "+79123456789", None),
        ("6", "Anna Kovaleva", "Anna", "Europe/Samara", "en", "+375291112233", "Школа № 5"),
        ("7", "Глеб Тучин", "Глеб", None, None, None, None),
    ]


def test_trap_34_what_is_hidden_and_whom_a_restriction_lets_in(loaded: Loaded) -> None:
    def group(number: int) -> str:
        return json.dumps({"op": "&", "c": [{"type": "group", "id": number}], "showc": [True]})

    grouping = json.dumps({"op": "&", "c": [{"type": "grouping", "id": 4}], "showc": [False]})
    warehouse = loaded(
        course(),
        activity(10, "assign", 1),
        activity(11, "assign", 2, access={"visible": 0}),
        activity(12, "quiz", 1, access={"availability": group(5)}),
        activity(13, "page", 1, access={"availability": grouping}),
        activity(14, "url", 1, access={"section": 8}),
        activity(15, "label", 1, intro="", access={"section": 8, "availability": grouping}),
        {
            "course_sections": [{"id": 7, "course": 2, "section": 1}, {"id": 8, "course": 2, "section": 2, "availability": group(6)}],
            "groups": [{"id": number, "courseid": 2, "name": f"Поток {number}"} for number in (5, 6)],
            "groupings": [{"id": 4, "courseid": 2, "name": "Потоки"}],
            "groupings_groups": [{"id": 1, "groupingid": 4, "groupid": 5}, {"id": 2, "groupingid": 4, "groupid": 6}],
        },
    )
    assert rows(warehouse, "select task_id, is_hidden, only_groups from raw.tasks order by 1") == [
        ("moodle:task:10", False, None),
        ("moodle:task:11", True, None),
        ("moodle:task:12", False, "moodle:group:5"),
        ("moodle:task:13", False, "moodle:group:5,moodle:group:6"),
        ("moodle:task:14", False, "moodle:group:6"),
        ("moodle:task:15", False, "moodle:group:6"),
    ]


def test_trap_37_a_hidden_course_sets_nothing_and_a_restriction_by_date_moves_the_dates(loaded: Loaded) -> None:
    def dates(**moments: int) -> str:
        signs = {"since": ">=", "until": "<"}
        return json.dumps({"op": "&", "c": [{"type": "date", "d": signs[name], "t": moment} for name, moment in moments.items()]})

    warehouse = loaded(
        course(),
        course(3, visible=0),
        activity(10, "assign", 1, duedate=T0 + 3 * DAY, allowsubmissionsfromdate=T0, access={"availability": dates(since=T0 + DAY, until=T0 + 2 * DAY)}),
        activity(11, "quiz", 1, timeclose=T0 + DAY, access={"section": 8, "availability": dates(until=T0 + 3 * DAY)}),
        activity(12, "assign", 2, access={"section": 8}),
        activity(13, "assign", 3, course_id=3, duedate=T0),
        {"course_sections": [{"id": 7, "course": 2, "section": 1}, {"id": 8, "course": 2, "section": 2, "availability": dates(until=T0 + 2 * DAY)}]},
    )  # fmt: skip
    found = rows(warehouse, "select task_id[13:], is_hidden, opens_at, due_at, cutoff_at from raw.tasks order by 1")
    assert [(*row[:2], *(when and (when.timestamp() - T0) / DAY for when in row[2:])) for row in found] == [
        ("10", False, 1, 2, 2),
        ("11", False, None, 1, 2),
        # Without a due date it has none by being shut one day.
        ("12", False, None, None, 2),
        ("13", True, None, 0, None),
    ]


# -- texts --------------------------------------------------------------------------------------------------------------------


def test_trap_35_work_is_handed_in_in_h5p_scorm_lessons_and_workshops_too(loaded: Loaded) -> None:
    scorm = {"timemodified": T0 + 50}
    warehouse = loaded(
        course(),
        activity(10, "h5pactivity", 1),
        activity(11, "scorm", 2, timeopen=T0, timeclose=T0 + DAY),
        activity(12, "lesson", 3, available=T0, deadline=T0 + DAY, grade=40),
        activity(13, "workshop", 4, submissionstart=T0, submissionend=T0 + DAY),
        {
            "h5pactivity_attempts": [
                {"id": 1, "h5pactivityid": 1, "userid": 5, "attempt": 1, "timecreated": T0, "timemodified": T0 + 9, "rawscore": 1, "maxscore": 2, "duration": 8, "completion": 1},
                {"id": 2, "h5pactivityid": 1, "userid": 5, "attempt": 2, "timecreated": T0, "timemodified": T0 + 9, "completion": 0},
                {"id": 3, "h5pactivityid": 1, "userid": 6, "attempt": 1, "timecreated": T0, "timemodified": T0 + 9},
            ],
            "scorm_element": [
                {"id": n, "element": element}
                for n, element in enumerate(("x.start.time", "cmi.core.lesson_status", "cmi.core.score.raw", "cmi.core.score.max", "cmi.completion_status"), 1)
            ],
            "scorm_attempt": [{"id": n, "scormid": 2, "userid": 5, "attempt": n} for n in (1, 2, 3)],
            "scorm_scoes_value": [
                {"id": 1, "attemptid": 1, "elementid": 1, "value": str(T0), **scorm},
                {"id": 2, "attemptid": 1, "elementid": 2, "value": "passed", **scorm},
                {"id": 3, "attemptid": 1, "elementid": 3, "value": "85.5", **scorm},
                {"id": 4, "attemptid": 1, "elementid": 4, "value": "100", **scorm},
                {"id": 5, "attemptid": 2, "elementid": 2, "value": "completed", **scorm},
                {"id": 6, "attemptid": 2, "elementid": 5, "value": "incomplete", **scorm},
                {"id": 7, "attemptid": 2, "elementid": 3, "value": "5", **scorm},
                {"id": 8, "attemptid": 2, "elementid": 3, "value": "7", **scorm},
            ],
            "groups": [{"id": 1, "courseid": 2, "name": "Поток"}],
            "lesson_overrides": [{"id": 1, "lessonid": 3, "userid": 6, "deadline": T0 + 2 * DAY}, {"id": 2, "lessonid": 3, "groupid": 1}],
            "lesson_grades": [
                {"id": n, "lessonid": 3, "userid": 5, "grade": "50.0", "completed": T0 + n} for n in (7, 8)
            ],
            "workshop_submissions": [
                {"id": 1, "workshopid": 4, "authorid": 5, "timecreated": T0, "timemodified": T0 + 5, "content": "<p>Мой&nbsp;урок</p>", "contentformat": 1},
                {"id": 2, "workshopid": 4, "authorid": 2, "example": 1, "timecreated": T0, "timemodified": T0 + 5, "content": "пример"},
            ],
        },
    )  # fmt: skip
    assert rows(warehouse, "select task_id, kind, opens_at is not null, due_at is not null from raw.tasks order by 1") == [
        ("moodle:task:10", "quiz", False, False),
        ("moodle:task:11", "quiz", True, True),
        ("moodle:task:12", "quiz", True, True),
        ("moodle:task:13", "assignment", True, True),
    ]
    found = rows(
        warehouse,
        "select submission_id, task_id[13:], attempt, is_latest, state, created_at, submitted_at, score, max_score from raw.submissions order by 1",
    )
    found = [(*row[:5], *(at and at.timestamp() - T0 for at in row[5:7]), *row[7:]) for row in found]
    assert found == [
        ("moodle:attempt:h5p:1", "10", 0, False, "submitted", 0, 9, 1, 2),
        ("moodle:attempt:h5p:2", "10", 1, True, "in_progress", 0, None, None, None),
        ("moodle:attempt:h5p:3", "10", 0, True, "submitted", 0, 9, None, None),
        ("moodle:attempt:lesson:7", "12", 0, False, "submitted", None, 7, 20, 40),
        ("moodle:attempt:lesson:8", "12", 1, True, "submitted", None, 8, 20, 40),
        ("moodle:attempt:scorm:1", "11", 0, False, "submitted", 0, 50, 85.5, 100),
        ("moodle:attempt:scorm:2", "11", 1, False, "in_progress", 50, None, None, None),
        ("moodle:attempt:scorm:3", "11", 2, True, "in_progress", None, None, None, None),
        ("moodle:submission:workshop:1", "13", 0, True, "submitted", 0, 5, None, None),
    ]
    deadlines = rows(warehouse, "select deadline_id, rule, due_at from raw.deadlines order by 1")
    assert [(name, rule, due.timestamp() - T0) for name, rule, due in deadlines] == [
        ("moodle:deadline:group_override:lesson-2", "group_override", DAY),
        ("moodle:deadline:user_override:lesson-1", "user_override", 2 * DAY),
    ]
    assert rows(
        warehouse, "select text, words from personal.submissions join raw.submissions using (submission_id) where text is not null"
    ) == [("Мой урок", 2)]


def test_trap_20_texts_are_plain_by_their_format_and_names_in_both_languages(loaded: Loaded) -> None:
    both = '<span lang="ru" class="multilang">Эссе</span><span lang="en" class="multilang">Essay</span>'
    warehouse = loaded(
        course(fullname=both),
        activity(10, "assign", 1, name=both, intro="<p>Опишите&nbsp;урок</p>", activity="<ol><li>план</li></ol>"),
        activity(
            11, "page", 1, intro="", content='<p class="MsoNormal">Лекция <a href="@@PLUGINFILE@@/a.pdf">файл</a></p>', contentformat=1
        ),
        activity(12, "label", 5, name="Надпись", intro="просто\nтекст", introformat=2),
        {"course_sections": [{"id": 7, "course": 2, "section": 3}]},
    )
    found = rows(warehouse, "select task_id, kind, name, name_en, intro, section from raw.tasks order by 1")
    assert found == [
        ("moodle:task:10", "assignment", "Эссе", "Essay", "Опишите урок\nплан", 3),
        ("moodle:task:11", "page", "page 1", None, "Лекция файл", 3),
        ("moodle:task:12", "other", "Надпись", None, "просто\nтекст", 3),
    ]
    assert rows(warehouse, "select name, name_en from raw.courses") == [("Эссе", "Essay")]


def test_trap_21_only_files_handed_in_count(loaded: Loaded) -> None:
    handed_in = {"component": "assignsubmission_file", "filearea": "submission_files", "itemid": 3, "contenthash": "abc", "timecreated": T0}
    warehouse = loaded(
        course(),
        {
            "files": [
                {"id": 1, **handed_in, "filename": "Работа.docx", "filesize": 10, "mimetype": "application/msword"},
                {"id": 2, **handed_in, "filename": "."},
                {"id": 3, **handed_in, "component": "user", "filearea": "draft", "itemid": 90210, "filename": "Работа.docx"},
            ]
        },
    )
    found = rows(
        warehouse,
        "select file_id, submission_id, content_hash, bytes, filename from raw.submission_files join personal.submission_files using (file_id)",
    )
    assert found == [("moodle:file:1", "moodle:submission:3", "abc", 10, "Работа.docx")]
    assert rows(warehouse, "select rows_seen from raw.load_counts where record = 'submission_files'") == [(1,)]


# -- assignments, grades, completion ------------------------------------------------------------------------------------------


def submission(number: int, user: int = 5, text: str | None = None, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {
        "assign_submission": [
            {
                "id": number,
                "assignment": 1,
                "userid": user,
                "timecreated": T0,
                "timemodified": T0 + DAY,
                "latest": 1,
                "status": "submitted",
                **columns,
            }
        ]
    }
    if text is not None:
        made["assignsubmission_onlinetext"] = [{"id": number, "submission": number, "onlinetext": text, "onlineformat": 1}]
    return made


def test_trap_22_only_submitted_rows_were_handed_in(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, grade=100),
        submission(1, text="<p>Первая попытка</p>", latest=0),
        submission(2, attemptnumber=1, status="reopened"),
        submission(3, user=6, status="draft", text="<p></p>"),
        submission(4, user=7, status="new"),
        submission(5, user=8, timestarted=T0 + DAY - 90),
    )
    found = rows(
        warehouse,
        "select submission_id, task_id, attempt, is_latest, state, submitted_at, seconds_spent, chars, words from raw.submissions order by 1",
    )
    handed_in = at(T0 + DAY)
    assert found == [
        ("moodle:submission:1", "moodle:task:10", 0, False, "submitted", handed_in, None, 14, 2),
        ("moodle:submission:2", "moodle:task:10", 1, True, "reopened", None, None, None, None),
        ("moodle:submission:3", "moodle:task:10", 0, True, "draft", None, None, 0, 0),
        ("moodle:submission:4", "moodle:task:10", 0, True, "new", None, None, None, None),
        ("moodle:submission:5", "moodle:task:10", 0, True, "submitted", handed_in, 90.0, None, None),
    ]


def test_trap_23_a_team_owns_the_text_and_its_members_have_rows_without(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, teamsubmission=1),
        submission(1, user=0, groupid=3, text="<p>Наш проект</p>"),
        submission(2, user=5),
        submission(3, user=6),
    )
    found = rows(
        warehouse,
        "select account_id, group_id, is_team, words, text from raw.submissions join personal.submissions using (submission_id) order by submission_id",
    )
    assert found == [
        (None, "moodle:group:3", True, 2, "Наш проект"),
        (account(5), None, True, None, None),
        (account(6), None, True, None, None),
    ]


def marked(number: int, user: int = 5, grade: float | None = 80, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    return {"assign_grades": [{"id": number, "assignment": 1, "userid": user, "grade": grade, "grader": 9, "timemodified": T0, **columns}]}


MARKS = (
    "select grade_id, grade, max_grade, is_released, comment_chars, graded_at from raw.grades where record = 'marking' order by grade_id"
)


def test_trap_24_minus_one_is_no_grade_and_a_scale_has_steps(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, grade=-3),
        {"scale": [{"id": 3, "scale": "Не зачтено, Зачтено"}]},
        marked(1, grade=-1, grader=-1),
        marked(2, user=6, grade=2),
        marked(3, user=7, grade=None),
    )
    assert rows(warehouse, MARKS) == [
        ("moodle:marking:1", None, 2.0, True, None, None),
        ("moodle:marking:2", 2.0, 2.0, True, None, at(T0)),
        ("moodle:marking:3", None, 2.0, True, None, None),
    ]
    assert rows(warehouse, "select is_scale, max_grade from raw.tasks") == [(True, 2.0)]
    graders = "select grader_account_id from raw.grades where record = 'marking' order by grade_id"
    assert rows(warehouse, graders)[:2] == [(None,), (account(9),)]


def test_trap_25_marks_in_a_workflow_count_once_released(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, grade=100, markingworkflow=1),
        {
            "assign_user_flags": [
                {"id": 1, "assignment": 1, "userid": 5, "workflowstate": "released"},
                {"id": 2, "assignment": 1, "userid": 6, "workflowstate": "inreview"},
            ]
        },
        marked(1, user=5),
        marked(2, user=6),
        marked(3, user=7),
    )
    assert [found[3] for found in rows(warehouse, MARKS)] == [True, False, False]
    assert rows(warehouse, "select uses_workflow from raw.tasks") == [(True,)]
    assert rows(warehouse, "select count(*) from raw.deadlines") == [(0,)]


@pytest.mark.parametrize(("revealed", "released"), [(0, False), (1, True)], ids=["blind", "revealed"])
def test_trap_25_blind_marks_count_once_identities_are_revealed(loaded: Loaded, revealed: int, released: bool) -> None:
    warehouse = loaded(course(), activity(10, "assign", 1, grade=100, blindmarking=1, revealidentities=revealed), marked(1))
    assert [found[3] for found in rows(warehouse, MARKS)] == [released]
    assert rows(warehouse, "select is_blind from raw.tasks") == [(not released,)]


def test_trap_25_the_gradebook_is_a_record_of_its_own_and_overrides_show(loaded: Loaded) -> None:
    items = [
        {
            "id": 1,
            "courseid": 2,
            "itemtype": "mod",
            "itemmodule": "assign",
            "iteminstance": 1,
            "itemnumber": 0,
            "grademax": 100,
            "gradepass": 60,
        },
        {"id": 2, "courseid": 2, "itemtype": "course", "grademax": 430},
        {"id": 3, "courseid": 2, "itemtype": "manual", "grademax": 10, "hidden": 1},
    ]
    grades = [
        {
            "id": 1,
            "itemid": 1,
            "userid": 5,
            "finalgrade": 90,
            "overridden": T0,
            "usermodified": 9,
            "timemodified": T0,
            "feedback": "<p>Пересчитано</p>",
        },
        {"id": 2, "itemid": 2, "userid": 5, "finalgrade": 90.5, "timemodified": T0},
        {"id": 3, "itemid": 3, "userid": 5, "finalgrade": 7, "timemodified": T0},
        {"id": 4, "itemid": 2, "userid": 6, "hidden": T0 + DAY},
    ]
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, grade=100),
        {"grade_items": items, "grade_grades": grades},
        marked(1),
        event(1, r"\core\event\course_viewed"),
    )
    found = rows(
        warehouse,
        "select grade_id, task_id, course_id, grade, max_grade, is_overridden, is_released, comment from raw.grades join personal.grades using (grade_id) where record = 'gradebook' order by 1",
    )
    assert found == [
        ("moodle:gradebook:1", "moodle:task:10", "moodle:course:2", 90.0, 100.0, True, True, "Пересчитано"),
        ("moodle:gradebook:2", None, "moodle:course:2", 90.5, 430.0, False, True, None),
        ("moodle:gradebook:3", None, "moodle:course:2", 7.0, 10.0, False, False, None),
        ("moodle:gradebook:4", None, "moodle:course:2", None, 430.0, False, False, None),
    ]
    assert rows(warehouse, "select pass_grade from raw.tasks") == [(60.0,)]


def test_trap_25_a_forum_graded_as_a_whole_has_a_best_grade_and_an_outcome_is_no_grade_of_its_activity(loaded: Loaded) -> None:
    def item(native: int, module: str, number: int, best: float, passing: float = 0) -> dict[str, Any]:
        return {
            "id": native, "courseid": 2, "itemtype": "mod", "itemmodule": module, "iteminstance": native % 10, "itemnumber": number,
            "grademax": best, "gradepass": passing,
        }  # fmt: skip

    items = [
        item(11, "forum", 1, 20, 12),
        item(2, "forum", 0, 50),
        item(12, "forum", 1, 20),
        item(3, "assign", 0, 100),
        item(13, "assign", 1000, 3),
    ]
    given = {11: 15, 2: 40, 3: 85, 13: 2}
    warehouse = loaded(
        course(),
        activity(10, "forum", 1),
        activity(20, "forum", 2),
        activity(30, "assign", 3, grade=100),
        {
            "grade_items": items,
            "grade_grades": [
                {"id": native, "itemid": native, "userid": 5, "finalgrade": grade, "timemodified": T0} for native, grade in given.items()
            ],
            "grade_grades_history": [{"id": 1, "oldid": 13, "itemid": 13, "userid": 5, "finalgrade": 1, "timemodified": T0}],
        },
        event(1, r"\core\event\course_viewed"),
    )
    assert rows(warehouse, "select task_id, max_grade, pass_grade from raw.tasks order by 1") == [
        ("moodle:task:10", 20.0, 12.0),
        ("moodle:task:20", 50.0, None),
        ("moodle:task:30", 100.0, None),
    ]
    assert rows(warehouse, "select grade, max_grade, task_id from raw.grades order by 1") == [
        (1.0, 3.0, None),
        (2.0, 3.0, None),
        (15.0, 20.0, "moodle:task:10"),
        (40.0, 50.0, "moodle:task:20"),
        (85.0, 100.0, "moodle:task:30"),
    ]


def test_trap_26_no_comment_and_an_empty_comment_differ(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, grade=100),
        marked(1),
        marked(2, user=6),
        marked(3, user=7),
        {
            "assignfeedback_comments": [
                {"id": 1, "grade": 1, "commenttext": "<p>Хорошо, но мало</p>", "commentformat": 1},
                {"id": 2, "grade": 2, "commenttext": ""},
            ]
        },
    )
    found = rows(
        warehouse, "select comment, comment_chars, comment_words from raw.grades join personal.grades using (grade_id) order by grade_id"
    )
    assert found == [("Хорошо, но мало", 15, 3), ("", 0, 0), (None, None, None)]


def test_trap_27_deadlines_differ_by_group_person_and_extension(loaded: Loaded) -> None:
    due, cutoff = T0 + 7 * DAY, T0 + 10 * DAY
    warehouse = loaded(
        course(),
        activity(10, "assign", 1, duedate=due, cutoffdate=cutoff),
        activity(11, "quiz", 1, timeclose=due),
        {
            "assign_overrides": [
                {"id": 1, "assignid": 1, "groupid": 4, "duedate": due + DAY},
                {"id": 2, "assignid": 1, "userid": 6, "cutoffdate": 0},
            ],
            "assign_user_flags": [
                {"id": 3, "assignment": 1, "userid": 5, "extensionduedate": due + 5 * DAY},
                {"id": 4, "assignment": 1, "userid": 6},
            ],
            "quiz_overrides": [{"id": 1, "quiz": 1, "userid": 5, "timeclose": due + 2 * DAY}],
        },
        event(1, r"\mod_assign\event\extension_granted", contextlevel=70, contextinstanceid=10, relateduserid=5),
    )
    found = rows(
        warehouse, "select deadline_id, task_id, account_id, group_id, rule, due_at, cutoff_at, granted_at from raw.deadlines order by 1"
    )
    assert found == [
        ("moodle:deadline:extension:3", "moodle:task:10", account(5), None, "extension", at(due + 5 * DAY), at(due + 5 * DAY), at(T0 + 1)),
        ("moodle:deadline:group_override:1", "moodle:task:10", None, "moodle:group:4", "group_override", at(due + DAY), at(cutoff), None),
        ("moodle:deadline:user_override:2", "moodle:task:10", account(6), None, "user_override", at(due), None, None),
        ("moodle:deadline:user_override:quiz-1", "moodle:task:11", account(5), None, "user_override", at(due + 2 * DAY), None, None),
    ]


def test_trap_28_people_who_left_live_in_the_history_of_grades(loaded: Loaded) -> None:
    items = {"grade_items": [{"id": 1, "courseid": 2, "itemtype": "course", "grademax": 100}]}
    history = [
        {"id": 1, "action": 1, "itemid": 1, "userid": 5, "timemodified": T0},
        {"id": 2, "action": 1, "itemid": 1, "userid": 6, "timemodified": T0},
        {"id": 3, "action": 2, "itemid": 1, "userid": 6, "finalgrade": 40, "timemodified": T0 + DAY},
        {"id": 4, "action": 3, "itemid": 1, "userid": 6, "finalgrade": 40, "timemodified": T0 + 2 * DAY},
    ]
    warehouse = loaded(course(), enrolled(1, 5), items, {"grade_grades_history": history})
    gone = rows(
        warehouse, "select enrolment_id, account_id, role, state, created_at, removed_at from raw.enrolments where state = 'removed'"
    )
    assert gone == [("moodle:enrolment:grade-2:learner", account(6), "learner", "removed", at(T0), at(T0 + 2 * DAY))]
    found = rows(warehouse, "select grade_id, account_id, grade from raw.grades where record = 'history' order by 1")
    assert found == [
        ("moodle:history:1", account(5), None),
        ("moodle:history:2", account(6), None),
        ("moodle:history:3", account(6), 40.0),
        ("moodle:history:4", account(6), 40.0),
    ]


def test_trap_29_completion_views_and_courses_completed(loaded: Loaded) -> None:
    states = [{"id": n + 1, "coursemoduleid": 10, "userid": n + 5, "completionstate": n, "timemodified": T0} for n in range(4)]
    warehouse = loaded(
        course(),
        activity(10, "assign", 1),
        {
            "course_modules_completion": [*states, {"id": 9, "coursemoduleid": 10, "userid": 0}],
            "course_modules_viewed": [{"id": 1, "coursemoduleid": 10, "userid": 5, "timecreated": T0}],
            "course_completions": [{"id": 1, "userid": 5, "course": 2, "timecompleted": T0}, {"id": 2, "userid": 6, "course": 2}],
            "course_completion_criteria": [
                {"id": 1, "course": 2, "criteriatype": 4, "moduleinstance": 10},
                {"id": 2, "course": 2, "criteriatype": 6, "moduleinstance": None},
            ],
            "customcert": [{"id": 1, "course": 2}],
            "customcert_issues": [
                {"id": 1, "customcertid": 1, "userid": 5, "timecreated": T0 + 1},
                {"id": 2, "customcertid": 8, "userid": 5, "timecreated": T0},
            ],
        },
    )
    found = rows(warehouse, "select completion_id, state from raw.completions order by 1")
    assert found == [
        ("moodle:completion:1", "incomplete"),
        ("moodle:completion:2", "complete"),
        ("moodle:completion:3", "passed"),
        ("moodle:completion:4", "failed"),
        ("moodle:viewed:1", "viewed"),
    ]
    outcomes = rows(warehouse, "select outcome_id, reached_at from raw.outcomes order by 1")
    assert outcomes == [("moodle:certificate:1", at(T0 + 1)), ("moodle:course_completed:1", at(T0)), ("moodle:course_completed:2", None)]
    assert rows(warehouse, "select is_required from raw.tasks") == [(True,)]
    rejects = rows(warehouse, "select record, place, reason from raw.rejects where record <> 'courses' order by 1")
    assert rejects == [
        ("completions", "course_modules_completion id 9", "completion of nobody"),
        ("outcomes", "customcert_issues id 2", "outcome of no course"),
    ]


def test_trap_30_raw_marks_of_a_quiz_are_scaled_and_trials_marked(loaded: Loaded) -> None:
    attempt = {"quiz": 1, "userid": 5, "timestart": T0, "timefinish": T0 + 600, "state": "finished"}
    warehouse = loaded(
        course(),
        activity(10, "quiz", 1, sumgrades=4, grade=10),
        activity(11, "quiz", 2, sumgrades=0, grade=0),
        {
            "quiz_attempts": [
                {"id": 1, **attempt, "attempt": 1, "sumgrades": 3},
                {"id": 2, **attempt, "attempt": 2, "state": "inprogress", "timefinish": 0},
                {"id": 3, **attempt, "attempt": 1, "userid": 9, "preview": 1, "state": "abandoned", "timefinish": None},
                {"id": 4, **attempt, "quiz": 2, "attempt": 1, "sumgrades": 0},
            ],
            "quiz_grades": [{"id": 1, "quiz": 1, "userid": 5, "grade": 7.5, "timemodified": T0}],
        },
    )
    found = rows(
        warehouse,
        "select submission_id, state, attempt, is_latest, is_preview, submitted_at, seconds_spent, score, max_score from raw.submissions order by 1",
    )
    assert found == [
        ("moodle:attempt:1", "submitted", 0, False, False, at(T0 + 600), 600.0, 7.5, 10.0),
        ("moodle:attempt:2", "in_progress", 1, True, False, None, None, None, 10.0),
        ("moodle:attempt:3", "abandoned", 0, True, True, None, None, None, 10.0),
        ("moodle:attempt:4", "submitted", 0, True, False, at(T0 + 600), 600.0, None, 0.0),
    ]
    quiz = rows(warehouse, "select grade_id, task_id, grade, max_grade from raw.grades")
    assert quiz == [("moodle:quiz:1", "moodle:task:10", 7.5, 10.0)]


# -- forum and messages -------------------------------------------------------------------------------------------------------

FORUM = together(
    course(),
    activity(10, "forum", 4, type="general"),
    {
        "forum_discussions": [
            {"id": 8, "course": 2, "forum": 4, "firstpost": 1, "groupid": -1, "pinned": 1},
            {"id": 9, "course": 2, "forum": 4, "firstpost": 4, "groupid": 3},
        ]
    },
)


def test_trap_31_posts_replies_edits_and_private_replies(loaded: Loaded) -> None:
    posts = [
        {
            "id": 1,
            "discussion": 8,
            "userid": 5,
            "created": T0,
            "modified": T0,
            "subject": "Срок",
            "message": "<p>Когда сдавать? И куда?</p>",
            "messageformat": 1,
        },
        {
            "id": 2,
            "discussion": 8,
            "parent": 1,
            "userid": 9,
            "created": T0 + 60,
            "modified": T0 + 90,
            "message": "<p>Завтра</p>",
            "messageformat": 1,
            "privatereplyto": 5,
        },
        {"id": 3, "discussion": 8, "parent": 1, "userid": 6, "created": T0 + 70, "modified": T0 + 99, "deleted": 1, "attachment": "1"},
        {"id": 4, "discussion": 9, "userid": 6, "created": T0, "modified": T0, "message": "x", "attachment": "0"},
        {"id": 5, "discussion": 77, "userid": 6, "created": T0, "modified": T0, "message": "сирота"},
    ]
    warehouse = loaded(FORUM, {"forum_posts": posts})
    found = rows(
        warehouse,
        "select message_id, thread_id, reply_to_id, edited_at, deleted_at, is_private, is_pinned, media, question_marks, group_id from raw.messages order by 1",
    )
    assert found == [
        ("moodle:post:1", "moodle:discussion:8", None, None, None, False, True, None, 2, None),
        ("moodle:post:2", "moodle:discussion:8", "moodle:post:1", at(T0 + 90), None, True, False, None, 0, None),
        ("moodle:post:3", "moodle:discussion:8", "moodle:post:1", at(T0 + 99), at(T0 + 99), False, False, "file", 0, None),
        ("moodle:post:4", "moodle:discussion:9", None, None, None, False, False, None, 0, "moodle:group:3"),
    ]
    assert rows(warehouse, "select message_id, account_id, role from raw.addressees") == [("moodle:post:2", account(5), "to")]
    assert rows(warehouse, "select text from personal.messages where message_id = 'moodle:post:1'") == [("Когда сдавать? И куда?",)]
    assert rows(warehouse, "select place, reason from raw.rejects where record = 'messages'") == [
        ("forum_posts id 5", "its discussion is gone")
    ]


def test_trap_31_posts_that_are_gone_are_known_from_the_log_without_their_words(loaded: Loaded) -> None:
    gone = '{"discussionid":"12","forumid":"4","forumtype":"general"}'
    warehouse = loaded(
        FORUM,
        event(1, r"\mod_forum\event\discussion_created", objectid=12, userid=5, other='{"forumid":"4"}'),
        event(2, r"\mod_forum\event\post_created", objectid=22, userid=6, other=gone),
        event(3, r"\mod_forum\event\post_deleted", objectid=20, userid=9, relateduserid=5, other=gone),
        event(4, r"\mod_forum\event\post_deleted", objectid=22, userid=6, other=gone),
        event(5, r"\mod_forum\event\discussion_deleted", objectid=12, userid=9, other='{"forumid":"4"}'),
        event(6, r"\mod_forum\event\post_deleted", objectid=30, userid=6, other="N;"),
    )
    found = rows(warehouse, "select message_id, chat_id, thread_id, account_id, sent_at, deleted_at, words from raw.messages order by 1")
    assert found == [
        ("moodle:post:20", "moodle:forum:4", "moodle:discussion:12", account(5), at(T0 + 1), at(T0 + 3), None),
        ("moodle:post:22", "moodle:forum:4", "moodle:discussion:12", account(6), at(T0 + 2), at(T0 + 4), None),
    ]
    assert rows(warehouse, "select rows_seen from raw.load_counts where record = 'messages'") == [(0,)]


def test_trap_32_the_time_of_a_post_is_its_own_and_all_groups_is_no_group(loaded: Loaded) -> None:
    site = together(FORUM, {"forum_posts": [{"id": 1, "discussion": 8, "userid": 5, "created": T0, "modified": T0}]})
    site["forum_discussions"][0]["timemodified"] = T0 + 30 * DAY
    warehouse = loaded(site)
    assert rows(warehouse, "select sent_at, group_id from raw.messages") == [(at(T0), None)]


def test_trap_33_personal_messages_have_addressees_and_notes_to_oneself_do_not(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        {
            "message_conversations": [{"id": 1, "type": 1}, {"id": 2, "type": 2, "name": "Команда"}, {"id": 3, "type": 3}],
            "message_conversation_members": [
                *({"id": n, "conversationid": 1, "userid": user} for n, user in enumerate((5, 9), start=1)),
                *({"id": n, "conversationid": 2, "userid": user} for n, user in enumerate((5, 6, 9), start=3)),
                {"id": 6, "conversationid": 3, "userid": 5},
            ],
            "messages": [
                {
                    "id": 1,
                    "useridfrom": 5,
                    "conversationid": 1,
                    "fullmessage": "Где тест?\nНе вижу",
                    "fullmessageformat": 2,
                    "timecreated": T0,
                },
                {
                    "id": 2,
                    "useridfrom": 9,
                    "conversationid": 2,
                    "fullmessage": "<p>Всем&nbsp;привет</p>",
                    "fullmessageformat": 1,
                    "timecreated": T0,
                },
                {"id": 3, "useridfrom": 5, "conversationid": 3, "smallmessage": "себе", "timecreated": T0},
            ],
        },
    )
    assert rows(warehouse, "select chat_id, kind from raw.chats order by 1") == [
        ("moodle:conversation:1", "personal"),
        ("moodle:conversation:2", "group"),
        ("moodle:conversation:3", "saved"),
    ]
    assert rows(
        warehouse, "select message_id, channel, is_private, text from raw.messages join personal.messages using (message_id) order by 1"
    ) == [
        ("moodle:direct:1", "direct", True, "Где тест?\nНе вижу"),
        ("moodle:direct:2", "direct", False, "Всем привет"),
        ("moodle:direct:3", "direct", False, "себе"),
    ]
    expected = sorted([("moodle:direct:1", account(9)), ("moodle:direct:2", account(5)), ("moodle:direct:2", account(6))])
    assert rows(warehouse, "select message_id, account_id from raw.addressees where role = 'member' order by 1, 2") == expected


def test_what_a_log_tells_of_a_course_and_a_group_that_are_gone_points_to_nothing(loaded: Loaded) -> None:
    gone = {"courseid": 77, "contextlevel": 70, "contextinstanceid": 7, "component": "mod_assign"}
    warehouse = loaded(
        course(),
        # Groups deleted in good order leave no row, only events; so does a course with its people and activities.
        event(1, r"\core\event\group_member_added", objectid=9, relateduserid=5),
        event(2, r"\core\event\group_deleted", objectid=9),
        event(3, r"\mod_assign\event\course_module_viewed", userid=5, **gone),
        event(4, r"\core\event\user_enrolment_deleted", relateduserid=5, other=json.dumps({"userenrolment": {"id": 4}}), courseid=77),
        event(5, r"\core\event\course_deleted", objectid=77, courseid=77),
        event(
            6,
            r"\mod_forum\event\post_deleted",
            objectid=3,
            userid=5,
            relateduserid=5,
            courseid=77,
            other=json.dumps({"forumid": 8, "discussionid": 2}),
        ),
    )
    for table in ("memberships", "tasks", "enrolments", "messages"):
        assert rows(warehouse, f"select * from raw.{table}") == [], table
    assert rows(warehouse, "select count(*) from raw.activity") == [(6,)]


def test_rows_of_what_was_deleted_by_hand_are_rejected_and_their_people_are_accounts(loaded: Loaded) -> None:
    warehouse = loaded(
        course(),
        {
            "user": [{"id": 5, "username": "anna", "firstname": "Анна"}],
            "enrol": [{"id": 9, "enrol": "manual", "courseid": 99, "roleid": STUDENT}],
            "user_enrolments": [
                {"id": 1, "enrolid": 2, "userid": 66, "timecreated": T0, "timemodified": T0},
                {"id": 2, "enrolid": 9, "userid": 5, "timecreated": T0, "timemodified": T0},
            ],
            "role_assignments": [{"id": 1, "roleid": STUDENT, "contextid": 102, "userid": 66, "timemodified": T0}],
            "groups_members": [{"id": 1, "groupid": 55, "userid": 5, "timeadded": T0}],
            "course_modules": [{"id": 40, "course": 99, "module": 1, "instance": 4}],
            "course_completions": [{"id": 1, "userid": 5, "course": 99, "timecompleted": T0}],
            "forum_discussions": [{"id": 1, "forum": 8, "course": 2, "groupid": -1}],
            "forum_posts": [
                {"id": 1, "discussion": 1, "userid": 66, "created": T0, "modified": T0, "message": "?"},
                {"id": 2, "discussion": 1, "parent": 1, "userid": 5, "created": T0, "modified": T0, "message": "!", "privatereplyto": 66},
            ],
            "assign_submission": [{"id": 1, "assignment": 1, "userid": 67, "status": "", "timemodified": T0, "latest": 1}],
        },
        activity(10, "assign", 1),
    )
    found = rows(warehouse, "select record, place, reason from raw.rejects where record not in ('courses') order by 1, 2")
    assert found == [
        ("enrolments", "moodle:enrolment:2:other", "its course is gone"),
        ("memberships", f"moodle:membership:55:{account(5)}:{T0}", "its group is gone"),
        ("messages", "moodle:post:1", "its forum or conversation is gone"),
        ("messages", "moodle:post:2", "its forum or conversation is gone"),
        ("outcomes", "moodle:course_completed:1", "its course is gone"),
        ("tasks", "moodle:task:40", "its course is gone"),
    ]
    assert rows(warehouse, "select * from raw.addressees") == []
    assert rows(warehouse, "select account_id, state from raw.submissions") == [(account(67), "new")]
    assert sorted(rows(warehouse, "select account_id, is_deleted from raw.accounts")) == sorted(
        [(account(5), False), (account(66), True), (account(67), True)]
    )
