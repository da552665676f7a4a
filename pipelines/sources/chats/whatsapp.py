"""WhatsApp: chats exported as text ("Export chat"), from Android or iOS, as ``.txt`` or as the ZIP that the phone makes.

Grain: one row of ``messages`` per message or notice; one of ``chats`` per file; one of ``accounts`` per name that wrote or is mentioned;
one of ``addressees`` per mention, and per message of a conversation of two.

WhatsApp documents how to export (faq.whatsapp.com/1180414079177245) and not what comes out. What is known from public readers (lucasrodes/
whatstk, gesiscss/WhatsR, starkdmi/whats_json) and exports:

- ``22.11.2026, 14:05 - Name: words`` (Android), ``[22.11.26, 14:05:33] Name: words`` (iOS). Date and clock follow the phone's language: any order and
  separator, two or four digits, 12 or 24 hours, the comma missing, narrow no-break spaces before "PM", other digits, other words for the halves of
  the day. The order of day and month is found over the whole file (:mod:`pipelines.sources.formats.local_times`); where nothing tells, it is day
  first unless the file looks like a phone's of the United States. Times are the phone's, without a zone.
- What is copied out of WhatsApp's window (``[14:05, 22.11.2026] Name: words``) is read as well, where the whole file is written so.
- A line without that beginning goes on with the message before it. Nothing is escaped: a chat pasted into a message becomes messages.
- The file is not strictly in order of time, and it starts with the oldest message or, in long chats, with the first that still fits.
- A notice has no author. Where its words hold a colon, or iOS puts the chat's title before it, it is known by its words
  (:mod:`pipelines.sources.chats.whatsapp_words`), or by this, that a title writes nothing else. Notices are ``service``, without an author; so is "This message was deleted", whose words are lost.
- A name with a colon in it is known when everything that its first part wrote goes on with the same second part.
- There are no ids. A message is the same when chat, minute, author and words are: the id is a keyed hash of them, and a number among
  equals. So exports of one chat agree wherever they begin and end, from Android and iOS, with media or without (of a message with media, only
  the caption counts) and whatever the votes of a poll are. An edited message is another one, and the earlier vanishes; when it was edited
  is not told. The same holds for all messages of somebody whom the phone's owner has renamed, and for those that disappear by themselves.
  One chat's exports should come from one phone: another's has other names for the same people.
- An export is whole from the minute after its first message (of that minute the first may have been cut off) to its last.
- The chat is known by its title alone, which is the file's (or, for ``_chat.txt``, the ZIP's or folder's) name: exports of one chat must keep
  it, and two phones' conversations with people of one name belong into two sources with realms of their own.
- Names are those of the phone's address book. A number is an account by its digits; a name behind a tilde is what somebody calls himself,
  and is one account per chat only.
- A document attached to a message lies under the name told beside the chat's text or in its ZIP, and is opened for its words
  (:mod:`pipelines.sources.chats.chat_files`).

Not kept: names of files, places, who voted for what. A file that was cut off at its end cannot be told from a shorter one.
"""

from __future__ import annotations

import codecs
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import ClassVar, NamedTuple

import pyarrow as pa

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.chats.chat_rows import Chat, ChatRows, media_of
from pipelines.sources.chats.whatsapp_words import (
    ATTACHED,
    ATTACHED_BEHIND,
    COPY,
    DEED,
    DELETED,
    DOCUMENT,
    EDITED,
    ENCRYPTED,
    EXPORT_NAME,
    GROUP_DEED,
    LOCATION,
    MARKS,
    NO_TITLE,
    NOTHING_TOLD,
    NOTICE,
    NOTICE_AS_WORDS,
    OWN_FILE,
    OWN_REMARK,
    POLL,
    kind_omitted,
    poll_words,
    with_plain_spaces,
    without_marks,
)
from pipelines.sources.formats.archives import FolderTree, Tree, ZipTree, buffered, path_of, tree_items
from pipelines.sources.formats.local_times import Order, OrderEvidence, to_utc
from pipelines.sources.formats.plain_text import storable
from pipelines.sources.reading import Context, Event, Item, Rejected, Whole

