"""Graded revision, held against its labels: ``python -m benchmarks.copies.clough_stevenson --data ../shared/data``.

A smoke test on an English corpus (Clough and Stevenson 2011: 95 answers): too small to rank methods.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation import Figure, f1, render, share
from pipelines.links.copies.alignment import align
from pipelines.links.copies.fingerprints import fingerprints
from pipelines.text import normalise, words
from pipelines.thresholds import threshold

#: Characters in a run: a character more or less changes one answer (F1 .964).
_RUN = 8


def figures(folder: Path) -> list[Figure]:
    """Answers to five questions against the article each was to copy, revise or ignore (Clough and Stevenson 2011).

    Scored by the share of an answer's distinct runs of eight characters (normalised words, blanks between) that stand in the article, and beside it
    by the share of its words that the search itself matches with the article; what counts as copied is learned on four questions and tried on the
    fifth, in turn.
    """
    with (folder / "file_information.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = [{(name or "").strip().lower(): value for name, value in row.items()} for row in csv.DictReader(lines)]
    rows = [row for row in rows if not row["file"].startswith("orig")]
    names = [row["file"] for row in rows]
    labels = np.array([row["category"].strip().lower() for row in rows])
    tasks = np.array([name.rsplit("task", 1)[1][0] for name in names])
    articles = sorted(set(tasks))
    texts = [
        (folder / name).read_text(encoding="utf-8", errors="replace") for name in (*(f"orig_task{task}.txt" for task in articles), *names)
    ]
    later = np.arange(len(names)) + len(articles)
    earlier = np.array([articles.index(task) for task in tasks])
    copied = np.isin(labels, ("cut", "light", "heavy"))
    taken = _taken(_runs_shared(texts, later, earlier), copied, tasks)
    matched = _taken(_words_matched(texts, later, earlier), copied, tasks)
    smoke = "a smoke test: 95 answers, threshold learned on the other tasks"
    return [
        _clough_f1("F1, copied or not", taken, copied, f"{smoke}; runs of eight characters"),
        _clough_f1("F1 by the search's own share", matched, copied, smoke),
        *(
            share("copies", f"Clough–Stevenson: {label} taken for copied", int(taken[labels == label].sum()), int((labels == label).sum()))
            for label in ("cut", "light", "heavy", "non")
        ),
    ]


def _clough_f1(name: str, taken: NDArray[np.bool_], copied: NDArray[np.bool_], note: str) -> Figure:
    hits, false, missed = (int(rows.sum()) for rows in (taken & copied, taken & ~copied, ~taken & copied))
    return f1("copies", f"Clough–Stevenson: {name}", hits, false, missed, note)


def _taken(score: NDArray[np.float64], copied: NDArray[np.bool_], tasks: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Taken for copied, by the threshold that is right most often on the other tasks."""
    taken = np.zeros(len(score), np.bool_)
    for task in np.unique(tasks):
        others = tasks != task
        tried = np.unique(score[others])
        middles = (tried[1:] + tried[:-1]) / 2
        right = np.array([((score[others] > one) == copied[others]).mean() for one in middles])
        # Of several thresholds equally good the middle one.
        taken[tasks == task] = score[tasks == task] > np.median(middles[right == right.max()])
    return taken


def _runs_shared(texts: Sequence[str], later: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.float64]:
    written = [" ".join(re.findall(r"\w+", normalise(text))) for text in texts]
    runs = [{text[place : place + _RUN] for place in range(len(text) - _RUN + 1)} for text in written]
    return np.array([len(runs[one] & runs[source]) / max(1, len(runs[one])) for one, source in zip(later, earlier, strict=True)])


def _words_matched(texts: Sequence[str], later: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.float64]:
    found = words(texts)
    aligned = align(found, fingerprints(found), later, earlier, shortest=int(threshold("copy_fragment_words")))
    result: NDArray[np.float64] = np.bincount(aligned.pair, minlength=len(later)) / found.counts[later]
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets, ../shared/data")
    print(render(figures(parser.parse_args().data / "clough_stevenson")))


if __name__ == "__main__":
    main()
