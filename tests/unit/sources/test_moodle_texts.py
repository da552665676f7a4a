"""How Moodle writes things down: HTML, names in two languages, the log's own data, events."""

from __future__ import annotations

import json

import pytest

from pipelines.sources.formats.marked_text import text_of, word_count
from pipelines.sources.lms.moodle_texts import action_of, details_of, name_in, name_in_english, other_of, task_kind, unserialize

RU_EN = '<span lang="ru" class="multilang">Практика учителя</span><span lang="en" class="multilang">Teaching in practice</span>'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("<p>Первый&nbsp;абзац</p><p>Второй</p>", "Первый абзац\nВторой", id="paragraphs end lines, no-break spaces are plain"),
        pytest.param("Одна<br>две<br />три", "Одна\nдве\nтри", id="br"),
        pytest.param("<div><br></div><div>Текст</div>", "Текст", id="paragraph of a br alone"),
        pytest.param('<p class="MsoNormal"><span style="font-size:12.0pt">Из Word<o:p></o:p></span></p>', "Из Word", id="Word's spans"),
        pytest.param("<!--[if gte mso 9]><xml>мусор</xml><![endif]-->Дело", "Дело", id="Word's conditional comments"),
        pytest.param("<style>p {color: red}</style>Дело<script>x()</script>", "Дело", id="style and script are no text"),
        pytest.param('<img src="@@PLUGINFILE@@/a.png" alt="">Подпись', "Подпись", id="pluginfile links"),
        pytest.param('<a title="a > b" href="x">ссылка</a>', "ссылка", id="an attribute holds >"),
        pytest.param("если a &lt; b и c > d", "если a < b и c > d", id="signs that are no tags"),
        pytest.param("при n < 5 и m > 3", "при n < 5 и m > 3", id="raw less-than before a blank"),
        pytest.param("строка\nта же строка", "строка та же строка", id="line ends of the source are blanks in HTML"),
        pytest.param("<ul><li>раз</li><li>два</li></ul>", "раз\nдва", id="list items"),
        pytest.param("<pre>раз\n два</pre>", "раз\nдва", id="preformatted lines"),
        pytest.param("<td>а</td><td>б</td>", "а б", id="table cells"),
        pytest.param("ра\u200bз<p>дв\u0430</p>", "ра\u200bз\nдва", id="invisible characters are evidence"),
        pytest.param("", "", id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_html_becomes_plain_text(content: str | None, text: str | None) -> None:
    assert text_of(content) == text


def test_plain_text_keeps_its_line_ends_and_signs() -> None:
    assert text_of("раз\r\nдва <3 &amp;", 2) == "раз\nдва <3 &amp;"


def test_moodles_own_format_and_markdown_keep_line_ends() -> None:
    assert text_of("раз\n<b>два</b> &amp; три", 0) == "раз\nдва & три"
    assert text_of("# раз\nдва", 4) == "# раз\nдва"


def test_words_are_counted_with_hyphens_inside() -> None:
    assert word_count("Кто-то пришёл, 2-й раз — и ушёл.") == 6
    assert word_count(None) is None
    assert word_count("") == 0


@pytest.mark.parametrize(
    ("name", "russian", "english"),
    [
        pytest.param(RU_EN, "Практика учителя", "Teaching in practice", id="two spans"),
        pytest.param(
            RU_EN.replace('lang="ru" class="multilang"', 'class="multilang" lang="ru"'),
            "Практика учителя",
            "Teaching in practice",
            id="attributes the other way round",
        ),
        pytest.param(f"Модуль 1. {RU_EN}!", "Модуль 1. Практика учителя!", "Модуль 1. Teaching in practice!", id="inside a longer name"),
        pytest.param("{mlang ru}Тест{mlang}{mlang en}Quiz{mlang} 3", "Тест 3", "Quiz 3", id="multilang2"),
        pytest.param("{mlang other}Тест{mlang}{mlang en,de}Quiz{mlang}", "Тест", "Quiz", id="multilang2: other, several"),
        pytest.param(
            '<span lang="de" class="multilang">Prüfung</span><span lang="en" class="multilang">Quiz</span>',
            "Prüfung",
            "Quiz",
            id="not in the wanted language: the first",
        ),
        pytest.param(
            '<span lang="en_us" class="multilang">Quiz</span><span lang="ru" class="multilang">Тест</span>', "Тест", "Quiz", id="a dialect"
        ),
        pytest.param('<span lang="en" class="multilang">alone</span>', "alone", None, id="one span is no choice"),
        pytest.param("Тест &amp; опрос", "Тест & опрос", None, id="plain"),
        pytest.param("", None, None, id="empty"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_names_are_resolved(name: str | None, russian: str | None, english: str | None) -> None:
    assert name_in(name, "ru") == russian
    assert name_in_english(name) == english


def test_serialized_php_is_read_with_lengths_in_bytes() -> None:
    stored = 'a:4:{s:8:"username";s:12:"Иванов";s:13:"extrauserinfo";a:0:{}s:5:"grade";d:4.5;i:3;b:1;}'
    assert unserialize(stored) == {"username": "Иванов", "extrauserinfo": {}, "grade": 4.5, "3": True}


def test_serialized_php_objects_nulls_and_references_are_read() -> None:
    assert unserialize('O:8:"stdClass":3:{s:1:"a";N;s:1:"b";i:-7;s:1:"c";R:2;}') == {"a": None, "b": -7, "c": None}


@pytest.mark.parametrize(
    "stored", ["a:1:{i:0", 's:9:"short";', "a:2:{i:1;i:2;}", "x", "a:-1:{}", 's:-1:"";', "i:1;i:2;", "a:1:{" * 90, "d:;", "s:;"]
)
def test_broken_php_raises_and_nothing_else(stored: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unserialize(stored)
    assert other_of(stored) == {}


@pytest.mark.parametrize("stored", [None, "", "null", "N;", "[]", "a:0:{}", "{}", '"text"', "[1, 2]", '{"cut": ', "5"])
def test_an_absent_other_is_empty(stored: str | None) -> None:
    assert other_of(stored) == {}


def test_other_is_read_as_json_or_php() -> None:
    assert other_of('{"itemid":"5"}') == {"itemid": "5"}
    assert other_of('a:1:{s:6:"itemid";s:1:"5";}') == {"itemid": "5"}


def test_details_hold_numbers_of_things_and_never_text_or_people() -> None:
    other = {
        "itemid": "5", "finalgrade": 78.5, "overridden": False, "username": "79161234567", "relateduserid": "17", "overrideby": 4, "submitterid": 9,
        "content": "<p>слова</p>", "groupname": "12", "discussionid": 7, "reason": 2, "sessionid": "123456",
    }  # fmt: skip
    assert json.loads(details_of(json.dumps(other)) or "") == {
        "discussionid": 7,
        "finalgrade": 78.5,
        "itemid": 5,
        "overridden": False,
        "reason": 2,
    }
    assert details_of("null") is None
    assert details_of('{"content": "слова"}') is None


@pytest.mark.parametrize(
    ("event", "action"),
    [
        (r"\core\event\course_viewed", "viewed"),
        (r"\mod_url\event\course_module_viewed", "viewed"),
        (r"\mod_assign\event\assessable_submitted", "submitted"),
        (r"\assignsubmission_file\event\assessable_uploaded", "uploaded"),
        (r"\assignsubmission_file\event\submission_created", "other"),
        (r"\mod_forum\event\post_created", "posted"),
        (r"\mod_forum\event\assessable_uploaded", "other"),
        (r"\mod_quiz\event\attempt_started", "attempted"),
        (r"\mod_quiz\event\attempt_submitted", "submitted"),
        (r"\mod_assign\event\submission_graded", "graded"),
        (r"\core\event\user_graded", "other"),
        (r"\core\event\user_loggedin", "logged_in"),
        (r"\core\event\user_login_failed", "login_failed"),
        (r"\mod_feedback\event\response_submitted", "answered_survey"),
        (r"\assignsubmission_comments\event\comment_created", "posted"),
        (r"\core\event\notification_sent", "other"),
        (r"\mod_hvp\event\attempt_submitted", "submitted"),
        (r"\mod_vpl\event\submission_graded", "graded"),
    ],
)
def test_events_become_actions(event: str, action: str) -> None:
    assert action_of(event) == action


def test_activity_types_become_kinds() -> None:
    assert [task_kind(name) for name in ("assign", "mod_quiz", "resource", "customcert", "label", None)] == [
        "assignment",
        "quiz",
        "file",
        "certificate",
        "other",
        "other",
    ]
