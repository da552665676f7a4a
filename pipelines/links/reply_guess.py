"""Which open question of a chat a curator's unmarked message answers, if any: the scored guess of ``links.replies``, with the right to say nothing.

The candidates of a message are the questions open at that time, and *none of them*. A conditional logit weighs what is seen of each: who spoke when and to whom (the prior of
``reply_model``), what both speak of (the slots of ``question_intents.toml``, words that both hold, the number of a task), what was answered so before (known pairs
of question and answer, by words and by intent), and what the asker did next. It learns from the explicit replies of the same chats with the mark hidden: once
with the right question among the candidates, once without it, so that it learns what an answer to nothing here looks like; ``_LEAN`` is what holds until they convince it away.
A guess is accepted from ``reply_score`` on, of which simulated chats say how often such guesses are right (docs/evaluation.md).

Guesses are made week by week, each with what is known a settling time after its week at most (docs/decisions/0017): what is older than that never changes, so a night guesses the
last weeks only and comes to what a run over everything would.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipelines.links import question_wording
from pipelines.links.reply_model import Conversation, Floats, Ints, Pairs, by_rarity, features, prior, shares, told_signs, word_counts
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

Bools = NDArray[np.bool_]
WEEK = 7 * 86400
#: The epoch began on a Thursday; weeks begin on Monday (UTC).
MONDAY = 4 * 86400

#: Log odds per unit of each sign, learned on simulated chats (``python -m benchmarks.replies.learn_weights``, seeds 1 to 6) and rounded.
WEIGHTS = {
    "about": 1.75,
    "about_to_best": 0.4,
    "alike": 1.9,
    "answered_later": -4.8,
    "asker_replied": 5.5,
    "asker_thanked": 1.0,
    "fit": 2.8,
    "fit_intent": 1.85,
    "fit_other": -1.2,
    "hours": -0.85,
    "none": -1.0,
    "none_formal": -1.35,
    "none_to_all": 3.5,
    "none_to_many": -3.6,
    "none_unlike": 2.15,
    "number": 0.8,
    "prior": 0.4,
    "rank": -0.3,
}
NAMES = tuple(sorted(WEIGHTS))

_TALK = """
create or replace temp table talk as
select message_id, row_number() over (order by sent_at, length(message_id), message_id) - 1 as place, sent_at, whole as line,
    dense_rank() over (order by chat_id, coalesce(thread_id, '')) - 1 as chat, dense_rank() over (order by author_id) - 1 as author, role = 'bot' as is_bot
from said where channel = 'chat'
"""

# Answers that are marked teach (with the question that they belong to), the others are guessed. Closed by others before: no candidate.
_CANDIDATES = """
create or replace temp table candidates as
with answer as (
    select said.message_id, talk.place, said.chat_id, coalesce(said.thread_id, '') as topic, said.sent_at, said.whole, said.says, said.author_id,
        said.to_all or said.is_pinned as to_all, said.to_many, said.has_link, said.has_number, marked.question_id as marked_id
    from said join talk on talk.message_id = said.message_id
    left join said as target on target.message_id = said.reply_to_id
    left join (select answer_id, min(question_id) as question_id from linked where rule in ('explicit', 'thread', 'mention') group by answer_id) as marked
        on marked.answer_id = said.message_id
    where said.channel = 'chat' and said.role in ('curator', 'staff') and said.says <> 'thanks' and said.words > 0
        and (marked.question_id is not null or said.reply_to_id is null or target.author_id = said.author_id)
        and (marked.question_id is not null or said.message_id not in (select answer_id from linked))
        and (marked.question_id is null or said.says <> 'holding')
), follow_up as (
    -- What the asker said next: to this very message, or in the chat within a day without a mark.
    select answer.message_id, said.author_id, bool_or(said.reply_to_id = answer.message_id) as has_replied,
        bool_or(said.reply_to_id is null and (said.says = 'thanks' or said.settled and said.words <= $short)) as has_thanked
    from answer join said on said.chat_id = answer.chat_id and coalesce(said.thread_id, '') = answer.topic and said.role not in ('curator', 'staff', 'bot')
        and said.sent_at > answer.sent_at and epoch(said.sent_at) - epoch(answer.sent_at) <= 86400
        and (said.reply_to_id = answer.message_id or said.reply_to_id is null and (said.says = 'thanks' or said.settled and said.words <= $short))
    group by answer.message_id, said.author_id
)
select answer.message_id as answer_id, answer.place as answer_place, answer.whole as answer, answer.says, answer.to_all, answer.to_many, answer.sent_at, answer.marked_id,
    floor((epoch(answer.sent_at) - $monday) / $week)::bigint as week,
    asked.question_id, talk.place as question_place, asked.whole as question, asked.asked_at,
    closed.closed_at is not null and closed.closed_at > answer.sent_at and epoch(closed.closed_at) - epoch(asked.asked_at) <= $settled as is_answered_later, epoch(closed.closed_at) as closed_at,
    (epoch(answer.sent_at) - epoch(asked.last_at)) / 3600 as hours,
    coalesce(follow_up.has_replied, false) as asker_replied, coalesce(follow_up.has_thanked, false) as asker_thanked
