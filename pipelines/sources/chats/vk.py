"""VK: the archive of one's own data (vk.com/data_protection), a ZIP or the unpacked folder of HTML pages.

Grain: one row of ``messages`` per message of every page; one of ``chats`` per conversation; one of ``accounts`` per author, member and
person mentioned; one of ``addressees`` per mention, and per message of a conversation of two.

VK documents no format. What is known from readers of real archives:

- ``messages/index-messages.html`` lists the conversations; each is a folder named by its peer (a person's number, a community's negative one,
  2000000000 and more for a conversation of several) with pages ``messages0.html``, ``messages50.html`` …, the newest first; windows-1251.
- ``<div class="message" data-id="…">`` holds a header ("<a href=…>Name</a>, 19 июн 2023 в 17:15:02", in English "at 5:15:02 pm on 19 Jun 2023"; one's
  own messages are by "Вы" or "You") and a body; attachments and notices are in ``kludges``. Times are without a zone.
- An edited message says "(ред.)" and, in a title, when. A deleted account is called DELETED. ``Сообщение удалено`` alone stands where the words
  are gone: see :data:`pipelines.sources.chats.chat_rows.GONE`; beside words or anything else it is what was answered or passed on. A call is
  a service message.
- Whose archive it is stands in ``<meta name="jd">`` of each page, as base64 of JSON, with the time of its making.
- Numbers of messages and of conversations of several count per *account*: two people's archives of one conversation are two chats. The chat's
  id is a pseudonym of (owner, peer), which also keeps people's numbers out of ``raw``.
- The archive holds every message that its owner has not deleted: a conversation is whole between its first and last.

Not kept: links and contents of what is attached, forwarded messages (only their number is told), walls, likes and all else in the archive.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa
from lxml import etree

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.chats.chat_rows import GONE, Chat, ChatRows, from_epoch
from pipelines.sources.formats.archives import Tree, open_tree, path_of, read_whole, tree_items
from pipelines.sources.formats.local_times import to_utc
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Context, Event, Item, Rejected

DEFAULT_REALM = "vk"
WHAT = "a VK archive (kind vk)"

#: A page of fifty messages of the greatest length, with ten things attached to each, has half a megabyte; the list of conversations may have more.
_LARGEST_PAGE = 1 << 21
_LARGEST_LIST = 1 << 25
#: Pages in memory at once, two thousand messages.
_PAGES_AT_ONCE = 40
_INDEX = "index-messages.html"
_PROFILE = "profile/page-info.html"
_PAGE = re.compile(r"(?P<peer>-?\d{1,18})/messages(?P<offset>\d{1,9})\.html", re.ASCII)
#: Peers from here on are conversations of several.
_GROUPS_FROM = 2_000_000_000
_PERSON = re.compile(r"(?:https?://(?:m\.)?vk\.(?:com|ru)/)?(?P<kind>id|public|club|event)(?P<number>\d{1,18})", re.ASCII)
_LINKED = re.compile(r"\[(?P<kind>id|public|club|event)(?P<number>\d{1,18})\|(?P<name>[^\[\]|]{1,200})\]")
#: The word between day and time is the language's: "в", Ukrainian "о", Belarusian "у".
_DAY_FIRST = re.compile(r"(\d{1,2} [^\W\d]{3,10}\.? \d{4})(?: г\.?)?,? (?:[^\W\d]{1,3} )?(\d{1,2}:\d{2}(?::\d{2})?)")
_ENGLISH = re.compile(r"at (\d{1,2}:\d{2}(?::\d{2})?(?: [ap]m)?) on (\d{1,2} [^\W\d]{3,10}\.? \d{4})", re.IGNORECASE)
_OWN = frozenset(("вы", "you", "ви", "сіз"))
_DELETED_ACCOUNT = "DELETED"
_MEDIA = {
    "фотография": "photo", "photo": "photo", "видеозапись": "video", "video": "video", "файл": "file", "file": "file", "документ": "file",
    "аудиозапись": "file", "audio": "file", "стикер": "sticker", "sticker": "sticker", "опрос": "poll", "poll": "poll", "карта": "location",
    "map": "location", "голосовое сообщение": "voice", "видеосообщение": "video", "voice message": "voice", "контакт": "contact", "contact": "contact",
}  # fmt: skip
_FORWARDED = re.compile(r"\d+\s+(?:прикреплённ|прикрепленн|attached)", re.IGNORECASE)
_GONE = frozenset(("сообщение удалено", "message deleted"))
_CALLS = frozenset(("звонок", "call"))
_FULL_NAME = frozenset(("полное имя", "full name"))


class _Header(NamedTuple):
    author: str | None
    name: str | None
    is_deleted: bool
    date: str


class _Body(NamedTuple):
    text: str
    is_service: bool
    media: str | None
    is_forwarded: bool
    is_gone: bool
    people: tuple[tuple[str, str | None], ...]


@dataclass
class _Export:
    rows: ChatRows
    owner: str | None = None
    titles: dict[str, str] = field(default_factory=dict)


class VkReader:
    """Reads VK's archives (kind "vk"); one item is one ``.zip`` or one unpacked folder.

    Record kinds: chats, accounts, messages (counted), addressees. Rejected, as "conversation N, page P, message M": ``no id``, ``no header``,
    ``no readable date``, :data:`~pipelines.sources.chats.chat_rows.GONE`.
    """

    kind: ClassVar[str] = "vk"
    version: ClassVar[int] = 3
    items_name_people: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every ZIP, and every folder with the list of conversations. Raises BadSource where there is none."""
        return tree_items(
            source, "VK archives (.zip, or a folder with messages/index-messages.html)", _is_export, is_posted=lambda path: False
        )

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one archive. Raises BadFile for something else, and for a page that is cut off or too large."""
        path = path_of(item, WHAT)
        tree = open_tree(path)
        names = tree.names()
        pages = sorted(_pages(names))
        if not pages:
            raise BadFile(path, place="archive", expected=f"{WHAT} with pages of messages", found="none")
        base = pages[0][3][: -len(f"{pages[0][1]}/messages{pages[0][2]}.html")]
        export = _Export(ChatRows(context, source.realm or DEFAULT_REALM))
        _about(tree, names, base, pages[0][3], export)
        peers = {peer: number for number, peer in enumerate(dict.fromkeys(page[1] for page in pages), start=1)}
        rest = iter(pages)
        while some := list(islice(rest, _PAGES_AT_ONCE)):
            yield from _read_pages(
                tree, [(name, peer, f"conversation {peers[peer]}, page {offset}") for _, peer, offset, name in some], export
            )
            yield from export.rows.full()
        yield from export.rows.last()


def _is_export(path: Path) -> bool:
    return (path / "messages" / _INDEX).is_file() or (path / _INDEX).is_file()


def _pages(names: list[str]) -> Iterator[tuple[int, str, int, str]]:
    """Pages of messages as (peer as a number, peer, offset, name)."""
    for name in names:
        parts = name.rsplit("/", 2)
        if len(parts) >= 2 and (match := _PAGE.fullmatch("/".join(parts[-2:]))):
            yield int(match["peer"]), match["peer"], int(match["offset"]), name


# -- pages -----------------------------------------------------------------------------------------------------------------------


def _parsed(tree: Tree, name: str, largest: int = _LARGEST_PAGE) -> Any:
    """The root element of a page. Raises BadFile where the page is cut off or no HTML."""
    data = read_whole(tree, name, largest)
    path = tree.named(name)
    if not data.strip():
        raise BadFile(path, place="file", expected="a page of a VK archive", found="an empty file")
    if b"</html>" not in data[-4096:].lower():
        raise BadFile(path, place="end of the file", expected="</html>", found="something else: the page is cut off or none")
    parser = etree.HTMLParser(
        encoding="utf-8" if _is_utf8(data) else "windows-1251", no_network=True, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, RecursionError, LookupError) as error:
        raise BadFile(path, place="file", expected="a page of a VK archive", found=type(error).__name__) from None
    if root is None:
        raise BadFile(path, place="file", expected="a page of a VK archive", found="nothing")
    return root


def _is_utf8(data: bytes) -> bool:
    """Archives come in windows-1251; some programs that repack them write UTF-8, which no windows-1251 in Russian is by chance."""
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _about(tree: Tree, names: list[str], base: str, first_page: str, export: _Export) -> None:
    """Whose archive it is, when it was made, and what the conversations are called."""
    root = base.removesuffix("messages/")
    for name in (f"{base}{_INDEX}", f"{root}{_PROFILE}", first_page):
        if name not in names:
            continue
        page = _parsed(tree, name, _LARGEST_LIST)
        owner, made_at = _jd(page)
        export.owner = export.owner or owner
        if made_at:
            export.rows.reaches(made_at)
        if name.endswith(_INDEX):
            for link in page.iter("a"):
                found = _PAGE.fullmatch(link.get("href") or "")
                if found and (title := _text(link)):
                    export.titles.setdefault(found["peer"], title)
        elif name.endswith(_PROFILE) and owner:
            shown = _full_name(page)
            if shown:
                export.rows.met(f"id{owner}", shown)


def _jd(page: Any) -> tuple[str | None, datetime | None]:
    for meta in page.iter("meta"):
        if meta.get("name") == "jd":
            try:
                content = meta.get("content") or ""
                about = json.loads(base64.b64decode(content + "=" * (-len(content) % 4)))
            except (binascii.Error, ValueError, RecursionError):
                return None, None
            if isinstance(about, dict):
                owner = about.get("user_id")
                is_number = isinstance(owner, int) and not isinstance(owner, bool) and 0 < owner < 1 << 62
                return str(owner) if is_number else None, from_epoch(about.get("time_current"))
    return None, None


def _full_name(page: Any) -> str | None:
    for label in page.iter("div"):
        if label.text and label.text.strip().lower() in _FULL_NAME:
            following = label.getnext()
            return _text(following) or None if following is not None else None
    return None


def _read_pages(tree: Tree, pages: list[tuple[str, str, str]], export: _Export) -> Iterator[Event]:
    """The messages of some pages, as (name, peer, place): some, because reading times costs little more for many than for one."""
    found: list[tuple[Any, _Header | None, Chat, str, str]] = []
    for name, peer, place in pages:
        page = _parsed(tree, name)
        chat = _chat(peer, page, export)
        export.rows.chat(chat)
        elements = (element for element in page.iter("div") if "message" in (element.get("class") or "").split())
        found += (
            (element, _header(element, export.owner), chat, peer, f"{place}, message {number}")
            for number, element in enumerate(elements, start=1)
        )
    zone = export.rows.context.zone
    dates = pa.array([_date(header.date) if header else "" for _, header, *_ in found], pa.string())
    sent = to_utc(dates, "day first", zone)[0].to_pylist()
    edited = to_utc(pa.array([_date(_edited(element)) for element, *_ in found], pa.string()), "day first", zone)[0].to_pylist()
    for (element, header, chat, peer, place), sent_at, edited_at in zip(found, sent, edited, strict=True):
        export.rows.seen()
        if reason := _message(element, header, sent_at, edited_at, chat, peer, export):
            yield Rejected("messages", place, reason)


def _chat(peer: str, page: Any, export: _Export) -> Chat:
    title = export.titles.get(peer)
    if title is None:
        crumbs = [text for element in page.iter("div") if element.get("class") == "ui_crumb" and (text := _text(element))]
        title = crumbs[-1] if crumbs else None
        if title:
            export.titles[peer] = title
    is_group = int(peer) >= _GROUPS_FROM
    part = export.rows.secret("chat", f"{export.owner or ''}:{peer}")
    return Chat(part, "chat" if is_group else "direct", "group" if is_group else "personal", title)


def _message(
    element: Any, header: _Header | None, sent_at: datetime | None, edited_at: datetime | None, chat: Chat, peer: str, export: _Export
) -> str | None:
    """Take one message, or say why not."""
    number = element.get("data-id") or ""
    if not re.fullmatch(r"\d{1,18}", number, re.ASCII):
        return "no id"
    if header is None:
        return "no header"
    if sent_at is None:
        return "no readable date"
    rows = export.rows
    body = _body(element)
    if body.is_gone and not body.text.strip():
        rows.spoke(chat, sent_at)
        return GONE
    other = _native(int(peer)) if chat.is_private else None
    if other:
        is_known = header.author == other
        rows.met(
            other, None if is_known else chat.title if chat.title != _DELETED_ACCOUNT else None, is_service=other.startswith("club") or None
        )
    if header.author:
        rows.met(header.author, is_deleted=header.is_deleted or None, is_service=header.author.startswith("club") or None)
    message_id = rows.message(
        chat,
        number,
        header.author,
        sent_at,
        body.text,
        name=header.name,
        edited_at=edited_at,
        is_service=body.is_service,
        media=body.media,
        is_forwarded=body.is_forwarded,
        is_pinned=None,
    )
    if body.is_service:
        return None
    for native, name in body.people:
        rows.met(native, name)
        rows.address(message_id, native, "mention")
    if other and header.author:
        receiver = other if header.author != other else f"id{export.owner}" if export.owner else None
        if receiver:
            rows.address(message_id, receiver, "member")
    return None


# -- one message -----------------------------------------------------------------------------------------------------------------


def _native(peer: int) -> str:
    return f"id{peer}" if peer > 0 else f"club{-peer}"


def _person(address: str | None) -> str | None:
    """Native id of a person or community by the address of its page."""
    found = _PERSON.fullmatch(address or "")
    if not found:
        return None
    return f"{'id' if found['kind'] == 'id' else 'club'}{found['number']}"


def _header(element: Any, owner: str | None) -> _Header | None:
    for header in element.iter("div"):
        if header.get("class") != "message__header":
            continue
        link = header.find("a")
        if link is not None:
            name = _text(link)
            is_deleted = name == _DELETED_ACCOUNT
            return _Header(
                _person(link.get("href")), None if is_deleted or not name else name, is_deleted, (link.tail or "").strip(" ,\n\t")
            )
        name, _, date = (header.text or "").partition(",")
        if name.strip().lower() in _OWN:
            return _Header(f"id{owner}" if owner else None, None, False, date.strip())
        # A community whose page is gone: it has a name and no number.
        return _Header(None, None, False, date.strip()) if date else None
    return None


def _edited(element: Any) -> str:
    return next((span.get("title") or "" for span in element.iter("span") if span.get("class") == "message-edited"), "")


def _date(text: str) -> str:
    """ "19 июн 2023 в 17:15:02" and "at 5:15:02 pm on 19 Jun 2023" as local_times reads them; empty for anything else."""
    text = " ".join(text.split())
    if found := _DAY_FIRST.search(text):
        return f"{found[1]}, {found[2]}"
    found = _ENGLISH.search(text)
    return f"{found[2]}, {found[1]}" if found else ""


def _body(element: Any) -> _Body:
    header = next((part for part in element if part.get("class") == "message__header"), None)
    body = header.getnext() if header is not None else None
    if body is None:
        return _Body("", False, None, False, False, ())
    people: dict[str, str | None] = {}
    words, attachments, rest, is_notice = [body.text or ""], [], [], False
    for part in body:
        if "kludges" in (part.get("class") or "").split():
            rest.append(part.text or "")
            for inner in part:
                if "attachment" in (inner.get("class") or "").split():
                    attachments.append(inner)
                else:
                    is_notice = is_notice or "im_srv_lnk" in (inner.get("class") or "").split()
                    rest.append(_text(inner))
                rest.append(inner.tail or "")
        elif part.tag == "br":
            words.append("\n")
        else:
            if native := _person(part.get("href")):
                people.setdefault(native, _text(part).lstrip("@") or None)
            words.append(_text(part))
        words.append(part.tail or "")
    text = storable("".join(words)).strip()

    def linked(match: re.Match[str]) -> str:
        people.setdefault(f"{'id' if match['kind'] == 'id' else 'club'}{match['number']}", match["name"].lstrip("@"))
        return match["name"]

    text = _LINKED.sub(linked, text)
    kinds = [_attachment(part) for part in attachments]
    names = {kind for kind, _ in kinds}
    if is_notice and not text:
        text = " ".join(storable("".join(rest)).split())
    return _Body(
        text,
        is_notice or (not text and bool(names) and names <= _CALLS),
        next((_media(*kind) for kind in kinds if _media(*kind)), None),
        any(_FORWARDED.match(kind) for kind, _ in kinds),
        bool(names) and names <= _GONE,
        tuple(people.items()),
    )


def _attachment(part: Any) -> tuple[str, str]:
    """What is attached, as the archive calls it, and its address."""
    kind, address = "", ""
    for inner in part.iter():
        if inner.get("class") == "attachment__description":
            kind = " ".join(_text(inner).lower().split())
        elif inner.get("class") == "attachment__link":
            address = (inner.get("href") or "").lower()
    return kind, address


def _media(kind: str, address: str) -> str | None:
    return "voice" if kind in ("файл", "file") and address.partition("?")[0].endswith(".ogg") else _MEDIA.get(kind)


def _text(element: Any) -> str:
    return storable("".join(element.itertext())).strip()
