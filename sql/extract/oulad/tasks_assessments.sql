-- One row per assessment: tutor-marked (TMA), computer-marked (CMA) or the exam, which is on the last day where it has none.
select
    $realm || ':task:assessment-' || id as task_id,
    $realm || ':course:' || code as course_id,
    case type when 'TMA' then 'assignment' when 'CMA' then 'quiz' else 'other' end as kind,
    type || ' ' || id as name,
    coalesce(day, length) // 7 as section,
    end_of(starts_on + coalesce(day, length)::integer, $zone) as due_at,
    100.0 as max_grade,
    -- "If the score is lower than 40, it is interpreted as Fail" (the data set's page).
    40.0 as pass_grade,
    coalesce(weight, 0) > 0 as is_required,
    'assessments row ' || row as place,
    case when code is null then 'no such presentation' when id is null then 'no such assessment' end as reason
from assessment
order by row
