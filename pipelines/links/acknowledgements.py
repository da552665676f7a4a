"""Who shows a sign of having received a curator's notice: ``links.acknowledgements``.

A notice is a curator's mail that opens a thread and answers nothing (to one or to many), or a post that opens a thread in a news forum
and that somebody was seen to open.
Chats record no reading, so the silence after a pinned message would say nothing: those are no notices here. A sign is what the systems record of one notice (receipt, report, automatic reply, reply), or what
the addressee does before the next notice: writes to the sender outside the thread, or confirms in a chat of a course they share.
A letter that asks something is a question, not a confirmation. No sign is no proof of anything: most people never confirm.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.links import wording
from pipelines.links.roles import relate_roles
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_REPLY_SUBJECT = "^ *(re|fw|fwd|aw|sv|отв|ответ|пер|на) *(\\[[0-9]+\\])? *:"

_NOTICES = f"""
create or replace temp table notices as
select message_id as notice_id, channel, chat_id, course_id, account_id as sender_id, author_id, person_id as sender_person_id, sent_at, thread_id
from conversation
where kind = 'post' and role in ('curator', 'staff') and sent_at is not null and not is_forwarded and (
    (channel = 'mail' and reply_to_id is null and not regexp_matches(lower(coalesce(subject, '')), '{_REPLY_SUBJECT}'))
    or (chat_kind = 'news' and reply_to_id is null)
) and message_id not in (select answer_id from links.replies)
    -- News that nobody was seen to open are read elsewhere (the LMS mails them): silence about them would say nothing.
    and (channel <> 'forum' or exists (
        select 1 from raw.activity as activity
        where activity.action = 'viewed' and activity.event like '%discussion_viewed%' and activity.object_id = split_part(conversation.thread_id, ':', 3)
    ))
"""

# Mail names its addressees; a news post is for the learners who are in the course on that day.
_RECEIVED = """
create or replace temp table received as
with by_mail as (
    select notice.notice_id, addressed.person_id
    from notices as notice join addressed on addressed.message_id = notice.notice_id and addressed.role in ('to', 'cc', 'bcc')
    where notice.channel = 'mail' and addressed.person_id is not null and addressed.person_id is distinct from notice.sender_person_id
), by_course as (
    select distinct notice.notice_id, span.person_id
    from notices as notice join role_spans as span on span.course_id = notice.course_id and span.role = 'learner'
        and coalesce(span.since <= notice.sent_at, true) and coalesce(span.until > notice.sent_at, true)
    where notice.channel = 'forum'
), everybody as (
    select * from by_mail union select * from by_course
)
select received.notice_id, received.person_id, notice.channel, notice.chat_id, notice.sender_id, notice.sender_person_id, notice.sent_at,
    -- The span in which an act outside the thread speaks of this notice and of no later one of the same sender.
    least(
        coalesce(lead(notice.sent_at) over (partition by received.person_id, notice.author_id order by notice.sent_at, notice.notice_id), notice.sent_at + to_seconds(86400 * $days)),
        notice.sent_at + to_seconds(86400 * $days)
    ) as until
