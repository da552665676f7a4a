"""IMAP: what is asked on the wire and what comes over it. All people are invented; every text has a word that must not come."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from imaplib import IMAP4
from pathlib import Path

import pytest
from imapclient import IMAPClient

from pipelines import loading
from pipelines.errors import BadSource, SourceAway
from pipelines.loading import load_item
from pipelines.programme import Programme, Source
from pipelines.sources.mail import imap
from pipelines.sources.mail.imap import ImapReader
from pipelines.sources.mail.mail_folders import NOT_NAMED
from pipelines.sources.mail.mailbox import MailboxReader
from pipelines.sources.reading import Batch, Context, Event, Item, LeftOut, Rejected, Seen
from pipelines.warehouse import Warehouse
from tests.unit.sources.imap_server import Folder, MailServer, serving
from tests.unit.sources.test_mailbox import CANARIES, CONTEXT, FIXTURES, PSEUDONYMS, account, message

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

SOURCE = Source(name="post", kind="imap")
RUN_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
#: What may be fetched: header fields, structure, parts by number, headers of returned mails. Nothing else.
ALLOWED = re.compile(
    r"\(?(?:UID|FLAGS|INTERNALDATE|BODYSTRUCTURE|BODY\.PEEK\[HEADER\.FIELDS \([A-Z -]+\)\]|BODY\.PEEK\[\d+(?:\.\d+)*(?:\.HEADER)?\]<0\.\d+>|[\s()])+"
)


def fixture(name: str) -> bytes:
    """The first mail of a fixture, without its From_ line."""
    return (FIXTURES / f"{name}.mbox").read_bytes().partition(b"\n")[2].partition(b"\nFrom ")[0]


@pytest.fixture
def server() -> Iterator[MailServer]:
    inbox = Folder(
        {
            1: fixture("plain"),
            4: fixture("bounce"),
            5: fixture("read_receipt"),
            7: fixture("bounce_with_whole_mail"),
            9: fixture("bounce_of_exim"),
            10: fixture("bounce_in_words"),
        }
    )
    folders = {
        "INBOX": inbox,
        "Sent": Folder({2: fixture("notice_to_ten"), 3: fixture("subject_koi8r")}, "\\HasNoChildren \\Sent", flags={3: "\\Seen \\Draft"}),
        "Spam": Folder({1: fixture("mailing_list")}, "\\Junk"),
        "Bin": Folder({}, "\\Trash"),
        "Work": Folder({}, "\\Noselect \\HasChildren"),
    }
    with serving(MailServer(folders)) as running:
        yield running


def context(server: MailServer, **more: object) -> Context:
    return Context(PSEUDONYMS, CONTEXT.zone, "ru", **{"url": server.url, **more})


def events(server: MailServer, folder: str = "INBOX", **more: object) -> list[Event]:
    return list(ImapReader().read(SOURCE, Item(folder), context(server, **more)))


def rows(found: list[Event], record: str = "messages") -> list[dict]:
    return [row for event in found if isinstance(event, Batch) and event.record == record for row in event.table.to_pylist()]


class TestFolders:
    def test_all_but_spam_trash_and_drafts(self, server: MailServer) -> None:
        found = list(ImapReader().items(SOURCE, context(server)))
        assert [item.name for item in found] == ["INBOX", "Sent"]
        assert [item.fingerprint for item in found] == ["1:11:1:6", "1:4:1:2"]

    def test_those_that_are_named(self, server: MailServer) -> None:
        source = SOURCE.model_copy(update={"folders": ("S*", "Work")})
        assert [item.name for item in ImapReader().items(source, context(server))] == ["Sent", "Spam"]
        with pytest.raises(BadSource, match="no folder of those"):
            list(ImapReader().items(SOURCE.model_copy(update={"folders": ("X",)}), context(server)))

    def test_without_marks_by_name(self) -> None:
        with serving(MailServer({"INBOX": Folder(), "Спам": Folder(), "INBOX/Trash": Folder(), "Курс": Folder()})) as server:
            items = list(ImapReader().items(SOURCE, context(server)))
            assert [item.name for item in items] == ["INBOX", "Курс"]
            assert rows(events(server, "Курс")) == []

    def test_what_is_marked_of_one_kind_leaves_the_names_of_the_others(self) -> None:
        listed = [
            ((b"\\HasNoChildren",), b"|", "INBOX"),
            ((b"\\Sent",), b"|", "Sent"),
            ((b"\\Drafts",), b"|", "Entwürfe"),
            ((), b"|", "INBOX|Trash"),
            ((), b"|", "Спам"),
            ((), b"|", "Drafts"),
        ]
        assert imap._folders(listed, SOURCE) == ["Drafts", "INBOX", "Sent"]

    def test_what_lies_below_such_a_folder_was_thrown_into_it(self) -> None:
        listed = [
            ((b"\\Trash",), b"/", "Papelera 2"), ((), b"/", "Papelera 2/Curso"), ((b"\\Noselect",), b"/", "[Gmail]"), ((), b"/", "[Gmail]/Курс"),
            ((), b"/", "INBOX"), ((), b"/", "INBOX/Спам/Старое"), ((), b"/", "Papelera 2026"),
        ]  # fmt: skip
        assert imap._folders(listed, SOURCE) == ["INBOX", "Papelera 2026", "[Gmail]/Курс"]

    def test_what_is_left_out_is_told_with_the_reason(self, server: MailServer) -> None:
        assert list(ImapReader().left_out(SOURCE, context(server))) == [LeftOut("Bin", "thrown away"), LeftOut("Spam", "spam")]
        named = SOURCE.model_copy(update={"folders": ("S*",)})
        assert list(ImapReader().left_out(named, context(server))) == [LeftOut("Bin", NOT_NAMED), LeftOut("INBOX", NOT_NAMED)]

    def test_what_people_called_folders_is_not_told(self) -> None:
        listed = [
            ((b"\\Trash",), b"/", "Выброшенное Мухиной"), ((), b"/", "Выброшенное Мухиной/Курс"), ((), b"/", "INBOX"), ((), b"/", "INBOX/Спам/Мухина"),
            ((), b"/", "Мухина"),
        ]  # fmt: skip
        assert [left for _, left in imap._looked_at(listed, SOURCE)] == [
            LeftOut("…", "thrown away"),
            LeftOut("…", "thrown away"),
            None,
            LeftOut("INBOX/Спам/…", "spam"),
            None,
        ]

    def test_one_that_may_not_be_opened_leaves_the_others(self, server: MailServer) -> None:
        server.folders["Общие/Лида"] = Folder(is_closed=True)
        *others, closed = ImapReader().items(SOURCE, context(server))
        assert [item.name for item in others] == ["INBOX", "Sent"]
        assert rows(events(server, "Sent"))
        with pytest.raises(BadSource, match="may the account open it") as error:
            list(ImapReader().read(SOURCE, closed, context(server)))
        assert "Лида" not in str(error.value)

    def test_names_that_are_no_utf7_of_imap(self) -> None:
        """Made by a program that knew of no such thing: one of them made the whole account unreadable."""
        with serving(
            MailServer({"INBOX": Folder(), "R&D": Folder({1: fixture("plain")}), "Q & A": Folder()}, is_without_utf7=True)
        ) as server:
            assert [item.name for item in ImapReader().items(SOURCE, context(server))] == ["INBOX", "Q & A", "R&D"]
            assert len(rows(events(server, "R&D"))) == 1
        with serving(MailServer({"INBOX": Folder(), "R&D": Folder({1: fixture("plain")})})) as server:
            assert [item.name for item in ImapReader().items(SOURCE, context(server))] == ["INBOX", "R&D"]
            assert len(rows(events(server, "R&D"))) == 1

    def test_names_as_they_stand_are_left_out_as_others_are(self) -> None:
        assert [imap._decoded(name) for name in ("Спам".encode(), b"&BCEEPwQwBDw-", b"caf\xe9", b"A & B")] == [
            "Спам",
            "Спам",
            "café",
            "A & B",
        ]

    @pytest.mark.parametrize("command", ["LIST", "STATUS"])
    def test_a_list_that_is_refused_for_now_is_no_account_that_cannot_be_read(self, server: MailServer, command: str) -> None:
        server.refuses = {command: f"[UNAVAILABLE] {command} Backend error. sc=1"}
        with pytest.raises(SourceAway, match="for now"):
            list(ImapReader().items(SOURCE, context(server)))

    def test_a_server_without_condstore(self, server: MailServer) -> None:
        server.capabilities = "IMAP4rev1"
        assert [item.name for item in ImapReader().items(SOURCE, context(server))] == ["INBOX", "Sent"]
        assert not [line for line in server.asked if "HIGHESTMODSEQ" in line]


class TestOnTheWire:
    def test_nothing_is_asked_that_opens_writes_or_reads_a_text(self, server: MailServer) -> None:
        for item in ImapReader().items(SOURCE, context(server)):
            events(server, item.name)
        commands = [line.partition(" ")[2] for line in server.asked]
        kinds = {command.split()[0] if not command.startswith("UID") else " ".join(command.split()[:2]) for command in commands}
        assert kinds <= {"CAPABILITY", "LOGIN", "LIST", "STATUS", "EXAMINE", "UID SEARCH", "UID FETCH", "LOGOUT"}
        fetched = [command.split(" ", 3)[3] for command in commands if command.startswith("UID FETCH")]
        assert len(fetched) >= 4
        assert [one for one in fetched if not ALLOWED.fullmatch(one)] == []
        assert not [one for one in fetched if re.search(r"BODY\[|RFC822|TEXT\]|BODY\.PEEK\[\]", one)]

    def test_no_word_of_a_text_crosses_the_wire_or_comes_out(self, server: MailServer) -> None:
        every = sorted(
            path.stem for path in FIXTURES.glob("*.mbox") if path.stem not in ("empty", "no_mailbox", "single_mail", "garbage_header")
        )
        server.folders = {"INBOX": Folder({number: fixture(name) for number, name in enumerate(every, start=1)})}
        found = events(server)
        assert len(rows(found)) >= len(every) - 2
        assert CANARIES[0].encode() in b"".join(server.folders["INBOX"].mails.values())
        everything = repr([event.table.to_pydict() if isinstance(event, Batch) else event for event in found])
        for canary in CANARIES[:1]:
            assert canary.encode() not in server.sent
            assert canary not in everything
        assert not any("text" in event.table.column_names for event in found if isinstance(event, Batch))

    def test_the_parts_asked_for_are_those_for_machines(self, server: MailServer) -> None:
        events(server)
        parts = [line for line in server.asked if "BODY.PEEK[" in line and "HEADER.FIELDS" not in line]
        assert parts
        # Part 1 of a report is for people.
        assert not [line for line in parts if re.search(r"BODY\.PEEK\[1\]", line)]


class TestRows:
    def test_reports_say_the_same_as_from_a_file(self, server: MailServer) -> None:
        found = {row["message_id"]: row for row in rows(events(server))}
        for name in ("bounce", "read_receipt", "bounce_with_whole_mail", "bounce_of_exim"):
            path = FIXTURES / f"{name}.mbox"
            (expected,) = [
                row
                for event in MailboxReader().read(SOURCE, Item(path.name, path), CONTEXT)
                if isinstance(event, Batch) and event.record == "messages"
                for row in event.table.to_pylist()
            ][:1]
            assert found[expected["message_id"]] == expected

    def test_a_bounce_in_words_is_one_but_names_nobody(self, server: MailServer) -> None:
        row = next(row for row in rows(events(server)) if row["message_id"] == message("q@mx.example.org"))
        assert (row["kind"], row["about_account_id"]) == ("delivery_report", None)

    def test_who_wrote_to_whom(self, server: MailServer) -> None:
        found = events(server, "Sent")
        assert len({row["account_id"] for row in rows(found, "addressees")}) == 10
        assert [row["is_to_list"] for row in rows(found)] == [True]
        assert [event for event in found if isinstance(event, Rejected)] == [Rejected("messages", "UID 3", "draft")]
        assert sum(event.rows for event in found if isinstance(event, Seen)) == 2

    def test_only_what_came_since(self, server: MailServer) -> None:
        reader = ImapReader()
        (inbox, _) = reader.items(SOURCE, context(server))
        cursor = reader.cursor(SOURCE, inbox, context(server))
        assert cursor == {"uidvalidity": 1, "uidnext": 11, "modseq": 1, "messages": 6}
        assert rows(events(server, cursor=cursor)) == []
        server.folders["INBOX"].mails[11] = fixture("date_missing")
        (row,) = rows(events(server, cursor=cursor))
        # No Date: the time at which the server took it in.
        assert row["sent_at"] == datetime(2026, 10, 5, 7, 0, 2, tzinfo=UTC) or row["sent_at"] == datetime(2026, 10, 5, 7, 0, 5, tzinfo=UTC)
        server.folders["INBOX"].validity = 2
        assert len(rows(events(server, cursor=cursor))) == 7

    def test_a_message_that_is_listed_and_not_handed_over_is_told(self, server: MailServer) -> None:
        server.not_handed_over = frozenset((7,))
        found = events(server)
        assert len(rows(found)) == 5
        assert [event for event in found if isinstance(event, Rejected)] == [Rejected("messages", "UID 7", "not handed over by the server")]
        assert sum(event.rows for event in found if isinstance(event, Seen)) == 6

    def test_a_message_for_which_the_request_is_refused_hides_no_other(self, server: MailServer) -> None:
        whole = rows(events(server))
        server.refused = frozenset((4,))
        found = events(server)
        assert [row["message_id"] for row in rows(found)] == [row["message_id"] for row in (*whole[:1], *whole[2:])]
        assert [event for event in found if isinstance(event, Rejected)] == [Rejected("messages", "UID 4", "not handed over by the server")]

    def test_a_report_that_the_server_cannot_take_apart_is_one_by_its_header(self, server: MailServer) -> None:
        whole = rows(events(server))
        server.without_structure = frozenset((4,))
        found = rows(events(server))
        assert [row["kind"] for row in found] == [row["kind"] for row in whole]
        assert [row for row in found if row["message_id"] != whole[1]["message_id"]] == [
            row for row in whole if row["message_id"] != whole[1]["message_id"]
        ]

    def test_a_server_that_hands_over_nothing_at_all_is_no_empty_folder(self, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(imap, "_MESSAGES_AT_ONCE", 3)
        server.refused = frozenset(server.folders["INBOX"].mails)
        with pytest.raises(BadSource, match="hands over none of 3"):
            events(server)

    @pytest.mark.parametrize("words", ["[LIMIT] rate", "[THROTTLED] slow down", "Too many simultaneous connections"])
    def test_a_refusal_that_passes_is_no_mail_that_cannot_be_read(self, server: MailServer, words: str) -> None:
        server.refused, server.words_of_refusal = frozenset((4,)), words
        with pytest.raises(SourceAway):
            events(server)

    @pytest.mark.parametrize(
        "words", ["[UNAVAILABLE] UID FETCH Backend error. sc=1", "[SERVERBUG] UID FETCH Server error - Please try again later"]
    )
    @pytest.mark.parametrize("lost", [{1}, {4}, {10}, {1, 10}, {5, 7}])
    def test_a_mail_that_the_server_lost_closes_no_folder(self, server: MailServer, words: str, lost: set[int]) -> None:
        """Yahoo and Yandex say of such a mail, night after night, that they themselves are away."""
        whole = dict(zip(sorted(server.folders["INBOX"].mails), rows(events(server)), strict=True))
        server.refused, server.words_of_refusal = frozenset(lost), words
        found = events(server)
        assert rows(found) == [row for uid, row in whole.items() if uid not in lost]
        assert [event for event in found if isinstance(event, Rejected)] == [
            Rejected("messages", f"UID {uid}", "not handed over by the server") for uid in sorted(lost)
        ]

    def test_a_report_whose_parts_the_server_lost_is_one_by_its_header(self, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = rows(events(server))
        handed_over = IMAPClient.fetch

        def lost(client: IMAPClient, uids: list[int], asked: Sequence[str]) -> dict:
            if 4 in uids and "BODYSTRUCTURE" not in asked and imap._ASKED[-1] not in asked:
                raise IMAP4.error("UID FETCH failed: [UNAVAILABLE] UID FETCH Backend error")
            return handed_over(client, uids, asked)

        monkeypatch.setattr(IMAPClient, "fetch", lost)
        found = events(server)
        assert [event for event in found if isinstance(event, Rejected)] == []
        assert [row["kind"] for row in rows(found)] == [row["kind"] for row in whole]

    @pytest.mark.parametrize("away_after", range(9))
    def test_a_server_that_goes_away_has_lost_no_mails(self, server: MailServer, away_after: int) -> None:
        server.refused, server.words_of_refusal, server.away_after = frozenset((4,)), "[UNAVAILABLE] Backend error", away_after
        with pytest.raises(SourceAway):
            events(server)

    @pytest.mark.parametrize("at_once", [1, 2, 4, 5, 6, 50])
    def test_a_folder_too_large_for_one_answer_is_listed_in_pieces(
        self, server: MailServer, monkeypatch: pytest.MonkeyPatch, at_once: int
    ) -> None:
        whole = rows(events(server))
        monkeypatch.setattr(imap, "_UIDS_AT_ONCE", at_once)
        assert rows(events(server)) == whole
        since = rows(events(server, cursor={"uidvalidity": 1, "uidnext": 7}))
        assert [row["message_id"] for row in since] == [row["message_id"] for row in whole][3:]
        assert rows(events(server, cursor={"uidvalidity": 1, "uidnext": 11})) == []

    def test_what_is_deleted_while_a_folder_is_listed_in_pieces_hides_nothing(
        self, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(imap, "_UIDS_AT_ONCE", 2)
        whole = rows(events(server))
        server.deleted_after_search = (1, 4)
        assert {row["message_id"] for row in whole[2:]} <= {row["message_id"] for row in rows(events(server))}

    def test_a_hundred_and_fifty_thousand_messages(self, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Their UIDs on one line are more than imaplib takes."""
        server.folders["INBOX"] = Folder(dict.fromkeys(range(1_000_000_001, 1_000_150_001), b""))
        monkeypatch.setattr(imap, "_fetch", lambda _, uids, __: {uid: {} for uid in uids})
        found = events(server)
        assert sum(event.rows for event in found if isinstance(event, Seen)) == 150_000


