"""The ``mayak`` command. The only place of ``pipelines`` that looks at a clock: everything below is given its day.

Exit codes: 0 done; 1 an error that will be there tomorrow too (bad file, wrong setting); 2 wrong use; 75 try again later.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.errors import MayakError, TransientError
from pipelines.programme import read_programme
from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse

app = typer.Typer(
    name="mayak", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Mayak: who needs help today."
)
console = Console()
problems = Console(stderr=True)

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


class Rhythm(StrEnum):
    """What a run makes."""

    daily = "daily"
    weekly = "weekly"


def _as_of(text: str | None, zone: str) -> date:
    """The day asked for, or yesterday in the programme's time zone: the last day that is over."""
    from zoneinfo import ZoneInfo

    return _day(text) or datetime.now(ZoneInfo(zone)).date() - timedelta(days=1)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-11-22", param_hint="--as-of") from error


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to write the export files; made when missing.")],
    preset: Annotated[str, typer.Option(help="small, demo or large.")] = "demo",
    seed: Annotated[int | None, typer.Option(help="Same seed, same bytes.")] = None,
    learners: Annotated[int | None, typer.Option(help="How many learners (preset large).")] = None,
) -> None:
    """Write a believable programme as export files in the real formats, with the truth beside them."""
    from pipelines.progress import Teller, telling
    from pipelines.simulation import plan_of
    from pipelines.simulation import simulate as write

    plan = plan_of(preset, seed=seed, learners=learners)
    with ExitStack() as shown:
        tellers: list[Teller] = []

        def stream_written(done: int, streams: int, name: str) -> None:
            if not tellers:  # how many streams there are is known with the first one
                tellers.append(shown.enter_context(telling(console, steps=streams)))
            tellers[0].start(f"stream {name}")
            tellers[0].done(f"{done} of {streams}")

        summary = write(folder, plan, progress=stream_written)
    console.print(str(summary), soft_wrap=True)
    console.print(f"Programme file: {folder / 'programme.toml'}", soft_wrap=True)


@app.command()
def run(
    rhythm: Annotated[Rhythm, typer.Argument(help="daily: the curators' lists; weekly: the leadership report as well.")],
    as_of: Annotated[str | None, typer.Option(help="Last day that is known, e.g. 2026-11-22. Default: yesterday.")] = None,
) -> None:
    """Do a day's or a week's whole work: read, relate, count, predict, write."""
    from pipelines import steps
    from pipelines.progress import telling

    settings = read_settings()
    programme = read_programme(settings.programme)
    day = _as_of(as_of, programme.time_zone)
    todo = steps.daily(programme) if rhythm is Rhythm.daily else steps.weekly(programme)
    with telling(console, steps=len(todo)) as teller:
        steps.carry_out(steps.Run(settings, day, datetime.now(UTC), teller), todo)
    console.print(f"Lists:     {settings.deliveries_folder / 'lists' / day.isoformat() / 'index.html'}", soft_wrap=True)
    if rhythm is Rhythm.weekly:
        console.print(f"Report:    {settings.deliveries_folder / 'reports' / day.isoformat()}", soft_wrap=True)
    console.print(f"Warehouse: {settings.warehouse_path}", soft_wrap=True)


@app.command()
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
                rejects.add_row(state.name, record, reason, f"{count:,}")
        console.print(table)
        for name, problem in failures:
            console.print(f"[red]not loaded[/]: {name}: {problem}")
        if rejects.row_count:
            console.print("Rejected rows (each stands in raw.rejects with its place):")
            console.print(rejects)
        sizes = Table("stage", "relation", "rows")
        for schema, name, count in relations(warehouse):
            sizes.add_row(schema, name, f"{count:,}")
        console.print(sizes)


@app.command()
def explain(
    learner: Annotated[str, typer.Argument(help="Person id, LMS user name or address, or the name as the LMS shows it.")],
    as_of: Annotated[str | None, typer.Option(help="Day; default: the last one that was scored.")] = None,
) -> None:
    """Every indicator and reason of one learner, traced back to the rows behind it."""
    from pipelines.explain import explain_learner, find_people

    day = _day(as_of)
    settings = read_settings()
    programme = read_programme(settings.programme)
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        people = find_people(warehouse, learner)
        if len(people) != 1:
            problems.print(f"{len(people)} people match {learner!r}" + (": say which, by person id:" if people else ""))
            for person in people[:20]:
                problems.print(f"  {person.person_id}  {person.name}")
            raise typer.Exit(1)
        explain_learner(warehouse, programme, people[0], day, console)


@app.command()
def doctor() -> None:
    """Check configuration, sources and warehouse; say in one line each what is wrong and how to mend it."""
    from pipelines.status import examine

    ill = False
    for diagnosis in examine(datetime.now(UTC)):
        mark = "[green]✓[/]" if diagnosis.mend is None else "[red]✗[/]"
        console.print(f"{mark} {diagnosis.what}: {diagnosis.found}", highlight=False, soft_wrap=True)
        if diagnosis.mend:
            ill = True
            console.print(f"    → {diagnosis.mend}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if ill else 0)


def main() -> None:
    """Entry point: errors of ours become one line and an exit code, never a traceback."""
    try:
        app()
    except MayakError as error:
        problems.print(f"[red]mayak:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(TRY_AGAIN if isinstance(error, TransientError) else 1)


if __name__ == "__main__":
    main()
