"""Which open question of a chat a curator's unmarked message answers, if any: the scored guess of ``links.replies``, with the right to say nothing.

The candidates of a message are the questions open at that time, and *none of them*. A conditional logit weighs what is seen of each: who spoke when and to whom (the prior of
``reply_model``), what both speak of (the slots of ``question_intents.toml``, words that both hold, the number of a task), what was answered so before (known pairs
of question and answer, by words and by intent), whose turn it was, and what the asker did next. The less was answered before, the more the turns count.
A guess is accepted from ``reply_score`` on, of which simulated chats say how often such guesses are right (docs/evaluation/questions_and_answers.md). What is believed less is no
link, and tells how sure it is that the question still waits (``links.possible_replies``).

Guesses are made week by week, each with what is known a settling time after its week at most (docs/decisions/0017): what is older than that never changes, so a night guesses the
last weeks only and comes to what a run over everything would.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from pipelines.links.conversations import question_wording
from pipelines.links.conversations.reply_model import (
    Conversation,
    Floats,
    Ints,
    Pairs,
    by_rarity,
    features,
    narrow,
    openings,
    prior,
    shares,
    told_signs,
    unit_rows,
    word_counts,
)
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

Bools = NDArray[np.bool_]
WEEK = 7 * 86400
#: The epoch began on a Thursday; weeks begin on Monday (UTC).
MONDAY = 4 * 86400

#: Rows compared at a time: what the processor's cache holds.
_ROWS = 32

#: Log odds per unit of each sign, learned on chats written by hand and on simulated ones (``python -m benchmarks.replies.learn_weights``) and rounded.
WEIGHTS = {
    "about_to_best": 0.05,
    "answered_later": -3,
    "asker_accepted": 1.15,
    "asker_between": -0.5,
    "asker_replied": 4.45,
    "asker_settled": -1,
    "asker_thanked": 0.75,
    "doubt": -1.5,
    "evidence": 2.1,
    "fit": 1.35,
    "fit_intent": 1.05,
    "fit_other": -1,
    "hours": -1.1,
    "none": -4.85,
    "none_formal": -1.5,
    "none_goes_on": 0.65,
    "none_holding": 0.4,
    "none_known": 3.35,
    "none_of_many": 0.4,
    "none_unlike": 5,
    "number": 0.6,
    "other_matter": -0.45,
    "prior": 0.2,
    "rank": 0.1,
    "rivals": -0.75,
    "shared": 0.45,
    "unmarked_between": -1.4,
}
#: The same for words to all, and for an answer to all who asked: learned on simulated chats alone (docs/decisions/0020), for chats written by hand have
#: too few, and what is told to all seldom answers whoever spoke last.
WEIGHTS_ALL = {
    "about_to_best": 0.55,
    "answered_later": -4.55,
    "asker_replied": 5.85,
    "asker_thanked": 1.0,
    "evidence": 3.3,
    "fit": 1.15,
    "fit_intent": 0.6,
    "fit_other": -1.0,
    "hours": -0.85,
    "none": -4.05,
    "none_formal": -1.25,
    "none_to_all": 7.05,
    "none_unlike": 1.95,
    "number": 0.65,
    "prior": 0.35,
    "rank": -0.3,
    "rivals": -0.4,
}
NAMES = tuple(sorted({*WEIGHTS, *WEIGHTS_ALL}))

_TALK = """
create or replace temp table talk as
select message_id, row_number() over (order by sent_at, length(message_id), message_id) - 1 as place, sent_at, whole as line,
    dense_rank() over (order by chat_id, coalesce(thread_id, '')) - 1 as chat, dense_rank() over (order by author_id) - 1 as author, role = 'bot' as is_bot,
    -- What the curators had said there before: at all, and to nobody by a mark; whether the same one spoke last.
    count(*) filter (role in ('curator', 'staff')) over before as told_before,
    count(*) filter (role in ('curator', 'staff') and reply_to_id is null and says <> 'thanks') over before as unmarked_before,
    coalesce(lag(author_id) over turn = author_id and epoch(sent_at) - epoch(lag(sent_at) over turn) <= $heard, false) as goes_on,
    says = 'thanks' or (words <= $few and not contains(whole, '?')) as is_brief, says = 'thanks' or settled and words <= $short as is_settled
from said where channel = 'chat'
window turn as (partition by chat_id, coalesce(thread_id, '') order by sent_at, length(message_id), message_id),
    before as (partition by chat_id, coalesce(thread_id, '') order by sent_at, length(message_id), message_id rows between unbounded preceding and 1 preceding)
