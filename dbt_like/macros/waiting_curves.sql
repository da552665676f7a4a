{# Of ind_response_latency: the curves by Kaplan and Meier of the samples that are drawn anew (``drawn``), from their waiting times (``times``) and the
   ``limits``. Hands on ``estimated``, one row per sample: what is read off its curve, and the errors from which the intervals are made. #}
{% macro waiting_curves() %}
-- A row is a step of a curve, of one waiting each: those that end together are taken one after the other, answers first, which comes to the same
-- product and the same sum ((n - 1) / n × (n - 2) / (n - 1) = (n - 2) / n). Those that wait beyond the last step are only counted.
at_risk as (

    select
        times.curve,
        times.micros / 3600000000.0 as hours,
        case when times.is_open then 0 else 1 end as answered,
        drawn.questions + 1 - row_number() over by_time as waiting,
        lead(times.micros) over by_time / 3600000000.0 as next_hours
    from times
    inner join drawn
        on times.curve = drawn.curve
    where times.micros is not null and (not times.is_open or times.micros <= drawn.moved_until)
    window by_time as (
        partition by times.curve
        order by times.micros, times.is_open
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

steps as (

    select
        bands.curve,
        count(*) as steps,
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
        sum(case when bands.hours <= bands.within_hours then 1 else 0 end) as ended_then,
        min(bands.hours) as first_hours,
        sum(bands.piece) as area,
        -- Variance of the restricted mean (Klein and Moeschberger 2003, 4.5): each step moves all the area behind it.
        sum(case when bands.hours <= bands.horizon_hours then bands.area_after * bands.area_after * bands.greenwood_step end) as area_variance
    from bands
    group by bands.curve

),

-- A curve of which all wait beyond the last step has none: nobody was answered, and that is known.
estimated as (

    select
        drawn.sample,
        drawn.questions,
        limits.z,
        limits.horizon_hours,
        steps.km_median_hours,
        steps.km_median_low,
        steps.km_median_high,
        steps.band_low_then,
        steps.band_high_then,
        steps.greenwood_then,
        drawn.questions - coalesce(steps.ended_then, 0) as waiting_then,
        coalesce(steps.area_variance, 0.0) as area_variance,
        -- Past the last observation of a curve that has not come down, nothing is known.
        case
            when drawn.questions = steps.steps and steps.last_hours < limits.within_hours and steps.last_unanswered > 0 then null
            else 1.0 - coalesce(steps.unanswered_then, 1.0)
        end as km_within_24h,
        case
            when drawn.questions = steps.steps and steps.last_hours < limits.horizon_hours and steps.last_unanswered > 0 then null
            else least(coalesce(steps.first_hours, limits.horizon_hours), limits.horizon_hours) + coalesce(steps.area, 0.0)
        end as rmst_72h
    from drawn
    cross join limits
    left join steps
        on drawn.curve = steps.curve

),
{% endmacro %}
