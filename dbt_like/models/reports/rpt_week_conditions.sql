-- One row per condition and indicator of the week: the five conditions that decide whether a course works. "previous" is the seven days
-- before. No figure about fewer people than thresholds.small_group.
with figures as (

    select * from {{ ref('rpt_week_figures') }}

),

live as (

    select
        {{ as_of() }} as day,
        streams.stream_id,
        streams.earlier_stream_id
    from {{ ref('rpt_streams') }} as streams
    where streams.starts_on <= {{ as_of() }} and coalesce(streams.ends_on >= {{ as_of() }}, true)

),

earlier as (

    -- The earlier streams of the same courses on the same course day.
    select
        sum(earlier_days.never_started) / cast(nullif(sum(earlier_days.learners), 0) as double) as never_started_share,
        sum(earlier_days.tasks_missed) / cast(nullif(sum(earlier_days.tasks_due), 0) as double) as missed_task_share,
        sum(earlier_days.left_early) / cast(nullif(sum(earlier_days.learners_enrolled), 0) as double) as left_share,
        sum(earlier_days.learners_enrolled) as n
    from live
    inner join {{ ref('ind_stream_days') }} as days
        on live.stream_id = days.stream_id and live.day = days.day
    inner join {{ ref('ind_stream_days') }} as earlier_days
        on live.earlier_stream_id = earlier_days.stream_id and days.course_day = earlier_days.course_day

),

kinds as (

    select *
    from (
        values
        ('practice', 'copied_task_share', 'share'), ('practice', 'survey_practice_vulnerable', 'share'), ('practice', 'formal_completion_share', 'share'),
        ('flexibility', 'answered_within_24h', 'share'), ('flexibility', 'median_answer_hours', 'hours'), ('flexibility', 'median_feedback_hours', 'hours'), ('flexibility', 'feedback_in_time_share', 'share'), ('flexibility', 'substantive_feedback_share', 'share'),
        ('support', 'notices_reached_share', 'share'), ('support', 'never_started_share', 'share'), ('support', 'contacted_share', 'share'), ('support', 'open_questions', 'questions'),
        ('technology', 'technical_question_share', 'share'), ('technology', 'login_failure_share', 'share'), ('technology', 'webinar_reconnect_share', 'share'),
        ('need', 'left_share', 'share'), ('need', 'missed_task_share', 'share'), ('need', 'survey_need_vulnerable', 'share')
    ) as listed (condition, indicator, unit)

)

select
    {{ as_of() }} as week_ends_on,
    kinds.condition,
    kinds.indicator,
    case when now.n >= {{ threshold('small_group') }} then now.value end as value,
    case when now.n >= {{ threshold('small_group') }} then now.low end as low,
    case when now.n >= {{ threshold('small_group') }} then now.high end as high,
    coalesce(cast(now.n as bigint), 0) as n,
    case when before.n >= {{ threshold('small_group') }} then before.value end as previous,
    case
        when coalesce(earlier.n, 0) < {{ threshold('small_group') }} then null
        when kinds.indicator = 'never_started_share' then earlier.never_started_share
        when kinds.indicator = 'missed_task_share' then earlier.missed_task_share
        when kinds.indicator = 'left_share' then earlier.left_share
        else null
    end as earlier_stream,
    kinds.unit,
    case
        when now.n is null then 'no_data'
        when now.n < {{ threshold('small_group') }} then 'small_group'
        when now.value is null then 'too_early'
        else null
    end as note
from kinds
cross join earlier
left join figures as now
    on kinds.condition = now.condition and kinds.indicator = now.indicator and now.back = 0
left join figures as before
    on kinds.condition = before.condition and kinds.indicator = before.indicator and before.back = 1
