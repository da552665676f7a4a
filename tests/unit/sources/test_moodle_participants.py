"""Lists of participants: one fixture per oddity. All people are invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import BadFile
from pipelines.sources.lms.moodle_participants import MoodleParticipantsReader
from tests.unit.sources import table_forms
from tests.unit.sources.report_reading import FIXTURES, Reading
from tests.unit.sources.test_tables import cells_of

FOLDER = FIXTURES / "moodle_participants"


def read(path: Path | str, **source: object) -> Reading:
    return Reading(MoodleParticipantsReader(), FOLDER / path if isinstance(path, str) else path, **{"course": "DIGI", **source})


def test_people_are_learners_with_their_groups():
    found = read("english.csv")
    assert found.column("enrolments", "role") == ["learner"] * 3
    assert found.column("enrolments", "account_id") == [
        found.account("mail:irina@school.example.org"),
        found.account("mail:oleg@school.example.org"),
        found.account("name:анна луговая"),
    ]
    assert set(found.column("enrolments", "course_id")) == {"moodle:course:code:DIGI"}
    assert sorted(found.column("course_groups", "name")) == ["Команда 3", "Поток 1"]
    assert len(found.rows("memberships")) == 2
    (first, *_) = found.rows("accounts")
    assert (first["first_name"], first["last_name"], first["display_name"], first["email"]) == (
        "Ирина",
        "Полевая",
        "Ирина Полевая",
        "irina@school.example.org",
    )


def test_roles_and_states_where_somebody_kept_them():
    found = read("russian_with_roles.csv")
    assert found.column("enrolments", "role") == ["learner", "curator", "other"]
    assert found.column("enrolments", "state") == ["active", "active", "suspended"]
    assert found.rejected == [("line 6", "fewer cells than the header"), ("line 5", "nobody is named")]
    assert found.column("accounts", "phone") == ["+79000000001", None, None]


@pytest.mark.parametrize("form", ["excel_of_moodle.xlsx", "open_document.ods", "json_of_objects.json", "page.html"])
def test_other_forms_say_the_same(form: str, tmp_path: Path):
    rows = cells_of(FOLDER / "english.csv")
    if form.endswith(".json"):
        rows[0] = ["firstname", "lastname", "email", "groups"]
    path = table_forms.FORMS[form](tmp_path / form, rows)
    assert read(path).rows("enrolments") == read("english.csv").rows("enrolments")


def test_course_is_stated_or_the_file_s_name(tmp_path: Path):
    path = tmp_path / "DIGI-2.csv"
    path.write_bytes((FOLDER / "english.csv").read_bytes())
    assert read(path, course=None).column("courses", "code") == ["DIGI-2"]
    assert read(path, course=None, feeds={"*-2.csv": "HIST"}).column("courses", "code") == ["HIST"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Активно", "active"),
        ("Неактивно", "suspended"),
        ("Приостановлена", "suspended"),
        ("Inactive", "suspended"),
        ("Not current", "active"),
    ],
)
def test_states_in_other_words(status: str, state: str, tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text(f"Имя,Фамилия,Адрес электронной почты,Статус\nИрина,Полевая,irina@school.example.org,{status}\n", encoding="utf-8")
    assert read(path).column("enrolments", "state") == [state]


def test_gradebook_and_log_are_called_by_their_names():
    with pytest.raises(BadFile, match="gradebook export"):
        read(FIXTURES / "moodle_grades" / "english.csv")
    with pytest.raises(BadFile, match="what looks like a Moodle log"):
        read(FIXTURES / "moodle_logs" / "english_with_bom.csv")


@pytest.mark.parametrize(
    ("content", "found"), [(b"", "an empty file"), (b"First name,Last na", "no such column"), (b"a,b\n1,2\n", "no such column")]
)
def test_what_is_no_list_is_refused(content: bytes, found: str, tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=found):
        read(path)


@pytest.mark.parametrize(
    "head",
    ["Vorname,Nachname,E-Mail-Adresse,Gruppen", "Prénom,Nom,Adresse de courriel,Groupes", "Nombre,Apellido(s),Dirección de correo,Grupos"],
)
def test_captions_in_other_languages(head: str, tmp_path: Path):
    (tmp_path / "digi.csv").write_text(f"{head}\nИрина,Полевая,irina@example.org,Поток 1\n", encoding="utf-8")
    found = Reading(MoodleParticipantsReader(), tmp_path / "digi.csv")
    (account,) = found.rows("accounts")
    assert (account["first_name"], account["last_name"], account["email"]) == ("Ирина", "Полевая", "irina@example.org")
    assert found.column("course_groups", "name") == ["Поток 1"]


@pytest.mark.parametrize(
    "text",
    [
        "Ім'я,Прізвище,Електронна пошта,Ролі,Групи\nIrina,Polevaja,irina@example.org,Студент,Немає груп\nOleg,Stepnoj,oleg@example.org,Викладач,A\n",
        "Nome,Sobrenome,Endereço de email,Papéis,Grupos\nIrina,Polevaja,irina@example.org,Estudante,Nenhum grupo\nOleg,Stepnoj,oleg@example.org,Professor,A\n",
        "Аты,Тегі,e-mail,Роль,Топтар\nIrina,Polevaja,irina@example.org,Студент,Топтар жоқ\nOleg,Stepnoj,oleg@example.org,Преподаватель,A\n",
        "Vorname,Nachname,E-Mail-Adresse,Rollen,Gruppen\nIrina,Polevaja,irina@example.org,Teilnehmer/in,Keine Gruppen\n"
        "Oleg,Stepnoj,oleg@example.org,Trainer/in,A\n",
    ],
    ids=["Ukrainian", "Portuguese", "Kazakh", "German"],
)
def test_lists_in_other_languages(text: str, tmp_path: Path):
    path = tmp_path / "participants.csv"
    path.write_text(text, "utf-8")
    found = read(path)
    assert found.column("accounts", "display_name") == ["Irina Polevaja", "Oleg Stepnoj"]
    assert found.column("accounts", "email") == ["irina@example.org", "oleg@example.org"]
    assert found.column("enrolments", "role") == ["learner", "curator"]
    assert found.column("course_groups", "name") == ["A"]
