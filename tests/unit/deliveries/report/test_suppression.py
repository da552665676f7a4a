"""Small groups in the weekly report, attacked by somebody who knows every total and reckons with everything that is shown.

The attacker sets up a linear equation for each number shown and asks of every set of hidden parts whether its sum follows from them (the sum's
row lies in the row space; Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001, 4.2). A set of fewer cases than
``small_group`` must never follow, unless it is all that there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.deliveries.report import reports
from pipelines.deliveries.report.report_model import FEW, PartRow, is_small
from pipelines.thresholds import threshold
from tests.unit.deliveries import fixture as made

pytestmark = pytest.mark.usefixtures("drawn_once")

SMALL = int(threshold("small_group"))
#: Sizes around the threshold are where hiding goes wrong.
sizes = st.one_of(st.integers(0, 2 * SMALL), st.integers(0, 150))
#: Columns whose figures are counts of the cases of a size: what an attacker is after.
COUNTS = {"questions": ("answered", "open_now"), "marks": ("substantive", "returned"), "works": ("marked", "unmarked")}


class Attacker:
    """What is shown, as equations over the true cells of a table."""

    def __init__(self, truth: dict[Any, float]) -> None:
        self.truth, self.places = truth, {cell: place for place, cell in enumerate(truth)}
        self.equations: list[np.ndarray] = []

    def sees(self, cells: Sequence[Any]) -> None:
        """The sum of these cells is shown."""
        self.equations.append(self._row(cells))

    def _row(self, cells: Sequence[Any]) -> np.ndarray:
        row = np.zeros(len(self.places))
        row[[self.places[cell] for cell in cells]] = 1.0
        return row

    def can_reckon(self, cells: Sequence[Any]) -> bool:
        """Whether the sum of these cells follows from what is shown."""
        if not self.equations:
            return False
        known = np.array(self.equations)
        return bool(np.linalg.matrix_rank(np.vstack([known, self._row(cells)])) == np.linalg.matrix_rank(known))

    def few_found(self, cells: Sequence[Any], whole: float) -> Iterator[tuple[Any, ...]]:
        """Sets of cells whose sum follows and is of few cases, but neither of none nor of all there are."""
        for some in chain.from_iterable(combinations(cells, number) for number in range(1, len(cells) + 1)):
            if 0 < sum(self.truth[cell] for cell in some) < min(SMALL, whole) and self.can_reckon(some):
                yield some


def parts_of(kinds: dict[str, list[int]], unlisted: int, column: str) -> tuple[list[dict[str, Any]], int]:
    """Rows of a table of parts (all of the programme, then each partition of it), and the size of the whole."""
    whole = max(sum(numbers) for numbers in kinds.values()) + unlisted
    rows = [{"part": "programme", "part_id": "p", "course_name": None, column: whole}]
    for kind, numbers in kinds.items():
        rows += [
            {"part": kind, "part_id": f"{kind}{place}", "course_name": f"{kind}{place}", column: number}
            for place, number in enumerate(numbers)
        ]
    for row in rows:
        row |= {name: row[column] // 2 for name in COUNTS[column]}
    return rows, whole


def attack_parts(rows: list[dict[str, Any]], shown: Sequence[PartRow], column: str, whole: int) -> list[tuple[Any, ...]]:
    """Sets of few cases that a reader of a table of parts can single out."""
    found = []
    for kind in {row["part"] for row in rows} - {"programme"}:
        places = [place for place, row in enumerate(rows) if row["part"] == kind]
        truth: dict[Any, float] = {place: rows[place][column] for place in places}
        # Whether there are cases of no part is no secret: the attacker is taken to know it.
        if rest := whole - sum(truth.values()):
            truth["no part"] = rest
        attacker = Attacker(truth)
        if not is_small(shown[0].values[column]):
            attacker.sees(list(truth))
        for place in places:
            size = shown[place].values[column]
            if size is not None and (size == 0 or not is_small(size)):
                attacker.sees([place])
            figures = [shown[place].values[name] for name in COUNTS[column]]
            # A figure of a part tells how many it is of to somebody who knows its counterpart: size and figures hide together.
            assert all(figure is None for figure in figures) or not is_small(size)
        found += attacker.few_found([cell for cell in truth if truth[cell]], whole)
    return found


@settings(max_examples=150, deadline=None)
@given(courses=st.lists(sizes, min_size=1, max_size=5), channels=st.lists(sizes, max_size=4), unlisted=st.integers(0, 15), column=st.sampled_from(sorted(COUNTS)))  # fmt: skip
def test_no_part_of_few_cases_can_be_reckoned_out_of_the_whole(courses: list[int], channels: list[int], unlisted: int, column: str) -> None:
    rows, whole = parts_of({"course": courses, "channel": channels}, unlisted, column)
    shown = reports._parts(rows, {column: COUNTS[column]})
    assert not attack_parts(rows, shown, column, whole)


def test_the_attacker_finds_what_hiding_small_parts_alone_would_give_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "hidden_places", lambda numbers, unlisted=0: {at for at, size in enumerate(numbers) if 0 < size < SMALL})
    rows, whole = parts_of({"course": [118, 7, 40]}, 0, "questions")
    assert attack_parts(rows, reports._parts(rows, {"questions": COUNTS["questions"]}), "questions", whole) == [(2,)]


@st.composite
def funnels(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Steps of up to six streams; a step may be untold by some."""
    enrolled = draw(st.lists(sizes.filter(bool), min_size=1, max_size=6))
    rows = []
    for stream, number in enumerate(enrolled):
        for place, step in enumerate(("enrolled", "started", "all_due", "completed"), start=1):
            if step != "all_due" or draw(st.booleans()):
                reached = number if step == "enrolled" else draw(st.integers(0, number))
                rows.append({"stream_id": str(stream), "course_name": "c", "stream_title": str(stream), "place": place, "step": step, "learners": reached})  # fmt: skip
    return rows


