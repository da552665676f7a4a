"""A Moodle database's log of millions of rows into the warehouse, from PostgreSQL and from MariaDB, beside the bulk paths and pandas.

``python -m benchmarks.ingest.database_log postgresql+psycopg://postgres@127.0.0.1/moodle mysql+pymysql://root@127.0.0.1/moodle`` copies each
Moodle into a scratch database on the same server, multiplies the log there to two million rows, loads everything (people, courses, texts
and the log) into an empty warehouse, and drops the copy. The peers move the log alone, as it is; so the log alone is loaded as well, with all that
a load does (pseudonyms, balance, each key once, ledger), to compare like with like.
"""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from benchmarks.ingest import contest
from benchmarks.ingest.contest import LITTLE_MEMORY, ROWS_OF_SLOW_PEERS, ROWS_OF_SLOWEST_PEERS, Contender, load
from pipelines.programme import Source
from pipelines.sources import READERS
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.reader import MoodleDatabase, log_events, site_of
from pipelines.sources.reading import Context, Event, Item

ROWS = 2_000_000
SCRATCH = "mayak_benchmark_log"
_LOG = "mdl_logstore_standard_log"
_RANGE = 200_000


def _server(url: URL) -> sa.Connection:
    """A connection that does what it is told at once and is gone when closed: databases in use are neither copied nor dropped."""
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect()


def _scratch(url: URL, rows: int) -> URL:
    """The copy, its log multiplied: the same rows again, later and under new ids."""
    postgres = url.get_backend_name() == "postgresql"
    there = url.set(database=SCRATCH)
    with _server(url.set(database="postgres") if postgres else url) as server:
        server.execute(sa.text(f"drop database if exists {SCRATCH}"))
        if postgres:
            server.execute(sa.text(f"create database {SCRATCH} template {url.database}"))
        else:
            server.execute(sa.text(f"create database {SCRATCH} character set utf8mb4"))
            for (table,) in server.execute(sa.text("show tables")).fetchall():
                server.execute(sa.text(f"create table {SCRATCH}.{table} like {table}"))
                server.execute(sa.text(f"insert into {SCRATCH}.{table} select * from {table}"))
    with sa.create_engine(there, poolclass=sa.NullPool).begin() as copy:
        columns = [column["name"] for column in sa.inspect(copy).get_columns(_LOG)]
        count, last, first_at, last_at = copy.execute(
            sa.text(f"select count(*), max(id), min(timecreated), max(timecreated) from {_LOG}")
        ).one()
        for number in range(1, -(-rows // count)):
            values = {"id": f"id + {number * last}", "timecreated": f"timecreated + {number * (last_at - first_at)}"}
            picked = ", ".join(values.get(column, column) for column in columns)
            copy.execute(sa.text(f"insert into {_LOG} ({', '.join(columns)}) select {picked} from {_LOG} where id <= {last}"))
    with _server(there) as copy:
        copy.execute(sa.text(f"analyze {_LOG}" if postgres else f"analyze table {_LOG}"))
    return there


def _mayak(given: str, folder: Path, memory: str | None = None) -> int:
    return load("moodle_db", "activity", "", folder, url=given, memory=memory)


class _LogAlone(MoodleDatabase):
    """The reader, of the log and nothing else."""

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        with Database.open(source, context.url) as database:
            yield from log_events(database, site_of(database, source, context), context)


def _log_alone(given: str, folder: Path) -> int:
    READERS["moodle_db"] = _LogAlone()
    return _mayak(given, folder)


def _adbc(given: str, folder: Path) -> int:
    import adbc_driver_postgresql.dbapi as adbc
    import duckdb

    with adbc.connect(make_url(given).set(drivername="postgresql").render_as_string(False)) as server, server.cursor() as cursor:
        cursor.execute(f"select * from {_LOG}")
        with duckdb.connect(str(folder / "peer.duckdb")) as engine:
            rows = cursor.fetch_record_batch()
            engine.register("log", rows)
            engine.execute("create table peer as select * from log")
            return int(engine.execute("select count(*) from peer").fetchall()[0][0])


def _connectorx(given: str, folder: Path) -> int:
    import connectorx
    import duckdb

    address = make_url(given).set(drivername="mysql").render_as_string(False)
    with duckdb.connect(str(folder / "peer.duckdb")) as engine:
        last = connectorx.read_sql(address, f"select max(id) as last from {_LOG}", return_type="arrow")["last"][0].as_py()
        for first in range(0, int(last) + 1, _RANGE):
            statement = f"select * from {_LOG} where id > {first} and id <= {first + _RANGE}"
            engine.register("log", connectorx.read_sql(address, statement, return_type="arrow"))
            engine.execute("create table if not exists peer as select * from log limit 0")
            engine.execute("insert into peer select * from log")
            engine.unregister("log")
        return int(engine.execute("select count(*) from peer").fetchall()[0][0])


def _pandas(given: str, folder: Path) -> int:
    import pandas as pd

    with sqlite3.connect(folder / "peer.sqlite") as peer:
        rows = pd.read_sql(f"select * from {_LOG} limit {ROWS_OF_SLOW_PEERS}", sa.create_engine(given))
        rows.to_sql("peer", peer, index=False, chunksize=10_000)
    return len(rows)


def _pandas_same_engine(given: str, folder: Path) -> int:
    import pandas as pd

    rows = pd.read_sql(f"select * from {_LOG} limit {ROWS_OF_SLOWEST_PEERS}", sa.create_engine(given))
    return contest.pandas_to_engine(rows, folder)


_PANDAS: dict[str, Contender] = {
    "pandas read_sql and to_sql (the same engine)": _pandas_same_engine,
    "pandas read_sql and to_sql (SQLite)": _pandas,
}
_MAYAK: dict[str, Contender] = {
    "Mayak: a Moodle database": _mayak,
    "Mayak: the log alone": _log_alone,
    "Mayak, the engine held to little memory": partial(_mayak, memory=LITTLE_MEMORY),
}
CONTESTS: Mapping[str, Mapping[str, Contender]] = {
    "postgresql": {**_MAYAK, "ADBC into a table": _adbc, **_PANDAS},
    "mysql": {**_MAYAK, "ConnectorX into a table": _connectorx, **_PANDAS},
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="*")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--given", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        contest.run_one(CONTESTS[make_url(options.given).get_backend_name()], options.one, options.given, options.folder)
        return
    for address in options.urls:
        url = make_url(address)
        there = _scratch(url, options.rows)
        try:
            contenders = CONTESTS[url.get_backend_name()]
            runs = contest.run("benchmarks.ingest.database_log", contenders, there.render_as_string(False), options.repeats)
            print(contest.table(url.get_backend_name(), runs), flush=True)
            print()
        finally:
            with _server(url) as server:
                server.execute(sa.text(f"drop database if exists {SCRATCH}"))


if __name__ == "__main__":
    main()
