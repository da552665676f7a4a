-- One row per activity of any other type: the placeholder "activity" is that type's own table, which always has a name and an introduction.
select cm.id, cm.course, cm.section, cm.deletioninprogress, a.name, a.intro, a.introformat, null as extra, 1 as extraformat,
    0 as opens, 0 as due, 0 as cutoff, i.grademax as maxgrade, null as scale,
    i.gradepass as passgrade, 0 as teamsubmission, 0 as blind, 0 as markingworkflow, cm.criteria
from {placed_activities} cm
left join {activity} a on a.id = cm.instance
left join {best_marks} i on i.itemmodule = cm.type and i.iteminstance = cm.instance
where cm.type = :module
order by cm.id
