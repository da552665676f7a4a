-- One row per student and presentation.
select
    whole(id_student)::varchar as native_id,
    $realm || ':enrolment:' || presentation.code || ':' || whole(id_student) || ':learner' as enrolment_id,
    $realm || ':course:' || presentation.code as course_id,
    'learner' as role,
    case when whole(date_unregistration) is not null then 'removed' else 'active' end as state,
    noon(starts_on + whole(date_registration)::integer, $zone) as created_at,
    noon(starts_on + whole(date_unregistration)::integer, $zone) as removed_at,
    'studentRegistration row ' || registration.row as place,
    case
        when presentation.code is null then 'no such presentation'
        when whole(id_student) is null then 'no student'
    end as reason
from "studentRegistration" as registration
left join presentation on presentation.code = presentation_of(code_module, code_presentation)
order by registration.row
