"""Moodle's Logs download: one fixture per oddity, named after it. All people are invented."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats import delimited
from pipelines.sources.lms import moodle_log_rows
from pipelines.sources.lms.moodle_logs import MoodleLogsReader
from tests.unit.sources.report_reading import CONTEXT, FIXTURES, Reading

FOLDER = FIXTURES / "moodle_logs"


def read(name: str, **source: object) -> Reading:
    return Reading(MoodleLogsReader(), FOLDER / name, **source)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def refused(name: str) -> str:
    with pytest.raises(BadFile) as error:
        read(name)
    assert "Полев" not in str(error.value), "a name in an error"
    return str(error.value)


# -- what a row says ---------------------------------------------------------------------------------------------------------


def test_a_row_says_who_did_what_to_whom_where_and_when():
    log = read("english_with_bom.csv")
    graded = log.rows("activity")[1]
    assert graded["occurred_at"] == utc(2026, 11, 22, 18)
    assert graded["account_id"] == log.account("7")
    assert graded["related_account_id"] == log.account("5")
    assert (graded["action"], graded["event"]) == ("graded", "The submission has been graded.")
    assert (graded["course_id"], graded["task_id"], graded["object_id"]) == ("moodle:course:2", "moodle:task:9", "31")
    assert (graded["origin"], graded["component"]) == ("web", "Assignment")
    assert (graded["is_impersonated"], graded["is_anonymous"]) == (False, False)


def test_russian_download_says_the_same_as_english_one():
    english, russian = read("english_with_bom.csv").rows("activity"), read("russian_headers.csv").rows("activity")
    language = {"event", "component"}
    assert [{k: v for k, v in row.items() if k not in language} for row in english] == [
        {k: v for k, v in row.items() if k not in language} for row in russian
    ]


def test_people_courses_and_tasks_are_derived():
    log = read("english_with_bom.csv")
    assert {row["native_id"]: row["display_name"] for row in log.rows("accounts")} == {"5": "Ирина Полевая", "7": "Анна Кураторова"}
    assert {row["channel"] for row in log.rows("accounts")} == {"lms"}
    assert [(row["course_id"], row["name"]) for row in log.rows("courses")] == [("moodle:course:2", "Digital school")]
    assert [(row["task_id"], row["kind"], row["name"]) for row in log.rows("tasks")] == [("moodle:task:9", "assignment", "Task 1")]


def test_what_is_derived_never_stands_over_a_fuller_source():
    log = read("english_with_bom.csv")
    assert set(log.column("courses", "seen_at") + log.column("tasks", "seen_at")) == {utc(1970, 1, 1)}


def test_file_covers_its_first_to_its_last_row():
    covers = read("english_with_bom.csv").covers
    assert (covers.since, covers.until) == (utc(2026, 11, 22, 17), utc(2026, 11, 22, 19, 12, 22))


def test_realm_of_the_source_names_everything():
    row = read("english_with_bom.csv", realm="academy").rows("activity")[0]
    assert row["activity_id"].startswith("academy:log:")
    assert row["course_id"] == "academy:course:2"


def test_two_spellings_of_a_name_give_one_account_and_the_last():
    log = read("renamed_and_glued.csv")
    assert [(row["native_id"], row["display_name"]) for row in log.rows("accounts")] == [("5", "Ирина Лесная")]


def test_course_name_glued_of_two_languages_is_taken_apart():
    (course,) = read("renamed_and_glued.csv").rows("courses")
    assert (course["name"], course["name_en"]) == ("Инклюзия в практике учителя", "Inclusive education in practice")


def test_event_names_of_another_language_are_known_by_the_description():
    log = read("event_names_in_german.csv")
    assert log.column("activity", "action") == ["viewed", "submitted", "other"]
    assert log.column("courses", "name") == ["Digitale Schule"]


HEADER = 'Time,"User full name","Affected user","Event context",Component,"Event name",Description,Origin,"IP address"\n'


def log_of(folder: Path, description: str, *, user: str = "Ирина Полевая", event: str = "Geschehen") -> Reading:
    """A log of one row."""
    path = folder / "log.csv"
    path.write_text(
        f'{HEADER}"22/11/26, 22:12:22","{user}",-,"Kurs: Eins",System,"{event}","{description}",web,10.0.0.1\n', encoding="utf-8"
    )
    return Reading(MoodleLogsReader(), path)


@pytest.mark.parametrize(
    ("description", "action"),
    [
        ("The user with id '5' started the lesson with the course module id '9'.", "attempted"),
        ("The user with id '5' ended the lesson with the course module id '9'.", "submitted"),
        ("The user with id '5' launched the sco with id '3' for the scorm with the course module id '9'.", "attempted"),
        ("The user with the id '5' send a tracking statement for a H5P activity with the course module id '9'.", "attempted"),
        ("The user with id '5' created the page with id '3' for the wiki with course module id '9'.", "posted"),
        ("The user with id '5' created the data record with id '3' for the data activity with course module id '9'.", "posted"),
        ("The user with id '5' has created the glossary entry with id '3' for the glossary activity with the course module id '9'.", "posted"),
        ("The user with id '5' created the submission with id of '3' for the workshop with the course module id '9'.", "submitted"),
        ("The user with id '5' created a file submission and uploaded '1' file/s in the assignment with course module id '9'.", "other"),
        ("User with id '5' submitted response for for survey with instance id '3'", "answered_survey"),
        ("The user with id '5' made the choice with id '3' in the choice activity\n            with the course module id '9'.", "answered_survey"),
        ("The user with id '5' manually graded the question with id '3' for the attempt with id '4' for the quiz with the course module id '9'.", "graded"),
    ],
)  # fmt: skip
def test_deeds_of_other_activities_are_known_by_the_description(description: str, action: str, tmp_path: Path):
    assert log_of(tmp_path, description).column("activity", "action") == [action]


@pytest.mark.parametrize(
    ("event", "description", "action"),
    [
        ("mod_hvp: attempt submitted", "", "submitted"),
        ("mod_hvp: course module viewed", "", "viewed"),
        ("mod_hvp: xapi statement", "The user with id '5' triggered an xAPI 'answered' statement on H5P activity with instance id '3' ", "other"),
        ("mod_vpl: submission uploaded", "The user with id 5 uploaded  VPL submission with id 9", "submitted"),
        ("VPL. Отправлено", "The user with id 5 uploaded  VPL submission with id 9", "submitted"),
        ("VPL. Оценено", "The user with id 5 graded  VPL submission with id 9 of user with id 6", "graded"),
        ("mod_any: deed of its own", "The user with id '5' viewed the thing with id '3'.", "viewed"),
    ],
)  # fmt: skip
def test_deeds_in_plugins_are_known_by_the_class_or_the_description(event: str, description: str, action: str, tmp_path: Path):
    assert log_of(tmp_path, description, event=event).column("activity", "action") == [action]


def test_description_of_a_choice_breaks_its_line_before_whom_it_is_about(tmp_path: Path):
    log = log_of(
        tmp_path,
        "The user with id '4' has added the option with id '3' for the\n            user with id '5' from the choice activity with course module id '9'.",
        event="Ответ на опрос добавлен",
    )
    (row,) = log.rows("activity")
    assert (row["account_id"], row["related_account_id"], row["action"]) == (log.account("4"), log.account("5"), "answered_survey")


@pytest.mark.parametrize(
    "description",
    [
        "The user with id '4' issued a new attempt for user with id '5' for the assignment with course module id '9'.",
        "The user with id '4' viewed the user report for the course with id '2' for user with id '5'.",
        "The user with id 4 graded  VPL submission with id 9 of user with id 5",
    ],
)
def test_whom_a_deed_is_about_without_an_article(description: str, tmp_path: Path):
    log = log_of(tmp_path, description)
    (row,) = log.rows("activity")
    assert (row["account_id"], row["related_account_id"]) == (log.account("4"), log.account("5"))


# -- who -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["as", "как", "под именем", "від імені", "als", "en tant que", "como"])
def test_log_in_as_is_told_in_each_language(words: str, tmp_path: Path):
    log = log_of(tmp_path, "The user with id '5' viewed the course with id '2'.", user=f"Admin User {words} Ирина Полевая")
    assert log.column("activity", "is_impersonated") == [True]
    assert log.column("accounts", "display_name") == ["Ирина Полевая"]


def test_log_in_as_is_no_act_of_the_person():
    log = read("logged_in_as.csv")
    assert log.column("activity", "is_impersonated") == [True, False]
    assert set(log.column("activity", "account_id")) == {log.account("5")}
    assert log.column("accounts", "display_name") == ["Ирина Полевая"]


def test_guest_has_no_trailing_blanks():
    assert read("guest_with_trailing_blanks.csv").column("accounts", "display_name") == ["Guest user"]


def test_nobody_is_null_and_a_name_is_never_an_id():
    log = read("nobody_and_nameless.csv")
    assert log.column("activity", "account_id") == [None, None, log.account("name:олег степной"), log.account("7")]
    assert log.column("activity", "related_account_id") == [log.account("5"), None, None, None]
    assert {row["native_id"] for row in log.rows("accounts")} == {"5", "7", "name:олег степной"}


# -- which course ----------------------------------------------------------------------------------------------------------------


def test_file_of_one_course_gives_every_row_its_course():
    assert set(read("english_with_bom.csv").column("activity", "course_id")) == {"moodle:course:2"}


def test_log_of_a_site_without_its_column_of_courses_gives_the_only_one_to_its_own_rows(tmp_path: Path):
    rows = [
        ("Front page", "The user with id '5' viewed the course with id '1'."),
        ("User: Ирина Полевая", "The user with id '5' has viewed their dashboard"),
        ("System", "The user with id '5' has logged in."),
        ("Course: Цифровая школа", "The user with id '5' viewed the course with id '2'."),
        ("Course: Цифровая школа", "The user with id '5' assigned the role with id '5' to the user with id '6'."),
        ("Page: Вводная", "The user with id '5' viewed the 'page' activity with course module id '9'."),
    ]
    lines = [f'"21/11/26, 14:05:07",Ирина Полевая,-,{context},System,X,"{description}",web,10.0.0.1' for context, description in rows]
    path = tmp_path / "log.csv"
    path.write_text("\n".join([HEADER.strip(), *lines]) + "\n", "utf-8")
    log = Reading(MoodleLogsReader(), path)
    assert log.column("activity", "course_id") == [None, None, None, *["moodle:course:2"] * 3]
    assert [(row["task_id"], row["course_id"]) for row in log.rows("tasks")] == [("moodle:task:9", "moodle:course:2")]


def test_file_of_two_courses_leaves_module_rows_without_one_and_front_page_is_none():
    log = read("two_courses.csv")
    assert log.column("activity", "course_id") == ["moodle:course:2", "moodle:course:3", None, None]
    assert [row["course_id"] for row in log.rows("courses")] == ["moodle:course:2", "moodle:course:3"]
    assert log.rows("tasks") == []


def test_site_wide_log_has_its_courses_from_the_column():
    log = read("site_with_courses.csv")
    assert log.column("activity", "course_id") == [
        "moodle:course:2",
        "moodle:course:3",
        "moodle:course:2",
        "moodle:course:3",
        "moodle:course:code:PHYS",
        None,
    ]
    assert [(row["course_id"], row["code"], row["name"]) for row in log.rows("courses")] == [
        ("moodle:course:2", "DIGI", "Digital school"),
        ("moodle:course:3", "HIST", "History"),
        ("moodle:course:code:PHYS", "PHYS", None),
    ]
    assert {row["name"]: row["course_id"] for row in log.rows("tasks")} == {
        "Task 1": "moodle:course:2",
        "Test 9": "moodle:course:code:PHYS",
    }


def test_context_names_the_course_where_the_description_does_not(tmp_path: Path):
    lines = (FOLDER / "site_with_courses.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "log.csv"
    path.write_text("\n".join(line.split(",", 1)[1] for line in lines) + "\n", encoding="utf-8")
    ids = read(str(path)).column("activity", "course_id")
    assert ids == ["moodle:course:2", "moodle:course:3", None, "moodle:course:3", None, None]


def test_course_of_the_source_stands_in_where_the_file_names_none():
    assert set(read("two_courses.csv", course="DIGI").column("activity", "course_id")[2:3]) == {"moodle:course:code:DIGI"}


# -- ids -------------------------------------------------------------------------------------------------------------------------


def test_duplicates_are_clicks():
    ids = read("duplicate_clicks.csv").column("activity", "activity_id")
    assert len(set(ids)) == 4
    assert [name.rsplit("-", 1)[1] for name in ids] == ["1", "2", "3", "1"]


def test_overlapping_downloads_give_the_same_ids():
    first, second = (set(read(name).column("activity", "activity_id")) for name in ("duplicate_clicks.csv", "duplicate_clicks_overlap.csv"))
    assert len(first & second) == 3


def test_duplicates_are_numbered_across_blocks(monkeypatch: pytest.MonkeyPatch):
    whole = read("duplicate_clicks.csv").column("activity", "activity_id")
    monkeypatch.setattr(delimited, "CHUNK_BYTES", 130)
    log = read("duplicate_clicks.csv")
    assert log.column("activity", "activity_id") == whole
    assert sum(1 for event in log.events if getattr(event, "record", "") == "activity" and hasattr(event, "table")) > 1


# -- times -----------------------------------------------------------------------------------------------------------------------


def test_day_without_leading_zero_and_time_without_seconds():
    times = read("day_without_leading_zero.csv").column("activity", "occurred_at")
    assert times == [utc(2026, 11, 3, 16, 44, 39), utc(2026, 10, 30, 6, 5), utc(2026, 10, 2, 21)]


def test_month_first_is_seen_by_values_over_twelve():
    times = read("month_first.csv").column("activity", "occurred_at")
    assert times == [utc(2026, 11, 3, 16, 44), utc(2026, 10, 30, 6, 5), utc(2026, 10, 2, 21, 1)]


def test_months_in_words():
    times = read("months_in_words.csv").column("activity", "occurred_at")
    assert times == [utc(2026, 11, 3, 16, 44), utc(2026, 10, 30, 6, 5)]


def test_time_zone_is_the_one_given():
    assert CONTEXT.zone.key == "Europe/Moscow"
    assert read("english_with_bom.csv").rows("activity")[0]["occurred_at"] == utc(2026, 11, 22, 19, 12, 22)


def test_dates_that_do_not_exist_are_rejected_with_their_line():
    log = read("dates_that_do_not_exist.csv")
    assert len(log.rows("activity")) == 1
    assert log.rejected == [
        ("line 3", "a date that does not exist"),
        ("line 4", "a date that does not exist"),
        ("line 5", "a date that does not exist"),
        ("line 6", "a time that is not understood"),
        ("line 7", "a time that is not understood"),
    ]


# -- the file --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "utf16_tabs.csv",
        "utf16_without_bom.csv",
        "cp1251_semicolons.csv",
        "koi8r.csv",
    ],
)
def test_encodings_and_delimiters(name: str):
    log = read(name)
    assert {row["native_id"]: row["display_name"] for row in log.rows("accounts")} == {"5": "Ирина Полевая", "6": "Олег Степной"}
    assert log.column("activity", "action") == ["viewed", "viewed"]


def test_one_byte_of_a_code_page_in_plain_text():
    assert read("one_cp1252_byte.csv").column("tasks", "name") == ["Objects continue…"]


def test_broken_byte_in_utf8_costs_one_letter():
    names = {row["native_id"]: row["display_name"] for row in read("utf8_with_a_broken_byte.csv").rows("accounts")}
    assert names["5"] == "Ирина Полевая"
    assert names["6"].startswith("Олег Степно")


@pytest.mark.parametrize(
    ("name", "rows"), [("carriage_returns_only.csv", 2), ("mixed_line_ends.csv", 3), ("last_line_without_an_end.csv", 2)]
)
def test_line_ends(name: str, rows: int):
    assert len(read(name).rows("activity")) == rows


def test_line_ends_in_a_field_do_not_shift_the_line_numbers():
    log = read("line_end_in_a_field.csv")
    assert len(log.rows("activity")) == 2
    assert log.rejected == [("line 6", "a date that does not exist")]


def test_rows_that_do_not_fit_are_rejected_and_blank_ones_are_none():
    log = read("rows_that_do_not_fit.csv")
    assert len(log.rows("activity")) == 3
    assert log.rejected == [("line 3", "fewer cells than the header"), ("line 4", "more cells than the header")]


def test_stray_quote_is_text():
    assert len(read("stray_quote.csv").rows("activity")) == 3


@pytest.mark.parametrize("size", [1, 40, 97, 150, 400, 1000])
@pytest.mark.parametrize(
    "name",
    [
        "line_end_in_a_field.csv",
        "rows_that_do_not_fit.csv",
        "stray_quote.csv",
        "mixed_line_ends.csv",
        "carriage_returns_only.csv",
        "utf16_tabs.csv",
    ],
)
def test_size_of_blocks_changes_nothing(name: str, size: int, monkeypatch: pytest.MonkeyPatch):
    whole = read(name)
    monkeypatch.setattr(delimited, "CHUNK_BYTES", size)
    monkeypatch.setattr(delimited, "_ROWS_AT_ONCE", 2)
    pieces = read(name)
    assert pieces.rows("activity") == whole.rows("activity")
    assert pieces.rejected == whole.rejected


@pytest.mark.parametrize("name", ["site_with_courses.csv", "english_with_bom.csv", "nobody_and_nameless.csv", "headers_in_german.csv"])
def test_a_log_of_more_people_and_addresses_than_are_remembered(name: str, monkeypatch: pytest.MonkeyPatch):
    whole = read(name)
    monkeypatch.setattr(delimited, "CHUNK_BYTES", 300)
    for limit in ("_MOST_REMEMBERED", "_MOST_SEARCHED"):
        monkeypatch.setattr(moodle_log_rows, limit, 1)
    pieces = read(name)
    for record in ("activity", "accounts", "courses", "tasks"):
        assert pieces.rows(record) == whole.rows(record)


def test_sep_line_of_excel_is_no_header():
    assert len(read("sep_line.csv").rows("activity")) == 1


def test_columns_in_another_order_and_iso_times():
    (row,) = read("columns_in_another_order.csv").rows("activity")
    assert (row["occurred_at"], row["action"]) == (utc(2026, 11, 22, 19, 12, 22), "viewed")


def test_header_alone_is_an_empty_log():
    log = read("header_only.csv")
    assert log.rows("activity") == []
    assert (log.covers.since, log.covers.until) == (None, None)


# -- what is refused ---------------------------------------------------------------------------------------------------------------


def test_missing_column_is_named_with_what_is_there():
    message = refused("column_missing.csv")
    assert "column_missing.csv: line 1 (header): expected" in message
    assert "'description' or 'описание'" in message
    assert "'Event name'" in message


def test_cut_inside_a_quote():
    assert refused("cut_inside_a_quote.csv") == (
        "cut_inside_a_quote.csv: line 3: expected a closing quote; found the end of the file: it was cut, or is still being written"
    )


def test_cut_inside_a_row():
    assert refused("cut_inside_a_row.csv") == (
        "cut_inside_a_row.csv: line 3: expected 9 cells; found 3 and the end of the file: it was cut, or is still being written"
    )


@pytest.mark.parametrize("name", ["empty.csv", "only_blank_lines.csv"])
def test_empty_file(name: str):
    assert "found an empty file" in refused(name)


def test_file_without_header_is_refused_without_quoting_it():
    assert "9 cells, none of them a known header" in refused("no_header.csv")


def test_workbook_is_called_one():
    assert "an .xlsx workbook" in refused("an_xlsx_workbook.csv")


def test_another_report_is_called_by_its_name():
    with pytest.raises(BadFile, match=r"found what looks like a Moodle completion report \(kind moodle_reports\)"):
        Reading(MoodleLogsReader(), FIXTURES / "moodle_reports" / "progress_en.csv")
    with pytest.raises(BadFile, match=r"found what looks like survey answers \(kind survey_csv\)"):
        Reading(MoodleLogsReader(), FIXTURES / "surveys" / "google_russian.csv")


def test_cut_gzip(tmp_path: Path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress((FOLDER / "english_with_bom.csv").read_bytes())[:-12])
    with pytest.raises(BadFile, match="expected a whole gzip file"):
        Reading(MoodleLogsReader(), path)


# -- which files -------------------------------------------------------------------------------------------------------------------


def items(path: Path) -> list[str]:
    return [item.name for item in MoodleLogsReader().items(Source(name="log", kind="moodle_logs", path=path), CONTEXT)]


def test_items_are_all_files_below_in_order_but_hidden_ones(tmp_path: Path):
    for name in ("b.csv", "a/z.CSV", "a/y.csv.gz", ".hidden.csv", ".git/x.csv", "~$b.csv", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert items(tmp_path) == ["a/y.csv.gz", "a/z.CSV", "b.csv"]
    assert items(tmp_path / "b.csv") == ["b.csv"]


def test_empty_folder_and_missing_one(tmp_path: Path):
    with pytest.raises(BadSource, match=r"no file ending in \.csv or \.csv\.gz"):
        items(tmp_path)
    with pytest.raises(BadSource, match="there is no file or folder"):
        items(tmp_path / "gone")


def test_gzip_is_read_like_the_plain_file(tmp_path: Path):
    path = tmp_path / "english_with_bom.csv.gz"
    path.write_bytes(gzip.compress((FOLDER / "english_with_bom.csv").read_bytes()))
    assert Reading(MoodleLogsReader(), path).rows("activity") == read("english_with_bom.csv").rows("activity")


# -- other languages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["german", "french", "spanish"])
def test_a_download_in_another_language_is_read_by_the_order_of_its_columns(language: str):
    log = read(f"headers_in_{language}.csv")
    rows = log.rows("activity")
    assert [row["occurred_at"] for row in rows] == [utc(2026, 8, 22, 19, 12, 22), utc(2026, 2, 22, 17), utc(2026, 1, 22, 16)]
    assert [row["action"] for row in rows] == ["viewed", "submitted", "viewed"]
    assert {row["account_id"] for row in rows} == {log.account("5")}
    assert {row["course_id"] for row in rows} == {"moodle:course:2"}
    assert [(row["task_id"], row["kind"], row["name"]) for row in log.rows("tasks")] == [("moodle:task:9", "assignment", "1")]


@pytest.mark.parametrize(
    "header",
    [
        "Назва події,Час,Повне ім'я користувача,Контекст події,Компонент,Опис",
        "Ereignisname,Zeit,Vollständiger Name,Ereigniskontext,Komponente,Beschreibung",
        "Nombre evento,Hora,Nombre completo del usuario,Contexto del evento,Componente,Descripción",
        "Nom de l’événement,Heure,Nom complet de l’utilisateur,Contexte de l’événement,Composant,Description",
        "Nome do evento,Hora,Nome completo,Contexto do Evento,Componente,Descrição",
    ],
    ids=["Ukrainian", "German", "Spanish", "French", "Portuguese"],
)
def test_columns_in_another_language_may_be_fewer_and_in_another_order(header: str, tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text(
        f"{header}\nX,\"21/11/26, 14:05:07\",Ирина Полевая,X: Y,X,The user with id '5' viewed the course with id '2'.\n", "utf-8"
    )
    (row,) = Reading(MoodleLogsReader(), path).rows("activity")
    assert (row["event"], row["occurred_at"], row["course_id"]) == ("X", utc(2026, 11, 21, 11, 5, 7), "moodle:course:2")


def test_columns_in_another_language_are_known_by_their_contents_alone():
    refusal = refused("nine_columns_of_something_else.csv")
    assert "none of them a known header" in refusal


def test_a_module_of_a_type_that_has_no_word_here_is_a_task():
    (task,) = read("a_module_of_another_type.csv").rows("tasks")
    assert (task["task_id"], task["kind"], task["name"]) == ("moodle:task:14", "other", "Вводная")
