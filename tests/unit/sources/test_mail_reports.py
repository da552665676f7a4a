"""Reports in words and automatic answers: whom they are about, and that a person's mail is never looked through. All people are invented."""

from __future__ import annotations

import base64
import json
import time
from email.header import Header

import pytest

from pipelines.sources.mail import mail_reports
from pipelines.sources.mail.mail_bounces import is_bounce, read_notice
from pipelines.sources.mail.mail_headers import read_fields
from pipelines.sources.mail.mail_reports import Recipient, Report, is_auto_reply, is_report, receipt_in_words, report_of

SERVER = (
    b"From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nTo: kira@example.org\nSubject: Mail delivery failed\nReturn-Path: <>\n"
)
#: What shows that a body was not worth looking through took too long.
SECONDS = 5.0


def report(header: bytes, body: str) -> Report | None:
    fields = read_fields(header)
    assert is_report(fields)
    return report_of(fields, body.encode())


def told(header: bytes, body: str) -> list[tuple[str | None, str | None]]:
    found = report(header, body)
    return [(one.address, one.state) for one in found.recipients] if found else []


class TestNoticesInWords:
    @pytest.mark.parametrize(
        ("notice", "addresses"),
        [
            ("I'm afraid I wasn't able to deliver your message to the following addresses.\n\n<lida@example.org>:\nUser unknown.\n\n"
             "--- Below this line is a copy of the message.\n\nReturn-Path: <kira@example.org>\nTo: other@example.org\n\nText", ["lida@example.org"]),
            ("The following address(es) failed:\n\n  lida@example.org\n    retry timeout exceeded\n  pjotr@example.org\n    User unknown\n\n"
             "------ This is a copy of the message, including all the headers. ------\n\nTo: olga@example.org\n", ["lida@example.org", "pjotr@example.org"]),
            ("   ----- Transcript of session follows -----\n554 <lida@example.org>... Host unknown\n\n   ----- Unsent message follows -----\n"
             "Received: by mx\nFrom: kira@example.org\nTo: lida@example.org\n", ["lida@example.org"]),
            ("Your message\n\n  To:      course@example.org\n  Subject: Notice\n\ndid not reach the following recipient(s):\n\nlida@example.org on Mon, 5 Oct 2026", ["lida@example.org"]),
            ("К сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:\n\n  lida@example.org\n    ящик переполнен\n", ["lida@example.org"]),
            ("Delivery failed 20 attempts: lida@example.org\n\nOriginal message follows.\n", ["lida@example.org"]),
            ("Could not be delivered to: <lida@example.org>\nFor help contact <support@example.org>", ["lida@example.org"]),
            # A mail to oneself.
            ("The following addresses had permanent fatal errors:\n<kira@example.org>:\nQuota exceeded\n", ["kira@example.org"]),
            # Not said, but the returned mail went to one only.
            ("It could not be delivered.\n\nReturned message:\nReceived: by mx\nFrom: kira@example.org\nTo: lida@example.org\nSubject: x\n", ["lida@example.org"]),
        ],
        ids=["qmail", "exim", "sendmail 5", "exchange 5", "russian", "imail", "a contact is none", "to oneself", "of the returned mail"],
    )  # fmt: skip
    def test_whom_it_is_about(self, notice: str, addresses: list[str]) -> None:
        assert told(SERVER, notice) == [(address, "failed") for address in addresses]

    @pytest.mark.parametrize(
        ("words", "state"),
        [
            ("THIS IS A WARNING MESSAGE ONLY.\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n", "delayed"),
            ("No action is required on your part. Delivery attempts will continue for some time. Eventually it will give up.\n", "delayed"),
            (
                "Доставка следующим получателям отложена. Сообщение еще не доставлено. Попытки доставки сообщения будут продолжены.\n",
                "delayed",
            ),
            ("Сообщение не удалось доставить. Повторная попытка доставки будет предпринята позже.\n", "delayed"),
            ("Ваше письмо пока не удалось доставить. Мы будем пытаться доставить его ещё три дня.\n", "delayed"),
            (
                "Возникла временная проблема. Сервис повторит попытку в течение 44 часов. Если доставить не удастся, Вы получите уведомление.\n",
                "delayed",
            ),
            ("Сообщение не доставлено. Попытки доставки больше не продолжаются, повторных попыток не будет.\n", "failed"),
            ("Доставка была отложена, и сообщение не удалось доставить за пять дней.\n", "failed"),
            ("This is a permanent error.\n", "failed"),
            ("It could not be delivered for 5 days and will be deleted from the queue.\n", "failed"),
        ],
    )
    def test_whether_it_is_tried_again(self, words: str, state: str) -> None:
        assert told(SERVER, f"{words}\n  lida@example.org\n") == [("lida@example.org", state)]

    def test_the_returned_mail_is_named(self) -> None:
        notice = "<lida@example.org>:\nUnknown.\n\n--- Below this line is a copy of the message.\n\nReceived: by mx\nMessage-ID: <1@example.org>\nTo: lida@example.org\n\nText"
        found = report(SERVER, notice)
        assert found is not None
        assert found.about == "1@example.org"

    def test_a_page(self) -> None:
        header = SERVER + b"Content-Type: text/html; charset=utf-8\n"
        page = "<html><style>a@b.example {}</style><p>Delivery has failed to these recipients:<br>&lt;<a href='mailto:x@example.org'>lida@example.org</a>&gt;</p></html>"
        assert told(header, page) == [("lida@example.org", "failed")]

    def test_status_fields_whose_part_is_lost(self) -> None:
        body = "Some words.\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; lida@example.org\nAction: delayed\nStatus: 4.0.0\n"
        assert told(SERVER, body) == [("lida@example.org", "delayed")]

    @pytest.mark.parametrize(
        ("status", "address"),
        [
            ("Original-Recipient: rfc822;lida+2Bkurs@example.org\nFinal-Recipient: rfc822; lida+kurs@example.org\n", "lida+kurs@example.org"),
            ("Original-Recipient: rfc822;lida+2Bkurs@example.org\nFinal-Recipient: rfc822; olga@example.org\n", "lida+2bkurs@example.org"),
            ("Final-Recipient: X400; /O=school/S=lida/\n", "lida@example.org"),
        ],
        ids=["the sender's as it was sent", "another than the last", "none, but the returned mail went to one only"],
    )  # fmt: skip
    def test_whom_status_fields_name(self, status: str, address: str) -> None:
        header = SERVER + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
        body = (
            f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n{status}Action: failed\nStatus: 5.1.1\n\n"
            "--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@x>\nTo: lida@example.org\n\nText\n--b--\n"
        )
        assert told(header, body) == [(address, "failed")]

    def test_a_program_is_no_addressee(self) -> None:
        header = (
            SERVER + b'X-Failed-Recipients: lida@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
        )
        body = "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; |/usr/bin/x lida@example.org\nAction: failed\n\n--b--\n"
        assert told(header, body) == [("lida@example.org", "failed")]

    def test_a_mail_that_a_filter_sent_back_was_not_deleted_unread(self) -> None:
        header = b'From: x@example.org\nAuto-Submitted: auto-replied (rejected)\nContent-Type: multipart/report; report-type=disposition-notification; boundary="b"\n'
        body = "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; lida@example.org\nDisposition: automatic-action/MDN-sent-automatically; deleted\n\n--b--\n"
        found = report(header, body)
        assert found is not None
        assert (found.kind, found.recipients[0].state) == ("delivery_report", "failed")

    def test_a_complaint_is_no_report_of_delivery(self) -> None:
        header = b'From: fbl@example.org\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n'
        assert report(header, "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b--\n") is None


