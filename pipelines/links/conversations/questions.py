"""Which messages ask for an answer: ``links.questions``.

A message is judged by signs of language (question mark, interrogatives, requests, "it does not work") against signs of talk that
waits for nobody (thanks, "me too", talk among learners), each with a weight set by reason; the rule names the sign that weighed most, so that a curator who marks
"not a question" says which rule errs. The rules know the words that somebody thought of. What was learned of how people ask (``question_model``) weighs their verdict and
their signs beside the words themselves and who spoke before, and decides (rule ``learned`` where it says otherwise than they): docs/decisions/0058.

Of a mail only the envelope is known: a learner's letter to a curator that opens a thread waits for an answer unless its subject
confirms something, or, without a subject of its own, it follows a notice so soon that it rather confirms that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.links.conversations import novelty, question_model, spelling, wording
from pipelines.links.conversations.question_wording import may_be_name
from pipelines.links.conversations.roles import narrow_roles, relate_roles
from pipelines.links.people.names import NAME_TOKENS, called, key
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Weight of each sign. Positive ones speak for a question.
_FOR = {
    "question_mark": 0.50,
    "request": 0.45,
    "technical_trouble": 0.40,
    "technical_alone": 0.10,
    "opens_with_interrogative": 0.35,
    "particle": 0.25,
    "opens_with_particle": 0.10,
    "trouble": 0.35,
    "opens_weakly": 0.20,
    "opens_with_verb": 0.15,
    "interrogative": 0.35,
    "you_will": 0.35,
    "asks_how": 0.35,
    "ends_asking": 0.35,
    "thanks_ahead": 0.45,
    "fault": 0.35,
    "need": 0.45,
    "allowed": 0.35,
    "either_or": 0.35,
    "asks_who_knows": 0.45,
    "asks_to": 0.45,
    "announces": 0.70,
    "repeats": 0.35,
    "imperative": 0.45,
    "may_i": 0.35,
    "holds": 0.35,
    "which": 0.15,
    "opens_with_preposition": 0.35,
    "form": 0.35,
    "persists": 0.35,
    "absent": 0.35,
    "you_do": 0.35,
    "you_did": 0.35,
    "opens_with_but": 0.20,
    "asks_whether": 0.15,
    "course_term": 0.15,
}
_AGAINST = {
    "follow_up": 0.80,
    "shares_work": 1.20,
    "forwarded": 1.20,
    "peers_selves": 1.20,
    "instructs": 1.20,
    "peers_who": 0.80,
    "peers": 0.60,
    "hearsay": 0.50,
    "thanks": 0.50,
    "settled": 0.50,
    "account": 0.30,
    "classroom": 0.30,
    "peers_addressed": 0.20,
    "peers_named": 1.20,
    "rhetorical": 0.80,
    "regrets": 0.60,
    "specifies": 0.60,
    "off_topic": 0.60,
    "ready_work": 0.70,
    "doubts": 0.60,
    "laughs": 0.20,
    "no_course_term": 0.20,
}
#: Signs against that are as good as certain by themselves: where one of them decides, nothing that was learned says otherwise.
_SURE = (
    "follow_up",
    "shares_work",
    "forwarded",
    "peers_selves",
    "instructs",
    "rhetorical",
    "regrets",
    "specifies",
    "off_topic",
    "ready_work",
    "doubts",
)
#: Rules of messages that no answer makes questions: "handed in the third work" – "I see it, I will look at it tomorrow".
NO_QUESTIONS = (*_SURE, "settled", "peers_named", "withdrawn")
_SIGNS = {
    "request": wording.REQUESTS,
    "trouble": wording.TROUBLE,
    "interrogative": wording.INTERROGATIVES_STRONG,
    "course_term": wording.COURSE_TERMS,
    "peers": wording.PEERS,
    "peers_ask": wording.PEERS_ASK,
    "off_topic": wording.OFF_TOPIC,
    "ready_work": wording.READY_WORK,
    "peers_addressed": wording.PEERS_ADDRESSED,
    "hearsay": wording.HEARSAY,
    "thanks": wording.THANKS,
    "peers_selves": wording.PEERS_SELVES,
    "runs_it": wording.WHO_RUNS_IT,
    "shares_work": wording.SHARES_WORK,
    "classroom": wording.CLASSROOM,
    "thanks_ahead": wording.THANKS_AHEAD,
    "fault": wording.FAULTS,
    "need": wording.NEEDS,
    "you_will": wording.YOU_WILL,
    "allowed": ("можно", "обязательно", "allowed", "mandatory", "obligatory"),
    "follow_up": wording.FOLLOW_UPS,
    "instructs": wording.INSTRUCTS,
    "for_me": wording.FOR_ME,
}
_TECHNICAL_SIGNS = {
    "trouble_told": wording.TROUBLE,
    "technical_term": wording.TECHNICAL_TERMS,
    "technical_alone": wording.TECHNICAL_ALONE,
}
#: Subjects that answer: the sender's program wrote the prefix.
_REPLY_SUBJECT = "^ *(re|fw|fwd|aw|sv|отв|ответ|пер|на) *(\\[[0-9]+\\])? *:"
#: What mail programs put where the sender wrote no subject.
_NO_SUBJECT = "^[ (\\[<]*(без темы|нет темы|без заголовка|no subject|none|untitled)[ )\\]>]*$"
_SUBJECT_ASKS = (*wording.REQUESTS, *wording.INTERROGATIVES_STRONG, *wording.TROUBLE, "вопрос*", "помощь", "проблем*", "просьба", "question*", "help", "problem*")  # fmt: skip
_SUBJECT_CONFIRMS = wording.SUBJECT_CONFIRMS

_JUDGED = """
create or replace temp table judged as
select message_id, channel, chat_id, coalesce(thread_id, chat_id) as place, account_id, person_id, author_id, role, course_id, sent_at, reply_to_id, subject, text, is_to_list, deleted_at
from conversation
where kind = 'post' and not is_forwarded and account_id is not null and sent_at is not null and role not in ('curator', 'staff', 'bot')
    and chat_kind not in ('news', 'saved', 'channel')
