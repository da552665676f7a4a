"""Working time, exact to the second: a golden table worked out by hand, run through the models themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipelines.programme import Calendar, Programme
from pipelines.warehouse import Warehouse
from tests.sql.talk import Talk


@dataclass(frozen=True)
class Office:
    """A programme's place and hours."""

    zone: str
    country: str = "RU"
    work_from: time = time(9)
    work_until: time = time(18)
    working_days: tuple[int, ...] = (1, 2, 3, 4, 5)

    @property
    def programme(self) -> Programme:
        calendar = Calendar(country=self.country, work_from=self.work_from, work_until=self.work_until, working_days=self.working_days)
        return Programme(id="trial", name="Trial", time_zone=self.zone, calendar=calendar)


MOSCOW = Office("Europe/Moscow")
BERLIN = Office("Europe/Berlin", "DE")
#: Works through the nights in which the clocks are changed.
NIGHT_WATCH = Office("Europe/Berlin", "DE", time(0), time(6), (1, 2, 3, 4, 5, 6, 7))
VLADIVOSTOK = Office("Asia/Vladivostok")
KALININGRAD = Office("Europe/Kaliningrad")

HOUR = 3600
#: (office, asked and answered by its clock, working seconds, why). Hours are 9 to 18 where nothing else is said.
GOLDEN = [
    (MOSCOW, "2026-11-16 10:00:00", "2026-11-16 10:00:01", 1, "one second of a Monday"),
    (MOSCOW, "2026-11-16 08:59:59", "2026-11-16 09:00:00", 0, "the second before work begins"),
    (MOSCOW, "2026-11-16 08:59:59", "2026-11-16 09:00:01", 1, "… and the first second of it"),
    (MOSCOW, "2026-11-16 09:00:00", "2026-11-16 18:00:00", 9 * HOUR, "a whole day, boundary to boundary"),
    (MOSCOW, "2026-11-16 17:59:59", "2026-11-16 18:00:01", 1, "the last second"),
    (MOSCOW, "2026-11-16 18:00:00", "2026-11-17 09:00:00", 0, "from closing to opening"),
    (MOSCOW, "2026-11-16 17:59:59", "2026-11-17 09:00:01", 2, "one second on either side of a night"),
    (MOSCOW, "2026-11-16 23:30:00", "2026-11-17 08:10:00", 0, "asked at night, answered before work"),
    (MOSCOW, "2026-11-16 23:30:00", "2026-11-17 09:15:30", 930, "asked at night, answered in the morning"),
    (MOSCOW, "2026-11-16 23:59:59", "2026-11-17 00:00:00", 0, "across midnight"),
    (MOSCOW, "2026-11-17 00:00:00", "2026-11-17 09:00:05", 5, "asked on the stroke of midnight"),
    (MOSCOW, "2026-11-16 20:00:00", "2026-11-17 00:00:00", 0, "answered on the stroke of midnight"),
    (MOSCOW, "2026-11-16 09:00:00", "2026-11-23 09:00:00", 45 * HOUR, "a week: five days"),
    (MOSCOW, "2026-11-20 17:30:00", "2026-11-23 09:30:00", HOUR, "over a weekend: half an hour on either side"),
    (MOSCOW, "2026-11-21 12:00:00", "2026-11-22 12:00:00", 0, "from Saturday to Sunday"),
    (MOSCOW, "2026-11-03 16:30:00", "2026-11-05 09:30:00", HOUR, "the eve of 4 November ends at 17:00; the day itself is free"),
    (MOSCOW, "2026-11-03 17:00:00", "2026-11-05 09:00:00", 0, "asked when the short day closes"),
    (MOSCOW, "2026-11-03 09:00:00", "2026-11-03 18:30:00", 8 * HOUR, "a short day is an hour shorter"),
    (MOSCOW, "2026-02-20 17:00:00", "2026-02-24 10:00:00", 2 * HOUR, "23 February is a Monday; the Friday before it is no eve"),
    (MOSCOW, "2026-03-06 17:00:00", "2026-03-10 10:00:00", 2 * HOUR, "8 March is a Sunday: Monday is free instead"),
    (MOSCOW, "2025-12-30 17:00:00", "2026-01-12 10:00:00", 2 * HOUR, "New Year: 31 December and 9 January are free by transfer"),
    (MOSCOW, "2025-04-30 15:00:00", "2025-05-05 10:00:00", 3 * HOUR, "2 May 2025 is free by transfer, 30 April short"),
    (MOSCOW, "2024-12-27 17:00:00", "2024-12-28 10:00:00", 2 * HOUR, "Saturday, 28 December 2024 was worked"),
    (MOSCOW, "2024-12-28 09:00:00", "2025-01-09 09:00:01", 9 * HOUR + 1, "… all nine hours, then twelve days off"),
    (MOSCOW, "2024-11-02 10:00:00", "2024-11-05 09:00:10", 7 * HOUR + 10, "Saturday worked in exchange for an eve: short like it"),
    (MOSCOW, "2024-05-08 16:00:00", "2024-05-13 09:00:00", HOUR, "8 May is short; 9 May a holiday, 10 May free by transfer"),
    (MOSCOW, "2026-10-23 17:30:00", "2026-10-26 09:30:00", HOUR, "Moscow keeps its clocks when Europe changes them"),
    (MOSCOW, "2014-10-24 17:30:00", "2014-10-27 09:30:00", HOUR, "in 2014 Moscow moved its clocks for good"),
    (BERLIN, "2026-03-27 17:00:00", "2026-03-30 10:00:00", 2 * HOUR, "the weekend with 23 hours in its Sunday"),
    (BERLIN, "2026-10-23 17:59:30", "2026-10-26 09:00:30", 60, "the weekend with 25 hours in its Sunday"),
    (BERLIN, "2026-04-02 17:00:00", "2026-04-07 10:00:00", 2 * HOUR, "Easter: no short eve in Germany"),
    (NIGHT_WATCH, "2026-03-29 01:30:00", "2026-03-29 03:30:00", HOUR, "two o'clock does not exist: two hours on the clock are one"),
    (NIGHT_WATCH, "2026-03-29 00:00:00", "2026-03-29 06:00:00", 5 * HOUR, "the shortest night watch"),
    (NIGHT_WATCH, "2026-10-25 01:30:00", "2026-10-25 03:30:00", 3 * HOUR, "two o'clock comes twice"),
    (NIGHT_WATCH, "2026-10-24 05:59:59", "2026-10-26 00:00:01", 7 * HOUR + 2, "the longest night watch between two seconds"),
    (VLADIVOSTOK, "2026-11-16 17:59:00", "2026-11-17 09:01:00", 120, "seven hours ahead of Moscow the day begins in UTC's yesterday"),
    (VLADIVOSTOK, "2026-11-03 16:59:59", "2026-11-05 09:00:00", 1, "the eve closes by the local clock"),
    (KALININGRAD, "2026-11-17 08:59:59", "2026-11-17 09:00:02", 2, "an hour behind Moscow"),
]  # fmt: skip


