"""The reader: which parts are read, in which order, how much of each, and what tells an unchanged database from a changed one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from pipelines.programme import Source
from pipelines.sources.lms.moodle_db import (
    attempts,
    completion,
    file_contents,
    grades,
    log,
    messages,
    people,
    structure,
    submissions,
    surveys,
    webinars,
)
from pipelines.sources.lms.moodle_db import changes as marking_changes
from pipelines.sources.lms.moodle_db.changes import Changes, Window, digest_of, keys_of
from pipelines.sources.lms.moodle_db.columns import Site, moment
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.standing import accounts_of_nobody, standing
from pipelines.sources.lms.moodle_db.tables import SETTINGS, TABLES
from pipelines.sources.lms.moodle_db.traces import all_traces
from pipelines.sources.reading import Context, Covers, Event, Item, Rejected, Seen, Whole
from pipelines.sources.surveys.likert import Likert

#: The usual realm; two Moodles need two (``realm`` of the source).
REALM = "moodle"
#: The front page's id where no course has the format "site".
_FRONT_PAGE = 1
#: Columns whose greatest value shows that rows were changed and not only added.
_CHANGES = ("timemodified", "modified", "timecompleted", "extensionduedate", "lastaccess")
#: What enrolments, stays in groups, deadlines and everything that only the log still knows are made of.
_COMING_AND_GOING = (
    "user_enrolments", "role_assignments", "context", "groups_members", "enrol", "role_kinds", "course_modules", "modules", "assign_overrides",
    "quiz_overrides", "lesson_overrides", "extensions", "assign", "quiz", "lesson",
)  # fmt: skip
_MODULES = ("course_modules", "modules")
#: Word in the name of a plug-in's table → record that its rows are of; the first that fits.
_RECORDS_OF_PLUGINS = (
    ("overrides", "deadlines"), ("capabilities", "enrolments"), ("viewed", "completions"), ("issues", "outcomes"), ("feedback_comments", "grades"),
    ("feedback_", "survey_answers"), ("grades", "grades"), ("attempt", "submissions"), ("submission", "submissions"), ("scorm_", "submissions"),
    ("zoom_", "attendance"), ("_logs", "attendance"),
)  # fmt: skip


class MoodleDatabase:
    """Reads a Moodle database: whole at first and once a week, in between what has changed (:mod:`pipelines.sources.lms.moodle_db.changes`)."""

    kind: ClassVar[str] = "moodle_db"
    version: ClassVar[int] = 10

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """One item, "database". Its fingerprint is the high-water marks of all tables read: rows, greatest id, latest change.

        Raises BadSource and SourceAway as :meth:`Database.open` does.
        """
        with Database.open(source, context.url) as database:
            fingerprint = _fingerprint(database, _setup(database, source, context))
            return [Item("database", fingerprint=fingerprint + file_contents.fingerprint(source))]

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """Where the next load begins: the log's id, the marks of all tables, the log's clock and when everything was last read whole."""
        with Database.open(source, context.url) as database:
            clock, setup = marking_changes.clock(database), _setup(database, source, context)
            is_whole = marking_changes.is_due(context.cursor, setup, clock)
            return {
                **marking_changes.marks(database),
                marking_changes.CLOCK: clock,
                marking_changes.NOW: _now(database) or 0,
                marking_changes.WHOLE_AT: clock if is_whole else context.cursor[marking_changes.WHOLE_AT],
                marking_changes.SETUP: setup,
                marking_changes.LOG_AFTER: max(log.last_row(database) - source.log_overlap_rows, 0),
                **file_contents.cursor(database, source, context.cursor),
            }

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Every record kind of the database, as far as it has changed. An absent plug-in's tables count as empty: seen 0."""
        with Database.open(source, context.url) as database:
            site = site_of(database, source, context)
            changes = Changes(database, context.cursor, _setup(database, source, context), site.now or 0)
            yield from _untold(database)
            yield from standing(_events(database, site, changes, context))
            yield from accounts_of_nobody(database, site)
            contents = file_contents.submitted(database, source, context.cursor)
        # Opening files takes long: no server is kept waiting for it.
        yield from file_contents.file_texts(contents, source, context)


def _events(database: Database, site: Site, changes: Changes, context: Context) -> Iterator[Event]:
    yield from _people_and_structure(database, site, changes)
    yield from _texts(database, site, changes)
    yield from _grades(database, site, changes)
    yield from _completion(database, site, changes)
    if not changes.same(*webinars.WATCHED):
        yield from webinars.webinars(database, site, context)
        yield Whole("attendance")
    yield from log_events(database, site, context)


