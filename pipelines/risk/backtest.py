"""What the forecasts would have been (:func:`run`), and what they were (:func:`said`), held against what became of the learners.

A look back scores every week of every ended stream as on its day. It works on a copy of the warehouse. On each day only streams that had ended by then teach (:func:`pipelines.risk.scoring.score_day`); the
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
from pipelines.risk import figures, modelling, registry
from pipelines.risk.figures import Measured
from pipelines.risk.scoring import JUDGED_AT, score_day, snapshot, training_sample
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

EVERY_DAYS = 7
#: Of every so many scored days the day after is scored too.
FOLLOWED = 4
CAPACITY = 10
DRAWS = 200
LEAVING = {
    "roc_auc": figures.roc_auc,
    "average_precision": figures.average_precision,
    "brier": figures.brier,
    "calibration_error": figures.calibration_error,
    "calibration_error_by_chance": figures.calibration_error_by_chance,
}
#: Whoever has done something within so many days up to the scored one was seen lately.
SEEN_DAYS = 7
#: Orders in which a curator might go through a stream: what the list goes by, and what it is held against.
ORDERS = {"list (benefit)": "benefit", "risk": "dropout", "days of silence": "silent_days"}
#: A contact is looked at this long after it; both the contact and the answer fall into the week after a scoring.
AFTER_DAYS = 7
_SEEN = """
select
    o.*, s.level, t.course_id, t.starts_on, date_diff('day', t.starts_on, o.day) + 1 as course_day,
    e.outcome as ended_as, e.dropped_on, t.ends_on, d.silent_days, f.is_formal,
    -- Of a stream that still runs only those are known who completed early or were taken off: they say nothing of the others.
    coalesce(t.ends_on <= $until and (e.outcome in ('completed', 'never_started') or e.dropped_on <= t.ends_on - $margin), false) as is_judged
