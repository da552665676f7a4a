-- One row per learner and quiz: the score that counts (best, last, first or mean, as the quiz is set).
select g.id, g.userid, g.grade, g.timemodified, cm.id as cmid, z.course, z.grade as maxgrade
from {quiz_grades} g
left join {quiz} z on z.id = g.quiz
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'quiz' group by x.instance) cm
    on cm.instance = z.id
where g.id > :after or g.timemodified >= :since
order by g.id
