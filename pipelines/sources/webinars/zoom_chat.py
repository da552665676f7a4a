"""Zoom's saved chat: text files that the program saves beside a recording or on "Save chat", and that the cloud gives with a recording.

Source of the format: code that reads such files, and their names in public notes; no chat of a real account was at hand.

What has to be known about it:

- *Saved on a computer* (``Documents/Zoom/2026-09-08 17.05.33 Title 85674014600/meeting_saved_chat.txt``, later ``meeting_saved_new_chat.txt``): until 2022 a
  message is one line, ``17:06:12 From  Name : text``, then ``17:06:12 From Name to Everyone : text``; since then the line ends with the colon
  and the text stands below, moved in by a tab. The words "From" and "to" are those of the program's language ("От", "кому"). A few
  versions write the day before the time.
- *Of the cloud* (``GMT20260908-140533_Recording.txt``, ``…_RecordingnewChat.txt``): ``00:26:59⇥Name:⇥text``, counted from the recording's start,
  which the file's name states in UTC.
- *Copied from the screen*: ``Name  to  Everyone 17:06``, the text below. To the minute.
- Lines without a time belong to the message above.
- *Reactions* and replies are messages of their own: ``Reacted to "beginning of the message..." with 👍``, ``Removed a 👍 reaction from "…"``, ``Replying to "…"``. In
  another language they are told by the beginning of an earlier message in quotes, with an emoji behind (or, taken back, before) it.
- A private message names its reader with words in brackets: "(Privately)", "(Direct Message)". Only those of the person who saved the chat are there: they are
  not counted. "Me" is that person, in old versions: a message of nobody who is named, rejected with that reason.

What becomes of it: one row of attendance per name, without times or minutes, with the messages to all and the reactions of that person. The loader
gives the row the webinar that the participants' report tells of, and the account that has this name there
(:mod:`pipelines.loading.same_webinars`). Reactions are null where the layout has none. Texts are not kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.sources.formats.small_files import small_content
from pipelines.sources.lms.moodle_words import person_key
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen
from pipelines.sources.webinars.attendance import CHAT, Meeting, digest, sign_events, webinar_id, webinar_row

WHAT = "a saved chat of Zoom (kind zoom)"
ENDINGS = (".txt",)
#: Text files that Zoom puts beside the chat.
_OTHERS = re.compile(r"caption|transcript|readme", re.IGNORECASE)

_FROM = "from|от|від|von|de|da|van|od|från|fra|desde|kimden|gönderen"
_TO = "to|кому|для|до|an|à|a|para|pour|aan|naar|do|til|till|kime|alıcı"
_TIME = r"(?:(?P<day>\d{4}-\d{2}-\d{2}|\d{2}\.\d{2}\.\d{4})[ T,]+)?(?P<h>\d{1,2}):(?P<m>\d{2}):(?P<s>\d{2})"
_SAVED = re.compile(rf"^{_TIME}\s+(?:{_FROM})\s+(?P<name>\S.*?)(?:\s+(?:{_TO})\s+(?P<to>\S.*?))?\s*:(?:\s(?P<text>.*))?$", re.IGNORECASE)
_OF_CLOUD = re.compile(rf"^{_TIME}\t(?P<name>[^\t]+?)\s*:\t?(?P<text>.*)$")
#: As it stands on the screen, from where people copy it.
_COPIED = re.compile(
    rf"^(?P<name>\S.*?)\s+(?:{_TO})\s+(?P<to>\S.*?)\s+(?:(?P<day>\d{{2}}\.\d{{2}}\.\d{{4}})[ ,]+)?(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?P<s>)(?: ?(?P<half>[AP])M)?"
    r"(?:\s*\([^()]{3,30}\))?$",
    re.IGNORECASE,
)
_PRIVATE = re.compile(r"\(.+\)$")
_LAYOUTS = (_SAVED, _OF_CLOUD, _COPIED)
#: Readers in brackets that are many.
_TO_ALL = re.compile(r"^(?:everyone|все|всем|усі|alle|tous|todos|all|hosts? and|waiting room|организатор\w* и)\b", re.IGNORECASE)
_MYSELF = frozenset(("me", "я", "ich", "moi", "yo", "eu", "io", "ja"))
_REACTED = re.compile(r"^(?:reacted to|отреагировал\S*(?: на)?|реакция на)\s", re.IGNORECASE)
_TAKEN_BACK = re.compile(r"^(?:removed an? .{1,40} reaction from|убрал\S* реакцию|удалил\S* реакцию)\s", re.IGNORECASE)
_QUOTING = re.compile(r"^(?P<before>[^\"«“„]{2,60})[\"«“„](?P<quote>.+?)(?P<cut>\.\.\.|…)?[\"»”](?P<after>[^\"\n]{0,60})$")
#: Letters behind the quotation: of more than "with", "с помощью" it is somebody's sentence.
_MOST_LETTERS = 20
#: Of a line only the beginning matters: who wrote, and which message is quoted.
_LONGEST_LINE = 2_000
#: The start of a meeting in the folder's name (of the computer's zone), and of a recording in the file's (UTC).
_FOLDER = re.compile(r"(?<!\d)(?P<day>\d{4}-\d{2}-\d{2})[ _T](?P<h>\d{2})[.\-_:](?P<m>\d{2})[.\-_:](?P<s>\d{2})\s*(?P<title>[^/]*)")
_RECORDING = re.compile(r"GMT(?P<day>\d{8})-(?P<time>\d{6})")
_NUMBER = re.compile(r"(?<!\d)\d{9,11}(?!\d)")


@dataclass
class _Message:
    line: int
    name: str
    is_private: bool
    #: Seconds since midnight, or since the recording's start.
    seconds: int
    day: str
    texts: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.texts).strip()


@dataclass(frozen=True)
class _Said:
    """Where and when a chat was, as far as its name says."""

    number: str
    title: str | None
    starts_at: datetime | None


def chat_lines(path: Path) -> list[str] | None:
    """The lines of a saved chat; None for another text. Raises BadFile for an empty file and one that is no text."""
    content = small_content(path, WHAT)
    lines = [line[:_LONGEST_LINE] for line in _decoded(content).splitlines()]
    return lines if any(pattern.match(line) for line in lines for pattern in _LAYOUTS) else None


def is_chat_name(name: str) -> bool:
    """May be a chat by its name: other texts of a recording's folder are none."""
    return not _OTHERS.search(name.rsplit("/", 1)[-1])


