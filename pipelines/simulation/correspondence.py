"""Who says what to whom: the stream's chat, forum threads, personal messages and mail."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

from pipelines.simulation.behaviour import DAY, HOUR, NEVER, Question, moscow
from pipelines.simulation.chat import AskedQuestion, CourseChat, ToldLeak
from pipelines.simulation.lms import Account, StreamRun, write_forum_question, write_messages
from pipelines.simulation.mail import Mail, append_maildir, append_mbox, bounce, compose, receipt
from pipelines.simulation.moodle import LogRows, Site
from pipelines.simulation.telegram import Entry, media
from pipelines.simulation.wording import CHAT, capital

#: Telegram cuts messages at 4096 characters.
_LONGEST = 4000
_SUBJECTS = {
    "deadline": "Срок сдачи",
    "upload": "Не загружается файл",
    "format": "Оформление работы",
    "volume": "Объём работы",
    "checked": "Проверка работы",
    "redo": "Доработка",
    "criteria": "Критерии",
    "template": "Шаблон",
    "example": "Пример работы",
    "webinar_link": "Ссылка на вебинар",
    "record": "Запись вебинара",
    "login": "Вход в систему",
    "certificate": "Удостоверение",
    "quiz_attempts": "Попытки в тесте",
    "quiz_error": "Ошибка в тесте",
    "start": "С чего начать",
    "documents": "Документы",
    "sound": "Нет звука",
    "content": "Содержание работы",
    "hours": "Количество часов",
}


def _values(run: StreamRun, question: Question, rng: Random) -> dict[str, str]:
    task = question.task if question.task is not None else rng.randrange(run.traces.weeks)
    curator = run.curators[question.curator].account.person
    return {
        "n": str(task + 1),
        "curator": curator.polite,
        "term": run.place.course.themes[task].terms[0],
        "hour": "17:00",
        "meeting": str(5_000_000 + run.number * 1009),
        "subject": _SUBJECTS[question.intent],
    }


def _question_text(rng: Random, run: StreamRun, question: Question, asker: Account, *, greets: float) -> str:
    values = _values(run, question, rng)
    woman = asker.person.is_woman
    core = CHAT.say(f"q_{question.intent}", rng, values, woman=woman)
    parts = []
    if rng.random() < greets:
        parts.append(CHAT.say("hello", rng, values))
    if rng.random() < 0.4:
        core = CHAT.say("please", rng, values) + " " + core
    parts.append(capital(core) if rng.random() < 0.6 else core)
    if rng.random() < 0.25:
        parts.append(CHAT.say("tail", rng, values, woman=woman))
    text = " ".join(parts)
    return text.replace("?", "") if rng.random() < 0.15 else text


def _answer_text(rng: Random, run: StreamRun, question: Question) -> tuple[str, str]:
    """(words, kind): a curator who works formally answers formally."""
    if run.curators[question.curator].profile.name == "formal" and rng.random() < 0.55:
        return CHAT.say("formal_answer", rng), "formal"
    text = CHAT.say(f"a_{question.intent}", rng, _values(run, question, rng))
    return text, "substantive"


def talk(
    *, world_until: int, site: Site, log: LogRows, run: StreamRun, chat: CourseChat, conversations: dict[tuple[int, int], int]
) -> None:
    """Fill the stream's part of the chat, the forum and the personal messages; remember every question with its truth."""
    _chat_frame(run, chat)
    _collective(run)
    for number, question in enumerate(sorted(run.traces.questions, key=lambda q: (q.asked_at, q.asker))):
        rng = Random(f"question|{run.number}|{number}|{run.rng.random()}")
        asked = AskedQuestion(_truth(run, question, number))
        if question.channel == "chat":
            _ask_in_chat(rng, run, chat, question, asked)
        elif question.channel == "forum":
            _ask_in_forum(rng, run, site, log, question, asked)
        elif question.channel == "direct":
            _ask_directly(rng, run, site, log, question, asked, conversations)
        else:
            asked.truth["_number"] = number  # written with the mail, see write_mail
        if question.asked_at <= world_until:
            chat.asked.append(asked)
        run.asked[number] = (question, asked)
    _leaks(run, chat)
    _small_talk(run, chat)
    _join_first(chat)


