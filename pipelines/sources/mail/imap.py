"""Mailboxes on a mail server, read over IMAP (RFC 3501 and 9051). Header fields only: no text of a mail is asked for, so none comes.

The URL says where: ``imaps://user:password@host[:port]/`` (percent-encoded); with a token (XOAUTH2: Microsoft 365, Gmail) the password is left
out. Plain ``imap://`` begins TLS (STARTTLS) before anything else; without it only this machine itself is logged in to.

What is sent, and nothing else: LOGIN or AUTHENTICATE (XOAUTH2; PLAIN for a password that is no ASCII), LIST, STATUS, EXAMINE (never SELECT: nothing can be changed, no mail becomes "read"),
UID SEARCH and UID FETCH of

- ``UID FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (…)]`` with :data:`mail_headers.READ_FIELDS`;
- for reports by their header, ``BODYSTRUCTURE`` and then ``BODY.PEEK[n]`` of the parts ``message/delivery-status`` and
  ``message/disposition-notification`` (and their kin), and of the returned mail its header: ``BODY.PEEK[n.HEADER]``, or the part
  ``text/rfc822-headers``. A report without such parts names nobody unless a header field does: its text is not fetched
  (docs/decisions/0010-what-is-read-of-a-report.md).

Spam, what was thrown away and drafts are left out, with what lies below them, unless ``folders`` names them
(:mod:`pipelines.sources.mail.mail_folders`). One item is one folder. Its fingerprint is UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ (where the server has CONDSTORE, RFC 7162) and the number of
messages; the same numbers are the cursor, and only messages from UIDNEXT on are read the next time. Another UIDVALIDITY: from the beginning;
ids are made of the Message-ID, so nothing doubles. A mail that left a folder was moved or filed: nothing is taken for vanished.

Rows are those of ``mailbox`` (``pipelines.sources.mail.mail_rows``), and the same mail read from a file and from a server is one row. Exchange and
Outlook are read this way too; Microsoft 365 wants a token (scope ``https://outlook.office.com/IMAP.AccessAsUser.All``), an Exchange server of
one's own the IMAP4 service switched on.

A mail that the server lists and cannot hand over is rejected, and told once: it is not asked for again. What a server refuses for now (it is away, too many are
logged in) is no such mail: the folder is read another time.

Not kept: what ``mailbox`` does not keep; flags (HIGHESTMODSEQ moves with them, the next load then finds nothing new).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from imaplib import IMAP4
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient, imap_utf7
from imapclient.exceptions import LoginError

from pipelines.errors import BadSource, MayakError, SourceAway
from pipelines.programme import Source
from pipelines.sources.mail import mail_folders, mail_reports
from pipelines.sources.mail.mail_headers import READ_FIELDS, Fields, read_fields
from pipelines.sources.mail.mail_parts import decoded
from pipelines.sources.mail.mail_reports import Report
from pipelines.sources.mail.mail_rows import MailRows
from pipelines.sources.mail.mailbox import DEFAULT_REALM
from pipelines.sources.mail.mbox import REPORT_BYTES
from pipelines.sources.reading import Context, Covers, Event, Item, LeftOut, Rejected, Seen

#: A server that says nothing for so long is away; one that searches a large folder answers sooner.
TIMEOUT_SECONDS = 60.0
#: Messages whose fields are asked for at once: a few megabytes in memory.
_MESSAGES_AT_ONCE = 500
#: Messages whose UIDs are asked for at once: a UID and a blank are eleven bytes at most, and imaplib takes a million on one line of an answer.
_UIDS_AT_ONCE = 50_000
#: Marks of names that are no mailboxes: what only lies above others.
_NO_MAILBOX = frozenset((b"\\noselect", b"\\nonexistent"))
_ASKED = ("UID", "FLAGS", "INTERNALDATE", f"BODY.PEEK[HEADER.FIELDS ({' '.join(name.upper() for name in READ_FIELDS)})]")
#: Places in an answer to BODYSTRUCTURE (RFC 3501, 7.4.2).
_TYPE, _SUBTYPE, _ENCODING = 0, 1, 5
#: Refusals that say nothing of what was asked (RFC 5530; Gmail's, Exchange's and Yandex's words): it is asked another time.
_PASSING = re.compile(
    r"\[(?:unavailable|inuse|limit|overquota|serverbug|throttled|contactadmin|expired|authorizationfailed)\b|throttl|too many|try again|later|temporar|busy",
    re.IGNORECASE,
)
#: Of these, what Yahoo and Yandex say for ever of one mail that they cannot find any more, in the words of a server that is away.
_MAYBE_THE_MAILS = re.compile(r"\[(?:unavailable|serverbug)\b", re.IGNORECASE)
#: Exchange's and Microsoft 365's words behind a log-in that went well; mostly they pass within the hour.
_WITHOUT_A_MAILBOX = "authenticated but not connected"
#: Of a log-in. A wrong password may as well be told "try again later": without a code such words say nothing.
_LATER = re.compile(r"\[(?:unavailable|inuse|limit|overquota|serverbug|throttled)\b|too many|throttl|temporar", re.IGNORECASE)
#: Listed, and then left out of the answer: deleted meanwhile, or one that the server itself cannot take apart.
_NOT_HANDED_OVER = "not handed over by the server"
#: Fingerprint of a folder whose state the server does not tell: that folder alone cannot be read.
_CLOSED = "0:0:0:0"
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


class ImapReader:
    """Reads the folders of a mail account (kind "imap"); one item is one folder.

    Record kinds: messages (counted), addressees, mail_references, accounts, chats. Rejected, as "UID N": ``draft``, ``no header fields``,
    ``not handed over by the server``.
    """

    kind: ClassVar[str] = "imap"
    version: ClassVar[int] = 6
    items_name_people: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """The folders named in the source (``folders``, globs), or all but spam, trash and drafts; by name.

        Raises BadSource for a URL that is none, a log-in that is refused or a folder that is not there; SourceAway where the server is away.
        """
        with _logged_in(source, context) as server:
            names = _folders(_listed(server), source)
            asked = ["UIDVALIDITY", "UIDNEXT", "MESSAGES", *(["HIGHESTMODSEQ"] if server.has_capability("CONDSTORE") else [])]
            return [Item(name, fingerprint=_state(server, name, asked)) for name in names]

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """The folders that are no items. Raises as ``items``."""
        with _logged_in(source, context) as server:
            return sorted((left for _, left in _looked_at(_listed(server), source) if left), key=lambda left: (left.name, left.reason))

    def cursor(self, source: Source, item: Item, context: Context) -> Mapping[str, int]:
        """Where the next load begins: what the folder said of itself when it was listed, before anything was read."""
        names = ("uidvalidity", "uidnext", "modseq", "messages")
        return dict(zip(names, map(int, (item.fingerprint or "0:1:0:0").split(":")), strict=True))

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one folder: of the messages that came since the cursor.

        Raises BadSource where the folder cannot be opened or the server speaks something else than IMAP, SourceAway where it is away.
        """
        if item.fingerprint == _CLOSED:
            raise BadSource(f"source {source.name}: the server does not say what is in the folder: may the account open it?")
        rows = MailRows(context, source.realm or DEFAULT_REALM)
        seen = 0
        with _logged_in(source, context) as server:
            opened = _as_spelled(lambda name: server.select_folder(name, readonly=True), item.name)
            is_same = opened.get(b"UIDVALIDITY") == context.cursor.get("uidvalidity")
            begin = max(int(context.cursor.get("uidnext", 1)), 1) if is_same else 1
            uids = _uids(server, int(opened.get(b"EXISTS") or 0), begin)
            for first in range(0, len(uids), _MESSAGES_AT_ONCE):
                asked = uids[first : first + _MESSAGES_AT_ONCE]
                found = _fetch(server, asked, _ASKED)
                if not found and len(asked) > 1:
                    raise BadSource(f"source {source.name}: the server lists the folder's messages and hands over none of {len(asked)}")
                fields = {uid: read_fields(_header(answer)) for uid, answer in found.items()}
                reports = _reports(server, {uid: one for uid, one in fields.items() if mail_reports.is_report(one)})
                for uid in asked:
                    seen += 1
                    if uid not in found:
                        yield Rejected("messages", f"UID {uid}", _NOT_HANDED_OVER)
                        continue
                    is_draft = b"\\draft" in {flag.lower() for flag in found[uid].get(b"FLAGS", ()) if isinstance(flag, bytes)}
                    problem = "draft" if is_draft else rows.add(fields[uid], reports.get(uid), found[uid].get(b"INTERNALDATE"))
                    if problem:
                        yield Rejected("messages", f"UID {uid}", problem)
                if rows.is_full:
                    yield from rows.flush()
        yield Seen("messages", seen)
        yield from rows.flush()
        yield from rows.last_events()
        yield Covers(rows.since, rows.until)


