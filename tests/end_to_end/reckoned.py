"""The numbers of a weekly report reckoned from the exports of a simulated programme and from the simulator's truth, in pandas.

Nothing of the product is used: no model, no reader, no link, no threshold. What stands here is the definition as people read it, once more; where a
definition's number is a threshold, it is written out, so that a changed threshold is noticed too.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import statistics
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

ZONE = ZoneInfo("Europe/Moscow")
HOUR = 3600.0
#: Rows of the log that a learner's own act writes, by the last part of the event's name, are all but these: they happen to a learner.
NOT_AN_ACT = {
    "course_module_completion_updated",
    "user_graded",
    "course_completed",
    "issue_created",
    "user_enrolment_created",
    "group_member_added",
}
ASPECTS = {
    "content": "содержание", "practice": "практикоориентированность", "methods": "методики", "communication": "коммуникация",
    "equipment": "техническое оснащение", "time": "время", "information": "информационная связь", "group_size": "количество человек в группе",
    "certificates": "сертифицирование", "feedback": "обратная связь",
}  # fmt: skip


def day_of(moment: float) -> date:
    """The day in Moscow."""
    return datetime.fromtimestamp(moment, ZONE).date()


def kaplan_meier(durations: list[float], ended: list[bool], at: float) -> float | None:
    """Share ended by ``at`` hours; None where the last one watched left before that and the curve has not come down."""
    left = sorted(zip(durations, ended, strict=True))
    still = 1.0
    for moment in sorted({duration for duration, over in left if over and duration <= at}):
        waiting = sum(duration >= moment for duration, _ in left)
        now = sum(duration == moment and over for duration, over in left)
        still *= 1 - now / waiting
    if left[-1][0] < at and still > 0:
        return None
    return 1 - still


def median_by_kaplan_meier(durations: list[float], ended: list[bool]) -> float | None:
    """Hours after which half have ended; None where fewer have."""
    for moment in sorted({duration for duration, over in zip(durations, ended, strict=True) if over}):
        share = kaplan_meier(durations, ended, moment)
        if share is not None and share >= 0.5 - 1e-9:
            return moment
    return None


class Reckoned:
    """A programme's exports and truth, as known at the end of a Sunday."""

    def __init__(self, exports: Path, week_ends_on: date) -> None:
        self.exports, self.until = exports, week_ends_on
        self._read: dict[str, pd.DataFrame] = {}
        self._due: dict[str, dict[int, dict[int, float]]] = {}
        self.end = datetime.combine(week_ends_on + timedelta(days=1), datetime.min.time(), ZONE).timestamp()

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = self._fetched(name)
        return self._read[name].copy()

    def _fetched(self, name: str) -> pd.DataFrame:
        with sqlite3.connect(f"file:{self.exports}/lms/moodle.sqlite?mode=ro", uri=True) as lms:
            return pd.read_sql(f"select * from mdl_{name}", lms)

    def _truth(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.exports / "truth" / f"{name}.json").read_text(encoding="utf-8"))
        return found

    # -- who learns where --------------------------------------------------------------------------------------------------

    @cached_property
    def streams(self) -> dict[str, dict[str, Any]]:
        """Stream → course (Moodle's id), first and last day, members with the day of their enrolment."""
        courses = self._table("course").set_index("shortname")["id"]
        groups = self._table("groups").set_index("idnumber")["id"]
        members, enrolments, enrol = self._table("groups_members"), self._table("user_enrolments"), self._table("enrol")
        course_of = enrol.set_index("id")["courseid"]
        enrolments["course"] = enrolments["enrolid"].map(course_of)
        enrolments["since"] = enrolments[["timestart", "timecreated"]].max(axis=1)
        learners = {person["moodle_user_id"] for person in self._truth("people") if person["role"] == "learner"}
        found = {}
        for row in self._truth("streams"):
            course = int(courses[row["course"]])
            users = set(members.loc[members["groupid"] == groups[row["group"]], "userid"]) & learners
            own = enrolments[(enrolments["course"] == course) & enrolments["userid"].isin(users)]
            since = {int(user): day_of(moment) for user, moment in own.groupby("userid")["since"].min().items()}
            found[row["stream"]] = {
                "course": course,
                "from": date.fromisoformat(row["starts"]),
                "to": date.fromisoformat(row["ends"]),
                "since": since,
            }
        return found

    def running(self, day: date) -> dict[str, dict[str, Any]]:
        """Streams that run on that day."""
        return {name: stream for name, stream in self.streams.items() if stream["from"] <= day <= stream["to"]}

    def of_week(self) -> dict[str, dict[str, Any]]:
        """Streams that ran on a day of the week."""
        return {name: one for name, one in self.streams.items() if one["from"] <= self.until and one["to"] > self.until - timedelta(days=7)}

    def enrolled(self, stream: dict[str, Any], day: date) -> set[int]:
        """Who had been enrolled by that day."""
        return {user for user, since in stream["since"].items() if since <= day}

    # -- what they did -----------------------------------------------------------------------------------------------------------

    @cached_property
    def acts(self) -> pd.DataFrame:
        """user, course, moment of every act: in the LMS's log, in a chat, by mail, in a webinar."""
        log = self._table("logstore_standard_log")
        names = log["eventname"].str.rsplit("\\", n=1).str[-1]
        rows = [log.loc[~names.isin(NOT_AN_ACT), ["userid", "courseid", "timecreated"]].set_axis(["user", "course", "at"], axis=1)]
        people = {person["chat_user"]: person["moodle_user_id"] for person in self._truth("people") if person.get("chat_user")}
        course_of = {name: stream["course"] for name, stream in self.streams.items()}
        by_code = {name.rsplit("/", 1)[0]: course for name, course in course_of.items()}
        said = []
        for file in self.exports.glob("telegram/*/result.json"):
            course = by_code[file.parent.name.split("_")[0]]
            for message in json.loads(file.read_text(encoding="utf-8"))["messages"]:
                if message["type"] == "message" and message.get("from_id") in people:
                    said.append((people[message["from_id"]], course, float(message["date_unixtime"])))
        for question in self._truth("questions"):
            if question["channel"] in ("mail", "direct", "forum"):
                said.append((question["moodle_user_id"], course_of[question["stream"]], question["asked_unix"]))
        for webinar in self._truth("attendance"):
            said += [(person["moodle_user_id"], course_of[webinar["stream"]], webinar["starts_unix"]) for person in webinar["people"]]
        rows.append(pd.DataFrame(said, columns=["user", "course", "at"]))
        acts = pd.concat(rows)
        return acts[acts["at"] < self.end]

    def acted(self, course: int, since: date, until: date) -> set[int]:
        """Who did anything in the course in these days."""
        first = datetime.combine(since, datetime.min.time(), ZONE).timestamp()
        last = datetime.combine(until + timedelta(days=1), datetime.min.time(), ZONE).timestamp()
        acts = self.acts
        return set(acts.loc[(acts["course"] == course) & (acts["at"] >= first) & (acts["at"] < last), "user"])

    # -- works and marks ---------------------------------------------------------------------------------------------------------

    @cached_property
    def works(self) -> pd.DataFrame:
        """Every work handed in, with its first mark after the hand-in and what the truth says of its comment and its text."""
        works = self._table("assign_submission")
        works = works[(works["status"] == "submitted") & (works["timemodified"] < self.end)]
        marks = self._table("assign_grades")
        marks = marks[(marks["timemodified"] < self.end) & (marks["grade"] >= 0)]
        truth = pd.DataFrame(self._truth("submissions")).rename(columns={"submission_id": "id"})
        truth = truth.drop(columns=["attempt", "moodle_user_id"])
        works = works[["id", "assignment", "userid", "timemodified", "attemptnumber"]].merge(truth, on="id", how="left")
        marked = marks[["assignment", "userid", "attemptnumber", "timemodified"]].rename(columns={"timemodified": "marked_at"})
        works = works.merge(marked, on=["assignment", "userid", "attemptnumber"], how="left")
        works["day"] = works["timemodified"].map(day_of)
        works["is_first"] = works.groupby(["assignment", "userid"])["timemodified"].transform("min") == works["timemodified"]
        works["course"] = works["assignment"].map(self._table("assign").set_index("id")["course"])
        return works.sort_values("timemodified")

    def deadlines(self, stream_name: str) -> dict[int, dict[int, float]]:
        """Assignment → learner → deadline that holds: an extension, else the learner's or the stream's override, else the assignment's."""
        if stream_name not in self._due:
            self._due[stream_name] = self._deadlines(stream_name)
        return self._due[stream_name]

    def _deadlines(self, stream_name: str) -> dict[int, dict[int, float]]:
        stream = self.streams[stream_name]
        assign, overrides, flags = self._table("assign"), self._table("assign_overrides"), self._table("assign_user_flags")
        quiz = self._table("quiz")
        group = self._table("groups").set_index("idnumber")["id"][
            next(row["group"] for row in self._truth("streams") if row["stream"] == stream_name)
        ]
        found: dict[int, dict[int, float]] = {}
        for _, row in assign[assign["course"] == stream["course"]].iterrows():
            mine = overrides[overrides["assignid"] == row["id"]]
            of_group = mine.loc[(mine["groupid"] == group) & (mine["duedate"] > 0), "duedate"]
            due = {}
            for user in stream["since"]:
                own = mine.loc[(mine["userid"] == user) & (mine["duedate"] > 0), "duedate"]
                given = own.iloc[0] if len(own) else of_group.iloc[0] if len(of_group) else row["duedate"]
                extended = flags.loc[(flags["assignment"] == row["id"]) & (flags["userid"] == user), "extensionduedate"]
                given = max([given, *extended]) if len(extended) else given
                if given:
                    due[user] = float(given)
            found[int(row["id"])] = due
        assert not len(quiz[(quiz["course"] == stream["course"]) & (quiz["timeclose"] > 0)]), (
            "quizzes with a deadline are not reckoned here"
        )
        return found

    def missed(self, stream_name: str, day: date) -> tuple[int, int]:
        """(missed, due): works whose deadline has passed by the end of the day, and those of them not handed in by then."""
        stream = self.streams[stream_name]
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZONE).timestamp()
        first = {(row.assignment, row.userid): row.timemodified for row in self.works[self.works["is_first"]].itertuples()}
        missed = due = 0
        enrolled = self.enrolled(stream, day)
        for assignment, deadlines in self.deadlines(stream_name).items():
            for user, deadline in deadlines.items():
                if user in enrolled and deadline < end:
                    due += 1
                    missed += first.get((assignment, user), float("inf")) >= end
        return missed, due

    def in_week(self, frame: pd.DataFrame, back: int = 0) -> pd.DataFrame:
        """Rows with ``day`` in the seven days, some weeks before."""
        last = self.until - timedelta(days=7 * back)
        return frame[(frame["day"] <= last) & (frame["day"] > last - timedelta(days=7))]

    def marking_times(self, back: int) -> tuple[list[float], list[bool]]:
        """(hours, marked) of the works handed in in a week: until the mark, else until the next hand-in, else until now."""
        works = self.works.copy()
        works["next"] = works.groupby(["assignment", "userid"])["timemodified"].shift(-1)
        hours, over = [], []
        for row in self.in_week(works, back).itertuples():
            marked = pd.notna(row.marked_at)
            until = row.marked_at if marked else row.next if pd.notna(row.next) else self.end
            hours.append((until - row.timemodified) / HOUR)
            over.append(bool(marked))
        return hours, over

    @cached_property
    def marks(self) -> pd.DataFrame:
        """Marks given by hand, with the day of the mark and the truth's word for the comment."""
        marks = self.works[self.works["marked_at"].notna()].copy()
        marks["day"] = marks["marked_at"].map(day_of)
        marks["hours"] = (marks["marked_at"] - marks["timemodified"]) / HOUR
        return marks

    # -- questions -----------------------------------------------------------------------------------------------------------------

    @cached_property
    def questions(self) -> pd.DataFrame:
        """Questions of the truth, as known at the end."""
        found = pd.DataFrame(self._truth("questions"))
        found = found[found["asked_unix"] < self.end].copy()
        found["answered_unix"] = found["answered_unix"].where(found["answered_unix"] < self.end)
        found["day"] = found["asked_unix"].map(day_of)
        found["hours"] = (found["answered_unix"].fillna(self.end) - found["asked_unix"]) / HOUR
        found["is_answered"] = found["answered_unix"].notna()
        return found

    # -- the rest --------------------------------------------------------------------------------------------------------------------

    def logins(self, back: int) -> tuple[int, int]:
        """(failed, attempts) of a week."""
        log = self._table("logstore_standard_log")
        log = log[log["timecreated"] < self.end].assign(day=lambda rows: rows["timecreated"].map(day_of))
        names = self.in_week(log, back)["eventname"].str.rsplit("\\", n=1).str[-1]
        failed = int((names == "user_login_failed").sum())
        return failed, failed + int((names == "user_loggedin").sum())

    @cached_property
    def ratings(self) -> dict[str, list[int]]:
        """Aspect → ratings of all surveys."""
        found: dict[str, list[int]] = {aspect: [] for aspect in ASPECTS}
        for file in sorted(self.exports.glob("survey/*.csv")):
            with file.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines):
                    for aspect, title in ASPECTS.items():
                        cell = next(value for name, value in row.items() if f"[{title}]" in name)
                        if cell.strip():
                            found[aspect].append(int(cell))
        return found

    def quiz_attempts(self, course: int) -> list[int]:
        """Who finished an attempt at a quiz of the course."""
        quizzes, attempts = self._table("quiz"), self._table("quiz_attempts")
        attempts = attempts[(attempts["state"] == "finished") & (attempts["timefinish"] < self.end) & (attempts["timefinish"] > 0)]
        return attempts.loc[attempts["quiz"].isin(quizzes.loc[quizzes["course"] == course, "id"]), "userid"].tolist()

    def completed(self) -> dict[str, int]:
        """Completions so far by stream: the LMS's own record, or a certificate."""
        records, certificates = self._table("course_completions"), self._table("customcert_issues")
        course_of = self._table("customcert").set_index("id")["course"]
        done = {
            (row.userid, row.course) for row in records.itertuples() if pd.notna(row.timecompleted) and 0 < row.timecompleted < self.end
        }
        done |= {(row.userid, course_of[row.customcertid]) for row in certificates.itertuples() if row.timecreated < self.end}
        return {name: sum((user, stream["course"]) in done for user in stream["since"]) for name, stream in self.streams.items()}

    def notices(self, back: int) -> tuple[int, int]:
        """(with a sign, all) of notices and addressees that are two days old at the week's end."""
        last = self.until - timedelta(days=7 * back + 2)
        signs = total = 0
        for notice in self._truth("notices"):
            if last - timedelta(days=7) < day_of(notice["sent_unix"]) <= last:
                for one in notice["addressees"]:
                    total += 1
                    signs += one["first_sign_unix"] is not None and one["first_sign_unix"] < self.end
        return signs, total

    @property
    def answered(self) -> pd.Series:
        """Is a question answered with substance? The truth's word "accepted" of an answer is none."""
        return self.questions["is_answered"] & (self.questions["answer_kind"] != "formal")


