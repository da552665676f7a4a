"""What a morning list says, in words: one sentence per reason, change, contact and action, and the draft of a message.

Sentences are English here and translated by the catalogue. Russian ones are written so that they need no gender of the learner, and a
draft never states what is not known. Nothing here accuses: similar work and formal completion are "to look at".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from pipelines.deliveries.lists.list_model import (
    AtRisk,
    Contact,
    CuratorList,
    IdleGroup,
    Line,
    MarkSeen,
    MissedTask,
    NotReached,
    OpenQuestion,
    Reason,
    SimilarWork,
    SourceWarning,
    Stream,
)
from pipelines.deliveries.shared.language import N_, NO_BREAK, Language
from pipelines.deliveries.shared.names import address_of, gender_of
from pipelines.thresholds import threshold

SECTION_TITLES = {
    "idle_group": N_("Groups without activity"),
    "waiting": N_("Waiting for an answer"),
    "help": N_("Need help"),
    "never_started": N_("Never started"),
    "not_reached": N_("Not reached"),
    "similar_work": N_("Similar works (to look at)"),
}
LEVEL_NAMES = {"low": N_("low"), "medium": N_("medium"), "high": N_("high")}
CHANNELS = {
    "telegram": N_("Telegram"),
    "chat": N_("the course chat"),
    "mail": N_("mail"),
    "phone": N_("phone"),
    "institution": N_("the school's administration"),
    "forum": N_("the course forum"),
    "lms": N_("a message in the LMS"),
    "direct": N_("a message in the LMS"),
    "webinar": N_("webinar"),
}
METHODS = {
    "cohort": N_("enrolled in a list by the administration"),
    "manual": N_("enrolled by a manager"),
    "self": N_("enrolled by themselves"),
}
SOURCE_KINDS = {
    "mailbox": N_("Mail"),
    "telegram": N_("Telegram"),
    "zoom": N_("Webinars"),
    "bigbluebutton": N_("Webinars"),
    "teams": N_("Webinars"),
    "meet": N_("Webinars"),
    "mts_link": N_("Webinars"),
    "attendance_csv": N_("Webinars"),
    "moodle_db": N_("The LMS"),
    "moodle_reports": N_("The LMS downloads"),
    "moodle_participants": N_("The LMS downloads"),
    "moodle_grades": N_("The LMS downloads"),
    "moodle_submissions": N_("The LMS downloads"),
    "moodle_forums": N_("The LMS downloads"),
    "moodle_logs": N_("The LMS log"),
    "moodle_ws": N_("The LMS"),
    "openedx": N_("The LMS log"),
    "xapi": N_("The LMS log"),
    "oulad": N_("The LMS"),
    "generic": N_("Other tables"),
    "imap": N_("Mail"),
    "whatsapp": N_("WhatsApp"),
    "vk": N_("VK"),
    "slack": N_("Slack"),
    "mattermost": N_("Mattermost"),
    "rocketchat": N_("Rocket.Chat"),
    "discord": N_("Discord"),
    "max": N_("MAX"),
    "survey_csv": N_("Surveys"),
}
#: Kinds of reasons (pipelines.deliveries.lists.states) → what is new when there is one more.
NEWS = {
    "question": N_("the question"),
    "waiting": N_("the wait grows"),
    "missed": N_("one more work not handed in"),
    "silent": N_("the silence grows"),
    "never_started": N_("still no entry"),
    "bounce": N_("a letter came back"),
    "returned": N_("the answer came back"),
    "silence": N_("one more notice without a sign"),
    "work": N_("one more work"),
    "idle": N_("the silence grows"),
    "risk": N_("the risk"),
}
FORMAL = "formal_completion"
DAYS_A_WEEK = 7


def state_name(state: str, curator_name: str | None, language: Language, *, section: str | None = None) -> str:
    """A mark as the curator says it: in the curator's grammatical gender where the name shows it; an answered question has words of its own."""
    if state == "contacted":
        return language.say_as(gender_of(curator_name) or "neutral", "Contacted")
    if section == "waiting" and state in ("resolved", "false_alarm"):
        return language.say("Answered") if state == "resolved" else language.say("Not a question")
    names = {
        "waiting": language.say("Waiting for a reply"),
        "resolved": language.say("Resolved"),
        "false_alarm": language.say("False alarm"),
        "snoozed": language.say("Snooze until"),
        "new": language.say("Take back"),
    }
    return names[state]


def mark_choices(curator_name: str | None, language: Language) -> list[str]:
    """What a curator can mark a line with on paper and in the workbook."""
    return [state_name(state, curator_name, language) for state in ("contacted", "waiting", "resolved", "false_alarm", "snoozed")]


