"""Which open question of a chat a curator's unmarked message answers: the scored guess of ``links.replies``, with the right to say nothing.

Two questions are asked of a message. *Does it answer at all?* Words like those of answers that were given by explicit reply speak for it, the tone of an
announcement against. *Which question?* The candidates are the questions open at that time; a conditional logit learned from the explicit replies of the
same chats (marks hidden) weighs them, the prior of ``reply_model`` among its signs; until there are enough of them, weights set by reason do.

Guesses are made week by week, each with what is known a settling time after its week at most (docs/decisions/0017): what is older than that never changes, so a night guesses the
last weeks only and comes to what a run over everything would.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from pipelines.links.reply_model import Conversation, Floats, Pairs, features, learn, prior, told_signs, word_rows
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

WEEK = 7 * 86400
#: The epoch began on a Thursday; weeks begin on Monday (UTC).
MONDAY = 4 * 86400

#: Log odds per unit before a chat's own marks have taught anything: the prior as it is, agreement with known pairs as strong evidence.
_LEAN = {"prior": 1.0, "fit": 5.0, "alike": 2.0, "answered_later": -2.0}

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
)
select answer.message_id as answer_id, answer.place as answer_place, answer.whole as answer, answer.says, answer.to_all, answer.to_many, answer.sent_at, answer.marked_id,
    floor((epoch(answer.sent_at) - $monday) / $week)::bigint as week,
    asked.question_id, talk.place as question_place, asked.whole as question, asked.asked_at,
    closed.closed_at is not null and closed.closed_at > answer.sent_at and epoch(closed.closed_at) - epoch(asked.asked_at) <= $settled as is_answered_later, epoch(closed.closed_at) as closed_at,
    (epoch(answer.sent_at) - epoch(asked.last_at)) / 3600 as hours
from answer
join asked on asked.chat_id = answer.chat_id and coalesce(asked.thread_id, '') = answer.topic and asked.last_at <= answer.sent_at
    and asked.channel = 'chat' and asked.author_id <> answer.author_id
    and epoch(answer.sent_at) - epoch(asked.last_at) <= case when answer.to_many then 86400 * $days else 3600 * $hours end
join talk on talk.message_id = asked.last_id
left join closed on closed.question_id = asked.question_id
where closed.closed_at is null or closed.closed_at > answer.sent_at or (closed.closed_at = answer.sent_at and answer.marked_id = asked.question_id)
"""


def guess(warehouse: Warehouse, since: float, until: float, closed: dict[str, float]) -> pd.DataFrame:
    """Links guessed for messages sent from ``since`` on (seconds): question_id, answer_id, rule ``next``, score (0 to 1).

    Reads the temporary tables said, asked, linked and closed of ``replies``. ``until``: the last moment known. ``closed``:
    when questions were answered by guesses made earlier (seconds).
    """
    connection = warehouse.connection
    connection.execute(_TALK)
    connection.execute(
        _CANDIDATES,
        {
            "monday": MONDAY,
            "week": WEEK,
            "settled": settled(),
            "days": threshold("reply_window_mail"),
            "hours": threshold("reply_window_chat"),
        },
    )
    # Of the marked ones the newest are enough to learn from; of the unmarked ones all that are to be guessed.
    every = warehouse.frame(
        "select * from candidates qualify row_number() over (partition by answer_id order by asked_at desc, question_id) <= $most or question_id = marked_id "
        "order by answer_place, question_place",
        {"most": int(threshold("reply_candidates"))},
    )
    found: list[pd.DataFrame] = []
    if every.empty:
        return pd.DataFrame({"question_id": [], "answer_id": [], "rule": [], "score": []}).astype({"score": float})
    every["sent"] = every["sent_at"].dt.as_unit("us").astype("int64") / 1e6
    talk = _conversation(warehouse)
    marked, unmarked = every[every["marked_id"].notna()], every[every["marked_id"].isna()]
    closed = dict(closed)
    for week in sorted(set(unmarked.loc[unmarked["sent"] >= since, "week"].tolist())):
        horizon = min(until, MONDAY + (week + 1) * WEEK + settled())
        block = unmarked[unmarked["week"] == week]
        block = block[~(block["question_id"].map(closed).fillna(np.inf) < block["sent"])]
        begins = MONDAY + week * WEEK
        taught = marked[(marked["sent"] < horizon) & (marked["sent"] >= begins - learning())]
        # An answer that came after the week was settled is not known to it.
        taught, block = (
            part.assign(is_answered_later=part["is_answered_later"] & ~(part["closed_at"] >= horizon)) for part in (taught, block)
        )
        chosen = _guess_week(talk, taught, block)
        for question, sent, says in zip(chosen["question_id"], chosen["sent"], chosen["says"], strict=True):
            if says != "holding":
                closed[question] = min(sent, closed.get(question, np.inf))
        found.append(chosen)
    links = pd.concat(found, ignore_index=True) if found else unmarked.iloc[:0].assign(score=0.0)
    return links.assign(rule="next")[["question_id", "answer_id", "rule", "score"]]


def settled() -> float:
    """Seconds after which nothing that is said later changes a guess: the longest time in which an answer is looked for."""
    return 86400 * threshold("reply_window_mail")


def learning() -> float:
    """Seconds before a week from which marked answers teach."""
    return 86400 * threshold("reply_learning")


def _conversation(warehouse: Warehouse) -> Conversation:
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


