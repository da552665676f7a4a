-- One row per assignment, owner (person or team) and attempt.
select s.id, s.userid, s.groupid, cm.id as cmid, a.course, s.attemptnumber, s.latest, s.status as status_word, a.teamsubmission, s.timecreated,
    s.timemodified, s.timestarted, t.onlinetext, t.onlineformat, f.numfiles
from {assign_submission} s
left join {assign} a on a.id = s.assignment
left join (
    select x.instance, min(x.id) as id from {course_modules} x join {modules} m on m.id = x.module where m.name = 'assign' group by x.instance) cm
    on cm.instance = a.id
left join {assignsubmission_onlinetext} t on t.submission = s.id
left join {assignsubmission_file} f on f.submission = s.id
where s.id > :after or s.timemodified >= :since
    -- a new attempt takes "latest" from the one before
    or exists (
        select 1 from {assign_submission} n
        where n.assignment = s.assignment and n.userid = s.userid and n.groupid = s.groupid and n.id > :after)
order by s.id