class TestReceiptsInWords:
    @pytest.mark.parametrize(
        ("subject", "state"),
        [
            ("Прочитано: Задание 3", "displayed"),
            ("Не прочитано: Задание 3", "deleted"),
            ("Read: Task 3", "displayed"),
            ("Not read: Task 3", "deleted"),
            ("Gelesen: Aufgabe 3", "displayed"),
            ("Ungelesen: Aufgabe 3", "deleted"),
            ("Lu : Devoir 3", "displayed"),
            ("Подтверждение прочтения: Задание 3", "displayed"),
            ("Return Receipt (displayed) - Task 3", "displayed"),
            ("Уведомление о прочтении (отображено) - Задание 3", "displayed"),
            ("Прочетено: Задача 3", "displayed"),
            ("Оқылды: 3-тапсырма", "displayed"),
            ("Przeczytano: Zadanie 3", "displayed"),
            ("Přečteno: Úkol 3", "displayed"),
            ("Gelezen: Opdracht 3", "displayed"),
            ("Oläst: Uppgift 3", "deleted"),
        ],
    )
    @pytest.mark.parametrize("evidence", ["In-Reply-To: <7@example.org>\n", "Auto-Submitted: auto-replied\nReferences: <7@example.org>\n"])
    def test_subject_and_the_mail_that_it_answers(self, subject: str, state: str, evidence: str) -> None:
        found = receipt_in_words(read_fields(evidence.encode()), subject, "lida@example.org")
        assert found == Report("read_receipt", [Recipient("lida@example.org", state)], "7@example.org")

    @pytest.mark.parametrize(
        ("header", "subject"),
        [
            (b"Date: Mon, 5 Oct 2026 07:00:00 +0000\n", "Прочитано: глава 3"),
            (b"In-Reply-To: <7@example.org>\n", "Re: Прочитано: глава 3"),
            (b"In-Reply-To: <7@example.org>\n", "Прочитано"),
            (b"In-Reply-To: <7@example.org>\n", "Read-only: task 3"),
            (b"In-Reply-To: <7@example.org>\n", "Прочитано-не прочитано"),
            (b"In-Reply-To: <7@example.org>\nList-Id: <course.example.org>\n", "Read: Task 3"),
            (b"In-Reply-To: <7@example.org>\n", None),
            (b"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n", "Read: Task 3"),
        ],
        ids=["nothing says so but the subject", "an answer to one", "no subject behind it", "a word that begins so", "no prefix", "by a list", "none", "a notice of a system"],
    )  # fmt: skip
    def test_a_persons_mail_is_none(self, header: bytes, subject: str | None) -> None:
        assert receipt_in_words(read_fields(header), subject, "lida@example.org") is None
        assert receipt_in_words(read_fields(b"In-Reply-To: <7@example.org>\n"), "Read: Task 3", "no-reply@lms.example.org") is None


