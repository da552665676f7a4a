-- One row per learner and webinar attended. Stays that overlap (a reconnect, a second device) are united before they are counted.
with stays as (

    select
        attendance.attendance_id,
        attendance.webinar_id,
        accounts.person_id,
        attendance.joined_at,
        attendance.left_at,
        attendance.minutes,
        attendance.chat_messages,
        attendance.reactions,
        attendance.raised_hands,
        attendance.poll_answers,
        attendance.talk_minutes,
        attendance.camera_minutes,
        max(attendance.left_at) over (
            partition by attendance.webinar_id, accounts.person_id
            order by attendance.joined_at, attendance.left_at, attendance.attendance_id
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from {{ source('raw', 'attendance') }} as attendance
    inner join {{ ref('dim_accounts') }} as accounts
        on attendance.account_id = accounts.account_id
    where not accounts.is_service

),

people as (

    select
        stays.webinar_id,
        stays.person_id,
        -- Exports without times state minutes: the longest stay is the least that is certain.
        coalesce(
            sum(
                case
                    when stays.joined_at is null or stays.left_at is null then null
                    when stays.covered_until >= stays.left_at then 0
                    when stays.covered_until > stays.joined_at then {{ hours_between('stays.covered_until', 'stays.left_at') }} * 60
                    else {{ hours_between('stays.joined_at', 'stays.left_at') }} * 60
                end
            ),
            max(stays.minutes)
        ) as minutes_present,
        -- A row without times and minutes tells of polls alone.
        count(case when stays.joined_at is not null or stays.minutes is not null then 1 end) as stays,
        -- Came back after a gap; a second device meanwhile is no reconnect.
        count(case when stays.covered_until < stays.joined_at then 1 end) as reconnects,
        min(stays.joined_at) as joined_at,
        max(stays.left_at) as left_at,
        -- Null where no export of the webinar tells: a sum over nothing but nulls.
        sum(stays.chat_messages) as chat_messages,
        sum(stays.reactions) as reactions,
        sum(stays.raised_hands) as raised_hands,
        sum(stays.poll_answers) as poll_answers,
        sum(stays.talk_minutes) as talk_minutes,
        sum(stays.camera_minutes) as camera_minutes
    from stays
    group by stays.webinar_id, stays.person_id

)

select
    people.person_id,
    people.webinar_id,
    learners.stream_id,
    webinars.course_id,
    webinars.starts_at,
    webinars.day,
    people.minutes_present,
    webinars.minutes as webinar_minutes,
    case
        when webinars.minutes > 0 and people.minutes_present is not null then least(1.0, people.minutes_present / webinars.minutes)
        else null
    end as share,
    people.stays,
    people.reconnects,
    people.chat_messages,
    people.reactions,
    people.raised_hands,
    people.poll_answers,
    people.talk_minutes,
    people.camera_minutes,
    case
        when webinars.ends_at is null or people.left_at is null then null
        else greatest(0.0, {{ hours_between('webinars.ends_at', 'people.left_at') }} * 60)
    end as minutes_past_end
from people
inner join {{ ref('dim_webinars') }} as webinars
    on people.webinar_id = webinars.webinar_id
inner join {{ ref('dim_learners') }} as learners
    on people.person_id = learners.person_id and webinars.course_id = learners.course_id
