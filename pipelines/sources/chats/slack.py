"""Slack: the workspace export, a ZIP (or the unpacked folder) of one JSON file per channel and day.

Grain: one row of ``messages`` per element of a day's file that stands for a message; one of ``chats`` per conversation listed; one of
``accounts`` per entry of ``users.json`` and per bot or outsider met; one of ``addressees`` per mention, and per other member of a direct
conversation and message, and per person who reacted to it.

What the format does, and what is made of it (slack.com/help/articles/220556107 and api.slack.com/events/message; ``rusq/slackdump``
writes the same):

- ``channels.json``, ``groups.json`` (private), ``dms.json``, ``mpims.json`` (direct, several people) list the conversations; the folder of one
  has its name, or its id for ``dms.json``. A folder that no list names is a chat of its own, without a title. Where somebody hands on folders
  of channels without any list, each is a chat with its folder's name: another one than in an export that has the lists.
- Of an Enterprise Grid organisation the lists stand once at the top (with ``org_users.json``) or once per workspace (``teams/<workspace>/``), and the folders
  beside either; a channel that two workspaces share stands in both, with the same ids.
- ``ts`` (seconds, a dot, six digits) is the message's id inside its conversation and its time.
- ``thread_ts`` names the root of a thread; the root itself carries it as soon as it has an answer. Slack does not record which message of a
  thread is answered: the root is.
- Words come escaped (``&lt;``), with links as ``<target|words>``, people as ``<@U…>``, channels as ``<#C…|name>``. Links are read
  as their words, people as their names. A bot's message often has its words in ``attachments`` only, an
  application's in ``blocks``, beside a text that says it cannot be displayed.
- An export with all edits holds ``message_changed`` (the new state in ``message``) and ``message_deleted`` (the last state in ``original`` or
  ``previous_message``) as rows of their own; they are read as the message they speak of. ``tombstone`` stands where a deleted
  message has answers; see :data:`pipelines.sources.chats.chat_rows.GONE`.
- ``subtype`` tells what no person wrote; an unknown one is ``service``.
- ``reactions`` name who gave each and not when; of many, Slack names some and counts all.
- A channel is whole between its first and last message in the export, whatever range was chosen.
- The export has links to files; where they were fetched into it (``__uploads``, ``attachments`` of a channel), documents are opened for their words
  (:mod:`pipelines.sources.chats.chat_files`).

Not kept: names of files, which emoji a reaction is, topics and purposes, canvases, ``integration_logs.json``.
"""

from __future__ import annotations

import html
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.chats.chat_rows import GONE, Chat, ChatRows, count_of, from_epoch, id_of, media_of, records, said, texts
from pipelines.sources.formats.archives import OTHER_ARCHIVES, Tree, is_hidden, open_tree, path_of, tree_items
from pipelines.sources.formats.json_stream import JsonStream
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Context, Event, Item, Rejected

DEFAULT_REALM = "slack"
WHAT = "a Slack export (kind slack)"

#: Lists of conversations: what stands in each as (channel, kind).
_LISTS = {
    "channels.json": ("chat", "supergroup"),
    "groups.json": ("chat", "group"),
    "mpims.json": ("direct", "group"),
    "dms.json": ("direct", "personal"),
}
_PEOPLE = ("users.json", "org_users.json")
_DAY = re.compile(r"(?P<folder>.+)/(?P<day>\d{4}-\d{2}-\d{2})\.json")
_TS = re.compile(r"\d{9,10}\.\d{6}", re.ASCII)
_POSTS = frozenset(
    (
        None, "bot_message", "me_message", "file_share", "file_comment", "file_mention", "thread_broadcast", "reply_broadcast",
        "slackbot_response", "message_replied",
    )
)  # fmt: skip
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
#: Elements of a rich text that stand for people, channels and everybody: where their target stands, and the sign of the same in plain words.
_INLINE = {"user": ("user_id", "@"), "channel": ("channel_id", "#"), "broadcast": ("range", "!")}
#: Sections of lists of quotes of a rich text.
_DEEPEST_BLOCK = 5
#: Where programs that fetch the files of an export put them (slackdump, slack-advanced-exporter): "__uploads/<id of the file>/<its name>", or in
#: slackdump's standard layout "<channel>/attachments/<id>-<name>".
_FILE = re.compile(r"(?:.+/)?(?:__uploads/(?P<id>[^/]+)/(?P<name>[^/]+)|[^/]+/attachments/(?P<std_id>[A-Z0-9]{5,20})-(?P<std_name>[^/]+))")
_SLACKBOT = "USLACKBOT"
#: Folders of direct conversations: of two, and of several.
_DIRECT, _OF_SEVERAL = re.compile(r"D[A-Z0-9]{8,}", re.ASCII), "mpdm-"
#: What Slack writes for words that an application gave in blocks alone.
_NOT_SHOWN = "This content can't be displayed."
#: A workspace's zone names only; others say nothing that a database of zones knows.
_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_+-]+)+", re.ASCII)


