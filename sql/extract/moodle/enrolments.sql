-- One row per enrolment, with the roles that its owner has in that course.
select ue.id, ue.userid, e.courseid, e.enrol, e.status as methodstatus, ue.status, ue.timestart, ue.timeend, ue.modifierid, ue.timecreated, ue.timemodified,
    max(case when r.archetype = 'student' then 1 else 0 end) as learner,
    max(case when r.archetype in ('teacher', 'editingteacher') then 1 else 0 end) as curator,
    max(case when r.archetype in ('manager', 'coursecreator') then 1 else 0 end) as staff
from {user_enrolments} ue
left join {enrol} e on e.id = ue.enrolid
left join {context} c on c.contextlevel = 50 and c.instanceid = e.courseid
left join {role_assignments} ra on ra.contextid = c.id and ra.userid = ue.userid
left join {role_kinds} r on r.id = ra.roleid
group by ue.id, ue.userid, e.courseid, e.enrol, e.status, ue.status, ue.timestart, ue.timeend, ue.modifierid, ue.timecreated, ue.timemodified
order by ue.id