"""

# Answers that are marked teach (with the question that they belong to), the others are guessed. Numbers instead of ids and texts: a pair is a few numbers wide.
_TOLD = """
create or replace temp table told as
select row_number() over (order by said.message_id) - 1 as answer, talk.place, talk.chat, talk.author, epoch(said.sent_at) as sent, said.message_id, said.whole, said.says,
    said.to_all or said.is_pinned as to_all, said.to_many, marked.question_id as marked_id, talk.told_before, talk.unmarked_before, talk.goes_on
from said join talk on talk.message_id = said.message_id
left join said as target on target.message_id = said.reply_to_id
left join (select answer_id, min(question_id) as question_id from linked where rule in ('explicit', 'thread', 'mention') group by answer_id) as marked
    on marked.answer_id = said.message_id
where said.channel = 'chat' and said.role in ('curator', 'staff') and said.says <> 'thanks' and said.words > 0
    and (marked.question_id is not null or said.reply_to_id is null or target.author_id = said.author_id)
    and (marked.question_id is not null or said.message_id not in (select answer_id from linked))
    and (marked.question_id is null or said.says <> 'holding')
"""
_WAITING = """
create or replace temp table waiting as
select row_number() over (order by asked.question_id) - 1 as question, talk.place, talk.chat, talk.author, epoch(asked.asked_at) as asked, epoch(asked.last_at) as last,
    epoch(closed.closed_at) as closed, asked.question_id, asked.person_id, asked.whole, asked.asks, talk.told_before, talk.unmarked_before
from asked join talk on talk.message_id = asked.last_id left join closed on closed.question_id = asked.question_id
where asked.channel = 'chat' and (not asked.is_told or asked.asks >= $least)
"""
# Who is near in time is found by stretches as long as the window: of a long chat not everything is held against everything.
_CANDIDATES = """
create or replace temp table candidates as
with spread as (
    select told.*, told.marked_id is not null as is_marked, waiting.question as marked, unnest(range(
        floor((sent - case when to_many then 86400 * $days else 3600 * $hours end) / (3600 * $hours))::bigint, floor(sent / (3600 * $hours))::bigint + 1
    )) as stretch
    from told left join waiting on waiting.question_id = told.marked_id
), pair as (
    select spread.answer, spread.place as answer_place, spread.author, spread.sent, spread.is_marked, spread.to_many, waiting.question, waiting.place as question_place,
        waiting.author as asker, waiting.asks, waiting.asked, waiting.closed, (spread.sent - waiting.last) / 3600 as hours, coalesce(spread.marked = waiting.question, false) as is_own,
        spread.chat, spread.told_before, spread.unmarked_before - waiting.unmarked_before as unmarked_between
    from spread join (select *, floor(last / (3600 * $hours))::bigint as stretch from waiting) as waiting
        on waiting.chat = spread.chat and waiting.stretch = spread.stretch
    where waiting.last <= spread.sent and waiting.author <> spread.author
        and spread.sent - waiting.last <= case when spread.to_many then 86400 * $days else 3600 * $hours end
        and (spread.is_marked or not exists (select 1 from not_called where not_called.message_id = spread.message_id and not_called.person_id = waiting.person_id))
), open as (
    -- Closed by others before: no candidate.
    select * from pair where (not is_marked and (closed is null or closed > sent)) or (is_own and closed >= sent)
    qualify row_number() over (partition by answer order by asked desc, question) <= case when to_many then $most_many else $most end or is_own
), thanks as (
    select talk.chat, talk.author, epoch(said.sent_at) as sent, floor(epoch(said.sent_at) / 86400)::bigint as stretch
    from said join talk on talk.message_id = said.message_id
    where said.role not in ('curator', 'staff', 'bot') and said.reply_to_id is null and (said.says = 'thanks' or said.settled and said.words <= $short)
), follow_up as (
    -- What the asker said next: to this very message, or in the chat within a day without a mark.
    select answer, author, bool_or(has_replied) as has_replied, bool_or(not has_replied) as has_thanked
    from (
        select told.answer, talk.author, true as has_replied
        from told join said on said.reply_to_id = told.message_id and said.role not in ('curator', 'staff', 'bot') join talk on talk.message_id = said.message_id
        where talk.chat = told.chat and epoch(said.sent_at) > told.sent and epoch(said.sent_at) - told.sent <= 86400
        union all
        select told.answer, thanks.author, false
        from (select *, unnest([floor(sent / 86400)::bigint, floor(sent / 86400)::bigint + 1]) as stretch from told) as told
        join thanks on thanks.chat = told.chat and thanks.stretch = told.stretch
        where thanks.sent > told.sent and thanks.sent - told.sent <= 86400
    ) group by answer, author
)
select open.answer as answer_id, open.question as question_id, open.answer_place, open.question_place, open.sent, open.is_marked, open.hours, open.closed as closed_at,
    floor((open.sent - $monday) / $week)::bigint as week,
    open.closed is not null and open.closed > open.sent and open.closed - open.asked <= $settled as is_answered_later,
    coalesce(follow_up.has_replied, false) as asker_replied, coalesce(follow_up.has_thanked, false) as asker_thanked,
    ln(1 + greatest(open.unmarked_between, 0)) as unmarked_between, earlier.place > open.question_place as asker_between,
    earlier.place > open.question_place and earlier.is_settled as asker_settled, 1 - open.asks as doubt,
    -- The next that the asker says is thanks or a word or two, and no curator said anything meanwhile.
    coalesce(later.is_brief and later.told_before = open.told_before + 1 and epoch(later.sent_at) - open.sent <= 86400, false) as asker_accepted
