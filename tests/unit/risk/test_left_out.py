"""Settings are chosen by the order inside presentations that taught nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.risk import left_out
from pipelines.risk import figures


def _rows(count: int = 400) -> pd.DataFrame:
    """Learners of two weeks in four presentations of two codes."""
    rng = np.random.default_rng(1)
    student = np.arange(count)
    one = pd.DataFrame({"student": student, "presentation": student % 4, "outcome": rng.integers(0, 2, count)})
    one["code"] = np.where(one["presentation"] < 2, "2013B", "2013J")
    return pd.concat([one.assign(week=week) for week in (2, 4)], ignore_index=True)


def test_no_presentation_is_foreseen_by_itself_and_each_is_foreseen_once() -> None:
    rows = _rows()
    for way in left_out.WAYS:
        asked = np.zeros(len(rows), dtype=int)
        for teach, ask in left_out.divided(rows, way):
            assert not set(rows["presentation"][teach]) & set(rows["presentation"][ask])
            asked += ask
        assert (asked == (1 if way == left_out.WAYS[0] else (rows["code"] == way[-5:]))).all()


def test_what_lies_between_presentations_is_no_order_inside_one() -> None:
    rows = _rows()
    outcome, courses = rows["outcome"].to_numpy(), rows["presentation"].to_numpy()
    guessed = np.random.default_rng(2).random(len(rows)) + outcome * 0.3
    alone = left_out.inside(outcome, guessed, np.zeros(len(rows)))
    assert alone == pytest.approx(figures.roc_auc(outcome, guessed))
    moved = guessed + 10 * courses
    assert left_out.inside(outcome, moved, courses) == pytest.approx(left_out.inside(outcome, guessed, courses))
    assert np.isnan(left_out.inside(np.ones(4, int), guessed[:4], np.zeros(4)))


def test_the_same_is_no_better_and_what_knows_more_is() -> None:
    rows = _rows()
    noise = np.random.default_rng(3).random(len(rows))
    usual = rows.assign(guessed=noise)
    assert left_out.paired(usual, usual, draws=20) == (0.0, 0.0, 0.0)
    value, low, high = left_out.paired(usual, rows.assign(guessed=noise + rows["outcome"]), draws=50)
    assert 0 < low < value < high
