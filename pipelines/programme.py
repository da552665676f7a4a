"""The programme file: what is run here, for whom, and where its traces lie (``programme.toml``).

One file describes one programme. Everything in it is public among the programme's staff; secrets and addresses of servers come
from the environment (:mod:`pipelines.settings`). Unknown keys are refused, so a typing error cannot pass for a default.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from pipelines.errors import BadConfiguration

#: What organisers are asked to rate: four aspects of teaching, six of organisation.
Aspect = Literal[
    "content", "practice", "methods", "communication", "equipment", "time", "information", "group_size", "certificates", "feedback"
]


def _zone_exists(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: half a name ("Europe") is a folder
        raise ValueError(f"no such time zone: {value!r}") from error
    return value


#: IANA name of a time zone.
_Zone = Annotated[str, AfterValidator(_zone_exists)]


def _time_of_day(value: object) -> time:
    """A number is refused: `work_from = 9` would be nine seconds past midnight, and working time nine seconds a day."""
    found = value
    if isinstance(value, str):
        try:
            found = time.fromisoformat(value.strip().zfill(5))
        except ValueError:
            found = value
    if not isinstance(found, time) or found.tzinfo is not None:
        raise ValueError(f'expected a time of day such as "09:00"; found {value!r}')
    return found


#: Hours and minutes of the programme's time zone: `"09:00"`, `"9:00"` or TOML's `09:00:00`.
_TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Calendar(_Strict):
    """When curators work. Times are of the programme's time zone."""

    #: ISO 3166 code: public holidays and transferred days come from the ``holidays`` package.
    country: str = "RU"
    working_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)  # ISO: Monday is 1
    work_from: _TimeOfDay = time(9)
    work_until: _TimeOfDay = time(18)
    #: Extra days off and extra working days of this programme.
    days_off: tuple[date, ...] = ()
    extra_working_days: tuple[date, ...] = ()
    #: Minutes by which the working day before a public holiday is shorter; left out: an hour in Russia (Labour Code, article 95), none elsewhere.
    shorter_before_holidays: Annotated[int, Field(ge=0, le=480)] | None = None

    @model_validator(mode="after")
    def _work_ends_after_it_begins(self) -> Calendar:
        if self.work_from >= self.work_until:
            raise ValueError(f"work_from {self.work_from} is not before work_until {self.work_until}")
        return self


class Lists(_Strict):
    """The curators' morning list."""

    #: People on one list at most: more than this nobody works through before the first lesson.
    length: Annotated[int, Field(ge=1, le=200)] = 15
    #: The lists in this language only; left out: in every language of the programme, the first one under the plain file names.
    language: Literal["ru", "en"] | None = None
    #: A short message by Telegram: the curator's LMS user name → the number of the curator's chat with the bot. Nobody who is not here gets one.
    telegram: dict[str, int] = {}
    #: Learners' names in these messages; without it they hold numbers and the page's address alone.
    telegram_names: bool = False


#: Keys of a source that some kinds know what to do with, and which. A key is refused under any other kind: a mailbox that was given a survey's scale
#: would be read as if nothing stood there, and whoever wrote it would wait for what never comes. Keys that are not here are every kind's.
KINDS_OF_KEYS: dict[str, tuple[str, ...]] = {
    "chat_ids": ("telegram",),
    "table_prefix": ("moodle_db",),
    "moodledata": ("moodle_db",),
    "log_overlap_rows": ("moodle_db",),
    "is_whole": ("generic", "discord", "rocketchat", "mattermost", "max"),
    "columns": ("attendance_csv",),
    "requests_per_second": ("moodle_ws", "xapi", "max", "mts_link"),
    "certificates": ("moodle_ws", "xapi", "max", "mts_link"),
    "chats": ("max",),
    "since": ("mts_link",),
    "home_page": ("xapi",),
    "folders": ("imap", "mailbox"),
    "aspects": ("survey_csv", "moodle_db"),
    "scale": ("survey_csv", "moodle_db"),
}
#: Kinds that read no file: what stands under ``path`` would never be looked at.
KINDS_WITHOUT_FILES = ("moodle_db", "moodle_ws", "imap")


