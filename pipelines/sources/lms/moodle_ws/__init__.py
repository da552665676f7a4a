"""READ: a Moodle through its web services (REST), where its database is out of reach.

Format: https://docs.moodle.org/dev/Web_services; the functions and their capabilities: docs/sources/moodle_ws.md. Items: "site" (courses) and one
per course. Counted: accounts, courses, course_groups, memberships, enrolments, tasks, deadlines, chats, messages, submissions, grades, completions,
outcomes. Derived, not counted: addressees of private replies; authors who are not in the course any more.

Ids are the database reader's (accounts, courses, groups, tasks, forums, discussions, posts, submissions, attempts, marks, extensions), so both may feed
one warehouse. What the services give no id of has one of its own: enrolments, gradebook rows, marks of completion, outcomes (``…:ws-…``, ``…:item-…``) and
memberships (joined: unknown); beside a database they are left out again (``pipelines/loading/same_rows.py``). Of tasks, marks and extensions the services tell
less than the database under the same id: what they tell counts as older than what the database tells.

- Courses without a needed function (site info, courses, enrolled users, contents) are not read: BadSource names what is missing. Of other functions
  that the token lacks or Moodle refuses, the record is missing and said so: one reject, its place the function, its reason the error code in words.
- Everything that costs one call per course is read whole at every load. Posts (one call per discussion), completion and quiz attempts (one per
  person) are read where there was something new since the last load, and all of them once a week, when deletions are noticed.
- Server's time stands for "now".

Not kept: the log (no function gives it), personal messages, files and their names, overrides of deadlines for groups and people, attempts at an
assignment before the last, markers' comments (the gradebook's copy is kept), feedback and surveys, certificates, enrolment methods and dates,
suspended against ended, quiz attempts of people without a score in that quiz, phones, archetypes of renamed roles.
"""

from __future__ import annotations

from pipelines.sources.lms.moodle_ws.reader import MoodleWebServices

__all__ = ["MoodleWebServices"]
