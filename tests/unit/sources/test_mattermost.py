"""Mattermost's bulk exports: one with every oddity, and a later one. All people are invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.chats.mattermost import MattermostReader
from tests.unit.sources.chat_reading import FIXTURES, Reading, loaded, names_of, packed, refused, state, texts, wholes

MATTERMOST = FIXTURES / "mattermost"
BEGAN = datetime(2026, 11, 22, 10, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def export() -> Reading:
    return Reading(MattermostReader(), MATTERMOST / "bulk.jsonl")


@pytest.fixture(scope="module")
def messages(export: Reading) -> dict[str, dict]:
    return {row["text"]: row for row in export.rows("messages")}


def account(export: Reading, native: str) -> str:
    return export.account(native, "mattermost")


def test_post_and_its_reply(export: Reading, messages: dict[str, dict]):
    root, reply = messages["@petr.o, где задание? @all"], messages["вот"]
    assert (root["sent_at"], (root["edited_at"] - root["sent_at"]).total_seconds()) == (BEGAN, 60)
    assert (root["is_pinned"], root["reactions"], root["account_id"]) == (True, 1, account(export, "lidia"))
    assert (root["thread_id"], root["reply_to_id"]) == (root["message_id"], None)
    assert (reply["thread_id"], reply["reply_to_id"], reply["media"]) == (root["message_id"], root["message_id"], "photo")


def test_mentions_of_known_users_only_and_members_of_conversations(export: Reading, messages: dict[str, dict]):
    found = [(row["message_id"], row["role"], row["account_id"]) for row in export.rows("addressees") if row["role"] != "reaction"]
    assert found == [
        (messages["@petr.o, где задание? @all"]["message_id"], "mention", account(export, "petr.o")),
        (messages["лично"]["message_id"], "member", account(export, "petr.o")),
    ]


def test_who_reacted_and_when(export: Reading, messages: dict[str, dict]):
    found = [(row["message_id"], row["account_id"], row["acted_at"]) for row in export.rows("addressees") if row["role"] == "reaction"]
    moment = datetime(2026, 11, 22, 10, 21, tzinfo=UTC)
    assert found == [(messages["@petr.o, где задание? @all"]["message_id"], account(export, "petr.o"), moment)]


def test_system_posts_and_bots(export: Reading, messages: dict[str, dict]):
    assert [text for text, row in messages.items() if row["kind"] == "service"] == ["petr.o joined"]
    assert messages["Завтра\nвебинар"]["account_id"] == account(export, "robot")


def test_people(export: Reading):
    accounts = {row["native_id"]: row for row in export.rows("accounts")}
    assert (accounts["lidia"]["display_name"], accounts["lidia"]["email"]) == ("Лидия Примерова", "lidia@example.org")
    assert (accounts["petr.o"]["display_name"], accounts["petr.o"]["is_deleted"], accounts["petr.o"]["closed_at"]) == ("Пётр", True, BEGAN)
    assert accounts["robot"]["is_bot"]


def test_chats(export: Reading):
    assert sorted((row["title"], row["channel"], row["kind"]) for row in export.rows("chats")) == [
        ("lidia, petr.o", "direct", "personal"), ("Кураторы", "chat", "group"), ("Курс-5", "chat", "supergroup"),
    ]  # fmt: skip
    assert not any(word in row["chat_id"] for row in export.rows("chats") for word in ("lidia", "kurs", "school"))


def test_rejected_rows_are_named_by_place_and_reason_only(export: Reading):
    assert export.rejected == [
        ("line 8, reply 2", "not an object"), ("line 8, reply 3", "no readable date"), ("line 13", "no channel"), ("line 13, reply 1", "no channel"),
        ("line 14", "no author"), ("line 15", "no JSON"),
    ]  # fmt: skip


def test_channels_are_whole(export: Reading):
    assert sorted((whole.since, whole.until) for whole in wholes(export))[0] == (
        BEGAN.replace(minute=20, second=59),
        BEGAN.replace(second=4),
    )


def test_zip_as_mmctl_makes_it(export: Reading, tmp_path: Path):
    files = {"import.jsonl": (MATTERMOST / "bulk.jsonl").read_bytes(), "data/20261122/x.png": b"x"}
    assert Reading(MattermostReader(), packed(tmp_path / "export.zip", files)).rows("messages") == export.rows("messages")


@pytest.mark.parametrize(
    ("name", "found"),
    [("cut_off.jsonl", "cut off"), ("empty.jsonl", "an empty file"), ("something_else.jsonl", "something else"), ("no_json.jsonl", "something else")],
)  # fmt: skip
def test_other_files_are_refused(name: str, found: str):
    assert found in refused(MattermostReader(), MATTERMOST / name)


def test_odd_values_are_nothing_worse_than_missing(tmp_path: Path):
    file = tmp_path / "odd.jsonl"
    file.write_text(
        '{"type":"version","version":1}\n{"type":["x"]}\n{"type":"user","user":{"username":5}}\n{"type":"channel","channel":7}\n'
        '{"type":"post","post":{"team":"a","channel":"b","user":"u","create_at":1795343000000,"message":["x"],"props":3,"reactions":{"a":1},"replies":5}}\n'
        '{"type":"post","post":{"team":"a","channel":"b","user":"u","create_at":1e300}}\n{"type":"direct_post","direct_post":{"channel_members":[1,2]}}\n'
        '{"type":"post","post":' + "[" * 5000 + "\n",
        "utf-8",
    )
    reading = Reading(MattermostReader(), file)
    assert [row["text"] for row in reading.rows("messages")] == [""]
    assert [reason for _, reason in reading.rejected] == ["no readable date", "no channel", "no JSON"]


@pytest.mark.parametrize("order", [("bulk", "later"), ("later", "bulk")], ids=["earlier first", "later first"])
def test_overlapping_exports_give_the_same_whichever_comes_first(order: tuple[str, str]):
    files = [MATTERMOST / f"{name}.jsonl" for name in order]
    with loaded("mattermost", sorted(files)) as forward, loaded("mattermost", files) as warehouse:
        assert state(warehouse) == state(forward)
        assert "исправлено" in texts(warehouse, "deleted_at is null")
        assert "стёртое потом" in texts(warehouse, "deleted_at is not null")
        assert warehouse.rows("select text from personal.message_versions") == [("@petr.o, где задание? @all",)]


def test_a_call_that_somebody_begins_is_no_post_of_his(tmp_path: Path):
    post = {"team": "school", "channel": "kurs-5", "user": "lidia", "message": "Call started", "create_at": 1795342860000}
    lines = [{"type": "version", "version": 1}, *({"type": "post", "post": {**post, "type": kind}} for kind in ("custom_calls", ""))]
    (tmp_path / "bulk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert Reading(MattermostReader(), tmp_path / "bulk.jsonl").column("messages", "kind") == ["service", "post"]


HEADER = (
    "Post Creation Time,Team Id,Team Name,Team Display Name,Channel Id,Channel Name,Channel Display Name,Channel Type,User Id,User Email,Username,"
    "Post Id,Edited By Post Id,Replied to Post Id,Post Message,Post Type,User Type,Previews Post Id"
)


def table(*rows: str) -> str:
    return "".join(f"{line}\n" for line in (HEADER, *rows))


def row(
    at: int,
    user: str,
    post: str,
    text: str,
    kind: str = "message",
    *,
    edited: str = "",
    root: str = "",
    channel: str = "k1,kurs-5,Курс-5,public",
) -> str:
    return f'{at},t1,school,Школа,{channel},u-{user},{user}@example.org,{user},{post},{edited},{root},"{text}",{kind},user,'


COMPLIANCE = table(
    row(1795342858000, "lidia", "", "User lidia was already in the channel", "previously-joined"),
    row(1795342859000, "petr.o", "", "User petr.o joined the channel", "enter"),
    row(1795342860000, "lidia", "p1", "@petr.o, где задание? @all"),
    row(1795342860000, "lidia", "p0", "где задание", edited="p1"),
    row(1795342861000, "petr.o", "p2", "вот", root="p1"),
    # a file's row is one cell short
    '1795342861000,t1,school,Школа,k1,kurs-5,Курс-5,public,u-petr.o,petr.o@example.org,petr.o,p2,,p1,x.png (files/p2/f1-x.png),attachment,user',
    row(1795342864000, "petr.o", "p3", "стёртое"),
    row(1795342870000, "petr.o", "p3", "delete стёртое"),
    row(1795342871000, "petr.o", "p4", "лично", channel="k2,u1__u2,,direct"),
    row(1795342872000, "lidia", "p5", "да", channel="k2,u1__u2,,direct"),
)  # fmt: skip


@pytest.mark.parametrize("is_packed", [False, True], ids=["table", "batch"])
def test_a_compliance_export_is_read_with_the_ids_of_the_bulk_export(export: Reading, tmp_path: Path, is_packed: bool):
    if is_packed:
        path = packed(tmp_path / "batch001.zip", {"posts.csv": COMPLIANCE, "metadata.json": "{}", "files/p2/f1-x.png": b"x"})
    else:
        path = tmp_path / "posts.csv"
        path.write_text(COMPLIANCE, "utf-8")
    read = Reading(MattermostReader(), path)
    found = {row["text"]: row for row in read.rows("messages")}
    bulk = {row["text"]: row["message_id"] for row in export.rows("messages")}
    root, reply = found["@petr.o, где задание? @all"], found["вот"]
    assert (root["message_id"], reply["message_id"]) == (bulk["@petr.o, где задание? @all"], bulk["вот"])
    assert (root["thread_id"], reply["reply_to_id"], reply["media"]) == (root["message_id"], root["message_id"], "photo")
    assert (found["стёртое"]["deleted_at"] - found["стёртое"]["sent_at"]).total_seconds() == 6
    assert [row["text"] for row in read.rows("messages") if row["kind"] == "service"] == ["User petr.o joined the channel"]
    assert found["лично"]["channel"] == "direct"
    roles = [(row["message_id"], row["role"], row["account_id"]) for row in read.rows("addressees")]
    assert roles == [
        (root["message_id"], "mention", account(read, "petr.o")),
        (found["лично"]["message_id"], "member", account(read, "lidia")),
        (found["да"]["message_id"], "member", account(read, "petr.o")),
    ]
    assert read.rejected == [
        ("line 2", "no post: somebody was there already"),
        ("line 5", "an earlier state of a message that was edited"),
    ]
    assert wholes(read) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("a,b\n1,2\n", "no such column"),
        (COMPLIANCE[: COMPLIANCE.index("где задание?")], "cut off"),
        (COMPLIANCE[: COMPLIANCE.rindex("u-lidia")], "cut off"),
    ],
    ids=["empty", "another table", "cut in a cell", "cut in a row"],
)
def test_another_table_or_half_a_one_is_refused(text: str, found: str, tmp_path: Path):
    (tmp_path / "posts.csv").write_text(text, "utf-8")
    assert found in refused(MattermostReader(), tmp_path / "posts.csv")


def test_files_posted_beside_an_unpacked_export_are_no_exports(tmp_path: Path):
    for name in (
        "one/import.jsonl",
        "one/data/2026/table.csv",
        "one/data/works.zip",
        "data/two.zip",
        "batch/posts.csv",
        "batch/files/p1/f1-x.csv",
        "data/three.jsonl",
        "four.7z",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"x")
    assert names_of(MattermostReader(), tmp_path) == ["batch/posts.csv", "data/three.jsonl", "data/two.zip", "four.7z", "one/import.jsonl"]
    assert "an archive of another kind" in refused(MattermostReader(), tmp_path / "four.7z")


def test_what_an_application_posts_is_not_by_whoever_made_its_webhook(tmp_path: Path):
    post = {"team": "school", "channel": "kurs-5", "user": "lidia", "message": "Новая работа", "create_at": 1795342860000}
    props = ({"from_webhook": "true", "override_username": "Moodle"}, {"from_webhook": "true"}, {"from_bot": "true"}, {}, None)
    lines = [{"type": "version", "version": 1}, *({"type": "post", "post": {**post, "props": one}} for one in props)]
    (tmp_path / "bulk.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    read = Reading(MattermostReader(), tmp_path / "bulk.jsonl")
    accounts = {row["account_id"]: (row["native_id"], row["display_name"], row["is_bot"]) for row in read.rows("accounts")}
    assert [accounts[row["account_id"]] for row in read.rows("messages")] == [
        ("webhook:moodle", "Moodle", True),
        ("webhook:lidia", None, True),
        *[("lidia", None, None)] * 3,
    ]


OF_A_CHANNEL = """\
Post Creation Time,User Id,User Email,User Type,User Name,Post Id,Parent Post Id,Post Message,Post Type
2026-11-22 11:03:00 +0000 UTC,u3,,system,olga,p4,,olga joined the channel.,system_join_channel
some day,u1,,user,lidia,p3,,x,message
2026-11-22 14:02:00.5 +0300 MSK,u2,petr@example.org,user,petr.o,p2,p1,"вот,
так",message
2026-11-22 11:01:00.25 +0000 UTC,u1,Lidia@example.org,user,lidia,p1,,"@petr.o, где задание?",message
2026-11-22 11:00:00 +0000 UTC,b1,,bot,,p0,,Напоминание,message
"""


def test_the_table_of_a_channel(tmp_path: Path):
    """As somebody exports it who is in the channel, and no administrator."""
    path = tmp_path / "kurs-5.csv"
    path.write_text(OF_A_CHANNEL, "utf-8")
    read = Reading(MattermostReader(), path)
    rows = read.rows("messages")
    reminder, question, answer, _joined = rows
    assert [(row["text"], row["kind"], row["sent_at"].minute, row["sent_at"].microsecond) for row in rows] == [
        ("Напоминание", "post", 0, 0),
        ("@petr.o, где задание?", "post", 1, 250_000),
        ("вот,\nтак", "post", 2, 500_000),
        ("olga joined the channel.", "service", 3, 0),
    ]
    assert (answer["reply_to_id"], question["thread_id"], reminder["thread_id"]) == (question["message_id"], question["message_id"], None)
    assert [(row["title"], row["channel"], row["kind"]) for row in read.rows("chats")] == [("kurs-5", "chat", "supergroup")]
    accounts = {row["native_id"]: (row["email"], row["is_bot"]) for row in read.rows("accounts")}
    assert accounts == {
        "b1": (None, True),
        "lidia": ("lidia@example.org", None),
        "petr.o": ("petr@example.org", None),
        "olga": (None, None),
    }
    assert [(row["message_id"], row["role"]) for row in read.rows("addressees")] == [(question["message_id"], "mention")]
    assert read.rejected == [("line 3", "no readable date")]
    assert wholes(read) == []
    path.write_text(OF_A_CHANNEL[:-30], "utf-8")
    assert "cut off" in refused(MattermostReader(), path)
