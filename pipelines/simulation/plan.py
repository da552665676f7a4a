"""What is simulated: seed, calendar, sizes. Two equal plans give two equal folders, byte for byte."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta

from pipelines.errors import BadConfiguration

#: Raised whenever the same plan would now be written differently, so that an existing folder is written again.
GENERATOR_VERSION = 2

CHANNELS = ("lms", "telegram", "mail", "webinar", "survey")


@dataclass(frozen=True)
class Plan:
    """One simulated programme.

    Parameters
    ----------
    seed: of everything that is drawn.
    as_of: last day whose traces are written (Moscow); what happens later is simulated too, and left out. A plan that differs only
        in ``as_of`` is the same world seen on another day, as long as ``anchor`` is given and stays.
    anchor: the day around which the streams are laid out; default: ``as_of``.
    streams: number of streams of each course, in order; its length is the number of courses (at most eight).
    running: for each course the number of weeks that its last stream has been running on ``anchor``; 0: it has ended.
    learners: learners per stream, drawn between the two numbers.
    weeks: weeks per stream; one assignment and one webinar a week, a quiz every third week.
    curators_per_stream: curators who share a stream.
    languages: "en" beside "ru" gives courses names in both languages (Moodle's multilang spans) and some accounts set to English.
    channels: which exports are written.
    texts: False leaves out everything that people write: only the LMS and its log, for measuring volume.
    lms_csv: also write Moodle's own *Logs* download, in Russian, per course.
    """

    seed: int = 1
    as_of: date = date(2026, 11, 22)
    anchor: date | None = None
    streams: tuple[int, ...] = (3, 3, 2)
    running: tuple[int, ...] = (3, 4, 2)
    learners: tuple[int, int] = (80, 125)
    weeks: int = 6
    curators_per_stream: int = 2
    languages: tuple[str, ...] = ("ru", "en")
    channels: tuple[str, ...] = CHANNELS
    texts: bool = True
    lms_csv: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.streams) <= 8 or min(self.streams) < 1:
            raise ValueError(f"streams: one to eight courses with at least one stream each, found {self.streams}")
        if len(self.running) != len(self.streams) or not all(0 <= weeks < self.weeks for weeks in self.running):
            raise ValueError(f"running: one number of weeks below {self.weeks} per course, found {self.running}")
        if not 5 <= self.learners[0] <= self.learners[1]:
            raise ValueError(f"learners: two numbers, the smaller first, at least 5; found {self.learners}")
        if not 3 <= self.weeks <= 6:
            raise ValueError(f"weeks: 3 to 6 (a course has six themes), found {self.weeks}")
        if self.curators_per_stream < 1:
            raise ValueError("curators_per_stream: at least 1")
        if unknown := sorted(set(self.channels) - set(CHANNELS)):
            raise ValueError(f"channels: {', '.join(unknown)} unknown; there are {', '.join(CHANNELS)}")
        if "lms" not in self.channels:
            raise ValueError("channels: the LMS is always written")
        if not self.texts and set(self.channels) != {"lms"}:
            raise ValueError("texts=False leaves the LMS only: channels=('lms',)")

    @property
    def laid_out_on(self) -> date:
        """The day around which the streams lie."""
        return self.anchor or self.as_of

    def stream_start(self, course: int, stream: int) -> date:
        """Monday on which a stream begins: the last stream of a course runs on the anchor day, or ended two weeks before; earlier ones
        begin every ``weeks`` + 1 weeks."""
        monday = self.laid_out_on - timedelta(days=self.laid_out_on.weekday())
        weeks_ago = self.running[course] - 1 if self.running[course] else self.weeks + 2
        later = self.streams[course] - 1 - stream
        return monday - timedelta(weeks=weeks_ago + later * (self.weeks + 1))

    def fingerprint(self) -> str:
        """SHA-256 of the plan and the generator's version."""
        text = json.dumps({"plan": asdict(self), "generator": GENERATOR_VERSION}, default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def large(learners: int, *, streams_per_course: int = 8, stream_size: int = 300, seed: int = 1, texts: bool = True) -> Plan:
    """A programme of about so many learners: as many whole streams of ``stream_size`` as are needed, spread over eight courses.

    ``texts=False`` writes the LMS only, for measuring volume.
    """
    needed = max(1, round(learners / stream_size))
    courses = max(1, min(8, -(-needed // streams_per_course)))
    per_course = tuple(needed // courses + (1 if course < needed % courses else 0) for course in range(courses))
    return Plan(
        seed=seed,
        streams=tuple(max(1, number) for number in per_course),
        running=tuple(3 if course % 2 == 0 else 0 for course in range(courses)),
        learners=(stream_size, stream_size),
        curators_per_stream=3,
        texts=texts,
        channels=CHANNELS if texts else ("lms",),
    )


PRESETS: dict[str, Plan] = {
    "demo": Plan(),
    "small": Plan(streams=(2, 1), running=(3, 0), learners=(24, 30), curators_per_stream=1, weeks=5),
}


@dataclass(frozen=True)
class Summary:
    """What was written: counts by kind, files with their SHA-256, whether the folder was already there."""

    folder: str
    fingerprint: str
    was_there: bool
    counts: dict[str, int]
    files: dict[str, str]

    def __str__(self) -> str:
        said = ", ".join(f"{number:,} {what}".replace(",", " ") for what, number in self.counts.items() if not what.startswith("truth"))
        return f"{'already there: ' if self.was_there else ''}{said}"


def plan_of(preset: str, *, seed: int | None = None, learners: int | None = None) -> Plan:
    """The plan of a preset (small, demo, large); ``learners`` belongs to large. Raises BadConfiguration for an unknown preset."""
    if preset == "large":
        return large(learners or 5000, seed=seed if seed is not None else 1)
    if preset not in PRESETS:
        raise BadConfiguration(f"no preset {preset!r}; there are: {', '.join([*PRESETS, 'large'])}")
    if learners is not None:
        raise BadConfiguration(f"learners: belongs to the preset 'large', not to {preset!r}")
    return PRESETS[preset] if seed is None else replace(PRESETS[preset], seed=seed)
