"""Chats, webinars and surveys find their course."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.links.people.people import link_people_and_places
from pipelines.links.places import link_places
from pipelines.programme import Programme, Source
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import PROGRAMME, chat_account, empty, insert, learner

COURSES = {
    "moodle:course:1": ("ЦОС-36", "Цифровая образовательная среда школы"),
    "moodle:course:2": ("ПРОЕКТ-36", "Проектная деятельность в начальной школе"),
}


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with empty() as made:
        insert(made, "raw.courses", [{"course_id": course, "code": code, "name": name} for course, (code, name) in COURSES.items()])
        for number in (1, 2):
            insert(
                made,
                "raw.course_groups",
                [
                    {
                        "group_id": f"moodle:group:{number}",
                        "course_id": "moodle:course:1",
                        "code": f"A-potok-{number}",
                        "name": f"Поток {number}",
                    }
                ],
            )
        insert(made, "raw.course_groups", [{"group_id": "moodle:group:3", "course_id": "moodle:course:1", "name": "Команда 1"}])
        yield made


def add_chat(warehouse: Warehouse, title: str, **about: str) -> None:
    row = {"chat_id": "telegram:chat:1", "channel": "chat", "kind": "supergroup", "title": title} | about
    insert(warehouse, "raw.chats", [row])
    insert(warehouse, "personal.chats", [row])


def place(warehouse: Warehouse, programme: Programme = PROGRAMME) -> tuple[str | None, str | None, str]:
    link_places(warehouse, programme)
    return warehouse.rows("select course_id, group_id, rule from links.places")[0]


@pytest.mark.parametrize(
    ("title", "course", "group"),
    [
        ("ЦОС-36 осень 2026", "moodle:course:1", None),
        ("цос 36 | слушатели", "moodle:course:1", None),
        ("Proekt-36", "moodle:course:2", None),
        ("Проектная деятельность 36 ч", "moodle:course:2", None),
        ("ЦОС-36, поток 2, неделя 1", "moodle:course:1", "moodle:group:2"),
        ("ЦОС-36, команда 1", "moodle:course:1", None),
    ],
)
def test_a_title_names_course_and_stream(warehouse: Warehouse, title: str, course: str, group: str | None) -> None:
    add_chat(warehouse, title)
    assert place(warehouse) == (course, group, "title")


@pytest.mark.parametrize("title", ["Учителя города", "ЦОС-36 и ПРОЕКТ-36", "36"])
def test_a_title_that_names_no_course_or_two_places_nothing(warehouse: Warehouse, title: str) -> None:
    add_chat(warehouse, title)
    assert place(warehouse) == (None, None, "none")


def test_the_programme_file_is_believed_before_the_title(warehouse: Warehouse) -> None:
    add_chat(warehouse, "ЦОС-36 осень [архив]")
    programme = Programme(id="x", name="x", sources=(Source(name="test", kind="telegram", feeds={"ЦОС-36 осень [архив]": "ПРОЕКТ-36"}),))
    assert place(warehouse, programme) == ("moodle:course:2", None, "programme")


def test_a_pattern_of_the_programme_file_names_items(warehouse: Warehouse) -> None:
    insert(warehouse, "raw.loads", [
        {"load_id": "load", "source": "test", "kind": "survey", "item": "survey/anketa_C.csv", "fingerprint": "", "reader_version": 1, "state": "loaded",
         "rows_seen": 1, "rows_kept": 1, "rows_rejected": 0, "loaded_at": "2026-09-01"}
    ])  # fmt: skip
    insert(warehouse, "raw.survey_answers", [{"answer_id": "r:1", "survey_id": "anketa_C", "response_id": "r", "item": "x", "rating": 5}])
    programme = Programme(id="x", name="x", sources=(Source(name="test", kind="survey", feeds={"survey/*_C.csv": "ПРОЕКТ-36"}),))
    assert place(warehouse, programme) == ("moodle:course:2", None, "programme")


def test_a_source_of_one_stream_places_all_it_holds(warehouse: Warehouse) -> None:
    add_chat(warehouse, "Наш чат")
    programme = Programme(id="x", name="x", sources=(Source(name="test", kind="telegram", course="ЦОС-36", stream="Поток 2"),))
    assert place(warehouse, programme) == ("moodle:course:1", "moodle:group:2", "programme")


def test_what_the_export_says_counts(warehouse: Warehouse) -> None:
    add_chat(warehouse, "Вопросы", course_id="moodle:course:2")
    assert place(warehouse) == ("moodle:course:2", None, "export")


def test_members_place_a_chat_without_a_telling_title(warehouse: Warehouse) -> None:
    add_chat(warehouse, "Наш чат")
    for number, (first, last) in enumerate((("Анна", "Иванова"), ("Мария", "Попова"), ("Ольга", "Сидорова")), start=1):
        learner(warehouse, str(number), first, last, "moodle:course:2")
        chat_account(warehouse, f"user{number}", f"{last} {first}")
    link_people_and_places(warehouse, PROGRAMME)
    assert warehouse.rows("select course_id, rule, score from links.places") == [("moodle:course:2", "members", 1.0)]


def test_two_members_place_nothing(warehouse: Warehouse) -> None:
    add_chat(warehouse, "Наш чат")
    for number, (first, last) in enumerate((("Анна", "Иванова"), ("Мария", "Попова")), start=1):
        learner(warehouse, str(number), first, last, "moodle:course:2")
        chat_account(warehouse, f"user{number}", f"{last} {first}")
    link_people_and_places(warehouse, PROGRAMME)
    assert warehouse.value("select rule from links.places") == "none"


def test_a_personal_chat_is_no_place(warehouse: Warehouse) -> None:
    add_chat(warehouse, "ЦОС-36", kind="personal", channel="direct")
    assert link_places(warehouse, PROGRAMME).places == 0
