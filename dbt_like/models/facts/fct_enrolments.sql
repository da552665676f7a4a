-- One row per learner and stream: enrolled when and how, what became of it by the end of the day.
-- Completed: the LMS says so, or a certificate was issued, or every required task is done and passed, marks not yet revealed included
-- (a course marked blind records no completion until the marks are revealed).
with learners as (

    select * from {{ ref('dim_learners') }}

),

acts as (

    select
        acts.person_id,
        acts.course_id,
        min(acts.first_at) as first_activity_at,
        max(acts.last_at) as last_activity_at
    from {{ ref('fct_acts') }} as acts
    group by acts.person_id, acts.course_id

),

recorded as (

    select
        accounts.person_id,
        outcomes.course_id,
        min(outcomes.reached_at) as completed_at
    from {{ source('raw', 'outcomes') }} as outcomes
    inner join {{ ref('dim_accounts') }} as accounts
        on outcomes.account_id = accounts.account_id
    where outcomes.reached_at < {{ as_of_end() }}
    group by accounts.person_id, outcomes.course_id

),

required as (

    select
        tasks.course_id,
        tasks.task_id,
        tasks.kind,
        count(*) over (partition by tasks.course_id) as tasks
    from {{ ref('dim_tasks') }} as tasks
    where tasks.is_required

),

done as (

    select
        grades.person_id,
        grades.task_id,
        min(grades.graded_at) as done_at
    from {{ ref('fct_grades') }} as grades
    where grades.is_counting and grades.is_passed
    group by grades.person_id, grades.task_id
    union all
    select
        accounts.person_id,
        completions.task_id,
        min(completions.completed_at) as done_at
    from {{ source('raw', 'completions') }} as completions
    inner join {{ ref('dim_accounts') }} as accounts
        on completions.account_id = accounts.account_id
    where completions.state in ('complete', 'passed') and completions.completed_at < {{ as_of_end() }}
    group by accounts.person_id, completions.task_id

),

done_tasks as (

    select
        done.person_id,
        required.course_id,
        required.task_id,
        required.tasks,
        min(done.done_at) as done_at
    from required
    inner join done
        on required.task_id = done.task_id
    group by done.person_id, required.course_id, required.task_id, required.tasks

),

earned as (

    select
        done_tasks.person_id,
        done_tasks.course_id,
        max(done_tasks.done_at) as completed_at
    from done_tasks
    group by done_tasks.person_id, done_tasks.course_id
    having count(*) = max(done_tasks.tasks)

),

told as (

    select
        learners.*,
        streams.is_ended,
        acts.first_activity_at,
        acts.last_activity_at,
        -- The LMS records a completion up to a day after the deed.
        least(coalesce(recorded.completed_at, earned.completed_at), coalesce(earned.completed_at, recorded.completed_at)) as completed_at,
        case
            when recorded.completed_at is not null then 'recorded'
            when earned.completed_at is not null then 'earned'
            else null
        end as completion_basis
    from learners
    inner join {{ ref('dim_streams') }} as streams
        on learners.stream_id = streams.stream_id
    left join acts
        on learners.person_id = acts.person_id and learners.course_id = acts.course_id
    left join recorded
        on learners.person_id = recorded.person_id and learners.course_id = recorded.course_id
    left join earned
        on learners.person_id = earned.person_id and learners.course_id = earned.course_id

),

judged as (

    select
        told.*,
        case
            when told.completed_at is not null then 'completed'
            when told.is_current and not told.is_ended then 'running'
            when told.first_activity_at is null then 'never_started'
            else 'dropped'
        end as outcome
    from told

)

select
    judged.person_id,
    judged.stream_id,
    judged.course_id,
    judged.enrolled_at,
    judged.ended_at,
    judged.method,
    judged.state,
    judged.is_current,
    judged.is_bulk_enrolled,
    judged.other_stream_id,
    judged.first_activity_at,
    judged.last_activity_at,
    judged.completed_at,
    judged.completion_basis,
    judged.outcome,
    case
        when judged.outcome <> 'dropped' then null
        else least(
            {{ local_day('judged.last_activity_at') }},
            coalesce({{ local_day('judged.ended_at') }}, {{ local_day('judged.last_activity_at') }})
        )
    end as dropped_on
from judged