from everybody as received join notices as notice on notice.notice_id = received.notice_id
"""

_SIGNS = f"""
with recorded as (
    -- Receipts, reports and automatic replies name the notice; whom they speak of, or else who sent them, is the addressee.
    select received.notice_id, received.person_id,
        case
            when message.kind = 'read_receipt' and message.delivery_state = 'deleted' then 'deleted_unread'
            when message.kind = 'read_receipt' then 'read_receipt'
            when message.kind = 'auto_reply' then 'auto_reply'
            when message.delivery_state = 'delayed' then 'delayed'
            when message.delivery_state in ('delivered', 'relayed', 'expanded') then null
            else 'bounce'
        end as kind, message.sent_at, message.message_id
    from conversation as message
    left join links.people as about on about.account_id = message.about_account_id and about.state = 'linked'
    join received on received.notice_id = coalesce(message.about_message_id, message.reply_to_id)
        and received.person_id = coalesce(about.person_id, case when message.about_account_id is null then message.person_id end)
    where message.kind in ('read_receipt', 'auto_reply', 'delivery_report')
), replied as (
    select received.notice_id, received.person_id, 'reply' as kind, message.sent_at, message.message_id
    from conversation as message
    join received on received.person_id = message.person_id and received.notice_id = message.reply_to_id
    where message.kind = 'post' and message.sent_at >= received.sent_at
), threaded as (
    -- A later mail of the same thread, to whomever of it: the learner goes on from the notice.
    select received.notice_id, received.person_id, 'reply' as kind, message.sent_at, message.message_id
    from conversation as message
    join notices as notice on notice.thread_id = message.thread_id and notice.channel = message.channel
    join received on received.person_id = message.person_id and received.notice_id = notice.notice_id
    where message.kind = 'post' and message.sent_at >= received.sent_at and message.message_id <> notice.notice_id
), viewed as (
    -- A news thread opened in the LMS: recorded once per look at the thread, so a look after the post is a look at it.
    select received.notice_id, received.person_id, 'viewed' as kind, activity.occurred_at as sent_at, cast(null as varchar) as message_id
    from raw.activity as activity
    join links.people as person on person.account_id = activity.account_id and person.state = 'linked'
    join notices as notice on notice.channel = 'forum' and split_part(notice.thread_id, ':', 3) = activity.object_id and notice.course_id = activity.course_id
    join received on received.notice_id = notice.notice_id and received.person_id = person.person_id
    where activity.action = 'viewed' and activity.event like '%discussion_viewed%' and not activity.is_impersonated and activity.occurred_at >= received.sent_at
), written as (
    select received.notice_id, received.person_id, 'mail' as kind, message.sent_at, message.message_id
    from conversation as message
    join addressed on addressed.message_id = message.message_id
    join received on received.person_id = message.person_id and received.sender_id = addressed.account_id and received.channel = 'mail'
        and message.sent_at > received.sent_at and message.sent_at <= received.until
    left join links.questions as question on question.message_id = message.message_id
    where message.channel = 'mail' and message.kind = 'post' and message.reply_to_id is null and not coalesce(question.is_question, false)
), confirming as (
    select message_id, person_id, course_id, sent_at, reply_to_id, {wording.line_sql("text", quotations=True)} as line
    from conversation
    where channel = 'chat' and kind = 'post' and not is_forwarded and person_id is not null and role = 'learner'
), confirmed as (
    select received.notice_id, received.person_id, 'chat' as kind, message.sent_at, message.message_id
    from confirming as message
    join received on received.person_id = message.person_id and message.sent_at > received.sent_at and message.sent_at <= received.until
    where regexp_matches(message.line, '{wording.pattern(wording.RECEIPTS)}') and not contains(message.line, ' ? ')
        and len(string_split(trim(message.line), ' ')) <= $words and received.channel = 'mail'
        and exists (select 1 from role_spans as span where span.course_id = message.course_id and span.person_id = received.sender_person_id and span.role <> 'learner')
), latest as (
    -- One confirmation in a chat, or one letter, speaks of the latest notice before it.
    select sign.* from (select * from written union all select * from confirmed) as sign join received
        on received.notice_id = sign.notice_id and received.person_id = sign.person_id
    qualify row_number() over (partition by sign.person_id, sign.message_id order by received.sent_at desc, sign.notice_id) = 1
), every as (
    select * from recorded where kind is not null
    union all select * from replied
    union all select * from threaded
    union all select * from viewed
    union all select * from latest
), earliest as (
    select notice_id, person_id, kind, min(sent_at) as acknowledged_at, arg_min(message_id, row(sent_at, message_id)) as message_id
    from every where sent_at is not null group by notice_id, person_id, kind
)
select notice_id, person_id, kind, acknowledged_at, message_id from earliest
union all
select received.notice_id, received.person_id, 'none', null, null
from received where not exists (
    select 1 from earliest where earliest.notice_id = received.notice_id and earliest.person_id = received.person_id
)
order by notice_id, person_id, kind
"""


@dataclass(frozen=True)
class AcknowledgementSummary:
    """Notices, their addressees that are known people, addressees left out because nobody is linked to the address, first signs by kind."""

    notices: int
    addressees: int
    unlinked: int
    by_kind: dict[str, int]


def link_acknowledgements(warehouse: Warehouse, programme: Programme) -> AcknowledgementSummary:
    """Find the signs that a notice arrived and write ``links.acknowledgements``. Needs links.people, links.replies and links.questions.

    Grain: one row per notice, addressee and kind of sign (the first of its kind), or one row ``none``. Addressees are people: addresses
    that are linked to nobody are counted in the summary and left out. ``reply`` is in the notice's thread as the systems
    recorded it; a letter without that record is ``mail``, and a letter that asks (links.questions) is neither. ``viewed`` is known of news posts only. ``bounce``, ``delayed``,
    ``auto_reply`` and ``deleted_unread`` are signs too, but none of having read: whoever counts decides.
    """
    relate_roles(warehouse)
    warehouse.connection.execute(_NOTICES)
    warehouse.connection.execute(_RECEIVED, {"days": threshold("notice_window")})
    signs = warehouse.arrow(_SIGNS, {"words": int(threshold("confirmation_words"))})
    warehouse.replace("links.acknowledgements", signs)
    unlinked = warehouse.value(
        "select count(*) from notices join addressed on addressed.message_id = notices.notice_id and addressed.role in ('to', 'cc', 'bcc') "
        "where notices.channel = 'mail' and addressed.person_id is null"
    )
    kinds = warehouse.rows("select kind, count(*) from links.acknowledgements group by kind order by kind")
    return AcknowledgementSummary(
        notices=int(warehouse.value("select count(*) from notices")),
        addressees=int(warehouse.value("select count(*) from received")),
        unlinked=int(unlinked),
        by_kind={kind: int(count) for kind, count in kinds},
    )