def _join_first(chat: CourseChat) -> None:
    """Nobody speaks before he has come in by the link."""
    spoke: dict[int, int] = {}
    for entry in chat.entries:
        if entry.action is None:
            spoke[entry.uid] = min(entry.at, spoke.get(entry.uid, entry.at))
    for entry in chat.entries:
        if entry.action == "join_group_by_link" and entry.uid in spoke:
            entry.at = min(entry.at, spoke[entry.uid] - 300)


def _truth(run: StreamRun, question: Question, number: int) -> dict[str, object]:
    task = "" if question.task is None else str(question.task + 1)
    return {
        "question": f"{run.code}#{number}",
        "stream": run.code,
        "channel": question.channel,
        "moodle_user_id": run.learners[question.asker].user,
        "asked_unix": question.asked_at,
        "intent": question.intent,
        "is_technical": question.is_technical,
        "cluster": f"{run.place.course.code}:{question.intent}:{task}",
        "answered_unix": question.answered_at,
        "answered_by": run.curators[question.curator].account.user if question.answered_at else None,
        "holding_unix": question.holding_at,
        "peer_unix": question.peer_at,
        "link": question.link if question.answered_at else None,
        "collective": question.collective,
        "answer_kind": None,
    }


def _collective(run: StreamRun) -> None:
    """Where the same thing is asked three times within a day and a half, one announcement often answers all of it."""
    groups: dict[tuple[str, int | None], list[Question]] = {}
    for question in run.traces.questions:
        if question.channel == "chat":
            groups.setdefault((question.intent, question.task), []).append(question)
    for questions in groups.values():
        questions.sort(key=lambda question: question.asked_at)
        start = 0
        while start < len(questions):
            batch = [question for question in questions[start:] if question.asked_at < questions[start].asked_at + 36 * HOUR]
            last = batch[-1].asked_at
            waiting = [question for question in batch if question.answered_at is None or question.answered_at > last + HOUR]
            known = [question.answered_at for question in waiting if question.answered_at]
            if len(waiting) >= 3 and known and run.curators[waiting[0].curator].profile.name != "slow":
                at = min(known)
                for question in waiting:
                    question.answered_at, question.collective, question.link, question.curator = at, True, "unmarked", waiting[0].curator
                    question.holding_at = None if question.holding_at and question.holding_at > at else question.holding_at
            start += len(batch)


def _chat_frame(run: StreamRun, chat: CourseChat) -> None:
    """Opening, people coming in, who they are, the week's announcements."""
    rng, lead = run.rng, run.curators[0].account
    entries = chat.entries
    opening = run.start - 4 * DAY + 10 * HOUR
    assert lead.chat_id is not None
    if not entries:
        entries.append(
            Entry(opening, lead.chat_id, lead.chat_name, action="create_group", more={"title": chat.name, "members": [lead.chat_name]})
        )
        entries.append(Entry(opening + 60, lead.chat_id, lead.chat_name, action="migrate_to_supergroup"))
        entries.append(Entry(opening + 61, lead.chat_id, lead.chat_name, action="migrate_from_group", more={"title": chat.name}))
        for colleague in run.curators[1:]:
            entries.append(
                Entry(opening + 120, lead.chat_id, lead.chat_name, action="invite_members", more={"members": [colleague.account.chat_name]})
            )
    for place, learner in enumerate(run.learners):
        if learner.chat_id is None:
            continue
        persona = run.traces.persona[place]
        if rng.random() > (0.3 if persona == NEVER else 0.95):
            continue
        at = max(opening + 600, int(run.traces.enrolled_at[place])) + int(rng.expovariate(1 / (30 * HOUR)))
        if rng.random() < 0.6:
            entries.append(Entry(at, learner.chat_id, learner.chat_name, action="join_group_by_link", more={"inviter": "Group"}))
        else:
            entries.append(Entry(at, lead.chat_id, lead.chat_name, action="invite_members", more={"members": [learner.chat_name]}))
        if persona != NEVER and rng.random() < 0.3:
            values = {"name": learner.person.first, "city": learner.person.city, "school": learner.person.school}
            entries.append(
                Entry(
                    at + rng.randint(120, 3 * DAY),
                    learner.chat_id,
                    learner.chat_name,
                    CHAT.say("intro", rng, values, woman=learner.person.is_woman),
                )
            )
    for week in range(run.traces.weeks):
        monday = run.start + week * 7 * DAY
        values = {"n": str(week + 1), "theme": run.place.course.themes[week].lecture, "meeting": str(5_000_000 + run.number * 1009)}
        curator = run.curators[week % len(run.curators)].account
        assert curator.chat_id is not None
        news = Entry(monday + int(rng.uniform(8.5, 12) * HOUR), curator.chat_id, curator.chat_name, CHAT.say("announce_week", rng, values))
        entries.append(news)
        if rng.random() < 0.6:
            entries.append(Entry(news.at + 60, curator.chat_id, curator.chat_name, action="pin_message", reply_to=news))
        entries.append(
            Entry(
                monday + 2 * DAY + int(rng.uniform(11, 15) * HOUR),
                curator.chat_id,
                curator.chat_name,
                CHAT.say("announce_webinar", rng, values),
            )
        )
        if rng.random() < 0.7:
            entries.append(
                Entry(
                    monday + 6 * DAY + int(rng.uniform(10, 14) * HOUR),
                    curator.chat_id,
                    curator.chat_name,
                    CHAT.say("announce_deadline", rng, values),
                )
            )
        if rng.random() < 0.2:
            poll = {
                "question": "Какую тему разобрать подробнее?",
                "closed": True,
                "total_voters": 14,
                "answers": [{"text": "Оценивание", "voters": 5, "chosen": False}, {"text": "Планирование", "voters": 9, "chosen": False}],
            }
            entries.append(Entry(monday + 3 * DAY + 12 * HOUR, curator.chat_id, curator.chat_name, more={"poll": poll}))


