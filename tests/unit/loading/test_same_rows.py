"""One invented Moodle read from its database, through its web services and from its downloads: everything stands once, in any order."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from pipelines.loading import load_source
from pipelines.loading.uniting import unite
from pipelines.programme import Programme, Source
from pipelines.warehouse import Warehouse
from tests.unit.sources.fake_moodle import DAY, NOW_SECONDS, TOKEN, FakeMoodle
from tests.unit.sources.loopback import serving
from tests.unit.sources.moodle_fixture import PSEUDONYMS, STUDENT, TEACHER, activity, change, course, enrolled, event, make_moodle, together

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENT, GRADED = 1794000000, 1794100000
#: SHA-1 of "план", as Moodle calls a file.
PLAN = "план".encode()
ARCHIVE = "ЦОС-36-Работа 1-6.zip"


def who(native: int) -> str:
    return PSEUDONYMS.of("moodle", str(native))


def database(path: Path) -> str:
    """What :class:`FakeMoodle` tells, as its tables have it; and what only they have."""
    people = [
        {
            "id": native,
            "username": f"user{native}",
            "firstname": "Анна ",
            "lastname": f"Сорокина{native}",
            "email": f"user{native}@example.org",
        }
        for native in (7, 8, 9, 33)
    ]
    posts = [(1, 5, 0, 7), (2, 5, 1, 9), (3, 5, 1, 33), (4, 6, 0, 8)]
    rows = together(
        course(shortname="ЦОС-36"),
        enrolled(1, 7, STUDENT), enrolled(2, 8, STUDENT, status=1), enrolled(3, 9, TEACHER),
        activity(6, "assign", 1, name="Работа 1", grade=100, duedate=1794500000),
        activity(7, "quiz", 1, name="Тест", sumgrades=10, grade=5),
        activity(3, "forum", 2, name="Вопросы", type="general"),
        activity(8, "page", 1, name="Страница"),
        {
            "user": people,
            "groups": [{"id": 1, "courseid": 2, "name": "Поток 1", "idnumber": "s1"}],
            "groups_members": [{"id": 1, "groupid": 1, "userid": 7, "timeadded": SENT}, {"id": 2, "groupid": 1, "userid": 8, "timeadded": SENT}],
            "assign_submission": [
                {"id": 20, "assignment": 1, "userid": 7, "timecreated": SENT, "timemodified": SENT + 600, "status": "submitted", "latest": 1},
                {"id": 21, "assignment": 1, "userid": 8, "timecreated": SENT, "timemodified": SENT, "status": "draft", "latest": 1},
            ],
            "assignsubmission_onlinetext": [{"id": 1, "submission": 20, "onlinetext": "<p>Моя&nbsp;работа</p>", "onlineformat": 1}],
            "assignsubmission_file": [{"id": 1, "submission": 20, "numfiles": 1}],
            "files": [
                {"id": 1, "contenthash": sha1(PLAN, usedforsecurity=False).hexdigest(), "component": "assignsubmission_file", "filearea": "submission_files",
                 "itemid": 20, "filename": "plan.txt", "filesize": 8, "timecreated": SENT}
            ],
            "assign_grades": [
                {"id": 30, "assignment": 1, "userid": 7, "grade": 85.5, "grader": 9, "timemodified": GRADED},
                {"id": 31, "assignment": 1, "userid": 8, "grade": -1, "grader": -1, "timemodified": GRADED},
            ],
            "assignfeedback_comments": [{"id": 1, "grade": 30, "commenttext": "<p>Хорошо</p>", "commentformat": 1}],
            "assign_user_flags": [{"id": 3, "userid": 8, "assignment": 1, "extensionduedate": 1795000000, "workflowstate": "released"}],
            "grade_items": [
                {"id": 2, "courseid": 2, "itemtype": "mod", "itemmodule": "assign", "iteminstance": 1, "itemnumber": 0, "grademax": 100, "gradepass": 60},
                {"id": 5, "courseid": 2, "itemtype": "mod", "itemmodule": "quiz", "iteminstance": 1, "itemnumber": 0, "grademax": 5},
                {"id": 1, "courseid": 2, "itemtype": "course", "grademax": 100, "hidden": 1},
            ],
            "grade_grades": [
                {"id": 100 + number, "itemid": item, "userid": user, "finalgrade": grade, "timemodified": GRADED if grade else None}
                for number, (user, item, grade) in enumerate(
                    [(7, 2, 85.5), (7, 5, 4), (7, 1, None), (8, 2, None), (8, 5, None), (8, 1, None)]
                )
            ],
            "quiz_attempts": [
                {"id": 50, "quiz": 1, "userid": 7, "attempt": 1, "state": "finished", "timestart": SENT, "timefinish": SENT + 60, "sumgrades": 8},
                {"id": 51, "quiz": 1, "userid": 7, "attempt": 2, "state": "inprogress", "timestart": SENT + 1000},
            ],
            "course_modules_completion": [
                {"id": number, "coursemoduleid": 6, "userid": user, "completionstate": 2, "timemodified": GRADED} for number, user in ((1, 7), (2, 8))
            ],
            "course_modules_viewed": [{"id": 1, "coursemoduleid": 6, "userid": 7, "timecreated": SENT}],
            "course_completions": [{"id": number, "userid": user, "course": 2, "timecompleted": SENT + DAY} for number, user in ((1, 7), (2, 8))],
            "forum_discussions": [{"id": 5, "course": 2, "forum": 2, "firstpost": 1, "groupid": -1, "pinned": 1},
                                  {"id": 6, "course": 2, "forum": 2, "firstpost": 4, "groupid": 1}],
            "forum_posts": [
                {"id": native, "discussion": thread, "parent": parent, "userid": author, "created": SENT + native, "modified": SENT + native,
                 "subject": "Где задание?", "message": f"<p>Где <b>задание</b> {native}?</p>", "messageformat": 1}
                for native, thread, parent, author in posts
            ],
        },
        {
            "feedback": [{"id": 1, "course": 2, "name": "Отзыв", "anonymous": 2}, {"id": 2, "course": 2, "name": "Анкета", "anonymous": 1}],
            "feedback_item": [
                {"id": number, "feedback": number, "name": name, "typ": "textarea", "position": 1} for number, name in ((1, "Что понравилось?"), (2, "Что мешало?"))
            ],
            "feedback_completed": [
                {"id": 1, "feedback": 1, "userid": 7, "timemodified": SENT, "anonymous_response": 2},
                {"id": 2, "feedback": 2, "userid": 8, "timemodified": SENT, "anonymous_response": 1},
            ],
            "feedback_value": [{"id": 1, "item": 1, "completed": 1, "value": "всё"}, {"id": 2, "item": 2, "completed": 2, "value": "шум"}],
        },
        event(1, r"\core\event\course_viewed", userid=7, contextlevel=50, contextinstanceid=2, timecreated=SENT),
        event(2, r"\core\event\course_viewed", userid=8, contextlevel=50, contextinstanceid=2, timecreated=NOW_SECONDS - 7200),
    )  # fmt: skip
    return make_moodle(path, rows)


def downloads(folder: Path) -> None:
    """What a teacher of the course downloads; Анна Сорокина8 shows no address in the archive, of course."""
    for name, text in {
        "grades.csv": "First name,Surname,Email address,Assignment: Работа 1 (Real),Quiz: Тест (Real),Course total (Real),Last downloaded from this course\n"
        f"Анна,Сорокина7,User7@example.org,85.50,4.00,-,{SENT}\nАнна,Сорокина8,user8@example.org,-,-,-,{SENT}\n",
        "progress.csv": ',Email address,Работа 1,,Страница,\nАнна Сорокина7,user7@example.org,Completed (achieved pass grade),2026-11-07 21:06:40,'
        "Not completed,\nАнна Сорокина8,user8@example.org,Completed (achieved pass grade),2026-11-07 21:06:40,Not completed,\n",
        "completion.csv": "ID,Name,Email address,Работа 1,Работа 1 - Completion date,Course complete\n"
        "7,Анна Сорокина7,user7@example.org,Completed (achieved pass grade),2026-11-07 21:06:40,2026-11-07 21:06:40\n",
        "feedback.csv": "User full name,Groups,Email address,Date,Что понравилось?\n"
        'Анна Сорокина7,,user7@example.org,"Friday, 6 November 2026, 9:20 PM",всё\n',
        "anonymous.csv": "Response number,Что мешало?\n1,шум\n",
        "participants.csv": "First name,Last name,Email address,Groups\nАнна,Сорокина7,user7@example.org,Поток 1\n"
        "Анна,Сорокина9,user9@example.org,No groups\n",
        "logs.csv": "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address\n"
        "\"6/11/26, 21:20:00\",Анна Сорокина7,-,Course: К-2,System,Course viewed,The user with id '7' viewed the course with id '2'.,web,10.0.0.1\n"
        "\"6/11/26, 21:20:00\",Анна Сорокина7,-,Course: К-2,System,Course viewed,Something that names nobody.,web,10.0.0.1\n"
        "\"6/11/26, 21:25:00\",Анна Сорокина8,-,Course: К-2,System,Course viewed,The user with id '8' viewed the course with id '2'.,web,10.0.0.1\n",
    }.items():  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name, content in {
            "Анна Сорокина7_123_assignsubmission_file/plan.txt": PLAN,
            "Анна Сорокина7_123_assignsubmission_onlinetext/onlinetext.html": "<html><body><p>Моя&nbsp;работа</p></body></html>".encode(),
            "Participant_125_assignsubmission_file/plan.txt": PLAN,
        }.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 8, 12, 0, 0)), content)


SOURCES = (
    Source(name="lms", kind="moodle_db"),
    Source(name="services", kind="moodle_ws", realm="moodle", requests_per_second=1000),
    *(
        Source(name=Path(file).stem if file.isascii() else "work", kind=f"moodle_{kind}", realm="moodle", path=Path(file), course="ЦОС-36")
        for file, kind in {
            "grades.csv": "grades", "progress.csv": "reports", "completion.csv": "reports", "participants.csv": "participants", "logs.csv": "logs",
            ARCHIVE: "submissions",
        }.items()
    ),
    *(Source(name=name, kind="survey_csv", realm="moodle", path=Path(f"{name}.csv")) for name in ("feedback", "anonymous")),
)  # fmt: skip


class Site:
    """The site and its downloads, loaded source by source into one warehouse."""

    def __init__(self, warehouse: Warehouse, folder: Path, address: str) -> None:
        downloads(folder)
        self.database = folder / "moodle.sqlite"
        self.urls = {"lms": database(self.database), "services": f"{address}/moodle/"}
        self.warehouse = warehouse
        self.programme = Programme(id="test", name="Test", folder=folder, time_zone="UTC", languages=("ru", "en"), sources=SOURCES)

    def load(self, *names: str) -> None:
        for name in names:
            for source in SOURCES if name == "all" else [one for one in SOURCES if one.name == name or (name == "downloads" and one.path)]:
                for load in load_source(
                    self.warehouse, self.programme, source, pseudonyms=PSEUDONYMS, run_at=NOON, url=self.urls.get(source.name), token=TOKEN
                ):
                    assert load.state in ("loaded", "unchanged"), load.problem

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return sorted(self.warehouse.rows(query), key=str)

    def told(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is told, without who told it."""
        return {
            "accounts": self.rows("select account_id from raw.accounts"),
            "enrolments": self.rows("select account_id, course_id, role from raw.enrolments"),
            "groups": self.rows("select group_id, name from raw.course_groups where name <> 'Пусто'"),
            "memberships": self.rows("select account_id, group_id from raw.memberships where left_at is null"),
            "tasks": self.rows("select task_id, name, pass_grade, kind from raw.tasks"),
            "submissions": self.rows("select account_id, task_id, attempt, state, words from raw.submissions"),
            "files": self.rows("select submission_id, content_hash from raw.submission_files"),
            "grades": self.rows("select record, account_id, task_id, grade, comment_words from raw.grades where record <> 'history'"),
            "completions": self.rows("select account_id, task_id, state, completed_at from raw.completions"),
            "outcomes": self.rows("select account_id, course_id, kind from raw.outcomes"),
            "posts": self.rows("select message_id, account_id from raw.messages"),
            "activity": self.rows("select account_id, occurred_at from raw.activity"),
            "answers": self.rows("select account_id, item from raw.survey_answers"),
            "deadlines": self.rows("select account_id, task_id, due_at from raw.deadlines"),
        }


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Warehouse.open(None) as opened, serving(FakeMoodle()) as address:
        opened.create_schemas()
        yield Site(opened, tmp_path, address)


