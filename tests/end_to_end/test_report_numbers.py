"""The numbers of the report, reckoned once more from the exports by other means (tests/end_to_end/reckoned.py), and held against the frozen report."""

from __future__ import annotations

import copy
import json
from typing import Any

import openpyxl
import pytest

from tests.end_to_end.conftest import Installation
from tests.end_to_end.reckoned import Reckoned, claims, kaplan_meier, median_by_kaplan_meier


@pytest.fixture(scope="module")
def content(made: Installation) -> dict[str, Any]:
    """What the frozen report says."""
    found: dict[str, Any] = json.loads((made.report / "content.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def reckoned(made: Installation) -> Reckoned:
    return Reckoned(made.exports, made.as_of)


def test_every_number_is_what_the_exports_say(content: dict[str, Any], reckoned: Reckoned) -> None:
    found = claims(content, reckoned)
    assert len(found) > 150
    assert [claim for claim in found if not claim.holds] == []
    # Most of them to the last digit: what may differ says why.
    assert sum(not claim.why for claim in found) > 80
    assert all(claim.why for claim in found if claim.within > 1e-3)


def _changed(value: Any) -> Any:
    return value + 3 if isinstance(value, int) else value + 0.31


@pytest.mark.parametrize(
    ("place", "claim"),
    [
        (("learners",), "learners"),
        (("streams", 0, "learners"), ": learners"),
        (("streams", 0, "now", "active_share"), ": active"),
        (("streams", 0, "now", "missed_share"), ": missed, now"),
        (("streams", 0, "now", "submitted_first_share"), ": first work"),
        (("figures", "median_feedback_hours", "value"), "median hours to the mark"),
        (("figures", "login_failure_share", "value"), "failed log-ins"),
        (("figures", "missed_task_share", "n"), "due works"),
        (("figures", "feedback_in_time_share", "previous"), "marked within three days, a week before"),
        (("funnel", 3, "values", "learners"), "funnel: half of the works due"),
        (("feedback", 0, "values", "unmarked"), "feedback: works without a mark"),
        (("works", 0, "values", "copied"), "works: agree"),
        (("trend", "copied_task_share", 0, 1), "copied_task_share"),
        (("aspects", 0, "per_cents", 3), "per cent of 4"),
    ],
)
def test_a_wrong_number_is_noticed(content: dict[str, Any], reckoned: Reckoned, place: tuple[Any, ...], claim: str) -> None:
    wrong = copy.deepcopy(content)
    at: Any = wrong
    for step in place[:-1]:
        at = next(row for row in at if row["indicator"] == step) if isinstance(at, list) and isinstance(step, str) else at[step]
    at[place[-1]] = _changed(at[place[-1]])
    failed = [one.name for one in claims(wrong, reckoned) if not one.holds]
    assert any(claim in name for name in failed), failed


def test_the_workbook_has_the_same_numbers(made: Installation, content: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(made.report / "report.ru.xlsx")
    conditions = {row[1]: row for row in book["conditions"].iter_rows(min_row=2, values_only=True)}
    for figure in content["figures"]:
        # An Excel cell keeps sixteen digits.
        assert conditions[figure["indicator"]][3] == (None if figure["value"] is None else pytest.approx(figure["value"], abs=1e-12))
    for sheet, rows in (
        ("funnel", content["funnel"]),
        ("feedback", content["feedback"]),
        ("works", content["works"]),
        ("latency", content["latency"]),
    ):
        names, *shown = book[sheet].iter_rows(values_only=True)
        assert list(names[2:]) == list(rows[0]["values"])
        for row, cells in zip(rows, shown, strict=True):
            for name, cell in zip(names[2:], cells[2:], strict=True):
                if name not in row["hidden"]:
                    assert (
                        cell == (None if row["values"][name] is None else pytest.approx(row["values"][name], abs=1e-12))
                        or cell == row["values"][name]
                    )


def test_waiting_for_an_answer_is_reckoned_from_the_questions_of_every_week(made: Installation) -> None:
    """The curve of every week and part from the questions alone; and the questions themselves against the simulator's truth."""
    with made.warehouse() as warehouse:
        shown = warehouse.rows(
            "select scope, scope_id, week_ends_on, questions, open_now, km_within_24h, km_median_hours from indicators.ind_response_latency "
            "where measure = 'first_answer' and clock = 'elapsed' and period = 'week' and scope in ('programme', 'course', 'channel')"
        )
        asked = warehouse.rows(
            "select course_id, channel, epoch(asked_at), epoch(first_curator_at), cast(asked_at at time zone 'Europe/Moscow' as date) from facts.fct_questions"
        )
    end = Reckoned(made.exports, made.as_of).end
    compared = 0
    for scope, scope_id, week, questions, open_now, within, median in shown:
        own = [
            (moment, answered)
            for course, channel, moment, answered, day in asked
            if 0 <= (week - day).days < 7 and (scope == "programme" or scope_id == (course if scope == "course" else channel))
        ]
        assert len(own) == questions
        hours = [((answered or end) - moment) / 3600 for moment, answered in own]
        over = [answered is not None for _, answered in own]
        assert len(over) - sum(over) == open_now
        if questions >= 6:
            assert within == (None if kaplan_meier(hours, over, 24) is None else pytest.approx(kaplan_meier(hours, over, 24), abs=1e-5))
            assert median == (
                None if median_by_kaplan_meier(hours, over) is None else pytest.approx(median_by_kaplan_meier(hours, over), abs=1e-6)
            )
            compared += 1
    assert compared > 10


def test_questions_and_their_answers_are_near_the_truth(made: Installation, reckoned: Reckoned) -> None:
    """Outside the chat nearly every question is found and its answer too; in the chat an answer that refers to nothing is often not recognised."""
    with made.warehouse() as warehouse:
        shown = dict(warehouse.rows("select channel = 'chat', [count(*), count(first_curator_at)] from facts.fct_questions group by 1"))
    truth = reckoned.questions.assign(is_chat=reckoned.questions["channel"] == "chat", is_answered=reckoned.answered)
    for is_chat, (questions, answered) in shown.items():
        own = truth[truth["is_chat"] == is_chat]
        # Of a chat, questions of people who are linked to nobody count too, and some that were none.
        assert abs(questions - len(own)) <= (0.35 if is_chat else 0.15) * len(own)
        if is_chat:
            assert 0.3 * own["is_answered"].mean() <= answered / questions <= own["is_answered"].mean() + 0.05
        else:
            assert abs(answered / questions - own["is_answered"].mean()) <= 0.12
