"""BigBlueButton's learning dashboard and recordings' events: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.webinars.attendance import SIGNS
from pipelines.sources.webinars.bigbluebutton import BigBlueButtonReader
from tests.unit.sources.orders import rows_after
from tests.unit.sources.report_reading import FIXTURES, Reading

FOLDER = FIXTURES / "bigbluebutton"
START = datetime(2026, 9, 8, 14, tzinfo=UTC)
WEBINAR = f"bigbluebutton:webinar:{'0f' * 20}:{int(START.timestamp())}"


def read(name: str, **source: object) -> Reading:
    return Reading(BigBlueButtonReader(), FOLDER / name, **source)


def minutes(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - START) / timedelta(minutes=1)


def stays(report: Reading) -> list[tuple[str, float | None, float | None]]:
    names = report.column("accounts", "display_name")
    return [(name, minutes(row["joined_at"]), minutes(row["left_at"])) for name, row in zip(names, report.rows("attendance"), strict=True)]


def test_dashboard_sessions_devices_and_the_end_of_the_meeting():
    report = read("learning_dashboard.json")
    assert stays(report) == [
        ("Anna Kuratorova", 0, 20),
        ("Anna Kuratorova", 10, 25),  # a second device at the same time
        ("Anna Kuratorova", 30, 70),  # not left yet: until the meeting's end
        ("Galya", 2, 3),
    ]
    (webinar,) = report.rows("webinars")
    assert (webinar["webinar_id"], webinar["starts_at"], webinar["minutes"]) == (WEBINAR, START, 70)
    assert report.rejected == [("user 3, stay 1", "neither times nor minutes"), ("user 4, stay 1", "left before joining")]


def test_dashboard_signs_of_attention_stand_once():
    first, second, third, galya = read("learning_dashboard.json").rows("attendance")
    assert [first[sign] for sign in SIGNS] == [3, 1, 2, 2, 1.5, 22.5]
    assert [second[sign] for sign in SIGNS] == [third[sign] for sign in SIGNS] == [None] * 6
    assert [galya[sign] for sign in SIGNS] == [0] * 6


def test_dashboard_of_2022_counts_raised_hands_among_the_emoji():
    report = read("learning_dashboard_of_2022.json")
    (stay,) = report.rows("attendance")
    assert [stay[sign] for sign in SIGNS] == [1, 1, 1, 0, 0, 0]
    assert minutes(stay["left_at"]) == 70


def test_dashboard_of_2026_ends_nobody_s_stay_who_lost_the_connection_and_no_camera_of_who_left():
    report = read("learning_dashboard_of_2026.json")
    assert stays(report) == [("Anna Kuratorova", 0, 25), ("Galya", 2, 40)]
    assert [report.rows("attendance")[0][sign] for sign in SIGNS] == [0, 1, 1, 0, 0, 20]


def test_camera_of_who_left_and_came_back_was_off_between(tmp_path: Path):
    """Anna's camera is on when she leaves after 25 minutes; she is back from the 40th to the 60th, with the camera from the 50th on."""
    told = json.loads((FOLDER / "learning_dashboard_of_2026.json").read_text("utf-8"))
    anna = told["users"]["anna-1"]
    began, minute = told["createdOn"], 60_000
    anna["intIds"]["w_anna"]["sessions"].append({"registeredOn": began + 40 * minute, "leftOn": began + 60 * minute})
    anna["webcams"].append({"startedOn": began + 50 * minute, "stoppedOn": 0})
    (tmp_path / "back.json").write_text(json.dumps(told), "utf-8")
    assert Reading(BigBlueButtonReader(), tmp_path / "back.json").rows("attendance")[0]["camera_minutes"] == 20 + 10


@pytest.mark.parametrize("name", ["events.xml", "events_of_a_clock_of_its_own.xml"])
def test_recording_events(name: str):
    report = read(name)
    assert stays(report) == [("Anna Kuratorova", 0, 70), ("Galya", 2, 9), ("Galya", 11, 70)]
    anna, galya, again = report.rows("attendance")
    assert [anna[sign] for sign in SIGNS] == [1, 0, 0, 0, 1.5, 12.5]
    assert [galya[sign] for sign in SIGNS] == [0, 1, 1, 1, 0, 0]
    assert [again[sign] for sign in SIGNS] == [None] * 6
    assert report.column("webinars", "webinar_id") == [WEBINAR]


def test_ids_that_the_server_made_are_of_one_meeting_only():
    natives = read("events.xml").column("accounts", "native_id")
    assert natives == ["5", *[f"galya|@{WEBINAR.removeprefix('bigbluebutton:webinar:')}"] * 2]


