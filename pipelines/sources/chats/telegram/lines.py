"""Messages as Telegram Desktop lays them out, a key or a brace a line, → a :class:`Block`, without a Python object for each.

The values are taken out of the bytes where they stand, for all messages of a block at once. A message of which a line is anything else than
:class:`_Lines` knows, or that says what only a parser can follow (:data:`_FOR_A_PARSER`), is given to orjson alone. A block that is laid out
otherwise is not read here at all (None): the caller parses it.

Proof that what is taken is what a parser would give. The block is UTF-8 and has no control character but line feeds, so no line feed stands in a
string. Every line is a brace, or a string, or a key with a value: a bracket, an empty list or object, a whole number, true, false, null, a
string. A string has no quote inside, and one with a backslash is decoded by orjson. Blanks before a line tell its depth: it grows by one behind
an opening bracket, falls by one at a closing one, and else stays; a bracket is closed by its like; an object holds keys, a list none. A comma
stands where and only where another member follows. No key that is asked for stands twice in one object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.sources.chats.telegram.block import Block, block_of, from_seconds, united
from pipelines.sources.chats.telegram.fields import MEDIA_TYPES, MOST_REACTIONS, Peers, document_path
from pipelines.sources.formats.plain_text import storable

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Octets = NDArray[np.uint8]
Words = NDArray[np.uint64]

_HEAD = re.compile(rb"\n( {1,5})\{\n")
#: Stands behind the block, so that eight bytes may be read anywhere.
_PADDING = b" " * 64
_WORD, _DEEPEST = 8, 16
_LINE_FEED, _SPACE, _QUOTE, _COMMA, _BACKSLASH, _ZERO, _NINE = b'\n ",\\09'
_BRACE, _END_OF_BRACE, _BRACKET, _END_OF_BRACKET = b"{}[]"
_COLON, _NULL = b": ", b"null"
_LAST_OF_NULL = _NULL[-1]
_MOST_DIGITS = 16
_DIGITS_OF_A_COUNT = 9
#: Seconds since 1970 with more digits may lie behind the last year: whether they do is for the parser to say.
_DIGITS_OF_SECONDS = 11

_STRINGS = ("date_unixtime", "edited_unixtime", "from_id", "actor_id", "type")
_NAMES = ("from", "actor")
_IDS = ("id", "reply_to_message_id")
_IGNORED_BUT_FOR_BEING = ("date", "edited", "photo", "file", "forwarded_from", "forwarded_from_id", "saved_from", "media_type")
_FOR_A_PARSER = (
    *("poll", "todo_list", "rich_message", "items", "comment", "gift_text", "option", "information_text", "reply_to_peer_id"),
    *("location_information", "place_name", "contact_information"),
)
_KEYS = (*_STRINGS, *_NAMES, *_IDS, *_IGNORED_BUT_FOR_BEING, *_FOR_A_PARSER, "text", "reactions", "action")
#: Values that make their message one for a parser: mentions by number, and service lines that tell of other messages.
_MENTION, _ACTIONS = "mention_name", ("pin_message", "topic_created")


def block_of_lines(piece: bytes, zone: ZoneInfo, peers: Peers) -> Block | None:
    """The block of the messages that stand between two cuts of their list; None where that is for a parser to say."""
    try:
        lines = _Lines.of(piece)
        if lines is None:
            return None
        keys = {name: lines.members(name) for name in _KEYS}
        # Words and counts of reactions that stand in lists.
        keys |= {"text below": _below(lines, keys["text"], "text"), "count": _below(lines, keys["reactions"], "count")}
        keys["recent"] = _below(lines, keys["reactions"], "recent")
        is_plain = _plain(lines, keys)
        others = np.flatnonzero(~is_plain)
        block = _block(lines, keys, is_plain, peers)
        if not len(others):
            return block
        bounds = zip(lines.start[lines.first[others]].tolist(), lines.end[lines.last[others]].tolist(), strict=True)
        rest = block_of([orjson.loads(lines.content[start:end]) for start, end in bounds], zone, peers)
    except (orjson.JSONDecodeError, _NotProven):
        return None
    rejected = [(int(others[at]), why) for at, why in rest.rejected]
    return united(block, Block(**{**vars(rest), "size": len(is_plain), "place": others[rest.place], "rejected": rejected}))


class _NotProven(Exception):
    """Something that has to be JSON may be none."""


@dataclass(frozen=True)
class _Lines:
    """The lines of a block.

    Attributes
    ----------
    content: the block, padded; octets: its bytes; words: the eight bytes from each place on.
    start, end: of each line, without its comma and line feed. level: how deep it stands, 0: a message's braces.
    key_start, key_end: of its key, empty where it has none; value_start, value_end: of its value, without quotes.
    is_string, is_number, is_null, is_list, is_empty_list: what the value is.
    has_slash: there is a backslash in the line.
    first, last: of each message, the lines of its braces; message: of each line, the message. is_sound: of each message, all its lines are as they should be.
    objects: the lines that open an object in a list of a message. member: the lines of the messages' own keys; heads: the same by the key's length and
    first eight bytes.
    """

    content: bytes
    octets: Octets
    words: Words
    start: Numbers
    end: Numbers
    level: Numbers
    key_start: Numbers
    key_end: Numbers
    value_start: Numbers
    value_end: Numbers
    is_string: Flags
    is_number: Flags
    is_null: Flags
    is_list: Flags
    is_empty_list: Flags
    has_slash: Flags
    first: Numbers
    last: Numbers
    message: Numbers
    is_sound: Flags
    objects: Numbers
    member: Numbers
    heads: dict[tuple[int, bytes], Numbers]

    @classmethod
    def of(cls, piece: bytes) -> _Lines | None:
        """None where the piece is not laid out as objects, each between a line of its opening and one of its closing brace."""
        head = _HEAD.match(piece)
        if not head:
            return None
        content = piece + _PADDING
        octets = np.frombuffer(content, np.uint8)
        body = octets[: len(piece)]
        marks = np.flatnonzero((body == _LINE_FEED) | (body == _QUOTE))
        breaks = np.flatnonzero(octets[marks] == _LINE_FEED)
        if np.count_nonzero(body < _SPACE) != len(breaks) or not _is_utf8(content):
            return None
        words = np.ndarray((len(content) - _WORD + 1,), "<u8", content, 0, (1,))
        start, stop = marks[breaks] + 1, np.append(marks[breaks[1:]], len(piece))
        quotes = np.diff(np.append(breaks, len(marks))) - 1
        marks = np.concatenate((marks, np.full(4, len(piece))))
        quote = [marks[breaks + number] for number in (1, 2, 3)]
        has_comma = octets[stop - 1] == _COMMA
        end = stop - has_comma
        tail = octets[end - 1]

        # What stands in a line.
        has_slash = np.zeros(len(start), np.bool_)
        if _BACKSLASH in piece:
            has_slash[np.searchsorted(start, np.flatnonzero(body == _BACKSLASH), "right") - 1] = True
        is_alone = quotes == 0
        # Names of deleted accounts stand in lists as null.
        depth = np.where(is_alone, end - start - np.where(tail == _LAST_OF_NULL, len(_NULL), 1), quote[0] - start)
        known = _are_blank(words, start, depth)
        opens = is_alone & (tail == _BRACE)
        closes = is_alone & ((tail == _END_OF_BRACE) | (tail == _END_OF_BRACKET))
        is_keyed = (quotes >= 2) & _is_word(words[np.minimum(quote[1] + 1, len(piece))], _COLON)
        value = np.where(is_keyed, quote[1] + 1 + len(_COLON), start + depth)
        size = end - value
        lead = octets[np.minimum(value, len(piece))]
        is_string = (lead == _QUOTE) & (tail == _QUOTE) & (size >= 2)
        is_string &= np.where(has_slash, ~is_keyed | (quote[2] == value), quotes == np.where(is_keyed, 4, 2))
        word = words[np.minimum(value, len(piece))]
        bare = is_keyed & (quotes == 2) & ~has_slash
        opens_more = bare & (size == 1) & ((lead == _BRACE) | (lead == _BRACKET)) & ~has_comma
        is_empty_list = bare & (size == 2) & _is_word(word, b"[]")
        is_null = (bare | is_alone) & (size == len(_NULL)) & _is_word(word, _NULL)
        is_number = np.zeros(len(start), np.bool_)
        digits = np.flatnonzero(bare & (lead >= _ZERO) & (lead <= _NINE) & (size <= _MOST_DIGITS) & ((lead > _ZERO) | (size == 1)))
        is_number[digits] = _are_digits(words, value[digits], size[digits])
        is_else = bare & (
            ((size == 2) & _is_word(word, b"{}")) | ((size == 4) & _is_word(word, b"true")) | ((size == 5) & _is_word(word, b"false"))
        )
        is_value = is_string | is_empty_list | is_null | is_number | is_else
        known &= (opens & ~has_comma) | closes | opens_more | is_value

        # Whose the lines are.
        level = depth - len(head[1])
        edge = level == 0
        first, last = np.flatnonzero(edge & opens & known), np.flatnonzero(edge & closes & (tail == _END_OF_BRACE) & known)
        if len(first) != len(last) or not len(first) or first[0] != 0 or last[-1] != len(start) - 1 or (first[1:] != last[:-1] + 1).any():
            return None
        if not has_comma[last[:-1]].all() or has_comma[last[-1]]:
            return None
        message = np.repeat(np.arange(len(first)), last - first + 1)

        # What follows on what.
        opens |= opens_more
        follows_end = np.append(closes[1:], True)
        known &= edge | (has_comma == (~opens & ~follows_end))
        known[:-1] &= (level[1:] == level[:-1] + opens[:-1] - closes[1:]) & ~(opens[:-1] & closes[1:])
        is_sound = np.logical_and.reduceat(known, first)
        kind = np.where(closes, tail == _END_OF_BRACE, np.where(is_keyed, lead == _BRACE, True))
        inside = np.flatnonzero(is_sound[message])
        is_sound[message[_misplaced(inside, level[inside], opens[inside], closes[inside], kind[inside], is_keyed[inside])]] = False

        key_start = np.where(is_keyed, quote[0] + 1, start)
        key_end = np.where(is_keyed, quote[1], start)
        member = np.flatnonzero(is_keyed & (level == 1))
        return cls(
            content, octets, words, start, end, level, key_start, key_end, value + is_string, end - is_string, is_string, is_number, is_null,
            opens_more & (lead == _BRACKET), is_empty_list, has_slash, first, last, message, is_sound,
            np.flatnonzero(opens & (level == 2)), member, _by_head(member, key_end[member] - key_start[member], words[key_start[member]]),
        )  # fmt: skip

    def members(self, name: str) -> Numbers:
        """The lines of one key of the messages."""
        found = self.heads.get((len(name), name.encode()[:_WORD]))
        if found is None:
            return self.member[:0]
        return found if len(name) <= _WORD else found[self.has_key(found, name)]

    def has_key(self, line: Numbers, name: str) -> Flags:
        """Which of these lines have this key."""
        return (self.key_end[line] - self.key_start[line] == len(name)) & self.stands(self.key_start[line], name)

    def says(self, line: Numbers, text: str) -> Flags:
        """Which of these lines have this string for a value."""
        return (
            self.is_string[line] & (self.value_end[line] - self.value_start[line] == len(text)) & self.stands(self.value_start[line], text)
        )

    def stands(self, at: Numbers, text: str) -> Flags:
        """At which of these places the text stands."""
        octets = text.encode()
        found = np.ones(len(at), np.bool_)
        for place in range(0, len(octets), _WORD):
            found &= _is_word(self.words[at + place], octets[place : place + _WORD])
        return found

    def parent(self, line: Numbers) -> Numbers:
        """The number of the object, among those in lists of the messages, in which each of these lines stands."""
        return np.searchsorted(self.objects, line)

    def is_inside(self, line: Numbers, lists: Numbers) -> Flags:
        """Which of these lines stand below one of these keys of the messages."""
        is_list = np.zeros(len(self.start), np.bool_)
        is_list[lists] = True
        return is_list[self.member[np.searchsorted(self.member, line) - 1]]

    def values(self, line: Numbers) -> pa.Array:
        """The values of these lines (which rise), strings decoded. Raises _NotProven where one is no string of JSON after all."""
        offsets = np.empty(2 * len(line), np.int32)
        offsets[0::2], offsets[1::2] = self.value_start[line], self.value_end[line]
        slices = pa.StringArray.from_buffers(max(0, len(offsets) - 1), pa.py_buffer(offsets), pa.py_buffer(self.content))
        written = slices.take(pa.array(np.arange(0, len(offsets), 2)))
        escaped = self.has_slash[line]
        if not escaped.any():
            return written
        return pc.replace_with_mask(written, pa.array(escaped), pa.array(self.decoded(line[escaped]), pa.string()))

    def decoded(self, line: Numbers) -> list[str]:
        """The strings of these lines, as orjson understands them."""
        parts = zip(self.value_start[line].tolist(), self.value_end[line].tolist(), strict=True)
        # Behind each string stands a line feed, which no string may hold: one that does not end where it should is an error.
        found = orjson.loads(b"[%b]" % b",\n".join(b'"%b"' % self.content[start:end] for start, end in parts))
        if len(found) != len(line) or not all(text.__class__ is str for text in found):
            raise _NotProven
        return [storable(text) for text in found]


def _by_head(line: Numbers, length: Numbers, word: Words) -> dict[tuple[int, bytes], Numbers]:
    """Lines (which rise) by the length and the first eight bytes of their keys: there are some ten of them, and far more that are asked for."""
    if not len(line):
        return {}
    words = pa.array(word & _MASKS[np.minimum(length, _WORD)]).dictionary_encode()
    width = int(length.max()) + 1
    heads = pa.array(words.indices.to_numpy().astype(np.int64) * width + length).dictionary_encode()
    number = heads.indices.to_numpy()
    order = np.argsort(number.astype(np.uint16), kind="stable") if len(heads.dictionary) < 1 << 16 else np.argsort(number, kind="stable")
    groups = np.split(line[order], np.cumsum(np.bincount(number))[:-1])
    return {
        (head % width, int(words.dictionary[head // width].as_py()).to_bytes(_WORD, "little")[: head % width]): group
        for head, group in zip(heads.dictionary.to_pylist(), groups, strict=True)
    }


def _misplaced(line: Numbers, level: Numbers, opens: Flags, closes: Flags, is_object: Flags, is_keyed: Flags) -> Numbers:
    """Lines that close another kind of bracket than was opened, are keys in a list, or are none in an object."""
    found = []
    for depth in range(int(level.max(initial=0)) + 1):
        opener = np.flatnonzero(opens & (level == depth))
        if not len(opener):
            break
        closer = np.flatnonzero(closes & (level == depth))
        found.append(closer[is_object[closer] != is_object[opener]])
        member = np.flatnonzero(~closes & (level == depth + 1))
        parent = opener[np.searchsorted(opener, member) - 1]
        found.append(member[is_keyed[member] != is_object[parent]])
    return line[np.concatenate(found)] if found else line[:0]


def _plain(lines: _Lines, keys: dict[str, Numbers]) -> Flags:
    """Which messages can be read without a parser."""
    plain = lines.is_sound.copy()

    def part(line: Numbers) -> None:
        plain[lines.message[line]] = False

    has = {}
    for name in _KEYS:
        line, whose = keys[name], lines.message[keys[name]]
        part(line[1:][whose[1:] == whose[:-1]])
        has[name] = np.zeros(len(plain), np.bool_)
        has[name][whose] = True
    for name in (*_FOR_A_PARSER, "recent"):
        part(keys[name])
    for name in _STRINGS:
        part(keys[name][~lines.is_string[keys[name]]])
    for name in _NAMES:
        part(keys[name][~(lines.is_string | lines.is_null)[keys[name]]])
    for name in _IDS:
        part(keys[name][~lines.is_number[keys[name]] | (lines.octets[lines.value_start[keys[name]]] == _ZERO)])
    for name in ("date_unixtime", "edited_unixtime"):
        line = keys[name]
        start, size = lines.value_start[line], lines.value_end[line] - lines.value_start[line]
        good = (lines.octets[start] > _ZERO) & (size > 0) & (size <= _DIGITS_OF_SECONDS) & _are_digits(lines.words, start, size)
        part(line[~good])
    for name in ("text", "reactions"):
        line = keys[name]
        part(line[~(lines.is_list | lines.is_empty_list | (lines.is_string & (name == "text")))[line]])
    service = np.zeros(len(plain), np.bool_)
    kind = keys["type"]
    service[lines.message[kind[lines.says(kind, "service")]]] = True
    part(kind[~(lines.says(kind, "service") | lines.says(kind, "message"))])
    for action in _ACTIONS:
        part(keys["action"][lines.says(keys["action"], action)])
    part(keys["media_type"][~lines.is_string[keys["media_type"]]])
    deep = np.flatnonzero(lines.is_string & (lines.level > 1))
    part(deep[lines.says(deep, _MENTION)])
    # Strings that nobody asks for have to be strings all the same.
    escaped = np.flatnonzero(lines.has_slash & plain[lines.message])
    if len(escaped):
        part(escaped[~lines.is_string[escaped]])
        escaped = escaped[plain[lines.message[escaped]]]
        lines.decoded(escaped)
        for start, end in zip(lines.key_start[escaped].tolist(), lines.key_end[escaped].tolist(), strict=True):
            if _BACKSLASH in lines.content[start:end]:
                raise _NotProven
    for name in ("id", "type", "date_unixtime", "text"):
        plain &= has[name]
    plain &= has["edited"] <= has["edited_unixtime"]
    for name in ("from", "from_id"):
        plain &= ~(has[name] & service)
    for name in ("actor", "actor_id"):
        plain &= ~has[name] | service
    pieces, counts = keys["text below"], keys["count"]
    for below in (pieces, counts):
        part(below[1:][lines.parent(below)[1:] == lines.parent(below)[:-1]])
    part(pieces[~lines.is_string[pieces]])
    part(counts[~lines.is_number[counts] | (lines.value_end[counts] - lines.value_start[counts] > _DIGITS_OF_A_COUNT)])
    return plain


def _below(lines: _Lines, lists: Numbers, name: str) -> Numbers:
    """The lines of a key of the objects in these lists."""
    line = np.flatnonzero((lines.level == 3) & (lines.key_end - lines.key_start == len(name)))
    line = line[lines.stands(lines.key_start[line], name)]
    return line[lines.is_inside(line, lists)]


def _block(lines: _Lines, keys: dict[str, Numbers], is_plain: Flags, peers: Peers) -> Block:
    """The messages that can be read without a parser. Raises _NotProven."""
    place = np.flatnonzero(is_plain)
    rows = len(place)
    row_of = np.cumsum(is_plain) - 1
    keys = {name: line[is_plain[lines.message[line]]] for name, line in keys.items()}

    def column(*names: str) -> pa.Array:
        """The values of keys of which a message has one, null where it has none."""
        line = keys[names[0]] if len(names) == 1 else np.sort(np.concatenate([keys[name] for name in names]))
        line = line[lines.is_string[line] | lines.is_number[line]]
        return _spread(lines.values(line), row_of[lines.message[line]], rows)

    def flags(*names: str) -> Flags:
        found = np.zeros(rows, np.bool_)
        for name in names:
            found[row_of[lines.message[keys[name]]]] = True
        return found

    authors = column("from_id", "actor_id").dictionary_encode()
    natives = pa.array([peers[one] for one in authors.dictionary.to_pylist()], pa.string())
    is_service = np.zeros(rows, np.bool_)
    is_service[row_of[lines.message[keys["type"][lines.says(keys["type"], "service")]]]] = True
    is_nameless = np.zeros(rows, np.bool_)
    for name in _NAMES:
        is_nameless[row_of[lines.message[keys[name][lines.is_null[keys[name]]]]]] = True
    return Block(
        size=len(is_plain),
        place=place,
        number=column("id"),
        is_service=pa.array(is_service),
        sent_at=from_seconds(column("date_unixtime").cast(pa.int64())),
        edited_at=from_seconds(column("edited_unixtime").cast(pa.int64())),
        author=natives.take(authors.indices),
        name=column("from", "actor"),
        is_nameless=pa.array(is_nameless),
        answered=column("reply_to_message_id"),
        text=_texts(lines, keys, place),
        media=_media(column("media_type"), flags("photo"), flags("file"), is_service),
        is_forwarded=pa.array(flags("forwarded_from", "forwarded_from_id", "saved_from")),
        files=_documents(lines, keys, row_of, flags("media_type") | is_service),
        reactions=_reactions(lines, keys, row_of, rows),
    )


def _texts(lines: _Lines, keys: dict[str, Numbers], place: Numbers) -> pa.Array:
    """The words of messages: one string, or the strings in a list one behind the other, formatted ones among them."""
    bare = np.flatnonzero((lines.level == 2) & lines.is_string & (lines.key_end == lines.key_start))
    bare = bare[lines.is_inside(bare, keys["text"])]
    line = np.sort(np.concatenate((keys["text"][lines.is_string[keys["text"]]], bare, keys["text below"])))
    pieces = lines.values(line)
    offsets = np.zeros(1, np.int32) if not len(pieces) else np.frombuffer(pieces.buffers()[1], np.int32)[: len(pieces) + 1]
    edges = np.searchsorted(lines.message[line], np.append(place, place[-1:] + 1))
    joined = pa.py_buffer(np.ascontiguousarray(offsets[edges]) if len(place) else np.zeros(1, np.int32))
    return pa.StringArray.from_buffers(len(place), joined, pieces.buffers()[2] if len(pieces) else pa.py_buffer(b""))


def _media(stated: pa.Array, has_photo: Flags, has_file: Flags, is_service: Flags) -> pa.Array:
    kinds = stated.dictionary_encode()
    named = pa.array([MEDIA_TYPES.get(one) for one in kinds.dictionary.to_pylist()], pa.string()).take(kinds.indices)
    other = pc.if_else(pa.array(has_photo), "photo", pc.if_else(pa.array(has_file), "file", pa.scalar(None, pa.string())))
    return pc.if_else(pa.array(is_service), pa.scalar(None, pa.string()), pc.coalesce(named, other))


def _documents(lines: _Lines, keys: dict[str, Numbers], row_of: Numbers, is_other: Flags) -> list[tuple[int, str]]:
    """Where documents lie. ``is_other``: rows with other media."""
    line = keys["file"][lines.is_string[keys["file"]]]
    line = line[~is_other[row_of[lines.message[line]]]]
    stated = lines.values(line).dictionary_encode()
    # Most of what is no path says so in the same words.
    paths = [document_path(one) for one in stated.dictionary.to_pylist()]
    return [
        (row, path)
        for row, one in zip(row_of[lines.message[line]].tolist(), stated.indices.to_pylist(), strict=True)
        if (path := paths[one])
    ]


def _reactions(lines: _Lines, keys: dict[str, Numbers], row_of: Numbers, rows: int) -> pa.Array:
    counts = keys["count"]
    many = lines.values(counts).cast(pa.int64()).to_numpy()
    total = np.bincount(row_of[lines.message[counts]], many, rows).astype(np.int64)
    missing = np.ones(rows, np.bool_)
    missing[row_of[lines.message[keys["reactions"]]]] = False
    return pa.array(np.minimum(total, MOST_REACTIONS), pa.int32(), mask=missing)


def _spread(found: pa.Array, row: Numbers, rows: int) -> pa.Array:
    """The values in their rows, null elsewhere."""
    if len(row) == rows:
        return found
    at, missing = np.zeros(rows, np.int64), np.ones(rows, np.bool_)
    at[row], missing[row] = np.arange(len(row)), False
    return found.take(pa.array(at, mask=missing))


_MASKS = np.array([256**size - 1 for size in range(_WORD + 1)], np.uint64)
_EACH = 0x0101010101010101


def _is_word(words: Words, text: bytes) -> Flags:
    """Which of these eight bytes begin with the text (of eight bytes at most)."""
    return (words & _MASKS[len(text)]) == np.uint64(int.from_bytes(text, "little"))


def _are_blank(words: Words, start: Numbers, size: Numbers) -> Flags:
    """Which of these places are followed by so many blanks (sixteen at most)."""
    blanks = np.uint64(_SPACE * _EACH)
    near = _MASKS[np.clip(size, 0, _WORD)]
    far = _MASKS[np.clip(size - _WORD, 0, _WORD)]
    good = ((words[start] ^ blanks) & near) == 0
    deep = np.flatnonzero(far)
    good[deep] &= ((words[start[deep] + _WORD] ^ blanks) & far[deep]) == 0
    return good & (size >= 0) & (size <= _DEEPEST)


def _are_digits(words: Words, start: Numbers, size: Numbers) -> Flags:
    """Which of these places are followed by so many digits (sixteen at most)."""
    good = np.ones(len(start), np.bool_)
    zeros, high, six = (np.uint64(each * _EACH) for each in (_ZERO, 0xF0, 6))
    for place in (0, _WORD):
        mask = _MASKS[np.clip(size - place, 0, _WORD)]
        # Where no digit has to be, a zero is put.
        word = (words[start + place] & mask) | (zeros & ~mask)
        good &= ((word & high) == zeros) & (((word + six) & high) == zeros)
    return good


def _is_utf8(content: bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(content)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
