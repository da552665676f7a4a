-- One row per learner, stream and task that is handed in (assignment, quiz): the deadline that holds for this learner.
-- Task < group override < user override < extension: the strongest one that exists counts, also where it lifts the deadline.
-- Of several group overrides the latest date counts.
with learners as (

    select * from {{ ref('dim_learners') }}

),

tasks as (

    select * from {{ ref('dim_tasks') }}
    where kind in ('assignment', 'quiz')

),

granted as (

    select * from {{ source('raw', 'deadlines') }}
    where {{ known('granted_at') }}

),

own as (

    select
        accounts.person_id,
        granted.task_id,
        case granted.rule when 'extension' then 3 when 'user_override' then 2 else 1 end as strength,
        granted.due_at,
        granted.cutoff_at
    from granted
    inner join {{ ref('dim_accounts') }} as accounts
        on granted.account_id = accounts.account_id
    union all
    select
        accounts.person_id,
        granted.task_id,
        1 as strength,
        granted.due_at,
        granted.cutoff_at
    from granted
    inner join {{ source('raw', 'memberships') }} as memberships
        on granted.group_id = memberships.group_id
    inner join {{ ref('dim_accounts') }} as accounts
        on memberships.account_id = accounts.account_id
    where
        granted.account_id is null
        and {{ known('memberships.joined_at') }}
        and (memberships.left_at is null or memberships.left_at >= {{ as_of_end() }})

),

strongest as (

    select
        own.*,
        row_number() over (
            partition by own.person_id, own.task_id
            order by own.strength desc, case when own.due_at is null then 0 else 1 end, own.due_at desc nulls last, own.cutoff_at desc nulls first
        ) as place
    from own

)

select
    learners.person_id,
    learners.stream_id,
    learners.course_id,
    tasks.task_id,
    case when strongest.person_id is null then tasks.due_at else strongest.due_at end as due_at,
    -- An extension moves the date; the task's own cut-off stays unless the extension reaches beyond it.
    case
        when strongest.person_id is null then tasks.cutoff_at
        when strongest.cutoff_at is not null then strongest.cutoff_at
        when tasks.cutoff_at < strongest.due_at then strongest.due_at
        else tasks.cutoff_at
    end as cutoff_at,
    case strongest.strength when 3 then 'extension' when 2 then 'user_override' when 1 then 'group_override' else 'task' end as rule,
    strongest.person_id is not null as is_extended
from learners
inner join tasks
    on learners.course_id = tasks.course_id
left join strongest
    on learners.person_id = strongest.person_id and tasks.task_id = strongest.task_id and strongest.place = 1
