"""To whom an activity of a Moodle is open: groups out of its restrictions (``availability``), whatever way they came out of it.

A restriction is a tree, ``{"op": "&", "c": [{"type": "group", "id": 5}, …]}``: "&" all, "|" any, "!&" and "!|" their contraries. Only groups and
groupings are read of it, and where that would shut somebody out who may come in, the activity counts as open: of several that are all asked for the one
with the fewest groups is taken, a contrary and any other condition (a date, a completion, a grade, a profile) asks for no group.
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
