-- One row per enrolment, with the roles that its owner has in that course: given there, or at a category or the site above it (category
-- enrolment gives none in the course itself). Who has a role there learns or manages by that alone; who teaches above teaches there, too.
select ue.id, ue.userid, e.courseid, e.enrol, e.status as methodstatus, ue.status, ue.timestart, ue.timeend, ue.modifierid, ue.timecreated, ue.timemodified,
    case
        when max(case when held.contextid = c.id then 1 else 0 end) = 1
            then max(case when held.archetype = 'student' and held.contextid = c.id then 1 else 0 end)
        else max(case when held.archetype = 'student' then 1 else 0 end)
    end as learner,
    max(case when held.archetype in ('teacher', 'editingteacher') then 1 else 0 end) as curator,
    case
        when max(case when held.contextid = c.id then 1 else 0 end) = 1
            then max(case when held.archetype in ('manager', 'coursecreator') and held.contextid = c.id then 1 else 0 end)
        else max(case when held.archetype in ('manager', 'coursecreator') then 1 else 0 end)
    end as staff
from {user_enrolments} ue
left join {enrol} e on e.id = ue.enrolid
left join {context} c on c.contextlevel = 50 and c.instanceid = e.courseid
-- By the person: of the roles above, only the owner's own are held against the course's place.
left join (
    select ra.userid, ra.contextid, place.contextlevel, place.path, r.archetype
    from {role_assignments} ra
    join {role_kinds} r on r.id = ra.roleid
    join {context} place on place.id = ra.contextid
    where place.contextlevel <= 50 and r.archetype in ('student', 'teacher', 'editingteacher', 'manager', 'coursecreator')) held
    on held.userid = ue.userid and (held.contextid = c.id or (held.contextlevel < 50
        and substr(c.path, 1, length(held.path)) = held.path and substr(c.path, length(held.path) + 1, 1) = '/'))
group by ue.id, ue.userid, e.courseid, e.enrol, e.status, ue.status, ue.timestart, ue.timeend, ue.modifierid, ue.timecreated, ue.timemodified
order by ue.id
