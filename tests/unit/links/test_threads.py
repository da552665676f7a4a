"""Threads of mail over several mailboxes. Ids are as the reader makes them; all mails are invented."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.as_of import known_until
from pipelines.links.conversations.threads import ThreadsSummary, link_threads
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
PSEUDONYMS = Pseudonyms(b"a key for tests only")


def node(name: str) -> str:
    return "mail:" + PSEUDONYMS.of("mail:message", name)


def put(warehouse: Warehouse, mails: dict[str, list[str]], shuffled: int | None = None) -> None:
    """Mails with what they name, oldest first, a minute apart."""
    rows = [(name, minute, names) for minute, (name, names) in enumerate(mails.items())]
    if shuffled is not None:
        random.Random(shuffled).shuffle(rows)
    for name, minute, names in rows:
        warehouse.connection.execute(
            "insert into raw.messages (message_id, channel, chat_id, thread_id, sent_at, kind, source, load_id) values (?, 'mail', 'mail:chat', ?, ?, 'post', 's', 'l')",
            [node(name), node(names[0] if names else name), START + timedelta(minutes=minute)],
        )
        for position, one in enumerate(names):
            warehouse.connection.execute(
                "insert into raw.mail_references (message_id, position, reference_id, source, load_id) values (?, ?, ?, 's', 'l')",
                [node(name), position, node(one)],
            )


def threads(warehouse: Warehouse) -> dict[str, tuple[str, str | None]]:
    return {
        message: (thread, parent)
        for message, thread, parent in warehouse.rows("select message_id, thread_id, parent_id from links.threads")
    }


MAILS: dict[str, list[str]] = {
    "notice": [],
    "answer": ["notice"],
    "to the answer": ["notice", "answer"],
    "another": [],
    # Two replies to a mail that lies in no mailbox, one of them naming what was before it.
    "first reply": ["missing"],
    "second reply": ["older missing", "missing"],
    # What it names last is missing, what it names before is there.
    "over a gap": ["notice", "gone"],
}


@pytest.mark.parametrize("shuffled", [None, 1, 2, 3])
def test_connected_by_what_they_name_in_any_order(warehouse: Warehouse, shuffled: int | None) -> None:
    put(warehouse, MAILS, shuffled)
    assert link_threads(warehouse) == ThreadsSummary(7, 3, 2)
    assert threads(warehouse) == {
        node("notice"): (node("notice"), None),
        node("answer"): (node("notice"), node("notice")),
        node("to the answer"): (node("notice"), node("answer")),
        node("over a gap"): (node("notice"), node("notice")),
        node("another"): (node("another"), None),
        node("first reply"): (node("older missing"), None),
        node("second reply"): (node("older missing"), None),
    }


def test_a_circle_is_one_thread_and_has_a_beginning(warehouse: Warehouse) -> None:
    put(warehouse, {"a": ["c"], "b": ["a"], "c": ["b"], "d": ["d", "c"]})
    link_threads(warehouse)
    found = threads(warehouse)
    assert {thread for thread, _ in found.values()} == {node("a")}
    assert {message: parent for message, (_, parent) in found.items()} == {
        node("a"): None, node("b"): node("a"), node("c"): node("b"), node("d"): node("c")
    }  # fmt: skip


def test_a_further_addressee_of_a_report_stands_where_the_report_does(warehouse: Warehouse) -> None:
    put(warehouse, {"notice": [], "report": ["notice"]})
    warehouse.connection.execute(
        "insert into raw.messages (message_id, channel, chat_id, thread_id, sent_at, kind, source, load_id) values (?, 'mail', 'c', ?, ?, 'delivery_report', 's', 'l')",
        [node("report") + ":2", node("notice"), START],
    )
    link_threads(warehouse)
    assert threads(warehouse)[node("report") + ":2"] == (node("notice"), node("notice"))


def test_a_chat_is_no_mail_and_none_is_no_error(warehouse: Warehouse) -> None:
    warehouse.connection.execute(
        "insert into raw.messages (message_id, channel, chat_id, sent_at, kind, source, load_id) values ('t:1', 'chat', 'c', ?, 'post', 's', 'l')",
        [START],
    )
    assert link_threads(warehouse) == ThreadsSummary(0, 0, 0)
    assert threads(warehouse) == {}


def test_a_reply_of_tomorrow_joins_nothing_today(warehouse: Warehouse) -> None:
    put(warehouse, {"one": ["x"], "two": ["y"], "joins both": ["x", "y"]})
    with known_until(warehouse, START + timedelta(minutes=2)):
        link_threads(warehouse)
    assert len({thread for thread, _ in threads(warehouse).values()}) == 2
    link_threads(warehouse)
    assert len({thread for thread, _ in threads(warehouse).values()}) == 1


def test_a_conversation_in_two_mailboxes_loaded_in_either_order(tmp_path: Path) -> None:
    """From files to threads: what one lacks the other has; a subject alone joins nothing."""

    def mail(name: str, subject: str, names: str = "") -> str:
        return f"From a@example.org Mon Oct  5 07:00:00 2026\nDate: Mon, 05 Oct 2026 10:00:00 +0300\nFrom: {name}@example.org\nTo: b@example.org\nMessage-ID: <{name}>\n{names}Subject: {subject}\n\nТекст.\n\n"

    found = []
    for first, second in (("a", "b"), ("b", "a")):
        (tmp_path / f"{first}.mbox").write_text(mail("1@x", "Вопрос") + mail("3@x", "Re: Вопрос", "In-Reply-To: <2@x>\n"), encoding="utf-8")
        (tmp_path / f"{second}.mbox").write_text(
            mail("2@x", "Re: Вопрос", "References: <1@x>\n") + mail("4@x", "Re: Вопрос"), encoding="utf-8"
        )
        source = Source(name="mail", kind="mailbox", path=Path())
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            load_source(
                warehouse, Programme(id="p", name="p", folder=tmp_path, sources=(source,)), source, pseudonyms=PSEUDONYMS, run_at=START
            )
            link_threads(warehouse)
            found.append(threads(warehouse))
    assert found[0] == found[1]
    assert [found[0][node(name)][0] for name in ("1@x", "2@x", "3@x", "4@x")] == [node("1@x")] * 3 + [node("4@x")]


def test_a_hundred_thousand_mails_take_seconds(warehouse: Warehouse) -> None:
    """A bound that a walk from mail to mail would not keep; one long chain and many short ones."""
    count = 100_000
    ids = [f"mail:a{number:020x}" for number in range(count)]
    parents = [ids[max(number - 1, 0)] if number < 2_000 else ids[number - number % 5] for number in range(count)]
    frame = pa.table({"message_id": ids, "reference_id": parents})
    warehouse.connection.register("frame", frame)
    warehouse.connection.execute(
        "insert into raw.messages (message_id, channel, chat_id, sent_at, kind, source, load_id) select message_id, 'mail', 'c', null, 'post', 's', 'l' from frame"
    )
    warehouse.connection.execute(
        "insert into raw.mail_references (message_id, position, reference_id, source, load_id) select message_id, 0, reference_id, 's', 'l' from frame where message_id <> reference_id"
    )
    warehouse.connection.unregister("frame")
    assert link_threads(warehouse).mail_threads == 1 + (count - 2_000) // 5
