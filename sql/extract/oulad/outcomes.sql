-- One row per student who passed; known on the presentation's last day.
select
    whole(id_student)::varchar as native_id,
    $realm || ':course_completed:' || presentation.code || ':' || whole(id_student) as outcome_id,
    $realm || ':course:' || presentation.code as course_id,
    'course_completed' as kind,
    noon(starts_on + length::integer, $zone) as reached_at
from "studentInfo" as info
inner join presentation on presentation.code = presentation_of(code_module, code_presentation)
where whole(id_student) is not null and final_result in ('Pass', 'Distinction')
order by info.row
