"""The reader: which files, which events, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar

import orjson

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats.delimited import delimited_items
from pipelines.sources.formats.event_tables import BATCH_ROWS, NEVER, Rows, moment, number
from pipelines.sources.formats.json_lines import NO_JSON, objects
from pipelines.sources.formats.marked_text import FORMAT_HTML, FORMAT_MARKDOWN, FORMAT_PLAIN, text_of
from pipelines.sources.formats.plain_text import count_question_marks, count_words
from pipelines.sources.lms.openedx.places import block_of, course_in, course_of, type_of
from pipelines.sources.lms.openedx.words import BLOCK_KINDS, action_of, component_of, details_of, event_name, is_staff
from pipelines.sources.reading import Context, Covers, Event, Item, Rejected, Seen

DEFAULT_REALM = "openedx"
#: ``tracking.log``, ``tracking.log-20261122-1795300000.gz``, an export per organisation and day ``…-events-2026-11-22.log.gz``.
_ENDINGS = (".log", ".log.gz", ".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".gz")
_EXPECTED = "a tracking log of Open edX: one JSON event a line"
_ORIGINS = {"browser": "web", "server": "web", "mobile": "ws", "task": "cli"}
_ABOUT_COURSE = ("edx.course.enrollment.", "edx.course.grade.", "edx.course.completed", "edx.grades.course.", "edx.certificate.")
_HASH_BYTES = 12  # 96 bits: ten billion events collide with a chance below 1e-9
_ACTIVITY = (
    "activity_id", "account_id", "course_id", "task_id", "occurred_at", "action", "event", "component", "object_id", "related_account_id",
    "origin", "is_impersonated", "is_anonymous", "details",
)  # fmt: skip
_SUBMISSIONS = (
    "submission_id", "kind", "account_id", "task_id", "course_id", "attempt", "state", "is_team", "is_preview", "submitted_at", "score", "max_score",
    "chars", "words", "files", "text",
)  # fmt: skip
#: What all marks of this platform are: seen at once, and what the book says.
_GRADE = {"is_released": True, "is_overridden": False}
_HANDED_IN = frozenset(("openassessmentblock.create_submission", "openassessmentblock.create_team_submission"))
_LONGEST_UUID = 64
#: Where Docker and collectors of logs keep the line that they have taken in.
_WRAPPERS = ("log", "message", "line")
_MESSAGES = (
    "message_id", "channel", "chat_id", "thread_id", "reply_to_id", "account_id", "course_id", "sent_at", "kind", "is_private", "chars", "words",
    "question_marks", "subject", "text",
)  # fmt: skip


class OpenEdxReader:
    """Reads tracking logs of Open edX (kind "openedx"); one item is one file.

    Rejected, as "line N" of ``activity``: ``no JSON``, ``not an object``, ``line too long``, ``no event name``, ``no readable time``, ``nested too deep``.
    """

    kind: ClassVar[str] = "openedx"
    version: ClassVar[int] = 5

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every log below the source's path, by name. Raises BadSource where none is."""
        if source.path is not None and source.path.is_dir():
            # logrotate puts the day after the ending: tracking.log-20261122
            rotated = [
                Item(file.relative_to(source.path).as_posix(), file)
                for file in source.path.rglob("*.log*")
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(source.path).parts)
            ]
            try:
                found = [*rotated, *delimited_items(source.path, source.name, endings=_ENDINGS)]
            except BadSource:
                if not rotated:
                    raise
                found = rotated
            return sorted({item.name: item for item in found}.values(), key=lambda item: item.name)
        return delimited_items(source.path, source.name, endings=_ENDINGS)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one log, in batches. Raises BadFile for one that is empty, cut off, damaged, or something else."""
        if item.path is None:
            raise BadSource(f"source {source.name}: an item of a log has a path")
        rows = Rows(context.pseudonyms, source.realm or DEFAULT_REALM)
        log = _Log(rows)
        seen, kept = 0, False
        for line, event, reason in objects(item.path, _EXPECTED):
            seen += 1
            if event is None:
                yield Rejected("activity", f"line {line}", reason or NO_JSON)
                continue
            if refusal := log.take(event):
                yield Rejected("activity", f"line {line}", refusal)
                continue
            kept = True
            if rows.waiting >= BATCH_ROWS:
                yield Seen("activity", seen)
                seen = 0
                yield from rows.flush()
        if not kept:
            raise BadFile(item.path, place="line 1", expected=_EXPECTED, found="JSON of something else")
        yield Seen("activity", seen)
        yield from rows.last()
        yield Covers(rows.since, rows.until)


class _Log:
    """What one log says, event by event."""

    def __init__(self, rows: Rows) -> None:
        self.rows, self.realm = rows, rows.realm
        #: Work handed in → who handed it in and at which attempt, as far as this log tells.
        self._made_by: dict[str, tuple[str | None, int | None]] = {}

    def take(self, line: dict[str, Any]) -> str:
        """Turn one event into rows; the reason where it is refused, else empty."""
        line = _unwrapped(line)
        name = line.get("name") or line.get("event_type")
        if not isinstance(name, str) or not name:
            return "no event name"
        at = moment(line.get("time") or line.get("timestamp"))
        if at is None:
            return "no readable time"
        digest = _hash(line)
        if digest is None:
            return "nested too deep"
        context = line.get("context")
        context = context if isinstance(context, dict) else {}
        payload, bare = _payload(line, name)
        sender = line.get("event_source") or context.get("event_source")
        rows = self.rows
        rows.spans(at)

        course_key = course_of(context, payload, line.get("page"), context.get("page"), context.get("path"), name)
        block = None if name.startswith("/") else block_of(name, course_key, context, payload, bare)
        if course_key is None and block:
            course_key = course_in(block)
        course = f"{self.realm}:course:{course_key}" if course_key else None
        if course_key and rows.held("courses", course) is None:
            rows.state("courses", course, at, course_id=course, code=course_key)
        task = self._task(block, course, context, at) if block and course else None
        actor = self._account(context.get("user_id"), line.get("username") or context.get("username"), at)
        person = self._person(payload, name, actor, at)
        forum_id = payload.get("id") if name.startswith("edx.forum.") and isinstance(payload.get("id"), str) else None
        rows.add(
            "activity",
            (
                f"{self.realm}:log:{digest}",
                actor, course, task, at,
                action_of(name, sender if isinstance(sender, str) else "", payload),
                event_name(name), component_of(name),
                forum_id or block or (course_key if name.startswith(_ABOUT_COURSE) else None),
                person if person != actor or name.startswith(("edx.course.enrollment", "edx.grades", "edx.cohort")) else None,
                "cli" if isinstance(context.get("command"), str) else _ORIGINS.get(sender) if isinstance(sender, str) else None,
                False,
                payload.get("anonymous") is True or payload.get("anonymous_to_peers") is True,
                details_of(payload),
            ),
            _ACTIVITY,
        )  # fmt: skip
        if name in _HANDED_IN and task and actor:
            self._work(payload, actor, course, task, at, is_team=name.endswith("team_submission"))
        elif name == "openassessmentblock.staff_assess" and task and course_key:
            self._mark(payload, actor, course_key, task, at)
        if not name.startswith("edx.") and name != "problem_check":
            return ""
        if name == "problem_check":
            self._attempt(payload, actor, course, task, block, at)
        elif name.startswith("edx.course.enrollment.") and person and course_key:
            self._enrolment(name, payload, person, actor, course_key, at)
        elif name.startswith("edx.forum.") and course_key:
            self._forum(name, payload, actor, course_key, at)
        elif name.startswith("edx.grades.") and person and course_key:
            self._grade(name, payload, person, course_key, task, block, at)
        elif name == "edx.completion.block_completion.changed" and person and task and block:
            share = number(payload.get("completion"))
            if share is not None:
                self.rows.state(
                    "completions", (block, person), at,
                    completion_id=f"{self.realm}:completion:{block}:{person}", account_id=person, task_id=task, course_id=course,
                    state="complete" if share >= 1 else "incomplete", completed_at=at,
                )  # fmt: skip
        elif person and course_key:
            self._outcome(name, payload, person, course_key, at)
        return ""

    # -- who and where ----------------------------------------------------------------------------------------------------------

    def _account(self, user: Any, username: Any, at: datetime) -> str | None:
        native, handle = _user(user), username.strip() if isinstance(username, str) and username.strip() not in ("", "anonymous") else None
        if native is None:
            native = f"name:{handle}" if handle else None
        if native is None:
            return None
        return self.rows.met(native, at, username=handle)

    def _person(self, payload: dict[str, Any], name: str, actor: str | None, at: datetime) -> str | None:
        """Whom an event is about: the payload's, else who acts."""
        user = payload.get("user_id") or payload.get("attempt_user_id")
        handle = payload.get("username") or payload.get("attempt_user_username")
        native = _user(user)
        if native is None and not (isinstance(handle, str) and handle.strip()):
            return actor
        if native is None and actor is not None and name.startswith("edx.course.enrollment"):
            return actor
        account = self.rows.account(native) if native else None
        if account is not None and account == actor:
            return actor
        return self._account(user, handle, at) or actor

    def _task(self, block: str, course: str, context: dict[str, Any], at: datetime) -> str:
        task = f"{self.realm}:task:{block}"
        module = context.get("module")
        name = module.get("display_name") if isinstance(module, dict) and isinstance(module.get("display_name"), str) else None
        if name or self.rows.held("tasks", task) is None:
            kind = BLOCK_KINDS.get(type_of(block), "other")
            self.rows.state("tasks", task, at if name else NEVER, task_id=task, course_id=course, kind=kind, name=name or None)
        return task

    # -- what it makes ----------------------------------------------------------------------------------------------------------

    def _attempt(
        self, payload: dict[str, Any], actor: str | None, course: str | None, task: str | None, block: str | None, at: datetime
    ) -> None:
        attempts = payload.get("attempts")
        if actor is None or task is None or type(attempts) is not int or not 0 < attempts < 1 << 31:
            return
        self.rows.add(
            "submissions",
            (
                f"{self.realm}:attempt:{block}:{actor}:{attempts}", "quiz", actor, task, course, attempts - 1, "submitted", False, False, at,
                number(payload.get("grade")), number(payload.get("max_grade")), None, None, None, None,
            ),
            _SUBMISSIONS,
        )  # fmt: skip

    def _work(self, payload: dict[str, Any], actor: str, course: str | None, task: str, at: datetime, *, is_team: bool) -> None:
        """A response to an open response assessment: its text, and how many files there are."""
        uuid = payload.get("submission_uuid")
        if not isinstance(uuid, str) or not uuid or len(uuid) > _LONGEST_UUID:
            return
        attempts = payload.get("attempt_number")
        attempt = attempts - 1 if type(attempts) is int and 0 < attempts < 1 << 31 else None
        answer = _object(payload.get("answer"))
        parts = answer.get("parts")
        texts = (
            [part.get("text") if isinstance(part, dict) else None for part in parts] if isinstance(parts, list) else [answer.get("text")]
        )
        # An editor's text is HTML, a plain field's is not.
        told = [text_of(text, FORMAT_HTML if text.lstrip().startswith("<") else FORMAT_PLAIN) for text in texts if isinstance(text, str)]
        text = "\n\n".join(part for part in told if part) or None
        keys = answer.get("file_keys")
        files = len(keys) if isinstance(keys, list) else int(isinstance(answer.get("file_key"), str))
        self._made_by[uuid] = actor, attempt
        self.rows.add(
            "submissions",
            (
                f"{self.realm}:submission:{uuid}", "assignment", actor, task, course, attempt, "submitted", is_team, False,
                moment(payload.get("submitted_at")) or at, None, None, len(text or ""), count_words(text or ""), files, text,
            ),
            _SUBMISSIONS,
        )  # fmt: skip

    def _mark(self, payload: dict[str, Any], actor: str | None, course: str, task: str, at: datetime) -> None:
        """What the course's staff gave for such a response; whose it is the loader tells where its handing in stands in another file."""
        uuid, parts = payload.get("submission_uuid"), payload.get("parts")
        if not isinstance(uuid, str) or not uuid or len(uuid) > _LONGEST_UUID:
            return
        if actor:
            self._teaches(actor, course, at)
        parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        points = [number(_object(part.get("option")).get("points")) for part in parts]
        best = [number(_object(part.get("criterion")).get("points_possible")) for part in parts]
        words = [payload.get("feedback"), *(part.get("feedback") for part in parts)]
        comment = "\n".join(text for word in words if isinstance(word, str) and (text := text_of(word, FORMAT_PLAIN)))
        account, attempt = self._made_by.get(uuid, (None, None))
        scored = moment(payload.get("scored_at")) or at
        self.rows.state(
            "grades", ("marking", uuid), at,
            **_GRADE,
            grade_id=f"{self.realm}:marking:{uuid}", record="marking", account_id=account, task_id=task, course_id=f"{self.realm}:course:{course}",
            submission_id=f"{self.realm}:submission:{uuid}", grader_account_id=actor, attempt=attempt,
            grade=_sum(points), max_grade=_sum(best), graded_at=scored,
            comment_chars=len(comment), comment_words=count_words(comment), comment=comment,
        )  # fmt: skip

    def _enrolment(self, name: str, payload: dict[str, Any], person: str, actor: str | None, course: str, at: datetime) -> None:
        event = name.rsplit(".", 1)[1]
        if event not in ("activated", "deactivated", "mode_changed"):
            return
        known = self.rows.held("enrolments", (course, person, "learner"))
        mode = payload.get("mode")
        is_left = event == "deactivated"
        created = known["created_at"] if known else None
        if event == "activated":
            created = min(created, at) if created else at
        if known and at < known["seen_at"]:  # lines of several servers are not in order
            known["created_at"] = created
            return
        if event == "mode_changed" and known:
            is_left = known["state"] == "removed"
        self.rows.state(
            "enrolments", (course, person, "learner"), at,
            enrolment_id=f"{self.realm}:enrolment:{course}:{person}:learner", account_id=person, course_id=f"{self.realm}:course:{course}",
            role="learner", method=mode if isinstance(mode, str) and len(mode) < 40 else None, state="removed" if is_left else "active",
            created_at=created, removed_at=at if is_left else None,
            enrolled_by=actor if actor and actor != person else (known["enrolled_by"] if known else None),
        )  # fmt: skip

    def _teaches(self, actor: str, course: str, at: datetime) -> None:
        self.rows.state(
            "enrolments", (course, actor, "curator"), at,
            enrolment_id=f"{self.realm}:enrolment:{course}:{actor}:curator", account_id=actor, course_id=f"{self.realm}:course:{course}",
            role="curator", method="role", state="active", created_at=None, removed_at=None, enrolled_by=None,
        )  # fmt: skip

    def _forum(self, name: str, payload: dict[str, Any], actor: str | None, course: str, at: datetime) -> None:
        if actor and is_staff(payload):
            self._teaches(actor, course, at)
        _, _, what, event = [*name.split("."), "", ""][:4]
        native = payload.get("id")
        if event != "created" or what not in ("thread", "response", "comment") or not isinstance(native, str) or not native:
            return
        chat = f"{self.realm}:forum:{course}"
        self.rows.state("chats", chat, at, chat_id=chat, channel="forum", kind="forum", course_id=f"{self.realm}:course:{course}")
        thread = native if what == "thread" else _id_of(payload.get("discussion"))
        answered = None if what == "thread" else thread if what == "response" else _id_of(payload.get("response"))
        body = payload.get("body")
        text = text_of(body, FORMAT_HTML if body.lstrip().startswith("<") else FORMAT_MARKDOWN) if isinstance(body, str) else None
        title = payload.get("title")
        self.rows.add(
            "messages",
            (
                f"{self.realm}:post:{native}", "forum", chat, f"{self.realm}:discussion:{thread}" if thread else None,
                f"{self.realm}:post:{answered}" if answered else None, None if payload.get("anonymous") is True else actor,
                f"{self.realm}:course:{course}", at, "post", False, None if text is None else len(text),
                None if text is None else count_words(text), None if text is None else count_question_marks(text),
                title if isinstance(title, str) and title else None, text,
            ),
            _MESSAGES,
        )  # fmt: skip

    def _grade(
        self, name: str, payload: dict[str, Any], person: str, course: str, task: str | None, block: str | None, at: datetime
    ) -> None:
        match name:
            case "edx.grades.problem.submitted":
                record, what, grade, best = "quiz", block, payload.get("weighted_earned"), payload.get("weighted_possible")
            case "edx.grades.subsection.grade_calculated":
                record, what, grade, best = "gradebook", block, payload.get("weighted_total_earned"), payload.get("weighted_total_possible")
            case "edx.grades.course.grade_calculated":
                share = number(payload.get("percent_grade"))
                record, what, grade, best, task = "gradebook", course, None if share is None else round(share * 100, 6), 100, None
            case _:
                return
        if what is None:
            return
        self.rows.state(
            "grades", (record, what, person), at,
            **_GRADE,
            grade_id=f"{self.realm}:{record}:{what}:{person}", record=record, account_id=person, task_id=task,
            course_id=f"{self.realm}:course:{course}", submission_id=None, grader_account_id=None, attempt=None,
            grade=number(grade), max_grade=number(best), graded_at=at, comment_chars=None, comment_words=None, comment=None,
        )  # fmt: skip

    def _outcome(self, name: str, payload: dict[str, Any], person: str, course: str, at: datetime) -> None:
        course_id = f"{self.realm}:course:{course}"
        match name:
            case "edx.certificate.created" | "edx.certificate.revoked" | "edx.course.grade.passed.first_time" | "edx.course.completed":
                kind = "certificate" if "certificate" in name else "course_completed"
                self.rows.state(
                    "outcomes", (kind, course, person), at,
                    outcome_id=f"{self.realm}:{kind}:{course}:{person}", account_id=person, course_id=course_id, kind=kind,
                    reached_at=None if name.endswith("revoked") else at,
                )  # fmt: skip
            case "edx.cohort.user_added" | "edx.cohort.user_removed":
                cohort, title = payload.get("cohort_id"), payload.get("cohort_name")
                if type(cohort) is not int:
                    return
                group, has_left = f"{self.realm}:group:{cohort}", name.endswith("removed")
                if isinstance(title, str) and title:
                    self.rows.state("course_groups", cohort, at, group_id=group, course_id=course_id, name=title)
                known = self.rows.held("memberships", (cohort, person))
                self.rows.state(
                    "memberships", (cohort, person), at,
                    membership_id=f"{self.realm}:membership:{cohort}:{person}:0", group_id=group, account_id=person,
                    joined_at=(known["joined_at"] if known else None) if has_left else at, left_at=at if has_left else None,
                )  # fmt: skip


