-- One row per scope (learner, curator, group, stream, course, channel, programme), its id, measure of waiting, clock and stretch (an ISO week
-- of asking, or all until the day): waiting time by Kaplan and Meier (1958). What is still waited for stays in as a right-censored
-- observation: a mean over answered ones lies. A question belongs to every curator responsible for its stream, whoever answered: else
-- leaving questions would look like diligence; who answered stands in ind_answers_given.
with waits as (

    select
        waits.question_id,
        waits.measure,
        waits.channel,
        waits.course_id,
        waits.stream_id,
        waits.person_id,
        waits.from_at,
        {{ week_end('waits.day') }} as week_ends_on,
        waits.is_open,
        waits.hours,
        waits.working_hours
    from {{ ref('fct_waits') }} as waits

),

scoped as (

    select 'programme' as scope, '{{ var("programme_id") }}' as scope_id, waits.* from waits
    union all
    select 'channel' as scope, waits.channel as scope_id, waits.* from waits
    union all
    select 'course' as scope, waits.course_id as scope_id, waits.* from waits where waits.course_id is not null
    union all
    select 'stream' as scope, waits.stream_id as scope_id, waits.* from waits where waits.stream_id is not null
    union all
    select distinct 'group' as scope, member_groups.group_id as scope_id, waits.*
    from waits
    inner join {{ ref('fct_memberships') }} as member_groups
        on waits.person_id = member_groups.person_id
        and waits.course_id = member_groups.course_id
        and (member_groups.joined_at is null or member_groups.joined_at <= waits.from_at)
        and (member_groups.left_at is null or member_groups.left_at > waits.from_at)
    union all
    select 'curator' as scope, curators.curator_id as scope_id, waits.*
    from waits
    inner join {{ ref('dim_curators') }} as curators
        on waits.stream_id = curators.stream_id
    union all
    select 'learner' as scope, waits.person_id as scope_id, waits.* from waits where waits.person_id is not null

),

stretched as (

    -- One learner asks too little in one week for any figure of the week.
    select 'week' as period, scoped.* from scoped where scoped.scope <> 'learner'
    union all
    select
        'all' as period,
        scoped.scope,
        scoped.scope_id,
        scoped.question_id,
        scoped.measure,
        scoped.channel,
        scoped.course_id,
        scoped.stream_id,
        scoped.person_id,
        scoped.from_at,
        {{ week_end(as_of()) }} as week_ends_on,
        scoped.is_open,
        scoped.hours,
        scoped.working_hours
    from scoped

),

-- Both clocks, and how many left the waiting at each time: a row here is a step of a curve.
times as (

    select
        stretched.scope,
        stretched.scope_id,
        stretched.measure,
        'elapsed' as clock,
        stretched.period,
        stretched.week_ends_on,
        stretched.hours,
        count(*) as leaving,
        count(case when not stretched.is_open then 1 end) as answered
    from stretched
    group by stretched.scope, stretched.scope_id, stretched.measure, stretched.period, stretched.week_ends_on, stretched.hours
    union all
    select
        stretched.scope,
        stretched.scope_id,
        stretched.measure,
        'working' as clock,
        stretched.period,
        stretched.week_ends_on,
        stretched.working_hours as hours,
        count(*) as leaving,
        count(case when not stretched.is_open then 1 end) as answered
    from stretched
    where stretched.working_hours is not null
    group by stretched.scope, stretched.scope_id, stretched.measure, stretched.period, stretched.week_ends_on, stretched.working_hours

),

counts as (

    select
        -- One number instead of six columns: the steps below are sorted by it three times.
        row_number() over (order by times.scope, times.scope_id, times.measure, times.clock, times.period, times.week_ends_on) as curve,
        times.scope,
        times.scope_id,
        times.measure,
        times.clock,
        times.period,
        times.week_ends_on,
        cast(sum(times.leaving) as bigint) as questions,
        cast(sum(times.answered) as bigint) as answered,
        cast(sum(times.leaving - times.answered) as bigint) as open_now,
        max(case when times.leaving > times.answered then times.hours end) as oldest_open_hours
    from times
    group by times.scope, times.scope_id, times.measure, times.clock, times.period, times.week_ends_on

),

at_risk as (

    select
        counts.curve,
        times.hours,
        times.leaving,
        times.answered,
        counts.questions,
        cast(sum(times.leaving) over (
            partition by counts.curve
            order by times.hours desc
            rows between unbounded preceding and current row
        ) as bigint) as waiting
    from times
    inner join counts
        on times.scope = counts.scope
        and times.scope_id = counts.scope_id
        and times.measure = counts.measure
        and times.clock = counts.clock
        and times.period = counts.period
        and times.week_ends_on = counts.week_ends_on
    -- Of fewer no figure is given, so no curve is drawn.
    where counts.questions >= {{ threshold('latency_questions_min') }}

),

survival as (

    select
        at_risk.*,
        {{ km_survival('at_risk.answered', 'at_risk.waiting', 'up_to_now') }} as unanswered,
        {{ greenwood_step('at_risk.answered', 'at_risk.waiting') }} as greenwood_step,
        sum({{ greenwood_step('at_risk.answered', 'at_risk.waiting') }}) over up_to_now as greenwood,
        lead(at_risk.hours) over (partition by at_risk.curve order by at_risk.hours) as next_hours
    from at_risk
    window up_to_now as (
        partition by at_risk.curve
        order by at_risk.hours
        rows between unbounded preceding and current row
    )

),

