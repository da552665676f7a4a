-- One row per attempt at an H5P activity; latestattempt is the number of its owner's last one.
select t.id, t.userid, cm.id as cmid, z.course, t.attempt, n.latestattempt, t.timecreated, t.timemodified, t.rawscore, t.maxscore, t.duration, t.completion
from {h5pactivity_attempts} t
left join {h5pactivity} z on z.id = t.h5pactivityid
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'h5pactivity' group by x.instance) cm
    on cm.instance = z.id
left join (
    select b.h5pactivityid, b.userid, max(b.attempt) as latestattempt from {h5pactivity_attempts} b group by b.h5pactivityid, b.userid) n
    on n.h5pactivityid = t.h5pactivityid and n.userid = t.userid
order by t.id
