"""The reader: which parts are read, in which order, and what tells an unchanged database from a changed one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.programme import Source
from pipelines.sources.likert import Likert
from pipelines.sources.moodle_db import completion, grades, log, messages, people, structure, submissions, surveys
from pipelines.sources.moodle_db.columns import Site, moment
from pipelines.sources.moodle_db.database import Database
from pipelines.sources.moodle_db.tables import TABLES
from pipelines.sources.moodle_db.traces import all_traces
from pipelines.sources.reading import Context, Covers, Event, Item

#: The usual realm; two Moodles need two (``realm`` of the source).
REALM = "moodle"
#: The front page's id where no course has the format "site".
_FRONT_PAGE = 1
#: Columns whose greatest value shows that rows were changed and not only added.
_CHANGES = ("timemodified", "modified", "timecompleted", "extensionduedate")
_SETTINGS = ("siteguest", "siteadmins", "timezone")


class MoodleDatabase:
    """Reads a whole Moodle database; of the log what came since the last load."""

    kind: ClassVar[str] = "moodle_db"
    version: ClassVar[int] = 2

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """One item, "database". Its fingerprint is the high-water marks of all tables read: rows, greatest id, latest change.

        Raises BadSource and SourceAway as :meth:`Database.open` does.
        """
        with Database.open(source, context.url) as database:
            return [Item("database", fingerprint=_fingerprint(database))]

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """``log_after``: the next load reads the log's rows above it."""
        with Database.open(source, context.url) as database:
            return {"log_after": max(log.last_row(database) - source.log_overlap_rows, 0)}

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Every record kind of the database. An absent plug-in's tables count as empty: seen 0."""
        with Database.open(source, context.url) as database:
            site = _site(database, source, context)
            traces = all_traces(database)
            yield from people.accounts(database, site)
            yield from structure.courses(database, site)
            yield from people.groups(database, site)
            yield from people.enrolments(database, site, traces)
            yield from people.memberships(database, site, traces)
            yield from structure.tasks(database, site, traces)
            yield from structure.deadlines(database, site, traces)
            yield from messages.chats(database, site)
            yield from messages.posts(database, site, traces)
            yield from messages.direct_messages(database, site)
            yield from submissions.submissions(database, site)
            yield from submissions.submission_files(database, site)
            yield from submissions.quiz_attempts(database, site)
            yield from grades.grades(database, site)
            yield from completion.completions(database, site)
            yield from completion.outcomes(database, site)
            yield from surveys.survey_answers(database, site)
            after = context.cursor.get("log_after", 0)
            # A log shorter than at the last load was emptied or restored: begin again.
            yield from log.activity(database, site, after if after <= log.last_row(database) else 0)
            since = database.value("select min(l.timecreated) from {logstore_standard_log} l where l.timecreated > 0")
            yield Covers(moment(since), moment(site.now))


def _site(database: Database, source: Source, context: Context) -> Site:
    settings = _settings(database)
    administrators = tuple(int(part) for part in settings.get("siteadmins", "").split(",") if part.strip().isdigit())
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
        now=database.value("select max(l.timecreated) from {logstore_standard_log} l"),
        guest=int(guest) if guest.isdigit() else None,
        administrators=administrators,
        time_zone=zone or None,
        front_page=int(database.value("select min(c.id) from {course} c where c.format = 'site'") or _FRONT_PAGE),
        likert=Likert.of(source),
    )


def _settings(database: Database) -> dict[str, str]:
    rows = database.table("settings", {f"name_{place}": name for place, name in enumerate(_SETTINGS)})
    return {name: value or "" for name, value in zip(rows["name"].to_pylist(), rows["value"].to_pylist(), strict=True)}


def _fingerprint(database: Database) -> str:
    marks: list[object] = [_settings(database)]
    for table, columns in TABLES.items():
        # Moodle's settings change all the time and say nothing but those above.
        if table == "config" or not database.has(table):
            continue
        changes = "".join(f", max(t.{column})" for column in _CHANGES if column in columns)
        marks.append([table, *database.row(f"select count(*), max(t.id){changes} from {{{table}}} t")])
    return sha256(json.dumps(marks, sort_keys=True, default=str).encode()).hexdigest()
