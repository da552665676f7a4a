"""What the weekly report says, in words: one document of blocks (points, tables, pictures, definitions), from which page and PDF are set.

Every figure stands with its interval and n, or with "<10" where the group is too small to be shown. Nothing is said of what is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from pipelines.deliveries.report import charts, report_sections
from pipelines.deliveries.report.report_blocks import (
    UNKNOWN,
    amount,
    cut,
    definitions,
    heading,
    legend,
    note,
    picture,
    small,
    table,
    veiled,
    warning,
    wrapped,
)  # fmt: skip
from pipelines.deliveries.report.report_model import CONDITIONS, AspectRow, Figure, Report, StreamRow, SurveyRow, is_small
from pipelines.deliveries.report.report_sections import source_name
from pipelines.deliveries.shared.language import N_, NO_BREAK, Language
from pipelines.intervals import wilson
from pipelines.thresholds import threshold

#: Main points, the five conditions and the streams: what somebody reads who reads one page.
PAGE_ONE_SECTIONS = 3

CONDITION_NAMES = {
    "practice": N_("Practical value"),
    "flexibility": N_("Flexible schedule, prompt and kind feedback"),
    "support": N_("Organisational support"),
    "technology": N_("Stable technology"),
    "need": N_("The course meets a real need"),
}


@dataclass(frozen=True)
class Indicator:
    """How an indicator is called and what exactly it counts."""

    name: str
    definition: str


#: Code of rpt_week_conditions → words. A code that is not here is shown under its own name with its note.
INDICATORS = {
    "copied_task_share": Indicator(
        N_("Works that agree with another text"),
        N_(
            "First hand-ins with text of the week in which enough words agree with an earlier work or a chat message; task text and templates left out. To look at, not a verdict."
        ),
    ),
    "survey_practice_vulnerable": Indicator(
        N_("Survey: content and practice, negative or undecided"),
        N_("Answers 1 to 3 of 5 among all answers to items about content, methods and practice, so far."),
    ),
    "formal_completion_share": Indicator(
        N_("Completions with signs of being formal"),
        N_("Completions for which the evidence says that little was learned, among completions with enough evidence to judge."),
    ),
    "answered_within_24h": Indicator(
        N_("Questions answered within 24 hours"),
        N_(
            "Learners' questions of the week that a curator answered within 24 hours; a question still open counts as waiting for as long as it has waited (Kaplan–Meier)."
        ),
    ),
    "median_answer_hours": Indicator(
        N_("Half of the questions are answered within"),
        N_("Median time from a question of the week to the first answer by a curator, open questions counted as waiting (Kaplan–Meier)."),
    ),
    "median_feedback_hours": Indicator(
        N_("Half of the works are marked within"), N_("Median time from handing in to the mark, of marks of the week given by a person.")
    ),
    "feedback_in_time_share": Indicator(
        N_("Works marked within three days"),
        N_(
            "Works handed in in the week and marked by hand within 72 hours; a work without a mark counts as waiting for as long as it has waited (Kaplan–Meier)."
        ),
    ),
    "substantive_feedback_share": Indicator(
        N_("Marks with a comment that says something"),
        N_("Marks of the week whose comment is substantive or says what to mend, among marks whose comment could be judged."),
    ),
    "notices_reached_share": Indicator(
        N_("Notices with a sign of having arrived"),
        N_("Notice and addressee: a reply, a receipt or an act in the course after it; notices of the last days are not yet judged."),
    ),
    "never_started_share": Indicator(
        N_("Learners who never started"), N_("Learners of running streams without a single act in the course by the end of the week.")
    ),
    "contacted_share": Indicator(
        N_("Learners contacted personally"),
        N_("Current learners to whom a curator wrote personally in the week; notices to all do not count."),
    ),
    "open_questions": Indicator(
        N_("Questions open at the end of the week"),
        N_("Questions of live streams without an answer by a curator at the end of the week, whenever asked; n: all questions so far."),
    ),
    "technical_question_share": Indicator(
        N_("Questions about technical trouble"),
        N_("Questions of the week about uploading, logging in, sound and the like, among all questions of the week."),
    ),
    "login_failure_share": Indicator(N_("Failed log-ins"), N_("Failed log-ins among all attempts of the week.")),
    "webinar_reconnect_share": Indicator(
        N_("Webinar visits with a reconnect"),
        N_("Learner and webinar of the week with more than one stay: the connection broke or a second device joined."),
    ),
    "left_share": Indicator(N_("Learners who have left"), N_("Enrolled learners of running streams who have left by the end of the week.")),
    "missed_task_share": Indicator(
        N_("Due works not handed in"),
        N_("Works whose deadline has passed by the end of the week and that were not handed in, among all due, running streams."),
    ),
    "survey_need_vulnerable": Indicator(
        N_("Survey: meets the need, negative or undecided"),
        N_("Answers 1 to 3 of 5 among all answers to items about needs, expectations and usefulness, so far."),
    ),
}
#: The indicators that may speak for their condition in the table of five; the first known one does.
HEADLINES = (
    "copied_task_share", "survey_practice_vulnerable", "answered_within_24h", "notices_reached_share", "never_started_share", "technical_question_share",
    "missed_task_share", "left_share",
)  # fmt: skip
#: Said among the main points every week: whether people are answered is what decides.
ALWAYS_SAID = ("answered_within_24h", "open_questions")
#: Why a value is not there (rpt_week_conditions.note).
NOTES = {"no_data": N_("no data"), "small_group": N_("too few to show"), "too_early": N_("too early to say")}


def document(report: Report, language: Language) -> dict[str, Any]:
    """The whole report as blocks of finished text. Same report and language, same document."""
    pictures: dict[str, str] = {}
    say = language.say
    sections = [
        {"title": say("Main points"), "break_before": False, "blocks": _main(report, language)},
        {"title": say("Five conditions"), "break_before": False, "blocks": _five(report, language, pictures)},
        {"title": say("Streams side by side"), "break_before": False, "blocks": _streams(report, language, pictures)},
    ]
    for condition in CONDITIONS:
        if report.figures_of(condition):
            sections.append(
                {
                    "title": say(CONDITION_NAMES[condition]),
                    "break_before": len(sections) == PAGE_ONE_SECTIONS,
                    "blocks": _condition(report, condition, language, pictures),
                }
            )
    for title, blocks in (
        (say("From enrolment to completion"), report_sections.funnel(report, language, pictures)),
        (say("Risk now, and what earlier warnings were worth"), report_sections.risk(report, language)),
        (say("How long learners wait for an answer"), report_sections.latency(report, language, pictures)),
        (say("What feedback is worth, and how long it takes"), report_sections.feedback(report, language)),
        (say("Works that agree, completions that look formal"), report_sections.works(report, language)),
        (say("Questions asked again and again"), _questions(report, language)),
        (say("Technical trouble"), report_sections.trouble(report, language)),
        (say("Surveys"), _surveys(report, language, pictures)),
        (say("What became of those on the lists"), report_sections.listed(report, language)),
        (say("Data of the week"), _quality(report, language)),
    ):
        sections.append({"title": title, "break_before": False, "blocks": blocks})
    for number, section in enumerate(sections, start=1):
        section["id"] = f"s{number}"
        section["blocks"] = section["blocks"] or [note(say("no data for this week"))]
    return {
        "language": language.code,
        "programme": report.programme_name,
        "title": say(
            "Week {week} · {period}",
            week=report.week_ends_on.isocalendar().week,
            period=language.period(report.week_starts_on, report.week_ends_on),
        ),
        "header": ", ".join(
            [
                language.count("{n} course", "{n} courses", report.courses),
                language.count("{n} stream", "{n} streams", len(report.streams)),
                language.count("{n} learner", "{n} learners", report.learners),
            ]
        ),
        "kind": say("Weekly report"),
        "version": say("version {version}", version=report.version),
        "legend": say(
            "No figure about fewer than {n} people is shown (“<{n}”), nor one from which it could be reckoned out (“×”). Brackets hold the 95 % interval. “—”: not known.",
            n=int(threshold("small_group")),
        ),
        "page": say("page"),
        "lacking": say("Not all data came"),
        "sections": sections,
        "pictures": pictures,
    }


# -- figures in words --------------------------------------------------------------------------------------------------------------


def interval(figure: Figure, language: Language) -> str:
    """«62–79 %»; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    if figure.unit == "share":
        return f"{language.points(figure.low)}–{language.percent(figure.high)}"
    return f"{language.number(figure.low, 1)}–{amount(figure.high, figure.unit, language)}"


