"""Rows of the first table of a workbook, Excel's (.xlsx) or OpenDocument's (.ods), as text, from the front.

Sources of the formats: ECMA-376 part 1 (SpreadsheetML), OASIS OpenDocument 1.3 part 3. Moodle writes both with OpenSpout (text in the cells
themselves); people write them with Excel and LibreOffice (shared strings, dates as serial numbers).

The XML is parsed as it is unpacked and nothing of it is kept, so that memory does not grow with the sheet: a workbook library would make a
table of every cell between the first and the last, which a file of a kilobyte can make larger than any memory.

Not kept: formulas (their last value is), styles, comments, pictures. Of further sheets :func:`further_sheets` tells. Hidden rows and columns are read like others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, BinaryIO, NoReturn
from xml.parsers import expat

from pipelines.errors import BadFile
from pipelines.sources.formats.archives import Tree

#: What Excel and LibreOffice allow in a sheet.
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
#: Excel's longest cell has 32,767 characters, LibreOffice's is longer than anybody writes.
LONGEST_CELL = 1 << 20
#: Bytes of shared strings, unpacked: they have to be in memory.
MOST_SHARED = 1 << 27
#: Sheets looked at. Of Excel each is a member of its own; an OpenDocument's are all in one, which is read from the front for each.
_MOST_SHEETS, _MOST_TABLES = 200, 20
_BYTES_AT_ONCE = 1 << 16

#: Built-in number formats that are dates or times (ECMA-376 18.8.30; 27 to 36 and 50 to 58 are those of East Asian Excels).
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
# A format of one's own is a date if it asks for a day, a month, a year, an hour or a second outside quotes and brackets.
_FORMAT_TEXT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_FORMAT_DATE = re.compile(r"[dmyhs]", re.IGNORECASE)
_COLUMN = re.compile(r"[A-Z]{1,3}")
_DAY_0, _DAY_0_MAC = datetime(1899, 12, 30), datetime(1904, 1, 1)
#: 9999-12-31 as a serial number.
_LAST_DAY = 2_958_466

Row = tuple[int, list[str]]


def workbook_rows(tree: Tree, likeness: Callable[[list[Row]], int], looked_at: int) -> Iterator[Row]:
    """(number from 1, cells) of every row of one sheet that has cells; cells left out are empty, trailing ones are missing.

    Parameters
    ----------
    likeness: how much the first ``looked_at`` rows of a sheet are like what is looked for; the first of the likest sheets is read.

    A sheet that is full to its last row goes on in the next one, if that has no such header: OpenSpout, with which Moodle writes, opens one then. Its
    rows are numbered on (the first is 1,048,577). Raises BadFile for what is no workbook or is damaged.
    """
    likest = _looked_at(tree, likeness, looked_at)
    if not likest:
        return
    most, number, sheet = max(likest, key=lambda one: one[0])
    head = _first(sheet(), 1)
    before = 0
    while True:
        is_full = False
        for line, cells in sheet():
            is_full = line == MOST_ROWS and any(cell.strip() for cell in cells)
            yield before + line, cells
        found, further, sheet = next((one for one in likest if one[1] == number + 1), (0, 0, sheet))
        if not (is_full and further and (found < most or not most) and _first(sheet(), 1)[0][1] != head[0][1]):
            return
        before, number = before + MOST_ROWS, further


def further_sheets(
    tree: Tree, likeness: Callable[[list[Row]], int], looked_at: int, is_such: Callable[[list[Row]], bool] | None = None
) -> Iterator[tuple[int, Iterator[Row]]]:
    """(number from 1, rows) of the sheets that :func:`workbook_rows` does not read though they hold what is looked for: as their first rows say by
    ``is_such``, without it those that are as like it as the one that is read."""
    likest = _looked_at(tree, likeness, looked_at)
    if likest:
        most, read, _ = max(likest, key=lambda one: one[0])
        for found, number, sheet in likest:
            if number != read and (is_such(_first(sheet(), looked_at)) if is_such else most and found == most):
                yield number, sheet()


def sheets_beyond(tree: Tree) -> tuple[int, int] | None:
    """Numbers of the first and the last sheet that is not looked at; None: all are."""
    names = set(tree.names())
    if "xl/workbook.xml" in names:
        most, count = _MOST_SHEETS, len(_excel_members(tree, names)[1])
    else:
        most, count = _MOST_TABLES, _count_tables(tree)
    return (most + 1, count) if count > most else None


def _looked_at(tree: Tree, likeness: Callable[[list[Row]], int], looked_at: int) -> list[tuple[int, int, Callable[[], Iterator[Row]]]]:
    """(likeness, number from 1, rows) of the sheets with anything in them, in the workbook's order."""
    names = set(tree.names())
    if "xl/workbook.xml" in names:
        sheets = _excel_sheets(tree, names)
    elif "content.xml" in names:
        sheets = [partial(_table_rows, tree, number) for number in range(min(_count_tables(tree), _MOST_TABLES))]
    else:
        raise BadFile(tree.path, place="archive", expected="a workbook (.xlsx, .ods)", found="a ZIP archive of something else")
    beginnings = ((number, sheet, _first(sheet(), looked_at)) for number, sheet in enumerate(sheets[:_MOST_SHEETS], start=1))
    return [(likeness(beginning), number, sheet) for number, sheet, beginning in beginnings if beginning]


