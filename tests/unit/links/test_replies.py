from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies, roots
from pipelines.links.conversations.reply_guess import likeness_expected, of_one_matter, repeated, shared_words
from pipelines.links.conversations.reply_model import openings, word_counts
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import Course, at

DAY = 60 * 24


@pytest.fixture
def course() -> Iterator[Course]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        course = Course(warehouse)
        course.person("Вера", "learner")
        course.person("Глеб", "learner")
        course.person("Инга", "curator")
        yield course


def replies(course: Course) -> dict[tuple[str, str], tuple[str, str, str]]:
    course.write()
    link_questions(course.warehouse)
    link_replies(course.warehouse)
    return {row[:2]: row[2:] for row in course.warehouse.rows("select question_id, answer_id, role, kind, rule from links.replies")}


def test_an_explicit_reply(course: Course) -> None:
    asked = course.chat("Вера", "Когда вебинар?", 0)
    answer = course.chat("Инга", "В среду в 18:00 по Москве", 30, reply_to=asked)
    assert replies(course) == {(asked, answer): ("curator", "substantive", "explicit")}


def test_a_reply_to_any_message_of_the_burst(course: Course) -> None:
    greeting = course.chat("Вера", "Коллеги", 0)
    asked = course.chat("Вера", "Когда вебинар?", 1)
    answer = course.chat("Инга", "В среду в 18:00", 30, reply_to=asked)
    assert set(replies(course)) == {(greeting, answer)}


TOLD = "Сижу в поезде без связи, на занятие не попаду"
ANSWER = "Запись занятия выложу завтра в материалах"


@pytest.mark.parametrize(
    ("text", "who", "answer", "is_marked", "found"),
    [
        pytest.param(TOLD, "Инга", ANSWER, True, ("substantive", "explicit"), id="answered by mark"),
        pytest.param(TOLD, "Инга", "Какая у вас группа?", True, ("holding", "explicit"), id="asked back"),
        pytest.param(TOLD, "Инга", f"Вера, {ANSWER.lower()}", False, ("substantive", "mention"), id="answered by name"),
        pytest.param(TOLD, "Глеб", ANSWER, True, None, id="by a fellow learner"),
        pytest.param(TOLD, "Инга", "Вижу", True, None, id="a word or two"),
        pytest.param(TOLD, "Инга", "Спасибо, что написали нам", True, None, id="thanks"),
        pytest.param("Сегодня сдала третью работу", "Инга", "Вижу, посмотрю её завтра утром", True, None, id="a report"),
        pytest.param("Вот мой урок в шестом классе", "Инга", "Какие красивые таблицы у вас вышли", True, None, id="hardly asks"),
        pytest.param(TOLD, "Инга", None, False, None, id="not answered"),
    ],
)
def test_what_tells_and_is_answered_by_a_curator_was_asked(
    course: Course, text: str, who: str, answer: str | None, is_marked: bool, found: tuple[str, str] | None
) -> None:
    told = course.chat("Вера", text, 0)
    said = course.chat(who, answer, 20, reply_to=told if is_marked else None) if answer else None
    links = replies(course)
    assert links == ({(told, said): ("curator", *found)} if found else {})
    judged = course.warehouse.rows("select is_question, rule = 'answered' from links.questions where message_id = ?", [told])
    assert judged == [(bool(found), bool(found))]


def test_of_two_that_are_called_the_question_is_answered_and_not_what_only_tells(course: Course) -> None:
    asked = course.chat("Вера", "Когда откроют третий модуль?", 0)
    told = course.chat("Вера", TOLD, 60)
    answer = course.chat("Инга", "Вера, откроем завтра утром", 80)
    assert replies(course) == {(asked, answer): ("curator", "substantive", "mention")}
    assert course.warehouse.rows("select is_question from links.questions where message_id = ?", [told]) == [(False,)]


def test_roles_of_those_who_answer(course: Course) -> None:
    course.person("Зоя", "curator", course="moodle:course:2")
    course.person("Робот", "bot")
    asked = course.chat("Вера", "Когда вебинар?", 0)
    told = {
        who: course.chat(who, "Вебинар будет в среду в 18:00", minute, reply_to=asked)
        for minute, who in enumerate(("Глеб", "Зоя", "Робот", "Инга"), 1)
    }
    thanks = course.chat("Вера", "Спасибо!", 10, reply_to=told["Глеб"])
    found = replies(course)
    assert {who: found[asked, message][0] for who, message in told.items()} == {
        "Глеб": "peer",
        "Зоя": "staff",
        "Робот": "bot",
        "Инга": "curator",
    }
    assert found[asked, thanks] == ("asker", "thanks", "thread")