@dataclass(frozen=True)
class Claim:
    """A number of the report beside the reckoned one; ``within``: how far they may lie apart, and why they may at all."""

    name: str
    reported: float | None
    reckoned: float | None
    within: float = 1e-6
    why: str = ""

    @property
    def holds(self) -> bool:
        """The report says what was reckoned; of what cannot be reckoned it says nothing."""
        if self.reported is None or self.reckoned is None:
            return self.reported is None and self.reckoned is None
        return abs(self.reported - self.reckoned) <= self.within


#: The report hides figures of fewer.
SHOWN = 10


def claims(report: dict[str, Any], by: Reckoned) -> list[Claim]:
    """The report's numbers (its content) beside the reckoned ones."""
    return [
        *_of_streams(report, by),
        *_of_the_week(report, by),
        *_of_weeks_before(report, by),
        *_of_parts(report, by),
        *_of_surveys(report, by),
    ]


def _of_streams(report: dict[str, Any], by: Reckoned) -> list[Claim]:
    found = []
    running = by.of_week()
    found.append(Claim("streams", len(report["streams"]), len(running)))
    found.append(Claim("learners", report["learners"], sum(len(by.enrolled(stream, by.until)) for stream in running.values())))
    week_ago = by.until - timedelta(days=7)
    for row in report["streams"]:
        name, stream = row["stream_id"], running[row["stream_id"]]
        enrolled = by.enrolled(stream, by.until)
        n = len(enrolled)
        found.append(Claim(f"{name}: learners", row["learners"], n))
        found.append(Claim(f"{name}: course day", row["course_day"], (by.until - stream["from"]).days + 1))
        active = by.acted(stream["course"], by.until - timedelta(days=6), by.until) & enrolled
        # A chat name that is linked to nobody hides an act: at most one learner in fourteen here.
        found.append(Claim(f"{name}: active", row["now"]["active_share"], len(active) / n, 2.01 / n, "acts in a chat of people not linked"))
        never = enrolled - by.acted(stream["course"], date.min + timedelta(days=1), by.until)
        found.append(Claim(f"{name}: never started", row["now"]["never_started_share"], len(never) / n, 2.01 / n, "as above"))
        for suffix, day in (("now", by.until), ("previous", week_ago)):
            missed, due = by.missed(name, day)
            found.append(Claim(f"{name}: missed, {suffix}", row[suffix]["missed_share"], missed / due if due else None))
        deadlines = by.deadlines(name)
        typical = {task: statistics.median(due.values()) for task, due in deadlines.items() if due}
        first_task = min(typical, key=lambda task: typical[task])
        handed_in = set(by.works.loc[by.works["assignment"] == first_task, "userid"]) & enrolled
        found.append(Claim(f"{name}: first work", row["now"]["submitted_first_share"], len(handed_in) / n))
        found.append(Claim(f"{name}: completed", row["now"]["completed_share"], by.completed()[name] / n))
    return found


