"""The morning list: who is on it, in which order, what changed, and that nothing in a name can break a page or a workbook."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from textwrap import wrap

import openpyxl
import pytest

from pipelines.deliveries.lists import lists, wording
from pipelines.deliveries.lists.list_model import SECTIONS
from pipelines.deliveries.shared.language import Language
from pipelines.errors import BadContract
from pipelines.programme import Programme
from tests.unit.deliveries import fixture as made

NAMES = made.NAMES


def built(tables: dict[str, made.Rows], programme: Programme | None = None) -> list:
    with made.warehouse_of(**{"rpt_curators": [made.curator()], **tables}) as warehouse:
        return lists.build_lists(warehouse, programme or made.programme(), made.DAY)


def page(tables: dict[str, made.Rows], folder: Path, language: str = "ru") -> str:
    written = lists.write_lists(built(tables), folder, [language])
    path = next(file.path for file in written if file.kind == "list_html")
    return (folder / path).read_text(encoding="utf-8")


def words(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.S).replace("\u00a0", " ").split())


def test_a_hard_day_fits_into_fifteen_lines_and_says_who_did_not() -> None:
    (item,) = built({**made.full_day(), "rpt_curators": [made.curator()]})
    assert len(item.lines) == 15
    assert len(item.overflow) == len(item.candidates) - 15 > 0
    assert {line.section for line in item.lines} == set(SECTIONS) - {"idle_group"}


def test_no_section_starves_another() -> None:
    waiting = [made.question(number, NAMES[number], 100.0 + number) for number in range(20)]
    mild = [made.at_risk(100 + number, NAMES[number], "medium") for number in range(3)]
    (item,) = built({"rpt_open_questions": waiting, "rpt_at_risk_daily": mild}, made.programme(length=6))
    assert [line.section for line in item.lines] == ["waiting"] * 3 + ["help"] * 3


def test_a_list_shorter_than_the_sections_takes_the_most_urgent() -> None:
    tables = {"rpt_open_questions": [made.question(0, NAMES[0], 100.0)], "rpt_not_reached": [made.not_reached(1, NAMES[1])]}
    (item,) = built(tables, made.programme(length=1))
    assert [line.name for line in item.lines] == [NAMES[0]]


def test_one_person_is_on_a_list_once_with_every_reason() -> None:
    (item,) = built(
        {
            "rpt_open_questions": [made.question(1, NAMES[1], 20.0), made.question(1, NAMES[1], 5.0, question_id="second")],
            "rpt_at_risk_daily": [made.at_risk(1, NAMES[1]), made.at_risk(1, NAMES[1], "medium", target="formal_completion")],
            "rpt_not_reached": [made.not_reached(1, NAMES[1])],
        }
    )
    (line,) = item.lines
    assert (len(line.questions), len(line.risks), len(line.not_reached)) == (2, 2, 1)
    assert line.section == "help"


def test_more_reasons_make_a_line_more_urgent_than_one() -> None:
    (item,) = built(
        {
            "rpt_open_questions": [made.question(1, NAMES[1], 30.0), made.question(2, NAMES[2], 30.0)],
            "rpt_not_reached": [made.not_reached(2, NAMES[2], "silence")],
        }
    )
    assert [line.name for line in item.lines] == [NAMES[2], NAMES[1]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"hours": 40.0}, {"hours": 10.0}, id="the longer wait"),
        pytest.param({"hours": 10.0, "is_technical": True}, {"hours": 10.0}, id="technical trouble"),
        pytest.param({"hours": 10.0}, {"hours": 40.0, "is_doubtful": True}, id="what surely waits"),
    ],
)
def test_urgency_of_questions(first: dict, second: dict) -> None:
    (item,) = built({"rpt_open_questions": [made.question(1, NAMES[1], **second), made.question(2, NAMES[2], **first)]})
    assert [line.name for line in item.lines] == [NAMES[2], NAMES[1]]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"is_doubtful": True, "possibly_answered_at": made.back(1)}, "возможно, отвечено: сообщение куратора, сб 21 ноября"),
        ({"is_doubtful": True, "possibly_answered_at": None}, "возможно, не вопрос"),
        ({"is_doubtful": False, "possibly_answered_at": made.back(1)}, None),
    ],
)
def test_a_doubtful_question_says_why(told: dict, words: str | None) -> None:
    (item,) = built({"rpt_open_questions": [made.question(1, NAMES[1], 30.0, **told)]})
    (question,) = item.lines[0].questions
    head = wording.question_head(question, Language("ru", made.programme().zone))
    assert words in head.replace("\u00a0", " ") if words else "возможно" not in head


def test_sentences_of_a_page_stand_apart(tmp_path: Path) -> None:
    """A template's own line ends are not kept."""
    assert not re.findall(r"[а-яё]{2}[.!?][А-ЯЁ]", words(page({"rpt_open_questions": [made.question(1, NAMES[1], 30.0)]}, tmp_path)))


