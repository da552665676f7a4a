"""The weekly report's numbers as a workbook: what the page shows, as figures to reckon with. Hidden ones are empty cells. Same report, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipelines.deliveries.report import report_words
from pipelines.deliveries.report.report_model import STREAM_SHARES, Report
from pipelines.deliveries.shared.language import Language
from pipelines.thresholds import threshold

_A4 = 9  # Excel's number of the paper
#: Widths in characters: of numbers; of sentences and names, which are wrapped.
_NUMBER, _SENTENCE = 10, 40


@dataclass(frozen=True)
class _Sheet:
    """One table of the report. Column headings are the columns of the reports schema, so that they can be looked up."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def workbook_of(report: Report, language: Language) -> bytes:
    """One sheet per table of the report."""
    content = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, options)
    name = language.say("Weekly report")
    title = f"{name} {report.week_ends_on} {report.version}"
    book.set_properties({"title": title, "created": datetime.combine(report.week_ends_on, datetime.min.time())})
    head = book.add_format({"bold": True, "bottom": 2, "bg_color": "#E7E7E4", "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for sheet in _sheets(report, language):
        _write(sheet, book.add_worksheet(sheet.name), head, wrapped)
    book.close()
    return content.getvalue()


def _write(sheet: _Sheet, page: Worksheet, head: Format, wrapped: Format) -> None:
    page.freeze_panes(1, 1)
    # On paper: the whole width on one page, its headings on every page.
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    for column, heading in enumerate(sheet.columns):
        # A code or a heading has no blank to be wrapped at.
        words = [heading, *(word for row in sheet.rows if isinstance(row[column], str) for word in row[column].split())]
        is_long = heading in ("name", "definition", "text", "faq_answer", "stream", "item")
        page.set_column(column, column, _SENTENCE if is_long else min(_SENTENCE, max(_NUMBER, *map(len, words)) + 2))
        page.write_string(0, column, heading, head)
    for place, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, bool | str):
                page.write_string(place, column, str(value), wrapped)
            elif value is not None:
                page.write_number(place, column, value)


def _sheets(report: Report, language: Language) -> Iterator[_Sheet]:
    yield _conditions(report, language)
    yield _streams(report)
    yield from _survey(report, language)
    yield _trend(report)
    yield _questions(report, language)
    yield from _parts(report, language)
    yield _quality(report, language)
    yield _warnings(report)


def _counted(number: int | None) -> int | str | None:
    """Of how many people a figure speaks, where they are not so few that one could be picked out."""
    least = int(threshold("small_group"))
    return number if number is None or number >= least else f"<{least}"


def _conditions(report: Report, language: Language) -> _Sheet:
    known = report_words.INDICATORS
    return _Sheet(
        "conditions",
        ("condition", "indicator", "name", "value", "low", "high", "n", "previous", "earlier_stream", "unit", "note", "definition"),
        [
            (
                one.condition, one.indicator, report_words.indicator_name(one, language), one.value, one.low, one.high, _counted(one.n), one.previous,
                one.earlier_stream, one.unit, one.note, language.say(known[one.indicator].definition) if one.indicator in known else None,
            )
            for one in report.figures
        ],
    )  # fmt: skip


def _streams(report: Report) -> _Sheet:
    shares = [f"{name}{suffix}" for suffix in ("", "_previous", "_earlier_stream") for name in STREAM_SHARES]
    return _Sheet(
        "streams",
        ("stream", "course_day", "learners", *shares),
        [
            (
                report_words.stream_label(row), row.course_day, _counted(row.learners),
                *(values[name] for values in (row.now, row.previous, row.earlier_stream) for name in STREAM_SHARES),
            )
            for row in report.streams
        ],
    )  # fmt: skip


def _survey(report: Report, language: Language) -> Iterator[_Sheet]:
    everything = language.say("all courses")
    yield _Sheet(
        "survey",
        ("course", "item", "n", "percent_1", "percent_2", "percent_3", "percent_4", "percent_5", "vulnerable_share"),
        [
            (row.course_name or everything, report_words.ASPECT_NAMES.get(row.aspect, row.aspect), _counted(row.n), *row.per_cents, row.vulnerable_share)
            for row in report.aspects
        ],
    )  # fmt: skip
    yield _Sheet(
        "survey_items",
        ("course", "item", "n", "share_1", "share_2", "share_3", "share_4", "share_5", "vulnerable_share"),
        [(row.course_name or everything, row.item, _counted(row.n), *row.shares, row.vulnerable_share) for row in report.survey],
    )


def _trend(report: Report) -> _Sheet:
    return _Sheet(
        "trend",
        ("indicator", "week_ends_on", "value"),
        [(indicator, week.isoformat(), value) for indicator, points in sorted(report.trend.items()) for week, value in points],
    )


def _questions(report: Report, language: Language) -> _Sheet:
    everything = language.say("all courses")
    return _Sheet(
        "questions",
        ("course", "asked", "people", "curator_minutes", "text", "faq_answer"),
        [
            (row.course_name or everything, _counted(row.asked), _counted(row.people), row.curator_minutes, row.text, row.faq_answer)
            for row in report.questions
        ],
    )


def _parts(report: Report, language: Language) -> Iterator[_Sheet]:
    """What is told of the programme, its courses and its streams."""
    everything = language.say("all courses")
    for title, rows in (
        ("funnel", report.funnel), ("risk", report.risk), ("latency", report.latency), ("feedback", report.feedback), ("works", report.works),
        ("trouble", report.trouble), ("lists", report.listed),
    ):  # fmt: skip
        # Every row of a table has the same figures, whatever is hidden.
        names = list(rows[0].values) if rows else []
        yield _Sheet(
            title,
            ("part", "name", *names),
            [
                (
                    row.part, everything if row.part == "programme" else row.name,
                    *(_counted(row.values[name]) if name in row.hidden else row.values[name] for name in names),
                )
                for row in rows
            ],
        )  # fmt: skip


def _quality(report: Report, language: Language) -> _Sheet:
    return _Sheet(
        "quality",
        ("source", "kind", "state", "covers_until", "items_loaded", "items_failed", "rows_seen", "rows_kept", "rows_rejected", "linked_share"),
        [
            (
                row["source"], row["kind"], row["state"], None if row["covers_until"] is None else language.local(row["covers_until"]).isoformat(sep=" ", timespec="minutes"),
                *(row[name] for name in ("items_loaded", "items_failed", "rows_seen", "rows_kept", "rows_rejected", "linked_share")),
            )
            for row in report.quality
        ],
    )  # fmt: skip


def _warnings(report: Report) -> _Sheet:
    warned = report.warned
    parts = ("warned", "warned_dropped", "unwarned", "unwarned_dropped", "ended")
    return _Sheet(
        "warnings",
        parts,
        [[_counted(getattr(warned, name)) if name in ("warned", "unwarned") else getattr(warned, name) for name in parts]]
        if warned
        else [],
    )
