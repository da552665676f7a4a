"""Mailboxes: who wrote to whom and when, from mbox files, Maildir folders, folders of mails saved one by one (also numbered, as MH and Claws Mail keep them),
and ZIP archives of these, as services let people take their mail away. No body is kept.

Grain: one row of ``messages`` per mail, the same row wherever a copy of the mail lies (its key is made of the Message-ID); one of
``addressees`` per mail, address and field; one of ``mail_references`` per mail and mail that it names; one of ``accounts`` per address; one of
``chats`` for mail as a whole. A report that speaks of several addressees gives a further row of ``messages`` (key ":2", ":3" …, not counted) for
each after the first.

- Sent: the Date field, unless it cannot be (no date, before there was mail, later than the receipt by more than
  ``thresholds.mail_date_ahead_days``, earlier by more than ``mail_date_behind_days``); then the topmost readable Received field, then the
  From_ line (UTC, RFC 4155) or the time in the Maildir file's name.
- Thread: the first of References, else what In-Reply-To names, else the mail itself: a first guess from one mail alone. What belongs together is
  found over all mails of all mailboxes by ``pipelines.links.conversations.threads``.
- Kind: read_receipt and delivery_report (``mail_reports``, ``mail_bounces``), auto_reply, else post. ``about_message_id`` and
  ``about_account_id`` say of which mail and addressee a report speaks: the address that the sender wrote (Original-Recipient), else the one that failed.
- Who received a copy without being named (Delivered-To and the like) is an addressee "bcc".
- ``is_to_list``: List-Id, List-Post or List-Unsubscribe, Precedence list or bulk, or at least ``thresholds.notice_addressees`` addressees in this copy.

Mailboxes called as programs call spam, what was thrown away and drafts are left out, and what lies below them, as ``imap`` leaves them out
(:mod:`pipelines.sources.mail.mail_folders`); ``folders`` of the source names those to read (files and folders, not what
lies inside archives), and a path to one mailbox reads it whatever it is called. ``left_out`` tells what there is of them.
In the others drafts are rejected (Maildir's flag D, the fields that Thunderbird and Outlook write into them), and so is what Gmail exports with the label of drafts,
spam, trash or chats ("All mail Including Spam and Trash.mbox"); ``tmp`` is not looked into. Of a display name the latest that the owner of the address wrote
stands, else the latest by which others called it. A mail that is in a mailbox no more was moved or filed, not unwritten: nothing is taken
for vanished.

Not kept: bodies and attachments, how important a mail was marked, flags (read, answered), the servers on its way, folders.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, ClassVar

from pipelines.errors import BadFile, BadSource
from pipelines.programme import Source
from pipelines.sources.formats.archives import OTHER_ARCHIVES, ZipTree, source_root
from pipelines.sources.mail import mail_folders, mail_reports
from pipelines.sources.mail.mail_headers import Fields, first, read_fields, text_of
from pipelines.sources.mail.mail_rows import MailRows
from pipelines.sources.mail.mbox import HEADER_BYTES, REPORT_BYTES, RawMail, split_mbox
from pipelines.sources.reading import Context, Covers, Event, Item, LeftOut, Rejected, Seen

DEFAULT_REALM = "mail"

_MAILDIR_FOLDERS = ("cur", "new")
_MAILDIR_TIME = re.compile(r"(\d{9,10})\.")
#: Flags at the end of a name; where no name may hold a colon, programs write other signs in its place.
_MAILDIR_FLAGS = re.compile(r"(?:[:;!_+-]|%3A|\uf03a)2,([A-Za-z]*)$")
#: Mails of MH folders are called by their numbers; they begin with a field of a header.
_NUMBERED, _FIELD = re.compile(r"\d{1,7}\.?"), re.compile(rb"[!-9;-~]{1,80}:[ \t]*\S")
_HEADER_END = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_GLANCE = 200
_ENVELOPE = re.compile(rb">?From (?![ \t]*:)")
#: How a mailbox begins.
_FROM_LINE = b"From "
#: Mails saved one by one (Outlook, Thunderbird, webmail); Apple Mail's begin with a line that counts their bytes.
_SINGLE_MAIL, _APPLE_MAIL = (".eml", ".emlx", ".msg"), re.compile(rb"\d{1,12}[ \t]*\r?\n")


#: Outlook saves a mail as a compound file (MS-OXMSG); other programs give the same ending to plain mails.
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_OUTLOOKS_OWN = "a .msg of Outlook: save it as .eml"
#: Whole mailboxes in formats of Outlook, Outlook Express, The Bat! and Notes, which are not read; each is told as an item that cannot be.
_PROGRAMS_OWN = (".pst", ".ost", ".olm", ".dbx", ".tbb", ".nsf")
#: Mail.ru, Yandex, Google and others pack what they give away; an archive of another kind (of Google, of servers) is told as an item that cannot be read.
_ARCHIVE = ".zip"
_BLOCK = 1 << 20

#: Labels of its own with which Gmail exports what IMAP leaves out (``imap``), in the languages of its users; others are labels that people made.
_LABELS = {
    **dict.fromkeys(
        ("draft", "drafts", "черновики", "чернетки", "чарнавікі", "жобалар", "entwürfe", "brouillons", "borradores", "bozze", "rascunhos", "taslaklar", "wersje robocze",
         "koncepty", "concepten", "utkast"), "draft"
    ),
    **dict.fromkeys(("spam", "спам"), "spam"),
    **dict.fromkeys(
        ("trash", "bin", "корзина", "кошик", "сметніца", "себет", "papierkorb", "corbeille", "papelera", "cestino", "lixeira", "çöp kutusu", "kosz", "koš", "prullenbak",
         "papperskorgen"), "thrown away"
    ),
    **dict.fromkeys(("chat", "чат", "chats", "чаты"), "a message of a chat"),
}  # fmt: skip


#: Subject of what Pine and UW-IMAP write first into a folder for themselves.
_FOLDERS_OWN = b"DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"


class MailboxReader:
    """Reads mbox files, Maildir and MH folders, folders of ``*.eml``, ``*.emlx`` and plain ``*.msg`` files, and ZIP archives of such files
    (kind "mailbox"); one item is one file or one folder.

    Record kinds: messages (counted), addressees, mail_references, accounts, chats. Rejected, as "mail N" (in folders and archives: of the files in order of name):
    ``header cut off or too long``, ``no header fields``, ``draft``, ``spam``, ``thrown away``, ``a message of a chat``,
    ``the folder's own record``, ``cannot be read``, ``a .msg of Outlook: save it as .eml``.
    """

    kind: ClassVar[str] = "mailbox"
    version: ClassVar[int] = 8
    items_name_people: ClassVar[bool] = True

    def items(self, source: Source, context: Context) -> Iterable[Item]:
        """Every mailbox below the source's path, by name: Maildir folders (hidden subfolders included), folders that hold mails
        saved one by one, archives with mails or mailboxes in them, files named ``*.mbox`` or ``*.mbox.gz``, and any other file that begins with "From ".

        Those of spam, of what was thrown away and of drafts are left out, unless the source names its ``folders`` (globs).

        Raises BadSource where the path is not there or holds no mailbox that is wanted.
        """
        root, found = _mailboxes(source)
        if root.is_file():
            return [Item(root.name, root)]
        wanted = sorted(_wanted(found, source.folders))
        if not wanted:
            called = "called as programme.toml says" if source.folders else "other than of spam, drafts and what was thrown away"
            raise BadSource(f"source {source.name}: looking for mailboxes: none {called} below {root.name}")
        return [Item(name, found[name]) for name in wanted]

    def left_out(self, source: Source, context: Context) -> Iterable[LeftOut]:
        """The mailboxes below the source's path that are no items, and the folders inside archives that are passed over. Raises BadSource as ``items``."""
        root, found = _mailboxes(source)
        wanted = set(found) if root.is_file() else set(_wanted(found, source.folders))
        unwanted = mail_folders.names_without()
        for name, path in found.items():
            parts = mail_folders.parts_of_path(name)
            if name not in wanted:
                reason = None if source.folders else mail_folders.reason_by_name(parts, unwanted)
                yield LeftOut(mail_folders.as_shown(parts), reason or mail_folders.NOT_NAMED, path)
            elif path.suffix.lower() == _ARCHIVE and path.is_file():
                yield from _left_out_of_archive(path)

    def read(self, source: Source, item: Item, context: Context) -> Iterator[Event]:
        """The events of one mailbox, in batches of about fifty thousand mails.

        Raises BadFile for a file that is no mbox or is packed and cut off, and for a mailbox in a format of its program's own.
        """
        if item.path is None:
            raise BadSource(f"{item.name}: a mailbox is a file or a folder; the item has no path")
        rows = MailRows(context, source.realm or DEFAULT_REALM)
        seen = 0
        for raw, arrived_at, problem in _mails(item.path):
            seen += 1
            problem = problem or raw.problem or _left_out(raw.fields)
            if not problem:
                report = mail_reports.report_of(raw.fields, raw.report) if raw.fields is not None and raw.is_report else None
                problem = rows.add(raw.fields, report, arrived_at, raw.envelope)
            if problem:
                yield Rejected("messages", f"mail {raw.number}", problem)
            if rows.is_full:
                yield from rows.flush()
        yield Seen("messages", seen)
        yield from rows.flush()
        yield from rows.last_events()
        yield Covers(rows.since, rows.until)


