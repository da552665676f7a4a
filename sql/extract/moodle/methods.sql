-- One row per enrolment method of a course, with the role that it gives.
select e.id, e.courseid, e.enrol, r.archetype
from {enrol} e left join {role_kinds} r on r.id = e.roleid
order by e.id
