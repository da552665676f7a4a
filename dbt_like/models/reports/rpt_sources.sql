-- One row per source: may the list be believed? Late: it ends more than thresholds.source_late_hours before the day's end; of webinars,
-- which are not held every day, more than thresholds.webinar_late_hours. A survey is never late.
with sources as (

    select
        sources.*,
        {{ hours_between('sources.covers_until', as_of_end()) }} as hours_behind
    from {{ ref('fct_sources') }} as sources

)

select
    {{ as_of() }} as day,
    sources.source,
    sources.kind,
    sources.covers_until,
    case when sources.hours_behind is null then null else greatest(0.0, sources.hours_behind) end as hours_behind,
    case
        when sources.is_missing then 'missing'
        when sources.items_loaded = 0 then 'failed'
        when sources.kind like 'survey%' then 'fresh'
        when
            sources.kind in ('zoom', 'bigbluebutton', 'teams', 'meet', 'mts_link', 'attendance_csv')
            and sources.hours_behind <= {{ threshold('webinar_late_hours') }} then 'fresh'
        when sources.hours_behind > {{ threshold('source_late_hours') }} then 'late'
        else 'fresh'
    end as state,
    sources.problem,
    sources.rows_rejected
from sources
