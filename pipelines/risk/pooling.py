"""A centre's own model and the one that comes with the product, together: who has seen little leans on who has seen much.

Log-odds are averaged (the logarithmic opinion pool: Genest, Zidek 1986). The shipped model weighs ``shipped_streams`` streams, the own one as many as
it learned from, so the shipped one fades as history grows: partial pooling of what a few streams say towards what many learners elsewhere said
(Gelman, Hill 2007). With which weight is written down where the model is (``risk.models``, its card).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.risk import portable
from pipelines.risk.modelling import Guesser, predict
from pipelines.thresholds import threshold

#: Columns of a feature frame that are no feature of the target, and that the shipped model asks for all the same.
BESIDE = ("course_day",)
#: Probabilities nearer to 0 or 1 count as this near: an average with infinity is infinity.
_LEAST = 1e-6


def weight_of_shipped(streams: int) -> float:
    """Part of the shipped model in the log-odds where the own one has learned from so many streams: 1 where from none."""
    worth = threshold("shipped_streams")
    return worth / (worth + streams)


@dataclass(frozen=True)
class Carried:
    """The shipped model, asked about features and :data:`BESIDE`: it makes its columns of them."""

    shipped: Guesser

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        """As of scikit-learn."""
        return self.shipped.predict_proba(portable.of_features(features))


@dataclass(frozen=True)
class Pooled:
    """Own and shipped model together, asked about features and :data:`BESIDE`. weight: of the shipped one, 0 to 1.

    Where no model is shipped, or it lacks what it needs (:data:`portable.NEEDED`), the own one speaks alone.
    """

    own: Guesser
    shipped: Guesser | None
    weight: float

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        """As of scikit-learn."""
        alone = self.own.predict_proba(features.drop(columns=list(BESIDE)))
        if self.shipped is None:
            return alone
        own = alone[:, 1]
        pooled = _probability((1 - self.weight) * log_odds(own) + self.weight * log_odds(predict(Carried(self.shipped), features)))
        guessed = np.where(features[list(portable.NEEDED)].isna().any(axis=1), own, pooled)
        return np.column_stack([1 - guessed, guessed])


def log_odds(probability: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), finite."""
    clipped = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.log(clipped / (1 - clipped))


def _probability(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))
