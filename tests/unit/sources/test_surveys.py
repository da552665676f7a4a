"""Form answers: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.reading import Covers
from pipelines.sources.surveys.likert import ASPECTS, Likert
from pipelines.sources.surveys.surveys import SurveysReader
from tests.unit.sources import table_forms
from tests.unit.sources.orders import rows_after
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, Reading

FOLDER = FIXTURES / "surveys"


def read(name: str, **source: object) -> Reading:
    return Reading(SurveysReader(), FOLDER / name, **source)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_one_row_per_response_and_question():
    survey = read("google_russian.csv")
    assert [(row["item"], row["rating"], row["text"], row["group_label"]) for row in survey.rows("survey_answers")] == [
        ("содержание", 5, None, "1 поток"),
        ("содержание", 3, None, "2"),
        ("количество человек в группе", 4, None, "1 поток"),
        ("количество человек в группе", None, None, "2"),
        ("Что бы вы изменили?", None, None, "1 поток"),
        ("Что бы вы изменили?", None, "Меньше лекций,\nбольше практики", "2"),
    ]
    assert {row["survey_id"] for row in survey.rows("survey_answers")} == {"google_russian"}
    assert {row["answered_at"] for row in survey.rows("survey_answers")} == {utc(2026, 10, 19, 11, 6, 23), utc(2026, 11, 3, 6)}
    assert len({row["answer_id"] for row in survey.rows("survey_answers")}) == 6


def test_anonymous_stays_anonymous():
    survey = read("google_russian.csv")
    assert set(survey.column("survey_answers", "account_id")) == {None}
    assert survey.rows("accounts") == []


def test_address_makes_an_account_and_a_blank_one_none():
    survey = read("google_english_with_address.csv")
    irina = survey.account("irina@school.example.org", "survey")
    assert [(row["account_id"], row["email"]) for row in survey.rows("accounts")] == [(irina, "irina@school.example.org")]
    assert survey.column("survey_answers", "account_id") == [irina, None] * 2
    assert survey.column("survey_answers", "answered_at") == [utc(2026, 10, 19, 11, 6, 23), utc(2026, 11, 3, 6)] * 2
    assert survey.column("survey_answers", "rating") == [5, 2, None, None]


@pytest.mark.parametrize(
    ("time", "email", "question"),
    [
        ("Позначка часу", "Електронна адреса", "Оцініть лекції за шкалою від 1 до 5"),
        ("Уақыт белгісі", "Электрондық пошта мекенжайы", "Пікіріңіз"),
        ("Zeitstempel", "E-Mail-Adresse", "Was war gut?"),
        ("Horodateur", "Adresse e-mail", "Votre avis"),
        ("Marca temporal", "Dirección de correo electrónico", "Comentarios"),
        ("Carimbo de data/hora", "Endereço de e-mail", "Comentários"),
    ],
)
def test_form_of_another_language_is_read_and_its_addresses_are_no_answers(time: str, email: str, question: str, tmp_path: Path):
    path = tmp_path / "form.csv"
    path.write_text(f"{time},{email},{question}\n19.10.2026 14:06:23,irina@school.example.org,4\n", encoding="utf-8")
    survey = Reading(SurveysReader(), path)
    assert survey.column("survey_answers", "answered_at") == [utc(2026, 10, 19, 11, 6, 23)]
    assert survey.column("survey_answers", "account_id") == [survey.account("irina@school.example.org", "survey")]
    assert survey.rejected == []


def test_ids_of_the_form_are_kept():
    survey = read("yandex_with_ids.csv")
    assert survey.column("survey_answers", "answer_id") == [f"yandex_with_ids:{id}:{n}" for n in (1, 2) for id in (901, 902)]
    assert survey.column("survey_answers", "text") == [None, None, "Пермь", "Казань"]


def test_stream_of_the_source_stands_in_for_the_question():
    assert set(read("yandex_with_ids.csv", stream="s1").column("survey_answers", "group_label")) == {"s1"}


def test_what_is_no_rating_is_rejected_alone():
    survey = read("ratings_out_of_scale.csv")
    assert sorted(survey.rejected) == [
        ("line 3, question 1", "a rating that is no step of the scale"),
        ("line 3, question 2", "a rating that is no step of the scale"),
        ("line 4, question 1", "a rating that is no step of the scale"),
        ("line 5, question 1", "a time that is not understood"),
        ("line 5, question 2", "a time that is not understood"),
        ("line 6, question 1", "fewer cells than the header"),
        ("line 6, question 2", "fewer cells than the header"),
    ]
    assert survey.column("survey_answers", "rating") == [5, 1, 4, 5, 2]


def test_the_same_answers_twice_are_two_people():
    assert len(set(read("the_same_answers_twice.csv").column("survey_answers", "response_id"))) == 2


def test_no_time_column():
    with pytest.raises(BadFile, match=r"expected survey answers \(kind survey_csv\) with the columns 'отметка времени' or 'timestamp'"):
        read("no_time_column.csv")


def test_another_report_is_called_by_its_name():
    with pytest.raises(BadFile, match=r"found what looks like a Zoom participants report"):
        Reading(SurveysReader(), FIXTURES / "zoom" / "odd_rows.csv")


def ratings(survey: Reading, item: str) -> list[int | None]:
    return [row["rating"] for row in survey.rows("survey_answers") if row["item"] == item]


def test_a_scale_in_words_and_in_numbers_with_words():
    survey = read("scales_in_words.csv")
    assert ratings(survey, "Содержание курса") == [5, 4, 3, 2, 1, None]
    assert ratings(survey, "Время") == [1, 2, 3, 4, 5, None]
    assert survey.rejected == []


def test_a_question_of_another_scale_or_of_no_scale_keeps_its_words():
    survey = read("scales_in_words.csv")
    found = [row for row in survey.rows("survey_answers") if row["item"].startswith(("Насколько вероятно", "Одним словом"))]
    assert {row["rating"] for row in found} == {None}
    assert [row["text"] for row in found][:2] == ["10", "9"]
    assert [row["text"] for row in found][6:8] == ["Отлично", "Хорошо"]


def test_several_choices_in_one_cell_stay_whole():
    survey = read("scales_in_words.csv")
    assert [row["text"] for row in survey.rows("survey_answers") if row["item"] == "Что помогло?"][:2] == ["чат, куратор", "записи\nчат"]


def test_items_are_mapped_to_aspects_by_name_glob_and_expression():
    mapped = read(
        "scales_in_words.csv",
        aspects={"/^содерж/": "practice", "*врем*": "time", "Что помогло?": "methods"},
        scale={"так себе": 3},
    )
    aspects = {row["item"]: row["aspect"] for row in mapped.rows("survey_answers")}
    assert aspects["Содержание курса"] == "practice"
    assert aspects["Время"] == "time"
    assert aspects["Что помогло?"] is None  # words are no rating, whatever they speak of


def test_usual_names_are_mapped_without_being_told():
    survey = read("google_russian.csv")
    assert {row["item"]: row["aspect"] for row in survey.rows("survey_answers") if row["rating"]} == {
        "содержание": "content",
        "количество человек в группе": "group_size",
    }


def test_a_mapping_that_cannot_be_read_is_refused():
    with pytest.raises(BadSource, match="is no regular expression"):
        read("google_russian.csv", aspects={"/(/": "time"})
    with pytest.raises(ValueError, match="aspects"):
        read("google_russian.csv", aspects={"x": "beauty"})


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        ("5 из 5", 5),
        ("5 из 10", None),
        ("Абсолютно согласен (согласна)", 5),
        ("Скорее не согласен (не согласна)", 2),
        ("не согласен/не согласна", 2),
        ("Удовлетворительно", 3),
        ("Неудовлетворительно", 2),
    ],
)
def test_marks_of_russian_schools_and_both_genders_written_out(answer: str, step: int | None):
    assert Likert().step(answer) == step


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        ("5", 5), ("4,0", 4), ("4.5", None), ("6", None), ("1 – совсем не согласен", 1), ("5 (полностью)", 5), ("3.", 3), ("1-2", None),
        ("Полностью согласен(на)", 5), ("скорее не согласна", 2), ("Удовлетворён/удовлетворена", 4), ("Затрудняюсь ответить", 3),
        ("Strongly disagree", 1), ("Neither agree nor disagree", 3), ("не согласен", 2), ("да", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_steps_of_the_scale(answer: str | None, step: int | None):
    assert Likert().step(answer) == step


def test_the_aspects_are_those_of_the_programme_file():
    with pytest.raises(ValueError, match="aspects"):
        read("google_russian.csv", aspects={"x": "none"})
    for aspect in ASPECTS:
        assert read("google_russian.csv", aspects={"содержание": aspect}).rows("survey_answers")[0]["aspect"] == aspect


def test_a_later_download_with_one_question_more_has_the_same_responses_in_any_order():
    files = [FOLDER / "monday" / "anketa.csv", FOLDER / "tuesday" / "anketa.csv"]
    query = "select answer_id, response_id, item, rating, answered_at from raw.survey_answers order by 1"
    one, other = (rows_after(SurveysReader(), order, query) for order in (files, files[::-1]))
    assert one == other
    assert len({row[1] for row in one}) == 3


@pytest.mark.parametrize(("name", "found"), [("cut.csv", "it was cut"), ("empty.csv", "an empty file")])
def test_half_a_file_and_an_empty_one_are_refused(name: str, found: str):
    with pytest.raises(BadFile, match=found):
        read(name)


@pytest.mark.parametrize("zone", ["GMT+3", "MSK"])
def test_what_the_form_itself_downloads_is_packed_and_says_its_zone(zone: str, tmp_path: Path):
    text = f'"Отметка времени","Оцените по шкале от 1 до 5 [содержание]","Что понравилось?"\n"2026/10/19 2:06:23 PM {zone}","5","лекции;практика"\n'
    path = tmp_path / "Анкета.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Анкета.csv", text)
    source = Source(name="survey", kind="survey_csv", path=tmp_path)
    assert [item.name for item in SurveysReader().items(source, CONTEXT)] == ["Анкета.csv.zip"]
    survey = Reading(SurveysReader(), path)
    assert [(row["survey_id"], row["rating"], row["text"], row["answered_at"]) for row in survey.rows("survey_answers")] == [
        ("Анкета", 5, None, utc(2026, 10, 19, 11, 6, 23)),
        ("Анкета", None, "лекции;практика", utc(2026, 10, 19, 11, 6, 23)),
    ]


def packed(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_every_table_of_an_archive_is_a_survey_as_it_is_unpacked(tmp_path: Path):
    """As people pack a folder of exports: a sheet, tables of two services, what is no table."""
    beside = ("google_russian.csv", "yandex_with_ids.csv")
    rows = list(csv.reader((FOLDER / "limesurvey.csv").read_text("utf-8-sig").splitlines()))
    workbook = table_forms.excel_of_moodle(tmp_path / "limesurvey.xlsx", rows)
    members: dict[str, str | bytes] = {name: (FOLDER / name).read_bytes() for name in beside}
    path = packed(tmp_path / "Выгрузка.zip", **members, **{"ещё/limesurvey.xlsx": workbook.read_bytes(), "README.txt": "no table"})
    survey = Reading(SurveysReader(), path)
    alone = [read(name) for name in (*beside, "limesurvey.csv")]
    for one, name in zip(alone, ("google_russian", "yandex_with_ids", "ещё/limesurvey"), strict=True):
        told = [
            (row["item"], row["rating"], row["text"]) for row in survey.rows("survey_answers") if row["survey_id"] == f"Выгрузка/{name}"
        ]
        assert told == [(row["item"], row["rating"], row["text"]) for row in one.rows("survey_answers")] != []
    assert survey.covers == Covers(min(one.covers.since for one in alone), max(one.covers.until for one in alone))


def test_what_is_rejected_in_an_archive_is_found_in_its_file(tmp_path: Path):
    bad = "Отметка времени,Вопрос\n19.10.2026 14:06:23,да\nвчера,нет\n"
    assert Reading(SurveysReader(), packed(tmp_path / "a.zip", **{"one.csv": bad, "two.csv": bad})).rejected == [
        (f"{name}.csv, line 3, question 1", "a time that is not understood") for name in ("one", "two")
    ]
    (rejected,) = Reading(SurveysReader(), packed(tmp_path / "b.zip", **{"one.csv": bad, "photo.png": "x"})).rejected
    assert rejected[0] == "line 3, question 1"
    with pytest.raises(BadFile, match=r"^two.csv: .*header"):
        Reading(SurveysReader(), packed(tmp_path / "c.zip", **{"one.csv": bad, "two.csv": "a,b\n1,2\n"}))


def test_archives_that_hold_tables_are_items_and_those_that_are_not_read_are_told(tmp_path: Path):
    with pytest.raises(BadSource, match="none below"):
        list(SurveysReader().items(Source(name="survey", kind="survey_csv", path=packed(tmp_path / "x.zip", a="").parent), CONTEXT))
    packed(tmp_path / "answers.zip", **{"Данные/answers.csv": "Timestamp,Q\n"})
    packed(tmp_path / "photos.zip", **{"a.jpg": "x"})
    (tmp_path / "cut.zip").write_bytes((tmp_path / "answers.zip").read_bytes()[:-30])
    (tmp_path / "old.rar").write_bytes(b"Rar!")
    items = list(SurveysReader().items(Source(name="survey", kind="survey_csv", path=tmp_path), CONTEXT))
    assert [item.name for item in items] == ["answers.zip", "cut.zip", "old.rar"]
    for name, found in (("cut.zip", "ZIP archive"), ("old.rar", "unpacked or in a ZIP archive"), ("photos.zip", "as a table; found none")):
        with pytest.raises(BadFile, match=found):
            Reading(SurveysReader(), tmp_path / name)


@pytest.mark.parametrize("form", ["json_of_objects.json", "json_of_old.json", "page.html", "open_document.ods", "excel_of_moodle.xlsx"])
@pytest.mark.parametrize("name", ["moodle_feedback_russian", "moodle_feedback_russian_anonymous"])
def test_every_form_in_which_moodle_gives_responses_is_an_item(form: str, name: str, tmp_path: Path):
    rows = list(csv.reader((FOLDER / f"{name}.csv").read_text("utf-8-sig").splitlines()))
    path = table_forms.FORMS[form](tmp_path / f"{name}{Path(form).suffix}", rows)
    assert [item.path for item in SurveysReader().items(Source(name="survey", kind="survey_csv", path=tmp_path), CONTEXT)] == [path]
    assert Reading(SurveysReader(), path).rows("survey_answers") == read(f"{name}.csv").rows("survey_answers")


# -- grids ------------------------------------------------------------------------------------------------------------------------


def lines(*rows: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def written(tmp_path: Path, text: str, **source: object) -> Reading:
    path = tmp_path / "anketa.csv"
    path.write_text(text, encoding="utf-8")
    return Reading(SurveysReader(), path, **source)


def test_grid_of_yandex_in_one_cell_is_an_item_per_row(tmp_path: Path):
    survey = written(
        tmp_path,
        lines(
            ("ID", "Время создания", "Оцените курс"),
            ("901", "2026-10-19 14:06:23", '"содержание": 5, "работа с "Moodle"": 4, "время, дни": 3'),
            ("902", "2026-10-20 14:06:23", '"содержание": 2'),
            ("903", "2026-10-21 14:06:23", ""),
        ),
    )
    assert ratings(survey, "содержание") == [5, 2, None]
    assert ratings(survey, 'работа с "Moodle"') == [4, None, None]
    assert ratings(survey, "время, дни") == [3, None, None]
    assert {row["aspect"] for row in survey.rows("survey_answers") if row["item"] == "содержание"} == {"content"}
    assert len({row["answer_id"] for row in survey.rows("survey_answers")}) == 9
    assert survey.rejected == []


def test_row_of_a_grid_keeps_its_answer_id_when_somebody_fills_in_one_more(tmp_path: Path):
    rows = [("ID", "Время создания", "Оцените курс"), ("901", "2026-10-19 14:06:23", '"содержание": 5')]
    before = written(tmp_path, lines(*rows)).rows("survey_answers")
    after = written(tmp_path, lines(*rows, ("902", "2026-10-20 14:06:23", '"время": 4'))).rows("survey_answers")
    assert before[0]["answer_id"] in {row["answer_id"] for row in after if row["item"] == "содержание"}


@pytest.mark.parametrize("between", ["\n", "; "])
def test_grid_in_one_cell_without_quotes(between: str, tmp_path: Path):
    cell = between.join(("содержание: согласен", "время: 4 – скорее согласен"))
    survey = written(tmp_path, f'Отметка времени,Оцените\n19.10.2026 14:06:23,"{cell}"\n')
    assert [(row["item"], row["rating"]) for row in survey.rows("survey_answers")] == [("время", 4), ("содержание", 4)]


def test_grid_of_boxes_keeps_the_words(tmp_path: Path):
    survey = written(
        tmp_path,
        lines(
            ("ID", "Время создания", "Что помогло?"),
            ("901", "2026-10-19 14:06:23", '"чат": часто, "чат": удобно, "записи": редко'),
            ("902", "2026-10-20 14:06:23", '"чат": часто'),
        ),
    )
    assert [(row["item"], row["rating"], row["text"]) for row in survey.rows("survey_answers")] == [
        ("записи", None, "редко"),
        ("записи", None, None),
        ("чат", None, "часто, удобно"),
        ("чат", None, "часто"),
    ]


def test_words_with_colons_are_no_grid(tmp_path: Path):
    words = ["Плюсы: практика\nМинусы: объём", "Ирине: спасибо; Олегу: 5", "Понравилось: всё; Хуже: 2", "А: 5; Б: 4"]
    rows = "".join(f'19.10.2026 14:06:2{place},"{cell}"\n' for place, cell in enumerate(words))
    survey = written(tmp_path, f"Отметка времени,Что бы вы изменили?\n{rows}")
    assert survey.column("survey_answers", "text") == words
    assert set(survey.column("survey_answers", "item")) == {"Что бы вы изменили?"}


@pytest.mark.parametrize("between", [" / ", ": ", " -> ", "->", " — ", ". ", "? "])
def test_columns_that_begin_with_the_same_question_are_rows_of_a_grid(between: str, tmp_path: Path):
    survey = written(
        tmp_path,
        f"""Время создания,Насколько вы довольны{between}содержание,Насколько вы довольны{between}время,Имя
