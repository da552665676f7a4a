"""Are questions found, paired with their answers, and recognised when they come again?

Truth: ``moodle_db/ground_truth.json.gz`` (forum and personal messages of the LMS) and ``moodle_channels/truth.json.gz`` (chat, mail,
personal chats). Off-topic questions among learners, requests for ready work and follow-ups are not in the truth of the chats, so a follow-up
that is taken for a question counts as an error here. Bursts: a question counts as found when its burst is.

The right first answer: the forum's truth counts the first substantive answer of a curator; that of the other channels the first
that is no promise, formal ones included. Questions whose truth has no curator's answer are right when none is linked.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.evaluation import Figure, f1, read_truth, share
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse


@dataclass(frozen=True)
class _Question:
    channel: str
    message_id: str
    answer_id: str | None
    cluster: str | None
    #: Kinds of links.replies that the truth counts as an answer.
    kinds: frozenset[str]


_ANY_ANSWER = frozenset(("substantive", "formal"))
_SUBSTANTIVE = frozenset(("substantive",))


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """Precision, recall and F1 of questions; share of questions with the right first curator's answer; pair F1 of repeated questions.

    Parameters
    ----------
    truth_folder: holds ``moodle_db`` and ``moodle_channels``.
    """
    questions = list(_truth(warehouse, pseudonyms, truth_folder))
    bursts = dict(warehouse.rows("select message_id, burst_id from links.questions"))
    return [*_found(warehouse, questions, bursts), *_answered(warehouse, questions, bursts), *_repeated(warehouse, questions, bursts)]


def mail_id(pseudonyms: Pseudonyms, native: str) -> str:
    """Our id of a mail, from its Message-ID with or without brackets."""
    return "mail:" + pseudonyms.of("mail:message", native.strip("<> "))


def _truth(warehouse: Warehouse, pseudonyms: Pseudonyms, folder: Path) -> Iterable[_Question]:
    moodle = read_truth(folder / "moodle_db" / "ground_truth.json.gz")
    for question in moodle["questions"]:
        answer = next((reply for reply in question["replies"] if reply["type"] in ("curator_answer", "curator_message")), None)
        if answer is None:
            answer_id = None
        else:
            answer_id = f"moodle:direct:{answer['messageid']}" if "messageid" in answer else f"moodle:post:{answer['postid']}"
        yield _Question("forum", f"moodle:post:{question['postid']}", answer_id, None, _SUBSTANTIVE)
    for message in moodle["messages"]:
        answer_id = f"moodle:direct:{message['reply']['messageid']}" if message["reply"] else None
        yield _Question("direct", f"moodle:direct:{message['messageid']}", answer_id, None, _ANY_ANSWER)
    channels = read_truth(folder / "moodle_channels" / "truth.json.gz")
    chats = {course: chat["id"] for course, chat in channels["telegram"]["chats"].items()}
    for question in channels["questions"]:
        answer = question["first_curator_answer"]
        if question["channel"] == "telegram_personal":
            yield _personal(warehouse, pseudonyms, question)
            continue
        channel = "mail" if question["channel"] == "mail" else "chat"
        answer_id = None
        if answer is not None:
            native = answer["message_id"]
            answer_id = mail_id(pseudonyms, native) if isinstance(native, str) else f"telegram:message:{chats[question['course']]}:{native}"
        if channel == "mail":
            yield _Question(channel, mail_id(pseudonyms, question["message_id"]), answer_id, None, _ANY_ANSWER)
        else:
            yield _Question(
                channel, f"telegram:message:{question['chat_id']}:{question['message_id']}", answer_id, question["cluster"], _ANY_ANSWER
            )


def _personal(warehouse: Warehouse, pseudonyms: Pseudonyms, question: dict[str, Any]) -> _Question:
    """A question in a personal chat, whose id is a pseudonym: found by author and moment."""
    asker = pseudonyms.of("telegram", question["account"])
    found = "select message_id, chat_id from raw.messages where channel = 'direct' and account_id = ? and epoch(sent_at) = ?"
    asked = warehouse.rows(found, [asker, question["asked_unix"]])
    message_id, chat = asked[0] if asked else ("absent", "absent")
    answer_id = None
    if answer := question["first_curator_answer"]:
        in_chat = "select message_id from raw.messages where chat_id = ? and epoch(sent_at) = ?"
        answer_id = warehouse.value(in_chat, [chat, answer["unix"]]) or "absent"
    return _Question("direct", message_id, answer_id, None, _ANY_ANSWER)


def _found(warehouse: Warehouse, questions: list[_Question], bursts: dict[str, str]) -> list[Figure]:
    found: dict[str, set[str]] = defaultdict(set)
    for channel, burst in warehouse.rows(
        "select distinct message.channel, question.burst_id from links.questions as question "
        "join raw.messages as message on message.message_id = question.message_id where question.is_question"
    ):
        found[channel].add(burst)
    figures = []
    for channel in ("forum", "chat", "direct", "mail"):
        true = {bursts.get(question.message_id, question.message_id) for question in questions if question.channel == channel}
        right = len(true & found[channel])
        note = "the truth lists the conversations' openers only: precision is a lower bound" if channel == "direct" else ""
        figures += [
            share("questions", f"{channel}: of those found, questions", right, len(found[channel]), note),
            share("questions", f"{channel}: of all questions, found", right, len(true)),
            f1("questions", f"{channel}: F1", right, len(found[channel] - true), len(true - found[channel])),
        ]
    return figures


def _answered(warehouse: Warehouse, questions: list[_Question], bursts: dict[str, str]) -> list[Figure]:
    replies: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for question, answer, kind, sent_at in warehouse.rows(
        "select reply.question_id, reply.answer_id, reply.kind, message.sent_at from links.replies as reply "
        "join raw.messages as message on message.message_id = reply.answer_id where reply.role = 'curator'"
    ):
        replies[question].append((sent_at, answer, kind))
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    for question in questions:
        linked = sorted(reply for reply in replies[bursts.get(question.message_id, "")] if reply[2] in question.kinds)
        first = linked[0][1] if linked else None
        if question.answer_id is None:
            verdict = "rightly none" if first is None else "wrongly one"
        elif first is None:
            verdict = "missed"
        else:
            verdict = "right" if first == question.answer_id else "wrong"
        tally[question.channel][verdict] += 1
    figures = []
    for channel in ("forum", "chat", "direct", "mail"):
        count = tally[channel]
        with_answer = count["right"] + count["wrong"] + count["missed"]
        figures += [
            share("replies", f"{channel}: answered questions, right first answer", count["right"], with_answer, f"wrong {count['wrong']}, missed {count['missed']}"),
            share("replies", f"{channel}: links of a first answer that are right", count["right"], count["right"] + count["wrong"] + count["wrongly one"]),
            share("replies", f"{channel}: unanswered questions left open", count["rightly none"], count["rightly none"] + count["wrongly one"]),
        ]  # fmt: skip
    return figures


def _repeated(warehouse: Warehouse, questions: list[_Question], bursts: dict[str, str]) -> list[Figure]:
    clusters = {message: (cluster, week) for message, cluster, week in warehouse.rows(_CLUSTERS)}
    labelled = [(question.cluster, bursts.get(question.message_id, question.message_id)) for question in questions if question.cluster]
    figures = []
    # Clusters are of a whole course. What the truth splits by stream and week is what ind_repeated_question_weeks counts apart: the clusters
    # whose answer holds for one week only.
    for name, pattern, split in (
        ("per stream and week as in the truth", r"$^", True),
        ("the same question of any stream and week", r":s\d+w\d+$", False),
    ):
        true = [re.sub(pattern, "", cluster) for cluster, _ in labelled]
        found = [clusters.get(burst, (burst, ""))[: 2 if split else 1] for _, burst in labelled]
        both = _pairs(zip(true, found, strict=True))
        figures += [
            share("repeated", f"pairs found that belong together, {name}", both, _pairs(found)),
            share("repeated", f"pairs that belong together, found, {name}", both, _pairs(true)),
            f1("repeated", f"pair F1, {name}", both, _pairs(found) - both, _pairs(true) - both),
        ]
    return figures


#: Cluster of each question and, where its answer holds for one week only, the asker's stream and the week.
_CLUSTERS = """
    select repeated.message_id, repeated.cluster_id,
        case when repeated.is_of_the_week then coalesce(question.stream_id, '') || ' ' || date_trunc('week', message.sent_at at time zone 'Europe/Moscow')::date else '' end
    from links.repeated_questions as repeated join raw.messages as message on message.message_id = repeated.message_id
    left join facts.fct_questions as question on question.question_id = repeated.message_id
"""


def _pairs(labels: Iterable[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(labels).values())
