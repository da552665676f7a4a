"""Counted night by night, whatever happens in between, waiting times are those counted anew; and a night estimates only the samples that changed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipelines.calendar import calendar_days
from pipelines.programme import Programme
from pipelines.warehouse import Warehouse
from tests.sql.rendering import rendered
from tests.sql.talk import Talk

FIRST, NIGHTS = date(2026, 9, 14), 14
FACTS = ("facts/fct_questions", "facts/fct_waits")
LATENCY = "indicators.ind_response_latency"
COURSES, LEARNERS, CURATORS = ("c1", "c2"), [f"p{number}" for number in range(12)], ("k1", "k2", "k3")
PROGRAMME = Programme(id="trial", name="Trial")
#: Parts of a sample's fingerprint: the text in the model, and what it becomes when the part is left out.
PARTS = {
    "how many": ("            clocks.questions,\n            clocks.answered,\n", ""),
    "answers": ("            clocks.answers_print,\n", ""),
    "what is open": ("            case when clocks.youngest_open <= clocks.moved_until then clocks.open_print end\n", "            ''\n"),
}
#: Thresholds in it.
LIMITS = {
    "confidence_z": "            limits.z,\n",
    "answered_within": "            limits.within_hours,\n",
    "km_horizon_hours": "            limits.horizon_hours,\n",
}


class Nights:
    """A programme in which random things are asked, answered, taken back and put right, seen night by night."""

    def __init__(self, warehouse: Warehouse, seed: int = 0, without: tuple[str, str] | None = None) -> None:
        self.warehouse, self.rng, self.number, self.without = warehouse, random.Random(seed), 0, without
        self.talk = Talk(warehouse, PROGRAMME, from_day=FIRST - timedelta(days=40), until_day=FIRST + timedelta(days=90))
        self.run = warehouse.connection.execute
        for course in COURSES:
            self.run("insert into facts.dim_streams values (?, ?, ?, null, false)", [f"s-{course}", course, FIRST])
        self.run("insert into facts.dim_curators values ('s-c1', 'k1', 'group'), ('s-c2', 'k2', 'group'), ('s-c2', 'k3', 'group')")
        for learner in LEARNERS:
            self.run("insert into facts.fct_memberships values (?, 'c1', ?, null, null)", [learner, f"g{len(learner) % 2}"])
        self.questions: list[tuple[str, datetime]] = []
        self.made = 0

    def ask(self, day: date, how_old: float = 0.0) -> None:
        """A question of that day, or one that comes to be known later; now and then answered soon, or never."""
        rng, self.number = self.rng, self.number + 1
        question, course = f"q{self.number}", rng.choice(COURSES)
        asked = datetime(day.year, day.month, day.day, rng.randrange(24), rng.randrange(60), rng.randrange(60), tzinfo=UTC) - timedelta(
            days=how_old
        )
        learner = rng.choice(LEARNERS)
        self.message(question, learner, "learner", asked, course, is_question=True, chat=f"f-{learner}-{course}")
        self.questions.append((question, asked))

    def message(
        self, name: str, person: str, role: str, at: datetime, course: str, *, is_question: bool = False, chat: str | None = None
    ) -> None:
        self.talk.put(
            "facts.fct_messages",
            [{
                "message_id": name, "channel": "forum" if course == "c1" else "chat", "chat_id": chat or f"f-{course}", "thread_id": chat or name,
                "person_id": person, "role": role, "course_id": course, "stream_id": f"s-{course}", "sent_at": at,
                "day": at.astimezone(PROGRAMME.zone).date(), "is_question": is_question, "is_technical": False, "burst_id": name,
            }],
        )  # fmt: skip

    def answer(self, until: datetime) -> None:
        """A curator's answer, or only a promise, to any question; the asker may come back to it, which begins another turn."""
        question, asked = self.rng.choice(self.questions)
        hours = self.rng.choice((0.5, 2, 5, 12, 20, 20, 24, 25, 30, 60, 75, 100, 150))
        at = min(asked + timedelta(hours=hours), until - timedelta(minutes=self.rng.randrange(1, 600)))
        if at <= asked:
            return
        [(course,)] = self.warehouse.rows("select course_id from facts.fct_messages where message_id = ?", [question])
        self.number += 1
        name, kind = f"a{self.number}", self.rng.choice(("substantive", "substantive", "substantive", "holding"))
        self.message(name, self.rng.choice(CURATORS), "curator", at, course)
        self.talk.put("links.replies", [{"question_id": question, "answer_id": name, "role": "curator", "kind": kind, "score": 1.0}])
        back = at + timedelta(hours=self.rng.choice((1, 8)))
        if self.rng.random() < 0.2 and back < until:
            self.message(f"r{name}", "p0", "learner", back, course)
            self.talk.put(
                "links.replies", [{"question_id": question, "answer_id": f"r{name}", "role": "asker", "kind": "substantive", "score": 1.0}]
            )
            self.talk.put(
                "links.questions",
                [{"message_id": f"r{name}", "is_question": False, "is_technical": False, "score": 1.0, "rule": "follow_up", "burst_id": f"r{name}"}],
            )  # fmt: skip

    def happen(self, day: date) -> None:
        """What one day brings."""
        until = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=20)
        for _ in range(self.rng.randrange(4, 10)):
            self.ask(day)
        for _ in range(self.rng.randrange(3, 9)):
            self.answer(until)
        one = self.rng.choice
        question = one(self.questions)[0]
        things: tuple[tuple[str, list[Any]], ...] = (
            # Taken back; a promise that an edit makes an answer of; an answer that turns out to be none.
            ("update facts.fct_messages set deleted_at = sent_at where message_id = ?", [question]),
            ("update links.replies set kind = 'substantive' where question_id = ?", [question]),
            ("update links.replies set kind = 'holding' where question_id = ?", [question]),
            # Sent at another time, as a fuller export says; in another stream; by somebody else.
            ("update facts.fct_messages set sent_at = sent_at + interval 20 minute where message_id = ?", [question]),
            ("update facts.fct_messages set stream_id = 's-c1', course_id = 'c1' where message_id = ?", [question]),
            ("update facts.fct_messages set person_id = ? where message_id = ?", [one(LEARNERS), question]),
            # Who answered is a curator no more, or is one again.
            ("update links.replies set role = 'peer' where answer_id in (select message_id from facts.fct_messages where person_id = ?)", [one(CURATORS)]),
            ("update links.replies set role = 'curator' where role = 'peer'", []),
            # Another is responsible; a group is left, another one joined.
            ("update facts.dim_curators set curator_id = ? where stream_id = 's-c1'", [one(CURATORS)]),
            ("update facts.fct_memberships set left_at = ? where person_id = ?", [until - timedelta(days=3), one(LEARNERS)]),
            ("insert into facts.fct_memberships values (?, 'c1', 'g9', ?, null)", [one(LEARNERS), until - timedelta(days=one((2, 9)))]),
        )  # fmt: skip
        for statement, given in self.rng.sample(things, 3):
            self.run(statement, given)
        if self.rng.random() < 0.4:
            self.ask(day, how_old=self.rng.choice((2, 6, 11)))

    def calendar(self, day: date) -> None:
        """The calendar moves with the day; now and then a day turns out to be free."""
        programme = PROGRAMME
        if self.rng.random() < 0.3:
            programme = programme.model_copy(update={"days_off": (day - timedelta(days=self.rng.randrange(5)),)})
        self.warehouse.replace("raw.calendar_days", calendar_days(programme, day - timedelta(days=40), day + timedelta(days=40)))

    def night(self, day: date) -> tuple[list[Any], list[Any]]:
        """Rows of the night, which goes on from the one before, and rows counted anew."""
        self.talk.run(*FACTS, as_of=day)
        anew = self.sql(day, before=None)
        self.run(f"create or replace table anew as {anew}")
        self.run(f"create or replace table tonight as {self.sql(day, before=self.warehouse) if self.made else anew}")
        self.run(f"create or replace table before as from {LATENCY if self.made else 'tonight limit 0'}")
        self.run(f"create or replace table {LATENCY} as from tonight")
        self.made += 1
        rows = [self.warehouse.rows(f"select * exclude (sample) from {table} order by all") for table in ("tonight", "anew")]
        return rows[0], rows[1]

    def sql(self, day: date, before: Warehouse | None) -> str:
        sql = rendered("indicators/ind_response_latency", as_of=day, before=before)
        if self.without:
            was, becomes = self.without
            assert was in sql
            sql = sql.replace(was, becomes)
        return sql

    def samples(self, clock: str) -> int:
        """Samples of one clock's times that had to be estimated: the run before had none like it."""
        return int(
            self.warehouse.value(
                f"select count(distinct sample) from {LATENCY} where clock = '{clock}' and sample not in (select sample from before where sample is not null)"
            )
        )


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with Warehouse.open(None) as opened:
        yield opened


