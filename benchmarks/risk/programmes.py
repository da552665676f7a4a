"""How the forecasts do on simulated programmes nobody built for: ``python -m benchmarks.risk.programmes --seeds 501,502,503``.

For each seed: simulate a programme of the demonstration's size, run the day's job on it, then score every stream week by week as on its day
(:mod:`pipelines.risk.backtest`). The simulator's own truth judges, which no rule of the project reads: who leaves and when, streams that still run
included, and whose completion is formal. Learners of all seeds are judged together, one learner of one stream being one draw of the bootstrap; beside it the
ROC-AUC of every seed alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from pipelines.progress import show_progress
from pipelines.risk import backtest, evaluation_page
from pipelines.risk.figures import Measured
from pipelines.settings import read_settings
from pipelines.simulation import environment_of, plan_of, simulate
from pipelines.steps import Run, carry_out, daily

KEY = "evaluation-on-invented-people"


def configure(home: Path) -> None:
    """Point this process at the installation of one simulated programme."""
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        del os.environ[name]
    os.environ |= environment_of(home / "exports", home, KEY)


def build(home: Path, seed: int, console: Console) -> None:
    """Simulate and run the day's job, unless the warehouse is there already."""
    plan = replace(plan_of("demo"), seed=seed)
    simulate(home / "exports", plan)
    configure(home)
    done = home / "done"
    if done.exists():
        return
    run = Run(read_settings(), plan.as_of, datetime.now(UTC))
    steps = daily(run.programme)
    with show_progress(console, len(steps)) as run.progress:
        carry_out(run, steps)
    done.write_text(f"{seed}\n", encoding="utf-8")


def look_back(home: Path, seed: int, until: date, console: Console) -> backtest.Backtest:
    """The backtest of one seed, judged by its truth; its evaluation page is written beside the warehouse."""
    configure(home)
    settings = read_settings()
    tested = backtest.run(
        settings.warehouse_path, until=until, truth=home / "exports" / "truth" / "people.json", pseudonyms=settings.pseudonyms,
        tell=lambda line: console.print(f"{seed}: {line}", highlight=False),
    )  # fmt: skip
    for language in ("ru", "en"):
        (home / f"evaluation_{language}.html").write_text(evaluation_page.render(tested, language), encoding="utf-8")
    return tested


def pooled(tests: dict[int, backtest.Backtest]) -> pd.DataFrame:
    """Rows of all seeds; people and streams are told apart by the seed."""
    parts = []
    for seed, tested in tests.items():
        rows = tested.rows
        parts.append(rows.assign(stream_id=f"{seed}:" + rows["stream_id"], person_id=f"{seed}:" + rows["person_id"], seed=seed))
    return pd.concat(parts, ignore_index=True)


def _line(one: Measured) -> str:
    return f"{one.sample:26} {one.forecaster:26} {one.metric:20} {one.value:.3f} ({one.low:.3f}–{one.high:.3f})  {one.n:,} learners\n"


def main() -> None:
    """Build, look back, print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="501,502,503")
    parser.add_argument("--home", type=Path, default=Path("var/programmes"))
    parser.add_argument("--until", type=date.fromisoformat, default=date(2026, 11, 15), help="last day scored")
    parser.add_argument("--build-only", action="store_true", help="simulate and run the day's job, no look back")
    given = parser.parse_args()
    console = Console(stderr=True)
    tests: dict[int, backtest.Backtest] = {}
    for seed in [int(one) for one in given.seeds.split(",")]:
        home = (given.home / str(seed)).resolve()
        build(home, seed, console)
        if not given.build_only:
            tests[seed] = look_back(home, seed, given.until, console)
    if not tests:
        return
    rows = pooled(tests)
    for one in backtest.judge(rows):
        sys.stdout.write(_line(one))
    for seed, tested in tests.items():
        for one in tested.figures:
            alone = one.sample.startswith("week") and one.forecaster == "dropout" and one.metric == "roc_auc" and " by " not in one.sample
            if one.sample.startswith("new course") or alone:
                sys.stdout.write(f"seed {seed}: {_line(one)}")
        sys.stdout.write(
            f"seed {seed}: first reason still told the day after {tested.stability_next_day:.3f}, a week after {tested.stability:.3f}\n"
        )
    contacts = pd.concat([tested.contacts for tested in tests.values()])
    for (level, is_contacted), part in contacts.groupby(["level", "is_contacted"]):
        acted, left = ((part[name] * part["n"]).sum() / part["n"].sum() for name in ("acted", "left"))
        sys.stdout.write(
            f"still there, {level:7} {'written to' if is_contacted else 'not written to':15} within a week: {part['n'].sum():5d} learner-weeks, "
            f"acted in it {acted:.3f}, left by the end {left:.3f}\n"
        )
    counted = rows.groupby(["seed", "dropout_basis"]).size().rename("count").reset_index()
    for seed, basis, count in counted.itertuples(index=False):
        sys.stdout.write(f"seed {seed}: {count:,} learner-weeks by {basis}\n")


if __name__ == "__main__":
    main()
