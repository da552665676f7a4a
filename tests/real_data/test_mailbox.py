"""Mailboxes of a whole programme against their truth, and other people's collections of the oddest mail there is."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from benchmarks.evaluation import mail
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.mail.mailbox import MailboxReader
from pipelines.sources.reading import Batch, Context, Item
from pipelines.warehouse import Warehouse

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Europe/Moscow"), "ru")
#: What Received or the From_ line may say later than the Date: the way of the mail.
DELIVERY_SECONDS = 60

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not (DATA / "moodle_channels").is_dir(), reason="the folder of real data (../shared/data) is not here"),
]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    with gzip.open(DATA / "moodle_channels" / "truth.json.gz") as content:
        return json.load(content)


@pytest.fixture(scope="module")
def loaded() -> Iterator[Warehouse]:
    source = Source(name="mail", kind="mailbox", path=Path("moodle_channels/mail"))
    programme = Programme(id="p", name="p", folder=DATA, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 22, tzinfo=UTC))
        assert {load.problem for load in loads} == {None}
        yield warehouse


def message(native: str) -> str:
    return "mail:" + PSEUDONYMS.of("mail:message", native.strip("<>"))


def test_every_mailbox_has_its_mails(loaded: Warehouse, truth: dict[str, Any]) -> None:
    # The ledger does not call a mailbox by its owner.
    counts = dict(loaded.rows("select name, rows_kept from raw.loads inner join personal.items using (source, item)"))
    assert {f"mail/{item}": count for item, count in counts.items()} == truth["mail"]["mailboxes"]
    assert loaded.value("select count(*) from raw.messages") == sum(truth["mail"]["mailboxes"].values()) == 1263
    assert loaded.value("select count(*) from personal.messages where text is not null") == 0


def test_receipts_and_reports_name_a_mail_that_is_there(loaded: Warehouse) -> None:
    kinds = {row[0]: row[1:] for row in loaded.rows(
        "select report.kind, count(*), count(original.message_id), count(report.about_account_id) from raw.messages as report "
        "left join raw.messages as original on original.message_id = report.about_message_id group by all"
    )}  # fmt: skip
    assert kinds["read_receipt"] == (246, 246, 246)
    assert kinds["delivery_report"] == (78, 78, 78)
    assert kinds["auto_reply"][0] == kinds["auto_reply"][1] == 104


def test_people_whose_mail_bounces_are_found_and_no_others(loaded: Warehouse, truth: dict[str, Any]) -> None:
    people = {PSEUDONYMS.of("mail", address): known["userid"] for address, known in truth["mail"]["addresses"].items()}
    failed = loaded.rows("select distinct about_account_id from raw.messages where kind = 'delivery_report' and delivery_state = 'failed'")
    assert sorted(people[account] for (account,) in failed) == sorted(truth["mail"]["bouncing_userids"])


def test_planted_dates_are_recovered(loaded: Warehouse, truth: dict[str, Any]) -> None:
    sent = dict(loaded.rows("select message_id, epoch(sent_at) from raw.messages"))
    late = {defect["message_id"]: sent[message(defect["message_id"])] - defect["true_unix"] for defect in truth["mail"]["planted_defects"]}
    assert len(late) == 8
    assert {native: seconds for native, seconds in late.items() if not 0 <= seconds <= DELIVERY_SECONDS} == {}


def test_notices_reach_their_addressees(loaded: Warehouse, truth: dict[str, Any]) -> None:
    found: dict[str, set[str]] = {}
    for message_id, account in loaded.rows("select message_id, account_id from raw.addressees"):
        found.setdefault(message_id, set()).add(account)
    wrong = [
        notice["message_id"]
        for notice in truth["notices"]
        if notice.get("message_id")
        and not {PSEUDONYMS.of("mail", one["address"]) for one in notice["addressees"] if one.get("address")}
        <= found.get(message(notice["message_id"]), set())
    ]
    assert len(truth["notices"]) == 126
    assert wrong == []


def test_no_mail_of_the_collections_breaks_the_reader_and_reports_are_read_right() -> None:
    """Against what two other programs read of the same reports (benchmarks/evaluation/mail.py): 95 in 100 addressees and states."""
    figures = {figure.name: figure.value for figure in mail.evaluate(DATA)}
    assert figures["mails read without an exception"] == 1
    shares = {name: value for name, value in figures.items() if name.startswith("reports, ")}
    assert len(shares) == 8
    assert {name: value for name, value in shares.items() if value < 0.95} == {}
    assert figures["mails that are no report, taken for one"] < 0.02
    assert figures["automatic answers: of those found, right"] == figures["automatic answers: of all, found"] == 1
    assert figures["mail_mikel: subjects as the standard library decodes them, where it can"] == 1


def test_a_folder_of_saved_mails_is_read_as_one_item_a_folder() -> None:
    source = Source(name="mail", kind="mailbox", path=DATA / "mail_mikel")
    items = list(MailboxReader().items(source, CONTEXT))
    assert [item.name for item in items] == sorted(
        path.parent.name for path in (DATA / "mail_mikel").glob("*/*.eml") if path.name == min(p.name for p in path.parent.glob("*.eml"))
    )
    charsets = next(item for item in items if item.name == "multi_charset")
    subjects = [
        subject
        for event in MailboxReader().read(source, charsets, CONTEXT)
        if isinstance(event, Batch) and event.record == "messages"
        for subject in event.table["subject"].to_pylist()
    ]
    assert len(subjects) == 6
    assert not [subject for subject in subjects if subject and ("\ufffd" in subject or "=?" in subject)]


@pytest.mark.parametrize("path", sorted((DATA / "mail_sisimai" / "mailbox").glob("mbox-*")), ids=lambda path: path.name)
def test_mboxes_of_the_collections(path: Path) -> None:
    found = list(MailboxReader().read(Source(name="mail", kind="mailbox"), Item(path.name, path), CONTEXT))
    kept = sum(event.table.num_rows for event in found if isinstance(event, Batch) and event.record == "messages" and event.counted)
    assert kept == len(re.findall(rb"^From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", path.read_bytes(), re.MULTILINE))
