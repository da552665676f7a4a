"""A short run over every reader of files; the long one is ``python -m tests.fuzz --inputs 50000``."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.programme import Source
from pipelines.sources import READERS
from pipelines.sources.reading import Batch
from tests.fuzz.corpus import PLACES, seeds
from tests.fuzz.mutations import MUTATIONS, mutate
from tests.fuzz.running import feed, run
from tests.unit.sources.report_reading import CONTEXT

#: Readers of servers and of tables that only the whole folder makes: tested with scripted answers beside their own tests.
NO_FILES = {"moodle_db", "moodle_ws", "imap", "oulad"}


def test_every_reader_of_files_is_fed() -> None:
    assert set(READERS) - NO_FILES <= set(PLACES)
    assert not [kind for kind in PLACES if kind in READERS and not seeds(kind)]


@pytest.mark.parametrize("kind", sorted(PLACES))
def test_archives_are_read_before_they_are_damaged(kind: str, tmp_path: Path) -> None:
    source = Source(name="fuzz", kind=kind, path=tmp_path)
    for seed in seeds(kind):
        # Real files are there only where somebody has put them.
        if seed.name in (f"{folder}.zip" for folder in PLACES[kind][0]):
            (tmp_path / seed.name).write_bytes(seed.content)
            (item,) = READERS[kind].items(source, CONTEXT)
            assert any(isinstance(event, Batch) for event in READERS[kind].read(source, item, CONTEXT))


def test_mutations_are_the_same_for_the_same_dice() -> None:
    from random import Random

    for mutation, _ in MUTATIONS:
        assert mutation(b"a,b\n1,2\n" * 20, Random(7)) == mutation(b"a,b\n1,2\n" * 20, Random(7))
    assert mutate(b"a,b\n1,2\n", Random(3), "x.csv") == mutate(b"a,b\n1,2\n", Random(3), "x.csv")


def test_a_reader_that_breaks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        kind, version = "zoom", 1

        def items(self, source: object, context: object) -> list[object]:
            raise KeyError("a person's name")

    monkeypatch.setitem(READERS, "zoom", Broken())
    outcome = feed("zoom", 0, 1, seeds("zoom"))
    assert outcome["state"] == "violation"
    assert outcome["why"] == "builtins.KeyError"


@pytest.mark.slow
def test_damaged_files_cost_an_error_and_nothing_else() -> None:
    tallies = run(1_500, dice=20261122)
    assert sum(tally.inputs for tally in tallies.values()) == 1_500
    assert [violation for tally in tallies.values() for violation in tally.violations] == []
    assert sum(tally.loaded for tally in tallies.values()) > 300
