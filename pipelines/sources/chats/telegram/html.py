"""Telegram Desktop's HTML export of one chat: ``messages.html``, ``messages2.html`` …, a thousand messages each.

Structure and words are those of tdesktop's ``export_output_html.cpp`` (always English); ``div`` ids are the message ids of the JSON. The
messages are turned into the JSON's shape and then go the same way. What the HTML lacks, and what is made of it:

- The chat's id: ``chat_ids`` of the source gives it by title; otherwise a hash of the title stands for it, and a chat that is renamed is
  another chat. The chat's type: a conversation where one of two people bears the title's name is private, a chat written by its
  title alone is a channel, every other one a group.
- Ids of people: an account is a name in a chat ("name:<chat>:<name>"), so two people of one name are one account and a renamed one is
  two. Nor is a name ever taken for an account that a JSON of the same chat has by its id, whatever it is called: the links compare both
  with the people of the chat's course. A joined message is the previous one's author's. "Deleted Account" is nobody.
- The time of a service line and who acted: it has the time of the message before it (of the first one after it, where it comes first).
- Edits, answers to messages in other chats, mentions by id: not there.
- An article ("rich message") is its paragraphs, as in the JSON.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from lxml import etree

from pipelines.errors import BadFile
from pipelines.sources.chats.chat_files import file_events
from pipelines.sources.chats.telegram import chats
from pipelines.sources.chats.telegram.chats import Chat, Export
from pipelines.sources.chats.telegram.columns import add_messages
from pipelines.sources.formats.archives import FolderTree
from pipelines.sources.formats.local_times import to_utc
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Context, Covers, Event, Rejected, Seen

FIRST_PAGE = "messages.html"
_PAGE = re.compile(r"messages((?:[1-9]\d{0,5})?)\.html")
#: A page of a thousand messages of Telegram's greatest length with all their formatting stays below this.
_LARGEST_PAGE = 64 << 20
_MESSAGE = re.compile(rb'<div class="message [^"]*" id="message(-?[0-9]{1,18})"')
#: A name over a message (one over a forwarded message follows an opening tag).
_NAME = re.compile(r'</div>\s*<div class="from_name">\s*([^<]*)')
_LINK = re.compile(r"go_to_message(-?[0-9]{1,18})$")
#: An editor laid the page out anew: Telegram Desktop writes words without an indent.
_LAID_OUT = re.compile(r'<div class="(?:from_name|text)">[ \t]*\r?\n[ \t]+\S')
_INDENT = re.compile(r"[ \t]*\n+[ \t]*")
_TIME = re.compile(r"(\d\d)\.(\d\d)\.(\d{4}) (\d\d:\d\d(?::\d\d)?)(?: UTC([+-]\d\d:\d\d))?")
#: Date lines between messages are numbered -1, -2 …; messages taken over from a basic group lie far below.
_LOWEST_DATE_LINE = -500_000_000
_DELETED = "Deleted Account"
_VIA = re.compile(r" via @\w+$")
_UNSUPPORTED = "This message is not supported by this version of Telegram Desktop"
_TOPIC = re.compile(r" created topic «(.*)»$", re.DOTALL)
#: Elements of a "rich message" that stand inside a line, and classes of those that hold no words of it.
_INLINE = frozenset(
    ("a", "abbr", "b", "button", "code", "del", "em", "i", "img", "ins", "mark", "s", "small", "span", "strong", "sub", "sup", "u")
)
_NO_WORDS = frozenset(("media_wrap", "rich_task_marker", "rich_inline_fallback", "rich_fallback"))
#: Class of a medium → the JSON's key for the same.
_MEDIA = {
    "photo_wrap": {"photo": ""},
    "media_photo": {"photo": ""},
    "sticker_wrap": {"media_type": "sticker"},
    "animated_wrap": {"media_type": "animation"},
    "video_file_wrap": {"media_type": "video_file"},
    "media_video": {"media_type": "video_file"},
    "media_voice_message": {"media_type": "voice_message"},
    "media_audio_file": {"media_type": "audio_file"},
    "media_file": {"file": ""},
    "media_contact": {"contact_information": ""},
    "media_location": {"location_information": ""},
    "media_live_location": {"location_information": ""},
    "media_venue": {"location_information": ""},
}


def pages_of(first: Path) -> list[Path]:
    """The pages of the export that begins with ``messages.html``, in order."""
    if first.name != FIRST_PAGE:
        return [first]
    found = {int(match[1] or 1): path for path in first.parent.iterdir() if (match := _PAGE.fullmatch(path.name))}
    return [found[number] for number in sorted(found)]


def read_pages(first: Path, realm: str, context: Context, chat_ids: Mapping[str, int]) -> Iterator[Event]:
    """The events of one chat's pages.

    Raises BadFile for a page that is cut off, too large, not UTF-8, or no page of Telegram Desktop, and where a page is missing.
    """
    pages = pages_of(first)
    for number, page in enumerate(pages[1:], 2):
        if page.name != f"messages{number}.html":
            raise BadFile(page, place="file name", expected=f"messages{number}.html before it", found="no such file")
    chat = _chat(pages, realm, context, chat_ids)
    export = Export(context, realm)
    seen, last_at = 0, None
    for page in pages:
        raws, last_at = _messages_of(page, chat, export, context, last_at)
        for place, reason in add_messages(raws, chat, export):
            yield Rejected("messages", f"{page.name} message {place + 1}", reason)
        seen += len(raws)
        yield Seen("messages", len(raws))
        if export.waiting >= chats.BATCH_ROWS:
            yield from export.flush()
    yield from export.end_chat(chat)
    export.note_chat(chat)
    yield from export.last_events()
    yield from file_events(export.files, FolderTree(first.parent), context)
    yield Covers(export.since, export.until)


def _chat(pages: Iterable[Path], realm: str, context: Context, chat_ids: Mapping[str, int]) -> Chat:
    """The chat as far as the pages tell: title, and what its authors' names betray of its type."""
    title, names = None, set[str]()
    for page in pages:
        text = _text(page)
        if title is None:
            title = _title(page, text)
        names.update(_shown(html.unescape(name)) for name in _NAME.findall(text))
        if len(names) > 2:
            break
    title = title or ""
    kind = "private_channel" if names == {title} else "personal_chat" if title in names and len(names) == 2 else ""
    native_id = str(chat_ids[title]) if title in chat_ids else context.pseudonyms.of(f"{realm}:chat", f"title:{title}")
    chat = Chat(native_id, kind, title)
    if kind == "private_channel":
        chat.authors = {f"channel{native_id}"}
    return chat


