"""What makes a thousand small tests short: schemas are made once a session, and the engine takes one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse import Warehouse

_connect = duckdb.connect
_create_schemas = Warehouse.create_schemas


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the declared schemas and nothing in them, made by the very method that tests then spare."""
    path = tmp_path_factory.mktemp("schemas") / "template.duckdb"
    with Warehouse.open(path) as warehouse:
        _create_schemas(warehouse)
    return path


@pytest.fixture(autouse=True, scope="session")
def spared(template: Path) -> Iterator[None]:
    """New warehouses in memory get their schemas from the template (0.2 s of statements each)."""

    def create_schemas(warehouse: Warehouse) -> None:
        name, file = warehouse.rows("select database_name, path from duckdb_databases() where database_name = current_database()")[0]
        if file is not None or warehouse.value(
            "select count(*) from duckdb_schemas() where schema_name = 'raw' and database_name = ?", [name]
        ):
            _create_schemas(warehouse)
            return
        warehouse.connection.execute(f"attach '{template}' as template (read_only)")
        warehouse.connection.execute(f"copy from database template to {name}")
        warehouse.connection.execute("detach template")

    def connect(database: str = ":memory:", read_only: bool = False, config: dict[str, object] | None = None) -> duckdb.DuckDBPyConnection:
        return _connect(database, read_only, {"threads": 1, **(config or {})})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "create_schemas", create_schemas)
        patch.setattr(duckdb, "connect", connect)
        yield
