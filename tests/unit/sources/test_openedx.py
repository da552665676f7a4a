"""Tracking logs of Open edX: what each event becomes. All people are invented."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.loading import load_item, load_source
from pipelines.programme import Programme, Source
from pipelines.sources import READERS
from pipelines.sources.lms.openedx import OpenEdxReader
from pipelines.sources.reading import Item
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS, Reading

FOLDER = FIXTURES / "openedx"
COURSE = "openedx:course:course-v1:MyOrg+Schools+2026"
PROBLEM = "block-v1:MyOrg+Schools+2026+type@problem+block@p1"


def who(native: str) -> str:
    return PSEUDONYMS.of("openedx", native)


LEARNER, OTHER, CURATOR = who("7"), who("8"), who("9")


@pytest.fixture(scope="module")
def log() -> Reading:
    return Reading(OpenEdxReader(), FOLDER / "tracking.log")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def test_every_event_is_a_row_of_activity_with_its_action(log: Reading) -> None:
    assert log.rejected == []
    actions = list(zip(log.column("activity", "event"), log.column("activity", "action"), strict=True))
    assert actions[:8] == [
        ("edx.course.enrollment.activated", "enrolled"),
        ("edx.course.enrollment.activated", "enrolled"),
        ("problem_check", "other"),  # the browser's: the server's stands for the deed
        ("problem_check", "submitted"),
        ("edx.grades.problem.submitted", "other"),
        ("play_video", "viewed"),
        ("pause_video", "other"),
        ("request:courses", "viewed"),
    ]
    assert (log.covers.since, log.covers.until) == (at(2026, 9, 1, 8, 0, 0, 1), at(2026, 11, 22, 9, 30))


def test_requests_and_settings_pass_on_nothing_that_was_typed(log: Reading) -> None:
    told = [str(row) for row in log.rows("activity")]
    assert not [row for row in told if "sorokina" in row or "тайна" in row or "example.org" in row or "секретный" in row]
    assert "request:api" in log.column("activity", "event")


def test_blocks_are_found_in_form_fields_payloads_and_links(log: Reading) -> None:
    found = {
        (row["event"], row["object_id"], row["task_id"]) for row in log.rows("activity") if row["event"] in ("play_video", "problem_check")
    }
    video = "block-v1:MyOrg+Schools+2026+type@video+block@v1"
    assert found == {
        ("problem_check", PROBLEM, f"openedx:task:{PROBLEM}"),
        ("play_video", video, f"openedx:task:{video}"),
    }
    tasks = {row["task_id"]: (row["kind"], row["name"]) for row in log.rows("tasks")}
    assert tasks[f"openedx:task:{PROBLEM}"] == ("quiz", "Проверьте себя")
    assert "openedx:task:block-v1:MyOrg+Schools+2026+type@sequential+block@s1" in tasks


def test_who_acts_and_who_is_acted_upon(log: Reading) -> None:
    rows = log.rows("activity")
    by_command, certificate = rows[1], next(row for row in rows if row["event"] == "edx.certificate.created")
    assert (by_command["account_id"], by_command["related_account_id"], by_command["origin"]) == (None, OTHER, "cli")
    assert (certificate["account_id"], certificate["related_account_id"]) == (CURATOR, LEARNER)
    anonymous = next(row for row in rows if row["event"] == "edx.ui.lms.link_clicked")
    assert anonymous["account_id"] is None
    known = {row["account_id"]: row["username"] for row in log.rows("accounts")}
    assert known == {LEARNER: "sorokina", OTHER: "lapin", CURATOR: "kurator", who("name:lapin"): "lapin"}


def test_enrolments_have_the_last_state(log: Reading) -> None:
    found = {(row["account_id"], row["role"]): row for row in log.rows("enrolments")}
    assert set(found) == {(LEARNER, "learner"), (OTHER, "learner"), (CURATOR, "curator")}
    left = found[OTHER, "learner"]
    assert (left["state"], left["created_at"], left["removed_at"]) == ("removed", at(2026, 9, 1, 8, 0, 0, 1), at(2026, 11, 22, 8))
    assert (found[LEARNER, "learner"]["state"], found[LEARNER, "learner"]["method"]) == ("active", "audit")


def test_problems_checked_are_attempts_and_grades(log: Reading) -> None:
    (attempt,) = log.rows("submissions")
    assert (attempt["account_id"], attempt["attempt"], attempt["score"], attempt["max_score"]) == (LEARNER, 1, 1.0, 2.0)
    grades = {row["grade_id"].split(":")[1]: (row["grade"], row["max_grade"]) for row in log.rows("grades") if row["task_id"]}
    assert grades == {"quiz": (1.0, 2.0), "gradebook": (3.0, 4.0)}
    (total,) = [row for row in log.rows("grades") if not row["task_id"]]
    assert (total["grade"], total["max_grade"]) == (7.0, 100.0)
    (mark,) = log.rows("completions")
    assert (mark["state"], mark["account_id"], mark["completed_at"]) == ("complete", LEARNER, at(2026, 9, 4, 8))


def test_forum_is_a_thread_with_who_answers_whom(log: Reading) -> None:
    thread, response, comment = log.rows("messages")
    assert (thread["text"], thread["subject"], thread["question_marks"]) == ("Не вижу задание. Где оно?", "Где задание?", 1)
    assert (response["reply_to_id"], response["thread_id"]) == ("openedx:post:t1", "openedx:discussion:t1")
    assert (comment["reply_to_id"], comment["thread_id"], comment["account_id"]) == ("openedx:post:r1", "openedx:discussion:t1", None)
    assert {row["chat_id"] for row in (thread, response, comment)} == set(log.column("chats", "chat_id"))


def test_outcomes_and_cohorts(log: Reading) -> None:
    assert {(row["kind"], row["account_id"]): row["reached_at"] for row in log.rows("outcomes")} == {
        ("course_completed", LEARNER): at(2026, 11, 20, 8),
        ("certificate", LEARNER): at(2026, 11, 21, 8),
    }
    assert log.column("course_groups", "name") == ["Поток 1"]
    (stay,) = log.rows("memberships")
    assert (stay["group_id"], stay["account_id"], stay["left_at"]) == ("openedx:group:3", LEARNER, None)


def test_a_course_that_is_completed_is_an_outcome(tmp_path: Path) -> None:
    course = "course-v1:Org+Course+2026"
    event = {
        "name": "edx.course.completed",
        "timestamp": "2026-11-20T08:00:00.5+00:00",
        "context": {"course_id": course, "user_id": 7, "username": "anna"},
        "data": {"course_id": course, "user_id": 7},
    }
    (tmp_path / "tracking.log").write_text(json.dumps(event) + "\n")
    read = Reading(OpenEdxReader(), tmp_path / "tracking.log")
    assert read.column("activity", "action") == ["completed"]
    assert [(row["kind"], row["reached_at"]) for row in read.rows("outcomes")] == [("course_completed", at(2026, 11, 20, 8, 0, 0, 500_000))]


def test_what_syslog_wrote_first_changes_nothing(log: Reading) -> None:
    (row,) = Reading(OpenEdxReader(), FOLDER / "syslog_prefix.log").rows("activity")
    assert row in log.rows("activity")


def test_gzip_and_order_of_keys_change_nothing(tmp_path: Path, log: Reading) -> None:
    import json

    turned = "\n".join(
        json.dumps(dict(reversed(json.loads(line).items()))) for line in (FOLDER / "tracking.log").read_text(encoding="utf-8").splitlines()
    )
    packed = tmp_path / "tracking.log.gz"
    packed.write_bytes(gzip.compress(turned.encode()))
    assert Reading(OpenEdxReader(), packed).column("activity", "activity_id") == log.column("activity", "activity_id")


def test_bad_lines_are_rejected_with_their_place() -> None:
    found = Reading(OpenEdxReader(), FOLDER / "oddities.log")
    assert found.rejected == [
        ("line 2", "no JSON"),
        ("line 3", "not an object"),
        ("line 4", "no event name"),
        ("line 5", "no readable time"),
        ("line 9", "nested too deep"),
        ("line 11", "no JSON"),
    ]
    # The same line twice is one event; a surrogate and a zero byte are made storable; a "name" with words in it is not passed on.
    ids = found.column("activity", "activity_id")
    assert (len(ids), len(set(ids))) == (4, 3)
    assert found.column("activity", "event")[2:] == ["unnamed", "unnamed"]
    assert "x�y" in found.column("accounts", "username")


def test_old_block_is_one_task_in_form_fields_and_in_payloads(tmp_path: Path) -> None:
    old = {"event_type": "problem_check", "username": "sorokina", "time": "2013-05-05T10:00:00+00:00"}
    context = {"course_id": "MITx/6.002x/2013\n", "user_id": 7}
    lines = [
        old | {"event_source": "browser", "event": "input_i4x-MITx-6_002x-problem-abc_2_1=7", "context": context},
        old | {"event_source": "server", "event": {"problem_id": "i4x://MITx/6.002x/problem/abc", "attempts": 1, "grade": 1, "max_grade": 2}, "context": context},
        old | {"event_type": "/courses/MITx/6.002x/2013/xblock/i4x:;_;_MITx;_6.002x;_problem;_abc/handler", "event_source": "server", "event": "{}",
               "context": context | {"path": "/courses/MITx/6.002x/2013/xblock/i4x:;_;_MITx;_6.002x;_problem;_abc/handler"}},
    ]  # fmt: skip
    path = tmp_path / "tracking.log"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = Reading(OpenEdxReader(), path)
    assert set(found.column("activity", "course_id")) == {"openedx:course:MITx/6.002x/2013"}
    assert found.column("activity", "object_id")[:2] == ["i4x-MITx-6_002x-problem-abc"] * 2
    assert set(found.column("tasks", "task_id")) == {"openedx:task:i4x-MITx-6_002x-problem-abc"}


def test_bookmark_names_its_block(tmp_path: Path) -> None:
    event = {"course_id": COURSE.removeprefix("openedx:course:"), "bookmark_id": f"sorokina,{PROBLEM}", "component_usage_id": PROBLEM}
    line = {
        "name": "edx.bookmark.added",
        "event": event,
        "event_source": "server",
        "time": "2026-09-01T10:00:00Z",
        "context": {"user_id": 7},
    }
    (tmp_path / "tracking.log").write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert Reading(OpenEdxReader(), tmp_path / "tracking.log").column("activity", "object_id") == [PROBLEM]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cut_off.log", "the end of the file: it is cut off"),
        ("empty.log", "an empty file"),
        ("another_format.log", "something else"),
        ("other_json.log", "JSON of something else"),
    ],
)
def test_what_is_no_whole_log_is_refused(name: str, found: str) -> None:
    with pytest.raises(BadFile, match=found):
        Reading(OpenEdxReader(), FOLDER / name)


def test_damaged_gzip_is_refused(tmp_path: Path) -> None:
    packed = gzip.compress((FOLDER / "tracking.log").read_bytes() * 50)
    for name, content in (("cut.log.gz", packed[: len(packed) // 2]), ("bits.log.gz", packed[:200] + b"\0" * 50 + packed[250:])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadFile):
            Reading(OpenEdxReader(), tmp_path / name)


def test_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.formats.json_lines._UNFOLDS_FREELY", 1 << 16)
    (tmp_path / "bomb.log.gz").write_bytes(gzip.compress(b'{"a":1}\n' * 500_000))
    with pytest.raises(BadFile, match="unfolds without end"):
        Reading(OpenEdxReader(), tmp_path / "bomb.log.gz")


def test_line_without_end_is_one_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.formats.json_lines.LONGEST_LINE", 2000)
    line = (FOLDER / "tracking.log").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "long.log").write_text(f'{line}\n{{"a": "{"x" * 9000}"}}\n{line}\n', encoding="utf-8")
    assert Reading(OpenEdxReader(), tmp_path / "long.log").rejected == [("line 2", "line too long")]


def test_rotated_files_are_items() -> None:
    source = Source(name="edx", kind="openedx", path=FOLDER / "rotated")
    assert [item.name for item in OpenEdxReader().items(source, CONTEXT)] == ["tracking.log", "tracking.log-20260903"]
    with pytest.raises(BadSource):
        OpenEdxReader().items(source.model_copy(update={"path": FOLDER / "nowhere"}), CONTEXT)


def test_overlapping_files_give_the_same_rows_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS, "openedx", OpenEdxReader())
    source = Source(name="edx", kind="openedx", path=FOLDER / "rotated")
    programme = Programme(id="p", name="p", sources=(source,))
    items = list(OpenEdxReader().items(source, CONTEXT))
    pictures = []
    for order in (items, items[::-1], [Item("whole", FOLDER / "tracking.log")]):
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            for item in order:
                load = load_item(warehouse, programme, source, item, pseudonyms=PSEUDONYMS, run_at=at(2026, 11, 22))
                assert load.problem is None
            pictures.append(
                [
                    warehouse.rows("select activity_id, account_id, action, occurred_at from raw.activity order by all"),
                    warehouse.rows("select enrolment_id, account_id, role, state, removed_at from raw.enrolments order by all"),
                    warehouse.rows("select task_id, name from raw.tasks order by all"),
                    warehouse.rows("select grade_id, grade, graded_at from raw.grades order by all"),
                    warehouse.rows("select message_id, text from personal.messages order by all"),
                ]
            )
    assert len(pictures[0][0]) == 21
    assert pictures[0] == pictures[1] == pictures[2]


ESSAY = "block-v1:MyOrg+Schools+2026+type@openassessment+block@o1"


def about_essay(name: str, user: int, day: int, **payload: object) -> str:
    """One line of a log: what a person did in an open response assessment."""
    event = {
        "name": f"openassessmentblock.{name}", "event_type": f"openassessmentblock.{name}", "event_source": "server", "username": f"user{user}",
        "time": f"2026-09-{day:02d}T14:00:00.500000+00:00", "event": {"submission_uuid": "u-1", **payload},
        "context": {"course_id": COURSE.split(":", 2)[2], "user_id": user, "module": {"display_name": "Эссе", "usage_key": ESSAY}},
    }  # fmt: skip
    return json.dumps(event, ensure_ascii=False) + "\n"


def handed_in(name: str = "create_submission", **more: object) -> str:
    answer = {
        "parts": [{"text": "<p>Первый ответ.</p>"}, {"text": "Второй, из трёх слов"}, {"text": ""}],
        "file_keys": ["a", "b"],
        "files_names": ["Фамилия.docx"],
    }
    return about_essay(name, 7, 3, **{"attempt_number": 2, "submitted_at": "2026-09-03T13:59:59.000000Z", "answer": answer, **more})


def assessed(name: str = "staff_assess") -> str:
    parts = [
        {"option": {"name": "Хорошо", "points": 3}, "criterion": {"name": "Мысль", "points_possible": 4}, "feedback": "Мысль ясна"},
        {"option": {"name": "Плохо", "points": 0}, "criterion": {"name": "Язык", "points_possible": 2}, "feedback": ""},
    ]
    return about_essay(name, 9, 5, score_type="ST", scored_at="2026-09-05T13:59:00Z", feedback="Поправьте язык", parts=parts)


def test_a_response_is_work_handed_in_and_the_staffs_assessment_its_mark(tmp_path: Path) -> None:
    (tmp_path / "ora.log").write_text(handed_in() + assessed() + assessed("peer_assess") + assessed("self_assess"), encoding="utf-8")
    log = Reading(OpenEdxReader(), tmp_path / "ora.log")
    (work,) = log.rows("submissions")
    assert (work["submission_id"], work["kind"], work["account_id"], work["attempt"]) == (
        "openedx:submission:u-1",
        "assignment",
        LEARNER,
        1,
    )
    assert (work["task_id"], work["course_id"], work["submitted_at"]) == (f"openedx:task:{ESSAY}", COURSE, at(2026, 9, 3, 13, 59, 59))
    assert (work["text"], work["words"], work["files"], work["state"]) == ("Первый ответ.\n\nВторой, из трёх слов", 6, 2, "submitted")
    (mark,) = log.rows("grades")
    assert (mark["record"], mark["account_id"], mark["grader_account_id"], mark["attempt"]) == ("marking", LEARNER, CURATOR, 1)
    assert (mark["submission_id"], mark["grade"], mark["max_grade"]) == ("openedx:submission:u-1", 3, 6)
    assert (mark["graded_at"], mark["comment"], mark["comment_words"]) == (at(2026, 9, 5, 13, 59), "Поправьте язык\nМысль ясна", 4)
    assert [(row["account_id"], row["role"]) for row in log.rows("enrolments")] == [(CURATOR, "curator")]
    assert len(log.rows("activity")) == 4


@pytest.mark.parametrize(
    ("answer", "text", "files"),
    [
        ({"text": "Одно поле"}, "Одно поле", 0),
        ('{"parts": [{"text": "В строке"}]}', "В строке", 0),
        ({"file_key": "a"}, None, 1),
        ("{cut", None, 0),
    ],
)
def test_older_answers_and_those_without_words(answer: object, text: str | None, files: int, tmp_path: Path) -> None:
    (tmp_path / "ora.log").write_text(
        handed_in(answer=answer) + handed_in("create_team_submission", submission_uuid="u-2"), encoding="utf-8"
    )
    work, teams = Reading(OpenEdxReader(), tmp_path / "ora.log").rows("submissions")
    assert (work["text"], work["files"], work["words"]) == (text, files, len((text or "").split()))
    assert (work["is_team"], teams["is_team"], teams["account_id"]) == (False, True, LEARNER)


@pytest.mark.parametrize("first", [0, 1], ids=["work first", "mark first"])
def test_a_mark_is_the_makers_of_the_work_also_where_another_log_tells_of_it(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse: Warehouse
) -> None:
    monkeypatch.setitem(READERS, "openedx", OpenEdxReader())
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(Source(name="edx", kind="openedx", path=Path("logs")),))
    (tmp_path / "logs").mkdir()
    lines = [handed_in(), assessed()]
    for number in (first, 1 - first):
        (tmp_path / "logs" / f"tracking.log-2026090{number}").write_text(lines[number], encoding="utf-8")
        loads = load_source(warehouse, programme, programme.sources[0], pseudonyms=PSEUDONYMS, run_at=at(2026, 11, 22))
        assert [load.problem for load in loads if load.problem] == []
    assert warehouse.rows("select account_id, attempt, grade from raw.grades") == [(LEARNER, 1, 3.0)]


@pytest.mark.parametrize("key", ["log", "message"])
def test_an_event_in_a_line_of_a_containers_log_is_the_same_event(key: str, tmp_path: Path) -> None:
    plain = handed_in()
    (tmp_path / "plain.log").write_text(plain, encoding="utf-8")
    (tmp_path / "wrapped.log").write_text(
        json.dumps({key: f"2026-09-03 14:00:00 INFO [tracking] - {plain}", "stream": "stdout", "time": "2026-09-03T14:00:01Z"})
        + "\n"
        + json.dumps({key: "GET /heartbeat {cut", "stream": "stdout", "time": "2026-09-03T14:00:02Z"})
        + "\n",
        encoding="utf-8",
    )
    log = Reading(OpenEdxReader(), tmp_path / "wrapped.log")
    assert log.rows("activity") == Reading(OpenEdxReader(), tmp_path / "plain.log").rows("activity")
    assert log.rejected == [("line 2", "no event name")]
