"""READ: xAPI statements (1.0.0 to 1.0.3), from files or from a learning record store.

Grain: one row of ``activity`` per statement (counted). Derived, not counted: one more row of ``activity`` per identified member where a group
without an account of its own acted, or more than one person did; ``accounts``; ``courses`` and ``tasks`` (activities of a course's or task's type);
``enrolments`` (registered and unregistered, of courses); ``completions``, ``grades`` (the last score per task and account) and ``outcomes``.

Format: https://github.com/adlnet/xAPI-Spec. What it does, and what is made of it:

- The statement's id is the row's. A statement without one (never stored) is known by a hash of its content.
- A person is an ``mbox``, the SHA-1 of one, an OpenID or an account at a home page; the first two are one. Where the source's ``home_page`` is
  the LMS's address, accounts there have their bare names, and pages of its courses and modules (``/course/view.php?id=…``,
  ``/mod/…/view.php?id=…``, Open edX's keys) their bare ids: with the same ``realm`` they are the accounts, courses and tasks of its other sources.
- Course and task are the object or the nearest context activity (parent, grouping, category, other) of such a type. A type that is said once holds for
  the rest of the item, whose order in time may be either (Storyline names course and slide by id alone after that); what H5P sends has none and is told by its category and extensions.
- A question whose context names another activity (a quiz, a lesson, Open edX's problem of several questions) is part of it: its answer is an act there ("other": handing in is
  a statement of its own), no task, and completes nothing.
- Moodle's logstore_xapi: the event that a statement was made of says the action; pages of modules (``/mod/assign/…``) say of which kind a task is; "leave" and "join" of a course are enrolments, "suspended"
  and "resumed" where the statement tells how somebody is enrolled; of a file that is handed in, id and page are the assignment's, whose name
  stands in the context.
- A voiding statement takes its target out: in the same file it is rejected as ``voided``; a row of an earlier item loses account, course, task
  and action (the voiding carries its own time as ``seen_at``, so that the order of items does not matter). Grades, completions and outcomes that an
  earlier item drew from it stay until the next score or mark.
- A score alone scaled is a share of 1. Durations are ISO 8601; a month is 30.44 days.

Not kept: responses and their texts, names of things that are no task, substatements (plans), attachments, extensions, instructors but
as the person a row relates to and as grader, teams. Caliper events are no statements.
"""

from __future__ import annotations

from pipelines.sources.lms.xapi.reader import XapiReader

__all__ = ["XapiReader"]
