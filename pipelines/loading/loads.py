"""Load what readers yield into ``raw`` and ``personal``, once, whole or not at all, with a ledger.

The loader knows no format. It fingerprints an item, skips it when the ledger has it in this state, and brings the reader's batches in
(:mod:`pipelines.loading.staging`) within one transaction together with counts, rejects and the ledger's line. An item that cannot be read leaves a
ledger line that says why, and nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from hashlib import blake2b, sha256
from itertools import chain
from pathlib import Path, PurePosixPath
from traceback import extract_tb

import duckdb

from pipelines.errors import BadConfiguration, BadContract, MayakError, PermanentError, TransientError
from pipelines.loading.staging import ROWS_AT_ONCE, Stage
from pipelines.loading.uniting import unite
from pipelines.prefetch import prefetch
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Misjudged, Reader, Rejected, Seen, Whole
from pipelines.warehouse import Warehouse

_BLOCK = 1 << 20
#: Events, rows and bytes of which one is enough to be handed over. Rows: as many as are written at once. One parcel waits and one is being
#: made while as many are written; of smaller ones the reader would soon have made all it may, and the writer then wait for it to begin again.
_EVENTS_AT_ONCE = 1000
_ROWS_AT_ONCE = ROWS_AT_ONCE
_BYTES_AT_ONCE = 16 << 20
#: Endings of a file's name that are shown where the name is not: "….json.gz".
_MOST_ENDINGS = 2
_ENDINGS = frozenset((".txt", ".zip", ".mbox", ".eml", ".emlx", ".html", ".json", ".jsonl", ".gz"))
#: What the engine may hold during a load: staged rows wait on disk, beside what the reader itself needs, and the merge works there. With
#: libraries and reader a load stays below 500 MB whatever the item's size; what does not get by with it is loaded again without a bound.
_MEMORY = "128MB"


@dataclass
class Load:
    """What became of one item."""

    source: str
    item: str
    #: loaded, unchanged, or failed.
    state: str
    seen: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    problem: str | None = None
    transient: bool = False
    covers_until: datetime | None = None


@dataclass(frozen=True)
class _Attempt:
    """One try at one item: what the ledger says of it, whatever becomes of it."""

    source: Source
    reader: Reader
    #: As the reader calls it, and as the ledger does where such items are called after people.
    item: Item
    listed: Item
    #: The fingerprint of what the item holds, where it brings none: may still be on its way, and who asks waits for it.
    taken: Future[str] | None
    #: The moment to write into the ledger.
    run_at: datetime

    @cached_property
    def fingerprint(self) -> str:
        """Of what the item holds and what lies beside it."""
        return (self.item.fingerprint or (self.taken.result() if self.taken else "")) + self.item.beside

    @cached_property
    def load_id(self) -> str:
        """The same for the same item in the same state, read by the same rules."""
        told = (self.source.name, self.listed.name, self.fingerprint, str(self.reader.version))
        return blake2b("\x1f".join(told).encode(), digest_size=10).hexdigest()


def context_for(
    source: Source,
    programme: Programme,
    pseudonyms: Pseudonyms,
    url: str | None,
    cursor: dict[str, int] | None = None,
    token: str | None = None,
) -> Context:
    """What a reader of this source is given."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(source.time_zone) if source.time_zone else programme.zone
    return Context(pseudonyms=pseudonyms, zone=zone, language=programme.languages[0], url=url, token=token, cursor=cursor or {})


