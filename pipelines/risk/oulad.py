"""The published protocol on OULAD: train on earlier presentations, foresee Fail or Withdrawn in a later one, week by week.

Population as published: learners with at least one click in the presentation; beside it those of them who are still enrolled at the end of
the week, the only ones anybody can still help. A learner's unregistration is never a feature. Boosted trees as they come stand beside the model, and
three trivial forecasters: *flag everybody*, *days since the last click*, and *the seven-day rule* (silent for seven days: yes or no).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from pipelines.errors import BadSource
from pipelines.risk import figures
from pipelines.risk.calibration import Beta, fit_calibration
from pipelines.risk.figures import Measured
from pipelines.risk.forecast import SEED, Forecast, Recipe, evened, learn, logit, odds_to_probability, step_to_mean
from pipelines.risk.oulad_features import day_of, feature_names, feature_table

#: Weeks at which the published figures stand.
WEEKS = (2, 4, 6, 8)
#: (sample, metric) → figure of the published work, of presentation 2014J.
PUBLISHED = {
    ("week 2, all", "roc_auc"): 0.713,
    ("week 4, all", "roc_auc"): 0.752,
    ("week 6, all", "roc_auc"): 0.773,
    ("week 8, all", "roc_auc"): 0.808,
    ("next week, enrolled", "average_precision"): 0.159,
}
#: Features whose sign is known: more of it can only raise (1) or lower (-1) the risk.
SIGNS = {
    "silent_days": 1, "missed": 1, "missed_tutor": 1, "missed_last": 1, "handed_in_share": -1, "active_7": -1, "active_3": -1, "active_days": -1,
    "points_share": -1, "mark": -1, "mark_last": -1, "mark_place": -1, "usual_opened": -1, "earlier_left": 1,
    "previous_attempts": 1, "handed_in_ahead": -1,
}  # fmt: skip
#: Rows this many weeks before and after a week teach it too.
NEIGHBOURS = 1
#: Presentations that the level of all modules weighs beside a module's own: one earlier presentation is believed to three quarters.
LEVEL_PRIOR = 0.3
OUTCOME = Recipe(
    trees={"learning_rate": 0.1, "num_leaves": 12, "min_data_in_leaf": 60, "lambda_l2": 10.0, "feature_fraction": 0.3},
    rounds=160,
    regularisation=0.03,
    trees_share=0.6,
    folds=3,
)
NEXT_WEEK = Recipe(
    trees={"learning_rate": 0.05, "num_leaves": 8, "min_data_in_leaf": 200, "lambda_l2": 30.0, "feature_fraction": 0.3},
    rounds=120,
    regularisation=0.001,
    trees_share=0.7,
    folds=3,
)
#: Weeks over which withdrawal in the next week is learned and foreseen.
NEXT_WEEKS = tuple(range(1, 13))
DRAWS = 300
_RANKED = {"roc_auc": figures.roc_auc, "average_precision": figures.average_precision}
_ALL = {
    **_RANKED,
    "brier": figures.brier,
    "calibration_error": figures.calibration_error,
    "calibration_error_by_chance": figures.calibration_error_by_chance,
}
SEVEN_DAYS = 7


@dataclass(frozen=True)
class Levels:
    """How earlier presentations ended at a week: log-odds of the outcome, of every module known and of them all (for a module never seen)."""

    usual: float
    modules: dict[str, float]

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Levels:
        """Learned from rows of one week. A module's own presentations weigh one each, all of them together :data:`LEVEL_PRIOR`."""
        [usual] = logit(np.array([rows["outcome"].mean()]))
        shares = rows.groupby(["module", "code"])["outcome"].mean()
        own = pd.Series(logit(shares.to_numpy()), index=shares.index).groupby("module").agg(["sum", "size"])
        return cls(float(usual), ((own["sum"] + LEVEL_PRIOR * usual) / (own["size"] + LEVEL_PRIOR)).to_dict())

    def steps(self, rows: pd.DataFrame, guessed: np.ndarray) -> pd.Series:
        """What to add to the log-odds, per presentation and day looked at, so that presentations stand to each other as their modules' levels do.

        ``rows``: all enrolled learners of the presentations foreseen, ``guessed``: their probabilities. The mean step over a day's learners is 0: whether
        a year as a whole goes better or worse shows in its learners' signs, not in other years.
        """
        steps, learners = {}, {}
        modules = rows["module"].to_numpy()
        for key, places in rows.groupby(["presentation", "cut"], sort=True).indices.items():
            level = np.array([self.modules.get(str(modules[places[0]]), self.usual)])
            steps[key] = step_to_mean(guessed[places], float(odds_to_probability(level)[0]))
            learners[key] = len(places)
        step, weight = pd.Series(steps, dtype=float), pd.Series(learners, dtype=float)
        if step.empty:
            return step
        days = step.index.get_level_values(1)
        mean = (step * weight).groupby(days).sum() / weight.groupby(days).sum()
        return step - mean.reindex(days).to_numpy()


