"""READ: Open edX's tracking logs, one JSON event a line, plain or gzip, rotated however the site does it.

Grain: one row of ``activity`` per event (counted). Derived, not counted: ``accounts`` and ``courses`` and ``tasks`` (blocks) that events
name; ``enrolments`` (enrolment events; a forum event that says its author teaches); ``course_groups`` and ``memberships`` (cohorts);
``submissions`` (the server's ``problem_check``; ``openassessmentblock.create_submission`` and ``create_team_submission``, with their words);
``grades`` (``openassessmentblock.staff_assess`` as "marking", with the comment; ``edx.grades.problem.submitted`` as "quiz",
``edx.grades.subsection.grade_calculated`` and ``edx.grades.course.grade_calculated`` as "gradebook", in points and per cent);
``completions`` (``edx.completion.block_completion.changed``); ``outcomes`` (``edx.certificate.created``/``revoked``; passed for the
first time, and ``edx.course.completed``, = course_completed); ``chats`` and ``messages`` (forum).

Format: https://docs.openedx.org/projects/openedx-tracking-logs. What it does, and what is made of it:

- A line may begin with what syslog wrote before the object, or be an object of Docker's or a log collector's that holds it as a text (``log``,
  ``message``, ``line``); what else such a log holds is rejected. ``event`` is an object, JSON in a string, or a form's fields in a string;
  newer routers call it ``data``, with ``name`` and ``timestamp`` for ``event_type`` and ``time``.
- Who acts stands in ``context.user_id``; who is enrolled or graded in the payload. An event with a user name and no number belongs to the
  account "name:<user name>", for which pipelines.links has the user name.
- The same event in two files is one event: its id is a hash of its content (keys sorted), nothing of the file. Times have microseconds, so
  equal lines in one file are one event written twice.
- A staff member's assessment names the work, not whose it is: where the work was handed in in another file, the loader fills in account and
  attempt (:mod:`pipelines.loading.uniting`). Who may assess teaches. Of peers' and own assessments nothing but the activity is kept: the points
  that count come with ``edx.grades.problem.submitted``. A team's work is its submitter's, for no event says who else is in the team.
- States (enrolment, grade, completion, cohort) are those of the newest event: such rows carry the event's own time as ``seen_at``, so that
  files may be loaded in any order. A row whose name is not known never replaces one whose name is.

Not kept: addresses, agents, sessions, pages; answers and questions of problems; files' names and drafts of open responses; votes, bookmarks, teams; course and section names, which
no event has. Bodies of posts are cut at 2,000 characters by the platform. Edits and deletions of posts are events of ``activity`` only: they
come without the post's author and time, and without the new words. An enrolment whose activation stands in another file than its
deactivation has no ``created_at`` once that is loaded, and one that began anew in a later file
bears that beginning. Masquerading staff is not marked by the platform.
"""

from __future__ import annotations

from pipelines.sources.lms.openedx.reader import OpenEdxReader

__all__ = ["OpenEdxReader"]
