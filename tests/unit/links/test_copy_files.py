"""What files say beside their words: signs of a pair, never a name, and nothing that a form given out brings along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from pipelines.links.copies import link_copies
from pipelines.warehouse import Warehouse
from tests.unit.links.test_copies import hand_in, text_of
from tests.unit.links.warehouses import PROGRAMME, START, empty, insert


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with empty() as made:
        yield made


def hand_in_file(
    warehouse: Warehouse,
    number: int,
    text: str | None,
    *,
    author: str | None = None,
    last_author: str | None = None,
    made_at: datetime | None = None,
    revisions: list[str] | None = None,
    hidden: int | None = None,
    content: str | None = None,
) -> None:
    content = content or f"h{number}"
    hand_in(warehouse, f"s{number}", f"a{number}", None, number)
    insert(
        warehouse, "raw.submission_files", [{"file_id": f"f{number}", "submission_id": f"s{number}", "content_hash": content, "bytes": 9}]
    )
    if not warehouse.value("select count(*) from raw.file_texts where content_hash = ?", [content]):
        about = {
            "content_hash": content, "format": "docx", "state": "text" if text else "no_text", "text": text, "author": author,
            "last_author": last_author, "created_at": made_at, "revision_ids": json.dumps(revisions) if revisions else None, "hidden_chars": hidden,
        }  # fmt: skip
        insert(warehouse, "raw.file_texts", [about])
        insert(warehouse, "personal.file_texts", [about])


def signs(warehouse: Warehouse, later: str = "s2", earlier: str = "s1") -> tuple[object, ...]:
    link_copies(warehouse, PROGRAMME)
    return warehouse.rows(
        "select same_file, same_author, same_creation, shared_revisions, unseen_letters from links.copies where later_id = ? and earlier_id = ?",
        [later, earlier],
    )[0]


def test_one_document_with_two_names_under_it_is_told_by_its_history(warehouse: Warehouse) -> None:
    about = {"author": "Анна Иванова", "made_at": START, "revisions": ["00A1", "00B2", "00C3"]}
    hand_in_file(warehouse, 1, text_of(1), **about)  # type: ignore[arg-type]
    hand_in_file(
        warehouse, 2, text_of(1) + " конец", author="анна иванова ", last_author="Борис", made_at=START, revisions=["00A1", "00B2", "00D4"], hidden=12
    )  # fmt: skip
    assert signs(warehouse) == (False, True, True, 2, 12)


def test_what_documents_do_not_say_is_unknown(warehouse: Warehouse) -> None:
    hand_in_file(warehouse, 1, text_of(1), author="Анна Иванова", made_at=START, revisions=["00A1"])
    hand_in_file(warehouse, 2, text_of(1) + " конец")
    assert signs(warehouse) == (False, None, None, None, None)


def test_other_documents_are_told_apart(warehouse: Warehouse) -> None:
    hand_in_file(warehouse, 1, text_of(1), author="Анна Иванова", made_at=START, revisions=["00A1"], hidden=0)
    hand_in_file(warehouse, 2, text_of(1) + " конец", author="Борис", made_at=START + timedelta(hours=1), revisions=["00D4"], hidden=0)
    assert signs(warehouse) == (False, False, False, 0, 0)


def test_a_form_given_out_brings_no_signs(warehouse: Warehouse) -> None:
    """Everybody fills in the teacher's form: its author, its day and its history stand in every work."""
    for number in range(1, 5):
        hand_in_file(warehouse, number, text_of(min(number, 3)), author="Методист", made_at=START, revisions=["00F0", f"00A{number}"])
    assert signs(warehouse, "s4", "s3") == (False, False, False, 0, None)


def test_the_name_of_a_program_is_nobodys(warehouse: Warehouse) -> None:
    for number in (1, 2):
        hand_in_file(warehouse, number, text_of(1) + " конец" * number, author="Пользователь")
    assert signs(warehouse)[1] is None


def test_equal_files_of_pictures_are_a_pair_with_its_signs(warehouse: Warehouse) -> None:
    for number in (1, 2):
        hand_in_file(warehouse, number, None, author="Анна Иванова", content="h")
    assert signs(warehouse) == (True, True, None, None, None)
    assert warehouse.rows("select matched_words, kind from links.copies") == [(0, "learner")]


def test_signs_follow_what_becomes_known_later(warehouse: Warehouse) -> None:
    hand_in_file(warehouse, 1, text_of(1), author="Анна Иванова")
    hand_in_file(warehouse, 2, text_of(1) + " конец")
    assert signs(warehouse)[1] is None
    warehouse.connection.execute("update personal.file_texts set last_author = 'Анна Иванова' where content_hash = 'h2'")
    assert signs(warehouse)[1] is True


def test_no_name_leaves_the_personal_schema(warehouse: Warehouse) -> None:
    for number in (1, 2):
        hand_in_file(warehouse, number, text_of(1) + " конец" * number, author="Анна Иванова", last_author="Борис Петров")
    assert signs(warehouse)[1] is True
    for (table,) in warehouse.rows("select table_name from information_schema.tables where table_schema = 'links'"):
        held = str(warehouse.rows(f"select * from links.{table}")).lower()
        assert "анна" not in held
        assert "борис" not in held