@settings(max_examples=150, deadline=None)
@given(rows=funnels())
def test_no_stream_of_few_learners_can_be_reckoned_out_of_the_funnel(rows: list[dict[str, Any]]) -> None:
    enrolled = {row["stream_id"]: row["learners"] for row in rows if row["step"] == "enrolled"}
    attacker = Attacker(dict(enrolled))
    shown = reports._funnel(rows, set())
    open_streams = {row.name.removeprefix("c, ") for row in shown if row.name and not row.hidden}
    for stream in open_streams:
        attacker.sees([stream])
    for row in shown:
        if row.name is None:
            # Which streams a sum is made of is not said; the attacker knows who tells of the step and takes what adds up.
            told = [one["stream_id"] for one in rows if one["step"] == row.part]
            makings = (told, [stream for stream in told if stream in open_streams])
            (fits, *_) = [some for some in makings if sum(enrolled[one] for one in some) == row.values["of"]]
            attacker.sees(fits)
    assert not list(attacker.few_found(list(enrolled), sum(enrolled.values())))


@settings(max_examples=150, deadline=None)
@given(numbers=st.lists(st.tuples(sizes, st.integers(0, 100)), min_size=3, max_size=3))
def test_what_became_of_few_learners_cannot_be_reckoned_out_of_the_levels(numbers: list[tuple[int, int]]) -> None:
    rows = [
        {"place": place, "level": level, "learners": then + 3, "learners_previous": then + 1, "learners_then": then, "left_since": then * part // 100, "completed_since": 0, "still_running": 0, "foreseen": 0.5}
        for place, (level, (then, part)) in enumerate(zip(("high", "medium", "low"), numbers, strict=True))
    ]  # fmt: skip
    attacker = Attacker({row["level"]: row["learners_then"] for row in rows})
    shown = reports._risk(rows)
    for row in shown:
        if (then := row.values["learners_then"]) is not None and (then == 0 or not is_small(then)):
            attacker.sees([row.name])
        else:
            assert row.values["left_since"] is None
    # The warned and the unwarned are shown in sum beside them.
    warned = reports._warned({"ended": None, "warned": numbers[0][0], "warned_dropped": 0, "unwarned": numbers[1][0] + numbers[2][0], "unwarned_dropped": 0})  # fmt: skip
    if warned.warned != FEW:
        attacker.sees(["high"])
    if warned.unwarned != FEW:
        attacker.sees(["medium", "low"])
    levels = [level for level in ("medium", "low") if attacker.truth[level]]
    assert not list(attacker.few_found(levels, numbers[1][0] + numbers[2][0]))


@settings(max_examples=40, deadline=None)
@given(
    sections=st.dictionaries(st.sampled_from(["new", "open", "never_started", "waiting", "not_reached"]), st.integers(1, 25), min_size=1)
)
def test_few_lines_of_a_section_cannot_be_reckoned_out_of_all_lines(sections: dict[str, int]) -> None:
    lines = [
        {"day": made.DAY - (made.DAY - made.WEEK), "section": section, "item_id": f"{section}{number}"}
        for section, count in sections.items()
        for number in range(count)
    ]
    template = made.listed_lines()[0]
    with made.warehouse_of() as warehouse:
        made.insert(warehouse, "deliveries.list_items", [{**template, **line, "day": template["day"]} for line in lines])
        shown = reports._listed(warehouse, made.WEEK)
    attacker = Attacker({section: float(count) for section, count in sections.items()})
    for row in shown:
        if not is_small(row.values["lines"]):
            attacker.sees(list(sections) if row.name is None else [row.name])
    assert not list(attacker.few_found(list(sections), sum(sections.values())))


# -- whole reports, with known totals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [[118, 96, 8, 25], [9, 9], [3, 40], [118, 5, 4], [10, 20], [9], [0, 7, 12, 300], [2, 2, 2, 2, 2]])
def test_what_is_hidden_together_is_never_few_people(sizes: list[int]) -> None:
    """An attacker who knows every total and everything shown is left with a rest: of nobody, of many, or of all there are."""
    hidden = reports.hidden_places(sizes)
    rest = sum(sizes[place] for place in hidden)
    assert all(place in hidden for place, size in enumerate(sizes) if 0 < size < 10)
    assert rest == 0 or rest >= 10 or rest == sum(sizes)


def test_a_small_stream_cannot_be_reckoned_out_of_the_programmes_total() -> None:
    sizes = {"поток 1": 118, "поток 2": 96, "поток 3": 8, "поток 4": 25}
    never = {"поток 1": 10, "поток 2": 3, "поток 3": 7, "поток 4": 2}
    total = made.figure_row("support", "never_started_share", sum(never.values()) / sum(sizes.values()), n=sum(sizes.values()))
    rows = [made.stream_row(title, size, never_started_share=never[title] / size) for title, size in sizes.items()]
    report = made.built({"rpt_week_streams": rows, "rpt_week_conditions": [total]})
    # What the reader sees: the total with its n, and the shown streams with theirs.
    shown = {row.stream_title: row for row in report.streams if row.now["never_started_share"] is not None}
    figure = report.figures[0]
    rest_people = (figure.n or 0) - sum(row.learners or 0 for row in shown.values())
    rest_never = round((figure.value or 0) * (figure.n or 0)) - sum(
        round((row.now["never_started_share"] or 0) * (row.learners or 0)) for row in shown.values()
    )
    assert set(shown) == {"поток 1", "поток 2"}
    # The rest is of two streams together; how it splits between them is nowhere.
    assert (rest_people, rest_never) == (33, 9)
    assert [row.learners for row in report.streams] == [118, 96, FEW, None]
    text = made.said(report)
    assert "×" in text
    assert '"25"' not in text


def test_a_course_with_few_answers_cannot_be_reckoned_out_of_all_courses() -> None:
    rows = [
        made.survey_row("Удобство", [0.1, 0.1, 0.1, 0.3, 0.4], n, course) for course, n in ((None, 130), ("А", 100), ("Б", 6), ("В", 24))
    ]
    report = made.built({**made.full_week(), "rpt_week_survey": rows})
    assert {row.course_name: (row.n, row.is_hidden) for row in report.survey} == {
        None: (130, False),
        "А": (100, False),
        "Б": (FEW, True),
        "В": (None, True),
    }


def test_repeated_questions_of_few_are_told_as_few() -> None:
    many, few = made.built().questions
    assert (many.asked, many.asked_this_week, many.people) == (41, 14, 33)
    assert (few.asked, few.asked_this_week, few.people) == (FEW, FEW, FEW)