def log_events(database: Database, site: Site, context: Context) -> Iterator[Event]:
    """The log from the cursor on, behind the span of time of which it speaks."""
    since = database.value("select min(l.timecreated) from {logstore_standard_log} l where l.timecreated > 0")
    yield Covers(moment(since), moment(site.now))
    # A log shorter than at the last load was emptied or restored: begin again.
    after = context.cursor.get(marking_changes.LOG_AFTER, 0)
    yield from log.activity(database, site, after if after <= log.last_row(database) else -1)


def _untold(database: Database) -> Iterator[Event]:
    """One reject per table that is there and cannot be read: what it holds is missing, and not for want of a plug-in."""
    reasons = dict.fromkeys(database.not_granted(), "this user may not read it: run the script of grants again")
    reasons |= dict.fromkeys(
        database.unlike, "columns are lacking: another version of the plug-in, or the script of grants has to be run again"
    )
    for table, reason in reasons.items():
        record = next((record for word, record in _RECORDS_OF_PLUGINS if word in table), "tasks")
        yield Seen(record, 1)
        yield Rejected(record, f"table {database.prefix}{table}", reason)


def _people_and_structure(database: Database, site: Site, changes: Changes) -> Iterator[Event]:
    """What is as many as the programme has people and activities: read whole, what nothing has happened to left out."""
    window = changes.window("user")
    yield from people.accounts(database, site, window)
    yield from _gone(database, site, window, "accounts", None, ())
    yield from structure.courses(database, site)
    yield Whole("courses")
    yield from people.groups(database, site)
    yield Whole("course_groups")
    traces: pa.Table | None = None
    if not changes.same(*_COMING_AND_GOING) or changes.has_new_traces or changes.has_ended():
        traces = all_traces(database)
        yield from people.enrolments(database, site, traces)
        yield Whole("enrolments")
        yield from people.memberships(database, site, traces)
        yield Whole("memberships")
    yield from structure.tasks(database, site, traces)
    yield Whole("tasks")
    if traces is not None:
        yield from structure.deadlines(database, site, traces)
        yield Whole("deadlines")
    yield from messages.chats(database, site)
    yield Whole("chats")
    window = changes.window("forum_posts", "forum_discussions")
    yield from messages.posts(database, site, window, traces)
    yield from _gone(database, site, window, "messages", ("channel", "forum"), ())
    if window.whole:
        yield Whole("addressees", ("role", "to"))


def _texts(database: Database, site: Site, changes: Changes) -> Iterator[Event]:
    """What people sent one another and handed in."""
    window = changes.window("messages", "message_conversation_members")
    members_after = changes.last("message_conversation_members")
    yield from messages.direct_messages(database, site, window, members_after)
    yield from _gone(database, site, window, "messages", ("channel", "direct"), (("direct", "messages"),))
    if window.whole:
        yield Whole("addressees", ("role", "member"))
    window = changes.window("assign_submission", "assign", *_MODULES)
    yield from submissions.submissions(database, site, window)
    has_more = _has_more(changes, "assignment")
    if has_more:
        yield from attempts.works(database, site)
    yield from _gone_of_kind(database, site, window, "assignment", ("submission", "assign_submission"), has_more=has_more)
    window = changes.window("files")
    yield from submissions.submission_files(database, site, window)
    yield from _gone(database, site, window, "submission_files", None, (("file", "files"),))
    window = changes.window("quiz_attempts", "quiz", *_MODULES)
    yield from submissions.quiz_attempts(database, site, window)
    has_more = _has_more(changes, "quiz")
    if has_more:
        yield from attempts.attempts(database, site)
    yield from _gone_of_kind(database, site, window, "quiz", ("attempt", "quiz_attempts"), has_more=has_more)


def _grades(database: Database, site: Site, changes: Changes) -> Iterator[Event]:
    """The four books of grades. The history is thinned out by the site like a log: what it lacks has been all the same."""
    window = changes.window("assign_grades", "assign", "scale", "releases", "assign_submission", *_MODULES)
    yield from grades.marking(database, site, window, changes.last("assign_submission"))
    yield from _gone(database, site, window, "grades", ("record", "marking"), (("marking", "assign_grades"),))
    window = changes.window("grade_grades", "grade_items", *_MODULES)
    if site.has_no_grade_history:
        # Nothing else says which rows of the gradebook were changed.
        window = Window(now=changes.now)
    yield from grades.gradebook(database, site, window, changes.last("grade_grades_history"))
    yield from _gone(database, site, window, "grades", ("record", "gradebook"), (("gradebook", "grade_grades"),))
    yield from grades.history(database, site, changes.window("grade_grades_history", "grade_items", *_MODULES))
    window = changes.window("quiz_grades", "quiz", *_MODULES)
    yield from grades.quiz(database, site, window)
    yield from _gone(database, site, window, "grades", ("record", "quiz"), (("quiz", "quiz_grades"),))


