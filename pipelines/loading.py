"""Load what readers yield into ``raw`` and ``personal``, once, whole or not at all, with a ledger.

The loader knows no format. It fingerprints an item, skips it when the ledger has it in this state, stages the reader's batches in
temporary tables, and brings them in within one transaction together with counts, rejects and the ledger's line. An item that
cannot be read leaves a ledger line that says why, and nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from itertools import chain
from pathlib import Path, PurePosixPath
from traceback import extract_tb

import duckdb
import pyarrow as pa

from pipelines.account_names import keep_names
from pipelines.ahead import read_ahead
from pipelines.errors import BadContract, MayakError, TransientError
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Reader, Rejected, Seen, Whole
from pipelines.uniting import unite
from pipelines.vanishing import note_coverage, sweep
from pipelines.versions import keep_versions
from pipelines.warehouse import KEEPS_KNOWN, Warehouse

_LOADER_COLUMNS = ("source", "load_id", "seen_at")
_BLOCK = 1 << 20
#: Events without a batch among them (rejects) that are handed over at once.
_PARCEL = 1000
#: Rejects held in memory before they are staged: a file of nothing else may have millions.
_REJECTS_AT_ONCE = 50_000
#: Rows, or bytes, that are handed to the engine at once: it spreads blocks of 122,880 rows over its threads.
_ROWS_AT_ONCE = 125_000
_BYTES_AT_ONCE = 32 << 20
#: Endings of a file's name that are shown where the name is not: "….json.gz".
_MOST_ENDINGS = 2
_ENDINGS = frozenset((".txt", ".zip", ".mbox", ".eml", ".emlx", ".html", ".json", ".jsonl", ".gz"))
#: Records whose rows never change their time.
_FIXED_TIMES = {"activity": "occurred_at"}
#: Which of two versions stands, as a condition: an item that does not say of which time it speaks stands behind any that does.
_IS_OLDER = "(old.seen_at is not null and (stage.seen_at is null or stage.seen_at < old.seen_at))"
#: More than any two time zones differ.
_ZONES = timedelta(days=2)


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

    Parameters
    ----------
    run_at: the moment to write into the ledger (the caller's clock; nothing is computed from it).
    on_item: told of each item as it is done, for progress.
    """
    reader = READERS[source.kind]
    context = context_for(source, programme, pseudonyms, url, token=token)
    try:
        items = list(reader.items(programme.placed(source), context))
    except MayakError as error:
        load = Load(source.name, "", "failed", problem=str(error), transient=isinstance(error, TransientError))
        _note_failure(warehouse, source, reader, Item(""), f"missing:{error}", load, run_at)
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
    listed = replace(item, name=shown)
    if shown != item.name:
        warehouse.connection.execute("delete from personal.items where source = ? and item = ?", [source.name, shown])
        warehouse.connection.execute("insert into personal.items values (?, ?, ?)", [source.name, shown, item.name])
    known = warehouse.value(
        "select cursor from raw.loads where source = ? and item = ? and state = 'loaded' and reader_version = ? order by loaded_at desc, covers_until desc limit 1",
        [source.name, shown, reader.version],
    )
    context = context_for(source, programme, pseudonyms, url, json.loads(known) if known else None, token)
    fingerprint = item.fingerprint or _fingerprint(item.path)
    load_id = _load_id(source, listed, fingerprint, reader.version)
    if warehouse.value("select count(*) from raw.loads where load_id = ? and state = 'loaded'", [load_id]):
        return Load(source.name, shown, "unchanged")
    load = Load(source.name, shown, "loaded")
    stage = _Stage(warehouse, load_id, source.name, reader.version)
    try:
        make_cursor = getattr(reader, "cursor", None)
        cursor = dict(make_cursor(source, item, context)) if make_cursor else None
        covers = _read(reader, source, item, shown, context, stage, load)
        _balance(load, listed)
        load.covers_until = covers.until
        with warehouse.transaction():
            stage.bring_in(covers.until)
            warehouse.connection.execute("delete from raw.loads where source = ? and item = ? and state = 'failed'", [source.name, shown])
            warehouse.connection.execute("delete from raw.loads where load_id = ?", [load_id])
            _note(warehouse, source, reader, listed, fingerprint, load_id, load, run_at, covers, cursor)
    except MayakError as error:
        load = Load(
            source.name, shown, "failed", problem=_without_name(str(error), item, shown), transient=isinstance(error, TransientError)
        )
        _note_failure(warehouse, source, reader, listed, fingerprint, load, run_at)
    finally:
        stage.drop()
    return load


