-- One row per course module whose type is gone.
select cm.id, cm.course, s.section, cm.deletioninprogress
from {course_modules} cm
left join {modules} m on m.id = cm.module
left join {course_sections} s on s.id = cm.section
where m.id is null
order by cm.id
