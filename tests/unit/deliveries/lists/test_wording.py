"""One sentence per reason code and feature of the risk stage, in words a curator uses."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from pipelines.deliveries.lists.list_model import AtRisk, Contact, Line, NotReached, OpenQuestion, Reason
from pipelines.deliveries.lists.wording import (
    SOURCE_KINDS,
    action,
    contacts_known,
    is_sayable,
    mark_choices,
    next_channel,
    question_head,
    reason_words,
    reasons_of,
)
from pipelines.deliveries.report.report_sections import WEBINARS
from pipelines.deliveries.report.report_words import INDICATORS
from pipelines.deliveries.shared.language import Language
from pipelines.settings import DBT_FOLDER
from pipelines.sources import READERS, WEBINAR_KINDS

RU = Language("ru", ZoneInfo("Europe/Moscow"))
RISK = AtRisk("dropout", 0.8, "high", None, "model", (), (), (), None, None)


@pytest.mark.parametrize(
    ("code", "feature", "value", "baseline", "said"),
    [
        ("missed_tasks", "tasks_missed_in_row", 2.0, 0.0, "не сданы 2 работы подряд"),
        ("missed_tasks", "tasks_missed", 1.0, 0.0, "не сдана 1 работа"),
        ("missed_tasks", "tasks_submitted", 1.0, 4.0, "пока сдана 1 работа (в потоке обычно 4)"),
        ("missed_tasks", "tasks_late", 5.0, None, "5 работ сдано после срока"),
        ("silent_days", "silent_days", 1.0, 1.0, "1 день без единого действия"),
        ("silent_days", "active_days_7", 0.0, 3.0, "0 дней с действиями за неделю (в потоке обычно 3)"),
        ("silent_days", "active_days_14", 2.0, None, "2 дня с действиями за две недели"),
        ("silent_days", "messages_14", 1.0, 3.0, "1 сообщение за две недели (в потоке обычно 3)"),
        ("slower_than_before", "events_7", 3.0, 24.0, "3 действия в курсе за неделю (в потоке обычно 24)"),
        ("unanswered_notice", "notices_unacknowledged_in_row", 2.0, 0.0, "нет ответа на 2 письма подряд"),
        ("open_question", "oldest_open_hours", 31.0, None, "вопрос без ответа 31 ч"),
        ("open_question", "open_questions", 2.0, None, "2 вопроса без ответа"),
        ("no_webinars", "webinar_share", 0.0, 0.7, "на вебинарах не было (в потоке обычно 70\u00a0%)"),
        ("no_webinars", "webinars_attended", 1.0, 3.0, "посещён 1 вебинар (в потоке обычно 3)"),
        ("low_grades", "mean_grade_share", 0.41, 0.78, "средняя оценка 41\u00a0% от наибольшей (в потоке обычно 78\u00a0%)"),
        ("low_grades", "tasks_failed", 2.0, 0.0, "не зачтены 2 работы"),
        ("low_grades", "tasks_returned", 1.0, 0.0, "на доработку возвращена 1 работа"),
        ("copied_work", "copied_tasks", 2.0, 0.0, "в 2 работах есть совпадения с другим текстом (для проверки)"),
        ("copied_work", "copied_share", 0.6, 0.0, "в работах есть совпадения с другим текстом (для проверки)"),
        ("idle_webinars", "idle_webinars", 1.0, 0.0, "на 1 вебинаре без признаков участия"),
        ("unread_materials", "materials_opened", 0.0, 11.0, "не открыт ни один материал (в потоке обычно 11)"),
        ("unread_materials", "materials_share", 0.1, 0.5, "открыто 10\u00a0% материалов (в потоке обычно 50\u00a0%)"),
        ("burst_answers", "burst_answers", 5.0, 0.0, "5 ответов тестов быстрее, чем можно прочитать вопрос (для проверки)"),
        ("never_started", "has_started", 0.0, None, "ни одного входа в курс"),
        ("technical_trouble", "technical_questions_14", 3.0, 0.0, "3 сообщения о технических трудностях за две недели"),
        ("some_new_code", "x", 1.0, None, "признак: some new code"),
    ],
)
def test_reasons_in_words(code: str, feature: str, value: float, baseline: float | None, said: str) -> None:
    assert reason_words(Reason(code, feature, value, baseline), RISK, RU) == said


def test_marks_follow_the_curator() -> None:
    first = [mark_choices(name, RU)[0] for name in ("Соколова Анна Петровна", "Ершов Павел Ильич", None)]
    assert first == ["Связалась", "Связался", "Контакт был"]


@pytest.mark.parametrize(
    ("reason", "sayable"),
    [
        pytest.param(Reason("no_webinars", "webinars_attended", None, 2.0), False, id="unknown is no reason"),
        pytest.param(Reason("missed_tasks", "tasks_missed", 0.0, 1.0), False, id="nothing missed is no reason"),
        pytest.param(Reason("no_webinars", "webinars_attended", 0.0, 2.0), True, id="no webinar is one"),
        pytest.param(Reason("no_webinars", "webinars_attended", 3.0, 2.0), False, id="more than usual is none"),
        pytest.param(Reason("silent_days", "silent_days", 1.0, 0.0), False, id="a free day is none"),
        pytest.param(Reason("silent_days", "silent_days", 5.0, 6.0), False, id="no longer than the others is none"),
        pytest.param(Reason("silent_days", "silent_days", 6.0, 1.0), True, id="a silence longer than the others' is one"),
        pytest.param(Reason("never_started", None, None, None), True, id="never started needs no value"),
    ],
)
def test_only_what_is_known_and_there_is_said(reason: Reason, sayable: bool) -> None:
    assert is_sayable(reason) is sayable


def test_every_kind_of_source_has_a_name() -> None:
    assert set(READERS) <= set(SOURCE_KINDS)


def test_webinars_are_the_same_kinds_everywhere() -> None:
    """A reader, the report's words for what is missing and the lateness of sources each say which kinds bring webinars: none can ask another."""
    sql = (DBT_FOLDER / "models" / "reports" / "rpt_sources.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"sources\.kind in \(([^)]*'zoom'[^)]*)\)", sql)
    assert set(re.findall(r"'(\w+)'", listed)) == set(WEBINARS) == WEBINAR_KINDS