def chat_events(lines: Sequence[str], realm: str, item: Item, context: Context) -> Iterator[Event]:
    """One row of attendance per name: messages to all, and reactions; the webinar, where anybody wrote."""
    messages, of_cloud, is_new = _messages(lines)
    said = _said(item, context.zone)
    counts: dict[str, list[int]] = {}
    texts: list[str] = []
    moments: list[datetime] = []
    has_reactions = is_new
    for message in messages:
        moment = _moment(message, said.starts_at, of_cloud, context.zone)
        if moment is not None:
            moments.append(moment)
        kind = _kind(message.text, texts)
        if kind == 0:
            texts.append(message.text.casefold())
        if message.is_private:
            continue
        if person_key(message.name) in _MYSELF:
            yield Seen("attendance", 1)
            yield Rejected("attendance", f"line {message.line}", "of the person who saved the chat, who is not named")
            continue
        count = counts.setdefault(message.name, [0, 0])
        count[0] += kind == 0
        count[1] += kind
        has_reactions = has_reactions or kind != 0
    start, end = said.starts_at or min(moments, default=None), max(moments, default=None)
    meeting = Meeting(said.number, said.title, start, end if start is None or end is None or end >= start else None)
    identity = webinar_id(realm, meeting, None, context.zone)
    signs = {
        (name, ""): {"chat_messages": written, "reactions": max(reacted, 0) if has_reactions else None}
        for name, (written, reacted) in counts.items()
    }
    if signs:
        yield Batch("webinars", webinar_row(identity, meeting, start, meeting.ends_at, None), counted=False)
    yield from sign_events(realm, identity, signs, CHAT, context)
    yield Covers(min(moments, default=start), max(moments, default=start))


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Saved again by an editor of a Russian Windows.
        return content.decode("cp1251", "replace")


