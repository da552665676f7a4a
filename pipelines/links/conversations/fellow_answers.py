"""Which question of a chat a fellow learner's unmarked words answer: rule ``like`` of ``links.replies``.

What learners say to each other without a mark fits any question ("same here", "try another browser"), so whose turn it is tells nothing. Words tell where they were said before: somebody
replied explicitly in nearly these words to a question of the same intent (``question_intents.toml``), and to none of another intent in words still nearer. A first saying is left alone.

Found week by week, each with the explicit replies of the weeks before it and of a settling time after it (docs/decisions/0017), so a night comes to what a run over everything would.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.links.conversations import question_wording
from pipelines.links.conversations.reply_guess import MONDAY, WEEK, learning, settled
from pipelines.links.conversations.reply_model import Floats, by_rarity, unit_rows, word_counts
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_NOTHING = pd.DataFrame({"question_id": [], "answer_id": [], "rule": [], "score": []}).astype({"score": float})

# Explicit replies by anybody but the asker, of whom they are; a question's intent is asked of its words.
_KNOWN = """
select asked.whole as question, said.whole as answer, epoch(said.sent_at) as sent
from linked join said on said.message_id = linked.answer_id join asked on asked.question_id = linked.question_id
where linked.rule = 'explicit' and said.channel = 'chat' and said.author_id <> asked.author_id and said.says in ('substantive', 'formal') and said.words > 0
order by said.sent_at, said.message_id
"""
# Who is near in time is found by stretches as long as the window: of a long chat not everything is held against everything.
_PAIRS = """
with word as (
    select said.message_id, said.chat_id, coalesce(said.thread_id, '') as thread, said.author_id, said.whole, epoch(said.sent_at) as sent,
        unnest([floor(sent / (3600 * $hours))::bigint, floor(sent / (3600 * $hours))::bigint - 1]) as stretch
    from said left join links.questions as judged on judged.message_id = said.message_id
    where said.channel = 'chat' and said.role in ('learner', 'unknown') and said.reply_to_id is null and said.says in ('substantive', 'formal')
        and said.words between 1 and $short and not contains(said.whole, '?') and not coalesce(judged.is_question, false)
        and epoch(said.sent_at) >= $since and said.message_id not in (select answer_id from linked)
        -- Words of a burst that asks are the question itself.
        and coalesce(judged.burst_id, '') not in (select question_id from asked where not is_told)
)
select word.message_id as answer_id, word.whole as answer, word.sent, asked.question_id, asked.whole as question, epoch(asked.asked_at) as asked
from word join (
    select *, coalesce(thread_id, '') as thread, floor(epoch(last_at) / (3600 * $hours))::bigint as stretch from asked where channel = 'chat' and not is_told
) as asked on asked.chat_id = word.chat_id and asked.thread = word.thread and asked.stretch = word.stretch and asked.author_id <> word.author_id
    and epoch(asked.last_at) <= word.sent and word.sent - epoch(asked.last_at) <= 3600 * $hours
left join closed on closed.question_id = asked.question_id
where closed.closed_at is null or epoch(closed.closed_at) > word.sent
order by word.sent, word.message_id, asked.asked_at, asked.question_id
"""


def answers_like_known(warehouse: Warehouse, since: float, until: float) -> pd.DataFrame:
    """Links of learners' unmarked messages sent from ``since`` on (seconds): question_id, answer_id, rule ``like``, score (how like a known answer, 0 to 1).

    Reads the temporary tables said, asked, linked and closed of ``replies``. Of a message the question whose known answers it is nearest to, of equal ones the latest. Left out: questions without
    an intent, words with a question mark, long ones (``short_answer``), likeness under ``reply_alike``. ``until``: the last moment known.
    """
    given = {"short": int(threshold("short_answer")), "hours": threshold("reply_window_fellow"), "since": float(max(since, -1e12))}
    pairs = warehouse.frame(_PAIRS, given)
    known = warehouse.frame(_KNOWN)
    if pairs.empty or known.empty:
        return _NOTHING
    # The same is asked again and again: each wording is looked at once.
    code, lines = pd.factorize(pd.concat([pairs["question"], known["question"]], ignore_index=True))
    intent = question_wording.intents_by_slots(question_wording.slots(lines.tolist()))[code]
    pairs["intent"], known["intent"] = intent[: len(pairs)], intent[len(pairs) :]
    pairs, known = pairs[pairs["intent"] >= 0], known[known["intent"] >= 0]
    told_at, links = known["sent"].to_numpy(), [_NOTHING]
    for week, block in pairs.groupby(np.floor((pairs["sent"] - MONDAY) / WEEK), sort=True):
        begins = MONDAY + int(float(str(week))) * WEEK
        first, last = np.searchsorted(told_at, [begins - learning(), min(until, begins + WEEK + settled())])
        if last > first:
            links.append(_of_week(block, known.iloc[first:last]))
    return pd.concat([part for part in links if len(part)] or [_NOTHING], ignore_index=True)


def _of_week(block: pd.DataFrame, taught: pd.DataFrame) -> pd.DataFrame:
    likeness, share = _likeness(block, taught)
    chosen = block.assign(score=likeness)[share >= threshold("reply_alike_share")]
    chosen = chosen.sort_values(["answer_id", "score", "asked", "question_id"], kind="stable").drop_duplicates("answer_id", keep="last")
    return chosen.assign(rule="like")[["question_id", "answer_id", "rule", "score"]]


def _likeness(block: pd.DataFrame, taught: pd.DataFrame) -> tuple[Floats, Floats]:
    """Of each pair how near its words are to the nearest known answer to its question's intent, and how many of the known answers that are as near as
    ``reply_alike`` were given to that intent, of all such and one more: words that were said once tell less than words that were said often.
    """
    code, lines = pd.factorize(pd.concat([block["answer"], taught["answer"]], ignore_index=True))
    table = unit_rows(by_rarity(word_counts(lines.tolist()), np.bincount(code)))
    said, words = pd.factorize(code[: len(block)])
    intents, of_known = np.unique(taught["intent"].to_numpy(), return_inverse=True)
    order = np.argsort(of_known, kind="stable")
    starts = np.flatnonzero(np.diff(of_known[order], prepend=-1))
    nearest, often = np.zeros((len(words), len(intents))), np.zeros((len(words), len(intents)))
    examples, size = table[code[len(block) :][order]].T, int(threshold("reply_block"))
    for first in range(0, len(words), size):
        part = slice(first, first + size)
        near = np.asarray((table[words[part]] @ examples).toarray())
        nearest[part] = np.maximum.reduceat(near, starts, axis=1)
        often[part] = np.add.reduceat((near >= threshold("reply_alike")).astype(float), starts, axis=1)
    # Questions of an intent to which nobody replied explicitly stand in a column of nothing.
    place = np.searchsorted(intents, block["intent"].to_numpy())
    place[~np.isin(block["intent"].to_numpy(), intents)] = len(intents)
    nearest, own = (np.pad(one, ((0, 0), (0, 1)))[said, place] for one in (nearest, often))
    return nearest, own / (often.sum(axis=1)[said] + 1)
