from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from pipelines.links.conversations import question_model, questions
from pipelines.links.conversations.questions import judge, link_questions
from pipelines.warehouse import Warehouse
from tests.unit.links.conversation import Course


@pytest.fixture
def course(warehouse: Warehouse) -> Course:
    course = Course(warehouse)
    course.person("Вера", "learner")
    course.person("Глеб", "learner")
    course.person("Инга", "curator")
    return course


def judged(course: Course) -> dict[str, tuple[bool, str, str]]:
    course.write()
    link_questions(course.warehouse)
    return {row[0]: row[1:] for row in course.warehouse.rows("select message_id, is_question, rule, burst_id from links.questions")}


@pytest.mark.parametrize(
    "text",
    [
        "Когда откроют третий модуль?",
        "подскажите где лежит шаблон отчёта",
        "Не могу прикрепить файл, выдаёт ошибку",
        "можно ли сдать задание в понедельник",
        "Добрый день! отмечают ли присутствие на занятиях",
        "Здравствуйте, коллеги! Куда отправлять согласие",
        "Прошу продлить срок сдачи эссе",
        "скоко раз можно проходить тест",
        "к какой дате сдаём кейс",
        "Ходатайствую о новой попытке теста",
        "Имею в виду второе задание, где его сдавать",
        "Перечислите, пожалуйста, бумаги для зачисления",
        "Where can I find the recording of the webinar?",
        "I can't log in, the password does not work",
        "Хотелось бы понять, за что снижена оценка",
        "Кто-нибудь знает, во сколько сегодня вебинар?",
        "Подскажите, можно было сдать работу позже",
        "а можно было сдать раньше?",
    ],
)
def test_what_asks(warehouse: Warehouse, text: str) -> None:
    assert judge(pa.array([text]), warehouse=warehouse)["is_question"].to_pylist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "вряд ли успею сдать работу",
        # Says what was meant, to who asked back.
        "Речь о второй работе",
        "Имею в виду второе задание",
        "Спасибо большое!",
        "+",
        "",
        None,
        "Всем доброе утро",
        "Сдала первое задание, ура",
        "Девочки, кто откуда? Поделитесь готовой работой",
        "У меня тоже не открывалось, помогло обновление страницы",
        "Нашла ответ на форуме, спасибо, разобралась",
        "Какая чудесная лекция",
        "Смотрите статью: https://example.org/?q=1",
        "Thanks, it works now",
        "Дети на уроке спросили «а когда каникулы?» и засмеялись",
        "all the best to everyone",
        "Лекцию 1 можно было сделать короче",
        "можно было и раньше сказать про вебинар",
        "the lecture could have been shorter",
        "подскажите не по теме: книгу про подростков",
        "Оффтоп: посоветуйте хороший проектор в класс",
        # What somebody thinks of a lecture, said in few words.
        "запись 3 тяжеловата",
        "а у нас минус тридцать",
        "модуль 4 на пять с плюсом",
        "тетради победили меня",
    ],
)
def test_what_does_not_ask(warehouse: Warehouse, text: str | None) -> None:
    assert judge(pa.array([text], pa.string()), warehouse=warehouse)["is_question"].to_pylist() == [False]


_WORK = " ".join(["Класс разделила на тройки, и каждая тройка сделала свою таблицу, а потом показала её остальным."] * 10)


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        (f"Для примера моя третья. {_WORK} Зачем это нужно на уроке? Чтобы увидеть ход мысли. {_WORK}", False),
        (f"Чтоб не мучились, практика 3. {_WORK} В чём дело? Вопрос ребёнка дороже моего.", False),
        (f"Кто спрашивал, держите, третья. Объясните и покажите. {_WORK} Чему это учит? Вопрос ребёнка дороже моего.", False),
        (f"Добрый день! Подскажите, почему не приняли вторую работу? Я писала так. {_WORK}", True),
        (f"Добрый день! {_WORK} Что ещё нужно дописать, чтобы приняли? Заранее спасибо, учитель начальных классов школы 5", True),
    ],
)  # fmt: skip
def test_a_long_text_asks_where_it_begins_or_ends(warehouse: Warehouse, text: str, is_question: bool) -> None:
    assert judge(pa.array([text]), warehouse=warehouse)["is_question"].to_pylist() == [is_question]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Кто просил, держите: 1 — в, 2 — а. Почему так? Потому что есть в лекции", "shares_work"),
        ("вот ответы на задание 2, пользуйтесь: что такое рефлексия? Умение видеть себя", "shares_work"),
        ("Переслано от «Отдел кадров»: когда вы сдадите анкету? Просьба ответить", "forwarded"),
        ("Fwd: could you submit the survey by Friday?", "forwarded"),
        ("Коллеги, кто уже аттестовался?", "peers_who"),
        ("девочки, кто сдал вторую?", "peers_who"),
        ("А вы уже посмотрели лекцию?", "peers_selves"),
        ("есть тут кто живой?", "follow_up"),
        ("Ау, куратор есть?", "follow_up"),
        ("Ау, мы тут одни?", "follow_up"),
        ("Нажмите «Забыли пароль», письмо придёт через минуту, не работает — обновите страницу", "instructs"),
        ("Логин — первая буква имени и фамилия, проверьте спам", "instructs"),
        ("Откройте раздел с заданием и перетащите туда файл, тогда ошибка пропадёт", "instructs"),
        ("На мой взгляд, на платформе это не работает: дети быстро устают", "classroom"),
    ],
)
def test_what_is_said_to_colleagues_waits_for_no_curator(warehouse: Warehouse, text: str, rule: str) -> None:
    found = judge(pa.array([text]), warehouse=warehouse).to_pylist()[0]
    assert (found["is_question"], found["rule"]) == (False, rule)


