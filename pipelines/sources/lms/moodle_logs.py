"""Moodle's *Logs* report as its page downloads it (``report/log``), in the language of whoever downloaded it.

Source of the format: Moodle's ``report/log/classes/table_log.php`` and ``dataformat/*/classes/writer.php``, 3.x to 4.5.

What has to be known about it:

- CSV, Excel, ODS, JSON or HTML: the same cells (``tables``). JSON holds rows without a header: the columns are then the report's own, nine,
  or ten where the whole site was downloaded ("Course" comes first).
- In every other language the columns are the report's own, by their number, where the header has as many cells and Descriptions stand in
  their place; months and module names of the commonest languages are known (``local_times``; Descriptions name modules in English). Where columns
  were left out or moved, their words have to be known: in English and Russian, and in the languages of ``_OTHER_COLUMNS``.
- No ids but those inside Description, which is written in English whatever the language of the rest. A row whose Description names no
  user belongs to the account of the name shown (native id ``name:…``), to nobody where the name is "-". A name is never taken for an id;
  whether such an account is somebody who is known by id is decided by the links. How many rows a load left without anybody:
  ``select count(*) from raw.activity where account_id is null and load_id = …``.
- Times are in the zone of the person who downloaded the file, and the file does not say which: ``time_zone`` of the source, else the
  programme's. Two people in two zones downloading the same log give two sets of rows; one person should do it. Times without a year
  (Moodle 2.6) are rejected. "Today" and "yesterday" are counted from the day in the file's name, as Moodle calls it; without one they are rejected.
- No row number, and exact duplicates are real clicks. A row's id is a hash of what does not depend on the language (time, Description,
  origin, address) and its number among equals, so that overlapping downloads of the same log, English or Russian, give the same ids.
- The report hides anonymous events from most people and may have been filtered: a download can be shorter than the log, so it is never
  taken for the whole of it.
- A download of one course names the course in its course-level rows only; when the whole file names one course, every row is of it
  (every row of a module, where the front page is spoken of as well: that is the whole site's log without its column "Course"). In a
  download of several courses a row is of the course its Description names, else of the one its column "Course" or its context ("Course: …")
  names, where other rows of the file say which id that is; else of ``<realm>:course:code:<short name>`` (``facts`` knows them as one), else
  of none. ``course`` of the source, or ``feeds``, stands in for files that name none.
- "Admin User as Иванова" ("… под именем …"): somebody logged in as her. The id in Description is hers, the act is not.

Not kept: the address (IP); it only tells equal rows apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.programme import Source
from pipelines.sources.formats.delimited import Header, find_columns, looks_like
from pipelines.sources.formats.row_numbers import RowNumbers
from pipelines.sources.formats.tables import TableFile, day_month_order, open_table
from pipelines.sources.lms.moodle_courses import course_code, downloaded_code, downloaded_day, downloads
from pipelines.sources.lms.moodle_log_rows import (
    COURSE_VIEWED,
    FRONT_PAGE,
    Coded,
    Layout,
    LogRows,
    Numbered,
    Part,
    Places,
    described,
    read_rows,
)
from pipelines.sources.lms.moodle_sheets import reject_further_sheets
from pipelines.sources.lms.moodle_texts import task_kind
from pipelines.sources.lms.moodle_words import CONTEXT_KINDS, event_word, two_languages
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Misjudged, Rejected, Seen

WHAT = "a Moodle log (kind moodle_logs)"
_FILES = downloads(WHAT)

#: In the report's own order, which is all that a JSON download has.
COLUMNS = {
    "time": ("time", "время", "дата и время"),
    "user": ("user full name", "full name", "полное имя пользователя", "полное имя"),
    "affected": ("affected user", "затронутый пользователь"),
    "context": ("event context", "контекст события"),
    "component": ("component", "компонент"),
    "event": ("event name", "название события"),
    "description": ("description", "описание"),
    "origin": ("origin", "источник", "происхождение"),
    "address": ("ip address", "ip-адрес", "ip адрес"),
    "course": ("course", "курс"),
}
#: The same in Ukrainian, German, Spanish, French, Portuguese (language packs of 3.5 to 4.5), for tables from which somebody has taken columns.
_OTHER_COLUMNS = {
    "time": ("час", "zeit", "hora", "heure"),
    "user": (
        "повне ім'я користувача", "повне ім’я користувача", "vollständiger name", "nombre completo del usuario", "nombre completo",
        "nom complet de l’utilisateur", "nom complet de l'utilisateur", "nom complet", "nome completo do usuário", "nome completo",
    ),
    "affected": ("стосується користувача", "betroffene/r nutzer/in", "usuario afectado", "utilisateur touché", "usuário afetado"),
    "context": ("контекст події", "ereigniskontext", "kontext", "contexto del evento", "contexte de l’événement", "contexte de l'événement", "contexto do evento"),
    "component": ("компонент", "komponente", "componente", "composant"),
    "event": ("назва події", "ereignisname", "nombre evento", "nombre del evento", "nom de l’événement", "nom de l'événement", "nome do evento"),
    "description": ("опис", "beschreibung", "descripción", "description", "descrição"),
    "origin": ("джерело", "herkunft", "origen", "origine", "origem"),
    "address": ("ip-адреса", "ip-adresse", "dirección ip", "adresse ip", "endereço ip"),
    "course": ("курс", "kurs", "curso", "cours"),
}  # fmt: skip
_ALL_COLUMNS = {name: (*words, *(word for word in _OTHER_COLUMNS[name] if word not in words)) for name, words in COLUMNS.items()}
#: Of use, but the log says the same without them.
_OPTIONAL = ("affected", "origin", "address", "course")
_OWN_ORDER = tuple(words[0] for name, words in COLUMNS.items() if name != "course")
_OWN_HEADERS = (_OWN_ORDER, ("course", *_OWN_ORDER))
_OWN_NAMES = tuple(tuple(name for name in ("course", *COLUMNS) if name != "course" or with_course) for with_course in (False, True))
_WORDS = frozenset(word for words in COLUMNS.values() for word in words)
_ALL_WORDS = frozenset(word for words in _ALL_COLUMNS.values() for word in words)
#: Words that a header in another language has in common with English or Russian ("Description", "Компонент").
_CHANCE_WORDS = 3
#: Nearly every Description names whoever acted.
_SAYS_AN_ID = re.compile(r"\bid '-?[0-9]+'")
#: No id has more digits: they are of 64 bits.
_COURSE_VIEWED = re.compile(COURSE_VIEWED.replace(r"\d+", r"(\d{1,19})").encode("ascii"))
_TIME_TYPE = pa.timestamp("us", tz="UTC")
#: Records derived from the log stand behind whatever a fuller source says of the same course or task.
_WEAKEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class _Found:
    """What a file has told besides its rows: accounts, courses, tasks. Small: one entry per person, course, task."""

    names: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    course_titles: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    course_codes: dict[str, tuple[int, str]] = field(default_factory=dict)
    tasks: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    task_courses: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: Of tasks whose context says their type in a word that is not known: Moodle's own name of the module, and the title.
    modules: dict[str, str] = field(default_factory=dict)
    strange_tasks: dict[str, tuple[int, str]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    _account_ids: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))

    def account_ids(self, natives: Numbered, realm: str, context: Context) -> pa.Array:
        """Pseudonyms of people by their numbers; each person of a file is hashed once, not once a block."""
        known = len(self._account_ids)
        if strangers := natives.texts[known:]:
            self._account_ids = pa.concat_arrays([self._account_ids, context.pseudonyms.column(realm, strangers)])
        return self._account_ids

    def note(self, part: Part, rows: LogRows) -> None:
        """Take up what one block tells."""
        least, most = pc.min_max(rows.moments).as_py().values()
        self.since = least if self.since is None else min(self.since, least)
        self.until = most if self.until is None else max(self.until, most)
        self.modules.update(part.task_modules)

    def conclude(self, layout: Layout) -> None:
        """Make up the mind once all blocks are in. Ties between two spellings of one second fall to the later in the alphabet."""
        natives, names, contexts, course_ids = (one.texts for one in (layout.natives, layout.names, layout.contexts, layout.course_ids))
        for person, shown, at in layout.told["people"].pairs():
            name = names[shown]
            _keep_latest(self.names, natives[person], at, None if name in ("", "-") else name)
        for course, title, at in layout.told["course_titles"].pairs():
            prefix, _, name = contexts[title].partition(": ")
            _keep_latest(self.course_titles, str(course), at, name.strip() if event_word(prefix) not in CONTEXT_KINDS else None)
        for course, cell, at in layout.told["course_codes"].pairs():
            code = layout.course_cells.texts[cell].strip()
            if code not in ("", "-"):
                self.course_codes[course_ids[course]] = max(self.course_codes.get(course_ids[course], (-1, "")), (at, code))
        for task, title, at in layout.told["task_titles"].pairs():
            prefix, _, name = contexts[title].partition(": ")
            kind = CONTEXT_KINDS.get(event_word(prefix))
            if kind and name.strip():
                self.tasks[str(task)] = max(self.tasks.get(str(task), (-1, "", "")), (at, kind, name.strip()))
        for task, title, at in layout.told["strange_titles"].pairs():
            name = contexts[title].partition(": ")[2].strip()
            if name:
                self.strange_tasks[str(task)] = max(self.strange_tasks.get(str(task), (-1, "")), (at, name))
        for task, course, at in layout.told["task_courses"].pairs():
            self.task_courses[str(task)] = max(self.task_courses.get(str(task), (-1, "")), (at, course_ids[course]))


def _keep_latest(known: dict[str, tuple[int, str | None]], key: str, at: int, name: str | None) -> None:
    if not name:
        known.setdefault(key, (-1, None))
        return
    before = known.get(key)
    if before is None or at > before[0] or (at == before[0] and name > (before[1] or "")):
        known[key] = (at, name)


class MoodleLogsReader:
    """Reader of Moodle's Logs download, one file after the other. Kind ``moodle_logs``."""

    kind: ClassVar[str] = "moodle_logs"
    version: ClassVar[int] = 8
    #: Descriptions are hashed by their shape and numbers since 4; since 5 rows are told as somebody else's act that were not before.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("activity",), 5)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Files in one of Moodle's formats below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Activity, and derived from it accounts, courses and tasks. Raises BadFile for anything but a whole Logs download, and Misjudged where
        the context is trusting and a large file turns out to be in another encoding, or of more courses, than its beginning says."""
        return _FILES.events(item, lambda one: self._table(source, one, context))

    def _table(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "moodle"
        file = open_table(item.path, _ALL_WORDS, headers=_OWN_HEADERS, watch=_COURSE_VIEWED, trusting=context.trusting)
        header = file.header()
        places = _own_places(file, header) or find_columns(file, header, _ALL_COLUMNS, optional=_OPTIONAL, what=WHAT)
        yield from reject_further_sheets(file, header, _ALL_WORDS, _is_log, "activity")
        order = day_month_order(file, header, [places["time"]])
        courses = _courses(file, header, places, source, item)
        found, numbers = _Found(), RowNumbers()
        layout = Layout(places, order, context.zone, courses, downloaded_day(item))
        work = partial(read_rows, layout=layout)
        for part in file.worked(header, work):
            if part.speaks_of_others:
                raise Misjudged
            if part.seen:
                yield Seen("activity", part.seen)
            for line, reason in part.rejected:
                yield Rejected("activity", f"{file.unit} {line}", reason)
            if part.rows is not None:
                found.note(part, part.rows)
                # Newest first as a rule: the first block tells the moment of which the file speaks.
                yield Covers(found.since, found.until)
                yield Batch("activity", _activity(part.rows, layout, realm, context, numbers, found))
        found.conclude(layout)
        yield from _derived(found, realm, courses, context)
        yield Covers(found.since, found.until)


def _is_log(header: Header) -> bool:
    """Has the header every column that is needed, in words that are known?"""
    return all(set(words) & set(header.words) for name, words in _ALL_COLUMNS.items() if name not in _OPTIONAL)


def _own_places(file: TableFile, header: Header) -> dict[str, int] | None:
    """Places of the columns in a language that is not known: the report's own order; None where it is not that."""
    names = next((names for names in _OWN_NAMES if len(names) == len(header.cells)), None)
    if names is None or looks_like(header.words) or sum(word in _WORDS for word in header.words) > _CHANCE_WORDS:
        return None
    place = names.index("description")
    if _SAYS_AN_ID.search(header.cells[place]):
        return None
    block = next((block for block in file.blocks(header) if block.rows), None)
    if block is None:
        return None
    says = pc.match_substring_regex(block.columns[place], _SAYS_AN_ID.pattern)
    return {name: number for number, name in enumerate(names)} if 2 * (pc.sum(says).as_py() or 0) > block.rows else None


