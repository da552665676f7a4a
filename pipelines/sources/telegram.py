"""Telegram Desktop: chats exported as "machine-readable JSON" (``result.json``), one chat or everything of one account.

Grain: one row of ``messages`` per element of a chat's ``messages``; one of ``chats`` per chat; one of ``accounts`` per account that
wrote, acted or was spoken to; one of ``addressees`` per mention by id, and per message of a private conversation.

What the format does, and what is made of it (tdesktop, ``export_output_json.cpp``):

- ``date`` is the exporting computer's local time without a zone; ``date_unixtime`` stands beside it since 2021. Older files are read in
  the programme's zone; an hour that occurs twice in autumn is taken as its first occurrence. "Never edited" is the year 1970 there.
- ``text`` is a string, or a list of strings and entities (links, bold, mentions); words are kept, targets of links are not. The
  words of a poll are its question and answers.
- ``from_id`` is "user…", "channel…" (a channel's post, or an administrator who writes as the group) or "chat…"; before 2021 a bare
  number, in which channels and groups were told apart by the bits above the 32nd. ``from`` is null for deleted accounts.
- In a forum, a message of a topic says ``reply_to_message_id`` = the topic's root: its thread, not an answer. ``topic_created`` is the root.
- A pin is a service message that names the pinned one.
- Message ids are unique inside a supergroup or channel. In private conversations they count per *exporting account*, so the
  conversation's id is a pseudonym of (exporter, other party), which also keeps the other party's number out of ``raw``. The exporter is
  known from ``personal_information``, from the saved messages' id, or from the first message that the other party did not write.
  Basic groups (``private_group``) have the same weakness: two accounts' exports of one basic group are not told apart.

Not kept: names and contents of files, contact cards, places, e-mail and IP lists; from the address book, only the numbers of people
who write in the exported chats. ``deleted_at`` stays null: an export does not say what was deleted; a message that a later export of
the same span lacks could be taken as deleted, but that needs the earlier one beside it, and readers look nothing up.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import pyarrow as pa

from pipelines.errors import BadSource
from pipelines.programme import Source
from pipelines.sources.json_stream import JsonStream
from pipelines.sources.plain_text import count_question_marks, count_words, storable
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

DEFAULT_REALM = "telegram"
#: Messages in one Arrow batch: about 40 MB while it is built.
BATCH_ROWS = 50_000

_SUFFIXES = (".json", ".json.gz")
_CHAT_KINDS = {
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
_PRIVATE_TYPES = frozenset(("saved_messages", "replies", "verify_codes", "personal_chat", "bot_chat"))
_MEDIA_TYPES = {
    "sticker": "sticker",
    "voice_message": "voice",
    "video_message": "video",
    "video_file": "video",
    "animation": "video",
    "audio_file": "file",
}
_MEDIA_KEYS = (
    ("photo", "photo"),
    ("poll", "poll"),
    ("location_information", "location"),
    ("place_name", "location"),
    ("contact_information", "contact"),
    ("file", "file"),
)
_FORWARD_KEYS = ("forwarded_from", "forwarded_from_id", "saved_from")
#: Bare ids of exports before 2021: the bits above the 32nd say what kind of peer it is.
_PEER_SHIFT = 1 << 32
_PEER = re.compile(r"(user|chat|channel)?(-?\d+)")

_MESSAGES = pa.schema(
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


class TelegramReader:
    """Reads exports of Telegram Desktop (kind "telegram"); one item is one ``.json`` or ``.json.gz`` file.

    Record kinds: chats, accounts, messages (counted), addressees. Rejected, as "message N" of a chat: ``not an object``, ``no id``,
    ``no readable date``, ``no kind``.
    """

    kind: ClassVar[str] = "telegram"
    version: ClassVar[int] = 1

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every export below the source's path, by name; hidden files and files that were sent in a chat are none.

        Raises BadSource where the path is not there or holds no export.
        """
        root = source.path
        if root is None:
            raise BadSource(f"source {source.name}: path is missing in the programme file")
        if not root.exists():
            raise BadSource(f"source {source.name}: looking for Telegram exports: there is no file or folder {root}")
        if root.is_file():
            return [Item(root.name, root)]
        files = sorted(
            path
            for path in root.rglob("*")
            if path.name.lower().endswith(_SUFFIXES) and path.is_file() and not _is_hidden(path.relative_to(root))
        )
        exports = {path.parent for path in files if _is_result(path)}
        found = [path for path in files if _is_result(path) or exports.isdisjoint(path.parent.parents)]
        if not found:
            html = any(root.rglob("messages*.html"))
            hint = "; there is an HTML export: choose 'Machine-readable JSON' in Telegram Desktop" if html else ""
            raise BadSource(f"source {source.name}: looking for Telegram exports: no .json or .json.gz below {root.name}{hint}")
        return [Item(path.relative_to(root).as_posix(), path) for path in found]

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one export, in batches of about fifty thousand messages.

        Raises BadFile for a file that is cut off, is no JSON, is not UTF-8, or is JSON of something else.
        """
        path = _path_of(item)
        export = _Export(context, source.realm or DEFAULT_REALM, _exporter(path))
        with _open(path) as content:
            yield from _walk(JsonStream(content, path), export)
        yield from export.last_events()
        if export.late_pins:
            with _open(path) as content:
                yield from _pinned_again(JsonStream(content, path), export)
        yield Covers(export.since, export.until)


# -- the document --------------------------------------------------------------------------------------------------------------


@dataclass
class _Chat:
    """A chat as far as it is known while its messages pass by."""

    native_id: str = ""
    type: str = ""
    title: str | None = None
    #: Message id → id of the topic's root; holds only messages of topics.
    topics: dict[int, int] = field(default_factory=dict)
    is_forum: bool = False


@dataclass
class _Export:
    """What is gathered while one file passes by."""

    context: Context
    realm: str
    exporter: str | None
    rows: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _MESSAGES.names})
    row_of: dict[str, int] = field(default_factory=dict)
    addressees: list[tuple[str, str, str]] = field(default_factory=list)
    #: Native id → [latest name, when, is_deleted, is_bot].
    accounts: dict[str, list[Any]] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    chats: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    #: Pinned messages whose batch had gone out already.
    late_pins: set[str] = field(default_factory=set)
    has_flushed: bool = False
    #: Keep these messages only (the second pass); None: all.
    only: set[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def chat_id(self, native_id: str, is_private: bool) -> str:
        """The part of an id that names the chat: the export's number, or a pseudonym where that number is a person's."""
        return self.context.pseudonyms.of(f"{self.realm}:chat", f"{self.exporter or ''}:{native_id}") if is_private else native_id

    def met(self, native_id: str | None, name: str | None, at: datetime, is_deleted: bool | None = None) -> None:
        """An account was seen under a name; the latest name stands."""
        if native_id is None:
            return
        known = self.accounts.setdefault(native_id, [None, None, None, None])
        if name and (known[1] is None or at >= known[1]):
            known[0], known[1] = name, at
        if is_deleted:
            known[2] = True

    def flush(self) -> Iterator[Event]:
        """Hand over the batch gathered so far."""
        if self.rows["message_id"]:
            columns = dict(self.rows)
            arrays = [
                self.context.pseudonyms.column(self.realm, columns[name]) if name == "account_id" else pa.array(columns[name], kind)
                for name, kind in zip(_MESSAGES.names, _MESSAGES.types, strict=True)
            ]
            yield Batch("messages", pa.table(arrays, schema=_MESSAGES))
            self.rows = {name: [] for name in _MESSAGES.names}
            self.row_of = {}
            self.has_flushed = True
        if self.addressees:
            message_ids, natives, roles = zip(*self.addressees, strict=True)
            yield Batch(
                "addressees",
                pa.table(
                    {
                        "message_id": pa.array(message_ids, pa.string()),
                        "account_id": self.context.pseudonyms.column(self.realm, natives),
                        "role": pa.array(roles, pa.string()),
                    }
                ),
                counted=False,
            )
            self.addressees = []

    def last_events(self) -> Iterator[Event]:
        """What is known only at the end: chats and people."""
        yield from self.flush()
        if self.chats:
            ids, channels, kinds, titles = zip(*self.chats, strict=True)
            names = ("chat_id", "channel", "kind", "title")
            columns = [pa.array(values, pa.string()) for values in (ids, channels, kinds, titles)]
            yield Batch("chats", pa.table(columns, names=names), counted=False)
        if self.accounts:
            yield Batch("accounts", self._accounts(), counted=False)

    def _accounts(self) -> pa.Table:
        natives = sorted(self.accounts)
        own = [self.contacts.get(native, {}) for native in natives]
        count = len(natives)
        return pa.table(
            {
                "account_id": self.context.pseudonyms.column(self.realm, natives),
                "realm": pa.array([self.realm] * count),
                "channel": pa.array(["chat"] * count),
                "is_deleted": pa.array([self.accounts[native][2] for native in natives], pa.bool_()),
                "is_bot": pa.array([self.accounts[native][3] for native in natives], pa.bool_()),
                # A channel, or the group itself where an administrator hides behind it: nobody's account.
                "is_service": pa.array([not native.startswith("user") for native in natives], pa.bool_()),
                "native_id": pa.array(natives, pa.string()),
                "display_name": pa.array([self.accounts[native][0] for native in natives], pa.string()),
                "username": pa.array([known.get("username") for known in own], pa.string()),
                "first_name": pa.array([known.get("first_name") for known in own], pa.string()),
                "last_name": pa.array([known.get("last_name") for known in own], pa.string()),
                "phone": pa.array([known.get("phone") for known in own], pa.string()),
            }
        )


def _walk(stream: JsonStream, export: _Export) -> Iterator[Event]:
    """The whole document: one chat at the top, or ``chats.list`` and ``left_chats.list``."""
    _check_first(stream)
    chat, has_messages = _Chat(), False
    for key in stream.members():
        match key:
            case "messages":
                has_messages = True
                _check_head(chat, stream)
                yield from _messages(stream, chat, export, "")
            case "chats" | "left_chats":
                has_messages = (yield from _chat_list(stream, export, key)) or has_messages
            case "personal_information":
                _own_account(stream.value(), export)
            case "contacts":
                _address_book(stream.value(), export)
            case _:
                _chat_key(chat, key, stream.value())
    if stream.peek():
        raise stream.bad("the end of the file", "more after the end of the export")
    if not has_messages:
        raise stream.bad("a Telegram export with messages or chats", "JSON of something else")
    if chat.native_id or chat.type:
        _note_chat(chat, export)


def _check_first(stream: JsonStream) -> None:
    first = stream.peek()
    if first != "{":
        found = {"": "an empty file", "<": "HTML or XML", "[": "a JSON list", "\x00": "zero bytes"}.get(first, "something else")
        raise stream.bad("a JSON object as Telegram Desktop writes it", found)


def _check_head(chat: _Chat, stream: JsonStream) -> None:
    """Without its id, the messages of one chat could not be told from another's."""
    if not chat.native_id:
        raise stream.bad("the chat's id before its messages", "no id")