# -- the server ----------------------------------------------------------------------------------------------------------------


@contextmanager
def _logged_in(source: Source, context: Context) -> Iterator[IMAPClient]:
    """A session; every way in which a server can fail is made BadSource or SourceAway. No answer of it is quoted: it may hold names."""
    parts = urlsplit(context.url or "")
    try:
        host, port, user = parts.hostname, parts.port, unquote(parts.username or "")
    except ValueError:
        host, port, user = None, None, ""
    if parts.scheme not in ("imap", "imaps") or not host or not user or not (parts.password or context.token):
        raise BadSource(f"source {source.name}: the URL has to be imaps://user:password@host/ (or without a password, with a token)")
    where = f"source {source.name}: mail server {host}"
    server: IMAPClient | None = None
    try:
        tls = ssl.create_default_context()
        server = IMAPClient(
            host, port, ssl=parts.scheme == "imaps", ssl_context=tls if parts.scheme == "imaps" else None, timeout=TIMEOUT_SECONDS
        )
        server.normalise_times = False
        server.folder_encode = (
            False  # names are spelled here (_listed, _as_spelled): of one that cannot be decoded the library fails for the whole list
        )
        if parts.scheme == "imap":
            if server.has_capability("STARTTLS"):
                server.starttls(tls)
            elif host not in _LOOPBACK:
                raise BadSource(f"{where}: it offers no encryption, so nobody is logged in: use imaps://")
        _log_in(server, user, unquote(parts.password or ""), context.token, where)
        yield server
    except MayakError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise BadSource(f"{where}: its certificate is not to be trusted") from error
    except (IMAP4.abort, OSError, EOFError) as error:
        raise SourceAway(f"{where}: it is away or hung up ({type(error).__name__})") from None
    except IMAP4.error as error:
        if _WITHOUT_A_MAILBOX in str(error).lower():
            raise SourceAway(
                f"{where}: it let the account in and gave it no mailbox: too many sessions, or a password or token of another one"
            ) from None
        if _PASSING.search(str(error)):
            raise SourceAway(f"{where}: it refused what was asked, for now") from None
        raise BadSource(f"{where}: it refused what was asked or does not speak IMAP ({type(error).__name__})") from None
    except (ValueError, TypeError, KeyError, IndexError, AssertionError, RecursionError) as error:
        raise BadSource(f"{where}: its answer is no IMAP ({type(error).__name__})") from None
    finally:
        if server is not None:
            _leave(server)


