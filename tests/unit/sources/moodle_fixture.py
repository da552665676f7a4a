"""A tiny Moodle in an SQLite file: the tables and columns that the reader reads, holding the rows a test gives. Invented people only.

``make_moodle(path, {"user": [{"id": 5, "firstname": "Анна"}]})`` makes a site with a front page, the standard roles and activity types,
and these rows; what a row leaves out is 0 or an empty text, as Moodle's own defaults are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.lms.moodle_db.tables import TABLES

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

#: 2026-09-07 09:00 UTC: the moment that most rows of the fixture speak of.
T0 = int(datetime(2026, 9, 7, 9, tzinfo=UTC).timestamp())
DAY = 86_400
PSEUDONYMS = Pseudonyms(b"sixteen bytes or more")

_TEXTS = {
    "activity", "archetype", "availability", "element", "capability", "city", "commenttext", "component", "content", "contenthash", "email", "enrol", "eventname", "filearea", "filename",
    "firstname", "format", "fullmessage", "fullmessagehtml", "fullname", "idnumber", "institution", "intro", "itemmodule", "itemtype", "lang",
    "lastname", "message", "mimetype", "name", "onlinetext", "origin", "path", "phone1", "phone2", "presentation", "shortname", "smallmessage",
    "source", "state", "subject", "topic", "user_email", "log", "meta", "timezone", "typ", "type", "username", "value", "workflowstate", "attachment",
}  # fmt: skip
#: Null unless given, as in Moodle.
_NULLS = {
    "relateduserid", "realuserid", "objectid", "objecttable", "other", "timestarted", "timecompleted", "finalgrade", "sumgrades", "timegranted",
    "userid_override", "availability",
}  # fmt: skip
_NULLS_OF = {
    "assign_overrides": {"groupid", "userid", "duedate", "cutoffdate"},
    "quiz_overrides": {"groupid", "userid", "timeclose"},
    "lesson_overrides": {"groupid", "userid", "deadline"},
    "grade_grades": {"feedback", "timemodified", "usermodified"},
    "grade_grades_history": {"feedback", "timemodified", "usermodified"},
    "grade_items": {"itemmodule", "iteminstance", "itemnumber"},
    "quiz_attempts": {"sumgrades"},
    "h5pactivity_attempts": {"completion"},
    "quiz": set(),
}
_REALS = {"grade", "sumgrades", "finalgrade", "grademax", "gradepass", "penalty", "deductedmark"}
_FLAGS = {
    "deleted",
    "suspended",
    "anonymous",
    "latest",
    "preview",
    "pinned",
    "viewed",
    "teamsubmission",
    "blindmarking",
    "revealidentities",
    "markingworkflow",
}
#: Numbers whose names are texts or reals elsewhere.
_NUMBERS = {
    ("user_enrolments", "status"),
    ("enrol", "status"),
    ("message_conversations", "type"),
    ("feedback_item", "feedback"),
    ("feedback_completed", "feedback"),
    ("assign", "grade"),
    ("lesson", "grade"),
    ("assignfeedback_comments", "grade"),
    ("quiz_attempts", "status"),
}
_ARCHETYPES = ("manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage")
MODULES = (
    "assign",
    "quiz",
    "page",
    "resource",
    "url",
    "forum",
    "feedback",
    "customcert",
    "label",
    "h5pactivity",
    "scorm",
    "lesson",
    "workshop",
    "zoom",
    "bigbluebuttonbn",
)

STUDENT, TEACHER, MANAGER = 5, 4, 1


@dataclass(frozen=True)
class Version:
    """How the tables of a version of Moodle differ from those that the reader reads (its ``install.xml`` and ``upgrade.php``)."""

    without: frozenset[str] = frozenset()
    lacking: Mapping[str, frozenset[str]] = field(default_factory=dict)
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_BEFORE_4_0 = {"assign": frozenset({"activity"}), "assign_submission": frozenset({"timestarted"})}
_BEFORE_4_1 = {"course_modules_completion": ("viewed",)}
_BEFORE_4_3 = frozenset({"scorm_attempt", "scorm_element", "scorm_scoes_value"})
_SINCE_4_3 = frozenset({"scorm_scoes_track"})
VERSIONS = {
    "3.6": Version(
        frozenset({"course_modules_viewed"}) | _BEFORE_4_3,
        {**_BEFORE_4_0, "forum": frozenset({"duedate", "cutoffdate"}), "forum_posts": frozenset({"privatereplyto"})},
        _BEFORE_4_1,
    ),
    "3.9": Version(frozenset({"course_modules_viewed"}) | _BEFORE_4_3, _BEFORE_4_0, _BEFORE_4_1),
    "3.11": Version(frozenset({"course_modules_viewed"}) | _BEFORE_4_3, _BEFORE_4_0, {**_BEFORE_4_1, "course": ("downloadcontent",)}),
    "4.0": Version(frozenset({"course_modules_viewed"}) | _BEFORE_4_3, {}, _BEFORE_4_1),
    "4.1": Version(_BEFORE_4_3, more={"course": ("downloadcontent",)}),
    "4.5": Version(_SINCE_4_3, more={"forum_posts": ("charcount", "wordcount"), "groups_members": ("component", "itemid")}),
    "5.0": Version(_SINCE_4_3, more={"assign_grades": ("penalty",), "assign": ("gradepenalty",), "grade_grades": ("deductedmark",)}),
}
NEWEST = "5.0"


def make_moodle(path: Path, rows: Rows, *, without: Collection[str] = (), prefix: str = "mdl_", version: str | None = None) -> str:
    """Write the site and return its URL. ``without``: tables that this site does not have."""
    link = sqlite3.connect(path)
    for table, columns, values in _tables(rows, without, VERSIONS[version] if version else Version()):
        link.execute(f'create table "{prefix}{table}" ({", ".join(columns)})')
        link.executemany(f'insert into "{prefix}{table}" values ({", ".join("?" * len(columns))})', values)
    link.commit()
    link.close()
    return f"sqlite:///{path}"


def make_moodle_on(link: sa.Connection, rows: Rows, *, prefix: str = "mdl_", version: str = NEWEST) -> None:
    """Write the site into a database of a server, with the types that Moodle gives its columns there."""
    quote = link.dialect.identifier_preparer.quote
    is_mysql = link.dialect.name in ("mysql", "mariadb")
    for table, columns, values in _tables(rows, (), VERSIONS[version]):
        names = [*columns, "password"] if table == "user" else list(columns)
        declared = ", ".join(f"{quote(name)} {_type(table, name, is_mysql)}" for name in names)
        link.exec_driver_sql(f"create table {quote(prefix + table)} ({declared})")
        if table == "user":
            values = [[*row, "$2y$10$hashed"] for row in values]
        statement = f"insert into {quote(prefix + table)} values ({', '.join(['%s'] * len(names))})"
        if values:
            link.exec_driver_sql(statement, [tuple(row) for row in values])
    link.commit()


def _type(table: str, column: str, is_mysql: bool) -> str:
    if column == "id":
        return "bigint primary key"
    if (
        column in _TEXTS | {"password", "objecttable", "other", "feedback", "status", "scale", "action_word"}
        and (table, column) not in _NUMBERS
    ):
        return "longtext" if is_mysql else "text"
    if column in _REALS and (table, column) not in _NUMBERS:
        return "decimal(10,5)"
    if column in _FLAGS:
        return "tinyint(1)" if is_mysql else "smallint"
    return "bigint"


def _tables(rows: Rows, without: Collection[str], version: Version) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """Table, columns and values of the site's own rows and the given ones."""
    given: dict[str, list[Mapping[str, Any]]] = {
        "config": [
            {"id": 1, "name": "siteguest", "value": "1"},
            {"id": 2, "name": "siteadmins", "value": "2"},
            {"id": 3, "name": "timezone", "value": "Asia/Yekaterinburg"},
        ],
        "course": [{"id": 1, "fullname": "Сайт", "shortname": "site", "format": "site"}],
        "role": [{"id": place, "archetype": name} for place, name in enumerate(_ARCHETYPES, start=1)],
        "modules": [{"id": place, "name": name} for place, name in enumerate(MODULES, start=1)],
    }
    for table, more in rows.items():
        given.setdefault(table, []).extend(more)
    for table, declared in TABLES.items():
        if table in without or table in version.without:
            continue
        columns = [name for name in declared if name not in version.lacking.get(table, ())] + list(version.more.get(table, ()))
        for row in given.get(table, ()):
            assert set(row) <= {*declared, *columns}, f"{table}: {set(row) - set(columns)}"
        yield table, columns, [[row.get(name, _default(table, name)) for name in columns] for row in given.get(table, ())]
    for table in sorted(set(given) - set(TABLES)):
        columns = sorted({column for row in given[table] for column in row})
        yield table, columns, [[row.get(name) for name in columns] for row in given[table]]


