-- One row per assignment of a course.
select cm.id, cm.course, cm.section, cm.deletioninprogress, a.name, a.intro, a.introformat, a.activity as extra, a.introformat as extraformat,
    a.allowsubmissionsfromdate as opens, a.duedate as due, a.cutoffdate as cutoff, case when a.grade > 0 then a.grade end as maxgrade, sc.scale,
    i.gradepass as passgrade, a.teamsubmission, case when a.blindmarking = 1 and a.revealidentities = 0 then 1 else 0 end as blind, a.markingworkflow,
    cm.criteria
from {placed_activities} cm
left join {assign} a on a.id = cm.instance
left join {scale} sc on sc.id = -a.grade
left join {best_marks} i on i.itemmodule = cm.type and i.iteminstance = cm.instance
where cm.type = :module
order by cm.id
