"""Accounts of one person find each other; others stay apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from pipelines.links.people import name_evidence, names
from pipelines.links.people.people import link_people, link_people_and_places
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import PROGRAMME, START, account, chat_account, empty, enrol, insert, learner, person

COURSE, OTHER_COURSE = "moodle:course:1", "moodle:course:2"
CHAT = "telegram:chat:1"


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with empty() as made:
        insert(made, "raw.courses", [{"course_id": COURSE, "code": "ЦОС-36"}, {"course_id": OTHER_COURSE, "code": "ИНКЛ-72"}])
        insert(made, "raw.chats", [{"chat_id": CHAT, "channel": "chat", "kind": "supergroup"}])
        insert(made, "personal.chats", [{"chat_id": CHAT, "title": "ЦОС-36 осень"}])
        yield made


def link_of(warehouse: Warehouse, name: str) -> tuple[str | None, str, str]:
    link_people_and_places(warehouse, PROGRAMME)
    return warehouse.rows("select person_id, state, rule from links.people where account_id = ?", [name])[0]


@pytest.mark.parametrize(
    "shown",
    [
        "Юлия Соловьёва",
        "Соловьева Юлия",
        "Соловьёва Юлия Владимировна",
        "Yuliya Soloveva",
        "SOLOVYOVA Julia",
        "Юля Соловьёва 🌷",
        "Соловьёва Ю.В.",
        "Соловьёва Ю. СОШ 5",
        "Юлия Владимировна",
        "Юлия школа 5",
        "Соловьёва",
    ],
)
def test_a_name_that_fits_one_member_of_the_course_links(warehouse: Warehouse, shown: str) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва", institution="МБОУ СОШ № 5")
    learner(warehouse, "2", "Юлия Петровна", "Морозова", institution="МБОУ СОШ № 6")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown)) == (person(truth), "linked", "name")


#: As teachers write themselves in webinars: a letter that stands for a town, a class or a degree is no initial, and contradicts nobody's.
@pytest.mark.parametrize(
    "shown",
    [
        "Соловьёва Юлия Владимировна, г. Казань, СОШ № 5, учитель математики",
        "СОЛОВЬЁВА ЮЛИЯ ВЛАДИМИРОВНА Г. КАЗАНЬ",
        "Соловьёва Юлия г.Уфа",
        "Соловьёва Ю. В., с. Юг",
        "Соловьёва Юлия 3Б",
        "Соловьёва Юлия, 1 а класс",
        "Соловьёва Юлия Владимировна, к.п.н.",
        "Соловьёва Юлия ДО 5",
        "Соловьёва Юлия РТ",
        "Юлия Соловьёва, Пермский край",
        "Соловьёва Ю.В. учитель нач. классов",
    ],
)
def test_what_stands_beside_a_name_contradicts_nobody(warehouse: Warehouse, shown: str) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва", institution="МБОУ СОШ № 5")
    learner(warehouse, "2", "Юлия Петровна", "Морозова", institution="МБОУ СОШ № 6")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown)) == (person(truth), "linked", "name")


#: The fields of a form, as people fill them in.
FIELDS = [
    ("Соловьёва", "Юлия Владимировна"),
    ("Соловьёва Юлия Владимировна", "-"),
    ("Юлия Владимировна Соловьёва", ""),
    ("-", "Соловьёва Юлия Владимировна"),
    ("Юлия", "Соловьёва Юлия Владимировна"),
    ("Соловьёва Юлия", "Владимировна"),
    ("Соловьёва Юлия Владимировна", "Соловьёва Юлия Владимировна"),
]


@pytest.mark.parametrize(("first", "last"), FIELDS)
@pytest.mark.parametrize("shown", ["Юля Соловьёва", "Соловьёва Ю.В.", "Соловьёва"])
def test_a_name_typed_into_the_wrong_field_is_found(warehouse: Warehouse, first: str, last: str, shown: str) -> None:
    truth = learner(warehouse, "1", first, last)
    learner(warehouse, "2", "Юлия Петровна", "Морозова")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown)) == (person(truth), "linked", "name")


@pytest.mark.parametrize(("first", "last"), FIELDS)
def test_a_first_name_in_the_wrong_field_links_no_more_than_in_the_right_one(warehouse: Warehouse, first: str, last: str) -> None:
    learner(warehouse, "1", first, last)
    assert link_of(warehouse, chat_account(warehouse, "user7", "Юлия"))[1] == "review"


@pytest.mark.parametrize(
    ("shown", "state"),
    [("Соловьёва Ю.В.", "linked"), ("Юлия Соловьёва", "review"), ("Ольга Соловьёва", "unlinked"), ("Соловьёва О.В.", "unlinked")],
)
def test_of_whom_the_lms_knows_initials_the_letters_count(warehouse: Warehouse, shown: str, state: str) -> None:
    learner(warehouse, "1", "Ю.В.", "Соловьёва")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown))[1] == state


def test_a_letter_in_the_user_name_may_be_that_of_the_shown_first_name(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Мария Петровна", "Иванова")
    learner(warehouse, "2", "Анна Петровна", "Иванова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Мария", username="ivanova_m"))[0] == person(truth)


@pytest.mark.parametrize(
    ("known", "shown"), [("Александр", "Олександр Ковальчук"), ("Олена", "Лена Ковальчук"), ("Ганна", "Анна Ковальчук")]
)
def test_a_ukrainian_form_is_the_same_name(warehouse: Warehouse, known: str, shown: str) -> None:
    truth = learner(warehouse, "1", known, "Ковальчук")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown))[0] == person(truth)


@pytest.mark.parametrize("shown", ["Юлия", "Юля 🌷", "Julia"])
def test_a_first_name_alone_never_links(warehouse: Warehouse, shown: str) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    name = chat_account(warehouse, "user7", shown)
    assert link_of(warehouse, name)[:2] == (None, "review")
    assert warehouse.value("select candidate_person_id from links.people where account_id = ?", [name]) == person(truth)


def test_a_family_name_that_is_a_first_name_too_never_links_alone(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Роза")
    learner(warehouse, "2", "Роза Ивановна", "Белова", OTHER_COURSE)
    assert link_of(warehouse, chat_account(warehouse, "user7", "Роза"))[1] == "review"


@pytest.mark.parametrize("shown", ["Мама Кота", "Аренда залов | Мария", "Игорь (муж Юли)", "Redmi Note 12", "🌷", "", "Завуч 12"])
def test_a_stranger_stays_unlinked(warehouse: Warehouse, shown: str) -> None:
    learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown)) == (None, "unlinked", "none")


def test_namesakes_in_one_course_go_to_review(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    learner(warehouse, "2", "Анна Сергеевна", "Иванова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Анна Иванова")) == (None, "review", "ambiguous")


def test_a_patronymic_tells_namesakes_apart(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    truth = learner(warehouse, "2", "Анна Сергеевна", "Иванова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Иванова Анна Сергеевна"))[0] == person(truth)


def test_another_patronymic_speaks_against_the_only_namesake(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Иванова Анна Сергеевна"))[1] == "unlinked"


def test_a_family_name_in_the_form_of_a_patronymic_is_no_contradiction(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Маркевич")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Анна Маркевич"))[0] == person(truth)


def test_wrong_initials_do_not_link(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Иванова О.П."))[1] == "unlinked"


def test_a_namesake_of_another_course_does_not_matter(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Иванова")
    learner(warehouse, "2", "Анна Сергеевна", "Иванова", OTHER_COURSE)
    assert link_of(warehouse, chat_account(warehouse, "user7", "Анна Иванова"))[0] == person(truth)


def test_a_person_of_another_course_is_not_looked_for(warehouse: Warehouse) -> None:
    learner(warehouse, "2", "Анна Сергеевна", "Иванова", OTHER_COURSE)
    assert link_of(warehouse, chat_account(warehouse, "user7", "Анна Иванова"))[1] == "unlinked"


def test_the_handle_may_hold_the_family_name(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Валентина Петровна", "Яковлева")
    learner(warehouse, "2", "Валентина Сергеевна", "Орлова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Валентина", username="yakovleva471"))[0] == person(truth)


def test_equal_addresses_link(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна", "Иванова", email="A.Ivanova@school.example.org")
    assert link_of(warehouse, account(warehouse, "mail", "a.ivanova@school.example.org", "mail", email="a.ivanova@school.example.org")) == (
        person(truth),
        "linked",
        "address",
    )


def test_an_address_that_two_people_share_goes_to_review(warehouse: Warehouse) -> None:
    for native, first in (("1", "Анна"), ("2", "Мария")):
        learner(warehouse, native, first, "Иванова", email="office@school.example.org")
    name = account(warehouse, "mail", "office@school.example.org", "mail", email="office@school.example.org")
    assert link_of(warehouse, name) == (None, "review", "ambiguous")


def test_phones_link_however_written(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна", "Иванова", phone="8 (900) 123-45-67")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Осень", phone="+79001234567")) == (person(truth), "linked", "phone")


def test_the_log_in_name_as_handle_links(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна", "Иванова", username="ivanova.anna")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Осень", username="@Ivanova_Anna")) == (person(truth), "linked", "username")


def test_the_log_in_name_of_somebody_of_another_course_does_not_link(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна", "Иванова", OTHER_COURSE, username="ivanova.anna")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Осень", username="@Ivanova_Anna"))[1] == "unlinked"


def test_a_bot_is_nobody(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна", "Иванова")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Анна Иванова", is_bot=True))[1] == "unlinked"


def test_a_private_address_is_looked_for_among_the_curators_learners(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Гульнара Ринатовна", "Куликова")
    learner(warehouse, "2", "Гульнара Ивановна", "Куликова", OTHER_COURSE)
    curator = learner(warehouse, "3", "Анна", "Комарова", email="komarova@example.org")
    enrol(warehouse, curator, COURSE, "curator")
    sender = account(warehouse, "mail", "komarova@example.org", "mail", email="komarova@example.org")
    private = account(warehouse, "mail", "kulikova.gulnara@pochta.example.com", "mail", email="kulikova.gulnara@pochta.example.com")
    insert(
        warehouse,
        "raw.messages",
        [{"message_id": "mail:1", "channel": "mail", "chat_id": "mail:chat", "account_id": sender, "kind": "post"}],
    )
    insert(warehouse, "raw.addressees", [{"message_id": "mail:1", "account_id": private, "role": "to"}])
    assert link_of(warehouse, private) == (person(truth), "linked", "name")


class _Counting:
    """A connection that remembers the most rows that an operator of any statement passed on."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection, self.most = connection, 0
        connection.execute("set enable_profiling = 'no_output'")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *given: Any) -> Any:
        result = self._connection.execute(statement, *given)
        waiting = [json.loads(self._connection.get_profiling_information("json"))]
        while waiting:
            told = waiting.pop()
            self.most = max(self.most, told.get("operator_cardinality", 0))
            waiting += told.get("children", [])
        return result


