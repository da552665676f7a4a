"""Linked night by night, whatever happens in between, accounts are linked as they would be at once; and a night compares only what changed."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from pipelines.errors import PermanentError
from pipelines.links.people import kept_names, name_evidence, name_pairs, people, people_inputs
from pipelines.links.people.people import link_people_and_places
from pipelines.links.people.people_decisions import KINDS, Decision, decide, undo
from pipelines.warehouse import Warehouse
from tests.unit.links.warehouses import PROGRAMME, START, account, chat_account, empty, enrol, insert, learner, person

COURSES = {f"moodle:course:{number}": code for number, code in enumerate(("ЦОС-36", "ИНКЛ-72", "ФГОС-18"))}
#: A first name that stands in no list, and is a family name too: which it is rather, the people of the programme tell.
FIRST = ("Анна", "Юлия", "Мария", "Роза", "Наталья", "Зимородка")
MIDDLE = ("Петровна", "Сергеевна", "Ивановна", "")
LAST = ("Иванова", "Соловьёва", "Роза", "Иванова-Петрова", "Яковлева", "Беликова", "Зимородка")
#: What links are made from; the rest of the warehouse follows.
SOURCES = (
    "raw.accounts", "raw.courses", "raw.course_groups", "raw.memberships", "raw.enrolments", "raw.chats", "raw.messages", "raw.addressees",
    "raw.webinars", "raw.attendance", "personal.accounts", "personal.account_names", "personal.chats", "links.people_decisions",
)  # fmt: skip
RESULTS = ("links.people", "links.people_candidates", "links.places")
#: Of names taken apart (``shown_…``) those of accounts that need no comparing any more stay, too.
KEPT = (
    "called_accounts",
    "called_parts",
    "account_keys",
    "contradicted_accounts",
    "compared_accounts",
    "compared_people",
    "compared_names",
)


class Programme:
    """A warehouse in which random things happen."""

    def __init__(self, warehouse: Warehouse, seed: int) -> None:
        self.warehouse, self.rng, self.number = warehouse, random.Random(seed), 0
        self.lms: list[str] = []
        self.others: list[str] = []
        self.decisions: list[str] = []
        for course, code in COURSES.items():
            insert(warehouse, "raw.courses", [{"course_id": course, "code": code}])
            insert(warehouse, "raw.webinars", [{"webinar_id": f"z:{course}", "title": f"{code}, неделя 1"}])
            for stream in (1, 2):
                insert(warehouse, "raw.course_groups", [{"group_id": f"g{stream}{course}", "course_id": course, "name": f"Поток {stream}"}])
                chat = f"telegram:chat:{stream}{course}"
                insert(warehouse, "raw.chats", [{"chat_id": chat, "channel": "chat", "kind": "supergroup"}])
                insert(warehouse, "personal.chats", [{"chat_id": chat, "title": f"{code} поток {stream}"}])
        # Its course is told by its members alone.
        insert(warehouse, "raw.chats", [{"chat_id": "telegram:chat:talk", "channel": "chat", "kind": "supergroup"}])
        insert(warehouse, "personal.chats", [{"chat_id": "telegram:chat:talk", "title": "Болталка"}])

    def next(self) -> str:
        self.number += 1
        return str(self.number)

    def chat(self) -> str:
        chats = [chat for (chat,) in self.warehouse.rows("select chat_id from raw.chats order by 1")]
        return self.rng.choice(chats)

    def shown(self) -> str:
        pick = self.rng.choice
        first, middle, last = pick(FIRST), pick(MIDDLE), pick(LAST)
        ways = (
            f"{first} {last}",
            f"{last} {first} {middle}",
            f"{last} {first[0]}.",
            first,
            f"{first} {middle}",
            f"{last[:-1]}",
            "🌷",
            f"{last} {first} школа 5",
        )
        return pick((*ways, f"{pick(FIRST)} и Олег", last))

    # -- what may happen ------------------------------------------------------------------------------------------------------------

    def a_learner_joins(self) -> None:
        native, pick = self.next(), self.rng.choice
        about = {
            "institution": pick(("МБОУ СОШ № 5", "Лицей № 7")),
            "email": f"u{native}@example.org",
            "phone": pick((None, "8 900 000 00 00")),
        }
        name = learner(self.warehouse, native, f"{pick(FIRST)} {pick(MIDDLE)}".strip(), pick(LAST), pick(list(COURSES)), **about)
        self.lms.append(name)
        self.somebody_joins_a_group(name)

    def somebody_joins_a_group(self, name: str | None = None) -> None:
        name = name or (self.rng.choice(self.lms) if self.lms else None)
        course = name and self.warehouse.value("select min(course_id) from raw.enrolments where account_id = ?", [name])
        if name and course:
            row = {"membership_id": f"m{self.next()}", "group_id": f"g{self.rng.choice((1, 2))}{course}", "account_id": name}
            insert(self.warehouse, "raw.memberships", [row])

    def somebody_takes_another_course(self) -> None:
        if self.lms:
            enrol(
                self.warehouse,
                self.rng.choice(self.lms),
                self.rng.choice(list(COURSES)),
                self.rng.choice(("learner", "learner", "curator")),
            )

    def somebody_writes(self) -> None:
        about = {"username": self.rng.choice((None, None, "yakovleva471", "ivanovaanna", f"user{self.rng.randint(1, 9)}"))}
        self.others.append(chat_account(self.warehouse, f"t{self.next()}", self.shown(), self.chat(), **about))

    def somebody_writes_elsewhere(self) -> None:
        if self.others:
            row = {"message_id": f"more{self.next()}", "channel": "chat", "chat_id": self.chat(), "kind": "post", "sent_at": START}
            insert(self.warehouse, "raw.messages", [row | {"account_id": self.rng.choice(self.others)}])

    def somebody_answers_many(self) -> None:
        asked = [one for (one,) in self.warehouse.rows("select message_id from raw.messages order by 1")]
        if self.others:
            who = self.rng.choice(self.others)
            for message in self.rng.sample(asked, min(len(asked), 12)):
                row = {
                    "message_id": f"answer{self.next()}",
                    "channel": "chat",
                    "chat_id": "telegram:chat:talk",
                    "kind": "post",
                    "sent_at": START,
                }
                insert(self.warehouse, "raw.messages", [row | {"account_id": who, "reply_to_id": message}])

    def somebody_comes_to_webinars(self) -> None:
        shown = self.shown()
        name = account(self.warehouse, "zoom", f"z{self.next()}", "webinar", display_name=shown)
        self.others.append(name)
        for course in self.rng.sample(list(COURSES), self.rng.randint(1, 2)):
            insert(
                self.warehouse, "raw.attendance", [{"attendance_id": f"s{self.next()}", "webinar_id": f"z:{course}", "account_id": name}]
            )

    def a_mail_comes(self) -> None:
        number = self.next()
        address = self.rng.choice((f"u{self.rng.randint(1, 30)}@example.org", f"ivanova{number}@example.com"))
        name = account(self.warehouse, "mail", f"{address}{number}", "mail", email=address, display_name=self.shown())
        self.others.append(name)
        row = {
            "message_id": f"mail{number}",
            "channel": "mail",
            "chat_id": "mail:box",
            "account_id": name,
            "kind": "post",
            "sent_at": START,
        }
        insert(self.warehouse, "raw.messages", [row | {"course_id": self.rng.choice(list(COURSES))}])
        if self.lms:
            insert(
                self.warehouse, "raw.addressees", [{"message_id": f"mail{number}", "account_id": self.rng.choice(self.lms), "role": "to"}]
            )

    def somebody_shows_another_name(self) -> None:
        if self.others:
            name = self.rng.choice(self.others)
            self._earlier(name, "display_name")
            self.warehouse.connection.execute("update personal.accounts set display_name = ? where account_id = ?", [self.shown(), name])

    def a_learner_is_called_otherwise(self) -> None:
        if self.lms:
            name = self.rng.choice(self.lms)
            self._earlier(name, "last_name")
            self.warehouse.connection.execute(
                "update personal.accounts set last_name = ? where account_id = ?", [self.rng.choice(LAST), name]
            )

    def _earlier(self, name: str, kind: str) -> None:
        before = self.warehouse.value(f"select {kind} from personal.accounts where account_id = ?", [name])
        row = {"account_id": name, "kind": kind, "name": before}
        if before and not self.warehouse.value(
            "select count(*) from personal.account_names where account_id = ? and name = ?", [name, before]
        ):
            insert(self.warehouse, "personal.account_names", [row])

    def somebody_is_gone(self) -> None:
        name = self.rng.choice([*self.others, *self.lms]) if self.others or self.lms else None
        if name:
            self.others, self.lms = ([one for one in those if one != name] for those in (self.others, self.lms))
            for table in (
                "raw.accounts",
                "personal.accounts",
                "personal.account_names",
                "raw.messages",
                "raw.attendance",
                "raw.enrolments",
                "raw.memberships",
            ):
                self.warehouse.connection.execute(f"delete from {table} where account_id = ?", [name])

    def something_is_decided(self) -> None:
        if not self.lms or not self.others:
            return
        kind, of = self.rng.choice(KINDS), self.rng.choice(("lms", "other"))
        about = self.rng.choice(self.lms if kind == "merge" or of == "lms" else self.others)
        whose = person(self.rng.choice(self.lms)) if kind in ("confirm", "merge", "refuse") else None
        try:
            self.decisions.append(decide(self.warehouse, Decision(kind, about, whose, START)))
        except PermanentError:
            return

    def something_is_taken_back(self) -> None:
        standing = [
            one for (one,) in self.warehouse.rows("select decision_id from links.people_decisions where undone_at is null order by 1")
        ]
        if standing:
            undo(self.warehouse, self.rng.choice(standing), START)

    def happen(self, times: int) -> None:
        often: list[Callable[[], None]] = [self.a_learner_joins, self.somebody_writes, self.somebody_comes_to_webinars]
        seldom: list[Callable[[], None]] = [
            self.a_mail_comes, self.somebody_joins_a_group, self.somebody_takes_another_course, self.somebody_writes_elsewhere,
            self.somebody_answers_many, self.somebody_shows_another_name, self.a_learner_is_called_otherwise, self.somebody_is_gone,
            self.something_is_decided, self.something_is_taken_back,
        ]  # fmt: skip
        for _ in range(times):
            self.rng.choice(3 * often + seldom)()


def rows(warehouse: Warehouse, *tables: str) -> list[list[tuple[object, ...]]]:
    return [warehouse.rows(f"select * from {table} order by all") for table in tables]


def at_once(warehouse: Warehouse) -> list[list[tuple[object, ...]]]:
    """Links, and what is kept, of a warehouse that never saw a night before."""
    with empty() as fresh:
        for table in SOURCES:
            found = warehouse.arrow(f"select * from {table}")
            fresh.append(table, found.column_names, found)
        link_people_and_places(fresh, PROGRAMME)
        return rows(fresh, *RESULTS, *(f"personal.{name}" for name in KEPT))


def forget(warehouse: Warehouse) -> None:
    """Let a run look at everything, whether or not anything changed."""
    warehouse.connection.execute("delete from links.people_seen")


@pytest.mark.parametrize("seed", range(8))
def test_night_by_night_is_what_it_is_at_once(seed: int) -> None:
    with empty() as warehouse:
        programme = Programme(warehouse, seed)
        for night in range(5):
            programme.happen(60 if night == 0 else programme.rng.randint(1, 12))
            link_people_and_places(warehouse, PROGRAMME)
            assert rows(warehouse, *RESULTS, *(f"personal.{name}" for name in KEPT)) == at_once(warehouse), f"night {night}"
        assert warehouse.value("select count(*) from links.people where rule = 'name'") > 0


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Accounts and people compared again, by run."""
    counts: list[tuple[int, int]] = []
    monkeypatch.setattr(people, "compare_names", lambda warehouse: counts.append(name_pairs.compare_names(warehouse)))
    return counts