def _chat_list(stream: JsonStream, export: _Export, section: str) -> Generator[Event, None, bool]:
    """``{"about": …, "list": [chat, …]}``; returns whether there was a list."""
    has_list = False
    if stream.peek() != "{":
        raise stream.bad(f"an object under '{section}'", "something else")
    for key in stream.members():
        if key != "list":
            stream.value()
            continue
        has_list = True
        for number in stream.elements():
            chat = _Chat()
            where = f"{section} {number}, "
            for inner in stream.members():
                if inner == "messages":
                    _check_head(chat, stream)
                    yield from _messages(stream, chat, export, where)
                else:
                    _chat_key(chat, inner, stream.value())
            _note_chat(chat, export)
    return has_list


def _chat_key(chat: _Chat, key: str, value: Any) -> None:
    if key == "id" and isinstance(value, int | str):
        chat.native_id = str(value)
    elif key == "type" and isinstance(value, str):
        chat.type = value
    elif key == "name" and isinstance(value, str):
        chat.title = storable(value)


def _note_chat(chat: _Chat, export: _Export) -> None:
    is_private = chat.type in _PRIVATE_TYPES
    export.chats.append(
        (
            f"{export.realm}:chat:{export.chat_id(chat.native_id, is_private)}",
            "direct" if is_private else "chat",
            _CHAT_KINDS.get(chat.type, "group"),
            chat.title,
        )
    )
    if chat.type in ("personal_chat", "bot_chat") and chat.native_id:
        other = f"user{chat.native_id}"
        known = export.accounts.setdefault(other, [None, None, None, None])
        if known[0] is None:
            known[0] = chat.title
        if chat.type == "bot_chat":
            known[3] = True


