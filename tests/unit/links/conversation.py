"""An invented course with people who write: fills an empty warehouse with what readers and the links of people would have left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipelines.warehouse import Warehouse

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
COURSE = "moodle:course:1"
CHAT = "telegram:chat:1"
FORUM = "moodle:forum:1"
NEWS = "moodle:forum:2"


@dataclass
class Course:
    """One course; ``write`` puts everything said into the warehouse. Times are minutes after the start."""

    warehouse: Warehouse
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def person(self, name: str, role: str | None, *, course: str = COURSE, first_name: str | None = None, since: float = -1000) -> str:
        """A person with an account of every channel; returns the name of the person. ``role`` None: in no course."""
        for realm, channel in (("moodle", "lms"), ("telegram", "chat"), ("mail", "mail")):
            account = f"{realm}-{name}"
            self._add("raw.accounts", account_id=account, realm=realm, channel=channel, is_bot=role == "bot")
            self._add("personal.accounts", account_id=account, display_name=name, first_name=first_name or name)
            self._add("links.people", account_id=account, person_id=f"p-{name}", state="linked", rule="anchor", score=1.0)
        if role in ("learner", "curator", "staff"):
            self.enrol(name, role, course=course, since=since)
        return name

    def enrol(self, name: str, role: str, *, course: str = COURSE, since: float = -1000, until: float | None = None) -> None:
        self._add(
            "raw.enrolments", enrolment_id=f"e{next(self._numbers)}", account_id=f"moodle-{name}", course_id=course, role=role, state="active",
            created_at=at(since), removed_at=None if until is None else at(until),
        )  # fmt: skip

    def stranger(self, name: str) -> str:
        """A chat account that is linked to nobody."""
        self._add("raw.accounts", account_id=f"telegram-{name}", realm="telegram", channel="chat")
        self._add("personal.accounts", account_id=f"telegram-{name}", display_name=name)
        self._add("links.people", account_id=f"telegram-{name}", state="unlinked", rule="none")
        return name

    def chat(self, who: str, text: str | None, minute: float, *, reply_to: str | None = None, place: str = CHAT, **more: Any) -> str:
        return self._message("telegram", "chat", place, who, minute, text=text, reply_to_id=reply_to, course_id=None, **more)

    def post(
        self, who: str, text: str, minute: float, *, thread: str = "t1", parent: str | None = None, forum: str = FORUM, **more: Any
    ) -> str:
        return self._message(
            "moodle",
            "forum",
            forum,
            who,
            minute,
            text=text,
            reply_to_id=parent,
            thread_id=f"moodle:discussion:{thread}",
            course_id=COURSE,
            **more,
        )

    def direct(self, who: str, to: str, text: str, minute: float) -> str:
        message = self._message("moodle", "direct", f"moodle:conversation:{'-'.join(sorted((who, to)))}", who, minute, text=text)
        self._add("raw.addressees", message_id=message, account_id=f"moodle-{to}", role="member")
        return message

    def mail(self, who: str, to: list[str], subject: str | None, minute: float, *, reply_to: str | None = None, **more: Any) -> str:
        message = self._message(
            "mail", "mail", "mail:chat", who, minute, subject=subject, reply_to_id=reply_to, is_to_list=len(to) >= 10, **more
        )
        for name in to:
            self._add("raw.addressees", message_id=message, account_id=f"mail-{name}", role="to")
        return message

    def mention(self, message: str, name: str) -> None:
        self._add("raw.addressees", message_id=message, account_id=f"telegram-{name}", role="mention")

    def grade(self, comment: str | None, *, learner: str, marker: str, attempt: int = 0, task: str = "moodle:task:1") -> str:
        grade = f"moodle:marking:{next(self._numbers)}"
        self._add(
            "raw.grades", grade_id=grade, record="marking", account_id=f"moodle-{learner}", task_id=task, course_id=COURSE, attempt=attempt,
            grader_account_id=f"moodle-{marker}", graded_at=START,
        )  # fmt: skip
        self._add("personal.grades", grade_id=grade, comment=comment)
        return grade

    def submission(self, learner: str, attempt: int, *, task: str = "moodle:task:1", text: str | None = None) -> None:
        submission = f"s{next(self._numbers)}"
        self._add("personal.submissions", submission_id=submission, text=text)
        self._add(
            "raw.submissions", submission_id=submission, kind="assignment", account_id=f"moodle-{learner}", task_id=task, course_id=COURSE,
            attempt=attempt, state="submitted",
        )  # fmt: skip

    def view(self, who: str, thread: str, minute: float) -> None:
        self._add(
            "raw.activity", activity_id=f"l{next(self._numbers)}", account_id=f"moodle-{who}", course_id=COURSE, occurred_at=at(minute), action="viewed",
            event=r"\mod_forum\event\discussion_viewed", object_id=thread, is_impersonated=False, is_anonymous=False,
        )  # fmt: skip

    def write(self) -> None:
        """Bring everything into the warehouse."""
        self._add("raw.courses", course_id=COURSE, code="C-1")
        self._add("links.places", place_id=CHAT, kind="chat", course_id=COURSE, rule="title", score=1.0)
        for chat, channel, kind in (
            (CHAT, "chat", "supergroup"),
            (FORUM, "forum", "forum"),
            (NEWS, "forum", "news"),
            ("mail:chat", "mail", "mailbox"),
        ):
            self._add("raw.chats", chat_id=chat, channel=channel, kind=kind)
        for table, rows in self.rows.items():
            columns = self.warehouse.columns(table)
            frame = pa.Table.from_pylist([{"source": "test", "load_id": "load"} | row for row in rows])
            names = [name for name in columns if name in frame.column_names]
            self.warehouse.connection.register("rows", frame)
            self.warehouse.connection.execute(f"insert into {table} ({', '.join(names)}) select {', '.join(names)} from rows")
            self.warehouse.connection.unregister("rows")

    def _message(
        self,
        realm: str,
        channel: str,
        chat: str,
        who: str,
        minute: float,
        *,
        subject: str | None = None,
        text: str | None = None,
        **more: Any,
    ) -> str:
        number = next(self._numbers)
        message = f"{realm}:message:{number}"
        self._add(
            "raw.messages",
            message_id=message,
            channel=channel,
            chat_id=chat,
            account_id=f"{realm}-{who}",
            sent_at=at(minute),
            **({"kind": "post"} | more),
        )
        self._add("personal.messages", message_id=message, subject=subject, text=text)
        return message

    def _add(self, table: str, **row: Any) -> None:
        rows = self.rows.setdefault(table, [])
        rows.append(row)
        # Arrow takes its columns from the first row: give it all of them.
        for name in row:
            rows[0].setdefault(name, None)


def at(minute: float) -> datetime:
    """A moment of the course."""
    return START + timedelta(minutes=minute)
