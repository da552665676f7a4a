"""Zoom's reports: participants of a meeting, attendees of a webinar, and the usage report, as CSV in English or Russian, and what
became of that in a spreadsheet program (:mod:`pipelines.sources.formats.report_files`). The saved chat is
:mod:`pipelines.sources.webinars.zoom_chat`'s.

What has to be known about them (Zoom support, "Getting started with reports"; headers of real downloads):

- *Participants report.* The meeting's block (id, topic, start, end, host's address) stands above the participants, set off by a blank line;
  the default download has no block. Then the id is a run of 9 to 11 digits in the file's name or else the name itself, and the day stands in
  for the start (two meetings of one number on one day are one then: download them "with meeting data").
- *Attendee report* of a webinar: the same in sections (host, panelists, attendees, other attended), each with a header of its own. Who
  registered and did not come ("Attended": No) is no stay and is not counted.
  It may state first and last name apart, without a name shown in the webinar.
- *Meetings with their participants in one table*: where a topic or a meeting's id stands left of the participant, every row is of the meeting it names
  (exports of all meetings of an account, and reports that people put together).
- A row may be short of its last cells where those are of columns that are not needed (who was not asked for consent has no cell for it); the file's last row
  may not, for that is what a cut looks like.
- *Usage report*: one row per meeting with its start and end, nobody's stays: webinars only.
- Times state no zone: ``time_zone`` of the source, else the programme's. They come as ``04/10/2020 07:21:08 PM``, as ``21.03.2022 13:05:11``
  and as ``21.03.2022 13:05:11 PM`` (a 24-hour clock with a tail that says nothing). The order of day and month is found per file
  (:mod:`pipelines.sources.formats.local_times`), from the block's times and the participants' together; where nothing tells, an English header
  means month first, any other day first.
- Newer reports put "(Host)" or "(Co-host)" behind a name: no part of it.
- One row per stay: a reconnect or a second device is another row, often under another name ("iPhone"); whose account it is is said in
  :mod:`pipelines.sources.webinars.attendance`.
- Headers in Spanish, French and Portuguese are known by their words. In any other language the report has the same columns in the same places (name,
  address, joining, leaving, minutes; of unique users name, address, minutes, guest): the header is the row above the first of that shape, and of the block
  each cell is known by its shape. Guests and the waiting room are not known then. An attendee report is taken apart by its titles of one cell, and in each
  section the two times with minutes behind them.
- With "show unique users" there is one row per person: all their minutes and no times. Such a report of a meeting counts beside the one with
  times; keep one of the two.
- Somebody in the waiting room is not in the webinar: such a row is rejected, with that reason.

- *Poll report* (written from documentation and from code that reads such files): "Poll Details" with number, name, address, moment, then question and answer in turns, one row
  per person and poll. It is a row of attendance per person without times or minutes, with the number of polls answered. The report states the
  meeting's start to the minute only: the loader gives the row the webinar of that number which the participants' report tells of
  (:mod:`pipelines.loading.same_webinars`). Who answered anonymously is nobody: such a row is rejected, with that reason.
- *Q&A report* of a webinar (written from documentation and memory of its layout): "Question Details" with question, asker's name and address, answers. It
  is a row of attendance as of a poll report, with the number of questions asked as messages of the webinar's chat. Who asked anonymously is rejected.
- *Registration report*: who meant to come. It is refused by that name: nobody was there by it. Of a webinar, the attendee report says who registered and came.

Not kept: consent to being recorded, country, registration time and approval, number of participants, questions and answers of polls and of the Q&A.
None of the other reports tells of chat, reactions or cameras: these signs are null where no chat was saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Header, find_columns, header_word
from pipelines.sources.formats.local_times import Order, to_utc
from pipelines.sources.formats.packed_tables import Packed
from pipelines.sources.formats.report_files import ENDINGS, ReportFile, no_cut, open_report, small_rows
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen
from pipelines.sources.webinars import zoom_chat
from pipelines.sources.webinars.attendance import (
    QUESTIONS,
    YES,
    Meeting,
    attendance_events,
    covers_of,
    digest,
    find_places,
    minutes_of,
    plain_times,
    poll_events,
    reject_further_sheets,
    reject_where,
    sign_events,
    stays_of,
    text_column,
    time_order,
    webinar_id,
    webinar_row,
    with_column,
    yes_or_no,
)

WHAT = "a Zoom participants report (kind zoom)"
#: Of texts only what may be a chat: captions and transcripts are none.
_FILES = Packed(
    WHAT,
    (*ENDINGS, *zoom_chat.ENDINGS),
    is_wanted=lambda name: not name.lower().endswith(zoom_chat.ENDINGS) or zoom_chat.is_chat_name(name),
    unwanted="captions and transcripts",
)

COLUMNS = {
    "name": (
        "name (original name)", "name", "participant", "participant name", "user name (original name)", "user name",
        "имя (настоящее имя)", "имя (исходное имя)", "имя пользователя (исходное имя)", "имя пользователя (настоящее имя)", "имя", "имя участника",
        "участник", "имя пользователя",
    ),
    "first": ("first name",),
    "last": ("last name", "фамилия"),
    "email": (
        "user email", "email", "email address", "e-mail", "электронная почта пользователя", "эл. почта пользователя", "электронная почта", "эл. почта",
        "адрес электронной почты", "адрес электронной почты пользователя", "адрес эл. почты", "адрес эл. почты пользователя",
    ),
    "join": ("join time", "время входа", "время присоединения", "время подключения"),
    "leave": ("leave time", "время выхода", "время ухода", "время отключения"),
    "minutes": (
        "duration (minutes)", "total duration (minutes)", "time in session (minutes)", "продолжительность (минуты)",
        "общая продолжительность (минуты)", "общая длительность (минуты)", "длительность (минуты)", "время в сеансе (минуты)", "время сеанса (минуты)",
    ),
    "guest": ("guest", "is guest", "гость"),
    "waiting": ("in waiting room", "в зале ожидания"),
    "attended": ("attended", "присутствовал", "участвовал"),
}  # fmt: skip
#: The same in Spanish, French and Portuguese, from programs that read such files. A header in them is one only with all that is needed: its other words
#: differ from one Zoom to the next.
_ELSEWHERE = {
    "name": ("nombre (nombre original)", "nom (nom original)", "nome (nome original)"),
    "email": (
        "e-mail del usuario", "correo electrónico", "adresse e-mail de l’utilisateur", "adresse e-mail de l'utilisateur", "adresse e-mail",
    ),
    "join": ("hora para unirse", "hora de entrada", "heure d’arrivée", "heure d'arrivée", "ingressar na hora"),
    "leave": ("hora para salir", "hora de salida", "heure de départ", "hora de saída"),
    "minutes": (
        "duración (minutos)", "durée (minutes)", "duração (minutos)", "duración total (minutos)", "durée totale (minutes)", "duração total (minutos)",
    ),
    "guest": ("invitado", "invité", "convidado"),
    "waiting": ("en sala de espera", "en la sala de espera", "salle d’attente", "salle d'attente", "dans la salle d’attente", "na sala de espera"),
}  # fmt: skip
_WORDS = {name: (*words, *_ELSEWHERE.get(name, ())) for name, words in COLUMNS.items()}
_OPTIONAL = ("first", "last", "email", "minutes", "guest", "waiting", "attended")
#: Beside a family name these words mean the first name alone.
_FIRST_NAMES = frozenset(("имя", "first name"))
#: "Show unique users" of the report: everybody once, with all their minutes and no times.
_TOTAL = frozenset(("total duration (minutes)", "общая продолжительность (минуты)", "общая длительность (минуты)"))
_TOTAL_ELSEWHERE = frozenset(("duración total (minutos)", "durée totale (minutes)", "duração total (minutos)"))
#: Words of the participants' header that the meeting's block does not have.
_PARTICIPANTS = (
    frozenset(word for name in ("name", "join", "leave", "guest", "waiting") for word in COLUMNS[name]) - {"user name", "имя пользователя"}
    | _TOTAL
)

_MEETING = {
    "id": ("meeting id", "id", "webinar id", "идентификатор конференции", "идентификатор вебинара", "идентификатор"),
    "topic": ("topic", "тема"),
    "start": ("start time", "actual start time", "время начала", "фактическое время начала"),
    "end": ("end time", "время окончания", "время завершения"),
    "minutes": (
        "duration (minutes)", "actual duration (minutes)", "продолжительность (минуты)", "фактическая продолжительность (минуты)",
        "длительность (минуты)",
    ),
    "host": (
        "host email", "user email", "email", "электронная почта организатора", "эл. почта организатора", "адрес электронной почты организатора",
        "электронная почта пользователя", "адрес электронной почты пользователя", "эл. почта пользователя",
    ),
}  # fmt: skip
#: Words of the usage report's header that no meeting's block has.
_USAGE = frozenset((
    "creation time", "has zoom rooms?", "department", "total participant minutes", "participant minutes", "max concurrent views", "время создания",
    "есть zoom rooms?", "отдел", "общее количество минут участников", "минуты участников",
))  # fmt: skip
_POLLS = re.compile(r"poll|отч[её]т об? опрос", re.IGNORECASE)
_REGISTRATION = re.compile(r"registration report|registrants?\b|отч[её]т о регистрации", re.IGNORECASE)
_QUESTIONS = re.compile(r"Q ?& ?A report|отч[её]т о вопросах", re.IGNORECASE)
#: Columns of a poll report's details.
_ANSWERS = {
    "name": ("user name", "name", "participant", "имя пользователя", "имя", "участник"),
    "email": ("user email", "email address", "email", "электронная почта пользователя", "адрес электронной почты", "эл. почта"),
    "time": (
        "submitted date/time",
        "submitted date and time",
        "submitted time",
        "дата и время отправки",
        "дата/время отправки",
        "время отправки",
    ),
}
#: Columns of a Q&A report's details.
_ASKED = {
    "question": ("question", "вопрос"),
    "name": ("asker name", "имя задавшего вопрос", "имя спросившего", "имя автора вопроса", "кто задал вопрос"),
    "email": (
        "asker email", "электронная почта задавшего вопрос", "эл. почта задавшего вопрос", "адрес электронной почты задавшего вопрос",
        "электронная почта автора вопроса", "эл. почта автора вопроса",
    ),
}  # fmt: skip
_ANONYMOUS = frozenset(("anonymous attendee", "anonymous", "anonymous user", "анонимный участник", "аноним"))
#: Rows above the participants at most: a block of two rows, a title and the time of the report.
_WITHIN_ROWS = 14
_MEETING_ID = re.compile(r"(?<!\d)\d{9,11}(?!\d)")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
#: What somebody is in the meeting, behind the name.
_HOSTS = r"(?i)\s*\((?:co-?host|host|организатор|соорганизатор)(?:, ?(?:me|я))?\)\s*$"
#: The first columns of participants, the same in every language.
_BY_PLACE = ("name", "email", "join", "leave", "minutes")
_TOTALS = ("name", "email", "minutes")
_DAY_AND_TIME = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\D.*\d{1,2}:\d{2}")
_WHOLE_MINUTES = re.compile(r"\d{1,5}")


@dataclass(frozen=True)
class _Block:
    """The block above the participants, as text; empty where it is not there."""

    id: str = ""
    topic: str = ""
    start: str = ""
    end: str = ""
    minutes: str = ""
    host: str = ""


@dataclass
class _Section:
    """Participants below one header. ``meeting``: the cells of the header that speak of the meeting, left of the participant's; few have them."""

    header: Header
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    misfits: list[tuple[int, int]] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    meeting: tuple[str, ...] = ()
    #: Per row of a table of several meetings, what it says of its own.
    of_meeting: list[tuple[str, ...]] = field(default_factory=list)


