"""Tables in every form: the same rows, and nothing that a hostile file can do but be refused."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import json
import resource
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import BadFile
from pipelines.sources.formats.tables import RowTable, open_table
from pipelines.sources.formats.workbooks import MOST_COLUMNS, number_text
from pipelines.sources.lms.moodle_logs import MoodleLogsReader
from pipelines.sources.lms.moodle_reports import MoodleReportsReader
from tests.unit.sources import table_forms
from tests.unit.sources.report_reading import FIXTURES, Reading

LOG = FIXTURES / "moodle_logs" / "english_with_bom.csv"
ROWS = [["Name", "Email address", "Note"], ["Ирина", "irina@example.org", "a < b & c"], ["Олег", "", "two\nlines"], ["Анна", "x", ""]]


def cells_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def read(path: Path, words: tuple[str, ...] = ("name", "email address")) -> list[list[str]]:
    table = open_table(path, words)
    header = table.header()
    rows = [list(row) for block in table.blocks(header) for row in zip(*(column.to_pylist() for column in block.columns), strict=True)]
    return [list(header.cells), *rows]


def refused(path: Path) -> str:
    start = time.process_time()
    with pytest.raises(BadFile) as error:
        read(path)
    assert time.process_time() - start < 5
    return str(error.value)


@pytest.mark.parametrize("form", table_forms.FORMS)
def test_every_form_gives_the_same_cells(form: str, tmp_path: Path):
    if form == "json_of_cells.json":
        pytest.skip("has no header: the log's test reads it")
    path = table_forms.FORMS[form](tmp_path / form, ROWS)
    assert read(path) == ROWS


@pytest.mark.parametrize("form", table_forms.FORMS)
@pytest.mark.parametrize("name", ["english_with_bom.csv", "two_courses.csv", "duplicate_clicks.csv"])
def test_every_form_of_a_log_gives_the_same_rows(name: str, form: str, tmp_path: Path):
    fixture = FIXTURES / "moodle_logs" / name
    path = table_forms.FORMS[form](tmp_path / form, cells_of(fixture))
    expected, found = Reading(MoodleLogsReader(), fixture), Reading(MoodleLogsReader(), path)
    for record in ("activity", "accounts", "courses", "tasks"):
        assert found.rows(record) == expected.rows(record)


@pytest.mark.parametrize("form", ["excel_of_moodle.xlsx", "excel_of_people.xlsx", "open_document.ods"])
@pytest.mark.parametrize("name", ["progress_en.csv", "course_completion_ru.csv"])
def test_completion_reports_as_workbooks(name: str, form: str, tmp_path: Path):
    fixture = FIXTURES / "moodle_reports" / name
    path = table_forms.FORMS[form](tmp_path / form, cells_of(fixture))
    expected, found = (Reading(MoodleReportsReader(), file, course="DIGI") for file in (fixture, path))
    assert expected.rows("completions")
    for record in ("completions", "outcomes", "accounts"):
        assert found.rows(record) == expected.rows(record)


def test_rejects_of_a_workbook_name_its_row(tmp_path: Path):
    rows = cells_of(LOG)
    path = table_forms.excel_of_moodle(tmp_path / "log.xlsx", [*rows, ["31/02/26, 10:00", *rows[1][1:]]])
    assert Reading(MoodleLogsReader(), path).rejected == [(f"row {len(rows) + 1}", "a date that does not exist")]


def test_records_of_json_with_other_keys_are_rejected(tmp_path: Path):
    path = tmp_path / "log.json"
    row = dict(zip(*cells_of(LOG)[:2], strict=True))
    path.write_text(json.dumps([[row, {**row, "Stranger": "x"}]]), encoding="utf-8")
    assert Reading(MoodleLogsReader(), path).rejected == [("record 2", "more cells than the header")]


def test_dates_and_numbers_of_excel(tmp_path: Path):
    book = openpyxl.Workbook()
    moment = datetime.datetime(2026, 9, 15, 19, 30, 22)
    book.active.append(["Name", "Email address", "A", "B", "C", "D"])
    book.active.append([moment, datetime.date(2026, 9, 15), 5, 0.1 + 0.2, True, None])
    book.active.append(["x", "y", 12345678901, -3.5, "", "end"])
    book.save(tmp_path / "book.xlsx")
    assert read(tmp_path / "book.xlsx")[1:] == [
        ["2026-09-15 19:30:22", "2026-09-15", "5", "0.3", "TRUE", ""],
        ["x", "y", "12345678901", "-3.5", "", "end"],
    ]


def test_values_of_open_document(tmp_path: Path):
    more = (
        "<table:table-row><table:table-cell office:value-type='float' office:value='85.50'><text:p>85,5</text:p></table:table-cell>"
        "<table:table-cell office:value-type='date' office:date-value='2026-09-15T19:30:22'><text:p>15.09.26</text:p></table:table-cell>"
        "<table:table-cell table:number-columns-repeated='2'><text:p>a<text:s text:c='2'/>b</text:p></table:table-cell>"
        "<table:table-cell table:number-columns-repeated='16000'/></table:table-row>"
        "<table:table-row table:number-rows-repeated='1048000'><table:table-cell table:number-columns-repeated='16384'/></table:table-row>"
    )
    path = table_forms.open_document(tmp_path / "book.ods", [["Name", "Email address", "A", "B"]], more=more)
    assert read(path)[1:] == [["85.5", "2026-09-15 19:30:22", "a  b", "a  b"]]


@pytest.mark.parametrize(("text", "plain"), [("5", "5"), ("85.50", "85.5"), ("1E-1", "0.1"), ("x", "x"), ("0.30000000000000004", "0.3")])
def test_numbers_as_people_write_them(text: str, plain: str):
    assert number_text(text) == plain


def test_rows_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.sources.formats.tables._ROWS_AT_ONCE", 2)
    path = table_forms.excel_of_moodle(tmp_path / "a.xlsx", ROWS)
    assert read(path) == ROWS
    table = open_table(path, ("name",))
    assert [list(block.lines) for block in table.blocks(table.header())] == [[2, 3], [4]]


# -- hostile ------------------------------------------------------------------------------------------------------------------------

_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def sheet(path: Path, rows: str, before: str = "") -> Path:
    return table_forms.workbook(path, {"xl/worksheets/sheet1.xml": before + _SHEET.format(rows)})


def test_cell_at_the_far_corner_costs_nothing(tmp_path: Path):
    path = sheet(
        tmp_path / "a.xlsx", '<row r="1"><c t="str"><v>Name</v></c></row><row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row>'
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (header, row) = read(path)
    assert len(header) == len(row) == MOST_COLUMNS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_columns_beyond_excel_s_are_refused(tmp_path: Path):
    assert "at most 16384 columns" in refused(sheet(tmp_path / "a.xlsx", '<row r="1"><c r="ZZZ1"><v>1</v></c></row>'))


def test_rows_without_end_are_refused(tmp_path: Path):
    path = sheet(tmp_path / "a.xlsx", "<row><c t='str'><v>Name</v></c></row>" + "<row/>" * 1_048_576)
    assert "at most 1048576 rows" in refused(path)


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(100):
                member.write(b" " * (1 << 20))
    assert "100 MiB packed into" in refused(tmp_path / "a.xlsx")


def test_entities_are_refused(tmp_path: Path):
    document = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    assert "no document type" in refused(sheet(tmp_path / "a.xlsx", "<row><c t='str'><v>&b;</v></c></row>", document))


@pytest.mark.parametrize("encoding", ["no-such", "utf-7", "shift_jis", "rot13"])
def test_odd_encodings_are_refused(encoding: str, tmp_path: Path):
    path = sheet(tmp_path / "a.xlsx", "<row><c t='str'><v>Name</v></c></row>", f'<?xml version="1.0" encoding="{encoding}"?>')
    assert "XML" in refused(path)


def test_repeated_rows_and_cells_of_open_document_are_counted_before_they_are_written_out(tmp_path: Path):
    row = "<table:table-row table:number-rows-repeated='9999999'><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row>"
    cell = (
        "<table:table-row><table:table-cell table:number-columns-repeated='9999999'><text:p>x</text:p></table:table-cell></table:table-row>"
    )
    assert "rows" in refused(table_forms.open_document(tmp_path / "a.ods", ROWS, more=row))
    assert "columns" in refused(table_forms.open_document(tmp_path / "b.ods", ROWS, more=cell))


def test_shared_string_that_is_not_there(tmp_path: Path):
    assert "a shared string" in refused(sheet(tmp_path / "a.xlsx", "<row><c t='s'><v>7</v></c></row>"))


@pytest.mark.parametrize("form", ["excel_of_moodle.xlsx", "open_document.ods"])
def test_archive_of_a_workbook_that_was_cut(form: str, tmp_path: Path):
    path = table_forms.FORMS[form](tmp_path / form, ROWS)
    path.write_bytes(path.read_bytes()[:-40])
    assert "a part of one" in refused(path)


def test_sheet_that_was_cut(tmp_path: Path):
    path = table_forms.workbook(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": _SHEET[:100]})
    assert "it was cut" in refused(path)


@pytest.mark.parametrize("text", ['[[{"a": 1}, {"a": ', '[[["a"', '[{"a": 1}] x', "[" * 5000, "[[1, [2]], 3]", "[]", "[[]]"])
def test_json_that_is_none_or_empty(text: str, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    refused(path)


def test_zip_of_something_else(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "a ZIP archive of something else" in refused(tmp_path / "a.xlsx")


def test_page_without_a_table(tmp_path: Path):
    (tmp_path / "a.html").write_text("<html><body><p>Log in</p></body></html>", encoding="utf-8")
    assert "found an empty one" in refused(tmp_path / "a.html")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    form=st.sampled_from(sorted(table_forms.FORMS)),
    change=st.lists(st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4),
    cut=st.one_of(st.none(), st.integers(1, 20_000)),
)
def test_damaged_tables_are_refused_and_never_anything_else(tmp_path: Path, form: str, change: list[tuple[int, bytes]], cut: int | None):
    path = table_forms.FORMS[form](tmp_path / form, cells_of(LOG))
    content = bytearray(path.read_bytes())
    for place, data in change:
        content[place % len(content) : place % len(content) + len(data)] = data
    path.write_bytes(bytes(content if cut is None else content[: cut % len(content)]))
    with contextlib.suppress(BadFile):
        Reading(MoodleLogsReader(), path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='[]{}",:ab1 \\\n', max_size=60))
def test_anything_that_begins_like_json_is_read_or_refused(tmp_path: Path, text: str):
    path = tmp_path / "a.json"
    path.write_text("[" + text, encoding="utf-8")
    with contextlib.suppress(BadFile):
        read(path)


def test_forms_are_told_by_their_bytes(tmp_path: Path):
    path = table_forms.excel_of_moodle(tmp_path / "log.csv", ROWS)
    assert isinstance(open_table(path), RowTable)
    (tmp_path / "a.json").write_text("Name,Email address\n[a],b\n", encoding="utf-8")
    assert read(tmp_path / "a.json") == [["Name", "Email address"], ["[a]", "b"]]