"""

# What asks, by its first words after a greeting: a word that may be a name, perhaps a patronymic, then a comma, or a word that only follows a name where somebody is spoken to.
_CALLS = """
with asking as (
    select judged.message_id, judged.chat_id, judged.course_id, judged.author_id, judged.sent_at, {line} as line, coalesce(judged.text, '') as written
    from judged where judged.channel in ('chat', 'forum') and judged.message_id in (select message_id from asking_messages)
), opened as (
    select *, regexp_replace(line, '^ ({greetings} )+', ' ') as said from asking
), worded as (
    select *, string_split(trim(said), ' ') as words from opened
)
select message_id, words[1] as first
from worded
where regexp_matches(said, '^ [^ ?]+ ([а-я]+(вна|вич|чна) )?{spoken_to}')
    or regexp_matches(lower(written), '(^|[^0-9a-zа-яё])' || replace(words[1], 'е', '[её]') || '( +[а-яё]+(вна|вич|чна))? *[,!]')
order by message_id
"""
# Who wrote in the chat before: nobody else is known there, and what is written later changes nothing. Who is linked to nobody may be a curator. Curators and staff of the course are known from the day of their role.
_FELLOWS = """
with caller as (
    select calling.message_id, calling.key, judged.chat_id, judged.course_id, judged.author_id, judged.person_id, judged.sent_at
    from calling join judged on judged.message_id = calling.message_id
), present as (
    select chat_id, author_id, role = 'learner' as is_fellow, min(sent_at) as since
    from conversation_whole
    where chat_id in (select chat_id from caller) and kind = 'post' and account_id is not null and sent_at is not null
    group by chat_id, author_id, is_fellow
), near as (
    select caller.message_id, caller.key, present.author_id, present.is_fellow and present.author_id <> caller.author_id as is_fellow, present.author_id = caller.author_id as is_self
    from caller join present on present.chat_id = caller.chat_id and present.since <= caller.sent_at
    union
    select caller.message_id, caller.key, span.person_id, false, span.person_id = caller.author_id
    from caller join role_spans as span on span.course_id = caller.course_id and span.role <> 'learner' and coalesce(span.since <= caller.sent_at, true)
)
select near.message_id, bool_and(near.is_fellow) as is_fellow, bool_or(not near.is_fellow and not near.is_self) as may_be_curator
from near join names_there as name on name.author_id = near.author_id and name.key = near.key
group by near.message_id
order by near.message_id
"""
#: Words of the names of all who wrote where somebody is called, or have a duty in its course.
_NAMES_THERE = f"""
with place as (
    select distinct judged.chat_id, judged.course_id from calling join judged on judged.message_id = calling.message_id
), there as (
    select distinct author_id, account_id from conversation_whole where chat_id in (select chat_id from place) and account_id is not null
    union
    select distinct span.person_id, null from role_spans as span join place on place.course_id = span.course_id where span.role <> 'learner'
), shown as (
    select there.author_id, coalesce(person.account_id, there.account_id) as account_id
    from there left join links.people as person on person.person_id = there.author_id and person.state = 'linked'
)
select distinct shown.author_id, {NAME_TOKENS} as token from shown join personal.accounts as account on account.account_id = shown.account_id
order by author_id, token
"""

_BURSTS = """
create or replace temp table bursts as
with gaps as (
    select *, epoch(sent_at) - epoch(lag(sent_at) over turn) as gap
    from judged
    window turn as (partition by account_id, place order by sent_at, length(message_id), message_id)
), numbered as (
    select *, sum(case when gap <= $gap then 0 else 1 end) over (partition by account_id, place order by sent_at, length(message_id), message_id) as burst
    from gaps
)
select message_id, first_value(message_id) over (partition by account_id, place, burst order by sent_at, length(message_id), message_id) as burst_id
from numbered
"""


@dataclass(frozen=True)
class QuestionSummary:
    """What was judged: messages, those that ask, bursts that ask, technical ones among the judged."""

    judged: int
    questions: int
    bursts: int
    technical: int


def link_questions(warehouse: Warehouse, *, since: float | None = None, is_related: bool = False) -> QuestionSummary:
    """Judge every message of people who are neither curators nor staff and write ``links.questions``.

    Grain: one row per message judged. Left out: messages of curators and staff (by their role in that course at that time), bots,
    service lines, receipts, reports and automatic replies, forwarded words, news forums, and messages without an author or a time. A message
    that was deleted and never answered is no question any more (rule ``withdrawn``). Needs links.people and links.places.
    ``since``: messages sent before this moment (seconds) stand as they were judged (``novelty``); None: everything is judged. ``is_related``: roles are at hand
    (``relate_roles``), and nothing that they are made of was written since.
    """
    (narrow_roles if is_related else relate_roles)(warehouse, None if since is None else novelty.context(since))
    warehouse.connection.execute(_JUDGED)
    warehouse.connection.execute(_BURSTS, {"gap": 60 * threshold("burst_gap")})
    judged = pa.concat_tables([_judge_texts(warehouse), _judge_mail(warehouse)])
    with_bursts = _with_bursts(warehouse, judged)
    if since is not None:
        with_bursts = _with_standing(warehouse, with_bursts, since)
    warehouse.replace("links.questions", with_bursts)
    asks = np.asarray(with_bursts["is_question"])
    return QuestionSummary(
        judged=with_bursts.num_rows,
        questions=int(asks.sum()),
        bursts=len(set(with_bursts.filter(with_bursts["is_question"])["burst_id"].to_pylist())),
        technical=int(np.asarray(with_bursts["is_technical"]).sum()),
    )


def judge(texts: pa.Array | pa.ChunkedArray, *, warehouse: Warehouse) -> pa.Table:
    """Judge texts by their words alone: columns is_question, is_technical, score (0 to 1), rule; a row per text, in order.

    A null or empty text asks nothing (rule ``empty``).
    """
    warehouse.connection.register(
        "texts_to_judge", pa.table({"text": texts.cast(pa.string()), "place": pa.array(range(len(texts)), pa.int64())})
    )
    try:
        told = _told(_signs(warehouse, "texts_to_judge", "place"))
    finally:
        warehouse.connection.unregister("texts_to_judge")
    return _decided(told.by_rules, told.odds)


def _signs(warehouse: Warehouse, relation: str, order: str) -> pa.Table:
    """One row per text with a boolean per sign, in the order of the key."""
    greetings = wording.pattern(wording.GREETINGS + wording.PEERS_ADDRESSED).strip()
    longest, opening, ending = (int(threshold(name)) for name in ("question_edges_text", "question_opening", "question_ending"))
    warehouse.connection.execute(
        f"""
        create or replace temp table lines_judged as
        select {order}, {wording.line_sql("text", quotations=True)} as whole, {wording.bare_sql("text", "whole")} as line, {question_model.line_sql("text")} as spelt,
            len(string_split(trim(line), ' ')) as words,
            coalesce(regexp_matches(text, '{wording.LAUGHS}'), false) as laughs, coalesce(regexp_matches(lower(text), '{wording.SUBORDINATE}'), false) as is_subordinate
        from {relation}
        """
    )
    # A long text asks where it begins or ends; what stands between is a story, or the work that is shown.
    for column in ("whole", "line"):
        warehouse.connection.execute(
            f"""
            update lines_judged set {column} = ' ' || array_to_string(string_split(trim({column}), ' ')[:{opening}], ' ')
                || ' ' || array_to_string(string_split(trim({column}), ' ')[-{ending}:], ' ') || ' '
            where words > {longest}
            """
        )
    spelling.mend(warehouse, "lines_judged", "whole", "line")
    query = f"""
        with bare as (
            select *, regexp_replace(line, '^ ({greetings} )+', ' ') as said, regexp_replace(line, '{wording.DENIED}', ' ', 'g') as affirmed,
                trim(line) = '' as is_empty
            from lines_judged
        )
        select {order}, spelt, len(string_split(spelt, ' . ')) - 1 as stops, contains(spelt, ' ? ') as has_mark, regexp_matches(spelt, ' [?] [^0-9a-zа-я]*$') as ends_with_mark, words, is_empty, laughs, is_subordinate, len(string_split(trim(whole), ' ')) as words_quoted, contains(line, ' ? ') as question_mark,
            regexp_matches(line, ' ли ') as particle, regexp_matches(said, '{wording.DOUBTS}') as doubts,
            regexp_matches(said, '{wording.OPENS_WITH_PARTICLE}') and not regexp_matches(said, '{wording.DOUBTS}') as opens_with_particle,
            regexp_matches(said, '{wording.opening_pattern(wording.INTERROGATIVES)}') as opens_with_interrogative,
            regexp_matches(said, '{wording.opening_pattern(wording.INTERROGATIVES_WEAK)}') as opens_weakly,
            regexp_matches(said, '^{wording.pattern(wording.PEERS_WHO)}') as opens_with_who,
            regexp_matches(said, '^ ((большое|огромное|и|вам|many|so) )*({wording.pattern(wording.THANKS).strip().strip("()")}) ') as opens_with_thanks,
            regexp_matches(replace(line, ' есть ', ' '), '{wording.ASKS_HOW}') as asks_how, regexp_matches(line, '{wording.ENDS_ASKING}') as ends_asking,
            regexp_matches(said, '{wording.OPENS_WITH_PREPOSITION}') as opens_with_preposition, regexp_matches(said, '{wording.OPENS_WITH_WHICH}') as opens_with_which,
            regexp_matches(line, '{wording.ASKS_WHO_KNOWS}') as asks_who_knows, regexp_matches(line, '{wording.ASKS_TO}') as asks_to, regexp_matches(replace(line, ' есть ', ' '), '{wording.MAY_I}') as may_i,
            regexp_matches(line, '{wording.HOLDS}') as holds, regexp_matches(line, '{wording.PERSISTS}') as persists, regexp_matches(line, '{wording.ABSENT}') as absent,
            regexp_matches(line, '{wording.YOU_DO}') as you_do, regexp_matches(line, '{wording.RHETORICAL}') as rhetorical, regexp_matches(line, '{wording.REGRETS}') as regrets,
            regexp_matches(said, '{wording.SPECIFIES}') as specifies,
            regexp_matches(regexp_replace(line, '{wording.COURTEOUS}', ' ', 'g'), '{wording.IMPERATIVE}') as imperative,
            regexp_matches(line, '^ ([а-я]+ )?({greetings} )*а [а-я]') as opens_with_but,
            regexp_matches(line, '{wording.YOU_DID}') and not regexp_matches(line, '{wording.PRAISED}') as you_did, regexp_matches(line, '{wording.PLACED}') as is_placed,
            regexp_matches(line, '{wording.ASKS_WHETHER}') as asks_whether, regexp_matches(said, '^ (есть|будет|будут|обязательно) ') as opens_with_verb,
            regexp_matches(line, '^ ({greetings} )*{wording.TELLS}') as tells,
            regexp_matches(affirmed, '{wording.pattern(wording.SETTLED).rstrip()}.*{wording.BUT}') as turns,
            regexp_matches(line, '{wording.ANNOUNCES}') and not regexp_matches(line, '{wording.ANNOUNCES_NOTHING}') as announces, regexp_matches(line, '{wording.REPEATS}') as repeats,
            regexp_matches(line, '{wording.FORWARDED}') as forwarded, not regexp_matches(line, '[0-9a-zа-я]') as wordless,
            -- The greetings hold "а" too.
            regexp_matches(line, '^ ({greetings} )*а если ') as opens_with_if, regexp_matches(line, ' (куратор[а-я]*|организатор[а-я]*) ') as addresses_curators,
            regexp_matches(line, '{wording.EITHER_OR}') as either_or, regexp_matches(line, '{wording.NUMBERED}') as numbered,
            regexp_matches(affirmed, '{wording.pattern(wording.SETTLED)}') as settled,
            {wording.signs_sql("line", _SIGNS)},
            {wording.signs_sql("whole", _TECHNICAL_SIGNS)}
        from bare order by {order}
    """
    return warehouse.arrow(query)


@dataclass(frozen=True)
class _Weighed:
    """Of each text what speaks for a question and against (``table``: a row per text, a column per sign of ``names``, signed weights), whether it is of technical trouble, whether it is empty."""

    names: tuple[str, ...]
    table: np.ndarray
    is_technical: np.ndarray
    is_empty: np.ndarray


def _weigh(signs: pa.Table) -> _Weighed:
    column = {name: np.asarray(signs[name]) for name in signs.column_names}
    column["opens_with_interrogative"] = column["opens_with_interrogative"] | column["opens_with_if"]
    asks_plainly = column["question_mark"] | column["request"] | column["announces"]
    # A long text without a question mark is an account: what interrogatives and troubles it tells of are part of the story.
    is_account = (column["words"] > threshold("question_long_text")) & ~asks_plainly
    is_long = column["words"] > threshold("question_edges_text")
    is_technical = column["technical_alone"] | (column["trouble_told"] & column["technical_term"])
    is_short = column["words"] <= threshold("question_short_text")
    # A courtesy at the end of what is asked is no thanks for an answer.
    is_thanking = (
        column["thanks"]
        & ~asks_plainly
        & ~column["thanks_ahead"]
        & ~column["opens_with_interrogative"]
        & (column["opens_with_thanks"] | (column["words"] <= threshold("short_thanks")))
    )
    is_complaint = ~is_account & ~is_thanking
    has_term = column["course_term"] | column["numbered"] | column["you_will"]
    is_about_course = has_term | is_technical | column["technical_term"]
    # What went wrong with what was done ("отправила, а статус висит") is not settled.
    went_wrong = is_technical | column["trouble"] | column["fault"] | column["persists"] | column["absent"]
    is_settled = column["settled"] & ~asks_plainly & ~column["opens_with_interrogative"] & ~(column["turns"] & went_wrong)
    tells = column["tells"] | column["hearsay"]
    says_little = column["words_quoted"] <= threshold("question_short_text")
    form = (
        (
            (column["opens_with_interrogative"] & ~column["opens_with_who"])
            | column["opens_with_preposition"]
            | column["ends_asking"]
            | column["asks_how"]
        )
        & is_short
        & ~column["is_subordinate"]
    )
    asks_who = (
        column["opens_with_who"]
        & ~column["runs_it"]
        & ~column["peers_ask"]
        & ~column["asks_who_knows"]
        & ~column["allowed"]
        & ~column["asks_how"]
    )
    announces = column["announces"] & ~column["question_mark"] & ~column["settled"]
    present = {
        "question_mark": column["question_mark"],
        "request": column["request"] & ~announces,
        "technical_trouble": is_technical & is_complaint,
        "technical_alone": column["technical_alone"] & is_complaint & is_short,
        # "Кто спрашивал, держите" asks nobody.
        "opens_with_interrogative": column["opens_with_interrogative"] & ~is_account & ~(column["opens_with_who"] & column["shares_work"]),
        "particle": column["particle"] & ~is_account,
        "opens_with_particle": column["opens_with_particle"] & ~is_account & is_about_course,
        "trouble": column["trouble"] & is_short & ~is_technical & is_complaint,
        "opens_weakly": column["opens_weakly"] & ~column["opens_with_interrogative"] & ~is_account,
        "interrogative": column["interrogative"] & is_short & ~column["opens_with_interrogative"],
        "you_will": column["you_will"] & is_short & is_about_course,
        "asks_how": column["asks_how"] & is_short & ~column["opens_with_interrogative"],
        "ends_asking": column["ends_asking"] & is_short & ~column["opens_with_interrogative"],
        "thanks_ahead": column["thanks_ahead"] & ~is_account,
        "fault": column["fault"] & is_short & is_complaint & ~is_technical & ~(column["trouble"] & ~has_term),
        "need": column["need"] & is_short & is_complaint & ~column["thanks"],
        "allowed": column["allowed"] & is_short & is_about_course & ~column["opens_with_interrogative"],
        "either_or": column["either_or"] & is_short & is_about_course,
        "asks_who_knows": column["asks_who_knows"],
        "asks_to": column["asks_to"] & ~column["request"],
        "announces": announces,
        "repeats": column["repeats"] & is_complaint & is_about_course & ~tells & ~column["persists"],
        "imperative": column["imperative"] & column["for_me"] & ~column["request"] & ~tells & is_short,
        "may_i": column["may_i"] & is_short & is_about_course & ~column["allowed"] & ~tells,
        "holds": column["holds"] & says_little & is_about_course & ~column["allowed"] & ~tells,
        "which": column["opens_with_which"],
        "opens_with_preposition": column["opens_with_preposition"] & ~column["opens_with_interrogative"] & ~is_account,
        # The form of a question asks, whatever it is about.
        "form": form & ~has_term & ~column["question_mark"],
        "persists": column["persists"] & is_short & is_about_course & is_complaint,
        "absent": column["absent"] & is_short & is_about_course & is_complaint & ~tells & ~column["fault"],
        "you_do": column["you_do"] & is_short & is_about_course & ~column["you_will"] & ~column["question_mark"],
        "you_did": column["you_did"] & is_short & is_about_course & ~column["question_mark"] & ~column["settled"],
        "opens_with_but": column["opens_with_but"] & is_short & is_about_course & ~column["settled"] & ~tells & ~column["question_mark"],
        "asks_whether": column["opens_with_but"] & column["asks_whether"] & is_short & is_about_course & ~column["settled"] & ~tells,
        "opens_with_verb": column["opens_with_verb"] & is_short & ~tells & ~column["is_placed"],
        "course_term": has_term,
    }
    against = {
        # "??" asks what was asked before.
        "follow_up": column["follow_up"]
        & ~(column["request"] & column["course_term"])
        & ~(column["turns"] & went_wrong)
        & (column["words"] <= threshold("follow_up_words"))
        | column["wordless"] & column["question_mark"],
        # A task that is copied with its answer requests something too ("объясните", "покажите").
        "shares_work": column["shares_work"] & (~column["request"] | is_long),
        "forwarded": column["forwarded"],
        "peers_selves": column["peers_selves"],
        # "Нажмите «Забыли пароль»" answers; "откройте мне, пожалуйста, задание" asks.
        "instructs": column["instructs"] & ~column["question_mark"] & ~column["for_me"] & ~column["thanks_ahead"],
        "peers_who": asks_who & ~is_technical,
        "peers": column["peers"] & ~column["peers_ask"] & ~column["asks_who_knows"] & ~is_technical & ~asks_who,
        "peers_addressed": column["peers_addressed"] & ~is_technical & ~column["addresses_curators"],
        "hearsay": column["hearsay"] & ~asks_plainly,
        "thanks": is_thanking,
        "settled": is_settled,
        "account": is_account,
        "classroom": column["classroom"] & ~asks_plainly,
        "rhetorical": column["rhetorical"] & ~column["request"] & ~is_technical,
        "off_topic": column["off_topic"] & ~is_technical,
        "ready_work": column["ready_work"] & column["peers"] & ~column["peers_ask"] & ~is_technical,
        "doubts": column["doubts"] & ~asks_plainly,
        "regrets": column["regrets"] & ~asks_plainly & ~column["particle"] & ~went_wrong,
        "specifies": column["specifies"] & ~asks_plainly & ~column["particle"] & ~column["interrogative"] & ~went_wrong,
        "laughs": column["laughs"] & ~column["request"] & ~is_about_course,
        "no_course_term": ~is_about_course & ~column["question_mark"],
    }
    names = (*present, *against)
    weights = np.array([_FOR[name] for name in present] + [-_AGAINST[name] for name in against])
    table = np.column_stack([present[name] for name in present] + [against[name] for name in against]).astype(np.float64) * weights
    return _Weighed(names, table, is_technical & ~column["is_empty"], column["is_empty"])


def _by_rules(signs: pa.Table, weighed: _Weighed) -> pa.Table:
    """What the rules alone say: the key, is_question, is_technical, score, rule; a row per text."""
    table, is_empty = weighed.table, weighed.is_empty
    # Rounded: .7 less .2 is .5.
    total = np.round(np.clip(table.sum(axis=1), 0, 1), 6) if len(table) else np.zeros(0)
    total[is_empty] = 0
    is_question = total >= threshold("question_score")
    strongest_for, strongest_against = table.argmax(axis=1), table.argmin(axis=1)
    anything = np.abs(table).max(axis=1) > 0
    rule = np.array(weighed.names, dtype=object)[np.where(is_question, strongest_for, strongest_against)]
    rule[~is_question & (table.min(axis=1) >= 0)] = "too_little"
    rule[~anything] = "no_sign"
    rule[is_empty] = "empty"
    key = signs.column_names[0]
    return pa.table(
        {
            key: signs[key],
            "is_question": pa.array(is_question),
            "is_technical": pa.array(weighed.is_technical),
            "score": pa.array(total, pa.float64()),
            "rule": pa.array(rule.tolist(), pa.string()),
        }
    )


@dataclass(frozen=True)
class Told:
    """What texts tell by themselves, a row per text: the rules' verdict; the signs that ``question_model`` weighs; its pieces' line; log odds that the text asks, by all of these."""

    by_rules: pa.Table
    signs: dict[str, np.ndarray]
    spelt: list[str]
    odds: np.ndarray


#: The rules' verdict of what is told in sentences of which none asks.
_ACCOUNT = "tells"


def _told(signs: pa.Table) -> Told:
    weighed = _weigh(signs)
    by_rules = _by_rules(signs, weighed)
    is_account = (weighed.table.max(axis=1, initial=0) <= 0) & (np.asarray(signs["stops"]) >= threshold("question_account_stops"))
    by_rules = _with(by_rules, rule=pa.array(np.where(is_account, _ACCOUNT, np.asarray(by_rules["rule"])).tolist(), pa.string()))
    learned = {f"rule_{name}": weighed.table[:, place] != 0 for place, name in enumerate(weighed.names)}
    learned |= {f"has_{name}": np.asarray(signs[name]) for name in signs.column_names if pa.types.is_boolean(signs.schema.field(name).type)}
    learned |= {"score": np.asarray(by_rules["score"]), "asks": np.asarray(by_rules["is_question"])}
    learned |= question_model.form(*(np.asarray(signs[name]) for name in ("words", "stops", "has_mark", "ends_with_mark")))
    spelt = question_model.nameless(signs["spelt"].to_pylist())
    weights = question_model.weights()
    odds = weights.bias + question_model.by_words(spelt, weights.pieces)
    odds += sum(weights.signs.get(name, 0.0) * column.astype(float) for name, column in learned.items())
    # Nothing was learned of texts as long as this: the rules decide.
    sure = threshold("question_rules_odds")
    odds = np.where(np.asarray(signs["words"]) > threshold("question_learned_text"), np.where(learned["asks"], sure, -sure), odds)
    return Told(by_rules, learned, spelt, odds)


def _decided(by_rules: pa.Table, odds: np.ndarray, before: np.ndarray | float = 0.0) -> pa.Table:
    """The verdicts by the log odds of the words and of what was said ``before``; the rule is the rules' sign where they agree, ``learned`` where what was learned outweighs them."""
    rule, is_empty = np.asarray(by_rules["rule"]).astype(object), np.asarray(by_rules["rule"]) == "empty"
    score = np.where(is_empty, 0.0, _probability(odds + before))
    asks = np.asarray(by_rules["is_question"])
    # What no rule calls a question has to read like one: an opinion in a pause of the chat is none, whoever spoke before.
    found = np.minimum(score, _probability(odds))
    # What the rules found is kept at less than even odds.
    is_question = np.where(
        asks, score >= threshold("question_kept"), (found >= threshold("question_found")) & ~np.isin(rule, (*_SURE, _ACCOUNT))
    )
    rule[is_question != asks] = "learned"
    return _with(
        by_rules, is_question=pa.array(is_question), score=pa.array(score, pa.float64()), rule=pa.array(rule.tolist(), pa.string())
    )


