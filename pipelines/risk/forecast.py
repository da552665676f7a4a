"""One forecast of a yes-or-no outcome: trees and a logistic regression blended, averaged over folds, calibrated on what no fold had fitted.

Every fold fits both learners on the other folds' people and guesses its own; the guesses nobody had fitted are what the calibration learns
from (cross-fitting; Kull, Silva Filho, Flach 2017 for beta calibration). A new row is guessed by all folds and averaged, so the folds are
an ensemble as well. Trees answer monotonically where the sign of a feature is known (Friedman 2001; scikit-learn's ``monotonic_cst``).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from threadpoolctl import threadpool_limits

SEED = 20261122
#: Folds learned at the same time: the cores a night may use.
FOLDS_AT_ONCE = 2
_EDGE = 1e-6
#: Log-odds beyond which no shift is looked for, twice what :data:`_EDGE` leaves, and halvings after which it is known to a hundred-millionth.
_FAR = 28.0
_HALVINGS = 32


def logit(probability: np.ndarray) -> np.ndarray:
    """Log-odds, of probabilities kept a millionth away from 0 and 1."""
    inside = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.log(inside / (1 - inside))


def odds_to_probability(log_odds: np.ndarray) -> np.ndarray:
    """The inverse of :func:`logit`."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def step_to_mean(probability: np.ndarray, mean: float) -> float:
    """What to add to all log-odds so that the mean of ``probability`` becomes ``mean``. Found by halving: monotone and bounded."""
    log_odds = logit(probability)
    low, high = -_FAR, _FAR
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if odds_to_probability(log_odds + middle).mean() < mean:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True)
class Recipe:
    """How a forecast is learned.

    trees: settings of the boosted trees. regularisation: ``C`` of the logistic regression. trees_share: weight of the trees' log-odds.
    folds: how many. isotonic_from: rows from which the calibration is isotonic instead of beta.
    """

    trees: dict[str, Any]
    regularisation: float
    trees_share: float
    folds: int
    isotonic_from: float = float("inf")


class Beta:
    """Beta calibration: a logistic regression on ``ln p`` and ``-ln(1 - p)``."""

    def __init__(self) -> None:
        self.line = LogisticRegression(C=1e4)

    @staticmethod
    def _inputs(guessed: np.ndarray) -> np.ndarray:
        inside = np.clip(guessed, _EDGE, 1 - _EDGE)
        return np.column_stack([np.log(inside), -np.log(1 - inside)])

    def fit(self, guessed: np.ndarray, outcome: np.ndarray, weights: np.ndarray | None = None) -> Beta:
        """Learn from guesses that no model had fitted. Falls back on one slope where the two would order rows otherwise."""
        self.line.fit(self._inputs(guessed), outcome, sample_weight=weights)
        if (self.line.coef_ < 0).any():
            self.line.fit(np.column_stack([logit(guessed), np.zeros(len(guessed))]), outcome, sample_weight=weights)
            self.line.coef_ = np.full((1, 2), max(float(self.line.coef_[0, 0]), 0.0))
        return self

    def predict(self, guessed: np.ndarray) -> np.ndarray:
        """Calibrated probabilities."""
        return self.line.predict_proba(self._inputs(guessed))[:, 1]


def fit_calibration(
    guessed: np.ndarray, outcome: np.ndarray, isotonic_from: float = float("inf"), weights: np.ndarray | None = None
) -> Beta | IsotonicRegression:
    """Beta for few rows, isotonic for many."""
    if len(guessed) >= isotonic_from:
        return IsotonicRegression(y_min=_EDGE, y_max=1 - _EDGE, out_of_bounds="clip").fit(guessed, outcome, sample_weight=weights)
    return Beta().fit(guessed, outcome, weights)


def evened(outcome: np.ndarray, courses: np.ndarray) -> np.ndarray:
    """A weight per row, so that every course seems to have ended alike: nothing can be gained by telling courses apart, only learners inside one.

    A course all of whose rows ended alike keeps its weight of 1. ``outcome``: 0 or 1, both present.
    """
    overall = float(outcome.mean())
    _, place = np.unique(courses, return_inverse=True)
    share = (np.bincount(place, outcome) / np.bincount(place))[place]
    both = (share > 0) & (share < 1)
    share = np.where(both, share, overall)
    return np.where(outcome == 1, overall / share, (1 - overall) / (1 - share))


