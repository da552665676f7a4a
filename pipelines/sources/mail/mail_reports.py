"""Delivery reports (DSN, RFC 3464), read receipts (MDN, RFC 8098) and automatic answers (RFC 3834) told from people's mail.

Of a report's body what is written for machines is read: the status or disposition fields, and the header of the returned mail. Where a
mail server sent no such part, or one that names nobody, the notice in words is looked through for the address that failed
(:mod:`pipelines.sources.mail.mail_bounces`); over IMAP it is never fetched. What Amazon's mail service says of a mail is JSON in a text
(:mod:`pipelines.sources.mail.mail_ses`), from files alone, too. Complaints (ARF, RFC 5965) are no delivery reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.sources.mail.mail_bounces import BOUNCE_SUBJECT, is_bounce, is_from_nobody, read_notice
from pipelines.sources.mail.mail_headers import (
    Fields,
    address_of,
    addresses_of,
    fields_of,
    first,
    kind_of,
    message_ids_of,
    parameter,
    text_of,
)
from pipelines.sources.mail.mail_parts import parts_of
from pipelines.sources.mail.mail_ses import is_from_sns, read_event

#: Header fields with which a report may begin; a body is read for these types of mail only.
_REPORT_KINDS = ("multipart/report", "message/delivery-status", "message/disposition-notification", "message/global-delivery-status")
_STATUS_KINDS = frozenset(("message/delivery-status", "message/global-delivery-status"))
_RECEIPT_KINDS = frozenset(("message/disposition-notification", "message/global-disposition-notification"))
_COMPLAINT_KIND = "message/feedback-report"
RETURNED_HEADER_KINDS = frozenset(("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"))
RETURNED_MAIL_KINDS = frozenset(("message/rfc822", "message/global"))
_RETURNED_KINDS = RETURNED_HEADER_KINDS | RETURNED_MAIL_KINDS
#: Parts that no person writes or reads.
MACHINE_KINDS = _STATUS_KINDS | _RECEIPT_KINDS | {_COMPLAINT_KIND}
_STATUS_BLOCK = re.compile(rb"^(?:original|final)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_ACTIONS = {
    "failed": "failed",
    "failure": "failed",
    "error": "failed",
    "expired": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "relayed",
    "expanded": "relayed",
}
_XTEXT = re.compile(r"\+([0-9a-f]{2})", re.IGNORECASE)
_STATUS_CLASSES = {"2": "delivered", "4": "delayed", "5": "failed"}
_DISPOSITIONS = {"displayed": "displayed", "read": "displayed", "deleted": "deleted", "rejected": "failed"}

_MACHINE = re.compile(r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|postmaster|mdaemon|bounces?|microsoftexchange[0-9a-f]{32})(?:[+=-].*)?$")
_NO_REPLY = re.compile(r"(?:no|do[-_.]?not|dont)[-_.]?reply(?:[+=-].*)?$")
_DELAY_SUBJECT = re.compile(r"delay|warning|still being|задерж|отложен", re.IGNORECASE)
#: What answering programs write before the subject that they answer: Outlook and Exchange in their languages, Gmail, Yandex, Mail.ru, vacation(1), iCloud, GroupWise.
_AUTO_SUBJECT = re.compile(
    r"^[\s\[(*]*(?:auto(?:mated|matic(?:ally)?)?[-_ ]?(?:generated )?(?:reply|response|respond\w*|answer)|autorespon\w*|out[- ]of[- ](?:the[- ])?office|ooo\b|ooto\b|vacation|"
    r"on (?:vacation|leave|holiday)|away (?:from|until)|i am (?:away|out)|авто(?:матический)?[- ]?ответ\w*|автоматическое (?:уведомление|сообщение) об отсутствии|"
    r"(?:буду )?отсутств(?:ую|овать)\b|отсутствует (?:в офисе|на (?:рабочем )?месте|[сдп]о? \d)|меня нет|нет на (?:рабочем )?месте|вне офиса|(?:я )?(?:нахожусь )?в (?:отпуске|командировке|отъезде)|"
    r"отпуск\b|(?:ваше обращение|ваш запрос|ваша заявка) (?:получен|принят|зарегистрирован)\w*|"
    r"автоматична відповідь|аўтаматычны адказ|автоматты (?:түрде )?жауап|автоматичен отговор|[аa][вv]томатски одговор|auto(?:matski|matic) odgovor|samodejni odgovor|"
    r"auto\w*[- ]?(?:antwort|abwesen|svar|antwoord|odpov|odpow|vastaus|vastus)\w*|abwesen\w+|nicht im (?:b[üu]ro|haus)|im urlaub|absence du bureau|absent du bureau|"
    r"(?:r[ée]ponse|respuesta|risposta|resposta|odpowiedź|odpověď|răspuns) auto\w+|respuesta de ausencia|fuera de la oficina|otomatik yan[ıi]t|avtomatik (?:cavab|javob)|"
    r"automatikus válasz|automatinis atsak\w+|automātisk\w+ atbild\w+|αυτόματη απάντηση|ავტომატური პასუხი|ինքնաշխատ պատասխան|trả lời tự động|balasan otomatis|"
    r"תשובה אוטומטית|מענה אוטומטי|رد تلقائي|الرد التلقائي|자동 ?(?:회신|응답)|自動(?:応答|返信|回覆)|自动(?:答复|回复))",
    re.IGNORECASE,
)
#: What programs write before the subject of a mail whose opening they confirm in words alone (MS-OXOMSG 2.2.1.60, in the languages of Outlook; Mail.ru, The Bat!).
_RECEIPT_SUBJECT = re.compile(
    r"\s*(?:(?P<unread>not read|не ?прочитано|непрочетено|оқылмады|(?:nicht|un)gelesen|non lu|no leído|non letto|não lido|niet gelezen|oläst|ul[eæ]st|ikke (?:lest|læst)|lukematta|"
    r"nie przeczytano|nepřečteno|necitit|olvasatlan|okunmadı)|"
    r"read(?: receipt)?|return receipt|прочитано|прочтено|прочетено|оқылды|(?:уведомление|подтверждение|отч[её]т) о прочтении|подтверждение прочтения|gelesen|lesebestätigung|"
    r"lu|leído|letto|lido|gelezen|läst|l[eæ]st|luettu|przeczytan[oe]|přečteno|citit|elolvasva|okundu|已[读讀]|開封済み)(?: \([^()\n]{1,20}\))?\s?(?::|：|-(?=\s))\s*\S",
    re.IGNORECASE,
)
_LIST_FIELDS = frozenset(("list-id", "list-post"))
_ANSWER_FIELDS = frozenset(("in-reply-to", "references"))
#: Each says that a mail was made by a program or answers another.
_EVIDENCE_FIELDS = frozenset(("in-reply-to", "references", "x-auto-response-suppress", "x-ms-exchange-inbox-rules-loop"))
#: Fields that only programs which answer by themselves write; value None: any.
_AUTO_FIELDS: dict[str, str | None] = {
    "x-autoreply": None,
    "x-auto-reply": None,
    "x-autorespond": None,
    "x-autoresponse": None,
    "x-amazon-auto-reply": None,
    "x-fc-machinegenerated": None,
    "x-autoresponder": None,
    "x-auto-responder": None,
    "x-autoreply-from": None,
    "x-mail-autoreply": None,
    "x-autogenerated": r"reply",
    "x-post-messageclass": r"autoresponder",
    "x-ms-exchange-generated-message-source": r"mailbox rules",
    "x-yandex-autoreply": None,
    "x-vacation": None,
    "precedence": r"auto[_-]?reply",
    "x-precedence": r"auto[_-]?reply",
    "preference": r"auto[_-]?reply",
    "delivered-to": r"^autoresponder",
}
_AUTO_NAMES = frozenset(_AUTO_FIELDS)


@dataclass(frozen=True)
class Recipient:
    """What a report says of one addressee; the state is null where it says none that counts."""

    address: str | None
    state: str | None


@dataclass
class Report:
    """What a report is about. ``recipients`` in the order in which they are named."""

    kind: str
    recipients: list[Recipient] = field(default_factory=list)
    about: str | None = None


def is_report(fields: Fields) -> bool:
    """Is the body of a mail with these fields looked through? True for reports by their type, and for what a mail server or Amazon's wrote.

    A signed mail (S/MIME, OpenPGP) shows its own type alone and the report's inside: it is one where a program sent it, or
    its subject says so together with a mail that it answers or an empty return path.
    """
    kind = kind_of(first(fields, "content-type"))
    if kind == "multipart/signed" and _LIST_FIELDS.isdisjoint(fields):
        is_by_program = kind_of(first(fields, "auto-submitted")).startswith("auto-")
        is_answer = not _ANSWER_FIELDS.isdisjoint(fields) or is_from_nobody(fields)
        if is_by_program or (is_answer and _RECEIPT_SUBJECT.match(text_of(first(fields, "subject")) or "")):
            return True
    return kind.startswith(_REPORT_KINDS) or is_bounce(fields) or is_from_sns(fields)


def is_machine(address: str | None) -> bool:
    """An address that no person reads: a mail server's own, or a no-reply one."""
    local = (address or "").partition("@")[0]
    return bool(_MACHINE.fullmatch(local) or _NO_REPLY.fullmatch(local))


