"""What becomes of a row that its system no longer has.

A reader that has seen everything of a scope says so (:class:`pipelines.sources.reading.Whole`); the loader writes it down in
``raw.coverage``. A row of the scope that a newer item lacks has vanished: messages, stays and tasks have a column to say so and stay
(they were there, and what was done with them was done); what only other rows speak of stays and is noted; anything else is taken out and
noted in ``raw.vanished``. A row that a newer item holds again is there again.

Items may come in any order: a row's ``seen_at`` is the newest item that holds it, every coverage is kept, and the moment noticed is the
oldest coverage that is newer than the row (of rows taken out: the oldest that was loaded while they stood). Two items that speak of the
same moment do not vanish each other's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from pipelines.errors import BadContract
from pipelines.sources.reading import Whole
from pipelines.warehouse import Warehouse

#: The record's own time, which ``since`` and ``until`` of a scope are about.
TIME_OF = {
    "messages": "sent_at",
    "attendance": "joined_at",
    "submissions": "created_at",
    "grades": "graded_at",
    "completions": "completed_at",
}

#: Records with columns that say it: column → value. ``noticed`` is the moment of the item that lacks the row.
_MARKS = {
    "messages": {"deleted_at": "least(old.deleted_at, noticed)"},
    "enrolments": {"state": "'removed'", "removed_at": "least(old.removed_at, noticed)"},
    "memberships": {"left_at": "least(old.left_at, noticed)"},
    "tasks": {"is_deleted": "true"},
}
#: Records that others point to: they are noted and stay.
_KEPT = frozenset(("accounts", "courses", "course_groups", "chats", "webinars"))
#: A log is thinned out by its system (log lifetime): what it no longer has has happened all the same.
_NEVER = frozenset(("activity",))


def note_coverage(warehouse: Warehouse, source: str, load_id: str, wholes: Sequence[Whole], seen_at: datetime | None) -> None:
    """Write down which scopes a load held whole. Call inside the load's transaction, before :func:`sweep`.

    An item that does not say of which time it speaks shows nothing of what has vanished since. Raises BadContract for a record that
    never vanishes, or bounds of a record without a time.
    """
    warehouse.connection.execute("delete from raw.coverage where load_id = ?", [load_id])
    for whole in wholes:
        if whole.record in _NEVER:
            raise BadContract(f"raw.{whole.record}: rows of a log do not vanish")
        if (whole.since or whole.until) and whole.record not in TIME_OF:
            raise BadContract(f"raw.{whole.record}: has no time that bounds of a scope could be about")
    if seen_at is None:
        return
    rows = {(whole.record, *(whole.within or ("", "")), whole.since, whole.until): None for whole in wholes if whole.keys is None}
    if rows:
        records, columns, values, since, until = zip(*rows, strict=True)
        moment = pa.timestamp("us", tz="UTC")
        coverage = pa.table(
            {
                "record": pa.array(records, pa.string()),
                "scope_column": pa.array(columns, pa.string()),
                "scope_value": pa.array(values, pa.string()),
                "since": pa.array(since, moment),
                "until": pa.array(until, moment),
            }
        )
        warehouse.connection.register("batch", coverage)
        try:
            warehouse.connection.execute(
                "insert into raw.coverage select ?, ?, record, scope_column, scope_value, min(since), max(until), ? from batch "
                "group by record, scope_column, scope_value",
                [load_id, source, seen_at],
            )
        finally:
            warehouse.connection.unregister("batch")


def sweep(
    warehouse: Warehouse, source: str, load_id: str, records: Sequence[str], wholes: Sequence[Whole], seen_at: datetime | None
) -> None:
    """Find what has vanished, by this load's scopes or by newer ones that are known; call inside the load's transaction, after the merge.

    Only rows that this load brought or that its scopes are about are looked at.
    """
    for record in sorted({*records, *(whole.record for whole in wholes)} - _NEVER):
        _forget_returned(warehouse, source, record)
        columns = [
            column
            for (column,) in warehouse.rows(
                "select distinct scope_column from raw.coverage where source = ? and record = ? order by 1", [source, record]
            )
        ]
        for column in columns:
            _strike(warehouse, source, load_id, record, _lacked(warehouse, record, column), [source, record, column, load_id])
    for whole in wholes:
        if whole.keys is not None and seen_at is not None:
            _sweep_keys(warehouse, source, load_id, whole, seen_at)


def _lacked(warehouse: Warehouse, record: str, column: str) -> str:
    """Query: key of each row that a newer coverage lacks, with the oldest such coverage's moment."""
    declared = warehouse.columns(f"raw.{record}")
    if column and column not in declared:
        raise BadContract(f"raw.{record}: has no column {column} that a scope could be about")
    key = warehouse.key(f"raw.{record}")
    scope = f" and coverage.scope_value = item.{column}" if column else ""
    time = TIME_OF.get(record)
    within = (
        f" and (coverage.since is null or item.{time} >= coverage.since) and (coverage.until is null or item.{time} <= coverage.until)"
        if time
        else ""
    )
    names = ", ".join(f"item.{part}" for part in key)
    told = ", ".join(f"item.{one}" for one in dict.fromkeys((*key, *((column,) if column else ()), *((time,) if time else ()), "seen_at")))
    # Two plain joins: as one condition with "or exists" the engine holds all of a large load in memory at once.
    return (
        f"with scope as (select * from raw.coverage where source = $1 and record = $2 and scope_column = $3), "
        f"item as (select {told} from raw.{record} as item where item.source = $1 and item.load_id = $4 "
        f"union all select {told} from raw.{record} as item inner join scope as coverage on coverage.seen_at > item.seen_at{scope}{within} "
        f"where item.source = $1 and coverage.load_id = $4) "
        f"select {names}, min(coverage.seen_at) as noticed from item inner join scope as coverage "
        f"on coverage.seen_at > item.seen_at{scope}{within} group by {names}"
    )


