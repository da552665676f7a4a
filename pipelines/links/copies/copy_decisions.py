"""Disputes about pairs of texts: opened, decided, taken back; a pair in dispute counts for nothing until it is decided.

Kinds:

- ``dispute``: somebody objects; until a verdict stands the pair counts nowhere.
- ``copied``: it is a copy; the pair counts again.
- ``independent``: both wrote it themselves, or both from one source; the pair never counts.
- ``allowed``: it is a copy and was allowed (work done together); the pair never counts.

Of what stands about a pair the last counts. Nothing is deleted: undoing marks. A verdict keeps the pair's figures as they were then: a label
for whoever measures the search. Who decided, and why, is personal (``personal.copy_decisions``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from pipelines.decisions import Ledger
from pipelines.errors import PermanentError
from pipelines.warehouse import Warehouse

_LEDGER = Ledger("links.copy_decisions", "decision_id", "c")
KINDS = ("dispute", "copied", "independent", "allowed")


@dataclass(frozen=True)
class CopyDecision:
    """Something said about a pair. ``decided_at`` and ``decided_by`` are the caller's."""

    kind: str
    later_id: str
    earlier_id: str
    decided_at: datetime
    decided_by: str | None = None
    note: str | None = None


def decide(warehouse: Warehouse, decision: CopyDecision) -> str:
    """Write it down and return its id. Raises PermanentError for an unknown kind, a pair that is not there, a verdict without a dispute."""
    if decision.kind not in KINDS:
        raise PermanentError(f"there is no verdict {decision.kind!r}: {', '.join(KINDS[1:])}")
    pair = [decision.later_id, decision.earlier_id]
    figures = warehouse.rows(
        "select matched_words, later_share, rule_version from links.copies where later_id = ? and earlier_id = ?", pair
    ) or warehouse.rows(
        "select arg_max(matched_words, sequence), arg_max(later_share, sequence), arg_max(rule_version, sequence) from links.copy_decisions "
        "where later_id = ? and earlier_id = ? having count(*) > 0",
        pair,
    )
    if not figures:
        raise PermanentError(f"there is no pair {decision.later_id}, {decision.earlier_id}")
    standing = state_of(warehouse, decision.later_id, decision.earlier_id)
    if decision.kind == "dispute" and standing == "dispute":
        raise PermanentError("the pair is in dispute already")
    if decision.kind != "dispute" and standing is None:
        raise PermanentError("nobody disputes this pair: open a dispute first")
    about = {"kind": decision.kind, "later_id": decision.later_id, "earlier_id": decision.earlier_id}
    beside = dict(zip(("matched_words", "later_share", "rule_version"), figures[0], strict=True))
    return _LEDGER.enter(warehouse, about, at=decision.decided_at, by=decision.decided_by, note=decision.note, beside=beside)


def state_of(warehouse: Warehouse, later_id: str, earlier_id: str) -> str | None:
    """The last thing that stands about a pair; None where nothing does."""
    state = warehouse.value(
        "select arg_max(kind, sequence) from links.copy_decisions where later_id = ? and earlier_id = ? and undone_at is null",
        [later_id, earlier_id],
    )
    return None if state is None else str(state)


def undo(warehouse: Warehouse, decision_id: str, at: datetime) -> None:
    """Take a decision back; what was said before it stands again. Raises PermanentError for one that does not stand."""
    _LEDGER.undo(warehouse, decision_id, at)


def history(warehouse: Warehouse) -> pa.Table:
    """Everything said about pairs with its private half, the newest first: for the responsible person's eyes."""
    return warehouse.arrow(
        "select decision.*, private.decided_by, private.note from links.copy_decisions as decision "
        "left join personal.copy_decisions as private using (decision_id) order by decision.sequence desc"
    )
