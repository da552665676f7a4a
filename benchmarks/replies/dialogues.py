"""Questions, first answers and open questions of chats written by hand, message by message, against what their writer meant.

``python -m benchmarks.replies.dialogues`` (``--half first``: one file; ``--unmarked``: curators' reply marks hidden; ``--show``: what went wrong, in words).
Ten files of invented chats, Russian and English, written in one go without the pipeline's word lists at hand and before any was measured. The first is
there to look at: its errors were read and rules mended. The second is asked alone for figures, its errors are not to be read. The third is by another hand, who had
not seen the rules, in the voice of village teachers; of its eight chats the first four were read afterwards (``third_read``), the last four not (``third_blind``).
The fourth and the sixth are learned from (``learn_questions``, ``learn_weights``). The fifth, ten chats by a hand that had seen neither rules nor the other files, was read once the seventh stood.
The seventh and the eighth are asked alone for figures: thirteen and twelve chats of teachers' courses, each by a hand that had seen the notation alone. The ninth and the
tenth, forty chats by two such hands, are learned from.
What came of it: docs/evaluation/questions_and_answers.md.

A line is ``day hour:minute | who | mark | truth | kind | text``: the mark names the message answered (by its question or its moment); truth is ``q1`` for a
question to the curators, ``=q1`` for a substantive answer to it, ``~q1`` for a formal one, ``...q1`` for words that answer nothing yet; kind is for reading figures.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evaluation import render
from benchmarks.replies.simulated import figures, tally
from benchmarks.replies.talk import DAY, HOUR, START, Asked, Talk, write
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse

HALVES = ("first", "second", "third", "third_read", "third_blind", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
#: Files that questions and the guess of answers are learned from.
LEARNED = ("fourth", "sixth", "ninth", "tenth")
# The chats of a file that a name with an underscore means.
_PARTS = {"": slice(None), "read": slice(None, 4), "blind": slice(4, None)}
_KINDS = {"=": "substantive", "~": "formal"}


@dataclass(frozen=True)
class Line:
    """One message: second since the chat's first midnight, who, what it marks, what it means, kind, words."""

    at: int
    who: str
    mark: str
    truth: tuple[str, ...]
    kind: str
    text: str


@dataclass(frozen=True)
class Chat:
    """One chat: its name, curators, messages."""

    name: str
    curators: frozenset[str]
    lines: list[Line]


def _moment(words: str) -> int:
    day, clock = words.split(" ")
    hour, minute = clock.split(":")
    return (int(day) - 1) * DAY + int(hour) * HOUR + int(minute) * 60


def chats(half: str) -> list[Chat]:
    """The chats of one file, or of one part of it, in its order."""
    name, _, part = half.partition("_")
    found: list[Chat] = []
    curators: list[str] = []
    for row in Path(__file__).with_name(f"dialogues_{name}.txt").read_text("utf-8").splitlines():
        if row.startswith("# chat: "):
            curators = []
            found.append(Chat(row.removeprefix("# chat: "), frozenset(), []))
        elif row.startswith("# curator: "):
            curators.append(row.removeprefix("# curator: "))
            found[-1] = Chat(found[-1].name, frozenset(curators), found[-1].lines)
        elif row:
            moment, who, mark, truth, kind, text = (cell.strip() for cell in row.split("|", 5))
            found[-1].lines.append(Line(_moment(moment), who, mark.removeprefix(">"), tuple(truth.split()), kind, text))
    return found[_PARTS[part]]


def tell(warehouse: Warehouse, half: str, *, is_unmarked: bool = False) -> tuple[Talk, dict[str, Line]]:
    """Write the chats of one file into an empty warehouse; returns their truth and each message's line by its id."""
    told, words = Talk(), {}
    tables: dict[str, list[dict[str, object]]] = defaultdict(list)
    for number, chat in enumerate(chats(half)):
        _write_chat(chat, number, tables, told, words, is_unmarked=is_unmarked)
    write(warehouse, tables)
    return told, words


