"""Rebuild the model that is shipped with the product: ``python -m benchmarks.risk.ship --data ../shared/data/oulad``.

A logistic regression on the features that OULAD and any learning-management system share, learned from who withdrew and who passed (failed
at the exam: neither). Three weights, no rows: the file holds no personal data. It stands in for a centre without history of its own, and every score
says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.risk import figures, modelling
from pipelines.risk.oulad_features import feature_table
from pipelines.risk.registry import SHIPPED

WEEKS = range(2, 33, 3)


def mapped(rows: pd.DataFrame) -> pd.DataFrame:
    """OULAD's features as those of ``pipelines.risk.features`` that mean the same."""
    return pd.DataFrame(
        {
            "pace": rows["pace"],
            "missed_share": rows["missed"] / rows["due"].where(rows["due"] > 0),
            "grade": rows["mark"] / 100,
        }
    )


def main() -> None:
    """Learn, say how well it does on the newest presentation, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/oulad"))
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    rows = feature_table(given.data, WEEKS)
    # Who withdrew, against who passed: an exam failed at the end is neither.
    info = _results(given.data)
    rows = rows.merge(info, on=["module", "code", "student"])
    rows = rows[rows["is_enrolled"] & rows["has_clicked"] & (rows["clicks"] > 0) & (rows["result"] != "Fail")]
    outcome = (rows["result"] == "Withdrawn").astype(int).to_numpy()
    features = mapped(rows)

    def model() -> modelling.Classifier:
        return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=0.01, max_iter=500))

    newest = (rows["code"] == rows["code"].max()).to_numpy()
    judged = model()
    judged.fit(features[~newest], outcome[~newest])
    metrics = {"roc_auc": figures.roc_auc, "brier": figures.brier, "calibration_error": figures.calibration_error}
    found = figures.measure(
        "newest presentation", "shipped", outcome[newest], modelling.predict(judged, features[newest]), metrics, draws=100,
        people=rows["student"].to_numpy()[newest],
    )  # fmt: skip
    for figure in found:
        sys.stdout.write(f"{figure.metric} {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f}), {figure.n} learners\n")
    whole = model()
    whole.fit(features, outcome)
    assert isinstance(whole, Pipeline)
    modelling.keep(whole, given.out / "dropout.skops")
    card = {
        "model_id": f"shipped:dropout:{modelling.CODE_VERSION}",
        "features": list(features.columns),
        "learned from": f"OULAD (CC BY 4.0, The Open University), {', '.join(sorted(rows['code'].unique()))}, {rows['student'].nunique()} learners",
        "outcome": "withdrew, against passed",
        "weights": dict(zip(features.columns, np.round(whole[-1].coef_[0], 3).tolist(), strict=True)),
        "figures on the newest presentation, learned from the others": {one.metric: round(one.value, 3) for one in found},
        "not for": "a centre with history of its own; the order is worth more than the probability",
    }
    (given.out / "dropout.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _results(data: Path) -> pd.DataFrame:
    import duckdb

    from pipelines.risk.oulad_features import path_of

    path = path_of(data, "studentInfo")
    return duckdb.sql(
        f"select code_module as module, code_presentation as code, id_student::integer as student, final_result as result from '{path}'"
    ).df()


if __name__ == "__main__":
    main()
