"""Mattermost: the bulk export (``mmctl export create`` or ``mattermost export bulk``): one JSON object a line, alone or in the ZIP that mmctl makes;
the compliance export as CSV, and the table of one channel (:mod:`pipelines.sources.chats.mattermost_csv`).

Grain: one row of ``messages`` per post and per reply; one of ``chats`` per channel and direct conversation; one of ``accounts`` per
user and bot listed or met; one of ``addressees`` per mention, per other member of a direct conversation and message, and per person who reacted.

What the format does, and what is made of it (docs.mattermost.com/onboard/bulk-loading-data-format.html; ``imports/import_types.go`` and
``export.go`` of mattermost/mattermost):

- Lines are typed: version, team, channel, user, bot, post, direct_channel, direct_post and others; what a line speaks of stands before it.
- Nothing has an id: channels are known by (team, handle), direct conversations by their members, users by their user name, and posts, as by
  Mattermost's own importer, by channel and time of creation in milliseconds; the author is added here, and a number among equals. So an edited post
  stays the same, and a renamed user's posts become others. Ids are pseudonyms of these.
- Replies stand inside the post that they answer: the root of the thread, which is what Mattermost records as answered.
- Deleted posts are left out: a channel is whole between its first and last post.
- What an application posts through a webhook stands under whoever made the webhook (``props.from_webhook``): it is the application's.
- ``type`` beginning with "system_" is what no person wrote, and so is what plug-ins write in somebody's name when he begins a call. Bots often write in ``props.attachments``.
- People mentioned are found in the words ("@name"), among the users of the file.
- ``path`` of an attachment is the file's below ``data``, beside the lines or in the archive; where it was exported, documents are opened for
  their words (:mod:`pipelines.sources.chats.chat_files`).

Not kept: names of files, which emoji a reaction is, roles, preferences, flags, headers and purposes of channels, who
follows a thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.chats import mattermost_csv
from pipelines.sources.chats.chat_rows import Chat, ChatRows, from_epoch, media_of, records, said
from pipelines.sources.formats.archives import FolderTree, Tree, ZipTree, json_records, path_of, tree_items
from pipelines.sources.reading import Context, Event, Item, Rejected

DEFAULT_REALM = "mattermost"
WHAT = "a Mattermost bulk export (kind mattermost)"

_MILLIS = 1000
_FILES = "data/"
_TYPES = frozenset(
    ("version", "role", "scheme", "emoji", "team", "channel", "user", "bot", "post", "direct_channel", "direct_post", "thread_membership")
)
_MENTION = re.compile(r"(?<![\w@])@([a-z0-9][a-z0-9._-]{0,63})", re.IGNORECASE)
#: Beginnings of the types of posts that nobody wrote: of the server, of plug-ins for calls and meetings ("I have started a meeting").
_SERVICE = ("system_", "custom_calls", "custom_zoom", "custom_jitsi")
#: Words for everybody, which no user can be called.
_EVERYBODY = frozenset(("all", "channel", "here"))


@dataclass
class _Export:
    rows: ChatRows
    #: Where paths of files begin, from the root of the export.
    files: str
    chats: dict[str, Chat] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    equals: dict[str, int] = field(default_factory=dict)


class MattermostReader:
    """Reads Mattermost's exports (kind "mattermost"); one item is one ``.jsonl``, ``.json``, ``.csv`` or ``.zip``.

    Record kinds: chats, accounts, messages (counted), addressees, message_files (counted), file_texts (counted). Rejected, as "line N" (", reply M"): ``no JSON``, ``not an object``,
    ``line too long``, ``no channel``, ``no author``, ``no readable date``; of a compliance export also ``an earlier state of a message that was edited`` and
    ``no post: somebody was there already``.
    """

    kind: ClassVar[str] = "mattermost"
    version: ClassVar[int] = 6
    opens_files: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every export below the source's path. Raises BadSource where there is none."""
        return tree_items(
            source,
            "Mattermost exports (.jsonl, .json, .csv or .zip)",
            lambda path: False,
            (".jsonl", ".json", ".csv", ".zip"),
            is_posted=_is_posted,
        )

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one export. Raises BadFile for something else, or for a file that is cut off."""
        path = path_of(item, WHAT)
        tree, name = _lines_file(path)
        export = _Export(ChatRows(context, source.realm or DEFAULT_REALM), f"{name.removesuffix(name.rpartition('/')[2])}{_FILES}")
        if name.lower().endswith(".csv"):
            yield from mattermost_csv.read_posts(
                tree,
                name,
                export.rows,
                chat_of=partial(_told_in_table, export),
                number_of=partial(_number, export.rows),
                is_service=lambda kind: kind.startswith(_SERVICE),
                mentioned=_mentioned,
            )
            yield from export.rows.last(is_whole=False, tree=tree)
            return
        is_one = False
        for place, line, reason in json_records(tree, name, WHAT):
            if line is None:
                export.rows.seen()
                yield Rejected("messages", place, reason)
                continue
            kind = line.get("type")
            if not is_one and str(kind) not in _TYPES:
                raise BadFile(tree.named(name), place=place, expected=WHAT, found="lines of something else")
            is_one = True
            record = line.get(kind) if isinstance(kind, str) else None
            if kind in ("post", "direct_post"):
                for where, why in _post(record, kind == "direct_post", export, place):
                    yield Rejected("messages", f"{place}{where}", why)
                yield from export.rows.full()
            elif isinstance(record, dict):
                _told(str(kind), record, export)
        yield from export.rows.last(is_whole=source.is_whole, tree=tree)


def _is_posted(path: Path) -> bool:
    """Does it lie in the folder of files of an unpacked export? What is an export by its ending is one wherever it lies."""
    if path.name.lower().endswith(".jsonl"):
        return False
    beside = {_FILES.strip("/"): "*.jsonl", "files": mattermost_csv.TABLE}
    return any(any(folder.parent.glob(beside[folder.name])) for folder in path.parents if folder.name in beside)


def _lines_file(path: Path) -> tuple[Tree, str]:
    if not path.name.lower().endswith(".zip"):
        return FolderTree(path.parent), path.name
    tree = ZipTree(path)
    names = tree.names()
    found = [name for name in names if name.lower().endswith(".jsonl")] or [
        name for name in names if name.rpartition("/")[2] == mattermost_csv.TABLE
    ]
    if len(found) != 1:
        raise BadFile(
            path, place="archive", expected=f"one .jsonl, as in {WHAT}, or one {mattermost_csv.TABLE}", found=f"{len(found)} of them"
        )
    return tree, found[0]


def _told(kind: str, record: dict[str, Any], export: _Export) -> None:
    """Take what a line tells of a channel, a user or a bot."""
    if kind == "channel":
        key = _channel_key(record.get("team"), record.get("name"))
        if key:
            title = said(record, "display_name") or said(record, "name")
            chat = Chat(export.rows.secret("chat", key), "chat", "group" if record.get("type") == "P" else "supergroup", title)
            export.chats[key] = chat
            export.rows.chat(chat)
    elif kind == "direct_channel":
        members = record.get("members")
        if not isinstance(members, list):
            members = [part.get("username") for part in records(record, "participants")]
        if conversation := _conversation(members, export):
            export.rows.chat(conversation)
    elif kind in ("user", "bot"):
        _user(kind, record, export)


def _user(kind: str, record: dict[str, Any], export: _Export) -> None:
    native = said(record, "username")
    if not native:
        return
    native = native.lower()
    export.users.add(native)
    names = [said(record, "first_name"), said(record, "last_name")]
    deleted_at = from_epoch(record.get("delete_at"), per_second=_MILLIS)
    email, lang = said(record, "email"), said(record, "locale")
    export.rows.met(
        native,
        said(record, "nickname") or " ".join(name for name in names if name) or said(record, "display_name") or native,
        is_deleted=deleted_at is not None,
        closed_at=deleted_at,
        is_bot=kind == "bot",
        username=native,
        first_name=names[0],
        last_name=names[1],
        email=email.lower() if email and "@" in email else None,
        lang=lang[:2].lower() if lang else None,
    )


# -- posts -----------------------------------------------------------------------------------------------------------------------


def _post(record: Any, is_direct: bool, export: _Export, line: str) -> Iterator[tuple[str, str]]:
    """Take a post with its replies; yields (place, reason) of what is not kept."""
    replies = record.get("replies") if isinstance(record, dict) else None
    replies = replies if isinstance(replies, list) else []
    export.rows.seen(1 + len(replies))
    if not isinstance(record, dict):
        yield "", "not an object"
        return
    if is_direct:
        chat, members = _conversation(record.get("channel_members"), export), _members(record.get("channel_members"))
    else:
        chat, members = _channel(record, export), []
    if chat is None:
        yield "", "no channel"
        for number in range(1, len(replies) + 1):
            yield f", reply {number}", "no channel"
        return
    root, reason = _take(record, chat, members, None, bool(replies), export, line)
    if reason:
        yield "", reason
    for number, reply in enumerate(replies, start=1):
        if not isinstance(reply, dict):
            yield f", reply {number}", "not an object"
            continue
        _, reason = _take(reply, chat, members, root, False, export, f"{line}, reply {number}")
        if reason:
            yield f", reply {number}", reason


def _take(
    record: dict[str, Any], chat: Chat, members: list[str], root: str | None, has_replies: bool, export: _Export, place: str
) -> tuple[str | None, str | None]:
    """The id of the message, or None and why it is not taken."""
    rows = export.rows
    author = said(record, "user")
    if not author:
        return None, "no author"
    author = author.lower()
    stated = record.get("create_at")
    sent_at = from_epoch(stated, per_second=_MILLIS)
    if sent_at is None:
        return None, "no readable date"
    number = _number(rows, chat, str(stated), author)
    equals = export.equals[number] = export.equals.get(number, 0) + 1
    if equals > 1:
        number = f"{number}:{equals}"
    text = said(record, "message") or _attached(record.get("props"))
    files, reactions = records(record, "attachments"), record.get("reactions")
    author = _application(record.get("props"), author, rows) or author
    edited_at = from_epoch(record.get("edit_at"), per_second=_MILLIS)
    kind = record.get("type")
    is_service = isinstance(kind, str) and kind.startswith(_SERVICE)
    message_id = rows.message(
        chat,
        number,
        author,
        sent_at,
        text,
        thread=root or (rows.message_id(chat, number) if has_replies else None),
        reply_to=root,
        edited_at=edited_at,
        is_service=is_service,
        media=media_of(said(files[0], "path")) if files else None,
        is_pinned=record.get("is_pinned") is True,
        reactions=len(reactions) if isinstance(reactions, list) else 0,
    )
    for file in records(record, "attachments"):
        if (address := said(file, "path")) and media_of(address) == "file":
            rows.file(chat, message_id, export.files + address, place)
    if not is_service:
        for named in _mentioned(text, export.users):
            rows.address(message_id, named, "mention")
        for member in members:
            if member != author:
                rows.address(message_id, member, "member")
        for reaction in records(record, "reactions"):
            if name := said(reaction, "user"):
                rows.address(message_id, name.lower(), "reaction", from_epoch(reaction.get("create_at"), per_second=_MILLIS))
    return message_id, None


def _application(props: Any, owner: str, rows: ChatRows) -> str | None:
    """The account of the application that posted in its owner's place; None where nothing did."""
    if not isinstance(props, dict) or str(props.get("from_webhook")).lower() != "true":
        return None
    name = said(props, "override_username")
    native = f"webhook:{(name or owner).lower()}"
    rows.met(native, name, is_bot=True)
    return native


