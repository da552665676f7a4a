"""Who learns that a run has failed: a mail to MAYAK_ALERT_TO, through the server that mails the lists."""

from datetime import UTC, datetime

import dagster as dg
from dagster._utils.error import SerializableErrorInfo

from pipelines import errors
from pipelines.deliveries.sending.alert_mail import alert_mail, send_alert
from pipelines.deliveries.sending.outbox import Server
from pipelines.settings import read_settings

_OURS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.MayakError)}


def problem_of(step: str, error: SerializableErrorInfo | None) -> str:
    """One line about a failed step: the words of an error raised on purpose, of any other its class alone."""
    causes = []
    while error is not None:
        causes.append(error)
        error = error.cause
    name = step.replace("__", "/")
    for cause in causes:
        if cause.cls_name in _OURS:
            return f"{name}: {' '.join(cause.message.split()).partition(': ')[2]}"
    return f"{name}: {causes[-1].cls_name if causes else 'an unknown error'}; the run's log says more"


@dg.run_failure_sensor(
    name="failed_runs",
    description="Mails MAYAK_ALERT_TO which run failed, at which steps and why. Does nothing where MAYAK_ALERT_TO, MAYAK_MAIL_URL or MAYAK_MAIL_FROM is not set.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    """Every failed run of this code location, once."""
    settings = read_settings()
    if not (settings.alert_addresses and settings.mail_url and settings.mail_from):
        context.log.info("MAYAK_ALERT_TO, MAYAK_MAIL_URL or MAYAK_MAIL_FROM is not set: nobody is told")
        return
    day = f" for {context.partition_key}" if context.partition_key else ""
    problems = [problem_of(event.step_key or "?", event.step_failure_data.error) for event in context.get_step_failure_events()] or [
        "before its first step; the run's log says more"
    ]
    message = alert_mail(
        f"{context.dagster_run.job_name}{day}",
        problems,
        sender=settings.mail_from,
        addresses=settings.alert_addresses,
        at=datetime.now(UTC),
    )
    send_alert(message, Server(settings.mail_url.get_secret_value()))