def _ask_in_chat(rng: Random, run: StreamRun, chat: CourseChat, question: Question, asked: AskedQuestion) -> None:
    asker, curator = run.learners[question.asker], run.curators[question.curator].account
    assert asker.chat_id is not None
    assert curator.chat_id is not None
    text = _question_text(rng, run, question, asker, greets=0.45)
    split = rng.random() < 0.12
    if split:  # the greeting alone, then the matter
        chat.entries.append(
            Entry(
                question.asked_at - rng.randint(15, 90), asker.chat_id, asker.chat_name, CHAT.say("hello", rng, _values(run, question, rng))
            )
        )
    asked.asked = Entry(question.asked_at, asker.chat_id, asker.chat_name, text)
    if rng.random() < 0.04:
        asked.asked.more["edited"] = str(question.asked_at + rng.randint(20, 600))
    chat.entries.append(asked.asked)
    if question.peer is not None and question.peer_at is not None:
        peer = run.learners[question.peer]
        if peer.chat_id is not None:
            asked.peer = Entry(
                question.peer_at,
                peer.chat_id,
                peer.chat_name,
                CHAT.say("peer", rng, woman=peer.person.is_woman),
                reply_to=asked.asked if rng.random() < 0.6 else None,
            )
            chat.entries.append(asked.peer)
    if asked.peer is None:
        asked.truth["peer_unix"] = None
    if question.holding_at:
        asked.holding = Entry(
            question.holding_at,
            curator.chat_id,
            curator.chat_name,
            CHAT.say("holding", rng),
            reply_to=asked.asked if rng.random() < 0.7 else None,
        )
        chat.entries.append(asked.holding)
    if question.answered_at:
        if question.collective:
            key = (question.intent, question.task, question.answered_at)
            entry = run.announcements.get(key)
            if entry is None:
                words = CHAT.say("collective", rng) + " " + _answer_text(rng, run, question)[0]
                entry = run.announcements[key] = Entry(question.answered_at, curator.chat_id, curator.chat_name, words)
                chat.entries.append(entry)
            asked.answered, asked.truth["answer_kind"] = entry, "announcement"
        else:
            words, asked.truth["answer_kind"] = _answer_text(rng, run, question)
            mention = (asker.chat_id, asker.chat_name) if question.link == "mention" else None
            asked.answered = Entry(
                question.answered_at,
                curator.chat_id,
                curator.chat_name,
                words,
                reply_to=asked.asked if question.link == "reply" else None,
                mention=mention,
            )
            chat.entries.append(asked.answered)
            if rng.random() < 0.3:
                thanks = question.answered_at + rng.randint(60, 5 * HOUR)
                chat.entries.append(
                    Entry(
                        thanks,
                        asker.chat_id,
                        asker.chat_name,
                        CHAT.say("thanks", rng, woman=asker.person.is_woman),
                        reply_to=asked.answered if rng.random() < 0.4 else None,
                    )
                )
    wait = (question.answered_at or question.asked_at + 9 * DAY) - question.asked_at
    if wait > 30 * HOUR and rng.random() < 0.3:
        chat.entries.append(
            Entry(question.asked_at + int(rng.uniform(24, 30) * HOUR), asker.chat_id, asker.chat_name, CHAT.say("angry", rng))
        )


