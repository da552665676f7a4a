-- One row per part of the programme (all of it, a course, a channel) and clock: how long the questions of the ISO week waited for a curator's
-- first answer, by Kaplan and Meier, those still open counted as waiting. No row of a curator: this is no league table. Small parts are in it: the report hides them.
with latency as (

    select
        latency.*,
        case when latency.week_ends_on = {{ week_end(as_of()) }} then 0 else 1 end as back
    from {{ ref('ind_response_latency') }} as latency
    where
        latency.measure = 'first_answer' and latency.period = 'week' and latency.scope in ('programme', 'course', 'channel')
        and latency.week_ends_on in ({{ week_end(as_of()) }}, {{ add_days(week_end(as_of()), '-7') }})

),

courses as (

    select distinct
        streams.course_id,
        streams.course_name
    from {{ ref('rpt_streams') }} as streams

)

select
    {{ as_of() }} as week_ends_on,
    now.scope as part,
    now.scope_id as part_id,
    courses.course_name,
    now.clock,
    now.questions,
    now.answered,
    now.open_now,
    now.km_within_24h,
    now.low,
    now.high,
    now.km_median_hours,
    now.km_median_low,
    now.km_median_high,
    now.rmst_72h,
    now.oldest_open_hours,
    before.questions as questions_previous,
    before.km_within_24h as km_within_24h_previous
from latency as now
left join latency as before
    on now.scope = before.scope and now.scope_id = before.scope_id and now.clock = before.clock and before.back = 1
left join courses
    on {{ key_where('now.scope_id', "now.scope = 'course'") }} = courses.course_id
where now.back = 0
