"""Writes one table in every form that systems offer for download, the way Moodle's data formats and people's programs write it."""

from __future__ import annotations

import html
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl

Rows = Sequence[Sequence[str]]


def excel_of_moodle(path: Path, rows: Rows) -> Path:
    """As OpenSpout writes it: text in the cells themselves, no shared strings, no styles."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f'<c r="{openpyxl.utils.get_column_letter(place)}{number}" s="0" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
            for place, cell in enumerate(row, start=1)
            if cell
        )
        lines.append(f'<row r="{number}" spans="1:{len(row)}">{cells}</row>')
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    return workbook(path, {"xl/worksheets/sheet1.xml": sheet})


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, members: dict[str, str]) -> Path:
    """A workbook out of its parts; those every workbook has are added."""
    sheets = sorted(name for name in members if name.startswith("xl/worksheets/"))
    entries = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n, _ in enumerate(sheets, start=1))
    links = "".join(f'<Relationship Id="r{n}" Type="x" Target="{name[3:]}"/>' for n, name in enumerate(sheets, start=1))
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
        ),
        **members,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def excel_of_people(path: Path, rows: Rows) -> Path:
    """As Excel writes it: shared strings, another sheet in front."""
    book = openpyxl.Workbook()
    book.active.append(["Notes of my own"])
    sheet = book.create_sheet("Data")
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


_ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="Sheet">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)


def open_document(path: Path, rows: Rows, *, more: str = "") -> Path:
    """As Moodle and LibreOffice write it; ``more``: XML after the rows."""
    lines = []
    for row in rows:
        cells = []
        for cell in row:
            text = "".join(f"<text:p>{escape(part)}</text:p>" for part in cell.split("\n")) if cell else ""
            cells.append(f'<table:table-cell office:value-type="string">{text}</table:table-cell>')
        lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", _ODS.format("".join(lines) + more))
    return path


def json_of_cells(path: Path, rows: Rows) -> Path:
    """A sheet of lists without a header, as Moodle writes its reports' tables."""
    path.write_text(json.dumps([[list(row) for row in rows[1:]]], ensure_ascii=False, indent=4), encoding="utf-8")
    return path


def json_of_objects(path: Path, rows: Rows) -> Path:
    """A sheet of objects."""
    path.write_text(json.dumps([[dict(zip(rows[0], row, strict=True)) for row in rows[1:]]], ensure_ascii=False), encoding="utf-8")
    return path


def json_of_old(path: Path, rows: Rows) -> Path:
    """Records without a sheet around them, as before Moodle 3.5."""
    path.write_text(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]), encoding="utf-8")
    return path


def page(path: Path, rows: Rows) -> Path:
    """A page of HTML."""
    lines = ["<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in rows[0]) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:]]
    text = f"<!DOCTYPE html><html><title>log</title><style>th {{ color: red; }}</style><body><table border=1>{''.join(lines)}</table></body></html>"
    path.write_text(text, encoding="utf-8")
    return path


FORMS = {
    "excel_of_moodle.xlsx": excel_of_moodle,
    "excel_of_people.xlsx": excel_of_people,
    "open_document.ods": open_document,
    "json_of_cells.json": json_of_cells,
    "json_of_objects.json": json_of_objects,
    "json_of_old.json": json_of_old,
    "page.html": page,
}
