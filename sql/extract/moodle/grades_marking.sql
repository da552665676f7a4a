-- One row per grade in the markers' own record.
select g.id, g.userid, g.grader, g.grade, g.attemptnumber, g.timemodified, cm.id as cmid, a.course, a.grade as assigngrade, sc.scale, a.blindmarking,
    a.revealidentities, a.markingworkflow, f.released, s.id as submission, c.id as commentid, c.commenttext, c.commentformat
from {assign_grades} g
left join {assign} a on a.id = g.assignment
left join {scale} sc on sc.id = -a.grade
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'assign' group by x.instance) cm
    on cm.instance = a.id
left join (
    select w.assignment, w.userid, max(case when w.workflowstate = 'released' then 1 else 0 end) as released
    from {assign_user_flags} w group by w.assignment, w.userid) f on f.assignment = g.assignment and f.userid = g.userid
left join (
    select v.assignment, v.userid, v.attemptnumber, min(v.id) as id
    from {assign_submission} v where v.userid > 0 group by v.assignment, v.userid, v.attemptnumber) s
    on s.assignment = g.assignment and s.userid = g.userid and s.attemptnumber = g.attemptnumber
left join {assignfeedback_comments} c on c.grade = g.id
-- the attempt that a mark is of may come after it
where g.id > :after or g.timemodified >= :since or s.id > :submissions_after
order by g.id