@dataclass
class _Export:
    rows: ChatRows
    #: Folder, from the export's root → chat; and the members of direct conversations.
    chats: dict[str, Chat] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    #: There is a list of conversations or of people.
    has_lists: bool = True
    #: "<id of a file>/<name>" → where it lies in the export.
    files: dict[str, str] = field(default_factory=dict)


class SlackReader:
    """Reads Slack exports (kind "slack"); one item is one ``.zip`` or one unpacked folder.

    Record kinds: chats, accounts, messages (counted), addressees, message_files (counted), file_texts (counted). Rejected, as "channel N, day, message M": ``not an object``, ``no id``,
    ``no message``, :data:`~pipelines.sources.chats.chat_rows.GONE`, ``deletion of a message that is not told``.
    """

    kind: ClassVar[str] = "slack"
    version: ClassVar[int] = 8
    #: Folders that no list names: of direct conversations, and as macOS writes them.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("messages", "chats"), 8)
    opens_files: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every ZIP, and every folder with a list of conversations or, outside of these, with folders of channels. Raises BadSource where there is none."""
        found = tree_items(source, "Slack exports (.zip)", _is_export, is_posted=lambda path: False)
        # Archives that lie beside the lists or the folders of channels are exports of their own: Slack puts none there.
        folders = [item.path for item in found if item.path and item.path.is_dir()]
        beside = [
            path
            for folder in folders
            for path in folder.iterdir()
            if path.name.lower().endswith((".zip", *OTHER_ARCHIVES)) and path.is_file()
        ]
        root = source.path
        more = [Item(path.relative_to(root).as_posix(), path) for path in beside if root and not is_hidden((path.name,))]
        return sorted((*found, *more), key=lambda item: item.name)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one export, channel by channel. Raises BadFile for what is no Slack export, or a damaged one."""
        path = path_of(item, WHAT)
        tree = open_tree(path)
        names = tree.names()
        base, has_lists = _base(names)
        if base is None:
            expected = f"{WHAT} with users.json or channels.json, or folders of its channels"
            raise BadFile(path, place="archive", expected=expected, found="none of them")
        export = _Export(ChatRows(context, source.realm or DEFAULT_REALM), has_lists=has_lists)
        for name in names:
            if file := _FILE.fullmatch(name[len(base) :]):
                export.files[f"{file['id'] or file['std_id']}/{file['name'] or file['std_name']}"] = name
        for name in names:
            if name.rpartition("/")[2] in _PEOPLE:
                _people(tree, name, export)
        for name in names:
            folder, _, what = name[len(base) :].rpartition("/")
            if what in _LISTS:
                _conversations(tree, name, folder, _LISTS[what], export)
        folders = {
            folder: number
            for number, folder in enumerate(dict.fromkeys(name[len(base) :].rpartition("/")[0] or name for name in names), start=1)
        }
        for name in names:
            if (match := _DAY.fullmatch(name[len(base) :])) and not _FILE.fullmatch(name[len(base) :]):
                place = f"channel {folders[match['folder']]}, {match['day']}"
                yield from _day(tree, name, export, match["folder"], place)
        yield from export.rows.last(tree=tree)


def _is_export(path: Path) -> bool:
    if any((path / name).is_file() for name in (*_LISTS, "org_users.json")):
        return True
    return any(_DAY.fullmatch(f"{day.parent.name}/{day.name}") for day in path.glob("*/????-??-??.json"))


def _base(names: list[str]) -> tuple[str | None, bool]:
    """The folder inside the archive in which the export lies, all lists and all folders of channels; None where there are neither. And whether there are lists."""
    lists = [name.rpartition("/")[0] for name in names if name.rpartition("/")[2] in (*_LISTS, *_PEOPLE)]
    found = lists + [match["folder"].rpartition("/")[0] for name in names if (match := _DAY.fullmatch(name)) and not _FILE.fullmatch(name)]
    if not found:
        return None, False
    common = posixpath.commonpath(found) if all(found) else ""
    return f"{common}/" if common else "", bool(lists)


def _elements(tree: Tree, name: str) -> Iterator[tuple[int, Any]]:
    with tree.open(name) as content:
        stream = JsonStream(content, tree.named(name))
        if stream.peek() != "[":
            raise stream.bad(f"a JSON list, as in {WHAT}", "an empty file" if not stream.peek() else "something else")
        yield from enumerate(chain.from_iterable(stream.blocks()), start=1)
        if stream.peek():
            raise stream.bad("the end of the file", "more after the end of the list")