@dataclass(frozen=True)
class WeekForecast:
    """What foresees the outcome at a week: the signs give the order and the spread inside a presentation and the mean of all of them, how earlier
    presentations of the modules ended what lies between them.

    Two populations: the enrolled, for whom the forecast is calibrated, and, as published, everybody with a click, with a calibration of its own on top
    (the step between presentations is one of the enrolled's log-odds, so it is made on their scale).
    """

    forecast: Forecast
    everybody: Beta
    levels: Levels

    def predict(self, rows: pd.DataFrame, names: list[str], *, enrolled_only: bool = True) -> np.ndarray:
        """Probabilities of Fail or Withdrawn, one per row; ``rows``: everybody of the presentations foreseen, see :meth:`Levels.steps`."""
        raw = self.forecast.raw(rows[names])
        enrolled = rows["is_enrolled"].to_numpy(dtype=bool)
        steps = self.levels.steps(rows[enrolled], self.forecast.calibration.predict(raw[enrolled]))
        own = steps.reindex(pd.MultiIndex.from_frame(rows[["presentation", "cut"]])).fillna(0.0).to_numpy() if len(steps) else 0.0
        moved = odds_to_probability(logit(self.forecast.calibration.predict(raw)) + own)
        return moved if enrolled_only else self.everybody.predict(moved)


def published(figure: Measured) -> str:
    """The published figure beside a model's one, as text; empty where there is none."""
    known = PUBLISHED.get((figure.sample, figure.metric)) if figure.forecaster == "model" else None
    return f"{known:.3f}" if known is not None else ""


def in_short(found: Sequence[Measured]) -> list[str]:
    """The figures that the protocol is about, one line a week in the order of the published table; ``found``: as :func:`evaluate` gives them."""
    known = {(one.sample, one.forecaster, one.metric): one for one in found}
    weeks = sorted({int(one.sample.split()[1].rstrip(",")) for one in found if one.sample.startswith("week ")})
    row = "{:<6}{:>20}{:>11}{:>9}{:>9}{:>22}{:>9}{:>9}{:>13}{:>13}"
    lines = [
        row.format("week", "ROC-AUC, all", "published", "untuned", "silence", "ROC-AUC, enrolled", "untuned", "silence", "Brier", "ECE")
    ]
    for week in weeks:
        cells: list[str] = [str(week)]
        pairs: dict[str, list[str]] = {"brier": [], "calibration_error": []}
        for population in ("all", "enrolled"):
            sample = f"week {week}, {population}"
            own = known[sample, "model", "roc_auc"]
            cells.append(f"{own.value:.3f} ({own.low:.3f}–{own.high:.3f})")
            cells += [published(own) or "–"] if population == "all" else []
            cells += [f"{known[sample, name, 'roc_auc'].value:.3f}" for name in ("untuned trees", "days since the last click")]
            for metric, values in pairs.items():
                values.append(f"{known[sample, 'model', metric].value:.3f}")
        lines.append(row.format(*cells, *("; ".join(values) for values in pairs.values())))
    soon = known.get(("next week, enrolled", "model", "average_precision"))
    if soon is not None:
        lines.append(
            f"next week, enrolled: average precision {soon.value:.3f} ({soon.low:.3f}–{soon.high:.3f}), published {published(soon)}"
        )
    return lines


def split_of(codes: Sequence[str], test: str | None = None) -> tuple[list[str], str]:
    """(presentations to train on, presentation to test on): the newest present, or ``test``, and all that began before it.

    Raises BadSource where nothing began earlier.
    """
    chosen = test or max(codes)
    if chosen not in codes:
        raise BadSource(f"no presentation {chosen} in the data: {', '.join(sorted(codes))}")
    # "2013B" begins in February, "2013J" in October: the codes sort as they begin.
    earlier = sorted(code for code in codes if code < chosen)
    if not earlier:
        raise BadSource(f"no presentation began before {chosen}: nothing to train on")
    return earlier, chosen


def train_week(rows: pd.DataFrame, week: int, names: list[str], recipe: Recipe = OUTCOME) -> WeekForecast:
    """Learn the outcome at a week from that week and its neighbours, of learners with a click and still enrolled."""
    near = rows[rows["cut"].between(day_of(week - NEIGHBOURS), day_of(week + NEIGHBOURS)) & rows["has_clicked"]]
    enrolled = near[near["is_enrolled"]]
    forecast = learn(
        enrolled[names], enrolled["outcome"].to_numpy(), enrolled["student"].to_numpy(), recipe, [SIGNS.get(name, 0) for name in names],
        evened(enrolled["outcome"].to_numpy(), enrolled["presentation"].to_numpy()),
    )  # fmt: skip
    # Those who had left are foreseen by folds too; each by the mean of all, having taught none.
    gone = near[~near["is_enrolled"]]
    everybody = pd.concat([part[["outcome", "presentation"]] for part in (enrolled, gone)])
    guessed = np.concatenate([forecast.unseen, forecast.raw(gone[names])]) if len(gone) else forecast.unseen
    outcome = everybody["outcome"].to_numpy()
    calibration = fit_calibration(
        forecast.calibration.predict(guessed), outcome, weights=evened(outcome, everybody["presentation"].to_numpy())
    )
    assert isinstance(calibration, Beta)
    return WeekForecast(forecast, calibration, Levels.of(enrolled[enrolled["cut"] == day_of(week)]))