def _of_the_week(report: dict[str, Any], by: Reckoned) -> list[Claim]:
    figures = {row["indicator"]: row for row in report["figures"]}

    def shown(value: float | None, n: int) -> float | None:
        return value if n >= SHOWN else None

    marks, before = by.in_week(by.marks), by.in_week(by.marks, 1)
    failed, attempts = by.logins(0)
    hours, over = by.marking_times(0)
    signs, addressed = by.notices(0)
    enrolled = sum(len(by.enrolled(stream, by.until)) for stream in by.running(by.until).values())
    missed = [by.missed(name, by.until) for name in by.running(by.until)]
    due = sum(number for _, number in missed)
    practice = [rating for aspect in ("practice", "content", "methods") for rating in by.ratings[aspect]]
    return [
        Claim("marks of the week", figures["median_feedback_hours"]["n"], len(marks)),
        Claim("median hours to the mark", figures["median_feedback_hours"]["value"], shown(float(marks["hours"].median()), len(marks))),
        Claim("median hours, a week before", figures["median_feedback_hours"]["previous"], shown(float(before["hours"].median()), len(before))),
        Claim("works handed in", figures["feedback_in_time_share"]["n"], len(hours)),
        Claim("marked within three days", figures["feedback_in_time_share"]["value"], shown(kaplan_meier(hours, over, 72), len(hours))),
        Claim("marked within three days, a week before", figures["feedback_in_time_share"]["previous"], kaplan_meier(*by.marking_times(1), 72)),
        Claim("comments that say something", figures["substantive_feedback_share"]["value"], float((marks["comment"] == "substantive").mean()), 0.1, "comments are judged by rules"),
        Claim("log-ins", figures["login_failure_share"]["n"], attempts),
        Claim("failed log-ins", figures["login_failure_share"]["value"], failed / attempts),
        Claim("notices and addressees", figures["notices_reached_share"]["n"], addressed),
        Claim("notices at least as reached as by mail", max(figures["notices_reached_share"]["value"], signs / addressed), figures["notices_reached_share"]["value"]),
        Claim("learners of running streams", figures["never_started_share"]["n"], enrolled),
        Claim("due works not handed in", figures["missed_task_share"]["value"], sum(number for number, _ in missed) / due),
        Claim("due works", figures["missed_task_share"]["n"], due),
        Claim("ratings of practice", figures["survey_practice_vulnerable"]["n"], len(practice)),
        Claim("practice, negative or undecided", figures["survey_practice_vulnerable"]["value"], sum(rating <= 3 for rating in practice) / len(practice)),
        Claim("nobody asks about needs", figures["survey_need_vulnerable"]["value"], None),
    ]  # fmt: skip


