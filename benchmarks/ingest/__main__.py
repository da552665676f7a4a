"""Whole loads into the warehouse beside general tools on the same data: Markdown for docs/evaluation/speed.md.

``python -m benchmarks.ingest --rows 2000000`` writes invented exports of that many rows (a Moodle log as CSV, a Telegram export, an mbox), loads
each into an empty warehouse and gives it to the peers. ``--only csv telegram mbox``; ``--repeats``.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.ingest import contest, csv_log, mbox_mail, telegram_json
from benchmarks.ingest.contest import LITTLE_MEMORY, ROWS_OF_SLOW_PEERS, ROWS_OF_SLOWEST_PEERS, Contender, load


def _duckdb(reading: str, given: str, folder: Path) -> int:
    import duckdb

    with duckdb.connect(str(folder / "peer.duckdb")) as engine:
        engine.execute(f"create table peer as select * from {reading}", [given])
        return int(engine.execute("select count(*) from peer").fetchall()[0][0])


def _pandas_csv(given: str, folder: Path) -> int:
    import pandas as pd

    with sqlite3.connect(folder / "peer.sqlite") as peer:
        rows = pd.read_csv(given, nrows=ROWS_OF_SLOW_PEERS)
        rows.to_sql("peer", peer, index=False, chunksize=10_000)
    return len(rows)


def _pandas_csv_duckdb(given: str, folder: Path) -> int:
    import pandas as pd

    return contest.pandas_to_engine(pd.read_csv(given, nrows=ROWS_OF_SLOWEST_PEERS), folder)


def _pandas_json(given: str, folder: Path) -> int:
    import pandas as pd

    # The whole document has to be parsed before the first message can be had.
    messages = json.loads(Path(given).read_bytes())["messages"]
    rows = pd.json_normalize(messages).map(lambda value: json.dumps(value) if isinstance(value, list | dict) else value)
    with sqlite3.connect(folder / "peer.sqlite") as peer:
        rows.to_sql("peer", peer, index=False, chunksize=10_000)
    return len(rows)


def _mailbox(given: str, folder: Path) -> int:
    import mailbox
    from email.header import decode_header, make_header
    from email.utils import getaddresses, parsedate_to_datetime

    import pandas as pd

    rows = []
    for mail in islice(mailbox.mbox(given), ROWS_OF_SLOW_PEERS // 5):
        rows.append(
            {
                "id": str(mail["message-id"]),
                "at": parsedate_to_datetime(str(mail["date"])),
                "from": str(getaddresses([str(mail["from"])])),
                "to": str(getaddresses([str(mail["to"])])),
                "subject": str(make_header(decode_header(str(mail["subject"])))),
                "answers": str(mail["in-reply-to"]),
            }
        )
    with sqlite3.connect(folder / "peer.sqlite") as peer:
        pd.DataFrame(rows).to_sql("peer", peer, index=False)
    return len(rows)


CONTESTS: dict[str, tuple[Callable[[Path, int], None], str, Mapping[str, Contender]]] = {
    "csv": (
        csv_log.write_log,
        "log.csv",
        {
            "Mayak: Moodle log, CSV": partial(load, "moodle_logs", "activity"),
            "Mayak, the engine held to little memory": partial(load, "moodle_logs", "activity", memory=LITTLE_MEMORY),
            "DuckDB read_csv into a table": partial(_duckdb, "read_csv(?)"),
            "pandas read_csv and to_sql (the same engine)": _pandas_csv_duckdb,
            "pandas read_csv and to_sql (SQLite)": _pandas_csv,
        },
    ),
    "telegram": (
        telegram_json.write_export,
        "result.json",
        {
            "Mayak: Telegram, JSON": partial(load, "telegram", "messages"),
            "Mayak: Telegram, little memory": partial(load, "telegram", "messages", memory=LITTLE_MEMORY),
            "Mayak: Telegram, the reader alone": telegram_json.read,
            "DuckDB read_json into a table": partial(
                _duckdb, "(select unnest(messages) from read_json(?, maximum_object_size = 2147483647))"
            ),
            "json, pandas and to_sql (SQLite)": _pandas_json,
        },
    ),
    "mbox": (
        mbox_mail.write_mbox,
        "mail.mbox",
        {
            "Mayak: mbox": partial(load, "mailbox", "messages"),
            "Mayak: mbox, little memory": partial(load, "mailbox", "messages", memory=LITTLE_MEMORY),
            "mailbox, email and to_sql (SQLite)": _mailbox,
        },
    ),
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=CONTESTS, default=list(CONTESTS))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--given", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        contest.run_one(
            {name: one for *_, contenders in CONTESTS.values() for name, one in contenders.items()},
            options.one,
            options.given,
            options.folder,
        )
        return
    for what in options.only:
        write, name, contenders = CONTESTS[what]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            # A mail is thirty times as long as a line of a log.
            write(path, options.rows // 10 if what == "mbox" else options.rows)
            print(f"{path.stat().st_size / 1e6:,.0f} MB\n")
            print(contest.table(what, contest.run("benchmarks.ingest", contenders, str(path), options.repeats)), flush=True)
            print()


if __name__ == "__main__":
    main()
