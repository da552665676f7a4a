"""Restrictions of Moodle's activities: which groups they ask for, and that nobody is shut out who may come in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.sources.lms.moodle_access import groups_of, narrowest, narrowest_span, span_of

GROUPINGS = {4: frozenset((1, 2))}
ONE, TWO, THREE = ({"type": "group", "id": number} for number in (1, 2, 3))
DATE = {"type": "date", "d": ">=", "t": 1794000000}


def tree(op: str, *parts: Any) -> dict[str, Any]:
    return {"op": op, "c": list(parts), "showc": [True] * len(parts)}


@pytest.mark.parametrize(
    ("restriction", "groups"),
    [
        (tree("&", ONE), {1}),
        (tree("&", DATE, ONE, {"type": "completion", "cm": 7, "e": 1}), {1}),
        (tree("|", ONE, TWO), {1, 2}),
        (tree("&", {"type": "grouping", "id": 4}), {1, 2}),
        (tree("&", tree("|", ONE, TWO), tree("|", ONE, TWO, THREE)), {1, 2}),
        # in both at once: to be in the one is asked for, too
        (tree("&", ONE, TWO), {1}),
        (tree("|", ONE, DATE), None),
        (tree("!&", ONE), None),
        (tree("!|", ONE), None),
        (tree("&", DATE), None),
        (tree("&", {"type": "group"}), None),
        (tree("&", {"type": "grouping", "id": 9}), None),
        (tree("&"), None),
        (tree("|"), None),
        ([], None),
        ({"op": "&", "c": 5}, None),
    ],
)
def test_groups_that_a_restriction_asks_for(restriction: Any, groups: set[int] | None) -> None:
    assert groups_of(json.dumps(restriction), GROUPINGS) == groups


@pytest.mark.parametrize("text", [None, "", "null", "{cut", '{"op":"&","c":[' * 500 + "]}" * 500])
def test_what_says_nothing_or_cannot_be_read_is_open_to_all(text: str | None) -> None:
    assert groups_of(text, GROUPINGS) is None


def test_of_a_section_and_its_activity_both_hold() -> None:
    assert narrowest(frozenset((1, 2)), None) == {1, 2}
    assert narrowest(frozenset((1, 2)), frozenset((2,))) == {2}
    assert narrowest(None, None) is None


def until(moment: Any) -> dict[str, Any]:
    return {"type": "date", "d": "<", "t": moment}


@pytest.mark.parametrize(
    ("restriction", "span"),
    [
        (tree("&", DATE), (1794000000, None)),
        (tree("&", DATE, until(1795000000), ONE), (1794000000, 1795000000)),
        (tree("&", until(1796000000), tree("&", until(1795000000))), (None, 1795000000)),
        # of two of which one will do the widest: nobody is late by another group's date
        (tree("|", tree("&", ONE, until(1795000000)), tree("&", TWO, until(1796000000))), (None, 1796000000)),
        (tree("|", ONE, until(1795000000)), (None, None)),
        (tree("!&", until(1795000000)), (None, None)),
        (tree("&", until("soon")), (None, None)),
        (tree("&", {"type": "date", "d": "=", "t": 5}), (None, None)),
        (tree("|"), (None, None)),
    ],
)
def test_dates_that_a_restriction_sets(restriction: Any, span: tuple[int | None, int | None]) -> None:
    assert span_of(json.dumps(restriction)) == span
    assert narrowest_span(span, (None, None)) == span
