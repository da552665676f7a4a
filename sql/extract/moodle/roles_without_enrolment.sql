-- One row per role assignment and course that it reaches without an enrolment in that course: at the course itself, or at a category
-- or the site above it (paths of contexts are '/1/11/13').
select held.id, held.userid, held.courseid, held.archetype, held.modifierid, held.timemodified
from (
    select ra.id, ra.userid, c.instanceid as courseid, r.archetype, ra.modifierid, ra.timemodified
    from {role_assignments} ra
    join {role_kinds} r on r.id = ra.roleid
    join {context} c on c.id = ra.contextid and c.contextlevel = 50
    union all
    -- Apart from the others: they are few, and only they are held against all courses.
    select ra.id, ra.userid, c.instanceid, r.archetype, ra.modifierid, ra.timemodified
    from {role_assignments} ra
    join {role_kinds} r on r.id = ra.roleid
    join {context} above on above.id = ra.contextid and above.contextlevel < 50
    join {context} c on c.contextlevel = 50
        and substr(c.path, 1, length(above.path)) = above.path and substr(c.path, length(above.path) + 1, 1) = '/') held
where held.archetype in ('student', 'teacher', 'editingteacher', 'manager', 'coursecreator')
    and not exists (
        select 1 from {user_enrolments} ue join {enrol} e on e.id = ue.enrolid
        where ue.userid = held.userid and e.courseid = held.courseid)
order by held.id, held.courseid