DEFAULT_REALM = "whatsapp"
WHAT = "a WhatsApp export (kind whatsapp)"

#: Messages whose times are read at once.
_BLOCK = 20_000
#: A message has at most 65,536 characters; twenty times that on one line is something else.
_LONGEST_LINE = 1 << 20
_LONGEST_MESSAGE = 1 << 22
#: Lines that are not blank, among which the first message begins.
_HEADER_WITHIN_LINES = 20
_NAME_CHARS = 100
#: WhatsApp's own words are told by as many characters.
_NOTICE_CHARS = 400
#: Everything that somebody wrote must agree, and that often, before a colon is taken for a part of a name.
_NAME_EVIDENCE = 3
_DATE = r"(?P<a>\d{1,4})(?P<sep>[./-]|(?P<signs>[년年])) ?(?P<b>\d{1,2})[./월月-] ?(?P<c>\d{1,4})[.일日]?(?: ?г\.?)?"
_TIME = (
    r"(?:(?P<before>[上下]午|凌晨|早上|中午|晚上|오[전후]|午[前後]|ÖÖ|ÖS) ?)?"
    r"(?P<h>\d{1,2})(?:[:.]| h )(?P<m>\d{2})(?:(?:[:.]| min )(?P<s>\d{2})(?: s)?)?"
    r"(?: ?(?P<half>[AaPpДдПп])\.? ?[MmПп]\.?| ?(?P<behind>[صم]|[πμ]\.?μ\.?|SA|CH)| ?(?:Uhr|ч\.))?"
)
_END = r"(?(open)\]|(?(signs)(?:,| [-\u2013])| [-\u2013])) ?(?P<rest>.*)"
_BEGIN = re.compile(rf"(?P<open>\[)?{_DATE}[,،]?(?: (?:um|в|at|à|klo|kl\.?))? {_TIME}{_END}", re.DOTALL)
#: What is copied out of WhatsApp's window has the time before the date; so have some phones' exports.
_BEGIN_WITH_TIME = re.compile(rf"(?P<open>\[)?{_TIME},? {_DATE}{_END}", re.DOTALL)
_AUTHOR = re.compile(rf"(?P<name>[^:\n]{{1,{_NAME_CHARS}}}):(?: (?P<words>.*)|$)", re.DOTALL)
_PHONE = re.compile(r"\+[\d ()\u2010\u2011-]{7,30}")
_MENTION = re.compile(r"@\u2068([^\u2068\u2069\n]{1,100})\u2069|(?<![\w.])@(\d{7,15})\b")
#: The mark that iOS sets before its own words.
_OWN_WORDS = "\u200e"
#: First letters of words for the halves of the day.
_HALVES = {
    **dict.fromkeys(("a", "д", "ص", "π", "SA", "上午", "凌晨", "早上", "오전", "午前", "ÖÖ"), "AM"),
    **dict.fromkeys(("p", "п", "م", "μ", "CH", "下午", "中午", "晚上", "오후", "午後", "ÖS"), "PM"),
}
#: Thailand counts the years from another one.
_BUDDHIST_FROM, _BUDDHIST = 2400, 543
_MINUTE = timedelta(minutes=1)