def test_a_risen_level_comes_before_a_steady_one() -> None:
    steady = made.at_risk(1, NAMES[1], score=0.9)
    risen = made.at_risk(2, NAMES[2], score=0.7, previous_level="medium")
    (item,) = built({"rpt_at_risk_daily": [steady, risen]})
    assert [line.name for line in item.lines] == [NAMES[2], NAMES[1]]


def test_low_risk_alone_is_not_on_the_list_but_its_contacts_are_used() -> None:
    low = made.at_risk(1, NAMES[1], "low", last_contact_at=made.back(3), last_contact_channel="mail")
    (item,) = built({"rpt_at_risk_daily": [low, made.at_risk(2, NAMES[2], "low")], "rpt_open_questions": [made.question(1, NAMES[1], 5.0)]})
    (line,) = item.lines
    assert (line.person_id, line.risks, line.contact.last_channel) == (f"p{1:020d}", (), "mail")


def test_the_last_contact_is_the_last_one_in_any_stream_of_the_curator() -> None:
    """A letter of yesterday would be proposed again where the learner's other stream knows one of last week."""
    rows = [
        made.at_risk(1, NAMES[1], "high", stream_id="a", last_contact_at=made.back(9), last_contact_channel="mail"),
        made.at_risk(1, NAMES[1], "high", stream_id="b", last_contact_at=made.back(2), last_contact_channel="chat"),
        made.at_risk(1, NAMES[1], "high", stream_id="c", last_contact_at=None, last_contact_channel=None),
    ]
    (item,) = built({"rpt_at_risk_daily": rows})
    (line,) = item.lines
    assert (line.contact.last_at, line.contact.last_channel) == (made.back(2), "chat")


@pytest.mark.parametrize(("own", "writer"), [(True, "вы"), (False, "Соколова Анна Петровна"), (None, "Соколова Анна Петровна")])
def test_who_wrote_last_herself_reads_you_and_not_her_own_name(own: bool | None, writer: str) -> None:
    row = made.at_risk(
        1, NAMES[1], last_contact_at=made.back(3), last_contact_channel="mail", last_contact_name="Соколова Анна Петровна", is_last_contact_own=own
    )  # fmt: skip
    (item,) = built({"rpt_at_risk_daily": [row]})
    (line,) = item.lines
    said = wording.last_contact(line.contact, Language("ru", made.programme().zone))
    assert said is not None
    assert said.endswith(f", {writer}")


def test_similar_works_of_two_streams_are_one_line_and_teams_one_work() -> None:
    one = made.similar([(1, NAMES[1]), (2, NAMES[2])])
    other = made.similar([(3, NAMES[3])], stream_id="ЦОС-36/3", stream_title="поток 3")
    one["people"].append({**one["people"][0], "person_id": "p9", "name": NAMES[9]})
    (item,) = built({"rpt_similar_work": [one, other]})
    (line,) = item.lines
    assert line.person_id is None
    assert line.similar is not None
    assert [copier.name for copier in line.similar.people] == [f"{NAMES[1]}, {NAMES[9]}", NAMES[2], NAMES[3]]
    assert line.similar.learners == 4
    assert len(line.streams) == 2