def mark_words(mark: MarkSeen, language: Language) -> str:
    """«23 ноября, Анна Петровна: связалась, телефон («не берёт трубку»)»."""
    said = [language.date_of(mark.marked_at)]
    if name := address_of(mark.curator_name) or mark.curator_name:
        said.append(name)
    what = state_name(mark.state, mark.curator_name, language, section=mark.section)
    what = what[0].lower() + what[1:]
    if mark.state == "snoozed" and mark.until_day:
        what = language.say("snoozed until {date}", date=language.short_date(mark.until_day))
    if mark.state == "new":
        what = language.say("mark taken back")
    parts = [what, channel_name(mark.channel, language)]
    words = f"{', '.join(said)}: {', '.join(part for part in parts if part)}"
    return words + (f" («{mark.note}»)" if mark.note and language.code == "ru" else f" (“{mark.note}”)" if mark.note else "")


def rest_words(line: Line, language: Language) -> str | None:
    """Why a line is not for today; None: it is."""
    rest = line.rest
    if rest is None:
        return None
    until = language.short_date(rest.until) if rest.until else None
    match rest.why:
        case "resolved":
            return language.say("resolved; comes back with something new")
        case "false_alarm":
            return language.say("false alarm; comes back with something new")
        case "snoozed":
            return language.say("snoozed until {date}", date=until)
        case "contacted" | "waiting":
            return language.say("contacted; time to answer until {date}", date=until)
        case _:
            return language.say("shown often enough without anything new; again on {date}", date=until)


def resting_note(item: CuratorList, language: Language) -> str | None:
    """Who has a reason and is not for today, in one line."""
    if not item.resting:
        return None
    counts: dict[str, int] = {}
    for line in item.resting:
        why = "contacted" if line.rest and line.rest.why == "waiting" else line.rest.why if line.rest else "shown"
        counts[why] = counts.get(why, 0) + 1
    names = {
        "contacted": language.say("have time to answer"),
        "snoozed": language.say("snoozed"),
        "resolved": language.say("resolved"),
        "false_alarm": language.say("false alarms"),
        "shown": language.say("shown twice, nothing new"),
    }
    parts = [f"{names[why]}{NO_BREAK}— {counts[why]}" for why in names if why in counts]
    return language.say("Not for today: {what}. They come back with something new.", what=", ".join(parts))


def marked_note(item: CuratorList, language: Language) -> str | None:
    """What was marked since the previous list; None: nothing."""
    parts = []
    if closed := item.marked.get("resolved", 0):
        parts.append(language.count("{n} closed", "{n} closed", closed))
    if reached := item.marked.get("contacted", 0) + item.marked.get("waiting", 0):
        parts.append(language.count("{n} contacted", "{n} contacted", reached))
    if false := item.marked.get("false_alarm", 0):
        parts.append(language.count("{n} false alarm", "{n} false alarms", false))
    if snoozed := item.marked.get("snoozed", 0):
        parts.append(language.count("{n} snoozed", "{n} snoozed", snoozed))
    return language.say("Your marks since the last list: {parts}.", parts=", ".join(parts)) if parts else None


def idle_words(idle: IdleGroup, language: Language) -> str:
    """What stands beside the name of a group that is idle as a whole."""
    if idle.last_active_on is None:
        return language.count("nobody of {n} learner has begun", "nobody of {n} learners has begun", idle.learners)
    date = language.short_date(idle.last_active_on)
    if idle.active:
        return language.count(
            "only {active} of {n} learner has been active in the last days",
            "only {active} of {n} learners have been active in the last days",
            idle.learners,
            active=language.number(idle.active, 0),
        )
    return language.count(
        "nobody of {n} learner has been active since {date}",
        "nobody of {n} learners has been active since {date}",
        idle.learners,
        date=date,
    )


def idle_reasons(line: Line, language: Language) -> list[str]:
    """What the line of an idle group says besides."""
    if line.idle is None:
        return []
    said = [language.say("the whole group is silent, so this says nothing about its learners: holidays, a broken access, no task to do?")]
    if line.idle.people:
        said.append(
            language.count(
                "{n} learner who would stand here for silence is left out",
                "{n} learners who would stand here for silence are left out",
                line.idle.people,
            )
        )
    return said


def channel_name(channel: str | None, language: Language) -> str | None:
    """A channel as people call it; None: not known. A channel with no name of its own is called by its code."""
    if not channel:
        return None
    return language.say(CHANNELS[channel]) if channel in CHANNELS else channel


def stream_name(stream: Stream) -> str:
    """«ЦОС-36, поток 2»."""
    return ", ".join(dict.fromkeys(part for part in (stream.course_name, stream.title) if part)) or stream.stream_id


def streams_name(streams: Sequence[Stream]) -> str:
    """All streams, a course that has several named once."""
    by_course: dict[str, list[str]] = {}
    for stream in streams:
        by_course.setdefault(stream.course_name or "", []).append(stream.title or stream.stream_id)
    return "; ".join(", ".join(part for part in (course, *titles) if part) for course, titles in by_course.items())


# -- the top of the list -----------------------------------------------------------------------------------------------------


