"""Which tables and columns of a Moodle database are read: the whole of what this reader asks of a Moodle (3.9 to 5.x).

Names are without the prefix (``mdl_``). Tables of plug-ins and activity types that a site may lack are in :data:`OPTIONAL`; without
one of the others a database is not taken for a Moodle.
"""

from __future__ import annotations

#: What every activity type's own table has; enough to name an activity of a type that this reader does not know closer.
ACTIVITY_COLUMNS = ("id", "course", "name", "intro", "introformat")

#: Table → columns read, in a fixed order.
TABLES: dict[str, tuple[str, ...]] = {
    # the site and its people
    "config": ("id", "name", "value"),
    "user": (
        "id", "deleted", "suspended", "username", "firstname", "lastname", "email", "phone1", "phone2", "institution", "city",
        "lang", "timezone", "firstaccess", "lastaccess", "timecreated", "timemodified",
    ),
    "role": ("id", "shortname", "archetype"),
    "role_capabilities": ("id", "contextid", "roleid", "capability", "permission"),
    "role_assignments": ("id", "roleid", "contextid", "userid", "timemodified", "modifierid"),
    "context": ("id", "contextlevel", "instanceid", "path"),
    "enrol": ("id", "enrol", "status", "courseid", "roleid", "timemodified"),
    "user_enrolments": ("id", "status", "enrolid", "userid", "timestart", "timeend", "modifierid", "timecreated", "timemodified"),
    # courses and their structure
    "course": ("id", "fullname", "shortname", "format", "startdate", "enddate", "visible", "timemodified"),
    "course_sections": ("id", "course", "section", "availability"),
    "course_modules": ("id", "course", "module", "instance", "section", "deletioninprogress", "visible", "availability"),
    "modules": ("id", "name"),
    "course_completion_criteria": ("id", "course", "criteriatype", "moduleinstance"),
    "groups": ("id", "courseid", "idnumber", "name", "timemodified"),
    "groups_members": ("id", "groupid", "userid", "timeadded"),
    "groupings": ("id", "courseid", "name", "idnumber", "timemodified"),
    "groupings_groups": ("id", "groupingid", "groupid"),
    "scale": ("id", "scale"),
    # activities
    "assign": (
        *ACTIVITY_COLUMNS, "activity", "duedate", "allowsubmissionsfromdate", "cutoffdate", "grade", "teamsubmission", "blindmarking",
        "revealidentities", "markingworkflow", "timemodified",
    ),
    "quiz": (*ACTIVITY_COLUMNS, "timeopen", "timeclose", "sumgrades", "grade", "timemodified"),
    "page": (*ACTIVITY_COLUMNS, "content", "contentformat", "timemodified"),
    "resource": (*ACTIVITY_COLUMNS, "timemodified"),
    "url": (*ACTIVITY_COLUMNS, "timemodified"),
    "forum": (*ACTIVITY_COLUMNS, "type", "duedate", "cutoffdate", "timemodified"),
    "feedback": (*ACTIVITY_COLUMNS, "anonymous", "timeopen", "timeclose", "timemodified"),
    "customcert": (*ACTIVITY_COLUMNS, "timemodified"),
    "h5pactivity": (*ACTIVITY_COLUMNS, "timemodified"),
    "lesson": (*ACTIVITY_COLUMNS, "available", "deadline", "grade", "timemodified"),
    "scorm": (*ACTIVITY_COLUMNS, "timeopen", "timeclose", "timemodified"),
    "workshop": (*ACTIVITY_COLUMNS, "submissionstart", "submissionend", "timemodified"),
    # Without more than any activity type has: who was granted those columns can go on.
    "zoom": ACTIVITY_COLUMNS,
    "bigbluebuttonbn": ACTIVITY_COLUMNS,
    "assign_overrides": ("id", "assignid", "groupid", "userid", "duedate", "cutoffdate"),
    "assign_user_flags": ("id", "userid", "assignment", "extensionduedate", "workflowstate"),
    "quiz_overrides": ("id", "quiz", "groupid", "userid", "timeclose"),
    "lesson_overrides": ("id", "lessonid", "groupid", "userid", "deadline"),
    # what was done
    "logstore_standard_log": (
        "id", "eventname", "component", "objecttable", "objectid", "contextlevel", "contextinstanceid", "userid", "courseid",
        "relateduserid", "anonymous", "other", "timecreated", "origin", "realuserid",
    ),
    "forum_discussions": ("id", "course", "forum", "name", "firstpost", "groupid", "pinned", "timemodified"),
    "forum_posts": (
        "id", "discussion", "parent", "userid", "created", "modified", "subject", "message", "messageformat", "attachment", "deleted",
        "privatereplyto",
    ),
    "messages": (
        "id", "useridfrom", "conversationid", "subject", "fullmessage", "fullmessageformat", "fullmessagehtml", "smallmessage", "timecreated",
    ),
    "message_conversations": ("id", "type", "name", "timemodified"),
    "message_conversation_members": ("id", "conversationid", "userid"),
    "assign_submission": ("id", "assignment", "userid", "timecreated", "timemodified", "timestarted", "status", "groupid", "attemptnumber", "latest"),
    "assignsubmission_onlinetext": ("id", "submission", "onlinetext", "onlineformat"),
    "assignsubmission_file": ("id", "submission", "numfiles"),
    "files": ("id", "contenthash", "component", "filearea", "itemid", "filename", "filesize", "mimetype", "timecreated", "timemodified"),
    "quiz_attempts": ("id", "quiz", "userid", "attempt", "preview", "state", "timestart", "timefinish", "timemodified", "sumgrades"),
    "h5pactivity_attempts": (
        "id", "h5pactivityid", "userid", "timecreated", "timemodified", "attempt", "rawscore", "maxscore", "duration", "completion",
    ),
    "lesson_grades": ("id", "lessonid", "userid", "grade", "completed"),
    "scorm_attempt": ("id", "userid", "scormid", "attempt"),
    "scorm_element": ("id", "element"),
    "scorm_scoes_value": ("id", "attemptid", "elementid", "value", "timemodified"),
    "scorm_scoes_track": ("id", "userid", "scormid", "attempt", "element", "value", "timemodified"),
    "workshop_submissions": ("id", "workshopid", "example", "authorid", "timecreated", "timemodified", "content", "contentformat"),
    "zoom_meeting_details": ("id", "start_time", "end_time", "topic", "zoomid"),
    "zoom_meeting_participants": ("id", "userid", "user_email", "name", "join_time", "leave_time", "detailsid"),
    "bigbluebuttonbn_logs": ("id", "bigbluebuttonbnid", "userid", "timecreated", "log", "meta"),
    # what it was worth
    "assign_grades": ("id", "assignment", "userid", "timecreated", "timemodified", "grader", "grade", "attemptnumber"),
    "assignfeedback_comments": ("id", "grade", "commenttext", "commentformat"),
    "grade_items": (
        "id", "courseid", "itemtype", "itemmodule", "iteminstance", "itemnumber", "grademax", "gradepass", "hidden", "timemodified",
    ),
    "grade_grades": (
        "id", "itemid", "userid", "usermodified", "finalgrade", "hidden", "overridden", "feedback", "feedbackformat", "timemodified",
    ),
    "grade_grades_history": (
        "id", "action", "oldid", "source", "timemodified", "itemid", "userid", "usermodified", "finalgrade", "hidden", "overridden", "feedback",
        "feedbackformat",
    ),
    "quiz_grades": ("id", "quiz", "userid", "grade", "timemodified"),
    "course_modules_completion": ("id", "coursemoduleid", "userid", "completionstate", "timemodified"),
    "course_modules_viewed": ("id", "coursemoduleid", "userid", "timecreated"),
    "course_completions": ("id", "userid", "course", "timecompleted"),
    "customcert_issues": ("id", "userid", "customcertid", "timecreated"),
    "feedback_completed": ("id", "feedback", "userid", "timemodified", "anonymous_response", "courseid"),
    "feedback_value": ("id", "item", "completed", "value"),
    "feedback_item": ("id", "feedback", "name", "presentation", "typ", "position"),
}  # fmt: skip