def _unwrapped(line: dict[str, Any]) -> dict[str, Any]:
    """The event that a container's log or a collector of logs has put into an object of its own, as a text; any other line as it is."""
    if "name" in line or "event_type" in line:
        return line
    for key in _WRAPPERS:
        text = line.get(key)
        if isinstance(text, str) and (begin := text.find("{")) >= 0 and (found := _object(text[begin:].strip())):
            return found
    return line


def _payload(line: dict[str, Any], name: str) -> tuple[dict[str, Any], Any]:
    """The event's own data as an object (empty where it is none), and as it stands."""
    given = line.get("event", line.get("data"))
    if isinstance(given, dict):
        return given, None
    # A request's own data holds what was typed into forms, passwords included: never looked at.
    if isinstance(given, str) and given[:1] in '{"[' and not name.startswith("/"):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return {}, given
    return (given, None) if isinstance(given, dict) else ({}, given)


def _user(given: Any) -> str | None:
    """A user's number as text; None for nobody."""
    if type(given) is int:
        return str(given) if given > 0 else None
    return given if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 20 and int(given) > 0 else None


def _object(given: Any) -> dict[str, Any]:
    """An object, also one that is written as JSON in a string; empty for anything else."""
    if isinstance(given, str) and given.startswith("{"):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return {}
    return given if isinstance(given, dict) else {}


def _sum(numbers: list[float | None]) -> float | None:
    """None where there is nothing to add up, or a part is not known."""
    known = [one for one in numbers if one is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def _id_of(given: Any) -> str | None:
    found = given.get("id") if isinstance(given, dict) else None
    return found if isinstance(found, str) and found else None


def _hash(line: dict[str, Any]) -> str | None:
    """Of the content whatever the order of its keys; None for what no event is: hundreds of levels, numbers beyond 64 bits."""
    try:
        return blake2b(orjson.dumps(line, option=orjson.OPT_SORT_KEYS), digest_size=_HASH_BYTES).hexdigest()
    except orjson.JSONEncodeError:
        return None
