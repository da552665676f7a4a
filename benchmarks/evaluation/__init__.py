"""How right the links and scores are, measured on data whose truth is known. Nothing in the pipeline imports this."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    ``part``: what was measured ("copies", "people"). ``value`` with ``low`` and ``high``, its 95 % interval (None: not computed).
    ``n``: the cases it rests on.
    """

    part: str
    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    note: str = ""


def read_truth(path: Path) -> Any:
    """A truth file (JSON, gzipped or not)."""
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def share(part: str, name: str, hits: int, n: int, note: str = "") -> Figure:
    """A share with its Wilson interval (1927), which holds for small n and for shares near 0 and 1."""
    if n == 0:
        return Figure(part, name, float("nan"), None, None, 0, note)
    z, p = 1.959964, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Figure(part, name, p, max(middle - half, 0.0), min(middle + half, 1.0), n, note)


def f1(part: str, name: str, true_positive: int, false_positive: int, false_negative: int, note: str = "") -> Figure:
    """F1 = 2 TP / (2 TP + FP + FN); n = true cases. No interval: its terms are given by precision and recall."""
    below = 2 * true_positive + false_positive + false_negative
    return Figure(part, name, 2 * true_positive / below if below else float("nan"), None, None, true_positive + false_negative, note)


def render(figures: Sequence[Figure]) -> str:
    """The figures as lines of text."""
    lines = []
    for figure in figures:
        interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.3f}–{figure.high:.3f})"
        lines.append(f"{figure.part:8} {figure.name:48} {figure.value:.3f}{interval} n={figure.n} {figure.note}".rstrip())
    return "\n".join(lines)
