"""Mailboxes: one fixture per oddity, named after it. All people are invented; every body has a word that must not come out."""

from __future__ import annotations

import gzip
import re
import shutil
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import BadFile, BadSource
from pipelines.loading import load_source
from pipelines.programme import Programme, Source
from pipelines.pseudonyms import Pseudonyms
from pipelines.sources.mail import mail_folders
from pipelines.sources.mail.mailbox import MailboxReader
from pipelines.sources.reading import Batch, Context, Covers, Event, Item, LeftOut, Rejected, Seen
from pipelines.warehouse import Warehouse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
PSEUDONYMS = Pseudonyms(b"a key for tests only")
CONTEXT = Context(PSEUDONYMS, ZoneInfo("Europe/Moscow"), "ru")
SOURCE = Source(name="mail", kind="mailbox", path=FIXTURES)
CANARIES = ("КАНАРЕЙКА", "secret subject of the returned mail")


def events(path: Path | str) -> list[Event]:
    path = FIXTURES / path if isinstance(path, str) else path
    return list(MailboxReader().read(SOURCE, Item(path.name, path), CONTEXT))


def rows(found: list[Event], record: str, counted: bool | None = None) -> list[dict]:
    batches = [event for event in found if isinstance(event, Batch) and event.record == record]
    return [row for batch in batches if counted in (None, batch.counted) for row in batch.table.to_pylist()]


def only(name: str) -> dict:
    (row,) = rows(events(name), "messages")
    return row


def account(address: str) -> str:
    return PSEUDONYMS.of("mail", address)


def message(native: str) -> str:
    return "mail:" + PSEUDONYMS.of("mail:message", native)


class TestPlain:
    def test_people_in_all_fields(self) -> None:
        first = message("1@example.org")
        found = {(row["account_id"], row["role"]) for row in rows(events("plain.mbox"), "addressees") if row["message_id"] == first}
        expected = [("kira", "to"), ("pjotr", "to"), ("olga", "to"), ("cc", "cc"), ("secret", "bcc")]
        assert found == {(account(f"{name}@example.org"), role) for name, role in expected}

    def test_names_are_decoded_and_the_owners_own_stands(self) -> None:
        names = {row["email"]: row["display_name"] for row in rows(events("plain.mbox"), "accounts")}
        # The first mail calls her "Curatorova, Kira"; she signs "Kira".
        assert names["kira@example.org"] == "Kira"
        assert names["lida@example.org"] in ("Лидия Примерова", "Lidia")
        assert names["secret@example.org"] is None

    def test_threads_and_answers(self) -> None:
        found = {row["message_id"]: row for row in rows(events("plain.mbox"), "messages")}
        second, third = found[message("2@example.org")], found[message("3@example.org")]
        assert second["reply_to_id"] == message("1@example.org")
        assert second["thread_id"] == message("0@example.org")
        # No References: a first guess; links.threads finds the thread of the mail that it answers.
        assert third["thread_id"] == third["reply_to_id"] == message("2@example.org")
        assert found[message("1@example.org")]["thread_id"] == message("1@example.org")

    def test_obsolete_zone_letters(self) -> None:
        found = {row["message_id"]: row["sent_at"] for row in rows(events("plain.mbox"), "messages")}
        assert found[message("2@example.org")] == datetime(2026, 10, 5, 6, 30, tzinfo=UTC)

    def test_counts_and_covers(self) -> None:
        found = events("plain.mbox")
        assert sum(event.rows for event in found if isinstance(event, Seen)) == len(rows(found, "messages")) == 3
        assert [event for event in found if isinstance(event, Covers)] == [
            Covers(datetime(2026, 10, 5, 6, 30, tzinfo=UTC), datetime(2026, 10, 5, 7, tzinfo=UTC))
        ]
        assert [row["question_marks"] for row in rows(found, "messages")] == [1, 1, 0]


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("subject_koi8r", "Вопрос"),
        ("subject_letter_cut_between_words", "Привет, мир"),
        ("subject_raw_koi8", "Вопрос по курсу"),
        ("subject_raw_1251", "Вопрос по курсу"),
        ("subject_raw_utf8", "Вопрос по курсу"),
        ("subject_broken_base64", "Вопро�"),
        ("subject_unknown_charset", "Да"),
    ],
)
def test_subjects(name: str, subject: str) -> None:
    assert only(f"{name}.mbox")["subject"] == subject


@pytest.mark.parametrize(
    ("name", "sent_at"),
    [
        ("date_in_1970", datetime(2026, 10, 5, 7, 0, 2, tzinfo=UTC)),
        ("date_in_future", datetime(2026, 10, 5, 7, 0, 2, tzinfo=UTC)),
        ("date_in_words", datetime(2026, 10, 5, 7, 0, 2, tzinfo=UTC)),
        ("date_impossible", datetime(2026, 10, 5, 7, 0, 0, tzinfo=UTC)),  # Received is unreadable too: the From_ line's
        ("date_missing", datetime(2026, 10, 5, 7, 0, 0, tzinfo=UTC)),
    ],
)
def test_dates_that_cannot_be(name: str, sent_at: datetime) -> None:
    assert only(f"{name}.mbox")["sent_at"] == sent_at


