"""HTML exports of Telegram Desktop beside the JSON export of the same chat. All people are invented; pages by :mod:`telegram_pages`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import BadFile
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.chats.telegram import TelegramReader
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen, Whole
from pipelines.warehouse import Warehouse
from tests.unit.sources.telegram_pages import write_pages

BOTH = Path(__file__).parents[2] / "fixtures" / "telegram" / "both_formats"
PAGES = BOTH / "pages"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Asia/Yekaterinburg"), "ru")
TITLE = "Пример-36 «Поток» & Ко"
SOURCE = Source(name="chat", kind="telegram", path=BOTH, chat_ids={TITLE: 700})


def read(path: Path, source: Source = SOURCE) -> list[Event]:
    return list(TelegramReader().read(source, Item(path.name, path), CONTEXT))


def rows(found: list[Event], record: str = "messages") -> list[dict[str, Any]]:
    return [row for event in found if isinstance(event, Batch) and event.record == record for row in event.table.to_pylist()]


def by_number(found: list[Event]) -> dict[int, dict[str, Any]]:
    return {int(row["message_id"].rpartition(":")[2]): row for row in rows(found)}


@pytest.fixture(scope="module")
def document() -> dict[int, dict[str, Any]]:
    return by_number(read(BOTH / "result.json"))


@pytest.fixture(scope="module")
def pages() -> dict[int, dict[str, Any]]:
    return by_number(read(PAGES / "messages.html"))


def test_both_formats_hold_the_same_messages(document: dict[int, dict[str, Any]], pages: dict[int, dict[str, Any]]) -> None:
    assert sorted(pages) == sorted(document)
    assert len(pages) == 14
    same = ("message_id", "chat_id", "channel", "kind", "media", "is_pinned", "is_forwarded", "is_private")
    for number, row in document.items():
        assert {key: pages[number][key] for key in same} == {key: row[key] for key in same}, number


def test_both_formats_name_who_reacted() -> None:
    """Of the pages without a time, and by name."""
    of_document = [row for row in rows(read(BOTH / "result.json"), "addressees") if row["role"] == "reaction"]
    of_pages = [row for row in rows(read(PAGES / "messages.html"), "addressees") if row["role"] == "reaction"]
    assert of_document
    assert [row["message_id"] for row in of_pages] == [row["message_id"] for row in of_document]
    names = {row["account_id"]: row["display_name"] for row in rows(read(PAGES / "messages.html"), "accounts")}
    known = {row["account_id"]: row["display_name"] for row in rows(read(BOTH / "result.json"), "accounts")}
    assert [names[row["account_id"]] for row in of_pages] == [known[row["account_id"]] for row in of_document]
    assert all(row["acted_at"] is None for row in of_pages)
    assert all(row["acted_at"] for row in of_document)


@pytest.mark.parametrize("field", ["text", "words", "chars", "question_marks", "reactions"])
def test_both_formats_hold_the_same_words(field: str, document: dict[int, dict[str, Any]], pages: dict[int, dict[str, Any]]) -> None:
    assert {number: row[field] for number, row in pages.items()} == {number: row[field] for number, row in document.items()}


def test_posts_have_the_same_times_and_replies(document: dict[int, dict[str, Any]], pages: dict[int, dict[str, Any]]) -> None:
    posts = [number for number, row in document.items() if row["kind"] == "post"]
    assert len(posts) == 12
    assert {number: pages[number]["sent_at"] for number in posts} == {number: document[number]["sent_at"] for number in posts}
    # Message 13 answers in another chat, which the pages do not name.
    assert document[13]["reply_to_id"] == "telegram:message:901:44"
    assert pages[13]["reply_to_id"] is None
    posts.remove(13)
    assert {number: pages[number]["reply_to_id"] for number in posts} == {number: document[number]["reply_to_id"] for number in posts}
    assert [number for number in posts if pages[number]["reply_to_id"]] == [3, 12]


def test_a_service_line_has_the_time_of_the_message_before_it(pages: dict[int, dict[str, Any]]) -> None:
    assert pages[5]["sent_at"] == pages[4]["sent_at"]
    assert pages[10]["sent_at"] == pages[9]["sent_at"]


def test_joined_messages_have_the_author_above_and_the_deleted_none(
    document: dict[int, dict[str, Any]], pages: dict[int, dict[str, Any]]
) -> None:
    def author(name: str) -> str:
        return PSEUDONYMS.of("telegram", f"name:700:{name}")

    lidia, oleg = author("Лидия Примерова"), author("Олег Образцов")
    assert [pages[number]["account_id"] for number in (1, 2, 3, 4)] == [lidia, lidia, oleg, oleg]
    assert pages[6]["account_id"] == author('Анна & Co "Пример"')
    assert pages[7]["account_id"] == lidia  # passed on by her, whoever wrote it
    assert pages[8]["account_id"] is None


def test_people_are_names_in_a_chat() -> None:
    accounts = {row["display_name"]: row["native_id"] for row in rows(read(PAGES / "messages.html"), "accounts")}
    assert accounts == {name: f"name:700:{name}" for name in ("Лидия Примерова", "Олег Образцов", 'Анна & Co "Пример"')}


def test_without_its_number_the_chat_is_a_hash_of_its_title() -> None:
    found = read(PAGES / "messages.html", SOURCE.model_copy(update={"chat_ids": {}}))
    (chat,) = rows(found, "chats")
    assert chat["title"] == TITLE
    assert chat["chat_id"] == f"telegram:chat:{PSEUDONYMS.of('telegram:chat', f'title:{TITLE}')}"
    assert {row["chat_id"] for row in rows(found)} == {chat["chat_id"]}


def test_counts_covers_and_whole() -> None:
    found = read(PAGES / "messages.html")
    assert sum(event.rows for event in found if isinstance(event, Seen)) == 14
    since, until = datetime(2026, 10, 5, 7, tzinfo=UTC), datetime(2026, 10, 6, 8, 3, 50, tzinfo=UTC)
    assert [event for event in found if isinstance(event, Covers)] == [Covers(since, until)]
    assert [event for event in found if isinstance(event, Whole)] == [Whole("messages", ("chat_id", "telegram:chat:700"), since, until)]


def test_a_name_of_the_pages_is_never_an_account_of_the_json() -> None:
    """Same chat, same messages, the same names shown: whether it is one person is for the links to say."""
    of_json, of_pages = (rows(read(path), "accounts") for path in (BOTH / "result.json", PAGES / "messages.html"))
    named = {row["display_name"] for row in of_pages}
    assert named & {row["display_name"] for row in of_json} == named
    assert not {row["account_id"] for row in of_json} & {row["account_id"] for row in of_pages}


def post(number: int, name: str | None, text: Any = "слово", at: int = 1_790_000_000, **more: Any) -> dict[str, Any]:
    stated = {"id": number, "type": "message", "date_unixtime": str(at + number), "from": name, "from_id": f"user {name}"}
    return {**stated, "text": text, **more}


@pytest.mark.parametrize(
    ("authors", "kind"),
    [
        (("Кира Ученикова", "Лидия Примерова"), "personal"),
        (("Кира Ученикова",), "channel"),
        (("Лидия Примерова", "Олег Образцов"), "group"),
        (("Кира Ученикова", "Лидия Примерова", "Олег Образцов"), "group"),
    ],
)
def test_the_names_betray_what_kind_of_chat_it_is(authors: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    messages = [post(number, name, forwarded_from="Чужой") for number, name in enumerate(authors, 1)]
    write_pages(tmp_path, "Кира Ученикова", messages)
    found = read(tmp_path / "messages.html")
    assert [row["kind"] for row in rows(found, "chats")] == [kind]
    assert {row["is_private"] for row in rows(found)} == {kind == "personal"}
    if kind == "personal":
        assert [row["role"] for row in rows(found, "addressees")] == ["member"]
        assert not any("Кира" in str(row["chat_id"]) for row in rows(found))


def test_topics_are_threads(tmp_path: Path) -> None:
    topic = {"id": 2, "type": "service", "date_unixtime": "1790000002", "actor": "А Б", "action": "topic_created", "title": "Задание 1"}
    write_pages(tmp_path, "Форум", [post(1, "А Б"), topic, post(3, "В Г", reply_to_message_id=2), post(4, "А Б", reply_to_message_id=3)])
    found = by_number(read(tmp_path / "messages.html"))
    root = found[2]["message_id"]
    assert [found[number]["thread_id"] for number in (1, 2, 3, 4)] == [None, root, root, root]
    assert [found[number]["reply_to_id"] for number in (3, 4)] == [None, found[3]["message_id"]]
    assert found[2]["subject"] == "Задание 1"


def test_unsupported_messages_are_rejected_as_in_json(tmp_path: Path) -> None:
    write_pages(tmp_path, "Форум", [post(1, "А Б"), {"id": 2, "type": "unsupported", "date_unixtime": "1790000002"}, post(3, "В Г")])
    found = read(tmp_path / "messages.html")
    reason = "not supported by the exporting program"
    assert [event for event in found if isinstance(event, Rejected)] == [Rejected("messages", "messages.html message 2", reason)]
    assert not [event for event in found if isinstance(event, Whole)]


def test_times_without_a_zone_are_in_the_sources(tmp_path: Path) -> None:
    write_pages(tmp_path, "Форум", [post(1, "А Б")])
    page = tmp_path / "messages.html"
    page.write_text(page.read_text(encoding="utf-8").replace(" UTC+03:00", ""), encoding="utf-8")
    # The page says 21.09.2026 17:13:21, which is in Yekaterinburg (UTC+5) two hours earlier than in Moscow.
    assert [row["sent_at"] for row in rows(read(page))] == [datetime(2026, 9, 21, 12, 13, 21, tzinfo=UTC)]


def test_an_article_is_its_paragraphs(tmp_path: Path) -> None:
    write_pages(tmp_path, "Форум", [post(1, "А Б", text="сюда"), post(2, "В Г")])
    page = tmp_path / "messages.html"
    photo = """
  <div class="media_wrap clearfix">

   <div class="media clearfix pull_left media_photo">

    <div class="body">

     <div class="title bold">
