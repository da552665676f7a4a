"""What the weekly report says, in no language and without names: the model between the report tables and the writers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from pipelines.thresholds import threshold

Condition = Literal["practice", "flexibility", "support", "technology", "need"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
DAYS_A_WEEK = 7
VERSION_CHARACTERS = 12


@dataclass(frozen=True)
class Figure:
    """One indicator of a condition. ``value`` is None where unknown, or hidden because ``n`` is below the threshold (``is_hidden``)."""

    condition: str
    indicator: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    previous: float | None
    earlier_stream: float | None
    unit: str | None
    note: str | None
    is_hidden: bool


@dataclass(frozen=True)
class StreamRow:
    """One stream in the week; shares are None where unknown or hidden because the stream is below the threshold."""

    stream_id: str
    course_name: str | None
    stream_title: str | None
    course_day: int | None
    learners: int | None
    is_hidden: bool
    now: dict[str, float | None]
    previous: dict[str, float | None]
    earlier_stream: dict[str, float | None]


@dataclass(frozen=True)
class SurveyRow:
    """One item of a course's survey: share per rating and the study's "vulnerable" flag (negative plus undecided). ``n`` None: hidden too."""

    course_name: str | None
    item: str
    n: int | None
    shares: tuple[float | None, ...]
    vulnerable_share: float | None
    is_vulnerable: bool | None
    is_hidden: bool


@dataclass(frozen=True)
class AspectRow:
    """One aspect of a course as rated in the surveys: per cent of each step, rounded by itself; None where too few answered."""

    course_name: str | None
    part: str
    aspect: str
    n: int | None
    per_cents: tuple[int | None, ...]
    vulnerable_share: float | None
    is_vulnerable: bool | None
    is_hidden: bool


@dataclass(frozen=True)
class RepeatedQuestion:
    """A question asked again and again, with the curator's answer that could become the FAQ's. Names are masked."""

    course_name: str | None
    asked: int
    asked_this_week: int | None
    people: int | None
    #: Minutes that curators spent writing answers to it, so far.
    curator_minutes: float | None
    first_at: datetime | None
    last_at: datetime | None
    text: str | None
    faq_answer: str | None


@dataclass(frozen=True)
class Warned:
    """Warnings made four weeks before: who of the named and of the unnamed has left since; ``ended``: of whom the end is known."""

    warned: int | None
    warned_dropped: int | None
    unwarned: int | None
    unwarned_dropped: int | None
    ended: int | None


@dataclass(frozen=True)
class PartRow:
    """A part of the programme (all of it, a course, a channel, a step, a level, a sign) with its figures, by column of its table.

    A figure is None where unknown, or hidden: because the number of cases it rests on is small, or because with it a small one could be
    reckoned out. ``hidden`` names the columns of such numbers; of a small one FEW is kept, of a protected one nothing.
    """

    part: str
    name: str | None
    values: dict[str, Any]
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One week of the programme, in no language and without names."""

    programme_name: str
    week_ends_on: date
    courses: int
    streams: tuple[StreamRow, ...]
    learners: int
    figures: tuple[Figure, ...]
    #: Aspects by course, and the rated items that are none of them.
    aspects: tuple[AspectRow, ...]
    survey: tuple[SurveyRow, ...]
    questions: tuple[RepeatedQuestion, ...]
    warned: Warned | None
    #: Steps by stream; ``part`` is the step, ``name`` the stream as people call it, None: all streams together.
    funnel: tuple[PartRow, ...]
    #: Levels of risk: who stands there, and what became of those who stood there four weeks ago.
    risk: tuple[PartRow, ...]
    latency: tuple[PartRow, ...]
    feedback: tuple[PartRow, ...]
    works: tuple[PartRow, ...]
    trouble: tuple[PartRow, ...]
    #: Lines of the week's lists by section, and what curators said became of them.
    listed: tuple[PartRow, ...]
    quality: tuple[dict[str, Any], ...]
    trend: dict[str, tuple[tuple[date, float], ...]]
    zone: ZoneInfo

    @property
    def week_starts_on(self) -> date:
        """Monday of the week."""
        return self.week_ends_on - timedelta(days=DAYS_A_WEEK - 1)

    @property
    def content(self) -> bytes:
        """Everything the report says, as JSON: what it is made of again, and what its version is the hash of."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False, indent=1).encode()

    @property
    def version(self) -> str:
        """Hash of the content: two reports with one version say the same."""
        return version_of(self.content)

    def figures_of(self, condition: str) -> list[Figure]:
        """Indicators of one condition, in the order of their table."""
        return [figure for figure in self.figures if figure.condition == condition]


#: Columns of rpt_week_streams that have a value now, a week before, and in the stream before on the same course day.
STREAM_SHARES = (
    "active_share",
    "never_started_share",
    "submitted_first_share",
    "missed_share",
    "at_risk",
    "completed_share",
    "dropped_share",
)


def _plain(value: object) -> str:
    """Days, moments (in UTC, so that no machine's clock shows) and zones as text; nothing else stands in a report."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return value.key
    raise TypeError(f"a report holds no {type(value).__name__}")


def report_of(content: bytes) -> Report:
    """The report whose :attr:`Report.content` this is."""
    given = json.loads(content)
    questions = [
        RepeatedQuestion(**{**row, **{name: row[name] and datetime.fromisoformat(row[name]) for name in ("first_at", "last_at")}})
        for row in given["questions"]
    ]
    quality = [{**row, "covers_until": row["covers_until"] and datetime.fromisoformat(row["covers_until"])} for row in given["quality"]]
    parts = {
        name: tuple(PartRow(row["part"], row["name"], row["values"], tuple(row["hidden"])) for row in given[name]) for name in _PART_TABLES
    }
    return Report(
        programme_name=given["programme_name"],
        week_ends_on=date.fromisoformat(given["week_ends_on"]),
        courses=given["courses"],
        streams=tuple(StreamRow(**row) for row in given["streams"]),
        learners=given["learners"],
        figures=tuple(Figure(**row) for row in given["figures"]),
        aspects=tuple(AspectRow(**{**row, "per_cents": tuple(row["per_cents"])}) for row in given["aspects"]),
        survey=tuple(SurveyRow(**{**row, "shares": tuple(row["shares"])}) for row in given["survey"]),
        questions=tuple(questions),
        warned=Warned(**given["warned"]) if given["warned"] else None,
        quality=tuple(quality),
        trend={name: tuple((date.fromisoformat(week), value) for week, value in points) for name, points in given["trend"].items()},
        zone=ZoneInfo(given["zone"]),
        **parts,
    )


_PART_TABLES = ("funnel", "risk", "latency", "feedback", "works", "trouble", "listed")


def version_of(content: bytes) -> str:
    """Version of a report with this content."""
    return sha256(content).hexdigest()[:VERSION_CHARACTERS]


#: Stands for every number of people or cases that is too small to be shown: how few they are is not kept.
FEW = 1


def kept(number: int | None) -> int | None:
    """The number as a report may keep it: FEW for a small one."""
    return number if number is None or not is_small(number) else FEW


def is_small(number: int | None) -> bool:
    """Fewer people than may be shown; an unknown number is small."""
    return number is None or number < threshold("small_group")