def change(path: Path, statement: str, values: Sequence[Any] = ()) -> None:
    """Change the site between two loads."""
    link = sqlite3.connect(path)
    link.execute(statement, values)
    link.commit()
    link.close()


def _default(table: str, column: str) -> Any:
    if column in _NULLS or column in _NULLS_OF.get(table, ()):
        return None
    if column == "visible":
        return 1
    return "" if column in _TEXTS else 0


def source(**settings: Any) -> Source:
    """A source of the kind."""
    return Source(name="school", kind="moodle_db", **settings)


def programme(of: Source, languages: tuple[str, ...] = ("ru", "en")) -> Programme:
    """A programme with that source alone."""
    return Programme(id="test", name="Test", sources=(of,), languages=languages)


def course(number: int = 2, **more: Any) -> dict[str, list[dict[str, Any]]]:
    """A course, its context and an enrolment method (same numbers)."""
    return {
        "course": [{"id": number, "fullname": f"Курс {number}", "shortname": f"К-{number}", "format": "topics", **more}],
        "context": [
            {"id": 1, "contextlevel": 10, "instanceid": 0, "path": "/1"},
            {"id": 3, "contextlevel": 40, "instanceid": 1, "path": "/1/3"},
            {"id": 100 + number, "contextlevel": 50, "instanceid": number, "path": f"/1/3/{100 + number}"},
        ],
        "enrol": [{"id": number, "enrol": "manual", "courseid": number, "roleid": STUDENT}],
    }


