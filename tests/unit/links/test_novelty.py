from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
import pytest

from pipelines.as_of import known_until
from pipelines.links.conversations import repeated_questions
from pipelines.links.conversations.novelty import first_to_relate, note_related
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import START, Course

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
        if day % 4 == 0:
            course.chat("Глеб", "Дина, а ты какую работу сдала?", day * DAY + 800)
            asked = course.chat("Егор", "Не открывается анкета, пишет ошибку", day * DAY + 810)
            course.chat("Инга", "Какой у вас браузер?", day * DAY + 820, reply_to=asked)
            course.chat("Егор", "вроде синий", day * DAY + 830)
            course.chat("Инга", "Снимите галочку в самом низу настроек", day * DAY + 840)
        if day % 6 == 2:
            # Tells, and is answered: by mark, by name, by nobody.
            told = course.chat("Вера", "Сижу в поезде без связи, на занятие не попаду", day * DAY + 1000)
            if day % 4 == 0:
                course.chat(
                    "Инга", "Запись занятия выложу завтра в материалах", day * DAY + 1000 + rng.choice((20, 3 * DAY)), reply_to=told
                )
            elif day % 4 == 2:
                course.chat("Инга", "Вера, запись занятия выложу завтра в материалах", day * DAY + 1000 + rng.choice((20, 600)))
        if day % 5 == 1:
            asked = course.chat("Дина", "Когда будет вебинар?", day * DAY + 950)
            course.chat("Глеб", "гляньте в закрепе", day * DAY + 960, reply_to=asked if day % 2 else None)
        if day % 3 == 0:
            asked = course.mail(rng.choice(LEARNERS), ["Инга"], rng.choice(("Вопрос", "(без темы)", "Письмо получила")), day * DAY + 700)
            course.mail("Инга", ["Вера"], "Re: Вопрос", day * DAY + 900, reply_to=asked)
    course.write()


def relate(course: Course, day: int, *, anew: bool = False) -> float | None:
    with known_until(course.warehouse, START + timedelta(days=day)):
        since = first_to_relate(course.warehouse)
        link_questions(course.warehouse, since=None if anew else since, is_related=not anew)
        link_replies(course.warehouse, since=None if anew else since, is_related=not anew)
        note_related(course.warehouse)
    return since


def linked(course: Course) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: course.warehouse.rows(f"select * from links.{table} order by all") for table in ("questions", "replies", "possible_replies")
    }


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
    assert {"explicit", "thread", "mention", "turn", "direct", "next", "like"} <= rules
    assert {"peers_named", "answered"} <= {row[4] for row in by_night["questions"]}
    assert by_night["possible_replies"]


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


@pytest.mark.slow
def test_the_rules_are_the_same_rules_in_another_process() -> None:
    """Sets of words come in another order in each process; by that nothing is new."""
    told = {
        subprocess.run(
            [sys.executable, "-c", "from pipelines.links.conversations.novelty import _rules; print(_rules())"],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(told) == 1


def test_only_courses_to_which_something_was_said_are_clustered_again_and_it_comes_to_the_same(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"telegram:chat:1": ("moodle:course:1", 0), "telegram:chat:2": ("moodle:course:2", 40 * DAY)}
    for name in (*LEARNERS, "Инга"):
        course.person(name, None)
    for place, (of, begins) in places.items():
        for name in (*LEARNERS, "Инга"):
            course.enrol(name, "curator" if name == "Инга" else "learner", course=of)
        # The typing error is mended by a word that the other course asked.
        for number, (question, answer) in enumerate((*ASKED, *ASKED, ("Не открывается тест, пишет ошибкку", "Очистите кэш браузера"))):
            asked = course.chat(LEARNERS[number % 4], question, begins + 60 * number, place=place)
            course.chat("Инга", answer, begins + 60 * number + 20, reply_to=asked, place=place)
    course._add("links.places", place_id="telegram:chat:2", kind="chat", course_id="moodle:course:2", rule="title", score=1.0)
    course.write()
    compared: list[int] = []
    rank = repeated_questions.rank

    def ranked(answers: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
        compared.append(len(asked))
        return rank(answers, asked)

    monkeypatch.setattr(repeated_questions, "rank", ranked)

    def clustered(day: int, *, anew: bool = False) -> dict[str, list[tuple[object, ...]]]:
        with known_until(course.warehouse, START + timedelta(days=day)):
            since = first_to_relate(course.warehouse)
            link_questions(course.warehouse, since=since)
            link_replies(course.warehouse, since=since)
            repeated_questions.link_repeated_questions(course.warehouse, since=None if anew else since)
            note_related(course.warehouse)
        tables = ("repeated_questions", "repeated_merges", "repeated_answers", "repeated_courses")
        return {table: course.warehouse.rows(f"select * from links.{table} order by all") for table in tables}

    early, night = clustered(39), clustered(42)
    assert {row[0] for row in night["repeated_courses"]} == {"moodle:course:1", "moodle:course:2"}
    assert 0 < compared[1] < len(night["repeated_questions"]), "the first course stands as it is"
    assert clustered(42, anew=True) == night
    # A day that is looked at again knows less.
    assert clustered(39) == early
    # A task whose name is quoted in a question got another name.
    course.warehouse.connection.execute(
        "insert into raw.tasks (source, load_id, task_id, course_id, kind, name) values ('test', 'load', 't', 'moodle:course:1', 'assignment', 'Эссе')"
    )
    clustered(39)
    assert compared[-1] == len(early["repeated_questions"])
