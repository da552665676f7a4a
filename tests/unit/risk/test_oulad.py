"""The published protocol: features that know no later day, a test that is no training, figures that stand beside trivial forecasters."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.risk import oulad
from pipelines.risk.forecast import Recipe, logit, odds_to_probability, step_to_mean
from pipelines.risk.oulad_features import feature_names, feature_table
from tests.openmp import needs_lightgbm
from tests.unit.risk.oulad_world import write_world

QUICK = Recipe(trees={"num_leaves": 4, "min_data_in_leaf": 10}, rounds=12, regularisation=0.01, trees_share=0.5, folds=2)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oulad")
    write_world(folder)
    return folder


def test_one_row_per_learner_and_week_and_nothing_of_who_they_are(world: Path) -> None:
    rows = feature_table(world, [2, 4], threads=1)
    assert not rows.duplicated(["presentation", "student", "cut"]).any()
    assert set(rows["cut"]) == {13, 27}
    assert not {"gender", "region", "imd_band", "age_band", "disability", "highest_education", "unregistered_on"} & set(rows.columns)


def test_who_the_learners_are_changes_no_feature(world: Path, tmp_path: Path) -> None:
    before = feature_table(world, [2], threads=1)
    write_world(tmp_path)
    info = pd.read_csv(tmp_path / "studentInfo.csv")
    for column in ("gender", "region", "highest_education", "imd_band", "age_band", "disability"):
        info[column] = [f"{column} {number % 3}" for number in range(len(info))]
    info.to_csv(tmp_path / "studentInfo.csv", index=False)
    pd.testing.assert_frame_equal(before, feature_table(tmp_path, [2], threads=1))


def test_whatever_happens_after_the_day_changes_no_feature_of_it(world: Path, tmp_path: Path) -> None:
    """The future is shuffled: clicks, works and unregistrations after the day change hands."""
    week, cut = 4, 27
    before = feature_table(world, [week], threads=1)
    write_world(tmp_path)
    rng = np.random.default_rng(1)
    for name, day, keys in (
        ("studentVle", "date", ["id_student", "code_module", "code_presentation", "id_site"]),
        ("studentAssessment", "date_submitted", ["id_student", "score"]),
        ("studentRegistration", "date_unregistration", ["date_unregistration"]),
    ):
        frame = pd.read_csv(tmp_path / f"{name}.csv")
        later = frame.index[frame[day] > cut]
        frame.loc[later, keys] = frame.loc[rng.permutation(later), keys].to_numpy()
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    after = feature_table(tmp_path, [week], threads=1)
    names = feature_names(before)
    pd.testing.assert_frame_equal(before[["student", *names]], after[["student", *names]])


def test_a_weeks_features_do_not_depend_on_the_weeks_asked_for_beside_it(world: Path) -> None:
    alone, among = feature_table(world, [3], threads=1), feature_table(world, [3, 9], threads=1)
    pd.testing.assert_frame_equal(alone, among[among["cut"] == 20].reset_index(drop=True))


def test_days_per_type_of_material_are_those_of_the_clicks(world: Path) -> None:
    """Counted again from the files, days before the start included; a day with two quizzes is one day."""
    cut = 27
    rows = feature_table(world, [4], threads=1).set_index(["code", "module", "student"])
    clicks = pd.read_csv(world / "studentVle.csv").merge(pd.read_csv(world / "vle.csv"), on=["id_site", "code_module", "code_presentation"])
    seen = clicks[clicks["date"] <= cut]
    assert (seen["date"] < 0).any()
    keys = ["code_presentation", "code_module", "id_student"]
    for kind in ("homepage", "oucontent", "forumng", "quiz", "subpage", "resource"):
        days = seen[seen["activity_type"] == kind].groupby(keys)["date"].nunique()
        assert (rows[f"days_{kind}"] == days.reindex(rows.index, fill_value=0)).all()
    recent = seen[seen["date"] > cut - 3].groupby(keys)["date"].nunique()
    assert (rows["active_3"] == recent.reindex(rows.index, fill_value=0)).all()
    before = seen[seen["date"] < 0].groupby(keys)["sum_click"].sum()
    assert (rows["clicks_before"] == before.reindex(rows.index, fill_value=0)).all()


def test_a_mark_is_known_no_earlier_than_marking_takes(world: Path) -> None:
    at_once, later = (feature_table(world, [2], threads=1, marking_days=days) for days in (0, 14))
    assert at_once["mark"].notna().any()
    assert later["mark"].isna().all()
    assert (at_once["handed_in"] == later["handed_in"]).all()


def test_training_takes_only_what_began_earlier() -> None:
    assert oulad.split_of(["2013B", "2013J", "2014B", "2014J"]) == (["2013B", "2013J", "2014B"], "2014J")
    assert oulad.split_of(["2013B", "2013J", "2014B"], "2013J") == (["2013B"], "2013J")
    with pytest.raises(BadSource, match="nothing to train on"):
        oulad.split_of(["2014J"])


@needs_lightgbm
def test_the_protocol_gives_every_figure_and_beats_silence(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oulad.train_week, "__defaults__", (QUICK,))
    monkeypatch.setattr(oulad.train_next_week, "__defaults__", (QUICK,))
    monkeypatch.setattr(oulad, "NEXT_WEEKS", (3, 5))
    found = {(one.sample, one.forecaster, one.metric): one for one in oulad.evaluate(world, weeks=[8], draws=20)}
    model, silence = (found[("week 8, all", name, "roc_auc")] for name in ("model", "days since the last click"))
    assert model.value > silence.value > 0.5
    assert model.low <= model.value <= model.high
    assert found[("week 8, enrolled", "flag everybody", "roc_auc")].value == 0.5
    metrics = {one for sample, name, one in found if name == "model"}
    assert metrics == {"roc_auc", "average_precision", "brier", "calibration_error", "calibration_error_by_chance"}
    assert ("next week, enrolled", "seven-day rule", "average_precision") in found
    head, [week, *cells], soon = (line.split() for line in oulad.in_short(list(found.values())))
    values = [f"{found[f'week 8, {who}', 'model', 'roc_auc'].value:.3f}" for who in ("all", "enrolled")]
    assert (week, cells[0], cells[2], cells[5]) == ("8", values[0], "0.808", values[1])
    assert cells[3] == f"{found['week 8, all', 'untuned trees', 'roc_auc'].value:.3f}"
    assert head[0] == "week"
    assert f"{found['next week, enrolled', 'model', 'average_precision'].value:.3f}" in soon


def test_presentations_stand_to_each_other_as_their_modules_did_before() -> None:
    """AAA ended badly twice and well once, BBB well; CCC is new and gets what is usual."""
    shares = {("AAA", "2013B"): 0.6, ("AAA", "2013J"): 0.6, ("AAA", "2014B"): 0.3, ("BBB", "2013B"): 0.2}
    earlier = pd.DataFrame(
        [
            {"module": module, "code": code, "outcome": int(one < 10 * share)}
            for (module, code), share in shares.items()
            for one in range(10)
        ]
    )
    levels = oulad.Levels.of(earlier)
    assert odds_to_probability(np.array([levels.modules["BBB"]]))[0] < earlier["outcome"].mean()
    later = pd.DataFrame(
        {"presentation": np.repeat([7, 8, 9], [60, 30, 10]), "module": np.repeat(["AAA", "BBB", "CCC"], [60, 30, 10]), "cut": 13}
    )
    guessed = np.random.default_rng(3).uniform(0.1, 0.9, len(later))
    steps = levels.steps(later, guessed)
    assert np.isclose((steps.to_numpy() * [60, 30, 10]).sum(), 0, atol=1e-6)
    wanted = {7: levels.modules["AAA"], 8: levels.modules["BBB"], 9: levels.usual}
    common = []
    for presentation, places in later.groupby("presentation").indices.items():
        moved = logit(guessed[places]) + steps[presentation, 13]
        common.append(step_to_mean(odds_to_probability(moved), odds_to_probability(np.array([wanted[presentation]]))[0]))
    assert np.ptp(common) < 1e-6


@needs_lightgbm
def test_who_is_alone_on_a_day_is_not_moved(world: Path) -> None:
    rows = feature_table(world, [7, 8, 9], threads=1)
    names = feature_names(rows)
    earlier, newest = oulad.split_of(sorted(rows["code"].unique()))
    model = oulad.train_week(rows[rows["code"].isin(earlier)], 8, names, QUICK)
    one = rows[(rows["code"] == newest) & (rows["cut"] == 55) & rows["is_enrolled"]].iloc[[0]]
    assert np.isclose(model.predict(one, names), model.forecast.predict(one[names]), atol=1e-6)


def test_a_missing_table_or_column_is_named(world: Path, tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="no courses of OULAD"):
        feature_table(tmp_path, [2])
    write_world(tmp_path, learners=2)
    pd.read_csv(tmp_path / "studentVle.csv").drop(columns="sum_click").to_csv(tmp_path / "studentVle.csv", index=False)
    with pytest.raises(BadFile, match="sum_click"):
        feature_table(tmp_path, [2])


TABLES = ("courses", "assessments", "vle", "studentInfo", "studentRegistration", "studentAssessment", "studentVle")


def _as_parquet(folder: Path) -> None:
    """As the published R package lays it out: clicks by module and presentation, numbers with a point."""
    for table in TABLES:
        frame = pd.read_csv(folder / f"{table}.csv")
        frame[frame.select_dtypes("int").columns] = frame.select_dtypes("int").astype(float)
        (folder / f"{table}.csv").unlink()
        if table != "studentVle":
            frame.to_parquet(folder / f"{table}.parquet", index=False)
            continue
        for (module, code), part in frame.groupby(["code_module", "code_presentation"]):
            place = folder / "studentVle_ds" / f"code_module={module}" / f"code_presentation={code}"
            place.mkdir(parents=True)
            part.drop(columns=["code_module", "code_presentation"]).to_parquet(place / "part-0.parquet", index=False)


def _quoted(folder: Path, unknown: str) -> None:
    """As downloaded: every value in quotes, lines as Windows ends them."""
    for table in TABLES:
        frame = pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False).replace("", unknown)
        frame.to_csv(folder / f"{table}.csv", index=False, quoting=1, lineterminator="\r\n")


def _in_parts(folder: Path) -> None:
    """Tables as folders of one file a presentation, packed."""
    for table in TABLES:
        frame = pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)
        (folder / f"{table}.csv").unlink()
        (folder / table).mkdir()
        for number, part in frame.groupby(frame.get("code_presentation", frame.index % 2)):
            part.to_csv(folder / table / f"{number}.csv.gz", index=False)


@pytest.mark.parametrize(
    "lay_out",
    [_as_parquet, lambda folder: _quoted(folder, "?"), lambda folder: _quoted(folder, "NA"), _in_parts],
    ids=["parquet by presentation", "quoted, question marks", "quoted, NA", "packed parts"],
)
def test_however_the_tables_are_laid_out_the_features_are_the_same(world: Path, tmp_path: Path, lay_out: Callable[[Path], None]) -> None:
    write_world(tmp_path)
    lay_out(tmp_path)
    pd.testing.assert_frame_equal(feature_table(world, [2, 8], threads=1), feature_table(tmp_path, [2, 8], threads=1))


def test_an_unknown_value_far_down_a_file_is_unknown_and_breaks_nothing_off(tmp_path: Path) -> None:
    """A type is not guessed from the first lines: there all dates were numbers."""
    write_world(tmp_path, learners=4)
    path = tmp_path / "studentRegistration.csv"
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([lines[0], *(lines[1].rsplit(",", 1)[0] + f",{day % 99}" for day in range(25_000)), *lines[1:], "AAA,2013J,7,n/a,n/a"])
        + "\n"
    )
    assert len(feature_table(tmp_path, [2], threads=1))


def test_a_table_that_is_there_twice_is_not_guessed_at(tmp_path: Path) -> None:
    write_world(tmp_path, learners=2)
    shutil.copy(tmp_path / "vle.csv", tmp_path / "vle.csv.gz")
    with pytest.raises(BadSource, match=r"vle once; found vle.csv and vle.csv.gz"):
        feature_table(tmp_path, [2])
    (tmp_path / "vle.csv.gz").unlink()
    (tmp_path / "courses.csv").rename(tmp_path / "course")
    (tmp_path / "courses").mkdir()
    with pytest.raises(BadFile, match=r"neither .parquet nor .csv"):
        feature_table(tmp_path, [2])


@pytest.mark.parametrize("table", [table for table in TABLES if table != "studentInfo"])
def test_a_presentation_that_one_table_lacks_is_named_and_not_foreseen_from_nothing(tmp_path: Path, table: str) -> None:
    write_world(tmp_path, learners=8)
    frame, assessments = (pd.read_csv(tmp_path / f"{name}.csv") for name in (table, "assessments"))
    codes = (
        frame["code_presentation"]
        if "code_presentation" in frame
        else frame["id_assessment"].map(assessments.set_index("id_assessment")["code_presentation"])
    )
    frame[codes != "2014B"].to_csv(tmp_path / f"{table}.csv", index=False)
    with pytest.raises(BadSource, match=f"learners of AAA 2014B, BBB 2014B; nothing of that is in {table}$"):
        feature_table(tmp_path, [2], threads=1)


def test_clicks_of_learners_who_are_not_there_are_named(tmp_path: Path) -> None:
    write_world(tmp_path, learners=8)
    frame = pd.read_csv(tmp_path / "studentInfo.csv")
    frame[frame["code_presentation"] != "2014B"].to_csv(tmp_path / "studentInfo.csv", index=False)
    with pytest.raises(BadSource, match="clicks of AAA 2014B, BBB 2014B; no learner of that is in studentInfo"):
        feature_table(tmp_path, [2], threads=1)


def test_a_file_that_breaks_off_is_named(tmp_path: Path) -> None:
    write_world(tmp_path, learners=8)
    whole = gzip.compress((tmp_path / "studentVle.csv").read_bytes() * 40)
    (tmp_path / "studentVle.csv").unlink()
    (tmp_path / "studentVle.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises((BadSource, BadFile), match="cannot be read"):
        feature_table(tmp_path, [2], threads=1)
