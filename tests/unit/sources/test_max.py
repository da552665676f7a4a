"""MAX: saved answers of the Bot API, and the service on this machine's loopback. All people are invented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BadFile, BadSource, SourceAway
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources.chats.max import PAGE, MaxReader
from pipelines.warehouse import Warehouse
from tests.unit.sources.chat_reading import texts
from tests.unit.sources.loopback import Asked, Reply, serving
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, PSEUDONYMS, Reading

FOLDER = FIXTURES / "max"
FIRST = datetime(2026, 9, 8, 6, tzinfo=UTC)


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


# -- saved answers -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved() -> Reading:
    return Reading(MaxReader(), FOLDER / "messages.json")


def test_messages_replies_forwards_and_posts_of_a_channel(saved: Reading):
    rows = {row["message_id"].rsplit(":", 1)[1]: row for row in saved.rows("messages")}
    assert set(rows) == {"mid.0a", "mid.0b", "mid.0c", "mid.0d", "mid.c1"}
    assert rows["mid.0b"]["reply_to_id"] == "max:message:-70:mid.0a" == rows["mid.0a"]["message_id"]
    assert rows["mid.0a"]["sent_at"] == datetime.fromtimestamp(1788876000, UTC)
    assert (rows["mid.0a"]["media"], rows["mid.0c"]["media"], rows["mid.0d"]["media"]) == ("file", "photo", None)
    assert (rows["mid.0c"]["text"], rows["mid.0c"]["is_forwarded"], rows["mid.0c"]["reply_to_id"]) == ("Вебинар перенесён", True, None)
    assert (rows["mid.c1"]["account_id"], rows["mid.c1"]["text"]) == (None, "Открыт второй модуль")
    assert {row["chat_id"]: row["kind"] for row in saved.rows("chats")} == {"max:chat:-70": "group", "max:chat:-72": "channel"}


def test_people_bots_and_mentions(saved: Reading):
    shown = {row["native_id"]: (row["display_name"], row["is_bot"], row["username"]) for row in saved.rows("accounts")}
    assert shown == {
        "11": ("Ирина Полевая", None, None), "12": ("Анна Кураторова", None, None), "13": ("Олег", None, None),
        "14": ("Помощник", True, "helper_bot"),
    }  # fmt: skip
    assert [(row["account_id"], row["role"]) for row in saved.rows("addressees")] == [(saved.account("11", "max"), "mention")]


def test_what_is_no_message_of_a_chat_is_counted(saved: Reading):
    assert saved.rejected == [
        ("message 6", "no chat"),
        ("message 7", "no readable date"),
        ("message 8", "no id"),
        ("message 9", "not an object"),
    ]


def test_a_kind_that_is_no_word_is_none(tmp_path: Path):
    odd = {"recipient": {"chat_id": -70, "chat_type": ["chat"]}, "timestamp": 1788876000000, "body": {"mid": "mid.1", "text": "?"}}
    file = {
        "recipient": {"chat_id": -70, "chat_type": "chat"},
        "timestamp": 1788876000000,
        "body": {"mid": "mid.2", "text": "!", "attachments": [{"type": {}}]},
    }
    path = tmp_path / "messages.json"
    path.write_text(json.dumps({"messages": [odd, file]}), encoding="utf-8")
    read = Reading(MaxReader(), path)
    assert read.rejected == [("message 1", "no chat")]
    assert [row["media"] for row in read.rows("messages")] == [None]


@pytest.mark.parametrize(
    ("name", "found"),
    [("cut_off.json", "no JSON, or one that is cut off"), ("empty.json", "an empty file"), ("refusal.json", "other JSON")],
)
def test_what_is_no_whole_answer_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        Reading(MaxReader(), FOLDER / name)


# -- the service -------------------------------------------------------------------------------------------------------------------


class Service:
    """Answers as the schema says; ``includes``: whether the bounds themselves are within."""

    def __init__(self, count: int, includes: bool) -> None:
        self.includes = includes
        self.asked: list[Asked] = []
        self.messages = {-70: [self.message(-70, number, FIRST + timedelta(hours=number)) for number in range(count)], -71: []}
        self.lists_chats = True
        self.last_event = {-70: millis(FIRST + timedelta(hours=count - 1)), -71: millis(FIRST)}

    @staticmethod
    def message(chat: int, number: int, at: datetime, text: str | None = None) -> dict[str, Any]:
        sender = {"user_id": 11 + number % 2, "first_name": ("Ирина", "Анна")[number % 2], "is_bot": False}
        return {
            "sender": sender, "recipient": {"chat_id": chat, "chat_type": "chat"}, "timestamp": millis(at),
            "body": {"mid": f"mid.{number:04x}", "seq": number, "text": text or f"слово {number}"},
        }  # fmt: skip

    def told(self, chat: int) -> dict[str, Any]:
        return {
            "chat_id": chat, "type": "chat", "status": "active" if chat == -70 else "removed", "title": "Курс 7",
            "last_event_time": self.last_event[chat], "messages_count": len(self.messages[chat]), "participants_count": 3,
        }  # fmt: skip

    def __call__(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.headers.get("authorization") != "a-token":
            return Reply({"code": "verify.token"}, status=401)
        parts = asked.path.strip("/").split("/")
        if parts == ["chats"]:
            if not self.lists_chats:
                return Reply({"code": "not.found"}, status=404)
            marker = int(asked.given.get("marker", 0))
            chats = [-70, -71]
            return Reply({"chats": [self.told(chats[marker])], "marker": marker + 1 if marker + 1 < len(chats) else None})
        if parts[0] == "chats" and parts[-1] == "members":
            if asked.given.get("marker"):
                return Reply({"members": [], "marker": None})
            return Reply(
                {
                    "members": [{"user_id": 30, "first_name": "Галина", "last_name": "Луговая", "last_access_time": millis(FIRST)}],
                    "marker": 5,
                }
            )
        if parts[0] == "chats":
            pinned = self.messages[-70][0] if int(parts[1]) == -70 else None
            return Reply(self.told(int(parts[1])) | {"pinned_message": pinned})
        after, before = int(asked.given.get("after", 0)), int(asked.given.get("before", 1 << 62))
        edge = 0 if self.includes else 1
        found = [one for one in self.messages[int(asked.given["chat_id"])] if after + edge <= one["timestamp"] <= before - edge]
        return Reply({"messages": sorted(found, key=lambda one: -one["timestamp"])[: int(asked.given["count"])]})


@pytest.fixture(params=[True, False], ids=["bounds within", "bounds without"])
def service(request: pytest.FixtureRequest) -> Service:
    return Service(2 * PAGE + 17, request.param)


SOURCE = Source(name="chat", kind="max", requests_per_second=1000)


class Loading:
    """One warehouse into which one source is loaded night after night."""

    def __init__(self, address: str, source: Source = SOURCE) -> None:
        self.address, self.source = address, source
        self.warehouse = Warehouse.open(None)
        self.warehouse.create_schemas()
        self.nights = 0

    def night(self) -> None:
        self.nights += 1
        programme = Programme(id="p", name="p", folder=FOLDER, sources=(self.source,))
        loads = load_source(
            self.warehouse, programme, self.source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 20 + self.nights, tzinfo=UTC),
            url=self.address, token="a-token",
        )  # fmt: skip
        assert all(load.state != "failed" for load in loads), [load.problem for load in loads]


@pytest.fixture
def loading(service: Service) -> Iterator[Loading]:
    with serving(service) as address:
        made = Loading(address)
        with made.warehouse:
            yield made


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_all_of_a_chat_is_read_once_and_then_only_the_last_days(service: Service, loading: Loading):
    loading.night()
    assert loading.warehouse.value("select count(*) from raw.messages") == 2 * PAGE + 17
    assert loading.warehouse.rows("select title from personal.chats join raw.chats using (chat_id)") == [("Курс 7",)]
    assert loading.warehouse.value("select count(*) from raw.messages where is_pinned") == 1
    assert loading.warehouse.value("select count(*) from personal.accounts where display_name = 'Галина Луговая'") == 1
    service.asked.clear()
    loading.night()
    assert [asked for asked in service.asked if asked.path == "/messages"] == []
    late = FIRST + timedelta(hours=2 * PAGE + 20)
    service.messages[-70].append(service.message(-70, 5000, late))
    service.last_event[-70] = millis(late)
    service.asked.clear()
    loading.night()
    (question,) = [asked for asked in service.asked if asked.path == "/messages"]
    assert int(question.given["after"]) == millis(FIRST + timedelta(hours=2 * PAGE + 16) - timedelta(days=3))
    assert loading.warehouse.value("select count(*) from raw.messages") == 2 * PAGE + 18


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_edits_of_the_last_days_are_versions_and_what_lacks_is_deleted(service: Service, loading: Loading):
    loading.night()
    edited, deleted = service.messages[-70][-3], service.messages[-70][-1]
    edited["body"]["text"] = "слово, как надо"
    service.messages[-70].remove(deleted)
    service.last_event[-70] += 60_000
    loading.night()
    assert "слово, как надо" in texts(loading.warehouse)
    assert loading.warehouse.rows("select text from personal.message_versions") == [(f"слово {2 * PAGE + 14}",)]
    assert loading.warehouse.rows("select message_id from raw.messages where deleted_at is not null") == [
        (f"max:message:-70:{deleted['body']['mid']}",)
    ]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_without_a_list_of_chats_their_ids_are_in_the_source(service: Service):
    service.lists_chats = False
    with serving(service) as address:
        with pytest.raises(BadSource, match="answered 404"):
            list(MaxReader().items(SOURCE, replace(CONTEXT, url=address, token="a-token")))
        named = SOURCE.model_copy(update={"chats": (-70,)})
        assert [item.name for item in MaxReader().items(named, replace(CONTEXT, url=address, token="a-token"))] == ["-70"]


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_service_whose_pages_do_not_go_back_is_no_whole_history(service: Service):
    """Whoever does not know "before" gives the newest page for ever."""

    def answer(asked: Asked) -> Reply:
        asked.given.pop("before", None)
        return service(asked)

    with serving(answer) as address:
        reader, context = MaxReader(), replace(CONTEXT, url=address, token="a-token")
        (item,) = reader.items(SOURCE, context)
        with pytest.raises(BadSource, match="do not go back"):
            list(reader.read(SOURCE, item, context))


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_one_clear_error_each(service: Service, tmp_path: Path):
    with pytest.raises(BadSource, match="MAYAK_SOURCES__CHAT__TOKEN"):
        list(MaxReader().items(SOURCE, CONTEXT))
    with serving(service) as address, pytest.raises(BadSource, match="answered 401"):
        list(MaxReader().items(SOURCE, replace(CONTEXT, url=address, token="another")))
    with serving(lambda asked: Reply([])) as address, pytest.raises(BadSource, match="other JSON"):
        list(MaxReader().items(SOURCE, replace(CONTEXT, url=address, token="a-token")))
    with serving(lambda asked: Reply(status=503)) as address, pytest.raises(SourceAway, match="answered 503"):
        list(MaxReader(sleep=lambda seconds: None).items(SOURCE, replace(CONTEXT, url=address, token="a-token")))
    no_certificate = tmp_path / "authorities.pem"
    no_certificate.write_text("none", encoding="utf-8")
    for path in (no_certificate, tmp_path / "absent.pem"):
        with pytest.raises(BadSource, match="expected certificates"):
            list(
                MaxReader().items(
                    SOURCE.model_copy(update={"certificates": path}), replace(CONTEXT, url="https://127.0.0.1:1", token="a-token")
                )
            )
