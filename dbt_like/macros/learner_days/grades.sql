{# Of ind_learner_days, from its members: grade_days, quiz_days: the marks that hold and what was sent back; attempts at quizzes, and those made in a burst. #}
{% macro days_of_grades() %}
-- A mark holds until the next attempt at the same task is marked.
marks as (

    select
        members.person_id,
        members.stream_id,
        members.first_day,
        grades.share,
        grades.is_passed,
        coalesce(grades.feedback_kind = 'returned', false) as is_returned,
        greatest(grades.day, members.first_day) as from_day,
        lead(greatest(grades.day, members.first_day)) over (
            partition by members.person_id, members.stream_id, grades.task_id
            order by grades.graded_at, grades.attempt nulls first, grades.grade_id
        ) as until_day
    from members
    inner join {{ ref('fct_grades') }} as grades
        on members.person_id = grades.person_id and members.course_id = grades.course_id
    where grades.graded_at is not null

),

grade_changes as (

    select
        marks.person_id,
        marks.stream_id,
        marks.from_day as day,
        -- Decimals, here and of webinars: sums are exact, the same in whatever order the engine adds, and what is taken back leaves nothing behind.
        -- A model's name is a hash of what it learned from, and another last digit would be another model.
        cast(coalesce(marks.share, 0) as decimal(30, 12)) as share,
        case when marks.share is null then 0 else 1 end as shares,
        case when not marks.is_passed then 1 else 0 end as failed,
        case when marks.is_returned then 1 else 0 end as returned
    from marks
    union all
    select
        marks.person_id,
        marks.stream_id,
        marks.until_day as day,
        -cast(coalesce(marks.share, 0) as decimal(30, 12)) as share,
        case when marks.share is null then 0 else -1 end as shares,
        case when not marks.is_passed then -1 else 0 end as failed,
        0 as returned
    from marks
    where marks.until_day is not null

),

grade_days as (

    select
        grade_changes.person_id,
        grade_changes.stream_id,
        grade_changes.day,
        sum(grade_changes.share) as share,
        sum(grade_changes.shares) as shares,
        sum(grade_changes.failed) as failed,
        sum(grade_changes.returned) as returned
    from grade_changes
    group by grade_changes.person_id, grade_changes.stream_id, grade_changes.day

),

quiz_days as (

    select
        members.person_id,
        members.stream_id,
        greatest(attempts.day, members.first_day) as day,
        count(*) as quiz_attempts,
        count(case when attempts.is_burst then 1 end) as bursts,
        count(attempts.is_burst) as timed
    from members
    inner join {{ ref('ind_quiz_attempts') }} as attempts
        on members.person_id = attempts.person_id and members.course_id = attempts.course_id
    group by members.person_id, members.stream_id, greatest(attempts.day, members.first_day)

),
{% endmacro %}
