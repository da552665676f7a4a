"""Which course a file of Moodle's speaks of, where the file itself does not say, and ids of what is known by name alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import blake2b

import pyarrow as pa

from pipelines.programme import Source
from pipelines.sources.formats.tables import ENDINGS
from pipelines.sources.lms.moodle_words import two_languages
from pipelines.sources.reading import Batch, Item

_HYPHEN = re.compile(r"(?<=\S)-(?=[^\W_a-zа-яё])")
_WEAKEST = datetime(1970, 1, 1, tzinfo=UTC)
#: 80 bits, as pseudonyms have.
_HASH_BYTES = 10


def course_code(source: Source, item: Item) -> str | None:
    """Short name of the course that an item belongs to: the source's, else by ``feeds`` (a pattern of the item's name); None: not stated."""
    if source.course:
        return source.course
    return next((course for pattern, course in source.feeds.items() if fnmatchcase(item.name, pattern)), None)


def course_of(realm: str, code: str) -> str:
    """Id of a course that is known by its short name alone; ``facts`` takes it for the course of that realm that has the short name."""
    return f"{realm}:course:code:{code}"


def file_name_of(item: Item) -> str:
    """The item's file name without its ending: the last resort for a course's short name."""
    name = item.name.rsplit("/", 1)[-1]
    return next((name[: -len(ending)] for ending in sorted(ENDINGS, key=len, reverse=True) if name.lower().endswith(ending)), name)


def course_and_title(name: str, code: str | None) -> tuple[str, str]:
    """(short name of the course, title) of "<course>-<title>", as Moodle calls what it lets download of one activity; without a title where there is none.

    ``code``: the course where it is stated. Otherwise it ends before the last hyphen that stands without blanks before a capital letter or a
    digit: titles have hyphens, too.
    """
    if code is not None:
        begins = name.casefold().startswith(f"{code}-".casefold())
        return code, (name[len(code) + 1 :] if begins else "" if name.casefold() == code.casefold() else name).strip(" -")
    *_, cut = (None, *_HYPHEN.finditer(name))
    return (name, "") if cut is None else (name[: cut.start()].strip(), name[cut.end() :].strip(" -"))


def assignment(course: str, code: str, task: str, title: str) -> Iterator[Batch]:
    """Course and assignment as far as a file's name tells of them: whatever else tells of them stands before it."""
    weakest = {"seen_at": pa.array([_WEAKEST], pa.timestamp("us", tz="UTC"))}
    yield Batch("courses", pa.table({"course_id": [course], "code": [code], **weakest}), counted=False)
    name, english = two_languages(title) if title else (None, None)
    names = {"name": pa.array([name], pa.string()), "name_en": pa.array([english], pa.string())}
    yield Batch("tasks", pa.table({"task_id": [task], "course_id": [course], "kind": ["assignment"], **names, **weakest}), counted=False)


def task_by_name(realm: str, code: str, name: str) -> str:
    """Id of a task that is known by its course and its name; an English name glued to it counts for nothing."""
    return f"{realm}:task:name:{hash_of(code, two_languages(name)[0])}"


def hash_of(*parts: str) -> str:
    """Parts of an id that may be long or name somebody, as 20 hexadecimal digits."""
    return blake2b("\x1f".join(parts).encode(), digest_size=_HASH_BYTES).hexdigest()