@dataclass
class Fold:
    """What one fold learned. columns: features of which anything was known there; of the others nothing can be learned."""

    trees: HistGradientBoostingClassifier
    line: Pipeline | None
    columns: list[str]

    def log_odds(self, features: pd.DataFrame, trees_share: float) -> np.ndarray:
        """Blended log-odds, one per row."""
        known = features[self.columns]
        guessed = logit(self.trees.predict_proba(known)[:, 1])
        return guessed if self.line is None else trees_share * guessed + (1 - trees_share) * logit(self.line.predict_proba(known)[:, 1])


@dataclass
class Forecast:
    """A learned forecast: folds of (trees, logistic), the calibration, and the guesses of the training rows by folds that had not seen them."""

    folds: list[Fold]
    trees_share: float
    calibration: Beta | IsotonicRegression
    unseen: np.ndarray

    def raw(self, features: pd.DataFrame) -> np.ndarray:
        """Blended, averaged, not calibrated."""
        return odds_to_probability(np.mean([fold.log_odds(features, self.trees_share) for fold in self.folds], axis=0))

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities, one per row."""
        return self.calibration.predict(self.raw(features))


def logistic(regularisation: float) -> Pipeline:
    """The linear half: places on a normal scale, unknown as the median with a flag of its own."""
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=True),
        QuantileTransformer(n_quantiles=100, output_distribution="normal", subsample=20_000, random_state=SEED),
        StandardScaler(),
        # Newton's steps: many rows, few columns, so that one step costs little and a dozen suffice.
        LogisticRegression(C=regularisation, solver="newton-cholesky"),
    )


def learn(
    features: pd.DataFrame,
    outcome: np.ndarray,
    groups: np.ndarray,
    recipe: Recipe,
    signs: list[int] | None = None,
    weights: np.ndarray | None = None,
) -> Forecast:
    """Fit on ``features`` (rows × features, NaN where unknown) and 0/1 ``outcome``; rows of one group stay in one fold.

    ``signs``: 1, -1 or 0 per feature, the direction in which the trees may answer. ``weights``: per row; None: all alike.
    """
    directions = dict(zip(features.columns, signs or [0] * features.shape[1], strict=True))

    def fit(number: int, train: np.ndarray, rest: np.ndarray) -> tuple[Fold, np.ndarray]:
        # The number of OpenMP's threads is each calling thread's own affair.
        with threadpool_limits(limits=1, user_api="openmp"):
            seen, weight = features.iloc[train], None if weights is None else weights[train]
            columns = [name for name in features.columns if seen[name].notna().any()]
            trees = HistGradientBoostingClassifier(
                **{
                    "early_stopping": False,
                    "random_state": SEED + number,
                    "monotonic_cst": [directions[name] for name in columns],
                    **recipe.trees,
                }
            ).fit(seen[columns], outcome[train], sample_weight=weight)
            line = (
                logistic(recipe.regularisation).fit(seen[columns], outcome[train], logisticregression__sample_weight=weight)
                if recipe.trees_share < 1
                else None
            )
            fold = Fold(trees, line, columns)
            return fold, odds_to_probability(fold.log_odds(features.iloc[rest], recipe.trees_share))

    splits = list(GroupKFold(n_splits=recipe.folds, shuffle=True, random_state=SEED).split(features, outcome, groups))
    # Folds side by side, each on one thread: trees this small wait for each other at every node, on a busy machine ten times as long as they work.
    with threadpool_limits(limits=1), ThreadPoolExecutor(FOLDS_AT_ONCE) as pool:
        found = list(pool.map(fit, range(len(splits)), *zip(*splits, strict=True)))
    unseen = np.empty(len(outcome))
    for (_, rest), (_, guessed) in zip(splits, found, strict=True):
        unseen[rest] = guessed
    return Forecast(
        [fold for fold, _ in found], recipe.trees_share, fit_calibration(unseen, outcome, recipe.isotonic_from, weights), unseen
    )
