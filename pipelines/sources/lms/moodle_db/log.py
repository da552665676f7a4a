"""The log: ``logstore_standard_log`` → activity, every row from the cursor on.

Ids are the order of writing, not of time: requests are buffered and flushed at their end, so the next load begins some rows before
the last one read (``log_overlap_rows`` of the source) and the loader drops what it has. Old rows may vanish (the site's log lifetime).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.columns import Site, existing, flags, flat, is_moment, joined, moments, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_texts import ABSENT, action_of, details_of
from pipelines.sources.reading import Event, Seen

_MODULE_LEVEL = 70
_COMPLETION_UPDATED = r"\core\event\course_module_completion_updated"


def activity(database: Database, site: Site, after: int) -> Iterator[Event]:
    """One row per row of the log with an id above ``after``; a row without a time is rejected."""
    for rows in database.log_batches(after):
        yield Seen("activity", rows.num_rows)
        yield from yielded(
            "activity",
            "logstore_standard_log",
            activity_of(rows, site),
            rows["id"],
            [(pc.invert(is_moment(rows["timecreated"])), "no time")],
        )


def activity_of(rows: pa.Table, site: Site) -> pa.Table:
    """Rows of ``raw.activity`` of rows of the log."""
    details = _details(rows["other"])
    action = _each(rows["eventname"], action_of)
    # The event is also written when a completion is taken back.
    taken_back = pc.and_(
        pc.equal(pc.fill_null(flat(rows["eventname"]), ""), _COMPLETION_UPDATED),
        pc.fill_null(pc.match_substring_regex(details, r'"completionstate": 0\b'), False),
    )
    is_anonymous = pc.fill_null(flags(rows["anonymous"]), False)
    is_module = pc.fill_null(pc.equal(flat(rows["contextlevel"]), _MODULE_LEVEL), False)
    return pa.table(
        {
            "activity_id": site.ids("log", rows["id"]),
            "account_id": site.accounts(rows["userid"]),
            "course_id": site.courses(rows["courseid"]),
            "task_id": pc.if_else(is_module, site.ids("task", rows["contextinstanceid"]), pa.scalar(None, pa.string())),
            "occurred_at": moments(rows["timecreated"]),
            "action": pc.if_else(taken_back, "other", pc.fill_null(action, "other")),
            "event": pc.fill_null(flat(rows["eventname"]), ""),
            "component": rows["component"],
            "object_id": _objects(rows, is_anonymous, site),
            "related_account_id": site.accounts(rows["relateduserid"]),
            "origin": pc.if_else(pc.equal(flat(rows["origin"]), ""), pa.scalar(None, pa.string()), flat(rows["origin"])),
            # Filled for whatever an administrator does after "log in as", the act of logging in as somebody included.
            "is_impersonated": pc.is_valid(existing(rows["realuserid"])),
            "is_anonymous": is_anonymous,
            "details": details,
        }
    )


def _objects(rows: pa.Table, is_anonymous: pa.Array, site: Site) -> pa.Array:
    """Ids of objects. An account is a pseudonym here too; the response of an anonymous survey has none, for the row knows its writer."""
    native = existing(rows["objectid"])
    of_user = pc.fill_null(pc.equal(flat(rows["objecttable"]), "user"), False)
    hides = pc.and_(is_anonymous, pc.fill_null(pc.starts_with(flat(rows["component"]), "mod_feedback"), False))
    nothing = pa.scalar(None, pa.int64())
    people = site.accounts(pc.if_else(of_user, native, nothing))
    things = joined("", pc.if_else(pc.or_(of_user, hides), nothing, native))
    return pc.coalesce(people, things)


def _details(column: pa.ChunkedArray) -> pa.Array:
    """The numbers of each row's own data, worked out once per distinct text. Most of a log's rows have none: "null", "N;", "[]"."""
    text = flat(column)
    has_none = pc.is_in(text, pa.array(sorted(ABSENT), pa.string()))
    return _each(pc.if_else(has_none, pa.scalar(None, pa.string()), text), details_of)


def _each(column: pa.ChunkedArray, judged) -> pa.Array:
    """A function of every distinct text of a column: logs repeat themselves."""
    coded = pc.dictionary_encode(flat(column))
    values = pa.array([judged(value) for value in coded.dictionary.to_pylist()], pa.string())
    return values.take(coded.indices) if len(values) else pa.nulls(len(coded), pa.string())


def last_row(database: Database) -> int:
    """Greatest id of the log; 0 for an empty one."""
    return int(database.value("select max(l.id) from {logstore_standard_log} l") or 0)
