"""What readers of event streams gather: the newest state stands, also where states were handed over in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.sources.formats import event_tables
from pipelines.sources.formats.event_tables import Rows, moment, number
from pipelines.sources.reading import Batch
from tests.unit.sources.report_reading import PSEUDONYMS

FIRST = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize("backwards", [False, True])
def test_newest_state_comes_last_however_many_there_are(monkeypatch: pytest.MonkeyPatch, backwards: bool) -> None:
    monkeypatch.setattr(event_tables, "STATES_MAX", 10)
    rows = Rows(PSEUDONYMS, "x")
    stands: dict[int, float] = {}
    handed_over = 0
    numbers = range(300)
    for place in reversed(numbers) if backwards else numbers:
        rows.state("grades", place % 25, FIRST + timedelta(hours=place), grade_id=str(place % 25), grade=float(place))
        for event in [*rows.flush(), *(rows.last() if place == (0 if backwards else 299) else [])]:
            assert isinstance(event, Batch)
            handed_over += 1
            stands |= {int(row["grade_id"]): row["grade"] for row in event.table.to_pylist()}
    assert handed_over > 2 - backwards
    assert stands == {key: float(275 + key) for key in range(25)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-01T00:00:00Z", FIRST),
        ("2026-09-01T03:00:00.000+03:00", FIRST),
        ("2026-09-01T00:00:00", FIRST),
        ("2026-09-01 00:00:00 UTC", FIRST),
        ("2026-09-01T00:00:00.123456789Z ", FIRST.replace(microsecond=123456)),
        ("1789-09-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (1788220800, None),
        (None, None),
    ],
)
def test_moments(text: object, expected: datetime | None) -> None:
    assert moment(text) == expected


def test_numbers() -> None:
    assert [number(value) for value in (1, 2.5, True, "3", None, 10**400, 1e300)] == [1.0, 2.5, None, None, None, None, None]
