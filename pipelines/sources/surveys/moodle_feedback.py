"""Responses of Moodle's *feedback* activity as its page downloads them ("Responses", "Download table data as …").

Source of the format: ``mod/feedback/classes/responses_table.php`` and ``responses_anon_table.php`` (Moodle 3.1 to 4.5); written from the code alone.

What has to be known about it:

- *Named responses*: full name, groups (separated by blanks: kept whole as the label), the identity fields that the site shows, the moment
  (as the site writes dates out: "Monday, 7 September 2026, 9:07 AM", in the zone of whoever downloads), then a column per question. Who a row is,
  :mod:`pipelines.sources.lms.moodle_people` says: the accounts are the LMS's (``realm`` of the source, or "moodle").
- *Anonymous responses* are a table of their own: a random number, then the questions. Neither person nor moment is in it; none is made up.
- A question with a label is called "(label) question"; the label is no part of the item, which the database knows by its question.
- Answers stand as in a page: "&quot;less&quot; &amp; shorter".
- On the front page there is a column for the course between; it is passed over.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_people import person_columns

_NAME = frozenset({"user full name", "полное имя пользователя", "full name", "полное имя", "first name / last name", "имя / фамилия",
                   "vollständiger name", "nom complet", "nombre completo"})  # fmt: skip
_GROUPS = frozenset({"groups", "группы", "gruppen", "groupes", "grupos"})
_DATE = frozenset({"date", "дата", "datum", "fecha"})
_NUMBER = frozenset({"response number", "номер ответа", "antwort nr.", "réponse no", "número de respuesta"})
_COURSE = frozenset({"course", "курс", "kurs", "cours", "curso"})
_LABEL = re.compile(r"^\([^()]{1,100}\)\s+(?=\S)")


@dataclass(frozen=True)
class Layout:
    """Where things stand; the questions are what comes after ``last``."""

    #: Own name (as in ``moodle_people.PERSON``) → place; empty for anonymous responses.
    people: dict[str, int]
    groups: int | None
    time: int | None
    number: int | None
    #: Place of the last column that is no question.
    last: int


def layout_of(words: Sequence[str]) -> Layout | None:
    """The layout of a header (its words as compared); None where it is none of the two tables."""
    if not words:
        return None
    if words[0] in _NUMBER:
        return Layout({}, None, None, 0, 1 if len(words) > 1 and words[1] in _COURSE else 0)
    date = next((place for place, word in enumerate(words) if word in _DATE), None)
    if words[0] not in _NAME or date is None or len(words) < 2 or words[1] not in _GROUPS:
        return None
    # Only the columns before the moment are about the person: a question may be called "Name" too.
    people = {name: place for name, place in person_columns(tuple(words[:date])).items() if name not in ("first", "last")}
    return Layout({**people, "full": 0}, 1, date, None, date)


def question(cell: str) -> str:
    """The question without its label."""
    return _LABEL.sub("", cell.strip())


def answers(cells: pa.Array) -> pa.Array:
    """The words that were answered, out of how a page would hold them."""
    if not pc.any(pc.match_substring(cells, "&")).as_py():
        return cells
    return pa.array([None if cell is None else html.unescape(cell) for cell in cells.to_pylist()], pa.string())