def test_a_reply_before_the_question_is_none(course: Course) -> None:
    asked = course.chat("Вера", "Когда вебинар?", 100)
    course.chat("Инга", "В среду в 18:00", 30, reply_to=asked)
    assert replies(course) == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Уточню у методиста и напишу", "holding"),
        ("I will find out and get back to you", "holding"),
        ("Какой браузер у вас установлен?", "holding"),
        ("Пришлите снимок экрана, тогда смогу подсказать", "holding"),
        ("Вся информация есть в инструкции", "formal"),
        ("Внимательно читаем материалы", "formal"),
        ("В положении о курсе всё описано", "formal"),
        ("Об этом шла речь в памятке слушателя", "formal"),
        ("Хорошо, спасибо", "thanks"),
        ("Ок", "formal"),
        ("Три страницы", "substantive"),
        ("Лучше вторую", "substantive"),
        ("Посоветуюсь с методистом", "holding"),
        ("Запросила у бухгалтерии", "holding"),
        ("Дайте мне полчаса, пожалуйста", "holding"),
        ("Пока нет точной информации", "holding"),
        ("We are checking with the platform team", "holding"),
        ("Скиньте, пожалуйста, скрин", "holding"),
        ("Отправила вам в личные сообщения", "substantive"),
        ("Нужно проверить папку «Спам»", "substantive"),
        ("Передам в учебный отдел", "holding"),
        ("Спасибо!", "thanks"),
        ("Нажмите кнопку «Добавить ответ» внизу страницы", "substantive"),
        ("Запись лежит тут: https://example.org/zapis", "substantive"),
        ("До 12 мая включительно", "substantive"),
        # Where the thing lies that was asked for is an answer; being sent to read is none.
        ("Запись уже в курсе: раздел недели, папка «Материалы»", "substantive"),
        ("Ответы на частые вопросы размещены в разделе «Организация»", "formal"),
        ("Смотрите запись в курсе", "formal"),
        # What comes next is the asker's to do, and what is done then is said: nobody waits for an answer. What the trouble is, is asked back.
        ("Напишите фамилию и школу, посмотрю по приказу", "substantive"),
        ("Напишите мне в личные сообщения вашу почту, проверю учётную запись", "substantive"),
        ("Send me your name and school, I'll check the list", "substantive"),
        ("Напишите номер задания, посмотрю", "holding"),
        # The digits of a user name are no date.
        ("@morozova054 коллеги, внимательно читаем инструкции!", "formal"),
    ],
)
def test_kinds_of_answers(course: Course, text: str, kind: str) -> None:
    asked = course.chat("Вера", "Где запись вебинара?", 0)
    answer = course.chat("Инга", text, 30, reply_to=asked)
    assert replies(course)[asked, answer][1] == kind


def test_the_thread_of_a_forum(course: Course) -> None:
    asked = course.post("Вера", "Где посмотреть критерии оценки?", 0)
    back = course.post("Инга", "О какой работе речь?", 10, parent=asked)
    more = course.post("Вера", "Речь о второй работе", 20, parent=back)
    answer = course.post("Инга", "Критерии второй работы стоят в её описании, их четыре", 30, parent=more)
    found = replies(course)
    assert found[asked, back] == ("curator", "holding", "explicit")
    assert found[asked, answer] == ("curator", "substantive", "thread")


def test_a_question_in_somebody_else_s_thread_keeps_its_own_answers(course: Course) -> None:
    first = course.post("Вера", "Где посмотреть критерии оценки?", 0)
    second = course.post("Глеб", "А какой объём эссе?", 10, parent=first)
    to_second = course.post("Инга", "Одна страница, не больше 300 слов", 20, parent=second)
    found = replies(course)
    assert (second, to_second) in found
    assert (first, to_second) not in found


def test_the_asker_s_name_opens_the_answer(course: Course) -> None:
    vera = course.chat("Вера", "Какой объём эссе?", 0)
    gleb = course.chat("Глеб", "Когда откроется третий модуль?", 5)
    to_vera = course.chat("Инга", "Вера, достаточно одной страницы", 60)
    to_gleb = course.chat("Инга", "Глеб, третий модуль откроется 12 мая", 70)
    found = replies(course)
    assert found[vera, to_vera][2] == "mention"
    assert found[gleb, to_gleb][2] == "mention"
    assert (gleb, to_vera) not in found


def test_a_name_is_known_in_either_script(course: Course) -> None:
    course.person("Yuliya", "learner")
    asked = course.chat("Yuliya", "Какой объём эссе?", 0)
    answer = course.chat("Инга", "Юлия, достаточно одной страницы", 60)
    assert replies(course)[asked, answer][2] == "mention"


def test_an_account_that_is_mentioned(course: Course) -> None:
    asked = course.chat("Вера", "Какой объём эссе?", 0)
    answer = course.chat("Инга", "достаточно одной страницы", 60)
    course.mention(answer, "Вера")
    assert replies(course)[asked, answer][2] == "mention"


def test_a_user_name_made_of_the_family_name_calls_whatever_is_spoken_of(course: Course) -> None:
    course.person("Анна Морозова", "learner", first_name="Анна Морозова")
    asked = course.chat("Анна Морозова", "Проверяется ли вторая работа на антиплагиат?", 0)
    answer = course.chat("Инга", "@morozova_school5 порог 70 процентов, цитаты оформляйте ссылкой", 60)
    assert replies(course)[asked, answer] == ("curator", "substantive", "mention")