class TestSplitting:
    @pytest.mark.parametrize(
        ("name", "mails"),
        [
            ("plain", 3),
            ("line_ends_of_windows", 2),
            ("from_line_in_body", 2),
            ("content_length", 2),
            ("content_length_wrong", 3),
            ("empty", 0),
        ],
    )
    def test_mails_are_counted(self, name: str, mails: int, monkeypatch: pytest.MonkeyPatch) -> None:
        assert len(rows(events(f"{name}.mbox"), "messages")) == mails
        for block in (1, 5, 64, 300):
            monkeypatch.setattr("pipelines.sources.mail.mbox._BLOCK", block)
            assert len(rows(events(f"{name}.mbox"), "messages")) == mails

    def test_a_mail_cut_off_in_its_body_is_kept_and_in_its_header_rejected(self) -> None:
        found = events("half_written.mbox")
        assert len(rows(found, "messages")) == 2
        assert [event for event in found if isinstance(event, Rejected)] == [Rejected("messages", "mail 3", "header cut off or too long")]
        assert sum(event.rows for event in found if isinstance(event, Seen)) == 3

    @pytest.mark.parametrize(
        ("name", "place", "found"),
        [
            ("no_mailbox.mbox", "line 1", "something else"),
            ("single_mail.mbox", "line 1", "a single mail"),
            ("cut_off.mbox.gz", "byte ", "cut or damaged"),
        ],
    )
    def test_bad_files_say_where_and_what(self, name: str, place: str, found: str) -> None:
        with pytest.raises(BadFile, match=found) as error:
            events(name)
        assert error.value.place.startswith(place)

    def test_a_header_without_end_is_rejected_and_the_next_mail_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pipelines.sources.mail.mbox.HEADER_BYTES", 5000)
        path = tmp_path / "box.mbox"
        endless = b"From a@example.org Mon Oct  5 07:00:00 2026\n" + b"X-Fill: 123456789\n" * 5000 + b"\n"
        path.write_bytes(endless + (FIXTURES / "date_missing.mbox").read_bytes())
        found = events(path)
        assert len(rows(found, "messages")) == 1
        assert [event.place for event in found if isinstance(event, Rejected)] == ["mail 1"]

    def test_large_bodies_are_passed_over(self, tmp_path: Path) -> None:
        path = tmp_path / "box.mbox.gz"
        mail = (FIXTURES / "date_missing.mbox").read_bytes()
        path.write_bytes(gzip.compress((mail + b"x" * 3_000_000 + b"\n\n") * 3, 1))
        assert len(rows(events(path), "messages")) == 3


class TestReports:
    @pytest.mark.parametrize(
        "name", ["bounce", "bounce_base64", "bounce_after_forwarding", "bounce_with_whole_mail"], ids=lambda name: name
    )
    def test_bounce_names_mail_and_addressee(self, name: str) -> None:
        """Also where the addressee was sent a blind copy: the returned mail is addressed to its sender then."""
        row = only(f"{name}.mbox")
        assert row["kind"] == "delivery_report"
        assert row["delivery_state"] == "failed"
        assert row["about_message_id"] == message("1@example.org")
        assert row["about_account_id"] == account("lida@example.org")

    def test_bounce_of_two_addressees_is_two_rows_of_which_one_counts(self) -> None:
        found = events("bounce_of_two.mbox")
        own = message("dsn@mx.example.org")
        assert [(row["message_id"], row["delivery_state"], row["about_account_id"]) for row in rows(found, "messages")] == [
            (own, "failed", account("lida@example.org")),
            (f"{own}:2", "delayed", account("pjotr@example.org")),
        ]
        assert len(rows(found, "messages", counted=True)) == sum(event.rows for event in found if isinstance(event, Seen)) == 1

    def test_bounce_that_says_it_in_a_header_field(self) -> None:
        row = only("bounce_of_exim.mbox")
        assert (row["kind"], row["delivery_state"], row["about_account_id"]) == ("delivery_report", "failed", account("lida@example.org"))

    def test_bounce_in_words_is_known_as_one_but_not_about_whom(self) -> None:
        row = only("bounce_in_words.mbox")
        assert (row["kind"], row["about_message_id"], row["about_account_id"]) == ("delivery_report", None, None)

    @pytest.mark.parametrize(
        ("name", "state"), [("read_receipt", "displayed"), ("deleted_unread", "deleted"), ("receipt_in_words", "displayed")]
    )
    def test_read_receipts(self, name: str, state: str) -> None:
        row = only(f"{name}.mbox")
        assert (row["kind"], row["delivery_state"]) == ("read_receipt", state)
        assert row["about_message_id"] == message("1@example.org")
        assert row["about_account_id"] == account("lida@example.org")

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("auto_reply", "auto_reply"),
            ("auto_reply_by_subject", "auto_reply"),
            ("auto_subject_of_a_person", "post"),
            ("notice_of_a_system", "post"),
            ("plain", "post"),
        ],
    )
    def test_automatic_answers(self, name: str, kind: str) -> None:
        found = rows(events(f"{name}.mbox"), "messages")
        assert {row["kind"] for row in found} == {kind}
        if kind == "auto_reply":
            assert found[0]["about_message_id"] == message("9@example.org")

    def test_machines_are_bots(self) -> None:
        assert {row["email"] for row in rows(events("bounce.mbox"), "accounts") if row["is_bot"]} == {"mailer-daemon@mx.example.org"}
        assert {row["email"] for row in rows(events("notice_of_a_system.mbox"), "accounts") if row["is_bot"]} == {"noreply@example.org"}


