"""Bounces in words: reports of mail servers that have no part for machines (qmail, older Exim, Sendmail 5, Exchange 2003, web mailers).

Whom such a report is about stands in its text and nowhere else. So the text is looked through in memory for the address that failed and
for whether the server will try again; the address goes on as a pseudonym, nothing else of the text goes anywhere
(docs/decisions/0010-what-is-read-of-a-report.md). Only what a mail server wrote is looked at (:func:`is_bounce`), never a person's mail.

Sources: the notices themselves (Exim's ``bounce_message_file``, qmail's QSBMF, https://cr.yp.to/proto/qsbmf.txt) and collections of them.
"""

from __future__ import annotations

import html
import re

from pipelines.sources.mail.mail_headers import Fields, addresses_of, decode, fields_of, first, kind_of, message_ids_of, text_of
from pipelines.sources.mail.mail_parts import parts_of

#: What is looked through of a notice: servers say whom they mean at its beginning. Of pages, before their marks are taken out.
_NOTICE_CHARACTERS = 20_000
_PAGE_CHARACTERS = 200_000
#: More failed addressees than a mail may have recipients (RFC 5321, 4.5.3.1.8: servers take 100) are something else.
_MOST = 100
#: Characters in which a header shows itself by its second and third field.
_HEADER_GLANCE = 600

