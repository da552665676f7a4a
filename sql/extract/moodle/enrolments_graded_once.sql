-- One row per account and course where the history of grades knows somebody who is not enrolled.
select min(h.id) as id, h.userid, i.courseid, min(h.timemodified) as timefirst,
    max(case when h.action = 3 then h.timemodified else 0 end) as timeremoved
from {grade_grades_history} h
join {grade_items} i on i.id = h.itemid
where not exists (
    select 1 from {user_enrolments} ue join {enrol} e on e.id = ue.enrolid where ue.userid = h.userid and e.courseid = i.courseid)
group by h.userid, i.courseid
order by min(h.id)