class TestToMany:
    @pytest.mark.parametrize(
        ("name", "is_to_list"), [("mailing_list", True), ("notice_to_ten", True), ("plain", False), ("blind_copy_received", False)]
    )
    def test_is_to_list(self, name: str, is_to_list: bool) -> None:
        assert {row["is_to_list"] for row in rows(events(f"{name}.mbox"), "messages")} == {is_to_list}

    def test_address_of_a_list_is_nobodys(self) -> None:
        accounts = rows(events("mailing_list.mbox"), "accounts")
        assert [row["email"] for row in accounts if row["is_service"]] == ["news@lists.example.org"]

    def test_receiver_of_a_blind_copy_is_an_addressee(self) -> None:
        assert [(row["account_id"], row["role"]) for row in rows(events("blind_copy_received.mbox"), "addressees")] == [
            (account("kira@example.org"), "bcc")
        ]


FROM_LINE = "From kira@example.org Mon Oct  5 07:00:00 2026\n"


@pytest.mark.parametrize(
    ("before", "mails"),
    [
        ("Text\n", 2),
        ("Text\n\n", 2),
        ("> quoted\nFrom 10:00 to 12:00 in 2026 we meet\nText\n\n", 2),
        ("From kira@example.org Mon Oct  5 07:00:00 2026\nis how mailboxes begin\n\n", 2),
    ],
    ids=["no empty line", "an empty line", "words", "a line of a From_ line alone"],
)
def test_mail_begins_at_its_line_even_where_the_empty_one_before_it_is_missing(before: str, mails: int, tmp_path: Path) -> None:
    mail = "From: lida@example.org\nMessage-ID: <{}@x>\n\n"
    (tmp_path / "x.mbox").write_text(f"\ufeff{FROM_LINE}{mail.format(1)}{before}{FROM_LINE}{mail.format(2)}Text\n", encoding="utf-8")
    assert len(rows(events(tmp_path / "x.mbox"), "messages")) == mails


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize(
    ("separators", "between"),
    [
        (("From - Mon Oct  5 07:00:00 2026", "From ", "From "), "Text\n\n"),
        (("From ", "From - Mon Oct  5 07:00:00 2026", "From "), "Text\n\n"),
        (("From ", "From ", "From "), "Text\n\nFrom Monday on:\nTask: 3\n\nFrom \nwhom?\n\n"),
        (("From - Mon Oct  5 07:00:00 2026", "From ", "From "), "Text\n"),
    ],
    ids=["newer ones behind older ones", "older ones behind newer ones", "words that begin so", "no empty line"],
)
def test_separators_with_nothing_in_them(separators: tuple[str, ...], between: str, line_end: str, tmp_path: Path) -> None:
    """As Thunderbird writes them since 2024: behind an older mail, every newer one was taken for its text."""
    fields = "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\nFrom: lida@example.org\nDate: Mon, 5 Oct 2026 07:00:00 +0000\nMessage-ID: <{}@x>\n\n"
    content = "".join(f"{separator}\n{fields.format(number)}{between}" for number, separator in enumerate(separators))
    (tmp_path / "Inbox").write_bytes(content.replace("\n", line_end).encode())
    assert len(rows(events(tmp_path / "Inbox"), "messages")) == len(separators)


def test_record_that_a_program_keeps_in_its_folder_is_no_mail(tmp_path: Path) -> None:
    subject = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"
    (tmp_path / "x.mbox").write_text(
        f"{FROM_LINE}From: Mail System Internal Data <MAILER-DAEMON@mx>\n{subject}\n\nText\n", encoding="utf-8"
    )
    found = events(tmp_path / "x.mbox")
    assert [event.reason for event in found if isinstance(event, Rejected)] == ["the folder's own record"]
    assert rows(found, "messages") == []


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("X-Gmail-Labels: Inbox,Important", None),
        ("X-Gmail-Labels: Drafts", "draft"),
        ("X-Gmail-Labels: Trash,Opened", "thrown away"),
        ("X-Gmail-Labels: =?UTF-8?Q?=D0=A1=D0=BF=D0=B0=D0=BC,=D0=9D=D0=B5=D0=BF=D1=80?=\n =?UTF-8?Q?=D0=BE=D1=87=D0=B8=D1=82=D0=B0=D0=BD=D0=BD=D1=8B=D0=B5?=", "spam"),
        ('X-Gmail-Labels: "\\\\Draft"', "draft"),
        ("X-Gmail-Labels: Papierkorb,Ungelesen", "thrown away"),
        ("X-Gmail-Labels: =?UTF-8?B?0KfQtdGA0L3QtdGC0LrQuA==?=", "draft"),
        ("X-Gmail-Labels: Templates", None),
        ("X-Mozilla-Draft-Info: internal/draft; vcard=0", "draft"),
        ("X-Mozilla-Status: 0009", None),
        ("X-Unsent: 1", "draft"),
    ],
)  # fmt: skip
def test_what_the_program_says_was_never_sent_or_wanted(field: str, reason: str | None, tmp_path: Path) -> None:
    path = tmp_path / "all.mbox"
    path.write_text(
        f"From 1790000000000000000@xxx Mon Oct 05 07:00:00 +0000 2026\n{field}\nFrom: lida@example.org\nMessage-ID: <1@x>\n\nText\n"
    )
    found = events(path)
    assert [event.reason for event in found if isinstance(event, Rejected)] == ([reason] if reason else [])
    assert len(rows(found, "messages")) == (reason is None)


