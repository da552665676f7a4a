"""A Moodle 4.5 site as an SQLite file: Moodle's own tables, columns and meanings (epoch seconds, 0 = not set).

Log rows are made as arrays, stream by stream, go to a file of their own and are sorted by time at the end, inside SQLite: however many
learners there are, only one stream's rows are in memory.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pipelines.simulation.courses import INTRO, TEMPLATE_HEADINGS, Course, Theme

SCHEMA = Path(__file__).with_name("moodle_schema.sql")

GUEST, ADMIN, MANAGER, FIRST_CURATOR, FIRST_LEARNER = 1, 2, 3, 11, 1001
STUDENT_ROLE, TEACHER_ROLE, EDITOR_ROLE = 5, 4, 3
MODULES = {"assign": 1, "customcert": 6, "feedback": 8, "forum": 10, "page": 17, "quiz": 18, "resource": 19, "url": 23}
_WEEK = 604_800  # s
NOBODY = -9  # stands for SQL null in arrays of ids
#: A number for all rows, or one per row.
Numbers = ArrayLike

#: kind → eventname, component, action, target, objecttable, crud, edulevel, contextlevel; as Moodle's event classes say.
EVENTS: dict[str, tuple[str, str, str, str, str | None, str, int, int]] = {
    "loggedin": ("\\core\\event\\user_loggedin", "core", "loggedin", "user", "user", "r", 0, 10),
    "loggedout": ("\\core\\event\\user_loggedout", "core", "loggedout", "user", "user", "r", 0, 10),
    "login_failed": ("\\core\\event\\user_login_failed", "core", "failed", "user_login", None, "r", 0, 10),
    "dashboard": ("\\core\\event\\dashboard_viewed", "core", "viewed", "dashboard", None, "r", 0, 30),
    "course": ("\\core\\event\\course_viewed", "core", "viewed", "course", None, "r", 2, 50),
    "page": ("\\mod_page\\event\\course_module_viewed", "mod_page", "viewed", "course_module", "page", "r", 2, 70),
    "resource": ("\\mod_resource\\event\\course_module_viewed", "mod_resource", "viewed", "course_module", "resource", "r", 2, 70),
    "url": ("\\mod_url\\event\\course_module_viewed", "mod_url", "viewed", "course_module", "url", "r", 2, 70),
    "completion": (
        "\\core\\event\\course_module_completion_updated",
        "core",
        "updated",
        "course_module_completion",
        "course_modules_completion",
        "u",
        2,
        70,
    ),
    "assign": ("\\mod_assign\\event\\course_module_viewed", "mod_assign", "viewed", "course_module", "assign", "r", 2, 70),
    "assign_status": ("\\mod_assign\\event\\submission_status_viewed", "mod_assign", "viewed", "submission_status", None, "r", 0, 70),
    "uploaded": (
        "\\assignsubmission_onlinetext\\event\\assessable_uploaded",
        "assignsubmission_onlinetext",
        "uploaded",
        "assessable",
        "assign_submission",
        "c",
        2,
        70,
    ),
    "submission_created": (
        "\\assignsubmission_onlinetext\\event\\submission_created",
        "assignsubmission_onlinetext",
        "created",
        "submission",
        "assignsubmission_onlinetext",
        "c",
        2,
        70,
    ),
    "file_uploaded": (
        "\\assignsubmission_file\\event\\assessable_uploaded",
        "assignsubmission_file",
        "uploaded",
        "assessable",
        "assign_submission",
        "c",
        2,
        70,
    ),
    "file_created": (
        "\\assignsubmission_file\\event\\submission_created",
        "assignsubmission_file",
        "created",
        "submission",
        "assignsubmission_file",
        "c",
        2,
        70,
    ),
    "submitted": ("\\mod_assign\\event\\assessable_submitted", "mod_assign", "submitted", "assessable", "assign_submission", "u", 2, 70),
    "grading_table": ("\\mod_assign\\event\\grading_table_viewed", "mod_assign", "viewed", "grading_table", None, "r", 1, 70),
    "grading_form": ("\\mod_assign\\event\\grading_form_viewed", "mod_assign", "viewed", "grading_form", None, "r", 1, 70),
    "graded": ("\\mod_assign\\event\\submission_graded", "mod_assign", "graded", "submission", "assign_grades", "u", 1, 70),
    "user_graded": ("\\core\\event\\user_graded", "core", "graded", "user", "grade_grades", "u", 1, 50),
    "extension": ("\\mod_assign\\event\\extension_granted", "mod_assign", "granted", "extension", "assign", "u", 1, 70),
    "quiz": ("\\mod_quiz\\event\\course_module_viewed", "mod_quiz", "viewed", "course_module", "quiz", "r", 2, 70),
    "attempt_started": ("\\mod_quiz\\event\\attempt_started", "mod_quiz", "started", "attempt", "quiz_attempts", "c", 2, 70),
    "attempt_submitted": ("\\mod_quiz\\event\\attempt_submitted", "mod_quiz", "submitted", "attempt", "quiz_attempts", "u", 2, 70),
    "forum": ("\\mod_forum\\event\\course_module_viewed", "mod_forum", "viewed", "course_module", "forum", "r", 2, 70),
    "discussion": ("\\mod_forum\\event\\discussion_viewed", "mod_forum", "viewed", "discussion", "forum_discussions", "r", 2, 70),
    "discussion_created": ("\\mod_forum\\event\\discussion_created", "mod_forum", "created", "discussion", "forum_discussions", "c", 2, 70),
    "post_created": ("\\mod_forum\\event\\post_created", "mod_forum", "created", "post", "forum_posts", "c", 2, 70),
    "user_created": ("\\core\\event\\user_created", "core", "created", "user", "user", "c", 0, 30),
    "enrolled": ("\\core\\event\\user_enrolment_created", "core", "created", "user_enrolment", "user_enrolments", "c", 0, 50),
    "unenrolled": ("\\core\\event\\user_enrolment_deleted", "core", "deleted", "user_enrolment", "user_enrolments", "d", 0, 50),
    "role": ("\\core\\event\\role_assigned", "core", "assigned", "role", "role", "c", 0, 50),
    "group_joined": ("\\core\\event\\group_member_added", "core", "added", "group_member", "groups", "c", 0, 50),
    "group_left": ("\\core\\event\\group_member_removed", "core", "removed", "group_member", "groups", "d", 0, 50),
    "message_sent": ("\\core\\event\\message_sent", "core", "sent", "message", "messages", "c", 0, 10),
    "message_viewed": ("\\core\\event\\message_viewed", "core", "viewed", "message", "message_user_actions", "c", 0, 30),
    "user_list": ("\\core\\event\\user_list_viewed", "core", "viewed", "user_list", "course", "r", 0, 50),
    "course_completed": ("\\core\\event\\course_completed", "core", "completed", "course", "course_completions", "u", 2, 50),
    "certificate": ("\\mod_customcert\\event\\issue_created", "mod_customcert", "created", "issue", "customcert_issues", "c", 0, 70),
    "grade_report": ("\\gradereport_user\\event\\grade_report_viewed", "gradereport_user", "viewed", "grade_report", None, "r", 2, 50),
}
_CODES = {kind: code for code, kind in enumerate(EVENTS)}


@dataclass(frozen=True)
class Week:
    """Modules of one week of a course: course module id and own id of each."""

    page: tuple[int, int]
    resource: tuple[int, int]
    url: tuple[int, int]
    assign: tuple[int, int]
    quiz: tuple[int, int] | None


@dataclass
class CoursePlace:
    """One course of the site with the ids that its rows need."""

    id: int
    course: Course
    weeks: list[Week]
    forum: tuple[int, int]
    certificate: tuple[int, int]
    enrol: dict[str, int]
    items: dict[tuple[str, int], int]  # ("assign", id), ("quiz", id), ("course", 0) → grade item
    grouping: int
    quiz_weeks: list[int]

    @property
    def context(self) -> int:
        return 10 + self.id


def module_context(cmid: Any) -> Any:
    """Context id of a course module, or an array of them."""
    return 1000 + cmid


def user_context(user: Any) -> Any:
    """Context id of a user, or an array of them."""
    return 1_000_000 + user


def multilang(ru: str, en: str, languages: Sequence[str]) -> str:
    """A name in both languages as Moodle's multilang filter wants it."""
    if "en" not in languages:
        return ru
    return f'<span lang="ru" class="multilang">{ru}</span><span lang="en" class="multilang">{en}</span>'


