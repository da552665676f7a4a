"""A mail server on this machine's loopback that knows as much IMAP as the reader asks for, and keeps every byte of the talk.

Tests that use it are marked ``allow_hosts(["127.0.0.1"])``. Mails are invented. It answers from real messages: header fields, structure and
parts are taken out of them as RFC 3501 says, so that a reader that asked for a text would get it, and the talk would show it.
"""

from __future__ import annotations

import base64
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from urllib.parse import quote

from imapclient import imap_utf7

_HEADER_FIELDS = re.compile(r"BODY\.PEEK\[HEADER\.FIELDS \(([^)]*)\)\]", re.IGNORECASE)
_PART = re.compile(r"BODY(?:\.PEEK)?\[([\d.]*(?:HEADER|TEXT)?)\](?:<0\.(\d+)>)?", re.IGNORECASE)


@dataclass
class Folder:
    """Mails by UID, as bytes with \\n; flags by UID."""

    mails: dict[int, bytes] = field(default_factory=dict)
    attributes: str = "\\HasNoChildren"
    validity: int = 1
    modseq: int = 1
    flags: dict[int, str] = field(default_factory=dict)
    #: Shown, but not to be opened by this account.
    is_closed: bool = False

    @property
    def next(self) -> int:
        return max(self.mails, default=0) + 1


@dataclass
class MailServer:
    """What the server has and how it behaves; ``asked`` and ``sent`` are the talk."""

    folders: dict[str, Folder]
    user: str = "kira@example.org"
    password: str = "p@ss/word"
    token: str = "a-token"
    capabilities: str = "IMAP4rev1 UIDPLUS CONDSTORE SPECIAL-USE AUTH=PLAIN AUTH=XOAUTH2"
    #: Hang up at this command ("UID FETCH").
    hang_up_at: str | None = None
    #: Say nothing at this command.
    silent_at: str | None = None
    #: What is said to a wrong password.
    refusal: str = "NO [AUTHENTICATIONFAILED] wrong password for kira@example.org"
    garbage: bool = False
    #: UIDs that are listed and never answered for.
    not_handed_over: frozenset[int] = frozenset()
    #: UIDs for which a whole request is refused.
    refused: frozenset[int] = frozenset()
    words_of_refusal: str = "The requested message could not be converted to an RFC-822 compatible format"
    #: Requests for messages after which every further one is refused; None: none is.
    away_after: int | None = None
    #: Commands that are refused, and in which words.
    refuses: dict[str, str] = field(default_factory=dict)
    #: Folders are called as they stand, not in IMAP's own UTF-7.
    is_without_utf7: bool = False
    #: UIDs whose structure is answered as nothing.
    without_structure: frozenset[int] = frozenset()
    #: Mails that somebody else deletes, one after each search.
    deleted_after_search: tuple[int, ...] = ()
    port: int = 0
    fetched: int = 0
    asked: list[str] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)

    def spelled(self, folder: str) -> str:
        return folder if self.is_without_utf7 else imap_utf7.encode(folder).decode()

    def named(self, spelled: str) -> str:
        return spelled if self.is_without_utf7 else imap_utf7.decode(spelled.encode())

    @property
    def url(self) -> str:
        return f"imap://{quote(self.user, '')}:{quote(self.password, '')}@127.0.0.1:{self.port}/"


