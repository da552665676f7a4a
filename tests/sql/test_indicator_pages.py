"""Every indicator has its business-rules page, and the figures a page states are those of the thresholds' file."""

from __future__ import annotations

import re

import pytest

from pipelines.settings import DBT_FOLDER, PROJECT
from pipelines.thresholds import threshold

PAGES = sorted((PROJECT / "docs" / "indicators").glob("*.md"))
#: Parts of another indicator, explained on its page.
WITHIN_ANOTHER = {"ind_quiz_attempts", "ind_used_accounts", "ind_used_loads"}


def test_every_indicator_has_a_page() -> None:
    models = {path.stem for path in (DBT_FOLDER / "models" / "indicators").glob("*.sql")} - WITHIN_ANOTHER
    described = {
        name for page in PAGES for name in re.findall(r"`([\w, ]+)`", page.read_text(encoding="utf-8").split("\n")[2])[0].split(", ")
    }
    assert models <= described


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_states_the_thresholds_as_they_are(page: object) -> None:
    text = page.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for name, value in re.findall(r"^\| (\w+) \| [\w ]+ \| ([\d.]+) \|", text, re.MULTILINE):
        assert threshold(name) == float(value), name
    for value, name in ((value, name) for name, value in re.findall(r"\b([a-z]+_[a-z_]+) \((\d+)\)", text)):
        assert threshold(name) == float(value), name
