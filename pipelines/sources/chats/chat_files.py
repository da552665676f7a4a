"""Files posted in chats that lie beside an export: which message holds which content, and the text of each content that is not known yet.

Grain: one row of ``message_files`` per message and content; one of ``file_texts`` per content that was opened. Contents are told apart by SHA-1
of their bytes, as those of submissions are, and opened by the same readers under the same limits (:mod:`pipelines.sources.formats.file_texts`); one
that is known from an earlier load is not opened again.

A file is taken from inside the export's own folder or archive only: a name that leads out of it, a link included, is rejected. Excluded: files of
private conversations (nobody asks for them). A file that the export names and does not hold is rejected, where it holds others.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from pipelines.errors import BadFile
from pipelines.sources.formats.archives import Tree, ZipTree
from pipelines.sources.formats.file_texts.limits import LIMITS
from pipelines.sources.formats.file_texts.pool import Content
from pipelines.sources.formats.file_texts.records import events as text_events
from pipelines.sources.formats.file_texts.results import Reason
from pipelines.sources.reading import Batch, Context, Event, Rejected, Seen

RECORD = "message_files"
MISSING, OUTSIDE = "file is not beside the export", "file lies outside the export"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Posted:
    """A file that a message is said to hold. ``place`` finds the message in the item; ``name``: the file's path from the export's root."""

    message_id: str
    place: str
    name: str


@dataclass(frozen=True)
class _Found:
    content_hash: str
    size: int


def file_events(posted: Sequence[Posted], tree: Tree, context: Context) -> Iterator[Event]:
    """Rows and rejects of ``message_files`` and, of contents that are not known, of ``file_texts``.

    Nothing where no file was posted, and where none of them is there: the export was handed over without its files, and lost none.
    """
    names = frozenset(tree.names()) if isinstance(tree, ZipTree) else frozenset()
    digests = {name: _digest(tree, name, names) for name in sorted({one.name for one in posted})}
    if all(found == MISSING for found in digests.values()):
        return
    #: Content → (place, name) of the first file that holds it.
    first: dict[str, tuple[str, str]] = {}
    rows: list[tuple[str, _Found]] = []
    yield Seen(RECORD, len(posted))
    for one in posted:
        found = digests[one.name]
        if isinstance(found, str):
            yield Rejected(RECORD, one.place, found)
            continue
        rows.append((one.message_id, found))
        if found.content_hash not in context.known_contents:
            first.setdefault(found.content_hash, (one.place, one.name))
    if rows:
        columns = {
            "message_id": pa.array([message_id for message_id, _ in rows], pa.string()),
            "content_hash": pa.array([found.content_hash for _, found in rows], pa.string()),
            "bytes": pa.array([found.size for _, found in rows], pa.int64()),
        }
        yield Batch(RECORD, pa.table(columns))
    if first:
        contents = ((content_hash, place, _content(tree, name)) for content_hash, (place, name) in first.items())
        yield from text_events(contents, zone=context.zone, check_sha1=True)


def _digest(tree: Tree, name: str, names: frozenset[str]) -> _Found | str:
    """A file's content, or why there is none."""
    try:
        with _opened(tree, name, names) as content:
            digest, size = sha1(usedforsecurity=False), 0
            while block := content.read(_BLOCK):
                digest.update(block)
                size += len(block)
                if size > LIMITS.file_bytes:
                    return Reason.TOO_LARGE.value
    except _Refused as refused:
        return refused.reason
    except BadFile:  # a member of an archive that is encrypted or damaged
        return Reason.DAMAGED.value
    except OSError:
        return Reason.CLOSED.value
    return _Found(digest.hexdigest(), size)


class _Refused(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def _opened(tree: Tree, name: str, names: frozenset[str]) -> BinaryIO:
    """A file of the export, for reading. Raises _Refused, BadFile, OSError."""
    if isinstance(tree, ZipTree):
        if name not in names:
            raise _Refused(MISSING)
        return tree.open(name)
    # Not blocking: a pipe would wait for ever.
    handle = os.open(_inside(tree.path, name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _Refused(Reason.CLOSED.value)
    return os.fdopen(handle, "rb")


def _inside(folder: Path, name: str) -> Path:
    """Where the file really lies, links followed. Raises _Refused where that is not inside the folder, or nowhere."""
    root = folder.resolve()
    try:
        place = (root / name).resolve()
        if not place.is_relative_to(root):
            raise _Refused(OUTSIDE)
        if not place.exists():
            raise _Refused(MISSING)
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that is too long or holds a zero character
        raise _Refused(MISSING) from None
    return place


def _content(tree: Tree, name: str) -> Content:
    if not isinstance(tree, ZipTree):
        return _inside(tree.path, name)
    with tree.open(name) as content:
        return content.read()
