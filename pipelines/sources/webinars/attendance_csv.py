"""Attendance of any webinar system as CSV with documented columns: what a system without a reader of its own is brought in by.

The contract, one row per stay (a second device or a reconnect is another row), columns in any order, other columns passed over:

| column | meaning | needed |
|---|---|---|
| ``name`` | name shown | ``name`` or ``email`` |
| ``last_name``, ``middle_name`` | the rest of the name, where ``name`` is the first name alone | no |
| ``email`` | address | |
| ``join``, ``leave`` | moments of joining and leaving; local time of ``time_zone`` unless they state a zone | both, or ``minutes`` |
| ``minutes`` | time present: "85", "1:25:00", "1 h 25 min" | |
| ``user_id`` | the system's own id of the person: then that is the account, not name and address | no |
| ``webinar_id`` | the system's own id of the webinar; without it the file is one webinar, known by its title or else its name | no |
| ``title`` | title of the webinar (names courses and streams) | no |
| ``start``, ``end`` | of the webinar | no |
| ``date`` | day of ``join`` and ``leave`` where those are times of the day alone; without it that of ``start``, else that in the file's name. Who left before joining left after midnight. Where the start is not stated, each day is a webinar of its own | no |
| ``attended`` | who registered and did not come (no, and neither times nor minutes) is no stay and not counted | no |
| ``guest`` | yes or no | no |
| ``chat_messages``, ``reactions``, ``raised_hands``, ``poll_answers`` | how often | no |
| ``talk_minutes``, ``camera_minutes`` | how long | no |

Columns under other titles are named in the programme file: ``columns = { name = "ФИО", join = "Вход", leave = "Выход" }`` of the source. Common
English and Russian titles are known without that, also with a unit or a zone behind them ("Время присутствия, мин.", "Вход (МСК)"); a length of time
whose title says seconds is divided. The header need not be the first row: above it may stand what the report says of the webinar, label and value
("Мероприятие: …", "Начало: …"), or as a header and a row of their own ("Webinar Name, Webinar ID"), which holds for the rows that do not say it themselves. MTS Link (formerly Webinar.ru), Yandex Telemost, SaluteJazz, Kontur Talk: their makers
document no layout of the participants' table that they let download, so it is brought in this way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats.delimited import header_word, looks_like
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.report_files import ENDINGS, ReportFile, no_cut, open_report, small_rows
from pipelines.sources.reading import Context, Event, Item, LeftOut, Rejected, Seen
from pipelines.sources.webinars.attendance import (
    COUNTS,
    MINUTES,
    NO,
    SECONDS_A_MINUTE,
    Meeting,
    attendance_events,
    counts_of,
    covers_of,
    digest,
    find_places,
    minutes_of,
    on_days,
    plain_times,
    reject_further_sheets,
    stays_of,
    text_column,
    time_order,
    with_column,
    yes_or_no,
)

WHAT = "attendance in the documented columns (kind attendance_csv)"
_FILES = Packed(WHAT, (*ENDINGS, ".tsv", ".tsv.gz"))

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("name", "full name", "first name", "participant", "user name", "имя", "фио", "участник", "имя участника", "имя и фамилия", "фамилия и имя",
        "имя фамилия", "фамилия имя", "фамилия, имя", "фамилия имя отчество", "ф.и.о.", "пользователь", "слушатель", "ученик", "студент", "имя пользователя", "отображаемое имя", "display name", "attendee", "attendee name", "participant name",
    ),
    "last_name": ("last_name", "last name", "surname", "фамилия"),
    "middle_name": ("middle_name", "middle name", "отчество"),
    "email": ("email", "e-mail", "email address", "mail", "почта", "эл. почта", "электронная почта", "адрес электронной почты",
        "емейл", "имейл", "e-mail участника", "email участника", "почта участника", "электронный адрес", "user email", "participant email", "attendee email",
    ),
    "join": (
        "join", "join time", "joined", "joined at", "вход", "время входа", "время подключения", "подключился", "зашел", "дата и время входа", "подключение", "время входа на вебинар", "вошел", "вошёл", "время начала участия",
        "дата входа", "дата подключения", "первый вход", "первое подключение", "время первого входа", "время первого подключения", "начало участия", "начало просмотра", "время присоединения", "присоединился", "пришел", "пришёл", "вошел в", "вошёл в", "зашёл", "first join", "entered", "enter time", "entry time",
    ),
    "leave": (
        "leave", "leave time", "left", "left at", "выход", "время выхода", "время отключения", "отключился", "вышел", "дата и время выхода", "отключение", "время выхода с вебинара", "время окончания участия",
        "дата выхода", "дата отключения", "последний выход", "последнее отключение", "время последнего выхода", "время последнего отключения", "конец участия", "окончание участия", "окончание просмотра", "время ухода", "покинул", "ушел", "ушёл", "last leave", "exit time", "exited",
    ),
    "minutes": (
        "minutes", "duration", "duration (minutes)", "time present", "минут", "минуты", "длительность", "длительность (минуты)", "продолжительность",
        "время присутствия", "время участия", "время на вебинаре", "время присутствия, мин", "время присутствия (мин)", "присутствие, мин",
        "присутствие (мин)",
        "длительность участия", "длительность присутствия", "длительность просмотра", "длительность сессии", "продолжительность участия", "продолжительность присутствия", "общее время", "общее время присутствия", "общая продолжительность", "суммарное время", "время просмотра", "время в вебинаре", "время на встрече", "время в конференции", "время нахождения", "время присутствия на вебинаре", "присутствие", "total time", "time in meeting", "time in session", "attendance duration", "total duration",
    ),
    "user_id": ("user_id", "user id", "participant_id", "id участника", "id пользователя"),
    "webinar_id": ("webinar_id", "webinar id", "meeting id", "meeting_id", "event id", "id вебинара", "id мероприятия"),
    "title": ("title", "topic", "webinar", "event", "тема", "вебинар", "мероприятие", "название", "название мероприятия",
        "название вебинара", "название встречи", "название конференции", "тема вебинара", "тема встречи", "встреча", "конференция", "занятие", "meeting", "meeting name", "event name", "webinar name",
    ),
    "start": ("start", "start time", "начало", "время начала",
        "meeting start time", "actual start time", "actual start date/time", "начало вебинара", "начало мероприятия", "дата начала", "дата и время начала", "дата и время начала мероприятия",
    ),
    "end": ("end", "end time", "окончание", "время окончания",
        "meeting end time", "actual end time", "окончание вебинара", "окончание мероприятия", "дата окончания", "дата и время окончания", "завершение", "время завершения",
    ),
    "date": ("date", "meeting date", "event date", "дата", "дата вебинара", "дата мероприятия", "дата проведения", "дата встречи", "дата конференции", "дата занятия", "день"),
    "attended": ("attended", "присутствовал", "присутствовал(а)", "участвовал", "участвовал(а)", "посетил", "посетил(а)", "был на вебинаре", "явка"),
    "guest": ("guest", "is guest", "гость"),
    "chat_messages": ("chat_messages", "messages", "chat messages", "сообщения", "сообщений в чате", "сообщения в чате", "сообщений",
        "сообщения чата", "сообщений в чат", "количество сообщений", "кол-во сообщений", "количество сообщений в чате", "кол-во сообщений в чате", "чат", "chat", "messages sent",
    ),
    "reactions": ("reactions", "реакции", "реакций",
        "количество реакций", "кол-во реакций", "лайки", "огоньки", "emojis",
    ),
    "raised_hands": ("raised_hands", "raised hands", "raise hands", "поднятые руки", "поднял руку", "поднятий руки", "поднятых рук",
        "hands", "количество поднятых рук", "кол-во поднятых рук", "поднятие руки", "поднятия руки", "hand raises",
    ),
    "poll_answers": ("poll_answers", "poll answers", "polls answered", "poll votes", "ответы в опросах", "ответов в опросах", "ответы на опросы", "варианты ответов",
        "ответов на опросы", "количество ответов на опросы", "участие в опросах", "опросы", "опросов", "polls",
    ),
    "talk_minutes": ("talk_minutes", "talk time", "минут речи", "время в эфире", "время выступления", "время разговора"),
    "camera_minutes": ("camera_minutes", "camera time", "webcam time", "минут с камерой", "время с камерой", "время с веб-камерой"),
}  # fmt: skip
#: What systems write into a cell that has nothing.
_NOTHING = ("-", "--", "–", "—")
#: What a title says behind its words: a unit, a form of the time, a zone.
_TAIL = re.compile(
    r"(?<![\s,])[\s,]*(?:\([^()]*\)|,? ?(?:мин|минут\w?|min|minutes?|сек|секунд\w?|sec|seconds?|шт|мск|msk|utc(?:[+-]\d+)?)\.?)$"
)
_SECONDS = re.compile(r"(?:^|\W)(?:сек|секунд\w?|secs?|seconds?)(?:\W|$)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
#: What a report says of the webinar above its table.
_OF_WEBINAR = ("webinar_id", "title", "start", "end", "date")
#: The day of a moment, or in a file's name: "08.09.2026 17:00", "2026-09-08".
_DAY = re.compile(r"(?<!\d)(?:\d{4}[-._]\d{1,2}[-._]\d{1,2}|\d{1,2}[-._]\d{1,2}[-._]\d{4})(?!\d)")
_HEADER_WITHIN_ROWS = 20
_CYRILLIC = re.compile("[\u0400-\u04ff]")


class AttendanceCsvReader:
    """Reader of attendance in the documented columns. Kind ``attendance_csv``."""

    kind: ClassVar[str] = "attendance_csv"
    version: ClassVar[int] = 9
    #: What stands above the table as a header of its own names the webinar since 6, and each day is one where no start is stated; a
    #: line of totals is nobody's stay since 7.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("attendance", "webinars"), 7)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also tab-separated and gzipped) and workbooks below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay; derived from it the webinars and the accounts.

        Raises BadFile for a file without the columns needed, BadSource where ``columns`` maps to a name that is none.
        """
        return _FILES.events(item, lambda one: self._table(source, one, context))

    def _table(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "webinar"
        wanted = _wanted(source)
        file = open_report(item.path, (word for words in wanted.values() for word in words))
        rows = small_rows(file)
        at = _header_at(rows, wanted)
        words = [header_word(cell) for cell in rows[at][1]] if rows else []
        places = _places(words, wanted)
        _check(file, words, places, source.columns)
        above = _said_above([cells for _, cells in rows[:at]], wanted)
        below = rows[at + 1 :]
        words = _header_of(words, below, places)
        if below:
            no_cut(file.path, file, below[-1], len(words))
        below = [(line, cells) for line, cells in below if not _never_came(cells, places)]
        fitting = [(line, cells) for line, cells in below if len(cells) >= len(words)]
        for line, cells in below:
            if len(cells) < len(words):
                yield Seen("attendance", 1)
                yield Rejected("attendance", f"line {line}", "fewer cells than the header")
        texts = [cells for _, cells in fitting]
        columns = {name: _without_dashes(text_column(texts, places.get(name))) for name in COLUMNS}
        for name in _OF_WEBINAR:
            if name not in places and name in above:
                columns[name] = pa.array([above[name]] * len(texts), pa.string())
        for name in ("minutes", *MINUTES):
            if name in places and _SECONDS.search(words[places[name]]):
                columns[name] = _as_clock(columns[name])
        moments = {name: plain_times(columns[name]) for name in ("join", "leave", "start", "end")}
        habit: Order = "day first" if _CYRILLIC.search(" ".join(words)) else "month first"
        dates = plain_times(columns["date"])
        order = time_order([*moments.values(), dates], habit)
        days = _days_of(dates, moments["start"], item.name, order, context.zone)
        moments["join"], moments["leave"] = on_days(days, moments["join"], moments["leave"], context.zone)
        stays = stays_of(
            places=[f"line {line}" for line, _ in fitting],
            name=_whole_names(columns),
            email=columns["email"],
            join=moments["join"],
            leave=moments["leave"],
            minutes=columns["minutes"],
            order=order,
            zone=context.zone,
            needs_times="minutes" not in places,
            has_id=pc.not_equal(columns["user_id"], ""),
        )
        stays = with_column(stays, "is_guest", yes_or_no(columns["guest"]))
        if "user_id" in places:
            ids = columns["user_id"]
            known = pc.not_equal(ids, "")
            stays = with_column(
                stays, "native_id", pc.if_else(known, pc.binary_join_element_wise(pa.scalar("id"), ids, ":"), pa.scalar(None, pa.string()))
            )
        for sign in COUNTS:
            if sign in places:
                stays = with_column(stays, sign, counts_of(columns[sign]))
        for sign in MINUTES:
            if sign in places:
                stays = with_column(stays, sign, pa.array([minutes_of(text) for text in columns[sign].to_pylist()], pa.float64()))
        starts, ends = (to_utc(moments[name], order, context.zone)[0].to_pylist() for name in ("start", "end"))
        numbers, titles = columns["webinar_id"].to_pylist(), columns["title"].to_pylist()
        # Of a webinar whose start is not stated the day keeps it apart from the next one; where nobody's times are, it stands for the start, too.
        on_day = to_utc(
            pa.array([day if date else "" for day, date in zip(days, dates.to_pylist(), strict=True)], pa.string()),
            "day first",
            context.zone,
        )
        begun = [start or day for start, day in zip(starts, on_day[0].to_pylist(), strict=True)]
        groups: dict[tuple[str, object], list[int]] = {}
        for row, number in enumerate(numbers):
            groups.setdefault((number or digest(titles[row] or item.name), begun[row]), []).append(row)
        made = []
        for (number, _), members in groups.items():
            title = next((titles[row] for row in members if titles[row]), None)
            end = max((ends[row] for row in members if ends[row]), default=None)
            part = stays.take(pa.array(members))
            is_timeless = pc.any(pc.is_null(part["reason"])).as_py() and not pc.any(pc.is_valid(part["joined_at"])).as_py()
            made.append((Meeting(number, title, starts[members[0]] or (begun[members[0]] if is_timeless else None), end), part))
        for meeting, part in made:
            yield from attendance_events(realm, meeting, part, context)
        yield from reject_further_sheets(file)
        yield covers_of(made)


def _places(words: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Own name → place: by a title as it is known, else by what is left of it without its unit."""
    bare = [_TAIL.sub("", word) for word in words]
    return {**find_places(bare, wanted), **find_places(words, wanted)}


def _header_at(rows: Sequence[tuple[int, list[str]]], wanted: Mapping[str, Sequence[str]]) -> int:
    """Place of the first row that has what is needed; 0 where none has, so that the error speaks of the first."""
    for number, (_, cells) in enumerate(rows[:_HEADER_WITHIN_ROWS]):
        if not _missing(_places([header_word(cell) for cell in cells], wanted)):
            return number
    return 0


def _said_above(rows: Sequence[Sequence[str]], wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What stands above the header: as label and value, in two cells or in one, or as a header of its own with a row below."""
    found: dict[str, str] = {}
    labels = {word for name in _OF_WEBINAR for word in wanted[name]}
    for names, values in pairwise(rows):
        words = [header_word(cell) for cell in names]
        # A header and its row: more than one of its cells is a label.
        if sum(word in wanted[name] for word in words for name in _OF_WEBINAR) > 1:
            for word, value in zip(words, values, strict=False):
                for name in _OF_WEBINAR:
                    if value.strip() and word in wanted[name]:
                        found.setdefault(name, value.strip())
    for cells in rows:
        filled = [cell.strip() for cell in cells if cell.strip()]
        label, _, value = filled[0].partition(":") if len(filled) == 1 else (filled[0], "", filled[1]) if filled else ("", "", "")
        for name in _OF_WEBINAR:
            if value.strip() and header_word(label) in wanted[name] and header_word(value) not in labels:
                found.setdefault(name, value.strip())
    return found


def _never_came(cells: Sequence[str], places: Mapping[str, int]) -> bool:
    """Somebody who registered only: said not to have attended, and neither time nor minutes stand there."""

    def cell(name: str) -> str:
        text = cells[places[name]].strip() if name in places and places[name] < len(cells) else ""
        return "" if text in _NOTHING else text

    return header_word(cell("attended")) in NO and not any(cell(name).strip("0:") for name in ("join", "leave", "minutes"))


def _days_of(dates: pa.Array, starts: pa.Array, name: str, order: Order, zone: ZoneInfo) -> list[str]:
    """Of each row the day on which its clocks are, year first; "" where none is known: what its date says, else its webinar's start, else the file's name."""
    # A folder or an archive may be called by the day on which it was made.
    in_name = _DAY.search(name.rsplit("/", 1)[-1]) or _DAY.search(name)
    # A file's name is written with the year first or the day first.
    named = _plain_day(in_name.group(0).replace("_", "-"), "day first", zone) if in_name else ""
    stated: dict[str, str] = {}
    days = []
    for texts in zip(dates.to_pylist(), starts.to_pylist(), strict=True):
        for text in texts:
            if text and text not in stated:
                stated[text] = _plain_day(text, order, zone)
        days.append(next((stated[text] for text in texts if text and stated[text]), named))
    return days


def _plain_day(text: str, order: Order, zone: ZoneInfo) -> str:
    moment = to_utc(pa.array([text]), order, zone)[0][0].as_py()
    return moment.astimezone(zone).date().isoformat() if moment else ""


def _as_clock(texts: pa.Array) -> pa.Array:
    """Numbers of seconds as hours, minutes and seconds; other ways to write a length of time say themselves what they are."""
    lengths = []
    for text in texts.to_pylist():
        if _NUMBER.fullmatch(text):
            minutes, seconds = divmod(int(float(text.replace(",", "."))), SECONDS_A_MINUTE)
            text = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
        lengths.append(text)
    return pa.array(lengths, pa.string())


def _header_of(words: list[str], below: Sequence[tuple[int, list[str]]], places: Mapping[str, int]) -> list[str]:
    """The header as wide as the rows where all of them are narrower alike: BigBlueButton's dashboard writes the questions of polls, with
    their commas, behind its columns without quotes."""
    widths = {len(cells) for _, cells in below}
    width = widths.pop() if len(below) > 1 and len(widths) == 1 else len(words)
    return words[:width] if max(places.values(), default=0) < width < len(words) else words


def _without_dashes(texts: pa.Array) -> pa.Array:
    """Cells where a dash stands for nothing are empty."""
    return pc.if_else(pc.is_in(texts, pa.array(_NOTHING)), "", texts)


def _whole_names(columns: Mapping[str, pa.Array]) -> pa.Array:
    """First name, middle name and last name as one; what is not there is left out, and so is a name that is said again."""
    parts = zip(*(columns[name].to_pylist() for name in ("name", "middle_name", "last_name")), strict=True)
    names = []
    for first, *others in parts:
        said = first.casefold().split()
        names.append(" ".join(part for part in (first, *(other for other in others if other.casefold() not in said)) if part))
    return pa.array(names, pa.string())


def _wanted(source: Source) -> Mapping[str, Sequence[str]]:
    """The known titles, those of the programme file before them."""
    strange = sorted(set(source.columns) - set(COLUMNS))
    if strange:
        raise BadSource(f"source {source.name}: columns: {', '.join(strange)}: no such column; there are: {', '.join(COLUMNS)}")
    # A title that the programme file gives stands alone, or another column could be taken where the named one is missing.
    return {name: (header_word(source.columns[name]),) if name in source.columns else words for name, words in COLUMNS.items()}


def _missing(places: Mapping[str, int]) -> list[str]:
    if not {"name", "last_name", "email", "user_id"} & places.keys():
        return ["name or email"]
    if not {"join", "leave"} <= places.keys() and "minutes" not in places:
        return ["join and leave, or minutes"]
    return []


def _check(file: ReportFile, words: Sequence[str], places: Mapping[str, int], named: Mapping[str, str]) -> None:
    missing = [f"{name} ({named[name]!r} in the programme file)" for name in named if name not in places]
    missing = missing or _missing(places)
    if not missing:
        return
    other = looks_like(words)
    found = (
        f"what looks like {other}" if other and other != WHAT else f"the columns {', '.join(sorted(places))}" if places else "none of them"
    )
    raise BadFile(file.path, place="header", expected=f"{WHAT}; missing: {', '.join(missing)}", found=found)
