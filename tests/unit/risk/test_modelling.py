"""Keeping and judging models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from pipelines.errors import BadFile
from pipelines.risk import modelling
from pipelines.risk.calibration import Beta, Calibrated
from pipelines.risk.modelling import Sample, judge_scores, keep, precision_at, restore


def test_a_model_comes_back_from_its_file_with_the_same_predictions(tmp_path: Path) -> None:
    inputs, outcome = np.arange(20.0).reshape(-1, 1), np.arange(20) > 9
    model = LogisticRegression().fit(inputs, outcome)
    keep(model, tmp_path / "model.skops")
    assert np.array_equal(restore(tmp_path / "model.skops").predict_proba(inputs), model.predict_proba(inputs))
    assert [path.name for path in tmp_path.iterdir()] == ["model.skops"]


def test_a_file_that_asks_for_other_code_is_refused(tmp_path: Path) -> None:
    keep(FunctionTransformer(func=print_nothing), tmp_path / "model.skops")
    with pytest.raises(BadFile, match="expected types of scikit-learn"):
        restore(tmp_path / "model.skops")


def print_nothing(value: object) -> object:
    return value


def test_precision_among_the_first_counts_only_the_first() -> None:
    assert precision_at(2, np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.1, 0.2])) == 0.5


def test_figures_without_both_outcomes_are_unknown_and_not_one_half() -> None:
    figures = {figure.metric: figure for figure in judge_scores(np.zeros(10, int), np.linspace(0, 1, 10), "x")}
    assert np.isnan(figures["roc_auc"].value)
    assert figures["base_rate"].value == 0.0


def test_a_candidate_is_fitted_once_on_every_fold_and_once_on_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chosen one is calibrated on the folds that it was chosen by: what comes of it is what fitting it on them again would give."""
    rng = np.random.default_rng(7)
    values = rng.normal(size=(240, 1))
    outcome = (rng.random(240) < 1 / (1 + np.exp(-values[:, 0]))).astype(int)
    streams = np.repeat(["a", "b", "c", "d"], 60).astype(object)
    sample = Sample(
        pd.DataFrame(values, columns=["silence"]),
        outcome,
        streams,
        np.arange(240).astype(str).astype(object),
        pd.DataFrame(index=range(240)),
    )
    fitted: list[int] = []

    class Counted(LogisticRegression):
        def fit(self, features: pd.DataFrame, outcome: np.ndarray) -> Counted:
            fitted.append(len(features))
            return super().fit(features, outcome)

    monkeypatch.setattr(modelling, "candidates", lambda target: {"logistic": Counted()})
    monkeypatch.setattr(modelling, "FOLDS", 4)
    model, name = modelling.fit(sample, "dropout")
    assert (name, fitted) == ("logistic", [180, 180, 180, 180, 240])
    unseen = np.empty(240)
    for one in ("a", "b", "c", "d"):
        here = streams == one
        unseen[here] = LogisticRegression().fit(values[~here], outcome[~here]).predict_proba(values[here])[:, 1]
    alone = LogisticRegression().fit(values, outcome).predict_proba(values)[:, 1]
    calibration = Beta(modelling.CALIBRATION_SPREAD).fit(unseen, outcome)
    assert np.allclose(modelling.predict(model, sample.features), calibration.predict(alone), atol=1e-6)


def test_a_calibrated_model_comes_back_from_its_file(tmp_path: Path) -> None:
    inputs, outcome = pd.DataFrame({"silence": np.arange(40.0)}), (np.arange(40) % 3 == 0).astype(int)
    model = Calibrated(LogisticRegression().fit(inputs, outcome), Beta(0.25).fit(np.linspace(0.1, 0.9, 40), outcome))
    keep(model, tmp_path / "model.skops")
    assert np.array_equal(modelling.predict(restore(tmp_path / "model.skops"), inputs), modelling.predict(model, inputs))


def test_a_slope_is_finite_where_one_value_parts_the_outcomes() -> None:
    guessed = np.linspace(0.1, 0.9, 40)
    figures = {figure.metric: figure.value for figure in judge_scores((guessed > 0.5).astype(int), guessed, "x")}
    assert 10 < figures["calibration_slope"] < 1000
