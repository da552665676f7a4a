"""Own and shipped model together: between the two, nearer to the own one with every stream, the own one alone where the other lacks its signs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.risk import pooling, portable
from pipelines.risk.modelling import predict
from pipelines.risk.pooling import Pooled, log_odds, weight_of_shipped


class Says:
    """Says one probability of everybody; remembers which columns it was asked about."""

    def __init__(self, probability: float) -> None:
        self.probability, self.asked = probability, []

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        self.asked = list(features.columns)
        return np.tile([1 - self.probability, self.probability], (len(features), 1))


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"progress": 0.5, "silence": 1.0, "pace": 0.0, "handed_in": 1.0, "missed_share": 0.0, "course_day": 21.0}, index=range(3)
    )


def test_the_shipped_model_weighs_as_much_as_its_streams_and_fades_as_history_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "threshold", {"shipped_streams": 3.0}.__getitem__)
    assert [weight_of_shipped(streams) for streams in (0, 3, 9, 27)] == [1.0, 0.5, 0.25, 0.1]


def test_log_odds_are_averaged_at_the_weight() -> None:
    own, shipped = Says(0.9), Says(0.2)
    said = predict(Pooled(own, shipped, 0.25), rows())
    assert np.allclose(log_odds(said), 0.75 * np.log(9) + 0.25 * np.log(0.25))
    # Each is asked about what it has learned from.
    assert (own.asked, shipped.asked) == (["progress", "silence", "pace", "handed_in", "missed_share"], list(portable.COLUMNS))


def test_who_is_certain_is_averaged_like_anybody() -> None:
    said = predict(Pooled(Says(1.0), Says(0.2), 0.5), rows())
    assert np.all((said > 0.2) & (said < 1))


@pytest.mark.parametrize("sign", portable.NEEDED)
def test_without_a_sign_that_the_shipped_model_needs_the_own_one_speaks_alone(sign: str) -> None:
    asked = rows()
    asked.loc[1, sign] = np.nan
    said = predict(Pooled(Says(0.9), Says(0.2), 0.25), asked)
    assert said[1] == 0.9
    assert np.all(said[[0, 2]] < 0.9)


def test_where_nothing_is_shipped_the_own_one_speaks_alone() -> None:
    assert np.all(predict(Pooled(Says(0.9), None, 0.0), rows()) == 0.9)
