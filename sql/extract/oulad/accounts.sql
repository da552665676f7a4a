-- One row per student.
select distinct whole(id_student)::varchar as native_id, 'lms' as channel
from (
    select id_student from "studentInfo"
    union all
    select id_student from "studentRegistration"
)
where whole(id_student) is not null
order by native_id
