"""Texts of files as events of the record ``file_texts``: what readers of Moodle's store and of downloaded assignments yield."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.sources.formats.file_texts.limits import LIMITS, WORKERS, Limits
from pipelines.sources.formats.file_texts.pool import Content, read_files
from pipelines.sources.formats.file_texts.results import FileText, Refused
from pipelines.sources.reading import Batch, Event, Rejected, Seen

RECORD = "file_texts"
#: Rows and characters of one batch: some tens of megabytes, whichever comes first.
_BATCH_ROWS, _BATCH_CHARACTERS = 5_000, 10_000_000

_MOMENT = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        ("content_hash", pa.string()), ("format", pa.string()), ("state", pa.string()), ("pages", pa.int32()), ("chars", pa.int32()),
        ("words", pa.int32()), ("hidden_chars", pa.int32()), ("created_at", _MOMENT), ("modified_at", _MOMENT), ("revision", pa.int32()),
        ("revision_ids", pa.string()), ("text", pa.string()), ("hidden_text", pa.string()), ("author", pa.string()), ("last_author", pa.string()),
    ]
)  # fmt: skip


def events(
    files: Iterable[tuple[str, str, Content]], *, zone: ZoneInfo, check_sha1: bool = False, limits: Limits = LIMITS, workers: int = WORKERS
) -> Iterator[Event]:
    """Seen, Batch and Rejected of ``file_texts``, one row or one reject per file given.

    Parameters
    ----------
    files: (content hash, place, path or bytes), each hash once; the place ("files id 12") finds the file in the item when it is rejected.
    zone: zone of times that documents give without one.
    check_sha1: the hash is the SHA-1 of the bytes; other bytes are rejected.
    """
    places: dict[str, str] = {}

    def named() -> Iterator[tuple[str, Content]]:
        for content_hash, place, content in files:
            places[content_hash] = place
            yield content_hash, content

    rows: list[tuple[str, FileText]] = []
    characters = 0
    for content_hash, result in read_files(named(), zone=zone, limits=limits, workers=workers, check_sha1=check_sha1):
        place = places.pop(content_hash)
        yield Seen(RECORD, 1)
        if isinstance(result, Refused):
            yield Rejected(RECORD, place, result.reason.value)
            continue
        rows.append((content_hash, result))
        characters += len(result.text or "") + len(result.hidden_text or "")
        if len(rows) >= _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
            yield Batch(RECORD, table(rows))
            rows, characters = [], 0
    if rows:
        yield Batch(RECORD, table(rows))


def table(rows: list[tuple[str, FileText]]) -> pa.Table:
    """(content hash, text) as rows of ``raw.file_texts`` and ``personal.file_texts``."""
    columns: dict[str, list[object]] = {
        name: [getattr(result, name) for _, result in rows] for name in _SCHEMA.names if name not in ("content_hash", "revision_ids")
    }
    columns["content_hash"] = [content_hash for content_hash, _ in rows]
    # None where the format has no such ids or the document holds none: two empty lists are not alike.
    columns["revision_ids"] = [json.dumps(result.revision_ids) if result.revision_ids else None for _, result in rows]
    return pa.table(columns, schema=_SCHEMA)
