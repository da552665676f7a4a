"""What has changed since the last load, told from marks that are cheap to ask for, so that a night costs what that night's changes cost.

Three kinds of tables:

- *grown* ones are read from a cursor on: rows with a new id, rows whose own time of change is not older than the last load less an
  overlap, and rows that another row changed (each query says which, under its ``where``). What no time marks is watched by sums over the
  known rows: if they are not what they were, the part is read whole. Rows that are gone show in the number and the sum of the known ids.
- *small* ones that others are joined with (activities, course modules, grade items …) are compared by the digest of what is read of
  them. If one has changed, the parts that join it are read whole, for a row of theirs may say something else without having changed.
- everything is read whole once a week (by the log's own clock, there being no other), when the site's settings, tables or columns have
  changed, when the log's clock went back (a restored copy), and at the first load by a version of the reader.

Read whole whenever anything of them changed, because nothing marks *what* did: roles have no mark when they are taken away and enrolments
end by the clock alone; stays in groups only come and go; ``course_completions.timecompleted`` is the learner's moment, not the row's; the
moments of anonymous answers depend on the other answers; overrides and extensions of deadlines have no times. Courses, groups, activities
and chats are as many as a programme has and are read every night.

Not seen before the week's whole read: a change of a row by hand in the database that touches neither its time nor any sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.traces import has_traces
from pipelines.sources.reading import Event, Seen

#: A row's time of change is that of the request; it may be committed, and so seen, this much later (a long cron task).
OVERLAP_SECONDS = 3_600
#: Everything is read whole after this.
WHOLE_EVERY_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class Watch:
    """Marks of a grown table: rows and sum of ids, greatest id, and sums of what has no time of change of its own."""

    table: str
    where: str = "1 = 1"
    sums: tuple[str, ...] = ()
    #: A row that goes changes what is said of others (which attempt is the latest).
    has_siblings: bool = False
    #: A row that comes changes what is said of rows of other tables.
    has_effects: bool = False


#: Name → what is watched. The log is not: it grows and is thinned out, and nothing in it changes.
WATCHES: dict[str, Watch] = {
    **{
        table: Watch(table)
        for table in (
            "user", "messages", "message_conversation_members", "assign_grades", "grade_grades", "grade_grades_history", "quiz_grades",
            "course_modules_completion", "course_modules_viewed", "customcert_issues", "feedback_value",
        )
    },
    "assign_submission": Watch("assign_submission", has_siblings=True),
    "quiz_attempts": Watch("quiz_attempts", has_siblings=True),
    # splitting a thread, pinning it, moving it to another forum and leaving the stub of a post leave no time
    "forum_posts": Watch("forum_posts", sums=("t.discussion", "t.parent", "t.id * t.deleted")),
    "forum_discussions": Watch("forum_discussions", sums=("t.forum", "t.course", "t.groupid", "t.id * t.pinned")),
    "files": Watch("files", "t.component = 'assignsubmission_file' and t.filearea = 'submission_files' and t.filename <> '.'"),
    "releases": Watch(
        "assign_user_flags", "t.workflowstate = 'released' and t.assignment in (select a.id from {assign} a where a.markingworkflow = 1)",
        has_effects=True,
    ),
    "extensions": Watch("assign_user_flags", "t.extensionduedate > 0", ("t.extensionduedate", "t.id * t.userid")),
    "user_enrolments": Watch("user_enrolments", sums=("t.timemodified", "t.status", "t.timestart", "t.timeend")),
    "role_assignments": Watch("role_assignments", sums=("t.roleid", "t.contextid", "t.userid")),
    "context": Watch("context", "t.contextlevel <= 50", ("t.instanceid",)),
    "groups_members": Watch("groups_members", sums=("t.groupid", "t.userid", "t.timeadded")),
    "course_completions": Watch("course_completions", sums=("t.timecompleted", "t.course", "t.userid")),
    "h5pactivity_attempts": Watch("h5pactivity_attempts", sums=("t.timemodified",)),
    "lesson_grades": Watch("lesson_grades", sums=("t.completed",)),
    "scorm_attempt": Watch("scorm_attempt"),
    "scorm_scoes_value": Watch("scorm_scoes_value", sums=("t.timemodified",)),
    "workshop_submissions": Watch("workshop_submissions", "t.example = 0", ("t.timemodified",)),
    "zoom_meeting_details": Watch("zoom_meeting_details", sums=("t.start_time", "t.end_time", "t.zoomid")),
    "zoom_meeting_participants": Watch("zoom_meeting_participants", sums=("t.leave_time", "t.userid", "t.detailsid")),
    "bigbluebuttonbn_logs": Watch("bigbluebuttonbn_logs", "t.log = 'Summary'", ("t.userid",)),
    "feedback_completed": Watch("feedback_completed", sums=("t.timemodified", "t.anonymous_response", "t.userid")),
}  # fmt: skip

#: Table → columns that its digest is of: those by which other tables' rows are read otherwise.
DIGESTS: dict[str, tuple[str, ...]] = {
    "assign": ("id", "course", "duedate", "cutoffdate", "grade", "teamsubmission", "blindmarking", "revealidentities", "markingworkflow"),
    "quiz": ("id", "course", "timeclose", "sumgrades", "grade"),
    "scale": ("id", "scale"),
    "course_modules": ("id", "course", "module", "instance"),
    "modules": ("id", "name"),
    "grade_items": ("id", "courseid", "itemtype", "itemmodule", "iteminstance", "grademax", "hidden"),
    "enrol": ("id", "enrol", "status", "courseid", "roleid"),
    "role_kinds": ("id", "archetype"),
    "assign_overrides": ("id", "assignid", "groupid", "userid", "duedate", "cutoffdate"),
    "quiz_overrides": ("id", "quiz", "groupid", "userid", "timeclose"),
    "lesson_overrides": ("id", "lessonid", "groupid", "userid", "deadline"),
    "customcert": ("id", "course"),
    "h5pactivity": ("id", "course"),
    "lesson": ("id", "course", "grade", "deadline"),
    "scorm": ("id", "course"),
    "workshop": ("id", "course"),
    "zoom": ("id", "course", "name"),
    "bigbluebuttonbn": ("id", "course", "name"),
    "feedback": ("id", "course", "anonymous"),
    "feedback_item": ("id", "feedback", "name", "presentation", "typ", "position"),
}

#: SCORM's one table before 4.3.
_BEFORE_4_3 = "scorm_scoes_track"
#: Marks that belong to no table.
CLOCK, NOW, WHOLE_AT, SETUP, LOG_AFTER = "clock", "now", "whole_at", "setup", "log_after"


@dataclass(frozen=True)
class Window:
    """Which rows of a grown table are read: all, or those with an id above ``after`` or changed from ``since`` on (epoch seconds)."""

    whole: bool = True
    #: Known rows are gone: their keys have to be told.
    gone: bool = False
    after: int = -1
    since: int = 0
    #: The log's last moment at the last load and now: what a clock alone changes in between is read too.
    before: int = 0
    now: int = 0

    def parameters(self, **more: int) -> dict[str, Any]:
        """Values of a query's ``:after`` and ``:since``, and of what else it asks for."""
        return {"after": self.after, "since": self.since, **more}