def test_a_given_name_for_a_user_name_calls_as_little_as_the_name(course: Course) -> None:
    course.person("Анна Морозова", "learner", first_name="Анна Морозова")
    asked = course.chat("Анна Морозова", "Когда будет запись вебинара?", 0)
    answer = course.chat("Инга", "@anna77 удостоверения выдают после зачёта", 60)
    assert replies(course).get((asked, answer), ("", "", ""))[2] != "mention"


def test_an_unmarked_answer_of_a_chat_in_which_nothing_was_answered_before(course: Course) -> None:
    asked = course.chat("Вера", "А можно сдать работу от руки?", 0)
    answer = course.chat("Инга", "Да, лишь бы фото было чёткое", 30)
    course.chat("Вера", "поняла", 35)
    assert replies(course)[asked, answer] == ("curator", "substantive", "next")


def test_what_a_curator_goes_on_saying_answers_no_question_by_its_place_alone(course: Course) -> None:
    course.chat("Инга", "Добрый день, завтра первая встреча", 0)
    asked = course.chat("Вера", "А можно сдать работу от руки?", 5)
    course.chat("Инга", "Анкета открыта до вечера", 20)
    later = course.chat("Инга", "Поздравляю с праздником", 22)
    assert (asked, later) not in replies(course)


def test_a_short_form_calls_who_shows_the_full_name(course: Course) -> None:
    course.person("Людмила", "learner")
    asked = course.chat("Людмила", "Какой объём эссе?", 0)
    answer = course.chat("Инга", "Люда, достаточно одной страницы", 60)
    assert replies(course)[asked, answer][2] == "mention"


def test_each_sentence_that_calls_somebody_answers_that_person(course: Course) -> None:
    course.person("Лев", "learner")
    vera = course.chat("Вера", "Какой объём эссе?", 0)
    gleb = course.chat("Глеб", "Когда откроется третий модуль?", 5)
    lev = course.chat("Лев", "Когда пришлют сертификат?", 7)
    answer = course.chat("Инга", "Вера, одной страницы вполне достаточно для зачёта. Глеб, третий модуль откроем в среду.", 60)
    found = replies(course)
    assert found[vera, answer][2] == found[gleb, answer][2] == "mention"
    assert (lev, answer) not in found


def test_somebody_who_is_spoken_of_is_not_called(course: Course) -> None:
    vera = course.chat("Вера", "Какой объём эссе?", 0)
    gleb = course.chat("Глеб", "Когда откроется третий модуль?", 5)
    answer = course.chat("Инга", "Вера, одной страницы вполне достаточно для зачёта. Глеб уже так сдал.", 60)
    found = replies(course)
    assert found[vera, answer][2] == "mention"
    assert (gleb, answer) not in found


@pytest.mark.parametrize(("namesake", "is_meant"), [("Лев", True), ("Глеб Второв", False)])
def test_a_name_that_one_person_of_the_course_has_calls_whatever_is_spoken_of(course: Course, namesake: str, is_meant: bool) -> None:
    course.person(namesake, "learner")
    asked = course.chat("Глеб", "Когда будет запись вебинара?", 0)
    answer = course.chat("Инга", "Глеб, в удостоверении фамилию исправили", 60)
    assert (replies(course).get((asked, answer), ("", "", ""))[2] == "mention") == is_meant


def test_where_nothing_was_answered_before_an_answer_is_unlike_nothing() -> None:
    near = np.array([0.0, 0.5])
    usual = threshold("reply_usual_likeness")
    assert likeness_expected(near, 0) == pytest.approx([usual, usual])
    assert likeness_expected(near, 10**9) == pytest.approx(near, abs=1e-6)


def test_the_first_answers_of_a_chat_are_guessed_by_what_they_speak_of(course: Course) -> None:
    asked = course.chat("Вера", "Какие критерии оценивания у эссе?", 0)
    answer = course.chat("Инга", "Критерии эссе внизу страницы, таблица на десять баллов", 50)
    assert replies(course)[asked, answer][2] == "next"


def test_a_word_that_sounds_like_a_pet_name_calls_nobody(course: Course) -> None:
    _history(course, 20)
    course.person("Галина", "learner")
    other = course.chat("Галина", "Не засчитался просмотр страницы теста, как исправить?", 21 * DAY)
    answer = course.chat("Инга", "Галочка по тесту ставится после оценки", 21 * DAY + 60)
    assert replies(course).get((other, answer), ("", "", ""))[2] != "mention"


def test_numbers_call_nobody(course: Course) -> None:
    """People show the number of their school in a name."""
    _history(course, 20)
    course.person("Алла 154 школа", "learner")
    asked = course.chat("Вера", "Подскажите, какой объём эссе нужен", 21 * DAY)
    answer = course.chat("Инга", "Объём эссе 2 страницы: свободный, обычно хватает одной страницы", 21 * DAY + 60)
    assert replies(course)[asked, answer][2] == "next"


