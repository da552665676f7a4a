-- One row per level of risk: how many learners of running streams stand there now and stood there a week ago, and what became by now of those
-- who stood there thresholds.warning_days ago (left: dropped or never started; completed; the rest still runs). foreseen: mean score of
-- that day, to be held against left_share. Counts of small groups are in it: the report hides them.
with scores as (

    select
        scores.day,
        scores.person_id,
        scores.stream_id,
        scores.level,
        scores.score
    from {{ source('risk', 'scores') }} as scores
    where scores.target = 'dropout'

),

levels as (

    select * from (values (1, 'high'), (2, 'medium'), (3, 'low')) as listed (place, level)

),

standing as (

    select
        scores.level,
        count(case when scores.day = {{ as_of() }} then 1 end) as learners,
        count(case when scores.day = {{ add_days(as_of(), '-7') }} then 1 end) as learners_previous
    from scores
    where scores.day in ({{ as_of() }}, {{ add_days(as_of(), '-7') }})
    group by scores.level

),

become as (

    select
        scores.level,
        count(*) as learners,
        count(case when enrolments.outcome in ('dropped', 'never_started') then 1 end) as left_since,
        count(case when enrolments.outcome = 'completed' then 1 end) as completed_since,
        count(case when enrolments.outcome = 'running' then 1 end) as still_running,
        avg(scores.score) as foreseen
    from scores
    inner join {{ ref('fct_enrolments') }} as enrolments
        on scores.person_id = enrolments.person_id and scores.stream_id = enrolments.stream_id
    where scores.day = {{ add_days(as_of(), '-1 * ' ~ threshold('warning_days')) }}
    group by scores.level

),

days as (

    select distinct scores.day from scores

)

select
    {{ as_of() }} as week_ends_on,
    levels.place,
    levels.level,
    coalesce(standing.learners, 0) as learners,
    -- Null: no list was made that day.
    case when before.day is not null then coalesce(standing.learners_previous, 0) end as learners_previous,
    case when first_day.day is not null then coalesce(become.learners, 0) end as learners_then,
    case when first_day.day is not null then coalesce(become.left_since, 0) end as left_since,
    case when first_day.day is not null then coalesce(become.completed_since, 0) end as completed_since,
    case when first_day.day is not null then coalesce(become.still_running, 0) end as still_running,
    round(become.foreseen, 4) as foreseen
from levels
left join standing
    on levels.level = standing.level
left join become
    on levels.level = become.level
left join days as before
    on before.day = {{ add_days(as_of(), '-7') }}
left join days as first_day
    on first_day.day = {{ add_days(as_of(), '-1 * ' ~ threshold('warning_days')) }}