class TestWhoseTextIsLookedThrough:
    @pytest.mark.parametrize(
        "header",
        [
            b"From: Lida <lida@example.org>\nSubject: Undelivered homework: what to do?\n",
            b"From: Lida <lida@example.org>\nSubject: Re: Mail delivery failed\nReturn-Path: <>\n",
            b"From: Lida <lida@example.org>\nSubject: Fwd: Returned mail: see transcript\n",
            b"From: Lida <lida@example.org>\nSubject: On holiday\nReturn-Path: <>\nAuto-Submitted: auto-replied\n",
            b"From: noreply@lms.example.org\nSubject: New post in the forum\nAuto-Submitted: auto-generated\nPrecedence: bulk\n",
            b"From: postmaster@school.example.org\nSubject: Timetable\n",
        ],
        ids=["a learner's subject", "an answer", "passed on", "an absence note", "a notice of the LMS", "a person who is postmaster"],
    )
    def test_no_person_s(self, header: bytes) -> None:
        fields = read_fields(header)
        assert not is_bounce(fields)
        assert not is_report(fields)

    @pytest.mark.parametrize(
        "header",
        [
            SERVER,
            b"From: x@example.org\nX-Failed-Recipients: lida@example.org\nSubject: x\n",
            b"From: postmaster@mx.example.org\nReturn-Path: <>\nSubject: E\n",
            b"From: <>\nSubject: Delivery Status\n",
            'From: "System Administrator" <admin@mx.example.org>\nSubject: Недоставленное сообщение\n'.replace(
                "Недоставленное", "Не доставлено"
            ).encode(),
            b"From: ndr@mx.example.org\nSubject: =?utf-8?B?0J3QtSDQtNC+0YHRgtCw0LLQu9C10L3Qvg==?=\n",
        ],
    )
    def test_a_server_s(self, header: bytes) -> None:
        assert is_bounce(read_fields(header))


SNS = b"From: Bounces <no-reply@sns.amazonaws.com>\nTo: kira@example.org\nSubject: AWS Notification Message\nContent-Type: text/plain; charset=UTF-8\n"
OF_MAIL = {
    "source": "kira@example.org",
    "messageId": "0101-000000",
    "destination": ["lida@example.org"],
    "headers": [{"name": "Subject", "value": "a secret"}, {"name": "Message-ID", "value": "<7@example.org>"}],
}
FOOTER = "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below {or} not.\n"