def _mentioned(text: str, users: set[str]) -> list[str]:
    """Which of these users a text names."""
    names = {match[1].lower() for match in _MENTION.finditer(text)}
    # A full stop or dash at the end of a name may be the sentence's.
    named = {name if name in users else name.rstrip("._-") for name in names}
    return sorted(named & users - _EVERYBODY)


def _attached(props: Any) -> str:
    parts = records(props, "attachments")
    return "\n".join(words for part in parts for key in ("pretext", "title", "text") if (words := said(part, key))) or "\n".join(
        words for part in parts if (words := said(part, "fallback"))
    )


def _number(rows: ChatRows, chat: Chat, stated: str, author: str) -> str:
    """What a post is known by: its channel, its moment in milliseconds and its author."""
    return rows.secret("message", f"{chat.part}\x1f{stated}\x1f{author}")


def _told_in_table(export: _Export, team: str, channel: str, members: list[str], row: mattermost_csv.Row) -> Chat:
    """The chat of a row of a compliance export, by what the bulk export knows it by."""
    if members and (conversation := _conversation(members, export)):
        return conversation
    key = f"{team}/{channel}"
    if key not in export.chats:
        kind = "group" if row["kind"] == "private" else "supergroup"
        export.chats[key] = Chat(export.rows.secret("chat", key), "chat", kind, row["title"] or channel)
    return export.chats[key]


# -- channels --------------------------------------------------------------------------------------------------------------------


def _channel_key(team: Any, channel: Any) -> str | None:
    names = [said({"name": part}, "name") for part in (team, channel)]
    return f"{names[0]}/{names[1]}" if names[0] and names[1] else None


def _channel(record: dict[str, Any], export: _Export) -> Chat | None:
    key = _channel_key(record.get("team"), record.get("channel"))
    if key is None:
        return None
    if key not in export.chats:
        export.chats[key] = Chat(export.rows.secret("chat", key), "chat", "group", said(record, "channel"))
    return export.chats[key]


def _members(members: Any) -> list[str]:
    found = [said({"name": part}, "name") for part in members] if isinstance(members, list) else []
    return sorted({name.lower() for name in found if name})


def _conversation(members: Any, export: _Export) -> Chat | None:
    names = _members(members)
    if not names:
        return None
    key = "\x1f".join(names)
    if key not in export.chats:
        export.chats[key] = Chat(export.rows.secret("direct", key), "direct", "personal" if len(names) <= 2 else "group", ", ".join(names))
    return export.chats[key]
