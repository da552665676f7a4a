"""A Moodle of invented people that answers web services as Moodle 4.5 does: 200 whatever happens, errors in the body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.unit.sources.loopback import Asked, Reply

TOKEN = "t0ken-of-tests"
NOW = "Sun, 22 Nov 2026 20:00:00 GMT"
NOW_SECONDS = 1795377600
DAY = 86400


def refusal(code: str) -> dict[str, Any]:
    """As Moodle refuses; its message names a person."""
    return {
        "exception": "core\\exception\\moodle_exception",
        "errorcode": code,
        "message": "Анна Сорокина не имеет прав",
        "debuginfo": "Анна",
    }


def person(native: int, role: str = "student", **more: Any) -> dict[str, Any]:
    return {
        "id": native,
        "username": f"user{native}",
        "firstname": "Анна ",
        "lastname": f"Сорокина{native}",
        "fullname": f"Анна Сорокина{native}",
        "email": f"User{native}@Example.org",
        "firstaccess": 1793000000,
        "lastaccess": 1795000000,
        "lastcourseaccess": 1795000000,
        "groups": [{"id": 1, "name": "Поток 1"}] if role == "student" else [],
        "roles": [{"roleid": 5, "name": "", "shortname": role}],
        **more,
    }


def post(native: int, author: int, discussion: int, parent: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": native,
        "subject": "Где задание?",
        "message": f"<p>Где <b>задание</b> {native}?</p>",
        "messageformat": 1,
        "author": {"id": author, "fullname": f"Анна Сорокина{author}", "isdeleted": False},
        "discussionid": discussion,
        "hasparent": bool(parent),
        "parentid": parent or None,
        "timecreated": 1794000000 + native,
        "timemodified": 1794000000 + native,
        "isdeleted": False,
        "isprivatereply": False,
        "attachments": [],
        **more,
    }


class FakeMoodle:
    """Answers by function; ``functions`` may be changed by a test: a value, or a callable of the given form fields."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.now = NOW
        self.people = [person(7), person(8, suspended=False), person(9, "editingteacher")]
        self.discussions = [
            {"id": 1, "discussion": 5, "groupid": -1, "timemodified": 1794000003, "pinned": True, "name": "x"},
            {"id": 4, "discussion": 6, "groupid": 1, "timemodified": NOW_SECONDS - 100, "pinned": False, "name": "y"},
        ]
        self.posts = {
            5: [
                post(1, 7, 5),
                post(2, 9, 5, 1, isprivatereply=True),
                post(3, 33, 5, 1, timemodified=1794000900, attachments=[{"filename": "a.docx"}]),
            ],
            6: [post(4, 8, 6, isdeleted=True, message="Это сообщение удалено")],
        }
        self.functions: dict[str, Any] = {
            "core_course_get_courses_by_field": {
                "courses": [
                    {"id": 1, "shortname": "site", "fullname": "Институт"},
                    {
                        "id": 2,
                        "shortname": "ЦОС-36",
                        "fullname": '<span lang="ru" class="multilang">Среда</span><span lang="en" class="multilang">Environment</span>',
                        "startdate": 1788000000,
                        "enddate": 0,
                    },
                ]
            },
            "core_enrol_get_enrolled_users": self._enrolled,
            "core_group_get_course_groups": [{"id": 1, "courseid": 2, "name": "Поток 1", "idnumber": "s1"}, {"id": 2, "courseid": 2, "name": "Пусто", "idnumber": ""}],
            "core_group_get_group_members": [{"groupid": 1, "userids": [7, 8]}, {"groupid": 2, "userids": []}],
            "core_group_get_course_groupings": [{"id": 4, "name": "Потоки", "idnumber": "streams"}],
            "core_group_get_groupings": [{"id": 4, "name": "Потоки", "idnumber": "streams", "groups": [{"id": 1}]}],
            "core_course_get_contents": [
                {
                    "id": 1,
                    "section": 3,
                    "modules": [
                        {"id": 6, "name": "Работа 1", "modname": "assign", "instance": 1},
                        {"id": 7, "name": "Тест", "modname": "quiz", "instance": 1},
                        {"id": 8, "name": "Страница", "modname": "page", "dates": [{"dataid": "duedate", "timestamp": 1794000000}]},
                    ],
                }
            ],
            "mod_assign_get_assignments": self._assignments,
            "mod_assign_get_user_flags": {
                "assignments": [{"assignmentid": 1, "userflags": [{"id": 3, "userid": 8, "extensionduedate": 1795000000, "workflowstate": "released"}]}]
            },
            "mod_assign_get_submissions": {
                "assignments": [
                    {
                        "assignmentid": 1,
                        "submissions": [
                            {
                                "id": 20,
                                "userid": 7,
                                "attemptnumber": 0,
                                "timecreated": 1794000000,
                                "timemodified": 1794000600,
                                "timestarted": None,
                                "status": "submitted",
                                "groupid": 0,
                                "plugins": [
                                    {"type": "onlinetext", "editorfields": [{"name": "onlinetext", "text": "<p>Моя&nbsp;работа</p>", "format": 1}]},
                                    {"type": "file", "fileareas": [{"area": "submission_files", "files": [{"filename": "Сорокина.docx"}]}]},
                                ],
                            },
                            {"id": 21, "userid": 8, "attemptnumber": 0, "timecreated": 1794000000, "timemodified": 1794000000, "status": "draft", "groupid": 0},
                        ],
                    }
                ]
            },
            "mod_assign_get_grades": {
                "assignments": [
                    {
                        "assignmentid": 1,
                        "grades": [
                            {"id": 30, "userid": 7, "attemptnumber": 0, "timemodified": 1794100000, "grader": 9, "grade": "85.50000"},
                            {"id": 31, "userid": 8, "attemptnumber": 0, "timemodified": 1794100000, "grader": -1, "grade": "-1.00000"},
                        ],
                    }
                ]
            },
            "gradereport_user_get_grade_items": {
                "usergrades": [
                    {
                        "userid": user,
                        "gradeitems": [
                            {"id": 2, "itemtype": "mod", "cmid": 6, "graderaw": grade, "grademax": 100, "gradedategraded": 1794100000 if grade else None,
                             "gradeformatted": '<i title="Пройдено"></i>85,50', "feedback": "<p>Хорошо</p>" if grade else "", "feedbackformat": 1},
                            {"id": 5, "itemtype": "mod", "cmid": 7, "graderaw": 4 if user == 7 else None, "grademax": 5, "gradedategraded": None},
                            {"id": 1, "itemtype": "course", "cmid": None, "graderaw": None, "grademax": 100, "gradeishidden": True},
                        ],
                    }
                    for user, grade in ((7, 85.5), (8, None))
                ]
            },
            "core_completion_get_activities_completion_status": {
                "statuses": [{"cmid": 6, "state": 2, "timecompleted": 1794100000}, {"cmid": 7, "state": 0, "timecompleted": 0}]
            },
            "core_completion_get_course_completion_status": {
                "completionstatus": {
                    "completed": True,
                    "completions": [
                        {"type": 4, "timecompleted": 1794100000, "details": {"criteria": '<a href="http://lms/mod/assign/view.php?id=6">Работа</a>'}},
                        {"type": 6, "timecompleted": 1794200000, "details": {"criteria": "50"}},
                    ],
                }
            },
            "mod_quiz_get_quizzes_by_courses": {"quizzes": [{"id": 1, "coursemodule": 7, "name": "Тест", "sumgrades": 10, "grade": 5, "timeclose": 1795000000}]},
            "mod_quiz_get_user_attempts": {
                "attempts": [
                    {"id": 50, "attempt": 1, "userid": 7, "state": "finished", "timestart": 1794000000, "timefinish": 1794000060, "sumgrades": 8, "preview": 0},
                    {"id": 51, "attempt": 2, "userid": 7, "state": "inprogress", "timestart": 1794001000, "timefinish": 0, "sumgrades": None, "preview": 0},
                ]
            },
            "mod_forum_get_forums_by_courses": [{"id": 2, "course": 2, "type": "general", "name": "Вопросы", "cmid": 3}],
            "mod_forum_get_forum_discussions": lambda given: {"discussions": self.discussions if given["page"] == "0" else []},
            "mod_forum_get_discussion_posts": lambda given: {"posts": self.posts[int(given["discussionid"])]},
        }  # fmt: skip

    def _enrolled(self, given: dict[str, str]) -> Any:
        options = {
            given[f"options[{place}][name]"]: given[f"options[{place}][value]"] for place in range(5) if f"options[{place}][name]" in given
        }
        found = [one for one in self.people if "onlyactive" not in options or one["id"] != 8]
        start = int(options["limitfrom"])
        return found[start : start + int(options["limitnumber"])]

    def _assignments(self, given: dict[str, str]) -> Any:
        if given.get("includenotenrolledcourses") != "1":
            return {"courses": [], "warnings": [{"item": "course", "itemid": 2, "warningcode": "2"}]}
        return {
            "courses": [
                {"id": 2, "assignments": [{"id": 1, "cmid": 6, "duedate": 1794500000, "grade": 100, "teamsubmission": 0, "blindmarking": 0, "markingworkflow": 0,
                                           "intro": "<p>Опишите урок</p>", "introformat": 1}]}
            ]
        }  # fmt: skip

    def __call__(self, asked: Asked) -> Reply:
        function = asked.given.get("wsfunction", "")
        self.asked.append((function, asked.given))
        headers = {"Date": self.now}
        if asked.path != "/moodle/webservice/rest/server.php" or asked.method != "POST":
            return Reply(b"<html>", 404)
        if asked.given.get("wstoken") != TOKEN:
            return Reply(refusal("invalidtoken"), headers=headers)
        if function == "core_webservice_get_site_info" and function not in self.functions:
            return Reply({"siteid": 1, "userid": 3, "functions": [{"name": name} for name in [function, *self.functions]]}, headers=headers)
        if function not in self.functions:
            return Reply(refusal("accessexception"), headers=headers)
        value = self.functions[function]
        value = value(asked.given) if isinstance(value, Callable) else value  # type: ignore[arg-type]
        return value if isinstance(value, Reply) else Reply(value, headers=headers)

    def calls(self, function: str) -> int:
        """How often a function was called."""
        return sum(1 for name, _ in self.asked if name == function)
