-- One row per override of an assignment's dates; a date that it leaves alone (null) is the assignment's.
select o.id, cm.id as cmid, o.userid, o.groupid, coalesce(o.duedate, a.duedate) as due, coalesce(o.cutoffdate, a.cutoffdate) as cutoff
from {assign_overrides} o
left join {assign} a on a.id = o.assignid
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'assign' group by x.instance) cm
    on cm.instance = a.id
order by o.id
