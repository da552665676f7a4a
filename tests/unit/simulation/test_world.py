"""The simulated programme: same plan, same bytes; formats that parse; rows that agree with the truth beside them."""

from __future__ import annotations

import csv
import hashlib
import json
import mailbox
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import BadConfiguration
from pipelines.programme import read_programme
from pipelines.simulation import PRESETS, Plan, plan_of, simulate

TINY = Plan(seed=3, streams=(2,), running=(2,), learners=(14, 16), weeks=4, curators_per_stream=2, lms_csv=True)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "small"
    simulate(folder, PRESETS["small"])
    return folder


@pytest.fixture(scope="module")
def database(small: Path):
    with sqlite3.connect(small / "lms" / "moodle.sqlite") as connection:
        yield connection


def truth(folder: Path, kind: str) -> list[dict]:
    return json.loads((folder / "truth" / f"{kind}.json").read_text(encoding="utf-8"))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_plan_same_bytes_in_another_process_with_other_hashes(tmp_path: Path) -> None:
    simulate(tmp_path / "one", TINY)
    code = (
        "import sys; from pathlib import Path; from pipelines.simulation import Plan, simulate;"
        "simulate(Path(sys.argv[1]), Plan(seed=3, streams=(2,), running=(2,), learners=(14, 16), weeks=4, curators_per_stream=2, lms_csv=True))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "two")], check=True, env=os.environ | {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"}
    )
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    one, two = simulate(tmp_path / "one", TINY), simulate(tmp_path / "two", replace(TINY, seed=4))
    assert one.files["lms/moodle.sqlite"] != two.files["lms/moodle.sqlite"]


def test_a_later_day_shows_the_same_world_further_on(tmp_path: Path) -> None:
    anchored = replace(TINY, anchor=date(2026, 11, 22))
    simulate(tmp_path / "earlier", replace(anchored, as_of=date(2026, 11, 15)))
    simulate(tmp_path / "later", anchored)
    logs = []
    for name in ("earlier", "later"):
        with sqlite3.connect(tmp_path / name / "lms" / "moodle.sqlite") as db:
            logs.append(
                db.execute(
                    "select id, timecreated, eventname, userid, objectid, relateduserid, contextinstanceid from mdl_logstore_standard_log order by id"
                ).fetchall()
            )
    assert 0 < len(logs[0]) < len(logs[1])
    assert logs[1][: len(logs[0])] == logs[0]


def test_a_second_run_changes_nothing_and_a_strange_folder_is_left_alone(tmp_path: Path) -> None:
    first = simulate(tmp_path / "here", TINY)
    before = (tmp_path / "here" / "plan.json").stat().st_mtime_ns
    second = simulate(tmp_path / "here", TINY)
    assert (first.was_there, second.was_there) == (False, True)
    assert second.files == first.files
    assert (tmp_path / "here" / "plan.json").stat().st_mtime_ns == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.docx").write_text("mine")
    with pytest.raises(FileExistsError, match="left alone"):
        simulate(tmp_path / "mine", TINY)


