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

counts as (

    select
        -- One number instead of five columns: the steps below are sorted by it.
        row_number() over (order by stretched.scope, stretched.scope_id, stretched.measure, stretched.period, stretched.week_ends_on) as curve,
        stretched.scope,
        stretched.scope_id,
        stretched.measure,
        stretched.period,
        stretched.week_ends_on,
        count(*) as questions,
        count(stretched.working_hours) as questions_working,
        count(case when not stretched.is_open then 1 end) as answered,
        count(case when not stretched.is_open then stretched.working_hours end) as answered_working,
        max(case when stretched.is_open then stretched.hours end) as oldest_open_hours,
        max(case when stretched.is_open then stretched.working_hours end) as oldest_open_working_hours
    from stretched
    group by stretched.scope, stretched.scope_id, stretched.measure, stretched.period, stretched.week_ends_on

),

-- Of fewer no figure is given, so no curve is drawn.
drawn as (

    select
        counts.curve,
        stretched.is_open,
        stretched.hours,
        stretched.working_hours,
        counts.questions,
        counts.questions_working
    from stretched
    inner join counts
        on stretched.scope = counts.scope
        and stretched.scope_id = counts.scope_id
        and stretched.measure = counts.measure
        and stretched.period = counts.period
        and stretched.week_ends_on = counts.week_ends_on
    where counts.questions >= {{ threshold('latency_questions_min') }}

),

-- Both clocks.
times as (

    select
        2 * drawn.curve as curve,
        drawn.is_open,
        drawn.hours,
        drawn.questions
    from drawn
    union all
    select
        2 * drawn.curve + 1 as curve,
        drawn.is_open,
        drawn.working_hours as hours,
        drawn.questions_working as questions
    from drawn
    where drawn.working_hours is not null and drawn.questions_working >= {{ threshold('latency_questions_min') }}

),

-- A row is a step of a curve, of one waiting each: those that end together are taken one after the other, answers first, which comes to the same
-- product and the same sum ((n - 1) / n × (n - 2) / (n - 1) = (n - 2) / n).
at_risk as (

    select
        times.curve,
        times.hours,
        case when times.is_open then 0 else 1 end as answered,
        times.questions + 1 - row_number() over by_time as waiting,
        lead(times.hours) over by_time as next_hours
    from times
    window by_time as (
        partition by times.curve
        order by times.hours, times.is_open
    )

),

survival as (

    select
        at_risk.curve,
        at_risk.hours,
        at_risk.waiting,
        at_risk.next_hours,
        -- Kaplan and Meier's product as a sum of logarithms; the factor zero, when the last one was answered, is kept apart.
        case
            when at_risk.answered = at_risk.waiting then 0.0
            else exp(sum(case when at_risk.answered = at_risk.waiting then 0.0 else ln(1.0 - at_risk.answered / cast(at_risk.waiting as double)) end) over up_to_now)
        end as unanswered,
        {{ greenwood_step('at_risk.answered', 'at_risk.waiting') }} as greenwood_step,
        sum({{ greenwood_step('at_risk.answered', 'at_risk.waiting') }}) over up_to_now as greenwood
    from at_risk
    window up_to_now as (
        partition by at_risk.curve
        order by at_risk.waiting desc
        rows between unbounded preceding and current row
    )

),

limits as (

    select
        {{ threshold('confidence_z') }} as z,
        {{ threshold('answered_within') }} as within_hours,
        {{ threshold('km_horizon_hours') }} as horizon_hours

),

pieces as (

    select
        survival.*,
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
        pieces.*,
        sum(pieces.piece) over (
            partition by pieces.curve
            order by pieces.waiting
            rows between unbounded preceding and current row
        ) as area_after
    from pieces

),

bands as (

    select
        areas.*,
        limits.z,
        limits.within_hours,
        limits.horizon_hours,
        -- Of those that end together only the last one stands on the curve.
        areas.next_hours is null or areas.next_hours > areas.hours as is_last,
        -- The interval of the curve on the scale of log(-log S): inside 0 and 1 whatever the error (Kalbfleisch and Prentice 1980).
        case
            when areas.unanswered <= 0 or areas.greenwood <= 0 then areas.unanswered
            else power(areas.unanswered, exp(limits.z * sqrt(areas.greenwood) / abs(ln(areas.unanswered))))
        end as band_low,
        case
            when areas.unanswered <= 0 or areas.greenwood <= 0 then areas.unanswered
            else power(areas.unanswered, exp(-1 * limits.z * sqrt(areas.greenwood) / abs(ln(areas.unanswered))))
        end as band_high
    from areas
    cross join limits

),

curves as (

    select
        bands.curve,
        max(bands.z) as z,
        max(bands.waiting) as questions,
        max(bands.within_hours) as within_hours,
        max(bands.horizon_hours) as horizon_hours,
        min(case when bands.unanswered <= {{ km_half() }} then bands.hours end) as km_median_hours,
        -- Brookmeyer and Crowley (1982): the times whose interval holds one half.
        min(case when bands.band_low <= {{ km_half() }} and bands.is_last then bands.hours end) as km_median_low,
        min(case when bands.band_high <= {{ km_half() }} and bands.is_last and bands.unanswered > 0 then bands.hours end) as km_median_high,
        max(bands.hours) as last_hours,
        min(bands.unanswered) as last_unanswered,
        min(case when bands.hours <= bands.within_hours then bands.unanswered end) as unanswered_then,
        min(case when bands.hours <= bands.within_hours and bands.is_last then bands.band_low end) as band_low_then,
        min(case when bands.hours <= bands.within_hours and bands.is_last then bands.band_high end) as band_high_then,
        max(case when bands.hours <= bands.within_hours then bands.greenwood end) as greenwood_then,
        max(bands.waiting) - coalesce(sum(case when bands.hours <= bands.within_hours then 1 end), 0) as waiting_then,
        min(bands.hours) as first_hours,
        sum(bands.piece) as area,
        -- Variance of the restricted mean (Klein and Moeschberger 2003, 4.5): each step moves all the area behind it.
        sum(case when bands.hours <= bands.horizon_hours then bands.area_after * bands.area_after * bands.greenwood_step end) as area_variance
    from bands
    group by bands.curve

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

),

told as (

    select
        2 * counts.curve as curve,
        counts.scope,
        counts.scope_id,
        counts.week_ends_on,
        counts.measure,
        'elapsed' as clock,
        counts.period,
        counts.questions,
        counts.answered,
        counts.questions - counts.answered as open_now,
        counts.oldest_open_hours
    from counts
    union all
    select
        2 * counts.curve + 1 as curve,
        counts.scope,
        counts.scope_id,
        counts.week_ends_on,
        counts.measure,
        'working' as clock,
        counts.period,
        counts.questions_working as questions,
        counts.answered_working as answered,
        counts.questions_working - counts.answered_working as open_now,
        counts.oldest_open_working_hours as oldest_open_hours
    from counts
    where counts.questions_working > 0

)

select
    told.scope,
    told.scope_id,
    told.week_ends_on,
    told.questions,
    told.answered,
    told.open_now,
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
    told.oldest_open_hours,
    told.measure,
    told.clock,
    told.period,
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
from told
left join estimates
    on told.curve = estimates.curve
