-- One row per curator and learner of a live stream of theirs: whom this curator may look up, and how to reach them.
with days as (

    select * from {{ ref('ind_learner_days') }}
    where day = {{ as_of() }}

),

levels as (

    select
        scores.person_id,
        scores.stream_id,
        scores.level,
        case scores.level when 'high' then 3 when 'medium' then 2 when 'low' then 1 else 0 end as rank
    from {{ source('risk', 'scores') }} as scores
    where scores.day = {{ as_of() }} and scores.target = 'dropout'

)

select
    {{ as_of() }} as day,
    curators.curator_id,
    enrolments.person_id,
    max(people.name) as learner_name,
    {{ joined("streams.course_name || ', ' || streams.stream_title") }} as streams,
    max(people.email) as email,
    max(people.phone) as phone,
    max(people.institution) as institution,
    max(days.course_day) as course_day,
    {{ last_by('levels.level', 'levels.rank') }} as level
from {{ ref('fct_enrolments') }} as enrolments
inner join {{ ref('rpt_streams') }} as streams
    on enrolments.stream_id = streams.stream_id
inner join {{ ref('dim_curators') }} as curators
    on enrolments.stream_id = curators.stream_id
left join {{ ref('rpt_people') }} as people
    on enrolments.person_id = people.person_id
left join days
    on enrolments.person_id = days.person_id and enrolments.stream_id = days.stream_id
left join levels
    on enrolments.person_id = levels.person_id and enrolments.stream_id = levels.stream_id
where streams.is_live
group by curators.curator_id, enrolments.person_id