def _log_in(server: IMAPClient, user: str, password: str, token: str | None, where: str) -> None:
    try:
        if token:
            server.oauth2_login(user, token)
        elif (user + password).isascii():
            server.login(user, password)
        else:  # LOGIN knows ASCII only, SASL PLAIN is UTF-8 (RFC 4616)
            server.plain_login(user, password)
    except LoginError as error:
        # A server that hangs up while it is logged in to, cannot look the account up now (RFC 5530), or has let too many in, is away.
        if isinstance(error.__context__, IMAP4.abort) or _LATER.search(str(error)):
            raise SourceAway(f"{where}: it could not log anybody in now") from None
        raise BadSource(
            f"{where}: the log-in was refused; is the {'token' if token else 'password'} right, and IMAP allowed for the account?"
        ) from None


def _leave(server: IMAPClient) -> None:
    try:
        server.logout()
    except (IMAP4.error, OSError, EOFError, ValueError):
        server.shutdown() if server.socket() else None


def _listed(server: IMAPClient) -> Iterator[tuple[tuple[bytes, ...], bytes, str]]:
    """The folders as the server lists them: flags, sign between names, name."""
    for flags, delimiter, raw in server.list_folders():
        if raw is not None:
            yield flags, delimiter, raw if isinstance(raw, str) else _decoded(raw)


def _decoded(raw: bytes) -> str:
    """A folder's name out of IMAP's own UTF-7; as it stands where it is none ("R&D", made by a program that knew of no such thing)."""
    try:
        return str(imap_utf7.decode(raw)) if raw.isascii() else raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _as_spelled(ask: Callable[[str], Any], name: str) -> Any:
    """What the server answers for a folder by its name in IMAP's own UTF-7, or else as the name stands, where that is what it goes by."""
    spelled = imap_utf7.encode(name).decode("ascii")
    try:
        return ask(spelled)
    except IMAP4.abort:
        raise
    except IMAP4.error as error:
        if spelled == name or not name.isascii() or _PASSING.search(str(error)):
            raise
    return ask(name)


