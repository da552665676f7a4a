-- One row per mark, those carried over included; its day is the day of submission, the only one there is.
select
    whole(id_student)::varchar as native_id,
    $realm || ':marking:' || assessment.id || ':' || whole(id_student) as grade_id,
    case assessment.type when 'CMA' then 'quiz' else 'marking' end as record,
    $realm || ':task:assessment-' || assessment.id as task_id,
    $realm || ':course:' || assessment.code as course_id,
    case when whole(is_banked) is distinct from 1 then $realm || ':submission:' || assessment.id || ':' || whole(id_student) end as submission_id,
    0 as attempt,
    try_cast(score as double) as grade,
    100.0 as max_grade,
    true as is_released,
    noon(assessment.starts_on + whole(date_submitted)::integer, $zone) as graded_at
from "studentAssessment" as work
inner join assessment on assessment.id = whole(work.id_assessment)
where
    assessment.code is not null and whole(id_student) is not null
    and whole(date_submitted) is not null and try_cast(score as double) is not null
order by work.row