def _ask_in_forum(rng: Random, run: StreamRun, site: Site, log: LogRows, question: Question, asked: AskedQuestion) -> None:
    asker, curator = run.learners[question.asker], run.curators[question.curator].account
    values = _values(run, question, rng)
    posts = [(asker.user, question.asked_at, _question_text(rng, run, question, asker, greets=0.7))]
    marks: list[str] = ["asked"]
    if question.peer is not None and question.peer_at is not None:
        peer = run.learners[question.peer]
        posts.append((peer.user, question.peer_at, CHAT.say("peer", rng, woman=peer.person.is_woman)))
        marks.append("peer")
    if question.holding_at:
        posts.append((curator.user, question.holding_at, CHAT.say("holding", rng)))
        marks.append("holding")
    if question.answered_at:
        words, asked.truth["answer_kind"] = _answer_text(rng, run, question)
        posts.append((curator.user, question.answered_at, words))
        marks.append("answer")
        if rng.random() < 0.15:
            posts.append((asker.user, question.answered_at + rng.randint(300, DAY), CHAT.say("thanks", rng, woman=asker.person.is_woman)))
            marks.append("thanks")
    order = sorted(range(len(posts)), key=lambda i: (posts[i][1], i))
    discussion, ids = write_forum_question(site, log, run, CHAT.say("forum_subject", rng, values), [posts[i] for i in order])
    by_mark = {marks[i]: ids[place] for place, i in enumerate(order)}
    asked.truth |= {
        "discussion_id": discussion,
        "post_id": by_mark["asked"],
        "answer_post_id": by_mark.get("answer"),
        "holding_post_id": by_mark.get("holding"),
        "peer_post_id": by_mark.get("peer"),
    }


def _ask_directly(
    rng: Random,
    run: StreamRun,
    site: Site,
    log: LogRows,
    question: Question,
    asked: AskedQuestion,
    conversations: dict[tuple[int, int], int],
) -> None:
    asker, curator = run.learners[question.asker], run.curators[question.curator].account
    sent = [(asker.user, curator.user, question.asked_at, _question_text(rng, run, question, asker, greets=0.8))]
    if question.holding_at:
        sent.append((curator.user, asker.user, question.holding_at, CHAT.say("holding", rng)))
    if question.answered_at:
        words, asked.truth["answer_kind"] = _answer_text(rng, run, question)
        sent.append((curator.user, asker.user, question.answered_at, words))
    ids = write_messages(site, log, conversations, sent)
    asked.truth |= {"direct_id": ids[0], "answer_direct_id": ids[-1] if question.answered_at else None, "peer_unix": None}


def _leaks(run: StreamRun, chat: CourseChat) -> None:
    sub = run.traces.sub
    for place, leak in enumerate(run.traces.leaks):
        poster = run.learners[leak.poster]
        rng = Random(f"leak|{run.number}|{place}|{run.rng.random()}")
        copiers = [
            {"submission_id": int(run.submission_ids[i]), "moodle_user_id": int(run.users[sub["learner"][i]]), "at_unix": int(sub["at"][i])}
            for i in np.flatnonzero((sub["via_leak"] == place) & (sub["kind"] > 0)).tolist()
        ]
        if poster.chat_id is None:
            # shown somewhere else: copies without a message behind them
            continue
        values = {"n": str(leak.task + 1)}
        at = leak.posted_at
        if rng.random() < 0.4:
            beggar = run.learners[rng.randrange(len(run.learners))]
            if beggar.chat_id is not None:
                chat.entries.append(
                    Entry(at - rng.randint(200, 5 * HOUR), beggar.chat_id, beggar.chat_name, CHAT.say("leak_ask", rng, values))
                )
        text = CHAT.say("leak", rng, values, woman=poster.person.is_woman) + "\n\n" + "\n\n".join(run.texts[leak.submission])
        pieces = [text[i : i + _LONGEST] for i in range(0, len(text), _LONGEST)]
        entries = [Entry(at + 4 * i, poster.chat_id, poster.chat_name, piece) for i, piece in enumerate(pieces)]
        chat.entries.extend(entries)
        lead = run.curators[0].account
        if rng.random() < 0.35 and lead.chat_id is not None:
            chat.entries.append(Entry(at + rng.randint(HOUR, 20 * HOUR), lead.chat_id, lead.chat_name, CHAT.say("leak_warn", rng)))
        chat.leaked.append(
            ToldLeak(
                {
                    "stream": run.code,
                    "task": leak.task + 1,
                    "poster": poster.user,
                    "source_submission_id": int(run.submission_ids[leak.submission]),
                    "posted_unix": at,
                    "is_mass": leak.is_mass,
                    "copiers": copiers,
                },
                entries,
            )
        )


