"""A large log is read as it begins, and read anew where it does not go on so: the tables are those of whoever looks through it first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.loading import Load, load_item
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.formats import delimited
from pipelines.sources.lms.moodle_logs import MoodleLogsReader
from pipelines.sources.reading import Context, Event, Item
from pipelines.warehouse import Warehouse

HEADER = "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address"
VIEW = "The user with id '7' viewed the course with id '{course}'."
PAGE = "The user with id '7' viewed the 'page' activity with course module id '9'."
TABLES = ("raw.activity", "raw.courses", "raw.tasks", "raw.accounts", "personal.accounts", "raw.rejects", "raw.load_counts")


def row(minute: int, description: str) -> str:
    context = "Course: Invented" if "course with" in description else "Page: Read me"
    return f'"22/11/26, 12:{minute:02d}:00",Ирина Полевая,-,{context},System,Seen,"{description}",web,10.0.0.1'


def log(*later: str, first: str = VIEW.format(course=2)) -> bytes:
    """A log that begins with 30 rows of one course, and goes on with others."""
    rows = [first] + [PAGE] * 29 + list(later)
    return "\r\n".join([HEADER, *(row(minute, said) for minute, said in enumerate(rows)), ""]).encode()


LOGS: dict[str, tuple[bytes, int]] = {
    "goes on as it begins": (log(PAGE, VIEW.format(course=2)), 1),
    "speaks of another course": (log(VIEW.format(course=3), PAGE), 2),
    "speaks of the front page": (log(VIEW.format(course=1), PAGE), 2),
    "a deed in another course": (log("The user with id '7' enrolled the user with id '8' in the course with id '3'."), 1),
    "names no course at its beginning": (log(VIEW.format(course=3), first=PAGE), 1),
    "is in a code page": (log(PAGE).replace("Полевая".encode(), b"Polevaya") + row(40, PAGE).encode("cp1251") + b"\r\n", 2),
    "has one odd byte": (log(PAGE).replace(b"10.0.0.1\r\n", b"10.0.0.1\xff\r\n", 31).replace(b"10.0.0.1\xff\r\n", b"10.0.0.1\r\n", 30), 2),
    "ends inside a quote": (log(PAGE) + b'"22/11/26', 1),
    "ends inside a quote, in a code page": (log(PAGE) + '"22/11/26 Полевая'.encode("cp1251"), 2),
}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Small blocks; whether each reading was a trusting one."""
    monkeypatch.setattr(delimited, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(delimited, "_BYTES_AT_ONCE", 2000)
    told: list[bool] = []
    real = MoodleLogsReader.read

    def read(self: MoodleLogsReader, source: Source, item: Item, context: Context) -> Iterator[Event]:
        told.append(context.trusting)
        return real(self, source, item, context)

    monkeypatch.setattr(MoodleLogsReader, "read", read)
    return told


def loaded(path: Path) -> tuple[Load, list[list[tuple[object, ...]]]]:
    source = Source(name="log", kind="moodle_logs", path=path)
    programme = Programme(id="school", name="Invented", sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        run_at = datetime(2026, 11, 23, tzinfo=UTC)
        done = load_item(warehouse, programme, source, Item(path.name, path), pseudonyms=Pseudonyms(b"tests only"), run_at=run_at)
        return done, [warehouse.rows(f"select * from {table} order by all") for table in TABLES]


@pytest.mark.parametrize("name", LOGS)
def test_a_trusted_log_is_loaded_as_one_that_was_looked_through(
    name: str, reads: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, times = LOGS[name]
    path = tmp_path / "logs.csv"
    path.write_bytes(content)
    expected = loaded(path)
    monkeypatch.setattr(delimited, "WORTH_TRUSTING", 1)
    reads.clear()
    assert loaded(path) == expected
    assert reads == [True, False][:times]
    assert expected[0].state == ("failed" if "quote" in name else "loaded")


def test_a_trusted_log_is_not_looked_through(reads: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logs.csv"
    path.write_bytes(LOGS["goes on as it begins"][0])
    monkeypatch.setattr(delimited, "WORTH_TRUSTING", 1)
    for pass_over_all in ("_watching", "_find_code_page"):
        monkeypatch.setattr(delimited.DelimitedFile, pass_over_all, lambda *_: pytest.fail("looked through"))
    assert loaded(path)[0].state == "loaded"