# Bounded, or a long run of letters would be looked through from each of its letters.
_ADDRESS = r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}"
_ANY = re.compile(_ADDRESS)
_QUOTED = r"\"[^\"\n@]{1,64}\"@[\w-]{1,63}(?:\.[\w-]{1,63}){0,9}"
#: "<somebody@…>:", "somebody@… [reason]", "-- somebody@…", "1. <somebody@…>", "554 <somebody@…>... reason": a line about a failed addressee.
_AT_BEGIN = re.compile(
    r"^[ \t>*•|-]{0,24}(?:\d+[.)][ \t]*|5\d\d[ -](?:5\.\d+\.\d+[ ])?)?(?:<?mailto:|smtp:|rfc822;)?[<'\"\[(]?[ \t]*"
    rf"({_ADDRESS}|{_QUOTED})[ \t]*(?:[>'\"\])]|(?=[\s:;,<.(\[]|$))",
    re.MULTILINE | re.IGNORECASE,
)
#: Behind this stands the list of failed addressees, whoever they are.
_LIST_BEGINS = re.compile(
    r"(?:follow\w+ (?:recipient|address|user|destination)\S*(?: or \w+)?(?: lists?| groups?)?|these recipients(?: or \w+)*(?: lists?| groups?)?|address(?:\(?es\)?)? failed|"
    r"following address(?:\(?es\)?)?\s+failed|addresses? had [^\n]{0,40}(?:errors?|problems?)|failed recipients?|recipients did not receive this message|"
    r"not (?:yet )?been delivered (?:is|to[^\n]{0,40})|list of (?:failed )?recipients|recipients? failed|delivery attempts?|следующ\w+ (?:адрес|получател)\w*|"
    r"одному или\s+нескольким\s+получателям)[^\n@<]{0,40}(?::|-{2,}|\.)?[ \t]*(?=\n|\s[^\s@]+@|\s*<)",
    re.IGNORECASE,
)
_RCPT_TO = re.compile(rf"rcpt to:?[ ]*<?({_ADDRESS})", re.IGNORECASE)
#: Whom to turn to is not whom the mail did not reach.
_CONTACTS = re.compile(
    rf"(?:contact|assistance|postmaster|help|support|send (?:an? )?e?mail to|reply to|write to|обра\w+)[^\n@]{{0,40}}?<?(?:mailto:)?({_ADDRESS})",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?:recipients?|addressee|address(?:es)?|user|mailbox|account|rcpt[ _]to|to|for|failed|undeliverable|deliver(?:ing|ed)? (?:your mail )?to|"
    r"addressed to|destinataire|empf[aä]nger|адрес\w*|получател\w*|пользовател\w*|送信先|宛先)"
    rf"(?:\(s\))?[^\n@:<=]{{0,40}}[:=<\s][ \t\n]{{0,6}}[<'\"\[(]*(?:mailto:|smtp:)?({_ADDRESS}|{_QUOTED})",
    re.IGNORECASE,
)
#: Where the returned mail begins.
_RETURNED = re.compile(
    r"^[ \t>*#=|-]*(?:(?:this|the following|below|here|attached|enclosed)\b[^\n]{0,60}(?:copy|original|returned|headers?)\b|"
    r"(?:begin|start|copy) of (?:the )?(?:original|returned|undelivered)|(?:un(?:sent|delivered)|original|returned|rejected|your) (?:message|mail)(?:'s)?"
    r"(?: (?:headers?|text|follows|below|attached|begins?|as received)| ?[-:=]|[ \t]*$)|(?:the )?(?:message|mail|original message) (?:headers?|text|contents?) "
    r"?(?:follow|of|are)|received:|return-path:|message-id:|x-[a-z-]+:|mime-version:|dkim-signature:|content-type:|from:[^\n]*@)",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_LINES = re.compile(
    r"^[ \t>|]*(?:received|return-path|message-id|from|to|subject|date|mime-version|x-[a-z-]+):", re.IGNORECASE | re.MULTILINE
)
#: Parts of a report that are no returned mail.
_FOR_MACHINES = ("delivery-status", "disposition-notification", "feedback-report")
_QUOTE_MARKS = re.compile(r"^[ \t]*[>|][ \t]?", re.MULTILINE)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>@]*>")
_NOT_SHOWN = re.compile(r"<(?:(style|script|title)\b|!--)", re.IGNORECASE)
_LINK = re.compile(r"<a\b[^<>]*mailto:[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?td|/?li|/?h\d)\b[^<>]*>", re.IGNORECASE)
_SERVERS_OWN = re.compile(r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|postmaster|mdaemon)(?:[+=@-]|$)")
#: Senders that are a mail server whatever else the header says.
_DAEMON = re.compile(r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mail[ .]delivery[ .](?:sub)?system)(?:[\W\d]|$)|.*<>$")
#: Senders that are no person's, but write other things than reports too.
_NO_PERSON = re.compile(
    r"\"?(?:post_?master|[\w.-]*daemon|[\w.+-]*bounces?|ndr|mail(?:er|[-_. ]?system|delivery|admin|gate|master)?|[\w.-]*(?:no|not)[-_.]?reply|system administrator|"
    r"[\w.-]*admin(?:istrator)?|\w*smtp\w*|[\w.-]*anti[-_]?virus\w*|imss|mms|system|root|inetgw\d*|delivery|notes|microsoftexchange[0-9a-f]{32})(?:[\"\\+=@-]|$)"
)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|unreachable|returned (?:e?-?mail|message|to sender)|delivery (?:status|failure|failed|has failed|report|problem|error|notification)|mail delivery|"
    r"(?:e?mail|message|mail) (?:system )?(?:could not be|error|fail(?:ure|ed))|failure (?:notice|notification)|failed mail|could ?n[o']t be delivered|non[- ]?delivery|"
    r"(?:failed|failure|unable|error)\b.{0,20}\bdeliver|delayed|could not send|error sending|rejected|bounced?\b|"
    r"не ?доставлен|недоставлен|не может быть доставлен|ошибка (?:при )?доставк|не уда(?:лось|ется|ётся) доставить|невозможно доставить|(?:сбой|неудача) (?:при )?доставк|"
    r"доставк\w+ (?:[^\W\d]+ )?(?:не удалась|невозможна|задерж)|задержк\w+ доставк|отч[её]т о доставке|уведомление о доставке|возвращен[оа]? отправителю|"
    r"メールエラー|送信エラー|配信不能|配信できま|unzustellbar|non remis|impossible de remettre",
    re.IGNORECASE,
)
_STILL_TRIED = re.compile(
    r"warning message only|attempts will continue|will (?:continue to |keep )?(?:be )?retr(?:y|ied)\b(?! later)|will (?:continue|keep) (?:to )?try|message will be retried|"
    r"do not need to re-?send|no action is required on your part|still being (?:retried|tried)|is kept in the queue|"
    r"попытки (?:отправки|доставки)(?: (?!не\b)\w+){0,3} (?:будут )?продолж|(?:еще|ещё|пока) не (?:был[оа]? )?доставлен|пока не (?:уда(?:лось|ется|ётся)|доставлен)|"
    r"повторн\w+ попытк\w+(?: доставки)? (?:будет|будут)\b|(?:буд\w+ (?:пытаться|пробовать|повторять)|повторит попытк|попробу\w+ (?:доставить|отправить) (?:его )?(?:еще|ещё|снова|повторно))",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"not yet been delivered|not been delivered (?:yet|after)|\bdelay(?:ed)?\b|postponed|queued|задержан|задержк|задержив|отложен",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"permanent|giv(?:en|ing) up|gave up|will not be re?tr|fatal error|returned to (?:the )?sender|has expired|too long|failed|could not be delivered|"
    r"cannot be delivered|undeliverable|не может быть доставлено|не удалось доставить|не доставлено",
    re.IGNORECASE,
)