def _probability(odds: np.ndarray) -> np.ndarray:
    return np.round(1 / (1 + np.exp(-np.clip(odds, -50, 50))), 4)


def _judge_texts(warehouse: Warehouse) -> pa.Table:
    # What is written again and again is judged once.
    warehouse.connection.execute(
        "create or replace temp table texts_judged as select text, row_number() over () as number "
        "from (select distinct coalesce(text, '') as text from judged where channel <> 'mail')"
    )
    told = _told(_signs(warehouse, "texts_judged", "number"))
    warehouse.connection.register("scored_texts", told.by_rules.append_column("odds", pa.array(told.odds, pa.float64())))
    try:
        messages = warehouse.arrow(
            """
            select judged.message_id, scored.is_question, scored.is_technical, scored.score, scored.rule, scored.odds
            from judged join texts_judged on texts_judged.text = coalesce(judged.text, '') join scored_texts as scored on scored.number = texts_judged.number
            where judged.channel <> 'mail' order by judged.message_id
            """
        )
    finally:
        warehouse.connection.unregister("scored_texts")
    by_rules = messages.drop_columns("odds")
    judged = _decided(by_rules, np.asarray(messages["odds"]), question_model.odds_before(warehouse, messages["message_id"]))
    fellows, others = _called(warehouse, judged["message_id"].filter(pc.or_(by_rules["is_question"], judged["is_question"])))
    # Who calls a curator by name waits for that curator, whomever one is likely to talk to so.
    is_sure = np.isin(np.asarray(judged["message_id"]), others) & np.asarray(by_rules["is_question"])
    score = np.where(is_sure, np.maximum(np.asarray(by_rules["score"]), np.asarray(judged["score"])), np.asarray(judged["score"]))
    judged = _with(
        judged,
        is_question=pa.array(np.asarray(judged["is_question"]) | is_sure),
        score=pa.array(score, pa.float64()),
        rule=pa.array(np.where(is_sure, np.asarray(by_rules["rule"]), np.asarray(judged["rule"])).tolist(), pa.string()),
    )
    return _less_fellows(_less_withdrawn(warehouse, judged), fellows)