2026-10-19 14:06:23,доволен,3,Ирина
2026-10-19 14:07:23,недоволен,4,Олег
""",
    )
    assert ratings(survey, "содержание") == [4, 2]
    assert ratings(survey, "время") == [3, 4]


def test_two_grids_with_the_same_rows_keep_their_questions(tmp_path: Path):
    survey = written(
        tmp_path, "Время создания,Лекции / время,Лекции / содержание,Практика / время,Практика / содержание\n2026-10-19 14:06:23,5,4,3,2\n"
    )
    assert [(row["item"], row["rating"], row["aspect"]) for row in survey.rows("survey_answers")] == [
        ("Лекции / время", 5, "time"),
        ("Лекции / содержание", 4, "content"),
        ("Практика / время", 3, "time"),
        ("Практика / содержание", 2, "content"),
    ]


# -- columns about the response -----------------------------------------------------------------------------------------------------


def test_time_of_a_change_and_points_are_no_answers(tmp_path: Path):
    survey = written(
        tmp_path,
        """ID,Время создания,Время изменения,Баллы,Сколько будет дважды два? [Балл],<b>Содержание</b> курса
901,2026-10-19 14:06:23,2026-10-19 15:06:23,8 / 10,1.00 / 1,5
""",
    )
    assert [(row["item"], row["rating"]) for row in survey.rows("survey_answers")] == [("Содержание курса", 5)]


@pytest.mark.parametrize("title", ["Баллы", "Score"])
def test_points_of_a_quiz_in_a_workbook_are_no_rating(title: str, tmp_path: Path):
    survey = written(tmp_path, f"Отметка времени,{title},Содержание\n19.10.2026 14:06:23,4,5\n19.10.2026 14:07:23,3,4\n")
    assert set(survey.column("survey_answers", "item")) == {"Содержание"}


def test_form_of_microsoft_named_and_anonymous(tmp_path: Path):
    survey = written(
        tmp_path,
        """ID,Start time,Completion time,Email,Name,The content was useful,I agree that my data are kept,Comments,Points - Comments
