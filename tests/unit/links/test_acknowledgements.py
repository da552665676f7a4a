from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.links.acknowledgements import AcknowledgementSummary, link_acknowledgements
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import COURSE, NEWS, Course, at

DAY = 60 * 24


@pytest.fixture
def course() -> Iterator[Course]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        course = Course(warehouse)
        for name in ("Вера", "Глеб", "Дина"):
            course.person(name, "learner")
        course.person("Инга", "curator")
        yield course


def run(course: Course) -> AcknowledgementSummary:
    course.write()
    link_questions(course.warehouse)
    link_replies(course.warehouse)
    return link_acknowledgements(course.warehouse)


def signs(course: Course) -> set[tuple[str, str, str]]:
    run(course)
    return {
        (notice, person.removeprefix("p-"), kind)
        for notice, person, kind in course.warehouse.rows("select notice_id, person_id, kind from links.acknowledgements")
    }


def report(course: Course, notice: str, name: str, minute: float, kind: str, state: str | None) -> None:
    course.mail(
        "daemon", ["Инга"], "Report", minute, kind=kind, about_message_id=notice, about_account_id=f"mail-{name}", delivery_state=state
    )


def test_what_the_systems_record(course: Course) -> None:
    notice = course.mail("Инга", ["Вера", "Глеб", "Дина"], "Начало обучения", 0)
    report(course, notice, "Вера", 10, "read_receipt", "displayed")
    report(course, notice, "Глеб", 5, "delivery_report", "delayed")
    report(course, notice, "Глеб", 90, "delivery_report", "failed")
    course.mail("Дина", ["Инга"], "Автоответ: Начало обучения", 1, kind="auto_reply", about_message_id=notice)
    assert signs(course) == {
        (notice, "Вера", "read_receipt"), (notice, "Глеб", "delayed"), (notice, "Глеб", "bounce"), (notice, "Дина", "auto_reply"),
    }  # fmt: skip


def test_deleted_unread_is_told_from_read(course: Course) -> None:
    notice = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    report(course, notice, "Вера", 10, "read_receipt", "deleted")
    assert signs(course) == {(notice, "Вера", "deleted_unread")}


def test_delivered_is_no_sign_of_having_read(course: Course) -> None:
    notice = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    report(course, notice, "Вера", 10, "delivery_report", "delivered")
    assert signs(course) == {(notice, "Вера", "none")}


def test_reply_in_and_outside_the_thread(course: Course) -> None:
    notice = course.mail("Инга", ["Вера", "Глеб", "Дина"], "Начало обучения", 0)
    course.mail("Вера", ["Инга"], "Re: Начало обучения", 60, reply_to=notice)
    course.mail("Глеб", ["Инга"], "Письмо получил", 60)
    assert signs(course) == {(notice, "Вера", "reply"), (notice, "Глеб", "mail"), (notice, "Дина", "none")}


def test_a_letter_counts_for_the_latest_notice_only(course: Course) -> None:
    first = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    second = course.mail("Инга", ["Вера"], "Вебинар во вторник", 2 * DAY)
    course.mail("Вера", ["Инга"], "Письмо получила", 3 * DAY)
    assert signs(course) == {(first, "Вера", "none"), (second, "Вера", "mail")}


def test_a_letter_that_asks_confirms_nothing(course: Course) -> None:
    notice = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    course.mail("Вера", ["Инга"], "Вопрос по эссе", DAY)
    assert signs(course) == {(notice, "Вера", "none")}


def test_a_confirmation_in_the_chat(course: Course) -> None:
    notice = course.mail("Инга", ["Вера", "Глеб"], "Начало обучения", 0)
    course.chat("Вера", "Письмо получила, спасибо", 60)
    course.chat("Глеб", "А мне никто не писал, кто-нибудь получил письмо о начале обучения?", 70)
    assert signs(course) == {(notice, "Вера", "chat"), (notice, "Глеб", "none")}


