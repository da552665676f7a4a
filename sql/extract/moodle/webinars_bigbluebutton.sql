-- One row per person and meeting of which BigBlueButton has told when they came and went ("Summary" of mod_bigbluebuttonbn), with the activity.
select t.id, t.userid, t.meta, t.bigbluebuttonbnid as activityid, b.name as activity, c.id as course
from {bigbluebuttonbn_logs} t
left join {bigbluebuttonbn} b on b.id = t.bigbluebuttonbnid
left join {course} c on c.id = b.course
where t.log = 'Summary'
order by t.bigbluebuttonbnid, t.id