from {said} as o
inner join risk.scores as s on o.day = s.day and o.person_id = s.person_id and o.stream_id = s.stream_id and s.target = 'dropout'
inner join facts.dim_streams as t on o.stream_id = t.stream_id
inner join facts.fct_enrolments as e on o.person_id = e.person_id and o.stream_id = e.stream_id
left join indicators.ind_learner_days as d on o.day = d.day and o.person_id = d.person_id and o.stream_id = d.stream_id
left join indicators.ind_formal_completions as f on o.person_id = f.person_id and o.stream_id = f.stream_id
order by o.day, o.stream_id, o.person_id
"""
#: Of every stream the last scored day of each of its weeks, and the day after it, which tells whether the reasons stay.
_WEEKLY = """
with scored as (select distinct stream_id, day from risk.outlooks where day between $since and $until),
weeks as (
    select s.stream_id, max(s.day) as day
    from scored as s inner join facts.dim_streams as t on s.stream_id = t.stream_id
    where t.starts_on is not null
    group by s.stream_id, date_diff('day', t.starts_on, s.day) // 7
)
select stream_id, day, true as is_weekly from weeks
union all
select s.stream_id, s.day, false from scored as s
semi join weeks as w on s.stream_id = w.stream_id and s.day = w.day + 1
anti join weeks as x on s.stream_id = x.stream_id and s.day = x.day
"""
#: What was said longer ago (days) is left out of the weekly page: it was said by models that no longer speak, and a week's work must not grow with history.
SAID_SINCE = 365


@dataclass(frozen=True)
class Backtest:
    """rows: one per learner, stream and scored day, outlook beside outcome. figures: what they come to. The other tables: for the evaluation page.

    contacts: :func:`after_contact`. stability: share of first reasons still told a week later. stability_next_day: the same a day later.
    """

    rows: pd.DataFrame
    reasons: pd.DataFrame
    drift: pd.DataFrame
    cards: pd.DataFrame
    figures: list[Measured]
    stability: float
    contacts: pd.DataFrame
    stability_next_day: float


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
                score_day(warehouse, day, models_folder=Path(folder) / "models", is_judged=False)
                tell(f"{day}")
            # The days after, for no other question than whether the reasons stay: a look at figures would count learners twice.
            follow = [day + timedelta(days=1) for day in days[len(days) // 2 :: FOLLOWED] if day < until]
            for day in follow:
                score_day(warehouse, day, models_folder=Path(folder) / "models", is_judged=False)
            everything = _seen(warehouse, "risk.outlooks", until)
            on_days = set(days)
            rows = everything[pd.to_datetime(everything["day"]).dt.date.isin(on_days)].reset_index(drop=True)
            reasons = warehouse.frame(
                "select day, person_id, stream_id, code, rank, contribution from risk.reasons where target = 'dropout'"
            )
            drift = warehouse.frame("select * from risk.drift order by day, measure, subject")
            cards = warehouse.frame("select target, scope, origin, data_from, data_until, learner, is_champion, verdict from risk.cards")
            rows = _with_groups(warehouse, rows)
            if truth is not None and pseudonyms is not None:
                rows = by_truth(rows, _personas(warehouse, truth, pseudonyms))
            contacts = after_contact(warehouse, rows)
            found = [*judge(rows), *new_courses(warehouse, until)]
    weekly = reasons[pd.to_datetime(reasons["day"]).dt.date.isin(on_days)]
    pairs = on_days & {day - timedelta(days=1) for day in follow} | set(follow)
    daily = everything[pd.to_datetime(everything["day"]).dt.date.isin(pairs)]
    return Backtest(rows, weekly, drift, cards, found, _stability(rows, weekly, every), contacts, _stability(daily, reasons, 1))


def said(warehouse: Warehouse, until: date, *, draws: int = DRAWS) -> Backtest:
    """What was said on the days themselves, once a week of every stream, of the last :data:`SAID_SINCE` days: as it stands in ``risk``.

    No model is asked or learned again, so it costs seconds, and nothing that was learned since can flatter it. Streams that still run are among the rows, not
    judged. ``warehouse``: facts as of ``until``.
    """
    days = {"since": until - timedelta(days=SAID_SINCE), "until": until}
    warehouse.connection.execute(f"create or replace temp table said_days as {_WEEKLY}", days)
    picked = "(select o.*, w.is_weekly from risk.outlooks as o inner join said_days as w on o.day = w.day and o.stream_id = w.stream_id)"
    everything = _seen(warehouse, picked, until)
    reasons = warehouse.frame(
        "select r.day, r.person_id, r.stream_id, r.code, r.rank, r.contribution from risk.reasons as r "
        "semi join said_days as w on r.day = w.day and r.stream_id = w.stream_id where r.target = 'dropout'"
    )
    weekly = warehouse.frame("select day, stream_id from said_days where is_weekly")
    drift = warehouse.frame("select * from risk.drift where day between $since and $until order by day, measure, subject", days)
    cards = warehouse.frame("select target, scope, origin, data_from, data_until, learner, is_champion, verdict from risk.cards")
    warehouse.connection.execute("drop table said_days")
    rows = _with_groups(warehouse, everything[everything["is_weekly"].astype(bool)].reset_index(drop=True))
    told = reasons.merge(weekly, on=["day", "stream_id"])
    return Backtest(
        rows, told, drift, cards, judge(rows, draws), _stability(rows, told, EVERY_DAYS), after_contact(warehouse, rows), _stability(everything, reasons, 1)
    )  # fmt: skip


def _seen(warehouse: Warehouse, said: str, until: date) -> pd.DataFrame:
    """Outlooks of ``said`` (a relation) beside what became of the learners; judged is who is of a stream that had ended by ``until``."""
    return warehouse.frame(_SEEN.format(said=said), {"margin": int(threshold("left_before_end_days")), "until": until})


def _with_groups(warehouse: Warehouse, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with sex, age band and region where they are known: for the fairness table alone, no model sees these columns."""
    stated = warehouse.frame(
        "select p.person_id, g.course_id, min(g.sex) as sex, min(g.age_band) as age_band, min(g.region) as region "
        "from raw.demographics as g inner join links.people as p on g.account_id = p.account_id group by 1, 2"
    )
    return rows.merge(stated, on=["person_id", "course_id"], how="left")


