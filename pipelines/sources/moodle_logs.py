"""Moodle's *Logs* report as its page downloads it (``report/log``): CSV, in the language of whoever downloaded it.

What has to be known about it (Moodle 3.x to 4.5):

- No ids but those inside Description, which is written in English whatever the language of the rest. A row whose Description names no
  user belongs to the account of the name shown (native id ``name:…``), to nobody where the name is "-". A name is never taken for an id.
- Times are in the zone of the person who downloaded the file, and the file does not say which: ``time_zone`` of the source, else the
  programme's. Two people in two zones downloading the same log give two sets of rows; one person should do it.
- No row number, and exact duplicates are real clicks. A row's id is a hash of what does not depend on the language (time, Description,
  origin, address) and its number among equals, so that overlapping downloads of the same log, English or Russian, give the same ids.
- The report hides anonymous events from most people: a download can be shorter than the log.
- A download of one course names the course in its course-level rows only; when the whole file names one course, every row is of it.
- "Admin User as Иванова": somebody logged in as her. The id in Description is hers, the act is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.programme import Source
from pipelines.sources.delimited import DelimitedFile, Header, delimited_items, find_columns, rows_where
from pipelines.sources.local_times import Order, OrderEvidence, to_utc
from pipelines.sources.moodle_words import CONTEXT_KINDS, actions, event_word, person_keys, two_languages
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

WHAT = "a Moodle log (kind moodle_logs)"

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
}
#: Of use, but the log says the same without them.
_OPTIONAL = ("affected", "origin", "address")
#: Spoken of by every course-level view, in English in every language.
_COURSE_VIEWED = re.compile(rb"viewed the (?:section number '[^']*' of the )?course with (?:the )?id '(\d+)'")
_FRONT_PAGE = "1"  # SITEID: the site's own page is no course
_NOBODY = pa.array(["-", ""])

_USER = r"^(?:The )?[Uu]ser with (?:the )?id '?(?P<id>-?\d+)"
# The actor opens the sentence ("The user with id"); whoever is acted upon stands inside it.
_SECOND_USER = r" the user with (?:the )?id '?(?P<id>-?\d+)"
_COURSE = r"course (?:with )?(?:the )?id '(?P<id>\d+)'"
_MODULE = r"course module (?:with )?(?:the )?(?:id )?'(?P<id>\d+)'"
_OBJECT = (
    r"(?:submission|attempt|post|discussion|grade|comment|group|role|event|item|question|page|slot|entry|record|message|"
    r"enrolment method '[^']*'|event '[^']*'|graded the submission) (?:with )?(?:the )?(?:id )?(?:of )?'(?P<id>\d+)'"
)
_IMPERSONATED = r"^\s*(?P<real>\S.*?) (?:as|как) (?P<shown>\S.*?)\s*$"

#: 128 bits: among 10^10 rows the chance that any two collide is about 10^-19.
_DIGEST_BYTES = 16
_TIME_TYPE = pa.timestamp("us", tz="UTC")
#: Records derived from the log stand behind whatever a fuller source says of the same course or task.
_WEAKEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class _Found:
    """What a file has told besides its rows: accounts, courses, tasks. Small: one entry per person, course, task."""

    names: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    courses: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    tasks: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    _account_ids: dict[str, str] = field(default_factory=dict)

    def account_ids(self, natives: pa.Array, realm: str, context: Context) -> pa.Array:
        """Pseudonyms of native ids; each person of a file is hashed once, not once a block."""
        encoded = pc.dictionary_encode(natives)
        people = encoded.dictionary.to_pylist()
        strangers = [native for native in people if native not in self._account_ids]
        self._account_ids.update(zip(strangers, context.pseudonyms.column(realm, strangers).to_pylist(), strict=True))
        return pa.array([self._account_ids[native] for native in people], pa.string()).take(encoded.indices)


class MoodleLogsReader:
    """Reader of Moodle's Logs download, one file after the other. Kind ``moodle_logs``."""

    kind: ClassVar[str] = "moodle_logs"
    version: ClassVar[int] = 1

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also gzipped) below the source's path. Raises BadSource where there is none."""
        return delimited_items(source.path, source.name)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Activity, and derived from it accounts, courses and tasks. Raises BadFile for anything but a whole Logs download."""
        assert item.path is not None
        realm = source.realm or "moodle"
        file = DelimitedFile(item.path, (word for words in COLUMNS.values() for word in words))
        header = file.header()
        places = find_columns(file, header, COLUMNS, optional=_OPTIONAL, what=WHAT)
        order = day_month_order(file, header, places["time"])
        courses = file.find_all(_COURSE_VIEWED) - {_FRONT_PAGE}
        only_course = next(iter(courses)) if len(courses) == 1 else None
        found, numbering = _Found(), _Numbering()
        for block in file.blocks(header):
            if block.seen:
                yield Seen("activity", block.seen)
            for line, width in block.misfits:
                reason = "fewer cells than the header" if width < len(header.cells) else "more cells than the header"
                yield Rejected("activity", f"line {line}", reason)
            if not block.rows:
                continue
            cells = {name: block.columns[place] for name, place in places.items()}
            moments, understood = to_utc(cells["time"], order, context.zone)
            bad = rows_where(pc.is_null(moments))
            for row in bad:
                reason = "a date that does not exist" if understood[row].as_py() else "a time that is not understood"
                yield Rejected("activity", f"line {block.lines[row]}", reason)
            if bad:
                keep = pc.is_valid(moments)
                moments = moments.filter(keep)
                cells = {name: column.filter(keep) for name, column in cells.items()}
            if len(moments):
                yield Batch("activity", _activity(cells, moments, realm, only_course, context, numbering, found))
        yield from _derived(found, realm, only_course, context)
        yield Covers(found.since, found.until)


def day_month_order(file: DelimitedFile, header: Header, place: int) -> Order:
    """Order of day and month in one column of times; reads on until it is clear, to the end if need be."""
    evidence = OrderEvidence()
    for block in file.blocks(header):
        evidence.add(block.columns[place])
        if evidence.is_clear and block.rows:
            break
    # Moodle writes the day first in English and in Russian; only en_us does not, and that has a 12-hour clock.
    return evidence.order("day first")


def _first(texts: pa.Array, pattern: str, *, hint: str | None = None) -> pa.Array:
    """First group of a pattern in each text, null where it is not there; ``hint``: what every match holds, found faster."""
    if hint is None:
        return pc.struct_field(pc.extract_regex(texts, pattern), "id")
    likely = pc.match_substring(texts, hint)
    count = pc.sum(likely).as_py() or 0
    if not count:
        return pa.nulls(len(texts), pa.string())
    matches = pc.struct_field(pc.extract_regex(texts.filter(likely), pattern), "id")
    if count == len(texts):
        return matches
    return pc.replace_with_mask(pa.nulls(len(texts), pa.string()), likely, matches)


def _activity(
    cells: dict[str, pa.Array],
    moments: pa.Array,
    realm: str,
    only_course: str | None,
    context: Context,
    numbering: _Numbering,
    found: _Found,
) -> pa.Table:
    rows = len(moments)
    empty = pa.repeat(pa.scalar(""), rows)
    text = cells["description"]
    shown, affected = cells["user"], cells.get("affected", empty)

    names = pc.dictionary_encode(shown)
    impersonation = pc.extract_regex(names.dictionary, _IMPERSONATED)
    is_impersonated = pc.is_valid(impersonation).take(names.indices)
    person = pc.coalesce(pc.struct_field(impersonation, "shown"), pc.utf8_trim_whitespace(names.dictionary)).take(names.indices)

    user_id = _first(text, _USER)
    by_name = pc.is_null(user_id)
    native = pc.coalesce(_somebody(user_id), _names_as_ids(_where(by_name, person)))
    related_id = _somebody(_first(text, _SECOND_USER))
    related = pc.coalesce(related_id, _names_as_ids(_where(by_name, pc.utf8_trim_whitespace(affected))))

    course = _first(text, _COURSE, hint="course ")
    stated_course = course
    if only_course is not None:
        course = pc.fill_null(course, only_course)
    course = _where(pc.not_equal(course, _FRONT_PAGE), course)
    module = _first(text, _MODULE, hint="course module ")
    events = cells["event"]

    _note(found, moments, native, person, related, affected, cells["context"], stated_course, module)
    return pa.table(
        {
            "activity_id": numbering.ids(realm, moments, text, cells, person, is_impersonated, by_name),
            "account_id": found.account_ids(native, realm, context),
            "course_id": _prefixed(f"{realm}:course:", course),
            "task_id": _prefixed(f"{realm}:task:", module),
            "occurred_at": moments,
            "action": actions(events, cells["component"], text),
            "event": pc.utf8_trim_whitespace(events),
            "component": _null_if_empty(pc.utf8_trim_whitespace(cells["component"])),
            "object_id": _first(text, _OBJECT),
            "related_account_id": found.account_ids(related, realm, context),
            "origin": _null_if_empty(pc.utf8_lower(pc.utf8_trim_whitespace(cells.get("origin", empty)))),
            "is_impersonated": is_impersonated,
            "is_anonymous": pa.repeat(pa.scalar(False), rows),
        }
    )


def _somebody(ids: pa.Array) -> pa.Array:
    """Ids of people: 0, -1 and below stand for nobody (cron, a failed log-in, a restore)."""
    return _where(pc.invert(pc.or_(pc.starts_with(pc.fill_null(ids, ""), "-"), pc.equal(pc.fill_null(ids, ""), "0"))), ids)


def _where(mask: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(mask, values, pa.scalar(None, pa.string()))


def _names_as_ids(names: pa.Array) -> pa.Array:
    encoded = pc.dictionary_encode(names)
    return pa.array(person_keys(encoded.dictionary.to_pylist()), pa.string()).take(encoded.indices)


def _prefixed(prefix: str, ids: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar(prefix), ids, "")


def _null_if_empty(texts: pa.Array) -> pa.Array:
    return _where(pc.not_equal(texts, ""), texts)


class _Numbering:
    """Ids of rows that have none: a hash of the content and the number among equals, over a whole file.

    Keeps eight bytes per distinct row: a log of ten million rows takes 80 MB.
    """

    def __init__(self) -> None:
        self._known = np.empty(0, np.uint64)
        self._fresh = np.empty(0, np.uint64)
        self._repeated: dict[int, int] = {}

    def ids(
        self,
        realm: str,
        moments: pa.Array,
        text: pa.Array,
        cells: dict[str, pa.Array],
        person: pa.Array,
        is_impersonated: pa.Array,
        by_name: pa.Array,
    ) -> pa.Array:
        """``<realm>:log:<hash>-<number>``. What is written in the downloader's language counts only where Description names no user."""
        empty = pa.repeat(pa.scalar(""), len(moments))
        rest = pc.binary_join_element_wise(
            person, cells.get("affected", empty), cells["context"], cells["component"], cells["event"], "\x1f"
        )
        content = pc.binary_join_element_wise(
            pc.cast(pc.cast(moments, pa.int64()), pa.string()),
            text,
            pc.utf8_lower(cells.get("origin", empty)),
            cells.get("address", empty),
            pc.if_else(is_impersonated, "1", ""),
            pc.if_else(by_name, rest, ""),
            "\x1e",
        )
        digests = b"".join([blake2b(row, digest_size=_DIGEST_BYTES).digest() for row in pc.cast(content, pa.binary()).to_pylist()])
        numbers = self._number(np.frombuffer(digests, "<u8")[:: _DIGEST_BYTES // 8])
        offsets = np.arange(len(content) + 1, dtype=np.int32) * (2 * _DIGEST_BYTES)
        hashes = pa.Array.from_buffers(
            pa.string(), len(content), [None, pa.py_buffer(offsets), pa.py_buffer(digests.hex().encode("ascii"))]
        )
        return pc.binary_join_element_wise(pa.scalar(f"{realm}:log:"), hashes, "-", pa.array(numbers).cast(pa.string()), "")

    def _number(self, keys: np.ndarray) -> np.ndarray:
        by_key = np.argsort(keys, kind="stable")
        ordered = keys[by_key]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        counts = np.diff(np.append(starts, len(keys)))
        distinct = ordered[starts]
        before = np.zeros(len(distinct), np.int64)
        is_known = _among(self._known, distinct) | _among(self._fresh, distinct)
        for place in np.flatnonzero(is_known):
            before[place] = self._repeated.get(int(distinct[place]), 1)
        for place in np.flatnonzero(before + counts > 1):
            self._repeated[int(distinct[place])] = int(before[place] + counts[place])
        # Two sorted arrays, the small one poured into the large one when it has grown: no block sorts everything again.
        self._fresh = np.sort(np.concatenate((self._fresh, distinct[~is_known])), kind="stable")
        if len(self._fresh) > len(self._known):
            self._known, self._fresh = np.sort(np.concatenate((self._known, self._fresh)), kind="stable"), np.empty(0, np.uint64)
        numbers = np.empty(len(keys), np.int64)
        numbers[by_key] = np.arange(len(keys)) - np.repeat(starts, counts) + 1 + np.repeat(before, counts)
        return numbers


def _among(haystack: np.ndarray, needles: np.ndarray) -> np.ndarray:
    if not len(haystack):
        return np.zeros(len(needles), bool)
    places = np.minimum(np.searchsorted(haystack, needles), len(haystack) - 1)
    return haystack[places] == needles


# -- what is derived ---------------------------------------------------------------------------------------------------------


def _latest(keys: pa.Array, values: pa.Array, moments: pa.Array) -> list[tuple[str, str, int]]:
    """(key, value, latest moment) of each distinct pair."""
    table = pa.table({"key": keys, "value": pc.fill_null(values, ""), "at": moments.cast(pa.int64())}).filter(pc.is_valid(keys))
    if not table.num_rows:
        return []
    pairs = table.group_by(["key", "value"], use_threads=False).aggregate([("at", "max")])
    return list(zip(pairs["key"].to_pylist(), pairs["value"].to_pylist(), pairs["at_max"].to_pylist(), strict=True))


def _note(
    found: _Found, moments: pa.Array, native: pa.Array, person: pa.Array, related: pa.Array, affected: pa.Array,
    contexts: pa.Array, courses: pa.Array, modules: pa.Array,
) -> None:  # fmt: skip
    least, most = pc.min_max(moments).as_py().values()
    found.since = least if found.since is None else min(found.since, least)
    found.until = most if found.until is None else max(found.until, most)
    for ids, names in ((native, person), (related, pc.utf8_trim_whitespace(affected))):
        for key, name, at in _latest(ids, names, moments):
            entry = (at, name) if name not in ("", "-") else (-1, None)
            # Ties between two spellings of one second fall to the later in the alphabet, so that the order of rows plays no part.
            found.names[key] = max(found.names.get(key, (-2, None)), entry, key=lambda known: (known[0], known[1] or ""))
    course_rows = pc.and_(pc.is_valid(courses), pc.is_null(modules))
    for key, name, at in _latest(_where(course_rows, courses), contexts, moments):
        prefix, _, title = name.partition(": ")
        entry = (at, title.strip()) if title and event_word(prefix) not in CONTEXT_KINDS else (-1, None)
        found.courses[key] = max(found.courses.get(key, (-2, None)), entry, key=lambda known: (known[0], known[1] or ""))
    for key, name, at in _latest(modules, contexts, moments):
        prefix, _, title = name.partition(": ")
        kind = CONTEXT_KINDS.get(event_word(prefix))
        if kind and title.strip():
            found.tasks[key] = max(found.tasks.get(key, (-1, "", "")), (at, kind, title.strip()))


def _derived(found: _Found, realm: str, only_course: str | None, context: Context) -> Iterator[Event]:
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
    courses = sorted(set(found.courses) - {_FRONT_PAGE})
    if courses:
        names = [two_languages(found.courses[course][1] or "") for course in courses]
        yield Batch(
            "courses",
            pa.table(
                {
                    "course_id": pa.array([f"{realm}:course:{course}" for course in courses], pa.string()),
                    "name": pa.array([name or None for name, _ in names], pa.string()),
                    "name_en": pa.array([english for _, english in names], pa.string()),
                    "seen_at": pa.repeat(pa.scalar(_WEAKEST, _TIME_TYPE), len(courses)),
                }
            ),
            counted=False,
        )
    if found.tasks and only_course is not None:
        tasks = sorted(found.tasks)
        names = [two_languages(found.tasks[task][2]) for task in tasks]
        yield Batch(
            "tasks",
            pa.table(
                {
                    "task_id": pa.array([f"{realm}:task:{task}" for task in tasks], pa.string()),
                    "course_id": pa.repeat(pa.scalar(f"{realm}:course:{only_course}"), len(tasks)),
                    "kind": pa.array([found.tasks[task][1] for task in tasks], pa.string()),
                    "name": pa.array([name for name, _ in names], pa.string()),
                    "name_en": pa.array([english for _, english in names], pa.string()),
                    "seen_at": pa.repeat(pa.scalar(_WEAKEST, _TIME_TYPE), len(tasks)),
                }
            ),
            counted=False,
        )
