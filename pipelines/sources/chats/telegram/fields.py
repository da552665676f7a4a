"""Fields of one message of a Telegram export, as Telegram Desktop writes them (``export_output_json.cpp``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.sources.formats.plain_text import storable

#: What a message has beside words, author and time. Where none of these keys stands, nothing more is asked of it.
RARE_KEYS = frozenset(
    (
        *("action", "reply_to_peer_id", "forwarded_from", "forwarded_from_id", "saved_from"),
        *("media_type", "photo", "file", "poll", "todo_list", "location_information", "place_name", "contact_information"),
        *("rich_message", "items", "comment", "gift_text", "option", "information_text"),
    )
)
FORWARD_KEYS = ("forwarded_from", "forwarded_from_id", "saved_from")
#: Words that stand elsewhere than in the text, with what holds each one's parts.
_WORDS_ELSEWHERE = ("comment", "gift_text", "option", "information_text", "items")
MEDIA_TYPES = {
    "sticker": "sticker",
    "voice_message": "voice",
    "video_message": "video",
    "video_file": "video",
    "animation": "video",
    "audio_file": "file",
}
_MEDIA_KEYS = (
    ("photo", "photo"),
    ("poll", "poll"),
    ("location_information", "location"),
    ("place_name", "location"),
    ("contact_information", "contact"),
    ("file", "file"),
)
#: Bare ids of exports before 2021: the bits above the 32nd say what kind of peer it is.
_PEER_SHIFT = 1 << 32
_PEER = re.compile(r"(user|chat|channel)?(-?[0-9]{1,20})")
#: More than any chat has members (200,000); keeps a nonsense number inside the column's 32 bits.
MOST_REACTIONS = 1_000_000_000
#: Formatted words nest three deep at most (an article in a message: some more); what lies deeper was not written by Telegram.
_DEEPEST = 20


class Peers(dict[str, str | None]):
    """Native ids by the strings that stand for them in the export, each worked out once."""

    def __missing__(self, value: str) -> str | None:
        found = self[value] = peer(value)
        return found


def moment(epoch: Any, local: Any, zone: ZoneInfo) -> datetime | None:
    """UTC from epoch seconds, else from local time without a zone; None for neither, for 1970 ("never"), for an impossible one."""
    try:
        if epoch not in (None, ""):
            seconds = int(epoch)
            return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
        if isinstance(local, str):
            stated = datetime.fromisoformat(local)
            found = (stated if stated.tzinfo else stated.replace(tzinfo=zone, fold=0)).astimezone(UTC)
            return found if found.year > 1970 else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None
    return None


def peer(value: Any) -> str | None:
    """Native id with its kind: "user1", "channel1", "chat1"; of bare numbers of older exports as well."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    match = _PEER.fullmatch(str(value))
    if not match or int(match[2]) == 0:
        return None
    if match[1]:
        return match[0]
    number = int(match[2])
    kind = ("user", "chat", "channel")[min(number // _PEER_SHIFT, 2)] if number > 0 else "chat"
    return f"{kind}{abs(number) % _PEER_SHIFT}"


def split_peer(native: str) -> tuple[str, str]:
    """("user", "1") of "user1"."""
    digits = native.lstrip("userchanl")
    return native.removesuffix(digits), digits


def text_of(raw: dict[str, Any]) -> str:
    """All words of a message: its text, an article, the lines of a poll or a to-do list, words inside a service line."""
    text = flat(raw["text"] if "text" in raw else raw.get("text_entities"))
    rich = raw.get("rich_message")
    lines = [text, *article(rich)] if isinstance(rich, dict) else [text]
    for key, title in (("poll", "question"), ("todo_list", "title")):
        one = raw.get(key)
        if isinstance(one, dict):
            lines += [flat(one.get(title)), *_lines(one.get("answers"))]
    for key in _WORDS_ELSEWHERE:
        lines += _lines(raw[key]) if key == "items" and key in raw else [flat(raw.get(key))]
    return storable("\n".join(filter(None, lines)))


def _lines(parts: Any) -> list[str]:
    return [flat(part.get("text")) for part in (parts if isinstance(parts, list) else ()) if isinstance(part, dict)]


def flat(text: Any, depth: int = 0) -> str:
    """Words of a text: a string, or a list of strings and entities (whose ``text`` may be a text again)."""
    if isinstance(text, str):
        return text
    if depth >= _DEEPEST:
        return ""
    if isinstance(text, dict):
        return flat(text.get("text"), depth + 1)
    return "".join(flat(part, depth + 1) for part in text) if isinstance(text, list) else ""


def article(part: Any, depth: int = 0) -> Iterator[str]:
    """The paragraphs of a "rich message" (blocks that hold texts, captions, items, rows, or blocks again)."""
    if depth >= _DEEPEST:
        return
    if isinstance(part, list):
        for one in part:
            yield from article(one, depth + 1)
    elif isinstance(part, dict):
        for key in ("title", "text", "caption", "credit"):
            if words := flat(part.get(key), depth + 1):
                yield words
        for key in ("blocks", "items", "rows", "cells"):
            yield from article(part.get(key), depth + 1)


def media_of(raw: dict[str, Any]) -> str | None:
    """What else the message is: photo, file, voice, video, sticker, poll, location, contact; None: words only."""
    stated = raw.get("media_type")
    media = MEDIA_TYPES.get(stated) if isinstance(stated, str) else None
    return media or next((kind for key, kind in _MEDIA_KEYS if key in raw), None)


def document_of(raw: dict[str, Any]) -> str | None:
    """Where the document that was posted lies, from the export's folder; None for other media and where it was not exported."""
    return document_path(raw.get("file")) if "media_type" not in raw else None


def document_path(stated: Any) -> str | None:
    """A path as the export states it; None where it says in words, "(File not included …)", that there is none."""
    return storable(stated) if isinstance(stated, str) and stated and not stated.startswith("(") else None


def reactions_of(reactions: Any) -> int | None:
    """How many reactions there are; None where the export does not tell."""
    if not isinstance(reactions, list):
        return None
    counts = (one.get("count") for one in reactions if isinstance(one, dict))
    return min(MOST_REACTIONS, sum(count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count > 0))


def reacted(raw: dict[str, Any], zone: ZoneInfo, peers: Peers) -> Iterator[tuple[str, Any, datetime | None]]:
    """Who reacted, as (native id, name as stated, when): of many, Telegram names the latest few (``recent``) and counts all."""
    for reaction in raw["reactions"] if isinstance(raw.get("reactions"), list) else ():
        recent = reaction.get("recent") if isinstance(reaction, dict) else None
        for one in recent if isinstance(recent, list) else ():
            if isinstance(one, dict) and (native := peers[stated] if isinstance(stated := one.get("from_id"), str) else peer(stated)):
                yield native, one.get("from", ""), moment(one.get("date_unixtime"), one.get("date"), zone)


def mentioned(raw: dict[str, Any]) -> Iterator[str]:
    """People mentioned by id (a mention by handle names nobody by number)."""
    for key in ("text", "text_entities"):
        parts = raw.get(key)
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and part.get("type") == "mention_name":
                number = part.get("user_id")
                if isinstance(number, int) and not isinstance(number, bool) and number:
                    yield f"user{number}"


def may_mention(raw: dict[str, Any]) -> bool:
    """False where the text is one plain piece: most messages, told apart without looking through them."""
    if raw.get("text").__class__ is not str:
        return True
    parts = raw.get("text_entities")
    if parts.__class__ is not list or not parts:
        return False
    return len(parts) > 1 or parts[0].__class__ is not dict or parts[0].get("type") != "plain"
