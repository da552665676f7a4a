"""What happens to files: cut off, flipped, recoded, swollen, nested, spliced. Each takes bytes and dice and gives bytes."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

Mutation = Callable[[bytes, Random], bytes]

#: Big enough to hurt whoever holds it several times over, small enough to be made often.
HUGE_BYTES = 2_000_000
NESTING = 100_000
BOMB_BYTES = 400_000_000
_ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">'.encode() for i in range(9))
    + b'<!ENTITY file SYSTEM "file:///etc/passwd">]>'
)


def truncated(data: bytes, dice: Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def bits_flipped(data: bytes, dice: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def bytes_inserted(data: bytes, dice: Random) -> bytes:
    place = dice.randrange(len(data) + 1)
    piece = dice.choice((dice.randbytes(dice.choice((1, 4, 200))), b"\x00" * 16, b'"', b"\r", b"\n\n", b",", b"\xff\xfe", "ё—🙂".encode()))
    return data[:place] + piece + data[place:]


def piece_removed(data: bytes, dice: Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.choice((1, 3, 50, 500)) :]


def piece_repeated(data: bytes, dice: Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    piece = data[start : start + dice.choice((1, 20, 400))]
    return data[:start] + piece * dice.choice((2, 3, 100)) + data[start:]


def lines_swapped(data: bytes, dice: Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(dice.choice((1, 3))):
        a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def recoded(data: bytes, dice: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(dice.choice(("cp1251", "utf-16", "utf-16-be", "utf-32", "koi8-r", "cp1252", "utf-7", "cp866")), "replace")


def line_ends_changed(data: bytes, dice: Random) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", dice.choice((b"\r", b"\r\n", b"\n\r", b"\x0b", b"\xe2\x80\xa8")))


def field_swollen(data: bytes, dice: Random) -> bytes:
    place = dice.randrange(len(data) + 1)
    return data[:place] + dice.choice((b"a", b"9", b" ", b"\xd0\x96", b'""', b"<", b"&")) * HUGE_BYTES + data[place:]


def nested(data: bytes, dice: Random) -> bytes:
    place = dice.randrange(len(data) + 1)
    opening = dice.choice((b"[", b'{"a":', b"<div>", b"<a><b>", b"(", b"{\\b "))
    return data[:place] + opening * NESTING + data[place:]


def entities_added(data: bytes, dice: Random) -> bytes:
    body = data.split(b"?>", 1)[-1] if data.startswith(b"<?xml") else data
    return _ENTITIES + body.replace(b">", b">&j;&file;", dice.choice((1, 3)))


def numbers_made_extreme(data: bytes, dice: Random) -> bytes:
    import re

    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    one = dice.choice(found)
    odd = dice.choice((b"99999999999999999999999999", b"-1", b"0", b"1e400", b"NaN", b"null", b"253402300800", b"0.1", b"9" * 5000))
    return data[: one.start()] + odd + data[one.end() :]


def emptied(data: bytes, dice: Random) -> bytes:
    return dice.choice(
        (b"", b"\n", b"\xef\xbb\xbf", b"{}", b"[]", b"null", b"<html/>", b"PK\x05\x06" + b"\x00" * 18, b"\x1f\x8b", b"\x00" * 1000)
    )


_ODD_VALUES: tuple[object, ...] = (
    None, True, 0, -1, 1.5, 10**30, 1e308, "", " ", "0", "x" * 70_000, "\x00", "\ud83d", [], {}, [[]], {"a": {"b": []}}, "2026-13-45T99:99:99", "<b>&amp;",
    ["text", {"type": "bold"}, 7],
)  # fmt: skip


def json_changed(data: bytes, dice: Random) -> bytes:
    """A value of a JSON document, or of one of its lines, becomes another, goes or moves; what is no JSON stays."""
    try:
        document = json.loads(data)
    except ValueError:
        lines = data.split(b"\n")
        place = dice.randrange(len(lines))
        try:
            line = json.loads(lines[place])
        except (ValueError, RecursionError):
            return data
        lines[place] = _dumped(_changed(line, dice))
        return b"\n".join(lines)
    except RecursionError:
        return data
    return _dumped(_changed(document, dice))


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def _changed(document: Any, dice: Random) -> Any:
    for _ in range(dice.choice((1, 1, 2, 5))):
        node, holder, key = document, None, None
        for _ in range(dice.randrange(1, 12)):
            if isinstance(node, dict) and node:
                holder, key = node, dice.choice(list(node))
            elif isinstance(node, list) and node:
                holder, key = node, dice.randrange(len(node))
            else:
                break
            node = holder[key]
        if holder is None:
            return deepcopy(dice.choice(_ODD_VALUES))
        match dice.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.append(deepcopy(node))
            case 2 if isinstance(holder, dict):
                holder[dice.choice(("id", "text", "type", "date", "messages", "new key"))] = holder.pop(key)
            case 3 if isinstance(node, int | float):
                holder[key] = str(node)
            case _:
                holder[key] = deepcopy(dice.choice(_ODD_VALUES))
    return document


#: The cheap ones come more often than those that make megabytes.
MUTATIONS: tuple[tuple[Mutation, int], ...] = (
    (truncated, 6),
    (bits_flipped, 10),
    (bytes_inserted, 8),
    (piece_removed, 8),
    (piece_repeated, 6),
    (lines_swapped, 5),
    (recoded, 4),
    (line_ends_changed, 3),
    (numbers_made_extreme, 8),
    (entities_added, 2),
    (json_changed, 14),
    (emptied, 1),
    (field_swollen, 1),
    (nested, 1),
)


def mutate(data: bytes, dice: Random, name: str) -> tuple[bytes, str]:
    """The damaged file and the names of what was done to it. Archives are damaged outside or inside."""
    if name.endswith(".gz") and dice.random() < 0.7:
        if dice.random() < 0.02:
            return _gzip_bomb(), "gzip bomb"
        try:
            inner, done = mutate(gzip.decompress(data), dice, "")
        except (OSError, EOFError):
            return data, "none"
        return gzip.compress(inner, 1), f"inside: {done}"
    if data[:4] == b"PK\x03\x04" and dice.random() < 0.8:
        return _inside_zip(data, dice)
    done = []
    choices, weights = zip(*MUTATIONS, strict=True)
    for mutation in dice.choices(choices, weights, k=dice.choice((1, 1, 1, 2, 3))):
        data = mutation(data, dice)
        done.append(mutation.__name__)
    return data, ", ".join(done)


def _inside_zip(data: bytes, dice: Random) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        return bits_flipped(data, dice), "bits_flipped"
    names = sorted(members)
    if not names:
        return data, "none"
    chosen = dice.choice(names)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        match dice.choices(("change", "drop", "rename", "bomb", "nest"), (12, 2, 2, 0.2, 0.5))[0]:
            case "change":
                members[chosen], done = mutate(members[chosen], dice, "")
                done = f"inside: {done}"
            case "drop":
                del members[chosen]
                done = "member dropped"
            case "rename":
                members[dice.choice(("../../" + chosen, "/" + chosen, chosen.upper(), "a" * 3000, chosen + "\x00"))] = members.pop(chosen)
                done = "member renamed"
            case "nest":
                members[chosen] = data
                done = "archive in itself"
            case _:
                done = "bomb"
        for member, content in members.items():
            archive.writestr(member, content)
        if done == "bomb":
            with archive.open(zipfile.ZipInfo(chosen), "w", force_zip64=True) as bomb:
                for _ in range(BOMB_BYTES // 10_000_000):
                    bomb.write(b"\x00" * 10_000_000)
    return made.getvalue(), done


@cache
def _gzip_bomb() -> bytes:
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", compresslevel=1, mtime=0) as stream:
        for _ in range(BOMB_BYTES // 10_000_000):
            stream.write(b" " * 10_000_000)
    return made.getvalue()
