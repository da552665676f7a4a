"""The ``mayak`` command: one module for each group of commands, thin over the functions that do the work.

The only place of ``pipelines`` that looks at a clock: everything below is given its day.
Exit codes: 0 done; 1 an error that will be there tomorrow too (bad file, wrong setting); 2 wrong use; 75 try again later.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from pipelines.cli import begin, completions, copies, erase, evaluate, night, page, report, review
from pipelines.cli.terminal import console, problems
from pipelines.errors import MayakError, TransientError

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h

app = typer.Typer(
    name="mayak", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Mayak: from the traces of a distance course to each curator's morning list and leadership's weekly report.",
    epilog="Settings: MAYAK_… variables and programme.toml (docs/configuration.md). Exit codes: 0 done, 1 will fail again, 2 wrong use, 75 try again later.",
)  # fmt: skip
#: Headings of `mayak --help`, in the order in which somebody new needs them.
_BEGIN, _NIGHT, _PEOPLE, _HAND_OUT, _MEASURE = (
    "Begin", "Every night", "Decisions about people and works", "What is handed out", "How right it is",
)  # fmt: skip
for _panel, _command in (
    (_BEGIN, begin.simulate), (_NIGHT, night.run), (_NIGHT, night.status), (_NIGHT, night.explain), (_PEOPLE, erase.erase), (_BEGIN, begin.doctor),
):  # fmt: skip
    app.command(rich_help_panel=_panel)(_command)
for _panel, _name, _group in (
    (_PEOPLE, "review", review.app), (_PEOPLE, "copies", copies.app), (_PEOPLE, "completions", completions.app),
    (_MEASURE, "evaluate", evaluate.app), (_HAND_OUT, "page", page.app), (_HAND_OUT, "report", report.app),
):  # fmt: skip
    app.add_typer(_group, name=_name, rich_help_panel=_panel)


def _show_version(asked: bool) -> None:
    if asked:
        console.print(f"mayak {metadata.version('mayak')}", highlight=False)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """Options of the command itself."""


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