1,10/19/26 14:05:23,10/19/26 14:06:23,anonymous,,Strongly agree,Agree,fine,1
2,10/20/26 14:05:23,10/20/26 14:06:23,Irina@school.example.org,Irina Polevaya,Agree,Agree,,0
""",
    )
    irina = survey.account("irina@school.example.org", "survey")
    assert [(row["item"], row["account_id"], row["rating"], row["text"]) for row in survey.rows("survey_answers")] == [
        ("The content was useful", None, 5, None),
        ("The content was useful", irina, 4, None),
        ("I agree that my data are kept", None, None, "Agree"),
        ("I agree that my data are kept", irina, None, "Agree"),
        ("Comments", None, None, "fine"),
        ("Comments", irina, None, None),
    ]
    assert survey.column("survey_answers", "answered_at")[0] == utc(2026, 10, 19, 11, 6, 23)
    assert [(row["email"], row["display_name"]) for row in survey.rows("accounts")] == [("irina@school.example.org", "Irina Polevaya")]


def test_form_of_microsoft_in_russian(tmp_path: Path):
    survey = written(
        tmp_path,
        "ИД,Время начала,Время выполнения,Адрес электронной почты,Имя,Содержание\n7,19.10.2026 14:05:23,19.10.2026 14:06:23,anonymous,,5\n",
    )
    assert [(row["answer_id"], row["item"], row["rating"]) for row in survey.rows("survey_answers")] == [("anketa:7:1", "Содержание", 5)]
    assert survey.rows("accounts") == []


def test_form_of_microsoft_in_a_language_that_is_not_known(tmp_path: Path):
    """Told by its shape; so are the time of a change and the language, which are no answers."""
    survey = written(
        tmp_path,
        """Ідентыфікатар;Пачатак;Завяршэнне;Пошта;Імя;Змена;Мова;Змест;Што палепшыць
