"""Who received a notice? Simulated mailboxes through the reader, the loader and the links, held against what was simulated.

``python -m benchmarks.notices --seeds 9001 9002 9003`` writes two curators' mailboxes per seed (mbox), loads them as any mailbox is loaded,
links people, threads, questions, replies and notices, and prints F1 per sign.

The mailboxes hold notices to lists, to hidden lists and to one; read receipts by several programs, "deleted unread"; replies with and without
In-Reply-To, under subjects that the mail program prefixed in its own way; confirmations in letters of their own; bounces by several kinds of
servers, delays that end in delivery or failure; automatic answers in Russian and English, announced by headers or by their subject alone;
and mail that has to do with none of it: questions, letters with a subject of their own, curators' answers, lists. Some of it cannot be told by
an envelope: questions without a subject, confirmations called anything, replies from unknown addresses. The wordings stand here and not in
the pipeline; the generator was written with the rules in sight, so a real mailbox will do worse.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pyarrow as pa

from benchmarks.evaluation import Figure, f1, render, share
from benchmarks.evaluation.questions import mail_id
from pipelines.links.acknowledgements import link_acknowledgements
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.links.conversations.threads import link_threads
from pipelines.links.people.people import link_people_and_places
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.simulation import names
from pipelines.simulation.mail import Mail, append_mbox, bounce, compose, mail_date, message_id, receipt
from pipelines.warehouse import Warehouse

HOUR, DAY = 3600, 86400
START = int(datetime(2026, 9, 7, 6, tzinfo=UTC).timestamp())
PSEUDONYMS = Pseudonyms(b"simulated mailboxes have no secrets")
KINDS = ("read_receipt", "deleted_unread", "reply", "mail", "bounce", "delayed", "auto_reply")

_SUBJECTS = (
    "Начало обучения", "Расписание вебинаров на неделю", "Напоминание о сроках сдачи", "Анкета по итогам модуля", "Ссылка на вебинар в четверг",
    "Важно: изменения в программе", "Завершение курса и документы", "Webinar on Thursday", "Материалы второго модуля",
)  # fmt: skip
_REPLY_PREFIXES = ("Re: ", "RE: ", "Отв: ", "Ответ: ", "На: ", "Re[2]: ", "Re: Re: ", "")
_CONFIRMATIONS = ("", "Подтверждение", "Письмо получила", "Получил", "(без темы)", "Спасибо, получено", "Confirmation", "Ознакомлена")
_QUESTIONS = ("Вопрос по заданию", "Не могу войти на платформу", "Помогите с загрузкой файла", "Когда вебинар?", "Question about the essay")
_OWN_SUBJECTS = ("Договор и реквизиты школы", "Поздравляем с праздником!", "Список участников от нашей школы", "Приглашение на конференцию")
_AUTO_SUBJECTS = ("Автоответ: {}", "Автоматический ответ: {}", "Automatic reply: {}", "Out of Office: {}", "Отпуск до 20 сентября Re: {}")


@dataclass
class World:
    """People, their mailboxes, and what is true: (notice, address, sign) → moment."""

    rng: Random
    curators: list[tuple[str, str]] = field(default_factory=list)
    learners: list[tuple[str, str]] = field(default_factory=list)
    boxes: dict[str, list[Mail]] = field(default_factory=dict)
    addressed: set[tuple[str, str]] = field(default_factory=set)
    truth: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def sign(self, notice: str, address: str, kind: str, at: int) -> None:
        self.truth[notice, address, kind] = min(at, self.truth.get((notice, address, kind), at))


def simulate(seed: int, *, learners: int = 60, notices: int = 14) -> World:
    """A course of seven weeks: notices by two curators, and what comes back."""
    rng = Random(f"notices|{seed}")
    world = World(rng)
    for number in range(2 + learners):
        someone = names.person(rng)
        address = f"{'k' if number < 2 else 'u'}{number}.{seed}@{rng.choice(('school', 'lyceum', 'mail'))}{number % 7}.example.org"
        (world.curators if number < 2 else world.learners).append((f"{someone.first} {someone.last}", address))
    world.boxes = {address: [] for _, address in world.curators}
    for number in range(notices):
        _notice(world, number)
    _other_mail(world)
    return world


def _notice(world: World, number: int) -> None:
    rng = world.rng
    curator = world.curators[number % 2]
    at = START + number * 3 * DAY + rng.randint(0, 8 * HOUR)
    # Every third goes to a few people or to one, by name.
    chosen = world.learners if number % 3 else rng.sample(world.learners, rng.choice((1, 2, 5)))
    subject = rng.choice(_SUBJECTS)
    hidden = rng.random() < 0.5
    addresses = [address for _, address in chosen]
    mail, own = compose(
        at, curator, [] if hidden else addresses, subject, "Здравствуйте!\n", bcc=addresses if hidden else None,
        receipt=rng.random() < 0.7, key=number, charset=rng.choice(("utf-8", "windows-1251", "koi8-r")),
    )  # fmt: skip
    world.boxes[curator[1]].append(mail)
    for learner in chosen:
        world.addressed.add((own, learner[1]))
        _comes_back(world, learner, curator, own, subject, at)


def _comes_back(world: World, learner: tuple[str, str], curator: tuple[str, str], own: str, subject: str, at: int) -> None:
    rng, box, address = world.rng, world.boxes[curator[1]], learner[1]
    draw, later = rng.random(), at + rng.randint(600, 2 * DAY)

    def tell(kind: str, moment: int, *mails: Mail) -> None:
        world.sign(own, address, kind, moment)
        box.extend(mails)

    if draw < 0.05:
        made = rng.choice((_by_postfix, _by_exim, _by_exchange, _in_words))(
            rng, at + rng.randint(2, 900), address, curator[1], own, subject
        )
        return tell("bounce", made.at, made)
    if draw < 0.07:
        made = _delay(at + 4 * HOUR, address, curator[1], own, subject)
        tell("delayed", made.at, made)
        if rng.random() < 0.5:
            made = _by_postfix(rng, at + 4 * DAY, address, curator[1], own, subject)
            return tell("bounce", made.at, made)
    if draw < 0.12:
        at_once = at + rng.randint(5, 300)
        headers = rng.random() < 0.7
        answer, _ = compose(
            at_once, learner, [curator[1]], rng.choice(_AUTO_SUBJECTS).format(subject), "Я в отпуске.\n", reply_to=own if headers else None,
            extra={"Auto-Submitted": "auto-replied"} if headers else {"X-Auto-Response-Suppress": "All"}, key=own,
        )  # fmt: skip
        if headers:
            tell("auto_reply", at_once, answer)
        else:
            # Which letter it answers is told by nobody: only that it is no reply is expected.
            box.append(answer)
    draw = rng.random()
    if draw < 0.14:
        tell("read_receipt", later, receipt(later, learner, curator[1], own, subject))
    elif draw < 0.18:
        tell("read_receipt", later, _receipt_of_outlook(later, learner, curator[1], own, subject))
    elif draw < 0.20:
        tell("deleted_unread", later, _deleted(later, learner, curator[1], own, subject))
    draw, later = rng.random(), at + rng.randint(1200, int(2.5 * DAY))
    if draw < 0.14:
        prefix = rng.choice(_REPLY_PREFIXES[:-1])
        mail, _ = compose(later, learner, [curator[1]], prefix + subject, "Спасибо!\n", reply_to=own, key=own)
        tell("reply", later, mail)
    elif draw < 0.19:
        # One in eight is called anything.
        subject_of_it = rng.choice(("Добрый день", "Курсы", "Обучение")) if rng.random() < 0.125 else rng.choice((*_CONFIRMATIONS, subject))
        mail, _ = compose(later, learner, [curator[1]], subject_of_it, "Получила.\n", key=own)
        tell("mail", later, mail)
    elif draw < 0.23:
        # … and one question in eight has no subject: nothing but its body would tell it from a confirmation.
        asked = "(без темы)" if rng.random() < 0.125 else rng.choice(_QUESTIONS)
        mail, _ = compose(later, learner, [curator[1]], asked, "Подскажите, пожалуйста.\n", key=own)
        box.append(mail)
        if rng.random() < 0.7:
            answer, _ = compose(later + 5 * HOUR, curator, [learner[1]], "Re: Вопрос", "Ответ.\n", reply_to=_id_of(mail), key=own)
            box.append(answer)
    elif draw < 0.24:
        # Answered from an address that nobody knows, under a name that says nothing.
        mail, _ = compose(
            later, ("Я", f"x{rng.randint(0, 10**9)}@private.example.org"), [curator[1]], f"Re: {subject}", "Получила.\n", reply_to=own
        )
        tell("reply", later, mail)
    elif draw < 0.27:
        mail, _ = compose(later, learner, [curator[1]], rng.choice(_OWN_SUBJECTS), "Текст.\n", key=own)
        box.append(mail)


def _id_of(mail: Mail) -> str:
    return next(line.split(b": ", 1)[1].decode() for line in mail.raw.split(b"\n") if line.startswith(b"Message-ID: "))


def _by_postfix(rng: Random, at: int, address: str, curator: str, own: str, subject: str) -> Mail:
    return bounce(at, address, curator, own, subject, full=rng.random() < 0.5)


def _plain_mail(at: int, sender: str, to: str, subject: str, lines: list[str], head: list[str]) -> Mail:
    top = [
        f"Date: {mail_date(at)}",
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: {message_id('mx.example.net', at, lines)}",
    ]
    return Mail(at, "MAILER-DAEMON", "\n".join([*top, *head, "", *lines, ""]).encode())


def _by_exim(rng: Random, at: int, address: str, curator: str, own: str, subject: str) -> Mail:
    lines = [
        "This message was created automatically by mail delivery software.", "",
        "A message that you sent could not be delivered to one or more of its", "recipients. This is a permanent error. The following address(es) failed:", "",
        f"  {address}", "    host mx.example.net [192.0.2.7]", "    SMTP error from remote mail server after RCPT TO: 550 5.1.1 no such user", "",
        "------ This is a copy of the message, including all the headers. ------", "", f"Message-ID: {own}", f"From: {curator}", f"To: {address}", "Subject: notice",
    ]  # fmt: skip
    head = [f"X-Failed-Recipients: {address}", "Auto-Submitted: auto-replied", f"In-Reply-To: {own}"]
    return _plain_mail(
        at, "Mail Delivery System <Mailer-Daemon@mx.example.net>", curator, "Mail delivery failed: returning message to sender", lines, head
    )


def _by_exchange(rng: Random, at: int, address: str, curator: str, own: str, subject: str) -> Mail:
    edge = f"ndr{at}"
    lines = [
        f"--{edge}", 'Content-Type: text/plain; charset="utf-8"', "", "Не удалось выполнить доставку следующим получателям или группам:", f"<{address}>", "",
        f"--{edge}", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns;ex01.example.net", "", f"Original-Recipient: rfc822;{address}",
        f"Final-Recipient: rfc822;{address}", "Action: failed", "Status: 5.1.10", "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound", "",
        f"--{edge}", "Content-Type: message/rfc822", "", f"From: {curator}", f"To: {address}", "Subject: notice", f"Message-ID: {own}", "", "text", f"--{edge}--",
    ]  # fmt: skip
    head = [
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"',
        "Auto-Submitted: auto-replied",
    ]
    return _plain_mail(at, "postmaster@ex01.example.net", curator, "Undeliverable: notice", lines, head)


def _in_words(rng: Random, at: int, address: str, curator: str, own: str, subject: str) -> Mail:
    lines = [
        "Hi. This is the qmail-send program at example.net.", "I'm afraid I wasn't able to deliver your message to the following addresses.",
        "This is a permanent error; I've given up. Sorry it didn't work out.", "", f"<{address}>:", "Sorry, no mailbox here by that name. (#5.1.1)", "",
        "--- Below this line is a copy of the message.", "", f"Message-ID: {own}", f"From: {curator}", f"To: {address}", "Subject: notice", "", "text",
    ]  # fmt: skip
    return _plain_mail(at, "MAILER-DAEMON@example.net", curator, "failure notice", lines, [])


def _delay(at: int, address: str, curator: str, own: str, subject: str) -> Mail:
    made = bounce(at, address, curator, own, subject, full=False).raw
    made = made.replace(b"Undelivered Mail Returned to Sender", b"Delayed Mail (still being retried)").replace(
        b"Action: failed", b"Action: delayed"
    )
    made = made.replace(b"Status: 5.1.1", b"Status: 4.4.1").replace(b"550 5.1.1 User unknown", b"451 4.4.1 timed out")
    return Mail(at, "mailer-daemon@kursy.example.org", made)


def _receipt_of_outlook(at: int, reader: tuple[str, str], curator: str, own: str, subject: str) -> Mail:
    """No In-Reply-To, another user agent, sent without being asked twice."""
    made = receipt(at, reader, curator, own, subject).raw
    made = made.replace(f"In-Reply-To: {own}\n".encode(), b"").replace(f"References: {own}\n".encode(), b"")
    return Mail(
        at, reader[1], made.replace(b"manual-action/MDN-sent-manually; displayed", b"automatic-action/MDN-sent-automatically; displayed")
    )


def _deleted(at: int, reader: tuple[str, str], curator: str, own: str, subject: str) -> Mail:
    return Mail(
        at,
        reader[1],
        receipt(at, reader, curator, own, subject).raw.replace(b"MDN-sent-manually; displayed", b"MDN-sent-manually; deleted"),
    )


def _other_mail(world: World) -> None:
    """What lies in every mailbox: newsletters, mail among colleagues, letters of strangers."""
    rng = world.rng
    for number in range(40):
        box = world.boxes[world.curators[number % 2][1]]
        at = START + rng.randint(0, 40 * DAY)
        sender = (f"Рассылка {number}", f"news{number}@list.example.com")
        extra = {"List-Id": f"<news{number}.list.example.com>", "Precedence": "bulk"} if number % 2 else None
        mail, _ = compose(at, sender, [world.curators[number % 2][1]], "Новости образования", "Текст.\n", extra=extra, key=number)
        box.append(mail)


def run(world: World, folder: Path) -> list[tuple[str, str, str]]:
    """Load and link; returns (notice, person, sign) as found."""
    for number, mails in enumerate(world.boxes.values()):
        append_mbox(folder / f"curator{number}.mbox", mails)
    programme = Programme(id="p", name="P", folder=folder, sources=(Source(name="mail", kind="mailbox", path=folder),))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        _lms(warehouse, world)
        loads = load_source(warehouse, programme, programme.sources[0], pseudonyms=PSEUDONYMS, run_at=datetime(2026, 12, 1, tzinfo=UTC))
        if any(load.state != "loaded" for load in loads):
            raise RuntimeError("; ".join(str(load.problem) for load in loads if load.problem))
        link_people_and_places(warehouse, programme)
        link_threads(warehouse)
        link_questions(warehouse)
        link_replies(warehouse)
        link_acknowledgements(warehouse)
        return [
            (notice, account, kind)
            for notice, account, kind in warehouse.rows(
                "select sign.notice_id, person.account_id, sign.kind from links.acknowledgements as sign "
                "join links.people as person on person.person_id = sign.person_id and person.state = 'linked' "
                "join raw.accounts as account on account.account_id = person.account_id and account.channel = 'mail' "
                "where sign.kind not in ('none', 'unknown') order by all"
            )
        ]


def _lms(warehouse: Warehouse, world: World) -> None:
    """The LMS knows everybody and their addresses."""
    people = [(one, "curator") for one in world.curators] + [(one, "learner") for one in world.learners]
    accounts = [f"lms-{number}" for number in range(len(people))]
    made = {"source": "lms", "load_id": "lms"}

    def put(table: str, rows: list[dict[str, object]]) -> None:
        frame = pa.Table.from_pylist(rows)
        warehouse.connection.register("made", frame)
        warehouse.connection.execute(f"insert into {table} ({', '.join(frame.column_names)}) select * from made")
        warehouse.connection.unregister("made")

    put("raw.accounts", [{"account_id": account, "realm": "moodle", "channel": "lms", **made} for account in accounts])
    put(
        "personal.accounts",
        [
            {"account_id": account, "first_name": one[0].split()[0], "last_name": one[0].split()[-1], "email": one[1]}
            for account, (one, _) in zip(accounts, people, strict=True)
        ],
    )
    put("raw.courses", [{"course_id": "moodle:course:1", "code": "C", **made}])
    put(
        "raw.enrolments",
        [
            {"enrolment_id": account, "account_id": account, "course_id": "moodle:course:1", "role": role, "state": "active", "created_at": datetime(2026, 8, 1, tzinfo=UTC), **made}
            for account, (_, role) in zip(accounts, people, strict=True)
        ],
    )  # fmt: skip


def evaluate(seeds: list[int]) -> list[Figure]:
    """F1 of "a sign of receipt" (any), of each sign, and the share of addressees with all signs right."""
    right, extra, missing = Counter[str](), Counter[str](), Counter[str]()
    whole = total = 0
    for seed in seeds:
        world = simulate(seed)
        with TemporaryDirectory() as folder:
            found = set(run(world, Path(folder)))
        true = {(mail_id(PSEUDONYMS, notice), PSEUDONYMS.of("mail", address), kind) for notice, address, kind in world.truth}
        for kind in KINDS:
            mine, told = ({row for row in rows if row[2] == kind} for rows in (true, found))
            right[kind] += len(mine & told)
            extra[kind] += len(told - mine)
            missing[kind] += len(mine - told)
        reading = ("read_receipt", "reply", "mail", "chat", "direct")
        received, seen = ({row[:2] for row in rows if row[2] in reading} for rows in (true, found))
        right["any"] += len(received & seen)
        extra["any"] += len(seen - received)
        missing["any"] += len(received - seen)
        for notice, address in world.addressed:
            key = (mail_id(PSEUDONYMS, notice), PSEUDONYMS.of("mail", address))
            total += 1
            whole += {row[2] for row in true if row[:2] == key} == {row[2] for row in found if row[:2] == key}
    figures = [f1("notices", "simulated mailboxes: received, by any sign: F1", right["any"], extra["any"], missing["any"])]
    figures += [f1("notices", f"simulated mailboxes: {kind}: F1", right[kind], extra[kind], missing[kind]) for kind in KINDS]
    hits, false, lost = (sum(counts[kind] for kind in KINDS) for counts in (right, extra, missing))
    figures.append(f1("notices", "simulated mailboxes: all signs: F1", hits, false, lost))
    return [*figures, share("notices", "simulated mailboxes: addressees with all signs right", whole, total)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[9001, 9002, 9003])
    sys.stdout.write(render(evaluate(parser.parse_args().seeds)) + "\n")


if __name__ == "__main__":
    main()
