"""The way into a Moodle database: connect, look whether it is one, run the extraction queries, get Arrow back in batches.

A query is a file of ``sql/extract/moodle``: plain SQL that PostgreSQL, MariaDB, MySQL and SQLite run unchanged, in which ``{user}``
stands for that table with the site's prefix. A table of an absent plug-in is put in as an empty one, so a query needs no second form.
Belongs here: everything that speaks to the server. What the rows mean stands in the modules by subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from pipelines.errors import BadSource, SourceAway
from pipelines.programme import Source
from pipelines.settings import SQL_FOLDER
from pipelines.sources.moodle_db.tables import ACTIVITY_COLUMNS, OPTIONAL, TABLES

QUERIES = SQL_FOLDER / "extract" / "moodle"
#: Rows fetched at once: some tens of megabytes where they hold long texts.
BATCH_ROWS = 50_000

#: The log's rows are short.
LOG_BATCH_ROWS = 200_000

#: Columns of query results that hold text and real numbers; all others hold whole numbers.
TEXT = frozenset(
    {
        "archetype", "city", "commenttext", "component", "contenthash", "email", "enrol", "eventname", "extra", "feedback", "feedbackname",
        "filename", "firstname", "format", "forumtype", "fullmessage", "fullmessagehtml", "fullname", "groupingname", "idnumber", "institution", "intro",
        "itemname", "lang", "lastname", "message", "mimetype", "modname", "name", "objecttable", "onlinetext", "origin", "other", "phone1", "phone2",
        "presentation", "scale", "shortname", "smallmessage", "state", "status_word", "subject", "timezone", "typ", "username", "value",
        "workflowstate", "attachment",
    }
)  # fmt: skip
REAL = frozenset({"grade", "maxgrade", "passgrade", "sumgrades", "quizsumgrades", "quizgrade", "finalgrade", "grademax", "assigngrade"})
#: Text columns of optional tables, for which an empty stand-in has to have the right type.
_OPTIONAL_TEXT = frozenset(
    {"name", "intro", "content", "value", "presentation", "typ", "onlinetext", "commenttext", "state"}
)  # fmt: skip

#: Access denied to the database, to the user; unknown database.
_MYSQL_REFUSALS = frozenset({1044, 1045, 1049})
_REFUSALS = re.compile(
    r"does not exist|authentication failed|no pg_hba\.conf entry|no password supplied|не существует|проверку подлинности|в pg_hba\.conf нет"
)

_TABLE = re.compile(r"\{([a-z_]+)\}")
_COMMENT = re.compile(r"--[^\n]*")


class Database:
    """One open connection to a Moodle database, all of whose queries see the same moment. Use :meth:`open`."""

    def __init__(self, connection: Connection, url: URL, prefix: str, columns: Mapping[str, frozenset[str]]) -> None:
        self.connection, self.url, self.prefix = connection, url, prefix
        #: Tables that are there (without prefix) → their columns.
        self.columns = columns
        self._quote = connection.dialect.identifier_preparer.quote

    @classmethod
    @contextmanager
    def open(cls, source: Source, url: str | None) -> Iterator[Database]:
        """Connect and look whether this is a Moodle.

        Raises BadSource without a URL, for a URL that is none, for a database that lacks a table or column; SourceAway where the
        server does not answer. No message holds the password.
        """
        parsed = _url(source, url)
        try:
            engine = sa.create_engine(parsed, poolclass=sa.pool.NullPool)
        except (NoSuchModuleError, ArgumentError) as error:
            raise BadSource(
                f"{source.name}: no driver for {parsed.drivername!r}: use postgresql+psycopg://, mysql+pymysql:// or sqlite:///"
            ) from error
        except ModuleNotFoundError as error:
            raise BadSource(f"{source.name}: the driver of {parsed.drivername!r} is not installed: {error.name}") from error
        try:
            connection = _connect(source, engine, parsed)
            with connection, _told(source, parsed):
                yield cls(connection, parsed, source.table_prefix, _inspect(source, connection, parsed))
        finally:
            engine.dispose()

    def has(self, table: str) -> bool:
        """Is the table there?"""
        return table in self.columns

    def count(self, table: str, where: str = "1 = 1") -> int:
        """Rows of a table; 0 where it is absent."""
        return int(self.value(f"select count(*) from {{{table}}} t where {where}")) if self.has(table) else 0

    def value(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The single value of a statement; None where it has no row."""
        row = self.row(statement, parameters)
        return row[0] if row else None

    def row(self, statement: str, parameters: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """The first row of a statement; empty where it has none."""
        row = self.connection.execute(sa.text(self.statement(statement)), parameters or {}).first()
        return tuple(row) if row else ()

    def batches(
        self, query: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, str] | None = None
    ) -> Iterator[pa.Table]:
        """Rows of the query of that file name, in batches and in its order; at least one batch, which may be empty.

        ``tables`` puts other tables in the place of names of the query (for activity types that share one query).
        """
        statement = self.statement((QUERIES / f"{query}.sql").read_text(encoding="utf-8"), tables)
        result = self.connection.execution_options(stream_results=True, yield_per=BATCH_ROWS).execute(sa.text(statement), parameters or {})
        names = list(result.keys())
        is_first = True
        for rows in result.partitions(BATCH_ROWS):
            is_first = False
            yield _arrow(names, list(zip(*rows, strict=True)))
        if is_first:
            yield _arrow(names, [() for _ in names])

    def log_batches(self, after: int) -> Iterator[pa.Table]:
        """Rows of the log with an id above ``after``: straight from PostgreSQL to Arrow where the ADBC driver is installed, else as any query.

        Same rows either way, in batches of at most :data:`LOG_BATCH_ROWS`. The log only grows, so it needs no common snapshot.
        """
        if self.url.get_backend_name() != "postgresql" or find_spec("adbc_driver_postgresql") is None or not _is_plain(self.url):
            yield from self.batches("activity", {"after": after})
            return
        adbc = import_module("adbc_driver_postgresql.dbapi")
        statement = self.statement((QUERIES / "activity.sql").read_text(encoding="utf-8")).replace(":after", str(int(after)))
        try:
            with adbc.connect(self.url.set(drivername="postgresql").render_as_string(hide_password=False)) as link, link.cursor() as cursor:
                cursor.execute(statement)
                for batch in cursor.fetch_record_batch():
                    rows = pa.Table.from_batches([batch])
                    rows = rows.cast(pa.schema([(name, pa.string() if name in TEXT else pa.int64()) for name in rows.column_names]))
                    for start in range(0, rows.num_rows, LOG_BATCH_ROWS):
                        yield rows.slice(start, LOG_BATCH_ROWS)
        except adbc.Error as error:
            # Its text may quote the address with the password.
            raise SourceAway(f"{_place(self.url)}: the connection broke off while reading the log ({type(error).__name__})") from None

    def table(self, query: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, str] | None = None) -> pa.Table:
        """All rows of a query in one table: for what stays small (courses, tasks, groups)."""
        return pa.concat_tables(self.batches(query, parameters, tables))

    def statement(self, text: str, tables: Mapping[str, str] | None = None) -> str:
        """SQL with the site's own table names in the place of ``{user}``."""
        return _TABLE.sub(lambda match: self._table((tables or {}).get(match.group(1), match.group(1))), _COMMENT.sub("", text))

    def _table(self, name: str) -> str:
        if self.has(name):
            return self._quote(self.prefix + name)
        # An absent table is an empty one; the columns borrow their types from a table that is always there.
        columns = ", ".join(f"{'value' if column in _OPTIONAL_TEXT else 'id'} as {column}" for column in TABLES.get(name, ACTIVITY_COLUMNS))
        return f"(select {columns} from {self._quote(self.prefix + 'config')} where 1 = 0)"


