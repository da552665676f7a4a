"""Moodle's list of a course's participants as its page downloads it (``user/action_redir.php``, "Download table data as …").

What has to be known about it (Moodle 3.9 to 4.5, English and Russian):

- First name, last name, the identity fields that the site shows (mostly the address), and since 4.0 the groups, separated by commas. No user
  id: who a row is, ``moodle_people`` says. In JSON the columns are called by their field names (``firstname``).
- **No roles**: a download of everybody holds teachers too. Choose "Role: Student" on the page before downloading: people without a role in
  the file count as learners. A column "Roles" that somebody kept from the page is read; words it has beside the usual role names make
  the role "other".
- It does not name the course, but as Moodle calls it ("courseid_5_participants") its name has the course's number. Else it is ``course`` of the
  source, or ``feeds``, or the file's name; see ``moodle_reports``.
- Only people who were selected are in it, so nobody is taken for gone who is not.
- No times at all: the newest load stands.

Not kept: department, further profile fields, id number (it only tells people apart), "Last access to course" (a distance from a moment that
the file does not name).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import BadFile
from pipelines.programme import Source
from pipelines.sources.formats.delimited import Block, Header, looks_like, rows_where
from pipelines.sources.formats.tables import TableFile, open_table
from pipelines.sources.lms.moodle_courses import course_code, course_of, course_row, downloaded_id, downloads, file_name_of, hash_of
from pipelines.sources.lms.moodle_people import NAMING, PERSON, People, person_columns
from pipelines.sources.lms.moodle_sheets import reject_further_sheets
from pipelines.sources.lms.moodle_words import event_word
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen

WHAT = "a list of participants (kind moodle_participants)"
_FILES = downloads(WHAT)

_GROUPS = ("groups", "группы", "group", "группа", "gruppen", "groupes", "grupos", "групи", "топтар", "gruppi", "grupy")
#: What stands for people in none.
_NO_GROUPS = frozenset(
    {
        "no groups", "нет групп", "-", "keine gruppen", "aucun groupe", "no hay grupos", "sin grupos", "немає груп", "топтар жоқ", "nenhum grupo",
        "sem grupos", "nessun gruppo", "brak grup",
    }
)  # fmt: skip
_ROLES = ("roles", "роли", "role", "роль", "rollen", "rôles", "ролі", "papéis", "ruoli")
_WORDS = frozenset(word for words in (*PERSON.values(), _GROUPS, _ROLES) for word in words)
_STATUS = ("status", "статус", "состояние")
#: Role names of Moodle's language packs → role of raw.enrolments; several in one cell: the first of this order.
_ROLE_WORDS = (
    ("staff", {"manager", "управляющий", "менеджер", "administrator", "администратор"}),
    (
        "curator",
        {"teacher", "non-editing teacher", "course creator", "учитель", "преподаватель", "ассистент", "учитель без права редактирования",
         "ассистент (без права редактирования)", "куратор", "тьютор", "trainer/in", "trainer/in ohne bearbeitungsrecht", "enseignant",
         "enseignant non éditeur", "profesor", "profesor sin permiso de edición", "викладач", "асистент", "professor", "tutor", "moderador", "docente"},
    ),
    ("learner", {"student", "студент", "слушатель", "ученик", "learner", "teilnehmer/in", "étudiant", "estudiante", "estudante", "aluno", "studente"}),
)  # fmt: skip
_SUSPENDED = (
    "suspended",
    "inactive",
    "приостановлен",
    "заблокирован",
    "отстранен",
    "неактив",
    "не активен",
    "gesperrt",
    "inaktiv",
    "suspendu",
    "suspendid",
)


class MoodleParticipantsReader:
    """Reader of Moodle's lists of participants. Kind ``moodle_participants``."""

    kind: ClassVar[str] = "moodle_participants"
    version: ClassVar[int] = 5
    #: The course's number in the file's name counts since 3.
    new_ids: ClassVar[tuple[tuple[str, ...], int]] = (("courses", "course_groups", "memberships", "enrolments"), 3)

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Tables below the source's path. Raises BadSource where there is none."""
        return _FILES.items(source)

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """What the archives hold beside tables."""
        return _FILES.left_out(source)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """Enrolments (one per person); derived: accounts, groups, memberships, the course. Raises BadFile for anything else."""
        return _FILES.events(item, lambda one: self._table(source, one, context))

    def _table(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        assert item.path is not None
        realm = source.realm or "moodle"
        file = open_table(item.path, _WORDS)
        header = file.header()
        people = _people_columns(file, header)
        yield from reject_further_sheets(file, header, _WORDS, partial(_is_list, file), "enrolments")
        extra = {
            name: next((place for place, word in enumerate(header.words) if word in words), None)
            for name, words in (("groups", _GROUPS), ("roles", _ROLES), ("status", _STATUS))
        }
        number, code = downloaded_id(item), course_code(source, item)
        if number is None:
            code = code or file_name_of(item)
        course = course_of(realm, code or "") if number is None else f"{realm}:course:{number}"
        yield Batch("courses", course_row(course, code), counted=False)
        for block in file.blocks(header):
            yield Seen("enrolments", block.seen)
            for line, reason in block.refused:
                yield Rejected("enrolments", f"{file.unit} {line}", reason)
            if block.rows:
                yield from _rows(file, block, people, extra, realm, course, context)
        yield Covers(None, None)


def _is_list(file: TableFile, header: Header) -> bool:
    try:
        return bool(_people_columns(file, header))
    except BadFile:
        return False


def _people_columns(file: TableFile, header: Header) -> dict[str, int]:
    people = person_columns(header.words)
    # A gradebook begins with the same columns; grades are told by "(Real)" and the like.
    other = "a Moodle gradebook export (kind moodle_grades)" if any(map(_is_grade, header.words)) else looks_like(header.words)
    if other and MoodleParticipantsReader.kind not in other:
        raise BadFile(file.path, place="header", expected=WHAT, found=f"what looks like {other}")
    if not any(name in people for name in NAMING):
        expected = f"{WHAT} with a column 'Last name' or 'Фамилия', or with addresses"
        raise BadFile(file.path, place=f"{file.unit} {header.line} (header)", expected=expected, found="no such column")
    return people


def _is_grade(word: str) -> bool:
    return word.endswith(("(real)", "(значение)", "(percentage)", "(letter)", "(feedback)", "(отзыв)"))


def _rows(
    file: TableFile, block: Block, places: dict[str, int], extra: dict[str, int | None], realm: str, course: str, context: Context
) -> Iterator[Event]:
    people = People(block, places)
    accounts, batch = people.accounts(realm, context)
    yield from batch
    nobody = pc.is_null(people.natives)
    for row in rows_where(nobody):
        yield Rejected("enrolments", f"{file.unit} {block.lines[row]}", "nobody is named")
    roles = _mapped(block, extra["roles"], _role, "learner")
    states = _mapped(block, extra["status"], lambda cell: "suspended" if event_word(cell).startswith(_SUSPENDED) else "active", "active")
    natives = people.natives.to_pylist()
    ids = [
        None if native is None else f"{realm}:enrolment:list:{hash_of(native, course)}:{role}"
        for native, role in zip(natives, roles, strict=True)
    ]
    table = pa.table(
        {
            "enrolment_id": pa.array(ids, pa.string()),
            "account_id": accounts,
            "course_id": pa.repeat(pa.scalar(course), block.rows),
            "role": pa.array(roles, pa.string()),
            "state": pa.array(states, pa.string()),
        }
    ).filter(pc.invert(nobody))
    if table.num_rows:
        yield Batch("enrolments", table)
    if extra["groups"] is not None:
        yield from _groups(block.columns[extra["groups"]].to_pylist(), natives, accounts.to_pylist(), realm, course)


def _mapped(block: Block, place: int | None, of: Callable[[str], str], default: str) -> list[str]:
    if place is None:
        return [default] * block.rows
    return [of(cell) if cell.strip() else default for cell in block.columns[place].to_pylist()]


def _role(cell: str) -> str:
    words = {event_word(word) for word in cell.split(",")}
    return next((role for role, names in _ROLE_WORDS if words & names), "other")


def _groups(cells: list[str], natives: list[str | None], accounts: list[str | None], realm: str, course: str) -> Iterator[Event]:
    names: dict[str, str] = {}
    members: list[tuple[str, str, str]] = []
    for cell, native, account in zip(cells, natives, accounts, strict=True):
        for name in (part.strip() for part in cell.split(",")):
            if name and native and account and event_word(name) not in _NO_GROUPS:
                group = f"{realm}:group:name:{hash_of(course, name)}"
                names[group] = name
                members.append((f"{realm}:membership:list:{hash_of(group, native)}", group, account))
    if not names:
        return
    groups = sorted(names)
    columns = {"group_id": groups, "course_id": [course] * len(groups), "name": [names[group] for group in groups]}
    yield Batch("course_groups", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), counted=False)
    ids, in_groups, who = zip(*members, strict=True)
    columns = {"membership_id": list(ids), "group_id": list(in_groups), "account_id": list(who)}
    yield Batch("memberships", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), counted=False)
