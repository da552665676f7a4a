"""The page of Moodle's traps names tests and modules that exist, one line per trap."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: number | trap | where | tests
LINES = [
    [cell.strip() for cell in line.strip("|\n ").split(" | ")]
    for line in (ROOT / "docs" / "moodle_traps.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d+ \|", line)
]


def test_every_trap_has_a_line() -> None:
    assert [int(line[0]) for line in LINES] == list(range(1, 38))


def test_every_test_named_exists() -> None:
    for number, _, _, tests in LINES:
        named = re.findall(r"`([\w/.]+\.py)::(\w+)`", tests)
        assert named, f"trap {number} names no test"
        for file, name in named:
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"trap {number}: {file}::{name}"


def test_every_unit_test_of_sql_named_exists() -> None:
    declared = {
        name
        for path in (ROOT / "dbt_like").glob("models/*/unit_tests.yml")
        for name in re.findall(r"^  - name: (\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    for number, *_, tests in LINES:
        for name in re.findall(r"\((\w+)\)", tests):
            assert name in declared, f"trap {number}: {name}"


def test_every_place_named_exists() -> None:
    models = {path.stem for path in (ROOT / "dbt_like" / "models").rglob("*.sql")}
    for number, _, where, _ in LINES:
        for place in re.findall(r"`([\w/.]+)`", where):
            assert (ROOT / "pipelines" / place).is_file() if place.endswith(".py") else place in models, f"trap {number}: {place}"
