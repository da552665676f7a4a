"""A simulated programme written straight into the raw tables: people in groups of 250, their accounts, and the truth beside them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from random import Random

import pyarrow as pa

from benchmarks.people.showing import Somebody, handle, latin, mistyped, shown_name
from pipelines.warehouse import Warehouse

START = datetime(2026, 9, 1, tzinfo=UTC)
GROUP, GROUPS_OF_COURSE = 250, 2
#: Kinds of names in chats with their shares. The first eleven and more show a family name.
CHAT_KINDS = {
    "first last": 18, "last first": 12, "three parts": 5, "initials after": 5, "initials before": 2, "pet name, last": 8, "Latin": 11,
    "last, initial, school": 3, "decorated": 6, "mistyped": 2, "last": 1, "earlier name": 1, "both names": 1,
    "first middle": 8, "first, school": 3, "first": 7, "pet name": 3, "Latin first": 2, "first, initial": 2, "nick": 2, "two people": 0.5,
}  # fmt: skip
WEBINAR_KINDS = {
    "first last": 26, "last first": 14, "three parts": 20, "initials after": 8, "Latin": 12, "decorated": 5, "mistyped": 2, "first middle": 4,
    "last, initial, school": 3, "first": 3, "device": 3,
}  # fmt: skip
#: Kinds in which the present family name stands whole.
WITH_LAST = frozenset(
    ("first last", "last first", "three parts", "initials after", "initials before", "pet name, last", "Latin", "last, initial, school", "decorated", "last", "both names")
)  # fmt: skip
_TABLES = {
    "raw.accounts": ("account_id", "realm", "channel", "is_deleted", "created_at", "source", "load_id"),
    "personal.accounts": ("account_id", "native_id", "username", "display_name", "first_name", "last_name", "email", "phone", "institution", "city"),
    "personal.account_names": ("account_id", "kind", "name"),
    "raw.courses": ("course_id", "code", "name", "source", "load_id"),
    "raw.course_groups": ("group_id", "course_id", "name", "source", "load_id"),
    "raw.memberships": ("membership_id", "group_id", "account_id", "source", "load_id"),
    "raw.enrolments": ("enrolment_id", "account_id", "course_id", "role", "state", "created_at", "source", "load_id"),
    "raw.chats": ("chat_id", "channel", "kind", "course_id", "source", "load_id"),
    "personal.chats": ("chat_id", "title"),
    "raw.messages": ("message_id", "channel", "chat_id", "account_id", "sent_at", "kind", "source", "load_id"),
    "raw.addressees": ("message_id", "account_id", "role", "source", "load_id"),
    "raw.webinars": ("webinar_id", "title", "course_id", "starts_at", "source", "load_id"),
    "raw.attendance": ("attendance_id", "webinar_id", "account_id", "joined_at", "source", "load_id"),
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What is true of an account that is no LMS account. ``people``: whose it is (LMS account ids); none: nobody's; several: shared."""

    channel: str
    kind: str
    people: tuple[str, ...]


@dataclass
class Names:
    """Pools of names with rank frequencies (Zipf), from lists or a few built in."""

    first: list[str]
    middle: list[str]
    last: list[str]
    weights: dict[str, list[float]] = field(default_factory=dict)

    def draw(self, rng: Random, part: str, exponent: float) -> str:
        pool = getattr(self, part)
        if part not in self.weights:
            self.weights[part] = list(accumulate(1 / (rank + 3) ** exponent for rank in range(len(pool))))
        return rng.choices(pool, cum_weights=self.weights[part])[0]


def read_names(folder: Path, rng: Random) -> Names:
    """Women's names (nine in ten of these learners) from the lists of ``ru_names``; which are frequent, the seed decides."""

    def lemmas(file: str, genders: Sequence[str]) -> list[str]:
        with (folder / file).open(encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(text, delimiter="\t")
            return sorted({row["lemma"].capitalize() for row in rows if row["gender"] in genders and row["lemma"].isalpha()})

    first = lemmas("firstnames.popular.gender.tsv", ("жр",))
    fathers = [name[:4] for name in lemmas("firstnames.popular.gender.tsv", ("мр",))]
    middle = [name for name in lemmas("midnames.gender.tsv", ("жр",)) if name[:4] in fathers]
    last = [name for name in lemmas("surnames.gender.tsv", ("жр", "мр-жр")) if len(name) > 3]
    for pool in (first, middle, last):
        rng.shuffle(pool)
    return Names(first, middle, last)


@dataclass
class Written:
    """What was written: truth per account."""

    truth: dict[str, Truth]
    people: int


def write_programme(warehouse: Warehouse, names: Names, people: int, seed: int) -> Written:
    """Write a programme of about ``people`` learners into an empty warehouse; same names and seed, same rows."""
    rng = Random(seed)
    truth: dict[str, Truth] = {}
    shared_names: dict[str, list[str]] = {}
    count = 0
    for course in range(max(1, round(people / (GROUP * GROUPS_OF_COURSE)))):
        rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _TABLES}
        _course(rng, names, course, rows, truth, shared_names)
        count += GROUP * GROUPS_OF_COURSE
        _insert(warehouse, rows)
    for name, owners in shared_names.items():
        truth[name] = Truth("webinar", truth[name].kind if len(owners) == 1 else "namesakes' one name", tuple(owners))
    return Written(truth, count)