def clock(database: Database) -> int:
    """The moment of the log's last row, epoch seconds: never later than the database's own; 0 for an empty log."""
    last = database.row(
        "select l.timecreated from {logstore_standard_log} l where l.id = (select max(x.id) from {logstore_standard_log} x)"
    )
    greatest = database.value("select max(l.timecreated) from {logstore_standard_log} l")
    # A single row of a garbled moment must not stop the clock.
    return max(min(int(last[0] or 0), int(greatest or 0)), 0) if last else 0


def marks(database: Database) -> dict[str, int]:
    """The marks of all watched tables as they are."""
    found: dict[str, int] = {}
    for name in WATCHES:
        found |= _sums(database, name)
    for table in DIGESTS:
        found[f"{table}.digest"] = _digest(database, table)
    return found


def digest_of(*parts: object) -> int:
    """A whole number below 2⁴⁸ that stands for these values."""
    return int.from_bytes(blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=6).digest())


def _sums(database: Database, name: str, until: int | None = None) -> dict[str, int]:
    watch = WATCHES[name]
    sums = ", ".join(f"sum({part})" for part in ("t.id", *watch.sums))
    known = "" if until is None else " and t.id <= :until"
    parameters = {} if until is None else {"until": until}
    # What an older version has in the place of SCORM's tables is asked itself: to make those out of it groups the whole table four times a night.
    table = _BEFORE_4_3 if watch.table.startswith("scorm_") and watch.table not in database.columns else watch.table
    rows, last, *values = database.row(f"select count(*), max(t.id), {sums} from {{{table}}} t where {watch.where}{known}", parameters)
    return {f"{name}.rows": int(rows), f"{name}.last": int(last or 0)} | {
        f"{name}.sum{place}": int(value or 0) for place, value in enumerate(values)
    }


