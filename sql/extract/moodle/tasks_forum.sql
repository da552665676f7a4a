-- One row per forum of a course. Its best grade is that of the ratings (item 0), else that of the forum graded as a whole (item 1, since Moodle 3.8).
select cm.id, cm.course, cm.section, cm.deletioninprogress, a.name, a.intro, a.introformat, null as extra, 1 as extraformat,
    0 as opens, a.duedate as due, a.cutoffdate as cutoff, i.grademax as maxgrade, null as scale,
    i.gradepass as passgrade, 0 as teamsubmission, 0 as blind, 0 as markingworkflow, cm.criteria
from {placed_activities} cm
left join {forum} a on a.id = cm.instance
left join (
    select gi.iteminstance,
        coalesce(max(case when gi.itemnumber = 0 then gi.grademax end), max(gi.grademax)) as grademax,
        coalesce(max(case when gi.itemnumber = 0 then gi.gradepass end), max(gi.gradepass)) as gradepass
    from {grade_items} gi where gi.itemtype = 'mod' and gi.itemmodule = :module and gi.itemnumber in (0, 1) group by gi.iteminstance) i on i.iteminstance = cm.instance
where cm.type = :module
order by cm.id
