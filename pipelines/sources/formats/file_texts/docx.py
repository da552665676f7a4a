"""DOCX: ECMA-376 part 1 (WordprocessingML), both namespaces (transitional and strict).

Kept: paragraphs, tables (a line per paragraph of a cell), text boxes after the paragraph they hang on, footnotes and endnotes at the end
in the order in which they are referred to, formulas' letters. Insertions that are tracked are in, deletions are out. Hidden: the property
"hidden", the colour of the ground the text stands on, letters under two points; styles are asked, down to the document's defaults.

Not kept: headers and footers, comments, numbers of lists, pictures, symbols of symbol fonts, parts in other formats (``altChunk``, embedded
files, charts, diagrams), field codes. Not seen as hidden: text moved off the page, squeezed to nothing, or under a picture; white text on a
ground whose colour is not in the file (table styles, theme-filled shapes).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo

from lxml import etree

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.looks import PLAIN, UNKNOWN_GROUND, WHITE, Colour, Look, colour_of, laid
from pipelines.sources.formats.file_texts.packages import Package
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refusal, Said, Writing, moment_of, whole

_WORD = ("http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main")
_PREFIXES = {
    **{name: "w" for name in _WORD},
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
    "http://schemas.microsoft.com/office/word/2010/wordprocessingShape": "wps",
    "http://schemas.openxmlformats.org/drawingml/2006/main": "a",
    "http://purl.oclc.org/ooxml/drawingml/main": "a",
    "urn:schemas-microsoft-com:vml": "v",
}
_SHADINGS = tuple(f"{{{name}}}shd" for name in _WORD)
#: Runs and paragraphs may stand inside these; what is inside counts.
_TRANSPARENT = frozenset(
    [
        "w:sdt",
        "w:sdtContent",
        "w:ins",
        "w:moveTo",
        "w:smartTag",
        "w:customXml",
        "w:hyperlink",
        "w:fldSimple",
        "w:dir",
        "w:bdo",
        "w:ruby",
        "w:rubyBase",
        "w:subDoc",
    ]
)
_DRAWINGS = frozenset(["w:drawing", "w:pict", "w:object", "mc:AlternateContent"])
_BREAKS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "\u2011", "w:softHyphen": "\u00ad"}
_OFF = frozenset(("0", "false", "off"))
#: ST_HighlightColor
_HIGHLIGHTS: dict[str, Colour | None] = {
    "black": (0, 0, 0), "blue": (0, 0, 255), "cyan": (0, 255, 255), "green": (0, 255, 0), "magenta": (255, 0, 255), "red": (255, 0, 0),
    "yellow": (255, 255, 0), "white": WHITE, "darkBlue": (0, 0, 128), "darkCyan": (0, 128, 128), "darkGreen": (0, 128, 0),
    "darkMagenta": (128, 0, 128), "darkRed": (128, 0, 0), "darkYellow": (128, 128, 0), "darkGray": (128, 128, 128), "lightGray": (192, 192, 192),
}  # fmt: skip
#: Styles that build on one another: Word itself stops at eleven.
_STYLE_DEPTH = 20


@cache
def _name(tag: str) -> str:
    """ "{namespace}p" → "w:p"; other namespaces keep none."""
    namespace, _, local = tag.rpartition("}")
    prefix = _PREFIXES.get(namespace[1:])
    return f"{prefix}:{local}" if prefix else local


def _children(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    for child in element:
        if isinstance(child.tag, str):
            yield _name(child.tag), child


def _child(element: etree._Element | None, *names: str) -> etree._Element | None:
    """The first child on a path of names."""
    for wanted in names:
        if element is None:
            return None
        element = next((child for name, child in _children(element) if name == wanted), None)
    return element


def _value(element: etree._Element | None, attribute: str = "val") -> str | None:
    if element is None:
        return None
    return next((value for name in _WORD if (value := element.get(f"{{{name}}}{attribute}")) is not None), None)


def _look_of(properties: etree._Element | None) -> Look:
    """What ``w:rPr`` (or the shading of ``w:pPr``) says."""
    if properties is None:
        return PLAIN
    hidden: bool | None = None
    ink: Colour | bool | None = None
    points: float | None = None
    ground: Colour | bool | None = None
    highlight: Colour | None = None
    for name, child in _children(properties):
        if name == "w:vanish":
            hidden = _value(child) not in _OFF
        elif name == "w:color":
            ink = colour_of(_value(child)) or False
        elif name == "w:sz":
            half_points = whole(_value(child))
            points = half_points / 2 if half_points is not None else None
        elif name == "w:shd":
            ground = _shading(child)
        elif name == "w:highlight":
            highlight = _HIGHLIGHTS.get(_value(child) or "")
    return Look(hidden, ink, points, highlight or ground)


def _shading(element: etree._Element | None) -> Colour | bool | None:
    """The ground that ``w:shd`` gives; None: none; False: one whose colour is not told."""
    if element is None:
        return None
    pattern, fill = _value(element) or "clear", _value(element, "fill") or "auto"
    if pattern in ("clear", "nil"):
        return None if fill == "auto" else colour_of(fill) or False
    return colour_of(_value(element, "color")) or False if pattern == "solid" else False


class _Styles:
    """Looks of the styles, resolved through the styles they are based on."""

    def __init__(self, root: etree._Element | None) -> None:
        self._found: dict[str, tuple[str | None, Look]] = {}
        self._resolved: dict[str, Look] = {}
        self._shaded_tables: set[str] = set()
        self.defaults = PLAIN
        self.paragraph: str | None = None
        for name, style in _children(root) if root is not None else ():
            if name == "w:docDefaults":
                self.defaults = _look_of(_child(style, "w:rPrDefault", "w:rPr"))
            elif name == "w:style" and (key := _value(style, "styleId")) is not None:
                look = _look_of(_child(style, "w:rPr"))
                shading = _shading(_child(style, "w:pPr", "w:shd"))
                self._found[key] = (_value(_child(style, "w:basedOn")), look if look.ground is not None else replace(look, ground=shading))
                if _value(style, "type") == "table":
                    if next(style.iter(*_SHADINGS), None) is not None:
                        self._shaded_tables.add(key)
                elif _value(style, "type") == "paragraph" and _value(style, "default") not in (None, *_OFF):
                    self.paragraph = key

    def look(self, key: str | None) -> Look:
        """The style's look with that of the styles below it; an unknown style says nothing."""
        if key is None or key not in self._found:
            return PLAIN
        if key not in self._resolved:
            chain: list[Look] = []
            at = key
            while at in self._found and len(chain) < _STYLE_DEPTH:
                below, look = self._found[at]
                chain.append(look)
                if below is None:
                    break
                at = below
            resolved = PLAIN
            for look in reversed(chain):
                resolved = look.over(resolved)
            self._resolved[key] = resolved
        return self._resolved[key]

    def shades(self, key: str | None) -> bool:
        """May this table style (or one it is based on) paint cells?"""
        for _ in range(_STYLE_DEPTH):
            if key is None:
                return False
            if key in self._shaded_tables:
                return True
            key = self._found.get(key, (None, PLAIN))[0]
        return True


