"""One way of getting a source into tables, run in a process of its own: seconds, rows, peak memory.

The contest of a source is a dictionary of contenders, name → function of (what is read, folder to write into) → rows written. The first is
Mayak's whole load: read, typed, pseudonymised, counted, balanced, merged into the warehouse with its ledger. The others are peers that do
less: the engine's own bulk path (the same bytes, untyped, into one table) and pandas with ``to_sql``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.sources.reading import Context
from pipelines.warehouse import Warehouse

Contender = Callable[[str, Path], int]
#: What the warehouse engine may hold where the whole process shall stay below 500 MB; beyond, it works on disk.
LITTLE_MEMORY = "128MB"
#: Peers that fill their table row by row are given a part of the rows: their speed does not depend on the number.
ROWS_OF_SLOW_PEERS = 100_000
#: And where each row is a statement of its own.
ROWS_OF_SLOWEST_PEERS = 5_000


@dataclass(frozen=True)
class Run:
    """What one contender did."""

    name: str
    rows: int
    seconds: float
    cpu: float
    peak_mb: float

    @property
    def speed(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def load(kind: str, record: str, path: str, folder: Path, *, url: str | None = None, memory: str | None = None) -> int:
    """Mayak's load of one item into an empty warehouse file; returns the rows of ``record``. Raises SystemExit where it fails."""
    pseudonyms = Pseudonyms(b"a key for benchmarks only")
    source = Source(name="source", kind=kind, path=None if url else Path(path), realm="moodle" if kind.startswith("moodle") else None)
    programme = Programme(id="benchmark", name="Benchmark", sources=(source,))
    with Warehouse.open(folder / "warehouse.duckdb", memory_limit=memory) as warehouse:
        warehouse.create_schemas()
        context = Context(pseudonyms, programme.zone, "ru", url=url)
        [item] = READERS[kind].items(source, context)
        done = load_item(warehouse, programme, source, item, pseudonyms=pseudonyms, run_at=datetime(2026, 11, 22, tzinfo=UTC), url=url)
        if done.state != "loaded":
            raise SystemExit(f"{kind}: {done.problem}")
        return int(warehouse.value(f"select count(*) from raw.{record}"))


def run(module: str, contenders: Mapping[str, Contender], given: str, repeats: int = 1) -> list[Run]:
    """Every contender on ``given``, each in a fresh process; the fastest of ``repeats``."""
    runs = []
    for name in contenders:
        tries = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", module, "--one", name, "--given", given, "--folder", folder]
                answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                tries.append(Run(**json.loads(answer.splitlines()[-1])))
        runs.append(min(tries, key=lambda one: one.seconds))
    return runs


def run_one(contenders: Mapping[str, Contender], name: str, given: str, folder: Path) -> None:
    """One contender in this process; prints its run as JSON."""
    start, cpu = time.perf_counter(), time.process_time()
    rows = contenders[name](given, folder)
    done = Run(name, rows, time.perf_counter() - start, time.process_time() - cpu, peak_mb())
    print(json.dumps(asdict(done)))


def peak_mb() -> float:
    """Peak resident memory of this process (MB); ``ru_maxrss`` would begin with that of the process that started this one."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def pandas_to_engine(rows: Any, folder: Path) -> int:
    """A pandas frame into the warehouse's own engine by ``to_sql``; returns its rows."""
    import sqlalchemy as sa

    with sa.create_engine(f"duckdb:///{folder / 'peer.duckdb'}").begin() as peer:
        rows.to_sql("peer", peer, index=False)
    return len(rows)


def table(what: str, runs: list[Run]) -> str:
    """The runs as Markdown, each peer as a ratio to the first."""
    first = runs[0]
    lines = [f"| {what} | rows | seconds | rows/s | rows a CPU second | peak MB | Mayak's speed to it |", "|---|--:|--:|--:|--:|--:|--:|"]
    for one in runs:
        ratio = "" if one is first else f"{first.speed / one.speed:.2f}"
        lines.append(
            f"| {one.name} | {one.rows:,} | {one.seconds:.1f} | {one.speed:,.0f} | {one.rows / one.cpu:,.0f} | {one.peak_mb:,.0f} | {ratio} |"
        )
    return "\n".join(lines)
