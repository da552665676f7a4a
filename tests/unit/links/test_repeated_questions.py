from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.repeated_questions import cluster, link_repeated_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import Course

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
    link_questions(course.warehouse)
    link_replies(course.warehouse)
    link_repeated_questions(course.warehouse)
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


def test_numbers_with_an_ending_are_numbers(course: Course) -> None:
    first = course.chat("Вера", "Какой срок сдачи 1-й работы?", 0)
    course.chat("Глеб", "Какой срок сдачи 3-й работы?", HOUR)
    same = course.chat("Дина", "Какой срок сдачи работы 1?", 2 * HOUR)
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


def test_how_do_i_do_that_is_another_question_each_time(course: Course) -> None:
    course.chat("Вера", "А как это сделать?", 0)
    course.chat("Глеб", "А как это сделать?", HOUR)
    assert clusters(course) == {}


def test_talk_of_another_field_is_not_pressed_into_the_lexicon() -> None:
    """Loudspeakers are sold, not a webinar's sound lost: where intents are rarely recognised, the lexicon is hardly trusted."""
    goods = ("гайки", "доски", "трубы", "краски", "кирпичи", "обои", "плитки", "лампы", "розетки", "провода")
    sale = [
        (f"сколько стоят {name} {extra}", 0)
        for name in goods
        for extra in ("оптом", "штучно", "недорого", "в городе", "на складе", "у поставщика", "с доставкой")
    ]
    found = cluster(_asked([*sale, ("какой усилитель даст чистый звук", 1), ("микрофон для барабанов посоветуйте", 1)]), TOLD.iloc[:0])
    assert not {"q70", "q71"} & set(found.members["question_id"])


def _asked_about_money(course: Course, second_answer: str) -> tuple[str, str]:
    """Two wordings with little in common and no intent of the lexicon, each with an explicit answer, among other questions."""
    answer = "Бухгалтерия перечислит сумму обратно в течение десяти рабочих дней"
    first = course.chat("Вера", "Как вернуть деньги?", 0)
    course.chat("Инга", answer, 10, reply_to=first)
    second = course.chat("Глеб", "Возможно ли перечислить деньги обратно тем, кто передумал?", HOUR)
    course.chat("Инга", second_answer or f"Глеб, {answer.lower()}", HOUR + 10, reply_to=second)
    for hour, text in enumerate(("Где запись лекции?", "Какой пароль от зала?", "Не открывается тест модуля"), 2):
        course.chat("Дина", text, hour * HOUR)
    return first, second


def test_the_same_answer_is_a_sign_of_the_same_question(course: Course) -> None:
    first, second = _asked_about_money(course, "")
    assert clusters(course) == {first: first, second: first}


def test_other_answers_leave_unlike_wordings_apart(course: Course) -> None:
    _asked_about_money(course, "Нет, порядок один для всех и исключений не знает")
    assert clusters(course) == {}


def test_one_intent_in_wholly_other_words(course: Course) -> None:
    first = course.chat("Вера", "Где скачать сертификат?", 0)
    second = course.chat("Глеб", "корочки почтой вышлют?", HOUR)
    course.chat("Дина", "Сколько страниц писать в первой работе?", 2 * HOUR)
    assert clusters(course) == {first: first, second: first}


def test_a_quoted_name_and_a_number_are_one_task(course: Course) -> None:
    course.rows.setdefault("raw.tasks", []).append(
        {
            "task_id": "moodle:task:9",
            "course_id": "moodle:course:1",
            "kind": "assignment",
            "name": "Практическая работа 2. Паспорт класса",
            "source": "lms",
        }
    )
    first = course.chat("Вера", "Какой крайний срок сдачи работы «Паспорт класса»?", 0)
    second = course.chat("Глеб", "до какого числа задание 2?", HOUR)
    course.chat("Дина", "до какого числа задание 3?", 2 * HOUR)
    assert clusters(course) == {first: first, second: first}


def _asked(texts: list[tuple[str, int]]) -> pd.DataFrame:
    """Questions of one course: text and day, in order."""
    begin = pd.Timestamp("2027-03-01", tz="UTC")
    return pd.DataFrame(
        {
            "question_id": [f"q{number}" for number in range(len(texts))],
            "course_id": "c",
            "asked_at": [begin + pd.Timedelta(days=day) for _, day in texts],
            "line": [text for text, _ in texts],
            "quoted": "",
            "task": None,
        }
    )


