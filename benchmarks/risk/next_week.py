"""Why withdrawal in the next week is so hard to foresee in OULAD: ``python -m benchmarks.risk.next_week --data ../shared/data/oulad``.

Learned from one early presentation and judged on the other, both ways (the newest is not looked at): as it is done; with learners who never
clicked; with the leaver's own week among the features, which nobody can know in time; and inside one presentation, its learners divided at random.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.risk import figures, oulad
from pipelines.risk.forecast import Forecast
from pipelines.risk.oulad_features import day_of, feature_names, feature_table

KEYS = ["presentation", "student", "cut"]
FACTS = [*KEYS, "code", "is_enrolled", "has_clicked", "leaves_next_week"]


def _tell(name: str, forecast: Forecast, test: pd.DataFrame, names: list[str]) -> None:
    outcome = test["leaves_next_week"].to_numpy()
    found = figures.measure(
        name, "model", outcome, forecast.raw(test[names]),
        {"average_precision": figures.average_precision, "roc_auc": figures.roc_auc, "base_rate": lambda a, b: float(a.mean())},
        draws=100, people=test["student"].to_numpy(),
    )  # fmt: skip
    for one in found:
        sys.stdout.write(f"{name:58} {one.metric:18} {one.value:.4f} ({one.low:.4f}–{one.high:.4f})\n")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/oulad"))
    given = parser.parse_args()
    rows = feature_table(given.data, range(1, 14))
    names = feature_names(rows)
    codes = sorted(rows["code"].unique())[:2]
    rows = rows[rows["code"].isin(codes)]
    # The features of the week's end in place of those of its beginning.
    later = rows[[*KEYS, *names]].assign(cut=rows["cut"] - 7)
    peeking = rows[FACTS].merge(later, on=KEYS)
    rows = rows[rows["cut"] <= day_of(oulad.NEXT_WEEKS[-1])]
    with threadpool_limits(limits=1):
        for train, test in (codes, codes[::-1]):
            for name, part in (
                ("", rows[rows["has_clicked"]]), (", who never clicked too", rows), (", the week itself among the features", peeking[peeking["has_clicked"]]),
            ):  # fmt: skip
                enrolled = part[part["is_enrolled"]]
                # ``train_next_week`` leaves out who never clicked; here the population is the question.
                forecast = oulad.train_next_week(enrolled[enrolled["code"] == train].assign(has_clicked=True), names)
                _tell(f"{train} → {test}{name}", forecast, enrolled[enrolled["code"] == test], names)
                if not name:
                    own = enrolled.loc[enrolled["code"] == train, "leaves_next_week"].to_numpy()
                    value = figures.average_precision(own, forecast.unseen)
                    sys.stdout.write(f"{f'{train}, its own learners divided at random':58} average_precision  {value:.4f}\n")


if __name__ == "__main__":
    main()
