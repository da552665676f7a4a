"""Rocket.Chat's collections and room exports: one export with every oddity, and a later one. All people are invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.chats.chat_rows import GONE
from pipelines.sources.chats.rocketchat import RocketChatReader
from tests.unit.sources.chat_reading import FIXTURES, Reading, loaded, names_of, packed, refused, state, texts, wholes

ROCKET = FIXTURES / "rocketchat"
ROOM = "rocketchat:message:GENERAL1"
LIDIA, PETR = "u1aaaaaaaaaaaaaaa", "u2bbbbbbbbbbbbbbb"


def utc(minute: int) -> datetime:
    return datetime(2026, 11, 22, 11, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def export() -> Reading:
    return Reading(RocketChatReader(), ROCKET / "export")


@pytest.fixture(scope="module")
def messages(export: Reading) -> dict[str, dict]:
    return {row["message_id"].rsplit(":", 1)[1]: row for row in export.rows("messages")}


def test_edit_pin_reactions_and_thread(messages: dict[str, dict]):
    message = messages["m1"]
    assert (message["sent_at"], message["edited_at"], message["is_pinned"], message["reactions"]) == (utc(1), utc(9), True, 3)
    assert (message["thread_id"], message["reply_to_id"]) == (f"{ROOM}:m1", None)
    assert (messages["m2"]["thread_id"], messages["m2"]["reply_to_id"]) == (f"{ROOM}:m1", f"{ROOM}:m1")
    assert messages["m2"]["sent_at"] == utc(2)


def test_who_reacted_is_known_by_user_name(export: Reading):
    people = {row["account_id"]: row["username"] for row in export.rows("accounts")}
    found = [
        (row["message_id"], people[row["account_id"]], row["acted_at"]) for row in export.rows("addressees") if row["role"] == "reaction"
    ]
    assert found == [(f"{ROOM}:m1", "lidia", None), (f"{ROOM}:m1", "petr", None)]


def test_quotation_is_an_answer_and_its_link_no_word(messages: dict[str, dict]):
    assert (messages["m3"]["reply_to_id"], messages["m3"]["thread_id"]) == (f"{ROOM}:m1", None)
    assert messages["m3"]["text"] == "во втором модуле"


def test_media_with_a_description(messages: dict[str, dict]):
    assert (messages["m4"]["media"], messages["m4"]["text"]) == ("voice", "запись вебинара")


def test_service_and_encrypted(messages: dict[str, dict]):
    assert [number for number, row in messages.items() if row["kind"] == "service"] == ["m0"]
    assert (messages["m6"]["kind"], messages["m6"]["text"]) == ("post", "")


def test_mentions_and_members(export: Reading):
    found = {
        (row["message_id"].rsplit(":", 1)[1], row["role"], row["account_id"])
        for row in export.rows("addressees")
        if row["role"] != "reaction"
    }
    lidia = export.account(LIDIA, "rocketchat")
    assert found == {("m1", "mention", lidia), ("m7", "member", lidia)}


def test_rooms(export: Reading):
    chats = {row["title"]: row for row in export.rows("chats")}
    assert (chats["Курс-5"]["chat_id"], chats["Курс-5"]["kind"]) == ("rocketchat:chat:GENERAL1", "supergroup")
    assert chats["kuratory"]["kind"] == "group"
    direct = chats["lidia, petr"]
    assert (direct["channel"], direct["kind"]) == ("direct", "personal")
    assert LIDIA not in direct["chat_id"]


def test_people(export: Reading):
    accounts = {row["native_id"]: row for row in export.rows("accounts")}
    assert (accounts[LIDIA]["email"], accounts[LIDIA]["lang"]) == ("lidia@example.org", "ru")
    assert accounts[LIDIA]["created_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert accounts[PETR]["is_suspended"]
    assert accounts["rocket.cat"]["is_bot"]


def test_rejected_rows_are_named_by_place_and_reason_only(export: Reading):
    assert export.rejected == [
        ("file 1, line 6", GONE), ("file 1, line 10", "no readable date"), ("file 1, line 11", "no id"), ("file 1, line 12", "no room"),
        ("file 1, line 13", "no JSON"),
    ]  # fmt: skip


def test_a_room_is_whole_and_one_of_a_single_author_may_be_a_search(export: Reading):
    assert [(whole.since, whole.until) for whole in wholes(export)] == [(utc(0), utc(8))]


def test_zip_and_a_list_are_the_same(export: Reading, tmp_path: Path):
    files: dict[str, str | bytes] = {file.name: file.read_bytes() for file in (ROCKET / "export").glob("*.json")}
    users = (ROCKET / "export" / "users.json").read_text("utf-8").strip().split("\n")
    zipped = Reading(RocketChatReader(), packed(tmp_path / "dump.zip", {**files, "users.json": "[" + ",\n".join(users) + "]"}))
    for record in ("messages", "chats", "accounts", "addressees"):
        assert zipped.rows(record) == export.rows(record)


def test_items_are_folders_and_archives(tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "messages.json").write_text("{}")
    packed(tmp_path / "two.zip", {})
    assert names_of(RocketChatReader(), tmp_path) == ["one", "two.zip"]


PAGE = """<meta http-equiv="content-type" content="text/html; charset=utf-8"><p><strong>petr</strong> (Sun, 22 Nov 2026 11:00:00 GMT):<br/>
вопрос &lt;2&gt;?
вторая строка
</p>
<p><strong>User_2</strong> (Sun, 22 Nov 2026 11:01:00 GMT):<br/>
<i>User joined the channel</i>
</p>
<p><strong>lida</strong> (Sun, 22 Nov 2026 11:02:00 GMT):<br/>
смотрите
<br/><a href="./assets/a1-plan.docx">план</a>
</p>
<p><strong>lida</strong> (some day):<br/>
x
</p>
"""


def test_room_export_as_a_page(tmp_path: Path):
    (tmp_path / "Курс-5.html").write_text(PAGE, encoding="utf-8")
    reading = Reading(RocketChatReader(), tmp_path)
    rows = sorted(reading.rows("messages"), key=lambda row: row["sent_at"])
    assert [(row["text"], row["kind"], row["media"], row["sent_at"].minute) for row in rows] == [
        ("вопрос <2>?\nвторая строка", "post", None, 0),
        ("User joined the channel", "service", None, 1),
        ("смотрите", "post", "file", 2),
    ]
    assert [row["account_id"] for row in rows] == [
        reading.account("name:petr", "rocketchat"),
        None,
        reading.account("name:lida", "rocketchat"),
    ]
    assert [row["title"] for row in reading.rows("chats")] == ["Курс-5"]
    assert reading.rejected == [("message 4", "no readable date")]


def test_page_cut_inside_a_message_is_refused(tmp_path: Path):
    (tmp_path / "Курс-5.html").write_text(PAGE[:-4], encoding="utf-8")
    assert "it is cut off" in refused(RocketChatReader(), tmp_path)


def test_room_export_without_ids():
    reading = Reading(RocketChatReader(), ROCKET / "room_export")
    rows = reading.rows("messages")
    assert reading.column("chats", "title") == ["Курс-5"]
    assert [(row["text"], row["kind"], row["account_id"] is None) for row in rows] == [
        ("вопрос?", "post", False), ("User joined the channel", "service", True), ("чьё-то", "post", True),
    ]  # fmt: skip
    assert len({row["message_id"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("name", "found"), [("cut_off.json", "cut off"), ("empty.json", "an empty file"), ("something_else.json", "found none")]
)
def test_other_files_are_refused(name: str, found: str):
    assert found in refused(RocketChatReader(), ROCKET / name)


def test_odd_values_are_nothing_worse_than_missing(tmp_path: Path):
    file = tmp_path / "odd.json"
    file.write_text(
        '{"_id":"m1","rid":"R1","ts":{"$date":1795345320000},"msg":["x"],"u":[],"t":5,"reactions":{"a":[],"b":{"usernames":7}},"mentions":{"a":1},'
        '"attachments":[5,{"message_link":7}],"file":9,"tmid":{"a":1},"editedAt":{"$date":{"$numberLong":[]}}}\n',
        "utf-8",
    )
    (message,) = Reading(RocketChatReader(), file).rows("messages")
    assert (message["text"], message["account_id"], message["reactions"], message["edited_at"]) == ("", None, 0, None)


@pytest.mark.parametrize("order", [("export", "later"), ("later", "export")], ids=["earlier first", "later first"])
def test_overlapping_exports_give_the_same_whichever_comes_first(order: tuple[str, str]):
    earlier = ROCKET / "export"
    with loaded("rocketchat", (earlier, ROCKET / "later")) as forward, loaded("rocketchat", [ROCKET / name for name in order]) as warehouse:
        ours, theirs = state(warehouse), state(forward)
        for record in ("raw.messages", "personal.messages", "raw.message_versions", "personal.message_versions", "raw.addressees"):
            assert ours[record] == theirs[record]
        assert "исправлено" in texts(warehouse, "deleted_at is null")
        assert "стёртое потом" in texts(warehouse, "deleted_at is not null")


def test_history_that_the_server_kept(tmp_path: Path):
    common = {"rid": "GENERAL1", "ts": {"$date": "2026-11-22T11:01:00.000Z"}, "u": {"_id": LIDIA, "username": "lidia"}}
    later = {"$date": "2026-11-22T11:05:00.000Z"}
    documents = [
        common | {"_id": "m1", "msg": "вторая редакция", "editedAt": later},
        common | {"_id": "h1", "msg": "первая редакция", "_hidden": True, "parent": "m1", "editedAt": later},
        common | {"_id": "m2", "msg": "стёртое", "_hidden": True, "_updatedAt": later},
    ]
    file = tmp_path / "rocketchat_message.json"
    file.write_text("".join(json.dumps(document) + "\n" for document in documents), "utf-8")
    reading = Reading(RocketChatReader(), file)
    assert [(row["text"], row["edited_at"], row["deleted_at"]) for row in reading.rows("messages")] == [
        ("вторая редакция", utc(5), None),
        ("стёртое", None, utc(5)),
    ]
    assert reading.rejected == [("line 2", "an earlier state of a message that was edited")]


def test_direct_rooms_in_an_export_of_ones_own_data_are_direct(tmp_path: Path):
    rooms = [{"roomId": "r1", "roomName": "kurs-5", "type": "c"}, {"roomId": "u1u2", "roomName": "petr", "type": "d"}]
    line = {"msg": "вопрос?", "username": "User_1", "ts": "2026-11-22T11:00:00.000Z"}
    files = {
        name: "\n".join(json.dumps(one) for one in lines) + "\n"
        for name, lines in (("channels.json", rooms), ("kurs-5.json", [line]), ("petr.json", [line]))
    }
    reading = Reading(
        RocketChatReader(), packed(tmp_path / "data.zip", {**files, "user.json": '{"username":"lida","emails":["lida@example.org"]}'})
    )
    assert [(row["title"], row["channel"], row["kind"]) for row in reading.rows("chats")] == [
        ("kurs-5", "chat", "supergroup"),
        ("petr", "direct", "personal"),
    ]
    assert reading.column("messages", "is_private") == [False, True]


def test_a_page_called_by_the_ids_of_two_people_is_a_direct_room(tmp_path: Path):
    files = {f"{name}.html": PAGE for name in ("rocketAbc2DefGhi34K7mQ9rS2tU5vW8xY1z", "GENERAL", "вопросы-по-курсу-для-педагогов-2026")}
    reading = Reading(RocketChatReader(), packed(tmp_path / "data.zip", {**files, "user.html": "<!DOCTYPE html>"}))
    assert sorted((row["channel"], row["title"] or "") for row in reading.rows("chats")) == [
        ("chat", "GENERAL"),
        ("chat", "вопросы-по-курсу-для-педагогов-2026"),
        ("direct", ""),
    ]
