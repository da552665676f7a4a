-- One row per stream and day: its learners added up. The parts of a stream sum to the stream.
with days as (

    select * from {{ ref('ind_learner_days') }}

),

usual_deadlines as (

    -- A team's own deadline, earlier or later, moves no task to another place in the stream: that of most learners counts, of as many the earlier.
    select
        deadlines.stream_id,
        deadlines.task_id,
        deadlines.due_at,
        row_number() over (partition by deadlines.stream_id, deadlines.task_id order by count(*) desc, deadlines.due_at) as place
    from {{ ref('fct_deadlines') }} as deadlines
    where deadlines.rule in ('task', 'group_override')
    group by deadlines.stream_id, deadlines.task_id, deadlines.due_at

),

first_tasks as (

    -- Of tasks due at the same moment the one whose id sorts first.
    select
        usual_deadlines.stream_id,
        {{ first_by('usual_deadlines.task_id', '(usual_deadlines.due_at, usual_deadlines.task_id)') }} as task_id
    from usual_deadlines
    where usual_deadlines.place = 1
    group by usual_deadlines.stream_id

),

first_submissions as (

    select
        submissions.person_id,
        submissions.stream_id,
        min(submissions.day) as submitted_on
    from {{ ref('fct_submissions') }} as submissions
    inner join first_tasks
        on submissions.stream_id = first_tasks.stream_id and submissions.task_id = first_tasks.task_id
    group by submissions.person_id, submissions.stream_id

),

ends as (

    select
        enrolments.person_id,
        enrolments.stream_id,
        {{ local_day('enrolments.completed_at') }} as completed_on,
        -- Counted on the day it is known: the unenrolment; silence alone ends nothing before the stream does.
        {{ local_day('enrolments.ended_at') }} as left_on
    from {{ ref('fct_enrolments') }} as enrolments

)

select
    days.day,
    days.stream_id,
    days.course_id,
    max(days.course_day) as course_day,
    max(days.course_days) as course_days,
    count(*) as learners_enrolled,
    count(case when days.is_current then 1 end) as learners,
    count(case when days.is_current and days.active_days_7 > 0 then 1 end) as active_7,
    count(case when days.is_current and not days.has_started then 1 end) as never_started,
    case when max(first_tasks.task_id) is null then null else count(case when days.is_current and first_submissions.submitted_on <= days.day then 1 end) end as submitted_first,
    sum(case when days.is_current then days.tasks_due end) as tasks_due,
    sum(case when days.is_current then days.tasks_missed end) as tasks_missed,
    count(case when ends.completed_on <= days.day then 1 end) as completed,
    count(case when ends.left_on <= days.day and (ends.completed_on is null or ends.completed_on > days.day) then 1 end) as left_early,
    sum(case when days.is_current then days.open_questions end) as open_questions,
    avg(case when days.is_current then days.copied_share end) as mean_copied_share
from days
left join first_tasks
    on days.stream_id = first_tasks.stream_id
left join first_submissions
    on days.person_id = first_submissions.person_id and days.stream_id = first_submissions.stream_id
left join ends
    on days.person_id = ends.person_id and days.stream_id = ends.stream_id
group by days.day, days.stream_id, days.course_id
