"""Who shows a sign of having received a curator's notice: ``links.acknowledgements``.

A notice is a curator's mail that opens a thread and answers nothing (to one or to many), a post that opens a thread in a news forum
and that somebody was seen to open, or a message in a course's chat that is pinned or asks everybody for something.
A sign is what the systems record of one notice (receipt, report, automatic reply, reply, reaction, an opened thread), or what
the addressee does before the next notice: writes to the sender outside the thread, confirms in a chat of a course they share or by personal
message, or opens or hands in the task that the notice names or links to. A letter that asks something is a question, not a confirmation.

No sign is no proof of anything: most people never confirm. Chats do not even record reading, so the silence after a chat message is
``unknown`` and never "not reached".
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.links.conversations import wording
from pipelines.links.conversations.roles import relate_roles
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_REPLY_SUBJECT = "^ *(re|fw|fwd|aw|sv|отв|ответ|пер|на) *(\\[[0-9]+\\])? *:"

_NOTICES = f"""
create or replace temp table notices as
with spoken as (
    select message.*, {wording.line_sql("message.text", quotations=True)} as line, {wording.line_sql("message.subject", quotations=True)} as head,
        coalesce(raw_message.group_id, place.group_id) as group_id,
        message.message_id in (select answer_id from links.replies) as is_answer
    from conversation as message
    join raw.messages as raw_message on raw_message.message_id = message.message_id
    left join links.places as place on place.place_id = message.chat_id and place.kind = 'chat'
    where message.kind = 'post' and message.role in ('curator', 'staff') and message.sent_at is not null and not message.is_forwarded
)
select message_id as notice_id, channel, chat_id, course_id, group_id, account_id as sender_id, author_id, person_id as sender_person_id, sent_at, thread_id, subject, text,
    head || line as words
from spoken
where (
    channel = 'mail' and reply_to_id is null and not is_answer and not regexp_matches(lower(coalesce(subject, '')), '{_REPLY_SUBJECT}')
) or (
    chat_kind = 'news' and reply_to_id is null and not is_answer
    -- News that nobody was seen to open are read elsewhere (the LMS mails them): silence about them would say nothing.
    and exists (
        select 1 from raw.activity as activity
        where activity.action = 'viewed' and activity.event like '%discussion_viewed%' and activity.object_id = split_part(spoken.thread_id, ':', 3)
    )
) or (
    channel = 'chat' and chat_kind <> 'news' and course_id is not null and deleted_at is null and (
        is_pinned
        or (not is_answer and reply_to_id is null and regexp_matches(line, '{wording.pattern(wording.TO_ALL)}') and regexp_matches(line, '{wording.pattern(wording.ASKS_ALL)}'))
    )
)
"""

# Mail names its addressees; what is posted is for the learners who are in the course (and in the group that it is for) on that day.
_RECEIVED = """
create or replace temp table received as
with by_mail as (
    select notice.notice_id, addressed.person_id
    from notices as notice join addressed on addressed.message_id = notice.notice_id and addressed.role in ('to', 'cc', 'bcc')
    where notice.channel = 'mail' and addressed.person_id is not null and addressed.person_id is distinct from notice.sender_person_id
), members as (
    select distinct membership.group_id, person.person_id, membership.joined_at, membership.left_at
    from raw.memberships as membership join links.people as person on person.account_id = membership.account_id and person.state = 'linked'
), backdated as (
    select distinct person_id, course_id from role_spans where since < entered_at
), first_acts as (
    -- A restored LMS enters everybody anew: who acted before was there before.
    select backdated.person_id, backdated.course_id, min(activity.occurred_at) as first_at
    from backdated join links.people as person on person.person_id = backdated.person_id and person.state = 'linked'
    join raw.activity as activity on activity.account_id = person.account_id and activity.course_id = backdated.course_id
    where not coalesce(activity.is_impersonated, false)
    group by backdated.person_id, backdated.course_id
), entered as (
    select span.person_id, span.course_id, span.until,
        case when span.since < span.entered_at then least(span.entered_at, greatest(span.since, coalesce(first_acts.first_at, span.entered_at))) else span.entered_at end as entered_at
    from role_spans as span left join first_acts on first_acts.person_id = span.person_id and first_acts.course_id = span.course_id
    where span.role = 'learner'
), by_course as (
    select distinct notice.notice_id, span.person_id
    from notices as notice join entered as span on span.course_id = notice.course_id
        and coalesce(span.entered_at <= notice.sent_at, true) and coalesce(span.until > notice.sent_at, true)
    where notice.channel <> 'mail' and span.person_id is distinct from notice.sender_person_id and (notice.group_id is null or exists (
        select 1 from members where members.group_id = notice.group_id and members.person_id = span.person_id
            and coalesce(members.joined_at <= notice.sent_at, true) and coalesce(members.left_at > notice.sent_at, true)
    ))
), everybody as (
    select * from by_mail union select * from by_course
)
select received.notice_id, received.person_id, notice.channel, notice.chat_id, notice.course_id, notice.sender_id, notice.sender_person_id, notice.sent_at,
    -- The span in which an act outside the thread speaks of this notice and of no later one of the same sender in the same channel.
    least(
        coalesce(
            lead(notice.sent_at) over (partition by received.person_id, notice.author_id, notice.channel order by notice.sent_at, notice.notice_id),
            notice.sent_at + to_seconds(86400 * $days)
        ),
        notice.sent_at + to_seconds(86400 * $days)
    ) as until
