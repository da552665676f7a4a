"""``mayak copies``: similar works that somebody objects to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.terminal import By, Note, console, id_column, open_warehouse

app = typer.Typer(no_args_is_help=True, help="Similar works that somebody objects to: dispute, verdict, history.")
_Later = Annotated[str, typer.Argument(help="Submission id of the later work (links.copies.later_id).")]
_Earlier = Annotated[str, typer.Argument(help="Id of the earlier work or message (links.copies.earlier_id).")]


def _say_of_pair(kind: str, later: str, earlier: str, by: str | None, note: str | None) -> None:
    from pipelines.links.copies.copy_decisions import CopyDecision, decide

    with open_warehouse() as warehouse:
        decision_id = decide(warehouse, CopyDecision(kind, later, earlier, datetime.now(UTC), by, note))
    console.print(f"{decision_id}: {kind} written down. Lists and figures follow with the next run.", highlight=False, soft_wrap=True)


@app.command("dispute")
def copies_dispute(later: _Later, earlier: _Earlier, by: By = None, note: Note = None) -> None:
    """Somebody objects: the pair counts for nothing until it is decided."""
    _say_of_pair("dispute", later, earlier, by, note)


@app.command("decide")
def copies_decide(
    later: _Later,
    earlier: _Earlier,
    verdict: Annotated[str, typer.Argument(help="copied, independent or allowed.")],
    by: By = None,
    note: Note = None,
) -> None:
    """Decide a disputed pair; the verdict is kept as a label."""
    if verdict == "dispute":
        raise typer.BadParameter("a dispute is opened with `mayak copies dispute`", param_hint="verdict")
    _say_of_pair(verdict, later, earlier, by, note)


@app.command("undo")
def copies_undo(decision: Annotated[str, typer.Argument(help="Decision id.")]) -> None:
    """Take a dispute or a verdict back: what was said before it stands again."""
    from pipelines.links.copies.copy_decisions import undo

    with open_warehouse() as warehouse:
        undo(warehouse, decision, datetime.now(UTC))
    console.print(f"{decision} taken back. Lists and figures follow with the next run.", highlight=False, soft_wrap=True)


@app.command("history")
def copies_history() -> None:
    """Every dispute and verdict, the newest first. Shows who made it."""
    from pipelines.links.copies.copy_decisions import history

    table = Table(id_column("decision"), "kind", "later", "earlier", "words", "share", "made", "by", "note", "taken back")
    for column in table.columns[2:4]:
        column.overflow = "fold"
    with open_warehouse(read_only=True) as warehouse:
        found = history(warehouse).to_pylist()
    for one in found:
        table.add_row(
            one["decision_id"], one["kind"], one["later_id"], one["earlier_id"], str(one["matched_words"]), f"{one['later_share']:.0%}",
            f"{one['decided_at']:%Y-%m-%d %H:%M}", escape(one["decided_by"] or "–"), escape(one["note"] or "–"),
            f"{one['undone_at']:%Y-%m-%d %H:%M}" if one["undone_at"] else "–",
        )  # fmt: skip
    console.print(table)
