"""What the forecasts would have been: every week of every ended stream scored as on its day, held against what became of the learners.

Works on a copy of the warehouse. On each day only streams that had ended by then teach (:func:`pipelines.risk.scoring.score_day`); the
learner-days themselves hold nothing later than their day. So every figure is of learners and streams the model had not seen.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from pipelines.pseudonyms import Pseudonyms
from pipelines.risk import figures
from pipelines.risk.figures import Measured
from pipelines.risk.scoring import score_day
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

EVERY_DAYS = 7
CAPACITY = 10
DRAWS = 200
LEAVING = {
    "roc_auc": figures.roc_auc,
    "average_precision": figures.average_precision,
    "brier": figures.brier,
    "calibration_error": figures.calibration_error,
    f"precision_at_{CAPACITY}": figures.precision_at(CAPACITY),
    f"recall_at_{CAPACITY}": figures.recall_at(CAPACITY),
}
_SEEN = """
select
    o.*, s.level, t.course_id, t.starts_on, date_diff('day', t.starts_on, o.day) + 1 as course_day,
    e.outcome as ended_as, e.dropped_on, t.ends_on, d.silent_days, f.is_formal,
    coalesce(e.outcome in ('completed', 'never_started') or e.dropped_on <= t.ends_on - $margin, false) as is_judged