@pytest.mark.parametrize(("called", "is_found"), [("Анна Сергеевна", True), ("Анна", False)])
def test_who_is_called_by_two_words_may_have_asked_a_week_ago(course: Course, called: str, is_found: bool) -> None:
    course.person("Анна Сергеевна", "learner")
    asked = course.chat("Анна Сергеевна", "Какой объём эссе?", 0)
    answer = course.chat("Инга", f"{called}, объём эссе одна страница", 7 * DAY)
    assert ((asked, answer) in replies(course)) == is_found


def test_a_recorded_mention_may_come_a_week_later(course: Course) -> None:
    asked = course.chat("Вера", "Какой объём эссе?", 0)
    answer = course.chat("Инга", "одна страница, не больше", 7 * DAY)
    course.mention(answer, "Вера")
    assert replies(course)[asked, answer][2] == "mention"


def test_of_two_questions_of_one_name_the_latest_is_meant_and_not_one_of_last_week(course: Course) -> None:
    course.person("Анна Сергеевна", "learner")
    course.chat("Анна Сергеевна", "Какой объём эссе?", 0)
    late = course.chat("Анна Сергеевна", "Не пускает на страницу, что делать?", 7 * DAY)
    answer = course.chat("Инга", "Анна Сергеевна, объём эссе на странице задания", 7 * DAY + 60)
    assert [question for question, told in replies(course) if told == answer] == [late]


def test_a_name_of_somebody_without_an_account_there_calls_the_account_that_shows_a_part_of_it(course: Course) -> None:
    course.person("Дарья Ильинична Сорокина", "learner")
    course.stranger("Даша")
    asked = course.chat("Даша", "До какого числа нужно сдать вторую работу?", 0)
    by_name = course.chat("Инга", "@sorokina883 ссылка на странице курса: https://example.org/w", 60)
    assert replies(course)[asked, by_name] == ("curator", "substantive", "mention")


def test_an_account_that_shows_something_else_is_not_called(course: Course) -> None:
    course.person("Дарья Ильинична Сорокина", "learner")
    course.stranger("Даша Ежова")
    asked = course.chat("Даша Ежова", "До какого числа нужно сдать вторую работу?", 0)
    by_name = course.chat("Инга", "@sorokina883 ссылка на странице курса: https://example.org/w", 60)
    assert replies(course).get((asked, by_name), ("", "", ""))[2] != "mention"


def test_what_is_said_of_a_letter_answers_the_letter(course: Course) -> None:
    letter = course.mail("Вера", ["Инга"], "Вопрос по эссе", 0)
    asked = course.chat("Вера", "Не приходит письмо для смены пароля", 10)
    of_letter = course.chat("Инга", "Вера, по вашему письму: достаточно одной страницы", 60)
    to_chat = course.chat("Инга", "Вера, пароль сбросила, новый отправила на почту", 70)
    found = replies(course)
    assert [question for question, told in found if told == of_letter] == [letter]
    assert [question for question, told in found if told == to_chat] == [asked]


def test_all_are_spoken_to_at_the_opening_only(course: Course) -> None:
    """ "The mark is set for all" answers one question like any other answer."""
    _history(course, 20)
    asked = course.chat("Вера", "Подскажите, какой объём эссе нужен", 21 * DAY)
    answer = course.chat("Инга", "Объём эссе свободный, обычно хватает одной страницы, это важно всем", 21 * DAY + 60)
    assert replies(course)[asked, answer] == ("curator", "substantive", "next")


def test_a_public_question_answered_in_private(course: Course) -> None:
    asked = course.post("Вера", "За что снижена оценка в первой работе?", 0)
    answer = course.direct("Инга", "Вера", "По вашему вопросу в форуме: не хватило вывода", 120)
    course.direct("Инга", "Глеб", "По вашему вопросу в форуме: не хватило вывода", 130)
    assert replies(course) == {(asked, answer): ("curator", "substantive", "direct")}


def test_a_letter_answers_the_one_account_of_the_chat_that_may_be_its_addressee(course: Course) -> None:
    course.person("Людмила Степанова", "learner")
    course.stranger("Люда")
    asked = course.chat("Люда", "Не могу прикрепить вторую работу", 0)
    answer = course.mail("Инга", ["Людмила Степанова"], "Ответ на вопрос из чата", 120)
    assert replies(course) == {(asked, answer): ("curator", "substantive", "direct")}
    assert course.warehouse.value("select score from links.replies") == 0.75


def test_a_letter_answers_nobody_where_several_accounts_may_be_its_addressee(course: Course) -> None:
    course.person("Людмила Степанова", "learner")
    for name in ("Люда", "Людмила"):
        course.stranger(name)
        course.chat(name, "Не могу прикрепить вторую работу", 0)
    course.mail("Инга", ["Людмила Степанова"], "Ответ на вопрос из чата", 120)
    assert replies(course) == {}


