"""Which messages of two exports are the same message, and which of one the other shows to be gone. All people are invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.chats.telegram import TelegramReader
from pipelines.sources.reading import Batch, Context, Event, Item, Whole
from pipelines.warehouse import Warehouse

PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Europe/Moscow"), "ru")
SOURCE = Source(name="chat", kind="telegram", path=Path())
START = 1_790_000_000
RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)


def message(number: int, at: int, author: int = 101, text: str = "слово", **more: Any) -> dict[str, Any]:
    stated = {"id": number, "type": "message", "date_unixtime": str(START + at), "from": f"Имя {author}", "from_id": f"user{author}"}
    return {**stated, "text": text, **more}


def export(path: Path, messages: list[dict[str, Any]], kind: str = "private_supergroup", **head: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": "Чат", "type": kind, "id": 700, **head, "messages": messages}), encoding="utf-8")
    return path


def read(path: Path) -> list[Event]:
    return list(TelegramReader().read(SOURCE, Item(path.name, path), CONTEXT))


def rows(found: list[Event]) -> list[dict[str, Any]]:
    return [row for event in found if isinstance(event, Batch) and event.record == "messages" for row in event.table.to_pylist()]


def wholes(found: list[Event]) -> list[str]:
    return [event.within[1] for event in found if isinstance(event, Whole) and event.within]


class TestBasicGroups:
    """Message numbers count per account there; who wrote when does not."""

    def of_lidia(self, path: Path) -> list[dict[str, Any]]:
        messages = [message(10, 0), message(11, 60, 102, reply_to_message_id=10), message(12, 60, 102, "вслед"), message(15, 90, 101)]
        pin = {
            "id": 16,
            "type": "service",
            "date_unixtime": str(START + 95),
            "actor_id": "user101",
            "action": "pin_message",
            "message_id": 11,
        }
        return rows(read(export(path, [*messages, pin], "private_group")))

    def of_oleg(self, path: Path) -> list[dict[str, Any]]:
        messages = [
            message(503, 60, 102, reply_to_message_id=502),
            message(504, 60, 102, "вслед"),
            message(510, 90, 101),
            message(511, 99, 103),
        ]
        return rows(read(export(path, [message(502, 0), *messages], "private_group")))

    def test_two_accounts_exports_hold_the_same_messages(self, tmp_path: Path) -> None:
        one, other = self.of_lidia(tmp_path / "one.json"), self.of_oleg(tmp_path / "other.json")
        assert [row["message_id"] for row in one][:4] == [row["message_id"] for row in other][:4]
        assert one[1]["reply_to_id"] == other[1]["reply_to_id"] == one[0]["message_id"]
        assert len({row["message_id"] for row in (*one, *other)}) == 6

    def test_two_messages_of_one_second_are_two(self, tmp_path: Path) -> None:
        rows = self.of_lidia(tmp_path / "one.json")
        assert rows[2]["message_id"] == f"{rows[1]['message_id']}.1"
        assert [row["text"] for row in rows][1:3] == ["слово", "вслед"]

    def test_pins_find_their_message(self, tmp_path: Path) -> None:
        assert [row["is_pinned"] for row in self.of_lidia(tmp_path / "one.json")] == [False, True, False, False, False]

    def test_no_number_of_a_person_stands_in_an_id(self, tmp_path: Path) -> None:
        for row in self.of_lidia(tmp_path / "one.json"):
            assert "101" not in row["message_id"]
            assert "102" not in row["message_id"]

    def test_they_are_not_said_to_be_whole(self, tmp_path: Path) -> None:
        assert wholes(read(export(tmp_path / "one.json", [message(1, 0), message(2, 1, 102)], "private_group"))) == []

    def test_what_a_supergroup_took_over_has_the_same_ids_in_everybodys_export(self, tmp_path: Path) -> None:
        """tdesktop shifts the old numbers, which count per account, by a thousand million below zero."""

        def old_and_new(first: int) -> list[dict[str, Any]]:
            old = [message(first, 0), message(first + 1, 5, 102, reply_to_message_id=first)]
            return [*old, message(3, 100, 101, reply_to_message_id=first + 1), message(4, 101, 102, reply_to_message_id=3)]

        one = rows(read(export(tmp_path / "one.json", old_and_new(-999_999_990))))
        other = rows(read(export(tmp_path / "other.json", old_and_new(-999_998_000))))
        assert [row["message_id"] for row in one] == [row["message_id"] for row in other]
        assert [row["message_id"] for row in one][2:] == ["telegram:message:700:3", "telegram:message:700:4"]
        assert [row["reply_to_id"] for row in one] == [None, *(row["message_id"] for row in one[:3])]


class TestPartsOfForums:
    """ "From this day on": topics that began before are not told, and most posts name them."""

    def placed(self, path: Path, messages: list[dict[str, Any]]) -> dict[int, tuple[str | None, str | None]]:
        found = rows(read(export(path, messages)))
        short = {row["message_id"]: row["message_id"].rpartition(":")[2] for row in found}
        return {
            int(short[row["message_id"]]): tuple(one and one.rpartition(":")[2] for one in (row["thread_id"], row["reply_to_id"]))
            for row in found
        }  # type: ignore[misc]

    def test_posts_of_topics_that_began_before(self, tmp_path: Path) -> None:
        posts = [message(80 + number, number, 101 + number % 3, reply_to_message_id=7) for number in range(24)]
        answer, old = message(110, 50, reply_to_message_id=101), message(111, 60, reply_to_message_id=55)
        placed = self.placed(tmp_path / "a.json", [*posts, answer, old])
        assert placed[80] == placed[103] == ("7", None)
        assert placed[110] == ("7", "101")
        # One old message that is answered is no topic.
        assert placed[111] == (None, "55")

    def test_a_group_without_topics_answers_an_old_message(self, tmp_path: Path) -> None:
        posts = [message(80 + number, number, 101 + number % 3, reply_to_message_id=7) for number in range(24)]
        others = [message(110 + number, 50 + number) for number in range(9)]
        assert self.placed(tmp_path / "a.json", [*posts, *others])[100] == (None, "7")
        # Nor are a few posts alone a part of a group with topics.
        assert self.placed(tmp_path / "b.json", posts[:9])[80] == (None, "7")


class TestWhole:
    def test_a_supergroup_is_whole_from_its_first_to_its_last_message(self, tmp_path: Path) -> None:
        found = read(export(tmp_path / "a.json", [message(1, 0), message(2, 50, 102, edited_unixtime=str(START + 9000))]))
        since, until = datetime.fromtimestamp(START, UTC), datetime.fromtimestamp(START + 50, UTC)
        assert [event for event in found if isinstance(event, Whole)] == [Whole("messages", ("chat_id", "telegram:chat:700"), since, until)]

    def test_only_my_messages_are_not_whole(self, tmp_path: Path) -> None:
        assert wholes(read(export(tmp_path / "a.json", [message(1, 0), message(2, 50)]))) == []

    def test_nor_is_a_chat_that_was_left(self, tmp_path: Path) -> None:
        chat = {"name": "Чат", "type": "public_supergroup", "id": 700, "messages": [message(1, 0), message(2, 50, 102)]}
        path = tmp_path / "a.json"
        for section, expected in (("chats", ["telegram:chat:700"]), ("left_chats", [])):
            path.write_text(json.dumps({section: {"about": "", "list": [chat]}}), encoding="utf-8")
            assert wholes(read(path)) == expected

    def test_nor_one_with_a_message_that_was_rejected(self, tmp_path: Path) -> None:
        assert wholes(read(export(tmp_path / "a.json", [message(1, 0), {"id": 2, "type": "unsupported"}, message(3, 50, 102)]))) == []

    def topic(self, root: int, title: str, at: int) -> list[dict[str, Any]]:
        created = {
            "id": root,
            "type": "service",
            "date_unixtime": str(START + at),
            "actor_id": "user101",
            "action": "topic_created",
            "title": title,
        }
        posts = [message(root + 1, at + 10, 102, reply_to_message_id=root), message(root + 2, at + 20, reply_to_message_id=root + 1)]
        pin = {
            "id": root + 3,
            "type": "service",
            "date_unixtime": str(START + at + 30),
            "actor_id": "user101",
            "action": "pin_message",
            "message_id": root + 1,
        }
        return [created, *posts, pin, message(root + 4, at + 500, 103, reply_to_message_id=7, reply_to_peer_id="channel900")]

    def test_nor_is_one_topic_of_a_forum_and_its_title_is_not_the_groups(self, tmp_path: Path) -> None:
        first, second = self.topic(20, "Задание 1", 0), self.topic(30, "Задание 2", 100)
        general = [message(2, 0), message(3, 600, 102)]
        whole = export(tmp_path / "group.json", [*general[:1], *first, *second, *general[1:]], "public_supergroup")
        topics = [
            export(tmp_path / "1.json", first, "public_supergroup", name="Задание 1"),
            export(tmp_path / "2.json", second, "public_supergroup", name="Задание 2"),
            export(tmp_path / "3.json", general, "public_supergroup", name="General"),
            # Of a span of time that does not hold the topic's beginning.
            export(tmp_path / "4.json", first[1:], "public_supergroup", name="Задание 1"),
        ]
        assert wholes(read(whole)) == ["telegram:chat:700"]
        assert [wholes(read(path)) for path in topics] == [[]] * 4
        programme = Programme(id="p", name="p", folder=tmp_path, sources=(SOURCE,))
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            for path in (whole, *topics[:3]):
                load_item(warehouse, programme, SOURCE, Item(path.name, path), pseudonyms=PSEUDONYMS, run_at=RUN_AT)
            assert warehouse.value("select count(*) from raw.messages where deleted_at is null") == 12
            assert warehouse.rows("select title from personal.chats") == [("Чат",)]

    def test_a_channel_is_whole_though_it_has_one_author(self, tmp_path: Path) -> None:
        posts = [message(number, number, from_id="channel700") for number in (1, 2)]
        assert wholes(read(export(tmp_path / "a.json", posts, "public_channel"))) == ["telegram:chat:700"]
        assert wholes(read(export(tmp_path / "b.json", [message(1, 0)], "public_channel"))) == []

    @pytest.mark.parametrize(("kind", "is_whole"), [("personal_chat", True), ("saved_messages", True), ("bot_chat", False)])
    def test_private_conversations(self, kind: str, is_whole: bool, tmp_path: Path) -> None:
        assert bool(wholes(read(export(tmp_path / "a.json", [message(1, 0), message(2, 50)], kind, id=500)))) is is_whole


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_overlapping_exports_in_any_order_give_the_same_rows(order: tuple[int, ...], tmp_path: Path) -> None:
    """Between the exports one message was edited, one deleted, one answered."""
    states = (
        [message(1, 0), message(2, 10, 102), message(3, 20, 103), message(4, 30)],
        [message(2, 10, 102, "иначе", edited_unixtime=str(START + 35)), message(4, 30), message(5, 40, 102, reply_to_message_id=4)],
        [message(4, 30), message(5, 40, 102, reply_to_message_id=4), message(6, 50, 103)],
    )
    items = [Item(f"{number}.json", export(tmp_path / f"{number}.json", state)) for number, state in enumerate(states)]
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(SOURCE,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for number in order:
            load = load_item(warehouse, programme, SOURCE, items[number], pseudonyms=PSEUDONYMS, run_at=RUN_AT)
            assert (load.state, load.problem) == ("loaded", None)
        found = {
            int(name.rpartition(":")[2]): (text, is_deleted, reply)
            for name, text, is_deleted, reply in warehouse.rows(
                "select message_id, text, deleted_at is not null, reply_to_id from raw.messages join personal.messages using (message_id)"
            )
        }
        versions = warehouse.rows("select text from personal.message_versions")
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert [number for number, (_, is_deleted, _) in found.items() if is_deleted] == [3]
    assert found[2][0] == "иначе"
    assert found[5][2] == "telegram:message:700:4"
    assert versions == [("слово",)]