def _url(source: Source, url: str | None) -> URL:
    variable = f"MAYAK_SOURCES__{source.name.upper()}__URL"
    if not url:
        raise BadSource(f"{source.name}: no database URL; set {variable}, for example postgresql+psycopg://user:password@host:5432/moodle")
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # The text of the error would repeat the URL.
        raise BadSource(
            f"{source.name}: {variable} is no database URL; expected dialect+driver://user:password@host:port/database"
        ) from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:" and not Path(parsed.database).is_file():
        raise BadSource(f"{source.name}: {variable}: no database file {parsed.database}")
    return parsed


def _connect(source: Source, engine: sa.Engine, url: URL) -> Connection:
    try:
        connection = engine.connect()
    except DBAPIError as error:
        # A refusal stays one until somebody mends the address; everything else may pass. libpq gives no code for it, only its words.
        code = error.orig.args[0] if error.orig is not None and error.orig.args else ""
        if code in _MYSQL_REFUSALS or _REFUSALS.search(str(error.orig)):
            raise BadSource(f"{source.name}: {_place(url)}: the server refuses this user, password or database") from None
        raise SourceAway(f"{source.name}: {_place(url)}: cannot connect ({type(error.orig).__name__})") from None
    # One snapshot for all queries, and no chance to write.
    if url.get_backend_name() == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if url.get_backend_name() in ("mysql", "mariadb"):
        return connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