def _answered(answers: list[tuple[str, int, str]]) -> pd.DataFrame:
    begin = pd.Timestamp("2027-03-01", tz="UTC")
    return pd.DataFrame(
        [(question, begin + pd.Timedelta(days=day), line) for question, day, line in answers],
        columns=["question_id", "answered_at", "line"],
    )


REFUND = "бухгалтерия перечислит сумму обратно в течение десяти рабочих дней"
HISTORY = _asked(
    [
        ("как вернуть деньги", 0),
        ("возврат оплаты возможен", 1),
        ("как вернуть деньги за курсы", 2),
        ("возврат оплаты возможен ли", 3),
        ("где взять ключ от аудитории", 3),
        ("куда сообщить номер нового телефона", 4),
    ]
)
#: Two clusters grow by their words; on the fifth day the same answer to both makes them one.
TOLD = _answered([("q0", 4, REFUND), ("q1", 4, REFUND), ("q2", 5, REFUND), ("q3", 5, REFUND)])


def test_clusters_that_become_one_keep_the_older_id_and_leave_a_record() -> None:
    before = cluster(HISTORY, TOLD.iloc[:0])
    assert dict(zip(before.members["question_id"], before.members["cluster_id"], strict=True)) == {
        "q0": "q0",
        "q2": "q0",
        "q1": "q1",
        "q3": "q1",
    }
    after = cluster(HISTORY, TOLD)
    assert set(after.members["cluster_id"]) == {"q0"}
    assert after.merges[["cluster_id", "into_id"]].to_numpy().tolist() == [["q1", "q0"]]
    assert after.merges["day"].dt.strftime("%Y-%m-%d").tolist() == ["2027-03-05"]


def test_day_by_day_is_at_once() -> None:
    """What is known of the first days does not change with what is asked and answered later: neither members nor ids."""
    begin = pd.Timestamp("2027-03-01", tz="UTC")
    merged: list[tuple[str, str]] = []
    for day in range(1, 7):
        until = begin + pd.Timedelta(days=day)
        known = cluster(HISTORY[HISTORY["asked_at"] < until], TOLD[TOLD["answered_at"] < until])
        merges = list(zip(known.merges["cluster_id"], known.merges["into_id"], strict=True))
        assert merges[: len(merged)] == merged
        merged = merges
    at_once = cluster(HISTORY, TOLD)
    assert at_once.members.equals(known.members)


def test_the_best_answer_is_what_curators_agree_on_and_nobody_corrected(course: Course) -> None:
    answers = [
        "Удостоверения вышлем заказным письмом в течение месяца после приказа",
        "Удостоверения высылаем письмом в течение месяца, после приказа об окончании",
        "Проверила, ваша фамилия в приказе, завтра вышлю вам удостоверение",
        "Удостоверения вышлем письмом через неделю после приказа об окончании курса",
    ]
    given = []
    for hour, answer in enumerate(answers):
        question = course.chat(("Вера", "Глеб", "Дина")[hour % 3], "Когда выдадут удостоверения?", hour * HOUR)
        given.append(course.chat("Инга", answer, hour * HOUR + 10, reply_to=question))
    course.chat("Инга", "Поправка: удостоверения вышлем письмом в течение месяца после приказа", 5 * HOUR, reply_to=question)
    clusters(course)
    ranked = [row[0] for row in course.warehouse.rows("select answer_id from links.repeated_answers order by place")]
    assert ranked[0] in given[:2]
    assert set(ranked[-2:]) == {given[2], given[3]}


def test_what_was_said_of_another_task_is_no_answer_for_all(course: Course) -> None:
    given = []
    for hour, answer in enumerate(
        (
            "Работу 5 принимаем до воскресенья, опоздание до недели допустимо",
            "Первую работу принимаем до пятницы, потом с опозданием не больше недели",
        )
    ):
        question = course.chat(("Вера", "Глеб")[hour], "Какой срок сдачи 1-й работы?", hour * HOUR)
        given.append(course.chat("Инга", answer, hour * HOUR + 10, reply_to=question))
    clusters(course)
    found = course.warehouse.rows("select answer_id, is_personal from links.repeated_answers order by place")
    assert found == [(given[1], False), (given[0], True)]