@pytest.mark.parametrize(
    "text",
    [
        "Кто у второй группы куратор?",
        "кто проверяет работы первой недели",
        "Кто возьмёт меня в группу? И можно ли с другим потоком?",
        "Опечатка в вопросе 4 теста, исправьте. Спасибо!",
        "раздел 3 закрыт, заранее спасибо",
        "я не нашла себя в списках группы, что делать",
        "объём работы какой",
        "таблицу в задании обязательно делать",
        "в задании 2 брать свой урок или готовый",
        "Девочки, не загружается файл, пишет ошибку",
        "Откройте мне, пожалуйста, доступ к заданию 2",
        "Мне пишут: обновите страницу, но у меня ничего не работает",
        "проверьте почту пожалуйста, отправила работу",
        "ау, когда будет вебинар?",
        "В заявлении писать ГБОУ или АУ?",
    ],
)
def test_what_a_curator_is_asked_among_such_talk(warehouse: Warehouse, text: str) -> None:
    assert judge(pa.array([text]), warehouse=warehouse)["is_question"].to_pylist() == [True]


@pytest.mark.parametrize(
    ("text", "is_technical"),
    [
        ("Файл не загружается", True),
        ("Нет звука на вебинаре", True),
        ("The link is broken", True),
        ("Какой срок у второго задания?", False),
        ("Когда выдадут удостоверение?", False),
    ],
)
def test_technical_trouble(warehouse: Warehouse, text: str, is_technical: bool) -> None:
    assert judge(pa.array([text]), warehouse=warehouse)["is_technical"].to_pylist() == [is_technical]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Среда это по нашему времени или по московскому", "either_or"),
        ("кто нить в курсе во сколько консультация", "asks_who_knows"),
        ("Расписания до сих пор нет!", "persists"),
        ("работу мою никто не проверил", "persists"),
        ("сдала тест, а баллы так и не видны", "persists"),
        ("Нам бы приказ для бухгалтерии, что мы на курсах", "need"),
        ("I'd like to change my group", "need"),
        ("а пересдача теста возможна", "holds"),
        ("камера обязательна", "holds"),
        ("добрый день а защита будет в записи", "opens_with_but"),
        ("третья неделя у меня на замке", "fault"),
        ("с чего начать прохождение", "opens_with_preposition"),
        ("за опоздание что будет", "ends_asking"),
        ("где ждать остальных", "opens_with_interrogative"),
        ("Где анкета Спасибо!", "opens_with_interrogative"),
        ("Какой объём у эссе", "opens_weakly"),
        ("есть шаблон отчёта", "opens_weakly"),
        ("Обновите мои данные в профиле", "imperative"),
        ("hi, cant open the forum", "trouble"),
        ("I dont see the recording", "trouble"),
        ("у меня такой вопрос к вам живём в общежитии три семьи и на всех один компьютер", "announces"),
        ("вот такое окошко на экране что это значит", "ends_asking"),
        ("добрый день а если в среду уроки до вечера и на вебинар никак", "opens_with_interrogative"),
        ("анкету прошла, а в конце снова начало, уже пятый раз", "repeats"),
        ("my video stops every time", "repeats"),
        ("ребята кураторы, в разделе 3 ничего нет", "absent"),
    ],
)
def test_the_form_of_a_question_asks_without_a_mark(warehouse: Warehouse, text: str, rule: str) -> None:
    found = judge(pa.array([text]), warehouse=warehouse).to_pylist()[0]
    assert (found["is_question"], found["rule"]) == (True, rule)


@pytest.mark.parametrize(
    "text",
    [
        "Вот и спрашивается, кто за нас эти отчёты напишет?",
        "Это мы так отдыхаем, да? )))",
        "Anyone else from Leeds?",
        "Так что пример урока обязателен в задании",
        "думаю, тест не обязателен",
        "Да, сертификат нужен",
        "Сдала тест, ура, но устала",
        "Какой полезный вебинар!",
        "вопрос такой же был, уже решили",
        "у меня вопрос снят",
    ],
)
def test_the_form_of_a_question_that_is_none(warehouse: Warehouse, text: str) -> None:
    assert judge(pa.array([text]), warehouse=warehouse)["is_question"].to_pylist() == [False]


