"""What tests of the report share: pictures that were drawn once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipelines.deliveries.report import charts

_DRAWN: dict[str, str] = {}


@pytest.fixture
def drawn_once() -> Iterator[None]:
    """A picture of the same figures is not drawn again: most tests look at the words of a report that has some ten pictures.

    Not for tests of bytes that must come out the same when made anew.
    """

    def once(name: str, draw: Callable[..., str]) -> Callable[..., str]:
        def drawn(*given: Any, **named: Any) -> str:
            key = repr((name, given, sorted(named.items())))
            if key not in _DRAWN:
                _DRAWN[key] = draw(*given, **named)
            return _DRAWN[key]

        return drawn

    with pytest.MonkeyPatch.context() as patch:
        for name in ("dots", "ratings", "steps", "trend"):
            patch.setattr(charts, name, once(name, getattr(charts, name)))
        yield
