"""xAPI statements from files: what each becomes. All people are invented."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.sources.lms.xapi import XapiReader, statements
from pipelines.sources.lms.xapi.statements import seconds_of
from pipelines.sources.reading import Item
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS, Reading

FOLDER = FIXTURES / "xapi"
HOME = "https://lms.example.org/"
#: The source speaks of the same Moodle as others do.
OWN = {"realm": "moodle", "home_page": HOME}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def who(native: str) -> str:
    return PSEUDONYMS.of("moodle", native)


def statement(number: int) -> str:
    return f"moodle:log:00000000-0000-4000-8000-{number:012d}"


@pytest.fixture(scope="module")
def read() -> Reading:
    return Reading(XapiReader(), FOLDER / "lines.jsonl", **OWN)


def test_verbs_become_actions(read: Reading) -> None:
    actions = dict(zip(read.column("activity", "activity_id"), read.column("activity", "action"), strict=True))
    assert [actions[statement(number)] for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13)] == [
        "enrolled",
        "viewed",
        "attempted",
        "completed",
        "graded",
        "posted",
        "submitted",
        "viewed",
        "completed",
        "logged_in",
        "other",
        "other",
    ]
    assert (read.covers.since, read.covers.until) == (at(2026, 9, 1, 7), at(2026, 11, 20, 8))


def test_pages_of_the_named_lms_have_its_own_ids(read: Reading) -> None:
    viewed = read.rows("activity")[1]
    assert (viewed["account_id"], viewed["course_id"], viewed["task_id"]) == (who("7"), "moodle:course:2", "moodle:task:31")
    assert viewed["occurred_at"] == at(2026, 9, 2, 8, 0, 0, 123000)
    (course,) = read.rows("courses")
    assert (course["course_id"], course["name"]) == ("moodle:course:2", "Цифровая среда")
    assert {row["task_id"]: (row["kind"], row["name"]) for row in read.rows("tasks")} == {
        "moodle:task:31": ("quiz", "Тест 1"),
        "moodle:task:32": ("assignment", None),
        "moodle:task:https://elsewhere.example/video/1": ("other", None),
    }


def test_without_a_home_page_everything_keeps_its_whole_name() -> None:
    viewed = Reading(XapiReader(), FOLDER / "lines.jsonl").rows("activity")[1]
    assert viewed["course_id"] == "xapi:course:https://lms.example.org/course/view.php?id=2"
    assert viewed["account_id"] == PSEUDONYMS.of("xapi", "https://lms.example.org|7")


def test_mail_address_and_its_hash_are_one_person(read: Reading) -> None:
    rows = {row["activity_id"]: row for row in read.rows("activity")}
    anna = who("sha1:" + sha1(b"mailto:anna@example.org").hexdigest())
    assert rows[statement(6)]["account_id"] == rows[statement(7)]["account_id"] == anna
    (account,) = [row for row in read.rows("accounts") if row["account_id"] == anna]
    assert (account["email"], account["display_name"]) == ("anna@example.org", "Анна")


def test_every_member_of_a_group_has_a_row_of_their_own(read: Reading) -> None:
    rows = [row for row in read.rows("activity") if row["activity_id"].startswith(statement(8))]
    assert [row["account_id"] for row in rows] == [None, who("7"), who("8")]


def test_scores_completions_enrolments_and_outcomes(read: Reading) -> None:
    (grade,) = read.rows("grades")
    assert (grade["grade_id"], grade["grade"], grade["max_grade"], grade["grader_account_id"]) == (
        f"moodle:quiz:31:{who('7')}",
        0.9,
        1.0,
        who("9"),
    )
    (mark,) = read.rows("completions")
    assert (mark["task_id"], mark["state"], mark["completed_at"]) == ("moodle:task:31", "complete", at(2026, 9, 2, 8, 11))
    (outcome,) = read.rows("outcomes")
    assert (outcome["kind"], outcome["reached_at"]) == ("course_completed", at(2026, 11, 20, 8))
    (enrolment,) = read.rows("enrolments")
    assert (enrolment["account_id"], enrolment["created_at"], enrolment["enrolled_by"]) == (who("7"), at(2026, 9, 1, 8), who("9"))
    details = {row["activity_id"]: row["details"] for row in read.rows("activity")}[statement(4)]
    assert '"duration_seconds":630.5' in details
    assert '"score_raw":8.0' in details


def test_moodle_s_logstore_enrols_suspends_and_takes_out() -> None:
    read = Reading(XapiReader(), FOLDER / "moodle_logstore.jsonl", **OWN)
    assert {(row["account_id"], row["state"], row["created_at"], row["removed_at"]) for row in read.rows("enrolments")} == {
        (who("7"), "suspended", at(2026, 9, 1, 8), at(2026, 9, 10, 8)),
        (who("8"), "removed", at(2026, 9, 1, 8, 1), at(2026, 9, 9, 8)),
    }
    assert read.column("activity", "action") == [
        *("enrolled", "enrolled", "viewed", "uploaded", "submitted", "graded", "posted", "attempted", "left_group", "other", "unenrolled", "other"),
    ]  # fmt: skip


def test_a_grade_of_what_was_taken_for_a_quiz_stands_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An assignment of Moodle's was a quiz to the reader before it looked at the page, and its grade one of a quiz."""
    source = Source(name="lrs", kind="xapi", path=FOLDER, **OWN)  # type: ignore[arg-type]
    programme = Programme(id="t", name="T", folder=tmp_path, sources=(source,))
    item = Item("moodle_logstore.jsonl", FOLDER / "moodle_logstore.jsonl")

    def load() -> list[tuple[object, ...]]:
        assert load_item(warehouse, programme, source, item, pseudonyms=PSEUDONYMS, run_at=at(2026, 11, 23)).state == "loaded"
        return warehouse.rows("select record, task_id from raw.grades")

    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        with monkeypatch.context() as before:
            before.setattr(statements, "MODULE_KINDS", {})
            before.setattr(XapiReader, "version", 2)
            assert load() == [("quiz", "moodle:task:41")]
        assert load() == [("gradebook", "moodle:task:41")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["in order", "newest first"])
