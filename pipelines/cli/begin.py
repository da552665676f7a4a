"""``mayak simulate`` and ``mayak doctor``: a programme to try things on, and what is wrong with one's own."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.terminal import console


def simulate(
    folder: Annotated[Path, typer.Argument(help="Where to write the export files; made when missing.")],
    preset: Annotated[str, typer.Option(help="small, demo or large.")] = "demo",
    seed: Annotated[int | None, typer.Option(help="Same seed, same bytes.")] = None,
    learners: Annotated[int | None, typer.Option(min=1, help="How many learners (preset large).")] = None,
) -> None:
    """Write an invented programme as export files in the real formats, with the truth beside them and a programme file to run it."""
    from pipelines.progress import ProgressReporter, show_progress
    from pipelines.simulation import plan_of
    from pipelines.simulation import simulate as write

    plan = plan_of(preset, seed=seed, learners=learners)
    with ExitStack() as shown:
        shown_progress: list[ProgressReporter] = []

        def stream_written(done: int, streams: int, name: str) -> None:
            if not shown_progress:  # how many streams there are is known with the first one
                shown_progress.append(shown.enter_context(show_progress(console, steps=streams)))
            shown_progress[0].start(f"stream {name}")
            shown_progress[0].done(f"{done} of {streams}")

        summary = write(folder, plan, progress=stream_written)
    console.print(str(summary), soft_wrap=True)
    console.print(f"Programme file: {folder / 'programme.toml'}", soft_wrap=True)


def doctor() -> None:
    """Check configuration, sources and warehouse; say in one line each what is wrong and how to mend it."""
    from pipelines.status import examine

    ill = False
    for diagnosis in examine(datetime.now(UTC)):
        mark = "[green]✓[/]" if diagnosis.mend is None else "[red]✗[/]"
        console.print(f"{mark} {escape(f'{diagnosis.what}: {diagnosis.found}')}", highlight=False, soft_wrap=True)
        if diagnosis.mend:
            ill = True
            console.print(f"    → {escape(diagnosis.mend)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if ill else 0)
