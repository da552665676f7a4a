-- One row per student and presentation.
select
    whole(id_student)::varchar as native_id,
    $realm || ':course:' || presentation.code as course_id,
    gender as sex,
    age_band,
    region,
    highest_education as education,
    case disability when 'Y' then true when 'N' then false end as has_disability,
    imd_band as deprivation_band,
    whole(num_of_prev_attempts)::integer as earlier_attempts,
    whole(studied_credits)::integer as studied_credits,
    'studentInfo row ' || info.row as place,
    case
        when presentation.code is null then 'no such presentation'
        when whole(id_student) is null then 'no student'
    end as reason
from "studentInfo" as info
left join presentation on presentation.code = presentation_of(code_module, code_presentation)
order by info.row