class _Document:
    """One walk through the document's story and then through the notes it refers to."""

    def __init__(self, styles: _Styles, writing: Writing) -> None:
        self._styles, self._writing = styles, writing
        self._boxes: list[etree._Element] = []
        #: (kind, id) of the notes in the order in which they are referred to.
        self.notes: dict[tuple[str, str], None] = {}

    def blocks(self, parent: etree._Element, ground: Colour | None) -> None:
        """Paragraphs, tables and what wraps them."""
        for name, child in _children(parent):
            if name == "w:p":
                self._paragraph(child, ground)
            elif name == "w:tbl":
                self._table(child, ground)
            elif name in _TRANSPARENT:
                self.blocks(child, ground)
            elif name == "mc:AlternateContent":
                if (chosen := _alternative(child)) is not None:
                    self.blocks(chosen, ground)
            elif name in ("m:oMathPara", "m:oMath"):
                self._inline(child, PLAIN, ground)
                self._writing.end_line()

    def _table(self, table: etree._Element, ground: Colour | None) -> None:
        properties = _child(table, "w:tblPr")
        if self._styles.shades(_value(_child(properties, "w:tblStyle"))):
            ground = UNKNOWN_GROUND
        ground = laid(_shading(_child(properties, "w:shd")), ground)
        self._rows(table, ground)

    def _rows(self, parent: etree._Element, ground: Colour | None) -> None:
        for name, row in _children(parent):
            if name in _TRANSPARENT:
                self._rows(row, ground)
            elif name == "w:tr" and _child(row, "w:trPr", "w:del") is None:
                self._cells(row, ground)

    def _cells(self, parent: etree._Element, ground: Colour | None) -> None:
        for name, cell in _children(parent):
            if name in _TRANSPARENT:
                self._cells(cell, ground)
            elif name == "w:tc":
                self.blocks(cell, laid(_shading(_child(cell, "w:tcPr", "w:shd")), ground))

    def _paragraph(self, paragraph: etree._Element, ground: Colour | None) -> None:
        properties = _child(paragraph, "w:pPr")
        style = self._styles.look(_value(_child(properties, "w:pStyle")) or self._styles.paragraph)
        look = style.over(self._styles.defaults)
        shading = _shading(_child(properties, "w:shd"))
        if shading is not None:
            look = replace(look, ground=shading)
        outer, self._boxes = self._boxes, []
        self._inline(paragraph, look, ground)
        self._writing.end_line()
        boxes, self._boxes = self._boxes, outer
        for box in boxes:
            self.blocks(box, _box_ground(box, ground))

    def _inline(self, parent: etree._Element, look: Look, ground: Colour | None) -> None:
        for name, child in _children(parent):
            if name == "w:r":
                self._run(child, look, ground)
            elif name in _TRANSPARENT:
                self._inline(child, look, ground)
            elif name == "m:t":
                self._writing.add(child.text or "", hidden=look.is_unseen(ground))
            elif name == "m:r":
                self._inline(child, _look_of(_child(child, "w:rPr")).over(look), ground)
            elif name.startswith("m:"):
                self._inline(child, look, ground)
            elif name in _DRAWINGS:
                self._drawing(child, look, ground)

    def _run(self, run: etree._Element, look: Look, ground: Colour | None) -> None:
        properties = _child(run, "w:rPr")
        if properties is not None:
            own = _look_of(properties)
            look = own.over(self._styles.look(_value(_child(properties, "w:rStyle")))).over(look)
        hidden = look.is_unseen(ground)
        for name, child in _children(run):
            if name == "w:t":
                self._writing.add(child.text or "", hidden=hidden)
            elif name in _BREAKS:
                self._writing.add(_BREAKS[name], hidden=hidden)
            elif name in ("w:footnoteReference", "w:endnoteReference"):
                self.notes[name[2 : name.index("R")], _value(child, "id") or ""] = None
            elif name in _DRAWINGS:
                self._drawing(child, look, ground)
            elif name in _TRANSPARENT:
                self._inline(child, look, ground)

    def _drawing(self, drawing: etree._Element, look: Look, ground: Colour | None) -> None:
        """Remember the text boxes in it; of alternatives (the same box for older readers) the first."""
        within = _alternative(drawing) if _name(drawing.tag) == "mc:AlternateContent" else drawing
        for name, child in _children(within) if within is not None else ():
            if name == "w:txbxContent":
                self._boxes.append(child)
            elif name == "w:r":
                # An alternative may wrap whole runs.
                self._run(child, look, ground)
            else:
                self._drawing(child, look, ground)