def _first(rows: Iterator[Row], count: int) -> list[Row]:
    found: list[Row] = []
    for row in rows:
        found.append(row)
        if len(found) == count:
            break
    return found


class _Walk:
    """One XML member of a workbook, element by element. Subclasses have ``start``, ``end`` and look into ``text``."""

    def __init__(self, tree: Tree, name: str) -> None:
        self.tree, self.name = tree, name
        self.text: list[str] = []
        self.length = 0
        self.keeps_text = False
        self._local: dict[str, str] = {}
        self._out: list[Row] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def rows(self) -> Iterator[Row]:
        """What the handlers put out, as it comes."""
        with self.tree.open(self.name) as content:
            yield from self._feed(content)

    def run(self) -> None:
        """To the end, for members that put out nothing."""
        for _ in self.rows():
            pass

    def _feed(self, content: BinaryIO) -> Iterator[Row]:
        more = True
        while more:
            piece = content.read(_BYTES_AT_ONCE)
            more = bool(piece)
            try:
                self._parser.Parse(piece, not more)
            except expat.ExpatError as error:
                found = "its end: it was cut" if error.code in (3, 5) else "text that is none"
                self.bad(f"XML line {error.lineno}", "XML", found)
            except (LookupError, ValueError):
                # Python's codecs are asked for encodings that expat does not have.
                self.bad("XML line 1", "XML in UTF-8 or UTF-16", "an encoding that no spreadsheet program writes")
            yield from self._out
            self._out.clear()

    def put(self, number: int, cells: list[str]) -> None:
        self._out.append((number, cells))

    def bad(self, place: str, expected: str, found: str) -> NoReturn:
        raise BadFile(self.tree.named(self.name), place=place, expected=expected, found=found)

    def take_text(self) -> str:
        """The text gathered since the last taking."""
        taken = "".join(self.text)
        self.text.clear()
        self.length = 0
        return taken

    def start(self, name: str, attributes: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = self._local.get(name)
        if local is None:
            local = self._local[name] = name.rpartition(" ")[2]
        self.start(local, attributes)

    def _end(self, name: str) -> None:
        self.end(self._local[name])

    def _characters(self, text: str) -> None:
        if self.keeps_text:
            self.text.append(text)
            self.length += len(text)
            if self.length > LONGEST_CELL:
                self.bad(f"XML line {self._parser.CurrentLineNumber}", f"cells of at most {LONGEST_CELL} characters", "a longer one")

    def _doctype(self, *_: Any) -> NoReturn:
        self.bad(f"XML line {self._parser.CurrentLineNumber}", "no document type", "one, which no spreadsheet program writes")


# -- Excel --------------------------------------------------------------------------------------------------------------------


class _Sheets(_Walk):
    """Names of sheets, in order, and their relation ids; whether days are counted from 1904."""

    def __init__(self, tree: Tree, name: str) -> None:
        super().__init__(tree, name)
        self.relations: list[str] = []
        self.from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            self.relations.extend(value for key, value in attributes.items() if key.endswith(" id"))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")


class _Relations(_Walk):
    def __init__(self, tree: Tree, name: str) -> None:
        super().__init__(tree, name)
        self.targets: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            self.targets[attributes.get("Id", "")] = target[1:] if target.startswith("/") else f"xl/{target}"


class _Styles(_Walk):
    """Which cell styles show a number as a date."""

    def __init__(self, tree: Tree, name: str) -> None:
        super().__init__(tree, name)
        self._own: dict[str, bool] = {}
        self._in_cells = False
        self.is_date: list[bool] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            code = _FORMAT_TEXT.sub("", attributes.get("formatCode", "")).split(";")[0]
            self._own[attributes.get("numFmtId", "")] = bool(_FORMAT_DATE.search(code)) and "general" not in code.lower()
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            number = attributes.get("numFmtId", "0")
            self.is_date.append(
                self._own[number] if number in self._own else number.isdecimal() and len(number) < 9 and int(number) in _DATE_FORMATS
            )

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False


class _Shared(_Walk):
    def __init__(self, tree: Tree, name: str) -> None:
        super().__init__(tree, name)
        self.strings: list[str] = []
        self._size = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        # Phonetic runs (rPh) repeat the text in another script.
        self.keeps_text = name == "t" or (self.keeps_text and name != "rPh")

    def end(self, name: str) -> None:
        if name == "t":
            self.keeps_text = False
        elif name == "si":
            self.strings.append(self.take_text())
            self._size += len(self.strings[-1])
            if self._size > MOST_SHARED:
                self.bad("shared strings", f"at most {MOST_SHARED >> 20} million characters", "more")


class _Sheet(_Walk):
    """One sheet's rows."""

    def __init__(self, tree: Tree, name: str, shared: list[str], is_date: list[bool], from_1904: bool) -> None:
        super().__init__(tree, name)
        self._shared, self._is_date = shared, is_date
        self._day_0 = _DAY_0_MAC if from_1904 else _DAY_0
        self._number = 0
        self._cells: list[str] = []
        self._kind = self._style = ""
        self._columns: dict[str, int] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "v" or name == "t":
            self.keeps_text = True
        elif name == "c":
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            place = self._place(attributes.get("r"))
            self._cells.extend([""] * (place - len(self._cells) + 1))
            self._at = place
        elif name == "row":
            stated = attributes.get("r", "")
            number = int(stated) if stated.isdecimal() and len(stated) < 9 else self._number + 1
            # A number that goes back would make two rows of one; the order in the file stands.
            self._number = max(number, self._number + 1)
            if self._number > MOST_ROWS:
                self.bad(f"row {self._number}", f"at most {MOST_ROWS} rows", "more")
            self._cells = []
            self._at = -1

    def end(self, name: str) -> None:
        if name == "v" or name == "t":
            self.keeps_text = False
        elif name == "c":
            if self.text:
                self._cells[self._at] = self._value(self.take_text())
        elif name == "row" and self._cells:
            self.put(self._number, self._cells)

    def _place(self, reference: str | None) -> int:
        match = _COLUMN.match(reference) if reference else None
        if match is None:
            place = self._at + 1
        else:
            letters = match[0]
            place = self._columns.get(letters, -1)
            if place < 0:
                for letter in letters:
                    place = (place + 1) * 26 + ord(letter) - ord("A")
                self._columns[letters] = place
        if place >= MOST_COLUMNS:
            self.bad(f"row {self._number}", f"at most {MOST_COLUMNS} columns", "more")
        return place

    def _value(self, text: str) -> str:
        if self._kind in ("inlineStr", "str", "d"):
            return text
        if self._kind == "s":
            if not text.strip().isdecimal() or len(text) > 9 or int(text) >= len(self._shared):
                self.bad(f"row {self._number}", "a shared string", "none of that number")
            return self._shared[int(text)]
        if self._kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if self._kind == "e":
            return ""
        style = int(self._style) if self._style.isdecimal() and len(self._style) < 9 else 0
        if style < len(self._is_date) and self._is_date[style]:
            return _date_text(text, self._day_0)
        return number_text(text)


def _excel_members(tree: Tree, names: set[str]) -> tuple[_Sheets, list[str]]:
    """(what the workbook says, the member of each sheet)."""
    book, relations = _Sheets(tree, "xl/workbook.xml"), _Relations(tree, "xl/_rels/workbook.xml.rels")
    book.run()
    if relations.name in names:
        relations.run()
    # No spreadsheet program names a sheet twice.
    members = dict.fromkeys(relations.targets.get(relation, "") for relation in book.relations)
    found = [member for member in members if member in names]
    return book, found or sorted(name for name in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name))