@pytest.mark.parametrize(
    ("text", "confirms"),
    [
        ("Видела вашу рассылку, всё ясно", True),
        ("сообщение прочла", True),
        ("Почту открыла, спасибо", True),
        ("your email arrived", True),
        # What has not come was not received.
        ("Рассылка так и не пришла", False),
        ("письмо ещё не дошло", False),
        ("Пока не получила письмо", False),
    ],
)
def test_a_letter_under_any_name_came_or_did_not(course: Course, text: str, *, confirms: bool) -> None:
    notice = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    course.chat("Вера", text, 60)
    assert ((notice, "Вера", "chat") in signs(course)) == confirms


@pytest.mark.parametrize("subject", ["О прочтении", "Уведомляю", "Письмо прочла"])
def test_a_subject_that_says_it_was_read_confirms_and_asks_nothing(course: Course, subject: str) -> None:
    notice = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    letter = course.mail("Вера", ["Инга"], subject, 3 * 60)
    assert (notice, "Вера", "mail") in signs(course)
    assert not course.warehouse.value("select is_question from links.questions where message_id = ?", [letter])


def test_a_confirmation_long_after_is_for_something_else(course: Course) -> None:
    notice = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    course.chat("Вера", "Письмо получила", 30 * DAY)
    assert signs(course) == {(notice, "Вера", "none")}


def test_an_answer_is_no_notice(course: Course) -> None:
    asked = course.mail("Вера", ["Инга"], "Вопрос по эссе", 0)
    course.mail("Инга", ["Вера"], "Re: Вопрос по эссе", 60, reply_to=asked)
    course.chat("Глеб", "Когда вебинар?", 100)
    course.mail("Инга", ["Глеб"], "Ответ на вопрос из чата", 160)
    assert signs(course) == set()


def test_a_news_post_and_who_opened_it(course: Course) -> None:
    course.enrol("Дина", "learner", since=500)
    course.rows["raw.enrolments"] = [
        row for row in course.rows["raw.enrolments"] if not (row["account_id"] == "moodle-Дина" and row["created_at"].day < 2)
    ]
    notice = course.post("Инга", "Открыт второй модуль", 100, thread="7", forum=NEWS)
    course.view("Вера", "7", 90)
    course.view("Вера", "7", 200)
    course.view("Глеб", "8", 200)
    found = signs(course)
    assert found == {(notice, "Вера", "viewed"), (notice, "Глеб", "none")}
    assert course.warehouse.value("select epoch(acknowledged_at) from links.acknowledgements where kind = 'viewed'") == pytest.approx(
        1772431200 + 200 * 60
    )


def test_who_was_entered_later_as_from_the_start_was_told_nothing_before(course: Course) -> None:
    course.person("Нина", None)
    course.enrol("Нина", "learner", since=3 * DAY)
    course.rows["raw.enrolments"][0].setdefault("starts_at", None)
    course.rows["raw.enrolments"][-1]["starts_at"] = at(-1000)
    notice = course.post("Инга", "Занятия начались", 0, thread="7", forum=NEWS)
    later = course.post("Инга", "Модуль 2 открыт", 4 * DAY, thread="8", forum=NEWS)
    for thread, minute in (("7", 10), ("8", 4 * DAY + 10)):
        course.view("Вера", thread, minute)
    found = signs(course)
    assert (later, "Нина", "none") in found
    assert not [one for one in found if one[:2] == (notice, "Нина")]


def test_who_acted_before_a_restored_lms_entered_everybody_anew_was_told(course: Course) -> None:
    course.person("Нина", None)
    course.enrol("Нина", "learner", since=3 * DAY)
    course.rows["raw.enrolments"][0].setdefault("starts_at", None)
    course.rows["raw.enrolments"][-1]["starts_at"] = at(-1000)
    course.view("Нина", "5", -30)
    notice = course.post("Инга", "Занятия начались", 0, thread="7", forum=NEWS)
    course.view("Вера", "7", 10)
    assert (notice, "Нина", "none") in signs(course)


