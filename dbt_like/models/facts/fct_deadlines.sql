-- One row per learner, stream and task that is handed in (assignment, quiz): the deadline that holds for this learner.
-- Task < group override < user override < extension: the strongest one that exists counts, also where it lifts the deadline.
-- Of several group overrides the latest date counts. A hidden task in which no learner ever handed in anything was not set yet (one that was hidden later
-- stays); a task that is open to some groups only is theirs who are in one, and theirs who handed it in.
with learners as (

    select * from {{ ref('dim_learners') }}

),

tasks as (

    select * from {{ ref('dim_tasks') }}
    where kind in ('assignment', 'quiz')

),

restricted as (

    select
        tasks.task_id,
        {{ each_of('tasks.only_groups') }} as group_id
    from tasks
    where tasks.only_groups is not null

),

handed_in as (

    -- By a learner of the course, or a team: who teaches tries what learners do not see yet.
    select
        submissions.task_id,
        learners.person_id
    from {{ source('raw', 'submissions') }} as submissions
    inner join tasks
        on submissions.task_id = tasks.task_id
    left join {{ ref('dim_accounts') }} as accounts
        on submissions.account_id = accounts.account_id
    left join learners
        on accounts.person_id = learners.person_id and tasks.course_id = learners.course_id
    where
        (tasks.is_hidden or tasks.only_groups is not null)
        and (submissions.account_id is null or learners.person_id is not null)
        and submissions.state = 'submitted'
        and not coalesce(submissions.is_preview, false)
        and coalesce(submissions.submitted_at, submissions.created_at) < {{ as_of_end() }}

),

open_to as (

    select
        accounts.person_id,
        restricted.task_id
    from restricted
    inner join {{ source('raw', 'memberships') }} as memberships
        on restricted.group_id = memberships.group_id
    inner join {{ ref('dim_accounts') }} as accounts
        on memberships.account_id = accounts.account_id
    where {{ known('memberships.joined_at') }} and (memberships.left_at is null or memberships.left_at >= {{ as_of_end() }})
    union
    select
        handed_in.person_id,
        handed_in.task_id
    from handed_in
    where handed_in.person_id is not null

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
left join open_to
    on learners.person_id = open_to.person_id and tasks.task_id = open_to.task_id
where
    (not coalesce(tasks.is_hidden, false) or tasks.task_id in (select handed_in.task_id from handed_in))
    and (tasks.only_groups is null or open_to.person_id is not null)
