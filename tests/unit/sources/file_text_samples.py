"""Documents as learners hand them in, made by code, and the same documents damaged: for tests and for fuzzing.

``SAMPLES`` is one valid file per format; ``damaged(data, random)`` gives a broken variant of it. Whatever
:func:`pipelines.sources.formats.file_texts.read_file` is given, it returns ``FileText`` or ``Refused`` and never raises.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random

WORDS = (
    "Учитель проверяет работу слушателя и пишет отзыв в тот же день, потому что ожидание расхолаживает. Критерии оценки известны заранее, "
    "а примеры решений разбираются на вебинаре. Цифровая школа даёт инструменты, но не заменяет разговор о содержании."
)
PARAGRAPHS = tuple(f"{number}. {WORDS}" for number in range(1, 31))

# -- DOCX -----------------------------------------------------------------------------------------------------------------------

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NAMESPACES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_CORE = (
    f'{_HEAD}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<dc:creator>Ива Берёзкина</dc:creator><cp:lastModifiedBy>Лев Осинкин</cp:lastModifiedBy><cp:revision>7</cp:revision>"
    '<dcterms:created xsi:type="dcterms:W3CDTF">2026-09-07T09:00:00Z</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">2026-09-08T10:30:00Z</dcterms:modified></cp:coreProperties>'
)


def zipped(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these members, in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as package:
        for name, content in members.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 9, 7, 12, 0, 0)), content, compress_type=method)
    return file.getvalue()


def docx_of(
    body: str,
    *,
    styles: str = "",
    footnotes: str = "",
    settings: str = "",
    background: str = "",
    main: str = "word/document.xml",
    w: str = W,
) -> bytes:
    """A DOCX with this content of ``w:body``; the rest as Word would write it."""
    names = _NAMESPACES.replace(W, w)
    folder = main.rpartition("/")[0]
    parts = {"styles": styles, "footnotes": footnotes, "settings": settings}
    given = {kind: content for kind, content in parts.items() if content}
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": (
            f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="{main}"/>'
            '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" '
            'Target="docProps/core.xml"/></Relationships>'
        ),
        "docProps/core.xml": _CORE,
        main: f"{_HEAD}<w:document {names}>{background}<w:body>{body}<w:sectPr/></w:body></w:document>",
        f"{folder}/_rels/{main.rpartition('/')[2]}.rels": (
            f'{_HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            + "".join(
                f'<Relationship Id="rId{place}" Type="{_OFFICE}/{kind}" Target="{kind}.xml"/>' for place, kind in enumerate(given, start=1)
            )
            + "</Relationships>"
        ),
    }
    for kind, content in given.items():
        members[f"{folder}/{kind}.xml"] = f"{_HEAD}<w:{kind} {names}>{content}</w:{kind}>"
    return zipped(members)


def run(text: str, properties: str = "") -> str:
    """``w:r`` with a text."""
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, properties: str = "") -> str:
    """``w:p`` of these runs."""
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{''.join(runs)}</w:p>"


def word_document(paragraphs: Sequence[str] = PARAGRAPHS) -> bytes:
    """A DOCX as python-docx writes it, with Word's usual styles."""
    import docx

    document = docx.Document()
    document.core_properties.author = "Ива Берёзкина"
    document.core_properties.last_modified_by = "Лев Осинкин"
    document.core_properties.revision = 4
    document.core_properties.created = datetime(2026, 9, 7, 9)
    document.core_properties.modified = datetime(2026, 9, 8, 10, 30)
    document.add_heading("Итоговая работа", 0)
    for number, text in enumerate(paragraphs):
        document.add_paragraph(text)
        if number == 4:
            table = document.add_table(rows=2, cols=2)
            for place, cell in enumerate(cell for row in table.rows for cell in row.cells):
                cell.text = f"ячейка {place}"
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


# -- ODT ------------------------------------------------------------------------------------------------------------------------

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_ODF = " ".join(
    f'xmlns:{prefix}="{_OASIS}{name}:1.0"'
    for prefix, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("draw", "drawing"), ("fo", "xsl-fo-compatible"),
        ("meta", "meta"), ("svg", "svg-compatible"), ("manifest", "manifest"),
    )
) + ' xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip


