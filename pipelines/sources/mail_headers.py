"""Header fields of mail as they are found in the wild: bytes in, words, addresses and dates out.

The standard library's parser is not used here: it raises on some of the fields that real mail servers write, it decodes raw 8-bit
subjects to question marks, and it is slow where only a dozen fields of a header are wanted. Nothing in this module raises for bad input.

RFC 5322 (fields), 2047 and 2231 (encoded words), 6532 (UTF-8 in headers).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from zoneinfo import ZoneInfo

from pipelines.sources.plain_text import storable

Fields = Mapping[str, list[bytes]]

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_FOLD = re.compile(rb"[\r\n]+[ \t]*")
_ENCODED = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_ENCODED = re.compile(r"(=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)\s+(?==\?[^?\s]+\?[bBqQ]\?[^?]*\?=)")
#: Quotes, comments, escapes and groups: without them an address list is split at its commas.
_SPECIAL = re.compile(r"[\"(\\:;]")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_SPACES = re.compile(r"\s+")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]]+@[^\s<>\"',;:()\[\]]+")
_NO_ADDRESS = re.compile(r"[<>(),;\"\\]")
#: RFC 5321, 4.5.3.1: 64 before the at, 255 behind it.
_LONGEST_ADDRESS = 320
_MESSAGE_ID = re.compile(r"<\s*([^<>]+?)\s*>")
#: Names of charsets that mailers write and Python does not know.
_CHARSETS = {
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "unknown": "utf-8",
    "default": "utf-8",
    "utf8mb4": "utf-8",
    "x-user-defined": "utf-8",
    "cp-1251": "cp1251",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "x-cp1251": "cp1251",
    "x-windows-1251": "cp1251",
    "koi8": "koi8-r",
    "koi8r": "koi8-r",
    "x-mac-cyrillic": "mac-cyrillic",
    "iso-8859-8-i": "iso-8859-8",
    "gb2312": "gb18030",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
}
#: Codecs of Python that are no charsets of mail; some take quadratic time.
_NO_CHARSETS = frozenset(("idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape", "undefined"))
#: Zones written as letters that RFC 5322 does not know but mailers of these parts wrote; hours east of UTC.
_LETTER_ZONES = {"MSK": 3, "MSD": 4, "SAMT": 4, "YEKT": 5, "OMST": 6, "KRAT": 7, "NOVT": 7, "IRKT": 8, "YAKT": 9, "VLAT": 10, "MAGT": 11, "PETT": 12,
                 "EET": 2, "EEST": 3, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "WET": 0, "WEST": 1, "BST": 1, "JST": 9, "FET": 3}  # fmt: skip
_COMMENT = re.compile(r"\([^()]*\)")
_COLON = re.compile(r"\s*:\s*")
_LETTER_ZONE = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?\s+([A-Z]{3,4})\b")
_HAS_ZONE = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?\S*.*?(?:[+-]\d{4}|\s(?:[A-Z]{1,4})\b)")
#: Outside of these nobody sent the mail that lies in these boxes: a clock that starts at 1970 or 1980, a slip of the hand.
_YEARS = range(1990, 2100)
_KOI8_LOWER = frozenset(range(0xC0, 0xE0))
_CP1251_LOWER = frozenset(range(0xE0, 0x100))


def fields_of(block: bytes) -> dict[str, list[bytes]]:
    """Fields of a header block by lower-case name, each with its bodies in order, unfolded.

    Lines that are no field (a stray From_ line, garbage) are passed over, and a field goes on in lines that begin with a blank.
    """
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    fields: dict[str, list[bytes]] = {}
    for line in block.replace(b"\n ", b"\x00 ").replace(b"\n\t", b"\x00 ").split(b"\n"):
        match = _FIELD.match(line)
        if match:
            fields.setdefault(match[1].decode("ascii").lower(), []).append(match[2].replace(b"\x00", b"").strip())
    return fields


def first(fields: Fields, name: str) -> bytes | None:
    """The first field of that name, None where there is none."""
    found = fields.get(name)
    return found[0] if found else None


def text_of(raw: bytes | None, charset: str | None = None) -> str | None:
    """Words of an unstructured field (a subject): encoded words decoded, raw 8-bit bytes guessed, blanks made single.

    Parameters
    ----------
    charset: what the mail says about its body: the best guess for bytes that stand in the header undeclared.
    """
    if raw is None:
        return None
    return _SPACES.sub(" ", decode_words(_to_text(raw, charset))).strip()


def decode_words(text: str) -> str:
    """RFC 2047 encoded words decoded. Neighbours in one charset are joined first, so that a letter cut in two is whole again."""
    if "=?" not in text:
        return text
    text = _BETWEEN_ENCODED.sub(r"\1", text)
    decoded, at, pending, pending_charset = [], 0, b"", ""
    for match in _ENCODED.finditer(text):
        charset = match[1].split("*")[0].lower()
        if pending and (match.start() > at or charset != pending_charset):
            decoded.append(decode(pending, pending_charset))
            pending = b""
        decoded.append(text[at : match.start()])
        pending += _base64(match[3]) if match[2] in "bB" else _quoted(match[3])
        pending_charset, at = charset, match.end()
    if pending:
        decoded.append(decode(pending, pending_charset))
    return storable("".join((*decoded, text[at:])))


def addresses_of(bodies: list[bytes] | None, charset: str | None = None) -> list[tuple[str, str]]:
    """(display name, address in lower case) of each mailbox in address fields, in order; groups opened, non-addresses left out.

    Names are decoded after the list is split, so that a comma inside an encoded name does not end it.
    """
    found = []
    for body in bodies or ():
        text = _to_text(body, charset)
        people = [(name, cleaned) for name, address in _mailboxes(text) if (cleaned := address_of(address))]
        if not people:  # a quotation mark or bracket that is never closed hides everything behind it
            people = [("", cleaned) for address in _ADDRESS.findall(text) if (cleaned := address_of(address))]
        for name, address in people:
            shown = _SPACES.sub(" ", decode_words(name)).strip().strip("'\"").strip()
            found.append((shown if shown.lower() != address else "", address))
    return found


def address_of(text: str) -> str | None:
    """One address in lower case, None where the text is none. Angle brackets and a type ("rfc822;") may stand around it."""
    text = text.rsplit(";", 1)[-1].strip().strip("<>").strip().strip("'\"")
    if text.lower().startswith("mailto:"):
        text = text[7:]
    text = "".join(text.split()).rstrip(".,").lower()
    local, at, domain = text.rpartition("@")
    is_address = at and local and domain and len(text) <= _LONGEST_ADDRESS and not _NO_ADDRESS.search(text)
    return storable(text) if is_address else None


def message_ids_of(bodies: list[bytes] | None) -> list[str]:
    """Message-IDs in fields such as References, without brackets, in order."""
    found = []
    for body in bodies or ():
        text = body.decode("utf-8", "replace")
        ids = _MESSAGE_ID.findall(text)
        if not ids and (bare := text.split("(")[0].split()):
            ids = bare[:1] if "@" in bare[0] else []
        found += [storable("".join(one.split())) for one in ids]
    return found


def date_of(raw: bytes | str | None, zone: ZoneInfo | None = None) -> datetime | None:
    """UTC of a Date field's text; None for what is no date, an impossible one or one before there was such mail.

    Obsolete zones (RFC 5322 4.3) and the letters of Russian and European ones are known; a date without any is taken in ``zone``
    (None: UTC).
    """
    if not raw:
        return None
    text = raw.decode("ascii", "replace") if isinstance(raw, bytes) else raw
    try:
        # Comments and blanks may stand anywhere in a date, even inside the time (RFC 5322, A.5).
        parts = parsedate_tz(text) or parsedate_tz(_COLON.sub(":", _COMMENT.sub(" ", text)))
        if parts is None:
            return None
        naive = datetime(*parts[:6])
        letters = _LETTER_ZONE.search(text)
        if letters and letters[1] in _LETTER_ZONES:
            moment = (naive - timedelta(hours=_LETTER_ZONES[letters[1]])).replace(tzinfo=UTC)
        elif parts[9] is not None and (parts[9] != 0 or _HAS_ZONE.search(text)):
            moment = (naive - timedelta(seconds=parts[9])).replace(tzinfo=UTC)
        elif zone is not None and not _HAS_ZONE.search(text):
            moment = naive.replace(tzinfo=zone).astimezone(UTC)
        else:
            moment = naive.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None


def received_at(fields: Fields) -> datetime | None:
    """When the topmost Received field that has a readable date says that the mail came in."""
    for body in fields.get("received", ()):
        if moment := date_of(body.rpartition(b";")[2].strip()):
            return moment
    return None


def parameter(raw: bytes | None, name: str) -> str | None:
    """A parameter of a structured field (``boundary`` of Content-Type), without quotes."""
    if not raw:
        return None
    text = raw.decode("utf-8", "replace")
    match = re.search(rf";\s*{re.escape(name)}\*?0?\*?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]+))", text, re.IGNORECASE)
    if not match:
        return None
    value = match[1] if match[1] is not None else match[2]
    return value.replace('\\"', '"').strip()


def kind_of(raw: bytes | None) -> str:
    """The type of a structured field in lower case: "multipart/report"; empty where there is none."""
    return (raw or b"").split(b";")[0].split(b"(")[0].strip().lower().decode("ascii", "replace")


def decode(raw: bytes, charset: str) -> str:
    """Bytes in a charset as a mail names it; what cannot be is replaced, and an unknown charset is taken for UTF-8."""
    charset = charset.lower().strip().strip("'\"")
    try:
        return storable(raw.decode("utf-8" if charset in _NO_CHARSETS else _CHARSETS.get(charset, charset), "replace"))
    except (LookupError, UnicodeError, ValueError):
        return storable(raw.decode("utf-8", "replace"))


# -- inside ---------------------------------------------------------------------------------------------------------------------


def _to_text(raw: bytes, charset: str | None) -> str:
    """Bytes of a field as text: ASCII or UTF-8; else the mail's own charset; else the Cyrillic one whose small letters prevail."""
    try:
        return storable(raw.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if charset and charset.lower() not in ("us-ascii", "utf-8", "ascii"):
        return storable(decode(raw, charset.lower()))
    koi8 = sum(byte in _KOI8_LOWER for byte in raw)
    cp1251 = sum(byte in _CP1251_LOWER for byte in raw)
    return storable(raw.decode("koi8-r" if koi8 > cp1251 else "cp1251", "replace"))


def _base64(text: str) -> bytes:
    text = _NO_BASE64.sub("", text)
    text = text[: len(text) - 1] if len(text) % 4 == 1 else text
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _quoted(text: str) -> bytes:
    raw = text.replace("_", " ").encode("utf-8", "replace")
    return _HEX.sub(lambda match: bytes((int(match[1], 16),)), raw)


def _mailboxes(text: str) -> list[tuple[str, str]]:
    """Split an address list at its commas (and a group's ":" and ";"), outside quotes, comments and angle brackets."""
    found: list[tuple[str, str]] = []
    if not _SPECIAL.search(text):
        for piece in text.split(","):
            before, angle_at, after = piece.partition("<")
            if angle_at:
                found.append((before.strip(), after.partition(">")[0]))
            elif "@" in before:
                found.append(("", before.strip()))
        return found
    name: list[str] = []
    comment: list[str] = []
    angle: list[str] = []
    address: str | None = None
    in_quotes, depth, in_angle, escaped = False, 0, False, False

    def done() -> None:
        nonlocal name, address, comment
        plain = "".join(name).strip()
        if address is not None:
            found.append((plain or "".join(comment), address))
        elif "@" in plain:
            found.append(("".join(comment), plain))
        name, address, comment = [], None, []

    for character in text:
        if escaped:
            escaped = False
            (comment if depth else angle if in_angle else name).append(character)
        elif character == "\\" and (in_quotes or depth):
            escaped = True
        elif depth:
            depth += (character == "(") - (character == ")")
            if depth:
                comment.append(character)
        elif character == '"' and not in_angle:
            in_quotes = not in_quotes
        elif in_quotes:
            name.append(character)
        elif character == "(" and not in_angle:
            depth = 1
        elif character == "<":
            in_angle, angle = True, []
        elif character == ">" and in_angle:
            in_angle, address = False, "".join(angle)
        elif in_angle:
            angle.append(character)
        elif character in ",;":
            done()
        elif character == ":" and "@" not in "".join(name):
            name = []  # the name of a group
        else:
            name.append(character)
    if in_angle:
        address = "".join(angle)
    done()
    return found
