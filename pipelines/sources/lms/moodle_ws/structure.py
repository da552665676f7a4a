"""Courses, their activities, personal extensions of deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.sources.formats.marked_text import text_of
from pipelines.sources.lms.moodle_access import groups_of, span_of
from pipelines.sources.lms.moodle_texts import name_in, name_in_english, task_kind
from pipelines.sources.lms.moodle_ws.client import Services, objects
from pipelines.sources.lms.moodle_ws.values import BESIDE_DATABASE, Names, at, batch, decimal, text, whole
from pipelines.sources.reading import Event, Rejected, Seen

#: ``dates`` of a module (Moodle 3.11 on) → columns.
_OPENS = frozenset(("allowsubmissionsfromdate", "timeopen", "timeavailablefrom"))
_DUE = frozenset(("duedate", "timeclose", "timeavailableto"))


def all_courses(services: Services) -> list[dict[str, Any]]:
    """Every course that the token's owner may see, by id. Raises Refused."""
    answer = services.call("core_course_get_courses_by_field")
    found = objects(answer.get("courses") if isinstance(answer, dict) else answer)
    return sorted((course for course in found if whole(course.get("id"))), key=lambda course: whole(course["id"]) or 0)


def courses(names: Names, found: list[dict[str, Any]], front_page: int) -> Iterator[Event]:
    """One row per course; the front page is rejected, for nobody learns there."""
    rows = []
    for course in found:
        native = whole(course.get("id"))
        if native == front_page:
            yield Seen("courses", 1)
            yield Rejected("courses", f"course id {native}", "the front page is no course")
            continue
        rows.append(
            {
                "course_id": names.id("course", native),
                "code": name_in(text(course.get("shortname")), names.language),
                "name": name_in(text(course.get("fullname")), names.language),
                "name_en": name_in_english(text(course.get("fullname"))),
                "starts_at": at(course.get("startdate")),
                "ends_at": at(course.get("enddate")),
            }
        )
    yield from batch("courses", rows)


def assignments(services: Services, course: int) -> dict[int, dict[str, Any]]:
    """Course module → assignment, those included in which the token's owner is not enrolled. Raises Refused."""
    answer = services.call("mod_assign_get_assignments", courseids=[course], includenotenrolledcourses=True)
    listed = [part for found in objects(answer.get("courses")) for part in objects(found.get("assignments"))]
    return {cmid: part for part in listed if (cmid := whole(part.get("cmid")))}


def quizzes(services: Services, course: int) -> dict[int, dict[str, Any]]:
    """Course module → quiz. Raises Refused."""
    answer = services.call("mod_quiz_get_quizzes_by_courses", courseids=[course])
    return {cmid: part for part in objects(answer.get("quizzes")) if (cmid := whole(part.get("coursemodule")))}


def tasks(
    services: Services, names: Names, course: int, assigns: dict[int, dict[str, Any]], tests: dict[int, dict[str, Any]],
    steps: dict[int, float], required: frozenset[int] | None,
) -> Iterator[Event]:  # fmt: skip
    """One row per activity that the token's owner may see.

    ``steps``: course module → best grade of the gradebook, for assignments graded in words; ``required``: modules that the course's completion
    asks for, None: not known. Raises Refused.
    """
    rows = []
    for section in objects(services.call("core_course_get_contents", courseid=course)):
        for module in objects(section.get("modules")):
            native = whole(module.get("id"))
            if not native:
                continue
            own = assigns.get(native) or tests.get(native) or {}
            dates = {str(part.get("dataid")): part.get("timestamp") for part in objects(module.get("dates"))}
            opens = own.get("allowsubmissionsfromdate", own.get("timeopen", next((dates[key] for key in dates if key in _OPENS), None)))
            due = own.get("duedate", own.get("timeclose", next((dates[key] for key in dates if key in _DUE), None)))
            grade = decimal(own.get("grade"))
            is_scale = None if grade is None else grade < 0
            name = text(module.get("name"))
            # Which groups a grouping has is asked for elsewhere: a restriction to one counts as open.
            groups = groups_of(text(module.get("availability")), {})
            since, until = span_of(text(module.get("availability")))
            visible = whole(module.get("visible"))
            intro = own.get("intro") or module.get("description")
            rows.append(
                {
                    "task_id": names.id("task", native),
                    "course_id": names.id("course", course),
                    "kind": task_kind(text(module.get("modname"))),
                    "name": name_in(name, names.language),
                    "name_en": name_in_english(name),
                    "section": whole(section.get("section")),
                    "opens_at": max((when for when in (at(opens), at(since)) if when), default=None),
                    # What is shut to everybody before its date has to be done until then.
                    "due_at": min(when for when in (at(due), at(until)) if when) if at(due) else None,
                    "cutoff_at": min((when for when in (at(own.get("cutoffdate")), at(until)) if when), default=None),
                    "max_grade": steps.get(native) if is_scale or grade is None else grade or None,
                    "is_scale": is_scale if native in assigns else False,
                    "is_team": bool(whole(own.get("teamsubmission"))),
                    "is_blind": bool(whole(own.get("blindmarking"))) and not whole(own.get("revealidentities")),
                    "uses_workflow": bool(whole(own.get("markingworkflow"))),
                    "is_required": None if required is None else native in required,
                    "is_deleted": bool(whole(module.get("deletioninprogress"))),
                    "is_hidden": None if visible is None else visible == 0,
                    "only_groups": ",".join(f"{names.realm}:group:{group}" for group in sorted(groups)) if groups else None,
                    "intro": text_of(intro, whole(own.get("introformat", 1))) if isinstance(intro, str) and intro else None,
                    # Without the grade to pass.
                    "seen_at": BESIDE_DATABASE,
                }
            )
    yield from batch("tasks", rows)


def flags(services: Services, names: Names, assigns: dict[int, dict[str, Any]]) -> tuple[list[Event], set[tuple[int, int]]]:
    """Personal extensions as deadlines, and (assignment, user) whose marks are released by the marking workflow. Raises Refused."""
    ids = {whole(part.get("id")): cmid for cmid, part in assigns.items()}
    answer = services.call("mod_assign_get_user_flags", assignmentids=[native for native in ids if native])
    rows, released = [], set()
    for part in objects(answer.get("assignments")):
        assignment = whole(part.get("assignmentid"))
        for flag in objects(part.get("userflags")):
            user = whole(flag.get("userid"))
            if assignment and user and flag.get("workflowstate") == "released":
                released.add((assignment, user))
            if at(flag.get("extensionduedate")) and names.id("task", ids.get(assignment)) and names.account(user):
                rows.append(
                    {
                        "deadline_id": f"{names.realm}:deadline:extension:{whole(flag.get('id'))}",
                        "task_id": names.id("task", ids.get(assignment)),
                        "account_id": names.account(user),
                        "rule": "extension",
                        "due_at": at(flag.get("extensionduedate")),
                        # Without the moment when it was granted.
                        "seen_at": BESIDE_DATABASE,
                    }
                )
    return list(batch("deadlines", rows)), released
