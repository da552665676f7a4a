"""Telegram Desktop exports: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.chats.telegram import TelegramReader, chats
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen
from pipelines.warehouse import Warehouse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "telegram"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Europe/Moscow"), "ru")
SOURCE = Source(name="chat", kind="telegram", path=FIXTURES)
CHAT = "telegram:message:700"


def events(name: str) -> list[Event]:
    return list(TelegramReader().read(SOURCE, Item(name, FIXTURES / name), CONTEXT))


def rows(found: list[Event], record: str) -> list[dict]:
    return [row for event in found if isinstance(event, Batch) and event.record == record for row in event.table.to_pylist()]


def messages(name: str) -> dict[str, dict]:
    return {row["message_id"]: row for row in rows(events(name), "messages")}


def account(native: str) -> str:
    return PSEUDONYMS.of("telegram", native)


@pytest.fixture(scope="module")
def single() -> dict[str, dict]:
    return messages("single_chat/result.json")


def test_text_of_entities_is_flattened_without_targets(single: dict[str, dict]) -> None:
    message = single[f"{CHAT}:2"]
    assert message["text"] == "Коллеги, где задание 6.2? Смотрите сюда?"
    assert (message["question_marks"], message["words"], message["chars"]) == (2, 6, 40)


def test_who_reacted_is_known_by_number_name_and_time() -> None:
    found = events("single_chat/result.json")
    reactions = [row for row in rows(found, "addressees") if row["role"] == "reaction"]
    assert [(row["message_id"], row["account_id"], row["acted_at"]) for row in reactions] == [
        (f"{CHAT}:3", account("user77"), datetime(2026, 10, 5, 10, 30, tzinfo=UTC)),
        (f"{CHAT}:3", account("user78"), datetime(2026, 10, 5, 10, 31, tzinfo=UTC)),
    ]
    people = {row["account_id"]: row for row in rows(found, "accounts")}
    assert people[account("user77")]["display_name"] == "Пётр Образцов"
    assert people[account("user78")]["is_deleted"]


def test_reply_edit_and_reactions(single: dict[str, dict]) -> None:
    message = single[f"{CHAT}:3"]
    assert message["reply_to_id"] == f"{CHAT}:2"
    assert message["edited_at"] == datetime(2026, 10, 5, 9, tzinfo=UTC)
    assert message["reactions"] == 3
    assert single[f"{CHAT}:2"]["reactions"] is None
    assert single[f"{CHAT}:2"]["edited_at"] is None


@pytest.mark.parametrize(("number", "media"), [(2, None), (4, "photo"), (5, "voice"), (7, "poll")])
def test_media(single: dict[str, dict], number: int, media: str | None) -> None:
    assert single[f"{CHAT}:{number}"]["media"] == media


def test_poll_is_its_question_and_answers(single: dict[str, dict]) -> None:
    assert single[f"{CHAT}:7"]["text"] == "Когда удобно?\nУтром\nВечером"


def test_forwarded_from_a_deleted_account(single: dict[str, dict]) -> None:
    assert [number for number in range(1, 11) if single[f"{CHAT}:{number}"]["is_forwarded"]] == [6]


def test_pin_marks_the_pinned_message_and_not_the_pinning_one(single: dict[str, dict]) -> None:
    assert [number for number in range(1, 11) if single[f"{CHAT}:{number}"]["is_pinned"]] == [8]
    assert single[f"{CHAT}:9"]["kind"] == "service"


def test_reply_to_another_chat(single: dict[str, dict]) -> None:
    assert single[f"{CHAT}:10"]["reply_to_id"] == "telegram:message:901:44"


def test_accounts_deleted_and_anonymous() -> None:
    accounts = {row["native_id"]: row for row in rows(events("single_chat/result.json"), "accounts")}
    assert sorted(accounts) == ["channel700", "user101", "user102", "user103", "user77", "user78"]
    assert [native for native, row in accounts.items() if row["is_deleted"]] == ["user103", "user78"]
    assert [native for native, row in accounts.items() if row["is_service"]] == ["channel700"]
    assert accounts["user101"]["account_id"] == account("user101")


def test_mention_by_id_is_an_addressee() -> None:
    mentions = [row for row in rows(events("single_chat/result.json"), "addressees") if row["role"] == "mention"]
    assert [(row["message_id"], row["account_id"]) for row in mentions] == [(f"{CHAT}:3", account("user101"))]


def test_counts_and_covers() -> None:
    found = events("single_chat/result.json")
    assert sum(event.rows for event in found if isinstance(event, Seen)) == 10
    assert [event for event in found if isinstance(event, Covers)] == [
        Covers(datetime(2026, 10, 5, 7, 1, tzinfo=UTC), datetime(2026, 10, 5, 9, tzinfo=UTC))
    ]
    assert rows(found, "chats") == [{"chat_id": "telegram:chat:700", "channel": "chat", "kind": "supergroup", "title": "Пример-36"}]


def test_latest_name_of_a_renamed_person_stands_whatever_the_order() -> None:
    assert [row["display_name"] for row in rows(events("renamed_person.json"), "accounts")] == ["Лидия Примерова"]


def test_message_of_a_topic_is_in_a_thread_and_no_answer() -> None:
    found = messages("forum_topics.json")
    threads = {number: found[f"{CHAT}:{number}"]["thread_id"] for number in (1, 5, 6, 7, 8)}
    assert threads == {1: None, 5: f"{CHAT}:5", 6: f"{CHAT}:5", 7: f"{CHAT}:5", 8: None}
    assert found[f"{CHAT}:6"]["reply_to_id"] is None
    assert found[f"{CHAT}:7"]["reply_to_id"] == f"{CHAT}:6"
    assert found[f"{CHAT}:5"]["subject"] == "Задание 1"


def test_old_export_is_read_in_the_programmes_zone() -> None:
    found = messages("old_export_without_unixtime.json")
    assert found[f"{CHAT}:1"]["sent_at"] == datetime(2019, 10, 5, 7, tzinfo=UTC)
    assert found[f"{CHAT}:1"]["edited_at"] is None
    assert found[f"{CHAT}:2"]["edited_at"] == datetime(2019, 10, 5, 7, 5, tzinfo=UTC)
    # 02:30 came twice that night; the first time is still summer time (UTC+4).
    assert found[f"{CHAT}:3"]["sent_at"] == datetime(2010, 10, 30, 22, 30, tzinfo=UTC)
    assert found[f"{CHAT}:1"]["account_id"] == account("user101")
    assert found[f"{CHAT}:2"]["account_id"] == account("channel55")


def test_rejected_messages_are_named_by_place_and_reason_only() -> None:
    found = events("rejected_messages.json")
    assert [event for event in found if isinstance(event, Rejected)] == [
        Rejected("messages", "message 2", "no readable date"),
        Rejected("messages", "message 3", "no id"),
        Rejected("messages", "message 4", "not an object"),
        Rejected("messages", "message 5", "no kind"),
    ]
    assert sum(event.rows for event in found if isinstance(event, Seen)) == 6
    assert len(rows(found, "messages")) == 2


def test_half_a_surrogate_pair_and_a_zero_byte_are_replaced() -> None:
    assert [row["text"] for row in rows(events("odd_characters.json"), "messages")] == ["половина � пары и ноль �"]


class TestFullExport:
    def test_chats_and_their_kinds(self) -> None:
        kinds = sorted((row["kind"], row["channel"]) for row in rows(events("full_export.json"), "chats"))
        assert kinds == [("group", "chat"), ("personal", "direct"), ("personal", "direct"), ("saved", "direct"), ("supergroup", "chat")]

    def test_both_ways_of_a_private_conversation_have_their_addressee(self) -> None:
        found = events("full_export.json")
        by_text = {row["text"]: row for row in rows(found, "messages")}
        members = {row["message_id"]: row["account_id"] for row in rows(found, "addressees") if row["role"] == "member"}
        assert members[by_text["Здравствуйте!"]["message_id"]] == account("user500")
        assert members[by_text["Добрый день"]["message_id"]] == account("user101")
        assert by_text["Добрый день"]["reply_to_id"] == by_text["Здравствуйте!"]["message_id"]
        assert by_text["Здравствуйте!"]["is_private"]
        assert not by_text["в группе"]["is_private"]

    def test_no_persons_number_stands_in_an_id(self) -> None:
        found = events("full_export.json")
        ids = [row["message_id"] for row in rows(found, "messages")] + [row["chat_id"] for row in rows(found, "chats")]
        assert not [one for one in ids if any(number in one.split(":") for number in ("101", "500", "202"))]

    def test_two_curators_talks_with_one_learner_are_two_talks(self) -> None:
        """Message ids count per exporter in private conversations: equal numbers are different messages."""
        one = {row["message_id"] for row in rows(events("full_export.json"), "messages") if row["channel"] == "direct"}
        other = {row["message_id"] for row in rows(events("full_export_of_another.json"), "messages") if row["channel"] == "direct"}
        assert other
        assert one.isdisjoint(other)

    def test_the_same_talk_exported_alone_has_the_same_ids(self) -> None:
        alone = {row["message_id"] for row in rows(events("personal_chat_alone.json"), "messages")}
        assert len(alone) == 2
        assert alone < {row["message_id"] for row in rows(events("full_export.json"), "messages")}

    def test_people_numbers_and_bots(self) -> None:
        accounts = {row["native_id"]: row for row in rows(events("full_export.json"), "accounts")}
        assert accounts["user500"]["phone"] == "+79000000001"
        assert accounts["user500"]["username"] == "kira_example"
        assert accounts["user101"]["phone"] == "+79000000002"
        assert accounts["user202"]["is_bot"]
        # Somebody in the address book who writes in no exported chat is no business of ours.
        assert "user999" not in accounts


def test_a_pin_behind_the_batch_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "BATCH_ROWS", 2)
    monkeypatch.setattr("pipelines.sources.formats.json_stream._FIRST_PIECE", 1)
    monkeypatch.setattr("pipelines.sources.formats.json_stream._ONE_BY_ONE", 2)
    found = events("single_chat/result.json")
    last = {row["message_id"]: row["is_pinned"] for row in rows(found, "messages")}
    assert [name for name, is_pinned in last.items() if is_pinned] == [f"{CHAT}:8"]
    counted = sum(event.table.num_rows for event in found if isinstance(event, Batch) and event.record == "messages" and event.counted)
    assert counted == sum(event.rows for event in found if isinstance(event, Seen)) == 10
    # Found without a second pass where the pins are known beforehand.
    monkeypatch.setattr("pipelines.sources.chats.telegram.document._SMALL_FILE", 0)
    found = events("single_chat/result.json")
    assert sorted(name for row in rows(found, "messages") if row["is_pinned"] for name in [row["message_id"]]) == [f"{CHAT}:8"]
    assert len(rows(found, "messages")) == 10


def test_of_a_large_file_the_last_moment_is_told_before_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.chats.telegram.document._SMALL_FILE", 0)
    first, *_, last = events("single_chat/result.json")
    assert first == Covers(None, datetime(2026, 10, 5, 9, tzinfo=UTC))
    assert last == Covers(datetime(2026, 10, 5, 7, 1, tzinfo=UTC), datetime(2026, 10, 5, 9, tzinfo=UTC))


def test_values_cut_by_the_end_of_a_block_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(events("full_export.json"), "messages")
    monkeypatch.setattr("pipelines.sources.formats.json_stream._BLOCK", 7)
    assert rows(events("full_export.json"), "messages") == whole


@pytest.mark.parametrize(
    ("name", "place", "found"),
    [
        ("cut_off.json", "byte ", "the end of the file"),
        ("not_json.json", "byte 0", "something else"),
        ("empty.json", "byte 0", "an empty file"),
        ("html.json", "byte 0", "HTML"),
        ("something_else.json", "byte ", "JSON of something else"),
        ("a_list.json", "byte 0", "a JSON list"),
        ("windows_1251.json", "byte 10", "another encoding"),
        ("without_chat_id.json", "byte ", "no id"),
    ],
)
def test_bad_files_say_where_and_what(name: str, place: str, found: str) -> None:
    with pytest.raises(BadFile) as error:
        events(name)
    assert error.value.place.startswith(place)
    assert found in str(error.value)
    assert "канарейка" not in str(error.value)


def test_every_truncation_is_an_error_and_none_crashes(tmp_path: Path) -> None:
    whole = (FIXTURES / "single_chat" / "result.json").read_bytes().rstrip()
    path = tmp_path / "result.json"
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(BadFile):
            list(TelegramReader().read(SOURCE, Item("result.json", path), CONTEXT))


def test_damage_in_a_large_file_is_told_without_reading_on(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"id": 1, "type": "public_channel", "messages": [{"id": 1, oops}' + " " * 5_000_000, encoding="utf-8")
    with pytest.raises(BadFile, match="byte 49"):
        list(TelegramReader().read(SOURCE, Item("result.json", path), CONTEXT))


class TestItems:
    def item_names(self, path: Path) -> Iterator[str]:
        return (item.name for item in TelegramReader().items(SOURCE.model_copy(update={"path": path}), CONTEXT))

    def test_attachments_and_hidden_files_are_no_exports(self, tmp_path: Path) -> None:
        for name in ("b/result.json", "b/files/homework.json", "a/result.json.gz", ".trash/result.json", "c/chat.json"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
        assert list(self.item_names(tmp_path)) == ["a/result.json.gz", "b/result.json", "c/chat.json"]

    def test_packed_file_reads_like_the_plain_one(self, tmp_path: Path) -> None:
        plain = FIXTURES / "full_export.json"
        packed = tmp_path / "full_export.json.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        assert rows(list(TelegramReader().read(SOURCE, Item("x", packed), CONTEXT)), "messages") == rows(
            events("full_export.json"), "messages"
        )

    def test_packed_file_cut_off(self, tmp_path: Path) -> None:
        packed = tmp_path / "result.json.gz"
        packed.write_bytes(gzip.compress((FIXTURES / "full_export.json").read_bytes())[:-30])
        with pytest.raises(BadFile, match="found its end: the packed file is cut off or damaged"):
            list(TelegramReader().read(SOURCE, Item("x", packed), CONTEXT))

    def test_pages_are_one_item_that_changes_with_any_of_them(self, tmp_path: Path) -> None:
        for name in ("messages.html", "messages2.html"):
            (tmp_path / name).write_text("<html>")
        (first,) = TelegramReader().items(SOURCE.model_copy(update={"path": tmp_path}), CONTEXT)
        assert first.name == "messages.html"
        (tmp_path / "messages2.html").write_text("<html>more")
        (second,) = TelegramReader().items(SOURCE.model_copy(update={"path": tmp_path}), CONTEXT)
        assert first.fingerprint != second.fingerprint

    def test_where_both_formats_lie_the_json_is_read(self, tmp_path: Path) -> None:
        for name in ("a/result.json", "a/messages.html", "a/chats/chat_1/messages.html", "b/messages.html", "b/files/x.json"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
        assert list(self.item_names(tmp_path)) == ["a/result.json", "b/messages.html"]

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(BadSource):
            list(self.item_names(tmp_path / "nowhere"))
        with pytest.raises(BadSource):
            list(self.item_names(tmp_path))


def test_same_input_same_rows() -> None:
    assert events("full_export.json") == events("full_export.json")


def test_an_export_fits_the_contract_and_loads_once(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes((FIXTURES / "full_export.json").read_bytes())
    source = Source(name="chat", kind="telegram", path=Path())
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(source,))
    run_at = datetime(2026, 11, 22, tzinfo=UTC)
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        (load,) = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=run_at)
        assert (load.state, load.problem, load.kept["messages"]) == ("loaded", None, 7)
        tables = {name: warehouse.value(f"select count(*) from raw.{name}") for name in ("messages", "chats", "accounts", "addressees")}
        assert tables == {"messages": 7, "chats": 5, "accounts": 3, "addressees": 4}
        (again,) = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=run_at)
        assert again.state == "unchanged"


def test_a_cut_off_export_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes((FIXTURES / "cut_off.json").read_bytes())
    source = Source(name="chat", kind="telegram", path=Path())
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        (load,) = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 22, tzinfo=UTC))
        assert load.state == "failed"
        assert "the end of the file" in (load.problem or "")
        assert warehouse.value("select count(*) from raw.messages") == 0


def test_the_second_after_the_last_year_is_no_date() -> None:
    from zoneinfo import ZoneInfo

    from pipelines.sources.chats.telegram.block import moments

    raws = [{"date_unixtime": "253402300800"}, {"date_unixtime": "253402300799"}]
    assert moments(raws, "date_unixtime", "date", ZoneInfo("UTC")).is_valid().to_pylist() == [False, True]


class TestArchives:
    def pack(self, path: Path, folder: Path, beside: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    archive.write(file, f"ChatExport_2026-09-08/{file.relative_to(folder).as_posix()}")
            for name, content in beside.items():
                archive.writestr(name, content)
        return path

    @pytest.mark.parametrize(("folder", "name"), [("single_chat", "result.json"), ("both_formats/pages", "messages.html")])
    def test_export_that_was_packed_is_the_same_export(self, folder: str, name: str, tmp_path: Path) -> None:
        beside = {
            "ChatExport_2026-09-08/photos/a.jpg": b"x",
            "ChatExport_2026-09-08/files/sent.zip": b"no archive",
            "../out.json": b"{}",
            "/out.json": b"{}",
        }
        archive = self.pack(tmp_path / "chat.zip", FIXTURES / folder, beside)
        found = list(TelegramReader().read(SOURCE, Item(archive.name, archive), CONTEXT))
        expected = events(f"{folder}/{name}")
        for record in ("messages", "chats", "accounts", "addressees"):
            assert rows(found, record) == rows(expected, record)
        assert found[-1] == expected[-1]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["chat.zip"]

    def test_archives_of_exports_are_items_and_others_are_none(self, tmp_path: Path) -> None:
        self.pack(tmp_path / "chat.zip", FIXTURES / "single_chat", {})
        self.pack(tmp_path / "pictures.zip", tmp_path / "none", {"a.png": b"x"})
        (tmp_path / "chat.rar").write_bytes(b"Rar!")
        source = SOURCE.model_copy(update={"path": tmp_path})
        packed, archive = TelegramReader().items(source, CONTEXT)
        assert (packed.name, archive.name) == ("chat.rar", "chat.zip")
        with pytest.raises(BadFile, match="an archive of another kind"):
            list(TelegramReader().read(source, packed, CONTEXT))
        with pytest.raises(BadFile, match="expected an export of Telegram Desktop"):
            list(TelegramReader().read(source, Item("pictures.zip", tmp_path / "pictures.zip"), CONTEXT))
        (tmp_path / "chat.zip").write_bytes((tmp_path / "chat.zip").read_bytes()[:-40])
        with pytest.raises(BadFile, match="ZIP archive"):
            list(TelegramReader().read(source, Item("chat.zip", tmp_path / "chat.zip"), CONTEXT))
