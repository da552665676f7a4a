"""What people handed in, how it was graded, what they completed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.sources.formats.marked_text import text_of, word_count
from pipelines.sources.lms.moodle_ws.client import Refused, Services, objects
from pipelines.sources.lms.moodle_ws.values import BESIDE_DATABASE, Names, at, batch, decimal, text, whole
from pipelines.sources.reading import Event, Rejected, Seen

_STATES = {0: "incomplete", 1: "complete", 2: "passed", 3: "failed", 4: "failed"}
_ATTEMPT_STATES = {"inprogress": "in_progress", "finished": "submitted", "notstarted": "new"}
#: People whose gradebook is asked for in one answer (1 s and 1 MB per hundred); in larger courses everybody's is asked for apart.
GRADEBOOK_PEOPLE = 1000
#: Items of an activity from this number on are outcomes that it is rated by (grade/edit/outcome, since Moodle 1.9): not its grade.
OUTCOMES = 1000
#: ``criteriatype`` of "complete this activity" (completion/criteria/completion_criteria.php).
_ACTIVITY_CRITERION = 4
_MODULE = re.compile(r"/mod/\w+/view\.php\?id=(\d+)")

Assignments = dict[int, dict[str, Any]]


def submissions(services: Services, names: Names, course: int, assigns: Assignments) -> tuple[list[Event], dict[tuple[int, int, int], str]]:
    """The last attempt of everybody with its text, and its id by (assignment, user, attempt). Raises Refused."""
    cmid_of = {whole(part.get("id")): cmid for cmid, part in assigns.items()}
    answer = services.call("mod_assign_get_submissions", assignmentids=[native for native in cmid_of if native])
    rows, known = [], {}
    for part in objects(answer.get("assignments")):
        assignment = whole(part.get("assignmentid"))
        cmid = cmid_of.get(assignment)
        for given in objects(part.get("submissions")):
            native, user = names.id("submission", given.get("id")), whole(given.get("userid"))
            if native is None:
                continue
            attempt = whole(given.get("attemptnumber")) or 0
            if assignment and user:
                known[assignment, user, attempt] = native
            words, files = _content(given)
            state = text(given.get("status")) or "new"
            started, saved = whole(given.get("timestarted")), whole(given.get("timemodified"))
            rows.append(
                {
                    "submission_id": native,
                    "kind": "assignment",
                    "account_id": names.account(user),
                    "group_id": names.id("group", given.get("groupid")),
                    "task_id": names.id("task", cmid),
                    "course_id": names.id("course", course),
                    "attempt": attempt,
                    "is_latest": True,
                    "state": state,
                    "is_team": bool(whole((assigns.get(cmid or 0) or {}).get("teamsubmission"))) or not user,
                    "is_preview": False,
                    "created_at": at(given.get("timecreated")),
                    "submitted_at": at(saved) if state == "submitted" else None,
                    "seconds_spent": float(saved - started) if started and saved and started > 0 else None,
                    "chars": None if words is None else len(words),
                    "words": word_count(words),
                    "files": files,
                    "text": words,
                }
            )
    return list(batch("submissions", rows)), known


def _content(submission: dict[str, Any]) -> tuple[str | None, int | None]:
    """Text of the on-line field, and number of files; None where the assignment has no such part."""
    words, files = None, None
    for plugin in objects(submission.get("plugins")):
        if plugin.get("type") == "onlinetext":
            for field in objects(plugin.get("editorfields")):
                if field.get("name") == "onlinetext" and isinstance(field.get("text"), str):
                    # Without a row of its own the plug-in answers an empty text.
                    words = text_of(field["text"], whole(field.get("format"))) if field["text"] else words
        elif plugin.get("type") == "file":
            files = sum(
                len(objects(area.get("files"))) for area in objects(plugin.get("fileareas")) if area.get("area") == "submission_files"
            )
    return words, files


def marking(
    services: Services, names: Names, course: int, assigns: Assignments, known: dict[tuple[int, int, int], str],
    released: set[tuple[int, int]] | None, steps: dict[int, float],
) -> Iterator[Event]:  # fmt: skip
    """The markers' own record. ``released``: None where the workflow's states may not be read. Raises Refused."""
    cmid_of = {whole(part.get("id")): cmid for cmid, part in assigns.items()}
    answer = services.call("mod_assign_get_grades", assignmentids=[native for native in cmid_of if native])
    rows = []
    for part in objects(answer.get("assignments")):
        assignment = whole(part.get("assignmentid")) or 0
        cmid = cmid_of.get(assignment)
        assign = assigns.get(cmid or 0) or {}
        best = decimal(assign.get("grade"))
        is_blind = bool(whole(assign.get("blindmarking"))) and not whole(assign.get("revealidentities"))
        for given in objects(part.get("grades")):
            user, attempt, grade = whole(given.get("userid")) or 0, whole(given.get("attemptnumber")) or 0, decimal(given.get("grade"))
            grade = None if grade is None or grade < 0 else grade
            waits = bool(whole(assign.get("markingworkflow"))) and released is not None and (assignment, user) not in released
            if (native := names.id("marking", given.get("id"))) is None:
                continue
            rows.append(
                {
                    "grade_id": native,
                    "record": "marking",
                    "account_id": names.account(user),
                    "task_id": names.id("task", cmid),
                    "course_id": names.id("course", course),
                    "submission_id": known.get((assignment, user, attempt)),
                    "grader_account_id": names.account(given.get("grader")),
                    "attempt": attempt,
                    "grade": grade,
                    "max_grade": best if best and best > 0 else steps.get(cmid or 0),
                    "is_released": not is_blind and not waits,
                    "is_overridden": False,
                    "graded_at": at(given.get("timemodified")) if grade is not None else None,
                    # Without the marker's comment: what the database tells of the mark since then stands.
                    "seen_at": at(given.get("timemodified")) or BESIDE_DATABASE,
                }
            )
    yield from batch("grades", rows)


def gradebook(services: Services, course: int, users: list[int]) -> list[dict[str, Any]]:
    """Everybody's gradebook. Raises Refused."""
    if len(users) <= GRADEBOOK_PEOPLE:
        return objects(services.call("gradereport_user_get_grade_items", courseid=course).get("usergrades"))
    return [
        part
        for user in users
        for part in objects(services.call("gradereport_user_get_grade_items", courseid=course, userid=user).get("usergrades"))
    ]


