"""Days as partitions, in the programme's time zone."""

import warnings

import dagster as dg

# Which days go into one run has no other way of being said; the lock file holds the release that was tried.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy` of function .* is currently in beta")

#: Partitions begin here: the first day for which somebody may want a list. Data may be older; indicators of earlier days are made
#: together with the first partition.
FIRST_DAY = "2026-01-01"
#: A run is of one day: what it makes is what was known at the end of that day. dbt's assets would take a whole range into one run.
ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
#: Without a programme the definitions still need a zone.
DEFAULT_ZONE = "Europe/Moscow"


def days(time_zone: str | None) -> dg.DailyPartitionsDefinition:
    """One partition per day that is over, from :data:`FIRST_DAY`."""
    return dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=time_zone or DEFAULT_ZONE)
