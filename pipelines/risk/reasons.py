"""Why a score is what it is, in terms of the person's own indicators.

For every sign: what would the score be if this learner were like the stream's median in all features that speak of the sign? The change
in log-odds is the sign's contribution (one-group-at-a-time occlusion; Zeiler & Fergus 2014, as in scikit-learn-independent "what if"
explanations). It works for any model, needs one prediction per sign for the whole stream, and only signs that raise the risk are told.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.risk.features import features_of, matrix
from pipelines.risk.modelling import Classifier, predict
from pipelines.risk.rules import RULES
from pipelines.thresholds import threshold

COLUMNS = ["person_id", "stream_id", "rank", "code", "feature", "value", "baseline", "contribution"]


def of_model(model: Classifier, frame: pd.DataFrame, target: str, shown: pd.DataFrame, medians: pd.DataFrame) -> pd.DataFrame:
    """Reasons for the rows of ``frame`` (one day, :func:`features.feature_frame`).

    ``shown`` and ``medians``: indicators as people know them, from :func:`features.shown_values`.
    Returns rows of :data:`COLUMNS`, at most ``reasons_max`` per learner, strongest first.
    """
    inputs = matrix(frame, target)
    baseline = inputs.groupby(frame["stream_id"]).transform("median")
    full = _logit(predict(model, inputs))
    contributions: dict[str, np.ndarray] = {}
    for code in sorted({feature.code for feature in features_of(target) if feature.code}):
        names = [feature.name for feature in features_of(target) if feature.code == code]
        contributions[code] = full - _logit(predict(model, inputs.assign(**{name: baseline[name] for name in names})))
    # The first feature of a code is the one that its sentence speaks of.
    told = {feature.code: (feature.column, feature.sign) for feature in reversed(features_of(target)) if feature.code}
    return _ranked(pd.DataFrame(contributions, index=_index(frame)), told, shown, medians)


def of_rules(earned: pd.DataFrame, target: str, shown: pd.DataFrame, medians: pd.DataFrame) -> pd.DataFrame:
    """Reasons for rule scores: the rules that gave points. ``earned``: points by learner and stream (index) and rule code."""
    return _ranked(earned, {rule.code: (rule.column, rule.sign) for rule in RULES[target]}, shown, medians)


def _index(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[["person_id", "stream_id"]])


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))


def _long(frame: pd.DataFrame, columns: str, value: str) -> pd.DataFrame:
    """One row per cell: the index, the column's name as ``columns``, what stands there as ``value``."""
    return pd.Series(frame.rename_axis(columns=columns).stack(), name=value).reset_index()


def _ranked(contributions: pd.DataFrame, told: dict[str, tuple[str, int]], shown: pd.DataFrame, medians: pd.DataFrame) -> pd.DataFrame:
    """``told``: code → (indicator that its sentence speaks of, 1 where more of it is worse and -1 where less is)."""
    if contributions.empty:
        return pd.DataFrame(columns=COLUMNS)
    long = _long(contributions.rename_axis(index=["person_id", "stream_id"]), "code", "contribution")
    long = long[long["contribution"] >= threshold("reason_points_min")]
    long["feature"] = long["code"].map({code: column for code, (column, _) in told.items()})
    values = _long(shown, "feature", "value")
    baselines = _long(medians, "feature", "baseline")
    long = long.merge(values, how="left", on=["person_id", "stream_id", "feature"]).merge(
        baselines, how="left", on=["stream_id", "feature"]
    )
    # A sentence is said only where it is true of this learner: the value is known and on the wrong side of the stream's median. What a
    # model concludes from a missing value, or from the company a sign keeps, is in the score but is no reason to tell a person.
    sign = long["code"].map({code: sign for code, (_, sign) in told.items()})
    long = long[long["value"].notna() & ((long["value"] - long["baseline"].fillna(0.0)) * sign > 0)]
    # A tie is broken by the code's name, so that two runs tell the same story.
    long = long.sort_values(["person_id", "stream_id", "contribution", "code"], ascending=[True, True, False, True], kind="stable")
    long["rank"] = long.groupby(["person_id", "stream_id"]).cumcount() + 1
    return long.loc[long["rank"] <= threshold("reasons_max"), COLUMNS]
