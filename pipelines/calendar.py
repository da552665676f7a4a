"""The programme file as tables: its streams, its curators, and the days and hours on which curators work."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import holidays
import pyarrow as pa

from pipelines.errors import BadConfiguration
from pipelines.programme import Programme
from pipelines.thresholds import threshold
from pipelines.warehouse import Warehouse

#: Countries whose labour law shortens the day before a public holiday.
_SHORTER_BY_LAW = frozenset(["RU"])


def write_programme(warehouse: Warehouse, programme: Programme, *, from_day: date, until_day: date) -> dict[str, int]:
    """Replace raw.programme_streams, raw.programme_curators and raw.calendar_days (``from_day`` to ``until_day``, both included).

    Curators are named in the programme file by LMS user name and stored by account; call it again after the LMS was read.
    Returns rows per table. Raises BadConfiguration for a country without a calendar.
    """
    return {
        "raw.programme_streams": warehouse.replace("raw.programme_streams", _streams(programme)),
        "raw.programme_curators": warehouse.replace("raw.programme_curators", _curators(warehouse, programme)),
        "raw.calendar_days": warehouse.replace("raw.calendar_days", calendar_days(programme, from_day, until_day)),
    }


def calendar_days(programme: Programme, from_day: date, until_day: date) -> pa.Table:
    """One row per day, as raw.calendar_days: is it a working day of the programme's curators, and from when until when (UTC).

    Strongest first: the programme's own days off and extra working days, the country's public holidays, weekend days that the country
    made working days by transfer, the weekly pattern. Transferred days come with the ``holidays`` package, year by year. The working day
    before a public holiday is shorter by ``calendar.shorter_before_holidays`` minutes, and so is the Saturday worked in exchange for such a
    day (Russian Labour Code, article 95; the order on working time 588n): its length is that of the day it was exchanged for.
    """
    calendar = programme.calendar
    # The first of January makes the last day of the year before a shorter one.
    years = range(from_day.year, until_day.year + 2)
    try:
        public = holidays.country_holidays(calendar.country, years=years, language=programme.languages[0])
    except NotImplementedError as error:
        raise BadConfiguration(
            f"programme {programme.id}: calendar.country: no public holidays are known for {calendar.country!r}"
        ) from error
    moved_in: set[date] = getattr(public, "weekend_workdays", set())
    days = [from_day + timedelta(days=step) for step in range((until_day - from_day).days + 1)]
    working = []
    for day in days:
        if day in calendar.days_off:
            working.append(False)
        elif day in calendar.extra_working_days or day in moved_in:
            working.append(True)
        else:
            working.append(day.isoweekday() in calendar.working_days and day not in public)

    def moment(day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, programme.zone)

    minutes = calendar.shorter_before_holidays
    if minutes is None:
        minutes = int(threshold("shorter_before_holidays")) if calendar.country in _SHORTER_BY_LAW else 0
    eves = _eves(public, calendar.country, years) if minutes else set()
    from_at = [moment(day, calendar.work_from) if works else None for day, works in zip(days, working, strict=True)]
    until_at = [
        moment(day, calendar.work_until) - timedelta(minutes=minutes if day in eves else 0) if works else None
        for day, works in zip(days, working, strict=True)
    ]
    # A day may be shorter than what is taken off it.
    until_at = [max(start, end) if start and end else None for start, end in zip(from_at, until_at, strict=True)]
    utc = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "day": pa.array(days, pa.date32()),
            "is_working": pa.array(working, pa.bool_()),
            "work_from_at": pa.array(from_at, utc),
            "work_until_at": pa.array(until_at, utc),
            "holiday": pa.array([public.get(day) for day in days], pa.string()),
        }
    )


def _eves(public: holidays.HolidayBase, country: str, years: range) -> set[date]:
    """Days whose work ends earlier because a public holiday follows, and weekend days worked in exchange for such a day."""
    exchanged = {
        date(year, month, day): date(year, from_month, from_day)
        for year in years
        for entry in getattr(public, "special_public_holidays", {}).get(year, ())
        # Other countries list days without an exchange, in another shape.
        if isinstance(entry, tuple) and len(entry) == 4
        for month, day, from_month, from_day in [entry]
    }
    # Days off that a transfer or a weekend made are no holidays of their own.
    own = set(holidays.country_holidays(country, years=years, observed=False)) - set(exchanged)
    eves = {day - timedelta(days=1) for day in own}
    return eves | {worked for day, worked in exchanged.items() if day in eves}


def _streams(programme: Programme) -> pa.Table:
    rows = [(course, stream) for course in programme.courses for stream in course.streams]
    return pa.table(
        {
            "stream_code": pa.array([f"{course.code}/{stream.code}" for course, stream in rows], pa.string()),
            "course_code": pa.array([course.code for course, _ in rows], pa.string()),
            "group_code": pa.array([stream.group for _, stream in rows], pa.string()),
            "title": pa.array([stream.title for _, stream in rows], pa.string()),
            "starts_on": pa.array([stream.starts for _, stream in rows], pa.date32()),
            "ends_on": pa.array([stream.ends for _, stream in rows], pa.date32()),
        }
    )


def _curators(warehouse: Warehouse, programme: Programme) -> pa.Table:
    named: list[tuple[str, str | None, str]] = [(course.code, None, name) for course in programme.courses for name in course.curators]
    named += [
        (course.code, f"{course.code}/{stream.code}", name)
        for course in programme.courses
        for stream in course.streams
        for name in stream.curators
    ]
    columns = {
        place: pa.array([row[index] for row in named], pa.string())
        for index, place in enumerate(("course_code", "stream_code", "username"))
    }
    warehouse.connection.register("named_curators", pa.table(columns))
    try:
        # Not known yet (the LMS is read after this): the next run finds them.
        return warehouse.arrow(
            "select distinct n.course_code, n.stream_code, a.account_id from named_curators as n "
            "inner join personal.accounts as p on lower(trim(n.username)) in (lower(trim(p.username)), lower(trim(p.email))) "
            "inner join raw.accounts as a on p.account_id = a.account_id and a.channel = 'lms' and not coalesce(a.is_deleted, false) order by 1, 2, 3"
        )
    finally:
        warehouse.connection.unregister("named_curators")