def greeting(item: CuratorList, language: Language) -> str:
    """How many lines need this curator today."""
    name = address_of(item.curator_name) or item.curator_name
    people = sum(1 for line in item.lines if line.person_id)
    matters = sum(1 for line in item.lines if line.similar)
    groups = sum(1 for line in item.lines if line.idle)
    if not item.lines:
        said = language.say("nobody is waiting for you today")
    elif people:
        said = language.count("{n} person needs you today", "{n} people need you today", people)
        if matters:
            said += " " + language.count("and {n} group of similar works", "and {n} groups of similar works", matters)
    elif groups:
        said = language.count("{n} group is silent as a whole", "{n} groups are silent as a whole", groups)
    else:
        said = language.count("{n} group of similar works is to be looked at", "{n} groups of similar works are to be looked at", matters)
    return f"{name}, {said}." if name else f"{said[0].upper()}{said[1:]}."


def changes_since(item: CuratorList, language: Language) -> str | None:
    """How many lines are new and how many are gone since the previous list; None: there was none."""
    if item.previous_day is None:
        return None
    new = language.count("{n} is new", "{n} are new", item.new_since) if item.new_since else language.say("nothing new")
    parts = [new]
    if item.resolved_since:
        parts.append(language.count("{n} is off (the reason is gone)", "{n} are off (the reason is gone)", item.resolved_since))
    if item.displaced_since:
        # Where they are is said beside what did not fit: a sheet of the workbook, or a tab of the page.
        parts.append(language.count("{n} made room for the more urgent", "{n} made room for the more urgent", item.displaced_since))
    return language.say(
        "Since the list of {date}: {changes}.",
        date=language.short_date(item.previous_day + timedelta(days=1)),
        changes=", ".join(parts),
    )


def shared_note(item: CuratorList, language: Language) -> str | None:
    """Which other curators see these learners, so that two do not write to the same one; None: nobody."""
    if not item.shared_with:
        return None
    return language.say("The same learners are seen by: {names}.", names=", ".join(item.shared_with))


def basis_note(item: CuratorList, language: Language) -> str | None:
    """Said when the levels come from rules."""
    return language.say("Levels of risk come from rules: there is too little history for a model yet.") if item.is_by_rules else None


def source_warning(warning: SourceWarning, language: Language) -> str:
    """What is missing and what it means for the list."""
    name = f"{language.say(SOURCE_KINDS[warning.kind])} ({warning.source})" if warning.kind in SOURCE_KINDS else warning.source
    until = language.moment(warning.covers_until) if warning.covers_until else None
    if warning.state == "missing" and until:
        # The database was away this night, or the folder is gone: what earlier nights read is in the list all the same.
        said = language.say("{source}: nothing new could be read.", source=name)
    elif warning.state == "missing":
        said = language.say("{source}: nothing has come at all; what it knows is not in this list.", source=name)
    elif warning.state == "failed":
        said = language.say("{source}: the last export could not be read.", source=name)
    elif warning.state == "late" and warning.problem:
        said = language.say("{source}: the newest data are late, and a file could not be read.", source=name)
    elif warning.state == "late":
        said = language.say("{source}: the export is late.", source=name)
    else:
        said = language.say("{source}: one of its files could not be read; the others are in.", source=name)
    if until and warning.state in ("failed", "late", "missing"):
        said += " " + language.say("Known up to {moment}; later answers and work may be left out.", moment=until)
    if warning.rows_rejected:
        said += " " + language.count("{n} row could not be read.", "{n} rows could not be read.", warning.rows_rejected)
    return said


def data_note(item: CuratorList, language: Language) -> str:
    """Up to when the list's data go; sources that are late say it for themselves (:func:`source_warning`)."""
    return language.say("Speaks of what was known at the end of {date}.", date=language.long_date(item.day))


def overflow_note(item: CuratorList, language: Language) -> str | None:
    """Who did not fit, in one line; people and groups of works counted apart."""
    if not item.overflow:
        return None
    people = sum(1 for line in item.overflow if line.person_id)
    matters = sum(1 for line in item.overflow if line.similar)
    parts = []
    if people:
        parts.append(language.count("{n} person", "{n} people", people))
    if matters:
        parts.append(language.count("{n} group of similar works", "{n} groups of similar works", matters))
    return language.say(
        "Did not fit: {what}. The full list is on the sheet “{sheet}” of the workbook.",
        what=language.joined(parts),
        sheet=language.say("All"),
    )


# -- one line ------------------------------------------------------------------------------------------------------------------


def level_name(level: str, language: Language) -> str:
    """A level of risk in words."""
    return language.say(LEVEL_NAMES[level])


def headline(line: Line, language: Language) -> str:
    """The few words that stand beside the name."""
    if line.idle:
        return idle_words(line.idle, language)
    if line.section == "waiting":
        question = max(line.questions, key=lambda item: item.hours_open or 0.0)
        if question.hours_open is None:
            return language.say("without an answer")
        return language.say("{time} without an answer", time=language.duration(question.hours_open))
    if line.section == "help":
        return risk_words(line.risks[0], language)
    if line.section == "never_started" and line.never_started:
        days = line.never_started.days_since_start
        return (
            language.count("not in the course once in {n} day", "not in the course once in {n} days", days)
            if days
            else language.say("not in the course once")
        )
    if line.section == "not_reached":
        return not_reached_words(line.not_reached[0], language)
    return ""


