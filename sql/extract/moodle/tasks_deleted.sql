-- One row per activity that the log speaks of and the course has no more, and component that spoke of it (contextlevel 70: course module).
select l.contextinstanceid as id, l.courseid as course, l.component, min(l.id) as firstlog
from {logstore_standard_log} l
left join {course_modules} cm on cm.id = l.contextinstanceid
where l.contextlevel = 70 and l.contextinstanceid > 0 and l.courseid > 0 and cm.id is null
group by l.contextinstanceid, l.courseid, l.component
order by l.contextinstanceid, min(l.id)
