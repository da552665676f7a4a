"""A small invented programme, written straight into raw, links, personal and risk: one situation per person.

Course A-36 (5 October – 15 November 2026, two streams by group, marked blind in its second task) has ended on the day the tests
speak from; course B-36 (2 November – 13 December, one declared stream) runs. All names and addresses are invented.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.calendar import write_programme
from pipelines.programme import Course, Programme, Stream
from pipelines.warehouse import Warehouse

AS_OF = date(2026, 11, 20)
ZONE = ZoneInfo("Europe/Moscow")
A, B = "m:course:1", "m:course:2"
A1, A2, TEAM, B1 = "m:group:1", "m:group:2", "m:group:3", "m:group:4"

PROGRAMME = Programme(
    id="trial",
    name="Trial",
    courses=(Course(code="B-36", streams=(Stream(code="nov", group="b-november", title="Ноябрьский поток"),)),),
)

#: Learner → (course, groups joined at the start). What each is there for stands in the lines below.
LEARNERS = {
    "anna": (A, [A1]),  # does everything
    "boris": (A, [A1]),  # completes with copied work, idle webinars and nothing opened
    "vera": (A, [A1]),  # stops in the second week
    "gleb": (A, [A1]),  # never starts
    "dina": (A, []),  # moves from stream 1 to stream 2
    "egor": (A, [A2]),  # is unenrolled on 20 October
    "inna": (A, [A2]),  # has an extension
    "lev": (A, [A1, A2]),  # is in two streams at once
    "tanya": (A, [A2]),  # learns in A, teaches in B
    "kira": (B, [B1]),  # asks and waits
    "oleg": (B, [B1]),  # missed two tasks in a row
    "pavel": (B, [B1]),  # never started, notice bounced
    "rita": (B, []),  # is in no group
    "sonya": (B, [B1]),  # does not react to notices
}
CURATORS = {"cur1": (A, [A1]), "cur2": (A, [A2]), "tanya": (B, [B1])}


def at(day: str, clock: str = "12:00") -> datetime:
    """A moment of the programme's zone: at("10-07", "09:30")."""
    month, number = day.split("-")
    hour, minute = clock.split(":")
    return datetime(2026, int(month), int(number), int(hour), int(minute), tzinfo=ZONE)


def account(name: str, realm: str = "m") -> str:
    return f"{realm}:account:{name}"