def risk_words(risk: AtRisk, language: Language) -> str:
    """Level of risk and how it moved; in words, no per cent."""
    now = level_name(risk.level, language)
    if risk.target == FORMAL:
        many = risk.level == "high"
        return (
            language.say("many signs of formal completion (to look at)")
            if many
            else language.say("some signs of formal completion (to look at)")
        )
    if risk.has_risen and risk.previous_level:
        return language.say("risk has risen: {before} → {now}", before=level_name(risk.previous_level, language), now=now)
    if risk.previous_level and risk.previous_level != risk.level:
        return language.say("risk has fallen: {before} → {now}", before=level_name(risk.previous_level, language), now=now)
    return language.say("risk: {now}", now=now)


def course_day(risk: AtRisk, language: Language) -> str | None:
    """«день 12 из 36»."""
    if risk.course_day is None:
        return None
    if risk.course_days is None:
        return language.say("day {day}", day=risk.course_day)
    return language.say("day {day} of {days}", day=risk.course_day, days=risk.course_days)


def change_words(line: Line, language: Language) -> str | None:
    """New, or on the list since when, and a risen level where the headline does not say it."""
    change = line.change
    if change is None:
        return None
    if change.is_new or change.since is None:
        return language.say("new")
    date = language.short_date(change.since + timedelta(days=1))
    said = language.say("again; last on {date}", date=date) if change.is_back else language.say("on the list since {date}", date=date)
    names = [language.say(NEWS[kind]) for kind in change.news if kind in NEWS]
    # That the level rose the headline says already.
    if names := [name for kind, name in zip([kind for kind in change.news if kind in NEWS], names, strict=True) if kind != "risk"]:
        said += "; " + language.say("what is new: {what}", what=", ".join(names))
    if change.risen_from and not any(risk.has_risen for risk in line.risks):
        said += "; " + language.say("was {level} then", level=level_name(change.risen_from, language))
    return said


def reasons_of(line: Line, language: Language) -> list[str]:
    """At most ``list_reasons`` reasons of a line as sentences, each said once; what the section's headline says already is left out.

    That letters do not arrive is certain and goes before what is only likely.

    Of somebody who never came all else follows from that, so nothing else is counted up.
    """
    said: list[str] = idle_reasons(line, language)
    for risk in line.risks if not line.never_started else ():
        reasons = [
            reason_words(reason, risk, language)
            for reason in sayable(risk)
            # The open question itself stands in the line: saying that there is one would be saying it twice.
            if not (reason.code == "open_question" and line.questions)
            # So do the notices without a sign.
            and not (reason.code == "unanswered_notice" and line.not_reached)
        ]
        if line.section == "help" and risk is line.risks[0]:
            said.extend(reasons or [language.say("no single strong sign, but several weak ones together")])
        elif risk.target == FORMAL:
            said.append(risk_words(risk, language))  # of what it consists the timeline shows
        elif reasons:
            said.extend([risk_words(risk, language), *reasons])
    if line.never_started and line.section != "never_started":
        said.append(language.say("not in the course once"))
    if line.never_started:
        said.extend(_enrolment_words(line, language))
    arrived: list[str] = []
    for item in line.not_reached:
        is_headline = line.section == "not_reached" and item is line.not_reached[0]
        notice = _notice_words(item, language) if item.subject or item.sent_at else None
        if is_headline and notice:
            arrived.append(notice)
        elif not is_headline:
            arrived.append(not_reached_words(item, language) + (f"; {notice}" if notice else ""))
    own = list(dict.fromkeys(said))
    most = int(threshold("list_reasons"))
    return [*own[: max(1, most - len(arrived))], *dict.fromkeys(arrived)][:most]


def _enrolment_words(line: Line, language: Language) -> list[str]:
    item = line.never_started
    said = []
    if item and item.is_bulk_enrolled:
        in_a_list = METHODS["cohort"]
        words = language.say(in_a_list)
        said.append(f"{words}, {language.date_of(item.enrolled_at)}" if item.enrolled_at else words)
    elif item and item.method:
        words = (
            language.say(METHODS[item.method]) if item.method in METHODS else language.say("way of enrolment: {method}", method=item.method)
        )
        said.append(f"{words}, {language.date_of(item.enrolled_at)}" if item.enrolled_at else words)
    elif item and item.enrolled_at:
        said.append(language.say("enrolled on {date}", date=language.date_of(item.enrolled_at)))
    if item and item.institution:
        said.append(language.say("place of work: {name}", name=item.institution))
    return said


def not_reached_words(item: NotReached, language: Language) -> str:
    """Bounce or silence."""
    if item.why == "bounce":
        return language.say("the letter came back: it could not be delivered")
    number = item.notices_in_row or 1
    return language.count("no sign after {n} notice", "no sign after {n} notices in a row", number)