def first_difference(nights: Nights) -> int | None:
    """The first night of which some row is not the one counted anew."""
    for number in range(NIGHTS):
        day = FIRST + timedelta(days=number)
        nights.happen(day)
        nights.calendar(day)
        if number == NIGHTS - 4:
            nights.run("update facts.thresholds set value = value * 1.1 where name = ?", [nights.rng.choice(list(LIMITS))])
        tonight, anew = nights.night(day)
        if tonight != anew:
            return number
    return None


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_night_by_night_is_as_anew(warehouse: Warehouse, seed: int) -> None:
    assert first_difference(Nights(warehouse, seed)) is None


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_fingerprint_is_needed(part: str) -> None:
    """Without it some night's rows are not those counted anew: a sample that has changed is taken for one that was there before."""
    for seed in range(6):
        with Warehouse.open(None) as warehouse:
            if first_difference(Nights(warehouse, seed, without=PARTS[part])) is not None:
                return
    pytest.fail(f"no night showed that {part} was left out")


WEEK = datetime(2026, 9, 14, 6, tzinfo=UTC)


def waiting(nights: Nights, hours: dict[float | None, int]) -> None:
    """Questions of one Monday morning, so many answered after so many hours, or never."""
    for after, number in hours.items():
        for _ in range(number):
            nights.number += 1
            question = f"q{nights.number}"
            nights.message(question, "p1", "learner", WEEK, "c1", is_question=True, chat=f"f{question}")
            if after is not None:
                nights.message(f"a{question}", "k1", "curator", WEEK + timedelta(hours=after), "c1")
                nights.talk.put(
                    "links.replies",
                    [{"question_id": question, "answer_id": f"a{question}", "role": "curator", "kind": "substantive", "score": 1.0}],
                )