def _mailboxes(source: Source) -> tuple[Path, dict[str, Path]]:
    """The source's path, and every mailbox below it by its own path from there. Raises BadSource where there is none."""
    root = source_root(source, "mailboxes")
    if root.is_file():
        return root, {root.name: root}
    folders = [path for path in (root, *sorted(root.rglob("*"))) if path.is_dir() and _is_maildir(path)]
    inside = {folder / name for folder in folders for name in (*_MAILDIR_FOLDERS, "tmp")}
    files = [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts) and inside.isdisjoint(path.parents)
    ]
    numbered = _numbered(files)
    single = {path.parent for path in files if path.suffix.lower() in _SINGLE_MAIL} | numbered
    folders += sorted(single.difference(folders))
    files = [path for path in files if path.parent not in numbered or not _NUMBERED.fullmatch(path.name)]
    files = [
        path
        for path in files
        if path.suffix.lower() in _PROGRAMS_OWN
        or path.name.lower().endswith(OTHER_ARCHIVES)
        or (path.suffix.lower() not in _SINGLE_MAIL and (_is_mbox(path) or _has_mails(path)))
    ]
    found = {path.relative_to(root).as_posix(): path for path in (*folders, *files)}
    if not found:
        raise BadSource(
            f"source {source.name}: looking for mailboxes: no mbox file, no Maildir folder, no .eml file and no archive of such below {root.name}"
        )
    return root, found


