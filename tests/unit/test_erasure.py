"""Whose files go with an erased learner: what nobody else handed in or posted."""

from __future__ import annotations

import pytest

from pipelines.erasure import hold
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


def count(warehouse: Warehouse, table: str) -> int:
    return int(warehouse.value(f"select count(*) from {table}"))
