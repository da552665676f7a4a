"""Lists over many mornings: what rests, what comes back, what marks do, and that a silent group is one alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipelines.deliveries.lists import lists, wording
from pipelines.deliveries.lists.list_model import CuratorList, Line
from pipelines.deliveries.shared.files import WrittenFile
from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.marks import Mark
from tests.unit.deliveries import fixture as made

START = date(2026, 11, 2)
OTHER = "p2000000000000000000b"
NAME = made.NAMES[1]


class Mornings:
    """One warehouse over many days; each day has the report rows that it is given."""

    def __init__(self, curators: list[dict[str, Any]] | None = None) -> None:
        self.warehouse = made.warehouse_of()
        self.curators = curators or [made.curator()]
        self.day = START - timedelta(days=1)
        self.marks: list[Mark] = []

    def next(self, **tables: made.Rows) -> CuratorList:
        """The list of the next day, handed out and remembered; the first curator's."""
        self.day += timedelta(days=1)
        for table, rows in {"rpt_curators": self.curators, **tables}.items():
            made.insert(self.warehouse, f"reports.{table}", [{**row, "day": self.day} for row in rows])
        self.made = lists.build_lists(self.warehouse, made.programme(), self.day)
        files = [WrittenFile(f"{item.curator_id}.html", "list_html", item.curator_id, "", 0) for item in self.made]
        lists.remember(self.warehouse, self.made, self.day, files)
        return self.made[0]

    def mark(self, state: str, line: Line, *, curator: str = made.CURATOR, **values: Any) -> None:
        """A mark given at nine on the morning after the last list."""
        at = datetime.combine(self.day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=6)
        mark = Mark(at, curator, self.day, line.item_id, line.person_id, line.section, state, **values)
        row = {name: getattr(mark, name) for name in RAW}
        made.insert(self.warehouse, "raw.marks", [row])


RAW = (
    "mark_id", "marked_at", "curator_id", "list_day", "item_id", "person_id", "section", "state", "until_day", "channel", "origin",
)  # fmt: skip


def names(item: CuratorList) -> list[str | None]:
    return [line.name for line in item.lines]


def risky(level: str = "high", **values: Any) -> Mapping[str, made.Rows]:
    return {"rpt_at_risk_daily": [made.at_risk(1, NAME, level, **values)]}


def test_nobody_stands_on_three_lists_running_for_the_same_reason() -> None:
    mornings = Mornings()
    shown = [NAME in names(mornings.next(**risky())) for _ in range(9)]
    assert shown == [True, True, False, False, True, True, False, False, True]


def test_an_answer_that_comes_back_days_later_wakes_the_line_that_it_had_closed() -> None:
    """The question is the same, and all that spoke for it had been seen: only the return is new; the second one is new again."""
    mornings = Mornings()
    asked = made.question(1, NAME, 30.0)
    (line,) = mornings.next(rpt_open_questions=[asked]).lines
    mornings.mark("resolved", line)
    assert names(mornings.next(rpt_open_questions=[asked])) == []
    for number in (1, 2):
        returned = {**asked, "answer_returned_at": datetime(2026, 11, 3 + number, tzinfo=UTC)}
        (line,) = mornings.next(rpt_open_questions=[returned]).lines
        assert line.change
        assert line.change.news == ("returned",)
        mornings.mark("resolved", line)
        assert names(mornings.next(rpt_open_questions=[returned])) == []


def test_something_new_brings_a_resting_line_back() -> None:
    mornings = Mornings()
    for _ in range(2):
        mornings.next(**risky("medium"))
    assert names(mornings.next(**risky("medium"))) == []
    item = mornings.next(**risky("high", previous_level="medium"))
    assert names(item) == [NAME]
    (line,) = item.lines
    assert line.change
    assert line.change.is_back
    assert line.change.news == ("risk",)


def test_a_level_that_goes_to_and_fro_says_nothing_new() -> None:
    mornings = Mornings()
    shown = [NAME in names(mornings.next(**risky(level))) for level in ("high", "medium", "high", "medium")]
    assert shown == [True, True, False, False]


