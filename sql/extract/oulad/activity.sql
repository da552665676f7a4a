-- One row per student, material, day and number of that day's rows: the day's clicks, summed by the data set.
select
    whole(id_student)::varchar as native_id,
    $realm || ':click:' || presentation.code || ':' || whole(id_student) || ':' || whole(id_site) || ':' || whole(date) || ':'
    || row_number() over (
        partition by presentation.code, whole(id_student), whole(id_site), whole(date) order by whole(sum_click), clicks.row
    ) as activity_id,
    $realm || ':course:' || presentation.code as course_id,
    $realm || ':task:' || whole(id_site) as task_id,
    noon(starts_on + whole(date)::integer, $zone) as occurred_at,
    'viewed' as action,
    'studentVle' as event,
    whole(sum_click)::integer as times,
    false as is_impersonated,
    false as is_anonymous,
    'studentVle row ' || clicks.row as place,
    case
        when presentation.code is null then 'no such presentation'
        when whole(id_student) is null then 'no student'
        when whole(date) is null or whole(id_site) is null then 'no number of a day'
    end as reason
from "studentVle" as clicks
left join presentation on presentation.code = presentation_of(code_module, code_presentation)
