-- One row per learner, stream and day with an act of the learner's own in any channel.
-- A log-in alone is no act in a course; reading leaves a trace only where the LMS logs it.
with acts as (

    select
        activity.person_id,
        activity.course_id,
        activity.day,
        activity.occurred_at,
        1 as lms,
        0 as messages,
        0 as webinars
    from {{ ref('fct_activity') }} as activity
    where activity.course_id is not null and activity.action not in ('logged_in', 'logged_out', 'login_failed')
    union all
    select
        messages.person_id,
        messages.course_id,
        messages.day,
        messages.sent_at as occurred_at,
        0 as lms,
        -- What was written in the LMS stands in its log already.
        case when messages.channel in ('chat', 'mail') then 1 else 0 end as messages,
        0 as webinars
    from {{ ref('fct_messages') }} as messages
    where messages.role = 'learner'
    union all
    select
        attendance.person_id,
        attendance.course_id,
        attendance.day,
        attendance.starts_at as occurred_at,
        0 as lms,
        0 as messages,
        1 as webinars
    from {{ ref('fct_attendance') }} as attendance
    union all
    -- Handed in, in the log or not.
    select
        submissions.person_id,
        submissions.course_id,
        submissions.day,
        submissions.submitted_at as occurred_at,
        0 as lms,
        0 as messages,
        0 as webinars
    from {{ ref('fct_submissions') }} as submissions
    where not submissions.is_team

)

select
    acts.person_id,
    learners.stream_id,
    acts.course_id,
    acts.day,
    min(acts.occurred_at) as first_at,
    max(acts.occurred_at) as last_at,
    sum(acts.lms) as lms,
    sum(acts.messages) as messages,
    sum(acts.webinars) as webinars,
    sum(acts.lms + acts.messages + acts.webinars) as events
from acts
inner join {{ ref('dim_learners') }} as learners
    on acts.person_id = learners.person_id and acts.course_id = learners.course_id
group by acts.person_id, learners.stream_id, acts.course_id, acts.day