def test_unlinked_addresses_are_counted_and_left_out(course: Course) -> None:
    course.mail("Инга", ["Вера", "кто-то"], "Начало обучения", 0)
    summary = run(course)
    assert (summary.notices, summary.addressees, summary.unlinked) == (1, 1, 1)


def test_a_learner_s_mail_to_many_is_no_notice(course: Course) -> None:
    course.mail("Вера", ["Инга", "Глеб", "Дина"], "Поздравляю всех", 0)
    assert signs(course) == set()


def test_news_that_nobody_was_seen_to_open_is_no_notice(course: Course) -> None:
    course.post("Инга", "Открыт второй модуль", 100, thread="7", forum=NEWS)
    assert signs(course) == set()


def task(course: Course, number: int, kind: str, name: str) -> str:
    identity = f"moodle:task:{number}"
    course.rows.setdefault("raw.tasks", []).append(
        {"task_id": identity, "course_id": COURSE, "kind": kind, "name": name, "is_deleted": False}
    )
    return identity


def look(course: Course, who: str, task_id: str, minute: float, action: str = "viewed") -> None:
    course.view(who, "none", minute)
    course.rows["raw.activity"][-1] |= {"task_id": task_id, "action": action, "event": "course_module_viewed"}
    course.rows["raw.activity"][0].setdefault("task_id", None)


def react(course: Course, message: str, who: str, minute: float | None) -> None:
    rows = course.rows.setdefault("raw.addressees", [])
    rows.append({"message_id": message, "account_id": f"telegram-{who}", "role": "reaction", "acted_at": None if minute is None else at(minute), "seen_at": at(900)})  # fmt: skip
    for name in rows[-1]:
        rows[0].setdefault(name, None)


def test_a_pinned_message_has_signs_and_no_silence(course: Course) -> None:
    """A reply to it, a reaction and a word in its chat are signs; nothing from somebody is unknown, not a silence."""
    course.person("Елена", "learner")
    notice = course.chat("Инга", "Запись вебинара в разделе недели", 10, is_pinned=True)
    course.chat("Вера", "Ура", 20, reply_to=notice)
    react(course, notice, "Глеб", 30)
    course.chat("Дина", "Спасибо, ознакомлена", 40)
    assert signs(course) == {
        (notice, "Вера", "reply"), (notice, "Глеб", "reaction"), (notice, "Дина", "chat"), (notice, "Елена", "unknown"),
    }  # fmt: skip


def test_a_reaction_without_a_time_has_the_exports(course: Course) -> None:
    notice = course.chat("Инга", "Запись вебинара в разделе недели", 10, is_pinned=True)
    react(course, notice, "Вера", None)
    run(course)
    assert course.warehouse.value("select acknowledged_at from links.acknowledgements where kind = 'reaction'") == at(900)


@pytest.mark.parametrize(
    ("text", "is_notice"),
    [
        ("Коллеги, не забудьте сдать эссе до пятницы", True),
        ("Уважаемые слушатели! Заполните, пожалуйста, анкету", True),
        ("Dear all, please submit the essay by Friday", True),
        ("Коллеги, доброе утро", False),
        ("Сдайте, пожалуйста, до пятницы", False),
    ],
)
def test_who_asks_everybody_for_something_gives_notice(course: Course, text: str, *, is_notice: bool) -> None:
    course.chat("Инга", text, 10)
    assert bool(signs(course)) == is_notice


def test_a_learner_s_pinned_message_is_no_notice(course: Course) -> None:
    course.chat("Вера", "Коллеги, не забудьте про анкету", 10, is_pinned=True)
    assert signs(course) == set()