def test_notices_to_a_whole_group_cost_their_addressees_and_not_their_pairs(warehouse: Warehouse) -> None:
    """A notice to 300 has 90,000 pairs of addressees: among fifteen thousand learners 11.8 GB were held for them."""
    people, notices, strangers = 60, 60, 1000
    owner = learner(warehouse, "0", "Ольга", "Комарова")
    run = warehouse.connection.execute
    for what, realm, channel, count in (("mail", "mail", "mail", people), ("guest", "telegram", "chat", strangers)):
        run(
            "insert into raw.accounts by name select ? || n as account_id, ? as realm, ? as channel, 'test' as source, 'load' as load_id from range(?) as one(n)",
            [what, realm, channel, count],
        )
        run(
            "insert into personal.accounts by name select account_id, ? || account_id as display_name from raw.accounts where channel = ?",
            ["Гость ", channel],
        )
    run(
        "update personal.accounts set email = account_id || '@example.org' where account_id in (select account_id from raw.accounts where channel = 'mail')"
    )
    for one in range(people):
        learner(warehouse, str(one + 1), f"Анна{one}", f"Иванова{one}", email=f"mail{one}@example.org")
    run(
        "insert into raw.messages by name select 'n' || n as message_id, 'mail' as channel, 'mail' as chat_id, ? as account_id, 'post' as kind, ? as sent_at, 'test' as source, 'load' as load_id "
        "from range(?) as one(n) union all select 'g' || n, 'chat', ?, 'guest' || n, 'post', ?, 'test', 'load' from range(?) as one(n)",
        [owner, START, notices, CHAT, START, strangers],
    )
    run(
        "insert into raw.addressees by name select 'n' || n as message_id, 'mail' || m as account_id, 'to' as role, 'test' as source, 'load' as load_id from range(?) as one(n), range(?) as two(m)",
        [notices, people],
    )
    warehouse.connection = counting = _Counting(warehouse.connection)  # type: ignore[assignment]
    link_people_and_places(warehouse, PROGRAMME)
    assert counting.most < 2 * people * notices