def test_a_letter_to_somebody_who_has_an_account_in_the_chat_is_not_for_one_that_shows_the_same_name(course: Course) -> None:
    course.person("Людмила Степанова", "learner")
    course.stranger("Люда")
    course.chat("Людмила Степанова", "Всем доброго утра", 0)
    course.chat("Люда", "Не могу прикрепить вторую работу", 0)
    course.mail("Инга", ["Людмила Степанова"], "Ответ на вопрос из чата", 120)
    assert replies(course) == {}


def test_a_letter_stays_with_the_account_that_may_be_its_addressee_s_though_another_turns_up_later(course: Course) -> None:
    """What is written after the letter changes nothing: a night must come to what relating everything at once comes to."""
    course.person("Людмила Степанова", "learner")
    course.stranger("Люда")
    asked = course.chat("Люда", "Не могу прикрепить вторую работу", 0)
    answer = course.mail("Инга", ["Людмила Степанова"], "Ответ на вопрос из чата", 120)
    course.chat("Людмила Степанова", "Всем доброго утра", 200)
    assert (asked, answer) in replies(course)


def test_a_letter_that_names_the_chat_answers_no_question_of_another_place(course: Course) -> None:
    course.direct("Вера", "Инга", "Прошу продлить срок сдачи второй работы", 0)
    course.mail("Инга", ["Вера"], "Ответ на вопрос из чата", 120)
    assert replies(course) == {}


def test_a_reminder_in_private_answers_nothing(course: Course) -> None:
    course.chat("Вера", "Когда вебинар?", 0)
    course.mail("Инга", ["Вера"], "Вы давно не заходили в курс", 60)
    assert replies(course) == {}


def test_letters_by_thread_and_by_subject(course: Course) -> None:
    first = course.mail("Вера", ["Инга"], "Вопрос по эссе", 0)
    second = course.mail("Глеб", ["Инга"], "Не открывается тест", 1)
    in_thread = course.mail("Инга", ["Вера"], "Re: Вопрос по эссе", 60, reply_to=first)
    by_subject = course.mail("Инга", ["Глеб"], "Re: Не открывается тест", 70)
    found = replies(course)
    assert found[first, in_thread][2] == "explicit"
    assert found[second, by_subject][2] == "thread"


def test_between_two_people_the_next_words_answer(course: Course) -> None:
    asked = course.direct("Вера", "Инга", "Как мне сменить фамилию в удостоверении?", 0)
    answer = course.direct("Инга", "Вера", "Пришлите копию свидетельства, исправлю", 60)
    assert replies(course)[asked, answer] == ("curator", "substantive", "next")


def _history(course: Course, days: int) -> None:
    """Explicit answers of two kinds, to learn from."""
    for day in range(days):
        for hour, question, answer in (
            (0, "Какой объём эссе нужен?", "Объём эссе свободный, обычно хватает одной страницы"),
            (2, "Не открывается тест, пишет ошибку", "Очистите кэш браузера и зайдите в тест заново"),
        ):
            asked = course.chat("Глеб", question, day * DAY + 60 * hour)
            course.chat("Инга", answer, day * DAY + 60 * hour + 20, reply_to=asked)


def test_a_guess_learns_from_explicit_answers_which_question_is_meant(course: Course) -> None:
    _history(course, 20)
    asked = course.chat("Вера", "Подскажите, какой объём эссе нужен", 21 * DAY)
    nearer = course.chat("Глеб", "Не открывается тест, пишет ошибку", 21 * DAY + 30)
    answer = course.chat("Инга", "Объём эссе свободный, обычно хватает одной страницы", 21 * DAY + 60)
    found = replies(course)
    assert found[asked, answer] == ("curator", "substantive", "next")
    assert (nearer, answer) not in found


def test_an_announcement_is_no_answer(course: Course) -> None:
    _history(course, 20)
    asked = course.chat("Вера", "Подскажите, какой объём эссе нужен", 21 * DAY)
    notice = course.chat("Инга", "Коллеги, в четверг на платформе технические работы с 22 до 24", 21 * DAY + 60)
    assert (asked, notice) not in replies(course)


def test_one_announcement_answers_many(course: Course) -> None:
    _history(course, 20)
    first = course.chat("Вера", "Какой объём эссе нужен?", 21 * DAY)
    course.person("Дина", "learner")
    second = course.chat("Дина", "подскажите какой объём эссе нужен", 21 * DAY + 30)
    answer = course.chat("Инга", "Отвечаю всем. Объём эссе свободный, обычно хватает одной страницы", 21 * DAY + 60)
    found = replies(course)
    assert {(first, answer), (second, answer)} <= set(found)


def test_an_answer_to_all_who_asked_answers_one_matter() -> None:
    """Three who asked for the deadline are believed more than one who asked for something else, however likely that one is by itself."""
    rows = pd.DataFrame(
        {
            "question_id": [0, 1, 2, 3, 4], "answer_id": 0, "sent": 0.0, "is_holding": False, "score": [0.2, 0.2, 0.15, 0.3, 0.05],
            "alone": [0.95, 0.9, 0.5, 0.97, 0.95], "intent": [7, 7, 7, 8, 7], "number": [0.0, 1.0, 0.0, 0.0, -1.0],
        }
    )  # fmt: skip
    found = of_one_matter(rows)
    assert found[["question_id", "score"]].values.tolist() == [[0, 0.95], [1, 0.9]]


