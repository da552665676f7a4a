-- One row per notice and learner it was addressed to, with the first sign that it arrived.
-- Signs: read receipt, reply, a later mail or personal message or word in the chat that confirms, reaction, the news thread opened, the task
-- that it names opened or handed in. A bounce says that it did not arrive; an automatic reply, a delay or "deleted unread" say nothing. No sign
-- of a letter or of news is a silence; no sign of a chat message is no silence, for chats record no reading.
{% set signs = "('read_receipt', 'reply', 'mail', 'chat', 'direct', 'reaction', 'viewed', 'acted')" %}
with acknowledgements as (

    select * from {{ source('links', 'acknowledgements') }}

),

addressed as (

    select
        acknowledgements.notice_id,
        acknowledgements.person_id,
        bool_or(acknowledgements.kind = 'bounce' and acknowledgements.acknowledged_at < {{ as_of_end() }}) as is_bounced,
        min(
            case
                when acknowledgements.kind in {{ signs }} and acknowledgements.acknowledged_at < {{ as_of_end() }} then acknowledgements.acknowledged_at
            end
        ) as first_sign_at,
        {{ first_by(
            "case when acknowledgements.kind in " ~ signs ~ " then acknowledgements.kind end",
            "case when acknowledgements.kind in " ~ signs ~ " and acknowledgements.acknowledged_at < " ~ as_of_end() ~ " then acknowledgements.acknowledged_at end"
        ) }} as first_sign_kind
    from acknowledgements
    group by acknowledgements.notice_id, acknowledgements.person_id

),

candidates as (

    select
        addressed.*,
        messages.channel,
        messages.person_id as sender_id,
        messages.sent_at,
        messages.day,
        learners.course_id,
        learners.stream_id,
        row_number() over (
            partition by addressed.notice_id, addressed.person_id
            order by
                case when messages.course_id = learners.course_id then 0 else 1 end,
                case when curators.curator_id is not null then 0 else 1 end,
                case when messages.day between streams.starts_on and coalesce(streams.ends_on, date '9999-01-01') then 0 else 1 end,
                streams.starts_on desc nulls last,
                learners.stream_id
        ) as place
    from addressed
    inner join {{ ref('fct_messages') }} as messages
        on addressed.notice_id = messages.message_id
    inner join {{ ref('dim_learners') }} as learners
        on addressed.person_id = learners.person_id
    inner join {{ ref('dim_streams') }} as streams
        on learners.stream_id = streams.stream_id
    left join {{ ref('dim_curators') }} as curators
        on learners.stream_id = curators.stream_id and messages.person_id = curators.curator_id

)

select
    candidates.notice_id,
    candidates.channel,
    candidates.person_id,
    candidates.stream_id,
    candidates.course_id,
    candidates.sender_id,
    candidates.sent_at,
    candidates.day,
    candidates.is_bounced,
    candidates.first_sign_kind,
    candidates.first_sign_at,
    candidates.channel <> 'chat' as tells_silence,
    case
        when candidates.first_sign_at is not null then true
        when candidates.is_bounced then false
        else null
    end as is_reached
from candidates
where candidates.place = 1
