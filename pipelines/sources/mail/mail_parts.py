"""The parts of a mail's body (MIME, RFC 2045 and 2046), as far as reports need them: in memory, one mail at a time, nothing kept."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator

from pipelines.sources.mail.mail_headers import fields_of, first, kind_of, parameter

#: Parts inside parts inside parts: reports have two levels; deeper ones are a mail that was sent on and on, or a trap.
_DEEPEST = 4
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_UNNAMED_BOUNDARY = re.compile(rb"^--(\S[^\n]*)$", re.MULTILINE)


def parts_of(content_type: bytes | None, encoding: bytes | None, body: bytes) -> Iterator[tuple[str, bytes, str | None]]:
    """(type, decoded content, charset) of the leaves of a body, in order; a returned mail is a leaf. Line ends are "\\n".

    A boundary that is not stated, or is another than the one used, is guessed from the first line that looks like one.
    """
    yield from _parts(content_type, encoding, _unix(body), 0)


def _parts(content_type: bytes | None, encoding: bytes | None, body: bytes, depth: int) -> Iterator[tuple[str, bytes, str | None]]:
    kind = kind_of(content_type)
    if not kind.startswith("multipart/"):
        yield kind or "text/plain", decoded(body, encoding), parameter(content_type, "charset")
        return
    boundary = (parameter(content_type, "boundary") or "").encode("utf-8", "replace")
    if not boundary or b"--" + boundary not in body:
        line = _UNNAMED_BOUNDARY.search(body)
        boundary = line[1].rstrip() if line else b""
    if not boundary or depth >= _DEEPEST:
        yield "text/plain", body, None
        return
    for piece in re.split(rb"(?:^|\n)--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?:\n|\Z)", body)[1:]:
        if piece.startswith(b"\n"):  # a part without a header is text for people
            yield "text/plain", piece, None
            continue
        head, _, content = piece.partition(b"\n\n")
        fields = fields_of(head)
        yield from _parts(first(fields, "content-type"), first(fields, "content-transfer-encoding"), content, depth + 1)


def decoded(body: bytes, encoding: bytes | None) -> bytes:
    """The content of a part behind its Content-Transfer-Encoding, line ends made "\\n"; nothing where it is not what it says."""
    match (encoding or b"").strip().lower():
        case b"base64":
            try:
                packed = _NO_BASE64.sub(b"", body)
                return _unix(
                    binascii.a2b_base64(packed[: len(packed) // 4 * 4] if len(packed) % 4 == 1 else packed + b"=" * (-len(packed) % 4))
                )
            except binascii.Error:
                return b""
        case b"quoted-printable":
            return _unix(quopri.decodestring(body))
        case _:
            return _unix(body)


def _unix(body: bytes) -> bytes:
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in body else body
