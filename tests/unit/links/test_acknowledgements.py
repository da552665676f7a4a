from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.links.acknowledgements import AcknowledgementSummary, link_acknowledgements
from pipelines.links.questions import link_questions
from pipelines.links.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import NEWS, PROGRAMME, Course

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
    link_questions(course.warehouse, PROGRAMME)
    link_replies(course.warehouse, PROGRAMME)
    return link_acknowledgements(course.warehouse, PROGRAMME)


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