def _of_weeks_before(report: dict[str, Any], by: Reckoned) -> list[Claim]:
    """Every point of the trend."""
    found = []
    for indicator, points in report["trend"].items():
        for week, value in points:
            day = date.fromisoformat(week)
            back = (by.until - day).days // 7
            name = f"{indicator}, {week}"
            match indicator:
                case "login_failure_share":
                    failed, attempts = by.logins(back)
                    found.append(Claim(name, value, failed / attempts))
                case "missed_task_share":
                    counts = [by.missed(stream, day) for stream in by.running(day)]
                    found.append(Claim(name, value, sum(missed for missed, _ in counts) / sum(due for _, due in counts)))
                case "feedback_in_time_share":
                    found.append(Claim(name, value, kaplan_meier(*by.marking_times(back), 72)))
                case "substantive_feedback_share":
                    share = float((by.in_week(by.marks, back)["comment"] == "substantive").mean())
                    found.append(Claim(name, value, share, 0.1, "comments are judged by rules"))
                case "copied_task_share":
                    works = by.in_week(by.works[by.works["is_first"]], back)
                    found.append(
                        Claim(
                            name,
                            value,
                            float((works["copied_share"] > 0).mean()),
                            0.08,
                            "works without text are not compared; some copies are not found",
                        )
                    )
                case "never_started_share":
                    running = by.running(day).values()
                    enrolled = sum(len(by.enrolled(stream, day)) for stream in running)
                    never = sum(
                        len(by.enrolled(stream, day) - by.acted(stream["course"], date.min + timedelta(days=1), day)) for stream in running
                    )
                    found.append(Claim(name, value, never / enrolled, 3.01 / enrolled, "acts in a chat of people not linked"))
                case (
                    "survey_practice_vulnerable"
                    | "left_share"
                    | "technical_question_share"
                    | "answered_within_24h"
                    | "notices_reached_share"
                    | "contacted_share"
                    | "formal_completion_share"
                    | "webinar_reconnect_share"
                ):
                    pass  # below, or not to be reckoned from the exports alone
                case _:
                    raise AssertionError(f"{indicator}: a share that nobody reckons")
    return found