EXPECTED = {
    "enrolments": 3, "memberships": 2, "tasks": 4, "submissions": 4, "files": 1, "grades": 8, "outcomes": 2, "posts": 4, "deadlines": 1, "answers": 2,
    # Two marks, a view, and what a report alone tells: the page that nobody has read yet.
    "completions": 5,
    # The log's two, and what somebody did who is in the download only.
    "activity": 3,
    "accounts": 4,
}  # fmt: skip


#: Both ways round always, every order in make check.
ORDERS = [
    pytest.param(
        order,
        marks=() if order in (("lms", "services", "downloads"), ("downloads", "services", "lms")) else pytest.mark.slow,
        id="_".join(order),
    )
    for order in permutations(("lms", "services", "downloads"))
]


@pytest.mark.parametrize("order", ORDERS)
def test_each_row_stands_once_whatever_the_order(order: tuple[str, ...], site: Site):
    site.load(*order)
    told = site.told()
    assert {record: len(told[record]) for record in EXPECTED} == EXPECTED
    assert ("gradebook", who(7), "moodle:task:6", 85.5, 1) in told["grades"]
    assert ("marking", who(7), "moodle:task:6", 85.5, 1) in told["grades"], "the marker's comment is in the database alone"
    assert ("moodle:task:6", "Работа 1", 60.0, "assignment") in told["tasks"], "so is the grade to pass"
    assert (who(9), "moodle:course:2", "curator") in told["enrolments"], "a list names no roles: the fuller source's role stands"
    assert {row[0] for row in told["accounts"]} == {who(native) for native in (7, 8, 9, 33)}
    site.warehouse.connection.execute("drop table temp.united_loads")
    assert unite(site.warehouse) == 0