def test_without_message_id_the_same_mail_is_the_same_row() -> None:
    assert only("without_message_id.mbox")["message_id"] == only("without_message_id.mbox")["message_id"]
    assert only("without_message_id.mbox")["message_id"] != only("date_missing.mbox")["message_id"]


def test_a_blank_before_the_colon_of_the_first_field(tmp_path: Path) -> None:
    """It was taken for the line that begins a mail in a mailbox, and the mail was nobody's."""
    (tmp_path / "1.eml").write_bytes(b"From : lida@example.org\nSubject : s\nMessage-ID : <1@x>\n\nText\n")
    assert [row["account_id"] for row in rows(events(tmp_path / "1.eml"), "messages")] == [account("lida@example.org")]


def test_garbage_in_headers_is_read_as_far_as_it_goes() -> None:
    found = events("garbage_header.mbox")
    assert [event.reason for event in found if isinstance(event, Rejected)] == ["no header fields"]
    (row,) = rows(found, "messages")
    assert row["account_id"] == account("lida@example.org")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.mbox")), ids=lambda path: path.stem)
def test_no_word_of_a_body_comes_out(path: Path) -> None:
    if path.stem in ("no_mailbox", "single_mail"):
        with pytest.raises(BadFile) as error:
            events(path)
        assert not [canary for canary in CANARIES if canary in str(error.value)]
        return
    found = events(path)
    seen = sum(event.rows for event in found if isinstance(event, Seen))
    rejected = sum(isinstance(event, Rejected) for event in found)
    assert seen == len(rows(found, "messages", counted=True)) + rejected
    everything = repr([event.table.to_pydict() if isinstance(event, Batch) else event for event in found])
    assert not [canary for canary in CANARIES if canary in everything]
    assert not any("text" in event.table.column_names for event in found if isinstance(event, Batch))


@pytest.mark.parametrize("name", ["plain", "bounce", "bounce_of_two", "read_receipt", "from_line_in_body", "line_ends_of_windows"])
def test_mailbox_whose_lines_end_with_returns_alone_is_the_same_mailbox(name: str, tmp_path: Path) -> None:
    content = (FIXTURES / f"{name}.mbox").read_bytes().replace(b"\r\n", b"\n")
    (tmp_path / "unix.mbox").write_bytes(content)
    (tmp_path / "mac.mbox").write_bytes(content.replace(b"\n", b"\r"))
    ours, theirs = (events(tmp_path / f"{one}.mbox") for one in ("mac", "unix"))
    assert len(rows(ours, "messages")) > 0
    for record in ("messages", "addressees", "mail_references", "accounts"):
        assert rows(ours, record) == rows(theirs, record)