def test_one_more_missed_work_is_new_and_a_longer_silence_only_by_its_steps() -> None:
    def missed(count: int, silent: float) -> Mapping[str, made.Rows]:
        tasks = [{"name": f"Задание {number}", "due_at": made.back(9 - number).isoformat()} for number in range(count)]
        reasons = [made.reason("silent_days", "silent_days", silent, 1.0)]
        return risky("high", missed_tasks=tasks, reasons=reasons)

    mornings = Mornings()
    shown = [
        NAME in names(mornings.next(**missed(count, silent))) for count, silent in ((1, 4), (1, 5), (1, 6), (2, 6), (2, 7), (2, 8), (2, 9))
    ]
    assert shown == [True, True, False, True, True, True, False]


def test_a_waiting_question_comes_again_after_three_days_and_after_a_week() -> None:
    mornings = Mornings()
    shown = [bool(mornings.next(rpt_open_questions=[made.question(0, NAME, 10.0 + 24 * day)]).lines) for day in range(9)]
    # 10 h, 34 h (a day is over), 58 h: twice the same; 82 h: three days are over, …
    assert shown == [True, True, True, True, True, False, False, True, True]


def test_a_question_that_waits_longer_is_not_called_a_new_question() -> None:
    mornings = Mornings()
    asked = [made.question(0, NAME, 10.0)]
    mornings.next(rpt_open_questions=asked)
    (line,) = mornings.next(rpt_open_questions=[made.question(0, NAME, 34.0)]).lines
    assert line.change
    assert line.change.news == ("waiting",)
    assert wording.change_words(line, Language("ru", made.programme().zone)) == "в списке с 3 ноября; новое: ожидание затянулось"
    second = made.question(0, NAME, 30.0, "А где тест?", question_id="q-second")
    (line,) = mornings.next(rpt_open_questions=[made.question(0, NAME, 58.0), second]).lines
    assert line.change
    assert line.change.news == ("question",)


@pytest.mark.parametrize("state", ["resolved", "false_alarm"])
def test_what_is_closed_stays_off_until_something_new(state: str) -> None:
    mornings = Mornings()
    (line,) = mornings.next(**risky("medium")).lines
    mornings.mark(state, line)
    for _ in range(12):
        item = mornings.next(**risky("medium"))
        assert names(item) == []
        assert [line.rest.why for line in item.resting if line.rest] == [state]
    assert names(mornings.next(**risky("high"))) == [NAME]


def test_snoozed_comes_back_on_its_morning_or_with_a_new_question() -> None:
    mornings = Mornings()
    (line,) = mornings.next(**risky()).lines
    mornings.mark("snoozed", line, until_day=START + timedelta(days=5))
    shown = [bool(mornings.next(**risky()).lines) for _ in range(4)]
    assert shown == [False, False, False, True]  # the fifth of November's morning is of the list of the sixth's eve
    mornings = Mornings()
    (line,) = mornings.next(**risky()).lines
    mornings.mark("snoozed", line, until_day=START + timedelta(days=30))
    assert not mornings.next(**risky()).lines
    assert mornings.next(**risky(), rpt_open_questions=[made.question(1, NAME, 3.0)]).lines


def test_after_contacts_without_a_sign_the_next_way_is_proposed_with_the_trail() -> None:
    known = [{"person_id": "p00000000000000000001", "phone": "+79000000001", "institution": "Школа № 5", "email": "one@example.org"}]
    mornings = Mornings()
    made.insert(mornings.warehouse, "reports.rpt_people", known)
    day = {"best_channel": "chat", "silent_days": 9}
    language = Language("ru", made.programme().zone)
    (line,) = mornings.next(**risky(**day)).lines
    said = []
    for channel in ("chat", "mail", "phone"):
        mornings.mark("contacted", line, channel=channel)
        quiet = [mornings.next(**risky(**{**day, "silent_days": 12})) for _ in range(2)]
        assert [names(item) for item in quiet] == [[], []]
        (line,) = mornings.next(**risky(**{**day, "silent_days": 15})).lines
        said.append(wording.action(line, language))
    assert line.escalation
    assert [mark.channel for mark in line.escalation.tried] == ["chat", "mail", "phone"]
    # One way had no sign: another; two: the telephone; three: the school.
    assert [word.split("; ")[1].split(":")[0] for word in said if word] == ["написать", "позвонить", "спросить через администрацию школы"]
    assert "+79000000001" in str(said[1])
    assert "Школа № 5" in str(said[2])
    assert len(line.marks) == 3


