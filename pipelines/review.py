"""The review queue: accounts that may be somebody's, shown with names to the person responsible, and what they decide about them.

What is shown here names people; nothing of it goes to logs. What is decided is written by :mod:`pipelines.links.people.people_decisions`; the links
follow with the next run. Accounts, people and decisions are called by their ids, or by so much of one that it is the only one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

import xlsxwriter

from pipelines.errors import BadFile, PermanentError
from pipelines.explain import SHORTEST_ID
from pipelines.links.people.people_decisions import Decision, decide
from pipelines.sources.formats.archives import ZipTree
from pipelines.sources.formats.workbooks import Row, workbook_rows
from pipelines.warehouse import Warehouse

#: Headings of the sheet, Russian and English in one, so that the same sheet serves both; the first column is typed in.
_HEADINGS = (
    ("Решение / Decision", 14), ("Заметка / Note", 24), ("Показанное имя / Name shown", 28), ("Прежние имена / Earlier names", 24), ("Ник, адрес / Handle, address", 26),
    ("Канал / Channel", 10), ("Где / Where", 28), ("Почему / Why", 26), ("1", 34), ("2", 34), ("3", 34), ("account_id", 24), ("person 1", 24), ("person 2", 24), ("person 3", 24),
)  # fmt: skip
_ACCOUNT_COLUMN, _PERSON_COLUMNS = 11, (12, 13, 14)
#: What may be typed as a decision.
_WORDS = {
    "1": "1", "2": "2", "3": "3", "да": "1", "yes": "1", "+": "1", "confirm": "1",
    "нет": "refuse", "no": "refuse", "-": "refuse", "refuse": "refuse", "никто": "split", "nobody": "split", "split": "split", "общий": "share", "shared": "share", "share": "share",
}  # fmt: skip
_CHOICES = ("1", "2", "3", "нет", "никто", "общий")
_WHY = {
    "name": "подходит одному, но показано мало / fits one, too little shown",
    "ambiguous": "подходит нескольким / fits several",
    "shared": "возможно, общий аккаунт / perhaps shared",
}
_CELL_CHARACTERS = 32_767


@dataclass(frozen=True)
class Candidate:
    """Somebody whom an account may be. ``name`` as the LMS has it, with the school; ``score``: probability."""

    person_id: str
    name: str
    score: float


@dataclass(frozen=True)
class Case:
    """One account to be looked at."""

    account_id: str
    channel: str
    shown: str | None
    earlier: tuple[str, ...]
    handle: str | None
    email: str | None
    where: tuple[str, ...]
    rule: str
    candidates: tuple[Candidate, ...]


_QUEUE = """
    with earlier as (
        select past.account_id, list(past.name order by past.name) as names
        from personal.account_names as past inner join personal.accounts as private on private.account_id = past.account_id
        where past.kind = 'display_name' and past.name is distinct from private.display_name
        group by past.account_id
    ), places as (
        select distinct message.account_id, coalesce(private.title, course.code, 'mail') as place
        from raw.messages as message left join personal.chats as private on private.chat_id = message.chat_id
        left join raw.courses as course on course.course_id = message.course_id
        where message.channel <> 'mail'
        union
        select attendance.account_id, coalesce(webinar.title, course.code, 'webinar')
        from raw.attendance as attendance inner join raw.webinars as webinar on webinar.webinar_id = attendance.webinar_id
        left join links.places as placed on placed.place_id = webinar.webinar_id left join raw.courses as course on course.course_id = placed.course_id
    ), seen as (
        select account_id, list(place order by place) as places from places group by account_id
    ), persons as (
        select 'p' || substr(account_id, 2) as person_id,
            concat_ws(', ', nullif(trim(concat_ws(' ', last_name, first_name)), ''), institution) as name
        from personal.accounts
    ), candidates as (
        select candidate.account_id, list({'person': candidate.person_id, 'name': coalesce(persons.name, ''), 'score': candidate.score} order by candidate.place) as found
        from links.people_candidates as candidate left join persons on persons.person_id = candidate.person_id
        group by candidate.account_id
    )
    select people.account_id, account.channel, private.display_name, coalesce(earlier.names, []), private.username, private.email,
        coalesce(seen.places, []), people.rule, coalesce(candidates.found, [])
    from links.people as people
    inner join raw.accounts as account on account.account_id = people.account_id
    left join personal.accounts as private on private.account_id = people.account_id
    left join earlier on earlier.account_id = people.account_id
    left join seen on seen.account_id = people.account_id
    left join candidates on candidates.account_id = people.account_id
    where people.state = 'review'
    order by people.rule desc, people.score desc, people.account_id