def _with(judged: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, column in columns.items():
        judged = judged.set_column(judged.column_names.index(name), name, column)
    return judged


def _less_withdrawn(warehouse: Warehouse, judged: pa.Table) -> pa.Table:
    """The judged messages; what was taken back and never answered asks nothing."""
    withdrawn = warehouse.rows(
        "select message_id from judged where deleted_at is not null and message_id not in (select reply_to_id from raw.messages where reply_to_id is not null and kind = 'post')"
    )
    is_withdrawn = np.isin(np.asarray(judged["message_id"]), [message for (message,) in withdrawn]) & np.asarray(judged["is_question"])
    return _with(
        judged,
        is_question=pa.array(np.asarray(judged["is_question"]) & ~is_withdrawn),
        rule=pa.array(np.where(is_withdrawn, "withdrawn", np.asarray(judged["rule"])).tolist(), pa.string()),
    )


def _called(warehouse: Warehouse, asking: pa.ChunkedArray) -> tuple[list[str], list[str]]:
    """Ids of those of the messages that begin with the name of somebody who wrote in that chat before and has no duty in the course ("Марья Ивановна, а вы сдали?"), and of those
    that begin with the name of somebody else who is there and may have one.

    A name that one of the curators or the asker has as well calls no fellow learner. Nothing that is written later counts: a night comes to what a run over everything comes to.
    """
    connection = warehouse.connection
    connection.register("asking_messages", pa.table({"message_id": asking}))
    try:
        calls = warehouse.frame(
            _CALLS.format(
                line=wording.line_sql("judged.text", quotations=False),
                greetings=wording.pattern(wording.GREETINGS + wording.PEERS_ADDRESSED).strip(),
                spoken_to=wording.SPOKEN_TO,
            )
        )
    finally:
        connection.unregister("asking_messages")
    calls = calls[(calls["first"].str.len() >= threshold("name_letters")) & calls["first"].map(may_be_name).astype(bool)]
    calls = calls.assign(key=calls["first"].map(key))
    calls = calls[calls["key"] != ""]
    if calls.empty:
        return [], []
    connection.register("calling", pa.table({name: pa.array(calls[name].tolist(), pa.string()) for name in ("message_id", "key")}))
    try:
        names = warehouse.frame(_NAMES_THERE)
        words = {word: called(word) for word in names["token"].unique() if len(word) >= threshold("name_letters")}
        names = names.assign(key=names["token"].map(words)).explode("key").dropna(subset="key")[["author_id", "key"]].drop_duplicates()
        connection.register("names_there", pa.table({name: pa.array(names[name].tolist(), pa.string()) for name in names.columns}))
        found = warehouse.rows(_FELLOWS)
        connection.unregister("names_there")
        return [message for message, is_fellow, _ in found if is_fellow], [
            message for message, _, may_be_curator in found if may_be_curator
        ]
    finally:
        connection.unregister("calling")


def _less_fellows(judged: pa.Table, asked_of_fellows: list[str]) -> pa.Table:
    """The judged messages, those asked of fellow learners less the weight of that."""
    if not asked_of_fellows:
        return judged
    is_theirs = np.isin(np.asarray(judged["message_id"]), asked_of_fellows)
    score = np.asarray(judged["score"])
    score = np.where(is_theirs, np.round(np.clip(score - _AGAINST["peers_named"], 0, 1), 6), score)
    return _with(
        judged,
        is_question=pa.array(np.asarray(judged["is_question"]) & ~is_theirs),
        score=pa.array(score, pa.float64()),
        rule=pa.array(np.where(is_theirs, "peers_named", np.asarray(judged["rule"])).tolist(), pa.string()),
    )


def _judge_mail(warehouse: Warehouse) -> pa.Table:
    """Letters to curators, by sender, thread, subject and what was sent before."""
    return warehouse.arrow(
        f"""
        with letter as (
            select judged.*, coalesce(judged.subject, '') as head, {wording.line_sql("judged.subject", quotations=True)} as line,
                regexp_matches(lower(coalesce(judged.subject, '')), '{_REPLY_SUBJECT}') or judged.reply_to_id is not null as is_reply,
                exists (
                    select 1 from addressed join role_spans as span on span.person_id = addressed.person_id and span.role <> 'learner'
                    where addressed.message_id = judged.message_id
                ) as is_to_curator
            from judged where channel = 'mail'
        ), written_to as materialized (
            select letter.message_id, letter.person_id, letter.sent_at, lower(trim(letter.head)) as subject, addressed.account_id as receiver_id
            from letter join addressed on addressed.message_id = letter.message_id
        ), notice as materialized (
            select sent.sent_at, sent.account_id as sender_id, lower(trim(sent.subject)) as subject, addressed.person_id
            from conversation as sent join addressed on addressed.message_id = sent.message_id
            where sent.channel = 'mail' and sent.kind = 'post' and sent.role in ('curator', 'staff') and sent.reply_to_id is null
                and addressed.person_id is not null
        ), after as (
            -- Of two relations, by both keys: the engine must never pair all letters to a curator with all that the curator sent.
            select written_to.message_id, max(notice.sent_at) as noticed_at, bool_or(notice.subject = written_to.subject) as repeats_subject
            from written_to join notice
                on notice.person_id = written_to.person_id and notice.sender_id = written_to.receiver_id and notice.sent_at <= written_to.sent_at
            group by written_to.message_id
        ), judged_letter as (
            select letter.message_id, {wording.signs_sql("line", {"asks": _SUBJECT_ASKS, "confirms": _SUBJECT_CONFIRMS, **_TECHNICAL_SIGNS})},
                contains(head, '?') as has_mark, is_reply, is_to_curator, is_to_list, role,
                -- Who gives a letter a subject of its own has something of their own to say.
                not regexp_matches(head, '[0-9A-Za-zА-Яа-яЁё]') or regexp_matches(lower(head), '{_NO_SUBJECT}') or coalesce(after.repeats_subject, false)
                    as has_no_subject,
                coalesce(epoch(letter.sent_at) - epoch(after.noticed_at) <= 86400 * $confirms, false) as is_after_notice
            from letter left join after on after.message_id = letter.message_id
        ), ruled as (
            select *, case
                when is_reply then 'reply'
                when is_to_list or not is_to_curator then 'not_to_curator'
                when confirms and not has_mark then 'confirmation'
                when asks or has_mark then 'subject'
                when role = 'unknown' then 'stranger'
                when is_after_notice and has_no_subject then 'after_notice'
                else 'opens_thread'
            end as rule from judged_letter
        )
        select message_id, rule in ('subject', 'opens_thread') as is_question, technical_alone or (trouble_told and technical_term) as is_technical,
            case rule when 'subject' then 0.9 when 'opens_thread' then 0.7 when 'after_notice' then 0.4 when 'stranger' then 0.3 else 0.1 end::double as score,
            rule
        from ruled order by message_id
        """,
        {"confirms": threshold("mail_confirms_notice")},
    )


def _with_standing(warehouse: Warehouse, judged: pa.Table, since: float) -> pa.Table:
    """What was judged now of the messages since that moment, and what was judged before of the others."""
    warehouse.connection.register("judged_now", judged)
    try:
        return warehouse.arrow(
            """
            select judged.* from judged_now as judged join raw.messages as message on message.message_id = judged.message_id where epoch(message.sent_at) >= $since
            union all by name
            select judged.* from links.questions as judged join raw.messages as message on message.message_id = judged.message_id where epoch(message.sent_at) < $since
            order by message_id
            """,
            {"since": since},
        )
    finally:
        warehouse.connection.unregister("judged_now")


def _with_bursts(warehouse: Warehouse, judged: pa.Table) -> pa.Table:
    warehouse.connection.register("all_judged", judged)
    try:
        return warehouse.arrow(
            "select judged.*, bursts.burst_id from all_judged as judged join bursts on bursts.message_id = judged.message_id order by judged.message_id"
        )
    finally:
        warehouse.connection.unregister("all_judged")
