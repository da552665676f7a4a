"""Rows of Moodle's Logs download, block by block: who, whom, which course and activity, what was done, and a hash of each row.

Belongs here: what one block says without looking at any other, so that blocks can be worked at side by side. What needs the whole file
(numbers of equal rows, the latest name of a person, which course the file is of) is put together in ``moodle_logs``.

Every column repeats itself: work is done once per distinct cell, and descriptions are read by their shapes (``shapes``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.formats.delimited import Block, rows_where
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.row_numbers import LANES, digest, digests, joined, row_hashes, shape_hashes
from pipelines.sources.formats.shapes import MOST_DIGITS, Shapes
from pipelines.sources.lms.moodle_words import CONTEXT_KINDS, action_of_pair, actions_by_description, event_word, person_keys

Made = TypeVar("Made")
#: Distinct cells remembered: more people or addresses than any site has in one log; some ten megabytes.
_MOST_REMEMBERED = 100_000
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
_IMPERSONATED = re.compile(r"^\s*(?P<real>\S.*?) (?:as|как|под именем|als|en tant que|como|come|як) (?P<shown>\S.*?)\s*$")
_MODULE_NAME = r"the '(?P<module>[a-z][a-z0-9_]*)' activity with (?:the )?course module id '(?P<id>[1-9][0-9]*)'"
_WITHOUT_YEAR = r"^\s*(?:\d{1,2}\.?\s+\pL{3,}\.?|\pL{3,}\.?\s+\d{1,2}|\d{1,2}[./-]\d{1,2}),?\s+\d{1,2}:\d{2}"


class Memo(Generic[Made]):
    """What was made of cells that come again and again; forgets everything when it holds too much."""

    def __init__(self, make: Callable[[str], Made]) -> None:
        self._make = make
        self._made: dict[str, Made] = {}

    def of(self, cells: list[str]) -> list[Made]:
        """What is made of each cell."""
        # Threads may make one thing twice; it is the same thing.
        made = self._made if len(self._made) < _MOST_REMEMBERED else {}
        self._made = made
        for cell in cells:
            if cell not in made:
                made[cell] = self._make(cell)
        return [made[cell] for cell in cells]


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


@dataclass
class Told:
    """What rows tell by the way: pairs (key, value) and the latest moment at which each was told. Pairs may stand more than once."""

    parts: list[pa.Table] = field(default_factory=list)

    def add(self, other: Told) -> None:
        """Take in what other rows tell."""
        self.parts += other.parts
        if sum(part.num_rows for part in self.parts[1:]) > _MOST_REMEMBERED:
            self.parts = [self._distinct()]

    def pairs(self) -> list[tuple[str, str, int]]:
        """(key, value, latest moment) of each pair, once."""
        return [tuple(row.values()) for row in self._distinct().to_pylist()] if self.parts else []

    def _distinct(self) -> pa.Table:
        found = pa.concat_tables(self.parts).group_by(["key", "value"], use_threads=False).aggregate([("at", "max")])
        return found.select(["key", "value", "at_max"]).rename_columns(["key", "value", "at"])


@dataclass
class Coded:
    """A column as codes into its distinct values; -1 is null."""

    values: list[str]
    codes: np.ndarray

    def array(self, values: pa.Array | None = None) -> pa.Array:
        """As an Arrow dictionary array, with other values in the place of these where they are given."""
        codes = pa.array(self.codes.astype(np.int32), pa.int32(), mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array(self.values, pa.string()) if values is None else values)

    def latest(self, other: Coded, moments: np.ndarray) -> Told:
        """Each pair of values that stand together in a row, and the latest of its moments; rows that lack one of both left out."""
        rows = np.flatnonzero((self.codes >= 0) & (other.codes >= 0))
        if not len(rows):
            return Told()
        pairs = self.codes[rows].astype(np.int64) * max(len(other.values), 1) + other.codes[rows]
        table = pa.table({"pair": pairs, "at": moments[rows]}).group_by("pair", use_threads=False).aggregate([("at", "max")])
        here, there = np.divmod(table["pair"].to_numpy(), max(len(other.values), 1))
        keys, values = (pa.array(one.values, pa.string()).take(pa.array(codes)) for one, codes in ((self, here), (other, there)))
        return Told([pa.table({"key": keys, "value": values, "at": table["at_max"]})])

    def only(self, mask: np.ndarray) -> Coded:
        """The same with null where the mask does not hold."""
        return Coded(self.values, np.where(mask, self.codes, -1))


def coded(column: pa.Array) -> Coded:
    """A string column without nulls."""
    encoded = pc.dictionary_encode(column)
    return Coded(encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False))


def coded_numbers(numbers: np.ndarray) -> Coded:
    """Numbers as texts, 0 and below as null."""
    encoded = pc.dictionary_encode(pa.array(numbers))
    distinct = encoded.dictionary.to_numpy()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return Coded([str(number) for number in distinct.tolist()], np.where(distinct[codes] > 0, codes, -1))


@dataclass
class Places:
    """What a file has told of its courses before its rows are read.

    ``only``: the one course it speaks of. ``by_code``, ``by_title``: which course a short name (column "Course") or a title (Event context
    of course-level rows) belongs to, where the file's own rows leave no doubt.
    """

    only: int | None = None
    by_code: Mapping[str, str] = field(default_factory=dict)
    by_title: Mapping[str, str] = field(default_factory=dict)
    #: Course of rows that say nothing, from the programme file or the file's name.
    stated: str | None = None
    #: Short name of the one course, from there too.
    code: str | None = None


@dataclass(frozen=True)
class Layout:
    """What is the same for all blocks of a file. ``places``: own name of a column → its place."""

    places: Mapping[str, int]
    order: Order
    zone: ZoneInfo
    courses: Places
    #: User cells and addresses come again in every block: what was made of them is kept.
    shown: Memo[tuple[str, bool]] = field(default_factory=lambda: Memo(_shown))
    hashes: Memo[bytes] = field(default_factory=lambda: Memo(digest))


@dataclass(frozen=True)
class LogRows:
    """Rows of one block that are kept, column by column."""

    moments: pa.Array
    hashes: np.ndarray
    person: Coded
    related: Coded
    course: Coded
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
    people: Told = field(default_factory=Told)
    course_titles: Told = field(default_factory=Told)
    course_codes: Told = field(default_factory=Told)
    task_titles: Told = field(default_factory=Told)
    task_courses: Told = field(default_factory=Told)
    #: Task → Moodle's own name of its module, and titles, where the context says it in a word that is not known.
    task_modules: dict[str, str] = field(default_factory=dict)
    strange_titles: Told = field(default_factory=Told)


def read_rows(block: Block, layout: Layout) -> Part:
    """One block of a Logs download."""
    rejected = block.refused
    part = Part(block.seen, rejected)
    if not block.rows:
        return part
    cells = {name: block.columns[place] for name, place in layout.places.items()}
    moments, understood = to_utc(cells["time"], layout.order, layout.zone)
    if moments.null_count:
        bad = rows_where(pc.is_null(moments))
        no_year = pc.match_substring_regex(cells["time"].take(pa.array(bad)), _WITHOUT_YEAR).to_pylist()
        for row, lacks_year in zip(bad, no_year, strict=True):
            reason = "a date without a year" if lacks_year else "a time that is not understood"
            rejected.append((block.lines[row], "a date that does not exist" if understood[row].as_py() else reason))
        keep = pc.is_valid(moments)
        moments = moments.filter(keep)
        cells = {name: column.filter(keep) for name, column in cells.items()}
    if len(moments):
        _fill(part, cells, moments, layout)
    return part


def _fill(part: Part, cells: Mapping[str, pa.Array], moments: pa.Array, layout: Layout) -> None:
    rows = len(moments)
    at = pc.cast(moments, pa.int64()).to_numpy(zero_copy_only=False)
    descriptions = pc.dictionary_encode(cells["description"])
    of_row = descriptions.indices.to_numpy(zero_copy_only=False)
    said = described(descriptions.dictionary)
    column = {name: coded(cell) for name, cell in cells.items() if name not in ("time", "description")}
    nothing = Coded([""], np.zeros(rows, np.int32))
    affected, origin, address = (column.get(name, nothing) for name in ("affected", "origin", "address"))
    contexts, components, events, shown = column["context"], column["component"], column["event"], column["user"]

    # Who: by the description's id, else by the name shown.
    cells_shown = layout.shown.of(shown.values)
    names = Coded([name for name, _ in cells_shown], shown.codes)
    is_impersonated = np.array([impersonated for _, impersonated in cells_shown], bool)[shown.codes]
    by_name = ~said.names_user[of_row]
    affected_names = Coded([cell.strip() for cell in affected.values], affected.codes)
    person = _people(said.user[of_row], names, by_name)
    related = _people(said.related[of_row], affected_names, by_name)

    module, stated = coded_numbers(said.module[of_row]), coded_numbers(said.course[of_row])
    course = _course(said.course[of_row], column.get("course"), contexts, layout.courses)
    part.people = person.latest(names, at)
    part.people.add(related.latest(affected_names, at))
    part.course_titles = stated.only(module.codes < 0).latest(contexts, at)
    part.task_titles = module.latest(contexts, at)
    _note_modules(part, descriptions.dictionary, of_row, module, contexts, at)
    if "course" in column:
        part.course_codes = course.latest(column["course"], at)
        part.task_courses = module.latest(course, at)

    hashed = [
        at,
        shape_hashes(said.shapes)[of_row],
        digests(text.lower() for text in origin.values)[origin.codes],
        joined(layout.hashes.of(address.values))[address.codes],
        is_impersonated.astype(np.int64),
    ]
    # What is written in the downloader's language counts only where the description names no user.
    told = np.zeros((rows, LANES), np.uint64)
    if by_name.any():
        told[by_name] = row_hashes([digests(one.values)[one.codes] for one in (names, affected, contexts, components, events)], rows)[
            by_name
        ]
    part.rows = LogRows(
        moments=moments,
        hashes=row_hashes([*hashed, told], rows),
        person=person,
        related=related,
        course=course,
        task=module,
        object=coded_numbers(said.object[of_row]),
        action=_actions(events, components, lambda rows: descriptions.dictionary.take(pa.array(of_row[rows]))),
        event=Coded([event.strip() for event in events.values], events.codes),
        component=_trimmed(components),
        origin=_trimmed(origin, str.lower),
        is_impersonated=is_impersonated,
    )


def _shown(cell: str) -> tuple[str, bool]:
    """The name in a user cell, and whether somebody else was logged in as that person."""
    match = _IMPERSONATED.match(cell)
    return (match["shown"], True) if match else (cell.strip(), False)


def _people(ids: np.ndarray, names: Coded, by_name: np.ndarray) -> Coded:
    known = coded_numbers(ids)
    if not by_name.any():
        return known
    keys = person_keys(names.values)
    no_key = np.array([key is None for key in keys], bool)[names.codes]
    codes = np.where(by_name & (known.codes < 0), np.where(no_key, -1, names.codes + len(known.values)), known.codes)
    return Coded([*known.values, *(key or "" for key in keys)], codes)


def _course(ids: np.ndarray, codes: Coded | None, contexts: Coded, courses: Places) -> Coded:
    """Course of each row: the description's, else the short name's, else the title's, else the one course of the file."""
    said = coded_numbers(ids)
    if courses.only is not None:
        said.values.append(str(courses.only))
        said.codes = np.where(ids == 0, len(said.values) - 1, said.codes)
    else:
        for column, known in ((codes, courses.by_code), (contexts, courses.by_title)):
            if column is None or not known:
                continue
            first = len(said.values)
            said.values.extend(known.get(value.strip(), "") for value in column.values)
            has = np.array([value.strip() in known for value in column.values], bool)[column.codes]
            said.codes = np.where((ids == 0) & (said.codes < 0) & has, column.codes + first, said.codes)
        if courses.stated is not None:
            said.values.append(courses.stated)
            said.codes = np.where((ids == 0) & (said.codes < 0), len(said.values) - 1, said.codes)
    is_front = np.array([value == str(FRONT_PAGE) for value in said.values], bool)
    said.codes = np.where((said.codes >= 0) & is_front[said.codes], -1, said.codes)
    return said


