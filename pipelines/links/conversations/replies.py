"""Which message answers which question: ``links.replies``, and which perhaps does: ``links.possible_replies``. What only an answer shows to have been asked is a question from here on.

What the systems record comes first and is certain (reply, parent post, In-Reply-To); then what the words record (the asker's name, the
subject, "as to your question in the forum") and whose turn it is after a question back; last a scored guess for the curator's unmarked message in a chat, with the right
to say nothing, and a fellow learner's words that are like explicit answers to such questions (``fellow_answers``). The guess learns from the explicit replies of the same programme: an answer like one that was given explicitly to a
question like this one speaks for the pair, and an answer that is known to belong to other questions speaks against it. Nothing
is ever an answer to a question that was asked later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.links.conversations import novelty, spelling, wording
from pipelines.links.conversations.fellow_answers import answers_like_known
from pipelines.links.conversations.question_wording import may_be_name
from pipelines.links.conversations.questions import NO_QUESTIONS
from pipelines.links.conversations.reply_guess import guess, speak_of_one
from pipelines.links.conversations.roles import narrow_roles, relate_roles
from pipelines.links.people.names import NAME_TOKENS, called, is_given_name, key
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Questions, and what may be one: it tells (``is_told``), and only a curator's answer shows that it asked; until one is known it only may have (``is_possible``).
_ASKED = """
create or replace temp table asked as
with judged as (
    select question.*, message.channel = 'chat' and message.reply_to_id is null and question.score >= $least and not list_contains($none, question.rule) as may_ask
    from links.questions as question join conversation as message on message.message_id = question.message_id
), asking as (
    select burst_id, not bool_or(is_question) as is_possible, not bool_or(is_question and rule <> 'answered') as is_told
    from judged group by burst_id having bool_or(is_question) or bool_or(may_ask)
), part as (
    select question.burst_id as question_id, case when question.is_question or (asking.is_told and question.may_ask) then question.score end as asks, asking.is_possible, asking.is_told, message.*,
        row_number() over (partition by question.burst_id order by message.sent_at, length(message.message_id), message.message_id) as place
    from judged as question join asking on asking.burst_id = question.burst_id join conversation as message on message.message_id = question.message_id
), burst as (
    select question_id, min(channel) as channel, min(chat_id) as chat_id, min(thread_id) as thread_id, min(account_id) as account_id, min(author_id) as author_id,
        min(person_id) as person_id, min(course_id) as course_id, min(sent_at) as asked_at, max(sent_at) as last_at,
        string_agg(text, ' ' order by place) as text, arg_min(subject, place) as subject, arg_max(message_id, place) as last_id, max(asks) as asks,
        bool_or(is_possible) as is_possible, bool_or(is_told) as is_told
    from part group by question_id
)
select * exclude (text), {whole} as whole from burst
"""

_ANSWER_SIGNS = {
    "thanks": wording.THANKS,
    "holding": wording.HOLDING,
    "asks_back": wording.ASKS_BACK,
    "pointer": wording.POINTERS,
    "specific": wording.SPECIFICS,
    "to_many_anywhere": wording.TO_MANY,
    "sent_to_read": wording.SENT_TO_READ,
    "done": wording.DONE,
    "settled": wording.SETTLED,
    "about_question": wording.ABOUT_QUESTION,
}

#: Whose messages can answer, what they say, and whether that is an answer.
_SAID = """
create or replace temp table {target} as
with spoken as (
    select message_id, channel, chat_id, thread_id, reply_to_id, account_id, author_id, person_id, course_id, sent_at, edited_at, role, is_to_list, is_pinned, media, subject, chat_kind,
        coalesce(text, '') as written
    from {origin}
    where kind = 'post' and not is_forwarded and sent_at is not null and account_id is not null
        -- Taken back before the other one can have read it: it was not said.
        and not coalesce(epoch(deleted_at) - epoch(sent_at) < 60 * {stands}, false)
), lined as (
    -- What is written again and again is read once.
    select written, {whole} as whole, {bare} as line from (select distinct written from spoken)
), worded as (
    select *, {signs}, case when trim(whole) = '' then 0 else len(string_split(trim(whole), ' ')) end as words,
        -- "The link is mended, thank you" is news with a courtesy after it; who only thanks begins with it.
        regexp_matches(regexp_replace(whole, '^ ({greetings} )+', ' '), '^ ((большое|огромное|и|вам|many|so) )*({thanking}) ') as opens_with_thanks,
        regexp_matches(whole, ' [?] $') as ends_asking, regexp_matches(whole, '{asks_details}') as asks_details, regexp_matches(whole, '{asks_to_see}') as asks_to_see,
        regexp_matches(whole, '{will_find_out}') as will_find_out, regexp_matches(whole, '{promises}') as promises, regexp_matches(whole, '{noted}') as noted,
        regexp_matches(whole, '{asks_which}') as asks_which, regexp_matches(whole, '{asks_in_courtesy}') as asks_in_courtesy, trim(regexp_replace(replace(whole, ' ', '  '), '{acknowledges}', ' ', 'g')) = '' as acknowledges,
        -- The digits of a user name ("@ivanova5") are no date and no amount.
        regexp_matches(regexp_replace(written, '@[0-9A-Za-z_]+', ' ', 'g'), '[0-9]') as has_number, regexp_matches(written, '{link}') as has_link,
        -- All are spoken to at the opening: "the mark is set for all" is told to one.
        ' ' || array_to_string(list_slice(string_split(trim(whole), ' '), 1, {place}), ' ') || ' ' as head,
        regexp_matches(head, '{to_all}') as to_all, to_many_anywhere or regexp_matches(head, '{to_many_ahead}') as to_many,
        regexp_matches(head, '{things}') and not sent_to_read as is_placed
    from lined
), signed as (
    select * from spoken join worded using (written)
), judged as (
    select *, case
        when channel = 'mail' then 'substantive'
        when thanks and not done and words <= {short} and not has_link and (opens_with_thanks or words <= {few}) then 'thanks'
        when words = 0 and media is null then 'formal'
        when words = 0 then 'substantive'
        when asks_back or (asks_to_see and words <= {short}) then 'holding'
        when asks_details and not ends_asking then 'substantive'
        when ends_asking and words <= {long} and not (asks_in_courtesy and words > {bare_words} + 1) then 'holding'
        when asks_which and words <= {short} then 'holding'
        -- Who has taken note answers nothing yet, and may answer later.
        when (promises and words <= {short} or noted and words <= {short} / 2) and not has_link then 'holding'
        when (holding or will_find_out) and words <= {short} and not (specific and words > {short} / 2) and not has_link then 'holding'
        when pointer and not specific and not is_placed and not done and words <= {short} and not has_link and not has_number then 'formal'
        -- One or two words say something unless they are none but "ok" and "good day".
        when words <= {bare_words} and acknowledges and not has_number and not has_link then 'formal'
        else 'substantive'
    end as says
    from signed
)
{told}
"""
#: Earlier words of messages that were edited since, where an earlier export told them: each state as if it were the message.
_BEFORE_EDITS = """
create or replace temp table conversation_before as
select message.* replace (words.text as text, version.written_at as sent_at)
from raw.message_versions as version
join personal.message_versions as words on words.message_id = version.message_id and words.written_at = version.written_at
join conversation as message on message.message_id = version.message_id
"""
#: From when on a message says what makes it an answer: "I will find out" that becomes the answer answers with the edit.
_SAID_FROM = """
select judged.*, coalesce(earlier.said_at, case when earlier.message_id is not null and judged.says = 'substantive' then judged.edited_at end, judged.sent_at) as said_at
from judged left join (
    select message_id, min(sent_at) filter (says = 'substantive') as said_at from said_before group by message_id
) as earlier on earlier.message_id = judged.message_id
"""


@dataclass(frozen=True)
class ReplySummary:
    """How many questions were looked at, and how many have a curator's answer, by the best rule that found one."""

    questions: int
    answered: int
    by_rule: dict[str, int]