from risk.outlooks as o
inner join risk.scores as s on o.day = s.day and o.person_id = s.person_id and o.stream_id = s.stream_id and s.target = 'dropout'
inner join facts.dim_streams as t on o.stream_id = t.stream_id
inner join facts.fct_enrolments as e on o.person_id = e.person_id and o.stream_id = e.stream_id
left join indicators.ind_learner_days as d on o.day = d.day and o.person_id = d.person_id and o.stream_id = d.stream_id
left join indicators.ind_formal_completions as f on o.person_id = f.person_id and o.stream_id = f.stream_id
order by o.day, o.stream_id, o.person_id
"""


@dataclass(frozen=True)
class Backtest:
    """rows: one per learner, stream and scored day, outlook beside outcome. figures: what they come to. tables: for the evaluation page."""

    rows: pd.DataFrame
    reasons: pd.DataFrame
    drift: pd.DataFrame
    cards: pd.DataFrame
    figures: list[Measured]
    stability: float


def run(
    warehouse_path: Path,
    *,
    until: date,
    every: int = EVERY_DAYS,
    truth: Path | None = None,
    pseudonyms: Pseudonyms | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Backtest:
    """Score every ``every``-th course day of every stream that began by ``until`` and judge those that ended by then.

    ``truth``: people.json of a simulated programme; with it ``pseudonyms`` too: personas judge instead of facts.
    """
    with TemporaryDirectory(prefix="mayak-backtest-") as folder:
        copy = Path(folder) / "warehouse.duckdb"
        shutil.copyfile(warehouse_path, copy)
        with Warehouse.open(copy) as warehouse:
            warehouse.create_schemas()
            for table in ("models", "evaluations", "scores", "reasons", "outlooks", "cards", "drift"):
                warehouse.connection.execute(f"delete from risk.{table}")
            streams = warehouse.rows("select starts_on, ends_on from facts.dim_streams where starts_on is not null order by starts_on")
            days = sorted(
                {
                    start + timedelta(days=number - 1)
                    for start, end in streams
                    for number in range(every, (min(end, until) - start).days + 2, every)
                }
            )
            for day in days:
                score_day(warehouse, day, models_folder=Path(folder) / "models")
                tell(f"{day}")
            rows = warehouse.frame(_SEEN, {"margin": int(threshold("left_before_end_days"))})
            reasons = warehouse.frame(
                "select day, person_id, stream_id, code, rank, contribution from risk.reasons where target = 'dropout'"
            )
            drift = warehouse.frame("select * from risk.drift order by day, measure, subject")
            cards = warehouse.frame("select target, scope, origin, data_from, data_until, learner, is_champion, verdict from risk.cards")
            # For the fairness table alone: no model sees these columns.
            stated = warehouse.frame(
                "select p.person_id, g.course_id, min(g.sex) as sex, min(g.age_band) as age_band, min(g.region) as region "
                "from raw.demographics as g inner join links.people as p on g.account_id = p.account_id group by 1, 2"
            )
            rows = rows.merge(stated, on=["person_id", "course_id"], how="left")
            if truth is not None and pseudonyms is not None:
                rows = rows.merge(_personas(warehouse, truth, pseudonyms), on=["person_id", "stream_id"], how="left")
                told = rows["true_outcome"].notna()
                rows.loc[told, "is_formal"] = rows.loc[told, "true_formal"]
    stable = _stability(rows, reasons)
    return Backtest(rows, reasons, drift, cards, judge(rows), stable)


def _personas(warehouse: Warehouse, truth: Path, pseudonyms: Pseudonyms) -> pd.DataFrame:
    people = json.loads(truth.read_text(encoding="utf-8"))
    told = pd.DataFrame(
        [
            {"account_id": pseudonyms.of("moodle", str(one["moodle_user_id"])), "stream_title": one["stream"], "true_outcome": one["outcome"],
             "true_formal": bool(one["is_formal"]), "persona": one["persona"]}
            for one in people if one["role"] == "learner"
        ]
    )  # fmt: skip
    accounts = warehouse.frame("select p.person_id, p.account_id from links.people as p where p.person_id is not null")
    return told.merge(accounts, on="account_id").rename(columns={"stream_title": "stream_id"}).drop(columns="account_id")


def judge(rows: pd.DataFrame, draws: int = DRAWS) -> list[Measured]:
    """Figures per week of the course over all ended streams: drop-out by the model's probability, by benefit and by silence; formal completion."""
    found: list[Measured] = []
    over = rows[
        (pd.to_datetime(rows["day"]) < pd.to_datetime(rows["ends_on"])) & rows["ended_as"].isin(["completed", "never_started", "dropped"])
    ]
    for week, part in over.groupby((over["course_day"] + 6) // 7):
        known = part[part["is_judged"]]
        sample = f"week {int(week)}"
        outcome = (known["ended_as"] != "completed").to_numpy(dtype=int)
        for basis, of_basis in known.groupby("dropout_basis"):
            mask = (known["dropout_basis"] == basis).to_numpy()
            found += figures.measure(
                f"{sample}, by {basis}", "dropout", outcome[mask], of_basis["dropout"].to_numpy(),
                {name: LEAVING[name] for name in ("roc_auc", "brier")}, draws=draws,
            )  # fmt: skip
        for name, guessed in (
            ("dropout", known["dropout"]),
            ("days of silence", known["silent_days"].astype(float)),
        ):
            metrics = LEAVING if name == "dropout" else {"roc_auc": figures.roc_auc}
            found += figures.measure(sample, name, outcome, guessed.to_numpy(dtype=float), metrics, draws=draws)
        soon = (known["ended_as"] == "never_started").to_numpy() | (
            pd.to_datetime(known["dropped_on"]) <= pd.to_datetime(known["day"]) + pd.Timedelta(days=7)
        ).to_numpy()
        found += figures.measure(
            sample, "gone within 7 days", soon.astype(int) * outcome, known["dropout_7"].to_numpy(),
            {"roc_auc": figures.roc_auc, "average_precision": figures.average_precision, "brier": figures.brier}, draws=draws,
        )  # fmt: skip
        done = part[(part["ended_as"] == "completed") & part["is_formal"].notna()]
        found += figures.measure(
            sample, "formal completion", done["is_formal"].to_numpy(dtype=int), done["formal_if_completed"].to_numpy(),
            {"roc_auc": figures.roc_auc, "average_precision": figures.average_precision, "brier": figures.brier}, draws=draws,
        )  # fmt: skip
    return [*found, *_lead_times(over)]


def _lead_times(rows: pd.DataFrame) -> list[Measured]:
    """Days between the first warning (medium or high) and the last act of those who began and left; share warned before they had gone."""
    left = rows[(rows["ended_as"] == "dropped") & rows["is_judged"]]
    flagged = left[left["level"] != "low"].groupby(["person_id", "stream_id"])["day"].min()
    gone = left.groupby(["person_id", "stream_id"])["dropped_on"].first()
    lead = (pd.to_datetime(gone) - pd.to_datetime(flagged).reindex(gone.index)).dt.days.to_numpy(dtype=float)
    warned = np.where(np.isnan(lead), -np.inf, lead) > 0
    found = figures.measure(
        "all weeks", "warning", warned.astype(int), warned.astype(float), {"share_warned_before": lambda a, b: float(a.mean())}, draws=DRAWS
    )
    ahead = lead[warned]
    if len(ahead):
        found += figures.measure(
            "all weeks", "warning", np.ones(len(ahead), int), ahead, {"median_lead_days": lambda a, b: float(np.median(b))}, draws=DRAWS
        )
    return found


def _stability(rows: pd.DataFrame, reasons: pd.DataFrame) -> float:
    """Share of learners at medium or high risk whose first reason stands among the reasons of their next scored day."""
    shown = rows.loc[rows["level"] != "low", ["day", "person_id", "stream_id"]]
    told = reasons.merge(shown, on=["day", "person_id", "stream_id"])
    if told.empty:
        return float("nan")
    codes = told.groupby(["stream_id", "person_id", "day"])["code"].agg(set).rename("codes").reset_index().sort_values("day")
    first = told[told["rank"] == 1][["stream_id", "person_id", "day", "code"]]
    codes["next"] = codes.groupby(["stream_id", "person_id"])["codes"].shift(-1)
    merged = first.merge(codes, on=["stream_id", "person_id", "day"])
    merged = merged[merged["next"].notna()]
    return (
        float(np.mean([code in later for code, later in zip(merged["code"], merged["next"], strict=True)])) if len(merged) else float("nan")
    )
