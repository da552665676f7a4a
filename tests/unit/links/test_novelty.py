from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.knowledge import known_until
from pipelines.links.novelty import first_to_relate, note_related
from pipelines.links.questions import link_questions
from pipelines.links.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import PROGRAMME, START, Course

DAY = 60 * 24
WEEKS = 13
ASKED = (
    ("Какой объём эссе нужен?", "Объём эссе свободный, обычно хватает одной страницы"),
    ("Не открывается тест, пишет ошибку", "Очистите кэш браузера и зайдите в тест заново"),
    ("Когда будет вебинар?", "Вебинар в среду в 18:00 по Москве"),
    ("Где найти критерии второй работы?", "Критерии второй работы стоят в её описании"),
)
LEARNERS = ("Вера", "Глеб", "Дина", "Егор")


@pytest.fixture
def course() -> Iterator[Course]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        yield Course(warehouse)


def talk(course: Course, seed: int = 5) -> None:
    """A course of a quarter in chat, forum, mail and personal messages; most answers are marked, some are not, some come late."""
    rng = random.Random(seed)
    for name in LEARNERS:
        course.person(name, "learner")
    course.person("Инга", "curator")
    for day in range(7 * WEEKS):
        for number in range(rng.randrange(2, 5)):
            question, answer = rng.choice(ASKED)
            who, minute = rng.choice(LEARNERS), day * DAY + 60 * number + rng.random() * 50
            asked = course.chat(who, question, minute)
            if rng.random() < 0.3:
                course.chat(who, "вот такая ошибка", minute + 2)
            if rng.random() < 0.2:
                course.chat("Инга", "Уточню и напишу", minute + 15, reply_to=asked)
            how = rng.random()
            late = minute + rng.choice((20, 200, 26 * 60, 20 * DAY if rng.random() < 0.1 else 90))
            if how < 0.45:
                told = course.chat("Инга", answer, late, reply_to=asked)
                course.chat(who, "Спасибо!", late + 5, reply_to=told)
            elif how < 0.75:
                course.chat("Инга", answer, late)
            elif how < 0.8:
                course.chat("Инга", f"{who}, {answer.lower()}", late)
            elif how < 0.85:
                course.chat("Инга", f"Отвечаю всем. {answer}", late + 3 * DAY)
            elif how < 0.9:
                course.direct("Инга", who, f"По вашему вопросу в чате: {answer}", late)
        if day % 3 == 0:
            asked = course.mail(rng.choice(LEARNERS), ["Инга"], rng.choice(("Вопрос", "(без темы)", "Письмо получила")), day * DAY + 700)
            course.mail("Инга", ["Вера"], "Re: Вопрос", day * DAY + 900, reply_to=asked)
    course.write()


def relate(course: Course, day: int, *, anew: bool = False) -> float | None:
    with known_until(course.warehouse, START + timedelta(days=day)):
        since = first_to_relate(course.warehouse)
        link_questions(course.warehouse, PROGRAMME, None if anew else since, is_related=not anew)
        link_replies(course.warehouse, PROGRAMME, None if anew else since, is_related=not anew)
        note_related(course.warehouse)
    return since


def linked(course: Course) -> dict[str, list[tuple[object, ...]]]:
    return {table: course.warehouse.rows(f"select * from links.{table} order by all") for table in ("questions", "replies")}


def reopen(course: Course) -> None:
    """A question that nobody answered is taken back."""
    course.warehouse.connection.execute(
        "update raw.messages set deleted_at = sent_at + interval 1 day where message_id = (select max(question.message_id) from links.questions as question "
        "where question.is_question and not exists (select 1 from links.replies as reply where reply.question_id = question.burst_id) and question.message_id like 'telegram%')"
    )


@pytest.mark.slow
def test_night_by_night_comes_to_what_all_at_once_comes_to(course: Course) -> None:
    talk(course)
    starts = [relate(course, day) for day in range(7, 7 * WEEKS + 1, 7)]
    by_night = linked(course)
    assert starts[-1] is not None
    assert starts[-1] > (START + timedelta(days=7 * WEEKS - 7 - 22)).timestamp(), "the last night looks at the last weeks only"
    relate(course, 7 * WEEKS, anew=True)
    assert linked(course) == by_night
    rules = {row[4] for row in by_night["replies"]}
    assert {"explicit", "thread", "mention", "direct", "next"} <= rules


def test_a_night_on_which_nothing_came_changes_nothing(course: Course) -> None:
    course.person("Вера", "learner")
    course.person("Инга", "curator")
    asked = course.chat("Вера", "Когда вебинар?", 0)
    course.chat("Инга", "В среду в 18:00 по Москве", 30, reply_to=asked)
    course.write()
    assert relate(course, 2) is None
    before = linked(course)
    since = relate(course, 3)
    assert since is not None
    assert since > START.timestamp()
    assert linked(course) == before


@pytest.mark.parametrize(
    ("change", "sees"),
    [
        ("update raw.messages set deleted_at = sent_at + interval 1 day where message_id = 'telegram:message:3'", 0),
        ("update links.people set person_id = 'p-Глеб' where account_id = 'telegram-Вера'", 0),
        ("update personal.messages set text = 'Спасибо' where message_id = 'telegram:message:3'", 0),
        ("delete from raw.messages where message_id = 'telegram:message:4'", 0),
        ("where false", 60),
    ],
    ids=["taken back", "recognised as somebody else", "other words", "gone", "nothing"],
)
def test_what_changed_long_ago_is_related_again(course: Course, change: str, sees: int) -> None:
    course.person("Вера", "learner")
    course.person("Инга", "curator")
    asked = course.chat("Вера", "Когда вебинар?", 0)
    course.chat("Инга", "В среду в 18:00 по Москве", 30, reply_to=asked)
    course.chat("Вера", "Где взять шаблон?", 60 * DAY)
    course.write()
    relate(course, 70)
    if "where false" not in change:
        course.warehouse.connection.execute(change)
    since = relate(course, 71)
    assert since is not None
    assert (since < START.timestamp()) == (sees == 0)


def test_the_rules_are_the_same_rules_in_another_process() -> None:
    """Sets of words come in another order in each process; by that nothing is new."""
    told = {
        subprocess.run(
            [sys.executable, "-c", "from pipelines.links.novelty import _rules; print(_rules())"],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(told) == 1
