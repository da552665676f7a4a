"""What Dagster says of a dbt test: what it guards and what to do when it fails.

A test with a file of its own says it there, in the comment on top. A test that a model's YAML asks for is put into words here, once for each kind,
with the meaning of the column it guards.
"""

import re
from collections.abc import Mapping
from typing import Any

#: By kind of test: what must hold, and how to mend it.
_OF_KIND = {
    "not_null": (
        "`{column}` stands in every row.",
        "look at the rows without it and at what the model takes it from; `mayak status` tells when an export came with rejected rows or not at all.",
    ),
    "unique": (
        "`{column}` is a key: a doubled row counts twice everywhere downstream.",
        "lay two of the doubled rows side by side; what differs tells which join of the model multiplied them.",
    ),
    "unique_together": (
        "`{columns}` are together a key: a doubled row counts twice everywhere downstream.",
        "lay two of the doubled rows side by side; what differs tells which join of the model multiplied them.",
    ),
    "relationships": (
        "every `{column}` is a `{field}` of {to}.",
        "build the two models for the same day; what is missing even then is dropped by a condition of the one referred to.",
    ),
    "accepted_values": (
        "`{column}` is one of: {values}.",
        "where the new word is right, add it to the list beside the model and to what the lists and the report call it; else correct it where it is made.",
    ),
    "between": (
        "`{column}` lies {bounds}; unknown (null) passes. Outside it is computed wrongly, whatever the data.",
        "take one row that is outside and work it out by hand from the model's own parts.",
    ),
}
_QUERY = "The query that finds the rows is kept beside the warehouse, in dbt/target/compiled."


def description_of(test: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """What a test guards and how to mend it. ``test`` and ``models``: a node of dbt's manifest and all of them, by unique id."""
    kind = (test.get("test_metadata") or {}).get("name")
    return f"{_in_words(test, models) if kind else _comment_on_top(test['raw_code'])}\n\n{_QUERY}"


def _in_words(test: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    asked = test["test_metadata"]
    given = asked["kwargs"]
    rule, mend = _OF_KIND[asked["name"]]
    column = test.get("column_name") or ""
    low, high = given.get("low"), given.get("high")
    said = rule.format(
        column=column,
        columns="`, `".join(given.get("columns", ())),
        field=given.get("field"),
        to=re.sub(r"\W*ref\W+(\w+)\W*", r"\1", given.get("to", "")),
        values=", ".join(map(str, given.get("values", ()))),
        bounds=f"at {low} or above" if high is None else f"from {low} to {high}",
    )
    meaning = models[test["attached_node"]].get("columns", {}).get(column, {}).get("description")
    guarded = next((tag.capitalize() for tag in test["tags"] if tag in ("config", "integrity", "value")), "Check")
    return f"{guarded}: {said}" + (f" `{column}`: {meaning}" if meaning else "") + f"\n\nResolve: {mend}"


def _comment_on_top(code: str) -> str:
    lines = []
    for line in code.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines).replace(" Resolve: ", "\n\nResolve: ")
