"""Names of Open edX's tracking events → actions of ``raw.activity``; which payload numbers are kept; kinds of blocks.

One deed writes several events (the browser's ``problem_check``, the server's, ``edx.grades.problem.submitted``, completion): the row that
stands for the deed has the action, its companions are "other", so that counting an action counts deeds.
Vendor's list: https://docs.openedx.org/projects/openedx-tracking-logs (Events in the Tracking Logs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

_ACTIONS = {
    # (event, what sends it): only the server's problem_check has the verdict
    "play_video": "viewed",
    "edx.video.played": "viewed",
    "complete_video": "completed",
    "edx.video.completed": "completed",
    "seq_goto": "viewed",
    "seq_next": "viewed",
    "seq_prev": "viewed",
    "edx.ui.lms.sequence.next_selected": "viewed",
    "edx.ui.lms.sequence.previous_selected": "viewed",
    "edx.ui.lms.sequence.tab_selected": "viewed",
    "book": "viewed",
    "edx.forum.thread.viewed": "viewed",
    "edx.forum.thread.created": "posted",
    "edx.forum.response.created": "posted",
    "edx.forum.comment.created": "posted",
    "edx.course.enrollment.activated": "enrolled",
    "edx.course.enrollment.deactivated": "unenrolled",
    "edx.cohort.user_added": "joined_group",
    "edx.cohort.user_removed": "left_group",
    "edx.team.learner_added": "joined_group",
    "edx.team.learner_removed": "left_group",
    "edx.problem.completed": "completed",
    "edx.course.grade.passed.first_time": "completed",
    "edx.course.completed": "completed",
    "edx.special_exam.practice.attempt.created": "attempted",
    "edx.special_exam.proctored.attempt.created": "attempted",
    "edx.special_exam.timed.attempt.created": "attempted",
    "edx.special_exam.practice.attempt.submitted": "submitted",
    "edx.special_exam.proctored.attempt.submitted": "submitted",
    "edx.special_exam.timed.attempt.submitted": "submitted",
    "openassessmentblock.create_submission": "submitted",
    "openassessmentblock.peer_assess": "graded",
    "openassessmentblock.staff_assess": "graded",
    "edx.grades.problem.score_overridden": "graded",
    "edx.grades.subsection.grade_overridden": "graded",
    "xblock.poll.submitted": "answered_survey",
    "xblock.survey.submitted": "answered_survey",
}

#: Every event name of the platform and of its blocks is made of these; a name with anything else (an address, a query) is not passed on.
_NAME = re.compile(r"[A-Za-z][\w.\-]{0,99}")
#: Pages of a course that a person opens: the rest below ``/courses/<key>/`` are calls that pages make.
_PAGES = re.compile(
    r"/courses/[^/]+(?:/[^/]+/[^/]+)?/(?:courseware|info|course|about|progress|wiki|pdfbook|book|discussion/forum|jump_to|tab)(?:/|$)"
)
_LOGOUT = re.compile(r"/logout/?$")
_TOP = frozenset(
    ("courses", "dashboard", "event", "account", "login", "logout", "register", "api", "xblock", "certificates", "search", "support")
)

BLOCK_KINDS = {
    "problem": "quiz",
    "openassessment": "assignment",
    "edx_sga": "assignment",
    "html": "page",
    "discussion": "forum",
    "poll": "feedback",
    "survey": "feedback",
    "chat": "forum",
}

#: Numbers of a payload that may leave it: marks, places in a video, counts. Nothing that a person wrote or is called.
_NUMBERS = frozenset((
    "attempts", "completion", "currentTime", "current_tab", "current_time", "duration", "grade", "hint_index", "hint_len", "max_grade",
    "new_time", "old_time", "percent_grade", "tab_count", "target_tab", "weighted_earned", "weighted_graded_earned",
    "weighted_graded_possible", "weighted_possible", "weighted_total_earned", "weighted_total_possible",
))  # fmt: skip

_FORUM_STAFF = frozenset(("administrator", "moderator", "group moderator", "community ta"))
_COURSE_STAFF = frozenset(("instructor", "staff", "limited_staff", "beta_testers_staff"))


@lru_cache(4096)
def event_name(given: str) -> str:
    """The name as it may be stored: requests (whose "name" is a path, often with names and keys in it) by their first part only."""
    if given.startswith("/"):
        top = given[1:].split("/", 1)[0].split("?", 1)[0]
        return f"request:{top}" if top in _TOP else "request"
    return given if _NAME.fullmatch(given) else "unnamed"


def action_of(name: str, sender: str, payload: Mapping[str, Any]) -> str:
    """Action of an event; ``name`` as it stands in the log, ``sender``: "server", "browser" …"""
    if name.startswith("/"):
        return "viewed" if _PAGES.match(name) else "logged_out" if _LOGOUT.search(name) else "other"
    if name == "problem_check":
        return "submitted" if sender == "server" or "attempts" in payload else "other"
    if name == "edx.completion.block_completion.changed":
        return "completed" if payload.get("completion") == 1 else "other"
    return _ACTIONS.get(name, "other")


@lru_cache(4096)
def component_of(name: str) -> str | None:
    """The part of the platform that speaks: "forum", "grades", "video", "problem" …"""
    if name.startswith("/"):
        return "request"
    if name.startswith("edx."):
        part = name.split(".", 2)[1]
        return part if _NAME.fullmatch(part) else None
    for part in ("video", "transcript", "problem", "seq", "book"):
        if part in name:
            return {"seq": "sequence", "transcript": "video"}.get(part, part)
    part = name.split(".", 1)[0]
    return part if "." in name and _NAME.fullmatch(part) else None


def details_of(payload: Mapping[str, Any]) -> str | None:
    """Numbers of the payload as JSON; None where there are none."""
    found = {key: value for key, value in payload.items() if key in _NUMBERS and isinstance(value, int | float)}
    try:
        return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if found else None
    except orjson.JSONEncodeError:  # beyond 64 bits
        return None


def is_staff(payload: Mapping[str, Any]) -> bool:
    """Does a forum event say that its author teaches or moderates here?"""
    for key, words in (("user_course_roles", _COURSE_STAFF), ("user_forums_roles", _FORUM_STAFF)):
        roles = payload.get(key)
        if isinstance(roles, list) and any(isinstance(role, str) and role.lower() in words for role in roles):
            return True
    return False
