"""Overlapping exports loaded into a real warehouse in every order: what stands there at the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipelines import loading
from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.sources.reading import Item, Reader
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import PSEUDONYMS

_RUN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def rows_after(reader: Reader, paths: Sequence[Path], query: str, **source: object) -> list[tuple]:
    """Load the files in this order through the loader; the rows of a query that names its columns and orders them."""
    one = Source(name="report", kind=reader.kind, **source)
    programme = Programme(id="test", name="Test", sources=(one,))
    known = loading.READERS.get(reader.kind)
    loading.READERS[reader.kind] = reader
    try:
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            for path in paths:
                load = load_item(warehouse, programme, one, Item(path.name, path), pseudonyms=PSEUDONYMS, run_at=_RUN_AT)
                assert load.state == "loaded", load.problem
            return warehouse.rows(query)
    finally:
        if known is None:
            del loading.READERS[reader.kind]
        else:
            loading.READERS[reader.kind] = known


STAYS = "select attendance_id, webinar_id, account_id, joined_at, left_at, minutes from raw.attendance order by 1"