def indicator_name(figure: Figure, language: Language) -> str:
    """What an indicator is called."""
    known = INDICATORS.get(figure.indicator)
    return language.say(known.name) if known else figure.indicator.replace("_", " ")


def _shown(figure: Figure, language: Language) -> str:
    if figure.value is None and figure.note in NOTES and figure.note != "small_group":
        return language.say(NOTES[figure.note])
    return f"<{int(threshold('small_group'))}" if figure.is_hidden and figure.n is not None else amount(figure.value, figure.unit, language)


def stream_label(row: StreamRow) -> str:
    """«ЦОС-36, поток 2»."""
    return ", ".join(dict.fromkeys(part for part in (row.course_name, row.stream_title) if part)) or row.stream_id


# -- sections ------------------------------------------------------------------------------------------------------------------------


def _main(report: Report, language: Language) -> list[dict[str, Any]]:
    """What is missing first, then what matters and what has changed."""
    lacking = report_sections.missing(report, language)
    points = {"kind": "points", "items": _main_points(report, language)}
    return [warning(lacking), points] if lacking else [points]


def _main_points(report: Report, language: Language) -> list[str]:
    if not report.streams:
        # What ended is still waited for and marked; of everything else nothing moved because nothing was there.
        return [language.say("No stream was running this week."), *_figure_points(report, language)]
    points = [*_figure_points(report, language), *_stream_points(report, language)]
    points.extend(_warning_points(report, language))
    points.extend(_question_points(report, language))
    points.extend(_steady_point(report, language))
    return points or [language.say("Too little is known of this week to say anything.")]


