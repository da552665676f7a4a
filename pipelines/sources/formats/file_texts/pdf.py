"""PDF: ISO 32000-1, read with PDFium (Chrome's reader, through pypdfium2).

Kept: the text of every page in PDFium's reading order, a line per printed line, words broken at a line's end put together; the number of
pages; the information dictionary. A page that cannot be read is left out; where none can, the file is refused. Hidden: text drawn in the invisible mode or with a transparent or white ink, unless something is painted
under it; letters under two points. An invisible text over a picture is what a scanner read off it: text, not hidden.

Not kept: comments, form fields, attachments, text in pictures, XMP metadata. Not seen as hidden: text under a picture or off the page, ink
of a pattern, colours of other than plain grounds.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2.raw as pdfium

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.looks import WHITE, is_tiny, melts
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refusal, Said, Writing

_Box = tuple[float, float, float, float]
#: a, b, c, d, e, f of a coordinate system inside another (8.3.3).
_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
#: Forms (drawings used as one object) inside forms: PDFium itself stops at 20.
_FORM_DEPTH = 20
#: Bytes of a field of the information dictionary.
_FIELD_BYTES = 4_000
#: PDFium's mark of a hyphen that only the line's end asked for: character 2, or the non-character FFFE in older versions.
_BROKEN_WORD = re.compile("[\u0002\ufffe](?:\r\n|\r|\n)?")
_DATE = re.compile(r"^(?:D:)?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)|([+-])(\d{2})'?(?:(\d{2})'?)?)?", re.ASCII)


def read(data: bytes, limits: Limits, zone: ZoneInfo) -> FileText:
    """The text of a PDF. Raises Refusal where it is encrypted, damaged or too long."""
    writing, said = Writing(limits), Said()
    with _opened(data) as document:
        pages = pdfium.FPDF_GetPageCount(document)
        if pages > limits.pages:
            raise Refusal(Reason.PAGES)
        if pages < 1:
            raise Refusal(Reason.DAMAGED)
        read_pages = 0
        for number in range(pages):
            read_pages += _page(document, number, writing, limits)
        if not read_pages:
            raise Refusal(Reason.DAMAGED)
        said.pages = pages
        said.author = _field(document, b"Author")
        said.created_at, said.modified_at = (moment_of(_field(document, name)) for name in (b"CreationDate", b"ModDate"))
    return writing.result("pdf", said, zone, pick=lambda text: _BROKEN_WORD.sub("", text))


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        raise Refusal(
            Reason.ENCRYPTED if pdfium.FPDF_GetLastError() in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY) else Reason.DAMAGED
        )
    try:
        yield document
    finally:
        pdfium.FPDF_CloseDocument(document)


def _page(document: Any, number: int, writing: Writing, limits: Limits) -> bool:
    """One page's text; False for a page that cannot be read (others may)."""
    page = pdfium.FPDF_LoadPage(document, number)
    if not page:
        return False
    try:
        text_page = pdfium.FPDFText_LoadPage(page)
        if not text_page:
            return False
        try:
            length = pdfium.FPDFText_CountChars(text_page)
            if length > limits.characters:
                raise Refusal(Reason.TEXT)
            if length > 0:
                unseen = _unseen(page, limits)
                if unseen:
                    _split(text_page, length, unseen, writing)
                else:
                    writing.add(_text(text_page, 0, length))
            writing.end_line()
        finally:
            pdfium.FPDFText_ClosePage(text_page)
    finally:
        pdfium.FPDF_ClosePage(page)
    return True


def _text(text_page: Any, start: int, length: int) -> str:
    # What PDFium counts and what it writes differ by characters it leaves out and by surrogates: room for both.
    buffer = (ctypes.c_ushort * (2 * length + 2))()
    written = pdfium.FPDFText_GetText(text_page, start, length, buffer)
    return bytes(buffer)[: max(written - 1, 0) * 2].decode("utf-16-le", "replace")


def _split(text_page: Any, length: int, unseen: set[int], writing: Writing) -> None:
    """Runs of characters that belong to unseen objects, and the others."""
    start, was_hidden = 0, False
    for place in range(length + 1):
        hidden = was_hidden
        if place < length:
            owner = pdfium.FPDFText_GetTextObject(text_page, place)
            # Spaces and line ends that PDFium puts in itself belong to nobody: to the run before them.
            hidden = _address(owner) in unseen if owner else was_hidden
        if place == length or hidden != was_hidden:
            if place > start:
                writing.add(_text(text_page, start, place - start), hidden=was_hidden)
            start, was_hidden = place, hidden


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


# -- what a reader does not see -------------------------------------------------------------------------------------------------