def grade_item(item: dict[str, Any]) -> int:
    """Its number among the items of its activity: 0 is the activity's grade, 1 a second one (a forum as a whole, a workshop's assessments)."""
    return whole(item.get("itemnumber")) or 0


def book(names: Names, course: int, found: list[dict[str, Any]]) -> Iterator[Event]:
    """What counts and is shown: one row per person and item, with or without a grade. Formatted fields are never read."""
    rows = []
    for part in found:
        user = whole(part.get("userid"))
        account = names.account(user)
        for item in objects(part.get("gradeitems")):
            native = whole(item.get("id"))
            if account is None or not native:
                continue
            comment = item.get("feedback")
            words = text_of(comment, whole(item.get("feedbackformat")) if item.get("feedbackformat") is not None else 1) if isinstance(comment, str) and comment else None  # fmt: skip
            rows.append(
                {
                    "grade_id": f"{names.realm}:gradebook:item-{native}-{account}",
                    "record": "gradebook",
                    "account_id": account,
                    "task_id": names.id("task", item.get("cmid")) if grade_item(item) < OUTCOMES else None,
                    "course_id": names.id("course", course),
                    "grade": decimal(item.get("graderaw")),
                    "max_grade": decimal(item.get("grademax")),
                    "is_released": not item.get("gradeishidden"),
                    "is_overridden": bool(item.get("gradeisoverridden")),
                    "graded_at": at(item.get("gradedategraded")),
                    "comment_chars": None if words is None else len(words),
                    "comment_words": word_count(words),
                    "comment": words,
                }
            )
    yield from batch("grades", rows)


