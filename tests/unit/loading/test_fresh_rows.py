"""A large item is written straight into its tables: the same rows stand there as if it had been staged, and a failure leaves none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import loading
from pipelines.loading import Load, load_item, staging
from pipelines.loading.fresh_rows import FreshRows
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.reading import Batch, Covers, Event, Item, Seen
from pipelines.warehouse import Warehouse

START = datetime(2026, 11, 1, tzinfo=UTC)
SOURCE = Source(name="lms", kind="logs")
PROGRAMME = Programme(id="test", name="Test", sources=(SOURCE,))
KEYS = Pseudonyms(b"0123456789abcdef")
#: Record → what stands in its tables, and what its rows have left elsewhere, but for the load that brought it.
ROWS = {
    "activity": ("select * exclude (load_id) from raw.activity order by all",),
    "messages": (
        "select * exclude (load_id) from raw.messages order by all",
        "select * from personal.messages order by all",
        "select * exclude (load_id) from raw.message_versions order by all",
        "select * from personal.message_versions order by all",
    ),
}


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def batch(*hours: int, action: str = "viewed") -> Batch:
    """One row an hour, called after it."""
    count = len(hours)
    table = pa.table(
        {
            "activity_id": [f"log {hour}" for hour in hours],
            "occurred_at": pa.array([at(hour) for hour in hours], pa.timestamp("us", tz="UTC")),
            "action": [action] * count,
            "event": ["viewed"] * count,
            "is_impersonated": [False] * count,
            "is_anonymous": [False] * count,
        }
    )
    return Batch("activity", table)


def talk(*hours: int, action: str = "viewed") -> Batch:
    """One message an hour, called after it, with words."""
    count = len(hours)
    table = pa.table(
        {
            "message_id": [f"message {hour}" for hour in hours],
            "channel": ["chat"] * count,
            "chat_id": ["chat"] * count,
            "sent_at": pa.array([at(hour) for hour in hours], pa.timestamp("us", tz="UTC")),
            "kind": ["post"] * count,
            "text": [f"{action} at {hour}" for hour in hours],
        }
    )
    return Batch("messages", table)


class Logs:
    """A reader of what stands in memory."""

    kind, new_ids = "logs", (("activity",), 2)

    def __init__(self, says: dict[str, list[Event]], version: int = 1) -> None:
        self.says, self.version = says, version

    def read(self, source: Source, item: Item, context: object) -> Iterator[Event]:
        for event in self.says[item.name]:
            if isinstance(event, Batch):
                yield Seen(event.record, event.table.num_rows)
            yield event


Run = Callable[[Warehouse, dict[str, list[Event]]], list[Load]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def load(warehouse: Warehouse, says: dict[str, list[Event]]) -> list[Load]:
        monkeypatch.setitem(loading.READERS, "logs", Logs(says))  # type: ignore[arg-type]
        items = [Item(name, fingerprint=name) for name in says]
        return [load_item(warehouse, PROGRAMME, SOURCE, item, pseudonyms=KEYS, run_at=START) for item in items]

    return load


@pytest.fixture
def straight(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every batch counts as large; rows written straight, write by write."""
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 1)
    written: list[int] = []
    real = FreshRows.write

    def write(self: FreshRows, rows: pa.Table) -> None:
        written.append(rows.num_rows)
        real(self, rows)

    monkeypatch.setattr(FreshRows, "write", write)
    return written


def empty() -> Warehouse:
    warehouse = Warehouse.open(None)
    warehouse.create_schemas()
    return warehouse


def stories(batch: Callable[..., Batch]) -> dict[str, tuple[dict[str, list[Event]], list[int]]]:
    """Items → what they hold, and how many rows are written straight into the table, be it for nothing."""
    return {
        "all new": ({"a": [batch(3, 2), batch(1), Covers(at(1), at(3))]}, [2, 1]),
        "told from the start": ({"a": [Covers(None, at(3)), batch(3, 2), batch(1), Covers(at(1), at(3))]}, [2, 1]),
        "the next item's are new too": ({"a": [batch(1, 2), Covers(at(1), at(2))], "b": [batch(3, 4), Covers(at(3), at(4))]}, [2, 2]),
        "the first are known": (
            {"a": [batch(1, 2), Covers(at(1), at(2))], "b": [batch(2, 3, action="posted"), batch(4), Covers(at(2), at(4))]},
            [2],
        ),
        "the last are known": (
            {"a": [batch(1, 2), Covers(at(1), at(2))], "b": [batch(4, 3), batch(2, 1, action="posted"), Covers(at(1), at(4))]},
            [2, 2, 2],
        ),
        "known from a newer item": (
            {"a": [batch(2, 1), Covers(at(1), at(9))], "b": [batch(4, 3), batch(2, action="posted"), Covers(at(1), at(4))]},
            [2, 2, 1],
        ),
        "a key that stands twice": ({"a": [batch(1, 2), batch(2, 3, action="posted"), Covers(at(1), at(3))]}, [2, 2]),
        "a key that stands twice among the first": ({"a": [batch(1, 2, 1), batch(3), Covers(at(1), at(3))]}, []),
        "without a time of which it speaks": ({"a": [batch(1, 2)], "b": [batch(3), batch(2, action="posted")]}, [2, 1, 1]),
    }


