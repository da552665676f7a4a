"""Scores of a day: learned only from what had ended, calibrated, explained, the same again, and honest where history is short."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from pipelines.risk import drift, modelling, outlook, pooling, portable, reasons, registry, scoring
from pipelines.risk.features import feature_frame, features_of, matrix
from pipelines.risk.labels import label
from pipelines.risk.rules import RULES
from pipelines.risk.scoring import score_day, snapshot, training_sample
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from tests.unit.risk.history import DAYS, FIRST, end_of, write_history

STREAMS = 5
#: The fifth stream is in its middle, the first three have ended.
DAY = FIRST + timedelta(days=21 * 4 + 20)


@pytest.fixture(scope="module", autouse=True)
def little_work() -> Iterator[None]:
    """A tenth of the draws, a sixth of the trees, fewer folds and orders: nothing here looks at how good a model of real data would be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modelling, "BOOTSTRAPS", modelling.BOOTSTRAPS // 30)
        patch.setattr(modelling, "TREES", modelling.TREES // 6)
        patch.setattr(modelling, "FOLDS", 2)
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


def test_of_six_signs_the_four_strongest_are_told() -> None:
    index = pd.MultiIndex.from_tuples([("a", "s"), ("b", "s")], names=["person_id", "stream_id"])
    codes = {rule.code: rule for rule in RULES["dropout"] if rule.sign == 1}
    earned = pd.DataFrame({code: [number + 1.0, 0.0] for number, code in enumerate(sorted(codes))}, index=index)
    shown = pd.DataFrame({rule.column: [9.0, 0.0] for rule in codes.values()}, index=index)
    told = reasons.of_rules(earned, "dropout", shown, shown.groupby(level="stream_id").median())
    assert len(codes) > 4
    assert told[["person_id", "rank", "code"]].to_numpy().tolist() == [
        ["a", rank, code] for rank, code in enumerate(sorted(codes, reverse=True)[:4], 1)
    ]


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


#: Words of which none may stand in what a model looks at: whoever somebody is, is no sign of what they do.
PROTECTED = {
    "age", "band", "birth", "birthday", "born", "citizenship", "city", "country", "demographics", "deprivation", "disability", "education", "ethnicity",
    "gender", "imd", "language", "marital", "name", "nationality", "patronymic", "region", "religion", "sex",
}  # fmt: skip


@pytest.mark.parametrize("target", ["dropout", "dropout_7", "formal_completion"])
def test_no_model_and_no_rule_names_what_somebody_is(target: str) -> None:
    looked_at = [*portable.COLUMNS, *(rule.column for rules in RULES.values() for rule in rules)]
    looked_at += [text for feature in features_of(target) for text in (feature.name, feature.sql, feature.column)]
    assert not {word for text in looked_at for word in re.findall("[a-z]+", text.lower())} & PROTECTED


def test_scores_are_the_same_where_nothing_is_known_of_who_the_learners_are(scored, tmp_path: Path) -> None:
    """Without the tables that say it: whatever asks for them cannot be made."""
    warehouse, _ = scored
    with Warehouse.open(None) as other:
        write_history(other, streams=STREAMS)
        for table in ("raw.demographics", "raw.accounts", "links.people"):
            other.connection.execute(f"drop table {table} cascade")
        score_day(other, DAY, models_folder=tmp_path)
        for table in ("risk.scores", "risk.reasons", "risk.outlooks"):
            told = f"select * from {table} where day = ? order by all"
            assert other.rows(told, [DAY]) == warehouse.rows(told, [DAY])


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


def test_the_order_in_which_rows_lie_and_the_number_of_threads_change_no_byte_of_the_day(scored, tmp_path: Path) -> None:
    warehouse, folder = scored
    with Warehouse.open(None) as other:
        write_history(other, streams=STREAMS)
        for table in ("indicators.ind_learner_days", "facts.fct_enrolments", "facts.dim_streams"):
            other.connection.execute(f"create or replace table {table} as select * from {table} as t order by hash(t::varchar)")
        other.connection.execute("set threads = 1")
        score_day(other, DAY, models_folder=tmp_path)
        for table in ("risk.scores", "risk.reasons", "risk.outlooks"):
            told = f"select * from {table} where day = ? order by all"
            assert other.rows(told, [DAY]) == warehouse.rows(told, [DAY])
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in folder.iterdir()}


