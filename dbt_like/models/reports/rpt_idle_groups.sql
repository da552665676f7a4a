-- One row per curator and running stream of theirs that is idle as a whole: over the last thresholds.idle_group_days at most
-- thresholds.idle_group_share of its current learners did anything anywhere. One alarm for the group, and none about its learners. A stream
-- younger than those days, smaller than thresholds.small_group or of an LMS whose export is late says nothing.
with learners as (

    select
        enrolments.stream_id,
        count(*) as learners
    from {{ ref('fct_enrolments') }} as enrolments
    where enrolments.is_current
    group by enrolments.stream_id

),

acts as (

    select
        acts.stream_id,
        max(acts.day) as last_active_on,
        count(distinct case when acts.day > {{ add_days(as_of(), '-1 * ' ~ threshold('idle_group_days')) }} then acts.person_id end) as active
    from {{ ref('fct_acts') }} as acts
    inner join {{ ref('fct_enrolments') }} as enrolments
        on acts.person_id = enrolments.person_id and acts.stream_id = enrolments.stream_id and enrolments.is_current
    where acts.day <= {{ as_of() }}
    group by acts.stream_id

),

late as (

    select count(*) as sources
    from {{ ref('rpt_sources') }} as sources
    where
        sources.state <> 'fresh'
        and (sources.kind like 'moodle%' or sources.kind in ('openedx', 'xapi', 'oulad', 'generic'))

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    streams.stream_id,
    streams.course_name,
    streams.stream_title,
    learners.learners,
    coalesce(acts.active, 0) as active,
    acts.last_active_on
from {{ ref('rpt_streams') }} as streams
inner join learners
    on streams.stream_id = learners.stream_id
inner join {{ ref('dim_curators') }} as curators
    on streams.stream_id = curators.stream_id
left join acts
    on streams.stream_id = acts.stream_id
cross join late
where
    streams.is_live
    and not streams.is_ended
    and late.sources = 0
    and streams.course_day > {{ threshold('idle_group_days') }}
    and learners.learners >= {{ threshold('small_group') }}
    and coalesce(acts.active, 0) <= {{ threshold('idle_group_share') }} * learners.learners
