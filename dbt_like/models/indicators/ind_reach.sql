-- One row per learner: on which channel and at which hours this learner writes. The three hours of the day with most messages count;
-- of equal channels the one used last, of equal hours the earlier. Who wrote nothing lately is reached by mail, at no known hour; where mail
-- comes back, by personal message of the LMS. Beside it, the channel on which this learner answers (ind_reach_channels).
with written as (

    select
        messages.person_id,
        messages.channel,
        messages.sent_at,
        {{ local_hour('messages.sent_at') }} as hour
    from {{ ref('fct_messages') }} as messages
    where
        messages.role = 'learner'
        and messages.person_id is not null
        and messages.day > {{ add_days(as_of(), '-1 * ' ~ threshold('channel_days')) }}

),

channels as (

    select
        written.person_id,
        written.channel,
        count(*) as messages,
        row_number() over (partition by written.person_id order by count(*) desc, max(written.sent_at) desc, written.channel) as place
    from written
    left join {{ ref('ind_reach_channels') }} as known
        on written.person_id = known.person_id and written.channel = known.channel
    where not coalesce(known.is_bounced, false)
    group by written.person_id, written.channel

),

hours as (

    select
        written.person_id,
        written.hour,
        count(*) as messages
    from written
    group by written.person_id, written.hour

),

spans as (

    select
        starts.person_id,
        starts.hour as hour_from,
        sum(hours.messages) as messages,
        row_number() over (partition by starts.person_id order by sum(hours.messages) desc, starts.hour) as place
    from (select distinct hours.person_id, hours.hour from hours) as starts
    inner join hours
        on starts.person_id = hours.person_id and (hours.hour - starts.hour + 24) % 24 < 3
    group by starts.person_id, starts.hour

),

answering as (

    select
        channels.person_id,
        channels.channel,
        channels.answered_share,
        channels.answer_hours,
        row_number() over (
            partition by channels.person_id
            order by channels.answered_share desc, channels.answer_hours, channels.last_answer_at desc, channels.channel
        ) as place
    from {{ ref('ind_reach_channels') }} as channels
    where channels.answers > 0 and not channels.is_bounced

)

select
    people.person_id,
    coalesce(channels.channel, case when mail.is_bounced then 'direct' else 'mail' end) as best_channel,
    coalesce(channels.messages, 0) as messages,
    spans.hour_from as best_hour_from,
    (spans.hour_from + 3) % 24 as best_hour_until,
    answering.channel as answers_on,
    answering.answered_share,
    answering.answer_hours,
    coalesce(mail.is_bounced, false) as is_mail_bounced
from {{ ref('dim_people') }} as people
left join {{ ref('ind_reach_channels') }} as mail
    on people.person_id = mail.person_id and mail.channel = 'mail'
left join channels
    on people.person_id = channels.person_id and channels.place = 1
left join spans
    on people.person_id = spans.person_id and spans.place = 1
left join answering
    on people.person_id = answering.person_id and answering.place = 1
where people.is_learner
