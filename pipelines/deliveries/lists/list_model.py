"""What a morning list says, in no language: the model between the report tables and the writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime, tzinfo
from typing import Any, Literal

Section = Literal["idle_group", "waiting", "help", "never_started", "not_reached", "similar_work"]

#: In the order in which a list shows them.
SECTIONS: tuple[Section, ...] = ("idle_group", "waiting", "help", "never_started", "not_reached", "similar_work")
LEVELS = ("low", "medium", "high")


@dataclass(frozen=True)
class Stream:
    """A stream as the list names it."""

    stream_id: str
    course_name: str | None
    title: str | None


@dataclass(frozen=True)
class OpenQuestion:
    """A question nobody with a curator's role has answered by the end of the day."""

    question_id: str
    channel: str | None
    asked_at: datetime | None
    hours_open: float | None
    text: str | None
    is_technical: bool | None
    asked_before: int | None
    faq_answer: str | None
    waits_since: datetime | None = None
    is_reopened: bool | None = None
    is_address_bounced: bool | None = None
    is_answer_returned: bool | None = None
    answer_returned_at: datetime | None = None
    #: Perhaps answered by words that were linked to nothing, or no question; and when the likeliest of such words were sent.
    is_doubtful: bool | None = None
    possibly_answered_at: datetime | None = None

    @property
    def answered_on(self) -> str | None:
        """The channel on which it can be answered: the one where it was asked, unless letters to the asker's address come back; None: another one."""
        return None if self.is_address_bounced else self.channel


#: Columns of an open question that an older report table may lack.
OPTIONAL_OF_QUESTION = tuple(one.name for one in fields(OpenQuestion) if one.default is not MISSING)


@dataclass(frozen=True)
class Reason:
    """One reason of a risk score: a code of risk.reasons with this learner's value and the stream's median."""

    code: str
    feature: str | None
    value: float | None
    baseline: float | None


@dataclass(frozen=True)
class MissedTask:
    """A task whose deadline passed with nothing handed in."""

    name: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class AtRisk:
    """A risk score that asks for attention: its level, what it was before, and why."""

    target: str
    score: float
    level: str
    previous_level: str | None
    basis: str | None
    reasons: tuple[Reason, ...]
    levels: tuple[str | None, ...]
    missed_tasks: tuple[MissedTask, ...]
    course_day: int | None
    course_days: int | None

    @property
    def has_risen(self) -> bool:
        """The level is higher than the day before."""
        return self.previous_level in LEVELS and self.level in LEVELS and LEVELS.index(self.level) > LEVELS.index(str(self.previous_level))


@dataclass(frozen=True)
class NeverStarted:
    """Enrolled, and not one act since the start."""

    enrolled_at: datetime | None
    method: str | None
    days_since_start: int | None
    email: str | None
    phone: str | None
    institution: str | None
    is_bulk_enrolled: bool | None = None


@dataclass(frozen=True)
class NotReached:
    """A notice that came back, or several in a row without any sign."""

    notice_id: str
    subject: str | None
    sent_at: datetime | None
    why: str
    notices_in_row: int | None
    next_channel: str | None


@dataclass(frozen=True)
class Copier:
    """One work of a similar-work item."""

    person_id: str | None
    name: str | None
    later_id: str
    handed_in_at: datetime | None
    share: float | None
    matched_words: int | None


@dataclass(frozen=True)
class SimilarWork:
    """Works of one task that repeat one source. A matter to look at: a person decides what it means."""

    task_id: str | None
    task_name: str | None
    source_kind: str
    source_id: str
    source_at: datetime | None
    source_name: str | None
    learners: int
    people: tuple[Copier, ...]
    #: The source is a message, and what is repeated stands in a file posted with it.
    source_in_file: bool = False


@dataclass(frozen=True)
class IdleGroup:
    """A stream of which nearly nobody acts: one matter, and none about its learners. ``people``: who would else stand on the list for it."""

    learners: int
    active: int
    silent_days: int | None
    last_active_on: date | None
    people: int


@dataclass(frozen=True)
class Contact:
    """How to reach this learner: last contact, the channel and hours in which an answer came before, telephone and school. None: not known."""

    last_at: datetime | None = None
    last_channel: str | None = None
    last_name: str | None = None
    best_channel: str | None = None
    hour_from: int | None = None
    hour_until: int | None = None
    phone: str | None = None
    email: str | None = None
    institution: str | None = None
    #: The list's own curator was the last to write.
    is_last_own: bool = False


