"""Marks of completion, views, courses completed and certificates.

Primary rows: ``course_modules_completion`` and ``course_modules_viewed`` → completions; ``course_completions`` and
``customcert_issues`` → outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.changes import Window, seen_part, seen_whole
from pipelines.sources.lms.moodle_db.columns import Site, flat, moments, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.reading import Event, Seen

#: ``completionstate``; 4 is "failed, but hidden from the learner".
_STATES = {0: "incomplete", 1: "complete", 2: "passed", 3: "failed", 4: "failed"}


def completions(database: Database, site: Site, marks: Window, views: Window) -> Iterator[Event]:
    """One row per mark of completion and one per recorded view."""
    yield from seen_whole(database, marks, "completions", "course_modules_completion")
    for rows in database.batches("completions", marks.parameters()):
        yield from seen_part(marks, "completions", rows)
        states = pc.fill_null(pc.index_in(flat(rows["completionstate"]), pa.array(list(_STATES), pa.int64())), 0)
        states = pa.array(list(_STATES.values()), pa.string()).take(states)
        yield from _completions("completion", "course_modules_completion", rows, states, rows["timemodified"], site)
    yield from seen_whole(database, views, "completions", "course_modules_viewed")
    for rows in database.batches("views", views.parameters()):
        yield from seen_part(views, "completions", rows)
        yield from _completions(
            "viewed", "course_modules_viewed", rows, pa.array(["viewed"] * rows.num_rows, pa.string()), rows["timecreated"], site
        )


def _completions(what: str, table_name: str, rows: pa.Table, states: pa.Array, at: pa.ChunkedArray, site: Site) -> Iterator[Event]:
    table = pa.table(
        {
            "completion_id": site.ids(what, rows["id"]),
            "account_id": site.accounts(rows["userid"]),
            "task_id": site.ids("task", rows["coursemoduleid"]),
            "course_id": site.courses(rows["course"]),
            "state": states,
            "completed_at": moments(at),
        }
    )
    yield from yielded("completions", table_name, table, rows["id"], [(pc.is_null(table["account_id"]), "completion of nobody")])


def outcomes(database: Database, site: Site) -> Iterator[Event]:
    """One row per account and course with a row of completion (reached or not; the moment is the cron's), one per certificate."""
    yield Seen("outcomes", database.count("course_completions") + database.count("customcert_issues"))
    for query, table_name, kind, at in (
        ("course_completions", "course_completions", "course_completed", "timecompleted"),
        ("certificates", "customcert_issues", "certificate", "timecreated"),
    ):
        for rows in database.batches(query):
            table = pa.table(
                {
                    "outcome_id": site.ids(kind, rows["id"]),
                    "account_id": site.accounts(rows["userid"]),
                    "course_id": site.courses(rows["course"]),
                    "kind": pa.array([kind] * rows.num_rows, pa.string()),
                    "reached_at": moments(flat(rows[at])),
                }
            )
            refused = [(pc.is_null(table["account_id"]), "outcome of nobody"), (pc.is_null(table["course_id"]), "outcome of no course")]
            yield from yielded("outcomes", table_name, table, rows["id"], refused)