def _read(reader: Reader, source: Source, item: Item, shown: str, context: Context, stage: _Stage, load: Load) -> Covers:
    covers = Covers(None, None)
    seen: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for event in chain.from_iterable(read_ahead(_parcels(_unbroken(reader, source, item, context)))):
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
            case Whole():
                stage.whole(event)
    load.seen, load.kept, load.rejected, load.reasons = dict(seen), dict(kept), dict(rejected), dict(reasons)
    return covers


def _unbroken(reader: Reader, source: Source, item: Item, context: Context) -> Iterator[Event]:
    """The reader's events. A fault of the reader itself is told by its place in the program: its words may quote what was read."""
    try:
        yield from reader.read(source, item, context)
    except (MayakError, MemoryError):
        raise
    except Exception as error:
        frame = extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}, line {frame.lineno}"
        raise BadContract(f"{item.name}: the reader {reader.kind} has a fault ({type(error).__name__} in {place})") from None


def _parcels(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Events in parcels that are worth handing over: up to and with the next batch."""
    parcel: list[Event] = []
    for event in events:
        parcel.append(event)
        if isinstance(event, Batch) or len(parcel) >= _PARCEL:
            yield parcel
            parcel = []
    yield parcel


def _balance(load: Load, item: Item) -> None:
    for record in sorted(set(load.seen) | set(load.kept) | set(load.rejected)):
        seen, kept, rejected = load.seen.get(record, 0), load.kept.get(record, 0), load.rejected.get(record, 0)
        if seen != kept + rejected:
            raise BadContract(f"{item.name}: {record}: {seen} rows seen, but {kept} kept and {rejected} rejected: the reader lost some")


class _Stage:
    """Temporary tables that hold one item until it is known to be whole."""

    def __init__(self, warehouse: Warehouse, load_id: str, source: str, version: int) -> None:
        self.warehouse, self.load_id, self.source, self.version = warehouse, load_id, source, version
        self.records: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        self.rejects: list[tuple[str, str, str, str, str, str]] = []
        self.wholes: list[Whole] = []
        self._has_staged_rejects = False
        self.waiting: dict[str, list[pa.Table]] = {}

    def add(self, record: str, table: pa.Table) -> None:
        if record not in self.records:
            self._create(record)
        raw, personal = self.records[record]
        allowed = {**raw, **personal}
        strangers = sorted(set(table.column_names) - set(allowed))
        if strangers:
            raise BadContract(f"raw.{record}: the reader of {self.source} yields columns that are not declared: {', '.join(strangers)}")
        waiting = self.waiting.setdefault(record, [])
        if waiting and waiting[0].schema != table.schema:
            self._write(record)
            waiting = self.waiting.setdefault(record, [])
        waiting.append(table)
        if sum(part.num_rows for part in waiting) >= _ROWS_AT_ONCE or sum(part.nbytes for part in waiting) >= _BYTES_AT_ONCE:
            self._write(record)

    def _write(self, record: str) -> None:
        """Hand the waiting batches of a record to the engine."""
        if waiting := self.waiting.pop(record, None):
            names = ", ".join(waiting[0].column_names)
            connection = self.warehouse.connection
            connection.register("batch", pa.concat_tables(waiting))
            try:
                connection.execute(f"insert into stage_{record} ({names}) select {names} from batch")
            except duckdb.DataError:
                # The engine's words quote the value.
                raise BadContract(f"raw.{record}: the reader of {self.source} yields values that a column does not take") from None
            finally:
                connection.unregister("batch")

    def _create(self, record: str) -> None:
        raw = self.warehouse.columns(f"raw.{record}")
        personal = self.warehouse.columns(f"personal.{record}") if self.warehouse.has_table(f"personal.{record}") else {}
        both = {**raw, **personal}
        self.warehouse.connection.execute(
            f"create or replace temp table stage_{record} (" + ", ".join(f"{name} {kind}" for name, kind in both.items()) + ")"
        )
        self.records[record] = (raw, personal)

    def whole(self, scope: Whole) -> None:
        """Remember that the item holds every row of a scope."""
        self.wholes.append(scope)

    def reject(self, item: str, record: str, place: str, reason: str) -> None:
        self.rejects.append((self.load_id, self.source, item, record, place, reason))
        if len(self.rejects) >= _REJECTS_AT_ONCE:
            self._stage_rejects()

    def bring_in(self, seen_at: datetime | None) -> None:
        """Bring the staged rows into their tables, note what has vanished and what was rejected. Call inside a transaction."""
        for record, (raw, personal) in self.records.items():
            self._write(record)
            try:
                self._bring_in(record, raw, personal, seen_at)
            except duckdb.IntegrityError:
                raise BadContract(f"raw.{record}: the reader of {self.source} leaves out what a row must have") from None
        note_coverage(self.warehouse, self.source, self.load_id, self.wholes, seen_at)
        sweep(self.warehouse, self.source, self.load_id, list(self.records), self.wholes, seen_at)
        self._note_rejects()

    def _bring_in(self, record: str, raw: dict[str, str], personal: dict[str, str], seen_at: datetime | None) -> None:
        connection = self.warehouse.connection
        key = self.warehouse.key(f"raw.{record}")
        missing = self.warehouse.value(f"select count(*) from stage_{record} where " + " or ".join(f"{part} is null" for part in key))
        if missing:
            raise BadContract(f"raw.{record}: {missing} rows of {self.source} have no key ({', '.join(key)})")
        connection.execute(
            f"create or replace temp view staged_{record} as select stage.* replace ('{self.source}' as source, '{self.load_id}' as load_id, "
            f"coalesce(stage.seen_at, {_literal(seen_at)}) as seen_at), stage.rowid as place from stage_{record} as stage"
        )
        names = ", ".join(key)
        # Most items hold each key once, and finding that out costs a fraction of putting the rows in order.
        repeats = self.warehouse.value(f"select count(*) from (select 1 from stage_{record} group by {names} having count(*) > 1)")
        if record == "messages":
            keep_versions(self.warehouse, self.load_id, self.source, "staged_messages")
        if record == "accounts":
            keep_names(self.warehouse, "staged_accounts")
        # Within one item the last mention of a key stands.
        last = f"qualify row_number() over (partition by {names} order by place desc) = 1" if repeats else ""
        lasting = self.warehouse.lasting(f"raw.{record}")
        together = ", ".join(f"bool_or({column}) over (partition by {names}) as {column}" for column in lasting)
        content = f"* replace ({together})" if repeats and lasting else "*"
        # An older item never overwrites a newer one.
        on = " and ".join(f"old.{part} = stage.{part}" for part in key)
        # What is left of this by the engine, which skips the blocks of other times, is as large as the item and not as all history.
        on += self._times(record)
        known = f"select 1 from raw.{record} as old where {on}"
        fresh = f"(select {content} from staged_{record} {last}) as stage"
        if repeats and KEEPS_KNOWN in self.warehouse.comment(f"raw.{record}"):
            # Nor does a null in a later mention take away what an earlier one told.
            told = [f"arg_max({name}, place) as {name}" for name in dict.fromkeys((*raw, *personal)) if name not in (*key, *lasting)]
            told += [f"bool_or({name}) as {name}" for name in lasting]
            fresh = f"(select {names}, {', '.join(told)} from staged_{record} group by {names}) as stage"
        if self.warehouse.value(f"select count(*) from stage_{record} as stage where exists ({known})"):
            connection.execute(
                f"create or replace temp table fresh_{record} as select stage.*{_with_old(lasting)} from {fresh} inner join raw.{record} as old on {on} "
                f"where not {_IS_OLDER}"
            )
            connection.execute(f"create or replace temp table new_{record} as select * from {fresh} where not exists ({known})")
            for schema, columns in (("raw", raw), ("personal", personal)):
                if columns:
                    picked = ", ".join(columns)
                    connection.execute(f"create or replace temp view fresh_half as select {picked} from fresh_{record}")
                    self.warehouse.merge(f"{schema}.{record}", "fresh_half")
                    connection.execute(f"insert into {schema}.{record} ({picked}) select {picked} from new_{record}")
            connection.execute("drop view if exists fresh_half")
            self._fill_in(record, raw, personal, f"{fresh} inner join raw.{record} as old on {on} where {_IS_OLDER}")
            # A row that says the same in a newer item is as new as that item, or an older export could still overwrite it.
            connection.execute(
                f"update raw.{record} as old set seen_at = stage.seen_at from fresh_{record} as stage where {on} "
                "and stage.seen_at is not null and (old.seen_at is null or old.seen_at < stage.seen_at)"
            )
            for column in lasting:  # of an older item too
                connection.execute(
                    f"update raw.{record} as old set {column} = true from staged_{record} as stage where {on} and stage.{column} and not coalesce(old.{column}, false)"
                )
        else:
            for schema, columns in (("personal", personal), ("raw", raw)):
                if columns:
                    picked = ", ".join(columns)
                    connection.execute(f"insert into {schema}.{record} ({picked}) select {picked} from {fresh}")
        connection.execute(f"drop view staged_{record}")

    def _fill_in(self, record: str, raw: dict[str, str], personal: dict[str, str], older: str) -> None:
        """Where nulls keep what was known, an older item still tells what no newer one has told. ``older``: its rows, as a from clause."""
        if KEEPS_KNOWN not in self.warehouse.comment(f"raw.{record}"):
            return
        connection = self.warehouse.connection
        connection.execute(f"create or replace temp table older_{record} as select stage.* from {older}")
        key = self.warehouse.key(f"raw.{record}")
        on = " and ".join(f"old.{part} = stage.{part}" for part in key)
        for schema, columns in (("raw", raw), ("personal", personal)):
            content = [column for column in columns if column not in (*key, *_LOADER_COLUMNS)]
            if content:
                values = ", ".join(f"{column} = coalesce(old.{column}, stage.{column})" for column in content)
                lacks = " or ".join(f"(old.{column} is null and stage.{column} is not null)" for column in content)
                connection.execute(f"update {schema}.{record} as old set {values} from older_{record} as stage where {on} and ({lacks})")
        connection.execute(f"drop table older_{record}")

    def _times(self, record: str) -> str:
        """Condition on the time of known rows that the staged ones could be, for records whose rows never change theirs; else empty.

        Rules of the reader that have changed since could have moved them, a corrected time zone by up to a day and two hours.
        """
        column = _FIXED_TIMES.get(record)
        if column is None or self.warehouse.value(
            "select count(*) from raw.loads where source = ? and state = 'loaded' and reader_version <> ?", [self.source, self.version]
        ):
            return ""
        first, last = self.warehouse.rows(f"select min({column}), max({column}) from stage_{record}")[0]
        if first is None:
            return ""
        return f" and old.{column} between {_literal(first - _ZONES)} and {_literal(last + _ZONES)}"

    def _note_rejects(self) -> None:
        connection = self.warehouse.connection
        connection.execute("delete from raw.rejects where load_id = ?", [self.load_id])
        if self.rejects or self._has_staged_rejects:
            self._stage_rejects()
            connection.execute("insert into raw.rejects by name select distinct * from stage_of_rejects")

    def _stage_rejects(self) -> None:
        connection = self.warehouse.connection
        if not self._has_staged_rejects:
            connection.execute("create or replace temp table stage_of_rejects as select * from raw.rejects limit 0")
            self._has_staged_rejects = True
        names = list(self.warehouse.columns("raw.rejects"))
        columns = list(zip(*self.rejects, strict=True)) if self.rejects else [()] * len(names)
        connection.register("batch", pa.table([pa.array(column, pa.string()) for column in columns], names=names))
        try:
            connection.execute("insert into stage_of_rejects by name select * from batch")
        finally:
            connection.unregister("batch")
        self.rejects.clear()

    def drop(self) -> None:
        for record in self.records:
            self.warehouse.connection.execute(f"drop table if exists temp.stage_{record}")
            self.warehouse.connection.execute(f"drop table if exists temp.fresh_{record}")
            self.warehouse.connection.execute(f"drop table if exists temp.new_{record}")
        self.warehouse.connection.execute("drop table if exists temp.stage_of_rejects")


def _with_old(lasting: Sequence[str]) -> str:
    """What becomes of columns that once true stay true, when a row replaces a known one."""
    return (
        f" replace ({', '.join(f'case when old.{name} then true else stage.{name} end as {name}' for name in lasting)})" if lasting else ""
    )


def _note(
    warehouse: Warehouse, source: Source, reader: Reader, item: Item, fingerprint: str, load_id: str, load: Load, run_at: datetime,
    covers: Covers, cursor: dict[str, int] | None,
) -> None:  # fmt: skip
    warehouse.connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            load_id, source.name, source.kind, item.name, fingerprint, reader.version, load.state, load.problem,
            covers.since, covers.until, sum(load.seen.values()), sum(load.kept.values()), sum(load.rejected.values()),
            json.dumps(cursor, sort_keys=True) if cursor is not None else None, run_at.astimezone(UTC),
        ],
    )  # fmt: skip
    warehouse.connection.execute("delete from raw.load_counts where load_id = ?", [load_id])
    for record in sorted(set(load.seen) | set(load.kept) | set(load.rejected)):
        warehouse.connection.execute(
            "insert into raw.load_counts values (?, ?, ?, ?, ?)",
            [load_id, record, load.seen.get(record, 0), load.kept.get(record, 0), load.rejected.get(record, 0)],
        )


def _note_failure(warehouse: Warehouse, source: Source, reader: Reader, item: Item, fingerprint: str, load: Load, run_at: datetime) -> None:
    load_id = _load_id(source, item, fingerprint, reader.version)
    with warehouse.transaction():
        warehouse.connection.execute("delete from raw.loads where source = ? and item = ? and state = 'failed'", [source.name, item.name])
        _note(warehouse, source, reader, item, fingerprint, load_id, load, run_at, Covers(None, None), None)


def _shown(reader: Reader, source: Source, item: Item, pseudonyms: Pseudonyms) -> str:
    """What the ledger calls an item: its name, or a pseudonym with its endings where such items are called after people."""
    if not getattr(reader, "items_name_people", False):
        return item.name
    # A dot may stand in a name or an address as well.
    endings = [part for part in PurePosixPath(item.name).suffixes[-_MOST_ENDINGS:] if part.lower() in _ENDINGS]
    return pseudonyms.of(f"{source.name}:item", item.name) + "".join(endings).lower()


def _without_name(problem: str, item: Item, shown: str) -> str:
    """A problem in which the item is called as the ledger calls it."""
    if shown == item.name:
        return problem
    path = PurePosixPath(item.name)
    for name in sorted({item.name, path.name, path.stem, *path.parts} - {"", "/"}, key=len, reverse=True):
        problem = problem.replace(name, shown)
    return problem


def _literal(moment: datetime | None) -> str:
    return f"timestamptz '{moment.isoformat()}'" if moment else "null::timestamptz"


def _load_id(source: Source, item: Item, fingerprint: str, version: int) -> str:
    return blake2b("\x1f".join((source.name, item.name, fingerprint, str(version))).encode(), digest_size=10).hexdigest()


def _fingerprint(path: Path | None) -> str:
    if path is None:
        raise BadContract("an item without a path has to bring its fingerprint")
    digest = sha256()
    for file in _files(path):
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode())
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path] | Sequence[Path]:
    return sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else (path,)
