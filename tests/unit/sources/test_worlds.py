"""No source of files goes without a world in which its exports are loaded day by day (test_day_by_day.py, which takes its time)."""

from __future__ import annotations

from pipelines.sources import READERS
from tests.unit.sources.worlds import WRITERS

#: Readers of servers and databases: asked, not given files.
NO_FILES = {"moodle_db", "moodle_ws", "imap"}


def test_every_source_of_files_has_a_world() -> None:
    assert {writer.kind or case for case, writer in WRITERS.items()} == set(READERS) - NO_FILES
