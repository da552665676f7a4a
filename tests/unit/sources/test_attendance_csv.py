"""Attendance in documented columns: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import process_time

import openpyxl
import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.sources.webinars.attendance import SIGNS, minutes_of
from pipelines.sources.webinars.attendance_csv import AttendanceCsvReader, _places
from tests.unit.sources.orders import STAYS, rows_after
from tests.unit.sources.report_reading import FIXTURES, Reading

FOLDER = FIXTURES / "attendance_csv"
#: Of processor time, for what takes milliseconds: a square of the length takes minutes.
SECONDS = 5


def read(name: str, **source: object) -> Reading:
    return Reading(AttendanceCsvReader(), FOLDER / name, **source)


def utc(hour: int, minute: int) -> datetime:
    return datetime(2026, 9, 8, hour, minute, tzinfo=UTC)


def test_every_column_of_the_contract():
    report = read("documented.csv")
    first, second, third = report.rows("attendance")
    assert [first[sign] for sign in SIGNS] == [3, 2, 1, 4, 0.5, 12.5]
    assert [second[sign] for sign in SIGNS] == [None] * 6
    assert third["chat_messages"] == 0  # nothing written is not the same as not told
    assert (first["is_guest"], second["is_guest"]) == (False, True)
    assert report.rejected == [("line 5", "left before joining")]
    assert [(row["webinar_id"], row["minutes"]) for row in report.rows("webinars")] == [
        (f"webinar:webinar:w1:{int(utc(14, 0).timestamp())}", 70),
        (f"webinar:webinar:w2:{int(datetime(2026, 9, 8, 21, tzinfo=UTC).timestamp())}", 28),
    ]


def written(tmp_path: Path, text: str) -> Reading:
    path = tmp_path / "report.csv"
    path.write_text(text, encoding="utf-8")
    return Reading(AttendanceCsvReader(), path)


def test_what_stands_above_the_table_is_of_the_webinar(tmp_path: Path):
    report = written(
        tmp_path,
        """Отчёт об участниках;;;;
Мероприятие:;Цифровая школа, поток 1;;;
Начало: 08.09.2026 17:00;;;;
Всего участников;2;;;

