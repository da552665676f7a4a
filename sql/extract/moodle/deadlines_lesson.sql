-- One row per override of a lesson's dates; a date that it leaves alone (null) is the lesson's.
select o.id, cm.id as cmid, o.userid, o.groupid, coalesce(o.deadline, z.deadline) as due, 0 as cutoff
from {lesson_overrides} o
left join {lesson} z on z.id = o.lessonid
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'lesson' group by x.instance) cm
    on cm.instance = z.id
order by o.id
