-- One row per curator and learner of a running stream of theirs whom the last notices did not reach: the last one came back (bounce), or
-- several in a row have no sign and the learner did nothing anywhere since the last one (silence). Notices in a chat are left out: of them no
-- silence is known. The next channel is the learner's own: where this learner answers, else where this learner writes, never the one that was
-- just tried in vain and never one that came back; then the chat, the LMS where the learner was seen lately, telephone, school.
with notices as (

    select
        notices.*,
        row_number() over (partition by notices.person_id, notices.stream_id order by notices.sent_at desc, notices.notice_id) as place
    from {{ ref('fct_notices') }} as notices
    where notices.tells_silence

),

in_row as (

    select
        days.person_id,
        days.stream_id,
        days.notices_unacknowledged_in_row
    from {{ ref('ind_learner_days') }} as days
    where days.day = {{ as_of() }}

),

last_notices as (

    select
        notices.person_id,
        notices.stream_id,
        notices.notice_id,
        notices.channel,
        notices.sent_at,
        notices.is_bounced,
        in_row.notices_unacknowledged_in_row as notices_in_row,
        enrolments.last_activity_at,
        case
            when notices.first_sign_at is not null then null
            when notices.is_bounced then 'bounce'
            when
                in_row.notices_unacknowledged_in_row >= {{ threshold('not_reached_notices') }}
                and coalesce(enrolments.last_activity_at < notices.sent_at, true)
                then 'silence'
            else null
        end as why
    from notices
    inner join {{ ref('fct_enrolments') }} as enrolments
        on notices.person_id = enrolments.person_id and notices.stream_id = enrolments.stream_id
    left join in_row
        on notices.person_id = in_row.person_id and notices.stream_id = in_row.stream_id
    where notices.place = 1 and enrolments.is_current

),

habits as (

    select
        last_notices.person_id,
        last_notices.stream_id,
        channels.channel,
        channels.answers,
        channels.answer_hours,
        channels.hour_from,
        channels.hour_until,
        row_number() over (
            partition by last_notices.person_id, last_notices.stream_id
            order by
                case when channels.answers > 0 then 0 else 1 end,
                channels.answered_share desc nulls last,
                channels.answer_hours nulls last,
                channels.messages desc,
                channels.channel
        ) as place
    from last_notices
    inner join {{ ref('ind_reach_channels') }} as channels
        on last_notices.person_id = channels.person_id
    where
        channels.channel <> last_notices.channel
        and not channels.is_bounced
        and channels.channel in ('chat', 'mail', 'direct')
        and (channels.answers > 0 or channels.messages > 0)

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    last_notices.stream_id,
    last_notices.person_id,
    people.name as learner_name,
    streams.course_name,
    streams.stream_title,
    last_notices.notice_id,
    letters.subject,
    last_notices.sent_at,
    last_notices.why,
    greatest(coalesce(last_notices.notices_in_row, 0), 1) as notices_in_row,
    case
        when habits.channel is not null then habits.channel
        when known.channels like '%chat%' and last_notices.channel <> 'chat' then 'chat'
        -- Who was in the course lately sees a message there.
        when {{ local_day('last_notices.last_activity_at') }} > {{ add_days(as_of(), '-7') }} then 'direct'
        when people.phone is not null then 'phone'
        when people.institution is not null then 'institution'
        else 'direct'
    end as next_channel,
    case
        when habits.answers > 0 then 'answers_there'
        when habits.channel is not null then 'writes_there'
        when known.channels like '%chat%' and last_notices.channel <> 'chat' then 'is_there'
        when {{ local_day('last_notices.last_activity_at') }} > {{ add_days(as_of(), '-7') }} then 'was_seen'
        else 'nothing_else'
    end as next_why,
    habits.answer_hours as next_answer_hours,
    habits.hour_from as next_hour_from,
    habits.hour_until as next_hour_until
from last_notices
inner join {{ ref('rpt_streams') }} as streams
    on last_notices.stream_id = streams.stream_id
inner join {{ ref('dim_curators') }} as curators
    on last_notices.stream_id = curators.stream_id
left join {{ ref('rpt_people') }} as people
    on last_notices.person_id = people.person_id
left join {{ ref('dim_people') }} as known
    on last_notices.person_id = known.person_id
left join habits
    on last_notices.person_id = habits.person_id and last_notices.stream_id = habits.stream_id and habits.place = 1
left join {{ source('personal', 'messages') }} as letters
    on last_notices.notice_id = letters.message_id
where last_notices.why is not null and streams.is_live and not streams.is_ended