def test_who_suspends_has_not_made_the_enrolment(order: tuple[int, ...], tmp_path: Path) -> None:
    lines = (FOLDER / "moodle_logstore.jsonl").read_text("utf-8").splitlines()
    enrolled, other, suspended = (json.loads(lines[place]) for place in (0, 1, 11))
    for statement, number in ((enrolled, "2"), (suspended, "3")):
        statement["context"]["instructor"] = {"account": {"homePage": "https://lms.example.org", "name": number}}
    told = [json.dumps((enrolled, other, suspended)[place]) + "\n" for place in order]
    (tmp_path / "log.jsonl").write_text("".join(told), "utf-8")
    rows = {row["account_id"]: row for row in Reading(XapiReader(), tmp_path / "log.jsonl", **OWN).rows("enrolments")}
    assert (rows[who("7")]["enrolled_by"], rows[who("7")]["created_at"]) == (who("2"), at(2026, 9, 1, 8))


def test_course_that_cmi5_calls_satisfied_is_completed(tmp_path: Path) -> None:
    course = {"id": "https://lms.example.org/cmi5/7", "definition": {"type": "https://w3id.org/xapi/cmi5/activitytype/course"}}
    done = {
        "id": "00000000-0000-4000-8000-000000000999",
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "7"}},
        "verb": {"id": "https://w3id.org/xapi/adl/verbs/satisfied"},
        "object": course,
        "timestamp": "2026-11-20T08:00:00Z",
        "context": {"registration": "00000000-0000-4000-8000-000000000777", "contextActivities": {"grouping": [course]}},
    }
    (tmp_path / "cmi5.jsonl").write_text(json.dumps(done) + "\n", "utf-8")
    read = Reading(XapiReader(), tmp_path / "cmi5.jsonl", **OWN)
    assert [(row["kind"], row["reached_at"]) for row in read.rows("outcomes")] == [("course_completed", at(2026, 11, 20, 8))]


