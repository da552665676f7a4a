"""How fast a Moodle's log comes to Arrow, by each way there is: rows a second and peak memory. Markdown for docs/decisions/0009-straight-to-arrow.md.

``python -m benchmarks.moodle_extract postgresql+psycopg://postgres@127.0.0.1/moodle mysql+pymysql://root@127.0.0.1/moodle``

Multiplies the log to about two million rows in a scratch table ``bench_logstore_standard_log`` beside it, reads that in a process of its
own for each way, and drops it. Figures are of the best of ``--rounds``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter, process_time
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from rich.console import Console
from sqlalchemy.engine import URL, make_url

from benchmarks.ingest.contest import peak_mb
from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.lms.moodle_db import log, straight
from pipelines.sources.lms.moodle_db.columns import Site
from pipelines.sources.lms.moodle_db.database import QUERIES

ROWS = 2_000_000
#: Beside the reader's own: what else could be taken.
WAYS = {
    "postgresql": ("copy", "adbc", "connectorx at once", "connectorx in ranges", "sqlalchemy"),
    "mysql": ("connectorx in ranges", "connectorx at once", "sqlalchemy", "pymysql"),
}
_TABLE = "bench_logstore_standard_log"
_STEP = 10_000_000
#: Pseudonyms and words as the reader makes them; the figures do not depend on the key.
_SITE = Site("moodle", Pseudonyms(b"a key for measuring"), "ru", None, None, (), None, 1)


def _prepared(url: URL, prefix: str) -> int:
    """Make the scratch table; how many rows it has."""
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
        own = f"{prefix}logstore_standard_log"
        rows = int(link.exec_driver_sql(f"select count(*) from {own}").scalar() or 1)
        times = max(round(ROWS / rows), 1)
        is_mysql = url.get_backend_name() == "mysql"
        link.exec_driver_sql(f"drop table if exists {_TABLE}")
        link.exec_driver_sql(f"create table {_TABLE} {f'like {own}' if is_mysql else f'(like {own})'}")
        names = [column["name"] for column in sa.inspect(link).get_columns(own) if column["name"] != "id"]
        for part in range(times):
            link.exec_driver_sql(
                f"insert into {_TABLE} (id, {', '.join(names)}) select id + {part * _STEP}, {', '.join(names)} from {own} order by id"
            )
        if not is_mysql:
            link.exec_driver_sql(f"alter table {_TABLE} add primary key (id)")
            link.exec_driver_sql(f"vacuum analyze {_TABLE}")
        return rows * times


def _dropped(url: URL) -> None:
    with sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool).connect() as link:
        link.exec_driver_sql(f"drop table if exists {_TABLE}")


def _read(way: str, url: URL) -> Iterator[pa.Table]:
    statement = (QUERIES / "activity.sql").read_text(encoding="utf-8").split("\n", 1)[1].replace("{logstore_standard_log}", _TABLE)
    plain = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
    everything = statement.replace(":after", "-1")
    match way:
        case "copy" | "sqlalchemy":
            with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as link:
                yield from (straight.copied if way == "copy" else straight.fetched)(link, statement, {"after": -1})
        case "connectorx in ranges":
            yield from straight.ranged(url, statement, -1) if url.get_backend_name() == "mysql" else _ranges(plain, statement)
        case "connectorx at once":
            import connectorx

            yield connectorx.read_sql(plain, everything, return_type="arrow")
        case "adbc":
            import adbc_driver_postgresql.dbapi as adbc

            with adbc.connect(plain) as link, link.cursor() as cursor:
                cursor.execute(everything)
                for batch in cursor.fetch_record_batch():
                    yield pa.Table.from_batches([batch])
        case "pymysql":
            import pymysql

            with pymysql.connect(
                host=url.host, user=url.username, password=url.password or "", database=url.database, cursorclass=pymysql.cursors.SSCursor
            ) as link:
                cursor = link.cursor()
                cursor.execute(everything)
                names = [column[0] for column in cursor.description]
                while rows := cursor.fetchmany(straight.BATCH_ROWS):
                    yield straight.arrow(names, list(zip(*rows, strict=True)))


def _ranges(url: str, statement: str) -> Iterator[pa.Table]:
    import connectorx

    after = -1
    while True:
        part = connectorx.read_sql(url, f"{statement.replace(':after', str(after))} limit {straight.RANGE_ROWS}", return_type="arrow")
        yield part
        if part.num_rows < straight.RANGE_ROWS:
            return
        after = part["id"][-1].as_py()


def measured(way: str, url: URL, *, transformed: bool) -> dict[str, Any]:
    """Rows, seconds and peak megabytes of this process."""
    rows, began, worked = 0, perf_counter(), process_time()
    for batch in _read(way, url):
        rows += (log.activity_of(batch, _SITE) if transformed else batch).num_rows
    seconds = perf_counter() - began
    return {
        "rows": rows,
        "seconds": seconds,
        "worked": process_time() - worked,
        "megabytes": peak_mb(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="+", help="databases of a Moodle in which a scratch table may be made")
    parser.add_argument("--prefix", default=Source(name="moodle", kind="moodle_db").table_prefix)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--transformed", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    console = Console(width=200, highlight=False)
    if given.way:
        console.print(json.dumps(measured(given.way, make_url(given.urls[0]), transformed=given.transformed)))
        return
    console.print("| server | way | rows | s | of them ours | rows/s | peak MB |\n|---|---|---:|---:|---:|---:|---:|")
    for text in given.urls:
        url = make_url(text)
        backend = url.get_backend_name()
        _prepared(url, given.prefix)
        try:
            own = WAYS[backend][0]
            for way, more in [*((way, ()) for way in WAYS[backend]), (own, ("--transformed",))]:
                found = []
                for _ in range(given.rounds):
                    command = [sys.executable, "-m", "benchmarks.moodle_extract", text, "--way", way, *more]
                    found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
                best = min(found, key=lambda one: one["seconds"])
                name = f"{way}, to rows of raw.activity" if more else way
                console.print(
                    f"| {backend} | {name} | {best['rows']:,} | {best['seconds']:.2f} | {best['worked']:.2f} | {best['rows'] / best['seconds']:,.0f} | {max(one['megabytes'] for one in found):,.0f} |"
                )
        finally:
            _dropped(url)


if __name__ == "__main__":
    main()
