"""What people decided stands above scores, can be taken back exactly, and every change of a link is noted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from pipelines.errors import PermanentError
from pipelines.links.people.people import link_people_and_places
from pipelines.links.people.people_decisions import Decision, decide, undo
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import PROGRAMME, START, account, chat_account, empty, insert, learner, person

COURSE = "moodle:course:1"
DAY, NEXT_DAY = date(2026, 9, 1), date(2026, 9, 2)


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with empty() as made:
        insert(made, "raw.courses", [{"course_id": COURSE, "code": "ЦОС-36"}])
        insert(made, "raw.chats", [{"chat_id": "telegram:chat:1", "channel": "chat", "kind": "supergroup"}])
        insert(made, "personal.chats", [{"chat_id": "telegram:chat:1", "title": "ЦОС-36 осень"}])
        yield made


def links(warehouse: Warehouse, day: date = DAY) -> dict[str, tuple[str | None, str, str]]:
    link_people_and_places(warehouse, PROGRAMME, day)
    return {row[0]: row[1:] for row in warehouse.rows("select account_id, person_id, state, rule from links.people")}


def made(warehouse: Warehouse, kind: str, account_id: str, person_id: str | None = None) -> str:
    return decide(warehouse, Decision(kind, account_id, person_id, START, "Ответственная", "сказала сама"))


def table(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows("select * from links.people order by account_id")


def test_a_confirmed_account_is_linked_whatever_it_shows(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Иванова")
    nick = chat_account(warehouse, "user7", "Мама Кота")
    made(warehouse, "confirm", nick, person(truth))
    assert links(warehouse)[nick] == (person(truth), "linked", "decision")


def test_a_refused_person_is_never_proposed_again_and_the_next_best_is(warehouse: Warehouse) -> None:
    first = learner(warehouse, "1", "Анна Петровна", "Иванова")
    second = learner(warehouse, "2", "Анна Сергеевна", "Иванова")
    name = chat_account(warehouse, "user7", "Анна Иванова")
    assert links(warehouse)[name][1] == "review"
    made(warehouse, "refuse", name, person(first))
    assert links(warehouse)[name] == (person(second), "linked", "name")


def test_a_refusal_beats_an_equal_address(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Иванова", email="school5@example.org")
    box = account(warehouse, "mail", "school5@example.org", "mail", email="school5@example.org")
    assert links(warehouse)[box][1] == "linked"
    made(warehouse, "refuse", box, person(truth))
    assert links(warehouse)[box][:2] == (None, "unlinked")


def test_merged_people_take_their_accounts_along_and_part_again_exactly(warehouse: Warehouse) -> None:
    older = learner(warehouse, "1", "Анна Петровна", "Иванова")
    younger = learner(warehouse, "2", "Анна Сергеевна", "Петрова")
    chat = chat_account(warehouse, "user7", "Анна Петрова")
    links(warehouse)
    before = table(warehouse)
    merged = made(warehouse, "merge", younger, person(older))
    after = links(warehouse)
    assert after[younger] == (person(older), "linked", "decision")
    assert after[chat] == (person(older), "linked", "name")
    undo(warehouse, merged, START)
    links(warehouse)
    assert table(warehouse) == before


def test_a_second_account_that_was_joined_wrongly_is_split_for_ever(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова", phone="8 900 000 00 00")
    second = learner(warehouse, "2", "Анна Петровна", "Иванова", phone="8 900 000 00 00")
    assert links(warehouse)[second][2] == "second_account"
    made(warehouse, "split", second)
    assert links(warehouse)[second] == (person(second), "linked", "decision") == links(warehouse)[second]


@pytest.mark.parametrize(("kind", "rule"), [("split", "decision"), ("share", "shared")])
def test_nobodys_account_leaves_the_queue(warehouse: Warehouse, kind: str, rule: str) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    name = chat_account(warehouse, "user7", "Анна Иванова")
    made(warehouse, kind, name)
    assert links(warehouse)[name] == (None, "unlinked", rule)


def test_the_last_decision_about_an_account_counts(warehouse: Warehouse) -> None:
    one, other = learner(warehouse, "1", "Анна", "Иванова"), learner(warehouse, "2", "Ольга", "Петрова")
    name = chat_account(warehouse, "user7", "Осень")
    made(warehouse, "confirm", name, person(one))
    last = made(warehouse, "confirm", name, person(other))
    assert links(warehouse)[name][0] == person(other)
    undo(warehouse, last, START)
    assert links(warehouse)[name][0] == person(one)


def test_the_same_decision_is_written_once(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна", "Иванова")
    name = chat_account(warehouse, "user7", "Осень")
    assert made(warehouse, "confirm", name, person(truth)) == made(warehouse, "confirm", name, person(truth))
    assert warehouse.value("select count(*) from links.people_decisions") == 1


def test_several_refusals_are_written_once_each(warehouse: Warehouse) -> None:
    people = [learner(warehouse, number, "Анна", "Иванова") for number in ("1", "2")]
    name = chat_account(warehouse, "user7", "Анна Иванова")
    for one in (*people, *people):
        made(warehouse, "refuse", name, person(one))
    assert warehouse.value("select count(*) from links.people_decisions") == 2
    assert links(warehouse)[name][:2] == (None, "unlinked")


def test_people_are_not_merged_in_a_ring(warehouse: Warehouse) -> None:
    one, other = learner(warehouse, "1", "Анна", "Иванова"), learner(warehouse, "2", "Ольга", "Петрова")
    made(warehouse, "merge", other, person(one))
    with pytest.raises(PermanentError, match="one person already"):
        made(warehouse, "merge", one, person(other))


def test_what_cannot_be_decided_is_refused_without_a_name(warehouse: Warehouse) -> None:
    name = chat_account(warehouse, "user7", "Анна Иванова")
    for kind, person_id in (("confirm", None), ("confirm", "p00"), ("split", "p00"), ("marry", None)):
        with pytest.raises(PermanentError) as refused:
            made(warehouse, kind, name, person_id)
        assert "Иванова" not in str(refused.value)


def test_names_of_those_who_decide_are_personal(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна", "Иванова")
    made(warehouse, "confirm", chat_account(warehouse, "user7", "Осень"), person(truth))
    assert "decided_by" not in warehouse.columns("links.people_decisions")
    assert warehouse.rows("select decided_by, note from personal.people_decisions") == [("Ответственная", "сказала сама")]


def test_history_grows_only_when_a_link_changes(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Иванова")
    name = chat_account(warehouse, "user7", "Осень")
    links(warehouse, DAY)
    links(warehouse, DAY)
    assert warehouse.value("select count(*) from links.people_history") == 2
    made(warehouse, "confirm", name, person(truth))
    links(warehouse, NEXT_DAY)
    links(warehouse, DAY)  # a day done again
    stretches = warehouse.rows(
        "select number, state, rule, since, until from links.people_history where account_id = ? order by number", [name]
    )
    assert stretches == [(1, "unlinked", "none", DAY, NEXT_DAY), (2, "linked", "decision", NEXT_DAY, None)]
    assert warehouse.value("select count(*) from links.people_history where person_id is not null and until is null") == 2