def _folders(listed: Iterable[tuple[tuple[bytes, ...], bytes, str]], source: Source) -> list[str]:
    """The folders to read, by name. Raises BadSource where the source names folders and the account has none of them."""
    wanted = [name for name, left in _looked_at(listed, source) if left is None]
    if source.folders and not wanted:
        raise BadSource(f"source {source.name}: the account has no folder of those named in the programme file")
    return sorted(wanted)


def _looked_at(listed: Iterable[tuple[tuple[bytes, ...], bytes, str]], source: Source) -> Iterator[tuple[str, LeftOut | None]]:
    """Every folder that can hold mail, and what is told of it where it is left out."""
    listed = list(listed)
    known = {name: {flag.lower() for flag in flags} for flags, _, name in listed}
    delimiters = {name: delimiter for _, delimiter, name in listed}
    marks = {name: next((mark for mark in mail_folders.REASONS if mark in flags), None) for name, flags in known.items()}
    names = mail_folders.names_without(frozenset[bytes]().union(*known.values()))
    above = {f"{name}{(delimiters[name] or b'/').decode('ascii', 'replace')}": mark for name, mark in marks.items() if mark}
    for name, flags in known.items():
        if flags & _NO_MAILBOX:
            continue
        parts = _parts(name, delimiters[name])
        mark = marks[name] or next((mark for beginning, mark in above.items() if name.startswith(beginning)), None)
        reason: str | None
        if source.folders:
            reason = None if any(fnmatchcase(name, pattern) for pattern in source.folders) else mail_folders.NOT_NAMED
        elif mark:
            reason = mail_folders.REASONS[mark]
        else:
            reason = mail_folders.reason_by_name(parts, names)
        yield name, LeftOut(mail_folders.as_shown(parts), reason) if reason else None


def _parts(name: str, delimiter: bytes | None) -> list[str]:
    """The folders above one, and itself. Some servers put signs between them that they do not name."""
    return re.split("|".join(map(re.escape, {"/", ".", (delimiter or b"/").decode("ascii", "replace")})), name)


def _state(server: IMAPClient, name: str, asked: list[str]) -> str:
    """Fingerprint of a folder; of one that the account may see but not open (shared by somebody else) one that no folder has."""
    try:
        return _fingerprint(_as_spelled(lambda spelled: server.folder_status(spelled, asked), name))
    except IMAP4.abort:
        raise
    except IMAP4.error as error:
        if _PASSING.search(str(error)) or _WITHOUT_A_MAILBOX in str(error).lower():
            raise
        return _CLOSED


def _fingerprint(status: Mapping[bytes, Any]) -> str:
    return ":".join(str(int(status.get(name) or 0)) for name in (b"UIDVALIDITY", b"UIDNEXT", b"HIGHESTMODSEQ", b"MESSAGES"))


