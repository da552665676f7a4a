"""A model's own SQL without dbt: for tests that feed one model thousands of rows, or many calendars, in a fraction of a second.

The model's file and the project's macros are rendered with jinja2; what dbt would supply (ref, source, var, adapter) is stood in for.
DuckDB's wording only: the other engines' are dbt's to choose.
"""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import jinja2

from pipelines.settings import DBT_FOLDER
from pipelines.thresholds import THRESHOLDS_FILE
from pipelines.warehouse import Warehouse


class _Adapter:
    """Hands out the default wording of a dispatched macro."""

    def __init__(self, warehouse: Warehouse | None) -> None:
        self.macros: dict[str, Any] = {}
        self.warehouse = warehouse

    def dispatch(self, name: str) -> Any:
        return self.macros[f"default__{name}"]

    def get_relation(self, *, schema: str, identifier: str, **_: Any) -> str:
        """The table of the run before, which the caller says is there."""
        return f"{schema}.{identifier}"

    def get_columns_in_relation(self, relation: str) -> list[Any]:
        """Its columns: those that a model of today writes."""
        assert self.warehouse is not None
        return [SimpleNamespace(name=name) for name in self.warehouse.columns(relation)]


def rendered(model: str, *, as_of: date, time_zone: str = "Europe/Moscow", before: Warehouse | None = None) -> str:
    """The SQL of a model ("facts/fct_waits"). Tables it names: ``facts.<model>`` and so on, ``<source>.<table>``.

    ``before``: a warehouse that holds the model's table of the run before, of which the model may keep what has not changed.
    """
    stages = {path.stem: path.parent.name for path in (DBT_FOLDER / "models").glob("*/*.sql")}
    adapter = _Adapter(before)
    schema, name = model.split("/")
    given = {
        "ref": lambda name: f"{stages.get(name, 'facts')}.{name}",
        "source": lambda schema, name: f"{schema}.{name}",
        "var": {"as_of": as_of.isoformat(), "time_zone": time_zone, "programme_id": "trial", "language": "ru"}.__getitem__,
        "adapter": adapter,
        "return": lambda value: value,
        "config": lambda **_: "",
        "execute": before is not None,
        "flags": SimpleNamespace(WHICH="build"),
        "should_full_refresh": lambda: False,
        "this": SimpleNamespace(database=None, schema=schema, identifier=name),
    }
    macros = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((DBT_FOLDER / "macros").rglob("*.sql")) if path.stem not in _OF_DBT
    )
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
    environment.globals |= given
    module = _template(environment, macros).make_module()
    adapter.macros = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    sql = (DBT_FOLDER / "models" / f"{model}.sql").read_text(encoding="utf-8")
    return _template(environment, macros + sql).render()


def _template(environment: jinja2.Environment, source: str) -> jinja2.Template:
    if source not in _COMPILED:
        _COMPILED[source] = environment.compile(source)
    return jinja2.Template.from_code(environment, _COMPILED[source], environment.globals)


#: Macros that take the place of dbt's own: whether a model is built anew is given above.
_OF_DBT = frozenset(("shape",))

#: Sources read before: reading the macros takes longer than many a query.
_COMPILED: dict[str, Any] = {}


def with_thresholds(warehouse: Warehouse) -> None:
    """Make the seed as dbt makes it."""
    warehouse.connection.execute("create schema if not exists facts")
    warehouse.connection.execute(f"create or replace table facts.thresholds as select * from read_csv('{THRESHOLDS_FILE}', header = true)")
