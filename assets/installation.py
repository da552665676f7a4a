"""What every asset is given: the installation it works on, read from the environment when a run starts and not before."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg

from pipelines.errors import MayakError
from pipelines.programme import Programme, read_programme
from pipelines.progress import LineProgress
from pipelines.run_lock import RunLock
from pipelines.settings import Settings, read_settings
from pipelines.steps import Run

#: How long a run waits for the run before it (s): a queue of ten nights, as Dagster's backfills start them, is done by then.
WAITS_SECONDS = 2 * 60 * 60
#: Warehouse → the run of this process that holds its lock.
_locks: dict[Path, tuple[str, RunLock]] = {}


class Installation(dg.ConfigurableResource):
    """Settings and programme of this installation (``MAYAK_…`` variables; docs/configuration.md)."""

    def run(self, context: dg.AssetExecutionContext) -> Run:
        """The run for the context's partition; for assets without partitions the day is the clock's.

        Waits until no other run works on the warehouse. Raises TransientError when that takes longer than :data:`WAITS_SECONDS`.
        """
        now = datetime.now(UTC)
        settings = read_settings()
        _take_lock(settings.warehouse_path, context)
        day = date.fromisoformat(context.partition_key) if context.has_partition_key else now.astimezone(self.programme().zone).date()
        return Run(settings, day, now, LineProgress(context.log.info))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """The run is over: the next one may work, also where this process goes on."""
        for _, lock in _locks.values():
            lock.release()
        _locks.clear()

    def programme(self) -> Programme:
        """The programme file."""
        return read_programme(self.settings().programme)

    def settings(self) -> Settings:
        """The settings."""
        return read_settings()


def _take_lock(warehouse: Path, context: dg.AssetExecutionContext) -> None:
    """Hold the warehouse from a run's first asset to the end of the run."""
    run_id, _ = _locks.get(warehouse, (None, None))
    if run_id == context.run.run_id:
        return
    who = f"Dagster run {context.run.run_id[:8]} of {context.run.job_name}"
    _locks[warehouse] = (context.run.run_id, RunLock(warehouse, who, patience=WAITS_SECONDS, tell=context.log.info))


def known_programme() -> Programme | None:
    """The programme as far as it can be read while definitions load; None where nothing is configured yet.

    Definitions must load without a configuration (a fresh clone, CI): then the lineage simply has no exports.
    """
    try:
        return read_programme(Path(read_settings().programme))
    except MayakError as error:
        dg.get_dagster_logger().warning("no programme while definitions load: %s", error)
        return None
