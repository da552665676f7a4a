"""The two tables of the published study (21 organisers, ten aspects, five steps), from 21 invented answer sheets to the report's model."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import pytest

from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.sources.reading import Item
from pipelines.sources.surveys.likert import ASPECTS
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse
from tests.sql import fixture
from tests.sql.conftest import Built, run
from tests.unit.sources.report_reading import PSEUDONYMS

SHEETS = 21
#: Item as a form asks it → per cent of the answers 1 to 5, as published.
PUBLISHED = {
    "содержание": (0, 0, 24, 43, 33),
    "практикоориентированность": (0, 5, 19, 52, 24),
    "методики": (0, 5, 29, 38, 29),
    "коммуникация": (0, 24, 14, 43, 19),
    "техническое оснащение": (0, 24, 10, 57, 10),
    "время": (0, 5, 10, 62, 24),
    "информационная связь": (0, 0, 10, 52, 38),
    "количество человек в группе": (0, 14, 14, 43, 29),
    "сертифицирование": (0, 0, 19, 24, 57),
    "обратная связь": (0, 10, 10, 43, 38),
}
#: Rows whose rounded per cents add up to 101: no rounding of 21 answers could make them 100.
ADDING_UP_TO_101 = {"методики", "техническое оснащение", "время", "обратная связь"}
#: Negative plus undecided answers are a fifth or more: counted from the published rows.
VULNERABLE = {"content", "practice", "methods", "communication", "equipment", "group_size"}
WORDS = ("полностью не согласен", "не согласен(на)", "затрудняюсь ответить", "согласна", "полностью согласен")


def counts_of(per_cents: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All ways in which 21 answers round to these per cents."""
    possible = [[count for count in range(SHEETS + 1) if round(100 * count / SHEETS) == per_cent] for per_cent in per_cents]
    return [counts for counts in product(*possible) if sum(counts) == SHEETS]


def write_form(path: Path, *, in_words: bool) -> None:
    columns = []
    for per_cents in PUBLISHED.values():
        (counts,) = counts_of(per_cents)
        steps = [step for step, count in enumerate(counts, start=1) for _ in range(count)]
        columns.append([WORDS[step - 1] if in_words else str(step) for step in steps])
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Отметка времени", *(f"Оцените, согласны ли вы, по пяти ступеням [{item}]" for item in PUBLISHED)])
        for sheet in range(SHEETS):
            out.writerow([f"{1 + sheet % 20:02}.10.2026 10:{sheet:02}:00", *(column[sheet] for column in columns)])


@pytest.fixture(scope="module", params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["numbers", "words"])
def rows(request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Rows of the report's model over all courses, by aspect."""
    folder = tmp_path_factory.mktemp("survey")
    form = folder / "organisers.csv"
    write_form(form, in_words=request.param)
    path = built.copy(folder)
    source = Source(name="survey", kind="survey_csv", path=folder)
    with Warehouse.open(path) as warehouse:
        warehouse.connection.execute("delete from raw.survey_answers")
        programme = Programme(id="test", name="Test", sources=(source,))
        load = load_item(warehouse, programme, source, Item(form.name, form), pseudonyms=PSEUDONYMS, run_at=fixture.at("11-20"))
        assert (load.state, load.rejected) == ("loaded", {})
        assert load.kept == {"survey_answers": SHEETS * len(PUBLISHED)}
    run(path, built, fixture.AS_OF, "facts reports")
    with Warehouse.open(path, read_only=True) as warehouse:
        found = warehouse.arrow("select * from reports.rpt_week_aspects where course_name is null order by place").to_pylist()
    return {row["aspect"]: row for row in found}


def test_every_published_row_is_one_count_of_21_answers() -> None:
    assert [len(counts_of(per_cents)) for per_cents in PUBLISHED.values()] == [1] * len(PUBLISHED)
    assert {item for item, per_cents in PUBLISHED.items() if sum(per_cents) != 100} == ADDING_UP_TO_101
    assert {sum(PUBLISHED[item]) for item in ADDING_UP_TO_101} == {101}


def test_the_report_has_the_published_tables(rows: dict[str, dict[str, object]]) -> None:
    assert list(rows) == list(ASPECTS)
    assert {aspect: tuple(row[f"percent_{step}"] for step in range(1, 6)) for aspect, row in rows.items()} == dict(
        zip(ASPECTS, PUBLISHED.values(), strict=True)
    )
    assert {row["n"] for row in rows.values()} == {SHEETS}
    assert [aspect for aspect, row in rows.items() if row["part"] == "teaching"] == ["content", "practice", "methods", "communication"]


def test_vulnerable_is_negative_and_undecided_together(rows: dict[str, dict[str, object]]) -> None:
    for (aspect, row), per_cents in zip(rows.items(), PUBLISHED.values(), strict=True):
        (counts,) = counts_of(per_cents)
        assert row["vulnerable_share"] == pytest.approx(sum(counts[:3]) / SHEETS)
        assert row["is_vulnerable"] == (sum(counts[:3]) / SHEETS >= threshold("vulnerable_share")) == (aspect in VULNERABLE)