from answer
join asked on asked.chat_id = answer.chat_id and coalesce(asked.thread_id, '') = answer.topic and asked.last_at <= answer.sent_at
    and asked.channel = 'chat' and asked.author_id <> answer.author_id
    and epoch(answer.sent_at) - epoch(asked.last_at) <= case when answer.to_many then 86400 * $days else 3600 * $hours end
join talk on talk.message_id = asked.last_id
left join closed on closed.question_id = asked.question_id
left join follow_up on follow_up.message_id = answer.message_id and follow_up.author_id = asked.author_id
where (answer.marked_id is null and (closed.closed_at is null or closed.closed_at > answer.sent_at)) or (answer.marked_id = asked.question_id and closed.closed_at >= answer.sent_at)
"""


def guess(warehouse: Warehouse, since: float, until: float, closed: dict[str, float]) -> pd.DataFrame:
    """Links guessed for messages sent from ``since`` on (seconds): question_id, answer_id, rule ``next``, score (0 to 1).

    Reads the temporary tables said, asked, linked and closed of ``replies``. ``until``: the last moment known. ``closed``:
    when questions were answered by guesses made earlier (seconds).
    """
    found = _candidates(warehouse)
    every = found.rows
    nothing = pd.DataFrame({"question_id": [], "answer_id": [], "rule": [], "score": []}).astype({"score": float})
    is_marked = every["is_marked"].to_numpy()
    marked, unmarked = every[is_marked], every[~is_marked & (every["sent"] >= since).to_numpy()]
    if unmarked.empty:
        return nothing
    talk = conversation(warehouse, np.unique(np.r_[unmarked["question_place"], unmarked["answer_place"]]))
    closed_at = np.full(len(found.questions), np.inf)
    known = pd.Series(closed, dtype=float)
    where = np.searchsorted(found.questions, np.array(known.index, dtype=object)) if len(known) else np.zeros(0, np.int64)
    is_here = np.array(
        [place < len(found.questions) and found.questions[place] == question for place, question in zip(where, known.index, strict=True)],
        bool,
    )
    closed_at[where[is_here]] = known.to_numpy()[is_here]
    links = []
    for number, block in unmarked.groupby("week", sort=True):
        begins = MONDAY + int(str(number)) * WEEK
        horizon = min(until, begins + WEEK + settled())
        taught = marked[((marked["sent"] < horizon) & (marked["sent"] >= begins - learning())).to_numpy()]
        block = block[closed_at[block["question_id"]] >= block["sent"].to_numpy()]
        if block.empty:
            continue
        # An answer that came after the week was settled is not known to it.
        block = block.assign(answered_later=(block["is_answered_later"] & ~(block["closed_at"] >= horizon)).astype(float))
        chosen = _guess_week(taught, _seen(talk, block, found.lines), found.lines)
        answers = chosen[chosen["says"] != "holding"]
        np.minimum.at(closed_at, answers["question_id"].to_numpy(), answers["sent"].to_numpy())
        links.append(chosen)
    if not links:
        return nothing
    table = pd.concat(links, ignore_index=True)
    return pd.DataFrame(
        {
            "question_id": found.questions[table["question_id"]],
            "answer_id": found.answers[table["answer_id"]],
            "rule": "next",
            "score": table["score"],
        }
    )


def settled() -> float:
    """Seconds after which nothing that is said later changes a guess: the longest time in which an answer is looked for."""
    return 86400 * threshold("reply_window_mail")


def learning() -> float:
    """Seconds before a week from which marked answers teach."""
    return 86400 * threshold("reply_learning")


@dataclass(frozen=True)
class Lines:
    """What is known of each distinct line of questions and answers: slots that it holds, word beginnings, small numbers as bits."""

    held: Bools
    counts: csr_array
    numbers: Ints


@dataclass(frozen=True)
class _Candidates:
    """``rows``: pairs of a curator's message and a question open at that time, in order of the messages, ids and lines as places in ``questions``, ``answers``, ``lines``."""

    rows: pd.DataFrame
    questions: NDArray[np.object_]
    answers: NDArray[np.object_]
    lines: Lines


