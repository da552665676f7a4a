"""One whole run of the small programme, for every test that only looks at what it left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from pipelines.deliveries.report import frozen
from pipelines.programme import read_programme
from pipelines.warehouse import Warehouse
from tests.conftest import SmallProgramme, configure


class Installation:
    """A configured installation, its Dagster run and its files."""

    def __init__(self, exports: Path, home: Path, as_of: date, result: dg.ExecuteInProcessResult) -> None:
        self.exports, self.home, self.as_of, self.result = exports, home, as_of, result

    @property
    def lists(self) -> Path:
        return self.home / "deliveries" / "lists" / self.as_of.isoformat()

    @property
    def report(self) -> Path:
        (version,) = frozen.versions(self.home / "deliveries", self.as_of)
        return self.home / "deliveries" / version.place

    def warehouse(self) -> Warehouse:
        return Warehouse.open(self.home / "warehouse.duckdb", read_only=True)


@pytest.fixture(scope="session")
def made(small_programme: SmallProgramme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The small programme, run as Dagster runs it on a Monday: the weekly job."""
    home = tmp_path_factory.mktemp("home")
    exports = home / "exports"
    shutil.copytree(small_programme.exports, exports)
    with pytest.MonkeyPatch.context() as patch:
        configure(patch, exports, home)
        from assets.definitions import build

        definitions = build(read_programme(exports / "programme.toml"))
        with dg.DagsterInstance.ephemeral() as instance:
            result = definitions.resolve_job_def("weekly").execute_in_process(
                partition_key=small_programme.as_of.isoformat(), instance=instance
            )
        yield Installation(exports, home, small_programme.as_of, result)