def is_bounce(fields: Fields) -> bool:
    """Is this the header of a mail server's report? Asked before the text of a mail is looked at: a person's mail is none, whatever its subject.

    A field that only such reports have (Exim's X-Failed-Recipients); the address of a mail daemon; a subject that says so together with an
    empty return path (RFC 5321, 4.5.5), a sender that is no person or a field that says that a program wrote it; or a postmaster who wants
    no answer. An absence note is none: it has no such subject.
    """
    if "x-failed-recipients" in fields:
        return True
    sender = _sender(fields)
    if _DAEMON.match(sender):
        return True
    nobody = is_from_nobody(fields)
    if nobody and sender.startswith("postmaster@"):
        return True
    if not (nobody or _NO_PERSON.match(sender) or _says_program(fields)):
        return False
    subject = text_of(first(fields, "subject")) or ""
    return bool(BOUNCE_SUBJECT.search(subject)) and not subject.lower().startswith(("re:", "fwd:", "fw:"))


def is_from_nobody(fields: Fields) -> bool:
    """An empty return path: nothing sent back for this mail is wanted."""
    path = (first(fields, "return-path") or b"?").strip().lower()
    return path in (b"<>", b"< >") or path.startswith((b"<mailer-daemon", b"mailer-daemon"))


def read_notice(fields: Fields, body: bytes) -> tuple[list[str], str | None, str | None]:
    """(addresses that failed, state, Message-ID of the returned mail) of a bounce in words; empty and None where it does not say.

    The addresses are those that the notice lists at the beginning of lines; else those behind a word such as "recipient"; else any. Those
    of the report's own sender and receiver are none, unless it was a mail to oneself; and where the returned mail is there, those that it was
    addressed to go first.
    """
    notice, returned = _notice_and_returned(fields, body)
    own = {
        address
        for name in ("from", "to", "sender", "reply-to", "return-path", "errors-to", "delivered-to")
        for _, address in addresses_of(fields.get(name))
    }
    addressed = _addressed(returned)
    found = _failed(notice, own, addressed)
    if not found:
        rest = [address for address in addressed if address not in own] or addressed
        found = rest if len(rest) == 1 else []
    about = message_ids_of(returned.get("message-id"))
    return found[:_MOST], _state(notice, text_of(first(fields, "subject")) or ""), about[0] if about else None


# -- inside ---------------------------------------------------------------------------------------------------------------------


def _sender(fields: Fields) -> str:
    """The sender's address; the words of From where it has none (a daemon's often has not)."""
    raw = first(fields, "from") or b""
    found = addresses_of([raw])
    shown = raw.decode("utf-8", "replace").strip().lower()
    return found[0][1] if found else shown if shown.endswith("<>") else shown.strip('<"')


def _says_program(fields: Fields) -> bool:
    return kind_of(first(fields, "auto-submitted")).startswith("auto-") or "x-auto-response-suppress" in fields


