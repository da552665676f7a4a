"""A failed run is told to the engineers by mail, through a real SMTP server on loopback, without words that may quote a row."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from aiosmtpd.controller import Controller

from assets.alerts import failed_runs
from pipelines.errors import BadContract
from tests.conftest import SmallProgramme, configure

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def mails(small_programme: SmallProgramme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EmailMessage]]:
    """What arrives at the server that the settings name."""
    arrived: list[EmailMessage] = []

    class Keeper:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            arrived.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Keeper(), hostname="127.0.0.1", port=port)
    configure(monkeypatch, small_programme.exports, tmp_path)
    monkeypatch.setenv("MAYAK_MAIL_URL", f"smtp://127.0.0.1:{port}?tls=no")
    monkeypatch.setenv("MAYAK_MAIL_FROM", "mayak@example.org")
    controller.start()
    yield arrived
    controller.stop()


@dg.op
def refuses() -> None:
    raise BadContract("raw.enrolments: somebody_learns (0 rows)")


@dg.op
def breaks() -> None:
    raise ValueError("invalid input: 'Иванова Анна'")


@dg.job
def night() -> None:
    refuses()
    breaks()


def look(mails: list[EmailMessage]) -> None:
    """Let the job fail, and the sensor look at its failure."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = night.execute_in_process(instance=instance, raise_on_error=False)
        [event] = [event for event in result.all_events if event.event_type is dg.DagsterEventType.PIPELINE_FAILURE]
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs",
            dagster_event=event,
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            partition_key="2026-11-22",
        ).for_run_failure()
        failed_runs(context)


def test_the_engineers_are_told_which_run_failed_where_and_why(mails: list[EmailMessage], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAYAK_ALERT_TO", "one@example.org, two@example.org")
    look(mails)
    [mail] = mails
    assert mail["Subject"] == "Mayak: night for 2026-11-22 failed"
    assert mail["To"] == "one@example.org, two@example.org"
    said = mail.get_content()
    assert "- refuses: raw.enrolments: somebody_learns (0 rows)" in said
    assert "- breaks: ValueError; the run's log says more" in said
    assert "Иванова" not in said


def test_without_an_address_nobody_is_told_and_nothing_fails(mails: list[EmailMessage]) -> None:
    look(mails)
    assert mails == []
