"""One forecast of a yes-or-no outcome: trees and a logistic regression blended, averaged over folds, calibrated on what no fold had fitted.

Every fold fits both learners on the other folds' people and guesses its own; the guesses nobody had fitted are what the calibration learns
from (cross-fitting). A new row is guessed by all folds and averaged, so the folds are
an ensemble as well. Trees are LightGBM's (Ke et al. 2017), each split at the best of one random threshold per feature (Geurts, Ernst, Wehenkel 2006:
extremely randomized trees), and answer monotonically where the sign of a feature is known (Friedman 2001).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from pipelines.errors import BadConfiguration
from pipelines.risk.calibration import EDGE, Beta, fit_calibration

if TYPE_CHECKING:
    import lightgbm
    from sklearn.isotonic import IsotonicRegression

SEED = 20261122
#: Folds learned at the same time: the cores a night may use.
FOLDS_AT_ONCE = 2
#: Steps at which the linear half tells a feature's values apart, and the share beyond which the outermost do not go.
PLACES = 101
_OUTERMOST = 1e-3
#: What every recipe has in common: random thresholds, and one result on any number of cores.
_TREES = {
    "objective": "binary",
    "extra_trees": True,
    "max_bin": 63,
    "deterministic": True,
    "force_col_wise": True,
    "feature_pre_filter": False,
    "num_threads": 1,
    "verbose": -1,
}
#: Log-odds beyond which no shift is looked for, twice what :data:`EDGE` leaves, and halvings after which it is known to a hundred-millionth.
_FAR = 28.0
_HALVINGS = 32


def logit(probability: np.ndarray) -> np.ndarray:
    """Log-odds, of probabilities kept a millionth away from 0 and 1."""
    inside = np.clip(probability, EDGE, 1 - EDGE)
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

    trees: LightGBM's settings of the boosted trees. rounds: how many trees. regularisation: ``C`` of the logistic regression. trees_share: weight
    of the trees' log-odds. folds: how many. isotonic_from: rows from which the calibration is isotonic instead of beta.
    """

    trees: dict[str, Any]
    rounds: int
    regularisation: float
    trees_share: float
    folds: int
    isotonic_from: float = float("inf")


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


