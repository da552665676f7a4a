"""From what a model says to probabilities that come true as often: learned from guesses that no model had fitted.

Beta calibration (Kull, Silva Filho, Flach 2017): a logistic regression on ``ln p`` and ``-ln(1 - p)``, neither of which may turn the order round.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

#: Probabilities are kept this far from 0 and 1: their log-odds are finite.
EDGE = 1e-6
#: When the search for the numbers ends: far below what the last digit of a probability on a list shows.
_EXACTLY = {"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-9}
#: What changes nothing: intercept, part of ``ln p``, part of ``-ln(1 - p)``.
_AS_IT_IS = np.array([0.0, 1.0, 1.0])


class Beta:
    """Beta calibration.

    spread: how far from changing nothing the three numbers are expected to lie (standard deviation, log-odds): where few people teach, what is said stays
    nearly as it is. Infinite: the published one.
    """

    def __init__(self, spread: float = np.inf) -> None:
        self.spread = spread
        self.numbers = _AS_IT_IS

    @staticmethod
    def _inputs(guessed: np.ndarray) -> np.ndarray:
        inside = np.clip(guessed, EDGE, 1 - EDGE)
        return np.column_stack([np.ones(len(inside)), np.log(inside), -np.log(1 - inside)])

    def fit(self, guessed: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None) -> Beta:
        """Learn from guesses that no model had fitted. ``weights``: per row, a person's all together 1 where ``spread`` is to mean people; None: all 1."""
        inputs, weight = self._inputs(guessed), np.ones(len(guessed)) if weights is None else weights
        doubt = 1 / self.spread**2

        def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
            """Of a person, with its slope. scikit-learn's regressions are drawn towards 0, not towards what changes nothing."""
            odds, away = inputs @ numbers, numbers - _AS_IT_IS
            total = weight @ (np.logaddexp(0, odds) - outcome * odds) + doubt * (away @ away) / 2
            slope = inputs.T @ (weight * (expit(odds) - outcome)) + doubt * away
            return total / weight.sum(), slope / weight.sum()

        # Neither part below 0: the order stays. At the bound it is the published way, which leaves that part out.
        found = minimize(loss, _AS_IT_IS, jac=True, method="L-BFGS-B", bounds=[(None, None), (0, None), (0, None)], options=_EXACTLY)
        self.numbers = found.x
        return self

    def predict(self, guessed: np.ndarray) -> np.ndarray:
        """Calibrated probabilities."""
        return expit(self._inputs(guessed) @ self.numbers)


class Calibrated:
    """A model and the calibration of what it says. Both are learned already."""

    def __init__(self, model: Any, calibration: Beta) -> None:
        self.model, self.calibration = model, calibration

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        """As of scikit-learn."""
        guessed = self.calibration.predict(self.model.predict_proba(features)[:, 1])
        return np.column_stack([1 - guessed, guessed])


def fit_calibration(
    guessed: np.ndarray, outcome: np.ndarray, isotonic_from: float = float("inf"), weights: np.ndarray | None = None
) -> Beta | IsotonicRegression:
    """Beta for few rows, isotonic for many."""
    if len(guessed) >= isotonic_from:
        return IsotonicRegression(y_min=EDGE, y_max=1 - EDGE, out_of_bounds="clip").fit(guessed, outcome, sample_weight=weights)
    return Beta().fit(guessed, outcome, weights)
