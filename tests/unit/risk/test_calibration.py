"""Calibration mends what is said too loudly, never turns the order round, and hardly moves where few have taught it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pipelines.risk.calibration import Beta

SAID = np.linspace(0.02, 0.98, 49)


def drawn(count: int, seed: int = 5, loud: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """(what is said, outcomes): log-odds said ``loud`` times too loudly."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.5, 1.0, count)
    return 1 / (1 + np.exp(-loud * odds)), (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(int)


def test_without_a_spread_it_is_the_published_regression() -> None:
    said, outcome = drawn(2000)
    inputs = np.column_stack([np.log(said), -np.log(1 - said)])
    line = LogisticRegression(C=1e6, tol=1e-8).fit(inputs, outcome)
    assert np.allclose(Beta().fit(said, outcome).numbers, [line.intercept_[0], *line.coef_[0]], atol=1e-3)


def test_a_part_that_would_turn_the_order_round_is_left_out() -> None:
    """As published: the other part is fitted alone."""
    rng = np.random.default_rng(3)
    said = rng.random(3000)
    # Likelier where little is said and where much is: the regression would fall, then rise.
    outcome = (rng.random(3000) < 0.2 + 0.6 * (said - 0.4) ** 2).astype(int)
    free = LogisticRegression(C=1e6).fit(np.column_stack([np.log(said), -np.log(1 - said)]), outcome)
    assert free.coef_.min() < 0
    beta = Beta().fit(said, outcome)
    assert beta.numbers[1:].min() == 0
    alone = LogisticRegression(C=1e6).fit(-np.log(1 - said)[:, None], outcome)
    assert np.allclose(beta.numbers[2], alone.coef_[0, 0], atol=1e-3)
    assert np.all(np.diff(beta.predict(SAID)) >= 0)


@pytest.mark.parametrize("spread", [0.25, np.inf])
def test_what_points_the_wrong_way_becomes_the_rate(spread: float) -> None:
    said, outcome = drawn(4000)
    turned = Beta(spread).fit(1 - said, outcome).predict(SAID)
    assert np.all(np.diff(turned) >= -1e-12)
    assert np.ptp(turned) < 0.05


def test_few_learners_move_it_little_and_many_as_far_as_they_say() -> None:
    few, many = (Beta(0.25).fit(*drawn(count)).numbers for count in (20, 20_000))
    free = Beta().fit(*drawn(20_000)).numbers
    assert abs(few[1] - 1) + abs(few[2] - 1) < 0.35 < abs(many[1] - 1) + abs(many[2] - 1)
    assert np.allclose(many, free, atol=0.05)


def test_a_learner_counts_once_however_many_rows_are_theirs() -> None:
    said, outcome = drawn(60)
    once = Beta(0.25).fit(said, outcome)
    often = Beta(0.25).fit(np.repeat(said, 7), np.repeat(outcome, 7), np.full(420, 1 / 7))
    assert np.allclose(once.numbers, often.numbers, atol=1e-6)
