"""Whose files go with an erased learner: what nobody else handed in or posted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import erasure
from pipelines.erasure import hold
from pipelines.errors import BadConfiguration
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import START, empty, insert


@pytest.mark.parametrize(
    ("posted_by", "handed_in_by", "is_kept"),
    [("gone", "gone", False), ("gone", "other", True), ("other", "gone", True), ("gone", None, False), ("other", None, True)],
)
def test_the_words_of_a_file_go_with_its_last_holder(posted_by: str, handed_in_by: str | None, is_kept: bool) -> None:
    with empty() as warehouse:
        insert(warehouse, "raw.erasures", [{"account_id": "gone", "erasure_id": "e", "erased_at": START}])
        insert(warehouse, "raw.messages", [{"message_id": "m", "channel": "chat", "chat_id": "c", "account_id": posted_by, "kind": "post"}])
        insert(warehouse, "raw.message_files", [{"message_id": "m", "content_hash": "h", "bytes": 9}])
        if handed_in_by:
            insert(
                warehouse,
                "raw.submissions",
                [{"submission_id": "s", "kind": "assignment", "account_id": handed_in_by, "state": "submitted"}],
            )
            insert(warehouse, "raw.submission_files", [{"file_id": "f", "submission_id": "s", "content_hash": "h", "bytes": 9}])
        insert(warehouse, "personal.file_texts", [{"content_hash": "h", "text": "Ответы"}])
        hold(warehouse)
        assert count(warehouse, "personal.file_texts") == is_kept
        assert count(warehouse, "raw.message_files") == (posted_by != "gone")


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("where", ["_erase_files", "_take_away", "_mask", "_write_anew"])
def test_an_erasure_that_was_killed_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Whatever was done by then: no list names the learner, no table and no free block of the file holds the name. A quote in a path is no end of it."""
    settings = Settings(home=tmp_path / "o'clock", pseudonym_key="a key for invented people")
    (folder := settings.deliveries_folder / "lists" / "2026-11-20").mkdir(parents=True)
    (folder / "c1.html").write_text("<p>Ирина Полевая</p>", encoding="utf-8")
    (folder / "c2.html").write_text("<p>Лидия Примерова</p>", encoding="utf-8")
    with Warehouse.open(settings.warehouse_path) as warehouse:
        warehouse.create_schemas()
        for number, name in ((1, "Ирина Полевая"), (2, "Лидия Примерова")):
            warehouse.connection.execute(
                "insert into raw.accounts (account_id, realm, channel, source, load_id) values ($1, 'moodle', 'lms', 's', 'l')",
                [f"a{number}"],
            )
            warehouse.connection.execute(
                "insert into links.people (account_id, person_id, state, rule) values ($1, $2, 'linked', 'lms')",
                [f"a{number}", f"p{number}"],
            )
            warehouse.connection.execute(
                "insert into personal.accounts (account_id, native_id, display_name) values ($1, 'x', $2)", [f"a{number}", name]
            )
    at = datetime(2026, 11, 23, tzinfo=UTC)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(erasure, where, die)
        with pytest.raises(Killed):
            erasure.erase(settings, "p1", at)
    erasure.erase(settings, "p1", at)

    assert sorted(path.name for path in folder.iterdir()) == ["c2.html"]
    assert "Полевая".encode() not in settings.warehouse_path.read_bytes()
    with Warehouse.open(settings.warehouse_path, read_only=True) as warehouse:
        assert warehouse.rows("select account_id from personal.accounts") == [("a2",)]
        assert warehouse.rows("select account_id from raw.erasures") == [("a1",)]
    with pytest.raises(BadConfiguration, match="no account is linked"):
        erasure.erase(settings, "p3", at)


def test_a_repeated_question_goes_with_whoever_asked_what_is_shown_of_it() -> None:
    """Both are clusters that the erased learner's question began; of one, another's question is shown."""
    with empty() as warehouse:
        insert(warehouse, "raw.erasures", [{"account_id": "gone", "erasure_id": "e", "erased_at": START}])
        insert(warehouse, "raw.messages", [{"message_id": "m", "channel": "chat", "chat_id": "c", "account_id": "gone", "kind": "post"}])
        warehouse.connection.execute("create schema if not exists reports")
        warehouse.connection.execute(
            "create table reports.rpt_week_questions as select * from (values ('m', 'm'), ('m', 'n')) as t (cluster_id, shown_question_id)"
        )
        hold(warehouse)
        assert warehouse.rows("select shown_question_id from reports.rpt_week_questions") == [("n",)]


def test_of_marks_that_name_a_work_alone_those_of_the_erased_go_whenever_the_work_comes() -> None:
    """Marks of three works, nobody's by themselves: of the erased learner, of another, and of one whose work has not come yet."""
    works = {"s1": "gone", "s2": "other"}
    marks = [{"grade_id": f"g{number}", "record": "marking", "submission_id": f"s{number}", "account_id": None} for number in (1, 2, 3)]

    def bring(warehouse: Warehouse, **owners: str) -> dict[str, str]:
        for work, account in owners.items():
            insert(
                warehouse, "raw.submissions", [{"submission_id": work, "kind": "assignment", "account_id": account, "state": "submitted"}]
            )
        hold(warehouse)
        return dict(warehouse.rows("select grade_id, comment from personal.grades order by 1"))

    with empty() as warehouse:
        insert(warehouse, "raw.erasures", [{"account_id": "gone", "erasure_id": "e", "erased_at": START}])
        insert(warehouse, "raw.grades", marks)
        insert(warehouse, "personal.grades", [{"grade_id": mark["grade_id"], "comment": "Поправьте"} for mark in marks])
        assert bring(warehouse) == {"g1": "Поправьте", "g2": "Поправьте", "g3": "Поправьте"}
        assert bring(warehouse, **works) == {"g2": "Поправьте", "g3": "Поправьте"}
        # The mark comes again, as a corrected export has it, and its work does not.
        insert(warehouse, "raw.grades", marks[:1])
        insert(warehouse, "personal.grades", [{"grade_id": "g1", "comment": "Поправьте"}])
        assert bring(warehouse) == {"g2": "Поправьте", "g3": "Поправьте"}
        assert bring(warehouse, s3="gone") == {"g2": "Поправьте"}
        assert count(warehouse, "raw.grades") == 1


def count(warehouse: Warehouse, table: str) -> int:
    return int(warehouse.value(f"select count(*) from {table}"))