def _id(*parts: object) -> str:
    return "a" + blake2b("\x1f".join(map(str, parts)).encode(), digest_size=10).hexdigest()


def _somebody(rng: Random, names: Names) -> Somebody:
    last = names.draw(rng, "last", 0.85)
    if rng.random() < 0.02:
        last = f"{last}-{names.draw(rng, 'last', 0.85)}"
    earlier = names.draw(rng, "last", 0.85) if rng.random() < 0.04 else ""
    return Somebody(names.draw(rng, "first", 0.8), names.draw(rng, "middle", 0.7), last, rng.randint(1, 150), earlier)


def _course(
    rng: Random, names: Names, course: int, rows: dict[str, list[tuple[object, ...]]], truth: dict[str, Truth], shared: dict[str, list[str]]
) -> None:
    course_id, made = f"moodle:course:{course}", ("bench", "load")
    rows["raw.courses"].append((course_id, f"К{course}-36", f"Курс {course}", *made))
    curator = _id("moodle", course, "curator")
    address = f"curator{course}@example.org"
    rows["raw.accounts"].append((curator, "moodle", "lms", False, START, *made))
    rows["personal.accounts"].append((curator, "0", f"curator{course}", None, "Куратор", "Курсов", address, None, None, None))
    rows["raw.enrolments"].append((f"e{curator}", curator, course_id, "curator", "active", START, *made))
    mailbox = _id("mail", address)
    rows["raw.accounts"].append((mailbox, "mail", "mail", False, None, *made))
    rows["personal.accounts"].append((mailbox, address, None, None, None, None, address, None, None, None))
    for group in range(GROUPS_OF_COURSE):
        group_id, chat, webinars = (
            f"moodle:group:{course}-{group}",
            f"tg:chat:{course}-{group}",
            [f"z:{course}-{group}-{n}" for n in range(3)],
        )
        title = f"К{course}-36 поток {group + 1}"
        rows["raw.course_groups"].append((group_id, course_id, f"Поток {group + 1}", *made))
        rows["raw.chats"].append((chat, "chat", "supergroup", course_id, *made))
        rows["personal.chats"].append((chat, title))
        rows["raw.webinars"] += [(one, title, course_id, START, *made) for one in webinars]
        for number in range(GROUP):
            who = _somebody(rng, names)
            lms = _id("moodle", course, group, number)
            _learner(rng, who, lms, course_id, group_id, (course, group, number), rows)
            if rng.random() < 0.8:
                kind = rng.choices(list(CHAT_KINDS), list(CHAT_KINDS.values()))[0]
                truth[_chat(rng, who, kind, chat, (course, group, number), rows)] = Truth("chat", kind, (lms,))
                if rng.random() < 0.015:
                    again = rng.choice(("first last", "last first", "Latin", "pet name, last", "first"))
                    truth[_chat(rng, who, again, chat, (course, group, number, "second"), rows)] = Truth("chat", "second account", (lms,))
            if rng.random() < 0.6:
                kind = rng.choices(list(WEBINAR_KINDS), list(WEBINAR_KINDS.values()))[0]
                account = _webinar(rng, who, kind, webinars, rows, truth)
                owners = shared.setdefault(account, [])
                if lms not in owners:
                    owners.append(lms)
                truth[account] = Truth("webinar", kind, tuple(owners))
            if rng.random() < 0.5:
                account, kind = _mail(rng, who, lms, mailbox, (course, group, number), rows)
                truth[account] = Truth("mail", kind, (lms,))
        for number in range(round(GROUP * 0.8 * 0.05)):
            stranger = _somebody(rng, names)
            kind = rng.choices(["advertiser", "first last", "first", "Latin", "pet name, last"], [3, 3, 3, 1, 1])[0]
            truth[_chat(rng, stranger, kind, chat, (course, group, "outsider", number), rows)] = Truth("chat", "outsider", ())


