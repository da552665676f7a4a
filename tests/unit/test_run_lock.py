"""One run at a time: who comes second is told by whom it waits, and a killed holder holds nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import PermanentError, TransientError
from pipelines.run_lock import RunLock, run_lock
from pipelines.warehouse import Warehouse


@contextmanager
def another_process(code: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has done ``code`` (with ``path``) and goes on until it is told to end."""
    code = f"import time\nfrom pathlib import Path\nfrom pipelines.run_lock import RunLock\nfrom pipelines.warehouse import Warehouse\npath = Path({str(path)!r})\n{code}"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


HOLD_LOCK = "held = RunLock(path, 'mayak run daily --as-of 2026-11-21')\nprint('ready', flush=True)\ntime.sleep(600)"


def test_who_comes_second_is_told_who_works(tmp_path: Path) -> None:
    path = tmp_path / "home" / "warehouse.duckdb"
    with another_process(HOLD_LOCK, path) as process:
        with pytest.raises(TransientError, match=rf"\(mayak run daily --as-of 2026-11-21, process {process.pid}\); one at a time"):
            RunLock(path, "mayak run weekly")
        with pytest.raises(TransientError), run_lock(path, "mayak erase"):
            raise AssertionError("two at once")
        with run_lock(tmp_path / "home" / "another.duckdb", "mayak run daily"):
            pass


def test_a_killed_holder_releases_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with another_process(HOLD_LOCK, path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with run_lock(path, "mayak run daily"):
            pass
    with run_lock(path, "mayak run daily"):
        pass


def test_who_is_patient_waits_and_says_so_once(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    told: list[str] = []
    with another_process(HOLD_LOCK.replace("600", "3"), path):
        RunLock(path, "Dagster run", patience=60, tell=told.append).release()
    assert len(told) == 1
    assert told[0].startswith("waits for another run (mayak run daily --as-of 2026-11-21, process ")


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PermanentError, match="expected a folder that can be written to; found: Not a directory"):
        RunLock(tmp_path / "file" / "home" / "warehouse.duckdb", "mayak run daily")


def test_a_step_waits_for_somebody_who_looks_at_the_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
    looking = "with Warehouse.open(path, read_only=True):\n    print('ready', flush=True)\n    time.sleep(3)"
    with another_process(looking, path):
        with pytest.raises(TransientError):
            Warehouse.open(path)
        with Warehouse.open(path, patience=60) as warehouse:
            assert warehouse.value("select count(*) from raw.loads") == 0
