"""What the readers of chat exports have in common: rows of chats, accounts, messages and addressees, gathered and handed over in batches.

A reader makes one :class:`ChatRows` per item, tells it of each message as it passes by, hands over what :meth:`ChatRows.full` yields, and
ends with :meth:`ChatRows.last`. What is held meanwhile: one batch of messages, and one record per account and chat.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict, Unpack
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.chats.chat_files import Posted, file_events
from pipelines.sources.formats.archives import Tree
from pipelines.sources.formats.plain_text import count_question_marks, count_words, storable
from pipelines.sources.reading import Batch, Context, Covers, Event, Seen, Whole
from pipelines.thresholds import threshold

#: Messages in one Arrow batch: about 40 MB while it is built.
BATCH_ROWS = 50_000
#: A message whose place is left and whose words are gone stands under its own id: it is not taken in again, so that the loader marks the
#: one known from before as deleted (:class:`Whole`).
GONE = "deleted: only its place is left"
_MOMENT = pa.timestamp("us", tz="UTC")
_LARGEST_COUNT = 2**31 - 1
_EPOCH_FROM = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH_UNTIL = datetime(2200, 1, 1, tzinfo=UTC)
_MEDIA_BY_ENDING = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "heic", "bmp", "tif", "tiff", "svg", "avif"), "photo"),
    **dict.fromkeys(("mp4", "mov", "avi", "mkv", "webm", "3gp", "m4v"), "video"),
    **dict.fromkeys(("ogg", "oga", "opus", "amr"), "voice"),
    **dict.fromkeys(("webp",), "sticker"),
    **dict.fromkeys(("vcf",), "contact"),
}
_ID = re.compile(r"[\w.:@=+/-]{1,200}", re.ASCII)

_MESSAGES = pa.schema(
    [
        *((name, pa.string()) for name in ("message_id", "channel", "chat_id", "thread_id", "reply_to_id", "account_id")),
        ("sent_at", _MOMENT),
        ("edited_at", _MOMENT),
        ("kind", pa.string()),
        ("media", pa.string()),
        *((name, pa.bool_()) for name in ("is_private", "is_pinned", "is_forwarded")),
        ("reactions", pa.int32()),
        ("deleted_at", _MOMENT),
        ("subject", pa.string()),
        ("text", pa.string()),
    ]
)
#: A search for one person's messages leaves one author.
_AUTHORS = 2
_FLAGS = ("is_deleted", "is_suspended", "is_bot", "is_service")
_MOMENTS = ("closed_at", "created_at", "last_seen_at")
_WORDS = ("lang", "timezone", "username", "first_name", "last_name", "email", "phone")


class About(TypedDict, total=False):
    """What may be known of an account beside its name: columns of ``raw.accounts`` and ``personal.accounts``."""

    is_deleted: bool | None
    is_suspended: bool | None
    is_bot: bool | None
    is_service: bool | None
    closed_at: datetime | None
    created_at: datetime | None
    last_seen_at: datetime | None
    lang: str | None
    timezone: str | None
    username: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True)
class Chat:
    """A place where messages stand. ``part`` names it inside ids; ``channel`` and ``kind`` as in ``raw.chats``."""

    part: str
    channel: str = "chat"
    kind: str = "group"
    title: str | None = None

    @property
    def is_private(self) -> bool:
        """Every message is seen by one other person only."""
        return self.channel == "direct" and self.kind == "personal"


@dataclass
class _Account:
    name: str | None = None
    named_at: datetime | None = None
    about: dict[str, Any] = field(default_factory=dict)


class _Marks:
    """What tells whether an export of a chat was filtered: who wrote in it, and whether what is answered in it stands in it.

    Sixteen bytes a message at most, for files of any size.
    """

    def __init__(self) -> None:
        self.authors: set[str] = set()
        self.numbers = array("q")
        self.answered = array("q")
        self.answered_at = array("d")

    def take(self, number: str, author: str | None, answered: str | None, answered_at: datetime | None) -> None:
        if author is not None and len(self.authors) < _AUTHORS:
            self.authors.add(author)
        self.numbers.append(hash(number))
        if answered is not None:
            self.answered.append(hash(answered))
            self.answered_at.append(answered_at.timestamp() if answered_at else float("inf"))

    def is_whole(self, since: datetime) -> bool:
        """No filter shows: two people wrote, and nearly all that is answered and was written since is there."""
        answered = np.asarray(self.answered)[np.asarray(self.answered_at) >= since.timestamp()]
        missing = len(answered) - int(np.isin(answered, np.asarray(self.numbers)).sum())
        return len(self.authors) >= _AUTHORS and missing <= threshold("filtered_replies_share") * len(answered)


class ChatRows:
    """The rows of one item.

    Parameters
    ----------
    context: of the reader.
    realm: name space of account ids and prefix of chat and message ids.
    may_be_filtered: the system exports what fits a search as well, and does not say so: a chat is only taken for whole where no filter shows.
    """

    def __init__(self, context: Context, realm: str, *, may_be_filtered: bool = False) -> None:
        self.context, self.realm, self.may_be_filtered = context, realm, may_be_filtered
        self._marks: dict[str, _Marks] = {}
        self._rows: list[tuple[Any, ...]] = []
        #: (message, native id, part it plays) → when it did so, where that is told.
        self._addressees: dict[tuple[str, str, str], datetime | None] = {}
        self._accounts: dict[str, _Account] = {}
        self._chats: dict[str, Chat] = {}
        self._spans: dict[str, list[datetime]] = {}
        self._files: list[Posted] = []
        self._seen = 0
        self.since: datetime | None = None
        self.until: datetime | None = None

    # -- ids ------------------------------------------------------------------------------------------------------------------

    def secret(self, what: str, native: str) -> str:
        """A part of an id that tells nothing: for titles, and numbers of people."""
        return self.context.pseudonyms.of(f"{self.realm}:{what}", native)

    def chat_id(self, chat: Chat) -> str:
        """Id of a chat."""
        return f"{self.realm}:chat:{chat.part}"

    def message_id(self, chat: Chat | str, number: str) -> str:
        """Id of a message of a chat (or of the chat with that part of an id)."""
        return f"{self.realm}:message:{chat if isinstance(chat, str) else chat.part}:{number}"

    # -- what passes by -------------------------------------------------------------------------------------------------------

    def seen(self, rows: int = 1) -> None:
        """So many messages stand in the item, kept or not."""
        self._seen += rows

    def message(
        self,
        chat: Chat,
        number: str,
        author: str | None,
        sent_at: datetime,
        text: str,
        *,
        name: str | None = None,
        thread: str | None = None,
        reply_to: str | None = None,
        edited_at: datetime | None = None,
        deleted_at: datetime | None = None,
        is_service: bool = False,
        media: str | None = None,
        is_pinned: bool | None = False,
        is_forwarded: bool | None = False,
        reactions: int | None = None,
        subject: str | None = None,
        answered_at: datetime | None = None,
    ) -> str:
        """Take one message. ``author``: native id, with ``name`` as shown; ``thread``, ``reply_to``: ids. Returns its id.

        ``answered_at``: when the message that it answers was written, where its id tells.
        """
        message_id = self.message_id(chat, number)
        if self.may_be_filtered:
            self._marks.setdefault(chat.part, _Marks()).take(message_id, author, reply_to, answered_at)
        chat_id = self.chat_id(chat)
        self.spoke(chat, sent_at, edited_at)
        if author is not None:
            self.met(author, name, sent_at)
        self._rows.append(
            (
                message_id, chat.channel, chat_id, thread, reply_to, author, sent_at, edited_at, "service" if is_service else "post",
                None if is_service else media, chat.is_private, is_pinned, is_forwarded,
                None if reactions is None else max(0, min(reactions, _LARGEST_COUNT)), deleted_at, subject, text,
            )
        )  # fmt: skip
        return message_id

    def gone(self, chat: Chat, number: str, at: datetime) -> None:
        """The place of a message stands in the item, and its words do not."""
        if self.may_be_filtered:
            self._marks.setdefault(chat.part, _Marks()).take(self.message_id(chat, number), None, None, None)
        self.spoke(chat, at)

    def spoke(self, chat: Chat, at: datetime, later: datetime | None = None) -> None:
        """The item speaks of a chat at this time, also where the message itself is not kept."""
        self._chats.setdefault(chat.part, chat)
        span = self._spans.setdefault(chat.part, [at, at])
        span[0], span[1] = min(span[0], at), max(span[1], at)
        self.since = at if self.since is None else min(self.since, at)
        self.reaches(max(at, later) if later else at)

    def reaches(self, at: datetime) -> None:
        """The item knows of this moment (of an edit, of its own making)."""
        self.until = at if self.until is None else max(self.until, at)

    def chat(self, chat: Chat) -> None:
        """A chat stands in the item, with or without messages."""
        self._chats[chat.part] = chat

    def met(self, native: str, name: str | None = None, at: datetime | None = None, **about: Unpack[About]) -> None:
        """An account was seen; the latest name stands, one without a time only where there is no other."""
        known = self._accounts.setdefault(native, _Account())
        if name and (known.name is None or (at is not None and (known.named_at is None or at >= known.named_at))):
            known.name, known.named_at = name, at
        known.about.update({key: value for key, value in about.items() if value is not None})

    def address(self, message_id: str, native: str, role: str, at: datetime | None = None) -> None:
        """The message speaks to an account: ``mention``, ``member``, or ``reaction``, given ``at`` (the earliest of several stands)."""
        self._accounts.setdefault(native, _Account())
        key = (message_id, native, role)
        known = self._addressees.get(key)
        self._addressees[key] = min(known, at) if known and at else known or at

    def file(self, chat: Chat, message_id: str, name: str, place: str) -> None:
        """The message holds a file: its path from the export's root, where that is told. Nobody asks for files of direct conversations.

        ``place`` finds the message in the item.
        """
        if chat.channel != "direct":
            self._files.append(Posted(message_id, place, name))

    # -- what is handed over --------------------------------------------------------------------------------------------------

    def full(self) -> Iterator[Event]:
        """The batch gathered so far, when it is large enough."""
        if len(self._rows) >= BATCH_ROWS or self._seen >= BATCH_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[Event]:
        """The batch gathered so far."""
        if self._seen:
            yield Seen("messages", self._seen)
            self._seen = 0
        if self._rows:
            rows, self._rows = self._rows, []
            columns = dict(zip(_MESSAGES.names, zip(*rows, strict=True), strict=True))
            texts = columns["text"]
            account_ids = self.context.pseudonyms.column(self.realm, columns["account_id"])
            arrays = [
                account_ids if name == "account_id" else pa.array(columns[name], kind)
                for name, kind in zip(_MESSAGES.names, _MESSAGES.types, strict=True)
            ]
            table = pa.table(arrays, schema=_MESSAGES)
            table = table.append_column("chars", pc.utf8_length(table["text"]))
            table = table.append_column("words", pa.array(map(count_words, texts), pa.int32()))
            yield Batch("messages", table.append_column("question_marks", pa.array(map(count_question_marks, texts), pa.int32())))
        if self._addressees:
            spoken_to, self._addressees = self._addressees, {}
            message_ids, natives, roles = zip(*spoken_to, strict=True)
            account_ids = self.context.pseudonyms.column(self.realm, natives)
            parts = [pa.array(message_ids), account_ids, pa.array(roles), pa.array(list(spoken_to.values()), _MOMENT)]
            yield Batch("addressees", pa.table(parts, names=["message_id", "account_id", "role", "acted_at"]), counted=False)

    def last(self, *, is_whole: bool | None = None, tree: Tree | None = None) -> Iterator[Event]:
        """What is left and what is known only at the end: chats, accounts, files, the span of time, and which spans are whole.

        ``is_whole``: said by whoever made the exports; None: by what the item shows. ``tree``: where the messages' files lie.
        """
        yield from self.flush()
        if tree is not None:
            yield from file_events(self._files, tree, self.context)
        if self._chats:
            chats = list(self._chats.values())
            columns = {
                "chat_id": [self.chat_id(chat) for chat in chats],
                "channel": [chat.channel for chat in chats],
                "kind": [chat.kind for chat in chats],
                "title": [chat.title for chat in chats],
            }
            yield Batch("chats", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), counted=False)
        if self._accounts:
            yield Batch("accounts", self._account_table(), counted=False)
        for part, (since, until) in self._spans.items():
            if is_whole or (is_whole is None and (not self.may_be_filtered or (part in self._marks and self._marks[part].is_whole(since)))):
                yield Whole("messages", ("chat_id", self.chat_id(self._chats[part])), since, until)
        yield Covers(self.since, self.until)

    def _account_table(self) -> pa.Table:
        natives = sorted(self._accounts)
        known = [self._accounts[native] for native in natives]

        def said(name: str, kind: pa.DataType) -> pa.Array:
            return pa.array([account.about.get(name) for account in known], kind)

        return pa.table(
            {
                "account_id": self.context.pseudonyms.column(self.realm, natives),
                "realm": pa.array([self.realm] * len(natives)),
                "channel": pa.array(["chat"] * len(natives)),
                "native_id": pa.array(natives, pa.string()),
                "display_name": pa.array([account.name for account in known], pa.string()),
                **{name: said(name, pa.bool_()) for name in _FLAGS},
                **{name: said(name, _MOMENT) for name in _MOMENTS},
                **{name: said(name, pa.string()) for name in _WORDS},
            }
        )


# -- values of a JSON document that may be anything -----------------------------------------------------------------------------


def said(record: Any, key: str) -> str | None:
    """A text under a key, storable and not blank; null for anything else."""
    value = record.get(key) if isinstance(record, dict) else None
    return (storable(value).strip() or None) if isinstance(value, str) else None


def id_of(record: Any, key: str) -> str | None:
    """An id under a key: letters, digits and a few signs; null for anything else."""
    value = record.get(key) if isinstance(record, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 64:
        return str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def records(record: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list under a key; nothing for anything else."""
    value = record.get(key) if isinstance(record, dict) else None
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def texts(record: Any, key: str) -> list[str]:
    """The texts of a list under a key; nothing for anything else."""
    value = record.get(key) if isinstance(record, dict) else None
    return [storable(part) for part in value if isinstance(part, str)] if isinstance(value, list) else []


