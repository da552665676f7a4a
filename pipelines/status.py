"""What is loaded, how fresh it is, what was rejected and why; and what is wrong with an installation and how to mend it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

from pipelines.errors import BadConfiguration, MayakError, TransientError
from pipelines.loading import context_for
from pipelines.ownership import ownership_problem
from pipelines.programme import Programme, Source, read_programme
from pipelines.settings import Settings, read_settings
from pipelines.sources import READERS, SERVED_KINDS, SERVED_OR_FILES, WEBINAR_KINDS
from pipelines.sources.formats.archives import is_hidden, shown_ending
from pipelines.thresholds import threshold
from pipelines.warehouse import SCHEMAS, Warehouse


@dataclass(frozen=True)
class SourceState:
    """One source: how many items are loaded, how far they reach, what failed or was rejected."""

    name: str
    kind: str
    items: int
    rows_kept: int
    rows_rejected: int
    covers_until: datetime | None
    problems: tuple[str, ...]
    reasons: tuple[tuple[str, str, int], ...]


def source_states(warehouse: Warehouse, programme: Programme) -> list[SourceState]:
    """One state per source of the programme file, in its order; sources never loaded have zeros."""
    states = []
    for source in programme.sources:
        items, kept, rejected, until = warehouse.rows(
            "select count(distinct item), coalesce(sum(rows_kept), 0)::bigint, coalesce(sum(rows_rejected), 0)::bigint, max(covers_until) "
            # What a reader's earlier rules counted is counted again by its newest.
            "from (select * from raw.loads where source = ? and state = 'loaded' "
            "qualify reader_version = max(reader_version) over (partition by item))",
            [source.name],
        )[0]
        problems = warehouse.rows("select problem from raw.loads where source = ? and state = 'failed' order by item", [source.name])
        reasons = warehouse.rows(
            "select record, reason, count(*) from raw.rejects where source = ? group by record, reason order by count(*) desc, record, reason",
            [source.name],
        )
        states.append(
            SourceState(source.name, source.kind, items, kept, rejected, until, tuple(row[0] for row in problems), tuple(reasons))
        )
    return states


def relations(warehouse: Warehouse) -> list[tuple[str, str, int]]:
    """(schema, table, rows) of every table of the warehouse, in the order of the stages."""
    order = {name: place for place, name in enumerate((*SCHEMAS[:3], "facts", "indicators", "risk", "reports", "deliveries"))}
    tables = warehouse.rows(
        "select schema_name, table_name from duckdb_tables() where schema_name in (select unnest(?)) order by 1, 2", [list(order)]
    )
    counted = [(schema, table, warehouse.value(f'select count(*) from "{schema}"."{table}"')) for schema, table in tables]
    return sorted(counted, key=lambda row: (order[row[0]], row[1]))


@dataclass(frozen=True)
class Diagnosis:
    """One thing looked at. ``mend`` says what to do; None where nothing is wrong."""

    what: str
    found: str
    mend: str | None = None


def examine(now: datetime) -> Iterator[Diagnosis]:
    """Look at configuration, sources and warehouse, in that order; stops early only where nothing further can be looked at.

    ``now``: for the age of what is loaded.
    """
    try:
        settings = read_settings()
    except BadConfiguration as error:
        yield Diagnosis("settings", str(error), "set the variable that is named; docs/configuration.md lists all of them")
        return
    yield Diagnosis("settings", "complete")
    try:
        programme = read_programme(settings.programme)
    except BadConfiguration as error:
        yield Diagnosis("programme file", str(error), "mend the file at the place that is named, or point MAYAK_PROGRAMME to another")
        return
    yield Diagnosis("programme file", f"{programme.name}: {len(programme.sources)} sources, {len(programme.courses)} courses declared")
    from pipelines.calendar import calendar_days  # the holidays of the world take a second to import

    try:
        calendar_days(programme, now.date(), now.date())
    except BadConfiguration as error:
        yield Diagnosis("calendar", str(error), "write the two letters of ISO 3166, such as RU, as calendar.country in the programme file")
    if strangers := sorted(set(settings.sources) - {source.name for source in programme.sources}):
        yield Diagnosis(
            "settings",
            f"MAYAK_SOURCES__…: the programme file has no source called {', '.join(strangers)}",
            "mend the variable's name, or unset it",
        )
    if not programme.sources:
        yield Diagnosis("sources", "none", "add [[sources]] to the programme file: docs/configuration.md")
    for source in programme.sources:
        yield _examine_source(source, programme, settings)
    yield from _examine_warehouse(settings, programme, now)


def _examine_source(source: Source, programme: Programme, settings: Settings) -> Diagnosis:
    what = f"source {source.name}"
    reader = READERS.get(source.kind)
    if reader is None:
        meant = get_close_matches(source.kind, READERS, n=1)
        return Diagnosis(
            what,
            f"kind {source.kind!r} is not known" + (f", did you mean {meant[0]!r}?" if meant else ""),
            f"use one of: {', '.join(sorted(READERS))}",
        )
    given = {"URL": settings.url_of(source.name), "TOKEN": settings.token_of(source.name)}
    missing = [f"MAYAK_SOURCES__{source.name.upper()}__{part}" for part in SERVED_KINDS.get(source.kind, ()) if not given[part]]
    if source.path is None and (missing or source.kind not in SERVED_KINDS):
        ways = ["give path in the programme file"] if source.kind not in SERVED_KINDS or source.kind in SERVED_OR_FILES else []
        ways += [f"set {' and '.join(missing)}"] if missing else []
        found = (
            "no path"
            if source.kind not in SERVED_KINDS
            else f"{' and '.join(missing)} not set" + (", and no path" if len(ways) > 1 else "")
        )
        return Diagnosis(what, found, ", or ".join(ways))
    is_served = source.kind in SERVED_KINDS and source.path is None
    at_server = (
        f"mend MAYAK_SOURCES__{source.name.upper()}__…, or what the server grants to this user; the night's run goes on without this source"
    )
    try:
        placed = programme.placed(source)
        context = context_for(source, programme, settings.pseudonyms, given["URL"], token=given["TOKEN"])
        items = list(reader.items(placed, context))
        left_out = list(reader.left_out(placed, context)) if hasattr(reader, "left_out") else []
    except TransientError as error:
        return Diagnosis(
            what, _of(source, error), "start the server or mend the URL; the night's run goes on without this source and says so"
        )
    except MayakError as error:
        return Diagnosis(
            what, _of(source, error), at_server if is_served else "put the export where the programme file says, or mend the path"
        )
    found = "can be read" if is_served else f"{len(items)} item{'' if len(items) == 1 else 's'} can be read"
    if left_out:
        found += f"; left out: {', '.join(_counted(f'{one.name} ({one.reason})' for one in left_out))}"
    if (
        not is_served
        and not getattr(reader, "opens_files", False)
        and (endings := _endings_passed_over(placed, {item.path for item in items} | {one.path for one in left_out}))
    ):
        found += f"; files passed over: {', '.join(endings)}"
    return Diagnosis(what, found)


def _counted(told: Iterable[str]) -> list[str]:
    """Each once, with how often where that is more than once."""
    return [one if times == 1 else f"{one} ×{times}" for one, times in Counter(told).items()]


def _endings_passed_over(placed: Source, told: Set[Path | None]) -> list[str]:
    """Files below the source's path that are not ``told`` of otherwise, by their endings alone, since names may be people's."""
    root = placed.path
    if root is None or not root.is_dir():
        return []
    passed = (
        path
        for path in root.rglob("*")
        if path.is_file() and not is_hidden(path.relative_to(root).parts) and told.isdisjoint((path, *path.parents))
    )
    return sorted(_counted(shown_ending(path.name) for path in passed))


def _of(source: Source, error: MayakError) -> str:
    """What is wrong, without the name of the source that stands before it already."""
    return str(error).removeprefix(f"source {source.name}: ").removeprefix(f"{source.name}: ")


def _examine_warehouse(settings: Settings, programme: Programme, now: datetime) -> Iterator[Diagnosis]:
    path = settings.warehouse_path
    if not path.exists():
        # That is no fault of a new installation, unless the first run will not be able to make it.
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            yield Diagnosis("warehouse", f"{path} is not there yet: the first `mayak run daily` makes it")
        else:
            yield Diagnosis(
                "warehouse",
                f"{path} is not there yet; expected a folder that can be written to; found: {folder}",
                "mend MAYAK_HOME, MAYAK_WAREHOUSE or the folder's rights",
            )
        return
    try:
        warehouse = Warehouse.open(path, read_only=True, memory_limit=settings.memory_limit)
    except TransientError as error:
        yield Diagnosis("warehouse", str(error), "wait for the other run to end, or stop it")
        return
    except MayakError as error:
        yield Diagnosis(
            "warehouse", str(error), "mend MAYAK_HOME, MAYAK_WAREHOUSE or the folder's rights, or put a backup in the file's place"
        )
        return
    with warehouse:
        if not warehouse.has_table("raw.loads"):
            yield Diagnosis("warehouse", "empty", "run `mayak run daily`")
            return
        if problem := ownership_problem(warehouse, path, programme.id, settings.pseudonyms):
            yield Diagnosis("warehouse", problem, "set the key, the programme file or MAYAK_HOME that belong together")
            return
        yield Diagnosis("warehouse", f"{path}, {path.stat().st_size / 1e6:.0f} MB")
        for state in source_states(warehouse, programme):
            for problem in state.problems:
                is_whole = problem.startswith((f"{state.name}: ", f"source {state.name}: "))
                told = problem.removeprefix("source ").removeprefix(f"{state.name}: ") if is_whole else problem
                mend = "mend the source" if is_whole else "mend or replace the file"
                yield Diagnosis(f"loads of {state.name}", told, f"{mend}; the next run tries again")
            hours = (now.astimezone(UTC) - state.covers_until) / timedelta(hours=1) if state.covers_until else 0
            if hours > _late_after(state.kind):
                yield Diagnosis(
                    f"loads of {state.name}", f"nothing newer than {hours:.0f} h", "make a fresh export, or see why none arrived"
                )
        learners = warehouse.value("select count(distinct account_id) from raw.enrolments where role = 'learner'")
        if not learners:
            yield Diagnosis("learners", "nobody is enrolled", "load an LMS source: everything else is joined to its accounts")
        else:
            yield from _examine_names(warehouse, programme)


def _examine_names(warehouse: Warehouse, programme: Programme) -> Iterator[Diagnosis]:
    """What the programme file calls by a name that the LMS does not have: such a course or curator is passed over in silence."""
    codes = {code for (code,) in warehouse.rows("select code from raw.courses where code is not null")}
    if strangers := [course.code for course in programme.courses if course.code not in codes]:
        yield Diagnosis(
            "courses", f"no course of the LMS has the short name {', '.join(strangers)}", "write it as the LMS has it, [[courses]] code"
        )
    named = [(f"sources.{source.name}.course", source.course) for source in programme.sources if source.course]
    named += [(f"sources.{source.name}.feeds", course) for source in programme.sources for course in source.feeds.values()]
    if strangers := [f"{where}: {code}" for where, code in dict.fromkeys(named) if code not in codes]:
        yield Diagnosis(
            "courses",
            f"no course of the LMS has the short name that is given; {'; '.join(strangers)}",
            f"write it as the LMS has it: {', '.join(sorted(codes))}",
        )
    groups = {
        (code, name)
        for code, *names in warehouse.rows(
            "select c.code, lower(trim(g.code)), lower(trim(g.name)) from raw.course_groups as g inner join raw.courses as c using (course_id)"
        )
        for name in names
    }
    if strangers := [
        f"{course.code}/{stream.code}: {stream.group}"
        for course in programme.courses
        for stream in course.streams
        if stream.group and course.code in codes and (course.code, stream.group.strip().lower()) not in groups
    ]:
        yield Diagnosis(
            "streams",
            f"the course has no group of this id number or name; {'; '.join(strangers)}",
            "write it as the LMS has it, [[courses.streams]] group",
        )
    known = {
        name
        for names in warehouse.rows(
            "select lower(trim(p.username)), lower(trim(p.email)) from personal.accounts as p inner join raw.accounts as a using (account_id) "
            "where a.channel = 'lms' and not coalesce(a.is_deleted, false)"
        )
        for name in names
    }
    # By their places in the file: what is told to a screen or a log calls nobody by name or address.
    listed = [(f"course {course.code}", course.curators) for course in programme.courses] + [
        (f"stream {course.code}/{stream.code}", stream.curators) for course in programme.courses for stream in course.streams
    ]
    strangers = [
        f"{where}: curator {number}"
        for where, names in listed
        for number, name in enumerate(names, start=1)
        if name.strip().lower() not in known
    ]
    if strangers:
        yield Diagnosis(
            "curators",
            f"no account of the LMS has the user name or address of {'; '.join(strangers)}",
            "write user names or addresses as the LMS has them, [[courses]] curators",
        )


def _late_after(kind: str) -> float:
    """Hours after which a source of this kind is late, as in reports.rpt_sources: webinars are not held every day, surveys seldom."""
    if kind.startswith("survey"):
        return float("inf")
    return threshold("webinar_late_hours" if kind in WEBINAR_KINDS else "source_late_hours")