@pytest.mark.parametrize(("success", "state"), [(True, "passed"), (False, "failed"), (None, "complete"), ([], "complete")])
def test_work_that_is_done_and_does_not_suffice_is_failed(success: object, state: str, tmp_path: Path) -> None:
    quiz = {"id": HOME + "mod/quiz/view.php?id=43", "definition": {"type": "http://adlnet.gov/expapi/activities/assessment"}}
    scored = {
        "id": "00000000-0000-4000-8000-000000000998",
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "7"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/scored"},
        "object": quiz,
        "timestamp": "2026-11-20T08:00:00Z",
        "result": {"score": {"raw": 2, "max": 10}, "completion": True, "success": success},
    }
    (tmp_path / "scored.jsonl").write_text(json.dumps(scored) + "\n", "utf-8")
    assert Reading(XapiReader(), tmp_path / "scored.jsonl", **OWN).column("completions", "state") == [state]


def test_pages_of_moodle_say_of_which_kind_a_task_is_and_its_files_do_not_name_it() -> None:
    read = Reading(XapiReader(), FOLDER / "moodle_logstore.jsonl", **OWN)
    assert {row["task_id"]: (row["kind"], row["name"]) for row in read.rows("tasks")} == {
        "moodle:task:41": ("assignment", "Эссе"),
        "moodle:task:42": ("page", "Лекция"),
        "moodle:task:43": ("quiz", "Тест"),
        "moodle:task:44": ("forum", "Форум"),
    }
    assert [row["grade_id"] for row in read.rows("grades")] == [f"moodle:gradebook:41:{who('7')}"]


def test_nothing_of_a_person_stands_in_the_activity(read: Reading) -> None:
    told = " ".join(str(row) for row in read.rows("activity") + read.rows("tasks"))
    assert not [word for word in ("Анна", "anna", "lapin", "кнопку", "Куратор") if word in told]


def test_voided_statement_is_rejected_wherever_it_stands() -> None:
    assert Reading(XapiReader(), FOLDER / "lines.jsonl", **OWN).rejected == [("line 12", "voided")]
    assert Reading(XapiReader(), FOLDER / "document.json", **OWN).rejected == [("statement 2", "voided")]


@pytest.mark.parametrize("name", ["array.json", "document.json", "lines.jsonl.gz", "array.json.gz"])
def test_forms_of_files_hold_the_same(name: str, read: Reading, tmp_path: Path) -> None:
    path = FOLDER / name
    if name.endswith(".gz"):
        path = tmp_path / name
        path.write_bytes(gzip.compress((FOLDER / name.removesuffix(".gz")).read_bytes()))
    other = Reading(XapiReader(), path, **OWN)
    for record in ("activity", "accounts", "tasks", "grades", "completions", "enrolments"):
        key = next(iter(read.rows(record)[0]))
        assert sorted(other.rows(record), key=lambda row: row[key]) == sorted(read.rows(record), key=lambda row: row[key]), record


def test_statements_written_over_many_lines() -> None:
    assert len(Reading(XapiReader(), FOLDER / "pretty.json").rows("activity")) == 2


def test_empty_answer_holds_nothing() -> None:
    assert Reading(XapiReader(), FOLDER / "empty_answer.json").rows("activity") == []


@pytest.mark.parametrize("name", ["empty.json", "cut_off.json", "cut_off.jsonl", "another_format.json", "caliper.json"])
def test_what_holds_no_statements_is_refused(name: str) -> None:
    with pytest.raises(BadFile):
        Reading(XapiReader(), FOLDER / name)