def _figure_points(report: Report, language: Language) -> list[str]:
    """How long people wait for an answer, then whatever moved by more than chance since the week before; the table holds the rest."""
    figures = [figure for condition in CONDITIONS for figure in report.figures_of(condition) if figure.value is not None]
    always = sorted(
        (figure for figure in figures if figure.indicator in ALWAYS_SAID), key=lambda figure: ALWAYS_SAID.index(figure.indicator)
    )
    moved = [figure for figure in figures if figure not in always and _has_moved(figure)]
    points = _figure_words([*always, *moved], language)
    return points


def _steady_point(report: Report, language: Language) -> list[str]:
    figures = [figure for figure in report.figures if figure.indicator not in ALWAYS_SAID and figure.value is not None]
    if not any(figure.previous is not None and not _has_moved(figure) for figure in figures):
        return []
    return [language.say("No other indicator has moved by more than chance since the week before.")]


def _has_moved(figure: Figure) -> bool:
    """Does last week's value lie outside this week's interval?"""
    known = figure.value is not None and figure.previous is not None and figure.low is not None and figure.high is not None
    return known and not (figure.low or 0.0) <= (figure.previous or 0.0) <= (figure.high or 0.0)


def _figure_words(figures: Sequence[Figure], language: Language) -> list[str]:
    points = []
    for figure in figures:
        if figure.value is None:
            continue
        said = f"{indicator_name(figure, language)}: {amount(figure.value, figure.unit, language)}"
        if around := interval(figure, language):
            said += f" ({around})"
        if figure.previous is not None:
            said += "; " + language.say("a week ago {value}", value=amount(figure.previous, figure.unit, language))
            if figure.low is not None and figure.high is not None and figure.low <= figure.previous <= figure.high:
                said += " " + language.say("(no more than chance)")
        if figure.earlier_stream is not None:
            said += "; " + language.say(
                "the stream before on the same day {value}", value=amount(figure.earlier_stream, figure.unit, language)
            )
        points.append(f"{said}.")
    return points