@dataclass(frozen=True)
class Change:
    """What changed since the previous list.

    ``since``: first day of the unbroken run of lists with this line; of one that ``is_back`` the last day it was shown; None: it is new.
    ``news``: kinds of what was not there before (the codes of pipelines.deliveries.lists.states without their ends).
    """

    is_new: bool
    since: date | None = None
    risen_from: str | None = None
    is_back: bool = False
    news: tuple[str, ...] = ()


@dataclass(frozen=True)
class MarkSeen:
    """A curator's mark as the list shows it."""

    mark_id: str
    marked_at: datetime
    curator_id: str
    curator_name: str | None
    item_id: str
    list_day: date
    section: str
    state: str
    until_day: date | None = None
    channel: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Rest:
    """Why a line is not on the list today although there is a reason for it: a mark's state, or "shown" (often enough). ``until``: morning."""

    why: str
    until: date | None = None


@dataclass(frozen=True)
class Escalation:
    """Contacts that had no sign, oldest first; the way to try next (None: none is left); days since the last one."""

    tried: tuple[MarkSeen, ...]
    following: str | None
    days: int


@dataclass(frozen=True)
class Line:
    """One person (everything about this person together), or one similar-work item (``person_id`` is None)."""

    item_id: str
    section: Section
    urgency: float
    streams: tuple[Stream, ...]
    person_id: str | None = None
    name: str | None = None
    questions: tuple[OpenQuestion, ...] = ()
    risks: tuple[AtRisk, ...] = ()
    never_started: NeverStarted | None = None
    not_reached: tuple[NotReached, ...] = ()
    similar: SimilarWork | None = None
    idle: IdleGroup | None = None
    contact: Contact = Contact()
    silent_days: int | None = None
    change: Change | None = None
    marks: tuple[MarkSeen, ...] = ()
    escalation: Escalation | None = None
    rest: Rest | None = None

    @property
    def level(self) -> str | None:
        """The highest level of risk of this line; None: none."""
        levels = [risk.level for risk in self.risks if risk.level in LEVELS]
        return max(levels, key=LEVELS.index) if levels else None

    @property
    def letters_come_back(self) -> bool:
        """A letter to this person's address came back: the address is no way to reach them."""
        return any(item.why == "bounce" for item in self.not_reached)


@dataclass(frozen=True)
class SourceWarning:
    """A source that the list's statements rest on and that is late, failed or missing."""

    source: str
    kind: str | None
    state: str
    covers_until: datetime | None
    hours_behind: float | None
    rows_rejected: int | None
    problem: str | None = None


@dataclass(frozen=True)
class CuratorList:
    """One curator's list of one day. ``lines`` fit on it, in the order shown; ``overflow`` did not fit, most urgent first.

    ``displaced_since``: lines of the previous list that still have a reason and do not fit today. ``shared_with``: names of the other
    curators of these streams. ``resting``: lines with a reason that are not for today. ``marked``: lines marked since the previous list, by
    state.
    """

    day: date
    curator_id: str
    curator_name: str | None
    programme_name: str
    streams: tuple[Stream, ...]
    learners: int | None
    lines: tuple[Line, ...]
    overflow: tuple[Line, ...]
    warnings: tuple[SourceWarning, ...]
    previous_day: date | None
    new_since: int
    resolved_since: int
    displaced_since: int
    shared_with: tuple[str, ...]
    is_by_rules: bool
    slug: str
    language: str
    zone: tzinfo
    evidence: Mapping[str, Any] = field(default_factory=dict)
    resting: tuple[Line, ...] = ()
    marked: Mapping[str, int] = field(default_factory=dict)

    @property
    def candidates(self) -> tuple[Line, ...]:
        """Everybody with a reason to be on the list today, most urgent first."""
        return tuple(sorted((*self.lines, *self.overflow), key=lambda line: (-line.urgency, line.item_id)))

    @property
    def everything(self) -> tuple[Line, ...]:
        """The candidates and then those who rest."""
        return (*self.candidates, *self.resting)

    def of_section(self, section: Section) -> Sequence[Line]:
        """Lines on the list of one section, most urgent first."""
        return [line for line in self.lines if line.section == section]
