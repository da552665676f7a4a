"""Rows that speak of what Moodle no longer has: kept where the rest can do without it, rejected where it cannot.

Nothing in a Moodle database holds its tables together: there are no foreign keys, a deletion that breaks off leaves rows behind, people
mend tables by hand, and a log goes on speaking of courses, groups and forums that were deleted in good order. So whatever the readers by
subject give passes by here:

- an account without a row in ``user`` becomes an account of which nothing is known but that it is gone;
- rows of a course, group, forum, conversation or activity that is gone are rejected, or left out where they are derived from the log.

Belongs here: what holds between records. What is wrong with a row by itself its own module says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.columns import Site, flat
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.reading import Batch, Event, Rejected

#: Record → column that must point to a row, record pointed to (read whole every night, and before this one), reason.
_POINTERS = {
    "enrolments": ("course_id", "courses", "its course is gone"),
    "memberships": ("group_id", "course_groups", "its group is gone"),
    "tasks": ("course_id", "courses", "its course is gone"),
    "outcomes": ("course_id", "courses", "its course is gone"),
    "deadlines": ("task_id", "tasks", "its activity is gone"),
    "messages": ("chat_id", "chats", "its forum or conversation is gone"),
}
_KEYS = {
    "courses": "course_id", "course_groups": "group_id", "tasks": "task_id", "chats": "chat_id", "messages": "message_id",
    "enrolments": "enrolment_id", "memberships": "membership_id", "outcomes": "outcome_id", "deadlines": "deadline_id",
}  # fmt: skip
_TARGETS = frozenset(target for _, target, _ in _POINTERS.values())


def standing(events: Iterable[Event]) -> Iterator[Event]:
    """The same events without the rows that point to nothing."""
    known: dict[str, list[pa.Array]] = defaultdict(list)
    #: Messages that were rejected here: whom they speak to is left out with them.
    lost: list[pa.Array] = []
    for event in events:
        if not isinstance(event, Batch):
            yield event
            continue
        table = event.table
        if event.record == "addressees" and lost:
            table = table.filter(pc.invert(pc.is_in(flat(table["message_id"]), pa.concat_arrays(lost))))
        elif event.record in _POINTERS:
            column, target, reason = _POINTERS[event.record]
            ids = flat(table[column])
            there = pc.or_(pc.is_null(ids), pc.is_in(ids, pa.concat_arrays([pa.array([], pa.string()), *known[target]])))
            if not pc.all(there, min_count=0).as_py():
                gone = table[_KEYS[event.record]].filter(pc.invert(there))
                if event.counted:
                    yield from (Rejected(event.record, key, reason) for key in gone.to_pylist())
                if event.record == "messages":
                    lost.append(flat(gone))
                table = table.filter(there)
        if event.record in _TARGETS:
            known[event.record].append(flat(table[_KEYS[event.record]]))
        yield event if table is event.table else Batch(event.record, table, event.counted)


def accounts_of_nobody(database: Database, site: Site) -> Iterator[Event]:
    """One account per person that the other tables speak of and ``user`` has not; it stays where what spoke of it goes too."""
    has_row = {native for (native,) in database.rows("select u.id from {user} u")} if site.met else set()
    missing = sorted(site.met - has_row)
    if missing:
        ids = pa.array(missing, pa.int64())
        yield Batch(
            "accounts",
            pa.table(
                {
                    "account_id": site.accounts(ids),
                    "realm": pa.array([site.realm] * len(ids)),
                    "channel": pa.array(["lms"] * len(ids)),
                    "is_deleted": pa.array([True] * len(ids)),
                    "native_id": pc.cast(ids, pa.string()),
                }
            ),
            counted=False,
        )
