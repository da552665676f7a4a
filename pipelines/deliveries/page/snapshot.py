"""The day as the curator's page shows it: one SQLite file, written by the run, replaced in one step, opened by the page read-only.

It holds what the lists say (in every language, as the list pages have it), the timelines of the learners of live streams, the open
questions, the works side by side and the questions asked again and again. Which learner is whose stands in ``learners``; every reading
function is given a curator and joins it, so nothing of another curator's learner can be read through here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.deliveries.lists import list_html, list_xlsx, wording
from pipelines.deliveries.lists.list_model import OPTIONAL_OF_QUESTION, SECTIONS, CuratorList, OpenQuestion
from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.report_tables import read_rows
from pipelines.errors import TransientError
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_TABLES = """
create table about (name text primary key, value text not null) without rowid;
create table curators (curator_id text primary key, name text, learners integer, streams text not null) without rowid;
create table learners (
    curator_id text not null, person_id text not null, name text, streams text not null, email text, phone text, institution text,
    course_day integer, level text, primary key (curator_id, person_id)
) without rowid;
create table heads (curator_id text not null, language text not null, head text not null, workbook blob not null, primary key (curator_id, language));
create table lines (
    curator_id text not null, language text not null, item_id text not null, place integer not null, kind text not null, section text not null,
    person_id text, view text not null, primary key (curator_id, language, item_id)
) without rowid;
create table evidence (curator_id text not null, language text not null, item_id text not null, view text not null, primary key (curator_id, language, item_id));
create table questions (curator_id text not null, place integer not null, person_id text, is_learner integer not null, row text not null);
create index questions_of on questions (curator_id);
create table repeated (curator_id text not null, place integer not null, row text not null);
create index repeated_of on repeated (curator_id);
create table timeline (
    person_id text not null, stream_id text, at text not null, channel text, what text not null, times integer not null, text text, title text, by_name text
);
create index timeline_of on timeline (person_id, at);
create table stream_curators (stream_id text not null, curator_id text not null, primary key (stream_id, curator_id)) without rowid;
"""
#: Acts that are told one by one; all others in the LMS are counted by the day.
_TOLD = (
    "asked", "wrote", "handed_in", "handed_in_late", "passed", "not_passed", "graded", "attended", "notice", "notice_bounced", "contacted", "letter_bounced",
)  # fmt: skip


def write(warehouse: Warehouse, lists: Sequence[CuratorList], programme: Programme, day: date, path: Path) -> int:
    """Write the page's day and put it in the place of the one before. Returns the learners that can be looked up.

    Same tables, same content. The file names people and is readable by its owner only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    connection = sqlite3.connect(partial)
    try:
        with connection:
            connection.executescript("pragma journal_mode = off; pragma synchronous = off;" + _TABLES)
            connection.executemany(
                "insert into about values (?, ?)",
                [
                    ("day", day.isoformat()), ("programme", programme.name), ("time_zone", programme.time_zone),
                    ("languages", json.dumps(_languages(programme))),
                ],
            )  # fmt: skip
            for item in lists:
                _write_list(connection, item, _languages(programme))
            learners = _write_learners(connection, warehouse, day)
            _write_questions(connection, warehouse, day)
            _write_repeated(connection, warehouse, lists, day)
            _write_timelines(connection, warehouse, programme)
    finally:
        connection.close()
    partial.chmod(0o600)
    partial.replace(path)
    return learners


def day_shown(path: Path) -> date | None:
    """The day that the page shows now; None where there is none, or no page that can be read."""
    if not path.exists():
        return None
    try:
        return Snapshot(path).about()["day"]
    except (sqlite3.Error, KeyError, ValueError):
        return None


def _languages(programme: Programme) -> list[str]:
    return [programme.lists.language] if programme.lists.language else list(programme.languages)


def _write_list(connection: sqlite3.Connection, item: CuratorList, languages: Sequence[str]) -> None:
    streams = [{"stream_id": one.stream_id, "name": wording.stream_name(one)} for one in item.streams]
    connection.execute("insert into curators values (?, ?, ?, ?)", [item.curator_id, item.curator_name, item.learners, _json(streams)])
    connection.executemany(
        "insert or ignore into stream_curators values (?, ?)", [(one.stream_id, item.curator_id) for one in item.streams]
    )
    for code in languages:
        language = Language(code, item.zone)
        head = list_html.head_view(item, language)
        connection.execute(
            "insert into heads values (?, ?, ?, ?)", [item.curator_id, code, _json(head), list_xlsx.workbook(item, language)]
        )
        lines = [(line, "today") for section in SECTIONS for line in item.of_section(section)]
        lines += [(line, "more") for line in item.overflow] + [(line, "resting") for line in item.resting]
        for place, (line, kind) in enumerate(lines, start=1):
            view = list_html.line_view(line, place, item, language, {line.item_id: "yes"} if line.similar else {})
            values = [item.curator_id, code, line.item_id, place, kind, line.section, line.person_id, _json(view)]
            connection.execute("insert into lines values (?, ?, ?, ?, ?, ?, ?, ?)", values)
            if line.similar:
                shown = list_html.evidence_view(item, line, language)
                connection.execute("insert into evidence values (?, ?, ?, ?)", [item.curator_id, code, line.item_id, _json(shown)])


