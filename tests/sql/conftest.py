"""One build of the dbt project for every test that only reads it: a build takes seconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.programme import Programme
from pipelines.transform import TransformResult, run_dbt
from pipelines.warehouse import Warehouse
from tests.sql import fixture


@dataclass(frozen=True)
class Built:
    """A warehouse with all three stages built, and what dbt said of it."""

    path: Path
    result: TransformResult
    work: Path

    def copy(self, folder: Path) -> Path:
        """A copy of the warehouse that a test may write to."""
        return Path(shutil.copy(self.path, folder / "warehouse.duckdb"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The invented programme as of its day, tests included; in two runs, as the day's run does it (the second goes on from the first)."""
    folder = tmp_path_factory.mktemp("dbt")
    path = fixture.build(folder / "warehouse.duckdb")
    work = folder / "work"
    # The first run builds all history, the second goes on by one day: what every test below reads is the second's.
    run_dbt(
        path, "facts indicators", programme=fixture.PROGRAMME, as_of=fixture.AS_OF - timedelta(days=1), work_folder=work, data_tests=False
    )
    return Built(path, run_dbt(path, "facts indicators reports", programme=fixture.PROGRAMME, as_of=fixture.AS_OF, work_folder=work), work)


@pytest.fixture(scope="session")
def warehouse(built: Built) -> Iterator[Warehouse]:
    """The built warehouse, to read."""
    with Warehouse.open(built.path, read_only=True) as opened:
        yield opened


def run(
    path: Path,
    built: Built,
    as_of: date,
    select: str = "facts indicators",
    *,
    full_refresh: bool = False,
    programme: Programme = fixture.PROGRAMME,
) -> TransformResult:
    """Build a copy for another day, without its data tests."""
    return run_dbt(path, select, programme=programme, as_of=as_of, work_folder=built.work, full_refresh=full_refresh, data_tests=False)
