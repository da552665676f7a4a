"""The loader where an item, a reader or the machine misbehaves."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition

import pyarrow as pa
import pytest

from pipelines import loading
from pipelines.loading import Load, load_source, loads, staging
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.reading import Batch, Covers, Event, Item, Rejected, Seen, Whole
from pipelines.warehouse import Warehouse

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = Pseudonyms(b"0123456789abcdef")

Say = Iterable[Event] | Callable[[], Iterator[Event]]
Run = Callable[..., list[Load]]


def at(hour: int) -> datetime:
    return datetime(2026, 11, 20, hour, tzinfo=UTC)


class Told:
    """A reader whose items hold what a test says."""

    kind = "files"

    def __init__(self, says: dict[str, Say], version: int) -> None:
        self.says, self.version = says, version

    def items(self, source: Source, context: object) -> list[Item]:
        return [Item(name, fingerprint=name) for name in self.says]

    def read(self, source: Source, item: Item, context: object) -> Iterator[Event]:
        say = self.says[item.name]
        yield from say() if callable(say) else say


def messages(text: str | None, until: datetime | None) -> list[Event]:
    table = pa.table(
        {
            "message_id": ["m"],
            "channel": ["chat"],
            "chat_id": ["telegram:chat:1"],
            "kind": ["post"],
            "sent_at": pa.array([at(1)], pa.timestamp("us", tz="UTC")),
            "text": pa.array([text], pa.string()),
        }
    )
    return [Seen("messages", 1), Batch("messages", table), Covers(None, until)]


def account(name: str | None, address: str | None) -> Batch:
    columns = {"account_id": ["p"], "realm": ["x"], "channel": ["chat"]}
    both = {"display_name": pa.array([name], pa.string()), "email": pa.array([address], pa.string())}
    return Batch("accounts", pa.table({**columns, **both}), counted=False)


@pytest.fixture
def run(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    names = ("one", "two")
    sources = tuple(Source(name=name, kind="files", path=Path()) for name in names)
    programme = Programme(id="test", name="Test", folder=tmp_path, sources=sources)

    def load(says: dict[str, Say], *, version: int = 1, source: str = "one") -> list[Load]:
        monkeypatch.setitem(loading.READERS, "files", Told(says, version))
        return load_source(warehouse, programme, programme.source(source), pseudonyms=KEYS, run_at=NOON)

    return load


def test_a_null_in_a_later_mention_takes_nothing_away_within_one_item(run: Run, warehouse: Warehouse) -> None:
    run({"a": [account("Анна", "anna@example.org"), account(None, None), Covers(None, at(2))]})
    assert warehouse.rows("select display_name, email from personal.accounts") == [("Анна", "anna@example.org")]
    run({"b": [account("Анна Б.", None), account(None, "new@example.org"), account(None, None), Covers(None, at(3))]})
    assert warehouse.rows("select display_name, email from personal.accounts") == [("Анна Б.", "new@example.org")]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_an_item_without_a_time_fills_in_what_is_not_known_in_either_order(run: Run, warehouse: Warehouse, order: str) -> None:
    says = {"a": [account("Old", "anna@example.org"), Covers(None, None)], "b": [account("Анна", None), Covers(None, at(3))]}
    for name in order:
        run({name: says[name]})
    assert warehouse.rows("select display_name, email from personal.accounts") == [("Анна", "anna@example.org")]


def test_a_row_of_no_time_that_a_dated_item_confirms_is_not_overwritten_by_an_older_one(run: Run, warehouse: Warehouse) -> None:
    run({"a": messages("new", None)})
    run({"b": messages("new", at(5))})
    run({"c": messages("old", at(3))})
    assert warehouse.value("select text from personal.messages") == "new"


def test_no_words_are_no_earlier_version_but_words_taken_away_are(run: Run, warehouse: Warehouse) -> None:
    run({"a": messages(None, at(2))})
    run({"b": messages("words", at(3))})
    assert not warehouse.rows("select * from personal.message_versions")
    run({"c": messages(None, at(4))})
    assert warehouse.rows("select text from personal.message_versions") == [("words",)]
    assert warehouse.value("select text from personal.messages") is None


def test_an_item_that_holds_nothing_of_a_whole_scope_empties_it(run: Run, warehouse: Warehouse) -> None:
    run({"a": messages("words", at(2))})
    run({"b": [Whole("messages", within=("chat_id", "telegram:chat:1")), Covers(None, at(3))]})
    assert warehouse.value("select deleted_at from raw.messages") == at(3)


def test_a_scope_that_newer_rules_do_not_call_whole_strikes_nothing_any_more(run: Run, warehouse: Warehouse) -> None:
    too_much: list[Event] = [Whole("messages", within=("chat_id", "telegram:chat:1")), Covers(None, at(3))]
    run({"a": messages("words", at(2)), "b": too_much})
    assert warehouse.value("select deleted_at from raw.messages") == at(3)
    run({"a": messages("words", at(2)), "b": [Covers(None, at(3))]}, version=2)
    assert warehouse.value("select deleted_at from raw.messages") is None


def test_what_one_source_lacks_another_still_has(run: Run, warehouse: Warehouse) -> None:
    whole = Whole("messages", within=("chat_id", "telegram:chat:1"))
    run({"a": messages("words", at(2))}, source="one")
    run({"b": [whole, Covers(None, at(3))]}, source="two")
    assert warehouse.value("select deleted_at from raw.messages") is None


def test_while_rows_are_written_the_reader_makes_as_many_again(run: Run, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its batches are a tenth of what is written at once: handed over one by one, each side would wait for the other."""
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 100)
    monkeypatch.setattr(loads, "_ROWS_AT_ONCE", 50)
    made: list[int] = []
    is_made = Condition()

    def many() -> Iterator[Event]:
        for number in range(30):
            with is_made:
                made.append(number)
                is_made.notify()
            said = {"message_id": [f"m{number} {row}" for row in range(10)], "channel": ["chat"] * 10, "chat_id": ["chat"] * 10}
            yield Batch("messages", pa.table(said | {"kind": ["post"] * 10}))
        yield Seen("messages", 300)

    real = staging.Stage._write
    whole_parcel_waits: list[bool] = []

    def write(self: staging.Stage, record: str, first: int = 0) -> None:
        written = 100 * (len(whole_parcel_waits) + 1)
        with is_made:
            whole_parcel_waits.append(is_made.wait_for(lambda: 10 * len(made) >= min(written + 100, 300), timeout=5))
        real(self, record, first)

    monkeypatch.setattr(staging.Stage, "_write", write)
    (done,) = run({"a": many})
    assert done.state == "loaded"
    assert whole_parcel_waits[:2] == [True, True]
    assert warehouse.value("select count(*) from raw.messages") == 300


