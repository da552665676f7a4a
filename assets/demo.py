"""The demonstration: simulate a programme, run Dagster's daily and weekly jobs on it, say where everything is.

``python -m assets.demo FOLDER`` does the work (a second time it finds everything done and changes nothing);
``python -m assets.demo FOLDER --ui`` opens Dagster's pages over it.
"""

import os
import sys
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from rich.console import Console

from pipelines.progress import telling

console = Console()
#: A key that is in a public file protects nobody: the demonstration's people are invented.
DEMO_KEY = "demonstration-of-mayak-not-a-secret"
#: Two lists, so that the second can say what changed; the second day is a Sunday and ends a week.
DAYS_SHOWN = 2


def configure(folder: Path) -> None:
    """Point this process at the demonstration's installation."""
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        del os.environ[name]
    os.environ |= {
        "MAYAK_PROGRAMME": str(folder / "exports" / "programme.toml"),
        "MAYAK_HOME": str(folder),
        "MAYAK_PSEUDONYM_KEY": DEMO_KEY,
        "MAYAK_SOURCES__LMS__URL": f"sqlite:///{folder / 'exports' / 'lms' / 'moodle.sqlite'}",
        "DAGSTER_HOME": str(folder / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    (folder / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")


def days_shown(as_of: date) -> list[date]:
    """The days that the demonstration runs, the last one last."""
    return [as_of - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]


def is_done(folder: Path, as_of: date) -> bool:
    """Has this day been delivered from exports that are still the same, and are the files as they were written?"""
    from pipelines.settings import read_settings
    from pipelines.steps import Run
    from pipelines.warehouse import Warehouse

    if not (folder / "warehouse.duckdb").exists():
        return False
    with Warehouse.open(folder / "warehouse.duckdb", read_only=True) as warehouse:
        if not warehouse.has_table("deliveries.files"):
            return False
        files = warehouse.rows("select kind, path, sha256 from deliveries.files where day = ?", [as_of])
        loaded = {
            (row[0], row[1]): row[2] for row in warehouse.rows("select source, item, fingerprint from raw.loads where state = 'loaded'")
        }
    settings = read_settings()
    kinds = {kind for kind, _, _ in files}
    whole = all(_hash(settings.deliveries_folder / path) == digest for _, path, digest in files)
    run = Run(settings, as_of, run_at=_now())
    exports = run.programme.path_of(run.programme.sources[-1]).parent
    newest = max((file.stat().st_mtime for file in exports.rglob("*") if file.is_file()), default=0)
    return bool(loaded) and whole and {"list_html", "report_pdf"} <= kinds and newest <= (folder / "warehouse.duckdb").stat().st_mtime


def _hash(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else None


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)


def make(folder: Path) -> None:
    """Simulate, run, tell."""
    from pipelines.simulation import plan_of, simulate

    plan = plan_of("demo")
    with telling(console, steps=1 + DAYS_SHOWN) as teller:
        teller.start("Simulate a programme: export files of an LMS, a messenger, mailboxes, webinars, surveys")
        teller.done(str(simulate(folder / "exports", plan)))
        configure(folder)
        if is_done(folder, plan.as_of):
            teller.note("Everything is there already and nothing has changed.")
        else:
            _run_jobs(plan.as_of, teller)
    tell(folder, plan.as_of)


def _run_jobs(as_of: date, teller) -> None:
    import dagster as dg

    teller.note("Load Dagster and dbt …")
    from assets.definitions import defs

    with dg.DagsterInstance.get() as instance:
        for day in days_shown(as_of):
            name = "weekly" if day == as_of else "daily"
            teller.start(f"Dagster job {name!r}, partition {day}")
            result = defs.resolve_job_def(name).execute_in_process(partition_key=day.isoformat(), instance=instance, raise_on_error=False)
            if not result.success:
                failed = [event.step_key for event in result.all_events if event.is_step_failure]
                sys.exit(f"job {name} failed at: {', '.join(str(step) for step in failed)}; its log stands above")
            teller.done(f"{len(result.get_asset_materialization_events())} assets, {len(result.get_asset_check_evaluations())} checks")


def tell(folder: Path, as_of: date) -> None:
    """Where everything is, and how to open Dagster."""
    folder = folder.resolve()
    for name, where in (
        ("Curators' lists", folder / "deliveries" / "lists" / as_of.isoformat() / "index.html"),
        ("Leadership report", folder / "deliveries" / "reports" / as_of.isoformat() / "report.ru.pdf"),
        ("Warehouse (DuckDB)", folder / "warehouse.duckdb"),
        ("Exports and their truth", folder / "exports"),
    ):
        console.print(f"{name:<24} {where}", highlight=False, soft_wrap=True)
    console.print(f"{'Dagster':<24} make ui   → http://127.0.0.1:3000", highlight=False)


def open_ui(folder: Path) -> None:
    """Dagster's pages over the demonstration's runs."""
    configure(folder.resolve())
    dagster = Path(sys.executable).with_name("dagster")
    os.execv(dagster, [str(dagster), "dev", "-m", "assets.definitions", "--host", "127.0.0.1", "--port", "3000"])


if __name__ == "__main__":
    where = Path(sys.argv[1]).resolve()
    open_ui(where) if "--ui" in sys.argv[2:] else make(where)