def _candidates(warehouse: Warehouse) -> _Candidates:
    warehouse.connection.execute(_TALK)
    warehouse.connection.execute(
        _CANDIDATES,
        {
            "monday": MONDAY,
            "week": WEEK,
            "settled": settled(),
            "days": threshold("reply_window_mail"),
            "hours": threshold("reply_window_chat"),
            "short": int(threshold("short_answer")),
        },
    )
    every = warehouse.frame(
        "select *, epoch(sent_at) as sent from candidates qualify row_number() over (partition by answer_id order by asked_at desc, question_id) <= $most or question_id = marked_id "
        "order by answer_place, question_place",
        {"most": int(threshold("reply_candidates"))},
    )
    # Ids and lines as numbers: they are compared again and again. Ids keep their order.
    ids = {}
    for name in ("question_id", "answer_id"):
        ids[name] = np.array(sorted(set(every[name])), dtype=object)
        every[name] = np.searchsorted(ids[name], every[name].to_numpy(dtype=object))
    marked = every.pop("marked_id").to_numpy(dtype=object)
    is_marked = pd.notna(marked)
    every["is_marked"] = is_marked
    # The same words are said and asked again and again: what a line speaks of is looked for once.
    code, lines = pd.factorize(pd.concat([every.pop("question"), every.pop("answer")], ignore_index=True))
    every["question_line"], every["answer_line"] = code[: len(every)], code[len(every) :]
    texts = np.array(lines, dtype=object)
    held = question_wording.slots(texts.tolist())
    every["intent"] = question_wording.intents_by_slots(held)[every["question_line"]]
    return _Candidates(
        every,
        ids["question_id"],
        ids["answer_id"],
        Lines(held, word_counts(texts.tolist()), np.array([_small_numbers(line) for line in texts], np.int64)),
    )


def conversation(warehouse: Warehouse, paired: Ints) -> Conversation:
    """All that was said in the chats, as ``reply_model`` takes it, from the temporary table ``talk``; ``paired``: places whose words are compared."""
    talk = warehouse.arrow("select *, epoch(sent_at) as at from talk order by place")
    mentions = warehouse.arrow(
        "select distinct talk.place, named.author from addressed join talk on talk.message_id = addressed.message_id "
        "join (select distinct author_id, author from talk join said using (message_id)) as named on named.author_id = coalesce(addressed.person_id, addressed.account_id) "
        "where addressed.role = 'mention' order by 1, 2"
    )
    lines = talk["line"].to_pylist()
    worded = np.full(len(lines), "", dtype=object)
    worded[paired] = np.array(lines, dtype=object)[paired]
    return Conversation(
        chats=talk["chat"].to_numpy(), authors=talk["author"].to_numpy(), at=talk["at"].to_numpy(), lines=lines,
        is_silent=np.zeros(len(lines), bool), is_bot=talk["is_bot"].to_numpy(), mention_of=mentions["place"].to_numpy(),
        mentioned=mentions["author"].to_numpy(), signs=told_signs(lines), words=word_counts(worded.tolist()),
    )  # fmt: skip