def test_a_chat_of_one_group_speaks_to_that_group(course: Course) -> None:
    notice = course.chat("Инга", "Запись вебинара в разделе недели", 10, is_pinned=True, group_id="g")
    course.rows["raw.memberships"] = [
        {"membership_id": "1", "group_id": "g", "account_id": "moodle-Вера", "joined_at": at(-100), "left_at": None},
        {"membership_id": "2", "group_id": "g", "account_id": "moodle-Глеб", "joined_at": at(-100), "left_at": at(5)},
    ]
    assert signs(course) == {(notice, "Вера", "unknown")}


@pytest.mark.parametrize(
    "subject",
    ["Напоминание: задание 2 до пятницы", "У вас нет работы 2", "Сдаём: Практическая работа 2. Фрагмент урока", "Reminder: assignment 2"],
)
def test_the_task_that_a_letter_names_was_opened(course: Course, subject: str) -> None:
    """By the one named, after the letter, within a week, and by nobody else."""
    named = task(course, 12, "assignment", "Практическая работа 2. Фрагмент урока")
    other = task(course, 13, "assignment", "Практическая работа 3. Эссе")
    task(course, 14, "quiz", "Тест 2")
    course.person("Елена", "learner")
    notice = course.mail("Инга", ["Вера", "Глеб", "Дина", "Елена"], subject, 100)
    look(course, "Вера", named, 50)
    look(course, "Вера", named, 200)
    look(course, "Глеб", other, 200)
    look(course, "Дина", named, 100 + 8 * DAY)
    look(course, "Елена", named, 300, "submitted")
    assert signs(course) == {(notice, "Вера", "acted"), (notice, "Глеб", "none"), (notice, "Дина", "none"), (notice, "Елена", "acted")}
    assert course.warehouse.value("select acknowledged_at from links.acknowledgements where person_id = 'p-Вера'") == at(200)


def test_a_link_names_the_task_and_a_doubtful_number_none(course: Course) -> None:
    linked = task(course, 21, "url", "Анкета")
    task(course, 22, "assignment", "Задание 1. Начало")
    doubtful = task(course, 23, "assignment", "Задание 1. Повторение")
    first = course.chat("Инга", "Анкета здесь: https://lms.example.org/mod/url/view.php?id=21", 10, is_pinned=True)
    second = course.mail("Инга", ["Глеб"], "Напоминание: задание 1", 10)
    look(course, "Вера", linked, 20)
    look(course, "Глеб", doubtful, 20)
    assert {sign for sign in signs(course) if sign[2] not in ("unknown",)} == {(first, "Вера", "acted"), (second, "Глеб", "none")}


def test_a_letter_with_a_subject_of_its_own_is_no_confirmation(course: Course) -> None:
    notice = course.mail("Инга", ["Вера", "Глеб", "Дина"], "Начало обучения", 0)
    course.mail("Вера", ["Инга"], "Курсы", 60)
    course.mail("Глеб", ["Инга"], "(без темы)", 60)
    course.mail("Дина", ["Инга"], "Начало обучения", 60)
    assert signs(course) == {(notice, "Вера", "none"), (notice, "Глеб", "mail"), (notice, "Дина", "mail")}


def test_one_confirmation_is_of_the_letter_and_of_the_pinned_message_about_it(course: Course) -> None:
    letter = course.mail("Инга", ["Вера"], "Начало обучения", 0)
    pinned = course.chat("Инга", "Отправила всем письмо, подтвердите получение", 5, is_pinned=True)
    course.chat("Вера", "Письмо получила", 30)
    assert {sign for sign in signs(course) if sign[1] == "Вера"} == {(letter, "Вера", "chat"), (pinned, "Вера", "chat")}


def test_a_confirmation_by_personal_message_to_the_sender(course: Course) -> None:
    course.person("Раиса", "curator")
    notice = course.mail("Инга", ["Вера", "Глеб"], "Начало обучения", 0)
    course.direct("Вера", "Инга", "Письмо получила, спасибо", 30)
    course.direct("Глеб", "Раиса", "Письмо получил, спасибо", 30)
    assert signs(course) == {(notice, "Вера", "direct"), (notice, "Глеб", "none")}
