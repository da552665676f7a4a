-- One row per grade in the gradebook, also where there is none yet.
select g.id, g.userid, g.usermodified, g.finalgrade, g.hidden, g.overridden, g.feedback, g.feedbackformat, g.timemodified, i.courseid, i.grademax,
    i.hidden as itemhidden, cm.id as cmid
from {grade_grades} g
left join {grade_items} i on i.id = g.itemid
left join (
    select m.name, x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module group by m.name, x.instance) cm
    on i.itemtype = 'mod' and cm.name = i.itemmodule and cm.instance = i.iteminstance
order by g.id
