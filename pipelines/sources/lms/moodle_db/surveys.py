"""Answers to surveys (``feedback``). Primary rows: ``feedback_value`` → survey_answers.

Anonymous stays anonymous. Moodle stores who answered all the same, and the log tells when this person did so; so an anonymous response
gets no account, an id that cannot be traced back without the installation's key, and the moment of the last of the few responses that
it came among (``thresholds.anonymous_batch``) in the place of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.marked_text import text_of
from pipelines.sources.formats.shapes import MOST_DIGITS
from pipelines.sources.lms.moodle_db.columns import Site, existing, flags, flat, joined, moments, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_texts import name_in
from pipelines.sources.reading import Event, Seen
from pipelines.sources.surveys.likert import Likert
from pipelines.thresholds import threshold
from pipelines.warehouse import engine_beside

_RATINGS = range(1, 6)
#: Two options ("good", "bad") are a choice, not a scale.
_FEWEST_STEPS = 3
_LEADING_NUMBER = re.compile(r"\s*(\d+)\b")


def survey_answers(database: Database, site: Site) -> Iterator[Event]:
    """One row per response and item; a rating where the item asks for 1 to 5, the words where it asks for words or a choice."""
    yield Seen("survey_answers", database.count("feedback_value"))
    rows = _batched_times(database.table("survey_answers"))
    is_anonymous = pc.fill_null(flags(rows["anonymous"]), True)
    completed = existing(rows["completed"])
    hidden = site.pseudonyms.column(f"{site.realm}:response", pc.cast(completed, pa.string()))
    native = pc.if_else(is_anonymous, hidden, pc.cast(completed, pa.string()))
    response = pc.binary_join_element_wise(pa.scalar(f"{site.realm}:response:"), native, "")
    texts = (rows[name].to_pylist() for name in ("typ", "presentation", "value"))
    judged = [answer_of(typ, presentation, value, site.likert) for typ, presentation, value in zip(*texts, strict=True)]
    items = [name_in(name, site.language) or "" for name in rows["itemname"].to_pylist()]
    aspects = [site.likert.aspect(item) if rating is not None else None for item, (rating, _) in zip(items, judged, strict=True)]
    no_account = pa.scalar(None, pa.string())
    table = pa.table(
        {
            "answer_id": pc.binary_join_element_wise(response, pc.cast(pc.fill_null(flat(rows["position"]), 0), pa.string()), ":"),
            "survey_id": site.ids("survey", rows["survey"]),
            "response_id": response,
            "account_id": pc.if_else(is_anonymous, no_account, site.accounts(rows["userid"])),
            "course_id": site.courses(rows["course"]),
            "item": pa.array(items, pa.string()),
            "aspect": pa.array(aspects, pa.string()),
            "rating": pa.array([rating for rating, _ in judged], pa.int32()),
            "answered_at": moments(rows["answered"]),
            "text": pa.array([text for _, text in judged], pa.string()),
        }
    )
    # Two items of one place (a copied survey) still are two answers.
    doubled = pc.greater(flat(rows["twins"]), 1)
    table = table.set_column(
        0,
        "answer_id",
        pc.if_else(doubled, pc.binary_join_element_wise(table["answer_id"], joined("", flat(rows["id"])), "-"), flat(table["answer_id"])),
    )
    refused = [(pc.is_null(table["survey_id"]), "its item is gone"), (pc.is_null(table["response_id"]), "answer of no response")]
    # In the order of the untraceable ids: the order of writing would be a trace.
    order = pc.sort_indices(table, [("answer_id", "ascending")])
    yield from yielded(
        "survey_answers",
        "feedback_value",
        table.take(order),
        rows["id"].take(order),
        [(mask.take(order), reason) for mask, reason in refused],
    )


def _batched_times(rows: pa.Table) -> pa.Table:
    """The rows with ``answered``: the response's own moment, or for an anonymous one that of the last of its batch."""
    with engine_beside() as engine:
        engine.register("answers", rows)
        return engine.execute(
            """
            with responses as (
                select distinct survey, completed, timemodified from answers where coalesce(anonymous, 1) = 1),
            numbered as (
                select *, row_number() over (partition by survey order by timemodified, completed) - 1 as place, count(*) over (partition by survey) as many
                from responses),
            batched as (
                -- what is left over at the end joins the last full batch
                select *, least(place // $size, greatest(many // $size - 1, 0)) as batch from numbered),
            timed as (
                select survey, completed, max(timemodified) over (partition by survey, batch) as answered from batched)
            select answers.*, case when coalesce(answers.anonymous, 1) = 1 then timed.answered else answers.timemodified end as answered,
                count(*) over (partition by answers.completed, answers.position) as twins
            from answers left join timed on timed.survey = answers.survey and timed.completed = answers.completed
            order by answers.id
            """,
            {"size": int(threshold("anonymous_batch"))},
        ).to_arrow_table()


def answer_of(typ: str | None, presentation: str | None, value: str | None, likert: Likert | None = None) -> tuple[int | None, str | None]:
    """Rating (1 to 5) and words of one answer.

    A choice is a rating where the item gives its options numbers (rated choices, options that begin with a number) or where every option
    is a step of a scale in words ("полностью согласен" … ); of any other choice the option chosen is the answer's words. A number is a
    rating where the item asks for 1 to 5. What Moodle fills in by itself ("info": the moment of answering, the course) is left out.
    """
    if not value or typ in (None, "info", "label", "captcha", "pagebreak"):
        return None, None
    if typ in ("multichoice", "multichoicerated"):
        return _choice(typ, presentation or "", value, likert or Likert())
    if typ == "numeric":
        asks_for_rating = (presentation or "").replace(" ", "") == f"{_RATINGS[0]}|{_RATINGS[-1]}"
        number = int(float(value)) if re.fullmatch(r"\d+(?:\.0*)?", value) else None
        return (number, None) if asks_for_rating and number in _RATINGS else (None, value)
    return None, text_of(value)


def _choice(typ: str, presentation: str, value: str, likert: Likert) -> tuple[int | None, str | None]:
    # "r>>>>>first|second<<<<<1": kind of control, options, direction; rated ones are "3####third".
    options = presentation.split(">>>>>", 1)[-1].split("<<<<<", 1)[0].split("|")
    places = [
        int(place) for place in value.split("|") if place.isdecimal() and len(place) <= MOST_DIGITS and 1 <= int(place) <= len(options)
    ]
    chosen = [options[place - 1] for place in places]
    if typ == "multichoicerated":
        pairs = [option.split("####", 1) for option in chosen]
        weights = [int(pair[0]) for pair in pairs if pair[0].strip().isdecimal() and len(pair[0]) <= MOST_DIGITS]
        texts = [pair[-1] for pair in pairs]
    else:
        weights = [int(match.group(1)) for option in chosen if (match := _LEADING_NUMBER.match(option))]
        texts = chosen
        steps = [likert.step(text_of(option)) for option in options]
        if not weights and None not in steps and len(set(steps)) == len(steps) >= _FEWEST_STEPS:
            weights = [step for option in chosen if (step := likert.step(text_of(option))) is not None]
    if len(chosen) == 1 and len(weights) == 1 and weights[0] in _RATINGS:
        return weights[0], None
    return None, "; ".join(text for option in texts if (text := text_of(option))) or None
