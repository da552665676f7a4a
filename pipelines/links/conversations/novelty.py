"""What is new among the messages since they were last related: ``links.related``, and from when on links have to be sought again.

A night must not relate all history anew, and must come to what relating all of it would come to. So every message is remembered with a fingerprint of whatever the
links of conversations read of it (author, role, place, times, words, what it follows upon, whom it addresses) and of the rules in force. The first message
that is new, changed or gone dates the change; links are made by the week (UTC) and look no further ahead than the settling time (``reply_window_mail``), so they
are sought again from the beginning of that week, less the settling time. What came late (an old export, a person recognised today) moves the date back by itself.
"""

from __future__ import annotations

from hashlib import md5

from pipelines.links.conversations import wording
from pipelines.links.conversations.question_model import WEIGHTS_FILE
from pipelines.links.conversations.question_wording import LEXICON_FILE
from pipelines.links.conversations.reply_guess import MONDAY, WEEK, learning, settled
from pipelines.links.conversations.reply_model import PRIOR_FILE
from pipelines.links.conversations.roles import relate_roles
from pipelines.thresholds import THRESHOLDS_FILE
from pipelines.warehouse import Warehouse

#: Raised when a rule changes that is neither a wording, nor a threshold, nor the prior, nor the weights of questions, nor the lexicon of intents.
_RULES = 22

# The fingerprint: md5, because an engine's own hash changes with its version.
_SEEN = """
create or replace temp table seen_now as
with named as (
    select message_id, string_agg(coalesce(person_id, account_id) || role, ' ' order by account_id, role) as addressees from addressed group by message_id
)
select message.message_id, message.sent_at, md5(concat_ws('|', $rules, message.sent_at::varchar, message.kind, coalesce(message.account_id, ''), coalesce(message.author_id, ''), message.role,
    coalesce(message.course_id, ''), message.chat_id, coalesce(message.thread_id, ''), coalesce(message.reply_to_id, ''), coalesce(message.deleted_at::varchar, ''),
    message.is_forwarded, message.is_to_list, message.is_pinned, coalesce(message.media, ''), message.chat_kind, coalesce(message.subject, ''), coalesce(message.text, ''),
    coalesce(named.addressees, ''))) as fingerprint
from conversation as message left join named on named.message_id = message.message_id
where message.sent_at is not null
"""

# Who answers a message that was taken back makes it a question again.
_CHANGED = """
with changed as (
    select coalesce(now.message_id, before.message_id) as message_id, least(now.sent_at, before.sent_at) as sent_at
    from seen_now as now full join links.related as before on before.message_id = now.message_id
    where now.fingerprint is distinct from before.fingerprint
), answered as (
    select target.sent_at from changed join conversation as message on message.message_id = changed.message_id
    join conversation as target on target.message_id = message.reply_to_id and target.deleted_at is not null
)
select min(epoch(sent_at)) from (select sent_at from changed union all select sent_at from answered)
"""


def first_to_relate(warehouse: Warehouse) -> float | None:
    """The moment (seconds) from which links of conversations are to be sought again; None: from the beginning, for nothing was related yet.

    Where nothing changed it is the moment after the last message. Leaves the roles at hand (``relate_roles``).
    """
    relate_roles(warehouse)
    warehouse.connection.execute(_SEEN, {"rules": _rules()})
    if not warehouse.value("select count(*) from links.related"):
        return None
    changed = warehouse.value(_CHANGED)
    if changed is None:
        changed = (warehouse.value("select max(epoch(sent_at)) from seen_now") or 0.0) + settled() + WEEK
    return MONDAY + (changed - MONDAY) // WEEK * WEEK - settled()


def note_related(warehouse: Warehouse) -> int:
    """Remember what ``first_to_relate`` saw, once the links are written. Returns the messages."""
    table = warehouse.arrow("select message_id, sent_at, fingerprint from seen_now order by message_id")
    warehouse.replace("links.related", table)
    return int(table.num_rows)


def context(since: float) -> float:
    """From when on messages have to be at hand to seek links from ``since`` on: those that teach, and what was open then."""
    return since - learning() - 2 * settled()


def _rules() -> str:
    # Sets have no order of their own: another process would write them otherwise.
    words = repr(
        sorted((name, sorted(value) if isinstance(value, frozenset) else value) for name, value in vars(wording).items() if name.isupper())
    )
    return md5(
        b"|".join(
            (
                str(_RULES).encode(),
                words.encode(),
                THRESHOLDS_FILE.read_bytes(),
                PRIOR_FILE.read_bytes(),
                WEIGHTS_FILE.read_bytes(),
                LEXICON_FILE.read_bytes(),
            )
        ),
        usedforsecurity=False,
    ).hexdigest()
