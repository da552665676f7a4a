"""Renew the pictures of what people receive, from an installation's warehouse: lists, mail, report, the curator's page.

``python -m docs.pictures --home var/demo --programme var/demo/exports/programme.toml`` after ``make demo`` renews those of this folder. ``--masked`` draws an installation whose people
are not invented here: every name is another one and every letter of what somebody wrote is a block, so the picture shows the product and
nobody's words; nothing is written into the installation itself. Needs Chromium, playwright and LibreOffice.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from pipelines.deliveries.lists import list_mail, lists
from pipelines.deliveries.page import snapshot
from pipelines.deliveries.page.app import application
from pipelines.deliveries.page.snapshot import Snapshot
from pipelines.deliveries.page.store import Store
from pipelines.deliveries.report import report_pdf, reports
from pipelines.deliveries.report.report_words import document
from pipelines.deliveries.shared.language import Language
from pipelines.marks import marks_in
from pipelines.programme import Programme, read_programme
from pipelines.simulation.names import person
from pipelines.warehouse import Warehouse
from tests.unit.deliveries.page_fixture import PASSWORD, at_an_address

HERE = Path(__file__).parent
#: Columns of reports.* that hold a person's name, and those that hold what somebody wrote.
NAMES = ("learner_name", "curator_name", "name", "by_name", "source_name", "last_contact_name")
WORDS = ("text", "faq_answer", "subject")
CONTACTS = {"email": "name@example.org", "phone": "+7 900 000-00-00", "institution": "школа № 5"}
#: Widths in pixels: a desk, a telephone; dots per inch of a page of the report.
DESK, PHONE, REPORT_DPI = 1200, 390, 80
#: Colours kept in a picture: text on paper needs few.
COLOURS = 64


@cache
def another_name(name: str) -> str:
    """An invented name in place of a true one: the same one everywhere."""
    return person(Random(sha256(name.encode()).hexdigest())).full


def blocks(text: str) -> str:
    """The text with a block for every letter and digit."""
    return "".join("▒" if letter.isalnum() else letter for letter in text)


def mask(warehouse: Warehouse) -> None:
    """Put invented names and blocks into every table of ``reports`` and into the names that works are shown by."""
    columns = warehouse.rows(
        "select table_name, column_name from information_schema.columns inner join information_schema.tables using (table_schema, table_name) "
        "where table_schema = 'reports' and data_type = 'VARCHAR' and table_type = 'BASE TABLE'"
    )
    for table, column in columns:
        change = another_name if column in NAMES else blocks if column in WORDS else None
        if column in CONTACTS:
            warehouse.connection.execute(f"update reports.{table} set {column} = ? where {column} is not null", [CONTACTS[column]])
        elif column == "people":
            for (cell,) in warehouse.rows(f"select distinct people from reports.{table}"):
                people = [{**row, "name": row["name"] and another_name(row["name"])} for row in json.loads(cell)]
                changed = json.dumps(people, ensure_ascii=False)
                warehouse.connection.execute(f"update reports.{table} set people = ? where people = ?", [changed, cell])
        elif change:
            values = [value for (value,) in warehouse.rows(f"select distinct {column} from reports.{table} where {column} is not null")]
            warehouse.connection.execute("create or replace temp table masks (old varchar, new varchar)")
            if values:
                warehouse.connection.executemany("insert into masks values (?, ?)", [(value, change(value)) for value in values])
            warehouse.connection.execute(f"update reports.{table} set {column} = new from masks where {column} = old")


def keep(picture: bytes | Image.Image, path: Path) -> None:
    """Write a picture in few colours."""
    image = picture if isinstance(picture, Image.Image) else Image.open(BytesIO(picture))
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def shot(browser: Browser, html: bytes, path: Path, width: int = DESK, height: int | None = None) -> None:
    """A page of HTML as a picture: all of it, or its first ``height`` pixels."""
    page = browser.new_page(viewport={"width": width, "height": height or 800})
    page.set_content(html.decode())
    keep(page.screenshot(full_page=height is None), path)
    page.close()


def draw(warehouse: Warehouse, programme: Programme, into: Path, *, all_lists: bool, week_ends_on: Any) -> None:
    """All pictures of one installation. ``all_lists``: every curator's list; else the longest one, the mail and the curator's page too."""
    day = warehouse.value("select max(day) from reports.rpt_curators")
    zone = programme.zone
    made = sorted(lists.build_lists(warehouse, programme, day), key=lambda one: (-len(one.lines), one.curator_id))
    at = datetime(day.year, day.month, day.day, 21, 0, tzinfo=UTC)
    with TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        lists.write_lists(made, folder, ("ru", "en"))
        browser = driver.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
        for number, one in enumerate(made if all_lists else made[:1], start=1):
            html = (folder / "lists" / day.isoformat() / f"{one.slug}.html").read_bytes()
            shot(browser, html, into / (f"list_{number}.png" if all_lists else "list.png"), height=None if all_lists else 1100)
        for code in () if all_lists else ("ru", "en"):
            mail = list_mail.list_mail(made[0], Language(code, zone), sender="mayak@example.org", address="c@example.org", at=at)
            body = message_from_bytes(mail.content, policy=default).get_body(("html",))
            assert body is not None
            shot(browser, body.get_content().encode(), into / f"mail_{code}.png", width=760, height=1100)
        if not all_lists:
            snapshot.write(warehouse, made, programme, day, folder / "day.sqlite")
            sheet(folder, folder / "lists" / day.isoformat() / f"{made[0].slug}.xlsx", into / "sheet.png")
            store = Store(folder / "store.sqlite")
            store.set_account("anna", made[0].curator_id, at, PASSWORD)
            page = application(
                Snapshot(folder / "day.sqlite"), store, now=lambda: at, read_sheet=lambda path, moment: marks_in(path, programme, moment)
            )
            with at_an_address(page) as address:
                walk(browser, address, into)
        browser.close()
    report = reports.build_report(warehouse, programme, week_ends_on)
    pdf = pypdfium2.PdfDocument(report_pdf.pdf_of(document(report, Language("ru", zone)), "ru"))
    if all_lists:
        names = {number: f"report_{number + 1}" for number in range(len(pdf))}
    else:
        chapter = Language("ru", zone).say("What feedback is worth, and how long it takes")
        (number,) = [number for number in range(len(pdf)) if chapter in pdf[number].get_textpage().get_text_bounded()]
        names = {0: "report", number: "report_feedback"}
    for number, name in names.items():
        keep(pdf[number].render(scale=REPORT_DPI / 72).to_pil(), into / f"{name}.png")


def sheet(folder: Path, book: Path, path: Path) -> None:
    """A workbook's first page as LibreOffice prints it."""
    office = shutil.which("soffice")
    assert office is not None, "LibreOffice is needed to draw a workbook: apt-get install libreoffice-calc"
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(book)]
    subprocess.run(command, check=True, capture_output=True)
    keep(pypdfium2.PdfDocument(folder / f"{book.stem}.pdf")[0].render(scale=REPORT_DPI / 72).to_pil(), path)


