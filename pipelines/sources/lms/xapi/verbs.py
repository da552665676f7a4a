"""Verbs and activity types of xAPI → actions of ``raw.activity`` and kinds of ``raw.tasks``.

A verb is an IRI; vocabularies name the same deed under several hosts (adlnet.gov, id.tincanapi.com, activitystrea.ms, w3id.org/xapi,
xAPI video profile, Open edX's router, Moodle's logstore_xapi, TRAX). What counts is its last part.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ACTIONS = {
    "viewed": ("viewed", "view", "experienced", "read", "watched", "watch", "played", "play", "accessed", "access", "navigated", "opened", "open",
               "launched", "launch", "consumed", "downloaded", "previewed", "attended", "listened"),
    "submitted": ("submitted", "submit", "answered", "answer", "turned-in", "evaluated"),
    "uploaded": ("uploaded", "attached", "attach"),
    "posted": ("posted", "post", "replied", "reply", "commented", "comment", "asked-question", "discussed", "shared", "share"),
    "attempted": ("attempted", "attempt", "started", "start", "initialized", "resumed"),
    "completed": ("completed", "complete", "passed", "failed", "mastered", "satisfied", "progressed", "finished"),
    "graded": ("scored", "graded", "assessed", "reviewed"),
    "enrolled": ("registered", "enrolled", "enrolled-onto", "enrolled_onto", "subscribed"),
    "unenrolled": ("unregistered", "unenrolled", "unsubscribed", "abandoned-course"),
    "joined_group": ("joined", "join"),
    "left_group": ("left", "leave", "exited-group"),
    "messaged": ("sent", "send", "messaged"),
    "logged_in": ("logged-in", "loggedin", "logged_in", "log-in", "login", "authenticated"),
    "logged_out": ("logged-out", "loggedout", "logged_out", "log-out", "logout"),
}  # fmt: skip
#: Last part of a verb → action.
ACTIONS = {word: action for action, words in _ACTIONS.items() for word in words}

#: Verbs that pass a judgement, for marks of completion and outcomes.
STATES = {
    "completed": "complete",
    "complete": "complete",
    "finished": "complete",
    # What an LMS of cmi5 says of a course or block of which everything has been done.
    "satisfied": "complete",
    "mastered": "passed",
    "passed": "passed",
    "failed": "failed",
}

#: Verbs that begin or end an enrolment where the object is a course. Moodle's logstore_xapi says "leave" of who is taken out of one.
ENROLS = {word: "active" for word in (*_ACTIONS["enrolled"], "joined", "join")} | {
    word: "removed" for word in (*_ACTIONS["unenrolled"], "left", "leave")
}
#: Verbs that change an enrolment where the statement is of one (:data:`OF_ENROLMENT`); else somebody's work on something is paused and taken up again.
CHANGES = {"suspended": "suspended", "resumed": "active"}
#: End of the key under which logstore_xapi tells how somebody is enrolled.
OF_ENROLMENT = "/enrolment-type"

_ID = re.compile(r"[^\s\"<>{}|^`\\@]{1,200}")

#: Last part of an activity type → kind of task. Types that are no activity of a course (a person, a post, an attempt, a page of a site) are absent.
TASK_KINDS = {
    "assessment": "quiz", "quiz": "quiz", "test": "quiz", "exam": "quiz", "cmi.interaction": "quiz", "question": "quiz", "problem": "quiz",
    "assignment": "assignment", "assign": "assignment", "essay": "assignment", "task": "assignment", "project": "assignment",
    "page": "page", "book": "page", "article": "page", "document": "file", "file": "file", "resource": "file", "folder": "file",
    "link": "url", "url": "url",
    "discussion-forum": "forum", "forum": "forum", "chat-channel": "forum",
    "survey": "feedback", "feedback": "feedback", "poll": "feedback",
    "certificate": "certificate", "badge": "certificate",
    "module": "other", "lesson": "other", "lms/module": "other", "scorm": "other", "h5p": "other", "interaction": "other", "video": "other",
    "media": "other", "audio": "other", "simulation": "other", "unit": "other", "block": "other", "sequence": "other", "slide": "other",
    "workshop": "assignment", "wiki": "page", "glossary": "page", "lti": "other", "objective": "other", "performance": "other",
}  # fmt: skip

#: Types of a question, which may be a task of its own or part of one.
QUESTION_TYPES = frozenset(("cmi.interaction", "question", "interaction"))
_COURSE_TYPES = frozenset(("course", "lms/course"))
_GROUP_TYPES = frozenset(("group", "team", "cohort"))
_POST_TYPES = frozenset(("discussion", "forum-topic", "post", "comment", "reply", "thread"))
#: What is handed in, as logstore_xapi calls it: a file, an online text.
_CONTENT_TYPES = frozenset(("file", "article"))
_CERTIFICATES = frozenset(("certificate", "badge"))


@lru_cache(4096)
def word_of(iri: str) -> str:
    """Last part of an IRI, in small letters: ``http://adlnet.gov/expapi/verbs/completed`` → "completed"."""
    return re.split(r"[/#]", iri.rstrip("/#"))[-1].lower()


@lru_cache(4096)
def action_of(word: str, type_word: str, is_success: bool) -> str:
    """Action of a verb's last part. ``type_word``: the object's type; asking for a solution or a hint is no post."""
    if word in ("joined", "join") and type_word not in _GROUP_TYPES:
        return "enrolled" if type_word in _COURSE_TYPES else "viewed"
    if word in ("left", "leave") and type_word and type_word not in _GROUP_TYPES:
        return "unenrolled" if type_word in _COURSE_TYPES else "other"
    if word in ("created", "create"):
        return "posted" if type_word in _POST_TYPES else "other"
    if word == "add":
        return "uploaded" if type_word in _CONTENT_TYPES else "other"
    if word == "progressed" and not is_success:
        return "other"
    return ACTIONS.get(word, "other")


@lru_cache(4096)
def stored_iri(iri: str) -> str:
    """The verb as it may be stored: an IRI without blanks and addresses; "unnamed" for anything else."""
    return iri if _ID.fullmatch(iri) else "unnamed"


@lru_cache(4096)
def type_word_of(iri: str) -> str:
    """Last part of an activity type's IRI; "lms/" before it where that tells "course" from other vocabularies' courses."""
    return "lms/" + word_of(iri) if "/lms/" in iri else word_of(iri)


def is_course(type_word: str) -> bool:
    """Is it the type of a course?"""
    return type_word in _COURSE_TYPES


def is_certificate(type_word: str) -> bool:
    """Is it the type of a certificate or badge?"""
    return type_word in _CERTIFICATES
