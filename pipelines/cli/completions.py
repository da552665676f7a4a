"""``mayak completions``: formal or genuine, as a person judged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines.cli.terminal import By, Note, console, open_warehouse

app = typer.Typer(no_args_is_help=True, help="Completions that a person has judged: formal or genuine.")


@app.command("judge")
def completions_judge(
    person: Annotated[str, typer.Argument(help="Person id (facts.fct_enrolments).")],
    stream: Annotated[str, typer.Argument(help="Stream id.")],
    verdict: Annotated[str, typer.Argument(help="formal or genuine.")],
    by: By = None,
    note: Note = None,
) -> None:
    """Say of a completion whether it was formal; the forecasts learn from it instead of from the rule."""
    from pipelines.risk.verdicts import Verdict, decide

    with open_warehouse() as warehouse:
        verdict_id = decide(warehouse, Verdict(verdict, person, stream, datetime.now(UTC), by, note))
    console.print(f"{verdict_id}: {verdict} written down. The next run learns from it.", highlight=False, soft_wrap=True)


@app.command("undo")
def completions_undo(verdict: Annotated[str, typer.Argument(help="Verdict id.")]) -> None:
    """Take a verdict back: what was said before it stands again."""
    from pipelines.risk.verdicts import undo

    with open_warehouse() as warehouse:
        undo(warehouse, verdict, datetime.now(UTC))
    console.print(f"{verdict} taken back.", highlight=False, soft_wrap=True)
