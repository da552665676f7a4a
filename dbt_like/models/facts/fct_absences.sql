-- One row per curator and stretch in which this curator did next to nothing in any channel while a stream of theirs ran: at least
-- thresholds.absence_days working days between two days of work (or the stream's first or last day). A day of work is one with at least
-- thresholds.absence_quiet_share of what is usual for this curator: who is on leave still answers a letter. Leave, illness, or a colleague
-- does it all: the traces do not tell which, and the row says no more than that.
with duties as (

    select
        curators.curator_id,
        streams.starts_on,
        least(coalesce(streams.ends_on, {{ as_of() }}), {{ as_of() }}) as until_on
    from {{ ref('dim_curators') }} as curators
    inner join {{ ref('dim_streams') }} as streams
        on curators.stream_id = streams.stream_id
    where streams.starts_on <= {{ as_of() }}

),

accounts as (

    select
        accounts.account_id,
        accounts.person_id as curator_id
    from {{ ref('dim_accounts') }} as accounts
    where accounts.person_id in (select duties.curator_id from duties)

),

acts as (

    select
        accounts.curator_id,
        {{ local_day('activity.occurred_at') }} as day
    from {{ source('raw', 'activity') }} as activity
    inner join accounts
        on activity.account_id = accounts.account_id
    where activity.occurred_at < {{ as_of_end() }} and not activity.is_impersonated
    union all
    select
        messages.person_id as curator_id,
        messages.day
    from {{ ref('fct_messages') }} as messages
    -- What was written in the LMS stands in its log already.
    where messages.channel in ('chat', 'mail') and messages.person_id in (select duties.curator_id from duties)

),

busy as (

    select
        acts.curator_id,
        acts.day,
        count(*) as acts
    from acts
    where exists (
        select 1 from duties
        where duties.curator_id = acts.curator_id and acts.day between duties.starts_on and duties.until_on
    )
    group by acts.curator_id, acts.day

),

usual as (

    select
        busy.curator_id,
        {{ median('busy.acts') }} as acts
    from busy
    group by busy.curator_id

),

points as (

    select
        busy.curator_id,
        busy.day
    from busy
    inner join usual
        on busy.curator_id = usual.curator_id
    where busy.acts >= {{ threshold('absence_quiet_share') }} * usual.acts
    union
    -- A course begins quietly: there is nothing to mark yet. Only who never did anything is away from the first day on.
    select duties.curator_id, {{ add_days('duties.starts_on', -1) }} as day
    from duties
    where duties.curator_id not in (select busy.curator_id from busy)
    union
    select busy.curator_id, min(busy.day) as day
    from busy
    group by busy.curator_id
    union
    select duties.curator_id, {{ add_days('duties.until_on', 1) }} as day
    from duties

),

gaps as (

    select
        points.curator_id,
        points.day as after_day,
        lead(points.day) over (partition by points.curator_id order by points.day) as before_day
    from points

),

working_days as (

    select
        days.day,
        count(case when days.is_working then 1 end) over (order by days.day rows between unbounded preceding and current row) as up_to
    from {{ source('raw', 'calendar_days') }} as days

)

select
    gaps.curator_id,
    {{ add_days('gaps.after_day', 1) }} as from_day,
    {{ add_days('gaps.before_day', -1) }} as until_day,
    before_it.up_to - after_it.up_to - case when last_day.is_working then 1 else 0 end as working_days
from gaps
inner join working_days as after_it
    on gaps.after_day = after_it.day
inner join working_days as before_it
    on gaps.before_day = before_it.day
inner join {{ source('raw', 'calendar_days') }} as last_day
    on gaps.before_day = last_day.day
where
    before_it.up_to - after_it.up_to - case when last_day.is_working then 1 else 0 end >= {{ threshold('absence_days') }}
    -- Between two streams nobody is away.
    and exists (
        select 1 from duties
        where duties.curator_id = gaps.curator_id and duties.starts_on < gaps.before_day and duties.until_on > gaps.after_day
    )