def _small_talk(run: StreamRun, chat: CourseChat) -> None:
    rng = Random(f"talk|{run.number}|{run.rng.random()}")
    learner, week = np.nonzero(run.traces.talk)
    for place, when in zip(learner.tolist(), week.tolist(), strict=True):
        someone = run.learners[place]
        if someone.chat_id is None:
            continue
        for _ in range(int(run.traces.talk[place, when])):
            at = (
                run.start
                + when * 7 * DAY
                + rng.randrange(7) * DAY
                + int(rng.triangular(8, 23.5, 20) * HOUR)
                - someone.person.hours_ahead * HOUR
            )
            draw = rng.random()
            entry = Entry(at, someone.chat_id, someone.chat_name)
            if draw < 0.10:
                entry.more = media("sticker", rng.randrange(100))
            elif draw < 0.15:
                entry.more = media("photo", 0)
            elif draw < 0.18:
                entry.more = media("voice", rng.randrange(100))
            elif draw < 0.20:
                entry.more = media("file", rng.randrange(3)) | {"forwarded_from": "Методический вестник"}
            elif draw < 0.30:
                entry.text = CHAT.say("thanks", rng, woman=someone.person.is_woman)
            elif draw < 0.38:
                entry.text = CHAT.say("hello", rng, {"curator": run.curators[0].account.person.polite})
            else:
                entry.text = CHAT.say("offtopic", rng, {"n": str(min(when, run.traces.weeks - 1) + 1)}, woman=someone.person.is_woman)
            if rng.random() < 0.08:
                entry.more["reactions"] = [{"type": "emoji", "count": rng.randint(1, 9), "emoji": rng.choice("❤👍🔥")}]
            if rng.random() < 0.03 and entry.text:
                entry.more["edited"] = str(at + rng.randint(15, 900))
            chat.entries.append(entry)


# --- mail -----------------------------------------------------------------------------------------------------------------------


def write_mail(folder: Path, mailboxes: dict[int, str], run: StreamRun, until: int) -> list[dict[str, object]]:
    """Append the stream's mails to its curators' mailboxes; completes the truth of questions asked by mail. Returns the notices' truth."""
    boxes: dict[int, list[Mail]] = {curator.account.user: [] for curator in run.curators}
    _mail_questions(boxes, run)
    notices = [*_notices(boxes, run), *_letters(boxes, run)]
    for user, mails in boxes.items():
        kind, name = mailboxes[user].split("|")
        kept = [mail for mail in mails if mail.at <= until]
        if kind == "maildir":
            append_maildir(folder / f"{name}.maildir", kept)
        else:
            append_mbox(folder / f"{name}.mbox", kept)
    seen = [notice for notice in notices if int(str(notice["sent_unix"])) <= until]
    for notice in seen:
        for addressee in notice["addressees"]:  # type: ignore[attr-defined]
            if addressee["first_sign_unix"] is not None and addressee["first_sign_unix"] > until:
                addressee["first_sign"], addressee["first_sign_unix"] = None, None
    return seen


def _charset(rng: Random) -> str:
    return rng.choices(("utf-8", "windows-1251", "koi8-r"), (0.8, 0.14, 0.06))[0]


def _plain(text: str) -> str:
    """Only what every Russian charset can carry."""
    return "".join(letter for letter in text if ord(letter) < 0x2000 or letter in "—–«»№…")


