"""Copies are found with their places; what is nobody's own, one's own or too short is not taken for one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.links.copies.copies import link_copies
from pipelines.links.copies.fingerprints import fingerprints
from pipelines.text import words
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import START, empty, insert

_SYLLABLES = ("ба", "ве", "го", "ди", "жу", "за", "ки", "ло", "ме", "ну", "пе", "ру", "со", "ту", "фа", "хо", "ша", "ще")


def text_of(seed: int, count: int = 120) -> str:
    """Invented words that no other seed shares."""
    chance = random.Random(seed)
    made = ["".join(chance.choices(_SYLLABLES, k=4)) + "р" for _ in range(count)]
    return " ".join(word.capitalize() + "." if place % 12 == 11 else word for place, word in enumerate(made))


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with empty() as made:
        insert(made, "raw.tasks", [{"task_id": "t", "course_id": "c", "kind": "assignment", "intro": text_of(900, 40)}])
        yield made


def hand_in(warehouse: Warehouse, name: str, person: str | None, text: str | None, hours: float, **about: object) -> None:
    row = {
        "submission_id": name, "kind": "assignment", "account_id": person, "task_id": "t", "course_id": "c", "state": "submitted",
        "submitted_at": START + timedelta(hours=hours), "text": text,
    } | about  # fmt: skip
    insert(warehouse, "raw.submissions", [row])
    insert(warehouse, "personal.submissions", [row])
    if person and not warehouse.value("select count(*) from links.people where account_id = ?", [person]):
        insert(warehouse, "links.people", [{"account_id": person, "person_id": f"p{person}", "state": "linked", "rule": "anchor"}])


def post(warehouse: Warehouse, name: str, person: str, text: str, hours: float) -> None:
    row = {
        "message_id": name, "channel": "chat", "chat_id": "chat", "account_id": person, "kind": "post", "words": len(text.split()),
        "sent_at": START + timedelta(hours=hours), "text": text,
    }  # fmt: skip
    insert(warehouse, "raw.messages", [row])
    insert(warehouse, "personal.messages", [row])


def pairs(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    link_copies(warehouse)
    return warehouse.rows("select later_id, earlier_id, kind from links.copies order by 1, 2")


def homoglyphs(text: str) -> str:
    return text.replace("ве", "в\u200bе").translate(str.maketrans("аое", "aoe"))


def half_edited(text: str) -> str:
    made = text.split()
    return " ".join("замена" if place % 7 == 3 else word for place, word in enumerate(made))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(str, id="verbatim"),
        pytest.param(str.upper, id="capitals"),
        pytest.param(lambda text: text.replace(" ", "\n"), id="lines"),
        pytest.param(lambda text: text.replace(".", ""), id="punctuation"),
        pytest.param(homoglyphs, id="homoglyphs and invisible characters"),
        pytest.param(half_edited, id="every seventh word replaced"),
        pytest.param(lambda text: " ".join(text.split()[60:] + text.split()[:60]), id="parts swapped"),
        pytest.param(lambda text: " ".join(text.split()[:60]) + " " + text_of(77, 60), id="first half"),
        pytest.param(lambda text: text.replace("р ", "рами "), id="endings changed"),
    ],
)
def test_a_copy_is_found_whatever_was_done_to_it(warehouse: Warehouse, change: object) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", change(text_of(1)), 5)  # type: ignore[operator]
    assert pairs(warehouse) == [("s2", "s1", "learner")]


def test_different_texts_are_no_copies(warehouse: Warehouse) -> None:
    for number in range(12):
        hand_in(warehouse, f"s{number}", f"a{number}", text_of(number), number)
    assert pairs(warehouse) == []


def test_tampering_is_counted_and_tells_the_direction(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", homoglyphs(text_of(1)), 0.01)
    link_copies(warehouse)
    hidden, strange, certainty = warehouse.rows("select hidden_characters, homoglyphs, direction_certainty from links.copies")[0]
    assert hidden == text_of(1).count("ве")
    assert strange > 50
    assert certainty == 1


def test_fragments_point_at_the_words_as_written(warehouse: Warehouse) -> None:
    earlier, later = text_of(1), text_of(2, 30) + " ( " + homoglyphs(" ".join(text_of(1).split()[20:60])) + " ) " + text_of(3, 30)
    hand_in(warehouse, "s1", "a", earlier, 0)
    hand_in(warehouse, "s2", "b", later, 5)
    link_copies(warehouse)
    fragments = warehouse.rows("select later_start, later_end, earlier_start, earlier_end, words from links.copy_fragments")
    assert len(fragments) == 1
    begin, end, there, there_end, count = fragments[0]
    assert count == 40
    assert later[begin:end].strip(".") == homoglyphs(" ".join(text_of(1).split()[20:60])).strip(".")
    assert earlier[there:there_end].strip(".") == " ".join(text_of(1).split()[20:60]).strip(".")
    matched, share = warehouse.rows("select matched_words, later_share from links.copies")[0]
    assert matched == 40
    assert share == pytest.approx(0.4)


def test_the_words_of_the_task_do_not_count(warehouse: Warehouse) -> None:
    for number in (1, 2):
        hand_in(warehouse, f"s{number}", f"a{number}", text_of(900, 40) + " " + text_of(number, 60), number)
    assert pairs(warehouse) == []


@pytest.mark.parametrize(("count", "changed", "found"), [(30, 0, True), (30, 1, True), (30, 12, False), (10, 0, False)])
def test_short_answers_count_only_when_nearly_equal(warehouse: Warehouse, count: int, changed: int, found: bool) -> None:
    hand_in(warehouse, "s1", "a", text_of(1, count), 0)
    hand_in(warehouse, "s2", "b", " ".join(text_of(1, count).split()[: count - changed] + text_of(5, count).split()[:changed]), 5)
    assert bool(pairs(warehouse)) is found


def test_an_own_earlier_attempt_is_own(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0, attempt=0)
    hand_in(warehouse, "s2", "a", text_of(1) + " и ещё", 5, attempt=1)
    assert pairs(warehouse) == [("s2", "s1", "own")]


def test_two_accounts_of_one_person_do_not_copy_each_other(warehouse: Warehouse) -> None:
    insert(warehouse, "links.people", [{"account_id": "b", "person_id": "pa", "state": "linked", "rule": "second_account"}])
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", text_of(1), 5)
    assert pairs(warehouse) == [("s2", "s1", "own")]


def test_an_author_who_hands_in_again_has_not_copied_the_copier(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0, attempt=0)
    hand_in(warehouse, "s2", "b", text_of(1), 5)
    hand_in(warehouse, "s3", "a", text_of(1) + " исправлено", 9, attempt=1)
    assert pairs(warehouse) == [("s2", "s1", "learner"), ("s3", "s1", "own")]


def test_a_second_attempt_copied_from_another_is_a_copy(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", text_of(2), 1, attempt=0)
    hand_in(warehouse, "s3", "b", text_of(1), 5, attempt=1)
    assert ("s3", "s1", "learner") in pairs(warehouse)


def test_a_leak_is_shown_beside_the_work_it_came_from(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    post(warehouse, "m1", "a", text_of(1), 2)
    for number in range(2, 9):
        hand_in(warehouse, f"s{number}", f"b{number}", text_of(1), number + 1)
    found = pairs(warehouse)
    assert {(f"s{number}", "m1", "leak") for number in range(2, 9)} <= set(found)
    assert {(f"s{number}", "s1", "learner") for number in range(2, 9)} <= set(found)
    assert len(found) == 14


def test_a_message_after_the_work_is_no_source(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    post(warehouse, "m1", "b", text_of(1), 2)
    assert pairs(warehouse) == []


def test_ones_own_message_is_no_leak(warehouse: Warehouse) -> None:
    insert(warehouse, "links.people", [{"account_id": "chat-a", "person_id": "pa", "state": "linked", "rule": "name"}])
    post(warehouse, "m1", "chat-a", text_of(1), 0)
    hand_in(warehouse, "s1", "a", text_of(1), 2)
    assert pairs(warehouse) == []


def test_an_author_whose_work_another_posted_has_not_copied_the_message(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0, attempt=0)
    post(warehouse, "m1", "b", text_of(1), 2)
    hand_in(warehouse, "s2", "a", text_of(1), 4, attempt=1)
    assert pairs(warehouse) == [("s2", "s1", "own")]


def test_a_copy_from_two_sources_shows_both(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", text_of(2), 1)
    hand_in(warehouse, "s3", "c", " ".join(text_of(1).split()[:70] + text_of(2).split()[:50]), 5)
    assert pairs(warehouse) == [("s3", "s1", "learner"), ("s3", "s2", "learner")]


def test_copiers_of_one_work_each_lead_to_it_without_a_clique(warehouse: Warehouse) -> None:
    for number in range(30):
        hand_in(warehouse, f"s{number:02}", f"a{number}", text_of(1), number)
    found = pairs(warehouse)
    assert found == [(f"s{number:02}", "s00", "learner") for number in range(1, 30)]


def test_half_a_group_with_one_answer_is_found_in_a_task_of_its_own_likeness(warehouse: Warehouse) -> None:
    opening = text_of(500, 14)
    for number in range(40):
        hand_in(warehouse, f"s{number:02}", f"a{number}", f"{opening} {text_of(1 if number % 3 == 0 else number + 1)}", number)
    assert {later for later, _, _ in pairs(warehouse)} == {f"s{number:02}" for number in range(3, 40, 3)}


def test_a_sentence_that_everybody_writes_is_no_copy(warehouse: Warehouse) -> None:
    opening = text_of(500, 20)
    for number in range(40):
        hand_in(warehouse, f"s{number:02}", f"a{number}", f"{opening} {text_of(number + 1, 100)}", number)
    assert pairs(warehouse) == []


@pytest.mark.parametrize(
    "about",
    [
        pytest.param({"state": "draft"}, id="a draft"),
        pytest.param({"is_preview": True}, id="a teacher's trial"),
        pytest.param({"text": None}, id="no text"),
        pytest.param({"text": "  "}, id="blanks"),
    ],
)
def test_what_was_not_handed_in_or_has_no_text_is_left_out(warehouse: Warehouse, about: dict[str, object]) -> None:
    about = dict(about)
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", about.pop("text", text_of(1)), 5, **about)  # type: ignore[arg-type]
    assert pairs(warehouse) == []


def test_an_equal_file_is_evidence_without_a_text(warehouse: Warehouse) -> None:
    for number in (1, 2):
        hand_in(warehouse, f"s{number}", f"a{number}", None, number)
        insert(
            warehouse, "raw.submission_files", [{"file_id": f"f{number}", "submission_id": f"s{number}", "content_hash": "h", "bytes": 9}]
        )
    assert pairs(warehouse) == [("s2", "s1", "learner")]
    assert warehouse.rows("select matched_words, same_file from links.copies") == [(0, True)]


def test_a_form_that_everybody_hands_in_is_no_evidence(warehouse: Warehouse) -> None:
    for number in range(12):
        hand_in(warehouse, f"s{number}", f"a{number}", None, number)
        insert(
            warehouse, "raw.submission_files", [{"file_id": f"f{number}", "submission_id": f"s{number}", "content_hash": "h", "bytes": 9}]
        )
    assert pairs(warehouse) == []


def test_work_of_ones_own_team_is_allowed(warehouse: Warehouse) -> None:
    insert(warehouse, "raw.memberships", [{"membership_id": "m", "group_id": "g", "account_id": "a"}])
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", None, text_of(1), 5, group_id="g", is_team=True)
    hand_in(warehouse, "s3", None, text_of(1), 9, group_id="h", is_team=True)
    assert pairs(warehouse) == [("s2", "s1", "team"), ("s3", "s1", "learner")]


def test_only_new_works_are_asked_and_old_rows_stay(warehouse: Warehouse) -> None:
    hand_in(warehouse, "s1", "a", text_of(1), 0)
    hand_in(warehouse, "s2", "b", text_of(1), 5)
    first = pairs(warehouse)
    hand_in(warehouse, "s3", "c", text_of(1), 50)
    assert pairs(warehouse) == [*first, ("s3", "s1", "learner")]


def test_twice_gives_the_same(warehouse: Warehouse) -> None:
    for number in range(10):
        hand_in(warehouse, f"s{number}", f"a{number}", text_of(number // 2), number)
    link_copies(warehouse)
    copies, fragments = (warehouse.rows(f"select * from links.{table} order by all") for table in ("copies", "copy_fragments"))
    assert link_copies(warehouse).asked == 0
    assert warehouse.rows("select * from links.copies order by all") == copies
    assert warehouse.rows("select * from links.copy_fragments order by all") == fragments


def test_an_empty_warehouse_has_no_copies() -> None:
    with empty() as warehouse:
        assert link_copies(warehouse).pairs == 0


def test_fingerprints_are_the_same_for_ever() -> None:
    """They are versioned: whoever changes them raises pipelines.text.VERSION and this number."""
    assert int(fingerprints(words(["Одна общая работа учителя начальных классов"]))[0]) == 2309131887213706344
