"""What stood on earlier lists and what curators said of it: is a line new, does it rest today, and which step comes next.

The rules, each with its threshold (docs/deliveries.md has them as a table):

- What speaks for a line is a set of reasons (:func:`reasons_for`); a line says something new when one was not there before.
- A line that says nothing new stands on ``list_days_running`` lists in a row, rests for ``list_rest_days`` days and comes back once more.
- Resolved and false alarm: it rests until there is something new. Snoozed: until its morning, unless there is something new.
- Contacted and waiting: it rests for ``list_contact_days``, then the next way of contact is proposed if the learner gave no sign.
- A mark of one curator holds for every curator who shares the learner's stream.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo

from pipelines.deliveries.lists.list_model import LEVELS, Change, Escalation, Line, MarkSeen, Rest
from pipelines.deliveries.shared.marks import CHANNELS, CLOSING, REACHING
from pipelines.thresholds import threshold

#: End of a code of :func:`reasons_for` by which a question has waited a step longer.
_WAITING_STEP = re.compile(r":\d+ h$")
#: Ways that come last, whatever this learner's habits: each costs somebody a call.
LAST_RESORTS = ("phone", "institution")


@dataclass(frozen=True)
class Shown:
    """One line of an earlier list: was it on it, and what spoke for it. ``level``: risk shown."""

    reasons: frozenset[str] = frozenset()
    was_listed: bool = False
    level: str | None = None


@dataclass
class History:
    """One curator's earlier lists, newest first, and for each what is known of every line. A list that was empty is there without lines."""

    days: list[date] = field(default_factory=list)
    lines: dict[date, dict[str, Shown]] = field(default_factory=dict)

    def of(self, item_id: str, day: date) -> Shown | None:
        """The line on that day; None: there was no reason for it then."""
        return self.lines.get(day, {}).get(item_id)

    @property
    def previous(self) -> date | None:
        """Day of the last list; None: there was none."""
        return self.days[0] if self.days else None


def reasons_for(line: Line) -> frozenset[str]:
    """What speaks for a line, as codes that stay the same as long as the matter does and grow when it does."""
    found: set[str] = set()
    waits = [threshold(name) for name in ("answered_within", "list_wait_second", "list_wait_third")]
    silences = [threshold(name) for name in ("list_silent_days", "list_silent_second", "list_silent_third")]
    for question in line.questions:
        # A learner who comes back to a question asks anew.
        asked = f"question:{question.question_id}" + (f":{question.waits_since.isoformat()}" if question.waits_since else "")
        found.add(asked)
        # What stood there when it was answered stands there again once the answer comes back: the return is what is new.
        if question.answer_returned_at:
            found.add(f"returned:{question.question_id}:{question.answer_returned_at.isoformat()}")
        found.update(f"{asked}:{int(step)} h" for step in waits if (question.hours_open or 0.0) >= step)
    for risk in line.risks:
        # A level holds the lower ones in it, so that a fall is nothing new.
        found.update(f"risk:{risk.target}:{level}" for level in LEVELS[1 : LEVELS.index(risk.level) + 1])
        found.update(f"missed:{task.name}" for task in risk.missed_tasks)
        silent = max((reason.value or 0.0 for reason in risk.reasons if reason.feature == "silent_days"), default=0.0)
        found.update(f"silent:{int(step)} days" for step in silences if silent >= step)
    if line.never_started:
        days = line.never_started.days_since_start or 0
        found.add("never_started")
        found.update(f"never_started:{int(step)} days" for step in silences[1:] if days >= step)
    found.update(f"{item.why}:{item.notice_id}" for item in line.not_reached)
    if line.similar:
        found.update(f"work:{copier.later_id}" for copier in line.similar.people)
    if line.idle:
        found.add("idle")
        found.update(f"idle:{int(step)} days" for step in silences[1:] if (line.idle.silent_days or 0) >= step)
    return frozenset(found)


def judged(
    line: Line, history: History, marks: Sequence[MarkSeen], day: date, zone: tzinfo, known_at_mark: Mapping[str, frozenset[str]]
) -> Line:
    """The line with what changed, its trail of marks, the next step, and whether and why it rests on the morning after ``day``.

    ``marks``: of this line, newest first, none later than ``day``. ``known_at_mark``: mark → what spoke for the line on the list marked.
    """
    now = reasons_for(line)
    line = replace(line, marks=tuple(marks), change=_change(line, now, history))
    line = replace(line, escalation=escalation_of(line, day, zone))
    return replace(line, rest=_rest(line, now, history, marks, day, zone, known_at_mark))


def _change(line: Line, now: frozenset[str], history: History) -> Change | None:
    """What changed since the curator's previous list; None where there was none."""
    if history.previous is None:
        return None
    before = history.of(line.item_id, history.previous)
    if before is None or not before.was_listed:
        seen = [listed for listed in history.days if (shown := history.of(line.item_id, listed)) and shown.was_listed]
        # Away without a reason for a day: new again. Away because it rested: it comes back.
        if before is None or not seen:
            return Change(is_new=True)
        return Change(is_new=False, since=seen[0], is_back=True, news=_news(now, before.reasons))
    since = history.previous
    for listed in history.days:
        shown = history.of(line.item_id, listed)
        if shown is None or not shown.was_listed:
            break
        since = listed
    has_risen = before.level in LEVELS and line.level in LEVELS and LEVELS.index(str(line.level)) > LEVELS.index(str(before.level))
    return Change(is_new=False, since=since, risen_from=before.level if has_risen else None, news=_news(now, before.reasons))


