"""What every asset is given: the installation it works on, read from the environment when a run starts and not before."""

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg

from pipelines.errors import MayakError
from pipelines.programme import Programme, read_programme
from pipelines.progress import Lines
from pipelines.settings import Settings, read_settings
from pipelines.steps import Run


class Installation(dg.ConfigurableResource):
    """Settings and programme of this installation (``MAYAK_…`` variables; docs/configuration.md)."""

    def run(self, context: dg.AssetExecutionContext) -> Run:
        """The run for the context's partition; for assets without partitions the day is the clock's."""
        now = datetime.now(UTC)
        settings = read_settings()
        day = date.fromisoformat(context.partition_key) if context.has_partition_key else now.astimezone(self.programme().zone).date()
        return Run(settings, day, now, Lines(context.log.info))

    def programme(self) -> Programme:
        """The programme file."""
        return read_programme(self.settings().programme)

    def settings(self) -> Settings:
        """The settings."""
        return read_settings()


def known_programme() -> Programme | None:
    """The programme as far as it can be read while definitions load; None where nothing is configured yet.

    Definitions must load without a configuration (a fresh clone, CI): then the lineage simply has no exports.
    """
    try:
        return read_programme(Path(read_settings().programme))
    except MayakError as error:
        dg.get_dagster_logger().warning("no programme while definitions load: %s", error)
        return None