def _numbered(files: Iterable[Path]) -> set[Path]:
    """The folders whose numbered files are mails: by the first of each that holds anything."""
    found: dict[Path, Path] = {}
    for path in files:
        if _NUMBERED.fullmatch(path.name) and path.parent not in found and path.stat().st_size:
            found[path.parent] = path
    return {folder for folder, path in found.items() if _begins_with_field(path)}


def _begins_with_field(path: Path) -> bool:
    try:
        with path.open("rb") as content:
            return bool(_FIELD.match(content.read(_GLANCE)))
    except OSError:
        return False


def _wanted(names: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    """The mailboxes to read of those with these paths."""
    unwanted = mail_folders.names_without()
    for name in names:
        parts = mail_folders.parts_of_path(name)
        if folders:
            called = (name, "/".join(parts), *parts[-1:])
            if any(fnmatchcase(one, pattern) for one in called for pattern in folders):
                yield name
        elif not mail_folders.is_left_out(parts, unwanted):
            yield name


def _left_out(fields: Fields | None) -> str | None:
    """Why a mail is none that was sent and wanted, as the program says that wrote it down: Gmail by its labels, Thunderbird and Outlook of drafts."""
    if not fields:
        return None
    if "x-mozilla-draft-info" in fields or (first(fields, "x-unsent") or b"").strip() == b"1":
        return "draft"
    if (first(fields, "subject") or b"").startswith(_FOLDERS_OWN):
        return "the folder's own record"
    for label in (text_of(first(fields, "x-gmail-labels")) or "").split(","):
        if reason := _LABELS.get(label.strip(' "\\').casefold()):
            return reason
    return None


def _mails(path: Path) -> Iterator[tuple[RawMail, datetime | None, str | None]]:
    """The mails of a mailbox, each with the time that the mailbox states and with what is wrong with it."""
    if path.is_dir():
        yield from _maildir(path) if _is_maildir(path) else _saved_mails(path)
    elif path.suffix.lower() in _SINGLE_MAIL:
        yield _single(path, 1), None, None
    elif path.suffix.lower() == _ARCHIVE:
        yield from _archived(path)
    elif path.suffix.lower() in _PROGRAMS_OWN:
        expected = "mails as .eml or .mbox: export them (readpst, or through Thunderbird), or read the account over IMAP (kind imap)"
        raise BadFile(path, place="file name", expected=expected, found="a mailbox in a format of its program's own")
    elif path.name.lower().endswith(OTHER_ARCHIVES):
        raise BadFile(
            path, place="file name", expected="mails or mailboxes, unpacked or in a ZIP archive", found="an archive of another kind"
        )
    else:
        with _open(path) as content:
            for raw in split_mbox(content, path, mail_reports.is_report):
                yield raw, None, None


def _maildir(folder: Path) -> Iterator[tuple[RawMail, datetime | None, str | None]]:
    files = sorted(
        (_MAILDIR_FLAGS.sub("", path.name), path)
        for name in _MAILDIR_FOLDERS
        if (folder / name).is_dir()
        for path in (folder / name).iterdir()
        if path.is_file() and not path.name.startswith(".")
    )
    for number, (_, path) in enumerate(files, start=1):
        when, is_draft = _told_by_name(path.name)
        raw, problem = _whole(path, number)
        yield raw, when, "draft" if is_draft else problem


def _told_by_name(name: str) -> tuple[datetime | None, bool]:
    """When a mail of a Maildir folder came in, and whether it is a draft."""
    time, flags = _MAILDIR_TIME.match(name), _MAILDIR_FLAGS.search(name)
    return datetime.fromtimestamp(int(time[1]), UTC) if time else None, bool(flags and "D" in flags[1])


def _saved_mails(folder: Path) -> Iterator[tuple[RawMail, datetime | None, str | None]]:
    numbered = [path for path in folder.iterdir() if _NUMBERED.fullmatch(path.name) and path.is_file()]
    files = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in _SINGLE_MAIL and path.is_file() and not path.name.startswith(".")
    )
    if numbered and _numbered(sorted(numbered)):
        files += sorted(numbered, key=lambda path: (int(path.name.rstrip(".")), path.name))
    for number, path in enumerate(files, start=1):
        raw, problem = _whole(path, number)
        yield raw, None, problem