def test_whoever_is_addressed_under_an_own_address_is_not_behind_the_unknown_one(warehouse: Warehouse) -> None:
    known = learner(warehouse, "1", "Анна Петровна", "Иванова", email="ivanova1@example.org")
    truth = learner(warehouse, "2", "Анна Сергеевна", "Иванова", email="ivanova2@example.org")
    curator = learner(warehouse, "3", "Ольга", "Комарова", email="komarova@example.org")
    enrol(warehouse, curator, COURSE, "curator")
    sender = account(warehouse, "mail", "komarova@example.org", "mail", email="komarova@example.org")
    listed = account(warehouse, "mail", "ivanova1@example.org", "mail", email="ivanova1@example.org")
    private = account(warehouse, "mail", "x77@example.com", "mail", email="x77@example.com", display_name="Анна Иванова")
    insert(
        warehouse,
        "raw.messages",
        [{"message_id": "mail:1", "channel": "mail", "chat_id": "mail:chat", "account_id": sender, "kind": "post"}],
    )
    insert(warehouse, "raw.addressees", [{"message_id": "mail:1", "account_id": one, "role": "to"} for one in (listed, private)])
    assert link_of(warehouse, private)[0] == person(truth)
    assert known != truth


def test_one_private_address_in_two_systems_is_one_person(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Иванова")
    learner(warehouse, "2", "Анна Сергеевна", "Попова")
    chat_account(warehouse, "user7", "Иванова Анна", email="zayka@example.com")
    elsewhere = account(warehouse, "zoom", "anna|zayka@example.com", "webinar", email="zayka@example.com", display_name="iPhone")
    assert link_of(warehouse, elsewhere) == (person(truth), "linked", "address")


@pytest.mark.parametrize(
    "second",
    [
        {"username": "ivanova.ap.new"},
        {"username": "other", "phone": "+7 900 000-00-00"},
        {"username": "other", "institution": "Школа 5", "city": "Уфа"},
        {"username": "other", "email": "second.ivanova.ap@example.com"},
    ],
)
def test_a_second_lms_account_joins_the_older(warehouse: Warehouse, second: dict[str, str]) -> None:
    sign = {
        "username": "ivanova.ap",
        "email": "ivanova.ap@example.org",
        "phone": "8 900 000 00 00",
        "institution": "Школа 5",
        "city": "Уфа",
    }
    older = learner(warehouse, "1", "Анна Петровна", "Иванова", **sign)
    younger = learner(warehouse, "2", "Анна Петровна", "ИВАНОВА", **second)
    assert link_of(warehouse, younger) == (person(older), "linked", "second_account")
    assert link_of(warehouse, older) == (person(older), "linked", "anchor")


@pytest.mark.parametrize(
    ("first", "others"),
    [("Анна", "Анна"), ("Анна Петровна", "Анна Петровна"), ("Анна Петровна", "Анна"), ("Анна Петровна", "Анна Сергеевна")],
)
@pytest.mark.parametrize("sign", [{"email": "anna@example.org"}, {"phone": "8 900 000 00 00"}])
def test_a_name_with_an_own_address_is_one_person_in_two_systems(
    warehouse: Warehouse, first: str, others: str, sign: dict[str, str]
) -> None:
    """Many systems know no patronymics, and a second one has the same address: her mail was nobody's, for it pointed to two."""
    older = learner(warehouse, "1", first, "Иванова", **sign)
    younger = learner(warehouse, "2", others, "Иванова", **sign)
    is_one = "Сергеевна" not in others
    assert link_of(warehouse, younger) == ((person(older), "linked", "second_account") if is_one else (person(younger), "linked", "anchor"))


def test_namesakes_with_numbered_log_in_names_stay_two(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова", username="ivanova.ap")
    second = learner(warehouse, "2", "Анна Петровна", "Иванова", username="ivanova.ap2")
    assert link_of(warehouse, second) == (person(second), "linked", "anchor")
    assert warehouse.value("select candidate_person_id is not null from links.people where account_id = ?", [second])


def test_two_part_namesakes_are_not_even_proposed(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна", "Иванова", username="ivanova.ap")
    second = learner(warehouse, "2", "Анна", "Иванова", username="ivanova.ap.new")
    assert link_of(warehouse, second) == (person(second), "linked", "anchor")


def test_a_name_finds_the_person_under_whom_two_accounts_are_joined(warehouse: Warehouse) -> None:
    older = learner(warehouse, "1", "Анна Петровна", "Иванова", username="ivanova.ap")
    learner(warehouse, "2", "Анна Петровна", "Иванова", username="ivanova.ap.new")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Иванова Анна"))[0] == person(older)


def test_the_stream_of_a_webinar_tells_namesakes_apart(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Петровна", "Иванова")
    other = learner(warehouse, "2", "Анна Сергеевна", "Иванова")
    for number, name in (("1", truth), ("2", other)):
        insert(warehouse, "raw.course_groups", [{"group_id": f"moodle:group:{number}", "course_id": COURSE, "name": f"Поток {number}"}])
        insert(warehouse, "raw.memberships", [{"membership_id": f"m{number}", "group_id": f"moodle:group:{number}", "account_id": name}])
    insert(warehouse, "raw.webinars", [{"webinar_id": "w", "title": "ЦОС-36, поток 1, неделя 2"}])
    shown = account(warehouse, "zoom", "анна иванова|", "webinar", display_name="Анна Иванова")
    insert(warehouse, "raw.attendance", [{"attendance_id": "w:1", "webinar_id": "w", "account_id": shown}])
    assert link_of(warehouse, shown)[0] == person(truth)


def test_linking_twice_gives_the_same(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    chat_account(warehouse, "user7", "Анна Иванова")
    summary = link_people(warehouse)
    before = warehouse.rows("select * from links.people order by account_id")
    assert link_people(warehouse) == summary
    assert warehouse.rows("select * from links.people order by account_id") == before


def test_every_account_has_one_row(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна", "Иванова", created_at=START + timedelta(days=1))
    for native in ("user7", "user8"):
        chat_account(warehouse, native, "Анна Иванова")
    summary = link_people(warehouse)
    assert summary.accounts == 3 == summary.linked + summary.review + summary.unlinked


def earlier(warehouse: Warehouse, name: str, shown: str, kind: str = "display_name") -> None:
    insert(warehouse, "personal.account_names", [{"account_id": name, "kind": kind, "name": shown}])


@pytest.mark.parametrize(
    "shown",
    [
        "Солвьёва Юлия",
        "Соловьева Юлечка",
        "Соловьёва ЮВ",
        "Solov'yova Yu.V.",
        "Юлия_Соловьёва",
        "ЮлияСоловьёва",
        "Cоловьёва Юлия",
        "Учитель Соловьёва Юлия (школа 5)",
    ],
)
def test_typing_errors_and_habits_do_not_hide_a_person(warehouse: Warehouse, shown: str) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва", institution="МБОУ СОШ № 5")
    learner(warehouse, "2", "Юлия Петровна", "Морозова", institution="МБОУ СОШ № 6")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown))[:2] == (person(truth), "linked")


@pytest.mark.parametrize("shown", ["Солвьёва", "Соловьёв Юлия", "Ольга Соловьёва", "Попва Юлия"])
def test_a_typing_error_needs_a_first_name_a_long_name_and_the_same_ending(warehouse: Warehouse, shown: str) -> None:
    learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    learner(warehouse, "2", "Юлия Петровна", "Попова")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown))[1] != "linked"


@pytest.mark.parametrize(
    ("last", "shown"), [("Петрова-Водкина", "Анна Петрова"), ("Иванова (Петрова)", "Анна Петрова"), ("Петрова", "Анна Иванова-Петрова")]
)
def test_one_half_of_a_double_name_will_do(warehouse: Warehouse, last: str, shown: str) -> None:
    truth = learner(warehouse, "1", "Анна Сергеевна", last)
    learner(warehouse, "2", "Анна Петровна", "Орлова")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown))[0] == person(truth)


