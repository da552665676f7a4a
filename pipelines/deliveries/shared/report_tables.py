"""The report tables that deliveries read: which columns they need of them, and how a value is taken out of its cell.

A column that is missing is a broken contract and is refused; a null in it is "not known" and is passed on as None.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pipelines.errors import BadContract
from pipelines.warehouse import Warehouse

_PERSON = "day curator_id stream_id person_id learner_name course_name stream_title"

#: Table → the columns read, by name. The grain of each is stated with its dbt model.
COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(columns.split())
    for name, columns in {
        "rpt_curators": "day curator_id curator_name streams learners",
        "rpt_sources": "day source kind covers_until hours_behind state problem rows_rejected",
        "rpt_at_risk_daily": f"{_PERSON} course_day course_days target score level previous_level basis reasons levels_7d silent_days tasks_missed "
        "missed_tasks last_contact_at last_contact_channel last_contact_name best_channel best_hour_from best_hour_until",
        "rpt_open_questions": f"{_PERSON} question_id channel asked_at hours_open working_hours_open text is_technical cluster_id asked_before faq_answer",
        "rpt_never_started": f"{_PERSON} enrolled_at method days_since_start best_channel email phone institution",
        "rpt_not_reached": f"{_PERSON} notice_id subject sent_at why notices_in_row next_channel",
        "rpt_people": "person_id email phone institution",
        "rpt_learners": "day curator_id person_id learner_name streams email phone institution course_day level",
        "rpt_idle_groups": "day curator_id stream_id course_name stream_title learners active last_active_on",
        "rpt_similar_work": "day curator_id stream_id course_name stream_title task_id task_name source_kind source_id source_at source_in_file source_name learners people",
        "rpt_week_streams": "week_ends_on stream_id course_name stream_title course_day learners active_share never_started_share submitted_first_share "
        "missed_share at_risk completed_share dropped_share "
        "active_share_previous never_started_share_previous submitted_first_share_previous missed_share_previous at_risk_previous "
        "active_share_earlier_stream never_started_share_earlier_stream submitted_first_share_earlier_stream missed_share_earlier_stream "
        "at_risk_earlier_stream",
        "rpt_week_conditions": "week_ends_on condition indicator value low high n previous earlier_stream unit note",
        "rpt_week_aspects": "week_ends_on course_name place part aspect n percent_1 percent_2 percent_3 percent_4 percent_5 vulnerable_share is_vulnerable",
        "rpt_week_survey": "week_ends_on course_name item aspect n share_1 share_2 share_3 share_4 share_5 vulnerable_share is_vulnerable",
        "rpt_week_quality": "week_ends_on source",
        "rpt_week_warnings": "week_ends_on warned warned_dropped unwarned unwarned_dropped",
        "rpt_week_funnel": "week_ends_on stream_id course_name stream_title place step learners",
        "rpt_week_risk": "week_ends_on place level learners learners_previous learners_then left_since completed_since still_running foreseen",
        "rpt_week_latency": "week_ends_on part part_id course_name clock questions answered open_now km_within_24h low high km_median_hours km_median_low "
        "km_median_high rmst_72h oldest_open_hours questions_previous km_within_24h_previous",
        "rpt_week_feedback": "week_ends_on part part_id course_name marks substantive returned formal boilerplate without_comment substantive_share low "
        "high works marked unmarked median_hours in_time_share in_time_low in_time_high works_previous unmarked_previous median_hours_previous "
        "in_time_share_previous",
        "rpt_week_works": "week_ends_on part part_id course_name works compared copied copied_from_chat tampered copied_share copied_low copied_high "
        "completions judged formal formal_share formal_low formal_high",
        "rpt_week_trouble": "week_ends_on place sign cases people n share low high n_previous share_previous",
        "rpt_week_questions": "week_ends_on cluster_id course_name asked first_at last_at text faq_answer",
    }.items()
}  # fmt: skip


def read_rows(
    warehouse: Warehouse, table: str, where: str, parameters: Sequence[Any], *, order: str, optional: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Rows of ``reports.<table>`` as dictionaries, in a fixed order.

    ``where`` and ``order`` are fixed text of the caller, never input. ``optional`` columns are read where the table has them.
    Raises BadContract naming table and columns when the table or a column is not there.
    """
    present = {
        name
        for (name,) in warehouse.rows(
            "select column_name from information_schema.columns where table_schema = 'reports' and table_name = ?", [table]
        )
    }
    if not present:
        raise BadContract(f"reports.{table}: the table is not there; the reports have to be built before anything is delivered")
    missing = [column for column in COLUMNS[table] if column not in present]
    if missing:
        raise BadContract(f"reports.{table}: columns missing: {', '.join(missing)}")
    columns = [*COLUMNS[table], *(column for column in optional if column in present)]
    rows = warehouse.arrow(f"select {', '.join(columns)} from reports.{table} where {where} order by {order}", parameters).to_pylist()
    return [{column: steady(row.get(column)) for column in dict.fromkeys((*columns, *optional))} for row in rows]


#: Decimals of a figure that are the same whatever the order in which an engine added up its rows.
_STEADY_DECIMALS = 9


def steady(value: Any) -> Any:
    """A cell's value; of a float the part that does not hang on the order of adding up."""
    return round(value, _STEADY_DECIMALS) if isinstance(value, float) else value


def json_list(cell: Any) -> list[Any]:
    """A JSON list out of its cell, whatever the engine keeps it as; null and an empty cell are an empty list."""
    if cell is None or cell == "":
        return []
    value = json.loads(cell) if isinstance(cell, str | bytes) else cell
    return list(value) if isinstance(value, list | tuple) else [value]
