"""What the curator's page says beside what the list says already: entries of a timeline, open questions, marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from pipelines.deliveries.lists import wording
from pipelines.deliveries.lists.list_model import MarkSeen, OpenQuestion
from pipelines.deliveries.page.snapshot import Entry
from pipelines.deliveries.shared.language import N_, Language
from pipelines.deliveries.shared.marks import BadSheet, Mark, SheetTrouble
from pipelines.errors import MayakError
from pipelines.thresholds import threshold

ACTS = {
    "asked": N_("asked"),
    "wrote": N_("wrote"),
    "handed_in": N_("handed in"),
    "handed_in_late": N_("handed in late"),
    "passed": N_("passed"),
    "not_passed": N_("not passed"),
    "graded": N_("marked"),
    "attended": N_("was at the webinar"),
    "notice": N_("a notice was sent"),
    "notice_bounced": N_("a notice came back"),
    "contacted": N_("was written to"),
    "letter_bounced": N_("a letter came back"),
}
#: How far ahead the day lies that is given as an example.
_DAYS_AHEAD = 2
#: Whose act it is: the learner's own ones and those of the course's people are told apart by more than colour.
FROM_STAFF = ("passed", "not_passed", "graded", "notice", "notice_bounced", "contacted", "letter_bounced")


def timeline_view(entries: Sequence[Entry], language: Language) -> list[dict[str, Any]]:
    """A timeline by day, newest first: [{day, entries}]."""

    def day_of(entry: Entry) -> date:
        return language.local(entry.at).date()

    return [
        {"day": language.long_date(day), "entries": [_entry(entry, language) for entry in of_day]}
        for day, of_day in groupby(entries, day_of)
    ]


def _entry(entry: Entry, language: Language) -> dict[str, Any]:
    if entry.what == "acts" and not entry.is_in_course:
        said = language.count("{n} act outside the course", "{n} acts outside the course", entry.times)
    elif entry.what == "acts":
        said = language.count("{n} act in the course", "{n} acts in the course", entry.times)
    else:
        said = language.say(ACTS[entry.what]) if entry.what in ACTS else entry.what.replace("_", " ")
    return {
        "time": language.local(entry.at).strftime("%H:%M") if entry.what != "acts" else "",
        "channel": wording.channel_name(entry.channel, language) if entry.channel != "lms" else None,
        "what": said,
        "title": entry.title,
        "text": entry.text,
        "by": entry.by_name,
        "is_staff": entry.what in FROM_STAFF,
    }


def question_view(row: dict[str, Any], language: Language) -> dict[str, Any]:
    """One open question as the page of open questions shows it."""
    # A page written by an earlier version knows less.
    told: dict[str, Any] = {name: row.get(name) for name in OpenQuestion.__dataclass_fields__}
    question = OpenQuestion(**told)
    ready = wording.ready_answer(question)
    return {
        "person_id": row["person_id"] if row["is_learner"] else None,
        "name": row["learner_name"],
        "where": ", ".join(part for part in (row["course_name"], row["stream_title"]) if part),
        "head": wording.question_head(question, language),
        "text": wording.question_excerpt(question, language),
        "before": wording.asked_before(question, language),
        "peers": language.count("{n} fellow learner has answered", "{n} fellow learners have answered", row["peer_answers"])
        if row["peer_answers"]
        else None,
        "ready": ready[0] if ready else None,
        "is_late": (row["hours_open"] or 0.0) >= threshold("answered_within"),
    }


def repeated_view(row: dict[str, Any], language: Language) -> dict[str, Any]:
    """One question asked again and again."""
    counts = [language.count("asked {n} time", "asked {n} times", row["asked"])]
    if row["asked_this_week"]:
        counts.append(language.count("{n} of them this week", "{n} of them this week", row["asked_this_week"]))
    if row["people"]:
        counts.append(language.count("by {n} person", "by {n} people", row["people"]))
    return {
        "text": row["text"] or language.say("(no text)"),
        "course": row["course_name"] or language.say("all courses"),
        "counts": ", ".join(counts),
        "last": language.moment(row["last_at"]) if row["last_at"] else None,
        "answer": row["faq_answer"],
    }


def mark_view(mark: Mark, names: dict[str, str | None], language: Language) -> str:
    """One mark in words."""
    seen = MarkSeen(
        mark.mark_id, mark.marked_at, mark.curator_id, names.get(mark.curator_id), mark.item_id, mark.list_day, mark.section, mark.state,
        mark.until_day, mark.channel, mark.note,
    )  # fmt: skip
    return wording.mark_words(seen, language)


def refusal(status: int, language: Language, *, has_ended: bool = False) -> str:
    """What a curator is told instead of a page. ``has_ended``: whoever sent a form is logged in no more."""
    say = language.say
    if has_ended:
        return say("Nothing was pressed for a long time, and you were logged out. Log in again: what you pressed last was not saved.")
    told = {
        403: say("This page was opened too long ago: what you pressed was not saved. Open it again."),
        404: say("There is no such page, or it is not for you."),
        413: say("This file is too large to be a list of Mayak’s. Nothing was saved."),
        429: say("Too much was asked for within a minute. Wait a minute and try again."),
        503: say("The list cannot be shown just now. Try again in a minute."),
    }
    return told.get(status) or say("Something went wrong. Please tell those who run Mayak.")


def sheet_refused(error: MayakError, curator_name: str | None, today: date, language: Language) -> str:
    """Why a list that was brought back is not taken, and what to do: an error is written for whoever runs Mayak, in English and by places of a file."""
    say = language.say
    if not isinstance(error, BadSheet):
        why = say(
            "This file could not be read: it is damaged, or no workbook. Open it, save it anew as a workbook (.xlsx), and bring it back."
        )
    elif error.trouble is SheetTrouble.other_file:
        why = say(
            "This is not a list of Mayak’s. Take the workbook from the page of the list, fill it in, and bring it back with all its columns."
        )
    elif error.trouble is SheetTrouble.lost_columns:
        why = say(
            "Row {row}: the hidden columns, by which Mayak knows the line, were changed. Take the workbook anew and fill it in.",
            row=error.row,
        )
    elif error.trouble is SheetTrouble.unknown_word:
        words = ", ".join(wording.mark_choices(curator_name, language))
        column = say("Mark")
        why = say(
            "Row {row}, column “{column}”: choose one of these words, or leave the cell empty: {words}.",
            row=error.row,
            column=column,
            words=words,
        )
    elif error.trouble is SheetTrouble.no_day_ahead:
        ahead = f"{today + timedelta(days=_DAYS_AHEAD):%d.%m}"
        why = say("Row {row}: to snooze a line, write the day beside the mark. It has to lie ahead, e.g. {day}.", row=error.row, day=ahead)
    else:
        most = int(threshold("page_note_characters"))
        why = language.count(
            "Row {row}: the note is too long, at most {n} character.", "Row {row}: the note is too long, at most {n} characters.", most, row=error.row
        )  # fmt: skip
    return " ".join((why, say("Nothing was saved.")))
