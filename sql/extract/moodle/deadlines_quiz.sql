-- One row per override of a quiz's dates; a date that it leaves alone (null) is the quiz's.
select o.id, cm.id as cmid, o.userid, o.groupid, coalesce(o.timeclose, z.timeclose) as due, 0 as cutoff
from {quiz_overrides} o
left join {quiz} z on z.id = o.quiz
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'quiz' group by x.instance) cm
    on cm.instance = z.id
order by o.id