def test_bad_statements_are_rejected_with_their_place() -> None:
    found = Reading(XapiReader(), FOLDER / "oddities.json")
    assert found.rejected == [
        ("statement 2", "no verb"),
        ("statement 3", "no object"),
        ("statement 4", "no actor"),
        ("statement 5", "no readable time"),
        ("statement 6", "not an object"),
    ]
    # A statement that was never stored has no id: its content tells it apart.
    assert len(found.column("activity", "activity_id")) == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT03M15S", 195), ("P1DT2H", 93600), ("PT0.5S", 0.5), ("PT1,5M", 90), ("P1W", 604800), ("PT", None), ("3 min", None), (None, None)],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_overlapping_files_and_voiding_in_any_order_give_the_same_rows() -> None:
    source = Source(name="lrs", kind="xapi", path=FOLDER, **OWN)
    programme = Programme(id="p", name="p", sources=(source,))
    items = [Item(name, FOLDER / name) for name in ("first.jsonl", "second.jsonl")]
    pictures = []
    for order in (items, items[::-1]):
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            for item in order:
                load = load_item(warehouse, programme, source, item, pseudonyms=PSEUDONYMS, run_at=at(2026, 11, 22))
                assert load.problem is None
            pictures.append(
                [
                    warehouse.rows(f"select {columns} from raw.{table} order by all")
                    for table, columns in (
                        ("activity", "activity_id, account_id, course_id, task_id, action, event"),
                        ("tasks", "task_id, kind, name"),
                        ("grades", "grade_id, grade"),
                        ("completions", "completion_id, state"),
                        ("enrolments", "enrolment_id, state, created_at"),
                    )
                ]
            )
    assert pictures[0] == pictures[1]
    voided = [row for row in pictures[0][0] if row[0] == statement(12)]
    assert voided == [(statement(12), None, None, None, "other", "voided")]
    assert len(pictures[0][0]) == 15


def test_items_of_a_folder() -> None:
    source = Source(name="lrs", kind="xapi", path=FOLDER)
    assert "lines.jsonl" in [item.name for item in XapiReader().items(source, CONTEXT)]
    assert XapiReader().cursor(source, Item("lines.jsonl", FOLDER / "lines.jsonl"), CONTEXT) == {}


def test_documents_of_a_store_hold_the_statement_in_a_field(tmp_path: Path) -> None:
    lines = (FOLDER / "first.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "plain.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    wrapped = (f'{{"_id": {number}, "stored": "x", "statement": {line}}}' for number, line in enumerate(lines))
    (tmp_path / "wrapped.jsonl").write_text("\n".join(wrapped) + "\n", encoding="utf-8")
    plain, other = (Reading(XapiReader(), tmp_path / f"{name}.jsonl", **OWN) for name in ("plain", "wrapped"))
    assert other.rows("activity") == plain.rows("activity")
    assert plain.rows("activity")


def test_an_address_in_percent_signs_is_one(tmp_path: Path) -> None:
    line = '{"actor": {"mbox": "mailto:a@example.org"}, "verb": {"id": "http://x/viewed"}, "timestamp": "2026-04-18T11:26:03Z", "object": {"id": "%s"}}'
    named, plain = "http://example.org/blog/a%40example.org/1", "http://example.org/blog/1"
    (tmp_path / "a.jsonl").write_text("\n".join(line.replace("%s", iri) for iri in (named, plain)) + "\n", encoding="utf-8")
    found = Reading(XapiReader(), tmp_path / "a.jsonl")
    assert found.column("activity", "object_id") == [None, plain]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "newest first"])