def load_source(
    warehouse: Warehouse,
    programme: Programme,
    source: Source,
    *,
    pseudonyms: Pseudonyms,
    run_at: datetime,
    url: str | None = None,
    token: str | None = None,
    on_item: Callable[[Load], None] | None = None,
) -> list[Load]:
    """Load every item of one source that the ledger does not have. Never raises for a bad or missing item: it is in the result.

    Raises BadConfiguration for a kind that no reader reads.

    Parameters
    ----------
    run_at: the moment to write into the ledger (the caller's clock; nothing is computed from it).
    on_item: told of each item as it is done, for progress.
    """
    if source.kind not in READERS:
        raise BadConfiguration(f"source {source.name}: no kind is called {source.kind!r}; there are: {', '.join(sorted(READERS))}")
    reader = READERS[source.kind]
    context = context_for(source, programme, pseudonyms, url, token=token)
    try:
        items = list(reader.items(programme.placed(source), context))
    except MayakError as error:
        load = Load(source.name, "", "failed", problem=str(error), transient=isinstance(error, TransientError))
        missing = Item("", fingerprint=f"missing:{error}")
        _note_failure(warehouse, _Attempt(source, reader, missing, missing, None, run_at), load)
        if on_item:
            on_item(load)
        return [load]
    # What failed and is not there any more (a source that was away, a broken file taken out) is no failure now.
    names = [_shown(reader, source, item, pseudonyms) for item in items]
    # What these items were said to hold whole by earlier rules is said anew, before any of them is measured by it.
    warehouse.connection.execute(
        "delete from raw.coverage where source = ? and load_id in "
        "(select load_id from raw.loads where source = ? and reader_version <> ? and list_contains(cast(? as varchar[]), item))",
        [source.name, source.name, reader.version, names],
    )
    warehouse.connection.execute(
        "delete from raw.loads where source = ? and state = 'failed' and not list_contains(cast(? as varchar[]), item)",
        [source.name, names],
    )
    done = []
    for item in items:
        load = load_item(warehouse, programme, source, item, pseudonyms=pseudonyms, run_at=run_at, url=url, token=token)
        done.append(load)
        if on_item:
            on_item(load)
    unite(warehouse)
    return done


def load_item(
    warehouse: Warehouse,
    programme: Programme,
    source: Source,
    item: Item,
    *,
    pseudonyms: Pseudonyms,
    run_at: datetime,
    url: str | None = None,
    token: str | None = None,
) -> Load:
    """Load one item unless the ledger has it in this state. A failure is returned, not raised, and leaves no row behind."""
    reader = READERS[source.kind]
    source = programme.placed(source)
    shown = _shown(reader, source, item, pseudonyms)
    if shown != item.name:
        warehouse.connection.execute("delete from personal.items where source = ? and item = ?", [source.name, shown])
        warehouse.connection.execute("insert into personal.items values (?, ?, ?)", [source.name, shown, item.name])
    known = warehouse.value(
        "select cursor from raw.loads where source = ? and item = ? and state = 'loaded' and reader_version = ? order by loaded_at desc, covers_until desc limit 1",
        [source.name, shown, reader.version],
    )
    context = context_for(source, programme, pseudonyms, url, json.loads(known) if known else None, token)
    with ThreadPoolExecutor(1, "fingerprint") as beside:
        taken = None if item.fingerprint else beside.submit(_fingerprint, _files(item.path))
        attempt = _Attempt(source, reader, item, replace(item, name=shown), taken, run_at)
        # An item that was never loaded has to be read whatever it holds: reading does not wait for its fingerprint.
        was_loaded = "select exists (select 1 from raw.loads where source = ? and item = ? and state = 'loaded')"
        is_loaded = "select exists (select 1 from raw.loads where load_id = ? and state = 'loaded')"
        if warehouse.value(was_loaded, [source.name, shown]) and warehouse.value(is_loaded, [attempt.load_id]):
            # A copy that broke meanwhile was replaced by the one that is loaded already: what was said of it is over.
            warehouse.connection.execute("delete from raw.loads where source = ? and item = ? and state = 'failed'", [source.name, shown])
            return Load(source.name, shown, "unchanged")
        return _load_new(warehouse, attempt, context)


def _load_new(warehouse: Warehouse, attempt: _Attempt, context: Context) -> Load:
    source, reader, item, shown = attempt.source, attempt.reader, attempt.item, attempt.listed.name
    if getattr(reader, "opens_files", False):
        contents = warehouse.rows("select content_hash from personal.file_texts")
        context = replace(context, known_contents=frozenset(content for (content,) in contents))
    try:
        make_cursor = getattr(reader, "cursor", None)
        cursor = dict(make_cursor(source, item, context)) if make_cursor else None
        job = partial(_load_once, warehouse, attempt, context, cursor)
        try:
            with warehouse.narrowed(memory=_MEMORY):
                try:
                    # What a trusting reader has told is taken back with the transaction.
                    load = _load_once(warehouse, attempt, replace(context, trusting=True), cursor)
                except Misjudged:
                    load = job()
        except duckdb.OutOfMemoryException:
            # Nothing has been written.
            load = _at_large(warehouse, job, item)
    except MayakError as error:
        problem = _without_name(str(error), item, shown)
        load = Load(source.name, shown, "failed", problem=problem, transient=isinstance(error, TransientError))
        _note_failure(warehouse, attempt, load)
    return load


