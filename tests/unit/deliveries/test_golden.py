"""The whole of a list and of a report in words, kept as files: what changes in them is seen as a difference of lines.

To take a change over: ``python -m tests.unit.deliveries.test_golden``, then read the difference before committing it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.deliveries.lists import list_html, list_mail, lists
from pipelines.deliveries.report import reports
from pipelines.deliveries.report.report_words import document
from pipelines.deliveries.shared.language import Language
from tests.unit.deliveries import fixture as made

FOLDER = Path(__file__).parents[2] / "fixtures" / "golden"


def list_text(code: str) -> str:
    with made.warehouse_of(**{**made.full_day(), "rpt_curators": [made.curator()]}) as warehouse:
        (item,) = lists.build_lists(warehouse, made.programme(), made.DAY)
    language = Language(code, item.zone)
    sections = list_mail.sections_of(item, language)
    said = list_mail.plain_text(list_html.head_view(item, language), sections, language, None)
    drafts = [f"{line['name']}:\n{line['draft']}" for section in sections for line in section["lines"] if line["draft"]]
    return "\n\n".join([said, *drafts]) + "\n"


def report_text(code: str) -> str:
    with made.warehouse_of(**made.full_week()) as warehouse:
        made.insert(warehouse, "deliveries.list_items", made.listed_lines())
        report = reports.build_report(warehouse, made.programme(), made.WEEK)
    said = document(report, Language(code, report.zone))
    rows = [said["title"], said["header"], said["version"], said["legend"]]
    for section in said["sections"]:
        rows += ["", f"# {section['title']}"]
        for block in section["blocks"]:
            match block["kind"]:
                case "points" | "warning":
                    rows += [f"- {point}" for point in block["items"]]
                case "table":
                    rows += [
                        " | ".join(column["title"] for column in block["columns"]),
                        *(" | ".join(row) for row in block["rows"]),
                        block["caption"],
                    ]
                case "definitions":
                    rows += [f"{name}: {text}" for name, text in block["items"]]
                case "picture":
                    rows.append(f"[{block['caption']}]")
                case _:
                    rows.append(block["text"])
    return "\n".join(rows).replace("\u00a0", " ") + "\n"


TEXTS = {"list": list_text, "report": report_text}


@pytest.mark.parametrize("code", ["ru", "en"])
@pytest.mark.parametrize("what", TEXTS)
def test_it_says_what_it_said(what: str, code: str) -> None:
    assert TEXTS[what](code).splitlines() == (FOLDER / f"{what}.{code}.txt").read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        for language in ("ru", "en"):
            (FOLDER / f"{name}.{language}.txt").write_text(text(language), encoding="utf-8")