def _write_learners(connection: sqlite3.Connection, warehouse: Warehouse, day: date) -> int:
    rows = read_rows(warehouse, "rpt_learners", "day = ?", [day], order="curator_id, learner_name, person_id")
    names = ("curator_id", "person_id", "learner_name", "streams", "email", "phone", "institution", "course_day", "level")
    connection.executemany("insert into learners values (?, ?, ?, ?, ?, ?, ?, ?, ?)", [[row[name] for name in names] for row in rows])
    return len({row["person_id"] for row in rows})


def _write_questions(connection: sqlite3.Connection, warehouse: Warehouse, day: date) -> None:
    rows = read_rows(
        warehouse, "rpt_open_questions", "day = ?", [day], order="curator_id, hours_open desc, question_id",
        optional=(*OPTIONAL_OF_QUESTION, "peer_answers"),
    )  # fmt: skip
    # What is perhaps answered, or no question, comes after what surely waits.
    rows.sort(key=lambda row: (row["curator_id"] or "", bool(row["is_doubtful"])))
    kept = (*OpenQuestion.__dataclass_fields__, "learner_name", "course_name", "stream_title", "peer_answers")
    known = {tuple(row) for row in connection.execute("select curator_id, person_id from learners")}
    connection.executemany(
        "insert into questions values (?, ?, ?, ?, ?)",
        [
            (row["curator_id"], place, row["person_id"], int((row["curator_id"], row["person_id"]) in known), _json({name: row[name] for name in kept}))
            for place, row in enumerate(rows)
        ],
    )  # fmt: skip


def _write_repeated(connection: sqlite3.Connection, warehouse: Warehouse, lists: Sequence[CuratorList], day: date) -> None:
    """Repeated questions of the week by curator: those of their courses. Names in them are masked, they may be other curators' learners."""
    from pipelines.deliveries.report.reports import masked_questions

    rows = read_rows(
        warehouse, "rpt_week_questions", "week_ends_on = ?", [day], order="asked desc, course_name, cluster_id",
        optional=("asked_this_week", "people"),
    )  # fmt: skip
    for item in lists:
        courses = {stream.course_name for stream in item.streams}
        own = [row for row in rows if row["course_name"] is None or row["course_name"] in courses]
        for place, question in enumerate(masked_questions(warehouse, own)):
            row = {name: getattr(question, name) for name in question.__dataclass_fields__}
            connection.execute("insert into repeated values (?, ?, ?)", [item.curator_id, place, _json(row)])


