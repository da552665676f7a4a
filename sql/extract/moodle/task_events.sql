-- One row per event that names an activity: what those were called that are gone.
select l.id, l.contextinstanceid, l.other
from {logstore_standard_log} l
left join {course_modules} cm on cm.id = l.contextinstanceid
where l.eventname in (:created, :updated, :deleted) and l.contextlevel = 70 and cm.id is null
order by l.id