#: The order in which links are sought: what a rule may know of those made before.
_BEFORE = {
    "named": ("explicit", "thread"),
    "turn": ("explicit", "thread", "mention", "turn"),
    "private": ("explicit", "thread", "mention", "turn"),
    "guessed": ("explicit", "thread", "mention", "turn", "direct"),
    "like": ("explicit", "thread", "mention", "turn", "direct", "next"),
}


def link_replies(warehouse: Warehouse, *, since: float | None = None, is_related: bool = False) -> ReplySummary:
    """Find the messages that answer each question and write ``links.replies`` and ``links.possible_replies``. Needs links.questions, links.people, links.places.

    ``since``: messages sent before this moment (seconds) and what they answer stand as they are (``novelty``); None: everything is sought. ``is_related``: roles are at
    hand (``relate_roles``), and nothing that they are made of was written since.

    Grain: one row per question (burst) and answering message. Roles are those of the course at that time; ``asker`` is the
    asker's own later word in the thread. ``said_at`` is the sending, or the edit that made an answer of it, where an earlier export
    tells what stood there before. Left out is what was taken back within ``answer_stands_minutes``. A curator's counter-question is ``holding``: the learner still waits. Of mail no body is known, so a
    curator's mail counts as substantive. Left out: forwarded words; guesses under ``reply_score`` stand in ``links.possible_replies``.
    """
    start = -np.inf if since is None else since
    (narrow_roles if is_related else relate_roles)(warehouse, None if since is None else novelty.context(since))
    warehouse.connection.execute(
        _ASKED.format(whole=wording.line_sql("text", quotations=True)),
        {"least": threshold("question_answered"), "none": list(NO_QUESTIONS)},
    )
    spelling.mend(warehouse, "asked", "whole")
    warehouse.connection.execute(_BEFORE_EDITS)
    for origin, target, told in (("conversation_before", "said_before", "select * from judged"), ("conversation", "said", _SAID_FROM)):
        statement = _SAID.format(
            told=told,
            origin=origin,
            target=target,
            stands=threshold("answer_stands_minutes"),
            whole=wording.line_sql("written", quotations=True),
            bare=wording.bare_sql("written", "whole"),
            signs=wording.signs_sql("whole", _ANSWER_SIGNS),
            link=wording.LINK,
            short=int(threshold("short_answer")),
            long=int(threshold("question_long_text")),
            bare_words=int(threshold("bare_answer")),
            few=int(threshold("bare_answer")) + 1,
            place=int(threshold("name_place")),
            to_all=wording.pattern(wording.TO_ALL),
            to_many_ahead=wording.pattern(wording.TO_MANY_AHEAD),
            things=wording.pattern(wording.THINGS_PLACED),
            asks_details=wording.ASKS_DETAILS,
            asks_to_see=wording.ASKS_TO_SEE,
            will_find_out=wording.WILL_FIND_OUT,
            promises=wording.PROMISES,
            noted=wording.NOTED,
            asks_which=wording.ASKS_WHICH,
            asks_in_courtesy=wording.ASKS_IN_COURTESY,
            acknowledges=wording.pattern((*wording.ACKNOWLEDGES, *wording.GREETINGS)),
            greetings=wording.pattern(wording.GREETINGS).strip(),
            thanking=wording.pattern(wording.THANKS).strip().strip("()"),
        )
        warehouse.connection.execute(statement)
    standing = _standing(warehouse, start)
    links: list[pd.DataFrame] = []
    # A question back to the answer to a question back is the next turn: what that rule finds leads it on.
    for find, known, leads_on in (
        (_recorded, (), False), (_by_subject, _BEFORE["named"], False), (_by_reminder, _BEFORE["named"], False), (_by_name, _BEFORE["named"], False), (_by_turn, _BEFORE["turn"], True),
        (_by_private_message, _BEFORE["private"], False), (_next_in_private, _BEFORE["guessed"], False),
        (lambda warehouse: _guessed(warehouse, standing, start), _BEFORE["guessed"], False),
        (lambda warehouse: answers_like_known(warehouse, start, _last_moment(warehouse)), _BEFORE["like"], False),
    ):  # fmt: skip
        is_done = False
        while not is_done:
            _note(warehouse, [standing[standing["rule"].isin(known)], *links])
            links.append(_of_questions(warehouse, _fresh(warehouse, find(warehouse), start)))
            is_done = not leads_on or links[-1].empty
    _note(warehouse, links)
    _promote(warehouse)
    replies = warehouse.arrow(
        """
        with best as (
            select question_id, answer_id, arg_max(rule, score) as rule, max(score) as score
            from linked group by question_id, answer_id
        )
        select best.question_id, best.answer_id,
            case when said.author_id = asked.author_id then 'asker' when said.role = 'learner' then 'peer' else said.role end as role,
            said.says as kind, best.rule, best.score, said.said_at
        from best join said on said.message_id = best.answer_id join asked on asked.question_id = best.question_id
        where not asked.is_possible
        order by best.question_id, best.answer_id
        """
    )
    possible = warehouse.arrow(
        "select question_id, answer_id, score from possible where question_id in (select question_id from asked where not is_possible) order by question_id, answer_id"
    )
    for table, fresh in (("links.replies", replies), ("links.possible_replies", possible)):
        kept = warehouse.arrow(
            f"""
            select reply.* from {table} as reply join raw.messages as message on message.message_id = reply.answer_id
            where epoch(message.sent_at) < $start order by reply.question_id, reply.answer_id
            """,
            {"start": float(start)},
        )
        warehouse.replace(table, pa.concat_tables([kept.cast(fresh.schema), fresh]) if since is not None else fresh)
    found = warehouse.rows(
        "select rule, count(*) from (select question_id, arg_max(rule, score) as rule from links.replies where role = 'curator' "
        "and kind in ('substantive', 'formal') group by question_id) group by rule order by rule"
    )
    return ReplySummary(
        questions=int(warehouse.value("select count(distinct burst_id) from links.questions where is_question")),
        answered=sum(count for _, count in found),
        by_rule=dict(found),
    )


