-- One row per curator and learner of a running stream of theirs who is enrolled and left no trace for thresholds.never_started_days.
with enrolments as (

    select
        enrolments.*,
        {{ days_between("greatest(streams.starts_on, coalesce(" ~ local_day('enrolments.enrolled_at') ~ ", streams.starts_on))", as_of()) }} as days_since_start,
        streams.course_name,
        streams.stream_title
    from {{ ref('fct_enrolments') }} as enrolments
    inner join {{ ref('rpt_streams') }} as streams
        on enrolments.stream_id = streams.stream_id
    where enrolments.is_current and enrolments.first_activity_at is null and enrolments.completed_at is null and streams.is_live and not streams.is_ended

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    enrolments.stream_id,
    enrolments.person_id,
    people.name as learner_name,
    enrolments.course_name,
    enrolments.stream_title,
    enrolments.enrolled_at,
    enrolments.method,
    enrolments.is_bulk_enrolled,
    enrolments.days_since_start,
    -- Where this learner answers; ind_reach falls back to mail for who wrote nothing, which is no knowledge.
    case when reach.messages > 0 then reach.best_channel end as best_channel,
    people.email,
    people.phone,
    people.institution
from enrolments
inner join {{ ref('dim_curators') }} as curators
    on enrolments.stream_id = curators.stream_id
left join {{ ref('rpt_people') }} as people
    on enrolments.person_id = people.person_id
left join {{ ref('ind_reach') }} as reach
    on enrolments.person_id = reach.person_id
where enrolments.days_since_start >= {{ threshold('never_started_days') }}
