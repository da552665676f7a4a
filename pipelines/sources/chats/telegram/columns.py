"""Blocks of messages as the export states them → rows of ``messages``, with what is known of their chat, column by column.

What only a few messages have (:data:`fields.RARE_KEYS`) is worked out for those few alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.chats.chat_files import Posted
from pipelines.sources.chats.telegram.block import MICROSECONDS, Block, block_of
from pipelines.sources.chats.telegram.chats import BASIC_GROUP, NATIVE, Chat, Export
from pipelines.sources.chats.telegram.fields import peer, split_peer
from pipelines.sources.formats.plain_text import storable
from pipelines.thresholds import threshold

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def add_messages(found: Block | Sequence[Any], chat: Chat, export: Export) -> list[tuple[int, str]]:
    """Add a block of messages to what is gathered; returns (place in the block, reason) of each that was not kept."""
    block = found if isinstance(found, Block) else block_of(found, export.context.zone, export.peers)
    if block.rejected:
        chat.has_rejected = True
    if block.rows:
        _add(block, chat, export)
    return block.rejected


def _add(block: Block, chat: Chat, export: Export) -> None:
    micros = block.sent_at.view(pa.int64()).to_numpy()
    first, last = _instant(micros.min()), _instant(micros.max())
    last_edit = pc.max(block.edited_at.view(pa.int64())).as_py()
    export.spoke_of(first, max(last, _instant(last_edit)) if last_edit else last)
    export.name_all(block.author, block.name, block.is_nameless, block.sent_at)
    chat.spoke(block.author, first, last)

    part = export.chat_part(chat.native_id, chat.is_private)
    prefix = f"{export.realm}:message:{part}:"
    message_ids = pc.binary_join_element_wise(prefix, _names(block, micros, chat, export), "")
    answered = block.answered
    if chat.names:
        named = [None if one is None else chat.names.get(int(one), one) for one in answered.to_pylist()]
        answered = pa.array(named, pa.string())
    replies = pc.binary_join_element_wise(prefix, answered, "")
    nothing = pa.nulls(block.rows, pa.string())
    threads, subjects = nothing, nothing
    topics = _rare(block, prefix, chat, export)
    if topics:
        titles: list[str | None] = [None] * block.rows
        for row, title in topics.items():
            titles[row] = title
        subjects = pa.array(titles, pa.string())
    elsewhere = _elsewhere(block, export)
    if chat.roots is not None:
        _look_for_other_topics(block, topics, elsewhere, chat)
    if not chat.is_private:
        _find_topics_from_before(block, elsewhere, chat)
    if chat.is_forum or elsewhere:
        listed = [elsewhere.get(row, one) for row, one in enumerate(replies.to_pylist())]
        if chat.is_forum:
            placed = [
                _place_in_forum(int(number), answer and int(answer), row in topics, row in elsewhere, prefix, listed[row], chat)
                for row, (number, answer) in enumerate(zip(block.number.to_pylist(), block.answered.to_pylist(), strict=True))
            ]
            threads, listed = pa.array([thread for thread, _ in placed], pa.string()), [reply for _, reply in placed]
        replies = pa.array(listed, pa.string())

    constants = {"channel": "direct" if chat.is_private else "chat", "chat_id": f"{export.realm}:chat:{part}"}
    columns = {
        "message_id": message_ids,
        **{name: pa.repeat(pa.scalar(value, pa.string()), block.rows) for name, value in constants.items()},
        "thread_id": threads,
        "reply_to_id": replies,
        NATIVE: block.author,
        "sent_at": block.sent_at,
        "edited_at": block.edited_at,
        "kind": pc.if_else(block.is_service, "service", "post"),
        "media": block.media,
        "is_private": pa.repeat(pa.scalar(chat.is_private), block.rows),
        "is_forwarded": block.is_forwarded,
        "reactions": block.reactions,
        "subject": subjects,
        "text": block.text,
    }
    table = pa.table(columns)
    if export.only is not None:
        export.pending.append(table.filter(pc.is_in(message_ids, value_set=pa.array(sorted(export.only), pa.string()))))
        return
    _address(block, message_ids, chat, export)
    if block.files and not chat.is_private:
        rows = pa.array([row for row, _ in block.files])
        told = zip(message_ids.take(rows).to_pylist(), block.number.take(rows).to_pylist(), block.files, strict=True)
        export.files += (Posted(message_id, f"message id {number}", path) for message_id, number, (_, path) in told)
    if export.maybe_pinned:
        waits = pc.is_in(block.number, value_set=export.maybe_pinned_numbers)
        if pc.any(waits).as_py():
            export.held.append(table.filter(waits))
            table = table.filter(pc.invert(waits))
    export.pending.append(table)


def _names(block: Block, micros: Any, chat: Chat, export: Export) -> pa.Array:
    """What stands for each message in its id: its number, or where numbers count per account a hash of who wrote when."""
    if chat.type != BASIC_GROUP and not pc.any(pc.or_(pc.starts_with(block.number, "-"), pc.equal(block.number, "0"))).as_py():
        return block.number
    realm, names = f"{export.realm}:basic_group", []
    for stated, author, at in zip(block.number.to_pylist(), block.author.to_pylist(), micros.tolist(), strict=True):
        number = int(stated)
        if number > 0 and chat.type != BASIC_GROUP:
            names.append(stated)
            continue
        name = export.context.pseudonyms.of(realm, f"{author or ''}:{at // MICROSECONDS}")
        again = chat.given.get(name, 0)
        chat.given[name] = again + 1
        chat.names[number] = f"{name}.{again}" if again else name
        names.append(chat.names[number])
    return pa.array(names, pa.string())


def _rare(block: Block, prefix: str, chat: Chat, export: Export) -> dict[int, str | None]:
    """What service lines tell of other messages and of topics; returns row → title of each topic that begins."""
    topics: dict[int, str | None] = {}
    for row, raw in block.rare.items():
        if raw["type"] != "service":
            continue
        if raw.get("action") == "pin_message" and raw.get("message_id").__class__ is int:
            export.pin(prefix + chat.names.get(raw["message_id"], str(raw["message_id"])), raw["message_id"])
        elif raw.get("action") == "topic_created":
            chat.is_forum = True
            topics[row] = storable(raw["title"]) if isinstance(raw.get("title"), str) else None
    return topics


def _look_for_other_topics(block: Block, topics: Collection[int], elsewhere: Collection[int], chat: Chat) -> None:
    """Keep up what says that all posts stand in one topic. In nearly every chat the first block says that they do not."""
    if chat.is_private or pc.any(pc.and_(pc.invert(block.is_service), pc.is_null(block.answered))).as_py():
        chat.roots = None
        return
    roots, found = chat.roots or {}, set(islice((chat.roots or {}).values(), 1))
    for row, (number, answered) in enumerate(zip(block.number.to_pylist(), block.answered.to_pylist(), strict=True)):
        if row in topics:
            root = int(number)
        elif answered is not None and row not in elsewhere:
            root = roots.get(int(answered), int(answered))
        else:
            continue
        roots[int(number)] = root
        found.add(root)
    chat.roots = roots if len(found) <= 1 else None


def _find_topics_from_before(block: Block, elsewhere: Collection[int], chat: Chat) -> None:
    """The topics that began before a part of a forum ("from this day on"): what they began with is not there, and most posts name it."""
    if chat.first_number is None:
        chat.first_number = min(map(int, block.number.to_pylist()))
    is_post = pc.invert(block.is_service)
    posts, answering = int(pc.sum(is_post).as_py() or 0), int(pc.sum(pc.and_(is_post, pc.is_valid(block.answered))).as_py() or 0)
    least = threshold("forum_topic_posts")
    looks_so = posts >= threshold("forum_part_posts") and answering >= threshold("forum_replies_share") * posts
    if chat.first_number <= 0 or answering < least or not (chat.is_forum or looks_so):
        return
    named = Counter(
        int(answered)
        for row, (answered, post) in enumerate(zip(block.answered.to_pylist(), is_post.to_pylist(), strict=True))
        if post and answered is not None and row not in elsewhere
    )
    for number, count in named.items():
        if number < chat.first_number and count >= least:
            chat.is_forum = True
            chat.topics[number] = number


def _elsewhere(block: Block, export: Export) -> dict[int, str]:
    """Row → the answered message, where that one stands in another chat."""
    found = {}
    for row, raw in block.rare.items():
        if (answered := block.answered[row].as_py()) and (other := peer(raw.get("reply_to_peer_id"))):
            kind, number = split_peer(other)
            found[row] = f"{export.realm}:message:{export.chat_part(number, kind == 'user')}:{answered}"
    return found


def _place_in_forum(
    number: int, answered: int | None, is_topic: bool, is_elsewhere: bool, prefix: str, reply_to_id: str | None, chat: Chat
) -> tuple[str | None, str | None]:
    """Thread and answered message of a message in a group with topics."""
    if is_topic:
        chat.topics[number] = number
        return f"{prefix}{number}", None
    if answered is None or is_elsewhere:
        return None, reply_to_id
    root = chat.topics.get(answered)
    if root is None:
        return None, reply_to_id
    chat.topics[number] = root
    return f"{prefix}{root}", None if root == answered else reply_to_id


def _address(block: Block, message_ids: pa.Array, chat: Chat, export: Export) -> None:
    """Who is spoken to: people mentioned by id, and the other party of a private conversation."""
    spoken_to: list[tuple[str, str, str, datetime | None]] = [
        (message_ids[row].as_py(), native, "mention", None) for row, native in block.mentions
    ]
    if chat.type in ("personal_chat", "bot_chat") and chat.native_id:
        other = f"user{chat.native_id}"
        own = f"user{export.exporter}" if export.exporter else None
        spoken_to += (
            (message_id, receiver, "member", None)
            for message_id, author in zip(message_ids.to_pylist(), block.author.to_pylist(), strict=True)
            if author and (receiver := own if author == other else other)
        )
    # Who reacts may never have written: the reaction is then all that tells the name.
    given: dict[tuple[str, str], datetime | None] = {}
    for row, native, name, at in block.reacted:
        key = (message_ids[row].as_py(), native)
        known = given.get(key)
        given[key] = min(known, at) if known and at else known or at
        export.name_one(native, name, at)
    spoken_to += ((message_id, native, "reaction", at) for (message_id, native), at in given.items())
    for native in {native for _, native, _, _ in spoken_to}:
        export.met(native)
    export.addressees += spoken_to


def _instant(microseconds: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))
