"""Keeping and judging models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from pipelines.errors import BadFile
from pipelines.risk.modelling import judge_scores, keep, precision_at, restore


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
