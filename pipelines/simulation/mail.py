"""Curators' mailboxes: notices, letters, replies, read receipts, bounces, automatic answers, as mbox and Maildir."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from pathlib import Path

from pipelines.simulation.behaviour import moscow

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Mail:
    """One mail as it lies in a mailbox."""

    at: int
    sender: str
    raw: bytes


def mail_date(at: int) -> str:
    """RFC 5322 date in Moscow time."""
    clock = moscow(at)
    return f"{_DAYS[clock.weekday()]}, {clock.day:02d} {_MONTHS[clock.month - 1]} {clock.year} {clock:%H:%M:%S} +0300"


def message_id(*parts: object) -> str:
    """A Message-ID that is the same for the same mail."""
    digest = hashlib.sha1("|".join(map(str, parts)).encode()).hexdigest()
    return f"<{digest[:8]}.{digest[8:20]}@{str(parts[0]).rpartition('@')[2]}>"


def _named(name: str, address: str, charset: str) -> str:
    return f"{Header(name, charset).encode()} <{address}>" if name else address


def _body(text: str, charset: str) -> str:
    encoded = base64.b64encode(text.encode(charset)).decode()
    return "\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76))


def _fits(text: str, charset: str) -> bool:
    """True where an old charset has all the letters; mail programs fall back to UTF-8 in the same way."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def compose(
    at: int,
    sender: tuple[str, str],
    to: list[str],
    subject: str,
    text: str,
    *,
    charset: str = "utf-8",
    bcc: list[str] | None = None,
    reply_to: str | None = None,
    references: list[str] | None = None,
    receipt: bool = False,
    extra: dict[str, str] | None = None,
    key: object = "",
) -> tuple[Mail, str]:
    """One plain mail and its Message-ID."""
    own = message_id(sender[1], at, subject, key)
    if not _fits(sender[0] + subject + text, charset):
        charset = "utf-8"
    head = [
        f'Content-Type: text/plain; charset="{charset}"',
        "MIME-Version: 1.0",
        "Content-Transfer-Encoding: base64",
        f"Received: from mx.kursy.example.org by store.kursy.example.org;\n {mail_date(at + 2)}",
        f"Date: {mail_date(at)}",
        f"From: {_named(*sender, charset)}",
        "To: " + (",\n ".join(to) if to else "undisclosed-recipients:;"),
        f"Subject: {Header(subject, charset, header_name='Subject').encode()}",
        f"Message-ID: {own}",
    ]
    if reply_to:
        head += [f"In-Reply-To: {reply_to}", "References: " + "\n ".join(references or [reply_to])]
    if bcc:
        head.append("Bcc: " + ",\n ".join(bcc))
    if receipt:
        head.append(f"Disposition-Notification-To: {sender[1]}")
    head += [f"{name}: {value}" for name, value in (extra or {}).items()]
    return Mail(at, sender[1], ("\n".join(head) + "\n\n" + _body(text, charset) + "\n").encode()), own


def receipt(at: int, reader: tuple[str, str], curator: str, original: str, subject: str) -> Mail:
    """A read receipt (message disposition notification, RFC 8098)."""
    boundary = "mdn" + hashlib.sha1(f"{reader[1]}{original}".encode()).hexdigest()[:20]
    own = message_id(reader[1], at, "mdn", original)
    lines = [
        f'Content-Type: multipart/report; report-type=disposition-notification;\n boundary="{boundary}"',
        "MIME-Version: 1.0",
        f"Date: {mail_date(at)}",
        f"From: {_named(*reader, 'utf-8')}",
        f"To: {curator}",
        f"Subject: {Header('Прочитано: ' + subject, 'utf-8', header_name='Subject').encode()}",
        f"Message-ID: {own}",
        f"In-Reply-To: {original}",
        f"References: {original}",
        "",
        f"--{boundary}",
        'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64',
        "",
        _body("Сообщение прочитано.", "utf-8"),
        f"--{boundary}",
        "Content-Type: message/disposition-notification",
        "",
        "Reporting-UA: mail.example.com; webmail",
        f"Final-Recipient: rfc822; {reader[1]}",
        f"Original-Message-ID: {original}",
        "Disposition: manual-action/MDN-sent-manually; displayed",
        "",
        f"--{boundary}--",
        "",
    ]
    return Mail(at, reader[1], "\n".join(lines).encode())


def bounce(at: int, address: str, curator: str, original: str, subject: str, *, full: bool) -> Mail:
    """A delivery status notification (RFC 3464) for a permanent failure."""
    boundary = "dsn" + hashlib.sha1(f"{address}{original}".encode()).hexdigest()[:20]
    daemon = "mailer-daemon@kursy.example.org"
    status, why = ("5.2.2", "552 5.2.2 Mailbox full") if full else ("5.1.1", "550 5.1.1 User unknown")
    lines = [
        f'Content-Type: multipart/report; report-type=delivery-status;\n boundary="{boundary}"',
        "MIME-Version: 1.0",
        f"Date: {mail_date(at)}",
        f"From: Mail Delivery System <{daemon}>",
        f"To: {curator}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: {message_id(daemon, at, address, original)}",
        f"In-Reply-To: {original}",
        "Auto-Submitted: auto-replied",
        "",
        f"--{boundary}",
        'Content-Type: text/plain; charset="us-ascii"',
        "",
        f"The mail could not be delivered.\n\n<{address}>: {why}",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.kursy.example.org",
        "",
        f"Final-Recipient: rfc822; {address}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {why}",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        f"From: {curator}",
        f"To: {address}",
        f"Subject: {Header(subject, 'utf-8', header_name='Subject').encode()}",
        f"Message-ID: {original}",
        "",
        f"--{boundary}--",
        "",
    ]
    return Mail(at, daemon, "\n".join(lines).encode())


def append_mbox(path: Path, mails: list[Mail]) -> None:
    """Append mails in order of time; lines that begin with "From " are quoted as mboxrd does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as box:
        for mail in sorted(mails, key=lambda mail: (mail.at, mail.raw)):
            clock = datetime.fromtimestamp(mail.at, UTC)
            stamp = f"{_DAYS[clock.weekday()]} {_MONTHS[clock.month - 1]} {clock.day:2d} {clock:%H:%M:%S} {clock.year}"
            lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in mail.raw.split(b"\n")]
            box.write(f"From {mail.sender} {stamp}\n".encode() + b"\n".join(lines) + b"\n\n")


def append_maildir(folder: Path, mails: list[Mail]) -> None:
    """Add mails to a Maildir: one file each, names made of moment and content."""
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for mail in mails:
        digest = hashlib.sha1(mail.raw).hexdigest()[:16]
        (folder / "cur" / f"{mail.at}.{digest}.store:2,S").write_bytes(mail.raw)
