"""However an export is laid out, whole pieces and single values parse to the same rows; a damaged one is a bad file and nothing else."""

from __future__ import annotations

import copy
import gzip
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.chats.telegram import TelegramReader
from pipelines.sources.chats.telegram.fields import text_of
from pipelines.sources.formats import json_stream
from pipelines.sources.formats.json_stream import JsonStream
from pipelines.sources.formats.plain_text import count_question_marks, count_words, text_counts, word_counts
from pipelines.sources.reading import Batch, Context, Event, Item, Rejected, Seen

FIXTURES = Path(__file__).parents[2] / "fixtures" / "telegram"
CONTEXT = Context(Pseudonyms(b"a key for tests only"), ZoneInfo("Europe/Moscow"), "ru")
SOURCE = Source(name="chat", kind="telegram", path=FIXTURES)
GOOD = ["single_chat/result.json", "full_export.json", "forum_topics.json", "both_formats/result.json", "old_export_without_unixtime.json"]


def read(path: Path) -> list[Event]:
    return list(TelegramReader().read(SOURCE, Item(path.name, path), CONTEXT))


def rows(found: list[Event]) -> dict[str, list[str]]:
    by_record: dict[str, list[str]] = {}
    for event in found:
        if isinstance(event, Batch):
            by_record.setdefault(event.record, []).extend(map(repr, event.table.to_pylist()))
        elif not isinstance(event, Seen):
            by_record.setdefault("other", []).append(repr(event))
    return {record: sorted(lines) for record, lines in by_record.items()}


def one_by_one(stream: JsonStream, lighten: Any = None) -> Iterator[list[Any]]:
    for _ in stream.elements():
        yield [stream.value()]


def chats_of(export: dict[str, Any]) -> list[dict[str, Any]]:
    return [chat for part in ("chats", "left_chats") if part in export for chat in export[part]["list"]] or [export]


def enlarged(name: str, times: int) -> dict[str, Any]:
    """The fixture with its messages many times over, under other numbers."""
    export = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
    for chat in chats_of(export):
        chat["messages"] = [{**message, "id": message["id"] + 1000 * again} for again in range(times) for message in chat["messages"]]
    return export


