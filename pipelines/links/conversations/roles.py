"""Who speaks to whom: every message with its author's person and the role that person had, there and then.

What belongs here: roles. What a message says is judged in ``wording``, ``questions`` and ``replies``.
"""

from __future__ import annotations

from pipelines.warehouse import Warehouse

#: A person may be learner in one course and curator of another, so a role is always one of a course at a time. Where two
#: roles hold at once the one with duties counts.
_SPANS = """
create or replace temp table role_spans as
with declared as (
    -- Entered as from the course's start: nobody was told anything before it was entered (``entered_at``); what was said before was said in the role all the same.
    select person.person_id, enrolment.course_id, enrolment.role, coalesce(enrolment.starts_at, enrolment.created_at) as since,
        coalesce(enrolment.removed_at, enrolment.ends_at) as until, greatest(enrolment.starts_at, enrolment.created_at) as entered_at
    from raw.enrolments as enrolment
    join links.people as person on person.account_id = enrolment.account_id and person.state = 'linked'
    union all
    select person.person_id, course.course_id, 'curator', null, null, null
    from raw.programme_curators as curator
    join links.people as person on person.account_id = curator.account_id and person.state = 'linked'
    join raw.courses as course on course.code = curator.course_code
)
select distinct person_id, course_id, role, since, until, entered_at,
    case role when 'curator' then 1 when 'staff' then 2 else 3 end as precedence
from declared
where person_id is not null
"""

_MESSAGES = """
create or replace temp table messages_said as
select message.message_id, message.channel, message.chat_id, coalesce(thread.thread_id, message.thread_id) as thread_id,
    coalesce(thread.parent_id, message.reply_to_id) as reply_to_id, message.account_id,
    coalesce(person.person_id, message.account_id) as author_id, person.person_id,
    coalesce(message.course_id, place.course_id, chat.course_id) as course_id,
    message.sent_at, message.edited_at, message.kind, message.media, message.deleted_at, coalesce(message.is_forwarded, false) as is_forwarded,
    coalesce(message.is_to_list, false) as is_to_list, coalesce(message.is_pinned, false) as is_pinned,
    coalesce(chat.kind, '') as chat_kind, coalesce(account.is_bot, false) as is_bot, coalesce(account.is_service, false) as is_service,
    message.about_message_id, message.about_account_id, message.delivery_state
from raw.messages as message
left join links.threads as thread on thread.message_id = message.message_id
left join links.people as person on person.account_id = message.account_id and person.state = 'linked'
left join links.places as place on place.place_id = message.chat_id and place.kind = 'chat'
left join raw.chats as chat on chat.chat_id = message.chat_id
left join raw.accounts as account on account.account_id = message.account_id
"""

# What the links read. A view: where nothing is left out, nothing is written twice.
_SEEN_WHOLE = "create or replace temp view conversation as select * from conversation_whole"
_SEEN_NEAR = """
create or replace temp table conversation_near as
select message.* from conversation_whole as message semi join in_sight on in_sight.message_id = message.message_id;
create or replace temp view conversation as select * from conversation_near
"""

# The messages since a moment, all that they follow upon, and whatever was said in one breath with those.
_SINCE = """
create or replace temp table in_sight as
with recursive parent as (
    select message_id, reply_to_id as parent_id, epoch(sent_at) >= $since as is_near from conversation_whole
), near as (
    select message_id, parent_id from parent where is_near or is_near is null
    union
    select parent.message_id, parent.parent_id from near join parent on parent.message_id = near.parent_id
), breath as (
    select distinct question.burst_id from near join links.questions as question on question.message_id = near.message_id
)
select message_id from near
union
select question.message_id from links.questions as question join breath on breath.burst_id = question.burst_id
"""

_ADDRESSED = """
create or replace temp table addressed as
select distinct addressee.message_id, addressee.account_id, person.person_id, addressee.role
from raw.addressees as addressee
left join links.people as person on person.account_id = addressee.account_id and person.state = 'linked'
where addressee.role <> 'reaction'
"""

