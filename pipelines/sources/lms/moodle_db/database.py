"""The way into a Moodle database: run the extraction queries, get Arrow back in batches.

A query is a file of ``sql/extract/moodle``: plain SQL that PostgreSQL, MariaDB, MySQL and SQLite run unchanged, in which ``{user}``
stands for that table with the site's prefix. A table of an absent plug-in is put in as an empty one, and a column that a site's
version does not have yet with what stands for it, so a query needs no second form.
Belongs here: everything that asks the server. What the rows mean stands in the modules by subject; how to connect in ``connecting``;
the ways to Arrow in ``straight``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from pipelines.prefetch import prefetch
from pipelines.programme import Source
from pipelines.settings import SQL_FOLDER
from pipelines.sources.lms.moodle_db.connecting import columns_found, connected, engine_for, not_granted, parsed_url, told
from pipelines.sources.lms.moodle_db.straight import FETCH_ROWS, can_copy, can_range, copied, fetched, ranged
from pipelines.sources.lms.moodle_db.tables import ACTIVITY_COLUMNS, OPTIONAL_COLUMNS, STAND_INS, TABLES, VIEWS

QUERIES = SQL_FOLDER / "extract" / "moodle"

#: Text columns of optional tables, for which an empty stand-in has to have the right type.
_OPTIONAL_TEXT = frozenset(
    [
        "name",
        "intro",
        "content",
        "value",
        "presentation",
        "typ",
        "onlinetext",
        "commenttext",
        "state",
        "capability",
        "element",
        "topic",
        "user_email",
        "log",
        "meta",
    ]
)
_TABLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_COMMENT = re.compile(r"--[^\n]*")


class Database:
    """One open connection to a Moodle database, all of whose queries see the same moment. Use :meth:`open`."""

    def __init__(
        self, connection: Connection, url: URL, prefix: str, columns: Mapping[str, frozenset[str]], unlike: Sequence[str] = ()
    ) -> None:
        self.connection, self.url, self.prefix = connection, url, prefix
        #: Tables that are there (without prefix) → their columns.
        self.columns = columns
        #: Tables of plug-ins that lack columns: as if they were absent.
        self.unlike = unlike
        self._quote = connection.dialect.identifier_preparer.quote

    @classmethod
    @contextmanager
    def open(cls, source: Source, url: str | None) -> Iterator[Database]:
        """Connect and look whether this is a Moodle.

        Raises BadSource without a URL, for a URL that is none, for a database that lacks a table or column; SourceAway where the
        server does not answer. No message holds the password.
        """
        parsed = parsed_url(source, url)
        engine = engine_for(source, parsed)
        try:
            connection = connected(source, engine, parsed)
            with connection, told(source, parsed):
                yield cls(connection, parsed, source.table_prefix, *columns_found(source, connection, parsed))
        finally:
            engine.dispose()

    def has(self, table: str) -> bool:
        """Is the table there, or what an older version had in its place?"""
        return table in self.columns or table in VIEWS or self._stand_in(table) is not None

    def not_granted(self) -> list[str]:
        """Tables of plug-ins that the site has and this user may not read."""
        found = not_granted(self.connection, self.url, self.prefix, self.columns)
        return [table for table in found if table not in self.unlike]

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

    def rows(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement, streamed."""
        options = {"stream_results": True, "yield_per": FETCH_ROWS}
        for row in self.connection.execute(sa.text(self.statement(statement)), parameters or {}, execution_options=options):
            yield tuple(row)

    def batches(
        self, query: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, str] | None = None
    ) -> Iterator[pa.Table]:
        """Rows of the query of that file name, in batches and in its order; at least one batch, which may be empty.

        ``tables`` puts other tables in the place of names of the query (for activity types that share one query).
        """
        statement = self.statement((QUERIES / f"{query}.sql").read_text(encoding="utf-8"), tables)
        return (copied if can_copy(self.connection) else fetched)(self.connection, statement, parameters or {})

    def log_batches(self, after: int) -> Iterator[pa.Table]:
        """Rows of the log with an id above ``after``, the fastest way there is to this server. The log only grows, so it needs no common moment."""
        if not can_range(self.url):
            return self.batches("activity", {"after": after})
        # A range is fetched, on a connection of its own, while the rows of the one before are worked at.
        return prefetch(ranged(self.url, self.statement((QUERIES / "activity.sql").read_text(encoding="utf-8")), after), depth=1)

    def table(self, query: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, str] | None = None) -> pa.Table:
        """All rows of a query in one table: for what stays small (courses, tasks, groups)."""
        return pa.concat_tables(self.batches(query, parameters, tables))

    def statement(self, text: str, tables: Mapping[str, str] | None = None) -> str:
        """SQL with the site's own table names in the place of ``{user}``."""
        return _TABLE.sub(lambda match: self._table((tables or {}).get(match.group(1), match.group(1))), _COMMENT.sub("", text))

    def _table(self, name: str) -> str:
        if name in VIEWS:
            return f"({self.statement(VIEWS[name])})"
        own = self._quote(self.prefix + name)
        if name in self.columns:
            lacking = {column: value for column, value in OPTIONAL_COLUMNS.get(name, {}).items() if column not in self.columns[name]}
            if not lacking:
                return own
            columns = ", ".join(f"{lacking[column]} as {column}" if column in lacking else column for column in TABLES[name])
            return f"(select {columns} from {own})"
        if older := self._stand_in(name):
            return older
        # An absent table is an empty one; the columns borrow their types from a table that is always there.
        columns = ", ".join(f"{'value' if column in _OPTIONAL_TEXT else 'id'} as {column}" for column in TABLES.get(name, ACTIVITY_COLUMNS))
        return f"(select {columns} from {self._table('config')} c where 1 = 0)"

    def _stand_in(self, name: str) -> str | None:
        if name in self.columns or name not in STAND_INS:
            return None
        table, column, query = STAND_INS[name]
        return f"({query.format(table=self._quote(self.prefix + table))})" if column in self.columns.get(table, ()) else None
