"""A programme with known truth, written as export files in the real formats.

>>> from pathlib import Path
>>> simulate(Path("exports"), PRESETS["small"])  # doctest: +SKIP
"""

from __future__ import annotations

from pipelines.simulation.plan import PRESETS, Plan, Summary, large, plan_of
from pipelines.simulation.world import simulate

__all__ = ["PRESETS", "Plan", "Summary", "large", "plan_of", "simulate"]
