"""What a setting of the OULAD protocol is worth where every module presentation is foreseen by all others: ``python -m benchmarks.risk.left_out``.

One presentation of one module is left out in turn (2014 is not looked at). That imitates a later presentation better than learning from one code to
foresee the other: nine tenths of the learners teach, and most modules have been seen. Judged by the order inside presentations, which the levels between
them (:class:`pipelines.risk.oulad.Levels`) do not touch; intervals by paired bootstrap over learners.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.risk import figures, oulad
from pipelines.risk.forecast import Recipe
from pipelines.risk.oulad_features import day_of, feature_names, feature_table

#: Settings set against ``oulad.OUTCOME``.
RIVALS = {
    "half the rounds": replace(oulad.OUTCOME, rounds=oulad.OUTCOME.rounds // 2),
    "twice the rounds": replace(oulad.OUTCOME, rounds=2 * oulad.OUTCOME.rounds),
    "a tenth of C": replace(oulad.OUTCOME, regularisation=oulad.OUTCOME.regularisation / 10),
    "three times C": replace(oulad.OUTCOME, regularisation=oulad.OUTCOME.regularisation * 3),
    "half for the trees": replace(oulad.OUTCOME, trees_share=0.5),
    "as until decision 0057": replace(oulad.OUTCOME, rounds=80, regularisation=0.003, trees_share=0.5),
}
#: How the presentations that were chosen on are set against each other: each left out in turn, or one code foreseen by the other.
WAYS = ("left out in turn", "2013B → 2013J", "2013J → 2013B")
DRAWS = 200


def divided(rows: pd.DataFrame, way: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows that teach, rows that are foreseen), masks."""
    if way == WAYS[0]:
        for presentation in sorted(rows["presentation"].unique()):
            foreseen = (rows["presentation"] == presentation).to_numpy()
            yield ~foreseen, foreseen
    else:
        learned, tested = way.split(" → ")
        yield (rows["code"] == learned).to_numpy(), (rows["code"] == tested).to_numpy()


def foreseen(rows: pd.DataFrame, names: list[str], recipe: Recipe, way: str) -> pd.DataFrame:
    """One row per learner with a click, presentation and week of ``oulad.WEEKS``: whose, where, the outcome and what is said of it.

    Raw: neither the calibration nor the step between presentations changes the order inside one.
    """
    parts = []
    for teach, ask in divided(rows, way):
        earlier, later = rows[teach], rows[ask & rows["has_clicked"].to_numpy()]
        for week in oulad.WEEKS:
            part = later[later["cut"] == day_of(week)]
            guessed = oulad.train_week(earlier, week, names, recipe).forecast.raw(part[names])
            parts.append(part[["student", "presentation", "outcome", "is_enrolled"]].assign(week=week, guessed=guessed))
    return pd.concat(parts, ignore_index=True)


def inside(outcome: np.ndarray, guessed: np.ndarray, courses: np.ndarray) -> float:
    """ROC-AUC of pairs of the same course: courses weigh as many pairs as they have. NaN where no course has both outcomes."""
    ranked, pairs = 0.0, 0
    for course in np.unique(courses):
        here = courses == course
        count = int(outcome[here].sum()) * int((1 - outcome[here]).sum())
        if count:
            ranked, pairs = ranked + count * figures.roc_auc(outcome[here], guessed[here]), pairs + count
    return ranked / pairs if pairs else float("nan")


def paired(usual: pd.DataFrame, rival: pd.DataFrame, *, draws: int = DRAWS) -> tuple[float, float, float]:
    """By how much ``rival`` orders better inside presentations, mean over weeks: (value, low, high), 95 % by bootstrap over learners, whose rows stay together.

    Both as :func:`foreseen` makes them, row by row of the same.
    """
    rng = np.random.default_rng(figures.SEED)
    people, place = np.unique(usual["student"], return_inverse=True)
    weeks = [(rows, place[rows]) for rows in usual.groupby("week").indices.values()]
    outcome, courses = usual["outcome"].to_numpy(), usual["presentation"].to_numpy()
    both = usual["guessed"].to_numpy(), rival["guessed"].to_numpy()

    def difference(times: np.ndarray) -> float:
        found = []
        for rows, whose in weeks:
            drawn = np.repeat(rows, times[whose])
            before, after = (inside(outcome[drawn], guessed[drawn], courses[drawn]) for guessed in both)
            found.append(after - before)
        return float(np.mean(found))

    again = [difference(np.bincount(rng.integers(0, len(people), len(people)), minlength=len(people))) for _ in range(draws)]
    low, high = np.quantile(again, [0.025, 0.975])
    return difference(np.ones(len(people), dtype=int)), float(low), float(high)


def main() -> None:
    """Print one line per way and rival."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/oulad"))
    parser.add_argument("--rivals", default=",".join(RIVALS), help="names, comma between")
    given = parser.parse_args()
    weeks = sorted({week + step for week in oulad.WEEKS for step in range(-oulad.NEIGHBOURS, oulad.NEIGHBOURS + 1)})
    rows = feature_table(given.data, weeks)
    names = feature_names(rows)
    rows = rows[rows["code"].isin(sorted(rows["code"].unique())[:2])].reset_index(drop=True)
    with threadpool_limits(limits=1):
        for way in WAYS:
            usual = foreseen(rows, names, oulad.OUTCOME, way)
            for name in given.rivals.split(","):
                rival = foreseen(rows, names, RIVALS[name], way)
                for population, keep in (("all", slice(None)), ("enrolled", usual["is_enrolled"].to_numpy(dtype=bool))):
                    value, low, high = paired(usual[keep].reset_index(drop=True), rival[keep].reset_index(drop=True))
                    sys.stdout.write(f"{way:18} {name:24} {population:9} {value:+.4f} ({low:+.4f} to {high:+.4f})\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
