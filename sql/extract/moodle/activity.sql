-- One row per row of the log from :after on. Ids are the order of writing, not of time.
select l.id, l.eventname, l.component, l.objecttable, l.objectid, l.contextlevel, l.contextinstanceid, l.userid, l.courseid, l.relateduserid,
    l.anonymous, l.other, l.timecreated, l.origin, l.realuserid
from {logstore_standard_log} l
where l.id > :after
order by l.id
