"""Figures of a forecast with their 95 % intervals (bootstrap over people): what is foreseen, and how honest the probabilities are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

SEED = 20261122
#: Bins of equal size for the calibration error; ten as in Naeini, Cooper, Hauskrecht 2015.
BINS = 10
Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Measured:
    """One figure: of which sample, by which forecaster, which metric; ``n`` people."""

    sample: str
    forecaster: str
    metric: str
    value: float
    low: float
    high: float
    n: int


def roc_auc(outcome: np.ndarray, guessed: np.ndarray) -> float:
    """Area under the ROC curve by ranks, ties halved (Mann, Whitney 1947); NaN where one outcome is missing."""
    positive = int(outcome.sum())
    if positive in (0, len(outcome)):
        return float("nan")
    _, place, counts = np.unique(guessed, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[outcome == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(outcome) - positive)))


def average_precision(outcome: np.ndarray, guessed: np.ndarray) -> float:
    """Area under precision and recall as scikit-learn sums it; NaN where nobody has the outcome."""
    if not outcome.any():
        return float("nan")
    order = np.argsort(-guessed, kind="stable")
    values, hits = guessed[order], np.cumsum(outcome[order])
    last = np.r_[np.flatnonzero(np.diff(values)), len(values) - 1]
    recall = np.r_[0.0, hits[last] / hits[-1]]
    return float(np.sum(np.diff(recall) * hits[last] / (last + 1)))


def brier(outcome: np.ndarray, guessed: np.ndarray) -> float:
    """Mean squared error of the probabilities."""
    return float(np.mean((guessed - outcome) ** 2))


def _bins(guessed: np.ndarray) -> list[np.ndarray]:
    return [part for part in np.array_split(np.argsort(guessed, kind="stable"), BINS) if len(part)]


def calibration_error(outcome: np.ndarray, guessed: np.ndarray) -> float:
    """Expected calibration error: mean gap between said and seen over :data:`BINS` bins of equal size."""
    gaps = [(abs(guessed[part].mean() - outcome[part].mean()), len(part)) for part in _bins(guessed)]
    return float(sum(gap * size for gap, size in gaps) / max(len(guessed), 1))


def calibration_error_by_chance(outcome: np.ndarray, guessed: np.ndarray) -> float:
    """The calibration error to be expected of these probabilities if every one of them were true: what so few learners show by chance alone.

    A bin's gap is then close to normal around 0, and the mean of its size is sqrt(2 / pi) of its spread. Outcomes count as independent; learners of one stream
    share what happens to it, so chance alone can do more. ``outcome`` is not looked at.
    """
    spreads = [np.sqrt(np.sum(guessed[part] * (1 - guessed[part]))) for part in _bins(guessed)]
    return float(np.sqrt(2 / np.pi) * sum(spreads) / max(len(guessed), 1))


def precision_at(count: int) -> Metric:
    """Share with the outcome among the ``count`` highest; equals in their given order."""
    return lambda outcome, guessed: float(outcome[np.argsort(-guessed, kind="stable")[:count]].mean()) if len(outcome) else float("nan")


def measure(
    sample: str,
    forecaster: str,
    outcome: np.ndarray,
    guessed: np.ndarray,
    metrics: Mapping[str, Metric],
    *,
    draws: int,
    people: np.ndarray | None = None,
) -> list[Measured]:
    """Every metric with its interval. ``people``: whose row it is, where a person has several; None: one row a person."""
    rng = np.random.default_rng(SEED)
    again: dict[str, list[float]] = {name: [] for name in metrics}
    if people is None:
        rows_of, starts, counts = np.arange(len(outcome)), np.arange(len(outcome)), np.ones(len(outcome), int)
    else:
        rows_of = np.argsort(people, kind="stable")
        _, starts, counts = np.unique(people[rows_of], return_index=True, return_counts=True)
    for _ in range(draws if len(outcome) else 0):
        drawn = rng.integers(0, len(starts), len(starts))
        size = counts[drawn]
        offsets = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        rows = rows_of[np.repeat(starts[drawn], size) + offsets]
        for name, metric in metrics.items():
            again[name].append(metric(outcome[rows], guessed[rows]))
    figures = []
    for name, metric in metrics.items():
        known = np.array([value for value in again[name] if not np.isnan(value)])
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        figures.append(Measured(sample, forecaster, name, metric(outcome, guessed), float(low), float(high), len(starts)))
    return figures