#: Column of rpt_week_streams → (is more worse, sentence).
_STREAM_SENTENCES: tuple[tuple[str, bool, str], ...] = (
    (
        "submitted_first_share",
        False,
        N_("{stream}: by day {day}, {value} have handed in the first work (the stream before on the same day {before})."),
    ),
    ("never_started_share", True, N_("{stream}: by day {day}, {value} have never started (the stream before on the same day {before}).")),
    (
        "missed_share",
        True,
        N_("{stream}: by day {day}, {value} of the due works are not handed in (the stream before on the same day {before})."),
    ),
    ("dropped_share", True, N_("{stream}: by day {day}, {value} have left (the stream before on the same day {before}).")),
)


def _stream_points(report: Report, language: Language) -> list[str]:
    """Where a stream does worse than the one before it on the same course day, beyond chance; widest gap first."""
    found = []
    for row in report.streams:
        for column, more_is_worse, sentence in _STREAM_SENTENCES:
            now, before = row.now[column], row.earlier_stream[column]
            if now is None or before is None or row.course_day is None or row.learners is None:
                continue
            low, high = wilson(now, row.learners)
            gap = (now - before) if more_is_worse else (before - now)
            if gap > 0 and not low <= before <= high:
                words = language.say(
                    sentence, stream=stream_label(row), day=row.course_day, value=language.percent(now), before=language.percent(before)
                )
                found.append((-gap, row.stream_id, column, words))
    return [words for *_, words in sorted(found)[: int(threshold("report_stream_points"))]]


def _warning_points(report: Report, language: Language) -> list[str]:
    warned = report.warned
    if warned is None or warned.warned_dropped is None or warned.warned is None:
        return []
    said = language.say(
        "Warnings of four weeks ago: of {warned} named, {left} have left",
        warned=language.number(warned.warned, 0),
        left=language.number(warned.warned_dropped, 0),
    )
    if warned.unwarned_dropped is not None and warned.unwarned is not None:
        said += "; " + language.say(
            "of {unwarned} not named, {left}",
            unwarned=language.number(warned.unwarned, 0),
            left=language.number(warned.unwarned_dropped, 0),
        )
    return [f"{said}."]


def _question_points(report: Report, language: Language) -> list[str]:
    top = next((question for question in report.questions if question.text and not is_small(question.asked)), None)
    if top is None:
        return []
    return [
        language.count(
            "Asked most often ({course}), {n} time: “{text}”.", "Asked most often ({course}), {n} times: “{text}”.",
            top.asked, course=top.course_name or language.say("all courses"), text=cut(top.text or "", int(threshold("report_excerpt"))),
        )
    ]  # fmt: skip


def _headline(report: Report, condition: str) -> Figure | None:
    figures = {figure.indicator: figure for figure in report.figures_of(condition)}
    chosen = [figures[name] for name in HEADLINES if name in figures and figures[name].value is not None]
    known = [figure for figure in figures.values() if figure.value is not None]
    return next(iter([*chosen, *known, *figures.values()]), None)


def _five(report: Report, language: Language, pictures: dict[str, str]) -> list[dict[str, Any]]:
    say = language.say
    rows = []
    for condition in CONDITIONS:
        figure = _headline(report, condition)
        if figure is None:
            rows.append([say(CONDITION_NAMES[condition]), say("no data for this week"), UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN])
            continue
        rows.append(
            [
                say(CONDITION_NAMES[condition]),
                indicator_name(figure, language),
                _shown(figure, language),
                amount(figure.previous, figure.unit, language),
                amount(figure.earlier_stream, figure.unit, language),
                _sureness(figure, language),
            ]
        )
    columns = [
        heading(say("Condition"), "left", 3), heading(say("Indicator"), "left", 3), heading(say("This week"), "right", 1.1), heading(say("Last week"), "right", 1.2),
        heading(say("Stream before, same day"), "right", 1.8), heading(say("How sure"), "right", 1.7),
    ]  # fmt: skip
    blocks = [table(columns, rows, say("One indicator speaks for each condition; the others are below."))]
    lines = [(indicator_name(figure, language), report.trend[figure.indicator]) for figure in _headlines_with_trend(report)]
    if lines:
        pictures["trend"] = charts.trend(lines, language)
        blocks.append(picture("trend", say("By week. Weeks with fewer than {n} cases are left out.", n=int(threshold("small_group")))))
    return blocks