def test_a_first_stream_is_scored_by_the_shipped_model_and_every_score_says_so(tmp_path: Path) -> None:
    day = FIRST + timedelta(days=DAYS // 2)
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=1)
        score_day(warehouse, day, models_folder=tmp_path)
        assert warehouse.rows("select distinct basis from risk.scores where target = 'dropout'") == [("shipped",)]
        assert warehouse.rows("select distinct dropout_basis, dropout_7_basis, formal_basis from risk.outlooks") == [
            ("shipped", "rules", "rules")
        ]
        assert warehouse.value("select reason from risk.models where target = 'dropout'") == "0 ended streams, 2 needed"
        assert list(tmp_path.iterdir()) == []


def test_streams_whose_end_nobody_knows_are_running(tmp_path: Path) -> None:
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=1)
        warehouse.connection.execute("update facts.dim_streams set ends_on = null")
        score_day(warehouse, FIRST + timedelta(days=DAYS // 2), models_folder=tmp_path)
        assert warehouse.value("select count(*) from risk.scores") > 0


def test_without_what_the_shipped_model_looks_at_rules_stand_in(tmp_path: Path) -> None:
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=1)
        warehouse.connection.execute("update indicators.ind_learner_days set tasks_submitted = null")
        score_day(warehouse, FIRST + timedelta(days=DAYS // 2), models_folder=tmp_path)
        assert warehouse.rows("select distinct basis from risk.scores where target = 'dropout'") == [("rules",)]


def test_each_score_says_whether_its_course_or_its_centre_taught_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One course has 120 learners with a known end, the other 80: with a hundred asked for, the first has a model of its own and learns from nobody else."""
    monkeypatch.setattr(scoring, "threshold", lambda name: 100.0 if name == "course_people_min" else threshold(name))
    day = FIRST + timedelta(days=21 * 6 + 4)
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=7)
        warehouse.connection.execute("update facts.dim_streams set course_id = 'ADA' where stream_id in ('COS/3', 'COS/4', 'COS/6')")
        score_day(warehouse, day, models_folder=tmp_path)
        told = warehouse.rows("select distinct stream_id, dropout_basis from risk.outlooks order by all")
        cards = warehouse.rows("select scope, origin, card from risk.cards where target = 'dropout' order by scope")
        models = warehouse.rows(
            "select distinct s.stream_id, c.scope from risk.scores as s inner join risk.cards as c using (model_id, target) "
            "where s.target = 'dropout' order by all"
        )
    assert told == [("COS/5", "course"), ("COS/6", "centre")]
    assert models == [("COS/5", "COS"), ("COS/6", "centre")]
    assert [(scope, origin) for scope, origin, _ in cards] == [("COS", "course"), ("centre", "centre")]
    assert [json.loads(card)["streams"] for *_, card in cards] == [
        ["COS/0", "COS/1", "COS/2"], ["COS/0", "COS/1", "COS/2", "COS/3", "COS/4"]
    ]  # fmt: skip


def test_reasons_of_the_shipped_model_sum_to_its_difference_from_the_median_learner(tmp_path: Path) -> None:
    """Efficiency of Shapley values also where the model makes columns of its own out of the features."""
    found = registry.shipped("dropout")
    assert found is not None
    day = FIRST + timedelta(days=DAYS // 2)
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=1)
        score_day(warehouse, day, models_folder=tmp_path)
        told = warehouse.frame("select * from risk.reasons where target = 'dropout'")
        scored = warehouse.frame("select person_id, score from risk.scores where target = 'dropout'").set_index("person_id")["score"]
        frame = feature_frame(warehouse, "dropout", streams=["COS/0"], days=[day])
    said = modelling.predict(found[1], portable.of_features(frame))
    assert np.allclose(scored.reindex(frame["person_id"]), said)
    parts = reasons.shapley(pooling.Carried(found[1]), frame, "dropout", beside=pooling.BESIDE)
    names = [feature.name for feature in features_of("dropout")]
    median = frame.assign(**{name: frame[name].median() for name in names})
    usual = modelling.predict(found[1], portable.of_features(median))
    assert np.allclose(parts.sum(axis=1).to_numpy(), np.log(said / (1 - said)) - np.log(usual / (1 - usual)))
    # Who has fallen silent or missed tasks is told so; nothing that the model does not look at is ever a reason.
    assert set(told["code"]) <= {"silent_days", "slower_than_before", "missed_tasks"}
    assert {"silent_days", "missed_tasks"} <= set(told["code"])


def test_a_first_stream_is_scored_by_rules_where_no_model_is_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "nothing")
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
            write_history(warehouse, streams=STREAMS, learners=30)
            warehouse.connection.execute("update indicators.ind_learner_days set webinars_attended = webinars_held * 0.5")
            if unknown:
                warehouse.connection.execute("update indicators.ind_learner_days set webinars_attended = null where person_id like '%-00_'")
            score_day(warehouse, DAY, models_folder=tmp_path / str(unknown))
            scores.append(warehouse.rows("select person_id, round(score, 9) from risk.scores where target = 'dropout' order by all"))
    assert scores[0] == scores[1]


def test_outcomes_exclude_each_other_and_who_leaves_within_a_week_leaves(scored) -> None:
    warehouse, _ = scored
    rows = warehouse.rows("select dropout, formal_completion, genuine_completion, dropout_7 from risk.outlooks")
    assert len(rows) == warehouse.value("select count(*) from risk.scores where target = 'dropout'")
    for dropout, formal, genuine, soon in rows:
        assert dropout + formal + genuine == pytest.approx(1.0)
        assert min(dropout, formal, genuine) >= 0
        assert soon <= dropout
    # Within a stream and day the first place is who gains most by a contact.
    for benefits, places in warehouse.rows(
        "select list(benefit order by place), list(place order by place) from risk.outlooks group by day, stream_id"
    ):
        assert benefits == sorted(benefits, reverse=True)
        assert places == list(range(1, len(places) + 1))


def test_places_go_by_what_a_contact_may_save_not_by_risk_alone() -> None:
    lost, turning = outlook.benefit(np.array([0.95, 0.7]), np.array([35.0, 5.0]))
    assert turning > lost


def test_who_never_began_has_a_rate_of_their_own_and_teaches_the_others_nothing(tmp_path: Path) -> None:
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=STREAMS)
        warehouse.connection.execute(
            "update indicators.ind_learner_days set has_started = false, silent_days = course_day where person_id like '%-01_'"
        )
        warehouse.connection.execute(
            "update facts.fct_enrolments set outcome = 'never_started', dropped_on = null where person_id like '%-01_'"
        )
        streams = [f"COS/{number}" for number in range(3)]
        assert not [one for one in training_sample(warehouse, "dropout", streams).people if "-01" in one]
        score_day(warehouse, DAY, models_folder=tmp_path)
        assert warehouse.rows("select distinct standing, dropout_basis from risk.outlooks order by 1") == [
            ("never_started", "rate"),
            ("started", "centre"),
        ]
        # Thirty learners of three streams never began, and none of them completed: (30 + 1) / (30 + 2).
        [(rate,)] = warehouse.rows("select distinct round(dropout, 6) from risk.outlooks where standing = 'never_started'")
        assert rate == round(31 / 32, 6)


def test_every_model_has_a_card_with_its_window_and_why_it_is_used(scored) -> None:
    warehouse, _ = scored
    [(origin, champion, verdict, start, end)] = warehouse.rows(
        "select origin, is_champion, verdict, data_from, data_until from risk.cards where target = 'dropout'"
    )
    assert (origin, champion, verdict) == ("centre", True, "first of its kind")
    assert (start, end) == (FIRST, end_of(2))


def test_a_challenger_that_foretells_the_newest_stream_worse_is_not_used(scored, tmp_path: Path) -> None:
    """The newest finished stream's outcomes are turned round: what was learned before it foretells it no better than chance either way."""
    warehouse, _ = scored
    sample = training_sample(warehouse, "dropout", [f"COS/{number}" for number in range(3)])
    champion = registry.Champion("dropout:x", registry.learn("dropout", sample.of(["COS/0", "COS/1"])), ("COS/0", "COS/1"))
    assert registry.contest("dropout", sample, "COS/2", champion)[0]
    spoiled = replace(sample, outcome=np.where(sample.streams == "COS/0", 1 - sample.outcome, sample.outcome))
    promoted, verdict = registry.contest("dropout", spoiled, "COS/2", champion)
    assert not promoted
    assert "the champion's" in verdict


def test_the_champion_scores_on_while_its_challenger_is_not_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """History grows by a stream, what is learned from it loses, once: that night and the next one the model in use scores as before."""
    contested: list[str] = []

    def lost(target: str, *_: object) -> tuple[bool, str]:
        contested.append(target)
        return False, "worse"

    def in_use(warehouse: Warehouse, day: date) -> list[tuple[Any, ...]]:
        score_day(warehouse, day, models_folder=tmp_path, is_judged=False)
        return warehouse.rows("select distinct model_id from risk.scores where target = 'dropout' and day = ?", [day])

    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=STREAMS)
        first = in_use(warehouse, end_of(1) + timedelta(days=1))
        monkeypatch.setattr(registry, "contest", lost)
        nights = [in_use(warehouse, end_of(2) + timedelta(days=night)) for night in (1, 2)]
        cards = dict(warehouse.rows("select verdict, is_champion from risk.cards where target = 'dropout'"))
    assert len(first) == 1
    assert nights == [first, first]
    assert contested.count("dropout") == 1
    assert cards == {"first of its kind": True, "worse": False}


def test_days_drawn_at_random_never_see_a_later_row(tmp_path: Path) -> None:
    """Property: whatever stands after a day, training and scoring on that day give the same bytes."""
    rng = np.random.default_rng(11)
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=STREAMS)
        for number in rng.integers(10, 21 * (STREAMS - 1), 4):
            day = FIRST + timedelta(days=int(number))
            past = [f"COS/{stream}" for stream in range(STREAMS) if end_of(stream) < day]
            frames = []
            for shuffled in (False, True):
                if shuffled:
                    warehouse.connection.execute("begin")
                    warehouse.connection.execute(
                        "update indicators.ind_learner_days set silent_days = 99 - silent_days, events_7 = 0 where day > ?", [day]
                    )
                sample = training_sample(warehouse, "dropout", past)
                now = feature_frame(warehouse, "dropout", streams=[f"COS/{stream}" for stream in range(STREAMS)], days=[day])
                frames.append((sample.features.to_numpy().tobytes(), now.drop(columns="day").to_csv()))
                if shuffled:
                    warehouse.connection.execute("rollback")
            assert frames[0] == frames[1], day


def test_what_the_label_of_formal_completion_looks_at_lies_after_the_day(tmp_path: Path) -> None:
    """Copies and idleness up to a day change the features of that day and never its label."""
    with Warehouse.open(None) as warehouse:
        write_history(warehouse, streams=1)
        ask = "select day, person_id, outcome from labelled where course_day = 21 order by all"
        labels = []
        for early in (0, 5):
            # The same is added to every day: what came before day 21 differs, what comes after does not.
            warehouse.connection.execute(
                f"create or replace table indicators.ind_learner_days as select * replace (course_day * 0.2 + {early} as copied_tasks, "
                f"course_day * 0.1 + {early} as idle_webinars, course_day * 0.2 + {early} as tasks_submitted, "
                f"course_day * 0.1 + {early} as webinars_attended) from indicators.ind_learner_days"
            )
            frame = feature_frame(warehouse, "formal_completion", streams=["COS/0"])
            labelled = label(warehouse, frame, "formal_completion", ["COS/0"])
            warehouse.connection.register("labelled", labelled)
            labels.append((warehouse.rows(ask), labelled["copied_tasks"].sum()))
            warehouse.connection.unregister("labelled")
        assert labels[0][0] == labels[1][0]
        assert labels[0][0]
        assert labels[0][1] != labels[1][1]


def test_the_parts_of_the_groups_sum_to_the_difference_from_the_median_learner(scored) -> None:
    """Efficiency of Shapley values, on what scores: the own model and the shipped one together."""
    warehouse, folder = scored
    [(path,)] = warehouse.rows("select path from risk.models where target = 'dropout'")
    model = registry.together("dropout", modelling.restore(folder / path), 3)
    frame = feature_frame(warehouse, "dropout", streams=["COS/3"], days=[DAY])
    parts = reasons.shapley(model, frame, "dropout", beside=pooling.BESIDE)
    inputs = matrix(frame, "dropout")
    median = inputs.assign(**{name: inputs[name].median() for name in inputs})
    odds = [pooling.log_odds(modelling.predict(model, rows.assign(course_day=frame["course_day"]))) for rows in (inputs, median)]
    assert np.allclose(parts.sum(axis=1).to_numpy(), odds[0] - odds[1])
    told = warehouse.frame(
        "select person_id, code, contribution from risk.reasons where day = ? and stream_id = 'COS/3' and target = 'dropout'", [DAY]
    )
    assert np.allclose(told["contribution"], [parts.xs(one.person_id)[one.code].item() for one in told.itertuples()])


class _Asked:
    """A model that counts the rows it is asked about."""

    def __init__(self, model: modelling.Guesser) -> None:
        self.model, self.rows = model, 0

    def predict_proba(self, features: pd.DataFrame) -> np.ndarray:
        self.rows += len(features)
        return self.model.predict_proba(features)


def test_of_groups_in_which_a_learner_is_like_the_median_nothing_is_asked(scored) -> None:
    warehouse, folder = scored
    [(path,)] = warehouse.rows("select path from risk.models where target = 'dropout'")
    asked = _Asked(registry.together("dropout", modelling.restore(folder / path), 3))
    frame = feature_frame(warehouse, "dropout", streams=["COS/3"], days=[DAY])
    names = [feature.name for feature in features_of("dropout")]
    like_all = frame.assign(**{name: frame[name].median() for name in names})
    # One learner is silent for longer than the others: with that group and without.
    like_all.loc[3, "silence"] += 1.0
    parts = reasons.shapley(asked, like_all, "dropout", beside=pooling.BESIDE)
    assert asked.rows == len(frame) + 1
    assert (parts.abs().to_numpy() > 1e-9).sum() == 1


def test_what_ended_streams_teach_is_read_once_for_targets_that_share_it(scored, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, folder = scored
    read: list[str] = []

    def counting(warehouse: Warehouse, target: str, **given: Any) -> pd.DataFrame:
        if given.get("snapshot_days"):
            read.append(target)
        return feature_frame(warehouse, target, **given)

    monkeypatch.setattr(scoring, "feature_frame", counting)
    score_day(warehouse, DAY, models_folder=folder)
    assert read == ["dropout", "formal_completion"]


def test_an_own_model_of_few_streams_leans_on_the_shipped_one_and_the_registry_says_by_how_much(scored) -> None:
    warehouse, folder = scored
    [(path, name, weight)] = warehouse.rows("select path, shipped_model_id, shipped_weight from risk.models where target = 'dropout'")
    found = registry.shipped("dropout")
    assert found is not None
    assert (name, weight) == (found[0], pooling.weight_of_shipped(3))
    [(card,)] = warehouse.rows("select card from risk.cards where target = 'dropout'")
    assert json.loads(card)["averaged in log-odds with"] == {"model": name, "weight": round(weight, 6)}
    frame = feature_frame(warehouse, "dropout", streams=["COS/3"], days=[DAY])
    own = pooling.log_odds(modelling.predict(modelling.restore(folder / path), matrix(frame, "dropout")))
    beside = pooling.log_odds(modelling.predict(found[1], portable.of_features(frame)))
    said = warehouse.frame(
        "select person_id, score from risk.scores where day = ? and target = 'dropout' and stream_id = 'COS/3'", [DAY]
    ).set_index("person_id")["score"]
    assert np.allclose(pooling.log_odds(said.reindex(frame["person_id"]).to_numpy()), (1 - weight) * own + weight * beside)
    # What no model is shipped for stands alone.
    assert warehouse.rows("select shipped_model_id, shipped_weight from risk.models where target = 'dropout_7'") == [(None, 0.0)]


def test_what_is_judged_and_contested_is_the_two_together(scored) -> None:
    warehouse, _ = scored
    sample = training_sample(warehouse, "dropout", [f"COS/{number}" for number in range(3)], known_by=DAY)
    earlier = registry.learn("dropout", sample.of(["COS/0", "COS/1"]))
    assert 0 < earlier.weight == pooling.weight_of_shipped(2)
    later = snapshot(sample.of(["COS/2"]), 0.5)
    noted = warehouse.value(
        "select value from risk.evaluations inner join risk.models using (model_id) "
        "where target = 'dropout' and metric = 'brier' and sample = 'later streams at 50% of the course'"
    )
    assert noted == pytest.approx(np.mean((modelling.predict(earlier, later.inputs) - later.outcome) ** 2))
    newest = sample.of(["COS/2"])
    loss = log_loss(newest.outcome, modelling.predict(earlier, newest.inputs))
    champion = registry.Champion("dropout:x", registry.learn("dropout", sample.of(["COS/0", "COS/1"])), ("COS/0", "COS/1"))
    _, verdict = registry.contest("dropout", sample, "COS/2", champion)
    assert verdict == f"log-loss on the newest finished stream {loss:.4f}, the champion's {loss:.4f}"


def test_where_no_model_is_shipped_an_own_one_speaks_alone(scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, _ = scored
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "nothing")
    with Warehouse.open(None) as other:
        write_history(other, streams=STREAMS)
        score_day(other, DAY, models_folder=tmp_path / "models")
        [(name, path, beside, weight)] = other.rows(
            "select model_id, path, shipped_model_id, shipped_weight from risk.models where target = 'dropout'"
        )
        assert (beside, weight) == (None, 0.0)
        frame = feature_frame(other, "dropout", streams=["COS/3"], days=[DAY])
        said = other.frame("select person_id, score from risk.scores where target = 'dropout' and stream_id = 'COS/3'")
    own = modelling.predict(modelling.restore(tmp_path / "models" / path), matrix(frame, "dropout"))
    assert np.allclose(said.set_index("person_id")["score"].reindex(frame["person_id"]).to_numpy(), own)
    # The same history with a shipped model is another forecast, so it has another name.
    assert warehouse.value("select model_id from risk.models where target = 'dropout'") != name


def test_a_champion_keeps_the_weight_that_its_name_stands_for_and_goes_with_the_shipped_model(
    scored, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse, folder = scored
    before = registry.champion_of(warehouse, "dropout", registry.CENTRE, DAY, folder)
    assert before is not None
    monkeypatch.setattr(pooling, "threshold", lambda name: 40.0)
    after = registry.champion_of(warehouse, "dropout", registry.CENTRE, DAY, folder)
    assert after is not None
    assert after.model.weight == before.model.weight == warehouse.value("select shipped_weight from risk.models where target = 'dropout'")
    monkeypatch.setattr(registry, "shipped_id", lambda target: "shipped:dropout:another")
    assert registry.champion_of(warehouse, "dropout", registry.CENTRE, DAY, folder) is None


def test_drift_is_nothing_on_the_same_people_and_large_on_others() -> None:
    rng = np.random.default_rng(4)
    before = rng.normal(size=2000)
    assert drift.stability(before, rng.normal(size=2000)) < 0.02
    assert drift.stability(before, rng.normal(1.0, size=2000)) > 0.25
    assert np.isnan(drift.stability(before, np.full(5, np.nan)))


@pytest.mark.parametrize(("grade_today", "is_drift"), [(0.8, False), (0.05, True)])
def test_drift_is_what_lies_further_off_than_training_streams_lie_from_each_other(scored, grade_today: float, is_drift: bool) -> None:
    """Every stream is marked by another teacher: that parts today's from each of them, and is no change of the world."""
    warehouse, _ = scored
    training = scoring.training_frame(warehouse, "dropout", ["COS/0", "COS/1", "COS/2"])
    level = training["stream_id"].map({"COS/0": 0.55, "COS/1": 0.7, "COS/2": 0.9})
    training["grade"] = level + np.random.default_rng(5).normal(0, 0.1, len(training))
    warehouse.connection.execute("begin")
    try:
        warehouse.connection.execute(
            "update indicators.ind_learner_days set mean_grade_share = ? + (hash(person_id) % 100) / 1000.0 where day = ?",
            [grade_today, DAY],
        )
        found = drift.measure(warehouse, DAY, training_rows=training).query("measure == 'psi'").set_index("subject")
    finally:
        warehouse.connection.execute("rollback")
    assert found.loc["grade", "value"] > threshold("drift_psi_max")
    assert bool(found.loc["grade", "is_drifting"]) is is_drift


def test_drift_from_one_stream_alone_keeps_the_usual_mark() -> None:
    rows = pd.DataFrame({"stream_id": ["a"] * 40, "day": [FIRST] * 40, "grade": np.linspace(0, 1, 40)})
    assert drift.usual(rows, "grade") == 0.0


#: A centre without history: nothing to compare features with.
NOBODY = pd.DataFrame({"stream_id": [], "day": [], **{feature.name: np.empty(0) for feature in features_of("dropout")}})


@pytest.mark.parametrize(("at_risk_today", "is_drift"), [(12, False), (30, True)])
def test_a_jump_of_the_share_at_risk_within_a_week_is_drift(tmp_path: Path, at_risk_today: int, is_drift: bool) -> None:
    """Of forty learners ten were at risk a week ago; a quarter of them more is the limit."""
    day = FIRST + timedelta(days=20)
    with Warehouse.open(tmp_path / "warehouse.duckdb") as warehouse:
        write_history(warehouse, streams=1)
        for when, at_risk in ((day - timedelta(days=7), 10), (day, at_risk_today)):
            _say(warehouse, when, np.full(40, 0.3), np.where(np.arange(40) < at_risk, "high", "low"))
        found = drift.measure(warehouse, day, training_rows=NOBODY).set_index("measure")
    assert found.loc["volume", "value"] == pytest.approx((at_risk_today - 10) / 40)
    assert bool(found.loc["volume", "is_drifting"]) is is_drift


@pytest.mark.parametrize(("too_much", "is_drift"), [(0.05, False), (0.3, True)])
def test_what_was_said_at_mid_course_is_held_against_what_became_of_them(tmp_path: Path, too_much: float, is_drift: bool) -> None:
    """The day nearest to the middle speaks, not the last one; the stream ended three days ago."""
    with Warehouse.open(tmp_path / "warehouse.duckdb") as warehouse:
        write_history(warehouse, streams=1)
        left = warehouse.value("select avg((outcome <> 'completed')::integer) from facts.fct_enrolments")
        for course_day, said in ((21, left + too_much), (40, 0.99)):
            _say(warehouse, FIRST + timedelta(days=course_day - 1), np.full(40, said), np.full(40, "low"))
        found = drift.measure(warehouse, end_of(0) + timedelta(days=3), training_rows=NOBODY).set_index("measure")
    assert found.loc["calibration", "value"] == pytest.approx(too_much)
    assert bool(found.loc["calibration", "is_drifting"]) is is_drift


def _say(warehouse: Warehouse, day: date, scores: np.ndarray, levels: np.ndarray) -> None:
    people = [f"p0-{number:03d}" for number in range(len(scores))]
    frame = pd.DataFrame(
        {"day": day, "person_id": people, "stream_id": "COS/0", "target": "dropout", "score": scores, "level": levels, "model_id": "said", "basis": "rules", "origin": "rules", "standing": "started"}
    )  # fmt: skip
    warehouse.replace("risk.scores", frame.reindex(columns=list(warehouse.columns("risk.scores"))), where="day = ?", parameters=[day])
