-- One row per work handed in to a workshop; a teacher's examples are none.
select t.id, t.authorid as userid, cm.id as cmid, z.course, t.timecreated, t.timemodified, t.content as onlinetext, t.contentformat as onlineformat
from {workshop_submissions} t
left join {workshop} z on z.id = t.workshopid
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'workshop' group by x.instance) cm
    on cm.instance = z.id
where t.example = 0
order by t.id
