"""Results of a quiz and grading worksheets, two more tables with grades that a teacher downloads. All people are invented."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.sources.lms.moodle_courses import task_by_name
from pipelines.sources.lms.moodle_grades import MoodleGradesReader
from pipelines.warehouse import Warehouse
from tests.unit.sources.report_reading import PSEUDONYMS, Reading
from tests.unit.sources.table_forms import excel_of_moodle

ENGLISH = (
    ("Last name", "First name", "Institution", "Department", "Email address", "Status", "Started", "Completed", "Duration", "Grade/10.00", "Q. 1 /1.00"),
    ("Полевая", "Ирина", "", "", "Irina@school.example.org", "Finished", "7 September 2026  9:07 AM", "7 September 2026  9:19 AM", "12 mins 5 secs", "8.50", "1.00"),
    ("Полевая", "Ирина", "", "", "irina@school.example.org", "In progress", "8 September 2026  9:07 PM", "-", "-", "-", "-"),
    ("Степной", "Олег", "", "", "oleg@school.example.org", "Never submitted", "7 September 2026  10:00 AM", "-", "-", "-", "-"),
    ("Лесная", "Анна", "", "", "anna@school.example.org", "-", "-", "-", "-", "-", "-"),
    ("Overall average", "", "", "", "", "", "", "", "", "8.50", "1.00"),
)  # fmt: skip
RUSSIAN = (
    ("Фамилия", "Имя", "Учреждение (организация)", "Отдел", "Адрес электронной почты", "Состояние", "Тест начат", "Завершено", "Затраченное время", "Оценка/10,00", "В. 1 /1,00"),
    ("Полевая", "Ирина", "", "", "irina@school.example.org", "Завершенные", "7 сентября 2026  09:07", "7 сентября 2026  09:19", "12 мин. 5 сек.", "8,50", "1,00"),
    ("Полевая", "Ирина", "", "", "irina@school.example.org", "В процессе", "8 сентября 2026  21:07", "-", "-", "-", "-"),
    ("Степной", "Олег", "", "", "oleg@school.example.org", "Никогда не отправлялись", "7 сентября 2026  10:00", "-", "-", "-", "-"),
    ("Лесная", "Анна", "", "", "anna@school.example.org", "-", "-", "-", "-", "-", "-"),
    ("Общее среднее", "", "", "", "", "", "", "", "", "8,50", "1,00"),
)  # fmt: skip


def utc(*parts: int) -> datetime:
    return datetime(2026, 9, *parts, tzinfo=UTC)


def table(path: Path, rows: tuple[tuple[str, ...], ...]) -> Path:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def read(path: Path, **source: object) -> Reading:
    return Reading(MoodleGradesReader(), path, **source)


@pytest.mark.parametrize(
    ("rows", "name"), [(ENGLISH, "DIGI-Тест 1-grades"), (RUSSIAN, "DIGI-Тест 1-оценки"), (RUSSIAN, "DIGI-Тест 1-оценки (2)")]
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_attempts_of_a_quiz(rows: tuple[tuple[str, ...], ...], name: str, form: str, tmp_path: Path):
    report = read((excel_of_moodle if form == "xlsx" else table)(tmp_path / f"{name}.{form}", rows))
    irina, oleg = (report.account(f"mail:{who}@school.example.org") for who in ("irina", "oleg"))
    columns = ("account_id", "attempt", "is_latest", "state", "created_at", "submitted_at", "seconds_spent", "score", "max_score")
    assert sorted(
        (tuple(row[column] for column in columns) for row in report.rows("submissions")), key=lambda row: (row[0] != irina, row[1])
    ) == [
        (irina, 0, False, "submitted", utc(7, 6, 7), utc(7, 6, 19), 725, 8.5, 10),
        (irina, 1, True, "in_progress", utc(8, 18, 7), None, None, None, 10),
        (oleg, 0, True, "abandoned", utc(7, 7), None, None, None, 10),
    ]
    assert set(report.column("submissions", "task_id")) == {task_by_name("moodle", "DIGI", "Тест 1")}
    assert report.rejected == []
    assert {row["email"] for row in report.rows("accounts")} == {f"{who}@school.example.org" for who in ("irina", "oleg", "anna")}


@pytest.mark.parametrize(
    ("name", "source", "course", "quiz"),
    [
        ("ЦОС-36-Тест 1-оценки.csv", {}, "ЦОС-36", "Тест 1"),
        ("ЦОС-36-Онлайн-тест-оценки.csv", {}, "ЦОС-36", "Онлайн-тест"),
        ("ЦОС-36-Тест - входной-оценки.csv", {}, "ЦОС-36", "Тест - входной"),
        ("ЦОС-36-Тест 1-Часть 2-оценки.csv", {"course": "ЦОС-36"}, "ЦОС-36", "Тест 1-Часть 2"),
        ("Тест 1.csv", {"feeds": {"Тест*": "ЦОС-36"}}, "ЦОС-36", "Тест 1"),
    ],
)
def test_course_and_quiz_by_the_files_name(name: str, source: dict, course: str, quiz: str, tmp_path: Path):
    report = read(table(tmp_path / name, RUSSIAN), **source)
    assert report.column("courses", "code") == [course]
    assert report.column("tasks", "name") == [quiz]


def test_results_that_name_no_quiz_are_refused(tmp_path: Path):
    with pytest.raises(BadFile, match="'<course>-<quiz>-grades'"):
        read(table(tmp_path / "results.csv", RUSSIAN))


def test_attempt_finished_after_the_first_download_is_the_same_attempt(tmp_path: Path):
    later = (*RUSSIAN[:2], (*RUSSIAN[2][:5], "Завершено", RUSSIAN[2][6], "8 сентября 2026  21:30", "23 мин.", "10,00", "1,00"))
    one = read(table(tmp_path / "DIGI-Тест 1-оценки.csv", RUSSIAN)).rows("submissions")
    other = read(table(tmp_path / "DIGI-Тест 1-оценки.csv", later)).rows("submissions")
    assert {row["submission_id"] for row in other} < {row["submission_id"] for row in one}


def test_odd_attempts_are_rejected(tmp_path: Path):
    rows = (ENGLISH[0], (*ENGLISH[1][:5], "Paused", *ENGLISH[2][6:]), (*ENGLISH[1][:6], "some day", *ENGLISH[1][7:]))
    assert read(table(tmp_path / "DIGI-Quiz-grades.csv", rows)).rejected == [
        ("line 2", "a state that is not known"),
        ("line 3", "a time that is not understood"),
    ]


WORKSHEET = (
    ("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade", "Grade can be changed", "Last modified (submission)", "Online text", "Last modified (grade)", "Feedback comments"),
    ("Participant 456", "Ирина Полевая", "irina@school.example.org", "Submitted for grading - Graded", "85.00", "100.00", "Yes", "Monday, 7 September 2026, 9:07 AM", "<p>Моя работа</p>", "Tuesday, 8 September 2026, 9:07 PM", "<p>Хорошо, но добавьте вывод</p>"),
    ("Participant 457", "Олег Степной", "oleg@school.example.org", "Draft (not submitted) - Not marked", "", "100.00", "Yes", "Monday, 7 September 2026, 9:08 AM", "", "-", ""),
    ("Participant 458", "Анна Лесная", "anna@school.example.org", "No submission - Not marked", "", "100.00", "Yes", "-", "", "-", ""),
    ("Participant 459", "Пётр Образцов", "petr@school.example.org", "Submitted for grading - Graded", "Зачтено", "2", "Yes", "Monday, 7 September 2026, 9:09 AM", "", "-", ""),
)  # fmt: skip
RUSSIAN_WORKSHEET = (
    ("Идентификатор", "Полное имя", "Адрес электронной почты", "Статус", "Оценка", "Максимальная оценка", "Оценка может быть изменена", "Последнее изменение (ответа)", "Ответ в виде текста", "Последнее изменение (оценки)", "Отзыв в виде комментария"),
    ("Участник 456", "Ирина Полевая", "irina@school.example.org", "Отправлено для оценивания - Оценено", "85,00", "100,00", "Да", "понедельник, 7 сентября 2026, 09:07", "<p>Моя работа</p>", "вторник, 8 сентября 2026, 21:07", "<p>Хорошо, но добавьте вывод</p>"),
    ("Участник 457", "Олег Степной", "oleg@school.example.org", "Черновик (не представлено) - Не оценено", "", "100,00", "Да", "понедельник, 7 сентября 2026, 09:08", "", "-", ""),
    ("Участник 458", "Анна Лесная", "anna@school.example.org", "Нет ответа на задание - Не оценено", "", "100,00", "Да", "-", "", "-", ""),
    ("Участник 459", "Пётр Образцов", "petr@school.example.org", "Отправлено для оценивания - Оценено", "Зачтено", "2", "Да", "понедельник, 7 сентября 2026, 09:09", "", "-", ""),
)  # fmt: skip


@pytest.mark.parametrize("rows", [WORKSHEET, RUSSIAN_WORKSHEET], ids=["English", "Russian"])
def test_grading_worksheet(rows: tuple[tuple[str, ...], ...], tmp_path: Path):
    report = read(table(tmp_path / "Grades-DIGI-Task 1--77.csv", rows))
    irina, oleg, anna, petr = (report.account(f"mail:{who}@school.example.org") for who in ("irina", "oleg", "anna", "petr"))
    grades = {
        row["account_id"]: (row["record"], row["grade"], row["max_grade"], row["graded_at"], row["comment"])
        for row in report.rows("grades")
    }
    assert grades == {
        irina: ("marking", 85, 100, utc(8, 18, 7), "Хорошо, но добавьте вывод"),
        oleg: ("marking", None, 100, None, None),
        anna: ("marking", None, 100, None, None),
    }
    assert {row["account_id"]: (row["state"], row["submitted_at"], row["text"]) for row in report.rows("submissions")} == {
        irina: ("submitted", utc(7, 6, 7), "Моя работа"),
        oleg: ("draft", None, None),
        petr: ("submitted", utc(7, 6, 9), None),
    }
    assert set(report.column("grades", "task_id")) == {"moodle:task:77"}
    assert [(row["task_id"], row["course_id"], row["name"]) for row in report.rows("tasks")] == [
        ("moodle:task:77", "moodle:course:code:DIGI", "Task 1")
    ]
    assert report.rejected == [("line 5", "a grade that is no number (scale or letter)")]


def test_worksheet_of_blind_marking_names_nobody(tmp_path: Path):
    rows = tuple((row[0], *row[3:]) for row in WORKSHEET[:4])
    report = read(table(tmp_path / "Grades-DIGI-Task 1--77.csv", rows))
    assert set(report.column("grades", "account_id")) == {None}
    assert len(set(report.column("grades", "grade_id"))) == 3
    assert report.rows("accounts") == []


@pytest.mark.parametrize("order", [("worksheet", "archive"), ("archive", "worksheet")], ids="_".join)
def test_worksheet_and_archive_of_one_assignment_tell_one_submission(order: tuple[str, ...], tmp_path: Path):
    for folder in ("worksheet", "archive"):
        (tmp_path / folder).mkdir()
    table(tmp_path / "worksheet" / "Grades-DIGI-Task 1--77.csv", WORKSHEET)
    with zipfile.ZipFile(tmp_path / "archive" / "DIGI-Task 1-77.zip", "w") as archive:
        archive.writestr("Ирина Полевая_456_assignsubmission_file/work.txt", "Моя работа: план урока")
    sources = {
        "worksheet": Source(name="worksheet", kind="moodle_grades", path=Path("worksheet"), course="DIGI"),
        "archive": Source(name="archive", kind="moodle_submissions", path=Path("archive"), course="DIGI"),
    }
    programme = Programme(id="test", name="Test", folder=tmp_path, time_zone="Europe/Moscow", sources=tuple(sources.values()))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        for name in order:
            for load in load_source(warehouse, programme, sources[name], pseudonyms=PSEUDONYMS, run_at=utc(9, 0)):
                assert load.state == "loaded", load.problem
        rows = warehouse.rows(
            "select state, submitted_at, files, account_id from raw.submissions inner join personal.accounts using (account_id) where email = 'irina@school.example.org'"
        )
        assert [row[:3] for row in rows] == [("submitted", utc(7, 6, 7), 1)]
        assert warehouse.value("select count(*) from raw.submissions") == 3
        assert warehouse.value("select count(*) from raw.submission_files inner join raw.submissions using (submission_id)") == 1


@pytest.mark.parametrize(
    ("name", "header", "state", "length"),
    [
        (
            "X-Тест 1-оцінки.csv",
            'Прізвище,Ім\'я,Електронна пошта,Стан,Розпочато,Завершено,Витрачений час,"Оцінка/10,00"',
            "Завершено",
            "1 год 2 хв",
        ),
        (
            "X-Тест 1-notas.csv",
            'Sobrenome,Nome,Endereço de email,Estado,Iniciado em,Completo,Tempo utilizado,"Avaliar/10,00"',
            "Finalizada",
            "1 hora 2 minutos",
        ),
    ],
    ids=["Ukrainian", "Portuguese"],
)
def test_results_in_other_languages(name: str, header: str, state: str, length: str, tmp_path: Path):
    path = tmp_path / name
    path.write_text(f'{header}\nPolevaja,Irina,irina@example.org,{state},2026-09-07 09:07,2026-09-07 10:09,{length},"8,50"\n', "utf-8")
    found = Reading(MoodleGradesReader(), path)
    (row,) = found.rows("submissions")
    assert (row["state"], row["seconds_spent"], row["score"], row["max_score"]) == ("submitted", 3720.0, 8.5, 10.0)
    assert found.column("tasks", "name") == ["Тест 1"]


def test_worksheet_graded_by_a_scale(tmp_path: Path):
    """A grade is the word's place in the scale; a word that is none, in a row that was written by hand, is rejected."""
    rows = [
        ("Identifier", "Full name", "Email address", "Status", "Grade", "Scale", "Grade can be changed", "Last modified (submission)", "Last modified (grade)"),
        ("Participant 7", "Irina Polevaja", "irina@example.org", "Submitted", "Good", "Poor, Fair, Good", "Yes", "-", "Monday, 7 September 2026, 9:07 AM"),
        ("Participant 8", "Oleg Stepnoj", "oleg@example.org", "No submission", "-", "Poor, Fair, Good", "Yes", "-", "-"),
        ("Participant 9", "Anna Lesnaja", "anna@example.org", "No submission", "So so", "Poor, Fair, Good", "Yes", "-", "-"),
    ]  # fmt: skip
    path = tmp_path / "Grades-DIGI-Task 1--77.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    found = Reading(MoodleGradesReader(), path)
    assert [(row["grade"], row["max_grade"], row["task_id"]) for row in found.rows("grades")] == [
        (3.0, 3.0, "moodle:task:77"),
        (None, 3.0, "moodle:task:77"),
    ]
    assert found.rejected == [("line 4", "a grade that is no number (scale or letter)")]
    assert [(row["name"], row["is_scale"]) for row in found.rows("tasks")] == [("Task 1", True)]
