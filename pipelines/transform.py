"""Run the dbt project (``dbt_like/``) in this process: facts, indicators, reports, and their tests.

dbt opens the warehouse for itself, so the caller must have closed it; when a run is over, dbt's connection is closed too and the file
is free. dbt is imported when a run begins, not before: it takes two seconds that no other command should pay.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.errors import BadContract, PermanentError, TransientError
from pipelines.programme import Programme
from pipelines.settings import DBT_AS_OF, DBT_FOLDER, DBT_RULES, DBT_WAREHOUSE

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunner

#: What may be built, in the order of the stages. Seeds come with the facts.
STAGES = ("facts", "indicators", "reports")
_PATHS = {"facts": ("path:seeds", "path:models/facts"), "indicators": ("path:models/indicators",), "reports": ("path:models/reports",)}


@dataclass(frozen=True)
class TransformResult:
    """What a run did: models and seeds built, data tests passed, and what dbt warned of, one line each."""

    models: int
    tests: int
    warnings: tuple[str, ...] = ()
    #: Seconds per model, slowest first.
    seconds: tuple[tuple[str, float], ...] = ()


def run_dbt(
    warehouse_path: Path,
    select: str,
    *,
    programme: Programme,
    as_of: date,
    full_refresh: bool = False,
    data_tests: bool = True,
    work_folder: Path | None = None,
) -> TransformResult:
    """Build models of the stages named in ``select`` ("facts indicators", "reports"), and run the data tests that they can answer.

    Parameters
    ----------
    warehouse_path: the DuckDB file; must not be open anywhere, this process included.
    as_of: the day at whose end everything is known; nothing later is visible in any model.
    full_refresh: build models that grow by day from the first day on.
    data_tests: run the models' tests as well; a failed one stops what is built on its model.
    work_folder: where dbt writes its artefacts and log; default: :func:`kept_folder`.

    Raises PermanentError naming model or test and dbt's message, BadContract for a failed data test, TransientError while another
    process has the warehouse open.
    """
    stages = select.replace("+", " ").replace(",", " ").split()
    unknown = sorted(set(stages) - set(STAGES))
    if unknown or not stages:
        raise PermanentError(f"dbt: nothing to build is called {', '.join(unknown) or 'nothing'}; there are: {', '.join(STAGES)}")
    return _invoke(
        warehouse_path,
        ["build", "--select", *(path for stage in STAGES if stage in stages for path in _PATHS[stage]),
         # Unit tests speak of the code, not of the data: the test suite runs them.
         "--exclude", "test_type:unit" if data_tests else "resource_type:test", *([] if data_tests else ["resource_type:unit_test"]),
         "--indirect-selection", "buildable",
         *(["--full-refresh"] if full_refresh else [])],
        variables=variables(programme, as_of),
        work_folder=work_folder or kept_folder(warehouse_path),
    )  # fmt: skip


def run_unit_tests(warehouse_path: Path, *, programme: Programme, as_of: date, work_folder: Path) -> TransformResult:
    """Run dbt's unit tests. The warehouse must have the models built: their columns give the invented rows their types.

    Raises PermanentError naming the tests that failed and how.
    """
    return _invoke(warehouse_path, ["test", "--select", "test_type:unit"], variables=variables(programme, as_of), work_folder=work_folder)


def variables(programme: Programme, as_of: date | None) -> dict[str, Any]:
    """The dbt variables of a programme and a day."""
    return {**({"as_of": as_of.isoformat()} if as_of else {}), **lasting_variables(programme)}


def kept_folder(warehouse_path: Path) -> Path:
    """Where dbt keeps what it read of its project, its artefacts and its log: beside the warehouse."""
    return warehouse_path.parent / "dbt"


def lasting_variables(programme: Programme) -> dict[str, Any]:
    """The dbt variables that are the same from day to day: what dbt read of its project holds as long as they are."""
    return {
        "time_zone": programme.time_zone,
        "stream_pattern": programme.stream_pattern,
        "language": programme.languages[0],
        "programme_id": programme.id,
        "ignore_courses": list(programme.ignore_courses),
    }


def rules_of(variables: Mapping[str, Any]) -> str:
    """A hash of what decides how days are built: the project's models, macros and thresholds, and the variables that say what a day and a stream is.

    Tables that grow by day and were built by other rules are built anew (``dbt_like/macros/shape.sql``).
    """
    digest = sha256()
    for folder in ("models/facts", "models/indicators", "macros", "seeds"):
        for file in sorted((DBT_FOLDER / folder).rglob("*")):
            if file.suffix in (".sql", ".csv"):
                digest.update(f"{file.relative_to(DBT_FOLDER)}\x1f".encode())
                digest.update(file.read_bytes())
    decide = {name: variables.get(name) for name in ("time_zone", "stream_pattern", "ignore_courses")}
    digest.update(json.dumps(decide, sort_keys=True).encode())
    return digest.hexdigest()


def parse(work_folder: Path) -> Path:
    """Read the dbt project without a warehouse and write its manifest; returns the manifest's path.

    Raises PermanentError with dbt's message when the project is wrong.
    """
    _invoke(Path(":memory:"), ["parse"], variables={}, work_folder=work_folder)
    return work_folder / "target" / "manifest.json"


def manifest() -> Path:
    """The project's manifest (``dbt_like/target/manifest.json``), made anew when a file of the project is newer than it."""
    path = DBT_FOLDER / "target" / "manifest.json"
    sources = [file for folder in ("models", "macros", "seeds", "tests") for file in (DBT_FOLDER / folder).rglob("*") if file.is_file()]
    newest = max(file.stat().st_mtime for file in [*sources, DBT_FOLDER / "dbt_project.yml", DBT_FOLDER / "profiles.yml"])
    if not path.exists() or path.stat().st_mtime < newest:
        path.parent.mkdir(exist_ok=True)
        # Moved into place whole: another process may be reading, or parsing as well.
        with TemporaryDirectory(prefix="parse-", dir=path.parent) as folder:
            parse(Path(folder)).replace(path)
    return path