def test_a_name_that_the_lms_had_before_a_marriage_still_links(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Сергеевна", "Петрова")
    earlier(warehouse, truth, "Орлова", "last_name")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Орлова Анна"))[0] == person(truth)


def test_a_deleted_or_renamed_account_is_known_by_what_it_showed(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна Сергеевна", "Петрова")
    name = chat_account(warehouse, "user7", "Осень")
    earlier(warehouse, name, "Петрова Анна")
    assert link_of(warehouse, name)[0] == person(truth)


def test_an_address_that_the_lms_had_before_is_exact_too(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Анна", "Иванова", email="new@example.org")
    earlier(warehouse, truth, "old@example.org", "email")
    assert link_of(warehouse, account(warehouse, "mail", "old@example.org", "mail", email="old@example.org")) == (
        person(truth),
        "linked",
        "address",
    )


@pytest.mark.parametrize("shown", ["Анна и Сергей Ивановы", "Семья Ивановых Анна", "Анна/Олег Иванова"])
def test_an_account_of_several_people_is_never_linked(warehouse: Warehouse, shown: str) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова", email="family@example.org")
    assert link_of(warehouse, chat_account(warehouse, "user7", shown))[1:] == ("review", "shared")
    assert link_of(warehouse, chat_account(warehouse, "user8", shown, email="family@example.org"))[1:] == ("review", "shared")


def test_an_address_under_which_somebody_else_shows_goes_to_review(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова", email="school5@example.org")
    box = account(warehouse, "zoom", "ольга|school5", "webinar", email="school5@example.org", display_name="Ольга Петрова")
    assert link_of(warehouse, box)[1:] == ("review", "shared")


def test_two_people_in_the_earlier_names_of_one_account_go_to_review(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Анна Петровна", "Иванова")
    learner(warehouse, "2", "Ольга Сергеевна", "Соловьёва")
    name = chat_account(warehouse, "user7", "Анна Иванова")
    earlier(warehouse, name, "Соловьёва Ольга")
    assert link_of(warehouse, name)[:2] == (None, "review")


def test_of_two_namesakes_the_one_without_an_account_gets_the_second(warehouse: Warehouse) -> None:
    first = learner(warehouse, "1", "Анна Петровна", "Иванова")
    second = learner(warehouse, "2", "Анна Сергеевна", "Иванова")
    known = chat_account(warehouse, "user7", "Иванова Анна Петровна")
    other = chat_account(warehouse, "user8", "Анна Иванова")
    assert link_of(warehouse, other)[0] == person(second)
    assert link_of(warehouse, known)[0] == person(first)


def test_a_second_account_in_one_chat_links_where_nobody_else_fits(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    for native, shown in (("user7", "Соловьёва Юлия"), ("user8", "Юля Соловьёва")):
        assert link_of(warehouse, chat_account(warehouse, native, shown))[0] == person(truth)


def test_a_rare_name_says_more_than_a_common_one(warehouse: Warehouse) -> None:
    rare = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    learner(warehouse, "2", "Анна Петровна", "Иванова")
    for number in range(3, 60):
        learner(warehouse, str(number), "Мария", "Иванова", OTHER_COURSE)
    for number in range(60, 160):
        learner(warehouse, str(number), f"Имя{number}", f"Фамилия{number}")
    assert link_of(warehouse, chat_account(warehouse, "user7", "Соловьёва"))[0] == person(rare)
    assert link_of(warehouse, chat_account(warehouse, "user8", "Иванова"))[1] != "linked"


def test_the_queue_knows_the_likeliest_people(warehouse: Warehouse) -> None:
    people = {person(learner(warehouse, number, first, "Иванова")) for number, first in (("1", "Анна Петровна"), ("2", "Анна Сергеевна"))}
    name = chat_account(warehouse, "user7", "Анна Иванова")
    link_of(warehouse, name)
    rows = warehouse.rows("select place, person_id, score from links.people_candidates where account_id = ? order by place", [name])
    assert [place for place, *_ in rows] == [1, 2]
    assert {candidate for _, candidate, _ in rows} == people
    assert all(0.4 < score < 0.5 for *_, score in rows)


def test_a_run_reads_only_what_is_new_and_says_the_same_as_a_run_from_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    learner(warehouse, "2", "Анна Петровна", "Орлова")
    renamed = chat_account(warehouse, "user7", "Осень")
    chat_account(warehouse, "user8", "Орлова Анна", username="orlovaanna")
    link_of(warehouse, renamed)
    read: list[str | None] = []
    monkeypatch.setattr(name_evidence, "read_handle", lambda text: read.append(text) or names.read_handle(text))
    warehouse.connection.execute("update personal.accounts set display_name = 'Соловьёва Юлия' where account_id = ?", [renamed])
    assert link_of(warehouse, renamed)[0] == person(truth)
    assert set(read) == {None}  # the handle of the other account was not read again
    kept = [
        warehouse.rows(f"select * from {table} order by all") for table in ("links.people", "personal.shown_words", "personal.shown_cuts")
    ]
    for table in ("accounts", "readings", "words", "cuts"):
        warehouse.connection.execute(f"delete from personal.shown_{table}")
    warehouse.connection.execute("delete from links.people_seen")
    link_of(warehouse, renamed)
    assert [
        warehouse.rows(f"select * from {table} order by all") for table in ("links.people", "personal.shown_words", "personal.shown_cuts")
    ] == kept


def test_a_name_in_the_webinars_of_two_courses_is_not_taken_for_the_person_of_one(warehouse: Warehouse) -> None:
    learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    learner(warehouse, "2", "Анна Петровна", "Орлова", OTHER_COURSE)
    shown = account(warehouse, "zoom", "юлия соловьёва|", "webinar", display_name="Юлия Соловьёва")
    for number, title in (("1", "ЦОС-36, неделя 2"), ("2", "ИНКЛ-72, неделя 2")):
        insert(warehouse, "raw.webinars", [{"webinar_id": number, "title": title}])
        insert(warehouse, "raw.attendance", [{"attendance_id": number, "webinar_id": number, "account_id": shown}])
    assert link_of(warehouse, shown)[1] == "review"


def _curator(warehouse: Warehouse, native: str, first: str, last: str) -> str:
    name = account(warehouse, "moodle", native, "lms", first_name=first, last_name=last, created_at=START, username=f"user{native}")
    enrol(warehouse, name, COURSE, "curator")
    return name


def test_a_curator_who_is_in_no_stream_is_at_home_in_the_chats_of_all(warehouse: Warehouse) -> None:
    truth = _curator(warehouse, "900", "Мария Павловна", "Беликова")
    for stream in range(3):
        insert(warehouse, "raw.course_groups", [{"group_id": f"g{stream}", "course_id": COURSE, "name": f"Поток {stream + 1}"}])
        insert(warehouse, "raw.chats", [{"chat_id": f"telegram:chat:s{stream}", "channel": "chat", "kind": "supergroup"}])
        insert(warehouse, "personal.chats", [{"chat_id": f"telegram:chat:s{stream}", "title": f"ЦОС-36, поток {stream + 1}"}])
        for number in range(20):
            native = str(100 * stream + number + 1)
            name = learner(warehouse, native, "Ольга Петровна", f"Слушательница{native}")
            insert(warehouse, "raw.memberships", [{"membership_id": f"m{native}", "group_id": f"g{stream}", "account_id": name}])
    shown = chat_account(warehouse, "user7", "Мария Беликова", "telegram:chat:s0")
    for stream in (1, 2):
        row = {"message_id": f"more{stream}", "channel": "chat", "chat_id": f"telegram:chat:s{stream}", "account_id": shown, "kind": "post"}
        insert(warehouse, "raw.messages", [row | {"sent_at": START}])
    assert link_of(warehouse, shown) == (person(truth), "linked", "name")


@pytest.mark.parametrize("answers_many", [True, False])
def test_of_two_namesakes_whoever_answers_many_people_is_the_curator(warehouse: Warehouse, answers_many: bool) -> None:
    truth = _curator(warehouse, "900", "Надежда Ивановна", "Корнилова")
    learner(warehouse, "901", "Надежда Олеговна", "Корнилова")
    shown = chat_account(warehouse, "user7", "Надежда Корнилова")
    for number in range(10):
        chat_account(warehouse, f"user1{number}", "🌷")
        row = {"message_id": f"answer{number}", "channel": "chat", "chat_id": CHAT, "account_id": shown, "kind": "post", "sent_at": START}
        asked = number if answers_many else number % 2
        insert(warehouse, "raw.messages", [row | {"reply_to_id": f"{CHAT}:user1{asked}"}])
    assert link_of(warehouse, shown)[:2] == ((person(truth), "linked") if answers_many else (None, "review"))


def test_who_only_reacts_in_a_chat_is_looked_for_in_its_course(warehouse: Warehouse) -> None:
    truth = learner(warehouse, "1", "Юлия Владимировна", "Соловьёва")
    learner(warehouse, "2", "Юлия Петровна", "Соловьёва", OTHER_COURSE)
    chat_account(warehouse, "user6", "Пётр Морозов")
    silent = account(warehouse, "telegram", "user7", "chat", display_name="Юлия Соловьёва")
    message = warehouse.value("select message_id from raw.messages")
    assert link_of(warehouse, silent)[1] == "review"
    insert(warehouse, "raw.addressees", [{"message_id": message, "account_id": silent, "role": "reaction"}])
    assert link_of(warehouse, silent) == (person(truth), "linked", "name")