def _of_questions(warehouse: Warehouse, found: pd.DataFrame) -> pd.DataFrame:
    """The links, less those to what only may ask unless a curator answers it thereby: then it was a question, and all that was found belongs to it."""
    if found.empty:
        return found
    _keep(warehouse, "found_now", found[["question_id", "answer_id", "rule"]])
    unasked = warehouse.rows(
        """
        select asked.question_id
        from asked join found_now as found on found.question_id = asked.question_id join said on said.message_id = found.answer_id
        where asked.is_possible and asked.question_id not in (select question_id from linked)
        group by asked.question_id
        having not bool_or(
            said.role in ('curator', 'staff') and said.says <> 'thanks' and found.rule in ('explicit', 'mention', 'turn', 'next')
            -- "I see" by mark says nothing; and who is answered weeks later is answered about something else.
            and (found.rule <> 'explicit' or said.words > $few or (said.words = 0 and said.media is not null)) and epoch(said.sent_at) - epoch(asked.last_at) <= 86400 * $days
        )
        """,
        {"few": int(threshold("bare_answer")), "days": threshold("reply_window_mail")},
    )
    return found[~found["question_id"].isin([question for (question,) in unasked])]


def _promote(warehouse: Warehouse) -> None:
    """Write into links.questions what turned out to be questions: of each burst the message that asks most surely (rule ``answered``; its score stays that of its words)."""
    warehouse.connection.execute("update asked set is_possible = false where question_id in (select question_id from linked)")
    warehouse.connection.execute(
        """
        update links.questions as question set is_question = true, rule = 'answered'
        where message_id in (
            select arg_max(question.message_id, row(question.score, question.message_id)) from links.questions as question
            where question.burst_id in (select question_id from asked where not is_possible)
            group by question.burst_id having not bool_or(question.is_question)
        )
        """
    )


def _standing(warehouse: Warehouse, start: float) -> pd.DataFrame:
    """Links that stand: their answers were sent before the start."""
    return warehouse.frame(
        """
        select reply.question_id, reply.answer_id, reply.rule, reply.score, reply.kind, said.channel, epoch(said.sent_at) as sent
        from links.replies as reply join said on said.message_id = reply.answer_id join asked on asked.question_id = reply.question_id
        where epoch(said.sent_at) < $start order by reply.question_id, reply.answer_id
        """,
        {"start": float(start)},
    )


def _fresh(warehouse: Warehouse, found: pd.DataFrame, start: float) -> pd.DataFrame:
    """Links whose answers were sent from the start on."""
    if start == -np.inf or found.empty:
        return found
    fresh = warehouse.frame("select message_id from said where epoch(sent_at) >= $start", {"start": start})
    return found[found["answer_id"].isin(fresh["message_id"])]


