"""Rows of mails: what one mail's header says as rows of ``messages``, ``addressees``, ``mail_references`` and ``accounts``.

Shared by the readers of files and of IMAP; neither knows anything of columns, and this module nothing of files or servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import pyarrow as pa

from pipelines.sources.formats.plain_text import count_question_marks
from pipelines.sources.mail import mail_headers, mail_reports
from pipelines.sources.mail.mail_headers import Fields
from pipelines.sources.mail.mail_reports import Recipient, Report
from pipelines.sources.reading import Batch, Context, Event
from pipelines.thresholds import threshold

#: Mails in one Arrow batch.
BATCH_ROWS = 50_000
#: References of one mail that are kept: the first, which is the thread's, and the last. Longer chains are loops or made to hurt.
MOST_REFERENCES = 100

_REMEMBERED = 50_000
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_EXPECTED_FIELDS = frozenset(("from", "to", "date", "message-id", "subject", "received", "cc", "bcc", "sender", "return-path"))

_MESSAGES = pa.schema(
    [
        *((name, pa.string()) for name in ("message_id", "channel", "chat_id", "thread_id", "reply_to_id", "account_id")),
        ("sent_at", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("is_to_list", pa.bool_()),
        ("question_marks", pa.int32()),
        *((name, pa.string()) for name in ("about_message_id", "about_account_id", "delivery_state", "subject")),
    ]
)
_ACCOUNT_COLUMNS = ("account_id", "about_account_id")


@dataclass
class MailRows:
    """What is gathered while one mailbox passes by. Memory: one batch of rows, and one entry per address ever met."""

    context: Context
    realm: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    more_rows: list[tuple[Any, ...]] = field(default_factory=list)
    addressees: list[tuple[str, str, str]] = field(default_factory=list)
    references: list[tuple[str, int, str]] = field(default_factory=list)
    #: Address → [name its owner writes, when, name others write, when, is_service].
    accounts: dict[str, list[Any]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        self.chat_id = f"{self.realm}:chat"
        # Mails name each other again and again, mostly those of a short while ago.
        self._id = lru_cache(maxsize=_REMEMBERED)(self._made_id)
        self.ahead = timedelta(days=threshold("mail_date_ahead_days"))
        self.behind = timedelta(days=threshold("mail_date_behind_days"))
        self.many = threshold("notice_addressees")

    def add(self, fields: Fields | None, report: Report | None, arrived_at: datetime | None, envelope: bytes = b"") -> str | None:
        """Add one mail to the batch, or say why not.

        Parameters
        ----------
        fields: of its header (:data:`mail_headers.READ_FIELDS` suffice); None where the header is not whole.
        report: what it says as a report, None for a mail that is none.
        arrived_at, envelope: what the mailbox itself says: when it came in, or an mbox's From_ line.
        """
        if fields is None:
            return "header cut off or too long"
        if _EXPECTED_FIELDS.isdisjoint(fields):
            return "no header fields"
        charset = _charset(fields)
        subject = mail_headers.text_of(mail_headers.first(fields, "subject"), charset)
        sent_at = self._sent_at(fields, envelope, arrived_at)
        author = self._author(fields, charset, envelope, sent_at)
        own_id = next(iter(mail_headers.message_ids_of(fields.get("message-id"))), None)
        message_id = self._id(own_id or _fingerprint(fields))
        references = mail_headers.message_ids_of(fields.get("references"))
        answered = mail_headers.message_ids_of(fields.get("in-reply-to"))[:1] or references[-1:]
        chain = [one for one in dict.fromkeys((*references, *answered)) if one != own_id]
        if len(chain) > MOST_REFERENCES:
            chain = [chain[0], *chain[1 - MOST_REFERENCES :]]
        ids = [self._id(one) for one in chain]
        self.references += [(message_id, position, one) for position, one in enumerate(ids)]
        addressed = self._address(fields, charset, message_id, sent_at)
        self._note_list(fields, (*([author] if author else ()), *addressed))
        report = report or mail_reports.receipt_in_words(fields, subject, author)
        is_auto = report is None and mail_reports.is_auto_reply(fields, subject, author)
        kind = report.kind if report else "auto_reply" if is_auto else "post"
        about = report.about if report else (answered[0] if answered and is_auto else None)
        common = (self._id(answered[0]) if answered else None, author, sent_at, kind, self._is_to_list(fields, addressed),
                  count_question_marks(subject or ""), self._id(about) if about else None)  # fmt: skip
        for number, recipient in enumerate(_recipients(report), start=1):
            row_id = message_id if number == 1 else f"{message_id}:{number}"
            row = (row_id, "mail", self.chat_id, ids[0] if ids else message_id, *common, recipient.address, recipient.state, subject)
            (self.rows if number == 1 else self.more_rows).append(row)
            if recipient.address:
                self.accounts.setdefault(recipient.address, [None] * 5)
        if sent_at:
            self.since = min(sent_at, self.since or sent_at)
            self.until = max(sent_at, self.until or sent_at)
        return None

    @property
    def is_full(self) -> bool:
        """Enough for a batch."""
        return len(self.rows) >= BATCH_ROWS or len(self.references) >= 4 * BATCH_ROWS or len(self.addressees) >= 4 * BATCH_ROWS

    def flush(self) -> Iterator[Event]:
        """Hand over the batch gathered so far."""
        for rows, counted in ((self.rows, True), (self.more_rows, False)):
            if rows:
                yield Batch("messages", self._messages(rows), counted=counted)
        self.rows, self.more_rows = [], []
        if self.addressees:
            message_ids, natives, roles = zip(*self.addressees, strict=True)
            account_ids = self.context.pseudonyms.column(self.realm, natives)
            columns = [pa.array(message_ids, pa.string()), account_ids, pa.array(roles, pa.string())]
            yield Batch("addressees", pa.table(columns, names=("message_id", "account_id", "role")), counted=False)
            self.addressees = []
        if self.references:
            message_ids, positions, reference_ids = zip(*self.references, strict=True)
            columns = [pa.array(message_ids, pa.string()), pa.array(positions, pa.int32()), pa.array(reference_ids, pa.string())]
            yield Batch("mail_references", pa.table(columns, names=("message_id", "position", "reference_id")), counted=False)
            self.references = []

    def last_events(self) -> Iterator[Event]:
        """What is known only at the end: the place and the people."""
        yield Batch("chats", pa.table({"chat_id": [self.chat_id], "channel": ["mail"], "kind": ["mailbox"]}), counted=False)
        if self.accounts:
            yield Batch("accounts", self._accounts(), counted=False)

    def _made_id(self, native: str) -> str:
        return f"{self.realm}:{self.context.pseudonyms.of(f'{self.realm}:message', native)}"

    def _messages(self, rows: list[tuple[Any, ...]]) -> pa.Table:
        columns = zip(*rows, strict=True)
        arrays = [
            self.context.pseudonyms.column(self.realm, values) if name in _ACCOUNT_COLUMNS else pa.array(values, kind)
            for name, kind, values in zip(_MESSAGES.names, _MESSAGES.types, columns, strict=True)
        ]
        return pa.table(arrays, schema=_MESSAGES)

    def _accounts(self) -> pa.Table:
        addresses = sorted(self.accounts)
        known = [self.accounts[address] for address in addresses]
        return pa.table(
            {
                "account_id": self.context.pseudonyms.column(self.realm, addresses),
                "realm": pa.array([self.realm] * len(addresses)),
                "channel": pa.array(["mail"] * len(addresses)),
                "is_bot": pa.array([mail_reports.is_machine(address) for address in addresses], pa.bool_()),
                "is_service": pa.array([one[4] for one in known], pa.bool_()),
                "native_id": pa.array(addresses, pa.string()),
                "email": pa.array(addresses, pa.string()),
                "display_name": pa.array([one[0] or one[2] for one in known], pa.string()),
            }
        )

    def _met(self, address: str, name: str, at: datetime | None, is_own: bool) -> None:
        known = self.accounts.get(address)
        if known is None:
            known = self.accounts[address] = [None] * 5
        place = 0 if is_own else 2
        if name and (known[place] is None or (at is not None and (known[place + 1] is None or at >= known[place + 1]))):
            known[place], known[place + 1] = name, at

    def _author(self, fields: Fields, charset: str | None, envelope: bytes, at: datetime | None) -> str | None:
        for name in ("from", "sender", "reply-to"):
            people = mail_headers.addresses_of(fields.get(name), charset)
            if people:
                self._met(people[0][1], people[0][0], at, is_own=True)
                return people[0][1]
        parts = envelope.decode("utf-8", "replace").split()
        address = mail_headers.address_of(parts[1]) if len(parts) > 1 else None
        if address:
            self._met(address, "", at, is_own=True)
        return address

    def _address(self, fields: Fields, charset: str | None, message_id: str, at: datetime | None) -> list[str]:
        """Note the addressees; returns those that the mail itself names, each once."""
        named: dict[str, str] = {}
        for role in ("to", "cc", "bcc"):
            for name, address in mail_headers.addresses_of(fields.get(role), charset):
                self._met(address, name, at, is_own=False)
                named.setdefault(address, role)
        found = dict(named)
        for name in _DELIVERED:
            for _, address in mail_headers.addresses_of(fields.get(name), charset):
                self._met(address, "", at, is_own=False)
                found.setdefault(address, "bcc")
        self.addressees += [(message_id, address, role) for address, role in found.items()]
        return list(named)

    def _note_list(self, fields: Fields, addresses: Iterable[str]) -> None:
        """An address that is a mailing list's is nobody's: the one in List-Post, or the one whose name List-Id repeats."""
        if "list-post" not in fields and "list-id" not in fields:
            return
        posts = {address for _, address in mail_headers.addresses_of(fields.get("list-post"))}
        ids = (mail_headers.first(fields, "list-id") or b"").decode("utf-8", "replace").lower()
        for address in dict.fromkeys(addresses):
            if address in posts or (ids and address.replace("@", ".") == ids.rpartition("<")[2].strip(" <>")):
                self.accounts.setdefault(address, [None] * 5)[4] = True

    def _sent_at(self, fields: Fields, envelope: bytes, arrived_at: datetime | None) -> datetime | None:
        stated = mail_headers.date_of(mail_headers.first(fields, "date"), self.context.zone)
        received = mail_headers.received_at(fields) or arrived_at or _envelope_date(envelope)
        if stated is None or received is None:
            return stated or received
        return stated if received - self.behind <= stated <= received + self.ahead else received

    def _is_to_list(self, fields: Fields, addressed: list[str]) -> bool:
        """By this copy. Other copies may show less (the sender's own has passed no list, a receiver's shows no Bcc): the loader lets a true stay."""
        precedence = (mail_headers.first(fields, "precedence") or b"").strip().lower()
        if "list-id" in fields or "list-post" in fields or "list-unsubscribe" in fields or precedence in (b"list", b"bulk"):
            return True
        return len(addressed) >= self.many


def _charset(fields: Fields) -> str | None:
    """What the mail says of its body: asked only where a field has bytes that are no ASCII."""
    for name in ("subject", "from", "to", "cc"):
        for body in fields.get(name, ()):
            if not body.isascii():
                return mail_headers.parameter(mail_headers.first(fields, "content-type"), "charset")
    return None


def _envelope_date(envelope: bytes) -> datetime | None:
    """The time in "From somebody Mon Sep  7 07:28:44 2026"; the second word may be anything, "-" included."""
    parts = envelope.decode("ascii", "replace").split(None, 2)
    return mail_headers.date_of(parts[2]) if len(parts) > 2 else None


def _fingerprint(fields: Fields) -> str:
    """What stands for a Message-ID where there is none: the same for each copy of a mail; without a date, of one that took the same way."""
    names = ("date", "from", "to", "subject", *(() if fields.get("date") else ("received",)))
    return b"\x1f".join(b"\x1e".join(fields.get(name, ())) for name in names).decode("latin-1")


def _recipients(report: Report | None) -> list[Recipient]:
    """Whom a report speaks of, each once; one nobody where it is no report or does not say."""
    if report is None:
        return [Recipient(None, None)]
    by_address = {recipient.address: recipient for recipient in report.recipients}
    if len(by_address) > 1:
        by_address.pop(None, None)
    return list(by_address.values()) or [Recipient(None, None)]
