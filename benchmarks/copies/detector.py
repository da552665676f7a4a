"""Mayak's own search on a corpus: the texts are put into a warehouse as submissions and messages, then linked as every night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from benchmarks.copies.corpus import Text
from pipelines.links.copies.copies import link_copies
from pipelines.warehouse import Warehouse

START = datetime(2026, 9, 1, tzinfo=UTC)


def filled(texts: Sequence[Text], references: Sequence[str], warehouse: Warehouse | None = None) -> Warehouse:
    """A warehouse with the texts; ids are ``s<number>`` for works and ``m<number>`` for messages."""
    warehouse = warehouse or Warehouse.open(None)
    warehouse.create_schemas()
    one = "'test' as source, 'load' as load_id"
    tasks = pa.table({"number": list(range(len(references))), "intro": list(references)})
    with warehouse.registered("given", tasks):
        warehouse.connection.execute(
            "insert into raw.tasks by name select 't' || number as task_id, 'c' || number as course_id, 'assignment' as kind, intro, "
            f"{one} from given"
        )
    add(warehouse, list(enumerate(texts)))
    return warehouse


def add(warehouse: Warehouse, texts: Sequence[tuple[int, Text]]) -> None:
    """More of the texts, with their numbers."""
    one = "'test' as source, 'load' as load_id"
    table = pa.table(
        {
            "number": [number for number, _ in texts],
            "person": [text.person for _, text in texts],
            "task": [text.task for _, text in texts],
            "stood": pa.array([START + timedelta(hours=text.hours) for _, text in texts], pa.timestamp("us", tz="UTC")),
            "is_message": [text.is_message for _, text in texts],
            "text": [text.text for _, text in texts],
        }
    )
    with warehouse.registered("given", table):
        for statement in (
            "insert into raw.submissions by name select 's' || number as submission_id, 'assignment' as kind, 'a' || person as account_id, "
            f"'t' || task as task_id, 'c' || task as course_id, 'submitted' as state, stood as submitted_at, {one} from given where not is_message",
            "insert into personal.submissions by name select 's' || number as submission_id, text from given where not is_message",
            "insert into raw.messages by name select 'm' || number as message_id, 'chat' as channel, 'chat' as chat_id, 'a' || person as account_id, "
            f"'post' as kind, len(string_split(text, ' ')) as words, stood as sent_at, {one} from given where is_message",
            "insert into personal.messages by name select 'm' || number as message_id, text from given where is_message",
        ):
            warehouse.connection.execute(statement)


def search(warehouse: Warehouse) -> list[tuple[int, int]]:
    """Link, and the pairs of kinds learner and leak as (later, earlier) numbers of the texts."""
    link_copies(warehouse)
    return warehouse.rows(
        "select substr(later_id, 2)::integer, substr(earlier_id, 2)::integer from links.copies where kind in ('learner', 'leak') order by 1, 2"
    )
