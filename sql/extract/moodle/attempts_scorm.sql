-- One row per attempt at a SCORM package, with what its parts have reported: how many are done and how many have been begun only, when the last one was
-- done, and the score where one part reports one. SCORM 1.2 has one status, SCORM 2004 two (completed, passed).
select a.id, a.userid, cm.id as cmid, z.course, a.attempt, n.latestattempt, v.scormstarted, v.begun, v.finished, v.done, v.unfinished, v.scores, v.scormraw,
    v.scormbest
from {scorm_attempt} a
left join {scorm} z on z.id = a.scormid
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'scorm' group by x.instance) cm
    on cm.instance = z.id
left join (select b.scormid, b.userid, max(b.attempt) as latestattempt from {scorm_attempt} b group by b.scormid, b.userid) n
    on n.scormid = a.scormid and n.userid = a.userid
left join (
    select x.attemptid, min(x.timemodified) as begun,
        min(case when e.element = 'x.start.time' then x.value end) as scormstarted,
        max(case when e.element in ('cmi.core.lesson_status', 'cmi.completion_status', 'cmi.success_status')
            and x.value in ('completed', 'passed', 'failed') then x.timemodified end) as finished,
        count(case when e.element in ('cmi.core.lesson_status', 'cmi.completion_status', 'cmi.success_status')
            and x.value in ('completed', 'passed', 'failed') then 1 end) as done,
        count(case when e.element in ('cmi.core.lesson_status', 'cmi.completion_status') and x.value = 'incomplete' then 1 end) as unfinished,
        count(case when e.element in ('cmi.core.score.raw', 'cmi.score.raw') then 1 end) as scores,
        max(case when e.element in ('cmi.core.score.raw', 'cmi.score.raw') then x.value end) as scormraw,
        max(case when e.element in ('cmi.core.score.max', 'cmi.score.max') then x.value end) as scormbest
    from {scorm_scoes_value} x join {scorm_element} e on e.id = x.elementid
    group by x.attemptid) v on v.attemptid = a.id
order by a.id
