-- One row per past state of a gradebook grade: the only trace of the grades of people who left.
select g.id, g.userid, g.usermodified, g.finalgrade, g.hidden, g.overridden, g.feedback, g.feedbackformat, g.timemodified, i.courseid, i.grademax,
    i.hidden as itemhidden, cm.id as cmid
from {grade_grades_history} g
left join {grade_items} i on i.id = g.itemid
left join (
    select m.name, x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module group by m.name, x.instance) cm
    -- items from 1000 on are outcomes that an activity is rated by: they are not its grade
    on i.itemtype = 'mod' and cm.name = i.itemmodule and cm.instance = i.iteminstance and i.itemnumber < 1000
where g.id > :after or g.timemodified >= :since
    -- hidden until a moment that has come meanwhile
    or (g.hidden >= :before and g.hidden <= :now) or (i.hidden >= :before and i.hidden <= :now)
order by g.id
