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

from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.mailbox import MailboxReader
from pipelines.sources.reading import Batch, Context, Item
from pipelines.warehouse import Warehouse

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Europe/Moscow"), "ru")
COLLECTIONS = ("mail_sisimai/maildir", "mail_flufl", "mail_mikel")
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
    counts = dict(loaded.rows("select item, rows_kept from raw.loads"))
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


def _single_mails() -> list[Path]:
    return [path for folder in COLLECTIONS for path in sorted((DATA / folder).rglob("*")) if path.is_file()] if DATA.is_dir() else []


def test_no_mail_of_the_collections_breaks_the_reader_and_reports_name_the_right_address(tmp_path: Path) -> None:
    """Each as the one file of a Maildir. Where a report names addresses for machines, at least 97 in 100 are read right."""
    named = right = 0
    for number, path in enumerate(_single_mails()):
        content = path.read_bytes()
        folder = tmp_path / str(number)
        (folder / "cur").mkdir(parents=True)
        (folder / "new").mkdir()
        (folder / "cur" / "1791183602.M1P1.host:2,S").write_bytes(content)
        found = list(MailboxReader().read(Source(name="mail", kind="mailbox"), Item("box", folder), CONTEXT))
        lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        stated = re.findall(rb"(?im)^(?:final|original)-recipient:[^\n;]*;[ \t]*<?([^\s<>;]+@[^\s<>;]+?)>?[ \t]*$", lines)
        has_status = re.search(rb"(?im)^content-type:\s*message/(?:global-)?(?:delivery-status|disposition-notification)", lines)
        if stated and has_status:
            named += 1
            expected = {PSEUDONYMS.of("mail", one.decode("latin-1").lower()) for one in stated}
            about = {
                account
                for event in found
                if isinstance(event, Batch) and event.record == "messages"
                for account in event.table["about_account_id"].to_pylist()
            } - {None}
            right += bool(about) and about <= expected
    assert named > 350
    assert right / named >= 0.97


@pytest.mark.parametrize("path", sorted((DATA / "mail_sisimai" / "mailbox").glob("mbox-*")), ids=lambda path: path.name)
def test_mboxes_of_the_collections(path: Path) -> None:
    found = list(MailboxReader().read(Source(name="mail", kind="mailbox"), Item(path.name, path), CONTEXT))
    kept = sum(event.table.num_rows for event in found if isinstance(event, Batch) and event.record == "messages" and event.counted)
    assert kept == len(re.findall(rb"^From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", path.read_bytes(), re.MULTILINE))
