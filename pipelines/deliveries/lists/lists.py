"""The curators' morning list: who needs this curator today, most urgent first, few enough to act on.

:func:`build_lists` reads the report tables of one day and decides who is on which list (a model in no language, pipelines.deliveries.lists.list_model);
:func:`write_lists` writes the pages and workbooks; :func:`remember` notes what was handed out, so that the next list can say what is new.
The order of urgency lies in :mod:`pipelines.deliveries.lists.urgency`, the words in :mod:`pipelines.deliveries.lists.wording`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipelines.deliveries.lists import list_html, list_xlsx
from pipelines.deliveries.lists.copies import pairs_of, read_pairs
from pipelines.deliveries.lists.list_model import (
    LEVELS,
    OPTIONAL_OF_QUESTION,
    AtRisk,
    Contact,
    Copier,
    CuratorList,
    IdleGroup,
    Line,
    MarkSeen,
    MissedTask,
    NeverStarted,
    NotReached,
    OpenQuestion,
    Reason,
    SimilarWork,
    SourceWarning,
    Stream,
)
from pipelines.deliveries.lists.states import History, Shown, counted, judged, reasons_for
from pipelines.deliveries.lists.urgency import fitting, ranked, urgency_of
from pipelines.deliveries.shared.files import WrittenFile, remember_files, write_file
from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.report_tables import json_list, read_rows
from pipelines.errors import BadContract
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Kinds of deliveries.files that one day's lists consist of.
FILE_KINDS = ("copies_html", "list_html", "list_index", "list_xlsx")
#: Longest prefix of a curator's id in a file name.
SLUG_CHARACTERS = 12

_Person = tuple[str, str]  # curator_id, person_id
#: Report tables that put a person on a list whatever the risk.
_PERSON_TABLES = ("rpt_open_questions", "rpt_never_started", "rpt_not_reached")
_LEVEL_DAYS = 7
_Model = TypeVar("_Model")


def build_lists(warehouse: Warehouse, programme: Programme, day: date) -> list[CuratorList]:
    """One list per curator of reports.rpt_curators on ``day``, ordered by curator id; also for a quiet day.

    ``day`` is the day whose end the list speaks from. A person is on a curator's list once, whatever the number of reasons; a group of
    similar works counts as one line. Learners of low risk without any other reason are left out. Raises BadContract where a report
    table or a column of it is missing.
    """
    curators = read_rows(warehouse, "rpt_curators", "day = ?", [day], order="curator_id")
    candidates = _candidates(warehouse, day)
    pairs = read_pairs(warehouse, [line.similar for lines in candidates.values() for line in lines if line.similar])
    history = _history(warehouse, day)
    end_of_day = datetime.combine(day + timedelta(days=1), time(), programme.zone)
    marks, known_at_mark = _marks(warehouse, end_of_day, {row["curator_id"]: row["curator_name"] for row in curators})
    streams_of = {row["curator_id"]: {stream.stream_id for stream in _streams(row["streams"])} for row in curators}
    warnings = _warnings(warehouse, day)
    by_rules = _judged_by_rules(warehouse, day)
    slugs = _slugs([row["curator_id"] for row in curators])
    lists = []
    for row in curators:
        curator = row["curator_id"]
        mine = history.get(curator, History())
        lines = []
        for line in candidates.get(curator, []):
            shared = {stream.stream_id for stream in line.streams}
            of_line = [
                mark
                for mark in marks.get(line.item_id, [])
                if mark.curator_id == curator or shared & streams_of.get(mark.curator_id, set())
            ]
            lines.append(judged(line, mine, of_line, day, programme.zone, known_at_mark))
        fit, overflow = fitting([line for line in lines if line.rest is None], programme.lists.length)
        previous = mine.previous
        listed_before = {item for item, shown in mine.lines[previous].items() if shown.was_listed} if previous else set()
        still = {line.item_id for line in lines}
        since = datetime.combine(previous + timedelta(days=1), time(), programme.zone) if previous else None
        own = [mark for of_item in marks.values() for mark in of_item if mark.curator_id == curator]
        lists.append(
            CuratorList(
                day=day,
                curator_id=curator,
                curator_name=row["curator_name"],
                programme_name=programme.name,
                streams=_streams(row["streams"]),
                learners=row["learners"],
                lines=tuple(fit),
                overflow=tuple(overflow),
                warnings=warnings,
                previous_day=previous,
                new_since=sum(1 for line in fit if line.change and line.change.is_new),
                resolved_since=len(listed_before - still),
                displaced_since=sum(1 for line in overflow if line.item_id in listed_before),
                shared_with=_others(row, curators),
                is_by_rules=curator in by_rules,
                slug=slugs[curator],
                language=programme.lists.language or programme.languages[0],
                zone=programme.zone,
                evidence={line.item_id: pairs_of(line.similar, pairs) for line in lines if line.similar},
                resting=tuple(line for line in lines if line.rest is not None),
                marked=counted(own, since) if since else {},
            )
        )
    return lists


def write_lists(lists: Sequence[CuratorList], folder: Path, languages: Sequence[str] = ()) -> list[WrittenFile]:
    """Write every list of one day under ``folder/lists/<day>/``: pages, workbooks, evidence pages and an index of the curators.

    The first language gives the plain file names, further ones carry theirs (``<slug>.en.html``); none given: the programme's. No file
    name holds a person's name. Files of an earlier run of the day that are not written now are removed. Same lists, same bytes.
    """
    written: list[WrittenFile] = []
    if not lists:
        return written
    days = {item.day for item in lists}
    if len(days) > 1:
        raise BadContract(f"write_lists: lists of one day expected, {len(days)} days found")
    place = f"lists/{days.pop().isoformat()}"
    for number, code in enumerate(languages or [lists[0].language]):
        ending = "" if number == 0 else f".{code}"
        language = Language(code, lists[0].zone)
        for item in lists:
            pages = {
                line.item_id: f"{item.slug}-copies-{place_}{ending}.html"
                for place_, line in enumerate((line for line in item.candidates if line.similar), start=1)
            }
            for line in item.candidates:
                if line.item_id in pages:
                    content = list_html.evidence_page(item, line, language, back=f"{item.slug}{ending}.html")
                    path = f"{place}/{pages[line.item_id]}"
                    written.append(write_file(folder, path, content, kind="copies_html", receiver_id=item.curator_id))
            page = list_html.list_page(item, language, evidence_pages=pages, workbook=f"{item.slug}{ending}.xlsx")
            written.append(write_file(folder, f"{place}/{item.slug}{ending}.html", page, kind="list_html", receiver_id=item.curator_id))
            workbook = list_xlsx.workbook(item, language)
            written.append(write_file(folder, f"{place}/{item.slug}{ending}.xlsx", workbook, kind="list_xlsx", receiver_id=item.curator_id))
        index = list_html.index_page(lists, language, ending=ending)
        written.append(write_file(folder, f"{place}/index{ending}.html", index, kind="list_index", receiver_id="staff"))
    names = {Path(file.path).name for file in written}
    for old in sorted((folder / place).iterdir()):
        if old.is_file() and old.name not in names:
            old.unlink()
    return sorted(written, key=lambda file: file.path)


def remember(warehouse: Warehouse, lists: Sequence[CuratorList], day: date, files: Iterable[WrittenFile] = ()) -> int:
    """Write what was handed out on ``day`` into deliveries.list_items, list_reasons and files, replacing that day. Returns the lines written.

    Of lines that did not fit or rest only the reasons are remembered: they were not shown and are new when shown.
    """
    lines = [(item.curator_id, place, line) for item in lists for place, line in enumerate(item.lines, start=1)]
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "day": (pa.date32(), [day for _ in lines]),
        "curator_id": (pa.string(), [curator for curator, _, _ in lines]),
        "position": (pa.int32(), [place for _, place, _ in lines]),
        "section": (pa.string(), [line.section for _, _, line in lines]),
        "person_id": (pa.string(), [line.person_id for _, _, line in lines]),
        "stream_id": (pa.string(), [line.streams[0].stream_id if line.streams else None for _, _, line in lines]),
        "item_id": (pa.string(), [line.item_id for _, _, line in lines]),
        "level": (pa.string(), [line.level for _, _, line in lines]),
        "urgency": (pa.float64(), [line.urgency for _, _, line in lines]),
    }
    table = pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()})
    reasons = sorted(
        {(item.curator_id, line.item_id, reason) for item in lists for line in item.everything for reason in reasons_for(line)}
    )
    spoken = pa.table(
        {
            "day": pa.array([day for _ in reasons], pa.date32()),
            "curator_id": pa.array([curator for curator, _, _ in reasons], pa.string()),
            "item_id": pa.array([item for _, item, _ in reasons], pa.string()),
            "reason": pa.array([reason for _, _, reason in reasons], pa.string()),
        }
    )
    # The next list asks the files whether there was a list, and the lines what stood on it.
    with warehouse.transaction():
        written = warehouse.replace("deliveries.list_items", table, where="day = ?", parameters=[day])
        warehouse.replace("deliveries.list_reasons", spoken, where="day = ?", parameters=[day])
        remember_files(warehouse, day, files, FILE_KINDS)
    return written


# -- candidates --------------------------------------------------------------------------------------------------------------


def _candidates(warehouse: Warehouse, day: date) -> dict[str, list[Line]]:
    """Every line of every curator, people merged, most urgent first."""
    found: dict[_Person, dict[str, Any]] = defaultdict(
        lambda: {"streams": {}, "name": None, "questions": [], "risks": [], "not_reached": [], "silent_days": None}
    )

    def person(row: dict[str, Any]) -> dict[str, Any]:
        entry = found[row["curator_id"], row["person_id"]]
        entry["name"] = entry["name"] or row["learner_name"]
        entry["streams"].setdefault(row["stream_id"], _stream(row))
        return entry

    of_the_day = "day = ? and curator_id is not null and person_id is not null"
    # People of low risk are read where another table names them: their contacts are wanted, their scores are not.
    named = " union ".join(f"select person_id from reports.{table} where day = ?" for table in _PERSON_TABLES)
    at_risk = f"{of_the_day} and (level in ('medium', 'high') or person_id in ({named}))"
    contacts: dict[_Person, Contact] = {}
    silent: dict[_Person, int] = {}
    for row in read_rows(
        warehouse,
        "rpt_at_risk_daily",
        at_risk,
        [day] * (1 + len(_PERSON_TABLES)),
        order="curator_id, person_id, stream_id, target",
        optional=("is_last_contact_own",),
    ):
        key = row["curator_id"], row["person_id"]
        # Of somebody in two streams of one curator the contact is the last one in either.
        before = contacts.get(key)
        if before is None or (row["last_contact_at"] and (before.last_at is None or row["last_contact_at"] > before.last_at)):
            contacts[key] = _contact(row)
        if row["silent_days"] is not None:
            silent[key] = min(row["silent_days"], silent.get(key, row["silent_days"]))
        if row["level"] in ("medium", "high"):
            person(row)["risks"].append(_risk(row, day))
    asked = read_rows(
        warehouse,
        "rpt_open_questions",
        of_the_day,
        [day],
        order="curator_id, person_id, asked_at, question_id",
        optional=OPTIONAL_OF_QUESTION,
    )
    for row in asked:
        questions = person(row)["questions"]
        if row["question_id"] not in {question.question_id for question in questions}:  # one chat may serve two streams
            questions.append(_pick(OpenQuestion, row))
    never = read_rows(
        warehouse, "rpt_never_started", of_the_day, [day], order="curator_id, person_id, stream_id", optional=("is_bulk_enrolled",)
    )
    for row in never:
        person(row).setdefault("never_started", _pick(NeverStarted, row))
        contacts.setdefault((row["curator_id"], row["person_id"]), Contact(best_channel=row["best_channel"]))
    for row in read_rows(warehouse, "rpt_not_reached", of_the_day, [day], order="curator_id, person_id, sent_at, notice_id"):
        entry = person(row)
        if row["notice_id"] not in {item.notice_id for item in entry["not_reached"]}:
            entry["not_reached"].append(_pick(NotReached, row))

    known = _known_contacts(warehouse, {person_id for _, person_id in found})
    lines: dict[str, list[Line]] = defaultdict(list)
    for (curator, person_id), entry in found.items():
        line = Line(
            item_id=person_id,
            section="help",
            urgency=0.0,
            person_id=person_id,
            name=entry["name"],
            streams=tuple(entry["streams"][key] for key in sorted(entry["streams"])),
            questions=tuple(entry["questions"]),
            risks=tuple(sorted(entry["risks"], key=lambda risk: (-LEVELS.index(risk.level), risk.target, -risk.score))),
            never_started=entry.get("never_started"),
            not_reached=tuple(entry["not_reached"]),
            contact=_with(contacts.get((curator, person_id), Contact()), known.get(person_id)),
            silent_days=silent.get((curator, person_id)),
        )
        lines[curator].append(_placed(line))
    idle = _idle_groups(warehouse, day)
    for curator, groups in idle.items():
        lines[curator] = _without_the_idle(lines[curator], groups)
    for curator, similar in _similar(warehouse, day):
        lines[curator].append(_placed(similar))
    return {curator: ranked(lines[curator]) for curator in sorted(lines)}


def _with(contact: Contact, known: dict[str, str | None] | None) -> Contact:
    return replace(contact, phone=known["phone"], email=known["email"], institution=known["institution"]) if known else contact


def _known_contacts(warehouse: Warehouse, people: set[str]) -> dict[str, dict[str, str | None]]:
    """Person → telephone, address and school, for those on a list."""
    if not people:
        return {}
    with warehouse.registered("people_on_lists", pa.table({"person_id": pa.array(sorted(people), pa.string())})):
        rows = read_rows(warehouse, "rpt_people", "person_id in (select person_id from people_on_lists)", [], order="person_id")
    return {row["person_id"]: {name: row[name] for name in ("phone", "email", "institution")} for row in rows}


def _idle_groups(warehouse: Warehouse, day: date) -> dict[str, list[Line]]:
    """Curator → one line per stream of theirs that is idle as a whole."""
    rows = read_rows(warehouse, "rpt_idle_groups", "day = ?", [day], order="curator_id, stream_id")
    found: dict[str, list[Line]] = defaultdict(list)
    for row in rows:
        since = row["last_active_on"]
        idle = IdleGroup(row["learners"], row["active"], (day - since).days if since else None, since, 0)
        found[row["curator_id"]].append(
            Line(item_id=f"idle|{row['stream_id']}", section="idle_group", urgency=0.0, streams=(_stream(row),), idle=idle)
        )
    return found


def _without_the_idle(lines: list[Line], groups: list[Line]) -> list[Line]:
    """The lines without those who are there for silence in an idle stream alone: the group's line stands for them and says how many."""
    streams = {group.streams[0].stream_id for group in groups}

    def is_covered(line: Line) -> bool:
        return (
            line.section in ("help", "never_started")
            and not line.questions
            and not line.not_reached
            and all(stream.stream_id in streams for stream in line.streams)
        )

    kept = [line for line in lines if not is_covered(line)]
    covered = [line for line in lines if is_covered(line)]
    for group in groups:
        stream = group.streams[0].stream_id
        people = sum(1 for line in covered if any(one.stream_id == stream for one in line.streams))
        if group.idle:
            kept.append(_placed(replace(group, idle=replace(group.idle, people=people))))
    return kept


