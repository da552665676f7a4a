-- One row per source of traces: how far it reaches, what was wrong with it, how many of its accounts are known people.
-- Items that failed and were not mended since are its problem.
with known_loads as (

    -- An item that begins after the day is not of it.
    select
        *,
        max(case when state = 'loaded' then reader_version end) over (partition by source, item) as newest_version
    from {{ source('raw', 'loads') }}
    where {{ known('covers_from') }}

),

loads as (

    -- A reader whose rules have changed reads its items anew: what its earlier rules counted is in there again.
    select * from known_loads
    where state <> 'loaded' or reader_version = newest_version

),

accounts as (

    select
        accounts.source,
        count(*) as accounts,
        count(case when people.state = 'linked' then people.person_id end) as accounts_linked
    from {{ source('raw', 'accounts') }} as accounts
    -- The links know every account that had shown by the end of the day.
    inner join {{ source('links', 'people') }} as people
        on accounts.account_id = people.account_id
    group by accounts.source

)

select
    loads.source,
    min(loads.kind) as kind,
    count(distinct case when loads.state = 'loaded' then loads.item end) as items_loaded,
    count(case when loads.state = 'failed' then 1 end) as items_failed,
    bool_or(loads.state = 'failed' and loads.item = '') as is_missing,
    max(case when loads.state = 'loaded' then loads.covers_until end) as covers_until,
    max(case when loads.state = 'failed' then loads.problem end) as problem,
    cast(coalesce(sum(case when loads.state = 'loaded' then loads.rows_seen end), 0) as bigint) as rows_seen,
    cast(coalesce(sum(case when loads.state = 'loaded' then loads.rows_kept end), 0) as bigint) as rows_kept,
    cast(coalesce(sum(case when loads.state = 'loaded' then loads.rows_rejected end), 0) as bigint) as rows_rejected,
    max(accounts.accounts) as accounts,
    max(accounts.accounts_linked) as accounts_linked
from loads
left join accounts
    on loads.source = accounts.source
group by loads.source