def by_truth(rows: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Rows with the outcomes of :func:`_personas` in place of the facts': of streams that still run, too."""
    told = rows.merge(truth, on=["person_id", "stream_id"], how="left")
    known = told["true_outcome"].notna()
    ends = pd.to_datetime(told["ends_on"])
    told["dropped_on"] = pd.to_datetime(told["dropped_on"]).where(~known, told["true_last_day"].where(told["true_outcome"] == "dropped"))
    told.loc[known, "ended_as"] = told.loc[known, "true_outcome"]
    told.loc[known, "is_formal"] = told.loc[known, "true_formal"]
    early = told["dropped_on"] <= ends - pd.Timedelta(days=int(threshold("left_before_end_days")))
    told["is_judged"] = told["ended_as"].isin(["completed", "never_started"]) | early
    return told


def _personas(warehouse: Warehouse, truth: Path, pseudonyms: Pseudonyms) -> pd.DataFrame:
    people = json.loads(truth.read_text(encoding="utf-8"))
    told = pd.DataFrame(
        [
            {"account_id": pseudonyms.of("moodle", str(one["moodle_user_id"])), "stream_title": one["stream"], "true_outcome": one["outcome"],
             "true_formal": bool(one["is_formal"]), "persona": one["persona"],
             "true_last_day": one["last_activity_unix"]}
            for one in people if one["role"] == "learner"
        ]
    )  # fmt: skip
    told["true_last_day"] = pd.to_datetime(told["true_last_day"], unit="s").dt.normalize()
    accounts = warehouse.frame("select p.person_id, p.account_id from links.people as p where p.person_id is not null")
    return told.merge(accounts, on="account_id").rename(columns={"stream_title": "stream_id"}).drop(columns="account_id")


def judge(rows: pd.DataFrame, draws: int = DRAWS) -> list[Measured]:
    """Figures per week of the course: drop-out, the first ten of each stream, leaving within a week, formal completion; then the warnings' lead.

    "week 3": everybody scored whose end is known. "week 3, still there": those of them who had begun and had not gone by the day, the only ones
    a contact can keep. Who has gone is told by what comes after the day, so no probability of the day can be right of them as a group: those who are about
    to be found gone are taken out of it. "week 3, seen lately" is the like of it that the day itself knows: had begun and done something within
    :data:`SEEN_DAYS` days; by it probabilities are judged.
    """
    found: list[Measured] = []
    over = rows[
        (pd.to_datetime(rows["day"]) < pd.to_datetime(rows["ends_on"])) & rows["ended_as"].isin(["completed", "never_started", "dropped"])
    ]
    for week, part in over.groupby((over["course_day"] + 6) // 7):
        known = part[part["is_judged"]]
        if known.empty:
            continue
        sample = f"week {int(week)}"
        outcome = _left(known)
        for basis, of_basis in known.groupby("dropout_basis"):
            found += figures.measure(
                f"{sample}, by {basis}", "dropout", _left(of_basis), of_basis["dropout"].to_numpy(),
                {name: measure for name, measure in LEAVING.items() if name != "average_precision"}, draws=draws, people=_people(of_basis),
            )  # fmt: skip
        there = known[_still_there(known)]
        seen = known[(known["standing"] == "started") & (known["silent_days"] < SEEN_DAYS)]
        for name, group in ((sample, known), (f"{sample}, still there", there), (f"{sample}, seen lately", seen)):
            found += figures.measure(
                name,
                "dropout",
                _left(group),
                group["dropout"].to_numpy(),
                {**LEAVING, "base_rate": _mean},
                draws=draws,
                people=_people(group),
            )
            silent = group["silent_days"].to_numpy(dtype=float)
            found += figures.measure(
                name, "days of silence", _left(group), silent, {"roc_auc": figures.roc_auc}, draws=draws, people=_people(group)
            )
        found += at_capacity(known, sample, draws=draws)
        soon = (known["ended_as"] == "never_started").to_numpy() | (
            pd.to_datetime(known["dropped_on"]) <= pd.to_datetime(known["day"]) + pd.Timedelta(days=7)
        ).to_numpy()
        found += figures.measure(
            sample, "gone within 7 days", soon.astype(int) * outcome, known["dropout_7"].to_numpy(),
            {"roc_auc": figures.roc_auc, "average_precision": figures.average_precision, "brier": figures.brier}, draws=draws, people=_people(known),
        )  # fmt: skip
        done = known[(known["ended_as"] == "completed") & known["is_formal"].notna()]
        found += figures.measure(
            sample, "formal completion", done["is_formal"].to_numpy(dtype=int), done["formal_if_completed"].to_numpy(),
            {"roc_auc": figures.roc_auc, "average_precision": figures.average_precision, "brier": figures.brier, "base_rate": _mean},
            draws=draws, people=_people(done),
        )  # fmt: skip
    return [*found, *_lead_times(over)]


def _mean(outcome: np.ndarray, guessed: np.ndarray) -> float:
    return float(outcome.mean()) if len(outcome) else float("nan")


def _left(rows: pd.DataFrame) -> np.ndarray:
    return (rows["ended_as"] != "completed").to_numpy(dtype=int)


def _people(rows: pd.DataFrame) -> np.ndarray:
    """A learner of a stream: one draw of the bootstrap, however many of the week's rows are theirs."""
    return (rows["stream_id"] + "\x1f" + rows["person_id"]).to_numpy(dtype=object)


def _still_there(rows: pd.DataFrame) -> np.ndarray:
    gone = pd.to_datetime(rows["dropped_on"]) <= pd.to_datetime(rows["day"])
    return (~gone & (rows["standing"] == "started")).to_numpy()


def at_capacity(rows: pd.DataFrame, sample: str, *, capacity: int = CAPACITY, draws: int = DRAWS) -> list[Measured]:
    """What the first ``capacity`` of every stream and day hold, by each of :data:`ORDERS` and by chance.

    precision: share of them who leave. yet_to_leave: share who leave and had not gone by then. recall: share of all who leave.
    Intervals by bootstrap over learners inside their stream.
    """
    rng = np.random.default_rng(figures.SEED)
    lists = []
    for _, part in rows.sort_values(["stream_id", "day", "person_id"]).groupby(["stream_id", "day"], sort=True):
        left = _left(part)
        orders = {name: part[column].astype(float).to_numpy() for name, column in ORDERS.items()}
        lists.append((left, left * _still_there(part), orders))
    if not lists or not sum(left.sum() for left, _, _ in lists):
        return []

    def counted(picks: list[np.ndarray]) -> dict[tuple[str, str], float]:
        hits: dict[str, np.ndarray] = {name: np.zeros(3) for name in ("chance", *ORDERS)}
        for (left, later, orders), pick in zip(lists, picks, strict=True):
            size = min(capacity, len(pick))
            for name, scores in orders.items():
                first = pick[np.argsort(-scores[pick], kind="stable")[:size]]
                hits[name] += (left[first].sum(), later[first].sum(), size)
            hits["chance"] += (left[pick].mean() * size, later[pick].mean() * size, size)
        leavers = sum(left[pick].sum() for (left, _, _), pick in zip(lists, picks, strict=True))
        return {
            (name, metric): float(value)
            for name, (left, later, size) in hits.items()
            for metric, value in (
                (f"precision_at_{capacity}", left / size), (f"yet_to_leave_at_{capacity}", later / size), (f"recall_at_{capacity}", left / max(leavers, 1)),
            )
        }  # fmt: skip

    again = [counted([rng.integers(0, len(left), len(left)) for left, _, _ in lists]) for _ in range(draws)]
    people = len(rows.drop_duplicates(["person_id", "stream_id"]))
    found = []
    for key, value in counted([np.arange(len(left)) for left, _, _ in lists]).items():
        low, high = np.quantile([one[key] for one in again], [0.025, 0.975]) if again else (np.nan, np.nan)
        found.append(Measured(sample, f"first ten: {key[0]}", key[1], value, float(low), float(high), people))
    return found


def new_courses(warehouse: Warehouse, until: date, draws: int = DRAWS) -> list[Measured]:
    """Each course in turn foreseen by a model of the other courses' ended streams alone: what a new course may expect."""
    streams = warehouse.frame("select stream_id, course_id from facts.dim_streams where ends_on < $until order by 1", {"until": until})
    sample = training_sample(warehouse, "dropout", streams["stream_id"].tolist())
    found: list[Measured] = []
    guesses: dict[float, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {at: [] for at in JUDGED_AT}
    for course, own in streams.groupby("course_id"):
        others = sample.of(streams.loc[streams["course_id"] != course, "stream_id"].tolist())
        test = sample.of(own["stream_id"].tolist())
        if others.stream_count < 2 or len(np.unique(others.outcome)) < 2 or not len(test.outcome):
            continue
        model = registry.learn("dropout", others)
        for at in JUDGED_AT:
            snap = snapshot(test, at)
            guesses[at].append((snap.outcome, modelling.predict(model, snap.inputs), snap.people))
    for at, parts in guesses.items():
        if parts:
            outcome, guessed, people = (np.concatenate(column) for column in zip(*parts, strict=True))
            found += figures.measure(f"new course, {at:.0%} of it", "dropout", outcome, guessed, LEAVING, draws=draws, people=people)
    return found


def after_contact(warehouse: Warehouse, rows: pd.DataFrame) -> pd.DataFrame:
    """Learners still there, by level and by whether a curator wrote to them within the week after: how many acted, how many left.

    Columns: ``level, is_contacted, n, acted, left``. A letter, a personal message or an answer counts, a notice to all does not. Says nothing of causes:
    who is written to is chosen, and who writes is answered.
    """
    contacts = warehouse.frame(
        "select distinct person_id, stream_id, day as contacted_on from facts.fct_contacts where kind <> 'notice' and not is_returned and stream_id is not null"
    )
    acts = warehouse.frame("select person_id, stream_id, day as seen_on, silent_days from indicators.ind_learner_days")
    known = rows[rows["is_judged"] & _still_there(rows)][["person_id", "stream_id", "day", "level", "ended_as"]].copy()
    known["day"] = pd.to_datetime(known["day"])
    near = known.merge(contacts.assign(contacted_on=pd.to_datetime(contacts["contacted_on"])), on=["person_id", "stream_id"])
    gap = (near["contacted_on"] - near["day"]).dt.days
    spoken = near[(gap >= 1) & (gap <= AFTER_DAYS)][["person_id", "stream_id", "day"]].drop_duplicates().assign(is_contacted=True)
    later = acts.assign(day=pd.to_datetime(acts["seen_on"]) - pd.Timedelta(days=AFTER_DAYS))[
        ["person_id", "stream_id", "day", "silent_days"]
    ]
    told = known.merge(spoken, on=["person_id", "stream_id", "day"], how="left").merge(
        later, on=["person_id", "stream_id", "day"], how="inner"
    )
    told["is_contacted"] = told["is_contacted"].eq(True)
    told["acted"], told["left"] = told["silent_days"] < AFTER_DAYS, told["ended_as"] != "completed"
    return told.groupby(["level", "is_contacted"]).agg(n=("acted", "size"), acted=("acted", "mean"), left=("left", "mean")).reset_index()


def _lead_times(rows: pd.DataFrame) -> list[Measured]:
    """Days between the first warning (medium or high) and the last act of those who began and left; share warned before they had gone."""
    left = rows[(rows["ended_as"] == "dropped") & rows["is_judged"]]
    if left.empty:
        return []
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


def _stability(rows: pd.DataFrame, reasons: pd.DataFrame, days: int) -> float:
    """Share of learners at medium or high risk whose first reason stands among the reasons ``days`` later, of those who still have any then."""
    shown = rows.loc[rows["level"] != "low", ["day", "person_id", "stream_id"]]
    told = reasons.merge(shown, on=["day", "person_id", "stream_id"])
    if told.empty:
        return float("nan")
    codes = told.groupby(["stream_id", "person_id", "day"])["code"].agg(set).rename("codes").reset_index()
    later = codes.assign(day=pd.to_datetime(codes["day"]) - pd.Timedelta(days=days))
    first = told[told["rank"] == 1][["stream_id", "person_id", "day", "code"]]
    merged = first.assign(day=pd.to_datetime(first["day"])).merge(later, on=["stream_id", "person_id", "day"])
    return (
        float(np.mean([code in codes for code, codes in zip(merged["code"], merged["codes"], strict=True)]))
        if len(merged)
        else float("nan")
    )