@pytest.mark.parametrize("record", ROWS)
@pytest.mark.parametrize("story", stories(batch))
def test_the_same_rows_stand_there_as_if_they_had_been_staged(
    run: Run, straight: list[int], monkeypatch: pytest.MonkeyPatch, story: str, record: str
) -> None:
    says, written = stories(batch if record == "activity" else talk)[story]
    with empty() as warehouse, empty() as other:
        done = run(warehouse, says)
        assert [one.state for one in done] == ["loaded"] * len(says)
        assert straight == written
        monkeypatch.setattr(staging, "_ALWAYS_STAGED", set(ROWS))
        run(other, says)
        assert straight == written
        for rows in (*ROWS[record], "select * from raw.load_counts order by all"):
            assert warehouse.rows(rows) == other.rows(rows)
        assert not warehouse.rows("select table_name from duckdb_tables() where temporary")


@pytest.mark.parametrize("fault", ["breaks off", "loses rows", "a value no column takes", "a key that is missing"])
def test_a_failure_after_rows_were_written_leaves_none_and_the_next_load_makes_up_for_it(run: Run, straight: list[int], fault: str) -> None:
    second = batch(3)
    spoilt: dict[str, list[Event]] = {
        "breaks off": [Batch("unknown", second.table)],
        "loses rows": [Seen("activity", 1)],
        "a value no column takes": [Batch("activity", second.table.append_column("times", pa.array([2**40])))],
        "a key that is missing": [Batch("activity", second.table.set_column(0, "activity_id", pa.nulls(1, pa.string())))],
    }
    with empty() as warehouse:
        (done,) = run(warehouse, {"a": [batch(1, 2), *spoilt[fault], Covers(at(1), at(3))]})
        assert done.state == "failed"
        assert straight[0] == 2
        assert warehouse.value("select count(*) from raw.activity") == 0
        (done,) = run(warehouse, {"a": [batch(1, 2), second, Covers(at(1), at(3))]})
        assert done.state == "loaded"
        assert warehouse.value("select count(*) from raw.activity") == 3


def test_a_small_item_is_not_written_straight(run: Run, straight: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 10)
    with empty() as warehouse:
        run(warehouse, {"a": [batch(1, 2), Covers(at(1), at(2))]})
        assert straight == []
        assert warehouse.value("select count(*) from raw.activity") == 2


def test_words_of_rows_that_are_taken_back_stay_with_their_messages(run: Run, straight: list[int]) -> None:
    """What stood there before has no place among the rows that are moved."""
    says: dict[str, list[Event]] = {
        "a": [talk(1, 2), Covers(at(1), at(2))],
        "b": [talk(5, 4), talk(2, 3, action="edited"), Covers(at(1), at(5))],
    }
    with empty() as warehouse:
        run(warehouse, says)
        assert straight == [2, 2, 2]
        words = warehouse.rows("select message_id, text from personal.messages order by 1")
    assert words == [(f"message {hour}", f"{'edited' if hour in (2, 3) else 'viewed'} at {hour}") for hour in range(1, 6)]


def test_rows_that_are_called_otherwise_since_take_the_place_of_the_old_ones(
    warehouse_of_two: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = batch(11, 12)
    monkeypatch.setitem(loading.READERS, "logs", Logs({"a": [renamed]}, version=2))  # type: ignore[arg-type]
    load_item(warehouse_of_two, PROGRAMME, SOURCE, Item("a", fingerprint="a"), pseudonyms=KEYS, run_at=START)
    assert warehouse_of_two.rows("select activity_id from raw.activity order by 1") == [("log 11",), ("log 12",), ("log 3",)]


@pytest.fixture
def warehouse_of_two(run: Run) -> Iterator[Warehouse]:
    with empty() as warehouse:
        run(warehouse, {"a": [batch(1, 2)], "b": [batch(3)]})
        yield warehouse


def test_the_engine_gets_its_threads_and_memory_back_and_keeps_the_operators_limit(tmp_path: Path) -> None:
    settings = "select current_setting('threads'), current_setting('memory_limit')"
    for limit, within in ((None, "122.0 MiB"), ("200MB", "190.7 MiB")):
        with Warehouse.open(tmp_path / f"{limit}.duckdb", memory_limit=limit) as warehouse:
            before = warehouse.rows(settings)
            with warehouse.narrowed(threads=1, memory="128MB"):
                assert warehouse.rows(settings) == [(1, within)]
            [(threads, memory)] = warehouse.rows(settings)
            # The engine tells its own limit rounded, and takes it back so.
            assert threads == before[0][0]
            assert memory == before[0][1] if limit else memory.endswith("GiB")