limits as (

    select
        {{ threshold('confidence_z') }} as z,
        {{ threshold('answered_within') }} as within_hours,
        {{ threshold('km_horizon_hours') }} as horizon_hours

),

bands as (

    select
        survival.*,
        limits.z,
        limits.within_hours,
        limits.horizon_hours,
        -- The interval of the curve on the scale of log(-log S): inside 0 and 1 whatever the error (Kalbfleisch and Prentice 1980).
        case
            when survival.unanswered <= 0 or survival.greenwood <= 0 then survival.unanswered
            else power(survival.unanswered, exp(limits.z * sqrt(survival.greenwood) / abs(ln(survival.unanswered))))
        end as band_low,
        case
            when survival.unanswered <= 0 or survival.greenwood <= 0 then survival.unanswered
            else power(survival.unanswered, exp(-1 * limits.z * sqrt(survival.greenwood) / abs(ln(survival.unanswered))))
        end as band_high,
        -- Area under the curve from this time to the next, up to the horizon.
        survival.unanswered * (
            least(coalesce(survival.next_hours, limits.horizon_hours), limits.horizon_hours)
            - least(survival.hours, limits.horizon_hours)
        ) as piece
    from survival
    cross join limits

),

areas as (

    select
        bands.*,
        sum(bands.piece) over (
            partition by bands.curve
            order by bands.hours desc
            rows between unbounded preceding and current row
        ) as area_after
    from bands

),

curves as (

    select
        areas.curve,
        max(areas.z) as z,
        max(areas.questions) as questions,
        max(areas.within_hours) as within_hours,
        max(areas.horizon_hours) as horizon_hours,
        min(case when areas.unanswered <= {{ km_half() }} then areas.hours end) as km_median_hours,
        -- Brookmeyer and Crowley (1982): the times whose interval holds one half.
        min(case when areas.band_low <= {{ km_half() }} then areas.hours end) as km_median_low,
        min(case when areas.band_high <= {{ km_half() }} and areas.unanswered > 0 then areas.hours end) as km_median_high,
        max(areas.hours) as last_hours,
        min(areas.unanswered) as last_unanswered,
        min(case when areas.hours <= areas.within_hours then areas.unanswered end) as unanswered_then,
        min(case when areas.hours <= areas.within_hours then areas.band_low end) as band_low_then,
        min(case when areas.hours <= areas.within_hours then areas.band_high end) as band_high_then,
        max(case when areas.hours <= areas.within_hours then areas.greenwood end) as greenwood_then,
        max(areas.questions) - coalesce(sum(case when areas.hours <= areas.within_hours then areas.leaving end), 0) as waiting_then,
        min(areas.hours) as first_hours,
        sum(areas.piece) as area,
        -- Variance of the restricted mean (Klein and Moeschberger 2003, 4.5): each step moves all the area behind it.
        sum(case when areas.hours <= areas.horizon_hours then areas.area_after * areas.area_after * areas.greenwood_step end) as area_variance
    from areas
    group by areas.curve

),

estimates as (

    select
        curves.*,
        -- Past the last observation of a curve that has not come down, nothing is known.
        case
            when curves.last_hours < curves.within_hours and curves.last_unanswered > 0 then null
            else 1.0 - coalesce(curves.unanswered_then, 1.0)
        end as km_within_24h,
        case
            when curves.last_hours < curves.horizon_hours and curves.last_unanswered > 0 then null
            else least(curves.first_hours, curves.horizon_hours) + curves.area
        end as rmst_72h
    from curves

)

select
    counts.scope,
    counts.scope_id,
    counts.week_ends_on,
    counts.questions,
    counts.answered,
    counts.open_now,
    estimates.km_median_hours,
    round(estimates.km_within_24h, 6) as km_within_24h,
    -- Greenwood's error is zero where nobody or everybody was answered in time; Wilson's interval says there how little few questions tell.
    round(case
        when estimates.km_within_24h is null then null
        when estimates.km_within_24h >= 1 then estimates.questions / (estimates.questions + estimates.z * estimates.z)
        when coalesce(estimates.greenwood_then, 0) <= 0 then 0.0
        else 1.0 - estimates.band_high_then
    end, 6) as low,
    round(case
        when estimates.km_within_24h is null then null
        when estimates.km_within_24h >= 1 then 1.0
        when coalesce(estimates.greenwood_then, 0) <= 0 then estimates.z * estimates.z / (estimates.waiting_then + estimates.z * estimates.z)
        else 1.0 - estimates.band_low_then
    end, 6) as high,
    round(estimates.rmst_72h, 6) as rmst_72h,
    counts.oldest_open_hours,
    counts.measure,
    counts.clock,
    counts.period,
    estimates.km_median_low,
    estimates.km_median_high,
    case
        when estimates.rmst_72h is null then null
        else round(greatest(0.0, estimates.rmst_72h - estimates.z * sqrt(coalesce(estimates.area_variance, 0.0))), 6)
    end as rmst_low,
    case
        when estimates.rmst_72h is null then null
        else round(least(estimates.horizon_hours, estimates.rmst_72h + estimates.z * sqrt(coalesce(estimates.area_variance, 0.0))), 6)
    end as rmst_high
from counts
left join estimates
    on counts.curve = estimates.curve