class WhatsAppReader:
    """Reads WhatsApp's chat exports (kind "whatsapp"); one item is one ``.txt`` or ``.zip``.

    Record kinds: chats, accounts, messages (counted), addressees, message_files (counted), file_texts (counted). Rejected, as "line N": ``a time that is not understood or does not exist``,
    ``words before the first message``.
    """

    kind: ClassVar[str] = "whatsapp"
    version: ClassVar[int] = 6
    #: A medium left out is one in every language, and what is no post has no author: both stand in the hash that names a message.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("messages",), 6)
    opens_files: ClassVar[bool] = True
    items_name_people: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every ``.txt`` and ``.zip`` below the source's path; text files that were sent in a chat and lie beside its export are none.

        Raises BadSource where there is none.
        """
        found = tree_items(source, "WhatsApp exports (.txt or .zip)", lambda path: False, (".txt", ".zip"))
        exports = {item.path.parent for item in found if item.path and _is_named(item.path.name)}
        return [
            item for item in found if item.path and (item.path.parent not in exports or _is_named(item.path.name) or _begins(item.path))
        ]

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one chat. Raises BadFile for text of something else, an archive without a chat, or another encoding than UTF-8."""
        path = path_of(item, WHAT)
        tree, name = _chat_file(path)
        rows = ChatRows(context, source.realm or DEFAULT_REALM)
        title = _title(name, item)
        known = _look_through(tree, name, title)
        chat = _chat(title, known, rows)
        reading = _Reading(rows, chat, known, context, name.removesuffix(name.rpartition("/")[2]))
        yield from reading.events(_messages(tree, name))
        yield from rows.last(is_whole=False, tree=tree)
        if reading.first_post and rows.until and reading.first_post + _MINUTE <= rows.until:
            yield Whole("messages", ("chat_id", rows.chat_id(chat)), reading.first_post + _MINUTE, rows.until)


# -- lines -----------------------------------------------------------------------------------------------------------------------


class _Raw(NamedTuple):
    """One message as it stands. ``begin`` is None for words before the first message."""

    line: int
    begin: re.Match[str] | None
    text: str


def _messages(tree: Tree, name: str) -> Iterator[_Raw]:
    """The messages of a file, as they stand; at least one."""
    begin: re.Match[str] | None = None
    since, lines, size, begun, is_time_first = 1, [], 0, False, False
    for number, line in _lines(tree, name):
        line = with_plain_spaces(line)
        found = None
        if _may_begin(line):
            plain = without_marks(line)
            found = _BEGIN.match(plain)
            # In a file that is not written so from the first message on, it is what somebody copied into a message.
            if found is None and (is_time_first or not begun):
                found = _BEGIN_WITH_TIME.match(plain)
                is_time_first = is_time_first or found is not None
        if found is None:
            if not begun and number > _HEADER_WITHIN_LINES:
                break
            size += len(line)
            if size > _LONGEST_MESSAGE:
                raise BadFile(
                    tree.named(name), place=f"line {number}", expected="a message", found=f"more than {_LONGEST_MESSAGE} characters"
                )
            lines.append(line)
            continue
        if begun or any(line.strip() for line in lines):
            yield _Raw(since, begin, "\n".join(lines))
        begin, since, begun = found, number, True
        lines, size = [_after_begin(line, found)], 0
    if not begun:
        raise BadFile(tree.named(name), place="the first lines", expected=WHAT, found="no message" if lines else "an empty file")
    while lines and not lines[-1].strip():
        lines.pop()
    yield _Raw(since, begin, "\n".join(lines))


def _may_begin(line: str) -> bool:
    """A quick look at what cannot be the beginning of a message."""
    first = line[:1]
    return first.isdigit() or first == "[" or (not first.isascii() and first != "")


def _after_begin(line: str, begin: re.Match[str]) -> str:
    """The rest of a line behind date and time, with the marks that set off mentions and WhatsApp's own words."""
    if len(line) == len(begin.string):
        return begin["rest"]
    left = begin.start("rest")
    for place, sign in enumerate(line):
        if not left:
            return line[place:]
        left -= ord(sign) not in MARKS
    return ""


def _lines(tree: Tree, name: str) -> Iterator[tuple[int, str]]:
    """Lines without their ends; only line feeds end one, since other separators stand inside messages."""
    path = tree.named(name)
    with buffered(tree, name) as content:
        encoding = "utf-16" if content.peek(2).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
        text = io.TextIOWrapper(content, encoding=encoding, newline="\n")
        number = 0
        try:
            while line := text.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise BadFile(
                        path, place=f"line {number}", expected="lines of a chat", found=f"more than {_LONGEST_LINE} characters on one"
                    )
                yield number, storable(line.rstrip("\r\n"))
        except UnicodeError:
            raise BadFile(path, place=f"after line {number}", expected="UTF-8", found="another encoding or damage") from None


