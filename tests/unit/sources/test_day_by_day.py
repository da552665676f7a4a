"""Loading day by day equals loading at once: for every source of files, in any order of overlap, with edits, deletions and late rows.

One small world is exported every evening, each export reaching back as far as things change, and once whole at the end. What stands
after the daily exports in whatever order is what the whole one says; beside it stand, in the same words whatever the order, what only
the earlier ones could know: deleted messages, earlier versions of edited ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.loading import context_for, load_item
from pipelines.programme import Programme, Source
from pipelines.sources import READERS
from pipelines.sources.reading import Item
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import PSEUDONYMS
from tests.unit.sources.worlds import WRITERS, Writer
from tests.unit.sources.worlds.happening import DAILY, EVENTFUL, WHOLE, Export, World, worlds

#: Long: part of the slower checks.
pytestmark = pytest.mark.slow

_RUN_AT = datetime(2026, 11, 30, tzinfo=UTC)
_LEDGER = ("loads", "load_counts", "rejects", "coverage", "items")
#: What one export cannot know of the time before it.
_HISTORY = ("raw.message_versions", "personal.message_versions", "personal.account_names", "raw.vanished")

TABLES = "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('raw', 'personal') order by 1"

State = dict[str, list[tuple[object, ...]]]


def load(warehouse: Warehouse, kind: str, writer: Writer, folder: Path) -> None:
    source = Source(name="one", kind=kind, path=folder, **writer.options)
    programme = Programme(id="test", name="Test", sources=(source,))
    for item in READERS[kind].items(source, context_for(source, programme, PSEUDONYMS, None)):
        named = item if writer.is_replaced else Item(f"{folder.name}/{item.name}", item.path)
        done = load_item(warehouse, programme, source, named, pseudonyms=PSEUDONYMS, run_at=_RUN_AT)
        assert done.state == "loaded", done.problem
        assert set(done.reasons) <= set(writer.rejects)


def state(warehouse: Warehouse, without: dict[str, str] | None = None) -> State:
    """All rows of all records, but for what says which load brought them; ``without``: condition on rows to leave out, by table."""
    found: State = {}
    for (table,) in warehouse.rows(TABLES):
        if table.partition(".")[2] not in _LEDGER:
            # Of rows taken out, the oldest item that lacks them may not be the first that was loaded: noticed_at is that one's.
            names = [name for name in warehouse.columns(table) if name not in ("load_id", "seen_at", "noticed_at")]
            where = f"not coalesce({(without or {}).get(table, 'false')}, false)"
            found[table] = warehouse.rows(f"select {', '.join(names)} from {table} where {where} order by all")
    return {table: rows for table, rows in found.items() if rows}


@pytest.fixture(scope="module")
def shared() -> Iterator[Warehouse]:
    """One warehouse for all cases: making the tables takes longer than loading into them."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        # Statements on a handful of rows gain nothing by being shared out.
        warehouse.connection.execute("set threads = 1")
        yield warehouse


def after(warehouse: Warehouse, kind: str, writer: Writer, folders: Sequence[Path]) -> tuple[State, State]:
    """All rows when the exports were loaded in this order into an emptied warehouse, and those that one export of the end can know."""
    for (table,) in warehouse.rows(TABLES):
        warehouse.connection.execute(f"delete from {table}")
    for folder in folders:
        load(warehouse, kind, writer, folder)
    assert warehouse.value(f"select count(*) from raw.{writer.record}"), "an empty warehouse agrees with any other"
    present = {table: rows for table, rows in state(warehouse, writer.more).items() if table not in _HISTORY}
    return state(warehouse), present


def compare(warehouse: Warehouse, case: str, world: World, order: Sequence[int]) -> None:
    writer = WRITERS[case]
    kind = writer.kind or case
    with tempfile.TemporaryDirectory() as root:
        *daily, whole = [written(writer, world, export, Path(root) / str(number)) for number, export in enumerate([*DAILY, WHOLE])]
        everything, present = after(warehouse, kind, writer, [daily[number] for number in order])
        assert present == after(warehouse, kind, writer, [whole])[1]
        assert everything == after(warehouse, kind, writer, daily)[0]


@pytest.mark.parametrize("case", WRITERS)
def test_day_by_day_is_at_once(shared: Warehouse, case: str) -> None:
    compare(shared, case, EVENTFUL, (2, 0, 3, 1))


@pytest.mark.parametrize("case", WRITERS)
@given(world=worlds(), order=st.permutations(range(len(DAILY))))
@settings(max_examples=3, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_day_by_day_is_at_once_in_any_world(shared: Warehouse, case: str, world: World, order: list[int]) -> None:
    compare(shared, case, world, order)


def written(writer: Writer, world: World, export: Export, folder: Path) -> Path:
    folder.mkdir()
    writer.write(world, export, folder)
    return folder