def test_mail_saved_with_returns_alone_behind_a_separator(tmp_path: Path) -> None:
    content = (FIXTURES / "bounce.mbox").read_bytes()
    (tmp_path / "mail.eml").write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r"))
    assert rows(events(tmp_path / "mail.eml"), "messages") == rows(events("bounce.mbox"), "messages")


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A mailbox, a bounce saved alone, a picture and a folder beside them, as a service packs what somebody takes away."""
    with zipfile.ZipFile(tmp_path / "takeout.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Takeout/Mail/Inbox.mbox", (FIXTURES / "plain.mbox").read_bytes())
        archive.writestr("Takeout/Mail/bounce.eml", (FIXTURES / "bounce.mbox").read_bytes().partition(b"\n")[2])
        archive.writestr("Takeout/Mail/draft.eml", b"X-Unsent: 1\nFrom: kira@example.org\nTo: lida@example.org\n\n")
        archive.writestr("Takeout/archive_browser.html", b"<html>")
    return tmp_path / "takeout.zip"


def test_archive_of_mails_holds_what_its_files_hold(packed: Path) -> None:
    found = events(packed)
    (packed.parent / "bounce.eml").write_bytes((FIXTURES / "bounce.mbox").read_bytes().partition(b"\n")[2])
    expected = [row["message_id"] for name in ("plain.mbox", packed.parent / "bounce.eml") for row in rows(events(name), "messages")]
    assert sorted(row["message_id"] for row in rows(found, "messages")) == sorted(expected)
    assert {row["kind"] for row in rows(found, "messages")} >= {"delivery_report", "post"}
    rejected = [(event.place, event.reason) for event in found if isinstance(event, Rejected)]
    assert rejected == [(f"mail {1 + len(rows(events('plain.mbox'), 'messages')) + 1}", "draft")]


def test_archives_folders_of_spam_and_drafts_are_left_out(packed: Path) -> None:
    before = rows(events(packed), "messages")
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("Takeout/Mail/Спам.mbox", (FIXTURES / "bounce_of_two.mbox").read_bytes())
        archive.writestr("Takeout/Mail/Drafts/1.eml", (FIXTURES / "single_mail.mbox").read_bytes())
    assert rows(events(packed), "messages") == before
    told = [LeftOut("….zip/…/Mail/Drafts", "drafts"), LeftOut("….zip/…/Mail/Спам", "spam")]
    for path in (packed, packed.parent):
        assert list(MailboxReader().left_out(SOURCE.model_copy(update={"path": path}), CONTEXT)) == told
    packed.write_bytes(packed.read_bytes()[:-30])
    assert list(MailboxReader().left_out(SOURCE.model_copy(update={"path": packed}), CONTEXT)) == []


def test_archives_with_mails_are_items_and_others_are_none(packed: Path) -> None:
    with zipfile.ZipFile(packed.parent / "pictures.zip", "w") as archive:
        archive.writestr("a.png", b"x")
    items = MailboxReader().items(SOURCE.model_copy(update={"path": packed.parent}), CONTEXT)
    assert [item.name for item in items] == ["takeout.zip"]
    with pytest.raises(BadFile, match="expected mails"):
        events(packed.parent / "pictures.zip")
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(BadFile, match="ZIP archive"):
        events(packed)


@pytest.mark.parametrize("is_packed", [True, False], ids=["archive", "unpacked"])
def test_maildir_folders_and_mailboxes_without_an_ending_as_archives_hold_them(is_packed: bool, tmp_path: Path) -> None:
    """Empty folders are left out of archives, and a colon is no sign of a name on Windows; nothing of these was read."""
    plain, mail = ((FIXTURES / name).read_bytes() for name in ("plain.mbox", "single_mail.mbox"))
    files = {
        "Maildir/cur/1791183602.M1P1.host;2,S": b"\r\n"
        + b"".join(line for line in mail.splitlines(keepends=True) if not line.startswith(b"Date")),
        "Maildir/cur/1791183700.M2P1.host_2,DS": mail.replace(b"<1@", b"<draft@"),
        "Maildir/.Sent/cur/1791184000.M5P1.host:2,S": mail.replace(b"<1@", b"<sent@"),
        "Maildir/.Trash/cur/1791184001.M5P1.host:2,S": mail.replace(b"<1@", b"<trash@"),
        "Mail/Local Folders/Inbox": plain,
        "Mail/Local Folders/Trash": plain.replace(b"Message-ID: <", b"Message-ID: <t"),
        "Mail/Local Folders/Inbox.msf": b"// <!-- -->",
        "__MACOSX/Maildir/cur/._1791183602.M1P1.host": b"x",
    }
    source = SOURCE.model_copy(update={"path": tmp_path})
    if is_packed:
        with zipfile.ZipFile(tmp_path / "mail.zip", "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
    items = list(MailboxReader().items(source, CONTEXT))
    assert [item.name for item in items] == (["mail.zip"] if is_packed else ["Mail/Local Folders/Inbox", "Maildir", "Maildir/.Sent"])
    found = [event for item in items for event in MailboxReader().read(source, item, CONTEXT)]
    kept = {row["message_id"]: row["sent_at"] for row in rows(found, "messages")}
    expected = {row["message_id"]: row["sent_at"] for row in rows(events("plain.mbox"), "messages")}
    single = datetime(2026, 10, 5, 7, 0, 2, tzinfo=UTC)
    assert kept == {**expected, message("1@example.org"): single, message("sent@example.org"): kept[message("sent@example.org")]}
    assert [event.reason for event in found if isinstance(event, Rejected)] == ["draft"]


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    """A Maildir with a read mail without Date, a draft, a new mail that is a header alone, one half delivered, and one in ".Sent"."""
    mail = (FIXTURES / "single_mail.mbox").read_bytes()
    files = {
        "cur/1791183602.M1P1.host:2,S": b"".join(line for line in mail.splitlines(keepends=True) if not line.startswith(b"Date")),
        "cur/1791183700.M2P1.host:2,DS": mail.replace(b"<1@", b"<draft@"),
        "new/1791183800.M3P1.host": mail.replace(b"<1@", b"<3@").partition(b"\n\n")[0] + b"\n",
        "tmp/1791183900.M4P1.host": b"Fro",
        ".Sent/cur/1791184000.M5P1.host:2,S": mail.replace(b"<1@", b"<sent@"),
        ".Sent/new/.keep": b"",
    }
    for name, content in files.items():
        path = tmp_path / "box" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


class TestMaildir:
    def test_folders_are_items_with_hidden_subfolders(self, maildir: Path) -> None:
        shutil.copy(FIXTURES / "plain.mbox", maildir / "archive.mbox")
        shutil.copy(FIXTURES / "plain.mbox", maildir / "Inbox")
        (maildir / "notes.txt").write_text("no mailbox")
        items = MailboxReader().items(SOURCE.model_copy(update={"path": maildir}), CONTEXT)
        assert [item.name for item in items] == ["Inbox", "archive.mbox", "box", "box/.Sent"]

    def test_spam_drafts_and_what_was_thrown_away_are_left_out_by_their_names(self, maildir: Path) -> None:
        plain, mail = (FIXTURES / name for name in ("plain.mbox", "single_mail.mbox"))
        unwanted = (
            "Spam.mbox", "Takeout/Mail/Корзина.mbox", "Local Folders/Trash", "Local Folders/Trash.sbd/Старое", "Apple/Junk.mbox/mbox",
            "Выгрузка/Черновики/1.eml", "Takeout/Mail/Spam-001.mbox", "Local Folders/Junk (POP)", "Local Folders/Drafts-1", "Mail/Gelöschte Elemente.mbox",
            "Apple/Deleted Items 2.mbox/mbox", "offline/INBOX.Spam/cur/1.host", "offline/[Gmail].&BBoEPgRABDcEOAQ9BDA-/cur/1.host", "INBOX.Drafts.mbox", "Mail/Видалені.mbox", "box/.INBOX.Trash/cur/1.host", "box/.&BCEEPwQwBDw-/cur/1.host", "box/.Drafts.2026/cur/1.host",
        )  # fmt: skip
        wanted = (
            "All mail Including Spam and Trash.mbox",
            "Apple/INBOX.mbox/mbox",
            "box/.&BBoEQwRABEE-/cur/1.host",
            "Антиспам.mbox",
            "offline/INBOX.Курс/cur/1.host",
            "Google/Корзина-2026.mbox",
            "Google/Курс-1.mbox",
            "Выгрузка/Курс/1.eml",
        )
        for name in (*unwanted, *wanted):
            (maildir / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(mail if name.endswith((".eml", ".host")) else plain, maildir / name)
        for folder in (*maildir.glob("box/.*/"), *maildir.glob("offline/*/")):
            (folder / "new").mkdir(exist_ok=True)
        source = SOURCE.model_copy(update={"path": maildir})
        folders = {name.removesuffix("/cur/1.host").removesuffix("/1.eml") for name in wanted}
        assert {item.name for item in MailboxReader().items(source, CONTEXT)} == folders | {"box", "box/.Sent"}
        told = list(MailboxReader().left_out(source, CONTEXT))
        assert {one.path for one in told} == {(maildir / name.removesuffix("/cur/1.host").removesuffix("/1.eml")) for name in unwanted}
        assert Counter(one.reason for one in told) == {"spam": 6, "thrown away": 8, "drafts": 4}
        # Folders that people made are not called by their names.
        assert {one.name for one in told} >= {"Local Folders/Trash/…", "…/Mail/Корзина", "…/INBOX/Spam", "…/Черновики"}
        assert not any("Старое" in one.name or "Выгрузка" in one.name for one in told)
        named = source.model_copy(update={"folders": ("Spam", "Курс", "box/.Drafts*")})
        assert {one.reason for one in MailboxReader().left_out(named, CONTEXT)} == {mail_folders.NOT_NAMED}
        assert [item.name for item in MailboxReader().items(named, CONTEXT)] == [
            "Spam.mbox",
            "box/.&BBoEQwRABEE-",
            "box/.Drafts.2026",
            "offline/INBOX.Spam",
            "offline/INBOX.Курс",
            "Выгрузка/Курс",
        ]
        for only in ("Spam.mbox", "Local Folders/Trash.sbd"):
            assert list(MailboxReader().items(source.model_copy(update={"path": maildir / only}), CONTEXT))
        with pytest.raises(BadSource, match="none other than of spam"):
            list(MailboxReader().items(source.model_copy(update={"path": maildir / "Takeout"}), CONTEXT))

    def test_mails_of_a_folder(self, maildir: Path) -> None:
        found = events(maildir / "box")
        kept = {row["message_id"]: row for row in rows(found, "messages")}
        assert sorted(kept) == sorted((message("1@example.org"), message("3@example.org")))
        assert [event for event in found if isinstance(event, Rejected)] == [Rejected("messages", "mail 2", "draft")]
        # No Date and no Received: the time in the file's name.
        assert kept[message("1@example.org")]["sent_at"] == datetime(2026, 10, 5, 7, 0, 2, tzinfo=UTC)

    def test_folders_of_numbered_mails(self, tmp_path: Path) -> None:
        """As MH and Claws Mail keep them, and the mails of a well-known company lie."""
        mail = (FIXTURES / "single_mail.mbox").read_bytes()
        files = {
            "Mail/inbox/1": mail, "Mail/inbox/2": mail.replace(b"<1@", b"<2@"), "Mail/inbox/10": b"no mail", "Mail/inbox/.mh_sequences": b"cur: 1\n",
            "lida/sent_items/1.": mail.replace(b"<1@", b"<3@"), "lida/deleted_items/1.": mail, "notes/1": b"a list of things", "notes/2": mail,
            # The disk was full.
            "Mail/list/1": b"", "Mail/list/2": mail.replace(b"<1@", b"<4@"),
        }  # fmt: skip
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        source = SOURCE.model_copy(update={"path": tmp_path})
        items = list(MailboxReader().items(source, CONTEXT))
        assert [item.name for item in items] == ["Mail/inbox", "Mail/list", "lida/sent_items"]
        found = [event for item in items for event in MailboxReader().read(source, item, CONTEXT)]
        assert {row["message_id"] for row in rows(found, "messages")} == {message(f"{number}@example.org") for number in (1, 2, 3, 4)}
        assert [(event.place, event.reason) for event in found if isinstance(event, Rejected)] == [
            ("mail 3", "header cut off or too long"),
            ("mail 1", "header cut off or too long"),
        ]

    def test_nothing_there(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(BadSource):
                list(MailboxReader().items(SOURCE.model_copy(update={"path": path}), CONTEXT))


def test_a_mail_in_two_mailboxes_is_one_row_with_the_addressees_of_both(tmp_path: Path) -> None:
    sent = (FIXTURES / "notice_to_ten.mbox").read_bytes()
    (tmp_path / "sender.mbox").write_bytes(sent)
    received = b"".join(line for line in sent.splitlines(keepends=True) if not line.startswith(b"Bcc"))
    (tmp_path / "receiver.mbox").write_bytes(received.replace(b"Subject:", b"Delivered-To: hidden@example.org\nSubject:"))
    source = Source(name="mail", kind="mailbox", path=Path())
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        loads = load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 22, tzinfo=UTC))
        assert [(load.state, load.problem) for load in loads] == [("loaded", None)] * 2
        assert warehouse.value("select count(*) from raw.messages") == 1
        assert warehouse.value("select count(*) from raw.addressees") == 11


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_mail_to_many_stays_one_whichever_copy_is_read_last(tmp_path: Path, names: tuple[str, str]) -> None:
    """The sender's copy names ten and has passed no list; a receiver's names nobody else; the list's copy says what it is."""
    sender, receiver = names
    sent = (FIXTURES / "notice_to_ten.mbox").read_bytes()
    (tmp_path / f"{sender}.mbox").write_bytes(sent)
    received = re.sub(rb"(?m)^(?:To|Cc|Bcc):.*\n(?:[ \t].*\n)*", b"", sent).replace(b"Subject:", b"To: one@example.org\nSubject:")
    (tmp_path / f"{receiver}.mbox").write_bytes(received)
    (tmp_path / "twice.mbox").write_bytes(
        sent.replace(b"Message-ID: <", b"Message-ID: <2") + received.replace(b"Message-ID: <", b"Message-ID: <2")
    )
    source = Source(name="mail", kind="mailbox", path=Path())
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(source,))
    with Warehouse.open(None) as warehouse:
        warehouse.create_schemas()
        load_source(warehouse, programme, source, pseudonyms=PSEUDONYMS, run_at=datetime(2026, 11, 22, tzinfo=UTC))
        assert warehouse.rows("select is_to_list from raw.messages") == [(True,), (True,)]
        assert warehouse.value("select max(n) from (select count(distinct account_id) as n from raw.addressees group by message_id)") == 11


