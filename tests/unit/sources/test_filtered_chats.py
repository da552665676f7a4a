"""Chat exports that were filtered: they are told by what they lack, and what they leave out has not been deleted. All people are invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import PSEUDONYMS

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
Message = dict[str, Any]


def snowflake(minute: int) -> str:
    """Discord's id of what was made at this minute."""
    return str(int((MONDAY + timedelta(minutes=minute) - datetime(2015, 1, 1, tzinfo=UTC)).total_seconds() * 1000) << 22)


def discord(minute: int, author: int, text: str, answers: int | None) -> Message:
    message = {"id": snowflake(minute), "type": "Default" if answers is None else "Reply", "content": text, "author": {"id": str(author), "name": f"a{author}"},
               "timestamp": (MONDAY + timedelta(minutes=minute)).isoformat(), "timestampEdited": None}  # fmt: skip
    return message if answers is None else {**message, "reference": {"messageId": snowflake(answers), "channelId": "500"}}


def discord_file(path: Path, messages: list[Message], made: int) -> None:
    path.with_suffix(".json").write_text(
        json.dumps(
            {
                "guild": {"id": "1", "name": "Course"},
                "channel": {"id": "500", "type": "GuildTextChat", "name": "questions"},
                "dateRange": {"after": None, "before": None},
                "exportedAt": (MONDAY + timedelta(days=made)).isoformat(),
                "messages": messages,
                "messageCount": len(messages),
            }
        )
    )


def rocketchat(minute: int, author: int, text: str, answers: int | None) -> Message:
    message = {"_id": f"m{minute}", "rid": "GENERAL", "msg": text, "ts": {"$date": (MONDAY + timedelta(minutes=minute)).isoformat()},
               "u": {"_id": f"user{author}", "username": f"a{author}"}}  # fmt: skip
    return message if answers is None else {**message, "tmid": f"m{answers}"}


def rocketchat_file(path: Path, messages: list[Message], made: int) -> None:
    # A dump does not say when it was made: somebody wrote after it.
    later = [rocketchat(day * 1440, 2, "later", None) for day in range(1, made + 1)]
    path.mkdir()
    (path / "messages.json").write_text("\n".join(json.dumps(one) for one in [*messages, *later]))


#: (minute, author, words, minute of the message answered): two people, every second message a reply.
SAID = [(minute, minute % 2 + 1, f"{'Где' if minute % 3 else 'Вот'} {minute}?", minute - 1 if minute % 2 else None) for minute in range(20)]
KINDS: dict[str, tuple[Callable[..., Message], Callable[..., None]]] = {
    "discord": (discord, discord_file),
    "rocketchat": (rocketchat, rocketchat_file),
}
FILTERS = {
    "of one author": lambda said: said[1] == 2,
    "with a word": lambda said: "Вот" in said[2],
}


def deleted(kind: str, keep: Callable[[Any], bool], folder: Path, **setting: Any) -> int:
    """Load the whole chat, then an export of a later day with some of it: how many messages are then taken for deleted."""
    make, write = KINDS[kind]
    write(folder / "1", [make(*one) for one in SAID], 1)
    write(folder / "2", [make(*one) for one in SAID if keep(one)], 2)
    source = Source(name="chat", kind=kind, path=folder, **setting)
    programme = Programme(id="test", name="Test", sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for load in load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=MONDAY):
            assert load.state == "loaded", load.problem
        return int(warehouse.value("select count(*) from raw.messages where deleted_at is not null"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", FILTERS)
def test_what_a_filter_left_out_is_not_deleted(kind: str, what: str, tmp_path: Path):
    assert deleted(kind, FILTERS[what], tmp_path) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_deletion_in_an_export_that_was_not_filtered_is_noticed(kind: str, tmp_path: Path):
    """Of the message that nobody answered, and of one whose answer is still there."""
    assert deleted(kind, lambda said: said[0] not in (4, 11), tmp_path) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_programme_file_may_say_so(kind: str, tmp_path: Path):
    assert deleted(kind, lambda said: said[0] not in (4, 11), tmp_path, is_whole=False) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_and_may_say_the_contrary(kind: str, tmp_path: Path):
    """Somebody left with all that they wrote but their first and last."""
    assert deleted(kind, lambda said: said[1] == 2 or said[0] == 0, tmp_path, is_whole=True) == 9
