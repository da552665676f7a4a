"""``mayak run``, ``status`` and ``explain``: a day's work, what is loaded, and why a learner is on the list."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.terminal import as_of_day, console, day_of, only_person
from pipelines.programme import read_programme
from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse


class Rhythm(StrEnum):
    """What a run makes."""

    daily = "daily"
    weekly = "weekly"


def run(
    rhythm: Annotated[Rhythm, typer.Argument(help="daily: the curators' lists; weekly: the leadership report as well.")],
    as_of: Annotated[str | None, typer.Option(help="Last day that is known, e.g. 2026-11-22. Default: yesterday.")] = None,
) -> None:
    """Do a day's or a week's whole work: load, link, model, score, deliver. May be repeated: the same input gives the same files."""
    from pipelines.run_lock import run_lock

    settings = read_settings()
    programme = read_programme(settings.programme)
    day = as_of_day(as_of, programme.time_zone)
    what = f"mayak run {rhythm.value} --as-of {day}"
    with run_lock(settings.warehouse_path, what):
        # Before the libraries of the work are imported, which takes seconds: who typed the command, or reads cron's mail, sees what has begun.
        console.print(f"{what}: {escape(programme.name)}, {len(programme.sources)} sources …", highlight=False, soft_wrap=True)
        from pipelines import steps
        from pipelines.progress import show_progress

        todo = steps.daily(programme) if rhythm is Rhythm.daily else steps.weekly(programme)
        with show_progress(console, steps=len(todo)) as progress:
            steps.carry_out(steps.Run(settings, day, datetime.now(UTC), progress), todo)
    index = settings.deliveries_folder / "lists" / day.isoformat() / "index.html"
    console.print(f"Lists:     {escape(_lists_of(index, settings.warehouse_path))}", soft_wrap=True)
    if rhythm is Rhythm.weekly:
        console.print(f"Report:    {settings.deliveries_folder / 'reports' / day.isoformat()}", soft_wrap=True)
    console.print(f"Warehouse: {settings.warehouse_path}", soft_wrap=True)


def _lists_of(index: Path, warehouse_path: Path) -> str:
    """Where the day's lists are, or why there are none."""
    if index.exists():
        return str(index)
    if warehouse_path.exists() and _has_curators(warehouse_path):
        return "none: no stream that anybody is known to teach runs on this day"
    return "none: nobody is known to teach a stream. Name curators in the programme file ([[courses]] curators); `mayak doctor` says whom the LMS knows"


def _has_curators(warehouse_path: Path) -> bool:
    with Warehouse.open(warehouse_path, read_only=True) as warehouse:
        return warehouse.has_table("facts.dim_curators") and bool(warehouse.value("select count(*) from facts.dim_curators"))


def status() -> None:
    """What is loaded, how fresh it is, what was rejected and why."""
    from pipelines.status import relations, source_states

    settings = read_settings()
    programme = read_programme(settings.programme)
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        table = Table("source", "kind", "items", "rows", "rejected", "known until")
        rejects = Table("source", "record", "reason", "rows")
        failures = []
        for state in source_states(warehouse, programme):
            until = state.covers_until.astimezone(programme.zone).strftime("%Y-%m-%d %H:%M") if state.covers_until else "–"
            table.add_row(state.name, state.kind, str(state.items), f"{state.rows_kept:,}", f"{state.rows_rejected:,}", until)
            failures += [(state.name, problem) for problem in state.problems]
            for record, reason, count in state.reasons:
                rejects.add_row(state.name, record, escape(reason), f"{count:,}")
        console.print(table)
        for name, problem in failures:
            console.print(f"[red]not loaded[/]: {name}: {escape(problem)}", highlight=False, soft_wrap=True)
        if rejects.row_count:
            console.print("Rejected rows (each stands in raw.rejects with its place):")
            console.print(rejects)
        sizes = Table("stage", "relation", "rows")
        for schema, name, count in relations(warehouse):
            sizes.add_row(schema, name, f"{count:,}")
        console.print(sizes)


def explain(
    learner: Annotated[str, typer.Argument(help="Person id, LMS user name or address, or the name as the LMS shows it.")],
    as_of: Annotated[str | None, typer.Option(help="Day; default: the last one that was scored.")] = None,
) -> None:
    """Every indicator and reason of one learner, traced back to the rows behind it."""
    from pipelines.explain import explain_learner

    day = day_of(as_of)
    settings = read_settings()
    programme = read_programme(settings.programme)
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        explain_learner(warehouse, programme, only_person(warehouse, learner), day, console)
