"""Rows of a large item that no item has told of before, written straight into their tables.

Staging rows and copying them costs more than writing them once. Where an item is large and the first of its rows are unknown to the
warehouse, all of them are taken to be new and written at once, inside the load's transaction. Whether they were is looked at when the last
one is in: where a key stands twice, or stood there before, the rows are taken back and go the longer way, as if nothing had been written.
"""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from pipelines.warehouse import Warehouse, literal

#: What the engine may hold while it writes: a row group or two on their way to the file; what is more goes to disk.
_MEMORY = "48MB"


class FreshRows:
    """Rows of one load in ``raw.<record>`` and, where it has a personal half, in ``personal.<record>``: the same rows in the same order.

    Inside a transaction from the first row to :meth:`are_fresh`.

    Parameters
    ----------
    seen_at: the moment of which the item speaks, as far as is known; :meth:`are_fresh` is told at the end.
    """

    def __init__(self, warehouse: Warehouse, record: str, source: str, load_id: str, seen_at: datetime | None) -> None:
        self.warehouse, self.record, self.source, self.load_id, self.seen_at = warehouse, record, source, load_id, seen_at
        halves = [f"{schema}.{record}" for schema in ("raw", "personal") if warehouse.has_table(f"{schema}.{record}")]
        #: Table → its columns.
        self._halves = {table: list(warehouse.columns(table)) for table in halves}
        #: Table → the last row that stood there before: rows that come have higher numbers.
        self._last = {table: int(warehouse.value(f"select coalesce(max(rowid), -1) from {table}")) for table in halves}
        self._columns: tuple[str, ...] = ()

    def write(self, rows: pa.Table) -> None:
        """Write rows. Raises what the engine raises where a column does not take a value."""
        self._columns = tuple(dict.fromkeys((*self._columns, *rows.column_names)))
        given = {"source": f"'{self.source}'", "load_id": f"'{self.load_id}'", "seen_at": literal(self.seen_at)}
        # One of the engine's threads: several would each leave row groups that are not full, to be written a second time, and the other
        # core makes the next rows meanwhile. What has been written is not held any longer.
        with self.warehouse.narrowed(threads=1, memory=_MEMORY):
            for table, columns in self._halves.items():
                self.warehouse.append(table, columns, rows, given)

    def are_fresh(self, seen_at: datetime | None, known: str) -> bool:
        """Give the rows the moment of which the item turned out to speak, and look whether each key stands once in the whole table.

        Parameters
        ----------
        known: condition on the rows (``old``) that could have been there before; empty: all.
        """
        connection = self.warehouse.connection
        mine = f"load_id = '{self.load_id}'"
        if seen_at != self.seen_at:
            connection.execute(f"update raw.{self.record} set seen_at = {literal(seen_at)} where {mine}")
        # Hashes take a fifth of the keys' memory. Two keys with one hash, once in a million loads, only cost the longer way.
        hashed = f"hash({', '.join(self.warehouse.key(f'raw.{self.record}'))})"
        hashes = f"select {hashed} as hashed from raw.{self.record} where {mine}"
        if not self.warehouse.value(f"select count(distinct hashed) = count(*) from ({hashes})"):
            return False
        others = f"from raw.{self.record} as old where old.load_id <> '{self.load_id}'{known}"
        return not self.warehouse.value(f"select exists (select 1 {others})") or not self.warehouse.value(
            f"select exists (select 1 {others} and {hashed} in ({hashes}))"
        )

    def take_back(self, stage: str) -> None:
        """Move the rows to the end of a staging table, in their order."""
        names = ", ".join(self._columns)
        # Of the keys, which both halves have, those of the first half are as good as those of the second.
        halves, taken = [], set[str]()
        for table, columns in self._halves.items():
            own = [name for name in columns if name in self._columns and name not in taken]
            taken.update(own)
            halves.append(f"(select {', '.join(own)} from {table} where rowid > {self._last[table]} order by rowid)")
        self.warehouse.connection.execute(f"insert into {stage} ({names}) select {names} from {' positional join '.join(halves)}")
        for table, last in self._last.items():
            self.warehouse.connection.execute(f"delete from {table} where rowid > {last}")