def _unseen(page: Any, limits: Limits) -> set[int]:
    """Text objects of a page that its reader does not see."""
    found: set[int] = set()
    #: What is painted so far: pictures and coloured areas, with whether it is a picture.
    painted: list[tuple[_Box, bool]] = []
    left = [limits.page_objects]

    def look_at(thing: Any, depth: int, within: _Matrix) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Refusal(Reason.TIME)
        kind = pdfium.FPDFPageObj_GetType(thing)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            if _is_unseen(thing, within, painted):
                found.add(_address(thing))
        elif kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
            painted.append((_box(thing, within), kind == pdfium.FPDF_PAGEOBJ_IMAGE))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            if _paints(thing):
                painted.append((_box(thing, within), False))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _FORM_DEPTH:
            inner = _product(_matrix(thing), within)
            for place in range(pdfium.FPDFFormObj_CountObjects(thing)):
                look_at(pdfium.FPDFFormObj_GetObject(thing, place), depth + 1, inner)

    # Pictures first: a scanner's text may stand before the picture it was read from.
    things = [pdfium.FPDFPage_GetObject(page, place) for place in range(min(pdfium.FPDFPage_CountObjects(page), limits.page_objects + 1))]
    later = [(_box(thing, _IDENTITY), True) for thing in things if pdfium.FPDFPageObj_GetType(thing) == pdfium.FPDF_PAGEOBJ_IMAGE]
    painted.extend(later)
    for thing in things:
        look_at(thing, 0, _IDENTITY)
    return found


def _is_unseen(thing: Any, within: _Matrix, painted: list[tuple[_Box, bool]]) -> bool:
    mode = pdfium.FPDFTextObj_GetTextRenderMode(thing)
    if mode in (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP):
        return not _covers(painted, _box(thing, within), pictures=True)
    if is_tiny(_points(thing, within)):
        return True
    if mode not in (pdfium.FPDF_TEXTRENDERMODE_FILL, pdfium.FPDF_TEXTRENDERMODE_FILL_CLIP):
        return False
    ink = _colour(thing)
    if ink is None:
        return False
    if ink[3] == 0:
        return True
    return melts(ink[:3], WHITE) and not _covers(painted, _box(thing, within), pictures=False)


def _covers(painted: list[tuple[_Box, bool]], text: _Box, *, pictures: bool) -> bool:
    """Does something painted (a picture) lie where the text's middle is?"""
    across, up = (text[0] + text[2]) / 2, (text[1] + text[3]) / 2
    return any(box[0] <= across <= box[2] and box[1] <= up <= box[3] for box, is_picture in reversed(painted) if is_picture or not pictures)


def _box(thing: Any, within: _Matrix) -> _Box:
    """Left, bottom, right, top on the page."""
    edges = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(thing, *edges)
    left, bottom, right, top = (edge.value for edge in edges)
    if within == _IDENTITY:
        return left, bottom, right, top
    a, b, c, d, e, f = within
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(up), max(across), max(up)


def _matrix(thing: Any) -> _Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(thing, found):
        return _IDENTITY
    return found.a, found.b, found.c, found.d, found.e, found.f


def _product(inner: _Matrix, outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _colour(thing: Any) -> tuple[int, int, int, int] | None:
    channels = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(thing, *channels):
        return None
    red, green, blue, opacity = (channel.value for channel in channels)
    return red, green, blue, opacity


def _paints(path: Any) -> bool:
    """Is the path an area of another colour than the paper's?"""
    filling, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, filling, stroke) or not filling.value:
        return False
    ink = _colour(path)
    return ink is None or (ink[3] > 0 and not melts(ink[:3], WHITE))


def _points(thing: Any, within: _Matrix) -> float | None:
    """Height of the letters as printed: the font's size in the text's own coordinates in those of the forms it lies in."""
    size = ctypes.c_float()
    if not pdfium.FPDFTextObj_GetFontSize(thing, size):
        return None
    _, _, c, d, _, _ = _product(_matrix(thing), within)
    scale = (c**2 + d**2) ** 0.5
    # A size or a matrix of nothing is some programs' way to say "as the font has it".
    return abs(size.value) * scale if scale > 0 and size.value else None


# -- what it says of itself -----------------------------------------------------------------------------------------------------


def _field(document: Any, name: bytes) -> str | None:
    size = pdfium.FPDF_GetMetaText(document, name, None, 0)
    if not 2 < size <= _FIELD_BYTES:
        return None
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDF_GetMetaText(document, name, buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace") or None


def moment_of(text: str | None) -> datetime | None:
    """A date of PDF (7.9.4): ``D:YYYYMMDDHHmmSSOHH'mm'``, everything after the year may be missing; None for anything else."""
    found = _DATE.match((text or "").strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(part) if part else least for part, least in zip(found.groups()[:6], (1, 1, 1, 0, 0, 0), strict=True)
    )
    zone = None
    if found[7]:
        zone = UTC
    elif found[8]:
        offset = timedelta(hours=int(found[9]), minutes=int(found[10] or 0))
        zone = timezone(-offset if found[8] == "-" else offset) if offset < timedelta(days=1) else None
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