def test_with_the_realm_of_the_lms_its_user_ids_are_its_accounts():
    report = read("events.xml", realm="moodle")
    anna = report.rows("accounts")[0]
    assert anna["account_id"] == report.account("5", "moodle")
    # Who that is the LMS says: a webinar's name must not stand over it.
    assert (anna["channel"], anna["display_name"], anna["email"]) == ("lms", None, None)
    assert report.column("accounts", "channel")[1] == "webinar"


def test_dashboard_and_recording_of_one_meeting_are_the_same_stays():
    files = [FOLDER / "learning_dashboard.json", FOLDER / "events.xml"]
    query = "select attendance_id, webinar_id from raw.attendance order by 1"
    one, other = (rows_after(BigBlueButtonReader(), order, query) for order in (files, files[::-1]))
    assert one == other
    assert len(one) == 3 + 2  # Anna's three sessions of the dashboard, Galya's two of the recording


def test_odd_types_are_rejected_and_nothing_else_happens():
    report = read("odd_types.json")
    assert report.rows("attendance") == []
    assert report.rows("webinars") == []
    assert {reason for _, reason in report.rejected} == {"neither times nor minutes"}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("learning_dashboard_cut.json", "cut off"),
        ("other.json", "other JSON"),
        ("deep.json", "no JSON"),
        ("empty.json", "an empty file"),
        ("events_cut.xml", "cut off or damaged"),
        ("events_entities.xml", "without a document type"),
        ("other.xml", "other XML"),
        ("../zoom/english.csv", "no JSON"),
    ],
)
def test_what_is_neither_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        read(name)


def test_first_dashboards_have_one_stay_a_user_and_counted_signs(tmp_path: Path):
    begin = int(START.timestamp() * 1000)
    user = {
        "intId": "w_aaa", "extId": "w_aaa", "name": "Anna Kuratorova", "answers": {"poll-1": "A"}, "webcams": [],
        "talks": [{"startedOn": begin, "stoppedOn": begin + 90_000}], "totalOfMessages": 3, "totalOfRaiseHands": 2, "totalOfEmojis": 1,
        "registeredOn": begin, "leftOn": begin + 600_000,
    }  # fmt: skip
    file = tmp_path / "learning_dashboard_data.json"
    file.write_text(json.dumps({"intId": f"{'0f' * 20}-{begin}", "name": "Digital school", "users": {"w_aaa": user}, "polls": {}}))
    report = Reading(BigBlueButtonReader(), file)
    assert stays(report) == [("Anna Kuratorova", 0, 10)]
    (row,) = report.rows("attendance")
    assert {sign: row[sign] for sign in SIGNS} == {
        "chat_messages": 3, "reactions": 1, "raised_hands": 2, "poll_answers": 1, "talk_minutes": 1.5, "camera_minutes": 0,
    }  # fmt: skip


def test_recording_tells_of_cameras_by_status_and_of_a_poll_once(tmp_path: Path):
    begin = int(START.timestamp() * 1000)
    events = [
        (0, "ParticipantJoinEvent", "<userId>w_aaa</userId><externalUserId>5</externalUserId><name>Anna Kuratorova</name>"),
        (1, "ParticipantStatusChangeEvent", "<userId>w_aaa</userId><status>hasStream</status><value>true,stream=cam-w_aaa-1</value>"),
        (4, "ParticipantStatusChangeEvent", "<userId>w_aaa</userId><status>hasStream</status><value>false,stream=cam-w_aaa-1</value>"),
        (5, "UserRespondedToPollRecordEvent", "<userId>w_aaa</userId><pollId>p1</pollId><answerId>1</answerId>"),
        (5, "UserRespondedToPollRecordEvent", "<userId>w_aaa</userId><pollId>p1</pollId><answerId>2</answerId>"),
        (6, "UserRespondedToPollRecordEvent", "<userId>w_aaa</userId><pollId>p2</pollId><answerId>2</answerId>"),
        (9, "EndAndKickAllEvent", ""),
    ]
    lines = [
        f'<event timestamp="{minute}" eventname="{name}"><timestampUTC>{begin + minute * 60_000}</timestampUTC>{fields}</event>'
        for minute, name, fields in events
    ]
    file = tmp_path / "events.xml"
    file.write_text(f'<recording meeting_id="{"0f" * 20}-{begin}">{"".join(lines)}</recording>')
    (row,) = Reading(BigBlueButtonReader(), file).rows("attendance")
    assert (row["camera_minutes"], row["poll_answers"], row["minutes"]) == (3, 2, 9)


