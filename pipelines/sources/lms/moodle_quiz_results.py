"""Results of a quiz as its report pages download them (Quiz → Results → Grades, or Responses; "Download table data as …").

Sources of the format: ``mod/quiz/report/attemptsreport.php`` and ``attemptsreport_table.php``, ``overview/overview_table.php``, Moodle 3.9 to 5.1.

What has to be known about them:

- One row per attempt: last and first name, identity fields, the address; state, when it was started and completed, time taken; "Grade/10.00" with the best
  grade in the title; a column per question ("Q. 1 /1.00", "Response 1"), feedback. Times as the site writes them out, without their commas
  ("7 September 2026  9:07 AM"), in the zone of whoever downloads.
- People without an attempt have "-" everywhere: no row. Below stand averages ("Overall average"), which are nobody: told by having no state and no time.
- The file is called "<short name of the course>-<quiz>-grades": what it is of. Where neither ``course`` nor ``feeds`` of the source says which part is the
  course, it ends before the last hyphen that stands without blanks before a capital letter or a digit.
- No id of anything: who a row is, ``moodle_people`` says; the task is known by the course and its title, an attempt by person, quiz and start. Attempts are
  numbered by their start: with "attempts that give the final grade" alone, from 0 all the same.

Not kept: marks and answers of single questions, feedback, "Regraded".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header
from pipelines.sources.formats.local_times import to_utc
from pipelines.sources.formats.tables import TableFile, day_month_order
from pipelines.sources.lms.moodle_courses import course_and_title, course_code, course_of, file_name_of, hash_of, task_by_name
from pipelines.sources.lms.moodle_people import NAMING, People, person_columns
from pipelines.sources.lms.moodle_words import event_word, two_languages
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, Rejected, Seen

_COLUMNS = {
    "state": ("state", "status", "состояние", "статус", "статус попытки", "состояние попытки", "état", "estado", "стан", "stato", "stan"),
    "started": ("started on", "started", "тест начат", "начат", "начало", "попытка начата", "begonnen am", "begonnen", "commencé le", "comenzado el", "розпочато", "розпочато о", "iniciado em", "iniziato", "rozpoczęto"),
    "completed": ("completed", "completed on", "завершено", "завершен", "тест завершен", "окончание", "beendet", "terminé", "finalizado", "completo", "completado", "completada", "completato", "ukończono", "zakończono"),
    "duration": ("time taken", "duration", "затраченное время", "прошло времени", "затрачено времени", "verbrauchte zeit", "temps utilisé", "tiempo requerido", "витрачений час", "витрачено часу", "tempo utilizado", "tempo impiegato", "wykorzystany czas"),
}  # fmt: skip
_GRADE = re.compile(
    r"^(?:grade|оценка|баллы|bewertung|note|calificación|оцінка|бали|avaliar|avaliação|nota|valutazione|punteggio|ocena)\s*/\s*(?P<best>\d+(?:[.,]\d+)?)$"
)
#: Word of a state → state of raw.submissions; the first that fits counts.
_STATES = (
    (
        re.compile(
            r"^(?:never submitted|abandoned|никогда не отправл\w*|не отправл\w*|брошен\w*|nie abgegeben|jamais remis\w*|nunca enviad\w*|не подан\w*|mai consegnat\w*)"
        ),
        "abandoned",
    ),
    (re.compile(r"^(?:not started|не начат\w*)"), "new"),
    (
        re.compile(
            r"^(?:in progress|в процессе|выполняется|in bearbeitung|en cours|en curso|в процесі|em progresso|em andamento|in corso|w toku)"
        ),
        "in_progress",
    ),
    (re.compile(r"^(?:overdue|просрочен\w*|überfällig|en retard)"), "overdue"),
    (
        re.compile(
            r"^(?:finished|submitted|завершен\w*|закончен\w*|отправлен\w*|beendet|abgegeben|terminé\w*|finalizad\w*|подан\w*|закінчен\w*|conclu[íi]d\w*|completat\w*|terminat\w*|zakończon\w*)"
        ),
        "submitted",
    ),
)
_NOTHING = ("", "-")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
#: What the report is called at the end of the file's name.
_REPORT = re.compile(
    r"[-_](?:grades|responses|overview|оценки|ответы|отзывы|bewertungen|antworten|notes|réponses|calificaciones|respuestas|оцінки|відповіді|notas|respostas|valutazioni|risposte)(?:\s*\(\d+\))?$",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"(\d+)\s*([^\W\d]+)")
#: First letters of a unit of time → seconds, in English, Russian, Ukrainian, German, French, Spanish and Portuguese.
_UNITS = (
    ("d", 86400),
    ("t", 86400),
    ("j", 86400),
    ("д", 86400),
    ("h", 3600),
    ("s", 3600),
    ("ч", 3600),
    ("г", 3600),
    ("m", 60),
    ("м", 60),
    ("х", 60),
)


@dataclass(frozen=True)
class Layout:
    """Where things stand: own name → place, the column of the grade and the best one."""

    people: dict[str, int]
    places: dict[str, int]
    grade: int | None
    best: float | None


@dataclass
class _Attempt:
    place: str
    native: str
    account: str
    state: str
    started: datetime | None
    completed: datetime | None
    seconds: float | None
    score: float | None


def layout_of(header: Header) -> Layout | None:
    """The layout of a header; None where it is no report of attempts."""
    words = [event_word(word) for word in header.words]
    places = {name: words.index(word) for name, known in _COLUMNS.items() for word in reversed(known) if word in words}
    people = {name: place for name, place in person_columns(header.words).items() if place < places.get("started", 0)}
    if not {"state", "started"} <= places.keys() or not {"completed", "duration"} & places.keys() or not set(NAMING) & people.keys():
        return None
    found = next(((place, match) for place, word in enumerate(words) if (match := _GRADE.match(word))), None)
    return Layout(people, places, found[0] if found else None, float(found[1]["best"].replace(",", ".")) if found else None)


def events(file: TableFile, header: Header, layout: Layout, source: Source, item: Item, context: Context) -> Iterator[Event]:
    """Quiz attempts as submissions; derived: accounts, the course, the quiz. Raises BadFile where the file's name names no quiz."""
    realm = source.realm or "moodle"
    code, quiz = course_and_title(_REPORT.sub("", file_name_of(item)), course_code(source, item))
    if not quiz:
        expected = "'<course>-<quiz>-grades', as Moodle calls the results of a quiz"
        raise BadFile(file.path, place="file name", expected=expected, found="another name")
    course, task = course_of(realm, code), task_by_name(realm, code, quiz)
    name, english = two_languages(quiz)
    yield Batch("courses", pa.table({"course_id": [course], "code": [code]}), counted=False)
    tasks = {"task_id": [task], "course_id": [course], "kind": ["quiz"], "name": [name], "name_en": pa.array([english], pa.string())}
    yield Batch("tasks", pa.table(tasks), counted=False)
    attempts: list[_Attempt] = []
    order = day_month_order(file, header, [layout.places[own] for own in ("started", "completed") if own in layout.places])
    for block in file.blocks(header):
        yield Seen("submissions", len(block.misfits))
        for line, reason in block.refused:
            yield Rejected("submissions", f"{file.unit} {line}", reason)
        if not block.rows:
            continue
        cells = {own: _cells(block, place) for own, place in layout.places.items()}
        started, completed = (
            to_utc(pa.array(cells.get(own, [""] * block.rows), pa.string()), order, context.zone)[0].to_pylist()
            for own in ("started", "completed")
        )
        scores = _cells(block, layout.grade) if layout.grade is not None else [""] * block.rows
        # Averages below the table are nobody: an account is made of the other rows alone.
        is_person = [any(cells[own][row] for own in cells) for row in range(block.rows)]
        kept = [row for row, keep in enumerate(is_person) if keep]
        people = People(Block([pc.take(column, pa.array(kept, pa.int64())) for column in block.columns]), layout.people)
        accounts, batch = people.accounts(realm, context)
        yield from batch
        for row, native, account in zip(kept, people.natives.to_pylist(), accounts.to_pylist(), strict=True):
            if all(cells[own][row] in _NOTHING for own in cells):
                continue
            yield Seen("submissions", 1)
            place = f"{file.unit} {block.lines[row]}"
            state = next((state for pattern, state in _STATES if pattern.match(event_word(cells["state"][row]))), None)
            if state is None and completed[row] is not None:
                state = "submitted"
            if native is None or state is None or (started[row] is None and state != "new"):
                unknown = "a state that is not known" if state is None else "a time that is not understood"
                yield Rejected("submissions", place, "nobody is named" if native is None else unknown)
                continue
            seconds = _seconds(cells["duration"][row]) if "duration" in cells else None
            if seconds is None and started[row] and completed[row]:
                seconds = (completed[row] - started[row]).total_seconds()
            score = scores[row].replace(",", ".")
            attempts.append(
                _Attempt(
                    place,
                    native,
                    account,
                    state,
                    started[row],
                    completed[row],
                    seconds,
                    float(score) if _NUMBER.fullmatch(score) else None,
                )
            )
    if attempts:
        yield Batch("submissions", _table(attempts, realm, course, task, layout.best))
    moments = [moment for one in attempts for moment in (one.started, one.completed) if moment]
    yield Covers(min(moments, default=None), max(moments, default=None))


