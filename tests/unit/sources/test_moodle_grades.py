"""Gradebook exports: one fixture per oddity. All people are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.lms.moodle_grades import MoodleGradesReader
from pipelines.sources.lms.moodle_reports import MoodleReportsReader
from tests.unit.sources import table_forms
from tests.unit.sources.report_reading import FIXTURES, Reading
from tests.unit.sources.test_tables import cells_of

FOLDER = FIXTURES / "moodle_grades"


def read(path: Path | str) -> Reading:
    return Reading(MoodleGradesReader(), FOLDER / path if isinstance(path, str) else path, course="DIGI")


def grades(found: Reading) -> list[tuple]:
    tasks = {row["task_id"]: (row["kind"], row["name"]) for row in found.rows("tasks")}
    people = {row["account_id"]: row["display_name"] for row in found.rows("accounts")}
    return [
        (people[row["account_id"]], tasks.get(row["task_id"]), row["grade"], row["max_grade"], row["comment"])
        for row in found.rows("grades")
    ]


def test_one_grade_per_person_and_item():
    irina, oleg = "Ирина Полевая", "Олег Степной"
    assert grades(read("english.csv")) == [
        (irina, ("assignment", "Task 1"), 85.5, None, "Good work, well done"),
        (oleg, ("assignment", "Task 1"), None, None, None),
        (irina, ("quiz", "Test 3"), 70.0, 100.0, None),
        (oleg, ("quiz", "Test 3"), None, 100.0, None),
        (irina, None, 85.5, None, None),
        (oleg, None, None, None, None),
        (irina, None, 85.5, None, None),
        (oleg, None, None, None, None),
    ]


def test_russian_export_says_the_same():
    english, russian = read("english.csv"), read("russian.csv")
    ours = ("account_id", "task_id", "grade", "max_grade", "comment", "comment_chars", "comment_words")
    assert [[row[name] for name in ours] for row in english.rows("grades")] == [
        [row[name] for name in ours] for row in russian.rows("grades")
    ]


def test_file_speaks_up_to_the_moment_of_the_download():
    assert read("english.csv").covers.until == datetime.fromtimestamp(1795000001, UTC)


def test_person_s_institution_is_kept():
    assert read("english.csv").column("accounts", "institution") == ["School 5", None]


def test_tasks_are_those_of_the_completion_reports():
    report = Reading(MoodleReportsReader(), FIXTURES / "moodle_reports" / "course_completion_en.csv", course="DIGI")
    shared = set(report.column("tasks", "task_id")) & set(read("english.csv").column("tasks", "task_id"))
    assert len(shared) == 2
    assert set(report.column("courses", "course_id")) == set(read("english.csv").column("courses", "course_id"))


def test_odd_cells_are_rejected_one_by_one_and_items_of_one_name_are_two():
    found = read("odd_cells.csv")
    assert sorted(found.rejected) == [
        ("line 2, item 3", "a grade that is no number (scale or letter)"),
        ("line 3, item 1", "nobody is named"),
        ("line 3, item 2", "nobody is named"),
        ("line 3, item 3", "nobody is named"),
        ("line 4, item 1", "fewer cells than the header"),
        ("line 4, item 2", "fewer cells than the header"),
        ("line 4, item 3", "fewer cells than the header"),
    ]
    assert found.column("grades", "grade") == [5.0, 6.0]
    assert len(set(found.column("grades", "task_id"))) == len(set(found.column("grades", "grade_id"))) == 2


@pytest.mark.parametrize("form", ["excel_of_moodle.xlsx", "excel_of_people.xlsx", "open_document.ods"])
def test_workbooks_say_the_same(form: str, tmp_path: Path):
    path = table_forms.FORMS[form](tmp_path / form, cells_of(FOLDER / "english.csv"))
    assert read(path).rows("grades") == read("english.csv").rows("grades")


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_text_with_other_delimiters(delimiter: str, tmp_path: Path):
    path = tmp_path / "grades.txt"
    lines = [delimiter.join(f'"{cell}"' for cell in row) for row in cells_of(FOLDER / "russian.csv")]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    assert read(path).rows("grades") == read("russian.csv").rows("grades")


def test_field_that_the_site_added_to_people_is_no_item(tmp_path: Path):
    text = (
        'Имя,Фамилия,"Адрес электронной почты",Должность,Стаж,Приостановлено,"Задание:Task 1 (Значение)","Итоговая оценка за курс (Значение)"\n'
        'Ирина,Полевая,irina@school.example.org,Учитель,12,,"85,50","85,50"\n'
    )
    (tmp_path / "DIGI Оценки.csv").write_text(text, encoding="utf-8")
    found = read(tmp_path / "DIGI Оценки.csv")
    assert (found.rejected, found.column("tasks", "name"), found.column("grades", "grade")) == ([], ["Task 1"], [85.5, 85.5])


def test_forms_with_other_endings_are_known(tmp_path: Path):
    path = tmp_path / "DIGI.csv"
    path.write_text(
        "Фамилия,Имя,Адрес электронной почты,Задание: Задача 1 (Значения),Задание: Задача 1 (Отзывы),Тест: Тест 1 (Процентов)\n"
        'Полевая,Ирина,irina@school.example.org,"85,5",Хорошо,"70,00 %"\n',
        encoding="utf-8",
    )
    assert grades(read(path)) == [
        ("Ирина Полевая", ("assignment", "Задача 1"), 85.5, None, "Хорошо"),
        ("Ирина Полевая", ("quiz", "Тест 1"), 70.0, 100.0, None),
    ]


def test_xml_has_id_numbers_alone():
    found = read("export.xml")
    assert found.column("grades", "account_id") == [found.account("idnumber:17"), found.account("idnumber:18")]
    assert found.column("grades", "grade") == [85.5, None]
    assert found.rejected == [
        ("result 3", "no id number of the person or of the item"),
        ("result 4", "a grade that is no number (scale or letter)"),
    ]
    assert found.covers.until == datetime.fromtimestamp(1795000000, UTC)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.xml", '<results batch="xml_export_1795000000"><result><state>'),
        ("other.xml", "<rss></rss>"),
        ("entities.xml", '<!DOCTYPE results [<!ENTITY a "aaaa">]><results><result><student>&a;</student></result></results>'),
        ("people.csv", "First name,Last name,Email address\nИ,П,i@example.org\n"),
        ("empty.csv", ""),
        ("cut.csv", 'First name,Last name,Email address,"Assignment: A (Real)"\nИ,"П'),
        ("strangers.csv", "a,b,c\n1,2,3\n"),
    ],
)
def test_what_is_no_gradebook_is_refused(name: str, content: str, tmp_path: Path):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadFile) as error:
        read(tmp_path / name)
    assert "example.org" not in str(error.value)


def test_log_is_called_one():
    with pytest.raises(BadFile, match="what looks like a Moodle log"):
        read(FIXTURES / "moodle_logs" / "english_with_bom.csv")


def test_export_in_another_language(tmp_path: Path):
    text = (
        "Vorname,Nachname,E-Mail-Adresse,Aufgabe: Eins (Punkte),Aufgabe: Eins (Prozentsatz),Kurs gesamt (Punkte),Zuletzt heruntergeladen\n"
        'Ирина,Полевая,irina@example.org,"56,00","56,00 %","70,00",1795348800\n'
    )
    (tmp_path / "digi.csv").write_text(text, encoding="utf-8")
    found = Reading(MoodleGradesReader(), tmp_path / "digi.csv")
    assert found.column("grades", "grade") == [56.0, 70.0]
    assert found.covers.until == datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "header",
    [
        "Ім'я,Прізвище,ID номер,Електронна пошта,Завдання: 1 (Значення),Завдання: 1 (Відгук),Тест: 2 (Відсоток),Підсумок за курс (Значення),Завантажено",
        "Nome,Sobrenome,Número de identificação,Endereço de email,Tarefa: 1 (Real),Tarefa: 1 (Feedback),Questionário: 2 (Porcentagem),Total do curso (Real),X",
        "Vorname,Nachname,ID-Nummer,E-Mail-Adresse,Aufgabe: 1 (Punkte),Aufgabe: 1 (Feedback),Test: 2 (Prozentsatz),Kurs gesamt (Punkte),X",
        "Prénom,Nom,Numéro d’identification,Adresse de courriel,Devoir: 1 (Brut),Devoir: 1 (Feedback),Test: 2 (Pourcentage),Total du cours (Brut),X",
        "Nombre,Apellido(s),Número de ID,Dirección de correo,Tarea: 1 (Real),Tarea: 1 (Retroalimentación),Cuestionario: 2 (Porcentaje),Total del curso (Real),X",
    ],
    ids=["Ukrainian", "Portuguese", "German", "French", "Spanish"],
)
def test_gradebooks_in_other_languages(header: str, tmp_path: Path):
    path = tmp_path / "grades.csv"
    path.write_text(f'{header}\nIrina,Polevaja,,irina@example.org,"85,50",Well,"90,00 %","87,00",1795000000\n', "utf-8")
    irina = "Irina Polevaja"
    assert grades(read(path)) == [
        (irina, ("assignment", "1"), 85.5, None, "Well"),
        (irina, ("quiz", "2"), 90.0, 100.0, None),
        (irina, None, 87.0, None, None),
    ]