def recorded(folder: Path, *events: tuple[float, str, str]) -> Reading:
    """A recording of these events: (minute, name, fields)."""
    begin = int(START.timestamp() * 1000)
    lines = [
        f'<event timestamp="{int(minute * 60_000)}" eventname="{name}"><timestampUTC>{begin + int(minute * 60_000)}</timestampUTC>{fields}</event>'
        for minute, name, fields in events
    ]
    file = folder / "events.xml"
    file.write_text(f'<recording meeting_id="{"0f" * 20}-{begin}" bbb_version="3.0.9">{"".join(lines)}</recording>')
    return Reading(BigBlueButtonReader(), file)


ANNA_JOINS = (
    "<userId>w_aaa</userId><externalUserId>5</externalUserId><name>Anna Kuratorova</name><role>VIEWER</role><userdata>{}</userdata>"
)
TALKS = "<participant>w_aaa</participant><talking>true</talking>"


@pytest.mark.parametrize(
    ("event", "fields", "minutes"),
    [
        ("ParticipantMutedEvent", "<participant>w_aaa</participant><muted>true</muted>", 2),
        ("ParticipantLeftEvent", "<participant>w_aaa</participant><bridge>70001</bridge>", 2),
        ("ParticipantMutedEvent", "<participant>w_aaa</participant><muted>false</muted>", 9),
    ],
    ids=["muted", "out of the audio", "unmuted"],
)
def test_who_is_muted_or_out_of_the_audio_talks_no_more(tmp_path: Path, event: str, fields: str, minutes: float):
    report = recorded(
        tmp_path,
        (0, "ParticipantJoinEvent", ANNA_JOINS),
        (1, "ParticipantTalkingEvent", TALKS),
        (3, event, fields),
        (10, "EndAndKickAllEvent", ""),
    )
    (row,) = report.rows("attendance")
    assert (row["talk_minutes"], row["minutes"]) == (minutes, 10)


def test_recording_of_version_3_tells_of_hands_reactions_and_who_was_away(tmp_path: Path):
    def status(what: str, value: str) -> str:
        return f"<userId>w_aaa</userId><status>{what}</status><value>{value}</value>"

    report = recorded(
        tmp_path,
        (0, "ParticipantJoinEvent", ANNA_JOINS),
        (1, "ParticipantStatusChangeEvent", status("raiseHand", "true")),
        (2, "ParticipantStatusChangeEvent", status("raiseHand", "false")),
        (3, "ParticipantStatusChangeEvent", status("reactionEmoji", "\U0001f44d")),
        (3.5, "ParticipantStatusChangeEvent", status("reactionEmoji", "none")),
        (4, "ParticipantStatusChangeEvent", status("away", "true")),
        (5, "ParticipantStatusChangeEvent", status("hasScreenShare", "true,stream=s-w_aaa")),
        (6, "SendPublicChatMessageReactionRecordEvent", "<senderId>w_aaa</senderId><messageId>m1</messageId>"),
        (10, "EndAndKickAllEvent", "<reason>ENDED_BY_USER</reason>"),
    )
    (row,) = report.rows("attendance")
    assert [row[sign] for sign in SIGNS] == [0, 1, 1, 0, 0, 0]


def test_who_rings_up_was_there_and_his_number_is_no_id_of_the_lms(tmp_path: Path):
    call = "<participant>v_bbb</participant><callername>+7 900 XXX-XX-05</callername>"
    report = recorded(
        tmp_path,
        (0, "ParticipantJoinEvent", ANNA_JOINS),
        (2, "ParticipantJoinedEvent", call + "<talking>false</talking>"),
        (2, "ParticipantJoinedEvent", "<participant>w_aaa</participant><callername>Anna Kuratorova</callername>"),
        (6, "ParticipantLeftEvent", call),
        (10, "EndAndKickAllEvent", ""),
    )
    assert stays(report) == [("Anna Kuratorova", 0, 10), ("+7 900 XXX-XX-05", 2, 6)]

    begin = int(START.timestamp() * 1000)
    session = {"registeredOn": begin + 120_000, "leftOn": begin + 360_000}
    user = {"userKey": "x", "extId": "+7 900 XXX-XX-05", "name": "+7 900 XXX-XX-05", "isDialIn": True, "intIds": {"v_bbb": {"intId": "v_bbb", "sessions": [session]}}}  # fmt: skip
    file = tmp_path / "learning_dashboard_data.json"
    file.write_text(json.dumps({"intId": f"{'0f' * 20}-{begin}", "endedOn": begin + 600_000, "users": {"x": user}}))
    dashboard = Reading(BigBlueButtonReader(), file, realm="moodle")
    assert dashboard.column("accounts", "channel") == ["webinar"]
    assert dashboard.column("accounts", "native_id") == report.column("accounts", "native_id")[1:]
