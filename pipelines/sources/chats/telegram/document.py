"""The document of a JSON export (``result.json``): one chat at the top, or lists of chats, with people beside them."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from pipelines.sources.chats.chat_files import file_events
from pipelines.sources.chats.telegram import chats
from pipelines.sources.chats.telegram.block import LAST_SECOND
from pipelines.sources.chats.telegram.chats import PRIVATE_TYPES, Chat, Export
from pipelines.sources.chats.telegram.columns import add_messages
from pipelines.sources.chats.telegram.fields import peer
from pipelines.sources.chats.telegram.lines import block_of_lines
from pipelines.sources.formats.archives import FolderTree
from pipelines.sources.formats.json_stream import JsonStream
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Batch, Context, Covers, Event, Rejected, Seen

#: Smaller files are through before a batch goes out; pins need not be known beforehand.
_SMALL_FILE = 1 << 20
_BLOCK = 1 << 22
_PIN = b'"pin_message"'
_PINNED_NUMBER = re.compile(rb'"message_id"\s*:\s*(-?[0-9]{1,18})')
_CHAT_NUMBER = re.compile(r"-?[0-9]{1,20}")
#: Characters behind a pin's action within which the number of the pinned message is looked for.
_PIN_REACH = 200
_SECOND = re.compile(rb'_unixtime"\s*:\s*"([0-9]{1,11})"')


def read_document(path: Path, realm: str, context: Context) -> Iterator[Event]:
    """The events of one ``result.json``.

    Raises BadFile for a file that is cut off, is no JSON, is not UTF-8, or is JSON of something else.
    """
    pinned, last = _foreseen(path)
    if last:
        # Told again at the end: what is said before the rows spares the loader writing it into each of them afterwards.
        yield Covers(None, last)
    export = Export(context, realm, exporter_of(path), pinned)
    with _open(path) as content:
        yield from _walk(JsonStream(content, path), export)
    yield from export.last_events()
    if export.late_pins:
        with _open(path) as content:
            yield from _pinned_again(JsonStream(content, path), export)
    yield from file_events(export.files, FolderTree(path.parent), context)
    yield Covers(export.since, export.until)


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _foreseen(path: Path) -> tuple[frozenset[int], datetime | None]:
    """(numbers of messages that a service line seems to pin, the last moment told of near the end), found without parsing.

    A pin stands behind the message it pins, the last message at the end: what is foreseen only spares reading, or writing, a large file
    twice. A number too many costs nothing, one too few is caught by the second pass, and another moment is put right at the end.
    """
    if path.stat().st_size < _SMALL_FILE:
        return frozenset(), None
    found: set[int] = set()
    text = b""
    with _open(path) as content:
        rest = b""
        try:
            while block := content.read(_BLOCK):
                text = rest + block
                at = text.find(_PIN)
                while at >= 0:
                    number = _PINNED_NUMBER.search(text, at, at + _PIN_REACH)
                    if number:
                        found.add(int(number[1]))
                    at = text.find(_PIN, at + 1)
                rest = text[-_PIN_REACH:]
        except (EOFError, OSError, zlib.error):  # the reading itself says where
            return frozenset(), None
    seconds = [int(second) for second in _SECOND.findall(text) if int(second) <= LAST_SECOND]
    return frozenset(found), datetime.fromtimestamp(max(seconds), UTC) if seconds else None


# -- the document --------------------------------------------------------------------------------------------------------------


def _walk(stream: JsonStream, export: Export) -> Iterator[Event]:
    """The whole document: one chat at the top, or ``chats.list`` and ``left_chats.list``."""
    _check_first(stream)
    chat, has_messages = Chat(), False
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
        export.note_chat(chat)


def _check_first(stream: JsonStream) -> None:
    first = stream.peek()
    if first != "{":
        found = {"": "an empty file", "<": "HTML or XML", "[": "a JSON list", "\x00": "zero bytes"}.get(first, "something else")
        raise stream.bad("a JSON object as Telegram Desktop writes it", found)


def _check_head(chat: Chat, stream: JsonStream) -> None:
    """Without its id, the messages of one chat could not be told from another's."""
    if not chat.native_id:
        raise stream.bad("the chat's id before its messages", "no id")


