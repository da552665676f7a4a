"""Google Meet's log events and attendance sheets: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.webinars.meet import MeetReader
from tests.unit.sources.orders import STAYS, rows_after
from tests.unit.sources.report_reading import FIXTURES, Reading

FOLDER = FIXTURES / "meet"
SHEET = "Attendance - abc-defg-hij - 2026-09-08.csv"


def read(name: str, **source: object) -> Reading:
    return Reading(MeetReader(), FOLDER / name, **source)


def utc(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 9, day, hour, minute, tzinfo=UTC)


def test_a_stay_ends_at_its_event_and_began_its_duration_before():
    report = read("log_events.csv")
    first = report.rows("attendance")[0]
    assert (first["joined_at"], first["left_at"], first["minutes"], first["camera_minutes"]) == (utc(8, 13, 46), utc(8, 15, 11), 85, 10)
    assert report.column("attendance", "is_guest") == [False, True, False, True]
    assert report.rejected == [("line 7", "a time that is not understood or does not exist")]


def test_one_code_on_two_days_is_two_webinars_and_other_events_are_no_stays():
    report = read("log_events.csv")
    assert [(row["webinar_id"], row["starts_at"]) for row in report.rows("webinars")] == [
        (f"meet:webinar:abcdefghij:{int(utc(7, 21, 0).timestamp())}", utc(8, 13, 46)),
        (f"meet:webinar:abcdefghij:{int(utc(8, 21, 0).timestamp())}", utc(9, 14, 11)),
    ]
    assert [row["host_account_id"] for row in report.rows("webinars")] == [report.rows("attendance")[0]["account_id"]] * 2


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Цифровая школа (2026-09-08).csv", "Цифровая школа"),
        ("2026-09-08 17_00 - Цифровая школа, поток 1 - Attendance report.csv", "Цифровая школа, поток 1"),
        ("Отчёт о посещаемости - abc-defg-hij - 08.09.2026.csv", None),
        ("Digital school - Attendance Report - 2026_09_08.csv", "Digital school"),
        ("20260908_abc-defg-hij.csv", None),
        (SHEET, None),
        ("Вебинар 3 (2026-09-08 19-00 GMT+3) - Attendance Report.csv", "Вебинар 3"),
        ("Темы 10-12 - 2026_09_08 19_00 GMT+03_00 – Attendance.csv", "Темы 10-12"),
    ],
)
def test_day_and_title_of_a_sheet_by_its_name(name: str, title: str | None, tmp_path: Path):
    text = (
        "Имя,Фамилия,Эл. почта,Длительность,Время подключения,Время выхода\nИрина,Полевая,irina@school.example.org,1 ч 9 мин,17:01,18:10\n"
    )
    (tmp_path / name).write_text(text, encoding="utf-8")
    report = Reading(MeetReader(), tmp_path / name)
    assert [(row["joined_at"], row["left_at"]) for row in report.rows("attendance")] == [(utc(8, 14, 1), utc(8, 15, 10))]
    assert report.column("webinars", "title") == [title]
    assert report.column("accounts", "email") == ["irina@school.example.org"]


def test_a_masked_address_is_no_address():
    report = read("log_events.csv")
    assert report.column("accounts", "email") == ["anna@school.example.org", None, "anna@school.example.org", None]
    # One who shows no name is known by what is shown, in this webinar only.
    assert report.column("accounts", "native_id")[3].startswith("+7***123|@")


def test_russian_headers():
    (stay,) = read("log_russian.csv").rows("attendance")
    assert (stay["joined_at"], stay["left_at"]) == (utc(8, 13, 46), utc(8, 15, 11))


def test_sheet_of_the_organiser_takes_its_day_from_the_name():
    report = read(SHEET)
    assert report.column("attendance", "joined_at") == [utc(8, 13, 46), utc(8, 14, 2)]
    assert report.column("attendance", "minutes") == [85, 28]
    assert report.column("webinars", "webinar_id") == [f"meet:webinar:abcdefghij:{int(utc(7, 21, 0).timestamp())}"]
    assert report.column("accounts", "display_name") == ["Anna Kuratorova", "Galya"]


def test_overlapping_exports_in_any_order():
    files = [FOLDER / "log_events.csv", FOLDER / "log_events_next_week.csv"]
    one, other = (rows_after(MeetReader(), order, STAYS) for order in (files, files[::-1]))
    assert one == other
    assert len(one) == 5


@pytest.mark.parametrize(
    ("name", "found"), [("cut.csv", "it was cut"), ("empty.csv", "an empty file"), ("../zoom/english.csv", "Zoom participants report")]
)
def test_what_is_no_whole_export_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        read(name)


def test_a_month_in_words_and_an_offset_behind_gmt(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(
        "Date,Event,Meeting code,Participant identifier,Participant name,Duration (seconds)\n"
        '"8 Sept 2026, 18:20:00 GMT+3",Endpoint left,ABCDEFGHIJ,,Галина Луговая,600\n',
        "utf-8",
    )
    (stay,) = Reading(MeetReader(), path).rows("attendance")
    assert stay["left_at"] == datetime(2026, 9, 8, 15, 20, tzinfo=UTC)


@pytest.mark.parametrize("duration", ["9" * 400, "99999999999999", "9" * 30 + " min"])
def test_a_duration_beyond_all_calls_is_rejected(duration: str, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text((FOLDER / "log_events.csv").read_text(encoding="utf-8").replace(",1680,", f",{duration},"), encoding="utf-8")
    report = Reading(MeetReader(), path)
    assert report.rejected == [(f"line {line}", "a time that is not understood or does not exist") for line in (3, 7)]


def test_an_extensions_sheet_has_one_name_and_words_of_its_own(tmp_path: Path):
    path = tmp_path / "abc-defg-hij.csv"
    path.write_text(
        "Participant Name,Joined At,Left At,Duration,Rejoins\nГалина Луговая,09/08/2026 02:03:00 PM,09/08/2026 03:08:00 PM,1h 5m 0s,0\n",
        "utf-8",
    )
    report = Reading(MeetReader(), path)
    assert report.column("accounts", "display_name") == ["Галина Луговая"]
    assert report.column("attendance", "minutes") == [65]
    assert report.column("webinars", "webinar_id") == [f"meet:webinar:abcdefghij:{int(datetime(2026, 9, 7, 21, tzinfo=UTC).timestamp())}"]


@pytest.mark.parametrize(
    ("date", "left"),
    [
        ("Sep 8, 2026, 3:20:00 PM UTC", datetime(2026, 9, 8, 15, 20, tzinfo=UTC)),
        ("2026-09-08 15:20:00 GMT", datetime(2026, 9, 8, 15, 20, tzinfo=UTC)),
        ("2026-09-08 15:20:00 UTC+03:00", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),
        ("08-Sep-2026 15:20", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),
        ("8-Sep-26 15:20", datetime(2026, 9, 8, 12, 20, tzinfo=UTC)),
    ],
)
def test_a_zone_that_is_named_is_kept_to_and_months_stand_between_dashes(date: str, left: datetime, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(
        f'Date,Event,Meeting code,Participant identifier,Participant name,Duration (seconds)\n"{date}",Endpoint left,ABCDEFGHIJ,,Галина Луговая,600\n',
        "utf-8",
    )
    assert Reading(MeetReader(), path).column("attendance", "left_at") == [left]


def test_a_sheet_below_what_is_said_of_the_meeting_and_without_moments_of_leaving():
    report = read("extension_with_the_meeting_above.csv")
    assert [(row["joined_at"], row["left_at"], row["minutes"]) for row in report.rows("attendance")] == [(utc(8, 14, 1), None, 45)]
    assert [row["webinar_id"].split(":")[2] for row in report.rows("webinars")] == ["abcdefghij"]
    assert report.rejected == [("line 7", "neither times nor minutes")]


def test_seconds_that_a_spreadsheet_has_grouped(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(
        'Date,Meeting code,Participant name,Duration (seconds)\n2026-09-08T18:10:00+03:00,ABCDEFGHIJ,Ирина Полевая,"3,600"\n',
        encoding="utf-8",
    )
    assert Reading(MeetReader(), path).column("attendance", "minutes") == [60]


def test_clocks_of_an_extension_go_past_midnight_and_who_is_still_there_has_a_duration(tmp_path: Path):
    path = tmp_path / "Meet---abc-defg-hij-2026-09-08.csv"
    path.write_text(
        '"Name","Joined at","Left at","Time in call","Status"\n'
        '"Anna Kuratorova","11:50 PM","12:20 AM","00:30:05","Left"\n'
        '"Galya Lugovaya","11:40 PM","","00:40:10","In call"\n'
        '"Oleg Stepnoy","11:40 PM","11:55 PM","","Left"\n'
        '"Ivan Lesnoy","","","00:10:00","Left"\n'
        '"Pyotr Polevoy","11:40 PM","","","In call"\n',
        "utf-8",
    )
    report = Reading(MeetReader(), path)
    assert [
        (row["joined_at"].isoformat(), row["left_at"] and row["left_at"].isoformat(), row["minutes"]) for row in report.rows("attendance")
    ] == [
        ("2026-09-08T20:50:00+00:00", "2026-09-08T21:20:00+00:00", pytest.approx(30 + 5 / 60)),
        ("2026-09-08T20:40:00+00:00", None, pytest.approx(40 + 10 / 60)),
        ("2026-09-08T20:40:00+00:00", "2026-09-08T20:55:00+00:00", 15.0),
    ]
    assert report.rejected == [("line 5", "no time of joining or leaving"), ("line 6", "neither times nor minutes")]


def test_a_log_whose_events_are_in_words_that_are_not_known_has_its_stays_by_their_duration(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(
        "Дата,Название события,Код встречи,Имя участника,Идентификатор участника,Продолжительность (в секундах)\n"
        "2026-09-08T18:10:00+03:00,Endpunkt verlassen,ABCDEFGHIJ,Ирина Полевая,irina@school.example.org,4140\n"
        "2026-09-08T17:30:00+03:00,Einladung gesendet,ABCDEFGHIJ,Ирина Полевая,irina@school.example.org,\n"
        "2026-09-08T17:31:00+03:00,Hand gehoben,ABCDEFGHIJ,Ирина Полевая,irina@school.example.org,0\n",
        encoding="utf-8",
    )
    report = Reading(MeetReader(), path)
    assert [(row["joined_at"], row["minutes"]) for row in report.rows("attendance")] == [(utc(8, 14, 1), 69)]
    assert report.rejected == []