@contextmanager
def _told(source: Source, url: URL) -> Iterator[None]:
    """Errors of the server in Mayak's words. Their own texts may quote values, so they are not repeated."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        told = f"{source.name}: {_place(url)}: {type(error.orig).__name__}{f' ({state})' if state else ''}"
        if error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
            raise SourceAway(f"{told}: the connection broke off while reading") from None
        raise BadSource(f"{told}: a query was refused") from None
    except SQLAlchemyError as error:
        raise BadSource(f"{source.name}: {_place(url)}: {type(error).__name__} while reading") from None


def _is_plain(url: URL) -> bool:
    """Can the URL be given to libpq as it is? (SQLAlchemy's own ways of naming several hosts cannot.)"""
    return bool(url.host) and all(isinstance(value, str) for value in url.query.values()) and "host" not in url.query


def _place(url: URL) -> str:
    return f"{url.get_backend_name()} at {url.host or 'local file'}{f':{url.port}' if url.port else ''}/{Path(url.database or '').name}"


def _inspect(source: Source, connection: Connection, url: URL) -> dict[str, frozenset[str]]:
    inspector = sa.inspect(connection)
    prefix = source.table_prefix
    present = {name[len(prefix) :] for name in inspector.get_table_names() if name.startswith(prefix)}
    missing = sorted(prefix + name for name in TABLES if name not in present and name not in OPTIONAL)
    if missing:
        raise BadSource(
            f"{source.name}: {_place(url)}: not a Moodle with prefix {prefix!r}: no table {missing[0]}"
            + (f" (nor {len(missing) - 1} others)" if len(missing) > 1 else "")
        )
    wanted = sorted(prefix + name for name in present)
    found = inspector.get_multi_columns(filter_names=wanted)
    columns = {name[len(prefix) :]: frozenset(column["name"] for column in given) for (_, name), given in found.items()}
    for table, needed in TABLES.items():
        if table in columns and (lacking := sorted(set(needed) - columns[table])):
            raise BadSource(
                f"{source.name}: {_place(url)}: table {prefix}{table} has no column {', '.join(lacking)}: is this Moodle older than 4.0?"
            )
    return columns


def _arrow(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> pa.Table:
    return pa.table([_column(name, values) for name, values in zip(names, columns, strict=True)], names=list(names))


def _column(name: str, values: Sequence[Any]) -> pa.Array:
    if name in TEXT:
        try:
            return pa.array(values, pa.string())
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.array([value if value is None else _text(value) for value in values], pa.string())
    if name in REAL:
        # Decimal on PostgreSQL and MySQL, float or int on SQLite
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    try:
        return pa.array(values, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        try:
            return pa.array([None if value in (None, "") else int(value) for value in values], pa.int64())
        except (TypeError, ValueError) as error:
            raise BadSource(f"column {name}: expected whole numbers, found something else") from error


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
