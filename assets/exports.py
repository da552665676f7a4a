"""Stage raw, first half: what lies outside (exports, databases) and one load of each source."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg

from assets.installation import Installation
from assets.relations import OWNERS, relation
from pipelines.errors import TransientError
from pipelines.programme import Programme, Source
from pipelines.steps import load, prepare, tell_loads

#: A source that is away is asked again this often, this far apart; then the night goes on without it and the list says so.
RETRIES, RETRY_SECONDS = 2, 30


def export_specs(programme: Programme) -> list[dg.AssetSpec]:
    """One external asset per source: where the lineage begins."""
    return [
        dg.AssetSpec(
            ["exports", source.name],
            group_name="exports",
            description=f"What {source.kind} leaves for Mayak to read: outside, never written by it.",
            kinds={source.kind.split("_")[0]},
            owners=OWNERS,
        )
        for source in programme.sources
    ]


#: Written by people: in the programme file, and on the lists.
_PROGRAMME_TABLES = ("raw.programme_streams", "raw.programme_curators", "raw.calendar_days", "raw.marks", "personal.marks")


def programme_tables(programme: Programme | None) -> dg.AssetsDefinition:
    """The programme file as tables; after the loads, because curators are named by their LMS user names."""
    loads = [dg.AssetKey(["loads", source.name]) for source in programme.sources] if programme else []
    specs = [relation(table, deps=loads) for table in _PROGRAMME_TABLES]

    @dg.multi_asset(name="programme", specs=specs)
    def write_programme(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.MaterializeResult]:
        rows = prepare(installation.run(context)).rows
        for table in _PROGRAMME_TABLES:
            yield dg.MaterializeResult(asset_key=table.split("."), metadata={"dagster/row_count": rows[table]} if table in rows else {})

    return write_programme


def load_asset(source: Source) -> dg.AssetsDefinition:
    """The asset that loads what is new in one source."""
    key = dg.AssetKey(["loads", source.name])
    spec = dg.AssetCheckSpec("every_item_was_read", asset=key, description="No file or database of this source failed to load.")

    @dg.asset(
        key=key,
        group_name="raw",
        deps=[dg.AssetKey(["exports", source.name])],
        check_specs=[spec],
        kinds={source.kind.split("_")[0], "duckdb"},
        description="One row per item of the source in raw.loads; its rows in the raw tables of their kinds.",
        owners=OWNERS,
    )
    def load_source(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        # Not a policy of the asset's, under which a broken file of a required source would be read three times as well.
        again = partial(dg.RetryRequested, max_retries=RETRIES, seconds_to_wait=RETRY_SECONDS)
        is_last = context.retry_number >= RETRIES
        try:
            run = installation.run(context)
            loads = load(run, run.programme.source(source.name))
        except TransientError as error:
            if is_last:
                raise
            raise again() from error
        if not is_last and (away := [item for item in loads if item.transient]):
            raise again() from TransientError(away[0].problem)
        failed = [item for item in loads if item.state == "failed"]
        reasons: dict[str, int] = {}
        for item in loads:
            for reason, count in item.reasons.items():
                reasons[reason] = reasons.get(reason, 0) + count
        metadata: dict[str, Any] = {**tell_loads(loads).rows, "rejected_by_reason": reasons}
        yield dg.AssetCheckResult(
            check_name="every_item_was_read",
            passed=not failed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"failed": len(failed), "problems": [item.problem for item in failed[:10]]},
        )
        yield dg.MaterializeResult(metadata=metadata)

    return load_source