def event(kind: str, about: dict, *, key: str = "notificationType", mail: dict = OF_MAIL) -> str:
    where = {
        "Bounce": "bounce",
        "Complaint": "complaint",
        "Delivery": "delivery",
        "DeliveryDelay": "deliveryDelay",
        "Open": "open",
        "Reject": "reject",
    }
    return json.dumps({key: kind, where[kind]: about, "mail": mail}) + FOOTER


BOUNCED = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "Lida@example.org", "action": "failed", "status": "5.1.1"}]}


class TestNoticesInRussian:
    @pytest.mark.parametrize(
        ("header", "subject", "notice", "state"),
        [
            (b"From: \"Microsoft Outlook\" <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>\nAuto-Submitted: auto-replied\n",
             "Не удалось доставить: Задание 3", "Ошибка доставки следующим получателям или группам:\n\nЛидия Примерова (lida@example.org)\nАдрес не найден.\n", "failed"),
            (b"From: \"Microsoft Outlook\" <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>\n",
             "Задержка доставки: Задание 3", "Доставка следующим получателям задерживается:\n\nlida@example.org\n\nПопытки доставки будут продолжаться.\n", "delayed"),
            (b"From: postmaster@example.org\nAuto-Submitted: auto-generated\n", "Сбой при доставке сообщения",
             "Ваше сообщение не было доставлено.\n\nПолучатель: lida@example.org\nПричина: 550 no such user\n", "failed"),
            (b"From: mailer-daemon@yandex.ru\n", "Недоставленное сообщение",
             "Это письмо отправлено почтовым сервером yandex.ru.\n\nВаше письмо не может быть отправлено одному или нескольким адресатам.\n\n<lida@example.org>: host mx said: 550 5.1.1\n", "failed"),
            (b"From: mailer-daemon@corp.mail.ru\n", "Ваше сообщение не доставлено. Mail failure.",
             "Ваше письмо не может быть\nдоставлено одному или нескольким получателям:\n\n**********************\nlida@example.org\n    ошибка: такого ящика нет\n", "failed"),
        ],
        ids=["exchange", "exchange, a delay", "kerio", "yandex", "mail.ru"],
    )  # fmt: skip
    def test_whom_it_is_about(self, header: bytes, subject: str, notice: str, state: str) -> None:
        header += (
            b"To: kira@example.org\nContent-Type: text/plain; charset=utf-8\nSubject: " + Header(subject, "utf-8").encode().encode() + b"\n"
        )
        assert told(header, notice) == [("lida@example.org", state)]

    def test_person_who_writes_of_it_is_none(self) -> None:
        subject = Header("Не удалось доставить вам письмо", "utf-8").encode().encode()
        assert not is_report(read_fields(b"From: lida@example.org\nTo: kira@example.org\nSubject: " + subject + b"\n"))