def _at_large(warehouse: Warehouse, job: Callable[[], Load], item: Item) -> Load:
    try:
        with warehouse.at_large():
            return job()
    except duckdb.OutOfMemoryException:
        raise PermanentError(
            f"{item.name}: the warehouse engine needs more memory than it may hold (MAYAK_MEMORY_LIMIT, else 80 % of the machine)"
        ) from None


def _load_once(warehouse: Warehouse, attempt: _Attempt, context: Context, cursor: dict[str, int] | None) -> Load:
    source, item = attempt.source.name, attempt.listed.name
    load = Load(source, item, "loaded")
    parcels = prefetch(_parcels(_unbroken(attempt, context)), depth=1)
    # Reading has begun. What it is to be called by is needed from here on.
    first = next(parcels)
    stage = Stage(warehouse, attempt.load_id, source, attempt.reader.version)
    try:
        with warehouse.transaction():
            _forget_old_ids(warehouse, attempt.reader, source, item)
            covers = _read(chain(first, chain.from_iterable(parcels)), item, stage, load)
            _balance(load)
            load.covers_until = covers.until
            stage.bring_in(covers.until)
            warehouse.connection.execute("delete from raw.loads where source = ? and item = ? and state = 'failed'", [source, item])
            warehouse.connection.execute("delete from raw.loads where load_id = ?", [attempt.load_id])
            _note(warehouse, attempt, load, covers, cursor)
    finally:
        stage.drop()
    return load


def _forget_old_ids(warehouse: Warehouse, reader: Reader, source: str, item: str) -> None:
    """Take out rows that the item told under ids which the reader does not give any more, and their words."""
    records, version = getattr(reader, "new_ids", ((), 0))
    older = "load_id in (select load_id from raw.loads where source = ? and item = ? and reader_version < ?)"
    for record in records:
        if warehouse.has_table(f"personal.{record}"):
            (key,) = warehouse.key(f"raw.{record}")
            warehouse.connection.execute(
                f"delete from personal.{record} where {key} in (select {key} from raw.{record} where {older})", [source, item, version]
            )
        warehouse.connection.execute(f"delete from raw.{record} where {older}", [source, item, version])


def _read(events: Iterable[Event], shown: str, stage: Stage, load: Load) -> Covers:
    covers = Covers(None, None)
    seen: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for event in events:
        match event:
            case Batch(record, table, counted):
                if table.num_rows:
                    stage.add(record, table)
                if counted:
                    kept[record] += table.num_rows
            case Seen(record, rows):
                seen[record] += rows
            case Rejected(record, place, reason):
                stage.reject(shown, record, place, reason)
                rejected[record] += 1
                reasons[reason] += 1
            case Covers():
                covers = event
                stage.seen_at = covers.until
            case Whole():
                stage.whole(event)
    load.seen, load.kept, load.rejected, load.reasons = dict(seen), dict(kept), dict(rejected), dict(reasons)
    return covers


def _unbroken(attempt: _Attempt, context: Context) -> Iterator[Event]:
    """The reader's events. A fault of the reader itself is told by its place in the program: its words may quote what was read."""
    try:
        yield from attempt.reader.read(attempt.source, attempt.item, context)
    except (MayakError, MemoryError, Misjudged):
        raise
    except Exception as error:
        frame = extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}, line {frame.lineno}"
        fault = f"the reader {attempt.reader.kind} has a fault ({type(error).__name__} in {place})"
        raise BadContract(f"{attempt.item.name}: {fault}") from None


