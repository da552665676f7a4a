"""Open one file, whatever it is: read its bytes within bounds, tell its format, hand it to the reader of that format."""

from __future__ import annotations

import os
import stat
from hashlib import sha1
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.sources.formats.file_texts.formats import recognise, recognise_package
from pipelines.sources.formats.file_texts.limits import LIMITS, Limits
from pipelines.sources.formats.file_texts.packages import Package
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refusal, Refused

_UTC = ZoneInfo("UTC")


def read_file(
    content: Path | bytes, limits: Limits = LIMITS, *, zone: ZoneInfo = _UTC, expected_sha1: str | None = None
) -> FileText | Refused:
    """One file's text. Never raises for what stands in the file.

    Runs in the calling process: nothing stops a file that makes a library hang or break. For files of strangers use
    :func:`pipelines.sources.formats.file_texts.read_files`.

    Parameters
    ----------
    content: a path, or the bytes.
    zone: zone of times that the document gives without one.
    expected_sha1: where given, other bytes are refused.
    """
    try:
        data = content if isinstance(content, bytes) else _read_bytes(content, limits)
        if len(data) > limits.file_bytes:
            raise Refusal(Reason.TOO_LARGE)
        if expected_sha1 is not None and sha1(data, usedforsecurity=False).hexdigest() != expected_sha1:
            raise Refusal(Reason.CHANGED)
        return _read(data, limits, zone)
    except Refusal as refusal:
        return Refused(refusal.reason)
    except MemoryError:
        return Refused(Reason.MEMORY)
    except Exception:
        # The libraries promise no list of errors for broken input, and no file may stop the others.
        return Refused(Reason.DAMAGED)


def _read_bytes(path: Path, limits: Limits) -> bytes:
    try:
        # Not blocking: a pipe in the store would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise Refusal(Reason.MISSING) from error
    except (OSError, ValueError) as error:
        raise Refusal(Reason.CLOSED) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Refusal(Reason.CLOSED)
        if status.st_size > limits.file_bytes:
            raise Refusal(Reason.TOO_LARGE)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(limits.file_bytes + 1)
    except OSError as error:
        raise Refusal(Reason.CLOSED) from error
    finally:
        os.close(handle)


def _read(data: bytes, limits: Limits, zone: ZoneInfo) -> FileText:
    # The format's library is loaded when the first file of the format comes.
    kind = recognise(data)
    if kind == "zip":
        package = Package(data, limits)
        if recognise_package(package) == "docx":
            from pipelines.sources.formats.file_texts import docx

            return docx.read(package, limits, zone)
        from pipelines.sources.formats.file_texts import odt

        return odt.read(package, limits, zone)
    if kind == "pdf":
        from pipelines.sources.formats.file_texts import pdf

        return pdf.read(data, limits, zone)
    if kind == "rtf":
        from pipelines.sources.formats.file_texts import rtf

        return rtf.read(data, limits, zone)
    from pipelines.sources.formats.file_texts import txt

    return txt.read(data, limits, zone)
