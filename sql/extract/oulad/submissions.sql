-- One row per piece of work handed in for an assessment.
select
    whole(id_student)::varchar as native_id,
    $realm || ':submission:' || assessment.id || ':' || whole(id_student) as submission_id,
    case assessment.type when 'TMA' then 'assignment' else 'quiz' end as kind,
    $realm || ':task:assessment-' || assessment.id as task_id,
    $realm || ':course:' || assessment.code as course_id,
    0 as attempt,
    true as is_latest,
    'submitted' as state,
    false as is_team,
    false as is_preview,
    noon(assessment.starts_on + whole(date_submitted)::integer, $zone) as created_at,
    noon(assessment.starts_on + whole(date_submitted)::integer, $zone) as submitted_at,
    case when assessment.type <> 'TMA' then try_cast(score as double) end as score,
    case when assessment.type <> 'TMA' then 100.0 end as max_score,
    'studentAssessment row ' || work.row as place,
    case
        when assessment.code is null then 'no such assessment'
        when whole(id_student) is null then 'no student'
        when whole(date_submitted) is null then 'no number of a day'
        when whole(is_banked) = 1 then 'carried over from an earlier presentation'
    end as reason
from "studentAssessment" as work
left join assessment on assessment.id = whole(work.id_assessment)
order by work.row