class TestFailures:
    @pytest.mark.parametrize(
        ("change", "error", "says"),
        [
            ({"refusal": "NO [UNAVAILABLE] later", "password": "x"}, SourceAway, "could not log anybody in"),
            (
                {"refusal": "NO [ALERT] Too many simultaneous connections. (Failure)", "password": "x"},
                SourceAway,
                "could not log anybody in",
            ),
            ({"refusal": "NO [LIMIT] Maximum number of connections", "password": "x"}, SourceAway, "could not log anybody in"),
            ({"refuses": {"UID SEARCH": "[UNAVAILABLE] UID SEARCH Backend error. sc=1"}}, SourceAway, "for now"),
            ({"refuses": {"EXAMINE": "[INUSE] mailbox is locked"}}, SourceAway, "for now"),
            ({"refuses": {"UID SEARCH": "[CANNOT] no such thing"}}, BadSource, "refused"),
            ({"refuses": {"EXAMINE": "User is authenticated but not connected."}}, SourceAway, "gave it no mailbox"),
            ({"password": "another"}, BadSource, "log-in was refused"),
            ({"hang_up_at": "LOGIN"}, SourceAway, "could not log anybody in"),
            ({"hang_up_at": "UID FETCH"}, SourceAway, "hung up"),
            ({"silent_at": "UID SEARCH"}, SourceAway, "away"),
            ({"garbage": True}, SourceAway, "hung up"),
        ],
        ids=[
            "unavailable",
            "too many",
            "limit",
            "search unavailable",
            "locked",
            "search not known",
            "without a mailbox",
            "wrong password",
            "hangs up at the log-in",
            "hangs up later",
            "silent",
            "no mail server",
        ],
    )
    def test_what_a_server_does_wrong(
        self,
        server: MailServer,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        change: dict,
        error: type[Exception],
        says: str,
    ) -> None:
        monkeypatch.setattr(imap, "TIMEOUT_SECONDS", 0.5)
        url = server.url
        for name, value in change.items():
            setattr(server, name, value)
        with caplog.at_level(logging.DEBUG), pytest.raises(error, match=says) as raised:
            list(ImapReader().read(SOURCE, Item("INBOX"), Context(PSEUDONYMS, CONTEXT.zone, "ru", url=url)))
        for secret in ("p@ss/word", "p%40ss", "kira"):
            assert secret not in str(raised.value)
            assert secret not in repr(raised.value.__cause__)
        assert "p@ss/word" not in caplog.text

    def test_a_folder_that_is_gone(self, server: MailServer) -> None:
        with pytest.raises(BadSource, match="refused"):
            events(server, "Gone")

    def test_nobody_there(self, server: MailServer) -> None:
        url = server.url.replace(str(server.port), "9")
        with pytest.raises(SourceAway):
            list(ImapReader().items(SOURCE, Context(PSEUDONYMS, CONTEXT.zone, "ru", url=url)))

    @pytest.mark.parametrize(
        "url", [None, "https://example.org", "imaps://example.org/", "imaps://kira@example.org/", "imaps://kira:x@example.org:port/"]
    )
    def test_a_url_that_is_none(self, url: str | None) -> None:
        with pytest.raises(BadSource, match="has to be imaps://"):
            list(ImapReader().items(SOURCE, Context(PSEUDONYMS, CONTEXT.zone, "ru", url=url)))

    def test_a_password_that_is_no_ascii(self, server: MailServer) -> None:
        server.password = "пароль"
        assert len(list(ImapReader().items(SOURCE, context(server)))) == 2

    def test_a_token_in_the_place_of_a_password(self, server: MailServer) -> None:
        url = f"imap://kira%40example.org@127.0.0.1:{server.port}/"
        assert len(list(ImapReader().items(SOURCE, Context(PSEUDONYMS, CONTEXT.zone, "ru", url=url, token="a-token")))) == 2
        with pytest.raises(BadSource, match="token"):
            list(ImapReader().items(SOURCE, Context(PSEUDONYMS, CONTEXT.zone, "ru", url=url, token="an-old-one")))