LAYOUTS: dict[str, dict[str, Any]] = {
    "as Telegram Desktop writes it": {"indent": 1},
    "indented by two": {"indent": 2},
    "on one line": {},
    "without a blank": {"separators": (",", ":")},
    "escaped": {"indent": 1, "ensure_ascii": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", GOOD)
def test_pieces_and_single_values_give_the_same_rows(name: str, layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    options: dict[str, Any] = {"ensure_ascii": False, **LAYOUTS[layout]}
    path.write_text(json.dumps(enlarged(name, 60), **options), encoding="utf-8")
    in_pieces = rows(read(path))
    monkeypatch.setattr(JsonStream, "blocks", one_by_one)
    assert rows(read(path)) == in_pieces
    assert len(in_pieces["messages"]) >= 60


@pytest.mark.parametrize("piece", [1, 40, 300, 1000, 5000])
def test_wherever_the_pieces_are_cut(piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(enlarged("full_export.json", 40), ensure_ascii=False, indent=1), encoding="utf-8")
    whole = rows(read(path))
    monkeypatch.setattr(json_stream, "_FIRST_PIECE", piece)
    monkeypatch.setattr(json_stream, "_LARGEST_PIECE", piece)
    monkeypatch.setattr(json_stream, "_ONE_BY_ONE", 3)
    monkeypatch.setattr(json_stream, "_BLOCK", 97)
    assert rows(read(path)) == whole


def test_most_messages_are_parsed_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the tests above compare the slow way with itself."""
    path = tmp_path / "result.json"
    path.write_text(json.dumps(enlarged("single_chat/result.json", 100), ensure_ascii=False, indent=1), encoding="utf-8")
    taken = []
    value = JsonStream.value

    def counted(stream: JsonStream) -> Any:
        taken.append(1)
        return value(stream)

    monkeypatch.setattr(JsonStream, "value", counted)
    assert len(rows(read(path))["messages"]) == 1000
    assert len(taken) < 30


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r"до\x0Bпосле", "до\x0bпосле"),
        (r"до\\x0B", "до\\x0B"),
        (r"\ud800 половина", "� половина"),
        ("строка\nв строке", "строка\nв строке"),
        (r"},\n  {\n   \"id\": 5", '},\n  {\n   "id": 5'),
    ],
)
def test_what_orjson_refuses_is_read_all_the_same(written: str, expected: str, tmp_path: Path) -> None:
    export = enlarged("single_chat/result.json", 30)
    export["messages"][150]["text"] = "CANARY"
    path = tmp_path / "result.json"
    text = json.dumps(export, ensure_ascii=False, indent=1).replace("CANARY", written)
    path.write_text(text, encoding="utf-8")
    found = [row for event in read(path) if isinstance(event, Batch) and event.record == "messages" for row in event.table.to_pylist()]
    assert len(found) == 300
    assert [row["text"] for row in found if row["text"] == expected] == [expected]


@pytest.mark.parametrize("place", ["video_files/sticker.webm", "(File not included. Change data exporting settings to download.)"])
@pytest.mark.parametrize("behind", ["", ',\n     "more": 1'], ids=["the last member", "before another"])
def test_paths_of_emoji_without_quotes(place: str, behind: str, tmp_path: Path) -> None:
    """Telegram Desktop 4.1 wrote them so, and not a word of such an export was read."""
    export = enlarged("single_chat/result.json", 30)
    said = '"document_id": video_files/x.webm,\n'
    export["messages"][150]["text"] = [{"type": "custom_emoji", "text": "😁", "document_id": "CANARY"}, f" {said}"]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(export, ensure_ascii=False, indent=1).replace('"CANARY"', place + behind), encoding="utf-8")
    found = [row for event in read(path) if isinstance(event, Batch) and event.record == "messages" for row in event.table.to_pylist()]
    assert len(found) == 300
    assert [row["text"] for row in found if "😁" in row["text"]] == [f"😁 {said}"]


def test_words_said_once_are_not_said_twice(tmp_path: Path) -> None:
    """The member that is taken out before parsing matters only where it says something else."""
    plain = {"type": "plain", "text": 'сло"во'}
    mention = {"type": "mention_name", "text": "Кира", "user_id": 500}
    texts: list[dict[str, Any]] = [
        {"text": 'сло"во', "text_entities": [plain]},
        {"text": "", "text_entities": []},
        {"text": "иное", "text_entities": [plain]},
        {"text_entities": [plain]},
        {"text": "Кира", "text_entities": [mention]},
        {"text": [mention, " тут"], "text_entities": [mention, {"type": "plain", "text": " тут"}]},
    ]
    base = {"type": "message", "date_unixtime": "1790000000", "from_id": "user101"}
    messages = [{"id": number, **base, **text} for number, text in enumerate(texts * 50, 1)]
    path = tmp_path / "result.json"
    path.write_text(
        json.dumps({"id": 7, "type": "public_supergroup", "messages": messages}, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    found = read(path)
    words = [row["text"] for event in found if isinstance(event, Batch) and event.record == "messages" for row in event.table.to_pylist()]
    assert words[:6] == ['сло"во', "", "иное", 'сло"во', "Кира", "Кира тут"]
    mentions = sum(event.table.num_rows for event in found if isinstance(event, Batch) and event.record == "addressees")
    assert mentions == 100


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from([10**30, -(10**30), 2**64])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=8
)
ELEMENTS = st.lists(st.dictionaries(st.sampled_from(["id", "text", "},", "a"]), VALUES, max_size=4) | VALUES, max_size=12)


@settings(max_examples=100, deadline=None)
@given(ELEMENTS, st.sampled_from(sorted(LAYOUTS)), st.integers(1, 200))
def test_blocks_are_the_elements(elements: list[Any], layout: str, piece: int) -> None:
    options: dict[str, Any] = {"ensure_ascii": False, **LAYOUTS[layout]}
    content = json.dumps({"list": elements, "after": 1}, **options).encode("utf-8", "surrogatepass")

    def taken(blocks: Any) -> Any:
        try:
            stream = JsonStream(io.BytesIO(content), Path("x.json"))
            return [[part for block in blocks(stream) for part in block] if key == "list" else stream.value() for key in stream.members()]
        except BadFile as error:
            return str(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_FIRST_PIECE", piece)
        patch.setattr(json_stream, "_LARGEST_PIECE", 2 * piece)
        patch.setattr(json_stream, "_ONE_BY_ONE", 2)
        assert repr(taken(JsonStream.blocks)) == repr(taken(one_by_one))


@pytest.mark.parametrize("tail", ["[1, 2,]", "[{}, {},]", '[{"a": 1}\n {"a": 2}]', '[{"a": 1}, {"a": 2}', '[{"a": 1},\n]'])
def test_lists_that_are_none_are_bad_files(tail: str) -> None:
    stream = JsonStream(io.BytesIO(tail.encode()), Path("x.json"))
    with pytest.raises(BadFile):
        list(stream.blocks())


def strange(message: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    message = copy.deepcopy(message)
    for _ in range(chance.randint(1, 3)):
        key = chance.choice([*message, "poll", "reactions", "from_id", "text", "rich_message", "todo_list", "reply_to_peer_id", "new key"])
        message[key] = chance.choice(STRANGE)
    return message


DEEP: Any = {"text": "дно"}
for _ in range(300):
    DEEP = {"type": "bold", "text": [DEEP]}
STRANGE: list[Any] = [
    None, True, 0, -1, 10**30, 1e300, "", "user0", "channel-5", "\ud800", "\x00", [], [[]], {}, {"text": None}, [None, 1, {"type": 1}],
    {"question": [1], "answers": [1, {"text": {}}]}, [{"count": "x"}, {"count": -5}, {"count": 10**12}], DEEP, "2026-13-45", "1e5", "9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_strange_values_are_rows_or_rejects(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    export = enlarged(GOOD[seed % len(GOOD)], 8)
    for chat in chats_of(export):
        chat["messages"] = [strange(one, chance) if chance.random() < 0.3 else one for one in chat["messages"]]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(export, indent=1), encoding="utf-8")
    found = read(path)
    kept = sum(event.table.num_rows for event in found if isinstance(event, Batch) and event.record == "messages")
    assert sum(event.rows for event in found if isinstance(event, Seen)) == kept + sum(isinstance(event, Rejected) for event in found)
    monkeypatch.setattr(JsonStream, "blocks", one_by_one)
    assert rows(read(path)) == rows(found)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(GOOD), st.data())
def test_damaged_exports_are_bad_files_or_rejects_and_nothing_else(tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray((FIXTURES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        wild = st.binary(max_size=10) | st.sampled_from([b"{", b"}", b"]", b'"', b"\\x41", b",,", b"1e999", b"null", b"[" * 2000])
        content[at : at + data.draw(st.integers(0, 20))] = data.draw(wild)
    path = tmp_path / "result.json.gz" if data.draw(st.booleans()) else tmp_path / "result.json"
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    try:
        found = read(path)
    except BadFile:
        return
    kept = sum(event.table.num_rows for event in found if isinstance(event, Batch) and event.record == "messages" and event.counted)
    assert sum(event.rows for event in found if isinstance(event, Seen)) == kept + sum(isinstance(event, Rejected) for event in found)


# The two engines know different Unicode versions: letters of the last few years are left out.
KNOWN = st.characters(max_codepoint=0x1FFFF, exclude_categories=("Cs", "Cn", "Co"), include_characters="-'’.?？؟_6а")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(KNOWN, max_size=30), min_size=1, max_size=5))
def test_columns_are_counted_like_single_texts(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    assert word_counts(column).to_pylist() == list(map(count_words, texts))
    assert text_counts(column)[2].to_pylist() == list(map(count_question_marks, texts))


ACTIONS = (
    "allow_sending_messages attach_menu_bot_allowed boost_apply clear_history create_channel create_group delete_group_photo edit_chat_theme "
    "edit_group_photo edit_group_title gift_code_prize giveaway_launch giveaway_results group_call group_call_scheduled invite_members "
    "invite_to_group_call join_group_by_link join_group_by_request join_group_via_community joined_telegram migrate_from_group "
    "migrate_to_supergroup paid_messages_price_change paid_messages_refund conference_call phone_call pin_message process_suggested_post "
    "proximity_reached refunded_payment remove_members requested_peer requested_phone_number score_in_game send_passport_values send_payment "
    "send_premium_gift send_star_gift send_stars_gift send_ton_gift send_webview_data set_chat_wallpaper set_same_chat_wallpaper "
    "set_messages_ttl stars_prize suggest_birthday suggest_profile_photo suggested_post_refund suggested_post_success take_screenshot "
    "todo_append_tasks todo_completions topic_created topic_edit web_app_bot_allowed poll_append_answer poll_delete_answer change_creator "
    "new_creator_pending no_forwards_toggle no_forwards_request managed_bot_created something_of_2030"
)


def test_every_service_action_is_a_row_of_kind_service(tmp_path: Path) -> None:
    names = ACTIONS.split()
    base = {
        "type": "service",
        "date_unixtime": "1790000000",
        "actor": "Лидия Примерова",
        "actor_id": "user101",
        "text": "",
        "text_entities": [],
    }
    messages = [{"id": number, **base, "action": name, "unknown": {"a": [1]}} for number, name in enumerate(names, 1)]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"id": 7, "type": "public_supergroup", "messages": messages}), encoding="utf-8")
    found = [row for event in read(path) if isinstance(event, Batch) and event.record == "messages" for row in event.table.to_pylist()]
    assert len(found) == len(names)
    assert {(row["kind"], row["media"], row["sent_at"]) for row in found} == {("service", None, datetime.fromtimestamp(1_790_000_000, UTC))}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"text": "", "poll": {"question": [{"type": "bold", "text": "Когда"}, "?"], "answers": [{"text": "Утром"}]}}, "Когда?\nУтром"),
        ({"text": "", "todo_list": {"title": "Дела", "answers": [{"text": "Тест", "id": 1}]}}, "Дела\nТест"),
        ({"text": "", "action": "todo_append_tasks", "items": [{"text": ["Эссе"], "id": 2}]}, "Эссе"),
        ({"text": "", "action": "process_suggested_post", "rejected": True, "comment": "не сейчас"}, "не сейчас"),
        (
            {
                "rich_message": {
                    "rtl": False,
                    "blocks": [{"type": "title", "text": "Тема"}, {"type": "list", "items": [{"text": ["пункт"]}]}],
                }
            },
            "Тема\nпункт",
        ),
        ({"text_entities": [{"type": "plain", "text": "только тут"}]}, "только тут"),
    ],
    ids=["poll", "to-do list", "added tasks", "comment", "article", "entities only"],
)
def test_all_words_of_a_message(message: dict[str, Any], words: str) -> None:
    assert text_of(message) == words
