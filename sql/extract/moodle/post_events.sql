-- One row per event of writing or deleting a post whose post is gone, and per discussion begun: what is left of them.
select l.id, l.eventname, l.objectid, l.courseid, l.userid, l.relateduserid, l.timecreated, l.other
from {logstore_standard_log} l
left join {forum_posts} p on p.id = l.objectid and l.eventname in (:post_created, :post_deleted)
where l.eventname in (:post_created, :post_deleted, :discussion_created) and p.id is null
order by l.id