1;19.10.2026 14:05:23;19.10.2026 14:06:23;anonymous;;;English (United States)\u200e;5;Нічога
2;20.10.2026 14:05:23;20.10.2026 14:06:23;Irina@school.example.org;Ірына Палявая;21.10.2026 10:00:00;;4;
""",
    )
    irina = survey.account("irina@school.example.org", "survey")
    assert [(row["item"], row["account_id"], row["rating"], row["text"]) for row in survey.rows("survey_answers")] == [
        ("Змест", None, 5, None),
        ("Змест", irina, 4, None),
        ("Што палепшыць", None, None, "Нічога"),
        ("Што палепшыць", irina, None, None),
    ]
    assert survey.column("survey_answers", "response_id")[:2] == ["anketa:1", "anketa:2"]
    assert [row["display_name"] for row in survey.rows("accounts")] == ["Ірына Палявая"]


def test_words_known_in_part_let_no_address_become_an_answer(tmp_path: Path):
    survey = written(
        tmp_path,
        "ID;Heure de début;Heure de fin;Messagerie;Nom;Votre avis\n1;19/10/2026 14:05:23;19/10/2026 14:06:23;irina@school.example.org;Irina Polevaya;bien\n",
    )
    assert [(row["item"], row["text"]) for row in survey.rows("survey_answers")] == [("Votre avis", "bien")]
    assert survey.column("survey_answers", "account_id") == [survey.account("irina@school.example.org", "survey")]


def test_form_of_google_in_a_language_that_is_not_known(tmp_path: Path):
    survey = written(
        tmp_path, "Zaman damgası,Kullanıcı adı,Memnun musunuz?\n19.10.2026 14:06:23,irina@school.example.org,5\n20.10.2026 9:06:23,,4\n"
    )
    assert survey.column("survey_answers", "answered_at")[0] == utc(2026, 10, 19, 11, 6, 23)
    assert [(row["item"], row["rating"]) for row in survey.rows("survey_answers")] == [("Memnun musunuz?", 5), ("Memnun musunuz?", 4)]
    assert survey.column("survey_answers", "account_id") == [survey.account("irina@school.example.org", "survey"), None]


def test_a_log_in_a_language_that_is_not_known_is_no_form(tmp_path: Path):
    with pytest.raises(BadFile, match="expected survey answers"):
        written(tmp_path, "Zaman,Kullanıcı,Olay,IP adresi\n19.10.2026 14:06:23,Irina,Ders,10.0.0.7\n")


@pytest.mark.parametrize("first", ["№", "№ п/п", "Запись"])
def test_numbers_of_rows_and_network_addresses_are_no_answers(first: str, tmp_path: Path):
    rows = [f"{number};19.10.2026 14:06:2{number};10.0.0.{number};{5 - number}" for number in (1, 2, 3)]
    survey = written(tmp_path, "\n".join([f"{first};Дата завершения;Адрес компьютера;Содержание", *rows]) + "\n")
    assert [(row["item"], row["rating"]) for row in survey.rows("survey_answers")] == [
        ("Содержание", 4),
        ("Содержание", 3),
        ("Содержание", 2),
    ]


def test_times_whose_title_says_utc_are_utc(tmp_path: Path):
    survey = written(
        tmp_path, "#,Was it clear?,Start Date (UTC),Submit Date (UTC),Network ID\nab1,5,2026-10-19 14:05:23,2026-10-19 14:06:23,x\n"
    )
    assert [(row["item"], row["answered_at"]) for row in survey.rows("survey_answers")] == [("Was it clear?", utc(2026, 10, 19, 14, 6, 23))]


def test_questionnaire_of_moodle(tmp_path: Path):
    survey = written(
        tmp_path,
        """Response,Submitted on:,Institution,Department,Course,Group,ID,Full name,Username,Q01_rate->content,Q01_rate->time,Q02->chat,Q02->notes,Q03
