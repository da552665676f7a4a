"""What people receive: the curators' lists of a day, leadership's report of a week."""

import dagster as dg

from assets.installation import Installation
from assets.partitions import ONE_DAY_A_RUN
from pipelines.steps import deliver_lists, deliver_report, mail_lists, message_lists

_LIST_READS = (
    "rpt_at_risk_daily",
    "rpt_open_questions",
    "rpt_never_started",
    "rpt_not_reached",
    "rpt_similar_work",
    "rpt_curators",
    "rpt_people",
    "rpt_idle_groups",
    "rpt_learners",
    "rpt_timeline",
    "rpt_week_questions",
    "rpt_sources",
)
_REPORT_READS = (
    "rpt_week_streams", "rpt_week_conditions", "rpt_week_survey", "rpt_week_aspects", "rpt_week_quality", "rpt_week_warnings", "rpt_week_questions",
    "rpt_week_figures", "rpt_week_funnel", "rpt_week_risk", "rpt_week_latency", "rpt_week_feedback", "rpt_week_works", "rpt_week_trouble", "rpt_week_marks",
)  # fmt: skip


def delivery_assets(days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The two deliveries; the report is scheduled weekly, for the Sunday that ends the week."""

    @dg.asset(
        key=["deliveries", "curator_lists"],
        group_name="deliveries",
        deps=[dg.AssetKey(["reports", name]) for name in _LIST_READS],
        partitions_def=days,
        backfill_policy=ONE_DAY_A_RUN,
        kinds={"html", "excel"},
        owners=["team:data-engineers"],
        description="One page and one sheet per curator: who needs help today, why, and where they answer.",
    )
    def curator_lists(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
        run = installation.run(context)
        files = deliver_lists(run)
        mailed, told = mail_lists(run), message_lists(run)
        folder = run.settings.deliveries_folder / "lists" / run.as_of.isoformat()
        counts = {f"{way}_{name}": count for way, done in (("mail", mailed), ("telegram", told)) for name, count in done.rows.items()}
        return dg.MaterializeResult(metadata={"files": len(files), "folder": dg.MetadataValue.path(str(folder)), **counts})

    @dg.asset(
        key=["deliveries", "leadership_report"],
        group_name="deliveries",
        deps=[dg.AssetKey(["reports", name]) for name in _REPORT_READS],
        partitions_def=days,
        backfill_policy=ONE_DAY_A_RUN,
        kinds={"html", "pdf"},
        owners=["team:data-engineers"],
        description="The week's report, frozen as it was when it was made.",
    )
    def leadership_report(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
        run = installation.run(context)
        files = deliver_report(run)
        folder = files[0].parent
        return dg.MaterializeResult(metadata={"files": len(files), "version": folder.name, "folder": dg.MetadataValue.path(str(folder))})

    return [curator_lists, leadership_report]
