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

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from pipelines.links import question_wording
from pipelines.links.reply_model import Conversation, Floats, Ints, Pairs, features, prior, shares, told_signs, word_rows
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

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

# Answers that are marked teach, the others are guessed. Closed by others before: no candidate; closed by this very message: the one that belongs.
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
where closed.closed_at is null or closed.closed_at > answer.sent_at or (closed.closed_at = answer.sent_at and answer.marked_id = asked.question_id)
"""


def guess(warehouse: Warehouse, since: float, until: float, closed: dict[str, float]) -> pd.DataFrame:
    """Links guessed for messages sent from ``since`` on (seconds): question_id, answer_id, rule ``next``, score (0 to 1).

    Reads the temporary tables said, asked, linked and closed of ``replies``. ``until``: the last moment known. ``closed``:
    when questions were answered by guesses made earlier (seconds).
    """
    every = _candidates(warehouse)
    nothing = pd.DataFrame({"question_id": [], "answer_id": [], "rule": [], "score": []}).astype({"score": float})
    if every.empty:
        return nothing
    talk = conversation(warehouse)
    by_week = {int(str(week)): part for week, part in every.groupby("week", sort=True)}
    wanted = [week for week, part in by_week.items() if bool((part["marked_id"].isna() & (part["sent"] >= since)).any())]
    closed = dict(closed)
    seen: dict[int, pd.DataFrame] = {}
    found = []
    for week in wanted:
        begins = MONDAY + week * WEEK
        horizon = min(until, begins + WEEK + settled())
        first = int((begins - learning() - MONDAY) // WEEK)
        last = int((horizon - MONDAY) // WEEK)
        for other in list(seen):
            if other < first:
                del seen[other]
        for other in range(first, last + 1):
            if other in by_week and other not in seen:
                seen[other] = _seen(talk, by_week[other])
        taught = pd.concat([seen[other] for other in range(first, last + 1) if other in seen], ignore_index=True)
        taught = taught[taught["marked_id"].notna() & (taught["sent"] < horizon) & (taught["sent"] >= begins - learning())]
        block = seen[week]
        block = block[block["marked_id"].isna()]
        block = block[~(block["question_id"].map(closed).fillna(np.inf) < block["sent"])]
        # An answer that came after the week was settled is not known to it.
        taught, block = (
            part.assign(answered_later=(part["is_answered_later"] & ~(part["closed_at"] >= horizon)).astype(float))
            for part in (taught, block)
        )
        chosen = _guess_week(taught, block)
        for question, sent, says in zip(chosen["question_id"], chosen["sent"], chosen["says"], strict=True):
            if says != "holding":
                closed[question] = min(sent, closed.get(question, np.inf))
        found.append(chosen)
    links = pd.concat(found, ignore_index=True) if found else nothing
    return links.assign(rule="next")[["question_id", "answer_id", "rule", "score"]]


def settled() -> float:
    """Seconds after which nothing that is said later changes a guess: the longest time in which an answer is looked for."""
    return 86400 * threshold("reply_window_mail")


def learning() -> float:
    """Seconds before a week from which marked answers teach."""
    return 86400 * threshold("reply_learning")


def _candidates(warehouse: Warehouse) -> pd.DataFrame:
    """Pairs of a curator's message and a question open at that time, in order of the messages."""
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
    return every


def conversation(warehouse: Warehouse) -> Conversation:
    """All that was said in the chats, as ``reply_model`` takes it, from the temporary table ``talk``."""
    talk = warehouse.arrow("select *, epoch(sent_at) as at from talk order by place")
    mentions = warehouse.arrow(
        "select distinct talk.place, named.author from addressed join talk on talk.message_id = addressed.message_id "
        "join (select distinct author_id, author from talk join said using (message_id)) as named on named.author_id = coalesce(addressed.person_id, addressed.account_id) "
        "where addressed.role = 'mention' order by 1, 2"
    )
    lines = talk["line"].to_pylist()
    return Conversation(
        chats=talk["chat"].to_numpy(), authors=talk["author"].to_numpy(), at=talk["at"].to_numpy(), lines=lines,
        is_silent=np.zeros(len(lines), bool), is_bot=talk["is_bot"].to_numpy(), mention_of=mentions["place"].to_numpy(),
        mentioned=mentions["author"].to_numpy(), signs=told_signs(lines),
    )  # fmt: skip