def test_a_suspension_in_a_later_file_leaves_when_and_by_whom_the_enrolment_was_made(order: tuple[int, ...], tmp_path: Path) -> None:
    lines = (FOLDER / "moodle_logstore.jsonl").read_text("utf-8").splitlines()
    files = [tmp_path / "september.jsonl", tmp_path / "later.jsonl"]
    enrolled = json.loads(lines[0])
    enrolled["context"]["instructor"] = {"account": {"homePage": "https://lms.example.org", "name": "2"}}
    files[0].write_text(json.dumps(enrolled) + "\n", "utf-8")
    files[1].write_text(lines[11] + "\n", "utf-8")
    source = Source(name="lrs", kind="xapi", path=tmp_path, **OWN)  # type: ignore[arg-type]
    programme = Programme(id="t", name="T", folder=tmp_path, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for place in order:
            item = Item(files[place].name, files[place])
            assert load_item(warehouse, programme, source, item, pseudonyms=PSEUDONYMS, run_at=at(2026, 11, 23)).state == "loaded"
        found = warehouse.rows("select account_id, state, created_at, removed_at, enrolled_by from raw.enrolments")
        assert found == [(who("7"), "suspended", at(2026, 9, 1, 8), at(2026, 9, 10, 8), who("2"))]


def asked(activity_type: str, event: str | None, *, context: list[str], number: int = 1, verb: str = "answered") -> dict:
    """A statement about a question, or a quiz, as logstore_xapi writes it."""
    kinds = {"quiz": "http://adlnet.gov/expapi/activities/assessment", "course": "http://id.tincanapi.com/activitytype/lms/course"}
    pages = {"quiz": f"{HOME}mod/quiz/view.php?id=17", "course": f"{HOME}course/view.php?id=5"}
    grouping = [{"id": pages[one], "definition": {"type": kinds[one], "name": {"en": one}}} for one in context]
    told = {"http://lrs.learninglocker.net/define/extensions/info": {"event_name": event}} if event else {}
    question = {
        "id": f"{HOME}question/question.php?id={number}",
        "definition": {"type": "http://adlnet.gov/expapi/activities/cmi.interaction"},
    }
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "actor": {"account": {"homePage": HOME, "name": "5"}},
        "timestamp": "2026-09-08T09:00:00Z",
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": pages["quiz"], "definition": {"type": kinds["quiz"]}} if activity_type == "quiz" else question,
        "result": {"success": True, "completion": True, "score": {"raw": 1, "max": 2}},
        "context": {"contextActivities": {"grouping": grouping}, "extensions": told},
    }


def test_a_question_of_a_quiz_is_no_task_and_completes_nothing(tmp_path: Path) -> None:
    handed_in = "\\mod_quiz\\event\\attempt_submitted"
    told = [
        asked("question", handed_in, context=["course", "quiz"], number=1),
        asked("question", None, context=["quiz", "course"], number=2),
        asked("quiz", handed_in, context=["course"], number=3, verb="completed"),
        asked("question", None, context=["course"], number=4),
    ]
    path = tmp_path / "statements.json"
    path.write_text(json.dumps(told), "utf-8")
    found = Reading(XapiReader(), path, **OWN)
    quiz, alone = "moodle:task:17", f"moodle:task:{HOME}question/question.php?id=4"
    assert [(row["action"], row["task_id"]) for row in found.rows("activity")] == [
        ("other", quiz),
        ("other", quiz),
        ("submitted", quiz),
        ("submitted", alone),
    ]
    assert {(row["task_id"], row["kind"], row["name"]) for row in found.rows("tasks")} == {(quiz, "quiz", "quiz"), (alone, "quiz", None)}
    assert {(row["task_id"], row["state"]) for row in found.rows("completions")} == {(quiz, "complete"), (alone, "passed")}
    assert {row["task_id"] for row in found.rows("grades")} == {quiz, alone}


def test_questions_of_a_problem_of_open_edx_are_part_of_it(tmp_path: Path) -> None:
    problem = {
        "id": f"{HOME}xblock/block-v1:O+C+R+type@problem+block@a", "objectType": "GroupActivity",
        "definition": {"type": "http://adlnet.gov/expapi/activities/cmi.interaction", "name": {"en-US": "Problem"}},
    }  # fmt: skip
    course = {"id": f"{HOME}course/course-v1:O+C+R", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    whole = asked("question", None, context=[], number=1, verb="evaluated") | {"object": problem}
    whole["context"] = {"contextActivities": {"parent": [course]}}
    part = asked("question", None, context=[], number=2, verb="evaluated")
    part["object"]["id"] = f"{problem['id']}_2_1"
    part["context"] = {"contextActivities": {"parent": [problem], "grouping": [course]}}
    path = tmp_path / "statements.json"
    path.write_text(json.dumps([whole, part]), "utf-8")
    found = Reading(XapiReader(), path, **OWN)
    (task,) = {row["task_id"] for row in found.rows("tasks")}
    assert [(row["action"], row["task_id"]) for row in found.rows("activity")] == [("submitted", task), ("other", task)]
    assert found.column("grades", "task_id") == [task]


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("\\mod_quiz\\event\\attempt_submitted", "submitted"),
        ("\\core\\event\\course_module_completion_updated", "completed"),
        ("\\mod_quiz\\event\\something_else", "completed"),
        ("no event", "completed"),
        (None, "completed"),
    ],
)
def test_the_event_that_a_statement_was_made_of_says_the_action(event: str | None, action: str, tmp_path: Path) -> None:
    path = tmp_path / "statements.json"
    path.write_text(json.dumps([asked("quiz", event, context=["course"], verb="completed")]), "utf-8")
    assert Reading(XapiReader(), path, **OWN).column("activity", "action") == [action]


