"""Figures agree with scikit-learn's; calibration mends what is said too loudly; the same data gives the same bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from pipelines.risk import figures
from pipelines.risk.forecast import Recipe, evened, fit_calibration, learn, logit, odds_to_probability, step_to_mean

RECIPE = Recipe(trees={"max_iter": 20, "max_leaf_nodes": 4, "min_samples_leaf": 10}, regularisation=0.1, trees_share=0.6, folds=3)


def _drawn(count: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probability = rng.beta(2, 3, count).round(2)
    return (rng.random(count) < probability).astype(int), probability


def test_figures_are_scikit_learns_with_ties() -> None:
    outcome, guessed = _drawn(500)
    assert np.isclose(figures.roc_auc(outcome, guessed), roc_auc_score(outcome, guessed))
    assert np.isclose(figures.average_precision(outcome, guessed), average_precision_score(outcome, guessed))
    assert np.isnan(figures.roc_auc(np.ones(3, int), np.arange(3.0)))


def test_calibration_mends_what_is_said_too_loudly_and_keeps_the_order() -> None:
    outcome, honest = _drawn(6000)
    loud = odds_to_probability(2.5 * logit(honest) + 1)
    for isotonic_from in (float("inf"), 100):
        mended = fit_calibration(loud, outcome, isotonic_from).predict(loud)
        assert figures.calibration_error(outcome, mended) < 0.03 < figures.calibration_error(outcome, loud)
        assert (np.diff(mended[np.argsort(loud)]) >= -1e-12).all()


def test_a_mean_is_reached_by_one_step_along_the_log_odds() -> None:
    _, guessed = _drawn(300)
    for mean in (0.02, 0.5, 0.97):
        assert np.isclose(odds_to_probability(logit(guessed) + step_to_mean(guessed, mean)).mean(), mean, atol=1e-6)


def test_evened_courses_end_alike_and_one_that_ended_one_way_weighs_as_it_is() -> None:
    courses = np.repeat(["a", "b", "c"], [100, 50, 10])
    outcome = np.concatenate([np.arange(100) < 80, np.arange(50) < 5, np.ones(10, bool)]).astype(int)
    weights = evened(outcome, courses)
    for course in ("a", "b"):
        inside = courses == course
        assert np.isclose(np.average(outcome[inside], weights=weights[inside]), outcome.mean())
        assert np.isclose(weights[inside].sum(), inside.sum())
    assert (weights[courses == "c"] == 1).all()


def test_an_interval_widens_when_rows_are_the_same_peoples() -> None:
    outcome, guessed = _drawn(400)
    once = figures.measure("x", "m", outcome, guessed, {"roc_auc": figures.roc_auc}, draws=60)[0]
    many = figures.measure(
        "x", "m", np.repeat(outcome, 5), np.repeat(guessed, 5), {"roc_auc": figures.roc_auc}, draws=60, people=np.repeat(np.arange(400), 5)
    )[0]
    assert many.n == once.n == 400
    assert np.isclose(many.high - many.low, once.high - once.low, rtol=0.01)


def test_a_forecast_is_the_same_again_and_answers_in_the_known_direction() -> None:
    rng = np.random.default_rng(2)
    features = pd.DataFrame({"silence": rng.exponential(5, 600), "noise": rng.normal(size=600)})
    features.loc[::7, "noise"] = np.nan
    outcome = (rng.random(600) < odds_to_probability(features["silence"].to_numpy() / 3 - 2)).astype(int)
    people = np.repeat(np.arange(200), 3)
    one, two = (learn(features, outcome, people, RECIPE, [1, 0]) for _ in range(2))
    assert one.predict(features).tobytes() == two.predict(features).tobytes()
    quiet = features.iloc[[0] * 20].assign(silence=np.linspace(0, 30, 20))
    assert (np.diff(one.predict(quiet)) >= -1e-12).all()
    assert figures.roc_auc(outcome, one.unseen) > 0.6
