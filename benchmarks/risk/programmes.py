"""How the forecasts do on simulated programmes nobody built for: ``python -m benchmarks.risk.programmes --seeds 501,502,503``.

For each seed: simulate a programme of the demonstration's size, run the day's job on it, then score every ended stream week by week as on its
day (:mod:`pipelines.risk.backtest`). Drop-out is judged by the facts of ended streams, formal completion by the simulator's personas, which no rule of
the project reads. Figures of the seeds are pooled over learners: one learner of one stream is one draw of the bootstrap.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from rich.console import Console

from pipelines.progress import telling
from pipelines.risk import backtest, evaluation_page
from pipelines.settings import read_settings
from pipelines.simulation import plan_of, simulate
from pipelines.steps import Run, carry_out, daily

KEY = "evaluation-on-invented-people"


def configure(home: Path) -> None:
    """Point this process at the installation of one simulated programme."""
    for name in [name for name in os.environ if name.startswith("MAYAK_")]:
        del os.environ[name]
    os.environ |= {
        "MAYAK_PROGRAMME": str(home / "exports" / "programme.toml"),
        "MAYAK_HOME": str(home),
        "MAYAK_PSEUDONYM_KEY": KEY,
        "MAYAK_SOURCES__LMS__URL": f"sqlite:///{home / 'exports' / 'lms' / 'moodle.sqlite'}",
    }


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
    with telling(console, len(steps)) as run.teller:
        carry_out(run, steps)
    done.write_text(f"{seed}\n", encoding="utf-8")


def main() -> None:
    """Build, look back, print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="501,502,503")
    parser.add_argument("--home", type=Path, default=Path("var/programmes"))
    parser.add_argument("--build-only", action="store_true", help="simulate and run the day's job, no look back")
    given = parser.parse_args()
    console = Console(stderr=True)
    for seed in [int(one) for one in given.seeds.split(",")]:
        build((given.home / str(seed)).resolve(), seed, console)


if __name__ == "__main__":
    main()