def _headlines_with_trend(report: Report) -> list[Figure]:
    figures = (_headline(report, condition) for condition in CONDITIONS)
    return [figure for figure in figures if figure is not None and figure.indicator in report.trend]


def _sureness(figure: Figure, language: Language) -> str:
    n = f"n{NO_BREAK}={NO_BREAK}{small(figure.n, language)}"
    around = interval(figure, language)
    return f"{around}, {n}" if around else n


def _condition(report: Report, condition: str, language: Language, pictures: dict[str, str]) -> list[dict[str, Any]]:
    say = language.say
    places = list(INDICATORS)
    figures = sorted(report.figures_of(condition), key=lambda one: places.index(one.indicator) if one.indicator in places else len(places))
    blocks: list[dict[str, Any]] = []
    shares = [figure for figure in figures if figure.unit == "share" and figure.value is not None]
    if shares:
        dots = [
            charts.Dot(
                wrapped(indicator_name(figure, language)), figure.value, figure.low, figure.high, figure.previous, figure.earlier_stream
            )
            for figure in shares
        ]
        pictures[condition] = charts.dots(dots, language, legend=legend(language))
        blocks.append(
            picture(
                condition,
                " ".join(
                    compress(
                        (
                            say("Filled: this week with its 95 % interval."),
                            say("Hollow: a week ago."),
                            say("Triangle: the stream before on the same course day."),
                        ),
                        charts.drawn_marks(dots),
                    )
                ),
            )
        )
    rows = [
        [
            indicator_name(figure, language), _shown(figure, language), interval(figure, language) or UNKNOWN, small(figure.n, language),
            amount(figure.previous, figure.unit, language), amount(figure.earlier_stream, figure.unit, language),
        ]
        for figure in figures
    ]  # fmt: skip
    columns = [
        heading(say("Indicator"), "left", 4), heading(say("This week"), "right", 1.1), heading(say("Interval"), "right", 1.3), heading("n", "right", 0.8),
        heading(say("Last week"), "right", 1.2), heading(say("Stream before, same day"), "right", 1.8),
    ]  # fmt: skip
    blocks.append(table(columns, rows))
    known = [(figure, INDICATORS[figure.indicator].definition) for figure in figures if figure.indicator in INDICATORS]
    if known:
        blocks.append(definitions([(indicator_name(figure, language), say(text)) for figure, text in known], language))
    return blocks


_STREAM_COLUMNS = (
    ("active_share", N_("Active this week")),
    ("never_started_share", N_("Never started")),
    ("submitted_first_share", N_("First work handed in")),
    ("missed_share", N_("Due works not handed in")),
    ("completed_share", N_("Completed")),
    ("dropped_share", N_("Left")),
)


