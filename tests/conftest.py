"""What all tests share: an empty warehouse; an installation over a small simulated programme, made once a session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
from xdist.scheduler import LoadScopeScheduling

from pipelines.simulation import environment_of, plan_of, simulate
from pipelines.warehouse import Warehouse

os.environ |= {
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}

_connect = duckdb.connect
_create_schemas = Warehouse.create_schemas

#: Folders whose tests read one costly thing (a build, a whole run): made once, if one process runs them all.
TOGETHER = ("tests/assets", "tests/end_to_end", "tests/sql")

REAL_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


class ByWhatTheyShare(LoadScopeScheduling):
    """Which process runs a test: one for all of a file, and one for all of the folders in :data:`TOGETHER`, which come first since they take longest."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if path.startswith(f"{folder}/")), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByWhatTheyShare:
    """In the order in which tests are found: the default, most tests first, would leave the longest for the end."""
    config.option.loadscopereorder = False
    return ByWhatTheyShare(config, log)


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    """An empty warehouse in memory with all that is declared."""
    with Warehouse.open(None) as opened:
        opened.create_schemas()
        yield opened


@dataclass(frozen=True)
class SmallProgramme:
    """A simulated programme's exports and the last day it knows."""

    exports: Path
    as_of: date


@pytest.fixture(scope="session")
def small_programme(tmp_path_factory: pytest.TempPathFactory) -> SmallProgramme:
    """The small preset, written once; copy it before changing anything in it."""
    folder = tmp_path_factory.mktemp("small") / "exports"
    plan = plan_of("small")
    simulate(folder, plan)
    return SmallProgramme(folder, plan.as_of)


@pytest.fixture(scope="session")
def session_environment() -> Iterator[pytest.MonkeyPatch]:
    """A monkeypatch that lasts as long as the session."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MAYAK_")]:
            patch.delenv(name)
        yield patch


def configure(patch: pytest.MonkeyPatch, exports: Path, home: Path) -> None:
    """Point this process at an installation under ``home`` that reads ``exports``."""
    for name, value in environment_of(exports, home, "a-key-for-invented-people").items():
        patch.setenv(name, value)


@pytest.fixture
def real_data() -> Path:
    """The folder of real data; skips where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("no folder ../shared/data beside the project: the real-data tests need it")
    return REAL_DATA


# -- what makes a thousand small tests short -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with the declared schemas and nothing in them, made by the very method that tests then spare."""
    path = tmp_path_factory.mktemp("schemas") / "template.duckdb"
    with Warehouse.open(path) as warehouse:
        _create_schemas(warehouse)
    return path


@pytest.fixture(scope="session")
def spared(empty_warehouse: Path) -> Iterator[None]:
    """New warehouses in memory get their schemas from the template (0.2 s of statements each)."""

    def create_schemas(warehouse: Warehouse) -> None:
        name, file = warehouse.rows("select database_name, path from duckdb_databases() where database_name = current_database()")[0]
        if file is not None or warehouse.value(
            "select count(*) from duckdb_schemas() where schema_name = 'raw' and database_name = ?", [name]
        ):
            _create_schemas(warehouse)
            return
        warehouse.connection.execute(f"attach '{empty_warehouse}' as template (read_only)")
        warehouse.connection.execute(f"copy from database template to {name}")
        warehouse.connection.execute("detach template")

    def connect(database: str = ":memory:", read_only: bool = False, config: dict[str, object] | None = None) -> duckdb.DuckDBPyConnection:
        return _connect(database, read_only, {"threads": 1, **(config or {})})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Warehouse, "create_schemas", create_schemas)
        patch.setattr(duckdb, "connect", connect)
        yield