def test_what_changed_is_said_from_the_lists_handed_out_before(tmp_path: Path) -> None:
    tables = {
        "rpt_curators": [made.curator(day=made.DAY - timedelta(days=back)) for back in (0, 1, 2)],
        "rpt_at_risk_daily": [
            *(made.at_risk(1, NAMES[1], "medium", day=made.DAY - timedelta(days=back)) for back in (1, 2)),
            made.at_risk(1, NAMES[1], "high", previous_level=None),
            made.at_risk(2, NAMES[2], day=made.DAY - timedelta(days=1)),
            made.at_risk(3, NAMES[3]),
        ],
    }
    with made.warehouse_of(**tables) as warehouse:
        for back in (2, 1, 0):
            day = made.DAY - timedelta(days=back)
            today = lists.build_lists(warehouse, made.programme(), day)
            lists.remember(warehouse, today, day, lists.write_lists(today, tmp_path))
        again = lists.build_lists(warehouse, made.programme(), made.DAY)
        assert warehouse.value("select count(*) from deliveries.list_items") == 1 + 2 + 2
        assert warehouse.value("select count(*) from deliveries.files where day = ?", [made.DAY]) == 3
    assert again == today
    (item,) = today
    stays, new = (next(line for line in item.lines if line.name == name) for name in (NAMES[1], NAMES[3]))
    assert stays.change is not None
    assert (stays.change.since, stays.change.risen_from) == (made.DAY - timedelta(days=2), "medium")
    assert new.change is not None
    assert new.change.is_new
    assert (item.new_since, item.resolved_since) == (1, 1)


def test_a_line_that_was_away_for_a_day_is_new_again(tmp_path: Path) -> None:
    days = [made.DAY - timedelta(days=back) for back in (2, 1, 0)]
    tables = {
        "rpt_curators": [made.curator(day=day) for day in days],
        "rpt_at_risk_daily": [made.at_risk(1, NAMES[1], day=days[0]), made.at_risk(1, NAMES[1])],
    }
    with made.warehouse_of(**tables) as warehouse:
        for day in days:
            today = lists.build_lists(warehouse, made.programme(), day)
            lists.remember(warehouse, today, day, lists.write_lists(today, tmp_path))
    assert today[0].lines[0].change is not None
    assert today[0].lines[0].change.is_new


def test_a_first_list_says_nothing_of_changes() -> None:
    (item,) = built({"rpt_at_risk_daily": [made.at_risk(1, NAMES[1])]})
    assert (item.previous_day, item.lines[0].change) == (None, None)


def test_a_quiet_day_says_so_and_stops(tmp_path: Path) -> None:
    text = words(page({}, tmp_path))
    assert "Анна Петровна, сегодня никто вас не ждёт." in text
    assert text.endswith("сегодня никто вас не ждёт. Данные на конец дня: воскресенье, 22 ноября.")


@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "Данные на конец дня: воскресенье, 22 ноября"), ("en", "Speaks of what was known at the end of Sunday, 22 November")],
)
def test_a_quiet_day_too_says_up_to_when_its_data_go(language: str, said: str, tmp_path: Path) -> None:
    """A list without a line had no date of its data: nobody could tell quiet from stale."""
    assert said in words(page({}, tmp_path, language))
    assert "Данные на конец дня: воскресенье, 22 ноября" in workbook_of({}, tmp_path)["Сегодня"]["A2"].value.replace("\u00a0", " ")