def _learner(
    rng: Random, who: Somebody, lms: str, course_id: str, group_id: str, key: tuple[object, ...], rows: dict[str, list[tuple[object, ...]]]
) -> None:
    made = ("bench", "load")
    first = f"{who.first} {who.middle}" if rng.random() < 0.85 else who.first
    last = who.last
    draw = rng.random()
    if draw < 0.03:
        scheme = rng.choice(("icao", "bgn", "habit"))
        first, last = latin(first, scheme), latin(last, scheme)
    elif draw < 0.05 and who.earlier:
        last = f"{last} ({who.earlier})"
    elif draw < 0.055:
        last = mistyped(rng, last)
    number = "-".join(map(str, key))
    rows["raw.accounts"].append((lms, "moodle", "lms", False, START + timedelta(minutes=int(str(key[2]))), *made))
    rows["personal.accounts"].append(
        (lms, number, f"u{number}", None, first, last, f"u{number}@school.example.org", None, f"МБОУ СОШ № {who.school}", None)
    )
    if who.earlier and rng.random() < 0.5:
        rows["personal.account_names"].append((lms, "last_name", who.earlier))
    rows["raw.enrolments"].append((f"e{lms}", lms, course_id, "learner", "active", START, *made))
    rows["raw.memberships"].append((f"m{lms}", group_id, lms, *made))


def _chat(rng: Random, who: Somebody, kind: str, chat: str, key: tuple[object, ...], rows: dict[str, list[tuple[object, ...]]]) -> str:
    account = _id("telegram", *key)
    shown: str | None = shown_name(rng, who, kind)
    draw = rng.random()
    if draw < 0.03:  # renamed: an earlier export had another name
        rows["personal.account_names"].append(
            (account, "display_name", shown_name(rng, who, rng.choice(("first last", "last first", "first"))))
        )
    elif draw < 0.04:  # deleted since an earlier export
        rows["personal.account_names"].append((account, "display_name", shown))
        shown = None
    username = handle(rng, who) if kind != "advertiser" and rng.random() < 0.2 else None
    rows["raw.accounts"].append((account, "telegram", "chat", shown is None, None, "bench", "load"))
    rows["personal.accounts"].append((account, str(key), username, shown, None, None, None, None, None, None))
    rows["raw.messages"].append((f"{chat}:{account}", "chat", chat, account, START, "post", "bench", "load"))
    return account


def _webinar(
    rng: Random, who: Somebody, kind: str, webinars: list[str], rows: dict[str, list[tuple[object, ...]]], truth: dict[str, Truth]
) -> str:
    shown = shown_name(rng, who, kind)
    attended = webinars if kind not in ("first", "device") else [rng.choice(webinars)]
    # As the readers do: a full name is one account everywhere, anything less one per webinar.
    account = _id("zoom", shown.lower(), "" if kind not in ("first", "device") else attended[0])
    if account not in truth:
        rows["raw.accounts"].append((account, "zoom", "webinar", False, None, "bench", "load"))
        rows["personal.accounts"].append((account, shown.lower(), None, shown, None, None, None, None, None, None))
    for webinar in attended:
        rows["raw.attendance"].append((f"{webinar}:{account}:{len(rows['raw.attendance'])}", webinar, account, START, "bench", "load"))
    return account


def _mail(
    rng: Random, who: Somebody, lms: str, mailbox: str, key: tuple[object, ...], rows: dict[str, list[tuple[object, ...]]]
) -> tuple[str, str]:
    number = "-".join(map(str, key))
    known = rng.random() < 0.85
    address = f"u{number}@school.example.org" if known else f"{handle(rng, who)}@{number}.example.com"
    account = _id("mail", address)
    shown = shown_name(rng, who, rng.choice(("first last", "three parts", "Latin"))) if rng.random() < 0.4 else None
    rows["raw.accounts"].append((account, "mail", "mail", False, None, "bench", "load"))
    rows["personal.accounts"].append((account, address, None, shown, None, None, address, None, None, None))
    rows["raw.messages"].append((f"mail:{account}", "mail", "mail:box", account, START, "post", "bench", "load"))
    rows["raw.addressees"].append((f"mail:{account}", mailbox, "to", "bench", "load"))
    return account, "address in the LMS" if known else "private address"


def _insert(warehouse: Warehouse, rows: dict[str, list[tuple[object, ...]]]) -> None:
    connection = warehouse.connection
    for table, found in rows.items():
        if found:
            names = _TABLES[table]
            columns = list(zip(*found, strict=True))
            connection.register("batch", pa.table({name: pa.array(column) for name, column in zip(names, columns, strict=True)}))
            connection.execute(f"insert into {table} ({', '.join(names)}) select {', '.join(names)} from batch")
            connection.unregister("batch")
