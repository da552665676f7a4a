"""What OULAD costs in one go: features, training and scoring for weeks 2 to 12: ``python -m benchmarks.risk --data ../shared/data/oulad``.

Beside it pandas computes 23 of the features, those of clicks, for the same learners and weeks (``--peer``); the values are compared. The SQL side
computes all of its features, so the ratio flatters pandas.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.risk import oulad
from pipelines.risk.oulad_features import day_of, feature_names, feature_table, path_of

WEEKS = range(2, 13)
_KINDS = {
    "homepage": "home", "oucontent": "content", "forumng": "talk", "oucollaborate": "talk", "ouelluminate": "talk", "ouwiki": "talk",
    "quiz": "quiz", "externalquiz": "quiz", "questionnaire": "quiz", "subpage": "pages",
}  # fmt: skip


def whole(data: Path) -> None:
    """Features, training on all but the newest presentation, scores of every enrolled learner of it; prints seconds, processor time and memory."""
    start = time.perf_counter()
    rows = feature_table(data, range(1, 14))
    names = feature_names(rows)
    made = time.perf_counter() - start
    earlier, newest = oulad.split_of(sorted(rows["code"].unique()))
    train, later = rows[rows["code"].isin(earlier)], rows[(rows["code"] == newest) & rows["is_enrolled"] & rows["has_clicked"]]
    scored = 0
    with threadpool_limits(limits=1):
        # One model serves two weeks: it has learned from both and from the week before.
        for week in WEEKS[::2]:
            model = oulad.train_week(train, week, names)
            part = later[later["cut"].isin([day_of(week), day_of(week + 1)]) & (later["cut"] <= day_of(WEEKS[-1]))]
            scored += len(model.predict(part, names))
    total = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{len(rows):,} learner-weeks, {len(names)} features: {made:.1f} s; with training and {scored:,} scores {total:.1f} s "
        f"({time.process_time():.1f} s of processor time); {memory:,.0f} MB\n"
    )


def _table(data: Path, name: str) -> pd.DataFrame:
    path = path_of(data, name)
    assert path is not None
    return pd.read_parquet(path) if path.suffix == ".parquet" or path.is_dir() else pd.read_csv(path, na_values=["?"])


def peer(data: Path, weeks: range) -> pd.DataFrame:
    """The same features of clicks by pandas: one row per learner with a click by the day."""
    clicks = _table(data, "studentVle")
    clicks["code_module"], clicks["code_presentation"] = clicks["code_module"].astype(str), clicks["code_presentation"].astype(str)
    kinds = _table(data, "vle").set_index("id_site")["activity_type"].map(_KINDS).fillna("materials")
    key = ["code_module", "code_presentation", "id_student"]
    clicks["kind"] = clicks["id_site"].map(kinds)
    days = clicks.groupby([*key, "date"])["sum_click"].sum().rename("clicks").reset_index()
    by_kind = clicks.groupby([*key, "date", "kind"])["sum_click"].sum().unstack(fill_value=0).reset_index()
    days = days.merge(by_kind, on=[*key, "date"])
    first = clicks.groupby([*key, "id_site"])["date"].min().reset_index()
    parts = []
    for week in weeks:
        cut = day_of(week)
        seen = days[days["date"] <= cut]
        groups = seen.groupby(key)
        part = pd.DataFrame(
            {
                "clicks": groups["clicks"].sum(), "active_days": groups.size(), "silent_days": cut - groups["date"].max(), "first_day": groups["date"].min(),
                "sites": first[first["date"] <= cut].groupby(key).size(),
                **{kind: groups[kind].sum() for kind in ("home", "content", "talk", "quiz", "pages", "materials")},
            }
        )  # fmt: skip
        windows = {"7": (cut - 7, cut), "previous_7": (cut - 14, cut - 7), "previous_14": (cut - 28, cut - 14), "before": (-1000, -1)}
        for name, (low, high) in windows.items():
            within = seen[(seen["date"] > low) & (seen["date"] <= high)].groupby(key)
            part[f"clicks_{name}"], part[f"active_{name}"] = within["clicks"].sum(), within.size()
        within = seen[seen["date"] > cut - 14].groupby(key)
        for kind in ("content", "talk", "quiz", "pages"):
            part[f"{kind}_14"] = within[kind].sum()
        parts.append(part.fillna(0).assign(cut=cut).reset_index())
    return pd.concat(parts)


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/oulad"))
    parser.add_argument("--peer", action="store_true", help="pandas instead, and the comparison of its values")
    given = parser.parse_args()
    if not given.peer:
        whole(given.data)
        return
    start = time.perf_counter()
    theirs = peer(given.data, WEEKS)
    seconds, memory = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    keys = ["module", "code", "student", "cut"]
    theirs = theirs.rename(columns={"code_module": "module", "code_presentation": "code", "id_student": "student"})
    both = feature_table(given.data, WEEKS).merge(theirs.astype({"student": int}), on=keys, suffixes=("", "_peer"))
    names = [name for name in theirs.columns if name not in keys]
    equal = np.mean([np.isclose(both[name], both[f"{name}_peer"]).mean() for name in names])
    sys.stdout.write(
        f"pandas, {len(names)} features of clicks, {len(theirs):,} rows: {seconds:.1f} s, {memory:,.0f} MB; equal values {equal:.6f}\n"
    )


if __name__ == "__main__":
    main()