#: Plug-ins and activity types that may be absent: what they would have told is then unknown, and the reader goes on.
OPTIONAL: frozenset[str] = frozenset(
    {
        "quiz", "quiz_attempts", "quiz_grades", "quiz_overrides", "page", "resource", "url", "feedback", "feedback_completed", "feedback_value",
        "feedback_item", "customcert", "customcert_issues", "assignsubmission_onlinetext", "assignsubmission_file", "assignfeedback_comments",
        "course_modules_viewed", "role_capabilities", "h5pactivity", "h5pactivity_attempts", "lesson", "lesson_grades", "lesson_overrides", "scorm", "scorm_attempt",
        "scorm_element", "scorm_scoes_value", "scorm_scoes_track", "workshop", "workshop_submissions", "zoom", "zoom_meeting_details",
        "zoom_meeting_participants", "bigbluebuttonbn", "bigbluebuttonbn_logs",
    }
)  # fmt: skip

#: Of them those that Moodle itself does not ship (BigBlueButton before 4.0): each has versions of its own, and a table of another kind than is
#: read here is passed over, told of, instead of stopping everything else.
PLUG_INS: frozenset[str] = frozenset(
    {
        "customcert", "customcert_issues", "zoom", "zoom_meeting_details", "zoom_meeting_participants", "bigbluebuttonbn", "bigbluebuttonbn_logs",
    }
)  # fmt: skip

