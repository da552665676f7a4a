"""Intervals of shares that are shown to people, in Python; the same in SQL: ``dbt_like/macros/intervals.sql``."""

from __future__ import annotations

from math import sqrt

NORMAL_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


def wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of ``n`` (Wilson 1927), which stays inside 0 to 1 and is right for small groups too."""
    if n <= 0:
        return 0.0, 1.0
    square = NORMAL_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = NORMAL_95 * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)
