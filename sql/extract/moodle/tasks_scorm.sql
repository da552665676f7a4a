-- One row per SCORM package of a course.
select cm.id, cm.course, s.section, cm.deletioninprogress, a.name, a.intro, a.introformat, null as extra, 1 as extraformat,
    a.timeopen as opens, a.timeclose as due, 0 as cutoff, i.grademax as maxgrade, null as scale,
    i.gradepass as passgrade, 0 as teamsubmission, 0 as blind, 0 as markingworkflow, q.criteria
from {course_modules} cm
join {modules} m on m.id = cm.module
left join {course_sections} s on s.id = cm.section
left join {scorm} a on a.id = cm.instance
left join (
    select gi.iteminstance, max(gi.grademax) as grademax, max(gi.gradepass) as gradepass
    from {grade_items} gi where gi.itemtype = 'mod' and gi.itemmodule = :module and gi.itemnumber = 0 group by gi.iteminstance) i on i.iteminstance = cm.instance
left join (
    select cc.course, cc.moduleinstance, count(*) as criteria
    from {course_completion_criteria} cc where cc.criteriatype = 4 group by cc.course, cc.moduleinstance) q on q.course = cm.course and q.moduleinstance = cm.id
where m.name = :module
order by cm.id