class Rows:
    """Rows per table, with the loader's columns filled in."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._activity = 0

    def add(self, table: str, **values: Any) -> None:
        self.tables[table].append(values)

    def act(
        self, name: str | None, moment: datetime, action: str = "viewed", task: str | None = None, course: str | None = A, **more: Any
    ) -> None:
        """A row of the log."""
        self._activity += 1
        values = {
            "activity_id": f"m:log:{self._activity}", "account_id": account(name) if name else None, "course_id": course, "task_id": task,
            "occurred_at": moment, "action": action, "event": action, "origin": "web", "is_impersonated": False, "is_anonymous": False,
        }  # fmt: skip
        self.add("raw.activity", **{**values, **more})

    def hand_in(self, name: str, task: str, moment: datetime, *, course: str = A, kind: str = "assignment", **more: Any) -> str:
        """A submission that was handed in; returns its id."""
        values = {
            "submission_id": f"m:submission:{name}:{task}:{more.get('attempt', 0)}", "kind": kind, "account_id": account(name), "task_id": task,
            "course_id": course, "attempt": 0, "is_latest": True, "state": "submitted", "is_team": False, "is_preview": False,
            "created_at": moment, "submitted_at": moment, "words": 200 if kind == "assignment" else None, "files": 0,
        }  # fmt: skip
        self.add("raw.submissions", **{**values, **more})
        return str({**values, **more}["submission_id"])

    def mark(self, name: str, task: str, grade: float, moment: datetime, *, record: str = "marking", course: str = A, **more: Any) -> None:
        """A grade in one of the books."""
        attempt = more.get("attempt", 0)
        values = {
            "grade_id": f"m:{record}:{name}:{task}:{attempt}", "record": record, "account_id": account(name), "task_id": task, "course_id": course,
            "grader_account_id": account("cur1") if record == "marking" else None, "attempt": attempt if record == "marking" else None,
            "grade": grade, "max_grade": 100.0, "is_released": True, "is_overridden": False, "graded_at": moment,
        }  # fmt: skip
        self.add("raw.grades", **{**values, **more})

    def write(self, warehouse: Warehouse) -> None:
        """Replace every table of the schemas by the rows collected."""
        for table, rows in sorted(self.tables.items()):
            columns = warehouse.columns(table)
            filled = [{"source": "trial", "load_id": "load1", **row} for row in rows]
            types = {name: _ARROW[kind] for name, kind in columns.items()}
            frame = pa.table({name: pa.array([row.get(name) for row in filled], types[name]) for name in columns})
            warehouse.replace(table, frame)


_ARROW = {
    "VARCHAR": pa.string(), "BOOLEAN": pa.bool_(), "DOUBLE": pa.float64(), "INTEGER": pa.int32(), "BIGINT": pa.int64(),
    "DATE": pa.date32(), "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}  # fmt: skip


def programme_rows() -> Rows:
    """The whole invented programme."""
    rows = Rows()
    _people(rows)
    _courses(rows)
    _work(rows)
    _messages(rows)
    _webinars(rows)
    _around(rows)
    return rows


def build(path: Path, rows: Rows | None = None) -> Path:
    """Write the programme into a new warehouse file, closed when it returns."""
    with Warehouse.open(path) as warehouse:
        warehouse.create_schemas()
        (rows or programme_rows()).write(warehouse)
        write_programme(warehouse, PROGRAMME, from_day=date(2026, 9, 1), until_day=date(2026, 12, 31))
    return path


def _people(rows: Rows) -> None:
    names = sorted({*LEARNERS, *CURATORS, "admin"})
    for number, name in enumerate(names):
        rows.add(
            "raw.accounts",
            account_id=account(name),
            realm="m",
            channel="lms",
            is_service=name == "admin",
            created_at=at("08-01") + timedelta(minutes=number),
            lang="ru",
        )
        rows.add(
            "personal.accounts", account_id=account(name), last_name=f"{name.upper()}ОВА" if name == "anna" else f"{name.title()}ova",
            first_name="ИМЯ  ОТЧЕСТВО" if name == "anna" else "Имя", email=f"{name}@school.example", phone="+70000000000" if name == "pavel" else None,
        )  # fmt: skip
        rows.add("links.people", account_id=account(name), person_id=f"p-{name}", state="linked", rule="anchor", score=1.0)
    for name in ("kira", "vera"):
        rows.add("raw.accounts", account_id=account(name, "t"), realm="t", channel="chat")
        rows.add("links.people", account_id=account(name, "t"), person_id=f"p-{name}", state="linked", rule="name", score=0.95)
    for name in ("pavel", "sonya", "kira", "tanya"):
        rows.add("raw.accounts", account_id=account(name, "mail"), realm="mail", channel="mail")
        rows.add("links.people", account_id=account(name, "mail"), person_id=f"p-{name}", state="linked", rule="address", score=1.0)
    rows.add("raw.accounts", account_id=account("stranger", "t"), realm="t", channel="chat")
    rows.add("links.people", account_id=account("stranger", "t"), person_id=None, state="unlinked", rule="none")


def _courses(rows: Rows) -> None:
    rows.add(
        "raw.courses",
        course_id=A,
        code="A-36",
        name="Курс А",
        name_en="Course A",
        starts_at=at("10-05", "00:00"),
        ends_at=at("11-16", "00:00"),
    )
    rows.add("raw.courses", course_id=B, code="B-36", name="Курс Б", starts_at=at("11-02", "00:00"), ends_at=at("12-14", "00:00"))
    for group, course, code, name in (
        (A1, A, "A-potok-1", "Поток 1"),
        (A2, A, "A-potok-2", "Поток 2"),
        (TEAM, A, None, "Команда"),
        (B1, B, "b-november", "Ноябрь"),
    ):
        rows.add("raw.course_groups", group_id=group, course_id=course, code=code, name=name)
    for name, (course, groups) in LEARNERS.items():
        removed = at("10-20") if name == "egor" else None
        rows.add(
            "raw.enrolments", enrolment_id=f"m:enrolment:{name}", account_id=account(name), course_id=course, role="learner", method="manual",
            state="removed" if removed else "active", created_at=at("10-01" if course == A else "10-30", "10:00"), removed_at=removed, enrolled_by=account("admin"),
        )  # fmt: skip
        for group in groups:
            rows.add(
                "raw.memberships",
                membership_id=f"m:membership:{group}:{name}",
                group_id=group,
                account_id=account(name),
                joined_at=at("10-01" if course == A else "10-30"),
                left_at=removed,
            )
    for name, (course, groups) in CURATORS.items():
        rows.add(
            "raw.enrolments",
            enrolment_id=f"m:enrolment:{name}:curator",
            account_id=account(name),
            course_id=course,
            role="curator",
            method="manual",
            state="active",
            created_at=at("09-30"),
        )
        for group in groups:
            rows.add(
                "raw.memberships",
                membership_id=f"m:membership:{group}:{name}:curator",
                group_id=group,
                account_id=account(name),
                joined_at=at("09-30"),
            )
    # A curator who tries the course with a learner's role as well is no learner of it.
    rows.add(
        "raw.enrolments",
        enrolment_id="m:enrolment:cur1:learner",
        account_id=account("cur1"),
        course_id=A,
        role="learner",
        method="self",
        state="active",
        created_at=at("10-02"),
    )
    rows.add(
        "raw.memberships",
        membership_id="m:membership:1:dina",
        group_id=A1,
        account_id=account("dina"),
        joined_at=at("10-01"),
        left_at=at("10-10"),
    )
    rows.add("raw.memberships", membership_id="m:membership:2:dina", group_id=A2, account_id=account("dina"), joined_at=at("10-10"))
    # The team: inna joined in time, lev left before it handed in.
    rows.add("raw.memberships", membership_id="m:membership:3:inna", group_id=TEAM, account_id=account("inna"), joined_at=at("10-06"))
    rows.add("raw.memberships", membership_id="m:membership:3:dina", group_id=TEAM, account_id=account("dina"), joined_at=at("10-06"))
    rows.add(
        "raw.memberships",
        membership_id="m:membership:3:lev",
        group_id=TEAM,
        account_id=account("lev"),
        joined_at=at("10-06"),
        left_at=at("10-20"),
    )
    tasks = [
        # id, course, kind, due, required, more
        ("a1", A, "assignment", at("10-12", "23:59"), True, {}),
        ("a2", A, "assignment", at("10-26", "23:59"), True, {"is_blind": True}),
        ("a3", A, "assignment", at("11-01", "23:59"), False, {"is_team": True}),
        ("aq", A, "quiz", at("11-08", "23:59"), True, {"pass_grade": 6.0, "max_grade": 10.0}),
        ("ap1", A, "page", None, False, {}), ("ap2", A, "page", None, False, {}), ("ap3", A, "file", None, False, {}),
        ("b1", B, "assignment", at("11-09", "23:59"), True, {}),
        ("b2", B, "assignment", at("11-16", "00:00"), True, {}),
        ("b3", B, "assignment", at("11-30", "23:59"), True, {}),
        ("bp1", B, "page", None, False, {}),
    ]  # fmt: skip
    for name, course, kind, due, required, more in tasks:
        values = {"max_grade": 100.0 if kind == "assignment" else None, **more}
        rows.add(
            "raw.tasks",
            task_id=name,
            course_id=course,
            kind=kind,
            name=f"Задание {name}",
            due_at=due,
            is_required=required,
            is_deleted=False,
            **values,
        )
    # Task < group override < user override < extension.
    rows.add("raw.deadlines", deadline_id="d1", task_id="a1", group_id=A2, rule="group_override", due_at=at("10-19", "23:59"))
    rows.add("raw.deadlines", deadline_id="d2", task_id="a1", account_id=account("inna"), rule="user_override", due_at=at("10-21", "23:59"))
    rows.add(
        "raw.deadlines",
        deadline_id="d3",
        task_id="a1",
        account_id=account("inna"),
        rule="extension",
        due_at=at("10-25", "23:59"),
        granted_at=at("10-18"),
    )
    rows.add("raw.deadlines", deadline_id="d4", task_id="a2", account_id=account("tanya"), rule="user_override", due_at=None)


def _work(rows: Rows) -> None:
    # Three rows of one click are one action; the view right after it as well.
    for action in ("uploaded", "submitted", "viewed", "completed"):
        rows.act("anna", at("10-10", "20:00"), action, "a1")
    for number, page in enumerate(("ap1", "ap2", "ap3")):
        rows.act("anna", at("10-06", f"1{number}:00"), "viewed", page)
    rows.act("anna", at("10-06", "18:00"), "viewed", "ap1", is_anonymous=True)
    rows.act("anna", at("10-07", "09:00"), "viewed", "ap1", is_impersonated=True)
    rows.act(None, at("10-07", "09:00"), "login_failed", course=None)
    rows.act("anna", at("10-07", "09:01"), "logged_in", course=None)
    rows.act("anna", at("10-11", "09:00"), "graded", "a1")
    rows.act("cur1", at("10-07", "09:00"), "viewed", "ap1")
    for name, days in {"boris": ["10-10", "10-24", "11-05"], "vera": ["10-06", "10-12"], "dina": ["10-08", "10-18", "11-01"], "egor": ["10-06"],
                       "inna": ["10-24", "10-26", "11-10"], "lev": ["10-12"], "tanya": ["10-13"]}.items():  # fmt: skip
        for day in days:
            rows.act(name, at(day, "19:00"))
    for name, days in {
        "kira": ["11-03", "11-08", "11-15", "11-20"],
        "oleg": ["11-03"],
        "rita": ["11-18"],
        "sonya": ["11-03", "11-14"],
    }.items():
        for day in days:
            rows.act(name, at(day, "19:00"), course=B)
    rows.act("kira", at("11-21", "09:00"), course=B)  # after the day the tests speak from

    rows.hand_in("anna", "a1", at("10-10", "20:00"))
    rows.hand_in("boris", "a1", at("10-11", "20:00"))
    rows.hand_in("vera", "a1", at("10-12", "23:00"))
    rows.hand_in("inna", "a1", at("10-24", "12:00"))
    rows.hand_in("dina", "a1", at("10-18", "12:00"))
    rows.hand_in("tanya", "a1", at("10-13", "12:00"), state="draft", submitted_at=None)
    rows.hand_in("lev", "a1", at("10-12", "12:00"), is_latest=False)
    rows.hand_in("lev", "a1", at("10-15", "12:00"), attempt=1, state="reopened", submitted_at=None)
    for name in ("anna", "boris", "inna"):
        rows.hand_in(name, "a2", at("10-24", "12:00"))
    rows.hand_in("team", "a3", at("10-30", "12:00"), account_id=None, group_id=TEAM, is_team=True)
    for name in ("inna", "dina"):
        rows.hand_in(name, "a3", at("10-30", "12:00"), is_team=True, words=None)
    rows.hand_in("anna", "aq", at("11-05"), kind="quiz", score=9.0, max_score=10.0, seconds_spent=600.0)
    rows.hand_in("boris", "aq", at("11-05"), kind="quiz", score=8.0, max_score=10.0, seconds_spent=30.0)
    rows.hand_in("kira", "b1", at("11-08"), course=B)
    rows.hand_in("kira", "b2", at("11-15", "23:50"), course=B)
    rows.hand_in("kira", "b3", at("11-22"), course=B)
    rows.hand_in("sonya", "b1", at("11-14"), course=B)

    for name, grade in (("anna", 90.0), ("boris", 80.0), ("vera", 30.0), ("inna", 70.0)):
        rows.mark(name, "a1", grade, at("10-26", "18:00"))
        rows.mark(
            name, "a1", grade + (5.0 if name == "anna" else 0.0), at("10-26", "18:00"), record="gradebook", is_overridden=name == "anna"
        )
        rows.add("links.feedback", grade_id=f"m:marking:{name}:a1:0", kind="substantive" if name == "anna" else "formal", rule="words")
    rows.mark("lev", "a1", 20.0, at("10-14"))
    rows.add("links.feedback", grade_id="m:marking:lev:a1:0", kind="returned", rule="words")
    for name in ("anna", "boris"):  # marked blind: in no gradebook
        rows.mark(name, "a2", 75.0, at("11-02"), is_released=False)
        rows.mark(name, "aq", 8.0, at("11-05"), record="quiz", max_grade=10.0)
    rows.mark("egor", "a1", 55.0, at("10-15"), record="history")
    rows.add(
        "raw.outcomes", outcome_id="m:certificate:1", account_id=account("inna"), course_id=A, kind="certificate", reached_at=at("11-14")
    )
    rows.add(
        "raw.completions",
        completion_id="m:viewed:1",
        account_id=account("inna"),
        task_id="ap1",
        course_id=A,
        state="viewed",
        completed_at=at("10-24", "19:00"),
    )

    rows.add(
        "links.copies", later_id="m:submission:boris:a1:0", earlier_id="m:submission:anna:a1:0", earlier_kind="submission", kind="learner", task_id="a1", matched_words=180,
        later_share=0.9, earlier_share=0.9, longest_run=120, hidden_characters=0, homoglyphs=3, same_file=False, direction_certainty=0.95, rule_version=1,
    )  # fmt: skip
    rows.add(
        "links.copies", later_id="m:submission:boris:a2:0", earlier_id="t:message:leak", earlier_kind="message", kind="leak", task_id="a2", matched_words=150,
        later_share=0.75, earlier_share=0.9, longest_run=120, hidden_characters=0, homoglyphs=0, same_file=False, direction_certainty=1.0, rule_version=1,
    )  # fmt: skip
    rows.add(
        "links.copies", later_id="m:submission:inna:a1:0", earlier_id="m:submission:anna:a1:0", earlier_kind="submission", kind="learner", task_id="a1", matched_words=20,
        later_share=0.1, earlier_share=0.1, longest_run=9, hidden_characters=0, homoglyphs=0, same_file=False, direction_certainty=0.9, rule_version=1,
    )  # fmt: skip


def _messages(rows: Rows) -> None:
    rows.add("raw.chats", chat_id="m:forum:A", channel="forum", kind="forum", course_id=A)
    rows.add("raw.chats", chat_id="t:chat:B", channel="chat", kind="supergroup")
    rows.add("raw.chats", chat_id="mail:chat", channel="mail", kind="mailbox")
    rows.add("links.places", place_id="t:chat:B", kind="chat", course_id=B, rule="members", score=1.0)

    def say(
        number: str,
        name: str,
        moment: datetime,
        chat: str,
        text: str,
        question: bool = False,
        technical: bool = False,
        burst: str | None = None,
        **more: Any,
    ) -> None:
        realm = {"t:chat:B": "t", "mail:chat": "mail"}.get(chat, "m")
        channel = {"t:chat:B": "chat", "mail:chat": "mail"}.get(chat, "forum")
        values = {"channel": channel, "chat_id": chat, "account_id": account(name, realm), "sent_at": moment, "kind": "post", "words": len(text.split()),
                  "course_id": A if chat == "m:forum:A" else None, "is_to_list": False}  # fmt: skip
        rows.add("raw.messages", message_id=number, **{**values, **more})
        rows.add(
            "personal.messages", message_id=number, text=None if channel == "mail" else text, subject=text if channel == "mail" else None
        )
        if question or technical:
            rows.add(
                "links.questions",
                message_id=number,
                is_question=question,
                is_technical=technical,
                score=1.0,
                rule="mark",
                burst_id=burst or number,
            )

    def answer(question: str, reply: str, role: str, kind: str) -> None:
        rows.add("links.replies", question_id=question, answer_id=reply, role=role, kind=kind, rule="thread", score=1.0)

    # Asked on Friday 17:00; "I will find out" on Saturday is no answer; answered on Monday 10:00: two working hours.
    say("q1", "anna", at("10-09", "17:00"), "m:forum:A", "Когда вебинар?", question=True)
    say("q1-holding", "cur1", at("10-10", "10:00"), "m:forum:A", "Уточню")
    say("q1-answer", "cur1", at("10-12", "10:00"), "m:forum:A", "Вебинар пройдёт в среду в шесть часов")
    say("q1-peer", "boris", at("10-09", "18:00"), "m:forum:A", "В среду кажется")
    answer("q1", "q1-holding", "curator", "holding")
    answer("q1", "q1-answer", "curator", "substantive")
    answer("q1", "q1-peer", "peer", "substantive")
    # A burst of two messages is one question; asked on the eve of 4 November (a holiday), open.
    say("q2", "kira", at("11-18", "20:00"), "t:chat:B", "Файл не прикрепляется", question=True, technical=True)
    say("q2b", "kira", at("11-18", "20:01"), "t:chat:B", "Что делать?", question=True, burst="q2")
    say("q2c", "kira", at("11-18", "20:02"), "t:chat:B", "Не туда написала", burst="q2", question=True, deleted_at=at("11-18", "20:03"))
    say("q3", "kira", at("11-03", "17:00"), "t:chat:B", "Где ссылка на вебинар?", question=True)
    say("q3-answer", "tanya", at("11-05", "10:00"), "t:chat:B", "Ссылка в разделе один", account_id=account("tanya"))
    answer("q3", "q3-answer", "curator", "substantive")
    say(
        "q4",
        "vera",
        at("10-20", "12:00"),
        "m:forum:A",
        "Как сдать?",
        question=True,
        deleted_at=at("10-20", "12:10"),
        account_id=account("vera"),
    )
    say("q5", "cur1", at("10-20", "12:00"), "m:forum:A", "Кто ещё не сдал?", question=True)
    say("q6", "stranger", at("11-10", "12:00"), "t:chat:B", "Можно рекламу?", question=True)
    say("t:message:leak", "stranger", at("10-23", "09:00"), "t:chat:B", "Готовый ответ")
    for question in ("q1", "q3"):
        rows.add("links.repeated_questions", message_id=question, cluster_id="q1", score=0.9)
    rows.add(
        "links.repeated_answers", cluster_id="q1", answer_id="a1", questions=1, centrality=0.0, relevance=0.0, is_thanked=True, is_corrected=False, is_personal=False, score=0.6, place=1
    )  # fmt: skip
    # A letter states no course: the one whose curator it was written to.
    say("letter", "kira", at("11-20", "08:00"), "mail:chat", "Вопрос", question=True)
    rows.add("raw.addressees", message_id="letter", account_id=account("tanya", "mail"), role="to")
    say("later", "kira", at("11-21", "08:00"), "mail:chat", "Завтрашний", question=True)
    # The last letter to her address came back, the one before it only late.
    say("sent", "tanya", at("11-20", "06:00"), "mail:chat", "О сроках")
    rows.add("raw.addressees", message_id="sent", account_id=account("kira", "mail"), role="to")
    for number, (letter, state) in enumerate((("notice:third", "delayed"), ("sent", "failed"))):
        rows.add(
            "raw.messages",
            message_id=f"report{number}",
            channel="mail",
            chat_id="mail:chat",
            sent_at=at("11-20", "07:00"),
            kind="delivery_report",
            about_message_id=letter,
            about_account_id=account("kira", "mail"),
            delivery_state=state,
        )
    # A curator's answer that came back, and one of which only a colleague's copy did: the first answered nobody.
    for number, returned in enumerate(("kira", "tanya")):
        say(f"lost{number}", "kira", at("11-19", "08:00"), "mail:chat", "Вопрос", question=True)
        rows.add("raw.addressees", message_id=f"lost{number}", account_id=account("tanya", "mail"), role="to")
        say(f"lost{number}-answer", "cur1", at("11-19", "09:00"), "mail:chat", "Ответ")
        for name in ("kira", "tanya"):
            rows.add(
                "raw.addressees", message_id=f"lost{number}-answer", account_id=account(name, "mail"), role="to" if name == "kira" else "cc"
            )
        answer(f"lost{number}", f"lost{number}-answer", "curator", "substantive")
        rows.add(
            "raw.messages", message_id=f"lost{number}-report", channel="mail", chat_id="mail:chat", sent_at=at("11-19", "09:01"), kind="delivery_report",
            about_message_id=f"lost{number}-answer", about_account_id=account(returned, "mail"), delivery_state="failed",
        )  # fmt: skip
    for number, (day, name) in enumerate((("11-02", "first"), ("11-09", "second"), ("11-16", "third"))):
        notice = f"notice:{name}"
        say(notice, "tanya", at(day, "10:00"), "mail:chat", f"Объявление {number + 1}", is_to_list=True)
        for learner in ("pavel", "sonya", "kira"):
            rows.add("raw.addressees", message_id=notice, account_id=account(learner, "mail"), role="to")
        for learner in ("sonya", "kira", "pavel"):
            kind = "bounce" if learner == "pavel" else "read_receipt" if learner == "kira" or name == "first" else "none"
            rows.add(
                "links.acknowledgements",
                notice_id=notice,
                person_id=f"p-{learner}",
                kind=kind,
                acknowledged_at=None if kind == "none" else at(day, "12:00"),
            )


def _webinars(rows: Rows) -> None:
    for number, day in enumerate(("10-14", "10-28"), start=1):
        webinar = f"z:webinar:{number}"
        rows.add("raw.webinars", webinar_id=webinar, course_id=A, starts_at=at(day, "18:00"), ends_at=at(day, "19:00"), minutes=60.0)
        # anna reconnects and holds a second device: 18:00–18:30, 18:20–18:40 and 18:50–19:00 are 50 minutes.
        for stay, (name, joined, left) in enumerate(
            (
                ("anna", "18:00", "18:30"),
                ("anna", "18:20", "18:40"),
                ("anna", "18:50", "19:00"),
                ("boris", "18:00", "20:00"),
                ("vera", "18:50", "19:00"),
            )
        ):
            rows.add(
                "raw.attendance",
                attendance_id=f"{webinar}:{stay}",
                webinar_id=webinar,
                account_id=account(name),
                joined_at=at(day, joined),
                left_at=at(day, left),
                minutes=1.0,
            )


def _around(rows: Rows) -> None:
    rows.add("raw.loads", load_id="load1", source="trial", kind="moodle_db", item="database", fingerprint="f", reader_version=1, state="loaded",
             covers_until=at("11-20", "23:00"), rows_seen=100, rows_kept=99, rows_rejected=1, loaded_at=at("11-21", "04:00"))  # fmt: skip
    rows.add("raw.loads", load_id="load2", source="mail", kind="mailbox", item="", fingerprint="missing", reader_version=1, state="failed", problem="no folder",
             rows_seen=0, rows_kept=0, rows_rejected=0, loaded_at=at("11-21", "04:00"))  # fmt: skip
    for number in range(12):
        rating = 5 if number < 9 else 2
        rows.add(
            "raw.survey_answers",
            answer_id=f"s:{number}",
            survey_id="s",
            response_id=f"r{number}",
            course_id=A,
            item="Практическая направленность",
            rating=rating,
            answered_at=at("11-14"),
        )
    for day, level in (("11-17", "low"), ("11-19", "medium"), ("11-20", "high")):
        for name in ("oleg", "kira"):
            rows.add("risk.scores", day=at(day).date(), person_id=f"p-{name}", stream_id="B-36/nov", target="dropout", score=0.8 if name == "oleg" else 0.1,
                     level=level if name == "oleg" else "low", basis="rules", model_id="rules")  # fmt: skip
    rows.add(
        "risk.reasons",
        day=AS_OF,
        person_id="p-oleg",
        stream_id="B-36/nov",
        target="dropout",
        rank=1,
        code="missed_tasks",
        feature="tasks_missed_in_row",
        value=2.0,
        baseline=0.0,
        contribution=1.0,
    )
