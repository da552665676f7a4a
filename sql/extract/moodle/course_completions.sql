-- One row per account and course, completed or not.
select c.id, c.userid, c.course, c.timecompleted from {course_completions} c order by c.id
