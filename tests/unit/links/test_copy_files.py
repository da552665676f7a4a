"""What files say beside their words: signs of a pair, never a name, and nothing that a form given out brings along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipelines.links.copies.copies import link_copies
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.warehouse import Warehouse
from tests.unit.links.test_copies import hand_in, post, text_of
from tests.unit.links.warehouses import PSEUDONYMS, START, empty, insert
from tests.unit.sources.file_text_samples import docx_of, paragraph, run


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
    link_copies(warehouse)
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


# -- files posted in chats -------------------------------------------------------------------------------------------------------------


def post_file(
    warehouse: Warehouse,
    number: int,
    person: str,
    text: str | None,
    hours: float,
    *,
    typed: str = "держите",
    content: str | None = None,
    **about: object,
) -> None:
    """A message with a file (``text``: its words; None: a picture)."""
    content = content or f"m{number}"
    post(warehouse, f"post{number}", person, typed, hours)
    insert(warehouse, "raw.message_files", [{"message_id": f"post{number}", "content_hash": content, "bytes": 9}])
    if not warehouse.value("select count(*) from raw.file_texts where content_hash = ?", [content]):
        row = {"content_hash": content, "format": "docx", "state": "text" if text else "no_text", "text": text, "words": len(text.split()) if text else None} | about  # fmt: skip
        insert(warehouse, "raw.file_texts", [row])
        insert(warehouse, "personal.file_texts", [row])


def found(warehouse: Warehouse) -> list[tuple[object, ...]]:
    link_copies(warehouse)
    return warehouse.rows("select later_id, earlier_id, kind, same_file, earlier_in_file from links.copies order by 1, 2")


def test_a_document_in_the_chat_is_where_typed_and_filed_answers_come_from(warehouse: Warehouse) -> None:
    post_file(warehouse, 1, "a9", text_of(1), 0)
    hand_in(warehouse, "s1", "a1", text_of(1), 1)
    hand_in_file(warehouse, 2, text_of(1) + " конец")
    assert [row for row in found(warehouse) if row[1] == "post1"] == [
        ("s1", "post1", "leak", False, True),
        ("s2", "post1", "leak", False, True),
    ]
    assert warehouse.rows("select submission_id, origin_id, leak_id from links.copy_clusters order by 1") == [
        ("s1", "post1", "post1"), ("s2", "post1", "post1"),
    ]  # fmt: skip
    # Places count in what was typed and the file behind it.
    start, end = warehouse.rows(
        "select min(earlier_start), max(earlier_end) from links.copy_fragments where later_id = 's1' and earlier_id = 'post1'"
    )[0]
    assert (start, end) == (len("держите\n\n"), len("держите\n\n" + text_of(1).rstrip(".")))


def test_words_typed_in_the_message_are_no_file(warehouse: Warehouse) -> None:
    post_file(warehouse, 1, "a9", text_of(7), 0, typed=text_of(1))
    hand_in(warehouse, "s1", "a1", text_of(1), 1)
    assert found(warehouse) == [("s1", "post1", "leak", False, False)]


def test_equal_bytes_in_the_chat_are_a_leak_without_words(warehouse: Warehouse) -> None:
    post_file(warehouse, 1, "a9", None, 0, content="h")
    hand_in_file(warehouse, 2, None, content="h")
    assert found(warehouse) == [("s2", "post1", "leak", True, True)]
    assert warehouse.rows("select matched_words, later_share, direction_certainty from links.copies") == [(0, 1.0, 1.0)]


def test_a_file_that_came_after_the_work_or_is_its_authors_own_is_no_source(warehouse: Warehouse) -> None:
    hand_in_file(warehouse, 2, text_of(1), content="h")
    post_file(warehouse, 1, "a9", text_of(1), 3, content="h")
    post_file(warehouse, 2, "a2", text_of(1), 1, content="h")
    assert found(warehouse) == []


def test_what_a_teacher_gives_out_in_the_chat_is_reference_in_words_and_bytes(warehouse: Warehouse) -> None:
    insert(warehouse, "links.people", [{"account_id": "at", "person_id": "pt", "state": "linked", "rule": "anchor"}])
    insert(warehouse, "raw.enrolments", [{"enrolment_id": "e", "account_id": "at", "course_id": "c", "role": "curator", "state": "active"}])
    post_file(warehouse, 1, "at", text_of(1), 0, content="h")
    for number in (2, 3):
        hand_in_file(warehouse, number, text_of(1), content="h")
    assert {row[2] for row in found(warehouse)} == {"reference"}
    assert warehouse.value("select count(*) from links.copies where kind in ('learner', 'leak')") == 0


def test_a_teacher_who_shows_a_work_afterwards_excuses_nobody(warehouse: Warehouse) -> None:
    insert(warehouse, "links.people", [{"account_id": "at", "person_id": "pt", "state": "linked", "rule": "anchor"}])
    insert(warehouse, "raw.enrolments", [{"enrolment_id": "e", "account_id": "at", "course_id": "c", "role": "curator", "state": "active"}])
    for number in (1, 2, 4):
        hand_in_file(warehouse, number, None, content="h")
    post_file(warehouse, 1, "at", None, 3, content="h")
    assert found(warehouse) == [("s2", "s1", "learner", True, False)]


def test_signs_of_a_document_in_the_chat_are_compared(warehouse: Warehouse) -> None:
    about = {"author": "Анна Иванова", "revision_ids": json.dumps(["00A1", "00B2"]), "created_at": START}
    post_file(warehouse, 1, "a9", text_of(1), 0, **about)
    hand_in_file(warehouse, 2, text_of(1) + " конец", author="анна иванова", made_at=START, revisions=["00A1", "00C3"])
    assert signs(warehouse, "s2", "post1") == (False, True, True, 1, None)


def test_part_of_the_bytes_is_part_of_the_work(warehouse: Warehouse) -> None:
    for number in (1, 2):
        hand_in_file(warehouse, number, None, content="h")
    insert(warehouse, "raw.submission_files", [{"file_id": "more", "submission_id": "s2", "content_hash": "other", "bytes": 27}])
    link_copies(warehouse)
    assert warehouse.rows("select later_share, earlier_share from links.copies") == [(0.25, 1.0)]


def test_night_by_night_finds_what_is_found_at_once(warehouse: Warehouse) -> None:
    steps = [
        lambda made: hand_in(made, "s1", "a1", text_of(1), 1),
        lambda made: hand_in_file(made, 2, text_of(1) + " конец"),
        # The export with the file comes late, the message stood first.
        lambda made: post_file(made, 1, "a9", text_of(1), 0),
        lambda made: hand_in_file(made, 5, None, content="h"),
        lambda made: post_file(made, 2, "a8", None, 4, content="h"),
        lambda made: hand_in(made, "s6", "a6", text_of(1, 60) + " " + text_of(8, 60), 6),
    ]
    tables = ("links.copies", "links.copy_fragments", "links.copy_clusters")
    for step in steps:
        step(warehouse)
        link_copies(warehouse)
    nights = {table: warehouse.rows(f"select * from {table} order by all") for table in tables}
    with empty() as whole:
        insert(whole, "raw.tasks", [{"task_id": "t", "course_id": "c", "kind": "assignment"}])
        for step in steps:
            step(whole)
        link_copies(whole)
        assert {table: whole.rows(f"select * from {table} order by all") for table in tables} == nights
    assert {(row[0], row[1]) for row in nights["links.copies"] if row[3] == "leak"} == {
        ("s1", "post1"), ("s2", "post1"), ("s5", "post2"), ("s6", "post1"),
    }  # fmt: skip


def test_a_telegram_folder_leads_from_the_document_to_its_copiers(warehouse: Warehouse, tmp_path: Path) -> None:
    """Nothing between the export and the pair is made up: the reader opens the document, the loader keeps it, the links find it."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "otvety.docx").write_bytes(docx_of(paragraph(run(text_of(1)))))
    author = {"from": "Имя", "from_id": "user1", "date": "2026-08-30T10:00:00", "type": "message"}
    messages = [
        {"id": 7, "date_unixtime": str(int((START - timedelta(days=2)).timestamp())), "text": "", "file": "files/otvety.docx", "file_name": "otvety.docx", **author},
        {"id": 8, "date_unixtime": str(int((START - timedelta(days=1)).timestamp())), "text": "спасибо", **author, "from_id": "user2"},
    ]  # fmt: skip
    (tmp_path / "result.json").write_text(json.dumps({"name": "Поток", "type": "private_supergroup", "id": 700, "messages": messages}))
    source = Source(name="chat", kind="telegram", path=tmp_path)
    programme = Programme(id="test", name="Test", sources=(source,))
    assert [load.problem for load in load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=START)] == [None]
    hand_in(warehouse, "s1", "a1", text_of(1), 1)
    hand_in_file(warehouse, 2, text_of(1) + " конец")
    leaks = [row for row in found(warehouse) if row[2] == "leak"]
    assert leaks == [(name, "telegram:message:700:7", "leak", False, True) for name in ("s1", "s2")]
