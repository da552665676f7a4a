-- One row per course module that is hidden, alone or with its course, or restricted by itself or with its section. (Hiding a category hides its courses.)
select cm.id, cm.visible, c.visible as coursevisible, cm.availability, s.availability as sectionavailability
from {course_modules} cm
left join {course} c on c.id = cm.course
left join {course_sections} s on s.id = cm.section
where cm.visible = 0 or c.visible = 0 or cm.availability is not null or s.availability is not null
order by cm.id
