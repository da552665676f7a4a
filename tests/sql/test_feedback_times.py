"""How the time to a mark is counted grows with the works, not with their square."""

from __future__ import annotations

import time
from datetime import date

import pytest

from pipelines.warehouse import Warehouse
from tests.sql.rendering import rendered, with_thresholds

#: Works of the smaller programme, and how many times more the larger one has.
WORKS, TIMES = 8_000, 4


def seconds(works: int) -> float:
    """Processor time of the model over so many works, each with its mark."""
    with Warehouse.open(None) as warehouse:
        with_thresholds(warehouse)
        run = warehouse.connection.execute
        run("create table facts.dim_curators (stream_id varchar, curator_id varchar, role varchar)")
        run(
            f"""
            create table facts.fct_submissions as
            select 's' || number as submission_id, 'p' || number // 10 as person_id, 't' || number % 10 as task_id, 'stream' as stream_id, 'c' as course_id,
                'assignment' as kind, submitted_at::date as day, submitted_at, null::timestamptz as due_at
            from (select number, timestamptz '2026-09-01 10:00:00+03' + to_minutes(number % 60000) as submitted_at from range({works}) as works (number))
            """
        )
        run(
            "create table facts.fct_grades as select submission_id, person_id, task_id, 'substantive' as feedback_kind, "
            "submitted_at + to_hours((1 + hash(submission_id) % 90)::int) as graded_at, graded_at as first_graded_at from facts.fct_submissions"
        )
        begun = time.process_time()
        warehouse.connection.execute(f"create table made as {rendered('indicators/ind_feedback_times', as_of=date(2026, 11, 22))}")
        spent = time.process_time() - begun
        assert warehouse.value("select sum(works) from made where scope = 'programme' and clock = 'hand_in'") == works
        return spent


@pytest.mark.slow
def test_four_times_the_works_take_about_four_times_as_long() -> None:
    """Compared with every mark there is, each work would make it sixteen."""
    few, many = min(seconds(WORKS) for _ in range(2)), min(seconds(TIMES * WORKS) for _ in range(2))
    assert many < 1.5 * TIMES * few, f"{few:.2f} s and {many:.2f} s"