def _table(attempts: Sequence[_Attempt], realm: str, course: str, task: str, best: float | None) -> pa.Table:
    ordered = sorted(
        attempts, key=lambda one: (one.native, one.started is None, one.started.timestamp() if one.started else 0.0, one.place)
    )
    numbers: list[int] = []
    for place, one in enumerate(ordered):
        numbers.append(numbers[-1] + 1 if place and ordered[place - 1].native == one.native else 0)
    is_latest = [place + 1 == len(ordered) or ordered[place + 1].native != one.native for place, one in enumerate(ordered)]
    ids: list[str] = []
    for one in ordered:
        made = f"{realm}:attempt:name:{hash_of(task, one.native, str(one.started.timestamp()) if one.started else '')}"
        ids.append(made if made not in ids[-1:] else f"{made}-2")
    count = len(ordered)
    time = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "submission_id": pa.array(ids, pa.string()),
            "kind": pa.repeat(pa.scalar("quiz"), count),
            "account_id": pa.array([one.account for one in ordered], pa.string()),
            "task_id": pa.repeat(pa.scalar(task), count),
            "course_id": pa.repeat(pa.scalar(course), count),
            "attempt": pa.array(numbers, pa.int32()),
            "is_latest": pa.array(is_latest, pa.bool_()),
            "state": pa.array([one.state for one in ordered], pa.string()),
            "created_at": pa.array([one.started for one in ordered], time),
            "submitted_at": pa.array([one.completed for one in ordered], time),
            "seconds_spent": pa.array([one.seconds for one in ordered], pa.float64()),
            "score": pa.array([one.score for one in ordered], pa.float64()),
            "max_score": pa.repeat(pa.scalar(best, pa.float64()), count),
        }
    )


def _cells(block: Block, place: int) -> list[str]:
    # No-break spaces stand between number and unit, narrow ones before AM and PM.
    return [" ".join((cell or "").replace("\u202f", " ").split()) for cell in block.columns[place].to_pylist()]


def _seconds(text: str) -> float | None:
    """Seconds of "1 hour 2 mins", "12 мин. 5 сек."; None for anything else."""
    parts = _LENGTH.findall(text)
    if not parts:
        return None
    total = 0.0
    for number, unit in parts:
        unit = unit.casefold()
        if unit.startswith(("sec", "seg", "sek", "сек", "с")) or unit == "s":
            total += float(number)
            continue
        size = next((size for letter, size in _UNITS if unit.startswith(letter)), None)
        if size is None:
            return None
        total += float(number) * size
    return total
