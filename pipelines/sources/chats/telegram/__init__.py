"""Telegram Desktop: chats exported as "machine-readable JSON" (``result.json``) or as HTML (``messages.html``, ``messages2.html`` …).

Grain: one row of ``messages`` per message of a chat; one of ``chats`` per chat; one of ``accounts`` per account that wrote, acted or was
spoken to; one of ``addressees`` per mention by id, and per message of a private conversation; one of ``message_files`` per document posted to
more than one person that lies beside the export, whose text is ``file_texts`` (:mod:`pipelines.sources.chats.chat_files`).

What the JSON does, and what is made of it (tdesktop up to 7.2, ``export_output_json.cpp``):

- ``date`` is the exporting computer's local time without a zone; ``date_unixtime`` stands beside it since 2021. Older files are read in
  the programme's zone; an hour that occurs twice in autumn is taken as its first occurrence. "Never edited" is the year 1970 there.
- ``text`` is a string, or a list of strings and entities (links, bold, mentions); words are kept, targets of links are not. The
  words of a poll or a to-do list are its title and lines, those of an article (``rich_message``) its paragraphs.
- ``from_id`` is "user…", "channel…" (a channel's post, or an administrator who writes as the group) or "chat…"; before 2021 a bare
  number, in which channels and groups were told apart by the bits above the 32nd. ``from`` is null for deleted accounts.
- In a forum, a message of a topic says ``reply_to_message_id`` = the topic's root: its thread, not an answer. ``topic_created`` is the root.
  Where only a later part of a forum was exported, a root is what several posts name and what lies before the part
  (``thresholds.forum_replies_share``, ``forum_topic_posts``).
- One topic alone (exported since 2025) stands under the group's id, as a "public_supergroup" with the topic's title: told by this, that every post
  answers into one root (of the first topic by its name, "General"). What it lacks is not taken for deleted, nor its title for the group's.
- A pin is a service message that names the pinned one. Service messages of any ``action``, known or not, are rows of kind "service".
- Control characters are written as ``\\x0B``, which is no JSON: mended. A message that the exporting program did not know is an id
  and nothing else: rejected.
- ``file`` is a path from the export's folder, or in parentheses why the file was not exported. Of files, documents alone are opened (no
  ``media_type``): not photos, voice, video, stickers, music.

Identity. Message ids are unique inside a supergroup or channel. Elsewhere they count per *exporting account*:

- In private conversations. The conversation's id is a pseudonym of (exporter, other party), which also keeps the other party's number
  out of ``raw``. The exporter is known from ``personal_information``, from the saved messages' id, or from the first message that the
  other party did not write.
- In basic groups (``private_group``), and in what a supergroup has taken over from one (negative ids: the old id less a thousand
  million). Who exported is not told there, but who wrote when is the same in everybody's export: a message is named by a hash of author
  and second, and by its number among those of the same author and second. So two exports of one basic group are the same rows. What
  stands both in a basic group's own export and in its supergroup's stands in two chats: nothing in the export connects them.

Whole: between its first and its last message a chat is exported completely, so what is missing there has been deleted. Not said of chats
that may hold the exporter's messages only (chats left; groups where one person wrote everything), of basic groups (where everybody deletes
for themselves), and where a message was rejected.

Not kept: names of files, contact cards, places, links, buttons under messages, quoted parts of answered messages, who reacted,
votes, prices and gifts, stories, e-mail and IP lists; from the address book, only the people who write in the exported chats.

The HTML, and what it lacks: :mod:`pipelines.sources.chats.telegram.html`. Where a folder holds both, the JSON is read. An export's folder that somebody
packed for sending (``.zip``) is unpacked for the time of reading, without its pictures and videos.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.chats.telegram.document import read_document
from pipelines.sources.chats.telegram.html import FIRST_PAGE, pages_of, read_pages
from pipelines.sources.formats.archives import OTHER_ARCHIVES, ZipTree, path_of, source_root
from pipelines.sources.reading import Context, Covers, Event, Item

DEFAULT_REALM = "telegram"
_WHAT = "an export of Telegram Desktop"
_SUFFIXES = (".json", ".json.gz")
_PAGES = (".html", ".htm")
#: The folders into which Telegram Desktop puts documents, one a chat.
_DOCUMENTS = "files"
_BLOCK = 1 << 20
_ARCHIVE = ".zip"


class TelegramReader:
    """Reads exports of Telegram Desktop (kind "telegram").

    One item is one ``.json`` or ``.json.gz`` file, one folder's ``messages.html`` with the pages that follow it, or one archive of such.
    Record kinds: chats, accounts, messages (counted), addressees, message_files (counted), file_texts (counted). Rejected, as "message N" of a
    chat: ``not an object``, ``no id``, ``no readable date``, ``no kind``, ``not supported by the exporting program``; as "message id N": files.
    """

    kind: ClassVar[str] = "telegram"
    version: ClassVar[int] = 6
    opens_files: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every export below the source's path, by name; hidden files and files that were sent in a chat are none.

        Raises BadSource where the path is not there or holds no export.
        """
        root = source_root(source, "Telegram exports")
        if root.is_file():
            return [_item(root, root.name)]
        files = sorted(
            path
            for path in root.rglob("*")
            if (_is_json(path) or path.name == FIRST_PAGE or path.name.lower().endswith((_ARCHIVE, *OTHER_ARCHIVES)))
            and path.is_file()
            and not _is_hidden(path.relative_to(root))
        )
        documents = {path.parent for path in files if _is_result(path)}
        pages = {path.parent for path in files if path.name == FIRST_PAGE and documents.isdisjoint((path.parent, *path.parent.parents))}
        exports = documents | pages
        found = [
            path
            for path in files
            if _is_result(path)
            or (path.name == FIRST_PAGE and path.parent in pages)
            or (_is_json(path) and exports.isdisjoint(path.parent.parents))
            # Archives that were sent in a chat lie below its export.
            or (
                exports.isdisjoint(path.parents)
                and (path.name.lower().endswith(OTHER_ARCHIVES) or (path.suffix.lower() == _ARCHIVE and _holds_export(path)))
            )
        ]
        if not found:
            raise BadSource(
                f"source {source.name}: looking for Telegram exports: no .json, .json.gz, {FIRST_PAGE} or archive of such below {root.name}"
            )
        return [_item(path, path.relative_to(root).as_posix()) for path in found]

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one export, in batches of about fifty thousand messages.

        Raises BadFile for a file that is cut off, is neither JSON nor HTML, is not UTF-8, or is JSON or HTML of something else.
        """
        path, realm = path_of(item, _WHAT), source.realm or DEFAULT_REALM
        if path.suffix.lower() == _ARCHIVE:
            yield from self._unpacked(source, path, context)
        elif path.suffix.lower() in _PAGES:
            yield from read_pages(path, realm, context, source.chat_ids)
        else:
            yield from read_document(path, realm, context)

    def _unpacked(self, source: Source, archive: Path, context: Context) -> Iterator[Event]:
        """The events of the exports in an archive. Raises BadFile where there is none."""
        spans: list[tuple[datetime | None, datetime | None]] = []
        with tempfile.TemporaryDirectory() as folder:
            _unpack(archive, Path(folder))
            try:
                exports = list(self.items(source.model_copy(update={"path": Path(folder)}), context))
            except BadSource:
                raise BadFile(archive, place="archive", expected=_WHAT, found="none") from None
            for export in exports:
                for event in self.read(source, export, context):
                    if isinstance(event, Covers):
                        spans.append((event.since, event.until))
                    else:
                        yield event
        yield Covers(min((since for since, _ in spans if since), default=None), max((until for _, until in spans if until), default=None))


def _unpack(archive: Path, folder: Path) -> None:
    """Documents and what tells of the chats. Raises BadFile for a damaged archive."""
    tree = ZipTree(archive)
    for name in tree.names():
        target = (folder / name).resolve()
        is_wanted = _is_json(target) or target.suffix.lower() in _PAGES or target.parent.name == _DOCUMENTS
        if not is_wanted or not target.is_relative_to(folder.resolve()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with tree.open(name) as packed, target.open("wb") as content:
            while block := packed.read(_BLOCK):
                content.write(block)
    tree.close()


def _holds_export(archive: Path) -> bool:
    """Is it an archive of an export? A damaged one may be: reading it says what is wrong."""
    try:
        tree = ZipTree(archive)
    except BadFile:
        return True
    tree.close()
    return any(_is_result(Path(name)) or name.rpartition("/")[2] == FIRST_PAGE for name in tree.names())


def _item(path: Path, name: str) -> Item:
    if path.suffix.lower() == _ARCHIVE:
        return Item(name, path)
    if path.suffix.lower() not in _PAGES:
        return Item(name, path, beside=_documents_beside(path))
    digest = sha256()
    for page in pages_of(path):
        with page.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
    return Item(name, path, digest.hexdigest(), _documents_beside(path))


def _documents_beside(export: Path) -> str:
    """Which documents lie beside an export: one that is copied there later makes the export worth reading again. Empty: none."""
    listed = sorted(
        f"{file.relative_to(export.parent).as_posix()} {file.stat().st_size}"
        for folder in export.parent.rglob(_DOCUMENTS)
        for file in folder.iterdir()
        if file.is_file()
    )
    return f" {sha256(chr(10).join(listed).encode('utf-8', 'surrogateescape')).hexdigest()}" if listed else ""


def _is_json(path: Path) -> bool:
    return path.name.lower().endswith(_SUFFIXES)


def _is_result(path: Path) -> bool:
    return path.name.lower() in ("result.json", "result.json.gz")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