def attempts(
    services: Services, names: Names, course: int, tests: dict[int, dict[str, Any]], users: dict[int, set[int]]
) -> Iterator[Event]:
    """Quiz attempts, previews among them. ``users``: course module → whose are asked for. Raises Refused."""
    function = "mod_quiz_get_user_attempts"
    for cmid, test in tests.items():
        rows: list[dict[str, Any]] = []
        best, raw_best = decimal(test.get("grade")), decimal(test.get("sumgrades"))
        for user in sorted(users.get(cmid, ())):
            answer = services.call(function, quizid=whole(test.get("id")) or 0, userid=user, status="all", includepreviews=True)
            listed = [given for given in objects(answer.get("attempts")) if names.id("attempt", given.get("id"))]
            latest = max((whole(given.get("attempt")) or 0 for given in listed), default=0)
            for given in listed:
                number, raw = whole(given.get("attempt")) or 1, decimal(given.get("sumgrades"))
                start, finish = whole(given.get("timestart")), whole(given.get("timefinish"))
                state = text(given.get("state")) or "new"
                rows.append(
                    {
                        "submission_id": names.id("attempt", given["id"]),
                        "kind": "quiz",
                        "account_id": names.account(user),
                        "task_id": names.id("task", cmid),
                        "course_id": names.id("course", course),
                        "attempt": number - 1,
                        "is_latest": number == latest,
                        "state": _ATTEMPT_STATES.get(state, state),
                        "is_team": False,
                        "is_preview": bool(whole(given.get("preview"))),
                        "created_at": at(start),
                        "submitted_at": at(finish),
                        "seconds_spent": float(finish - start) if start and finish else None,
                        "score": raw * best / raw_best if raw is not None and best is not None and raw_best else None,
                        "max_score": best,
                    }
                )
        yield from batch("submissions", rows)


def completions(services: Services, names: Names, course: int, users: list[int]) -> Iterator[Event]:
    """Marks that stand: a module never touched has none. Raises Refused."""
    rows = []
    for user in users:
        answer = services.call("core_completion_get_activities_completion_status", courseid=course, userid=user)
        for mark in objects(answer.get("statuses")):
            cmid, state, when = whole(mark.get("cmid")), whole(mark.get("state")) or 0, at(mark.get("timecompleted"))
            if not cmid or (state == 0 and when is None):
                continue
            rows.append(
                {
                    "completion_id": f"{names.realm}:completion:ws-{cmid}-{names.account(user)}",
                    "account_id": names.account(user),
                    "task_id": names.id("task", cmid),
                    "course_id": names.id("course", course),
                    "state": _STATES.get(state, "incomplete"),
                    "completed_at": when,
                }
            )
    yield from batch("completions", rows)


def outcomes(services: Services, names: Names, course: int, users: list[int], required: set[int]) -> Iterator[Event]:
    """Is the course completed? The moment is the last criterion's. Fills ``required`` with the modules asked for. Raises Refused."""
    rows = []
    for user in users:
        try:
            answer = services.call("core_completion_get_course_completion_status", courseid=course, userid=user)
        except Refused as refused:
            if refused.code == "nocriteriaset":
                return
            if refused.code == "cannotviewreport":
                yield Seen("outcomes", 1)
                yield Rejected("outcomes", f"{refused.function} user id {user}", refused.reason)
                continue
            raise
        status = answer.get("completionstatus") if isinstance(answer, dict) else None
        if not isinstance(status, dict):
            continue
        criteria = objects(status.get("completions"))
        for criterion in criteria:
            details = criterion.get("details")
            if whole(criterion.get("type")) == _ACTIVITY_CRITERION and isinstance(details, dict):
                required.update(int(found) for found in _MODULE.findall(str(details.get("criteria") or "")) if len(found) < 18)
        moments = [when for criterion in criteria if (when := at(criterion.get("timecompleted")))]
        rows.append(
            {
                "outcome_id": f"{names.realm}:course_completed:ws-{course}-{names.account(user)}",
                "account_id": names.account(user),
                "course_id": names.id("course", course),
                "kind": "course_completed",
                "reached_at": max(moments) if status.get("completed") and moments else None,
            }
        )
    yield from batch("outcomes", rows)