from open left join follow_up on follow_up.answer = open.answer and follow_up.author = open.asker
asof left join talk as earlier on earlier.chat = open.chat and earlier.author = open.asker and earlier.place < open.answer_place
asof left join talk as later on later.chat = open.chat and later.author = open.asker and later.place > open.answer_place
"""


@dataclass(frozen=True)
class Guesses:
    """``links``: one row per question and message that answers it (question_id, answer_id, rule ``next``, score); ``possible``: one row per question and message that perhaps does (question_id,
    answer_id, score from ``reply_possible`` on), less those of ``links`` and what would leave the question open anyway. Scores are shares of belief, 0 to 1.
    """

    links: pd.DataFrame
    possible: pd.DataFrame


def guess(warehouse: Warehouse, since: float, until: float, closed: dict[str, float]) -> Guesses:
    """Links guessed for messages sent from ``since`` on (seconds), and what was not sure enough to be one.

    Reads the temporary tables said, asked, linked, closed and not_called of ``replies``. ``until``: the last moment known. ``closed``:
    when questions were answered by guesses made earlier (seconds).
    """
    found = _candidates(warehouse)
    every = found.rows
    nothing = pd.DataFrame({"question_id": [], "answer_id": [], "score": []}).astype({"score": float})
    is_marked = every["is_marked"].to_numpy()
    marked, unmarked = every[is_marked], every[~is_marked & (every["sent"] >= since).to_numpy()]
    if unmarked.empty:
        return Guesses(nothing.assign(rule="next"), nothing)
    talk = conversation(warehouse, np.unique(np.r_[unmarked["question_place"], unmarked["answer_place"]]))
    closed_at = np.full(len(found.questions), np.inf)
    known = pd.Series(closed, dtype=float)
    where = np.searchsorted(found.questions, np.array(known.index, dtype=object)) if len(known) else np.zeros(0, np.int64)
    is_here = np.array(
        [place < len(found.questions) and found.questions[place] == question for place, question in zip(where, known.index, strict=True)],
        bool,
    )
    closed_at[where[is_here]] = known.to_numpy()[is_here]
    links, possible = [], []
    told_at = marked["sent"].to_numpy()
    for number, block in unmarked.groupby("week", sort=True):
        begins = MONDAY + int(str(number)) * WEEK
        horizon = min(until, begins + WEEK + settled())
        # In order of time, as all rows are.
        taught = marked.iloc[slice(*np.searchsorted(told_at, [begins - learning(), horizon]))]
        block = block[closed_at[block["question_id"]] >= block["sent"].to_numpy()]
        if block.empty:
            continue
        # An answer that came after the week was settled is not known to it.
        block = block.assign(answered_later=(block["is_answered_later"] & ~(block["closed_at"] >= horizon)).astype(float))
        chosen, perhaps = _guess_week(talk, taught, block, found.lines)
        possible.append(perhaps)
        answers = chosen[~chosen["is_holding"]]
        np.minimum.at(closed_at, answers["question_id"].to_numpy(), answers["sent"].to_numpy())
        links.append(chosen)

    def named(parts: list[pd.DataFrame]) -> pd.DataFrame:
        if not parts:
            return nothing
        table = pd.concat(parts, ignore_index=True)
        return pd.DataFrame(
            {
                "question_id": found.questions[table["question_id"]],
                "answer_id": found.answers[table["answer_id"]],
                "score": table["score"],
            }
        )

    return Guesses(named(links).assign(rule="next"), named(possible))


def settled() -> float:
    """Seconds after which nothing that is said later changes a guess: the longest time in which an answer is looked for."""
    return 86400 * threshold("reply_window_mail")


def learning() -> float:
    """Seconds before a week from which marked answers teach."""
    return 86400 * threshold("reply_learning")


@dataclass(frozen=True)
class Lines:
    """What is known of each distinct line of questions and answers: slots that it holds, word beginnings, still shorter ones, small numbers as bits."""

    held: Bools
    counts: csr_array
    openings: csr_array
    numbers: Ints


@dataclass(frozen=True)
class _Candidates:
    """``rows``: pairs of a curator's message and a question open at that time, in order of the messages, ids and lines as places in ``questions``, ``answers``, ``lines``."""

    rows: pd.DataFrame
    questions: NDArray[np.object_]
    answers: NDArray[np.object_]
    lines: Lines