def odt_of(body: str, *, styles: str = "", manifest: str = "", meta: str = "") -> bytes:
    """An ODT with this content of ``office:text`` and these automatic styles."""
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{_HEAD}<office:document-content {_ODF}><office:automatic-styles>{styles}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
            "meta.xml": f"{_HEAD}<office:document-meta {_ODF}><office:meta>{meta}</office:meta></office:document-meta>",
            "META-INF/manifest.xml": f"{_HEAD}<manifest:manifest {_ODF}>{manifest}</manifest:manifest>",
        }
    )


def libre_document(paragraphs: Sequence[str] = PARAGRAPHS) -> bytes:
    """An ODT as odfpy writes it."""
    from odf.opendocument import OpenDocumentText
    from odf.text import H, P

    document = OpenDocumentText()
    document.text.addElement(H(outlinelevel=1, text="Итоговая работа"))
    for text in paragraphs:
        document.text.addElement(P(text=text))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


# -- PDF ------------------------------------------------------------------------------------------------------------------------


def typeset(paragraphs: Sequence[str] = PARAGRAPHS) -> bytes:
    """A PDF of some pages, set by typst."""
    import typst

    source = '#set text(lang: "ru")\n#set par(justify: true)\n= Итоговая работа\n\n' + "\n\n".join(
        text.replace("1.", "1\\.") for text in paragraphs
    )
    return bytes(typst.compile(source.encode()))


def pdf_of(*contents: str, objects: Mapping[int, bytes] | None = None, resources: str = "", info: str = "", trailer: str = "") -> bytes:
    """A PDF with one page per content stream, Helvetica as /F1. ``objects`` are added under their numbers (from 100 on)."""
    found: dict[int, bytes] = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: f"<< {info} >>".encode("latin-1"),
    }
    kids = []
    for place, content in enumerate(contents):
        page, stream = 10 + 2 * place, 11 + 2 * place
        kids.append(f"{page} 0 R")
        found[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {stream} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> {resources} >> >>"
        ).encode()
        found[stream] = streamed(content.encode("latin-1"))
    found[2] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    return assembled(found | dict(objects or {}), trailer)


def streamed(data: bytes, more: str = "") -> bytes:
    """A stream object, packed."""
    packed = zlib.compress(data)
    return f"<< /Length {len(packed)} /Filter /FlateDecode {more} >>\nstream\n".encode() + packed + b"\nendstream"


def assembled(objects: Mapping[int, bytes], trailer: str = "") -> bytes:
    """Objects with a cross-reference table behind them; object 1 is the catalogue, 4 the information."""
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), {}
    for number, content in sorted(objects.items()):
        places[number] = len(out)
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += f"xref\n0 {size}\n".encode()
    for number in range(size):
        out += f"{places[number]:010d} 00000 n \n".encode() if number in places else b"0000000000 65535 f \n"
    out += f"trailer\n<< /Size {size} /Root 1 0 R /Info 4 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def shown(text: str, *, at: tuple[int, int] = (72, 700), before: str = "", size: float = 12) -> str:
    """Content that shows a line of Latin text."""
    return f"q {before} BT /F1 {size} Tf {at[0]} {at[1]} Td ({text}) Tj ET Q\n"


# -- RTF, TXT -------------------------------------------------------------------------------------------------------------------


def rtf_of(body: str, *, head: str = r"\ansi\ansicpg1251\deff0{\fonttbl{\f0\fnil\fcharset204 Times New Roman;}}") -> bytes:
    """An RTF with this body, of which letters beyond ASCII become bytes of Windows-1251."""
    escaped = "".join(letter if letter.isascii() else "".join(f"\\'{byte:02x}" for byte in letter.encode("cp1251")) for letter in body)
    return ("{\\rtf1" + head + escaped + "}").encode("ascii")


def rich_text(paragraphs: Sequence[str] = PARAGRAPHS) -> bytes:
    """An RTF as WordPad writes it."""
    return rtf_of(r"\viewkind4\uc1\pard\lang1049\f0\fs24 " + r"\par ".join(paragraphs) + r"\par ")


def plain(paragraphs: Sequence[str] = PARAGRAPHS) -> bytes:
    """A text file of Windows' editor."""
    return "\r\n".join(paragraphs).encode("cp1251")


