"""Good files to begin with: the fixtures, what tests build, and real files where they are present."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.unit.sources.worlds import WRITERS
from tests.unit.sources.worlds.happening import EVENTFUL, WHOLE

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
#: Of a large real file, the beginning.
SEED_BYTES = 60_000
WHOLE_BYTES = 300_000
#: Real files of one kind: more say little more.
REAL_FILES = 40

#: Kind → folders of fixtures, patterns of real files.
PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "moodle_logs": (("moodle_logs",), ("moodle_db/csv/logs_*.csv.gz", "moodle_csv/**/*.csv")),
    "moodle_reports": (("moodle_reports",), ("moodle_db/csv/[cp]*.csv.gz",)),
    "telegram": (("telegram",), ("telegram/*.json", "moodle_channels/telegram/**/*.json.gz")),
    "mailbox": (("mail",), ("mail_sisimai/**/*.eml", "mail_flufl/*.txt", "mail_mikel/**/*.eml", "moodle_channels/**/*.mbox*")),
    "zoom": (("zoom",), ("moodle_channels/webinar/*.csv",)),
    "teams": (("teams",), ("webinar/**/*eams*",)),
    "meet": (("meet",), ()),
    "bigbluebutton": (("bigbluebutton",), ("webinar/**/*.json",)),
    "attendance_csv": (("attendance_csv",), ()),
    "mts_link": (("mts_link",), ()),
    "survey_csv": (("surveys",), ("moodle_channels/survey/*.csv",)),
    "openedx": (("openedx",), ("openedx/**/*.json",)),
    "xapi": (("xapi",), ("openedx/**/*.json",)),
    "whatsapp": (("whatsapp",), ("chat_whatsapp/*.txt",)),
    # Nothing but a whole archive is looked into: see _built.
    "vk": ((), ()),
    "slack": (("slack",), ("chat_slack_export/*.zip",)),
    "mattermost": (("mattermost",), ()),
    "rocketchat": (("rocketchat",), ()),
    "discord": (("discord",), ("chat_discord/*.json",)),
    "max": (("max",), ()),
    "moodle_participants": (("moodle_participants",), ()),
    "moodle_grades": (("moodle_grades",), ()),
    "moodle_submissions": (("moodle_submissions",), ()),
    "moodle_forums": ((), ()),
    "generic": (("generic",), ()),
}


@dataclass(frozen=True)
class Seed:
    """One good file: what it is called where it lies, and its bytes."""

    kind: str
    name: str
    content: bytes


def seeds(kind: str) -> list[Seed]:
    """Good files of a kind, in a fixed order; empty where there are none."""
    folders, patterns = PLACES[kind]
    found: list[Seed] = []
    for folder in folders:
        root = FIXTURES / folder
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            found.append(Seed(kind, path.relative_to(root).as_posix(), path.read_bytes()))
    for pattern in patterns:
        paths = sorted(path for path in REAL.glob(pattern) if path.is_file())
        for path in paths[:: max(1, len(paths) // REAL_FILES)][:REAL_FILES]:
            # A table or a mailbox cut at its end is still one; anything else is taken whole or not at all.
            # Packed ones are damaged inside: damage to a packed file is told by its checksum.
            name, content = path.name, path.read_bytes()
            if path.suffix == ".gz":
                name, content = path.stem, gzip.decompress(content)
            if name.endswith((".csv", ".txt", ".mbox")):
                found.append(Seed(kind, name, content[:SEED_BYTES]))
            elif len(content) <= WHOLE_BYTES:
                found.append(Seed(kind, name, content))
    return [*found, *_built(kind)]


#: Exports that are folders or archives: the worlds' writers make them, an archive is one file to damage.
_WRITTEN = ("vk", "slack", "mattermost", "rocketchat", "moodle_submissions", "moodle_grades", "moodle_participants", "moodle_forums")

#: Fixtures of a kind that people would pack together.
_TOGETHER = {
    "moodle_logs": ("english_with_bom.csv", "russian_headers.csv"),
    "moodle_reports": ("progress_en.csv", "course_completion_ru.csv"),
    "moodle_participants": ("english.csv", "russian_with_roles.csv"),
    "moodle_grades": ("english.csv", "export.xml", "DIGI-Test 1-grades.csv"),
    "zoom": ("english.csv", "poll_report.csv"),
    "teams": ("sections_us.csv", "list_russian.csv"),
    "meet": ("log_events.csv", "Attendance - abc-defg-hij - 2026-09-08.csv"),
    "bigbluebutton": ("learning_dashboard.json", "events.xml"),
    "attendance_csv": ("documented.csv", "minutes_only.csv"),
    "mts_link": ("september.json",),
    "survey_csv": ("google_russian.csv", "moodle_feedback_russian.csv"),
}


def _built(kind: str) -> list[Seed]:
    """Seeds that are built by code: archives and tables."""
    if kind == "generic":
        text = "activity_id,account_id,occurred_at,action\n" + "".join(
            f"{n},{n % 7},2026-11-{n % 28 + 1:02}T10:00:00Z,viewed\n" for n in range(50)
        )
        return [Seed(kind, "activity.csv", text.encode())]
    archives = []
    if kind in _TOGETHER:
        (folder,) = PLACES[kind][0]
        archives = [Seed(kind, f"{folder}.zip", _packed((name, FIXTURES / folder / name) for name in _TOGETHER[kind]))]
    return [*archives, *(_of_a_world(kind) if kind in _WRITTEN else [])]


def _of_a_world(kind: str) -> list[Seed]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        WRITERS[kind].write(EVENTFUL, WHOLE, root)
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        if len(files) == 1:
            return [Seed(kind, files[0].name, files[0].read_bytes())]
        (export,) = root.iterdir()
        return [Seed(kind, "export.zip", _packed((path.relative_to(export).as_posix(), path) for path in files))]


def _packed(files: Iterable[tuple[str, Path]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files:
            # The same bytes every time: a case is repeated by its number.
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 22, 12, 0, 0)), path.read_bytes())
    return packed.getvalue()
