-- One row per webinar held, with how many of those present are known.
with webinars as (

    select * from {{ source('raw', 'webinars') }}

),

places as (

    select * from {{ source('links', 'places') }}

),

stays as (

    select
        attendance.webinar_id,
        count(distinct attendance.account_id) as attendees,
        count(distinct case when accounts.account_id is null then attendance.account_id end) as unlinked_attendees,
        min(attendance.joined_at) as first_joined_at,
        max(attendance.left_at) as last_left_at
    from {{ source('raw', 'attendance') }} as attendance
    left join {{ ref('dim_accounts') }} as accounts
        on attendance.account_id = accounts.account_id
    group by attendance.webinar_id

),

timed as (

    select
        webinars.webinar_id,
        coalesce(webinars.course_id, places.course_id) as course_id,
        places.group_id,
        coalesce(webinars.starts_at, stays.first_joined_at) as starts_at,
        coalesce(webinars.ends_at, stays.last_left_at) as ends_at,
        webinars.minutes,
        webinars.title,
        coalesce(stays.attendees, 0) as attendees,
        coalesce(stays.unlinked_attendees, 0) as unlinked_attendees
    from webinars
    left join places
        on webinars.webinar_id = places.place_id and places.kind = 'webinar'
    left join stays
        on webinars.webinar_id = stays.webinar_id

)

select
    timed.webinar_id,
    timed.course_id,
    -- Null: for every stream of the course.
    streams.stream_id,
    timed.title,
    timed.starts_at,
    timed.ends_at,
    {{ local_day('timed.starts_at') }} as day,
    coalesce(timed.minutes, {{ hours_between('timed.starts_at', 'timed.ends_at') }} * 60) as minutes,
    timed.attendees,
    timed.unlinked_attendees
from timed
left join {{ ref('dim_streams') }} as streams
    on timed.group_id = streams.group_id
where timed.starts_at < {{ as_of_end() }}
