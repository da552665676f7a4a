"""Texts of the files handed in, out of Moodle's file store: contents of ``files`` (component assignsubmission_file) → file_texts.

The store (``moodledata`` in the programme file) holds each content once, under its SHA-1: ``filedir/ab/cd/abcd…`` (Moodle's
``lib/filestorage/file_system_filedir.php``). A content never changes, so each is opened once: the cursor ``texts_after`` is the id of the
last row of ``files`` that was looked at. It stays where it is while there is no store, and waits some days for a content that the copy of
the store does not have yet; what it waits for is rejected every time, so that the checks show it.

Not kept: the store's ``trashdir`` (files taken back). A content that is no longer handed in by anybody keeps its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from pipelines.programme import Source
from pipelines.sources.formats.file_texts.records import RECORD, events
from pipelines.sources.formats.file_texts.results import Reason
from pipelines.sources.lms.moodle_db.changes import CLOCK, OVERLAP_SECONDS, clock
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.reading import Context, Event, Rejected, Seen

#: Mark of the cursor: contents are read of files with an id above it.
TEXTS_AFTER = "texts_after"
#: Seconds. A copy of the store is made every night or every week; a content that is missing for longer is lost.
WAIT_SECONDS = 8 * 86_400
_HASH = re.compile(r"[0-9a-f]{40}")
_NEVER = 2**62
NO_STORE = "the file store is not there"


def store_of(source: Source) -> Path | None:
    """Where contents lie; None without ``moodledata`` or where it has no ``filedir``."""
    if source.moodledata is None:
        return None
    if source.moodledata.name == "filedir" and source.moodledata.is_dir():
        return source.moodledata
    store = source.moodledata / "filedir"
    return store if store.is_dir() else None


def fingerprint(source: Source) -> str:
    """What tells a load with a store from one without: a store that comes makes the same database worth loading."""
    return "" if store_of(source) is None else " and its files"


def cursor(database: Database, source: Source, before: Mapping[str, int]) -> dict[str, int]:
    """Where the next load begins: behind the last file there is, or before the first that is missing and may still come."""
    after = int(before.get(TEXTS_AFTER, 0))
    store = store_of(source)
    if store is None:
        return {TEXTS_AFTER: after}
    contents = submitted(database, source, before)
    newest = max(after, int(database.value("select max(f.id) from {files} f") or 0))
    due = clock(database) - WAIT_SECONDS
    for content_hash, number, uploaded in _rows(contents):
        if uploaded >= due and _HASH.fullmatch(content_hash) and not _place(store, content_hash).exists():
            return {TEXTS_AFTER: max(min(number - 1, newest), 0)}
    return {TEXTS_AFTER: newest}


def submitted(database: Database, source: Source, before: Mapping[str, int]) -> pa.Table:
    """Contents that came since the last load; none without ``moodledata``. Asked before the database is left: opening files takes long."""
    since = before[CLOCK] - OVERLAP_SECONDS if CLOCK in before and TEXTS_AFTER in before else _NEVER
    after = int(before.get(TEXTS_AFTER, 0)) if source.moodledata is not None else _NEVER
    return database.table("submitted_contents", {"after": after, "since": since if source.moodledata is not None else _NEVER})


def file_texts(contents: pa.Table, source: Source, context: Context) -> Iterator[Event]:
    """One row or one reject per content."""
    store = store_of(source)
    if store is None:
        yield Seen(RECORD, contents.num_rows)
        for _, number, _ in _rows(contents):
            yield Rejected(RECORD, f"files id {number}", NO_STORE)
        return

    def files() -> Iterator[tuple[str, str, Path]]:
        for content_hash, number, _ in _rows(contents):
            if _HASH.fullmatch(content_hash):
                yield content_hash, f"files id {number}", _place(store, content_hash)

    yield from events(files(), zone=context.zone, check_sha1=True)
    for content_hash, number, _ in _rows(contents):
        if not _HASH.fullmatch(content_hash):
            yield Seen(RECORD, 1)
            yield Rejected(RECORD, f"files id {number}", Reason.NO_HASH.value)


def _place(store: Path, content_hash: str) -> Path:
    return store / content_hash[:2] / content_hash[2:4] / content_hash


def _rows(contents: pa.Table) -> Iterator[tuple[str, int, int]]:
    """(content hash, id of its first file, moment of its latest upload)."""
    for content_hash, number, uploaded in zip(*(contents[name].to_pylist() for name in ("contenthash", "id", "timecreated")), strict=True):
        yield content_hash or "", int(number), int(uploaded or 0)
