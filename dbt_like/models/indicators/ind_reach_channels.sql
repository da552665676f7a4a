-- One row per learner and channel in which the course's people spoke to this learner or this learner wrote lately: does the learner answer
-- there, how soon, at which hours? An answer is the learner's next message in that channel within thresholds.reach_answer_hours and before
-- the next word from the other side; a notice that was acknowledged by a message counts too. A channel that bounced is marked.
with contacts as (

    select
        contacts.person_id,
        contacts.channel,
        contacts.contacted_at as at,
        contacts.message_id,
        1 as is_contact
    from {{ ref('fct_contacts') }} as contacts
    where not coalesce(contacts.is_returned, false)

),

written as (

    select
        messages.person_id,
        messages.channel,
        messages.sent_at as at,
        messages.message_id,
        0 as is_contact
    from {{ ref('fct_messages') }} as messages
    where messages.role = 'learner' and messages.deleted_at is null and messages.person_id is not null

),

talk as (

    select * from contacts
    union all
    select * from written

),

followed as (

    select
        talk.*,
        lead(talk.at) over (partition by talk.person_id, talk.channel order by talk.at, talk.is_contact, talk.message_id) as next_at,
        lead(talk.is_contact) over (partition by talk.person_id, talk.channel order by talk.at, talk.is_contact, talk.message_id) as next_is_contact
    from talk

),

answers as (

    select
        followed.person_id,
        followed.channel,
        case
            when followed.next_is_contact = 0 and {{ hours_between('followed.at', 'followed.next_at') }} <= {{ threshold('reach_answer_hours') }}
                then {{ hours_between('followed.at', 'followed.next_at') }}
            else null
        end as hours,
        case when followed.next_is_contact = 0 then followed.next_at else null end as next_at
    from followed
    where followed.is_contact = 1

),

answered as (

    select
        answers.person_id,
        answers.channel,
        count(*) as contacts,
        count(answers.hours) as answers,
        {{ median('answers.hours') }} as answer_hours,
        max(case when answers.hours is not null then answers.next_at end) as last_answer_at
    from answers
    group by answers.person_id, answers.channel

),

lately as (

    select
        messages.person_id,
        messages.channel,
        count(*) as messages,
        max(messages.sent_at) as last_message_at
    from {{ ref('fct_messages') }} as messages
    where
        messages.role = 'learner'
        and messages.person_id is not null
        and messages.day > {{ add_days(as_of(), '-1 * ' ~ threshold('channel_days')) }}
    group by messages.person_id, messages.channel

),

hours as (

    select
        written.person_id,
        written.channel,
        {{ local_hour('written.at') }} as hour,
        count(*) as messages
    from written
    group by written.person_id, written.channel, {{ local_hour('written.at') }}

),

spans as (

    select
        starts.person_id,
        starts.channel,
        starts.hour as hour_from,
        sum(hours.messages) as messages,
        row_number() over (partition by starts.person_id, starts.channel order by sum(hours.messages) desc, starts.hour) as place
    from hours as starts
    inner join hours
        on starts.person_id = hours.person_id and starts.channel = hours.channel and (hours.hour - starts.hour + 24) % 24 < 3
    group by starts.person_id, starts.channel, starts.hour

),

last_letters as (

    select
        notices.person_id,
        notices.is_bounced and notices.first_sign_at is null as is_bounced,
        row_number() over (partition by notices.person_id order by notices.sent_at desc, notices.notice_id) as place
    from {{ ref('fct_notices') }} as notices
    where notices.channel = 'mail'

),

channels as (

    select distinct talk.person_id, talk.channel from talk
    union
    select last_letters.person_id, 'mail' as channel from last_letters

)

select
    channels.person_id,
    channels.channel,
    coalesce(answered.contacts, 0) as contacts,
    coalesce(answered.answers, 0) as answers,
    answered.answers / cast(nullif(answered.contacts, 0) as double) as answered_share,
    answered.answer_hours,
    answered.last_answer_at,
    coalesce(lately.messages, 0) as messages,
    lately.last_message_at,
    case when spans.messages >= {{ threshold('reach_hours_messages') }} then spans.hour_from else null end as hour_from,
    case when spans.messages >= {{ threshold('reach_hours_messages') }} then (spans.hour_from + 3) % 24 else null end as hour_until,
    channels.channel = 'mail' and coalesce(last_letters.is_bounced, false) as is_bounced
from channels
inner join {{ ref('dim_people') }} as people
    on channels.person_id = people.person_id and people.is_learner
left join answered
    on channels.person_id = answered.person_id and channels.channel = answered.channel
left join lately
    on channels.person_id = lately.person_id and channels.channel = lately.channel
left join spans
    on channels.person_id = spans.person_id and channels.channel = spans.channel and spans.place = 1
left join last_letters
    on {{ key_where('channels.person_id', "channels.channel = 'mail'") }} = last_letters.person_id and last_letters.place = 1