def median(nights: Nights, table: str = LATENCY) -> float | None:
    return nights.warehouse.value(  # type: ignore[no-any-return]
        f"select km_median_hours from {table} where scope = 'programme' and measure = 'first_answer' and clock = 'elapsed' and period = 'all'"
    )


@pytest.mark.parametrize("is_left_out", [False, True])
@pytest.mark.parametrize("limit", LIMITS)
def test_another_threshold_is_another_curve(warehouse: Warehouse, limit: str, is_left_out: bool) -> None:
    nights = Nights(warehouse, without=(LIMITS[limit], "") if is_left_out else None)
    waiting(nights, {2: 1, 10: 1, 20: 1, 25: 1, 74: 1, 80: 1})
    nights.night(date(2026, 9, 18))
    nights.run("update facts.thresholds set value = value * 1.1 where name = ?", [limit])
    tonight, anew = nights.night(date(2026, 9, 18))
    assert (tonight == anew) == (not is_left_out)


@pytest.mark.parametrize("is_left_out", [False, True])
def test_what_is_open_moves_a_curve_until_it_is_older_than_its_slowest_answer(warehouse: Warehouse, is_left_out: bool) -> None:
    """Answered after 10, 20, 100 and 150 hours, open three: while these are 84 hours old, half are answered after 100 hours, then after 150."""
    careless = ("clocks.youngest_open <= clocks.moved_until", "clocks.youngest_open <= limits.horizon_micros")
    nights = Nights(warehouse, without=careless if is_left_out else None)
    waiting(nights, {10: 1, 20: 1, 100: 1, 150: 1})
    asked = WEEK + timedelta(hours=150 - 87)
    for number in range(3):
        nights.message(f"open{number}", "p1", "learner", asked, "c1", is_question=True, chat=f"fopen{number}")
    first, second, later, last = (date(2026, 9, 20) + timedelta(days=days) for days in (0, 1, 4, 5))
    nights.night(first)
    assert median(nights) == 100
    tonight, anew = nights.night(second)
    assert median(nights, "anew") == 150
    assert (median(nights) == 150, tonight == anew) == (not is_left_out, not is_left_out)
    if is_left_out:
        return
    nights.night(later)
    # Older than any answer: by the clock nothing changes any more, not even when the week is another one.
    tonight, anew = nights.night(last)
    assert tonight == anew
    assert nights.samples("elapsed") == 0


def test_what_stands_is_not_estimated_again(warehouse: Warehouse) -> None:
    """A night keeps what the table of the night before says of a sample, and takes the estimates of a stream for those of its curator."""
    nights = Nights(warehouse)
    waiting(nights, {2: 3, 30: 3})
    nights.night(date(2026, 9, 18))
    assert nights.samples("elapsed") == 1  # scopes, measures, the week and the whole are all of the same six
    nights.run(f"update {LATENCY} set km_median_hours = 7 where clock = 'elapsed' and sample is not null")
    nights.night(date(2026, 9, 21))
    assert median(nights) == 7
    assert median(nights, "anew") == 2


@pytest.mark.parametrize("is_left_out", [False, True])
def test_the_calendars_first_day_changes_no_sample(warehouse: Warehouse, is_left_out: bool) -> None:
    """Working hours are differences of sums from the calendar's first day on, which moves every night, and with it their last digits."""
    exact = ("cast(round((waits.working_hours) * 3600000000.0) as bigint)", "waits.working_hours * 3600000000.0")
    nights = Nights(warehouse, without=exact if is_left_out else None)
    waiting(nights, {hours + 0.123 * hours: 1 for hours in (1.1, 2.3, 3.7, 25.1, 26.3, 27.7)})
    found = []
    for back in (3, 700):
        nights.warehouse.replace("raw.calendar_days", calendar_days(PROGRAMME, FIRST - timedelta(days=back), FIRST + timedelta(days=40)))
        tonight, anew = nights.night(date(2026, 9, 18))
        assert tonight == anew
        found.append(tonight)
    assert (nights.samples("working") == 0, found[0] == found[1]) == (not is_left_out, not is_left_out)