def dumps(value: object) -> str:
    """JSON as PHP writes it: no blanks, everything outside ASCII escaped, slashes too."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


class LogRows:
    """Log rows of one stream, as arrays, until they are written."""

    def __init__(self) -> None:
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._others: list[str] = ["null"]
        self._place: dict[str, int] = {"null": 0}
        self._step = 0

    def add(
        self,
        kind: str,
        at: Numbers,
        user: Numbers,
        course: Numbers,
        context: Numbers,
        instance: Numbers,
        *,
        objectid: Numbers = NOBODY,
        related: Numbers = NOBODY,
        other: str | Iterable[str] = "null",
    ) -> None:
        """Append rows of one kind; scalars are repeated. Rows added later come later within the same second."""
        at = np.atleast_1d(np.asarray(at, dtype=np.int64))
        size = at.size
        if size == 0:
            return
        if isinstance(other, str):
            others = np.full(size, self._intern(other))
        else:
            others = np.fromiter((self._intern(text) for text in other), dtype=np.int64, count=size)
        self._step += 1
        columns = [
            np.broadcast_to(np.asarray(value, dtype=np.int64), (size,)) for value in (user, course, context, instance, objectid, related)
        ]
        self._parts.append((at, np.full(size, self._step), np.full(size, _CODES[kind]), *columns, others))

    def _intern(self, text: str) -> int:
        place = self._place.get(text)
        if place is None:
            place = self._place[text] = len(self._others)
            self._others.append(text)
        return place

    def rows(self, until: int, first_key: int) -> tuple[int, Iterable[tuple]]:
        """(number of rows not after ``until``, rows in order of time)."""
        if not self._parts:
            return 0, iter(())
        columns = [np.concatenate([part[i] for part in self._parts]) for i in range(len(self._parts[0]))]
        kept = columns[0] <= until
        columns = [column[kept] for column in columns]
        order = np.lexsort((columns[3], columns[1], columns[0]))
        columns = [column[order] for column in columns]
        size = columns[0].size
        others = [self._others[place] for place in columns[9].tolist()]
        lists = [column.tolist() for column in columns[:9]]
        return size, zip(range(first_key, first_key + size), lists[0], *lists[2:], others, strict=True)


@dataclass
class Site:
    """The site being written."""

    path: Path
    stage_path: Path
    until: int
    languages: Sequence[str]
    counters: dict[str, int] = field(default_factory=dict)
    log_rows: int = 0
    _key: int = 0

    def __post_init__(self) -> None:
        # Fixed page settings and no journal: the same rows in the same order give the same bytes.
        self.db = sqlite3.connect(self.path, isolation_level=None)
        for pragma in (
            "page_size = 4096",
            "journal_mode = off",
            "synchronous = off",
            "encoding = 'UTF-8'",
            "cache_size = -65536",
            "temp_store = file",
        ):
            self.db.execute(f"pragma {pragma}")
        self.db.executescript(SCHEMA.read_text(encoding="utf-8"))
        self.db.execute("attach database ? as stage", (str(self.stage_path),))
        self.db.execute("pragma stage.journal_mode = off")
        self.db.execute("pragma stage.synchronous = off")
        self.db.execute(
            "create table stage.log (key integer primary key, timecreated, kind, userid, courseid, contextid, contextinstanceid, objectid, relateduserid, other)"
        )
        self.db.execute("begin")

    def take(self, table: str, number: int = 1) -> np.ndarray:
        """The next ids of a table. Taken for what lies after the plan's day as well, so that ids do not depend on that day."""
        first = self.counters.get(table, 0) + 1
        self.counters[table] = first + number - 1
        return np.arange(first, first + number)

    def add(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        """Insert rows; columns left out get Moodle's defaults."""
        names = columns.split()
        marks = ",".join("?" * len(names))
        listed = ",".join(f'"{name}"' for name in names)
        self.db.executemany(f"insert into mdl_{table} ({listed}) values ({marks})", rows)

    def write_log(self, log: LogRows) -> None:
        """Put a stream's log rows aside until all streams are there."""
        number, rows = log.rows(self.until, self._key)
        self.db.executemany("insert into stage.log values (?,?,?,?,?,?,?,?,?,?)", rows)
        self._key += number

    def finish(self) -> None:
        """Write the log in order of time, then what Moodle derives from it, and close."""
        db = self.db
        db.execute(
            "create temp table event (kind integer primary key, eventname, component, action, target, objecttable, crud, edulevel, contextlevel)"
        )
        db.executemany("insert into event values (?,?,?,?,?,?,?,?,?)", [(_CODES[kind], *row) for kind, row in EVENTS.items()])
        # origin: one reader in eight uses the mobile application, which reports through web services; addresses are made of the user's id
        db.execute(
            """
            insert into mdl_logstore_standard_log
            select row_number() over (order by l.timecreated, l.key), e.eventname, e.component, e.action, e.target, e.objecttable,
                   nullif(l.objectid, -9), e.crud, e.edulevel, l.contextid, e.contextlevel, l.contextinstanceid, l.userid, l.courseid,
                   nullif(l.relateduserid, -9), 0, l.other, l.timecreated,
                   case when l.userid > 1000 and (l.userid * 7919 + l.timecreated / 86400 * 31) % 8 = 0 then 'ws' else 'web' end,
                   case when l.userid < 1 then null
                        else (60 + l.userid * 37 % 150) || '.' || (l.userid * 91 % 256) || '.' || (l.userid * 57 % 256) || '.' || (1 + l.userid * 13 % 254) end,
                   null
            from stage.log l join event e using (kind)
            order by l.timecreated, l.key
            """
        )
        self.log_rows = self._key
        db.execute(
            """
            update mdl_user set lastaccess = s.last, firstaccess = s.first, lastlogin = s.last, currentlogin = s.last
            from (select userid, min(timecreated) first, max(timecreated) last from stage.log group by userid) s where s.userid = mdl_user.id
            """
        )
        db.execute(
            """
            insert into mdl_user_lastaccess (id, userid, courseid, timeaccess)
            select row_number() over (order by userid, courseid), userid, courseid, max(timecreated) from stage.log
            where userid > 3 and courseid > 1 group by userid, courseid order by userid, courseid
            """
        )
        db.execute("commit")
        db.execute("detach database stage")
        db.close()
        self.stage_path.unlink()

    # --- what stands before anybody comes -----------------------------------------------------------------------------------

    def set_up(self, zone: str, opened: int) -> None:
        """The site itself: configuration, roles, front page, service accounts."""
        config = {
            "siteguest": "1",
            "siteadmins": "2",
            "version": "2024100706",
            "release": "4.5.6 (Build: 20250811)",
            "timezone": zone,
            "lang": "ru",
            "wwwroot": "https://lms.example.org",
            "enablecompletion": "1",
        }
        self.add("config", "id name value", [(i, *pair) for i, pair in enumerate(config.items(), 1)])
        settings = {"logguests": "1", "version": "2024100700", "loglifetime": "0", "buffersize": "50", "jsonformat": "1"}
        self.add("config_plugins", "id plugin name value", [(i, "logstore_standard", *pair) for i, pair in enumerate(settings.items(), 1)])
        self.add("modules", "id name", [(number, name) for name, number in MODULES.items()])
        roles = ("manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage")
        self.add(
            "role", "id name shortname description sortorder archetype", [(i, "", role, "", i, role) for i, role in enumerate(roles, 1)]
        )
        self.add(
            "course_categories",
            "id name idnumber sortorder timemodified depth path",
            [(2, "Повышение квалификации", "PK", 20000, opened, 1, "/2")],
        )
        self.add(
            "course",
            "id category sortorder fullname shortname format timecreated timemodified",
            [(1, 0, 1, "Институт повышения квалификации педагогов", "IPK", "site", opened, opened)],
        )
        self.add("context", "id contextlevel instanceid path depth", [(1, 10, 0, "/1", 1), (3, 40, 2, "/1/3", 2), (11, 50, 1, "/1/11", 2)])
        users = [
            (GUEST, "guest", "Гость", " ", "root@localhost"),
            (ADMIN, "admin", "Admin", "User", "admin@example.org"),
            (MANAGER, "uchebny.otdel", "Учебный", "отдел", "uchebny.otdel@kursy.example.org"),
        ]
        self.add(
            "user",
            "id username firstname lastname email auth confirmed mnethostid lang timezone timecreated timemodified",
            [(*u, "manual", 1, 1, "ru", "99", opened, opened) for u in users],
        )
        self.add(
            "context",
            "id contextlevel instanceid path depth",
            [(user_context(u[0]), 30, u[0], f"/1/{user_context(u[0])}", 2) for u in users],
        )
        self.take("role_assignments")
        self.add("role_assignments", "id roleid contextid userid timemodified modifierid", [(1, 1, 3, MANAGER, opened, ADMIN)])

    def add_course(self, number: int, course: Course, *, weeks: int, start: int, opened: int) -> CoursePlace:
        """One course with its sections, modules, grade items and completion criteria; dates are those of its first stream."""
        return _NewCourse(self, number, course, weeks=weeks, start=start, opened=opened).place()


class _NewCourse:
    """Rows of one course on their way into the site."""

    def __init__(self, site: Site, number: int, course: Course, *, weeks: int, start: int, opened: int) -> None:
        self.site, self.id, self.course, self.weeks, self.start, self.opened = site, number + 2, course, weeks, start, opened
        self.grouping = self._take("groupings")
        self.quiz_weeks = sorted({2, weeks - 1})
        #: Number of a section → (its id, the course modules in it).
        self.sections: dict[int, tuple[int, list[int]]] = {section: (self._take("course_sections"), []) for section in range(weeks + 1)}
        #: (module or "course", instance) → grade item.
        self.items = {("course", 0): self._take("grade_items")}
        self.category = self._take("grade_categories")
        #: (module, course module) that have to be completed.
        self.required: list[tuple[str, int]] = []

    def _take(self, table: str) -> int:
        return int(self.site.take(table)[0])

    def _add(self, table: str, columns: str, *values: object) -> None:
        self.site.add(table, columns, [values])

    def place(self) -> CoursePlace:
        """Write everything; returns where it stands."""
        enrol = self._itself()
        news, forum = self._module("forum", 0, 0), self._module("forum", 0, 0)
        self._add(
            "forum",
            "id course type name intro introformat forcesubscribe timemodified",
            *(news[1], self.id, "news", "Объявления", "", 1, 1, self.opened),
        )
        self._add(
            "forum",
            "id course type name intro introformat timemodified",
            *(forum[1], self.id, "general", "Вопросы куратору", "<p>Задавайте вопросы здесь.</p>", 1, self.opened),
        )
        weeks = [self._week(week, theme) for week, theme in enumerate(self.course.themes[: self.weeks])]
        certificate = self._module("customcert", self.weeks, 0)
        self._add(
            "customcert",
            "id course templateid name intro introformat timecreated timemodified",
            *(certificate[1], self.id, certificate[1], "Удостоверение", "", 1, self.opened, self.opened),
        )
        self._add(
            "grade_items",
            "id courseid itemtype iteminstance gradetype grademax sortorder timecreated timemodified",
            *(self.items["course", 0], self.id, "course", self.category, 1, 100 * self.weeks + 10 * len(self.quiz_weeks)),
            *(1, self.opened, self.opened),
        )
        self._sections_and_criteria()
        return CoursePlace(self.id, self.course, weeks, forum, certificate, enrol, self.items, self.grouping, self.quiz_weeks)

    def _itself(self) -> dict[str, int]:
        """The course, its context, grouping, grade category and ways of enrolling; returns the latter."""
        names = multilang(self.course.name, self.course.name_en, self.site.languages)
        self._add(
            "course",
            "id category sortorder fullname shortname idnumber summary summaryformat format "
            "startdate enddate groupmode enablecompletion timecreated timemodified",
            *(self.id, 2, 20000 + self.id, names, self.course.code, f"prog-{self.id}", "", 1, "topics"),
            *(self.start, 0, 1, 1, self.opened, self.opened),
        )
        self._add("context", "id contextlevel instanceid path depth", 10 + self.id, 50, self.id, f"/1/3/{10 + self.id}", 3)
        self._add(
            "groupings",
            "id courseid name idnumber timecreated timemodified",
            *(self.grouping, self.id, "Потоки", "streams", self.opened, self.opened),
        )
        enrol = {}
        for method, status in (("manual", 0), ("guest", 1), ("self", 0)):
            enrol[method] = self._take("enrol")
            self._add(
                "enrol",
                "id enrol status courseid roleid timecreated timemodified",
                *(enrol[method], method, status, self.id, 0 if method == "guest" else STUDENT_ROLE, self.opened, self.opened),
            )
        self._add(
            "grade_categories",
            "id courseid depth path fullname aggregation timecreated timemodified",
            *(self.category, self.id, 1, f"/{self.category}/", "?", 13, self.opened, self.opened),
        )
        return enrol

    def _module(self, kind: str, section: int, completion: int, view: int = 0, *, graded: bool = False) -> tuple[int, int]:
        """A course module and its context; returns (course module, instance)."""
        cmid, instance = self._take("course_modules"), self._take(kind)
        section_id, modules = self.sections[section]
        modules.append(cmid)
        self._add(
            "course_modules",
            "id course module instance section added completion completionview completiongradeitemnumber completionpassgrade groupmode",
            *(cmid, self.id, MODULES[kind], instance, section_id, self.opened, completion, view),
            *(0 if graded else None, int(graded), int(kind in ("assign", "forum"))),
        )
        self._add(
            "context",
            "id contextlevel instanceid path depth",
            *(module_context(cmid), 70, cmid, f"/1/3/{10 + self.id}/{module_context(cmid)}", 4),
        )
        return cmid, instance

    def _grade_item(self, kind: str, instance: int, name: str, best: float, to_pass: float) -> None:
        item = self.items[kind, instance] = self._take("grade_items")
        self._add(
            "grade_items",
            "id courseid categoryid itemname itemtype itemmodule iteminstance itemnumber gradetype grademax gradepass sortorder "
            "timecreated timemodified",
            *(item, self.id, self.category, name, "mod", kind, instance, 0, 1, best, to_pass, item, self.opened, self.opened),
        )

    def _week(self, week: int, theme: Theme) -> Week:
        section = week + 1
        materials = self._materials(section, theme)
        assign = self._assignment(section, theme)
        return Week(*materials, assign, self._quiz(section) if week in self.quiz_weeks else None)

    def _materials(self, section: int, theme: Theme) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        page, resource, url = (self._module(kind, section, 2, 1) for kind in ("page", "resource", "url"))
        text = f"<p>{theme.lecture}: {', '.join(theme.terms)}.</p>"
        self._add(
            "page",
            "id course name content contentformat timemodified",
            *(page[1], self.id, f"Лекция {section}. {theme.lecture}", text, 1, self.opened),
        )
        self._add("resource", "id course name timemodified", resource[1], self.id, f"Рабочий лист {section}.docx", self.opened)
        address = f"https://video.example.org/{self.id}/{section}"
        self._add(
            "url",
            "id course name externalurl timemodified",
            *(url[1], self.id, f"Запись и видео к модулю {section}", address, self.opened),
        )
        return page, resource, url

    def _assignment(self, section: int, theme: Theme) -> tuple[int, int]:
        """The week's work, due in the last minute of its Sunday."""
        due = self.start + section * _WEEK - 60
        cmid, instance = self._module("assign", section, 2, graded=True)
        intro = INTRO.format(asks=theme.asks, headings="; ".join(TEMPLATE_HEADINGS))
        name = f"Практическая работа {section}. {theme.task}"
        self._add(
            "assign",
            "id course name intro introformat alwaysshowdescription duedate allowsubmissionsfromdate grade cutoffdate gradingduedate "
            "timemodified maxattempts attemptreopenmethod",
            *(instance, self.id, name, intro, 1, 1, due, 0, 100, 0, due + _WEEK, self.opened, -1, "manual"),
        )
        for plugin, subtype in (("onlinetext", "assignsubmission"), ("file", "assignsubmission"), ("comments", "assignfeedback")):
            self._add(
                "assign_plugin_config",
                "id assignment plugin subtype name value",
                *(self._take("assign_plugin_config"), instance, plugin, subtype, "enabled", "1"),
            )
        self._grade_item("assign", instance, name, 100, 60)
        self.required.append(("assign", cmid))
        return cmid, instance

    def _quiz(self, section: int) -> tuple[int, int]:
        cmid, instance = self._module("quiz", section, 2, graded=True)
        name = f"Тест {section}"
        self._add(
            "quiz",
            "id course name intro introformat attempts sumgrades grade timecreated timemodified",
            *(instance, self.id, name, "", 1, 3, 8, 10, self.opened, self.opened),
        )
        self._grade_item("quiz", instance, name, 10, 6)
        self.required.append(("quiz", cmid))
        return cmid, instance

    def _sections_and_criteria(self) -> None:
        """Sections, whose rows name the modules in them, and what has to be completed."""
        for section, (section_id, modules) in self.sections.items():
            heading = None if section == 0 else f"Модуль {section}"
            self._add(
                "course_sections",
                "id course section name summary summaryformat sequence visible timemodified",
                *(section_id, self.id, section, heading, "", 1, ",".join(map(str, modules)), 1, self.opened),
            )
        for kind, cmid in self.required:
            self._add(
                "course_completion_criteria",
                "id course criteriatype module moduleinstance",
                *(self._take("criteria"), self.id, 4, kind, cmid),
            )


def conversation_hash(one: int, other: int) -> str:
    """Moodle's hash of a conversation of two: SHA-1 of the ordered ids."""
    return hashlib.sha1("-".join(str(i) for i in sorted((one, other))).encode()).hexdigest()
