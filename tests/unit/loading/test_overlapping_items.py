"""Items that overlap, edit and drop rows: whatever order they come in, the same rows stand at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import loading
from pipelines.loading import Load, load_item
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.reading import Batch, Covers, Item, Seen, Whole
from pipelines.warehouse import Warehouse

START = datetime(2026, 11, 1, tzinfo=UTC)
SOURCE = Source(name="chat", kind="exports")
PROGRAMME = Programme(id="test", name="Test", sources=(SOURCE,))
KEYS = Pseudonyms(b"0123456789abcdef")


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


class Message(NamedTuple):
    """Sent in its hour, written anew in others, taken away in one."""

    number: int
    sent: int
    edits: tuple[int, ...]
    deleted: int | None


class Export(NamedTuple):
    """What stood in the hours from `since` until `made`."""

    since: int
    made: int


class Exports:
    """A reader of exports that stand in memory."""

    kind, version = "exports", 1

    def __init__(self, world: list[Message]) -> None:
        self.world = world

    def read(self, source: Source, item: Item, context: object) -> Iterator[object]:
        since, made = (int(part) for part in item.name.split("-"))
        standing = [m for m in self.world if since <= m.sent <= made and (m.deleted is None or m.deleted > made)]
        yield Seen("messages", len(standing))
        if standing:
            yield Batch("messages", table([(m, [edit for edit in m.edits if m.sent < edit <= made]) for m in standing]))
            # The last message may be the last that was not taken away.
            yield Whole("messages", ("chat_id", "chat"), hour(standing[0].sent), hour(standing[-1].sent))
        yield Covers(None, hour(made))


def table(rows: list[tuple[Message, list[int]]]) -> pa.Table:
    return pa.table(
        {
            "message_id": [str(m.number) for m, _ in rows],
            "channel": ["chat"] * len(rows),
            "chat_id": ["chat"] * len(rows),
            "kind": ["post"] * len(rows),
            "sent_at": pa.array([hour(m.sent) for m, _ in rows], pa.timestamp("us", tz="UTC")),
            "edited_at": pa.array([hour(edits[-1]) if edits else None for _, edits in rows], pa.timestamp("us", tz="UTC")),
            "text": [f"{m.number} {edits[-1] if edits else 'first'}" for m, edits in rows],
        }
    )


def load(warehouse: Warehouse, reader: object, *names: str) -> list[Load]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(loading.READERS, "exports", reader)
        return [load_item(warehouse, PROGRAMME, SOURCE, Item(name, fingerprint=name), pseudonyms=KEYS, run_at=hour(0)) for name in names]


@pytest.fixture(scope="module")
def emptied() -> Iterator[Callable[[], Warehouse]]:
    """Gives one warehouse again and again, emptied: making one takes longer than what is tried in it."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()

        def empty() -> Warehouse:
            for schema, table in warehouse.rows(
                "select schema_name, table_name from duckdb_tables() where estimated_size > 0 and not temporary"
            ):
                warehouse.connection.execute(f"delete from {schema}.{table}")
            return warehouse

        yield empty


def rows_after(warehouse: Warehouse, world: list[Message], exports: list[Export]) -> list[object]:
    assert all(one.state == "loaded" for one in load(warehouse, Exports(world), *(f"{e.since}-{e.made}" for e in exports)))
    return [
        warehouse.rows(f"select {columns} from {table} order by all")
        for table, columns in (
            ("raw.messages", "* exclude (load_id)"),
            ("personal.messages", "*"),
            ("raw.message_versions", "* exclude (load_id, seen_at)"),
            ("personal.message_versions", "*"),
        )
    ]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Message], list[Export], list[Export]]:
    world = []
    for number in range(draw(st.integers(1, 5))):
        edits = tuple(sorted(draw(st.sets(st.integers(number + 1, 12), max_size=2))))
        world.append(Message(number, number, edits, draw(st.none() | st.integers(number + 1, 12))))
    # Two exports are never of one moment: which of them is the newer could not be told.
    made = draw(st.lists(st.integers(0, 12), min_size=1, max_size=5, unique=True))
    exports = [Export(draw(st.integers(0, min(3, moment))), moment) for moment in made]
    return world, sorted(exports, key=lambda export: export.made), draw(st.permutations(exports))


Case = tuple[list[Message], list[Export], list[Export]]


@given(case=worlds())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_exports_does_not_matter(case: Case, emptied: Callable[[], Warehouse]) -> None:
    world, in_order, in_any_order = case
    assert rows_after(emptied(), world, in_any_order) == rows_after(emptied(), world, in_order)


@pytest.mark.slow
@given(case=worlds())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_exports_does_not_matter_in_many_worlds(case: Case, emptied: Callable[[], Warehouse]) -> None:
    world, in_order, in_any_order = case
    assert rows_after(emptied(), world, in_any_order) == rows_after(emptied(), world, in_order)


def test_a_message_that_a_newer_export_lacks_was_taken_away(emptied: Callable[[], Warehouse]) -> None:
    world = [Message(0, 0, (), None), Message(1, 1, (), 3), Message(2, 2, (), None)]
    messages, *_ = rows_after(emptied(), world, [Export(0, 2), Export(0, 4)])
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Exports(world), "0-2", "0-4")
        assert warehouse.rows("select message_id, deleted_at from raw.messages order by 1") == [("0", None), ("1", hour(4)), ("2", None)]
    assert len(messages) == 3


def test_what_lies_outside_the_span_of_an_export_has_not_vanished(emptied: Callable[[], Warehouse]) -> None:
    world = [Message(0, 0, (), None), Message(1, 1, (), None), Message(2, 2, (), None)]
    messages, *_ = rows_after(emptied(), world, [Export(0, 2), Export(1, 4)])
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Exports(world), "0-2", "1-4")
        assert not warehouse.value("select count(*) from raw.messages where deleted_at is not null")
    assert len(messages) == 3


