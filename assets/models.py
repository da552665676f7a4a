"""Stages facts, indicators and reports: one asset per dbt model, dbt's data tests as asset checks."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

from assets.installation import Installation
from assets.model_checks import description_of
from assets.partitions import ONE_DAY_A_RUN
from assets.relations import OWNERS
from pipelines.settings import DBT_AS_OF, DBT_FOLDER, DBT_RULES, DBT_WAREHOUSE
from pipelines.transform import kept_folder, lasting_variables, manifest, rules_of


class Relations(DagsterDbtTranslator):
    """Keys are relations, groups are stages."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_duplicate_source_asset_keys=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """``[schema, table]``."""
        name = dbt_resource_props.get("identifier") or dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The schema is the stage."""
        return dbt_resource_props["schema"]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Who is asked when a model fails."""
        return OWNERS

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        """dbt's test as Dagster would have it, and in words."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=description_of(manifest["nodes"][unique_id], manifest["nodes"]))


def _build(context: dg.AssetExecutionContext, installation: Installation, dbt: DbtCliResource) -> Iterator[Any]:
    run = installation.run(context)
    # dbt reads the warehouse's path (dbt_like/profiles.yml) and the day from its environment. As a variable the day would have it read the whole project anew every
    # day; so would a folder of its own for every run.
    lasting = lasting_variables(run.programme)
    told = {DBT_WAREHOUSE: str(run.settings.warehouse_path), DBT_AS_OF: run.as_of.isoformat(), DBT_RULES: rules_of(lasting)}
    os.environ.update(told)
    try:
        # Unit tests speak of the code, not of the data: the test suite runs them.
        arguments = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
        variables = json.dumps(lasting, ensure_ascii=False)
        folder = kept_folder(run.settings.warehouse_path) / "target"
        yield from dbt.cli([*arguments, "--vars", variables], context=context, target_path=folder).stream()
    finally:
        for name in told:
            del os.environ[name]


def model_assets(days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Two invocations of dbt: what counts, before risk; what people read, after it."""
    common: dict[str, Any] = {
        "manifest": manifest(),
        "dagster_dbt_translator": Relations(),
        "partitions_def": days,
        "backfill_policy": ONE_DAY_A_RUN,
    }

    @dbt_assets(name="facts_and_indicators", select="mayak.facts mayak.indicators resource_type:seed", **common)
    def facts_and_indicators(context: dg.AssetExecutionContext, installation: Installation, dbt: DbtCliResource) -> Iterator[Any]:
        yield from _build(context, installation, dbt)

    @dbt_assets(name="reports", select="mayak.reports", **common)
    def reports(context: dg.AssetExecutionContext, installation: Installation, dbt: DbtCliResource) -> Iterator[Any]:
        yield from _build(context, installation, dbt)

    return [facts_and_indicators, reports]


def dbt_resource() -> DbtCliResource:
    """dbt on the project in ``dbt_like/``."""
    # The dbt of this environment, whether or not the environment was activated.
    dbt = Path(sys.executable).with_name("dbt")
    return DbtCliResource(project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER), dbt_executable=str(dbt))
