"""What the shipped model is learned from means the same as in the product."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from benchmarks.risk.ship import ended, mapped
from pipelines.risk import registry
from pipelines.risk.features import features_of


def test_who_failed_after_staying_to_the_end_is_an_example_of_nothing() -> None:
    rows = pd.DataFrame(
        {
            "result": ["Withdrawn", "Withdrawn", "Fail", "Fail", "Pass", "Distinction"],
            "last_day": [3, 268, 265, 266, 100, 269],
            "days": 270,
        }
    )
    assert ended(rows, 5).tolist()[:3] == [1, 1, 1]
    assert np.isnan(ended(rows, 5)[3])
    assert ended(rows, 5).tolist()[4:] == [0, 0]


def test_signs_are_set_against_the_presentations_median_of_the_day() -> None:
    rows = pd.DataFrame(
        {
            "presentation": [1, 1, 1, 2],
            "cut": 27,
            "clicks_7": [0, 10, 30, 500],
            "silent_days": [20, 1, 0, 0],
            "handed_in": [0, 1, 1, 3],
            "handed_in_ahead": [0, 0, 1, 0],
            "mark": [np.nan, 60, 80, 100],
            "progress": 0.1,
        }
    )
    signs = mapped(rows)
    assert np.isclose(signs["pace"], [-np.log(11), 0, np.log(31 / 11), 0]).all()
    assert np.isclose(signs["handed_in"], [0.5, 1, 1.5, 1]).all()
    assert np.isclose(signs["silence"], np.log([21, 2, 1, 1])).all()
    assert np.isclose(signs["grade"], [np.nan, 0.6, 0.8, 1.0], equal_nan=True).all()


def test_the_file_says_which_of_the_products_features_it_takes_and_answers_in_their_direction() -> None:
    found = registry.shipped("dropout")
    assert found is not None
    card = json.loads((registry.SHIPPED / "dropout.json").read_text(encoding="utf-8"))
    signs = {feature.name: feature.sign for feature in features_of("dropout")}
    assert list(card["weights"]) == found[2]
    assert all(weight * signs[name] > 0 for name, weight in card["weights"].items() if signs[name])
