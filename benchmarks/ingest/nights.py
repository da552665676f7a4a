"""What a night costs as history grows: the same day's exports loaded into warehouses of different age, as Markdown.

``python -m benchmarks.ingest.nights`` fills a warehouse with a log of 0, 1, 5 and 20 million invented rows and loads one day's download of
20,000 rows and one day's chat of 2,000 messages into each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ingest.csv_log import write_log
from benchmarks.ingest.telegram_json import write_export
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

HISTORIES = (0, 1_000_000, 5_000_000, 20_000_000)
LOG_ROWS, MESSAGES = 20_000, 2_000
_SECONDS_OF_HISTORY = 3 * 365 * 86_400
_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def _history(warehouse: Warehouse, rows: int) -> None:
    """Log rows of the three years before, as many accounts and tasks as a large centre has."""
    step = _SECONDS_OF_HISTORY / max(rows, 1)
    warehouse.connection.execute(
        f"""
        insert into raw.activity (activity_id, account_id, course_id, task_id, occurred_at, action, event, is_impersonated, is_anonymous,
                                  source, load_id, seen_at)
        select 'moodle:log:' || md5(i::varchar), 'a' || md5((i % 50000)::varchar)[:20], 'moodle:course:' || i % 200,
               'moodle:task:' || i % 4000, timestamptz '{_BEFORE.isoformat()}' - to_seconds(({rows} - i) * {step}), 'viewed', 'viewed',
               false, false, 'log', 'history', timestamptz '{_BEFORE.isoformat()}'
        from range({rows}) as t(i)
        """
    )
    warehouse.connection.execute(
        f"""
        insert into raw.messages (message_id, channel, chat_id, sent_at, kind, source, load_id, seen_at)
        select 'telegram:message:' || i % 300 || ':' || i, 'chat', 'telegram:chat:' || i % 300,
               timestamptz '{_BEFORE.isoformat()}' - to_seconds(({rows} - i) * {step}), 'post', 'chat', 'history', timestamptz '{_BEFORE.isoformat()}'
        from range({rows} // 10) as t(i)
        """
    )


def nights(histories: tuple[int, ...]) -> list[tuple[int, float, float]]:
    """Rows of history → seconds of loading a day's log and a day's chat."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "log").mkdir()
        (Path(folder) / "chat").mkdir()
        write_log(Path(folder) / "log" / "log.csv", LOG_ROWS)
        write_export(Path(folder) / "chat" / "result.json", MESSAGES)
        sources = (
            Source(name="log", kind="moodle_logs", path=Path(folder) / "log", realm="moodle"),
            Source(name="chat", kind="telegram", path=Path(folder) / "chat"),
        )
        programme = Programme(id="benchmark", name="Benchmark", sources=sources)
        for rows in histories:
            with Warehouse.open(Path(folder) / f"{rows}.duckdb", memory_limit="2GB") as warehouse:
                warehouse.create_schemas()
                _history(warehouse, rows)
                warehouse.connection.execute("checkpoint")
                seconds = []
                for source in sources:
                    start = time.perf_counter()
                    [done] = load_source(
                        warehouse,
                        programme,
                        source,
                        pseudonyms=Pseudonyms(b"a key for benchmarks only"),
                        run_at=datetime(2026, 11, 22, tzinfo=UTC),
                    )
                    if done.state != "loaded":
                        raise SystemExit(done.problem)
                    seconds.append(time.perf_counter() - start)
            (Path(folder) / f"{rows}.duckdb").unlink()
            found.append((rows, *seconds))
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, nargs="*", default=HISTORIES)
    print(
        f"| log rows before (and a tenth as many messages) | a day's log, {LOG_ROWS:,} rows, s | a day's chat, {MESSAGES:,} messages, s |\n|--:|--:|--:|"
    )
    for rows, log, chat in nights(tuple(parser.parse_args().histories)):
        print(f"| {rows:,} | {log:.2f} | {chat:.2f} |")


if __name__ == "__main__":
    main()
