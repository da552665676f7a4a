-- One row per lesson gone through to its end: its owner's attempts are counted in the order in which they were finished. The grade is a share of 100.
select g.id, g.userid, cm.id as cmid, z.course, n.attempt, n.latestattempt, g.completed, g.grade, z.grade as maxgrade
from {lesson_grades} g
left join {lesson} z on z.id = g.lessonid
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'lesson' group by x.instance) cm
    on cm.instance = z.id
join (
    select one.id, count(case when other.id <= one.id then 1 end) as attempt, count(*) as latestattempt
    from {lesson_grades} one join {lesson_grades} other on other.lessonid = one.lessonid and other.userid = one.userid
    group by one.id) n on n.id = g.id
order by g.id
