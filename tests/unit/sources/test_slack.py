"""Slack's workspace exports: one export with every oddity, and a later one of a renamed channel. All people are invented."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.chats.chat_rows import GONE
from pipelines.sources.chats.slack import SlackReader
from tests.unit.sources.chat_reading import FIXTURES, Reading, loaded, names_of, packed, refused, state, texts, wholes

SLACK = FIXTURES / "slack"
CHANNEL = "slack:message:C01"


def ts(number: int) -> str:
    return f"17637984{number:02}.000100"


def utc(number: int) -> datetime:
    return datetime.fromtimestamp(1763798400 + number, UTC).replace(microsecond=100)


@pytest.fixture(scope="module")
def export() -> Reading:
    return Reading(SlackReader(), SLACK / "export")


@pytest.fixture(scope="module")
def messages(export: Reading) -> dict[str, dict]:
    return {row["message_id"]: row for row in export.rows("messages")}


def account(export: Reading, native: str) -> str:
    return export.account(native, "slack")


def test_words_without_markup(messages: dict[str, dict]):
    assert messages[f"{CHANNEL}:{ts(2)}"]["text"] == "@Петя, где <6.2>? См. задание и #kurs-5 @here https://example.org"


def test_edit_reactions_pin_and_thread(messages: dict[str, dict]):
    root, answer = messages[f"{CHANNEL}:{ts(2)}"], messages[f"{CHANNEL}:{ts(3)}"]
    assert (root["sent_at"], root["edited_at"], root["reactions"], root["is_pinned"]) == (utc(2), utc(9), 3, True)
    assert (root["thread_id"], root["reply_to_id"]) == (root["message_id"], None)
    assert (answer["thread_id"], answer["reply_to_id"]) == (root["message_id"], root["message_id"])
    assert answer["media"] == "photo"


def test_what_no_person_wrote_is_service_and_mentions_nobody(export: Reading, messages: dict[str, dict]):
    assert [number for number, row in messages.items() if row["kind"] == "service"] == [f"{CHANNEL}:{ts(1)}"]
    assert [
        (row["message_id"], row["role"])
        for row in export.rows("addressees")
        if row["message_id"].startswith(CHANNEL) and row["role"] != "reaction"
    ] == [(f"{CHANNEL}:{ts(2)}", "mention")]


def test_who_reacted_where_slack_names_them(export: Reading):
    assert [(row["message_id"], row["account_id"], row["acted_at"]) for row in export.rows("addressees") if row["role"] == "reaction"] == [
        (f"{CHANNEL}:{ts(2)}", account(export, "U02"), None)
    ]


def test_bots_words_are_what_is_attached(export: Reading, messages: dict[str, dict]):
    message = messages[f"{CHANNEL}:{ts(4)}"]
    assert (message["text"], message["kind"], message["account_id"]) == ("Завтра\nвебинар", "post", account(export, "B01"))
    accounts = {row["native_id"]: row for row in export.rows("accounts")}
    assert (accounts["B01"]["is_bot"], accounts["B01"]["display_name"]) == (True, "Расписание")


def test_people(export: Reading):
    accounts = {row["native_id"]: row for row in export.rows("accounts")}
    lidia = accounts["U01"]
    assert (lidia["email"], lidia["phone"], lidia["timezone"], lidia["lang"]) == (
        "lidia@example.org",
        "+79990001122",
        "Europe/Moscow",
        "ru",
    )
    assert (lidia["display_name"], lidia["last_name"], lidia["username"]) == ("Лидия Примерова", "Примерова", "lidia")
    assert (accounts["U02"]["is_deleted"], accounts["U02"]["display_name"]) == (True, "Петя")
    assert accounts["USLACKBOT"]["is_service"]
    assert accounts["U09"]["display_name"] == "Гость Иной"
    assert accounts["U03"]["display_name"] is None


def test_conversations(export: Reading):
    chats = {row["chat_id"]: (row["channel"], row["kind"], row["title"]) for row in export.rows("chats")}
    unlisted = [chat for chat in chats if chat.rsplit(":", 1)[1] not in ("C01", "G01", "D01", "M01")]
    assert chats["slack:chat:C01"] == ("chat", "supergroup", "kurs-5")
    assert chats["slack:chat:G01"] == ("chat", "group", "kuratory")
    assert chats["slack:chat:D01"] == ("direct", "personal", "Лидия Примерова, Петя")
    assert chats["slack:chat:M01"][:2] == ("direct", "group")
    assert len(unlisted) == 1
    assert chats[unlisted[0]] == ("chat", "group", None)
    members = [(row["message_id"].split(":")[2], row["account_id"]) for row in export.rows("addressees") if row["role"] == "member"]
    assert members == [("D01", account(export, "U01")), ("M01", account(export, "U02")), ("M01", account(export, "U03"))]


def test_changes_and_deletions_that_are_rows_of_their_own(messages: dict[str, dict]):
    changed, deleted = messages[f"{CHANNEL}:{ts(10)}"], messages[f"{CHANNEL}:{ts(12)}"]
    assert (changed["text"], changed["edited_at"]) == ("после", utc(11))
    assert (deleted["text"], deleted["deleted_at"]) == ("стёртое", utc(13))


def test_shared_message_is_forwarded(messages: dict[str, dict]):
    assert [number for number, row in messages.items() if row["is_forwarded"]] == [f"{CHANNEL}:{ts(8)}"]


def test_rejected_rows_are_named_by_place_and_reason_only(export: Reading):
    day = "2025-11-22, message"
    assert [(place.partition(", ")[2], reason) for place, reason in export.rejected] == [
        (f"{day} 6", GONE), (f"{day} 11", "deletion of a message that is not told"), (f"{day} 12", "no id"), (f"{day} 13", "no message"),
        (f"{day} 14", "not an object"),
    ]  # fmt: skip


def test_channels_are_whole_between_first_and_last(export: Reading):
    spans = {whole.within: (whole.since, whole.until) for whole in wholes(export)}
    assert spans[("chat_id", "slack:chat:C01")] == (utc(1), utc(12))
    assert len(spans) == 4


def test_zip_is_the_same_as_the_folder(export: Reading, tmp_path: Path):
    files = {file.relative_to(SLACK / "export").as_posix(): file.read_bytes() for file in (SLACK / "export").rglob("*.json")}
    zipped = Reading(SlackReader(), packed(tmp_path / "export.zip", files))
    for record in ("messages", "chats", "accounts", "addressees"):
        assert zipped.rows(record) == export.rows(record)


def test_an_archive_of_another_kind_is_told(tmp_path: Path):
    (tmp_path / "export.rar").write_bytes(b"Rar!")
    assert names_of(SlackReader(), tmp_path) == ["export.rar"]
    assert "an archive of another kind" in refused(SlackReader(), tmp_path / "export.rar")


def test_archives_beside_folders_of_channels_are_exports_of_their_own(tmp_path: Path):
    for name in ("general/2025-01-01.json", "general/attachments/F0123456-works.zip", "old.zip", "older.rar", ".hidden.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("[]")
    assert names_of(SlackReader(), tmp_path) == sorted((tmp_path.name, "old.zip", "older.rar"))


def test_items_are_exports():
    assert names_of(SlackReader(), SLACK) == ["export", "later"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"x.txt": "x"}, "none of them"),
        ({"users.json": ""}, "an empty file"),
        ({"users.json": "[]", "channels.json": "[]", "a/2025-01-01.json": '[{"type":"message"'}, "the end of the file"),
        ({"users.json": "[]", "a/2025-01-01.json": '{"messages": []}'}, "something else"),
        ({"users.json": "[]", "a/2025-01-01.json": b"\xff\xfe["}, "another encoding"),
        ({"users.json": "[" * 100_000}, "nesting"),
    ],
    ids=["another archive", "empty", "cut off", "no list", "encoding", "deep"],
)
def test_other_archives_are_refused(files: dict[str, str | bytes], found: str, tmp_path: Path):
    assert found in refused(SlackReader(), packed(tmp_path / "x.zip", files))


def test_odd_values_are_nothing_worse_than_missing(tmp_path: Path):
    odd = '[{"type":"message","ts":"1763798401.000100","user":{"a":1},"text":["x"],"reactions":[{"count":"2"},3],"files":7,"attachments":{},"edited":5,"thread_ts":9,"subtype":[]}]'
    people = '[{"id":"U1","profile":[],"tz":5,"deleted":"no"},{"id":["x"]}]'
    channels = '[{"id":"C1","name":5,"members":"x"}]'
    reading = Reading(
        SlackReader(), packed(tmp_path / "x.zip", {"users.json": people, "channels.json": channels, "a/2025-01-01.json": odd})
    )
    (message,) = reading.rows("messages")
    assert (message["account_id"], message["text"], message["reactions"]) == (None, "", 0)


@pytest.mark.parametrize("order", [("export", "later"), ("later", "export")], ids=["earlier first", "later first"])
def test_overlapping_exports_give_the_same_whichever_comes_first(order: tuple[str, str]):
    with loaded("slack", (SLACK / "export", SLACK / "later")) as forward, loaded("slack", [SLACK / name for name in order]) as warehouse:
        assert state(warehouse) == state(forward)
        assert warehouse.value("select title from personal.chats where chat_id = 'slack:chat:C01'") == "kurs-5-arhiv"
        edited = warehouse.value(f"select text from personal.messages where message_id = '{CHANNEL}:{ts(2)}'")
        assert edited == "исправлено"
        # Words before the edit are kept, and what only its place is left of stands as it was, deleted.
        assert "@Петя, где" in warehouse.value(f"select text from personal.message_versions where message_id = '{CHANNEL}:{ts(2)}'")
        assert "машет" in texts(warehouse, "deleted_at is not null")
        assert "вот" in texts(warehouse, "deleted_at is null")


def test_what_is_passed_on_and_what_stands_in_blocks_only_has_words(tmp_path: Path):
    day = tmp_path / "kurs-9" / "2025-11-22.json"
    day.parent.mkdir()
    share = {"is_share": True, "is_msg_unfurl": True, "text": "Срок &lt;пятница&gt;", "author_id": "U02"}
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "Только "}, {"type": "text", "text": "в блоках"}]}
    (tmp_path / "channels.json").write_text('[{"id": "C09", "name": "kurs-9"}]', "utf-8")
    (tmp_path / "users.json").write_text("[]", "utf-8")
    day.write_text(
        json.dumps(
            [
                {"type": "message", "user": "U01", "ts": ts(1), "text": "", "attachments": [share]},
                {"type": "message", "user": "U01", "ts": ts(2), "text": "", "blocks": [{"type": "rich_text", "elements": [section]}]},
            ]
        ),
        "utf-8",
    )
    forwarded, written = Reading(SlackReader(), tmp_path).rows("messages")
    assert (forwarded["text"], forwarded["is_forwarded"]) == ("Срок <пятница>", True)
    assert (written["text"], written["is_forwarded"]) == ("Только в блоках", False)


def test_words_of_blocks_alone_and_comments_on_files(tmp_path: Path):
    written = {"type": "rich_text_section", "elements": [{"type": "text", "text": "ждём "}, {"type": "user", "user_id": "U2"}]}
    asked = {"type": "section", "text": {"type": "mrkdwn", "text": "*Когда?* <@U2>"}}
    day = [
        {"type": "message", "user": "U1", "ts": ts(1), "text": "", "blocks": [{"type": "rich_text", "elements": [written]}]},
        {
            "type": "message",
            "subtype": "bot_message",
            "bot_id": "B1",
            "username": "Опрос",
            "ts": ts(2),
            "text": "",
            "blocks": [asked],
            "attachments": [],
        },
        {"type": "message", "subtype": "file_comment", "ts": ts(3), "text": "", "comment": {"user": "U2", "comment": "понятно"}},
    ]
    zipped = packed(
        tmp_path / "export.zip",
        {
            "users.json": json.dumps([{"id": "U1", "name": "lidia"}, {"id": "U2", "name": "petr"}]),
            "channels.json": json.dumps([{"id": "C01", "name": "kurs", "members": ["U1", "U2"]}]),
            "kurs/2025-11-22.json": json.dumps(day),
        },
    )
    reading = Reading(SlackReader(), zipped)
    assert reading.column("messages", "text") == ["ждём @petr", "*Когда?* @petr", "понятно"]
    assert reading.column("messages", "account_id") == [account(reading, native) for native in ("U1", "B1", "U2")]
    assert [row["account_id"] for row in reading.rows("addressees")] == [account(reading, "U2")] * 2


def test_words_that_slack_says_it_cannot_show_stand_in_blocks(tmp_path: Path):
    header = {"type": "header", "text": {"type": "plain_text", "text": "Вебинар завтра"}}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "В *19:00*"}}
    message = {"type": "message", "subtype": "bot_message", "bot_id": "B1", "ts": ts(1), "text": "This content can't be displayed."}
    (tmp_path / "channels.json").write_text('[{"id": "C09", "name": "kurs-9"}]', "utf-8")
    (tmp_path / "kurs-9").mkdir()
    (tmp_path / "kurs-9" / "2025-11-22.json").write_text(json.dumps([{**message, "blocks": [header, section]}]), "utf-8")
    assert Reading(SlackReader(), tmp_path).column("messages", "text") == ["Вебинар завтра\nВ *19:00*"]


def grid(*, lists_at_the_top: bool) -> dict[str, str]:
    """An export of an Enterprise Grid organisation: two workspaces, each with a channel "general", and one channel that both share."""
    people = [{"id": "W1", "profile": {"real_name": "Лидия Примерова"}}, {"id": "W2", "profile": {"real_name": "Пётр Образцов"}}]
    school = [{"id": "C1", "name": "general"}, {"id": "C3", "name": "obschiy"}]
    centre = [{"id": "C2", "name": "general"}, {"id": "C3", "name": "obschiy"}]

    def day(user: str, number: int, text: str) -> str:
        return json.dumps([{"type": "message", "user": user, "ts": ts(number), "text": text}])

    files = {
        "org_users.json": json.dumps(people),
        "dms.json": json.dumps([{"id": "D1", "members": ["W1", "W2"]}]),
        "D1/2025-11-22.json": day("W1", 4, "лично"),
        "teams/school/general/2025-11-22.json": day("W1", 1, "школе"),
        "teams/school/obschiy/2025-11-22.json": day("W2", 3, "всем"),
        "teams/centre/general/2025-11-22.json": day("W2", 2, "центру"),
        "teams/centre/obschiy/2025-11-22.json": day("W2", 3, "всем"),
    }
    if lists_at_the_top:
        del files["teams/centre/general/2025-11-22.json"]
        return files | {"channels.json": json.dumps(school)}
    return files | {"teams/school/channels.json": json.dumps(school), "teams/centre/channels.json": json.dumps(centre)}


@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "unpacked"])
def test_an_enterprise_grid_is_read_with_all_its_workspaces(tmp_path: Path, is_packed: bool):
    files = grid(lists_at_the_top=False)
    if is_packed:
        path = packed(tmp_path / "grid.zip", {f"Slack export/{name}": content for name, content in files.items()})
    else:
        path = tmp_path / "grid"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(content, "utf-8")
        assert names_of(SlackReader(), tmp_path) == ["grid"]
    with loaded("slack", [path]) as warehouse:
        assert warehouse.rows(
            "select m.chat_id, a.display_name, p.text from raw.messages as m join personal.messages as p using (message_id) "
            "join personal.accounts as a using (account_id) order by m.message_id"
        ) == [
            ("slack:chat:C1", "Лидия Примерова", "школе"),
            ("slack:chat:C2", "Пётр Образцов", "центру"),
            ("slack:chat:C3", "Пётр Образцов", "всем"),
            ("slack:chat:D1", "Лидия Примерова", "лично"),
        ]


def test_a_grids_lists_at_the_top_name_the_channels_of_workspaces(tmp_path: Path):
    reading = Reading(SlackReader(), packed(tmp_path / "grid.zip", grid(lists_at_the_top=True)))
    assert sorted(set(reading.column("messages", "chat_id"))) == ["slack:chat:C1", "slack:chat:C3", "slack:chat:D1"]


def test_two_exports_in_one_archive_are_both_read(tmp_path: Path):
    day = json.dumps([{"type": "message", "user": "U1", "ts": ts(1), "text": "да"}])
    files = {f"{name}/{file}": text for name, part in (("май", "C1"), ("июнь", "C2")) for file, text in (("channels.json", json.dumps([{"id": part, "name": "kurs"}])), ("kurs/2025-11-22.json", day))}  # fmt: skip
    reading = Reading(SlackReader(), packed(tmp_path / "two.zip", files))
    assert sorted(reading.column("messages", "chat_id")) == ["slack:chat:C1", "slack:chat:C2"]


def day(*messages: dict) -> str:
    return json.dumps([{"type": "message", "user": "U1", **one} for one in messages])


@pytest.mark.parametrize("is_packed", [False, True], ids=["folder", "archive"])
def test_folders_of_channels_without_any_list(is_packed: bool, tmp_path: Path):
    """One channel handed on: nothing of it was read."""
    profile = {"real_name": "Лидия Примерова"}
    files = {
        "сдача/2025-01-01.json": day({"ts": ts(1), "text": "где задание?", "user_profile": profile}),
        "D012345678/2025-01-01.json": day({"ts": ts(2), "text": "лично"}),
        "mpdm-a--b-1/2025-01-01.json": day({"ts": ts(3), "text": "втроём"}),
    }
    if is_packed:
        path = packed(tmp_path / "channels.zip", {f"export/{name}": content for name, content in files.items()})
    else:
        path = tmp_path / "export"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(content, "utf-8")
        assert names_of(SlackReader(), tmp_path) == ["export"]
    read = Reading(SlackReader(), path)
    chats = {row["chat_id"]: row for row in read.rows("chats")}
    found = {row["text"]: chats[row["chat_id"]] for row in read.rows("messages")}
    assert [(found[text]["channel"], found[text]["kind"], found[text]["title"]) for text in ("где задание?", "лично", "втроём")] == [
        ("chat", "group", "сдача"),
        ("direct", "personal", None),
        ("direct", "group", None),
    ]
    assert [row["is_private"] for row in read.rows("messages")] == [text == "лично" for text in read.column("messages", "text")]
    assert read.column("accounts", "display_name") == ["Лидия Примерова"]


def test_letters_that_macos_writes_in_two_parts(tmp_path: Path):
    name = "домашний-чат-ё"
    files = {
        "channels.json": json.dumps([{"id": "C1", "name": name}]),
        "users.json": "[]",
        f"{name}/2025-01-01.json": day({"ts": ts(1), "text": "да"}),
    }
    one = Reading(SlackReader(), packed(tmp_path / "one.zip", files))
    two = Reading(
        SlackReader(), packed(tmp_path / "two.zip", {unicodedata.normalize("NFD", name): content for name, content in files.items()})
    )
    assert two.rows("messages") == one.rows("messages")
    assert one.column("chats", "title") == [name]


def test_a_huddle_and_what_slack_tells_of_a_canvas_are_nothing_that_somebody_wrote(tmp_path: Path):
    files = {
        "channels.json": json.dumps([{"id": "C1", "name": "a"}]),
        "a/2025-01-01.json": day(
            {"ts": ts(1), "user": "USLACKBOT", "subtype": "huddle_thread", "text": "A huddle started", "room": {"created_by": "U1", "participant_history": ["U1"]}},
            {"ts": ts(2), "thread_ts": ts(1), "text": "слышно?"},
            {"ts": ts(3), "subtype": "channel_canvas_updated", "text": ""},
        ),
    }  # fmt: skip
    read = Reading(SlackReader(), packed(tmp_path / "x.zip", files))
    assert [(row["kind"], row["text"]) for row in read.rows("messages")] == [
        ("service", "A huddle started"),
        ("post", "слышно?"),
        ("service", ""),
    ]


@pytest.mark.parametrize("is_packed", [False, True], ids=["folder", "archive"])
def test_a_channel_that_workspaces_share_lies_beside_those_that_have_lists(is_packed: bool, tmp_path: Path):
    lists = {"channels.json": json.dumps([{"id": "C1", "name": "own"}]), "users.json": "[]"}
    files = {
        **{f"teams/one/{name}": content for name, content in lists.items()},
        "teams/one/own/2025-01-01.json": day({"ts": ts(1), "text": "своё"}),
        "shared/2025-01-01.json": day({"ts": ts(2), "text": "общее"}),
    }
    path = tmp_path / "grid"
    if is_packed:
        path = packed(tmp_path / "grid.zip", files)
    else:
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(content, "utf-8")
    (item,) = names_of(SlackReader(), tmp_path)
    read = Reading(SlackReader(), tmp_path / item)
    assert sorted(read.column("messages", "text")) == ["общее", "своё"]
    assert {row["chat_id"] for row in read.rows("messages") if row["text"] == "своё"} == {"slack:chat:C1"}
    assert len(set(read.column("messages", "chat_id"))) == 2
