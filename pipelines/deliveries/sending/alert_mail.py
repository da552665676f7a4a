"""The mail to the engineers when a run has failed: which run, at which steps, and what Mayak's own errors say of it.

English, plain text, no personal data: errors raised on purpose hold none (:mod:`pipelines.errors`); of any other only its class is told, for its words may
quote a row. It is sent at once and goes through no outbox: the warehouse may be what failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pipelines.deliveries.sending.outbox import Server


def alert_mail(run: str, problems: Sequence[str], *, sender: str, addresses: Sequence[str], at: datetime) -> EmailMessage:
    """``run``: which run, as a person knows it ("daily for 2026-11-22"). ``problems``: one line per failed step. ``at``: the mail's date."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, ", ".join(addresses)
    message["Subject"] = f"Mayak: {run} failed"
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"
    lines = [
        f"{run} failed:",
        "",
        *(f"- {problem}" for problem in problems),
        "",
        "What to do: docs/runbook.md. The run may be repeated at any time.",
    ]
    message.set_content("\n".join(lines) + "\n")
    return message


def send_alert(message: EmailMessage, server: Server) -> None:
    """Hand the mail over. Raises BadConfiguration for an address that is no server's, OSError or smtplib.SMTPException where it is not taken."""
    with server.open() as connection:
        connection.send_message(message)
