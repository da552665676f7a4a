"""What whole nights of a large programme cost, step by step, as Markdown.

``python -m benchmarks.whole_nights --learners 15000`` simulates a programme in a temporary folder (or in ``--folder``, where a second call finds
it again) and does the day's whole work on an empty warehouse and once more for the day after, each night in a process of its own. A table per night:
seconds by the clock, seconds of the processor, and the most memory in use while the step ran. ``--memory`` holds the engine to so much: a step
that pairs all with all does not get by with it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.ingest.contest import peak_mb
from pipelines.progress import SilentProgress
from pipelines.simulation import environment_of, plan_of, simulate

PRESET, SEED = "large", 613
#: Nights in a row, and the numbers measured of a step: seconds by the clock, of the processor, MB.
NIGHTS = 2
Measured = tuple[str, float, float, float]


class _Watch(SilentProgress):
    """Tells how far the work is, and keeps what every step cost."""

    def __init__(self) -> None:
        self.measured: list[Measured] = []
        self._what, self._clock, self._processor = "", 0.0, 0.0

    def start(self, what: str) -> None:
        print(f"{what} …", file=sys.stderr, flush=True)
        _forget_peak()
        self._what, self._clock, self._processor = what, time.perf_counter(), _processor_seconds()

    def done(self, result: str) -> None:
        self.measured.append((self._what, time.perf_counter() - self._clock, _processor_seconds() - self._processor, peak_mb()))


def _forget_peak() -> None:
    """The next peak counts from here (Linux, proc(5): clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def _processor_seconds() -> float:
    """Of this process and of the children that it has waited for."""
    return sum(os.times()[:4])


def night(day: str) -> list[Measured]:
    """Do the day's work in this process (settings from the environment); what each step cost."""
    from pipelines import steps
    from pipelines.settings import read_settings

    watch = _Watch()
    as_of = datetime.fromisoformat(day)
    run = steps.Run(read_settings(), as_of.date(), (as_of + timedelta(days=1)).replace(tzinfo=UTC), watch)
    steps.carry_out(run, steps.daily(run.programme))
    return watch.measured


def nights(folder: Path, learners: int, memory: str | None) -> list[tuple[str, list[Measured]]]:
    """Day → what its steps cost, for the last days of a simulated programme of so many learners."""
    plan = plan_of(PRESET, seed=SEED, learners=learners)
    simulate(folder / "exports", plan)
    # The programme may be of an earlier call, the warehouse not: a night that finds its work done costs nothing.
    shutil.rmtree(home := folder / "home", ignore_errors=True)
    environment = os.environ | environment_of(folder / "exports", home, "a benchmark's key, no secret")
    environment |= {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false"}
    if memory:
        environment["MAYAK_MEMORY_LIMIT"] = memory
    found = []
    for days_before in reversed(range(NIGHTS)):
        day = (plan.as_of - timedelta(days=days_before)).isoformat()
        said = subprocess.run(
            [sys.executable, "-m", "benchmarks.whole_nights", "--night", day],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found.append((day, [tuple(step) for step in json.loads(said.stdout.splitlines()[-1])]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=15_000)
    parser.add_argument("--folder", type=Path, help="where the programme and the last call's warehouse stay; default: a temporary folder")
    parser.add_argument("--memory", help="the engine's memory, such as 4GB; default: the engine's own")
    parser.add_argument("--night", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.night:
        print(json.dumps(night(arguments.night)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for day, measured in nights(folder, arguments.learners, arguments.memory):
            print(f"\n{day}\n\n| step | s | processor s | peak MB |\n|---|--:|--:|--:|")
            for what, clock, processor, memory in measured:
                print(f"| {what} | {clock:.1f} | {processor:.1f} | {memory:,.0f} |")
            print(
                f"| all | {sum(step[1] for step in measured):.1f} | {sum(step[2] for step in measured):.1f} | {max(step[3] for step in measured):,.0f} |"
            )


if __name__ == "__main__":
    main()
