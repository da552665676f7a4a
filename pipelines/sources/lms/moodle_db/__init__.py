"""READ: a Moodle's own database (PostgreSQL, MariaDB, MySQL, SQLite; Moodle 3.9 to 5.x). How to set it up: ``docs/sources/moodle_db.md``.

Which tables make up which record, so that the ledger's counts can be compared with the database's:

=================  ==========================================================================================================
record             primary rows (counted as seen)
=================  ==========================================================================================================
accounts           user
courses            course (the front page is rejected)
course_groups      groups
memberships        groups_members
enrolments         user_enrolments
tasks              course_modules
deadlines          assign_overrides + quiz_overrides + lesson_overrides + assign_user_flags with an extension
activity           logstore_standard_log
chats              forum + message_conversations
messages           forum_posts + messages
submissions        assign_submission + quiz_attempts + h5pactivity_attempts + scorm_attempt + lesson_grades + workshop_submissions (no examples)
submission_files   files of component assignsubmission_file, area submission_files, without directories
file_texts         contents of those files that came since the last load, each once, where the site's file store is given
grades             assign_grades + grade_grades + grade_grades_history + quiz_grades
completions        course_modules_completion + course_modules_viewed
outcomes           course_completions + customcert_issues
survey_answers     feedback_value
attendance         zoom_meeting_participants + the stays told in bigbluebuttonbn_logs (log = 'Summary')
=================  ==========================================================================================================

After the first load only what has changed is read and counted (:mod:`pipelines.sources.lms.moodle_db.changes`).

Rows derived from others are kept and not counted: addressees; a second role of an enrolment and roles without one; enrolments, stays in
groups, activities and posts that are gone and known from the log (or the history of grades) only. What speaks of a course, group, forum
or activity that has no row is rejected, and people without one are accounts of which only that is known (:mod:`pipelines.sources.lms.moodle_db.standing`).
"""

from __future__ import annotations

from pipelines.sources.lms.moodle_db.reader import MoodleDatabase
from pipelines.sources.lms.moodle_db.tables import OPTIONAL, TABLES

__all__ = ["OPTIONAL", "TABLES", "MoodleDatabase"]
