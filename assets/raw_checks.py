"""Stage raw, second half: the raw relations, each behind its Great Expectations suite."""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from assets.installation import Installation
from assets.relations import relation
from pipelines.programme import Programme
from pipelines.raw_checks import CHECKED, check_raw, rules
from pipelines.warehouse import Warehouse

#: The private halves of raw records, and the names of items: what loads write into ``personal``.
PRIVATE = (
    "account_names", "accounts", "chats", "file_texts", "grades", "items", "message_versions", "messages", "submission_files", "submissions", "survey_answers",
)  # fmt: skip


def raw_tables(programme: Programme | None) -> dg.AssetsDefinition:
    """The raw relations after tonight's loads, with one asset check per expectation; critical ones stop what depends on them."""
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        suites = rules(warehouse, date.max)
    loads = [dg.AssetKey(["loads", source.name]) for source in programme.sources] if programme else []
    specs = [relation(f"raw.{table}", deps=loads, kinds={"great_expectations"}) for table in suites]
    specs += [relation(f"personal.{table}", deps=loads) for table in PRIVATE]
    checks = [
        dg.AssetCheckSpec(rule.name, asset=["raw", table], blocking=rule.critical, description=rule.why)
        for table, table_rules in suites.items()
        for rule in table_rules
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
        for table in PRIVATE:
            yield dg.MaterializeResult(asset_key=["personal", table])

    return check_raw_tables
