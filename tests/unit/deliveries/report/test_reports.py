"""The weekly report: page and PDF of one model, no names, no small groups, the same bytes again."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from pipelines.deliveries.report import charts, frozen, report_pdf, report_sections, report_xlsx, reports
from pipelines.deliveries.report.report_model import CONDITIONS
from pipelines.deliveries.report.report_words import document, stream_label
from pipelines.deliveries.report.reports import without_names
from pipelines.deliveries.shared.language import Language
from pipelines.errors import BadContract
from pipelines.intervals import wilson
from tests.unit.deliveries import fixture as made

pytestmark = pytest.mark.usefixtures("drawn_once")


def test_main_points_say_figures_with_interval_and_comparison() -> None:
    text = made.said(made.built())
    for sentence in (
        "Неделя 47 · 16–22 ноября 2026",
        "2 курса, 4 потока, 333 слушателя",
        "Вопросы с ответом за 24 часа: 71 % (62–79 %); неделю назад 83 %.",
        "ЦОС-36, поток 2: к 12-му дню первую работу сдали 72 % (предыдущий поток в тот же день: 86 %).",
        "Предупреждения четырёхнедельной давности: из названных (40) ушли 26; из неназванных (772) 31.",
        "Почта (pochta): свежих данных нет, один из файлов не прочитан, известно по пт 20 ноября, 23:00: не хватает вопросов и ответов по почте",
    ):
        assert sentence in text


def test_a_difference_inside_the_interval_is_called_chance() -> None:
    steady = made.figure_row("flexibility", "answered_within_24h", 0.5, low=0.4, high=0.6, previous=0.55)
    assert "(разница не больше случайной)" in made.said(made.built({"rpt_week_conditions": [steady]}))
    moved = made.figure_row("flexibility", "answered_within_24h", 0.5, low=0.4, high=0.6, previous=0.7)
    assert "(разница не больше случайной)" not in made.said(made.built({"rpt_week_conditions": [moved]}))


def test_what_moved_beyond_chance_is_a_main_point_and_what_did_not_is_none() -> None:
    def points(previous: float) -> list[str]:
        row = made.figure_row("support", "contacted_share", 0.5, low=0.4, high=0.6, previous=previous)
        report = made.built({"rpt_week_conditions": [row], "rpt_week_streams": [made.stream_row("поток 1")]})
        return document(report, Language("ru", report.zone))["sections"][0]["blocks"][0]["items"]

    assert "Слушатели, которым писали лично: 50\u00a0% (40–60\u00a0%); неделю назад 70\u00a0%." in points(0.7)
    assert "Остальные показатели за неделю не изменились больше случайного." in points(0.55)
    assert not any("писали лично" in point for point in points(0.55))


def test_small_groups_are_hidden_everywhere() -> None:
    tables = {
        "rpt_week_streams": [made.stream_row("поток 9", 9, active_share=0.777)],
        "rpt_week_conditions": [made.figure_row("practice", "copied_task_share", 0.777, 9, previous=0.777)],
        "rpt_week_survey": [made.survey_row("Содержание", (0.0, 0.0, 0.0, 0.223, 0.777), n=9)],
        "rpt_week_aspects": made.aspect_rows(n=9),
        "rpt_week_warnings": [{"week_ends_on": made.WEEK, "warned": 9, "warned_dropped": 7, "unwarned": 77, "unwarned_dropped": 3}],
    }
    report = made.built(tables)
    assert "0.777" not in str(report)
    text = made.said(report)
    assert "78 %" not in text
    assert "<10" in text
    assert report.warned is not None
    assert (report.warned.warned_dropped, report.warned.unwarned_dropped) == (None, 3)


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [("ru", "Содержание", "Двусторонняя обратная связь"), ("en", "Content", "Two-way feedback")],
)
def test_the_ten_aspects_stand_in_the_two_tables_of_the_study(language: str, first: str, last: str) -> None:
    report = made.built(made.full_week() | {"rpt_week_aspects": made.aspect_rows()})
    speaker = Language(language, report.zone)
    (section,) = (one for one in document(report, speaker)["sections"] if one["title"] == speaker.say("Surveys"))
    tables = [block for block in section["blocks"] if block["kind"] == "table" and block["columns"][0]["title"] == speaker.say("Aspect")]
    assert [len(table["rows"]) for table in tables] == [4, 6]
    rows = [row for table in tables for row in table["rows"]]
    assert (rows[0][0], rows[-1][0]) == (first, last)
    shown = [tuple(int(cell.rstrip("%").strip()) for cell in row[2:7]) for row in rows]
    assert shown == [per_cents for _, per_cents in made.ASPECTS.values()]
    vulnerable = [row[0] for row in rows if row[-1].startswith("▲")]
    assert len(vulnerable) == 6


def test_an_item_that_is_an_aspect_is_not_shown_twice() -> None:
    mapped = made.survey_row("Доступно ли изложено содержание?", (0.0, 0.0, 0.24, 0.43, 0.33), course=None) | {"aspect": "content"}
    report = made.built(made.full_week() | {"rpt_week_aspects": made.aspect_rows(), "rpt_week_survey": [mapped]})
    assert "Доступно ли" not in made.said(report)
    assert "Содержание" in made.said(report)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Анне Петровне писали, а Гусевой нет", "[…] писали, а […] нет"),
        ("Спросите у @marina_g или +7 900 000-00-12", "Спросите у […] или […]"),
        ("Смотрите https://example.org/a?b=1 и a.b@example.org", "Смотрите […] и […]"),
        ("Задание по марине сдано", "Задание по марине сдано"),
        ("Пишите: Гусева М. О., кабинет 5", "Пишите: […], кабинет 5"),
        ("Отвечает Сергей Ильич", "Отвечает Сергей […]"),
    ],
)
def test_names_are_masked(text: str, masked: str) -> None:
    stems = frozenset({"анна"[:4], "анн", "анне", "гусев", "гусе"})
    assert without_names(text, stems) == masked


def test_no_name_of_the_warehouse_is_in_the_report() -> None:
    text = made.said(made.built())
    assert not re.search(r"Гусев|Марин|Соколов|Петровн|marina_g|example\.org", text)
    assert "как прикрепить файл?" in text


def test_every_condition_has_a_page_with_its_definitions() -> None:
    report = made.built()
    assert {figure.condition for figure in report.figures} == set(CONDITIONS)
    for code in ("ru", "en"):
        words = document(report, Language(code, report.zone))
        pages = words["sections"][3:8]
        assert [page["break_before"] for page in pages] == [True, False, False, False, False]
        for page in pages:
            assert {block["kind"] for block in page["blocks"]} >= {"table", "definitions", "picture"}
        assert len({section["title"] for section in words["sections"]}) == 18


def test_the_trend_is_drawn_from_three_weeks_on() -> None:
    assert set(made.built().trend) == {"answered_within_24h", "missed_task_share"}
    assert "trend" in document(made.built(), Language("ru", made.built().zone))["pictures"]
    two = [made.past_figure("flexibility", "answered_within_24h", 0.5, back) for back in (0, 1)]
    assert made.built(made.full_week() | {"rpt_week_figures": two}).trend == {}
    few = [made.past_figure("flexibility", "answered_within_24h", 0.5, back, n=9 if back == 1 else 50) for back in (0, 1, 2)]
    assert made.built(made.full_week() | {"rpt_week_figures": few}).trend == {}


@pytest.mark.parametrize("weeks", [3, 7, 8, 11, 26])
def test_dates_and_names_of_the_trend_stand_apart(weeks: int) -> None:
    points = [(made.WEEK - timedelta(weeks=back), 0.5) for back in reversed(range(weeks)) if back != 1]
    name = "Анкета: содержание и практика, недовольны или не определились"
    picture = charts.trend([(name, points), ("Просрочены", points)], Language("ru", made.programme().zone))
    # matplotlib writes what the outlines say as comments.
    said = re.findall(r"<!-- (.*?) -->", picture)
    dates = [text for text in said if re.fullmatch(r"\d{1,2} [а-я]+", text)]
    assert 2 <= len(dates) <= charts.DATES_MOST
    assert dates[-1] == "22 ноября" or "22 ноября" in dates
    named = [text for text in said if text in name or text == "Просрочены"]
    assert " ".join(named[:-1]) == name
    assert max(map(len, named)) <= charts.LEGEND_CHARACTERS


@pytest.mark.parametrize("name", ["Начали", "Сдали половину положенных работ"])
@pytest.mark.parametrize("number", ["9", "50 000"])
def test_a_text_beside_a_bar_ends_inside_the_picture(name: str, number: str) -> None:
    picture = charts.steps([(name, 1.0), ("Завершили", 0.0)], [number, "0"], Language("ru", made.programme().zone))
    width = float(re.findall(r'viewBox="0 0 ([0-9.]+)', picture)[0])
    (text,) = re.findall(rf"<!-- 100.% · {number} -->(.*?)</g>", picture, re.DOTALL)
    left, scale = map(float, re.findall(r"translate\(([0-9.]+) [0-9.]+\) scale\(([0-9.]+)", text)[0])
    last = float(re.findall(r"<use [^>]*translate\(([0-9.]+)", text)[-1])
    digit = 63.6  # width of DejaVu's digits in the outlines' unit
    assert 0.93 * width < left + scale * (last + digit) < width


def test_page_and_pdf_say_the_same_and_no_table_is_cut_off() -> None:
    report = made.built()
    files = frozen.bytes_of(report, "ru")
    page = files["report.ru.html"].decode()
    assert not re.search(r"https?://|<script|@import|url\(", page)
    with pypdfium2.PdfDocument(files["report.ru.pdf"]) as opened:
        text = ""
        for number in range(len(opened)):
            sheet = opened[number]
            width, _height = sheet.get_size()
            content = sheet.get_textpage()
            text += content.get_text_bounded()
            for place in range(content.count_chars()):
                left, _bottom, right, _top = content.get_charbox(place)
                assert right <= width - 40 or left == right  # inside the right margin (17 mm is 48 pt)
    squeezed = re.sub(r"[\s\u00ad\ufffe-]", "", text)
    words = document(report, Language("ru", report.zone))
    for section in words["sections"]:
        assert re.sub(r"[\s-]", "", section["title"]) in squeezed
        assert section["title"] in page
    for point in words["sections"][0]["blocks"][0]["items"]:
        assert re.sub(r"[\s-]", "", point)[:40] in squeezed


def overlaps(pdf: bytes) -> list[str]:
    """Places where a letter lies upon its neighbour of the same line: what is wider than its column runs into the next one."""
    found = []
    with pypdfium2.PdfDocument(pdf) as opened:
        for number in range(len(opened)):
            content = opened[number].get_textpage()
            lines: dict[float, list[tuple[float, float, str]]] = {}
            for place in range(content.count_chars()):
                left, bottom, right, _ = content.get_charbox(place)
                letter = content.get_text_range(place, 1)
                if right > left and letter.strip():
                    lines.setdefault(round(bottom), []).append((left, right, letter))
            for line in lines.values():
                line.sort()
                for (begin, end, one), (start, _, other) in pairwise(line):
                    # Letters of one ligature have one box.
                    if start < end - 2.0 and start > begin:
                        found.append(f"page {number + 1}: {one}{other} in {''.join(letter for *_, letter in line)[:60]}")
    return found


@pytest.mark.parametrize("code", ["ru", "en"])
def test_no_cell_of_the_pdf_runs_into_its_neighbour(code: str) -> None:
    assert overlaps(frozen.bytes_of(made.built(), code)[f"report.{code}.pdf"]) == []


def test_every_heading_of_the_russian_report_is_russian() -> None:
    """A word that has translations in a context only is in none where the context is forgotten."""
    headings: list[str] = []

    def gather(part: object) -> None:
        if isinstance(part, dict):
            headings.extend(str(part[name]) for name in ("title", "heading") if isinstance(part.get(name), str))
            headings.extend(str(column.get("title", "")) for column in part.get("columns", ()) if isinstance(column, dict))
            for inner in part.values():
                gather(inner)
        elif isinstance(part, list | tuple):
            for inner in part:
                gather(inner)

    report = made.built()
    gather(document(report, Language("ru", report.zone))["sections"])
    assert len(headings) > 60
    assert [heading for heading in headings if re.search(r"[A-Za-z]{3,}", heading)] == []


def test_a_word_wider_than_its_share_of_the_line_gets_a_wider_column() -> None:
    long = {"title": "Предпоследний", "align": "right", "width": 0.2}
    columns = [{"title": "Курс", "align": "left", "width": 9.0}, *({**long, "title": f"{long['title']}{number}"} for number in range(4))]
    table = {"kind": "table", "columns": columns, "rows": [["ЦОС-36", "1 234 567", "12 %", "—", "<10"]], "caption": ""}
    section = {"title": "Таблица", "break_before": False, "id": "s1", "blocks": [table]}
    words = document(made.built(), Language("ru", made.built().zone)) | {"sections": [section], "pictures": {}}
    assert overlaps(report_pdf.pdf_of(words, "ru")) == []


def test_markup_in_a_text_stays_text() -> None:
    evil = '<script>alert(1)</script> #read("/etc/passwd") $x$ *bold*'
    tables = made.full_week() | {"rpt_week_survey": [made.survey_row(evil, (0.1, 0.1, 0.2, 0.3, 0.3), course=evil)]}
    files = frozen.bytes_of(made.built(tables), "en")
    assert b"<script" not in files["report.en.html"]
    with pypdfium2.PdfDocument(files["report.en.pdf"]) as opened:
        text = "".join(opened[number].get_textpage().get_text_bounded() for number in range(len(opened)))
    assert "*bold*" in re.sub(r"\s", "", text)


def test_a_week_with_almost_nothing_still_makes_a_report() -> None:
    report = made.built({"rpt_week_streams": [made.stream_row("поток 1", None, course_day=None, active_share=None)]})
    text = made.said(report)
    assert "за эту неделю данных нет" in text
    assert "None" not in text
    assert len(frozen.bytes_of(report, "en")) == 3


def test_a_week_between_streams_says_so_and_claims_nothing_of_the_rest() -> None:
    """It said that the other indicators had not moved, of a week in which there was nothing to move."""
    report = made.built({**made.full_week(), "rpt_week_streams": []})
    first = document(report, Language("ru", report.zone))["sections"][0]
    points = [point for block in first["blocks"] if block["kind"] == "points" for point in block["items"]]
    assert points[0] == "На этой неделе не шёл ни один поток."
    assert not any("не изменились" in point for point in points)
    assert any("Вопросы с ответом за 24 часа" in point for point in points)


def test_brackets_are_explained_where_there_are_some() -> None:
    explained = "В скобках: предыдущий поток в тот же день курса."
    week = made.full_week()
    assert explained in made.said(made.built(week))
    first = [{name: None if name.endswith("_earlier_stream") else value for name, value in row.items()} for row in week["rpt_week_streams"]]
    assert explained not in made.said(made.built({**week, "rpt_week_streams": first}))


def test_a_source_that_was_away_is_told_with_what_is_known_of_it() -> None:
    week = made.full_week()
    lms, mail = week["rpt_week_quality"]
    report = made.built({**week, "rpt_week_quality": [{**lms, "state": "missing"}, {**mail, "state": "missing", "covers_until": None}]})
    away, never = report_sections.missing(report, Language("ru", report.zone))
    assert away.startswith("СДО (moodle): новых данных получить не удалось, известно по ")
    assert never.startswith("Почта (pochta): не пришло ничего:")


def test_a_week_that_was_not_built_or_a_missing_column_is_a_clear_error() -> None:
    with pytest.raises(BadContract, match="2026-11-22"):
        made.built({})
    with made.warehouse_of(**made.full_week()) as warehouse:
        warehouse.connection.execute("alter table reports.rpt_week_survey drop column share_3")
        with pytest.raises(BadContract, match=r"rpt_week_survey.*share_3"):
            reports.build_report(warehouse, made.programme(), made.WEEK)


def test_wilson_interval_agrees_with_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20, method 3.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_the_workbook_has_the_numbers_of_the_page_and_none_that_it_hides() -> None:
    report = made.built()
    language = Language("ru", report.zone)
    book = openpyxl.load_workbook(BytesIO(report_xlsx.workbook_of(report, language)))
    assert book.sheetnames == [
        "conditions", "streams", "survey", "survey_items", "trend", "questions", "funnel", "risk", "latency", "feedback", "works", "trouble", "lists", "quality",
        "warnings",
    ]  # fmt: skip
    rows = list(book["conditions"].iter_rows(min_row=2, values_only=True))
    assert {(row[1], row[3]) for row in rows} == {(figure.indicator, figure.value) for figure in report.figures}
    hidden = [row for row in report.streams if row.is_hidden]
    assert hidden
    cells = {row[0]: row for row in book["streams"].iter_rows(min_row=2, values_only=True)}
    for row in hidden:
        found = cells[stream_label(row)]
        assert found[2] in (None, "<10")
        assert set(found[3:]) == {None}
    assert report_xlsx.workbook_of(report, language) == report_xlsx.workbook_of(report, language)


def test_the_queries_of_the_dashboard_page_run_and_find_something() -> None:
    page = (Path(__file__).parents[4] / "docs" / "bi.md").read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", page, flags=re.S)
    with made.warehouse_of(**made.full_week()) as warehouse:
        found = [len(warehouse.rows(query)) for query in queries]
    assert len(found) == 4
    assert all(found[:3])


def test_a_chart_explains_the_marks_that_are_drawn_and_no_others() -> None:
    """In the first stream's first week captions spoke of hollow marks and triangles, of which there were none."""
    one = charts.Dot("a", 0.5, 0.4, 0.6)
    assert charts.drawn_marks([one]) == (True, False, False)
    assert charts.drawn_marks([one, charts.Dot("b", None, previous=0.1, earlier_stream=0.0)]) == (True, True, True)
    drawn = charts.dots([one], Language("en", UTC), legend=("now", "before", "earlier"))
    assert [f"<!-- {name} -->" in drawn for name in ("now", "before", "earlier")] == [True, False, False]
