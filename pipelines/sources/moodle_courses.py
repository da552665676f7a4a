"""Which course a file of Moodle's speaks of, where the file itself does not say."""

from __future__ import annotations

from fnmatch import fnmatchcase

from pipelines.programme import Source
from pipelines.sources.reading import Item


def course_code(source: Source, item: Item) -> str | None:
    """Short name of the course that an item belongs to: the source's, else by ``feeds`` (a pattern of the item's name); None: not stated."""
    if source.course:
        return source.course
    return next((course for pattern, course in source.feeds.items() if fnmatchcase(item.name, pattern)), None)


def course_of(realm: str, code: str) -> str:
    """Id of a course that is known by its short name alone; ``facts`` takes it for the course of that realm that has the short name."""
    return f"{realm}:course:code:{code}"
