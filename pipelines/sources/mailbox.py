"""Mailboxes: who wrote to whom and when, from mbox files and Maildir folders. Header fields only; no body is kept.

Grain: one row of ``messages`` per mail, the same row wherever a copy of the mail lies (its key is made of the Message-ID); one of
``addressees`` per mail, address and field; one of ``accounts`` per address; one of ``chats`` for mail as a whole. A report that speaks of
several addressees gives a further row of ``messages`` (key ":2", ":3" …, not counted) for each after the first.

- Sent: the Date field, unless it cannot be (no date, before there was mail, later than the receipt by more than
  ``thresholds.mail_date_ahead_days``, earlier by more than ``mail_date_behind_days``); then the topmost readable Received field, then the
  From_ line (UTC, RFC 4155) or the time in the Maildir file's name.
- Thread: the first of References; else the thread of the mail that In-Reply-To names, if it stood before in this mailbox, else that mail.
- Kind: read_receipt and delivery_report (``mail_reports``), auto_reply, else post. ``about_message_id`` and ``about_account_id`` say of
  which mail and addressee a report speaks: the address that the sender wrote (Original-Recipient), else the one that failed.
- Who received a copy without being named (Delivered-To and the like) is an addressee "bcc".
- ``is_to_list``: List-Id or List-Post, Precedence list or bulk, or at least ``thresholds.notice_addressees`` addressees in this copy.

Drafts (Maildir flag D) are rejected; ``tmp`` is not looked into. Of a display name the latest that the owner of the address wrote
stands, else the latest by which others called it.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pyarrow as pa

from pipelines.errors import BadSource
from pipelines.programme import Source
from pipelines.sources import mail_headers, mail_reports
from pipelines.sources.mail_headers import Fields
from pipelines.sources.mail_reports import Recipient, Report
from pipelines.sources.mbox import HEADER_BYTES, REPORT_BYTES, RawMail, split_mbox
from pipelines.sources.plain_text import count_question_marks
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen
from pipelines.thresholds import threshold

DEFAULT_REALM = "mail"
#: Mails in one Arrow batch.
BATCH_ROWS = 50_000

_MAILDIR_FOLDERS = ("cur", "new")
_MAILDIR_TIME = re.compile(r"(\d{9,10})\.")
_HEADER_END = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_EXPECTED_FIELDS = ("from", "to", "date", "message-id", "subject", "received", "cc", "bcc", "sender", "return-path")

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


class MailboxReader:
    """Reads mbox files and Maildir folders (kind "mailbox"); one item is one file or one folder.

    Record kinds: messages (counted), addressees, accounts, chats. Rejected, as "mail N" (Maildir: of the files in order of name):
    ``header cut off or too long``, ``no header fields``, ``draft``, ``cannot be read``.
    """

    kind: ClassVar[str] = "mailbox"
    version: ClassVar[int] = 1

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every mailbox below the source's path, by name: Maildir folders (hidden subfolders included), files named ``*.mbox`` or
        ``*.mbox.gz``, and any other file that begins with "From ".

        Raises BadSource where the path is not there or holds no mailbox.
        """
        root = source.path
        if root is None:
            raise BadSource(f"source {source.name}: path is missing in the programme file")
        if not root.exists():
            raise BadSource(f"source {source.name}: looking for mailboxes: there is no file or folder {root}")
        if root.is_file():
            return [Item(root.name, root)]
        folders = [path for path in (root, *sorted(root.rglob("*"))) if path.is_dir() and _is_maildir(path)]
        inside = {folder / name for folder in folders for name in (*_MAILDIR_FOLDERS, "tmp")}
        files = [
            path
            for path in sorted(root.rglob("*"))
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(root).parts)
            and inside.isdisjoint(path.parents)
            and _is_mbox(path)
        ]
        found = {path.relative_to(root).as_posix(): path for path in (*folders, *files)}
        if not found:
            raise BadSource(f"source {source.name}: looking for mailboxes: no mbox file and no Maildir folder below {root.name}")
        return [Item(name, found[name]) for name in sorted(found)]

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one mailbox, in batches of about fifty thousand mails.

        Raises BadFile for a file that is no mbox or is packed and cut off.
        """
        if item.path is None:
            raise BadSource(f"{item.name}: a mailbox is a file or a folder; the item has no path")
        box = _Mailbox(context, source.realm or DEFAULT_REALM)
        seen = 0
        for raw, arrived_at, problem in _mails(item.path):
            seen += 1
            problem = problem or box.add(raw, arrived_at)
            if problem:
                yield Rejected("messages", f"mail {raw.number}", problem)
            if len(box.rows) >= BATCH_ROWS:
                yield from box.flush()
        yield Seen("messages", seen)
        yield from box.flush()
        yield from box.last_events()
        yield Covers(box.since, box.until)


@dataclass
class _Mailbox:
    """What is gathered while one mailbox passes by."""

    context: Context
    realm: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    more_rows: list[tuple[Any, ...]] = field(default_factory=list)
    addressees: list[tuple[str, str, str]] = field(default_factory=list)
    #: Address → [name its owner writes, when, name others write, when, is_service].
    accounts: dict[str, list[Any]] = field(default_factory=dict)
    #: Message-ID → Message-ID of its thread's root, for answers without References.
    thread_of: dict[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None

    def add(self, raw: RawMail, arrived_at: datetime | None) -> str | None:
        """Add one mail to the batch, or say why not. ``arrived_at``: what the mailbox itself says of the time."""
        if raw.header is None:
            return "header cut off or too long"
        fields = mail_headers.fields_of(raw.header)
        if not any(name in fields for name in _EXPECTED_FIELDS):
            return "no header fields"
        content_type = mail_headers.first(fields, "content-type")
        charset = mail_headers.parameter(content_type, "charset")
        subject = mail_headers.text_of(mail_headers.first(fields, "subject"), charset)
        sent_at = _sent_at(fields, raw.envelope, arrived_at, self.context)
        author = self._author(fields, charset, raw.envelope, sent_at)
        own_id = next(iter(mail_headers.message_ids_of(fields.get("message-id"))), None)
        message_id = self._id(own_id or _fingerprint(fields))
        references = mail_headers.message_ids_of(fields.get("references"))
        answered = mail_headers.message_ids_of(fields.get("in-reply-to"))[:1] or references[-1:]
        root = self._root(own_id, references, answered)
        addressed = self._address(fields, charset, message_id, sent_at)
        self._note_list(fields, (*([author] if author else ()), *addressed))

        report = mail_reports.report_of(fields, raw.report)
        kind = report.kind if report else "auto_reply" if mail_reports.is_auto_reply(fields, subject) else "post"
        about = report.about if report else (answered[0] if answered and kind == "auto_reply" else None)
        for number, recipient in enumerate(_recipients(report), start=1):
            row = (
                message_id if number == 1 else f"{message_id}:{number}",
                "mail",
                f"{self.realm}:chat",
                self._id(root) if root else message_id,
                self._id(answered[0]) if answered else None,
                author,
                sent_at,
                kind,
                _is_to_list(fields, addressed),
                count_question_marks(subject or ""),
                self._id(about) if about else None,
                recipient.address,
                recipient.state,
                subject,
            )
            (self.rows if number == 1 else self.more_rows).append(row)
            if recipient.address:
                self.accounts.setdefault(recipient.address, [None] * 5)
        if sent_at:
            self.since = min(sent_at, self.since or sent_at)
            self.until = max(sent_at, self.until or sent_at)
        return None

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

    def last_events(self) -> Iterator[Event]:
        """What is known only at the end: the place and the people."""
        yield Batch("chats", pa.table({"chat_id": [f"{self.realm}:chat"], "channel": ["mail"], "kind": ["mailbox"]}), counted=False)
        if self.accounts:
            yield Batch("accounts", self._accounts(), counted=False)

    def _id(self, native: str) -> str:
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
        known = self.accounts.setdefault(address, [None] * 5)
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
        posts = {address for _, address in mail_headers.addresses_of(fields.get("list-post"))}
        ids = (mail_headers.first(fields, "list-id") or b"").decode("utf-8", "replace").lower()
        for address in dict.fromkeys(addresses):
            if address in posts or (ids and address.replace("@", ".") == ids.rpartition("<")[2].strip(" <>")):
                self.accounts.setdefault(address, [None] * 5)[4] = True

    def _root(self, own_id: str | None, references: list[str], answered: list[str]) -> str | None:
        root = references[0] if references else (self.thread_of.get(answered[0], answered[0]) if answered else own_id)
        if own_id and root:
            self.thread_of[own_id] = root
        return root


# -- one mail ------------------------------------------------------------------------------------------------------------------


def _sent_at(fields: Fields, envelope: bytes, arrived_at: datetime | None, context: Context) -> datetime | None:
    stated = mail_headers.date_of(mail_headers.first(fields, "date"), context.zone)
    received = mail_headers.received_at(fields) or arrived_at or _envelope_date(envelope)
    if stated is None or received is None:
        return stated or received
    ahead, behind = timedelta(days=threshold("mail_date_ahead_days")), timedelta(days=threshold("mail_date_behind_days"))
    return stated if received - behind <= stated <= received + ahead else received


def _envelope_date(envelope: bytes) -> datetime | None:
    """The time in "From somebody Mon Sep  7 07:28:44 2026"; the second word may be anything, "-" included."""
    parts = envelope.decode("ascii", "replace").split(None, 2)
    return mail_headers.date_of(parts[2]) if len(parts) > 2 else None


def _fingerprint(fields: Fields) -> str:
    """What stands for a Message-ID where there is none: the same for each copy of a mail that took the same way."""
    return b"\x1f".join(b"\x1e".join(fields.get(name, ())) for name in ("date", "from", "to", "subject", "received")).decode("latin-1")


def _recipients(report: Report | None) -> list[Recipient]:
    """Whom a report speaks of, each once; one nobody where it is no report or does not say."""
    by_address = {recipient.address: recipient for recipient in (report.recipients if report else ())}
    if len(by_address) > 1:
        by_address.pop(None, None)
    return list(by_address.values()) or [Recipient(None, None)]


def _is_to_list(fields: Fields, addressed: list[str]) -> bool:
    precedence = (mail_headers.first(fields, "precedence") or b"").strip().lower()
    if "list-id" in fields or "list-post" in fields or precedence in (b"list", b"bulk"):
        return True
    return len(addressed) >= threshold("notice_addressees")


# -- files ---------------------------------------------------------------------------------------------------------------------


def _mails(path: Path) -> Iterator[tuple[RawMail, datetime | None, str | None]]:
    """The mails of a mailbox, each with the time that the mailbox states and with what is wrong with it."""
    if path.is_dir():
        yield from _maildir(path)
        return
    with _open(path) as content:
        for raw in split_mbox(content, path, mail_reports.wants_body):
            yield raw, None, None


def _maildir(folder: Path) -> Iterator[tuple[RawMail, datetime | None, str | None]]:
    files = sorted(
        (path.name.partition(":2,")[0], path)
        for name in _MAILDIR_FOLDERS
        if (folder / name).is_dir()
        for path in (folder / name).iterdir()
        if path.is_file() and not path.name.startswith(".")
    )
    for number, (_, path) in enumerate(files, start=1):
        time = _MAILDIR_TIME.match(path.name)
        when = datetime.fromtimestamp(int(time[1]), UTC) if time else None
        flags = path.name.partition(":2,")[2]
        try:
            raw = _single(path, number)
        except OSError:
            yield RawMail(number, b"", None), when, "cannot be read"
            continue
        yield raw, when, "draft" if "D" in flags else None


def _single(path: Path, number: int) -> RawMail:
    """One mail in a file of its own. A file that is a header alone is whole if its last line is."""
    with path.open("rb") as content:
        start = content.read(HEADER_BYTES)
        envelope = b""
        if start.startswith((b"From ", b">From ")):  # put there by a program that moved it out of an mbox
            envelope, _, start = start.partition(b"\n")
        match = _HEADER_END.search(start)
        if not match:
            is_whole = start.endswith((b"\n", b"\r")) and len(start) < HEADER_BYTES
            return RawMail(number, envelope, start if is_whole else None)
        header = start[: match.start()]
        if not mail_reports.wants_body(header):
            return RawMail(number, envelope, header)
        return RawMail(number, envelope, header, start[match.end() :] + content.read(REPORT_BYTES))


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _is_maildir(path: Path) -> bool:
    return sum((path / name).is_dir() for name in (*_MAILDIR_FOLDERS, "tmp")) >= 2


def _is_mbox(path: Path) -> bool:
    if path.name.lower().endswith((".mbox", ".mbox.gz")):
        return True
    try:
        with _open(path) as content:
            return content.read(5) == b"From "
    except (OSError, EOFError):
        return False
