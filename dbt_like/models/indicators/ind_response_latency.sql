-- One row per scope (learner, curator, group, stream, course, channel, programme), its id, measure of waiting, clock and stretch (an ISO week
-- of asking, or all until the day): waiting time by Kaplan and Meier (1958). What is still waited for stays in as a right-censored
-- observation: a mean over answered ones lies. A question belongs to every curator responsible for its stream, whoever answered: else
-- leaving questions would look like diligence; who answered stands in ind_answers_given.
--
-- Counted are all rows every night, from sums that add up; estimated is only what has changed. A curve depends on nothing but its sample, the waiting
-- times in it, answered or open: the sample's fingerprint is kept beside the estimates, and a sample that stood in the table of the run before, in
-- whatever scope and week, keeps its estimates. What is still open grows older every night; the curve no longer moves once all of it is older than the
-- horizon and the sample's slowest answer. (docs/decisions/0045-curves-by-their-samples.md)
{%- set estimates = ['km_median_hours', 'km_within_24h', 'low', 'high', 'rmst_72h', 'km_median_low', 'km_median_high', 'rmst_low', 'rmst_high'] %}
{#- What adds up over parts of a scope: (name, of one wait, how parts are put together). Of the clock of working hours the same again. #}
{%- set parts = [] %}
{%- for suffix in ['', '_working'] %}
{%- set time = 'waits.micros' ~ suffix %}
{%- do parts.extend([
    ('questions' ~ suffix, 'count(' ~ time ~ ')', 'sum'),
    ('answered' ~ suffix, 'count(case when not waits.is_open then ' ~ time ~ ' end)', 'sum'),
    ('answers_print' ~ suffix, 'sum(case when not waits.is_open then ' ~ hashed(time) ~ ' end)', 'sum'),
    ('open_print' ~ suffix, 'sum(case when waits.is_open then ' ~ hashed(time) ~ ' end)', 'sum'),
    ('slowest' ~ suffix, 'max(case when not waits.is_open then ' ~ time ~ ' end)', 'max'),
    ('youngest_open' ~ suffix, 'min(case when waits.is_open then ' ~ time ~ ' end)', 'min'),
    ('oldest_open' ~ suffix, 'max(case when waits.is_open then ' ~ time ~ ' end)', 'max'),
]) %}
{%- endfor %}
with limits as (

    select
        {{ threshold('confidence_z') }} as z,
        {{ threshold('answered_within') }} as within_hours,
        {{ threshold('km_horizon_hours') }} as horizon_hours,
        {{ threshold('latency_questions_min') }} as questions_min,
        -- Beyond this only answers move a curve.
        {{ micros('greatest(' ~ threshold('answered_within') ~ ', ' ~ threshold('km_horizon_hours') ~ ')') }} as horizon_micros

),

-- Times in whole microseconds, which is what is known: working hours are differences of sums that begin with the calendar, and their last digits
-- would move with its first day.
waits as (

    select
        waits.question_id,
        waits.measure,
        waits.turn,
        waits.channel,
        coalesce(waits.course_id, '') as course_id,
        coalesce(waits.stream_id, '') as stream_id,
        waits.person_id,
        waits.from_at,
        {{ week_end('waits.day') }} as week_ends_on,
        waits.is_open,
        {{ micros('waits.hours') }} as micros,
        {{ micros('waits.working_hours') }} as micros_working
    from {{ ref('fct_waits') }} as waits

),

in_groups as (

    select distinct
        member_groups.group_id,
        waits.question_id,
        waits.measure,
        waits.turn,
        waits.week_ends_on,
        waits.is_open,
        waits.micros,
        waits.micros_working
    from waits
    inner join {{ ref('fct_memberships') }} as member_groups
        on waits.person_id = member_groups.person_id
        and waits.course_id = member_groups.course_id
        and (member_groups.joined_at is null or member_groups.joined_at <= waits.from_at)
        and (member_groups.left_at is null or member_groups.left_at > waits.from_at)

),

-- The smallest parts that the scopes are made of, numbered: what is put together below is joined by the number.
cells as (

    select
        row_number() over (order by waits.measure, waits.channel, waits.course_id, waits.stream_id, waits.week_ends_on) as cell,
        waits.measure,
        waits.channel,
        waits.course_id,
        waits.stream_id,
        waits.week_ends_on,
        {%- for name, of_waits, _ in parts %}
        {{ of_waits }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from waits
    group by waits.measure, waits.channel, waits.course_id, waits.stream_id, waits.week_ends_on

),

spread as (

    select 'programme' as scope, '{{ var("programme_id") }}' as scope_id, cells.* from cells
    union all
    select 'channel' as scope, cells.channel as scope_id, cells.* from cells
    union all
    select 'course' as scope, cells.course_id as scope_id, cells.* from cells where cells.course_id <> ''
    union all
    select 'stream' as scope, cells.stream_id as scope_id, cells.* from cells where cells.stream_id <> ''
    union all
    select 'curator' as scope, curators.curator_id as scope_id, cells.*
    from cells
    inner join {{ ref('dim_curators') }} as curators
        on cells.stream_id = curators.stream_id
    union all
    select
        'group' as scope,
        waits.group_id as scope_id,
        cast(null as bigint) as cell,
        waits.measure,
        cast(null as varchar) as channel,
        cast(null as varchar) as course_id,
        cast(null as varchar) as stream_id,
        waits.week_ends_on,
        {%- for name, of_waits, _ in parts %}
        {{ of_waits }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from in_groups as waits
    group by waits.group_id, waits.measure, waits.week_ends_on

),

curves as (

    select
        spread.scope,
        spread.scope_id,
        spread.measure,
        'week' as period,
        spread.week_ends_on,
        {%- for name, _, together in parts %}
        {{ together }}(spread.{{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from spread
    group by spread.scope, spread.scope_id, spread.measure, spread.week_ends_on
    union all
    select
        spread.scope,
        spread.scope_id,
        spread.measure,
        'all' as period,
        {{ week_end(as_of()) }} as week_ends_on,
        {%- for name, _, together in parts %}
        {{ together }}(spread.{{ name }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from spread
    group by spread.scope, spread.scope_id, spread.measure
    union all
    -- One learner asks too little in one week for any figure of the week.
    select
        'learner' as scope,
        waits.person_id as scope_id,
        waits.measure,
        'all' as period,
        {{ week_end(as_of()) }} as week_ends_on,
        {%- for name, of_waits, _ in parts %}
        {{ of_waits }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from waits
    where waits.person_id is not null
    group by waits.person_id, waits.measure

),

clocks as (
    {% for clock, suffix in [('elapsed', ''), ('working', '_working')] %}
    select
        curves.scope,
        curves.scope_id,
        curves.measure,
        '{{ clock }}' as clock,
        curves.period,
        curves.week_ends_on,
        cast(curves.questions{{ suffix }} as bigint) as questions,
        cast(curves.answered{{ suffix }} as bigint) as answered,
        curves.oldest_open{{ suffix }} as oldest_open,
        curves.answers_print{{ suffix }} as answers_print,
        curves.open_print{{ suffix }} as open_print,
        -- What is open for longer than this moves nothing by growing older.
        greatest(limits.horizon_micros, coalesce(curves.slowest{{ suffix }}, 0)) as moved_until,
        curves.youngest_open{{ suffix }} as youngest_open
    from curves
    cross join limits
    where curves.questions{{ suffix }} > 0
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

told as (

    select
        clocks.*,
        -- Of fewer no figure is given, so no curve is drawn. A change of how curves are drawn changes the number in front.
        case when clocks.questions >= limits.questions_min then md5(concat_ws(
            ' ',
            '1',
            limits.z,
            limits.within_hours,
            limits.horizon_hours,
            clocks.questions,
            clocks.answered,
            clocks.answers_print,
            case when clocks.youngest_open <= clocks.moved_until then clocks.open_print end
        )) end as sample
    from clocks
    cross join limits

),

kept as (

    {{ kept_before('sample', estimates) }}

),

missing as (

    select
        told.*,
        -- Many scopes hold the same sample: a stream, its curators, a course of one stream.
        row_number() over (partition by told.sample order by told.scope, told.scope_id, told.measure, told.clock, told.period, told.week_ends_on) as place
    from told
    where told.sample is not null and not exists (select 1 from kept where kept.sample = told.sample)

),

drawn as (

    select
        -- A number instead of a text: the steps below are sorted by it.
        row_number() over (order by missing.sample) as curve,
        missing.*
    from missing
    where missing.place = 1

),

made_of as (

    select
        drawn.curve,
        drawn.clock,
        spread.cell
    from drawn
    inner join spread
        on drawn.scope = spread.scope and drawn.scope_id = spread.scope_id and drawn.measure = spread.measure
    where drawn.period = 'all' and spread.cell is not null
    union all
    select
        drawn.curve,
        drawn.clock,
        spread.cell
    from drawn
    inner join spread
        on drawn.scope = spread.scope and drawn.scope_id = spread.scope_id and drawn.measure = spread.measure and drawn.week_ends_on = spread.week_ends_on
    where drawn.period = 'week' and spread.cell is not null

),

in_cells as (

    select
        cells.cell,
        waits.is_open,
        waits.micros,
        waits.micros_working
    from waits
    inner join cells
        on waits.measure = cells.measure
        and waits.channel = cells.channel
        and waits.course_id = cells.course_id
        and waits.stream_id = cells.stream_id
        and waits.week_ends_on = cells.week_ends_on

),

times as (

    select
        made_of.curve,
        waits.is_open,
        case when made_of.clock = 'elapsed' then waits.micros else waits.micros_working end as micros
    from made_of
    inner join in_cells as waits
        on made_of.cell = waits.cell
    union all
    select
        drawn.curve,
        waits.is_open,
        case when drawn.clock = 'elapsed' then waits.micros else waits.micros_working end as micros
    from drawn
    inner join in_groups as waits
        on drawn.scope_id = waits.group_id and drawn.measure = waits.measure
    where drawn.scope = 'group' and (drawn.period = 'all' or drawn.week_ends_on = waits.week_ends_on)
    union all
    select
        drawn.curve,
        waits.is_open,
        case when drawn.clock = 'elapsed' then waits.micros else waits.micros_working end as micros
    from drawn
    inner join waits
        on drawn.scope_id = waits.person_id and drawn.measure = waits.measure
    where drawn.scope = 'learner'

),

{{ waiting_curves() }}

estimates as (

    select
        estimated.sample,
        estimated.km_median_hours,
        {{ digits('estimated.km_within_24h') }} as km_within_24h,
        -- Greenwood's error is zero where nobody or everybody was answered in time; Wilson's interval says there how little few questions tell.
        {{ digits('case
            when estimated.km_within_24h is null then null
            when estimated.km_within_24h >= 1 then estimated.questions / (estimated.questions + estimated.z * estimated.z)
            when coalesce(estimated.greenwood_then, 0) <= 0 then 0.0
            else 1.0 - estimated.band_high_then
        end') }} as low,
        {{ digits('case
            when estimated.km_within_24h is null then null
            when estimated.km_within_24h >= 1 then 1.0
            when coalesce(estimated.greenwood_then, 0) <= 0 then estimated.z * estimated.z / (estimated.waiting_then + estimated.z * estimated.z)
            else 1.0 - estimated.band_low_then
        end') }} as high,
        {{ digits('estimated.rmst_72h') }} as rmst_72h,
        estimated.km_median_low,
        estimated.km_median_high,
        case
            when estimated.rmst_72h is null then null
            else {{ digits('greatest(0.0, estimated.rmst_72h - estimated.z * sqrt(estimated.area_variance))') }}
        end as rmst_low,
        case
            when estimated.rmst_72h is null then null
            else {{ digits('least(estimated.horizon_hours, estimated.rmst_72h + estimated.z * sqrt(estimated.area_variance))') }}
        end as rmst_high
    from estimated
    union all
    select
        kept.sample,
        {%- for name in estimates %}
        kept.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from kept

)

select
    told.scope,
    told.scope_id,
    told.week_ends_on,
    told.questions,
    told.answered,
    told.questions - told.answered as open_now,
    estimates.km_median_hours,
    estimates.km_within_24h,
    estimates.low,
    estimates.high,
    estimates.rmst_72h,
    told.oldest_open / 3600000000.0 as oldest_open_hours,
    told.measure,
    told.clock,
    told.period,
    estimates.km_median_low,
    estimates.km_median_high,
    estimates.rmst_low,
    estimates.rmst_high,
    told.sample
from told
left join estimates
    on told.sample = estimates.sample