class TestNoticesOfAmazon:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (event("Bounce", BOUNCED), [("lida@example.org", "failed")]),
            (event("Bounce", BOUNCED, key="eventType"), [("lida@example.org", "failed")]),
            (json.dumps({"Type": "Notification", "Message": event("Bounce", BOUNCED)}), [("lida@example.org", "failed")]),
            (event("Bounce", {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": "a@example.org"}, {"emailAddress": "b@example.org"}]}),
             [("a@example.org", "failed"), ("b@example.org", "failed")]),
            (event("DeliveryDelay", {"delayedRecipients": [{"emailAddress": "lida@example.org"}]}, key="eventType"), [("lida@example.org", "delayed")]),
            (event("Delivery", {"recipients": ["lida@example.org"], "smtpResponse": "250 ok"}), [("lida@example.org", "delivered")]),
            (event("Reject", {"reason": "Bad content"}, key="eventType"), [("lida@example.org", "failed")]),
            (event("Bounce", {"bouncedRecipients": "none"}), [(None, None)]),
        ],
        ids=["bounce", "event", "wrapped", "for a while", "delay", "delivery", "rejected", "names nobody"],
    )  # fmt: skip
    def test_whom_it_is_about(self, text: str, expected: list[tuple[str | None, str | None]]) -> None:
        assert told(SNS, text) == expected
        found = report(SNS, text)
        assert found is not None
        assert (found.kind, found.about) == ("delivery_report", "7@example.org")

    def test_line_that_a_server_broke(self) -> None:
        text = event("Bounce", BOUNCED)
        for broken in (text[:150] + "!\n " + text[150:], text[:150] + "\n" + text[150:]):
            assert told(SNS, broken) == [("lida@example.org", "failed")]

    def test_packed_text(self) -> None:
        packed = base64.encodebytes(event("Bounce", BOUNCED).encode()).decode()
        assert told(SNS + b"Content-Transfer-Encoding: base64\n", packed) == [("lida@example.org", "failed")]

    def test_without_the_senders_own_message_id(self) -> None:
        found = report(SNS, event("Bounce", BOUNCED, mail={"messageId": "0101-000000"}))
        assert found is not None
        assert found.about == "0101-000000@email.amazonses.com"

    @pytest.mark.parametrize(
        "text",
        [
            event("Complaint", {"complainedRecipients": [{"emailAddress": "lida@example.org"}]}),
            event("Open", {"timestamp": "2026-10-05T07:00:00Z"}, key="eventType"),
            json.dumps({"AlarmName": "disk", "NewStateValue": "ALARM"}),
            "{" * 50_000,
            '{"notificationType": "Bounce", "bounce": {"bouncedReci',
            "Ваш куратор: lida@example.org",
        ],
        ids=["complaint", "opened", "alarm", "deep", "cut", "words"],
    )
    def test_what_tells_of_no_delivery_is_no_report(self, text: str) -> None:
        assert report(SNS, text) is None

    def test_who_writes_json_by_hand_is_no_notice(self) -> None:
        assert not is_report(read_fields(b"From: kira@example.org\nSubject: AWS Notification Message\n"))


class TestAutomaticAnswers:
    @pytest.mark.parametrize(
        ("header", "is_one"),
        [
            (b"Auto-Submitted: auto-replied\nSubject: x", True),
            (b"Auto-Submitted: auto-generated\nSubject: Grades are out", False),
            (b"Auto-Submitted: auto-generated\nSubject: Automatic reply: Notice", True),
            (b"X-Auto-Response-Suppress: All\nSubject: Meeting moved", False),
            ("X-Auto-Response-Suppress: All\nSubject: Автоматический ответ: Срок".encode(), True),
            ("In-Reply-To: <1@x>\nSubject: Отсутствую до 5 октября".encode(), True),
            ("Return-Path: <>\nSubject: В отпуске до понедельника".encode(), True),
            ("Subject: В отпуске до понедельника".encode(), False),
            (b"Auto-Submitted: auto-generated\nSubject: Automatische Antwort: Frist", True),
            (b"In-Reply-To: <1@x>\nSubject: Automatische Abwesenheitsmeldung: Frist", True),
            ("X-Auto-Response-Suppress: All\nSubject: Автоматична відповідь: Термін".encode(), True),
            ("Precedence: junk\nSubject: [Automatyczna odpowiedź] Termin".encode(), True),
            *((f"X-Auto-Response-Suppress: All\nSubject: {words}".encode(), True) for words in (
                "Autosvar: Frist", "Autoodpowiedź: Termin", "Automatikus válasz: Határidő", "Răspuns automat: Termen", "Автоматты жауап: Мерзім", "Аўтаматычны адказ: Тэрмін",
                "Автоматичен отговор: Срок", "Automatski odgovor: Rok", "Automaatvastus: Tähtaeg", "Avtomatik cavab: Müddət", "Αυτόματη απάντηση: Προθεσμία",
                "Буду отсутствовать до 5 октября", "Ваше обращение зарегистрировано: №7",
            )),
            # A learner who answers under another subject.
            ("In-Reply-To: <1@x>\nSubject: Отсутствует доступ к курсу".encode(), False),
            ("In-Reply-To: <1@x>\nSubject: Отсутствует до 5 октября".encode(), True),
            ("In-Reply-To: <1@x>\nSubject: Автоматы и автоматические системы".encode(), False),
            ("X-Auto-Response-Suppress: All\nSubject: Resposta automática: Prazo".encode(), True),
            (b"Precedence: bulk\nSubject: Automatisierung der Kurse", False),
            (b"Subject: Re: Automatic reply: Notice\nIn-Reply-To: <1@x>", False),
            (b"X-Autoreply: yes\nSubject: x", True),
            (b"X-Autoreply: no\nSubject: x", False),
            (b"Precedence: auto_reply\nSubject: x", True),
            (b"Precedence: bulk\nSubject: x\nIn-Reply-To: <1@x>", False),
            (b"X-Yandex-Autoreply: 1\nSubject: x", True),
            (b"X-FC-MachineGenerated: true\nSubject: x", True),
            (b"X-Precedence: auto_reply\nSubject: x", True),
            (b"Preference: auto_reply\nSubject: x", True),
            # Exchange, in a language whose words nobody told.
            (b"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nIn-Reply-To: <1@x>\nSubject: Hello", True),
            (b"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nIn-Reply-To: <1@x>\nList-Id: <f.example.org>\nSubject: Hello", False),
            (b"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: OOF\nIn-Reply-To: <1@x>\nSubject: Hello", False),
            (b"List-Id: <l.example.org>\nIn-Reply-To: <1@x>\nSubject: Out of office hours of the course", False),
        ],
    )  # fmt: skip
    def test_told_from_notices_and_people_s_mail(self, header: bytes, is_one: bool) -> None:
        fields = read_fields(header + b"\n")
        assert is_auto_reply(fields, mail_reports.text_of(mail_reports.first(fields, "subject")), "lida@example.org") is is_one


