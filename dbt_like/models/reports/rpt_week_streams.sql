-- One row per stream that ran in the seven days that end with as_of: how it stands, a week before, and where the course's earlier stream
-- stood on the same course day. No share of fewer people than thresholds.small_group.
with streams as (

    select
        streams.*,
        least({{ as_of() }}, coalesce(streams.ends_on, {{ as_of() }})) as day
    from {{ ref('rpt_streams') }} as streams
    where streams.starts_on <= {{ as_of() }} and coalesce(streams.ends_on > {{ add_days(as_of(), '-7') }}, true)

),

at_risk as (

    select
        scores.day,
        scores.stream_id,
        count(case when scores.level = 'high' then 1 end) as at_risk
    from {{ source('risk', 'scores') }} as scores
    where scores.target = 'dropout'
    group by scores.day, scores.stream_id

),

dropped as (

    select
        enrolments.stream_id,
        count(case when enrolments.outcome = 'dropped' then 1 end) as dropped
    from {{ ref('fct_enrolments') }} as enrolments
    group by enrolments.stream_id

),

days as (

    select
        days.stream_id,
        days.day,
        days.course_day,
        days.learners,
        case when days.learners >= {{ threshold('small_group') }} then days.active_7 / cast(days.learners as double) end as active_share,
        case when days.learners >= {{ threshold('small_group') }} then days.never_started / cast(days.learners as double) end as never_started_share,
        case when days.learners >= {{ threshold('small_group') }} then days.submitted_first / cast(days.learners as double) end as submitted_first_share,
        case when days.learners >= {{ threshold('small_group') }} and days.tasks_due > 0 then days.tasks_missed / cast(days.tasks_due as double) end as missed_share,
        case when days.learners >= {{ threshold('small_group') }} then at_risk.at_risk end as at_risk,
        case when days.learners_enrolled >= {{ threshold('small_group') }} then days.completed / cast(days.learners_enrolled as double) end as completed_share,
        case when days.learners_enrolled >= {{ threshold('small_group') }} then days.left_early / cast(days.learners_enrolled as double) end as dropped_share,
        days.learners_enrolled
    from {{ ref('ind_stream_days') }} as days
    left join at_risk
        on days.stream_id = at_risk.stream_id and days.day = at_risk.day

)

select
    {{ as_of() }} as week_ends_on,
    streams.stream_id,
    streams.course_name,
    streams.stream_title,
    now.course_day,
    streams.course_days,
    now.learners,
    now.active_share,
    now.never_started_share,
    now.submitted_first_share,
    now.missed_share,
    now.at_risk,
    now.completed_share,
    -- Until a stream ends only those who left have dropped out; then everybody who did not complete.
    case
        when streams.is_ended and now.learners_enrolled >= {{ threshold('small_group') }} then dropped.dropped / cast(now.learners_enrolled as double)
        else now.dropped_share
    end as dropped_share,
    before.active_share as active_share_previous,
    before.never_started_share as never_started_share_previous,
    before.submitted_first_share as submitted_first_share_previous,
    before.missed_share as missed_share_previous,
    before.at_risk as at_risk_previous,
    before.completed_share as completed_share_previous,
    before.dropped_share as dropped_share_previous,
    earlier.active_share as active_share_earlier_stream,
    earlier.never_started_share as never_started_share_earlier_stream,
    earlier.submitted_first_share as submitted_first_share_earlier_stream,
    earlier.missed_share as missed_share_earlier_stream,
    earlier.at_risk as at_risk_earlier_stream,
    earlier.completed_share as completed_share_earlier_stream,
    earlier.dropped_share as dropped_share_earlier_stream
from streams
inner join days as now
    on streams.stream_id = now.stream_id and streams.day = now.day
left join days as before
    on streams.stream_id = before.stream_id and {{ add_days(as_of(), '-7') }} = before.day
left join days as earlier
    on streams.earlier_stream_id = earlier.stream_id and now.course_day = earlier.course_day
left join dropped
    on streams.stream_id = dropped.stream_id