@dataclass(frozen=True)
class NormalPlaces:
    """What the linear half reads: every feature's place among the rows learned from, on a normal scale of mean 0 and spread 1; unknown is 0, with a
    flag of its own where only some rows are unknown. No outcome is looked at, so all folds share one.

    steps: per feature where a place ends. places: per feature one more place than steps. flags: (feature, mean, spread) of the flags.
    """

    steps: list[np.ndarray]
    places: list[np.ndarray]
    flags: list[tuple[int, float, float]]

    @classmethod
    def of(cls, values: np.ndarray) -> NormalPlaces:
        """Learned from rows × features, NaN where unknown."""
        steps, places, flags = [], [], []
        for number, column in enumerate(values.T):
            known = np.sort(column[~np.isnan(column)])
            ends = np.unique(known[np.linspace(0, len(known) - 1, PLACES).astype(int)]) if len(known) else known
            count = np.bincount(np.searchsorted(ends, known, side="right"), minlength=len(ends) + 1)
            middle = (np.cumsum(count) - count / 2) / max(len(known), 1)
            place = ndtri(np.clip(middle, _OUTERMOST, 1 - _OUTERMOST))
            mean = (place * count).sum() / max(len(known), 1)
            spread = np.sqrt(((place - mean) ** 2 * count).sum() / max(len(known), 1))
            # Of a feature with one value nothing can be learned.
            steps.append(ends)
            places.append(((place - mean) / spread if spread > EDGE else np.zeros(len(place))).astype(np.float32))
            unknown = 1 - len(known) / len(column)
            if 0 < unknown < 1:
                flags.append((number, unknown, float(np.sqrt(unknown * (1 - unknown)))))
        return cls(steps, places, flags)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Rows × (features, then flags), 32-bit."""
        found = np.empty((len(values), len(self.steps) + len(self.flags)), dtype=np.float32)
        for number, column in enumerate(values.T):
            place = self.places[number][np.searchsorted(self.steps[number], column, side="right").clip(max=len(self.steps[number]))]
            found[:, number] = np.where(np.isnan(column), 0, place)
        for at, (number, mean, spread) in enumerate(self.flags, len(self.steps)):
            found[:, at] = (np.isnan(values[:, number]) - mean) / spread
        return found


@dataclass(frozen=True)
class Fold:
    """What one fold learned."""

    trees: lightgbm.Booster
    line: LogisticRegression | None

    def log_odds(self, values: np.ndarray, places: np.ndarray, trees_share: float) -> np.ndarray:
        """Blended log-odds, one per row; ``values``: features as they are, ``places``: as :class:`NormalPlaces` made them."""
        guessed = np.asarray(self.trees.predict(values, raw_score=True, num_threads=1))
        return guessed if self.line is None else trees_share * guessed + (1 - trees_share) * self.line.decision_function(places)


@dataclass(frozen=True)
class Forecast:
    """A learned forecast: folds of (trees, logistic), the calibration, and the guesses of the training rows by folds that had not seen them."""

    columns: list[str]
    places: NormalPlaces
    folds: list[Fold]
    trees_share: float
    calibration: Beta | IsotonicRegression
    unseen: np.ndarray

    def raw(self, features: pd.DataFrame) -> np.ndarray:
        """Blended, averaged, not calibrated."""
        if features.empty:
            return np.empty(0)
        values = features[self.columns].to_numpy(np.float32)
        places = self.places.transform(values)
        return odds_to_probability(np.mean([fold.log_odds(values, places, self.trees_share) for fold in self.folds], axis=0))

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Calibrated probabilities, one per row."""
        return self.calibration.predict(self.raw(features))


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
    Raises BadConfiguration where LightGBM cannot be loaded.
    """
    lightgbm = load_lightgbm()
    settings = {**_TREES, **recipe.trees, "monotone_constraints": signs or [0] * features.shape[1]}
    values = features.to_numpy(np.float32)
    places = NormalPlaces.of(values)
    placed = places.transform(values)
    # Binned once for all folds.
    binned = lightgbm.Dataset(values, outcome, weight=weights, params=settings).construct()

    def fit(number: int, train: np.ndarray, rest: np.ndarray) -> tuple[Fold, np.ndarray]:
        trees = lightgbm.train({**settings, "seed": SEED + number}, binned.subset(np.sort(train)), recipe.rounds)
        line = None
        if recipe.trees_share < 1:
            # Newton's steps: many rows, few columns, so that one step costs little and a dozen suffice.
            line = LogisticRegression(C=recipe.regularisation, solver="newton-cholesky")
            line.fit(placed[train], outcome[train], sample_weight=None if weights is None else weights[train])
        fold = Fold(trees, line)
        return fold, odds_to_probability(fold.log_odds(values[rest], placed[rest], recipe.trees_share))

    splits = list(GroupKFold(n_splits=recipe.folds, shuffle=True, random_state=SEED).split(values, outcome, groups))
    # Folds side by side, each on one thread, so that the bytes are the same on any number of cores; LightGBM lets go of the interpreter's lock.
    with threadpool_limits(limits=1), ThreadPoolExecutor(FOLDS_AT_ONCE) as pool:
        found = list(pool.map(fit, range(len(splits)), *zip(*splits, strict=True)))
    unseen = np.empty(len(outcome))
    for (_, rest), (_, guessed) in zip(splits, found, strict=True):
        unseen[rest] = guessed
    calibration = fit_calibration(unseen, outcome, recipe.isotonic_from, weights)
    return Forecast(list(features.columns), places, [fold for fold, _ in found], recipe.trees_share, calibration, unseen)


def load_lightgbm() -> Any:
    """LightGBM, loaded when something is learned: its wheel asks the system for OpenMP's library, which the rest of Mayak does without."""
    try:
        import lightgbm
    except OSError as error:
        raise BadConfiguration("LightGBM cannot be loaded: it needs the system's libgomp (Debian: apt install libgomp1)") from error
    return lightgbm
