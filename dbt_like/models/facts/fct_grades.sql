-- One row per learner, task and marked attempt; where the marker kept no record, one per learner and task from the gradebook.
-- What counts (is_counting, one row per learner and task): the gradebook once it shows a grade, else the marker's record. Marks of a
-- blind or unreleased task count by the marker's record and are not revealed: a course marked blind is not a failed one.
with grades as (

    select
        grades.*,
        accounts.person_id
    from {{ source('raw', 'grades') }} as grades
    inner join {{ ref('dim_accounts') }} as accounts
        on grades.account_id = accounts.account_id
    where grades.grade is not null and grades.task_id is not null and {{ known('grades.graded_at') }}

),

marks as (

    select
        grades.*,
        row_number() over (
            partition by grades.person_id, grades.task_id
            order by grades.attempt desc nulls last, grades.graded_at desc nulls last, grades.grade_id
        ) as place
    from grades
    where grades.record = 'marking'

),

book as (

    -- A past state of the book speaks where the present one was written later than the day, or left with the person.
    select
        grades.*,
        row_number() over (
            partition by grades.person_id, grades.task_id
            order by
                case grades.record when 'gradebook' then 1 when 'history' then 2 else 3 end,
                grades.graded_at desc nulls last,
                grades.grade_id
        ) as place
    from grades
    where grades.record = 'quiz' or (grades.record in ('gradebook', 'history') and coalesce(grades.is_released, true))

),

joined as (

    select
        coalesce(marks.person_id, book.person_id) as person_id,
        coalesce(marks.task_id, book.task_id) as task_id,
        coalesce(marks.course_id, book.course_id) as course_id,
        coalesce(marks.grade_id, book.grade_id) as grade_id,
        coalesce(marks.submission_id, book.submission_id) as submission_id,
        coalesce(marks.grader_account_id, book.grader_account_id) as grader_account_id,
        coalesce(marks.attempt, book.attempt) as attempt,
        coalesce(marks.place, 1) = 1 as is_counting,
        case when book.grade_id is null then 'marking' else book.record end as record,
        coalesce(book.grade, marks.grade) as grade,
        case when book.grade_id is null then marks.max_grade else coalesce(book.max_grade, marks.max_grade) end as max_grade,
        coalesce(marks.graded_at, book.graded_at) as graded_at,
        book.grade_id is not null or coalesce(marks.is_released, true) as is_revealed,
        coalesce(book.is_overridden, false) as is_overridden,
        marks.comment_words
    from marks
    full outer join (select * from book where place = 1) as book
        on marks.person_id = book.person_id and marks.task_id = book.task_id and marks.place = book.place

),

-- A mark speaks of the attempt it names, else of the last one handed in before it.
submitted as (

    select
        joined.person_id,
        joined.grade_id,
        {{ last_by('submissions.submission_id', '(submissions.submitted_at, submissions.submission_id)') }} as submission_id,
        max(submissions.submitted_at) as submitted_at
    from joined
    inner join {{ ref('fct_submissions') }} as submissions
        on joined.person_id = submissions.person_id
        and joined.task_id = submissions.task_id
        and (
            joined.submission_id = submissions.submission_id
            or (joined.submission_id is null and joined.attempt = submissions.attempt)
            or (joined.submission_id is null and joined.attempt is null and submissions.submitted_at <= joined.graded_at)
        )
    group by joined.person_id, joined.grade_id

),

-- Marked again, the marker's record tells the last time only; the gradebook's history tells of the first.
marked_before as (

    select
        joined.person_id,
        joined.grade_id,
        min(grades.graded_at) as graded_at
    from joined
    inner join submitted
        on joined.person_id = submitted.person_id and joined.grade_id = submitted.grade_id
    inner join grades
        on joined.person_id = grades.person_id
        and joined.task_id = grades.task_id
        and grades.graded_at >= submitted.submitted_at
        and grades.graded_at < joined.graded_at
    where grades.record = 'history' and grades.grader_account_id <> grades.account_id
    group by joined.person_id, joined.grade_id

),

shared as (

    select
        joined.*,
        tasks.pass_grade,
        tasks.is_scale,
        case
            -- A place in a scale: the first is the worst.
            when tasks.is_scale and coalesce(joined.max_grade, tasks.max_grade) > 1
                then (joined.grade - 1) / (coalesce(joined.max_grade, tasks.max_grade) - 1)
            when tasks.is_scale then null
            when coalesce(joined.max_grade, tasks.max_grade) > 0 then joined.grade / coalesce(joined.max_grade, tasks.max_grade)
            else null
        end as share
    from joined
    left join {{ ref('dim_tasks') }} as tasks
        on joined.task_id = tasks.task_id

)

select
    shared.grade_id,
    shared.person_id,
    learners.stream_id,
    shared.course_id,
    shared.task_id,
    coalesce(submitted.submission_id, shared.submission_id) as submission_id,
    graders.person_id as grader_id,
    shared.attempt,
    shared.record,
    shared.is_counting,
    shared.is_revealed,
    shared.is_overridden,
    shared.grade,
    shared.share,
    case
        when shared.pass_grade > 0 then shared.grade >= shared.pass_grade
        when shared.is_scale then shared.grade > 1
        when shared.share is not null then shared.share >= {{ threshold('pass_share') }}
        else null
    end as is_passed,
    shared.graded_at,
    coalesce(marked_before.graded_at, shared.graded_at) as first_graded_at,
    {{ local_day('shared.graded_at') }} as day,
    submitted.submitted_at,
    -- Marked before the last save: the time to the feedback is not known.
    case
        when shared.graded_at >= submitted.submitted_at
            then {{ hours_between('submitted.submitted_at', 'coalesce(marked_before.graded_at, shared.graded_at)') }}
        else null
    end as hours_to_feedback,
    feedback.kind as feedback_kind,
    shared.comment_words
from shared
inner join {{ ref('dim_learners') }} as learners
    on shared.person_id = learners.person_id and shared.course_id = learners.course_id
left join submitted
    on shared.person_id = submitted.person_id and shared.grade_id = submitted.grade_id
left join marked_before
    on shared.person_id = marked_before.person_id and shared.grade_id = marked_before.grade_id
left join {{ ref('dim_accounts') }} as graders
    on shared.grader_account_id = graders.account_id
left join {{ source('links', 'feedback') }} as feedback
    on shared.grade_id = feedback.grade_id
