-- One row per learner and material (page, file, link) that was opened, by the log or by the LMS's own record of views.
with opened as (

    select
        activity.person_id,
        activity.task_id,
        activity.occurred_at as opened_at
    from {{ ref('fct_activity') }} as activity
    where activity.task_kind in ('page', 'file', 'url') and activity.action = 'viewed'
    union all
    select
        accounts.person_id,
        completions.task_id,
        completions.completed_at as opened_at
    from {{ source('raw', 'completions') }} as completions
    inner join {{ ref('dim_accounts') }} as accounts
        on completions.account_id = accounts.account_id
    where completions.state in ('viewed', 'complete', 'passed') and completions.completed_at < {{ as_of_end() }}

),

first_opened as (

    select
        opened.person_id,
        opened.task_id,
        min(opened.opened_at) as opened_at
    from opened
    group by opened.person_id, opened.task_id

)

select
    first_opened.person_id,
    learners.stream_id,
    learners.course_id,
    first_opened.task_id,
    first_opened.opened_at,
    {{ local_day('first_opened.opened_at') }} as day
from first_opened
inner join {{ ref('dim_tasks') }} as tasks
    on first_opened.task_id = tasks.task_id
inner join {{ ref('dim_learners') }} as learners
    on first_opened.person_id = learners.person_id and tasks.course_id = learners.course_id
where tasks.is_material
