"""Has the world moved away from what the models learned? Three measures, each against a named threshold.

``psi``: population stability index (Siddiqi 2006) of every feature against training rows at the same part of the course. Learners of one stream
resemble each other on one day (a webinar was yesterday, a Sunday is quiet), so its usual mark alone would call nearly every day a changed
world: what counts lies also further from the training streams than any day of one of them lies from the others. ``volume``: the
share of learners at medium or high risk, today against a week ago. ``calibration``: what was said at mid-course of streams that have ended
lately against what became of them.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.risk.features import feature_frame, features_of
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

BINS = 10
#: A part nobody falls into counts as this much, or one empty bin would be infinite drift.
LEAST = 0.005
_WEEK = timedelta(days=7)


def stability(reference: np.ndarray, current: np.ndarray) -> float:
    """Population stability index over tenths of ``reference``; NaN are left out, ties share a bin; NaN where either is empty."""
    before, now = reference[~np.isnan(reference)], current[~np.isnan(current)]
    if not len(before) or not len(now):
        return float("nan")
    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, part, side="left"), minlength=len(edges) + 1) / len(part), LEAST)
        for part in (before, now)
    ]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def usual(rows: pd.DataFrame, feature: str) -> float:
    """The largest index of one stream on one day against all other streams of ``rows``; 0 where there are no others to compare with."""
    values, streams = rows[feature].to_numpy(dtype=float), rows["stream_id"].to_numpy()
    days = rows.groupby(["stream_id", "day"]).indices.values()
    found = [stability(values[streams != streams[places[0]]], values[places]) for places in days]
    return max((index for index in found if not np.isnan(index)), default=0.0)


def measure(warehouse: Warehouse, day: date, *, training_rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``risk.drift`` for a scored day. ``training_rows``: the drop-out model's training frame."""
    found: list[dict[str, object]] = []

    def note(measure: str, subject: str, value: float, allowed: float, n: int) -> None:
        if n >= threshold("drift_people_min") and not np.isnan(value):
            found.append(
                {"day": day, "target": "dropout", "measure": measure, "subject": subject, "value": value, "allowed": allowed,
                 "is_drifting": abs(value) > allowed, "n": n}
            )  # fmt: skip

    running = [row[0] for row in warehouse.rows("select distinct stream_id from risk.scores where day = ? order by 1", [day])]
    if running:
        now = feature_frame(warehouse, "dropout", streams=running, days=[day])
        then, window = training_rows, threshold("drift_progress_window")
        # Streams in another part of the course differ by nature.
        near = [then[(then["progress"] - part).abs() <= window] for part in now.groupby("stream_id")["progress"].median().to_numpy()]
        like = pd.concat(near) if near else then.iloc[:0]
        for feature in features_of("dropout"):
            before = like[feature.name].to_numpy(dtype=float)
            if feature.name != "progress" and len(before):
                allowed = max(threshold("drift_psi_max"), usual(like, feature.name))
                note("psi", feature.name, stability(before, now[feature.name].to_numpy(dtype=float)), allowed, len(now))
    for today, week_ago, n in warehouse.rows(
        "select avg((a.level <> 'low')::integer), avg((b.level <> 'low')::integer), count(*) from risk.scores as a "
        "inner join risk.scores as b on a.person_id = b.person_id and a.stream_id = b.stream_id and a.target = b.target and b.day = ? "
        "where a.day = ? and a.target = 'dropout'",
        [day - _WEEK, day],
    ):
        if n:
            note("volume", "all", today - week_ago, threshold("drift_volume_max"), n)
    for gap, n in warehouse.rows(
        "with matured as (select s.score, (e.outcome <> 'completed')::integer as outcome, "
        # The day nearest to the middle of the course speaks for a learner.
        "row_number() over (partition by s.person_id, s.stream_id "
        "order by abs(date_diff('day', t.starts_on, s.day) - date_diff('day', s.day, t.ends_on)), s.day) as place "
        "from risk.scores as s inner join facts.dim_streams as t on s.stream_id = t.stream_id "
        "inner join facts.fct_enrolments as e on s.person_id = e.person_id and s.stream_id = e.stream_id "
        "where s.target = 'dropout' and s.day < ? and t.ends_on < ? and t.ends_on >= ?) "
        "select avg(score) - avg(outcome), count(*) from matured where place = 1",
        [day, day, day - timedelta(days=int(threshold("drift_matured_days")))],
    ):
        if n:
            note("calibration", "all", gap, threshold("drift_calibration_max"), n)
    columns = list(warehouse.columns("risk.drift"))
    return pd.DataFrame(found, columns=columns).astype({"value": float, "allowed": float, "n": int, "is_drifting": bool})
