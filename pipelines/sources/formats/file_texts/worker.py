"""The process in which one file after another is opened: started by :mod:`pipelines.sources.formats.file_texts.pool`, spoken to through its pipes.

It knows nothing: no environment, no warehouse, no key. Before the first file it gives up what it does not need (memory, writing, further
processes), so that a file which takes over a library gets little. It says so in lines of JSON, never in pickled objects.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from pipelines.sources.formats.file_texts.limits import Limits
from pipelines.sources.formats.file_texts.opening import read_file
from pipelines.sources.formats.file_texts.results import FileText, Reason, Refused

READY = b"ready\n"
#: A worker whose memory has run out cannot be trusted with the next file.
_EXHAUSTED = 3


def main(settings: str) -> None:
    """Answer requests until there are no more. ``settings``: JSON with "limits" and "zone"."""
    given = json.loads(settings)
    limits, zone = Limits(**given["limits"]), ZoneInfo(given["zone"])
    requests, answers = _private_pipes()
    _load_libraries()
    _give_up(limits)
    answers.write(READY)
    answers.flush()
    while line := requests.readline():
        request = json.loads(line)
        content = requests.read(request["bytes"]) if "bytes" in request else Path(os.fsdecode(bytes.fromhex(request["path"])))
        # Processor time, not the clock: on a busy machine the same files are refused as on an idle one. The signal's default ends the process.
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        result = read_file(content, limits, zone=zone, expected_sha1=request.get("sha1"))
        answer = packed(result)
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(len(answer).to_bytes(8, "big") + answer)
        answers.flush()
        if result == Refused(Reason.MEMORY):
            sys.exit(_EXHAUSTED)


def packed(result: FileText | Refused) -> bytes:
    """A result as JSON in UTF-8."""
    if isinstance(result, Refused):
        return json.dumps({"refused": result.reason.name}).encode()
    fields = asdict(result)
    for name in ("created_at", "modified_at"):
        fields[name] = fields[name] and fields[name].isoformat()
    return json.dumps(fields, ensure_ascii=False).encode()


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the parent, out of the way of whatever a library may print or ask."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _load_libraries() -> None:
    """Before memory is bounded, so that the bound is the file's."""
    from pipelines.sources.formats.file_texts import docx, odt, pdf, rtf, txt  # noqa: F401


def _give_up(limits: Limits) -> None:
    """Memory beyond the limit; files to write; core dumps. Where the system has no such limits the parent's clock remains."""
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
