"""Header fields: dates and address lists as mailers write them, and anything at all without an exception."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.mail import mail_headers, mail_reports
from pipelines.sources.mail.mbox import split_mbox

MOSCOW = ZoneInfo("Europe/Moscow")
#: Bytes that mean something in a header, so that chance finds the corners.
SCRAPS = st.lists(
    st.sampled_from(
        [b"From: ", b"<", b">", b"@", b'"', b"(", b")", b"\\", b"=?utf-8?b?", b"?=", b"=?x?q?", b"\n", b"\r\n", b" ", b"\t", b";", b",", b":", b"--B1",
         b"Content-Type: multipart/report; boundary=B1\n", b"Content-Type: message/delivery-status\n\n", b"Final-Recipient: rfc822;", b"\xff", b"\xd0",
         b"Mon, 05 Oct 2026 10:00:00 +", b"99", b"a@b.example", b"From x Mon Oct  5 07:00:00 2026\n", b"Content-Length: 9\n", b"\n\n"]
    )
    | st.binary(max_size=5),
    max_size=25,
).map(b"".join)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC)),
        ("21 Nov 97 09:55:06 GMT", datetime(1997, 11, 21, 9, 55, 6, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 EST", datetime(2026, 10, 5, 15, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 -0000", datetime(2026, 10, 5, 10, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 (MSK)", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 +0300 (Москва)", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 GMT+03:00", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 UTC+3", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00.123 +0300", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("2026-10-05T10:00:00.5+03:00", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("2026-10-05 10:00:00", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("2026-10-05T07:00:00Z", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("2026-13-05T07:00:00Z", None),
        ("Monday, October 05, 2026 10:00 AM", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 12:05:00 AM +0300", datetime(2026, 10, 4, 21, 5, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00 PM +0300", datetime(2026, 10, 5, 19, tzinfo=UTC)),
        # Months in the language of whoever wrote the program.
        ("Пн, 05 окт 2026 10:00:00 +0300", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("5 октября 2026 10:00:00", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Mo, 5 Okt 2026 09:00:00 +0200 (MESZ)", datetime(2026, 10, 5, 7, tzinfo=UTC)),
        ("Пн, 05 xyz 2026 10:00:00 +0300", None),
        ("10/5/2026 10:00:00 AM", None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("Mon, 31 Feb 2026 10:00:00 +0300", None),
        ("Mon, 05 Oct 2026 10:00:00 +9999999999", None),
        ("Mon, 05 Oct 9999 23:59:59 -2300", None),
        ("", None),
    ],
)
def test_date_texts(text: str, expected: datetime | None) -> None:
    assert mail_headers.date_of(text.encode(), ZoneInfo("Europe/Moscow")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Петров, Иван" <ivan@example.org>', [("Петров, Иван", "ivan@example.org")]),
        ("ivan@example.org (Иван (сам))", [("Иван (сам)", "ivan@example.org")]),
        ("IVAN@Example.ORG", [("", "ivan@example.org")]),
        ("ivan@example.org <ivan@example.org>", [("", "ivan@example.org")]),
        ("undisclosed-recipients:;", []),
        ("a@b.example, , c@d.example;", [("", "a@b.example"), ("", "c@d.example")]),
        ('"never closed <ivan@example.org>', [("", "ivan@example.org")]),
        ("иван@почта.рф", [("", "иван@почта.рф")]),
        ("nobody, <>, @, <@>", []),
        # The address was encoded together with the name.
        ("=?utf-8?b?0JjQstCw0L0gPGl2YW5AZXhhbXBsZS5vcmc+?=", [("Иван", "ivan@example.org")]),
        # As archives of mailing lists write it.
        ("ivan at example.org (=?utf-8?b?0JjQstCw0L0=?=)", [("Иван", "ivan@example.org")]),
        ("Ivan.P на mail.example.org", [("", "ivan.p@mail.example.org")]),
        ("Ivan at home", []),
        ("See you at example.org tomorrow", []),
        # By which way it shall go.
        ("Иван <@relay.example,@mx.example:ivan@example.org>", [("Иван", "ivan@example.org")]),
    ],
)
def test_address_lists(text: str, expected: list[tuple[str, str]]) -> None:
    assert mail_headers.addresses_of([text.encode()]) == expected


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (b"=?utf-8?q?=D0=94=D0=B0_?= =?utf-8?q?=D0=BD=D0=B5=D1=82?=", "Да нет"),
        (b"=?utf-8*ru?b?0JTQsA==?=", "Да"),
        (b"Re: =?windows-1251?b?xOA=?= (2)", "Re: Да (2)"),
        (b"=?utf-8?b?", "=?utf-8?b?"),
        # What they say of themselves is wrong.
        (b"=?us-ascii?q?=D0=94=D0=B0?=", "Да"),
        (b"=?iso-8859-1?q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
        (b"=?x-unknown?q?=F0=D2=C9=D7=C5=D4?=", "Привет"),
        (b"=?iso-8859-1?q?Universit=E9?=", "Université"),
        (b" folded\n subject\t", "folded subject"),
        # Question marks that should be encoded: nothing of these was decoded, and the question was none.
        (b"=?utf-8?q?=D0=93=D0=B4=D0=B5??=", "Где?"),
        (b"=?utf-8?q?=D0=93=D0=B4=D0=B5?_=D0=94=D0=B0?=", "Где? Да"),
        (b"=?utf-8?q?=D0=93=D0=B4=D0=B5?=D0=94=D0=B0?= =?utf-8?q?=D0=BD=D0=B5=D1=82??=", "Где?Данет?"),
        (b"=?utf-8?b?0JTQ =?utf-8?b?0JTQsA==?=", "=?utf-8?b?0JTQ Да"),
        # No charset is told, and all letters are of one size.
        ("ВОПРОС".encode("cp1251"), "ВОПРОС"),
        ("ВОПРОС".encode("koi8-r"), "ВОПРОС"),
        ("не могу войти".encode("cp1251"), "не могу войти"),
        ("не могу войти".encode("koi8-r"), "не могу войти"),
    ],
)
def test_encoded_words(text: bytes, subject: str) -> None:
    assert mail_headers.text_of(text) == subject


@given(SCRAPS)
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_nothing_in_a_header_raises(block: bytes) -> None:
    fields = mail_headers.fields_of(block)
    for bodies in (*fields.values(), [block]):
        for _, address in mail_headers.addresses_of(bodies):
            assert "@" in address
        mail_headers.message_ids_of(bodies)
        for body in bodies:
            assert "\x00" not in (mail_headers.text_of(body) or "")
            mail_headers.date_of(body, MOSCOW)
            mail_headers.parameter(body, "boundary")
    report = mail_reports.report_of(fields, block)
    assert report is None or report.kind in ("delivery_report", "read_receipt")


@given(st.lists(SCRAPS, max_size=4))
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_no_byte_of_an_mbox_raises_and_every_mail_begins_with_its_line(bodies: list[bytes]) -> None:
    content = b"".join(b"From x@example.org Mon Oct  5 07:00:00 2026\nTo: a@b.example\n\n" + body + b"\n\n" for body in bodies)
    mails = list(split_mbox(BytesIO(content), Path("x.mbox"), mail_reports.is_report))
    assert [mail.number for mail in mails] == list(range(1, len(mails) + 1))
    assert all(mail.envelope.startswith(b"From ") for mail in mails)
    # Scraps may hold separators of their own, never hide one: each of ours is found unless a Content-Length swallowed it.
    if b"Content-Length" not in content:
        assert len(mails) >= len(bodies)


@pytest.mark.parametrize(
    "piece", [b"a@b:", b"a", b" ", b"1:00 ", b"< ", b"a@", b"(a", b"=?utf-8?q?a?= ", b"=?utf-8?q?a?b? ", b"?", b"?=D0=B0"]
)
def test_a_swollen_field_is_read_once_through(piece: bytes) -> None:
    # What looks the field through again at each of its characters takes minutes here.
    field = b"a@example.org <" + piece * (1_000_000 // len(piece))
    mail_headers.addresses_of([field])
    assert mail_headers.date_of(b"1 Jan 2026 10:00" + field) is None
    mail_headers.message_ids_of([field])
    mail_headers.text_of(field)


def test_message_ids() -> None:
    assert mail_headers.message_ids_of([b"<a@example.org> < b@example.org >\n\t<c@\n d>", b"d@example.org (said)", b"< >", b"said"]) == [
        "a@example.org", "b@example.org", "c@d", "d@example.org",
    ]  # fmt: skip