def _note(warehouse: Warehouse, links: list[pd.DataFrame]) -> None:
    """What is linked so far, for the rules that come after."""
    columns = ["question_id", "answer_id", "rule", "score"]
    # Empty frames bring types of their own.
    found = [frame[columns] for frame in links if len(frame)]
    _keep(warehouse, "linked", pd.concat(found, ignore_index=True) if found else pd.DataFrame({name: [] for name in columns}))
    # From when on a question counts as answered by a curator.
    warehouse.connection.execute(
        """
        create or replace temp table closed as
        select linked.question_id, min(said.said_at) as closed_at
        from linked join said on said.message_id = linked.answer_id
        where said.role = 'curator' and said.says in ('substantive', 'formal') group by linked.question_id
        """
    )


def _recorded(warehouse: Warehouse) -> pd.DataFrame:
    """Replies as the systems record them: to the question itself (explicit), or further down the same thread."""
    nodes = warehouse.frame(
        """
        select message.message_id, message.reply_to_id, asked.question_id
        from conversation as message
        left join links.questions as question on question.message_id = message.message_id
        left join asked on asked.question_id = question.burst_id
        where message.reply_to_id is not null or asked.question_id is not null
        order by message.message_id
        """
    )
    root, depth = roots(nodes["message_id"], nodes["reply_to_id"], nodes["question_id"].notna().to_numpy())
    question = nodes["question_id"].to_numpy(dtype=object)[root]
    question[root < 0] = None
    found = pd.DataFrame({"question_id": question, "answer_id": nodes["message_id"], "depth": depth})
    found = found[found["question_id"].notna() & (found["depth"] > 0)]
    found["rule"] = np.where(found["depth"] == 1, "explicit", "thread")
    found["score"] = np.where(found["depth"] == 1, 1.0, threshold("thread_reply_score"))
    # A reply that stands before what it answers is a fault of the export's clock: left out.
    warehouse.connection.register("found_replies", found[["question_id", "answer_id", "rule", "score"]])
    kept = warehouse.frame(
        """
        select found.* from found_replies as found join asked on asked.question_id = found.question_id
        join said on said.message_id = found.answer_id and said.sent_at >= asked.asked_at
        order by found.question_id, found.answer_id
        """
    )
    warehouse.connection.unregister("found_replies")
    return kept


