"""Connecting to a Moodle's database and looking whether it is one. Nothing that is told of an error holds a password or a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from pipelines.errors import BadSource, SourceAway
from pipelines.programme import Source
from pipelines.sources.lms.moodle_db.tables import OPTIONAL, OPTIONAL_COLUMNS, PLUG_INS, STAND_INS, TABLES

#: Access denied to the database, to the user; unknown database.
_MYSQL_REFUSALS = frozenset({1044, 1045, 1049})
_REFUSALS = re.compile(
    r"does not exist|authentication failed|no pg_hba\.conf entry|no password supplied|не существует|проверку подлинности|в pg_hba\.conf нет"
)
#: What every session begins with: no chance to write, and one encoding.
_FIRST_WORDS = {
    "postgresql": ("set client_encoding to 'UTF8'", "set default_transaction_read_only to on"),
    "mysql": ("set session transaction read only",),
    "mariadb": ("set session transaction read only",),
}
#: Columns that this user may read, by table: a column that was not granted is as good as absent.
_COLUMNS = {
    "postgresql": "select table_name, column_name from information_schema.columns where table_schema = any (current_schemas(false))",
    "mysql": "select table_name, column_name from information_schema.columns where table_schema = database()",
}

#: Tables whether they were granted or not.
_TABLES_THERE = (
    "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    "where c.relkind in ('r', 'v', 'p', 'm', 'f') and n.nspname = any (current_schemas(false))"
)
#: What mends too narrow grants.
_REMEDIES = {
    "postgresql": "; if so, as the owner of the tables: psql <database> --file sql/extract/moodle/grants_postgresql.sql",
    "mysql": "; if so: mariadb --skip-column-names --raw <database> < sql/extract/moodle/grants_mariadb.sql | mariadb <database>",
}
#: Names of tables or columns in one message: more do not help whoever grants them by one script.
_MOST_NAMED = 5


def parsed_url(source: Source, url: str | None) -> URL:
    """The URL of the source. Raises BadSource where there is none, or none that can be read."""
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
    if parsed.drivername in ("mysql", "mariadb"):
        parsed = parsed.set(drivername=f"{parsed.drivername}+pymysql")
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:" and not Path(parsed.database).is_file():
        raise BadSource(f"{source.name}: {variable}: no database file {parsed.database}")
    return parsed


def engine_for(source: Source, url: URL) -> sa.Engine:
    """An engine without a pool. Raises BadSource for a dialect or driver that is not there."""
    try:
        return sa.create_engine(url, poolclass=sa.pool.NullPool)
    except (NoSuchModuleError, ArgumentError) as error:
        raise BadSource(
            f"{source.name}: no driver for {url.drivername!r}: use postgresql+psycopg://, mysql+pymysql:// or sqlite:///"
        ) from error
    except ModuleNotFoundError as error:
        raise BadSource(f"{source.name}: the driver of {url.drivername!r} is not installed: {error.name}") from error


def connected(source: Source, engine: sa.Engine, url: URL) -> Connection:
    """A connection all of whose queries see one moment and which cannot write. Raises BadSource (refused) and SourceAway (no answer)."""
    try:
        connection = engine.connect()
    except DBAPIError as error:
        # A refusal stays one until somebody mends the address; everything else may pass. libpq gives no code for it, only its words.
        code = error.orig.args[0] if error.orig is not None and error.orig.args else ""
        if code in _MYSQL_REFUSALS or _REFUSALS.search(str(error.orig)):
            raise BadSource(f"{source.name}: {place(url)}: the server refuses this user, password or database") from None
        raise SourceAway(f"{source.name}: {place(url)}: cannot connect ({type(error.orig).__name__})") from None
    backend = url.get_backend_name()
    try:
        for statement in _FIRST_WORDS.get(backend, ()):
            connection.exec_driver_sql(statement)
        connection.commit()
    except DBAPIError as error:
        connection.close()
        raise SourceAway(f"{source.name}: {place(url)}: the session cannot begin ({type(error.orig).__name__})") from None
    if backend == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if backend in ("mysql", "mariadb"):
        return connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


@contextmanager
def told(source: Source, url: URL) -> Iterator[None]:
    """Errors of the server in Mayak's words. Their own texts may quote values, so they are not repeated."""
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        words = f"{source.name}: {place(url)}: {type(error.orig).__name__}{f' ({state})' if state else ''}"
        if error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
            raise SourceAway(f"{words}: the connection broke off while reading") from None
        raise BadSource(f"{words}: a query was refused") from None
    except SQLAlchemyError as error:
        raise BadSource(f"{source.name}: {place(url)}: {type(error).__name__} while reading") from None


