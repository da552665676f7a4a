"""``mayak page``: the curator's page, who may log in, and the marks that come in as workbooks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.terminal import console
from pipelines.errors import PermanentError
from pipelines.programme import read_programme
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.deliveries.page.store import Store

app = typer.Typer(no_args_is_help=True, help="The curator's page: who may log in, and serving it.")


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


@app.command("serve")
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


@app.command("curators")
def page_curators() -> None:
    """Curators of the last list and their log-ins. Shows names."""
    from pipelines.deliveries.page.snapshot import Snapshot

    logins = {curator: login for login, curator in _store().accounts()}
    table = Table("curator", "name", "log-in")
    for curator, name in Snapshot(read_settings().page_day).curators().items():
        table.add_row(curator[:12], escape(name or "–"), logins.get(curator, "–"))
    console.print(table)


@app.command("account")
def page_account(
    login: Annotated[str, typer.Argument(help="Name to log in with.")],
    curator: Annotated[str, typer.Argument(help="Curator: the beginning of the id, or a part of the name.")],
) -> None:
    """Let a curator log in, or give them a new password. Prints the password once; it has to be changed at the first log-in."""
    password = _store().set_account(login, _curator_of(curator), datetime.now(UTC))
    console.print(escape(f"{login}: {password}"), highlight=False, soft_wrap=True)


@app.command("remove")
def page_remove(login: Annotated[str, typer.Argument(help="Name to log in with.")]) -> None:
    """Take a log-in away."""
    _store().remove_account(login)
    console.print("removed")


@app.command("seen")
def page_seen(
    person: Annotated[str | None, typer.Argument(help="Person id of a learner; left out: everybody.")] = None,
    most: Annotated[int, typer.Option(help="Entries shown.")] = 50,
) -> None:
    """Who saw whom, the newest first."""
    table = Table("when (UTC)", "curator", "what", "learner")
    for entry in _store().seen(person, most=most):
        table.add_row(f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.curator_id[:12], entry.event, entry.person_id or "–")
    console.print(table)


@app.command("take")
def page_take(sheets: Annotated[list[Path], typer.Argument(help="Workbooks of lists with marks typed in.")]) -> None:
    """Take marks out of workbooks, all of a workbook or none. The next run knows them."""
    from pipelines.marks import marks_in

    programme = read_programme(read_settings().programme)
    store = _store()
    for sheet in sheets:
        found = marks_in(sheet, programme, datetime.now(UTC))
        console.print(f"{escape(sheet.name)}: {len(found)} marks, {store.add_marks(found)} of them new", highlight=False, soft_wrap=True)
