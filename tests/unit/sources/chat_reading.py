"""What the tests of the readers of chat exports share: load files in an order and look at what the warehouse holds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.sources.reading import Context, Item, Reader, Whole
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS, Reading

RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)


@contextmanager
def loaded(kind: str, files: Sequence[Path]) -> Iterator[Warehouse]:
    """A warehouse with these items of one source, loaded in this order."""
    source = Source(name="chat", kind=kind, path=FIXTURES / kind)
    programme = Programme(id="p", name="p", folder=FIXTURES, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for number, file in enumerate(files):
            item = Item(f"{number}/{file.name}" if files.index(file) != number else file.name, file)
            load = load_item(warehouse, programme, source, item, pseudonyms=PSEUDONYMS, run_at=RUN_AT)
            assert load.state == "loaded", load.problem
        yield warehouse


def state(warehouse: Warehouse) -> dict[str, list[tuple]]:
    """Everything that must not depend on the order of loading: all rows without what says which load brought them."""
    rows = {}
    for schema, record in (
        ("raw", "messages"), ("personal", "messages"), ("raw", "chats"), ("personal", "chats"), ("raw", "accounts"), ("personal", "accounts"),
        ("raw", "addressees"), ("raw", "message_versions"), ("personal", "message_versions"),
    ):  # fmt: skip
        names = ", ".join(name for name in warehouse.columns(f"{schema}.{record}") if name != "load_id")
        rows[f"{schema}.{record}"] = sorted(warehouse.rows(f"select {names} from {schema}.{record}"), key=str)
    return rows


def texts(warehouse: Warehouse, where: str = "true") -> list[str]:
    """Words of the messages that fulfil a condition, by time."""
    found = warehouse.rows(
        f"select text from raw.messages join personal.messages using (message_id) where {where} order by sent_at, message_id"
    )
    return [text for (text,) in found]


def packed(path: Path, files: Mapping[str, str | bytes]) -> Path:
    """A ZIP of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refused(reader: Reader, path: Path) -> str:
    """What the reader says when it refuses the file."""
    with pytest.raises(BadFile) as error:
        Reading(reader, path)
    return str(error.value)


def wholes(reading: Reading) -> list[Whole]:
    """The scopes that the reader holds whole."""
    return [event for event in reading.events if isinstance(event, Whole)]


def names_of(reader: Reader, folder: Path) -> list[str]:
    """Names of the items below a folder."""
    return [item.name for item in reader.items(Source(name="chat", kind=reader.kind, path=folder), context())]


def context() -> Context:
    """The readers' context in these tests."""
    return CONTEXT
