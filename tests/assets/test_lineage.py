"""The lineage is true: what a step's code reads is what its assets are said to depend on, so that Dagster runs steps in an order that holds."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import build
from assets.relations import declared

ROOT = Path(__file__).parents[2]

#: An asset of each step → the modules that the step calls (pipelines/steps.py); of links and risk, what these import of their stage as well.
STEPS = {
    "links/people": ("links.people.people",),
    "links/replies": tuple(f"links.conversations.{name}" for name in ("threads", "questions", "replies", "novelty", "repeated_questions")),
    "links/acknowledgements": ("links.acknowledgements",),
    "links/copies": ("links.copies.copies",),
    "links/feedback": ("links.feedback",),
    "risk/scores": ("risk.scoring",),
    "deliveries/curator_lists": (
        "deliveries.lists.lists", "deliveries.lists.copies", "deliveries.shared.marks", "deliveries.page.snapshot", "deliveries.lists.list_mail",
        "deliveries.lists.list_telegram", "marks",
    ),
    "deliveries/leadership_report": ("deliveries.report.reports", "deliveries.report.report_sections", "deliveries.report.frozen"),
    "deliveries/evaluation_page": ("risk.backtest",),
}  # fmt: skip
_RELATION = re.compile(r"\b(?:(raw|personal|links|facts|indicators|risk|reports)\.)?([a-z][a-z_0-9]+)")


@cache
def _parsed(module: str) -> ast.Module:
    path = ROOT / "pipelines" / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _is_module(name: str) -> bool:
    path = ROOT / "pipelines" / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _with_what_they_import(modules: tuple[str, ...]) -> set[str]:
    """The modules and whatever of the same stages they import, however far."""
    stages = {module.split(".")[0] for module in modules} & {"links", "risk"}
    seen: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        for node in ast.walk(_parsed(module)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pipelines."):
                origin = node.module.removeprefix("pipelines.")
                if origin.split(".")[0] in stages:
                    parts = [f"{origin}.{alias.name}" for alias in node.names if _is_module(f"{origin}.{alias.name}")]
                    todo += parts or [origin]
    return seen


def _relations_in(module: str) -> set[str]:
    """Relations that the module's own strings name; docstrings and comments name many more."""
    tree = _parsed(module)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]
    found = {
        (stage or ("reports" if table.startswith("rpt_") else ""), table) for text in texts for stage, table in _RELATION.findall(text)
    }
    return {f"{stage}/{table}" for stage, table in found if stage}


@pytest.fixture(scope="module")
def graph() -> dg.AssetGraph:
    return build(None).resolve_asset_graph()


@pytest.mark.parametrize("asset", STEPS)
def test_what_a_step_reads_comes_before_it(graph: dg.AssetGraph, asset: str) -> None:
    """A relation that is read and no dependency may be made after the step that reads it: last night's rows in today's lists."""
    node = graph.get(dg.AssetKey(asset.split("/")))
    known = {key.to_user_string() for key in graph.get_all_asset_keys()}
    named = {name for module in _with_what_they_import(STEPS[asset]) for name in _relations_in(module)} & known
    made_here = {key.to_user_string() for key in graph.get_execution_set_asset_and_check_keys(node.key) if isinstance(key, dg.AssetKey)}
    depended_on = {key.to_user_string() for key in node.parent_keys}
    assert sorted(named - made_here - depended_on) == []
    assert sorted(depended_on - named) == []


#: Not assets: books that the loader keeps of its own work, and what deliveries remember of themselves.
BOOKKEEPING = {
    "raw.coverage", "raw.declared", "raw.erased_works", "raw.erasures", "raw.installation", "raw.load_counts", "raw.rejects", "raw.vanished",
    "deliveries.files", "deliveries.list_items", "deliveries.list_reasons", "deliveries.mails",
}  # fmt: skip


def test_every_declared_table_is_an_asset_or_a_book(graph: dg.AssetGraph) -> None:
    """A table that no asset makes is in nobody's lineage: add it to its step's relations, or say here why it is none."""
    assets = {".".join(key.path) for key in graph.get_all_asset_keys()}
    assert set(declared()) - assets == BOOKKEEPING
