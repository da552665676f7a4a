"""What people receive: the curators' lists of a day, leadership's report of a week and how far its forecasts may be trusted."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import dagster as dg

from assets.installation import Installation
from assets.partitions import ONE_DAY_A_RUN
from assets.relations import OWNERS
from pipelines.steps import deliver_evaluation, deliver_lists, deliver_report, mail_lists, message_lists

#: Curators read the list before the first lesson, leadership the report on Monday morning (the schedules of assets/timetable.py end well before).
READ_FROM, REPORT_READ_FROM = "30 7 * * *", "30 7 * * 1"
#: A list that was made earlier than this before it is read is yesterday's.
MADE_WITHIN = timedelta(hours=7, minutes=30)

_LIST_READS = (
    "links.copies",
    "links.copy_fragments",
    "raw.marks",
    "personal.marks",
    "reports.rpt_at_risk_daily",
    "reports.rpt_open_questions",
    "reports.rpt_never_started",
    "reports.rpt_not_reached",
    "reports.rpt_similar_work",
    "reports.rpt_curators",
    "reports.rpt_people",
    "reports.rpt_idle_groups",
    "reports.rpt_learners",
    "reports.rpt_timeline",
    "reports.rpt_week_questions",
    "reports.rpt_sources",
)
_REPORT_READS = (
    "personal.accounts",
    "reports.rpt_week_streams", "reports.rpt_week_conditions", "reports.rpt_week_survey", "reports.rpt_week_aspects", "reports.rpt_week_quality", "reports.rpt_week_warnings", "reports.rpt_week_questions",
    "reports.rpt_week_figures", "reports.rpt_week_funnel", "reports.rpt_week_risk", "reports.rpt_week_latency", "reports.rpt_week_feedback", "reports.rpt_week_works", "reports.rpt_week_trouble", "reports.rpt_week_marks",
)  # fmt: skip
#: What was said, and what became of the learners (and what the modules read that are shared with the scoring).
_EVALUATION_READS = (
    "risk.outlooks", "risk.scores", "risk.reasons", "risk.drift", "risk.cards",
    "facts.dim_streams", "facts.fct_enrolments", "facts.fct_contacts", "indicators.ind_learner_days", "indicators.ind_formal_completions",
    "raw.demographics", "links.people", "raw.marks", "risk.completion_verdicts", "risk.models", "risk.evaluations",
)  # fmt: skip


def _delivery(
    days: dg.DailyPartitionsDefinition, name: str, *, reads: Iterable[str], read_from: str, kinds: set[str], description: str
) -> Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition]:
    """What all deliveries have in common. Dagster shows one as failing that was not made between the schedule's hour and ``read_from``."""
    return dg.asset(
        key=["deliveries", name],
        group_name="deliveries",
        deps=[dg.AssetKey(table.split(".")) for table in reads],
        partitions_def=days,
        backfill_policy=ONE_DAY_A_RUN,
        kinds=kinds,
        owners=OWNERS,
        description=description,
        freshness_policy=dg.FreshnessPolicy.cron(read_from, MADE_WITHIN, timezone=days.timezone),
    )


def delivery_assets(days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The three deliveries; the report and the evaluation page are scheduled weekly, for the Sunday that ends the week."""

    @_delivery(
        days, "curator_lists", reads=_LIST_READS, read_from=READ_FROM, kinds={"html", "excel"},
        description="One page and one sheet per curator: who needs help today, why, and where they answer.",
    )  # fmt: skip
    def curator_lists(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
        run = installation.run(context)
        files = deliver_lists(run)
        mailed, told = mail_lists(run), message_lists(run)
        folder = run.settings.deliveries_folder / "lists" / run.as_of.isoformat()
        counts = {f"{way}_{name}": count for way, done in (("mail", mailed), ("telegram", told)) for name, count in done.rows.items()}
        return dg.MaterializeResult(metadata={"files": len(files), "folder": dg.MetadataValue.path(str(folder)), **counts})

    @_delivery(
        days, "leadership_report", reads=_REPORT_READS, read_from=REPORT_READ_FROM, kinds={"html", "pdf"},
        description="The week's report, frozen as it was when it was made.",
    )  # fmt: skip
    def leadership_report(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
        run = installation.run(context)
        files = deliver_report(run)
        folder = files[0].parent
        return dg.MaterializeResult(metadata={"files": len(files), "version": folder.name, "folder": dg.MetadataValue.path(str(folder))})

    @_delivery(
        days, "evaluation_page", reads=_EVALUATION_READS, read_from=REPORT_READ_FROM, kinds={"html"},
        description="How far the forecasts may be trusted: what was said week by week, against what became of the learners.",
    )  # fmt: skip
    def evaluation_page(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:
        files = deliver_evaluation(installation.run(context))
        return dg.MaterializeResult(metadata={"files": len(files), "folder": dg.MetadataValue.path(str(files[0].parent))})

    return [curator_lists, leadership_report, evaluation_page]