def test_a_missing_source_is_said_first_even_on_a_quiet_day(tmp_path: Path) -> None:
    sources = [
        made.source("pochta", "late"),
        made.source("chat", "fresh", kind="telegram", problem="messages.json: byte 20312"),
        made.source("zoom", "missing", kind="zoom", covers_until=None),
        made.source("moodle", "fresh", kind="moodle_db"),
    ]
    text = words(page({"rpt_sources": sources, "rpt_open_questions": [made.question(1, NAMES[1], 5.0)]}, tmp_path))
    warned = [text.index(name) for name in ("Вебинары (zoom)", "Почта (pochta)", "Telegram (chat)")]
    assert warned == sorted(warned)
    assert warned[-1] < text.index("Ждут ответа")
    assert "(moodle)" not in text
    assert "Данные есть до вс 22 ноября, 00:00" in text
    assert "Почта (pochta)" in words(page({"rpt_sources": sources}, tmp_path))


def test_a_source_that_was_away_this_night_is_not_said_to_have_brought_nothing_ever(tmp_path: Path) -> None:
    """The LMS refused the log-in for one night: what it had told before is in the list."""
    text = words(page({"rpt_sources": [made.source("sdo", "missing", kind="moodle_db", problem="refused")]}, tmp_path))
    assert "СДО (sdo): новых данных получить не удалось. Данные есть до вс 22 ноября, 00:00" in text
    assert "данных нет совсем" not in text
    text = words(page({"rpt_sources": [made.source("sdo", "missing", kind="moodle_db", covers_until=None)]}, tmp_path))
    assert "СДО (sdo): данных нет совсем" in text
    text = words(page({"rpt_sources": [made.source("chat", "late", kind="telegram", problem="result.json: byte 7")]}, tmp_path))
    assert "Telegram (chat): свежих данных нет, один из файлов не прочитан." in text


def test_the_basis_is_said_when_rules_stand_in(tmp_path: Path) -> None:
    assert "по правилам" in words(page({"rpt_at_risk_daily": [made.at_risk(1, NAMES[1], basis="rules")]}, tmp_path))
    assert "по правилам" not in words(page({"rpt_at_risk_daily": [made.at_risk(1, NAMES[1])]}, tmp_path))


def test_the_page_reads_as_a_curator_would_say_it(tmp_path: Path) -> None:
    text = words(page(made.full_day() | {"rpt_curators": [made.curator()]}, tmp_path))
    for sentence in (
        "понедельник, 23 ноября",
        "не сданы 2 работы подряд (срок был 18 и 20 ноября)",
        "6 дней без единого действия (в потоке обычно 1)",
        "риск вырос: средний → высокий",
        "31 ч без ответа",
        "раньше спрашивали 14 раз",
        "написать: чат курса (отвечает там, обычно 18:00–21:00)",
        "12 ноября, почта, Соколова Анна Петровна",
        "7 работ совпадают с сообщением в чате (пн 16 ноября, 21:00)",
        "Для проверки: что это значит, решает человек.",
        "Здравствуйте, Баир Цыренович!",
        "Связалась",
    ):
        assert sentence in text
    assert re.search(r"Не поместились: \d+ человека?.*\. Полный список на листе «Все» в таблице\.", text)


def test_names_and_texts_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    tables = {
        "rpt_open_questions": [made.question(1, evil, 5.0, '"><img src=x onerror=1>', faq_answer=evil)],
        "rpt_similar_work": [made.similar([(2, evil)], task_name=evil)],
        "rpt_sources": [made.source("pochta", "late", problem=evil)],
    }
    item = built(tables)
    for file in lists.write_lists(item, tmp_path):
        if file.path.endswith("html"):
            content = (tmp_path / file.path).read_text(encoding="utf-8")
            assert "<script" not in content
            assert "<img" not in content
            assert "src=" not in content.replace("src=x onerror", "")