def _own_account(value: Any, export: _Export) -> None:
    """``personal_information``: the exporter's own handle and number."""
    if isinstance(value, dict) and isinstance(value.get("user_id"), int):
        export.contacts[f"user{value['user_id']}"] = _person(value)


def _address_book(value: Any, export: _Export) -> None:
    people = value.get("list") if isinstance(value, dict) else None
    for person in people if isinstance(people, list) else ():
        if isinstance(person, dict) and isinstance(person.get("user_id"), int) and person["user_id"]:
            export.contacts.setdefault(f"user{person['user_id']}", _person(person))


def _person(value: dict[str, Any]) -> dict[str, str | None]:
    def said(key: str) -> str | None:
        return storable(value[key]).strip() or None if isinstance(value.get(key), str) else None

    digits = re.sub(r"\D", "", said("phone_number") or "")
    return {
        "username": (said("username") or "").lstrip("@") or None,
        "first_name": said("first_name"),
        "last_name": said("last_name"),
        "phone": f"+{digits}" if digits else None,
    }


# -- messages ------------------------------------------------------------------------------------------------------------------


def _messages(stream: JsonStream, chat: _Chat, export: _Export, where: str) -> Iterator[Event]:
    seen = 0
    for number in stream.elements():
        raw = stream.value()
        seen += 1
        reason = _message(raw, chat, export)
        if reason:
            yield Rejected("messages", f"{where}message {number}", reason)
        if seen % BATCH_ROWS == 0:
            yield Seen("messages", BATCH_ROWS)
        if len(export.rows["message_id"]) >= BATCH_ROWS:
            yield from export.flush()
    yield Seen("messages", seen % BATCH_ROWS)


