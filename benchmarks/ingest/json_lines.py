"""Speed of the readers of event streams on a large file of one JSON object a line: Markdown for docs/evaluation/speed.md.

``python -m benchmarks.ingest.json_lines`` writes a tracking log of Open edX and a dump of xAPI statements of a million invented rows each, and reads
each with its reader (nothing is loaded: the reader alone) in a process of its own; beside them the same lines with ``orjson`` alone, which is what
any reader of them has to do. Prints rows per second and peak memory.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from benchmarks.ingest.contest import peak_mb

ROWS = 1_000_000
_SEED = 20261122
_USERS, _BLOCKS = 3_000, 400
_COURSE = "course-v1:Invented+Schools+2026"
_FIRST = datetime(2026, 9, 1, tzinfo=UTC)


def events(rows: int) -> Iterator[dict[str, Any]]:
    """Tracking events of people who do not exist: videos, problems, pages, completion; the same at every call."""
    dice = random.Random(_SEED)
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
    for number in range(rows):
        user, block, kind = dice.randrange(_USERS), dice.randrange(_BLOCKS), dice.random()
        problem = f"block-v1:Invented+Schools+2026+type@problem+block@p{block}"
        context: dict[str, Any] = {
            "user_id": user + 1,
            "course_id": _COURSE,
            "org_id": "Invented",
            "path": "/event",
            "course_user_tags": {},
        }
        if kind < 0.5:
            name = dice.choice(("play_video", "pause_video", "seek_video", "load_video"))
            source, event = "browser", json.dumps({"id": f"v{block}", "code": "html5", "currentTime": dice.random() * 600, "duration": 600})
        elif kind < 0.75:
            name, source, event = f"/courses/{_COURSE}/courseware/a{block}/", "server", '{"POST": {}, "GET": {}}'
        elif kind < 0.9:
            name, source = "problem_check", "server"
            event = {"attempts": 1 + dice.randrange(3), "grade": 1, "max_grade": 2, "problem_id": problem, "success": "incorrect",
                     "answers": {f"p{block}_2_1": "choice_0"}, "state": {"seed": 1, "student_answers": {}, "done": True}}  # fmt: skip
            context["module"] = {"display_name": f"Задание {block}", "usage_key": problem}
        else:
            name, source = "edx.completion.block_completion.changed", "server"
            event = {"user_id": user + 1, "course_id": _COURSE, "block_id": problem, "block_type": "problem", "completion": 1.0}
        yield {
            "name": name, "event_type": name, "event_source": source, "time": (_FIRST + timedelta(seconds=number * 7, microseconds=number)).isoformat(),
            "username": f"user{user}", "ip": "192.0.2.1", "agent": agent, "host": "lms.example.org", "session": f"{user:032x}",
            "referer": f"https://lms.example.org/courses/{_COURSE}/courseware/a{block}/", "accept_language": "ru", "page": None, "context": context,
            "event": event,
        }  # fmt: skip


def statements(rows: int) -> Iterator[dict[str, Any]]:
    """xAPI statements of people who do not exist; the same at every call."""
    dice = random.Random(_SEED)
    home = "https://lms.example.org"
    course = {"id": f"{home}/course/view.php?id=2", "objectType": "Activity",
              "definition": {"type": "http://id.tincanapi.com/activitytype/lms/course", "name": {"ru": "Цифровая школа"}}}  # fmt: skip
    for number in range(rows):
        user, block = dice.randrange(_USERS), dice.randrange(_BLOCKS)
        verb = dice.choice(("viewed", "viewed", "viewed", "attempted", "completed"))
        at = (_FIRST + timedelta(seconds=number * 7)).isoformat().replace("+00:00", "Z")
        made = {
            "id": f"00000000-0000-4000-8000-{number:012d}", "timestamp": at, "stored": at, "version": "1.0.3",
            "actor": {"objectType": "Agent", "name": f"Фамилия{user} Имя", "account": {"homePage": home, "name": str(user + 1)}},
            "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}", "display": {"en": verb}},
            "object": {"id": f"{home}/mod/quiz/view.php?id={block}", "objectType": "Activity",
                       "definition": {"type": "http://adlnet.gov/expapi/activities/assessment", "name": {"ru": f"Тест {block}"}}},
            "context": {"platform": "Moodle", "language": "ru", "contextActivities": {"grouping": [course]}},
        }  # fmt: skip
        if verb == "completed":
            made["result"] = {"completion": True, "success": True, "duration": "PT10M30S", "score": {"raw": 8, "min": 0, "max": 10}}
        yield made


def write(path: Path, found: Iterator[dict[str, Any]]) -> None:
    """One object a line, as a log has them."""
    with path.open("wb") as file:
        for made in found:
            file.write(orjson.dumps(made) + b"\n")


def measured(kind: str, path: Path) -> dict[str, float]:
    """Seconds, rows and peak memory (MB) of reading one file; call in a process of its own."""
    from pipelines.programme import Source
    from pipelines.pseudonyms import Pseudonyms
    from pipelines.sources import READERS
    from pipelines.sources.reading import Batch, Context, Item

    rows = 0
    began, worked = time.perf_counter(), time.process_time()
    if kind.startswith("orjson"):
        with path.open("rb") as file:
            for line in file:
                orjson.loads(line)
                rows += 1
    else:
        source = Source(name="bench", kind=kind, path=path, **({"home_page": "https://lms.example.org"} if kind == "xapi" else {}))
        context = Context(Pseudonyms(b"a key of the benchmark"), ZoneInfo("Europe/Moscow"), "ru")
        for event in READERS[kind].read(source, Item(path.name, path), context):
            if isinstance(event, Batch) and event.counted:
                rows += event.table.num_rows
    return {
        "seconds": time.perf_counter() - began,
        "worked": time.process_time() - worked,
        "rows": rows,
        "memory": peak_mb(),
    }


def main() -> None:
    """Write the files, read each in a process of its own, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--one", nargs=2, metavar=("KIND", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        sys.stdout.write(json.dumps(measured(given.one[0], Path(given.one[1]))))
        return
    lines = [
        "| reader | rows | file, MB | seconds | rows/s | rows per second of processor | peak memory, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for kind, found in (("openedx", events), ("xapi", statements)):
            path = Path(folder) / f"{kind}.jsonl"
            write(path, found(given.rows))
            for reader in (kind, f"orjson {kind}"):
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.ingest.json_lines", "--one", reader, str(path)],
                    check=True,
                    capture_output=True,
                    text=True,
                )
                told = json.loads(done.stdout)
                lines.append(
                    f"| {reader} | {told['rows']:,} | {path.stat().st_size / 1e6:,.0f} | {told['seconds']:.1f} | "
                    f"{told['rows'] / told['seconds']:,.0f} | {told['rows'] / told['worked']:,.0f} | {told['memory']:,.0f} |"
                )
            path.unlink()
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