def _streams(report: Report, language: Language, pictures: dict[str, str]) -> list[dict[str, Any]]:
    if not report.streams:
        return []
    say = language.say
    blocks: list[dict[str, Any]] = []
    shown = [row for row in report.streams if not row.is_hidden and row.now["submitted_first_share"] is not None]
    if shown:
        dots = []
        for row in shown:
            share = row.now["submitted_first_share"]
            low, high = wilson(share or 0.0, row.learners or 0)
            label = stream_label(row) + (f" · {say('day {day}', day=row.course_day)}" if row.course_day is not None else "")
            before, earlier = row.previous["submitted_first_share"], row.earlier_stream["submitted_first_share"]
            dots.append(charts.Dot(wrapped(label), share, low, high, before, earlier))
        pictures["streams"] = charts.dots(dots, language, legend=legend(language))
        blocks.append(
            picture(
                "streams",
                say(
                    "Share of a stream's learners who have handed in the first work, each stream on its own course day, with the stream before it on the same day."
                )
                if charts.drawn_marks(dots)[2]
                else say("Share of a stream's learners who have handed in the first work, each stream on its own course day."),
            )
        )
    rows = []
    for row in report.streams:
        cells = [
            stream_label(row),
            UNKNOWN if row.course_day is None else str(row.course_day),
            veiled(row.learners) if row.is_hidden else small(row.learners, language),
        ]
        for column, _ in _STREAM_COLUMNS:
            cells.append(_two(row, column, language))
        cells.append(veiled(row.learners) if row.is_hidden else amount(row.now["at_risk"], None, language))
        rows.append(cells)
    columns = [
        heading(say("Stream"), "left", 3.0), heading(say("Day"), "right", 0.85), heading(say("Learners"), "right", 1.6),
        *(heading(say(title), "right", 1.5) for _, title in _STREAM_COLUMNS), heading(say("At risk"), "right", 0.9),
    ]  # fmt: skip
    is_compared = any(
        row.earlier_stream[column] is not None for row in report.streams for column, _ in _STREAM_COLUMNS if not row.is_hidden
    )
    blocks.append(table(columns, rows, say("In brackets: the stream before on the same course day.") if is_compared else ""))
    meanings = [
        (say("Active this week"), say("Current learners with an act of their own in any channel in the last seven days.")),
        (say("Never started"), say("Current learners without a trace so far.")),
        (say("First work handed in"), say("Current learners who handed in the work with the stream's first deadline.")),
        (
            say("Due works not handed in"),
            say("Of the works whose deadline has passed for a current learner, those not handed in so far; late is not missed."),
        ),
        (say("Completed"), say("Of all ever enrolled.")),
        (
            say("Left"),
            say("Of all ever enrolled: unenrolled without completing; once the stream has ended, everybody who did not complete."),
        ),
        (say("At risk"), say("Current learners at high risk of leaving.")),
    ]
    blocks.append(definitions(meanings, language))
    return blocks


def _two(row: StreamRow, column: str, language: Language) -> str:
    if row.is_hidden:
        return veiled(row.learners)
    now, before = row.now[column], row.earlier_stream[column]
    return amount(now, "share", language) + (f" ({amount(before, 'share', language)})" if before is not None else "")


RATING_NAMES = (N_("1 dissatisfied"), N_("2 rather dissatisfied"), N_("3 undecided"), N_("4 rather satisfied"), N_("5 satisfied"))
RATINGS = 5


ASPECT_NAMES = {
    "content": N_("Content"),
    "practice": N_("Practical orientation"),
    "methods": N_("Teaching methods"),
    "communication": N_("Communication"),
    "equipment": N_("Technical equipment"),
    "time": N_("Time"),
    "information": N_("Information"),
    "group_size": N_("Number of people in the group"),
    "certificates": N_("Certification"),
    "feedback": N_("Two-way feedback"),
}
PART_NAMES = {
    "teaching": N_("{course}: how teaching is rated, per cent of answers, each rounded by itself."),
    "organisation": N_("{course}: how organisation is rated, per cent of answers, each rounded by itself."),
}


