from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipelines.links import feedback
from pipelines.links.feedback import link_feedback
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import Course

TEMPLATE = "Спасибо за работу, материал изложен последовательно, желаю дальнейших успехов в обучении"


@pytest.fixture
def course() -> Iterator[Course]:
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        yield Course(warehouse)


def kinds(course: Course) -> dict[str, tuple[str, str]]:
    course.write()
    link_feedback(course.warehouse)
    return {row[0]: row[1:] for row in course.warehouse.rows("select grade_id, kind, rule from links.feedback")}


@pytest.mark.parametrize(
    ("comment", "kind"),
    [
        (None, "none"),
        ("  \n", "none"),
        ("Принято", "formal"),
        ("+", "formal"),
        ("Отлично, молодец!", "formal"),
        ("Accepted", "formal"),
        ("Прошу доработать: не описан ход урока", "returned"),
        ("Работа возвращена, нет вывода", "returned"),
        ("Please revise the second part and resubmit", "returned"),
        ("Цель сформулирована ясно, но критерии описаны через действия учителя: перепишите их от лица ученика", "substantive"),
        ("Хорошо, но нет вывода", "substantive"),
        # Other words for the same: structure decides, no list holds them.
        ("Годится, балл выставлен", "formal"),
        ("Ставлю пять", "formal"),
        ("Работу посмотрела, годится", "formal"),
        ("Looks fine to me", "formal"),
        ("All OK, keep going!", "formal"),
        ("Таблица не заполнена до конца", "substantive"),
        ("Откуда взяты эти данные?", "substantive"),
        ("The second table has no units", "substantive"),
        ("Раздел про оценивание я бы перенесла в начало и связала с таблицей", "substantive"),
        ("I would move the paragraph on homework up and drop the last list", "substantive"),
        ("Отправляю обратно: нет хода урока, доделайте", "returned"),
        ("Needs more work: the goals are copied from the standard", "returned"),
        ("Снимок не читается, перешлите документом", "returned"),
        ("Оценить пока не могу, файл пуст", "returned"),
        ("Прикрепите, пожалуйста, второй лист: без него задание не закрыто", "returned"),
        ("The archive is empty, attach it once more", "returned"),
        ("В следующий раз загрузите всё одним файлом, а вывод здесь точный и связан с таблицей", "substantive"),
    ],
)
def test_kinds_by_wording(course: Course, comment: str | None, kind: str) -> None:
    grade = course.grade(comment, learner="Вера", marker="Инга")
    assert kinds(course)[grade][0] == kind


def test_near_identical_comments_to_several_learners_are_boilerplate(course: Course) -> None:
    copies = [course.grade(f"{TEMPLATE}. Балл {number}", learner=f"learner-{number}", marker="Инга") for number in range(3)]
    of_another = course.grade(TEMPLATE, learner="Вера", marker="Борис")
    own = course.grade("Пример с опытами удачен, в выводе стоит сказать, что изменилось у слабых учеников", learner="Вера", marker="Инга")
    found = kinds(course)
    assert {found[grade][0] for grade in copies} == {"boilerplate"}
    assert found[of_another][0] == "substantive"
    assert found[own][0] == "substantive"


def test_stock_phrases_around_something_specific_are_no_template(course: Course) -> None:
    """Near-identical, but each says what of this work: only the very same words are a template then."""
    places = ("в начале", "в середине", "в конце", "в таблице")
    mixed = [
        course.grade(
            f"Логика выстроена чётко, материал подобран удачно. Вывода {place} не хватает, его стоит дописать. Успехов",
            learner=f"l{place}",
            marker="Инга",
        )
        for place in places
    ]
    same = [
        course.grade("Логика есть, вывода не хватает: стоит дописать его своими словами", learner=f"l{place}", marker="Инга")
        for place in places
    ]
    found = kinds(course)
    assert {found[grade][0] for grade in mixed} == {"substantive"}
    assert {found[grade][0] for grade in same} == {"boilerplate"}


def test_a_formula_that_goes_round_among_markers(course: Course) -> None:
    formula = "Слушатель освоил материал темы и показал хороший уровень в соответствии с критериями курса"
    given = [course.grade(formula, learner=f"l{number}", marker=f"marker-{number}") for number in range(12)]
    found = kinds(course)
    assert {found[grade][0] for grade in given} == {"boilerplate"}


def test_the_learners_own_words_make_a_comment_substantive(course: Course) -> None:
    """The same kind of sentence, once with words of this work, once with words of all works of the task."""
    for number, text in enumerate(
        ("Ученики лепили волшебного дракона под музыку Грига", "Ученики строили мост через ручей", "Ученики писали письмо ветерану")
    ):
        course.submission(f"l{number}", 0, text=text)
    own = course.grade("Радует, как ученики лепили дракона под музыку", learner="l0", marker="Инга", attempt=0)
    general = course.grade("Радует, что работа получилась и ученики довольны", learner="l1", marker="Инга", attempt=0)
    found = kinds(course)
    assert found[own] == ("substantive", "of_this_work")
    assert found[general] == ("formal", "says_nothing_of_the_work")


