-- One row per assignment of a course. Criterion type 4 of a course's completion is "this activity".
select cm.id, cm.course, s.section, cm.deletioninprogress, a.name, a.intro, a.introformat, a.activity as extra, a.introformat as extraformat,
    a.allowsubmissionsfromdate as opens, a.duedate as due, a.cutoffdate as cutoff, case when a.grade > 0 then a.grade end as maxgrade, sc.scale,
    i.gradepass as passgrade, a.teamsubmission, case when a.blindmarking = 1 and a.revealidentities = 0 then 1 else 0 end as blind, a.markingworkflow,
    q.criteria
from {course_modules} cm
join {modules} m on m.id = cm.module
left join {course_sections} s on s.id = cm.section
left join {assign} a on a.id = cm.instance
left join {scale} sc on sc.id = -a.grade
left join (
    select gi.iteminstance, max(gi.grademax) as grademax, max(gi.gradepass) as gradepass
    from {grade_items} gi where gi.itemtype = 'mod' and gi.itemmodule = :module and gi.itemnumber = 0 group by gi.iteminstance) i on i.iteminstance = cm.instance
left join (
    select cc.course, cc.moduleinstance, count(*) as criteria
    from {course_completion_criteria} cc where cc.criteriatype = 4 group by cc.course, cc.moduleinstance) q on q.course = cm.course and q.moduleinstance = cm.id
where m.name = :module
order by cm.id