def test_every_indicator_of_the_five_conditions_has_a_name_and_a_definition() -> None:
    model = (DBT_FOLDER / "models" / "reports" / "rpt_week_conditions.sql").read_text(encoding="utf-8")
    codes = set(re.findall(r"\('\w+', '(\w+)', '\w+'\)", model))
    assert len(codes) >= 15
    assert codes == set(INDICATORS)


def test_notices_without_a_sign_are_said_once() -> None:
    """A reason of the score and the list's own line would say the same of the same letters."""
    risk = replace(RISK, reasons=(Reason("unanswered_notice", "notices_unacknowledged_in_row", 6.0, 1.0),))
    silent = NotReached("n1", None, None, "silence", 6, None)
    alone = reasons_of(Line("p1", "waiting", 1.0, (), "p1", "Ершов Павел", risks=(risk,)), RU)
    together = reasons_of(Line("p1", "waiting", 1.0, (), "p1", "Ершов Павел", risks=(risk,), not_reached=(silent,)), RU)
    assert sum("6" in sentence for sentence in alone) == 1
    assert sum("6" in sentence for sentence in together) == 1


def test_an_address_whose_letters_come_back_is_told_as_one() -> None:
    contact = Contact(phone="+79000000001", email="a@example.org")
    silent = NotReached("n1", "Старт", None, "silence", 2, "phone")
    line = Line("p1", "not_reached", 1.0, (), "p1", "Ершов Павел", contact=contact, not_reached=(silent,))
    assert contacts_known(line, RU) == "+79000000001 · a@example.org"
    returned = replace(line, not_reached=(replace(silent, why="bounce"),))
    assert contacts_known(returned, RU) == "+79000000001 · a@example.org (письма возвращаются)"


def test_a_question_is_answered_where_it_was_asked_under_whatever_heading() -> None:
    """One of sixteen days ranks below the learner's risk; the list sent its answer to the forum, and the draft thanked for a question there."""
    question = OpenQuestion("q1", "mail", None, 384.0, "Вопрос", None, None, None)
    line = Line("p1", "help", 1.0, (), "p1", "Ершов Павел", contact=Contact(best_channel="forum"), risks=(RISK,))
    assert (action(line, RU), next_channel(line)) == ("написать: форум курса", "forum")
    asked = replace(line, questions=(question,))
    assert (action(asked, RU), next_channel(asked)) == ("ответить там, где спросили: почта", "mail")


def test_a_question_from_an_address_whose_letters_come_back_is_answered_in_another_way() -> None:
    """The list sent the answer to the very address that had just returned a letter."""
    question = OpenQuestion("q1", "mail", None, 31.0, "Вопрос", None, None, None, is_address_bounced=True)
    line = Line("p1", "waiting", 1.0, (), "p1", "Ершов Павел", contact=Contact(best_channel="mail"), questions=(question,))
    assert (action(line, RU), next_channel(line)) == ("письмо на этот адрес вернулось, ответить другим способом: сообщение в СДО", "direct")
    silent = NotReached("n1", "Старт", None, "bounce", 1, "chat")
    assert next_channel(replace(line, not_reached=(silent,))) == "chat"
    assert next_channel(replace(line, contact=Contact(best_channel="forum"))) == "forum"
    both = replace(line, questions=(question, replace(question, question_id="q2", channel="chat", is_address_bounced=False)))
    assert (action(both, RU), next_channel(both)) == ("ответить там, где спросили: чат курса", "chat")


@pytest.mark.parametrize(("is_returned", "told"), [(True, "почта · ответ вернулся: не доставлен"), (None, "почта")])
def test_an_answer_that_came_back_is_told_beside_the_question(is_returned: bool | None, told: str) -> None:
    question = OpenQuestion("q1", "mail", None, 31.0, "Вопрос", None, None, None, is_answer_returned=is_returned)
    assert question_head(question, RU, with_wait=False) == told


def test_nobody_is_written_to_where_letters_stay_without_a_sign() -> None:
    """Six letters in a row without a sign, and under "needs help" the list said: write, by mail."""
    silent = NotReached("n1", "Старт", None, "silence", 6, "chat")
    line = Line("p1", "help", 1.0, (), "p1", "Ершов Павел", contact=Contact(best_channel="mail"), risks=(RISK,), not_reached=(silent,))
    assert (action(line, RU), next_channel(line)) == ("попробовать иначе: чат курса", "chat")
    own = replace(line, contact=Contact(best_channel="chat", hour_from=18, hour_until=21))
    assert (action(own, RU), next_channel(own)) == ("написать: чат курса (отвечает там, обычно 18:00–21:00)", "chat")
