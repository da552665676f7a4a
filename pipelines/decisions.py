"""What people decided, written down for ever: numbered in order, taken back without being forgotten, who and why in the personal half.

One ledger is one table of a stage and the table of the same name in ``personal``. What may be decided about what, and what of it stands, is the
business of the stage that keeps the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from pipelines.errors import PermanentError
from pipelines.warehouse import Warehouse

_DIGEST_BYTES = 6


@dataclass(frozen=True)
class Ledger:
    """``table``: with its schema; ``key``: its id column; ``prefix``: first letter of its ids; ``called``: what one entry is, for people."""

    table: str
    key: str
    prefix: str
    called: str = "decision"

    @property
    def private(self) -> str:
        """Who decided, and why in their own words."""
        return f"personal.{self.table.partition('.')[2]}"

    def enter(
        self,
        warehouse: Warehouse,
        said: Mapping[str, object],
        *,
        at: datetime,
        by: str | None,
        note: str | None,
        beside: Mapping[str, object] | None = None,
    ) -> str:
        """Write one down and return its id, a hash of its number and of ``said``. ``beside``: columns that are kept with it and name nothing."""
        with warehouse.transaction():
            sequence = int(warehouse.value(f"select coalesce(max(sequence), 0) + 1 from {self.table}"))
            text = "\x1f".join(str(value) for value in (sequence, *said.values()))
            entry = self.prefix + blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()
            row = {self.key: entry, "sequence": sequence, **said, **(beside or {}), "decided_at": at, "undone_at": None}
            marks = ", ".join("?" for _ in row)
            warehouse.connection.execute(f"insert into {self.table} ({', '.join(row)}) values ({marks})", list(row.values()))
            warehouse.connection.execute(f"insert into {self.private} ({self.key}, decided_by, note) values (?, ?, ?)", [entry, by, note])
        return entry

    def undo(self, warehouse: Warehouse, entry: str, at: datetime) -> None:
        """Take one back; what was said before it stands again. Raises PermanentError for one that does not stand."""
        if not warehouse.value(f"select count(*) from {self.table} where {self.key} = ? and undone_at is null", [entry]):
            raise PermanentError(f"no {self.called} {entry} stands")
        warehouse.connection.execute(f"update {self.table} set undone_at = ? where {self.key} = ?", [at, entry])
