"""Reports that were opened in a spreadsheet program and saved as a workbook. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.errors import BadFile
from pipelines.sources.formats.tables import FURTHER_SHEET
from pipelines.sources.reading import Reader
from pipelines.sources.surveys.surveys import SurveysReader
from pipelines.sources.webinars.attendance_csv import AttendanceCsvReader
from pipelines.sources.webinars.meet import MeetReader
from pipelines.sources.webinars.teams import TeamsReader
from pipelines.sources.webinars.zoom import ZoomReader
from tests.unit.sources.orders import rows_after
from tests.unit.sources.report_reading import FIXTURES, Reading


def book(path: Path, rows: list[list[object]]) -> Path:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)
    return path


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


BLOCK = [
    "Идентификатор конференции",
    "Тема",
    "Время начала",
    "Время окончания",
    "Электронная почта пользователя",
    "Продолжительность (минуты)",
]
PARTICIPANTS = ["Имя (настоящее имя)", "Электронная почта пользователя", "Время входа", "Время выхода", "Продолжительность (минуты)"]


def test_zoom_report_saved_as_workbook(tmp_path: Path):
    path = book(
        tmp_path / "saved.xlsx",
        [
            [*BLOCK, "Участники"],
            ["856 7401 4600", "Поток 1", datetime(2026, 9, 8, 17), datetime(2026, 9, 8, 18, 10), "anna@school.example.org", 70, 2],
            [],
            PARTICIPANTS,
            ["Анна Кураторова", "anna@school.example.org", datetime(2026, 9, 8, 16, 46), datetime(2026, 9, 8, 18, 11), 85],
            ["Галина Луговая", None, datetime(2026, 9, 8, 17, 2), datetime(2026, 9, 8, 17, 30)],
        ],
    )
    report = Reading(ZoomReader(), path)
    assert report.column("webinars", "webinar_id") == [f"zoom:webinar:85674014600:{int(utc(2026, 9, 8, 14).timestamp())}"]
    assert [(row["joined_at"], row["left_at"], row["minutes"]) for row in report.rows("attendance")] == [
        (utc(2026, 9, 8, 13, 46), utc(2026, 9, 8, 15, 11), 85),
        (utc(2026, 9, 8, 14, 2), utc(2026, 9, 8, 14, 30), 28),
    ]


def test_commas_that_a_russian_excel_opened_as_one_column(tmp_path: Path):
    lines = (FIXTURES / "zoom" / "russian_dots.csv").read_text("utf-8-sig").splitlines()
    path = book(tmp_path / "one_column.xlsx", [[line] for line in lines])
    report, original = Reading(ZoomReader(), path), Reading(ZoomReader(), FIXTURES / "zoom" / "russian_dots.csv")
    assert report.rows("attendance") == original.rows("attendance")
    assert report.rows("webinars") == original.rows("webinars")


def test_teams_report_saved_as_workbook(tmp_path: Path):
    times = [datetime(2026, 7, 22, 19, 0, 11), datetime(2026, 7, 22, 20, 30, 5)]
    path = book(
        tmp_path / "teams.xlsx",
        [
            ["1. Сводка"],
            ["Название собрания", "Вебинар 3"],
            ["Время начала", times[0]],
            ["Время окончания", times[1]],
            [],
            ["2. Участники"],
            ["Имя", "Первое присоединение", "Последний выход", "Длительность собрания", "Электронная почта"],
            ["Анна Кураторова", *times, "1 ч 29 мин 54 с", "anna@school.example.org"],
            [],
            ["3. Действия на собрании"],
            ["Имя", "Время присоединения", "Время выхода", "Длительность", "Электронная почта"],
            ["Анна Кураторова", *times, "1 ч 29 мин 54 с", "anna@school.example.org"],
        ],
    )
    report = Reading(TeamsReader(), path)
    assert report.column("attendance", "joined_at") == [utc(2026, 7, 22, 16, 0, 11)]
    assert report.column("webinars", "title") == ["Вебинар 3"]


def test_attendance_and_meet_as_workbooks(tmp_path: Path):
    times = [datetime(2026, 9, 8, 17), datetime(2026, 9, 8, 18, 10)]
    table = book(tmp_path / "a.xlsx", [["ФИО", "Время входа", "Время выхода", "Email"], ["Анна Кураторова", *times]])
    assert Reading(AttendanceCsvReader(), table).column("attendance", "minutes") == [70]
    sheet = book(
        tmp_path / "b.xlsx",
        [
            ["First name", "Last name", "Email", "Duration", "Time joined", "Time exited"],
            ["Anna", "Host", "anna@school.example.org", "1 hr 10 min", *times],
        ],
    )
    assert Reading(MeetReader(), sheet).column("attendance", "joined_at") == [utc(2026, 9, 8, 14)]


def test_form_as_csv_and_as_workbook_is_one_form(tmp_path: Path):
    header = ["Отметка времени", "Оцените [Содержание]", "Комментарий"]
    path = book(
        tmp_path / "form.xlsx", [header, [datetime(2026, 10, 19, 14, 6, 23), 5, "Хорошо"], [datetime(2026, 10, 20, 9, 0, 1), 4, None]]
    )
    text = tmp_path / "form.csv"
    text.write_text(",".join(header) + "\n19.10.2026 14:06:23,5,Хорошо\n20.10.2026 9:00:01,4,\n", "utf-8")
    survey = Reading(SurveysReader(), path)
    assert survey.column("survey_answers", "rating") == [5, 4, None, None]
    assert survey.column("survey_answers", "answered_at")[:2] == [utc(2026, 10, 19, 11, 6, 23), utc(2026, 10, 20, 6, 0, 1)]
    query = "select answer_id, rating, answered_at from raw.survey_answers order by 1"
    assert rows_after(SurveysReader(), [text, path], query) == rows_after(SurveysReader(), [path], query)
    assert rows_after(SurveysReader(), [path, text], query) == rows_after(SurveysReader(), [text], query)


def test_yandex_workbook_keeps_its_ids(tmp_path: Path):
    path = book(
        tmp_path / "yandex.xlsx",
        [["ID", "Время создания", "Город", "Отзыв"], [2134567890, "2026-10-19 14:06:23", "Пермь"], [2134567891, "2026-10-19 15:00:00"]],
    )
    survey = Reading(SurveysReader(), path)
    assert survey.column("survey_answers", "response_id")[:2] == ["yandex:2134567890", "yandex:2134567891"]
    assert survey.rejected == []


@pytest.mark.parametrize("reader", [ZoomReader(), TeamsReader(), MeetReader(), AttendanceCsvReader(), SurveysReader()])
def test_other_and_broken_workbooks_are_refused(reader, tmp_path: Path):
    other = book(tmp_path / "other.xlsx", [["Товар", "Цена"], ["мел", 5]])
    empty = book(tmp_path / "empty.xlsx", [])
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(other.read_bytes()[:-200])
    for path in (other, empty, cut):
        with pytest.raises(BadFile):
            Reading(reader, path)


@pytest.mark.parametrize("header", [",".join(PARTICIPANTS), '"' + ",".join(PARTICIPANTS) + '"'])
def test_lines_that_came_back_as_one_cell_are_taken_apart(header: str, tmp_path: Path):
    path = tmp_path / "saved.csv"
    path.write_text(
        f'{header}\n"Анна Кураторова,anna@school.example.org,""08.09.2026 16:46:00"",""08.09.2026 18:11:00"",85"\n'
        '"Галина Луговая,,""08.09.2026 17:02:00"",""08.09.2026 17:30:00"",28"\n',
        "utf-8",
    )
    report = Reading(ZoomReader(), path)
    assert report.column("attendance", "minutes") == [85, 28]
    assert report.column("accounts", "email") == ["anna@school.example.org", None]


@pytest.mark.parametrize("reader", [ZoomReader(), TeamsReader(), MeetReader(), AttendanceCsvReader()], ids=lambda reader: reader.kind)
def test_rows_of_further_sheets_are_rejected(reader: Reader, tmp_path: Path):
    """One sheet per webinar, as people gather them: the first is read. A sheet of notes is no report."""
    header = {
        "zoom": ["Name (Original Name)", "User Email", "Join Time", "Leave Time", "Duration (Minutes)"],
        "teams": ["Full Name", "Join Time", "Leave Time", "Duration", "Email", "Role"],
        "meet": ["First name", "Last name", "Email", "Duration", "Time joined", "Time exited"],
        "attendance_csv": ["name", "email", "join", "leave"],
    }[reader.kind]
    cells = {
        "name": "Irina Polevaya",
        "last name": "P",
        "join": "2026-09-08 17:02:00",
        "leave": "2026-09-08 18:10:00",
        "duration": 68,
        "email": "i@example.org",
    }
    row = [next((value for word, value in cells.items() if word in title.lower()), "2026-09-08 17:02:00") for title in header]
    if reader.kind == "meet":
        row[4:] = [cells["join"], cells["leave"]]
    workbook = openpyxl.Workbook()
    for number, sheet in enumerate((workbook.active, workbook.create_sheet("Итоги"), workbook.create_sheet("15 сентября"))):
        for line in ([["Имя", "был"], ["Irina", "да"]], [header, row])[number != 1]:
            sheet.append(line)
    workbook["15 сентября"].append(row)
    workbook.save(tmp_path / "webinars.xlsx")
    report = Reading(reader, tmp_path / "webinars.xlsx")
    assert len(report.rows("attendance")) == 1
    assert report.rejected == [(f"sheet 3, row {number}", FURTHER_SHEET) for number in (2, 3)]