def _message(raw: Any, chat: _Chat, export: _Export) -> str | None:
    """Add one message to the batch, or say why not."""
    if not isinstance(raw, dict):
        return "not an object"
    number = raw.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        return "no id"
    zone = export.context.zone
    sent_at = _moment(raw.get("date_unixtime"), raw.get("date"), zone)
    if sent_at is None:
        return "no readable date"
    if raw.get("type") not in ("message", "service"):
        return "no kind"
    is_service = raw["type"] == "service"
    edited_at = _moment(raw.get("edited_unixtime"), raw.get("edited"), zone)
    export.since = min(sent_at, export.since or sent_at)
    export.until = max(edited_at or sent_at, sent_at, export.until or sent_at)

    is_private = chat.type in _PRIVATE_TYPES
    chat_part = export.chat_id(chat.native_id, is_private)
    message_id = f"{export.realm}:message:{chat_part}:{number}"
    who, name = ("actor_id", "actor") if is_service else ("from_id", "from")
    author = _peer(raw.get(who))
    shown = raw.get(name)
    export.met(author, storable(shown) if isinstance(shown, str) else None, sent_at, is_deleted=name in raw and shown is None)
    thread_id, reply_to_id = _place_in_talk(raw, number, chat, chat_part, export)
    if export.only is not None and message_id not in export.only:
        return None
    text = _text_of(raw)
    row = export.rows
    export.row_of[message_id] = len(row["message_id"])
    for column, value in (
        ("message_id", message_id),
        ("channel", "direct" if is_private else "chat"),
        ("chat_id", f"{export.realm}:chat:{chat_part}"),
        ("thread_id", thread_id),
        ("reply_to_id", reply_to_id),
        ("account_id", author),
        ("sent_at", sent_at),
        ("edited_at", edited_at),
        ("kind", "service" if is_service else "post"),
        ("media", None if is_service else _media(raw)),
        ("is_private", is_private),
        ("is_pinned", False),
        ("is_forwarded", any(key in raw for key in _FORWARD_KEYS)),
        ("chars", len(text)),
        ("words", count_words(text)),
        ("question_marks", count_question_marks(text)),
        ("reactions", _reactions(raw)),
        ("subject", _topic_title(raw)),
        ("text", text),
    ):
        row[column].append(value)
    if is_service and raw.get("action") == "pin_message" and isinstance(raw.get("message_id"), int):
        _pin(f"{export.realm}:message:{chat_part}:{raw['message_id']}", export)
    _address(raw, message_id, author, chat, export, sent_at)
    return None