def _people(tree: Tree, name: str, export: _Export) -> None:
    for _, raw in _elements(tree, name):
        native = id_of(raw, "id")
        if native is None:
            continue
        profile = raw.get("profile")
        shown = said(profile, "display_name") or said(raw, "real_name") or said(profile, "real_name") or said(raw, "name")
        if shown:
            export.names[native] = shown
        email, phone = said(profile, "email"), re.sub(r"[^\d+]", "", said(profile, "phone") or "")
        zone, lang = said(raw, "tz"), said(raw, "locale")
        is_deleted = raw.get("deleted") is True
        export.rows.met(
            native,
            shown,
            is_deleted=is_deleted,
            closed_at=from_epoch(raw.get("updated")) if is_deleted else None,
            is_bot=raw.get("is_bot") is True or native == _SLACKBOT,
            is_service=native == _SLACKBOT or None,
            timezone=zone if zone and _ZONE.fullmatch(zone) else None,
            lang=lang[:2].lower() if lang else None,
            username=said(raw, "name"),
            first_name=said(profile, "first_name"),
            last_name=said(profile, "last_name"),
            email=email.lower() if email and "@" in email else None,
            phone=phone or None,
        )


def _conversations(tree: Tree, name: str, beside: str, what: tuple[str, str], export: _Export) -> None:
    """Take a list of conversations, whose folders lie in the folder ``beside``."""
    channel, kind = what
    for _, raw in _elements(tree, name):
        part = id_of(raw, "id")
        if part is None:
            continue
        title = said(raw, "name")
        members = [native for native in texts(raw, "members") if id_of({"id": native}, "id")]
        is_direct = channel == "direct"
        if is_direct:
            title = ", ".join(export.names[native] for native in members if native in export.names) or title
        chat = Chat(part, channel, "channel" if raw.get("is_read_only") is True else kind, title)
        export.rows.chat(chat)
        for folder in (said(raw, "name"), part):
            if folder:
                export.chats.setdefault(unicodedata.normalize("NFC", f"{beside}/{folder}" if beside else folder), chat)
        if is_direct:
            export.members[part] = members


def _day(tree: Tree, name: str, export: _Export, folder: str, place: str) -> Iterator[Event]:
    # macOS writes the two parts of a letter such as "й" one by one.
    folder = unicodedata.normalize("NFC", folder)
    above, _, own = folder.rpartition("/")
    # A list at the top may speak of folders of workspaces.
    chat = export.chats.get(folder) or (export.chats.get(own) if above else None)
    if chat is None:
        chat = export.chats[folder] = _unlisted(folder, own or folder, export)
    for number, raw in _elements(tree, name):
        export.rows.seen()
        if reason := _message(raw, chat, export, f"{place}, message {number}"):
            yield Rejected("messages", f"{place}, message {number}", reason)
        yield from export.rows.full()


def _unlisted(folder: str, own: str, export: _Export) -> Chat:
    """The conversation of a folder that no list names."""
    if _DIRECT.fullmatch(own):
        return Chat(own, "direct", "personal")
    part = export.rows.secret("chat", storable(folder))
    if own.startswith(_OF_SEVERAL):
        return Chat(part, "direct", "group")
    return Chat(part, title=None if export.has_lists else storable(own))


