"""Bad input, source by source: one clear error each, nothing half-loaded, everything else loaded, and healed once it is mended."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse
from tests.unit.sources.moodle_fixture import T0, make_moodle

#: Long: part of the slower checks.
pytestmark = pytest.mark.slow

PSEUDONYMS = Pseudonyms(b"a key for tests only")
RUN_AT = datetime(2026, 11, 22, 20, tzinfo=UTC)
SOURCES = (
    Source(name="lms", kind="moodle_db"),
    Source(name="chat", kind="telegram", path=Path("chat")),
    Source(name="mail", kind="mailbox", path=Path("mail")),
    Source(name="log", kind="moodle_logs", path=Path("log"), realm="second"),
    Source(name="webinars", kind="zoom", path=Path("webinars")),
)
#: What people are called, where they write from and what they write, in the files below: none of it may stand in a message.
PRIVATE = ("Примеров", "Лидия", "Полев", "Ирина", "Луговая", "lida", "irina", "galya", "@", "КАНАРЕЙКА", "Канарейка", "secret")


def chat(number: int) -> bytes:
    messages = [
        {"id": id, "type": "message", "date": "2026-10-05T10:00:00", "date_unixtime": str(1791183600 + 60 * id), "from": "Лидия Примерова",
         "from_id": f"user{number}", "text": f"КАНАРЕЙКА {id}"}
        for id in range(1, 60)
    ]  # fmt: skip
    content = {"name": f"Пример-{number}", "type": "private_supergroup", "id": 700 + number, "messages": messages}
    return json.dumps(content, ensure_ascii=False).encode()


def mails(number: int) -> bytes:
    return b"".join(
        f"From lida@example.org Mon Oct  5 07:00:00 2026\nDate: Mon, 05 Oct 2026 10:00:{second:02} +0300\nFrom: Лидия Примерова <lida@example.org>\n"
        f"To: irina@example.org\nSubject: КАНАРЕЙКА?\nMessage-ID: <{number}.{second}@example.org>\n\nКАНАРЕЙКА\n\n".encode()
        for second in range(3)
    )


def log(number: int) -> bytes:
    lines = ['Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"'] + [
        f'"2{number}/11/26, 22:12:{second:02}","Ирина Полевая",-,"Course: Digital school",System,"Course viewed","The user with id \'5\' viewed the course with id \'2\'.",web,10.0.0.1'
        for second in range(40)
    ]
    return ("\ufeff" + "\n".join(lines) + "\n").encode()


def webinar(number: int) -> bytes:
    lines = [
        "Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants",
        f"856 7401 460{number},Course,09/0{number}/2026 05:00:00 PM,09/0{number}/2026 06:10:00 PM,irina@example.org,70,2",
        "",
        "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest",
        f"Галина Луговая,galya@example.org,09/0{number}/2026 05:02:00 PM,09/0{number}/2026 05:30:00 PM,28,Yes",
        f"Ирина Полевая,irina@example.org,09/0{number}/2026 05:03:00 PM,09/0{number}/2026 05:40:00 PM,37,No",
    ]
    return ("\n".join(lines) + "\n").encode()


@dataclass
class Inputs:
    """A folder with two whole files of every kind and a small Moodle, and a warehouse that reads it."""

    folder: Path
    warehouse: Warehouse
    url: str

    def load(self) -> dict[str, list[Load]]:
        programme = Programme(id="test", name="Test", folder=self.folder, sources=SOURCES)
        return {
            source.name: load_source(
                self.warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=self.url if source.name == "lms" else None
            )
            for source in SOURCES
        }

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that was read, table by table; which load a row came with does not count."""
        tables = self.warehouse.rows(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema in ('raw', 'personal') "
            "and table_name not in ('loads', 'load_counts', 'items') order by 1"
        )
        found = {}
        for (table,) in tables:
            columns = ", ".join(name for name in self.warehouse.columns(table) if name != "load_id")
            if rows := self.warehouse.rows(f"select {columns} from {table} order by all"):
                found[table] = rows
        return found

    def name_of(self, load: Any) -> str:
        """An item's own name; mailboxes have a pseudonym in the ledger."""
        named = "select name from personal.items where source = ? and item = ?"
        return str(self.warehouse.value(named, [load.source, load.item]) or load.item)

    def failures(self) -> list[tuple[Any, ...]]:
        return self.warehouse.rows("select source, item, problem from raw.loads where state = 'failed' order by 1, 2")