def _notice_words(item: NotReached, language: Language) -> str:
    date = language.date_of(item.sent_at) if item.sent_at else None
    if item.subject and date:
        named = language.say("{date}, “{subject}”", date=date, subject=item.subject)
    else:
        named = date or language.say("“{subject}”", subject=item.subject)
    return named if item.why == "bounce" else language.say("the last one: {notice}", notice=named)


#: Features of which more is worse: none of it is no reason to be shown, whatever part it had in the score.
_MORE_IS_WORSE = frozenset(
    [
        "tasks_missed",
        "tasks_missed_in_row",
        "tasks_late",
        "tasks_failed",
        "tasks_returned",
        "silent_days",
        "notices_unacknowledged_in_row",
        "open_questions",
        "oldest_open_hours",
        "technical_questions_14",
        "copied_tasks",
        "copied_share",
        "idle_webinars",
        "burst_answers",
    ]
)


#: Features of which less is worse: as much as is usual in the stream is no reason to be shown.
_LESS_IS_WORSE = frozenset(
    [
        "tasks_submitted",
        "messages_14",
        "active_days_7",
        "active_days_14",
        "events_7",
        "webinars_attended",
        "webinar_share",
        "mean_grade_share",
        "materials_opened",
        "materials_share",
    ]
)


def is_sayable(reason: Reason) -> bool:
    """May this reason be said?

    Not where its value is unknown (that would be a claim about nothing), where there is none of it, where it is no worse than usual in the
    stream, nor a silence of a day or two, whatever part it had in the score.
    """
    if reason.code == "never_started":
        return True
    if reason.value is None:
        return False
    if reason.feature == "silent_days":
        return reason.value >= threshold("list_silent_days") and reason.value > (reason.baseline or 0)
    if reason.feature in _MORE_IS_WORSE:
        return reason.value > 0
    return not (reason.feature in _LESS_IS_WORSE and reason.baseline is not None and reason.value >= reason.baseline)


def sayable(risk: AtRisk) -> list[Reason]:
    """The strongest reasons of a score that may be said. No acts at all in a week is left out where the silence itself is said."""
    reasons = [reason for reason in risk.reasons if is_sayable(reason)]
    if any(reason.feature == "silent_days" and (reason.value or 0) >= DAYS_A_WEEK for reason in reasons):
        reasons = [reason for reason in reasons if reason.feature not in ("events_7", "active_days_7")]
    return reasons[: int(threshold("list_reasons"))]


def reason_words(reason: Reason, risk: AtRisk, language: Language) -> str:
    """One sayable reason of risk.reasons as a sentence with its number, its dates and what is usual in the stream.

    A code without a sentence of its own is named, so that nothing is hidden.
    """
    say, count = language.say, language.count
    number, feature = reason.value or 0.0, reason.feature or ""
    match reason.code:
        case "missed_tasks" if feature == "tasks_late":
            said = count("{n} task handed in late", "{n} tasks handed in late", number)
        case "missed_tasks" if feature == "tasks_submitted":
            said = count("{n} task handed in so far", "{n} tasks handed in so far", number)
        case "missed_tasks":
            return _missed_words(number, feature, risk.missed_tasks, language)
        case "silent_days" if feature == "messages_14":
            said = count("{n} message in two weeks", "{n} messages in two weeks", number)
        case "silent_days" if feature == "active_days_14":
            said = count("{n} day with an act in the last two weeks", "{n} days with an act in the last two weeks", number)
        case "silent_days" if feature == "active_days_7":
            said = count("{n} day with an act in the last week", "{n} days with an act in the last week", number)
        case "silent_days":
            said = count("not a single act for {n} day", "not a single act for {n} days", number)
        case "slower_than_before":
            said = count("{n} act in the course in the last week", "{n} acts in the course in the last week", number)
        case "unanswered_notice":
            said = count("no reply to {n} letter", "no reply to {n} letters in a row", number)
        case "open_question" if feature == "open_questions":
            return count("{n} question is without an answer", "{n} questions are without an answer", number)
        case "open_question":
            return say("a question is without an answer for {time}", time=language.duration(number))
        case "no_webinars" if not number:
            said = say("not seen at webinars")
        case "no_webinars" if feature.endswith("share"):
            said = say("was at {share} of the time of webinars", share=language.percent(number))
        case "no_webinars":
            said = count("was at {n} webinar", "was at {n} webinars", number)
        case "low_grades" if feature == "tasks_failed":
            return count("{n} task is not passed", "{n} tasks are not passed", number)
        case "low_grades" if feature == "tasks_returned":
            return count("{n} task was sent back to be mended", "{n} tasks were sent back to be mended", number)
        case "low_grades":
            said = say("mean grade {share} of the best possible", share=language.percent(number))
        case "copied_work" if feature.endswith("share"):
            return say("works repeat another text in part (to look at)")
        case "copied_work":
            return count("{n} work repeats another text in part (to look at)", "{n} works repeat another text in part (to look at)", number)
        case "idle_webinars":
            return count("at {n} webinar without a sign of taking part", "at {n} webinars without a sign of taking part", number)
        case "unread_materials" if not number:
            said = say("no material opened")
        case "unread_materials" if feature.endswith("share"):
            said = say("{share} of the materials opened", share=language.percent(number))
        case "unread_materials":
            said = count("{n} material opened", "{n} materials opened", number)
        case "burst_answers":
            return count(
                "{n} test answer came faster than the question can be read (to look at)",
                "{n} test answers came faster than the questions can be read (to look at)",
                number,
            )
        case "never_started":
            return say("not in the course once")
        case "technical_trouble":
            return count("{n} message about technical trouble in two weeks", "{n} messages about technical trouble in two weeks", number)
        case _:
            return say("sign: {code}", code=reason.code.replace("_", " "))
    return said + _usual(reason, language)