# -- the whole file is looked through once ---------------------------------------------------------------------------------------


@dataclass
class _Known:
    """What only the whole file tells."""

    order: Order = "day first"
    year_first: bool = False
    #: Day and month behind a year that comes first, where they are the other way round.
    is_swapped: bool = False
    is_group: bool = False
    #: Who wrote, while they are not more than two.
    authors: dict[str, None] = field(default_factory=dict)
    #: First part of a name with a colon → the second.
    split_names: dict[str, str] = field(default_factory=dict)
    #: Names of the chat itself, behind which iOS writes its notices.
    of_chat: set[str] = field(default_factory=set)

    def time(self, begin: re.Match[str]) -> str:
        """Date and time of a message, as local_times reads them."""
        a, b, c = _of_our_era(begin["a"]), begin["b"], _of_our_era(begin["c"])
        if self.year_first:
            a = a if len(a) > 2 else f"20{int(a):02}"
            b, c = (c, b) if self.is_swapped else (b, c)
        word = begin["half"].lower() if begin["half"] else begin["before"] or begin["behind"]
        half = f" {_HALVES[word if word in _HALVES else word[0]]}" if word else ""
        sep = "-" if begin["signs"] else begin["sep"]
        return _ascii(f"{a}{sep}{b}{sep}{c} {begin['h']}:{begin['m']}:{begin['s'] or '00'}{half}")


def _of_our_era(part: str) -> str:
    """The year by which everybody else counts; days and months are smaller."""
    return str(int(part) - _BUDDHIST) if len(part) == len("2569") and int(part) > _BUDDHIST_FROM else part


def _ascii(text: str) -> str:
    return text if text.isascii() else "".join(str(unicodedata.digit(sign, "")) or sign for sign in text)


@dataclass
class _Name:
    """What a name at the beginning of messages wrote. ``second``: what always follows it up to another colon; ``own_words``: all that is
    behind it so far are WhatsApp's own words about the chat; ``is_chats``: WhatsApp says behind it what only a chat says."""

    second: str | None
    times: int = 0
    own_words: bool = True
    is_chats: bool = False


def _look_through(tree: Tree, name: str, title: str) -> _Known:
    known = _Known()
    firsts, thirds, seconds = set(), set(), set()
    last_first, falls = -1, 0
    count = days_first = 0
    american = Counter[bool | None]()
    names: dict[str, _Name] = {}
    for raw in _messages(tree, name):
        if raw.begin is None:
            continue
        a, b, c = int(raw.begin["a"]), int(raw.begin["b"]), int(raw.begin["c"])
        firsts.add(a)
        seconds.add(b)
        thirds.add(c)
        count += 1
        days_first += (a <= 31 and b <= 12) or (a <= 12 and b <= 31)
        falls += a < last_first
        last_first = a
        american[_is_american(raw.begin)] += 1
        _name_evidence(raw.text, names)
    # A year of two digits that comes first hardly changes along the file, while the day behind it does.
    is_constant = not falls and len(thirds) > len(firsts) and max(thirds) <= 31 and min(firsts) > 12
    known.year_first = 2 * days_first < count or is_constant
    known.is_swapped = known.year_first and max(seconds) > 12 and max(thirds) <= 12
    for first, evidence in names.items():
        if evidence.second is not None and evidence.times >= _NAME_EVIDENCE:
            known.split_names[first] = evidence.second
        if evidence.own_words and (evidence.is_chats or unicodedata.normalize("NFC", first) == title):
            known.of_chat.add(first)
    order_evidence = OrderEvidence()
    messages = _messages(tree, name)
    while block := list(islice(messages, _BLOCK)):
        order_evidence.add(pa.array([known.time(raw.begin) for raw in block if raw.begin is not None], pa.string()))
        for raw in block:
            if raw.begin is None:
                continue
            author, words = _author(raw.text, known)
            if author is None:
                known.is_group = known.is_group or GROUP_DEED.match(words[:_NOTICE_CHARS]) is not None
            elif len(known.authors) <= 2:
                known.authors.setdefault(author)
    known.order = order_evidence.order("month first" if american[True] and not american[False] else "day first", by_clock=False)
    return known


