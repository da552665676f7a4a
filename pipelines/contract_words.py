"""The closed lists of words of the raw stage: what a reader may write into such a column and pipelines/raw_checks.py checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Closed lists of words in the contract (sql/schema/raw.sql says what each means).
WORDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "accounts": {"channel": ("lms", "chat", "mail", "webinar", "survey")},
    "enrolments": {"role": ("learner", "curator", "staff", "other"), "state": ("active", "suspended", "ended", "removed")},
    "tasks": {"kind": ("assignment", "quiz", "page", "file", "url", "forum", "feedback", "certificate", "other")},
    "deadlines": {"rule": ("group_override", "user_override", "extension")},
    "activity": {
        "action": (
            "viewed", "submitted", "uploaded", "posted", "attempted", "completed", "graded", "enrolled", "unenrolled", "joined_group",
            "left_group", "messaged", "logged_in", "logged_out", "login_failed", "answered_survey", "other",
        )
    },
    "chats": {"channel": ("forum", "chat", "mail", "direct")},
    "messages": {
        "channel": ("forum", "chat", "mail", "direct"),
        "kind": ("post", "service", "auto_reply", "read_receipt", "delivery_report"),
        "delivery_state": ("failed", "delayed", "delivered", "relayed", "expanded", "displayed", "deleted"),
    },
    "addressees": {"role": ("to", "cc", "bcc", "member", "mention", "reaction")},
    "submissions": {
        "kind": ("assignment", "quiz"),
        "state": ("new", "draft", "reopened", "submitted", "in_progress", "overdue", "abandoned"),
    },
    "file_texts": {"state": ("text", "no_text")},
    "grades": {"record": ("marking", "gradebook", "history", "quiz")},
    "completions": {"state": ("incomplete", "complete", "passed", "failed", "viewed")},
    "outcomes": {"kind": ("course_completed", "certificate")},
}  # fmt: skip
