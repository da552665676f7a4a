"""A model's own SQL without dbt: for tests that feed one model thousands of rows, or many calendars, in a fraction of a second.

The model's file and the project's macros are rendered with jinja2; what dbt would supply (ref, source, var, adapter) is stood in for.
DuckDB's wording only: the other engines' are dbt's to choose.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import jinja2

from pipelines.settings import DBT_FOLDER
from pipelines.thresholds import THRESHOLDS_FILE
from pipelines.warehouse import Warehouse


class _Adapter:
    """Hands out the default wording of a dispatched macro."""

    def __init__(self) -> None:
        self.macros: dict[str, Any] = {}

    def dispatch(self, name: str) -> Any:
        return self.macros[f"default__{name}"]


def rendered(model: str, *, as_of: date, time_zone: str = "Europe/Moscow") -> str:
    """The SQL of a model ("facts/fct_waits"). Tables it names: ``facts.<model>`` and so on, ``<source>.<table>``."""
    stages = {path.stem: path.parent.name for path in (DBT_FOLDER / "models").glob("*/*.sql")}
    adapter = _Adapter()
    given = {
        "ref": lambda name: f"{stages.get(name, 'facts')}.{name}",
        "source": lambda schema, name: f"{schema}.{name}",
        "var": {"as_of": as_of.isoformat(), "time_zone": time_zone, "programme_id": "trial", "language": "ru"}.__getitem__,
        "adapter": adapter,
        "return": lambda value: value,
        "config": lambda **_: "",
        "execute": False,
    }
    macros = "\n".join(path.read_text(encoding="utf-8") for path in sorted((DBT_FOLDER / "macros").glob("*.sql")))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals |= given
    module = environment.from_string(macros).make_module()
    adapter.macros = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    sql = (DBT_FOLDER / "models" / f"{model}.sql").read_text(encoding="utf-8")
    return environment.from_string(macros + sql).render()


def with_thresholds(warehouse: Warehouse) -> None:
    """Make the seed as dbt makes it."""
    warehouse.connection.execute("create schema if not exists facts")
    warehouse.connection.execute(f"create or replace table facts.thresholds as select * from read_csv('{THRESHOLDS_FILE}', header = true)")
