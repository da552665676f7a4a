"""Speed of the mailbox reader beside the standard library on the same mbox file: Markdown for docs/evaluation/speed.md.

``python -m benchmarks.ingest.mbox_mail`` writes an mbox of invented mails (letters, notices to many, answers, read receipts, bounces and
absence notes, in the shares of a curator's mailbox, with bodies of 0.5 to 60 kB), reads it with ``mailbox`` (the reader: every event made, nothing
loaded), loads it into a warehouse in memory with the whole loader, and reads the same header fields with ``mailbox.mbox`` and ``email``,
each in a process of its own; prints mails per second and peak memory.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.ingest.contest import peak_mb

MAILS = 50_000
_SEED = 20261122
_PEOPLE = 2_000
_FIRST = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
#: Kind → share of the mails.
_KINDS = {"letter": 0.55, "answer": 0.25, "notice": 0.05, "receipt": 0.08, "bounce": 0.04, "absence": 0.03}
_SUBJECTS = ("Вопрос по практической работе", "Срок сдачи модуля", "Открыт второй модуль", "Отчёт о стажировке", "Вебинар переносится")
_WORDS = ("срок", "задание", "работа", "модуль", "вопрос", "вебинар", "ответ", "оценка", "поток", "группа")


def write_mbox(path: Path, mails: int = MAILS) -> None:
    """An mbox of ``mails`` mails between people who do not exist; the same bytes at every call."""
    chance = random.Random(_SEED)
    with path.open("wb") as file:
        for number in range(mails):
            kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
            file.write(_mail(number, kind, chance))


def _mail(number: int, kind: str, chance: random.Random) -> bytes:
    sent = _FIRST + timedelta(minutes=5 * number)
    sender, receiver = (f"person{chance.randrange(_PEOPLE)}@school{chance.randrange(200)}.example.org" for _ in range(2))
    receivers = [receiver] if kind != "notice" else [f"person{chance.randrange(_PEOPLE)}@example.org" for _ in range(30)]
    own, earlier = f"<{number}.mail@example.org>", f"<{max(number - chance.randrange(1, 40), 0)}.mail@example.org>"
    date = format_datetime(sent)
    subject = _word(f"{'Re: ' if kind == 'answer' else ''}{chance.choice(_SUBJECTS)} {number % 90}")
    if kind in ("receipt", "bounce"):
        sender, subject = ("mailer-daemon@mx.example.org" if kind == "bounce" else sender), "Report"
    fields = [
        f"From {sender} {sent:%a %b %d %H:%M:%S %Y}",
        f"Return-Path: <{'' if kind in ('bounce', 'absence') else sender}>",
        f"Received: from mx1.example.org (mx1.example.org [192.0.2.7])\n\tby mail.example.org (Postfix) with ESMTPS id {number:X}\n\tfor <{receiver}>; {date}",
        f"Received: from [192.0.2.19] (unknown [192.0.2.19])\n\tby mx1.example.org (Postfix) with ESMTPSA id 1{number:X};\n\t{date}",
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\n\tt=1795000000; bh={'A' * 43}=;\n\th=From:To:Subject:Date;\n\tb={'b' * 300}",
        f"From: {_word(f'Имя{number % 97} Фамилия{number % _PEOPLE}')} <{sender}>",
        "To: " + ",\n ".join(f"{_word('Получатель')} <{address}>" for address in receivers),
        f"Subject: {subject}",
        f"Date: {date}",
        f"Message-ID: {own}",
        "MIME-Version: 1.0",
    ]
    if kind == "answer":
        fields += [f"In-Reply-To: {earlier}", f"References: {earlier}"]
    if kind == "absence":
        fields += ["Auto-Submitted: auto-replied", f"In-Reply-To: {earlier}"]
    if kind in ("receipt", "bounce"):
        what = "disposition-notification" if kind == "receipt" else "delivery-status"
        fields.append(f'Content-Type: multipart/report; report-type={what}; boundary="part"')
        state = (
            "Disposition: manual-action/MDN-sent-manually; displayed"
            if kind == "receipt"
            else f"\nFinal-Recipient: rfc822; {receiver}\nAction: failed\nStatus: 5.1.1"
        )
        first = (
            f"Final-Recipient: rfc822; {sender}\nOriginal-Message-ID: {earlier}\n"
            if kind == "receipt"
            else "Reporting-MTA: dns; mx.example.org\n"
        )
        returned = f"--part\nContent-Type: text/rfc822-headers\n\nMessage-ID: {earlier}\nSubject: {subject}\n\n"
        body = f"--part\nContent-Type: text/plain\n\nReport for people.\n\n--part\nContent-Type: message/{what}\n\n{first}{state}\n\n{returned}--part--\n"
    else:
        fields.append("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64")
        size = int(chance.lognormvariate(8, 1))
        words = " ".join(chance.choice(_WORDS) for _ in range(min(max(size, 500), 60_000) // 16))
        body = base64.encodebytes(words.encode()).decode()
    return ("\n".join(fields) + "\n\n" + body + "\n").encode()


def _word(text: str) -> str:
    return "=?utf-8?B?" + base64.b64encode(text.encode()).decode() + "?="


def _read_with_reader(path: Path) -> int:
    from pipelines.programme import Source
    from pipelines.pseudonyms import Pseudonyms
    from pipelines.sources.mail.mailbox import MailboxReader
    from pipelines.sources.reading import Batch, Context, Item

    context = Context(Pseudonyms(b"a key for benchmarks only"), ZoneInfo("Europe/Moscow"), "ru")
    events = MailboxReader().read(Source(name="mail", kind="mailbox", path=path), Item(path.name, path), context)
    return sum(event.table.num_rows for event in events if isinstance(event, Batch) and event.record == "messages" and event.counted)


def _load(path: Path) -> int:
    from pipelines.loading import load_source
    from pipelines.programme import Programme, Source
    from pipelines.pseudonyms import Pseudonyms
    from pipelines.warehouse import Warehouse

    source = Source(name="mail", kind="mailbox", path=Path(path.name))
    programme = Programme(id="p", name="p", folder=path.parent, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load_source(
            warehouse, programme, source, pseudonyms=Pseudonyms(b"a key for benchmarks only"), run_at=datetime(2026, 11, 22, tzinfo=UTC)
        )
        return int(warehouse.value("select count(*) from raw.messages where message_id not like '%:2'"))


def _read_with_stdlib(path: Path) -> int:
    """The same fields: people, dates, identifiers and subject, decoded."""
    import mailbox
    from email import message_from_binary_file, policy
    from email.header import decode_header, make_header
    from email.utils import getaddresses, parsedate_to_datetime

    box: Any = mailbox.mbox(path, factory=lambda file: message_from_binary_file(file, policy=policy.compat32))  # type: ignore[arg-type, return-value]
    count = 0
    for mail in box:
        people = [getaddresses(mail.get_all(name, [])) for name in ("from", "to", "cc")]
        [str(make_header(decode_header(name))) for found in people for name, _ in found]
        if mail.get_content_type() == "multipart/report":
            [part.get_content_type() for part in mail.walk()]
        str(make_header(decode_header(mail["subject"] or "")))
        parsedate_to_datetime(mail["date"])
        count += mail["references"] is None or bool(mail["references"])
    return count


_PEER = "mailbox.mbox and email (standard library)"
READERS = {
    "mailbox (this reader)": _read_with_reader,
    "mailbox, loaded into a warehouse": _load,
    _PEER: _read_with_stdlib,
}


def measure(path: Path, names: tuple[str, ...] = tuple(READERS)) -> list[dict[str, float | int | str]]:
    """Seconds of wall and of CPU, mails and peak resident memory (MB) of each, in a fresh process."""
    figures = []
    for name in names:
        command = [sys.executable, "-m", "benchmarks.ingest.mbox_mail", "--one", name, "--path", str(path)]
        figures.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return figures


def table(figures: list[dict[str, float | int | str]]) -> str:
    """The figures as a Markdown table; the ratio is to the standard library's mails per second."""
    # By CPU time: wall time is that of whatever else runs on the machine.
    speeds = {str(run["name"]): float(run["mails"]) / float(run["cpu"]) for run in figures}
    peer = speeds.get(_PEER, float("nan"))
    lines = ["| reader | mails | seconds | CPU seconds | mails per CPU second | ratio | peak memory, MB |", "|---|--:|--:|--:|--:|--:|--:|"]
    for run in figures:
        speed = speeds[str(run["name"])]
        lines.append(
            f"| {run['name']} | {run['mails']:,} | {run['seconds']:.1f} | {run['cpu']:.1f} | {speed:,.0f} | {speed / peer:.1f} | {run['megabytes']:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Write the file, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=MAILS)
    parser.add_argument("--path", type=Path, help="an mbox that is there already")
    parser.add_argument("--one", choices=list(READERS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        with tempfile.TemporaryDirectory() as folder:  # what is imported is imported before the clock starts
            write_mbox(Path(folder) / "warm.mbox", 20)
            READERS[given.one](Path(folder) / "warm.mbox")
        began, cpu = time.perf_counter(), time.process_time()
        mails = READERS[given.one](given.path)
        print(
            json.dumps(
                {
                    "name": given.one,
                    "mails": mails,
                    "seconds": time.perf_counter() - began,
                    "cpu": time.process_time() - cpu,
                    "megabytes": peak_mb(),
                }
            )
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        path = given.path or Path(folder) / "box.mbox"
        if not given.path:
            write_mbox(path, given.mails)
        print(f"{path.stat().st_size / 1e6:,.0f} MB\n")
        print(table(measure(path)))


if __name__ == "__main__":
    main()