def _candidates(warehouse: Warehouse) -> _Candidates:
    warehouse.connection.execute(
        _TALK,
        {"heard": 3600 * threshold("question_heard"), "few": int(threshold("bare_answer")) + 1, "short": int(threshold("short_answer"))},
    )
    warehouse.connection.execute(_TOLD)
    warehouse.connection.execute(_WAITING, {"least": threshold("question_answered_unmarked")})
    warehouse.connection.execute(
        _CANDIDATES,
        {
            "monday": MONDAY,
            "week": WEEK,
            "settled": settled(),
            "days": threshold("reply_window_mail"),
            "hours": threshold("reply_window_chat"),
            "short": int(threshold("short_answer")),
            "most": int(threshold("reply_candidates")),
            "most_many": int(threshold("reply_candidates_many")),
        },
    )
    every = warehouse.frame("select * from candidates order by answer_place, question_place")
    asked = warehouse.arrow("select question_id, whole from waiting order by question")
    told = warehouse.arrow(
        "select message_id, whole, says = 'holding' as is_holding, says = 'formal' as is_formal, to_all, to_many, goes_on from told order by answer"
    )
    answer = every["answer_id"].to_numpy()
    for name in ("is_holding", "is_formal", "to_all", "to_many", "goes_on"):
        every[name] = told[name].to_numpy().astype(bool)[answer]
    # The same words are said and asked again and again: what a line speaks of is looked for once. Lines of no pair are none.
    question, question_place = np.unique(every["question_id"].to_numpy(), return_inverse=True)
    reply, reply_place = np.unique(answer, return_inverse=True)
    code, lines = pd.factorize(np.concatenate([asked["whole"].to_numpy()[question], told["whole"].to_numpy()[reply]]))
    every["question_line"], every["answer_line"] = code[: len(question)][question_place], code[len(question) :][reply_place]
    texts = lines.tolist()
    held = question_wording.slots(texts)
    every["intent"] = question_wording.intents_by_slots(held)[every["question_line"]]
    return _Candidates(
        every,
        asked["question_id"].to_numpy(),
        told["message_id"].to_numpy(),
        Lines(
            held,
            narrow(word_counts(texts)),
            narrow(word_counts(texts, openings)),
            np.array([_small_numbers(line) for line in texts], np.int64),
        ),
    )


def conversation(warehouse: Warehouse, paired: Ints) -> Conversation:
    """All that was said in the chats, as ``reply_model`` takes it, from the temporary table ``talk``; ``paired``: places whose words are compared."""
    talk = warehouse.arrow("select line, chat, author, is_bot, epoch(sent_at) as at from talk order by place")
    mentions = warehouse.arrow(
        "select distinct talk.place, named.author from addressed join talk on talk.message_id = addressed.message_id "
        "join (select distinct author_id, author from talk join said using (message_id)) as named on named.author_id = coalesce(addressed.person_id, addressed.account_id) "
        "where addressed.role = 'mention' order by 1, 2"
    )
    lines = talk["line"].to_pylist()
    # Each wording is taken apart once; the first row is that of messages whose words are not compared.
    row, worded = pd.factorize(np.array(lines, dtype=object)[paired])
    rows = np.zeros(len(lines), np.int64)
    rows[paired] = row + 1
    return Conversation(
        chats=talk["chat"].to_numpy(), authors=talk["author"].to_numpy(), at=talk["at"].to_numpy(), lines=lines,
        is_silent=np.zeros(len(lines), bool), is_bot=talk["is_bot"].to_numpy(), mention_of=mentions["place"].to_numpy(),
        mentioned=mentions["author"].to_numpy(), signs=told_signs(lines), words=csr_array(word_counts(["", *worded])[rows]),
    )  # fmt: skip


