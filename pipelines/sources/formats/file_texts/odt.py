"""ODT: OpenDocument 1.3 part 3 (text documents of LibreOffice, OpenOffice, Google Docs and Word).

Kept: paragraphs, headings, lists, tables, frames and text boxes where they stand, notes at the end in their order. Tracked deletions are kept
apart by the format and are out, insertions are in. Hidden: ``text:display="none"``, hidden sections, paragraphs and text fields, the colour
of the ground, letters under two points.

Not kept: headers and footers, comments, numbers of lists, pictures, formulas (files of their own), revision ids (the format has none).
"""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

from lxml import etree

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.looks import PLAIN, WHITE, Colour, Look, colour_of, laid
from pipelines.sources.formats.file_texts.packages import Package
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refusal, Said, Writing, moment_of, whole

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_PREFIXES = {
    f"{_OASIS}office:1.0": "office",
    f"{_OASIS}text:1.0": "text",
    f"{_OASIS}table:1.0": "table",
    f"{_OASIS}style:1.0": "style",
    f"{_OASIS}drawing:1.0": "draw",
    f"{_OASIS}xsl-fo-compatible:1.0": "fo",
    f"{_OASIS}meta:1.0": "meta",
    f"{_OASIS}svg-compatible:1.0": "svg",
    f"{_OASIS}manifest:1.0": "manifest",
    "http://purl.org/dc/elements/1.1/": "dc",
}
_NAMESPACES = {prefix: namespace for namespace, prefix in _PREFIXES.items()}
#: What stands in the text and is not read by its reader, or not as part of it.
_SKIPPED = frozenset(
    [
        "text:tracked-changes",
        "office:annotation",
        "office:annotation-end",
        "text:note-citation",
        "text:sequence-decls",
        "text:variable-decls",
        "text:user-field-decls",
        "text:dde-connection-decls",
        "office:forms",
        "office:event-listeners",
        "svg:title",
        "svg:desc",
        "text:ruby-text",
        "draw:object",
        "draw:object-ole",
        "draw:image",
        "text:alphabetical-index-auto-mark-file",
        "table:table-source",
        "table:named-expressions",
    ]
)
_LINES = frozenset(("text:p", "text:h"))
_BLOCKS = _LINES | {"draw:text-box", "text:list", "table:table", "text:section"}
_GROUNDS = {
    "table:table": "table",
    "table:table-row": "table-row",
    "table:table-cell": "table-cell",
    "draw:frame": "graphic",
    "text:section": "section",
}
#: Characters. ``text:s`` names a number of spaces; more than this say nothing.
_SPACES = 200
_STYLE_DEPTH = 20
_POINTS_OF = {"pt": 1.0, "in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "px": 0.75}


@cache
def _name(tag: str) -> str:
    namespace, _, local = tag.rpartition("}")
    prefix = _PREFIXES.get(namespace[1:])
    return f"{prefix}:{local}" if prefix else local


@cache
def _key(name: str) -> str:
    """ "text:c" → its name in the tree."""
    prefix, _, local = name.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _look_of(style: etree._Element) -> Look:
    """What a style itself says."""
    hidden: bool | None = None
    ink: Colour | bool | None = None
    points: float | None = None
    ground: Colour | bool | None = None
    for child in style:
        name = _name(child.tag)
        if not name.endswith("-properties"):
            continue
        if name == "style:text-properties":
            if (display := child.get(_key("text:display"))) is not None:
                hidden = display == "none"
            if child.get(_key("style:use-window-font-color")) == "true":
                ink = False
            elif (given := child.get(_key("fo:color"))) is not None:
                ink = colour_of(given) or False
            points = _points(child.get(_key("fo:font-size")))
        if name == "style:section-properties" and child.get(_key("text:display")) == "none":
            hidden = True
        if (filling := child.get(_key("draw:fill"))) is not None and filling != "none":
            ground = (colour_of(child.get(_key("draw:fill-color"))) or False) if filling == "solid" else False
        elif (back := child.get(_key("fo:background-color"))) not in (None, "transparent"):
            # The text's own ground lies on the paragraph's.
            ground = colour_of(back) or False
    return Look(hidden, ink, points, ground)


def _points(length: str | None) -> float | None:
    """A length in points; None for percentages and nonsense."""
    length = (length or "").strip()
    factor = _POINTS_OF.get(length[-2:])
    try:
        return float(length[:-2]) * factor if factor and len(length) < 20 else None
    except ValueError:
        return None


class _Styles:
    """Looks by family and name; a document's automatic styles go before its named ones."""

    def __init__(self, *roots: etree._Element | None) -> None:
        self._found: dict[tuple[str, str], tuple[str | None, Look]] = {}
        self._defaults: dict[str, Look] = {}
        self._resolved: dict[tuple[str, str], Look] = {}
        for root in roots:
            for group in root if root is not None else ():
                if _name(group.tag) not in ("office:styles", "office:automatic-styles"):
                    continue
                for style in group:
                    family = style.get(_key("style:family")) or ""
                    if _name(style.tag) == "style:default-style":
                        self._defaults[family] = _look_of(style)
                    elif _name(style.tag) == "style:style":
                        parent = style.get(_key("style:parent-style-name"))
                        self._found[family, style.get(_key("style:name")) or ""] = (parent, _look_of(style))

    def look(self, family: str, name: str | None) -> Look:
        """A style's look with that of its parents and of its family."""
        key = (family, name or "")
        if key not in self._resolved:
            chain: list[Look] = []
            at = name
            while at is not None and (family, at) in self._found and len(chain) < _STYLE_DEPTH:
                parent, look = self._found[family, at]
                chain.append(look)
                at = parent
            resolved = self._defaults.get(family, PLAIN)
            for look in reversed(chain):
                resolved = look.over(resolved)
            self._resolved[key] = resolved
        return self._resolved[key]


class _Document:
    def __init__(self, styles: _Styles, writing: Writing) -> None:
        self._styles, self._writing = styles, writing
        self.notes: list[etree._Element] = []

    def blocks(self, parent: etree._Element, ground: Colour | None, hidden: bool = False) -> None:
        """Everything that holds paragraphs."""
        for child in parent:
            self._block(child, ground, hidden)

    def _block(self, block: etree._Element, ground: Colour | None, hidden: bool) -> None:
        name = _name(block.tag)
        if name in _LINES:
            self._paragraph(block, ground, hidden)
        elif name not in _SKIPPED:
            if name in _GROUNDS:
                prefix = name.partition(":")[0]
                look = self._styles.look(_GROUNDS[name], block.get(_key(f"{prefix}:style-name")))
                ground, hidden = laid(look.ground, ground), hidden or bool(look.hidden)
            if name == "text:section":
                display = block.get(_key("text:display"))
                hidden |= display == "none" or (display == "condition" and block.get(_key("text:is-hidden")) == "true")
            self.blocks(block, ground, hidden)

    def _paragraph(self, paragraph: etree._Element, ground: Colour | None, hidden: bool) -> None:
        look = self._styles.look("paragraph", paragraph.get(_key("text:style-name")))
        marks = paragraph.iterfind(f".//{_key('text:hidden-paragraph')}")
        hidden |= any(mark.get(_key("text:is-hidden")) == "true" for mark in marks)
        self._inline(paragraph, look, ground, hidden)
        self._writing.end_line()

    def _inline(self, element: etree._Element, look: Look, ground: Colour | None, hidden: bool) -> None:
        unseen = hidden or look.is_unseen(ground)
        self._add(element.text, unseen)
        for child in element:
            name = _name(child.tag)
            if name == "text:span":
                own = self._styles.look("text", child.get(_key("text:style-name")))
                self._inline(child, own.over(look), ground, hidden)
            elif name == "text:s":
                self._writing.add(" " * min(whole(child.get(_key("text:c"))) or 1, _SPACES), hidden=unseen)
            elif name == "text:tab":
                self._writing.add("\t", hidden=unseen)
            elif name == "text:line-break":
                self._writing.add("\n", hidden=unseen)
            elif name == "text:note":
                self.notes.append(child)
            elif name == "text:hidden-text":
                self._add(child.get(_key("text:string-value")), unseen or child.get(_key("text:is-hidden")) != "false")
            elif name in _BLOCKS:
                # A box anchored in the paragraph: lines of its own.
                self._writing.end_line()
                self._block(child, ground, hidden)
            elif name.startswith("draw:") and name not in _SKIPPED:
                shape = self._styles.look("graphic", child.get(_key("draw:style-name")))
                self._inline(child, look, laid(shape.ground, ground), hidden)
            elif name not in _SKIPPED:
                self._inline(child, look, ground, hidden)
            self._add(child.tail, unseen)

    def _add(self, text: str | None, hidden: bool) -> None:
        if text:
            # Line ends of the XML are spaces (part 3, 6.1.2).
            self._writing.add(text.replace("\n", " ").replace("\r", " "), hidden=hidden)


def read(package: Package, limits: Limits, zone: ZoneInfo) -> FileText:
    """The text of an ODT. Raises Refusal where it is encrypted or no text document."""
    if "META-INF/manifest.xml" in package.names:
        manifest = package.xml("META-INF/manifest.xml")
        if next(manifest.iter(_key("manifest:encryption-data")), None) is not None:
            raise Refusal(Reason.ENCRYPTED)
    content = package.xml("content.xml")
    named = package.xml("styles.xml") if "styles.xml" in package.names else None
    body = content.find(f"{_key('office:body')}/{_key('office:text')}")
    if body is None:
        raise Refusal(Reason.OTHER)
    writing = Writing(limits)
    document = _Document(_Styles(named, content), writing)
    document.blocks(body, WHITE)
    # Notes may hold no notes; a file that says otherwise is read no further.
    for note in list(document.notes):
        for part in note.iterfind(_key("text:note-body")):
            document.blocks(part, WHITE)
    said = Said()
    if "meta.xml" in package.names:
        _properties(package.xml("meta.xml"), said)
    return writing.result("odt", said, zone)


def _properties(root: etree._Element, said: Said) -> None:
    """``meta.xml``. Its times carry no zone in most programs: the author's clock."""
    for group in root:
        for child in group:
            name = _name(child.tag)
            if name == "meta:initial-creator":
                said.author = child.text
            elif name == "dc:creator":
                said.last_author = child.text
            elif name == "meta:creation-date":
                said.created_at = moment_of(child.text)
            elif name == "dc:date":
                said.modified_at = moment_of(child.text)
            elif name == "meta:editing-cycles":
                said.revision = whole(child.text)
            elif name == "meta:document-statistic":
                said.pages = whole(child.get(_key("meta:page-count")))