def count_of(record: Any, key: str) -> int:
    """A whole number under a key that is not negative, else 0."""
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def from_epoch(value: Any, *, per_second: int = 1) -> datetime | None:
    """UTC of a number of seconds (or of ``per_second`` parts of one), also as text; null for nothing, zero, and what is no time of a chat."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        if isinstance(value, str) and "." in value:
            whole, _, part = value.partition(".")
            micros = int(whole) * 1_000_000 + int(part[:6].ljust(6, "0"))
        else:
            micros = round(float(value) * 1_000_000 / per_second) if isinstance(value, float) else int(value) * 1_000_000 // per_second
        moment = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if _EPOCH_FROM <= moment < _EPOCH_UNTIL else None


def from_iso(value: Any, zone: ZoneInfo) -> datetime | None:
    """UTC of an ISO 8601 time; one without a zone is in ``zone``. Null for anything else."""
    if not isinstance(value, str):
        return None
    try:
        stated = datetime.fromisoformat(value)
        moment = (stated if stated.tzinfo else stated.replace(tzinfo=zone, fold=0)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EPOCH_FROM <= moment < _EPOCH_UNTIL else None


def media_of(name: str | None, mimetype: str | None = None) -> str:
    """Kind of an attached file, by its MIME type or its name."""
    if mimetype:
        kind = mimetype.partition("/")[0].lower()
        if kind in ("image", "video", "audio"):
            return {"image": "photo", "video": "video", "audio": "voice"}[kind]
    ending = (name or "").rpartition(".")[2].lower()
    return _MEDIA_BY_ENDING.get(ending, "file")