"""


def queue(warehouse: Warehouse) -> list[Case]:
    """The accounts to be looked at, the likeliest first."""
    return [
        Case(
            *(account, channel, shown, tuple(earlier), handle, email, tuple(where), rule),
            tuple(Candidate(one["person"], one["name"], one["score"]) for one in found),
        )
        for account, channel, shown, earlier, handle, email, where, rule, found in warehouse.rows(_QUEUE)
    ]


def account_of(warehouse: Warehouse, given: str) -> str:
    """The account id that ``given`` begins. Raises PermanentError for none or several."""
    return _the_one(warehouse, "select account_id from raw.accounts where starts_with(account_id, ?) order by 1 limit 2", given, "account")


def person_of(warehouse: Warehouse, given: str) -> str:
    """The person id that ``given`` begins. Raises PermanentError for none or several."""
    query = "select distinct 'p' || substr(account_id, 2) from raw.accounts where channel = 'lms' and starts_with('p' || substr(account_id, 2), ?) order by 1 limit 2"
    return _the_one(warehouse, query, given, "person")


def decision_of(warehouse: Warehouse, given: str) -> str:
    """The id of the standing decision that ``given`` begins. Raises PermanentError for none or several."""
    query = "select decision_id from links.people_decisions where undone_at is null and starts_with(decision_id, ?) order by 1 limit 2"
    return _the_one(warehouse, query, given, "decision that stands")


def candidate_of(warehouse: Warehouse, account_id: str) -> str:
    """The likeliest person of an account in the queue. Raises PermanentError where the queue has none for it."""
    found = warehouse.value("select candidate_person_id from links.people where account_id = ? and state = 'review'", [account_id])
    if found is None:
        raise PermanentError(f"account {account_id} is not in the queue: say which person")
    return str(found)


def _the_one(warehouse: Warehouse, query: str, given: str, what: str) -> str:
    if len(given) < SHORTEST_ID:
        raise PermanentError(f"{given!r} is too short for the id of an {what}: {SHORTEST_ID} characters at least")
    found = [row[0] for row in warehouse.rows(query, [given])]
    if len(found) != 1:
        raise PermanentError(f"{'several' if found else 'no'} {what} begins with {given!r}")
    return str(found[0])


# -- the sheet ----------------------------------------------------------------------------------------------------------------


def sheet(cases: Sequence[Case]) -> bytes:
    """The queue as a workbook: one row per account, the decision to be typed in the first column. Same queue, same bytes."""
    content = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(content, options)
    book.set_properties({"title": "Mayak", "created": datetime(2000, 1, 1)})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 2, "bg_color": "#E7E7E4"})
    cell = book.add_format({"text_wrap": True, "valign": "top", "bottom": 4})
    page = book.add_worksheet("Mayak")
    for column, (heading, width) in enumerate(_HEADINGS):
        page.set_column(column, column, width, None, {"hidden": column in _PERSON_COLUMNS})
        page.write_string(0, column, heading, head)
    for row, case in enumerate(cases, start=1):
        candidates = [f"{one.name} ({one.score:.0%})" for one in case.candidates]
        texts = (
            "", "", case.shown or "", "; ".join(case.earlier), ", ".join(one for one in (case.handle, case.email) if one), case.channel, "; ".join(case.where),
            _WHY.get(case.rule, case.rule), *_padded(candidates), case.account_id, *_padded([one.person_id for one in case.candidates]),
        )  # fmt: skip
        for column, text in enumerate(texts):
            page.write_string(row, column, text[:_CELL_CHARACTERS], cell)
    if cases:
        page.data_validation(1, 0, len(cases), 0, {"validate": "list", "source": list(_CHOICES), "ignore_blank": True})
    page.freeze_panes(1, 3)
    page.autofilter(0, 0, max(len(cases), 1), len(_HEADINGS) - 1)
    book.close()
    return content.getvalue()


def _padded(texts: Iterable[str]) -> tuple[str, str, str]:
    one, two, three = (*texts, "", "", "")[:3]
    return one, two, three


def decisions_in(path: Path, *, at: datetime, by: str | None) -> list[Decision]:
    """The decisions typed into a sheet. Rows without one are passed over; «нет» refuses everybody shown.

    Raises BadFile for what is no sheet of this kind or holds a word that is no decision (row number, never a name).
    """
    tree = ZipTree(path)
    try:
        rows = list(workbook_rows(tree, _likeness, 1))
    finally:
        tree.close()
    if not rows or "account_id" not in rows[0][1]:
        raise BadFile(path, place="row 1", expected="the headings of a sheet written by `mayak review export`", found="others")
    heads = rows[0][1]
    account_column = heads.index("account_id")
    person_columns = [heads.index(f"person {number}") for number in (1, 2, 3) if f"person {number}" in heads]
    found = []
    for number, cells in rows[1:]:
        said = _cell(cells, 0).strip().lower().removesuffix(".0")
        if not said:
            continue
        people = [one for one in (_cell(cells, column).strip() for column in person_columns) if one]
        account, note = _cell(cells, account_column).strip(), _cell(cells, 1).strip() or None
        word = _WORDS.get(said)
        if word is None or (word.isdigit() and int(word) > len(people)) or not account:
            raise BadFile(
                path,
                place=f"row {number}",
                expected=f"one of: {', '.join(_CHOICES)}",
                found="something else, or a candidate that is not there",
            )
        if word.isdigit():
            found.append(Decision("confirm", account, people[int(word) - 1], at, by, note))
        elif word == "refuse":
            found += [Decision("refuse", account, person, at, by, note) for person in people]
        else:
            found.append(Decision(word, account, None, at, by, note))
    return found


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _likeness(rows: list[Row]) -> int:
    return sum("account_id" in cells for _, cells in rows)


def bring_in(warehouse: Warehouse, found: Iterable[Decision]) -> int:
    """Write the decisions of a sheet down, all or none; returns how many are new. Bringing a sheet in again changes nothing."""
    before = int(warehouse.value("select count(*) from links.people_decisions"))
    with warehouse.transaction():
        for decision in found:
            decide(warehouse, decision)
    return int(warehouse.value("select count(*) from links.people_decisions")) - before
