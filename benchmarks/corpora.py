"""Research corpora as exports of the generic kind: what no system writes and yet should load like anything else.

Each function reads a corpus as it was published and writes tables in Mayak's own words (docs/sources/generic.md) into a folder. They are used
by the benchmarks only; nothing of a corpus is kept.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

_IRC_LINE = re.compile(r"^\[(\d\d):(\d\d)\] (?:<([^>]+)> (.*)|\* (\S+) (.*))$")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")
#: The corpus of plagiarised answers: task letter → what was asked; the sources (orig_…) are reference material.
_TASKS = "abcde"


def _write(folder: Path, record: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{record}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def irc(corpus: Path, folder: Path) -> int:
    """The annotated help channel (Kummerfeld et al. 2019): one message per line of talk, service lines included. Returns the lines."""
    rows: list[tuple[object, ...]] = []
    for path in sorted(corpus.glob("*/*.raw.txt")):
        found = _DAY.search(path.name)
        day = datetime.fromisoformat(found.group(1)) if found else None
        last, hour = -1, 0
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
            talk = _IRC_LINE.match(line)
            at = last
            if talk:
                at = int(talk[1]) * 60 + int(talk[2])
                # The sample may run past midnight.
                hour += 24 * (at < last - 720)
                last = at
            sent = f"{day + timedelta(minutes=max(at, 0), hours=hour):%Y-%m-%dT%H:%M:%SZ}" if day else ""
            nick, text = (talk[3] or talk[5], talk[4] or talk[6]) if talk else (None, line)
            kind = "post" if talk and talk[3] else "service"
            rows.append((f"{path.stem}:{number}", "chat", path.stem, nick or "", sent, kind, len(text or ""), text))
    columns = ("message_id", "channel", "chat_id", "account_id", "sent_at", "kind", "chars", "text")
    _write(folder, "messages", columns, rows)
    return len(rows)


def forum(corpus: Path, folder: Path) -> int:
    """The forums of two courses for educators: one message per edge, its receiver as addressee; one account per node. Returns edges and nodes."""
    messages, addressees, accounts = [], [], []
    for course in ("DLT1", "DLT2"):
        edges = pd.read_csv(corpus / f"{course} Edgelist.csv", encoding="latin-1", dtype=str)
        edges.columns = [name.strip() for name in edges.columns]
        receiver = "Receiver" if "Receiver" in edges.columns else "Reciever"
        sent = pd.to_datetime(edges["Timestamp"], format="mixed", errors="coerce")
        for number, (sender, to, at) in enumerate(zip(edges["Sender"], edges[receiver], sent, strict=True)):
            key = f"{course}-{number}"
            messages.append((key, "forum", course, f"{course}-{sender}", "" if pd.isna(at) else at.isoformat(), "post"))
            addressees.append((key, f"{course}-{to}", "to"))
        nodes = pd.read_csv(corpus / f"{course} Nodes.csv", encoding="latin-1", dtype=str)
        accounts += [(f"{course}-{native}", "lms") for native in nodes[nodes.columns[0]]]
    _write(folder, "messages", ("message_id", "channel", "chat_id", "account_id", "sent_at", "kind"), messages)
    _write(folder, "addressees", ("message_id", "account_id", "role"), addressees)
    _write(folder, "accounts", ("account_id", "channel"), accounts)
    return len(messages) + len(addressees) + len(accounts)


def plagiarised_answers(corpus: Path, folder: Path) -> int:
    """The answers of Clough and Stevenson: one submission per answer, one task per question with its source as reference text."""
    answers = pd.read_csv(corpus / "file_information.csv").query("Category != 'orig'")
    rows = []
    for name, task in zip(answers["File"], answers["Task"], strict=True):
        text = (corpus / name).read_text(encoding="latin-1")
        rows.append((name, "assignment", name.split("_")[0], task, "clough_stevenson", "submitted", len(text), len(text.split()), text))
    columns = ("submission_id", "kind", "account_id", "task_id", "course_id", "state", "chars", "words", "text")
    _write(folder, "submissions", columns, rows)
    references = {task: corpus / f"orig_task{task}.txt" for task in _TASKS}
    tasks = [
        (task, "clough_stevenson", "assignment", path.read_text(encoding="latin-1")) for task, path in references.items() if path.exists()
    ]
    _write(folder, "tasks", ("task_id", "course_id", "kind", "intro"), tasks)
    return len(rows) + len(tasks)


def results(corpus: Path, folder: Path) -> int:
    """Results of a university's modules: one mark per student and part; students of its register as accounts."""
    marks, accounts = [], []
    for path in sorted(corpus.glob("Result Module*.csv")):
        table = pd.read_csv(path, dtype=str, encoding="latin-1")
        course = path.stem.removeprefix("Result ").strip()
        for part in [name for name in ("CW1", "CW2", "ESE") if name in table.columns]:
            marks += [
                (f"{course}:{student}:{part}", student, course, mark)
                for student, mark in zip(table["RollNumber"], table[part], strict=True)
                if isinstance(student, str)
            ]
    for path in sorted(corpus.glob("KMS Module*.csv")):
        table = pd.read_csv(path, dtype=str, encoding="latin-1")
        accounts += [(student, "lms") for student in table["RollNumber"] if isinstance(student, str)]
    _write(folder, "grades", ("grade_id", "account_id", "course_id", "grade"), marks)
    _write(folder, "accounts", ("account_id", "channel"), accounts)
    return len(marks) + len(accounts)


def open_edx_events(corpus: Path, folder: Path) -> int:
    """The events of a test suite, a file each, as one tracking log. Returns the events."""
    lines = [json.dumps(json.loads(path.read_bytes())) for path in sorted(corpus.glob("**/processors/tests/fixtures/current/*.json"))]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tracking.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def single_mails(corpus: Path, folder: Path) -> int:
    """Mails that lie as texts, one a file, as a folder of saved mails. Returns the mails."""
    mails = sorted(corpus.glob("*.txt"))
    (folder / "mails").mkdir(parents=True, exist_ok=True)
    for path in mails:
        (folder / "mails" / f"{path.stem}.eml").write_bytes(path.read_bytes())
    return len(mails)


#: Name of the corpus → how it becomes tables (or a log).
CORPORA: dict[str, Callable[[Path, Path], int]] = {
    "chat_irc_disentangle": irc,
    "mooced_forum": forum,
    "clough_stevenson": plagiarised_answers,
    "moodle_csv": results,
    "openedx": open_edx_events,
    "mail_flufl": single_mails,
}