class ZoomReader:
    """Reader of Zoom's participants, attendee and usage reports, and of its saved chat. Kind ``zoom``."""

    kind: ClassVar[str] = "zoom"
    version: ClassVar[int] = 12
    #: In languages other than English the day stands before the month since 9, where nothing else tells; a webinar is called after its start. A line
    #: of totals is nobody's stay since 10.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("attendance", "webinars"), 10)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """CSV files (also gzipped), workbooks that they were saved as, and saved chats below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside reports and chats."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Attendance, one row per stay; derived from it the webinar and the accounts. Raises BadFile for anything else."""
        return _FILES.events(item, lambda one: self._report(source, one, context))

    def _report(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "zoom"
        if item.name.lower().endswith(zoom_chat.ENDINGS):
            lines = zoom_chat.chat_lines(item.path)
            if lines is not None:
                yield from zoom_chat.chat_events(lines, realm, item, context)
                return
        file = open_report(
            item.path, _PARTICIPANTS | {word for part in (_MEETING, _ELSEWHERE) for words in part.values() for word in words}
        )
        rows = small_rows(file)
        yield from reject_further_sheets(file)
        usage = _usage_header(rows)
        if usage is not None:
            yield from _usage(file, rows, usage, realm, context)
            return
        answers = _header_of(_ANSWERS, ("time", "name"), rows)
        if answers is not None:
            yield from _polls(file, rows, answers, realm, item, context)
            return
        asked = _header_of(_ASKED, ("question", "name"), rows)
        if asked is not None:
            yield from _questions(file, rows, asked, realm, item, context)
            return
        block, sections = _find(file, rows)
        words = [header_word(cell) for cell in sections[0].header.cells]
        is_english = bool(_PARTICIPANTS.intersection(words)) and not _CYRILLIC.search(" ".join(words))
        habit: Order = "month first" if is_english else "day first"
        parts = _by_meeting(block, sections)
        block_texts = pa.array([text for block, _ in parts for text in (block.start, block.end)], pa.string())
        times = [text_column([cells for _, cells in one.rows], one.places.get(name)) for one in sections for name in ("join", "leave")]
        order = time_order([block_texts, *times], habit)
        block_times, _ = to_utc(block_texts, order, context.zone)
        unclear = [bool(text) and time is None for text, time in zip(block_texts.to_pylist(), block_times.to_pylist(), strict=True)]
        if not any(section.meeting for section in sections) and any(unclear):
            raise BadFile(item.path, place="meeting block", expected="start and end as times", found="a time that is not understood")
        for section in sections:
            for line, cells in section.misfits:
                yield Seen("attendance", 1)
                reason = "fewer cells than the header" if cells < len(section.header.cells) else "more cells than the header"
                yield Rejected("attendance", f"line {line}", reason)
        covered: list[tuple[Meeting, pa.Table]] = []
        moments = block_times.to_pylist()
        for number, (block, its_sections) in enumerate(parts):
            start, end = moments[2 * number : 2 * number + 2]
            length = minutes_of(block.minutes)
            if start and not end and length is not None:
                end = start + timedelta(minutes=length)
            meeting = Meeting(_number(block, item), block.topic or None, start, end, block.host)
            stays = pa.concat_tables([_stays(section, order, context) for section in its_sections])
            if any(unclear[2 * number : 2 * number + 2]):
                # Of one meeting among several: its rows are bad, not the file.
                stays = reject_where(stays, pa.array([True] * len(stays)), "the meeting's time is not understood")
            yield from attendance_events(realm, meeting, stays, context)
            covered.append((meeting, stays))
        yield covers_of(covered)


def _find(file: ReportFile, rows: Sequence[tuple[int, list[str]]]) -> tuple[_Block, list[_Section]]:
    """The block and the sections of participants. Raises BadFile where there is none."""
    sections: list[_Section] = []
    above: list[list[str]] = []
    by_shape = _headers_by_shape(rows)
    for number, (line, cells) in enumerate(rows):
        if number in by_shape:
            sections.append(_Section(Header(tuple(cells), line), places=by_shape[number]))
        elif _is_participants(cells):
            meeting = _meeting_cells(cells)
            header = Header(tuple(cells[len(meeting) :]), line)
            optional = (*_OPTIONAL, "join", "leave") if (_TOTAL | _TOTAL_ELSEWHERE).intersection(header.words) else _OPTIONAL
            if {"first", "last"} <= find_places(list(header.words), COLUMNS).keys():
                optional = (*optional, "name")
            places = find_columns(file, header, _WORDS, optional=optional, what=WHAT)
            sections.append(_Section(header, places=places, meeting=meeting))
        elif not sections:
            above.append(cells)
            if number > _WITHIN_ROWS:
                break
        elif "came" in sections[-1].places and sum(bool(cell.strip()) for cell in cells) == 1:
            # The name of a section.
            continue
        elif not _is_title(rows, number):
            _take(sections[-1], line, cells, is_last=number + 1 == len(rows))
    if not sections:
        for what, title in (
            ("a Zoom registration report: nobody was there by it", _REGISTRATION),
            ("a Zoom poll report without its details", _POLLS),
            ("a Zoom Q&A report without its details", _QUESTIONS),
        ):
            if any(title.search(cell) for cells in above for cell in cells[:1]):
                raise BadFile(file.path, place="header", expected=WHAT, found=what)
        # Not the report, or a column of it is missing: the error names what there is.
        first = file.header()
        find_columns(file, first, {name: words for name, words in COLUMNS.items() if name not in _OPTIONAL}, what=WHAT)
        raise BadFile(file.path, place="header", expected=WHAT, found="no header of participants")
    if sections[-1].rows or sections[-1].misfits:
        no_cut(file.path, file, rows[-1], len(sections[-1].meeting) + len(sections[-1].header.cells))
    return _block(above), sections


def _is_participants(cells: Sequence[str]) -> bool:
    words = [header_word(cell) for cell in cells]
    if len(_PARTICIPANTS.intersection(words)) > 1:
        return True
    found = find_places(words, _ELSEWHERE)
    return "name" in found and ({"join", "leave"} <= found.keys() or bool(_TOTAL_ELSEWHERE.intersection(words)))


def _headers_by_shape(rows: Sequence[tuple[int, list[str]]]) -> dict[int, dict[str, int]]:
    """Place of each header whose words are not known → own name → column. Empty where words tell, or nothing does."""
    if any(_is_participants(cells) for _, cells in rows):
        return {}
    by_place = _header_by_place(rows)
    if by_place is not None:
        return {by_place: {name: place for place, name in enumerate(_BY_PLACE)}}
    return _attendees(rows) or _unique_users(rows)


def _attendees(rows: Sequence[tuple[int, list[str]]]) -> dict[int, dict[str, int]]:
    """Sections of a webinar's attendee report: a title of one cell, a header, and rows with two times and minutes side by side."""
    found: dict[int, dict[str, int]] = {}
    titles = [number for number, (_, cells) in enumerate(rows) if sum(bool(cell.strip()) for cell in cells) == 1]
    for title, end in pairwise([*titles, len(rows)]):
        below = [[cell.strip() for cell in cells] for _, cells in rows[title + 2 : end]]
        join = next((place for cells in below if (place := _stay_at(cells)) is not None), None)
        if join is None or any(_DAY_AND_TIME.search(cell) for cell in rows[title + 1][1]):
            continue
        places = {"join": join, "leave": join + 1, "minutes": join + 2, "came": join}
        # Whether somebody attended stands before the name.
        first = {one[0].casefold() for one in below}
        places["name"] = 1 if join > 1 and len(first) <= 2 and not any(" " in word for word in first) else 0
        if email := next((place for place in range(join) if any("@" in one[place] for one in below if place < len(one))), None):
            places["email"] = email
        found[title + 1] = places
    return found


def _stay_at(cells: Sequence[str]) -> int | None:
    """Where two times and whole minutes stand side by side."""
    for place in range(1, len(cells) - 2):
        if all(_DAY_AND_TIME.search(cell) for cell in cells[place : place + 2]) and _WHOLE_MINUTES.fullmatch(cells[place + 2]):
            return place
    return None


def _unique_users(rows: Sequence[tuple[int, list[str]]]) -> dict[int, dict[str, int]]:
    """Header of a list of unique users: name, address, all minutes, guest or not, in every row below."""
    for number, (_, header) in enumerate(rows[:_WITHIN_ROWS]):
        below = [[cell.strip() for cell in cells] for _, cells in rows[number + 1 :]]
        if len(header) < len(_TOTALS) + 1 or not below or any(len(cells) != len(header) for cells in below):
            continue
        if all(cells[0] and (not cells[1] or "@" in cells[1]) and _WHOLE_MINUTES.fullmatch(cells[2]) for cells in below):
            answers = {cells[3].casefold() for cells in below}
            if len(answers) <= 2 and all(answer.isalpha() for answer in answers) and not any(_DAY_AND_TIME.search(cell) for cell in header):
                return {number: {name: place for place, name in enumerate(_TOTALS)}}
    return {}


def _header_by_place(rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """Place of the header above the first row that is a stay by its shape; None where there is none."""
    for number, (_, cells) in enumerate(rows[1 : _WITHIN_ROWS + 1]):
        if len(cells) < len(_BY_PLACE) or (cells[1].strip() and "@" not in cells[1]):
            continue
        if cells[0].strip() and all(_DAY_AND_TIME.search(cells[place]) for place in (2, 3)) and _WHOLE_MINUTES.fullmatch(cells[4].strip()):
            return number
    return None


def _is_title(rows: Sequence[tuple[int, list[str]]], number: int) -> bool:
    """A row of one cell above a header: the name of a section, whatever the language."""
    return (
        sum(bool(cell.strip()) for cell in rows[number][1]) == 1
        and number + 1 < len(rows)
        and _is_participants(rows[number + 1][1])
    )  # fmt: skip


def _meeting_cells(cells: Sequence[str]) -> tuple[str, ...]:
    """What stands left of the participant and names the meeting; empty where nothing does."""
    words = [header_word(cell) for cell in cells]
    before = next((place for place, word in enumerate(words) if word in COLUMNS["join"]), len(words))
    # Left of the participant, the meeting's host may stand with a name of his own.
    shown = [place for place, word in enumerate(words[:before]) if word in COLUMNS["name"]]
    name = shown[-1] if shown else next((place for place, word in enumerate(words) if word in COLUMNS["first"]), 0)
    return tuple(cells[:name]) if {"id", "topic"} & find_places(words[:name], _MEETING).keys() else ()


def _take(section: _Section, line: int, cells: list[str], *, is_last: bool) -> None:
    width = len(section.header.cells)
    of_meeting, cells = tuple(cells[: len(section.meeting)]), cells[len(section.meeting) :]
    place = section.places.get("attended")
    is_said_not = place is not None and place < len(cells) and cells[place].strip() and header_word(cells[place]) not in YES
    # Where no word of that is known: who has neither time nor minutes registered and did not come.
    stay = {section.places[name] for name in ("join", "leave", "minutes") if name in section.places}
    if (is_said_not or "came" in section.places) and not any(re.search("[1-9]", cells[at]) for at in stay if at < len(cells)):
        return
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]
    if max(section.places.values()) < len(cells) < width and not is_last:
        cells = [*cells, *[""] * (width - len(cells))]
    if len(cells) == width:
        section.rows.append((line, cells))
        section.of_meeting.append(of_meeting)
    else:
        section.misfits.append((line, len(cells)))


def _by_meeting(block: _Block, sections: Sequence[_Section]) -> list[tuple[_Block, list[_Section]]]:
    """The sections of each meeting, in the file's order: those of the block together, those of a table of several by what its rows say."""
    own = [section for section in sections if not section.meeting]
    found = [(block, own)] if own else []
    for section in sections:
        if section.meeting:
            parts: dict[tuple[str, ...], _Section] = {}
            for row, of_meeting in zip(section.rows, section.of_meeting, strict=True):
                parts.setdefault(of_meeting, _Section(section.header, places=section.places)).rows.append(row)
            found += [(_block([section.meeting, of_meeting]), [part]) for of_meeting, part in parts.items()]
    return found


def _block(above: Sequence[Sequence[str]]) -> _Block:
    found: dict[str, str] = {}
    for names, values in pairwise(above):
        words = [header_word(cell) for cell in names]
        for what, accepted in _MEETING.items():
            for word, value in zip(words, values, strict=False):
                if word in accepted:
                    found.setdefault(what, value.strip())
    if above and not {"id", "start"} & found.keys():
        found = _block_by_shape(above[-1])
    found["host"] = found.get("host", "").lower() if "@" in found.get("host", "") else ""
    return _Block(**found)


def _block_by_shape(cells: Sequence[str]) -> dict[str, str]:
    """What a meeting's cells say, in whatever language their header is; nothing where none of them is a meeting's number."""
    texts = [cell.strip() for cell in cells if cell.strip()]
    numbers = [text for text in texts if _MEETING_ID.fullmatch(_plain_number(text))]
    if not numbers:
        return {}
    times = [text for text in texts if _DAY_AND_TIME.search(text)]
    hosts = [text for text in texts if "@" in text]
    words = [text for text in texts if text not in (*numbers, *times, *hosts) and not _WHOLE_MINUTES.fullmatch(text)]
    firsts = (("id", numbers), ("topic", words), ("start", times), ("end", times[1:]), ("host", hosts))
    return {what: values[0] for what, values in firsts if values}


def _number(block: _Block, item: Item) -> str:
    number = _plain_number(block.id)
    if not number:
        in_name = _MEETING_ID.search(item.name.rsplit("/", 1)[-1])
        number = in_name.group(0) if in_name else digest(item.name)
    return number


def _plain_number(text: str) -> str:
    return "".join(text.split()).replace("-", "")


def _stays(section: _Section, order: Order, context: Context) -> pa.Table:
    rows = [cells for _, cells in section.rows]

    def column(name: str) -> pa.Array:
        return text_column(rows, section.places.get(name))

    first, last = section.places.get("name", section.places.get("first")), section.places.get("last")
    name = text_column(rows, first)
    if first is not None and last is not None and header_word(section.header.cells[first]) in _FIRST_NAMES:
        name = pc.utf8_trim_whitespace(pc.binary_join_element_wise(name, text_column(rows, last), " "))
    stays = stays_of(
        places=[f"line {line}" for line, _ in section.rows],
        name=pc.replace_substring_regex(name, _HOSTS, ""),
        email=column("email"),
        join=column("join"),
        leave=column("leave"),
        minutes=column("minutes"),
        order=order,
        zone=context.zone,
        needs_times="join" in section.places,
    )
    stays = reject_where(
        stays, pc.is_in(pc.utf8_lower(column("waiting")), pa.array(sorted(YES))), "in the waiting room, not in the webinar"
    )
    return with_column(stays, "is_guest", yes_or_no(column("guest")))


# -- the usage report ---------------------------------------------------------------------------------------------------------


def _usage_header(rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """Place of the usage report's header among the first rows; None where it is another report."""
    if any(_is_participants(cells) for _, cells in rows[:_WITHIN_ROWS]):
        return None
    for number, (_, cells) in enumerate(rows[:_WITHIN_ROWS]):
        words = {header_word(cell) for cell in cells}
        if words & _USAGE and words & set(_MEETING["topic"]) and words & set(_MEETING["id"]) and words & set(_MEETING["start"]):
            # An attendee report has such a row above sections whose words may not be known.
            place = find_places([header_word(cell) for cell in cells], _MEETING)["id"]
            below = [cells for _, cells in rows[number + 1 :] if not _is_total(cells)]
            named = sum(bool(_MEETING_ID.fullmatch(_plain_number(cells[place]))) for cells in below if place < len(cells))
            return number if 2 * named >= len(below) else None
    return None


def _usage(file: ReportFile, rows: Sequence[tuple[int, list[str]]], at: int, realm: str, context: Context) -> Iterator[Event]:
    words = [header_word(cell) for cell in rows[at][1]]
    places = find_places(words, _MEETING)
    below = [(line, cells) for line, cells in rows[at + 1 :] if not _is_total(cells)]
    if below:
        no_cut(file.path, file, below[-1], len(words))
    fitting = [(line, cells) for line, cells in below if len(cells) >= len(words)]
    texts = {name: text_column([cells for _, cells in fitting], places.get(name)) for name in _MEETING}
    habit: Order = "day first" if _CYRILLIC.search(" ".join(words)) else "month first"
    order = time_order([texts["start"], texts["end"]], habit)
    starts, ends = (to_utc(texts[name], order, context.zone)[0].to_pylist() for name in ("start", "end"))
    if below:
        yield Seen("webinars", len(below))
    for line, cells in below:
        if len(cells) < len(words):
            yield Rejected("webinars", f"line {line}", "fewer cells than the header")
    made: dict[str, pa.Table] = {}
    moments: list[datetime] = []
    for row, (line, _) in enumerate(fitting):
        number, start, end = _plain_number(texts["id"][row].as_py()), starts[row], ends[row]
        if not number or start is None:
            yield Rejected("webinars", f"line {line}", "no meeting id or no start that is understood")
            continue
        length = minutes_of(texts["minutes"][row].as_py())
        if end is None and length is not None:
            end = start + timedelta(minutes=length)
        meeting = replace(Meeting(number), title=texts["topic"][row].as_py() or None, starts_at=start, ends_at=end)
        identity = webinar_id(realm, meeting, None, context.zone)
        if identity in made:
            yield Rejected("webinars", f"line {line}", "the same meeting again")
            continue
        made[identity] = webinar_row(identity, meeting, start, end, None)
        moments += [moment for moment in (start, end) if moment]
    if made:
        yield Batch("webinars", pa.concat_tables(made.values()))
    yield Covers(min(moments, default=None), max(moments, default=None))


def _is_total(cells: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in cells[1:])


# -- the poll report ----------------------------------------------------------------------------------------------------------


def _header_of(columns: Mapping[str, Sequence[str]], needed: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """Place of the details' header; None where it is another report."""
    for number, (_, cells) in enumerate(rows):
        if set(needed) <= find_places([header_word(cell) for cell in cells], columns).keys():
            return number
    return None


def _polls(file: ReportFile, rows: Sequence[tuple[int, list[str]]], at: int, realm: str, item: Item, context: Context) -> Iterator[Event]:
    """One row of attendance per person who answered, without times: how many polls. One row of the file is one poll answered."""
    words = [header_word(cell) for cell in rows[at][1]]
    places = find_places(words, _ANSWERS)
    block = _block([cells for _, cells in rows[:at]])
    # A meeting with several polls repeats title and header before each.
    below = [
        (line, cells)
        for line, cells in rows[at + 1 :]
        if sum(bool(cell.strip()) for cell in cells) > 1 and [header_word(cell) for cell in cells[: len(words)]] != words
    ]
    texts = {name: text_column([cells for _, cells in below], place) for name, place in places.items()}
    starts = pa.array([block.start], pa.string())
    habit: Order = "day first" if _CYRILLIC.search(" ".join(words)) else "month first"
    order = time_order([starts, texts["time"]], habit)
    start = to_utc(plain_times(starts), order, context.zone)[0][0].as_py()
    if start is None:
        raise BadFile(file.path, place="meeting block", expected="the meeting's start", found="none that is understood")
    answered = to_utc(plain_times(texts["time"]), order, context.zone)[0].to_pylist()
    length = minutes_of(block.minutes)
    meeting = Meeting(_number(block, item), block.topic or None, start, None if length is None else start + timedelta(minutes=length))
    names, emails = texts["name"].to_pylist(), (texts.get("email") or text_column([cells for _, cells in below], None)).to_pylist()
    counts: dict[tuple[str, str], int] = {}
    moments = [start]
    for (line, _), name, email, moment in zip(below, names, emails, answered, strict=True):
        reason = None
        if header_word(name) in _ANONYMOUS:
            reason = "answered anonymously"
        elif not name and "@" not in email:
            reason = "neither a name nor an address"
        elif moment is None:
            reason = "a time that is not understood or does not exist"
        if reason is None:
            counts[name, email.lower()] = counts.get((name, email.lower()), 0) + 1
            moments.append(moment)
        else:
            yield Seen("attendance", 1)
            yield Rejected("attendance", f"line {line}", reason)
    identity = webinar_id(realm, meeting, None, context.zone)
    yield Batch("webinars", webinar_row(identity, meeting, start, meeting.ends_at, None), counted=False)
    yield from poll_events(realm, identity, counts, context)
    yield Covers(min(moments), max(moments))


# -- the Q&A report -----------------------------------------------------------------------------------------------------------


def _questions(
    file: ReportFile, rows: Sequence[tuple[int, list[str]]], at: int, realm: str, item: Item, context: Context
) -> Iterator[Event]:
    """One row of attendance per person who asked, without times: how many questions."""
    words = [header_word(cell) for cell in rows[at][1]]
    places = find_places(words, _ASKED)
    block = _block([cells for _, cells in rows[:at]])
    starts = pa.array([block.start], pa.string())
    habit: Order = "day first" if _CYRILLIC.search(" ".join(words)) else "month first"
    start = to_utc(plain_times(starts), time_order([starts], habit), context.zone)[0][0].as_py()
    if start is None:
        raise BadFile(file.path, place="meeting block", expected="the webinar's start", found="none that is understood")
    length = minutes_of(block.minutes)
    meeting = Meeting(_number(block, item), block.topic or None, start, None if length is None else start + timedelta(minutes=length))
    # Further answers to a question stand in rows without one.
    below = [(line, cells) for line, cells in rows[at + 1 :] if places["question"] < len(cells) and cells[places["question"]].strip()]
    names, emails = (text_column([cells for _, cells in below], places.get(name)).to_pylist() for name in ("name", "email"))
    counts: dict[tuple[str, str], int] = {}
    for (line, _), name, email in zip(below, names, emails, strict=True):
        if header_word(name) in _ANONYMOUS or (not name and "@" not in email):
            yield Seen("attendance", 1)
            yield Rejected("attendance", f"line {line}", "asked anonymously")
        else:
            counts[name, email.lower()] = counts.get((name, email.lower()), 0) + 1
    identity = webinar_id(realm, meeting, None, context.zone)
    yield Batch("webinars", webinar_row(identity, meeting, start, meeting.ends_at, None), counted=False)
    yield from sign_events(realm, identity, {person: {"chat_messages": count} for person, count in counts.items()}, QUESTIONS, context)
    yield Covers(start, meeting.ends_at or start)
