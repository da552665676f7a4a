"""How work is shown while it goes on: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class ProgressReporter(Protocol):
    """Told of what is going on."""

    def start(self, what: str) -> None:
        """A step begins."""

    def done(self, result: str) -> None:
        """The step that began last is over; ``result`` is its one-line outcome."""

    def note(self, line: str) -> None:
        """Something to know that ends nothing."""


class SilentProgress:
    """Tells nobody: for tests and for callers that report in their own way."""

    def start(self, what: str) -> None: ...

    def done(self, result: str) -> None: ...

    def note(self, line: str) -> None: ...


class LineProgress:
    """One plain line per event, through ``write``: for logs and pipes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write, self._what = write, ""

    def start(self, what: str) -> None:
        self._what = what
        self._write(f"{what} …")

    def done(self, result: str) -> None:
        self._write(f"{self._what}: {result}")

    def note(self, line: str) -> None:
        self._write(f"  {line}")


class _BarProgress:
    def __init__(self, progress: Progress, steps: int) -> None:
        self._progress, self._task, self._what = progress, progress.add_task("", total=steps), ""

    def start(self, what: str) -> None:
        self._what = what
        self._progress.update(self._task, description=what)

    def done(self, result: str) -> None:
        self._progress.console.print(f"[green]✓[/] {escape(f'{self._what}: {result}')}", highlight=False)
        self._progress.advance(self._task)

    def note(self, line: str) -> None:
        self._progress.console.print(f"  [yellow]{escape(line)}[/]", highlight=False)


@contextmanager
def show_progress(console: Console, steps: int) -> Iterator[ProgressReporter]:
    """A bar of ``steps`` steps on a terminal, plain lines elsewhere."""
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield _BarProgress(progress, steps)
    else:
        yield LineProgress(lambda line: console.print(line, highlight=False, soft_wrap=True, markup=False))
