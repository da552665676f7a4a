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

from pipelines.risk import verdicts
from pipelines.risk.formal_labels import soft
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

LABELS_VERSION = 3
SOON_DAYS = 7
#: As probable as not: from here on a completion is taken for formal.
EVEN = 0.5

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
        day, person_id, stream_id, has_copied, has_idled, has_not_read, has_burst,
        coalesce(has_copied, false)::integer + coalesce(has_idled, false)::integer
        + coalesce(has_not_read, false)::integer + coalesce(has_burst, false)::integer as evidences,
        (has_copied is not null)::integer + (has_idled is not null)::integer
        + (has_not_read is not null)::integer + (has_burst is not null)::integer as known
    from signs
)
-- One sign has innocent reasons; of rows after which fewer than two signs could show, nothing is learned.
select
    day, person_id, stream_id, (evidences >= $evidences)::integer as outcome, known >= $evidences as is_known,
    has_copied::integer as has_copied, has_idled::integer as has_idled, has_not_read::integer as has_not_read, has_burst::integer as has_burst
from counted order by 1, 2, 3
"""

#: The signs of whole completions: what the weights of the signs are learned from.
_COMPLETIONS = """
select
    f.person_id, f.stream_id,
    f.has_copied::integer as has_copied, f.has_idled::integer as has_idled, f.has_not_read::integer as has_not_read, f.has_burst::integer as has_burst
from indicators.ind_formal_completions as f
inner join facts.fct_enrolments as e on f.person_id = e.person_id and f.stream_id = e.stream_id
where e.outcome = 'completed' and f.stream_id in (select unnest($streams)) and {known} order by 1, 2
"""
SIGNS = ["has_copied", "has_idled", "has_not_read", "has_burst"]

_WHOLE = """
select f.person_id, f.stream_id, f.is_formal::integer as outcome
from indicators.ind_formal_completions as f
inner join facts.fct_enrolments as e on f.person_id = e.person_id and f.stream_id = e.stream_id
where e.outcome = 'completed' and f.is_formal is not null and f.stream_id in (select unnest($streams)) and {known} order by 1, 2
"""


def label(
    warehouse: Warehouse,
    frame: pd.DataFrame,
    target: str,
    streams: Sequence[str],
    *,
    known_by: date | None = None,
    whole_course: bool = False,
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
        judged = _by_verdicts(warehouse, after, parameters["streams"], known_by, known)
        return frame.merge(judged, on=["day", "person_id", "stream_id"], how="inner")
    ends = warehouse.frame(_ENDS.format(known=known), parameters | {"margin": int(threshold("left_before_end_days"))})
    merged = frame.merge(ends, on=["person_id", "stream_id"], how="inner")
    if target == "dropout_7":
        gone = pd.to_datetime(merged["dropped_on"]) <= pd.to_datetime(merged["day"]) + pd.Timedelta(days=SOON_DAYS)
        merged["outcome"] = ((merged["ended_as"] == "never_started") | gone).astype(int) * merged["outcome"]
    return merged.drop(columns=["ended_as", "dropped_on"])


def _by_verdicts(warehouse: Warehouse, after: pd.DataFrame, streams: object, known_by: date | None, known: str) -> pd.DataFrame:
    """``day, person_id, stream_id, outcome`` of formal completion: a verdict where a person gave one; else the signs after the day, by the rule of two
    or, from ``formal_verdicts_min`` verdicts on, weighed by what the verdicts say of each sign."""
    keys = ["person_id", "stream_id"]
    said = verdicts.standing(warehouse, known_by or date.max)
    rows = after.merge(said, on=keys, how="left")
    if len(said) >= threshold("formal_verdicts_min"):
        parameters: dict[str, object] = {"streams": streams} | ({"known_by": known_by} if known_by else {})
        whole = warehouse.frame(_COMPLETIONS.format(known=known), parameters).merge(said, on=keys, how="left")
        asked = rows[SIGNS].to_numpy(dtype=float)
        guessed = soft(whole[SIGNS].to_numpy(dtype=float), whole["verdict"].to_numpy(dtype=float), asked=asked)
        rows["outcome"] = (guessed >= EVEN).astype(int)
    is_said = rows["verdict"].notna()
    rows["outcome"] = rows["verdict"].where(is_said, rows["outcome"]).astype(int)
    return rows.loc[is_said | rows["is_known"].astype(bool), ["day", *keys, "outcome"]].reset_index(drop=True)
