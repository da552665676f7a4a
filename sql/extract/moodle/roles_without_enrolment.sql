-- One row per role assignment and course that it reaches without an enrolment in that course: at the course itself, or at a category
-- or the site above it (paths of contexts are '/1/11/13').
select ra.id, ra.userid, course_context.instanceid as courseid, r.archetype, ra.modifierid, ra.timemodified
from {role_assignments} ra
join {role_kinds} r on r.id = ra.roleid
join {context} c on c.id = ra.contextid
join {context} course_context on course_context.contextlevel = 50
    and (course_context.id = c.id
        or (c.contextlevel < 50
            and substr(course_context.path, 1, length(c.path)) = c.path
            and substr(course_context.path, length(c.path) + 1, 1) = '/'))
where r.archetype in ('student', 'teacher', 'editingteacher', 'manager', 'coursecreator')
    and not exists (
        select 1 from {user_enrolments} ue join {enrol} e on e.id = ue.enrolid
        where ue.userid = ra.userid and e.courseid = course_context.instanceid)
order by ra.id, course_context.instanceid
