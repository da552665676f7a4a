"""What curators say of the lines of their lists: a mark's parts, which marks there are, and how one is checked.

A mark is made on the curator's page or in the workbook that comes with the list, is kept in the page's store
(:mod:`pipelines.deliveries.page.store`), and is taken into raw.marks by the next run. Nothing here reads or writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from pipelines.errors import BadFile, PermanentError
from pipelines.thresholds import threshold

#: In the order in which they are offered; "new" takes an earlier mark back.
STATES = ("contacted", "waiting", "resolved", "false_alarm", "snoozed", "new")
#: Marks after which the line rests until something new happens.
CLOSING = ("resolved", "false_alarm")
#: Marks after which the learner has some days to answer.
REACHING = ("contacted", "waiting")
#: Ways of contact that a mark may name, in the order in which they are tried when the learner's own is not known.
CHANNELS = ("chat", "mail", "direct", "phone", "institution")
ORIGINS = ("page", "sheet")


class BadMark(PermanentError):
    """A mark that cannot be taken; the message says what is wrong and names nobody."""


class SheetTrouble(StrEnum):
    """What may be wrong with a list that comes back: its curator is told in their own language."""

    other_file = "other_file"
    lost_columns = "lost_columns"
    unknown_word = "unknown_word"
    no_day_ahead = "no_day_ahead"
    long_note = "long_note"


class BadSheet(BadFile):
    """A list that comes back with something that cannot be taken: ``trouble``, and the ``row`` it stands in."""

    def __init__(self, path: Path | str, trouble: SheetTrouble, *, row: int, expected: str, found: str) -> None:
        self.trouble, self.row = trouble, row
        super().__init__(path, place=f"row {row}", expected=expected, found=found)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_bad_sheet, (str(self.path), self.trouble, self.row, self.expected, self.found))


def _rebuild_bad_sheet(path: str, trouble: SheetTrouble, row: int, expected: str, found: str) -> BadSheet:
    return BadSheet(path, trouble, row=row, expected=expected, found=found)


@dataclass(frozen=True)
class Mark:
    """One mark: a row of raw.marks and, with ``note``, of personal.marks. ``until_day`` is the morning on which a snoozed line comes back."""

    marked_at: datetime
    curator_id: str
    list_day: date
    item_id: str
    person_id: str | None
    section: str
    state: str
    until_day: date | None = None
    channel: str | None = None
    origin: str = "page"
    note: str | None = None

    @property
    def mark_id(self) -> str:
        """Hash of all but the moment: the same mark in a sheet that is taken in twice is one.

        On the page every press of a button is a mark of its own, so there the moment counts too.
        """
        parts = [self.curator_id, self.list_day.isoformat(), self.item_id, self.state, str(self.until_day), str(self.channel), self.origin]
        parts.append(self.marked_at.isoformat() if self.origin == "page" else str(self.note))
        return "m" + blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def checked(mark: Mark) -> Mark:
    """The mark, if it says something that can be done. Raises BadMark."""
    if mark.state not in STATES:
        raise BadMark(f"{mark.state!r} is no state; there are: {', '.join(STATES)}")
    if mark.channel is not None and mark.channel not in CHANNELS:
        raise BadMark(f"{mark.channel!r} is no way of contact; there are: {', '.join(CHANNELS)}")
    if mark.origin not in ORIGINS:
        raise BadMark("a mark comes from the page or from a sheet")
    if (mark.state == "snoozed") != (mark.until_day is not None):
        raise BadMark("a snoozed line needs the day until which it rests, and no other line has one")
    if mark.until_day is not None and mark.until_day <= mark.marked_at.date():
        raise BadMark("the day until which a line rests lies ahead")
    if mark.note is not None and len(mark.note) > threshold("page_note_characters"):
        raise BadMark(f"a note has at most {int(threshold('page_note_characters'))} characters")
    return mark
