"""Everything Dagster knows of Mayak, put together for one programme."""

import dagster as dg

from assets.alerts import failed_runs
from assets.deliveries import delivery_assets
from assets.exports import export_specs, load_asset, programme_tables
from assets.installation import Installation, known_programme
from assets.links import link_assets
from assets.models import dbt_resource, model_assets
from assets.partitions import DEFAULT_ZONE, days
from assets.raw_checks import raw_tables
from assets.risk import risk_assets
from assets.timetable import jobs, new_exports, schedules
from pipelines.programme import Programme


def build(programme: Programme | None) -> dg.Definitions:
    """Definitions for a programme; without one, the lineage from the raw tables on."""
    zone = programme.time_zone if programme else DEFAULT_ZONE
    partitions = days(zone)
    sources = programme.sources if programme else ()
    made = jobs()
    return dg.Definitions(
        assets=[
            *(export_specs(programme) if programme else []),
            *(load_asset(source) for source in sources),
            programme_tables(programme),
            raw_tables(programme),
            *link_assets,
            *model_assets(partitions),
            *risk_assets(partitions),
            *delivery_assets(partitions),
        ],
        jobs=list(made.values()),
        schedules=schedules(zone, made["daily"], made["weekly"]),
        sensors=[new_exports(made["load_exports"]), failed_runs],
        resources={"installation": Installation(), "dbt": dbt_resource()},
        # One process at a time may open the warehouse file, and an interpreter per step takes fifty times as long.
        executor=dg.in_process_executor,
    )


defs = build(known_programme())
