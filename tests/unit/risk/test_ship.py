"""What makes the shipped model anew makes the one that is shipped."""

from __future__ import annotations

import json

import pandas as pd

from benchmarks.risk.ship import mapped
from pipelines.risk.registry import SHIPPED


def test_the_shipped_model_asks_for_the_features_that_are_made_for_it() -> None:
    (card,) = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SHIPPED.glob("dropout.json"))]
    rows = pd.DataFrame({"pace": [0.5], "missed": [1], "due": [2], "mark": [80.0]})
    assert list(mapped(rows).columns) == card["features"] == list(card["weights"])
    assert mapped(rows).iloc[0].tolist() == [0.5, 0.5, 0.8]
