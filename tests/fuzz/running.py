"""Feed damaged files to readers in worker processes that may die, and count what became of each."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from random import Random
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.errors import MayakError
from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.sources.formats import delimited
from pipelines.sources.reading import Batch, Context, Item, Misjudged, Reader, Rejected, Seen
from tests.fuzz.corpus import PLACES, Seed, seeds
from tests.fuzz.mutations import mutate

#: No small file may occupy a reader longer (s of processor time, so that a busy machine accuses nobody) …
SECONDS = 5
#: … nor take more memory than this beyond what the process had.
MEMORY_BYTES = 1_500_000_000
#: A worker that says nothing for so long hangs in foreign code (s).
SILENCE = 60
_CONTEXT = Context(pseudonyms=Pseudonyms(b"0123456789abcdef"), zone=ZoneInfo("Europe/Moscow"), language="ru")


class Hang(BaseException):
    """Took too long; no reader may swallow it."""


@dataclass
class Tally:
    """What became of the inputs of one kind."""

    inputs: int = 0
    loaded: int = 0
    refused: int = 0
    rejected_rows: int = 0
    slowest: float = 0.0
    violations: list[str] = field(default_factory=list)


def feed(kind: str, number: int, dice_seed: int, good: list[Seed]) -> dict[str, Any]:
    """One damaged file through one reader. Returns what became of it; never raises."""
    dice = Random(f"{kind} {number} {dice_seed}")
    seed = good[number % len(good)]
    content, done = mutate(seed.content, dice, seed.name)
    outcome: dict[str, Any] = {"kind": kind, "case": f"{kind}:{number}:{dice_seed}", "seed": seed.name, "done": done, "state": "loaded"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / seed.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        source = Source(name="fuzz", kind=kind, path=Path(folder))
        start = _used()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        printed = StringIO()
        try:
            with redirect_stdout(printed):
                outcome |= _read(kind, source)
            if printed.getvalue():
                outcome |= {"state": "violation", "why": "wrote to the standard output"}
        except MayakError as error:
            outcome["state"] = "refused"
            if len(str(error)) > 2000:
                outcome |= {"state": "violation", "why": "an error as long as a file"}
        except Hang:
            outcome |= {"state": "violation", "why": f"more than {SECONDS} s"}
        except BaseException as error:
            outcome |= {"state": "violation", "why": f"{type(error).__module__}.{type(error).__name__}"}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        outcome["seconds"] = _used() - start
    return outcome


def _read(kind: str, source: Source) -> dict[str, Any]:
    reader = READERS[kind]
    balance: Counter[str] = Counter()
    rejected = 0
    for item in reader.items(source, _CONTEXT):
        try:
            told, bad = _told(reader, source, item, replace(_CONTEXT, trusting=True))
        except Misjudged:
            told, bad = _told(reader, source, item, _CONTEXT)
        balance.update(told)
        rejected += bad
    lost = {record: count for record, count in balance.items() if count}
    return {"state": "violation", "why": f"rows lost or made: {lost}"} if lost else {"rejected": rejected}


def _told(reader: Reader, source: Source, item: Item, context: Context) -> tuple[Counter[str], int]:
    """(rows seen and neither kept nor rejected, by record; rows rejected) of one item."""
    balance: Counter[str] = Counter()
    rejected = 0
    for event in reader.read(source, item, context):
        match event:
            case Seen(record, rows):
                balance[record] += rows
            case Batch(record, table, True):
                balance[record] -= table.num_rows
                table.validate(full=True)
            case Batch(_, table, _):
                table.validate(full=True)
            case Rejected(record, _, _):
                balance[record] -= 1
                rejected += 1
    return balance, rejected


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def work() -> None:
    """A worker: takes "kind number dice" lines, gives a line of JSON for each, on a way of its own: what a library prints is no answer."""
    # What is asked of large files alone is asked of these: they are trusted from their first kilobyte.
    delimited.WORTH_TRUSTING, delimited._BYTES_AT_ONCE = 1, 1 << 10
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def alarm(_signal: int, _frame: object) -> None:
        raise Hang

    signal.signal(signal.SIGPROF, alarm)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES + _mapped(), resource.RLIM_INFINITY))
    good: dict[str, list[Seed]] = {}
    for line in sys.stdin:
        kind, number, dice = line.split()
        if kind not in good:
            good[kind] = seeds(kind)
        print(json.dumps(feed(kind, int(number), int(dice), good[kind])), file=answers, flush=True)


def _mapped() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    # Engines map address space they never touch.
    return pages * resource.getpagesize() + 2_000_000_000


def run(inputs: int, *, dice: int, kinds: list[str] | None = None, workers: int = 2) -> dict[str, Tally]:
    """Feed ``inputs`` damaged files to all kinds in turn. Returns a tally per kind; kinds without a good file are named with zero inputs."""
    chosen = [kind for kind in (kinds or sorted(PLACES)) if kind in READERS]
    tallies = {kind: Tally() for kind in chosen}
    fed = [kind for kind in chosen if seeds(kind)]
    queue = iter([(fed[n % len(fed)], n // len(fed), dice) for n in range(inputs)] if fed else [])
    pool = [_Worker() for _ in range(workers)]
    try:
        busy = [worker for worker in pool if worker.give(next(queue, None))]
        while busy:
            for worker in list(busy):
                outcome = worker.take()
                if outcome is None:
                    continue
                _count(tallies[outcome["kind"]], outcome)
                if not worker.give(next(queue, None)):
                    busy.remove(worker)
    finally:
        for worker in pool:
            worker.stop()
    return tallies


def _count(tally: Tally, outcome: dict[str, Any]) -> None:
    tally.inputs += 1
    tally.loaded += outcome["state"] == "loaded"
    tally.refused += outcome["state"] == "refused"
    tally.rejected_rows += outcome.get("rejected", 0)
    tally.slowest = max(tally.slowest, outcome.get("seconds", 0.0))
    if outcome["state"] == "violation":
        tally.violations.append(f"{outcome['case']} ({outcome['seed']}; {outcome['done']}): {outcome['why']}")


class _Worker:
    def __init__(self) -> None:
        self.task: tuple[str, int, int] | None = None
        self.since = 0.0
        self._start()

    def _start(self) -> None:
        code = "from tests.fuzz.running import work; work()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
        self.selector = DefaultSelector()
        self.selector.register(self.process.stdout, EVENT_READ)  # type: ignore[arg-type]

    def give(self, task: tuple[str, int, int] | None) -> bool:
        self.task = task
        if task is None:
            return False
        self.since = monotonic()
        assert self.process.stdin is not None
        self.process.stdin.write(f"{task[0]} {task[1]} {task[2]}\n")
        self.process.stdin.flush()
        return True

    def take(self) -> dict[str, Any] | None:
        assert self.task is not None
        assert self.process.stdout is not None
        if self.selector.select(timeout=0.02):
            if line := self.process.stdout.readline():
                return json.loads(line)
            return self._died(f"the process died ({self.process.wait()})")
        if monotonic() - self.since > SILENCE:
            return self._died(f"silent for {SILENCE} s")
        return None

    def _died(self, why: str) -> dict[str, Any]:
        assert self.task is not None
        kind, number, dice = self.task
        self.stop()
        self._start()
        return {"kind": kind, "case": f"{kind}:{number}:{dice}", "seed": "?", "done": "?", "state": "violation", "why": why}

    def stop(self) -> None:
        self.process.kill()
        self.selector.close()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                # What a killed process was still to be told is lost with it.
                with suppress(BrokenPipeError):
                    pipe.close()
        self.process.wait()


def again(case: str) -> dict[str, Any]:
    """One case as it was, in this process, errors raised: for whoever mends a reader."""
    kind, number, dice_seed = case.split(":")
    good = seeds(kind)
    seed = good[int(number) % len(good)]
    content, done = mutate(seed.content, Random(f"{kind} {number} {dice_seed}"), seed.name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / seed.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        started = datetime.now(UTC)
        found = _read(kind, Source(name="fuzz", kind=kind, path=Path(folder)))
        return {"done": done, "seconds": (datetime.now(UTC) - started).total_seconds(), **found}


def as_rows(tallies: dict[str, Tally]) -> list[dict[str, Any]]:
    """Tallies for printing."""
    return [{"kind": kind, **asdict(tally)} for kind, tally in tallies.items()]
