"""A programme with known truth, written as export files in the real formats.

>>> from pathlib import Path
>>> simulate(Path("exports"), PRESETS["small"])  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path

from pipelines.simulation.plan import PRESETS, Plan, Summary, large, plan_of
from pipelines.simulation.world import simulate

__all__ = ["PRESETS", "Plan", "Summary", "environment_of", "large", "plan_of", "simulate"]


def environment_of(exports: Path, home: Path, key: str) -> dict[str, str]:
    """The settings of an installation under ``home`` that reads simulated ``exports``, as environment variables. ``key``: of the pseudonyms."""
    return {
        "MAYAK_PROGRAMME": str(exports / "programme.toml"),
        "MAYAK_HOME": str(home),
        "MAYAK_PSEUDONYM_KEY": key,
        "MAYAK_SOURCES__LMS__URL": f"sqlite:///{exports / 'lms' / 'moodle.sqlite'}",
    }