def told(folder: Path, *said: dict[str, object], is_newest_first: bool = False) -> Reading:
    """Statements of one person, a second apart."""
    actor = {"objectType": "Agent", "mbox": "mailto:irina@school.example.org"}
    path = folder / "statements.json"
    found = [{"actor": actor, "timestamp": f"2026-09-08T14:00:{number:02d}Z", **one} for number, one in enumerate(said)]
    path.write_text(json.dumps(found[::-1] if is_newest_first else found), encoding="utf-8")
    return Reading(XapiReader(), path)


@pytest.mark.parametrize("is_newest_first", [False, True], ids=["oldest first", "newest first"])
def test_a_type_that_is_said_once_holds_where_the_id_stands_alone(is_newest_first: bool, tmp_path: Path) -> None:
    """As Storyline has it: course and slide say what they are in their first statement."""
    kinds = "http://adlnet.gov/expapi/activities/"
    course, slide = "http://school.example.org/abc", "http://school.example.org/abc/slide1"
    read = told(
        tmp_path,
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/attempted"}, "object": {"id": course, "definition": {"type": f"{kinds}course"}}},
        {
            "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
            "object": {"id": slide, "definition": {"type": f"{kinds}module"}},
            "context": {"contextActivities": {"parent": [{"id": course}]}},
        },
        {"verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": {"id": course}, "result": {"score": {"scaled": 0.9}}},
        is_newest_first=is_newest_first,
    )
    assert read.column("activity", "course_id") == [f"xapi:course:{course}"] * 3
    assert read.column("activity", "task_id") == [None, f"xapi:task:{slide}", None]
    assert [(row["kind"], row["course_id"]) for row in read.rows("outcomes")] == [("course_completed", f"xapi:course:{course}")]
    assert [(row["grade"], row["max_grade"]) for row in read.rows("grades")] == [(0.9, 1)]


def test_what_h5p_sends_is_a_task_and_its_questions_are_parts_of_it(tmp_path: Path) -> None:
    whole, course = (
        "https://school.example.org/h5p?id=5",
        {"id": "http://school.example.org/c", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}},
    )
    h5p = "http://h5p.org/x-api/h5p-"
    read = told(
        tmp_path,
        {
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {
                "id": f"{whole}&subContentId=1",
                "definition": {"extensions": {f"{h5p}local-content-id": 5, f"{h5p}subContentId": "1"}},
            },
            "context": {"contextActivities": {"parent": [{"id": whole}], "grouping": [course]}},
            "result": {"score": {"raw": 1, "max": 1}, "completion": True},
        },
        {
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": whole, "definition": {"name": {"ru": "Опрос"}}},
            "context": {"contextActivities": {"category": [{"id": "http://h5p.org/libraries/H5P.QuestionSet-1.17"}], "grouping": [course]}},
            "result": {"score": {"raw": 4, "max": 5}, "completion": True},
        },
    )
    assert read.column("activity", "task_id") == [f"xapi:task:{whole}"] * 2
    assert read.column("activity", "action") == ["other", "completed"]
    assert [(row["task_id"], row["name"]) for row in read.rows("tasks")] == [(f"xapi:task:{whole}", "Опрос")]
    assert [(row["task_id"], row["grade"], row["max_grade"]) for row in read.rows("grades")] == [(f"xapi:task:{whole}", 4, 5)]
    assert [(row["task_id"], row["state"]) for row in read.rows("completions")] == [(f"xapi:task:{whole}", "complete")]
