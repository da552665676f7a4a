"""Questions and answers written straight into what the models of waiting read; the models themselves are run as they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from pipelines.calendar import calendar_days
from pipelines.programme import Programme
from pipelines.warehouse import Warehouse
from tests.sql.rendering import rendered, with_thresholds

_MADE = {
    "facts.fct_messages": "message_id varchar, channel varchar, chat_id varchar, thread_id varchar, person_id varchar, role varchar, course_id varchar, "
    "stream_id varchar, sent_at timestamptz, day date, deleted_at timestamptz, is_question boolean, question_score double, is_technical boolean, burst_id varchar, account_id varchar",
    "facts.dim_curators": "stream_id varchar, curator_id varchar, role varchar",
    "facts.dim_streams": "stream_id varchar, course_id varchar, starts_on date, ends_on date, is_whole_course boolean",
    "facts.fct_unreceived_answers": "question_id varchar, answer_id varchar, returned_at timestamptz",
    "facts.fct_returned_letters": "message_id varchar, account_id varchar, receiver_id varchar, returned_at timestamptz, missed_receiver boolean, reached_nobody boolean",
    "facts.dim_accounts": "account_id varchar, person_id varchar",
    "facts.fct_memberships": "person_id varchar, course_id varchar, group_id varchar, joined_at timestamptz, left_at timestamptz",
    "facts.fct_absences": "curator_id varchar, from_day date, until_day date, working_days integer",
}


class Talk:
    """A warehouse with the programme's calendar and nothing else; rows are given in bulk."""

    def __init__(self, warehouse: Warehouse, programme: Programme, *, from_day: date, until_day: date) -> None:
        self.warehouse = warehouse
        self.programme = programme
        warehouse.create_schemas()
        with_thresholds(warehouse)
        warehouse.connection.execute("create schema if not exists indicators")
        for name, columns in _MADE.items():
            warehouse.connection.execute(f"create or replace table {name} ({columns})")
        warehouse.replace("raw.calendar_days", calendar_days(programme, from_day, until_day))

    def put(self, table: str, rows: pa.Table | Sequence[dict[str, Any]]) -> None:
        """Add rows; columns that are not named are null (source and load_id apart)."""
        frame = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows))
        for name in ("source", "load_id", "rule"):
            if name in self.warehouse.columns(table) and name not in frame.column_names:
                frame = frame.append_column(name, pa.array(["test"] * frame.num_rows))
        self.warehouse.connection.register("given", frame)
        names = ", ".join(frame.column_names)
        self.warehouse.connection.execute(f"insert into {table} ({names}) select {names} from given")
        self.warehouse.connection.unregister("given")

    def run(self, *models: str, as_of: date) -> None:
        """Build models ("facts/fct_questions") in the order given."""
        for model in models:
            schema, name = model.split("/")
            sql = rendered(model, as_of=as_of, time_zone=self.programme.time_zone)
            self.warehouse.connection.execute(f"create or replace table {schema}.{name} as {sql}")

    def wait(self, number: str, asked: datetime, answered: datetime | None) -> list[dict[str, Any]]:
        """Rows of fct_messages for a question in a forum and its curator's answer; puts the link."""
        rows = [self._message(number, "p", "learner", asked, is_question=True)]
        if answered is not None:
            rows.append(self._message(f"{number}-answer", "k", "curator", answered, is_question=False))
            self.put(
                "links.replies",
                [{"question_id": number, "answer_id": f"{number}-answer", "role": "curator", "kind": "substantive", "score": 1.0}],
            )
        return rows

    def _message(self, number: str, person: str, role: str, at: datetime, **more: Any) -> dict[str, Any]:
        day = at.astimezone(self.programme.zone).date()
        return {
            "message_id": number, "channel": "forum", "chat_id": "f", "thread_id": number, "person_id": person, "role": role, "course_id": "c",
            "stream_id": "s", "sent_at": at, "day": day, "is_technical": False, "burst_id": number, **more,
        }  # fmt: skip
