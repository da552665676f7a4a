"""Small warehouses of invented people for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.programme import Programme
from pipelines.pseudonyms import Pseudonyms
from pipelines.warehouse import Warehouse

PSEUDONYMS = Pseudonyms(b"a key for tests only")
PROGRAMME = Programme(id="test", name="Test")
START = datetime(2026, 9, 1, tzinfo=UTC)


def empty() -> Warehouse:
    """A warehouse in memory with all declared tables."""
    warehouse = Warehouse.open(None)
    warehouse.create_schemas()
    return warehouse


def insert(warehouse: Warehouse, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows; columns left out are null, the loader's columns are filled."""
    known = warehouse.columns(table)
    for row in rows:
        values = {"source": "test", "load_id": "load"} | dict(row)
        values = {name: value for name, value in values.items() if name in known}
        marks = ", ".join("?" for _ in values)
        warehouse.connection.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", list(values.values()))


def account(warehouse: Warehouse, realm: str, native: str, channel: str, **about: Any) -> str:
    """An account with what it shows; returns its id."""
    name = PSEUDONYMS.of(realm, native)
    row = {"account_id": name, "realm": realm, "channel": channel, "native_id": native} | about
    insert(warehouse, "raw.accounts", [row])
    insert(warehouse, "personal.accounts", [row])
    return name


def learner(warehouse: Warehouse, native: str, first: str, last: str, course: str = "moodle:course:1", **about: Any) -> str:
    """An LMS account enrolled in a course; returns its id."""
    about = {"created_at": START + timedelta(minutes=int(native)), "username": f"user{native}"} | about
    name = account(warehouse, "moodle", native, "lms", first_name=first, last_name=last, **about)
    enrol(warehouse, name, course)
    return name


def enrol(warehouse: Warehouse, name: str, course: str, role: str = "learner") -> None:
    """An enrolment."""
    insert(
        warehouse,
        "raw.enrolments",
        [{"enrolment_id": f"{name}{course}{role}", "account_id": name, "course_id": course, "role": role, "state": "active"}],
    )


def chat_account(warehouse: Warehouse, native: str, shown: str, chat: str = "telegram:chat:1", **about: Any) -> str:
    """A messenger account that wrote in a chat; returns its id."""
    name = account(warehouse, "telegram", native, "chat", display_name=shown, **about)
    insert(
        warehouse,
        "raw.messages",
        [{"message_id": f"{chat}:{native}", "channel": "chat", "chat_id": chat, "account_id": name, "kind": "post", "sent_at": START}],
    )
    return name


def person(name: str) -> str:
    """Person of an LMS account."""
    return "p" + name[1:]