def test_read_again_nothing_is_doubled_and_the_fuller_source_notices_what_is_gone(site: Site):
    site.load("lms", "services", "downloads")
    before = site.told()
    site.load("services", "lms", "services")
    assert site.told() == before
    change(site.database, "delete from mdl_quiz_attempts where id = 51")
    change(site.database, "update mdl_logstore_standard_log set timecreated = ? where id = 2", [NOW_SECONDS + 8 * DAY])
    site.load("lms")
    assert len(site.told()["submissions"]) == len(before["submissions"]) - 1


@pytest.mark.parametrize(
    "order", [("services", "downloads"), pytest.param(("downloads", "services"), marks=pytest.mark.slow)], ids="_".join
)
def test_without_a_database_downloads_and_services_are_one_too(order: tuple[str, ...], site: Site):
    site.load(*order)
    told = site.told()
    assert [len(told[record]) for record in ("enrolments", "memberships", "submissions", "posts", "outcomes")] == [3, 2, 4, 4, 2]
    assert len([row for row in told["grades"] if row[0] == "gradebook"]) == 6
    assert [row[1:3] for row in told["completions"] if row[0] == who(7)] == [("moodle:task:6", "passed"), ("moodle:task:8", "incomplete")]


def test_newer_services_bring_marks_up_to_date_until_the_database_speaks_again(site: Site):
    site.load("lms")
    site.warehouse.connection.execute("update raw.completions set state = 'incomplete', completed_at = null where state = 'passed'")
    site.load("services")
    assert [row[2] for row in site.told()["completions"]].count("passed") == 2


