"""What a model may look at: columns of ``indicators.ind_learner_days`` made comparable between courses.

Counts become shares or are set against the stream's median of the same day, so that a course with many tasks and one with few, a busy
group and a quiet one, a stream in July and one in November speak the same language; a group that is idle as a whole raises nobody's risk.
Everything in a row comes from that person's and that stream's rows of the same day: nothing later can leak in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from pipelines.warehouse import Warehouse


@dataclass(frozen=True)
class Feature:
    """One input of a model.

    sql: expression over ``d`` (the learner's day) and ``m`` (medians of the stream on that day).
    column: the indicator shown to people when this feature is a reason. code: which sentence says it; None: never a reason.
    sign: 1 where more of it can only raise the risk, -1 where it can only lower it, 0 where either may be.
    """

    name: str
    sql: str
    column: str
    code: str | None
    sign: int


FEATURES: tuple[Feature, ...] = (
    Feature("progress", "d.course_day / nullif(d.course_days, 0)::double", "course_day", None, 0),
    Feature("has_started", "d.has_started::integer", "has_started", "never_started", -1),
    Feature("silence", "ln(1 + d.silent_days)", "silent_days", "silent_days", 1),
    Feature("active_days_7", "d.active_days_7", "active_days_7", "silent_days", -1),
    Feature("active_days_14", "d.active_days_14", "active_days_14", "silent_days", -1),
    Feature("change", "ln((d.events_7 + 1.0) / (d.events_previous_7 + 1.0))", "events_7", "slower_than_before", -1),
    Feature("pace", "ln((d.events_7 + 1.0) / (m.events_7 + 1.0))", "events_7", "slower_than_before", -1),
    Feature("materials", "ln((d.materials_opened + 1.0) / (m.materials_opened + 1.0))", "materials_opened", "unread_materials", -1),
    Feature("missed_share", "d.tasks_missed / nullif(d.tasks_due, 0)::double", "tasks_missed", "missed_tasks", 1),
    Feature("missed_in_row", "d.tasks_missed_in_row", "tasks_missed_in_row", "missed_tasks", 1),
    Feature("handed_in", "(d.tasks_submitted + 1.0) / (m.tasks_submitted + 1.0)", "tasks_submitted", "missed_tasks", -1),
    Feature("late_share", "d.tasks_late / nullif(d.tasks_submitted, 0)::double", "tasks_late", "missed_tasks", 1),
    Feature("grade", "d.mean_grade_share", "mean_grade_share", "low_grades", -1),
    Feature("failed", "d.tasks_failed", "tasks_failed", "low_grades", 1),
    Feature("webinars", "d.webinars_attended / nullif(d.webinars_held, 0)::double", "webinars_attended", "no_webinars", -1),
    Feature("messages", "ln(1 + d.messages_14)", "messages_14", "silent_days", -1),
    Feature("waiting", "ln(1 + coalesce(d.oldest_open_hours, 0))", "oldest_open_hours", "open_question", 1),
    Feature("technical", "d.technical_questions_14", "technical_questions_14", "technical_trouble", 1),
    Feature("unacknowledged", "d.notices_unacknowledged_in_row", "notices_unacknowledged_in_row", "unanswered_notice", 1),
)

#: What a formal completion leaves behind while the course still runs, on top of pace and progress.
FORMAL_FEATURES: tuple[Feature, ...] = (
    Feature("progress", "d.course_day / nullif(d.course_days, 0)::double", "course_day", None, 0),
    Feature("copied", "d.copied_share", "copied_share", "copied_work", 1),
    Feature("copied_tasks", "d.copied_tasks", "copied_tasks", "copied_work", 1),
    Feature("idle_webinars", "d.idle_webinars / nullif(d.webinars_attended, 0)::double", "idle_webinars", "idle_webinars", 1),
    Feature("webinars", "d.webinars_attended / nullif(d.webinars_held, 0)::double", "webinars_attended", "no_webinars", -1),
    Feature("materials", "d.materials_opened / nullif(d.materials_total, 0)::double", "materials_opened", "unread_materials", -1),
    Feature("bursts", "d.burst_answers / nullif(d.quiz_attempts, 0)::double", "burst_answers", "burst_answers", 1),
    Feature("active_days_14", "d.active_days_14", "active_days_14", "silent_days", -1),
    Feature("handed_in", "(d.tasks_submitted + 1.0) / (m.tasks_submitted + 1.0)", "tasks_submitted", None, 0),
)

_MEDIANS = ("events_7", "materials_opened", "tasks_submitted")
_KEYS = ("day", "person_id", "stream_id")


def features_of(target: str) -> tuple[Feature, ...]:
    """The features for "dropout", "dropout_7" or "formal_completion"."""
    return {"dropout": FEATURES, "dropout_7": FEATURES, "formal_completion": FORMAL_FEATURES}[target]


def feature_frame(
    warehouse: Warehouse, target: str, *, streams: Sequence[str], days: Sequence[date] | None = None, snapshot_days: int | None = None
) -> pd.DataFrame:
    """One row per learner, stream and day: ``day, person_id, stream_id, course_day`` and one float column per feature. What is unknown of a learner is the
    median of the stream on that day; NaN where nothing is known of anybody there.

    Parameters
    ----------
    streams: which streams. days: which days; None: all days inside the stream's dates.
    snapshot_days: with None for ``days``, only every so many course days (7: weekly), so that neighbours do not repeat each other.

    Learners whose enrolment had ended by that day are left out.
    """
    features = features_of(target)
    expressions = ", ".join(f"({feature.sql})::double as {feature.name}" for feature in features)
    medians = ", ".join(f"median({column}) as {column}" for column in _MEDIANS)
    conditions = ["d.is_current", "d.stream_id in (select unnest($streams))", "d.course_day between 1 and d.course_days"]
    parameters: dict[str, object] = {"streams": list(streams)}
    if days is not None:
        conditions.append("d.day in (select unnest($days))")
        parameters["days"] = list(days)
    elif snapshot_days:
        conditions.append("d.course_day % $every = 0")
        parameters["every"] = snapshot_days
    frame = warehouse.frame(
        f"""
        with days as (select * from indicators.ind_learner_days as d where {" and ".join(conditions)}),
        medians as (select stream_id, day, {medians} from days where has_started group by stream_id, day)
        select d.day, d.person_id, d.stream_id, d.course_day, {expressions}
        from days as d left join medians as m on d.stream_id = m.stream_id and d.day = m.day
        order by d.day, d.person_id, d.stream_id
        """,
        parameters,
    )
    # What is not known of somebody says nothing about them: they are taken to be like their stream on that day, neither safer nor more at
    # risk. (A learner whose webinar name nobody could link is no absentee.)
    names = [feature.name for feature in features]
    frame[names] = frame[names].fillna(frame.groupby(["stream_id", "day"])[names].transform("median"))
    return frame


def matrix(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Only the features, as floats, in their fixed order."""
    return frame[[feature.name for feature in features_of(target)]].astype(float)


def shown_values(warehouse: Warehouse, target: str, day: date, streams: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Indicators as people know them, for reasons: (one row per learner and stream, medians per stream), columns = indicator names."""
    columns = sorted({feature.column for feature in features_of(target)})
    values = warehouse.frame(
        f"select person_id, stream_id, {', '.join(f'{column}::double as {column}' for column in columns)} "
        "from indicators.ind_learner_days where is_current and day = $day and stream_id in (select unnest($streams)) order by person_id, stream_id",
        {"day": day, "streams": list(streams)},
    ).set_index(["person_id", "stream_id"])
    return values, values.groupby(level="stream_id").median()