def _news(now: frozenset[str], before: frozenset[str]) -> tuple[str, ...]:
    """Kinds of what is new, each once, in the order of the codes; nothing where it is not known what spoke for the line before."""
    if not before:
        return ()
    # A question that stood there before and has waited one step longer is no new question: "new: the question" sent curators looking for one.
    return tuple(
        dict.fromkeys(
            "waiting" if (step := _WAITING_STEP.search(code)) and code[: step.start()] in before else code.split(":", 1)[0]
            for code in sorted(now - before)
        )
    )


def _rest(
    line: Line, now: frozenset[str], history: History, marks: Sequence[MarkSeen], day: date, zone: tzinfo, known_at_mark: Mapping[str, frozenset[str]]
) -> Rest | None:  # fmt: skip
    morning = day + timedelta(days=1)
    mark = marks[0] if marks else None
    if mark is not None and mark.state != "new":
        known = known_at_mark.get(mark.mark_id)
        is_new = known is not None and bool(now - known)
        marked_on = mark.marked_at.astimezone(zone).date()
        if not is_new:
            if mark.state in CLOSING:
                return Rest(mark.state)
            if mark.state == "snoozed":
                return Rest("snoozed", mark.until_day) if mark.until_day and morning < mark.until_day else None
            if mark.state in REACHING:
                until = marked_on + timedelta(days=int(threshold("list_contact_days")))
                # After that it stands on the list again, with the next step, as long as any line may.
                return Rest(mark.state, until) if morning < until else _shown_enough(line, now, history, morning, marked_on)
        return _shown_enough(line, now, history, morning, marked_on)
    return _shown_enough(line, now, history, morning, None)


def _shown_enough(line: Line, now: frozenset[str], history: History, morning: date, marked_on: date | None) -> Rest | None:
    """Has the line stood on enough lists in a row without anything new?

    The last unbroken run of lists that showed it is gone through; lists before a mark do not count, because the curator has dealt with
    them. A reason that went and came back within the run is nothing new.
    """
    listed = {day for day in history.days if (shown := history.of(line.item_id, day)) and shown.was_listed}
    if not listed or (marked_on is not None and max(listed) < marked_on):
        return None
    last = max(listed)
    run: list[date] = []
    for day in history.days[history.days.index(last) :]:
        if day not in listed or (marked_on is not None and day < marked_on):
            break
        run.append(day)
    seen: frozenset[str] = frozenset()
    times = 0
    for day in reversed(run):
        reasons = history.lines[day][line.item_id].reasons
        times = 1 if reasons - seen else times + 1
        seen |= reasons
    again = last + timedelta(days=1 + int(threshold("list_rest_days")))
    return Rest("shown", again) if not now - seen and times >= threshold("list_days_running") and morning < again else None


def escalation_of(line: Line, day: date, zone: tzinfo) -> Escalation | None:
    """What was tried without a sign since, and the way that comes next; None where nothing was tried or the learner answered.

    Counted are the marks "contacted" and "waiting" after the learner's last act; an act afterwards is the sign that a contact helped.
    """
    last_act = day - timedelta(days=line.silent_days) if line.silent_days is not None else None
    tried = []
    for mark in line.marks:
        on = mark.marked_at.astimezone(zone).date()
        if mark.state in CLOSING or mark.state == "new" or (last_act is not None and on < last_act):
            break
        if mark.state in REACHING:
            tried.append(mark)
    if not tried or line.person_id is None:
        return None
    used = {mark.channel for mark in tried if mark.channel}
    own = [line.contact.best_channel] if line.contact.best_channel else []
    ways = list(dict.fromkeys([*own, *(item.next_channel for item in line.not_reached if item.next_channel), *CHANNELS]))
    bounced = {"mail"} if line.letters_come_back else set()
    soft = [way for way in ways if way not in LAST_RESORTS and way not in used | bounced]
    known = {"phone": line.contact.phone, "institution": line.contact.institution}
    hard = [way for way in LAST_RESORTS if known[way] and way not in used]
    if len(tried) >= threshold("list_tries_most"):
        following = next(iter(reversed(hard)), None) or next(iter(soft), None)
    else:
        following = next(iter(soft), None) if len(used) < 2 and not (used & set(LAST_RESORTS)) else None
        following = following or next(iter(hard), None) or next(iter(soft), None)
    return Escalation(tuple(reversed(tried)), following, (day + timedelta(days=1) - tried[-1].marked_at.astimezone(zone).date()).days)


def counted(marks: Iterable[MarkSeen], since: datetime) -> dict[str, int]:
    """How many lines were given each state since a moment; a line counts with its last mark."""
    last: dict[str, MarkSeen] = {}
    for mark in sorted(marks, key=lambda mark: mark.marked_at):
        if mark.marked_at >= since:
            last[mark.item_id] = mark
    states: dict[str, int] = {}
    for mark in last.values():
        states[mark.state] = states.get(mark.state, 0) + 1
    return states
