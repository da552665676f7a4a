"""Sections of the weekly report that show the programme by its parts: the way through the course, risk, waiting, feedback, works, trouble, lists.

Every table stands with what it counts, of whom, and of how many. Where a part is too small to be shown, its number says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.deliveries.lists.wording import CHANNELS, LEVEL_NAMES, SECTION_TITLES, SOURCE_KINDS
from pipelines.deliveries.report import charts
from pipelines.deliveries.report.report_blocks import (
    UNKNOWN,
    amount,
    definitions,
    heading,
    legend,
    note,
    picture,
    small,
    spread,
    table,
    veiled,
    with_spread,
    wrapped,
)  # fmt: skip
from pipelines.deliveries.report.report_model import PartRow, Report
from pipelines.deliveries.shared.language import N_, Language
from pipelines.intervals import wilson
from pipelines.thresholds import threshold

STEPS = {
    "enrolled": N_("Enrolled"),
    "started": N_("Have started"),
    "first_work": N_("Handed in a work"),
    "half_of_due": N_("Handed in half of the works due"),
    "all_due": N_("Handed in every work due"),
    "completed": N_("Completed"),
}


def _of(row: PartRow, column: str, size: str, show: Callable[[Any], str]) -> str:
    """A figure of a row, or what stands for it where the number it rests on is hidden."""
    if size in row.hidden:
        return veiled(row.values[size])
    return UNKNOWN if row.values[column] is None else show(row.values[column])


def _with_interval(row: PartRow, share: str, ends: tuple[str, str], size: str, language: Language) -> str:
    """A share of a row with the ends of its interval."""
    return _of(row, share, size, lambda value: with_spread(value, row.values[ends[0]], row.values[ends[1]], language))


def _size(row: PartRow, size: str, language: Language) -> str:
    number = row.values[size]
    return veiled(number) if size in row.hidden else small(number, language)


def _whole(number: float, language: Language) -> str:
    return language.number(number, 0)


def _part_name(row: PartRow, language: Language) -> str:
    if row.part == "programme":
        return language.say("All courses")
    if row.part == "channel" and row.name in CHANNELS:
        return language.say(CHANNELS[row.name])
    return row.name or UNKNOWN


# -- the way through the course --------------------------------------------------------------------------------------------------


def funnel(report: Report, language: Language, pictures: dict[str, str]) -> list[dict[str, Any]]:
    """How many of those enrolled have come how far: all streams together as bars, each stream as a row."""
    if not report.funnel:
        return []
    say = language.say
    blocks: list[dict[str, Any]] = []
    together = [row for row in report.funnel if row.name is None]
    if together:
        bars = [(wrapped(say(STEPS[row.part])), row.values["share"]) for row in together]
        pictures["funnel"] = charts.steps(bars, [language.number(row.values["learners"], 0) for row in together], language)
        blocks.append(picture("funnel", say("All streams of the week together; beside each bar the number of learners.")))
    steps = list(dict.fromkeys(row.part for row in report.funnel))
    rows = []
    for stream in dict.fromkeys(row.name for row in report.funnel if row.name is not None):
        found = {row.part: row for row in report.funnel if row.name == stream}
        first = next(iter(found.values()))
        cells = [stream, _size(first, "of", language)]
        for step in steps[1:]:
            row = found.get(step)
            cells.append(UNKNOWN if row is None else _of(row, "share", "of", language.percent))
        rows.append(cells)
    columns = [
        heading(say("Stream"), "left", 3), heading(say("Enrolled"), "right", 1.3), *(heading(say(STEPS[step]), "right", 1.6) for step in steps[1:]),
    ]  # fmt: skip
    blocks.append(
        table(columns, rows, say("Shares of those ever enrolled, whether they left later or not; each stream by its own course day."))
    )
    meanings = [
        (say("Have started"), say("A trace of their own in any channel.")),
        (say("Handed in a work"), say("Any work, whenever.")),
        (
            say("Handed in half of the works due"),
            say(
                "Of the works whose deadline for this learner has passed, at least half are handed in, late ones included; the next column: all of them."
            ),
        ),
        (say("Completed"), say("The LMS or a certificate says so, or every required task is passed.")),
    ]
    blocks.append(definitions(meanings, language))
    return blocks


# -- risk ------------------------------------------------------------------------------------------------------------------------------


def risk(report: Report, language: Language) -> list[dict[str, Any]]:
    """Levels now, and what became of those of four weeks ago."""
    say = language.say
    blocks: list[dict[str, Any]] = []
    if report.risk:
        total = sum(row.values["learners"] or 0 for row in report.risk)
        rows = []
        for row in report.risk:
            now, before = row.values["learners"], row.values["learners_previous"]
            low, high = wilson((now or 0) / total, total)
            share = with_spread((now or 0) / total, low, high, language)
            rows.append(
                [
                    say(LEVEL_NAMES[str(row.name)]),
                    _whole(now or 0, language),
                    share,
                    UNKNOWN if before is None else _whole(before, language),
                ]
            )
        columns = [
            heading(say("Risk of leaving"), "left", 3), heading(say("Learners now"), "right", 1.2), heading(say("Share"), "right", 1.8),
            heading(say("A week ago"), "right", 1.2),
        ]  # fmt: skip
        blocks.append(
            table(columns, rows, say("Learners of running streams, scored at the end of the week; n = {n}.", n=_whole(total, language)))
        )
    blocks += _warnings(report, language)
    return blocks


def _warnings(report: Report, language: Language) -> list[dict[str, Any]]:
    say = language.say
    rows, shown = [], False
    for row in report.risk:
        if row.values["learners_then"] is None and not row.hidden:
            continue
        shown = True
        size, left = row.values["learners_then"], row.values["left_since"]
        share = around = UNKNOWN
        if "learners_then" in row.hidden:
            share = around = veiled(size)
        elif left is not None and size:
            share, around = language.percent(left / size), spread(*wilson(left / size, size), language)
        rows.append(
            [
                say(LEVEL_NAMES[str(row.name)]), _size(row, "learners_then", language), _of(row, "left_since", "learners_then", lambda one: _whole(one, language)),
                share, around, _of(row, "foreseen", "learners_then", language.percent),
                _of(row, "completed_since", "learners_then", lambda one: _whole(one, language)), _of(row, "still_running", "learners_then", lambda one: _whole(one, language)),
            ]
        )  # fmt: skip
    if not shown:
        return [note(say("Nobody had been warned four weeks ago: this fills four weeks after the first list."))]
    columns = [
        heading(say("Risk four weeks ago"), "left", 2), heading(say("Learners then"), "right", 1.3), heading(say("Have left since"), "right", 1.2),
        heading(say("Share"), "right", 1.0), heading(say("Interval"), "right", 1.3), heading(say("Foreseen"), "right", 1.2), heading(say("Completed"), "right", 1.3),
        heading(say("Still learning"), "right", 1.2),
    ]  # fmt: skip
    blocks = [table(columns, rows)]
    warned = report.warned
    sums = [warned.warned, warned.warned_dropped, warned.unwarned_dropped] if warned else []
    if warned and sums and all(part is not None for part in sums):
        total = (warned.warned_dropped or 0) + (warned.unwarned_dropped or 0)
        if total:
            blocks.append(
                note(
                    say(
                        "Of those who have left since, {share} had been at high risk.",
                        share=language.percent((warned.warned_dropped or 0) / total),
                    )
                )
            )
    meanings = [
        (say("Have left since"), say("Left the course, or did not complete by its end, or never started.")),
        (
            say("Foreseen"),
            say("The mean score of that day: where it lies inside the interval, the warnings promised neither too much nor too little."),
        ),
        (
            say("What the score cannot say"),
            say(
                "It knows what people do in the channels that are read, and not why. Learners who were helped in time count as warned and stayed: good work makes warnings look worse. A warning is a reason to write to somebody, and no judgement."
            ),
        ),
    ]
    return [*blocks, definitions(meanings, language)]


# -- waiting for an answer -----------------------------------------------------------------------------------------------------------


def latency(report: Report, language: Language, pictures: dict[str, str]) -> list[dict[str, Any]]:
    """How long the questions of the week waited, by course and by channel, by the clock and by working hours."""
    say = language.say
    elapsed = [row for row in report.latency if row.values["clock"] == "elapsed"]
    if not elapsed:
        return []
    working = {(row.part, row.name): row for row in report.latency if row.values["clock"] == "working"}
    blocks: list[dict[str, Any]] = []
    known = [row for row in elapsed if row.values["km_within_24h"] is not None]
    if known:
        dots = [
            charts.Dot(wrapped(_part_name(row, language)), row.values["km_within_24h"], row.values["low"], row.values["high"], row.values["km_within_24h_previous"])
            for row in known
        ]  # fmt: skip
        pictures["latency"] = charts.dots(dots, language, legend=legend(language))
        blocks.append(
            picture("latency", say("Share of the week's questions answered by a curator within 24 hours, with its 95 % interval."))
        )
    rows = []
    for row in elapsed:
        other = working.get((row.part, row.name))

        def hours(value: float) -> str:
            return amount(value, "hours", language)

        rows.append(
            [
                _part_name(row, language), _size(row, "questions", language), _of(row, "open_now", "questions", lambda one: _whole(one, language)),
                _of(row, "oldest_open_hours", "questions", language.duration), _of(row, "km_within_24h", "questions", language.percent),
                veiled(row.values["questions"]) if "questions" in row.hidden else spread(row.values["low"], row.values["high"], language) or UNKNOWN,
                _of(row, "km_median_hours", "questions", hours), UNKNOWN if other is None else _of(other, "km_median_hours", "questions", hours),
                _of(row, "km_within_24h_previous", "questions_previous", language.percent),
            ]
        )  # fmt: skip
    columns = [
        heading(say("Course or channel"), "left", 2.6), heading(say("Questions"), "right", 1.3), heading(say("Open"), "right", 1.1), heading(say("Oldest open"), "right", 1.4),
        heading(say("Within 24 h"), "right", 1.0), heading(say("Interval"), "right", 1.4), heading(say("Median"), "right", 1.2), heading(say("Median, working hours"), "right", 1.4),
        heading(say("Within 24 h last week"), "right", 1.2),
    ]  # fmt: skip
    blocks.append(table(columns, rows))
    meanings = [
        (say("Questions"), say("Learners' questions of the calendar week; a burst of messages is one question.")),
        (
            say("Within 24 h"),
            say(
                "Answered with substance by a person with a curator's role. A question that is still open counts as waiting for as long as it has waited (Kaplan–Meier): leaving the unanswered out would flatter. An answer in a chat that refers to nothing is counted only where it is sure whose it is, so of chats the share is rather too low."
            ),
        ),
        (say("Median, working hours"), say("Only the hours in which curators work by the programme's calendar.")),
    ]
    return [*blocks, definitions(meanings, language)]


# -- feedback ------------------------------------------------------------------------------------------------------------------------------


def feedback(report: Report, language: Language) -> list[dict[str, Any]]:
    """What comments are worth, and how long works wait for their mark."""
    if not report.feedback:
        return []
    say = language.say
    kinds, times = [], []
    for row in report.feedback:
        name = _part_name(row, language)

        def share(value: float, row: PartRow = row) -> str:
            return language.percent(value / row.values["marks"])

        if row.values["marks"]:
            kinds.append(
                [
                    name, _size(row, "marks", language),
                    _with_interval(row, "substantive_share", ("low", "high"), "marks", language),
                    *(_of(row, kind, "marks", share) for kind in ("returned", "formal", "boilerplate", "without_comment")),
                ]
            )  # fmt: skip
        if row.values["works"] or row.values["works_previous"]:
            times.append(
                [
                    name, _size(row, "works", language), _of(row, "unmarked", "works", lambda one: _whole(one, language)),
                    _with_interval(row, "in_time_share", ("in_time_low", "in_time_high"), "works", language),
                    _of(row, "median_hours", "works", lambda one: amount(one, "hours", language)),
                    _size(row, "works_previous", language), _of(row, "in_time_share_previous", "works_previous", language.percent),
                    _of(row, "unmarked_previous", "works_previous", lambda one: _whole(one, language)),
                ]
            )  # fmt: skip
    quick = language.number(threshold("quick_feedback_hours"), 0)
    blocks = []
    if kinds:
        columns = [
            heading(say("Course"), "left", 3), heading(say("Marks"), "right", 1), heading(say("Says something"), "right", 2), heading(say("Of them sent back"), "right", 1.2),
            heading(say("Only formal"), "right", 1.4), heading(say("Set pieces"), "right", 1.1), heading(say("No comment"), "right", 1.4),
        ]  # fmt: skip
        blocks.append(table(columns, kinds, say("Marks of the week by what their comment is worth, per cent of the marks.")))
    if times:
        columns = [
            heading(say("Course"), "left", 2.6), heading(say("Works"), "right", 1), heading(say("Unmarked"), "right", 1.4), heading(say("Marked within {hours} h", hours=quick), "right", 2),
            heading(say("Median"), "right", 1.2), heading(say("Works last week"), "right", 1.2), heading(say("Within {hours} h", hours=quick), "right", 1.1),
            heading(say("Still unmarked"), "right", 1.4),
        ]  # fmt: skip
        blocks.append(table(columns, times, say("Works by the week in which they were handed in: how long they wait for a mark.")))
    if not blocks:
        return []
    meanings = [
        (
            say("Says something"),
            say(
                "The comment names what is good or missing, asks, quotes, or sends the work back to be mended; judged by rules that can be read, not by people."
            ),
        ),
        (say("Set pieces"), say("Nearly the same words to several learners, with nothing specific in them.")),
        (
            say("Marked within {hours} h", hours=quick),
            say(
                "From handing in to the mark; a work without a mark counts as waiting (Kaplan–Meier). “—”: too few hours have passed since this week's works to say. Works that mark themselves are left out."
            ),
        ),
    ]
    return [*blocks, definitions(meanings, language)]


# -- copies and formal completions -----------------------------------------------------------------------------------------------------------


def works(report: Report, language: Language) -> list[dict[str, Any]]:
    """Works that agree with another text and completions that look formal, with what is not known of either."""
    if not report.works:
        return []
    say = language.say
    copies, formal = [], []
    for row in report.works:
        name = _part_name(row, language)
        if row.values["works"]:
            copies.append(
                [
                    name, _size(row, "works", language), _size(row, "compared", language), _of(row, "copied", "compared", lambda one: _whole(one, language)),
                    _with_interval(row, "copied_share", ("copied_low", "copied_high"), "compared", language),
                    _of(row, "copied_from_chat", "compared", lambda one: _whole(one, language)), _of(row, "tampered", "compared", lambda one: _whole(one, language)),
                ]
            )  # fmt: skip
        if row.values["completions"]:
            formal.append(
                [
                    name, _size(row, "completions", language), _size(row, "judged", language), _of(row, "formal", "judged", lambda one: _whole(one, language)),
                    _with_interval(row, "formal_share", ("formal_low", "formal_high"), "judged", language),
                ]
            )  # fmt: skip
    blocks = []
    if copies:
        columns = [
            heading(say("Course"), "left", 3), heading(say("Works"), "right", 1), heading(say("Compared"), "right", 1.4), heading(say("Agree"), "right", 1.3),
            heading(say("Share"), "right", 1.7), heading(say("From a chat"), "right", 1), heading(say("Disguised"), "right", 1.4),
        ]  # fmt: skip
        blocks.append(
            table(
                columns, copies, say("Works of the week, handed in for the first time, that agree with an earlier work or a chat message.")
            )
        )
    if formal:
        columns = [
            heading(say("Course"), "left", 3), heading(say("Completions"), "right", 1.6), heading(say("Can be judged"), "right", 1.6), heading(say("Look formal"), "right", 1.3),
            heading(say("Share"), "right", 1.7),
        ]  # fmt: skip
        blocks.append(table(columns, formal, say("Completions so far of which the evidence says that little was learned.")))
    if not blocks:
        return []
    meanings = [
        (
            say("Compared"),
            say(
                "Works with a text of their own that could be read. Of the others (pictures, files without text) nothing is known: they are no “no”."
            ),
        ),
        (
            say("Agree"),
            say(
                "A part of the text large enough stands in somebody else's earlier text; task texts, materials and templates left out, disputed pairs not counted. Something to look at: a person decides."
            ),
        ),
        (say("Disguised"), say("With invisible characters or letters of another alphabet.")),
        (
            say("Look formal"),
            say(
                "At least {n} of four signs: copied works, idle webinars, unopened materials, answers faster than reading. Where too few signs can be seen, the completion is not judged.",
                n=int(threshold("formal_evidences")),
            ),
        ),
    ]
    return [*blocks, definitions(meanings, language)]


# -- technical trouble -------------------------------------------------------------------------------------------------------------------------

SIGNS = {
    "question": N_("Questions about technical trouble, of all questions"),
    "upload": N_("Works tried again and again on one day, of works handed in that day"),
    "reconnect": N_("Webinar visits with a reconnect"),
    "login": N_("Failed log-ins, of all attempts"),
}


def trouble(report: Report, language: Language) -> list[dict[str, Any]]:
    """Signs that the technology stands in the way."""
    if not report.trouble:
        return []
    say = language.say
    rows = [
        [
            say(SIGNS[str(row.name)]), _of(row, "cases", "n", lambda one: _whole(one, language)), _size(row, "n", language),
            _with_interval(row, "share", ("low", "high"), "n", language),
            _of(row, "share_previous", "n_previous", language.percent) if row.values["n_previous"] is not None else UNKNOWN,
            _of(row, "people", "n", lambda one: _whole(one, language)),
        ]
        for row in report.trouble
    ]  # fmt: skip
    columns = [
        heading(say("Sign"), "left", 4), heading(say("Cases"), "right", 0.9), heading(say("Of"), "right", 0.9), heading(say("Share"), "right", 2), heading(say("Last week"), "right", 1.1),
        heading(say("Learners"), "right", 1.3),
    ]  # fmt: skip
    meanings = [
        (
            say("Works tried again and again on one day, of works handed in that day"),
            say("One learner, one task, one day: uploaded or handed in {n} times or more.", n=int(threshold("upload_tries"))),
        ),
        (say("Webinar visits with a reconnect"), say("The connection broke, or a second device joined.")),
        (say("Failed log-ins, of all attempts"), say("The LMS does not know whose they are, so learners are not counted.")),
    ]
    return [table(columns, rows, say("A sign without a row: no source tells of it.")), definitions(meanings, language)]


# -- what became of those on the lists ---------------------------------------------------------------------------------------------------------


def listed(report: Report, language: Language) -> list[dict[str, Any]]:
    """What curators said of the lines on their lists."""
    if not report.listed:
        return []
    say = language.say
    rows = []
    for row in report.listed:
        marked = (
            None
            if row.values["contacted"] is None
            else sum(row.values[state] for state in ("contacted", "waiting", "resolved", "false_alarm", "snoozed"))
        )
        cells = [say(SECTION_TITLES[row.name]) if row.name in SECTION_TITLES else say("All lines"), _size(row, "lines", language)]
        for number in (
            marked, *(row.values[name] for name in ("spoken", "acted", "resolved", "false_alarm", "snoozed")),
        ):  # fmt: skip
            cells.append(veiled(row.values["lines"]) if "lines" in row.hidden else UNKNOWN if number is None else _whole(number, language))
        rows.append(cells)
    columns = [
        heading(say("Section"), "left", 2.6), heading(say("Lines"), "right", 1.1), heading(say("Marked"), "right", 1.3), heading(language.say_as("neutral", "Contacted"), "right", 1.4),
        heading(say("Acted after it"), "right", 1.3), heading(say("Resolved"), "right", 1.3), heading(say("False alarm"), "right", 1.2), heading(say("Snoozed"), "right", 1.3),
    ]  # fmt: skip
    blocks = [table(columns, rows, say("Lines of the lists read this week and what curators marked; all curators together."))]
    if not any(
        row.values["contacted"] is not None and sum(row.values[name] for name in ("spoken", "resolved", "false_alarm", "snoozed"))
        for row in report.listed
    ):
        blocks.append(note(say("No line was marked. What became of these learners is not known.")))
    meanings = [
        (
            say("Lines"),
            say(
                "A learner, or a group of works or learners, that stood on any list of the week; counted once, in the section where it stood last."
            ),
        ),
        (
            say("Acted after it"),
            say("Of those contacted: any act of the learner's own after the mark. That it came of the contact is not said."),
        ),
        (say("False alarm"), say("The curator says that nothing was the matter: the share of lines that were not worth their time.")),
    ]
    return [*blocks, definitions(meanings, language)]


# -- what is missing -----------------------------------------------------------------------------------------------------------------------------

_CHATS = ("telegram", "whatsapp", "vk", "slack", "mattermost", "rocketchat", "discord", "max")
WEBINARS = ("zoom", "bigbluebutton", "teams", "meet", "mts_link", "attendance_csv")
#: What a report lacks without a source, by kinds of sources.
MEANINGS: tuple[tuple[Sequence[str], str], ...] = (
    (("mailbox", "imap"), N_("questions and answers by mail and signs that notices arrived are missing: waiting looks longer and reach smaller than they are")),
    (_CHATS, N_("questions and answers in the chat are missing: what was asked there is in no figure, and copies from the chat are not found")),
    (WEBINARS, N_("attendance is missing: learners look less active, and idle presence is not seen")),
    (("survey_csv",), N_("the survey tables rest on earlier answers")),
    (
        ("moodle_db", "moodle_ws", "moodle_reports", "moodle_participants", "moodle_grades", "moodle_submissions", "moodle_forums", "moodle_logs", "openedx", "xapi", "oulad", "generic"),
        N_("works, marks and visits after that are missing: learners look more silent than they are, and works later than they came"),
    ),
)  # fmt: skip


def source_name(row: dict[str, Any], language: Language) -> str:
    """«Почта (pochta)»."""
    kind = row["kind"]
    return f"{language.say(SOURCE_KINDS[kind])} ({row['source']})" if kind in SOURCE_KINDS else row["source"]


def missing(report: Report, language: Language) -> list[str]:
    """A sentence for each source that is late, failed or missing, and for each with a broken file: what came, and what it means for the report."""
    say, said = language.say, []
    for row in report.quality:
        name = source_name(row, language)
        until = language.moment(row["covers_until"]) if row["covers_until"] else None
        match row["state"]:
            case "missing" if until:
                words = say("{source}: nothing new could be read", source=name)
            case "missing":
                words = say("{source}: nothing has come at all", source=name)
            case "failed":
                words = say("{source}: the last export could not be read", source=name)
            case "late" if row["items_failed"]:
                words = say("{source}: the newest data are late, and a file could not be read", source=name)
            case "late":
                words = say("{source}: the export is late", source=name)
            case _ if row["items_failed"]:
                said.append(say("{source}: one of its files could not be read; the others are in.", source=name))
                continue
            case _:
                continue
        if until:
            words += say(", known up to {moment}", moment=until)
        meaning = next((text for kinds, text in MEANINGS if row["kind"] in kinds), None)
        said.append(f"{words}: {say(meaning)}." if meaning else f"{words}.")
    return said