def _notice_and_returned(fields: Fields, body: bytes) -> tuple[str, Fields]:
    """What the server says, and the header of the mail that it returns."""
    notice: str = ""
    returned: Fields = {}
    for kind, part, charset in parts_of(first(fields, "content-type"), first(fields, "content-transfer-encoding"), body):
        if kind.startswith(("message/", "text/rfc822")) and not kind.endswith(_FOR_MACHINES) and not returned:
            returned = fields_of(re.split(rb"\n[ \t]*\n", part.lstrip(b"\n"), maxsplit=1)[0])
        elif kind.startswith("text/") and not notice.strip():
            notice = _text(kind, part, charset)[:_NOTICE_CHARACTERS]
    cut = _returned_at(notice)
    if cut is not None:
        quoted = _QUOTE_MARKS.sub("", notice[cut:])
        begin = _HEADER_LINES.search(quoted)
        if begin and not returned:
            head = re.split(r"\n[ \t]*\n", quoted[begin.start() :], maxsplit=1)[0]
            returned = fields_of(re.sub(r"(?m)^[ \t]+(?=[\w-]+:)", "", head).encode("utf-8", "replace"))
        notice = notice[:cut]
    return notice, returned


def _text(kind: str, part: bytes, charset: str | None) -> str:
    text = decode(part[: 4 * _PAGE_CHARACTERS], charset or "utf-8")[:_PAGE_CHARACTERS]
    if kind == "text/html" or text.lstrip()[:9].lower().startswith(("<html", "<!doctype")):
        text = html.unescape(_TAG.sub("", _LINK.sub("", _BREAK.sub("\n", _shown(text)))))
    return text


def _shown(page: str) -> str:
    """A page without its scripts, styles and comments. By hand: a pattern for it takes quadratic time where they are never closed."""
    lower, shown, at = page.lower(), [], 0
    while match := _NOT_SHOWN.search(page, at):
        shown.append(page[at : match.start()])
        end = lower.find(f"</{match[1].lower()}>" if match[1] else "-->", match.end())
        if end < 0:
            return "".join(shown)
        at = end + (len(match[1]) + 3 if match[1] else 3)
    return "".join((*shown, page[at:]))


def _returned_at(notice: str) -> int | None:
    """Where the returned mail begins: behind the first address, or the list of failed addressees would go with it."""
    first_address = _ANY.search(notice)
    behind = first_address.end() if first_address else 0
    for match in _RETURNED.finditer(notice):
        if _HEADER_LINES.match(match[0]):
            lines = len(_HEADER_LINES.findall(notice[match.start() : match.start() + _HEADER_GLANCE]))
            if lines >= (2 if match.start() >= behind else 3):
                return match.start()
        elif match.start() >= behind:
            return match.start()
    return None


def _addressed(returned: Fields) -> list[str]:
    found = [address for name in ("to", "cc", "x-original-to", "x-envelope-to") for _, address in addresses_of(returned.get(name))]
    return list(dict.fromkeys(found))


def _failed(notice: str, own: set[str], addressed: list[str]) -> list[str]:
    contacts = {match[1].lower().rstrip(".") for match in _CONTACTS.finditer(notice)}

    def found(pattern: re.Pattern[str], text: str) -> list[str]:
        every = dict.fromkeys(match[match.lastindex or 0].lower().strip(".").removeprefix("smtp=") for match in pattern.finditer(text))
        return [address for address in every if not _SERVERS_OWN.match(address)] or list(every)

    for begin in _LIST_BEGINS.finditer(notice):
        text = notice[begin.end() :]
        if listed := found(_AT_BEGIN, text) or found(_ANY, text.strip().split("\n\n")[0])[:1]:
            return listed
    for pattern in (_AT_BEGIN, _RCPT_TO, _LABELLED, _ANY):
        told = [address for address in found(pattern, notice) if address not in contacts]
        if pattern in (_LABELLED, _ANY):
            told = [address for address in told if address in addressed and address not in own] or told
        if told := [address for address in told if address not in own]:
            return told
    return [address for address in found(_AT_BEGIN, notice) if address not in contacts]


def _state(notice: str, subject: str) -> str:
    if _STILL_TRIED.search(notice):
        return "delayed"
    return "delayed" if (_DELAYED.search(notice) or _DELAYED.search(subject)) and not _FAILED.search(notice) else "failed"
