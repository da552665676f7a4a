"""What the links may see: rows of before, and of what changed later what it was before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.as_of import known_until
from pipelines.warehouse import SCHEMAS, Warehouse

BEFORE, MOMENT, AFTER = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (20, 22, 24))


def put(warehouse: Warehouse, table: str, **values: object) -> None:
    """A row with the given values; what else must not be null gets something."""
    declared = warehouse.rows(
        "select column_name, data_type from duckdb_columns() where schema_name || '.' || table_name = ? and not is_nullable", [table]
    )
    fill = {name: {"BOOLEAN": False, "TIMESTAMP WITH TIME ZONE": BEFORE}.get(kind, "x") for name, kind in declared}
    row = fill | values
    warehouse.connection.execute(f"insert into {table} ({', '.join(row)}) values ({', '.join('?' for _ in row)})", list(row.values()))


def seen(warehouse: Warehouse, query: str) -> list[tuple[object, ...]]:
    with known_until(warehouse, MOMENT):
        return warehouse.rows(query)


def test_a_message_of_later_and_its_addressees_are_not_there_and_one_without_a_time_is(warehouse: Warehouse) -> None:
    for name, sent in (("old", BEFORE), ("on the stroke", MOMENT), ("new", AFTER), ("timeless", None)):
        put(warehouse, "raw.messages", message_id=name, sent_at=sent)
        put(warehouse, "raw.addressees", message_id=name, account_id="a")
    assert seen(warehouse, "select message_id from raw.messages order by 1") == [("old",), ("timeless",)]
    assert seen(warehouse, "select message_id from raw.addressees order by 1") == [("old",), ("timeless",)]
    assert warehouse.value("select count(*) from raw.messages") == 4


def test_a_reaction_of_later_is_not_there(warehouse: Warehouse) -> None:
    """Where nothing tells when it was given, the moment of which the export speaks counts."""
    put(warehouse, "raw.messages", message_id="m", sent_at=BEFORE)
    put(warehouse, "raw.addressees", message_id="m", account_id="early", role="reaction", acted_at=BEFORE, seen_at=AFTER)
    put(warehouse, "raw.addressees", message_id="m", account_id="late", role="reaction", acted_at=AFTER, seen_at=AFTER)
    put(warehouse, "raw.addressees", message_id="m", account_id="untold", role="reaction", seen_at=AFTER)
    put(warehouse, "raw.addressees", message_id="m", account_id="spoken to", role="mention", seen_at=AFTER)
    assert seen(warehouse, "select account_id from raw.addressees order by 1") == [("early",), ("spoken to",)]


def test_what_was_deleted_left_or_removed_later_still_stood(warehouse: Warehouse) -> None:
    put(warehouse, "raw.messages", message_id="m", sent_at=BEFORE, deleted_at=AFTER)
    put(warehouse, "raw.memberships", membership_id="m", joined_at=BEFORE, left_at=AFTER)
    put(warehouse, "raw.enrolments", enrolment_id="e", created_at=BEFORE, removed_at=AFTER)
    assert seen(warehouse, "select deleted_at from raw.messages") == [(None,)]
    assert seen(warehouse, "select left_at from raw.memberships") == [(None,)]
    assert seen(warehouse, "select removed_at from raw.enrolments") == [(None,)]


def test_work_begun_before_and_handed_in_after_is_a_draft(warehouse: Warehouse) -> None:
    put(warehouse, "raw.submissions", submission_id="s", created_at=BEFORE, submitted_at=AFTER, state="submitted")
    put(warehouse, "raw.submissions", submission_id="later", created_at=AFTER, submitted_at=AFTER, state="submitted")
    assert seen(warehouse, "select submission_id, state, submitted_at from raw.submissions") == [("s", "draft", None)]


def test_an_account_that_shows_only_later_is_not_known_and_one_that_never_showed_is(warehouse: Warehouse) -> None:
    for account in ("writes before", "writes later", "comes later", "is written to later", "silent"):
        put(warehouse, "raw.accounts", account_id=account)
    put(warehouse, "raw.accounts", account_id="made later", created_at=AFTER)
    put(warehouse, "raw.accounts", account_id="made before", created_at=BEFORE, last_seen_at=AFTER)
    put(warehouse, "raw.messages", message_id="1", sent_at=BEFORE, account_id="writes before")
    put(warehouse, "raw.messages", message_id="2", sent_at=AFTER, account_id="writes before")
    put(warehouse, "raw.messages", message_id="3", sent_at=AFTER, account_id="writes later")
    put(warehouse, "raw.messages", message_id="4", sent_at=AFTER, account_id="made before")
    put(warehouse, "raw.addressees", message_id="3", account_id="is written to later")
    put(warehouse, "raw.attendance", attendance_id="1", account_id="comes later", joined_at=AFTER)
    known = [("made before", None), ("silent", None), ("writes before", None)]
    assert seen(warehouse, "select account_id, last_seen_at from raw.accounts order by 1") == known


def test_a_chat_whose_every_message_is_to_come_is_not_there(warehouse: Warehouse) -> None:
    for chat, sent in (("old", BEFORE), ("new", AFTER)):
        put(warehouse, "raw.chats", chat_id=chat)
        put(warehouse, "raw.messages", message_id=chat, chat_id=chat, sent_at=sent)
    put(warehouse, "raw.chats", chat_id="empty")
    assert seen(warehouse, "select chat_id from raw.chats order by 1") == [("empty",), ("old",)]


def test_everything_is_as_it_was_after_an_error_inside(warehouse: Warehouse) -> None:
    put(warehouse, "raw.messages", message_id="new", sent_at=AFTER)
    with pytest.raises(RuntimeError), known_until(warehouse, MOMENT):
        raise RuntimeError("killed")
    assert warehouse.value("select count(*) from raw.messages") == 1
    assert seen(warehouse, "select count(*) from raw.messages") == [(0,)]


def test_every_raw_table_can_be_read_inside(warehouse: Warehouse) -> None:
    tables = [table for (table,) in warehouse.rows("select table_name from duckdb_tables() where schema_name = 'raw'")]
    with known_until(warehouse, MOMENT):
        rows = {table: warehouse.value(f"select count(*) from raw.{table}") for table in tables}
    # Which declarations made the warehouse is no record of anything: it stands whatever the day.
    assert rows.pop("declared") == len(SCHEMAS)
    assert set(rows.values()) == {0}