def roots(ids: pd.Series, parents: pd.Series, is_root: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The nearest root above each node of a forest, by pointer jumping (no recursion, log of the depth steps).

    Parameters
    ----------
    ids, parents: id of each node and of its parent; a parent that is not among the ids ends the climb without a root.
    is_root: nodes at which the climb ends; a root is its own root.

    Returns (position of the root or -1, steps up to it). A cycle has no root.
    """
    size = len(ids)
    position = pd.Series(np.arange(size), index=ids.to_numpy())
    up = position.reindex(parents.to_numpy()).to_numpy(dtype=np.float64, na_value=np.nan)
    nowhere = size
    pointer = np.where(np.isnan(up), nowhere, np.nan_to_num(up, nan=0)).astype(np.int64)
    steps = np.ones(size + 1, np.int64)
    pointer = np.concatenate((np.where(is_root, np.arange(size), pointer), [nowhere]))
    steps[:-1][is_root] = 0
    steps[nowhere] = 0
    for _ in range(int(np.ceil(np.log2(max(size, 2)))) + 1):
        steps = steps + steps[pointer]
        pointer = pointer[pointer]
    settled = np.append(is_root, False)[pointer][:size]
    return np.where(settled, pointer[:size], -1), np.where(settled, steps[:size], 0)


def _by_subject(warehouse: Warehouse) -> pd.DataFrame:
    """A mail back to the asker under the same subject whose program wrote no In-Reply-To: it continues the latest such letter."""
    subject = "trim(regexp_replace(lower(coalesce({0}.subject, '')), '^( *(re|fw|fwd|aw|отв|ответ) *(\\[[0-9]+\\])? *:)+', ''))"
    return warehouse.frame(
        f"""
        select arg_max(asked.question_id, asked.asked_at) as question_id, said.message_id as answer_id, 'thread' as rule, $score::double as score
        from said
        join addressed on addressed.message_id = said.message_id
        join asked on asked.channel = 'mail' and asked.author_id = coalesce(addressed.person_id, addressed.account_id) and asked.asked_at <= said.sent_at
            and {subject.format("asked")} = {subject.format("said")} and epoch(said.sent_at) - epoch(asked.asked_at) <= 86400 * $days
        where said.channel = 'mail' and said.role in ('curator', 'staff') and not said.is_to_list and said.reply_to_id is null
            and said.message_id not in (select answer_id from linked)
        group by said.message_id order by answer_id
        """,
        {"score": threshold("thread_reply_score"), "days": threshold("reply_window_mail")},
    )


def _by_reminder(warehouse: Warehouse) -> pd.DataFrame:
    """A curator's reply to the asker's reminder ("anybody there?", "up"): the question that waits is answered, not the words that ask nothing by themselves."""
    return warehouse.frame(
        """
        select said.message_id as answer_id, arg_max(asked.question_id, row(asked.asked_at, asked.question_id)) as question_id, 'thread' as rule, $score::double as score
        from said
        join conversation as target on target.message_id = said.reply_to_id and target.kind = 'post'
        join links.questions as judged on judged.message_id = target.message_id
            and (judged.rule = 'follow_up' or regexp_full_match(coalesce(target.text, ''), '[?!.\\s]*[?][?!.\\s]*'))
        join asked on asked.author_id = target.author_id and asked.chat_id = target.chat_id and asked.channel = 'chat' and not asked.is_told
            and coalesce(asked.thread_id, '') = coalesce(target.thread_id, '') and asked.last_at < target.sent_at
            and epoch(target.sent_at) - epoch(asked.last_at) <= 86400 * $days
        left join closed on closed.question_id = asked.question_id
        where said.channel = 'chat' and said.role in ('curator', 'staff') and said.says <> 'thanks' and not said.to_all
            and target.reply_to_id is null and (closed.closed_at is null or closed.closed_at > target.sent_at)
            and said.message_id not in (select answer_id from linked)
            -- Words of a burst that asks are the question itself.
            and judged.burst_id not in (select question_id from asked where not is_told)
        group by said.message_id order by answer_id
        """,
        {"score": threshold("thread_reply_score"), "days": threshold("reply_window_mail")},
    )


#: Stands for more words of a name than anybody has: the account itself is mentioned.
_MENTIONED = 9
#: Who is called by a message (person_id, and how many words of the message's head are the person's), and who is not meant: a message that calls somebody by a name which people of the
#: course have, and a person known who is none of these.
_CALLED = """
create or replace temp table called as
with match as (
    select said.message_id, roster.person_id, head.is_head, count(distinct head.token) + max(head.is_handle::integer) as tokens, min(head.part) as part
    from message_heads as head join said on said.message_id = head.message_id
    join roster_names as roster on roster.course_id = said.course_id and roster.token = head.key group by said.message_id, roster.person_id, head.is_head
)
-- "Елена Сергеевна" is no other Елена.
select message_id, person_id, is_head, tokens, part from match qualify tokens = max(tokens) over (partition by message_id, is_head);
create or replace temp table not_called as
with asker as (
    select distinct person_id, chat_id from asked where channel = 'chat' and person_id is not null
)
select said.message_id, asker.person_id
from (select distinct message_id from called where is_head) as call join said on said.message_id = call.message_id join asker on asker.chat_id = said.chat_id
anti join called on called.message_id = said.message_id and called.person_id = asker.person_id
"""
#: Who of a course may be behind an account of its chat that is linked to nobody: everything that the account shows is a part of the person's name, and until then (``known_from``) the person has
#: written nothing there under an account of their own. Of all messages, whatever a night looks at: the next night must not take another.
_PERHAPS = """
create or replace temp table perhaps as
with stranger as (
    select distinct asked.author_id, asked.chat_id, asked.course_id from asked where asked.channel = 'chat' and asked.person_id is null and asked.course_id is not null
), word as (
    select stranger.*, shown.token, roster.person_id from stranger
    join asker_names as shown on shown.author_id = stranger.author_id
    left join roster_names as roster on roster.course_id = stranger.course_id and roster.token = shown.key
), fitting as (
    select author_id, chat_id, person_id, count(distinct token) as tokens from word where person_id is not null group by author_id, chat_id, person_id
), shown as (
    select author_id, count(distinct token) as tokens from asker_names group by author_id
)
select fitting.author_id, fitting.chat_id, fitting.person_id, min(known.sent_at) as known_from
from fitting join shown on shown.author_id = fitting.author_id and shown.tokens = fitting.tokens
left join (
    select message.chat_id, person.person_id, message.sent_at
    from raw.messages as message join links.people as person on person.account_id = message.account_id and person.state = 'linked' where message.channel = 'chat'
) as known on known.chat_id = fitting.chat_id and known.person_id = fitting.person_id
group by fitting.author_id, fitting.chat_id, fitting.person_id
"""


def _note_names(warehouse: Warehouse) -> None:
    """The temporary tables called, not_called and perhaps; ``asker_names``: whom the words of the askers' names may call; ``message_heads``: what curators' unmarked messages open with."""
    names = warehouse.frame(
        f"""
        select distinct asked.author_id, {NAME_TOKENS} as token
        from asked
        join raw.accounts as mine on mine.account_id = asked.account_id
        left join links.people as person on person.account_id = asked.account_id and person.state = 'linked'
        left join links.people as same on same.person_id = person.person_id and same.state = 'linked'
        join personal.accounts as account on account.account_id = coalesce(same.account_id, asked.account_id)
        order by author_id, token
        """
    )
    roster = warehouse.frame(
        f"""
        select distinct enrolment.course_id, person.person_id, {NAME_TOKENS} as token
        from raw.enrolments as enrolment
        join links.people as person on person.account_id = enrolment.account_id and person.state = 'linked'
        join links.people as same on same.person_id = person.person_id and same.state = 'linked'
        join personal.accounts as account on account.account_id = same.account_id
        where enrolment.course_id in (select course_id from said where channel = 'chat')
        order by course_id, person_id, token
        """
    )
    heads = warehouse.frame(
        f"""
        with sentence as (
            select message_id, written, unnest(sentences) as sentence, generate_subscripts(sentences, 1) as part
            from (
                select message_id, written, regexp_split_to_array(regexp_replace(written, '{wording.CITED}', ' ', 'g'), '[.!?\\n]+') as sentences
                from said where channel = 'chat' and role in ('curator', 'staff') and message_id not in (select answer_id from linked)
            )
        ), spoken as (
            select message_id, written, part, string_split(trim({wording.line_sql("sentence", quotations=False)}), ' ') as words,
                regexp_matches(sentence, '^[^0-9A-Za-zА-Яа-яЁё@]*[A-Za-zА-Яа-яЁё]+( [A-Za-zА-Яа-яЁё]+)?,') as calls
            from sentence
        ), placed as (
            select *, coalesce(sum(len(words)) over (partition by message_id order by part rows between unbounded preceding and 1 preceding), 0) as before
            from spoken where words <> ['']
        )
        select message_id, regexp_replace(word, '[0-9]+$', '') as token, contains(lower(written), '@' || word) as is_handle, part, calls, before + place <= $words as is_head
        from (select *, unnest(words) as word, generate_subscripts(words, 1) as place from placed)
        where before + place <= $words or (calls and place <= 2)
        order by message_id, token, part
        """,
        {"words": int(threshold("name_place"))},
    )
    names, roster = (table[table["token"].str.len() >= threshold("name_letters")] for table in (names, roster))
    heads = heads[heads["token"].map(may_be_name).astype(bool)]
    # Numbers have no letters and call nobody.
    asker_names = names.assign(key=_each(names["token"], called)).explode("key").dropna(subset="key")
    _keep(warehouse, "asker_names", asker_names.drop_duplicates())
    _keep(
        warehouse,
        "roster_names",
        roster.assign(token=_each(roster["token"], _own)).explode("token").dropna(subset="token").drop_duplicates(),
    )
    heads = heads.assign(key=_each(heads["token"], _own)).explode("key").dropna(subset="key")
    heads = heads.astype({"calls": bool, "is_head": bool, "part": "int64"})
    # A user name made of a given name calls as little as the name itself.
    heads["is_handle"] = heads["is_handle"].astype(bool) & ~heads["key"].map(is_given_name).astype(bool)
    _keep(warehouse, "message_heads", heads.drop_duplicates())
    warehouse.connection.execute(_CALLED)
    warehouse.connection.execute(_PERHAPS)


def _own(word: str) -> tuple[str, ...]:
    return (found,) if (found := key(word)) else ()


def _each(tokens: pd.Series, keys: Callable[[str], tuple[str, ...]]) -> pd.Series:
    """Of each word its keys; a word that stands there often is read once."""
    codes, distinct = pd.factorize(tokens)
    found = np.empty(len(distinct), object)
    found[:] = [keys(word) for word in distinct]
    return pd.Series(found[codes] if len(distinct) else [], index=tokens.index, dtype=object)


def _keep(warehouse: Warehouse, name: str, table: pd.DataFrame) -> None:
    """Write a temporary table; empty columns bring no type of their own."""
    types = {"is_handle": pa.bool_(), "calls": pa.bool_(), "is_head": pa.bool_(), "part": pa.int64(), "score": pa.float64()}
    columns = pa.table({column: pa.array(table[column].tolist(), types.get(column, pa.string())) for column in table.columns})
    warehouse.connection.register("table_to_keep", columns)
    warehouse.connection.execute(f"create or replace temp table {name} as select * from table_to_keep")
    warehouse.connection.unregister("table_to_keep")


def _by_name(warehouse: Warehouse) -> pd.DataFrame:
    """A curator's message in a chat that opens with the asker's name, or mentions the asker's account.

    Called by two words of the name, or by a user name made of the family name, is as good as called by an account (``reply_window_mail``); one first name is shared by many
    (``reply_window_named``, and the matter must not be another, unless one person of the course has it and is addressed: "Глеб, …"). Each sentence that addresses somebody is told to
    that person ("Вера, …. Глеб, …"). Somebody who is called and writes there under no known account is perhaps an account that shows a part of that name.
    """
    _note_names(warehouse)
    found = warehouse.frame(
        f"""
        with here as (
            -- Whoever has the name somewhere else is not meant: many share a first name.
            select author_id, 'chat ' || chat_id as place from asked where channel = 'chat'
            union
            select author_id, 'course ' || course_id from asked where channel in ('mail', 'direct')
        ), heard as (
            select message_id, unnest(['chat ' || chat_id, 'course ' || course_id]) as place from said where channel = 'chat'
        ), name as (
            select here.place, name.author_id, name.key from asker_names as name join here on here.author_id = name.author_id
        ), head as (
            select heard.place, head.* from message_heads as head join heard on heard.message_id = head.message_id
        ), bearer as (
            select course_id, token as key, count(distinct person_id) as people, min(person_id) as person_id from roster_names group by course_id, token
        ), namesake as (
            select place, key, count(distinct author_id) as people from name group by place, key
        ), named as (
            select head.message_id, name.author_id, head.part, bool_or(head.calls) as calls, count(distinct head.token) + max(head.is_handle::integer) as tokens, false as is_perhaps,
                -- Nobody else of the course is called so.
                bool_or(head.calls and bearer.people = 1 and bearer.person_id = name.author_id and namesake.people = 1) as is_sole
            from head join name on name.place = head.place and name.key = head.key
            join namesake on namesake.place = name.place and namesake.key = name.key
            join said on said.message_id = head.message_id
            left join bearer on bearer.course_id = said.course_id and bearer.key = head.key
            group by head.message_id, name.author_id, head.part
            union all
            select called.message_id, perhaps.author_id, called.part, false, called.tokens, true, false
            from called join said on said.message_id = called.message_id join perhaps on perhaps.person_id = called.person_id and perhaps.chat_id = said.chat_id
                and coalesce(perhaps.known_from > said.sent_at, true)
            where called.tokens >= 2 and called.is_head
            union all
            select message_id, coalesce(person_id, account_id), 0, false, {_MENTIONED}, false, false from addressed where role = 'mention'
        ), pair as (
            select said.message_id as answer_id, asked.question_id, named.part, bool_or(named.calls) as calls, bool_or(coalesce(named.is_sole, false)) as is_sole,
                max(named.tokens) as tokens, bool_and(named.is_perhaps) as is_perhaps, asked.channel = 'chat' as is_here,
                not asked.is_told as is_found, asked.asked_at, epoch(said.sent_at) - epoch(asked.asked_at) > 3600 * $hours as is_late
            from named join said on said.message_id = named.message_id and said.role in ('curator', 'staff') and said.channel = 'chat'
            -- What is said of a letter answers no question of the chat, and nothing else answers a letter there.
            join asked on asked.author_id = named.author_id and asked.asked_at <= said.sent_at and (asked.channel <> 'chat') = regexp_matches(said.whole, $letter)
                and (asked.chat_id = said.chat_id or (asked.channel in ('mail', 'direct') and asked.course_id = said.course_id))
                and epoch(said.sent_at) - epoch(asked.asked_at)
                    <= case when named.tokens >= 2 and not named.is_perhaps and asked.channel = 'chat' then 86400 * $days else 3600 * $hours end
            left join closed on closed.question_id = asked.question_id
            where said.message_id not in (select answer_id from linked) and (closed.closed_at is null or closed.closed_at > said.sent_at)
                and not exists (select 1 from not_called where not_called.message_id = said.message_id and not_called.person_id = asked.person_id)
            group by said.message_id, said.sent_at, asked.question_id, asked.channel, asked.is_told, asked.asked_at, named.part
        )
        select pair.*, said.whole as answer, asked.whole as question
        from pair join said on said.message_id = pair.answer_id join asked on asked.question_id = pair.question_id
        order by pair.answer_id, pair.question_id, pair.part
        """,
        {"hours": threshold("reply_window_named"), "days": threshold("reply_window_mail"), "letter": wording.pattern(wording.OF_LETTER)},
    )
    if found.empty:
        return pd.DataFrame({"question_id": [], "answer_id": [], "rule": [], "score": []}).astype({"score": float})
    about, is_other = speak_of_one(found["question"], found["answer"])
    is_sure = (found["tokens"] >= _MENTIONED).to_numpy()
    found = found.assign(
        about=np.round(about, 1), is_sure=is_sure, is_same=~is_other, is_fresh=~found["is_late"], is_known=~found["is_perhaps"]
    )
    # One first name, or a question of long ago, and another matter: somebody else of that name is meant.
    found = found[~(is_other & ~is_sure & (((found["tokens"] < 2) & ~found["is_sole"]) | found["is_late"]).to_numpy())]
    order = ["is_sure", "is_fresh", "is_same", "is_found", "is_known", "tokens", "about", "asked_at", "question_id", "part"]
    found = found.sort_values(["answer_id", *order])
    # Each sentence that calls somebody ("Анна, …. Олег, …") is told to that person; otherwise a message answers one.
    best = found.drop_duplicates("answer_id", keep="last")
    others = found[found["calls"] & ~found["answer_id"].isin(best.loc[~best["calls"], "answer_id"])].drop_duplicates(
        ["answer_id", "part"], keep="last"
    )
    found = pd.concat([best, others]).drop_duplicates(["answer_id", "question_id"]).sort_values(["answer_id", "question_id"])
    score = np.where(~found["is_here"], threshold("reply_score_letter"), np.where(found["tokens"] >= 2, 0.95, 0.8))
    return found.assign(rule="mention", score=score)[["question_id", "answer_id", "rule", "score"]]


_TURNS = """
with held as (
    select linked.question_id, asked.author_id as asker_id, asked.person_id, said.chat_id, coalesce(said.thread_id, '') as thread, said.author_id as curator_id,
        said.sent_at as held_at, closed.closed_at
    from linked join said on said.message_id = linked.answer_id join asked on asked.question_id = linked.question_id
    left join closed on closed.question_id = linked.question_id
    where said.channel = 'chat' and said.role in ('curator', 'staff') and said.says = 'holding' and (said.ends_asking or said.asks_back or said.asks_to_see)
), back as (
    select held.*, reply.sent_at as back_at
    from held join said as reply on reply.chat_id = held.chat_id and coalesce(reply.thread_id, '') = held.thread and reply.author_id = held.asker_id
        and reply.sent_at > held.held_at and epoch(reply.sent_at) - epoch(held.held_at) <= 3600 * $hours
    qualify row_number() over (partition by held.question_id, held.curator_id, held.held_at order by reply.sent_at, length(reply.message_id), reply.message_id) = 1
), turn as (
    select back.*, said.message_id as answer_id, said.sent_at, said.reply_to_id, said.says, said.to_all
    from back join said on said.chat_id = back.chat_id and coalesce(said.thread_id, '') = back.thread and said.author_id = back.curator_id
        and said.sent_at > back.back_at and epoch(said.sent_at) - epoch(back.back_at) <= 3600 * $hours
    -- What is told to another question is no turn of this talk.
    where not exists (select 1 from linked where linked.answer_id = said.message_id and linked.question_id <> back.question_id)
    qualify row_number() over (partition by back.question_id, back.curator_id, back.held_at order by said.sent_at, length(said.message_id), said.message_id) = 1
)
select distinct turn.question_id, turn.answer_id, 'turn' as rule, $score::double as score
from turn left join said as target on target.message_id = turn.reply_to_id
where turn.answer_id not in (select answer_id from linked) and turn.says <> 'thanks' and not turn.to_all
    and (turn.reply_to_id is null or target.author_id = turn.asker_id) and (turn.closed_at is null or turn.closed_at > turn.sent_at)
    and not exists (select 1 from not_called where not_called.message_id = turn.answer_id and not_called.person_id = turn.person_id)
    -- Somebody else who asked meanwhile may be meant.
    and not exists (
        select 1 from asked as other left join closed on closed.question_id = other.question_id
        where not other.is_told and other.chat_id = turn.chat_id and other.author_id <> turn.asker_id and other.asked_at > turn.held_at and other.asked_at <= turn.sent_at
            and (closed.closed_at is null or closed.closed_at > turn.sent_at)
    )
qualify row_number() over (partition by turn.answer_id order by turn.held_at desc, turn.question_id) = 1
order by 1, 2
"""


def _by_turn(warehouse: Warehouse) -> pd.DataFrame:
    """A curator asked back, the asker said something, the curator goes on without a mark or replies to that, and nobody else has asked meanwhile: it belongs to the same question."""
    return warehouse.frame(_TURNS, {"hours": threshold("reply_window_chat"), "score": threshold("thread_reply_score")})


def _by_private_message(warehouse: Warehouse) -> pd.DataFrame:
    """A question in public answered in private: a curator's letter or personal message to the asker that says so, soon after.

    Who has no known account in the chat perhaps asked under one that shows a part of the name: where one such account waits, the letter is its answer, where several do it is nobody's.
    """
    return warehouse.frame(
        f"""
        with sent as (
            select said.*, said.about_question or regexp_matches({wording.line_sql("said.subject", quotations=True)}, $pattern) as is_about,
                regexp_matches(lower(coalesce(said.subject, '') || ' ' || said.written), 'форум|forum') as says_forum,
                regexp_matches(lower(coalesce(said.subject, '') || ' ' || said.written), ' чат|chat|группе|telegram|телеграм') as says_chat
            from said
            where said.channel in ('mail', 'direct') and said.role in ('curator', 'staff') and not said.is_to_list
                and said.message_id not in (select answer_id from linked)
        ), meant as (
            select addressed.message_id, coalesce(addressed.person_id, addressed.account_id) as author_id, cast(null as varchar) as chat_id from addressed
            union all
            select addressed.message_id, perhaps.author_id, perhaps.chat_id
            from addressed join sent on sent.message_id = addressed.message_id
            join perhaps on perhaps.person_id = addressed.person_id and coalesce(perhaps.known_from > sent.sent_at, true)
        ), pair as (
            select sent.message_id as answer_id, asked.question_id, asked.asked_at, asked.author_id, meant.chat_id is null as is_known,
                (sent.says_forum and asked.channel = 'forum') or (sent.says_chat and asked.channel = 'chat') as is_named
            from sent join meant on meant.message_id = sent.message_id
            join asked on asked.author_id = meant.author_id and not asked.is_told and coalesce(meant.chat_id = asked.chat_id, true) and asked.channel <> sent.channel and asked.asked_at <= sent.sent_at
                and epoch(sent.sent_at) - epoch(asked.asked_at) <= 3600 * $hours
            left join closed on closed.question_id = asked.question_id
            -- A place that is named is the place.
            where sent.is_about and (closed.closed_at is null or closed.closed_at > sent.sent_at)
                and (asked.channel = 'forum' or not sent.says_forum or sent.says_chat) and (asked.channel = 'chat' or not sent.says_chat or sent.says_forum)
        ), certain as (
            select * from pair
            qualify is_known or (not bool_or(is_known) over (partition by answer_id) and min(author_id) over (partition by answer_id) = max(author_id) over (partition by answer_id))
        )
        select arg_max(question_id, row(is_named, asked_at, question_id)) as question_id, answer_id, 'direct' as rule,
            max(case when is_named and is_known then 0.9 else 0.75 end)::double as score
        from certain group by answer_id order by answer_id
        """,
        {"hours": threshold("reply_window_private"), "pattern": wording.pattern(wording.ABOUT_QUESTION)},
    )


def _next_in_private(warehouse: Warehouse) -> pd.DataFrame:
    """Between two people the curator's next words answer what was asked last."""
    return warehouse.frame(
        """
        select arg_max(asked.question_id, asked.asked_at) as question_id, said.message_id as answer_id, 'next' as rule, 0.9::double as score
        from said join asked on asked.chat_id = said.chat_id and asked.channel = 'direct' and asked.asked_at <= said.sent_at and asked.author_id <> said.author_id
            and epoch(said.sent_at) - epoch(asked.asked_at) <= 86400 * $days
        where said.channel = 'direct' and said.role in ('curator', 'staff') and said.message_id not in (select answer_id from linked)
        group by said.message_id order by answer_id
        """,
        {"days": threshold("reply_window_mail")},
    )


def _guessed(warehouse: Warehouse, standing: pd.DataFrame, start: float) -> pd.DataFrame:
    """The curator's unmarked messages in a chat, and the question of those open at that time that each answers. What was not sure enough is left in the temporary table ``possible``."""
    made = standing[(standing["rule"] == "next") & (standing["channel"] == "chat") & (standing["kind"] != "holding")]
    first = made.groupby("question_id")["sent"].min()
    guesses = guess(warehouse, start, _last_moment(warehouse), {str(question): float(sent) for question, sent in first.items()})
    _keep(warehouse, "possible", _fresh(warehouse, guesses.possible, start))
    return guesses.links


def _last_moment(warehouse: Warehouse) -> float:
    """The second after the last message: it teaches too."""
    return float(warehouse.value("select max(epoch(sent_at)) from said") or 0.0) + 1
