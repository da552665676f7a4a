"""Train, calibrate, judge and keep a risk model (scikit-learn; kept with skops, without pickle).

Two candidates, chosen by log-loss with whole streams left out: a penalised logistic regression, and gradient-boosted trees whose
response to each sign is monotone in the direction that makes sense (more silence never lowers the risk). The chosen one is calibrated
(:mod:`pipelines.risk.calibration`) on its guesses of streams that it had not seen. The candidate trained on the earlier streams is judged on the
later ones; the model in use is then fitted on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from pipelines.errors import BadFile
from pipelines.risk import figures
from pipelines.risk.calibration import Beta, Calibrated
from pipelines.risk.features import features_of

#: Raised when the same data would now give another model.
CODE_VERSION = 6
SEED = 20261122
FOLDS = 5
TREES = 120
BOOTSTRAPS = 300
#: How far from changing nothing the calibration's numbers are expected to lie (log-odds): believed as much as a hundred
#: learners. Chosen among 0, .1, .25, .5 and no limit (decision 0062).
CALIBRATION_SPREAD = 0.25
#: Types that skops shall restore: those of these libraries, and our own by name; anything else in a file is refused.
TRUSTED_PREFIXES = ("sklearn.", "numpy.", "scipy.")
TRUSTED = frozenset(f"{one.__module__}.{one.__qualname__}" for one in (Beta, Calibrated))


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: features, outcome (0/1), the stream and the person of each row; beside: columns that are asked for and never learned from."""

    features: pd.DataFrame
    outcome: np.ndarray
    streams: np.ndarray
    people: np.ndarray
    beside: pd.DataFrame

    @property
    def inputs(self) -> pd.DataFrame:
        """Features and what stands beside: what is asked of a forecast."""
        return pd.concat([self.features, self.beside], axis=1)

    @property
    def stream_count(self) -> int:
        """How many streams it is of."""
        return len(np.unique(self.streams))

    def of(self, streams: list[str]) -> Sample:
        """Only rows of these streams."""
        return self.rows(np.isin(self.streams, streams))

    def rows(self, keep: np.ndarray) -> Sample:
        """Only these rows: a mask, or places in their order."""
        features, beside = (frame.loc[keep].reset_index(drop=True) for frame in (self.features, self.beside))
        return Sample(features, self.outcome[keep], self.streams[keep], self.people[keep], beside)


@dataclass(frozen=True)
class Figure:
    """One figure of an evaluation with its 95 % interval (bootstrap over learners)."""

    sample: str
    metric: str
    value: float
    low: float
    high: float
    n: int


class Guesser(Protocol):
    """What is asked of whatever says how likely an outcome is."""

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        """One row per row of ``features``, one column per outcome."""


class Classifier(Guesser, Protocol):
    """What is asked of an estimator here; scikit-learn's own base class names neither."""

    def fit(self, features: pd.DataFrame, outcome: np.ndarray) -> Classifier:
        """Learn."""


def candidates(target: str) -> dict[str, Classifier]:
    """Untrained estimators by name."""
    signs = [feature.sign for feature in features_of(target)]
    return {
        "logistic": make_pipeline(
            _filled(),
            StandardScaler(),
            LogisticRegression(C=0.1, max_iter=2000),
        ),
        "trees": make_pipeline(
            _filled(),
            HistGradientBoostingClassifier(
                learning_rate=0.06, max_iter=TREES, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=5.0, monotonic_cst=signs,
                early_stopping=False, random_state=SEED,
            ),
        ),
    }  # fmt: skip


