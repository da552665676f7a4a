"""The demonstration: simulate a programme, run Dagster's daily and weekly jobs on it, say where everything is.

``python -m assets.demo FOLDER`` does the work (a second time it finds everything done and changes nothing);
``python -m assets.demo FOLDER --ui`` opens Dagster's pages over it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.deliveries.report import frozen
from pipelines.progress import ProgressReporter, show_progress
from pipelines.settings import PROJECT
from pipelines.simulation import environment_of, plan_of, simulate

if TYPE_CHECKING:
    import dagster as dg

#: Holds on to the real output, because the runs' own talk goes to a file.
console = Console(file=sys.stdout)
#: A key that is in a public file protects nobody: the demonstration's people are invented.
DEMO_KEY = "demonstration-of-mayak-not-a-secret"
#: Dagster's instance: no telemetry, and one run at a time, in the order in which they were asked for.
_INSTANCE = "telemetry:\n  enabled: false\nconcurrency:\n  runs:\n    max_concurrent_runs: 1\n"
#: Two lists, so that the second can say what changed; the second day is a Sunday and ends a week.
DAYS_SHOWN = 2
#: Seconds between two looks at how far a run is.
LOOK_EVERY = 0.5


def configure(folder: Path) -> None:
    """Point this process at the demonstration's installation, and write ``mayak.env``, which points a shell at it."""
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        del os.environ[name]
    installation = environment_of(folder / "exports", folder, DEMO_KEY)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mayak.env").write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in installation.items()), encoding="utf-8")
    os.environ |= installation | {
        "DAGSTER_HOME": str(folder / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    (folder / "dagster" / "dagster.yaml").write_text(_INSTANCE, encoding="utf-8")


def days_shown(as_of: date) -> list[date]:
    """The days that the demonstration runs, the last one last."""
    return [as_of - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]


def state_of(folder: Path) -> dict[str, str]:
    """What the demonstration was made from and what it made: hashes of the code, the plan of the exports and every delivered file."""
    code = [path for part in ("pipelines", "assets", "sql", "dbt_like") for path in (PROJECT / part).rglob("*") if path.is_file()]
    code = [path for path in code if not {"__pycache__", "target", "logs"} & set(path.parts)]
    return {
        "code": _digest(code),
        "exports": _digest([folder / "exports" / "plan.json"]),
        "deliveries": _digest(list((folder / "deliveries").rglob("*"))),
    }


def _digest(paths: list[Path]) -> str:
    digest = sha256()
    for path in sorted(paths):
        if path.is_file():
            digest.update(f"{path}\x1f".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def make(folder: Path) -> None:
    """Simulate, run, tell."""
    plan = plan_of("demo")
    done = folder / "done.json"
    folder.mkdir(parents=True, exist_ok=True)
    with show_progress(console, steps=1) as progress:
        progress.start("Simulate a programme: exports of an LMS, a messenger, mailboxes, webinars and surveys")
        progress.done(str(simulate(folder / "exports", plan)))
    configure(folder)
    if done.exists() and json.loads(done.read_text(encoding="utf-8")) == state_of(folder):
        console.print("Everything is there already and nothing has changed.")
    else:
        done.unlink(missing_ok=True)
        _run_jobs(plan.as_of, folder / "runs.log")
        done.write_text(json.dumps(state_of(folder), indent=1), encoding="utf-8")
    tell(folder, plan.as_of)


def _run_jobs(as_of: date, talk: Path) -> None:
    console.print("Load Dagster and the dbt project …")
    # Dagster's own log is for its pages; here a line per step is enough, and errors.
    logging.getLogger("dagster").setLevel(logging.ERROR)
    import dagster as dg  # two seconds that a second `make demo` need not pay

    from assets.definitions import defs

    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    with dg.DagsterInstance.get() as instance:
        for day in days_shown(as_of):
            name = "weekly" if day == as_of else "daily"
            job = defs.resolve_job_def(name)
            run_id = str(uuid.uuid4())
            console.print(f"Dagster job {name}, partition {day}:")
            with (
                show_progress(console, steps=len(job.nodes)) as progress,
                _followed(instance, run_id, progress),
                talk.open("a", encoding="utf-8") as said,
                redirect_stdout(said),
            ):
                result = job.execute_in_process(
                    partition_key=day.isoformat(), instance=instance, run_id=run_id, run_config=quiet, raise_on_error=False
                )
            if not result.success:
                failed = [str(event.step_key) for event in result.all_events if event.is_step_failure]
                sys.exit(f"job {name} failed at {', '.join(failed)}; see {talk} and `make ui`")
            checks = result.get_asset_check_evaluations()
            bad = [f"{check.asset_key.to_user_string()}: {check.check_name}" for check in checks if not check.passed]
            made = len(result.get_asset_materialization_events())
            console.print(
                f"  {made} relations and deliveries made, {len(checks)} checks asked, {len(bad)} warnings{': ' if bad else ''}{'; '.join(bad)}"
            )


@contextmanager
def _followed(instance: dg.DagsterInstance, run_id: str, progress: ProgressReporter) -> Iterator[None]:
    """Tell of each step of a run as it begins and ends, from the run's own event log."""
    import dagster as dg

    over = threading.Event()

    def look(told: int) -> int:
        events = [
            entry.dagster_event
            for entry in instance.all_logs(run_id, of_type={dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS})
            if entry.dagster_event
        ]
        for event in events[told:]:
            if event.event_type is dg.DagsterEventType.STEP_START:
                progress.start(str(event.step_key).replace("__", "/"))
            else:
                progress.done(f"{event.step_success_data.duration_ms / 1000:.1f} s")
        return len(events)

    def follow() -> None:
        told = 0
        while not over.wait(LOOK_EVERY):
            told = look(told)
        look(told)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def tell(folder: Path, as_of: date) -> None:
    """Where everything is, and how to open Dagster."""
    deliveries = folder / "deliveries"
    report = deliveries / frozen.versions(deliveries, as_of)[-1].place
    places = {
        "Curators' lists": deliveries / "lists" / as_of.isoformat() / "index.html",
        "Leadership report": report / "report.ru.pdf",
        "Forecasts, how good": deliveries / "evaluation" / as_of.isoformat() / "evaluation.ru.html",
        "Warehouse (DuckDB)": folder / "warehouse.duckdb",
        "Exports and their truth": folder / "exports",
    }
    console.print()
    for name, where in places.items():
        console.print(f"{name:<24} {where}", highlight=False, soft_wrap=True)
    command = Path(sys.executable).with_name("mayak")
    console.print(f"{'Dagster':<24} make ui   (http://127.0.0.1:3000)", highlight=False)
    console.print(f"{'Command line':<24} set -a; . {folder / 'mayak.env'}; {command} status", highlight=False, soft_wrap=True)


def open_ui(folder: Path) -> None:
    """Dagster's pages over the demonstration's runs."""
    configure(folder)
    dagster = str(Path(sys.executable).with_name("dagster"))
    os.execv(dagster, [dagster, "dev", "-m", "assets.definitions", "--host", "127.0.0.1", "--port", "3000"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The demonstration.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ui", action="store_true", help="open Dagster's pages")
    given = parser.parse_args()
    (open_ui if given.ui else make)(given.folder.resolve())
