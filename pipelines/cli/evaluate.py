"""``mayak evaluate``: the forecasts against outcomes that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import console, day_of, problems
from pipelines.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="How right the forecasts are, on data whose outcome is known.")


@app.command("oulad")
def evaluate_oulad(
    data: Annotated[Path, typer.Option(help="Folder with the seven tables of OULAD, Parquet or CSV.")],
    test: Annotated[str | None, typer.Option(help="Presentation to foresee, e.g. 2014J. Default: the newest there is.")] = None,
    weeks: Annotated[str, typer.Option(help="Weeks at whose end learners are judged.")] = "2,4,6,8",
    marking_days: Annotated[int | None, typer.Option(help="Days from handing in to knowing the mark. Default: a threshold.")] = None,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of the intervals.")] = 300,
    out: Annotated[Path | None, typer.Option(help="Write every figure as CSV, too.")] = None,
) -> None:
    """The published protocol: train on every earlier presentation, foresee Fail or Withdrawn in a later one, beside trivial forecasters."""
    from pipelines.risk import oulad

    try:
        asked = [int(week) for week in weeks.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{weeks!r}: write weeks as 2,4,6,8", param_hint="--weeks") from error
    found = oulad.evaluate(
        data, test=test, weeks=asked, draws=draws, marking_days=marking_days, tell=lambda line: problems.print(line, highlight=False)
    )
    for figure in found:
        beside = oulad.published(figure)
        console.print(
            f"{figure.sample:21} {figure.forecaster:25} {figure.metric:18} {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})  "
            f"{figure.n:,} learners{'  published ' + beside if beside else ''}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    console.print("\nIn short (Brier score and calibration error: all; enrolled)")
    for line in oulad.in_short(found):
        console.print(line, highlight=False, soft_wrap=True)
    if out is not None:
        import csv
        from dataclasses import asdict

        with out.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, ["sample", "forecaster", "metric", "value", "low", "high", "n"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(figure) for figure in found)


@app.command("programme")
def evaluate_programme(
    until: Annotated[str, typer.Option(help="Last day that is known, e.g. 2026-11-22.")],
    out: Annotated[Path, typer.Option(help="Folder for the evaluation page in Russian and English.")],
    warehouse: Annotated[Path | None, typer.Option(help="Warehouse file. Default: the installation's.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="people.json of a simulated programme: it judges instead of the facts, streams that still run too.")
    ] = None,
) -> None:
    """What the forecasts of ended streams would have been, week by week, on a copy of the warehouse; writes the evaluation page."""
    from pipelines.risk import backtest, evaluation_page

    day = day_of(until, "--until")
    assert day is not None
    settings = read_settings()
    tested = backtest.run(
        warehouse or settings.warehouse_path, until=day, truth=truth, pseudonyms=settings.pseudonyms if truth else None,
        tell=lambda line: problems.print(line, highlight=False),
    )  # fmt: skip
    for figure in tested.figures:
        console.print(
            f"{figure.sample:22} {figure.forecaster:20} {figure.metric:20} {figure.value:.3f} ({figure.low:.3f}–{figure.high:.3f})  {figure.n:,} learners",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    console.print(
        f"first reason still told the day after: {tested.stability_next_day:.3f}, a week after: {tested.stability:.3f}", highlight=False
    )
    out.mkdir(parents=True, exist_ok=True)
    for language in ("ru", "en"):
        page = out / f"evaluation_{language}.html"
        page.write_text(evaluation_page.render(tested, language), encoding="utf-8")
        console.print(str(page), soft_wrap=True)