@pytest.mark.parametrize(
    "office", [MOSCOW, BERLIN, NIGHT_WATCH, VLADIVOSTOK, KALININGRAD], ids=lambda office: f"{office.zone} {office.work_from}"
)
def test_the_golden_calendar(office: Office) -> None:
    golden = [(asked, answered, seconds, why) for where, asked, answered, seconds, why in GOLDEN if where == office]
    zone = ZoneInfo(office.zone)
    with Warehouse.open(None) as warehouse:
        talk = Talk(warehouse, office.programme, from_day=date(2014, 1, 1), until_day=date(2026, 12, 31))
        rows = []
        for asked, answered, _, why in golden:
            moments = (datetime.fromisoformat(clock).replace(tzinfo=zone) for clock in (asked, answered))
            rows += talk.wait(why, *moments)
        talk.put("facts.fct_messages", rows)
        talk.run("facts/fct_questions", "facts/fct_waits", as_of=date(2026, 12, 30))
        told = dict(warehouse.rows("select question_id, working_hours_to_curator * 3600 from facts.fct_questions"))
        waited = dict(warehouse.rows("select question_id, working_hours * 3600 from facts.fct_waits where measure = 'first_answer'"))
    expected = {why: pytest.approx(seconds, abs=1e-5) for _, _, seconds, why in golden}
    assert told == expected
    assert waited == expected


def test_what_is_open_waits_until_the_days_end() -> None:
    """Open on Friday at 17:30: half an hour as of Sunday, half an hour and a day as of Monday; a day outside the calendar is unknown."""
    asked = datetime(2026, 11, 20, 17, 30, tzinfo=ZoneInfo("Europe/Moscow"))
    with Warehouse.open(None) as warehouse:
        talk = Talk(warehouse, MOSCOW.programme, from_day=date(2026, 11, 1), until_day=date(2026, 11, 30))
        talk.put("facts.fct_messages", [*talk.wait("open", asked, None), *talk.wait("old", asked - timedelta(days=40), None)])
        for as_of, hours in ((date(2026, 11, 22), 0.5), (date(2026, 11, 23), 9.5)):
            talk.run("facts/fct_questions", as_of=as_of)
            assert warehouse.rows("select question_id, hours_open > 50, working_hours_open from facts.fct_questions order by question_id") == [
                ("old", True, None), ("open", True, pytest.approx(hours)),
            ]  # fmt: skip
