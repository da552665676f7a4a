"""Rows of every real file: how many stand in it, how many were kept, how many rejected and why. Markdown for docs/evaluation/real_files.md.

``python -m benchmarks.real_files --data ../shared/data`` loads every file of the folder that has a reader into a warehouse in memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.corpora import CORPORA
from pipelines.loading import Load, load_source
from pipelines.programme import Programme, Source
from pipelines.progress import show_progress
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources import READERS
from pipelines.warehouse import Warehouse

PSEUDONYMS = Pseudonyms(b"evaluation-of-files-only")
RUN_AT = datetime(2026, 11, 22, tzinfo=UTC)
#: More files than this are shown as a sum: mailboxes are called by their owners' names.
FILES_SHOWN = 8


@dataclass(frozen=True)
class Sample:
    """Real exports of one kind: where they lie below the folder of real data, which files of it, and what they are."""

    what: str
    kind: str
    path: str
    #: Only files whose names begin so; the folder holds others too. Empty: the folder is one source.
    begins: tuple[str, ...] = ()
    #: Only the files that match one of them.
    patterns: tuple[str, ...] = ()
    #: No export but a research corpus: written as tables in Mayak's own words first (benchmarks/corpora.py).
    corpus: bool = False


SAMPLES: tuple[Sample, ...] = (
    Sample("Moodle logs of a university", "moodle_logs", "moodle_csv", ("Moodle Module",)),
    Sample("Moodle logs of the programme, English and Russian", "moodle_logs", "moodle_db/csv", ("logs_",)),
    Sample("Moodle completion reports, English and Russian", "moodle_reports", "moodle_db/csv", ("coursecompletion_", "progress_")),
    Sample("Telegram export of a public supergroup", "telegram", "telegram"),
    Sample("Telegram exports of the programme", "telegram", "moodle_channels/telegram"),
    Sample("Mailboxes of the programme", "mailbox", "moodle_channels/mail"),
    Sample("Zoom lists of the programme", "zoom", "moodle_channels/webinar"),
    Sample("Surveys of the programme", "survey_csv", "moodle_channels/survey"),
    Sample("WhatsApp exports", "whatsapp", "chat_whatsapp", ("english", "german", "pokemon", "rwhatsapp")),
    Sample("Slack export", "slack", "chat_slack_export"),
    Sample("Discord export", "discord", "chat_discord"),
    Sample("Bounces and auto-replies (Sisimai)", "mailbox", "mail_sisimai"),
    Sample("Bounces (flufl)", "mailbox", "mail_flufl", corpus=True),
    Sample("Odd mails (mikel)", "mailbox", "mail_mikel"),
    Sample("BigBlueButton learning dashboard", "bigbluebutton", "webinar/bbb"),
    Sample("Teams attendance", "teams", "webinar/teams"),
    Sample(
        "Open edX tracking logs",
        "openedx",
        "openedx",
        patterns=(
            "**/*[!s]_tracking*.log",
            "**/*trends_tracking.log",
            "**/tracking.log",
            "**/student_forum_activity.log",
            "**/video_timeline.log",
        ),
    ),
    Sample("Open edX events of a test suite", "openedx", "openedx", corpus=True),
    Sample("xAPI statements of a test suite", "xapi", "openedx", patterns=("**/xapi/tests/fixtures/expected/*.json",)),
    Sample("OULAD", "oulad", "oulad"),
    Sample("University results and register", "generic", "moodle_csv", corpus=True),
    Sample("IRC help channel", "generic", "chat_irc_disentangle", corpus=True),
    Sample("Forums of two courses for educators", "generic", "mooced_forum", corpus=True),
    Sample("Plagiarised answers", "generic", "clough_stevenson", corpus=True),
)


def load_samples(data: Path, samples: Sequence[Sample] = SAMPLES) -> Iterator[tuple[Sample, Load]]:
    """Load each sample that is there into a warehouse of its own; one (sample, load) per file."""
    for sample in samples:
        if not (data / sample.path).exists():
            continue
        paths = [data / sample.path]
        if sample.begins:
            paths = sorted(path for path in paths[0].iterdir() if path.name.startswith(sample.begins))
        if sample.patterns:
            paths = sorted({path for pattern in sample.patterns for path in paths[0].glob(pattern)})
        with tempfile.TemporaryDirectory() as folder, Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            if sample.corpus:
                CORPORA[sample.path](paths[0], Path(folder))
                paths = [Path(folder)]
            for number, path in enumerate(paths, 1):
                source = Source(name=f"files_{number}", kind=sample.kind, path=path)
                programme = Programme(id="files", name="files", folder=data, sources=(source,))
                for load in load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=RUN_AT):
                    yield sample, load


def table(loads: Sequence[tuple[Sample, Load]]) -> str:
    """One Markdown line per file and, where a sample has several, one of the sum; reasons with their counts, problems as they are.

    Of many files, and of those that are called by pseudonyms, those alone that lost rows.
    """
    lines = ["| what | file | present | kept | rejected | reasons |", "|---|---|---:|---:|---:|---|"]
    for sample in dict.fromkeys(sample for sample, _ in loads):
        own = [load for of, load in loads if of is sample]
        has_pseudonyms = getattr(READERS[sample.kind], "items_name_people", False)
        reasons: Counter[str] = Counter()
        for load in own:
            reasons.update(load.reasons)
            if (len(own) <= FILES_SHOWN and not has_pseudonyms) or load.state == "failed" or load.rejected:
                lines.append(_line(sample.what, load.item or load.source, _rows(load), load.reasons, load.problem))
        if len(own) > 1 or has_pseudonyms:
            sums = tuple(sum(numbers) for numbers in zip(*(_rows(load) for load in own), strict=True))
            lines.append(_line(sample.what, f"all {len(own)}", sums, reasons, None))
    return "\n".join(lines) + "\n"


def _rows(load: Load) -> tuple[int, ...]:
    return tuple(sum(counts.values()) for counts in (load.seen, load.kept, load.rejected))


def _line(what: str, name: str, rows: tuple[int, ...], reasons: dict[str, int], problem: str | None) -> str:
    why = problem or ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items())) or "–"
    return f"| {what} | {name} | " + " | ".join(f"{number:,}".replace(",", "\u202f") for number in rows) + f" | {why} |"


def main() -> None:
    """Load and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    loads = []
    with show_progress(Console(stderr=True), len(SAMPLES)) as progress:
        for sample in SAMPLES:
            progress.start(sample.what)
            found = list(load_samples(given.data.resolve(), [sample]))
            progress.done(f"files {len(found)}")
            loads += found
    sys.stdout.write(table(loads))


if __name__ == "__main__":
    main()