def _place_in_talk(raw: dict[str, Any], number: int, chat: _Chat, chat_part: str, export: _Export) -> tuple[str | None, str | None]:
    """Thread and answered message, as ids."""
    prefix = f"{export.realm}:message"
    answered = raw.get("reply_to_message_id")
    if raw.get("action") == "topic_created":
        chat.is_forum = True
        chat.topics[number] = number
        return f"{prefix}:{chat_part}:{number}", None
    if isinstance(answered, bool) or not isinstance(answered, int) or not answered:
        return None, None
    elsewhere = _peer(raw.get("reply_to_peer_id"))
    if elsewhere is not None:
        digits = elsewhere.lstrip("userchanl")
        return None, f"{prefix}:{export.chat_id(digits, elsewhere.startswith('user'))}:{answered}"
    root = chat.topics.get(answered) if chat.is_forum else None
    if root is not None:
        chat.topics[number] = root
    reply_to_id = None if root == answered else f"{prefix}:{chat_part}:{answered}"
    return (f"{prefix}:{chat_part}:{root}" if root is not None else None), reply_to_id


def _address(raw: dict[str, Any], message_id: str, author: str | None, chat: _Chat, export: _Export, at: datetime) -> None:
    """Who is spoken to: people mentioned by id, and the other party of a private conversation."""
    spoken_to = dict.fromkeys(
        f"user{entity['user_id']}"
        for entity in _entities(raw)
        if entity.get("type") == "mention_name" and isinstance(entity.get("user_id"), int) and entity["user_id"]
    )
    for native in spoken_to:
        export.met(native, None, at)
        export.addressees.append((message_id, native, "mention"))
    if chat.type in ("personal_chat", "bot_chat") and chat.native_id:
        other = f"user{chat.native_id}"
        receiver = other if author != other else (f"user{export.exporter}" if export.exporter else None)
        if receiver and author:
            export.met(receiver, None, at)
            export.addressees.append((message_id, receiver, "member"))


