"""The programme's calendar: transferred days of 2026 in Russia, the programme's own exceptions, hours in its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipelines.calendar import calendar_days, write_programme
from pipelines.errors import BadConfiguration
from pipelines.programme import Calendar, Course, Programme, Stream
from pipelines.warehouse import Warehouse


def working(programme: Programme, *days: date) -> list[bool]:
    return [calendar_days(programme, day, day).column("is_working")[0].as_py() for day in days]


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 1, 9), False),  # Friday: moved from Saturday, 3 January
        (date(2026, 12, 31), False),  # Thursday: moved from Sunday, 4 January
        (date(2026, 3, 9), False),  # Monday: 8 March is a Sunday
        (date(2026, 5, 11), False),  # Monday: 9 May is a Saturday
        (date(2026, 11, 4), False),  # Wednesday: National Unity Day
        (date(2026, 11, 3), True),
        (date(2026, 1, 12), True),
        (date(2026, 11, 21), False),  # Saturday
        (date(2024, 12, 28), True),  # Saturday made a working day by transfer
    ],
)
def test_russian_holidays_with_their_transferred_days(day: date, works: bool) -> None:
    assert working(Programme(id="p", name="P"), day) == [works]


def test_the_programmes_own_days_go_before_the_countrys() -> None:
    calendar = Calendar(days_off=(date(2026, 11, 20),), extra_working_days=(date(2026, 11, 21), date(2026, 11, 4)))
    assert working(Programme(id="p", name="P", calendar=calendar), date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 4)) == [
        False,
        True,
        True,
    ]


def test_hours_are_the_zones_and_stored_in_utc() -> None:
    days = calendar_days(Programme(id="p", name="P", time_zone="Europe/Berlin"), date(2026, 10, 23), date(2026, 10, 26)).to_pylist()
    assert [day["work_from_at"] for day in days] == [
        datetime(2026, 10, 23, 7, tzinfo=UTC),
        None,
        None,
        datetime(2026, 10, 26, 8, tzinfo=UTC),
    ]


def test_a_country_without_a_calendar_is_refused() -> None:
    with pytest.raises(BadConfiguration, match=r"calendar\.country.*'XX'"):
        calendar_days(Programme(id="p", name="P", calendar=Calendar(country="XX")), date(2026, 1, 1), date(2026, 1, 2))


def test_the_programme_file_as_tables() -> None:
    programme = Programme(
        id="p",
        name="P",
        courses=(
            Course(
                code="C",
                curators=("anna",),
                streams=(Stream(code="1", group="g", starts=date(2026, 11, 2), curators=("BORIS ", "nobody", "Vera@Example.org")),),
            ),
        ),
    )
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for name in ("anna", "boris", "vera"):
            warehouse.connection.execute(
                "insert into raw.accounts (account_id, realm, channel, source, load_id) values (?, 'moodle', 'lms', 's', 'l')",
                [f"a-{name}"],
            )
            # Of downloads without user names only the address is known.
            names = [None, "vera@example.org"] if name == "vera" else [name, None]
            warehouse.connection.execute(
                "insert into personal.accounts (account_id, username, email) values (?, ?, ?)", [f"a-{name}", *names]
            )
        for _ in range(2):  # written twice is written once
            rows = write_programme(warehouse, programme, from_day=date(2026, 11, 1), until_day=date(2026, 11, 30))
        assert rows == {"raw.programme_streams": 1, "raw.programme_curators": 3, "raw.calendar_days": 30}
        assert warehouse.rows("select course_code, stream_code, account_id from raw.programme_curators order by account_id") == [
            ("C", None, "a-anna"),
            ("C", "C/1", "a-boris"),
            ("C", "C/1", "a-vera"),
        ]
        assert warehouse.rows("select stream_code, group_code, starts_on, ends_on from raw.programme_streams") == [
            ("C/1", "g", date(2026, 11, 2), None)
        ]
