"""The log: ``logstore_standard_log`` → activity, every row from the cursor on.

Ids are the order of writing, not of time: requests are buffered and flushed at their end, so the next load begins some rows before
the last one read (``log_overlap_rows`` of the source) and the loader drops what it has. Old rows may vanish (the site's log lifetime).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.columns import Site, coded, existing, flags, flat, is_moment, joined, moments, yielded
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
    """Rows of ``raw.activity`` of rows of the log. Texts are coded by their distinct values: a log repeats itself, and the engine takes it so."""
    nothing = pa.scalar(None, pa.int64())
    events = pc.dictionary_encode(pc.fill_null(flat(rows["eventname"]), ""))
    details = _details(rows["other"])
    is_anonymous = pc.fill_null(flags(rows["anonymous"]), False)
    is_module = pc.fill_null(pc.equal(flat(rows["contextlevel"]), _MODULE_LEVEL), False)
    return pa.table(
        {
            "activity_id": site.ids("log", rows["id"]),
            "account_id": coded(rows["userid"], site.accounts),
            "course_id": coded(rows["courseid"], site.courses),
            "task_id": coded(pc.if_else(is_module, flat(rows["contextinstanceid"]), nothing), partial(site.ids, "task")),
            "occurred_at": moments(rows["timecreated"]),
            "action": _actions(events, details),
            "event": events,
            "component": pc.dictionary_encode(flat(rows["component"])),
            "object_id": _objects(rows, is_anonymous, site),
            "related_account_id": coded(rows["relateduserid"], site.accounts),
            "origin": coded(rows["origin"], _each(lambda origin: origin or None)),
            # Filled for whatever an administrator does after "log in as", the act of logging in as somebody included.
            "is_impersonated": pc.is_valid(existing(rows["realuserid"])),
            "is_anonymous": is_anonymous,
            "details": details,
        }
    )


def _actions(events: pa.DictionaryArray, details: pa.DictionaryArray) -> pa.DictionaryArray:
    names = [*(action_of(event) or "other" for event in events.dictionary.to_pylist()), "other"]
    # The event is also written when a completion is taken back.
    is_completion = pc.equal(events.dictionary, _COMPLETION_UPDATED).take(events.indices)
    is_undone = pc.fill_null(pc.match_substring_regex(details.dictionary, r'"completionstate": 0\b').take(details.indices), False)
    last = pa.scalar(len(names) - 1, pa.int32())
    codes = pc.if_else(pc.and_(is_completion, is_undone), last, events.indices)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))


def _objects(rows: pa.Table, is_anonymous: pa.Array, site: Site) -> pa.DictionaryArray:
    """Ids of objects. An account is a pseudonym here too; the response of an anonymous survey has none, for the row knows its writer."""
    native = existing(rows["objectid"])
    of_user = pc.fill_null(pc.equal(flat(rows["objecttable"]), "user"), False)
    hides = pc.and_(is_anonymous, pc.fill_null(pc.starts_with(flat(rows["component"]), "mod_feedback"), False))
    # People below zero, other things above it.
    signed = pc.if_else(of_user, pc.negate(native), pc.if_else(hides, pa.scalar(None, pa.int64()), native))
    return coded(signed, lambda numbers: pc.coalesce(site.accounts(pc.negate(numbers)), joined("", existing(numbers))))


def _details(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """The numbers of each row's own data. Most of a log's rows have none: "null", "N;", "[]"."""
    text = flat(column)
    has_none = pc.is_in(text, pa.array(sorted(ABSENT), pa.string()))
    return coded(pc.if_else(has_none, pa.scalar(None, pa.string()), text), _each(details_of))


def _each(judged: Callable[[str], str | None]) -> Callable[[pa.Array], pa.Array]:
    """A function of one text as one of a column."""
    return lambda texts: pa.array([judged(text) for text in texts.to_pylist()], pa.string())


def last_row(database: Database) -> int:
    """Greatest id of the log; 0 for an empty one."""
    return int(database.value("select max(l.id) from {logstore_standard_log} l") or 0)
