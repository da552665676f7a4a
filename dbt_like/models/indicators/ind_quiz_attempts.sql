-- One row per learner and quiz attempt handed in: was it answered faster than it can be read?
-- Compared with the quiz's own median time, never with a fixed number of seconds. Fast is not cheating: evidence among others.
with attempts as (

    select * from {{ ref('fct_submissions') }}
    where kind = 'quiz'

),

medians as (

    select
        attempts.task_id,
        count(attempts.seconds_spent) as attempts,
        {{ median('attempts.seconds_spent') }} as median_seconds
    from attempts
    where attempts.seconds_spent > 0
    group by attempts.task_id

)

select
    attempts.submission_id,
    attempts.person_id,
    attempts.stream_id,
    attempts.course_id,
    attempts.task_id,
    attempts.day,
    attempts.seconds_spent,
    medians.median_seconds,
    case
        when attempts.seconds_spent is null or medians.attempts < {{ threshold('burst_attempts_min') }} then null
        else attempts.seconds_spent < {{ threshold('burst_share') }} * medians.median_seconds
    end as is_burst
from attempts
left join medians
    on attempts.task_id = medians.task_id