def _surveys(report: Report, language: Language, pictures: dict[str, str]) -> list[dict[str, Any]]:
    say = language.say
    blocks: list[dict[str, Any]] = []
    aspects = [_as_item(row, language) for row in report.aspects]
    courses = list(dict.fromkeys(row.course_name for row in (*aspects, *report.survey)))
    # One course or all of them are shown rating by rating; the single courses beside that, one column each.
    whole = [None] if None in courses else courses[:1]
    for number, course in enumerate(whole, start=1):
        items = [row for row in report.survey if row.course_name == course]
        title = course or say("all courses")
        shown = [
            row
            for row in (*(row for row in aspects if row.course_name == course), *items)
            if not row.is_hidden and any(share for share in row.shares)
        ]
        if shown:
            name = f"survey{number}"
            bars = [(wrapped(f"{'▲ ' if row.is_vulnerable else ''}{row.item}"), _to_whole(row.shares)) for row in shown]
            pictures[name] = charts.ratings(bars, language, names=[say(rating) for rating in RATING_NAMES])
            blocks.append(
                picture(
                    name,
                    say(
                        "{course}: share of each rating. ▲: vulnerable, that is, many negative and undecided answers together.",
                        course=title,
                    ),
                )
            )
        for part, caption in PART_NAMES.items():
            rows = [_as_item(row, language) for row in report.aspects if row.course_name == course and row.part == part]
            if rows:
                blocks.append(_ratings_table(rows, say("Aspect"), say(caption, course=title), language))
        if items:
            blocks.append(_ratings_table(items, title + ": " + say("item"), "", language))
    single = [course for course in courses if course not in whole]
    most = int(threshold("report_courses_abreast"))
    for first in range(0, len(single), most):
        blocks.append(_survey_courses((*aspects, *report.survey), single[first : first + most], language))
    return blocks


def _to_whole(shares: Sequence[float | None]) -> list[float]:
    """Shares that add up to 1: rounded ones may pass the end of the axis."""
    known = [share or 0.0 for share in shares]
    return [share / sum(known) for share in known]


def _as_item(row: AspectRow, language: Language) -> SurveyRow:
    """An aspect as an item that bears its name; its shares are the rounded per cents, so every table shows the same."""
    shares = tuple(None if per_cent is None else per_cent / 100 for per_cent in row.per_cents)
    name = language.say(ASPECT_NAMES[row.aspect]) if row.aspect in ASPECT_NAMES else row.aspect
    return SurveyRow(row.course_name, name, row.n, shares, row.vulnerable_share, row.is_vulnerable, row.is_hidden)


def _ratings_table(items: Sequence[SurveyRow], what: str, caption: str, language: Language) -> dict[str, Any]:
    say = language.say
    rows = [
        [
            row.item, veiled(row.n) if row.is_hidden else small(row.n, language),
            *(veiled(row.n) if row.is_hidden else amount(share, "share", language) for share in row.shares),
            amount(row.vulnerable_share, "share", language), ("▲ " + say("yes") if row.is_vulnerable else say("no")) if row.is_vulnerable is not None else UNKNOWN,
        ]
        for row in items
    ]  # fmt: skip
    columns = [
        heading(what, "left", 4), heading("n", "right", 0.8), *(heading(str(rating), "right", 0.9) for rating in range(1, RATINGS + 1)),
        heading(say("1–3 together"), "right", 1.2), heading(say("Vulnerable"), "right", 1.3),
    ]  # fmt: skip
    return table(columns, rows, caption)


def _survey_courses(rated: Sequence[SurveyRow], courses: Sequence[str | None], language: Language) -> dict[str, Any]:
    """Items of a few courses side by side: negative and undecided answers together, and of how many."""
    say = language.say
    found = {(row.item, row.course_name): row for row in rated}
    rows = []
    for item in dict.fromkeys(row.item for row in rated if row.course_name in courses):
        cells = [item]
        for course in courses:
            row = found.get((item, course))
            if row is None:
                cells.append(UNKNOWN)
            elif row.is_hidden:
                cells.append(veiled(row.n))
            else:
                share = amount(row.vulnerable_share, "share", language)
                cells.append(f"{'▲ ' if row.is_vulnerable else ''}{share}, n{NO_BREAK}={NO_BREAK}{small(row.n, language)}")
        rows.append(cells)
    columns = [heading(say("item"), "left", 2), *(heading(course or say("all courses"), "right", 1.6) for course in courses)]
    return table(columns, rows, say("Ratings 1 to 3 together, by course. ▲: vulnerable."))