class Source(_Strict):
    """One place that traces come from."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    #: Which reader: a key of ``pipelines.sources.READERS``.
    kind: str
    #: Folder or file, relative to the programme file. Databases have a URL in the environment instead.
    path: Path | None = None
    #: Name space of the native ids; two sources that speak of the same accounts share it. Default: by kind.
    realm: str | None = None
    #: Short name of the course (and code of the stream) it feeds, where the whole source belongs to one.
    course: str | None = None
    stream: str | None = None
    #: Which part of the source feeds which course: glob of the item, or title or id of the chat → course's short name.
    feeds: dict[str, str] = {}
    #: Telegram's HTML exports lack the chat's id: title of the chat → its number, as the JSON export of the same chat has it.
    chat_ids: dict[str, Annotated[int, Field(gt=0)]] = {}
    #: Time zone of times that state none. Default: the programme's.
    time_zone: _Zone | None = None
    #: Moodle: prefix of the tables.
    table_prefix: str = "mdl_"
    #: Moodle's database: folder of the site's data or a copy of it (with ``filedir``); with it the files handed in are opened for their text.
    moodledata: Path | None = None
    #: Log rows before the last one read that are read again, because ids are not time order (docs/moodle in the reader).
    log_overlap_rows: Annotated[int, Field(ge=0)] = 5000
    #: Tables in Mayak's own words: each file holds every row there is, so rows that it lacks have vanished. Discord, Rocket.Chat, Mattermost: so is each
    #: export between its first and last message (true), or it was filtered (false); left out: as the export shows.
    is_whole: bool | None = None
    #: Attendance in documented columns (attendance_csv): column of the contract → its title in the file, where it has another one.
    columns: dict[str, str] = {}
    #: Web services and record stores: requests a second at most; left out: ten.
    requests_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    #: Web services: file of certificate authorities (PEM) to trust beside the usual ones, relative to the programme file.
    certificates: Path | None = None
    #: MAX: ids of the chats to read; left out: all that the service lists for the bot.
    chats: tuple[int, ...] = ()
    #: MTS Link: the first day whose events are asked for; left out: a year before the service's own day.
    since: date | None = None
    #: xAPI: address of the LMS whose accounts, courses and modules have their own ids there ("https://lms.example.org").
    home_page: str | None = None
    #: IMAP and mailboxes in files: folders to read (globs); left out: all but spam, trash and drafts.
    folders: tuple[str, ...] = ()
    #: Surveys: title of an item (exact, glob, or /regular expression/) → the aspect of the course that it rates.
    aspects: dict[str, Aspect] = {}
    #: Surveys: words of an answer → its step from 1 to 5, beside the usual ones.
    scale: dict[str, Annotated[int, Field(ge=1, le=5)]] = {}
    #: Without it the day's run goes on when the source is missing, and says so; with it the run stops.
    required: bool = False

    @model_validator(mode="after")
    def _keys_are_of_its_kind(self) -> Source:
        given = [key for key in KINDS_OF_KEYS if key in self.model_fields_set]
        wrong = [f"{key} (a key of {', '.join(KINDS_OF_KEYS[key])})" for key in given if self.kind not in KINDS_OF_KEYS[key]]
        if self.path is not None and self.kind in KINDS_WITHOUT_FILES:
            wrong.append(f"path (its address stands in MAYAK_SOURCES__{self.name.upper()}__URL)")
        if wrong:
            raise ValueError(f"expected keys that the kind {self.kind!r} has a use for; found {'; '.join(wrong)}")
        return self


class Stream(_Strict):
    """One run of a course with its own start and end."""

    code: str
    #: Id number or name of the LMS group that is this stream; left out: the whole course.
    group: str | None = None
    title: str | None = None
    starts: date | None = None
    ends: date | None = None
    #: LMS user names, or addresses, of its curators; left out: the LMS's teachers of the course or group.
    curators: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Stream:
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError(f"stream {self.code}: ends {self.ends}, before it starts {self.starts}")
        return self


class Course(_Strict):
    """One course. Courses of the LMS that are not listed are taken as the LMS describes them."""

    #: Short name in the LMS.
    code: str
    title: str | None = None
    curators: tuple[str, ...] = ()
    streams: tuple[Stream, ...] = ()

    @model_validator(mode="after")
    def _codes_are_unique(self) -> Course:
        if doubles := _doubles(stream.code for stream in self.streams):
            raise ValueError(f"course {self.code}: stream named twice: {', '.join(doubles)}")
        return self


class Programme(_Strict):
    """The whole file. ``folder`` is where it lies; paths in it are relative to that."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    name: str
    time_zone: _Zone = "Europe/Moscow"
    languages: Annotated[tuple[Literal["ru", "en"], ...], Field(min_length=1)] = ("ru", "en")
    #: Groups of the LMS whose id number, name or grouping matches are streams; others are teams. Case is ignored.
    stream_pattern: str = r"поток|stream|potok"
    #: Courses of the LMS to leave out (short names).
    ignore_courses: tuple[str, ...] = ()
    calendar: Calendar = Calendar()
    lists: Lists = Lists()
    sources: tuple[Source, ...] = ()
    courses: tuple[Course, ...] = ()
    folder: Path = Path()

    @field_validator("stream_pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _names_are_unique(self) -> Programme:
        for what, names in (("source", [s.name for s in self.sources]), ("course", [c.code for c in self.courses])):
            if doubles := _doubles(names):
                raise ValueError(f"{what} named twice: {', '.join(doubles)}")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The programme's time zone."""
        return ZoneInfo(self.time_zone)

    def source(self, name: str) -> Source:
        """The source of that name. Raises BadConfiguration when there is none."""
        for source in self.sources:
            if source.name == name:
                return source
        raise BadConfiguration(f"programme {self.id}: no source named {name!r}; there are: {', '.join(s.name for s in self.sources)}")

    def path_of(self, source: Source) -> Path:
        """Absolute path of a source's files. Raises BadConfiguration where none is given."""
        if source.path is None:
            raise BadConfiguration(f"source {source.name} ({source.kind}): path is missing in the programme file")
        return (self.folder / source.path).resolve()

    def placed(self, source: Source) -> Source:
        """The source with its paths made absolute: what readers are given."""
        given = {"path": source.path, "moodledata": source.moodledata, "certificates": source.certificates}
        return source.model_copy(update={name: (self.folder / path).resolve() for name, path in given.items() if path is not None})


def read_programme(path: Path) -> Programme:
    """Read and check ``programme.toml``.

    Raises BadConfiguration naming file, key and what is wrong with it.
    """
    try:
        # Windows' editors put a mark at the beginning that TOML does not know.
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadConfiguration(f"{path}: there is no programme file here; docs/configuration.md shows one") from error
    except OSError as error:
        raise BadConfiguration(f"{path}: expected a programme file that can be read; found: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadConfiguration(f"{path}: line {line}: expected text in UTF-8; found a byte of another encoding") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{path}: not valid TOML: {error}") from error
    head = raw.pop("programme", None)
    if not isinstance(head, dict):
        raise BadConfiguration(f"{path}: section [programme] is missing")
    if doubles := sorted(set(head) & set(raw)):
        raise BadConfiguration(f"{path}: {', '.join(doubles)}: stands both inside and outside [programme]")
    if "folder" in head or "folder" in raw:
        raise BadConfiguration(f"{path}: programme.folder: not a setting, it is where the file lies")
    try:
        return Programme(**head, **raw, folder=path.resolve().parent)
    except ValidationError as error:
        problems = error.errors()
        # A list of which one item is wrong is also too short for the library; that says nothing more.
        inner = {item["loc"][:-1] for item in problems}
        wrong = "; ".join(
            f"{_place(item['loc'], {**head, **raw})}: {_problem(item)}"
            for item in problems
            if not (item["type"] == "too_short" and item["loc"] in inner)
        )
        raise BadConfiguration(f"{path}: {wrong}") from error


#: Sections of the file and what may stand in them.
_SECTIONS: dict[str, type[_Strict]] = {"calendar": Calendar, "lists": Lists, "sources": Source, "courses": Course, "streams": Stream}


#: Kinds of the library's errors → what should have stood there, in the words of the file.
_EXPECTED: dict[str, str] = {
    "tuple_type": "a list in square brackets",
    "dict_type": "names and values in braces",
    "model_type": "a section of its own",
    "model_attributes_type": "a section of its own",
    "string_type": "text in quotes",
    "string_pattern_mismatch": "small Latin letters, digits and underscores, a letter first",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "path_type": "a path in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_type": "a day such as 2026-09-01",
    "date_parsing": "a day such as 2026-09-01",
    "date_from_datetime_parsing": "a day such as 2026-09-01",
    "date_from_datetime_inexact": "a day such as 2026-09-01",
}
#: What stands under these keys calls people by their log-ins or addresses and is not repeated in an error.
_ABOUT_PEOPLE = ("curators", "telegram")


def _place(loc: tuple[int | str, ...], file: Any) -> str:
    """Where in the file: sections that there are several of by their names, others by their number, counted from one."""
    said, here = "", file
    for part in loc[: loc.index("telegram") + 1] if "telegram" in loc else loc:
        if isinstance(part, str):
            here = here.get(part) if isinstance(here, dict) else None
            said += f".{part}" if said else part
            continue
        here = here[part] if isinstance(here, list) else None
        name = next((here[key] for key in ("name", "code") if isinstance(here.get(key), str)), None) if isinstance(here, dict) else None
        said += f".{name}" if name else f" no. {part + 1}"
    return said or "programme"


def _problem(item: ErrorDetails) -> str:
    """What is wrong with a key, as somebody who writes the file would say it: the library's words are about its own insides."""
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] != "extra_forbidden":
        expected = _EXPECTED[item["type"]].format_map(item.get("ctx", {})) if item["type"] in _EXPECTED else item["msg"]
        expected = expected.removeprefix("Input should be ")
        is_told = isinstance(item["input"], str | int | float | date) and not any(key in _ABOUT_PEOPLE for key in item["loc"])
        return f"expected {expected}" + (f"; found {item['input']!r}" if is_told else "")
    *sections, key = (part for part in item["loc"] if isinstance(part, str))
    known = [name for name in (_SECTIONS[sections[-1]] if sections else Programme).model_fields if name != "folder"]
    meant = get_close_matches(key, known, n=1)
    return f"no such key{f', did you mean {meant[0]!r}?' if meant else ''} (there are: {', '.join(known)})"


def _doubles(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)
