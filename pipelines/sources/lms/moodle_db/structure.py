"""Courses, their activities, and deadlines that differ from an activity's own.

Primary rows: ``course`` → courses; ``course_modules`` → tasks; ``assign_overrides``, ``quiz_overrides``, ``lesson_overrides`` and those rows
of ``assign_user_flags`` that hold an extension → deadlines. Derived (not counted): activities that only the log still knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.marked_text import text_of
from pipelines.sources.lms.moodle_access import Span, groups_of, narrowest, narrowest_span, span_of
from pipelines.sources.lms.moodle_db.attempts import TASKS
from pipelines.sources.lms.moodle_db.columns import Site, existing, flags, flat, moments, yielded
from pipelines.sources.lms.moodle_db.database import Database
from pipelines.sources.lms.moodle_db.traces import EXTENSION_GRANTED, MODULE_CREATED, MODULE_DELETED, MODULE_UPDATED, of_events
from pipelines.sources.lms.moodle_texts import name_in, name_in_english, other_of, task_kind
from pipelines.sources.reading import Batch, Event, Seen

#: Activity types with a query of their own; the rest share one.
_OWN_QUERY = frozenset({"assign", "quiz", "page", "forum", "feedback", "lesson", "scorm", "workshop"})


def courses(database: Database, site: Site) -> Iterator[Event]:
    """One row per course; the front page is rejected, for nobody learns there."""
    yield Seen("courses", database.count("course"))
    rows = database.table("courses")
    names = rows["fullname"].to_pylist()
    table = pa.table(
        {
            "course_id": site.ids("course", rows["id"]),
            "code": pa.array([name_in(code, site.language) for code in rows["shortname"].to_pylist()], pa.string()),
            "name": pa.array([name_in(name, site.language) for name in names], pa.string()),
            "name_en": pa.array([name_in_english(name) for name in names], pa.string()),
            "starts_at": moments(rows["startdate"]),
            "ends_at": moments(rows["enddate"]),
        }
    )
    yield from yielded(
        "courses", "course", table, rows["id"], [(pc.equal(flat(rows["id"]), site.front_page), "the front page is no course")]
    )


def tasks(database: Database, site: Site, traces: pa.Table | None) -> Iterator[Event]:
    """One row per course module, and one per module that only the log still knows (``traces`` None: the log has no new ones)."""
    yield Seen("tasks", database.count("course_modules"))
    access = _access(database, site)
    for module in database.table("task_types")["name"].to_pylist():
        if module is None:
            rows = database.table("tasks_untyped")
            yield from yielded(
                "tasks",
                "course_modules",
                _bare_tasks(rows["id"], rows["course"], pa.array(["other"] * rows.num_rows, pa.string()), site),
                rows["id"],
                _refused(rows, site),
            )
            continue
        kind = task_kind(module)
        if module in TASKS and database.has(TASKS[module][1]):
            kind = TASKS[module][0]
        query = f"tasks_{module}" if module in _OWN_QUERY else "tasks_other"
        rows = database.table(query, {"module": module}, {"activity": module})
        yield from yielded("tasks", "course_modules", _tasks(kind, rows, site, access), rows["id"], _refused(rows, site))
    if traces is not None:
        yield from _deleted_tasks(database, site, traces)


class _Access(NamedTuple):
    """Is it hidden, which groups open it, and from when to when."""

    is_hidden: bool = False
    only_groups: str | None = None
    span: Span = (None, None)


def _access(database: Database, site: Site) -> dict[int, _Access]:
    """Course module → its access; of those only that are not open to all at any time. In a hidden course nothing is set to learners."""
    grouped: dict[int, set[int]] = defaultdict(set)
    for row in database.table("grouped").to_pylist():
        grouped[row["groupingid"]].add(row["groupid"])
    groupings = {native: frozenset(groups) for native, groups in grouped.items()}
    found: dict[int, _Access] = {}
    for row in database.table("access").to_pylist():
        # The module is open where, and when, its section is, too.
        both = [row[name] for name in ("availability", "sectionavailability")]
        groups = narrowest(*(groups_of(text, groupings) for text in both))
        only = None if groups is None else ",".join(f"{site.realm}:group:{native}" for native in sorted(groups))
        is_hidden = row["visible"] == 0 or row["coursevisible"] == 0 or only == ""
        found[row["id"]] = _Access(is_hidden, only or None, narrowest_span(*(span_of(text) for text in both)))
    return found


def _refused(rows: pa.Table, site: Site) -> list[tuple[pa.Array, str]]:
    return [
        (pc.equal(flat(rows["course"]), site.front_page), "activity of the front page"),
        (pc.is_null(existing(rows["course"])), "activity of no course"),
    ]


def _tasks(kind: str, rows: pa.Table, site: Site, access: Mapping[int, _Access]) -> pa.Table:
    open_to = [access.get(native, _Access()) for native in rows["id"].to_pylist()]
    since, until = (pa.array([found.span[end] for found in open_to], pa.int64()) for end in (0, 1))
    opens, due, cutoff = (existing(rows[name]) for name in ("opens", "due", "cutoff"))
    names = rows["name"].to_pylist()
    steps = pa.array([None if scale is None else float(len(scale.split(","))) for scale in rows["scale"].to_pylist()], pa.float64())
    intros = [
        "\n".join(part for part in (text_of(intro, intro_format), text_of(extra, extra_format)) if part) or None
        for intro, intro_format, extra, extra_format in zip(
            *(rows[name].to_pylist() for name in ("intro", "introformat", "extra", "extraformat")), strict=True
        )
    ]
    passes = flat(rows["passgrade"])
    return pa.table(
        {
            "task_id": site.ids("task", rows["id"]),
            "course_id": site.courses(rows["course"]),
            "kind": pa.array([kind] * rows.num_rows, pa.string()),
            "name": pa.array([name_in(name, site.language) for name in names], pa.string()),
            "name_en": pa.array([name_in_english(name) for name in names], pa.string()),
            "section": rows["section"],
            "opens_at": moments(pc.max_element_wise(opens, since)),
            # What is shut to everybody before its date has to be done until then.
            "due_at": moments(pc.if_else(pc.is_valid(due), pc.min_element_wise(due, until), due)),
            "cutoff_at": moments(pc.min_element_wise(cutoff, until)),
            "max_grade": pc.coalesce(steps, flat(rows["maxgrade"])),
            # 0 is Moodle's "no grade to pass"
            "pass_grade": pc.if_else(pc.greater(passes, 0), passes, pa.scalar(None, pa.float64())),
            "is_scale": pc.is_valid(steps),
            "is_team": flags(pc.fill_null(flat(rows["teamsubmission"]), 0)),
            "is_blind": flags(rows["blind"]),
            "uses_workflow": flags(pc.fill_null(flat(rows["markingworkflow"]), 0)),
            "is_required": pc.is_valid(flat(rows["criteria"])),
            "is_deleted": flags(rows["deletioninprogress"]),
            "is_hidden": pa.array([found.is_hidden for found in open_to], pa.bool_()),
            "only_groups": pa.array([found.only_groups for found in open_to], pa.string()),
            "intro": pa.array(intros, pa.string()),
        }
    )


def _bare_tasks(ids: pa.ChunkedArray | pa.Array, course: pa.ChunkedArray | pa.Array, kind: pa.Array, site: Site) -> pa.Table:
    return pa.table(
        {
            "task_id": site.ids("task", ids),
            "course_id": site.courses(course),
            "kind": kind,
            "is_deleted": pa.array([True] * len(kind), pa.bool_()),
        }
    )


def _deleted_tasks(database: Database, site: Site, traces: pa.Table) -> Iterator[Event]:
    """Activities that are gone: type from the component that wrote their rows, name from the event of their making, change or deletion."""
    names: dict[int, str | None] = {}
    kinds: dict[int, str] = {}
    gone = database.table("tasks_deleted")
    told = of_events(traces, MODULE_CREATED, MODULE_UPDATED, MODULE_DELETED)
    for row in told.filter(pc.is_in(told["contextinstanceid"], flat(gone["id"]))).to_pylist():
        data = other_of(row["other"])
        if isinstance(data.get("name"), str):
            names[row["contextinstanceid"]] = data["name"]
        if isinstance(data.get("modulename"), str):
            kinds[row["contextinstanceid"]] = task_kind(data["modulename"])
    course_of: dict[int, int] = {}
    for row in gone.to_pylist():
        course_of.setdefault(row["id"], row["course"])
        component = row["component"] or ""
        if component.startswith("mod_"):
            kinds.setdefault(row["id"], task_kind(component))
    ids = sorted(course_of)
    course = pa.array([course_of[native] for native in ids], pa.int64())
    table = _bare_tasks(pa.array(ids, pa.int64()), course, pa.array([kinds.get(native, "other") for native in ids], pa.string()), site)
    table = table.append_column("name", pa.array([name_in(names.get(native), site.language) for native in ids], pa.string()))
    table = table.append_column("name_en", pa.array([name_in_english(names.get(native)) for native in ids], pa.string()))
    yield Batch("tasks", table.filter(pc.is_valid(table["course_id"])), counted=False)


def deadlines(database: Database, site: Site, traces: pa.Table) -> Iterator[Event]:
    """One row per override of a date for a group or an account, and per personal extension."""
    yield Seen(
        "deadlines",
        database.count("assign_overrides")
        + database.count("quiz_overrides")
        + database.count("lesson_overrides")
        + database.count("assign_user_flags", "t.extensionduedate > 0"),
    )
    grants = of_events(traces, EXTENSION_GRANTED)
    # By id, so the last one stands: an extension can be changed.
    granted_at = dict(
        zip(
            zip(*(grants[name].to_pylist() for name in ("contextinstanceid", "relateduserid")), strict=True),
            grants["timecreated"].to_pylist(),
            strict=True,
        )
    )
    for query, table in (
        ("deadlines_assign", "assign_overrides"),
        ("deadlines_quiz", "quiz_overrides"),
        ("deadlines_lesson", "lesson_overrides"),
        ("deadlines_extension", "assign_user_flags"),
    ):
        for rows in database.batches(query):
            account, group = site.accounts(rows["userid"]), site.ids("group", rows["groupid"])
            if table == "assign_user_flags":
                rule = pa.array(["extension"] * rows.num_rows, pa.string())
                pairs = zip(rows["cmid"].to_pylist(), rows["userid"].to_pylist(), strict=True)
                granted = moments(pa.array([granted_at.get(pair) for pair in pairs], pa.int64()))
            else:
                rule = pc.if_else(pc.is_valid(account), "user_override", "group_override")
                granted = pa.nulls(rows.num_rows, moments(rows["due"]).type)
            # The kinds of overrides count their ids apart: the module is part of the id.
            native = pc.binary_join_element_wise(
                pa.scalar({"deadlines_quiz": "quiz-", "deadlines_lesson": "lesson-"}.get(query, "")),
                pc.cast(flat(rows["id"]), pa.string()),
                "",
            )
            deadline = pa.table(
                {
                    "deadline_id": pc.binary_join_element_wise(pa.scalar(f"{site.realm}:deadline"), rule, native, ":"),
                    "task_id": site.ids("task", rows["cmid"]),
                    "account_id": account,
                    "group_id": group,
                    "rule": rule,
                    "due_at": moments(rows["due"]),
                    "cutoff_at": moments(rows["cutoff"]),
                    "granted_at": granted,
                }
            )
            refused = [
                (pc.is_null(deadline["task_id"]), "its activity is gone"),
                (pc.and_(pc.is_null(account), pc.is_null(group)), "deadline of nobody"),
            ]
            yield from yielded("deadlines", table, deadline, rows["id"], refused)
