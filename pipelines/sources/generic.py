"""Anything else: tables in Mayak's own words, as CSV or Parquet.

For a system without a reader, or an export of one's own: each file holds rows of one record kind, its columns are named as in
``sql/schema/raw.sql`` and ``personal.sql`` (docs/dictionary.md), and the reader checks, types and rejects as any other. The contract, with an
example: docs/sources/generic.md.

Grain: one row of the record per row of the file. A file's name begins with the record ("activity.csv", "activity_2026-11-21.parquet",
"grades/part-0.parquet").

- Ids are the system's own: ``12`` as a ``course_id`` becomes "<realm>:course:12", as every reader writes it, so that a source whose
  ``realm`` is another source's speaks of the same things. What begins with "<realm>:" is taken as it is.
- Columns that name an account hold the native id of the account; it becomes a pseudonym.
- Times are ISO 8601; without an offset they are of the source's zone.
- A date in the file's name (YYYY-MM-DD) says up to the end of which day the file speaks; without one, its latest time does.
- ``is_whole`` of the source says that a file holds every row there is: rows it lacks have vanished.

Not read: columns of the loader (source, load_id); a column that is not declared is an error, not something to pass over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contract_words import WORDS
from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen, Whole
from pipelines.warehouse import Warehouse, engine_beside

BATCH_ROWS = 100_000
_ENGINE_MEMORY = "300MB"
_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_LOADER = frozenset(("source", "load_id"))
#: Tables of raw that no system exports.
_OWN = frozenset(
    (
        "loads",
        "load_counts",
        "rejects",
        "coverage",
        "vanished",
        "message_versions",
        "programme_streams",
        "programme_curators",
        "calendar_days",
    )
)
#: What stands for a column that is left out or empty and may not be.
_DEFAULTS = {
    ("accounts", "channel"): "lms",
    ("activity", "is_impersonated"): "false",
    ("activity", "is_anonymous"): "false",
    ("activity", "event"): "",
    ("messages", "kind"): "post",
    ("enrolments", "role"): "learner",
    ("enrolments", "state"): "active",
    ("grades", "record"): "marking",
}
#: Columns that hold an account beside those whose name ends so.
_ACCOUNT_COLUMNS = frozenset(("enrolled_by",))
#: Id columns whose name is not that of the thing.
_THINGS = {
    "reply_to_id": "message",
    "about_message_id": "message",
    "reference_id": "message",
    "thread_id": "thread",
    "object_id": None,
    "content_hash": None,
    "survey_id": "survey",
}
#: When a row came to be; other times of a record may lie ahead (deadlines, ends).
_HAPPENED = {
    "activity": "occurred_at",
    "messages": "sent_at",
    "submissions": "submitted_at",
    "submission_files": "created_at",
    "grades": "graded_at",
    "completions": "completed_at",
    "outcomes": "reached_at",
    "attendance": "left_at",
    "survey_answers": "answered_at",
}
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")
_TIMES = ("TIMESTAMP WITH TIME ZONE",)
#: Times that Python's calendar can hold in any zone.
_FIRST, _LAST = "timestamptz '0001-01-03 00:00:00Z'", "timestamptz '9999-12-29 00:00:00Z'"


@dataclass(frozen=True)
class Column:
    """A declared column."""

    name: str
    type: str
    is_needed: bool


@dataclass(frozen=True)
class Record:
    """A declared record kind: both halves."""

    name: str
    key: tuple[str, ...]
    columns: dict[str, Column]


@cache
def contract() -> dict[str, Record]:
    """Record kinds that a file may hold, by name; from the declarations themselves."""
    with Warehouse.open(None) as declared:
        declared.create_schemas()
        records = {}
        for (table,) in declared.rows("select table_name from duckdb_tables() where schema_name = 'raw' order by 1"):
            if table in _OWN:
                continue
            rows = declared.rows(
                "select column_name, data_type, not is_nullable from duckdb_columns() where table_name = ? and schema_name in ('raw', 'personal') "
                "order by schema_name desc, column_index",
                [table],
            )
            columns: dict[str, Column] = {}
            for name, kind, is_needed in rows:
                if name not in _LOADER:
                    columns.setdefault(name, Column(name, kind, is_needed))
            records[table] = Record(table, declared.key(f"raw.{table}"), columns)
        return records


class GenericReader:
    """Reads files in the contract's words (kind "generic"); one item is one file.

    Rejected, as "row N": ``no <column>`` (a key or a column that may not be empty), ``<column>: no <type>``,
    ``<column>: a word that the contract does not have``, ``a row that does not fit the header``.
    """

    kind: ClassVar[str] = "generic"
    version: ClassVar[int] = 1

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every file whose name begins with a record kind. Raises BadSource where there is none, or one that begins with nothing known."""
        root = source.path
        if root is None or not root.exists():
            raise BadSource(f"source {source.name}: looking for tables: there is no file or folder {root}")
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file() and p.name.lower().endswith(_SUFFIXES))
        if not files:
            raise BadSource(f"source {source.name}: {root.name} holds no {', '.join(_SUFFIXES)}")
        for path in files:
            if _record_of(path, root) is None:
                raise BadSource(
                    f"source {source.name}: {path.name}: a file's name begins with what it holds, one of {', '.join(sorted(contract()))}"
                )
        return [Item(path.name if root.is_file() else path.relative_to(root).as_posix(), path) for path in files]

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one file. Raises BadFile for a file that cannot be read, lacks a needed column or has one that is not declared."""
        path = item.path
        record = _record_of(path, source.path or path) if path else None
        if path is None or record is None:
            raise BadSource(f"source {source.name}: {item.name}: no table of the contract")
        realm = source.realm or source.name
        newest: datetime | None = None
        with engine_beside(_ENGINE_MEMORY) as engine:
            engine.execute(f"set TimeZone = '{context.zone.key}'")
            given = _open(engine, path, record)
            for rows in _rows(engine, path, record, given):
                yield Seen(record.name, rows.num_rows)
                bad = rows.filter(pc.is_valid(rows["reason"]))
                for place, reason in zip(bad["row"].to_pylist(), bad["reason"].to_pylist(), strict=True):
                    yield Rejected(record.name, f"row {place}", reason)
                kept = _named(rows.filter(pc.is_null(rows["reason"])).drop_columns(["row", "reason"]), record, realm, context)
                if kept.num_rows:
                    newest = max(filter(None, (newest, _newest(kept, record))), default=None)
                    yield Batch(record.name, kept)
            for line, reason in _misfits(engine):
                yield Seen(record.name, 1)
                yield Rejected(record.name, f"line {line}", reason)
        until = _said_in_name(path, context) or newest
        if source.is_whole:
            yield Whole(record.name)
        yield Covers(None, until)


def _record_of(path: Path, root: Path) -> Record | None:
    """The record a file's or its folder's name begins with; the longest name wins ("submission_files" before "submissions")."""
    parts = [path.name, *(parent.name for parent in path.parents if parent != root and root in parent.parents)]
    for part in parts:
        word = part.lower()
        for name in sorted(contract(), key=len, reverse=True):
            if word.startswith(name) and not word[len(name) : len(name) + 1].isalpha():
                return contract()[name]
    return None


def _open(engine: duckdb.DuckDBPyConnection, path: Path, record: Record) -> set[str]:
    quoted = str(path).replace("'", "''")
    reading = (
        f"read_parquet('{quoted}')"
        if path.suffix == ".parquet"
        else f"read_csv('{quoted}', all_varchar = true, header = true, nullstr = '', store_rejects = true, delim = ',', quote = '\"')"
    )
    expected = f"a table of {record.name} (docs/dictionary.md)"
    try:
        given = [str(name) for name, *_ in engine.execute(f"describe select * from {reading}").fetchall()]
        strangers = sum(name not in record.columns for name in given)
        missing = [name for name in record.key if name not in given]
        missing += [c.name for c in record.columns.values() if c.is_needed and c.name not in given and not _is_filled(record, c.name)]
        missing = sorted(set(missing) - {"realm"})
        if strangers or missing:
            found = f"{strangers} columns that are not declared" if strangers else ""
            lacks = f"no {', '.join(missing)}" if missing else ""
            raise BadFile(path, place="header", expected=expected, found=" and ".join(filter(None, (found, lacks))))
        engine.execute(f"create view given as select *, row_number() over () as row from {reading}")
    # The engine's own messages may quote letters that it could not read.
    except (duckdb.Error, UnicodeError) as error:
        raise BadFile(path, place="file", expected=expected, found="something that cannot be read as such") from error
    return set(given)


def _is_filled(record: Record, column: str) -> bool:
    return (record.name, column) in _DEFAULTS or (record.name == "accounts" and column == "realm")


def _rows(engine: duckdb.DuckDBPyConnection, path: Path, record: Record, given: set[str]) -> Iterator[pa.Table]:
    values, reasons = [], []
    for column in record.columns.values():
        default = _DEFAULTS.get((record.name, column.name))
        if column.name not in given and default is None:
            continue
        text = f"nullif({column.name}::varchar, '')" if column.name in given else "null"
        raw = f"coalesce({text}, '{default}')" if default is not None else text
        of_file = column.name if column.name in given and default is None else raw
        values.append(f"try_cast({of_file} as {column.type}) as {column.name}")
        if column.is_needed or column.name in record.key:
            reasons.append(f"when {raw} is null then 'no {column.name}'")
        if column.type != "VARCHAR":
            kind = "time" if column.type in _TIMES else column.type.lower()
            cast = f"try_cast({of_file} as {column.type})"
            # What lies beyond the calendar ("infinity", the year 290000) is no time.
            beyond = f" or {cast} not between {_FIRST} and {_LAST}" if column.type in _TIMES else ""
            reasons.append(f"when {raw} is not null and ({cast} is null{beyond}) then '{column.name}: no {kind}'")
        if words := WORDS.get(record.name, {}).get(column.name):
            listed = ", ".join(f"'{word}'" for word in words)
            reasons.append(f"when {raw} not in ({listed}) then '{column.name}: a word that the contract does not have'")
    query = f"select row, {', '.join(values)}, case {' '.join(reasons)} end as reason from given order by row"
    try:
        for batch in engine.execute(query).to_arrow_reader(BATCH_ROWS):
            yield pa.Table.from_batches([batch])
    except (duckdb.Error, UnicodeError) as error:
        raise BadFile(path, place="file", expected=f"a table of {record.name}", found="rows that cannot be read") from error


def _misfits(engine: duckdb.DuckDBPyConnection) -> list[tuple[int, str]]:
    """Lines that the CSV reader set aside: too many or too few cells, broken quotes or letters."""
    if not engine.execute("select count(*) from duckdb_tables() where table_name = 'reject_errors'").fetchall()[0][0]:
        return []
    rows = engine.execute("select line, min(error_type::varchar) from reject_errors group by line order by line").fetchall()
    return [(line, "a row that does not fit the header") for line, _ in rows]


def _named(rows: pa.Table, record: Record, realm: str, context: Context) -> pa.Table:
    """Native ids as ids of the realm, accounts as pseudonyms, times in UTC."""
    columns: dict[str, pa.Array] = {}
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        if name == "account_id" or name.endswith("_account_id") or name in _ACCOUNT_COLUMNS:
            columns[name] = context.pseudonyms.column(realm, column)
        elif pa.types.is_timestamp(column.type):
            columns[name] = column.cast(pa.timestamp("us", tz="UTC"))
        elif name.endswith("_id") and name != "native_id" and (thing := _THINGS.get(name, name.removesuffix("_id"))):
            prefixed = pc.binary_join_element_wise(pa.scalar(f"{realm}:{thing}:"), column, "")
            columns[name] = pc.if_else(pc.starts_with(column, f"{realm}:"), column, prefixed)
        else:
            columns[name] = column
    if record.name == "accounts":
        columns["native_id"] = rows["account_id"].combine_chunks()
        columns["realm"] = pa.repeat(pa.scalar(realm), rows.num_rows)
    return pa.table(columns)


def _newest(rows: pa.Table, record: Record) -> datetime | None:
    column = _HAPPENED.get(record.name)
    return pc.max(rows[column]).as_py() if column in rows.column_names else None


def _said_in_name(path: Path, context: Context) -> datetime | None:
    found = _DAY.search(path.name)
    if not found:
        return None
    try:
        day = date.fromisoformat(found.group(1))
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=1), time(), context.zone).astimezone(UTC)
