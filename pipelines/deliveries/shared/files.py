"""Writing what is delivered: a file appears whole or not at all, and its hash is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from pipelines.warehouse import Warehouse


@dataclass(frozen=True)
class WrittenFile:
    """One file that was handed out.

    ``path`` is relative to the folder of deliveries; ``receiver_id`` is a curator's person id, "staff" (index pages) or "leadership".
    """

    path: str
    kind: str
    receiver_id: str
    sha256: str
    size: int


def write_file(folder: Path, path: str, content: bytes, *, kind: str, receiver_id: str) -> WrittenFile:
    """Write ``content`` to ``folder/path`` in one step: a reader sees the old file or the new one, never half of it."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_bytes(content)
    partial.replace(target)
    return WrittenFile(path, kind, receiver_id, sha256(content).hexdigest(), len(content))


def remember_files(warehouse: Warehouse, day: object, files: Iterable[WrittenFile], kinds: Iterable[str]) -> int:
    """Put the files of one day into ``deliveries.files``, replacing what is there of the same day and kinds. Returns the rows."""
    files = sorted(files, key=lambda file: (file.kind, file.path))
    kinds = sorted(kinds)
    rows = pa.table(
        {
            "day": pa.array([day] * len(files), pa.date32()),
            "kind": pa.array([file.kind for file in files], pa.string()),
            "receiver_id": pa.array([file.receiver_id for file in files], pa.string()),
            "path": pa.array([file.path for file in files], pa.string()),
            "sha256": pa.array([file.sha256 for file in files], pa.string()),
        }
    )
    marks = ", ".join("?" for _ in kinds)
    return warehouse.replace("deliveries.files", rows, where=f"day = ? and kind in ({marks})", parameters=[day, *kinds])
