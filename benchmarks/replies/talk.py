"""Simulated chats of courses with their truth: which message asks a curator, which message answers it first, and how.

Written straight into the raw tables (no files), people linked as stated: what is measured is detection and linking. Questions and answers come from the bank of
``benchmarks/repeated`` and from the simulated programme's banks, all other words from ``talk.toml``. A curator has one or two answers per topic and mostly repeats them, as people do
who answer the same question every week. Seen in real chats and drawn here: marked and unmarked answers, the asker's name, a mention, private answers, answers to all who
asked, promises, pointers, corrections, late answers, peers who answer, questions to colleagues, work that is shown around, pleas for it, thanks, impatience, "it did not help".
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pyarrow as pa

from benchmarks.repeated.simulated import bank
from pipelines.programme import Programme
from pipelines.simulation import names
from pipelines.simulation.wording import CHAT, capital
from pipelines.warehouse import Warehouse

WORDS = tomllib.loads(Path(__file__).with_name("talk.toml").read_text("utf-8"))
PROGRAMME = Programme(id="talk", name="Talk")
HOUR, DAY, WEEK = 3600, 86400, 7 * 86400
START = int(datetime(2026, 9, 7, 5, tzinfo=UTC).timestamp())  # a Monday
_LETTERS = "абвгдежзиклмнопрстуфхцчшыьэюя"
_COLUMNS = ("message_id", "channel", "chat_id", "account_id", "course_id", "sent_at", "reply_to_id", "text")
#: How curators' answers are marked, and how often; drawn anew for every seed, for chats differ.
_WAYS = ("reply", "unmarked", "name", "mention", "private")


@dataclass(frozen=True)
class Asked:
    """A question to the curators: its message, when, the curator's first answer (None: none until the end), when, kind and way of it."""

    message_id: str
    at: int
    answer_id: str | None
    answered_at: int | None
    kind: str | None
    way: str | None
    #: A formal first answer, and a substantive one after it: it is not open.
    answered_later: bool = False


@dataclass
class Talk:
    """What was written: questions; messages of others that look like one, by what they are; learners' unmarked answers and the question of each."""

    asked: list[Asked] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    fellows: dict[str, str] = field(default_factory=dict)
    messages: int = 0


@dataclass
class _Someone:
    account: str
    first: str
    polite: str