def _text(page: Path) -> str:
    """The page, whole. Raises BadFile."""
    size = page.stat().st_size
    if size > _LARGEST_PAGE:
        raise BadFile(page, place="file size", expected=f"at most {_LARGEST_PAGE >> 20} MB", found=f"{size >> 20} MB")
    content = page.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile(page, place=f"byte {error.start}", expected="UTF-8", found="another encoding") from None
    if not text.strip():
        raise BadFile(page, place="byte 0", expected="a page of Telegram Desktop's HTML export", found="an empty file")
    if 'class="page_body chat_page"' not in text:
        raise BadFile(page, place="page_body", expected="a page of Telegram Desktop's HTML export", found="something else")
    if not text.rstrip().endswith("</html>"):
        raise BadFile(page, place=f"byte {len(content)}", expected="</html>", found="the end of the file: it is cut off")
    return text


def _tree(page: Path, text: str) -> Any:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, recover=True)
    try:
        tree = etree.fromstring(text.encode(), parser)
    except (etree.LxmlError, ValueError):
        tree = None
    if tree is None:
        raise BadFile(page, place="byte 0", expected="HTML", found="something else")
    if any(entry.level >= etree.ErrorLevels.FATAL for entry in parser.error_log):  # too deep or too long: what follows would be lost
        raise BadFile(page, place="div", expected="tags as Telegram Desktop nests them", found="others: the page is damaged")
    return tree


def _title(page: Path, text: str) -> str:
    header = text.find('<div class="page_body')
    tree = _tree(page, text[:header])
    return _shown("".join(part for one in tree.iterfind(".//div[@class='text bold']") for part in one.itertext()))