def test_many_rejects_are_all_kept(run: Run, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "_REJECTS_AT_ONCE", 10)

    def say() -> Iterator[Event]:
        yield Seen("messages", 25)
        for line in range(25):
            yield Rejected("messages", f"line {line}", "bad")

    (done,) = run({"a": say})
    assert done.rejected == {"messages": 25}
    assert warehouse.value("select count(*) from raw.rejects") == 25
    assert not warehouse.rows("select table_name from duckdb_tables() where temporary")


def test_a_fault_of_a_reader_fails_its_item_alone_and_quotes_nothing(run: Run, warehouse: Warehouse) -> None:
    def broken() -> Iterator[Event]:
        yield from messages("words", at(2))
        raise ValueError("Иванова Анна")

    first, second = run({"a": broken, "b": messages("words", at(2))})
    assert (first.state, second.state) == ("failed", "loaded")
    assert "ValueError in test_failure_modes.py, line" in (first.problem or "")
    assert "Иванова" not in (first.problem or "")
    assert warehouse.rows("select distinct load.item from raw.messages inner join raw.loads as load using (load_id)") == [("b",)]


@pytest.mark.parametrize(
    "row", [{"channel": ["chat"], "kind": ["post"], "chars": [2**40]}, {"text": ["Иванова Анна"]}], ids=["too large", "left out"]
)
def test_values_that_a_table_does_not_take_fail_the_item_and_are_not_quoted(run: Run, warehouse: Warehouse, row: dict[str, list]) -> None:
    table = pa.table({"message_id": ["m"], "chat_id": ["telegram:chat:1"], **row})
    (done,) = run({"a": [Seen("messages", 1), Batch("messages", table)]})
    assert done.state == "failed"
    assert str(done.problem).startswith("raw.messages: ")
    assert not any(word in str(done.problem) for word in ("Иванова", str(2**40)))
    assert warehouse.value("select count(*) from raw.messages") == 0


