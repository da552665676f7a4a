"""The loader: once, whole or not at all, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest

from pipelines import loading
from pipelines.errors import BadFile, BadSource, SourceAway
from pipelines.loading import load_source, loads
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.sources.reading import Batch, Covers, Item, Rejected, Seen
from pipelines.warehouse import Warehouse

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYS = Pseudonyms(b"0123456789abcdef")
FIXTURES = Path(__file__).parents[2] / "fixtures"


def covering(hour: int) -> Covers:
    return Covers(None, datetime(2026, 11, 20, hour, tzinfo=UTC))


class Files:
    """A reader whose files hold what `say` yields for them."""

    kind, version = "files", 1

    def __init__(self, say: Callable[[Path], Iterator[object]]) -> None:
        self.say = say

    def items(self, source: Source, context: object) -> list[Item]:
        files = sorted(source.path.rglob("*.txt"))
        if not files:
            raise BadSource(f"{source.name}: nothing to read")
        return [Item(file.relative_to(source.path).as_posix(), file) for file in files]

    def read(self, source: Source, item: Item, context: object) -> Iterator[object]:
        yield from self.say(item.path)


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    return Programme(id="test", name="Test", folder=tmp_path, sources=(Source(name="chat", kind="files", path=Path()),))


@pytest.fixture
def load(warehouse: Warehouse, programme: Programme, monkeypatch: pytest.MonkeyPatch):
    def run(say: Callable[[Path], Iterator[object]]):
        monkeypatch.setitem(loading.READERS, "files", Files(say))
        return load_source(warehouse, programme, programme.sources[0], pseudonyms=KEYS, run_at=NOON)

    return run


def messages(*rows: tuple[str, str]) -> pa.Table:
    return pa.table(
        {
            "message_id": [row[0] for row in rows],
            "channel": ["chat"] * len(rows),
            "chat_id": ["telegram:chat:1"] * len(rows),
            "kind": ["post"] * len(rows),
            "text": [row[1] for row in rows],
        }
    )


def two_messages(path: Path) -> Iterator[object]:
    yield Seen("messages", 2)
    yield Batch("messages", messages(("m1", "Здравствуйте"), ("m2", "Подскажите")))
    yield covering(1)


def test_words_go_to_the_personal_half_and_nothing_else_does(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")
    [done] = load(two_messages)
    assert (done.state, done.kept) == ("loaded", {"messages": 2})
    assert warehouse.rows("select message_id, source from raw.messages order by 1") == [("m1", "chat"), ("m2", "chat")]
    assert warehouse.rows("select * from personal.messages order by 1") == [("m1", None, "Здравствуйте"), ("m2", None, "Подскажите")]
    assert "text" not in warehouse.columns("raw.messages")


def test_loading_twice_adds_nothing(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")
    load(two_messages)
    before = warehouse.rows("select * from raw.messages order by 1")
    [again] = load(two_messages)
    assert again.state == "unchanged"
    assert warehouse.rows("select * from raw.messages order by 1") == before
    assert warehouse.value("select count(*) from raw.loads") == 1


def test_a_file_never_loaded_is_read_while_its_fingerprint_is_taken(load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "day.txt").write_text("the day")
    has_begun = Event()
    take = loads._fingerprint

    def wait_and_take(files: list[tuple[str, Path, int]]) -> str:
        assert has_begun.wait(timeout=10)
        return take(files)

    def say(path: Path) -> Iterator[object]:
        has_begun.set()
        yield from two_messages(path)

    monkeypatch.setattr(loads, "_fingerprint", wait_and_take)
    assert load(say)[0].state == "loaded"
    has_begun.clear()
    monkeypatch.setattr(loads, "_fingerprint", take)
    assert load(say)[0].state == "unchanged"
    assert not has_begun.is_set(), "what was loaded is read only where its fingerprint is another"


def test_what_is_written_to_a_file_while_it_is_read_is_read_next_time(load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "day.txt"
    file.write_text("the day")
    has_grown = Event()
    take = loads._fingerprint

    def take_late(files: list[tuple[str, Path, int]]) -> str:
        assert has_grown.wait(timeout=10)
        return take(files)

    def say(path: Path) -> Iterator[object]:
        yield from two_messages(path)
        file.write_text("the day and the evening")
        has_grown.set()

    monkeypatch.setattr(loads, "_fingerprint", take_late)
    assert load(say)[0].state == "loaded"
    assert load(two_messages)[0].state == "loaded"
    assert load(two_messages)[0].state == "unchanged"


def test_a_changed_file_is_loaded_again(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")
    load(two_messages)
    (tmp_path / "a.txt").write_text("2")

    def edited(path: Path) -> Iterator[object]:
        yield Seen("messages", 1)
        yield Batch("messages", messages(("m2", "Подскажите, пожалуйста")))
        yield covering(2)

    [done] = load(edited)
    assert done.state == "loaded"
    assert warehouse.rows("select message_id, text from personal.messages order by 1") == [
        ("m1", "Здравствуйте"),
        ("m2", "Подскажите, пожалуйста"),
    ]


def test_an_older_export_never_overwrites_a_newer_one(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("new")
    (tmp_path / "b.txt").write_text("old")

    def versions(path: Path) -> Iterator[object]:
        new = path.name == "a.txt"
        yield Seen("messages", 1)
        yield Batch("messages", messages(("m1", "после правки" if new else "до правки")))
        yield covering(9 if new else 3)

    load(versions)
    assert warehouse.value("select text from personal.messages") == "после правки"


def test_a_row_confirmed_by_a_newer_export_is_not_overwritten_by_one_between(load, warehouse: Warehouse, tmp_path: Path) -> None:
    texts = {"a.txt": ("стоит", 3), "b.txt": ("стоит", 9), "c.txt": ("старое", 5)}
    for name in texts:
        (tmp_path / name).write_text(name)

    def versions(path: Path) -> Iterator[object]:
        text, hour = texts[path.name]
        yield Seen("messages", 1)
        yield Batch("messages", messages(("m1", text)))
        yield covering(hour)

    load(versions)
    assert warehouse.value("select text from personal.messages") == "стоит"


def test_rejected_rows_are_kept_with_place_and_reason(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")

    def partly(path: Path) -> Iterator[object]:
        yield Seen("messages", 3)
        yield Batch("messages", messages(("m1", "да")))
        yield Rejected("messages", "line 2", "no date")
        yield Rejected("messages", "line 3", "no date")
        yield covering(1)

    [done] = load(partly)
    assert done.reasons == {"no date": 2}
    assert warehouse.rows("select item, record, place, reason from raw.rejects order by place") == [
        ("a.txt", "messages", "line 2", "no date"),
        ("a.txt", "messages", "line 3", "no date"),
    ]
    assert warehouse.rows("select rows_seen, rows_kept, rows_rejected from raw.loads") == [(3, 1, 2)]


def test_a_reader_that_loses_a_row_is_refused_and_nothing_stays(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")

    def loses(path: Path) -> Iterator[object]:
        yield Seen("messages", 2)
        yield Batch("messages", messages(("m1", "да")))

    [done] = load(loses)
    assert done.state == "failed"
    assert "2 rows seen, but 1 kept and 0 rejected" in done.problem
    assert warehouse.value("select count(*) from raw.messages") == 0


def test_a_broken_copy_that_is_replaced_by_the_loaded_one_is_no_failure_any_more(load, warehouse: Warehouse, tmp_path: Path) -> None:
    """An export half-copied for one night, then copied whole: it is what was loaded before, and the lists called it unread for ever."""

    def reads(path: Path) -> Iterator[object]:
        if path.read_text() == "half":
            raise BadFile(path, place="byte 4", expected="more of the file", found="its end")
        yield from two_messages(path)

    for content, state, ledger in (
        ("whole", "loaded", {"loaded"}),
        ("half", "failed", {"failed", "loaded"}),
        ("whole", "unchanged", {"loaded"}),
    ):
        (tmp_path / "a.txt").write_text(content)
        [done] = load(reads)
        assert done.state == state
        assert {row for (row,) in warehouse.rows("select state from raw.loads")} == ledger


def test_of_files_of_one_name_the_broken_one_is_told_by_its_folder(load, warehouse: Warehouse, tmp_path: Path) -> None:
    """Every chat that Telegram exports is called result.json."""
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "result.txt").write_text(folder)

    def breaks(path: Path) -> Iterator[object]:
        yield Seen("messages", 1)
        if path.parent.name == "second":
            raise BadFile(path, place="byte 7", expected="the end of the list", found="the end of the file")
        yield Batch("messages", messages(("m1", "да")))
        yield covering(1)

    _, broken = load(breaks)
    assert broken.problem == "second/result.txt: byte 7: expected the end of the list; found the end of the file"


def test_a_file_that_breaks_in_the_middle_leaves_only_a_line_in_the_ledger(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("broken")
    (tmp_path / "b.txt").write_text("good")

    def breaks(path: Path) -> Iterator[object]:
        yield Seen("messages", 1)
        yield Batch("messages", messages((f"m-{path.stem}", "да")))
        if path.name == "a.txt":
            raise BadFile(path, place="byte 7", expected="the end of the list", found="the end of the file")
        yield covering(1)

    broken, good = load(breaks)
    assert (broken.state, good.state) == ("failed", "loaded")
    assert broken.problem == "a.txt: byte 7: expected the end of the list; found the end of the file"
    assert warehouse.rows("select message_id from raw.messages") == [("m-b",)]
    assert warehouse.rows("select item, state, rows_kept from raw.loads order by item") == [("a.txt", "failed", 0), ("b.txt", "loaded", 1)]


def test_a_mended_file_replaces_its_failure_in_the_ledger(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("broken")

    def breaks(path: Path) -> Iterator[object]:
        yield Seen("messages", 0)
        raise BadFile(path, place="byte 0", expected="JSON", found="nothing")

    load(breaks)
    (tmp_path / "a.txt").write_text("mended")
    load(two_messages)
    assert warehouse.rows("select state from raw.loads") == [("loaded",)]


def test_an_empty_folder_is_one_clear_failure(load, warehouse: Warehouse) -> None:
    [done] = load(two_messages)
    assert (done.state, done.problem, done.transient) == ("failed", "chat: nothing to read", False)
    assert warehouse.rows("select state, problem from raw.loads") == [("failed", "chat: nothing to read")]


def test_a_server_that_is_away_is_a_transient_failure(load, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")

    def away(path: Path) -> Iterator[object]:
        raise SourceAway("the database does not answer")
        yield

    [done] = load(away)
    assert (done.state, done.transient) == ("failed", True)


def test_a_column_outside_the_contract_is_refused_by_name(load, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")

    def stranger(path: Path) -> Iterator[object]:
        yield Seen("messages", 1)
        yield Batch("messages", messages(("m1", "да")).append_column("colour", pa.array(["red"])))

    [done] = load(stranger)
    assert done.state == "failed"
    assert "not declared: colour" in done.problem


def test_an_account_keeps_what_an_earlier_export_knew(load, warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "b.txt").write_text("2")

    def accounts(path: Path) -> Iterator[object]:
        first = path.name == "a.txt"
        yield Seen("accounts", 1)
        table = pa.table(
            {
                "account_id": ["a1"],
                "realm": ["mail"],
                "channel": ["mail"],
                "display_name": ["Анна" if first else None],
                "email": [None if first else "a@example.org"],
            },
            schema=pa.schema([(name, pa.string()) for name in ("account_id", "realm", "channel", "display_name", "email")]),
        )
        yield Batch("accounts", table)
        yield covering(1)

    load(accounts)
    assert warehouse.rows("select display_name, email from personal.accounts") == [("Анна", "a@example.org")]


def test_what_failed_and_is_there_no_more_is_no_failure(load, warehouse: Warehouse, tmp_path: Path) -> None:
    """A source that was away, then a broken file that was taken out: neither is told of for ever."""
    load(two_messages)
    assert warehouse.rows("select item, state from raw.loads") == [("", "failed")]
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "b.txt").write_text("broken")

    def second_is_broken(path: Path) -> Iterator[object]:
        if path.name == "b.txt":
            raise BadFile(path, place="byte 0", expected="more", found="nothing")
        yield from two_messages(path)

    load(second_is_broken)
    assert warehouse.rows("select item, state from raw.loads order by 1") == [("a.txt", "loaded"), ("b.txt", "failed")]
    (tmp_path / "b.txt").unlink()
    load(second_is_broken)
    assert warehouse.rows("select item, state from raw.loads") == [("a.txt", "loaded")]


def test_an_item_called_after_a_person_has_a_pseudonym_in_ledger_and_errors(
    warehouse: Warehouse, programme: Programme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Conversations(Files):
        items_name_people = True

    def say(path: Path) -> Iterator[object]:
        if path.read_text() == "broken":
            raise BadFile(path, place="line 1", expected="a chat", found="something else")
        yield from two_messages(path)

    monkeypatch.setitem(loading.READERS, "files", Conversations(say))
    for name, content in (("Чат с Ирина Полевая.txt", "whole"), ("irina.polevaya@example.org.txt", "broken")):
        (tmp_path / name).write_text(content)
    for _ in range(2):
        done = load_source(warehouse, programme, programme.sources[0], pseudonyms=KEYS, run_at=NOON)
    assert sorted(load.state for load in done) == ["failed", "unchanged"]
    told = str(done) + str(warehouse.rows("select * from raw.loads")) + str(warehouse.rows("select * from raw.rejects"))
    assert not any(name in told for name in ("Полевая", "polevaya", "Чат"))
    assert all(item.endswith(".txt") for (item,) in warehouse.rows("select item from raw.loads"))
    assert warehouse.rows("select name from personal.items order by 1") == [
        ("irina.polevaya@example.org.txt",),
        ("Чат с Ирина Полевая.txt",),
    ]
    # What was broken and is mended is loaded, and its failure forgotten.
    (tmp_path / "irina.polevaya@example.org.txt").write_text("whole")
    load_source(warehouse, programme, programme.sources[0], pseudonyms=KEYS, run_at=NOON)
    assert warehouse.rows("select distinct state from raw.loads") == [("loaded",)]


@pytest.mark.parametrize(
    ("kind", "record", "key"),
    [("zoom", "webinars", "webinar_id"), ("attendance_csv", "webinars", "webinar_id"), ("xapi", "grades", "grade_id")],
)
def test_what_a_reader_called_otherwise_before_is_gone_when_it_reads_anew(
    warehouse: Warehouse, tmp_path: Path, kind: str, record: str, key: str
) -> None:
    """A webinar under its earlier id stayed beside the new one, with nobody there; a grade counted twice."""
    source = Source(name="here", kind=kind, path=FIXTURES / kind)
    programme = Programme(id="test", name="Test", folder=tmp_path, sources=(source,))

    def read() -> list[tuple[object, ...]]:
        load_source(warehouse, programme, source, pseudonyms=KEYS, run_at=NOON)
        return warehouse.rows(f"select {key} from raw.{record} order by 1")

    found = read()
    assert found
    before = READERS[kind].new_ids[1] - 1
    warehouse.connection.execute("update raw.loads set load_id = 'old-' || load_id, reader_version = ? where state = 'loaded'", [before])
    warehouse.connection.execute(f"update raw.{record} set load_id = 'old-' || load_id")
    warehouse.connection.execute(f"insert into raw.{record} select * replace ('old-' || {key} as {key}) from raw.{record}")
    assert read() == found
