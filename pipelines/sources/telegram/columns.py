"""Blocks of messages as they stand in the export → rows of ``messages``, column by column.

Most messages have words, author and time and nothing else; what only a few have (:data:`fields.RARE_KEYS`) is worked out for those
few alone. How the block was parsed makes no difference here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.plain_text import question_mark_counts, storable, word_counts
from pipelines.sources.telegram.chats import BASIC_GROUP, MESSAGES, Chat, Export
from pipelines.sources.telegram.fields import (
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

_INSTANT = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000
#: The last second that a datetime can hold.
_LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp())
#: What stands where a key is missing, as distinct from null.
_ABSENT = object()


def add_messages(raws: Sequence[Any], chat: Chat, export: Export) -> list[tuple[int, str]]:
    """Add a block of messages to what is gathered; returns (place in the block, reason) of each that was not kept."""
    rejected: list[tuple[int, str]] = []
    if any(raw.__class__ is not dict for raw in raws):
        rejected = [(place, "not an object") for place, raw in enumerate(raws) if raw.__class__ is not dict]
        raws = [raw if raw.__class__ is dict else {} for raw in raws]
    sent_at = _moments(raws, "date_unixtime", "date", export.context.zone)
    is_good = pc.and_(
        pa.array([raw.get("id").__class__ is int and raw.get("type") in ("message", "service") for raw in raws], pa.bool_()),
        sent_at.is_valid(),
    )
    if pc.min(is_good).as_py() is False:
        known = {place for place, _ in rejected}
        good = is_good.to_pylist()
        rejected += [
            (place, _reason(raw, sent_at[place].is_valid)) for place, raw in enumerate(raws) if not good[place] and place not in known
        ]
        rejected.sort()
        chat.has_rejected = True
        raws = [raw for raw, is_kept in zip(raws, good, strict=True) if is_kept]
        sent_at = sent_at.filter(is_good)
    if raws:
        _add(raws, sent_at, chat, export)
    return rejected


def _reason(raw: dict[str, Any], has_date: bool) -> str:
    if raw.get("id").__class__ is not int:
        return "no id"
    if raw.get("type") == "unsupported":
        return "not supported by the exporting program"
    return "no kind" if has_date else "no readable date"


def _add(raws: Sequence[dict[str, Any]], sent_at: pa.Array, chat: Chat, export: Export) -> None:
    edited_at = _moments(raws, "edited_unixtime", "edited", export.context.zone)
    seconds = sent_at.view(pa.int64()).to_numpy()
    first, last = _instant(seconds.min()), _instant(seconds.max())
    chat.first, chat.last = min(first, chat.first or first), max(last, chat.last or last)
    last_edit = pc.max(edited_at.view(pa.int64())).as_py()
    export.spoke_of(first, max(last, _instant(last_edit)) if last_edit else last)

    is_service = [raw["type"] == "service" for raw in raws]
    stated = [
        raw.get("actor_id", raw.get("from_id")) if service else raw.get("from_id") for raw, service in zip(raws, is_service, strict=True)
    ]
    peers = export.peers
    authors = [peers[one] if isinstance(one, str) else peer(one) for one in stated]
    _note_people(raws, is_service, authors, seconds, chat, export)

    part = export.chat_part(chat.native_id, chat.is_private)
    prefix = f"{export.realm}:message:{part}:"
    numbers = [raw["id"] for raw in raws]
    names = _names(numbers, authors, seconds, chat, export)
    message_ids = [prefix + name for name in names]
    replies = [
        prefix + chat.names.get(number, str(number)) if (number := raw.get("reply_to_message_id")).__class__ is int and number else None
        for raw in raws
    ]
    texts: list[str] = [text if isinstance(text := raw.get("text"), str) else storable(flat(text)) for raw in raws]
    threads: list[str | None] = [None] * len(raws)
    media: list[str | None] = [None] * len(raws)
    subjects: list[str | None] = [None] * len(raws)
    is_forwarded = [False] * len(raws)
    rare = [place for place, raw in enumerate(raws) if not RARE_KEYS.isdisjoint(raw) or "text" not in raw]
    for place in rare:
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
        if replies[place] and (elsewhere := peer(raw.get("reply_to_peer_id"))):
            kind, digits = split_peer(elsewhere)
            replies[place] = f"{export.realm}:message:{export.chat_part(digits, kind == 'user')}:{raw['reply_to_message_id']}"
    if chat.is_forum:
        for place, raw in enumerate(raws):
            threads[place], replies[place] = _place_in_forum(raw, prefix, replies[place], chat)

    text_column = _strings(texts)
    constants = {"channel": "direct" if chat.is_private else "chat", "chat_id": f"{export.realm}:chat:{part}"}
    columns = {
        "message_id": pa.array(message_ids, pa.string()),
        **{name: pa.repeat(pa.scalar(value, pa.string()), len(raws)) for name, value in constants.items()},
        "thread_id": pa.array(threads, pa.string()),
        "reply_to_id": pa.array(replies, pa.string()),
        "account_id": export.context.pseudonyms.column(export.realm, pa.array(authors, pa.string())),
        "sent_at": sent_at,
        "edited_at": edited_at,
        "kind": pc.if_else(pa.array(is_service, pa.bool_()), "service", "post"),
        "media": pa.array(media, pa.string()),
        "is_private": pa.repeat(pa.scalar(chat.is_private), len(raws)),
        "is_pinned": pa.repeat(pa.scalar(False), len(raws)),
        "is_forwarded": pa.array(is_forwarded, pa.bool_()),
        "chars": pc.utf8_length(text_column),
        "words": word_counts(text_column),
        "question_marks": question_mark_counts(text_column),
        "reactions": pa.array([None if (one := raw.get("reactions")) is None else reactions_of(one) for raw in raws], pa.int32()),
        "subject": pa.array(subjects, pa.string()),
        "text": text_column,
    }
    table = pa.table([columns[name] for name in MESSAGES.names], schema=MESSAGES)
    if export.only is not None:
        export.pending.append(table.filter(pc.is_in(table["message_id"], value_set=pa.array(sorted(export.only), pa.string()))))
        return
    if export.maybe_pinned and (held := [place for place, number in enumerate(numbers) if number in export.maybe_pinned]):
        export.held.append(table.take(pa.array(held)))
        stays = np.ones(len(raws), bool)
        stays[held] = False
        table = table.filter(pa.array(stays))
    export.pending.append(table)
    _address(raws, message_ids, authors, seconds, chat, export)


def _names(numbers: Sequence[int], authors: Sequence[str | None], sent: Any, chat: Chat, export: Export) -> list[str]:
    """What stands for each message in its id: its number, or, where numbers count per account, a hash of who wrote when."""
    if chat.type != BASIC_GROUP and all(number > 0 for number in numbers):
        return [str(number) for number in numbers]
    realm, names = f"{export.realm}:basic_group", []
    for number, author, at in zip(numbers, authors, sent.tolist(), strict=True):
        if number > 0 and chat.type != BASIC_GROUP:
            names.append(str(number))
            continue
        name = export.context.pseudonyms.of(realm, f"{author or ''}:{at // _MICROSECONDS}")
        again = chat.given.get(name, 0)
        chat.given[name] = again + 1
        chat.names[number] = f"{name}.{again}" if again else name
        names.append(chat.names[number])
    return names


def _note_people(
    raws: Sequence[dict[str, Any]], is_service: Sequence[bool], authors: Sequence[str | None], sent: Any, chat: Chat, export: Export
) -> None:
    """Under which names the authors were seen; the name of the latest message stands, of equally late ones the last in the export."""
    shown = [
        raw.get("actor", raw.get("from", _ABSENT)) if service else raw.get("from", _ABSENT)
        for raw, service in zip(raws, is_service, strict=True)
    ]
    shown = [name if name.__class__ is str or name is None else _ABSENT for name in shown]
    places: Iterable[int] = range(len(raws))
    if not (sent[1:] >= sent[:-1]).all():
        places = np.argsort(sent, kind="stable").tolist()
        latest = {(authors[place], shown[place]): place for place in places}
    else:
        latest = {pair: place for place, pair in enumerate(zip(authors, shown, strict=True))}
    for (author, name), place in sorted(latest.items(), key=lambda item: (sent[item[1]], item[1])):
        if author is not None:
            text = storable(name) if isinstance(name, str) else None
            export.met(author, text, _instant(sent[place]), is_deleted=name is None)
            if len(chat.authors) < 2:
                chat.authors.add(author)


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
    raws: Sequence[dict[str, Any]], message_ids: Sequence[str], authors: Sequence[str | None], sent: Any, chat: Chat, export: Export
) -> None:
    """Who is spoken to: people mentioned by id, and the other party of a private conversation."""
    for place, raw in enumerate(raws):
        if may_mention(raw):
            for native in dict.fromkeys(mentioned(raw)):
                export.met(native, None, _instant(sent[place]))
                export.addressees.append((message_ids[place], native, "mention"))
    if chat.type in ("personal_chat", "bot_chat") and chat.native_id:
        other = f"user{chat.native_id}"
        own = f"user{export.exporter}" if export.exporter else None
        members = [
            (message_id, receiver, "member")
            for message_id, author in zip(message_ids, authors, strict=True)
            if author and (receiver := own if author == other else other)
        ]
        export.addressees += members
        for receiver in {receiver for _, receiver, _ in members}:
            export.met(receiver, None, _instant(sent[0]))


def _moments(raws: Sequence[dict[str, Any]], epoch: str, local: str, zone: ZoneInfo) -> pa.Array:
    """A column of moments in UTC; null where there is none that can be read."""
    stated = [raw.get(epoch) for raw in raws]
    try:
        seconds = pa.array(stated, pa.string()).cast(pa.int64())
    except (pa.ArrowException, TypeError, ValueError):
        return pa.array([moment(raw.get(epoch), raw.get(local), zone) for raw in raws], _INSTANT)
    seconds = pc.if_else(pc.and_(pc.greater(seconds, 0), pc.less_equal(seconds, _LAST_SECOND)), seconds, None)
    found = pc.multiply(seconds, _MICROSECONDS).view(_INSTANT)
    old = [place for place, raw in enumerate(raws) if stated[place] is None and raw.get(local) is not None]
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
