"""How the search for copies grows, as a picture: ``python -m benchmarks.copies.growth docs/evaluation/copies.md docs/pictures/copies_growth.svg``.

Reads the lines that :mod:`benchmarks.copies.scale` printed out of any text, and draws seconds and memory over the number of texts. Prints in grey.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

_LINE = re.compile(r"^\| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)


def lines(text: str) -> list[tuple[int, float, float, float, float]]:
    """Texts, seconds and processor seconds at once, seconds for the new ones, gigabytes at most, by rising size. Raises ValueError where there is no line."""
    found = sorted(
        (int(line[0].replace(",", "")), float(line[1]), float(line[2]), float(line[6]), float(line[7])) for line in _LINE.findall(text)
    )
    if not found:
        raise ValueError("no line of benchmarks.copies.scale")
    return found


def draw(found: list[tuple[int, float, float, float, float]], path: Path) -> None:
    """One picture, two halves; the same lines give the same bytes."""
    texts, seconds, processor, night, memory = (list(column) for column in zip(*found, strict=True))
    thousands = [count / 1000 for count in texts]
    with mpl.rc_context(
        {"svg.hashsalt": "mayak", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(7.2, 2.9), layout="constrained")
        time, space = figure.subplots(1, 2)
        # A machine that others use gives a core or two; what the processor spent tells the growth.
        time.plot(thousands, processor, color="0.5", marker="^", linestyle=":", label="all at once, processor")
        time.plot(thousands, seconds, color="black", marker="o", label="all at once")
        time.plot(thousands, night, color="0.35", marker="s", linestyle="--", label="10,000 new ones")
        time.set(xlabel="thousand texts of 200 words", ylabel="seconds", ylim=(0, None), xlim=(0, None))
        time.legend(frameon=False)
        space.plot(thousands, memory, color="black", marker="o")
        space.set(xlabel="thousand texts of 200 words", ylabel="GB at most", ylim=(0, None), xlim=(0, None))
        figure.savefig(path, format="svg", metadata={"Date": None})


def main() -> None:
    """Read, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path)
    parser.add_argument("picture", type=Path)
    given = parser.parse_args()
    draw(lines(given.text.read_text(encoding="utf-8")), given.picture)


if __name__ == "__main__":
    main()
