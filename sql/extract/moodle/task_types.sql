-- One row per activity type that is used; null name: course modules of a type that was uninstalled.
select m.name, count(*) as modules
from {course_modules} cm left join {modules} m on m.id = cm.module
group by m.name
order by m.name
