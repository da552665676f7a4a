"""The weekly leadership report: streams side by side, the five conditions, where it hurts and how sure we are.

:func:`build_report` reads the weekly report tables into a model that holds figures and no names; :mod:`pipelines.deliveries.report.frozen` keeps it with its
page and PDF, both from the same words (:mod:`pipelines.deliveries.report.report_words`). The same tables give the same bytes, and the version on the report
is a hash of its content, not of a clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.deliveries.report import frozen
from pipelines.deliveries.report.report_model import (
    CONDITIONS,
    DAYS_A_WEEK,
    STREAM_SHARES,
    AspectRow,
    Figure,
    PartRow,
    RepeatedQuestion,
    Report,
    StreamRow,
    SurveyRow,
    Warned,
    is_small,
    kept,
)
from pipelines.deliveries.shared.files import remember_files
from pipelines.deliveries.shared.report_tables import COLUMNS, read_rows, steady
from pipelines.errors import BadContract
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

FILE_KINDS = ("report_html", "report_pdf", "report_xlsx", "report_json")
#: Columns of rpt_week_quality that are shown where the table has them.
_QUALITY = (
    "kind", "state", "covers_until", "items_loaded", "items_failed", "rows_seen", "rows_kept", "rows_rejected", "accounts", "accounts_linked",
    "linked_share", "problem",
)  # fmt: skip


def build_report(warehouse: Warehouse, programme: Programme, week_ends_on: date) -> Report:
    """The report of the week that ends on that day (a Sunday).

    Figures about fewer people than the threshold ``small_group`` are hidden here, so no writer can show them. Raises BadContract where a
    weekly table or a column of it is missing, or where the week has no row at all.
    """
    week = [week_ends_on]
    streams = read_rows(
        warehouse,
        "rpt_week_streams",
        "week_ends_on = ?",
        week,
        order="course_name, stream_title, stream_id",
        optional=tuple(f"{name}{suffix}" for name in STREAM_SHARES for suffix in ("_previous", "_earlier_stream")),
    )
    conditions = read_rows(warehouse, "rpt_week_conditions", "week_ends_on = ?", week, order="condition, indicator")
    if not streams and not conditions:
        raise BadContract(
            f"reports.rpt_week_streams: no row for the week that ends on {week_ends_on}; the reports of that week are not built"
        )
    survey = read_rows(warehouse, "rpt_week_survey", "week_ends_on = ?", week, order="course_name nulls first, item")
    aspects = read_rows(warehouse, "rpt_week_aspects", "week_ends_on = ?", week, order="course_name nulls first, place")
    questions = read_rows(
        warehouse,
        "rpt_week_questions",
        "week_ends_on = ?",
        week,
        order="asked desc, course_name, cluster_id",
        optional=("asked_this_week", "people", "answers", "curator_minutes"),
    )
    parts = {
        table: read_rows(warehouse, table, "week_ends_on = ?", week, order=order)
        for table, order in (
            ("rpt_week_funnel", "course_name, stream_title, stream_id, place"),
            ("rpt_week_risk", "place"),
            ("rpt_week_latency", "clock, case part when 'programme' then 1 when 'course' then 2 else 3 end, course_name, part_id"),
            ("rpt_week_feedback", "case part when 'programme' then 1 else 2 end, course_name, part_id"),
            ("rpt_week_works", "case part when 'programme' then 1 else 2 end, course_name, part_id"),
            ("rpt_week_trouble", "place"),
        )
    }
    warned = read_rows(warehouse, "rpt_week_warnings", "week_ends_on = ?", week, order="warned", optional=("ended",))
    quality = read_rows(warehouse, "rpt_week_quality", "week_ends_on = ?", week, order="source", optional=_QUALITY)
    sizes = [row["learners"] or 0 for row in streams]
    stream_sizes = [place in hidden_places(sizes) for place in range(len(sizes))]
    masked = masked_questions(warehouse, questions[: int(threshold("report_questions"))])
    return Report(
        programme_name=programme.name,
        week_ends_on=week_ends_on,
        courses=len({row["course_name"] for row in streams}),
        streams=tuple(_stream(row, stream_sizes[place]) for place, row in enumerate(streams)),
        learners=sum(row["learners"] or 0 for row in streams),
        figures=tuple(sorted((_figure(row) for row in conditions), key=lambda figure: (_place(figure.condition), figure.indicator))),
        aspects=tuple(_aspect(row) for row in _protected(aspects, "aspect")),
        survey=tuple(_survey(row) for row in _protected([row for row in survey if row["aspect"] is None], "item")),
        questions=tuple(_without_few(question) for question in masked),
        warned=_warned(warned[0]) if warned else None,
        funnel=_funnel(parts["rpt_week_funnel"], {row["stream_id"] for place, row in enumerate(streams) if stream_sizes[place]}),
        risk=_risk(parts["rpt_week_risk"]),
        latency=tuple(
            row
            for clock in ("elapsed", "working")
            for row in _parts([one for one in parts["rpt_week_latency"] if one["clock"] == clock], _LATENCY, also=("clock",))
        ),
        feedback=_parts(parts["rpt_week_feedback"], _FEEDBACK),
        works=_parts(parts["rpt_week_works"], _WORKS),
        trouble=tuple(_alone("sign", row["sign"], row, _TROUBLE) for row in parts["rpt_week_trouble"]),
        listed=_listed(warehouse, week_ends_on),
        quality=tuple({name: row[name] for name in ("source", *_QUALITY)} for row in quality),
        trend=_trend(warehouse, week_ends_on),
        zone=programme.zone,
    )


def input_hashes(warehouse: Warehouse, week_ends_on: date) -> dict[str, str]:
    """Report table → hash of its rows of the week (of the lists: of the lines of its mornings): what a report was made from."""
    found = {}
    for table in (*sorted(name for name in COLUMNS if name.startswith("rpt_week_")), "rpt_week_figures", "rpt_week_marks"):
        rows = warehouse.rows(f"select * from reports.{table} where week_ends_on = ?", [week_ends_on])
        found[f"reports.{table}"] = _hash(sorted(tuple(str(steady(value)) for value in row) for row in rows))
    lines = warehouse.rows(
        "select distinct day, section, item_id from deliveries.list_items where day between ? and ? order by all",
        [week_ends_on - timedelta(days=DAYS_A_WEEK), week_ends_on - timedelta(days=1)],
    )
    return {**found, "deliveries.list_items": _hash(lines)}


def _hash(rows: Sequence[tuple[Any, ...]]) -> str:
    return sha256("\n".join("\x1f".join(map(str, row)) for row in rows).encode()).hexdigest()


def remember_report(warehouse: Warehouse, week_ends_on: date, folder: Path) -> int:
    """Note the files of all versions of a week in deliveries.files. Returns the rows written."""
    return remember_files(warehouse, week_ends_on, frozen.files_of(folder, week_ends_on), FILE_KINDS)


# -- rows ------------------------------------------------------------------------------------------------------------------------


def _place(condition: str) -> int:
    return CONDITIONS.index(condition) if condition in CONDITIONS else len(CONDITIONS)


def _figure(row: dict[str, Any]) -> Figure:
    hidden = is_small(row["n"])
    shown = {name: None if hidden else row[name] for name in ("value", "low", "high")}
    return Figure(
        row["condition"], row["indicator"], shown["value"], shown["low"], shown["high"], kept(row["n"]),
        None if hidden else row["previous"], None if hidden else row["earlier_stream"], row["unit"], row["note"], hidden,
    )  # fmt: skip


def hidden_places(sizes: Sequence[int], unlisted: int = 0) -> set[int]:
    """Which parts of a total that is shown as well must not be shown, by place. ``unlisted``: what the total has beside the parts.

    Primary: those under ``small_group``. Complementary: where all the hidden ones together are still fewer than that, the total less what is
    shown would give them away, so the smallest shown ones are hidden too, until nothing can be told of fewer people than allowed.
    """
    hidden = {place for place, size in enumerate(sizes) if 0 < size < threshold("small_group")}
    while (hidden or unlisted) and sum(sizes[place] for place in hidden) + unlisted < threshold("small_group"):
        rest = [place for place, size in enumerate(sizes) if place not in hidden and size > 0]
        if not rest:
            break
        hidden.add(min(rest, key=lambda place: (sizes[place], place)))
    return hidden


def _protected(rows: Sequence[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """Survey rows; of the courses of one item those are emptied that the row of all courses would give away."""
    found = [dict(row) for row in rows]
    for name in {row[what] for row in rows}:
        if not any(row[what] == name and row["course_name"] is None for row in rows):
            continue
        places = [place for place, row in enumerate(found) if row[what] == name and row["course_name"] is not None]
        for place in hidden_places([found[one]["n"] or 0 for one in places]):
            found[places[place]]["is_protected"] = True
    return found


def _stream(row: dict[str, Any], is_protected: bool) -> StreamRow:
    hidden = is_protected or is_small(row["learners"])

    def values(suffix: str) -> dict[str, float | None]:
        return {name: None if hidden else row[f"{name}{suffix}"] for name in STREAM_SHARES}

    return StreamRow(
        row["stream_id"], row["course_name"], row["stream_title"], row["course_day"],
        None if is_protected and not is_small(row["learners"]) else kept(row["learners"]), hidden, values(""), values("_previous"),
        values("_earlier_stream"),
    )  # fmt: skip


def _size(row: dict[str, Any]) -> int | None:
    """How many answered; None where that has to be hidden although they are many."""
    number = row["n"] or 0
    return None if row.get("is_protected") and not is_small(number) else kept(number)


def _survey(row: dict[str, Any]) -> SurveyRow:
    hidden = bool(row.get("is_protected")) or is_small(row["n"])
    shares = tuple(None if hidden else row[f"share_{rating}"] for rating in range(1, 6))
    vulnerable = None if hidden else row["vulnerable_share"]
    return SurveyRow(row["course_name"], row["item"], _size(row), shares, vulnerable, None if hidden else row["is_vulnerable"], hidden)


def _aspect(row: dict[str, Any]) -> AspectRow:
    hidden = bool(row.get("is_protected")) or is_small(row["n"])
    per_cents = tuple(None if hidden else row[f"percent_{rating}"] for rating in range(1, 6))
    vulnerable = None if hidden else row["vulnerable_share"]
    is_vulnerable = None if hidden else row["is_vulnerable"]
    return AspectRow(row["course_name"], row["part"], row["aspect"], _size(row), per_cents, vulnerable, is_vulnerable, hidden)


def _warned(row: dict[str, Any]) -> Warned:
    """Counts; those of a group that is too small are None."""
    parts = {"ended": kept(row["ended"])}
    for group in ("warned", "unwarned"):
        small = is_small(row[group])
        parts[group] = kept(row[group])
        parts[f"{group}_dropped"] = None if small else row[f"{group}_dropped"]
    return Warned(**parts)


#: Tables of parts: column of how many cases → the figures that rest on them.
_LATENCY = {
    "questions": ("answered", "open_now", "km_within_24h", "low", "high", "km_median_hours", "km_median_low", "km_median_high", "rmst_72h", "oldest_open_hours"),
    "questions_previous": ("km_within_24h_previous",),
}  # fmt: skip
_FEEDBACK = {
    "marks": ("substantive", "returned", "formal", "boilerplate", "without_comment", "substantive_share", "low", "high"),
    "works": ("marked", "unmarked", "median_hours", "in_time_share", "in_time_low", "in_time_high"),
    "works_previous": ("unmarked_previous", "median_hours_previous", "in_time_share_previous"),
}
_WORKS = {
    "works": (),
    "compared": ("copied", "copied_from_chat", "tampered", "copied_share", "copied_low", "copied_high"),
    "completions": (),
    "judged": ("formal", "formal_share", "formal_low", "formal_high"),
}
_TROUBLE = {"n": ("cases", "people", "share", "low", "high"), "n_previous": ("share_previous",)}


def _parts(rows: Sequence[dict[str, Any]], groups: dict[str, tuple[str, ...]], *, also: tuple[str, ...] = ()) -> tuple[PartRow, ...]:
    """Rows of all the programme and of its parts; small parts are hidden, and those by which they could be reckoned out of the whole.

    Each kind of part (courses, channels) is a partition of its own. What belongs to no part is one more part that is never shown.
    """
    hidden: dict[tuple[int, str], bool] = {}
    for size in groups:
        whole = next((row[size] or 0 for row in rows if row["part"] == "programme"), None)
        for kind in {row["part"] for row in rows}:
            places = [place for place, row in enumerate(rows) if row["part"] == kind]
            sizes = [rows[place][size] or 0 for place in places]
            unlisted = 0 if kind == "programme" or whole is None else max(0, whole - sum(sizes))
            covered = set() if kind == "programme" else hidden_places(sizes, unlisted)
            for at, place in enumerate(places):
                hidden[place, size] = at in covered or is_small(sizes[at])
    found = []
    for place, row in enumerate(rows):
        values: dict[str, Any] = {name: row[name] for name in also}
        for size, figures in groups.items():
            is_hidden = hidden[place, size]
            values[size] = None if is_hidden and not is_small(row[size] or 0) else kept(row[size] or 0)
            values |= {name: None if is_hidden else row[name] for name in figures}
        name = row["course_name"] if row["part"] == "course" else row["part_id"] if row["part"] == "channel" else None
        found.append(PartRow(row["part"], name, values, tuple(size for size in groups if hidden[place, size])))
    return tuple(found)


def _alone(part: str, name: str | None, row: dict[str, Any], groups: dict[str, tuple[str, ...]]) -> PartRow:
    """A row that is part of no total that is shown."""
    values: dict[str, Any] = {}
    for size, figures in groups.items():
        values[size] = kept(row[size])
        values |= {figure: None if is_small(row[size]) else row[figure] for figure in figures}
    return PartRow(part, name, values, tuple(size for size in groups if is_small(row[size])))


def _funnel(rows: Sequence[dict[str, Any]], hidden_streams: set[str]) -> tuple[PartRow, ...]:
    """Steps of all streams together, then of each that is large enough and shown elsewhere; a step is a share of those enrolled in the streams
    that tell of it. Hidden streams are in the sum of a step where all of them tell of it: one step less another must not single one out."""
    enrolled = {row["stream_id"]: row["learners"] for row in rows if row["step"] == "enrolled"}
    streams = list(enrolled)
    covered = hidden_places([enrolled[stream] for stream in streams])
    hidden = hidden_streams | {stream for place, stream in enumerate(streams) if place in covered}
    found = []
    for step in dict.fromkeys(row["step"] for row in sorted(rows, key=lambda row: row["place"])):
        told = [row for row in rows if row["step"] == step]
        if not hidden <= {row["stream_id"] for row in told}:
            told = [row for row in told if row["stream_id"] not in hidden]
        of = sum(enrolled[row["stream_id"]] for row in told)
        if not is_small(of):
            reached = sum(row["learners"] for row in told)
            found.append(PartRow(step, None, {"learners": reached, "of": of, "share": reached / of}))
    for row in rows:
        name = ", ".join(dict.fromkeys(part for part in (row["course_name"], row["stream_title"]) if part)) or row["stream_id"]
        of, is_hidden = enrolled[row["stream_id"]], row["stream_id"] in hidden
        values = {"learners": row["learners"], "of": of, "share": row["learners"] / of} if of and not is_hidden else {}
        size = {"of": None if is_hidden and not is_small(of) else kept(of)}
        found.append(PartRow(row["step"], name, {"learners": None, "share": None, **values, **size}, ("of",) if is_hidden else ()))
    return tuple(found)


def _risk(rows: Sequence[dict[str, Any]]) -> tuple[PartRow, ...]:
    """Levels of risk. What became of those of a level is hidden where they were few; the levels without a warning are shown in sum as well,
    so that one of them is hidden with the other."""
    if is_small(sum(row["learners"] or 0 for row in rows)):
        return ()
    unwarned = [place for place, row in enumerate(rows) if row["level"] != "high"]
    hidden = {place for place, row in enumerate(rows) if is_small(row["learners_then"])}
    hidden |= {unwarned[place] for place in hidden_places([rows[one]["learners_then"] or 0 for one in unwarned])}
    found = []
    for place, row in enumerate(rows):
        then, known = row["learners_then"], row["learners_then"] is not None
        figures = ("left_since", "completed_since", "still_running", "foreseen")
        values = {name: None if place in hidden else row[name] for name in figures}
        values |= {"learners": row["learners"], "learners_previous": row["learners_previous"]}
        values["learners_then"] = None if place in hidden and not is_small(then) else kept(then)
        found.append(PartRow("level", row["level"], values, ("learners_then",) if place in hidden and known else ()))
    return tuple(found)


#: What is said of a line after it was marked; an earlier mark that was taken back is none.
_STATES = ("contacted", "waiting", "resolved", "false_alarm", "snoozed")


def _listed(warehouse: Warehouse, week_ends_on: date) -> tuple[PartRow, ...]:
    """Lines of the lists that were read on the week's mornings, by the section they stood in last, and the last mark of each.

    Curators are counted together: how a single one works is no matter of this report.
    """
    columns = ", ".join(f"count(*) filter (where marks.state = '{state}') as {state}" for state in _STATES)
    rows = warehouse.arrow(
        "with items as (select items.item_id, arg_max(items.section, items.day) as section from deliveries.list_items as items "
        f"where items.day between ? and ? group by items.item_id) select items.section, count(*) as lines, {columns}, "
        "count(*) filter (where marks.state in ('contacted', 'waiting')) as spoken, "
        "count(*) filter (where marks.state in ('contacted', 'waiting') and marks.has_acted_since) as acted "
        "from items left join (select * from reports.rpt_week_marks where week_ends_on = ?) as marks using (item_id) "
        "group by grouping sets ((items.section), ()) order by items.section nulls first",
        [week_ends_on - timedelta(days=DAYS_A_WEEK), week_ends_on - timedelta(days=1), week_ends_on],
    ).to_pylist()
    whole = [row for row in rows if row["section"] is None and row["lines"]]
    sections = [row for row in rows if row["section"] is not None]
    covered = hidden_places([row["lines"] for row in sections])
    found = []
    for place, row in [(None, one) for one in whole] + list(enumerate(sections)):
        is_hidden = is_small(row["lines"]) or place in covered
        values = {name: None if is_hidden else row[name] for name in (*_STATES, "spoken", "acted")}
        values["lines"] = None if is_hidden and not is_small(row["lines"]) else kept(row["lines"])
        found.append(PartRow("section", row["section"], values, ("lines",) if is_hidden else ()))
    return tuple(found)


def _trend(warehouse: Warehouse, week_ends_on: date) -> dict[str, tuple[tuple[date, float], ...]]:
    """Indicator → (week, value) of the weeks up to this one, small groups left out; indicators with too few weeks are left out."""
    rows = warehouse.rows(
        "select indicator, until_day, value from reports.rpt_week_figures where week_ends_on = ? and value is not null "
        "and unit = 'share' and n >= ? order by indicator, until_day",
        [week_ends_on, threshold("small_group")],
    )
    weeks: dict[str, list[tuple[date, float]]] = {}
    for indicator, week, value in rows:
        weeks.setdefault(indicator, []).append((week, steady(value)))
    return {name: tuple(points) for name, points in weeks.items() if len(points) >= threshold("trend_weeks_least")}


# -- no names ----------------------------------------------------------------------------------------------------------------------

MASK = "[…]"
_ADDRESSES = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@]{1,24}|@\w{3,}|https?://\S+|\+?\d[\d\s()-]{8,}\d")
_INITIALS = re.compile(r"(?<=\])(?:\s?\b[A-ZА-ЯЁ]\.)+|\b[A-ZА-ЯЁ]\.\s?[A-ZА-ЯЁ]\.")
_WORD = re.compile(r"[A-ZА-ЯЁ][a-zа-яё]+(?:-[A-ZА-ЯЁ][a-zа-яё]+)?")
_PATRONYMIC = re.compile(r"(?:[ое]вн|ичн|иничн)[аыуей]{1,2}$|(?:[ое]вич|ьич)(?:а|у|ем|е)?$")
_NAME_STEM = 4


def without_names(text: str | None, stems: frozenset[str]) -> str | None:
    """The text with addresses, numbers, links and names masked.

    A word is a name when it has a capital and its stem is one of ``stems`` (the names of everybody in the warehouse, cut to their stems, so
    that case endings do not matter) or it is a patronymic. Rather one word too many than a name in the report.
    """
    if not text:
        return None
    text = _ADDRESSES.sub(MASK, text)
    text = _WORD.sub(lambda found: MASK if _stem(found[0]) in stems or _PATRONYMIC.search(found[0]) else found[0], text)
    text = _INITIALS.sub(MASK, text)
    return re.sub(rf"{re.escape(MASK)}(?:[\s,]*{re.escape(MASK)})+", MASK, text).strip()


def _stem(word: str) -> str:
    lower = word.lower().replace("ё", "е")
    return lower[: max(_NAME_STEM, len(lower) - 2)] if len(lower) > _NAME_STEM else lower


def masked_questions(warehouse: Warehouse, rows: Sequence[dict[str, Any]]) -> tuple[RepeatedQuestion, ...]:
    """Rows of rpt_week_questions with every name in their words masked; every number as it was counted."""
    words = {_stem(word) for row in rows for text in (row["text"], row["faq_answer"]) for word in _WORD.findall(text or "")}
    stems: set[str] = set()
    if words:
        names = warehouse.rows(
            "select distinct part from (select unnest(regexp_split_to_array(concat_ws(' ', display_name, first_name, last_name), '[^A-Za-zА-Яа-яЁё-]+')) "
            "as part from personal.accounts) where length(part) > 1"
        )
        stems = {_stem(name) for (name,) in names} & words
    known = frozenset(stems)
    return tuple(
        RepeatedQuestion(
            row["course_name"],
            row["asked"] or 0,
            row["asked_this_week"],
            row["people"],
            row.get("curator_minutes"),
            row["first_at"],
            row["last_at"],
            without_names(row["text"], known),
            without_names(row["faq_answer"], known),
        )
        for row in rows
    )


def _without_few(question: RepeatedQuestion) -> RepeatedQuestion:
    """The question as a report may keep it. A curator sees who asked what anyway; a report's reader must not guess it from small numbers."""
    return replace(question, asked=kept(question.asked) or 0, asked_this_week=kept(question.asked_this_week), people=kept(question.people))