11,19.10.2026 14:06:23,,,Course,stream 1,7,Ирина Полевая,irina,5,4,1,1,good
12,19.10.2026 14:07:23,,,Course,stream 1,,Anonymous1,,3,4,1,0,
""",
        realm="lms",
    )
    irina = survey.account("username:irina", "lms")
    assert ratings(survey, "content") == [5, 3]
    assert [(row["item"], row["rating"], row["text"]) for row in survey.rows("survey_answers") if row["item"] in ("chat", "notes")] == [
        ("chat", None, "1"),
        ("chat", None, "1"),
        ("notes", None, "1"),
        ("notes", None, "0"),
    ]
    assert survey.column("survey_answers", "account_id") == [irina, None] * 5
    assert set(survey.column("survey_answers", "group_label")) == {"stream 1"}
    assert survey.column("survey_answers", "answer_id")[0] == "anketa:11:1"
    assert {row["channel"] for row in survey.rows("accounts")} == {"lms"}


# -- Moodle's feedback activity -------------------------------------------------------------------------------------------------


def test_named_responses_of_moodle_are_those_of_its_accounts():
    survey = read("moodle_feedback_english.csv", realm="lms")
    irina, oleg = (survey.account(f"mail:{name}@school.example.org", "lms") for name in ("irina", "oleg"))
    assert [(row["account_id"], row["item"], row["rating"], row["text"], row["group_label"]) for row in survey.rows("survey_answers")] == [
        (irina, "Rate the content (1 to 5)", 5, None, "Поток 1"),
        (oleg, "Rate the content (1 to 5)", 3, None, None),
        (irina, "Which group size suits you?", None, "small", "Поток 1"),
        (oleg, "Which group size suits you?", None, "large", None),
        (irina, "What would you change?", None, 'Less lectures & "talks"', "Поток 1"),
        (oleg, "What would you change?", None, None, None),
    ]
    assert survey.column("survey_answers", "answered_at")[:2] == [utc(2026, 9, 7, 6, 7), utc(2026, 9, 8, 18, 7)]
    assert {row["channel"] for row in survey.rows("accounts")} == {"lms"}


def test_anonymous_responses_of_moodle_have_neither_person_nor_moment():
    survey = read("moodle_feedback_russian_anonymous.csv")
    assert survey.rows("accounts") == []
    rows = survey.rows("survey_answers")
    assert {(row["account_id"], row["answered_at"]) for row in rows} == {(None, None)}
    assert [row["rating"] for row in rows if row["item"] == "Содержание"] == [5, 2, None]
    assert [row["aspect"] for row in rows if row["item"] == "Содержание"] == ["content"] * 3
    assert len({row["response_id"] for row in rows}) == 3


def test_responses_of_moodle_in_russian_by_name_alone():
    """Two of one person, one of nobody, one whose moment is none."""
    survey = read("moodle_feedback_russian.csv")
    irina = survey.account("name:ирина полевая", "moodle")
    assert [(row["account_id"], row["rating"]) for row in survey.rows("survey_answers")] == [(irina, 5), (irina, 4)]
    assert len({row["response_id"] for row in survey.rows("survey_answers")}) == 2
    assert survey.rejected == [("line 4, question 1", "nobody is named"), ("line 5, question 1", "a time that is not understood")]


@pytest.mark.parametrize("between", [";", ", "])
def test_rows_of_boxes_to_tick_keep_their_words(between: str, tmp_path: Path):
    path = tmp_path / "form.csv"
    path.write_text(
        "Отметка времени,Как вы пользуетесь? [Чат],Как вы пользуетесь? [Почта],Оцените [содержание]\n"
        f'19.10.2026 14:06:23,"часто{between}иногда",редко,4\n19.10.2026 14:07:23,часто,,5\n',
        encoding="utf-8",
    )
    survey = Reading(SurveysReader(), path)
    assert [(row["item"], row["rating"], row["text"]) for row in survey.rows("survey_answers")] == [
        ("Чат", None, f"часто{between}иногда"),
        ("Чат", None, "часто"),
        ("Почта", None, "редко"),
        ("Почта", None, None),
        ("содержание", 4, None),
        ("содержание", 5, None),
    ]
    assert survey.rejected == []


def test_surveymonkey_has_two_header_rows():
    survey = read("surveymonkey.csv")
    assert [(row["item"], row["aspect"], row["rating"], row["text"]) for row in survey.rows("survey_answers")] == [
        ("Содержание", "content", 5, None),
        ("Содержание", "content", 3, None),
        ("Практика", "practice", 4, None),
        ("Практика", "practice", None, None),
        ("Что бы вы изменили?", None, None, "Меньше лекций,\nбольше практики"),
        ("Что бы вы изменили?", None, None, None),
        ("Чат", None, None, "Чат"),
        ("Чат", None, None, None),
        ("Почта", None, None, None),
        ("Почта", None, None, "Почта"),
    ]
    assert survey.column("survey_answers", "answered_at")[:2] == [utc(2026, 10, 2, 11, 6, 23), utc(2026, 10, 3, 6, 6)]
    irina = survey.account("irina@school.example.org", "survey")
    assert survey.column("survey_answers", "account_id")[:2] == [None, irina]
    assert survey.column("survey_answers", "response_id")[:2] == ["surveymonkey:11840000001", "surveymonkey:11840000002"]
    assert survey.rejected == []


def test_rows_below_two_header_rows_are_counted_as_they_stand(tmp_path: Path):
    lines = (FOLDER / "surveymonkey.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    bad = "11840000003,401,10/32/2026 09:01:11 AM,10/32/2026 09:06:00 AM,203.0.113.6,,,,,3,,,,\n"
    path = tmp_path / "surveymonkey.csv"
    path.write_text("".join([*lines[:2], bad, *lines[2:]]), encoding="utf-8")
    survey = Reading(SurveysReader(), path)
    assert {(place.partition(",")[0], reason) for place, reason in survey.rejected} == {("line 3", "a time that is not understood")}
    assert len(survey.rows("survey_answers")) == 10


def test_a_second_header_row_that_does_not_fit_takes_no_answer_with_it(tmp_path: Path):
    text = (FOLDER / "surveymonkey.csv").read_text(encoding="utf-8")
    path = tmp_path / "surveymonkey.csv"
    path.write_text(text.replace(",Чат,Почта\n", ",Чат\n", 1), encoding="utf-8")
    survey = Reading(SurveysReader(), path)
    assert len(survey.rows("survey_answers")) == 10
    assert survey.rejected == []


def test_ids_that_a_spreadsheet_has_rounded_are_none(tmp_path: Path):
    path = tmp_path / "form.csv"
    path.write_text("ID;Отметка времени;Оцените\n1,184E+10;19.10.2026 14:06:23;4\n1,184E+10;19.10.2026 14:07:23;5\n", encoding="utf-8")
    assert len(set(Reading(SurveysReader(), path).column("survey_answers", "answer_id"))) == 2


def test_limesurveys_page_seed_and_measured_times_are_no_answers():
    survey = read("limesurvey.csv")
    assert [(row["item"], row["rating"], row["text"]) for row in survey.rows("survey_answers")] == [
        ("содержание", 5, None),
        ("содержание", 3, None),
        ("практика", 4, None),
        ("практика", None, None),
        ("Пожелания", None, "больше практики"),
        ("Пожелания", None, None),
    ]
    # One that was begun and not sent has the moment of its last action.
    assert survey.column("survey_answers", "answered_at")[:2] == [utc(2026, 10, 19, 11, 6, 23), utc(2026, 10, 20, 6, 2)]
    assert survey.column("survey_answers", "response_id")[:2] == ["limesurvey:1", "limesurvey:2"]
    assert survey.column("survey_answers", "account_id")[:2] == [survey.account("irina@school.example.org", "survey"), None]


def test_limesurvey_in_german(tmp_path: Path):
    path = tmp_path / "results-survey7.csv"
    path.write_text(
        '"Antwort ID";"Datum Abgeschickt";"Letzte Seite";"Start-Sprache";"Zufallsstartwert";"Datum gestartet";"Datum letzte Aktivität";'
        '"Zufrieden? [Inhalt]";"Was noch?";"Gesamtzeit";"Gruppenzeit: A"\n'
        '"7";"2026-09-08 17:05:00";"3";"de";"12345";"2026-09-08 17:00:00";"2026-09-08 17:05:00";"4";"Gut";"300.5";"200.1"\n',
        "utf-8",
    )
    answers = Reading(SurveysReader(), path).rows("survey_answers")
    assert [(row["item"], row["rating"], row["text"]) for row in answers] == [("Inhalt", 4, None), ("Was noch?", None, "Gut")]
    assert {row["answered_at"] for row in answers} == {datetime(2026, 9, 8, 14, 5, tzinfo=UTC)}


def test_limesurvey_without_time_stamps_has_no_times():
    survey = read("limesurvey_codes_without_stamps.csv")
    assert [(row["item"], row["rating"], row["text"], row["answered_at"]) for row in survey.rows("survey_answers")] == [
        ("содержание", 5, None, None),
        ("G01Q02. Пожелания", None, "больше практики", None),
    ]
    assert survey.rejected == []


# -- nothing is passed over in silence ------------------------------------------------------------------------------------------


def answered(survey: Reading) -> list[tuple]:
    return [(row["item"], row["aspect"], row["rating"], row["text"], row["group_label"]) for row in survey.rows("survey_answers")]


def test_what_is_asked_about_a_group_is_no_name_of_one(tmp_path: Path):
    """The size of the group is one of the ten aspects, and was taken for the group's label."""
    header = ("Отметка времени", "Размер группы", "Что улучшить в работе группы?", "В какой вы группе?", "Содержание")
    survey = written(tmp_path, lines(header, ("19.10.2026 14:06:23", "2", "больше встреч", "ФГ-1", "5")))
    assert answered(survey) == [
        ("Размер группы", "group_size", 2, None, "ФГ-1"),
        ("Что улучшить в работе группы?", None, None, "больше встреч", "ФГ-1"),
        ("Содержание", "content", 5, None, "ФГ-1"),
    ]


