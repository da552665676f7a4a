-- One row per quiz of a course.
select cm.id, cm.course, cm.section, cm.deletioninprogress, a.name, a.intro, a.introformat, null as extra, 1 as extraformat,
    a.timeopen as opens, a.timeclose as due, 0 as cutoff, a.grade as maxgrade, null as scale,
    i.gradepass as passgrade, 0 as teamsubmission, 0 as blind, 0 as markingworkflow, cm.criteria
from {placed_activities} cm
left join {quiz} a on a.id = cm.instance
left join {best_marks} i on i.itemmodule = cm.type and i.iteminstance = cm.instance
where cm.type = :module
order by cm.id
