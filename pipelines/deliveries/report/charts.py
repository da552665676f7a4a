"""Charts of the weekly report as SVG: legible in grey, the same bytes for the same figures.

Letters are drawn as outlines of the font that comes with matplotlib, so page and PDF look alike everywhere. Marks differ by shape and
filling, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from itertools import compress
from math import ceil
from textwrap import fill
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from pipelines.deliveries.shared.language import Language

WIDTH = 6.9  # inches: the text width of an A4 page with the report's margins
ROW = 0.4
#: Of a trend: dates that stand side by side without touching; letters of a legend's half of the width; inches of one of its lines.
DATES_MOST, LEGEND_CHARACTERS, LEGEND_LINE = 7, 38, 0.19
INK, SOFT, PALE = "#1b1b1b", "#6d6d6d", "#d9d9d9"
#: From "not at all" to "fully": greys that differ in print, hatched where two neighbours would be near.
RATING_FILLS = (("#1b1b1b", ""), ("#6d6d6d", "//"), ("#ffffff", ""), ("#d9d9d9", ""), ("#a3a3a3", "\\\\"))

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "svg.hashsalt": "mayak",
    "svg.fonttype": "path",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "hatch.linewidth": 0.6,
    "axes.unicode_minus": False,
}


@dataclass(frozen=True)
class Dot:
    """One row of a dot chart: a share with its interval, the week before, and the stream before on the same course day."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    previous: float | None = None
    earlier_stream: float | None = None


def drawn_marks(rows: Sequence[Dot]) -> tuple[bool, bool, bool]:
    """Is there a mark of now, of the week before, of the stream before in any row? Legends and captions explain no others."""
    return (
        any(row.value is not None for row in rows),
        any(row.previous is not None for row in rows),
        any(row.earlier_stream is not None for row in rows),
    )


def dots(rows: Sequence[Dot], language: Language, *, legend: tuple[str, str, str]) -> str:
    """Shares with intervals, one row each, in the order given from above. ``legend``: names of now, the week before, the stream before; those drawn are shown."""
    marks = list(compress(zip(legend, "oo^", (INK, "white", "white"), (INK, INK, SOFT), strict=True), drawn_marks(rows)))
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 0.7 + ROW * len(rows)))
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            axes.axhline(place, color=PALE, linewidth=0.6, zorder=0)
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [place, place], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=2)
            if row.earlier_stream is not None:
                axes.plot(
                    [row.earlier_stream], [place], marker="^", color="white", markeredgecolor=SOFT, markersize=7, linestyle="", zorder=3
                )
            if row.previous is not None:
                axes.plot([row.previous], [place], marker="o", color="white", markeredgecolor=INK, markersize=5.5, linestyle="", zorder=4)
            if row.value is not None:
                axes.plot([row.value], [place], marker="o", color=INK, markersize=5.5, linestyle="", zorder=5)
        for name, marker, fill, edge in marks:
            axes.plot([], [], marker=marker, color=fill, markeredgecolor=edge, linestyle="", label=name)
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        shown = [one for row in rows for one in (row.value, row.high, row.previous, row.earlier_stream) if one is not None]
        _share_axis(axes, language, most=max(shown, default=1.0))
        figure.legend(loc="lower left", bbox_to_anchor=(0, 0), ncols=3, frameon=False, handletextpad=0.3, columnspacing=1.4)
        return _svg(figure, below=0.26)


