"""Discord: channels exported by DiscordChatExporter as JSON, one file per channel, thread or conversation, also packed.

Grain: one row of ``messages`` per element of ``messages``; one of ``chats`` per file; one of ``accounts`` per account that wrote or is
mentioned; one of ``addressees`` per mention, per message of a conversation of two, and per person who reacted (where the exporter was asked to name them).

What the format does, and what is made of it (``JsonMessageWriter.cs`` of Tyrrrz/DiscordChatExporter):

- Ids are snowflakes, unique in all of Discord. Times have an offset.
- A thread is a channel of its own; ``category`` is then its parent. It is a chat here, and its messages name it as their thread.
- The exporter knows the first kinds of message by name and writes later ones as numbers; what no person wrote is ``service``.
- A reply is a message of kind Reply with a ``reference``; a pin, a new thread and a forward refer to a message as well and answer none.
  The words of a forward are those of ``forwardedMessage``.
- A bot's message often has no words but an embed: its title, description and fields are the words then. The words of a poll are its question and
  answers (written since 2026; before, a poll is a message without words).
- A fork of the exporter may name people by number where they write and react (``authorId``, ``mentionIds``, ``userIds``) and list them once, behind
  the messages (``users``).
- An export in parts (``--partition``) is several files of one channel, each whole between its first and last message; so is each export
  with ``--after`` or ``--before`` (``dateRange``). One made with ``--filter`` is not, and the file does not say so (``messageCount`` counts what
  is in the file). It is taken for filtered, and nothing for deleted by it, where it has one author alone, or where of the replies to messages of its
  span more than ``thresholds.filtered_replies_share`` lead to messages that it lacks; ``is_whole`` of the source says it for certain.
- ``url`` of an attachment leads into the network, or, exported with ``--media``, to a file beside the export: documents are then opened for their
  words (:mod:`pipelines.sources.chats.chat_files`).
- Nobody says who the other one of a conversation is until he writes.

Not kept: names of files, roles, colours, targets of embeds and buttons, which emoji a reaction is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import PurePath, PurePosixPath
from typing import Any, ClassVar

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.chats.chat_rows import Chat, ChatRows, count_of, from_iso, id_of, media_of, records, said, texts
from pipelines.sources.formats.archives import FolderTree, ZipTree, path_of, tree_items
from pipelines.sources.formats.json_stream import JsonStream
from pipelines.sources.reading import Context, Covers, Event, Item, Rejected

DEFAULT_REALM = "discord"
WHAT = "an export of DiscordChatExporter as JSON (kind discord)"

_EXPORT, _ARCHIVE = ".json", ".zip"
#: End of the name of the folder of posted files: that of the export goes before it.
_MEDIA = "_Files"
#: Kinds of message that a person or bot wrote; 20 and 23 are answers to commands, 21 repeats the first message of a thread.
_POSTS = frozenset(("Default", "Reply", "0", "19", "20", "23", "ChatInputCommand", "ContextMenuCommand"))
_REPLIES = frozenset(("Reply", "19"))
_KINDS = {"DirectTextChat": ("direct", "personal"), "DirectGroupTextChat": ("direct", "group"), "GuildNews": ("chat", "channel")}
_THREADS = frozenset(("GuildNewsThread", "GuildPublicThread", "GuildPrivateThread"))
_FIRST_MOMENT = datetime(2015, 1, 1, tzinfo=UTC)
_SNOWFLAKE_DIGITS = 19
#: The account that takes over what deleted accounts wrote.
_DELETED_USER = "456226577798135808"


class DiscordReader:
    """Reads exports of DiscordChatExporter (kind "discord"); one item is one ``.json`` file, or one ``.zip`` of such.

    Record kinds: chats, accounts, messages (counted), addressees, message_files (counted), file_texts (counted). Rejected, as "message N" (of an archive "file N, message M"): ``not an object``, ``no id``,
    ``no readable date``.
    """

    kind: ClassVar[str] = "discord"
    version: ClassVar[int] = 6
    opens_files: ClassVar[bool] = True
    items_name_people: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every ``.json`` and ``.zip`` below the source's path, by name; what was posted and lies beside an export is none. Raises BadSource where there is none."""
        return tree_items(source, "Discord exports (.json or .zip)", lambda path: False, (_EXPORT, _ARCHIVE), is_posted=_is_posted)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one export, or of those in an archive. Raises BadFile for a file that is cut off, no JSON, or JSON of something else."""
        path = path_of(item, WHAT)
        if path.suffix.lower() != _ARCHIVE:
            yield from _read(FolderTree(path.parent), path.name, source, context)
            return
        tree = ZipTree(path)
        every = frozenset(tree.names())
        names = [
            name for name in sorted(every) if name.lower().endswith(_EXPORT) and not _is_posted(PurePosixPath(name), every.__contains__)
        ]
        if not names:
            raise BadFile(path, place="archive", expected=WHAT, found="none")
        spans: list[Covers] = []
        for number, name in enumerate(names, start=1):
            for event in _read(tree, name, source, context):
                if isinstance(event, Covers):
                    spans.append(event)
                elif isinstance(event, Rejected):
                    yield replace(event, place=f"file {number}, {event.place}")
                else:
                    yield event
        yield Covers(
            min((one.since for one in spans if one.since), default=None), max((one.until for one in spans if one.until), default=None)
        )


def _is_posted(path: PurePath, is_there: Callable[[str], bool] = os.path.isfile) -> bool:
    """Does it lie in the folder that ``--media`` makes beside an export?"""
    return any(folder.name.endswith(_MEDIA) and is_there(str(folder).removesuffix(_MEDIA)) for folder in path.parents)


def _read(tree: FolderTree | ZipTree, name: str, source: Source, context: Context) -> Iterator[Event]:
    rows = ChatRows(context, source.realm or DEFAULT_REALM, may_be_filtered=True)
    members = _members(tree, name)
    guild: Any = None
    chat: Chat | None = None
    is_thread = has_messages = False
    beside = name.removesuffix(name.rpartition("/")[2])
    with tree.open(name) as content:
        stream = JsonStream(content, tree.named(name))
        if stream.peek() != "{":
            raise stream.bad(WHAT, "an empty file" if not stream.peek() else "something else")
        for key in stream.members():
            if key == "guild":
                guild = stream.value()
            elif key == "channel":
                raw = stream.value()
                chat, is_thread = _chat(raw, guild), isinstance(raw, dict) and str(raw.get("type")) in _THREADS
            elif key == "exportedAt":
                if made_at := from_iso(stream.value(), context.zone):
                    rows.reaches(made_at)
            elif key == "messages":
                if chat is None:
                    raise stream.bad("the channel with its id before its messages", "none")
                has_messages = True
                rows.chat(chat)
                for number, raw in enumerate(chain.from_iterable(stream.blocks()), start=1):
                    rows.seen()
                    if reason := _message(raw, chat, is_thread, members, rows, f"message {number}", beside):
                        yield Rejected("messages", f"message {number}", reason)
                    yield from rows.full()
            elif key == "users":
                for person in records({key: stream.value()}, key):
                    _account(person, rows, None)
            else:
                stream.value()
        if stream.peek():
            raise stream.bad("the end of the file", "more after the end of the export")
        if not has_messages:
            raise stream.bad(WHAT, "JSON of something else")
    yield from rows.last(is_whole=source.is_whole, tree=tree)


def _chat(raw: Any, guild: Any) -> Chat | None:
    part = id_of(raw, "id")
    if part is None or not isinstance(raw, dict):
        return None
    channel, kind = _KINDS.get(str(raw.get("type")), ("chat", "supergroup"))
    names = [said(raw, "name")]
    if channel == "chat":
        names = [said(guild, "name"), said(raw, "category"), *names]
    return Chat(part, channel, kind, " / ".join(name for name in names if name) or None)


def _message(raw: Any, chat: Chat, is_thread: bool, members: list[str], rows: ChatRows, place: str, beside: str) -> str | None:
    """Take one message, or say why not. ``place``: where it stands in the file; ``beside``: the folder of the file."""
    if not isinstance(raw, dict):
        return "not an object"
    number = id_of(raw, "id")
    if number is None:
        return "no id"
    zone = rows.context.zone
    sent_at = from_iso(raw.get("timestamp"), zone)
    if sent_at is None:
        return "no readable date"
    kind = str(raw.get("type", "Default"))
    reference = raw.get("reference")
    answered, forwarded = id_of(reference, "messageId"), raw.get("forwardedMessage")
    is_forward = isinstance(forwarded, dict) or (isinstance(reference, dict) and reference.get("type") == "Forward")
    author = _account(raw.get("author"), rows, sent_at) or id_of(raw, "authorId")
    reply_to = None
    if kind in _REPLIES and answered and not is_forward:
        reply_to = rows.message_id(id_of(reference, "channelId") or chat.part, answered)
    content = forwarded if isinstance(forwarded, dict) else raw
    message_id = rows.message(
        chat,
        number,
        author,
        sent_at,
        "\n".join(text for text in (said(raw, "content"), said(forwarded, "content"), *_poll(raw)) if text) or _embedded(content),
        thread=f"{rows.realm}:thread:{chat.part}" if is_thread else None,
        reply_to=reply_to,
        answered_at=_moment_of(answered) if reply_to else None,
        edited_at=from_iso(raw.get("timestampEdited"), zone),
        is_service=kind not in _POSTS,
        media=_media(content),
        is_pinned=raw.get("isPinned") is True,
        is_forwarded=is_forward,
        reactions=sum(count_of(reaction, "count") for reaction in records(raw, "reactions")),
    )
    for attachment in records(content, "attachments"):
        address = said(attachment, "url")
        if address and "://" not in address and media_of(said(attachment, "fileName")) == "file":
            # Of Windows, paths have its separators.
            rows.file(chat, message_id, beside + address.replace("\\", "/"), place)
    for mentioned in _people(raw, "mentions", "mentionIds", rows, sent_at):
        rows.address(message_id, mentioned, "mention")
    for member in members:
        if author and member != author:
            rows.address(message_id, member, "member")
    for reaction in records(raw, "reactions"):
        for native in _people(reaction, "users", "userIds", rows, sent_at):
            rows.address(message_id, native, "reaction")
    return None


def _moment_of(snowflake: str | None) -> datetime | None:
    """When the thing of this id was made: milliseconds since 2015 stand above its last 22 bits."""
    if snowflake is None or not snowflake.isdecimal() or len(snowflake) > _SNOWFLAKE_DIGITS:
        return None
    return _FIRST_MOMENT + timedelta(milliseconds=int(snowflake) >> 22)


def _account(raw: Any, rows: ChatRows, at: Any) -> str | None:
    native = id_of(raw, "id")
    if native is None:
        return None
    is_deleted = native == _DELETED_USER
    rows.met(native, None if is_deleted else said(raw, "nickname") or said(raw, "name"), at, username=said(raw, "name"))
    rows.met(native, is_bot=raw.get("isBot") is True, is_deleted=is_deleted or None, is_service=is_deleted or None)
    return native


def _people(raw: dict[str, Any], people: str, numbers: str, rows: ChatRows, at: Any) -> list[str]:
    """The people under a key, whether they stand there themselves or by their numbers."""
    found = [_account(person, rows, at) for person in records(raw, people)]
    found += [id_of({"id": number}, "id") for number in texts(raw, numbers)]
    return [native for native in found if native]


def _embedded(raw: dict[str, Any]) -> str:
    words = (
        text
        for embed in records(raw, "embeds")
        for text in (
            said(embed, "title"),
            said(embed, "description"),
            *(said(field, key) for field in records(embed, "fields") for key in ("name", "value")),
        )
    )
    return "\n".join(filter(None, words))


def _poll(raw: dict[str, Any]) -> list[str | None]:
    poll = raw.get("poll")
    return [said(poll, "question"), *(said(answer, "text") for answer in records(poll, "answers"))]


def _media(raw: dict[str, Any]) -> str | None:
    for attachment in records(raw, "attachments"):
        return media_of(said(attachment, "fileName"))
    return "sticker" if records(raw, "stickers") else "poll" if isinstance(raw.get("poll"), dict) else None


def _members(tree: FolderTree | ZipTree, name: str) -> list[str]:
    """The two of a conversation, as far as both wrote; nobody for anything else. Reads other files' heads only."""
    with tree.open(name) as content:
        stream = JsonStream(content, tree.named(name))
        authors: dict[str, None] = {}
        is_conversation = False
        if stream.peek() != "{":
            return []
        for key in stream.members():
            if key == "channel":
                raw = stream.value()
                is_conversation = isinstance(raw, dict) and raw.get("type") == "DirectTextChat"
            elif key == "messages":
                if is_conversation:
                    for _ in stream.elements():
                        raw = stream.value()
                        if author := (id_of(raw.get("author"), "id") or id_of(raw, "authorId")) if isinstance(raw, dict) else None:
                            authors.setdefault(author)
                        if len(authors) == 2:
                            return list(authors)
                return []
            else:
                stream.value()
    return []