Фамилия;Имя;E-mail;Время первого подключения (МСК);Время последнего отключения (МСК)
Полевая;Ирина;irina@school.example.org;08.09.2026 17:01;08.09.2026 18:10
Степной;Олег;;08.09.2026 17:02;08.09.2026 18:10
""",
    )
    assert [(row["title"], row["starts_at"]) for row in report.rows("webinars")] == [("Цифровая школа, поток 1", utc(14, 0))]
    assert [(row["joined_at"], row["left_at"]) for row in report.rows("attendance")] == [
        (utc(14, 1), utc(15, 10)),
        (utc(14, 2), utc(15, 10)),
    ]
    assert report.column("accounts", "display_name") == ["Ирина Полевая", "Олег Степной"]
    assert report.rejected == []


@pytest.mark.parametrize(
    ("title", "cell", "minutes"),
    [
        ("Время присутствия, мин.", "85", 85),
        ("Длительность участия (чч:мм:сс)", "1:25:00", 85),
        ("Общее время присутствия (сек)", "5100", 85),
        ("Total time, seconds", "60030", 1000.5),
        ("Время просмотра, сек.", "1:25:00", 85),
    ],
)
def test_length_of_time_in_the_unit_of_its_title(title: str, cell: str, minutes: float, tmp_path: Path):
    report = written(tmp_path, f'ФИО,"{title}",Кол-во сообщений в чате,Огоньки\nИрина Полевая,{cell},3,2\n')
    assert [(row["minutes"], row["chat_messages"], row["reactions"]) for row in report.rows("attendance")] == [(minutes, 3, 2)]


def test_titles_of_ones_own_are_mapped():
    report = read("own_titles.csv", columns={"name": "Кто", "join": "Когда зашёл", "leave": "Когда вышел", "chat_messages": "Сообщений"})
    (stay,) = report.rows("attendance")
    assert (stay["joined_at"], stay["left_at"], stay["chat_messages"]) == (utc(13, 46), utc(15, 11), 3)
    assert report.column("webinars", "title") == ["ЦОС-36, поток 1"]


def test_minutes_alone_will_do():
    report = read("minutes_only.csv")
    (stay,) = report.rows("attendance")
    assert (stay["minutes"], stay["joined_at"]) == (85, None)
    assert report.rejected == [("line 3", "neither times nor minutes")]


@pytest.mark.parametrize("word", ["Итого:", "Total", "Среднее"])
def test_a_line_of_totals_is_nobody(word: str, tmp_path: Path):
    report = written(tmp_path, f"name,minutes\nЛидия Полевая,85\n{word},85\nTotal Ludmila,5\n")
    assert report.column("attendance", "minutes") == [85, 5]
    assert report.rejected == [("line 3", "a line of totals")]


def test_shorter_and_longer_export_are_one_webinar_in_any_order():
    files = [FOLDER / "reexport_longer.csv", FOLDER / "reexport_shorter.csv"]
    one, other = (rows_after(AttendanceCsvReader(), order, STAYS) for order in (files, files[::-1]))
    assert one == other
    assert len(one) == 2
    assert len({row[1] for row in one}) == 1


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("no_person.csv", "missing: name or email"),
        ("cut.csv", "it was cut"),
        ("empty.csv", "an empty file"),
        ("../surveys/google_russian.csv", "survey answers"),
    ],
)
def test_what_is_no_attendance_is_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        read(name)


def test_a_title_of_the_programme_file_that_is_not_there_is_named():
    with pytest.raises(BadFile, match=r"name \('Кто это' in the programme file\)"):
        read("own_titles.csv", columns={"name": "Кто это"})


def test_a_column_that_the_contract_has_not_is_refused():
    with pytest.raises(BadSource, match=r"nmae: no such column"):
        read("own_titles.csv", columns={"nmae": "Кто"})


def test_name_in_parts_is_one_name():
    assert read("name_in_parts.csv").column("accounts", "display_name") == ["Анна Петровна Кураторова", "Галина Луговая", "Пётр Образцов"]


@pytest.mark.parametrize("length", ["9" * 400, "9" * 5000 + ":00", "9" * 5000 + " h"])
def test_a_length_of_thousands_of_digits_is_none(length: str):
    assert minutes_of(length) is None


@pytest.mark.parametrize("name", ["bigbluebutton_dashboard.csv", "bigbluebutton_dashboard_russian.csv"])
def test_dashboard_of_bigbluebutton_with_a_comma_in_its_header_and_dashes_for_nothing(name: str):
    report = read(name)
    assert [(row["joined_at"], row["left_at"], row["minutes"]) for row in report.rows("attendance")] == [
        (utc(14, 0), utc(15, 10), 70),
        (utc(14, 5), None, 50),
    ]
    assert [[row[sign] for sign in SIGNS] for row in report.rows("attendance")] == [[5, 2, 1, 0, 10.5, 60], [0, 0, 0, 1, None, None]]
    assert report.rejected == [("line 4", "neither times nor minutes")]


def test_cells_that_are_formulas_of_their_text_and_the_webinars_own_columns(tmp_path: Path):
    path = tmp_path / "webex.csv"
    path.write_text(
        "Meeting Name\tMeeting Start Time\tMeeting End Time\tDisplay Name\tFirst Name\tLast Name\tAttendee Email\tJoin Time\tLeave Time\tAttendance Duration\n"
        '"=""Школа ""очно"""""\t="2026-09-08 17:00:00"\t="2026-09-08 18:10:00"\t="Ира"\t="Ирина"\t="Полевая"\t="irina@school.example.org"\t="2026-09-08 17:01:00"'
        '\t="2026-09-08 18:10:00"\t="69 mins"\n',
        encoding="utf-16",
    )
    report = Reading(AttendanceCsvReader(), path)
    (webinar,), (stay,) = report.rows("webinars"), report.rows("attendance")
    assert (webinar["title"], webinar["starts_at"], webinar["ends_at"]) == ('Школа "очно"', utc(14, 0), utc(15, 10))
    assert (stay["joined_at"], stay["left_at"], stay["minutes"]) == (utc(14, 1), utc(15, 10), 69)
    assert report.column("accounts", "email") == ["irina@school.example.org"]


@pytest.mark.parametrize(
    ("above", "column", "cell"),
    [("", "Дата;", "08.09.2026;"), ("Дата: 08.09.2026;;\n", "", ""), ("Начало;08.09.2026 17:00;\n", "", ""), ("", "", "")],
    ids=["a column", "above", "the start above", "the file's name"],
)
def test_clocks_are_on_the_day_that_is_stated_and_leaving_may_be_after_midnight(above: str, column: str, cell: str, tmp_path: Path):
    path = tmp_path / "telemost_08-09-2026.csv"
    path.write_text(
        f"{above}Участник;{column}Время входа;Время выхода\nИрина Полевая;{cell}17:01:10;18:10:10\nОлег Степной;{cell}23:50;00:20\n",
        encoding="utf-8",
    )
    report = Reading(AttendanceCsvReader(), path)
    assert [(row["joined_at"], row["minutes"]) for row in report.rows("attendance")] == [
        (utc(14, 1).replace(second=10), 69),
        (utc(20, 50), 30),
    ]
    assert report.rejected == []