def test_pages_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    for file in lists.write_lists(built(made.full_day()), tmp_path, ["ru", "en"]):
        if file.path.endswith("html"):
            content = (tmp_path / file.path).read_text(encoding="utf-8")
            assert not re.search(r"https?://|@import|url\(|<script|<link", content)
            assert 'lang="' in content
            assert content.count("<h1") == 1


def test_a_question_from_an_address_whose_letters_come_back_says_so_on_the_list(tmp_path: Path) -> None:
    asked = made.question(1, NAMES[1], 31.0, channel="mail", is_address_bounced=True)
    assert "письмо на этот адрес вернулось, ответить другим способом: сообщение в СДО" in words(
        page({"rpt_open_questions": [asked]}, tmp_path)
    )
    asked = made.question(1, NAMES[1], 31.0, channel="mail", is_address_bounced=False)
    assert "ответить там, где спросили: почта" in words(page({"rpt_open_questions": [asked]}, tmp_path))


def workbook_of(tables: dict[str, made.Rows], folder: Path) -> openpyxl.Workbook:
    written = lists.write_lists(built(tables), folder)
    path = next(file.path for file in written if file.kind == "list_xlsx")
    return openpyxl.load_workbook(BytesIO((folder / path).read_bytes()))


def test_the_workbook_has_everybody_marks_and_a_print_setup(tmp_path: Path) -> None:
    book = workbook_of({**made.full_day(), "rpt_curators": [made.curator()]}, tmp_path)
    today, everybody = book["Сегодня"], book["Все"]
    (item,) = built({**made.full_day(), "rpt_curators": [made.curator()]})
    assert today.max_row == 3 + len(item.lines)
    assert everybody.max_row == 3 + len(item.candidates)
    assert [cell.value for cell in today[3]][:5] == ["№", "Раздел", "Слушатель", "Отметка", "До / заметка"]
    (validation,) = today.data_validations.dataValidation
    assert validation.formula1 == '"Связалась,Жду ответа,Решено,Ложная тревога,Отложить до"'
    assert str(validation.sqref) == f"D4:D{3 + len(item.lines)}"
    assert today.freeze_panes == "D4"
    assert today.sheet_properties.pageSetUpPr.fitToPage
    assert (today.page_setup.fitToHeight, today.page_setup.orientation, today.print_title_rows) == (0, "landscape", "$3:$3")
    assert today.auto_filter.ref


def test_an_address_is_printed_on_one_line_and_no_row_cuts_its_words(tmp_path: Path) -> None:
    """Broken in two, an address is typed wrongly off the paper; words that do not fill their lines need more of them than characters tell."""
    address = "konstantinova.elizaveta@school1567.example"
    never = made.never_started(3, NAMES[3], email=address)
    question = made.question(
        1,
        NAMES[1],
        5.0,
        "Переустанавливала видеоконференцсвязь: воспользоваться невозможно, перерегистрироваться бесполезно, администрирование отсутствует",
    )
    sheet = workbook_of({"rpt_never_started": [never], "rpt_open_questions": [question]}, tmp_path)["Сегодня"]
    rows = {row[2].value: row for row in sheet.iter_rows(min_row=4)}
    ways = rows[NAMES[3]][7]
    assert address in ways.value.split()
    assert sheet.column_dimensions["H"].width > len(address)
    asked = rows[NAMES[1]][6]
    lines = sum(len(wrap(part, 36)) for part in asked.value.split("\n"))
    assert lines > sum(1 + len(part) // 36 for part in asked.value.split("\n"))
    assert sheet.row_dimensions[asked.row].height >= 15 * lines
    assert sheet["A1"].value.startswith("Понедельник, 23 ноября.")
    # Without a side to stand on programs disagree whether a cell is indented.
    assert (asked.alignment.horizontal, asked.alignment.indent) == ("left", 1)


def test_a_row_is_not_as_high_as_the_draft_that_nobody_prints(tmp_path: Path) -> None:
    sheet = workbook_of({"rpt_open_questions": [made.question(1, NAMES[1], 5.0, "Когда вебинар?")]}, tmp_path)["Сегодня"]
    (row,) = sheet.iter_rows(min_row=4)
    heights = [sum(len(wrap(part, 34)) or 1 for part in str(cell.value or "").split("\n")) for cell in row[:13]]
    assert heights[11] > 4
    assert sheet.row_dimensions[4].height < 15 * heights[11]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_text_becomes_a_formula(start: str, tmp_path: Path) -> None:
    tables = {"rpt_open_questions": [made.question(1, f"{start}HYPERLINK(1)", 5.0, f"{start}1+1 https://example.org")]}
    sheet = workbook_of(tables, tmp_path)["Сегодня"]
    assert sheet["C4"].value == f"{start}HYPERLINK(1)"
    cells = [cell for row in sheet.iter_rows(min_row=4) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells[1:]} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)


