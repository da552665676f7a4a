"""The curators' morning list: who needs this curator today, most urgent first, few enough to act on.

:func:`build_lists` reads the report tables of one day and decides who is on which list (a model in no language, pipelines.deliveries.list_model);
:func:`write_lists` writes the pages and workbooks; :func:`remember` notes what was handed out, so that the next list can say what is new.
The order of urgency lies in :mod:`pipelines.deliveries.urgency`, the words in :mod:`pipelines.deliveries.wording`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from pipelines.deliveries import list_html, list_xlsx
from pipelines.deliveries.copies import pairs_of, read_pairs
from pipelines.deliveries.files import WrittenFile, remember_files, write_file
from pipelines.deliveries.language import Language
from pipelines.deliveries.list_model import (
    LEVELS,
    AtRisk,
    Change,
    Contact,
    Copier,
    CuratorList,
    Line,
    MissedTask,
    NeverStarted,
    NotReached,
    OpenQuestion,
    Reason,
    SimilarWork,
    SourceWarning,
    Stream,
)
from pipelines.deliveries.report_tables import json_list, read_rows
from pipelines.deliveries.urgency import fitting, ranked, urgency_of
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
    warnings = _warnings(warehouse, day)
    by_rules = _judged_by_rules(warehouse, day)
    slugs = _slugs([row["curator_id"] for row in curators])
    lists = []
    for row in curators:
        curator = row["curator_id"]
        previous_days = history.get(curator, {})
        lines = [_changed(line, previous_days) for line in candidates.get(curator, [])]
        fit, overflow = fitting(lines, programme.lists.length)
        previous = max(previous_days) if previous_days else None
        still = {line.item_id for line in lines}
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
                resolved_since=sum(1 for item in previous_days[previous] if item not in still) if previous else 0,
                displaced_since=sum(1 for line in overflow if line.item_id in previous_days[previous]) if previous else 0,
                shared_with=_others(row, curators),
                is_by_rules=curator in by_rules,
                slug=slugs[curator],
                language=programme.lists.language or programme.languages[0],
                zone=programme.zone,
                evidence={line.item_id: pairs_of(line.similar, pairs) for line in lines if line.similar},
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
    """Write what was handed out on ``day`` into deliveries.list_items and deliveries.files, replacing that day. Returns the lines written.

    Only lines that stood on a list are remembered; who did not fit was not shown and is new when shown.
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
    # The next list asks the files whether there was a list, and the lines what stood on it.
    with warehouse.transaction():
        written = warehouse.replace("deliveries.list_items", table, where="day = ?", parameters=[day])
        remember_files(warehouse, day, files, FILE_KINDS)
    return written


# -- candidates --------------------------------------------------------------------------------------------------------------


def _candidates(warehouse: Warehouse, day: date) -> dict[str, list[Line]]:
    """Every line of every curator, people merged, most urgent first."""
    found: dict[_Person, dict[str, Any]] = defaultdict(
        lambda: {"streams": {}, "name": None, "questions": [], "risks": [], "not_reached": []}
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
    for row in read_rows(
        warehouse, "rpt_at_risk_daily", at_risk, [day] * (1 + len(_PERSON_TABLES)), order="curator_id, person_id, stream_id, target"
    ):
        key = row["curator_id"], row["person_id"]
        if key not in contacts or (row["last_contact_at"] and not contacts[key].last_at):
            contacts[key] = _contact(row)
        if row["level"] in ("medium", "high"):
            person(row)["risks"].append(_risk(row, day))
    for row in read_rows(warehouse, "rpt_open_questions", of_the_day, [day], order="curator_id, person_id, asked_at, question_id"):
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
            contact=contacts.get((curator, person_id), Contact()),
        )
        lines[curator].append(line)
    for curator, similar in _similar(warehouse, day):
        lines[curator].append(similar)
    return {curator: ranked([_placed(line) for line in lines[curator]]) for curator in sorted(lines)}


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
            row["task_id"], row["task_name"], row["source_kind"], row["source_id"], row["source_at"], row["source_name"], learners, copiers
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
    return Contact(row["last_contact_at"], row["last_contact_channel"], row["last_contact_name"], row["best_channel"], hours[0], hours[1])


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


def _history(warehouse: Warehouse, day: date) -> dict[str, dict[date, dict[str, str | None]]]:
    """Curator → day of an earlier list → line → level shown then. A list that was empty is there with no line."""
    since = day - timedelta(days=int(threshold("list_history")))
    handed_out = warehouse.rows(
        "select distinct receiver_id, day from deliveries.files where kind = 'list_html' and day < ? and day >= ? order by 1, 2",
        [day, since],
    )
    rows = warehouse.rows(
        "select curator_id, day, item_id, max(level) from deliveries.list_items where day < ? and day >= ? group by 1, 2, 3 order by 1, 2, 3",
        [day, since],
    )
    history: dict[str, dict[date, dict[str, str | None]]] = defaultdict(lambda: defaultdict(dict))
    for curator, listed in handed_out:
        history[curator][listed] = {}
    for curator, listed, item, level in rows:
        history[curator][listed][item] = level
    return history


def _changed(line: Line, days: dict[date, dict[str, str | None]]) -> Line:
    """The line with what changed since the curator's previous list; nothing to say where there was none."""
    if not days:
        return line
    newest_first = sorted(days, reverse=True)
    if line.item_id not in days[newest_first[0]]:
        return replace(line, change=Change(is_new=True))
    since = newest_first[0]
    for listed in newest_first:
        if line.item_id not in days[listed]:
            break
        since = listed
    then = days[newest_first[0]][line.item_id]
    has_risen = then in LEVELS and line.level in LEVELS and LEVELS.index(line.level) > LEVELS.index(then)
    return replace(line, change=Change(is_new=False, since=since, risen_from=then if has_risen else None))


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