def _excel_sheets(tree: Tree, names: set[str]) -> list[Callable[[], Iterator[Row]]]:
    book, members = _excel_members(tree, names)
    styles, shared = _Styles(tree, "xl/styles.xml"), _Shared(tree, "xl/sharedStrings.xml")
    for part in (styles, shared):
        if part.name in names:
            part.run()
    return [partial(_sheet_rows, tree, member, shared.strings, styles.is_date, book.from_1904) for member in members]


def _sheet_rows(tree: Tree, member: str, shared: list[str], is_date: list[bool], from_1904: bool) -> Iterator[Row]:
    return _Sheet(tree, member, shared, is_date, from_1904).rows()


def number_text(text: str) -> str:
    """A number as people write it: "5", "85.5"; "0.10000000000000001" and "1E-1" are "0.1". Other text stays."""
    plain = text.strip()
    if plain.lstrip("-").isdigit():
        return plain
    try:
        value = float(plain)
    except ValueError:
        return text
    # 15 digits are what Excel keeps; more are the traces of binary fractions.
    return f"{value:.15g}" if abs(value) < 1e15 else plain


def _date_text(text: str, day_0: datetime) -> str:
    try:
        days = float(text)
    except ValueError:
        return text
    if not 0 <= days < _LAST_DAY:
        return text
    moment = day_0 + timedelta(seconds=round(days * 86400))
    return moment.strftime("%Y-%m-%d") if days == int(days) and days else moment.strftime("%Y-%m-%d %H:%M:%S")


