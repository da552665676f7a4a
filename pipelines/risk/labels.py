"""What is foreseen, as SQL over facts. A changed definition raises :data:`LABELS_VERSION`; ``docs/indicators/risk_labels.md`` says it in words.

``dropout``: never started, or left (not completed and last seen ``left_before_end_days`` or more before the end) against completed.
``dropout_7``: of the same learners, whether they will have left for good by seven days after the row's day.
``formal_completion``: of those who completed, whether the signs that came **after** the row's day are those of a formal completion: what the
features of the day may have seen is no part of the label, so nothing is foreseen that is already there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

LABELS_VERSION = 3
SOON_DAYS = 7

_ENDS = """
select e.person_id, e.stream_id, (e.outcome <> 'completed')::integer as outcome, e.outcome as ended_as, e.dropped_on
from facts.fct_enrolments as e inner join facts.dim_streams as s on e.stream_id = s.stream_id
where e.stream_id in (select unnest($streams))
-- Present to the end and yet without a certificate: neither left nor completed, so no example of either.
and (e.outcome in ('completed', 'never_started') or e.dropped_on <= s.ends_on - $margin)
and {known}
order by 1, 2
"""

#: Who completes on the day of training or later is an example of nothing on it: nobody could tell. The day itself is left out, since where it ends
#: depends on the time zone and a completion has the next run to be learned from.
_KNOWN = "(e.outcome <> 'completed' or e.completed_at is null or e.completed_at < $known_by::date)"

#: Cumulative indicators of the day and of the learner's last day: their difference is what came after.
_AFTER = """
with last_days as (
    select *, row_number() over (partition by person_id, stream_id order by day desc) as place
    from indicators.ind_learner_days where stream_id in (select unnest($streams))
),
parts as (
    select
        d.day, d.person_id, d.stream_id,
        (l.copied_tasks - d.copied_tasks) / nullif(l.tasks_submitted - d.tasks_submitted, 0)::double as copied,
        (l.idle_webinars - d.idle_webinars) / nullif(l.webinars_attended - d.webinars_attended, 0)::double as idle,
        case when l.tasks_submitted > d.tasks_submitted
            then (l.materials_opened - d.materials_opened) / nullif(d.materials_total * (1 - d.course_day / d.course_days::double), 0)
        end as opened,
        (l.burst_answers - coalesce(d.burst_answers, 0)) / nullif(l.quiz_attempts - d.quiz_attempts, 0)::double as bursts
    from indicators.ind_learner_days as d
    inner join last_days as l on d.person_id = l.person_id and d.stream_id = l.stream_id and l.place = 1
    inner join facts.fct_enrolments as e on d.person_id = e.person_id and d.stream_id = e.stream_id and e.outcome = 'completed'
    where d.course_day <= d.course_days and {known}
),
signs as (
    select
        day, person_id, stream_id,
        copied >= $copied as has_copied, idle >= $idle as has_idled, opened <= $unread as has_not_read, bursts >= $bursts as has_burst
    from parts
),
counted as (
    select
        day, person_id, stream_id,
        coalesce(has_copied, false)::integer + coalesce(has_idled, false)::integer
        + coalesce(has_not_read, false)::integer + coalesce(has_burst, false)::integer as evidences,
        (has_copied is not null)::integer + (has_idled is not null)::integer
        + (has_not_read is not null)::integer + (has_burst is not null)::integer as known
    from signs
)
-- One sign has innocent reasons; of rows after which fewer than two signs could show, nothing is learned.
select day, person_id, stream_id, (evidences >= $evidences)::integer as outcome
from counted where known >= $evidences order by 1, 2, 3
"""

_WHOLE = """
select f.person_id, f.stream_id, f.is_formal::integer as outcome
from indicators.ind_formal_completions as f
inner join facts.fct_enrolments as e on f.person_id = e.person_id and f.stream_id = e.stream_id
where e.outcome = 'completed' and f.is_formal is not null and f.stream_id in (select unnest($streams)) and {known} order by 1, 2
"""


def label(
    warehouse: Warehouse, frame: pd.DataFrame, target: str, streams: Sequence[str], *, known_by: date | None = None, whole_course: bool = False
) -> pd.DataFrame:
    """``frame`` (``day, person_id, stream_id`` and features) with ``outcome``; rows without a known outcome are gone.

    ``known_by``: the day of training; completions dated on it or later are not known. None: all that the warehouse knows, for judging.
    ``whole_course``: formal completion by the signs of the whole course, those before the day included: for the ablation and for judging.
    """
    parameters: dict[str, object] = {"streams": list(streams)} | ({"known_by": known_by} if known_by else {})
    known = _KNOWN if known_by else "true"
    if target == "formal_completion":
        if whole_course:
            return frame.merge(warehouse.frame(_WHOLE.format(known=known), parameters), on=["person_id", "stream_id"], how="inner")
        parameters |= {
            "copied": threshold("formal_copied_share"), "idle": threshold("formal_idle_share"), "unread": threshold("formal_unread_share"),
            "bursts": threshold("formal_burst_share"), "evidences": int(threshold("formal_evidences")),
        }  # fmt: skip
        after = warehouse.frame(_AFTER.format(known=known), parameters)
        return frame.merge(after, on=["day", "person_id", "stream_id"], how="inner")
    ends = warehouse.frame(_ENDS.format(known=known), parameters | {"margin": int(threshold("left_before_end_days"))})
    merged = frame.merge(ends, on=["person_id", "stream_id"], how="inner")
    if target == "dropout_7":
        gone = pd.to_datetime(merged["dropped_on"]) <= pd.to_datetime(merged["day"]) + pd.Timedelta(days=SOON_DAYS)
        merged["outcome"] = ((merged["ended_as"] == "never_started") | gone).astype(int) * merged["outcome"]
    return merged.drop(columns=["ended_as", "dropped_on"])