def test_edits_are_kept_as_earlier_versions() -> None:
    world = [Message(0, 0, (2, 4), None)]
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Exports(world), "0-5", "0-1", "0-3")
        assert warehouse.rows("select text from personal.messages") == [("0 4",)]
        assert warehouse.rows("select written_at, text from personal.message_versions order by 1") == [
            (hour(0), "0 first"),
            (hour(2), "0 2"),
        ]


class Grades:
    """A reader whose item is named after the grades that stand in it, and after the hour."""

    kind, version = "exports", 1

    def __init__(self, by_keys: bool = False, record: str = "grades", within: tuple[str, str] | None = None) -> None:
        self.by_keys, self.record, self.within = by_keys, record, within

    def read(self, source: Source, item: Item, context: object) -> Iterator[object]:
        made, _, names = item.name.partition(":")
        ids = [name for name in names.split(",") if name]
        changed = [name for name in ids if name.endswith("!")] if self.by_keys else ids
        yield Seen("grades", len(changed))
        yield Batch("grades", pa.table({"grade_id": pa.array(changed, pa.string()), "record": ["marking"] * len(changed)}))
        yield Whole(self.record, self.within, keys=pa.array(ids) if self.by_keys else None)
        yield Covers(None, hour(int(made)))


def test_rows_without_a_column_for_it_are_taken_out_and_noted() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Grades(), "1:a,b", "2:b")
        assert warehouse.rows("select grade_id from raw.grades") == [("b",)]
        assert warehouse.rows("select * from personal.grades") == [("b", None)]
        assert warehouse.rows("select record, key, noticed_at from raw.vanished") == [("grades", "a", hour(2))]
        load(warehouse, Grades(), "3:a,b")
        assert warehouse.rows("select grade_id from raw.grades order by 1") == [("a",), ("b",)]
        assert not warehouse.value("select count(*) from raw.vanished")


def test_an_older_item_does_not_bring_back_what_has_vanished() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Grades(), "2:b", "1:a,b")
        assert warehouse.rows("select grade_id from raw.grades") == [("b",)]
        assert warehouse.rows("select key from raw.vanished") == [("a",)]


def test_a_reader_with_a_cursor_lists_the_keys_that_stand() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Grades(by_keys=True), "1:a!,b!,c!", "2:a!,b!")
        assert warehouse.rows("select grade_id from raw.grades order by 1") == [("a!",), ("b!",)]


def test_keys_may_be_those_of_a_part() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Grades(), "1:a,b")
        load(warehouse, Grades(by_keys=True, within=("record", "history")), "2:a!")
        assert warehouse.rows("select grade_id from raw.grades order by 1") == [("a",), ("a!",), ("b",)]
        load(warehouse, Grades(by_keys=True, within=("record", "marking")), "3:a!")
        assert warehouse.rows("select grade_id from raw.grades order by 1") == [("a!",)]


def test_rows_of_a_log_never_vanish() -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        [done] = load(warehouse, Grades(record="activity"), "1:a")
        assert done.state == "failed"
        assert "log" in (done.problem or "")
        assert not warehouse.value("select count(*) from raw.grades")


class Log:
    """A reader whose item is named after the hours of the log that it holds; `shift` is how wrong its clock was."""

    kind = "exports"

    def __init__(self, version: int = 1, shift: int = 0) -> None:
        self.version, self.shift = version, shift

    def read(self, source: Source, item: Item, context: object) -> Iterator[object]:
        first, last = (int(part) for part in item.name.split("-"))
        hours = range(first, last + 1)
        yield Seen("activity", len(hours))
        yield Batch(
            "activity",
            pa.table(
                {
                    "activity_id": [f"log {number}" for number in hours],
                    "occurred_at": pa.array([hour(number + self.shift) for number in hours], pa.timestamp("us", tz="UTC")),
                    "action": ["viewed"] * len(hours),
                    "event": ["seen"] * len(hours),
                    "is_impersonated": [False] * len(hours),
                    "is_anonymous": [False] * len(hours),
                }
            ),
        )
        yield Covers(None, hour(last))


@pytest.mark.parametrize("other", [Log(), Log(shift=26), Log(version=2, shift=500)], ids=["same", "another zone", "other rules"])
def test_a_log_row_stands_once(other: Log) -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, Log(), "0-200", "100-300")
        assert all(one.state == "loaded" for one in load(warehouse, other, "50-350"))
        assert warehouse.rows("select count(*), count(distinct activity_id) from raw.activity") == [(351, 351)]
        assert warehouse.value("select occurred_at from raw.activity where activity_id = 'log 60'") == hour(60 + other.shift)


class People:
    """A reader whose item is named after the hour, the name and the language that it knows of one account."""

    kind, version = "exports", 1

    def read(self, source: Source, item: Item, context: object) -> Iterator[object]:
        made, name, lang = item.name.split("-")
        yield Seen("accounts", 1)
        row = {"account_id": ["a"], "realm": ["r"], "channel": ["chat"], "last_name": pa.array([name or None], pa.string())}
        yield Batch("accounts", pa.table({**row, "lang": pa.array([lang or None], pa.string())}))
        yield Covers(None, hour(int(made)))


@pytest.mark.parametrize("names", [("1-Старая-ru", "2--en"), ("2--en", "1-Старая-ru")], ids=["in order", "backwards"])
def test_what_only_an_older_item_tells_of_a_person_is_kept(names: tuple[str, str]) -> None:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load(warehouse, People(), *names)
        assert warehouse.rows("select lang, last_name from raw.accounts inner join personal.accounts using (account_id)") == [
            ("en", "Старая")
        ]