def test_a_long_account_with_interrogatives_asks_nothing(warehouse: Warehouse) -> None:
    text = "Когда мы начали, дети не понимали, зачем нужна тема урока. " * 8
    assert judge(pa.array([text, text + "Подскажите, где критерии?"]), warehouse=warehouse)["is_question"].to_pylist() == [False, True]


def test_curators_bots_forwards_and_service_lines_are_not_judged(course: Course) -> None:
    course.person("Робот", "bot")
    course.chat("Инга", "Когда вам удобно провести вебинар?", 0)
    course.chat("Робот", "Какой пароль вы забыли?", 1)
    course.chat("Вера", "Когда вебинар?", 2, is_forwarded=True)
    course.chat("Вера", None, 3, kind="service")
    asked = course.chat("Вера", "Когда вебинар?", 60)
    assert set(judged(course)) == {asked}


def test_a_curator_of_one_course_may_ask_as_learner_of_another(course: Course) -> None:
    other = "moodle:course:2"
    course.person("Зоя", "curator", course=other)
    course.enrol("Зоя", "learner")
    asked = course.chat("Зоя", "Когда вебинар?", 0)
    assert judged(course)[asked][0]


def test_the_role_is_that_of_the_time(course: Course) -> None:
    course.person("Нина", "learner")
    course.enrol("Нина", "curator", since=100)
    before = course.chat("Нина", "Когда вебинар?", 50)
    course.chat("Нина", "Когда вам удобен вебинар?", 150)
    assert set(judged(course)) == {before}


def test_whoever_is_linked_to_nobody_may_be_a_learner(course: Course) -> None:
    course.stranger("неизвестная")
    asked = course.chat("неизвестная", "Когда вебинар?", 0)
    assert judged(course)[asked][0]


def test_a_burst_is_one_question(course: Course) -> None:
    greeting = course.chat("Вера", "Здравствуйте!", 0)
    asked = course.chat("Вера", "Подскажите, где запись вебинара?", 1)
    between = course.chat("Глеб", "Когда сдавать эссе?", 1.5)
    more = course.chat("Вера", "вот такая ошибка", 3)
    later = course.chat("Вера", "Где взять шаблон?", 60)
    found = judged(course)
    assert {found[message][2] for message in (greeting, asked, more)} == {greeting}
    assert found[between][2] == between
    assert found[later][2] == later
    assert not found[greeting][0]
    assert found[asked][0]


def test_two_threads_are_two_bursts(course: Course) -> None:
    first = course.post("Вера", "Когда вебинар?", 0, thread="t1")
    second = course.post("Вера", "Где критерии?", 1, thread="t2")
    found = judged(course)
    assert found[first][2] == first
    assert found[second][2] == second


def test_a_question_taken_back_unanswered_is_none(course: Course) -> None:
    gone = course.chat("Вера", "Когда вебинар?", 0, deleted_at=None)
    course.rows["raw.messages"][-1]["deleted_at"] = course.rows["raw.messages"][-1]["sent_at"]
    assert judged(course)[gone][:2] == (False, "withdrawn")


def test_a_letter_to_a_curator_waits_for_an_answer(course: Course) -> None:
    asked = course.mail("Вера", ["Инга"], "Вопрос по второму заданию", 0)
    bare = course.mail("Вера", ["Инга"], None, 10)
    confirming = course.mail("Вера", ["Инга"], "Письмо получила", 20)
    answering = course.mail("Вера", ["Инга"], "Re: Начало обучения", 30)
    to_a_fellow = course.mail("Вера", ["Глеб"], "Вопрос", 40)
    found = judged(course)
    assert {message: found[message][0] for message in (asked, bare, confirming, answering, to_a_fellow)} == {
        asked: True, bare: True, confirming: False, answering: False, to_a_fellow: False,
    }  # fmt: skip


def test_a_letter_without_a_subject_right_after_a_notice_confirms_it(course: Course) -> None:
    course.mail("Инга", ["Вера", "Глеб"], "Начало обучения", 0)
    confirming = course.mail("Вера", ["Инга"], None, 60)
    much_later = course.mail("Глеб", ["Инга"], None, 60 * 24 * 10)
    found = judged(course)
    assert found[confirming][:2] == (False, "after_notice")
    assert found[much_later][0]


def test_twice_gives_the_same(course: Course) -> None:
    course.chat("Вера", "Когда вебинар?", 0)
    first = judged(course)
    link_questions(course.warehouse)
    assert {
        row[0]: row[1:] for row in course.warehouse.rows("select message_id, is_question, rule, burst_id from links.questions")
    } == first