def _note_modules(part: Part, descriptions: pa.Array, of_row: np.ndarray, module: Coded, contexts: Coded, at: np.ndarray) -> None:
    """Moodle's own names of modules, which stand in English in some descriptions whatever the language of the download."""
    is_strange = np.array([event_word(title.partition(": ")[0]) not in CONTEXT_KINDS for title in contexts.values], bool)
    rows = (module.codes >= 0) & is_strange[contexts.codes]
    if not rows.any():
        return
    places = np.unique(of_row[rows])
    found = pc.extract_regex(descriptions.take(pa.array(places)), _MODULE_NAME)
    names_module = np.zeros(len(descriptions), bool)
    names_module[places] = pc.is_valid(found).to_numpy(zero_copy_only=False)
    told = found.drop_null()
    part.task_modules = dict(zip(told.field("id").to_pylist(), told.field("module").to_pylist(), strict=True))
    part.strange_titles = module.only(rows & names_module[of_row]).latest(contexts, at)


def _actions(events: Coded, components: Coded, descriptions_of: Callable[[np.ndarray], pa.Array]) -> Coded:
    pairs = pc.dictionary_encode(pa.array(events.codes.astype(np.int64) * len(components.values) + components.codes))
    codes = pairs.indices.to_numpy(zero_copy_only=False)
    values = [
        action_of_pair(events.values[pair // len(components.values)], components.values[pair % len(components.values)])
        for pair in pairs.dictionary.to_pylist()
    ]
    unknown = np.flatnonzero(np.array([value is None for value in values], bool)[codes])
    texts = [value or "other" for value in values]
    if len(unknown):
        by_description = coded(actions_by_description(descriptions_of(unknown)))
        codes = codes.copy()
        codes[unknown] = by_description.codes + len(texts)
        texts += by_description.values
    return Coded(texts, codes)


def _trimmed(column: Coded, change: Callable[[str], str] = str) -> Coded:
    values = [change(value.strip()) for value in column.values]
    is_empty = np.array([not value for value in values], bool)
    return Coded(values, np.where(is_empty[column.codes], -1, column.codes))