@pytest.mark.parametrize(
    "body",
    [
        "a" * 1_000_000,
        "x@" * 400_000,
        "<script" * 100_000,
        "<!--" * 200_000,
        "to " * 300_000,
        "From: a@b.example\n" * 50_000,
        "\n" * 1_000_000,
        "--b\n" * 200_000,
        "=?utf-8?B?" * 90_000,
        "the following address " * 40_000,
    ],
    ids=["letters", "ats", "scripts", "comments", "labels", "header lines", "empty lines", "boundaries", "words begun", "lists begun"],
)
@pytest.mark.parametrize("kind", ["text/plain", "text/html", 'multipart/report; boundary="b"'])
def test_no_text_takes_long(body: str, kind: str) -> None:
    fields = read_fields(SERVER + f"Content-Type: {kind}\n".encode())
    began = time.perf_counter()
    report_of(fields, body.encode())
    read_notice(fields, body.encode())
    assert time.perf_counter() - began < SECONDS


class TestSignedReceipts:
    HEADER = b'From: Lida <lida@example.org>\nTo: kira@example.org\nMessage-ID: <r@example.org>\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=out\n'
    BODY = (
        "--out\nContent-Type: multipart/report; report-type=disposition-notification; boundary=in\n\n--in\nContent-Type: text/plain\n\nRead.\n--in\n"
        "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;lida@example.org\nOriginal-Message-ID: <m@example.org>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n\n--in--\n--out\nContent-Type: application/pkcs7-signature\n\nMIIB\n--out--\n"
    )

    @pytest.mark.parametrize(
        "sign",
        [
            b"In-Reply-To: <m@example.org>\nSubject: Read: Homework\n",
            b"Return-Path: <>\nSubject: =?utf-8?b?0J/RgNC+0YfQuNGC0LDQvdC+OiDQlNCX?=\n",
            b"Auto-Submitted: auto-replied\n",
        ],
    )
    def test_the_report_inside_the_signature_is_read(self, sign: bytes) -> None:
        found = report(self.HEADER + sign, self.BODY)
        assert found == Report("read_receipt", [Recipient("lida@example.org", "displayed")], "m@example.org")

    def test_a_persons_signed_mail_is_not_looked_through(self) -> None:
        assert not is_report(read_fields(self.HEADER + b"Subject: Homework\nIn-Reply-To: <m@example.org>\n"))
        assert not is_report(read_fields(self.HEADER + b"Subject: Read: Homework\n"))
        assert not is_report(
            read_fields(self.HEADER + b"Subject: Read: Homework\nIn-Reply-To: <m@example.org>\nList-Id: <l.example.org>\n")
        )

    def test_a_signed_answer_of_a_program_that_is_no_report_is_none(self) -> None:
        assert report(self.HEADER + b"Auto-Submitted: auto-replied\n", "--out\nContent-Type: text/plain\n\nI am away.\n--out--\n") is None
