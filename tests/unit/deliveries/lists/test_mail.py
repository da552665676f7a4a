"""The list by mail, through a real SMTP server on loopback: sent once, tried again, given up, and known when it comes back."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipelines.deliveries.lists import lists
from pipelines.deliveries.lists.list_mail import Mail, list_mail
from pipelines.deliveries.sending.outbox import Server, note_bounces, queue, send, unsent
from pipelines.deliveries.shared.language import Language
from pipelines.errors import BadConfiguration
from pipelines.warehouse import Warehouse
from tests.unit.deliveries import fixture as made

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
AT = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
ADDRESS = "sokolova@example.org"


class Postman:
    """What the server does with a mail: keeps it, or answers as it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
def postman() -> Iterator[tuple[Postman, Server]]:
    keeper = Postman()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    yield keeper, Server(f"smtp://127.0.0.1:{port}?tls=no")
    controller.stop()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with made.warehouse_of(**{**made.full_day(), "rpt_curators": [made.curator()]}) as warehouse:
        yield warehouse


def mail_of(warehouse: Warehouse, language: str = "ru", at: datetime = AT) -> Mail:
    (item,) = lists.build_lists(warehouse, made.programme(), made.DAY)
    return list_mail(
        item, Language(language, item.zone), sender="Маяк <mayak@example.org>", address=ADDRESS, at=at, page_url="https://mayak.example.org"
    )


def state(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("select state, attempts, problem from deliveries.mails order by mail_id")


def test_a_mail_has_all_three_parts_and_says_the_same_in_each(
    postman: tuple[Postman, Server], warehouse: Warehouse, tmp_path: Path
) -> None:
    keeper, server = postman
    queue(warehouse, [mail_of(warehouse)], made.DAY, tmp_path, AT)
    assert send(warehouse, server, tmp_path, AT).sent == 1
    (mail,) = keeper.mails
    assert mail["To"] == ADDRESS
    assert mail["Subject"] == "Маяк, понедельник, 23 ноября: сегодня вас ждут 14 человек"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, shown = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    for words in (made.NAMES[0], made.NAMES[1], "ЖДУТ ОТВЕТА"):
        assert words.casefold() in text.casefold()
        assert words.casefold() in shown.casefold()
    (sheet,) = mail.iter_attachments()
    assert sheet.get_filename() == "mayak-2026-11-23.xlsx"
    assert sheet.get_content()[:2] == b"PK"


def test_the_page_of_a_mail_is_what_outlook_and_gmail_keep(warehouse: Warehouse) -> None:
    shown = message_from_bytes(mail_of(warehouse).content, policy=default).get_body(("html",)).get_content()
    assert not re.search(r"<style|<script|<svg|<link|class=|position:|display:\s*(?:flex|grid)|var\(|<img", shown)
    assert len(shown.encode()) < 102_000  # Gmail cuts what is longer
    assert "https://mayak.example.org" in shown


def test_a_repeated_run_mails_nobody_twice(postman: tuple[Postman, Server], warehouse: Warehouse, tmp_path: Path) -> None:
    keeper, server = postman
    for _ in range(3):
        queue(warehouse, [mail_of(warehouse, at=datetime(2026, 11, 23, 9, tzinfo=UTC))], made.DAY, tmp_path, AT)
        send(warehouse, server, tmp_path, AT)
    assert len(keeper.mails) == 1
    assert state(warehouse) == [("sent", 1, None)]
    assert not list(tmp_path.iterdir())


def test_what_failed_is_tried_again_and_reported_until_it_is_given_up(
    postman: tuple[Postman, Server], warehouse: Warehouse, tmp_path: Path
) -> None:
    keeper, server = postman
    queue(warehouse, [mail_of(warehouse)], made.DAY, tmp_path, AT)
    keeper.answer = "451 try later"
    assert send(warehouse, server, tmp_path, AT).failed == 1
    assert unsent(warehouse) == [(made.DAY, "list", "failed", 1, "SMTP 451", 1)]
    keeper.answer = "250 OK"
    assert send(warehouse, server, tmp_path, AT).sent == 1
    assert unsent(warehouse) == []
    assert len({mail["Message-ID"] for mail in keeper.mails}) == 1


def test_a_server_that_is_away_costs_an_attempt_and_nothing_else(warehouse: Warehouse, tmp_path: Path) -> None:
    queue(warehouse, [mail_of(warehouse)], made.DAY, tmp_path, AT)
    away = Server("smtp://127.0.0.1:9?tls=no")
    for _ in range(9):
        send(warehouse, away, tmp_path, AT)
    assert state(warehouse) == [("refused", 8, "ConnectionRefusedError")]


def test_a_final_no_is_final_and_names_nobody(postman: tuple[Postman, Server], warehouse: Warehouse, tmp_path: Path) -> None:
    keeper, server = postman
    queue(warehouse, [mail_of(warehouse)], made.DAY, tmp_path, AT)
    keeper.answer = f"550 no such user {ADDRESS}"
    assert send(warehouse, server, tmp_path, AT).refused == 1
    assert state(warehouse) == [("refused", 1, "SMTP 550")]
    keeper.answer = "250 OK"
    assert send(warehouse, server, tmp_path, AT).sent == 0


def test_a_mail_that_comes_back_is_known_by_its_id(postman: tuple[Postman, Server], warehouse: Warehouse, tmp_path: Path) -> None:
    _, server = postman
    mail = mail_of(warehouse)
    queue(warehouse, [mail], made.DAY, tmp_path, AT)
    send(warehouse, server, tmp_path, AT)
    report = {"message_id": "mail:1", "channel": "mail", "chat_id": "mail:chat", "kind": "delivery_report", "about_message_id": f"mail:{mail.message_id[1:-1]}",
              "delivery_state": "failed", "source": "mail", "load_id": "l"}  # fmt: skip
    made.insert(warehouse, "raw.messages", [report])
    assert note_bounces(warehouse, lambda given: f"mail:{given}") == 1
    assert state(warehouse) == [("bounced", 1, "came back")]


def test_the_same_list_makes_the_same_mail(warehouse: Warehouse) -> None:
    assert mail_of(warehouse) == mail_of(warehouse)
    assert mail_of(warehouse, at=datetime(2026, 11, 23, 9, tzinfo=UTC)).sha256 == mail_of(warehouse).sha256


@pytest.mark.parametrize("url", ["http://example.org", "smtp://", "smtp://mail.example.org?tls=no"])
def test_an_address_that_is_none_or_plain_text_far_away_is_refused(url: str) -> None:
    with pytest.raises(BadConfiguration), Server(url).open():
        pass
