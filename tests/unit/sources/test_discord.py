"""DiscordChatExporter's JSON: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.chats.discord import DiscordReader
from tests.unit.sources.chat_reading import FIXTURES, Reading, loaded, names_of, packed, refused, state, texts, wholes

DISCORD = FIXTURES / "discord"
CHANNEL = "discord:message:500"


def utc(hour: int, minute: int, second: int = 0, day: int = 22) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


@pytest.fixture(scope="module")
def channel() -> Reading:
    return Reading(DiscordReader(), DISCORD / "channel.json")


@pytest.fixture(scope="module")
def messages(channel: Reading) -> dict[str, dict]:
    return {row["message_id"]: row for row in channel.rows("messages")}


def test_edit_pin_and_reactions(messages: dict[str, dict]):
    message = messages[f"{CHANNEL}:1002"]
    assert message["sent_at"] == utc(11, 1).replace(microsecond=500_000)
    assert (message["edited_at"], message["is_pinned"], message["reactions"]) == (utc(11, 30), True, 3)


def test_who_reacted_where_the_exporter_names_them(channel: Reading):
    found = [(row["message_id"], row["account_id"], row["acted_at"]) for row in channel.rows("addressees") if row["role"] == "reaction"]
    assert found == [(f"{CHANNEL}:1002", channel.account("9", "discord"), None)]
    assert "Кира Пример" in channel.column("accounts", "display_name")


def test_only_a_reply_answers(messages: dict[str, dict]):
    assert {number: row["reply_to_id"] for number, row in messages.items() if row["reply_to_id"]} == {f"{CHANNEL}:1003": f"{CHANNEL}:1002"}


def test_what_no_person_wrote_is_service(messages: dict[str, dict]):
    assert [number for number, row in messages.items() if row["kind"] == "service"] == [f"{CHANNEL}:1001", f"{CHANNEL}:1004"]


def test_media_embed_and_forward(messages: dict[str, dict]):
    assert {number[-4:]: row["media"] for number, row in messages.items() if row["media"]} == {"1005": "photo", "1006": "sticker"}
    assert messages[f"{CHANNEL}:1007"]["text"] == "Расписание\nзавтра вебинар"
    assert messages[f"{CHANNEL}:1008"]["text"] == "чужие слова"
    assert [number[-4:] for number, row in messages.items() if row["is_forwarded"]] == ["1008"]


def test_poll_and_fields_of_an_embed_are_words():
    rows = Reading(DiscordReader(), DISCORD / "poll_and_fields.json").rows("messages")
    assert [(row["text"], row["media"]) for row in rows] == [
        ("Когда вебинар?\nВо вторник\nВ среду", "poll"),
        ("Новый ответ\nЧто неясно?\nТема 4", None),
    ]


def test_people_named_by_number_and_listed_behind_the_messages():
    export = Reading(DiscordReader(), DISCORD / "people_by_number.json")
    first, answer = export.rows("messages")
    assert first["account_id"] == export.account("2", "discord")
    assert (answer["account_id"], answer["reply_to_id"]) == (export.account("1", "discord"), first["message_id"])
    assert {(row["message_id"][-4:], row["account_id"], row["role"]) for row in export.rows("addressees")} == {
        ("3001", export.account("1", "discord"), "mention"),
        ("3002", export.account("2", "discord"), "reaction"),
        ("3002", export.account("9", "discord"), "reaction"),
    }
    names = dict(zip(export.column("accounts", "native_id"), export.column("accounts", "display_name"), strict=True))
    assert names == {"1": "Лидия Примерова", "2": "Пётр Образцов", "9": "Кира Пример"}


def test_accounts_and_mentions(channel: Reading):
    accounts = {row["native_id"]: row for row in channel.rows("accounts")}
    assert (accounts["1"]["display_name"], accounts["1"]["username"]) == ("Лидия Примерова", "lidia")
    assert [native for native, row in accounts.items() if row["is_bot"]] == ["3"]
    assert [(native, row["display_name"]) for native, row in accounts.items() if row["is_deleted"]] == [("456226577798135808", None)]
    assert [(row["message_id"], row["account_id"]) for row in channel.rows("addressees") if row["role"] == "mention"] == [
        (f"{CHANNEL}:1003", channel.account("2", "discord"))
    ]


def test_rejected_messages_are_named_by_place_and_reason_only(channel: Reading):
    assert channel.rejected == [("message 10", "no readable date"), ("message 11", "no id"), ("message 12", "not an object")]


def test_channel_covers_until_the_export_was_made_and_is_whole(channel: Reading):
    assert channel.rows("chats") == [
        {"chat_id": "discord:chat:500", "channel": "chat", "kind": "supergroup", "title": "Школа / Курсы / kurs-5"}
    ]
    assert (channel.covers.since, channel.covers.until) == (utc(11, 0), utc(17, 0))
    assert [(whole.since, whole.until) for whole in wholes(channel)] == [(utc(11, 0), utc(11, 8))]


def test_thread_is_a_chat_whose_messages_name_it():
    reading = Reading(DiscordReader(), DISCORD / "thread.json")
    assert reading.column("chats", "chat_id") == ["discord:chat:600"]
    assert reading.column("messages", "thread_id") == ["discord:thread:600"]


def test_conversation_of_two():
    reading = Reading(DiscordReader(), DISCORD / "conversation.json")
    assert [(row["channel"], row["kind"]) for row in reading.rows("chats")] == [("direct", "personal")]
    assert [(row["role"], row["account_id"]) for row in reading.rows("addressees")] == [
        ("member", reading.account("1", "discord")), ("member", reading.account("2", "discord")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cut_off.json", "the end of the file"), ("empty.json", "an empty file"), ("something_else.json", "JSON of something else"),
        ("a_list.json", "something else"), ("without_channel.json", "none"),
    ],
)  # fmt: skip
def test_other_files_are_refused(name: str, found: str):
    assert found in refused(DiscordReader(), DISCORD / name)


def test_odd_values_are_nothing_worse_than_missing(tmp_path: Path):
    file = tmp_path / "odd.json"
    file.write_text(
        '{"guild":5,"channel":{"id":"1","type":[1],"name":7},"messages":[{"id":"2","type":{"a":1},"timestamp":"2026-11-22T11:00:00+00:00",'
        '"content":"\\ud800\\u0000","author":[1],"reactions":[{"count":1e30},{"count":1099511627776}],"mentions":7,"embeds":[5],'
        '"reference":"x","attachments":[{"fileName":5}]}]}',
        "utf-8",
    )
    (message,) = Reading(DiscordReader(), file).rows("messages")
    assert (message["text"], message["account_id"], message["reactions"]) == ("��", None, 2**31 - 1)


@pytest.mark.parametrize("order", [("channel", "later"), ("later", "channel")], ids=["earlier first", "later first"])
def test_overlapping_exports_give_the_same_whichever_comes_first(order: tuple[str, str]):
    files = [DISCORD / f"{name}.json" for name in order]
    with loaded("discord", sorted(files)) as forward, loaded("discord", files) as warehouse:
        assert state(warehouse) == state(forward)
        standing = texts(warehouse, "deleted_at is null and kind = 'post'")
        assert standing == ["где задание 6.2 и 6.3?", "@Пётр во втором модуле", "прощайте", "новое"]
        assert len(texts(warehouse, "deleted_at is not null")) == 5
        assert warehouse.rows("select text from personal.message_versions") == [("где задание 6.2?",)]


def test_an_archive_holds_what_its_files_hold_and_what_was_posted_is_no_export(tmp_path: Path):
    names = ("channel", "thread", "conversation")
    files = {f"export/{name}.json": (DISCORD / f"{name}.json").read_bytes() for name in names}
    archive = packed(tmp_path / "channels.zip", {**files, "export/channel.json_Files/homework.json": "{}", "export/readme.txt": "x"})
    found = Reading(DiscordReader(), archive)
    single = [Reading(DiscordReader(), DISCORD / f"{name}.json") for name in sorted(names)]
    assert found.rows("messages") == [row for one in single for row in one.rows("messages")]
    assert found.rejected == [(f"file {number}, {place}", why) for number, one in enumerate(single, start=1) for place, why in one.rejected]
    assert found.rejected
    assert len(wholes(found)) == sum(len(wholes(one)) for one in single)
    assert "found none" in refused(DiscordReader(), packed(tmp_path / "other.zip", {"a.txt": "x"}))


def test_items_are_exports_and_archives_and_nothing_that_was_posted(tmp_path: Path):
    for name in ("a.json", "a.json_Files/homework.json", "a.json_Files/works.rar", "b.zip", "c.rar", "own_Files/d.json", "readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert names_of(DiscordReader(), tmp_path) == ["a.json", "b.zip", "c.rar", "own_Files/d.json"]
    assert "an archive of another kind" in refused(DiscordReader(), tmp_path / "c.rar")
