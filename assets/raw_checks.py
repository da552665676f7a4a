"""Stage raw, second half: the raw relations, each behind its Great Expectations suite."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from assets.installation import Installation
from pipelines.programme import Programme
from pipelines.raw_checks import CHECKED, check_raw, rules_for
from pipelines.warehouse import Warehouse


def _declared() -> tuple[dict[str, tuple[str, tuple[str, ...]]], dict[str, str]]:
    """Checked table → (description, key columns), and personal table → description, from the contract in sql/schema."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        private = warehouse.rows("select table_name, comment from duckdb_tables() where schema_name = 'personal' order by 1")
        return {table: (warehouse.comment(f"raw.{table}"), warehouse.key(f"raw.{table}")) for table in CHECKED}, dict(private)


def raw_tables(programme: Programme | None) -> dg.AssetsDefinition:
    """The raw relations after tonight's loads, with one asset check per expectation; critical ones stop what depends on them."""
    declared, private = _declared()
    loads = [dg.AssetKey(["loads", source.name]) for source in programme.sources] if programme else []
    specs = [
        dg.AssetSpec(
            ["raw", table],
            group_name="raw",
            deps=loads,
            description=description,
            kinds={"duckdb", "great_expectations"},
            owners=["team:data-engineers"],
        )
        for table, (description, _) in declared.items()
    ]
    specs += [
        dg.AssetSpec(
            ["personal", table],
            group_name="personal",
            deps=loads,
            description=description,
            kinds={"duckdb"},
            owners=["team:data-engineers"],
        )
        for table, description in private.items()
    ]
    checks = [
        dg.AssetCheckSpec(rule.name, asset=dg.AssetKey(["raw", table]), blocking=rule.critical)
        for table, (_, key) in declared.items()
        for rule in rules_for(table, key, date.max)
    ]

    @dg.multi_asset(name="raw_tables", specs=specs, check_specs=checks)
    def check_raw_tables(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.MaterializeResult]:
        run = installation.run(context)
        latest = max(run.as_of, run.run_at.date()) + timedelta(days=1)
        findings = check_raw(run.settings.warehouse_path, latest)
        with run.warehouse(read_only=True) as warehouse:
            rows = {table: warehouse.value(f"select count(*) from raw.{table}") for table in CHECKED}
        for table in CHECKED:
            results = [
                dg.AssetCheckResult(
                    asset_key=dg.AssetKey(["raw", table]),
                    check_name=finding.rule,
                    passed=finding.passed,
                    severity=dg.AssetCheckSeverity.ERROR if finding.critical else dg.AssetCheckSeverity.WARN,
                    metadata={"observed": finding.observed},
                )
                for finding in findings
                if finding.table == table
            ]
            yield dg.MaterializeResult(asset_key=["raw", table], metadata={"dagster/row_count": rows[table]}, check_results=results)
        for table in private:
            yield dg.MaterializeResult(asset_key=["personal", table])

    return check_raw_tables
