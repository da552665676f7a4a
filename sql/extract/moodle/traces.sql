-- One row per event by which something came, went or was granted: all that is left of what the other tables forget. One pass over the log
-- for all of them (it has no index on the event's name), unsorted, for sorting the few in the server would tempt it to walk the log by id.
select l.id, l.eventname, l.objectid, l.contextinstanceid, l.courseid, l.userid, l.relateduserid, l.other, l.timecreated
from {logstore_standard_log} l
where l.eventname in (
    :enrolment_deleted, :role_assigned, :role_unassigned, :member_added, :member_removed, :group_deleted, :module_created, :module_updated,
    :module_deleted, :post_created, :post_deleted, :discussion_created, :extension_granted)
