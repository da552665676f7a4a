"""The one home of every threshold: ``dbt_like/seeds/thresholds.csv`` (name, value, unit, reason).

SQL reads it as the seed ``thresholds`` (macro ``threshold('name')``), Python through :func:`threshold`.
"""

from __future__ import annotations

import csv
from functools import cache

from pipelines.errors import BadConfiguration
from pipelines.settings import DBT_FOLDER

THRESHOLDS_FILE = DBT_FOLDER / "seeds" / "thresholds.csv"


@cache
def _read() -> dict[str, float]:
    with THRESHOLDS_FILE.open(encoding="utf-8", newline="") as lines:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(lines)}


def threshold(name: str) -> float:
    """Value of a named threshold. Raises BadConfiguration for a name that the file does not have."""
    values = _read()
    if name not in values:
        raise BadConfiguration(f"{THRESHOLDS_FILE.name}: no threshold named {name!r}")
    return values[name]
