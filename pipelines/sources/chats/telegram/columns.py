"""Blocks of messages as they stand in the export → rows of ``messages``, column by column.

Most messages have words, author and time and nothing else; what only a few have (:data:`fields.RARE_KEYS`) is worked out for those
few alone. How the block was parsed makes no difference here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.chats.telegram.chats import BASIC_GROUP, NATIVE, Chat, Export
from pipelines.sources.chats.telegram.fields import (
    FORWARD_KEYS,
    RARE_KEYS,
    flat,
    may_mention,
    media_of,
    mentioned,
    moment,
    peer,
    reactions_of,
    split_peer,
    text_of,
)
from pipelines.sources.formats.plain_text import storable

_INSTANT = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000
#: The last second that a datetime can hold.
_LAST_SECOND = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())
_KINDS = ("message", "service")
_HEAD = itemgetter("id", "type")
#: What stands where a key is missing, as distinct from null.
_ABSENT = object()


def add_messages(raws: Sequence[Any], chat: Chat, export: Export) -> list[tuple[int, str]]:
    """Add a block of messages to what is gathered; returns (place in the block, reason) of each that was not kept."""
    rejected: list[tuple[int, str]] = []
    try:
        heads = list(map(_HEAD, raws))
        is_sound = all(number.__class__ is int and kind in _KINDS for number, kind in heads)
    except (KeyError, TypeError, IndexError):
        is_sound = False
    if not is_sound:
        rejected = [(place, reason) for place, raw in enumerate(raws) if (reason := _reason(raw, export.context.zone))]
    sent_at = _moments(raws, "date_unixtime", "date", export.context.zone) if not rejected else None
    if sent_at is not None and sent_at.null_count:
        rejected = [(place, "no readable date") for place, is_good in enumerate(sent_at.is_valid().to_pylist()) if not is_good]
    if rejected:
        chat.has_rejected = True
        lost = {place for place, _ in rejected}
        raws = [raw for place, raw in enumerate(raws) if place not in lost]
        sent_at = _moments(raws, "date_unixtime", "date", export.context.zone)
    if raws:
        _add(raws, sent_at, chat, export)
    return rejected


def _reason(raw: Any, zone: ZoneInfo) -> str | None:
    if raw.__class__ is not dict:
        return "not an object"
    if raw.get("id").__class__ is not int:
        return "no id"
    if raw.get("type") == "unsupported":
        return "not supported by the exporting program"
    if moment(raw.get("date_unixtime"), raw.get("date"), zone) is None:
        return "no readable date"
    return None if raw.get("type") in _KINDS else "no kind"


def _add(raws: Sequence[dict[str, Any]], sent_at: pa.Array, chat: Chat, export: Export) -> None:
    edited_at = _moments(raws, "edited_unixtime", "edited", export.context.zone)
    micros = sent_at.view(pa.int64()).to_numpy()
    first, last = _instant(micros.min()), _instant(micros.max())
    last_edit = pc.max(edited_at.view(pa.int64())).as_py()
    export.spoke_of(first, max(last, _instant(last_edit)) if last_edit else last)

    numbers = [raw["id"] for raw in raws]
    is_service = [raw["type"] == "service" for raw in raws]
    stated = [raw.get("from_id") for raw in raws]
    shown = [raw.get("from", _ABSENT) for raw in raws]
    services = [place for place, service in enumerate(is_service) if service]
    for place in services:
        stated[place] = raws[place].get("actor_id", stated[place])
        shown[place] = raws[place].get("actor", shown[place])
    peers = export.peers
    authors = [peers[one] if isinstance(one, str) else peer(one) for one in stated]
    export.name_all(authors, [name if name.__class__ is str or name is None else _ABSENT for name in shown], micros, _ABSENT)
    chat.spoke(authors, first, last)

    part = export.chat_part(chat.native_id, chat.is_private)
    prefix = f"{export.realm}:message:{part}:"
    names = _names(numbers, authors, micros, chat, export)
    message_ids = _joined(prefix, numbers if names is None else names)
    answered = [one if (one := raw.get("reply_to_message_id")).__class__ is int and one else None for raw in raws]
    texts: list[str] = [text if isinstance(text := raw.get("text"), str) else storable(flat(text)) for raw in raws]
    threads: list[str | None] = [None] * len(raws)
    media: list[str | None] = [None] * len(raws)
    subjects: list[str | None] = [None] * len(raws)
    is_forwarded = [False] * len(raws)
    elsewhere: dict[int, str] = {}
    for place in [place for place, raw in enumerate(raws) if not RARE_KEYS.isdisjoint(raw) or "text" not in raw]:
        raw = raws[place]
        texts[place] = text_of(raw)
        is_forwarded[place] = any(key in raw for key in FORWARD_KEYS)
        if not is_service[place]:
            media[place] = media_of(raw)
        elif raw.get("action") == "pin_message" and raw.get("message_id").__class__ is int:
            export.pin(prefix + chat.names.get(raw["message_id"], str(raw["message_id"])), raw["message_id"])
        elif raw.get("action") == "topic_created":
            chat.is_forum = True
            subjects[place] = storable(raw["title"]) if isinstance(raw.get("title"), str) else None
        if answered[place] and (other := peer(raw.get("reply_to_peer_id"))):
            kind, digits = split_peer(other)
            elsewhere[place] = f"{export.realm}:message:{export.chat_part(digits, kind == 'user')}:{answered[place]}"
    if chat.names:
        replies = _joined(prefix, [None if one is None else chat.names.get(one, str(one)) for one in answered])
    else:
        replies = _joined(prefix, answered)
    if chat.is_forum or elsewhere:
        listed = [elsewhere.get(place, one) for place, one in enumerate(replies.to_pylist())]
        if chat.is_forum:
            for place, raw in enumerate(raws):
                threads[place], listed[place] = _place_in_forum(raw, prefix, listed[place], chat)
        replies = pa.array(listed, pa.string())

    constants = {"channel": "direct" if chat.is_private else "chat", "chat_id": f"{export.realm}:chat:{part}"}
    columns = {
        "message_id": message_ids,
        **{name: pa.repeat(pa.scalar(value, pa.string()), len(raws)) for name, value in constants.items()},
        "thread_id": pa.array(threads, pa.string()),
        "reply_to_id": replies,
        NATIVE: pa.array(authors, pa.string()),
        "sent_at": sent_at,
        "edited_at": edited_at,
        "kind": pa.array(["service" if service else "post" for service in is_service], pa.string()),
        "media": pa.array(media, pa.string()),
        "is_private": pa.repeat(pa.scalar(chat.is_private), len(raws)),
        "is_forwarded": pa.array(is_forwarded, pa.bool_()),
        "reactions": pa.array([None if (one := raw.get("reactions")) is None else reactions_of(one) for raw in raws], pa.int32()),
        "subject": pa.array(subjects, pa.string()),
        "text": _strings(texts),
    }
    table = pa.table(columns)
    if export.only is not None:
        export.pending.append(table.filter(pc.is_in(message_ids, value_set=pa.array(sorted(export.only), pa.string()))))
        return
    _address(raws, message_ids, authors, first, chat, export)
    if export.maybe_pinned and (held := [place for place, number in enumerate(numbers) if number in export.maybe_pinned]):
        export.held.append(table.take(pa.array(held)))
        stays = np.ones(len(raws), bool)
        stays[held] = False
        table = table.filter(pa.array(stays))
    export.pending.append(table)


def _joined(prefix: str, numbers: Sequence[int | None] | Sequence[str | None]) -> pa.Array:
    """The ids: prefix and number; null stays null."""
    try:
        digits = pa.array(numbers, pa.int64()).cast(pa.string())
    except (pa.ArrowException, OverflowError, TypeError):
        digits = pa.array([None if number is None else str(number) for number in numbers], pa.string())
    return pc.binary_join_element_wise(prefix, digits, "")


def _names(numbers: Sequence[int], authors: Sequence[str | None], micros: Any, chat: Chat, export: Export) -> list[str] | None:
    """What stands for each message in its id where numbers count per account: a hash of who wrote when. None: the number."""
    if chat.type != BASIC_GROUP and min(numbers) > 0:
        return None
    realm, names = f"{export.realm}:basic_group", []
    for number, author, at in zip(numbers, authors, micros.tolist(), strict=True):
        if number > 0 and chat.type != BASIC_GROUP:
            names.append(str(number))
            continue
        name = export.context.pseudonyms.of(realm, f"{author or ''}:{at // _MICROSECONDS}")
        again = chat.given.get(name, 0)
        chat.given[name] = again + 1
        chat.names[number] = f"{name}.{again}" if again else name
        names.append(chat.names[number])
    return names


def _place_in_forum(raw: dict[str, Any], prefix: str, reply_to_id: str | None, chat: Chat) -> tuple[str | None, str | None]:
    """Thread and answered message of a message in a group with topics."""
    number, answered = raw["id"], raw.get("reply_to_message_id")
    if raw.get("action") == "topic_created":
        chat.topics[number] = number
        return f"{prefix}{number}", None
    if reply_to_id is None or peer(raw.get("reply_to_peer_id")):
        return None, reply_to_id
    root = chat.topics.get(answered) if isinstance(answered, int) else None
    if root is None:
        return None, reply_to_id
    chat.topics[number] = root
    return f"{prefix}{root}", None if root == answered else reply_to_id


def _address(
    raws: Sequence[dict[str, Any]], message_ids: pa.Array, authors: Sequence[str | None], at: datetime, chat: Chat, export: Export
) -> None:
    """Who is spoken to: people mentioned by id, and the other party of a private conversation."""
    spoken_to: list[tuple[str, str, str]] = []
    for place in [place for place, raw in enumerate(raws) if "text_entities" in raw or raw.get("text").__class__ is not str]:
        if may_mention(raws[place]):
            spoken_to += ((message_ids[place].as_py(), native, "mention") for native in dict.fromkeys(mentioned(raws[place])))
    if chat.type in ("personal_chat", "bot_chat") and chat.native_id:
        other = f"user{chat.native_id}"
        own = f"user{export.exporter}" if export.exporter else None
        spoken_to += (
            (message_id, receiver, "member")
            for message_id, author in zip(message_ids.to_pylist(), authors, strict=True)
            if author and (receiver := own if author == other else other)
        )
    for native in {native for _, native, _ in spoken_to}:
        export.met(native)
    export.addressees += spoken_to


def _moments(raws: Sequence[dict[str, Any]], epoch: str, local: str, zone: ZoneInfo) -> pa.Array:
    """A column of moments in UTC; null where there is none that can be read."""
    stated = [raw.get(epoch) for raw in raws]
    try:
        seconds = pa.array(stated, pa.string()).cast(pa.int64())
    except (pa.ArrowException, TypeError, ValueError):
        return pa.array([moment(raw.get(epoch), raw.get(local), zone) for raw in raws], _INSTANT)
    seconds = pc.if_else(pc.and_(pc.greater(seconds, 0), pc.less_equal(seconds, _LAST_SECOND)), seconds, None)
    found = pc.multiply(seconds, _MICROSECONDS).view(_INSTANT)
    old = [place for place, raw in enumerate(raws) if local in raw and stated[place] is None] if seconds.null_count else None
    if not old:
        return found
    moments = found.to_pylist()
    for place in old:
        moments[place] = moment(None, raws[place].get(local), zone)
    return pa.array(moments, _INSTANT)


def _strings(texts: list[str]) -> pa.Array:
    """The column of texts; what no database stores is replaced."""
    try:
        column = pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half a surrogate pair
        return pa.array([storable(text) for text in texts], pa.string())
    if pc.any(pc.match_substring(column, "\x00")).as_py():
        return pa.array([storable(text) for text in texts], pa.string())
    return column


def _instant(microseconds: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))