def _of_parts(report: dict[str, Any], by: Reckoned) -> list[Claim]:
    found = []
    steps = {(row["part"], row["name"] is None): row["values"] for row in report["funnel"]}
    running = by.of_week()
    enrolled = {name: by.enrolled(stream, by.until) for name, stream in running.items()}
    found.append(Claim("funnel: enrolled", steps["enrolled", True]["learners"], sum(map(len, enrolled.values()))))
    handed_in, half, everything = 0, 0, 0
    for name, users in enrolled.items():
        works = by.works[by.works["is_first"] & (by.works["course"] == running[name]["course"])]
        first = {(row.assignment, row.userid): row.timemodified for row in works.itertuples()}
        # Quizzes are works too.
        tried = set(by.quiz_attempts(running[name]["course"]))
        handed_in += len({user for user in users if user in tried or any(user == other for _, other in first)})
        for user in users:
            due = [(task, of[user]) for task, of in by.deadlines(name).items() if user in of and of[user] < by.end]
            kept = sum(first.get((task, user), float("inf")) < by.end for task, _ in due)
            half += bool(due) and 2 * (len(due) - kept) <= len(due)
            everything += bool(due) and kept == len(due)
    found.append(Claim("funnel: a first work", steps["first_work", True]["learners"], handed_in))
    found.append(Claim("funnel: half of the works due", steps["half_of_due", True]["learners"], half))
    found.append(Claim("funnel: every work due", steps["all_due", True]["learners"], everything))
    found.append(Claim("funnel: completed", steps["completed", True]["learners"], sum(by.completed()[name] for name in running)))

    whole = next(row["values"] for row in report["feedback"] if row["part"] == "programme")
    hours, over = by.marking_times(0)
    marks = by.in_week(by.marks)
    found.append(Claim("feedback: marks", whole["marks"], len(marks)))
    found.append(Claim("feedback: works without a mark", whole["unmarked"], len(over) - sum(over)))
    found.append(Claim("feedback: median", whole["median_hours"], median_by_kaplan_meier(hours, over)))
    found.append(Claim("feedback: works a week before", whole["works_previous"], len(by.marking_times(1)[0])))
    found.append(Claim("feedback: no comment", whole["without_comment"], int((marks["comment"] == "none").sum())))

    works = by.in_week(by.works[by.works["is_first"]])
    whole = next(row["values"] for row in report["works"] if row["part"] == "programme")
    found.append(Claim("works: handed in", whole["works"], len(works)))
    found.append(
        Claim(
            "works: agree",
            whole["copied"],
            int((works["copied_share"] > 0).sum()),
            2,
            "some copies are not found, some are found by chance",
        )
    )
    found.append(Claim("works: completions", whole["completions"], sum(by.completed().values())))
    login = next(row["values"] for row in report["trouble"] if row["name"] == "login")
    found.append(Claim("trouble: failed log-ins", login["cases"], by.logins(0)[0]))
    return found


def _of_surveys(report: dict[str, Any], by: Reckoned) -> list[Claim]:
    found = []
    rows = {row["aspect"]: row for row in report["aspects"] if row["course_name"] is None}
    for aspect, ratings in by.ratings.items():
        row = rows[aspect]
        found.append(Claim(f"survey, {aspect}: answers", row["n"], len(ratings)))
        for rating in range(1, 6):
            share = 100 * ratings.count(rating) / len(ratings)
            found.append(
                Claim(f"survey, {aspect}: per cent of {rating}", row["per_cents"][rating - 1], share, 0.5, "rounded to whole per cents")
            )
        found.append(Claim(f"survey, {aspect}: vulnerable", row["vulnerable_share"], sum(rating <= 3 for rating in ratings) / len(ratings)))
    return found