def _seen(talk: Conversation, rows: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """What is seen of the pairs of one week by themselves, whatever was answered before."""
    rows = rows.reset_index(drop=True)
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
    rows["number"] = _numbers_agree(lines.numbers[rows["question_line"]], lines.numbers[rows["answer_line"]])
    rows["waited"] = np.log1p(rows["hours"])
    rows["rank"] = np.log1p(np.array(rows.groupby("answer_id", sort=False).cumcount(ascending=False), dtype=float))
    return rows


def _about(asked: Bools, said: Bools):
    """Cosine of what two lines speak of, the rarer the thing the more it counts."""
    frequency = np.vstack([asked, said]).mean(axis=0)
    rarity = np.log((1 + 1) / (frequency + 0.02))
    one, other = asked * rarity, said * rarity
    one = one / np.maximum(np.linalg.norm(one, axis=1), 1e-9)[:, None]
    other = other / np.maximum(np.linalg.norm(other, axis=1), 1e-9)[:, None]
    return lambda questions, answers: np.einsum("ij,ij->i", one[questions], other[answers])


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


def table_of(rows: pd.DataFrame, fit: Floats, fit_intent: Floats, fit_other: Floats, near: Floats, alike: Floats) -> tuple[Pairs, Floats]:
    """The candidates of each message and, last, none of them (``earlier`` -1), with their signs in the order of ``NAMES``."""
    code = pd.factorize(rows["answer_id"])[0]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    signs = {
        "prior": np.tanh(rows["prior"].to_numpy() / 4) * 4, "about": rows["about"], "about_to_best": rows["about_to_best"], "fit": fit, "fit_intent": fit_intent,
        "fit_other": fit_other, "alike": alike, "number": rows["number"], "hours": rows["waited"], "rank": rows["rank"],
        "asker_replied": rows["asker_replied"], "asker_thanked": rows["asker_thanked"], "answered_later": rows["answered_later"],
    }  # fmt: skip
    table = np.zeros((len(rows) + len(starts), len(NAMES)))
    for name, values in signs.items():
        table[: len(rows), NAMES.index(name)] = np.asarray(values, dtype=float)
    none = {
        "none": np.ones(len(starts)), "none_formal": (rows["says"] == "formal").to_numpy()[starts],
        "none_to_many": rows["to_many"].to_numpy()[starts], "none_to_all": (rows["to_all"] & ~rows["to_many"]).to_numpy()[starts], "none_unlike": 1 - near[starts],
    }  # fmt: skip
    for name, values in none.items():
        table[len(rows) :, NAMES.index(name)] = np.asarray(values, dtype=float)
    pairs = Pairs(np.concatenate((code, code[starts])), np.concatenate((np.arange(len(rows)), np.full(len(starts), -1))))
    order = np.lexsort((pairs.earlier < 0, pairs.message))
    return Pairs(pairs.message[order], pairs.earlier[order]), table[order]


def weigh(marked: pd.DataFrame, block: pd.DataFrame, lines: Lines) -> tuple[pd.DataFrame, Pairs, Floats]:
    """The candidates of a week's unmarked messages, their pairs and signs (:func:`table_of`); ``marked``: the marked answers known by then with their questions."""
    newest = pd.unique(marked["answer_id"])[-int(threshold("reply_examples")) :]
    known = marked[marked["answer_id"].isin(newest)]
    rows = block.reset_index(drop=True)
    pairs, table = table_of(rows, *agreement(rows, known, lines.counts))
    return rows, pairs, table


def _guess_week(marked: pd.DataFrame, block: pd.DataFrame, lines: Lines) -> pd.DataFrame:
    """Guesses for the unmarked messages of one week."""
    rows, pairs, table = weigh(marked, block, lines)
    worth = table @ np.array([WEIGHTS[name] for name in NAMES])
    share = shares(pairs, worth)
    is_pair = pairs.earlier >= 0
    nothing = worth[~is_pair][pairs.message]
    alone = 1 / (1 + np.exp(np.clip(nothing - worth, -50, 50)))
    place = pairs.earlier[is_pair]
    score, by_itself = np.zeros(len(rows)), np.zeros(len(rows))
    score[place], by_itself[place] = share[is_pair], alone[is_pair]
    rows["score"], rows["alone"] = score, by_itself
    # One announcement may answer many: each open question is weighed by itself.
    many = rows[rows["to_many"] & (rows["alone"] >= threshold("reply_score_many"))]
    many = many.assign(score=many["alone"])
    single = rows[(rows["score"] >= threshold("reply_score")) & ~rows["to_many"]]
    return pd.concat([many, _assign(single)], ignore_index=True)


def _assign(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each message to its best question; a question that is answered thereby takes no later message; repeated until nothing moves."""
    done = [pairs.iloc[:0]]
    while len(pairs):
        best = pairs.sort_values(["score", "question_id"], ascending=[False, True], kind="stable").drop_duplicates("answer_id")
        first = best.sort_values(["sent", "answer_id"], kind="stable").drop_duplicates("question_id")
        done.append(first)
        pairs = pairs[~pairs["answer_id"].isin(first["answer_id"])]
        closing = first[first["says"] != "holding"].set_index("question_id")["sent"]
        closed_at = pairs["question_id"].map(closing).astype(float)
        pairs = pairs[closed_at.isna() | (pairs["sent"] <= closed_at)]
    return pd.concat(done, ignore_index=True)


def agreement(rows: pd.DataFrame, known: pd.DataFrame, counts: csr_array) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Of each pair, 0 to 1: how well it agrees with a known pair by words; how near its answer is to one that was given to the question's intent, and to one
    given to another intent; how near its answer is to any known one; how alike its two texts are. ``counts``: words of the lines.
    """
    question_code, questions = pd.factorize(rows["question_line"].to_numpy())
    answer_code, answers = pd.factorize(rows["answer_id"].to_numpy())
    said = rows["answer_line"].to_numpy()[np.unique(answer_code, return_index=True)[1]]
    table = by_rarity(counts[np.r_[questions, said, known["question_line"], known["answer_line"]]])
    table = csr_array(table.multiply(1 / np.maximum(np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel()), 1e-9)[:, None]))
    cuts = [0, *np.cumsum([len(questions), len(answers), len(known), len(known)])]
    asked, told, known_asked, known_told = (table[a:b] for a, b in pairwise(cuts))
    likeness = np.asarray(asked[question_code].multiply(told[answer_code]).sum(axis=1)).ravel()
    fit, intent_fit, other_fit, near = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(answers))
    if not len(known):
        return fit, intent_fit, other_fit, near[answer_code], likeness
    intent, known_intent = rows["intent"].to_numpy(), known["intent"].to_numpy()
    by_intent = np.argsort(known_intent, kind="stable")
    first_of = np.flatnonzero(np.diff(known_intent[by_intent], prepend=-2))
    its_intent = known_intent[by_intent][first_of]
    size = int(threshold("reply_block"))
    order = np.argsort(answer_code, kind="stable")
    # Block by block: memory stays at block x known pairs.
    for first in range(0, len(answers), size):
        last = min(first + size, len(answers))
        alike_told = (told[first:last] @ known_told.T).toarray()
        near[first:last] = alike_told.max(axis=1)
        # The nearest known answer of each intent.
        nearest = np.maximum.reduceat(alike_told[:, by_intent], first_of, axis=1)
        mine = order[(answer_code[order] >= first) & (answer_code[order] < last)]
        for part in np.array_split(mine, max(1, len(mine) // size)):
            if len(part):
                alike_asked = (asked[question_code[part]] @ known_asked.T).toarray()
                of_answers = answer_code[part] - first
                fit[part] = np.minimum(alike_asked, alike_told[of_answers]).max(axis=1)
                same = (its_intent[None, :] == intent[part][:, None]) & (intent[part] >= 0)[:, None]
                other = (its_intent >= 0)[None, :] & ~same & (intent[part] >= 0)[:, None]
                intent_fit[part] = np.where(same, nearest[of_answers], 0).max(axis=1)
                other_fit[part] = np.where(other, nearest[of_answers], 0).max(axis=1)
    return fit, intent_fit, other_fit, near[answer_code], likeness
