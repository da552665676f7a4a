"""Which course a file of Moodle's speaks of, where the file itself does not say, and ids of what is known by name alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import PurePosixPath

import pyarrow as pa

from pipelines.programme import Source
from pipelines.sources.formats.packed_tables import ARCHIVE, Packed
from pipelines.sources.formats.tables import ENDINGS
from pipelines.sources.lms.moodle_words import two_languages
from pipelines.sources.reading import Batch, Item

_HYPHEN = re.compile(r"(?<=\S)-(?=[^\W_a-zа-яё])")
_WEAKEST = datetime(1970, 1, 1, tzinfo=UTC)
#: How Moodle itself calls what it lets download of a course (report_log, gradeexport_*, report_progress, report_completion). Of the last two the short
#: name is in small letters, with "_" for every byte that is no Latin letter, digit or hyphen: several in a row are letters that are lost, and another
#: course of the site may be called the same.
_DOWNLOADS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"logs_(?P<code>.+)_\d{8}-\d{4}",
        r"(?P<code>.+) (?:grades|оценки|bewertungen|calificaciones|notes|notas|оцінки|valutazioni|oceny)",
        r"(?:progress[.-]|completion-)(?P<code>(?:(?!__).)+)",
    )
)
#: The day on which a log was downloaded, in the zone of whoever did.
_DAY = re.compile(r"(?:^|/)logs_(?:.*_)?(\d{8})-\d{4}(?=\D|$)", re.IGNORECASE)
#: What stands behind it: the moment and the delimiter (``csv_export_writer``), a browser's number of a second download; an ending of the gradebook's.
_BEHIND = re.compile(r"(?:-\d{8}_\d{4})?(?:-[a-z]+_separated)?(?: ?\(\d+\))?(?:\.xml|\.txt|\.tsv)?$", re.IGNORECASE)
_PARTICIPANTS = re.compile(r"courseid_(?P<id>[1-9]\d{0,17})_participants")
#: Part of every name in an archive of submissions.
_SUBMISSION = "_assignsubmission_"
#: 80 bits, as pseudonyms have.
_HASH_BYTES = 10


def downloads(what: str, endings: Sequence[str] = ENDINGS) -> Packed:
    """Moodle's tables as files, also packed. "Download all submissions" is an archive for :mod:`pipelines.sources.lms.moodle_submissions`: learners hand in
    tables, too."""
    return Packed(what, tuple(endings), is_foreign=lambda names: any(_SUBMISSION in name for name in names))


def course_code(source: Source, item: Item) -> str | None:
    """Short name of the course that an item belongs to: the source's, else by ``feeds`` (a pattern of the item's name, or of the archive's in which it is
    packed); None: not stated."""
    if source.course:
        return source.course
    names = (item.name, *(f"{folder}{ARCHIVE}" for folder in PurePosixPath(item.name).parents))
    return next((course for pattern, course in source.feeds.items() for name in names if fnmatchcase(name, pattern)), None)


def course_of(realm: str, code: str) -> str:
    """Id of a course that is known by its short name alone; ``facts`` takes it for the course of that realm that has the short name."""
    return f"{realm}:course:code:{code}"


def file_name_of(item: Item) -> str:
    """The item's file name without its ending: the last resort for a course's short name."""
    name = item.name.rsplit("/", 1)[-1]
    return next((name[: -len(ending)] for ending in sorted(ENDINGS, key=len, reverse=True) if name.lower().endswith(ending)), name)


def downloaded_code(item: Item) -> str | None:
    """The short name in the name that Moodle gave a download; None where it gave none."""
    name = _BEHIND.sub("", file_name_of(item))
    match = next((match for pattern in _DOWNLOADS if (match := pattern.fullmatch(name))), None)
    return match["code"].strip() or None if match else None


def downloaded_day(item: Item) -> date | None:
    """The day in the name that Moodle gave a log."""
    match = _DAY.search(item.name)
    try:
        return datetime.strptime(match[1], "%Y%m%d").date() if match else None
    except ValueError:
        return None


def downloaded_id(item: Item) -> int | None:
    """The course's number in the name that Moodle gave a list of participants."""
    match = _PARTICIPANTS.fullmatch(_BEHIND.sub("", file_name_of(item)))
    return int(match["id"]) if match else None


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


def course_row(course: str, code: str | None) -> pa.Table:
    """What a file's name tells of a course: whatever else tells of it stands before it, a log that has its title too."""
    seen_at = pa.array([_WEAKEST - timedelta(seconds=1)], pa.timestamp("us", tz="UTC"))
    return pa.table({"course_id": pa.array([course]), "code": pa.array([code], pa.string()), "seen_at": seen_at})


def assignment(course: str, code: str, task: str, title: str, *, is_scale: bool = False) -> Iterator[Batch]:
    """Course and assignment as far as a file's name tells of them: whatever else tells of them stands before it."""
    weakest = {"seen_at": pa.array([_WEAKEST], pa.timestamp("us", tz="UTC"))}
    yield Batch("courses", pa.table({"course_id": [course], "code": [code], **weakest}), counted=False)
    name, english = two_languages(title) if title else (None, None)
    names = {"name": pa.array([name], pa.string()), "name_en": pa.array([english], pa.string())}
    if is_scale:
        weakest = {"is_scale": pa.array([True]), **weakest}
    yield Batch("tasks", pa.table({"task_id": [task], "course_id": [course], "kind": ["assignment"], **names, **weakest}), counted=False)


def task_by_name(realm: str, code: str, name: str) -> str:
    """Id of a task that is known by its course and its name; an English name glued to it counts for nothing."""
    return f"{realm}:task:name:{hash_of(code, two_languages(name)[0])}"


def hash_of(*parts: str) -> str:
    """Parts of an id that may be long or name somebody, as 20 hexadecimal digits."""
    return blake2b("\x1f".join(parts).encode(), digest_size=_HASH_BYTES).hexdigest()
