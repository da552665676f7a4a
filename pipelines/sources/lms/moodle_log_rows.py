"""Rows of Moodle's Logs download, block by block: who, whom, which course and activity, what was done, and a hash of each row.

Belongs here: what one block says without waiting for any other, so that blocks can be worked at side by side. What needs the whole file
(numbers of equal rows, the latest name of a person, which course the file is of) is put together in ``moodle_logs``.

Every column but times and descriptions repeats itself: work is done once per distinct cell of a file (:class:`Cells`), and those two are read by
their shapes (``shapes``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import islice
from threading import Lock, RLock
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.delimited import Block, rows_where
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.row_numbers import LANES, digests, row_hashes, shape_hashes
from pipelines.sources.formats.shapes import MOST_DIGITS, Shapes
from pipelines.sources.lms.moodle_words import CONTEXT_KINDS, action_of_pair, actions_by_description, event_word, person_keys

#: Distinct cells remembered: more people or addresses than any site has in one log; some ten megabytes.
_MOST_REMEMBERED = 100_000
#: Among so many distinct cells a block's are looked for all at once, and so many stand in the dictionary of a column; of more, one by one.
_MOST_SEARCHED = 1 << 14
FRONT_PAGE = 1  # SITEID: the site's own page is no course

# What a description says of ids, in English whatever the language of the rest.
# The actor opens the sentence ("The user with id"); whoever is acted upon stands inside it.
_PATTERNS = {
    "user": r"^(?:The )?[Uu]ser with (?:the )?id '?(?P<id>-?[0-9]+)",
    # mod_choice breaks its line before "user"; a new attempt and a user's report are "for user with id".
    "related": r" (?:the|for|of)\s+user with (?:the )?id '?(?P<id>-?[0-9]+)",
    "course": r"course (?:with )?(?:the )?id '(?P<id>[0-9]+)'",
    "module": r"course module (?:with )?(?:the )?(?:id )?'(?P<id>[0-9]+)'",
    "object": (
        r"(?:submission|attempt|post|discussion|grade|comment|group|role|event|item|question|page|slot|entry|record|message|"
        r"enrolment method '[^']*'|event '[^']*'|graded the submission) (?:with )?(?:the )?(?:id )?(?:of )?'(?P<id>[0-9]+)'"
    ),
}
_BY_SHAPE = tuple(re.compile(pattern.encode("ascii")) for pattern in _PATTERNS.values())
_IMPERSONATED = re.compile(r"^\s*(?P<real>\S.*?) (?:as|как|под именем|від імені|als|en tant que|como|come|як) (?P<shown>\S.*?)\s*$")
#: Spoken of by every course-level view, in English in every language.
COURSE_VIEWED = r"viewed the (?:section number '[^']*' of the )?course with (?:the )?id '\d+'"
_MODULE_NAME = r"the '(?P<module>[a-z][a-z0-9_]*)' activity with (?:the )?course module id '(?P<id>[1-9][0-9]*)'"
_NEAR_DAY = re.compile(
    r"\W*(?:(?P<today>today|сегодня|сьогодні|бүгін|heute|hoy|aujourd['’]hui|hoje|oggi|dzisiaj|dziś)"
    r"|yesterday|вчера|вчора|кеше|gestern|ayer|hier|ontem|ieri|wczoraj)\b\D*(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?)\s*",
    re.IGNORECASE,
)
_WITHOUT_YEAR = r"^\s*(?:\d{1,2}\.?\s+\pL{3,}\.?|\pL{3,}\.?\s+\d{1,2}|\d{1,2}[./-]\d{1,2}),?\s+\d{1,2}:\d{2}"


class Numbered:
    """Texts numbered as they are met, over a whole file, by several threads."""

    def __init__(self) -> None:
        self._lock, self._numbers, self._array = Lock(), dict[str, int](), pa.array([], pa.string())
        self.texts: list[str] = []

    def codes(self, texts: Iterable[str | None]) -> np.ndarray:
        """The number of each text; -1 for None."""
        with self._lock:
            found = [-1 if text is None else self._numbers.setdefault(text, len(self._numbers)) for text in texts]
            if len(self._numbers) > len(self.texts):
                self.texts += islice(self._numbers, len(self.texts), None)
        return np.array(found, np.int32)

    def array(self) -> pa.Array:
        """All texts by their numbers."""
        with self._lock:
            if len(self._array) < len(self.texts):
                self._array = pa.array(self.texts, pa.string())
            return self._array


class Cells:
    """Distinct cells of one column of a file, numbered as they are met, and what was made of each: worked out once a file, not once a block.

    Parameters
    ----------
    make: new cells → arrays of what is made of each, by name.
    forgets: begin anew when there are more than a log has people; numbers are then good for one block only.
    """

    def __init__(self, make: Callable[[list[Any]], dict[str, np.ndarray]], kind: pa.DataType, *, forgets: bool = False) -> None:
        self._make, self._kind, self._forgets, self._lock = make, kind, forgets, RLock()
        self._begin()

    def _begin(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._state = (pa.array([], self._kind), self._make([]))

    def of(self, column: pa.Array) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """(number of the cell of each row, what was made of each cell)."""
        known, made = self._state
        if len(known) <= _MOST_SEARCHED:
            found = pc.index_in(column, value_set=known)
            if found.null_count and len(known):
                # Once a few blocks are read, a block has few that are new.
                known, made = self._with(column.filter(pc.is_null(found)).unique().to_pylist())
                found = pc.index_in(column, value_set=known)
            if not found.null_count:
                return found.to_numpy(), made
        encoded = pc.dictionary_encode(column)
        cells = encoded.dictionary.to_pylist()
        with self._lock:
            if self._forgets and len(self._numbers) > _MOST_REMEMBERED:
                self._begin()
            _, made = self._with(cells)
            numbers = np.array([self._numbers[cell] for cell in cells], np.int32)
        return numbers[encoded.indices.to_numpy()], made

    def _with(self, cells: list[Any]) -> tuple[pa.Array, dict[str, np.ndarray]]:
        """All cells that are known, these among them, and what was made of each."""
        with self._lock:
            known, made = self._state
            if new := [cell for cell in cells if cell not in self._numbers]:
                self._numbers.update(zip(new, range(len(self._numbers), len(self._numbers) + len(new)), strict=True))
                more = self._make(new)
                known = pa.concat_arrays([known, pa.array(new, self._kind)])
                made = {name: np.concatenate((array, more[name])) for name, array in made.items()}
                self._state = (known, made)
            return known, made


@dataclass
class Described:
    """What distinct descriptions say: ids as numbers, 0 where none is said; ``names_user``: a user is spoken of, if only as nobody (0, -1)."""

    user: np.ndarray
    related: np.ndarray
    course: np.ndarray
    module: np.ndarray
    object: np.ndarray
    names_user: np.ndarray
    shapes: Shapes


def described(texts: pa.Array) -> Described:
    """Ids out of descriptions. A "number" of more than MOST_DIGITS digits is no id."""
    shapes = Shapes(texts)
    if shapes.are_few:
        numbers, found = shapes.numbers(_spans, len(_PATTERNS))
    else:
        columns = [_numbers_by_text(texts, pattern) for pattern in _PATTERNS.values()]
        numbers, found = (np.column_stack([column[place] for column in columns]) for place in (0, 1))
    user, related, course, module, subject = numbers.T
    return Described(user, related, course, module, subject, names_user=found[:, 0], shapes=shapes)


@lru_cache(maxsize=1 << 14)
def _spans(shape: bytes) -> list[tuple[int, int] | None]:
    spans: list[tuple[int, int] | None] = []
    for pattern in _BY_SHAPE:
        match = pattern.search(shape)
        start, end = match.span("id") if match else (0, 0)
        # Ids below zero stand for nobody: no digits, the number 0.
        spans.append(None if match is None else (start, start) if shape[start : start + 1] == b"-" else (start, end))
    return spans


def _numbers_by_text(texts: pa.Array, pattern: str) -> tuple[np.ndarray, np.ndarray]:
    ids = pc.struct_field(pc.extract_regex(texts, pattern), "id")
    ids = pc.fill_null(pc.if_else(pc.starts_with(ids, "-"), "0", ids), "")
    is_id = pc.and_(pc.not_equal(ids, ""), pc.less_equal(pc.binary_length(ids), MOST_DIGITS))
    numbers = pc.cast(pc.if_else(is_id, ids, "0"), pa.int64())
    return numbers.to_numpy(zero_copy_only=False), is_id.to_numpy(zero_copy_only=False)


class Told:
    """What rows tell by the way, over a whole file: pairs (key, value) of numbers that stand in one row, and the latest moment of each pair.

    Nearly every value stands with one key (a title with its course, a name with its owner): the first key of a value is its own, whose rows
    are looked at all at once. Rows in which it stands with another are put together as they come.
    """

    def __init__(self) -> None:
        self._lock, self._own, self._at = Lock(), np.empty(0, np.int64), np.empty(0, np.int64)
        self._others: list[pa.Table] = []

    def add(self, keys: np.ndarray, values: np.ndarray, moments: np.ndarray, rows: np.ndarray) -> None:
        """Take in what rows tell; those that lack one of both (below 0) tell nothing.

        Parameters
        ----------
        rows: all rows in the order of their moments: of several rows of a pair the last one stands.
        """
        rows = rows[(keys[rows] >= 0) & (values[rows] >= 0)]
        if not len(rows):
            return
        keys, values, moments = keys[rows], values[rows], moments[rows]
        with self._lock:
            if (more := int(values.max()) + 1 - len(self._own)) > 0:
                self._own = np.concatenate((self._own, np.full(more, -1, np.int64)))
                self._at = np.concatenate((self._at, np.full(more, np.iinfo(np.int64).min)))
            is_first = self._own[values] < 0
            if is_first.any():
                self._own[values[is_first]] = keys[is_first]
            is_own = self._own[values] == keys
            at = np.full(len(self._own), np.iinfo(np.int64).min)
            at[values[is_own]] = moments[is_own]
            np.maximum(self._at, at, out=self._at)
            if not is_own.all():
                others = pa.table(
                    {"key": keys[~is_own].astype(np.int64), "value": values[~is_own].astype(np.int64), "at": moments[~is_own]}
                )
                self._others.append(_distinct([others]))
                if sum(part.num_rows for part in self._others[1:]) > _MOST_REMEMBERED:
                    self._others = [_distinct(self._others)]

    def pairs(self) -> list[tuple[int, int, int]]:
        """(key, value, latest moment) of each pair, once, in the order of keys and values."""
        values = np.flatnonzero(self._own >= 0)
        own = list(zip(self._own[values].tolist(), values.tolist(), self._at[values].tolist(), strict=True))
        others = list(zip(*_distinct(self._others).to_pydict().values(), strict=True)) if self._others else []
        return sorted(own + others)


def _distinct(pairs: list[pa.Table]) -> pa.Table:
    found = pa.concat_tables(pairs).group_by(["key", "value"], use_threads=False).aggregate([("at", "max")])
    return found.select(["key", "value", "at_max"]).rename_columns(["key", "value", "at"])


@dataclass
class Coded:
    """A column as codes into texts; -1 is null."""

    texts: pa.Array
    codes: np.ndarray
    #: The texts are those of one block.
    is_of_block: bool = False

    def array(self, prefix: str = "") -> pa.Array:
        """The texts behind a prefix: as a dictionary, or as they are where those of the whole file would be a large one."""
        codes = pa.array(self.codes.astype(np.int32, copy=False), pa.int32(), mask=self.codes < 0)
        texts = pc.binary_join_element_wise(prefix, self.texts, "") if prefix else self.texts
        is_small = self.is_of_block or len(texts) <= _MOST_SEARCHED
        return pa.DictionaryArray.from_arrays(codes, texts) if is_small else texts.take(codes)


def coded_numbers(numbers: np.ndarray) -> Coded:
    """Numbers as texts, 0 and below as null."""
    encoded = pc.dictionary_encode(pa.array(numbers))
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    texts = pc.cast(encoded.dictionary, pa.string())
    return Coded(texts, np.where(numbers > 0, codes, -1), is_of_block=True)


@dataclass
class Places:
    """What a file has told of its courses before its rows are read.

    ``only``: the one course it speaks of. ``by_code``, ``by_title``: which course a short name (column "Course") or a title (Event context
    of course-level rows) belongs to, where the file's own rows leave no doubt.
    """

    only: int | None = None
    #: So says the beginning of the file: a row that speaks otherwise is told of (:attr:`Part.speaks_of_others`).
    is_assumed: bool = False
    by_code: Mapping[str, str] = field(default_factory=dict)
    by_title: Mapping[str, str] = field(default_factory=dict)
    #: Of a site's whole log without the column "Course", where one course alone is spoken of: that of the modules' rows.
    of_modules: int | None = None
    #: Course of rows that say nothing, from the programme file or the file's name.
    stated: str | None = None
    #: Short name of the one course, from there too.
    code: str | None = None


class Layout:
    """What is the same for all blocks of a file, and what is known of it from the blocks that were read.

    Parameters
    ----------
    places: own name of a column → its place.
    today: the day from which "today" and "yesterday" are counted; None: not known.
    """

    def __init__(self, places: Mapping[str, int], order: Order, zone: ZoneInfo, courses: Places, today: date | None = None) -> None:
        self.places, self.order, self.zone, self.courses, self.today = places, order, zone, courses, today
        #: People's native ids, names as shown, courses' ids.
        self.natives, self.names, self.course_ids = Numbered(), Numbered(), Numbered()
        self.contexts, self.course_cells, self.events, self.components, self.origins = (Numbered() for _ in range(5))
        self.cells = {
            "user": Cells(self._of_user, pa.string()),
            "affected": Cells(self._of_affected, pa.string()),
            "context": Cells(self._of_context, pa.string()),
            "course": Cells(self._of_course, pa.string()),
            "component": Cells(partial(_trimmed, self.components), pa.string()),
            # Each row has an event, if only one without a name.
            "event": Cells(lambda cells: {"text": self.events.codes(cell.strip() for cell in cells), "hash": digests(cells)}, pa.string()),
            "origin": Cells(partial(_trimmed, self.origins, change=str.lower), pa.string()),
            "address": Cells(lambda cells: {"hash": digests(cells)}, pa.string(), forgets=True),
        }
        #: What is told by the way, by what it is of: names of people, titles and short names of courses, titles and courses of tasks.
        self.told = {what: Told() for what in ("people", "course_titles", "course_codes", "task_titles", "strange_titles", "task_courses")}
        self.people = Cells(lambda ids: {"native": self.natives.codes(str(one) if one > 0 else None for one in ids)}, pa.int64())
        self._actions: dict[tuple[int, int], str | None] = {}

    def _of_user(self, cells: list[str]) -> dict[str, np.ndarray]:
        shown = [_shown(cell) for cell in cells]
        names = [name for name, _ in shown]
        return {
            "text": self.names.codes(names),
            "native": self.natives.codes(person_keys(names)),
            "hash": digests(names),
            "is_impersonated": np.array([impersonated for _, impersonated in shown], bool),
        }

    def _of_affected(self, cells: list[str]) -> dict[str, np.ndarray]:
        names = [cell.strip() for cell in cells]
        return {"text": self.names.codes(names), "native": self.natives.codes(person_keys(names)), "hash": digests(cells)}

    def _of_context(self, cells: list[str]) -> dict[str, np.ndarray]:
        return {
            "text": self.contexts.codes(cells),
            "hash": digests(cells),
            "is_strange": np.array([event_word(cell.partition(": ")[0]) not in CONTEXT_KINDS for cell in cells], bool),
            "course": self.course_ids.codes(self.courses.by_title.get(cell.strip()) for cell in cells),
        }

    def _of_course(self, cells: list[str]) -> dict[str, np.ndarray]:
        return {
            "text": self.course_cells.codes(cells),
            "course": self.course_ids.codes(self.courses.by_code.get(cell.strip()) for cell in cells),
        }

    def action(self, event: int, component: int) -> str | None:
        """:func:`action_of_pair` of an event and a component (0: none, else its code and 1), found out once a pair."""
        if (event, component) not in self._actions:
            self._actions[event, component] = action_of_pair(
                self.events.texts[event], self.components.texts[component - 1] if component else ""
            )
        return self._actions[event, component]


def _trimmed(known: Numbered, cells: list[str], change: Callable[[str], str] = str) -> dict[str, np.ndarray]:
    """Of cells that are a word: the word, the cell with its case changed where that says nothing, its hash."""
    changed = [change(cell) for cell in cells]
    return {"text": known.codes(cell.strip() or None for cell in changed), "hash": digests(changed)}


@dataclass(frozen=True)
class LogRows:
    """Rows of one block that are kept, column by column.

    ``person``, ``related``, ``course``: their codes among all of the file (:class:`Layout`), -1 for none.
    """

    moments: pa.Array
    hashes: np.ndarray
    person: np.ndarray
    related: np.ndarray
    course: np.ndarray
    task: Coded
    object: Coded
    action: Coded
    event: Coded
    component: Coded
    origin: Coded
    is_impersonated: np.ndarray


@dataclass
class Part:
    """One block, before anything of other blocks is known: its rows, and what they tell by the way."""

    seen: int
    rejected: list[tuple[int, str]]
    rows: LogRows | None = None
    #: A course-level row is of another course than the file was taken to be of.
    speaks_of_others: bool = False
    #: Task → Moodle's own name of its module, where the context says it in a word that is not known.
    task_modules: dict[str, str] = field(default_factory=dict)


def read_rows(block: Block, layout: Layout) -> Part:
    """One block of a Logs download."""
    rejected = block.refused
    part = Part(block.seen, rejected)
    if not block.rows:
        return part
    cells = {name: block.columns[place] for name, place in layout.places.items()}
    moments, understood = to_utc(cells["time"], layout.order, layout.zone)
    if moments.null_count and (dated := _with_days(cells["time"], moments, layout.today)) is not None:
        moments, understood = to_utc(dated, layout.order, layout.zone)
    if moments.null_count:
        bad = rows_where(pc.is_null(moments))
        no_year = pc.match_substring_regex(cells["time"].take(pa.array(bad)), _WITHOUT_YEAR).to_pylist()
        for row, lacks_year in zip(bad, no_year, strict=True):
            reason = "a date without a year" if lacks_year else "a time that is not understood"
            if _NEAR_DAY.fullmatch(cells["time"][row].as_py()):
                reason = "'today' or 'yesterday', and the file's name does not say of which day"
            rejected.append((block.lines[row], "a date that does not exist" if understood[row].as_py() else reason))
        keep = pc.is_valid(moments)
        moments = moments.filter(keep)
        cells = {name: column.filter(keep) for name, column in cells.items()}
    if len(moments):
        _fill(part, cells, moments, layout)
    return part


def _with_days(times: pa.Array, moments: pa.Array, today: date | None) -> pa.Array | None:
    """Times with a day in the place of "today" and "yesterday"; None where there are none, or the day is not known."""
    if today is None:
        return None
    texts, is_changed = times.to_pylist(), False
    for row in rows_where(pc.is_null(moments)):
        if match := _NEAR_DAY.fullmatch(texts[row]):
            day = today if match["today"] else today - timedelta(days=1)
            texts[row], is_changed = f"{day} {match['time']}", True
    return pa.array(texts, pa.string()) if is_changed else None


def _fill(part: Part, cells: Mapping[str, pa.Array], moments: pa.Array, layout: Layout) -> None:
    rows = len(moments)
    at = pc.cast(moments, pa.int64()).to_numpy(zero_copy_only=False)
    in_time = np.argsort(at, kind="stable")
    descriptions = cells["description"]
    said = described(descriptions)
    nothing = pa.repeat(pa.scalar(""), rows)
    code, made = {}, {}
    for name, known in layout.cells.items():
        if name != "course" or name in cells:
            code[name], made[name] = known.of(cells.get(name, nothing))

    def of(name: str, what: str) -> np.ndarray:
        found: np.ndarray = made[name][what][code[name]]
        return found

    # Who: by the description's id, else by the name shown.
    by_name = ~said.names_user
    person = _people(said.user, of("user", "native"), by_name, layout)
    related = _people(said.related, of("affected", "native"), by_name, layout)
    is_impersonated = of("user", "is_impersonated")
    contexts = of("context", "text")
    course = _course(said.course, said.module, code, made, layout)
    if layout.courses.is_assumed:
        others = np.flatnonzero((said.course != 0) & (said.course != layout.courses.only))
        views = pc.match_substring_regex(descriptions.take(pa.array(others)), COURSE_VIEWED)
        part.speaks_of_others = bool(pc.any(views).as_py())
    told, module = layout.told, np.where(said.module > 0, said.module, -1)
    told["people"].add(person, of("user", "text"), at, in_time)
    told["people"].add(related, of("affected", "text"), at, in_time)
    told["course_titles"].add(np.where((module < 0) & (said.course > 0), said.course, -1), contexts, at, in_time)
    told["task_titles"].add(module, contexts, at, in_time)
    _note_modules(part, descriptions, module, contexts, of("context", "is_strange"), at, in_time, told["strange_titles"])
    if "course" in cells:
        told["course_codes"].add(course, of("course", "text"), at, in_time)
        told["task_courses"].add(module, course, at, in_time)

    hashed = [at, shape_hashes(said.shapes), of("origin", "hash"), of("address", "hash"), is_impersonated.astype(np.int64)]
    # What is written in the downloader's language counts only where the description names no user.
    by_words = np.zeros((rows, LANES), np.uint64)
    if by_name.any():
        words = [made[name]["hash"][code[name][by_name]] for name in ("user", "affected", "context", "component", "event")]
        by_words[by_name] = row_hashes(words, len(words[0]))
    part.rows = LogRows(
        moments=moments,
        hashes=row_hashes([*hashed, by_words], rows),
        person=person,
        related=related,
        course=course,
        task=coded_numbers(said.module),
        object=coded_numbers(said.object),
        action=_actions(of("event", "text"), of("component", "text"), descriptions, layout),
        event=Coded(layout.events.array(), of("event", "text")),
        component=Coded(layout.components.array(), of("component", "text")),
        origin=Coded(layout.origins.array(), of("origin", "text")),
        is_impersonated=is_impersonated,
    )


def _shown(cell: str) -> tuple[str, bool]:
    """The name in a user cell, and whether somebody else was logged in as that person."""
    match = _IMPERSONATED.match(cell)
    return (match["shown"], True) if match else (cell.strip(), False)


def _people(ids: np.ndarray, by_their_names: np.ndarray, by_name: np.ndarray, layout: Layout) -> np.ndarray:
    codes, made = layout.people.of(pa.array(ids))
    known = made["native"][codes]
    return np.where(by_name & (known < 0), by_their_names, known)


def _course(
    ids: np.ndarray, modules: np.ndarray, code: Mapping[str, np.ndarray], made: Mapping[str, Mapping[str, np.ndarray]], layout: Layout
) -> np.ndarray:
    """Course of each row: the description's, else the short name's, else the title's, else the one course of the file; its number, or -1."""
    encoded = pc.dictionary_encode(pa.array(ids))
    known = layout.course_ids.codes(str(one) if one > 0 else None for one in encoded.dictionary.to_pylist())
    course = known[encoded.indices.to_numpy()]
    courses = layout.courses
    if courses.only is not None:
        course = np.where(ids == 0, layout.course_ids.codes([str(courses.only)]), course)
    else:
        for name in ("course", "context"):
            if name in code:
                course = np.where((ids == 0) & (course < 0), made[name]["course"][code[name]], course)
        if courses.of_modules is not None:
            course = np.where((ids == 0) & (course < 0) & (modules > 0), layout.course_ids.codes([str(courses.of_modules)]), course)
        if courses.stated is not None:
            course = np.where((ids == 0) & (course < 0), layout.course_ids.codes([courses.stated]), course)
    return np.where(course == layout.course_ids.codes([str(FRONT_PAGE)]), np.int32(-1), course)


