"""The ``mayak`` command. The only place of ``pipelines`` that looks at a clock: everything below is given its day.

Exit codes: 0 done; 1 an error that will be there tomorrow too (bad file, wrong setting); 2 wrong use; 75 try again later.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from pipelines.errors import MayakError, PermanentError, TransientError
from pipelines.programme import read_programme
from pipelines.settings import read_settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.deliveries.page.store import Store
    from pipelines.explain import Person

app = typer.Typer(
    name="mayak", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Mayak: from the traces of a distance course to each curator's morning list and leadership's weekly report.",
    epilog="Settings: MAYAK_… variables and programme.toml (docs/configuration.md). Exit codes: 0 done, 1 will fail again, 2 wrong use, 75 try again later.",
)  # fmt: skip
#: Headings of `mayak --help`, in the order in which somebody new needs them.
_BEGIN, _NIGHT, _PEOPLE, _HAND_OUT, _MEASURE = (
    "Begin", "Every night", "Decisions about people and works", "What is handed out", "How right it is",
)  # fmt: skip
review_app = typer.Typer(no_args_is_help=True, help="Who is who: accounts to be looked at, and what was decided about them.")
app.add_typer(review_app, name="review", rich_help_panel=_PEOPLE)
copies_app = typer.Typer(no_args_is_help=True, help="Similar works that somebody objects to: dispute, verdict, history.")
app.add_typer(copies_app, name="copies", rich_help_panel=_PEOPLE)
completions_app = typer.Typer(no_args_is_help=True, help="Completions that a person has judged: formal or genuine.")
app.add_typer(completions_app, name="completions", rich_help_panel=_PEOPLE)
evaluate_app = typer.Typer(no_args_is_help=True, help="How right the forecasts are, on data whose outcome is known.")
app.add_typer(evaluate_app, name="evaluate", rich_help_panel=_MEASURE)
page_app = typer.Typer(no_args_is_help=True, help="The curator's page: who may log in, and serving it.")
app.add_typer(page_app, name="page", rich_help_panel=_HAND_OUT)
report_app = typer.Typer(no_args_is_help=True, help="Leadership's reports: which versions there are, and that none was changed.")
app.add_typer(report_app, name="report", rich_help_panel=_HAND_OUT)
console = Console()
problems = Console(stderr=True)

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


def _show_version(asked: bool) -> None:
    if asked:
        console.print(f"mayak {metadata.version('mayak')}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """Options of the command itself."""


class Rhythm(StrEnum):
    """What a run makes."""

    daily = "daily"
    weekly = "weekly"


def _as_of(text: str | None, zone: str) -> date:
    """The day asked for, or yesterday in the programme's time zone: the last day that is over."""
    from zoneinfo import ZoneInfo

    return _day(text) or datetime.now(ZoneInfo(zone)).date() - timedelta(days=1)


def _day(text: str | None, option: str = "--as-of") -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-11-22", param_hint=option) from error


@app.command(rich_help_panel=_BEGIN)
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


def _lists_of(index: Path) -> str:
    """Where the day's lists are, or why there are none."""
    if index.exists():
        return str(index)
    return "none: nobody is known to teach a stream. Name curators in the programme file ([[courses]] curators); `mayak doctor` says whom the LMS knows"


@app.command(rich_help_panel=_NIGHT)
def run(
    rhythm: Annotated[Rhythm, typer.Argument(help="daily: the curators' lists; weekly: the leadership report as well.")],
    as_of: Annotated[str | None, typer.Option(help="Last day that is known, e.g. 2026-11-22. Default: yesterday.")] = None,
) -> None:
    """Do a day's or a week's whole work: load, link, model, score, deliver. May be repeated: the same input gives the same files."""
    from pipelines import steps
    from pipelines.progress import show_progress
    from pipelines.run_lock import run_lock

    settings = read_settings()
    programme = read_programme(settings.programme)
    day = _as_of(as_of, programme.time_zone)
    todo = steps.daily(programme) if rhythm is Rhythm.daily else steps.weekly(programme)
    with run_lock(settings.warehouse_path, f"mayak run {rhythm.value} --as-of {day}"), show_progress(console, steps=len(todo)) as progress:
        steps.carry_out(steps.Run(settings, day, datetime.now(UTC), progress), todo)
    console.print(f"Lists:     {escape(_lists_of(settings.deliveries_folder / 'lists' / day.isoformat() / 'index.html'))}", soft_wrap=True)
    if rhythm is Rhythm.weekly:
        console.print(f"Report:    {settings.deliveries_folder / 'reports' / day.isoformat()}", soft_wrap=True)
    console.print(f"Warehouse: {settings.warehouse_path}", soft_wrap=True)