def _mail_questions(boxes: dict[int, list[Mail]], run: StreamRun) -> None:
    for number, (question, asked) in sorted(run.asked.items()):
        if question.channel != "mail":
            continue
        asked.truth.pop("_number", None)
        rng = Random(f"mail|{run.number}|{number}|{question.asked_at}")
        asker, curator = run.learners[question.asker], run.curators[question.curator].account
        values = _values(run, question, rng)
        sender = (f"{asker.person.first} {asker.person.last}", asker.mail_address)
        subject = _plain(CHAT.say("mail_subject", rng, values))
        text = _plain(_question_text(rng, run, question, asker, greets=0.9)) + f"\n\nС уважением, {asker.person.full}\n"
        mail, own = compose(question.asked_at, sender, [curator.email], subject, text, charset=_charset(rng), key=number)
        boxes[curator.user].append(mail)
        asked.truth |= {"mail_message_id": own, "peer_unix": None}
        me = (curator.chat_name, curator.email)
        if question.holding_at:
            mail, held = compose(
                question.holding_at, me, [asker.mail_address], f"Re: {subject}", _plain(CHAT.say("holding", rng)), reply_to=own, key=number
            )
            boxes[curator.user].append(mail)
            asked.truth["holding_mail_message_id"] = held
        if question.answered_at:
            words, asked.truth["answer_kind"] = _answer_text(rng, run, question)
            threaded = question.link != "unmarked" or rng.random() < 0.5
            mail, answer = compose(
                question.answered_at,
                me,
                [asker.mail_address],
                f"Re: {subject}",
                _plain(words) + "\n",
                charset=_charset(rng),
                reply_to=own if threaded else None,
                key=number,
            )
            boxes[curator.user].append(mail)
            asked.truth["answer_mail_message_id"] = answer
            if rng.random() < 0.2:
                thanks, _ = compose(
                    question.answered_at + rng.randint(600, DAY),
                    sender,
                    [curator.email],
                    f"Re: Re: {subject}",
                    "Спасибо!",
                    reply_to=answer,
                    references=[own, answer],
                    key=number,
                )
                boxes[curator.user].append(thanks)


def _notices(boxes: dict[int, list[Mail]], run: StreamRun) -> list[dict[str, object]]:
    """Letters to the whole stream: at the start, with each week, now and then before a deadline, at the end."""
    weeks, course = run.traces.weeks, run.place.course.name
    planned = [("start", run.start - int(13.5 * HOUR), 0)]
    planned += [("week", run.start + week * 7 * DAY + 11 * HOUR, week) for week in range(weeks)]
    planned += [("remind", run.start + week * 7 * DAY + 5 * DAY + 12 * HOUR, week) for week in range(0, weeks, 2)]
    planned += [("end", run.end + 10 * HOUR, weeks)]
    dead = [learner for learner in run.learners if learner.user * 7919 % 41 == 0]
    out = []
    for number, (kind, about, week) in enumerate(planned):
        rng = Random(f"notice|{run.number}|{number}")
        sender = run.curators[number % len(run.curators)].account
        at = about + rng.randint(0, 2 * HOUR)
        values = {"n": str(week + 1), "course": course}
        subject = CHAT.say(f"notice_{kind}", rng, values)
        addressees = [i for i in range(len(run.learners)) if run.traces.enrolled_at[i] <= at]
        if not addressees:
            continue
        listed = [run.learners[i].email for i in addressees]
        hidden, asks_receipt = rng.random() < 0.6, rng.random() < 0.5
        mail, own = compose(
            at,
            (sender.chat_name, sender.email),
            [] if hidden else listed,
            subject,
            _plain(CHAT.say("notice_body", rng, values)) + "\n",
            bcc=listed if hidden else None,
            receipt=asks_receipt,
            key=number,
        )
        boxes[sender.user].append(mail)
        rows = []
        for i in addressees:
            learner = run.learners[i]
            sign: tuple[str, int] | None = None
            if learner in dead:
                boxes[sender.user].append(
                    bounce(at + rng.randint(3, 400), learner.email, sender.email, own, subject, full=learner.user % 2 == 0)
                )
                rows.append(
                    {
                        "moodle_user_id": learner.user,
                        "address": learner.email,
                        "delivery": "bounced",
                        "first_sign": None,
                        "first_sign_unix": None,
                    }
                )
                continue
            sign = _sign(boxes, rng, run, i, learner, sender, own, subject, at, min(week, weeks + 1), asks_receipt)
            rows.append(
                {
                    "moodle_user_id": learner.user,
                    "address": learner.email,
                    "delivery": "ok",
                    "first_sign": sign and sign[0],
                    "first_sign_unix": sign and sign[1],
                }
            )
        out.append(
            {
                "message_id": own,
                "stream": run.code,
                "curator": sender.user,
                "sent_unix": at,
                "subject": subject,
                "kind": kind,
                "is_list": True,
                "addressees": rows,
            }
        )
    return out