def _parcels(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Events in parcels that are worth handing over."""
    parcel: list[Event] = []
    rows = size = 0
    for event in events:
        parcel.append(event)
        if isinstance(event, Batch):
            rows += event.table.num_rows
            size += event.table.nbytes
        if len(parcel) >= _EVENTS_AT_ONCE or rows >= _ROWS_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield parcel
            parcel, rows, size = [], 0, 0
    yield parcel


def _balance(load: Load) -> None:
    for record in sorted(set(load.seen) | set(load.kept) | set(load.rejected)):
        seen, kept, rejected = load.seen.get(record, 0), load.kept.get(record, 0), load.rejected.get(record, 0)
        if seen != kept + rejected:
            raise BadContract(f"{load.item}: {record}: {seen} rows seen, but {kept} kept and {rejected} rejected: the reader lost some")


def _note(warehouse: Warehouse, attempt: _Attempt, load: Load, covers: Covers, cursor: dict[str, int] | None) -> None:
    load_id, source, reader = attempt.load_id, attempt.source, attempt.reader
    warehouse.connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            load_id, source.name, source.kind, attempt.listed.name, attempt.fingerprint, reader.version, load.state, load.problem,
            covers.since, covers.until, sum(load.seen.values()), sum(load.kept.values()), sum(load.rejected.values()),
            json.dumps(cursor, sort_keys=True) if cursor is not None else None, attempt.run_at.astimezone(UTC),
        ],
    )  # fmt: skip
    warehouse.connection.execute("delete from raw.load_counts where load_id = ?", [load_id])
    for record in sorted(set(load.seen) | set(load.kept) | set(load.rejected)):
        warehouse.connection.execute(
            "insert into raw.load_counts values (?, ?, ?, ?, ?)",
            [load_id, record, load.seen.get(record, 0), load.kept.get(record, 0), load.rejected.get(record, 0)],
        )


def _note_failure(warehouse: Warehouse, attempt: _Attempt, load: Load) -> None:
    with warehouse.transaction():
        warehouse.connection.execute(
            "delete from raw.loads where source = ? and item = ? and state = 'failed'", [attempt.source.name, attempt.listed.name]
        )
        _note(warehouse, attempt, load, Covers(None, None), None)


def _shown(reader: Reader, source: Source, item: Item, pseudonyms: Pseudonyms) -> str:
    """What the ledger calls an item: its name, or a pseudonym with its endings where such items are called after people."""
    if not getattr(reader, "items_name_people", False):
        return item.name
    # A dot may stand in a name or an address as well.
    endings = [part for part in PurePosixPath(item.name).suffixes[-_MOST_ENDINGS:] if part.lower() in _ENDINGS]
    return pseudonyms.of(f"{source.name}:item", item.name) + "".join(endings).lower()


def _without_name(problem: str, item: Item, shown: str) -> str:
    """A problem in which the item is called as the ledger calls it."""
    path = PurePosixPath(item.name)
    if shown == item.name:
        # Every Telegram export is called result.json: the folder tells which.
        return item.name + problem.removeprefix(path.name) if problem.startswith(f"{path.name}:") else problem
    for name in sorted({item.name, path.name, path.stem, *path.parts} - {"", "/"}, key=len, reverse=True):
        problem = problem.replace(name, shown)
    return problem


def _files(path: Path | None) -> list[tuple[str, Path, int]]:
    """The files of an item: what each is called where there are several, and how large it is now. Raises BadContract for an item that has none."""
    if path is None:
        raise BadContract("an item without a path has to bring its fingerprint")
    if not path.is_dir():
        return [("", path, path.stat().st_size)]
    files = sorted(part for part in path.rglob("*") if part.is_file())
    return [(str(file.relative_to(path)), file, file.stat().st_size) for file in files]


def _fingerprint(files: Iterable[tuple[str, Path, int]]) -> str:
    """SHA-256 of files as long as they were when they were listed: what is written behind that makes it another one next time."""
    digest = sha256()
    for name, file, size in files:
        digest.update(name.encode())
        with file.open("rb") as content:
            while block := content.read(min(size, _BLOCK)):
                digest.update(block)
                size -= len(block)
    return digest.hexdigest()