def test_a_night_compares_only_what_changed(compared: list[tuple[int, int]]) -> None:
    with empty() as warehouse:
        programme = Programme(warehouse, 1)
        programme.happen(80)
        link_people_and_places(warehouse, PROGRAMME)
        compared.clear()
        link_people_and_places(warehouse, PROGRAMME)
        assert compared == []
        forget(warehouse)
        link_people_and_places(warehouse, PROGRAMME)
        assert {count for run in compared for count in run} == {0}
        compared.clear()
        new = chat_account(warehouse, "new", "Олеся Тихая", f"telegram:chat:1{next(iter(COURSES))}")
        learner(warehouse, "900", "Олеся", "Тихая", next(iter(COURSES)))
        link_people_and_places(warehouse, PROGRAMME)
        assert compared[0] == (1, 1)
        assert warehouse.value("select state from links.people where account_id = ?", [new]) == "linked"


@pytest.mark.parametrize(
    ("module", "name", "what"),
    [
        (name_pairs, "_COMPARISON_VERSION", "compared_accounts"),
        (name_evidence, "_READING_VERSION", "shown_accounts"),
        (kept_names, "_READING_VERSION", "called_accounts"),
    ],
)
def test_other_rules_make_everything_anew(monkeypatch: pytest.MonkeyPatch, module: object, name: str, what: str) -> None:
    with empty() as warehouse:
        programme = Programme(warehouse, 2)
        programme.happen(60)
        link_people_and_places(warehouse, PROGRAMME)
        before, links = rows(warehouse, f"personal.{what}")[0], rows(warehouse, *RESULTS)
        monkeypatch.setattr(module, name, getattr(module, name) + 1)
        # The number stands in a file that is one of the rules; here it is another in memory only.
        forget(warehouse)
        link_people_and_places(warehouse, PROGRAMME)
        after = rows(warehouse, f"personal.{what}")[0]
        assert len(after) == len(before)
        assert not {row[1] for row in before} & {row[1] for row in after}
        assert rows(warehouse, *RESULTS) == links