def _seen(talk: Conversation, rows: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """What is seen of the pairs of one week by themselves, whatever was answered before."""
    rows = rows.copy()
    part, offset = talk.since(int(rows["question_place"].min()), int(rows["answer_place"].max()) + 1)
    pairs = Pairs(rows["answer_place"].to_numpy() - offset, rows["question_place"].to_numpy() - offset)
    answers, answer_lines = pd.factorize(rows["answer_line"].to_numpy())
    questions, question_lines = pd.factorize(rows["question_line"].to_numpy())
    answer_code = pd.factorize(rows["answer_id"].to_numpy())[0]
    about = _about(lines.held[question_lines], lines.held[answer_lines])(questions, answers)
    starts = np.flatnonzero(np.diff(answer_code, prepend=-1))
    best = np.maximum.reduceat(about, starts)[answer_code]
    rows["prior"] = prior().score(features(part, pairs))
    rows["about"], rows["about_to_best"] = about, about - best
    held: Bools = np.any(lines.held, axis=1)
    rows["other_matter"] = (about == 0) & held[rows["question_line"]] & held[rows["answer_line"]]
    rows["number"] = _numbers_agree(lines.numbers[rows["question_line"]], lines.numbers[rows["answer_line"]])
    rows["waited"] = np.log1p(rows["hours"])
    rows["shared"] = np.log1p(shared_words(lines.openings[question_lines], lines.openings[answer_lines], questions, answers, answer_code))
    rows["rank"] = np.log1p(np.array(rows.groupby("answer_id", sort=False).cumcount(ascending=False), dtype=float))
    return rows


def _about(asked: Bools, said: Bools) -> Callable[[NDArray[np.int64], NDArray[np.int64]], Floats]:
    """Cosine of what two lines speak of, the rarer the thing the more it counts."""
    frequency = np.vstack([asked, said]).mean(axis=0)
    rarity = np.log((1 + 1) / (frequency + 0.02))
    one, other = asked * rarity, said * rarity
    one = one / np.maximum(np.linalg.norm(one, axis=1), 1e-9)[:, None]
    other = other / np.maximum(np.linalg.norm(other, axis=1), 1e-9)[:, None]
    return lambda questions, answers: np.einsum("ij,ij->i", one[questions], other[answers])


def shared_words(asked: csr_array, told: csr_array, questions: Ints, answers: Ints, message: Ints) -> Floats:
    """Of each pair the rarity of the words that both hold, each divided by how many candidates of the message hold it: what speaks for all of them speaks for none."""
    table = by_rarity(csr_array(vstack([asked, told])))
    both = csr_array(table[questions].multiply(table[asked.shape[0] + answers]))
    both.sort_indices()
    held = csr_array((np.ones_like(both.data), both.indices, both.indptr), shape=both.shape)
    by_message = csr_array(
        (np.ones(len(message)), (message, np.arange(len(message)))), shape=(int(message.max(initial=-1)) + 1, len(message))
    )
    often = csr_array(held.multiply((by_message @ held)[message]))
    often.sort_indices()
    return np.asarray(csr_array((both.data / often.data, both.indices, both.indptr), shape=both.shape).sum(axis=1)).ravel()


def speak_of_one(questions: pd.Series, answers: pd.Series) -> tuple[Floats, Bools]:
    """Of each pair of lines how far both speak of the same things (0 to 1), and whether both speak of something and of nothing in common."""
    question_code, question_lines = pd.factorize(questions)
    answer_code, answer_lines = pd.factorize(answers)
    asked, said = question_wording.slots(list(question_lines)), question_wording.slots(list(answer_lines))
    about = _about(asked, said)(question_code, answer_code)
    held = asked.sum(axis=1)[question_code] * said.sum(axis=1)[answer_code]
    return about, (about == 0) & (held > 0)


def _numbers_agree(asked: Ints, said: Ints) -> Floats:
    """1: both name a small number and share one; -1: both name some and share none; 0: else."""
    both = (asked > 0) & (said > 0)
    return np.where(both, np.where(asked & said > 0, 1.0, -1.0), 0.0)


def _small_numbers(line: str) -> int:
    """Numbers of tasks, weeks and modules that stand alone in a line, as bits."""
    bits = 0
    for word in line.split():
        if len(word) <= 2 and word.isdigit() and 0 < int(word) <= 12:
            bits |= 1 << int(word)
    return bits


def table_of(
    rows: pd.DataFrame, fit: Floats, fit_intent: Floats, fit_other: Floats, near: Floats, alike: Floats, known: int
) -> tuple[Pairs, Floats]:
    """The candidates of each message and, last, none of them (``earlier`` -1), with their signs in the order of ``NAMES``."""
    code = pd.factorize(rows["answer_id"])[0]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    # Where little was answered before, or nothing twice, who spoke when has to tell what likeness cannot.
    fresh = threshold("reply_usual_examples") / (known + threshold("reply_usual_examples"))
    # Any one reason to think that they belong together is enough; a second one adds little.
    evidence = 1 - (1 - fit) * (1 - fit_intent) * (1 - rows["about"].to_numpy()) * (1 - alike)
    signs = {
        "prior": np.tanh(rows["prior"].to_numpy() / 4) * 4, "about_to_best": rows["about_to_best"], "fit": fit, "fit_intent": fit_intent,
        "fit_other": fit_other, "evidence": evidence, "rivals": _rivals(code, rows["intent"].to_numpy()), "number": rows["number"], "other_matter": rows["other_matter"], "hours": rows["waited"], "rank": rows["rank"],
        "asker_replied": rows["asker_replied"], "asker_thanked": rows["asker_thanked"], "answered_later": rows["answered_later"],
        "asker_accepted": rows["asker_accepted"], "asker_between": rows["asker_between"],
        "unmarked_between": fresh * rows["unmarked_between"],
        "asker_settled": rows["asker_settled"], "doubt": rows["doubt"], "shared": rows["shared"],
    }  # fmt: skip
    table = np.zeros((len(rows) + len(starts), len(NAMES)))
    for name, values in signs.items():
        table[: len(rows), NAMES.index(name)] = np.asarray(values, dtype=float)
    none = {
        "none": np.ones(len(starts)), "none_formal": rows["is_formal"].to_numpy()[starts],
        "none_to_all": (rows["to_all"] & ~rows["to_many"]).to_numpy()[starts], "none_unlike": 1 - near[starts],
        "none_goes_on": fresh * rows["goes_on"].to_numpy()[starts], "none_holding": rows["is_holding"].to_numpy()[starts],
        # Each open question brings a belief of its own: that many are open is no reason to believe in one.
        "none_of_many": np.where(rows["to_many"].to_numpy()[starts], 0, np.log(np.diff(starts, append=len(rows)))),
        # Where much was answered before and again, an answer is like some of it.
        "none_known": np.full(len(starts), 1 - fresh),
    }  # fmt: skip
    for name, values in none.items():
        table[len(rows) :, NAMES.index(name)] = np.asarray(values, dtype=float)
    pairs = Pairs(np.concatenate((code, code[starts])), np.concatenate((np.arange(len(rows)), np.full(len(starts), -1))))
    order = np.lexsort((pairs.earlier < 0, pairs.message))
    return Pairs(pairs.message[order], pairs.earlier[order]), table[order]


def _rivals(message: Ints, intent: Ints) -> Floats:
    """Logarithm of how many candidates of the message have the question's intent; 0 where it has none."""
    _, which, often = np.unique(message * (int(intent.max(initial=0)) + 2) + intent, return_inverse=True, return_counts=True)
    return np.where(intent >= 0, np.log(often[which]), 0.0)


def weigh(talk: Conversation, marked: pd.DataFrame, block: pd.DataFrame, lines: Lines) -> tuple[pd.DataFrame, Pairs, Floats]:
    """The candidates of a week's unmarked messages, their pairs and signs (:func:`table_of`); ``marked``: the marked answers known by then with their questions."""
    newest = pd.unique(marked["answer_id"])[-int(threshold("reply_examples")) :]
    known = marked[marked["answer_id"].isin(newest)]
    rows = block.reset_index(drop=True)
    # Neither needs the other: one for each core.
    with ThreadPoolExecutor(1) as beside:
        agreed = beside.submit(agreement, rows, known, lines.counts)
        rows = _seen(talk, rows, lines)
        fit, fit_intent, fit_other, near, alike = agreed.result()
        # Examples that were never given twice do not tell that the next answer is like one of them.
        known_again = repeated(known, lines.counts)
        pairs, table = table_of(rows, fit, fit_intent, fit_other, likeness_expected(near, known_again), alike, known_again)
    return rows, pairs, table


def repeated(known: pd.DataFrame, counts: csr_array) -> int:
    """How many of the known answers are like another one of them (``reply_repeated``): how far what was answered here before tells what will be. ``counts``: words of the lines."""
    answers = known.drop_duplicates("answer_id")["answer_line"].to_numpy()
    if not len(answers):
        return 0
    lines, often = np.unique(answers, return_counts=True)
    table = unit_rows(by_rarity(counts[lines], often))
    others = csr_array(table.T)
    size = int(threshold("reply_block"))
    is_again = often > 1
    for first in range(0, len(lines), size):
        near = (table[first : first + size] @ others).toarray()
        place = np.arange(len(near))
        near[place, first + place] = 0
        is_again[first : first + size] |= near.max(axis=1) >= threshold("reply_repeated")
    return int(often[is_again].sum())


def likeness_expected(near: Floats, known: int) -> Floats:
    """How near each answer is to a known one, as far as ``known`` examples can tell: where nothing was answered before, or nothing twice, that an answer is unlike all of them says nothing."""
    usual, weight = threshold("reply_usual_likeness"), threshold("reply_usual_examples")
    return (known * near + weight * usual) / (known + weight)


def _guess_week(talk: Conversation, marked: pd.DataFrame, block: pd.DataFrame, lines: Lines) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Guesses for the unmarked messages of one week, and the pairs that perhaps belong together."""
    rows, pairs, table = weigh(talk, marked, block, lines)
    one, every = (table @ np.array([weights.get(name, 0.0) for name in NAMES]) for weights in (WEIGHTS, WEIGHTS_ALL))
    is_pair = pairs.earlier >= 0
    to_all = (rows["to_many"] | rows["to_all"]).to_numpy()[pairs.earlier[np.flatnonzero(~is_pair) - 1]][pairs.message]
    worth = np.where(to_all, every, one)
    share = shares(pairs, worth)
    nothing = worth[~is_pair][pairs.message]
    alone = 1 / (1 + np.exp(np.clip(nothing - worth, -50, 50)))
    place = pairs.earlier[is_pair]
    score, by_itself = np.zeros(len(rows)), np.zeros(len(rows))
    score[place], by_itself[place] = share[is_pair], alone[is_pair]
    rows["score"], rows["alone"] = score, by_itself
    rows = rows[["question_id", "answer_id", "sent", "is_holding", "is_formal", "to_many", "score", "alone", "intent", "number"]]
    single = rows[(rows["score"] >= threshold("reply_score")) & ~rows["to_many"]]
    chosen = pd.concat([of_one_matter(rows[rows["to_many"]]), _assign(single)], ignore_index=True)
    pair = ["question_id", "answer_id"]
    is_chosen = pd.MultiIndex.from_frame(rows[pair]).isin(pd.MultiIndex.from_frame(chosen[pair]))
    closes = ~(rows["is_holding"] | rows["is_formal"]).to_numpy()
    return chosen, rows[(rows["score"] >= threshold("reply_possible")).to_numpy() & closes & ~is_chosen]


def of_one_matter(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each answer to all who asked the questions that it answers: each is weighed by itself, for it may answer many, and all of them ask the same.

    The matter is the intent whose candidates are believed most, taken together; a question without an intent is a matter of its own, and one that names another task than the answer
    belongs to none.
    """
    matter = np.where(rows["intent"] >= 0, rows["intent"], -2 - np.arange(len(rows)))
    rows = rows.assign(matter=matter)[(rows["number"] >= 0).to_numpy()]
    belief = rows.groupby(["answer_id", "matter"])["score"].transform("sum")
    is_of_it = belief == belief.groupby(rows["answer_id"]).transform("max")
    chosen = rows[is_of_it & (rows["alone"] >= threshold("reply_score_many"))]
    return chosen.assign(score=chosen["alone"])


def _assign(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each message to its best question; a question that is answered thereby takes no later message; repeated until nothing moves."""
    done = [pairs.iloc[:0]]
    while len(pairs):
        best = pairs.sort_values(["score", "question_id"], ascending=[False, True], kind="stable").drop_duplicates("answer_id")
        first = best.sort_values(["sent", "answer_id"], kind="stable").drop_duplicates("question_id")
        done.append(first)
        pairs = pairs[~pairs["answer_id"].isin(first["answer_id"])]
        closing = first[~first["is_holding"]].set_index("question_id")["sent"]
        closed_at = pairs["question_id"].map(closing).astype(float)
        pairs = pairs[closed_at.isna() | (pairs["sent"] <= closed_at)]
    return pd.concat(done, ignore_index=True)


def agreement(rows: pd.DataFrame, known: pd.DataFrame, counts: csr_array) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Of each pair, 0 to 1: how well it agrees with a known pair by words; how near its answer is to one that was given to the question's intent, and to one
    given to another intent; how near its answer is to any known one; how alike its two texts are. ``counts``: words of the lines.
    """
    question_code, questions = pd.factorize(rows["question_line"].to_numpy())
    answer_code, answers = pd.factorize(rows["answer_line"].to_numpy())
    said = rows["answer_line"].to_numpy()[np.unique(rows["answer_id"].to_numpy(), return_index=True)[1]]
    # Rarity counts a wording as often as it was said; what is compared is each wording once.
    every = np.concatenate([questions, said, known["question_line"], known["answer_line"]]).astype(np.int64)
    wordings, place = np.unique(every, return_inverse=True)
    table = unit_rows(by_rarity(counts[wordings], np.bincount(place)))
    asked, told = table[np.searchsorted(wordings, questions)], table[np.searchsorted(wordings, answers)]
    likeness = np.asarray(asked[question_code].multiply(told[answer_code]).sum(axis=1)).ravel()
    fit, intent_fit, other_fit, near = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(answers))
    if not len(known):
        return fit, intent_fit, other_fit, near[answer_code], likeness
    pairs = known.drop_duplicates(["question_line", "answer_line"])
    known_asked, asked_lines = pd.factorize(pairs["question_line"].to_numpy())
    told_lines, known_told = np.unique(pairs["answer_line"].to_numpy(), return_inverse=True)
    by_told = np.argsort(known_told, kind="stable")
    first_told = np.flatnonzero(np.diff(known_told[by_told], prepend=-1))
    asked_before = csr_array(table[np.searchsorted(wordings, asked_lines)].T)
    told_before = csr_array(table[np.searchsorted(wordings, told_lines)].T)
    # Each wording of an answer once for each intent that it was given to.
    intents = pairs[["intent"]].assign(told=known_told).drop_duplicates().sort_values("intent", kind="stable")
    first_of = np.flatnonzero(np.diff(intents["intent"].to_numpy(), prepend=-2))
    by_intent, its_intent = intents["told"].to_numpy(), intents["intent"].to_numpy()[first_of]
    # Each pair of wordings once, in order of the questions.
    both, row_of = np.unique(question_code * len(answers) + answer_code, return_inverse=True)
    of_question, of_answer = both // len(answers), both % len(answers)
    intent = np.empty(len(questions), np.int64)
    intent[question_code] = rows["intent"].to_numpy()
    found = np.zeros((3, len(both)))
    alike_told, nearest = np.empty((len(answers), len(told_lines))), np.empty((len(answers), len(its_intent)))
    size = int(threshold("reply_block"))
    # Block by block: memory stays at block x known pairs, beside the week's answers x known answers.
    for first in range(0, len(answers), size):
        part = slice(first, first + size)
        alike_told[part] = (told[part] @ told_before).toarray()
        near[part] = alike_told[part].max(axis=1)
        # The nearest known answer of each intent.
        nearest[part] = _best_of_each(alike_told[part], by_intent, first_of)
    for first in range(0, len(questions), size):
        # Of the known questions that got one answer the nearest.
        nearest_asked = _best_of_each((asked[first : first + size] @ asked_before).toarray(), known_asked[by_told], first_told)
        begin, end = np.searchsorted(of_question, [first, first + size])
        for start in range(begin, end, _ROWS):
            part = slice(start, min(start + _ROWS, end))
            found[0, part] = np.minimum(nearest_asked[of_question[part] - first], alike_told[of_answer[part]]).max(axis=1)
        part = slice(begin, end)
        wanted, by_answer = intent[of_question[part]], nearest[of_answer[part]]
        same = (its_intent[None, :] == wanted[:, None]) & (wanted >= 0)[:, None]
        other = (its_intent >= 0)[None, :] & ~same & (wanted >= 0)[:, None]
        found[1, part] = np.where(same, by_answer, 0).max(axis=1)
        found[2, part] = np.where(other, by_answer, 0).max(axis=1)
    fit, intent_fit, other_fit = found[:, row_of]
    return fit, intent_fit, other_fit, near[answer_code], likeness


def _best_of_each(table: Floats, columns: Ints, starts: Ints) -> Floats:
    """Of each row the highest of each group of columns; ``columns``: those of one group side by side, ``starts``: where each begins."""
    # Numpy goes along rows many times faster than across them.
    return np.ascontiguousarray(np.maximum.reduceat(np.ascontiguousarray(table.T)[columns], starts, axis=0).T)