def _missed_words(number: float, feature: str, tasks: Sequence[MissedTask], language: Language) -> str:
    if feature == "tasks_missed_in_row" and number > 1:
        said = language.count("{n} task in a row not handed in", "{n} tasks in a row not handed in", number)
    else:
        said = language.count("{n} task not handed in", "{n} tasks not handed in", number)
    due = sorted(language.local(task.due_at).date() for task in tasks if task.due_at)[-int(number) :]
    if len(due) == int(number):
        said += (
            " (" + language.count("was due on {dates}", "were due on {dates}", number, dates=language.dates(list(dict.fromkeys(due)))) + ")"
        )
    return said


def _usual(reason: Reason, language: Language) -> str:
    """What is usual in the stream, where that is known, differs and is not nothing."""
    if not reason.baseline or reason.value is None or reason.baseline == reason.value:
        return ""
    usual = language.percent(reason.baseline) if (reason.feature or "").endswith("share") else language.number(reason.baseline, 0)
    return " " + language.say("(usual in the stream: {usual})", usual=usual)


# -- questions, contact, action --------------------------------------------------------------------------------------------------


def question_head(question: OpenQuestion, language: Language, *, with_wait: bool = True) -> str:
    """Where and when it was asked and (``with_wait``) how long it waits."""
    parts = []
    if with_wait and question.hours_open is not None:
        parts.append(language.say("{time} without an answer", time=language.duration(question.hours_open)))
    if channel := channel_name(question.channel, language):
        parts.append(channel)
    if question.asked_at:
        parts.append(language.moment(question.asked_at))
    if question.is_technical:
        parts.append(language.say("technical"))
    if question.is_answer_returned:
        parts.append(language.say("the answer came back: it could not be delivered"))
    if question.is_doubtful:
        parts.append(doubt(question, language))
    return " · ".join(parts)


def doubt(question: OpenQuestion, language: Language) -> str:
    """Why a doubtful question stands lower: words that perhaps answered it, or that perhaps nothing was asked."""
    if question.possibly_answered_at is None:
        return language.say("perhaps not a question")
    return language.say("perhaps answered: a curator's message of {moment}", moment=language.moment(question.possibly_answered_at))


def question_excerpt(question: OpenQuestion, language: Language) -> str:
    """The words of the question, cut at a word's end."""
    text = " ".join((question.text or "").split())
    if not text:
        return (
            language.say("(the text is not kept: mail bodies are never read)") if question.channel == "mail" else language.say("(no text)")
        )
    most = int(threshold("list_excerpt"))
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def ready_answer(question: OpenQuestion) -> tuple[str, bool] | None:
    """A curator's answer to the same question, without the name it was addressed to; and whether it may go into a draft as it stands.

    Into a draft go answers to questions that came up often; one that was said to somebody by name is theirs alone. None: there is none.
    """
    text = (question.faq_answer or "").strip()
    if not text:
        return None
    addressed = None if _NO_NAME.match(text) else _ADDRESSED.match(text)
    if addressed:
        rest = text[addressed.end() :]
        return rest[0].upper() + rest[1:], False
    return text, (question.asked_before or 0) >= threshold("list_ready_asked")


#: «Наталья, …», «Анна Петровна! …»: capitalised words before the first comma or exclamation mark.
_ADDRESSED = re.compile(r"(?:[А-ЯЁA-Z][а-яёa-z-]+ ){0,2}[А-ЯЁA-Z][а-яёa-z-]+[,!]\s+(?=\S)")
#: Words that begin an answer in the same way and address nobody.
_NO_NAME = re.compile(
    r"(?:да|нет|конечно|здравствуйте|добрый день|доброе утро|добрый вечер|коллеги|уважаемые|yes|no|hello|dear colleagues)[,!]",
    re.IGNORECASE,
)


def asked_before(question: OpenQuestion, language: Language) -> str | None:
    """How often the same was asked before; None: never, or not known."""
    if not question.asked_before:
        return None
    return language.count("asked {n} time before", "asked {n} times before", question.asked_before)


def last_contact(contact: Contact, language: Language) -> str | None:
    """«12 ноября, почта, Анна Петровна», of one's own «…, вы»; None: not known."""
    if contact.last_at is None:
        return None
    writer = language.say("you") if contact.is_last_own else contact.last_name
    parts = [language.date_of(contact.last_at), channel_name(contact.last_channel, language), writer]
    return ", ".join(part for part in parts if part)