def _chat_list(stream: JsonStream, export: Export, section: str) -> Generator[Event, None, bool]:
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
            chat = Chat(is_left=section == "left_chats")
            where = f"{section} {number}, "
            for inner in stream.members():
                if inner == "messages":
                    _check_head(chat, stream)
                    yield from _messages(stream, chat, export, where)
                else:
                    _chat_key(chat, inner, stream.value())
            export.note_chat(chat)
    return has_list


def _chat_key(chat: Chat, key: str, value: Any) -> None:
    if key == "id" and not isinstance(value, bool) and isinstance(value, int | str) and _CHAT_NUMBER.fullmatch(str(value)):
        chat.native_id = str(value)
    elif key == "type" and isinstance(value, str):
        chat.type = value
    elif key == "name" and isinstance(value, str):
        chat.title = storable(value)


def _own_account(value: Any, export: Export) -> None:
    """``personal_information``: the exporter's own handle and number."""
    if isinstance(value, dict) and isinstance(value.get("user_id"), int):
        export.contacts[f"user{value['user_id']}"] = _person(value)


def _address_book(value: Any, export: Export) -> None:
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


def _messages(stream: JsonStream, chat: Chat, export: Export, where: str) -> Iterator[Event]:
    seen = 0
    for block in stream.blocks(lambda piece: block_of_lines(piece, export.context.zone, export.peers)):
        for place, reason in add_messages(block, chat, export):
            yield Rejected("messages", f"{where}message {seen + place + 1}", reason)
        seen += len(block)
        yield Seen("messages", len(block))
        if export.waiting >= chats.BATCH_ROWS:
            yield from export.flush()
    yield from export.end_chat(chat)


def _pinned_again(stream: JsonStream, export: Export) -> Iterator[Event]:
    """A second pass for pinned messages whose batch had gone out: the same rows once more, pinned; they are not counted again."""
    again = Export(export.context, export.realm, export.exporter, only=frozenset(export.late_pins))
    for event in chain(_walk(stream, again), again.flush()):
        if isinstance(event, Batch) and event.record == "messages" and event.table.num_rows:
            place = event.table.schema.get_field_index("is_pinned")
            pinned = event.table.set_column(place, "is_pinned", pa.array([True] * event.table.num_rows, pa.bool_()))
            yield Batch("messages", pinned, counted=False)


# -- the exporter --------------------------------------------------------------------------------------------------------------


def exporter_of(path: Path) -> str | None:
    """The exporting account's number; None where the file does not tell. Stops reading as soon as it is known or cannot be told."""
    with _open(path) as content:
        stream = JsonStream(content, path)
        _check_first(stream)
        chat = Chat()
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
                        if found := _exporter_of_chat(stream, stream.members(), Chat()):
                            return found
            elif key == "messages":
                return _exporter_of_messages(stream, chat) if chat.type in PRIVATE_TYPES else None
            else:
                _chat_key(chat, key, stream.value())
    return None


def _exporter_of_chat(stream: JsonStream, keys: Iterator[str], chat: Chat) -> str | None:
    for key in keys:
        if key == "messages":
            if found := _exporter_of_messages(stream, chat):
                return found
        else:
            _chat_key(chat, key, stream.value())
    return None


def _exporter_of_messages(stream: JsonStream, chat: Chat) -> str | None:
    if chat.type == "saved_messages" and chat.native_id:
        return chat.native_id
    for raw in chain.from_iterable(stream.blocks()):
        author = peer(raw.get("from_id", raw.get("actor_id"))) if isinstance(raw, dict) else None
        if chat.type in ("personal_chat", "bot_chat") and author and author.startswith("user") and author != f"user{chat.native_id}":
            return author.removeprefix("user")
    return None
