"""``mayak report``: the versions of leadership's reports, and that none was changed."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from pipelines.cli.terminal import console, id_column
from pipelines.errors import PermanentError
from pipelines.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Leadership's reports: which versions there are, and that none was changed.")


@app.command("list")
def report_list() -> None:
    """Every week's versions, the current one last."""
    from pipelines.deliveries.report import frozen

    folder = read_settings().deliveries_folder
    table = Table("Week ends on", "Version", "First made", id_column("Folder"))
    for week in frozen.weeks(folder):
        for version in frozen.versions(folder, week):
            table.add_row(week.isoformat(), version.version, version.made_at.isoformat(sep=" ", timespec="minutes"), version.place)
    console.print(table)


@app.command("verify")
def report_verify(
    remake: Annotated[bool, typer.Option("--remake", help="Set every report again from its content and compare the bytes too.")] = False,
) -> None:
    """Is every frozen report what was made? The first file that is not ends with exit code 1."""
    from pipelines.deliveries.report import frozen

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
    console.print(f"{len(found)} {'report' if len(found) == 1 else 'reports'}, each as it was made.")