# -- OpenDocument ---------------------------------------------------------------------------------------------------------------


class _Tables(_Walk):
    def __init__(self, tree: Tree, name: str) -> None:
        super().__init__(tree, name)
        self.count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += name == "table"


def _count_tables(tree: Tree) -> int:
    tables = _Tables(tree, "content.xml")
    tables.run()
    return tables.count


def _table_rows(tree: Tree, number: int) -> Iterator[Row]:
    return _OpenDocument(tree, number).rows()


class _OpenDocument(_Walk):
    """Rows of one table of ``content.xml``."""

    def __init__(self, tree: Tree, wanted: int) -> None:
        super().__init__(tree, "content.xml")
        self._wanted, self._table = wanted, -1
        self._depth_in_comment = 0
        self._number = 0
        self._cells: list[tuple[str, int]] = []
        self._repeat = self._row_repeat = 1
        self._value: str | None = None
        self._in_cell = False
        self._paragraphs = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self._table += 1
        if self._table != self._wanted:
            return
        if name == "table-row":
            self._row_repeat, self._cells = self._repeated(attributes, "number-rows-repeated"), []
        elif name in ("table-cell", "covered-table-cell"):
            self._repeat = self._repeated(attributes, "number-columns-repeated")
            self._value = _stated(attributes)
            self._in_cell, self._paragraphs = True, 0
        elif name == "annotation":
            self._depth_in_comment += 1
            self.keeps_text = False
        elif not self._in_cell or self._depth_in_comment:
            return
        elif name in ("p", "h"):
            if self._paragraphs:
                self.text.append("\n")
            self._paragraphs += 1
            self.keeps_text = True
        elif name == "s":
            self.text.append(" " * min(self._repeated(attributes, "c"), MOST_COLUMNS))
        elif name == "tab":
            self.text.append("\t")
        elif name == "line-break":
            self.text.append("\n")

    def end(self, name: str) -> None:
        if self._table != self._wanted:
            return
        if name in ("p", "h"):
            self.keeps_text = False
        elif name == "annotation":
            self._depth_in_comment -= 1
        elif name in ("table-cell", "covered-table-cell"):
            text = self.take_text()
            self._cells.append((text if self._value is None else self._value, self._repeat))
            self._in_cell = False
        elif name == "table-row":
            self._put_row()

    def _put_row(self) -> None:
        while self._cells and not self._cells[-1][0]:
            self._cells.pop()
        if not self._cells:
            self._number += self._row_repeat
            return
        if sum(repeat for _, repeat in self._cells) > MOST_COLUMNS:
            self.bad(f"row {self._number + 1}", f"at most {MOST_COLUMNS} columns", "more")
        cells = [text for text, repeat in self._cells for _ in range(repeat)]
        # One row over and over takes a few bytes of file: the sum is looked at before it is written out.
        if self._number + self._row_repeat > MOST_ROWS:
            self.bad(f"row {self._number + 1}", f"at most {MOST_ROWS} rows", "more")
        for _ in range(self._row_repeat):
            self._number += 1
            self.put(self._number, cells)

    def _repeated(self, attributes: dict[str, str], word: str) -> int:
        for key, value in attributes.items():
            if key.endswith(" " + word):
                return int(value) if value.isdecimal() and len(value) < 9 else 1
        return 1


def _stated(attributes: dict[str, str]) -> str | None:
    """A cell's value where it is no text; None: its text is its value."""
    plain = {key.rpartition(" ")[2]: value for key, value in attributes.items() if "office" in key}
    kind = plain.get("value-type")
    if kind in ("float", "currency", "percentage") and "value" in plain:
        return number_text(plain["value"])
    if kind == "date" and "date-value" in plain:
        return plain["date-value"].replace("T", " ")
    if kind == "boolean" and "boolean-value" in plain:
        return plain["boolean-value"].upper()
    return None