@app.command(rich_help_panel=_NIGHT)
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


@evaluate_app.command("oulad")
def evaluate_oulad(
    data: Annotated[Path, typer.Option(help="Folder with the seven tables of OULAD, Parquet or CSV.")],
    test: Annotated[str | None, typer.Option(help="Presentation to foresee, e.g. 2014J. Default: the newest there is.")] = None,
    weeks: Annotated[str, typer.Option(help="Weeks at whose end learners are judged.")] = "2,4,6,8",
    marking_days: Annotated[int | None, typer.Option(help="Days from handing in to knowing the mark. Default: a threshold.")] = None,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of the intervals.")] = 300,
    out: Annotated[Path | None, typer.Option(help="Write every figure as CSV, too.")] = None,
) -> None:
    """The published protocol: train on every earlier presentation, foresee Fail or Withdrawn in a later one, beside trivial forecasters."""
    from pipelines.risk import oulad

    try:
        asked = [int(week) for week in weeks.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{weeks!r}: write weeks as 2,4,6,8", param_hint="--weeks") from error
    found = oulad.evaluate(
        data, test=test, weeks=asked, draws=draws, marking_days=marking_days, tell=lambda line: problems.print(line, highlight=False)
    )
    for figure in found:
        beside = oulad.published(figure)
        console.print(
            f"{figure.sample:21} {figure.forecaster:25} {figure.metric:18} {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})  "
            f"{figure.n:,} learners{'  published ' + beside if beside else ''}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    if out is not None:
        import csv
        from dataclasses import asdict

        with out.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, ["sample", "forecaster", "metric", "value", "low", "high", "n"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(figure) for figure in found)


@evaluate_app.command("programme")
def evaluate_programme(
    until: Annotated[str, typer.Option(help="Last day that is known, e.g. 2026-11-22.")],
    out: Annotated[Path, typer.Option(help="Folder for the evaluation page in Russian and English.")],
    warehouse: Annotated[Path | None, typer.Option(help="Warehouse file. Default: the installation's.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="people.json of a simulated programme: it judges instead of the facts, streams that still run too.")
    ] = None,
) -> None:
    """What the forecasts of ended streams would have been, week by week, on a copy of the warehouse; writes the evaluation page."""
    from pipelines.risk import backtest, evaluation_page

    day = _day(until, "--until")
    assert day is not None
    settings = read_settings()
    tested = backtest.run(
        warehouse or settings.warehouse_path, until=day, truth=truth, pseudonyms=settings.pseudonyms if truth else None,
        tell=lambda line: problems.print(line, highlight=False),
    )  # fmt: skip
    for figure in tested.figures:
        console.print(
            f"{figure.sample:22} {figure.forecaster:20} {figure.metric:20} {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})  {figure.n:,} learners",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    console.print(
        f"first reason still told the day after: {tested.stability_next_day:.3f}, a week after: {tested.stability:.3f}", highlight=False
    )
    out.mkdir(parents=True, exist_ok=True)
    for language in ("ru", "en"):
        page = out / f"evaluation_{language}.html"
        page.write_text(evaluation_page.render(tested, language), encoding="utf-8")
        console.print(str(page), soft_wrap=True)


@app.command(rich_help_panel=_NIGHT)
def explain(
    learner: Annotated[str, typer.Argument(help="Person id, LMS user name or address, or the name as the LMS shows it.")],
    as_of: Annotated[str | None, typer.Option(help="Day; default: the last one that was scored.")] = None,
) -> None:
    """Every indicator and reason of one learner, traced back to the rows behind it."""
    from pipelines.explain import explain_learner

    day = _day(as_of)
    settings = read_settings()
    programme = read_programme(settings.programme)
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        explain_learner(warehouse, programme, _only_person(warehouse, learner), day, console)


def _only_person(warehouse: Warehouse, learner: str, *, whole: bool = False) -> Person:
    """The one person who is meant (by the ``whole`` name, or a part of it); ends the command with those who match where it is not one."""
    from pipelines.explain import find_people

    people = find_people(warehouse, learner, whole=whole)
    if len(people) == 1:
        return people[0]
    problems.print(f"{len(people)} people match" + (": say which, by person id:" if people else ""))
    for person in people[:20]:
        problems.print(f"  {person.person_id}  {escape(person.name)}")
    raise typer.Exit(1)


@app.command(rich_help_panel=_PEOPLE)
def erase(
    learner: Annotated[str, typer.Argument(help="Person id, LMS user name or address, or the whole name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget one learner: every row, mark, list and mail; what an export brings of the learner later is dropped. It cannot be undone."""
    from pipelines.erasure import erase as forget
    from pipelines.erasure import is_begun
    from pipelines.explain import Person
    from pipelines.run_lock import run_lock

    settings = read_settings()
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        # One that was killed is done again by the person's id: the name is not known any more.
        begun = warehouse.has_table("raw.erasures") and is_begun(warehouse, learner)
        person = Person(learner, "what is left of the learner") if begun else _only_person(warehouse, learner, whole=True)
    if not yes:
        typer.confirm(f"Erase {person.name} ({person.person_id}) from everything? It cannot be undone.", abort=True)
    console.print(f"If this is interrupted, `mayak erase {escape(person.person_id)}` does the rest.", highlight=False, soft_wrap=True)
    # A run that has read the learner already would write the learner's name on a list again.
    with run_lock(settings.warehouse_path, "mayak erase"):
        erased = forget(settings, person.person_id, datetime.now(UTC))
    console.print(f"Erased ({erased.erasure_id}): {sum(erased.rows.values())} rows of {len(erased.rows)} tables, {erased.files} files.")
    if erased.sources:
        console.print(f"These sources spoke of the learner; what lies there is not Mayak's to erase: {', '.join(erased.sources)}.")
    console.print("Run the day again: its lists, its figures and the curator's page follow.")


_By = Annotated[str | None, typer.Option("--by", help="Who decides; kept with the personal data.")]
_Note = Annotated[str | None, typer.Option("--note", help="Why, in one's own words; kept with the personal data.")]
_NEXT_RUN = "The links follow with the next run."


def _id(heading: str) -> Column:
    """A column of ids that are typed into other commands: whole, however narrow the terminal."""
    return Column(heading, no_wrap=True, overflow="fold")


@contextmanager
def _open(*, read_only: bool = False) -> Iterator[Warehouse]:
    settings = read_settings()
    with Warehouse.open(settings.warehouse_path, read_only=read_only) as warehouse:
        if not read_only:
            warehouse.create_schemas()
        yield warehouse


@review_app.command("list")
def review_list(most: Annotated[int, typer.Option("--most", help="Lines shown.")] = 30) -> None:
    """The accounts to be looked at, with the people they may be. Shows names."""
    from pipelines.review import queue

    with _open(read_only=True) as warehouse:
        cases = queue(warehouse)
    table = Table("account", "channel", "shows", "why", "may be (person, probability)")
    for case in cases[:most]:
        shows = "; ".join(one for one in (case.shown, case.handle, case.email, *case.earlier) if one) or "–"
        people = "\n".join(f"{one.person_id[:10]} {one.name} {one.score:.0%}" for one in case.candidates)
        table.add_row(case.account_id[:10], case.channel, escape(shows), case.rule, escape(people))
    console.print(table)
    console.print(f"{len(cases)} to be looked at" + (f", {most} shown" if len(cases) > most else ""))


def _decide(kind: str, account: str, person: str | None, by: str | None, note: str | None) -> None:
    from pipelines.links.people_decisions import Decision, decide

    with _open() as warehouse:
        decision_id = decide(warehouse, Decision(kind, account, person, datetime.now(UTC), by, note))
    console.print(f"{decision_id}: {kind} written down. {_NEXT_RUN}", highlight=False, soft_wrap=True)


def _decide_pair(kind: str, account: str, person: str | None, by: str | None, note: str | None) -> None:
    from pipelines.review import account_of, candidate_of, person_of

    with _open(read_only=True) as warehouse:
        account_id = account_of(warehouse, account)
        person_id = person_of(warehouse, person) if person else candidate_of(warehouse, account_id)
    _decide(kind, account_id, person_id, by, note)


def _decide_account(kind: str, account: str, by: str | None, note: str | None) -> None:
    from pipelines.review import account_of

    with _open(read_only=True) as warehouse:
        account_id = account_of(warehouse, account)
    _decide(kind, account_id, None, by, note)


@review_app.command("confirm")
def review_confirm(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    person: Annotated[str | None, typer.Argument(help="Person id, or its beginning; default: the likeliest.")] = None,
    by: _By = None,
    note: _Note = None,
) -> None:
    """The account is this person's."""
    _decide_pair("confirm", account, person, by, note)


@review_app.command("refuse")
def review_refuse(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    person: Annotated[str | None, typer.Argument(help="Person id, or its beginning; default: the likeliest.")] = None,
    by: _By = None,
    note: _Note = None,
) -> None:
    """The account is not this person's; whose it is remains open."""
    _decide_pair("refuse", account, person, by, note)


@review_app.command("split")
def review_split(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    by: _By = None,
    note: _Note = None,
) -> None:
    """The account is nobody else's: an LMS account is its own person again, any other is nobody's of the programme."""
    _decide_account("split", account, by, note)


@review_app.command("share")
def review_share(
    account: Annotated[str, typer.Argument(help="Account id, or its beginning.")],
    by: _By = None,
    note: _Note = None,
) -> None:
    """Several people write under the account: it is nobody's and not asked about again."""
    _decide_account("share", account, by, note)


@review_app.command("merge")
def review_merge(
    person: Annotated[str, typer.Argument(help="Person id (of the account to be joined), or its beginning.")],
    into: Annotated[str, typer.Argument(help="Person id that remains, or its beginning.")],
    by: _By = None,
    note: _Note = None,
) -> None:
    """Two people of the LMS are one."""
    from pipelines.review import person_of

    with _open(read_only=True) as warehouse:
        joined, remaining = person_of(warehouse, person), person_of(warehouse, into)
    _decide("merge", "a" + joined[1:], remaining, by, note)


@review_app.command("undo")
def review_undo(decision: Annotated[str, typer.Argument(help="Decision id, or its beginning.")]) -> None:
    """Take a decision back: the next run links as if it had never been made."""
    from pipelines.links.people_decisions import undo
    from pipelines.review import decision_of

    with _open() as warehouse:
        decision_id = decision_of(warehouse, decision)
        undo(warehouse, decision_id, datetime.now(UTC))
    console.print(f"{decision_id} taken back. {_NEXT_RUN}", highlight=False, soft_wrap=True)


@review_app.command("decisions")
def review_decisions() -> None:
    """Every decision, the newest first. Shows who made it."""
    from pipelines.links.people_decisions import decisions

    table = Table(_id("decision"), "kind", "account", "person", "made", "by", "note", "taken back")
    with _open(read_only=True) as warehouse:
        found = decisions(warehouse).to_pylist()
    for one in found:
        table.add_row(
            one["decision_id"], one["kind"], one["account_id"][:10], (one["person_id"] or "–")[:10], f"{one['decided_at']:%Y-%m-%d %H:%M}",
            escape(one["decided_by"] or "–"), escape(one["note"] or "–"), f"{one['undone_at']:%Y-%m-%d %H:%M}" if one["undone_at"] else "–",
        )  # fmt: skip
    console.print(table)


@review_app.command("history")
def review_history(account: Annotated[str, typer.Argument(help="Account id, or its beginning.")]) -> None:
    """How an account was linked from the first run on, and why."""
    from pipelines.review import account_of

    table = Table("since", "until", "state", _id("person"), "rule", "score", _id("decision"), "why")
    with _open(read_only=True) as warehouse:
        rows = warehouse.rows(
            "select since, until, state, coalesce(person_id, candidate_person_id), rule, score, decision_id, why from links.people_history "
            "where account_id = ? order by number",
            [account_of(warehouse, account)],
        )
    for since, until, state, person, rule, score, decision, why in rows:
        shown = f"{score:.3f}" if score is not None else "–"
        table.add_row(str(since), str(until or "–"), state, person or "–", rule, shown, decision or "–", why)
    console.print(table)


@review_app.command("export")
def review_export(
    sheet: Annotated[Path, typer.Argument(help="Workbook (.xlsx) to write. It shows names: keep it where such lists belong.")],
) -> None:
    """Write the queue as a sheet with a column for decisions."""
    from pipelines.review import queue
    from pipelines.review import sheet as made

    with _open(read_only=True) as warehouse:
        cases = queue(warehouse)
    sheet.write_bytes(made(cases))
    console.print(f"{len(cases)} accounts: {sheet}", highlight=False, soft_wrap=True)


@review_app.command("import")
def review_import(sheet: Annotated[Path, typer.Argument(help="The sheet with decisions typed in.")], by: _By = None) -> None:
    """Write the decisions of a sheet down, all or none."""
    from pipelines.review import bring_in, decisions_in

    found = decisions_in(sheet, at=datetime.now(UTC), by=by)
    with _open() as warehouse:
        new = bring_in(warehouse, found)
    console.print(f"{len(found)} decisions in the sheet, {new} of them new. {_NEXT_RUN}", highlight=False, soft_wrap=True)


def _store() -> Store:
    from pipelines.deliveries.page.store import Store

    return Store(read_settings().page_store)


def _curator_of(given: str) -> str:
    """Person id of a curator of the last list, by the beginning of the id or the name."""
    from pipelines.deliveries.page.snapshot import Snapshot

    curators = Snapshot(read_settings().page_day).curators()
    found = [one for one, name in curators.items() if one.startswith(given) or given.casefold() in (name or "").casefold()]
    if len(found) != 1:
        raise PermanentError(f"{'several' if found else 'no'} curators of the last list fit; `mayak page curators` shows them")
    return found[0]


@page_app.command("serve")
def page_serve(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen at; anything but loopback belongs behind a server that speaks TLS.")
    ] = "127.0.0.1",
    behind_tls: Annotated[bool, typer.Option("--behind-tls", help="A server before it speaks TLS: cookies are sent over it only.")] = False,
) -> None:
    """Serve the curator's page until it is stopped. Reads the last list; the night's run may work meanwhile."""
    import uvicorn

    from pipelines.deliveries.page.app import application
    from pipelines.deliveries.page.snapshot import Snapshot
    from pipelines.marks import marks_in

    settings = read_settings()
    programme = read_programme(settings.programme)
    served = application(
        Snapshot(settings.page_day), _store(), now=lambda: datetime.now(UTC), read_sheet=lambda path, at: marks_in(path, programme, at), is_secure=behind_tls
    )  # fmt: skip
    console.print(f"The curator's page: http://{host}:{port}", soft_wrap=True)
    uvicorn.run(served, host=host, port=port, log_level="warning", access_log=False, server_header=False, proxy_headers=behind_tls)


@page_app.command("curators")
def page_curators() -> None:
    """Curators of the last list and their log-ins. Shows names."""
    from pipelines.deliveries.page.snapshot import Snapshot

    logins = {curator: login for login, curator in _store().accounts()}
    table = Table("curator", "name", "log-in")
    for curator, name in Snapshot(read_settings().page_day).curators().items():
        table.add_row(curator[:12], escape(name or "–"), logins.get(curator, "–"))
    console.print(table)


@page_app.command("account")
def page_account(
    login: Annotated[str, typer.Argument(help="Name to log in with.")],
    curator: Annotated[str, typer.Argument(help="Curator: the beginning of the id, or a part of the name.")],
) -> None:
    """Let a curator log in, or give them a new password. Prints the password once; it has to be changed at the first log-in."""
    password = _store().set_account(login, _curator_of(curator), datetime.now(UTC))
    console.print(escape(f"{login}: {password}"), highlight=False, soft_wrap=True)


@page_app.command("remove")
def page_remove(login: Annotated[str, typer.Argument(help="Name to log in with.")]) -> None:
    """Take a log-in away."""
    _store().remove_account(login)
    console.print("removed")


@page_app.command("seen")
def page_seen(
    person: Annotated[str | None, typer.Argument(help="Person id of a learner; left out: everybody.")] = None,
    most: Annotated[int, typer.Option(help="Entries shown.")] = 50,
) -> None:
    """Who saw whom, the newest first."""
    table = Table("when (UTC)", "curator", "what", "learner")
    for entry in _store().seen(person, most=most):
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.curator_id[:12], entry.event, entry.person_id or "–")
    console.print(table)


@page_app.command("take")
def page_take(sheets: Annotated[list[Path], typer.Argument(help="Workbooks of lists with marks typed in.")]) -> None:
    """Take marks out of workbooks, all of a workbook or none. The next run knows them."""
    from pipelines.marks import marks_in

    programme = read_programme(read_settings().programme)
    store = _store()
    for sheet in sheets:
        found = marks_in(sheet, programme, datetime.now(UTC))
        console.print(f"{escape(sheet.name)}: {len(found)} marks, {store.add_marks(found)} of them new", highlight=False, soft_wrap=True)


_Later = Annotated[str, typer.Argument(help="Submission id of the later work (links.copies.later_id).")]
_Earlier = Annotated[str, typer.Argument(help="Id of the earlier work or message (links.copies.earlier_id).")]


def _say_of_pair(kind: str, later: str, earlier: str, by: str | None, note: str | None) -> None:
    from pipelines.links.copy_decisions import CopyDecision, decide

    with _open() as warehouse:
        decision_id = decide(warehouse, CopyDecision(kind, later, earlier, datetime.now(UTC), by, note))
    console.print(f"{decision_id}: {kind} written down. Lists and figures follow with the next run.", highlight=False, soft_wrap=True)


@copies_app.command("dispute")
def copies_dispute(later: _Later, earlier: _Earlier, by: _By = None, note: _Note = None) -> None:
    """Somebody objects: the pair counts for nothing until it is decided."""
    _say_of_pair("dispute", later, earlier, by, note)


@copies_app.command("decide")
def copies_decide(
    later: _Later,
    earlier: _Earlier,
    verdict: Annotated[str, typer.Argument(help="copied, independent or allowed.")],
    by: _By = None,
    note: _Note = None,
) -> None:
    """Decide a disputed pair; the verdict is kept as a label."""
    if verdict == "dispute":
        raise typer.BadParameter("a dispute is opened with `mayak copies dispute`", param_hint="verdict")
    _say_of_pair(verdict, later, earlier, by, note)


@completions_app.command("judge")
def completions_judge(
    person: Annotated[str, typer.Argument(help="Person id (facts.fct_enrolments).")],
    stream: Annotated[str, typer.Argument(help="Stream id.")],
    verdict: Annotated[str, typer.Argument(help="formal or genuine.")],
    by: _By = None,
    note: _Note = None,
) -> None:
    """Say of a completion whether it was formal; the forecasts learn from it instead of from the rule."""
    from pipelines.risk.verdicts import Verdict, decide

    with _open() as warehouse:
        verdict_id = decide(warehouse, Verdict(verdict, person, stream, datetime.now(UTC), by, note))
    console.print(f"{verdict_id}: {verdict} written down. The next run learns from it.", highlight=False, soft_wrap=True)


@completions_app.command("undo")
def completions_undo(verdict: Annotated[str, typer.Argument(help="Verdict id.")]) -> None:
    """Take a verdict back: what was said before it stands again."""
    from pipelines.risk.verdicts import undo

    with _open() as warehouse:
        undo(warehouse, verdict, datetime.now(UTC))
    console.print(f"{verdict} taken back.", highlight=False, soft_wrap=True)


@copies_app.command("undo")
def copies_undo(decision: Annotated[str, typer.Argument(help="Decision id.")]) -> None:
    """Take a dispute or a verdict back: what was said before it stands again."""
    from pipelines.links.copy_decisions import undo

    with _open() as warehouse:
        undo(warehouse, decision, datetime.now(UTC))
    console.print(f"{decision} taken back. Lists and figures follow with the next run.", highlight=False, soft_wrap=True)


@copies_app.command("history")
def copies_history() -> None:
    """Every dispute and verdict, the newest first. Shows who made it."""
    from pipelines.links.copy_decisions import history

    table = Table(_id("decision"), "kind", "later", "earlier", "words", "share", "made", "by", "note", "taken back")
    for column in table.columns[2:4]:
        column.overflow = "fold"
    with _open(read_only=True) as warehouse:
        found = history(warehouse).to_pylist()
    for one in found:
        table.add_row(
            one["decision_id"], one["kind"], one["later_id"], one["earlier_id"], str(one["matched_words"]), f"{one['later_share']:.0%}",
            f"{one['decided_at']:%Y-%m-%d %H:%M}", escape(one["decided_by"] or "–"), escape(one["note"] or "–"),
            f"{one['undone_at']:%Y-%m-%d %H:%M}" if one["undone_at"] else "–",
        )  # fmt: skip
    console.print(table)


@report_app.command("list")
def report_list() -> None:
    """Every week's versions, the current one last."""
    from pipelines.deliveries import frozen

    folder = read_settings().deliveries_folder
    table = Table("Week ends on", "Version", "First made", "Folder")
    for week in frozen.weeks(folder):
        for version in frozen.versions(folder, week):
            table.add_row(week.isoformat(), version.version, version.made_at.isoformat(sep=" ", timespec="minutes"), version.place)
    console.print(table)


@report_app.command("verify")
def report_verify(
    remake: Annotated[bool, typer.Option("--remake", help="Set every report again from its content and compare the bytes too.")] = False,
) -> None:
    """Is every frozen report what was made? The first file that is not ends with exit code 1."""
    from pipelines.deliveries import frozen

    folder = read_settings().deliveries_folder
    found = [version for week in frozen.weeks(folder) for version in frozen.versions(folder, week)]
    for version in found:
        manifest = frozen.verified(folder, version)
        if remake and manifest["tools"] != frozen.tools():
            console.print(
                f"{version.place}: set by another release ({manifest['tools']['mayak']}), so its bytes are not compared.", highlight=False
            )
        elif remake:
            differing = [
                name for name, content in frozen.remade(folder, version).items() if (folder / version.place / name).read_bytes() != content
            ]
            if differing:
                raise PermanentError(f"{version.place}: made again, {', '.join(differing)} has other bytes")
    console.print(f"{len(found)} reports, each as it was made.")


@app.command(rich_help_panel=_BEGIN)
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


def main() -> None:
    """Entry point: errors of ours become one line and an exit code, never a traceback."""
    try:
        app()
    except MayakError as error:
        _end(str(error), TRY_AGAIN if isinstance(error, TransientError) else 1)
    except OSError as error:
        # Of the machine: a folder that must not be written to, a disk that is full.
        _end(f"{error.filename or 'the file system'}: {error.strerror or type(error).__name__}", 1)


def _end(problem: str, code: int) -> NoReturn:
    problems.print(f"[red]mayak:[/] {escape(problem)}", highlight=False, soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