def _archived(path: Path) -> Iterator[tuple[RawMail, datetime | None, str | None]]:
    """The mails of an archive, file by file in order of name, numbered on. Raises BadFile for a damaged one, and where no mail is in it."""
    tree = ZipTree(path, with_hidden=True)
    names = [name for name in tree.names() if _holds_mail(tree, name)]
    if not names:
        raise BadFile(path, place="archive", expected="mails (.eml), mailboxes (.mbox) or Maildir folders", found="none")
    unwanted = mail_folders.names_without()
    names = [name for name in names if not mail_folders.is_left_out(mail_folders.parts_of_path(_folder_of(name)), unwanted)]
    number = 0
    for name in names:
        with tempfile.TemporaryFile() as content:  # a mailbox is looked through back and forth
            with tree.open(name) as packed:
                while block := packed.read(_BLOCK):
                    content.write(block)
            content.seek(0)
            if _is_single(name):
                number += 1
                when, is_draft = _told_by_name(name.rpartition("/")[2]) if _is_in_maildir(name) else (None, False)
                yield _single_of(content, name, number), when, "draft" if is_draft else None
            else:
                for raw in split_mbox(content, tree.named(name), mail_reports.is_report):
                    number += 1
                    yield replace(raw, number=number), None, None


def _left_out_of_archive(path: Path) -> Iterator[LeftOut]:
    """The folders of an archive that :func:`_archived` passes over; none of a damaged one: reading it says what is wrong."""
    try:
        tree = ZipTree(path, with_hidden=True)
        by_folder = {_folder_of(name): name for name in tree.names()}
        unwanted = mail_folders.names_without()
        for folder, name in by_folder.items():
            parts = mail_folders.parts_of_path(folder)
            reason = mail_folders.reason_by_name(parts, unwanted)
            if reason and _holds_mail(tree, name):
                yield LeftOut(f"…{_ARCHIVE}/{mail_folders.as_shown(parts)}", reason)
        tree.close()
    except BadFile:
        return


