"""A Moodle of PostgreSQL as the same Moodle of MariaDB: the tables that the reader reads, with the types that Moodle itself gives them there.

``python -m tests.real_data.moodle_to_mariadb postgresql+psycopg://postgres@127.0.0.1/moodle mysql+pymysql://root@127.0.0.1/ moodle``

Types: ``lib/ddl/mysql_sql_generator.php`` (a whole number of one digit is a ``tinyint(1)``, which some drivers take for a boolean; a text
is a ``longtext``), character set and collation as Moodle sets them up (``utf8mb4_unicode_ci``: capitals and trailing blanks do not count).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from pipelines.sources.lms.moodle_db.tables import TABLES

#: Rows of one statement.
_ROWS = 1000
_TINY = range(-128, 128)
_INDEXED = frozenset({"timecreated", "relateduserid", "courseid"})


def copy(origin: URL, server: URL, name: str, prefix: str = "mdl_") -> None:
    """Make the MariaDB database ``name`` anew from the PostgreSQL database. Nobody sees it half filled: the last table made is ``config``."""
    with (
        sa.create_engine(origin, poolclass=sa.pool.NullPool).connect() as source,
        sa.create_engine(server.set(database=None), poolclass=sa.pool.NullPool, isolation_level="AUTOCOMMIT").connect() as target,
    ):
        target.exec_driver_sql(f"drop database if exists {name}")
        target.exec_driver_sql(f"create database {name} character set utf8mb4 collate utf8mb4_unicode_ci")
        target.exec_driver_sql(f"use {name}")
        present = set(sa.inspect(source).get_table_names())
        used = source.exec_driver_sql(f"select distinct m.name from {prefix}modules m join {prefix}course_modules c on c.module = m.id")
        wanted = [*(table for table in TABLES if table != "config"), *sorted({module for (module,) in used} - set(TABLES)), "config"]
        for table in (prefix + name for name in wanted):
            if table in present:
                _copy(source, target, table)


def _copy(source: sa.Connection, target: sa.Connection, table: str) -> None:
    columns = source.exec_driver_sql(
        "select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable = 'YES' "
        "from information_schema.columns where table_schema = 'public' and table_name = %s order by ordinal_position",
        (table,),
    ).all()
    names = [column[0] for column in columns]
    small = [name for name, kind, *_ in columns if kind == "smallint"]
    ends = source.exec_driver_sql(f'select {", ".join(f"min({n}), max({n})" for n in small)} from "{table}"').one() if small else ()
    tiny = {name for place, name in enumerate(small) if all(end is None or end in _TINY for end in ends[2 * place : 2 * place + 2])}
    declared = [
        f"`{name}` {_type(kind, length, precision, scale, name in tiny)}{'' if nullable else ' not null'}"
        + (" auto_increment primary key" if name == "id" else "")
        for name, kind, length, precision, scale, nullable in columns
    ]
    if table.endswith("logstore_standard_log"):
        declared += [f"key (`{name}`)" for name in sorted(_INDEXED)]
    target.exec_driver_sql(f"create table `{table}` ({', '.join(declared)}) engine=InnoDB row_format=dynamic")
    rows = source.exec_driver_sql(f'select {", ".join(names)} from "{table}" order by id')
    statement = f"insert into `{table}` ({', '.join(f'`{name}`' for name in names)}) values ({', '.join(['%s'] * len(names))})"
    target.exec_driver_sql("set autocommit = 0")
    for part in _parts(rows):
        target.exec_driver_sql(statement, part)
    target.exec_driver_sql("commit")


def _parts(rows: sa.CursorResult[Any]) -> Iterator[list[tuple[Any, ...]]]:
    for part in rows.partitions(_ROWS):
        yield [tuple(row) for row in part]


def _type(kind: str, length: int | None, precision: int | None, scale: int | None, is_tiny: bool) -> str:
    match kind:
        case "smallint":
            return "tinyint(1)" if is_tiny else "smallint(4)"
        case "integer":
            return "int(9)"
        case "bigint":
            return "bigint(10)"
        case "numeric":
            return f"decimal({precision},{scale})"
        case "double precision":
            return "double"
        case "character varying":
            return f"varchar({length})"
        case "text":
            return "longtext"
        case other:
            raise ValueError(f"Moodle has no columns of type {other}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("origin", help="URL of the PostgreSQL database")
    parser.add_argument("server", help="URL of the MariaDB server, without a database")
    parser.add_argument("name", help="name of the database to make there; an older one of that name is dropped")
    parser.add_argument("--prefix", default="mdl_")
    given = parser.parse_args(arguments)
    copy(make_url(given.origin), make_url(given.server), given.name, given.prefix)


if __name__ == "__main__":
    main()