def test_an_act_after_the_contact_is_the_sign_that_it_helped() -> None:
    mornings = Mornings()
    (line,) = mornings.next(**risky(silent_days=9)).lines
    mornings.mark("contacted", line, channel="chat")
    for _ in range(3):
        item = mornings.next(**risky(silent_days=0))
    (line,) = item.lines
    assert line.escalation is None


def test_a_mark_holds_for_everybody_responsible_for_the_stream_and_for_nobody_else() -> None:
    elsewhere = [{"stream_id": "ДРУГОЙ/1", "course_name": "Другой", "stream_title": "поток 1"}]
    third = "p3000000000000000000c"
    mornings = Mornings(
        [made.curator(), made.curator(curator_id=OTHER), made.curator(curator_id=third, streams=elsewhere)],
    )

    def rows() -> list[dict[str, Any]]:
        one = made.at_risk(1, NAME)
        return [one, {**one, "curator_id": OTHER}, {**one, "curator_id": third, "stream_id": "ДРУГОЙ/1"}]

    (line,) = mornings.next(rpt_at_risk_daily=rows()).lines
    mornings.mark("resolved", line, curator=OTHER)
    mornings.next(rpt_at_risk_daily=rows())
    assert [len(item.lines) for item in mornings.made] == [0, 0, 1]


def test_marks_of_later_days_are_not_known_and_what_is_made_again_is_the_same() -> None:
    mornings = Mornings()
    (line,) = mornings.next(**risky()).lines
    mornings.mark("resolved", line)
    before = lists.build_lists(mornings.warehouse, made.programme(), mornings.day)
    assert [names(item) for item in before] == [[NAME]]
    mornings.next(**risky())
    assert lists.build_lists(mornings.warehouse, made.programme(), mornings.day) == mornings.made


def test_taking_a_mark_back_puts_the_line_back() -> None:
    mornings = Mornings()
    (line,) = mornings.next(**risky()).lines
    mornings.mark("resolved", line)
    assert not mornings.next(**risky()).lines
    mornings.mark("new", line)
    assert mornings.next(**risky()).lines


def test_the_curator_is_told_what_was_marked() -> None:
    mornings = Mornings()
    first = mornings.next(rpt_at_risk_daily=[made.at_risk(number, made.NAMES[number]) for number in range(1, 5)])
    for line, state in zip(first.lines, ("resolved", "resolved", "false_alarm", "contacted"), strict=True):
        mornings.mark(state, line)
    item = mornings.next(rpt_at_risk_daily=[made.at_risk(number, made.NAMES[number]) for number in range(1, 5)])
    assert item.marked == {"resolved": 2, "false_alarm": 1, "contacted": 1}
    said = wording.marked_note(item, Language("ru", made.programme().zone)) or ""
    assert said.replace("\u00a0", " ") == "Ваши отметки с прошлого списка: закрыто 2, связались с 1, 1 ложная тревога."


def idle_row(**values: Any) -> dict[str, Any]:
    return {**made.BASE, "learners": 118, "active": 2, "last_active_on": START - timedelta(days=6), **values}


def test_a_silent_group_is_one_alarm_and_hides_no_question() -> None:
    mornings = Mornings()
    many = [made.at_risk(number, made.NAMES[number % 28]) for number in range(1, 60)]
    item = mornings.next(
        rpt_at_risk_daily=many,
        rpt_never_started=[made.never_started(80, NAME)],
        rpt_idle_groups=[idle_row()],
        rpt_open_questions=[made.question(3, made.NAMES[3], 30.0)],
        rpt_not_reached=[made.not_reached(90, made.NAMES[9])],
    )
    assert [line.section for line in item.lines] == ["idle_group", "waiting", "not_reached"]
    assert item.lines[0].idle == replace(item.lines[0].idle, people=59)  # 58 at risk beside the one who asks, and who never came
    assert not item.overflow


def test_a_group_alarm_leaves_the_learners_of_other_streams_alone() -> None:
    mornings = Mornings()
    item = mornings.next(rpt_at_risk_daily=[made.at_risk(1, NAME, stream_id="ДРУГОЙ/1")], rpt_idle_groups=[idle_row()])
    assert [line.section for line in item.lines] == ["idle_group", "help"]