def test_nothing_half_written_stays_behind_when_it_is_stopped(tmp_path: Path) -> None:
    def stop(done: int, _total: int, _code: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "here", TINY, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_the_programme_file_is_accepted_and_names_what_is_there(small: Path, database: sqlite3.Connection) -> None:
    programme = read_programme(small / "programme.toml")
    groups = {name for (name,) in database.execute("select idnumber from mdl_groups")}
    users = {name for (name,) in database.execute("select username from mdl_user")}
    assert {stream.group for course in programme.courses for stream in course.streams} == groups
    assert {name for course in programme.courses for name in course.curators} <= users
    assert all(programme.path_of(source).exists() for source in programme.sources if source.path)
    assert {source.kind for source in programme.sources} == {"moodle_db", "telegram", "mailbox", "zoom", "survey_csv"}


def test_the_database_agrees_with_the_truth(small: Path, database: sqlite3.Connection) -> None:
    submissions, people = truth(small, "submissions"), truth(small, "people")
    handed_in = {i for (i,) in database.execute("select id from mdl_assign_submission where status = 'submitted'")}
    assert handed_in == {row["submission_id"] for row in submissions}
    students = database.execute("select count(*) from mdl_role_assignments where roleid = 5").fetchone()[0]
    assert students == len(people)
    kinds = Counter(row["kind"] for row in submissions)
    assert kinds["original"] > 150
    assert kinds["verbatim"] > 5
    by_id = {row["submission_id"]: row for row in submissions}
    for row in submissions:
        if row["kind"] != "original" and row["source_submission_id"] in by_id:
            assert by_id[row["source_submission_id"]]["at_unix"] <= row["at_unix"]
            assert by_id[row["source_submission_id"]]["task"] == row["task"]


def test_nobody_acts_after_what_the_truth_calls_their_last_activity(small: Path, database: sqlite3.Connection) -> None:
    """A work, a quiz or a webinar is an act with a visit to the course or without one."""
    seen: dict[int, int] = {}
    for row in truth(small, "people"):
        if row["role"] == "learner":
            user = row["moodle_user_id"]
            seen[user] = max(seen.get(user, 0), row["last_activity_seen_unix"] or 0)
    acts = database.execute(
        "select userid, max(timemodified) from mdl_assign_submission where status = 'submitted' group by 1 "
        "union all select userid, max(timefinish) from mdl_quiz_attempts group by 1"
    ).fetchall()
    assert acts
    assert all(at <= seen[user] for user, at in acts)


def test_every_reference_in_the_database_resolves(database: sqlite3.Connection) -> None:
    orphans = {
        "submission → user": "select count(*) from mdl_assign_submission s left join mdl_user u on u.id = s.userid where u.id is null",
        "text → submission": "select count(*) from mdl_assignsubmission_onlinetext t left join mdl_assign_submission s on s.id = t.submission where s.id is null",
        "comment → grade": "select count(*) from mdl_assignfeedback_comments c left join mdl_assign_grades g on g.id = c.grade where g.id is null",
        "log → module": "select count(*) from mdl_logstore_standard_log l left join mdl_course_modules m on m.id = l.contextinstanceid where l.contextlevel = 70 and m.id is null",
        "log → user": "select count(*) from mdl_logstore_standard_log l left join mdl_user u on u.id = l.userid where l.userid > 0 and u.id is null",
        "post → discussion": "select count(*) from mdl_forum_posts p left join mdl_forum_discussions d on d.id = p.discussion where d.id is null",
        "grade → item": "select count(*) from mdl_grade_grades g left join mdl_grade_items i on i.id = g.itemid where i.id is null",
        "two latest attempts": "select count(*) from (select 1 from mdl_assign_submission where latest = 1 group by assignment, userid having count(*) > 1)",
        "log out of order": "select count(*) from mdl_logstore_standard_log a join mdl_logstore_standard_log b on b.id = a.id + 1 where b.timecreated < a.timecreated",
        "not JSON": "select count(*) from mdl_logstore_standard_log where not json_valid(other)",
    }
    assert {name: database.execute(sql).fetchone()[0] for name, sql in orphans.items()} == dict.fromkeys(orphans, 0)


def test_personas_behave(small: Path, database: sqlite3.Connection) -> None:
    people = truth(small, "people")
    acts = dict(database.execute("select userid, count(*) from mdl_logstore_standard_log group by userid"))
    never = [row for row in people if row["persona"] == "never_started"]
    assert never
    assert [row for row in never if acts.get(row["moodle_user_id"], 0) > 0] == []
    assert all(row["outcome"] == "never_started" for row in never)
    done = {persona: [row["outcome"] == "completed" for row in people if row["persona"] == persona] for persona in ("steady", "fragile")}
    assert sum(done["steady"]) / len(done["steady"]) > 0.6 > 0.5 > sum(done["fragile"]) / len(done["fragile"])
    assert all(row["share_of_material_opened"] < 0.3 for row in people if row["persona"] == "forced")
    assert any(row["is_formal"] for row in people)


def test_nothing_lies_after_the_last_day(small: Path, database: sqlite3.Connection) -> None:
    end = 1_795_381_200  # 23 November 2026, 00:00 in Moscow
    assert database.execute("select max(timecreated) from mdl_logstore_standard_log").fetchone()[0] < end
    assert database.execute("select max(graded) from (select max(timemodified) graded from mdl_assign_grades)").fetchone()[0] < end
    for chat in small.glob("telegram/*/result.json"):
        assert all(int(message["date_unixtime"]) < end for message in json.loads(chat.read_text(encoding="utf-8"))["messages"])


def test_chats_are_telegram_exports_and_hold_the_questions(small: Path) -> None:
    chats = {chat["id"]: chat for chat in (json.loads(path.read_text(encoding="utf-8")) for path in small.glob("telegram/*/result.json"))}
    for chat in chats.values():
        assert list(chat) == ["name", "type", "id", "messages"]
        ids = [message["id"] for message in chat["messages"]]
        assert ids == sorted(set(ids))
        known = set(ids)
        assert all(message["reply_to_message_id"] in known for message in chat["messages"] if "reply_to_message_id" in message)
    asked = [row for row in truth(small, "questions") if row["channel"] == "chat"]
    assert asked
    for row in asked:
        message = next(m for m in chats[row["chat_id"]]["messages"] if m["id"] == row["message_id"])
        assert int(message["date_unixtime"]) == row["asked_unix"]
        if row["link"] == "reply" and row["answer_message_id"]:
            answer = next(m for m in chats[row["chat_id"]]["messages"] if m["id"] == row["answer_message_id"])
            assert answer["reply_to_message_id"] == row["message_id"]
    for leak in truth(small, "leaks"):
        said = [m for m in chats[leak["chat_id"]]["messages"] if m["id"] in leak["message_ids"]]
        assert sum(len(m["text"]) for m in said) > 300


def test_mailboxes_open_and_hold_the_notices(small: Path) -> None:
    seen: dict[str, object] = {}
    kinds: Counter[str] = Counter()
    boxes = [mailbox.mbox(path) for path in small.glob("mail/*.mbox")] + [mailbox.Maildir(path) for path in small.glob("mail/*.maildir")]
    assert {type(box).__name__ for box in boxes} == {"mbox", "Maildir"}
    for box in boxes:
        for mail in box:
            seen[mail["Message-ID"]] = mail
            kinds[mail.get_param("report-type") or ("auto" if mail["Auto-Submitted"] else "plain")] += 1
    assert kinds["disposition-notification"] > 3
    assert kinds["plain"] > 50
    notices = truth(small, "notices")
    assert notices
    assert {notice["message_id"] for notice in notices} <= set(seen)
    bounced = sum(row["delivery"] == "bounced" for notice in notices for row in notice["addressees"])
    assert kinds["delivery-status"] == bounced


def test_attendance_files_match_the_truth(small: Path) -> None:
    for row in truth(small, "attendance"):
        with (small / row["file"]).open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        assert lines[0][0] == "Идентификатор конференции"
        assert lines[3][0] == "Имя (настоящее имя)"
        assert len(lines) - 4 == len(row["row_user_ids"])


def test_the_logs_download_counts_what_the_log_counts(tmp_path: Path) -> None:
    simulate(tmp_path / "tiny", TINY)
    with sqlite3.connect(tmp_path / "tiny" / "lms" / "moodle.sqlite") as db:
        rows = db.execute("select count(*) from mdl_logstore_standard_log where courseid = 2").fetchone()[0]
    (path,) = (tmp_path / "tiny" / "lms_csv").iterdir()
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0][0] == "Время"
    assert len(lines) - 1 == rows


@pytest.mark.parametrize(
    "wrong",
    [
        {"streams": ()},
        {"running": (9, 9, 9)},
        {"learners": (9, 3)},
        {"weeks": 99},
        {"channels": ("lms", "fax")},
        {"channels": ("mail",)},
        {"texts": False},
    ],
    ids=["no_streams", "runs_too_long", "learners_turned_round", "too_many_weeks", "unknown_channel", "no_lms", "channels_without_texts"],
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"."):
        Plan(**wrong)


def test_presets_by_name() -> None:
    assert plan_of("small", seed=9).seed == 9
    assert sum(plan_of("large", learners=3000).streams) * 300 == 3000
    with pytest.raises(BadConfiguration, match="no preset"):
        plan_of("huge")