def test_questions_without_an_intent_are_matters_of_their_own() -> None:
    rows = pd.DataFrame({"question_id": [0, 1], "answer_id": 0, "score": [0.3, 0.2], "alone": 0.95, "intent": -1, "number": 0.0})
    assert of_one_matter(rows)["question_id"].tolist() == [0]


def test_an_answer_to_all_looks_further_back_than_other_answers(course: Course) -> None:
    """More questions may be open in two weeks than a guess tells apart."""
    _history(course, 20)
    first = course.chat("Вера", "Какой объём эссе нужен?", 21 * DAY)
    for place in range(40):
        course.chat("Глеб", "Не открывается тест, пишет ошибку", 21 * DAY + 60 + 10 * place)
    answer = course.chat("Инга", "Отвечаю всем. Объём эссе свободный, обычно хватает одной страницы", 22 * DAY)
    assert (first, answer) in replies(course)


def test_a_question_already_answered_takes_no_guess(course: Course) -> None:
    _history(course, 20)
    asked = course.chat("Вера", "Какой объём эссе нужен?", 21 * DAY)
    course.chat("Инга", "Объём эссе свободный, обычно хватает одной страницы", 21 * DAY + 10, reply_to=asked)
    again = course.chat("Инга", "Объём эссе свободный, обычно хватает одной страницы", 21 * DAY + 60)
    assert (asked, again) not in replies(course)


@pytest.mark.parametrize("text", ["Поправили, спасибо!", "Спасибо, вопрос исправили и баллы пересчитали."])
def test_news_with_a_courtesy_is_an_answer(course: Course, text: str) -> None:
    asked = course.chat("Вера", "Ссылка на анкету не открывается", 0)
    told = course.chat("Инга", text, 30, reply_to=asked)
    assert replies(course)[asked, told] == ("curator", "substantive", "explicit")


def test_whom_the_asker_thanks_has_answered(course: Course) -> None:
    asked = course.chat("Вера", "Где лежит шаблон отчёта?", 0)
    course.chat("Глеб", "Не открывается тест, пишет ошибку", 5)
    told = course.chat("Инга", "Посмотрите, пожалуйста, второй файл сверху", 40)
    course.chat("Вера", "Спасибо, нашла", 50, reply_to=told)
    assert replies(course)[asked, told][2] == "next"


def test_a_reminder_right_after_a_question_is_no_answer(course: Course) -> None:
    course.chat("Вера", "До какого числа сдаём вторую работу?", 0)
    course.chat("Инга", "Напоминаем: вебинар во вторник в 17:00, подключайтесь заранее", 4)
    assert replies(course) == {}


def test_one_of_two_of_a_name_is_told_by_what_is_spoken_of(course: Course) -> None:
    course.person("Анна П", "learner", first_name="Анна")
    course.person("Анна К", "learner", first_name="Анна")
    asked = course.chat("Анна П", "Когда будет запись вебинара?", 0)
    other = course.chat("Анна К", "Не загружается файл с работой, пишет ошибку", 10)
    told = course.chat("Инга", "Анна, запись вебинара появится завтра", 60)
    found = replies(course)
    assert found[asked, told] == ("curator", "substantive", "mention")
    assert (other, told) not in found


def test_somebody_of_that_name_in_the_course_is_meant_and_nobody_who_only_shares_the_first(course: Course) -> None:
    course.person("Елена Ивановна", "learner")
    course.person("Елена Сергеевна", "learner")
    course.stranger("Ромашка")
    taught = course.chat("Глеб", "Когда выдадут удостоверения?", 0)
    course.chat("Инга", "Удостоверения выдадут после зачёта всех работ", 10, reply_to=taught)
    known = course.chat("Елена Ивановна", "Когда выдадут удостоверения?", 60)
    stranger = course.chat("Ромашка", "Когда выдадут удостоверения?", 70)
    told = course.chat("Инга", "Елена Сергеевна, удостоверения выдадут после зачёта всех работ", 90)
    found = replies(course)
    assert (known, told) not in found
    assert found[stranger, told] == ("curator", "substantive", "next")


def test_roots_end_at_the_nearest_and_cycles_have_none() -> None:
    ids = pd.Series(list("abcdefg"))
    parents = pd.Series([None, "a", "b", "c", "f", "e", "missing"])
    is_root = np.array([True, False, True, False, False, False, False])
    root, steps = roots(ids, parents, is_root)
    assert root.tolist() == [0, 0, 2, 2, -1, -1, -1]
    assert steps.tolist() == [0, 1, 0, 1, 0, 0, 0]