def _sign(
    boxes: dict[int, list[Mail]],
    rng: Random,
    run: StreamRun,
    place: int,
    learner: Account,
    sender: Account,
    own: str,
    subject: str,
    at: int,
    week: int,
    asks_receipt: bool,
) -> tuple[str, int] | None:
    """What comes back from one addressee: nothing mostly; the less the less he still takes part."""
    vigour = float(run.traces.vigour[place, week])
    draw, delay = rng.random(), int(min(rng.gammavariate(0.8, 20), 150) * HOUR) + 300
    reader = (f"{learner.person.first} {learner.person.last}", learner.mail_address)
    if rng.random() < 0.012:
        mail, _ = compose(
            at + 40,
            reader,
            [sender.email],
            f"Автоответ: {subject}",
            _plain(CHAT.say("auto_reply", rng)),
            charset=_charset(rng),
            reply_to=own,
            extra={"Auto-Submitted": "auto-replied", "Precedence": "auto_reply"},
            key=learner.user,
        )
        boxes[sender.user].append(mail)
    if asks_receipt and draw < 0.28 * vigour:
        boxes[sender.user].append(receipt(at + delay, reader, sender.email, own, subject))
        return "read_receipt", at + delay
    if draw > 1 - 0.16 * vigour:
        mail, _ = compose(
            at + delay,
            reader,
            [sender.email],
            f"Re: {subject}",
            _plain(CHAT.say("notice_reply", rng, woman=learner.person.is_woman)),
            charset=_charset(rng),
            reply_to=own,
            key=learner.user,
        )
        boxes[sender.user].append(mail)
        return "reply", at + delay
    return None


def _letters(boxes: dict[int, list[Mail]], run: StreamRun) -> list[dict[str, object]]:
    """A curator who takes trouble writes to those who missed a task."""
    sub, out = run.traces.sub, []
    for week in range(run.traces.weeks):
        deadline = run.start + (week + 1) * 7 * DAY
        done = set(sub["learner"][(sub["task"] == week) & (sub["at"] < deadline)].tolist())
        for place, learner in enumerate(run.learners):
            curator = run.curators[int(run.traces.curator[place])]
            eager = {"quick": 0.5, "average": 0.3, "on_leave": 0.3, "slow": 0.08, "formal": 0.1}[curator.profile.name]
            rng = Random(f"letter|{run.number}|{week}|{learner.user}")
            if place in done or rng.random() > eager or run.traces.enrolled_at[place] > deadline:
                continue
            at = deadline + DAY + int(rng.uniform(9, 17) * HOUR)
            if curator.leave and curator.leave[0] <= at < curator.leave[1]:
                continue
            sender = curator.account
            values = {"n": str(week + 1), "name": learner.person.polite}
            subject = CHAT.say("letter_subject", rng, values)
            mail, own = compose(
                at,
                (sender.chat_name, sender.email),
                [learner.email],
                subject,
                _plain(CHAT.say("letter_body", rng, values)) + "\n",
                receipt=rng.random() < 0.4,
                key=learner.user,
            )
            boxes[sender.user].append(mail)
            vigour = float(run.traces.vigour[place, min(week + 1, run.traces.vigour.shape[1] - 1)])
            first: int | None = None
            if rng.random() < 0.1 + 0.5 * vigour and learner.user * 7919 % 41 != 0:
                first = at + int(rng.gammavariate(1.0, 16) * HOUR) + 600
                reader = (f"{learner.person.first} {learner.person.last}", learner.mail_address)
                reply, _ = compose(
                    first,
                    reader,
                    [sender.email],
                    f"Re: {subject}",
                    _plain(CHAT.say("letter_reply", rng, woman=learner.person.is_woman)),
                    charset=_charset(rng),
                    reply_to=own,
                    key=learner.user,
                )
                boxes[sender.user].append(reply)
            row = {
                "moodle_user_id": learner.user,
                "address": learner.email,
                "delivery": "ok",
                "first_sign": "reply" if first else None,
                "first_sign_unix": first,
            }
            out.append(
                {
                    "message_id": own,
                    "stream": run.code,
                    "curator": sender.user,
                    "sent_unix": at,
                    "subject": subject,
                    "kind": "letter",
                    "is_list": False,
                    "addressees": [row],
                }
            )
    return out


__all__ = ["moscow", "talk", "write_mail"]