def test_nothing_said_nothing_judged(warehouse: Warehouse) -> None:
    summary = link_questions(warehouse)
    assert (summary.judged, summary.questions) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "Светлана Петровна а вы тест когда сдали?",
        "Добрый день! Светлана, какую тему вы взяли для проекта?",
        "светлана а где ты брала шаблон?",
    ],
)
def test_who_calls_somebody_that_wrote_there_before_asks_a_fellow_learner(course: Course, text: str) -> None:
    course.person("Светлана Зорина", "learner")
    course.chat("Светлана Зорина", "Всем привет", 0)
    asked = course.chat("Вера", text, 60)
    assert judged(course)[asked][:2] == (False, "peers_named")


def test_a_name_calls_no_fellow_learner_before_its_bearer_wrote(course: Course) -> None:
    course.person("Светлана Зорина", "learner")
    asked = course.chat("Вера", "Света, где шаблон проекта?", 0)
    course.chat("Светлана Зорина", "Всем привет", 60)
    assert judged(course)[asked][0]


def test_a_name_that_a_curator_has_too_calls_the_curator(course: Course) -> None:
    course.person("Светлана Зорина", "learner")
    course.person("Светлана Юшина", "curator")
    course.chat("Светлана Зорина", "Всем привет", 0)
    asked = course.chat("Вера", "Светлана, где шаблон проекта?", 60)
    assert judged(course)[asked][0]


def test_a_name_that_somebody_linked_to_nobody_has_too_may_be_a_curators(course: Course) -> None:
    course.person("Светлана Зорина", "learner")
    course.stranger("Светлана")
    course.chat("Светлана Зорина", "Всем привет", 0)
    course.chat("Светлана", "Доброе утро", 1)
    asked = course.chat("Вера", "Светлана, где шаблон проекта?", 60)
    assert judged(course)[asked][0]


@pytest.mark.parametrize("text", ["Вера. Где шаблон проекта?", "Светлана писала, что тест отменили, это правда?"])
def test_a_name_that_calls_nobody(course: Course, text: str) -> None:
    course.person("Светлана Зорина", "learner")
    course.chat("Светлана Зорина", "Всем привет", 0)
    asked = course.chat("Вера", text, 60)
    assert judged(course)[asked][0]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Свидетельство мне выслать забыли", True),
        ("Да кто ж его знает, когда это кончится?", False),
        ("Интересно, министр сам-то это читал?", False),
    ],
)
def test_what_was_learned_of_how_people_ask_outweighs_the_rules(warehouse: Warehouse, text: str, asks: bool) -> None:
    found = judge(pa.array([text]), warehouse=warehouse).to_pylist()[0]
    assert (found["is_question"], found["rule"]) == (asks, "learned")


def test_the_same_words_after_a_question_of_a_fellow_learner_ask_less(course: Course) -> None:
    alone = course.chat("Вера", "в третьем модуле внизу страницы", 0)
    course.chat("Глеб", "Где лежит шаблон?", 60 * 24)
    after = course.chat("Вера", "в третьем модуле внизу страницы", 60 * 24 + 2)
    course.write()
    link_questions(course.warehouse)
    score = dict(course.warehouse.rows("select message_id, score from links.questions"))
    assert score[after] < score[alone]


def test_names_neither_speak_for_a_question_nor_against() -> None:
    assert question_model.nameless([" ^ светлана , где шаблон ? $ "]) == [" ^ @ , где шаблон ? $ "]


def test_pieces_hash_the_same_everywhere() -> None:
    """Other buckets would be other weights."""
    line, bucket = next(question_model.pieces([" ^ где ? $ "]))[1:]
    assert (set(line.tolist()), bucket[:5].tolist(), bucket[-3:].tolist()) == ({0}, [15013, 13909, 7600, 8219, 13284], [838, 15496, 4310])


def test_a_line_weighs_the_same_beside_others() -> None:
    weights = question_model.weights().pieces
    lines = [" ^ где ? $ ", " ^ $ ", " ^ спасибо ! $ "]
    assert question_model.by_words(lines, weights).tolist() == [question_model.by_words([line], weights)[0] for line in lines]


def test_who_spoke_before_makes_no_question_of_what_reads_like_none() -> None:
    by_rules = pa.table({"is_question": [False, False, True], "score": [0.1, 0.1, 0.6], "rule": ["too_little", "too_little", "trouble"]})
    words, before = np.array([0.3, 0.5, -0.1]), np.array([2.0, 2.0, -0.5])
    assert questions._decided(by_rules, words, before)["is_question"].to_pylist() == [False, True, True]
    # It takes away, from what the rules call one too.
    assert questions._decided(by_rules, words, np.full(3, -2.0))["is_question"].to_pylist() == [False, False, False]