def test_clocks_without_a_day_are_refused(tmp_path: Path):
    report = written(tmp_path, "Участник;Время входа;Время выхода\nИрина Полевая;17:01;18:10\n")
    assert report.rejected == [("line 2", "a time that is not understood or does not exist")]


def test_who_registered_and_did_not_come_is_no_stay_and_a_header_above_is_the_webinars(tmp_path: Path):
    report = written(
        tmp_path,
        """Attendee Report
Webinar Name,Webinar ID
Digital school,123-456-789

Attended,Last Name,First Name,Email Address,Join Time,Leave Time,Time in Session
Yes,Polevaya,Irina,irina@school.example.org,"Sep 08, 2026 05:01 PM MSK","Sep 08, 2026 06:10 PM MSK",1 hour 9 minutes
No,Stepnoy,Oleg,oleg@school.example.org,--,--,--
No,Lugova,Galina,galina@school.example.org,"Sep 08, 2026 05:01 PM MSK","Sep 08, 2026 06:10 PM MSK",69.0 mins
""",
    )
    assert [(row["joined_at"], row["left_at"], row["minutes"]) for row in report.rows("attendance")] == [(utc(14, 1), utc(15, 10), 69)] * 2
    assert {(row["title"], row["webinar_id"].split(":")[2]) for row in report.rows("webinars")} == {("Digital school", "123-456-789")}
    assert report.rejected == []


def test_days_of_one_table_are_webinars_of_their_own_also_where_only_minutes_are_told(tmp_path: Path):
    report = written(
        tmp_path,
        """Мероприятие;Дата;ФИО;Общее время присутствия
Школа;08.09.2026;Ирина Полевая;1:10:00
Школа;08.09.2026;Олег Степной;0:20:00
Школа;15.09.2026;Ирина Полевая;1:00:00
""",
    )
    days = [datetime(2026, 9, day, 21, tzinfo=UTC) for day in (7, 14)]
    assert [row["starts_at"] for row in report.rows("webinars")] == days
    assert [row["minutes"] for row in report.rows("attendance")] == [70, 20, 60]
    assert len(set(report.column("attendance", "webinar_id"))) == 2


def test_days_with_clocks_are_webinars_of_their_own(tmp_path: Path):
    report = written(
        tmp_path,
        """Дата;Участник;Время входа;Время выхода
08.09.2026;Ирина Полевая;17:00;18:10
15.09.2026;Ирина Полевая;17:00;18:00
""",
    )
    assert [(row["starts_at"], row["minutes"]) for row in report.rows("webinars")] == [
        (utc(14, 0), 70),
        (datetime(2026, 9, 15, 14, tzinfo=UTC), 60),
    ]


def test_clocks_and_lengths_of_time_out_of_a_workbook(tmp_path: Path):
    """Excel keeps a clock, and a length of time, as a moment of the first days that it counts."""
    book = openpyxl.Workbook()
    book.active.append(["Дата", "ФИО", "Вход", "Выход", "Время присутствия"])
    book.active.append([date(2026, 9, 8), "Ирина Полевая", time(17, 1), time(18, 10), timedelta(hours=1, minutes=5)])
    book.active.append([date(2026, 9, 8), "Олег Степной", time(23, 50), time(0, 20), timedelta(hours=25)])
    book.save(tmp_path / "report.xlsx")
    report = Reading(AttendanceCsvReader(), tmp_path / "report.xlsx")
    assert [(row["joined_at"], row["left_at"], row["minutes"]) for row in report.rows("attendance")] == [
        (utc(14, 1), utc(15, 10), 65),
        (utc(20, 50), utc(21, 20), 1500),
    ]


def test_a_day_on_which_no_row_is_kept_is_no_webinar(tmp_path: Path):
    report = written(tmp_path, "Дата;ФИО;Время присутствия\n08.09.2026;Ирина Полевая;долго\n")
    assert report.rejected == [("line 2", "neither times nor minutes")]
    assert report.rows("webinars") == []


def test_a_title_of_nothing_but_commas_costs_its_length():
    began = process_time()
    assert _places([f"a{' ,' * 100_000}b", "name, "], {"name": ("name",)}) == {}
    assert _places(["name (text)"], {"name": ("name",)}) == {"name": 0}
    assert process_time() - began < SECONDS