#: Columns that older versions do not have → what stands for them there, as SQL over that table's own row.
#: Versions after the ``upgrade.php`` of the module: mod/forum 2019031200 and 2019040400 (3.7), mod/assign 2021110901 (4.0).
OPTIONAL_COLUMNS: dict[str, dict[str, str]] = {
    "assign": {"activity": "null"},
    # null of a number's type
    "assign_submission": {"timestarted": "nullif(id, id)"},
    "forum": {"duedate": "0", "cutoffdate": "0"},
    "forum_posts": {"privatereplyto": "0", "deleted": "0"},
    "course": {"visible": "1"},
    # This and the latter two below are in every version, and not granted to a user who was granted columns before they were read.
    "course_modules": {"deletioninprogress": "0", "visible": "1", "availability": "null"},
    "course_sections": {"availability": "null"},
    # Granted, as of any activity type, without them.
    "h5pactivity": {"timemodified": "0"},
    "lesson": {"available": "0", "deadline": "0", "grade": "0", "timemodified": "0"},
    "scorm": {"timeopen": "0", "timeclose": "0", "timemodified": "0"},
    # Versions of 2018 keep no address.
    "zoom_meeting_participants": {"user_email": "null"},
    "workshop": {"submissionstart": "0", "submissionend": "0", "timemodified": "0"},
}

#: What queries read as if it were a table → the query that it stands for. ``role_kinds``: the archetype of each role; of a role that a site made without
#: one, that of the standard role which may do the same. Who may be marked in an assignment, and who marks there, Moodle asks of just these capabilities
#: (``mod/assign/locallib.php``); 1 is CAP_ALLOW, 10 the level of the whole site, where a role is defined.
#: ``placed_activities``: each activity of a course with its type, its section and how many of the course's criteria ask for it (type 4 is "this activity").
#: ``best_marks``: the highest and the passing mark of each activity's own item.
VIEWS: dict[str, str] = {
    "placed_activities": """
        select cm.id, cm.course, cm.instance, cm.deletioninprogress, s.section, m.name as type, q.criteria
        from {course_modules} cm
        join {modules} m on m.id = cm.module
        left join {course_sections} s on s.id = cm.section
        left join (
            select cc.course, cc.moduleinstance, count(*) as criteria
            from {course_completion_criteria} cc where cc.criteriatype = 4 group by cc.course, cc.moduleinstance) q
            on q.course = cm.course and q.moduleinstance = cm.id""",
    "best_marks": """
        select gi.itemmodule, gi.iteminstance, max(gi.grademax) as grademax, max(gi.gradepass) as gradepass
        from {grade_items} gi where gi.itemtype = 'mod' and gi.itemnumber = 0 group by gi.itemmodule, gi.iteminstance""",
    "role_kinds": """
        select r.id, case
            when r.archetype <> '' then r.archetype
            when max(case when d.capability = 'moodle/category:manage' then 1 else 0 end) = 1 then 'manager'
            when max(case when d.capability = 'mod/assign:grade' then 1 else 0 end) = 1 then 'teacher'
            when max(case when d.capability = 'mod/assign:submit' then 1 else 0 end) = 1 then 'student'
            else '' end as archetype
        from {role} r
        left join (
            select rc.roleid, rc.capability from {role_capabilities} rc join {context} c on c.id = rc.contextid
            where c.contextlevel = 10 and rc.permission = 1
                and rc.capability in ('moodle/category:manage', 'mod/assign:grade', 'mod/assign:submit')) d on d.roleid = r.id
        group by r.id, r.archetype""",
}

#: The settings that are read; and a view of them, in the place of the whole table for a user who shall not see passwords and keys.
SETTINGS = ("siteguest", "siteadmins", "timezone", "disablegradehistory")
SETTINGS_VIEW = "mayak_settings"

#: Tables that older versions do not have, or this user not → (table, column, query) that tells the same there. lib/db/upgrade.php 2022101400.03 (4.1) makes
#: ``course_modules_viewed`` out of the column in just this way.
STAND_INS: dict[str, tuple[str, str, str]] = {
    "config": (SETTINGS_VIEW, "value", "select id, name, value from {table}"),
    "course_modules_viewed": (
        "course_modules_completion",
        "viewed",
        "select id, coursemoduleid, userid, timemodified as timecreated from {table} where viewed = 1",
    ),
    # 4.3 parts this table into the three.
    "scorm_attempt": (
        "scorm_scoes_track",
        "attempt",
        "select min(id) as id, userid, scormid, attempt from {table} group by userid, scormid, attempt",
    ),
    "scorm_element": ("scorm_scoes_track", "element", "select min(id) as id, element from {table} group by element"),
    "scorm_scoes_value": (
        "scorm_scoes_track",
        "value",
        "select t.id, a.id as attemptid, e.id as elementid, t.value, t.timemodified from {table} t join "
        "(select min(id) as id, userid, scormid, attempt from {table} group by userid, scormid, attempt) a "
        "on a.userid = t.userid and a.scormid = t.scormid and a.attempt = t.attempt "
        "join (select min(id) as id, element from {table} group by element) e on e.element = t.element",
    ),
}
