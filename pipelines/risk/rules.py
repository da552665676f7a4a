"""Transparent rules that stand in where history is too short to train on. Each rule is a sentence a curator would say.

Points add up and are turned into a score by 1 - exp(-points): one strong sign is a medium risk, two are a high one. The points are
thresholds like any other (``dbt_like/seeds/thresholds.csv``, ``rule_…``). A rule whose indicator is unknown gives nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.thresholds import threshold


@dataclass(frozen=True)
class Rule:
    """``points`` for every unit of ``column`` above ``threshold(limit)``, up to ``cap`` units; names refer to thresholds.csv."""

    code: str
    column: str
    limit: str
    points: str
    cap: str
    #: -1: units below the limit count instead.
    sign: int = 1


RULES: dict[str, tuple[Rule, ...]] = {
    "dropout": (
        Rule("never_started", "has_started", "rule_never_started_limit", "rule_never_started_points", "rule_one_unit", sign=-1),
        Rule("silent_days", "silent_days", "rule_silent_days_limit", "rule_silent_days_points", "rule_silent_days_cap"),
        Rule("missed_tasks", "tasks_missed_in_row", "rule_missed_limit", "rule_missed_points", "rule_missed_cap"),
        Rule("no_webinars", "webinar_share", "rule_webinars_limit", "rule_webinars_points", "rule_one_unit", sign=-1),
        Rule("unanswered_notice", "notices_unacknowledged_in_row", "rule_notices_limit", "rule_notices_points", "rule_notices_cap"),
        Rule("open_question", "oldest_open_hours", "rule_waiting_limit", "rule_waiting_points", "rule_waiting_cap"),
        Rule("low_grades", "tasks_failed", "rule_failed_limit", "rule_failed_points", "rule_failed_cap"),
    ),
    "formal_completion": (
        Rule("copied_work", "copied_share", "rule_copied_limit", "rule_copied_points", "rule_one_unit"),
        Rule("idle_webinars", "idle_webinars", "rule_idle_limit", "rule_idle_points", "rule_idle_cap"),
        Rule("burst_answers", "burst_answers", "rule_bursts_limit", "rule_bursts_points", "rule_bursts_cap"),
        Rule("unread_materials", "materials_share", "rule_materials_limit", "rule_materials_points", "rule_one_unit", sign=-1),
    ),
}


def points(values: pd.DataFrame, target: str) -> pd.DataFrame:
    """Points per learner (rows of ``values``) and rule (columns: rule codes). Indicators missing from ``values`` give none."""
    result = pd.DataFrame(0.0, index=values.index, columns=[rule.code for rule in RULES[target]])
    for rule in RULES[target]:
        if rule.column in values:
            units = rule.sign * (values[rule.column].astype(float) - threshold(rule.limit))
            result[rule.code] = units.clip(0, threshold(rule.cap)).fillna(0.0) * threshold(rule.points)
    return result


def score(earned: pd.DataFrame) -> np.ndarray:
    """Points to a score in [0, 1)."""
    return 1.0 - np.exp(-earned.sum(axis=1).to_numpy(dtype=float))
