"""The reader: which items there are, what is asked for in each, and what is left out where Moodle refuses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from pipelines.errors import BadSource
from pipelines.programme import Source
from pipelines.sources.lms.moodle_ws import forums, people, structure, work
from pipelines.sources.lms.moodle_ws.client import Refused, Services, objects
from pipelines.sources.lms.moodle_ws.values import Names, batch, decimal, whole
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

#: The database reader's: both speak of the same accounts, courses and tasks.
REALM = "moodle"
SITE = "site"
_COURSE = "course "
#: The front page's id where the site does not tell.
_FRONT_PAGE = 1
#: The next load looks this far (seconds) behind the beginning of this one: servers' clocks differ, and a request may last.
OVERLAP = 24 * 3600
#: Seconds after which everything of a course is asked for again: what was deleted, and marks that nobody's visit or grade points to.
FULL_EVERY = 7 * 24 * 3600

#: What comes of an answer whose parts are of other types than Moodle's.
_OTHER_FORM = (AttributeError, TypeError, KeyError, ValueError, ArithmeticError)


class MoodleWebServices:
    """Reads a Moodle through its web services (kind "moodle_ws"); the items are "site" and "course <id>".

    Rejected where Moodle refuses a function and goes on: record = what is missing, place = the function, reason = Moodle's error code in words.
    """

    kind: ClassVar[str] = "moodle_ws"
    version: ClassVar[int] = 5

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """The site and every course the token's owner may see. The fingerprint is the server's time: always read again, for no cheap answer tells
        of a change of somebody else's (``core_course_get_updates_since`` speaks of the asking person's own).

        Raises BadSource where address, token or needed functions are missing; SourceAway where the server is away.
        """
        with Services(source, context, self._sleep) as services:
            info = services.hello()
            if services.at is None:
                raise BadSource(f"source {source.name}: the server does not say what time it is (header Date)")
            now = str(int(services.at.timestamp()))
            front = whole(info.get("siteid")) or _FRONT_PAGE
            try:
                found = structure.all_courses(services)
            except Refused as refused:
                raise BadSource(f"source {source.name}: {refused}") from None
            ids = [native for course in found if (native := whole(course["id"])) != front]
            return [Item(SITE, fingerprint=now), *(Item(f"{_COURSE}{native}", fingerprint=now) for native in ids)]

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """``since``: epoch seconds from which discussions and people count as changed; ``full_at``: when everything was read."""
        now = _now(source, item)
        return {"since": now - OVERLAP, "full_at": now if _is_full(now, context) else context.cursor["full_at"]}

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of the site (courses) or of one course. Raises BadSource and SourceAway."""
        now = _now(source, item)
        since = 0 if _is_full(now, context) else context.cursor["since"]
        names = Names(source.realm or REALM, context.pseudonyms, context.language)
        try:
            yield from self._read(source, item, context, names, since)
        except _OTHER_FORM:
            # Without its cause: that quotes values.
            raise BadSource(f"source {source.name}: {item.name}: an answer of another form than Moodle's") from None
        yield Covers(None, datetime.fromtimestamp(now, UTC))

    def _read(self, source: Source, item: Item, context: Context, names: Names, since: int) -> Iterator[Event]:
        with Services(source, context, self._sleep) as services:
            info = services.hello()
            if item.name == SITE:
                try:
                    yield from structure.courses(names, structure.all_courses(services), whole(info.get("siteid")) or _FRONT_PAGE)
                except Refused as refused:
                    raise BadSource(f"source {source.name}: {refused}") from None
            elif item.name.startswith(_COURSE) and (course := whole(item.name[len(_COURSE) :])):
                yield from _with_strangers(_Course(services, names, course, since).read(), names)
            else:
                raise BadSource(f"source {source.name}: no item {item.name!r}")


def _with_strangers(events: Iterator[Event], names: Names) -> Iterator[Event]:
    """The same events, and an account for everybody of whom they speak and whom the list of the enrolled has not: who left, or was deleted, and is still
    in a group or has handed in."""
    told, spoken = set[str](), set[str]()
    for event in events:
        if isinstance(event, Batch) and "account_id" in event.table.column_names:
            (told if event.record == "accounts" else spoken).update(account for account in event.table["account_id"].to_pylist() if account)
        yield event
    strangers = [{"account_id": account, "realm": names.realm, "channel": "lms"} for account in sorted(spoken - told)]
    yield from batch("accounts", strangers, counted=False)


