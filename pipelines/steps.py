"""What a day's and a week's run consist of, step by step: the one implementation behind the command line and the Dagster assets.

A step opens the warehouse late and closes it early, because DuckDB lets one process at a time have the file and dbt and Great
Expectations open it for themselves. Every step may be repeated and gives what it gave before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines import erasure, marks, ownership
from pipelines.as_of import known_until
from pipelines.calendar import write_programme
from pipelines.deliveries.lists import list_mail, list_telegram, lists
from pipelines.deliveries.page import snapshot
from pipelines.deliveries.page.store import Store
from pipelines.deliveries.report import frozen, reports
from pipelines.deliveries.sending import outbox
from pipelines.deliveries.shared.language import Language
from pipelines.errors import BadConfiguration, BadContract, PermanentError, TransientError
from pipelines.links import acknowledgements, feedback
from pipelines.links.conversations import novelty, questions, repeated_questions, replies, threads
from pipelines.links.copies import copies
from pipelines.links.people import people
from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source, read_programme
from pipelines.progress import ProgressReporter, SilentProgress
from pipelines.raw_checks import Finding, check_raw
from pipelines.risk import backtest, evaluation_page, scoring
from pipelines.settings import Settings
from pipelines.thresholds import THRESHOLDS_FILE
from pipelines.transform import run_dbt
from pipelines.warehouse import Warehouse

#: Days around the data for which the calendar is written: streams are planned half a year ahead, history is looked at two years back.
CALENDAR_DAYS_BACK, CALENDAR_DAYS_AHEAD = 800, 200
#: Seconds that a step waits for a reader (``mayak status``, ``mayak explain``) to close the warehouse: they are done within a few.
READERS_PATIENCE = 30


@dataclass
class Run:
    """One run: for which installation, for which day.

    ``as_of``: the last day that is known to its end (programme's time zone). ``run_at``: the caller's clock, written into the ledger.
    """

    settings: Settings
    as_of: date
    run_at: datetime
    progress: ProgressReporter = field(default_factory=SilentProgress)

    @cached_property
    def programme(self) -> Programme:
        """The programme file."""
        return read_programme(self.settings.programme)

    @contextmanager
    def warehouse(self, *, read_only: bool = False) -> Iterator[Warehouse]:
        """The warehouse, open for the length of the block. Waits for somebody who is looking at it (``mayak status``)."""
        settings = self.settings
        with Warehouse.open(
            settings.warehouse_path, read_only=read_only, memory_limit=settings.memory_limit, patience=READERS_PATIENCE
        ) as warehouse:
            yield warehouse

    @contextmanager
    def as_known(self) -> Iterator[Warehouse]:
        """The warehouse with ``raw`` as it was known at the end of the day: what the links are made of."""
        end = datetime.combine(self.as_of + timedelta(days=1), time(), self.programme.zone)
        with self.warehouse() as warehouse, known_until(warehouse, end):
            yield warehouse

    def claim(self, warehouse: Warehouse) -> None:
        """Is the warehouse this programme's, and under this key? Raises BadConfiguration where it is not."""
        ownership.claim(warehouse, self.settings.warehouse_path, self.programme.id, self.settings.pseudonyms)

    def on(self, day: date) -> Run:
        """The same run for another day."""
        return replace(self, as_of=day)


@dataclass(frozen=True)
class Outcome:
    """What a step did: rows by relation, and lines worth reading (no personal data in either)."""

    rows: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{name} {count:,}".replace(",", "\u202f") for name, count in self.rows.items()) or "nothing to do"


def prepare(run: Run) -> Outcome:
    """Make the schemas; write the programme file's streams, curators and calendar as tables; take in what curators marked since.

    Raises BadConfiguration for a day that lies ahead, or a warehouse of another programme or key.
    """
    with run.warehouse() as warehouse:
        warehouse.create_schemas()
        run.claim(warehouse)
        _not_ahead(run, warehouse)
        from_day, until_day = run.as_of - timedelta(days=CALENDAR_DAYS_BACK), run.as_of + timedelta(days=CALENDAR_DAYS_AHEAD)
        write_programme(warehouse, run.programme, from_day=from_day, until_day=until_day)
        _take_marks(run, warehouse)
        tables = ("programme_streams", "programme_curators", "calendar_days", "marks")
        return Outcome({f"raw.{table}": warehouse.value(f"select count(*) from raw.{table}") for table in tables})


def _not_ahead(run: Run, warehouse: Warehouse) -> None:
    """A day that has not begun, of which nothing was read either, is a slip of the pen: everybody would be silent until then, and the history of links dated by it."""
    read_until = warehouse.value("select max(covers_until) from raw.loads where state = 'loaded'")
    latest = max(moment.astimezone(run.programme.zone).date() for moment in (run.run_at, read_until) if moment)
    if run.as_of > latest:
        raise BadConfiguration(
            f"as of {run.as_of}: this day lies ahead of the clock and of everything that was read; the last one possible is {latest}"
        )


def load(run: Run, source: Source) -> list[Load]:
    """Load what is new in one source. A source that is missing or broken is in the result, and the run goes on.

    Only where the programme file calls the source required: raises TransientError when its server is away, PermanentError when it cannot be read.
    Raises BadConfiguration for a warehouse of another programme or key.
    """
    with run.warehouse() as warehouse:
        warehouse.create_schemas()
        run.claim(warehouse)
        loads = load_source(
            warehouse, run.programme, source, pseudonyms=run.settings.pseudonyms, run_at=run.run_at,
            url=run.settings.url_of(source.name), token=run.settings.token_of(source.name),
        )  # fmt: skip
        erasure.hold(warehouse)
    failed = [item for item in loads if item.state == "failed"]
    for item in failed:
        run.progress.note(f"{source.name}: {item.problem}")
    if failed and source.required:
        worth_another_try = all(item.transient for item in failed)
        raise (TransientError if worth_another_try else PermanentError)(
            f"source {source.name} is required and could not be read: {failed[0].problem}"
        )
    return loads


def tell_loads(loads: list[Load]) -> Outcome:
    """Loads summed up."""
    rows: dict[str, int] = {}
    for state in ("loaded", "unchanged", "failed"):
        if count := sum(item.state == state for item in loads):
            rows[state] = count
    kept, rejected = (sum(sum(getattr(item, what).values()) for item in loads) for what in ("kept", "rejected"))
    return Outcome({**rows, "rows": kept, **({"rejected": rejected} if rejected else {})})


def check(run: Run) -> list[Finding]:
    """Run the Great Expectations suites on the raw tables. Raises BadContract when a critical expectation fails."""
    # A day in the programme's zone may end after the same day in UTC, and tonight's run sees the small hours of the next one.
    findings = check_raw(run.settings.warehouse_path, latest=max(run.as_of, run.run_at.date()) + timedelta(days=1))
    failed = [finding for finding in findings if not finding.passed]
    for finding in failed:
        run.progress.note(f"raw.{finding.table}: {finding.rule}: {finding.observed}")
    critical = [f"raw.{finding.table}: {finding.rule} ({finding.observed}): {finding.why}" for finding in failed if finding.critical]
    if critical:
        with run.warehouse(read_only=True) as warehouse:
            away = warehouse.rows("select distinct source from raw.loads where state = 'failed' order by source")
        hint = f" Loads failed of {', '.join(name for (name,) in away)}: `mayak doctor` says why." if away else ""
        raise BadContract(f"the raw tables do not hold what the rest relies on: {' '.join(critical)}{hint}")
    return findings


def _summed(*summaries: Any) -> Outcome:
    """Summaries of the links (dataclasses of counts) as one outcome; counts of nothing are left out."""
    counts: dict[str, int] = {}
    for summary in summaries:
        for name, value in asdict(summary).items():
            counts |= {f"{name} {part}": count for part, count in value.items()} if isinstance(value, dict) else {name: value}
    return Outcome({name: count for name, count in counts.items() if count})


def link_people(run: Run) -> Outcome:
    """Who is who, and which chat, webinar and survey belongs to which course."""
    with run.as_known() as warehouse:
        return _summed(*people.link_people_and_places(warehouse, run.programme, run.as_of))


def link_conversations(run: Run) -> Outcome:
    """Threads of mail, questions, who answered them, and questions asked again."""
    with run.as_known() as warehouse:
        found: list[Any] = [threads.link_threads(warehouse)]
        since = novelty.first_to_relate(warehouse)
        found += [
            questions.link_questions(warehouse, since=since, is_related=True),
            replies.link_replies(warehouse, since=since, is_related=True),
        ]
        found.append(repeated_questions.link_repeated_questions(warehouse, since=since))
        # Last: what broke off on the way is done again by the next run.
        novelty.note_related(warehouse)
        return _summed(*found)


def link_notices(run: Run) -> Outcome:
    """Notices and what shows that they arrived."""
    with run.as_known() as warehouse:
        return _summed(acknowledgements.link_acknowledgements(warehouse))


def link_copies(run: Run) -> Outcome:
    """Submissions that repeat earlier submissions or messages."""
    with run.as_known() as warehouse:
        return _summed(copies.link_copies(warehouse))


def link_feedback(run: Run) -> Outcome:
    """What the markers' comments are worth."""
    with run.as_known() as warehouse:
        return _summed(feedback.link_feedback(warehouse))


def transform(run: Run, select: str) -> Outcome:
    """Build the dbt models of one or more stages ("facts indicators", "reports") and run their tests."""
    result = run_dbt(run.settings.warehouse_path, select, programme=run.programme, as_of=run.as_of)
    return Outcome({"models": result.models, "tests": result.tests}, tuple(result.warnings))


def score(run: Run) -> Outcome:
    """Train where history has grown, score the learners of running streams for the day."""
    with run.warehouse() as warehouse:
        return Outcome(scoring.score_day(warehouse, run.as_of, models_folder=run.settings.models_folder).rows)


def deliver_lists(run: Run) -> list[Path]:
    """Write every curator's list for the day; returns the files."""
    folder = run.settings.deliveries_folder
    with run.warehouse() as warehouse:
        # Once more: somebody may have marked a line while the run worked, and the next list should know.
        _take_marks(run, warehouse)
        made = lists.build_lists(warehouse, run.programme, run.as_of)
        one = run.programme.lists.language
        files = lists.write_lists(made, folder, (one,) if one else run.programme.languages)
        lists.remember(warehouse, made, run.as_of, files)
        # A day of the past that is run again (a backfill, a list written anew) is no morning: curators would work through last week's list.
        shown = snapshot.day_shown(run.settings.page_day)
        if shown is None or shown <= run.as_of:
            snapshot.write(warehouse, made, run.programme, run.as_of, run.settings.page_day)
        else:
            run.progress.note(f"the curators' page shows {shown}, a later day, and keeps it")
    return [folder / file.path for file in files]


def _take_marks(run: Run, warehouse: Warehouse) -> None:
    """Bring what curators said since the last run into the warehouse: from the page, and from workbooks that were dropped."""
    if not run.settings.page_store.exists() and not run.settings.returned_folder.is_dir():
        return
    store = Store(run.settings.page_store)
    _, problems = marks.returned(run.settings.returned_folder, run.programme, store, run.run_at)
    for problem in problems:
        run.progress.note(problem)
    marks.take_marks(warehouse, store)


def mail_lists(run: Run) -> Outcome:
    """Send each curator their list, once; try again what failed before; note what came back.

    Only the list of the run's own morning is put into the outbox: a run for an earlier day writes its lists and mails nobody.
    """
    settings, programme = run.settings, run.programme
    if settings.mail_url is None or settings.mail_from is None:
        return Outcome()
    server = outbox.Server(settings.mail_url.get_secret_value())
    is_todays = run.run_at.astimezone(programme.zone).date() == run.as_of + timedelta(days=1)
    with run.warehouse() as warehouse:
        warehouse.create_schemas()
        queued = 0
        if is_todays:
            made = lists.build_lists(warehouse, programme, run.as_of)
            addresses = dict(warehouse.rows("select person_id, email from reports.rpt_people where email is not null"))
            mails = [
                list_mail.list_mail(
                    item, Language(item.language, item.zone), sender=settings.mail_from, address=addresses[item.curator_id], at=run.run_at,
                    page_url=settings.page_url,
                )
                for item in made
                if item.curator_id in addresses
            ]  # fmt: skip
            queued = outbox.queue(warehouse, mails, run.as_of, settings.outbox_folder, run.run_at)
            if without := sum(item.curator_id not in addresses for item in made):
                run.progress.note(f"{without} curators have no address: their lists lie in the folder of deliveries")
        done = outbox.send(warehouse, server, settings.outbox_folder, run.run_at)
        realms = {source.realm or "mail" for source in programme.sources if source.kind in ("mailbox", "imap")}
        names = settings.pseudonyms
        bounced = sum(
            outbox.note_bounces(warehouse, lambda given, realm=realm: f"{realm}:{names.of(f'{realm}:message', given)}")  # type: ignore[misc]
            for realm in sorted(realms)
        )
        for day, kind, state, attempts, problem, count in outbox.unsent(warehouse):
            run.progress.note(f"mail: {count} {kind} of {day} {state} after {attempts} attempts: {problem or 'not tried yet'}")
    return Outcome({"queued": queued, "sent": done.sent, "failed": done.failed, "refused": done.refused, "bounced": bounced})


def message_lists(run: Run) -> Outcome:
    """Tell curators of their lists by Telegram, once: those whom the programme file names, and only of the run's own morning."""
    settings, programme = run.settings, run.programme
    if settings.telegram_token is None or not programme.lists.telegram:
        return Outcome()
    bot = outbox.Bot(settings.telegram_url, settings.telegram_token.get_secret_value())
    queued = 0
    with run.warehouse() as warehouse:
        warehouse.create_schemas()
        if run.run_at.astimezone(programme.zone).date() == run.as_of + timedelta(days=1):
            chats = {
                person: programme.lists.telegram[username]
                for person, username in warehouse.rows(
                    "select links.people.person_id, personal.accounts.username from links.people inner join personal.accounts using (account_id) "
                    "inner join raw.accounts using (account_id) where raw.accounts.channel = 'lms'"
                )
                if username in programme.lists.telegram
            }
            messages = [
                list_telegram.list_message(
                    item, Language(item.language, item.zone), chat_id=chats[item.curator_id], with_names=programme.lists.telegram_names, page_url=settings.page_url
                )
                for item in lists.build_lists(warehouse, programme, run.as_of)
                if item.curator_id in chats and item.lines
            ]  # fmt: skip
            queued = outbox.queue(warehouse, messages, run.as_of, settings.outbox_folder, run.run_at)
        done = outbox.send_messages(warehouse, bot, settings.outbox_folder, run.run_at)
    for state, count in (("will be tried again", done.failed), ("were refused", done.refused)):
        if count:
            run.progress.note(f"telegram: {count} messages {state}")
    return Outcome({"queued": queued, "sent": done.sent, "failed": done.failed, "refused": done.refused})


def deliver_report(run: Run) -> list[Path]:
    """Keep leadership's report of the week that ends on ``run.as_of``; returns the files of the current version.

    A report is frozen: what was made is never written to again. Where something that came to light since changes what it says, a new version
    stands beside the old one, and both are listed. Raises BadFile where a frozen file is no longer what was made.
    """
    folder = run.settings.deliveries_folder
    with run.warehouse() as warehouse:
        report = reports.build_report(warehouse, run.programme, run.as_of)
        inputs = {**reports.input_hashes(warehouse, run.as_of), **_sources(warehouse), "thresholds": _digest(THRESHOLDS_FILE)}
        made, is_new = frozen.freeze(report, folder, run.programme.languages, inputs=inputs, made_at=run.run_at)
        reports.remember_report(warehouse, run.as_of, folder)
    if not is_new:
        run.progress.note(f"the report of this week says what it said: version {made.version}")
    elif len(frozen.versions(folder, run.as_of)) > 1:
        run.progress.note(f"the report of this week says something new: version {made.version}; the earlier ones stand beside it")
    return sorted(path for path in (folder / made.place).iterdir())


def deliver_evaluation(run: Run) -> list[Path]:
    """Write the page that says how far the forecasts may be trusted, in every language of the programme; returns its files.

    Of what was really said up to ``run.as_of``; no model is asked again, nobody is named, small groups are hidden. Repeatable: the day's files are replaced.
    """
    folder = run.settings.deliveries_folder / "evaluation" / run.as_of.isoformat()
    with run.warehouse() as warehouse:
        told = backtest.said(warehouse, run.as_of)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for language in run.programme.languages:
        files.append(folder / f"evaluation.{language}.html")
        files[-1].write_text(evaluation_page.render(told, language, said_until=run.as_of), encoding="utf-8")
    return files


def _sources(warehouse: Warehouse) -> dict[str, str]:
    """Source → hash of the fingerprints of everything loaded from it."""
    rows = warehouse.rows(
        "select source, string_agg(item || fingerprint, chr(31) order by item, fingerprint) from raw.loads where state = 'loaded' group by source"
    )
    return {f"source {name}": sha256(told.encode()).hexdigest() for name, told in rows}


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Step:
    """A step of a run as a person follows it."""

    name: str
    do: Callable[[Run], Outcome]


def _checked(run: Run) -> Outcome:
    findings = check(run)
    return Outcome({"expectations": len(findings), "failed": sum(not finding.passed for finding in findings)})


def _loaded(source: Source, run: Run) -> Outcome:
    return tell_loads(load(run, source))


def _written(files: list[Path]) -> Outcome:
    return Outcome({"files": len(files)})


def daily(programme: Programme) -> list[Step]:
    """The steps of a day, in order."""
    loading = [Step(f"read {source.name}", partial(_loaded, source)) for source in programme.sources]
    return [
        *loading,
        # After the loads: curators are named by their LMS user names.
        Step("programme and calendar", prepare),
        Step("check raw tables", _checked),
        Step("link people", link_people),
        Step("link conversations", link_conversations),
        Step("link notices", link_notices),
        Step("link copies", link_copies),
        Step("link feedback", link_feedback),
        Step("facts and indicators", lambda run: transform(run, "facts indicators")),
        Step("risk", score),
        Step("reports", lambda run: transform(run, "reports")),
        Step("curators' lists", lambda run: _written(deliver_lists(run))),
        Step("mail", mail_lists),
        Step("messages", message_lists),
    ]


def weekly(programme: Programme) -> list[Step]:
    """The steps of a week's report: the day's steps, then the report and the page that says how far the forecasts may be trusted."""
    return [
        *daily(programme),
        Step("leadership report", lambda run: _written(deliver_report(run))),
        Step("evaluation page", lambda run: _written(deliver_evaluation(run))),
    ]


def carry_out(run: Run, steps: list[Step]) -> None:
    """Do the steps one after another, reporting each. The first error ends the run; what is done stays and is not done twice."""
    for step in steps:
        run.progress.start(step.name)
        outcome = step.do(run)
        run.progress.done(str(outcome))
        for line in outcome.notes:
            run.progress.note(line)
