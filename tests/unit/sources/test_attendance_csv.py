"""Attendance in documented columns: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.sources.webinars.attendance import SIGNS, minutes_of
from pipelines.sources.webinars.attendance_csv import AttendanceCsvReader
from tests.unit.sources.orders import STAYS, rows_after
from tests.unit.sources.report_reading import FIXTURES, Reading

FOLDER = FIXTURES / "attendance_csv"


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