def _completion(database: Database, site: Site, changes: Changes) -> Iterator[Event]:
    """Marks of completion, views, courses completed, certificates and answers to surveys."""
    marks, views = (changes.window(table, "course_modules") for table in ("course_modules_completion", "course_modules_viewed"))
    yield from completion.completions(database, site, marks, views)
    if marks.whole and views.whole:
        yield Whole("completions")
    elif marks.whole or views.whole or marks.gone or views.gone:
        yield _keys(database, site, "completions", None, (("completion", "course_modules_completion"), ("viewed", "course_modules_viewed")))
    if not changes.same("course_completions", "customcert_issues", "customcert"):
        yield from completion.outcomes(database, site)
        yield Whole("outcomes")
    if not changes.same("feedback_value", "feedback_completed", "feedback_item", "feedback"):
        yield from surveys.survey_answers(database, site)
        yield Whole("survey_answers")


def _gone(
    database: Database, site: Site, window: Window, record: str, within: tuple[str, str] | None, keys: tuple[tuple[str, str], ...]
) -> Iterator[Event]:
    """That a part was read whole, or, where rows of it are gone, the keys of those that are left. ``keys``: what an id is of → watch."""
    if window.whole:
        yield Whole(record, within)
    elif window.gone and keys:
        yield _keys(database, site, record, within, keys)


def _has_more(changes: Changes, kind: str) -> bool:
    """Has anything changed of the other activities whose work is of this kind?"""
    return not changes.same(*(watch for _, watch in attempts.KEYS[kind]), *attempts.BESIDE[kind], *_MODULES)


def _gone_of_kind(database: Database, site: Site, window: Window, kind: str, key: tuple[str, str], *, has_more: bool) -> Iterator[Event]:
    """That every submission of a kind was read, or, where only a part of them was read whole, the keys of all of them."""
    if window.whole and has_more:
        yield Whole("submissions", ("kind", kind))
    elif window.whole or has_more:
        yield _keys(database, site, "submissions", ("kind", kind), (key, *attempts.KEYS[kind]))


def _keys(database: Database, site: Site, record: str, within: tuple[str, str] | None, keys: tuple[tuple[str, str], ...]) -> Whole:
    return Whole(record, within, keys=pa.concat_arrays([site.ids(what, keys_of(database, watch)) for what, watch in keys]))


def site_of(database: Database, source: Source, context: Context) -> Site:
    """What is the same for every row of this Moodle."""
    settings = _settings(database)
    administrators = tuple(int(part) for part in settings.get("siteadmins", "").split(",") if part.strip().isdecimal())
    guest = settings.get("siteguest", "")
    zone = settings.get("timezone", "")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ""
    return Site(
        realm=source.realm or REALM,
        pseudonyms=context.pseudonyms,
        language=context.language,
        now=_now(database),
        guest=int(guest) if guest.isdecimal() else None,
        administrators=administrators,
        time_zone=zone or None,
        front_page=int(database.value("select min(c.id) from {course} c where c.format = 'site'") or _FRONT_PAGE),
        has_no_grade_history=settings.get("disablegradehistory") == "1",
        likert=Likert.of(source),
    )


def _now(database: Database) -> int | None:
    return database.value("select max(l.timecreated) from {logstore_standard_log} l")


def _settings(database: Database) -> dict[str, str]:
    rows = database.table("settings", {f"name_{place}": name for place, name in enumerate(SETTINGS)})
    return {name: value or "" for name, value in zip(rows["name"].to_pylist(), rows["value"].to_pylist(), strict=True)}


def _setup(database: Database, source: Source, context: Context) -> int:
    """Digest of what makes every row be read otherwise: settings of the site, of the source, and the site's version by its columns."""
    columns = [(table, sorted(set(TABLES[table]) & database.columns.get(table, frozenset()))) for table in TABLES]
    return digest_of(
        sorted(_settings(database).items()), source.realm, source.table_prefix, source.aspects, source.scale, context.language, columns
    )


def _fingerprint(database: Database, setup: int) -> str:
    found: list[object] = [setup, marking_changes.marks(database)]
    # The log has no rows that change, and counting them all is the dearest question of the night.
    found.append(list(database.row("select min(l.id), max(l.id) from {logstore_standard_log} l")))
    for table, columns in TABLES.items():
        # Moodle's settings change all the time and say nothing but those above.
        # What an older version has in the place of a table stands among them by its own name, or in the marks.
        if table in ("config", "logstore_standard_log") or table not in database.columns:
            continue
        latest = "".join(f", max(t.{column})" for column in _CHANGES if column in columns)
        found.append([table, *database.row(f"select count(*), max(t.id){latest} from {{{table}}} t")])
    return sha256(json.dumps(found, sort_keys=True, default=str).encode()).hexdigest()
