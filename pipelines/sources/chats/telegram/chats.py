"""What is gathered of chats and people while an export passes by, and the events made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.chats.chat_files import Posted
from pipelines.sources.chats.telegram.block import INSTANT, MICROSECONDS
from pipelines.sources.chats.telegram.fields import Peers
from pipelines.sources.formats.plain_text import storable, text_counts
from pipelines.sources.reading import Batch, Context, Event, Whole

#: Messages in one Arrow batch: about 40 MB while it is built.
BATCH_ROWS = 50_000

CHAT_KINDS = {
    "saved_messages": "saved",
    "replies": "personal",
    "verify_codes": "personal",
    "personal_chat": "personal",
    "bot_chat": "personal",
    "private_group": "group",
    "private_supergroup": "supergroup",
    "public_supergroup": "supergroup",
    "private_channel": "channel",
    "public_channel": "channel",
}
#: A conversation of the exporter alone with one other party (or with nobody).
PRIVATE_TYPES = frozenset(("saved_messages", "replies", "verify_codes", "personal_chat", "bot_chat"))
#: Of these Telegram Desktop never exports "only my messages".
_ALWAYS_FULL = frozenset(("saved_messages", "replies", "verify_codes", "personal_chat"))
_CHANNEL_TYPES = frozenset(("private_channel", "public_channel"))
#: What Telegram Desktop calls the group when it exports one topic of it, and the topic that every forum has from the beginning.
_TOPICS_TYPE, _FIRST_TOPIC = "public_supergroup", "General"
#: Message ids of these count per account.
BASIC_GROUP = "private_group"

#: Column of native ids in what is gathered; the rest of the row is worked out for a whole batch.
NATIVE = "native"
MESSAGES = pa.schema(
    [
        *((name, pa.string()) for name in ("message_id", "channel", "chat_id", "thread_id", "reply_to_id", "account_id")),
        ("sent_at", pa.timestamp("us", tz="UTC")),
        ("edited_at", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("media", pa.string()),
        *((name, pa.bool_()) for name in ("is_private", "is_pinned", "is_forwarded")),
        *((name, pa.int32()) for name in ("chars", "words", "question_marks", "reactions")),
        ("subject", pa.string()),
        ("text", pa.string()),
    ]
)


@dataclass
class Chat:
    """A chat as far as it is known while its messages pass by."""

    native_id: str = ""
    type: str = ""
    title: str | None = None
    #: In the list of chats that the exporter has left: of these only the exporter's own messages are exported.
    is_left: bool = False
    #: Message id → id of the topic's root; holds only messages of topics.
    topics: dict[int, int] = field(default_factory=dict)
    is_forum: bool = False
    #: The lowest number of its first block of messages: lower ones are not in the export.
    first_number: int | None = None
    #: While every post stands in one topic: message id → root of what it answers; None once one does not.
    roots: dict[int, int] | None = field(default_factory=dict)
    #: The first two authors; whether there is a second one is all that is asked.
    authors: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    has_rejected: bool = False
    #: Messages whose number counts per account: number → what stands for it in ids; and how often each of these was given.
    names: dict[int, str] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        """A conversation of the exporter alone with one other party (or with nobody)."""
        return self.type in PRIVATE_TYPES

    def spoke(self, authors: pa.Array, first: datetime, last: datetime) -> None:
        """These authors wrote here, from the first moment to the last."""
        self.first, self.last = min(first, self.first or first), max(last, self.last or last)
        if len(self.authors) < 2:
            self.authors.update(filter(None, authors.unique().to_pylist()))

    @property
    def is_topic(self) -> bool:
        """Whether the export may hold one topic of a group only: every post answers into one root, or it is the first topic by its name."""
        return bool(self.roots) or (self.type == _TOPICS_TYPE and self.title == _FIRST_TOPIC and not self.is_forum)

    @property
    def shown(self) -> str | None:
        """The title, unless it is a topic's and not the chat's."""
        is_topics = self.type == _TOPICS_TYPE and self.is_topic and (self.is_forum or self.title == _FIRST_TOPIC)
        return None if is_topics else self.title

    @property
    def is_whole(self) -> bool:
        """Whether the export holds every message between its first and its last one."""
        if self.is_left or self.has_rejected or self.first is None or self.type == BASIC_GROUP or self.is_topic:
            return False
        if self.type in _ALWAYS_FULL or len(self.authors) > 1:
            return True
        return self.type in _CHANNEL_TYPES and self.authors == {f"channel{self.native_id}"}


@dataclass
class Account:
    """What is known of one account."""

    name: str | None = None
    #: When it was seen under that name: microseconds since 1970.
    named_at: int = -1
    is_deleted: bool | None = None
    is_bot: bool | None = None


@dataclass
class Export:
    """What is gathered while one item passes by."""

    context: Context
    realm: str
    exporter: str | None = None
    #: Numbers of messages that are said to be pinned somewhere in the item: they are kept back until their chat is through.
    maybe_pinned: frozenset[int] = frozenset()
    #: Keep these messages only (the second pass); None: all.
    only: frozenset[str] | None = None
    peers: Peers = field(default_factory=Peers)
    pending: list[pa.Table] = field(default_factory=list)
    held: list[pa.Table] = field(default_factory=list)
    addressees: list[tuple[str, str, str, datetime | None]] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    #: (native id, name, says that it is deleted) → when that was last seen.
    named: dict[tuple[str | None, str | None, bool], int] = field(default_factory=dict)
    contacts: dict[str, dict[str, str | None]] = field(default_factory=dict)
    chats: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    #: Documents posted outside of private conversations.
    files: list[Posted] = field(default_factory=list)
    pins: set[str] = field(default_factory=set)
    #: Pinned messages whose batch had gone out already.
    late_pins: set[str] = field(default_factory=set)
    has_flushed: bool = False
    since: datetime | None = None
    until: datetime | None = None
    #: Names seen and not yet taken up.
    _unnamed: list[pa.Table] = field(default_factory=list)
    _waiting_names: int = 0
    _account_ids: dict[str, str] = field(default_factory=dict)

    def chat_part(self, native_id: str, is_private: bool) -> str:
        """The part of an id that names the chat: the export's number, or a pseudonym where that number is a person's."""
        return self.context.pseudonyms.of(f"{self.realm}:chat", f"{self.exporter or ''}:{native_id}") if is_private else native_id

    def met(self, native_id: str) -> Account:
        """What is known of an account, from now on."""
        known = self.accounts.get(native_id)
        if known is None:
            known = self.accounts[native_id] = Account()
        return known

    def name_all(self, natives: pa.Array, names: pa.Array, is_nameless: pa.Array, sent_at: pa.Array) -> None:
        """Accounts were seen under these names at these moments (null: no name told, or said to have none)."""
        self._unnamed.append(
            pa.table([natives, names, is_nameless, sent_at.view(pa.int64())], names=["native", "name", "is_nameless", "at"])
        )
        self._waiting_names += len(natives)
        if self._waiting_names >= BATCH_ROWS:
            self._take_names()

    def _take_names(self) -> None:
        """Take up the names that were seen. Of some ten thousand messages at once, for most of them are by the same people."""
        if not self._unnamed:
            return
        by = ["native", "name", "is_nameless"]
        seen = pa.concat_tables(self._unnamed).group_by(by, use_threads=False).aggregate([("at", "max")])
        for native, name, is_nameless, at in zip(*(seen[column].to_pylist() for column in (*by, "at_max")), strict=True):
            key = (native, name, is_nameless)
            if self.named.get(key, -1) < at:
                self.named[key] = at
        self._unnamed, self._waiting_names = [], 0

    def name_one(self, native: str, name: Any, at: datetime | None) -> None:
        """An account was seen under this name at this moment (None: no name is stated, which is a deleted account's)."""
        shown = name if isinstance(name, str) and name else None
        key, moment = (native, shown, name is None), int(at.timestamp() * MICROSECONDS) if at else -1
        if self.named.get(key, -2) < moment:
            self.named[key] = moment

    def spoke_of(self, first: datetime, last: datetime) -> None:
        """The item speaks of these moments."""
        self.since = min(first, self.since or first)
        self.until = max(last, self.until or last)

    def pin(self, message_id: str, number: int) -> None:
        """A message is pinned, wherever it stands."""
        self.pins.add(message_id)
        if self.has_flushed and number not in self.maybe_pinned:
            self.late_pins.add(message_id)

    @cached_property
    def maybe_pinned_numbers(self) -> pa.Array:
        """:attr:`maybe_pinned` as blocks state numbers."""
        return pa.array(sorted(map(str, self.maybe_pinned)), pa.string())

    @property
    def waiting(self) -> int:
        """Rows gathered and not handed over."""
        return sum(table.num_rows for table in self.pending)

    def end_chat(self, chat: Chat) -> Iterator[Event]:
        """A chat is through: what was kept back goes on, and what it lacks has vanished."""
        self.pending += self.held
        self.held = []
        if chat.is_whole and self.only is None:
            chat_id = f"{self.realm}:chat:{self.chat_part(chat.native_id, chat.is_private)}"
            yield Whole("messages", ("chat_id", chat_id), chat.first, chat.last)

    def flush(self) -> Iterator[Event]:
        """Hand over the batch gathered so far."""
        if self.pending:
            yield Batch("messages", self._finished(pa.concat_tables(self.pending).combine_chunks()))
            self.pending = []
            self.has_flushed = True
        if self.addressees:
            message_ids, natives, roles, moments = zip(*self.addressees, strict=True)
            accounts = self._pseudonyms(pa.array(natives, pa.string()))
            columns = [pa.array(message_ids, pa.string()), accounts, pa.array(roles, pa.string()), pa.array(moments, INSTANT)]
            yield Batch("addressees", pa.table(columns, names=["message_id", "account_id", "role", "acted_at"]), counted=False)
            self.addressees = []

    def _finished(self, gathered: pa.Table) -> pa.Table:
        """The rows with what is worked out for all of them at once."""
        text = gathered["text"]
        chars, words, marks = text_counts(text)
        columns = {
            "account_id": self._pseudonyms(gathered[NATIVE].combine_chunks()),
            "is_pinned": pc.is_in(gathered["message_id"], value_set=pa.array(sorted(self.pins), pa.string())),
            "chars": chars,
            "words": words,
            "question_marks": marks,
        }
        return pa.table(
            [columns.get(name, gathered[name] if name in gathered.column_names else None) for name in MESSAGES.names], schema=MESSAGES
        )

    def _pseudonyms(self, natives: pa.Array) -> pa.Array:
        """Account ids; each account of an item is hashed once, not once a batch."""
        encoded = natives.dictionary_encode()
        people = encoded.dictionary.to_pylist()
        strangers = [native for native in people if native not in self._account_ids]
        self._account_ids.update(zip(strangers, self.context.pseudonyms.column(self.realm, strangers).to_pylist(), strict=True))
        return pa.array([self._account_ids[native] for native in people], pa.string()).take(encoded.indices)

    def note_chat(self, chat: Chat) -> None:
        """Keep the chat itself, and the other party of a private conversation."""
        chat_id = f"{self.realm}:chat:{self.chat_part(chat.native_id, chat.is_private)}"
        self.chats.append((chat_id, "direct" if chat.is_private else "chat", CHAT_KINDS.get(chat.type, "group"), chat.shown))
        if chat.type in ("personal_chat", "bot_chat") and chat.native_id:
            known = self.met(f"user{chat.native_id}")
            # The name over the talk, where no message shows another.
            self.named.setdefault((f"user{chat.native_id}", chat.title, False), -1)
            if chat.type == "bot_chat":
                known.is_bot = True

    def last_events(self) -> Iterator[Event]:
        """What is known only at the end: chats and people."""
        yield from self.flush()
        self._take_names()
        if self.chats:
            names = ["chat_id", "channel", "kind", "title"]
            yield Batch(
                "chats", pa.table([pa.array(column, pa.string()) for column in zip(*self.chats, strict=True)], names=names), counted=False
            )
        for (native, name, is_deleted), at in self.named.items():
            if native is None:
                continue
            account = self.met(native)
            account.is_deleted = account.is_deleted or is_deleted or None
            # Of two names of one second, one is chosen, whatever the order.
            if name and (account.name is None or (at, name) > (account.named_at, account.name)):
                account.name, account.named_at = storable(name), at
        if self.accounts:
            yield Batch("accounts", self._accounts(), counted=False)

    def _accounts(self) -> pa.Table:
        natives = sorted(self.accounts)
        known = [self.accounts[native] for native in natives]
        own = [self.contacts.get(native, {}) for native in natives]
        columns: dict[str, Any] = {
            "account_id": self.context.pseudonyms.column(self.realm, natives),
            "realm": pa.array([self.realm] * len(natives)),
            "channel": pa.array(["chat"] * len(natives)),
            "is_deleted": pa.array([one.is_deleted for one in known], pa.bool_()),
            "is_bot": pa.array([one.is_bot for one in known], pa.bool_()),
            # A channel, or the group itself where an administrator hides behind it: nobody's account.
            "is_service": pa.array([native.startswith(("channel", "chat")) for native in natives], pa.bool_()),
            "native_id": pa.array(natives, pa.string()),
            "display_name": pa.array([one.name for one in known], pa.string()),
        }
        for key in ("username", "first_name", "last_name", "phone"):
            columns[key] = pa.array([person.get(key) for person in own], pa.string())
        return pa.table(columns)
