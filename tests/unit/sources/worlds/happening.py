"""What happens in the world: each thing has its moment, may show late, may be changed once and be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

#: A Monday; the day of the month is above twelve, so that no order of day and month is in doubt.
START = datetime(2026, 11, 16, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
#: Days on which something happens; on the last two nothing but what everybody knows, so that every change is seen by two exports.
DAYS = 4
#: An export of a day reaches back so far that it shows whatever can still change (days).
BACK = 2
PEOPLE = (("Лидия", "Примерова"), ("Пётр", "Образцов"), ("Вера", "Горная"))


@dataclass(frozen=True)
class Thing:
    """Something that happened, said by the person ``who``."""

    number: int
    at: datetime
    who: int
    shown: datetime
    changed: datetime | None
    gone: datetime | None

    def is_changed(self, made: datetime) -> bool:
        return self.changed is not None and self.changed <= made

    @property
    def edited(self) -> datetime:
        """When it was changed, of things that are."""
        assert self.changed is not None
        return self.changed

    def words(self, made: datetime) -> str:
        return f"words {self.number}" + (" anew" if self.is_changed(made) else "")

    @property
    def local(self) -> datetime:
        return self.at.astimezone(ZONE)


@dataclass(frozen=True)
class World:
    """All that happens, by time."""

    things: tuple[Thing, ...]


@dataclass(frozen=True)
class Export:
    """What the system holds at the moment ``made`` of the time from ``since``."""

    since: datetime
    made: datetime

    def standing(self, world: World) -> list[Thing]:
        """Of a system that shows everything at once and lets people take things back."""
        return [t for t in world.things if self.since <= t.at <= self.made and (t.gone is None or t.gone > self.made)]

    def logged(self, world: World) -> list[Thing]:
        """Of a system that writes down some things late and forgets nothing."""
        return [t for t in world.things if self.since <= t.at and t.shown <= self.made]

    @property
    def days(self) -> list[datetime]:
        return [START + timedelta(days=day) for day in range(DAYS) if self.since <= START + timedelta(days=day) <= self.made]


def evening(day: int) -> datetime:
    """When the exports of a day are made, in no doubt about its date in any zone."""
    return START + timedelta(days=day, hours=20)


DAILY = [Export(START + timedelta(days=max(0, day - BACK)), evening(day)) for day in range(DAYS)]
WHOLE = Export(START, evening(DAYS - 1))


#: What may become of a thing: days until it shows, is changed and is taken away, each 0 for later on the same day, None for never.
Fate = tuple[int | None, int | None, int | None]


def world(fates: Sequence[Sequence[tuple[int, Fate]]]) -> World:
    """The world in which these things happen on the first days, by minute, three people taking turns.

    Every day begins and ends with something by each person that nobody changes: of the ends of its span an export can tell little.
    """
    things: list[tuple[datetime, int, datetime, datetime | None, datetime | None]] = []
    for day in range(DAYS):
        morning = START + timedelta(days=day, hours=5)
        for who in range(len(PEOPLE)):
            for at in (morning + timedelta(minutes=who), morning + timedelta(hours=13, minutes=who)):
                things.append((at, who, at, None, None))
        for number, (minute, fate) in enumerate(fates[day] if day < DAYS - BACK else ()):
            at = morning + timedelta(hours=1, minutes=minute)
            shown, changed, gone = (None if days is None else at + timedelta(days=days, hours=5) for days in fate)
            things.append((at, number % len(PEOPLE), shown or at, changed, gone))
    return World(tuple(Thing(number, *thing) for number, thing in enumerate(sorted(things, key=lambda t: t[0]), start=1)))


_DELAY = st.none() | st.integers(0, BACK)
_FATES = st.lists(st.tuples(st.integers(0, 90), st.tuples(_DELAY, _DELAY, _DELAY)), min_size=1, max_size=5)


def worlds() -> st.SearchStrategy[World]:
    """Worlds in which anything may become of anything."""
    return st.lists(_FATES, min_size=DAYS - BACK, max_size=DAYS - BACK).map(world)


#: Each fate once a day; two things in one minute by one person.
EVENTFUL = world(
    [
        [
            (1, (None, 0, None)), (2, (None, 1, None)), (3, (1, None, None)), (1, (None, None, None)), (40, (None, None, 0)),
            (41, (None, None, 1)), (42, (None, 0, 1)), (43, (2, 2, None)), (44, (0, 1, 2)),
        ]
    ] * (DAYS - BACK)
)  # fmt: skip
