"""Texts of files that learners hand in: what is read of each format, what a reader does not see, what a hostile file costs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.sources.formats.file_texts import LIMITS, FileText, Limits, Reason, Refused, pool, read_file, read_files
from pipelines.sources.formats.file_texts.pdf import moment_of as pdf_moment
from pipelines.sources.formats.file_texts.records import events, table
from pipelines.sources.reading import Batch, Rejected, Seen
from tests.unit.sources.file_text_samples import (
    HOSTILE,
    PARAGRAPHS,
    SAMPLES,
    SMALL_SAMPLES,
    WORDS,
    damaged,
    docx_of,
    libre_document,
    odt_of,
    paragraph,
    pdf_of,
    plain,
    rtf_of,
    run,
    shown,
    streamed,
    word_document,
    zipped,
)

MOSCOW = ZoneInfo("Europe/Moscow")


def text_of(data: bytes, **more: object) -> FileText:
    result = read_file(data, **more)  # type: ignore[arg-type]
    assert isinstance(result, FileText), result
    return result


def reason_of(data: bytes, limits: Limits = LIMITS) -> str:
    result = read_file(data, limits)
    assert isinstance(result, Refused), result
    return result.reason.value


# -- every format ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_usual_document_gives_its_words_in_their_order(kind: str) -> None:
    result = text_of(SAMPLES[kind]())
    assert result.format == kind
    assert result.state == "text"
    assert result.text is not None
    one_line = " ".join(result.text.split())
    places = [one_line.find(f"{number}. Учитель проверяет работу слушателя") for number in range(1, 31)]
    assert -1 not in places
    assert places == sorted(places)
    assert one_line.count("Цифровая школа даёт инструменты, но не заменяет разговор о содержании.") == 30
    assert result.chars == len(result.text)
    assert result.words is not None
    assert 1020 <= result.words <= 1100
    assert result.hidden_text is None
    assert result.hidden_chars == (None if kind == "txt" else 0)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (docx_of(""), "docx"),
        (docx_of(paragraph(run("  "))), "docx"),
        (odt_of("<text:p/>"), "odt"),
        (pdf_of("", ""), "pdf"),
        (rtf_of(""), "rtf"),
        (b"", "txt"),
        (b" \r\n\t", "txt"),
    ],
)
def test_a_document_without_words_is_no_text_and_never_zero_words(data: bytes, kind: str) -> None:
    result = text_of(data)
    assert (result.format, result.state, result.text, result.chars, result.words) == (kind, "no_text", None, None, None)


def test_look_alikes_and_invisible_characters_stay_as_evidence() -> None:
    strange = "pабoтa\u200bучителя"
    assert text_of(docx_of(paragraph(run(strange)))).text == strange
    assert text_of(strange.encode()).text == strange


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "WordDocument".encode("utf-16-le"), "old binary Office file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 60, "image"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 60, "image"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 60, "image"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "format is not read"),
        (b"Rar!\x1a\x07\x00" + b"\x00" * 60, "archive"),
        (zipped({"work.txt": "текст"}), "archive"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), "format is not read"),
        (b"<!DOCTYPE html><p>text", "format is not read"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\ntext", "format is not read"),
        (bytes(range(256)) * 20, "format is not read"),
        (b"\x00\x01\x02\x03" * 400, "format is not read"),
    ],
)
def test_formats_that_are_not_read_are_refused_by_their_bytes(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


def test_a_spreadsheet_in_a_package_of_office_is_not_read() -> None:
    from io import BytesIO

    from openpyxl import Workbook

    file = BytesIO()
    Workbook().save(file)
    assert reason_of(file.getvalue()) == "format is not read"


@pytest.mark.parametrize("kind", ["docx", "odt", "pdf"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_file_cut_off_is_refused(kind: str, share: float) -> None:
    data = SAMPLES[kind]()
    result = read_file(data[: int(len(data) * share)])
    # PDFium rebuilds what it can of a PDF without its table.
    assert isinstance(result, Refused) or kind == "pdf"


def test_a_text_cut_in_the_middle_of_a_letter_is_read() -> None:
    assert text_of("слово и дело".encode()[:-1]).text == "слово и дел�"


# -- DOCX -----------------------------------------------------------------------------------------------------------------------


def test_docx_says_of_itself_what_its_properties_say() -> None:
    rsids = '<w:rsids><w:rsidRoot w:val="00AB12CD"/><w:rsid w:val="00112233"/><w:rsid w:val="00ab12cd"/></w:rsids>'
    result = text_of(docx_of(paragraph(run("текст")), settings=rsids))
    assert result.author == "Ива Берёзкина"
    assert result.last_author == "Лев Осинкин"
    assert result.revision == 7
    assert result.created_at == datetime(2026, 9, 7, 9, tzinfo=UTC)
    assert result.modified_at == datetime(2026, 9, 8, 10, 30, tzinfo=UTC)
    assert result.revision_ids == ("00AB12CD", "00112233")


def test_docx_of_another_writer_with_another_main_part_and_the_strict_namespace() -> None:
    strict = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    result = text_of(docx_of(paragraph(run("строго"), run("скрыто", "<w:vanish/>")), main="doc/document2.xml", w=strict))
    assert (result.text, result.hidden_text) == ("строго", "скрыто")


def test_docx_tables_boxes_links_controls_and_notes_in_reading_order() -> None:
    box = (
        "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:wsp><wps:spPr><a:noFill/></wps:spPr><wps:txbx><w:txbxContent>"
        + paragraph(run("в рамке"))
        + "</w:txbxContent></wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>"
        + paragraph(run("в рамке"))
        + "</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    note = '<w:r><w:footnoteReference w:id="3"/></w:r>'
    cells = "".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in ("один", "два"))
    body = (
        paragraph(run("первый"), box, run(" абзац"), note)
        + f"<w:sdt><w:sdtContent>{paragraph(run('поле'))}</w:sdtContent></w:sdt>"
        + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
        + paragraph("<w:hyperlink>" + run("ссылка") + "</w:hyperlink>", "<w:r><w:tab/><w:t>после</w:t><w:br/><w:t>строки</w:t></w:r>")
        + paragraph("<w:r><w:instrText>HYPERLINK example.org</w:instrText></w:r>", "<m:oMath><m:r><m:t>x+y</m:t></m:r></m:oMath>")
    )
    notes = f'<w:footnote w:id="1">{paragraph(run("ничья"))}</w:footnote><w:footnote w:id="3">{paragraph(run("сноска"))}</w:footnote>'
    result = text_of(docx_of(body, footnotes=notes))
    assert result.text == "первый абзац\nв рамке\nполе\nодин\nдва\nссылка после\nстроки\nx+y\nсноска"


def test_docx_insertions_are_in_and_deletions_are_out() -> None:
    body = paragraph(
        run("было "),
        f"<w:ins>{run('вставлено ')}</w:ins>",
        "<w:del><w:r><w:delText>удалено</w:delText></w:r></w:del>",
        f"<w:moveFrom>{run('унесено')}</w:moveFrom>",
        f"<w:moveTo>{run('принесено')}</w:moveTo>",
    )
    deleted_row = f"<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph(run('строка'))}</w:tc></w:tr></w:tbl>"
    result = text_of(docx_of(body + deleted_row))
    assert (result.text, result.hidden_text) == ("было вставлено принесено", None)


WHITE = '<w:color w:val="FFFFFF"/>'
BLACK_GROUND = '<w:shd w:val="clear" w:fill="000000"/>'


@pytest.mark.parametrize(
    ("hidden", "properties"),
    [
        (True, "<w:vanish/>"),
        (False, '<w:vanish w:val="0"/>'),
        (True, WHITE),
        (True, '<w:color w:val="FAFAFA"/>'),
        (False, '<w:color w:val="D0D0D0"/>'),
        (False, '<w:color w:val="auto"/>'),
        (False, WHITE + BLACK_GROUND),
        (False, WHITE + '<w:highlight w:val="darkBlue"/>'),
        (True, '<w:color w:val="000000"/>' + BLACK_GROUND),
        (True, '<w:color w:val="FFFF00"/><w:highlight w:val="yellow"/>'),
        (False, WHITE + '<w:shd w:val="pct50" w:fill="FFFFFF"/>'),
        (True, '<w:sz w:val="2"/>'),
        (True, '<w:sz w:val="3"/>'),
        (False, '<w:sz w:val="4"/>'),
        (True, '<w:rStyle w:val="secret"/>'),
        (False, '<w:rStyle w:val="secret"/><w:vanish w:val="false"/>'),
        (True, '<w:rStyle w:val="heir"/>'),
        (False, '<w:rStyle w:val="nobody"/>'),
    ],
)
def test_docx_what_a_reader_does_not_see(hidden: bool, properties: str) -> None:
    styles = (
        '<w:style w:type="character" w:styleId="secret"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="heir"><w:basedOn w:val="secret"/></w:style>'
    )
    result = text_of(docx_of(paragraph(run("видно "), run("подложено", properties), run(" дальше")), styles=styles))
    assert result.hidden_text == ("подложено" if hidden else None)
    assert result.hidden_chars == (9 if hidden else 0)
    assert result.text == ("видно дальше" if hidden else "видно подложено дальше")


def test_docx_styles_of_paragraphs_and_the_document_hide_too() -> None:
    styles = (
        f'<w:docDefaults><w:rPrDefault><w:rPr>{WHITE}</w:rPr></w:rPrDefault></w:docDefaults><w:style w:type="paragraph" w:styleId="dark">'
        f"<w:pPr>{BLACK_GROUND}</w:pPr></w:style>"
    )
    on_dark = paragraph(run("на чёрном"), properties='<w:pStyle w:val="dark"/>')
    result = text_of(docx_of(paragraph(run("на белом")) + on_dark, styles=styles))
    assert (result.text, result.hidden_text) == ("на чёрном", "на белом")


def test_docx_white_text_on_a_ground_that_is_dark_or_not_known_is_no_secret() -> None:
    shaded = (
        f'<w:tbl><w:tr><w:tc><w:tcPr><w:shd w:val="clear" w:fill="1F4E79"/></w:tcPr>{paragraph(run("шапка", WHITE))}</w:tc></w:tr></w:tbl>'
    )
    styled = f'<w:tbl><w:tblPr><w:tblStyle w:val="grid"/></w:tblPr><w:tr><w:tc>{paragraph(run("таблица", WHITE))}</w:tc></w:tr></w:tbl>'
    bare = f"<w:tbl><w:tr><w:tc>{paragraph(run('голая', WHITE))}</w:tc></w:tr></w:tbl>"
    shape = "<w:r><w:pict><v:rect fillcolor='#336699'><v:textbox><w:txbxContent>" + paragraph(run("плашка", WHITE))
    shape += "</w:txbxContent></v:textbox></v:rect></w:pict></w:r>"
    styles = '<w:style w:type="table" w:styleId="grid"><w:tblStylePr w:type="firstRow"><w:tcPr><w:shd w:val="clear" w:fill="4472C4"/></w:tcPr></w:tblStylePr></w:style>'
    result = text_of(docx_of(shaded + styled + bare + paragraph(shape), styles=styles))
    assert (result.text, result.hidden_text) == ("шапка\nтаблица\nплашка", "голая")
    dark_page = docx_of(paragraph(run("ночь", WHITE)), background='<w:background w:color="202020"/>')
    assert text_of(dark_page).text == "ночь"


def test_docx_styles_that_build_on_themselves_end() -> None:
    styles = "".join(
        f'<w:style w:type="{kind}" w:styleId="{kind}1"><w:basedOn w:val="{kind}2"/></w:style>'
        f'<w:style w:type="{kind}" w:styleId="{kind}2"><w:basedOn w:val="{kind}1"/></w:style>'
        for kind in ("paragraph", "table")
    )
    table_of_it = f'<w:tbl><w:tblPr><w:tblStyle w:val="table1"/></w:tblPr><w:tr><w:tc>{paragraph(run("б"))}</w:tc></w:tr></w:tbl>'
    body = paragraph(run("а"), properties='<w:pStyle w:val="paragraph1"/>') + table_of_it
    assert text_of(docx_of(body, styles=styles)).text == "а\nб"


# -- ODT ------------------------------------------------------------------------------------------------------------------------


def odt_style(name: str, properties: str, family: str = "text", kind: str = "text", more: str = "") -> str:
    return f'<style:style style:name="{name}" style:family="{family}"{more}><style:{kind}-properties {properties}/></style:style>'


@pytest.mark.parametrize(
    ("hidden", "properties"),
    [
        (True, 'text:display="none"'),
        (True, 'fo:color="#ffffff"'),
        (False, 'fo:color="#ffffff" fo:background-color="#000000"'),
        (True, 'fo:color="#ff0000" fo:background-color="#ff0000"'),
        (True, 'fo:font-size="1pt"'),
        (False, 'fo:font-size="2pt"'),
        (False, 'fo:font-size="1%"'),
        (True, 'fo:font-size="0.3mm"'),
        (False, 'style:use-window-font-color="true" fo:color="#ffffff"'),
    ],
)
def test_odt_what_a_reader_does_not_see(hidden: bool, properties: str) -> None:
    styles = odt_style("T1", properties) + odt_style("T2", "", more=' style:parent-style-name="T1"')
    for name in ("T1", "T2"):
        result = text_of(odt_of(f'<text:p>видно <text:span text:style-name="{name}">подложено</text:span> дальше</text:p>', styles=styles))
        assert result.hidden_text == ("подложено" if hidden else None)
        assert result.text == ("видно дальше" if hidden else "видно подложено дальше")


def test_odt_lists_tables_frames_spaces_and_notes_in_reading_order() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>удалено</text:p></text:deletion></text:changed-region>"
        "</text:tracked-changes><text:h>Заголовок</text:h>"
        '<text:p>а<text:s text:c="999999999"/>б<text:tab/>в<text:line-break/>г<text:note><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>сноска</text:p></text:note-body></text:note><office:annotation><text:p>замечание</text:p></office:annotation></text:p>"
        "<text:list><text:list-item><text:p>пункт</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>ячейка</text:p></table:table-cell></table:table-row></table:table>"
        "<text:p>до<draw:frame><draw:text-box><text:p>рамка</text:p></draw:text-box></draw:frame>после</text:p>"
    )
    result = text_of(odt_of(body))
    assert result.text == "Заголовок\nа б в\nг\nпункт\nячейка\nдо\nрамка\nпосле\nсноска"


def test_odt_hidden_sections_paragraphs_and_fields() -> None:
    body = (
        '<text:section text:display="none"><text:p>раздел</text:p></text:section>'
        '<text:section text:display="condition" text:is-hidden="false"><text:p>открыт</text:p></text:section>'
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>абзац</text:p>'
        '<text:p>виден<text:hidden-text text:is-hidden="true" text:string-value="поле"/></text:p>'
    )
    result = text_of(odt_of(body))
    assert (result.text, result.hidden_text) == ("открыт\nвиден", "раздел\nабзац\nполе")


def test_odt_white_on_a_dark_cell_is_seen() -> None:
    styles = odt_style("C", 'fo:background-color="#003366"', family="table-cell", kind="table-cell") + odt_style("T", 'fo:color="#ffffff"')
    cell = (
        '<table:table><table:table-row><table:table-cell table:style-name="C"><text:p><text:span text:style-name="T">шапка</text:span></text:p>'
        "</table:table-cell></table:table-row></table:table>"
    )
    assert text_of(odt_of(cell, styles=styles)).text == "шапка"


def test_odt_says_of_itself_what_its_properties_say_on_the_authors_clock() -> None:
    meta = (
        "<meta:initial-creator>Ива Берёзкина</meta:initial-creator><dc:creator>Лев Осинкин</dc:creator><meta:editing-cycles>12</meta:editing-cycles>"
        "<meta:creation-date>2026-09-07T12:00:00.123456789</meta:creation-date><dc:date>2026-09-08T10:30:00Z</dc:date>"
        '<meta:document-statistic meta:page-count="3"/>'
    )
    result = text_of(odt_of("<text:p>текст</text:p>", meta=meta), zone=MOSCOW)
    assert (result.author, result.last_author, result.revision, result.pages) == ("Ива Берёзкина", "Лев Осинкин", 12, 3)
    assert result.created_at == datetime(2026, 9, 7, 9, 0, 0, 123456, tzinfo=UTC)
    assert result.modified_at == datetime(2026, 9, 8, 10, 30, tzinfo=UTC)


def test_an_encrypted_odt_is_refused() -> None:
    manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    assert reason_of(odt_of("<text:p>x</text:p>", manifest=manifest)) == "encrypted"


# -- PDF ------------------------------------------------------------------------------------------------------------------------

IMAGE = streamed(b"\x80" * 100, "/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceGray /BitsPerComponent 8")
PICTURE = "q 595 0 0 842 0 0 cm /Im0 Do Q\n"


def scanned(content: str) -> bytes:
    return pdf_of(content, objects={100: IMAGE}, resources="/XObject << /Im0 100 0 R >>")


@pytest.mark.parametrize(
    ("hidden", "content"),
    [
        (False, shown("planted", at=(72, 650))),
        (True, shown("planted", at=(72, 650), before="3 Tr")),
        (True, shown("planted", at=(72, 650), before="1 1 1 rg")),
        (True, shown("planted", at=(72, 650), before="1 g")),
        (False, shown("planted", at=(72, 650), before="0.8 g")),
        (False, "0 0 0.5 rg 60 600 400 80 re f\n" + shown("planted", at=(72, 650), before="1 g")),
        (True, "0 0 0.5 rg 60 100 400 80 re f\n" + shown("planted", at=(72, 650), before="1 g")),
        (True, "q 1 1 1 rg 60 600 400 80 re f Q\n" + shown("planted", at=(72, 650), before="1 g")),
        (True, shown("planted", at=(72, 650), size=1)),
        (False, "q 12 0 0 12 0 0 cm " + shown("planted", at=(6, 54), size=1) + "Q\n"),
        (True, "q 0.05 0 0 0.05 0 0 cm " + shown("planted", at=(1440, 13000)) + "Q\n"),
    ],
)
def test_pdf_what_a_reader_does_not_see(hidden: bool, content: str) -> None:
    result = text_of(pdf_of(shown("seen before") + content + shown("seen after", at=(72, 500))))
    assert result.hidden_text == ("planted" if hidden else None)
    assert result.text == ("seen before\nseen after" if hidden else "seen before\nplanted\nseen after")


def test_pdf_of_pictures_is_no_text_and_what_a_scanner_read_off_them_is() -> None:
    assert text_of(scanned(PICTURE)).state == "no_text"
    for content in (PICTURE + shown("read off", before="3 Tr"), shown("read off", before="3 Tr") + PICTURE):
        result = text_of(scanned(content))
        assert (result.text, result.hidden_text) == ("read off", None)


def test_pdf_white_text_inside_a_drawing_stands_on_what_the_page_painted() -> None:
    form = streamed(
        shown("in a drawing", at=(10, 10), before="1 g").encode(),
        "/Type /XObject /Subtype /Form /BBox [0 0 300 50] /Resources << /Font << /F1 3 0 R >> >>",
    )
    for ground, hidden in (("0 0 0.5 rg 60 600 400 80 re f ", False), ("", True)):
        result = text_of(pdf_of(f"{ground} q 1 0 0 1 72 640 cm /X0 Do Q", objects={100: form}, resources="/XObject << /X0 100 0 R >>"))
        assert (result.hidden_text is not None) is hidden


def test_pdf_pages_dates_and_author() -> None:
    info = "/Author (Iva) /CreationDate (D:20260907120000+03'00') /ModDate (D:20260908103000)"
    result = text_of(pdf_of(*(shown(f"page {number}") for number in range(3)), info=info), zone=MOSCOW)
    assert (result.pages, result.author, result.last_author) == (3, "Iva", None)
    assert result.created_at == datetime(2026, 9, 7, 9, tzinfo=UTC)
    assert result.modified_at == datetime(2026, 9, 8, 7, 30, tzinfo=UTC)
    assert result.text == "page 0\npage 1\npage 2"


@pytest.mark.parametrize("text", ["", "D:", "D:20261301", "D:99999999999999", "yesterday", "D:20260907120000+99'99'", "D:00000101"])
def test_pdf_dates_that_are_none(text: str) -> None:
    moment = pdf_moment(text)
    assert moment is None or moment.tzinfo is None


def test_pdf_words_broken_at_the_end_of_a_line_are_whole() -> None:
    result = text_of(pdf_of(shown("the appli-") + shown("cation works", at=(72, 686))))
    assert result.text == "the application works"


def test_an_encrypted_pdf_is_refused() -> None:
    locked = pdf_of(
        shown("secret"),
        objects={99: b"<< /Filter /Standard /V 1 /R 2 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> /P -4 >>"},
        trailer="/Encrypt 99 0 R /ID [<00><00>]",
    )
    assert reason_of(locked) == "encrypted"


# -- RTF ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        rtf_of(r"\f0 Привет, мир", head=r"\ansi\ansicpg1251\deff0{\fonttbl{\f0\fcharset204 Times;}}"),
        rtf_of(r"\f0 Привет, мир", head=r"\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Times;}}\f1").replace(b"\\f0 ", b""),
        rtf_of(r"\f0 Привет, мир", head=r"\ansi\ansicpg1251\deff0{\fonttbl{\f0\fnil\fcharset0 Arial;}}"),
        rtf_of("Привет, мир", head=r"\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Calibri;}}"),
        rb"{\rtf1\ansi\ansicpg1252\uc1 \u1055?\u1088?\u1080?\u1074?\u1077?\u1090?, \u1084\'ec\u1080\'e8\u1088\'f0}",
        rb"{\rtf1\ansi\uc0 \u1055\u1088\u1080\u1074\u1077\u1090, \u1084\u1080\u1088}",
        rb"{\rtf1\mac\ansicpg10007 \'8f\'f0\'e8\'e2\'e5\'f2, \'ec\'e8\'f0}",
        r"{\rtf1\ansi\ansicpg1251 Привет, мир}".encode("cp1251"),
    ],
)  # fmt: skip
def test_rtf_russian_in_each_way_of_writing_it(data: bytes) -> None:
    assert text_of(data).text == "Привет, мир"


def test_rtf_western_letters_stay_western() -> None:
    assert text_of(rb"{\rtf1\ansi\ansicpg1252 Caf\'e9 d\'e9j\'e0 vu \u233\'e9}").text == "Café déjà vu é"


def test_rtf_as_word_writes_it() -> None:
    head = (
        r"\adeflang1025\ansi\ansicpg1251\uc1\adeff31507\deff0\stshfdbch31505{\fonttbl{\f0\fbidi \froman\fcharset204\fprq2{\*\panose 02020603050405020304}"
        r"Times New Roman{\*\falt Times};}{\flominor\f31506\fbidi \fswiss\fcharset204\fprq2 Calibri;}{\f40\fbidi \froman\fcharset238 Times New Roman CE;}}"
        r"{\colortbl;\red0\green0\blue0;\caccentone\ctint255\cshade255\red68\green114\blue196;}{\*\defchp \f31506\fs22 }"
        r"{\stylesheet{\ql \f31506\fs22 \snext0 Normal;}}{\*\rsidtbl \rsid1}{\mmathPr\mmathFont34}{\info{\author x}}{\*\xmlnstbl {\xmlns1 http://a}}"
        r"\paperw11906\sectd {\*\pnseclvl1\pnucrm{\pntxta .}}\pard\plain \ltrpar\ql \rtlch\fcs1 \af31507\afs22 \ltrch\fcs0 \f31506\fs22\lang1049 "
    )
    body = (
        r"{\rtlch\fcs1 \af31507 \ltrch\fcs0 \insrsid1 \loch\af31506\dbch\af31505\hich\f31506 Привет}{\rtlch \ltrch \f40 \u322\'b3}"
        r"{\rtlch\fcs1 \ltrch\fcs0 \v , скрыто}{\rtlch\fcs1 \ltrch\fcs0 , мир\par }{\*\themedata 504b0304}{\*\latentstyles\lsdstimax376}"
    )
    result = text_of(rtf_of(body, head=head))
    assert (result.text, result.hidden_text) == ("Приветł, мир", ", скрыто")


def test_rtf_surrogate_pairs_become_one_character_and_halves_none() -> None:
    assert text_of(rb"{\rtf1\uc1 a\u-10179?\u-8704?b\u-10179?c}").text == "a😀b�c"


COLOURS = r"{\colortbl;\red255\green255\blue255;\red0\green0\blue0;\red200\green0\blue0;}"


@pytest.mark.parametrize(
    ("hidden", "before"),
    [
        (True, r"\v"), (False, r"\v\v0"), (False, r"\v\plain"), (True, r"\cf1"), (False, r"\cf1\chcbpat2"), (True, r"\cf2\highlight2"),
        (False, r"\cf3"), (False, r"\cf99"), (True, r"\fs3"), (False, r"\fs4"), (False, r"\cbpat2\cf1"), (True, r"\pard\cf1"),
    ],
)  # fmt: skip
def test_rtf_what_a_reader_does_not_see(hidden: bool, before: str) -> None:
    result = text_of(rtf_of(rf"{COLOURS}\pard\fs24 seen {{{before} planted}} after"))
    assert result.hidden_text == ("planted" if hidden else None)
    assert result.text == ("seen after" if hidden else "seen planted after")


def test_rtf_white_in_a_cell_with_a_ground_is_seen() -> None:
    row = r"\trowd\clcbpat2\cellx4000\pard\intbl {\cf1 head}\cell\row\pard "
    assert text_of(rtf_of(COLOURS + row)).text == "head"


def test_rtf_parts_that_are_no_text_are_left_out_and_those_that_are_stay() -> None:
    body = (
        r"{\stylesheet{\s0 Normal;}}{\*\generator Riched20;}{\header top}{\footer bottom}{\*\unknown x}"
        r"\pard first{\footnote a note}\par {\pict\wmetafile8 0102ff}{\*\bkmkstart m}second{\deleted gone}{\revised new}\par"
        r"{\field{\*\fldinst HYPERLINK example.org}{\fldrslt link}}\line\emdash\par"
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt boxed\par}}{\shprslt double}}{\upr{old}{\*\ud new name}}{\listtext 1.\tab}item\par"
    )
    assert text_of(rtf_of(body)).text == "first\nsecondnew\nlink\n—\nboxed\nnew nameitem\na note"


def test_rtf_says_of_itself_what_its_information_says() -> None:
    body = (
        r"{\info{\author Ива Берёзкина}{\operator Лев Осинкин}{\creatim\yr2026\mo9\dy7\hr12\min5}{\revtim\yr2026\mo13}{\nofpages3}{\version4}}"
        r"{\*\rsidtbl \rsid11211469\rsid255}text"
    )
    result = text_of(rtf_of(body), zone=MOSCOW)
    assert (result.author, result.last_author, result.pages, result.revision) == ("Ива Берёзкина", "Лев Осинкин", 3, 4)
    assert (result.created_at, result.modified_at) == (datetime(2026, 9, 7, 9, 5, tzinfo=UTC), None)
    assert result.revision_ids == ("00AB12CD", "000000FF")


def test_rtf_bytes_of_a_picture_are_not_read_as_words() -> None:
    assert text_of(rb"{\rtf1 a{\pict\bin9 }}}\par x}b\par}").text == "ab"


def test_rtf_without_its_last_brackets_is_read_as_word_processors_do() -> None:
    assert text_of(rtf_of(r"\pard {\b text")[:-1]).text == "text"


# -- TXT ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251", "koi8-r", "cp866", "mac_cyrillic"]
)
@pytest.mark.parametrize("text", [WORDS, "Привет", "Моя работа: 12 страниц", "ЗАДАНИЕ 1. Ответ: да"])
def test_txt_in_every_encoding_of_russian(encoding: str, text: str) -> None:
    assert text_of(text.encode(encoding)).text == text


def test_txt_western_letters() -> None:
    assert text_of("Café déjà vu, naïve façade".encode("cp1252")).text == "Café déjà vu, naïve façade"


def test_txt_in_utf8_with_a_fault_is_still_utf8() -> None:
    assert text_of(WORDS.encode() + b"\xff" + WORDS.encode()).text == WORDS + "�" + WORDS


# -- limits ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (plain, Limits(file_bytes=100), "file too large"),
        (plain, Limits(characters=100), "too much text"),
        (word_document, Limits(characters=100), "too much text"),
        (SAMPLES["pdf"], Limits(characters=100), "too much text"),
        (SAMPLES["rtf"], Limits(characters=100), "too much text"),
        (libre_document, Limits(part_bytes=1000), "unpacks to too much"),
        (libre_document, Limits(unpacked_bytes=10_000), "unpacks to too much"),
        (libre_document, Limits(ratio_from_bytes=1_000, unpacked_ratio=2), "unpacks to too much"),
        (word_document, Limits(members=3), "too many members"),
        (SAMPLES["pdf"], Limits(pages=1), "too many pages"),
        (lambda: rtf_of("{" * 40 + "}" * 40), Limits(nesting=30), "nested too deep"),
    ],
)
def test_each_limit_has_its_own_reason(data: Callable[[], bytes], limits: Limits, reason: str) -> None:
    assert reason_of(data(), limits) == reason


def test_xml_nested_deeper_than_its_parser_allows() -> None:
    assert reason_of(docx_of("<w:tbl><w:tr><w:tc>" * 300 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 300)) == "nested too deep"


def test_no_machine_file_comes_in_through_an_entity() -> None:
    assert reason_of(HOSTILE["external entity"]()) == "damaged"


# -- many files, in processes ---------------------------------------------------------------------------------------------------


def test_files_come_in_their_order_from_paths_and_from_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(word_document())
    os.mkfifo(tmp_path / "pipe")
    odd = tmp_path / os.fsdecode(b"\xff\xfe name")
    odd.write_bytes(b"odd name")
    files: list[tuple[str, Path | bytes]] = [
        ("a", tmp_path / "a"),
        ("b", plain()),
        ("c", tmp_path / "nothing"),
        ("d", tmp_path / "pipe"),
        ("e", tmp_path),
        ("f", odd),
    ]
    found = dict(read_files(files))
    assert list(found) == ["a", "b", "c", "d", "e", "f"]
    assert isinstance(found["a"], FileText)
    assert found["a"] == read_file(word_document())
    assert isinstance(found["b"], FileText)
    assert found["c"] == Refused(Reason.MISSING)
    assert found["d"] == found["e"] == Refused(Reason.CLOSED)
    assert found["f"] == read_file(b"odd name")


def test_bytes_that_are_not_what_their_hash_says_are_refused() -> None:
    data = plain()
    right = sha1(data).hexdigest()
    found = list(read_files([(right, data), ("0" * 40, data)], check_sha1=True))
    assert isinstance(found[0][1], FileText)
    assert found[1] == ("0" * 40, Refused(Reason.CHANGED))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    for name, made in HOSTILE.items():
        (folder / name).write_bytes(made())
    return folder


def test_each_hostile_file_costs_one_refusal_and_little_time(hostile: Path) -> None:
    good = plain(PARAGRAPHS[:1])

    def files() -> Iterator[tuple[str, Path | bytes]]:
        for name in HOSTILE:
            yield name, hostile / name
            yield "", good

    results, began = {}, time.perf_counter()
    for name, result in read_files(files(), workers=1):
        took, began = time.perf_counter() - began, time.perf_counter()
        if not name:
            assert isinstance(result, FileText), "a hostile file spoilt the next one"
            continue
        results[name] = result
        # Four seconds of the processor; more on the clock only where others use it too.
        assert took < LIMITS.clock_seconds + 10, name
    refused = {name: result.reason for name, result in results.items() if isinstance(result, Refused)}
    assert set(HOSTILE) - set(refused) <= {"deep PDF"}
    assert refused["RTF of words"] is Reason.TIME
    assert refused["overlapping members"] is Reason.BOMB
    assert refused["packed bomb"] is Reason.BOMB
    assert refused["archives in archives"] is Reason.ARCHIVE


def test_a_worker_that_needs_too_much_memory_is_ended() -> None:
    little = Limits(memory_bytes=120_000_000, unpacked_ratio=10_000, seconds=60)
    data = docx_of("".join(paragraph(run("а")) for _ in range(200_000)))
    found = [result for _, result in read_files([("a", data), ("b", plain())], limits=little, workers=1)]
    assert found[0] in (Refused(Reason.MEMORY), Refused(Reason.CRASHED))
    assert isinstance(found[1], FileText)


def test_no_process_is_left_when_the_caller_stops_listening() -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("this system does not list processes")

    def children() -> set[str]:
        # The parent is the fourth field, the second behind the name in brackets.
        found = set()
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if path.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                    found.add(path.parent.name)
        return found

    before = children()
    results = read_files((str(number), plain()) for number in range(1000))
    next(results)
    assert children() - before, "no worker was seen: this test shows nothing"
    results.close()  # type: ignore[attr-defined]
    assert children() <= before


def test_workers_see_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[dict[str, object]] = []
    usual = subprocess.Popen

    def noted(*given: object, **more: object) -> object:
        started.append(more)
        return usual(*given, **more)  # type: ignore[call-overload]

    monkeypatch.setattr("pipelines.sources.formats.file_texts.pool.subprocess.Popen", noted)
    assert [name for name, _ in read_files([("a", b"text")])] == ["a"]
    assert started
    assert all(more["env"] == {} for more in started)


def test_a_worker_loads_none_of_the_readers_beside_it() -> None:
    start = pool._START.replace("main(settings)", "") + (
        "from pipelines.sources.formats.file_texts.worker import _load_libraries\n_load_libraries()\n"
        "print(sorted({'pyarrow', 'numpy', 'pandas', 'sqlalchemy', 'duckdb'} & set(sys.modules)))"
    )
    folder = Path(pool.__file__).parents[2]
    command = [sys.executable, "-I", "-c", start, str(folder.parent.parent), str(folder), ""]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


# -- records --------------------------------------------------------------------------------------------------------------------


def test_every_file_is_one_row_or_one_reject() -> None:
    data = docx_of(paragraph(run("видно"), run("скрыто", "<w:vanish/>")), settings='<w:rsids><w:rsid w:val="00112233"/></w:rsids>')
    found = list(events([("a", "files id 1", data), ("b", "files id 2", b"\x89PNG\r\n\x1a\n"), ("c", "files id 3", b"")], zone=MOSCOW))
    assert sum(event.rows for event in found if isinstance(event, Seen)) == 3
    assert [event for event in found if isinstance(event, Rejected)] == [Rejected("file_texts", "files id 2", "image")]
    (batch,) = (event for event in found if isinstance(event, Batch))
    first, second = batch.table.to_pylist()
    assert first | {"created_at": None, "modified_at": None} == {
        "content_hash": "a", "format": "docx", "state": "text", "pages": None, "chars": 5, "words": 1, "hidden_chars": 6, "created_at": None,
        "modified_at": None, "revision": 7, "revision_ids": '["00112233"]', "text": "видно", "hidden_text": "скрыто", "author": "Ива Берёзкина",
        "last_author": "Лев Осинкин",
    }  # fmt: skip
    assert (second["content_hash"], second["state"], second["revision_ids"], second["hidden_chars"]) == ("c", "no_text", None, None)


def test_the_columns_are_those_of_the_contract() -> None:
    from pipelines.warehouse import Warehouse

    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        declared = set(warehouse.columns("raw.file_texts")) | set(warehouse.columns("personal.file_texts"))
    assert set(table([]).column_names) == declared - {"source", "load_id", "seen_at"}


# -- damage ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("samples", [SAMPLES, SMALL_SAMPLES], ids=["usual", "small"])
def test_damaged_files_raise_nothing_and_do_not_hang(kind: str, samples: dict[str, Callable[[], bytes]]) -> None:
    data = samples[kind]()
    # In workers: a damaged PDF may make its library go round for ever, which is what they are for.
    variants = [(str(number), damaged(data, Random(f"{kind} {number}"))) for number in range(150)]
    found = list(read_files(variants, limits=Limits(seconds=1.0)))
    assert [number for number, _ in found] == [number for number, _ in variants]
    kinds = {type(result) for _, result in found}
    assert kinds <= {FileText, Refused}
    # The damage is such that some of it is noticed and some is not, or this would show nothing.
    assert kinds == {FileText, Refused} or kind in ("rtf", "txt")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([b"{\\rtf1", b"%PDF-1.7\n", b"PK\x03\x04", b"\xff\xfe", b"", b"\xd0\xcf\x11\xe0"]), st.binary(max_size=400))
def test_any_bytes_behind_any_beginning_raise_nothing(beginning: bytes, rest: bytes) -> None:
    assert isinstance(read_file(beginning + rest), FileText | Refused)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([r"\u-1?", r"\'e0", "{", "}", r"\v", r"\cf1", r"\f0", r"\uc5", r"\*", r"\upr", r"\ud", r"\info", r"\bin3 ", "text", r"\par", r"\fonttbl", r"\author", r"\ansicpg932", r"\fcharset128", r"\footnote"]), max_size=30))  # fmt: skip
def test_any_words_of_rtf_raise_nothing(words: list[str]) -> None:
    assert isinstance(read_file(("{\\rtf1 " + "".join(words)).encode()), FileText)


def test_second_author_of_an_rtf_by_libreoffice_is_the_last_one():
    found = read_file(rb"{\rtf1\ansi{\info{\author Anna}{\creatim\yr2026\mo9\dy1}{\author Boris}}Words\par}")
    assert isinstance(found, FileText)
    assert (found.author, found.last_author) == ("Anna", "Boris")
