"""Folders of mail that nobody sent or wanted: spam, what was thrown away, drafts. ``imap`` and ``mailbox`` leave the same ones out, and tell of them in the same words.

A server marks them (RFC 6154); files, and servers without marks, have their names alone, which are those that mail programs give them in their
languages. What lies below such a folder was thrown into it with its folder and is left out as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from imapclient import imap_utf7

#: Mark of a folder → the names that servers and programs give to it.
NAMES = {
    b"\\junk": frozenset(
        ("spam", "junk", "junk e-mail", "junk email", "junk mail", "bulk mail", "спам", "нежелательная почта", "нежелательные", "junk-e-mail", "небажана пошта", "непажаданая пошта",
         "courrier indésirable", "pourriel", "correo no deseado", "önemsiz e-posta", "posta indesiderata", "lixo eletrônico", "lixo eletrónico", "ongewenste e-mail", "skräppost",
         "søppelpost", "uønsket mail", "roskaposti", "wiadomości-śmieci", "nevyžádaná pošta", "levélszemét", "нежелана поща", "жагымсыз пошта", "қалаусыз пошта")
    ),
    b"\\trash": frozenset(
        ("trash", "deleted", "deleted items", "deleted messages", "bin", "корзина", "удаленные", "удалённые", "удаленные элементы", "удалённые элементы", "удаленные письма",
         "удалённые письма", "кошик", "видалені", "видалені елементи", "выдаленыя элементы", "сметніца", "papierkorb", "gelöscht", "gelöschte elemente", "gelöschte objekte", "corbeille",
         "éléments supprimés", "elementos eliminados", "papelera", "çöp kutusu", "çöp", "silinmiş öğeler", "cestino", "posta eliminata", "lixeira", "lixo", "itens excluídos", "prullenbak",
         "verwijderde items", "papperskorgen", "borttagna objekt", "papirkurv", "slettede elementer", "slettet post", "roskakori", "poistetut", "kosz", "elementy usunięte", "koš",
         "odstraněná pošta", "kuka", "törölt elemek", "кошче", "изтрити", "себет", "жойылған элементтер")
    ),
    b"\\drafts": frozenset(
        ("drafts", "draft", "draftbox", "templates", "черновики", "черновик", "шаблоны", "чернетки", "чарнавікі", "entwürfe", "vorlagen", "brouillons", "borradores", "taslaklar", "bozze",
         "rascunhos", "concepten", "utkast", "kladder", "luonnokset", "wersje robocze", "szkice", "koncepty", "rozepsané", "piszkozatok", "чернови", "жобалар", "нобайлар")
    ),
}  # fmt: skip
#: Mark of a folder → why it is left out.
REASONS = {b"\\junk": "spam", b"\\trash": "thrown away", b"\\drafts": "drafts"}
#: Why a folder is left out where the source names the ones to read.
NOT_NAMED = "not among the folders that the source names"
#: Names that programs give to folders besides; any other is somebody's own.
_PROGRAMS_OWN = frozenset(
    (
        "inbox",
        "входящие",
        "sent",
        "отправленные",
        "archive",
        "архив",
        "mail",
        "[gmail]",
        "[google mail]",
        "local folders",
        "локальные папки",
    )
)
_SOMEBODYS = "…"
#: Endings of files and folders that mailboxes lie in (Thunderbird's subfolders: ``.sbd``).
_ENDINGS = (".gz", ".mbox", ".mbx", ".sbd")
#: What programs write behind the name of one of several such folders: "-001" (Google, Thunderbird), "(2)", "(POP)", "(This computer only)" (Outlook), the
#: account. "Draft 2" and "Drafts (year 2)" are what people call folders of their own.
_APART = re.compile(
    r"(?:[-_]\d{1,3}|\s*\((?:\d{1,3}|pop3?|imap|this computer only|только (?:на )?эт(?:от|ом) компьютере?|[^()\s]+@[^()\s]+)\))$"
)
#: How Apple Mail calls a second export of a folder ("Deleted Items 2"). Of drafts it is not told from people's own, and reading those loses nothing.
_AGAIN = re.compile(r" \d{1,3}$")
#: Programs that copy an account name its folders from its root on.
_ROOTS = ("inbox.", "[gmail].", "[google mail].")
#: A file of this name is the mailbox of the folder that it lies in (Apple Mail, Dovecot).
_NAMELESS = frozenset(("mbox",))


def names_without(marked: Iterable[bytes] = ()) -> frozenset[str]:
    """The names that tell such a folder, where those of some marks are told by the marks."""
    known = frozenset(marked)
    return frozenset[str]().union(*(names for mark, names in NAMES.items() if mark not in known))


def is_left_out(parts: Iterable[str], names: frozenset[str]) -> bool:
    """Is one of the folders on the way to a mailbox, or itself, called so?"""
    return reason_by_name(parts, names) is not None


def reason_by_name(parts: Iterable[str], names: frozenset[str]) -> str | None:
    """Why a mailbox is left out: by the topmost folder on the way to it that is called by one of ``names``; None where none is."""
    found = (name for part in parts for name in _called(part) if name in names)
    return next((REASONS[mark] for name in found for mark in REASONS if name in NAMES[mark]), None)


def as_shown(parts: Iterable[str]) -> str:
    """A path of folders for a screen: names that programs give stand as they are, people's own as "…"."""
    known = _PROGRAMS_OWN.union(*NAMES.values())
    shown: list[str] = []
    for part in parts:
        if known.isdisjoint(_called(part)):
            shown += [_SOMEBODYS] if shown[-1:] != [_SOMEBODYS] else []
        else:
            # Of an account of its own a folder bears the address behind its name.
            shown.append(_plain(part) if "@" in part else part)
    return "/".join(shown)


def _called(part: str) -> set[str]:
    """The names in :data:`NAMES` by which a folder may go."""
    plain = _plain(part)
    return {plain, *({_AGAIN.sub("", plain)} - NAMES[b"\\drafts"])}


def _plain(name: str) -> str:
    """A name without what tells one of several such files from another: "Trash-001" (Google), "Junk (2)", "Спам (POP)", and with blanks ("deleted_items")."""
    return _APART.sub("", unicodedata.normalize("NFC", name).casefold()).replace("_", " ").strip()


def parts_of_path(path: str) -> list[str]:
    """The names of the folders that a path of files stands for: "Mail/.INBOX.Trash" (Maildir++), "Mail/INBOX.Trash" (OfflineIMAP), "Local Folders/Trash.sbd/Old", "Спам.mbox"."""
    parts = []
    for part in path.split("/"):
        if part.startswith("."):
            parts += [_decoded(one) for one in part[1:].split(".")]
            continue
        stem = part
        while stem.lower().endswith(_ENDINGS):
            stem = stem[: stem.rindex(".")]
        if stem.lower().startswith(_ROOTS):
            parts += [_decoded(one) for one in stem.split(".")]
        elif stem.lower() not in _NAMELESS:
            parts.append(_decoded(stem))
    return parts


def _decoded(name: str) -> str:
    """Maildir folders are called as IMAP writes their names: in a kind of UTF-7."""
    if "&" not in name or not name.isascii():
        return name
    try:
        return str(imap_utf7.decode(name.encode("ascii")))
    except ValueError:
        return name