def _is_american(begin: re.Match[str]) -> bool | None:
    """Does a phone set to the United States write a time so: no zeros before day and month, and the halves of a day in capitals? None: may be.

    India, Britain and Australia put the day first with the same strokes and the same clock, and write "06/05/26, 10:30 pm".
    """
    if begin["sep"] != "/" or begin["a"].startswith("0") or begin["b"].startswith("0"):
        return False
    if begin["half"]:
        return begin.string[begin.start("half") :][:2].isupper()
    return len(begin["c"]) == 2 if len(begin["a"]) == 1 else None


def _name_evidence(text: str, names: dict[str, _Name]) -> None:
    """Count whether what a name wrote always goes on with the same words and a colon, and whether it wrote anything."""
    plain = without_marks(text)
    first = _AUTHOR.match(plain)
    if first is None:
        return
    words = first["words"] or ""
    second = _AUTHOR.match(words)
    evidence = names.setdefault(first["name"], _Name(second["name"] if second else None))
    evidence.times += 1
    if second is None or second["name"] != evidence.second:
        evidence.second = None
    if evidence.own_words:
        said = _words(words, text)
        evidence.own_words = _OWN_WORDS in text[: len(first["name"]) + 4] and not (said.media or said.is_gone)
        evidence.is_chats = evidence.is_chats or ENCRYPTED.match(words[:_NOTICE_CHARS]) is not None


def _author(text: str, known: _Known) -> tuple[str | None, str]:
    """Author as shown and words; no author for a notice."""
    plain = without_marks(text)
    head = plain[:_NOTICE_CHARS]
    if DEED.match(head) or NOTICE.match(head):
        return None, plain
    found = _AUTHOR.match(plain)
    if found is None:
        return None, plain
    name, words = found["name"].strip(), found["words"] or ""
    second = known.split_names.get(found["name"])
    if second is not None:
        name, words = f"{name}: {second}", words.removeprefix(f"{second}:").removeprefix(" ")
    if not name:
        return None, plain
    # Whose message is gone, or not shown, is told by the name before that, even where it goes on like a deed of somebody's.
    said = words[:_NOTICE_CHARS].strip()
    if DELETED.fullmatch(said) or NOTHING_TOLD.fullmatch(said):
        return name, words
    if found["name"] in known.of_chat:
        return None, words
    # iOS sets its own words off by a mark; the name before them may be the chat's title.
    is_own = _OWN_WORDS in text[: len(name) + 4]
    head = words[:_NOTICE_CHARS]
    # … or it is who did it or to whom it was done, and is said twice.
    if _are_own(text) and head.strip() != name and name in head and not _has_a_medium(words, text):
        return None, words
    is_own = is_own or head.startswith(f"{name} ")
    if NOTICE_AS_WORDS.fullmatch(head) or (is_own and (NOTICE.fullmatch(head) or DEED.match(head))):
        return None, words
    return name, words


def _are_own(text: str) -> bool:
    """The words behind the name begin with iOS's mark: whatever language they are in, WhatsApp wrote them."""
    return text.partition(":")[2].lstrip(" ").startswith(_OWN_WORDS)


def _has_a_medium(words: str, text: str) -> bool:
    """A file's name may hold the name of whoever sent it."""
    return _words(words, text).media is not None


