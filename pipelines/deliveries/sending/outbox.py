"""The outbox: mails and messages that are to be sent, each once, with what became of them (deliveries.mails).

A mail is what day, kind and receiver make it: queueing it again changes nothing, so a run that is repeated mails nobody twice. The mail itself
lies in a folder until the server has taken it. Each attempt is written down before the next one begins; what failed is tried again by the next
run, with the same Message-ID, at most ``mail_attempts_most`` times. No address and no word of a mail is written into the log.
"""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes
from email.policy import SMTP
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from pipelines.deliveries.lists.list_mail import Mail
from pipelines.deliveries.lists.list_telegram import KIND
from pipelines.errors import BadConfiguration
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

_PORTS = {"smtp": 587, "smtps": 465}
_SECONDS = 30
#: First digit of a reply by which the server says never (RFC 5321, 4.2.1).
_NEVER = 500


@dataclass(frozen=True)
class Server:
    """Where mail is handed over: ``smtps://user:password@host:465``, ``smtp://…:587`` (STARTTLS; ``?tls=no`` on loopback only)."""

    url: str

    @contextmanager
    def open(self) -> Iterator[smtplib.SMTP]:
        """A connection, logged in. Raises BadConfiguration for an address that is none."""
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise BadConfiguration("mail: the server is written as smtps://user:password@host or smtp://user:password@host")
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
        plain = parts.query == "tls=no"
        if plain and host not in ("127.0.0.1", "localhost", "::1"):
            raise BadConfiguration("mail: tls=no is for a server on this machine only")
        connection = (
            smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=_SECONDS)
        )
        try:
            if parts.scheme == "smtp" and not plain:
                connection.starttls(context=ssl.create_default_context())
            if parts.username:
                connection.login(unquote(parts.username), unquote(parts.password or ""))
            yield connection
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()


@dataclass(frozen=True)
class Sent:
    """What an attempt at the outbox did: mails by what became of them."""

    sent: int = 0
    failed: int = 0
    refused: int = 0


def queue(warehouse: Warehouse, mails: Iterable[Mail], day: date, folder: Path, at: datetime) -> int:
    """Put mails into the outbox; one that is there already, sent or not, stays as it is. Returns how many are new."""
    new = 0
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for mail in mails:
        if warehouse.value("select count(*) from deliveries.mails where mail_id = ?", [mail.mail_id]):
            continue
        path = _place(folder, mail.kind, mail.mail_id)
        partial = path.with_suffix(".partial")
        partial.write_bytes(mail.content)
        partial.chmod(0o600)
        partial.replace(path)
        warehouse.connection.execute(
            "insert into deliveries.mails values (?, ?, ?, ?, ?, ?, 'queued', 0, ?, null, null, null)",
            [mail.mail_id, day, mail.kind, mail.receiver_id, mail.message_id, mail.sha256, at],
        )
        new += 1
    return new


def _place(folder: Path, kind: str, mail_id: str) -> Path:
    return folder / f"{mail_id}.{'json' if kind == KIND else 'eml'}"


class _Log:
    """Writes down what became of each attempt, before the next begins."""

    def __init__(self, warehouse: Warehouse, folder: Path, at: datetime) -> None:
        self._warehouse, self._folder, self._at = warehouse, folder, at
        self.counts = {"sent": 0, "failed": 0, "refused": 0}

    def note(self, mail_id: str, kind: str, attempts: int, state: str, problem: str | None) -> None:
        given_up = state == "failed" and attempts >= threshold("mail_attempts_most")
        state = "refused" if given_up else state
        self._warehouse.connection.execute(
            "update deliveries.mails set state = ?, attempts = ?, tried_at = ?, sent_at = case when ? = 'sent' then ?::timestamptz end, problem = ? where mail_id = ?",
            [state, attempts, self._at, state, self._at, problem, mail_id],
        )
        self.counts[state] += 1
        if state != "failed":
            _place(self._folder, kind, mail_id).unlink(missing_ok=True)


def _waiting(warehouse: Warehouse, is_message: bool) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "select mail_id, kind, attempts from deliveries.mails where state in ('queued', 'failed') and (kind = ?) = ? order by day, mail_id",
        [KIND, is_message],
    )