def make_inputs(folder: Path, warehouse: Warehouse) -> Inputs:
    for kind, ending, content in (("chat", "json", chat), ("mail", "mbox", mails), ("log", "csv", log), ("webinars", "csv", webinar)):
        for number in (1, 2):
            path = folder / kind / (f"{number}/result.json" if kind == "chat" else f"{number}.{ending}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content(number))
    url = make_moodle(folder / "moodle.db", {"user": [{"id": 5, "firstname": "Ирина", "lastname": "Полевая", "timecreated": T0}]})
    return Inputs(folder, warehouse, url)


def opened() -> Warehouse:
    return Warehouse.open(None)


@pytest.fixture
def inputs(tmp_path: Path) -> Iterator[Inputs]:
    with opened() as warehouse:
        warehouse.create_schemas()
        yield make_inputs(tmp_path / "inputs", warehouse)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    """What stands in the warehouse when nothing is wrong."""
    with opened() as warehouse:
        warehouse.create_schemas()
        made = make_inputs(tmp_path_factory.mktemp("whole"), warehouse)
        made.load()
        assert made.failures() == []
        return made.rows()


def without_column(content: bytes) -> bytes:
    return b"\n".join(re.sub(rb",Description|,\"The user[^\"]*\"", b"", line) for line in content.split(b"\n"))


@dataclass(frozen=True)
class Broken:
    """A file that is spoilt, and what the one error has to say."""

    source: str
    path: str
    spoil: Callable[[bytes], bytes]
    place: str
    expected: str
    found: str


BROKEN = {
    "truncated Telegram JSON": Broken(
        "chat", "chat/2/result.json", lambda content: content[:-300], r"byte \d+", r"[^;]+", "the end of the file"
    ),
    "half a packed mbox": Broken(
        "mail",
        "mail/2.mbox.gz",
        lambda content: gzip.compress(content, mtime=0)[:-20],
        r"byte \d+ \(unpacked\)",
        "more of the file",
        "a cut or damaged file",
    ),
    "no mbox": Broken("mail", "mail/2.mbox", lambda content: content[10:], "line 1", "a mailbox", "something else"),
    "log without a column": Broken("log", "log/2.csv", without_column, r"line 1 \(header\)", "'description'", "'Event name'"),
    "log cut in a row": Broken("log", "log/2.csv", lambda content: content[:-40], r"line \d+", "9 cells|a closing quote", "the end of the file|it was cut|cells"),
    "Zoom list cut off": Broken("webinars", "webinars/2.csv", lambda content: content[:-25], r"line \d+", "6 cells", "end of the file|it was cut"),
    "empty file": Broken("webinars", "webinars/2.csv", lambda content: b"", "byte 0", "a table with a header line", "an empty file"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_one_error_and_nothing_of_it_is_loaded(
    inputs: Inputs, whole: dict[str, list[tuple[Any, ...]]], tmp_path: Path, what: str
) -> None:
    broken = BROKEN[what]
    path = inputs.folder / broken.path
    good_path = path.with_name(path.name.removesuffix(".gz"))
    good = good_path.read_bytes()
    good_path.unlink()
    with opened() as other:
        # What stands there where the file never was.
        other.create_schemas()
        shutil.copytree(inputs.folder, tmp_path / "without")
        absent = Inputs(tmp_path / "without", other, inputs.url)
        absent.load()
        expected_rows = absent.rows()
    path.write_bytes(broken.spoil(good))

    loads = inputs.load()
    failed = [load for done in loads.values() for load in done if load.state == "failed"]
    assert [(load.source, inputs.name_of(load)) for load in failed] == [
        (broken.source, path.relative_to(inputs.folder / broken.source).as_posix())
    ]
    problem = failed[0].problem or ""
    # A mailbox is called after its owner: the error calls it as the ledger does.
    called = failed[0].item if broken.source == "mail" else path.name
    assert re.search(rf"{re.escape(called)}: {broken.place}: expected [^;]*({broken.expected})[^;]*; found .*({broken.found})", problem), (
        problem
    )
    assert [word for word in PRIVATE if word in problem] == []
    assert not failed[0].transient
    assert inputs.rows() == expected_rows
    assert all(load.state == "loaded" for done in loads.values() for load in done if load is not failed[0])
    assert inputs.failures() == [(broken.source, failed[0].item, problem)]

    # The same again: still one line, and nothing read twice.
    again = inputs.load()
    assert sorted(load.state for done in again.values() for load in done) == ["failed"] + ["unchanged"] * 8
    assert inputs.failures() == [(broken.source, failed[0].item, problem)]

    path.unlink()
    good_path.write_bytes(good)
    mended = inputs.load()
    assert [inputs.name_of(load) for done in mended.values() for load in done if load.state == "loaded"] == [
        good_path.relative_to(inputs.folder / broken.source).as_posix()
    ]
    assert inputs.failures() == []
    assert inputs.rows() == whole


def test_a_mail_that_is_still_being_written_is_rejected_alone_and_read_once_it_is_whole(
    inputs: Inputs, whole: dict[str, list[tuple[Any, ...]]]
) -> None:
    """A mailbox grows by appending: its last mail may be half there, and that is no fault of the mails before it."""
    path = inputs.folder / "mail" / "2.mbox"
    good = path.read_bytes()
    path.write_bytes(good[: good.rindex(b"To: irina")])
    (load,) = [load for load in inputs.load()["mail"] if inputs.name_of(load) == "2.mbox"]
    assert (load.state, load.seen["messages"], load.kept["messages"], load.rejected["messages"]) == ("loaded", 3, 2, 1)
    assert inputs.warehouse.rows("select item, record, place, reason from raw.rejects where source = 'mail'") == [
        (load.item, "messages", "mail 3", "header cut off or too long")
    ]
    path.write_bytes(good)
    (load,) = [load for load in inputs.load()["mail"] if inputs.name_of(load) == "2.mbox"]
    assert load.state == "loaded"
    rows = inputs.rows()
    # The first reading's reject stays with that reading's line in the ledger.
    assert {"raw.rejects": [row for row in rows.pop("raw.rejects") if "mail 3" not in row], **rows} == whole


@dataclass(frozen=True)
class Away:
    """A source that is not there as a whole: how it goes and comes back, and what the one error has to say."""

    source: str
    take: Callable[[Inputs], None]
    says: str
    transient: bool = False


def emptied(source: str) -> Callable[[Inputs], None]:
    def take(inputs: Inputs) -> None:
        (inputs.folder / source).rename(inputs.folder / f".{source}")
        (inputs.folder / source).mkdir()

    return take


def removed(source: str) -> Callable[[Inputs], None]:
    return lambda inputs: (inputs.folder / source).rename(inputs.folder / f".{source}") and None


def led_to(url: str) -> Callable[[Inputs], None]:
    def take(inputs: Inputs) -> None:
        inputs.url = url.format(folder=inputs.folder)

    return take


def no_moodle(inputs: Inputs) -> None:
    other = sqlite3.connect(inputs.folder / "other.db")
    other.execute("create table mdl_user (id)")
    other.commit()
    other.close()
    inputs.url = f"sqlite:///{inputs.folder / 'other.db'}"


AWAY = {
    **{f"empty folder: {name}": Away(name, emptied(name), rf"source {name}: .*no .*below .*{name}") for name in ("chat", "mail", "log", "webinars")},
    **{f"no folder: {name}": Away(name, removed(name), rf"source {name}: .*there is (no|nothing).*inputs/{name}") for name in ("chat", "mail", "log", "webinars")},
    # Port 1 of this machine refuses at once; libpq opens the socket itself, outside Python.
    "server that refuses": Away("lms", led_to("postgresql+psycopg://reader:secret@127.0.0.1:1/moodle?connect_timeout=3"), r"lms: .*127\.0\.0\.1:1", True),
    "database file that is not there": Away("lms", led_to("sqlite:///{folder}/nowhere/moodle.db"), r"lms: .*"),
    "database that is no Moodle": Away("lms", no_moodle, r"lms: .*no table mdl_"),
}  # fmt: skip


@pytest.mark.parametrize("what", AWAY)
def test_a_source_that_is_away_is_one_error_and_the_others_go_on(
    inputs: Inputs, whole: dict[str, list[tuple[Any, ...]]], what: str
) -> None:
    away = AWAY[what]
    url = inputs.url
    away.take(inputs)
    loads = inputs.load()
    (failed,) = loads[away.source]
    assert (failed.state, failed.item, failed.transient) == ("failed", "", away.transient)
    assert re.search(away.says, failed.problem or ""), failed.problem
    assert [word for word in PRIVATE if word in (failed.problem or "")] == []
    assert all(load.state == "loaded" for name, done in loads.items() if name != away.source for load in done)
    assert all(len(done) == (1 if name == "lms" else 2) for name, done in loads.items() if name != away.source)
    assert inputs.failures() == [(away.source, "", failed.problem)]
    assert inputs.warehouse.value("select count(*) from raw.accounts where source = ?", [away.source]) == 0
    inputs.load()
    assert inputs.failures() == [(away.source, "", failed.problem)]

    inputs.url = url
    hidden = inputs.folder / f".{away.source}"
    if hidden.exists():
        shutil.rmtree(inputs.folder / away.source, ignore_errors=True)
        hidden.rename(inputs.folder / away.source)
    mended = inputs.load()
    assert {name for name, done in mended.items() if any(load.state == "loaded" for load in done)} == {away.source}
    assert inputs.failures() == []
    assert inputs.rows() == whole