def action(line: Line, language: Language) -> str | None:
    """What to do: which channel, at which hours. None where nothing is known beyond what the line shows."""
    if line.similar:
        return None
    if line.idle:
        return language.say("ask those who run the course; one announcement to the whole group rather than letters to each")
    if line.escalation and line.section != "waiting":
        return _next_step(line, language)
    best = channel_name(line.contact.best_channel, language)
    hours = _hours(line.contact, language)
    if line.not_reached and line.section == "not_reached":
        following = channel_name(next((item.next_channel for item in line.not_reached if item.next_channel), None), language)
        return language.say("try another way: {channel}", channel=following) if following else language.say("try another way")
    if _is_answered_first(line):
        asked = [name for name in (channel_name(question.answered_on, language) for question in line.questions) if name]
        if not asked and any(question.is_address_bounced for question in line.questions):
            other = channel_name(_other_than_mail(line), language)
            return language.say("a letter to this address came back, answer in another way: {channel}", channel=other)
        return language.say("answer where it was asked: {channel}", channel=", ".join(dict.fromkeys(asked))) if asked else None
    if line.never_started and (line.never_started.phone or line.never_started.institution):
        return language.say("call") if line.never_started.phone else language.say("ask through the school")
    if untried := _untried(line):
        return language.say("try another way: {channel}", channel=channel_name(untried, language))
    if best:
        return language.say("write: {channel}", channel=best) + (f" ({hours})" if hours else "")
    return language.say("write in the LMS: where this learner answers is not known yet")


def _next_step(line: Line, language: Language) -> str:
    """What to do after contacts without a sign: which were tried, and what is left."""
    tried = line.escalation
    if tried is None:
        return ""
    number = len(tried.tried)
    said = language.count("{n} contact without a sign since", "{n} contacts without a sign since", number)
    match tried.following:
        case "phone":
            following = language.say("call: {phone}", phone=line.contact.phone or channel_name("phone", language))
        case "institution":
            following = language.say(
                "ask through the school’s administration: {name}", name=line.contact.institution or channel_name("institution", language)
            )
        case None:
            following = language.say("every known way has been tried: hand over to those who run the course")
        case _:
            following = language.say("write: {channel}", channel=channel_name(tried.following, language))
    return f"{said}; {following}"


def _is_answered_first(line: Line) -> bool:
    """What to do is to answer where it was asked. A question that has waited for weeks ranks lower and may stand under "needs help"."""
    return line.section == "waiting" or (line.section == "help" and bool(line.questions))


def _untried(line: Line) -> str | None:
    """The way that is left to somebody whom the last notices did not reach, under whatever heading they stand; None: they arrived, or it is their own."""
    following = next((item.next_channel for item in line.not_reached if item.next_channel), None)
    return following if following != line.contact.best_channel else None


def _other_than_mail(line: Line) -> str:
    """The way to somebody whose letters come back: where this learner answers, else the next one, else the LMS."""
    ways = (line.contact.best_channel, *(item.next_channel for item in line.not_reached))
    return next((way for way in ways if way and way != "mail"), "direct")


def next_channel(line: Line) -> str | None:
    """Code of the way of contact that is proposed; None: none is."""
    if line.similar or line.idle:
        return None
    if line.escalation and line.section != "waiting":
        return line.escalation.following
    if _is_answered_first(line):
        asked = next((question.answered_on for question in line.questions if question.answered_on), None)
        return asked or (_other_than_mail(line) if any(question.is_address_bounced for question in line.questions) else None)
    if line.section == "not_reached":
        return next((item.next_channel for item in line.not_reached if item.next_channel), None)
    if line.never_started and (line.contact.phone or line.never_started.phone):
        return "phone"
    if line.never_started and (line.contact.institution or line.never_started.institution):
        return "institution"
    return _untried(line) or line.contact.best_channel or "direct"


def _hours(contact: Contact, language: Language) -> str | None:
    if contact.hour_from is None or contact.hour_until is None:
        return None
    return language.say("answers there, usually {start}–{end}", start=f"{contact.hour_from:02}:00", end=f"{contact.hour_until:02}:00")


def contacts_known(line: Line, language: Language) -> str | None:
    """Telephone and address where the next step is not a message in the course: who never came, was not reached or did not answer."""
    if line.never_started is None and not line.not_reached and line.escalation is None:
        return None
    known = line.never_started
    phone = line.contact.phone or (known.phone if known else None)
    email = line.contact.email or (known.email if known else None)
    if email and line.letters_come_back:
        email = language.say("{address} (letters come back)", address=email)
    return " · ".join(part for part in (phone, email) if part) or None