# -- rows ------------------------------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """The second pass over a file."""

    rows: ChatRows
    chat: Chat
    known: _Known
    context: Context
    #: The folder of the tree in which the chat's text and the files posted in it lie, with its "/".
    folder: str
    first_post: datetime | None = None
    _equals: dict[str, int] = field(default_factory=dict)

    def events(self, messages: Iterator[_Raw]) -> Iterator[Event]:
        while block := list(islice(messages, _BLOCK)):
            times = [None if raw.begin is None else self.known.time(raw.begin) for raw in block]
            moments, _ = to_utc(pa.array(times, pa.string()), self.known.order, self.context.zone)
            for raw, sent_at in zip(block, moments.to_pylist(), strict=True):
                self.rows.seen()
                if raw.begin is None:
                    yield Rejected("messages", f"line {raw.line}", "words before the first message")
                elif sent_at is None:
                    yield Rejected("messages", f"line {raw.line}", "a time that is not understood or does not exist")
                else:
                    self._take(raw, sent_at)
            yield from self.rows.full()

    def _take(self, raw: _Raw, sent_at: datetime) -> None:
        author, words = _author(raw.text, self.known)
        text, key, media, is_gone, file = _words(words, raw.text)
        native = self._account(author, sent_at) if author else None
        number = self._number(sent_at, native, key)
        is_service = author is None or is_gone
        message_id = self.rows.message(self.chat, number, native, sent_at, text, is_service=is_service, media=media)
        if is_service:
            return
        # A document is words, photos and voices are not; another chat's text that lies there too is none.
        if file and media == "file" and "/" not in file and not _is_named(file):
            self.rows.file(self.chat, message_id, self.folder + file, f"line {raw.line}")
        minute = sent_at.replace(second=0)
        self.first_post = minute if self.first_post is None else min(self.first_post, minute)
        for match in _MENTION.finditer(raw.text):
            if mentioned := self._account(match[1] or f"+{match[2]}", None):
                self.rows.address(message_id, mentioned, "mention")
        if self.chat.is_private:
            for other in self.known.authors:
                if other != author:
                    self.rows.address(message_id, self._account(other, None), "member")

    def _number(self, sent_at: datetime, native: str | None, key: str) -> str:
        """What stands for an id: the same for the same message in any export of the chat."""
        minute = sent_at.replace(second=0, microsecond=0).isoformat()
        number = self.rows.secret("message", "\x1f".join((self.chat.part, minute, native or "", key)))
        equals = self._equals[number] = self._equals.get(number, 0) + 1
        return number if equals == 1 else f"{number}:{equals}"

    def _account(self, shown: str, at: datetime | None) -> str:
        shown = unicodedata.normalize("NFC", without_marks(shown)).strip()
        if _PHONE.fullmatch(shown):
            native = "+" + re.sub(r"\D", "", shown)
            self.rows.met(native, shown, at, phone=native)
            return native
        if shown.startswith("~"):
            native = f"{self.chat.part}|~{shown.lstrip('~ ')}"
            self.rows.met(native, shown.lstrip("~ "), at)
            return native
        self.rows.met(shown, shown, at)
        return shown


class _Said(NamedTuple):
    """What a message says. ``key``: what of it makes the message the same; ``is_gone``: the words are lost; ``file``: name of what is attached."""

    text: str
    key: str
    media: str | None = None
    is_gone: bool = False
    file: str | None = None