def test_the_same_day_gives_the_same_bytes_and_old_files_go(tmp_path: Path) -> None:
    first = lists.write_lists(built(made.full_day()), tmp_path, ["ru", "en"])
    stale = tmp_path / "lists" / made.DAY.isoformat() / "p999.html"
    stale.write_text("old", encoding="utf-8")
    assert lists.write_lists(built(made.full_day()), tmp_path, ["ru", "en"]) == first
    assert not stale.exists()
    assert {path.name for path in stale.parent.iterdir()} == {Path(file.path).name for file in first}


def test_no_file_name_holds_a_name_and_the_index_names_curators_only(tmp_path: Path) -> None:
    files = lists.write_lists(built(made.full_day()), tmp_path)
    assert all(re.fullmatch(r"[A-Za-z0-9./-]+", file.path) for file in files)
    index = words((tmp_path / f"lists/{made.DAY}/index.html").read_text(encoding="utf-8"))
    assert "Соколова Анна Петровна" in index
    assert not any(name in index for name in made.NAMES)


def test_curators_whose_ids_begin_alike_get_files_of_their_own(tmp_path: Path) -> None:
    twins = [made.curator(curator_id="p12345678901aaa"), made.curator(curator_id="p12345678901bbb")]
    files = [file.path for file in lists.write_lists(built({"rpt_curators": twins}), tmp_path) if file.kind == "list_html"]
    assert len(set(files)) == 2


def test_nulls_are_left_unsaid(tmp_path: Path) -> None:
    bare = made.at_risk(
        1, NAMES[1], course_day=None, course_days=None, previous_level=None, basis=None, levels_7d=None, missed_tasks=None,
        reasons=[made.reason(code, None, None) for code in ("missed_tasks", "silent_days", "no_webinars", "copied_work")],
    )  # fmt: skip
    tables = {
        "rpt_curators": [made.curator(curator_name=None, learners=None)],
        "rpt_at_risk_daily": [{**bare, "learner_name": None}],
        "rpt_open_questions": [
            made.question(2, NAMES[2], 5.0, None, asked_at=None, hours_open=None, channel=None, is_technical=None, asked_before=None)
        ],
        "rpt_never_started": [made.never_started(3, NAMES[3], enrolled_at=None, method=None, is_bulk_enrolled=None, days_since_start=None)],
        "rpt_not_reached": [made.not_reached(4, NAMES[4], subject=None, sent_at=None, notices_in_row=None, next_channel=None)],
        "rpt_similar_work": [{**made.similar([(5, NAMES[5])], task_name=None, source_at=None), "people": None}],
    }
    for language in ("ru", "en"):
        assert "None" not in page(tables, tmp_path, language)