def test_namesakes_are_never_taken_for_one_another(site: Site):
    change_names = "update mdl_user set firstname = 'Анна', lastname = 'Сорокина7' where id = 8"
    change(site.database, change_names)
    change(site.database, "update mdl_assign_submission set status = 'submitted' where id = 21")
    (site.programme.folder / ARCHIVE).unlink()
    with zipfile.ZipFile(site.programme.folder / ARCHIVE, "w") as archive:
        for number, text in ((123, "Моя&nbsp;работа"), (124, "Совсем другая")):
            archive.writestr(f"Анна Сорокина7_{number}_assignsubmission_onlinetext/onlinetext.html", f"<html><p>{text}</p></html>")
    site.load("lms", "work")
    ids = {row[0] for row in site.rows("select submission_id from raw.submissions where kind = 'assignment'")}
    assert ids == {"moodle:submission:20", "moodle:submission:21", "moodle:submission:participant:124"}, (
        "the same words tell whose the first is"
    )


def test_tables_in_own_words_are_fuller_than_services(site: Site):
    """Marks and attempts have ids of their own there, unless somebody writes the database's out."""
    site.warehouse.connection.execute(
        f"""
        insert into raw.loads select 'l', 'tables', 'generic', 'x', 'f', 1, 'loaded', null, null, null, 0, 0, 0, null, now();
        insert into raw.submissions (submission_id, kind, account_id, task_id, attempt, state, source, load_id)
            values ('moodle:submission:50', 'quiz', '{who(7)}', 'moodle:task:7', 0, 'submitted', 'tables', 'l');
        insert into raw.grades (grade_id, record, account_id, task_id, grade, source, load_id)
            values ('moodle:grade:30', 'marking', '{who(7)}', 'moodle:task:6', 85.5, 'tables', 'l')
        """
    )
    site.load("services")
    ids = {row[0] for row in site.rows("select submission_id from raw.submissions where kind = 'quiz'")}
    assert ids == {"moodle:submission:50", "moodle:attempt:51"}
    marks = {row[0] for row in site.rows("select grade_id from raw.grades where record = 'marking'")}
    assert marks == {"moodle:grade:30", "moodle:marking:31"}


