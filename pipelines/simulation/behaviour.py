"""What people do: one stream, week by week, as arrays.

Every learner has a *persona* (habits), a *will* that wanders from week to week, and what the course does to it: an unanswered question,
a missed or failed task, a webinar that would not open. Dropping out is drawn each week from all of that, so it is preceded by signs more
often than not, and not always: some fade and come back, some leave from one day to the next.

Everything is simulated to the end of the stream and beyond; writers leave out what lies after the plan's ``as_of``. That is why the same
world seen on two days is the same world.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.random import Generator

HOUR, DAY, WEEK = 3600, 86_400, 604_800
#: Moscow has been three hours ahead of UTC all the year since 2014.
MOSCOW = 3 * HOUR

PERSONAS = ("steady", "late", "minimal", "lurker", "never_started", "copier", "forced", "fragile")
_SHARES = (0.31, 0.16, 0.14, 0.06, 0.07, 0.08, 0.06, 0.12)
STEADY, LATE, MINIMAL, LURKER, NEVER, COPIER, FORCED, FRAGILE = range(8)
#: Habits by persona, in the order above.
_VISITS = np.array([3.6, 2.9, 1.9, 2.6, 0.0, 1.8, 1.2, 2.4])  # a week
_READS = np.array([0.75, 0.60, 0.30, 0.80, 0.0, 0.25, 0.02, 0.5])  # share of this week's material opened
_SUBMITS = np.array([3.2, 1.5, 1.6, -3.0, -9.0, 1.6, 2.2, 1.0])  # log-odds of handing in on time
_CATCHES_UP = np.array([0.50, 0.45, 0.25, 0.02, 0.0, 0.35, 0.45, 0.20])  # chance a week to hand in what was missed
#: The same in the last weeks, when the certificate is near.
_HURRIES = np.array([0.90, 0.85, 0.75, 0.03, 0.0, 0.80, 0.90, 0.60])
_COPIES = np.array([0.004, 0.07, 0.15, 0.10, 0.0, 0.78, 0.82, 0.05])
_ATTENDS = np.array([0.72, 0.55, 0.28, 0.50, 0.0, 0.35, 0.75, 0.42])
_IDLES = np.array([0.04, 0.08, 0.25, 0.15, 0.0, 0.35, 0.92, 0.12])
_ASKS = np.array([0.34, 0.34, 0.16, 0.08, 0.0, 0.22, 0.10, 0.40])  # questions a week
_TALKS = np.array([0.8, 0.6, 0.2, 0.1, 0.0, 0.4, 0.1, 0.4])  # other chat messages a week
_EARLY = np.array([46.0, 12.0, 16.0, 20.0, 1.0, 9.0, 14.0, 20.0])  # hours before the deadline, mean
_DROPS = np.array([-5.0, -3.7, -3.8, -2.6, -9.0, -4.1, -6.0, -1.5])  # log-odds of deciding to leave in a week

#: Most who leave do so early.
_EARLY_WEEKS = (0.1, 0.5, 0.4, 0.1, -0.3)

KINDS = ("original", "verbatim", "reformatted", "edited", "half", "homoglyph")
_KIND_SHARES = (0.34, 0.20, 0.26, 0.12, 0.08)
COMMENTS = ("substantive", "stock", "one_word", "none")


@dataclass(frozen=True)
class Profile:
    """How a curator works."""

    name: str
    answers: float  # share of questions answered at all
    hours: float  # median hours to an answer
    holding: float  # share of answers preceded by "I shall find out"
    grading_hours: float
    comments: tuple[float, float, float, float]  # shares of COMMENTS


PROFILES = {
    "quick": Profile("quick", 0.97, 1.3, 0.08, 20, (0.80, 0.12, 0.06, 0.02)),
    "average": Profile("average", 0.90, 5.0, 0.14, 55, (0.50, 0.30, 0.14, 0.06)),
    "slow": Profile("slow", 0.72, 19.0, 0.16, 130, (0.42, 0.30, 0.18, 0.10)),
    "formal": Profile("formal", 0.84, 8.0, 0.05, 40, (0.03, 0.17, 0.66, 0.14)),
    "on_leave": Profile("on_leave", 0.92, 4.0, 0.10, 48, (0.55, 0.28, 0.12, 0.05)),
}


@dataclass
class Question:
    """One question and what became of it. Times are epoch seconds; ``asker`` is a learner's place in the stream."""

    asker: int
    asked_at: int
    channel: str  # chat, forum, mail, direct
    intent: str
    task: int | None
    is_technical: bool
    curator: int  # place in the stream's curators
    answered_at: int | None = None
    holding_at: int | None = None
    collective: bool = False
    link: str = "reply"  # reply, mention, unmarked
    peer: int | None = None
    peer_at: int | None = None