def test_a_missing_column_is_a_clear_error() -> None:
    with made.warehouse_of(rpt_curators=[made.curator()]) as warehouse:
        warehouse.connection.execute("alter table reports.rpt_open_questions drop column hours_open")
        with pytest.raises(BadContract, match=r"rpt_open_questions.*hours_open"):
            lists.build_lists(warehouse, made.programme(), made.DAY)
        warehouse.connection.execute("drop table reports.rpt_curators")
        with pytest.raises(BadContract, match="rpt_curators"):
            lists.build_lists(warehouse, made.programme(), made.DAY)


def test_evidence_shows_both_texts_with_the_shared_runs(tmp_path: Path) -> None:
    tables = {"rpt_curators": [made.curator()], "rpt_similar_work": [made.similar([(13, NAMES[13]), (14, NAMES[14]), (15, NAMES[15])])]}
    with made.warehouse_of(**tables) as warehouse:
        made.add_copies(warehouse, [13, 14])
        item = lists.build_lists(warehouse, made.programme(), made.DAY)
    files = lists.write_lists(item, tmp_path)
    evidence = next(file for file in files if file.kind == "copies_html")
    content = (tmp_path / evidence.path).read_text(encoding="utf-8")
    assert content.count("<mark>Цифровой ресурс я использую на этапе мотивации: ученики смотрят короткий ролик<sup>1</sup></mark>") == 4
    assert "внутри 2 невидимых знака" in words(content)
    assert "текста нет" in words(content)  # the third work has no pair in the links
    listed = next(file for file in files if file.kind == "list_html")
    assert Path(evidence.path).name in (tmp_path / listed.path).read_text(encoding="utf-8")


def test_evidence_tells_what_files_say_and_keeps_silent_about_what_they_do_not(tmp_path: Path) -> None:
    tables = {"rpt_curators": [made.curator()], "rpt_similar_work": [made.similar([(13, NAMES[13]), (14, NAMES[14])])]}
    with made.warehouse_of(**tables) as warehouse:
        made.add_copies(warehouse, [13, 14])
        warehouse.connection.execute(
            "update links.copies set same_author = true, same_creation = false, shared_revisions = 3, unseen_letters = 12 where later_id = 'moodle:submission:13'"
        )
        item = lists.build_lists(warehouse, made.programme(), made.DAY)
    evidence = next(file for file in lists.write_lists(item, tmp_path) if file.kind == "copies_html")
    content = words((tmp_path / evidence.path).read_text(encoding="utf-8"))
    for note in ("назван один и тот же автор", "3 общих сеанса правки", "12 букв, которых не видно"):
        assert content.count(note) == 1
    assert "созданы в один" not in content


def test_the_english_page_is_english(tmp_path: Path) -> None:
    tables = {"rpt_curators": [made.curator(curator_name="Anna Petrova", streams=[])], "rpt_at_risk_daily": [
        made.at_risk(1, "Viktor Kim", course_name="DR-36", stream_title="stream 2", reasons=[made.reason("missed_tasks", "tasks_missed_in_row", 1.0)])
    ]}  # fmt: skip
    text = words(page(tables, tmp_path, "en"))
    assert "Anna, 1 person needs you today." in text
    assert "1 task not handed in" in text
    assert not re.search(r"[А-Яа-я]", text.replace("Цифровая школа", ""))
    assert Language("en", made.programme().zone).long_date(made.DAY) == "Sunday, 22 November"


def test_an_old_question_comes_after_a_high_risk_and_before_a_medium_one() -> None:
    tables = {
        "rpt_open_questions": [made.question(1, "Гусева Марина", 24.0 * 20)],
        "rpt_at_risk_daily": [made.at_risk(2, "Доржиев Баир"), made.at_risk(3, "Ли Анна", level="medium")],
    }
    urgency = {line.name: line.urgency for line in built(tables)[0].lines}
    assert urgency["Доржиев Баир"] > urgency["Гусева Марина"] > urgency["Ли Анна"]


