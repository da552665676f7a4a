"""Write the generated pages, or (``--check``) say whether they are what the code says.

``docs/dictionary.md``: every relation and column, from the comments in ``sql/schema`` and the descriptions of the dbt models.
``docs/thresholds.md``: every threshold with value, unit and reason.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from pipelines.thresholds import THRESHOLDS_FILE
from pipelines.transform import manifest
from pipelines.warehouse import SCHEMAS, Warehouse

HERE = Path(__file__).parent
NOTE = (
    "<!-- Written by `python -m docs.generate`; edit the comments in sql/schema, the YAML beside the dbt models, or the seed instead. -->\n"
)


def dictionary() -> str:
    """The data dictionary in Markdown: stages in their order, relations and columns as declared."""
    parts = ["# Data dictionary\n", NOTE]
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        declared = {schema: _declared(warehouse, schema) for schema in SCHEMAS}
    models = _models()
    for schema in ("raw", "personal", "links", "facts", "indicators", "risk", "reports", "deliveries"):
        parts.append(f"\n## {schema}\n")
        for name, (text, columns) in sorted((declared.get(schema) or models.get(schema) or {}).items()):
            parts.append(f"\n### {schema}.{name}\n\n{text}\n\n| column | type | meaning |\n|---|---|---|\n")
            parts += [f"| `{column}` | {kind} | {meaning} |\n" for column, kind, meaning in columns]
    return "".join(parts)


def _declared(warehouse: Warehouse, schema: str) -> dict[str, tuple[str, list[tuple[str, str, str]]]]:
    shared = {
        "source": "Name of the source in programme.toml.",
        "load_id": "The load (raw.loads).",
        "seen_at": "Moment up to which the item it came from speaks.",
    }
    tables = {}
    for (table,) in warehouse.rows("select table_name from duckdb_tables() where schema_name = ? order by 1", [schema]):
        columns = warehouse.rows(
            "select column_name, data_type, comment from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        )
        rows = [(name, kind.lower(), _cell(comment or shared.get(name, ""))) for name, kind, comment in columns]
        tables[table] = (warehouse.comment(f"{schema}.{table}"), rows)
    return tables


def _models() -> dict[str, dict[str, tuple[str, list[tuple[str, str, str]]]]]:
    parsed = json.loads(manifest().read_text(encoding="utf-8"))
    found: dict[str, dict[str, tuple[str, list[tuple[str, str, str]]]]] = {}
    for node in parsed["nodes"].values():
        if node["resource_type"] == "model":
            columns = [(name, column.get("data_type") or "", _cell(column["description"])) for name, column in node["columns"].items()]
            found.setdefault(node["schema"], {})[node["name"]] = (" ".join(node["description"].split()), columns)
    return found


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def thresholds() -> str:
    """All thresholds in Markdown, by name."""
    with THRESHOLDS_FILE.open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["name"])
    table = [f"| `{row['name']}` | {row['value']} | {row['unit']} | {_cell(row['reason'])} |\n" for row in rows]
    return "".join(["# Thresholds\n", NOTE, "\n| name | value | unit | reason |\n|---|---|---|---|\n", *table])


PAGES = {"dictionary.md": dictionary, "thresholds.md": thresholds}


def main(arguments: list[str]) -> int:
    """Write or check; returns the number of pages that are not what the code says."""
    stale = 0
    for name, make in PAGES.items():
        page, text = HERE / name, make()
        if "--check" in arguments:
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                stale += 1
                print(f"docs/{name} is not what the code says: run python -m docs.generate", file=sys.stderr)
        else:
            page.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
