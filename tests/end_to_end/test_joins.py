"""No statement of models, links and scores holds every row of one table against every row of another; loads are not looked at.

A join whose keys the engine cannot use ("or" between them, or a condition on one side alone beside them in a left join) becomes a nested loop over
all pairs: unseen among eight hundred learners, hours and gigabytes among fifteen thousand. What the engine means to do is read from its plans.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import steps
from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse
from tests.conftest import configure
from tests.end_to_end.conftest import Installation

#: Joins that go through all pairs; each of them is right where one side is a handful of weeks or one threshold.
_ALL_PAIRS = ("NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN")
#: Two columns that are equal: a key that another way of joining would have used.
_KEY = re.compile(r"\((\w+) = (\w+)\)")


def _wasted_keys(plan: list[dict[str, Any]]) -> Iterator[str]:
    """Conditions of joins by all pairs that name a key, anywhere in the plan (EXPLAIN, FORMAT JSON)."""
    for operator in plan:
        told = operator.get("extra_info", {})
        condition = str(told.get("Condition") or told.get("Conditions") or "")
        if operator["name"].strip() in _ALL_PAIRS and _KEY.search(condition):
            yield condition
        yield from _wasted_keys(operator.get("children", []))


def _explained(connection: duckdb.DuckDBPyConnection, statement: str, *given: Any) -> list[dict[str, Any]]:
    ((_, plan),) = connection.execute(f"explain (format json) {statement}", *given).fetchall()
    return list(json.loads(plan))


class _Listening:
    """A connection that has every query's plan made before it is run."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, heard: list[tuple[str, list[str]]]) -> None:
        self._connection, self._heard = connection, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> _Listening:
        return _Listening(self._connection.cursor(), self._heard)

    def execute(self, statement: str, *given: Any) -> Any:
        # A script of several statements has no one plan: what it makes is asked for when it is read.
        if re.match(
            r"\s*(with|select|create or replace temp table|insert into|update|delete from)\b", statement, re.IGNORECASE
        ) and ";" not in statement.strip().rstrip(";"):
            self._heard.append((" ".join(statement.split())[:200], list(_wasted_keys(_explained(self._connection, statement, *given)))))
        return self._connection.execute(statement, *given)


def test_a_key_that_is_not_used_is_seen() -> None:
    with duckdb.connect() as engine:
        engine.execute("create table works as select range as id, range % 7 as kind from range(1000)")
        engine.execute("create table marks as select range as work_id from range(1000)")
        by_or = "select count(*) from works join marks on works.id = marks.work_id or (works.kind = 3 and works.kind = marks.work_id)"
        beside = "select count(*) from works left join marks on works.id = marks.work_id and works.kind = 3"
        by_key = "select count(*) from works left join marks on (case when works.kind = 3 then works.id end) = marks.work_id"
        assert list(_wasted_keys(_explained(engine, by_or)))
        assert list(_wasted_keys(_explained(engine, beside)))
        assert not list(_wasted_keys(_explained(engine, by_key)))


def test_models_use_their_keys(made: Installation) -> None:
    compiled = sorted(
        path for path in (made.home / "dbt" / "target" / "compiled").glob("**/models/**/*.sql") if path.parent.suffix != ".yml"
    )
    assert len(compiled) > 50
    with duckdb.connect(str(made.home / "warehouse.duckdb"), read_only=True) as engine:
        wasted = {path.stem: found for path in compiled if (found := list(_wasted_keys(_explained(engine, path.read_text()))))}
    assert wasted == {}


def test_links_use_their_keys(made: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(made.home / "warehouse.duckdb", tmp_path / "warehouse.duckdb")
    configure(monkeypatch, made.exports, tmp_path)
    heard: list[tuple[str, list[str]]] = []
    opened = Warehouse.__init__

    def listening(self: Warehouse, connection: duckdb.DuckDBPyConnection) -> None:
        opened(self, _Listening(connection, heard))  # type: ignore[arg-type]

    monkeypatch.setattr(Warehouse, "__init__", listening)
    run = steps.Run(read_settings(), made.as_of, datetime(2026, 11, 23, tzinfo=UTC))
    with run.warehouse() as warehouse:
        # Nothing is kept from the first time, so that every step has its whole work to do.
        for (table,) in warehouse.rows(
            "select table_name from information_schema.tables where table_schema = 'links' and table_type = 'BASE TABLE'"
        ):
            warehouse.connection.execute(f"delete from links.{table}")
    for step in (steps.link_people, steps.link_conversations, steps.link_notices, steps.link_copies, steps.link_feedback, steps.score):
        step(run)
    assert len(heard) > 100
    assert [(statement, found) for statement, found in heard if found] == []
