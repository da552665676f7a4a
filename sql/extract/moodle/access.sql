-- One row per course module that is hidden, or restricted by itself or with its section.
select cm.id, cm.visible, cm.availability, s.availability as sectionavailability
from {course_modules} cm
left join {course_sections} s on s.id = cm.section
where cm.visible = 0 or cm.availability is not null or s.availability is not null
order by cm.id