def test_loads_in_any_order_and_beside_the_same_mails_from_files_give_the_same_rows(server: MailServer, tmp_path: Path) -> None:
    """A folder read in two goes and one whole, and a file of the same mails before or after: the same rows."""
    (tmp_path / "box.mbox").write_bytes((FIXTURES / "bounce.mbox").read_bytes())
    file = Source(name="files", kind="mailbox", path=Path("box.mbox"))
    programme = Programme(id="p", name="p", folder=tmp_path, sources=(SOURCE, file))
    query = "select message_id, kind, account_id, sent_at, about_account_id, about_message_id from raw.messages order by 1"
    whole = dict(server.folders["INBOX"].mails)

    def load(warehouse: Warehouse, source: Source, item: Item) -> None:
        done = load_item(warehouse, programme, source, item, pseudonyms=PSEUDONYMS, run_at=RUN_AT, url=server.url)
        assert (done.state, done.problem) == ("loaded", None)

    def inbox() -> Item:
        return next(item for item in ImapReader().items(SOURCE, context(server)) if item.name == "INBOX")

    found = []
    for order in (("first", "rest", "file"), ("file", "whole"), ("whole", "file")):
        with Warehouse.open(None) as warehouse:
            warehouse.create_schemas()
            for step in order:
                server.folders["INBOX"].mails = {uid: mail for uid, mail in whole.items() if step != "first" or uid < 5}
                if step == "file":
                    load(warehouse, file, Item("box.mbox", tmp_path / "box.mbox"))
                else:
                    load(warehouse, SOURCE, inbox())
            assert warehouse.value("select count(*) from raw.vanished") == 0
            assert warehouse.value("select count(*) from personal.messages where text is not null") == 0
            found.append(warehouse.rows(query))
    assert len(found[0]) == 5  # two of the six fixtures have one Message-ID
    assert found[0] == found[1] == found[2]
    assert account("lida@example.org") in {row[4] for row in found[0]}
    assert "imap" in loading.READERS
