"""When things run: the nightly job, the weekly report, and a look at the export folders in between."""

import json
from datetime import timedelta
from hashlib import sha256

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.installation import known_programme
from pipelines.programme import Programme

#: Curators read the list before the first lesson (07:30): the night's run ends well before. Mondays belong to the weekly job.
DAILY_AT, WEEKLY_AT = "0 5 * * 0,2-6", "0 5 * * 1"
#: Exports come a few times a day; looking more often than this costs more than it brings.
LOOK_EVERY_SECONDS = 300

ONCE_A_WEEK = dg.AssetSelection.assets(["deliveries", "leadership_report"], ["deliveries", "evaluation_page"])
EVERY_NIGHT = dg.AssetSelection.all() - dg.AssetSelection.groups("exports") - ONCE_A_WEEK
#: Nothing but reading: what a new export file starts.
LOADING = dg.AssetSelection.groups("raw", "personal")


def jobs() -> dict[str, UnresolvedAssetJobDefinition]:
    """daily, weekly, and the loading of new exports."""
    return {
        "daily": dg.define_asset_job("daily", EVERY_NIGHT, description="From exports to the curators' lists of a day."),
        "weekly": dg.define_asset_job(
            "weekly", EVERY_NIGHT | ONCE_A_WEEK,
            description="The day's work, and of the week that ends on that day the leadership report and how far the forecasts may be trusted.",
        ),
        "load_exports": dg.define_asset_job("load_exports", LOADING, description="Load what is new and check the raw tables."),
    }  # fmt: skip


def _yesterday(context: dg.ScheduleEvaluationContext) -> str:
    return (context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()


def schedules(time_zone: str, daily: UnresolvedAssetJobDefinition, weekly: UnresolvedAssetJobDefinition) -> list[dg.ScheduleDefinition]:
    """Every night for yesterday; on Mondays the weekly job, which holds the nightly one."""

    @dg.schedule(
        name="every_night",
        job=daily,
        cron_schedule=DAILY_AT,
        execution_timezone=time_zone,
        description="Tuesday to Sunday at five in the morning: yesterday's partition, and with it the curators' lists of the new day.",
    )
    def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=_yesterday(context), partition_key=_yesterday(context))

    @dg.schedule(
        name="every_week",
        job=weekly,
        cron_schedule=WEEKLY_AT,
        execution_timezone=time_zone,
        description="Mondays at five in the morning: the night's work, and leadership's report of the week that ended yesterday.",
    )
    def every_week(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=_yesterday(context), partition_key=_yesterday(context))

    return [every_night, every_week]


def export_state(programme: Programme) -> dict[str, str]:
    """Source → a hash of its files' names, sizes and times of change. Databases are left to the night."""
    state = {}
    for source in programme.sources:
        if source.path is not None:
            folder = programme.path_of(source)
            files = sorted(part for part in (folder.rglob("*") if folder.is_dir() else [folder]) if part.is_file())
            digest = sha256()
            for file in files:
                about = file.stat()
                digest.update(f"{file.relative_to(folder.parent)}\x1f{about.st_size}\x1f{about.st_mtime_ns}\x1e".encode())
            state[source.name] = digest.hexdigest()[:16]
    return state


def new_exports(loading: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Starts the loading job when an export folder differs from what it was at the last look."""

    @dg.sensor(
        name="new_exports",
        job=loading,
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        description="Looks at the export folders every five minutes and loads what is new. Databases and web services are left to the night.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """A run per new state of the folders; the run's key is that state, so one state never starts two runs."""
        programme = known_programme()
        if programme is None:
            return dg.SkipReason("no programme is configured: `mayak doctor` says why")
        state = export_state(programme)
        before = json.loads(context.cursor) if context.cursor else {}
        changed = sorted(name for name, digest in state.items() if before.get(name) != digest)
        if not changed:
            return dg.SkipReason("no export has changed")
        context.update_cursor(json.dumps(state, sort_keys=True))
        return dg.RunRequest(
            run_key=sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16], tags={"mayak/changed": ", ".join(changed)}
        )

    return look