def walk(browser: Browser, address: str, into: Path) -> None:
    """The curator's page: the list, the first learner's timeline, works side by side, questions, repeated ones; the list on a telephone."""
    page = browser.new_context(viewport={"width": DESK, "height": 1000}, base_url=address, locale="ru-RU").new_page()
    page.goto("/list")
    page.get_by_label("Имя").fill("anna")
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    page.wait_for_url("**/list")
    keep(page.screenshot(), into / "page_list.png")
    learner = page.locator("a[href^='/learner/']").first.get_attribute("href")
    evidence = page.locator("a[href^='/copies']")
    places = {"page_learner": learner, "page_questions": "/questions", "page_repeated": "/repeated"}
    if evidence.count():
        places["page_copies"] = evidence.first.get_attribute("href")
    for name, place in places.items():
        page.goto(place or "/list")
        keep(page.screenshot(), into / f"{name}.png")
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto("/language/en")
    page.goto("/list")
    keep(page.screenshot(), into / "page_phone_en.png")


def main() -> None:
    """Copy the warehouse, mask it where asked, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="folder of an installation: warehouse.duckdb in it")
    parser.add_argument("--programme", type=Path, required=True, help="its programme file")
    parser.add_argument("--into", type=Path, default=HERE / "pictures")
    parser.add_argument(
        "--masked", action="store_true", help="nobody's name and nobody's words; every curator's list and every page of the report"
    )
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "warehouse.duckdb"
        shutil.copy(given.home / "warehouse.duckdb", copy)
        with Warehouse.open(copy) as warehouse:
            if given.masked:
                mask(warehouse)
            week = warehouse.value("select max(week_ends_on) from reports.rpt_week_streams")
            draw(warehouse, read_programme(given.programme), given.into, all_lists=given.masked, week_ends_on=week)


if __name__ == "__main__":
    main()