SAMPLES: dict[str, Callable[[], bytes]] = {
    "docx": word_document,
    "odt": libre_document,
    "pdf": typeset,
    "rtf": rich_text,
    "txt": plain,
}

#: A second, small set: more of each file is structure, so that damage hits it.
SMALL_SAMPLES: dict[str, Callable[[], bytes]] = {
    "docx": lambda: docx_of(
        paragraph(run("видно "), run("скрыто", "<w:vanish/>"), '<w:r><w:footnoteReference w:id="2"/></w:r>'),
        styles='<w:style w:type="paragraph" w:default="1" w:styleId="a"/>',
        footnotes=f'<w:footnote w:id="2">{paragraph(run("сноска"))}</w:footnote>',
    ),
    "odt": lambda: odt_of(
        '<text:p>видно<text:s text:c="3"/><text:tab/><text:note><text:note-body><text:p>a</text:p></text:note-body></text:note></text:p>'
    ),
    "pdf": lambda: pdf_of(
        shown("seen") + shown("unseen", before="1 1 1 rg", at=(72, 600)), info="/Author (Iva) /CreationDate (D:20260907120000)"
    ),
    "rtf": lambda: rtf_of(r"{\info{\author Iva}{\creatim\yr2026\mo9\dy7}}\pard a{\v b}\u1076?{\footnote c}\par"),
    "txt": lambda: "коротко".encode("utf-16"),
}


# -- damage ---------------------------------------------------------------------------------------------------------------------


def damaged(data: bytes, random: Random) -> bytes:
    """A variant with some bytes changed, cut, repeated, moved or put in. In packages the parts are damaged as well as the package."""
    if data.startswith(b"PK") and random.random() < 0.6:
        return _damaged_part(data, random)
    broken = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        if not broken:
            break
        place, length = random.randrange(len(broken)), random.choice((1, 2, 4, 16, 200))
        match random.randrange(6):
            case 0:
                broken[place] ^= 1 << random.randrange(8)
            case 1:
                broken[place : place + length] = random.randbytes(length)
            case 2:
                del broken[place:]
            case 3:
                del broken[place : place + length]
            case 4:
                broken[place:place] = broken[place : place + length] * random.choice((1, 2, 50))
            case _:
                broken[place : place + 4] = struct.pack("<I", random.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000)))
    return bytes(broken)