def _digest(database: Database, table: str) -> int:
    if not database.has(table):
        return 0
    digest = blake2b(digest_size=6)
    columns = ", ".join(f"t.{column}" for column in DIGESTS[table])
    for row in database.rows(f"select {columns} from {{{table}}} t order by t.id"):
        digest.update(repr(row).encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest())


class Changes:
    """What has changed between the marks of the last load (none: everything) and now.

    Parameters
    ----------
    setup: digest of what the site's settings and the programme file say; another one makes everything new.
    now: the greatest moment of the log, by which enrolments end and grades cease to be hidden.
    """

    def __init__(self, database: Database, before: Mapping[str, int], setup: int, now: int) -> None:
        self.database, self.before, self.now = database, before, now
        #: Nothing is known, or it is known too long.
        self.whole = is_due(before, setup, clock(database))

    @property
    def log_after(self) -> int:
        """The log is read above this id."""
        return int(self.before.get(LOG_AFTER, 0))

    @cached_property
    def has_new_traces(self) -> bool:
        """Has the log new events of coming and going?"""
        return has_traces(self.database, self.log_after)

    def same(self, *names: str) -> bool:
        """Is each of these watches and digests what it was?"""
        return not self.whole and all(self._same(name) for name in names)

    def _same(self, name: str) -> bool:
        if name in DIGESTS:
            return self.before.get(f"{name}.digest") == _digest(self.database, name)
        found = _sums(self.database, name)
        return all(self.before.get(mark) == value for mark, value in found.items())

    def window(self, main: str, *beside: str) -> Window:
        """Which rows of a grown table have to be read, given the tables that its rows are joined with."""
        if self.whole or not all(self._is_as_it_was(name) for name in beside):
            return Window(now=self.now)
        state = self._known(main)
        if state == "changed":
            return Window(now=self.now)
        since = self.before[CLOCK] - OVERLAP_SECONDS
        return Window(False, state == "gone", self.before[f"{main}.last"], since, self.before.get(NOW, 0), self.now)

    def _is_as_it_was(self, name: str) -> bool:
        if name in DIGESTS or WATCHES[name].has_effects:
            return self._same(name)
        return self._known(name) == "same"

    def last(self, name: str) -> int:
        """Greatest id that was known; -1 where everything is read."""
        return -1 if self.whole else int(self.before.get(f"{name}.last", -1))

    def _known(self, name: str) -> str:
        """The rows that were known: the same, some gone, or changed (also: come in with an old id)."""
        last = self.before.get(f"{name}.last")
        if last is None:
            return "changed"
        found = _sums(self.database, name, last)
        # The greatest known id may itself be gone.
        wanted = {mark: value for mark, value in found.items() if not mark.endswith(".last")}
        if all(self.before.get(mark) == value for mark, value in wanted.items()):
            return "same"
        is_fewer = found[f"{name}.rows"] < self.before[f"{name}.rows"]
        return "gone" if is_fewer and not WATCHES[name].sums and not WATCHES[name].has_siblings else "changed"

    def has_ended(self) -> bool:
        """Has an enrolment ended by the clock alone?"""
        return bool(self.database.count("user_enrolments", f"t.timeend >= {int(self.before.get(NOW, 0))} and t.timeend <= {int(self.now)}"))


def is_due(before: Mapping[str, int], setup: int, now: int) -> bool:
    """Is everything to be read whole?"""
    if not before or before.get(SETUP) != setup or CLOCK not in before or WHOLE_AT not in before:
        return True
    return now < before[CLOCK] or now - before[WHOLE_AT] >= WHOLE_EVERY_SECONDS


def seen_whole(database: Database, window: Window, record: str, *tables: str) -> Iterator[Event]:
    """How many rows there are, asked of the server, where all are read."""
    if window.whole:
        yield Seen(record, sum(database.count(table) for table in tables))


def seen_part(window: Window, record: str, rows: pa.Table) -> Iterator[Event]:
    """How many rows were given, where not all are read."""
    if not window.whole:
        yield Seen(record, rows.num_rows)


def keys_of(database: Database, watch: str) -> pa.Array:
    """The ids of every row of a watched table."""
    of = WATCHES[watch]
    rows = database.rows(f"select t.id from {{{of.table}}} t where {of.where} order by t.id") if database.has(of.table) else ()
    return pa.array([native for (native,) in rows], pa.int64())
