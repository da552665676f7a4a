-- One row per event of an enrolment or a role in a course: what is left of enrolments that are gone.
select l.id, l.eventname, l.objectid, l.courseid, l.relateduserid, l.other, l.timecreated
from {logstore_standard_log} l
where l.eventname in (:enrolment_deleted, :role_assigned, :role_unassigned) and l.courseid > 0 and l.relateduserid > 0
order by l.id
