-- One row per stream that ran in the seven days and step of its way: how many of those ever enrolled have come so far by the day (by its last
-- day, where it has ended). The steps: enrolled, started, handed in a first work, handed in half of the works due, handed in every work due,
-- completed. A step that cannot be told (no works due yet, no works known) has no row. Sizes of small streams are in it: the report hides them.
with streams as (

    select
        streams.stream_id,
        streams.course_name,
        streams.stream_title,
        streams.earlier_stream_id,
        least({{ as_of() }}, coalesce(streams.ends_on, {{ as_of() }})) as day
    from {{ ref('rpt_streams') }} as streams
    where streams.starts_on <= {{ as_of() }} and coalesce(streams.ends_on > {{ add_days(as_of(), '-7') }}, true)

),

learners as (

    select
        streams.stream_id,
        days.person_id,
        days.has_started,
        days.tasks_due,
        days.tasks_missed,
        days.tasks_submitted,
        {{ local_day('enrolments.completed_at') }} <= streams.day as has_completed
    from streams
    inner join {{ ref('ind_learner_days') }} as days
        on streams.stream_id = days.stream_id and streams.day = days.day
    inner join {{ ref('fct_enrolments') }} as enrolments
        on days.person_id = enrolments.person_id and days.stream_id = enrolments.stream_id

),

steps as (

    select learners.stream_id, 1 as place, 'enrolled' as step, count(*) as learners from learners group by learners.stream_id
    union all
    select learners.stream_id, 2 as place, 'started' as step, count(case when learners.has_started then 1 end) as learners from learners group by learners.stream_id
    union all
    select learners.stream_id, 3 as place, 'first_work' as step, count(case when learners.tasks_submitted > 0 then 1 end) as learners
    from learners group by learners.stream_id having count(learners.tasks_submitted) > 0
    union all
    select learners.stream_id, 4 as place, 'half_of_due' as step, count(case when learners.tasks_due > 0 and 2 * learners.tasks_missed <= learners.tasks_due then 1 end) as learners
    from learners group by learners.stream_id having max(learners.tasks_due) > 0
    union all
    select learners.stream_id, 5 as place, 'all_due' as step, count(case when learners.tasks_due > 0 and learners.tasks_missed = 0 then 1 end) as learners
    from learners group by learners.stream_id having max(learners.tasks_due) > 0
    union all
    select learners.stream_id, 6 as place, 'completed' as step, count(case when learners.has_completed then 1 end) as learners from learners group by learners.stream_id

)

select
    {{ as_of() }} as week_ends_on,
    steps.stream_id,
    streams.course_name,
    streams.stream_title,
    steps.place,
    steps.step,
    steps.learners
from steps
inner join streams
    on steps.stream_id = streams.stream_id
