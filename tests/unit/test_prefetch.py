"""Prefetching changes nothing but the time it takes."""

from __future__ import annotations

from collections.abc import Iterator
from threading import current_thread, main_thread

import pytest

from pipelines.prefetch import prefetch


def test_items_keep_their_order() -> None:
    assert list(prefetch(range(1000))) == list(range(1000))
    assert list(prefetch([])) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    def make() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("gone")

    items = prefetch(make())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(LookupError, match="gone"):
        next(items)


def test_a_taker_that_stops_closes_the_maker_in_its_own_thread() -> None:
    closed = []

    def make() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            closed.append(current_thread() is not main_thread())

    items = prefetch(make())
    assert next(items) == 0
    items.close()
    assert closed == [True]


def test_it_stays_only_so_far_ahead() -> None:
    made = []

    def make() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    for item in prefetch(make(), depth=2):
        # Two wait, one is in the maker's hand, and it may be making another.
        assert len(made) <= item + 5
