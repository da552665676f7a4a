-- One row per curator of a live stream: everybody who gets a list, also on a quiet day.
with learners as (

    select
        enrolments.stream_id,
        count(*) as learners
    from {{ ref('fct_enrolments') }} as enrolments
    where enrolments.is_current
    group by enrolments.stream_id

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    max(people.name) as curator_name,
    {{ json_rows([('stream_id', 'streams.stream_id'), ('course_name', 'streams.course_name'), ('stream_title', 'streams.stream_title')], 'streams.stream_id') }} as streams,
    cast(coalesce(sum(learners.learners), 0) as bigint) as learners
from {{ ref('dim_curators') }} as curators
inner join {{ ref('rpt_streams') }} as streams
    on curators.stream_id = streams.stream_id
left join {{ ref('rpt_people') }} as people
    on curators.curator_id = people.person_id
left join learners
    on curators.stream_id = learners.stream_id
where streams.is_live
group by curators.curator_id
