-- One row per personal extension; it also moves the date after which nothing is accepted.
select f.id, cm.id as cmid, f.userid, 0 as groupid, f.extensionduedate as due,
    case when a.cutoffdate > 0 and a.cutoffdate < f.extensionduedate then f.extensionduedate else a.cutoffdate end as cutoff
from {assign_user_flags} f
left join {assign} a on a.id = f.assignment
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'assign' group by x.instance) cm
    on cm.instance = a.id
where f.extensionduedate > 0
order by f.id
