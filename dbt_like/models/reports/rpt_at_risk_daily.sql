-- One row per curator, learner of a stream of theirs and target scored for the day: the score, why, what changed, whom to reach and how.
with scores as (

    select * from {{ source('risk', 'scores') }}
    where day <= {{ as_of() }}

),

today as (

    select * from scores where scores.day = {{ as_of() }}

),

previous as (

    -- The last day before that was scored: a missed run hides no change.
    select
        scores.*,
        row_number() over (partition by scores.person_id, scores.stream_id, scores.target order by scores.day desc) as place
    from scores
    where scores.day < {{ as_of() }}

),

weeks as (

    select
        scores.person_id,
        scores.stream_id,
        scores.target,
        {{ json_rows([('day', 'scores.day'), ('level', 'scores.level')], 'scores.day') }} as levels_7d
    from scores
    where scores.day > {{ add_days(as_of(), '-7') }}
    group by scores.person_id, scores.stream_id, scores.target

),

reasons as (

    select
        reasons.person_id,
        reasons.stream_id,
        reasons.target,
        {{ json_rows([('code', 'reasons.code'), ('feature', 'reasons.feature'), ('value', 'reasons.value'), ('baseline', 'reasons.baseline'), ('rank', 'reasons.rank')], 'reasons.rank') }} as reasons
    from {{ source('risk', 'reasons') }} as reasons
    where reasons.day = {{ as_of() }}
    group by reasons.person_id, reasons.stream_id, reasons.target

),

{{ asked_tasks(ref('fct_enrolments')) }},

missed as (

    select
        deadlines.person_id,
        deadlines.stream_id,
        {{ json_rows([('name', "coalesce(tasks.name_en, tasks.name)" if var('language') == 'en' else 'tasks.name'), ('due_at', 'deadlines.due_at')], 'deadlines.due_at, deadlines.task_id') }} as missed_tasks
    from {{ ref('fct_deadlines') }} as deadlines
    inner join {{ ref('dim_tasks') }} as tasks
        on deadlines.task_id = tasks.task_id
    inner join {{ ref('fct_enrolments') }} as enrolments
        on deadlines.person_id = enrolments.person_id and deadlines.stream_id = enrolments.stream_id
    inner join sizes
        on deadlines.stream_id = sizes.stream_id
    left join asked_tasks
        on deadlines.stream_id = asked_tasks.stream_id and deadlines.task_id = asked_tasks.task_id
    left join {{ ref('fct_submissions') }} as submissions
        on deadlines.person_id = submissions.person_id and deadlines.task_id = submissions.task_id and submissions.is_first
    -- Handed in some other way and passed.
    left join {{ ref('fct_grades') }} as grades
        on deadlines.person_id = grades.person_id and deadlines.task_id = grades.task_id and grades.is_counting and grades.is_passed
    where
        deadlines.due_at <= {{ as_of_end() }}
        and coalesce(deadlines.due_at >= enrolments.enrolled_at, true)
        and submissions.submission_id is null
        and grades.grade_id is null
        and (not sizes.is_telling or asked_tasks.task_id is not null)
    group by deadlines.person_id, deadlines.stream_id

),

contacts as (

    select
        contacts.*,
        row_number() over (partition by contacts.person_id, contacts.stream_id order by contacts.contacted_at desc, contacts.message_id) as place
    from {{ ref('fct_contacts') }} as contacts
    where contacts.kind <> 'notice' and not contacts.is_returned

),

days as (

    select * from {{ ref('ind_learner_days') }}
    where day = {{ as_of() }}

)

select
    today.day,
    curators.curator_id,
    today.stream_id,
    today.person_id,
    people.name as learner_name,
    streams.course_name,
    streams.stream_title,
    days.course_day,
    days.course_days,
    today.target,
    today.score,
    today.level,
    previous.level as previous_level,
    today.basis,
    coalesce(reasons.reasons, '[]') as reasons,
    weeks.levels_7d,
    days.silent_days,
    days.tasks_missed,
    coalesce(missed.missed_tasks, '[]') as missed_tasks,
    contacts.contacted_at as last_contact_at,
    contacts.channel as last_contact_channel,
    writers.name as last_contact_name,
    coalesce(contacts.curator_id = curators.curator_id, false) as is_last_contact_own,
    -- Where this learner answers; ind_reach falls back to mail for who wrote nothing, which is no knowledge.
    case when reach.messages > 0 then reach.best_channel end as best_channel,
    -- One message shows no habit.
    case when reach.messages >= {{ threshold('reach_hours_messages') }} then reach.best_hour_from end as best_hour_from,
    case when reach.messages >= {{ threshold('reach_hours_messages') }} then reach.best_hour_until end as best_hour_until
from today
inner join {{ ref('dim_curators') }} as curators
    on today.stream_id = curators.stream_id
inner join {{ ref('rpt_streams') }} as streams
    on today.stream_id = streams.stream_id
left join days
    on today.person_id = days.person_id and today.stream_id = days.stream_id
left join {{ ref('rpt_people') }} as people
    on today.person_id = people.person_id
left join previous
    on today.person_id = previous.person_id and today.stream_id = previous.stream_id and today.target = previous.target and previous.place = 1
left join weeks
    on today.person_id = weeks.person_id and today.stream_id = weeks.stream_id and today.target = weeks.target
left join reasons
    on today.person_id = reasons.person_id and today.stream_id = reasons.stream_id and today.target = reasons.target
left join missed
    on today.person_id = missed.person_id and today.stream_id = missed.stream_id
left join contacts
    on today.person_id = contacts.person_id and today.stream_id = contacts.stream_id and contacts.place = 1
left join {{ ref('rpt_people') }} as writers
    on contacts.curator_id = writers.person_id
left join {{ ref('ind_reach') }} as reach
    on today.person_id = reach.person_id
