"""The backtest: figures of ended streams from a copy, the warehouse untouched; the page hides small groups."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.risk import backtest, evaluation_page, modelling
from pipelines.risk.scoring import score_day
from pipelines.warehouse import Warehouse
from tests.unit.risk.history import FIRST, end_of, write_history


@pytest.mark.slow
def test_ended_streams_are_judged_on_a_copy_and_the_page_says_how_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelling, "BOOTSTRAPS", 5)
    monkeypatch.setattr(modelling, "TREES", 10)
    monkeypatch.setattr(modelling, "FOLDS", 2)
    path = tmp_path / "warehouse.duckdb"
    with Warehouse.open(path) as warehouse:
        write_history(warehouse, streams=3, learners=45)
        warehouse.connection.execute("update indicators.ind_learner_days set mean_grade_share = 0.5")
    tested = backtest.run(path, until=end_of(2), every=14)
    with Warehouse.open(path, read_only=True) as warehouse:
        assert warehouse.value("select count(*) from risk.scores") == 0
    auc = {one.sample: one.value for one in tested.figures if one.forecaster == "dropout" and one.metric == "roc_auc"}
    assert auc["week 4"] > 0.8
    assert set(tested.rows["dropout_basis"]) == {"shipped", "centre"}
    first = {(one.forecaster, one.metric): one.value for one in tested.figures if one.sample == "week 4"}
    assert first["first ten: list (benefit)", "precision_at_10"] > 2 * first["first ten: chance", "precision_at_10"]
    assert first["first ten: risk", "recall_at_10"] <= 1
    assert 0.5 < tested.stability_next_day <= 1
    assert set(tested.contacts["is_contacted"]) == {False, True}
    for language in ("ru", "en"):
        page = evaluation_page.render(tested, language)
        assert evaluation_page.WORDS[language]["fairness_none"] in page
        assert page.count("<img") == 2


def test_fairness_leaves_small_groups_out() -> None:
    people = 40
    rows = pd.DataFrame(
        {
            "person_id": [f"p{number}" for number in range(people)], "stream_id": "s", "day": pd.Timestamp("2026-03-02"), "course_day": 14, "is_judged": True,
            "ended_as": ["dropped"] * 24 + ["completed"] * 16, "level": np.where(np.arange(people) % 2, "low", "high"),
            "sex": ["F"] * 20 + ["M"] * 4 + ["F"] * 16, "age_band": None,
        }
    )  # fmt: skip
    [women] = evaluation_page.fairness(rows)
    assert (women.column, women.value, women.learners, women.left) == ("sex", "F", 36, 20 / 36)
    share, low, high = women.missed
    assert (share, round(low, 2), round(high, 2)) == (0.5, 0.3, 0.7)  # Wilson, ten of twenty
    assert women.false_alarms[0] == 0.5
    for language, said in (("en", "sex: women"), ("ru", "пол: женщины")):
        name, *_, missed, _alarms = evaluation_page._of_group(women, evaluation_page.WORDS[language], language)
        assert name == said
        assert missed.replace("\u00a0", "") == "50% (30%–70%)"


def _scored(path: Path, *, early: int = 0) -> Warehouse:
    """A first stream scored every night of its third and fourth week by the model that is shipped; ``early`` learners completed on its twentieth day."""
    warehouse = Warehouse.open(path)
    write_history(warehouse, streams=1, learners=60)
    warehouse.connection.execute(
        "update facts.fct_enrolments set completed_at = $day::date where person_id in "
        "(select person_id from facts.fct_enrolments where outcome = 'completed' order by 1 limit $early)",
        {"day": FIRST + timedelta(days=19), "early": early},
    )
    for day in range(15, 29):
        score_day(warehouse, FIRST + timedelta(days=day - 1), models_folder=path.parent / "models")
    return warehouse


def test_the_weekly_page_is_of_what_was_said_once_a_week_and_asks_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _scored(tmp_path / "warehouse.duckdb") as warehouse:
        before = warehouse.rows("select * from risk.outlooks order by all")
        monkeypatch.setattr(modelling, "predict", lambda *_: pytest.fail("a model was asked"))
        told = backtest.said(warehouse, end_of(0), draws=10)
        assert warehouse.rows("select * from risk.outlooks order by all") == before
    assert sorted(set(told.rows["course_day"])) == [21, 28]
    assert told.rows.groupby("course_day")["person_id"].nunique().to_dict() == {21: 60, 28: 60}
    auc = {one.sample: one.value for one in told.figures if one.forecaster == "dropout" and one.metric == "roc_auc"}
    assert auc["week 4"] > 0.8
    assert 0.5 < told.stability <= 1
    assert 0.5 < told.stability_next_day <= 1
    for language in ("ru", "en"):
        words = evaluation_page.WORDS[language]
        page = evaluation_page.render(told, language, said_until=end_of(0))
        assert [words[name] in page for name in ("short", "calibration", "lift", "reasons", "drift", "fairness")] == [True] * 6
        assert words["nothing"] not in page
        assert page == evaluation_page.render(told, language, said_until=end_of(0))


def test_of_a_stream_that_runs_nobody_is_judged_and_the_page_says_that_nothing_is_known(tmp_path: Path) -> None:
    """Early completions and withdrawals alone would make a sample of their own; reasons and what has changed are told all the same."""
    until = FIRST + timedelta(days=27)
    with _scored(tmp_path / "warehouse.duckdb", early=20) as warehouse:
        # As facts stand on a day of the course: only those who completed early have an end.
        warehouse.connection.execute(
            "update facts.fct_enrolments set outcome = 'running' where completed_at is null or completed_at >= ?", [until]
        )
        told = backtest.said(warehouse, until, draws=10)
    assert not told.rows["is_judged"].any()
    assert told.figures == []
    page = evaluation_page.render(told, "en", said_until=until)
    words = evaluation_page.WORDS["en"]
    assert words["nothing"] in page
    assert words["reasons"] in page
    assert words["calibration"] not in page
    assert "<img" not in page
    # A page that is printed says of when it is, and what was not measured has not stayed as it was.
    assert "60 learners of streams that were scored; 2 days looked at, up to 29 March 2026." in page
    assert words["drift_unknown"] not in page
    unmeasured = evaluation_page.render(replace(told, drift=told.drift.iloc[:0]), "en", said_until=until)
    assert words["drift_unknown"] in unmeasured
    assert words["drift_none"] not in unmeasured


def test_what_was_said_longer_ago_than_a_year_is_left_out(tmp_path: Path) -> None:
    with _scored(tmp_path / "warehouse.duckdb") as warehouse:
        assert backtest.said(warehouse, FIRST + timedelta(days=backtest.SAID_SINCE + 60), draws=2).rows.empty


def test_still_there_looks_ahead_and_seen_lately_does_not() -> None:
    """Thirty learners, ten of them last seen three days ago for good: gone already in hindsight, on the day like anybody seen three days ago."""
    last_seen = [pd.Timestamp("2026-03-13")] * 10 + [pd.NaT] * 20
    rows = pd.DataFrame(
        {
            "person_id": [f"p{number}" for number in range(30)], "stream_id": "s", "day": pd.Timestamp("2026-03-16"), "ends_on": pd.Timestamp("2026-04-12"),
            "course_day": 14, "is_judged": True, "ended_as": ["dropped"] * 10 + ["completed"] * 20, "dropped_on": last_seen, "standing": "started",
            "level": "low", "dropout_basis": "centre", "dropout": [0.5] * 20 + [0.0] * 10, "dropout_7": 0.1, "formal_if_completed": 0.1, "is_formal": False,
            "benefit": 0.1, "silent_days": [3.0] * 20 + [0.0] * 9 + [9.0],
        }
    )  # fmt: skip
    found = {(one.sample, one.metric): one for one in backtest.judge(rows, draws=5) if one.forecaster == "dropout"}
    assert found["week 2, still there", "base_rate"].value == 0.0
    assert found["week 2, still there", "base_rate"].n == 20
    # Who has been silent for nine days is not among them; the ten who have gone are, as nobody could know.
    assert found["week 2, seen lately", "base_rate"].n == 29
    assert found["week 2, seen lately", "base_rate"].value == pytest.approx(10 / 29)
    assert found["week 2, seen lately", "calibration_error_by_chance"].value > 0


def test_the_first_ten_are_counted_stream_by_stream() -> None:
    """Twenty learners in each of two streams, five leave each: ranked right, five of the first ten leave; pooled into one list it would be ten."""
    left = np.tile(np.arange(20) < 5, 2)
    rows = pd.DataFrame(
        {
            "person_id": [f"p{number}" for number in range(40)], "stream_id": ["a"] * 20 + ["b"] * 20, "day": pd.Timestamp("2026-03-16"),
            "ended_as": np.where(left, "dropped", "completed"), "dropped_on": pd.to_datetime(np.where(np.arange(40) % 2, "2026-03-10", "2026-03-20")),
            "standing": "started", "dropout": np.where(left, 0.9, 0.1), "benefit": np.where(left, 0.1, 0.9), "silent_days": 0.0,
        }
    )  # fmt: skip
    found = {(one.forecaster, one.metric): one.value for one in backtest.at_capacity(rows, "x", draws=5)}
    assert found["first ten: risk", "precision_at_10"] == 0.5
    assert found["first ten: risk", "recall_at_10"] == 1.0
    assert found["first ten: chance", "precision_at_10"] == 0.25
    assert found["first ten: list (benefit)", "precision_at_10"] == 0.0
    # Of the five, three were still there on the day.
    assert found["first ten: risk", "yet_to_leave_at_10"] == 0.3


def test_a_warning_leads_by_the_days_from_the_first_alarm_to_the_last_act() -> None:
    """Of four who left one is warned of ten days before, one only after the last act, one never; who completes gives nothing."""
    gone = pd.Timestamp("2026-03-20")
    rows = pd.DataFrame(
        [
            (person, "s", pd.Timestamp(day), level, "completed" if person == "e" else "dropped", None if person == "e" else gone, True)
            for person, day, level in (
                ("a", "2026-03-03", "low"), ("a", "2026-03-10", "medium"), ("a", "2026-03-17", "high"), ("b", "2026-03-24", "high"),
                ("c", "2026-03-17", "low"), ("d", "2026-03-17", "high"), ("e", "2026-03-03", "high"),
            )
        ],
        columns=["person_id", "stream_id", "day", "level", "ended_as", "dropped_on", "is_judged"],
    )  # fmt: skip
    found = {one.metric: one.value for one in backtest._lead_times(rows)}
    assert found == {"share_warned_before": 0.5, "median_lead_days": (10 + 3) / 2}


def test_a_first_reason_is_stable_where_it_still_stands_among_the_reasons_of_the_later_day() -> None:
    first, later = pd.Timestamp("2026-03-03"), pd.Timestamp("2026-03-10")
    rows = pd.DataFrame(
        {"day": [first, later] * 3, "person_id": ["a", "a", "b", "b", "c", "c"], "stream_id": "s", "level": ["high"] * 4 + ["low"] * 2}
    )
    told = [
        (first, "a", "missed_tasks", 1), (first, "a", "low_grades", 2), (later, "a", "silent_days", 1), (later, "a", "missed_tasks", 2),
        (first, "b", "missed_tasks", 1), (later, "b", "silent_days", 1),
        # At low risk no reason is shown, so none is counted.
        (first, "c", "missed_tasks", 1), (later, "c", "missed_tasks", 1),
    ]  # fmt: skip
    reasons = pd.DataFrame(
        [(day, person, "s", code, rank) for day, person, code, rank in told], columns=["day", "person_id", "stream_id", "code", "rank"]
    )
    assert backtest._stability(rows, reasons, 7) == 0.5
    assert np.isnan(backtest._stability(rows, reasons, 1))


def test_after_a_contact_of_the_week_it_is_told_who_acted_and_who_left() -> None:
    """Written to within the week after the scoring; a notice to all, a letter of later and one of before count for nothing."""
    day = FIRST + timedelta(days=13)
    people = ["letter", "notice", "later", "before", "gone"]
    rows = pd.DataFrame(
        {
            "person_id": people, "stream_id": "s", "day": day, "level": "high", "is_judged": True, "standing": "started",
            "ended_as": ["completed", "dropped", "dropped", "completed", "dropped"],
            "dropped_on": pd.to_datetime([None, day + timedelta(days=9), day + timedelta(days=9), None, day - timedelta(days=1)]),
        }
    )  # fmt: skip
    sent = [("letter", "letter", 3), ("notice", "notice", 3), ("later", "letter", 8), ("before", "letter", 0), ("gone", "letter", 3)]
    tables = {
        "facts.fct_contacts": pd.DataFrame(
            [(person, "s", kind, day + timedelta(days=after), False) for person, kind, after in sent]
            # A letter that came back reached nobody.
            + [("later", "s", "letter", day + timedelta(days=3), True)],
            columns=["person_id", "stream_id", "kind", "day", "is_returned"],
        ),
        "indicators.ind_learner_days": pd.DataFrame(
            {"person_id": people, "stream_id": "s", "day": day + timedelta(days=7), "silent_days": [2, 9, 3, 1, 8]}
        ),
    }
    with Warehouse.open(None) as warehouse:
        for name, frame in tables.items():
            warehouse.connection.execute(f"create schema if not exists {name.split('.')[0]}")
            warehouse.connection.register("incoming", frame)
            warehouse.connection.execute(f"create table {name} as select * from incoming")
            warehouse.connection.unregister("incoming")
        told = backtest.after_contact(warehouse, rows).set_index("is_contacted")
    assert told.loc[True, ["n", "acted", "left"]].tolist() == [1, 1, 0]
    assert told.loc[False, ["n", "acted", "left"]].tolist() == [3, 2 / 3, 2 / 3]
