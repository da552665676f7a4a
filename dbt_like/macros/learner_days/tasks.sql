{# Of ind_learner_days, from its members: task_days: what was due, handed in, missed, late. paces: hours left before the deadline, the median of the first n. #}
{% macro days_of_tasks() %}
{%- set due = local_day("deadlines.due_at - interval '1 second'") %}
-- Handed in some other way (by mail, on paper) and marked as passed: kept from the day of the mark, or, where nothing tells that day (a downloaded
-- gradebook), from the deadline on. No mark, or a zero for nothing, keeps none.
passed_marks as (

    select
        grades.person_id,
        grades.task_id,
        min(grades.day) as day
    from {{ ref('fct_grades') }} as grades
    where grades.is_counting and grades.is_passed
    group by grades.person_id, grades.task_id

),

{{ asked_tasks('members') }},

task_states as (

    select
        members.person_id,
        members.stream_id,
        deadlines.task_id,
        deadlines.due_at,
        -- A deadline before the enrolment was nobody's to keep; midnight belongs to the day it ends.
        case
            when not {{ due }} >= coalesce(members.enrolled_on, members.first_day) or deadlines.due_at is null then null
            when sizes.is_telling and not coalesce(asked_tasks.is_undated, false)
                then {{ later_of('asked_tasks.day', 'greatest(' ~ due ~ ', members.first_day)') }}
            else greatest({{ due }}, members.first_day)
        end as due_day,
        {{ later_of('coalesce(submissions.day, passed_marks.day, case when passed_marks.task_id is not null then ' ~ due ~ ' end)', 'members.first_day') }}
            as submitted_day,
        submissions.submitted_at,
        submissions.hours_to_due,
        coalesce(submissions.is_late, false) as is_late,
        submissions.words
    from members
    inner join {{ ref('fct_deadlines') }} as deadlines
        on members.person_id = deadlines.person_id and members.stream_id = deadlines.stream_id
    left join {{ ref('fct_submissions') }} as submissions
        on deadlines.person_id = submissions.person_id and deadlines.task_id = submissions.task_id and submissions.is_first
    inner join sizes
        on members.stream_id = sizes.stream_id
    left join asked_tasks
        on members.stream_id = asked_tasks.stream_id and deadlines.task_id = asked_tasks.task_id
    left join passed_marks
        on deadlines.person_id = passed_marks.person_id and deadlines.task_id = passed_marks.task_id

),

numbered_tasks as (

    select
        task_states.*,
        case
            when task_states.due_day is null then null
            else row_number() over (
                partition by task_states.person_id, task_states.stream_id
                order by task_states.due_day nulls last, task_states.due_at, task_states.task_id
            )
        end as due_number
    from task_states

),

task_changes as (

    select
        numbered_tasks.person_id,
        numbered_tasks.stream_id,
        numbered_tasks.due_day as day,
        1 as due,
        case when numbered_tasks.submitted_day is null or numbered_tasks.submitted_day > numbered_tasks.due_day then 1 else 0 end as missed,
        0 as submitted,
        0 as late,
        0 as texts,
        0 as paced,
        cast(null as bigint) as kept_number
    from numbered_tasks
    where numbered_tasks.due_day <= {{ as_of() }}
    union all
    select
        numbered_tasks.person_id,
        numbered_tasks.stream_id,
        numbered_tasks.submitted_day as day,
        0 as due,
        case when numbered_tasks.submitted_day > numbered_tasks.due_day then -1 else 0 end as missed,
        1 as submitted,
        case when numbered_tasks.is_late then 1 else 0 end as late,
        case when numbered_tasks.words > 0 then 1 else 0 end as texts,
        case when numbered_tasks.hours_to_due is not null then 1 else 0 end as paced,
        cast(null as bigint) as kept_number
    from numbered_tasks
    where numbered_tasks.submitted_day is not null
    union all
    -- From the day on which a task is both due and handed in, no earlier gap is "in a row" any more.
    select
        numbered_tasks.person_id,
        numbered_tasks.stream_id,
        greatest(numbered_tasks.due_day, numbered_tasks.submitted_day) as day,
        0 as due,
        0 as missed,
        0 as submitted,
        0 as late,
        0 as texts,
        0 as paced,
        numbered_tasks.due_number as kept_number
    from numbered_tasks
    where numbered_tasks.due_day <= {{ as_of() }} and numbered_tasks.submitted_day is not null

),

task_days as (

    select
        task_changes.person_id,
        task_changes.stream_id,
        task_changes.day,
        sum(task_changes.due) as due,
        sum(task_changes.missed) as missed,
        sum(task_changes.submitted) as submitted,
        sum(task_changes.late) as late,
        sum(task_changes.texts) as texts,
        sum(task_changes.paced) as paced,
        max(task_changes.kept_number) as kept_number
    from task_changes
    group by task_changes.person_id, task_changes.stream_id, task_changes.day

),

-- A median that grows with the days: that of the first n, looked up by n.
paced_tasks as (

    select
        task_states.person_id,
        task_states.stream_id,
        task_states.hours_to_due,
        row_number() over (
            partition by task_states.person_id, task_states.stream_id
            order by task_states.submitted_at, task_states.task_id
        ) as place
    from task_states
    where task_states.hours_to_due is not null

),

paces as (

    select
        last_tasks.person_id,
        last_tasks.stream_id,
        last_tasks.place as paced,
        {{ median('first_tasks.hours_to_due') }} as hours_before_due_median
    from paced_tasks as last_tasks
    inner join paced_tasks as first_tasks
        on last_tasks.person_id = first_tasks.person_id
        and last_tasks.stream_id = first_tasks.stream_id
        and first_tasks.place <= last_tasks.place
    group by last_tasks.person_id, last_tasks.stream_id, last_tasks.place

),
{% endmacro %}
