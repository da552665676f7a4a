"""Traces: events of the log that are all that is left of what Moodle's other tables forget (enrolments, stays, activities, posts)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources.lms.moodle_db.database import Database

ENROLMENT_DELETED = r"\core\event\user_enrolment_deleted"
ROLE_ASSIGNED = r"\core\event\role_assigned"
ROLE_UNASSIGNED = r"\core\event\role_unassigned"
MEMBER_ADDED = r"\core\event\group_member_added"
MEMBER_REMOVED = r"\core\event\group_member_removed"
GROUP_DELETED = r"\core\event\group_deleted"
MODULE_CREATED = r"\core\event\course_module_created"
MODULE_UPDATED = r"\core\event\course_module_updated"
MODULE_DELETED = r"\core\event\course_module_deleted"
POST_CREATED = r"\mod_forum\event\post_created"
POST_DELETED = r"\mod_forum\event\post_deleted"
DISCUSSION_CREATED = r"\mod_forum\event\discussion_created"
EXTENSION_GRANTED = r"\mod_assign\event\extension_granted"

_PARAMETERS = {
    "enrolment_deleted": ENROLMENT_DELETED,
    "role_assigned": ROLE_ASSIGNED,
    "role_unassigned": ROLE_UNASSIGNED,
    "member_added": MEMBER_ADDED,
    "member_removed": MEMBER_REMOVED,
    "group_deleted": GROUP_DELETED,
    "module_created": MODULE_CREATED,
    "module_updated": MODULE_UPDATED,
    "module_deleted": MODULE_DELETED,
    "post_created": POST_CREATED,
    "post_deleted": POST_DELETED,
    "discussion_created": DISCUSSION_CREATED,
    "extension_granted": EXTENSION_GRANTED,
}


def all_traces(database: Database) -> pa.Table:
    """Every trace of the whole log, by id: one pass, for all who need some of them."""
    return database.table("traces", _PARAMETERS).sort_by("id")


def of_events(traces: pa.Table, *events: str) -> pa.Table:
    """The traces of these events."""
    return traces.filter(pc.is_in(traces["eventname"], pa.array(events, pa.string())))


def has_traces(database: Database, after: int) -> bool:
    """Is there a trace among the rows of the log with an id above ``after``, or a row of an activity that is gone?"""
    names = ", ".join(f":{name}" for name in _PARAMETERS)
    events = f"select min(l.id) from {{logstore_standard_log}} l where l.id > :after and l.eventname in ({names})"
    gone = (
        "select min(l.id) from {logstore_standard_log} l left join {course_modules} cm on cm.id = l.contextinstanceid "
        "where l.id > :after and l.contextlevel = 70 and l.contextinstanceid > 0 and l.courseid > 0 and cm.id is null"
    )
    return any(
        database.value(query, given) is not None for query, given in ((events, {**_PARAMETERS, "after": after}), (gone, {"after": after}))
    )
