"""Prefetching: the next batch is made while the last one is written.

Readers work in Python and Arrow, the warehouse in its own threads; one after the other, each would wait for its half of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")

#: Items made and not yet taken. Two keep both sides busy; each more costs a batch of memory.
DEPTH = 2
#: How often a maker that waits for a taker looks whether it is still wanted (s).
_LOOK_AGAIN = 0.2


def prefetch(items: Iterable[Item], depth: int = DEPTH) -> Iterator[Item]:
    """The items in their order, made in a thread of their own, at most ``depth`` ahead.

    An error of the maker is raised here, after the items before it. A taker that stops early stops the maker, whose generator is closed in
    its own thread (a database connection is not handed from one thread to another).
    """
    made: Queue[tuple[str, object]] = Queue(maxsize=depth)
    unwanted = Event()

    def put(what: str, value: object) -> bool:
        while not unwanted.is_set():
            try:
                made.put((what, value), timeout=_LOOK_AGAIN)
            except Full:
                continue
            return True
        return False

    def make() -> None:
        source = iter(items)
        try:
            for item in source:
                if not put("item", item):
                    break
        except BaseException as error:
            put("error", error)
        else:
            put("end", None)
        finally:
            close = getattr(source, "close", None)
            if close:
                close()

    maker = Thread(target=make, name="prefetch", daemon=True)
    maker.start()
    try:
        while True:
            what, value = made.get()
            if what == "end":
                return
            if what == "error":
                assert isinstance(value, BaseException)
                raise value
            yield value  # type: ignore[misc]
    finally:
        unwanted.set()
        maker.join()