@pytest.mark.parametrize("order", [("people", "forum", "done", "teachers"), ("teachers", "done", "forum", "people")], ids="_".join)
def test_with_downloads_alone_a_completion_report_and_a_list_of_teachers_say_whose_the_numbers_are(
    order: tuple[str, ...], site: Site, tmp_path: Path
):
    """The forum's export knows people by number, the list of participants by address; the completion report has both, but no teachers."""
    files = {
        "people": "First name,Last name,Email address,Roles\nАнна,Сорокина,Anna@example.org,Student\nОльга,Белова,olga@example.org,Teacher\n",
        "forum": "id,discussion,parent,userid,userfullname,created,modified,subject,message\n"
        f"1,5,0,7,Анна Сорокина,{SENT},{SENT},Зачёт,<p>Когда?</p>\n2,5,1,9,Ольга Белова,{SENT + 60},{SENT + 60},Зачёт,<p>Завтра</p>\n",
        "done": "ID,Name,Email address,Работа 1,Работа 1 - Completion date,Course complete\n"
        "7,Анна Сорокина,anna@example.org,Completed,2026-11-07 21:06:40,2026-11-07 21:06:40\n",
        "teachers": "account_id,email\n9,olga@example.org\n",
    }
    kinds = {"people": "moodle_participants", "forum": "moodle_forums", "done": "moodle_reports", "teachers": "generic"}
    for name, text in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / ("accounts.csv" if name == "teachers" else f"{name}.csv")).write_text(text, encoding="utf-8")
    sources = tuple(Source(name=name, kind=kinds[name], realm="moodle", path=Path(name), course="ЦОС-36") for name in order)
    programme = Programme(id="test", name="Test", folder=tmp_path, time_zone="UTC", sources=sources)
    for source in sources:
        for load in load_source(site.warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=NOON):
            assert load.state == "loaded", load.problem
    roles = "select post.account_id, role from raw.messages as post left join raw.enrolments using (account_id) order by post.sent_at"
    assert site.warehouse.rows(roles) == [(who(7), "learner"), (who(9), "curator")]
    assert site.warehouse.value("select count(*) from raw.accounts") == 2
