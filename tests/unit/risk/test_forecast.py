"""Figures agree with scikit-learn's; calibration mends what is said too loudly; the same data gives the same bytes."""

from __future__ import annotations

import builtins

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from pipelines.errors import BadConfiguration
from pipelines.risk import figures, forecast
from pipelines.risk.calibration import fit_calibration
from pipelines.risk.forecast import NormalPlaces, Recipe, evened, learn, logit, odds_to_probability, step_to_mean
from tests.openmp import needs_lightgbm

RECIPE = Recipe(trees={"num_leaves": 4, "min_data_in_leaf": 10}, rounds=20, regularisation=0.1, trees_share=0.6, folds=3)


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


def test_what_calibration_error_chance_shows_is_that_of_outcomes_drawn_from_the_probabilities() -> None:
    rng = np.random.default_rng(3)
    for count in (200, 3000):
        _, honest = _drawn(count)
        drawn = [figures.calibration_error((rng.random(count) < honest).astype(int), honest) for _ in range(300)]
        said = figures.calibration_error_by_chance(np.zeros(count, int), honest)
        assert said == pytest.approx(np.mean(drawn), rel=0.05)
    # Few learners show more of it, and sure probabilities none.
    assert figures.calibration_error_by_chance(np.zeros(4, int), np.array([0.0, 1.0, 1.0, 0.0])) == 0


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


@needs_lightgbm
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


@needs_lightgbm
def test_the_bytes_are_the_same_however_many_folds_are_learned_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    features = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
    outcome = (rng.random(500) < odds_to_probability(features["a"].to_numpy())).astype(int)
    guessed = []
    for at_once in (1, 3):
        monkeypatch.setattr(forecast, "FOLDS_AT_ONCE", at_once)
        guessed.append(learn(features, outcome, np.arange(500), RECIPE).predict(features).tobytes())
    assert guessed[0] == guessed[1]


def test_places_are_ordered_and_normal_and_the_unknown_stand_in_the_middle_with_a_flag() -> None:
    rng = np.random.default_rng(6)
    values = np.column_stack([rng.exponential(5, 2000), np.full(2000, 3.0), np.full(2000, np.nan), rng.integers(0, 3, 2000)]).astype(
        np.float32
    )
    values[::4, 0] = np.nan
    places = NormalPlaces.of(values)
    found = places.transform(values)
    known = ~np.isnan(values[:, 0])
    order = np.argsort(values[known, 0])
    assert (np.diff(found[known, 0][order]) >= 0).all()
    assert np.allclose([found[known, 0].mean(), found[known, 0].std()], [0, 1], atol=0.01)
    assert abs(np.median(found[known, 0])) < 0.05
    assert (found[~known, 0] == 0).all()
    # One value, and nothing known: nothing to learn, and nothing that is not a number.
    assert (found[:, [1, 2]] == 0).all()
    assert len(np.unique(found[:, 3])) == 3
    # Only the first feature is known of some and unknown of others.
    assert found.shape[1] == 5
    assert np.allclose([found[:, 4].mean(), found[:, 4].std()], [0, 1], atol=0.01)
    assert np.isfinite(places.transform(np.full((1, 4), 1e9, np.float32))).all()


def test_a_missing_library_of_the_system_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def absent(name: str, *rest: object, **more: object) -> object:
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return found(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(BadConfiguration, match="libgomp1"):
        learn(pd.DataFrame({"a": [0.0, 1.0]}), np.array([0, 1]), np.arange(2), RECIPE)
