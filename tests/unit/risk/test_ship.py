"""What makes the shipped model anew makes the one that is shipped, and what it says of a short course."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.risk.ship import examples, mapped
from pipelines.errors import BadFile
from pipelines.risk import modelling, portable, registry
from pipelines.risk.registry import SHIPPED


def _rows(**given: float) -> pd.DataFrame:
    """Rows of OULAD's features: the first learner of a presentation as given, two more who are its median."""
    usual = {
        "presentation": 1, "student": [1, 2, 3], "module": "AAA", "code": "2013B", "is_enrolled": True, "clicks": 50, "clicks_7": 9.0, "handed_in": 1.0,
        "missed": 0, "due": 1, "silent_days": 0, "cut": 13, "progress": 0.25,
    }  # fmt: skip
    rows = pd.DataFrame(usual)
    for name, value in given.items():
        rows.loc[0, name] = value
    return rows


def _said(frame: pd.DataFrame) -> np.ndarray:
    found = registry.shipped("dropout")
    assert found is not None
    return modelling.predict(found[1], frame)


def test_the_shipped_model_asks_for_the_columns_that_are_made_for_it() -> None:
    card = json.loads((SHIPPED / "dropout.json").read_text(encoding="utf-8"))
    assert card["features"] == list(card["weights"]) == list(portable.COLUMNS)
    assert card["model_id"] == f"shipped:dropout:{portable.VERSION}"


def test_oulads_rows_and_a_centres_come_to_the_same_columns() -> None:
    rows = _rows(clicks_7=4.0, handed_in=0.0, missed=1, silent_days=7)
    [row] = mapped(rows)[:1].to_dict("records")
    frame = pd.DataFrame(
        {"progress": [0.25], "course_day": [14], "silence": [np.log(8)], "pace": [np.log(0.5)], "handed_in": [0.5], "missed_share": [1.0]}
    )
    assert row == pytest.approx(portable.of_features(frame).iloc[0].to_dict())
    # Half of the days silent, half believed after two weeks; a quarter of the course is a quarter before its middle.
    assert (row["silence"], row["silence_by_progress"]) == pytest.approx((0.25, -0.0625))
    assert (row["handed_in"], row["missed"], row["pace"]) == pytest.approx((-0.25, 0.5, np.log(0.5) / 2))


def test_before_the_first_deadline_nobody_has_missed_a_task() -> None:
    rows = mapped(_rows(due=0, missed=0))
    assert rows["missed"].tolist() == [0.0, 0.0, 0.0]


def test_the_same_week_of_silence_says_more_the_shorter_the_time_and_the_later_in_the_course() -> None:
    frame = pd.DataFrame(
        {
            "course_day": [14.0, 28.0, 35.0, 7.0], "progress": [14 / 42, 28 / 42, 35 / 42, 7 / 42], "silence": np.log1p([7.0, 14.0, 17.5, 3.5]),
            "pace": -2.0, "handed_in": 0.5, "missed_share": 0.5,
        }
    )  # fmt: skip
    said = _said(portable.of_features(frame))
    # Half of the time silent each time: on day 7, 14, 28, 35 of six weeks.
    assert said[3] < said[0] < said[1] < said[2]
    assert said[2] > 0.8
    steady = portable.of_features(frame.assign(silence=0.0, pace=0.3, handed_in=1.2, missed_share=0.0))
    assert (np.diff(_said(steady)[[3, 0, 1, 2]]) < 0).all()


def test_who_left_teaches_after_leaving_and_who_failed_at_the_end_teaches_nothing() -> None:
    parts = []
    for cut, progress in ((6, 0.1), (41, 0.6), (69, 1.0)):
        silent = {"withdrew": cut - 5, "fell silent": cut - 30 if cut > 30 else 0, "failed": 0, "passed": 0, "never came": cut}
        parts.append(
            pd.DataFrame(
                {
                    "presentation": 1, "student": range(5), "module": "AAA", "code": "2013B", "cut": cut, "progress": progress,
                    # Withdrew in the fourth week; the last one before the first week was over.
                    "is_enrolled": [cut < 28, True, True, True, False], "silent_days": list(silent.values()),
                }
            )
        )  # fmt: skip
    results = pd.DataFrame(
        {"module": "AAA", "code": "2013B", "student": range(5), "result": ["Withdrawn", "Fail", "Fail", "Pass", "Withdrawn"]}
    )
    told = examples(pd.concat(parts), results)
    assert sorted(zip(told["student"], told["cut"], told["left"], strict=True)) == [
        (0, 6, 1), (0, 41, 1), (1, 6, 1), (1, 41, 1), (3, 6, 0), (3, 41, 0),
    ]  # fmt: skip


def test_a_shipped_file_of_other_columns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dropout.json", "dropout.skops"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    card = json.loads((tmp_path / "dropout.json").read_text(encoding="utf-8"))
    (tmp_path / "dropout.json").write_text(json.dumps({**card, "features": ["pace", "grade"]}), encoding="utf-8")
    monkeypatch.setattr(registry, "SHIPPED", tmp_path)
    with pytest.raises(BadFile, match=r"expected progress, silence.*found pace, grade"):
        registry.shipped("dropout")