@dataclass
class Leak:
    """Somebody shows his work in the chat."""

    submission: int
    poster: int
    posted_at: int
    task: int
    is_mass: bool


@dataclass
class Traces:
    """What happened in one stream; arrays are parallel, learners are named by their place in the stream."""

    start: int  # epoch seconds of Monday 00:00 Moscow
    weeks: int
    persona: np.ndarray
    skill: np.ndarray
    technical: np.ndarray
    enrolled_at: np.ndarray
    method: np.ndarray  # 0 by the manager in bulk, 1 by the manager singly, 2 self
    curator: np.ndarray
    left_week: np.ndarray  # week in which the learner decided to leave; -1: never
    came_back: np.ndarray
    visit_learner: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    visit_at: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    #: material views: module place = week * 3 + (0 page, 1 file, 2 video)
    view_learner: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    view_module: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    view_at: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    sub: dict[str, np.ndarray] = field(default_factory=dict)
    quiz: dict[str, np.ndarray] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    attends: dict[str, np.ndarray] = field(default_factory=dict)
    talk: np.ndarray = field(default_factory=lambda: np.empty((0, 0), int))
    #: will of each learner in each week, for letters and receipts
    vigour: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    completed_at: np.ndarray = field(default_factory=lambda: np.empty(0, int))


