"""Webinars that Moodle's own activities tell of: Zoom (mod_zoom) and BigBlueButton (mod_bigbluebuttonbn)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.loading import load_source
from pipelines.loading.loads import Load
from pipelines.warehouse import Warehouse
from tests.unit.sources.moodle_fixture import PSEUDONYMS, T0, activity, change, course, event, make_moodle, programme, source, together

RUN_AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
RECORD = f"{'a' * 40}-{T0 * 1000}"


def load(warehouse: Warehouse, url: str) -> Load:
    of = source()
    (done,) = load_source(warehouse, programme(of), of, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=url)
    assert done.state in ("loaded", "unchanged"), done.problem
    return done


def account(user: int) -> str:
    return PSEUDONYMS.of("moodle", str(user))


def zoom() -> dict[str, list[dict[str, Any]]]:
    stay = {"detailsid": 4, "user_email": "", "leave_time": T0 + 3600}
    return together(
        course(),
        {"user": [{"id": 5, "firstname": "Анна", "lastname": "Котова", "email": "a@example.org"}]},
        activity(10, "zoom", 3),
        event(1, r"\core\event\course_viewed"),
        {
            "zoom_meeting_details": [{"id": 4, "zoomid": 3, "topic": "Установочный вебинар", "start_time": T0, "end_time": T0 + 3600}],
            "zoom_meeting_participants": [
                {"id": 1, "userid": 5, "name": "Анна Котова", "join_time": T0, **stay, "leave_time": T0 + 1800},
                {"id": 2, "userid": 5, "name": "iPhone", "join_time": T0 + 2400, **stay},
                {"id": 3, "userid": None, "name": "Пётр Ильин", "join_time": T0, **stay, "user_email": "P@Example.org"},
                {"id": 4, "userid": 5, "name": "Анна Котова", "join_time": 0, **stay},
                {"id": 5, "userid": 5, "name": "Анна Котова", "join_time": T0, **stay, "detailsid": 9},
            ],
        },
    )


def summary(number: int, user: int | None, **data: Any) -> dict[str, Any]:
    told = {"name": "Анна Котова", "moderator": False, **data}
    meta = json.dumps({"recordid": RECORD, "data": told})
    return {"id": number, "bigbluebuttonbnid": 3, "userid": user, "timecreated": T0 + 9000, "log": "Summary", "meta": meta}


def test_stays_of_moodles_zoom_are_of_the_users_that_moodle_names(warehouse: Warehouse, tmp_path: Path) -> None:
    done = load(warehouse, make_moodle(tmp_path / "moodle.db", zoom()))
    assert done.seen["attendance"] == 5
    assert warehouse.rows("select webinar_id, title, course_id, minutes from raw.webinars") == [
        (f"moodle:webinar:zoom-4:{T0}", "Установочный вебинар", "moodle:course:2", 60.0)
    ]
    stays = warehouse.rows("select account_id, minutes from raw.attendance order by minutes, joined_at")
    assert stays[:2] == [(account(5), 20.0), (account(5), 30.0)]
    assert stays[2][1] == 60.0
    assert warehouse.rows("select place, reason from raw.rejects where record = 'attendance' order by 1") == [
        ("zoom_meeting_participants id 4", "no time of joining or leaving"),
        ("zoom_meeting_participants id 5", "its meeting is gone"),
    ]
    people = "select display_name, email, channel from personal.accounts join raw.accounts using (account_id) order by 1"
    # The name of the LMS stays what the LMS says, whatever device was in the meeting.
    assert warehouse.rows(people) == [("Анна Котова", "a@example.org", "lms"), ("Пётр Ильин", "p@example.org", "webinar")]


def test_stays_that_bigbluebutton_has_told_its_activity(warehouse: Warehouse, tmp_path: Path) -> None:
    engagement = {"chats": 3, "talks": 8, "raisehand": 1, "emojis": 2, "poll_votes": 4, "talk_time": 90}
    when = [datetime.fromtimestamp(T0 + seconds, UTC) for seconds in (60, 660, 1200, 3000)]
    rows = together(
        course(),
        activity(10, "bigbluebuttonbn", 3),
        {
            "bigbluebuttonbn_logs": [
                {"id": 1, "bigbluebuttonbnid": 3, "userid": 5, "timecreated": T0, "log": "Join", "meta": '{"origin":0}'},
                summary(
                    2, 5, joins=[f"{when[0]:%Y-%m-%d %H:%M:%S} +0000", when[2].isoformat()], leaves=[when[1].isoformat(), when[3].isoformat()],
                    duration=2400, engagement=engagement,
                ),
                summary(3, 6, joins=[when[0].isoformat()], leaves=[], duration=600.0, engagement={}),
                {**summary(4, 7), "meta": '{"recordid": "cut'},
            ]
        },
        event(1, r"\core\event\course_viewed"),
    )  # fmt: skip
    load(warehouse, make_moodle(tmp_path / "moodle.db", rows))
    assert warehouse.rows("select title, course_id, epoch(starts_at)::bigint, minutes from raw.webinars") == [
        ("bigbluebuttonbn 3", "moodle:course:2", T0, 50.0)
    ]
    stays = "select account_id, minutes, chat_messages, reactions, raised_hands, poll_answers, talk_minutes from raw.attendance order by joined_at, chat_messages"
    assert warehouse.rows(stays) == [
        (account(5), 10.0, 3, 2, 1, 4, 1.5),
        (account(6), 10.0, None, None, None, None, None),
        (account(5), 30.0, 0, 0, 0, 0, 0.0),
    ]
    assert warehouse.rows("select place, reason from raw.rejects where record = 'attendance'") == [
        ("bigbluebuttonbn_logs id 4", "a summary that cannot be read")
    ]


def test_later_stays_come_and_those_taken_away_go(warehouse: Warehouse, tmp_path: Path) -> None:
    url = make_moodle(tmp_path / "moodle.db", zoom())
    load(warehouse, url)
    change(
        tmp_path / "moodle.db",
        "insert into mdl_zoom_meeting_participants (id, userid, name, join_time, leave_time, detailsid) values (6, 5, 'Анна Котова', ?, ?, 4)",
        (T0 + 3000, T0 + 3060),
    )
    change(tmp_path / "moodle.db", "delete from mdl_zoom_meeting_participants where id = 1")
    change(tmp_path / "moodle.db", "update mdl_logstore_standard_log set timecreated = timecreated + 9000")
    load(warehouse, url)
    assert warehouse.rows("select minutes from raw.attendance where account_id = ? order by 1", [account(5)]) == [(1.0,), (20.0,)]
    # Without the plug-in the night goes on.
    for table in ("zoom", "zoom_meeting_details", "zoom_meeting_participants", "bigbluebuttonbn", "bigbluebuttonbn_logs"):
        change(tmp_path / "moodle.db", f"drop table mdl_{table}")
    change(tmp_path / "moodle.db", "update mdl_logstore_standard_log set timecreated = timecreated + 9000")
    load(warehouse, url)
    assert warehouse.value("select count(*) from raw.attendance") == 0
