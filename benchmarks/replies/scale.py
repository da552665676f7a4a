"""How long do questions, answers, repeated questions and waiting times take? Simulated chats of growing size, and one more day.

``python -m benchmarks.replies.scale --messages 125000 250000 500000 1000000``: courses of six weeks begin one after the other over a year; detection, linking, clustering and the dbt models of waiting
(``ind_response_latency`` and all that it stands upon), then the same again with one more day of messages. Writing the chats is not timed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.replies.talk import PROGRAMME, START, talk
from pipelines import transform
from pipelines.as_of import known_until
from pipelines.calendar import write_programme
from pipelines.links.conversations.novelty import first_to_relate, note_related
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.repeated_questions import link_repeated_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse

#: Messages that a course of six weeks writes, about; where the last course begins, weeks.
_PER_COURSE, _WEEKS = 1200, 46


class Clock:
    """Seconds by the clock and of the processor, by step."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun, spent = time.perf_counter(), _spent()
        yield
        self.steps[name] = (time.perf_counter() - begun, _spent() - spent)

    def total(self) -> tuple[float, float]:
        """Sums over the steps."""
        return sum(wall for wall, _ in self.steps.values()), sum(cpu for _, cpu in self.steps.values())


def _spent() -> float:
    return sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def relate(path: Path, as_of: date) -> Clock:
    """One night's work on the conversations of a warehouse, as of the end of a day."""
    clock = Clock()
    end = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), UTC)
    with Warehouse.open(path) as warehouse, known_until(warehouse, end):
        with clock.step("what is new"):
            since = first_to_relate(warehouse)
        with clock.step("questions"):
            link_questions(warehouse, since=since, is_related=True)
        with clock.step("answers"):
            link_replies(warehouse, since=since, is_related=True)
        with clock.step("repeated questions"):
            link_repeated_questions(warehouse, since=since)
        with clock.step("remembering"):
            note_related(warehouse)
    variables = transform.variables(PROGRAMME, as_of)
    folder = transform.kept_folder(path)
    # Once for each version of the project, whatever is counted with it.
    with clock.step("reading the models"):
        transform._invoke(path, ["parse"], variables=variables, work_folder=folder)
    with clock.step("waiting times"):
        command = [
            "build",
            "--select",
            "thresholds",
            "+ind_response_latency",
            "--exclude-resource-type",
            "test",
            "--exclude-resource-type",
            "unit_test",
        ]
        transform._invoke(path, command, variables=variables, work_folder=folder)
    return clock


def measure(messages: int, folder: Path) -> tuple[int, Clock, Clock]:
    """(messages, the whole history, one more day)."""
    path = folder / f"talk_{messages}.duckdb"
    courses = max(1, messages // _PER_COURSE)
    last = (datetime.fromtimestamp(START, UTC) + timedelta(weeks=min(_WEEKS, courses) + 3)).date()
    with Warehouse.open(path) as warehouse:
        told = talk(warehouse, 1, courses=courses, spread=_WEEKS)
        write_programme(
            warehouse,
            PROGRAMME,
            from_day=last - timedelta(days=500),
            until_day=last + timedelta(days=60),
        )
    whole = relate(path, last)
    night = relate(path, last + timedelta(days=1))
    return told.messages, whole, night


def main() -> None:
    """Measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, nargs="+", default=[125_000, 250_000, 500_000, 1_000_000])
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        for number in given.messages:
            messages, whole, night = measure(number, Path(folder))
            for name, clock in (("all", whole), ("one more day", night)):
                wall, cpu = clock.total()
                steps = ", ".join(f"{step} {seconds:.1f}/{spent:.1f}" for step, (seconds, spent) in clock.steps.items())
                sys.stdout.write(f"| {messages:,} | {name} | {wall:.1f} | {cpu:.1f} | {steps} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