# -- nothing new ---------------------------------------------------------------------------------------------------------------------

FIRST_COURSE, SECOND_COURSE = list(COURSES)[:2]
STREAM_CHAT = f"telegram:chat:1{FIRST_COURSE}"


class Quiet(Programme):
    """A programme in which every part of what is read has something to say."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(warehouse, 5)
        self.people = [
            learner(warehouse, str(number), first, last, course, email=f"u{number}@example.org")
            for number, (first, last, course) in enumerate(
                (
                    ("Анна Петровна", "Беликова", FIRST_COURSE),
                    ("Юлия", "Яковлева", FIRST_COURSE),
                    ("Юлия", "Соловьёва", SECOND_COURSE),
                    ("Олеся", "Тихая", FIRST_COURSE),
                    ("Мария", "Роза", FIRST_COURSE),
                    ("Наталья", "Звонкая", FIRST_COURSE),
                    # Enough for a notice to a group.
                    *(("Людмила", last, FIRST_COURSE) for last in ("Белая", "Синяя", "Серая", "Чёрная", "Красная", "Зелёная", "Жёлтая")),
                ),
                start=1,
            )
        ]
        for number, one in enumerate(self.people):
            insert(warehouse, "raw.memberships", [{"membership_id": f"q{number}", "group_id": f"g1{FIRST_COURSE}", "account_id": one}])
        self.curator = learner(warehouse, "99", "Вера", "Кураторова", FIRST_COURSE, email="curator@example.org")
        enrol(warehouse, self.curator, FIRST_COURSE, "curator")
        self.named = chat_account(warehouse, "belikova", "Анна Беликова", STREAM_CHAT)
        self.flower = chat_account(warehouse, "flower", "🌷", STREAM_CHAT)
        self.first_name = chat_account(warehouse, "first", "Юлия", STREAM_CHAT)
        # Shown nowhere that has a course, so looked for among everybody, until one of them is seen.
        self.lost = account(warehouse, "telegram", "lost", "chat", display_name="Юлия")
        self.unknown = account(warehouse, "mail", "unknown", "mail", email="somebody@example.com", display_name="Юлия")
        self.mails = [account(warehouse, "mail", f"m{number}", "mail", email=f"u{number}@example.org") for number in range(1, 14)]
        self.curators_mail = account(warehouse, "mail", "curator", "mail", email="curator@example.org")
        insert(warehouse, "raw.chats", [{"chat_id": "mail:box", "channel": "direct", "kind": "mailbox"}])
        for number, who in enumerate((self.curators_mail, self.lost)):
            row = {"message_id": f"talk{number}", "channel": "direct", "chat_id": "mail:box", "account_id": who, "kind": "post"}
            insert(warehouse, "raw.messages", [row | {"sent_at": START}])
        # All have written to each other and spoken in the chat before, of themselves.
        for number, one in enumerate((*self.mails, self.unknown)):
            self.send(f"before{number}", one)
        self.send("before", self.mails[1], by=self.curators_mail)
        for number in range(40):
            self.write(f"asked{number}", f"a{number}", STREAM_CHAT)
            self.write(f"answer{number}", self.first_name, STREAM_CHAT)

    def write(self, number: str, who: str, chat: str, channel: str = "chat", **more: object) -> None:
        row = {"message_id": number, "channel": channel, "chat_id": chat, "account_id": who, "kind": "post", "sent_at": START}
        insert(self.warehouse, "raw.messages", [row | more])

    def send(self, number: str, *to: str, by: str | None = None, role: str = "to") -> None:
        self.write(number, by or self.mails[0], "mail:outbox", "mail")
        insert(self.warehouse, "raw.addressees", [{"message_id": number, "account_id": one, "role": role} for one in to])

    def react(self) -> None:
        insert(self.warehouse, "raw.addressees", [{"message_id": f"{STREAM_CHAT}:flower", "account_id": self.lost, "role": "reaction"}])

    def sql(self, statement: str, *given: object) -> None:
        self.warehouse.connection.execute(statement, list(given))


#: By part of what is read: something that happens in it alone, and changes links.
HAPPENINGS: dict[str, Callable[[Quiet], None]] = {
    "accounts": lambda here: here.sql("update raw.accounts set is_bot = true where account_id = ?", here.named),
    "shown": lambda here: here.sql("update personal.accounts set display_name = '🌷' where account_id = ?", here.named),
    "earlier names": lambda here: insert(
        here.warehouse, "personal.account_names", [{"account_id": here.flower, "kind": "display_name", "name": "Олеся Тихая"}]
    ),
    "enrolments": lambda here: here.sql("delete from raw.enrolments where account_id = ?", here.people[0]),
    "memberships": lambda here: here.sql("delete from raw.memberships where account_id = ?", here.people[1]),
    "groups": lambda here: here.sql("update raw.course_groups set name = 'Поток 7' where name = 'Поток 2'"),
    "courses": lambda here: here.sql("update raw.courses set code = 'ЦОС-37' where code = 'ЦОС-36'"),
    "chats": lambda here: here.sql("update raw.chats set kind = 'personal' where chat_id = 'mail:box'"),
    "places": lambda here: here.sql("update personal.chats set title = 'Разговоры' where chat_id = ?", STREAM_CHAT),
    "stays": lambda here: insert(
        here.warehouse, "raw.attendance", [{"attendance_id": "new", "webinar_id": f"z:{SECOND_COURSE}", "account_id": here.first_name}]
    ),
    "writers": lambda here: here.write("more", here.first_name, f"telegram:chat:1{SECOND_COURSE}"),
    "reactions": lambda here: here.react(),
    "partners": lambda here: here.send("letter", here.unknown, by=here.curators_mail),
    "addressed": lambda here: here.send("notice", here.unknown, *(one for one in here.mails if one != here.mails[1])),
    "those who answer": lambda here: here.sql(
        "update raw.messages set reply_to_id = replace(message_id, 'answer', 'asked') where message_id like 'answer%'"
    ),
    "decisions": lambda here: (decide(here.warehouse, Decision("refuse", here.named, person(here.people[0]), START)), None)[1],
}  # fmt: skip


@pytest.mark.parametrize("is_left_out", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("part", people_inputs.READ)
def test_everything_that_links_are_made_from_is_looked_at(monkeypatch: pytest.MonkeyPatch, part: str, is_left_out: bool) -> None:
    """Where a part is not looked at, something that happens in it alone leaves the links as they were."""
    with empty() as warehouse:
        here = Quiet(warehouse)
        if is_left_out:
            monkeypatch.delitem(people_inputs.READ, part)
        link_people_and_places(warehouse, PROGRAMME)
        before = rows(warehouse, *RESULTS)
        HAPPENINGS[part](here)
        link_people_and_places(warehouse, PROGRAMME)
        expected = at_once(warehouse)[: len(RESULTS)]
        assert expected != before
        assert rows(warehouse, *RESULTS) == (before if is_left_out else expected)


def test_another_message_in_a_chat_of_ones_own_is_nothing_new(compared: list[tuple[int, int]]) -> None:
    with empty() as warehouse:
        here = Quiet(warehouse)
        here.send("letter", here.unknown, *here.mails, by=here.curators_mail)
        found = link_people_and_places(warehouse, PROGRAMME)
        compared.clear()
        here.write("once more", here.named, STREAM_CHAT, reply_to_id=f"{STREAM_CHAT}:flower")
        here.send("another letter", here.unknown, *here.mails, by=here.curators_mail)
        warehouse.connection.execute("update raw.accounts set load_id = 'a later load'")
        assert link_people_and_places(warehouse, PROGRAMME) == found
        assert compared == []
        assert rows(warehouse, *RESULTS) == at_once(warehouse)[: len(RESULTS)]


def test_links_that_were_taken_away_come_back() -> None:
    with empty() as warehouse:
        here = Quiet(warehouse)
        link_people_and_places(warehouse, PROGRAMME)
        before = rows(warehouse, *RESULTS)
        here.sql("delete from links.people where account_id = ?", here.named)
        link_people_and_places(warehouse, PROGRAMME)
        assert rows(warehouse, *RESULTS) == before


def test_another_programme_file_is_looked_at() -> None:
    with empty() as warehouse:
        Quiet(warehouse)
        link_people_and_places(warehouse, PROGRAMME)
        assert warehouse.value("select count(*) from links.places where group_id is not null") > 0
        link_people_and_places(warehouse, PROGRAMME.model_copy(update={"stream_pattern": "gruppa"}))
        assert warehouse.value("select count(*) from links.places where group_id is not null") == 0
