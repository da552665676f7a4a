"""Notices of Amazon's mail service (SES) about mail that it passed on, as its notification service (SNS) sends them by mail: JSON in the text.

Source: "Contents of Amazon SNS notifications for Amazon SES" and "Amazon SES event publishing" (docs.aws.amazon.com); real notices in public
collections of bounces.

What has to be known about them:

- A topic that a mailbox subscribed to sends ``{"notificationType": "Bounce", "bounce": {…}, "mail": {…}}`` and a footer; configuration sets write
  ``eventType`` instead; the protocol "email-json" wraps the whole as text into ``{"Type": "Notification", "Message": "…"}``.
- A line of a thousand characters and more is broken on the way by some servers, with "!" at the break.
- *Bounce*: ``bouncedRecipients``, each with its ``action`` as in RFC 3464, which a bounce for a while ("Transient") need not have: SES has given up
  then, too. *DeliveryDelay*: it still tries. *Delivery*: the addressee's server took it. *Reject*: SES itself did not pass it on.
- *Complaint*: somebody marked the mail as spam. Like complaints of other services (ARF) it is no delivery report. Neither are openings and clicks.
- The mail is known by the Message-ID that its sender wrote, where the notice has the header; SES gives it another on the way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pipelines.sources.mail.mail_headers import Fields, address_of, addresses_of, message_ids_of

_SENDER = re.compile(r"(?:^|\.)sns(?:\.[\w-]+)?\.amazonaws\.com(?:\.cn)?$")
#: Event → where it names the addressees, and what is true of them.
_EVENTS = {
    "bounce": ("bounce", "bouncedRecipients", "failed"),
    "deliverydelay": ("deliveryDelay", "delayedRecipients", "delayed"),
    "delivery": ("delivery", "recipients", "delivered"),
    "reject": ("mail", "destination", "failed"),
}
_BROKEN = re.compile(r"!\r?\n[ \t]?")
_LINE_END = re.compile(r"\r?\n")
_DECODER = json.JSONDecoder(strict=False)
#: A mail has a hundred recipients at most (and SES takes fifty).
_MOST = 100


def is_from_sns(fields: Fields) -> bool:
    """Is the sender Amazon's notification service? Its notices speak of anything; :func:`read_event` finds those about mail."""
    return any(_SENDER.search(address.rpartition("@")[2]) for _, address in addresses_of(fields.get("from")))


def read_event(text: str) -> tuple[list[tuple[str, str]], str | None] | None:
    """([(address, state)], Message-ID of the mail) of a notice's text; None where it tells of no delivery."""
    event = _event(text)
    if event is None:
        return None
    kind = event.get("notificationType") or event.get("eventType")
    known = _EVENTS.get(kind.replace(" ", "").lower()) if isinstance(kind, str) else None
    if known is None:
        return None
    where, name, state = known
    about = event.get(where)
    recipients = about.get(name) if isinstance(about, dict) else None
    found: list[tuple[str, str]] = []
    for recipient in recipients[:_MOST] if isinstance(recipients, list) else ():
        raw = recipient.get("emailAddress") if isinstance(recipient, dict) else recipient
        address = address_of(raw) if isinstance(raw, str) else None
        if address:
            action = recipient.get("action") if isinstance(recipient, dict) else None
            found.append((address, "delayed" if state == "failed" and action == "delayed" else state))
    return found, _message_id(event.get("mail"))


def _event(text: str) -> dict[str, Any] | None:
    for broken in (_BROKEN, _LINE_END):
        plain = broken.sub("", text)
        begin = plain.find("{")
        if begin < 0:
            return None
        try:
            event, _ = _DECODER.raw_decode(plain, begin)
            if isinstance(event, dict) and isinstance(event.get("Message"), str):
                event, _ = _DECODER.raw_decode(event["Message"])
        except (ValueError, RecursionError):
            continue
        return event if isinstance(event, dict) else None
    return None


def _message_id(mail: Any) -> str | None:
    found = next(iter(_message_ids(mail)), None) if isinstance(mail, dict) else None
    ids = message_ids_of([found.encode("utf-8", "replace")]) if found else []
    return ids[0] if ids else None


def _message_ids(mail: dict[str, Any]) -> Iterator[str]:
    headers, common = mail.get("headers"), mail.get("commonHeaders")
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, dict) and str(header.get("name")).lower() == "message-id" and isinstance(header.get("value"), str):
            yield header["value"]
    if isinstance(common, dict) and isinstance(common.get("messageId"), str):
        yield common["messageId"]
    if isinstance(mail.get("messageId"), str):
        yield f"<{mail['messageId']}@email.amazonses.com>"