def _note_modules(
    part: Part,
    descriptions: pa.Array,
    module: np.ndarray,
    contexts: np.ndarray,
    is_strange: np.ndarray,
    at: np.ndarray,
    in_time: np.ndarray,
    titles: Told,
) -> None:
    """Moodle's own names of modules, which stand in English in some descriptions whatever the language of the download."""
    places = np.flatnonzero((module >= 0) & is_strange)
    if not len(places):
        return
    found = pc.extract_regex(descriptions.take(pa.array(places)), _MODULE_NAME)
    names_module = np.zeros(len(at), bool)
    names_module[places] = pc.is_valid(found).to_numpy(zero_copy_only=False)
    said = found.drop_null()
    part.task_modules = dict(zip(said.field("id").to_pylist(), said.field("module").to_pylist(), strict=True))
    titles.add(np.where(names_module, module, -1), contexts, at, in_time)


def _actions(events: np.ndarray, components: np.ndarray, descriptions: pa.Array, layout: Layout) -> Coded:
    width = int(components.max()) + 2
    pairs = pc.dictionary_encode(pa.array(events.astype(np.int64) * width + components + 1))
    codes = pairs.indices.to_numpy(zero_copy_only=False)
    values = [layout.action(*divmod(pair, width)) for pair in pairs.dictionary.to_pylist()]
    unknown = np.flatnonzero(np.array([value is None for value in values], bool)[codes])
    texts = [value or "other" for value in values]
    if len(unknown):
        by_description = pc.dictionary_encode(actions_by_description(descriptions.take(pa.array(unknown))))
        codes = codes.copy()
        codes[unknown] = by_description.indices.to_numpy() + len(texts)
        texts += by_description.dictionary.to_pylist()
    return Coded(pa.array(texts, pa.string()), codes)