@pytest.mark.parametrize("title", ["Группа", "Ваш поток", "Номер группы", "Как называется ваша группа?", "What is your group?", "Stream"])
def test_what_names_a_group(title: str, tmp_path: Path):
    survey = written(tmp_path, lines(("Отметка времени", title, "Содержание"), ("19.10.2026 14:06:23", "ФГ-1", "5")))
    assert answered(survey) == [("Содержание", "content", 5, None, "ФГ-1")]


def test_a_column_of_a_quiz_stands_beside_its_question(tmp_path: Path):
    survey = written(
        tmp_path,
        lines(("Отметка времени", "Отзыв - что понравилось?", "Столица", "Отзыв - Столица"), ("19.10.2026 14:06:23", "всё", "Омск", "нет")),
    )
    assert [(item, text) for item, _, _, text, _ in answered(survey)] == [("Отзыв - что понравилось?", "всё"), ("Столица", "Омск")]


def test_an_id_that_several_responses_have_leaves_each_its_answers(tmp_path: Path):
    """The number of a person or of the form: the last response took the place of all before it. One that stands there twice is one."""
    first, second = ("7", "19.10.2026 14:06:23", "4"), ("7", "19.10.2026 15:06:23", "5")
    survey = written(tmp_path, lines(("ID", "Отметка времени", "Содержание"), first, second, first))
    assert survey.column("survey_answers", "response_id") == ["anketa:7", "anketa:7-2", "anketa:7"]


