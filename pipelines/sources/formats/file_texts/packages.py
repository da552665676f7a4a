"""Documents that are ZIP packages of XML parts (DOCX, ODT), opened so that nothing in them can cost more than the limits.

Only the parts asked for are unpacked, each counted while it is; XML is parsed without entities, network and huge trees. python-docx and
odfpy read every part of a package, pictures included, before one can look at it, and odfpy expands entities; they are not used here.

APPNOTE.TXT 6.3.10 (ZIP); ECMA-376 part 2 (packages of Office); OpenDocument 1.3 part 2.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from lxml import etree

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.results import Reason, Refusal

_ENCRYPTED_FLAG = 1
_LOCAL_HEADER = 30
_ENTRY = b"PK\x01\x02"
_BLOCK = 1 << 16


class Package:
    """One ZIP in memory. Raises Refusal for one that is damaged, encrypted, or built to unpack to too much."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        # Before anything is made of the directory: each of its entries begins with these bytes.
        if data.count(_ENTRY) > limits.members:
            raise Refusal(Reason.MEMBERS)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, OSError, UnicodeDecodeError) as error:
            raise Refusal(Reason.DAMAGED) from error
        self._limits, self._left = limits, limits.unpacked_bytes
        members = self._zip.infolist()
        if len(members) > limits.members:
            raise Refusal(Reason.MEMBERS)
        if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
            raise Refusal(Reason.ENCRYPTED)
        _check_overlap(members)
        self.names = frozenset(member.filename for member in members)

    def read(self, name: str) -> bytes:
        """One part. Raises Refusal where it is absent, damaged or too much."""
        try:
            member = self._zip.getinfo(name)
        except KeyError as error:
            raise Refusal(Reason.DAMAGED) from error
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Office writes nothing else, and the others' memory is what the file says.
            raise Refusal(Reason.DAMAGED)
        most = min(self._limits.part_bytes, self._left)
        if most > self._limits.ratio_from_bytes:
            most = min(most, max(self._limits.ratio_from_bytes, member.compress_size * self._limits.unpacked_ratio))
        if member.file_size > most:
            raise Refusal(Reason.BOMB)
        parts, size = [], 0
        try:
            with self._zip.open(member) as content:
                while block := content.read(_BLOCK):
                    size += len(block)
                    if size > most:
                        raise Refusal(Reason.BOMB)
                    parts.append(block)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
            OSError,
            UnicodeDecodeError,
        ) as error:
            raise Refusal(Reason.DAMAGED) from error
        self._left -= size
        return b"".join(parts)

    def xml(self, name: str) -> etree._Element:
        """One part as a tree. Raises Refusal where it is no XML or brings its own entities."""
        return parse_xml(self.read(name))


def parse_xml(data: bytes) -> etree._Element:
    """The root of an XML document. Raises Refusal for what is no XML, nests deeper than 256 or declares a document type."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise Refusal(Reason.NESTING if "depth" in str(error) else Reason.DAMAGED) from error
    except ValueError as error:
        raise Refusal(Reason.DAMAGED) from error
    # Neither format allows one; it is there for its entities.
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refusal(Reason.DAMAGED)
    return root


def _check_overlap(members: list[zipfile.ZipInfo]) -> None:
    """Members that share bytes: how one kilobyte becomes terabytes without nesting (D. Fifield, A better zip bomb, 2019)."""
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise Refusal(Reason.BOMB)
        end = member.header_offset + _LOCAL_HEADER + member.compress_size