def _entities(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("text", "text_entities"):
        parts = raw.get(key)
        if isinstance(parts, list):
            yield from (part for part in parts if isinstance(part, dict))


def _pin(message_id: str, export: _Export) -> None:
    row = export.row_of.get(message_id)
    if row is not None:
        export.rows["is_pinned"][row] = True
    elif export.has_flushed:
        export.late_pins.add(message_id)


def _pinned_again(stream: JsonStream, export: _Export) -> Iterator[Event]:
    """A second pass for pinned messages whose batch had gone out: the same rows once more, pinned; they are not counted again."""
    again = _Export(export.context, export.realm, export.exporter, only=export.late_pins)
    for event in chain(_walk(stream, again), again.flush()):
        if isinstance(event, Batch) and event.record == "messages":
            place = event.table.schema.get_field_index("is_pinned")
            pinned = event.table.set_column(place, "is_pinned", pa.array([True] * event.table.num_rows, pa.bool_()))
            yield Batch("messages", pinned, counted=False)


# -- fields --------------------------------------------------------------------------------------------------------------------


def _moment(epoch: Any, local: Any, zone: Any) -> datetime | None:
    """UTC from epoch seconds, else from local time without a zone; None for neither, for 1970 ("never"), for an impossible one."""
    try:
        if epoch not in (None, ""):
            seconds = int(epoch)
            return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
        if isinstance(local, str):
            stated = datetime.fromisoformat(local)
            moment = (stated if stated.tzinfo else stated.replace(tzinfo=zone, fold=0)).astimezone(UTC)
            return moment if moment.year > 1970 else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return None


def _peer(value: Any) -> str | None:
    """Native id with its kind: "user1", "channel1", "chat1"; of bare numbers of older exports as well."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    match = _PEER.fullmatch(str(value))
    if not match or int(match[2]) == 0:
        return None
    if match[1]:
        return match[0]
    number = int(match[2])
    kind = ("user", "chat", "channel")[min(number // _PEER_SHIFT, 2)] if number > 0 else "chat"
    return f"{kind}{abs(number) % _PEER_SHIFT}"


def _text_of(raw: dict[str, Any]) -> str:
    text = _flat(raw["text"] if "text" in raw else raw.get("text_entities"))
    poll = raw.get("poll")
    if isinstance(poll, dict):
        answers = poll.get("answers")
        lines = [
            poll.get("question"),
            *(part.get("text") for part in (answers if isinstance(answers, list) else ()) if isinstance(part, dict)),
        ]
        text = "\n".join(line for line in (text, *map(_flat, lines)) if line)
    return storable(text)


def _flat(text: Any) -> str:
    """Words of a text: a string, or a list of strings and entities."""
    if isinstance(text, str):
        return text
    if isinstance(text, dict):
        return _flat(text.get("text"))
    return "".join(map(_flat, text)) if isinstance(text, list) else ""


def _media(raw: dict[str, Any]) -> str | None:
    media = _MEDIA_TYPES.get(raw.get("media_type", ""))
    return media or next((kind for key, kind in _MEDIA_KEYS if raw.get(key) is not None), None)


def _reactions(raw: dict[str, Any]) -> int | None:
    reactions = raw.get("reactions")
    if not isinstance(reactions, list):
        return None
    return sum(one["count"] for one in reactions if isinstance(one, dict) and isinstance(one.get("count"), int))


def _topic_title(raw: dict[str, Any]) -> str | None:
    title = raw.get("title")
    return storable(title) if raw.get("action") == "topic_created" and isinstance(title, str) else None


# -- files ---------------------------------------------------------------------------------------------------------------------


def _exporter(path: Path) -> str | None:
    """The exporting account's number; None where the file does not tell. Stops reading as soon as it is known or cannot be told."""
    with _open(path) as content:
        stream = JsonStream(content, path)
        _check_first(stream)
        chat = _Chat()
        for key in stream.members():
            if key == "personal_information":
                value = stream.value()
                if isinstance(value, dict) and isinstance(value.get("user_id"), int):
                    return str(value["user_id"])
            elif key in ("chats", "left_chats") and stream.peek() == "{":
                for inner in stream.members():
                    if inner != "list":
                        stream.value()
                        continue
                    for _ in stream.elements():
                        if found := _exporter_of_chat(stream, stream.members(), _Chat()):
                            return found
            elif key == "messages":
                return _exporter_of_messages(stream, chat) if chat.type in _PRIVATE_TYPES else None
            else:
                _chat_key(chat, key, stream.value())
    return None


def _exporter_of_chat(stream: JsonStream, keys: Iterator[str], chat: _Chat) -> str | None:
    for key in keys:
        if key == "messages":
            if found := _exporter_of_messages(stream, chat):
                return found
        else:
            _chat_key(chat, key, stream.value())
    return None


def _exporter_of_messages(stream: JsonStream, chat: _Chat) -> str | None:
    if chat.type == "saved_messages" and chat.native_id:
        return chat.native_id
    for _ in stream.elements():
        raw = stream.value()
        author = _peer(raw.get("from_id", raw.get("actor_id"))) if isinstance(raw, dict) else None
        if chat.type in ("personal_chat", "bot_chat") and author and author.startswith("user") and author != f"user{chat.native_id}":
            return author.removeprefix("user")
    return None


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _path_of(item: Item) -> Path:
    if item.path is None:
        raise BadSource(f"{item.name}: a Telegram export is a file; the item has no path")
    return item.path


def _is_result(path: Path) -> bool:
    return path.name.lower() in ("result.json", "result.json.gz")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