def test_the_same_words_to_one_learner_are_no_template(course: Course) -> None:
    copies = [course.grade(TEMPLATE, learner="Вера", marker="Инга", task=f"moodle:task:{number}") for number in range(5)]
    found = kinds(course)
    assert {found[grade][0] for grade in copies} == {"substantive"}


def test_a_later_attempt_means_that_the_work_was_sent_back(course: Course) -> None:
    first = course.grade("В тексте нет ни одного примера из вашего класса", learner="Вера", marker="Инга", attempt=0)
    second = course.grade("Теперь пример есть, и он убеждает своей простотой", learner="Вера", marker="Инга", attempt=1)
    course.submission("Вера", 0)
    course.submission("Вера", 1)
    found = kinds(course)
    assert found[first] == ("returned", "later_attempt")
    assert found[second][0] == "substantive"


class _Counting:
    """What was counted anew: grades beside their works, and markers beside themselves."""

    def __init__(self, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
        self.course, self.markers = course, 0
        near = feedback._near

        def counted(comments: pd.DataFrame) -> NDArray[np.int64]:
            self.markers += 1
            return near(comments)

        monkeypatch.setattr(feedback, "_near", counted)
        # The tables of the run stay to be looked at.
        monkeypatch.setattr(feedback, "_MADE", ())

    def again(self) -> tuple[int, int]:
        """Judge everything; (grades whose own words were counted, markers whose comments were compared)."""
        self.markers = 0
        link_feedback(self.course.warehouse)
        return self.course.warehouse.value("select count(*) from own_words"), self.markers

    def rows(self) -> list[tuple[object, ...]]:
        return self.course.warehouse.rows("select * from links.feedback order by grade_id")


def _two_tasks(course: Course) -> None:
    for number in range(4):
        for task, marker in (("moodle:task:1", "Инга"), ("moodle:task:2", "Борис")):
            course.submission(f"l{number}", 0, task=task, text=f"Ученики лепили дракона номер {number} под музыку Грига")
            course.grade(f"Радует, как ученики лепили дракона {'очень ' * number}{marker}", learner=f"l{number}", marker=marker, task=task)


def test_where_nothing_is_new_nothing_is_counted_again(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    _two_tasks(course)
    course.write()
    counting = _Counting(course, monkeypatch)
    assert counting.again() == (8, 2)
    before = counting.rows()
    assert counting.again() == (0, 0)
    assert counting.rows() == before


@pytest.mark.parametrize(
    ("happens", "counted"),
    [
        # Another work tells of the whole task what is common in it.
        ("update personal.submissions set text = 'Мост через ручей' where submission_id = (select min(submission_id) from raw.submissions where task_id = 'moodle:task:2')", (4, 0)),
        ("delete from raw.submissions where submission_id = (select min(submission_id) from raw.submissions where task_id = 'moodle:task:1')", (3, 0)),
        # Another comment counts for its own work, and for all that its marker wrote.
        ("update personal.grades set comment = 'Принято' where grade_id = (select min(grade_id) from raw.grades where task_id = 'moodle:task:2')", (1, 1)),
        ("delete from raw.grades where grade_id = (select min(grade_id) from raw.grades where task_id = 'moodle:task:1')", (0, 1)),
        ("update raw.grades set account_id = 'moodle-l3' where grade_id = (select min(grade_id) from raw.grades where task_id = 'moodle:task:1')", (1, 0)),
        ("update raw.grades set grader_account_id = 'moodle-Борис'", (0, 1)),
    ],
)  # fmt: skip
def test_only_what_changed_is_counted_again_and_comes_to_what_all_comes_to(
    course: Course, monkeypatch: pytest.MonkeyPatch, happens: str, counted: tuple[int, int]
) -> None:
    _two_tasks(course)
    course.write()
    counting = _Counting(course, monkeypatch)
    counting.again()
    course.warehouse.connection.execute(happens)
    assert counting.again() == counted
    night_by_night = counting.rows()
    course.warehouse.connection.execute("delete from links.feedback")
    counting.again()
    assert counting.rows() == night_by_night


def test_another_rule_counts_everything_again(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    _two_tasks(course)
    course.write()
    counting = _Counting(course, monkeypatch)
    counting.again()
    monkeypatch.setattr(feedback, "_rules", lambda: "another")
    assert counting.again() == (8, 2)


def test_no_grades_no_rows(course: Course) -> None:
    assert kinds(course) == {}