def similar_words(item: SimilarWork, language: Language) -> str:
    """What repeats what."""
    task = item.task_name or language.say("a task")
    moment = language.moment(item.source_at) if item.source_at else language.say("time unknown")
    if item.source_kind == "leak" and item.source_in_file:
        return language.count(
            "{task}: {n} work agrees with a file posted in the chat ({moment})",
            "{task}: {n} works agree with a file posted in the chat ({moment})",
            item.learners, task=task, moment=moment,
        )  # fmt: skip
    if item.source_kind == "leak":
        return language.count(
            "{task}: {n} work agrees with a message in the chat of {moment}",
            "{task}: {n} works agree with a message in the chat of {moment}",
            item.learners, task=task, moment=moment,
        )  # fmt: skip
    return language.count(
        "{task}: {n} work agrees with a work handed in earlier ({moment})",
        "{task}: {n} works agree with a work handed in earlier ({moment})",
        item.learners, task=task, moment=moment,
    )  # fmt: skip


# -- the draft ---------------------------------------------------------------------------------------------------------------------


def draft(line: Line, curator_name: str | None, language: Language) -> str | None:
    """A message to this learner, ready to copy and to change. None where no message is the next step (similar works)."""
    if line.similar or line.idle:
        return None
    if next_channel(line) == "phone":
        return _spoken(line, curator_name, language)
    if next_channel(line) == "institution":
        return _to_school(line, curator_name, language)
    name = address_of(line.name)
    parts = [language.say("Hello, {name}!", name=name) if name else language.say("Hello!")]
    course = line.streams[0].course_name if line.streams else None
    if line.questions:
        parts.extend(_draft_answer(line.questions, language))
    elif line.never_started:
        parts.append(
            language.say("You are enrolled in the course “{course}”, and so far there has been no entry under your name.", course=course)
            if course
            else language.say("You are enrolled in a course, and so far there has been no entry under your name.")
        )
        parts.append(language.say("Is anything in the way: the password, the link, the time? Write or call, we will sort it out together."))
    elif line.section == "not_reached":
        parts.append(language.say("Our letters about the course do not seem to reach you. Which address or messenger should we write to?"))
    else:
        parts.extend(_draft_help(line, language))
    if signed := address_of(curator_name):
        parts.append(signed)
    return "\n".join(parts)


def _course_of(line: Line, language: Language) -> str:
    return line.streams[0].course_name if line.streams and line.streams[0].course_name else language.say("our course")


def _spoken(line: Line, curator_name: str | None, language: Language) -> str:
    """What to say on the telephone: short, a question, and no reproach."""
    name, own = address_of(line.name), address_of(curator_name)
    course = _course_of(line, language)
    parts = [language.say("Hello, {name}!", name=name) if name else language.say("Hello!")]
    parts.append(
        language.say(
            "This is {name}, the curator of the course “{course}”. Is this a good moment for two minutes?", name=own, course=course
        )
        if own
        else language.say("I am the curator of the course “{course}”. Is this a good moment for two minutes?", course=course)
    )
    if line.never_started:
        parts.append(
            language.say("You are enrolled, and so far it has not come to a first entry. Shall we look together what is in the way?")
        )
    elif line.not_reached:
        parts.append(language.say("Our letters do not seem to reach you. Where is it easiest for you to read us?"))
    else:
        parts.append(
            language.say("How is the course going? What would make it easier: another date, an explanation, help with the upload?")
        )
    return "\n".join(parts)


def _to_school(line: Line, curator_name: str | None, language: Language) -> str:
    """A few words to the school's administration: asks for a contact, tells nothing about results."""
    course = _course_of(line, language)
    parts = [
        language.say("Hello!"),
        language.say(
            "Your colleague ({name}) is enrolled in the course “{course}”, and we cannot reach them by the address we have.",
            name=line.name or "—", course=course,
        ),
        language.say("Please ask them to write to us or tell us how to reach them. Thank you for your help!"),
    ]  # fmt: skip
    if signed := address_of(curator_name):
        parts.append(signed)
    return "\n".join(parts)


def _draft_answer(questions: Sequence[OpenQuestion], language: Language) -> list[str]:
    parts = [language.say("Thank you for your question, and sorry for the wait.")]
    known = [answer for answer in (ready_answer(question) for question in questions) if answer]
    # One answer for one question: with several questions the curator says what belongs to which.
    ready = known[0][0] if len(questions) == 1 and known and known[0][1] else None
    parts.append(ready or language.say("[the answer]"))
    if any(question.is_technical for question in questions):
        parts.append(language.say("If it does not work, send a picture of the screen, and we will look at it together."))
    return parts


def _draft_help(line: Line, language: Language) -> list[str]:
    missed = [task for risk in line.risks for task in risk.missed_tasks if task.name]
    names = list(dict.fromkeys(str(task.name) for task in missed))[-int(threshold("list_missed_named")) :]
    parts = []
    if names:
        parts.append(
            language.count(
                "I see that this work is not in yet: {names}.",
                "I see that these works are not in yet: {names}.",
                len(names),
                names="; ".join(names),
            )
        )
    else:
        parts.append(language.say("How is the course going?"))
    parts.append(
        language.say(
            "What would help: an explanation, another date, help with the upload? Answer in a word or two, and I will think about what can be done."
        )
    )
    return parts
