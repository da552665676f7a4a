"""What was known at the end of a day: the raw tables without what came to pass later.

dbt leaves out later rows in every model (``dbt_like/macros/as_of.sql``). The links are made in Python over whole tables and would let a message of next week
decide what belonged together this week, so they are given these views in the place of the tables (docs/decisions/0007).
A moment that is not known is taken to lie before, as in dbt's macro ``known``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.warehouse import Warehouse

#: Attached beside the warehouse for as long as the views are wanted; holds views only.
_CATALOG = "known"


@dataclass(frozen=True)
class _Known:
    """Which rows of a raw table had come to be, and what of them had not come yet.

    ``at``: when a row came to be (null: before). ``of``: or, of whatever table it is a part (column, table). ``later``: values that are
    null (or what is given here) while their own moment lies ahead.
    """

    at: str = "null::timestamptz"
    of: tuple[tuple[str, str], ...] = ()
    later: dict[str, str] = field(default_factory=dict)


def _until(column: str) -> str:
    return f"case when {column} < $until then {column} end"


#: Tables that are not here keep no history and are seen as they are now (courses, groups, tasks, ledger, programme file).
_TABLES = {
    # The earliest trace counts: a restored LMS knows people who were there before their account was made.
    "accounts": _Known(
        "least(created_at, first_seen_at)", later={"first_seen_at": _until("first_seen_at"), "last_seen_at": _until("last_seen_at")}
    ),
    "memberships": _Known("joined_at", later={"left_at": _until("left_at")}),
    "enrolments": _Known("coalesce(created_at, starts_at)", later={"removed_at": _until("removed_at")}),
    "deadlines": _Known("granted_at"),
    "activity": _Known("occurred_at"),
    "messages": _Known("sent_at", later={"edited_at": _until("edited_at"), "deleted_at": _until("deleted_at")}),
    "addressees": _Known("coalesce(acted_at, case when role = 'reaction' then seen_at end)", of=(("message_id", "messages"),)),
    "message_files": _Known(of=(("message_id", "messages"),)),
    "mail_references": _Known(of=(("message_id", "messages"),)),
    # Begun before and handed in after: a draft.
    "submissions": _Known(
        "least(created_at, submitted_at)",
        later={"submitted_at": _until("submitted_at"), "state": "case when submitted_at >= $until then 'draft' else state end"},
    ),
    "submission_files": _Known("created_at", of=(("submission_id", "submissions"),)),
    "grades": _Known("graded_at"),
    "completions": _Known("completed_at"),
    "outcomes": _Known("reached_at"),
    "webinars": _Known("starts_at"),
    "attendance": _Known("joined_at", of=(("webinar_id", "webinars"),), later={"left_at": _until("left_at")}),
    "survey_answers": _Known("answered_at"),
    "marks": _Known("marked_at"),
}


#: Where accounts of messengers, mail, webinars and surveys show.
_TRACES = (
    "select account_id, sent_at as seen_at from {name}.raw.messages",
    "select about_account_id, sent_at from {name}.raw.messages",
    "select addressee.account_id, coalesce(addressee.acted_at, message.sent_at) from {name}.raw.addressees as addressee inner join {name}.raw.messages as message "
    "on message.message_id = addressee.message_id",
    "select account_id, joined_at from {name}.raw.attendance",
    "select account_id, answered_at from {name}.raw.survey_answers",
)


@contextmanager
def known_until(warehouse: Warehouse, moment: datetime) -> Iterator[None]:
    """Inside the block ``raw.…`` is what was known before ``moment`` (exclusive); every other schema is as it is.

    The views are read only: whoever writes to ``raw`` does so outside. Raises nothing of its own; blocks do not nest.
    """
    connection = warehouse.connection
    name = str(warehouse.value("select current_database()"))
    until = f"timestamptz '{moment.isoformat()}'"
    connection.execute(f"attach ':memory:' as {_CATALOG}")
    try:
        connection.execute(f"create schema {_CATALOG}.raw")
        tables = [
            table for (table,) in warehouse.rows("select table_name from duckdb_tables() where schema_name = 'raw' order by table_name")
        ]
        # A part is known through its whole, so the wholes come first.
        for table in sorted(tables, key=lambda table: len(_TABLES.get(table, _Known()).of)):
            connection.execute(f"create view {_CATALOG}.raw.{table} as {_query(name, table, until)}")
        connection.execute(f"set search_path = '{name}.main,{_CATALOG}.raw'")
        yield
    finally:
        connection.execute(f"use {name}")
        connection.execute(f"detach {_CATALOG}")


def _query(name: str, table: str, until: str) -> str:
    known = _TABLES.get(table, _Known())
    replaced = ", ".join(f"{value} as {column}" for column, value in known.later.items())
    conditions = [f"coalesce({known.at} < $until, true)"]
    conditions += [f"{column} in (select {column} from {_CATALOG}.raw.{whole})" for column, whole in known.of]
    if table == "chats":
        # A chat of which every message is to come has not been opened yet.
        conditions.append(f"chat_id not in (select chat_id from {name}.raw.messages group by chat_id having min(sent_at) >= $until)")
    if table == "accounts":
        # Where the system does not tell when an account came to be, its first trace does.
        conditions.append(
            "(created_at is not null or first_seen_at is not null or account_id not in (select account_id from ("
            + " union all ".join(trace.format(name=name) for trace in _TRACES)
            + ") as trace where account_id is not null group by account_id having min(seen_at) >= $until))"
        )
    query = f"select *{f' replace ({replaced})' if replaced else ''} from {name}.raw.{table} where {' and '.join(conditions)}"
    return query.replace("$until", until)