class TestSavedMails:
    """Folders of mails saved one by one."""

    def test_a_folder_is_an_item_and_its_subfolders_are_others(self, tmp_path: Path) -> None:
        mail = (FIXTURES / "single_mail.mbox").read_bytes()
        (tmp_path / "course" / "more").mkdir(parents=True)
        (tmp_path / "course" / "1.eml").write_bytes(mail)
        (tmp_path / "course" / "2.EML").write_bytes(b"\xef\xbb\xbf" + mail.replace(b"<1@", b"<2@"))
        (tmp_path / "course" / "notes.txt").write_text("no mail")
        (tmp_path / "course" / "more" / "3.emlx").write_bytes(b"%d\n" % len(mail) + mail.replace(b"<1@", b"<3@") + b"<?xml version='1.0'?>")
        shutil.copy(FIXTURES / "plain.mbox", tmp_path / "course" / "archive.mbox")
        found = list(MailboxReader().items(SOURCE.model_copy(update={"path": tmp_path}), CONTEXT))
        assert [item.name for item in found] == ["course", "course/archive.mbox", "course/more"]
        read = [row["message_id"] for item in found for row in rows(list(MailboxReader().read(SOURCE, item, CONTEXT)), "messages")]
        assert read == [
            message(one) for one in ("1@example.org", "2@example.org", "1@example.org", "2@example.org", "3@example.org", "3@example.org")
        ]

    def test_one_file(self, tmp_path: Path) -> None:
        path = tmp_path / "one.eml"
        path.write_bytes((FIXTURES / "single_mail.mbox").read_bytes())
        (item,) = MailboxReader().items(SOURCE.model_copy(update={"path": path}), CONTEXT)
        assert [row["message_id"] for row in rows(list(MailboxReader().read(SOURCE, item, CONTEXT)), "messages")] == [
            message("1@example.org")
        ]

    def test_what_is_no_mail_or_cut_off_is_rejected(self, tmp_path: Path) -> None:
        (tmp_path / "1.eml").write_bytes(b"")
        (tmp_path / "2.eml").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
        (tmp_path / "3.eml").write_bytes(b"From: a@example.org\nSubject: cut o")
        found = events(tmp_path)
        assert rows(found, "messages") == []
        assert [(event.place, event.reason) for event in found if isinstance(event, Rejected)] == [
            ("mail 1", "header cut off or too long"), ("mail 2", "header cut off or too long"), ("mail 3", "header cut off or too long")
        ]  # fmt: skip