def _words(words: str, marked: str = "") -> _Said:
    """What is said by the words behind an author. ``marked``: the message with the marks that set off iOS's own words."""
    if edited := EDITED.search(words, max(0, len(words) - _NOTICE_CHARS)):
        words = words[: edited.start()]
    elif (remark := OWN_REMARK.search(marked, max(0, len(marked) - _NOTICE_CHARS))) and not kind_omitted(remark[1]):
        words = words.rstrip().removesuffix(remark[1]).rstrip()
    first, _, caption = words.partition("\n")
    first = first.strip()
    if len(first) > _NOTICE_CHARS:
        return _Said(words, words.strip())
    if DELETED.fullmatch(words.strip()):
        return _Said(words, "\x00deleted", is_gone=True)
    if kind := kind_omitted(first):
        return _Said(caption, f"\x00media\n{caption.strip()}", kind)
    if found := ATTACHED.fullmatch(first):
        file = next(name for name in found.groups() if name)
        return _Said(caption, f"\x00media\n{caption.strip()}", media_of(file), file=file)
    if ATTACHED.match(first):
        rest = ATTACHED.sub("", words, count=1).strip()
        return _Said(rest, f"\x00media\n{rest}", "file")
    if found := ATTACHED_BEHIND.fullmatch(first):
        before = "" if DOCUMENT.fullmatch(found["before"]) else found["before"]
        written = f"{before}\n{caption}".strip()
        return _Said(written, f"\x00media\n{written}", media_of(found["name"]), file=found["name"])
    if (own := OWN_FILE.search(marked.partition("\n")[0])) and first.endswith(shown := without_marks(own[0]).strip()):
        before, file = first.removesuffix(shown).strip(), without_marks(own["android"] or own["ios"])
        written = f"{'' if DOCUMENT.fullmatch(before) else before}\n{caption}".strip()
        return _Said(written, f"\x00media\n{written}", media_of(file), file=file)
    # iOS: what was written with a medium that was left out stands before the words for it.
    behind = without_marks(marked.rpartition(_OWN_WORDS)[2]).strip() if _OWN_WORDS in marked else ""
    if behind and words.rstrip().endswith(f" {behind}") and (kind := kind_omitted(behind)):
        written = words.rstrip().removesuffix(behind).strip()
        written = "" if kind == "file" and DOCUMENT.fullmatch(written) else written
        return _Said(written, f"\x00media\n{written}", kind)
    if NOTHING_TOLD.fullmatch(words.strip()):
        return _Said("", words)
    if POLL.match(first):
        lines = poll_words([line for line in (POLL.sub("", first, count=1).strip(), *caption.split("\n")) if line])
        return _Said("\n".join(lines), "\x00poll\n" + "\n".join(lines), "poll")
    if LOCATION.match(words):
        return _Said(words, words.strip(), "location")
    return _Said(words, words.strip())


# -- which chat ------------------------------------------------------------------------------------------------------------------


def _chat(title: str, known: _Known, rows: ChatRows) -> Chat:
    """The chat; a conversation of two is one whose title is one of the (at most two) who wrote, without any sign of a group."""
    names = {author.lstrip("~ ") for author in known.authors}
    is_conversation = not known.is_group and len(names) <= 2 and title in names
    channel, kind = ("direct", "personal") if is_conversation else ("chat", "group")
    return Chat(rows.secret("chat", unicodedata.normalize("NFC", title)), channel, kind, title)


def _title(name: str, item: Item) -> str:
    """The chat's title by the name of its file, its archive or its folder, whichever is one."""
    parts = [part for part in (name, *reversed(item.name.split("/"))) if part]
    if item.path is not None:
        parts.append(item.path.parent.name)
    for part in parts:
        stem = part.rpartition("/")[2]
        stem = stem[:-4] if stem.lower().endswith((".txt", ".zip")) else stem
        stem = COPY.sub("", unicodedata.normalize("NFC", stem).strip())
        found = EXPORT_NAME.fullmatch(stem) or EXPORT_NAME.fullmatch(stem.replace("_", " "))
        title = storable(found["title"].strip() if found else stem.strip())
        if title and title.lower() not in NO_TITLE:
            return title
    return item.name


def _chat_file(path: Path) -> tuple[Tree, str]:
    """The tree and the name in it of the chat's text."""
    if not path.name.lower().endswith(".zip"):
        return FolderTree(path.parent), path.name
    tree = ZipTree(path)
    texts = [name for name in tree.names() if name.lower().endswith(".txt")]
    named = [name for name in texts if _is_named(name.rpartition("/")[2])]
    if len(named) != 1 and len(texts) != 1:
        raise BadFile(path, place="archive", expected=f"one chat, as in {WHAT}", found=f"{len(named or texts)} text files")
    return tree, (named or texts)[0]


def _is_named(name: str) -> bool:
    """Is a file called as WhatsApp calls an export?"""
    return fnmatchcase(name.lower(), "_chat*.txt") or EXPORT_NAME.match(name.replace("_", " ")) is not None


def _begins(path: Path) -> bool:
    """Does a file begin as an export does?"""
    if path.name.lower().endswith(".zip"):
        return True
    try:
        return next(_messages(FolderTree(path.parent), path.name)).begin is not None
    except BadFile:
        return False