def _alternative(element: etree._Element) -> etree._Element | None:
    """The one alternative that is read."""
    first = _child(element, "mc:Choice")
    return first if first is not None else _child(element, "mc:Fallback")


def _box_ground(box: etree._Element, page: Colour | None) -> Colour | None:
    """What the text of a text box stands on; unknown unless the shape says "no fill" or one plain colour."""
    for shape in box.iterancestors():
        name = _name(shape.tag)
        if name == "wps:wsp":
            filling = _child(shape, "wps:spPr")
            for kind, child in _children(filling) if filling is not None else ():
                if kind == "a:noFill":
                    return page
                if kind == "a:solidFill":
                    colour = _child(child, "a:srgbClr")
                    return colour_of(colour.get("val")) if colour is not None else UNKNOWN_GROUND
            return UNKNOWN_GROUND
        if name.startswith("v:") and name != "v:textbox":
            return page if shape.get("filled") in ("f", "false") else colour_of(shape.get("fillcolor"))
        if name == "w:p":
            break
    return UNKNOWN_GROUND


# -- the package ----------------------------------------------------------------------------------------------------------------


def _relations(package: Package, part: str) -> dict[str, str]:
    """Kind of relationship (its last word) → part, for the relationships of one part ("" for the package's own)."""
    folder, name = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, str] = {}
    if listed not in package.names:
        return found
    for relation in package.xml(listed):
        kind, target = relation.get("Type") or "", relation.get("Target") or ""
        if relation.get("TargetMode") != "External":
            path = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found.setdefault(kind.rpartition("/")[2], path)
    return found