def _guess_week(talk: Conversation, marked: pd.DataFrame, block: pd.DataFrame) -> pd.DataFrame:
    """Guesses for the unmarked messages of one week; ``marked``: candidates of the marked ones known by then."""
    newest = pd.unique(marked["answer_id"])[-int(threshold("reply_examples")) :]
    marked = marked[marked["answer_id"].isin(newest)]
    known = marked[marked["question_id"] == marked["marked_id"]]
    rows = pd.concat([marked, block], ignore_index=True)
    is_block = np.arange(len(rows)) >= len(marked)
    pairs = Pairs(rows["answer_place"].to_numpy(), rows["question_place"].to_numpy())
    order = np.lexsort((pairs.earlier, pairs.message))
    rows, is_block, pairs = rows.iloc[order].reset_index(drop=True), is_block[order], Pairs(pairs.message[order], pairs.earlier[order])
    seen = features(talk, pairs)
    seen["prior"] = prior().score(seen)
    fit, is_known, likeness = agreement(rows, known)
    seen |= {
        "fit": fit,
        "alike": likeness,
        "hours": np.log1p(rows["hours"].to_numpy()),
        "answered_later": rows["is_answered_later"].to_numpy(dtype=np.float64),
    }
    belongs = (rows["question_id"] == rows["marked_id"]).to_numpy()
    teaching = Pairs(pairs.message[~is_block], pairs.earlier[~is_block])
    guess = learn(
        teaching, {name: values[~is_block] for name, values in seen.items()}, belongs[~is_block],
        precision=threshold("reply_precision"), least=int(threshold("reply_examples_least")), lean=_LEAN,
    )  # fmt: skip
    rows["fit"], rows["known"], rows["likeness"] = fit, is_known, likeness
    like_an_answer = np.minimum(1, is_known / threshold("reply_known"))
    rows["score"] = guess.certainty(pairs, seen) * like_an_answer if guess else _by_reason(rows, seen)
    is_notice = rows["to_all"] & ~rows["to_many"] & (rows["says"] == "substantive") & (is_known < threshold("reply_known"))
    rows["score"] = rows["score"].where(~is_notice, 0.0)
    rows = rows[is_block]
    # One announcement may answer many: every open question that it fits.
    many = rows[(rows["to_many"] | rows["to_all"]) & (rows["fit"] >= threshold("reply_fit"))]
    many = many.assign(score=np.maximum(many["score"], threshold("reply_score")))
    single = rows[(rows["score"] >= threshold("reply_score")) & ~rows["answer_id"].isin(many["answer_id"])]
    return pd.concat([many, _assign(single)], ignore_index=True)


def _by_reason(rows: pd.DataFrame, seen: dict[str, Floats]) -> Floats:
    """Where a chat has too few marked answers to learn from: soon after is likelier, words that both hold speak for the pair, a lone open question is the one."""
    alone = rows["answer_id"].map(rows["answer_id"].value_counts()).to_numpy() == 1
    nearness = rows.sort_values("question_place", ascending=False).groupby("answer_id").cumcount().reindex(rows.index).to_numpy() + 1
    return (
        0.25
        + 0.25 * np.exp(-rows["hours"].to_numpy() / threshold("reply_typical_wait"))
        + 0.10 / nearness
        + 0.10 * alone
        + 0.30 * rows["likeness"].to_numpy()
        + 0.05 * np.tanh(seen["prior"])
        - 0.25 * rows["is_answered_later"].to_numpy()
    )


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


def agreement(rows: pd.DataFrame, known: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """How well each pair agrees with a known pair, how near its answer is to a known one, how alike its two texts are: 0 to 1.

    A known answer is not compared with itself.
    """
    question_code, questions = pd.factorize(rows["question"])
    answer_code, answers = pd.factorize(rows["answer_id"])
    said = rows["answer"].to_numpy()[np.unique(answer_code, return_index=True)[1]]
    table = word_rows([*questions, *said, *known["question"], *known["answer"]])
    table = csr_array(table.multiply(1 / np.maximum(np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel()), 1e-9)[:, None]))
    cuts = [0, *np.cumsum([len(questions), len(answers), len(known), len(known)])]
    asked, told, known_asked, known_told = (table[a:b] for a, b in pairwise(cuts))
    likeness = np.asarray(asked[question_code].multiply(told[answer_code]).sum(axis=1)).ravel()
    fit, near = np.zeros(len(rows)), np.zeros(len(answers))
    if not len(known):
        return fit, near[answer_code], likeness
    own = pd.Series(np.arange(len(known)), index=known["answer_id"].to_numpy()).reindex(answers).to_numpy()
    size = int(threshold("reply_block"))
    order = np.argsort(answer_code, kind="stable")
    # Block by block: memory stays at block x known pairs.
    for first in range(0, len(answers), size):
        last = min(first + size, len(answers))
        alike_told = (told[first:last] @ known_told.T).toarray()
        has_own = np.flatnonzero(~np.isnan(own[first:last]))
        alike_told[has_own, own[first:last][has_own].astype(int)] = 0
        near[first:last] = alike_told.max(axis=1)
        mine = order[(answer_code[order] >= first) & (answer_code[order] < last)]
        for part in np.array_split(mine, max(1, len(mine) // size)):
            if len(part):
                alike_asked = (asked[question_code[part]] @ known_asked.T).toarray()
                fit[part] = np.minimum(alike_asked, alike_told[answer_code[part] - first]).max(axis=1)
    return fit, near[answer_code], likeness
