"""To whom and when an activity of a Moodle is open: groups and dates out of its restrictions (``availability``), whatever way they came out of it.

A restriction is a tree, ``{"op": "&", "c": [{"type": "group", "id": 5}, …]}``: "&" all, "|" any, "!&" and "!|" their contraries. Groups,
groupings and dates (``{"type": "date", "d": ">=", "t": epoch}``: from then on; "<": until then) are read of it, and where that would shut somebody out who may come in, the activity counts as open: of several that are all asked for the one
with the fewest groups is taken, a contrary and any other condition (a completion, a grade, a profile) asks for no group. So with dates: of
those that all hold the narrowest span counts, of those of which one holds the widest.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

#: Groups nest no deeper by hand; a crafted tree must not exhaust the stack.
_DEEPEST = 20


def groups_of(availability: str | None, groupings: Mapping[int, frozenset[int]]) -> frozenset[int] | None:
    """The groups of which one opens the activity; None where it is open to all. ``groupings``: grouping → its groups."""
    tree = _tree(availability) if availability else None
    return _groups(tree, groupings, 0) if tree else None


def narrowest(*found: frozenset[int] | None) -> frozenset[int] | None:
    """Of restrictions that all hold the one with the fewest groups."""
    return min((groups for groups in found if groups is not None), key=lambda groups: (len(groups), sorted(groups)), default=None)


#: From, until (epoch seconds); None: at any time.
Span = tuple[int | None, int | None]


def span_of(availability: str | None) -> Span:
    """From when and until when the activity is open; None where its restrictions set no such date for everybody."""
    tree = _tree(availability) if availability else None
    return _span(tree, 0) if tree else (None, None)


def narrowest_span(*spans: Span) -> Span:
    """Of spans that all hold the time they have in common."""
    return (
        max((since for since, _ in spans if since is not None), default=None),
        min((until for _, until in spans if until is not None), default=None),
    )


@lru_cache(4096)
def _tree(availability: str) -> Any:
    try:
        return orjson.loads(availability)
    except orjson.JSONDecodeError:
        return None


def _groups(tree: Any, groupings: Mapping[int, frozenset[int]], depth: int) -> frozenset[int] | None:
    if not isinstance(tree, dict) or depth > _DEEPEST:
        return None
    parts = tree.get("c")
    if isinstance(parts, list):
        found = [_groups(part, groupings, depth + 1) for part in parts]
        if tree.get("op") == "&":
            return narrowest(*found)
        if tree.get("op") == "|" and found and None not in found:
            return frozenset().union(*(groups for groups in found if groups is not None))
        return None
    native = tree.get("id")
    if type(native) is not int:
        return None
    if tree.get("type") == "group":
        return frozenset((native,))
    return groupings.get(native) if tree.get("type") == "grouping" else None


def _span(tree: Any, depth: int) -> Span:
    if not isinstance(tree, dict) or depth > _DEEPEST:
        return None, None
    parts = tree.get("c")
    if isinstance(parts, list):
        found = [_span(part, depth + 1) for part in parts]
        if tree.get("op") == "&":
            return narrowest_span(*found)
        if tree.get("op") == "|" and found:
            since, until = ([span[end] for span in found] for end in (0, 1))
            return (
                None if None in since else min(moment for moment in since if moment is not None),
                None if None in until else max(moment for moment in until if moment is not None),
            )
        return None, None
    moment = tree.get("t")
    if tree.get("type") != "date" or type(moment) is not int:
        return None, None
    return (moment, None) if tree.get("d") == ">=" else (None, moment) if tree.get("d") == "<" else (None, None)
