-- One row per account and activity with a mark of completion.
select c.id, c.userid, c.coursemoduleid, cm.course, c.completionstate, c.timemodified
from {course_modules_completion} c
left join {course_modules} cm on cm.id = c.coursemoduleid
where c.id > :after or c.timemodified >= :since
order by c.id