def _courses(file: TableFile, header: Header, places: Mapping[str, int], source: Source, item: Item) -> Places:
    """Which courses the file speaks of."""
    stated = course_code(source, item) or downloaded_code(item)
    fallback = None if stated is None else f"code:{stated}"
    if file.is_trusted and "course" not in places:
        early = {int(one) for one in file.find_early(_COURSE_VIEWED)}
        if len(early) == 1 and FRONT_PAGE not in early:
            return Places(only=early.pop(), is_assumed=True, stated=fallback, code=stated)
    found = {int(one) for one in file.find_all(_COURSE_VIEWED)}
    ids = found - {FRONT_PAGE}
    # No course's own log tells of the front page: with it, it is the whole site's, where people also log in and see their dashboards.
    if "course" not in places and len(ids) <= 1 and not (ids and FRONT_PAGE in found):
        return Places(only=next(iter(ids), None), stated=fallback, code=stated)
    told: dict[str, dict[str, set[str]]] = {"course": {}, "context": {}}
    for block in file.blocks(header):
        if not block.rows:
            continue
        descriptions = block.columns[places["description"]]
        views = pc.match_substring_regex(descriptions, COURSE_VIEWED).to_numpy(zero_copy_only=False)
        course = np.where(views, described(descriptions).course, 0)
        for name, known in told.items():
            if name in places:
                cells = block.columns[places[name]]
                rows = pa.table({"cell": cells, "course": course}).filter(pa.array(course > 0))
                for row in rows.group_by(["cell", "course"], use_threads=False).aggregate([]).to_pylist():
                    known.setdefault(row["cell"].strip(), set()).add(str(row["course"]))
                if name == "course":
                    for value in cells.unique().to_pylist():
                        known.setdefault(value.strip(), set())
    codes = {
        code: next(iter(found)) if len(found) == 1 else f"code:{code}" for code, found in told["course"].items() if code not in ("", "-")
    }
    titles = {title: next(iter(found)) for title, found in told["context"].items() if len(found) == 1}
    of_modules = next(iter(ids)) if "course" not in places and len(ids) == 1 else None
    return Places(by_code=codes, by_title=titles, stated=fallback, of_modules=of_modules)


