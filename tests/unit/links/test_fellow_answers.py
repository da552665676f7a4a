from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import Course

DAY = 60 * 24


@pytest.fixture
def course() -> Iterator[Course]:
    """Learners have told each other twice, with a mark, where the link to a meeting stands, and once that a work is not marked yet."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        course = Course(warehouse)
        for name in ("Вера", "Глеб", "Дина"):
            course.person(name, "learner")
        course.person("Инга", "curator")
        for day in (0, 1):
            asked = course.chat("Вера", "Где взять ссылку на вебинар?", day * DAY)
            course.chat("Глеб", "гляньте в закрепе", day * DAY + 9, reply_to=asked)
        asked = course.chat("Вера", "Когда проверят вторую работу?", 2 * DAY)
        course.chat("Глеб", "у меня тоже висит", 2 * DAY + 9, reply_to=asked)
        yield course


def found(course: Course) -> dict[tuple[str, str], tuple[str, str]]:
    course.write()
    link_questions(course.warehouse)
    link_replies(course.warehouse)
    return {row[:2]: row[2:] for row in course.warehouse.rows("select question_id, answer_id, role, rule from links.replies")}


def test_words_that_were_replied_to_such_a_question_answer_the_next_one(course: Course) -> None:
    asked = course.chat("Вера", "не могу найти ссылку на вебинар", 3 * DAY)
    told = course.chat("Дина", "гляньте в закрепе", 3 * DAY + 40)
    assert found(course)[asked, told] == ("peer", "like")


def test_of_two_questions_that_one_is_meant_to_which_the_words_belong(course: Course) -> None:
    asked = course.chat("Вера", "Где взять ссылку на вебинар?", 3 * DAY)
    nearer = course.chat("Глеб", "Когда проверят третью работу?", 3 * DAY + 20)
    told = course.chat("Дина", "гляньте в закрепе", 3 * DAY + 40)
    links = found(course)
    assert (asked, told) in links
    assert (nearer, told) not in links


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        pytest.param("в среду обещали", 40, id="never said before"),
        pytest.param("у меня тоже висит", 40, id="said to another kind of question"),
        pytest.param("гляньте в закрепе", 60 * 5, id="hours later"),
        pytest.param("гляньте в закрепе?", 40, id="asks"),
    ],
)
def test_other_words_answer_nothing(course: Course, words: str, minutes: int) -> None:
    asked = course.chat("Вера", "Где взять ссылку на вебинар?", 3 * DAY)
    told = course.chat("Дина", words, 3 * DAY + minutes)
    assert (asked, told) not in found(course)


def test_words_that_are_said_to_any_question_answer_none(course: Course) -> None:
    for number, question in enumerate(("Когда проверят первую работу?", "Где взять ссылку на вебинар?", "Когда пришлют сертификат?"), 5):
        asked = course.chat("Вера", question, number * DAY)
        course.chat("Глеб", "вот и мне интересно", number * DAY + 9, reply_to=asked)
    asked = course.chat("Вера", "Где взять ссылку на вебинар?", 9 * DAY)
    told = course.chat("Дина", "вот и мне интересно", 9 * DAY + 9)
    assert (asked, told) not in found(course)


def test_a_question_that_a_curator_has_answered_is_not_open_any_more(course: Course) -> None:
    asked = course.chat("Вера", "Где взять ссылку на вебинар?", 3 * DAY)
    course.chat("Инга", "В разделе второй недели", 3 * DAY + 5, reply_to=asked)
    told = course.chat("Дина", "гляньте в закрепе", 3 * DAY + 40)
    assert (asked, told) not in found(course)