Photo
     </div>

    </div>

   </div>

  </div>
"""
    article = f"""<div class="text rich_message" data-rich-message="1" data-rich-part="false" dir="auto">
 <h2 class="rich_block rich_heading" data-rich-kind="heading" dir="auto">
Тема <strong>недели</strong>
 </h2>
<pre class="rich_block rich_code" data-rich-kind="code" dir="auto"><code class="rich_code_content">if a:
    b()</code></pre>
 <ol class="rich_block rich_list" data-rich-kind="ordered-list">

  <li class="rich_list_item rich_task_item" data-rich-content="text">
<span aria-checked="true" class="rich_task_marker" role="checkbox">\u2611</span><span class="rich_list_content">раз<br>и ещё</span>
  </li>

 </ol>

 <figure class="rich_block rich_media_item" data-rich-kind="photo">
{photo}
  <figcaption class="rich_media_caption" dir="auto">

   <div class="rich_caption_text">
Схема
   </div>

  </figcaption>

 </figure>
</div>"""
    content = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r'<div class="text">\s*сюда\s*</div>', lambda _: article, content), encoding="utf-8")
    first, second = rows(read(page), "messages")
    assert first["text"] == "Тема недели\nif a:\n    b()\nраз\nи ещё\nСхема"
    assert (first["media"], second["media"]) == (None, None)


def laid_out(*posts: str) -> str:
    """A page as an editor lays it out: every tag and every word on a line of its own, with an indent."""
    page = "\n".join(posts)
    head = '<div class="page_header"><div class="content"><div class="text bold">\n        Course 7\n    </div></div></div>'
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n</head>\n<body>\n{head}\n<div class="page_body chat_page">\n{page}\n</div>\n</body>\n</html>\n'
    )


def laid_out_post(number: int, date: str, words: str) -> str:
    return f"""
        <div class="message default clearfix" id="message{number}">
            <div class="body">
                <div class="pull_right date details" title="{date}">
                    23:28
                </div>
                <div class="from_name">
                    Irina Polevaya
                </div>
                <div class="text">
                    {words}
                </div>
            </div>
        </div>"""


def test_page_that_an_editor_laid_out_anew_holds_the_same_words(tmp_path: Path) -> None:
    page = tmp_path / "messages.html"
    page.write_text(laid_out(laid_out_post(1, "14.05.2026 23:28:11", "Добрый день<br />\n                    и вечер")), encoding="utf-8")
    (row,) = rows(read(page))
    assert row["text"] == "Добрый день\nи вечер"


@pytest.mark.parametrize("date", ["15.01.2026 10:00", "15 January 2026, 10:00", "15 января 2026 г., 10:00", "2026-01-15 10:00:00"])
def test_times_that_other_programs_write_in_such_pages(date: str, tmp_path: Path) -> None:
    page = tmp_path / "messages.html"
    page.write_text(laid_out(laid_out_post(1, date, "x"), laid_out_post(2, "some day", "y")), encoding="utf-8")
    found = read(page)
    assert [row["sent_at"] for row in rows(found)] == [datetime(2026, 1, 15, 5, tzinfo=UTC)]
    assert [event.place for event in found if isinstance(event, Rejected)] == ["messages.html message 2"]


@pytest.mark.parametrize(
    ("name", "content", "place", "found"),
    [
        ("empty", "", "byte 0", "an empty file"),
        ("another page", "<!DOCTYPE html><html><body><p>канарейка</p></body></html>", "page_body", "something else"),
        ("json", '{"messages": []}', "page_body", "something else"),
    ],
)
def test_bad_pages_say_where_and_what(name: str, content: str, place: str, found: str, tmp_path: Path) -> None:
    page = tmp_path / "messages.html"
    page.write_text(content, encoding="utf-8")
    with pytest.raises(BadFile) as error:
        read(page)
    assert (error.value.place, error.value.found) == (place, found)
    assert "канарейка" not in str(error.value)


def test_another_encoding_and_a_missing_page(tmp_path: Path) -> None:
    write_pages(tmp_path, "Форум", [post(number, "А Б") for number in range(1, 7)], per_page=2)
    (tmp_path / "messages2.html").unlink()
    with pytest.raises(BadFile, match=r"messages3\.html: file name: expected messages2\.html"):
        read(tmp_path / "messages.html")
    (tmp_path / "messages3.html").unlink()
    page = tmp_path / "messages.html"
    page.write_bytes(page.read_text(encoding="utf-8").encode("cp1251"))
    with pytest.raises(BadFile, match="another encoding"):
        read(page)


def test_every_truncation_is_an_error_and_none_crashes(tmp_path: Path) -> None:
    whole = (PAGES / "messages.html").read_text(encoding="utf-8").rstrip()
    page = tmp_path / "messages.html"
    for end in range(0, len(whole), 211):
        page.write_text(whole[:end], encoding="utf-8")
        with pytest.raises(BadFile):
            read(page)


@pytest.mark.parametrize("number", [1, 2], ids=["first message", "last message"])
def test_tags_too_deep_for_the_parser_lose_nothing_silently(number: int, tmp_path: Path) -> None:
    write_pages(tmp_path, "Форум", [post(1, "А Б", "слово 1"), post(2, "В Г", "слово 2")])
    page = tmp_path / "messages.html"
    words = f"слово {number}"
    page.write_text(page.read_text(encoding="utf-8").replace(words, "<b>" * 2000 + words + "</b>" * 2000), encoding="utf-8")
    with pytest.raises(BadFile, match="damaged"):
        read(page)


KINDS = ["bold", "italic", "code", "underline", "strikethrough", "blockquote", "spoiler", "link", "hashtag", "mention_name", "pre"]
# What XML and HTML cannot hold, and what Telegram trims: ends of lines and blanks at the ends of a message.
LETTERS = st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters="\ufeff\ufffe\uffff") | st.just("\n")
ENTITIES = st.lists(
    st.text(LETTERS, min_size=1, max_size=12)
    | st.builds(lambda kind, text: {"type": kind, "text": text}, st.sampled_from(KINDS), st.text(LETTERS, min_size=1, max_size=12)),
    min_size=1,
    max_size=5,
)


def plain(parts: list[Any]) -> str:
    return "".join(part if isinstance(part, str) else part["text"] for part in parts)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTITIES)
def test_formatted_words_come_back_from_both_formats(tmp_path: Path, parts: list[Any]) -> None:
    words = plain(parts)
    message = post(1, "А Б", ["^", *parts, "$"])
    write_pages(tmp_path, "Форум", [message])
    assert [row["text"] for row in rows(read(tmp_path / "messages.html"))] == [f"^{words}$"]
    path = tmp_path / "result.json"
    path.write_text(json.dumps({"id": 1, "type": "private_supergroup", "messages": [message]}), encoding="utf-8")
    assert [row["text"] for row in rows(read(path))] == [f"^{words}$"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_pages_are_bad_files_or_rejects_and_nothing_else(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((PAGES / "messages2.html").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 30))] = data.draw(
            st.binary(max_size=12) | st.sampled_from([b"<div>", b"</div>", b"&#0;", b'"'])
        )
    page = tmp_path / "messages.html"
    page.write_bytes(content)
    try:
        found = read(page)
    except BadFile:
        return
    seen = sum(event.rows for event in found if isinstance(event, Seen))
    assert seen == len(rows(found)) + sum(isinstance(event, Rejected) for event in found)


def test_pages_load_once_and_again_with_a_new_page(tmp_path: Path) -> None:
    messages = [post(number, ("А Б", "В Г")[number % 2]) for number in range(1, 8)]
    write_pages(tmp_path / "export", "Форум", messages[:4], per_page=3)
    source = Source(name="chat", kind="telegram", path=Path())
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(source,))
    run_at = datetime(2026, 11, 22, tzinfo=UTC)
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()

        def load() -> list[tuple[str, str | None, int]]:
            loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=run_at)
            return [(one.state, one.problem, one.kept.get("messages", 0)) for one in loads]

        assert load() == [("loaded", None, 4)]
        assert load() == [("unchanged", None, 0)]
        write_pages(tmp_path / "export", "Форум", messages, per_page=3)
        assert load() == [("loaded", None, 7)]
        assert warehouse.value("select count(*) from raw.messages where deleted_at is null") == 7
