-- One row per load that brought rows with a time: the first day they speak of. Tells how far back a late export reaches.
with moments as (

    select activity.load_id, min(activity.occurred_at) as first_at from {{ source('raw', 'activity') }} as activity group by activity.load_id
    union all
    select messages.load_id, min(messages.sent_at) as first_at from {{ source('raw', 'messages') }} as messages group by messages.load_id
    union all
    select submissions.load_id, min(submissions.submitted_at) as first_at from {{ source('raw', 'submissions') }} as submissions group by submissions.load_id
    union all
    select grades.load_id, min(grades.graded_at) as first_at from {{ source('raw', 'grades') }} as grades group by grades.load_id
    union all
    select attendance.load_id, min(attendance.joined_at) as first_at from {{ source('raw', 'attendance') }} as attendance group by attendance.load_id

)

select
    moments.load_id,
    {{ local_day('min(moments.first_at)') }} as first_day
from moments
where moments.first_at < {{ as_of_end() }}
group by moments.load_id