def _invoke(warehouse_path: Path, command: list[str], *, variables: dict[str, Any], work_folder: Path) -> TransformResult:
    work_folder.mkdir(parents=True, exist_ok=True)
    # What dbt read of its project stands beside its artefacts, and holds as long as no variable is another: the day is none.
    lasting = {name: value for name, value in variables.items() if name != "as_of"}
    arguments = [
        "--quiet", "--log-level", "none", "--log-level-file", "warn", "--log-path", str(work_folder / "logs"),
        *command,
        # Nobody reads the manifest of a run, and writing it twice is a third of a small stage's time.
        *([] if command[0] == "parse" else ["--no-write-json"]),
        "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER), "--target-path", str(work_folder / "target"),
        "--vars", yaml.safe_dump(lasting, allow_unicode=True, default_flow_style=True, width=10_000).strip(),
    ]  # fmt: skip
    with _environment(
        {
            DBT_WAREHOUSE: str(warehouse_path),
            DBT_AS_OF: variables.get("as_of", ""),
            DBT_RULES: rules_of(variables) if variables else "",
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
    ):
        from dbt.cli.main import dbtRunner

        try:
            return _told(_outcome(dbtRunner(), arguments), command)
        finally:
            _let_go()


def _outcome(runner: dbtRunner, arguments: list[str]) -> Any:
    outcome = runner.invoke(arguments)
    if outcome.exception is not None:
        message = _one_line(str(outcome.exception))
        if "lock" in message.lower() and "warehouse" not in message.lower():
            raise TransientError(f"dbt: the warehouse is open elsewhere; one at a time: {message}") from outcome.exception
        raise PermanentError(f"dbt: {message}") from outcome.exception
    return outcome.result


def _told(result: Any, command: list[str]) -> TransformResult:
    nodes = getattr(result, "results", None) or []
    failed = [node for node in nodes if str(node.status) in ("error", "fail", "runtime error")]
    if failed:
        lines = [f"{node.node.name}: {_one_line(node.message or str(node.status))}" for node in failed]
        if any("Could not set lock" in line for line in lines):
            raise TransientError(f"dbt {command[0]}: the warehouse is open elsewhere; one at a time")
        only_tests = all(node.node.resource_type == "test" for node in failed)
        told = "; ".join(lines[:5]) + (f"; and {len(lines) - 5} more" if len(lines) > 5 else "")
        raise (BadContract if only_tests else PermanentError)(f"dbt {command[0]}: {told}")
    built = [node for node in nodes if node.node.resource_type in ("model", "seed") and str(node.status) == "success"]
    return TransformResult(
        models=len(built),
        tests=sum(node.node.resource_type in ("test", "unit_test") and str(node.status) in ("pass", "warn") for node in nodes),
        warnings=tuple(f"{node.node.name}: {_one_line(node.message or '')}" for node in nodes if str(node.status) == "warn"),
        seconds=tuple(sorted(((node.node.name, round(node.execution_time, 2)) for node in built), key=lambda pair: (-pair[1], pair[0]))),
    )


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _let_go() -> None:
    """Close dbt's own connection: it keeps the file open for its next run, and one process at a time may have it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV  # close_all_connections only forgets it, and leaves the closing to chance
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """dbt's profile can be told the file through the environment only; it is as before afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