def _others(row: dict[str, Any], curators: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Names of the other curators who have a stream in common with this one."""
    mine = {stream.stream_id for stream in _streams(row["streams"])}
    names = {
        other["curator_name"]
        for other in curators
        if other["curator_id"] != row["curator_id"] and mine & {stream.stream_id for stream in _streams(other["streams"])}
    }
    return tuple(sorted(name for name in names if name))


def _placed(line: Line) -> Line:
    section, urgency = urgency_of(line)
    if section == "help" and line.never_started:  # a class of its own: what such a learner needs is a first step, not help with the next
        section = "never_started"
    return replace(line, section=section, urgency=round(urgency, 3))


def _similar(warehouse: Warehouse, day: date) -> list[tuple[str, Line]]:
    """One line per curator, task and source; streams of one curator that share the source are one matter."""
    merged: dict[tuple[str, str], tuple[dict[str, Stream], list[dict[str, Any]], dict[str, Any]]] = {}
    rows = read_rows(
        warehouse,
        "rpt_similar_work",
        "day = ? and curator_id is not null",
        [day],
        order="curator_id, task_id, source_kind, source_id, stream_id",
    )
    for row in rows:
        key = row["curator_id"], f"{row['task_id']}|{row['source_kind']}|{row['source_id']}"
        streams, people, _ = merged.setdefault(key, ({}, [], row))
        streams.setdefault(row["stream_id"], _stream(row))
        known = {(item.get("later_id"), item.get("person_id")) for item in people}
        people.extend(item for item in json_list(row["people"]) if (item.get("later_id"), item.get("person_id")) not in known)
    lines = []
    for (curator, item_id), (streams, people, row) in merged.items():
        copiers = _copiers(people)
        learners = max(row["learners"] or 0, len({item.get("person_id") or item.get("later_id") for item in people}))
        similar = SimilarWork(
            row["task_id"],
            row["task_name"],
            row["source_kind"],
            row["source_id"],
            row["source_at"],
            row["source_name"],
            learners,
            copiers,
            bool(row["source_in_file"]),
        )
        ordered = tuple(streams[key] for key in sorted(streams))
        lines.append((curator, Line(item_id=item_id, section="similar_work", urgency=0.0, streams=ordered, similar=similar)))
    return lines


def _copiers(people: Sequence[dict[str, Any]]) -> tuple[Copier, ...]:
    """One entry per work, in the order handed in; a team's work names all of the team."""
    works: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in sorted(
        people, key=lambda item: (str(item.get("handed_in_at") or ""), str(item.get("later_id")), str(item.get("person_id")))
    ):
        works[str(item.get("later_id"))].append(item)
    return tuple(
        Copier(
            person_id=team[0].get("person_id") if len(team) == 1 else None,
            name=", ".join(str(item["name"]) for item in team if item.get("name")) or None,
            later_id=later_id,
            handed_in_at=_moment(team[0].get("handed_in_at")),
            share=team[0].get("share"),
            matched_words=team[0].get("matched_words"),
        )
        for later_id, team in works.items()
    )


def _risk(row: dict[str, Any], day: date) -> AtRisk:
    reasons = sorted(json_list(row["reasons"]), key=lambda reason: (reason.get("rank") or 0, str(reason.get("code"))))
    return AtRisk(
        target=row["target"],
        score=row["score"] or 0.0,
        level=row["level"],
        previous_level=row["previous_level"],
        basis=row["basis"],
        reasons=tuple(
            Reason(str(item.get("code")), item.get("feature"), _number(item.get("value")), _number(item.get("baseline")))
            for item in reasons
        ),
        levels=_levels(json_list(row["levels_7d"]), day),
        missed_tasks=tuple(MissedTask(item.get("name"), _moment(item.get("due_at"))) for item in json_list(row["missed_tasks"])),
        course_day=row["course_day"],
        course_days=row["course_days"],
    )


def _contact(row: dict[str, Any]) -> Contact:
    hours = [None if row[name] is None else int(row[name]) for name in ("best_hour_from", "best_hour_until")]
    return Contact(
        row["last_contact_at"], row["last_contact_channel"], row["last_contact_name"], row["best_channel"], hours[0], hours[1],
        is_last_own=bool(row.get("is_last_contact_own")),
    )  # fmt: skip


def _levels(items: Sequence[Any], day: date) -> tuple[str | None, ...]:
    """Level of each of the last seven days, oldest first; None for a day without a score. Items are {day, level}."""
    by_day = {str(item.get("day"))[:10]: item.get("level") for item in items if isinstance(item, dict)}
    days = [day - timedelta(days=back) for back in range(_LEVEL_DAYS - 1, -1, -1)]
    return tuple(by_day.get(one.isoformat()) if by_day.get(one.isoformat()) in LEVELS else None for one in days)


def _pick(model: type[_Model], row: dict[str, Any]) -> _Model:
    """A dataclass out of the columns of the same names."""
    return model(**{name: row[name] for name in model.__dataclass_fields__})  # type: ignore[attr-defined]


def _stream(row: dict[str, Any]) -> Stream:
    return Stream(row["stream_id"], row["course_name"], row["stream_title"])


def _streams(cell: Any) -> tuple[Stream, ...]:
    """rpt_curators.streams: a list of stream ids or of objects with stream_id, course_name, stream_title (or title)."""
    streams = []
    for item in json_list(cell):
        if isinstance(item, dict):
            streams.append(Stream(str(item.get("stream_id")), item.get("course_name"), item.get("stream_title") or item.get("title")))
        else:
            streams.append(Stream(str(item), None, str(item)))
    return tuple(sorted(streams, key=lambda stream: stream.stream_id))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _moment(value: Any) -> datetime | None:
    """A moment out of JSON: ISO 8601; without a zone it is UTC, as everything stored is."""
    if value is None or isinstance(value, datetime):
        return value
    moment = datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", str(value)))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# -- what changed ------------------------------------------------------------------------------------------------------------


def _history(warehouse: Warehouse, day: date) -> dict[str, History]:
    """Curator → their earlier lists. A list that was empty is there with no line."""
    since = day - timedelta(days=int(threshold("list_history")))
    handed_out = warehouse.rows(
        "select distinct receiver_id, day from deliveries.files where kind = 'list_html' and day < ? and day >= ? order by 1, 2 desc",
        [day, since],
    )
    items = warehouse.rows(
        "select curator_id, day, item_id, max(level) from deliveries.list_items where day < ? and day >= ? group by 1, 2, 3 order by 1, 2, 3",
        [day, since],
    )
    spoken = warehouse.rows(
        "select curator_id, day, item_id, list(reason order by reason) from deliveries.list_reasons where day < ? and day >= ? group by 1, 2, 3",
        [day, since],
    )
    history: dict[str, History] = defaultdict(History)
    for curator, listed in handed_out:
        history[curator].days.append(listed)
        history[curator].lines[listed] = {}
    for curator, listed, item, reasons in spoken:
        history[curator].lines.setdefault(listed, {})[item] = Shown(frozenset(reasons))
    for curator, listed, item, level in items:
        lines = history[curator].lines.setdefault(listed, {})
        lines[item] = Shown(lines[item].reasons if item in lines else frozenset(), True, level)
    return history


def _marks(
    warehouse: Warehouse, until: datetime, names: dict[str, str | None]
) -> tuple[dict[str, list[MarkSeen]], dict[str, frozenset[str]]]:
    """Item → marks given before a moment, newest first; and mark → what spoke for the item on the list that was marked."""
    rows = warehouse.rows(
        "select m.mark_id, m.marked_at, m.curator_id, m.item_id, m.list_day, m.section, m.state, m.until_day, m.channel, p.note from raw.marks as m "
        "left join personal.marks as p on p.mark_id = m.mark_id where m.marked_at < ? order by m.marked_at desc, m.mark_id",
        [until],
    )
    known = warehouse.rows(
        "select m.mark_id, list(r.reason) from raw.marks as m inner join deliveries.list_reasons as r "
        "on r.day = m.list_day and r.curator_id = m.curator_id and r.item_id = m.item_id where m.marked_at < ? group by m.mark_id",
        [until],
    )
    found: dict[str, list[MarkSeen]] = defaultdict(list)
    for mark_id, marked_at, curator, item, listed, section, state, until_day, channel, note in rows:
        seen = MarkSeen(mark_id, marked_at, curator, names.get(curator), item, listed, section, state, until_day, channel, note)
        found[item].append(seen)
    return found, {mark: frozenset(reasons) for mark, reasons in known}


# -- around the lines ----------------------------------------------------------------------------------------------------------


def _warnings(warehouse: Warehouse, day: date) -> tuple[SourceWarning, ...]:
    """Sources that are late, failed or missing, and those with a broken file although they are fresh."""
    gravest_first = "case state when 'missing' then 1 when 'failed' then 2 when 'late' then 3 else 4 end, source"
    rows = read_rows(
        warehouse, "rpt_sources", "day = ? and (state in ('late', 'failed', 'missing') or problem is not null)", [day], order=gravest_first
    )
    return tuple(_pick(SourceWarning, row) for row in rows)


def _judged_by_rules(warehouse: Warehouse, day: date) -> set[str]:
    rows = warehouse.rows(
        "select distinct curator_id from reports.rpt_at_risk_daily where day = ? and basis = 'rules' and target = 'dropout'", [day]
    )
    return {curator for (curator,) in rows}


def _slugs(curators: Sequence[str]) -> dict[str, str]:
    """Curator → file name: the beginning of the pseudonym; the whole of it where two begin alike."""
    short = {curator: re.sub(r"[^A-Za-z0-9]", "-", curator)[:SLUG_CHARACTERS].strip("-") or "curator" for curator in curators}
    uses: dict[str, int] = defaultdict(int)
    for slug in short.values():
        uses[slug.lower()] += 1
    return {
        curator: slug
        if uses[slug.lower()] == 1
        else f"{re.sub(r'[^A-Za-z0-9]', '-', curator)}-{blake2b(curator.encode(), digest_size=4).hexdigest()}"
        for curator, slug in short.items()
    }