def _uids(server: IMAPClient, count: int, begin: int) -> list[int]:
    """The UIDs from ``begin`` on, in order, of a folder that had ``count`` messages when it was opened.

    Of a large folder piece by piece, the last messages first: where others are deleted meanwhile, those behind them move down, into a piece
    that is still to come.
    """
    found: set[int] = set()
    for first in range(max(count - 1, 0) // _UIDS_AT_ONCE * _UIDS_AT_ONCE + 1, 0, -_UIDS_AT_ONCE):
        until = first + _UIDS_AT_ONCE - 1
        piece = [f"{first}:{'*' if until >= count else until}"] if count > _UIDS_AT_ONCE else []
        # "n:*" names the last message even where its UID is smaller than n.
        uids = [uid for uid in server.search([*piece, "UID", f"{begin}:*"]) if uid >= begin]
        found.update(uids)
        if not uids:  # UIDs rise with the place: further down nothing is new
            break
    return sorted(found)


def _fetch(server: IMAPClient, uids: list[int], asked: Sequence[str], *, given: int | None = None) -> dict[int, Any]:
    """What the server says of some messages, without those of which it cannot. Raises IMAP4.abort where it refuses for now.

    A mail that it cannot take apart makes it refuse the whole request (Exchange: "could not be converted"), or answer with what is no
    IMAP: the request is then halved until that mail is alone. Of such a mail Yahoo and Yandex say that they themselves are away: it is the mail if others are
    handed over before and after, and it is refused once more when all of them are there.

    ``given``: a message of which :data:`_ASKED` was handed over a moment ago.
    """
    talk = _Fetching(server, asked, given)
    if uids:
        talk.ask(uids)
    again, talk.refused = talk.refused, []
    for uid in again:
        talk.ask([uid])
    if talk.refused and not talk.found and given is None:
        raise IMAP4.abort("refused for now")
    return talk.found


@dataclass
class _Fetching:
    """One request and what became of it: ``refused`` are messages of which the server says that it is away."""

    server: IMAPClient
    asked: Sequence[str]
    given: int | None
    found: dict[int, Any] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def ask(self, uids: list[int]) -> None:
        """Ask for some messages, in halves where it is refused."""
        try:
            self.found.update(self.server.fetch(uids, self.asked))
            return
        except IMAP4.abort:
            raise
        except (IMAP4.error, ValueError, TypeError, IndexError, AssertionError) as error:
            words = str(error)
        is_passing = bool(_PASSING.search(words))
        if is_passing and not _MAYBE_THE_MAILS.search(words):
            raise IMAP4.abort("refused for now")
        if len(uids) > 1:
            half = len(uids) // 2
            self.ask(uids[:half])
            self.ask(uids[half:])
        elif is_passing:
            if not self._is_server_there():
                raise IMAP4.abort("refused for now")
            self.refused += uids

    def _is_server_there(self) -> bool:
        """Does the server still hand over what it did before? Where it did nothing yet, a second refusal is taken for its own."""
        uid, asked = (next(reversed(self.found)), self.asked) if self.found else (self.given, _ASKED)
        if uid is None:
            return not self.refused
        try:
            return bool(self.server.fetch([uid], asked))
        except IMAP4.abort:
            raise
        except IMAP4.error:
            return False


def _header(answer: Mapping[bytes, Any]) -> bytes:
    return next((content or b"" for key, content in answer.items() if key.startswith(b"BODY[HEADER")), b"")


# -- reports -------------------------------------------------------------------------------------------------------------------


def _reports(server: IMAPClient, fields: Mapping[int, Fields]) -> dict[int, Report]:
    """What the reports among some messages say: their parts for machines are fetched, those of one build together."""
    if not fields:
        return {}
    builds: dict[tuple[tuple[str, str, str], ...], list[int]] = {}
    for uid, answer in _fetch(server, sorted(fields), ["UID", "BODYSTRUCTURE"], given=min(fields)).items():
        builds.setdefault(tuple(_machine_parts(answer.get(b"BODYSTRUCTURE"), "")), []).append(uid)
    reports: dict[int, Report | None] = {uid: mail_reports.report_of_parts(one, ()) for uid, one in fields.items()}
    for parts, uids in builds.items():
        asked = [f"BODY.PEEK[{section}]<0.{REPORT_BYTES}>" for section, _, _ in parts]
        for uid, answer in (_fetch(server, uids, ["UID", *asked], given=uids[0]) if asked else {}).items():
            contents = [
                (kind, decoded(answer.get(f"BODY[{section}]<0>".encode()) or b"", encoding.encode())) for section, kind, encoding in parts
            ]
            reports[uid] = mail_reports.report_of_parts(fields[uid], contents)
    return {uid: report for uid, report in reports.items() if report is not None}


def _machine_parts(structure: Any, number: str) -> Iterator[tuple[str, str, str]]:
    """(section, type, encoding) of the parts written for machines, and of the header of the first returned mail."""
    if not structure:
        return
    if isinstance(structure[0], list):
        for place, part in enumerate(structure[0], start=1):
            yield from _machine_parts(part, f"{number}.{place}" if number else str(place))
        return
    section = number or "1"
    kind = "/".join((part or b"").decode("ascii", "replace").lower() for part in structure[_TYPE : _SUBTYPE + 1])
    encoding = (
        (structure[_ENCODING] or b"").decode("ascii", "replace")
        if len(structure) > _ENCODING and isinstance(structure[_ENCODING], bytes)
        else ""
    )
    if kind in mail_reports.MACHINE_KINDS or kind in mail_reports.RETURNED_HEADER_KINDS:
        yield section, kind, encoding
    elif kind in mail_reports.RETURNED_MAIL_KINDS and number:
        yield f"{section}.HEADER", kind, ""
