"""Why a score is what it is, in terms of the person's own indicators.

Features that speak of the same thing are one group, the thing a curator can act on. A group's part in the score is its Shapley value (1953) in
log-odds: its change to the forecast, averaged over every order in which the groups of a learner "like the stream's median" could take this
learner's own values (baseline Shapley values: Sundararajan, Najmi 2020). All coalitions are evaluated, so the values are exact for any
model, sum to the difference from the median learner, and give two groups that share a sign an equal part where leaving one out at a time
would give neither any. Only groups that raise the risk are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
import pandas as pd

from pipelines.risk.features import features_of, matrix
from pipelines.risk.modelling import Guesser, predict
from pipelines.risk.pooling import log_odds
from pipelines.risk.rules import RULES
from pipelines.thresholds import threshold

#: Rows of all coalitions that are guessed at once: about 100 MB.
ROWS_AT_ONCE = 400_000
COLUMNS = ["person_id", "stream_id", "rank", "code", "feature", "value", "baseline", "contribution"]


def of_model(
    model: Guesser, frame: pd.DataFrame, target: str, shown: pd.DataFrame, medians: pd.DataFrame, *, beside: Sequence[str] = ()
) -> pd.DataFrame:
    """Reasons for the rows of ``frame`` (one day, :func:`features.feature_frame`); ``beside``: see :func:`shapley`.

    ``shown`` and ``medians``: indicators as people know them, from :func:`features.shown_values`.
    Returns rows of :data:`COLUMNS`, at most ``reasons_max`` per learner, strongest first.
    """
    contributions = shapley(model, frame, target, beside=beside)
    # The first feature of a code is the one that its sentence speaks of.
    told = {feature.code: (feature.column, feature.sign) for feature in reversed(features_of(target)) if feature.code}
    return _ranked(contributions, told, shown, medians)


def shapley(model: Guesser, frame: pd.DataFrame, target: str, *, beside: Sequence[str] = ()) -> pd.DataFrame:
    """Part of every group of features in the log-odds of every row: index person and stream, one column per code, in code order.

    Features without a code (the part of the course) keep their value in every coalition. So do ``beside``: columns of ``frame`` that are no feature
    of the target and that the model asks for all the same.
    """
    inputs = matrix(frame, target)
    inputs = pd.concat([inputs, frame[list(beside)].astype(float)], axis=1)
    medians = inputs.groupby(frame["stream_id"].to_numpy()).transform("median")
    own, median = inputs.to_numpy(dtype=float), medians.to_numpy(dtype=float)
    codes = sorted({feature.code for feature in features_of(target) if feature.code})
    code_of = {feature.name: feature.code for feature in features_of(target)}
    members = np.array([[code_of.get(name) == code for name in inputs.columns] for code in codes])
    coalitions = 1 << len(codes)
    in_coalition = (np.arange(coalitions)[:, None] >> np.arange(len(codes))) & 1
    takes_own = (in_coalition @ members.astype(int)).astype(bool) | ~members.any(axis=0)
    weights = _shapley_weights(in_coalition)
    # A group in which a learner is like the median adds nothing to any coalition: only the others are asked about, each once.
    is_other = (own != median) & ~(np.isnan(own) & np.isnan(median))
    other = (is_other @ members.T) @ (1 << np.arange(len(codes)))
    parts = []
    for start in range(0, len(own), max(1, ROWS_AT_ONCE // coalitions)):
        rows = np.arange(start, min(start + max(1, ROWS_AT_ONCE // coalitions), len(own)))
        same_as = np.arange(coalitions)[:, None] & other[None, rows]
        asked, of = np.nonzero(same_as == np.arange(coalitions)[:, None])
        mixed = np.where(takes_own[asked], own[rows[of]], median[rows[of]])
        guessed = np.empty(same_as.shape)
        guessed[asked, of] = log_odds(predict(model, pd.DataFrame(mixed, columns=inputs.columns)))
        parts.append(np.take_along_axis(guessed, same_as, axis=0).T @ weights)
    values = np.concatenate(parts) if parts else np.empty((0, len(codes)))
    return pd.DataFrame(values, index=_index(frame), columns=codes)


def _shapley_weights(in_coalition: np.ndarray) -> np.ndarray:
    """Coalitions × groups: by how much a coalition's forecast counts for a group."""
    groups = in_coalition.shape[1]
    size = in_coalition.sum(axis=1)
    joins = np.array([factorial(max(count - 1, 0)) * factorial(groups - count) for count in size], dtype=float) / factorial(groups)
    lacks = np.array([factorial(count) * factorial(max(groups - count - 1, 0)) for count in size], dtype=float) / factorial(groups)
    return np.where(in_coalition == 1, joins[:, None], -lacks[:, None])


def of_rules(earned: pd.DataFrame, target: str, shown: pd.DataFrame, medians: pd.DataFrame) -> pd.DataFrame:
    """Reasons for rule scores: the rules that gave points. ``earned``: points by learner and stream (index) and rule code."""
    return _ranked(earned, {rule.code: (rule.column, rule.sign) for rule in RULES[target]}, shown, medians)


def _index(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[["person_id", "stream_id"]])


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