def test_references_are_kept_oldest_first(tmp_path: Path) -> None:
    found = [row for row in rows(events("plain.mbox"), "mail_references") if row["message_id"] == message("2@example.org")]
    assert [(row["position"], row["reference_id"]) for row in found] == [(0, message("0@example.org")), (1, message("1@example.org"))]
    path = tmp_path / "long.mbox"
    chain = "\n ".join(f"<{number}@x>" for number in range(1000))
    path.write_text(f"From a@x Mon Oct  5 07:00:00 2026\nFrom: a@x.org\nMessage-ID: <own@x>\nReferences: {chain}\n\nText\n")
    kept = [row["reference_id"] for row in rows(events(path), "mail_references")]
    assert len(kept) == 100
    assert (kept[0], kept[-1]) == (message("0@x"), message("999@x"))


class TestOutlooksOwn:
    """Outlook's .msg and .pst are not read, and nothing of that is silent."""

    MAIL = b"From: Lida <lida@example.org>\nTo: kira@example.org\nSubject: s\nDate: Mon, 5 Oct 2026 07:00:00 +0000\nMessage-ID: <1@x>\n\nText\n"
    COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)

    def test_a_msg_among_mails_is_rejected_with_its_reason(self, tmp_path: Path) -> None:
        (tmp_path / "1.eml").write_bytes(self.MAIL)
        (tmp_path / "2.msg").write_bytes(self.COMPOUND)
        (tmp_path / "3.MSG").write_bytes(self.MAIL.replace(b"<1@", b"<3@"))
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for name in ("1.eml", "2.msg", "3.MSG"):
                archive.write(tmp_path / name, name)
        source = Source(name="post", kind="mailbox", path=tmp_path)
        folder, archived = MailboxReader().items(source, CONTEXT)
        for item in (folder, archived):
            found = list(MailboxReader().read(source, item, CONTEXT))
            assert [event for event in found if isinstance(event, Rejected)] == [
                Rejected("messages", "mail 2", "a .msg of Outlook: save it as .eml")
            ]
            assert sum(event.rows for event in found if isinstance(event, Seen)) == 3
            assert len(rows(found, "messages", counted=True)) == 2

    @pytest.mark.parametrize("name", ["archive.pst", "cache.OST", "mac.olm", "Inbox.dbx", "messages.TBB", "mail.nsf"])
    def test_a_whole_mailbox_is_an_item_that_says_what_to_do(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(b"!BDN" + bytes(600))
        (tmp_path / "1.eml").write_bytes(self.MAIL)
        source = Source(name="post", kind="mailbox", path=tmp_path)
        items = {item.name: item for item in MailboxReader().items(source, CONTEXT)}
        assert set(items) == {".", name}
        with pytest.raises(BadFile, match="readpst"):
            list(MailboxReader().read(source, items[name], CONTEXT))

    @pytest.mark.parametrize("name", ["takeout-20261122.tgz", "Maildir.tar.gz", "mail.TAR", "mail.rar", "mail.7z"])
    def test_an_archive_of_another_kind_is_an_item_that_says_what_to_do(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(b"\x1f\x8b" + bytes(600))
        (tmp_path / "1.eml").write_bytes(self.MAIL)
        source = Source(name="post", kind="mailbox", path=tmp_path)
        items = {item.name: item for item in MailboxReader().items(source, CONTEXT)}
        assert set(items) == {".", name}
        with pytest.raises(BadFile, match="unpacked or in a ZIP archive"):
            list(MailboxReader().read(source, items[name], CONTEXT))


@pytest.mark.parametrize(
    ("folder", "is_left_out"),
    [
        ("Drafts", True), ("Trash-001.mbox", True), ("Junk (2)", True), ("Спам (POP)", True), ("Drafts (This computer only)", True), ("Корзина (a.b@example.org)", True),
        ("deleted_items", True), ("Draft 2", False), ("Drafts2", False), ("Черновики 2 курса", False), ("Черновики (2 курс)", False), ("Корзина идей", False),
    ],
)  # fmt: skip
def test_folders_of_peoples_own_are_read_whatever_they_begin_with(folder: str, is_left_out: bool) -> None:
    """ "Draft 2" and "Черновики (2 курс)" were taken for the program's folder of drafts, and passed over."""
    assert mail_folders.is_left_out(mail_folders.parts_of_path(folder), mail_folders.names_without()) == is_left_out


def test_a_folder_that_bears_an_address_is_told_without_it() -> None:
    assert mail_folders.as_shown(mail_folders.parts_of_path("Почта Лиды/Junk (lida@example.org).mbox")) == "…/junk"