def report_of(fields: Fields, body: bytes) -> Report | None:
    """The report that a mail is of whose header :func:`is_report` says so; None where it turns out to be none.

    Parameters
    ----------
    body: the first bytes of the body where :func:`is_report` asked for it; else empty.
    """
    parts = parts_of(first(fields, "content-type"), first(fields, "content-transfer-encoding"), body) if body else ()
    if is_from_sns(fields):
        return _notice_of_ses(
            part.decode("utf-8", "replace") for kind, part, _ in parts if kind.startswith(("text/plain", "application/json"))
        )
    return report_of_parts(fields, ((kind, part) for kind, part, _ in parts), body)


def report_of_parts(fields: Fields, parts: Iterable[tuple[str, bytes]], body: bytes = b"") -> Report | None:
    """:func:`report_of` for parts taken out before: (type, decoded content) of those written for machines."""
    report = Report("")
    for kind, part in parts:
        if kind == _COMPLAINT_KIND:
            return None
        _take_part(report, kind, part, fields)
    if not report.kind:
        stated = (parameter(first(fields, "content-type"), "report-type") or "").lower()
        report.kind = {"delivery-status": "delivery_report", "disposition-notification": "read_receipt"}.get(stated, "")
    is_named = any(recipient.address for recipient in report.recipients)
    if report.kind != "read_receipt" and not is_named and (report.kind or is_bounce(fields)):
        _take_unlabelled(report, body)
        if not any(recipient.address for recipient in report.recipients):
            _take_words(report, fields, body)
    if not report.kind:
        return None
    if report.about is None:
        answered = message_ids_of(fields.get("in-reply-to")) or message_ids_of(fields.get("references"))[-1:]
        report.about = answered[0] if answered else None
    return report