from everybody as received join notices as notice on notice.notice_id = received.notice_id
"""

#: Words that stand for a kind of task, and for the number behind them: "задание 2", "теста модуля 4", "assignment 3".
_NUMBERED = {
    "assignment": "(?:задани[а-я]*|работ[а-я]*|эссе|assignment|task|homework)",
    "quiz": "(?:тест[а-я]*|quiz|test)",
}
_BETWEEN = "(?:(?:номер|n|no|модул[а-я]*|недел[а-я]*|по модулю|of module|of week|module|week) )?"

#: The tasks that a notice names (whole name, or kind and number) or links to. What fits several tasks of a course names none.
_ASKED_FOR = f"""
create or replace temp table asked_for as
with teaching as (
    select notice.notice_id, notice.text, notice.words, coalesce(notice.course_id, span.course_id) as course_id
    from notices as notice left join role_spans as span on notice.course_id is null and span.person_id = notice.sender_person_id and span.role <> 'learner'
), task as (
    select task_id, course_id, case when kind = 'quiz' then 'quiz' when kind = 'assignment' then 'assignment' else 'other' end as kind, {wording.line_sql("name", quotations=True)} as line
    from raw.tasks where not coalesce(is_deleted, false)
), numbered as (
    select *, try_cast(nullif(regexp_extract(line, ' ([0-9]+) ', 1), '') as integer) as number from task
), linked as (
    select distinct notice_id, course_id, unnest(regexp_extract_all(coalesce(text, ''), 'mod/[a-z]+/view[.]php[?]id=([0-9]+)', 1)) as module from teaching
), named as (
    select teaching.notice_id, task.course_id, task.task_id, length(task.line) as weight
    from teaching join task on task.course_id = teaching.course_id and len(string_split(trim(task.line), ' ')) >= $words and contains(teaching.words, task.line)
), counted as (
    select distinct teaching.notice_id, teaching.course_id, kinds.kind, try_cast(unnest(regexp_extract_all(teaching.words, kinds.pattern, 1)) as integer) as number
    from teaching cross join (values {", ".join(f"('{kind}', ' {noun} {_BETWEEN}([0-9]+) ')" for kind, noun in _NUMBERED.items())}) as kinds (kind, pattern)
), by_number as (
    select counted.notice_id, counted.course_id, numbered.task_id,
        count(*) over (partition by counted.notice_id, counted.course_id, counted.kind, counted.number) as fitting
    from counted join numbered on numbered.course_id = counted.course_id and numbered.kind = counted.kind and numbered.number = counted.number
)
select distinct notice_id, task_id from (
    select linked.notice_id, task.task_id from linked join task on task.course_id = linked.course_id and task.task_id like '%:task:' || linked.module
    union all select notice_id, task_id from named
    union all select notice_id, task_id from by_number where fitting = 1
)
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
    -- A later mail of the same thread, to whomever of it: the learner goes on from the notice. (A chat's topic is no thread.)
    select received.notice_id, received.person_id, 'reply' as kind, message.sent_at, message.message_id
    from conversation as message
    join notices as notice on notice.thread_id = message.thread_id and notice.channel = message.channel and notice.channel <> 'chat'
    join received on received.person_id = message.person_id and received.notice_id = notice.notice_id
    where message.kind = 'post' and message.sent_at >= received.sent_at and message.message_id <> notice.notice_id
), reacted as (
    -- Exports that do not say when a reaction was given have it by the moment of which they speak.
    select received.notice_id, received.person_id, 'reaction' as kind, greatest(coalesce(part.acted_at, part.seen_at), received.sent_at) as sent_at, cast(null as varchar) as message_id
    from raw.addressees as part
    join links.people as person on person.account_id = part.account_id and person.state = 'linked'
    join received on received.notice_id = part.message_id and received.person_id = person.person_id
    where part.role = 'reaction'
), viewed as (
    -- A news thread opened in the LMS: recorded once per look at the thread, so a look after the post is a look at it.
    select received.notice_id, received.person_id, 'viewed' as kind, activity.occurred_at as sent_at, cast(null as varchar) as message_id
    from raw.activity as activity
    join links.people as person on person.account_id = activity.account_id and person.state = 'linked'
    join notices as notice on notice.channel = 'forum' and split_part(notice.thread_id, ':', 3) = activity.object_id and notice.course_id = activity.course_id
    join received on received.notice_id = notice.notice_id and received.person_id = person.person_id
    where activity.action = 'viewed' and activity.event like '%discussion_viewed%' and not activity.is_impersonated and activity.occurred_at >= received.sent_at
), done as (
    select activity.account_id, activity.task_id, activity.occurred_at as acted_at
    from raw.activity as activity
    where activity.task_id in (select task_id from asked_for) and activity.action in ('viewed', 'submitted', 'uploaded', 'attempted', 'posted', 'completed')
        and not activity.is_impersonated and not activity.is_anonymous
    union all
    select submission.account_id, submission.task_id, submission.submitted_at
    from raw.submissions as submission
    where submission.task_id in (select task_id from asked_for) and submission.submitted_at is not null and not coalesce(submission.is_preview, false)
), acted as (
    select received.notice_id, received.person_id, 'acted' as kind, done.acted_at as sent_at, cast(null as varchar) as message_id
    from done
    join links.people as person on person.account_id = done.account_id and person.state = 'linked'
    join asked_for on asked_for.task_id = done.task_id
    join received on received.notice_id = asked_for.notice_id and received.person_id = person.person_id
    where done.acted_at > received.sent_at and done.acted_at <= least(received.until, received.sent_at + to_seconds(86400 * $acted))
), written as (
    select received.notice_id, received.person_id, 'mail' as kind, message.sent_at, message.message_id, {wording.line_sql("message.subject", quotations=True)} as head,
        {wording.line_sql("notice.subject", quotations=True)} as notice_head
    from conversation as message
    join addressed on addressed.message_id = message.message_id
    join received on received.person_id = message.person_id and received.channel = 'mail'
        and (received.sender_id = addressed.account_id or received.sender_person_id = addressed.person_id)
        and message.sent_at > received.sent_at and message.sent_at <= received.until
    join notices as notice on notice.notice_id = received.notice_id
    left join links.questions as question on question.message_id = message.message_id
    where message.channel = 'mail' and message.kind = 'post' and message.reply_to_id is null and not coalesce(question.is_question, false)
), letters as (
    -- A subject of its own speaks of something else: a confirmation has none, or says so, or repeats the notice's.
    select notice_id, person_id, kind, sent_at, message_id
    from written
    where trim(head) = '' or regexp_matches(head, '{wording.pattern((*wording.NO_SUBJECT, *wording.SUBJECT_CONFIRMS))}')
        or (trim(notice_head) <> '' and contains(head, notice_head))
), confirming as (
    select message_id, channel, chat_id, person_id, course_id, sent_at, reply_to_id, {wording.line_sql("text", quotations=True)} as line
    from conversation
    where channel in ('chat', 'direct') and kind = 'post' and not is_forwarded and person_id is not null and role = 'learner'
), confirmed as (
    select received.notice_id, received.person_id, message.channel as kind, message.sent_at, message.message_id
    from confirming as message
    join received on received.person_id = message.person_id and message.sent_at > received.sent_at and message.sent_at <= received.until
    where (regexp_matches(message.line, '{wording.pattern(wording.RECEIPTS)}') or regexp_matches(message.line, '{wording.RECEIVED}'))
        and not regexp_matches(message.line, '{wording.NOT_RECEIVED}') and not contains(message.line, ' ? ')
        and len(string_split(trim(message.line), ' ')) <= $words and received.channel <> 'forum'
        and case
            when message.channel = 'direct' then exists (
                select 1 from addressed where addressed.message_id = message.message_id and addressed.person_id = received.sender_person_id
            )
            when received.channel = 'chat' then received.chat_id = message.chat_id
            else exists (
                select 1 from role_spans as span where span.course_id = message.course_id and span.person_id = received.sender_person_id and span.role <> 'learner'
            )
        end
), latest as (
    -- One confirmation in a chat, or one letter, speaks of the latest notice of each channel before it.
    select sign.* from (select * from letters union all select * from confirmed) as sign join received
        on received.notice_id = sign.notice_id and received.person_id = sign.person_id
    qualify row_number() over (partition by sign.person_id, sign.message_id, received.channel order by received.sent_at desc, sign.notice_id) = 1
), every as (
    select * from recorded where kind is not null
    union all select * from replied
    union all select * from threaded
    union all select * from reacted
    union all select * from viewed
    union all select * from acted
    union all select * from latest
), earliest as (
    select notice_id, person_id, kind, min(sent_at) as acknowledged_at, arg_min(message_id, row(sent_at, message_id)) as message_id
    from every where sent_at is not null group by notice_id, person_id, kind
)
select notice_id, person_id, kind, acknowledged_at, message_id from earliest
union all
select received.notice_id, received.person_id, case when received.channel = 'chat' then 'unknown' else 'none' end, null, null
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


