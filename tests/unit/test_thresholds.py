"""Thresholds: one home, a unit and a reason each, and none that nothing asks for."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest

from pipelines.errors import BadConfiguration
from pipelines.settings import DBT_FOLDER, PROJECT
from pipelines.thresholds import THRESHOLDS_FILE, threshold


def rows() -> list[dict[str, str]]:
    with THRESHOLDS_FILE.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_each_stands_once_with_a_number_a_unit_and_a_reason() -> None:
    assert [name for name, times in Counter(row["name"] for row in rows()).items() if times > 1] == []
    for row in rows():
        float(row["value"])
        assert row["unit"], row["name"]
        assert len(row["reason"]) > 10, row["name"]


def test_each_is_asked_for_somewhere() -> None:
    code = [*(PROJECT / "pipelines").rglob("*.py"), *(PROJECT / "assets").rglob("*.py"), *(PROJECT / "sql").rglob("*.sql")]
    code += [path for folder in ("models", "macros", "tests") for path in (DBT_FOLDER / folder).rglob("*.sql")]
    quoted = {name for path in code for name in re.findall(r"""['"]([a-z][a-z0-9_]+)['"]""", path.read_text(encoding="utf-8"))}
    assert sorted({row["name"] for row in rows()} - quoted) == []


def test_an_unknown_one_is_refused_by_name() -> None:
    with pytest.raises((BadConfiguration, KeyError), match="no_such_threshold"):
        threshold("no_such_threshold")
