"""Which format a file is, by its bytes. Its name is the learner's word and is not asked."""

from __future__ import annotations

import re

from pipelines.sources.formats.file_texts.packages import Package
from pipelines.sources.formats.file_texts.results import Reason, Refusal

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Beginnings of what is not read, and what it is called. Lists of the formats' own definitions; WebP, HEIC and sound share containers.
_OTHERS: tuple[tuple[bytes, Reason], ...] = (
    (b"\x89PNG\r\n\x1a\n", Reason.IMAGE),
    (b"\xff\xd8\xff", Reason.IMAGE),
    (b"GIF87a", Reason.IMAGE),
    (b"GIF89a", Reason.IMAGE),
    (b"II*\x00", Reason.IMAGE),
    (b"MM\x00*", Reason.IMAGE),
    (b"8BPS", Reason.IMAGE),
    (b"AT&TFORM", Reason.IMAGE),
    (b"7z\xbc\xaf\x27\x1c", Reason.ARCHIVE),
    (b"Rar!\x1a\x07", Reason.ARCHIVE),
    (b"\x1f\x8b", Reason.ARCHIVE),
    (b"BZh", Reason.ARCHIVE),
    (b"\xfd7zXZ\x00", Reason.ARCHIVE),
    (b"(\xb5/\xfd", Reason.ARCHIVE),
    (b"MSCF", Reason.ARCHIVE),
    (b"MZ\x90\x00", Reason.OTHER),
    (b"\x7fELF", Reason.OTHER),
    (b"ID3", Reason.OTHER),
    (b"OggS", Reason.OTHER),
    (b"\x1aE\xdf\xa3", Reason.OTHER),
    (b"%!PS", Reason.OTHER),
)
_MARKUP = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|svg|\?mso)\b", re.IGNORECASE)
#: A web page with its pictures in one file (MHTML), which Word writes as ".doc" too.
_MIME = re.compile(rb"^\s*(?:From: |MIME-Version: )[^\n]*\n(?:[\w-]+:|\s)", re.IGNORECASE)
_RTF = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\{\\rtf")
#: A PDF may begin with something else; readers look for its head in this many bytes (PDF 1.7, annex H, note 13).
_PDF_HEAD = 1024
_HEIC = re.compile(rb"^ftyp(?:heic|heix|mif1|msf1|avif)")
_TAR_PLACE = slice(257, 262)
_ODT = b"application/vnd.oasis.opendocument.text"
_RELATIONSHIPS = "_rels/.rels"


def recognise(data: bytes) -> str:
    """``docx``, ``odt``, ``pdf``, ``rtf`` or ``txt`` (also: anything that may turn out to be no text), or ``zip`` for a package to look into.

    Raises Refusal for formats that are known and not read.
    """
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if _RTF.match(data[:64]):
        return "rtf"
    if data.startswith(_OLE):
        # An encrypted DOCX is such a file with a stream of that name ([MS-OFFCRYPTO] 2.3.4.4).
        raise Refusal(Reason.ENCRYPTED if "EncryptedPackage".encode("utf-16-le") in data else Reason.OLD_OFFICE)
    for beginning, reason in _OTHERS:
        if data.startswith(beginning):
            raise Refusal(reason)
    if (
        (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or _HEIC.match(data[4:12])
        or (data.startswith(b"BM") and data[6:10] == b"\x00" * 4)
    ):
        raise Refusal(Reason.IMAGE)
    if data.startswith(b"RIFF") or data[4:8] == b"ftyp":
        raise Refusal(Reason.OTHER)
    if data[_TAR_PLACE] == b"ustar":
        raise Refusal(Reason.ARCHIVE)
    if b"%PDF-" in data[:_PDF_HEAD]:
        return "pdf"
    if _MARKUP.match(data[:256]) or (_MIME.match(data[:512]) and b"content-type:" in data[:4096].lower()):
        raise Refusal(Reason.OTHER)
    return "txt"


def recognise_package(package: Package) -> str:
    """``docx`` or ``odt``. Raises Refusal for other packages and plain archives."""
    if "mimetype" in package.names:
        if package.read("mimetype").strip().startswith(_ODT):
            return "odt"
        raise Refusal(Reason.OTHER)
    if _RELATIONSHIPS in package.names:
        return "docx"
    if {"content.xml", "META-INF/manifest.xml"} <= package.names:
        return "odt"
    raise Refusal(Reason.ARCHIVE)