def epoch(day: date, hour: float = 0) -> int:
    """Epoch seconds of an hour of a day in Moscow."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hour * HOUR) - MOSCOW


def moscow(at: int) -> datetime:
    """Wall clock in Moscow, without a zone."""
    return datetime(1970, 1, 1) + timedelta(seconds=int(at) + MOSCOW)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def _hours_of_day(rng: Generator, size: int) -> np.ndarray:
    """Seconds after local midnight at which teachers sit down: mostly evenings, some after lessons, few at night."""
    part = rng.choice(4, size=size, p=(0.58, 0.22, 0.14, 0.06))
    low = np.array([18.0, 14.0, 8.0, 22.5])[part]
    span = np.array([4.5, 4.0, 6.0, 3.0])[part]
    return ((low + span * rng.beta(1.6, 1.6, size)) * HOUR).astype(int)


#: Teachers rest on Saturdays more than on Sundays, when deadlines fall.
_WEEKDAYS = np.array([1.0, 0.95, 1.05, 1.0, 0.8, 0.65, 1.35])


def is_holiday(day: date) -> bool:
    """Days on which almost nobody works: Unity Day, New Year, May holidays and the like."""
    return (day.month, day.day) in {(11, 4), (6, 12), (3, 8), (2, 23), (5, 1), (5, 9)} or (day.month == 1 and day.day <= 8)


def answer_moment(rng: Generator, asked_at: int, hours: float, leave: tuple[int, int] | None) -> int:
    """When a curator answers: a skewed delay, moved out of the night, often out of the weekend, and after a leave."""
    at = asked_at + int(HOUR * hours * np.exp(rng.normal(0, 1.0))) + 120
    if leave and leave[0] <= at < leave[1]:
        at = leave[1] + int(rng.uniform(8, 30) * HOUR)
    clock = moscow(at)
    if (clock.weekday() >= 5 or is_holiday(clock.date())) and rng.random() < 0.55:
        at = epoch(clock.date() + timedelta(days=7 - clock.weekday() if clock.weekday() >= 5 else 1)) + int(rng.uniform(8.5, 12) * HOUR)
        clock = moscow(at)
    if clock.hour < 7 or clock.hour >= 23:
        day = clock.date() + timedelta(days=1 if clock.hour >= 23 else 0)
        at = epoch(day) + int(rng.uniform(7.2, 10.5) * HOUR)
    return at


INTENTS = (
    # intent, weight, about the week's task, technical, mostly in the first week
    ("deadline", 1.5, True, False, False),
    ("upload", 1.4, True, True, False),
    ("format", 1.0, True, False, False),
    ("volume", 0.9, True, False, False),
    ("checked", 1.1, True, False, False),
    ("redo", 0.7, True, False, False),
    ("criteria", 0.8, True, False, False),
    ("template", 0.7, True, False, False),
    ("example", 0.6, True, False, False),
    ("webinar_link", 1.0, False, True, False),
    ("record", 1.3, False, False, False),
    ("login", 0.9, False, True, True),
    ("certificate", 0.9, False, False, False),
    ("quiz_attempts", 0.7, False, False, False),
    ("quiz_error", 0.6, False, True, False),
    ("start", 0.7, False, False, True),
    ("documents", 0.5, False, False, True),
    ("sound", 0.5, False, True, False),
    ("content", 1.2, True, False, False),
    ("hours", 0.4, False, False, False),
)
_INTENT_WEIGHTS = np.array([row[1] for row in INTENTS])


#: A work that is not handed in: later than any moment.
_NEVER_AT = np.iinfo(np.int64).max
#: Weeks that are simulated beyond the last of a stream.
_WEEKS_BEYOND = 2


@dataclass(frozen=True)
class _Mood:
    """What a week finds its learners with; arrays are parallel to the learners."""

    here: np.ndarray
    #: Share of their usual activity.
    live: np.ndarray
    #: What draws them to the course, on the scale of log-odds.
    pull: np.ndarray


class _Stream:
    """One stream on its way: what its learners are like, what the weeks have done to them, and the traces they left.

    The order in which numbers are drawn is part of the simulation: the same seed gives the same bytes.
    """

    def __init__(
        self,
        rng: Generator,
        traces: Traces,
        *,
        hours_ahead: np.ndarray,
        profiles: list[Profile],
        leaves: list[tuple[int, int] | None],
        quiz_weeks: list[int],
        will: np.ndarray,
    ) -> None:
        size, horizon = traces.persona.size, traces.weeks + _WEEKS_BEYOND
        self.rng, self.traces, self.size, self.weeks = rng, traces, size, traces.weeks
        self.hours_ahead, self.profiles, self.leaves, self.quiz_weeks = hours_ahead, profiles, leaves, quiz_weeks
        self.will, self.mood, self.wander = will, np.zeros(size), np.zeros(size)
        self.gone, self.fade, self.missed_in_row = traces.persona == NEVER, np.ones(size), np.zeros(size)
        self.late_start = (rng.random(size) < 0.10) & ~self.gone
        self.submitted_at = np.full((size, self.weeks), _NEVER_AT)
        self.visits: list[tuple[np.ndarray, ...]] = []
        self.attends: list[tuple[np.ndarray, ...]] = []
        self.quiz: list[tuple[np.ndarray, ...]] = []
        traces.vigour, traces.talk = np.zeros((size, horizon)), np.zeros((size, horizon), int)

    def live_through(self, week: int) -> None:
        """One week, from its Monday to what it leaves its learners with."""
        monday = self.traces.start + week * WEEK
        self.wander = 0.6 * self.wander + self.rng.normal(0, 0.45, self.size)
        pull = self.will + self.mood + self.wander
        quiet = np.where(self.rng.random(self.size) < 0.06, 0.08, 1.0)  # ill, school inspection, a wedding
        here = ~self.gone & ~((week == 0) & self.late_start)
        now = _Mood(here, here * self.fade * quiet, pull)
        self.traces.vigour[:, week] = np.where(here, self.fade * quiet * _sigmoid(pull + 1), 0)
        self._visit(week, monday, now)
        if week < self.weeks:
            self._hand_in(week, monday, now)
        self._catch_up(week, monday, now)
        self._take_quiz(week, monday, now)
        trouble = self._attend(week, now) if week < self.weeks else np.zeros(self.size, bool)
        wait = self._ask_questions(week, monday, now, trouble)
        self._feel(week, wait, trouble)
        self._decide(week, now, wait, trouble)

    def _visit(self, week: int, monday: int, now: _Mood) -> None:
        rng, persona = self.rng, self.traces.persona
        days_off = np.array([0.6 if is_holiday((moscow(monday) + timedelta(days=day)).date()) else 1.0 for day in range(7)])
        after = 1.0 if week < self.weeks else 0.35
        rate = _VISITS[persona] * np.exp(0.55 * now.pull) * now.live * after / 7
        number = rng.poisson(rate[:, None] * (_WEEKDAYS * days_off)[None, :])
        learner, day = np.nonzero(number)
        times = number[learner, day]
        learner, day = np.repeat(learner, times), np.repeat(day, times)
        self.visits.append((learner, monday + day * DAY + _hours_of_day(rng, learner.size) - self.hours_ahead[learner] * HOUR))
        self.traces.talk[:, week] = rng.poisson(_TALKS[persona] * now.live * after)

    def _hand_in(self, week: int, monday: int, now: _Mood) -> None:
        """This week's work, before its deadline or a little after."""
        rng, persona = self.rng, self.traces.persona
        due = monday + 7 * DAY - 60
        odds = _SUBMITS[persona] + 1.1 * now.pull + np.log(np.maximum(now.live, 1e-6)) * 1.3
        on_time = now.here & (rng.random(self.size) < _sigmoid(odds))
        before = np.minimum(rng.gamma(1.3, _EARLY[persona] / 1.3), 6.3 * 24)
        moment = due - (before * HOUR).astype(int)
        slips = on_time & (persona == LATE) & (rng.random(self.size) < 0.45)
        moment = np.where(slips, due + (rng.gamma(1.2, 26, self.size) * HOUR).astype(int), moment)
        self.submitted_at[on_time, week] = moment[on_time]
        self.missed_in_row = np.where(on_time, 0, self.missed_in_row + 1)

    def _catch_up(self, week: int, monday: int, now: _Mood) -> None:
        """Works of earlier weeks that are still missing."""
        usual = (_HURRIES if week >= self.weeks - 1 else 0.7 * _CATCHES_UP)[self.traces.persona]
        for earlier in range(min(week, self.weeks)):
            open_still = now.here & (self.submitted_at[:, earlier] == _NEVER_AT)
            chance = usual * np.minimum(now.live * np.exp(0.5 * now.pull), 1.1)
            does = open_still & (self.rng.random(self.size) < chance)
            self.submitted_at[does, earlier] = (monday + self.rng.integers(10 * HOUR, 7 * DAY - HOUR, self.size))[does]
            self.missed_in_row = np.where(does, 0, self.missed_in_row)

    def _take_quiz(self, week: int, monday: int, now: _Mood) -> None:
        rng, persona = self.rng, self.traces.persona
        if week in self.quiz_weeks:
            takes = now.here & (rng.random(self.size) < _sigmoid(_SUBMITS[persona] + 0.4 + now.pull + np.log(np.maximum(now.live, 1e-6))))
            held, first = week, 2 * DAY
        elif self.quiz:
            # It is made up for in the weeks after it.
            held, first = max(one for one in self.quiz_weeks if one < week), 10 * HOUR
            done = np.zeros(self.size, bool)
            for who, which, _ in self.quiz:
                done[who[which == held]] = True
            usual = (_HURRIES if week >= self.weeks - 1 else _CATCHES_UP)[persona]
            takes = now.here & ~done & (rng.random(self.size) < usual * np.minimum(now.live, 1))
        else:
            return
        moment = monday + rng.integers(first, 7 * DAY - HOUR, self.size)
        self.quiz.append((np.flatnonzero(takes), np.full(takes.sum(), held), moment[takes]))

    def _attend(self, week: int, now: _Mood) -> np.ndarray:
        """This week's webinar; returns whose would not open."""
        rng, persona = self.rng, self.traces.persona
        goes = now.here & (rng.random(self.size) < np.minimum(_ATTENDS[persona] * now.live * np.exp(0.35 * now.pull), 0.97))
        idles = rng.random(self.size) < _IDLES[persona]
        trouble = goes & self.traces.technical & (rng.random(self.size) < 0.35)
        who = np.flatnonzero(goes)
        self.attends.append((who, np.full(who.size, week), idles[who], trouble[who]))
        return trouble

    def _ask_questions(self, week: int, monday: int, now: _Mood, trouble: np.ndarray) -> np.ndarray:
        """This week's questions with their answers; returns how each learner took the wait: -0.3 answered soon, to 2 not within three days."""
        rng, traces = self.rng, self.traces
        rate = _ASKS[traces.persona] * np.minimum(now.live * np.exp(0.3 * now.pull), 1.5) * (1.4 if week == 0 else 1.0)
        asks = now.here & (week <= self.weeks) & (rng.random(self.size) < 1 - np.exp(-rate))
        asks |= trouble & (rng.random(self.size) < 0.4)
        wait = np.zeros(self.size)
        # Most weeks have one question that everybody asks, on the same day or two.
        craze = (int(rng.integers(len(INTENTS))), int(rng.choice((0, 1, 3, 5, 6)))) if rng.random() < 0.8 else None
        for asker in np.flatnonzero(asks):
            question = self._ask(int(asker), week, monday, craze)
            traces.questions.append(question)
            hours = (question.answered_at - question.asked_at) / HOUR if question.answered_at else 999.0
            wait[asker] = 2.0 if hours > 72 else 1.0 if hours > 24 else -0.3
        return wait

    def _ask(self, asker: int, week: int, monday: int, craze: tuple[int, int] | None) -> Question:
        """One question of one learner in one week, with its answers; ``craze``: (intent, weekday) of what everybody asks this week."""
        weights = _INTENT_WEIGHTS.copy()
        for place, (intent, _, _, is_technical, first_week) in enumerate(INTENTS):
            if first_week:
                weights[place] *= 4.0 if week == 0 else 0.25
            if is_technical and self.traces.technical[asker]:
                weights[place] *= 3.0
            if intent == "certificate":
                weights[place] *= 4.0 if week >= self.weeks - 1 else 0.5
            if intent in ("checked", "redo") and week == 0:
                weights[place] *= 0.2
        if craze:
            weights[craze[0]] *= 8
        chosen = int(self.rng.choice(len(INTENTS), p=weights / weights.sum()))
        intent, _, of_task, is_technical, _ = INTENTS[chosen]
        day = int(self.rng.choice(7, p=_WEEKDAYS / _WEEKDAYS.sum()))
        if craze and chosen == craze[0] and self.rng.random() < 0.75:
            day = craze[1]
        asked_at = monday + day * DAY + int(_hours_of_day(self.rng, 1)[0]) - int(self.hours_ahead[asker]) * HOUR
        asked_at = max(asked_at, int(self.traces.enrolled_at[asker]) + 3 * HOUR)
        channel = str(self.rng.choice(("chat", "forum", "mail", "direct"), p=(0.56, 0.2, 0.15, 0.09)))
        task = min(max(week - (1 if intent in ("checked", "redo") else 0), 0), self.weeks - 1) if of_task else None
        place = int(self.traces.curator[asker])
        profile = self.profiles[place]
        question = Question(asker, asked_at, channel, intent, task, is_technical, place)
        if self.rng.random() < profile.answers:
            at = answer_moment(self.rng, asked_at, profile.hours, self.leaves[place])
            leave = self.leaves[place]
            away = leave is not None and leave[0] <= asked_at < leave[1]
            if away and len(self.profiles) > 1 and self.rng.random() < 0.4:
                question.curator = (place + 1) % len(self.profiles)
                at = answer_moment(self.rng, asked_at, 9.0, None)
            if self.rng.random() < profile.holding:
                question.holding_at, at = at, answer_moment(self.rng, at + 2 * HOUR, 10.0, self.leaves[place])
            question.answered_at = at
            question.link = str(self.rng.choice(("reply", "unmarked", "mention"), p=(0.58, 0.27, 0.15)))
        if channel in ("chat", "forum") and self.rng.random() < 0.13:
            question.peer = int(self.rng.integers(self.traces.persona.size))
            question.peer_at = asked_at + int(self.rng.gamma(1.2, 1.5) * HOUR) + 60
            if question.peer == asker or self.traces.persona[question.peer] in (NEVER, FORCED):
                question.peer = question.peer_at = None
        return question

    def _feel(self, week: int, wait: np.ndarray, trouble: np.ndarray) -> None:
        """What the week did to them."""
        self.mood = (
            0.75 * self.mood
            - 0.35 * np.maximum(wait, 0)
            + 0.05 * (wait < 0)
            - 0.12 * trouble
            - 0.16 * np.minimum(self.missed_in_row, 3) * (week < self.weeks)
        )

    def _decide(self, week: int, now: _Mood, wait: np.ndarray, trouble: np.ndarray) -> None:
        """Who leaves, at once or fading away, and who comes back."""
        rng, traces = self.rng, self.traces
        if week >= self.weeks - 1:
            self.gone |= (self.fade < 0.3) & (rng.random(self.size) < 0.9)
            return
        odds = (
            _DROPS[traces.persona]
            - 0.95 * now.pull
            + 1.15 * np.maximum(wait, 0)
            + 0.45 * np.minimum(self.missed_in_row, 3)
            + 0.5 * trouble
            + _EARLY_WEEKS[min(week, 4)]
        )
        decides = now.here & (self.fade == 1) & (rng.random(self.size) < _sigmoid(odds))
        sudden = decides & (rng.random(self.size) < 0.28)
        self.gone |= sudden
        traces.left_week[decides] = week
        self.fade = np.where(decides & ~sudden, 0.45, self.fade)
        fading = (self.fade < 1) & ~decides & ~self.gone
        returns = fading & (rng.random(self.size) < 0.14)
        traces.came_back |= returns
        traces.left_week[returns] = -1
        self.fade = np.where(returns, 1.0, np.where(fading, self.fade * 0.35, self.fade))
        self.mood = np.where(returns, 0.4, self.mood)
        self.gone |= (self.fade < 0.1) & (rng.random(self.size) < 0.8)


