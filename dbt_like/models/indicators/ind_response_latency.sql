-- One row per scope (curator, stream, course, channel, programme), its id and ISO week: waiting time for the first substantive
-- answer of a curator, by Kaplan and Meier. Open questions stay in as right-censored observations: a mean over answered ones lies.
-- A question belongs to every curator responsible for its stream, whoever answered: else leaving questions would look like diligence.
with questions as (

    select
        questions.question_id,
        questions.stream_id,
        questions.course_id,
        questions.channel,
        {{ week_end('questions.day') }} as week_ends_on,
        coalesce(questions.hours_to_curator, questions.hours_open) as hours,
        not questions.is_open as is_answered,
        questions.hours_open
    from {{ ref('fct_questions') }} as questions

),

scoped as (

    select 'programme' as scope, '{{ var("programme_id") }}' as scope_id, questions.* from questions
    union all
    select 'channel' as scope, questions.channel as scope_id, questions.* from questions
    union all
    select 'course' as scope, questions.course_id as scope_id, questions.* from questions where questions.course_id is not null
    union all
    select 'stream' as scope, questions.stream_id as scope_id, questions.* from questions where questions.stream_id is not null
    union all
    select 'curator' as scope, curators.curator_id as scope_id, questions.*
    from questions
    inner join {{ ref('dim_curators') }} as curators
        on questions.stream_id = curators.stream_id

),

times as (

    select
        scoped.scope,
        scoped.scope_id,
        scoped.week_ends_on,
        scoped.hours,
        count(*) as leaving,
        count(case when scoped.is_answered then 1 end) as answered
    from scoped
    group by scoped.scope, scoped.scope_id, scoped.week_ends_on, scoped.hours

),

at_risk as (

    select
        times.*,
        sum(times.leaving) over (
            partition by times.scope, times.scope_id, times.week_ends_on
            order by times.hours desc
            rows between unbounded preceding and current row
        ) as waiting
    from times

),

-- Product of (1 - answered / waiting) as a sum of logarithms; the factor zero, when the last one is answered, is kept apart.
survival as (

    select
        at_risk.*,
        case
            when sum(case when at_risk.answered = at_risk.waiting then 1 else 0 end) over up_to_now > 0 then 0.0
            else exp(sum(case when at_risk.answered = at_risk.waiting then 0.0 else ln(1.0 - at_risk.answered / cast(at_risk.waiting as double)) end) over up_to_now)
        end as unanswered,
        sum(
            case
                when at_risk.answered = at_risk.waiting then 0.0
                else at_risk.answered / (cast(at_risk.waiting as double) * (at_risk.waiting - at_risk.answered))
            end
        ) over up_to_now as greenwood,
        lead(at_risk.hours) over (
            partition by at_risk.scope, at_risk.scope_id, at_risk.week_ends_on
            order by at_risk.hours
        ) as next_hours
    from at_risk
    window up_to_now as (
        partition by at_risk.scope, at_risk.scope_id, at_risk.week_ends_on
        order by at_risk.hours
        rows between unbounded preceding and current row
    )

),

curves as (

    select
        survival.scope,
        survival.scope_id,
        survival.week_ends_on,
        min(case when survival.unanswered <= 0.5 then survival.hours end) as km_median_hours,
        max(survival.hours) as last_hours,
        min(survival.unanswered) as last_unanswered,
        min(case when survival.hours <= {{ threshold('answered_within') }} then survival.unanswered end) as unanswered_then,
        max(case when survival.hours <= {{ threshold('answered_within') }} then survival.greenwood end) as greenwood_then,
        min(survival.hours) as first_hours,
        -- Area under the curve from the first time on; before it nobody was answered.
        sum(
            survival.unanswered * (
                least(coalesce(survival.next_hours, {{ threshold('km_horizon_hours') }}), {{ threshold('km_horizon_hours') }})
                - least(survival.hours, {{ threshold('km_horizon_hours') }})
            )
        ) as area
    from survival
    group by survival.scope, survival.scope_id, survival.week_ends_on

),

counts as (

    select
        scoped.scope,
        scoped.scope_id,
        scoped.week_ends_on,
        count(*) as questions,
        count(case when scoped.is_answered then 1 end) as answered,
        count(case when not scoped.is_answered then 1 end) as open_now,
        max(scoped.hours_open) as oldest_open_hours
    from scoped
    group by scoped.scope, scoped.scope_id, scoped.week_ends_on

),

estimates as (

    select
        counts.*,
        {{ threshold('confidence_z') }} as z,
        curves.km_median_hours,
        -- Past the last observation of a curve that has not come down, nothing is known.
        case
            when curves.last_hours < {{ threshold('answered_within') }} and curves.last_unanswered > 0 then null
            else 1.0 - coalesce(curves.unanswered_then, 1.0)
        end as km_within_24h,
        coalesce(curves.unanswered_then, 1.0) * sqrt(coalesce(curves.greenwood_then, 0.0)) as error,
        case
            when curves.last_hours < {{ threshold('km_horizon_hours') }} and curves.last_unanswered > 0 then null
            else least(curves.first_hours, {{ threshold('km_horizon_hours') }}) + curves.area
        end as rmst_72h
    from counts
    inner join curves
        on counts.scope = curves.scope and counts.scope_id = curves.scope_id and counts.week_ends_on = curves.week_ends_on

)

select
    estimates.scope,
    estimates.scope_id,
    estimates.week_ends_on,
    estimates.questions,
    estimates.answered,
    estimates.open_now,
    estimates.km_median_hours,
    round(estimates.km_within_24h, 6) as km_within_24h,
    -- Greenwood's error is zero where nobody or everybody was answered in time; Wilson's interval says there how little few questions tell.
    round(case
        when estimates.km_within_24h is null then null
        when estimates.error > 0 then greatest(0.0, estimates.km_within_24h - estimates.z * estimates.error)
        when estimates.km_within_24h >= 1 then estimates.questions / (estimates.questions + estimates.z * estimates.z)
        else 0.0
    end, 6) as low,
    round(case
        when estimates.km_within_24h is null then null
        when estimates.error > 0 then least(1.0, estimates.km_within_24h + estimates.z * estimates.error)
        when estimates.km_within_24h >= 1 then 1.0
        else estimates.z * estimates.z / (estimates.questions + estimates.z * estimates.z)
    end, 6) as high,
    round(estimates.rmst_72h, 6) as rmst_72h,
    estimates.oldest_open_hours
from estimates
