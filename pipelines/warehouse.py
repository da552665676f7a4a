"""The warehouse: one interface, an embedded DuckDB file behind it.

The declared schema (``sql/schema/*.sql``) is the contract: :meth:`Warehouse.check` compares a frame with the catalogue, and every
write goes through :meth:`replace` or :meth:`merge`, so that writing twice gives what writing once gives.
DuckDB lets one process at a time open the file: open it late, close it early (``with Warehouse.open(path) as warehouse``).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import duckdb
import pyarrow as pa

from pipelines.errors import BadConfiguration, BadContract, PermanentError, TransientError
from pipelines.settings import SQL_FOLDER

if TYPE_CHECKING:
    # Half of the time that a command takes to begin, and most commands need none of it.
    import pandas as pd

#: In the order in which they are made. A schema's file holds nothing but `create … if not exists` and comments.
SCHEMAS = ("raw", "personal", "links", "risk", "deliveries")

_KEY = re.compile(r"Key: ([a-z_, ]+)\.")
#: In a table's comment, or a column's: a later row that does not know a value leaves the known one standing.
KEEPS_KNOWN = "Nulls keep what was known."
#: In a column's comment: any copy of the row that says so is enough, whatever a newer one says.
STAYS_TRUE = "Once true it stays true."
#: How often somebody who waits for the file looks whether it is free (s).
_LOOK_AGAIN = 0.5


def _digest(declared: str, columns: str) -> str:
    return sha256(f"{declared}\x1f{columns}".encode()).hexdigest()


class Warehouse:
    """A connection to the warehouse. Use as a context manager."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._in_transaction = False
        self._may_be_narrowed = False
        self._held: list[str] = []
        #: What the catalogue says of the declared tables, by question: an item of a few rows would ask it some forty times.
        self._told: dict[tuple[str, str], Any] = {}
        self._unheld = str(self.value("select current_setting('memory_limit')"))
        self.connection.execute("set TimeZone = 'UTC'")

    @classmethod
    def open(cls, path: Path | None, *, read_only: bool = False, memory_limit: str | None = None, patience: float = 0) -> Self:
        """Open (and, unless ``read_only``, create) the warehouse file; None opens one in memory.

        ``patience``: seconds to wait for another process that has it open.

        Raises TransientError where it still has, PermanentError where there is no file to read, or one that is no warehouse or
        must not be written; BadConfiguration for a memory limit that is none.
        """
        if path is not None and read_only and not path.exists():
            raise PermanentError(f"there is no warehouse {path} yet: the first `mayak run daily` makes it")
        if path is not None and not read_only:
            try:
                # Closed to others as the warehouse is: its write-ahead log and the lists beside it name people too.
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise PermanentError(f"the warehouse {path}: expected a folder that can be written to; found: {error.strerror}") from error
        is_new = path is not None and not path.exists()
        connection = _connect(path, read_only=read_only, patience=patience)
        if path is not None and is_new:
            # It names everybody: its owner's alone, as the page's files are. Who wants it otherwise says so once.
            path.chmod(0o600)
        if memory_limit:
            try:
                connection.execute("set memory_limit = ?", [memory_limit])
            except duckdb.ParserException as error:
                connection.close()
                raise BadConfiguration(f"MAYAK_MEMORY_LIMIT: expected a size such as 4GB; found {memory_limit!r}") from error
        # Progress bars are drawn by pipelines.progress; two of them on one terminal are none.
        connection.execute("set enable_progress_bar = false")
        warehouse = cls(connection)
        warehouse._may_be_narrowed = path is not None and not memory_limit
        return warehouse

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.connection.close()

    def create_schemas(self) -> None:
        """Make whatever of the declared schemas is not there yet. Safe to repeat: what the same declarations made is looked at, not made again.

        Columns that an older version did not know are added, and null in the rows that are there. Raises BadContract where a row must have one.
        """
        self._told.clear()
        made = dict(self.rows("select schema_name, digest from raw.declared")) if self.has_table("raw.declared") else {}
        columns = self._columns_there()
        for schema in SCHEMAS:
            declared = (SQL_FOLDER / "schema" / f"{schema}.sql").read_text(encoding="utf-8")
            if made.get(schema) == _digest(declared, columns.get(schema, "")):
                continue
            try:
                self._declare(schema, declared)
            except (duckdb.BinderException, duckdb.CatalogException):
                # A comment on a column that the table does not have.
                self._add_columns(schema, declared)
                self._declare(schema, declared)
        self._told.clear()

    def _declare(self, schema: str, declared: str) -> None:
        # In one transaction: each comment in one of its own would be waited for until it is on the disk.
        with self.transaction():
            self.connection.execute(declared)
            self.connection.execute("delete from raw.declared where schema_name = ?", [schema])
            self.connection.execute("insert into raw.declared values (?, ?)", [schema, _digest(declared, self._columns_there()[schema])])

    def _columns_there(self) -> dict[str, str]:
        """Schema → its tables and their columns, in one text."""
        return dict(
            self.rows(
                "select schema_name, string_agg(table_name || '.' || column_name, ' ' order by table_name, column_index) "
                "from duckdb_columns() where database_name = current_database() group by schema_name"
            )
        )

    def _add_columns(self, schema: str, declared: str) -> None:
        with duckdb.connect() as new:
            new.execute(declared)
            wanted = new.execute(
                "select table_name, column_name, data_type, is_nullable from duckdb_columns() where schema_name = ? order by table_name, column_index",
                [schema],
            ).fetchall()
        there = set(self.rows("select table_name, column_name from duckdb_columns() where schema_name = ?", [schema]))
        tables = {table for table, _ in there}
        for table, column, kind, is_nullable in wanted:
            if table in tables and (table, column) not in there:
                if not is_nullable and self.value(f"select exists (select 1 from {schema}.{table})"):
                    raise BadContract(
                        f"{schema}.{table}: this warehouse is of an older version: its rows lack {column}, which each must have"
                    )
                # The engine adds no column that must not be null; what fills the table checks it.
                self.connection.execute(f"alter table {schema}.{table} add column {column} {kind}")

    # -- reading ------------------------------------------------------------------------------------------------------------

    def arrow(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pa.Table:
        """Result of a query as an Arrow table."""
        return self.connection.execute(query, parameters).to_arrow_table()

    def frame(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Result of a query as a pandas frame: for reports and models, not for large tables."""
        return self.connection.execute(query, parameters).df()

    def rows(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Result of a query as tuples."""
        return self.connection.execute(query, parameters).fetchall()

    def value(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> Any:
        """The single value of a query, None where it has no row."""
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None

    # -- the contract -------------------------------------------------------------------------------------------------------

    def columns(self, table: str) -> dict[str, str]:
        """Declared columns of ``schema.table`` with their types, in order. Raises BadContract for a table not declared."""
        try:
            # Of this table alone: the information schema goes through the columns of all.
            told = self._catalogue("columns", table, lambda: self.rows("select name, type from pragma_table_info(?) order by cid", [table]))
        except duckdb.CatalogException as error:
            raise BadContract(f"{table}: not declared in sql/schema/{table.split('.')[0]}.sql") from error
        return dict(told)

    def has_table(self, table: str) -> bool:
        """Is there a table or view ``schema.table``?"""
        query = "select count(*) from information_schema.tables where table_schema = ? and table_name = ?"
        return bool(self._catalogue("there", table, lambda: self.value(query, table.split("."))))

    def key(self, table: str) -> tuple[str, ...]:
        """Columns that make a row of a declared table the same row (``Key:`` in its comment)."""
        match = _KEY.search(self.comment(table))
        if not match:
            raise BadContract(f"{table}: no 'Key: …' in its comment")
        return tuple(part.strip() for part in match.group(1).split(","))

    def lasting(self, table: str) -> tuple[str, ...]:
        """Columns of a declared table that once true stay true (:data:`STAYS_TRUE` in their comment)."""
        query = "select column_name from duckdb_columns() where schema_name = ? and table_name = ? and contains(comment, ?) order by column_index"
        told = self._catalogue("lasting", table, lambda: self.rows(query, [*table.split("."), STAYS_TRUE]))
        return tuple(column for (column,) in told)

    def check(self, table: str, frame: pa.Table) -> None:
        """Refuse a frame whose columns are not the declared ones. Raises BadContract naming what is missing or extra."""
        declared = set(self.columns(table))
        given = set(frame.column_names)
        if declared != given:
            missing, extra = sorted(declared - given), sorted(given - declared)
            raise BadContract(
                f"{table}: columns missing: {', '.join(missing) or 'none'}; columns not declared: {', '.join(extra) or 'none'}"
            )

    @contextmanager
    def registered(self, name: str, rows: pa.Table) -> Iterator[None]:
        """The rows can be read under a name for the length of the block."""
        self.connection.register(name, rows)
        try:
            yield
        finally:
            self.connection.unregister(name)

    # -- writing ------------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing of it. Inside another one it is a part of that one, so that several replacements can be one."""
        if self._in_transaction:
            yield
            return
        self.connection.execute("begin")
        self._in_transaction = True
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        else:
            self.connection.execute("commit")
        finally:
            self._in_transaction = False

    def append(self, table: str, columns: Sequence[str], rows: pa.Table, given: Mapping[str, str] | None = None) -> None:
        """Add rows to a table that has these columns, in their order; those that the rows lack are filled with what is given, or null.

        Not by :meth:`registered`: a name that is dropped inside a transaction holds its rows until the end of it.
        """
        own = set(rows.column_names)
        picked = (name if name in own else f"{(given or {}).get(name, 'null')} as {name}" for name in columns)
        self.connection.from_arrow(rows).project(", ".join(picked)).insert_into(table)

    @contextmanager
    def narrowed(self, *, memory: str, threads: int | None = None) -> Iterator[None]:
        """The engine holds no more than so much memory, and works with so many threads of its own, for the length of the block.

        Blocks may stand inside each other. A limit that the operator has set stands, and a warehouse in memory is held as it is.
        """
        # A transaction that has failed takes no statement, not even these: they are made beside it.
        with self.connection.cursor() as beside:
            before = beside.execute("select current_setting('threads')").fetchall()[0][0]
            is_narrowed = self._may_be_narrowed
            if is_narrowed:
                beside.execute("set memory_limit = ?", [memory])
                self._held.append(memory)
            beside.execute(f"set threads = {threads or before}")
            try:
                yield
            finally:
                beside.execute(f"set threads = {before}")
                if is_narrowed:
                    self._held.pop()
                    # The engine tells its limit rounded down: asked for anew, it would be a little less each time. And a limit that is
                    # reset is still held to (DuckDB's issue 22203, also in 1.5).
                    beside.execute("set memory_limit = ?", [self._held[-1] if self._held else self._unheld])

    @contextmanager
    def at_large(self) -> Iterator[None]:
        """:meth:`narrowed` holds no memory back for the length of the block: for what did not get by with less."""
        before, self._may_be_narrowed = self._may_be_narrowed, False
        try:
            yield
        finally:
            self._may_be_narrowed = before

    def replace(
        self, table: str, frame: pa.Table | pd.DataFrame, *, where: str | None = None, parameters: Sequence[Any] | None = None
    ) -> int:
        """Put ``frame`` in the place of the table's rows (of those that match ``where``). Returns the rows written.

        Atomic and repeatable. Raises BadContract when the columns are not the declared ones or a key repeats.
        """
        rows = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        self.check(table, rows)
        key = ", ".join(self.key(table))
        columns = ", ".join(self.columns(table))
        view = "incoming_rows"
        with self.registered(view, rows):
            doubles = self.value(f"select count(*) from (select 1 from {view} group by {key} having count(*) > 1)")
            if doubles:
                raise BadContract(f"{table}: {doubles} keys ({key}) stand more than once")
            with self.transaction():
                self.connection.execute(f"delete from {table}" + (f" where {where}" if where else ""), parameters)
                self.connection.execute(f"insert into {table} ({columns}) select {columns} from {view} order by {key}")
        return rows.num_rows

    def merge(self, table: str, view: str) -> int:
        """Bring rows of a view or temporary table into ``table`` by key; call inside a transaction.

        A row that is not there is added; one that is there is replaced when it differs in more than its load. Where the table's
        or a column's comment says "Nulls keep what was known", a null does not overwrite a value. The view has the declared columns and one row
        per key. Returns rows added or replaced.
        """
        key = self.key(table)
        columns = list(self.columns(table))
        names = ", ".join(columns)
        on = " and ".join(f"old.{column} is not distinct from new.{column}" for column in key)
        content = [column for column in columns if column not in (*key, "load_id", "seen_at", "source")]
        keeps = self.keeping(table)
        value = {column: f"coalesce(new.{column}, old.{column})" if column in keeps else f"new.{column}" for column in columns}
        changed = " or ".join(f"old.{column} is distinct from {value[column]}" for column in content) or "false"
        picked = ", ".join(f"{value[column]} as {column}" for column in columns)
        self.connection.execute(
            f"create or replace temp table incoming as select {picked}, old.{key[0]} is not null as is_known "
            f"from {view} as new left join {table} as old on {on} where old.{key[0]} is null or {changed}"
        )
        count = int(self.value("select count(*) from incoming"))
        if count:
            if self.value("select bool_or(is_known) from incoming"):
                match = " and ".join(f"old.{column} is not distinct from incoming.{column}" for column in key)
                self.connection.execute(f"delete from {table} as old using incoming where {match}")
            self.connection.execute(f"insert into {table} ({names}) select {names} from incoming")
        self.connection.execute("drop table incoming")
        return count

    def keeping(self, table: str) -> tuple[str, ...]:
        """Columns of a declared table whose value no later null takes away (:data:`KEEPS_KNOWN` in the table's comment or in theirs)."""
        query = "select column_name, coalesce(comment, '') from duckdb_columns() where schema_name = ? and table_name = ?"
        told = self._catalogue("keeping", table, lambda: self.rows(query, table.split(".")))
        is_whole = KEEPS_KNOWN in self.comment(table)
        besides = (*self.key(table), "load_id", "seen_at", "source")
        return tuple(column for column, comment in told if column not in besides and (is_whole or KEEPS_KNOWN in comment))

    def comment(self, table: str) -> str:
        """The declared comment of a table; empty where it has none."""
        query = "select comment from duckdb_tables() where schema_name = ? and table_name = ?"
        return self._catalogue("comment", table, lambda: self.value(query, table.split("."))) or ""

    def _catalogue(self, question: str, table: str, ask: Callable[[], Any]) -> Any:
        """The catalogue's answer; asked once of a declared table, which nothing but :meth:`create_schemas` changes while the file is open."""
        if table.split(".")[0] not in SCHEMAS:
            return ask()
        if (question, table) not in self._told:
            self._told[question, table] = ask()
        return self._told[question, table]


@contextmanager
def engine_beside(memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine of its own, in memory, for one piece of work beside the warehouse.

    What is more than ``memory`` (default: the engine's own bound) waits in a temporary folder that only its owner may enter and that goes with the
    engine. Left to itself the engine would lay people's data into the folder from which the command was called, and leave it there when it is killed.
    """
    with tempfile.TemporaryDirectory(prefix="mayak-") as folder:
        held = {"memory_limit": memory} if memory else {}
        with duckdb.connect(":memory:", config={"temp_directory": folder, **held}) as engine:
            yield engine


def literal(moment: datetime | None) -> str:
    """A moment as it is written in a statement."""
    return f"timestamptz '{moment.isoformat()}'" if moment else "null::timestamptz"


def _connect(path: Path | None, *, read_only: bool, patience: float) -> duckdb.DuckDBPyConnection:
    until = monotonic() + patience
    while True:
        try:
            return duckdb.connect(str(path) if path else ":memory:", read_only=read_only)
        except duckdb.IOException as error:
            if "could not set lock" not in str(error).lower():
                found = str(error).splitlines()[0].removeprefix("IO Error: ")
                expected = f"expected a DuckDB file that can be {'read' if read_only else 'written'}"
                raise PermanentError(f"the warehouse {path}: {expected}; found: {found}") from error
            if monotonic() >= until:
                raise TransientError(f"the warehouse {path} is open in another process; one at a time") from error
        sleep(_LOOK_AGAIN)
