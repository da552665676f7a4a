-- One row per message of a curator that speaks to one learner: a letter, a personal message, an answer in a forum or chat, a notice.
-- A letter that came back from the learner is kept and marked: it was sent, and reached nobody.
-- A message without a course is a contact in the stream that the learner shares with its writer.
with messages as (

    select * from {{ ref('fct_messages') }}

),

spoken as (

    select
        messages.message_id,
        accounts.person_id,
        case when messages.is_to_list then 'notice' else 'letter' end as kind,
        false as is_unreceived
    from messages
    inner join {{ source('raw', 'addressees') }} as addressees
        on messages.message_id = addressees.message_id
    inner join {{ ref('dim_accounts') }} as accounts
        on addressees.account_id = accounts.account_id
    -- Who reacted had been spoken to by all the others' means.
    where messages.role in ('curator', 'staff') and addressees.role <> 'reaction'
    union
    select
        messages.message_id,
        questions.person_id,
        'answer' as kind,
        unreceived.answer_id is not null as is_unreceived
    from {{ source('links', 'replies') }} as replies
    inner join messages
        on replies.answer_id = messages.message_id
    inner join {{ ref('fct_questions') }} as questions
        on replies.question_id = questions.question_id
    left join {{ ref('fct_unreceived_answers') }} as unreceived
        on replies.question_id = unreceived.question_id and replies.answer_id = unreceived.answer_id
    where messages.role in ('curator', 'staff')
    union
    select
        notices.notice_id as message_id,
        notices.person_id,
        'notice' as kind,
        false as is_unreceived
    from {{ ref('fct_notices') }} as notices
    -- What stands in a chat speaks to everybody and to no one.
    where notices.channel <> 'chat'

),

ranked as (

    select
        spoken.message_id,
        spoken.person_id,
        -- One message is one contact: an answer before a letter, a letter to this learner before a notice to many (the words sort so).
        spoken.kind,
        messages.channel,
        messages.person_id as curator_id,
        messages.sent_at as contacted_at,
        messages.day,
        learners.course_id,
        learners.stream_id,
        spoken.is_unreceived or returned.message_id is not null as is_returned,
        row_number() over (
            partition by spoken.message_id, spoken.person_id
            order by
                case when messages.course_id = learners.course_id then 0 else 1 end,
                case when curators.curator_id is not null then 0 else 1 end,
                case when messages.day between streams.starts_on and coalesce(streams.ends_on, date '9999-01-01') then 0 else 1 end,
                streams.starts_on desc nulls last,
                learners.stream_id,
                spoken.kind,
                spoken.is_unreceived
        ) as place
    from spoken
    inner join messages
        on spoken.message_id = messages.message_id
    inner join {{ ref('dim_learners') }} as learners
        on spoken.person_id = learners.person_id
    inner join {{ ref('dim_streams') }} as streams
        on learners.stream_id = streams.stream_id
    left join {{ ref('dim_curators') }} as curators
        on learners.stream_id = curators.stream_id and messages.person_id = curators.curator_id
    left join {{ ref('fct_returned_letters') }} as returned
        on spoken.message_id = returned.message_id and spoken.person_id = returned.receiver_id and returned.missed_receiver

)

select
    ranked.message_id,
    ranked.person_id,
    ranked.stream_id,
    ranked.course_id,
    ranked.curator_id,
    ranked.channel,
    ranked.kind,
    ranked.contacted_at,
    ranked.day,
    ranked.is_returned
from ranked
where ranked.place = 1
