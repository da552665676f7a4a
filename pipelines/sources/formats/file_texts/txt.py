"""TXT: plain text in UTF-8, UTF-16, UTF-32, or one of the eight-bit code pages of Russian and Western Europe.

A byte-order mark decides; then the high bytes of UTF-16 at every second place; then UTF-8, which text in another encoding does not look like
by chance; then how Russian the letters of each code page read. What has zero bytes or many control characters is no text.

The code pages are weighed here, not by charset-normalizer: asked for these six it takes short Russian texts in KOI8-R for Windows-1251 in the
wrong case, and 20 ms per file.

Not kept: nothing. A text file says nothing of itself, and hides nothing.
"""

from __future__ import annotations

import codecs
import re
from zoneinfo import ZoneInfo

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refusal, Said, Writing

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: In the order in which a draw is decided.
_RUSSIAN_PAGES = ("cp1251", "koi8_r", "cp866", "mac_cyrillic", "iso8859_5")
_WESTERN_PAGE = "cp1252"
#: Bytes looked at to tell the encoding: some pages.
_SAMPLE = 32_768
#: Share of undecodable bytes that UTF-8 may have: one cut-off character in a short file, a transfer error in a long one.
_BROKEN_SHARE = 0.002
#: Share of zeros and fours (the Latin and the Cyrillic block) among the high bytes from which a text is UTF-16.
_HIGH_SHARE = 0.7
#: Share of control characters from which the file is no text.
_CONTROL_SHARE = 0.01
_CONTROLS = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f]")
_MIXED = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_BESIDE = re.compile(rb"[\x80-\xff]{2}")
#: What speaks for a reading and against it, per find: two thirds of all Russian letters, any small letter, a word's capital, a capital
#: behind a small letter (another code page's alphabet with the cases changed), letters and signs that Russian does not have.
_SIGNS = (
    (re.compile("[оеаинтсрвл]"), 1.0),
    (re.compile("[а-яё]"), 1.0),
    (re.compile(r"\b[А-ЯЁ]"), 1.0),
    (re.compile("[а-яё][А-ЯЁ]"), -4.0),
    (re.compile("[^\x00-\x7fА-Яа-яЁё«»„“”‘’—–…№\u00a0°§©®\u2022]"), -2.0),
)
_BLOCK = 100_000


def read(data: bytes, limits: Limits, zone: ZoneInfo) -> FileText:
    """The text of a plain text file. Raises Refusal for bytes that are no text."""
    if len(data) > 4 * limits.characters:
        raise Refusal(Reason.TEXT)
    text = _decoded(data)
    sample = text[:_BLOCK]
    if len(_CONTROLS.findall(sample)) > _CONTROL_SHARE * len(sample):
        raise Refusal(Reason.OTHER)
    writing = Writing(limits)
    writing.add(text)
    return writing.result("txt", Said(), zone, tells_hidden=False)


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    half = min(len(data), _SAMPLE) // 2
    for encoding, high in (("utf-16-le", data[1 : 2 * half : 2]), ("utf-16-be", data[0 : 2 * half : 2])):
        # Neither byte stands in any other kind of text.
        if half and high.count(0) + high.count(4) > _HIGH_SHARE * half:
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    sample = data[:_SAMPLE]
    if 0 in sample:
        raise Refusal(Reason.OTHER)
    loose = data.decode("utf-8", "replace")
    if loose.count("\ufffd") <= max(1, _BROKEN_SHARE * len(data)) and not loose.isascii() and _is_mostly_whole(loose):
        return loose
    return data.decode(_code_page(sample), "replace")


def _is_mostly_whole(text: str) -> bool:
    """More characters beyond ASCII were understood than were not: this is UTF-8 with a fault, and no code page."""
    broken = text.count("\ufffd")
    return len(text.encode("ascii", "ignore")) + 2 * broken < len(text)


def _code_page(sample: bytes) -> str:
    """The eight-bit code page in which the sample reads best."""
    # Western letters beyond ASCII stand among Latin ones, Russian letters among their own.
    if len(_MIXED.findall(sample)) > len(_BESIDE.findall(sample)):
        return _WESTERN_PAGE
    texts = {page: sample.decode(page, "replace") for page in _RUSSIAN_PAGES}
    return max(texts, key=lambda page: sum(weight * len(sign.findall(texts[page])) for sign, weight in _SIGNS))
