-- One row per certificate issued.
select i.id, i.userid, c.course, i.timecreated
from {customcert_issues} i
left join {customcert} c on c.id = i.customcertid
order by i.id