def link_acknowledgements(warehouse: Warehouse) -> AcknowledgementSummary:
    """Find the signs that a notice arrived and write ``links.acknowledgements``. Needs links.people, links.replies and links.questions.

    Grain: one row per notice, addressee and kind of sign (the first of its kind), or one row ``none`` (``unknown`` where the channel shows no
    reading: chats). Addressees are people: addresses that are linked to nobody are counted in the summary and left out. ``reply`` is in the
    notice's thread as the systems recorded it; a letter without that record is ``mail``, a letter that asks (links.questions) or speaks of
    something else is neither. ``viewed`` is known of news posts only; ``acted`` needs a notice that names one task of the course or links to
    it, and says no more than that the learner opened or handed it in soon after. ``bounce``, ``delayed``, ``auto_reply`` and
    ``deleted_unread`` are signs too, but none of having read: whoever counts decides.
    """
    relate_roles(warehouse)
    warehouse.connection.execute(_NOTICES)
    warehouse.connection.execute(_RECEIVED, {"days": threshold("notice_window")})
    warehouse.connection.execute(_ASKED_FOR, {"words": int(threshold("task_name_words"))})
    signs = warehouse.arrow(_SIGNS, {"words": int(threshold("confirmation_words")), "acted": threshold("notice_action_days")})
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
