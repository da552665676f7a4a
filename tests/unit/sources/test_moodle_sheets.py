"""Workbooks with more than one of Moodle's tables: nothing of a further sheet is passed over without a word. All people are invented."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from pipelines.sources import READERS
from pipelines.sources.formats import workbooks
from pipelines.sources.formats.tables import FURTHER_SHEET
from tests.unit.sources import table_forms
from tests.unit.sources.report_reading import FIXTURES, Reading

FORUM = "id,discussion,parent,userid,created,message\n7,3,0,5,1790000000,Когда зачёт?\n"
#: Kind and fixture → record whose rows its rows are rejected as.
TABLES = {
    ("moodle_logs", "english_with_bom.csv"): "activity",
    ("moodle_logs", "russian_headers.csv"): "activity",
    ("moodle_logs", "headers_in_german.csv"): "activity",
    ("moodle_reports", "progress_en.csv"): "completions",
    ("moodle_reports", "course_completion_ru.csv"): "outcomes",
    ("moodle_participants", "english.csv"): "enrolments",
    ("moodle_participants", "russian_with_roles.csv"): "enrolments",
    ("moodle_grades", "english.csv"): "grades",
    ("moodle_grades", "russian.csv"): "grades",
    ("moodle_grades", "DIGI-Test 1-grades.csv"): "submissions",
    ("moodle_grades", "Grades-DIGI-Task 1--77.csv"): "grades",
    ("moodle_forums", ""): "messages",
}


def table(kind: str, name: str) -> list[list[str]]:
    text = (FIXTURES / kind / name).read_text("utf-8-sig") if name else FORUM
    delimiter = ";" if text.count(";") > text.count(",") else ","
    return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]


def book(path: Path, *sheets: list[list[str]]) -> Path:
    made = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = made.active if number == 0 else made.create_sheet(f"Группа {number}")
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def open_documents(path: Path, *sheets: list[list[str]]) -> Path:
    """As :func:`table_forms.open_document`, with several tables."""
    tables = []
    for rows in sheets:
        with zipfile.ZipFile(table_forms.open_document(path, rows)) as archive:
            whole = archive.read("content.xml").decode()
        tables.append(whole[whole.index("<table:table ") : whole.index("</office:spreadsheet>")])
    before, after = whole[: whole.index("<table:table ")], whole[whole.index("</office:spreadsheet>") :]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", before + "".join(tables) + after)
    return path


@pytest.mark.parametrize(("kind", "name"), TABLES, ids=lambda part: str(part))
def test_rows_of_another_group_s_sheet_are_rejected(kind: str, name: str, tmp_path: Path):
    """A sheet of notes is no table, a group's name above the table is none of its rows."""
    rows = table(kind, name)
    stem = Path(name or "Вопросы").stem
    alone = Reading(READERS[kind], book(tmp_path / f"{stem}.xlsx", rows))
    notes = [["Кто", "Обещал"], ["Ирина", "сдать в среду"]]
    gathered = book(tmp_path / f"{stem}.xlsx", rows, notes, [["Группа 2"], *rows[:2]])
    report = Reading(READERS[kind], gathered)
    record = TABLES[kind, name]
    assert report.rows(record)
    assert report.rows(record) == alone.rows(record)
    assert report.rejected == [("sheet 3, row 3", FURTHER_SHEET), *alone.rejected]


@pytest.mark.parametrize(
    ("kind", "name", "other"),
    [
        ("moodle_grades", "english.csv", ["First name", "Last name", "Email address", "Assignment: Essay (Real)"]),
        ("moodle_grades", "DIGI-Test 1-grades.csv", ["Имя", "Фамилия", "Адрес электронной почты", "Задание: Эссе (Значение)"]),
        ("moodle_reports", "progress_en.csv", ["", "Email address", "Essay", "", "Test", ""]),
        ("moodle_reports", "course_completion_ru.csv", ["", "Адрес электронной почты", "Эссе", ""]),
        ("moodle_participants", "english.csv", ["Имя", "Фамилия", "Адрес электронной почты"]),
        ("moodle_logs", "english_with_bom.csv", ["Время", "Полное имя пользователя", "Контекст события", "Компонент", "Название события", "Описание"]),
    ],
    ids=["another course", "a gradebook beside a quiz", "other activities", "activities beside the course's completion", "other columns", "another language"],
)  # fmt: skip
def test_rows_of_another_table_of_the_kind_are_rejected(kind: str, name: str, other: list[str], tmp_path: Path):
    further = [other, ["x"] * len(other), ["y"] * len(other)]
    report = Reading(READERS[kind], book(tmp_path / f"{Path(name).stem}.xlsx", table(kind, name), further))
    assert report.rows(TABLES[kind, name])
    assert [one for one in report.rejected if "sheet" in one[0]] == [(f"sheet 2, row {number}", FURTHER_SHEET) for number in (2, 3)]


def test_sheets_of_an_open_document_are_told_of_too(tmp_path: Path):
    rows = table("moodle_participants", "english.csv")
    report = Reading(READERS["moodle_participants"], open_documents(tmp_path / "list.ods", rows, [["Заметки"]], rows))
    assert [place for place, _ in report.rejected] == [f"sheet 3, row {number}" for number in range(2, len(rows) + 1)]


@pytest.mark.parametrize("write", [book, open_documents])
def test_a_log_that_goes_on_in_the_next_sheet_is_read_to_its_end(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Moodle's writer opens another sheet, without a header, where one is full: a log of more than a million rows lost the rest."""
    rows = table("moodle_logs", "english_with_bom.csv")
    whole = Reading(READERS["moodle_logs"], book(tmp_path / "whole.xlsx", rows))
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    path = write(tmp_path / f"log.{'xlsx' if write is book else 'ods'}", rows[:3], rows[3:], [["Заметки"]])
    assert len(rows) == 4
    report = Reading(READERS["moodle_logs"], path)
    assert report.rows("activity") == whole.rows("activity")
    assert report.rejected == []
    # Not full, it is whole; and what has a header is another table.
    monkeypatch.setattr(workbooks, "MOST_ROWS", 4)
    report = Reading(READERS["moodle_logs"], write(path, rows[:3], rows[3:]))
    assert report.rows("activity") == whole.rows("activity")[:2]
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    report = Reading(READERS["moodle_logs"], write(path, rows[:3], [rows[0], *rows[3:]]))
    assert report.rejected == [("sheet 2, row 2", FURTHER_SHEET)]


@pytest.mark.parametrize("write", [book, open_documents])
def test_sheets_beyond_those_that_are_looked_at_are_told_of(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workbooks, "_MOST_SHEETS", 2)
    monkeypatch.setattr(workbooks, "_MOST_TABLES", 2)
    rows = table("moodle_participants", "english.csv")[:2]
    path = write(tmp_path / f"list.{'xlsx' if write is book else 'ods'}", *[rows] * 4)
    assert [place for place, _ in Reading(READERS["moodle_participants"], path).rejected] == ["sheet 2, row 2", "sheets 3 to 4"]


def test_a_year_of_weekly_sheets_is_looked_at(tmp_path: Path):
    rows = table("moodle_participants", "english.csv")[:2]
    report = Reading(READERS["moodle_participants"], book(tmp_path / "list.xlsx", *[rows] * 52))
    assert [place for place, _ in report.rejected] == [f"sheet {number}, row 2" for number in range(2, 53)]
