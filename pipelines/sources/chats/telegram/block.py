"""A block of messages as a chat export states them, column by column, before anything is known of the chat they stand in.

Grain: one row per message that can be kept, in the order of the export. How the block was parsed makes no difference to what becomes of it:
:func:`block_of` makes one of parsed JSON, :mod:`pipelines.sources.chats.telegram.lines` one of the bytes as Telegram Desktop lays them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.sources.chats.telegram.fields import (
    FORWARD_KEYS,
    RARE_KEYS,
    Peers,
    document_of,
    flat,
    may_mention,
    media_of,
    mentioned,
    moment,
    peer,
    reacted,
    reactions_of,
    text_of,
)
from pipelines.sources.formats.plain_text import storable

INSTANT = pa.timestamp("us", tz="UTC")
MICROSECONDS = 1_000_000
#: The last second that a datetime can hold.
LAST_SECOND = int(datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp())
_KINDS = ("message", "service")
_HEAD = itemgetter("id", "type")


@dataclass(frozen=True)
class Block:
    """Messages of one chat that stand one after another.

    Attributes
    ----------
    size: messages there are, those that cannot be kept included.
    place: where each row stands among them.
    number, answered: message ids as decimal digits; answered is null where nothing is.
    author: native id ("user1"); name: as shown, null where none is stated; is_nameless: said to be nobody's name (a deleted account).
    rare: row → the message itself, where it has more than words, author and time.
    mentions: (row, native id) of people mentioned by id.
    reacted: (row, native id, name as stated, when) of people said to have reacted.
    files: (row, path as stated) of documents.
    rejected: (place, reason) of the messages that cannot be kept.
    """

    size: int
    place: NDArray[np.int64]
    number: pa.Array
    is_service: pa.Array
    sent_at: pa.Array
    edited_at: pa.Array
    author: pa.Array
    name: pa.Array
    is_nameless: pa.Array
    answered: pa.Array
    text: pa.Array
    media: pa.Array
    is_forwarded: pa.Array
    reactions: pa.Array
    rare: dict[int, dict[str, Any]] = field(default_factory=dict)
    mentions: list[tuple[int, str]] = field(default_factory=list)
    reacted: list[tuple[int, str, Any, datetime | None]] = field(default_factory=list)
    files: list[tuple[int, str]] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return self.size

    @property
    def rows(self) -> int:
        """Messages that can be kept."""
        return len(self.place)


#: Columns of a block that are Arrow arrays.
_COLUMNS = tuple(one.name for one in fields(Block) if one.type == "pa.Array")


def block_of(raws: Sequence[Any], zone: ZoneInfo, peers: Peers) -> Block:
    """The block of messages that are parsed. ``zone``: of times without one; ``peers``: authors known so far."""
    size, place = len(raws), np.arange(len(raws))
    rejected: list[tuple[int, str]] = []
    try:
        heads = list(map(_HEAD, raws))
        is_sound = all(number.__class__ is int and kind in _KINDS for number, kind in heads)
    except (KeyError, TypeError, IndexError):
        is_sound = False
    if not is_sound:
        rejected = [(at, reason) for at, raw in enumerate(raws) if (reason := _reason(raw, zone))]
    sent_at = moments(raws, "date_unixtime", "date", zone) if not rejected else None
    if sent_at is not None and sent_at.null_count:
        rejected = [(at, "no readable date") for at, is_good in enumerate(sent_at.is_valid().to_pylist()) if not is_good]
    if rejected:
        lost = {at for at, _ in rejected}
        place = np.array([at for at in range(size) if at not in lost], np.int64)
        raws = [raws[at] for at in place.tolist()]
        sent_at = moments(raws, "date_unixtime", "date", zone)
    return Block(size=size, place=place, sent_at=sent_at, rejected=rejected, **_columns(raws, zone, peers))


def united(one: Block, other: Block) -> Block:
    """Two blocks that hold different places of one: theirs together, in the order of the places."""
    place = np.concatenate((one.place, other.place))
    order = np.argsort(place, kind="stable")
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(len(order))
    indices = pa.array(order)
    columns = {name: pa.concat_arrays([getattr(one, name), getattr(other, name)]).take(indices) for name in _COLUMNS}
    shifts = ((one, 0), (other, one.rows))
    return Block(
        size=one.size,
        place=place[order],
        rare={int(row[at + shift]): raw for part, shift in shifts for at, raw in part.rare.items()},
        mentions=sorted(((int(row[at + shift]), native) for part, shift in shifts for at, native in part.mentions), key=itemgetter(0)),
        reacted=sorted(((int(row[at + shift]), *who) for part, shift in shifts for at, *who in part.reacted), key=itemgetter(0)),
        files=sorted((int(row[at + shift]), path) for part, shift in shifts for at, path in part.files),
        rejected=sorted(one.rejected + other.rejected),
        **columns,
    )


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


def _columns(raws: Sequence[dict[str, Any]], zone: ZoneInfo, peers: Peers) -> dict[str, Any]:
    """Everything but when the messages were sent."""
    is_service = [raw["type"] == "service" for raw in raws]
    stated = [raw.get("from_id") for raw in raws]
    shown = [raw.get("from", "") for raw in raws]
    for at in [at for at, service in enumerate(is_service) if service]:
        stated[at] = raws[at].get("actor_id", stated[at])
        shown[at] = raws[at].get("actor", shown[at])
    texts: list[str] = [text if isinstance(text := raw.get("text"), str) else storable(flat(text)) for raw in raws]
    media: list[str | None] = [None] * len(raws)
    is_forwarded = [False] * len(raws)
    rare = {at: raw for at, raw in enumerate(raws) if not RARE_KEYS.isdisjoint(raw) or "text" not in raw}
    for at, raw in rare.items():
        texts[at] = text_of(raw)
        is_forwarded[at] = any(key in raw for key in FORWARD_KEYS)
        if not is_service[at]:
            media[at] = media_of(raw)
    speaking = [at for at, raw in enumerate(raws) if "text_entities" in raw or raw.get("text").__class__ is not str]
    return {
        "number": digits([raw["id"] for raw in raws]),
        "is_service": pa.array(is_service, pa.bool_()),
        "edited_at": moments(raws, "edited_unixtime", "edited", zone),
        "author": pa.array([peers[one] if isinstance(one, str) else peer(one) for one in stated], pa.string()),
        "name": strings([name if name.__class__ is str and name else None for name in shown]),
        "is_nameless": pa.array([name is None for name in shown], pa.bool_()),
        "answered": digits([one if (one := raw.get("reply_to_message_id")).__class__ is int and one else None for raw in raws]),
        "text": strings(texts),
        "media": pa.array(media, pa.string()),
        "is_forwarded": pa.array(is_forwarded, pa.bool_()),
        "reactions": pa.array([None if (one := raw.get("reactions")) is None else reactions_of(one) for raw in raws], pa.int32()),
        "rare": rare,
        "reacted": [(at, *who) for at, raw in enumerate(raws) if raw.get("reactions") for who in reacted(raw, zone, peers)],
        "files": [(at, path) for at, raw in rare.items() if (path := document_of(raw)) and not is_service[at]],
        "mentions": [(at, native) for at in speaking if may_mention(raws[at]) for native in dict.fromkeys(mentioned(raws[at]))],
    }


def digits(numbers: Sequence[int | None]) -> pa.Array:
    """Whole numbers of any size as decimal digits."""
    try:
        return pa.array(numbers, pa.int64()).cast(pa.string())
    except (pa.ArrowException, OverflowError):
        return pa.array([None if number is None else str(number) for number in numbers], pa.string())


def moments(raws: Sequence[dict[str, Any]], epoch: str, local: str, zone: ZoneInfo) -> pa.Array:
    """A column of moments in UTC; null where there is none that can be read."""
    stated = [raw.get(epoch) for raw in raws]
    try:
        seconds = pa.array(stated, pa.string()).cast(pa.int64())
    except (pa.ArrowException, TypeError, ValueError):
        return pa.array([moment(raw.get(epoch), raw.get(local), zone) for raw in raws], INSTANT)
    found = from_seconds(seconds)
    old = [place for place, raw in enumerate(raws) if local in raw and stated[place] is None] if seconds.null_count else None
    if not old:
        return found
    listed = found.to_pylist()
    for place in old:
        listed[place] = moment(None, raws[place].get(local), zone)
    return pa.array(listed, INSTANT)


def from_seconds(seconds: pa.Array) -> pa.Array:
    """Moments of seconds since 1970; null for 1970 itself ("never") and for what no datetime can hold."""
    seconds = pc.if_else(pc.and_(pc.greater(seconds, 0), pc.less_equal(seconds, LAST_SECOND)), seconds, None)
    return pc.multiply(seconds, MICROSECONDS).view(INSTANT)


def strings(texts: Sequence[str | None]) -> pa.Array:
    """A column of texts; what no database stores is replaced."""
    try:
        column = pa.array(texts, pa.string())
    except UnicodeEncodeError:  # half a surrogate pair
        return pa.array([text and storable(text) for text in texts], pa.string())
    if pc.any(pc.match_substring(column, "\x00")).as_py():
        return pa.array([text and storable(text) for text in texts], pa.string())
    return column