def _seen(talk: Conversation, rows: pd.DataFrame) -> pd.DataFrame:
    """What is seen of the pairs of one week by themselves, whatever week is guessed."""
    rows = rows.reset_index(drop=True)
    part, offset = talk.since(int(rows["question_place"].min()), int(rows["answer_place"].max()) + 1)
    pairs = Pairs(rows["answer_place"].to_numpy() - offset, rows["question_place"].to_numpy() - offset)
    answers, answer_lines = pd.factorize(rows["answer"])
    questions, question_lines = pd.factorize(rows["question"])
    answer_code = pd.factorize(rows["answer_id"])[0]
    said, asked = question_wording.slots(list(answer_lines)), question_wording.slots(list(question_lines))
    about = _about(asked, said)(questions, answers)
    starts = np.flatnonzero(np.diff(answer_code, prepend=-1))
    best = np.maximum.reduceat(about, starts)[answer_code]
    rows["prior"] = prior().score(features(part, pairs))
    rows["about"], rows["about_to_best"], rows["best_about"] = about, about - best, best
    rows["intent"] = question_wording.intents_by_slots(asked)[questions]
    rows["number"] = _numbers_agree(list(question_lines), list(answer_lines), questions, answers)
    rows["waited"] = np.log1p(rows["hours"])
    rows["rank"] = np.log1p(np.array(rows.groupby("answer_id", sort=False).cumcount(ascending=False), dtype=float))
    return rows


def _about(asked: np.ndarray, said: np.ndarray):
    """Cosine of what two lines speak of, the rarer the thing the more it counts."""
    frequency = np.vstack([asked, said]).mean(axis=0)
    rarity = np.log((1 + 1) / (frequency + 0.02))
    one, other = asked * rarity, said * rarity
    one = one / np.maximum(np.linalg.norm(one, axis=1), 1e-9)[:, None]
    other = other / np.maximum(np.linalg.norm(other, axis=1), 1e-9)[:, None]
    return lambda questions, answers: np.einsum("ij,ij->i", one[questions], other[answers])


def speak_of_one(questions: pd.Series, answers: pd.Series) -> tuple[Floats, np.ndarray]:
    """Of each pair of lines how far both speak of the same things (0 to 1), and whether both speak of something and of nothing in common."""
    question_code, question_lines = pd.factorize(questions)
    answer_code, answer_lines = pd.factorize(answers)
    asked, said = question_wording.slots(list(question_lines)), question_wording.slots(list(answer_lines))
    about = _about(asked, said)(question_code, answer_code)
    held = asked.sum(axis=1)[question_code] * said.sum(axis=1)[answer_code]
    return about, (about == 0) & (held > 0)


def _numbers_agree(question_lines: list[str], answer_lines: list[str], questions: Ints, answers: Ints) -> Floats:
    """1: both name a small number and share one; -1: both name some and share none; 0: else."""
    asked, said = (np.array([_small_numbers(line) for line in lines], np.int64) for lines in (question_lines, answer_lines))
    both = (asked[questions] > 0) & (said[answers] > 0)
    return np.where(both, np.where(asked[questions] & said[answers] > 0, 1.0, -1.0), 0.0)


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


def weigh(marked: pd.DataFrame, block: pd.DataFrame) -> tuple[pd.DataFrame, Pairs, Floats]:
    """The candidates of a week's unmarked messages, their pairs and signs (:func:`table_of`); ``marked``: candidates of the marked ones known by then."""
    newest = pd.unique(marked["answer_id"])[-int(threshold("reply_examples")) :]
    known = marked[marked["answer_id"].isin(newest) & (marked["question_id"] == marked["marked_id"])]
    rows = block.reset_index(drop=True)
    pairs, table = table_of(rows, *agreement(rows, known))
    return rows, pairs, table


def _guess_week(marked: pd.DataFrame, block: pd.DataFrame) -> pd.DataFrame:
    """Guesses for the unmarked messages of one week."""
    rows, pairs, table = weigh(marked, block)
    if rows.empty:
        return rows.assign(score=0.0)
    worth = table @ np.array([WEIGHTS[name] for name in NAMES])
    share = shares(pairs, worth)
    is_pair = pairs.earlier >= 0
    nothing = worth[~is_pair][pairs.message]
    alone = 1 / (1 + np.exp(np.clip(nothing - worth, -50, 50)))
    place = pairs.earlier[is_pair]
    rows.loc[place, "score"], rows.loc[place, "alone"] = share[is_pair], alone[is_pair]
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


def agreement(rows: pd.DataFrame, known: pd.DataFrame) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Of each pair, 0 to 1: how well it agrees with a known pair by words; how near its answer is to one that was given to the question's intent, and to one
    given to another intent; how near its answer is to any known one; how alike its two texts are.

    """
    question_code, questions = pd.factorize(rows["question"])
    answer_code, answers = pd.factorize(rows["answer_id"])
    said = rows["answer"].to_numpy()[np.unique(answer_code, return_index=True)[1]]
    table = word_rows([*questions, *said, *known["question"], *known["answer"]])
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
