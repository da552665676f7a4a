"""A history with a known cause of drop-out: learners who leave fall silent and miss tasks; nothing else tells them apart."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.warehouse import Warehouse

FIRST = date(2026, 3, 2)
DAYS = 42
COUNTS = (
    "active_days_7", "active_days_14", "events_7", "events_previous_7", "materials_opened", "tasks_submitted", "tasks_late", "tasks_failed",
    "quiz_attempts", "burst_answers", "webinars_attended", "idle_webinars", "messages_14", "technical_questions_14",
    "notices_unacknowledged_in_row", "copied_tasks",
)  # fmt: skip


def end_of(stream: int) -> date:
    """Last day of the stream of that number; streams begin three weeks apart."""
    return FIRST + timedelta(days=21 * stream + DAYS - 1)


def write_history(warehouse: Warehouse, *, streams: int, learners: int = 40, seed: int = 7) -> None:
    """Fill the indicator and fact tables that risk reads."""
    rng = np.random.default_rng(seed)
    frames, enrolments, dates = [], [], []
    for stream in range(streams):
        start, name = FIRST + timedelta(days=21 * stream), f"COS/{stream}"
        dates.append((name, "COS", start, end_of(stream)))
        leaves = rng.random(learners) < 0.35
        week = rng.integers(1, 5, learners)
        for person in range(learners):
            day = np.arange(1, DAYS + 1)
            gone = leaves[person] & (day > week[person] * 7)
            silent = np.where(gone, day - week[person] * 7, rng.integers(0, 6, DAYS))
            frame = pd.DataFrame({name: rng.poisson(2, DAYS).astype(float) for name in COUNTS})
            frame["events_7"] = np.where(gone, np.maximum(0, 7 - silent), rng.poisson(9, DAYS)).astype(float)
            frame = frame.assign(
                day=[start + timedelta(days=int(number) - 1) for number in day], person_id=f"p{stream}-{person:03d}", stream_id=name, is_current=True,
                course_day=day, course_days=DAYS, has_started=True, silent_days=silent.astype(float), materials_total=20, tasks_due=(day // 7).astype(float),
                tasks_missed=np.where(gone, day // 7 - week[person], rng.poisson(0.3, DAYS)).astype(float),
                tasks_missed_in_row=np.where(gone, day // 7 - week[person], rng.integers(0, 2, DAYS)).astype(float),
                mean_grade_share=0.8, webinars_held=(day // 7).astype(float), webinar_share=0.5, oldest_open_hours=np.nan, copied_share=np.nan,
            )  # fmt: skip
            frames.append(frame)
            enrolments.append(
                (
                    f"p{stream}-{person:03d}",
                    name,
                    "dropped" if leaves[person] else "completed",
                    start + timedelta(days=int(week[person]) * 7) if leaves[person] else None,
                    None if leaves[person] else pd.Timestamp(end_of(stream), tz="UTC"),
                )
            )
    tables = {
        "indicators.ind_learner_days": pd.concat(frames),
        "facts.fct_enrolments": pd.DataFrame(enrolments, columns=["person_id", "stream_id", "outcome", "dropped_on", "completed_at"]),
        # Every third learner is written to once, in the third week.
        "facts.fct_contacts": pd.DataFrame(
            [(person, stream, "letter", end_of(int(stream[4:])) - timedelta(days=25), False) for person, stream, *_ in enrolments[::3]],
            columns=["person_id", "stream_id", "kind", "day", "is_returned"],
        ),
        "facts.dim_streams": pd.DataFrame(dates, columns=["stream_id", "course_id", "starts_on", "ends_on"]),
        "indicators.ind_formal_completions": pd.DataFrame(
            enrolments, columns=["person_id", "stream_id", "outcome", "dropped_on", "completed_at"]
        )[["person_id", "stream_id"]].assign(is_formal=False),
    }
    warehouse.create_schemas()
    for schema in ("facts", "indicators"):
        warehouse.connection.execute(f"create schema if not exists {schema}")
    for name, frame in tables.items():
        warehouse.connection.register("incoming", frame)
        warehouse.connection.execute(f"create or replace table {name} as select * from incoming")
        warehouse.connection.unregister("incoming")