def is_auto_reply(fields: Fields, subject: str | None, author: str | None = None) -> bool:
    """An answer that a program gave, absence notes above all: nobody has read the mail it answers. Asked of mail that is no report.

    ``Auto-Submitted: auto-replied`` (RFC 3834) says so, and so does a field that only answering programs write. ``auto-generated`` alone does
    not (notices of systems carry it), but together with a mail that it answers and ``X-Auto-Response-Suppress: All`` it does (Exchange in any
    language). Nor does that field alone (it says that no answer is wanted), nor a subject: one of them, an empty return path,
    "Precedence: junk" or a mail that it answers, *together with* the subject does. Mail that came by a list is no answer to anybody.
    """
    submitted = kind_of(first(fields, "auto-submitted"))
    if submitted == "auto-replied":
        return True
    if not _LIST_FIELDS.isdisjoint(fields) or (submitted.startswith("auto-") and _NO_REPLY.fullmatch((author or "").partition("@")[0])):
        return False
    for name in () if _AUTO_NAMES.isdisjoint(fields) else _AUTO_NAMES.intersection(fields):
        pattern = _AUTO_FIELDS[name]
        for value in fields[name]:
            text = value.decode("utf-8", "replace").strip().lower()
            if text not in ("no", "false", "0", "") and (pattern is None or re.search(pattern, text)):
                return True
    suppressed = (first(fields, "x-auto-response-suppress") or b"").strip().lower()
    if submitted == "auto-generated" and suppressed == b"all" and "in-reply-to" in fields:
        return True
    if not subject or not _AUTO_SUBJECT.search(subject):
        return False
    is_bulk = (first(fields, "precedence") or b"").strip().lower() in (b"junk", b"bulk")  # vacation(1) and its kin
    return submitted == "auto-generated" or is_bulk or is_from_nobody(fields) or not _EVIDENCE_FIELDS.isdisjoint(fields)


def receipt_in_words(fields: Fields, subject: str | None, author: str | None) -> Report | None:
    """The read receipt that a mail is which is no report by its type: told by its subject, together with the mail that it answers, an empty
    return path or ``Auto-Submitted: auto-replied``. Its text is not looked at; whoever sends it is the one who has read. None of what a
    mailing list or an address that no person reads has sent.
    """
    found = _RECEIPT_SUBJECT.match(subject or "")
    if found is None or author is None or is_machine(author) or not _LIST_FIELDS.isdisjoint(fields):
        return None
    answered = message_ids_of(fields.get("in-reply-to")) or message_ids_of(fields.get("references"))[-1:]
    if not answered and not is_from_nobody(fields) and kind_of(first(fields, "auto-submitted")) != "auto-replied":
        return None
    return Report("read_receipt", [Recipient(author, "deleted" if found["unread"] else "displayed")], answered[0] if answered else None)


