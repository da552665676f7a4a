-- Integrity: the learners of a course are the sum of its streams' learners; somebody lost or doubled here is lost or doubled everywhere.
-- Resolve: compare the two for the course that is named; what one has more of is kept by a join of dim_learners or fct_enrolments that the other lacks.
{{ config(tags=['integrity']) }}
with learners as (

    select learners.course_id, count(*) as people
    from {{ ref('dim_learners') }} as learners
    group by learners.course_id

),

enrolments as (

    select enrolments.course_id, count(distinct enrolments.person_id) as people, count(*) as enrolled
    from {{ ref('fct_enrolments') }} as enrolments
    group by enrolments.course_id

)

select learners.course_id
from learners
full outer join enrolments
    on learners.course_id = enrolments.course_id
where learners.people is distinct from enrolments.people or learners.people is distinct from enrolments.enrolled