class _Course:
    def __init__(self, rng: Random, number: int, learners: int, weeks: int, start: int) -> None:
        self.rng, self.number, self.weeks, self.start = rng, number, weeks, start
        self.id, self.chat = f"course:{number}", f"chat:{number}"
        self.learners = [self._someone(f"l{place}") for place in range(learners)]
        self.curators = [self._someone(f"c{place}") for place in range(2)]
        self.people = {}
        entries = bank()
        self.questions = {name: entry["questions"] for name, entry in entries.items()}
        own = [name[2:] for name in CHAT.banks if name.startswith("q_")]
        self.intents = rng.sample([*entries, *(f"*{name}" for name in own)], 26)
        self.share = [1 / (1 + place) ** 0.7 for place in range(len(self.intents))]
        self.answers = {
            (curator.account, intent): [self._answer(entries, intent) for _ in range(rng.choice((1, 1, 2)))]
            for curator in self.curators
            for intent in self.intents
        }
        #: Habits differ from chat to chat.
        self.ways = [rng.uniform(0.4, 0.7), rng.uniform(0.15, 0.4), rng.uniform(0.02, 0.10), rng.uniform(0.0, 0.10), rng.uniform(0.0, 0.06)]
        self.slowness, self.answered = rng.choice((2, 4, 8)), rng.uniform(0.6, 0.9)
        self.rows: list[tuple[int, int, dict[str, object]]] = []
        self.mentions: list[tuple[dict[str, object], str]] = []
        self.addressees: list[tuple[dict[str, object], str]] = []
        self.asked: list[dict[str, object]] = []
        self.others: list[tuple[dict[str, object], str]] = []
        #: Learners' unmarked answers, and the question of each.
        self.fellows: list[tuple[dict[str, object], dict[str, object]]] = []

    def _someone(self, key: str) -> _Someone:
        person = names.person(self.rng)
        return _Someone(f"telegram:{self.number}.{key}", person.first, person.polite)

    def _answer(self, entries: dict[str, dict[str, list[str]]], intent: str) -> str:
        if intent.startswith("*"):
            return CHAT.say(
                f"a_{intent[1:]}",
                self.rng,
                {"n": "{n}", "term": "приём", "meeting": "5000001", "hour": "17:00", "curator": "", "subject": ""},
            )
        return self.rng.choice(entries[intent]["answers"])

    def question(self, intent: str, task: str) -> str:
        rng = self.rng
        if intent.startswith("*"):
            text = CHAT.say(
                f"q_{intent[1:]}",
                rng,
                {"n": task, "term": "рефлексия", "hour": "17:00", "meeting": "5000001", "curator": "", "subject": ""},
            )
            text = capital(text) if rng.random() < 0.6 else text
        else:
            text = rng.choice(self.questions[intent]).replace("{n}", task)
        if rng.random() < 0.15:
            text = text.replace("?", "")
        if rng.random() < 0.12 and len(text) > 12:
            place = rng.randrange(2, len(text) - 2)
            text = text[:place] + (rng.choice(_LETTERS) if rng.random() < 0.5 else "") + text[place + 1 :]
        hello = (
            rng.choice(("Здравствуйте! ", "Добрый день! ", "Коллеги, ", "Доброе утро! ", "Подскажите, пожалуйста: "))
            if rng.random() < 0.4
            else ""
        )
        tail = rng.choice((" Спасибо!", " Заранее спасибо", " пожалуйста", " 🙏")) if rng.random() < 0.2 else ""
        return hello + text + tail

    def say(
        self, who: _Someone, at: float, text: str, *, to: dict[str, object] | None = None, chat: str | None = None
    ) -> dict[str, object]:
        row = {
            "channel": "chat" if chat is None else "direct", "chat_id": chat or self.chat, "account_id": who.account,
            "course_id": self.id if chat is None else None, "sent_at": int(at), "to": to, "text": text, "message_id": None,
        }  # fmt: skip
        self.rows.append((int(at), len(self.rows), row))
        return row

    def word(self, bank: str, **values: str) -> str:
        text = self.rng.choice(WORDS[bank])
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text

    def moment(self, day: int) -> float:
        """Some second of a day, the evening likelier."""
        return self.start + day * DAY + self.rng.triangular(2, 17.5, 12) * HOUR

    def run(self, per_day: float) -> None:
        rng = self.rng
        waiting: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
        for day in range(7 * self.weeks):
            task = str(day // 7 % 6 + 1)
            hot = rng.choice(self.intents) if rng.random() < 0.3 else None
            for _ in range(_poisson(rng, per_day)):
                self.ask(day, task, hot, waiting)
            for key, questions in list(waiting.items()):
                if len(questions) >= 2 and rng.random() < 0.5:
                    self.answer_all(day, key, questions)
                if day % 3 == 2:
                    del waiting[key]
            for what, rate in (("to_colleagues", 0.12), ("leaks", 0.04), ("pleas", 0.03)):
                for _ in range(_poisson(rng, per_day * rate)):
                    self.others.append((self.say(rng.choice(self.learners), self.moment(day), self.word(what, n=task)), what))
            for _ in range(_poisson(rng, per_day * 0.6)):
                self.others.append((self.say(rng.choice(self.learners), self.moment(day), self.word("small_talk")), "small_talk"))
            for _ in range(_poisson(rng, 0.4)):
                self.say(rng.choice(self.curators), self.moment(day), self.word("announcements", n=task))

    def ask(self, day: int, task: str, hot: str | None, waiting: dict[tuple[str, str], list[dict[str, object]]]) -> None:
        rng = self.rng
        asker, curator, at = rng.choice(self.learners), rng.choice(self.curators), self.moment(day)
        intent = hot if hot and rng.random() < 0.4 else rng.choices(self.intents, self.share)[0]
        broken = rng.random() < 0.05
        text = self.word("fixes", n=task) if broken else self.question(intent, task)
        if rng.random() < 0.08:
            self.say(asker, at - rng.randint(20, 100), rng.choice(("Здравствуйте!", "Добрый день!", "Извините, ещё раз.")))
        row = self.say(asker, at, text)
        truth: dict[str, object] = {"row": row, "answer": None, "kind": None, "way": None}
        self.asked.append(truth)
        wait = min(rng.gammavariate(0.6, self.slowness / 0.6), 90) * HOUR + rng.randint(60, 900)
        if rng.random() < 0.06:
            wait += rng.randint(1, 3) * DAY
        if rng.random() < 0.14:
            peer = rng.choice(self.learners)
            said = self.say(peer, at + rng.expovariate(1 / HOUR) + 60, self.word("peers"), to=row if rng.random() < 0.6 else None)
            if said["to"] is None and peer is not asker:
                self.fellows.append((said, row))
        if rng.random() < 0.10:
            self.say(curator, at + wait * rng.uniform(0.1, 0.6), self.word("holding"), to=row if rng.random() < 0.8 else None)
        if rng.random() > self.answered:
            if rng.random() < 0.3:
                self.say(asker, at + rng.uniform(20, 40) * HOUR, self.word("impatient"))
            if not broken:
                waiting[intent, task].append(truth)
            return
        if not broken and rng.random() < 0.15:
            waiting[intent, task].append(truth)
            return
        way = rng.choices(_WAYS, self.ways)[0]
        stock = self.answers[curator.account, intent]
        words = (
            self.word("fixed")
            if broken
            else (rng.choice(stock) if rng.random() < 0.85 else self._answer(bank_once(), intent)).replace("{n}", task)
        )
        kind = "substantive"
        if not broken and rng.random() < 0.07:
            words, kind = self.word("formal"), "formal"
        told = at + wait
        if way == "private":
            answer = self.say(
                curator, told, self.word("about_question") + words, chat=f"direct:{self.number}.{asker.account}.{curator.account}"
            )
            self.addressees.append((answer, asker.account))
        else:
            if way == "name":
                words = self.word("by_name", name=rng.choice((asker.first, asker.polite))) + words[:1].lower() + words[1:]
            answer = self.say(curator, told, words, to=row if way == "reply" else None)
            if way == "mention":
                self.mentions.append((answer, asker.account))
        truth |= {"answer": answer, "kind": kind, "way": way}
        if way != "private" and rng.random() < 0.04:
            self.say(curator, told + rng.randint(60, 1800), self.word("correction") + rng.choice(stock).replace("{n}", task).lower())
        draw = rng.random()
        if draw < 0.25:
            self.say(
                asker,
                told + rng.expovariate(1 / (0.7 * HOUR)) + 30,
                self.word("thanks"),
                to=answer if way != "private" and rng.random() < 0.5 else None,
            )
        elif draw < 0.29 and way != "private":
            self.say(asker, told + rng.expovariate(1 / HOUR) + 60, self.word("not_helped"), to=answer if rng.random() < 0.7 else None)

    def answer_all(self, day: int, key: tuple[str, str], questions: list[dict[str, object]]) -> None:
        """One message for all who asked and wait; the first answer of each of them."""
        rng, curator = self.rng, self.rng.choice(self.curators)
        at = self.moment(day) + 2 * HOUR
        behind = [truth for truth in questions if truth["row"]["sent_at"] < at and truth["answer"] is None]
        if len(behind) < 2:
            return
        answer = self.say(curator, at, self.word("to_many") + rng.choice(self.answers[curator.account, key[0]]).replace("{n}", key[1]))
        for truth in behind:
            truth |= {"answer": answer, "kind": "substantive", "way": "to_many"}
        questions.clear()


_BANK: dict[str, dict[str, list[str]]] = {}


def bank_once() -> dict[str, dict[str, list[str]]]:
    """The bank, read once."""
    if not _BANK:
        _BANK.update(bank())
    return _BANK


def _poisson(rng: Random, mean: float) -> int:
    count, left = 0, rng.expovariate(1)
    while left < mean:
        count, left = count + 1, left + rng.expovariate(1)
    return count


def talk(
    warehouse: Warehouse,
    seed: int,
    *,
    courses: int = 3,
    weeks: int = 6,
    learners: int = 60,
    per_day: float = 9,
    linked: float = 0.75,
    spread: int = 4,
) -> Talk:
    """Write chats of ``courses`` courses into an empty warehouse's raw tables and ``links.people``; returns the truth.

    per_day: questions per course and day. spread: weeks over which courses begin. linked: share of the learners whose account is known to be somebody's.
    Same arguments, same rows.
    """
    told = Talk()
    tables: dict[str, list[dict[str, object]]] = defaultdict(list)
    origin = {"source": "talk", "load_id": "talk"}
    for number in range(courses):
        rng = Random(f"talk|{seed}|{number}")
        course = _Course(rng, number, learners, weeks, START + number % spread * WEEK)
        course.run(per_day)
        _rows(course, tables, told, linked, origin)
    write(warehouse, tables)
    return told


def _rows(course: _Course, tables: dict[str, list[dict[str, object]]], told: Talk, linked: float, origin: dict[str, str]) -> None:
    for place, (_, _, row) in enumerate(sorted(course.rows, key=lambda item: item[:2])):
        row["message_id"] = f"telegram:message:{course.number}:{place}"
    for _, _, row in course.rows:
        to = row.pop("to")
        row["reply_to_id"] = to["message_id"] if to is not None else None
        tables["raw.messages"].append({name: row[name] for name in _COLUMNS if name != "text"} | {"kind": "post"} | origin)
        tables["personal.messages"].append({"message_id": row["message_id"], "text": row["text"]})
    for truth in course.asked:
        row, answer = truth["row"], truth["answer"]
        told.asked.append(
            Asked(
                row["message_id"],
                row["sent_at"],
                answer and answer["message_id"],
                answer and answer["sent_at"],
                truth["kind"],
                truth["way"],
            )
        )
    told.others |= {row["message_id"]: what for row, what in course.others}
    told.fellows |= {said["message_id"]: asked["message_id"] for said, asked in course.fellows}
    told.messages += len(course.rows)
    tables["raw.chats"].append({"chat_id": course.chat, "channel": "chat", "kind": "supergroup", "course_id": course.id} | origin)
    tables["raw.courses"].append({"course_id": course.id, "code": f"C{course.number}", "name": f"Курс {course.number}"} | origin)
    tables["links.places"].append({"place_id": course.chat, "kind": "chat", "course_id": course.id, "rule": "name"})
    for someone, role in [*((one, "learner") for one in course.learners), *((one, "curator") for one in course.curators)]:
        is_linked = role == "curator" or course.rng.random() < linked
        person = someone.account.replace("telegram", "moodle:user")
        tables["raw.accounts"].append({"account_id": someone.account, "realm": "telegram", "channel": "chat"} | origin)
        tables["personal.accounts"].append(
            {"account_id": someone.account, "display_name": someone.first, "first_name": someone.first if is_linked else None}
        )
        tables["raw.accounts"].append({"account_id": person, "realm": "moodle", "channel": "lms"} | origin)
        tables["personal.accounts"].append({"account_id": person, "first_name": someone.polite, "display_name": None})
        tables["links.people"].append(
            {
                "account_id": someone.account,
                "person_id": person if is_linked else None,
                "state": "linked" if is_linked else "unlinked",
                "rule": "name",
            }
        )
        tables["links.people"].append({"account_id": person, "person_id": person, "state": "linked", "rule": "lms"})
        tables["raw.enrolments"].append(
            {"enrolment_id": person, "account_id": person, "course_id": course.id, "role": role, "state": "active"} | origin
        )
    for row, account in course.mentions:
        tables["raw.addressees"].append({"message_id": row["message_id"], "account_id": account, "role": "mention"} | origin)
    for row, account in course.addressees:
        tables["raw.addressees"].append({"message_id": row["message_id"], "account_id": account, "role": "to"} | origin)


def write(warehouse: Warehouse, tables: dict[str, list[dict[str, object]]]) -> None:
    """Insert rows of dicts, by table name, into a new warehouse; ``sent_at`` is in seconds since 1970."""
    warehouse.create_schemas()
    for name, rows in tables.items():
        table = pa.table({column: pa.array([row.get(column) for row in rows]) for column in rows[0]})
        warehouse.connection.register("written", table)
        columns = ", ".join(f"to_timestamp({column}) as {column}" if column == "sent_at" else column for column in table.column_names)
        warehouse.connection.execute(f"insert into {name} by name select {columns} from written")
        warehouse.connection.unregister("written")
