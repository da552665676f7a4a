"""The outbox: mails that are to be sent, each once, with what became of them (deliveries.mails).

A mail is what day, kind and receiver make it: queueing it again changes nothing, so a run that is repeated mails nobody twice. The mail itself
lies in a folder until the server has taken it. Each attempt is written down before the next one begins; what failed is tried again by the next
run, with the same Message-ID, at most ``mail_attempts_most`` times. No address and no word of a mail is written into the log.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipelines.deliveries.list_mail import Mail
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
        path = folder / f"{mail.mail_id}.eml"
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


def send(warehouse: Warehouse, server: Server, folder: Path, at: datetime) -> Sent:
    """Hand over what is queued or failed before. A server that is away leaves everything queued for the next run; nothing is raised for it."""
    waiting = warehouse.rows("select mail_id, attempts from deliveries.mails where state in ('queued', 'failed') order by day, mail_id")
    if not waiting:
        return Sent()
    counts = {"sent": 0, "failed": 0, "refused": 0}

    def note(mail_id: str, attempts: int, state: str, problem: str | None) -> None:
        given_up = state == "failed" and attempts >= threshold("mail_attempts_most")
        state = "refused" if given_up else state
        warehouse.connection.execute(
            "update deliveries.mails set state = ?, attempts = ?, tried_at = ?, sent_at = case when ? = 'sent' then ?::timestamptz end, problem = ? where mail_id = ?",
            [state, attempts, at, state, at, problem, mail_id],
        )
        counts[state] += 1
        if state != "failed":
            (folder / f"{mail_id}.eml").unlink(missing_ok=True)

    try:
        with server.open() as connection:
            for mail_id, attempts in waiting:
                note(mail_id, attempts + 1, *_attempt(connection, folder / f"{mail_id}.eml"))
    except (OSError, smtplib.SMTPException) as error:
        done = sum(counts.values())
        for mail_id, attempts in waiting[done:]:
            note(mail_id, attempts + 1, "failed", _problem(error))
    return Sent(**counts)


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
