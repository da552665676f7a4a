from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.links.questions import link_questions
from pipelines.links.repeated_questions import link_repeated_questions
from pipelines.links.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import PROGRAMME, Course

HOUR = 60


@pytest.fixture
def course() -> Iterator[Course]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        course = Course(warehouse)
        for name in ("Вера", "Глеб", "Дина"):
            course.person(name, "learner")
        course.person("Инга", "curator")
        yield course


def clusters(course: Course) -> dict[str, str]:
    course.write()
    link_questions(course.warehouse, PROGRAMME)
    link_replies(course.warehouse, PROGRAMME)
    link_repeated_questions(course.warehouse, PROGRAMME)
    return dict(course.warehouse.rows("select message_id, cluster_id from links.repeated_questions"))


def test_the_same_question_in_other_words_and_with_errors(course: Course) -> None:
    first = course.chat("Вера", "Где посмотреть запись вебинара?", 0)
    second = course.chat("Глеб", "Здравствуйте! подскажите, где посмотреть запись вчерашнего вебинара", HOUR)
    third = course.post("Дина", "где посмотерть запись вебинара?", 2 * HOUR)
    course.chat("Вера", "Нужен ли конспект урока целиком?", 3 * HOUR)
    assert clusters(course) == {first: first, second: first, third: first}


def test_numbers_tell_questions_apart(course: Course) -> None:
    first = course.chat("Вера", "Когда проверят работу 2?", 0)
    course.chat("Глеб", "Когда проверят работу 4?", HOUR)
    same = course.chat("Дина", "Когда проверят вторую работу?", 2 * HOUR)
    assert clusters(course) == {first: first, same: first}


def test_names_of_tasks_tell_questions_apart(course: Course) -> None:
    course.chat("Вера", "Какой объём у работы «Паспорт класса»?", 0)
    course.chat("Глеб", "Какой объём у работы «План урока»?", HOUR)
    assert clusters(course) == {}


def test_a_cluster_keeps_its_id_when_more_is_asked(course: Course) -> None:
    asked = [course.chat(who, "Когда выдадут удостоверения?", hour * HOUR) for hour, who in enumerate(("Вера", "Глеб", "Дина"))]
    assert set(clusters(course).values()) == {asked[0]}


def test_what_is_asked_once_has_no_row(course: Course) -> None:
    course.chat("Вера", "Когда выдадут удостоверения?", 0)
    course.chat("Глеб", "Не открывается тест второго модуля", HOUR)
    assert clusters(course) == {}


def test_courses_are_apart(course: Course) -> None:
    course.chat("Вера", "Когда выдадут удостоверения?", 0)
    course.chat("Глеб", "Когда выдадут удостоверения?", HOUR, place="telegram:chat:2")
    assert clusters(course) == {}


def test_nothing_asked(course: Course) -> None:
    course.chat("Вера", "Спасибо!", 0)
    assert clusters(course) == {}


def _asked_about_documents(course: Course, second_answer: str) -> tuple[str, str]:
    """Two wordings with little in common, each with an explicit answer, among other questions."""
    answer = "Документ высылаем почтой в течение тридцати дней после приказа"
    first = course.chat("Вера", "Когда выдадут удостоверения слушателям?", 0)
    course.chat("Инга", answer, 10, reply_to=first)
    second = course.chat("Глеб", "Можно ли выдачу удостоверения ускорить тем, кто уволился?", HOUR)
    course.chat("Инга", second_answer or answer, HOUR + 10, reply_to=second)
    for hour, text in enumerate(("Где запись лекции?", "Какой пароль от зала?", "Не открывается тест модуля"), 2):
        course.chat("Дина", text, hour * HOUR)
    return first, second


def test_the_same_answer_is_a_sign_of_the_same_question(course: Course) -> None:
    first, second = _asked_about_documents(course, "")
    assert clusters(course) == {first: first, second: first}


def test_other_answers_leave_unlike_wordings_apart(course: Course) -> None:
    _asked_about_documents(course, "Нет, порядок выдачи один для всех и сроков не меняет")
    assert clusters(course) == {}