def simulate_stream(
    seed: np.random.SeedSequence,
    *,
    start: date,
    weeks: int,
    size: int,
    hours_ahead: np.ndarray,
    profiles: list[Profile],
    leaves: list[tuple[int, int] | None],
    quiz_weeks: list[int],
) -> Traces:
    """Simulate one stream of ``size`` learners from its Monday ``start``; array work throughout, loops only over weeks and questions."""
    rng = np.random.default_rng(seed)
    zero = epoch(start)
    persona = rng.choice(len(PERSONAS), size=size, p=_SHARES)
    will = rng.normal(0, 0.55, size)
    skill = rng.normal(0, 1, size)
    technical = rng.random(size) < 0.18
    enrolled_at, method = _enrolments(rng, persona, zero)
    traces = Traces(
        start=zero,
        weeks=weeks,
        persona=persona,
        skill=skill,
        technical=technical,
        enrolled_at=enrolled_at,
        method=method,
        curator=np.arange(size) * len(profiles) // size if len(profiles) > 1 else np.zeros(size, int),
        left_week=np.full(size, -1),
        came_back=np.zeros(size, bool),
    )
    stream = _Stream(rng, traces, hours_ahead=hours_ahead, profiles=profiles, leaves=leaves, quiz_weeks=quiz_weeks, will=will)
    for week in range(weeks + _WEEKS_BEYOND):
        stream.live_through(week)
    _hand_in_when_enrolled(traces, stream.submitted_at)
    _materials(rng, traces, stream.visits, weeks)
    _attempts(rng, traces, stream.quiz)
    _webinars(rng, traces, stream.attends)
    _submissions(rng, traces, stream.submitted_at, profiles, leaves)
    _courses_completed(traces, quiz_weeks)
    return traces


