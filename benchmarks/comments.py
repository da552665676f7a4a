"""Kinds of markers' comments, held against what their writer meant: ``python -m benchmarks.comments`` (``--show``: the errors of the first half, in words).

Invented comments (``comments.txt``), each for one learner whose work is not at hand, so that words alone decide. The first half was read and rules mended; the second is asked for figures alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pyarrow as pa

from benchmarks.evaluation import Figure, f1, render, share
from pipelines.links.feedback import link_feedback
from pipelines.warehouse import Warehouse

KINDS = ("formal", "substantive", "returned")


def comments(half: str) -> list[tuple[str, str]]:
    """Kind and text of each comment of one half."""
    rows = [line.split(" | ", 2) for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    return [(kind, text) for part, kind, text in rows if part == half]


def found(texts: list[str]) -> list[str]:
    """The kind that links.feedback gives each comment."""
    ids = [f"grade:{place:04}" for place in range(len(texts))]
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        tables = {
            "raw.grades": {"grade_id": ids, "record": ["marking"] * len(ids), "account_id": [f"learner:{one}" for one in ids], "task_id": ["task"] * len(ids),
                           "grader_account_id": ["marker"] * len(ids), "source": ["comments"] * len(ids), "load_id": ["comments"] * len(ids)},
            "personal.grades": {"grade_id": ids, "comment": texts},
        }  # fmt: skip
        for name, columns in tables.items():
            warehouse.connection.register("written", pa.table(columns))
            warehouse.connection.execute(f"insert into {name} by name select * from written")
            warehouse.connection.unregister("written")
        link_feedback(warehouse)
        return [kind for (kind,) in warehouse.rows("select kind from links.feedback order by grade_id")]


def figures(half: str, true: list[str], given: list[str]) -> list[Figure]:
    """Share of the right kind, and F1 of each."""
    pairs = list(zip(true, given, strict=True))
    return [
        share(half, "comments of the right kind", sum(one == other for one, other in pairs), len(pairs)),
        *(
            f1(
                half,
                f"{kind}: F1",
                sum(one == other == kind for one, other in pairs),
                sum(one != kind == other for one, other in pairs),
                sum(one == kind != other for one, other in pairs),
            )
            for kind in KINDS
        ),
    ]


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    for half in ("first", "second"):
        said = comments(half)
        kinds = found([text for _, text in said])
        sys.stdout.write(render(figures(half, [kind for kind, _ in said], kinds)) + "\n")
        if given.show and half == "first":
            sys.stdout.writelines(
                f"  {kind}, given {other}: {text}\n" for (kind, text), other in zip(said, kinds, strict=True) if kind != other
            )


if __name__ == "__main__":
    main()