def _folder_of(name: str) -> str:
    """What names the folder of a mail in an archive: a mailbox is one itself, a mail lies in one, or in a part of one."""
    if not _is_single(name):
        return name
    folder = name.rpartition("/")[0]
    return folder.rpartition("/")[0] if _is_in_maildir(name) else folder


def _is_in_maildir(name: str) -> bool:
    *_, folder, _ = ("", "", *name.split("/"))
    return folder in _MAILDIR_FOLDERS and not name.lower().endswith(_SINGLE_MAIL)


def _is_single(name: str) -> bool:
    return name.lower().endswith(_SINGLE_MAIL) or _is_in_maildir(name)


def _holds_mail(tree: ZipTree, name: str) -> bool:
    if _is_single(name) or name.lower().endswith(".mbox"):
        return True
    with tree.open(name) as content:  # Thunderbird's mailboxes have no ending
        return content.read(len(_FROM_LINE)) == _FROM_LINE


def _has_mails(path: Path) -> bool:
    """Is it an archive of mails? A damaged one may be: reading it says what is wrong."""
    if path.suffix.lower() != _ARCHIVE:
        return False
    try:
        tree = ZipTree(path, with_hidden=True)
        names = sorted(tree.names(), key=_is_single, reverse=True)
        has_mails = any(_holds_mail(tree, name) for name in names)
    except BadFile:
        return True
    tree.close()
    return has_mails


def _whole(path: Path, number: int) -> tuple[RawMail, str | None]:
    try:
        return _single(path, number), None
    except OSError:
        return RawMail(number, b"", None), "cannot be read"


def _single(path: Path, number: int) -> RawMail:
    """One mail in a file of its own."""
    with path.open("rb") as content:
        return _single_of(content, path.name, number)


def _single_of(content: BinaryIO, name: str, number: int) -> RawMail:
    """One mail. A file that is a header alone is whole if its last line is."""
    start = content.read(HEADER_BYTES)
    if start.startswith(_COMPOUND):
        return RawMail(number, b"", None, problem=_OUTLOOKS_OWN)
    if b"\n" not in start:  # Mac OS before X; a byte for a byte, so that an .emlx file's count stays right
        start = start.replace(b"\r", b"\n")
    envelope = b""
    if name.lower().endswith(".emlx") and (count := _APPLE_MAIL.match(start)):
        start = start[count.end() :]
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")  # an editor's mark, what a web page put before it
    if _ENVELOPE.match(start):  # put there by a program that moved it out of an mbox
        envelope, _, start = start.partition(b"\n")
    match = _HEADER_END.search(start)
    if not match:
        is_whole = start.endswith((b"\n", b"\r")) and len(start) < HEADER_BYTES
        fields = read_fields(start)
        return RawMail(number, envelope, fields if is_whole else None, b"", is_whole and mail_reports.is_report(fields))
    fields = read_fields(start[: match.start()])
    if not mail_reports.is_report(fields):
        return RawMail(number, envelope, fields)
    return RawMail(number, envelope, fields, start[match.end() :] + content.read(REPORT_BYTES), True)


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _is_maildir(path: Path) -> bool:
    if sum((path / name).is_dir() for name in (*_MAILDIR_FOLDERS, "tmp")) >= 2:
        return True
    # Archives and copying programs leave out folders that are empty.
    return (path / "cur").is_dir() and any(_MAILDIR_TIME.match(file.name) for file in (path / "cur").iterdir())


def _is_mbox(path: Path) -> bool:
    if path.name.lower().endswith((".mbox", ".mbox.gz")):
        return True
    try:
        with _open(path) as content:
            return content.read(8).removeprefix(b"\xef\xbb\xbf").startswith(_FROM_LINE)
    except (OSError, EOFError):
        return False
