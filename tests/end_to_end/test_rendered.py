"""What people receive, as their programs draw it: mail in Chromium, workbooks in LibreOffice, the report by poppler. Part of make check."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from pipelines.deliveries.lists import list_mail, list_xlsx, lists
from pipelines.deliveries.lists.list_model import CuratorList
from pipelines.deliveries.report import report_pdf, report_xlsx
from pipelines.deliveries.report.report_words import document
from pipelines.deliveries.shared.language import Language
from tests.unit.deliveries import fixture as made

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFICE = shutil.which("soffice")
POPPLER = shutil.which("pdftoppm")
#: What is drawn lighter than this is paper, as a share of white; a margin that must stay paper, as a share of the page's width.
PAPER, MARGIN = 0.97, 0.04

pytestmark = pytest.mark.slow
needs_office = pytest.mark.skipif(OFFICE is None, reason="no LibreOffice on this machine: apt-get install libreoffice-calc")
needs_poppler = pytest.mark.skipif(POPPLER is None, reason="no pdftoppm on this machine: apt-get install poppler-utils")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")


@pytest.fixture(scope="module")
def listed() -> CuratorList:
    with made.warehouse_of(**made.full_day()) as warehouse:
        made.add_copies(warehouse, range(13, 20))
        return lists.build_lists(warehouse, made.programme(), made.DAY)[0]


def ink(picture: Path) -> np.ndarray:
    """Where a picture is not paper: rows and columns of booleans."""
    return np.asarray(Image.open(picture).convert("L")) < 255 * PAPER


def drawn_by_office(content: bytes, folder: Path) -> list[str]:
    """Text of each page of a workbook as LibreOffice prints it."""
    (folder / "book.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    subprocess.run(
        [str(OFFICE), profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(folder / "book.xlsx")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(folder / "book.pdf")]


@needs_office
@pytest.mark.parametrize("code", ["ru", "en"])
def test_a_spreadsheet_program_shows_every_line_of_the_list(code: str, listed: CuratorList, tmp_path: Path) -> None:
    pages = drawn_by_office(list_xlsx.workbook(listed, Language(code, listed.zone)), tmp_path)
    text = " ".join(" ".join(pages).split())
    names = [line.name for line in listed.lines if line.name]
    assert len(names) > 5
    assert [name for name in names if name not in text and name.split()[0] not in text] == []
    assert "###" not in text  # what a spreadsheet writes where a column is too narrow
    assert "Err:" not in text


@needs_office
@pytest.mark.parametrize("code", ["ru", "en"])
def test_a_spreadsheet_program_shows_the_numbers_of_the_report(code: str, tmp_path: Path) -> None:
    report = made.built()
    text = " ".join(drawn_by_office(report_xlsx.workbook_of(report, Language(code, report.zone)), tmp_path))
    assert "answered_within_24h" in text
    assert "###" not in text
    assert "Err:" not in text


@needs_chromium
@pytest.mark.enable_socket
@pytest.mark.parametrize("code", ["ru", "en"])
@pytest.mark.parametrize("width", [390, 760])
def test_a_mail_fits_its_window(code: str, width: int, listed: CuratorList, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    mail = list_mail.list_mail(listed, Language(code, listed.zone), sender="mayak@example.org", address="c@example.org", at=datetime(2026, 11, 23, tzinfo=UTC))  # fmt: skip
    body = message_from_bytes(mail.content, policy=default).get_body(("html",))
    assert body is not None
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_content(body.get_content())
        page.screenshot(path=tmp_path / "mail.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        text = page.inner_text("body")
        browser.close()
    assert wide <= width
    assert all(line.name in text for line in listed.lines if line.name)
    assert ink(tmp_path / "mail.png").mean() > 0.01


@needs_poppler
@pytest.mark.parametrize("code", ["ru", "en"])
def test_no_page_of_the_report_is_empty_or_runs_over_its_margin(code: str, tmp_path: Path) -> None:
    report = made.built()
    (tmp_path / "report.pdf").write_bytes(report_pdf.pdf_of(document(report, Language(code, report.zone)), code))
    subprocess.run([str(POPPLER), "-png", "-r", "60", str(tmp_path / "report.pdf"), str(tmp_path / "page")], check=True, timeout=60)
    pages = sorted(tmp_path.glob("page-*.png"))
    assert len(pages) == len(pypdfium2.PdfDocument(tmp_path / "report.pdf"))
    for page in pages:
        marks = ink(page)
        margin = int(marks.shape[1] * MARGIN)
        assert marks.any(axis=1).sum() > 0.02 * marks.shape[0], page.name
        assert not marks[:, :margin].any(), page.name
        assert not marks[:, -margin:].any(), page.name