def place(url: URL) -> str:
    """The database as messages call it: server, port, name; neither user nor password."""
    return f"{url.get_backend_name()} at {url.host or 'local file'}{f':{url.port}' if url.port else ''}/{Path(url.database or '').name}"


def columns_found(source: Source, connection: Connection, url: URL) -> tuple[Mapping[str, frozenset[str]], list[str]]:
    """(tables with the source's prefix, without it → the columns that may be read; tables of plug-ins that lack columns and are passed over).

    Raises BadSource where a table or a column is missing that every Moodle from 3.9 on has.
    """
    prefix = source.table_prefix
    found: dict[str, set[str]] = {}
    for table, column in _all_columns(connection, url):
        if table.startswith(prefix):
            found.setdefault(table[len(prefix) :], set()).add(column)
    backend = url.get_backend_name()
    remedy = _REMEDIES.get("mysql" if backend == "mariadb" else backend, "")
    replaced = {name for name, (table, column, _) in STAND_INS.items() if column in found.get(table, ())}
    missing = sorted(prefix + name for name in TABLES if name not in found and name not in OPTIONAL and name not in replaced)
    if missing:
        raise BadSource(
            f"{source.name}: {place(url)}: not a Moodle with prefix {prefix!r}, or one that this user may not read: no table {missing[0]}"
            + (f" (nor {_listed(missing[1:])})" if len(missing) > 1 else "")
            + remedy
        )
    lacking = [
        (table, column)
        for table, needed in TABLES.items()
        if table in found
        for column in sorted(set(needed) - found[table] - set(OPTIONAL_COLUMNS.get(table, {})))
    ]
    unlike = sorted({table for table, _ in lacking if table in PLUG_INS})
    lacking = [(table, column) for table, column in lacking if table not in PLUG_INS]
    if lacking:
        table = lacking[0][0]
        others = [f"{prefix}{other}.{column}" for other, column in lacking if other != table]
        raise BadSource(
            f"{source.name}: {place(url)}: table {prefix}{table} has no column {', '.join(column for of, column in lacking if of == table)}"
            + (f" (nor are there {_listed(others)})" if others else "")
            + f": is this Moodle older than 3.9, or may this user not read it?{remedy}"
        )
    return {table: frozenset(columns) for table, columns in found.items() if table not in unlike}, unlike


def not_granted(connection: Connection, url: URL, prefix: str, columns: Mapping[str, frozenset[str]]) -> list[str]:
    """Tables (without prefix) that the site has and this user may not read, by name; of PostgreSQL only, for others do not show them."""
    if url.get_backend_name() != "postgresql":
        return []
    there = {str(table) for (table,) in connection.exec_driver_sql(_TABLES_THERE)}
    return sorted(name for name in TABLES if name in OPTIONAL and name not in columns and prefix + name in there)


def _listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} others" if more > 0 else "")


def _all_columns(connection: Connection, url: URL) -> Iterator[tuple[str, str]]:
    backend = url.get_backend_name()
    if query := _COLUMNS.get("mysql" if backend == "mariadb" else backend):
        for table, column in connection.exec_driver_sql(query):
            yield str(table), str(column)
        return
    inspector = sa.inspect(connection)
    for (_, table), columns in inspector.get_multi_columns().items():
        for column in columns:
            yield table, column["name"]
