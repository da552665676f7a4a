"""What Moodle's pages, forms and research corpora let download as tables."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from tests.unit.sources.worlds.happening import PEOPLE, START, ZONE, Export, Thing, World

_TASKS = 3


def write(path: Path, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _address(who: int) -> str:
    return f"user{who}@example.org"


def survey_csv(world: World, export: Export, folder: Path) -> None:
    # Yandex Forms: a response keeps its id when its author changes it. When that was is not told: the newest export stands.
    rows: list[Sequence[object]] = [("ID", "Время создания", "Насколько вам подошло расписание?", "Откуда вы?")]
    for thing in export.logged(world):
        rating = 5 if thing.is_changed(export.made) else 3
        rows.append((900 + thing.number, f"{thing.local:%Y-%m-%d %H:%M:%S}", rating, thing.words(export.made)))
    write(folder / "anketa.csv", rows)


def moodle_logs(world: World, export: Export, folder: Path) -> None:
    # Things of one person in one minute differ in nothing: exact duplicates are real clicks.
    rows: list[Sequence[object]] = []
    for thing in export.logged(world):
        user, module = 5 + thing.who, 9 + thing.who
        rows.append(
            (
                f"{thing.local:%d/%m/%y, %H:%M:%S}",
                " ".join(PEOPLE[thing.who]),
                "-",
                f"Assignment: Task {thing.who}",
                "Assignment",
                "The status of the submission has been viewed.",
                f"The user with id '{user}' has viewed the submission status page for the assignment with course module id '{module}'.",
                "web",
                "10.0.0.1",
            )
        )
    header = ("Time", "User full name", "Affected user", "Event context", "Component", "Event name", "Description", "Origin", "IP address")
    write(folder / "logs.csv", [header, *reversed(rows)])


def _of(world: World, made: datetime, who: int, task: int) -> list[Thing]:
    """What a person did in a task so far."""
    return [thing for thing in world.things if thing.shown <= made and (thing.who, thing.number % _TASKS) == (who, task)]


def moodle_reports(world: World, export: Export, folder: Path) -> None:
    # The report is of the whole course as it stands.
    header = ["", "Email address", *(cell for task in range(_TASKS) for cell in (f"Task {task}", ""))]
    rows: list[Sequence[object]] = []
    for who, (first, last) in enumerate(PEOPLE):
        row = [f"{first} {last}", _address(who)]
        for task in range(_TASKS):
            # What shows late completes late: a date once set stays.
            done = [thing.shown.astimezone(ZONE) for thing in _of(world, export.made, who, task)]
            row += ["Completed", f"{min(done):%Y-%m-%d %H:%M:%S}"] if done else ["Not completed", ""]
        rows.append(row)
    write(folder / "progress.csv", [header, *rows])


def moodle_participants(world: World, export: Export, folder: Path) -> None:
    # The list bears no time: the newest load stands, so nothing but people may come to it.
    rows: list[Sequence[object]] = [("First name", "Last name", "Email address", "Groups")]
    rows += [(first, last, _address(who), "Поток 1") for who, (first, last) in enumerate(PEOPLE)]
    late = [thing for thing in world.things if thing.shown <= export.made and thing.shown != thing.at]
    rows += [("Новая", f"Участница{thing.number}", f"new{thing.number}@example.org", "Поток 1, Команда 3") for thing in late]
    write(folder / "participants.csv", rows)


def moodle_grades(world: World, export: Export, folder: Path) -> None:
    header = ["First name", "Last name", "Email address"]
    for task in range(_TASKS):
        header += [f"Assignment: Task {task} (Real)", f"Assignment: Task {task} (Feedback)"]
    rows: list[Sequence[object]] = [[*header, "Course total (Real)", "Last downloaded from this course"]]
    for who, (first, last) in enumerate(PEOPLE):
        row: list[object] = [first, last, _address(who)]
        for task in range(_TASKS):
            done = _of(world, export.made, who, task)
            row += [f"{50 + len(done)}.00", done[-1].words(export.made)] if done else ["-", ""]
        rows.append([*row, f"{60 + export.made.day}.00", int(export.made.timestamp())])
    write(folder / "grades.csv", rows)


def moodle_submissions(world: World, export: Export, folder: Path) -> None:
    # The last attempt alone.
    with zipfile.ZipFile(folder / "DIGI-Task 1-9.zip", "w") as archive:
        for who, person in enumerate(PEOPLE):
            last = [thing for thing in world.things if thing.who == who and thing.shown <= export.made][-1]
            name, at = f"{' '.join(person)}_{120 + who}", last.shown.astimezone(ZONE)
            time = (at.year, at.month, at.day, at.hour, at.minute, 0)
            page = f"<!DOCTYPE html><html><body><p>{last.words(export.made)}</p></body></html>"
            archive.writestr(zipfile.ZipInfo(f"{name}_assignsubmission_onlinetext/onlinetext.html", time), page)
            archive.writestr(zipfile.ZipInfo(f"{name}_assignsubmission_file/plan.txt", time), f"plan {last.number}")


def moodle_forums(world: World, export: Export, folder: Path) -> None:
    # A post that was deleted and had answers stays, without its words.
    header = (
        "id",
        "discussion",
        "parent",
        "userid",
        "userfullname",
        "created",
        "modified",
        "subject",
        "message",
        "messageformat",
        "attachment",
        "deleted",
    )
    rows: list[Sequence[object]] = [header]
    for thing in [thing for thing in world.things if export.since <= thing.at <= export.made]:
        is_gone = thing.gone is not None and thing.gone <= export.made
        moments = [thing.at, *([thing.edited] if thing.is_changed(export.made) else []), *([thing.gone] if is_gone and thing.gone else [])]
        created, modified = int(thing.at.timestamp()), int(max(moments).timestamp())
        first, last = PEOPLE[thing.who]
        words = "" if is_gone else f"<p>{thing.words(export.made)}</p>"
        rows.append(
            (
                thing.number,
                70 + thing.number % 2,
                0,
                5 + thing.who,
                f"{first} {last}",
                created,
                modified,
                "Question",
                words,
                1,
                "",
                int(is_gone),
            )
        )
    write(folder / "Questions.csv", rows)


def generic(world: World, export: Export, folder: Path) -> None:
    rows: list[Sequence[object]] = [("activity_id", "account_id", "course_id", "occurred_at", "action", "component")]
    for thing in export.logged(world):
        rows.append((thing.number, thing.who, 4, thing.local.isoformat(), "viewed", thing.words(export.made).replace(" ", "_")))
    write(folder / f"activity_{export.made:%Y-%m-%d}.csv", rows)


def generic_whole(world: World, export: Export, folder: Path) -> None:
    # With is_whole, a file holds every row there is.
    ever = Export(START, export.made)
    messages: list[Sequence[object]] = [("message_id", "channel", "chat_id", "kind", "account_id", "sent_at", "edited_at", "text")]
    for thing in ever.standing(world):
        edited = thing.changed.isoformat() if thing.is_changed(export.made) else ""
        messages.append((thing.number, "chat", 1, "post", thing.who, thing.at.isoformat(), edited, thing.words(export.made)))
    write(folder / f"messages_{export.made:%Y-%m-%d}.csv", messages)
    grades = [(thing.number, "marking", thing.who, 50 + thing.is_changed(export.made)) for thing in ever.standing(world)]
    write(folder / f"grades_{export.made:%Y-%m-%d}.csv", [("grade_id", "record", "account_id", "grade"), *grades])


def oulad(world: World, export: Export, folder: Path) -> None:
    # A research corpus is one item and never cut into days; an edition of it may hold more rows than the one before.
    shown = [thing for thing in world.things if thing.shown <= export.made]
    module = ("XYZ", "2013J")
    site = [(*module, 7 + thing.who, 501, thing.at.day - START.day, thing.number % 3 + 1) for thing in shown]
    tests = [(11, 7 + thing.who, thing.at.day - START.day, 0, 50 + thing.number) for thing in shown if thing.number <= len(PEOPLE)]
    keys = ("code_module", "code_presentation")
    people = range(7, 7 + len(PEOPLE))
    info = (
        "id_student",
        "gender",
        "region",
        "highest_education",
        "imd_band",
        "age_band",
        "num_of_prev_attempts",
        "studied_credits",
        "disability",
    )
    contents: dict[str, list[Sequence[object]]] = {
        "courses": [(*keys, "module_presentation_length"), (*module, 100)],
        "assessments": [(*keys, "id_assessment", "assessment_type", "date", "weight"), (*module, 11, "TMA", 5, 20)],
        "vle": [("id_site", *keys, "activity_type", "week_from", "week_to"), (501, *module, "resource", 2, 2)],
        "studentInfo": [(*keys, *info, "final_result"), *((*module, who, "F", "Nowhere", "None", "?", "0-35", 0, 60, "N", "Pass") for who in people)],
        "studentRegistration": [(*keys, "id_student", "date_registration", "date_unregistration"), *((*module, who, -20, "?") for who in people)],
        "studentAssessment": [("id_assessment", "id_student", "date_submitted", "is_banked", "score"), *tests],
        "studentVle": [(*keys, "id_student", "id_site", "date", "sum_click"), *site],
    }  # fmt: skip
    for name, rows in contents.items():
        write(folder / f"{name}.csv", rows)
