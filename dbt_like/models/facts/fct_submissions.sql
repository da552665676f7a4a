-- One row per learner and attempt that was really handed in: drafts, empty and reopened rows are none, nor a teacher's trial.
-- A team's row is everybody's who was in the team at that moment; the members' own empty rows are left out where it covers them.
with handed_in as (

    select
        submissions.*,
        coalesce(submissions.submitted_at, submissions.created_at) as handed_in_at
    from {{ source('raw', 'submissions') }} as submissions
    where
        submissions.state = 'submitted'
        and not coalesce(submissions.is_preview, false)
        and coalesce(submissions.submitted_at, submissions.created_at) < {{ as_of_end() }}

),

-- Files that could be read, each content once per work.
file_words as (

    select
        contents.submission_id,
        sum(contents.words) as words
    from (
        select distinct files.submission_id, written.content_hash, written.words
        from {{ source('raw', 'submission_files') }} as files
        inner join {{ source('raw', 'file_texts') }} as written
            on files.content_hash = written.content_hash and written.words > 0
    ) as contents
    group by contents.submission_id

),

-- Works with a file of which at least the bytes are known: those can be compared with other files' bytes.
file_works as (

    select distinct files.submission_id
    from {{ source('raw', 'submission_files') }} as files
    where files.bytes > 0

),

team_rows as (

    select distinct
        accounts.person_id,
        handed_in.*
    from handed_in
    inner join {{ source('raw', 'memberships') }} as memberships
        on handed_in.group_id = memberships.group_id
        and (memberships.joined_at is null or memberships.joined_at <= handed_in.handed_in_at)
        and (memberships.left_at is null or memberships.left_at > handed_in.handed_in_at)
    inner join {{ ref('dim_accounts') }} as accounts
        on memberships.account_id = accounts.account_id
    where handed_in.account_id is null and handed_in.group_id is not null

),

covered as (

    select distinct
        team_rows.person_id,
        team_rows.task_id
    from team_rows

),

own_rows as (

    select
        accounts.person_id,
        handed_in.*
    from handed_in
    inner join {{ ref('dim_accounts') }} as accounts
        on handed_in.account_id = accounts.account_id
    left join covered
        on accounts.person_id = covered.person_id and handed_in.task_id = covered.task_id
    -- Asked here and not in the join: a condition on one side makes engines compare every row with every other.
    where covered.person_id is null or not coalesce(handed_in.is_team, false)

),

everybody as (

    select * from team_rows
    union all
    select * from own_rows

),

dated as (

    select
        everybody.submission_id,
        everybody.person_id,
        learners.stream_id,
        everybody.course_id,
        everybody.task_id,
        everybody.kind,
        everybody.attempt,
        everybody.group_id is not null as is_team,
        everybody.handed_in_at as submitted_at,
        deadlines.due_at,
        case when everybody.words is null and file_words.words is null then null else coalesce(everybody.words, 0) + coalesce(file_words.words, 0) end as words,
        coalesce(everybody.words, 0) + coalesce(file_words.words, 0) > 0 or file_works.submission_id is not null as is_comparable,
        everybody.files,
        everybody.score,
        everybody.max_score,
        everybody.seconds_spent,
        row_number() over (
            partition by everybody.person_id, everybody.task_id
            order by everybody.attempt desc nulls last, everybody.handed_in_at desc, everybody.submission_id
        ) as place_from_last,
        row_number() over (
            partition by everybody.person_id, everybody.task_id
            order by everybody.handed_in_at, everybody.submission_id
        ) as place_from_first
    from everybody
    inner join {{ ref('dim_learners') }} as learners
        on everybody.person_id = learners.person_id and everybody.course_id = learners.course_id
    left join {{ ref('fct_deadlines') }} as deadlines
        on everybody.person_id = deadlines.person_id and everybody.task_id = deadlines.task_id
    left join file_words
        on everybody.submission_id = file_words.submission_id
    left join file_works
        on everybody.submission_id = file_works.submission_id

)

select
    dated.submission_id,
    dated.person_id,
    dated.stream_id,
    dated.course_id,
    dated.task_id,
    dated.kind,
    dated.attempt,
    dated.is_team,
    dated.place_from_last = 1 as is_latest,
    dated.place_from_first = 1 as is_first,
    dated.submitted_at,
    {{ local_day('dated.submitted_at') }} as day,
    dated.due_at,
    dated.submitted_at > dated.due_at as is_late,
    {{ hours_between('dated.submitted_at', 'dated.due_at') }} as hours_to_due,
    dated.words,
    dated.is_comparable,
    dated.files,
    dated.score,
    dated.max_score,
    dated.seconds_spent
from dated
