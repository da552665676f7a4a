"""Real and large exports of Telegram Desktop, against what is known of them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.loading import load_item, load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.chats.telegram import TelegramReader
from pipelines.warehouse import Warehouse

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)
CHATS = {"A": 1562138089, "B": 1258823670, "C": 1252340654, "D": 1332696288}

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not (DATA / "moodle_channels").is_dir(), reason="the folder of real data (../shared/data) is not here"),
]


def programme(*sources: Source) -> Programme:
    return Programme(id="p", name="p", folder=DATA, sources=sources)


def truth() -> dict[str, Any]:
    with gzip.open(DATA / "moodle_channels" / "truth.json.gz") as content:
        return json.load(content)


def test_real_supergroup_loads_without_a_lost_message() -> None:
    source = Source(name="real", kind="telegram", path=Path("telegram"))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        (load,) = load_source(warehouse, programme(source), source, pseudonyms=PSEUDONYMS, run_at=RUN_AT)
        assert load.problem is None
        assert load.seen == {"messages": 6101}
        assert load.kept["messages"] + load.rejected.get("messages", 0) == 6101
        posts, services, replies, edits, polls = warehouse.rows(
            "select count(*) filter (kind = 'post'), count(*) filter (kind = 'service'), count(reply_to_id), count(edited_at), "
            "count(*) filter (media = 'poll') from raw.messages"
        )[0]
        assert (posts, services, replies, edits, polls) == (4990, 1111, 1903, 1130, 3)
        again = load_source(warehouse, programme(source), source, pseudonyms=PSEUDONYMS, run_at=RUN_AT)
        assert [load.state for load in again] == ["unchanged"]


@pytest.fixture(scope="module")
def loaded() -> Any:
    source = Source(name="chat", kind="telegram", path=Path("moodle_channels/telegram"))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        loads = load_source(warehouse, programme(source), source, pseudonyms=PSEUDONYMS, run_at=RUN_AT)
        assert [load.problem for load in loads] == [None] * 6
        yield warehouse


def test_overlapping_exports_give_each_message_once(loaded: Warehouse) -> None:
    counts = dict(loaded.rows("select chat_id, count(*) from raw.messages group by all"))
    expected = truth()["telegram"]["chats"]
    assert {name: counts[f"telegram:chat:{chat}"] for name, chat in CHATS.items()} == {
        name: chat["messages"] for name, chat in expected.items()
    }
    kinds = dict(loaded.rows("select kind, count(*) from raw.chats group by all"))
    assert kinds == {"supergroup": 4, "group": 1, "personal": 3, "saved": 1}


def test_renamed_people_have_the_name_that_the_newest_export_shows(loaded: Warehouse) -> None:
    """An export shows everybody under the name of its own day, and of two exports the one that reaches further is the newer."""
    names = dict(loaded.rows("select native_id, display_name from personal.accounts"))
    renamed = {native for native, known in truth()["telegram"]["accounts"].items() if known["later_name"]}
    shown: dict[str, tuple[int, str]] = {}
    for file in sorted((DATA / "moodle_channels/telegram").glob("*/result.json.gz")):
        with gzip.open(file) as content:
            export = json.load(content)
        messages = [message for chat in export.get("chats", {"list": [export]})["list"] for message in chat["messages"]]
        until = max(int(message.get("edited_unixtime", message["date_unixtime"])) for message in messages)
        in_this = {message["from_id"]: message["from"] for message in messages if message.get("from_id") in renamed and message.get("from")}
        for native, name in in_this.items():
            shown[native] = max(shown.get(native, (0, "")), (until, name))
    assert len(shown) >= 5
    assert {native: names[native] for native in shown} == {native: name for native, (_, name) in shown.items()}


@pytest.mark.parametrize("first", [0, 1], ids=["older export first", "newer export first"])
def test_edits_and_deletions_between_two_exports_are_noticed_whichever_comes_first(first: int) -> None:
    source = Source(name="chat", kind="telegram", path=Path("moodle_channels/telegram"))
    where = source.model_copy(update={"path": DATA / "moodle_channels/telegram"})
    reader = TelegramReader()
    items = [item for item in reader.items(where, None) if item.name.startswith("chat_A")]  # type: ignore[arg-type]
    assert len(items) == 2
    changes = truth()["telegram"]["overlap_A"]["changes"]
    edited = {one["message_id"]: one for one in changes if one["change"] == "edited"}
    deleted = {one["message_id"] for one in changes if one["change"] == "deleted_after_first_export"}
    assert (len(edited), len(deleted)) == (20, 16)

    def number(message_id: str) -> int:
        return int(message_id.rpartition(":")[2])

    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for item in (items[first], items[1 - first]):
            load = load_item(warehouse, programme(source), source, item, pseudonyms=PSEUDONYMS, run_at=RUN_AT)
            assert load.state == "loaded"
        texts = {number(name): text for name, text in warehouse.rows("select message_id, text from personal.messages")}
        assert len(texts) == 1298
        assert {name: texts[name] for name in edited} == {name: one["new"] for name, one in edited.items()}
        gone = {number(name) for (name,) in warehouse.rows("select message_id from raw.messages where deleted_at is not null")}
        assert gone == deleted
        versions = {number(name): text for name, text in warehouse.rows("select message_id, text from personal.message_versions")}
        assert versions == {name: one["old"] for name, one in edited.items()}
