-- One row: what became of the warnings made thresholds.warning_days ago. Dropped: not completed when the stream ended, or left.
with warned as (

    select
        scores.person_id,
        scores.stream_id,
        scores.level = 'high' as is_warned
    from {{ source('risk', 'scores') }} as scores
    where scores.target = 'dropout' and scores.day = {{ add_days(as_of(), '-1 * ' ~ threshold('warning_days')) }}

)

select
    {{ as_of() }} as week_ends_on,
    count(case when warned.is_warned then 1 end) as warned,
    count(case when warned.is_warned and enrolments.outcome in ('dropped', 'never_started') then 1 end) as warned_dropped,
    count(case when not warned.is_warned then 1 end) as unwarned,
    count(case when not warned.is_warned and enrolments.outcome in ('dropped', 'never_started') then 1 end) as unwarned_dropped,
    -- Of those judged, how many of whom the end is known.
    count(case when enrolments.outcome <> 'running' then 1 end) as ended
from warned
inner join {{ ref('fct_enrolments') }} as enrolments
    on warned.person_id = enrolments.person_id and warned.stream_id = enrolments.stream_id
having count(*) > 0
