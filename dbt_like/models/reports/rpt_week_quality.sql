-- One row per source: what the week's figures rest on.
with sources as (

    select * from {{ ref('fct_sources') }}

)

select
    {{ as_of() }} as week_ends_on,
    sources.source,
    sources.kind,
    states.state,
    sources.covers_until,
    states.hours_behind,
    sources.items_loaded,
    sources.items_failed,
    sources.rows_seen,
    sources.rows_kept,
    sources.rows_rejected,
    case when sources.rows_seen > 0 then sources.rows_rejected / cast(sources.rows_seen as double) end as rejected_share,
    sources.accounts,
    sources.accounts_linked,
    case when sources.accounts > 0 then sources.accounts_linked / cast(sources.accounts as double) end as linked_share,
    sources.problem
from sources
inner join {{ ref('rpt_sources') }} as states
    on sources.source = states.source
