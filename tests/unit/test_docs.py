"""Pages speak of what is there: links, their anchors and the modules of their commands."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]*))?\)")
_FIGURE = re.compile(r"(?<![\d.])(?:\d?\.\d{2,4}|\d{1,3},\d{3}|\d{3,})(?![\d.])")
_MODULE = re.compile(r"python3? -m ([a-z_]+(?:\.[a-z_]+)*)")


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings as GitHub makes them: lower case, punctuation gone, blanks to hyphens."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A dead link sends a reader away from the one page that would have helped: mend the link, or the heading it names."""
    dead = []
    for name, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(f"{name}#{anchor}" if anchor else name)
    assert dead == []


def test_commands_name_modules_that_exist() -> None:
    """``python -m x.y`` in a page can be run: x.y is a module of this project or an installed one."""
    named = {module for page in PAGES for module in _MODULE.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert sorted(module for module in named if importlib.util.find_spec(module) is None) == []


def test_the_first_page_says_the_figures_that_stand() -> None:
    """A new measurement replaces a figure in docs/evaluation; the README repeats some of them."""
    first, current = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/evaluation/README.md"))
    told = _FIGURE.findall(first[first.index("## How good is it?") : first.index("## More")])
    assert told
    assert [figure for figure in told if figure not in current] == []


def test_code_names_pages_that_exist() -> None:
    """A page that code, comments or seeds name (docs/….md) is there."""
    listed = subprocess.run(
        ["git", "grep", "-hoE", r"\bdocs/[a-z0-9_/-]+\.md", "--", "*.py", "*.sql", "*.yml", "*.csv", "*.toml", "Makefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode not in {0, 1}:
        pytest.skip("not a git checkout")
    assert sorted({name for name in listed.stdout.split() if not (ROOT / name).exists()}) == []


def test_whoever_opens_the_reports_to_a_dashboard_is_told_of_each_table_whether_it_names_people() -> None:
    """Tables to join to were left out, and two of them hold names and addresses."""
    told = set(re.findall(r"`(rpt_\w+)`", (ROOT / "docs" / "bi.md").read_text(encoding="utf-8")))
    assert told == {path.stem for path in (ROOT / "dbt_like" / "models" / "reports").glob("rpt_*.sql")}


def test_what_a_recipe_says_will_fail_is_a_test_that_there_is() -> None:
    """Two steps of the recipe for an indicator named checks that pass when the step is forgotten."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for page in ("add_a_source", "add_an_indicator", "add_a_report"):
        named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
        assert [name for name in named if f"def {name}(" not in tests] == []
