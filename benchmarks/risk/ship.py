"""Rebuild the model that is shipped with the product: ``python -m benchmarks.risk.ship --data ../shared/data/oulad``.

A logistic regression on signs that OULAD and any learning-management system share (:mod:`pipelines.risk.portable`), learned from who left and who passed.
Nine weights, no rows: the file holds no personal data. It stands in for a centre without history of its own, and every score says so;
a model of own history leans on it (:mod:`pipelines.risk.pooling`).

*Left* as the product says it: withdrew, or failed having done nothing more in the last eighth of the presentation. Whoever failed and was there to the
end is neither. Those who have left stay among the examples: most systems do not know that somebody has gone, they only fall silent.
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

from pipelines.risk import figures, modelling, portable
from pipelines.risk.oulad_features import feature_table
from pipelines.risk.registry import SHIPPED

#: Weeks that teach: denser at the beginning, where things change fast.
WEEKS = (1, 2, 3, 5, *range(7, 38, 3))
#: A week after every presentation's end (the longest has 269 days): there it is known when somebody was last seen.
AFTERWARDS = 39
#: Part of the course, counted from its end, in which whoever is to count as present must have been seen: ``left_before_end_days`` of a course of six weeks.
LAST_SEEN = 5 / 42
#: What of the features of a presentation's median learner the signs are set against.
_USUAL = ["clicks_7", "handed_in"]


def mapped(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of OULAD's features as the model's columns; medians of a presentation and day are of its enrolled learners who have begun."""
    there = rows[rows["is_enrolled"] & (rows["clicks"] > 0)]
    medians = there.groupby(["presentation", "cut"])[_USUAL].median()
    usual = medians.reindex(pd.MultiIndex.from_frame(rows[["presentation", "cut"]])).set_index(rows.index)
    passed = rows["cut"] + 1
    return portable.columns(
        progress=rows["progress"],
        course_day=passed,
        silent_days=rows["silent_days"],
        pace=pd.Series(np.log((rows["clicks_7"] + 1) / (usual["clicks_7"] + 1)), index=rows.index),
        handed_in=(rows["handed_in"] + 1) / (usual["handed_in"] + 1),
        missed_share=rows["missed"] / rows["due"].where(rows["due"] > 0),
    )


def examples(rows: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Rows that teach, with ``left`` (0 or 1): learners still enrolled when first looked at, at every week but :data:`AFTERWARDS`.

    ``rows``: :func:`pipelines.risk.oulad_features.feature_table`, :data:`AFTERWARDS` included. ``results``: ``module, code, student, result``.
    """
    keys = ["presentation", "student"]
    rows = rows.merge(results, on=["module", "code", "student"]).sort_values(["cut", *keys], kind="stable").reset_index(drop=True)
    first, last = rows.groupby(keys).first().reset_index(), rows.groupby(keys).last().reset_index()
    days = last["cut"] / last["progress"]
    last["is_gone"] = last["cut"] - last["silent_days"] <= days * (1 - LAST_SEEN)
    told = rows.merge(last[[*keys, "is_gone"]], on=keys).merge(first.loc[first["is_enrolled"], keys], on=keys)
    told["left"] = ((told["result"] == "Withdrawn") | (told["is_gone"] & (told["result"] == "Fail"))).astype(int)
    told = told[(told["left"] == 1) | (told["result"] != "Fail")]
    return told[told["cut"] < told["cut"].max()].reset_index(drop=True)


def main() -> None:
    """Learn, say how well it does on the newest presentation, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/oulad"))
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    rows = examples(feature_table(given.data, [*WEEKS, AFTERWARDS]), _results(given.data))
    outcome, features = rows["left"].to_numpy(), mapped(rows)

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
        "model_id": f"shipped:dropout:{portable.VERSION}",
        "features": list(features.columns),
        "learned from": f"OULAD (CC BY 4.0, The Open University), {', '.join(sorted(rows['code'].unique()))}, {rows['student'].nunique()} learners",
        "outcome": "withdrew, or failed having fallen silent before the last eighth, against passed",
        "weights": dict(zip(features.columns, np.round(whole[-1].coef_[0], 3).tolist(), strict=True)),
        "figures on the newest presentation, learned from the others": {one.metric: round(one.value, 3) for one in found},
        "not for": "alone, a centre with history of its own; the order is worth more than the probability",
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
