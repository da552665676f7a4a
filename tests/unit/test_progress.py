"""Work is shown while it goes on: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from pipelines.progress import show_progress


def told(*, terminal: bool) -> str:
    output = StringIO()
    with show_progress(Console(file=output, force_terminal=terminal, width=100, color_system=None), steps=2) as progress:
        progress.start("read lms")
        progress.done("rows 5")
        progress.note("one file could not be read")
        progress.start("link people")
    return output.getvalue()


def test_elsewhere_than_on_a_terminal_there_are_plain_lines_and_nothing_else() -> None:
    lines = ["read lms …", "read lms: rows 5", "  one file could not be read", "link people …"]
    assert told(terminal=False).splitlines() == lines


def test_a_terminal_shows_how_far_the_work_is() -> None:
    shown = told(terminal=True)
    assert "1/2" in shown
    assert "link people" in shown
    assert "✓ read lms: rows 5" in shown
    assert "\x1b[" in shown