def _write_timelines(connection: sqlite3.Connection, warehouse: Warehouse, programme: Programme) -> None:
    people = [row[0] for row in connection.execute("select distinct person_id from learners order by 1")]
    told = ", ".join(f"'{what}'" for what in _TOLD)
    import pyarrow as pa

    with warehouse.registered("people_of_lists", pa.table({"person_id": pa.array(people, pa.string())})):
        rows = warehouse.rows(
            f"""
            with of_lists as (select * from reports.rpt_timeline where person_id in (select person_id from people_of_lists) and occurred_at is not null)
            select person_id, stream_id, strftime(occurred_at, '%Y-%m-%dT%H:%M:%S+00:00'), channel, what, 1, text, title, by_name
            from of_lists where what in ({told})
            union all
            select person_id, stream_id, strftime(max(occurred_at), '%Y-%m-%dT%H:%M:%S+00:00'), channel, 'acts', count(*), null, null, null
            from of_lists where what not in ({told})
            group by person_id, stream_id, channel, cast(occurred_at at time zone '{programme.time_zone}' as date)
            order by 1, 3, 5, 4, 7, 8, 2
            """
        )
    connection.executemany("insert into timeline values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda one: one.isoformat() if isinstance(one, date | datetime) else str(one))


# -- reading -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Learner:
    """One learner as the curator may see them."""

    person_id: str
    name: str | None
    streams: str
    email: str | None
    phone: str | None
    institution: str | None
    course_day: int | None
    level: str | None


@dataclass(frozen=True)
class Entry:
    """One entry of a timeline: an act, or (``what`` "acts") the count of a day's acts in the LMS."""

    at: datetime
    channel: str | None
    what: str
    times: int
    text: str | None
    title: str | None
    by_name: str | None
    #: False: of no stream, such as a log-in that led into no course.
    is_in_course: bool = True


class Snapshot:
    """The page's day. Opened for each reading, so that a day that was replaced meanwhile is seen with the next one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self.path.exists():
            raise TransientError("there is no list yet: the first `mayak run daily` makes it")
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            yield connection
        finally:
            connection.close()

    def about(self) -> dict[str, Any]:
        """day, programme, time_zone and languages."""
        with self._open() as connection:
            found = dict(connection.execute("select name, value from about"))
        return {**found, "day": date.fromisoformat(found["day"]), "languages": json.loads(found["languages"])}

    def curators(self) -> dict[str, str | None]:
        """Curator id → name."""
        with self._open() as connection:
            return dict(connection.execute("select curator_id, name from curators order by name, curator_id"))

    def head(self, curator_id: str, language: str) -> dict[str, Any] | None:
        """What stands above the curator's list; None: there is no list for this curator."""
        with self._open() as connection:
            row = connection.execute("select head from heads where curator_id = ? and language = ?", [curator_id, language]).fetchone()
        return json.loads(row[0]) if row else None

    def workbook(self, curator_id: str, language: str) -> bytes | None:
        """The curator's workbook."""
        with self._open() as connection:
            row = connection.execute("select workbook from heads where curator_id = ? and language = ?", [curator_id, language]).fetchone()
        return row[0] if row else None

    def lines(self, curator_id: str, language: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The curator's lines in the order shown; ``kind``: today, more (did not fit) or resting; None: all."""
        condition = "" if kind is None else "and kind = ?"
        with self._open() as connection:
            rows = connection.execute(
                f"select kind, section, view from lines where curator_id = ? and language = ? {condition} order by place",
                [curator_id, language, *([kind] if kind else [])],
            ).fetchall()
        return [{**json.loads(view), "kind": kind_, "section": section} for kind_, section, view in rows]

    def line(self, curator_id: str, language: str, item_id: str) -> dict[str, Any] | None:
        """One of the curator's lines; None: it is not theirs."""
        with self._open() as connection:
            row = connection.execute(
                "select kind, section, view from lines where curator_id = ? and language = ? and item_id = ?",
                [curator_id, language, item_id],
            ).fetchone()
        return {**json.loads(row[2]), "kind": row[0], "section": row[1]} if row else None

    def evidence(self, curator_id: str, language: str, item_id: str) -> dict[str, Any] | None:
        """The works of one of the curator's lines side by side; None: it is not theirs."""
        with self._open() as connection:
            row = connection.execute(
                "select view from evidence where curator_id = ? and language = ? and item_id = ?", [curator_id, language, item_id]
            ).fetchone()
        return json.loads(row[0]) if row else None

    def learner(self, curator_id: str, person_id: str) -> Learner | None:
        """One of the curator's learners; None: not theirs."""
        with self._open() as connection:
            row = connection.execute(
                "select person_id, name, streams, email, phone, institution, course_day, level from learners where curator_id = ? and person_id = ?",
                [curator_id, person_id],
            ).fetchone()
        return Learner(*row) if row else None

    def learners(self, curator_id: str) -> list[Learner]:
        """The curator's learners by name."""
        with self._open() as connection:
            rows = connection.execute(
                "select person_id, name, streams, email, phone, institution, course_day, level from learners where curator_id = ? order by name, person_id",
                [curator_id],
            ).fetchall()
        return [Learner(*row) for row in rows]

    def timeline(self, curator_id: str, person_id: str) -> list[Entry]:
        """What one of the curator's learners did in the curator's streams, newest first, at most ``page_timeline_entries`` entries."""
        with self._open() as connection:
            rows = connection.execute(
                "select t.at, t.channel, t.what, t.times, t.text, t.title, t.by_name, t.stream_id is not null from timeline as t "
                "inner join learners as l on l.person_id = t.person_id and l.curator_id = ? "
                "where t.person_id = ? and (t.stream_id is null or t.stream_id in (select stream_id from stream_curators where curator_id = ?)) "
                "order by t.at desc, t.what, t.text limit ?",
                [curator_id, person_id, curator_id, int(threshold("page_timeline_entries"))],
            ).fetchall()
        return [
            Entry(datetime.fromisoformat(at), channel, what, times, text, title, by_name, bool(is_in_course))
            for at, channel, what, times, text, title, by_name, is_in_course in rows
        ]

    def questions(self, curator_id: str) -> list[dict[str, Any]]:
        """Every open question of the curator's streams: what surely waits first, of these the longest wait."""
        with self._open() as connection:
            rows = connection.execute(
                "select person_id, is_learner, row from questions where curator_id = ? order by place", [curator_id]
            ).fetchall()
        return [{**_row(row), "person_id": person, "is_learner": bool(is_learner)} for person, is_learner, row in rows]

    def repeated(self, curator_id: str) -> list[dict[str, Any]]:
        """Questions asked again and again in the curator's courses."""
        with self._open() as connection:
            rows = connection.execute("select row from repeated where curator_id = ? order by place", [curator_id]).fetchall()
        return [_row(row) for (row,) in rows]

    def shares_streams(self, curator_id: str) -> set[str]:
        """The curators with whom this one has a stream in common, oneself included."""
        with self._open() as connection:
            rows = connection.execute(
                "select distinct other.curator_id from stream_curators as own inner join stream_curators as other on other.stream_id = own.stream_id "
                "where own.curator_id = ?",
                [curator_id],
            ).fetchall()
        return {curator for (curator,) in rows} | {curator_id}


def _row(text: str) -> dict[str, Any]:
    row = json.loads(text)
    return {name: datetime.fromisoformat(value) if name.endswith("_at") or name == "waits_since" else value for name, value in row.items() if value is not None} | {
        name: None for name, value in row.items() if value is None
    }  # fmt: skip