def _messages(lines: Sequence[str]) -> tuple[list[_Message], bool, bool]:
    """(messages, of the cloud, of the layout with the text below)."""
    fitting = [sum(bool(pattern.match(line)) for line in lines) for pattern in _LAYOUTS]
    pattern = _LAYOUTS[fitting.index(max(fitting))]
    of_cloud = pattern is _OF_CLOUD
    messages: list[_Message] = []
    is_new = False
    for number, line in enumerate(lines, start=1):
        found = pattern.match(line)
        if found is None:
            if messages and line.strip():
                messages[-1].texts.append(line.strip())
            continue
        parts = found.groupdict("")
        to, text = parts.get("to", "").strip(), parts.get("text", "").strip()
        hour = int(parts["h"]) % 12 + 12 * (parts["half"].upper() == "P") if parts.get("half") else int(parts["h"])
        seconds = hour * 3600 + int(parts["m"]) * 60 + int(parts["s"] or 0)
        is_new = is_new or (bool(to) and not text)
        is_private = bool(_PRIVATE.search(to)) and not _TO_ALL.match(to)
        name = " ".join(parts["name"].replace("\u200b", "").split())
        messages.append(_Message(number, name, is_private, seconds, parts["day"], [text] if text else []))
    return messages, of_cloud, is_new


def _kind(text: str, earlier: Sequence[str]) -> int:
    """0 a message, 1 a reaction, -1 one taken back."""
    if _TAKEN_BACK.match(text):
        return -1
    if _REACTED.match(text):
        return 1
    found = _QUOTING.match(text)
    if found is None or "\n" in text:
        return 0
    quote = found["quote"].casefold().strip()
    if not any(one.replace("\n", " ").startswith(quote) for one in earlier):
        return 0
    if _has_emoji(found["after"]) and sum(letter.isalpha() for letter in found["after"]) <= _MOST_LETTERS:
        return 1
    return -1 if _has_emoji(found["before"]) and not found["after"].strip() else 0


def _has_emoji(text: str) -> bool:
    return any(unicodedata.category(mark) == "So" for mark in text)


def _said(item: Item, zone: ZoneInfo) -> _Said:
    """Number, title and start of the meeting out of the path. A file that is given alone may lie in Zoom's folder."""
    assert item.path is not None
    name = item.name if "/" in item.name else f"{item.path.parent.name}/{item.name}"
    title: str | None = None
    start: datetime | None = None
    if recording := _RECORDING.search(name):
        start = _parsed(f"{recording['day']} {recording['time']}", "%Y%m%d %H%M%S", UTC)
    if folder := _FOLDER.search(name):
        start = start or _parsed(f"{folder['day']} {folder['h']}{folder['m']}{folder['s']}", "%Y-%m-%d %H%M%S", zone)
        title = " ".join(_NUMBER.sub("", folder["title"]).split()) or None
        if title and title.lower().endswith(ENDINGS):
            title = None
    number = _NUMBER.search(re.sub(r"GMT\d{8}-\d{6}", "", name))
    return _Said(number.group(0) if number else digest(item.name), title, start)


def _moment(message: _Message, start: datetime | None, of_cloud: bool, zone: ZoneInfo) -> datetime | None:
    if of_cloud:
        return None if start is None else start + timedelta(seconds=message.seconds)
    clock = f"{message.seconds // 3600:02d}{message.seconds % 3600 // 60:02d}{message.seconds % 60:02d}"
    if message.day:
        form = "%d.%m.%Y" if "." in message.day else "%Y-%m-%d"
        return _parsed(f"{message.day} {clock}", f"{form} %H%M%S", zone)
    if start is None:
        return None
    moment = _parsed(f"{start.astimezone(zone):%Y-%m-%d} {clock}", "%Y-%m-%d %H%M%S", zone)
    # A meeting past midnight; the chat may have been opened a little before the recording began.
    return moment + timedelta(days=1) if moment is not None and moment < start - timedelta(hours=12) else moment


def _parsed(text: str, form: str, zone: tzinfo) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None