def test_roots_of_a_long_chain() -> None:
    size = 1000
    ids = pd.Series([str(number) for number in range(size)])
    parents = pd.Series([None, *ids[:-1]])
    root, steps = roots(ids, parents, np.arange(size) == 0)
    assert (root == 0).all()
    assert steps.tolist() == list(range(size))


def test_no_questions_no_replies(course: Course) -> None:
    course.chat("Инга", "Коллеги, вебинар в среду в 18:00", 0)
    assert replies(course) == {}


def edited(course: Course, message: str, before: str, *, sent: float, minute: float) -> None:
    """The message said something else until this minute."""
    for row in course.rows["raw.messages"]:
        row["edited_at"] = at(minute) if row["message_id"] == message else None
    course.rows["raw.message_versions"] = [{"message_id": message, "written_at": at(sent)}]
    course.rows["personal.message_versions"] = [{"message_id": message, "written_at": at(sent), "text": before}]


@pytest.mark.parametrize(
    ("before", "since"),
    [("Уточню и отвечу", 200), ("Вебинар во вторник в 18:00", 30)],
    ids=["a promise becomes the answer", "an answer is corrected"],
)
def test_an_edited_answer_answers_from_when_it_says_so(course: Course, before: str, since: float) -> None:
    asked = course.chat("Вера", "Когда вебинар?", 0)
    answer = course.chat("Инга", "Вебинар в среду в 18:00 по Москве", 30, reply_to=asked)
    edited(course, answer, before, sent=30, minute=200)
    assert replies(course)[asked, answer] == ("curator", "substantive", "explicit")
    assert course.warehouse.value("select said_at from links.replies") == at(since)


@pytest.mark.parametrize(("after", "counts"), [(5, False), (29, False), (31, True)])
def test_an_answer_taken_back_before_it_was_read_leaves_the_question_open(course: Course, after: float, counts: bool) -> None:
    asked = course.chat("Вера", "Когда вебинар?", 0)
    answer = course.chat("Инга", "В среду в 18:00 по Москве", 30, reply_to=asked, deleted_at=at(30 + after))
    assert ((asked, answer) in replies(course)) == counts


@pytest.mark.parametrize("text", ["Не помогло", "Все равно не открывается", "Так и не работает(", "Вопрос ещё актуален"])
def test_who_was_not_helped_says_so_and_the_question_goes_on(course: Course, text: str) -> None:
    asked = course.chat("Вера", "Не открывается тест, что делать?", 0)
    answer = course.chat("Инга", "Очистите кэш браузера и зайдите снова", 30, reply_to=asked)
    back = course.chat("Вера", text, 60, reply_to=answer)
    assert replies(course)[asked, back][0] == "asker"
    assert course.warehouse.rows("select rule from links.questions where message_id = ?", [back]) == [("follow_up",)]


@pytest.mark.parametrize(
    "reminder", ["Ап", "??", "Ответьте, пожалуйста", "Повторю вопрос: когда вебинар?", "Инга Петровна, вы не ответили на мой вопрос"]
)
def test_a_reply_to_a_reminder_answers_the_question_that_waits(course: Course, reminder: str) -> None:
    """It is the newest message of the asker that a curator replies to, and the question had stayed open for ever."""
    course.chat("Вера", "Где шаблон отчёта?", -DAY)
    asked = course.chat("Вера", "Когда вебинар?", 0)
    other = course.chat("Глеб", "Сколько попыток в тесте?", 100)
    reminded = course.chat("Вера", reminder, DAY)
    answer = course.chat("Инга", "В среду в 18:00 по Москве", DAY + 20, reply_to=reminded)
    found = replies(course)
    assert found[asked, answer] == ("curator", "substantive", "thread")
    assert [question for question, of in found if of == answer] == [asked] != [other]


def test_a_reply_to_other_words_of_the_asker_answers_nothing(course: Course) -> None:
    course.chat("Вера", "Когда вебинар?", 0)
    chatted = course.chat("Вера", "Доброе утро, коллеги!", DAY)
    course.chat("Инга", "Доброе утро! Сегодня открывается модуль 2", DAY + 20, reply_to=chatted)
    assert replies(course) == {}


def test_a_reminder_after_the_answer_goes_with_no_older_question(course: Course) -> None:
    asked = course.chat("Вера", "Когда вебинар?", 0)
    course.chat("Инга", "В среду в 18:00 по Москве", 20, reply_to=asked)
    again = course.chat("Вера", "Жду ответа", DAY)
    told = course.chat("Инга", "Уже ответила выше", DAY + 20, reply_to=again)
    assert (asked, told) not in replies(course)


def test_the_curator_goes_on_after_the_answer_to_a_question_back(course: Course) -> None:
    course.chat("Глеб", "Когда вебинар?", -60)
    asked = course.chat("Вера", "Не открывается тест, пишет ошибку", 0)
    back = course.chat("Инга", "Вера, какой у вас браузер?", 10)
    course.chat("Вера", "Яндекс вроде", 20)
    again = course.chat("Инга", "А телефон или компьютер?", 30)
    course.chat("Вера", "телефон сына", 40)
    told = course.chat("Инга", "Снимите галочку в самом низу настроек", 50)
    found = replies(course)
    assert found[asked, back] == ("curator", "holding", "mention")
    assert found[asked, again] == ("curator", "holding", "turn")
    assert found[asked, told] == ("curator", "substantive", "turn")