def test_who_never_came_stands_apart_and_is_not_counted_up(tmp_path: Path) -> None:
    tables = {
        "rpt_at_risk_daily": [made.at_risk(1, "Гусева Марина", reasons=[made.reason("silent_days", "silent_days", 20.0, 1.0)])],
        "rpt_never_started": [made.never_started(1, "Гусева Марина", phone=None)],
    }
    line = built(tables)[0].lines[0]
    assert line.section == "never_started"
    text = words(page(tables, tmp_path))
    assert "20 дней без входа" not in text
    assert "позвонить" not in text.split("Черновик")[0]


def test_curators_of_one_stream_know_of_each_other(tmp_path: Path) -> None:
    second = made.curator(curator_id="p9f", curator_name="Ершов Павел Ильич")
    tables = {"rpt_curators": [made.curator(), second], "rpt_at_risk_daily": [made.at_risk(1, "Гусева Марина")]}
    assert "Этих же слушателей видят: Ершов Павел Ильич." in words(page(tables, tmp_path))


def test_an_answer_said_to_somebody_by_name_never_goes_into_a_draft(tmp_path: Path) -> None:
    personal = made.question(1, "Гусева Марина", 30.0, asked_before=14, faq_answer="Наталья, продлила вам срок.")
    text = words(page({"rpt_open_questions": [personal]}, tmp_path))
    assert "Наталья" not in text
    assert "Как отвечали раньше Продлила вам срок." in text
    assert "[ваш ответ]" in text
    common = made.question(1, "Гусева Марина", 30.0, asked_before=14, faq_answer="Здравствуйте, кнопка внизу.")
    text = words(page({"rpt_open_questions": [common]}, tmp_path))
    assert text.count("Здравствуйте, кнопка внизу.") == 2
    assert "[ваш ответ]" not in text


def test_many_questions_leave_places_for_those_who_need_help() -> None:
    tables = {
        "rpt_open_questions": [made.question(number, f"Спросил {number}", 60.0) for number in range(1, 20)],
        "rpt_at_risk_daily": [made.at_risk(number, f"В риске {number}", level="medium") for number in range(30, 36)],
    }
    sections = [line.section for line in built(tables)[0].lines]
    assert (sections.count("waiting"), sections.count("help")) == (11, 4)


def test_a_file_posted_in_the_chat_is_named_as_the_source(tmp_path: Path) -> None:
    tables = {"rpt_curators": [made.curator()], "rpt_similar_work": [made.similar([(13, NAMES[13]), (14, NAMES[14])], source_in_file=True)]}
    with made.warehouse_of(**tables) as warehouse:
        made.add_copies(warehouse, [13, 14])
        warehouse.connection.execute("update personal.messages set text = 'держите' where message_id = 'telegram:message:5:77'")
        insert = warehouse.connection.execute
        insert("insert into raw.message_files values ('telegram:message:5:77', 'h', 9, 'x', 'x', null)")
        insert("insert into personal.file_texts (content_hash, text) values ('h', 'Ключ к заданию, всё целиком')")
        insert("update links.copies set earlier_in_file = true where later_id = 'moodle:submission:13'")
        insert(
            "update links.copies set earlier_in_file = true, same_file = true, matched_words = 0, later_share = 1 where later_id = 'moodle:submission:14'"
        )
        item = lists.build_lists(warehouse, made.programme(), made.DAY)
    files = lists.write_lists(item, tmp_path)
    content = words((tmp_path / next(file for file in files if file.kind == "copies_html").path).read_text(encoding="utf-8"))
    assert "файл в сообщении чата" in content
    assert content.count("стоит в файле, выложенном в чат") == 2
    # What was typed stands before what the file holds, as the places of passages count.
    assert "держите Ключ" in " ".join(content.split())
    # Of equal files no words were compared.
    assert content.count("байт в байт") == 1
    assert "0 слов" not in content
    listed = words((tmp_path / next(file for file in files if file.kind == "list_html").path).read_text(encoding="utf-8"))
    assert "2 работы совпадают с файлом, выложенным в чат" in listed
