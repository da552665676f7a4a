-- One row per learner and stream: signs that the course was done without learning. Formal completion = completed, with at least
-- thresholds.formal_evidences signs of different kinds. A sign whose source is missing is unknown and weighs nothing. Two circumstances stand
-- beside the signs and weigh nothing either: honest people hand in on the last day too, and most do nothing more after the certificate.
with last_days as (

    select
        days.*,
        row_number() over (partition by days.person_id, days.stream_id order by days.day desc) as place
    from {{ ref('ind_learner_days') }} as days
    where days.day <= {{ as_of() }}

),

stayed as (

    select
        attendance.person_id,
        attendance.course_id,
        count(*) as attended
    from {{ ref('fct_attendance') }} as attendance
    group by attendance.person_id, attendance.course_id

),

bursts as (

    select
        attempts.person_id,
        attempts.course_id,
        count(case when attempts.is_burst then 1 end) / cast(nullif(count(attempts.is_burst), 0) as double) as burst_share
    from {{ ref('ind_quiz_attempts') }} as attempts
    group by attempts.person_id, attempts.course_id

),

rushes as (

    select
        submissions.person_id,
        submissions.stream_id,
        count(
            case when {{ hours_between('submissions.submitted_at', 'deadlines.due_at') }} between 0 and {{ threshold('formal_rush_hours') }} then 1 end
        ) / cast(count(*) as double) as deadline_share
    from {{ ref('fct_submissions') }} as submissions
    inner join {{ ref('fct_deadlines') }} as deadlines
        on
            submissions.person_id = deadlines.person_id and submissions.stream_id = deadlines.stream_id
            and submissions.task_id = deadlines.task_id and deadlines.due_at is not null
    where submissions.is_first
    group by submissions.person_id, submissions.stream_id

),

completions as (

    select
        enrolments.person_id,
        enrolments.stream_id,
        {{ local_day('enrolments.completed_at') }} as day
    from {{ ref('fct_enrolments') }} as enrolments
    where enrolments.outcome = 'completed' and enrolments.completed_at is not null

),

afterwards as (

    -- The day itself is left out: the certificate is looked at.
    select
        completions.person_id,
        completions.stream_id,
        case
            when max(completions.day) <= {{ add_days(as_of(), '-1 * ' ~ threshold('formal_quiet_days')) }} then count(acts.day) = 0
        end as is_quiet_after
    from completions
    left join {{ ref('fct_acts') }} as acts
        on
            completions.person_id = acts.person_id and completions.stream_id = acts.stream_id and completions.day < acts.day
            and acts.day <= {{ add_days('completions.day', threshold('formal_quiet_days')) }}
    group by completions.person_id, completions.stream_id

),

shares as (

    select
        enrolments.person_id,
        enrolments.stream_id,
        enrolments.course_id,
        enrolments.outcome,
        enrolments.outcome = 'completed' as is_completed,
        last_days.copied_share,
        case when stayed.attended > 0 and last_days.idle_webinars is not null then least(1.0, last_days.idle_webinars / cast(stayed.attended as double)) else null end as idle_share,
        case
            when last_days.materials_total > 0 and last_days.tasks_submitted > 0
                then last_days.materials_opened / cast(last_days.materials_total as double)
            else null
        end as opened_share,
        bursts.burst_share,
        rushes.deadline_share,
        afterwards.is_quiet_after
    from {{ ref('fct_enrolments') }} as enrolments
    inner join last_days
        on enrolments.person_id = last_days.person_id and enrolments.stream_id = last_days.stream_id and last_days.place = 1
    left join stayed
        on enrolments.person_id = stayed.person_id and enrolments.course_id = stayed.course_id
    left join bursts
        on enrolments.person_id = bursts.person_id and enrolments.course_id = bursts.course_id
    left join rushes
        on enrolments.person_id = rushes.person_id and enrolments.stream_id = rushes.stream_id
    left join afterwards
        on enrolments.person_id = afterwards.person_id and enrolments.stream_id = afterwards.stream_id

),

evidence as (

    select
        shares.*,
        shares.copied_share >= {{ threshold('formal_copied_share') }} as has_copied,
        shares.idle_share >= {{ threshold('formal_idle_share') }} as has_idled,
        shares.opened_share <= {{ threshold('formal_unread_share') }} as has_not_read,
        shares.burst_share >= {{ threshold('formal_burst_share') }} as has_burst
    from shares

),

counted as (

    select
        evidence.*,
        case when evidence.has_copied then 1 else 0 end
        + case when evidence.has_idled then 1 else 0 end
        + case when evidence.has_not_read then 1 else 0 end
        + case when evidence.has_burst then 1 else 0 end as evidences,
        case when evidence.has_copied is null then 0 else 1 end
        + case when evidence.has_idled is null then 0 else 1 end
        + case when evidence.has_not_read is null then 0 else 1 end
        + case when evidence.has_burst is null then 0 else 1 end as evidences_known
    from evidence

)

select
    counted.person_id,
    counted.stream_id,
    counted.course_id,
    counted.outcome,
    counted.copied_share,
    counted.idle_share,
    counted.opened_share,
    counted.burst_share,
    counted.has_copied,
    counted.has_idled,
    counted.has_not_read,
    counted.has_burst,
    counted.evidences,
    counted.evidences_known,
    counted.deadline_share,
    counted.deadline_share >= {{ threshold('formal_rush_share') }} as has_rushed,
    counted.is_quiet_after,
    case
        when not counted.is_completed then false
        when counted.evidences >= {{ threshold('formal_evidences') }} then true
        -- So few signs can be seen that the rest could decide either way: unknown.
        when counted.evidences_known < {{ threshold('formal_evidences') }} then null
        else false
    end as is_formal
from counted