def test_a_reply_to_the_answer_to_a_question_back_goes_on_too(course: Course) -> None:
    asked = course.chat("Вера", "Не открывается тест, пишет ошибку", 0)
    course.chat("Инга", "Какой у вас браузер?", 10, reply_to=asked)
    given = course.chat("Вера", "Яндекс вроде", 20)
    told = course.chat("Инга", "Снимите галочку в самом низу настроек", 30, reply_to=given)
    assert replies(course)[asked, told] == ("curator", "substantive", "turn")


@pytest.mark.parametrize(
    "between", ["somebody else asks", "the asker is silent", "a promise", "everybody is told", "another curator", "two days pass"]
)
def test_no_turn_where_the_curator_may_speak_of_something_else(course: Course, between: str) -> None:
    course.person("Юна", "curator")
    asked = course.chat("Вера", "Не открывается тест, пишет ошибку", 0)
    course.chat("Инга", "Уточню и напишу" if between == "a promise" else "Какой у вас браузер?", 10, reply_to=asked)
    if between != "the asker is silent":
        course.chat("Вера", "Яндекс вроде", 20)
    if between == "somebody else asks":
        course.chat("Глеб", "Когда откроют третью неделю?", 25)
    text = "Снимите галочку в самом низу настроек"
    told = course.chat(
        "Юна" if between == "another curator" else "Инга",
        f"Уважаемые слушатели! {text}" if between == "everybody is told" else text,
        3 * DAY if between == "two days pass" else 30,
    )
    assert replies(course).get((asked, told), ("", "", ""))[2] != "turn"


def test_what_was_never_said_twice_does_not_tell_what_will_be_said() -> None:
    lines = [
        "критерии эссе внизу страницы",
        "вебинар завтра в шесть вечера",
        "критерии эссе внизу этой страницы",
        "сертификат пришлём почтой",
    ]
    known = pd.DataFrame({"answer_id": [0, 1, 2, 3], "answer_line": [0, 1, 2, 3]})
    assert repeated(known, word_counts(lines)) == 2
    assert repeated(known[known["answer_line"] != 2], word_counts(lines)) == 0
    # The same words said twice are one line; an answer to two questions is said once.
    assert repeated(pd.DataFrame({"answer_id": [0, 1], "answer_line": [3, 3]}), word_counts(lines)) == 2
    assert repeated(pd.DataFrame({"answer_id": [0, 0], "answer_line": [3, 3]}), word_counts(lines)) == 0


def test_a_short_word_in_another_form_tells_which_question_is_meant() -> None:
    asked = word_counts(["распевку можно вести на баяне", "стирать доску можно", "эссе можно писать от руки"], openings)
    told = word_counts(["баян можно"], openings)
    shared = shared_words(asked, told, np.arange(3), np.zeros(3, np.int64), np.zeros(3, np.int64))
    assert shared[0] > 3 * shared[1]
    # What speaks for every candidate speaks for none.
    assert shared[1] == shared[2] < 0.3


def test_who_has_thanked_before_is_less_likely_to_be_answered() -> None:
    def belief(word: str) -> float:
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            course = Course(warehouse)
            for name, role in (("Вера", "learner"), ("Глеб", "learner"), ("Инга", "curator")):
                course.person(name, role)
            asked = course.chat("Вера", "Сколько страниц у эссе?", 0)
            course.chat("Глеб", "Две страницы, в методичке написано", 5)
            course.chat("Вера", word, 9)
            course.chat("Инга", "Да, всё верно подсказали", 40)
            replies(course)
            pairs = "select question_id, score from links.replies where rule = 'next' union all select question_id, score from links.possible_replies"
            return dict(course.warehouse.rows(pairs)).get(asked, 0.0)

    assert belief("Спасибо, разобралась") < belief("я дома")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Галя, взяла в работу", "holding"),
        ("Заявка зарегистрирована", "holding"),
        ("нужно смотреть часы, посмотрю и отвечу", "holding"),
        ("направлю ваш вопрос в договорной отдел", "holding"),
        ("Какой браузер? У меня всё открывается", "holding"),
        ("Пятую открыла, но сначала пересмотри третью, договорились?", "substantive"),
        ("Какой угодно, лишь бы читалось", "substantive"),
        ("Заявку приняла, место за вами, начало в среду в 18:00, ссылку пришлём накануне", "substantive"),
    ],
)  # fmt: skip
def test_who_has_taken_note_or_asks_first_has_not_answered(course: Course, said: str, kind: str) -> None:
    asked = course.chat("Вера", "Где исправить договор?", 0)
    answer = course.chat("Инга", said, 10, reply_to=asked)
    assert replies(course)[asked, answer][1] == kind