def test_answers_below_no_title_are_rejected(tmp_path: Path):
    survey = written(
        tmp_path, lines(("Отметка времени", "", "Содержание"), ("19.10.2026 14:06:23", "слова", "4"), ("19.10.2026 15:06:23", " ", "5"))
    )
    assert survey.rejected == [("line 2, column 2", "no title above the answer")]
    assert len(answered(survey)) == 2
    path = tmp_path / "feedback.csv"
    rows = list(csv.reader((FOLDER / "moodle_feedback_russian_anonymous.csv").read_text("utf-8-sig").splitlines()))
    path.write_text(lines(*([*row, "" if number == 0 else "x"] for number, row in enumerate(rows))), encoding="utf-8")
    assert len(Reading(SurveysReader(), path).rejected) == len(rows) - 1


def test_answers_in_further_sheets_are_rejected(tmp_path: Path):
    """A spreadsheet gathers the answers of several forms; notes and pivots are no answers."""
    book = openpyxl.Workbook()
    book.active.append(("Сводка", "Среднее"))
    book.active.append(("Содержание", 4.5))
    for title, header in (
        ("Ответы (1)", ("Отметка времени", "Адрес электронной почты", "Содержание")),
        ("Ответы (2)", ("Отметка времени", "Методы")),
    ):
        sheet = book.create_sheet(title)
        sheet.append(header)
        sheet.append(("19.10.2026 14:06:23", *("a@example.org",) * (len(header) - 2), 5))
    book.save(tmp_path / "forms.xlsx")
    survey = Reading(SurveysReader(), tmp_path / "forms.xlsx")
    assert survey.column("survey_answers", "item") == ["Содержание"]
    assert survey.rejected == [("sheet 3, row 2", "in a further sheet of the workbook: save it as a file of its own")]
