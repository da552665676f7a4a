"""A map whose work is done in threads: numpy lets go of the interpreter in its loops."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_THREADS = 2
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def threaded_map(work: Callable[[_Given], _Made], given: Iterator[_Given]) -> Iterator[_Made]:
    """Results in order, the work done in threads, no more of it begun than the threads can take."""
    with ThreadPoolExecutor(_THREADS) as pool:
        begun: deque[Future[_Made]] = deque()
        for one in given:
            begun.append(pool.submit(work, one))
            if len(begun) > _THREADS:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