def _part(package: Package, relations: dict[str, str], kind: str) -> etree._Element | None:
    name = relations.get(kind)
    return package.xml(name) if name in package.names and name is not None else None


def read(package: Package, limits: Limits, zone: ZoneInfo) -> FileText:
    """The text of a DOCX. Raises Refusal for a package that is none (a spreadsheet, slides)."""
    own = _relations(package, "")
    if "officeDocument" not in own:
        raise Refusal(Reason.ARCHIVE)
    main = own["officeDocument"]
    if main not in package.names:
        raise Refusal(Reason.DAMAGED)
    if not main.endswith(".xml"):
        raise Refusal(Reason.OTHER)  # xlsb
    root = package.xml(main)
    if _name(root.tag) != "w:document":
        raise Refusal(Reason.OTHER)
    related = _relations(package, main)
    writing = Writing(limits)
    document = _Document(_Styles(_part(package, related, "styles")), writing)
    page = colour_of(_value(_child(root, "w:background"), "color")) or WHITE
    if (body := _child(root, "w:body")) is not None:
        document.blocks(body, page)
    _notes(package, related, document, page)
    said = Said()
    _properties(package, own, said)
    _revisions(_part(package, related, "settings"), said, limits)
    return writing.result("docx", said, zone)


def _notes(package: Package, related: dict[str, str], document: _Document, page: Colour) -> None:
    notes: dict[tuple[str, str], etree._Element] = {}
    for kind in sorted({kind for kind, _ in document.notes}):
        root = _part(package, related, f"{kind}s")
        for name, note in _children(root) if root is not None else ():
            if name == f"w:{kind}":
                notes[kind, _value(note, "id") or ""] = note
    for key in list(document.notes):
        if key in notes:
            document.blocks(notes[key], page)


def _properties(package: Package, own: dict[str, str], said: Said) -> None:
    """``docProps/core.xml`` and the pages of ``docProps/app.xml`` as they were when it was last saved."""
    root = _part(package, own, "core-properties")
    for child in root if root is not None else ():
        local = child.tag.rpartition("}")[2]
        if local == "creator":
            said.author = child.text
        elif local == "lastModifiedBy":
            said.last_author = child.text
        elif local == "revision":
            said.revision = whole(child.text)
        elif local == "created":
            said.created_at = moment_of(child.text)
        elif local == "modified":
            said.modified_at = moment_of(child.text)
    root = _part(package, own, "extended-properties")
    for child in root if root is not None else ():
        if child.tag.rpartition("}")[2] == "Pages":
            said.pages = whole(child.text)


def _revisions(settings: etree._Element | None, said: Said, limits: Limits) -> None:
    """Word's ids of editing sessions, the document's first session first."""
    listed = _child(settings, "w:rsids")
    if listed is None:
        return
    ids = [(name != "w:rsidRoot", value) for name, each in _children(listed) if (value := _value(each)) is not None and len(value) == 8]
    said.revision_ids = [value.upper() for _, value in sorted(ids, key=lambda pair: pair[0])][: limits.revision_ids]
