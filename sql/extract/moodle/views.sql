-- One row per account and activity first viewed.
select v.id, v.userid, v.coursemoduleid, cm.course, v.timecreated
from {course_modules_viewed} v
left join {course_modules} cm on cm.id = v.coursemoduleid
where v.id > :after or v.timecreated >= :since
order by v.id
