"""What is taken out of the lines of an export is what a parser would give, or nothing."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from pipelines.sources.chats.telegram import lines
from pipelines.sources.chats.telegram.block import Block, block_of
from pipelines.sources.chats.telegram.fields import Peers
from pipelines.sources.chats.telegram.lines import block_of_lines
from tests.unit.sources.test_telegram_parsing import GOOD, chats_of, enlarged, strange

ZONE = ZoneInfo("Europe/Moscow")
#: Messages of all common kinds: plain, formatted, escaped, with files, reactions, without an author, of deleted accounts.
COMMON: list[dict[str, Any]] = [
    {"text": 'Он сказал: "да"\n\\ и ушёл', "text_entities": [{"type": "plain", "text": 'Он сказал: "да"\n\\ и ушёл'}]},
    {
        "text": ["см. ", {"type": "link", "text": "https://example.org/\\x"}, " и ", {"type": "bold", "text": "срок"}],
        "reply_to_message_id": 3,
    },
    {"text": [], "text_entities": []},
    {"text": [{"type": "bold", "text": ""}, {"type": "spoiler", "text": 'с "кавычками"'}]},
    {"text": "", "photo": "photos/1.jpg", "photo_file_size": 12, "width": 10, "height": 0, "media_spoiler": True},
    {"text": "", "file": "files/a.ogg", "media_type": "voice_message", "duration_seconds": 3, "thumbnail": None},
    {"text": "", "file": 'files/ответы "1".docx', "file_name": 'ответы "1".docx', "file_size": 12},
    {"text": "вот", "file": "(File not included. Change data exporting settings to download.)", "file_name": "a.docx"},
    {"text": "ок", "reactions": [{"type": "emoji", "count": 3, "emoji": "👍"}, {"count": 4}]},
    {
        "text": "кто",
        "reactions": [{"type": "emoji", "count": 3, "recent": [{"from": "Лидия", "from_id": "user9", "date": "2026-09-01T09:00:00"}]}],
    },
    {"text": "ок", "reactions": []},
    {"text": "дальше", "forwarded_from": None, "edited": "2026-09-01T10:00:00", "edited_unixtime": "1790000100"},
    {"text": "удалён", "from": None, "from_id": "user7"},
    {"text": "старый вид", "from_id": 5},
    {"text": "упоминание", "text_entities": [{"type": "mention_name", "text": "Лидия", "user_id": 9}]},
    {"type": "service", "actor": "Лидия", "actor_id": "user8", "action": "invite_members", "members": ["Кира", None], "text": ""},
    {"type": "service", "actor": "Лидия", "actor_id": "user8", "action": "pin_message", "message_id": 1, "text": ""},
    {"text": "опрос", "poll": {"question": "Когда?", "answers": [{"text": "Утром", "voters": 2}]}},
]


def written(messages: list[Any], depth: int = 2) -> bytes:
    """The messages as they stand between the brackets of a list."""
    text = json.dumps(messages, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    return text.replace(b"\n", b"\n" + b" " * (depth - 1))[1 : -1 - depth]


def common(chance: random.Random, count: int = 40) -> list[dict[str, Any]]:
    author = {"from": "Лидия Примерова", "from_id": "user101"}
    chosen = [chance.choice(COMMON) for _ in range(count)]
    return [
        {
            "id": n,
            "type": "message",
            "date": "2026-09-01T09:00:00",
            "date_unixtime": str(1_790_000_000 + n),
            **({} if "actor" in one else author),
            **one,
        }
        for n, one in enumerate(chosen, 1)
    ]


def content(block: Block | None) -> Any:
    """Everything a block says, for comparing."""
    return block and {
        name: repr(getattr(value, "to_pylist", lambda value=value: value)()) for name, value in vars(block).items() if name != "rare"
    }


def parsed(piece: bytes) -> Block | None:
    try:
        return block_of(orjson.loads(b"[%b]" % piece), ZONE, Peers())
    except orjson.JSONDecodeError:
        return None


@pytest.mark.parametrize("depth", [2, 5])
def test_common_messages_need_no_parser(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = common(random.Random(1), 200)
    piece = written(messages, depth)
    given: Counter[int] = Counter()

    def counted(raws: list[Any], zone: ZoneInfo, peers: Peers) -> Block:
        given[0] += len(raws)
        return block_of(raws, zone, peers)

    monkeypatch.setattr(lines, "block_of", counted)
    found = block_of_lines(piece, ZONE, Peers())
    assert content(found) == content(parsed(piece))
    for_a_parser = sum(
        message["text"] in ("упоминание", "опрос", "старый вид", "кто") or message.get("action") == "pin_message" for message in messages
    )
    assert 0 < for_a_parser == given[0]


@pytest.mark.parametrize("seed", range(10))
def test_strange_values_are_what_a_parser_gives(seed: int) -> None:
    chance = random.Random(seed)
    export = enlarged(GOOD[seed % len(GOOD)], 8)
    messages = [strange(one, chance) if chance.random() < 0.2 else one for chat in chats_of(export) for one in chat["messages"]]
    piece = written(messages + [strange(one, chance) if chance.random() < 0.3 else one for one in common(chance)])
    found = block_of_lines(piece, ZONE, Peers())
    assert found is None or content(found) == content(parsed(piece))


def test_moments_that_are_none_are_rejected_all_the_same() -> None:
    messages = common(random.Random(2), 6)
    for message, stated in zip(messages, ["253402300800", "9999999999999999", "0", "", "1790000000", "01790000000"], strict=True):
        message |= {"date": None, "date_unixtime": stated}
    found = block_of_lines(written(messages), ZONE, Peers())
    assert found is not None
    assert [place for place, _ in found.rejected] == [0, 1, 2, 3]
    assert content(found) == content(parsed(written(messages)))


DAMAGES = [
    b'"',
    b"\\",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\n",
    b" ",
    b":",
    b"0",
    b"-1",
    b"\xff",
    b"\x00",
    b"null",
    b'", "',
    b'": "',
    b"}, {",
    b"\\u0041",
]


def damaged(piece: bytes, chance: random.Random) -> bytes:
    """The piece with a few bytes, or a few lines, put in, left out, doubled or exchanged."""
    for _ in range(chance.randint(1, 3)):
        if chance.random() < 0.4:
            rows = piece.split(b"\n")
            at, other = chance.randrange(len(rows)), chance.randrange(len(rows))
            rows[at : at + chance.randint(0, 2)] = chance.choice(([], [rows[other]], [rows[at], rows[at]], [b"  " + rows[other].strip()]))
            piece = b"\n".join(rows)
        else:
            at = chance.randrange(len(piece))
            piece = piece[:at] + chance.choice([b"", *DAMAGES]) + piece[at + chance.randint(0, 3) :]
    return piece


@pytest.mark.parametrize("seed", range(150))
def test_damage_is_left_to_the_parser_or_harmless(seed: int) -> None:
    chance = random.Random(seed)
    piece = damaged(written(common(chance, 6)), chance)
    found = block_of_lines(piece, ZONE, Peers())
    assert found is None or content(found) == content(parsed(piece))