def send(warehouse: Warehouse, server: Server, folder: Path, at: datetime) -> Sent:
    """Hand over the mails that are queued or failed before. A server that is away leaves everything queued for the next run; nothing is raised for it."""
    waiting = _waiting(warehouse, is_message=False)
    if not waiting:
        return Sent()
    log = _Log(warehouse, folder, at)
    try:
        with server.open() as connection:
            for mail_id, kind, attempts in waiting:
                log.note(mail_id, kind, attempts + 1, *_attempt(connection, _place(folder, kind, mail_id)))
    except (OSError, smtplib.SMTPException) as error:
        done = sum(log.counts.values())
        for mail_id, kind, attempts in waiting[done:]:
            log.note(mail_id, kind, attempts + 1, "failed", _problem(error))
    return Sent(**log.counts)


@dataclass(frozen=True)
class Bot:
    """A Telegram bot: the address of its Bot API and its token, which is in every request's address and therefore in no error and no log."""

    url: str
    token: str = field(repr=False)

    def take(self, body: bytes) -> tuple[str, str | None]:
        """Hand one message over: (state, problem). Refused: Telegram will never take it (blocked, no such chat, no such bot)."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
            raise BadConfiguration("telegram: the address of the Bot API begins with https:// (http:// on this machine only)")
        request = Request(
            f"{self.url.rstrip('/')}/bot{self.token}/sendMessage", data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urlopen(request, timeout=_SECONDS) as answer:
                is_taken = json.loads(answer.read()).get("ok") is True
        except HTTPError as error:
            # 429: too many at once; that is Telegram's "later", not its "never".
            is_final = 400 <= error.code < _NEVER and error.code != HTTPStatus.TOO_MANY_REQUESTS
            return ("refused" if is_final else "failed"), f"Telegram {error.code}"
        except (OSError, ValueError) as error:
            return "failed", type(error).__name__
        return ("sent", None) if is_taken else ("failed", "Telegram did not say ok")


def send_messages(warehouse: Warehouse, bot: Bot, folder: Path, at: datetime) -> Sent:
    """Hand over the messages that are queued or failed before, as :func:`send` does with mails."""
    log = _Log(warehouse, folder, at)
    for mail_id, kind, attempts in _waiting(warehouse, is_message=True):
        path = _place(folder, kind, mail_id)
        outcome = bot.take(path.read_bytes()) if path.exists() else ("refused", "the message is gone from the outbox")
        log.note(mail_id, kind, attempts + 1, *outcome)
    return Sent(**log.counts)


def _attempt(connection: smtplib.SMTP, path: Path) -> tuple[str, str | None]:
    if not path.exists():
        return "refused", "the mail is gone from the outbox"
    message = message_from_bytes(path.read_bytes(), policy=SMTP)
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code = max(code for code, _ in error.recipients.values())
        return ("refused" if code >= _NEVER else "failed"), f"SMTP {code}: the receiver was refused"
    except smtplib.SMTPResponseException as error:
        return ("refused" if error.smtp_code >= _NEVER else "failed"), f"SMTP {error.smtp_code}"
    return "sent", None


def _problem(error: Exception) -> str:
    return f"SMTP {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__


def note_bounces(warehouse: Warehouse, message_row_id: Callable[[str], str]) -> int:
    """Mark sent mails that came back, as the mail source tells it. ``message_row_id``: Message-ID → raw.messages.message_id."""
    sent = warehouse.rows("select mail_id, message_id from deliveries.mails where state = 'sent'")
    bounced = 0
    for mail_id, message_id in sent:
        row = message_row_id(message_id.strip("<>"))
        state = warehouse.value(
            "select delivery_state from raw.messages where about_message_id = ? and kind = 'delivery_report' and delivery_state = 'failed' limit 1",
            [row],
        )
        if state:
            warehouse.connection.execute(
                "update deliveries.mails set state = 'bounced', problem = 'came back' where mail_id = ?", [mail_id]
            )
            bounced += 1
    return bounced


def unsent(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """(day, kind, state, attempts, problem, how many) of what has not arrived, for those who run Mayak."""
    return warehouse.rows(
        "select day, kind, state, max(attempts), problem, count(*) from deliveries.mails where state <> 'sent' group by day, kind, state, problem order by day, kind, state, problem"
    )