class _Course:
    """One course. What Moodle refuses is noted among the rejects, and the rest is read."""

    def __init__(self, services: Services, names: Names, course: int, since: int) -> None:
        self.services, self.names, self.course, self.since = services, names, course, since
        self.refusals: list[Event] = []

    def read(self) -> Iterator[Event]:
        """Everything of the course. What names it needs comes before what names others."""
        services, names, course = self.services, self.names, self.course
        users = self._asked("accounts", "core_enrol_get_enrolled_users", lambda: people.enrolled(services, course), [])
        if users:
            yield from people.people(services, names, course, users)
            yield from people.groups(services, names, course, users)
        enrolled = frozenset(account for user in users if (account := names.account(user.get("id"))))
        learners = [native for user in users if (native := whole(user.get("id"))) and _learns(user)]

        assigns = self._asked("submissions", "mod_assign_get_assignments", lambda: structure.assignments(services, course), {})
        tests = self._asked("submissions", "mod_quiz_get_quizzes_by_courses", lambda: structure.quizzes(services, course), {})
        grades = self._asked("grades", "gradereport_user_get_grade_items", lambda: work.gradebook(services, course, learners), [])
        yield from work.book(names, course, grades)
        # Of several items of an activity the first says its best grade: it is put in last.
        items = sorted((item for part in grades[:1] for item in objects(part.get("gradeitems"))), key=work.grade_item, reverse=True)
        steps = {cmid: best for item in items if work.grade_item(item) < work.OUTCOMES and (cmid := whole(item.get("cmid"))) and (best := decimal(item.get("grademax")))}  # fmt: skip
        if assigns:
            events, released = self._asked(
                "deadlines", "mod_assign_get_user_flags", lambda: structure.flags(services, names, assigns), ([], None)
            )
            yield from events
            events, known = self._asked(
                "submissions", "mod_assign_get_submissions", lambda: work.submissions(services, names, course, assigns), ([], {})
            )
            yield from events
            yield from self._listed(
                "grades", "mod_assign_get_grades", lambda: work.marking(services, names, course, assigns, known, released, steps)
            )
        changed = self._changed(users, grades, learners)
        if tests:
            tried = _tried(tests, grades, changed)
            yield from self._listed(
                "submissions", "mod_quiz_get_user_attempts", lambda: work.attempts(services, names, course, tests, tried)
            )
        yield from self._listed(
            "completions",
            "core_completion_get_activities_completion_status",
            lambda: work.completions(services, names, course, changed),
        )
        required: set[int] = set()
        asked_for = changed or learners[:1]
        before = len(self.refusals)
        yield from self._listed(
            "outcomes",
            "core_completion_get_course_completion_status",
            lambda: work.outcomes(services, names, course, asked_for, required),
        )
        is_known = len(self.refusals) == before and bool(asked_for)
        yield from self._listed(
            "tasks",
            "core_course_get_contents",
            lambda: structure.tasks(services, names, course, assigns, tests, steps, frozenset(required) if is_known else None),
        )
        yield from self._listed(
            "messages",
            "mod_forum_get_forums_by_courses",
            lambda: forums.forums(services, names, course, self.since, enrolled),
            streamed=True,
        )
        for record, place in services.left_out:
            self._refuse(record, place, "no permission")
        yield from self.refusals

    def _asked(self, record: str, function: str, ask: Callable[[], Any], otherwise: Any) -> Any:
        """What a function answers; ``otherwise`` where the token has it not or Moodle refuses it here."""
        if function not in self.services.functions:
            self._refuse(record, function, "not in the token's service")
            return otherwise
        try:
            return ask()
        except Refused as refused:
            self._refuse(record, refused.function, refused.reason)
            return otherwise
        except _OTHER_FORM:
            raise BadSource(f"{self.services.name}: {function}: an answer of another form than Moodle's") from None

    def _listed(self, record: str, function: str, ask: Callable[[], Iterator[Event]], *, streamed: bool = False) -> Iterator[Event]:
        if not streamed:
            yield from self._asked(record, function, lambda: list(ask()), [])
            return
        if function not in self.services.functions:
            self._refuse(record, function, "not in the token's service")
            return
        try:
            yield from ask()
        except Refused as refused:
            self._refuse(record, refused.function, refused.reason)
        except _OTHER_FORM:
            raise BadSource(f"{self.services.name}: {function}: an answer of another form than Moodle's") from None

    def _refuse(self, record: str, function: str, reason: str) -> None:
        self.refusals += [Seen(record, 1), Rejected(record, function, reason)]

    def _changed(self, users: list[dict[str, Any]], grades: list[dict[str, Any]], learners: list[int]) -> list[int]:
        """Learners who were in the course or got a grade since; of a full load everybody."""
        if not self.since:
            return learners
        fresh = {
            whole(user.get("id")) for user in users if (whole(user.get("lastcourseaccess", user.get("lastaccess"))) or 0) >= self.since
        }
        fresh |= {
            whole(part.get("userid"))
            for part in grades
            if any((whole(item.get("gradedategraded")) or 0) >= self.since for item in objects(part.get("gradeitems")))
        }
        return [native for native in learners if native in fresh]


def _learns(user: dict[str, Any]) -> bool:
    roles = {str(role.get("shortname")) for role in objects(user.get("roles"))}
    return not roles or "student" in roles or not roles & {"teacher", "editingteacher", "manager", "coursecreator"}


def _tried(tests: dict[int, Any], grades: list[dict[str, Any]], changed: list[int]) -> dict[int, set[int]]:
    """Quiz → whose attempts are asked for: of the people of interest those with a score, or all where the gradebook says nothing of the quiz."""
    scored: dict[int, set[int]] = {}
    for part in grades:
        for item in objects(part.get("gradeitems")):
            if (cmid := whole(item.get("cmid"))) in tests and cmid is not None:
                held = scored.setdefault(cmid, set())
                if item.get("graderaw") is not None and (user := whole(part.get("userid"))):
                    held.add(user)
    return {cmid: scored[cmid] & set(changed) if cmid in scored else set(changed) for cmid in tests}


def _now(source: Source, item: Item) -> int:
    now = whole(item.fingerprint)
    if not now or now <= 0 or now > 4_102_444_800:  # the year 2100: no server's time
        raise BadSource(f"source {source.name}: item {item.name!r} does not say when it was found")
    return now


def _is_full(now: int, context: Context) -> bool:
    return "since" not in context.cursor or now - context.cursor.get("full_at", 0) >= FULL_EVERY