def _shown(name: str) -> str:
    return storable(_VIA.sub("", " ".join(name.split())))


def _messages_of(page: Path, chat: Chat, export: Export, context: Context, last_at: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """The page's messages in the JSON's shape, and the time of the last one."""
    text = _text(page)
    found = [one for one in _tree(page, text).iter("div") if _NUMBERED.fullmatch(one.get("id") or "")]
    if len(found) != len(_MESSAGE.findall(text.encode())):
        raise BadFile(page, place="div", expected="as many messages as there are message ids", found="others: the page is damaged")
    raws, author = [], None
    is_laid_out = bool(_LAID_OUT.search(text))
    for one in found:
        number = int(one.get("id").removeprefix("message"))
        if 0 > number > _LOWEST_DATE_LINE:
            continue
        body = _child(one, "body")
        if "service" in _classes(one) or body is None:
            raws.append(_service(number, body))
            continue
        raw, name = _post(number, body, context)
        if is_laid_out:
            raw["text"] = _INDENT.sub("\n", raw["text"]).strip()
        author = name if name is not None else author
        for reaction in raw.get("reactions", ()):
            for one in reaction["recent"]:
                one["from_id"] = export.peers.setdefault(native := f"name:{chat.native_id}:{one['from']}", native)
        if author and author != _DELETED:
            native = f"name:{chat.native_id}:{author}"
            if chat.type == "private_channel":
                native = f"channel{chat.native_id}"
            elif chat.type == "personal_chat" and author == chat.title:
                native = f"user{chat.native_id}"
            export.peers[native] = native
            raw |= {"from": author, "from_id": native}
            if raw["type"] == "service":
                raw |= {"actor": author, "actor_id": native}
        raws.append(raw)
    dated = last_at or next((raw["date_unixtime"] for raw in raws if raw.get("date_unixtime")), None)
    for raw in raws:
        if "date_unixtime" in raw:
            dated = raw["date_unixtime"] or dated
        else:
            raw["date_unixtime"] = dated
    return raws, dated


_NUMBERED = re.compile(r"message-?[0-9]{1,18}")


def _service(number: int, body: Any) -> dict[str, Any]:
    """A service line: what it says is known by its English words and by its link."""
    words = "" if body is None else " ".join("".join(body.itertext()).split())
    raw: dict[str, Any] = {"id": number, "type": "service", "text": ""}
    if words.startswith(_UNSUPPORTED):
        return {"id": number, "type": "unsupported"}
    link = _link(body)
    if link is not None and words.endswith(" pinned this message"):
        raw |= {"action": "pin_message", "message_id": link}
    elif topic := _TOPIC.search(words):
        raw |= {"action": "topic_created", "title": topic[1]}
    return raw


def _post(number: int, body: Any, context: Context) -> tuple[dict[str, Any], str | None]:
    """A message and the name over it (None: the previous message's author goes on)."""
    raw: dict[str, Any] = {"id": number, "type": "message", "text": ""}
    date, name = _child(body, "date"), _child(body, "from_name")
    raw["date_unixtime"] = _time((date.get("title") or "") if date is not None else "", context)
    forwarded = _child(body, "forwarded", "body")
    if forwarded is not None:
        raw["forwarded_from"] = None
    inner = body if forwarded is None else forwarded
    link = _link(_child(inner, "reply_to"))
    if link is not None:
        raw["reply_to_message_id"] = link
    text = _child(inner, "text")
    if text is not None:
        raw["text"] = _article(text) if "rich_message" in _classes(text) else _words(text)
    for wrap in (one for one in inner if "media_wrap" in _classes(one)):
        _add_media(raw, wrap)
    reactions = _child(body, "reactions")
    if reactions is not None:
        raw["reactions"] = [{"count": _count(one), "recent": _who(one)} for one in reactions if "reaction" in _classes(one)]
    return raw, None if name is None else _shown("".join(name.itertext()))


def _add_media(raw: dict[str, Any], wrap: Any) -> None:
    for one in wrap:
        classes = _classes(one)
        if "media_poll" in classes:
            kind = _child(one, "details")
            is_todo = kind is not None and "".join(kind.itertext()).strip() == "To-do List"
            lines = [_words(part, skip="details").removeprefix("- ") for part in one if "answer" in _classes(part)]
            question = _child(one, "question")
            raw["todo_list" if is_todo else "poll"] = {
                "title" if is_todo else "question": _words(question) if question is not None else "",
                "answers": [{"text": line.rstrip()} for line in lines],
            }
        elif "media_call" in classes:
            raw["type"] = "service"
        elif "media_photo" in classes and (body := _child(one, "body")) is not None and "".join(body.itertext()).split()[:1] == ["Sticker"]:
            raw["media_type"] = "sticker"
        else:
            for name in classes & _MEDIA.keys():
                raw |= _MEDIA[name] | ({"file": one.get("href") or ""} if name == "media_file" else {})


def _time(stated: str, context: Context) -> str | None:
    """Epoch seconds, as the JSON has them; None where it is no time."""
    match = _TIME.fullmatch(stated.strip())
    if not match:
        # Pages of other programs in Telegram Desktop's layout ("15 January 2026, 10:00").
        (moment,) = to_utc(pa.array([stated.strip()], pa.string()), "day first", context.zone)[0].to_pylist()
        return None if moment is None else str(int(moment.timestamp()))
    day, month, year, clock, offset = match.groups()
    try:
        at = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{offset or ''}")
        return str(int((at if at.tzinfo else at.replace(tzinfo=context.zone, fold=0)).timestamp()))
    except (ValueError, OverflowError):
        return None


def _words(element: Any, skip: str | None = None) -> str:
    """Text with line ends for <br>. Newlines of the source itself are its layout: one after the opening tag, one before the closing."""
    parts: list[str] = []
    for event, part in etree.iterwalk(element, events=("start", "end")):
        is_skipped = skip is not None and skip in _classes(part)
        if event == "start":
            if part.tag == "br":
                parts.append("\n")
            elif not is_skipped:
                parts.append((part.text or "").replace("\n", "\0") if part is element else part.text or "")
        elif part is not element:
            parts.append((part.tail or "").replace("\n", "\0"))
    return re.sub(r"\0 *$", "", "".join(parts).removeprefix("\0")).replace("\0", "\n")


def _article(element: Any) -> str:
    """The paragraphs of a "rich message": each element that begins a line is one, without what stands for pictures and for boxes to tick."""
    lines, is_skipped = [""], 0
    for event, part in etree.iterwalk(element, events=("start", "end")):
        is_left_out = not _NO_WORDS.isdisjoint(_classes(part))
        is_line = part.tag not in _INLINE and part is not element
        if event == "start":
            is_skipped += is_left_out
            words = part.text
            if part.tag == "br" or is_line:
                lines.append("")
        else:
            is_skipped -= is_left_out
            words = part.tail if part is not element else None
            if is_line:
                lines.append("")
        if words and not is_skipped:
            lines[-1] += words
    return "\n".join(found for line in lines if (found := line.strip("\n ").strip()))


def _count(reaction: Any) -> int:
    count = _child(reaction, "count")
    digits = "".join(count.itertext()).strip() if count is not None else ""
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return int(digits)
    people = _child(reaction, "userpics")
    return len(people) if people is not None else 0


def _who(reaction: Any) -> list[dict[str, Any]]:
    """Who is shown to have reacted; the page does not say when."""
    people = _child(reaction, "userpics")
    names = [_shown(one.get("title") or "") for one in people.iter("div") if "initials" in _classes(one)] if people is not None else []
    return [{"from": name} for name in names if name and name != _DELETED]


def _link(element: Any) -> int | None:
    if element is None:
        return None
    for one in element.iter("a"):
        if match := _LINK.search(one.get("href") or ""):
            return int(match[1])
    return None


def _child(element: Any, *names: str) -> Any:
    """The first child with all these classes; of a forwarded message's body, the outer one has no class "forwarded"."""
    wanted = set(names)
    return next((one for one in element if wanted <= _classes(one) and (("forwarded" in wanted) == ("forwarded" in _classes(one)))), None)


def _classes(element: Any) -> set[str]:
    return set((element.get("class") or "").split())