# In a course: the span that holds at that time; where none holds (a chat opened before the enrolment was made), the nearest one.
_IN_COURSE = """
create or replace temp table roles_in_course as
select message.message_id, arg_min(span.role, row(
        case when coalesce(span.since <= message.sent_at, true) and coalesce(span.until > message.sent_at, true) then 0 else 1 end,
        case when coalesce(span.since <= message.sent_at, true) and coalesce(span.until > message.sent_at, true) then span.precedence
            else abs(epoch(coalesce(span.since, span.until)) - epoch(message.sent_at)) end,
        span.precedence)) as role
from messages_said as message
join role_spans as span on span.person_id = message.person_id and span.course_id = message.course_id
where message.sent_at is not null
group by message.message_id
"""

# Outside any course (mail, personal messages): what the two are to each other in a course that they share.
_IN_PRIVATE = """
create or replace temp table roles_in_private as
with pair as (
    select message.message_id, author.course_id, author.role, author.precedence
    from messages_said as message
    join role_spans as author on author.person_id = message.person_id and coalesce(author.since <= message.sent_at, true)
    join addressed on addressed.message_id = message.message_id and addressed.person_id is distinct from message.person_id
    join role_spans as other on other.person_id = addressed.person_id and other.course_id = author.course_id
        and (other.role = 'learner') <> (author.role = 'learner')
    where message.course_id is null and message.channel in ('mail', 'direct')
)
select message_id, arg_min(role, precedence) as role,
    case when count(distinct course_id) = 1 then min(course_id) end as course_id
from pair
group by message_id
"""

_ROLES = """
create or replace temp table conversation_whole as
with best as (select person_id, arg_min(role, precedence) as role from role_spans group by person_id)
select message.* replace (coalesce(message.course_id, private.course_id) as course_id),
    case
        when message.is_bot then 'bot'
        when message.is_service then 'staff'
        when course.role is not null then course.role
        when private.role is not null then private.role
        when message.course_id is null and best.role is not null then best.role
        when best.role in ('curator', 'staff') then 'staff'
        when best.role is not null then 'learner'
        else 'unknown'
    end as role, words.subject, words.text
from messages_said as message
left join personal.messages as words on words.message_id = message.message_id
left join roles_in_course as course on course.message_id = message.message_id
left join roles_in_private as private on private.message_id = message.message_id
left join best on best.person_id = message.person_id
"""


def relate_roles(warehouse: Warehouse, since: float | None = None) -> None:
    """Make the temporary tables that the conversation links read; they live as long as the connection. Needs links.people, links.places and links.threads.

    ``conversation``: one row per message with ``person_id`` (null: not linked), ``author_id`` (the person, or the account while
    nobody is linked), ``course_id`` (stated, of the place, or of the one course that sender and addressee share) and ``role``:
    learner, curator, staff, bot, or unknown (not linked, so perhaps a learner). ``addressed``: one row per message, addressee and
    part. ``role_spans``: one row per person, course and stretch of a role.
    A curator of another course counts as staff: an answer of theirs is no answer of the course's curator.
    ``since``: see :func:`narrow_roles`.
    """
    for statement in (_SPANS, _MESSAGES, _ADDRESSED, _IN_COURSE, _IN_PRIVATE, _ROLES):
        warehouse.connection.execute(statement)
    narrow_roles(warehouse, since)


def narrow_roles(warehouse: Warehouse, since: float | None) -> None:
    """Leave in ``conversation``, as ``relate_roles`` made it, only messages from a moment (seconds) on, with those that they follow upon and what was said in one breath with
    them by links.questions; None: all messages."""
    if since is None:
        warehouse.connection.execute(_SEEN_WHOLE)
        return
    warehouse.connection.execute(_SINCE, {"since": since})
    warehouse.connection.execute(_SEEN_NEAR)
