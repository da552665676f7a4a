"""A disputed pair is out until decided, a verdict stays as a label, and everything can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.errors import PermanentError
from pipelines.links.copies.copies import link_copies
from pipelines.links.copies.copy_decisions import CopyDecision, decide, history, state_of, undo
from pipelines.warehouse import Warehouse
from tests.unit.links.test_copies import hand_in, text_of
from tests.unit.links.warehouses import START, empty


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with empty() as made:
        hand_in(made, "s1", "a", text_of(1), 0)
        hand_in(made, "s2", "b", text_of(1), 5)
        link_copies(made)
        yield made


def said(kind: str, earlier: str = "s1") -> CopyDecision:
    return CopyDecision(kind, "s2", earlier, START + timedelta(days=1), "Методист", "с урока")


def test_a_dispute_is_opened_decided_and_taken_back_step_by_step(warehouse: Warehouse) -> None:
    assert state_of(warehouse, "s2", "s1") is None
    decide(warehouse, said("dispute"))
    verdict = decide(warehouse, said("independent"))
    assert state_of(warehouse, "s2", "s1") == "independent"
    undo(warehouse, verdict, START + timedelta(days=2))
    assert state_of(warehouse, "s2", "s1") == "dispute"
    rows = history(warehouse).to_pylist()
    assert [row["kind"] for row in rows] == ["independent", "dispute"]
    assert rows[0]["matched_words"] == 120
    assert rows[0]["undone_at"] is not None


def test_a_verdict_outlives_the_pair_and_the_next_run(warehouse: Warehouse) -> None:
    decide(warehouse, said("dispute"))
    warehouse.connection.execute("delete from raw.submissions where submission_id = 's1'")
    link_copies(warehouse)
    assert warehouse.rows("select * from links.copies") == []
    decide(warehouse, said("allowed"))
    assert state_of(warehouse, "s2", "s1") == "allowed"


@pytest.mark.parametrize(
    "decision",
    [
        pytest.param(said("copied"), id="a verdict without a dispute"),
        pytest.param(said("guilty"), id="no verdict"),
        pytest.param(said("dispute", "s9"), id="no such pair"),
    ],
)
def test_what_cannot_be_said_is_refused(warehouse: Warehouse, decision: CopyDecision) -> None:
    with pytest.raises(PermanentError):
        decide(warehouse, decision)


def test_nothing_is_taken_back_twice(warehouse: Warehouse) -> None:
    name = decide(warehouse, said("dispute"))
    undo(warehouse, name, START)
    with pytest.raises(PermanentError):
        undo(warehouse, name, START)
