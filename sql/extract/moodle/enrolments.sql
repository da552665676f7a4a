-- One row per enrolment, with the roles that its owner has in that course: given there, or at a category or the site above it (category
-- enrolment gives none in the course itself). Who has a role there learns or manages by that alone; who teaches above teaches there, too.
select ue.id, ue.userid, e.courseid, e.enrol, e.status as methodstatus, ue.status, ue.timestart, ue.timeend, ue.modifierid, ue.timecreated, ue.timemodified,
    case
        when max(held.own) = 1 then max(case when held.archetype = 'student' then held.own else 0 end)
        else max(case when held.archetype = 'student' then 1 else 0 end)
    end as learner,
    max(case when held.archetype in ('teacher', 'editingteacher') then 1 else 0 end) as curator,
    case
        when max(held.own) = 1 then max(case when held.archetype in ('manager', 'coursecreator') then held.own else 0 end)
        else max(case when held.archetype in ('manager', 'coursecreator') then 1 else 0 end)
    end as staff
from {user_enrolments} ue
left join {enrol} e on e.id = ue.enrolid
left join (
    select ra.userid, c.instanceid as courseid, r.archetype, 1 as own
    from {role_assignments} ra
    join {role_kinds} r on r.id = ra.roleid
    join {context} c on c.id = ra.contextid and c.contextlevel = 50
    where r.archetype in ('student', 'teacher', 'editingteacher', 'manager', 'coursecreator')
    union all
    select ra.userid, c.instanceid, r.archetype, 0
    from {role_assignments} ra
    join {role_kinds} r on r.id = ra.roleid
    join {context} above on above.id = ra.contextid and above.contextlevel < 50
    join {context} c on c.contextlevel = 50
        and substr(c.path, 1, length(above.path)) = above.path and substr(c.path, length(above.path) + 1, 1) = '/'
    where r.archetype in ('student', 'teacher', 'editingteacher', 'manager', 'coursecreator')) held
    on held.courseid = e.courseid and held.userid = ue.userid
group by ue.id, ue.userid, e.courseid, e.enrol, e.status, ue.status, ue.timestart, ue.timeend, ue.modifierid, ue.timecreated, ue.timemodified
order by ue.id
