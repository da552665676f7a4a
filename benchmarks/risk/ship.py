"""Rebuild the model that is shipped with the product: ``python -m benchmarks.risk.ship --data ../shared/data/oulad``.

A logistic regression on the features that OULAD and any learning-management system share, learned from who left and who passed, by the product's own
words (``docs/indicators/risk_labels.md``): who withdrew, or failed and was last seen ``left_before_end_days`` or more before the end; who failed after
staying to the end is neither. Leavers stay among the rows after they have gone, as they stay on a stream's roll. A few weights, no rows: the file holds no
personal data. It stands in for a centre without history of its own, and every score says so.
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
from pipelines.risk.oulad_features import feature_table, path_of
from pipelines.risk.registry import SHIPPED
from pipelines.thresholds import threshold

WEEKS = range(2, 33, 3)


def mapped(rows: pd.DataFrame) -> pd.DataFrame:
    """OULAD's features as those of ``pipelines.risk.features`` that mean the same; ``rows``: everybody who had begun, of whole presentations."""
    works = rows["handed_in"] + rows["handed_in_ahead"]
    usual = pd.DataFrame({"clicks": rows["clicks_7"], "works": works}).groupby([rows["presentation"], rows["cut"]]).transform("median")
    return pd.DataFrame(
        {
            "silence": np.log1p(rows["silent_days"]),
            "pace": np.log((rows["clicks_7"] + 1) / (usual["clicks"] + 1)),
            "handed_in": (works + 1) / (usual["works"] + 1),
            "grade": rows["mark"] / 100,
        }
    )


def ended(rows: pd.DataFrame, margin: int) -> pd.Series:
    """1 where the learner left, 0 where they passed, NaN where neither. ``rows``: ``result, last_day, days``; ``margin`` in days."""
    left = (rows["result"] == "Withdrawn") | ((rows["result"] == "Fail") & (rows["last_day"] <= rows["days"] - margin))
    return left.astype(float).where(left | rows["result"].isin(["Pass", "Distinction"]))


def main() -> None:
    """Learn, say how well it does on the newest presentation, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/oulad"))
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    rows = feature_table(given.data, WEEKS).merge(_results(given.data), on=["module", "code", "student"])
    rows = rows[rows["clicks"] > 0].reset_index(drop=True)
    features, ends = mapped(rows), ended(rows, int(threshold("left_before_end_days")))
    known = ends.notna()
    rows, features = rows[known], features[known]
    outcome = ends[known].to_numpy(dtype=int)

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
        "outcome": "left (withdrew, or failed and was not seen in the last days), against passed; leavers are on the roll to the end",
        "weights": dict(zip(features.columns, np.round(whole[-1].coef_[0], 3).tolist(), strict=True)),
        "figures on the newest presentation, learned from the others": {one.metric: round(one.value, 3) for one in found},
        "not for": "a centre with history of its own; the order is worth more than the probability",
    }
    (given.out / "dropout.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _results(data: Path) -> pd.DataFrame:
    """``module, code, student, result``, the day of the last click and the presentation's length in days."""
    import duckdb

    paths = {name: path_of(data, name) for name in ("studentInfo", "studentVle", "courses")}
    reading = {name: f"'{path / '**' / '*.parquet'}'" if path and path.is_dir() else f"'{path}'" for name, path in paths.items()}
    key = "code_module::varchar as module, code_presentation::varchar as code"
    return duckdb.sql(
        f"""
        with results as (select {key}, id_student::integer as student, final_result as result from {reading["studentInfo"]}),
        seen as (select {key}, id_student::integer as student, max(date::integer) as last_day from {reading["studentVle"]} group by all),
        courses as (select {key}, module_presentation_length::integer as days from {reading["courses"]})
        select results.*, seen.last_day, courses.days
        from results inner join courses using (module, code) left join seen using (module, code, student)
        """
    ).df()


if __name__ == "__main__":
    main()
