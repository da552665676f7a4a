-- One row per event by which somebody came into a group or left it, and per group deleted as a whole.
select l.id, l.eventname, l.objectid, l.relateduserid, l.timecreated
from {logstore_standard_log} l
where l.eventname in (:added, :removed, :group_deleted)
order by l.id
