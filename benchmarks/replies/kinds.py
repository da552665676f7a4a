"""What a curator's reply is (an answer, a promise, a pointer, a thanks), held against what its writer meant: ``python -m benchmarks.replies.kinds``.

Invented replies (``kinds.txt``), each marked as the reply to a question. The errors of the first half were read and rules mended, the second is asked for figures alone.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks.evaluation import render, share
from benchmarks.replies.talk import HOUR, START, write
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse


def replies(half: str) -> list[tuple[str, str]]:
    """Kind and text of each reply of one half."""
    rows = [line.split(" | ", 2) for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    return [(kind, text) for part, kind, text in rows if part == half]


def found(texts: list[str]) -> list[str | None]:
    """The kind that links.replies gives each; None: no reply."""
    tables: dict[str, list[dict[str, object]]] = defaultdict(list)
    origin = {"source": "kinds", "load_id": "kinds"}
    for place, text in enumerate(texts):
        said = (
            ("q", "learner", f"Подскажите по заданию {place}, как быть?", 0, None),
            ("a", "curator", text, HOUR, f"message:q{place:03}"),
        )
        for key, who, words, after, to in said:
            id_, at = f"message:{key}{place:03}", START + 24 * HOUR * place + after
            tables["raw.messages"].append(
                {
                    "message_id": id_,
                    "channel": "chat",
                    "chat_id": "chat",
                    "account_id": f"telegram:{who}",
                    "course_id": "course",
                    "sent_at": at,
                    "reply_to_id": to,
                    "kind": "post",
                }
                | origin
            )
            tables["personal.messages"].append({"message_id": id_, "text": words})
    tables["raw.chats"].append({"chat_id": "chat", "channel": "chat", "kind": "supergroup", "course_id": "course"} | origin)
    tables["raw.courses"].append({"course_id": "course", "code": "C", "name": "Course"} | origin)
    tables["links.places"].append({"place_id": "chat", "kind": "chat", "course_id": "course", "rule": "name"})
    for who in ("learner", "curator"):
        for account, realm, channel in ((f"telegram:{who}", "telegram", "chat"), (f"moodle:{who}", "moodle", "lms")):
            tables["raw.accounts"].append({"account_id": account, "realm": realm, "channel": channel} | origin)
            tables["links.people"].append({"account_id": account, "person_id": f"moodle:{who}", "state": "linked", "rule": "name"})
        enrolled = {"enrolment_id": who, "account_id": f"moodle:{who}", "course_id": "course", "role": who, "state": "active"}
        tables["raw.enrolments"].append(enrolled | origin)
    with Warehouse.open(None) as warehouse:
        write(warehouse, tables)
        link_questions(warehouse)
        link_replies(warehouse)
        kinds = dict(warehouse.rows("select answer_id, kind from links.replies"))
    return [kinds.get(f"message:a{place:03}") for place in range(len(texts))]


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true", help="the errors of the first half, in words")
    given = parser.parse_args()
    for half in ("first", "second"):
        said = replies(half)
        pairs = list(zip(said, found([text for _, text in said]), strict=True))
        sys.stdout.write(
            render([share(half, "replies of the right kind", sum(kind == other for (kind, _), other in pairs), len(pairs))]) + "\n"
        )
        if given.show and half == "first":
            sys.stdout.writelines(f"  {kind}, given {other}: {text}\n" for (kind, text), other in pairs if kind != other)


if __name__ == "__main__":
    main()
