-- One row per page of a course; its content is part of the reference that learners may quote.
select cm.id, cm.course, cm.section, cm.deletioninprogress, a.name, a.intro, a.introformat, a.content as extra, a.contentformat as extraformat,
    0 as opens, 0 as due, 0 as cutoff, i.grademax as maxgrade, null as scale,
    i.gradepass as passgrade, 0 as teamsubmission, 0 as blind, 0 as markingworkflow, cm.criteria
from {placed_activities} cm
left join {page} a on a.id = cm.instance
left join {best_marks} i on i.itemmodule = cm.type and i.iteminstance = cm.instance
where cm.type = :module
order by cm.id