def _activity(rows: LogRows, layout: Layout, realm: str, context: Context, numbers: RowNumbers, found: _Found) -> pa.Table:
    at = pc.cast(rows.moments, pa.int64()).to_numpy(zero_copy_only=False)
    accounts = found.account_ids(layout.natives, realm, context)
    return pa.table(
        {
            "activity_id": numbers.ids(f"{realm}:log:", rows.hashes, at),
            "account_id": Coded(accounts, rows.person).array(),
            "course_id": Coded(layout.course_ids.array(), rows.course).array(f"{realm}:course:"),
            "task_id": rows.task.array(f"{realm}:task:"),
            "occurred_at": rows.moments,
            "action": rows.action.array(),
            "event": rows.event.array(),
            "component": rows.component.array(),
            "object_id": rows.object.array(),
            "related_account_id": Coded(accounts, rows.related).array(),
            "origin": rows.origin.array(),
            "is_impersonated": pa.array(rows.is_impersonated),
            "is_anonymous": pa.repeat(pa.scalar(False), len(at)),
        }
    )


def _prefixed(prefix: str, values: list[str]) -> pa.Array:
    return pa.array([prefix + value for value in values], pa.string())


# -- what is derived ---------------------------------------------------------------------------------------------------------


def _derived(found: _Found, realm: str, courses: Places, context: Context) -> Iterator[Event]:
    if found.names:
        natives = sorted(found.names)
        yield Batch(
            "accounts",
            pa.table(
                {
                    "account_id": context.pseudonyms.column(realm, natives),
                    "realm": pa.repeat(pa.scalar(realm), len(natives)),
                    "channel": pa.repeat(pa.scalar("lms"), len(natives)),
                    "native_id": pa.array(natives, pa.string()),
                    "display_name": pa.array([found.names[native][1] for native in natives], pa.string()),
                }
            ),
            counted=False,
        )
    known = sorted((set(found.course_titles) | set(found.course_codes)) - {str(FRONT_PAGE)})
    if known:
        names = [two_languages(found.course_titles.get(course, (-1, None))[1] or "") for course in known]
        told = {course: code for course, (_, code) in found.course_codes.items()}
        if courses.only is not None and courses.code is not None:
            told.setdefault(str(courses.only), courses.code)
        codes = [told.get(course) for course in known]
        yield Batch(
            "courses",
            pa.table(
                {
                    "course_id": _prefixed(f"{realm}:course:", known),
                    "code": pa.array(codes, pa.string()),
                    "name": pa.array([name or None for name, _ in names], pa.string()),
                    "name_en": pa.array([english for _, english in names], pa.string()),
                    # A log that has no short name does not take away what another has told.
                    "seen_at": pa.array([_WEAKEST + timedelta(seconds=code is not None) for code in codes], _TIME_TYPE),
                }
            ),
            counted=False,
        )
    for task, (at, name) in found.strange_tasks.items():
        found.tasks.setdefault(task, (at, task_kind(found.modules[task]), name))
    in_course = {task: course for task, (_, course) in found.task_courses.items()}
    known_course = courses.only if courses.only is not None else courses.of_modules
    default = str(known_course) if known_course is not None else courses.stated
    tasks = [task for task in sorted(found.tasks) if in_course.get(task, default) not in (None, str(FRONT_PAGE))]
    if tasks:
        names = [two_languages(found.tasks[task][2]) for task in tasks]
        yield Batch(
            "tasks",
            pa.table(
                {
                    "task_id": _prefixed(f"{realm}:task:", tasks),
                    "course_id": _prefixed(f"{realm}:course:", [in_course.get(task, default) or "" for task in tasks]),
                    "kind": pa.array([found.tasks[task][1] for task in tasks], pa.string()),
                    "name": pa.array([name for name, _ in names], pa.string()),
                    "name_en": pa.array([english for _, english in names], pa.string()),
                    "seen_at": pa.repeat(pa.scalar(_WEAKEST, _TIME_TYPE), len(tasks)),
                }
            ),
            counted=False,
        )
