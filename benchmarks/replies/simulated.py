"""Questions, first answers and open questions of simulated chats against their truth.

``python -m benchmarks.replies.simulated --seeds 101 102 103 104`` (``--sweep``: precision and coverage of the guesses by the certainty asked for; ``--weights``: the
mean of what the chats' own marks taught). What was chosen here, and on which seeds: docs/decisions/0020-weights-of-the-guess.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict

from benchmarks.evaluation import Figure, f1, render, share
from benchmarks.replies.talk import Talk, talk
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Questions of chats that would wait doubtfully if nobody had answered them: what fct_questions makes of them, without a warehouse of facts.
_DOUBTFUL = """
    with asked as (
        select burst_id as question_id, max(case when rule = 'answered' then $answered else score end) as asks from links.questions where is_question group by burst_id
    ), possible as (
        select question_id, 1 - exp(sum(ln(1 - least(score, 0.999)))) as share from links.possible_replies group by question_id
    )
    select question_id from asked left join possible using (question_id)
    where 1 / (1 + exp(-($base + $asks * asks + $possible * coalesce(share, 0)))) < $doubt
"""


def doubtful(warehouse: Warehouse) -> set[str]:
    """Questions (bursts) that are listed as perhaps answered or none, where nobody has answered them."""
    names = {
        "base": "open_score_base",
        "asks": "open_score_asks",
        "possible": "open_score_possible",
        "doubt": "open_score_doubt",
        "answered": "question_answered_score",
    }
    return {question for (question,) in warehouse.rows(_DOUBTFUL, {key: threshold(name) for key, name in names.items()})}


def tally(warehouse: Warehouse, told: Talk) -> Counter[str]:
    """Counts over the chats of one warehouse, to be added up over seeds."""
    count: Counter[str] = Counter()
    bursts = dict(warehouse.rows("select message_id, burst_id from links.questions"))
    found = {burst for (burst,) in warehouse.rows("select distinct burst_id from links.questions where is_question")}
    true = {bursts.get(one.message_id, one.message_id): one for one in told.asked}
    count["questions true"], count["questions found"], count["questions right"] = len(true), len(found), len(found & set(true))
    for message, kind in told.others.items():
        count[f"{kind}: all"] += 1
        count[f"{kind}: asks"] += bursts.get(message, message) in found - set(true)
    replies: dict[str, list[tuple[float, str, str, str]]] = defaultdict(list)
    for question, answer, kind, rule, sent in warehouse.rows(
        "select question_id, answer_id, reply.kind, rule, epoch(sent_at) from links.replies as reply join raw.messages on message_id = answer_id where role = 'curator'"
    ):
        replies[question].append((sent, answer, kind, rule))
    is_open = {question for question in found if not any(kind == "substantive" for _, _, kind, _ in replies[question])}
    open_true = {question for question, one in true.items() if one.kind != "substantive" and not one.answered_later}
    count["open shown"], count["open true"], count["open right"] = len(is_open), len(open_true), len(is_open & open_true)
    is_sure = is_open - doubtful(warehouse)
    count["sure shown"], count["sure right"] = len(is_sure), len(is_sure & open_true)
    fellows = {answer: bursts.get(question, question) for answer, question in told.fellows.items()}
    like = warehouse.rows("select question_id, answer_id from links.replies where rule = 'like'")
    count["like"], count["like right"] = len(like), sum(fellows.get(answer) == question for question, answer in like)
    count["fellows"] = len(fellows)
    for question, one in true.items():
        linked = sorted(reply for reply in replies[question] if reply[2] in ("substantive", "formal"))
        first = linked[0] if linked else None
        if first is not None:
            count["linked"] += 1
            count["linked right"] += first[1] == one.answer_id
            if first[3] == "next":
                count["guessed"] += 1
                count["guessed right"] += first[1] == one.answer_id
        if one.answer_id is not None:
            count["answered"] += 1
            count["answered right"] += first is not None and first[1] == one.answer_id
            count[f"{one.way}: all"] += 1
            count[f"{one.way}: right"] += first is not None and first[1] == one.answer_id
        else:
            count["unanswered"] += 1
            count["left open"] += first is None
    return count


def figures(count: Counter[str]) -> list[Figure]:
    """Shares of what was counted."""
    rows = [
        share("questions", "found that are questions", count["questions right"], count["questions found"]),
        share("questions", "of all questions, found", count["questions right"], count["questions true"]),
        f1(
            "questions",
            "F1",
            count["questions right"],
            count["questions found"] - count["questions right"],
            count["questions true"] - count["questions right"],
        ),
    ]
    rows += [
        share("questions", f"taken for one: {name[:-5].replace('_', ' ')}", count[f"{name[:-5]}: asks"], number)
        for name, number in sorted(count.items())
        if name.endswith(": all") and f"{name[:-5]}: asks" in count
    ]
    rows += [
        share("replies", "answered questions, right first answer", count["answered right"], count["answered"]),
        share("replies", "links of a first answer that are right", count["linked right"], count["linked"]),
        share("replies", "guessed first answers that are right", count["guessed right"], count["guessed"]),
        share("replies", "unanswered questions left open", count["left open"], count["unanswered"]),
        share("replies", "fellow learners' unmarked answers, found", count["like right"], count["fellows"]),
        share("replies", "links of them that are right", count["like right"], count["like"]),
    ]
    rows += [
        share("replies", f"right first answer, {name[:-5]}", count[f"{name[:-5]}: right"], number)
        for name, number in sorted(count.items())
        if name.endswith(": all") and f"{name[:-5]}: right" in count
    ]
    return [
        *rows,
        share("open", "open questions shown that are open", count["open right"], count["open shown"]),
        share("open", "open questions that are shown", count["open right"], count["open true"]),
        share("open", "shown without doubt that are open", count["sure right"], count["sure shown"]),
        share("open", "open questions that are shown without doubt", count["sure right"], count["open true"]),
    ]


def main() -> None:
    """Simulate, link, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103, 104])
    given = parser.parse_args()
    count: Counter[str] = Counter()
    for seed in given.seeds:
        with Warehouse.open(None) as warehouse:
            told = talk(warehouse, seed)
            link_questions(warehouse)
            link_replies(warehouse)
            count += tally(warehouse, told)
    sys.stdout.write(render(figures(count)) + "\n")


if __name__ == "__main__":
    main()