def _filled() -> SimpleImputer:
    """The median where a whole stream is unknown. No flag for "unknown": a missing source makes nobody a risk."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def _weights(sample: Sample) -> np.ndarray:
    """Every learner weighs the same, however many days of theirs are in the sample."""
    _, place, counts = np.unique(sample.people, return_inverse=True, return_counts=True)
    return 1.0 / counts[place]


def fit(sample: Sample, target: str) -> tuple[Guesser, str]:
    """:func:`_fit` on one thread: the samples are small, sums then always have one order, and threads that wait for a core cost minutes."""
    with threadpool_limits(limits=1):
        return _fit(sample, target)


def _fit(sample: Sample, target: str) -> tuple[Guesser, str]:
    """The better candidate, calibrated, fitted on ``sample``. Returns (model, name of the candidate).

    Streams are never split between fitting and calibrating.
    """
    folds = min(FOLDS, sample.stream_count)
    splits = list(GroupKFold(n_splits=folds).split(sample.features, sample.outcome, sample.streams))
    # A fold without both outcomes teaches nothing about either.
    splits = [(train, test) for train, test in splits if len(np.unique(sample.outcome[train])) == 2]
    weights = _weights(sample)
    places = np.concatenate([test for _, test in splits])
    guesses = {}
    for name, estimator in candidates(target).items():
        # Fitted as the model in use will be, on rows as they are; learners weigh the same in the judgement.
        folds_of = [clone(estimator).fit(sample.features.iloc[train], sample.outcome[train]) for train, _ in splits]
        guesses[name] = np.concatenate(
            [predict(fold, sample.features.iloc[test]) for fold, (_, test) in zip(folds_of, splits, strict=True)]
        )
    true, weight = sample.outcome[places], weights[places]
    losses = {name: log_loss(true, guessed, sample_weight=weight, labels=[0, 1]) for name, guessed in guesses.items()}
    best = min(losses, key=lambda name: (losses[name], name))
    chosen = candidates(target)[best]
    chosen.fit(sample.features, sample.outcome)
    return Calibrated(chosen, Beta(CALIBRATION_SPREAD).fit(guesses[best], true, weight)), best


def predict(model: Guesser, features: pd.DataFrame) -> np.ndarray:
    """Probabilities of the outcome, one per row."""
    return model.predict_proba(features)[:, 1]


def judge(model: Guesser, sample: Sample, name: str) -> list[Figure]:
    """Figures of a model on a sample it has not seen; one row per learner expected (a snapshot).

    ROC-AUC, average precision, Brier score, calibration slope and intercept (Cox 1958), precision among the first ten, base rate.
    """
    return judge_scores(sample.outcome, predict(model, sample.inputs), name)


def judge_scores(outcome: np.ndarray, guessed: np.ndarray, name: str) -> list[Figure]:
    """The same from scores. Figures that need both outcomes are NaN where only one is there."""
    rng = np.random.default_rng(SEED)
    draws = rng.integers(0, len(outcome), size=(BOOTSTRAPS, len(outcome))) if len(outcome) else np.empty((0, 0), int)
    found = []
    for metric, compute in METRICS.items():
        again = np.array([compute(outcome[draw], guessed[draw]) for draw in draws])
        again = again[~np.isnan(again)]
        low, high = np.quantile(again, [0.025, 0.975]) if len(again) else (np.nan, np.nan)
        found.append(Figure(name, metric, compute(outcome, guessed), float(low), float(high), len(outcome)))
    return found


def _both(outcome: np.ndarray) -> bool:
    return len(outcome) > 0 and 0 < outcome.sum() < len(outcome)


def _roc_auc(outcome: np.ndarray, guessed: np.ndarray) -> float:
    return figures.roc_auc(outcome, guessed) if _both(outcome) else np.nan


def _average_precision(outcome: np.ndarray, guessed: np.ndarray) -> float:
    return figures.average_precision(outcome, guessed) if _both(outcome) else np.nan


def _brier(outcome: np.ndarray, guessed: np.ndarray) -> float:
    return figures.brier(outcome, guessed) if len(outcome) else np.nan


def _calibration_slope(outcome: np.ndarray, guessed: np.ndarray) -> float:
    if not _both(outcome):
        return np.nan
    clipped = np.clip(guessed, 1e-6, 1 - 1e-6)
    logit = np.log(clipped / (1 - clipped)).reshape(-1, 1)
    # Two numbers from thousands of rows, once per draw: Newton's steps take an eighth of the time of the default.
    return float(LogisticRegression(C=1e6, solver="newton-cholesky").fit(logit, outcome).coef_[0, 0])


def precision_at(count: int, outcome: np.ndarray, guessed: np.ndarray) -> float:
    """Share with the outcome among the ``count`` highest scores; equal scores in their given order."""
    return float(outcome[np.argsort(-guessed, kind="stable")[:count]].mean()) if len(outcome) else np.nan


METRICS = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "brier": _brier,
    "calibration_slope": _calibration_slope,
    "precision_at_10": lambda outcome, guessed: precision_at(10, outcome, guessed),
    "base_rate": lambda outcome, guessed: float(outcome.mean()) if len(outcome) else np.nan,
}


def keep(model: Guesser, path: Path) -> None:
    """Write a model with skops, whole or not at all."""
    from skops.io import dumps

    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_bytes(dumps(model))
    half.replace(path)


def restore(path: Path) -> Guesser:
    """Read a model that :func:`keep` wrote. Raises BadFile when the file asks for types that are not a model's."""
    from skops.io import get_untrusted_types, load

    asked = get_untrusted_types(file=path)
    strangers = [name for name in asked if not name.startswith(TRUSTED_PREFIXES) and name not in TRUSTED]
    if strangers:
        raise BadFile(path, place="types", expected="types of scikit-learn and numpy only", found=", ".join(sorted(strangers)))
    return load(path, trusted=asked)
