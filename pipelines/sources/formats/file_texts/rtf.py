"""RTF: Microsoft's Rich Text Format 1.9.1, from WordPad, Word, LibreOffice, 1C and many others.

Kept: paragraphs, tables (a line per cell), text boxes where they stand, footnotes at the end, what a field shows. Tracked deletions are out,
insertions are in. Hidden: the property "hidden", the colour of the ground, letters under two points. Bytes are read in the code page of
their font, else of the document; fonts that name only "ANSI" follow the document. Where the result is Western letters with accents
throughout, it is Russian written under a false code page (Word 2019 and later do that) and is read as such.

Not kept: headers and footers, comments, numbers of lists, pictures, the address of a link, text that fields are made from.

The words that begin a part which is no text, and the code pages of fonts, are striprtf's tables. Its own conversion is not used: it knows no
hidden or deleted text, loses text boxes and notes, and takes quadratic time on a long line.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from striprtf.striprtf import charset_map, destinations

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.looks import PLAIN, WHITE, Colour, Look
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refusal, Said, Writing

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?\ ?|(?P<hex>(?:\\'[0-9a-fA-F]{2})+)|\\(?P<sign>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)"
)
_SIGNS = {b"~": "\u00a0", b"-": "\u00ad", b"_": "\u2011", b"{": "{", b"}": "}", b"\\": "\\", b"\n": "\n", b"\r": "\n", b"\t": "\t"}
_CHARACTERS = {
    b"tab": "\t", b"line": "\n", b"emdash": "\u2014", b"endash": "\u2013", b"emspace": " ", b"enspace": " ", b"qmspace": " ",
    b"bullet": "\u2022", b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"zwj": "\u200d", b"zwnj": "\u200c",
}  # fmt: skip
_LINE_ENDS = frozenset((b"par", b"sect", b"page", b"cell", b"nestcell", b"row", b"nestrow", b"column"))
#: Parts that striprtf passes over and that hold text of the document.
_TEXT_PARTS = frozenset(b"footnote shp shpinst shpgrp shptxt do dptxbxtext object result mmath macc mr g ud".split())
#: Parts of numbers, and the old form of what stands in Unicode beside it.
_NO_TEXT = frozenset(word.encode() for word in destinations) - _TEXT_PARTS | frozenset(
    (b"listtext", b"fldinst", b"shprslt", b"sp", b"pntext")
)
_TIMES = {b"creatim": "created_at", b"revtim": "modified_at"}
_TIME_WORDS = {b"yr": 0, b"mo": 1, b"dy": 2, b"hr": 3, b"min": 4, b"sec": 5}
_PEOPLE = {b"author": "author", b"operator": "last_author"}
#: Western, as most documents that say nothing are; what \ansicpg and fonts may name, spelled as Python does.
_WESTERN, _RUSSIAN = "cp1252", "cp1251"
_PAGES_BY_NUMBER = {65001: "utf-8", 10000: "mac_roman", 10007: "mac_cyrillic", 936: "gbk", 949: "cp949", 950: "cp950", 932: "cp932"}
#: Fonts with these character sets say no more than "the document's": ANSI, default.
_NO_CHARSET = frozenset((0, 1))
_SURROGATES = range(0xD800, 0xE000)
_OLD_PAGES = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
#: Parts that are passed over; "both" holds the same text twice, of which the one in Unicode counts.
_DEAD = frozenset(("skipped", "both"))


@dataclass(frozen=True)
class _State:
    """What a group inherits and what ends with it."""

    #: text, skipped, fonts, colours, info, note, revisions, or the name of a field of the information group.
    part: str = "text"
    look: Look = PLAIN
    paragraph_ground: Colour | bool | None = None
    deleted: bool = False
    font: int | None = None
    #: Characters that follow a Unicode one for readers that know none.
    fallback: int = 1
    #: The group began with \*: what it holds may be passed over by whoever does not know it.
    optional: bool = False


class _Reader:
    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data, self._limits = data, limits
        self.writing, self.notes, self.said = Writing(limits), Writing(limits), Said()
        self._state, self._stack = _State(), list[_State]()
        self._page = _WESTERN
        self._fonts: dict[int, str] = {}
        self._default_font: int | None = None
        self._table_font: int | None = None
        self._colours: list[Colour | None] = []
        self._colour: list[int | None] = [None, None, None]
        self._cell_has_ground = False
        self._pending = bytearray()
        self._pending_units: list[int] = []
        self._to_skip = 0
        self._time: list[int] = []
        self._field: list[str] = []
        #: Letters beyond ASCII and within that came out of bytes read as Western: the evidence for a false code page.
        self.accented = self.plain_letters = 0

    def run(self) -> None:
        place, data = 0, self._data
        match = _TOKEN.match
        while place < len(data):
            token = match(data, place)
            if token is None:
                place += 1  # a line end, which means nothing, or a lone backslash at the end
                continue
            place = token.end()
            kind = token.lastgroup
            if kind == "number":
                kind = "word"
            if kind == "text":
                self._bytes(token["text"])
            elif kind == "hex":
                self._bytes(bytes.fromhex(token["hex"].replace(b"\\'", b"").decode("ascii")))
            elif kind == "brace":
                self._flush()
                if not self._brace(token["brace"]):
                    break
            elif kind == "sign":
                self._sign(token["sign"])
            else:
                word = token["word"]
                number = int(token["number"]) if token["number"] else None
                if word == b"bin" and number and number > 0:
                    place += number  # bytes of a picture or an object as they are
                else:
                    self._word(word, number)
        # Groups that never end are no fault: word processors show such a file as far as it goes, and so do we.
        self._flush()

    # -- text ----------------------------------------------------------------------------------------------------------------

    def _bytes(self, text: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if self._state.part not in _DEAD:
            self._pending += text

    def _flush(self) -> None:
        """Decode what bytes have come together and hand them on."""
        if self._pending_units:
            units = b"".join(unit.to_bytes(2, "little") for unit in self._pending_units)
            self._pending_units.clear()
            self._write(units.decode("utf-16-le", "replace"))
        if self._pending:
            content = bytes(self._pending)
            self._pending.clear()
            if self._state.part in _DEAD:
                return
            page = self._fonts.get(self._font(), self._page)
            text = content.decode(page, "replace")
            if page == _WESTERN and self._state.part in ("text", "note"):
                self.accented += sum(byte >= 0xC0 for byte in content)
                self.plain_letters += sum(chr(byte).isalpha() for byte in content if byte < 0x80)
            self._write(text)

    def _font(self) -> int:
        font = self._state.font if self._state.font is not None else self._default_font
        return 0 if font is None else font

    def _write(self, text: str) -> None:
        state = self._state
        if state.part in ("text", "note"):
            if not state.deleted:
                look = state.look if state.look.ground is not None else replace(state.look, ground=state.paragraph_ground)
                ground = None if self._cell_has_ground and look.ground is None else WHITE
                (self.writing if state.part == "text" else self.notes).add(text, hidden=look.is_unseen(ground))
        elif state.part == "colours":
            for _ in range(text.count(";")):
                red, green, blue = self._colour
                self._colours.append(None if red is None or green is None or blue is None else (red & 255, green & 255, blue & 255))
                self._colour = [None, None, None]
        elif state.part in _PEOPLE.values():
            self._field.append(text)

    def _end_line(self) -> None:
        if self._state.part in ("text", "note"):
            self._flush()
            (self.writing if self._state.part == "text" else self.notes).end_line()

    # -- groups, signs, words ------------------------------------------------------------------------------------------------

    def _brace(self, brace: bytes) -> bool:
        """One step in or out; False where the document ends."""
        self._to_skip = 0
        if brace == b"{":
            if len(self._stack) >= self._limits.nesting:
                raise Refusal(Reason.NESTING)
            self._stack.append(self._state)
            self._state = replace(self._state, optional=False)
            return True
        if not self._stack:
            return False
        left, self._state = self._state, self._stack.pop()
        if left.part in _PEOPLE.values() and self._state.part != left.part:
            # LibreOffice calls both the first author and the last one "author", in that order.
            is_second = left.part == "author" and self.said.author is not None
            setattr(self.said, "last_author" if is_second else left.part, "".join(self._field) or None)
            self._field = []
        elif left.part in _TIMES.values() and self._state.part != left.part:
            setattr(self.said, left.part, _moment(self._time))
        elif left.part == "note" and self._state.part != "note":
            self.notes.end_line()
        return bool(self._stack)

    def _sign(self, sign: bytes) -> None:
        if self._to_skip:
            self._to_skip -= 1
        elif sign == b"*":
            self._state = replace(self._state, optional=True)
        elif sign in (b"\r", b"\n"):
            self._end_line()
        elif sign in _SIGNS:
            self._flush()
            self._write(_SIGNS[sign])

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"u" and number is not None:
            self._unicode(number)
            return
        if self._to_skip:
            # A control word counts as one character of the fallback.
            self._to_skip -= 1
            return
        self._flush()
        state = self._state
        if state.part in _DEAD:
            if word == b"ud" and state.part == "both":
                self._state = replace(state, part=next(outer.part for outer in reversed(self._stack) if outer.part != "both"))
            return
        if word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        elif word in _LINE_ENDS:
            self._end_line()
        elif not self._part(word, state) and not self._style(word, number, state):
            self._table(word, number, state)

    def _unicode(self, number: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        if self._pending:
            self._flush()
        unit = number & 0xFFFF
        # Halves of a pair wait for one another.
        if self._pending_units and unit not in _SURROGATES:
            self._flush()
        if self._state.part not in _DEAD:
            self._pending_units.append(unit)
            if unit not in _SURROGATES:
                self._flush()
        self._to_skip = self._state.fallback

    def _part(self, word: bytes, state: _State) -> bool:
        """Words that begin a part of the document."""
        part = {
            b"fonttbl": "fonts", b"colortbl": "colours", b"info": "info", b"rsidtbl": "revisions", b"footnote": "note", b"upr": "both",
        }.get(word)  # fmt: skip
        if part is None and state.part == "info":
            part = _TIMES.get(word) or _PEOPLE.get(word)
            if part:
                self._time = [0, 1, 1, 0, 0, 0]
        if part is None and (word in _NO_TEXT or (state.optional and word not in _TEXT_PARTS)):
            part = "skipped"
        if part is None and not state.optional:
            return False
        part = part or state.part
        self._state = replace(state, part=part, optional=False)
        return True

    def _style(self, word: bytes, number: int | None, state: _State) -> bool:
        """Words that change what the following text looks like."""
        on = number != 0
        look = state.look
        if word == b"v":
            look = replace(look, hidden=on)
        elif word == b"plain":
            self._state = replace(state, look=PLAIN, deleted=False, font=None)
            return True
        elif word == b"fs":
            look = replace(look, points=None if number is None else number / 2)
        elif word == b"cf":
            look = replace(look, ink=self._colour_at(number))
        elif word in (b"cb", b"chcbpat", b"highlight"):
            look = replace(look, ground=self._colour_at(number) if number else None)
        elif word == b"cbpat":
            self._state = replace(state, paragraph_ground=self._colour_at(number) or False)
            return True
        elif word == b"pard":
            self._state = replace(state, paragraph_ground=None)
            return True
        elif word == b"deleted":
            self._state = replace(state, deleted=on)
            return True
        elif word == b"f" and state.part in ("text", "note"):
            self._state = replace(state, font=number)
            return True
        elif word == b"uc":
            self._state = replace(state, fallback=min(max(number or 0, 0), 64))
            return True
        else:
            return False
        self._state = replace(state, look=look)
        return True

    def _table(self, word: bytes, number: int | None, state: _State) -> None:
        """Words of the header: code pages, fonts, colours, times, ids."""
        if word == b"ansicpg":
            self._page = _code_page(number) or _WESTERN
        elif word == b"deff":
            self._default_font = number
        elif word == b"f" and state.part == "fonts":
            self._table_font = number
        elif word == b"fcharset" and state.part == "fonts" and self._table_font is not None:
            if number is not None and number not in _NO_CHARSET and (page := charset_map.get(number)) and _is_codec(page):
                self._fonts[self._table_font] = page
        elif word == b"cpg" and state.part == "fonts" and self._table_font is not None:
            if page := _code_page(number):
                self._fonts.setdefault(self._table_font, page)
        elif word in (b"red", b"green", b"blue") and state.part == "colours":
            self._colour[(b"red", b"green", b"blue").index(word)] = number
        elif word in (b"clcbpat", b"clshdng", b"clcfpat"):
            self._cell_has_ground = True
        elif word == b"trowd":
            self._cell_has_ground = False
        elif word in _TIME_WORDS and state.part in _TIMES.values():
            self._time[_TIME_WORDS[word]] = number or 0
        elif word == b"nofpages" and state.part == "info":
            self.said.pages = number
        elif word == b"version" and state.part == "info":
            self.said.revision = number
        elif (
            word == b"rsid" and state.part == "revisions" and number is not None and len(self.said.revision_ids) < self._limits.revision_ids
        ):
            # As DOCX writes them: a work saved in both forms shares them.
            self.said.revision_ids.append(f"{number & 0xFFFFFFFF:08X}")
        elif word in _OLD_PAGES:
            self._page = _OLD_PAGES[word]

    def _colour_at(self, number: int | None) -> Colour | bool:
        if number is None or not 0 <= number < len(self._colours):
            return False
        return self._colours[number] or False


def read(data: bytes, limits: Limits, zone: ZoneInfo) -> FileText:
    """The text of an RTF. Raises Refusal for one that nests too deep or holds too much."""
    reader = _Reader(data, limits)
    reader.run()
    falsely_western = reader.accented > reader.plain_letters
    writing = reader.writing.followed_by(reader.notes)
    return writing.result("rtf", reader.said, zone, pick=_as_russian if falsely_western else str)


def _as_russian(text: str) -> str:
    """Letters that Western and Russian Windows have at the same places, from the first to the second."""
    return "".join(
        character.encode(_WESTERN, "replace").decode(_RUSSIAN, "replace") if "\u0080" <= character <= "\u00ff" else character
        for character in text
    )


def _moment(parts: list[int]) -> datetime | None:
    try:
        return datetime(*parts)  # type: ignore[arg-type]
    except (ValueError, OverflowError, TypeError):
        return None


def _code_page(number: int | None) -> str | None:
    """Python's name of a Windows code page; None for one it does not have."""
    if number is None:
        return None
    page = _PAGES_BY_NUMBER.get(number, f"cp{number}")
    return page if _is_codec(page) else None


def _is_codec(page: str) -> bool:
    try:
        return codecs.lookup(page)._is_text_encoding
    except (LookupError, ValueError):
        return False
