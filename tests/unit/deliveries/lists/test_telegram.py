"""The list by Telegram: off by default, names nobody unless allowed, sent once through a Bot API on loopback, tried again, given up."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.deliveries.lists import lists
from pipelines.deliveries.lists.list_mail import Mail
from pipelines.deliveries.lists.list_telegram import list_message
from pipelines.deliveries.sending.outbox import Bot, Sent, queue, send_messages, unsent
from pipelines.deliveries.shared.language import Language
from pipelines.errors import BadConfiguration
from pipelines.settings import Settings
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from tests.unit.deliveries import fixture as made

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
AT = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
TOKEN = "123456:a-token-that-is-no-secret"


class Telegram(HTTPServer):
    """A Bot API that keeps what it is told and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.status, self.answer = 200, b'{"ok": true}'

    @property
    def bot(self) -> Bot:
        return Bot(f"http://127.0.0.1:{self.server_port}", TOKEN)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Telegram)
        server.told.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    server = Telegram()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with made.warehouse_of(**{**made.full_day(), "rpt_curators": [made.curator()]}) as opened:
        yield opened


def message_of(warehouse: Warehouse, code: str = "ru", *, with_names: bool = False) -> Mail:
    (item,) = lists.build_lists(warehouse, made.programme(), made.DAY)
    return list_message(item, Language(code, item.zone), chat_id=77, with_names=with_names, page_url="https://mayak.example.org")


def said(message: Mail) -> str:
    return str(json.loads(message.content)["text"])


def test_it_is_off_by_default() -> None:
    assert Settings.model_fields["telegram_token"].default is None
    assert made.programme().lists.telegram == {}
    assert made.programme().lists.telegram_names is False


@pytest.mark.parametrize(
    ("code", "first"), [("ru", "Маяк, понедельник, 23 ноября: сегодня вас ждут"), ("en", "Mayak, Monday, 23 November")]
)
def test_it_says_how_many_and_where_and_names_nobody(warehouse: Warehouse, code: str, first: str) -> None:
    text = said(message_of(warehouse, code))
    assert text.startswith(first)
    assert text.endswith("https://mayak.example.org")
    assert ("Ждут ответа: " if code == "ru" else "Waiting for an answer: ") in text
    words = {word for name in made.NAMES for word in name.split()}
    assert [word for word in words if word in text] == []
    for secret in ("example.org/", "+7900", "файл", "@"):
        assert secret not in text.removesuffix("https://mayak.example.org")


def test_names_only_where_they_are_allowed_and_never_more_than_a_message_holds(warehouse: Warehouse) -> None:
    text = said(message_of(warehouse, with_names=True))
    assert "Гусева Марина" in text
    assert "+7900" not in text
    assert len(text) <= 4096
    assert text.endswith("https://mayak.example.org")


def test_the_same_list_is_the_same_message(warehouse: Warehouse) -> None:
    assert message_of(warehouse) == message_of(warehouse)


def test_it_is_sent_once_whatever_is_run_again(telegram: Telegram, warehouse: Warehouse, tmp_path: Path) -> None:
    for _ in range(2):
        queue(warehouse, [message_of(warehouse)], made.DAY, tmp_path, AT)
        send_messages(warehouse, telegram.bot, tmp_path, AT)
    ((path, body),) = telegram.told
    assert path == f"/bot{TOKEN}/sendMessage"
    assert body["chat_id"] == 77
    assert warehouse.rows("select kind, state, attempts, problem from deliveries.mails") == [("telegram", "sent", 1, None)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "state"), [(403, "refused"), (400, "refused"), (401, "refused"), (429, "failed"), (502, "failed")])
def test_never_is_final_and_later_is_tried_again(telegram: Telegram, warehouse: Warehouse, tmp_path: Path, status: int, state: str) -> None:
    telegram.status = status
    queue(warehouse, [message_of(warehouse)], made.DAY, tmp_path, AT)
    send_messages(warehouse, telegram.bot, tmp_path, AT)
    assert warehouse.rows("select state, problem from deliveries.mails") == [(state, f"Telegram {status}")]
    telegram.status = 200
    again = send_messages(warehouse, telegram.bot, tmp_path, AT)
    assert again == (Sent(sent=1) if state == "failed" else Sent())
    assert unsent(warehouse) == ([] if state == "failed" else [(made.DAY, "telegram", "refused", 1, f"Telegram {status}", 1)])


def test_what_never_arrives_is_given_up_and_reported_without_the_token(telegram: Telegram, warehouse: Warehouse, tmp_path: Path) -> None:
    queue(warehouse, [message_of(warehouse)], made.DAY, tmp_path, AT)
    away = Bot("http://127.0.0.1:9", TOKEN)
    for _ in range(int(threshold("mail_attempts_most"))):
        send_messages(warehouse, away, tmp_path, AT)
    ((*_, problem, count),) = unsent(warehouse)
    assert (problem, count) == ("URLError", 1)
    assert TOKEN not in repr(away)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_is_no_yes_is_no_yes(telegram: Telegram, warehouse: Warehouse, tmp_path: Path) -> None:
    telegram.answer = b'{"ok": false}'
    queue(warehouse, [message_of(warehouse)], made.DAY, tmp_path, AT)
    assert send_messages(warehouse, telegram.bot, tmp_path, AT).failed == 1


def test_an_address_without_tls_is_refused() -> None:
    with pytest.raises(BadConfiguration, match="https") as refused:
        Bot("http://api.example.org", TOKEN).take(b"{}")
    assert TOKEN not in str(refused.value)
