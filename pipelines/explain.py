"""Every indicator and reason of one learner, traced back to the rows behind it.

For each indicator there is a query that lists the facts it was counted from; every fact carries the id of its raw row, and the raw row
its load: so a figure on a list can be followed to a line of a file. Shows names and is for people responsible for the learner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isnan

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.errors import BadConfiguration
from pipelines.programme import Programme
from pipelines.warehouse import Warehouse

#: Rows shown per indicator; the count of all stands beside it.
ROWS_SHOWN = 12
#: Characters of an id that stand for the whole of it, where no other begins so.
SHORTEST_ID = 6


@dataclass(frozen=True)
class Person:
    """Somebody whom a search found."""

    person_id: str
    name: str


@dataclass(frozen=True)
class Evidence:
    """Which facts stand behind some indicators.

    sql: facts of ``$person`` in ``$stream`` known at the end of ``$day``: columns ``at`` (moment), ``what``, ``row_id`` (key of a raw row).
    raw: the raw tables with their key columns in one of which ``row_id`` is found.
    """

    indicators: tuple[str, ...]
    sql: str
    raw: tuple[tuple[str, str], ...]


_KNOWN = "person_id = $person and stream_id = $stream"

EVIDENCE: tuple[Evidence, ...] = (
    Evidence(
        ("has_started", "first_activity_course_day", "silent_days", "active_days_7", "active_days_14"),
        f"select occurred_at as at, channel || ': ' || what as what, ref_id as row_id from facts.fct_timeline where {_KNOWN} and occurred_at < $end "
        "and what not in ('notice', 'notice_bounced', 'contacted', 'letter_bounced')",
        (("activity", "activity_id"), ("messages", "message_id"), ("submissions", "submission_id"), ("webinars", "webinar_id")),
    ),
    Evidence(
        ("events_7", "events_previous_7"),
        f"select occurred_at as at, action || coalesce(' ' || task_kind, '') as what, activity_id as row_id from facts.fct_activity "
        f"where {_KNOWN} and day <= $day and day > $day - 14",
        (("activity", "activity_id"),),
    ),
    Evidence(
        ("materials_opened", "materials_total"),
        "select a.occurred_at as at, coalesce(t.name, a.task_kind) as what, a.activity_id as row_id from facts.fct_activity as a "
        "left join facts.dim_tasks as t on a.task_id = t.task_id "
        "where a.person_id = $person and a.stream_id = $stream and a.day <= $day and a.task_kind in ('page', 'file', 'url')",
        (("activity", "activity_id"),),
    ),
    Evidence(
        ("tasks_due", "tasks_missed", "tasks_missed_in_row"),
        "select d.due_at as at, coalesce(t.name, d.task_id) || case when d.is_extended then ' (deadline of the group or the person)' else '' end as what, d.task_id as row_id "
        "from facts.fct_deadlines as d left join facts.dim_tasks as t on d.task_id = t.task_id "
        "where d.person_id = $person and d.stream_id = $stream and d.due_at < $end",
        (("tasks", "task_id"),),
    ),
    Evidence(
        ("tasks_submitted", "tasks_late", "hours_before_due_median", "quiz_attempts", "burst_answers"),
        "select s.submitted_at as at, coalesce(t.name, s.task_id) || case when s.is_late then ' (late)' else '' end as what, s.submission_id as row_id "
        "from facts.fct_submissions as s left join facts.dim_tasks as t on s.task_id = t.task_id "
        "where s.person_id = $person and s.stream_id = $stream and s.submitted_at < $end",
        (("submissions", "submission_id"),),
    ),
    Evidence(
        ("mean_grade_share", "tasks_failed", "tasks_returned"),
        "select g.graded_at as at, coalesce(t.name, g.task_id) || ': ' || coalesce(round(g.share * 100)::integer::varchar || ' %', 'no grade') || ', feedback ' || "
        "coalesce(g.feedback_kind, 'unknown') as what, g.grade_id as row_id from facts.fct_grades as g left join facts.dim_tasks as t on g.task_id = t.task_id "
        "where g.person_id = $person and g.stream_id = $stream and g.graded_at < $end",
        (("grades", "grade_id"),),
    ),
    Evidence(
        ("webinars_held", "webinars_attended", "webinar_share", "idle_webinars"),
        f"select starts_at as at, round(minutes_present)::integer || ' of ' || round(webinar_minutes)::integer || ' min' as what, webinar_id as row_id "
        f"from facts.fct_attendance where {_KNOWN} and starts_at < $end",
        (("webinars", "webinar_id"),),
    ),
    Evidence(
        ("messages_14",),
        f"select sent_at as at, channel || case when is_question then ', a question' else '' end as what, message_id as row_id from facts.fct_messages "
        f"where {_KNOWN} and day <= $day and day > $day - 14",
        (("messages", "message_id"),),
    ),
    Evidence(
        ("questions_asked", "open_questions", "oldest_open_hours", "median_wait_hours", "technical_questions_14"),
        f"select asked_at as at, channel || case when first_curator_at is null or first_curator_at >= $end then ', no answer yet' else ', answered after ' || "
        f"round(hours_to_curator, 1) || ' h' end as what, question_id as row_id from facts.fct_questions where {_KNOWN} and asked_at < $end",
        (("messages", "message_id"),),
    ),
    Evidence(
        ("notices_received", "notices_unacknowledged_in_row"),
        f"select sent_at as at, channel || ': ' || case when is_bounced then 'came back' else coalesce(first_sign_kind, 'no sign') end as what, "
        f"notice_id as row_id from facts.fct_notices where {_KNOWN} and sent_at < $end",
        (("messages", "message_id"),),
    ),
    Evidence(
        ("copied_tasks", "copied_share"),
        f"select handed_in_at as at, kind || ': ' || matched_words || ' words, ' || round(later_share * 100)::integer || ' %, stands in ' || earlier_id as what, "
        f"later_id as row_id from facts.fct_copies where {_KNOWN} and handed_in_at < $end",
        (("submissions", "submission_id"),),
    ),
)


def find_people(warehouse: Warehouse, wanted: str, *, whole: bool = False) -> list[Person]:
    """People who match: by person id or its beginning, LMS user name, address, or (part of) the name shown; ordered by name.

    ``whole``: no part of an id or a name will do; first and last name may stand in any order.
    """
    rows = warehouse.rows(
        """
        select p.person_id, max(a.display_name) from links.people as p inner join personal.accounts as a on p.account_id = a.account_id
        where p.person_id is not null and (
            p.person_id = $wanted or lower(a.username) = lower($wanted) or lower(a.email) = lower($wanted)
            or (not $whole and (contains(lower(a.display_name), lower($wanted)) or length($wanted) >= $shortest and starts_with(p.person_id, $wanted)))
            or lower(trim($wanted)) in (lower(a.display_name), lower(a.first_name || ' ' || a.last_name), lower(a.last_name || ' ' || a.first_name))
        )
        group by p.person_id order by 2, 1
        """,
        {"wanted": wanted, "whole": whole, "shortest": SHORTEST_ID},
    )
    return [Person(*row) for row in rows]


def explain_learner(warehouse: Warehouse, programme: Programme, person: Person, day: date | None, console: Console) -> None:
    """Print accounts, scores with reasons, and each indicator with the rows behind it, stream by stream.

    ``day``: the last scored one where left out. Raises BadConfiguration where the person has no indicators on that day.
    """
    day = day or warehouse.value("select max(day) from indicators.ind_learner_days where person_id = ?", [person.person_id])
    streams = warehouse.rows(
        "select stream_id from indicators.ind_learner_days where person_id = ? and day = ? order by stream_id", [person.person_id, day]
    )
    if not streams:
        raise BadConfiguration(f"{person.person_id}: no indicators on {day}: not a learner then, or the day was never run")
    console.rule(f"{escape(person.name)} · {person.person_id} · {day}")
    _show_accounts(warehouse, person, console)
    for (stream,) in streams:
        console.rule(escape(stream), style="dim")
        values = _indicators(warehouse, person, stream, day)
        _show_scores(warehouse, person, stream, day, console)
        for evidence in EVIDENCE:
            _show_evidence(warehouse, programme, person, stream, day, evidence, values, console)


def _show_accounts(warehouse: Warehouse, person: Person, console: Console) -> None:
    table = Table("channel", "shown as", "linked by", "certainty", "account", title="Accounts", title_justify="left")
    rows = warehouse.rows(
        "select r.channel, a.display_name, p.rule, p.score, p.account_id from links.people as p inner join raw.accounts as r on p.account_id = r.account_id "
        "left join personal.accounts as a on p.account_id = a.account_id where p.person_id = ? order by r.channel, p.account_id",
        [person.person_id],
    )
    for channel, name, rule, score, account in rows:
        table.add_row(channel, escape(name or "–"), rule, f"{score:.2f}" if score is not None else "–", account)
    console.print(table)


def _indicators(warehouse: Warehouse, person: Person, stream: str, day: date) -> Mapping[str, object]:
    rows = warehouse.arrow(
        "select * from indicators.ind_learner_days where person_id = ? and stream_id = ? and day = ?", [person.person_id, stream, day]
    )
    return rows.to_pylist()[0]


def _show_scores(warehouse: Warehouse, person: Person, stream: str, day: date, console: Console) -> None:
    scores = warehouse.rows(
        "select target, score, level, basis, model_id from risk.scores where person_id = ? and stream_id = ? and day = ? order by target",
        [person.person_id, stream, day],
    )
    for target, score, level, basis, model in scores:
        console.print(f"[bold]{target}[/]: {level} ({score:.2f}, by {basis} {model})", highlight=False)
        reasons = warehouse.rows(
            "select rank, code, feature, value, baseline, contribution from risk.reasons "
            "where person_id = ? and stream_id = ? and day = ? and target = ? order by rank",
            [person.person_id, stream, day, target],
        )
        for rank, code, feature, value, baseline, contribution in reasons:
            console.print(
                f"  {rank}. {code}: {feature} = {_number(value)} (stream's median {_number(baseline)}), adds {contribution:.2f}",
                highlight=False,
            )


def _show_evidence(
    warehouse: Warehouse,
    programme: Programme,
    person: Person,
    stream: str,
    day: date,
    evidence: Evidence,
    values: Mapping[str, object],
    console: Console,
) -> None:
    shown = ", ".join(f"{name} = {_number(values[name])}" for name in evidence.indicators if name in values)
    parameters: dict[str, object] = {"person": person.person_id, "stream": stream, "day": day, "end": _end(programme, day)}
    used = {name: value for name, value in parameters.items() if f"${name}" in evidence.sql}
    joins = "".join(
        f" left join raw.{table} as r{number} on e.row_id = r{number}.{key}" for number, (table, key) in enumerate(evidence.raw)
    )
    sources, loads = (
        f"coalesce({', '.join(f'r{number}.{column}' for number in range(len(evidence.raw)))})" for column in ("source", "load_id")
    )
    count = warehouse.value(f"select count(*) from ({evidence.sql})", used)
    console.print(f"[bold]{shown}[/]: {count} rows", highlight=False)
    if not count:
        return
    rows = warehouse.rows(
        f"select e.at, e.what, e.row_id, {sources}, l.item from ({evidence.sql}) as e{joins} left join raw.loads as l on l.load_id = {loads} "
        f"order by e.at desc nulls last, e.row_id limit {ROWS_SHOWN}",
        used,
    )
    table = Table("when", "what", "raw row", "source", "item")
    for at, what, row_id, source, item in rows:
        when = at.astimezone(programme.zone).strftime("%Y-%m-%d %H:%M") if at else "–"
        table.add_row(when, escape(what or ""), escape(row_id or "–"), source or "–", escape(item or "–"))
    console.print(table)


def _end(programme: Programme, day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=programme.zone)


def _number(value: object) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
