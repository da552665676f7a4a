"""``mayak review``: who is who, and what people decided about it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.terminal import By, Note, console, id_column, open_warehouse

app = typer.Typer(no_args_is_help=True, help="Who is who: accounts to be looked at, and what was decided about them.")
NEXT_RUN = "The links follow with the next run."


@app.command("list")
def review_list(most: Annotated[int, typer.Option("--most", help="Lines shown.")] = 30) -> None:
    """The accounts to be looked at, with the people they may be. Shows names."""
    from pipelines.review import queue

    with open_warehouse(read_only=True) as warehouse:
        cases = queue(warehouse)
    table = Table("account", "channel", "shows", "why", "may be (person, probability)")
    for case in cases[:most]:
        shows = "; ".join(one for one in (case.shown, case.handle, case.email, *case.earlier) if one) or "–"
        people = "\n".join(f"{one.person_id[:10]} {one.name} {one.score:.0%}" for one in case.candidates)
        table.add_row(case.account_id[:10], case.channel, escape(shows), case.rule, escape(people))
    console.print(table)
    console.print(f"{len(cases)} to be looked at" + (f", {most} shown" if len(cases) > most else ""))


def _decide(kind: str, account: str, person: str | None, by: str | None, note: str | None) -> None:
    from pipelines.links.people.people_decisions import Decision, decide

    with open_warehouse() as warehouse:
        decision_id = decide(warehouse, Decision(kind, account, person, datetime.now(UTC), by, note))
    console.print(f"{decision_id}: {kind} written down. {NEXT_RUN}", highlight=False, soft_wrap=True)


def _decide_pair(kind: str, account: str, person: str | None, by: str | None, note: str | None) -> None:
    from pipelines.review import account_of, candidate_of, person_of

    with open_warehouse(read_only=True) as warehouse:
        account_id = account_of(warehouse, account)
        person_id = person_of(warehouse, person) if person else candidate_of(warehouse, account_id)
    _decide(kind, account_id, person_id, by, note)


def _decide_account(kind: str, account: str, by: str | None, note: str | None) -> None:
    from pipelines.review import account_of

    with open_warehouse(read_only=True) as warehouse:
        account_id = account_of(warehouse, account)
    _decide(kind, account_id, None, by, note)


@app.command("confirm")
def review_confirm(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    person: Annotated[str | None, typer.Argument(help="Person id, or its beginning; default: the likeliest.")] = None,
    by: By = None,
    note: Note = None,
) -> None:
    """The account is this person's."""
    _decide_pair("confirm", account, person, by, note)


@app.command("refuse")
def review_refuse(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    person: Annotated[str | None, typer.Argument(help="Person id, or its beginning; default: the likeliest.")] = None,
    by: By = None,
    note: Note = None,
) -> None:
    """The account is not this person's; whose it is remains open."""
    _decide_pair("refuse", account, person, by, note)


@app.command("split")
def review_split(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    by: By = None,
    note: Note = None,
) -> None:
    """The account is nobody else's: an LMS account is its own person again, any other is nobody's of the programme."""
    _decide_account("split", account, by, note)


@app.command("share")
def review_share(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    by: By = None,
    note: Note = None,
) -> None:
    """Several people write under the account: it is nobody's and not asked about again."""
    _decide_account("share", account, by, note)


@app.command("merge")
def review_merge(
    person: Annotated[str, typer.Argument(help="Person id (of the account to be joined), or its beginning.")],
    into: Annotated[str, typer.Argument(help="Person id that remains, or its beginning.")],
    by: By = None,
    note: Note = None,
) -> None:
    """Two people of the LMS are one."""
    from pipelines.review import person_of

    with open_warehouse(read_only=True) as warehouse:
        joined, remaining = person_of(warehouse, person), person_of(warehouse, into)
    _decide("merge", "a" + joined[1:], remaining, by, note)


@app.command("undo")
def review_undo(decision: Annotated[str, typer.Argument(help="Decision id, or its beginning.")]) -> None:
    """Take a decision back: the next run links as if it had never been made."""
    from pipelines.links.people.people_decisions import undo
    from pipelines.review import decision_of

    with open_warehouse() as warehouse:
        decision_id = decision_of(warehouse, decision)
        undo(warehouse, decision_id, datetime.now(UTC))
    console.print(f"{decision_id} taken back. {NEXT_RUN}", highlight=False, soft_wrap=True)


@app.command("decisions")
def review_decisions() -> None:
    """Every decision, the newest first. Shows who made it."""
    from pipelines.links.people.people_decisions import decisions

    table = Table(id_column("decision"), "kind", "account", "person", "made", "by", "note", "taken back")
    with open_warehouse(read_only=True) as warehouse:
        found = decisions(warehouse).to_pylist()
    for one in found:
        table.add_row(
            one["decision_id"], one["kind"], one["account_id"][:10], (one["person_id"] or "–")[:10], f"{one['decided_at']:%Y-%m-%d %H:%M}",
            escape(one["decided_by"] or "–"), escape(one["note"] or "–"), f"{one['undone_at']:%Y-%m-%d %H:%M}" if one["undone_at"] else "–",
        )  # fmt: skip
    console.print(table)


@app.command("history")
def review_history(account: Annotated[str, typer.Argument(help="Account id, or its beginning.")]) -> None:
    """How an account was linked from the first run on, and why."""
    from pipelines.review import account_of

    table = Table("since", "until", "state", id_column("person"), "rule", "score", id_column("decision"), "why")
    with open_warehouse(read_only=True) as warehouse:
        rows = warehouse.rows(
            "select since, until, state, coalesce(person_id, candidate_person_id), rule, score, decision_id, why from links.people_history "
            "where account_id = ? order by number",
            [account_of(warehouse, account)],
        )
    for since, until, state, person, rule, score, decision, why in rows:
        shown = f"{score:.3f}" if score is not None else "–"
        table.add_row(str(since), str(until or "–"), state, person or "–", rule, shown, decision or "–", why)
    console.print(table)


@app.command("export")
def review_export(
    sheet: Annotated[Path, typer.Argument(help="Workbook (.xlsx) to write. It shows names: keep it where such lists belong.")],
) -> None:
    """Write the queue as a sheet with a column for decisions."""
    from pipelines.review import queue
    from pipelines.review import sheet as made

    with open_warehouse(read_only=True) as warehouse:
        cases = queue(warehouse)
    sheet.write_bytes(made(cases))
    console.print(f"{len(cases)} accounts: {sheet}", highlight=False, soft_wrap=True)


@app.command("import")
def review_import(sheet: Annotated[Path, typer.Argument(help="The sheet with decisions typed in.")], by: By = None) -> None:
    """Write the decisions of a sheet down, all or none."""
    from pipelines.review import bring_in, decisions_in

    found = decisions_in(sheet, at=datetime.now(UTC), by=by)
    with open_warehouse() as warehouse:
        new = bring_in(warehouse, found)
    console.print(f"{len(found)} decisions in the sheet, {new} of them new. {NEXT_RUN}", highlight=False, soft_wrap=True)