def _message(raw: Any, chat: Chat, export: _Export, place: str) -> str | None:
    """Take one message, or say why not. ``place``: where it stands in the item."""
    if not isinstance(raw, dict):
        return "not an object"
    rows, deleted_at, changed_at = export.rows, None, None
    subtype = raw.get("subtype")
    if subtype == "message_deleted":
        before = raw.get("original") or raw.get("previous_message")
        if not isinstance(before, dict):
            return "deletion of a message that is not told"
        deleted_at, raw = from_epoch(raw.get("ts")), {"ts": raw.get("deleted_ts"), **before}
    elif subtype == "message_changed" and isinstance(raw.get("message"), dict):
        changed_at, raw = from_epoch(raw.get("ts")), {"type": "message", **raw["message"]}
    number = raw.get("ts")
    if not isinstance(number, str) or not _TS.fullmatch(number) or (sent_at := from_epoch(number)) is None:
        return "no id"
    if raw.get("type", "message") != "message":
        return "no message"
    subtype = raw.get("subtype")
    if not isinstance(subtype, str):
        subtype = None
    if subtype == "tombstone":
        rows.spoke(chat, sent_at)
        return GONE
    author = _author(raw, export, sent_at)
    root = raw.get("thread_ts")
    thread = rows.message_id(chat, root) if isinstance(root, str) and _TS.fullmatch(root) else None
    files = records(raw, "files") or ([raw["file"]] if isinstance(raw.get("file"), dict) else [])
    shared = [part for part in records(raw, "attachments") if part.get("is_share") is True]
    text, people = _words(raw, export)
    edited = raw.get("edited")
    edited_at = (from_epoch(edited.get("ts")) if isinstance(edited, dict) else None) or changed_at
    message_id = rows.message(
        chat,
        number,
        author,
        sent_at,
        text,
        thread=thread,
        reply_to=thread if thread and root != number else None,
        edited_at=edited_at,
        deleted_at=deleted_at,
        is_service=subtype not in _POSTS,
        media=media_of(said(files[0], "name"), said(files[0], "mimetype")) if files else None,
        is_pinned=bool(raw.get("pinned_to")),
        is_forwarded=bool(shared),
        reactions=sum(count_of(reaction, "count") for reaction in records(raw, "reactions")),
    )
    if deleted_at:
        rows.reaches(deleted_at)
    if subtype not in _POSTS:
        return None
    for file in files:
        lies = export.files.get(f"{said(file, 'id')}/{said(file, 'name')}")
        if lies and media_of(said(file, "name"), said(file, "mimetype")) == "file":
            rows.file(chat, message_id, lies, place)
    for native in people:
        rows.address(message_id, native, "mention")
    for native in export.members.get(chat.part, ()):
        if author and native != author:
            rows.address(message_id, native, "member")
    for reaction in records(raw, "reactions"):
        for native in texts(reaction, "users"):
            if id_of({"id": native}, "id"):
                rows.address(message_id, native, "reaction")
    return None


def _author(raw: dict[str, Any], export: _Export, at: Any) -> str | None:
    native, profile = id_of(raw, "user"), raw.get("user_profile")
    if native:
        name = said(profile, "display_name") or said(profile, "real_name")
        export.rows.met(native, name if native not in export.names else None, at)
        return native
    if native := id_of(raw.get("comment"), "user"):
        export.rows.met(native, None, at)
        return native
    native = id_of(raw, "bot_id")
    if native:
        export.rows.met(native, said(raw, "username") or said(raw.get("bot_profile"), "name"), at, is_bot=True)
    return native


def _words(raw: dict[str, Any], export: _Export) -> tuple[str, list[str]]:
    """Words without markup, and the people mentioned in them."""
    people: dict[str, None] = {}

    def plain(match: re.Match[str]) -> str:
        sign, target, words = match.groups()
        if sign == "@":
            if id_of({"id": target}, "id"):
                people.setdefault(target)
            return "@" + (words or export.names.get(target, ""))
        if sign == "#":
            return "#" + (words or "")
        if sign == "!":
            return words or "@" + target.partition("^")[0]
        return words or target

    text = said(raw, "text")
    text = None if text == _NOT_SHOWN else text
    if text is None and (raw.get("bot_id") or raw.get("subtype") == "bot_message"):
        text = "\n".join(words for part in records(raw, "attachments") if (words := _attached(part))) or None
    if text is None:
        # Until 2018, what was written about a file was a thing of its own.
        text = said(raw.get("comment"), "comment")
    if text is None:
        # What is passed on without a word of one's own; what an application wrote in blocks only.
        shared = [words for part in records(raw, "attachments") if part.get("is_share") is True and (words := said(part, "text"))]
        text = "\n".join(shared) or "\n".join(_block_words(raw.get("blocks")))
    return html.unescape(_MARKUP.sub(plain, text or "")), list(people)


def _block_words(blocks: Any, depth: int = _DEEPEST_BLOCK) -> Iterator[str]:
    """Lines of the texts of "rich_text" and "section" blocks."""
    if not isinstance(blocks, list) or not depth:
        return
    inline: list[str] = []
    for block in blocks:
        if not isinstance(block, dict):
            continue
        text = block.get("text")
        words = said(text, "text") if isinstance(text, dict) else text if isinstance(text, str) else None
        mark = _INLINE.get(said(block, "type") or "")
        if mark and (target := said(block, mark[0])):
            inline.append(f"<{mark[1]}{target}>")
        elif words and block.get("type") in ("text", "link"):
            inline.append(storable(words))
        elif words:
            yield words
        yield from _block_words(block.get("elements"), depth - 1)
    if "".join(inline).strip():
        yield "".join(inline).strip()


def _attached(part: dict[str, Any]) -> str | None:
    return "\n".join(words for key in ("pretext", "title", "text") if (words := said(part, key))) or said(part, "fallback")
