"""One item's rows on their way into ``raw`` and ``personal``: staged in temporary tables until the item is known to be whole.

What the merge holds to: a row that misses its key refuses the whole item; within one item the last mention of a key stands; an older item
never overwrites a newer one, nor does a null where a table keeps what was known; what once was true stays true.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from pipelines.errors import BadContract
from pipelines.loading.account_names import keep_names
from pipelines.loading.fresh_rows import FreshRows
from pipelines.loading.vanishing import note_coverage, sweep
from pipelines.loading.versions import keep_versions
from pipelines.sources.reading import Whole
from pipelines.warehouse import KEEPS_KNOWN, Warehouse, literal

_LOADER_COLUMNS = ("source", "load_id", "seen_at")
#: Rejects held in memory before they are staged: a file of nothing else may have millions.
_REJECTS_AT_ONCE = 50_000
#: Rows, or bytes, that are handed to the engine at once: just what it packs and writes together (its own default), or what it has taken
#: of the next row group would wait in memory.
ROWS_AT_ONCE = 122_880
_BYTES_AT_ONCE = 32 << 20
#: Records whose rows never change their time.
_FIXED_TIMES = {"activity": "occurred_at"}
#: Records whose rows are looked at one with another as they come in, however new they are (:mod:`pipelines.loading.account_names`).
_ALWAYS_STAGED = frozenset(("accounts",))
#: Which of two versions stands, as a condition: an item that does not say of which time it speaks stands behind any that does.
_IS_OLDER = "(old.seen_at is not null and (stage.seen_at is null or stage.seen_at < old.seen_at))"
#: More than any two time zones differ.
_ZONES = timedelta(days=2)


class Stage:
    """Temporary tables that hold one item until it is known to be whole."""

    def __init__(self, warehouse: Warehouse, load_id: str, source: str, version: int) -> None:
        self.warehouse, self.load_id, self.source, self.version = warehouse, load_id, source, version
        #: The moment of which the item speaks, as far as it has said so.
        self.seen_at: datetime | None = None
        self.records: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self.rejects: list[tuple[str, str, str, str, str, str]] = []
        self.wholes: list[Whole] = []
        self._has_staged_rejects = False
        self.waiting: dict[str, list[pa.Table]] = {}
        #: Record → its rows written straight into their tables; None where they are staged.
        self.fresh: dict[str, FreshRows | None] = {}

    def add(self, record: str, table: pa.Table) -> None:
        """Take in a batch. Raises BadContract for columns that are not declared, and for values that they do not take."""
        if record not in self.records:
            self._create(record)
        raw, personal = self.records[record]
        allowed = {**raw, **personal}
        strangers = sorted(set(table.column_names) - set(allowed))
        if strangers:
            raise BadContract(f"raw.{record}: the reader of {self.source} yields columns that are not declared: {', '.join(strangers)}")
        waiting = self.waiting.setdefault(record, [])
        if waiting and waiting[0].schema != table.schema:
            self._write(record)
            waiting = self.waiting.setdefault(record, [])
        waiting.append(table)
        rows = sum(part.num_rows for part in waiting)
        if rows >= ROWS_AT_ONCE or sum(part.nbytes for part in waiting) >= _BYTES_AT_ONCE:
            if record not in self.fresh:
                self.fresh[record] = self._fresh_rows(record, waiting)
            self._write(record, rows // ROWS_AT_ONCE * ROWS_AT_ONCE)

    def _fresh_rows(self, record: str, first: list[pa.Table]) -> FreshRows | None:
        """How the rows of a large item are written straight into their tables; None where they have to be staged."""
        if record in _ALWAYS_STAGED or set(_LOADER_COLUMNS) & set(first[0].column_names):
            return None
        key = self.warehouse.key(f"raw.{record}")
        looked_at = [name for name in (*key, _FIXED_TIMES.get(record)) if name in first[0].column_names]
        names = ", ".join(key)
        with self.warehouse.registered("batch", pa.concat_tables(part.select(looked_at) for part in first)):
            on = " and ".join(f"old.{part} = batch.{part}" for part in key) + self._times(record, "batch")
            known = f"exists (select 1 from batch where exists (select 1 from raw.{record} as old where {on}))"
            # By hashes, as at the end: two keys with one hash only cost the longer way.
            repeats = f"(select count(distinct hash({names})) < count(*) from batch)"
            if self.warehouse.value(f"select {known} or {repeats}"):
                return None
        return FreshRows(self.warehouse, record, self.source, self.load_id, self.seen_at)

    def _write(self, record: str, first: int = 0) -> None:
        """Hand the waiting batches of a record to the engine, or no more than the first rows of them."""
        if waiting := self.waiting.pop(record, None):
            rows = pa.concat_tables(waiting)
            waiting.clear()
            if first:
                if rows.num_rows > first:
                    self.waiting[record] = [rows.slice(first)]
                # The engine takes a piece at a time, and one large piece sooner than many small ones.
                rows = rows.slice(0, first).combine_chunks()
            # An item too small to have been looked at is staged: that costs next to nothing.
            fresh = self.fresh.setdefault(record, None)
            try:
                if fresh:
                    fresh.write(rows)
                else:
                    raw, personal = self.records[record]
                    self.warehouse.append(f"stage_{record}", list({**raw, **personal}), rows)
            except duckdb.IntegrityError:
                raise BadContract(f"raw.{record}: the reader of {self.source} leaves out what a row must have") from None
            except duckdb.DataError:
                # The engine's words quote the value.
                raise BadContract(f"raw.{record}: the reader of {self.source} yields values that a column does not take") from None

    def _create(self, record: str) -> None:
        raw = self.warehouse.columns(f"raw.{record}")
        personal = self.warehouse.columns(f"personal.{record}") if self.warehouse.has_table(f"personal.{record}") else {}
        both = {**raw, **personal}
        self.warehouse.connection.execute(
            f"create or replace temp table stage_{record} (" + ", ".join(f"{name} {kind}" for name, kind in both.items()) + ")"
        )
        self.records[record] = (raw, personal)

    def whole(self, scope: Whole) -> None:
        """Remember that the item holds every row of a scope."""
        self.wholes.append(scope)

    def reject(self, item: str, record: str, place: str, reason: str) -> None:
        self.rejects.append((self.load_id, self.source, item, record, place, reason))
        if len(self.rejects) >= _REJECTS_AT_ONCE:
            self._stage_rejects()

    def bring_in(self, seen_at: datetime | None) -> None:
        """Bring the staged rows into their tables, note what has vanished and what was rejected. Call inside a transaction."""
        for record, (raw, personal) in self.records.items():
            self._write(record)
            if self._stands_already(record, seen_at):
                continue
            try:
                self._bring_in(record, raw, personal, seen_at)
            except duckdb.IntegrityError:
                raise BadContract(f"raw.{record}: the reader of {self.source} leaves out what a row must have") from None
        note_coverage(self.warehouse, self.source, self.load_id, self.wholes, seen_at)
        sweep(self.warehouse, self.source, self.load_id, list(self.records), self.wholes, seen_at)
        self._note_rejects()

    def _stands_already(self, record: str, seen_at: datetime | None) -> bool:
        """Were the rows written straight into their tables, and was that right? Where it was not, they are staged now."""
        fresh = self.fresh.get(record)
        if fresh is None:
            return False
        if fresh.are_fresh(seen_at, self._times(record, f"raw.{record} where load_id = '{self.load_id}'")):
            return True
        fresh.take_back(f"stage_{record}")
        return False

    def _bring_in(self, record: str, raw: dict[str, str], personal: dict[str, str], seen_at: datetime | None) -> None:
        connection = self.warehouse.connection
        key = self.warehouse.key(f"raw.{record}")
        missing = self.warehouse.value(f"select count(*) from stage_{record} where " + " or ".join(f"{part} is null" for part in key))
        if missing:
            raise BadContract(f"raw.{record}: {missing} rows of {self.source} have no key ({', '.join(key)})")
        connection.execute(
            f"create or replace temp view staged_{record} as select stage.* replace ('{self.source}' as source, '{self.load_id}' as load_id, "
            f"coalesce(stage.seen_at, {literal(seen_at)}) as seen_at), stage.rowid as place from stage_{record} as stage"
        )
        names = ", ".join(key)
        # Most items hold each key once, and finding that out costs a fraction of putting the rows in order.
        repeats = self.warehouse.value(f"select count(*) from (select 1 from stage_{record} group by {names} having count(*) > 1)")
        on = " and ".join(f"old.{part} = stage.{part}" for part in key)
        # What is left of this by the engine, which skips the blocks of other times, is as large as the item and not as all history.
        on += self._times(record, f"stage_{record}")
        known = f"select 1 from raw.{record} as old where {on}"
        has_known = self.warehouse.value(f"select count(*) from stage_{record} as stage where exists ({known})")
        # A message that is told once has one state.
        if record == "messages" and (repeats or has_known):
            keep_versions(self.warehouse, self.load_id, self.source, "staged_messages")
        if record == "accounts":
            keep_names(self.warehouse, "staged_accounts")
        # Within one item the last mention of a key stands.
        last = f"qualify row_number() over (partition by {names} order by place desc) = 1" if repeats else ""
        lasting = self.warehouse.lasting(f"raw.{record}")
        together = ", ".join(f"bool_or({column}) over (partition by {names}) as {column}" for column in lasting)
        content = f"* replace ({together})" if repeats and lasting else "*"
        fresh = f"(select {content} from staged_{record} {last}) as stage"
        if repeats and KEEPS_KNOWN in self.warehouse.comment(f"raw.{record}"):
            # Nor does a null in a later mention take away what an earlier one told.
            told = [f"arg_max({name}, place) as {name}" for name in dict.fromkeys((*raw, *personal)) if name not in (*key, *lasting)]
            told += [f"bool_or({name}) as {name}" for name in lasting]
            fresh = f"(select {names}, {', '.join(told)} from staged_{record} group by {names}) as stage"
        # An older item never overwrites a newer one.
        if has_known:
            connection.execute(
                f"create or replace temp table fresh_{record} as select stage.*{_with_old(lasting)} from {fresh} inner join raw.{record} as old on {on} "
                f"where not {_IS_OLDER}"
            )
            connection.execute(f"create or replace temp table new_{record} as select * from {fresh} where not exists ({known})")
            for schema, columns in (("raw", raw), ("personal", personal)):
                if columns:
                    picked = ", ".join(columns)
                    connection.execute(f"create or replace temp view fresh_half as select {picked} from fresh_{record}")
                    self.warehouse.merge(f"{schema}.{record}", "fresh_half")
                    connection.execute(f"insert into {schema}.{record} ({picked}) select {picked} from new_{record}")
            connection.execute("drop view if exists fresh_half")
            self._fill_in(record, raw, personal, f"{fresh} inner join raw.{record} as old on {on} where {_IS_OLDER}")
            # A row that says the same in a newer item is as new as that item, or an older export could still overwrite it.
            connection.execute(
                f"update raw.{record} as old set seen_at = stage.seen_at from fresh_{record} as stage where {on} "
                "and stage.seen_at is not null and (old.seen_at is null or old.seen_at < stage.seen_at)"
            )
            for column in lasting:  # of an older item too
                connection.execute(
                    f"update raw.{record} as old set {column} = true from staged_{record} as stage where {on} and stage.{column} and not coalesce(old.{column}, false)"
                )
        else:
            for schema, columns in (("personal", personal), ("raw", raw)):
                if columns:
                    picked = ", ".join(columns)
                    connection.execute(f"insert into {schema}.{record} ({picked}) select {picked} from {fresh}")
        connection.execute(f"drop view staged_{record}")

    def _fill_in(self, record: str, raw: dict[str, str], personal: dict[str, str], older: str) -> None:
        """Where nulls keep what was known, an older item still tells what no newer one has told. ``older``: its rows, as a from clause."""
        kept = {*self.warehouse.keeping(f"raw.{record}"), *(self.warehouse.keeping(f"personal.{record}") if personal else ())}
        if not kept:
            return
        connection = self.warehouse.connection
        connection.execute(f"create or replace temp table older_{record} as select stage.* from {older}")
        key = self.warehouse.key(f"raw.{record}")
        on = " and ".join(f"old.{part} = stage.{part}" for part in key)
        for schema, columns in (("raw", raw), ("personal", personal)):
            content = [column for column in columns if column in kept]
            if content:
                values = ", ".join(f"{column} = coalesce(old.{column}, stage.{column})" for column in content)
                lacks = " or ".join(f"(old.{column} is null and stage.{column} is not null)" for column in content)
                connection.execute(f"update {schema}.{record} as old set {values} from older_{record} as stage where {on} and ({lacks})")
        connection.execute(f"drop table older_{record}")

    def _times(self, record: str, rows: str) -> str:
        """Condition on the time of known rows (``old``) that these could be, for records whose rows never change theirs; else empty.

        Rules of the reader that have changed since could have moved them, a corrected time zone by up to a day and two hours.
        """
        column = _FIXED_TIMES.get(record)
        if column is None or self.warehouse.value(
            "select count(*) from raw.loads where source = ? and state = 'loaded' and reader_version <> ?", [self.source, self.version]
        ):
            return ""
        first, last = self.warehouse.rows(f"select min({column}), max({column}) from {rows}")[0]
        if first is None:
            return ""
        return f" and old.{column} between {literal(first - _ZONES)} and {literal(last + _ZONES)}"

    def _note_rejects(self) -> None:
        connection = self.warehouse.connection
        connection.execute("delete from raw.rejects where load_id = ?", [self.load_id])
        if self.rejects or self._has_staged_rejects:
            self._stage_rejects()
            connection.execute("insert into raw.rejects by name select distinct * from stage_of_rejects")

    def _stage_rejects(self) -> None:
        connection = self.warehouse.connection
        if not self._has_staged_rejects:
            connection.execute("create or replace temp table stage_of_rejects as select * from raw.rejects limit 0")
            self._has_staged_rejects = True
        names = list(self.warehouse.columns("raw.rejects"))
        columns = list(zip(*self.rejects, strict=True)) if self.rejects else [()] * len(names)
        with self.warehouse.registered("batch", pa.table([pa.array(column, pa.string()) for column in columns], names=names)):
            connection.execute("insert into stage_of_rejects by name select * from batch")
        self.rejects.clear()

    def drop(self) -> None:
        for record in self.records:
            self.warehouse.connection.execute(f"drop table if exists temp.stage_{record}")
            self.warehouse.connection.execute(f"drop table if exists temp.fresh_{record}")
            self.warehouse.connection.execute(f"drop table if exists temp.new_{record}")
        self.warehouse.connection.execute("drop table if exists temp.stage_of_rejects")


def _with_old(lasting: Sequence[str]) -> str:
    """What becomes of columns that once true stay true, when a row replaces a known one."""
    return (
        f" replace ({', '.join(f'case when old.{name} then true else stage.{name} end as {name}' for name in lasting)})" if lasting else ""
    )
