"""Moodle's completion reports: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.lms.moodle_reports import MoodleReportsReader
from pipelines.sources.lms.moodle_words import completion_state, two_languages
from tests.unit.sources.report_reading import FIXTURES, Reading
from tests.unit.sources.table_forms import Rows, excel_of_moodle, excel_of_people, open_document, page

FOLDER = FIXTURES / "moodle_reports"


def read(name: str, **source: object) -> Reading:
    return Reading(MoodleReportsReader(), FOLDER / name, **source)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def states(report: Reading) -> list[tuple[str, str, datetime | None]]:
    names = {row["task_id"]: row["name"] for row in report.rows("tasks")}
    people = {row["account_id"]: row["display_name"] for row in report.rows("accounts")}
    return sorted(
        (people[row["account_id"]], names[row["task_id"]], row["state"], row["completed_at"]) for row in report.rows("completions")
    )


@pytest.mark.parametrize("name", ["progress_en.csv", "progress_ru.csv"])
def test_progress(name: str):
    assert states(read(name)) == [
        ("Ирина Полевая", "Lecture 1", "complete", utc(2026, 9, 7, 6, 7, 21)),
        ("Ирина Полевая", "Task 1", "passed", utc(2026, 9, 15, 16, 30, 22)),
        ("Ирина Полевая", "Обсуждение 2", "incomplete", None),
        ("Олег Степной", "Lecture 1", "incomplete", None),
        ("Олег Степной", "Task 1", "failed", utc(2026, 9, 16, 7)),
        ("Олег Степной", "Обсуждение 2", "complete", utc(2026, 9, 17, 7)),
    ]


def text_of_people(path: Path, rows: Rows) -> Path:
    """As a program for tables saves one as text: what is empty to its right end is not there."""
    width = max(len(row) for row in trimmed(rows))
    path.write_text("".join(",".join(row[:width]) + "\n" for row in rows), encoding="utf-8")
    return path


def trimmed(rows: Rows) -> list[list[str]]:
    return [list(row[: max((place + 1 for place, cell in enumerate(row) if cell), default=0)]) for row in rows]


@pytest.mark.parametrize("expected", ["", "2026-10-01 23:59:00"], ids=["no date", "expected by a date"])
@pytest.mark.parametrize("write", [excel_of_moodle, excel_of_people, open_document, page, text_of_people])
def test_last_activity_of_progress_that_nobody_has_done(write: Callable[[Path, Rows], Path], expected: str, tmp_path: Path):
    rows = [
        ["", "Email address", "Lecture 1", "", "Task 1", expected],
        ["Ирина Полевая", "irina@school.example.org", "Completed", "2026-09-07 09:07:21", "Not completed", ""],
        ["Олег Степной", "oleg@school.example.org", "Not completed", "", "Not completed", ""],
    ]
    name = {page: "r.html", open_document: "r.ods", text_of_people: "r.csv"}.get(write, "r.xlsx")
    assert states(Reading(MoodleReportsReader(), write(tmp_path / name, rows))) == [
        ("Ирина Полевая", "Lecture 1", "complete", utc(2026, 9, 7, 6, 7, 21)),
        ("Ирина Полевая", "Task 1", "incomplete", None),
        ("Олег Степной", "Lecture 1", "incomplete", None),
        ("Олег Степной", "Task 1", "incomplete", None),
    ]


@pytest.mark.parametrize("padding", [1, 2, 3])
@pytest.mark.parametrize("expected", ["", "2026-10-01 23:59:00"], ids=["no date", "expected by a date"])
def test_empty_columns_behind_the_last_activity_are_none(expected: str, padding: int, tmp_path: Path):
    rows = [
        ["", "Email address", "Lecture 1", "", "Task 1", expected],
        ["Ирина Полевая", "irina@school.example.org", "Completed", "2026-09-07 09:07:21", "Not completed", ""],
    ]
    path = tmp_path / "r.csv"
    path.write_text("".join(",".join(row + [""] * padding) + "\n" for row in rows), encoding="utf-8")
    assert states(Reading(MoodleReportsReader(), path)) == [
        ("Ирина Полевая", "Lecture 1", "complete", utc(2026, 9, 7, 6, 7, 21)),
        ("Ирина Полевая", "Task 1", "incomplete", None),
    ]


def test_progress_in_two_languages_gives_the_same_ids():
    english, russian = read("progress_en.csv", course="DIGI"), read("progress_ru.csv", course="DIGI")
    assert english.rows("completions") == russian.rows("completions")


def test_person_of_progress_is_known_by_the_address():
    report = read("progress_en.csv")
    people = {row["account_id"]: row["email"] for row in report.rows("accounts")}
    assert people == {
        report.account("mail:irina@school.example.org"): "irina@school.example.org",
        report.account("mail:oleg@school.example.org"): "oleg@school.example.org",
    }


def test_without_address_the_name_has_to_do_and_weekdays_are_passed_over():
    report = read("progress_without_address.csv")
    assert [row["account_id"] for row in report.rows("accounts")] == [
        report.account("name:ирина полевая"),
        report.account("name:олег степной"),
    ]
    assert [moment for *_, moment in states(report)] == [utc(2026, 9, 7, 6, 7), utc(2026, 9, 8, 6, 7)]


def test_more_identity_fields_are_no_tasks():
    assert read("progress_with_more_identity_fields.csv").column("tasks", "name") == ["Task 1"]


def test_date_by_which_an_activity_is_expected_stands_over_its_dates():
    report = read("progress_with_expected_dates.csv")
    assert report.column("tasks", "name") == ["Task 1", "Лекция 2", "Task 3"]
    assert [moment for *_, state, moment in states(report) if state != "incomplete"] == [utc(2026, 9, 7, 6, 7, 21), utc(2026, 9, 9, 7)]


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ('"","Email address","Task 1","","Task 2","soon","Task 3",""', "cell 4"),
        ('"","Email address","Task 1","","Task 2","soon"', "cell 6"),
        ('"","Email address","Task 1","Task 2"', "cell 4"),
    ],
)
def test_header_that_is_no_list_of_pairs_is_refused(header: str, place: str, tmp_path: Path):
    (tmp_path / "progress.csv").write_text(header + "\n", encoding="utf-8")
    with pytest.raises(BadFile, match=place):
        Reading(MoodleReportsReader(), tmp_path / "progress.csv")


def test_odd_cells_are_rejected_one_by_one():
    report = read("progress_odd_cells.csv")
    assert sorted(report.rejected) == [
        ("line 2, task 1", "a state that is not known"),
        ("line 2, task 2", "a time that is not understood"),
        ("line 3, task 1", "nobody is named"),
        ("line 3, task 2", "nobody is named"),
        ("line 4, task 1", "fewer cells than the header"),
        ("line 4, task 2", "fewer cells than the header"),
    ]
    assert len(report.rows("completions")) == 2


@pytest.mark.parametrize("name", ["course_completion_en.csv", "course_completion_ru.csv"])
def test_course_completion(name: str):
    report = read(name)
    assert states(report) == [
        ("Ирина Полевая", "Task 1", "passed", utc(2026, 9, 15, 16, 30, 22)),
        ("Ирина Полевая", "Test 3", "complete", utc(2026, 9, 20, 16, 30, 22)),
        ("Олег Степной", "Task 1", "incomplete", None),
        ("Олег Степной", "Test 3", "failed", None),
    ]
    assert [(row["account_id"], row["kind"], row["reached_at"]) for row in report.rows("outcomes")] == [
        (report.account("5"), "course_completed", utc(2026, 9, 20, 21, 5)),
        (report.account("6"), "course_completed", None),
    ]
    assert set(report.column("tasks", "is_required")) == {True}
    assert (report.covers.since, report.covers.until) == (utc(2026, 9, 15, 16, 30, 22), utc(2026, 9, 20, 21, 5))


@pytest.mark.parametrize(
    ("source", "code"),
    [({"course": "DIGI-36"}, "DIGI-36"), ({"feeds": {"*_en.csv": "INCL-72"}}, "INCL-72"), ({}, "progress_en")],
    ids=["course of the source", "feeds", "name of the file"],
)
def test_course_is_told_by_the_source_or_the_file(source: dict, code: str):
    report = read("progress_en.csv", **source)
    assert [(row["course_id"], row["code"]) for row in report.rows("courses")] == [(f"moodle:course:code:{code}", code)]
    assert set(report.column("completions", "course_id")) == {f"moodle:course:code:{code}"}


def test_task_of_one_name_is_one_task_in_one_course_only():
    ids = {read(name, course=course).rows("tasks")[1 if "progress" in name else 0]["task_id"]
           for name, course in (("progress_en.csv", "A"), ("course_completion_en.csv", "A"), ("progress_en.csv", "B"))}  # fmt: skip
    assert len(ids) == 2


def test_missing_column_is_named():
    with pytest.raises(
        BadFile, match=r"expected a Moodle completion report .* 'name' or 'название'; found what looks|found 'ID', 'Email address'"
    ):
        read("course_completion_column_missing.csv")


def test_another_report_is_called_by_its_name():
    with pytest.raises(BadFile, match=r"found what looks like a Moodle log \(kind moodle_logs\)"):
        Reading(MoodleReportsReader(), FIXTURES / "moodle_logs" / "russian_headers.csv")


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("Completed", "complete"),
        ("Выполнено", "complete"),
        ("Завершено", "complete"),
        ("Completed (achieved pass grade)", "passed"),
        ("Выполнено (оценка выше проходного балла)", "passed"),
        ("Completed (did not achieve pass grade)", "failed"),
        ("Выполнено (оценка ниже проходного балла)", "failed"),
        ("Not completed", "incomplete"),
        ("Не выполнено", "incomplete"),
        ("", "incomplete"),
        ("Completed (set by Ivan Failov)", "complete"),
        ("Completed - overridden by Anna Passova", "complete"),
        ("Not completed (set by Anna Passova)", "incomplete"),
        ("Выполнено (отметил(а) Ivan Failov)", "complete"),
        ("Не выполнено (отметил(а) Anna Passova)", "incomplete"),
        ("Half done", None),
    ],
)
def test_states(cell: str, state: str | None):
    assert completion_state(cell) == state


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Обсуждение модуля 2Module 2 discussion", ("Обсуждение модуля 2", "Module 2 discussion")),
        ("Цифровая средаDigital environment", ("Цифровая среда", "Digital environment")),
        ("Рабочий лист 1.docx", ("Рабочий лист 1.docx", None)),
        ("Введение в Python", ("Введение в Python", None)),
        ("Печать 3D", ("Печать 3D", None)),
        ("Plain English Name", ("Plain English Name", None)),
        ("  Тест\u00a03 ", ("Тест 3", None)),
    ],
)
def test_glued_names(name: str, parts: tuple[str, str | None]):
    assert two_languages(name) == parts


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("Abgeschlossen", "complete"), ("Nicht abgeschlossen", "incomplete"), ("Abgeschlossen (bestanden)", "passed"),
        ("Abgeschlossen (Bestehensgrenze nicht erreicht)", "failed"), ("Abgeschlossen (Bestehensgrenze erreicht)", "passed"),
        ("Abgeschlossen (ohne Erfolg)", "failed"), ("Finalizado (no ha alcanzado la calificación de aprobado)", "failed"),
        ("Finalizado (ha alcanzado la calificación de aprobado)", "passed"), ("Finalizado (alcanzó calificación de aprobado)", "passed"),
        ("Completado (configurado por Ana)", "complete"), ("No completado (configurado por Ana)", "incomplete"),
        ("Achevé (n'a pas atteint la note de passage)", "failed"), ("Achevé (niveau de réussite)", "passed"), ("Achevé", "complete"),
        ("Non achevée", "incomplete"), ("Виконано (не вдалося досягти прохідного балу)", "failed"), ("Виконано", "complete"),
        ("Виконано (перевищено прохідний бал)", "passed"), ("Не виконано", "incomplete"), ("Завершено (встановлено Анною)", "complete"),
        ("Выканана (не набраны прахадны бал)", "failed"), ("Выканана (набраны прахадны бал)", "passed"), ("Нявыканана", "incomplete"),
        ("Abgeschlossen (nicht bestanden)", "failed"), ("Abgeschlossen (gesetzt von Anna Bestanden)", "complete"),
        ("Terminé", "complete"), ("Pas terminé", "incomplete"), ("Non terminé (défini par Anne Note)", "incomplete"),
        ("Terminé (note minimale de réussite atteinte)", "passed"), ("Terminé (n’a pas atteint la note minimale de réussite)", "failed"),
        ("Finalizado", "complete"), ("No finalizado", "incomplete"), ("Concluído", "complete"), ("Não concluído", "incomplete"),
        ("Ukończone", "complete"), ("Nieukończone", "incomplete"), ("Completato", "complete"), ("Non completato", "incomplete"),
    ],
)  # fmt: skip
def test_states_in_other_languages(cell: str, state: str):
    assert completion_state(cell) == state


def test_json_names_no_activities_and_says_what_to_download_instead(tmp_path: Path):
    row = {"fullname": "Пётр Примеров", "email": "petr@example.org", "0": "Completed", "1": "2026-11-10 12:13:14"}
    (tmp_path / "progress.digi.json").write_text(json.dumps([[row]]), "utf-8")
    with pytest.raises(BadFile, match="every form but JSON"):
        Reading(MoodleReportsReader(), tmp_path / "progress.digi.json")


def test_course_completion_in_ukrainian(tmp_path: Path):
    path = tmp_path / "completion-digi.csv"
    path.write_text(
        "ID,Назва,Електронна пошта,Урок 1,Урок 1 - Дата завершення,Курс завершено\n"
        "5,Ганна Лугова,anna@example.org,Виконано,2026-09-08 09:00:00,2026-09-09 10:00:00\n"
        "6,Олег Степовий,oleg@example.org,Не виконано,,\n",
        "utf-8",
    )
    found = Reading(MoodleReportsReader(), path)
    assert found.column("accounts", "email") == ["anna@example.org", "oleg@example.org"]
    assert [(row["state"], row["completed_at"] is not None) for row in found.rows("completions")] == [
        ("complete", True),
        ("incomplete", False),
    ]
    assert [row["reached_at"] and row["reached_at"].day for row in found.rows("outcomes")] == [9, None]
