"""A short run over every reader of files; the long one is ``python -m tests.fuzz --inputs 50000``."""

from __future__ import annotations

import pytest

from pipelines.sources import READERS
from tests.fuzz.corpus import PLACES, seeds
from tests.fuzz.mutations import MUTATIONS, mutate
from tests.fuzz.running import feed, run

#: Readers of servers and of tables that only the whole folder makes: tested with scripted answers beside their own tests.
NO_FILES = {"moodle_db", "moodle_ws", "imap", "oulad"}


def test_every_reader_of_files_is_fed() -> None:
    assert set(READERS) - NO_FILES <= set(PLACES)
    assert not [kind for kind in PLACES if kind in READERS and not seeds(kind)]


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
