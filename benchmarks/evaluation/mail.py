"""What is read of reports, automatic answers and odd encodings, held against other people's collections of mail.

``python -m benchmarks.evaluation.mail --data ../shared/data`` prints the figures. Truth (``mail_truth.json``): whom each report is about and what
became of the mail, as two other programs read it (Sisimai 4.25 for Perl, flufl.bounce 6.0), machine-readable fields first; where the two differ,
or neither knows the format, read by eye. Addresses stand in it as hashes: the collections are not part of the project.

The rules for notices in words were written with these collections in sight: the figures are in-sample. Held out is nothing, and other servers'
words will be read less well.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.evaluation import Figure, f1, render, share
from pipelines.programme import Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.mail.mailbox import MailboxReader
from pipelines.sources.reading import Batch, Context, Item

TRUTH = Path(__file__).with_name("mail_truth.json")
COLLECTIONS = {"mail_sisimai": "maildir/**/*.eml", "mail_flufl": "*.txt", "mail_mikel": "**/*.eml"}


class _Plain(Pseudonyms):
    """Identifiers as they are, so that what was read can be held against hashes of them."""

    def __init__(self) -> None:
        super().__init__(b"no secret is kept here")

    def of(self, realm: str, native_id: str) -> str:
        return native_id


@dataclass(frozen=True)
class Read:
    """What the reader made of one mail."""

    kind: str | None
    recipients: frozenset[str]
    states: frozenset[str]
    subject: str | None
    about: frozenset[str]


def read(path: Path, name: str) -> Read:
    """One mail through the reader, as any .eml file is read."""
    context = Context(_Plain(), ZoneInfo("UTC"), "en")
    rows = [
        row
        for event in MailboxReader().read(Source(name="mail", kind="mailbox"), Item(path.name, path), context)
        if isinstance(event, Batch) and event.record == "messages"
        for row in event.table.to_pylist()
    ]
    return Read(
        rows[0]["kind"] if rows else None,
        frozenset(hashed(name, row["about_account_id"]) for row in rows if row["about_account_id"]),
        frozenset(row["delivery_state"] for row in rows if row["delivery_state"]),
        rows[0]["subject"] if rows else None,
        frozenset(row["about_message_id"].rpartition(":")[2] for row in rows if row["about_message_id"]),
    )


def returned_ids(path: Path) -> set[str]:
    """Message-IDs of the mail that a report gives back or names, as the standard library finds them: empty where there is none, or no such part."""
    content = path.read_bytes()
    mail = message_from_bytes(content.partition(b"\n")[2] if content.startswith(b"From ") else content, policy=policy.compat32)
    found: list[str | None] = []
    for part in mail.walk():
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list):
            found += [str(inner["Message-ID"]) for inner in payload if inner["Message-ID"]]
        elif kind == "text/rfc822-headers" and isinstance(payload, str):
            found.append(message_from_bytes(part.get_payload(decode=True), policy=policy.compat32)["Message-ID"])  # type: ignore[arg-type]
        elif kind == "message/disposition-notification" and isinstance(payload, list):
            found += [str(block["Original-Message-ID"]) for block in payload if block["Original-Message-ID"]]
    return {inside for one in found if one for inside in re.findall(r"<\s*([^<>\s]+)\s*>", str(one))}


def hashed(name: str, address: str) -> str:
    """An address of one file of the truth."""
    return blake2b(f"{name}\x1f{address}".encode(), digest_size=6).hexdigest()


def evaluate(data: Path) -> list[Figure]:
    """The figures. ``data``: holds the collections."""
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    named: Counter[tuple[str, bool]] = Counter()
    stated: Counter[tuple[str, bool]] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    returned = resolved = 0
    broken = total = 0
    for collection, name, path in _mails(data):
        total += 1
        try:
            found = read(path, name)
        except Exception:  # the reader has promised that there is none
            broken += 1
            continue
        expected = truth.get(name, {"kind": "other"})
        if expected["kind"] == "unknown":
            continue
        kinds[expected["kind"], found.kind or "rejected"] += 1
        if expected["kind"] == "report":
            groups = [set(group) for group in expected["recipients"]]
            allowed: set[str] = set().union(*groups, expected.get("also", ()))
            named[
                collection, bool(found.recipients) and found.recipients <= allowed and all(group & found.recipients for group in groups)
            ] += 1
            if ids := returned_ids(path):
                returned += 1
                resolved += bool(found.about) and found.about <= ids
            stated[collection, bool(found.states) and found.states <= set(expected["states"])] += 1
    figures = [share("mail", "mails read without an exception", total - broken, total)]
    for counts, what in ((named, "the right failed addressee"), (stated, "the right state")):
        for which in (*COLLECTIONS, None):
            right = sum(count for (one, good), count in counts.items() if good and which in (one, None))
            n = sum(count for (one, _), count in counts.items() if which in (one, None))
            figures.append(share("mail", f"reports, {which or 'all'}: {what}", right, n))
    figures.append(share("mail", "reports that give the mail back or name it: resolved to that message", resolved, returned))
    others = sum(count for (true, _), count in kinds.items() if true == "other")
    figures.append(
        share("mail", "mails that are no report, taken for one", kinds["other", "delivery_report"] + kinds["other", "read_receipt"], others)
    )
    right = kinds["auto_reply", "auto_reply"]
    taken = sum(count for (_, kind), count in kinds.items() if kind == "auto_reply")
    there = sum(count for (true, _), count in kinds.items() if true == "auto_reply")
    figures += [
        share("mail", "automatic answers: of those found, right", right, taken),
        share("mail", "automatic answers: of all, found", right, there),
        f1("mail", "automatic answers: F1", right, taken - right, there - right),
    ]
    same, comparable = _subjects(data)
    figures.append(share("mail", "mail_mikel: subjects as the standard library decodes them, where it can", same, comparable))
    return figures


def _mails(data: Path) -> Iterator[tuple[str, str, Path]]:
    for collection, pattern in COLLECTIONS.items():
        for path in sorted((data / collection).glob(pattern)):
            yield collection, path.relative_to(data).as_posix(), path if path.suffix == ".eml" else _as_eml(path)


def _as_eml(path: Path) -> Path:
    """The same mail under a name by which it is read as a single one."""
    link = Path(_folder()) / f"{path.stem}.eml"
    if not link.exists():
        link.symlink_to(path.resolve())
    return link


def _folder(made: list[str] = []) -> str:  # noqa: B006 - one folder for as long as the process lives
    if not made:
        import atexit
        import shutil
        import tempfile

        made.append(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, made[0], ignore_errors=True)
    return made[0]


def _subjects(data: Path) -> tuple[int, int]:
    same = comparable = 0
    for whose, name, path in _mails(data):
        if whose != "mail_mikel":
            continue
        raw = message_from_bytes(
            path.read_bytes().partition(b"\n")[2] if path.read_bytes().startswith(b"From ") else path.read_bytes(), policy=policy.compat32
        )["subject"]
        if raw is None or not str(raw).isascii() or "=?" not in str(raw):
            continue
        try:
            expected = str(make_header(decode_header(raw)))
        except (LookupError, UnicodeError, HeaderParseError, ValueError):
            continue
        comparable += 1
        same += " ".join(expected.split()) == read(path, name).subject
    return same, comparable


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--markdown", action="store_true", help="as rows of a table for docs/evaluation/mail.md")
    given = parser.parse_args()
    figures = evaluate(given.data)
    if not given.markdown:
        print(render(figures))
        return
    for figure in figures:
        interval = "–" if figure.low is None or figure.high is None else f"{figure.low:.3f}–{figure.high:.3f}"
        print(f"| {figure.part} | {figure.name} | {figure.value:.3f} | {interval} | {figure.n} | {figure.note} |")


if __name__ == "__main__":
    main()
