"""How right are the waiting times and the list of open questions?

Truth: ``moodle_db/ground_truth.json.gz`` (forum, personal messages of the LMS) and ``moodle_channels/truth.json.gz`` (chat, mail, personal
chats). Answered means answered substantively by a curator: a question whose truth has a formal answer or a set piece only is open here, as it is in
``fct_questions``; of mail, whose bodies are not read, any answer counts. Everything that stands before the waiting time has its share in the errors: people, questions and replies are
linked, not given. Needs the facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation import Figure, read_truth, share
from benchmarks.evaluation.questions import mail_id
from pipelines.pseudonyms import Pseudonyms
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse


@dataclass(frozen=True)
class _Asked:
    channel: str
    message_id: str
    asked: float
    #: Epoch seconds of the first substantive answer; None: open.
    answered: float | None
    #: Only other learners answered.
    by_peers: bool = False


def evaluate(warehouse: Warehouse, pseudonyms: Pseudonyms, truth_folder: Path) -> list[Figure]:
    """Absolute error of the time to the first substantive answer; precision and recall of the open questions; the programme's figures.

    Errors are of questions that are answered in truth and as found; a question that is not found at all counts against "exact". The
    programme's median and share within a day are compared with Kaplan–Meier over the truth.
    """
    asked = list(_truth(warehouse, pseudonyms, truth_folder))
    bursts = dict(warehouse.rows("select message_id, burst_id from links.questions"))
    found = {
        question: (channel, None if answered is None else answered.timestamp(), is_open)
        for question, channel, answered, is_open in warehouse.rows(
            "select question_id, channel, first_curator_at, is_open from facts.fct_questions"
        )
    }
    sure = warehouse.rows(
        "select question_id from facts.fct_questions where coalesce(open_score >= ?, true)", [threshold("open_score_doubt")]
    )
    figures: list[Figure] = []
    for channel in ("forum", "chat", "direct", "mail", "all"):
        mine = {bursts.get(one.message_id, one.message_id): one for one in asked if channel in ("all", one.channel)}
        figures += _errors(channel, mine, found)
        figures += _open(channel, mine, found, {question for (question,) in sure})
    return figures + _programme(warehouse, asked) + _by_peers(warehouse, asked, bursts) + _on_leave(warehouse, pseudonyms, truth_folder)


def _errors(channel: str, mine: dict[str, _Asked], found: dict[str, tuple[str, float | None, bool]]) -> list[Figure]:
    answered = {question: one for question, one in mine.items() if one.answered is not None}
    errors = np.array([
        abs(at - one.answered) / 3600
        for question, one in answered.items()
        if one.answered is not None and question in found and (at := found[question][1]) is not None
    ])  # fmt: skip
    lost = sum(question not in found for question in answered)
    unanswered = sum(question in found and found[question][1] is None for question in answered)
    exact = int((errors <= 1 / 3600).sum())
    note = f"no question found {lost}, its answer not found {unanswered}, another moment {len(errors) - exact}"
    figures = [share("latency", f"{channel}: answered questions whose waiting time is exact", exact, len(answered), note)]
    if len(errors):
        for name, value in (("median", np.median(errors)), ("90th percentile", np.quantile(errors, 0.9)), ("mean", errors.mean())):
            figures.append(Figure("latency", f"{channel}: absolute error in hours, {name}", float(value), None, None, len(errors)))
    return figures


def _open(channel: str, mine: dict[str, _Asked], found: dict[str, tuple[str, float | None, bool]], sure: set[str]) -> list[Figure]:
    true = {question for question, one in mine.items() if one.answered is None}
    told = {question for question, (where, _, is_open) in found.items() if is_open and channel in ("all", where)}
    unknown = len(told - set(mine))
    note = f"answered in truth {len((told - true) & set(mine))}, no question in truth {unknown}"
    missed = f"no question found {sum(question not in found for question in true)}, found as answered {sum(question in found and question not in told for question in true)}"
    return [
        share("latency", f"{channel}: open questions shown that are open", len(true & told), len(told), note),
        share("latency", f"{channel}: open questions that are shown", len(true & told), len(true), missed),
        share("latency", f"{channel}: shown without doubt that are open", len(true & told & sure), len(told & sure)),
        share("latency", f"{channel}: open questions that are shown without doubt", len(true & told & sure), len(true)),
    ]


def _programme(warehouse: Warehouse, asked: list[_Asked]) -> list[Figure]:
    row = warehouse.rows(
        "select questions, km_median_hours, km_median_low, km_median_high, km_within_24h, low, high from indicators.ind_response_latency "
        "where scope = 'programme' and measure = 'first_answer' and clock = 'elapsed' and period = 'all'"
    )
    if not row:
        return []
    questions, median, median_low, median_high, within, low, high = row[0]
    end = warehouse.value("select max(epoch(from_at) + hours * 3600) from facts.fct_waits where is_open")
    hours = np.array([((one.answered if one.answered is not None else end) - one.asked) / 3600 for one in asked])
    is_answered = np.array([one.answered is not None for one in asked])
    order = np.argsort(hours, kind="stable")
    factors = 1 - is_answered[order] / np.arange(len(hours), 0, -1)
    waiting = np.cumprod(factors)
    true_median = float(hours[order][waiting <= 0.5][0])
    true_within = 1 - float(waiting[hours[order] <= 24][-1])
    return [
        Figure(
            "latency",
            "programme: Kaplan–Meier median, hours",
            median,
            median_low,
            median_high,
            int(questions),
            f"over the truth {true_median:.2f}",
        ),
        Figure("latency", "programme: answered within 24 h", within, low, high, int(questions), f"over the truth {true_within:.3f}"),
    ]


def _by_peers(warehouse: Warehouse, asked: list[_Asked], bursts: dict[str, str]) -> list[Figure]:
    """Questions that only other learners answered, told apart from the answered and from those that nobody answered."""
    true = {bursts.get(one.message_id, one.message_id) for one in asked if one.by_peers}
    known = {bursts.get(one.message_id, one.message_id) for one in asked}
    told = {question for (question,) in warehouse.rows("select question_id from facts.fct_questions where state = 'peers_only'")} & known
    return [
        share("latency", "said to be answered by other learners only, and are", len(true & told), len(told)),
        share("latency", "answered by other learners only, and said so", len(true & told), len(true)),
    ]


def _on_leave(warehouse: Warehouse, pseudonyms: Pseudonyms, folder: Path) -> list[Figure]:
    """Working days that a curator on leave was away, found as days of an absence; and absences found of all other curators."""
    leave = read_truth(folder / "moodle_db" / "ground_truth.json.gz")["special"]["curator_vacation"]
    account = pseudonyms.of("moodle", str(leave["curator"]))
    days, found, others = warehouse.rows(
        """
        with away as (
            select absence.curator_id = (select person_id from links.people where account_id = $account) as is_on_leave, absence.from_day, absence.until_day
            from facts.fct_absences as absence
        ), days as (
            select day from raw.calendar_days
            where is_working and day >= (to_timestamp($first) at time zone 'Europe/Moscow')::date and day < (to_timestamp($last) at time zone 'Europe/Moscow')::date
        )
        select (select count(*) from days), (select count(*) from days where exists (select 1 from away where is_on_leave and day between from_day and until_day)),
            (select count(*) from away where not is_on_leave)
        """,
        {"account": account, "first": leave["from"], "last": leave["to"]},
    )[0]
    return [share("latency", "working days of a curator's leave that are found", found, days, f"absences of other curators {others}")]


def _truth(warehouse: Warehouse, pseudonyms: Pseudonyms, folder: Path) -> Iterable[_Asked]:
    moodle = read_truth(folder / "moodle_db" / "ground_truth.json.gz")
    for question in moodle["questions"]:
        answers = [reply for reply in question["replies"] if reply["type"] in ("curator_answer", "curator_message")]
        answered = min((reply["ts"] for reply in answers), default=None)
        by_peers = question["planned_outcome"] == "peer_only" and answered is None
        yield _Asked("forum", f"moodle:post:{question['postid']}", question["asked"], answered, by_peers)
    for message in moodle["messages"]:
        yield _Asked("direct", f"moodle:direct:{message['messageid']}", message["ts"], message["reply"]["ts"] if message["reply"] else None)
    channels = read_truth(folder / "moodle_channels" / "truth.json.gz")
    for question in channels["questions"]:
        answer = question["first_curator_answer"]
        channel, message_id = _place(warehouse, pseudonyms, question)
        # Of mail no body is read: there an answer is an answer. "Your question has been accepted, we recommend the materials" (boilerplate) tells as little as a formal one.
        counts = answer and (channel == "mail" or question.get("answer_kind") not in ("formal", "boilerplate"))
        answered = answer["unix"] if counts else None
        yield _Asked(channel, message_id, question["asked_unix"], answered, question["answered_by"] == "peer")


def _place(warehouse: Warehouse, pseudonyms: Pseudonyms, question: dict[str, Any]) -> tuple[str, str]:
    if question["channel"] == "mail":
        return "mail", mail_id(pseudonyms, question["message_id"])
    if question["channel"] == "telegram_personal":
        # The number of a personal chat is a person's, so it is a pseudonym: found by author and moment.
        found = "select message_id from raw.messages where channel = 'direct' and account_id = ? and epoch(sent_at) = ?"
        return "direct", warehouse.value(found, [pseudonyms.of("telegram", question["account"]), question["asked_unix"]]) or "absent"
    return "chat", f"telegram:message:{question['chat_id']}:{question['message_id']}"