def _enrolments(rng: Generator, persona: np.ndarray, zero: int) -> tuple[np.ndarray, np.ndarray]:
    """(when, how) each learner was enrolled: most by the manager in one batch before the start, some later, some by themselves."""
    size = persona.size
    method = rng.choice(3, size=size, p=(0.62, 0.23, 0.15))
    method[np.isin(persona, (NEVER, FORCED)) & (rng.random(size) < 0.8)] = 0
    batch = zero - 5 * DAY + 11 * HOUR
    enrolled_at = np.where(method == 0, batch + np.arange(size), zero - rng.integers(1 * DAY, 9 * DAY, size))
    stragglers = (method != 0) & (rng.random(size) < 0.15)
    return np.where(stragglers, zero + rng.integers(0, 6 * DAY, size), enrolled_at), method


def _hand_in_when_enrolled(traces: Traces, submitted_at: np.ndarray) -> None:
    """Nobody hands in before he is enrolled."""
    early = submitted_at < traces.enrolled_at[:, None] + 6 * HOUR
    submitted_at[early] = np.broadcast_to(traces.enrolled_at[:, None] + 8 * HOUR, submitted_at.shape)[early]


def _materials(rng: Generator, traces: Traces, visits: list[tuple[np.ndarray, ...]], weeks: int) -> None:
    learner = np.concatenate([who for who, _ in visits])
    at = np.concatenate([when for _, when in visits])
    kept = at > traces.enrolled_at[learner] + HOUR
    learner, at = learner[kept], at[kept]
    order = np.lexsort((at, learner))
    traces.visit_learner, traces.visit_at = learner[order], at[order]
    learner, at = traces.visit_learner, traces.visit_at
    week = np.clip((at - traces.start) // WEEK, 0, weeks - 1)
    parts = []
    for click in range(4):
        opens = rng.random(learner.size) < _READS[traces.persona[learner]] * (0.75, 0.6, 0.45, 0.3)[click]
        # mostly this week's material, sometimes an earlier one: recordings are watched again
        back = np.where(rng.random(learner.size) < 0.25, rng.integers(0, weeks, learner.size), 0)
        module = np.maximum(week - back, 0) * 3 + rng.choice(3, size=learner.size, p=(0.5, 0.2, 0.3))
        opens &= at > traces.start
        parts.append((learner[opens], module[opens], (at + 60 + click * 240 + rng.integers(0, 200, learner.size))[opens]))
    traces.view_learner, traces.view_module, traces.view_at = (np.concatenate([part[i] for part in parts]) for i in range(3))


def _attempts(rng: Generator, traces: Traces, quiz: list[tuple[np.ndarray, ...]]) -> None:
    learner = np.concatenate([who for who, _, _ in quiz]) if quiz else np.empty(0, int)
    week = np.concatenate([which for _, which, _ in quiz]) if quiz else np.empty(0, int)
    begun = np.concatenate([when for _, _, when in quiz]) if quiz else np.empty(0, int)
    persona = traces.persona[learner]
    bursts = np.isin(persona, (FORCED, COPIER)) & (rng.random(learner.size) < 0.85)
    seconds = np.where(bursts, rng.integers(25, 80, learner.size), rng.gamma(4, 110, learner.size).astype(int) + 90)
    chance = np.clip(0.78 + 0.07 * traces.skill[learner] + 0.12 * bursts, 0.2, 0.98)
    right = rng.binomial(8, chance)
    first = {
        "learner": learner,
        "week": week,
        "start": begun,
        "finish": begun + seconds,
        "right": right,
        "attempt": np.ones(learner.size, int),
        "burst": bursts,
    }
    fails = (right < 5) & (rng.random(learner.size) < 0.93)
    second = {name: values[fails].copy() for name, values in first.items()}
    second["attempt"] += 1
    second["start"] = first["finish"][fails] + rng.integers(600, 2 * DAY, fails.sum())
    second["finish"] = second["start"] + rng.integers(120, 900, fails.sum())
    second["right"] = np.minimum(8, np.maximum(5, right[fails] + rng.integers(1, 4, fails.sum())))
    traces.quiz = {name: np.concatenate([first[name], second[name]]) for name in first}
    order = np.lexsort((traces.quiz["learner"], traces.quiz["start"]))
    traces.quiz = {name: values[order] for name, values in traces.quiz.items()}


def _webinars(rng: Generator, traces: Traces, attends: list[tuple[np.ndarray, ...]]) -> None:
    learner, week, idle, trouble = (np.concatenate([part[i] for part in attends]) for i in range(4))
    size = learner.size
    joined = rng.normal(2, 6, size)  # minutes after the start
    leaves_early = ~idle & (rng.random(size) < 0.18)
    left = np.where(leaves_early, rng.uniform(12, 60, size), 90 + rng.normal(-1, 3, size))
    left = np.where(idle, 90 + rng.gamma(2.0, 8.0, size), left)
    left = np.maximum(left, joined + 4)
    traces.attends = {"learner": learner, "week": week, "idle": idle, "trouble": trouble, "joined": joined, "left": left}


def _submissions(
    rng: Generator, traces: Traces, submitted_at: np.ndarray, profiles: list[Profile], leaves: list[tuple[int, int] | None]
) -> None:
    """Works in the order in which they came, with what was copied of whom, marks and comments; then what was done again."""
    learner, task = np.nonzero(submitted_at != _NEVER_AT)
    at = submitted_at[learner, task]
    order = np.lexsort((learner, at))
    first = {"learner": learner[order], "task": task[order], "at": at[order]}
    first |= _copies(rng, traces, **first)
    first |= _marks(rng, traces, first["learner"], first["at"], first["kind"], profiles, leaves)
    ungraded = first.pop("ungraded")
    again = np.flatnonzero(
        (first["score"] < 60) & ~ungraded & (rng.random(order.size) < 0.92 * np.where(traces.left_week[first["learner"]] >= 0, 0.3, 1.0))
    )
    more = _done_again(rng, {name: values[again] for name, values in first.items()})
    traces.sub = {name: np.concatenate([first[name], more[name]]) for name in first}
    traces.sub["reopened"] = np.concatenate([np.isin(np.arange(order.size), again), np.zeros(again.size, bool)])


def _copies(rng: Generator, traces: Traces, learner: np.ndarray, task: np.ndarray, at: np.ndarray) -> dict[str, np.ndarray]:
    """Which works are copied, how and of what: ``source`` is a place among the works, -1: none, -2: one of an earlier stream.

    ``via_leak``: the place among the works shown in the chat (written to the traces) through which it came; -1: none.
    """
    kind = np.zeros(learner.size, int)
    source, via_leak = np.full(learner.size, -1), np.full(learner.size, -1)
    leaks = traces.leaks = []
    for which in range(traces.weeks):
        rows = np.flatnonzero(task == which)
        leak = _leak(rng, traces, which, rows, learner, at)
        if leak:
            leaks.append(leak)
        originals: list[int] = []
        draws = rng.random((rows.size, 3))
        for number, row in enumerate(rows.tolist()):
            who = int(traces.persona[learner[row]])
            chance = float(_COPIES[who])
            known = leak if leak is not None and at[row] > leak.posted_at and row != leak.submission else None
            if known and known.is_mass:
                chance += 0.06 if who == STEADY else 0.42
            elif known:
                chance *= 1.25
            is_source = leak is not None and row == leak.submission
            if is_source or draws[number, 0] >= chance:
                originals.append(int(row))
                continue
            if known and (draws[number, 1] < (0.85 if known.is_mass else 0.5) or not originals):
                source[row], via_leak[row] = known.submission, len(leaks) - 1
            elif originals and draws[number, 1] > 0.12:
                source[row] = originals[int(draws[number, 2] * len(originals))]
            else:
                source[row] = -2
            kind[row] = 1 + int(rng.choice(5, p=_KIND_SHARES))
    return {"kind": kind, "source": source, "via_leak": via_leak}


def _leak(rng: Generator, traces: Traces, task: int, rows: np.ndarray, learner: np.ndarray, at: np.ndarray) -> Leak | None:
    """Whether somebody shows this week's work in the chat, well before it is due: one of the early ones."""
    due = traces.start + (task + 1) * WEEK
    early = [row for row in rows if traces.persona[learner[row]] in (STEADY, LATE, MINIMAL) and at[row] < due - 8 * HOUR]
    if not early or rng.random() >= 0.62:
        return None
    row = int(early[int(rng.integers(min(len(early), max(4, len(early) // 3))))])
    return Leak(row, int(learner[row]), int(at[row] + rng.uniform(0.5, 16) * HOUR), task, bool(rng.random() < 0.3))


def _marks(
    rng: Generator,
    traces: Traces,
    learner: np.ndarray,
    at: np.ndarray,
    kind: np.ndarray,
    profiles: list[Profile],
    leaves: list[tuple[int, int] | None],
) -> dict[str, np.ndarray]:
    """Mark, comment, who gave them and when; ``ungraded``: nobody ever does."""
    size, persona, grader = learner.size, traces.persona[learner], traces.curator[learner]
    base = 78 + 6 * traces.skill[learner] + rng.normal(0, 8, size) - 7 * np.isin(persona, (MINIMAL, FORCED)) - 5 * (persona == LATE)
    generous = np.array([profile.name == "formal" for profile in profiles])[grader]
    base = np.where(generous, np.maximum(base, 82 + rng.normal(0, 5, size)), base)
    score = np.clip(np.round(base), 20, 100)
    returned = (kind > 0) & (rng.random(size) < 0.07) & ~generous
    score = np.where(returned, rng.integers(20, 50, size), score)
    graded = np.empty(size, int)
    for row, place in enumerate(grader.tolist()):
        graded[row] = answer_moment(rng, int(at[row]), profiles[place].grading_hours, leaves[place])
    comment = np.empty(size, int)
    draw = rng.random(size)
    for place, profile in enumerate(profiles):
        comment[grader == place] = np.searchsorted(np.cumsum(profile.comments), draw[grader == place]).clip(0, 3)
    ungraded = rng.random(size) < 0.003
    graded = np.where(ungraded, np.iinfo(np.int64).max // 4, graded)
    attempt = np.zeros(size, int)
    return {
        "score": score, "comment": comment, "grader": grader, "attempt": attempt, "graded": graded, "ungraded": ungraded,
    }  # fmt: skip


def _done_again(rng: Generator, failed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Second attempts at works that were given back."""
    size = failed["at"].size
    at = failed["graded"] + rng.integers(5 * HOUR, 6 * DAY, size)
    score = np.clip(np.round(rng.normal(76, 8, size)), 60, 100)
    return failed | {
        "at": at,
        "kind": np.zeros(size, int),
        "source": np.full(size, -1),
        "via_leak": np.full(size, -1),
        "score": score,
        "attempt": np.ones(size, int),
        "graded": at + rng.integers(5 * HOUR, 4 * DAY, size),
    }


def _courses_completed(traces: Traces, quiz_weeks: list[int]) -> None:
    """Moment at which all is done and marked: every task passed, every quiz at least half right; 0: never."""
    size, sub = traces.persona.size, traces.sub
    never = np.iinfo(np.int64).max // 4
    moment = np.full((size, traces.weeks + len(quiz_weeks)), never)
    passed = sub["score"] >= 60
    np.minimum.at(moment, (sub["learner"][passed], sub["task"][passed]), sub["graded"][passed])
    quiz = traces.quiz
    for place, week in enumerate(quiz_weeks):
        good = (quiz["week"] == week) & (quiz["right"] >= 5)
        np.minimum.at(moment[:, traces.weeks + place], quiz["learner"][good], quiz["finish"][good])
    # curators let one missing task pass, often
    ordered = np.sort(moment, axis=1)
    traces.completed_at = np.where(ordered[:, -1] < never, ordered[:, -1] + 2 * HOUR, 0)