class _Talk(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 20

    def say(self, text: str | bytes) -> None:
        line = (text.encode() if isinstance(text, str) else text) + b"\r\n"
        self.server.has.sent += line
        self.wfile.write(line)

    def line(self) -> str:
        """One command; literals are asked for and taken."""
        text = self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n")
        while match := re.search(r"\{(\d+)\}$", text):
            self.say("+ go on")
            text = text[: match.start()] + self.rfile.read(int(match[1])).decode() + self.rfile.readline().decode().rstrip("\r\n")
        return text

    def handle(self) -> None:
        has = self.server.has
        self.say("* OK ready" if not has.garbage else "HTTP/1.1 200 OK")
        opened = Folder()
        while text := self.line():
            has.asked.append(text)
            tag, _, command = text.partition(" ")
            name = " ".join(command.split()[: 2 if command.upper().startswith("UID") else 1]).upper()
            if name == has.hang_up_at:
                return
            if name == has.silent_at:
                self.server.is_over.wait(10)
                return
            if name in has.refuses:
                self.say(f"{tag} NO {has.refuses[name]}")
                continue
            match name:
                case "CAPABILITY":
                    self.say(f"* CAPABILITY {has.capabilities}")
                case "LOGIN":
                    if f'"{has.user}" "{has.password}"' not in command and f"{has.user}{has.password}" not in command.replace(
                        '"', ""
                    ).replace(" ", ""):
                        self.say(f"{tag} {has.refusal}")
                        continue
                case "AUTHENTICATE":
                    self.say("+ ")
                    given = base64.b64decode(self.rfile.readline()).decode()
                    if given not in (f"\0{has.user}\0{has.password}", f"user={has.user}\1auth=Bearer {has.token}\1\1"):
                        self.say(f"{tag} {has.refusal}")
                        continue
                case "LIST":
                    for folder, content in has.folders.items():
                        self.say(f'* LIST ({content.attributes}) "/" "{has.spelled(folder)}"')
                case "STATUS":
                    folder = has.named(command.split('"')[1])
                    if folder not in has.folders:
                        self.say(f"{tag} NO no such folder")
                        continue
                    if has.folders[folder].is_closed:
                        self.say(f"{tag} NO [NOPERM] Permission denied to {folder}")
                        continue
                    self.status(folder, has.folders[folder])
                case "EXAMINE":
                    folder = has.named(command.partition(" ")[2].strip('"'))
                    if folder not in has.folders:
                        self.say(f"{tag} NO no such folder")
                        continue
                    opened = has.folders[folder]
                    self.say(f"* {len(opened.mails)} EXISTS")
                    self.say(f"* OK [UIDVALIDITY {opened.validity}] valid")
                    self.say(f"* OK [UIDNEXT {opened.next}] next")
                case "UID SEARCH":
                    begin = int(command.split()[-1].partition(":")[0])
                    found = [uid for uid in sorted(opened.mails) if uid >= begin] or sorted(opened.mails)[-1:]
                    if places := re.fullmatch(r"UID SEARCH (\d+):(\d+|\*) UID .*", command):
                        last = len(opened.mails) if places[2] == "*" else int(places[2])
                        found = [uid for uid in sorted(opened.mails)[int(places[1]) - 1 : last] if uid >= begin]
                    self.say("* SEARCH " + " ".join(map(str, found)))
                    for uid in [uid for uid in has.deleted_after_search if uid in opened.mails][:1]:
                        del opened.mails[uid]
                case "UID FETCH":
                    has.fetched += 1
                    is_away = has.away_after is not None and has.fetched > has.away_after
                    if is_away or not has.refused.isdisjoint(_numbers(command.split()[2])):
                        self.say(f"{tag} NO {has.words_of_refusal}")
                        continue
                    self.fetch(opened, command)
                case "LOGOUT":
                    self.say("* BYE")
                    self.say(f"{tag} OK bye")
                    return
                case _:
                    self.say(f"{tag} BAD what?")
                    continue
            self.say(f"{tag} OK done")

    def status(self, name: str, folder: Folder) -> None:
        self.say(
            f'* STATUS "{self.server.has.spelled(name)}" (UIDVALIDITY {folder.validity} UIDNEXT {folder.next} MESSAGES {len(folder.mails)} HIGHESTMODSEQ {folder.modseq})'
        )

    def fetch(self, folder: Folder, command: str) -> None:
        numbers, asked = command.split(" ", 3)[2:]
        wanted = {int(uid) for uid in _numbers(numbers)}
        for place, (uid, raw) in enumerate(sorted(folder.mails.items()), start=1):
            if uid not in wanted or uid in self.server.has.not_handed_over:
                continue
            mail = message_from_bytes(raw)
            parts = [f"UID {uid}".encode()]
            if "FLAGS" in asked:
                parts.append(f"FLAGS ({folder.flags.get(uid, '')})".encode())
            if "INTERNALDATE" in asked:
                parts.append(b'INTERNALDATE "05-Oct-2026 07:00:05 +0000"')
            if match := _HEADER_FIELDS.search(asked):
                parts.append(f"BODY[HEADER.FIELDS ({match[1]})]".encode() + _literal(_picked(raw, match[1].lower().split())))
            if "BODYSTRUCTURE" in asked:
                parts.append(b"BODYSTRUCTURE " + (b"NIL" if uid in self.server.has.without_structure else _structure(mail)))
            for section, most in _PART.findall(_HEADER_FIELDS.sub("", asked)):
                content = _section(mail, raw, section)
                parts.append(f"BODY[{section}]{'<0>' if most else ''}".encode() + _literal(content[: int(most)] if most else content))
            self.say(f"* {place} FETCH (".encode() + b" ".join(parts) + b")")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    has: MailServer
    is_over: threading.Event


@contextmanager
def serving(has: MailServer) -> Iterator[MailServer]:
    """The server, answering for the length of the block."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.has, server.is_over = has, threading.Event()
        has.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield has
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()


def _numbers(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


def _literal(content: bytes) -> bytes:
    return b" {%d}\r\n%s" % (len(content), content)


def _picked(raw: bytes, names: list[str]) -> bytes:
    head = re.sub(rb"\n(?=[ \t])", b"\x00", raw.partition(b"\n\n")[0])
    lines = [
        line.replace(b"\x00", b"\n") for line in head.split(b"\n") if line.partition(b":")[0].decode("latin-1").strip().lower() in names
    ]
    return b"".join(line + b"\n" for line in lines).replace(b"\n", b"\r\n") + b"\r\n"


def _structure(mail: Message) -> bytes:
    kind, subtype = mail.get_content_maintype().upper(), mail.get_content_subtype().upper()
    if mail.is_multipart() and kind == "MULTIPART":
        return b"(" + b"".join(_structure(part) for part in mail.get_payload()) + f' "{subtype}")'.encode()  # type: ignore[arg-type]
    encoding = mail.get("Content-Transfer-Encoding", "7BIT").upper()
    basic = f'"{kind}" "{subtype}" ("CHARSET" "utf-8") NIL NIL "{encoding}" 100'
    if (kind, subtype) == ("MESSAGE", "RFC822"):
        inner = mail.get_payload()[0]  # type: ignore[index]
        return f"({basic} (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ".encode() + _structure(inner) + b" 5)"  # type: ignore[arg-type]
    return f"({basic}{' 5' if kind == 'TEXT' else ''})".encode()


def _section(mail: Message, raw: bytes, section: str) -> bytes:
    if not section:
        return raw
    if section == "TEXT":
        return raw.partition(b"\n\n")[2]
    *numbers, last = section.split(".")
    is_header = last == "HEADER"
    part = mail
    for number in numbers if is_header else (*numbers, last):
        part = part.get_payload()[int(number) - 1] if part.is_multipart() and part.get_content_maintype() == "multipart" else part  # type: ignore[index,assignment]
    if is_header:
        inner = part.get_payload()[0]  # type: ignore[index]
        return "".join(f"{name}: {value}\r\n" for name, value in inner.items()).encode() + b"\r\n"  # type: ignore[union-attr]
    if part.get_content_type() == "message/delivery-status":
        return "\r\n".join(block.as_string().replace("\n", "\r\n") for block in part.get_payload()).encode()  # type: ignore[union-attr]
    return part.as_bytes().partition(b"\n\n")[2]
