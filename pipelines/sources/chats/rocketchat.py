"""Rocket.Chat: its collections as ``mongoexport`` writes them, or the JSON or HTML of its own "export messages" and "export my data".

Grain: one row of ``messages`` per document of ``rocketchat_message`` (per line of a room's export); one of ``chats`` per room; one of
``accounts`` per user listed or met; one of ``addressees`` per mention, and per other member of a direct conversation and message, and per person
who reacted to it (by user name: of users listed, or met as authors).

What the formats do, and what is made of them (Rocket.Chat's ``core-typings`` ``IMessage``, ``IRoom``, ``IUser``; ``server/lib/dataExport/
exportRoomMessagesToFile.ts``; Worteks/RC2Matrix for the collections):

- A file is told by what stands in it, not by its name: documents with ``rid`` and ``ts`` are messages, with ``t`` and no ``u.username`` of their own
  rooms, with ``emails`` or ``username`` users. One object a line, or one list. All files of a folder or ZIP are one export.
- Dates are ``{"$date": …}`` as ISO or milliseconds, or plain ISO. Ids are Rocket.Chat's own and global.
- ``tmid`` is the thread's root. A quotation is an attachment with a link to the message, and the words begin with a link that shows nothing:
  it is the message answered; of a thread's message without one, the root is.
- Where the server keeps history, an edited message's earlier state is a document with ``_hidden`` and the message as its ``parent`` (rejected: the message itself
  stands beside it), and a deleted message is hidden, with its words, at the moment of ``_updatedAt``.
- ``t`` is the kind of what no person wrote; "rm" stands where a message was deleted (:data:`pipelines.sources.chats.chat_rows.GONE`), and the
  words of "e2e" are encrypted: they are left out.
- The id of a direct room is made of its members' ids: it becomes a pseudonym.
- Exports of a room have neither ids nor the room's: the room is the file's name, and a message is known by room, time in milliseconds and author.
  In an export of one's own data, all others are "User_1", "User_2", in each export otherwise: they are nobody. Its ``channels.json`` (a room's name and kind
  a line) tells which of its rooms are direct.
- As HTML a room's export is a paragraph per message, ``<p><strong>user</strong> (Sun, 22 Nov 2026 11:00:00 GMT):<br/>``, to the second: its messages are others
  than those of the JSON, so keep one of the two. Words in italics alone are what no person wrote.
- A room is whole between its first and last message. A dump of a query is not, and does not say so: it is taken for one, and nothing for deleted by it,
  where it has one author alone, or where more of the replies than ``thresholds.filtered_replies_share`` lead to messages that it lacks; ``is_whole`` of the
  source says it for certain.

Not kept: names and contents of files, which emoji a reaction is, translations, previews of links, who has read.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.chats.chat_rows import GONE, Chat, ChatRows, from_epoch, from_iso, id_of, media_of, records, said, texts
from pipelines.sources.formats.archives import FolderTree, Tree, ZipTree, is_hidden, json_records, path_of, read_whole, tree_items
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Context, Event, Item, Rejected

DEFAULT_REALM = "rocketchat"
WHAT = "a Rocket.Chat export (kind rocketchat)"

_PAGE = ".html"
_ENDINGS = (".json", ".jsonl", ".ndjson", _PAGE)
#: A room of a million messages; more than this would not fit in memory.
_LARGEST_PAGE = 1 << 28
_PARAGRAPH = re.compile(r"(?:^|(?<=utf-8\">))<p><strong>(?=[^\n]{1,200}</strong> \([^\n()]{0,60}\):<br/>$)", re.MULTILINE)
_SAID = re.compile(
    r"(?P<who>[^\n]*?)</strong> \((?P<when>[^\n()]*)\):<br/>\n(?P<words>.*?)(?:\n<br/><a href=\"(?P<file>[^\"\n]*)\">(?P<title>[^\n]*)</a>)?\n</p>\s*",
    re.DOTALL,
)
_ITALIC = re.compile(r"<i>(.*)</i>", re.DOTALL)
#: Documents that are looked at to tell what a file holds.
_TELLING = 5
#: Ids have 17 or 24 characters; a longer room id is two users' ids.
_LONGEST_ROOM_ID = 24
_ROOMS = {
    "c": ("chat", "supergroup"),
    "p": ("chat", "group"),
    "d": ("direct", "personal"),
    "l": ("direct", "personal"),
    "v": ("direct", "personal"),
}
_TWO_IDS = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[0-9A-Za-z]+", re.ASCII)
_ENCRYPTED, _DELETED = "e2e", "rm"
_EARLIER = "an earlier state of a message that was edited"
_ANONYMOUS = re.compile(r"User_\d+", re.ASCII)
_QUOTED = re.compile(r"[?&]msg=([\w-]{1,64})", re.ASCII)
_QUOTING = re.compile(r"^(?:\[ ?\]\([^()\s]{1,2000}\)\s*)+")


@dataclass
class _Export:
    rows: ChatRows
    chats: dict[str, Chat] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    equals: dict[str, int] = field(default_factory=dict)
    #: User name → id, of the users' file and of whoever wrote; and reactions, which say user names, until all of these are known.
    users: dict[str, str] = field(default_factory=dict)
    reacted: list[tuple[str, str]] = field(default_factory=list)
    #: Name or id of a room, as its file is called → its kind.
    kinds: dict[str, str] = field(default_factory=dict)


class RocketChatReader:
    """Reads Rocket.Chat's collections and room exports (kind "rocketchat"); one item is one folder, one ``.zip`` or one file.

    Record kinds: chats, accounts, messages (counted), addressees. Rejected, as "file N, line M": ``no JSON``, ``not an object``,
    ``line too long``, ``no id``, ``no room``, ``no readable date``, ``an earlier state of a message that was edited``, :data:`~pipelines.sources.chats.chat_rows.GONE`.
    """

    kind: ClassVar[str] = "rocketchat"
    version: ClassVar[int] = 6
    #: Rooms by the names of their files, as macOS writes them.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("messages", "chats"), 6)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every ZIP, every folder that holds JSON files, and every JSON file beside none. Raises BadSource where there is none."""
        return tree_items(
            source, "Rocket.Chat exports (.json, .jsonl, .html or .zip)", _is_export, (*_ENDINGS, ".zip"), is_posted=lambda path: False
        )

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one export: rooms and users first, then the messages. Raises BadFile for something else, or for a file cut off."""
        path = path_of(item, WHAT)
        tree, names = _files(path)
        export = _Export(ChatRows(context, source.realm or DEFAULT_REALM, may_be_filtered=True))
        kinds = {name: _kind_of(tree, name, len(names) == 1) for name in names}
        if not {"messages", "room", "page"} & set(kinds.values()):
            raise BadFile(path, place="file" if path.is_file() else "folder", expected=f"{WHAT} with messages", found="none")
        for name in names:
            if take := {"users": _user, "rooms": _room, "kinds of rooms": _kind_of_room}.get(kinds[name] or ""):
                for _, record, _ in json_records(tree, name, WHAT):
                    if record is not None:
                        take(record, export)
        for number, name in enumerate(names, start=1):
            if kinds[name] not in ("messages", "room", "page"):
                continue
            room = _room_of_file(name, path, export) if kinds[name] != "messages" else None
            for place, record, reason in _paragraphs(tree, name) if kinds[name] == "page" else json_records(tree, name, WHAT):
                export.rows.seen()
                why = reason or (_message(record, export) if room is None else _line(record, room, export))
                if why:
                    yield Rejected("messages", f"file {number}, {place}" if len(names) > 1 else place, why)
                yield from export.rows.full()
        for message_id, username in export.reacted:
            if username in export.users:
                export.rows.address(message_id, export.users[username], "reaction")
        yield from export.rows.last(is_whole=source.is_whole)


# -- files -----------------------------------------------------------------------------------------------------------------------


def _is_export(path: Path) -> bool:
    return any(file.is_file() and file.name.lower().endswith(_ENDINGS) and not is_hidden((file.name,)) for file in path.iterdir())


def _files(path: Path) -> tuple[Tree, list[str]]:
    if path.is_file() and not path.name.lower().endswith(".zip"):
        return FolderTree(path.parent), [path.name]
    tree: Tree = FolderTree(path) if path.is_dir() else ZipTree(path)
    return tree, [name for name in tree.names() if name.lower().endswith(_ENDINGS)]


def _kind_of(tree: Tree, name: str, is_only: bool) -> str | None:
    """What a file holds: messages, rooms, users, kinds of rooms, a room (exported line by line without ids), or nothing that is known."""
    if name.lower().endswith(_PAGE):
        return "page" if _PARAGRAPH.search(_page(tree, name)) else None
    found: list[dict[str, Any]] = []
    try:
        found += (record for _, record, _ in islice(json_records(tree, name, WHAT), _TELLING) if record)
    except BadFile:
        # What is wrong with a file of messages is said when it is read.
        if is_only and not found:
            raise
    for record in found:
        if "rid" in record and "ts" in record:
            return "messages"
        if "roomId" in record and "type" in record:
            return "kinds of rooms"
        if "_id" in record and "t" in record and ("u" in record or "usersCount" in record or "msgs" in record):
            return "rooms"
        if "_id" in record and ("emails" in record or "username" in record):
            return "users"
        if "msg" in record and "ts" in record and "username" in record:
            return "room"
    return None


def _page(tree: Tree, name: str) -> str:
    return read_whole(tree, name, _LARGEST_PAGE).decode("utf-8", "replace").replace("\r\n", "\n")


def _paragraphs(tree: Tree, name: str) -> Iterator[tuple[str, dict[str, Any] | None, str | None]]:
    """Messages of a page in the shape of the JSON, as :func:`json_records` gives them. Raises BadFile where the page is cut inside the last one."""
    page = _page(tree, name)
    starts = [match.end() for match in _PARAGRAPH.finditer(page)]
    for number, (begin, end) in enumerate(zip(starts, [*starts[1:], len(page) + len("<p><strong>")], strict=True), start=1):
        found = _SAID.fullmatch(page[begin : end - len("<p><strong>")])
        place = f"message {number}"
        if found is None:
            if number == len(starts):
                raise BadFile(tree.named(name), place=place, expected="</p>", found="the end of the file: it is cut off")
            yield place, None, "no message"
            continue
        notice = _ITALIC.fullmatch(found["words"])
        record: dict[str, Any] = {"username": html.unescape(found["who"]), "msg": html.unescape(notice[1] if notice else found["words"])}
        with suppress(ValueError):
            record["ts"] = parsedate_to_datetime(found["when"]).isoformat()
        if notice:
            record["type"] = "notice"
        if found["file"]:
            record["attachments"] = [{"type": "file", "title": html.unescape(found["title"]), "fileName": found["file"].rpartition("/")[2]}]
        yield place, record, None


# -- rooms and users -------------------------------------------------------------------------------------------------------------


def _room(record: dict[str, Any], export: _Export) -> None:
    native = id_of(record, "_id")
    if native is None:
        return
    kind = str(record.get("t"))
    members = [uid for uid in texts(record, "uids") if id_of({"id": uid}, "id")]
    channel, what = _ROOMS.get(kind, ("chat", "group"))
    names = texts(record, "usernames")
    if kind == "d" and max(len(members), len(names)) > 2:
        what = "group"
    if kind != "d" and record.get("ro") is True:
        what = "channel"
    title = said(record, "fname") or said(record, "name") or said({"name": ", ".join(names)}, "name")
    chat = Chat(_part(native, kind, export), channel, what, title)
    export.chats[native] = chat
    export.rows.chat(chat)
    if kind == "d":
        export.members[native] = members


def _kind_of_room(record: dict[str, Any], export: _Export) -> None:
    for key in ("roomName", "roomId"):
        if (name := said(record, key)) and (kind := said(record, "type")):
            export.kinds.setdefault(unicodedata.normalize("NFC", name), kind)


def _part(room: str, kind: str | None, export: _Export) -> str:
    is_secret = kind == "d" or (kind is None and len(room) > _LONGEST_ROOM_ID)
    return export.rows.secret("chat", room) if is_secret else room


def _user(record: dict[str, Any], export: _Export) -> None:
    native = id_of(record, "_id")
    if native is None:
        return
    if username := said(record, "username"):
        export.users[username] = native
    addresses = [address for part in records(record, "emails") if (address := said(part, "address")) and "@" in address]
    lang, kind, zone = said(record, "language"), record.get("type"), export.rows.context.zone
    export.rows.met(
        native,
        said(record, "name") or said(record, "username"),
        is_suspended=record.get("active") is False,
        is_bot=kind in ("bot", "app") or "bot" in texts(record, "roles"),
        username=said(record, "username"),
        email=addresses[0].lower() if addresses else None,
        lang=lang[:2].lower() if lang else None,
        created_at=_moment(record.get("createdAt"), zone),
        last_seen_at=_moment(record.get("lastLogin"), zone),
    )


def _moment(value: Any, zone: Any) -> datetime | None:
    """UTC of ``{"$date": ISO | milliseconds | {"$numberLong": …}}``, or of an ISO text."""
    if isinstance(value, dict):
        value = value.get("$date")
    if isinstance(value, dict):
        value = value.get("$numberLong")
        return from_epoch(value, per_second=1000)
    return from_iso(value, zone) if isinstance(value, str) else from_epoch(value, per_second=1000)


# -- messages --------------------------------------------------------------------------------------------------------------------


def _message(record: dict[str, Any] | None, export: _Export) -> str | None:
    """Take one document of the collection, or say why not."""
    rows = export.rows
    number, room = id_of(record, "_id"), id_of(record, "rid")
    if record is None or number is None:
        return "no id"
    if room is None:
        return "no room"
    sent_at = _moment(record.get("ts"), rows.context.zone)
    if sent_at is None:
        return "no readable date"
    chat = export.chats.get(room)
    if chat is None:
        is_direct = len(room) > _LONGEST_ROOM_ID
        chat = export.chats[room] = Chat(_part(room, None, export), *(("direct", "personal") if is_direct else ("chat", "group")))
    kind = record.get("t") if isinstance(record.get("t"), str) else None
    is_hidden = record.get("_hidden") is True
    if is_hidden and id_of(record, "parent"):
        return _EARLIER
    if kind == _DELETED:
        rows.gone(chat, number, sent_at)
        return GONE
    is_service = kind is not None and kind != _ENCRYPTED
    author = _author(record.get("u"), rows, sent_at)
    if author and (username := said(record["u"], "username")):
        export.users.setdefault(username, author)
    if author and isinstance(record.get("bot"), dict):
        rows.met(author, is_bot=True)
    thread, quoted = id_of(record, "tmid"), _quoted(record)
    reactions = record.get("reactions")
    message_id = rows.message(
        chat,
        number,
        author,
        sent_at,
        "" if kind == _ENCRYPTED else _words(record),
        thread=rows.message_id(chat, thread or number) if thread or record.get("tcount") else None,
        reply_to=rows.message_id(chat, quoted or thread) if quoted or thread else None,  # type: ignore[arg-type]
        edited_at=_moment(record.get("editedAt"), rows.context.zone),
        deleted_at=(_moment(record.get("_updatedAt"), rows.context.zone) or sent_at) if is_hidden else None,
        is_service=is_service,
        media=_media(record),
        is_pinned=record.get("pinned") is True,
        reactions=sum(len(names) for part in (reactions.values() if isinstance(reactions, dict) else ()) if (names := _usernames(part))),
    )
    if is_service:
        return None
    for person in records(record, "mentions"):
        if person.get("type", "user") == "user" and person.get("_id") not in ("all", "here") and (native := _author(person, rows, sent_at)):
            rows.address(message_id, native, "mention")
    for member in export.members.get(room, ()):
        if author and member != author:
            rows.address(message_id, member, "member")
    for part in reactions.values() if isinstance(reactions, dict) else ():
        export.reacted += ((message_id, username) for username in _usernames(part) if isinstance(username, str))
    return None


def _author(person: Any, rows: ChatRows, at: datetime) -> str | None:
    native = id_of(person, "_id")
    if native:
        rows.met(native, said(person, "name") or said(person, "username"), at, username=said(person, "username"))
    return native


def _usernames(part: Any) -> list[Any]:
    names = part.get("usernames") if isinstance(part, dict) else None
    return names if isinstance(names, list) else []


def _quoted(record: dict[str, Any]) -> str | None:
    for part in records(record, "attachments"):
        if found := _QUOTED.search(said(part, "message_link") or ""):
            return found[1]
    return None


def _words(record: dict[str, Any]) -> str:
    text = _QUOTING.sub("", said(record, "msg") or "")
    if text:
        return text
    parts = [part for part in records(record, "attachments") if not said(part, "message_link")]
    return "\n".join(words for part in parts for key in ("description", "text") if (words := said(part, key)))


def _media(record: dict[str, Any]) -> str | None:
    file = record.get("file")
    if isinstance(file, dict):
        return media_of(said(file, "name"), said(file, "type"))
    for part in records(record, "attachments"):
        for key, media in (("image_url", "photo"), ("video_url", "video"), ("audio_url", "voice")):
            if part.get(key):
                return media
        if part.get("type") == "file":
            return media_of(said(part, "fileName") or said(part, "title"))
    return None


# -- exports of one room ---------------------------------------------------------------------------------------------------------


def _room_of_file(name: str, path: Path, export: _Export) -> Chat:
    """The room by the name of its file; by the archive's where the file has none of its own."""
    title = re.sub(r"\.(?:json|jsonl|ndjson|html)$", "", name.rpartition("/")[2], flags=re.IGNORECASE)
    if title.lower() in ("messages", "export") and path.name != name:
        title = path.name.rpartition(".")[0] or path.name
    title = storable(unicodedata.normalize("NFC", title))
    # In pages of one's own data, rooms are called by their ids.
    is_direct = len(title) > _LONGEST_ROOM_ID and _TWO_IDS.fullmatch(title) is not None
    channel, kind = _ROOMS.get("d" if is_direct else export.kinds.get(title, ""), ("chat", "group"))
    chat = Chat(export.rows.secret("chat", f"room:{title}"), channel, kind, None if is_direct else title)
    export.rows.chat(chat)
    return chat


def _line(record: dict[str, Any] | None, chat: Chat, export: _Export) -> str | None:
    """Take one line of a room's export, or say why not."""
    rows = export.rows
    sent_at = _moment(record.get("ts"), rows.context.zone) if record else None
    if record is None or sent_at is None:
        return "no readable date"
    author = said(record, "username")
    if author and _ANONYMOUS.fullmatch(author):
        author = None
    number = rows.secret("message", f"{chat.part}\x1f{sent_at.isoformat()}\x1f{author or ''}")
    equals = export.equals[number] = export.equals.get(number, 0) + 1
    kind = record.get("type") if isinstance(record.get("type"), str) else None
    if kind == _DELETED:
        rows.gone(chat, number, sent_at)
        return GONE
    rows.message(
        chat,
        number if equals == 1 else f"{number}:{equals}",
        f"name:{author}" if author else None,
        sent_at,
        "" if kind == _ENCRYPTED else _words(record),
        name=author,
        is_service=kind is not None and kind != _ENCRYPTED,
        media=_media(record),
        is_pinned=None,
    )
    return None