# -- inside ---------------------------------------------------------------------------------------------------------------------


def _notice_of_ses(texts: Iterable[str]) -> Report | None:
    for text in texts:
        if event := read_event(text):
            recipients = [Recipient(address, state) for address, state in event[0]] or [Recipient(None, None)]
            return Report("delivery_report", recipients, event[1])
    return None


def _take_part(report: Report, kind: str, part: bytes, mail: Fields) -> None:
    if kind in _STATUS_KINDS:
        report.kind = "delivery_report"
        for block in re.split(rb"\n[ \t]*\n+", part.strip(b"\n")):
            fields = fields_of(block)
            if recipient := _recipient(fields):
                report.recipients.append(recipient)
            elif about := message_ids_of(fields.get("original-message-id") or fields.get("x-original-message-id")):
                report.about = report.about or about[0]
    elif kind in _RECEIPT_KINDS:
        report.kind = "read_receipt"
        fields = fields_of(part.strip(b"\n").replace(b"\n\n", b"\n"))
        disposition = (first(fields, "disposition") or b"").decode("ascii", "replace").lower()
        done = re.split(r"[/,\s]", disposition.rpartition(";")[2].strip())[0]
        address = _address(fields, "original-recipient") or _address(fields, "final-recipient")
        if b"(rejected)" in (first(mail, "auto-submitted") or b"").lower():  # a filter sent it back (RFC 5429, 2.1.1)
            report.kind, done = "delivery_report", "rejected"
        report.recipients.append(Recipient(address, _DISPOSITIONS.get(done)))
        about = message_ids_of(fields.get("original-message-id"))
        report.about = about[0] if about else report.about
    elif kind in _RETURNED_KINDS:
        fields = fields_of(re.split(rb"\n[ \t]*\n", part.lstrip(b"\n"), maxsplit=1)[0])
        ids = message_ids_of(fields.get("message-id"))
        report.about = report.about or (ids[0] if ids else None)


def _recipient(fields: Fields) -> Recipient | None:
    if not any(name in fields for name in ("final-recipient", "original-recipient", "action")):
        return None
    original, final = _address(fields, "original-recipient"), _address(fields, "final-recipient")
    if original and final and original != final and _XTEXT.sub(lambda found: chr(int(found[1], 16)), original) == final:
        original = final  # handed on as it was sent, "+" for instance as "+2B" (RFC 3461, 4)
    address = original or final or _address(fields, "x-actual-recipient")
    words = re.split(r"[\s(;,]", (first(fields, "action") or b"").decode("ascii", "replace").strip().lower())
    status = (first(fields, "status") or b"").strip()[:1].decode("ascii", "replace")
    return Recipient(address, _ACTIONS.get(words[0]) or _STATUS_CLASSES.get(status))


def _address(fields: Fields, name: str) -> str | None:
    """The address in a field such as "rfc822; somebody@…"; None for what is none: a program or a file that a mail was piped into."""
    raw = first(fields, name)
    text = raw.decode("utf-8", "replace").rpartition(";")[2].strip() if raw else ""
    return None if text.startswith(("|", "/")) else address_of(text)


def _take_unlabelled(report: Report, body: bytes) -> None:
    """The status fields of a report whose parts are not where the header says: wrapped by a gateway, or their boundary lost."""
    if b"-recipient" not in body.lower():
        return
    for block in re.split(rb"\n[ \t>]*\n", body.replace(b"\r\n", b"\n")):
        fields = fields_of(block) if _STATUS_BLOCK.search(block) else {}
        if "action" in fields and (recipient := _recipient(fields)) and recipient.address:
            report.kind = "delivery_report"
            report.recipients.append(recipient)


def _take_words(report: Report, fields: Fields, body: bytes) -> None:
    """A report that names nobody for machines: a field that does (Exim and its kin), else the notice in words."""
    subject = text_of(first(fields, "subject")) or ""
    failed = [address for _, address in addresses_of(fields.get("x-failed-recipients"))]
    state: str | None
    state, about = ("delayed" if _DELAY_SUBJECT.search(subject) else "failed"), None
    if body:
        named, state, about = read_notice(fields, body)
        failed = failed or named
    is_certain = bool(failed) or bool(BOUNCE_SUBJECT.search(subject)) or kind_of(first(fields, "auto-submitted")).startswith("auto-")
    if report.kind or is_certain or is_from_nobody(fields):
        known = next((recipient.state for recipient in report.recipients if recipient.state), None)
        report.kind = "delivery_report"
        report.recipients = [Recipient(address, known or state) for address in failed or (None,)]
        report.about = report.about or about