@pytest.mark.parametrize("where", ["while reading", "while bringing in"])
def test_an_interrupted_load_leaves_nothing_and_is_made_up_for(
    run: Run, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def interrupted() -> Iterator[Event]:
        yield from messages("words", at(2))
        interrupt()

    with monkeypatch.context() as patched:
        if where == "while bringing in":
            patched.setattr(loads, "_note", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run({"a": interrupted if where == "while reading" else messages("words", at(2))})
    for table in ("raw.messages", "personal.messages", "raw.loads"):
        assert warehouse.value(f"select count(*) from {table}") == 0
    assert not warehouse.rows("select table_name from duckdb_tables() where temporary")
    (done,) = run({"a": messages("words", at(2))})
    assert done.state == "loaded"


@pytest.mark.parametrize("limit", [None, "24MB"])
def test_what_does_not_get_by_with_little_memory_is_loaded_with_more_or_fails_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None
) -> None:
    rows = 150_000
    many = pa.table(
        {
            "message_id": [f"message {number} of a chat" for number in range(rows)],
            "channel": pa.repeat(pa.scalar("chat"), rows),
            "chat_id": pa.repeat(pa.scalar("telegram:chat:1"), rows),
            "kind": pa.repeat(pa.scalar("post"), rows),
            "sent_at": pa.repeat(pa.scalar(at(1), pa.timestamp("us", tz="UTC")), rows),
        }
    )
    says: dict[str, Say] = {"a": [Seen("messages", rows), Batch("messages", many), Covers(None, at(2))]}
    monkeypatch.setitem(loading.READERS, "files", Told(says, 1))
    monkeypatch.setattr(loads, "_MEMORY", "24MB")
    monkeypatch.setattr(staging, "_ALWAYS_STAGED", {"messages"})
    source = Source(name="one", kind="files", path=Path())
    programme = Programme(id="test", name="Test", folder=tmp_path, sources=(source,))
    with Warehouse.open(tmp_path / "warehouse.duckdb", memory_limit=limit) as warehouse:
        warehouse.create_schemas()
        (done,) = load_source(warehouse, programme, source, pseudonyms=KEYS, run_at=NOON)
        assert done.state == ("failed" if limit else "loaded")
        assert warehouse.value("select count(*) from raw.messages") == (0 if limit else rows)
        assert not warehouse.rows("select table_name from duckdb_tables() where temporary")
    if limit:
        assert done.problem
        assert "MAYAK_MEMORY_LIMIT" in done.problem


@pytest.mark.slow
def test_a_process_killed_before_the_end_leaves_nothing_behind(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from pipelines import loading
        from pipelines.loading import loads
        from pipelines.programme import Programme, Source
        from pipelines.warehouse import Warehouse
        from tests.unit.loading.test_failure_modes import KEYS, NOON, Told, at, messages

        loading.READERS["files"] = Told({"a": messages("words", at(2))}, 1)
        if sys.argv[2] == "die":
            loads._note = lambda *_: os._exit(9)
        programme = Programme(id="test", name="Test", folder=Path(), sources=(Source(name="one", kind="files", path=Path()),))
        with Warehouse.open(Path(sys.argv[1])) as warehouse:
            warehouse.create_schemas()
            loading.load_source(warehouse, programme, programme.sources[0], pseudonyms=KEYS, run_at=NOON)
        """
    )
    path = tmp_path / "warehouse.duckdb"
    root = Path(__file__).parents[3]
    for how, code, count in (("die", 9, 0), ("live", 0, 1)):
        done = subprocess.run([sys.executable, "-c", program, str(path), how], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
        assert done.returncode == code
        with Warehouse.open(path, read_only=True) as warehouse:
            assert warehouse.value("select count(*) from raw.messages") == count
            assert warehouse.value("select count(*) from raw.loads") == count