def steps(rows: Sequence[tuple[str, float]], numbers: Sequence[str], language: Language) -> str:
    """Shares that lead from one to the next, as bars from above; ``numbers`` stand at their ends."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 0.5 + 0.36 * len(rows)))
        axes = figure.add_subplot()
        for place, ((_label, share), number) in enumerate(zip(rows, numbers, strict=True)):
            axes.barh(place, share, height=0.62, color=PALE, edgecolor=INK, linewidth=0.8)
            text = axes.text(share + 0.012, place, f"{language.percent(share)} · {number}", va="center", ha="left")
            text.set_in_layout(False)  # how wide the axis is does not hang on its own texts
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: language.percent(value)))
        axes.tick_params(length=0, pad=6)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(0, 1)
        _lay_out(figure, below=0)
        wide = axes.get_window_extent().width
        # The axis goes on until the text beside the longest bar has room, whatever the names beside it take.
        axes.set_xlim(0, max([1.0, *(text.get_position()[0] / (1 - text.get_window_extent().width / wide) for text in axes.texts)]))
        return _svg(figure, below=0)


def ratings(rows: Sequence[tuple[str, Sequence[float | None]]], language: Language, *, names: Sequence[str]) -> str:
    """Share of each rating per item as stacked bars, lowest rating first. ``names``: what the ratings are called."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 0.7 + ROW * len(rows)))
        axes = figure.add_subplot()
        for place, (_label, shares) in enumerate(rows):
            left = 0.0
            for share, (fill, hatch) in zip(shares, RATING_FILLS, strict=True):
                if share:
                    axes.barh(place, share, left=left, height=0.66, color=fill, edgecolor=INK, linewidth=0.6, hatch=hatch)
                    left += share
        for name, (fill, hatch) in zip(names, RATING_FILLS, strict=True):
            axes.barh(0, 0, color=fill, edgecolor=INK, linewidth=0.6, hatch=hatch, label=name)
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        _share_axis(axes, language)
        figure.legend(loc="lower left", bbox_to_anchor=(0, 0), ncols=3, frameon=False, handletextpad=0.4, columnspacing=1.2)
        return _svg(figure, below=0.45)


def trend(lines: Sequence[tuple[str, Sequence[tuple[date, float]]]], language: Language) -> str:
    """Shares by week, each line with a marker and a dash of its own and its name at its end."""
    marks = (("o", "-"), ("s", "--"), ("^", "-."), ("D", ":"), ("v", (0, (6, 2))))
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, 2.5))
        axes = figure.add_subplot()
        first, last = (pick(week for _, points in lines for week, _ in points) for pick in (min, max))
        for place, (name, points) in enumerate(lines):
            marker, dash = marks[place % len(marks)]
            axes.plot(
                [_weeks(week - first) for week, _ in points], [value for _, value in points], marker=marker, linestyle=dash, color=INK if place % 2 == 0 else SOFT,
                markersize=4, linewidth=1.2, label=fill(name, LEGEND_CHARACTERS), markerfacecolor="white" if place == len(marks) - 1 else None,
            )  # fmt: skip
        # From the newest week back: that is the one the report is of.
        dated = range(_weeks(last - first), -1, -ceil((_weeks(last - first) + 1) / DATES_MOST))
        axes.set_xticks(list(dated), [language.short_date(first + timedelta(weeks=week)) for week in dated])
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: language.percent(value)))
        axes.grid(axis="y", color=PALE, linewidth=0.6)
        axes.set_axisbelow(True)
        legend = figure.legend(loc="lower left", bbox_to_anchor=(0, 0), ncols=2, frameon=False)
        heights = [text.get_text().count("\n") + 1 for text in legend.get_texts()]
        half = (len(heights) + 1) // 2  # a legend fills its first column first
        return _svg(figure, below=0.12 + LEGEND_LINE * max(sum(heights[:half]), sum(heights[half:])))


def _weeks(time: timedelta) -> int:
    return time.days // 7


def _share_axis(axes: Axes, language: Language, most: float = 1.0) -> None:
    """From nothing to everything, or to half or a quarter where all of it lies there: marks stand apart and nought stays in sight."""
    end = next(end for end in (0.25, 0.5, 1.0) if most <= end or end == 1.0)
    axes.set_xlim(0, end)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1] if end > 0.5 else [end * fifth / 5 for fifth in range(6)])
    for line in axes.lines:
        line.set_clip_on(False)  # a mark at nought is a whole mark
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: language.percent(value)))
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=6)
    axes.spines["left"].set_visible(False)


def _svg(figure: Figure, *, below: float) -> str:
    """The figure as SVG; ``below``: inches kept for the legend."""
    _lay_out(figure, below=below)
    FigureCanvasSVG(figure)
    content = BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return content.getvalue().decode()


def _lay_out(figure: Figure, *, below: float) -> None:
    figure.tight_layout(pad=0.4, rect=(0, below / figure.get_figheight(), 1, 1))