def _sweep_keys(warehouse: Warehouse, source: str, load_id: str, whole: Whole, seen_at: datetime) -> None:
    key = warehouse.key(f"raw.{whole.record}")
    if len(key) != 1 or whole.since or whole.until:
        raise BadContract(f"raw.{whole.record}: keys can be listed of a record with a key of one column, and of all times")
    column, value = whole.within or (key[0], None)
    if column not in warehouse.columns(f"raw.{whole.record}"):
        raise BadContract(f"raw.{whole.record}: has no column {column} that a scope could be about")
    warehouse.connection.register("present_keys", pa.table({key[0]: whole.keys}))
    try:
        query = (
            f"select old.{key[0]}, $2::timestamptz as noticed from raw.{whole.record} as old where old.source = $1 "
            f"and coalesce(old.seen_at <= $2, true) and ($3::varchar is null or old.{column} = $3) "
            f"and old.{key[0]} not in (select {key[0]} from present_keys where {key[0]} is not null)"
        )
        _strike(warehouse, source, load_id, whole.record, query, [source, seen_at, value])
    finally:
        warehouse.connection.unregister("present_keys")


def _strike(warehouse: Warehouse, source: str, load_id: str, record: str, query: str, parameters: Sequence[object]) -> None:
    """Mark, note or take out the rows that the query names."""
    connection = warehouse.connection
    connection.execute(f"create or replace temp table lacked as {query}", parameters)
    if warehouse.value("select count(*) from lacked"):
        key = warehouse.key(f"raw.{record}")
        on = " and ".join(f"old.{part} is not distinct from lacked.{part}" for part in key)
        if record in _MARKS:
            values = ", ".join(f"{column} = {value}" for column, value in _MARKS[record].items())
            connection.execute(f"update raw.{record} as old set {values} from lacked where {on}")
        else:
            joined = _joined(key, "lacked")
            connection.execute(
                f"delete from raw.vanished as old using lacked where old.record = ? and old.key = {joined} and old.noticed_at > lacked.noticed",
                [record],
            )
            connection.execute(
                f"insert into raw.vanished select ?, {joined}, ?, noticed, ? from lacked "
                f"where {joined} not in (select key from raw.vanished where record = ?)",
                [record, source, load_id, record],
            )
            if record not in _KEPT:
                for schema in ("personal", "raw"):
                    if warehouse.has_table(f"{schema}.{record}"):
                        connection.execute(f"delete from {schema}.{record} as old using lacked where {on}")
    connection.execute("drop table lacked")


def _forget_returned(warehouse: Warehouse, source: str, record: str) -> None:
    """What a newer item holds again has not vanished."""
    if warehouse.value("select count(*) from raw.vanished where source = ? and record = ?", [source, record]):
        kept = _joined(warehouse.key(f"raw.{record}"), "item")
        warehouse.connection.execute(
            f"delete from raw.vanished as noted using raw.{record} as item where noted.source = ? and noted.record = ? and noted.key = {kept} "
            "and item.seen_at >= noted.noticed_at",
            [source, record],
        )


def _joined(key: Sequence[str], table: str) -> str:
    return " || ' ' || ".join(f"{table}.{part}::varchar" for part in key)
