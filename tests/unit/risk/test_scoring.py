"""Scores of a day: learned only from what had ended, calibrated, explained, the same again, and honest where history is short."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.risk import modelling
from pipelines.risk.scoring import score_day, training_sample
from pipelines.warehouse import Warehouse
from tests.unit.risk.history import DAYS, FIRST, end_of, write_history

STREAMS = 5
#: The fifth stream is in its middle, the first three have ended.
DAY = FIRST + timedelta(days=21 * 4 + 20)


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Intervals of evaluations by a tenth of the draws: they take most of the time, and nothing here looks at their width."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modelling, "BOOTSTRAPS", modelling.BOOTSTRAPS // 10)
        yield


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Path]]:
    folder = tmp_path_factory.mktemp("models")
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=STREAMS)
        score_day(warehouse, DAY, models_folder=folder)
        yield warehouse, folder


def test_only_streams_that_run_on_the_day_are_scored(scored) -> None:
    warehouse, _ = scored
    streams = {row[0] for row in warehouse.rows("select distinct stream_id from risk.scores")}
    assert streams == {f"COS/{number}" for number in range(STREAMS) if FIRST + timedelta(days=21 * number) <= DAY <= end_of(number)}


def test_those_who_leave_score_higher_than_those_who_stay(scored) -> None:
    warehouse, _ = scored
    auc = warehouse.value(
        """
        with s as (
            select s.score, e.outcome <> 'completed' as left_course from risk.scores as s
            inner join facts.fct_enrolments as e using (person_id, stream_id) where s.target = 'dropout' and s.stream_id = 'COS/3'
        )
        select avg((a.score > b.score)::double + 0.5 * (a.score = b.score)::double) from s as a cross join s as b where a.left_course and not b.left_course
        """
    )
    assert auc > 0.9


def test_reasons_name_the_causes_and_carry_value_and_baseline(scored) -> None:
    warehouse, _ = scored
    rows = warehouse.rows(
        "select r.code, r.feature, r.value, r.baseline from risk.reasons as r inner join risk.scores as s using (day, person_id, stream_id, target) "
        "where target = 'dropout' and s.level = 'high' and r.rank = 1"
    )
    assert rows
    assert {row[0] for row in rows} <= {"silent_days", "missed_tasks", "slower_than_before"}
    assert all(row[2] is not None and row[3] is not None for row in rows)
    assert warehouse.value("select max(rank) from risk.reasons") <= 4


def test_the_model_is_judged_on_streams_later_than_those_it_learned_from(scored) -> None:
    warehouse, _ = scored
    [(streams, later, people)] = warehouse.rows(
        "select train_streams, validation_streams, validation_people from risk.models where target = 'dropout'"
    )
    assert (streams, later, people) == (3, 1, 40)
    auc, low, high = warehouse.rows(
        "select value, low, high from risk.evaluations where metric = 'roc_auc' and sample = 'later streams at 75% of the course'"
    )[0]
    assert low <= auc <= high
    assert auc > 0.85


def test_with_no_formal_completion_in_history_rules_stand_in_and_say_so(scored) -> None:
    warehouse, _ = scored
    [(basis, reason)] = warehouse.rows("select basis, reason from risk.models where target = 'formal_completion'")
    assert basis == "rules"
    assert reason.endswith("needed")
    assert warehouse.rows("select distinct basis from risk.scores where target = 'formal_completion'") == [("rules",)]


def test_scoring_again_trains_nothing_and_changes_nothing(scored) -> None:
    warehouse, folder = scored
    before = warehouse.rows("select * from risk.scores order by all"), warehouse.rows("select * from risk.reasons order by all")
    files = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    score_day(warehouse, DAY, models_folder=folder)
    assert (warehouse.rows("select * from risk.scores order by all"), warehouse.rows("select * from risk.reasons order by all")) == before
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == files


def test_trained_from_scratch_what_happens_later_changes_no_score_of_the_day(scored, tmp_path: Path) -> None:
    """Point in time: days after the scored one, and the outcome of streams still running, are not looked at. All else gives the same again."""
    warehouse, _ = scored
    before = warehouse.rows("select * from risk.scores order by all")
    with Warehouse.open(None) as other:
        write_history(other, streams=STREAMS)
        other.connection.execute("update indicators.ind_learner_days set silent_days = 0, tasks_missed = 0 where day > ?", [DAY])
        other.connection.execute(
            "update facts.fct_enrolments set outcome = 'completed' where stream_id in (select stream_id from facts.dim_streams where ends_on >= ?)",
            [DAY],
        )
        score_day(other, DAY, models_folder=tmp_path)
        assert other.rows("select * from risk.scores order by all") == before


def test_a_first_stream_is_scored_by_rules(tmp_path: Path) -> None:
    day = FIRST + timedelta(days=DAYS // 2)
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=1)
        score_day(warehouse, day, models_folder=tmp_path)
        assert warehouse.rows("select distinct basis from risk.scores") == [("rules",)]
        assert warehouse.value("select reason from risk.models where target = 'dropout'") == "0 ended streams, 2 needed"
        longest = warehouse.rows(
            "select s.score from risk.scores as s inner join indicators.ind_learner_days as d using (day, person_id, stream_id) "
            "where s.target = 'dropout' order by d.silent_days desc, s.score desc limit 1"
        )[0][0]
        assert longest >= warehouse.value("select median(score) from risk.scores where target = 'dropout'")
        assert list(tmp_path.iterdir()) == []


def test_who_stays_to_the_end_without_completing_teaches_nothing(tmp_path: Path) -> None:
    """Neither left nor completed: ``left_before_end_days`` before the end is where leaving begins."""
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=STREAMS)
        streams = [f"COS/{number}" for number in range(STREAMS)]
        before = set(training_sample(warehouse, "dropout", streams).people)
        warehouse.connection.execute(
            "update facts.fct_enrolments set outcome = 'dropped', dropped_on = ? where person_id = 'p0-001'", [end_of(0)]
        )
        after = set(training_sample(warehouse, "dropout", streams).people)
    assert before - after == {"p0-001\x1fCOS/0"}


def test_what_is_not_known_of_somebody_changes_nothing_about_them(tmp_path: Path) -> None:
    """Unknown webinars are the stream's median: somebody who has the median and somebody of whom nothing is known score alike."""
    scores = []
    for unknown in (False, True):
        with Warehouse.open(None) as warehouse:
            write_history(warehouse, streams=STREAMS)
            warehouse.connection.execute("update indicators.ind_learner_days set webinars_attended = webinars_held * 0.5")
            if unknown:
                warehouse.connection.execute("update indicators.ind_learner_days set webinars_attended = null where person_id like '%-00_'")
            score_day(warehouse, DAY, models_folder=tmp_path / str(unknown))
            scores.append(warehouse.rows("select person_id, round(score, 9) from risk.scores where target = 'dropout' order by all"))
    assert scores[0] == scores[1]
