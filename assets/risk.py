"""Stage risk: models, their evaluation, the day's scores and reasons."""

from collections.abc import Iterator

import dagster as dg

from assets.installation import Installation
from assets.partitions import ONE_DAY_A_RUN
from assets.relations import relation
from pipelines.steps import score

_TABLES = ("models", "evaluations", "scores", "reasons", "outlooks", "cards", "drift")
_CHECKS = {
    "psi": "Features lie as they lay where the models learned (population stability index).",
    "volume": "The share of learners at risk has not jumped within a week.",
    "calibration": "What was said of streams that ended lately came true as often as it was said.",
}
_READS = (
    "indicators.ind_learner_days",
    "indicators.ind_formal_completions",
    "facts.fct_enrolments",
    "facts.dim_streams",
    "risk.completion_verdicts",
    "raw.marks",
)


def risk_assets(days: dg.DailyPartitionsDefinition) -> list[dg.AssetSpec | dg.AssetsDefinition]:
    """The relations of ``risk``, written together; drift as checks that warn. Verdicts are said by people (`mayak completions`)."""
    deps = [dg.AssetKey(read.split(".")) for read in _READS]
    specs = [relation(f"risk.{table}", deps=deps, kinds={"scikitlearn"}, partitions=days) for table in _TABLES]
    checks = [dg.AssetCheckSpec(f"drift_{measure}", asset=["risk", "scores"], description=text) for measure, text in _CHECKS.items()]

    @dg.multi_asset(name="risk", specs=specs, partitions_def=days, check_specs=checks, backfill_policy=ONE_DAY_A_RUN)
    def foresee(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        run = installation.run(context)
        outcome = score(run)
        with run.warehouse(read_only=True) as warehouse:
            basis = dict(warehouse.rows("select target, any_value(basis) from risk.scores where day = ? group by target", [run.as_of]))
            figures = dict(
                warehouse.rows(
                    "select e.sample || ' ' || e.metric, round(e.value, 3) from risk.evaluations as e inner join risk.models as m using (model_id) "
                    "where m.target = 'dropout' and e.metric in ('roc_auc', 'average_precision', 'base_rate') "
                    "qualify m.trained_as_of = max(m.trained_as_of) over ()"
                )
            )
            moved = warehouse.rows("select measure, subject, value from risk.drift where day = ? and is_drifting order by all", [run.as_of])
        for table in _TABLES:
            counted = {"dagster/row_count": outcome.rows[f"risk.{table}"]} if f"risk.{table}" in outcome.rows else {}
            shown = figures if table == "evaluations" else basis if table == "scores" else {}
            yield dg.MaterializeResult(asset_key=["risk", table], metadata={**counted, **shown})
        for measure in _CHECKS:
            found = {subject: round(value, 3) for name, subject, value in moved if name == measure}
            yield dg.AssetCheckResult(
                check_name=f"drift_{measure}",
                asset_key=["risk", "scores"],
                passed=not found,
                severity=dg.AssetCheckSeverity.WARN,
                metadata=found,
            )

    return [relation("risk.completion_verdicts"), relation("personal.completion_verdicts"), foresee]