def _damaged_part(data: bytes, random: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members: dict[str, str | bytes] = {name: package.read(name) for name in package.namelist()}
    name = random.choice(sorted(members))
    content = members[name]
    members[name] = damaged(content if isinstance(content, bytes) else content.encode(), random)
    return zipped(members)


# -- hostile files --------------------------------------------------------------------------------------------------------------


def entity_bomb(external: bool = False) -> bytes:
    """A DOCX whose document declares a billion laughs (or a file of the machine) as an entity."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    declared = '<!ENTITY l9 SYSTEM "file:///etc/hostname">' if external else f'<!ENTITY l0 "ha">{laughs}'
    return _with_document(
        f"{_HEAD}<!DOCTYPE d [{declared}]><w:document {_NAMESPACES}><w:body><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:body></w:document>"
    )


def deep_xml(depth: int = 100_000) -> bytes:
    """A DOCX of tables inside tables."""
    return docx_of("<w:tbl><w:tr><w:tc>" * depth + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * depth)


def packed_bomb(size: int = 100_000_000) -> bytes:
    """A DOCX whose document is a paragraph of that many spaces."""
    return _with_document(f"{_HEAD}<w:document {_NAMESPACES}><w:body><w:p><w:r><w:t>".encode() + b" " * size)


def lying_bomb() -> bytes:
    """The same, of which the directory says that it is small."""
    data = packed_bomb(50_000_000)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        true = struct.pack("<I", package.getinfo("word/document.xml").file_size)
    return data.replace(true, struct.pack("<I", 1_000))


def _with_document(content: str | bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(docx_of(""))) as package:
        members: dict[str, str | bytes] = {name: package.read(name) for name in package.namelist()}
    members["word/document.xml"] = content
    return zipped(members)


def nested_archives() -> bytes:
    """Archives in archives in archives, sixteen a time, as 42.zip has them."""
    inner = zipped({"0.dat": b"\x00" * 10_000_000})
    for _ in range(4):
        inner = zipped({f"{place}.zip": inner for place in range(16)})
    return inner


def overlapping(members: int = 2_000) -> bytes:
    """A DOCX all of whose members are one and the same bytes."""
    kernel = zlib.compress(b"a" * 10_000_000, 9)[2:-4]
    crc = zlib.crc32(b"a" * 10_000_000)

    def head(name: bytes) -> bytes:
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 33, crc, len(kernel), 10_000_000, len(name), 0) + name

    body, directory = head(b"word/document.xml") + kernel, b""
    for number in range(members):
        name = b"word/document.xml" if number == 0 else b"_rels/.rels" if number == 1 else b"%d" % number
        directory += (
            struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 33, crc, len(kernel), 10_000_000, len(name), 0, 0, 0, 0, 0, 0)
            + name
        )
    return body + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, members, members, len(directory), len(body), 0)


def many_members(count: int = 300_000) -> bytes:
    """A ZIP with a directory of that many names."""
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"x"
    directory = entry * count
    return local + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count & 0xFFFF, count & 0xFFFF, len(directory), len(local), 0)


def packed_pdf(size: int = 600_000_000) -> bytes:
    """A PDF whose page unpacks to that many bytes, packed twice."""
    packer, parts, block = zlib.compressobj(9), [], b" " * 10_000_000
    for _ in range(size // len(block)):
        parts.append(packer.compress(block))
    once = b"".join(parts) + packer.flush()
    twice = zlib.compress(once, 9)
    page = f"<< /Length {len(twice)} /Filter [/FlateDecode /FlateDecode] >>\nstream\n".encode() + twice + b"\nendstream"
    return pdf_of("", objects={11: page})


def endless_pdf(levels: int = 30) -> bytes:
    """A PDF whose drawing holds a drawing ten times, which holds a drawing ten times …"""
    forms = {
        100 + level: streamed(
            (f"/X{level + 1} Do " * 10 if level < levels else "BT /F1 12 Tf (a) Tj ET").encode(),
            f"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X{level + 1} {101 + level} 0 R >> >>",
        )
        for level in range(levels + 1)
    }
    return pdf_of("/X0 Do", objects=forms, resources="/XObject << /X0 100 0 R >>")


def self_holding_pdf() -> bytes:
    """A PDF whose pages are their own children, and whose drawing holds itself."""
    form = streamed(b"/X0 Do /X0 Do", "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X0 100 0 R >> >>")
    return pdf_of(
        "/X0 Do",
        objects={100: form, 2: b"<< /Type /Pages /Kids [2 0 R 10 0 R 2 0 R] /Count 900000000 >>"},
        resources="/XObject << /X0 100 0 R >>",
    )


def deep_pdf(depth: int = 1_000_000) -> bytes:
    """A PDF with lists in lists."""
    return pdf_of("", objects={4: b"[" * depth + b"]" * depth, 11: streamed(b"[" * depth + b" TJ")})


def crowded_pdf(letters: int = 2_000_000) -> bytes:
    """A PDF with that many white letters on one page, each an object."""
    return pdf_of("1 1 1 rg BT /F1 1 Tf " + "1 0 Td (a) Tj " * letters + "ET")


HOSTILE: dict[str, Callable[[], bytes]] = {
    "entities": entity_bomb,
    "external entity": lambda: entity_bomb(external=True),
    "deep XML": deep_xml,
    "packed bomb": packed_bomb,
    "lying bomb": lying_bomb,
    "archives in archives": nested_archives,
    "overlapping members": overlapping,
    "many members": many_members,
    "packed PDF": packed_pdf,
    "drawings in drawings": endless_pdf,
    "PDF that holds itself": self_holding_pdf,
    "deep PDF": deep_pdf,
    "crowded PDF": crowded_pdf,
    "deep RTF": lambda: b"{\\rtf1" + b"{" * 1_000_000,
    "RTF of words": lambda: b"{\\rtf1 " + b"\\b" * 20_000_000 + b"}",
    "RTF of links": lambda: b"{\\rtf1 " + b"{\\field{\\*\\fldinst{ HYPERLINK " * 500_000,
    "text of one letter": lambda: b"a" * 90_000_000,
    "zeros": lambda: b"\x00" * 50_000_000,
}
