"""The morning list as a mail: HTML in tables with styles on every element (Outlook, Gmail and Yandex drop style sheets), plain text, workbook.

Same list, same bytes: the date, the Message-ID and the boundaries are given or derived. Links go to the curator's page where its address is
known; drafts are in the workbook and on the page, so that no mail grows beyond what Gmail shows (102 kB).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from pipelines.deliveries.lists import list_html, list_xlsx, wording
from pipelines.deliveries.lists.list_model import SECTIONS, CuratorList
from pipelines.deliveries.shared.language import Language
from pipelines.deliveries.shared.pages import page

_XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
#: Lower bits of a hash that stand in an id: enough for every mail ever.
_ID_CHARACTERS = 24


@dataclass(frozen=True)
class Mail:
    """One mail that is ready to be sent. ``content`` is the whole of it as it goes over the wire; ``sha256`` of all but the date."""

    mail_id: str
    kind: str
    receiver_id: str
    message_id: str
    sha256: str
    content: bytes


def list_mail(item: CuratorList, language: Language, *, sender: str, address: str, at: datetime, page_url: str | None = None) -> Mail:
    """One curator's list as a mail to ``address``. ``at``: what the date of the mail says."""
    sections = sections_of(item, language)
    head = list_html.head_view(item, language)
    text = plain_text(head, sections, language, page_url)
    shown = page("mail.html", language, head=head, sections=sections, page_url=page_url)
    workbook = list_xlsx.workbook(item, language)
    mail_id = identity("list", item.day.isoformat(), item.curator_id)
    morning = item.day + timedelta(days=1)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, address
    message["Subject"] = subject(item, language)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id = f"<{mail_id}@{sender.rpartition('@')[2].rstrip('>')}>"
    # Nobody answers to a machine's mail with "I am on holiday" if it asks not to (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="base64")
    message.add_alternative(shown.decode(), subtype="html", cte="base64")
    message.add_attachment(workbook, maintype=_XLSX[0], subtype=_XLSX[1], filename=f"mayak-{morning.isoformat()}.xlsx")
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mail_id}_{number}")
    digest = sha256(b"\x1f".join((text.encode(), shown, workbook))).hexdigest()
    return Mail(mail_id, "list", item.curator_id, message_id, digest, message.as_bytes())


def identity(*parts: str) -> str:
    """What makes a mail the same mail."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:_ID_CHARACTERS]


def subject(item: CuratorList, language: Language) -> str:
    """«Маяк, понедельник, 23 ноября: сегодня вас ждут 9 человек»."""
    morning = language.long_date(item.day + timedelta(days=1))
    people = sum(1 for line in item.lines if line.person_id)
    said = (
        language.count("{n} person needs you today", "{n} people need you today", people)
        if people
        else language.say("nobody is waiting for you today")
    )
    name = language.say("Mayak")
    return f"{name}, {morning}: {said}"


def sections_of(item: CuratorList, language: Language) -> list[dict[str, Any]]:
    """The lines of the list by section, as the mail shows them."""
    number, sections = 0, []
    for section in SECTIONS:
        lines = []
        for line in item.of_section(section):
            number += 1
            lines.append(list_html.line_view(line, number, item, language, {}))
        if lines:
            sections.append({"title": language.say(wording.SECTION_TITLES[section]), "lines": lines})
    return sections


def plain_text(head: dict[str, Any], sections: Sequence[dict[str, Any]], language: Language, page_url: str | None) -> str:
    """The part for programs that show no HTML, and for those who prefer it."""
    rows = [head["greeting"]]
    rows += [note for note in (head["changes"], head["marked"], head["resting"]) if note]
    rows += [f"! {warning}" for warning in head["warnings"]]
    for section in sections:
        rows += ["", f"{section['title'].upper()} ({len(section['lines'])})"]
        for line in section["lines"]:
            rows.append(f"{line['number']}. " + (f"{line['name']} — {line['headline']}" if line["is_person"] else line["headline"]))
            rows += [f"   «{question['text']}» ({question['head']})" for question in line["questions"]]
            rows += [f"   - {reason}" for reason in line["reasons"]]
            rows += [f"   {term}: {fact}" for term, fact in line["facts"]]
    if head["overflow"]:
        rows += ["", head["overflow"]]
    if page_url:
        to_page = language.say("To the page")
        rows += ["", f"{to_page}: {page_url}"]
    rows += ["", f"{head['data_until']} ({head['zone']})"]
    return "\n".join(rows) + "\n"
