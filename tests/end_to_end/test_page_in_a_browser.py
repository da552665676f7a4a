"""The curator's page as a curator meets it: Chromium, a keyboard, a narrow screen, and axe-core. Part of make check."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.unit.deliveries import fixture as made
from tests.unit.deliveries.page_fixture import MINE, PASSWORD, THEIRS, at_an_address, page_over

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.enable_socket,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]
PAGES = ("/list", "/list?show=more", "/list?show=resting", f"/learner/{MINE}", "/questions", "/repeated", "/learners", "/password")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    served, _, _ = page_over(tmp_path_factory.mktemp("page"))
    with at_an_address(served) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser, address: str, login: str = "anna", width: int = 1200):  # type: ignore[no-untyped-def]
    page = browser.new_context(viewport={"width": width, "height": 800}, base_url=address, locale="ru-RU").new_page()
    page.goto("/list")
    page.get_by_label("Имя").fill(login)
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    page.wait_for_url("**/list")
    return page


def test_log_in_read_open_the_evidence_mark_and_find_it_marked(browser, address: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address)
    assert "Анна Петровна, сегодня вас ждут" in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="Сравнить").first.click()
    assert page.locator("mark").count() > 0
    page.go_back()
    line = page.locator("li", has=page.get_by_role("link", name=made.NAMES[3])).first
    line.get_by_role("button", name="Решено").click()
    assert page.get_by_role("status").inner_text() == "Сохранено."
    again = opened(browser, address)
    done = again.locator("ul.done li", has_text=made.NAMES[3])
    assert "решено" in done.inner_text()
    done.get_by_role("button", name="Отменить").click()
    assert again.locator("ul.done").count() == 0


def test_snoozed_with_a_day_and_a_note(browser, address: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address)
    line = page.locator("li", has=page.get_by_role("link", name=made.NAMES[2])).first
    line.get_by_text("Отложить, заметка").click()
    line.get_by_label("Заметка").fill("в отпуске")
    line.get_by_label("Отложить до утра").fill("2026-12-01")
    line.get_by_role("button", name="Отложить").click()
    assert "отложено до 1 декабря («в отпуске»)" in page.locator("ul.done").inner_text()


def test_another_curators_learner_is_not_there(browser, address: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address)
    answer = page.goto(f"/learner/{THEIRS}")
    assert answer.status == 404
    assert "Чужая" not in page.content()
    other = opened(browser, address, "pavel")
    assert other.goto(f"/learner/{THEIRS}").status == 200


def test_the_keyboard_is_enough(browser, address: str) -> None:  # type: ignore[no-untyped-def]
    page = browser.new_context(base_url=address, locale="ru-RU").new_page()
    page.goto("/login")
    press, write = page.keyboard.press, page.keyboard.type
    for text in ("anna", PASSWORD):
        press("Tab")
        write(text)
    press("Tab")
    press("Enter")
    page.wait_for_url("**/list")
    press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    press("Enter")
    reached = set()
    for _ in range(60):
        press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("document.activeElement.value") == "false_alarm":
            break
    press("Enter")
    page.wait_for_url("**saved=false_alarm**")
    assert {"A", "BUTTON", "SUMMARY"} <= reached
    page.get_by_role("button", name="Отменить").first.click()


@pytest.mark.parametrize("path", PAGES)
def test_on_a_telephone_nothing_runs_out_of_the_screen(browser, address: str, path: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address, width=390)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["ru", "en"])
def test_axe_finds_nothing(browser, address: str, language: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(browser, address)
    item = page.get_by_role("link", name="Сравнить").first.get_attribute("href")
    page.goto(f"/language/{language}")
    tags = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    for path in (*PAGES, item):
        page.goto(path)
        # What is folded is looked at as well.
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
        found = axe.Axe().run(page, options=tags)
        assert found.violations_count == 0, (path, found.generate_report())
    outside = browser.new_context(base_url=address).new_page()
    outside.goto("/login")
    assert axe.Axe().run(outside, options=tags).violations_count == 0