def _write_chat(
    chat: Chat, number: int, tables: dict[str, list[dict[str, object]]], told: Talk, words: dict[str, Line], *, is_unmarked: bool
) -> None:
    origin = {"source": "dialogues", "load_id": "dialogues"}
    course, place = f"course:{number}", f"chat:{number}"
    ids = [f"telegram:message:{number}:{line}" for line in range(len(chat.lines))]
    named = {mark: id_ for line, id_ in zip(chat.lines, ids, strict=True) for mark in line.truth if mark[0] == "q"}
    times = {line.at: id_ for line, id_ in zip(chat.lines, ids, strict=True)}
    answers: dict[str, tuple[Line, str, str]] = {}
    for line, id_ in zip(chat.lines, ids, strict=True):
        words[id_] = line
        is_curator = line.who in chat.curators
        marked = (named.get(line.mark) or times[_moment(line.mark)]) if line.mark else None
        account = f"telegram:{number}.{line.who}"
        tables["raw.messages"].append(
            {
                "message_id": id_, "channel": "chat", "chat_id": place, "account_id": account, "course_id": course, "sent_at": START + line.at,
                "reply_to_id": None if is_unmarked and is_curator else marked, "kind": "post",
            }
            | origin
        )  # fmt: skip
        tables["personal.messages"].append({"message_id": id_, "text": line.text})
        for mark in line.truth:
            if mark[0] in _KINDS:
                answers.setdefault(mark[1:], (line, id_, _KINDS[mark[0]]))
        if not is_curator and not any(mark[0] == "q" for mark in line.truth):
            told.others[id_] = line.kind
    for line, id_ in zip(chat.lines, ids, strict=True):
        for mark in line.truth:
            if mark[0] == "q":
                answer, answer_id, kind = answers.get(mark, (None, None, None))
                way = None if answer is None else "marked" if answer.mark and not is_unmarked else "unmarked"
                is_later = kind == "formal" and any(f"={mark}" in other.truth for other in chat.lines)
                told.asked.append(Asked(id_, START + line.at, answer_id, answer and START + answer.at, kind, way, is_later))
    told.messages += len(chat.lines)
    tables["raw.chats"].append({"chat_id": place, "channel": "chat", "kind": "supergroup", "course_id": course} | origin)
    tables["raw.courses"].append({"course_id": course, "code": f"C{number}", "name": chat.name} | origin)
    tables["links.places"].append({"place_id": place, "kind": "chat", "course_id": course, "rule": "name"})
    for who in sorted({line.who for line in chat.lines}):
        account, person = f"telegram:{number}.{who}", f"moodle:user:{number}.{who}"
        first, _, last = who.rpartition(" ") if " " in who else (who, "", "")
        for id_, realm, channel in ((account, "telegram", "chat"), (person, "moodle", "lms")):
            tables["raw.accounts"].append({"account_id": id_, "realm": realm, "channel": channel} | origin)
            tables["personal.accounts"].append({"account_id": id_, "display_name": who, "first_name": first, "last_name": last})
            tables["links.people"].append({"account_id": id_, "person_id": person, "state": "linked", "rule": "name"})
        role = "curator" if who in chat.curators else "learner"
        tables["raw.enrolments"].append(
            {"enrolment_id": person, "account_id": person, "course_id": course, "role": role, "state": "active"} | origin
        )


def measure(half: str, *, is_unmarked: bool = False) -> tuple[Counter[str], list[str]]:
    """Counts of one file (those of ``benchmarks.replies.simulated``) and what went wrong, a line each."""
    with Warehouse.open(None) as warehouse:
        told, words = tell(warehouse, half, is_unmarked=is_unmarked)
        link_questions(warehouse)
        link_replies(warehouse)
        return tally(warehouse, told), list(_errors(warehouse, told, words))


def _errors(warehouse: Warehouse, told: Talk, words: dict[str, Line]) -> list[str]:
    bursts = dict(warehouse.rows("select message_id, burst_id from links.questions"))
    rules = {
        id_: (bool(asks), rule)
        for id_, asks, rule in warehouse.rows("select burst_id, is_question, rule from links.questions where burst_id = message_id")
    }
    for id_, asks, rule in warehouse.rows("select burst_id, is_question, rule from links.questions where is_question"):
        rules[id_] = (bool(asks), rule)
    true = {bursts.get(one.message_id, one.message_id): one for one in told.asked}
    wrong = [
        f"taken for a question ({told.others.get(id_)}; {rule}): {words[id_].text}"
        for id_, (asks, rule) in rules.items()
        if asks and id_ not in true
    ]
    links: dict[str, list[tuple[float, str, str, str]]] = defaultdict(list)
    for question, answer, kind, rule, at in warehouse.rows(
        "select question_id, answer_id, r.kind, rule, epoch(sent_at) from links.replies r join raw.messages on message_id = answer_id where role = 'curator'"
    ):
        links[question].append((at, answer, kind, rule))
    for id_, one in true.items():
        asks, rule = rules.get(id_, (False, "none"))
        if not asks:
            wrong.append(f"not found ({words[one.message_id].kind}; {rule}): {words[one.message_id].text}")
        ranked = sorted(links[id_])
        first = next((link for link in ranked if link[2] in ("substantive", "formal")), None)
        if (first and first[1]) != one.answer_id or (first and first[2] != one.kind):
            given = (
                f"{first[3]}, {first[2]}: {words[first[1]].text}"
                if first
                else f"none {[(kind, rule, words[a].text[:40]) for _, a, kind, rule in ranked]}"
            )
            meant = f"{one.kind}: {words[one.answer_id].text}" if one.answer_id else "none"
            wrong.append(f"answer of [{words[one.message_id].text}]\n    given {given}\n    meant {meant}")
    return wrong


def main() -> None:
    """Write, link, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=HALVES)
    parser.add_argument("--unmarked", action="store_true")
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    for half in HALVES if given.half is None else (given.half,):
        count, wrong = measure(half, is_unmarked=given.unmarked)
        sys.stdout.write(f"{half}\n{render(figures(count))}\n")
        if given.show:
            sys.stdout.write("\n".join(wrong) + "\n")


if __name__ == "__main__":
    main()
