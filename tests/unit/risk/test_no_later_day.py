"""Leakage: whatever stands after a day changes nothing of that day, and what looks like foresight is gone when the label's window is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.risk import figures, modelling
from pipelines.risk.features import feature_frame, matrix
from pipelines.risk.scoring import training_frame
from pipelines.warehouse import Warehouse
from tests.unit.risk.history import DAYS, FIRST, end_of, write_history

#: A day and a future out of lists: there is nothing to make smaller.
PHASES = (Phase.explicit, Phase.generate)
STREAMS = 5
DAYS_OF_ALL = [FIRST + timedelta(days=number) for number in range(3, 21 * (STREAMS - 1) + DAYS)]
TARGETS = ("dropout", "dropout_7", "formal_completion")
#: What a later day may turn into: other numbers, nothing at all, a wiped-out future.
FUTURES = {
    "other numbers": "update indicators.ind_learner_days set silent_days = 99 - silent_days, events_7 = 0, copied_tasks = 50, has_started = not has_started where day > $day",
    "nothing": "update indicators.ind_learner_days set silent_days = null, tasks_missed = null, webinars_attended = null where day > $day",
    "no rows": "delete from indicators.ind_learner_days where day > $day",
    "exchanged learners": (
        "update indicators.ind_learner_days as d set silent_days = other.silent_days, events_7 = other.events_7, tasks_missed = other.tasks_missed "
        "from (select day, stream_id, person_id, silent_days, events_7, tasks_missed, lead(person_id) over (partition by day, stream_id order by hash(person_id)) as taker "
        "from indicators.ind_learner_days) as other where d.day > $day and d.day = other.day and d.stream_id = other.stream_id and d.person_id = other.taker"
    ),
}


@pytest.fixture(scope="module")
def history() -> Iterator[Warehouse]:
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=STREAMS, learners=12)
        yield warehouse


def _seen(warehouse: Warehouse, day: date) -> list[str]:
    """All that a run of the day takes: training frames of what had ended by then, features of the day."""
    ended = [f"COS/{number}" for number in range(STREAMS) if end_of(number) < day]
    running = [f"COS/{number}" for number in range(STREAMS)]
    found = []
    for target in TARGETS:
        trained = training_frame(warehouse, target, ended, known_by=day)
        assert trained.empty or pd.to_datetime(trained["day"]).max() < pd.Timestamp(day)
        found += [trained.to_csv(), feature_frame(warehouse, target, streams=running, days=[day]).to_csv()]
    return found


def _holds(warehouse: Warehouse, day: date, future: str) -> None:
    before = _seen(warehouse, day)
    warehouse.connection.execute("begin")
    try:
        warehouse.connection.execute(FUTURES[future], {"day": day})
        # What becomes known on the day or later: streams that still run, and completions recorded after the stream's end.
        warehouse.connection.execute(
            "update facts.fct_enrolments set outcome = case when outcome = 'completed' then 'dropped' else 'completed' end, dropped_on = $day, completed_at = $day::date + interval 9 hour "
            "where stream_id in (select stream_id from facts.dim_streams where ends_on >= $day)",
            {"day": day},
        )
        assert _seen(warehouse, day) == before
    finally:
        warehouse.connection.execute("rollback")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True, phases=PHASES)
@given(day=st.sampled_from(DAYS_OF_ALL), future=st.sampled_from(sorted(FUTURES)))
def test_no_training_and_no_score_reads_a_row_later_than_its_day(history: Warehouse, day: date, future: str) -> None:
    _holds(history, day, future)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=PHASES)
@given(day=st.sampled_from(DAYS_OF_ALL), future=st.sampled_from(sorted(FUTURES)))
def test_the_same_over_many_days(history: Warehouse, day: date, future: str) -> None:
    _holds(history, day, future)


def test_a_completion_recorded_after_the_day_teaches_nothing_on_it(history: Warehouse) -> None:
    """A mark revealed weeks after the end: the learner is no example before, and one after."""
    learner, day = "p0-000", end_of(0) + timedelta(days=3)
    [(outcome,)] = history.rows("select outcome from facts.fct_enrolments where person_id = ?", [learner])
    assert outcome == "completed"
    history.connection.execute("begin")
    try:
        history.connection.execute(
            "update facts.fct_enrolments set completed_at = ? where person_id = ?", [end_of(0) + timedelta(days=20), learner]
        )
        early, late = (
            set(training_frame(history, "dropout", ["COS/0"], known_by=known_by)["person_id"])
            for known_by in (day, end_of(0) + timedelta(days=21))
        )
    finally:
        history.connection.execute("rollback")
    assert late - early == {learner}


def test_without_the_labels_window_foresight_of_a_formal_completion_falls_to_chance() -> None:
    """A world in which signs come and go by chance, so that none of a day foretells the next: only a label that shares its days with the features
    can be "foreseen". Learned and judged by the whole course's signs the model looks clever; by what comes after the day it knows nothing."""
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=4, learners=60)
        rng = np.random.default_rng(5)
        rows = warehouse.frame(
            "select day, person_id, stream_id, course_day from indicators.ind_learner_days order by person_id, stream_id, day"
        )
        for name, chance in (("copied_tasks", 0.5), ("idle_webinars", 0.5), ("burst_answers", 0.5)):
            shows = (rng.random(len(rows)) < chance) & (rows["course_day"] % 7 == 0)
            rows[name] = shows.groupby([rows["person_id"], rows["stream_id"]]).cumsum().astype(float)
        for name in ("tasks_submitted", "webinars_attended", "quiz_attempts"):
            rows[name] = (rows["course_day"] // 7).astype(float)
        warehouse.connection.register("drawn", rows)
        warehouse.connection.execute(
            "create or replace table indicators.ind_learner_days as select d.* replace (r.copied_tasks as copied_tasks, r.idle_webinars as idle_webinars, "
            "r.burst_answers as burst_answers, r.tasks_submitted as tasks_submitted, r.webinars_attended as webinars_attended, r.quiz_attempts as quiz_attempts, "
            "r.copied_tasks / nullif(r.tasks_submitted, 0) as copied_share, 1.0 * d.course_day as materials_opened) "
            "from indicators.ind_learner_days as d inner join drawn as r using (day, person_id, stream_id)"
        )
        warehouse.connection.execute(
            "create or replace table indicators.ind_formal_completions as select person_id, stream_id, "
            "(copied_share > 0.5)::integer + (idle_webinars > 3)::integer + (burst_answers > 3)::integer >= 2 as is_formal "
            "from indicators.ind_learner_days where course_day = course_days"
        )
        found = {}
        streams = [f"COS/{number}" for number in range(4)]
        for whole in (True, False):
            frame = training_frame(warehouse, "formal_completion", streams, whole_course=whole)
            frame = frame[(frame["progress"] > 0.4) & (frame["progress"] < 0.8)].reset_index(drop=True)
            train = frame["stream_id"].isin(streams[:2]).to_numpy()
            model = modelling.candidates("formal_completion")["logistic"]
            model.fit(matrix(frame[train], "formal_completion"), frame["outcome"].to_numpy()[train])
            test = frame[~train].assign(guessed=model.predict_proba(matrix(frame[~train], "formal_completion"))[:, 1])
            # Day by day: how much of the course is left moves the share of the label, and knowing the date is no foresight.
            found[whole] = np.mean(
                [figures.roc_auc(day["outcome"].to_numpy(), day["guessed"].to_numpy()) for _, day in test.groupby("progress")]
            )
    assert found[True] > 0.75
    assert abs(found[False] - 0.5) < 0.08