def train_next_week(rows: pd.DataFrame, names: list[str], recipe: Recipe = NEXT_WEEK) -> Forecast:
    """Learn who unregisters within the next seven days, from every week of :data:`NEXT_WEEKS`, of learners still enrolled."""
    enrolled = rows[rows["has_clicked"] & rows["is_enrolled"]]
    return learn(
        enrolled[names],
        enrolled["leaves_next_week"].to_numpy(),
        enrolled["student"].to_numpy(),
        recipe,
        [SIGNS.get(name, 0) for name in names],
    )


def trivial(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Scores of forecasters that need no model."""
    silent = rows["silent_days"].to_numpy(dtype=float)
    return {
        "flag everybody": np.ones(len(rows)),
        "days since the last click": silent,
        "seven-day rule": (silent >= SEVEN_DAYS).astype(float),
    }


def evaluate(
    data: Path,
    *,
    test: str | None = None,
    weeks: Sequence[int] = WEEKS,
    draws: int = DRAWS,
    marking_days: int | None = None,
    next_week: bool = True,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Measured]:
    """Run the protocol on the presentations in ``data``; one figure per week, population, forecaster and metric.

    ``test``: the presentation foreseen (default: the newest there is); everything that began before it is trained on. Samples are called
    "week 4, all" (at least one click), "week 4, enrolled" and "next week, enrolled". Raises BadSource for missing tables or presentations.
    """
    neighbours = {week + step for week in weeks for step in range(-NEIGHBOURS, NEIGHBOURS + 1)}
    wanted = sorted(week for week in neighbours | set(NEXT_WEEKS if next_week else ()) if week > 0)
    rows = feature_table(data, wanted, marking_days=marking_days)
    names = feature_names(rows)
    earlier, chosen = split_of(sorted(rows["code"].unique()), test)
    tell(f"train on {', '.join(earlier)}; test on {chosen}; {len(names)} features; weeks {', '.join(map(str, weeks))}")
    train, later = rows[rows["code"].isin(earlier)], rows[(rows["code"] == chosen) & rows["has_clicked"]]
    found: list[Measured] = []
    with threadpool_limits(limits=1):
        for week in weeks:
            found += _judge_week(train_week(train, week, names), train, later[later["cut"] == day_of(week)], week, names, draws)
            tell(f"week {week} done")
        if next_week:
            enrolled = later[later["is_enrolled"] & later["cut"].isin([day_of(week) for week in NEXT_WEEKS])]
            forecast = train_next_week(train[train["cut"].isin([day_of(week) for week in NEXT_WEEKS])], names)
            scores = {"model": forecast.predict(enrolled[names]), **trivial(enrolled)}
            found += _measured(
                "next week, enrolled", scores, enrolled["leaves_next_week"].to_numpy(), draws, enrolled["student"].to_numpy()
            )
    return found


def untuned(train: pd.DataFrame, rows: pd.DataFrame, week: int, names: list[str]) -> np.ndarray:
    """Scores of scikit-learn's boosted trees as they come, on the same features of the same week: what our own settings are worth."""
    taught = train[(train["cut"] == day_of(week)) & train["has_clicked"]]
    told = [name for name in names if taught[name].nunique() > 1]
    return HistGradientBoostingClassifier(random_state=SEED).fit(taught[told], taught["outcome"]).predict_proba(rows[told])[:, 1]


def _judge_week(model: WeekForecast, train: pd.DataFrame, rows: pd.DataFrame, week: int, names: list[str], draws: int) -> list[Measured]:
    found = []
    plain = untuned(train, rows, week, names)
    for population, keep in (("all", np.ones(len(rows), dtype=bool)), ("enrolled", rows["is_enrolled"].to_numpy(dtype=bool))):
        part = rows[keep]
        guessed = model.predict(part, names, enrolled_only=population == "enrolled")
        scores = {"model": guessed, "untuned trees": plain[keep], **trivial(part)}
        found += _measured(f"week {week}, {population}", scores, part["outcome"].to_numpy(), draws)
    return found


def _measured(
    sample: str, scores: dict[str, np.ndarray], outcome: np.ndarray, draws: int, people: np.ndarray | None = None
) -> list[Measured]:
    found = []
    for forecaster, guessed in scores.items():
        # A probability is judged as one; days of silence are only an order.
        metrics = _ALL if forecaster == "model" else _RANKED
        found += figures.measure(sample, forecaster, outcome, guessed, metrics, draws=draws, people=people)
    return found
