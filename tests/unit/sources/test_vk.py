"""VK's archives of one's own data: pages with every oddity. All people are invented."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.chats.chat_rows import GONE
from pipelines.sources.chats.vk import VkReader
from tests.unit.sources.chat_reading import FIXTURES, Reading, loaded, names_of, packed, refused, state, texts, wholes

VK = FIXTURES / "vk"


def utc(hour: int, minute: int, second: int = 0, day: int = 19) -> datetime:
    return datetime(2026, 6, day, hour, minute, second, tzinfo=UTC)


@pytest.fixture(scope="module")
def archive() -> Reading:
    return Reading(VkReader(), VK / "archive")


@pytest.fixture(scope="module")
def messages(archive: Reading) -> dict[str, dict]:
    return {row["message_id"].rsplit(":", 1)[1]: row for row in archive.rows("messages")}


def account(archive: Reading, native: str) -> str:
    return archive.account(native, "vk")


def test_chats_their_kinds_and_titles(archive: Reading):
    assert sorted((row["title"], row["channel"], row["kind"]) for row in archive.rows("chats")) == [
        ("Курс-5", "chat", "group"), ("Пётр Образцов", "direct", "personal"), ("Школа", "direct", "personal"),
    ]  # fmt: skip
    assert not any(number in row["chat_id"] for row in archive.rows("chats") for number in ("202", "77", "2000000005"))


def test_dates_in_both_languages_are_in_the_programmes_zone(messages: dict[str, dict]):
    assert messages["51"]["sent_at"] == utc(14, 15, 2)
    assert messages["70"]["sent_at"] == utc(14, 15, 2)
    assert messages["71"]["sent_at"] == utc(14, 16, 2)


@pytest.mark.parametrize(
    ("own", "date"), [("Ви", "19 чер 2026 о 17:16:02"), ("You", "at 17:16:02 on 19 Jun 2026"), ("Вы", "19 июня 2026 г., 17:16:02")]
)
def test_dates_and_own_messages_in_other_languages(own: str, date: str, tmp_path: Path):
    page = (VK / "archive" / "messages" / "202" / "messages0.html").read_text(encoding="windows-1251")
    (tmp_path / "messages" / "202").mkdir(parents=True)
    (tmp_path / "messages" / "202" / "messages0.html").write_text(
        page.replace("You, at 5:16:02 pm on 19 Jun 2026", f"{own}, {date}"), encoding="utf-8"
    )
    found = Reading(VkReader(), tmp_path)
    (row,) = (row for row in found.rows("messages") if row["message_id"].endswith(":71"))
    assert row["sent_at"] == utc(14, 16, 2)
    assert row["account_id"] == account(found, "id101")


def test_own_messages_are_the_owners(archive: Reading, messages: dict[str, dict]):
    owner = account(archive, "id101")
    assert [messages[number]["account_id"] for number in ("54", "58", "71")] == [owner] * 3
    names = {row["native_id"]: row["display_name"] for row in archive.rows("accounts")}
    assert names == {"id101": "Лидия Примерова", "id202": "Пётр Образцов", "id303": None, "club77": "Школа"}


def test_deleted_account_and_community(archive: Reading):
    accounts = {row["native_id"]: row for row in archive.rows("accounts")}
    assert [native for native, row in accounts.items() if row["is_deleted"]] == ["id303"]
    assert [native for native, row in accounts.items() if row["is_service"]] == ["club77"]


def test_words_without_markup(messages: dict[str, dict]):
    assert messages["54"]["text"] == "Пётр, где задание?\nи срок <какой>?"
    assert messages["54"]["question_marks"] == 2


def test_mentions_and_the_other_one_of_a_conversation(archive: Reading, messages: dict[str, dict]):
    found = {(row["message_id"].rsplit(":", 1)[1], row["role"], row["account_id"]) for row in archive.rows("addressees")}
    assert found == {
        ("54", "mention", account(archive, "id202")), ("71", "member", account(archive, "id202")), ("70", "member", account(archive, "id101")),
        ("80", "member", account(archive, "id101")),
    }  # fmt: skip


def test_edit_media_forward_and_notice(messages: dict[str, dict]):
    assert messages["59"]["edited_at"] == utc(14, 25, 10)
    assert messages["59"]["text"] == "исправленное"
    assert {number: row["media"] for number, row in messages.items() if row["media"]} == {"58": "poll", "56": "photo", "55": "voice"}
    assert [number for number, row in messages.items() if row["is_forwarded"]] == ["56"]
    assert [number for number, row in messages.items() if row["kind"] == "service"] == ["53"]
    assert messages["53"]["text"] == "Пётр Образцов пригласил Веру"


def test_rejected_messages_are_named_by_place_and_reason_only(archive: Reading):
    assert archive.rejected == [
        ("conversation 3, page 0, message 4", GONE),
        ("conversation 3, page 50, message 3", "no id"),
        ("conversation 3, page 50, message 4", "no readable date"),
    ]


def test_covers_until_the_archive_was_made_and_conversations_are_whole(archive: Reading):
    assert archive.covers.until == datetime.fromtimestamp(1795305600, UTC)
    spans = sorted((whole.since, whole.until) for whole in wholes(archive))
    assert spans == [(utc(14, 15, 2), utc(14, 16, 2)), (utc(14, 15, 2), utc(14, 20)), (utc(6, 0, day=20), utc(6, 0, day=20))]


def test_zip_is_the_same_as_the_folder(archive: Reading, tmp_path: Path):
    files = {f"Archive/{file.relative_to(VK / 'archive').as_posix()}": file.read_bytes() for file in (VK / "archive").rglob("*.html")}
    zipped = Reading(VkReader(), packed(tmp_path / "Archive.zip", files))
    for record in ("messages", "chats", "accounts", "addressees"):
        assert zipped.rows(record) == archive.rows(record)


def test_items_are_archives(tmp_path: Path):
    shutil.copytree(VK / "archive", tmp_path / "one")
    packed(tmp_path / "two.zip", {"messages/1/messages0.html": "x"})
    assert names_of(VkReader(), tmp_path) == ["one", "two.zip"]


def test_page_in_utf8():
    assert Reading(VkReader(), VK / "utf8").column("messages", "text") == ["ответ"]


def test_pages_that_are_none(tmp_path: Path):
    assert "cut off" in refused(VkReader(), VK / "cut_off")
    assert "found none" in refused(VkReader(), packed(tmp_path / "other.zip", {"photos/1.jpg": b"x"}))
    assert "an empty file" in refused(VkReader(), packed(tmp_path / "empty.zip", {"messages/1/messages0.html": b""}))


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 100_000 + b"</html>",
        b"\x00\xff" * 5_000 + b"</html>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><div class="message">&a;</div></html>',
    ],
    ids=["deep", "noise", "entity"],
)
def test_hostile_pages_take_no_time(page: bytes, tmp_path: Path):
    began = datetime.now(UTC)
    reading_or_refusal(packed(tmp_path / "hostile.zip", {"messages/1/messages0.html": page}))
    assert (datetime.now(UTC) - began).total_seconds() < 5


def reading_or_refusal(path: Path) -> None:
    with suppress(BadFile):
        Reading(VkReader(), path)


@pytest.mark.parametrize("order", [("archive", "later"), ("later", "archive")], ids=["earlier first", "later first"])
def test_overlapping_archives_give_the_same_whichever_comes_first(order: tuple[str, str]):
    with loaded("vk", (VK / "archive", VK / "later")) as forward, loaded("vk", [VK / name for name in order]) as warehouse:
        assert state(warehouse) == state(forward)
        assert texts(warehouse, "deleted_at is not null") == ["глядите"]
        assert texts(warehouse, "edited_at is not null") == ["исправленное ещё раз"]
        assert "новое" in texts(warehouse)


def test_an_answer_to_what_was_deleted_is_not_deleted_and_a_call_is_no_post(tmp_path: Path):
    page = (VK / "archive" / "messages" / "202" / "messages0.html").read_text(encoding="windows-1251")
    entry = """<div class="item"><div class='item__main'><div class="message" data-id="{}">
  <div class="message__header">Вы, 19 июн 2026 в 17:1{}:02</div>
  <div><div class="kludges">{}</div></div>
</div></div></div>"""
    kinds = (("Сообщение удалено", "Стикер"), ("Сообщение удалено",), ("Звонок",))
    entries = (
        entry.format(
            900 + number,
            number,
            "".join(f'<div class="attachment"><div class="attachment__description">{kind}</div></div>' for kind in some),
        )
        for number, some in enumerate(kinds)
    )
    folder = tmp_path / "messages" / "202"
    folder.mkdir(parents=True)
    begin = page.index('<div class="item">')
    (folder / "messages0.html").write_text(f"{page[:begin]}{''.join(entries)}</div></div></body></html>", encoding="utf-8")
    reading = Reading(VkReader(), tmp_path)
    assert [(row["kind"], row["media"]) for row in reading.rows("messages")] == [("post", "sticker"), ("service", None)]
    assert [reason for _, reason in reading.rejected] == [GONE]