def enrolled(number: int, user: int, role: int | None = STUDENT, **more: Any) -> dict[str, list[dict[str, Any]]]:
    """One enrolment in course 2 with its role."""
    found: dict[str, list[dict[str, Any]]] = {
        "user_enrolments": [{"id": number, "enrolid": 2, "userid": user, "timecreated": T0, "timemodified": T0, **more}]
    }
    if role is not None:
        found["role_assignments"] = [{"id": number, "roleid": role, "contextid": 102, "userid": user, "timemodified": T0}]
    return found


def activity(
    cmid: int, module: str, instance: int, course_id: int = 2, access: Mapping[str, Any] | None = None, **columns: Any
) -> dict[str, list[dict[str, Any]]]:
    """One activity: course module (``access``: more of its columns) and the row of its type's table."""
    return {
        "course_modules": [
            {"id": cmid, "course": course_id, "module": MODULES.index(module) + 1, "instance": instance, "section": 7, **(access or {})}
        ],
        module: [{"id": instance, "course": course_id, "name": f"{module} {instance}", "introformat": 1, **columns}],
    }


def event(number: int, name: str, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    """One row of the log."""
    row = {
        "id": number,
        "eventname": name,
        "component": name.strip("\\").split("\\")[0],
        "timecreated": T0 + number,
        "origin": "web",
        "courseid": 2,
        "userid": 5,
    }
    return {"logstore_standard_log": [{**row, **columns}]}


def together(*parts: Rows) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of all parts; a row that stands in several of them once."""
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for part in parts:
        for table, more in part.items():
            rows.setdefault(table, []).extend(row for row in more if row not in rows.get(table, []))
    return rows