def _questions(report: Report, language: Language) -> list[dict[str, Any]]:
    if not report.questions:
        return []
    say = language.say
    most = int(threshold("report_excerpt"))
    rows = [
        [
            question.course_name or say("all courses"), small(question.asked, language), small(question.people, language),
            UNKNOWN if question.curator_minutes is None or is_small(question.asked) else language.number(question.curator_minutes, 0), cut(question.text or UNKNOWN, most),
            cut(question.faq_answer, most) if question.faq_answer else say("no good answer yet"),
        ]
        for question in report.questions
    ]  # fmt: skip
    columns = [
        heading(say("Course"), "left", 2.6),
        heading(say("Asked, times"), "right", 1.2),
        heading(say("People"), "right", 1.2),
        heading(say("Curators' minutes"), "right", 1.3),
        heading(say("Question"), "left", 4),
        heading(say("Candidate for the FAQ"), "left", 4),
    ]
    blocks = [table(columns, rows, say("Questions of the week that were asked before. Names, addresses and links are masked."))]
    minutes = [question.curator_minutes for question in report.questions if question.curator_minutes is not None]
    if minutes and sum(minutes) >= 1:
        blocks.append(
            note(
                language.count(
                    "Writing the answers to these questions has taken curators about {n} minute so far.",
                    "Writing the answers to these questions has taken curators about {n} minutes so far.",
                    round(sum(minutes)),
                )
            )
        )
    meanings = [
        (
            say("Asked, times"),
            say(
                "Questions with one meaning in one course so far, by {n} learners at least; people: who asked.",
                n=int(threshold("repeated_people_min")),
            ),
        ),
        (
            say("Curators' minutes"),
            say(
                "Reckoned from the words of every reply, one to many counted once, with {n} minutes of handling each: an estimate, no measurement.",
                n=language.number(threshold("answer_handling_minutes")),
            ),
        ),
    ]
    return [*blocks, definitions(meanings, language)]


SOURCE_STATES = {"fresh": N_("fresh"), "late": N_("late"), "failed": N_("could not be read"), "missing": N_("nothing came")}


def _quality(report: Report, language: Language) -> list[dict[str, Any]]:
    if not report.quality:
        return []
    say = language.say
    #: Column of rpt_week_quality → heading, cell; a column that nobody fills is left out.
    cells: tuple[tuple[str, str, str, float, Callable[[Any], str]], ...] = (
        ("state", say("State"), "left", 1.4, lambda value: say(SOURCE_STATES[value]) if value in SOURCE_STATES else str(value)),
        ("covers_until", say("Known up to"), "left", 1.6, language.moment),
        ("items_loaded", say("Files"), "right", 0.9, lambda value: language.number(value, 0)),
        ("items_failed", say("Not read"), "right", 1, lambda value: language.number(value, 0)),
        ("rows_seen", say("Rows"), "right", 1.1, lambda value: language.number(value, 0)),
        ("rows_kept", say("Rows kept"), "right", 1.1, lambda value: language.number(value, 0)),
        ("rows_rejected", say("Rows rejected"), "right", 1.1, lambda value: language.number(value, 0)),
        ("linked_share", say("Accounts known"), "right", 1.1, language.percent),
    )
    used = [cell for cell in cells if any(row[cell[0]] is not None for row in report.quality)]
    rows = []
    for row in report.quality:
        name = source_name(row, language)
        rows.append([name, *(show(row[column]) if row[column] is not None else UNKNOWN for column, _, _, _, show in used)])
    columns = [heading(say("Source"), "left", 2), *(heading(title, align, width) for _, title, align, width, _ in used)]
    meanings = [
        (say("Known up to"), say("The last moment of which the source tells anything.")),
        (say("Rows rejected"), say("Rows that could not be read as what they should be; each is kept with its reason.")),
        (say("Accounts known"), say("Accounts of the source that belong to a known person.")),
    ]
    return [
        table(columns, rows, say("A missing source weakens what rests on it; it makes nobody a risk.")),
        definitions(meanings, language),
    ]
