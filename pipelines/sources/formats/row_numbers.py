"""Ids for rows that have none: a hash of what stands in the row and its number among equals, over a whole file.

Exact duplicates are real (two clicks in one second), so the hash alone is no id. Two downloads that overlap count their equals alike as long
as both hold all of them, which downloads by day, course or range do.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.sources.formats.shapes import Shapes

#: 128 bits: among 10^10 rows the chance that any two collide is about 10^-19.
LANES = 2
_DIGEST_BYTES = 8 * LANES
#: Sorted runs of keys that may speak of the same time before they are poured together.
_MOST_RUNS = 8
# Finalizer of MurmurHash3 (64 bits, public domain) and the golden ratio: every bit of the input moves every bit of the result.
_FIRST, _SECOND, _GOLDEN = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(33)
_START = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))  # digits of pi: no two lanes begin alike


def digest(text: str) -> bytes:
    """BLAKE2b of a text, LANES times eight bytes."""
    return blake2b(text.encode("utf-8"), digest_size=_DIGEST_BYTES).digest()


def joined(hashes: Iterable[bytes]) -> np.ndarray:
    """Digests as a uint64 array of texts × LANES."""
    return np.frombuffer(b"".join(hashes), "<u8").reshape(-1, LANES)


def digests(texts: pa.Array | Iterable[str]) -> np.ndarray:
    """Digests of texts as a uint64 array of texts × LANES."""
    column = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.string())
    return joined([blake2b(text, digest_size=_DIGEST_BYTES).digest() for text in column.cast(pa.binary()).to_pylist()])


def shape_hashes(shapes: Shapes) -> np.ndarray:
    """Hashes of texts that differ in little but their digits, as a uint64 array of texts × LANES: of the shape, then of each number in it."""
    first, values = shapes.runs
    counts = np.diff(first)
    hashes = joined([blake2b(shape, digest_size=_DIGEST_BYTES).digest() for shape in shapes.shapes])[shapes.of_text]
    for number in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > number)
        value = values[first[rows] + number].astype(np.uint64)
        for lane in range(LANES):
            hashes[rows, lane] = _mixed(hashes[rows, lane], value)
    return hashes


def _mixed(hashes: np.ndarray, part: np.ndarray) -> np.ndarray:
    hashes = hashes ^ part
    hashes += _GOLDEN
    shifted = hashes >> _SHIFT
    hashes ^= shifted
    hashes *= _FIRST
    np.right_shift(hashes, _SHIFT, out=shifted)
    hashes ^= shifted
    hashes *= _SECOND
    np.right_shift(hashes, _SHIFT, out=shifted)
    hashes ^= shifted
    return hashes


def row_hashes(parts: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """One hash per row out of the hashes of its parts, as a uint64 array of rows × LANES; the order of the parts counts.

    Parameters
    ----------
    parts: each rows × LANES (:func:`digests`, :func:`shape_hashes`), or one int64 per row.
    """
    hashes = np.empty((rows, LANES), np.uint64)
    for lane in range(LANES):
        mixed = np.full(rows, _START[lane], np.uint64)
        for part in parts:
            mixed = _mixed(mixed, part[:, lane] if part.ndim > 1 else part.astype(np.uint64))
        hashes[:, lane] = mixed
    return hashes


class _Run(NamedTuple):
    """Sorted keys of the rows that one block was the first to tell: the time they speak of, and the bytes of the file that hold
    them."""

    since: int
    until: int
    start: int
    size: int


class RowNumbers:
    """Numbers equals over a file, block by block. Keeps eight bytes per distinct row on disk, in a file without a name that is gone with
    this object: memory does not grow with the file.

    Equal rows have equal times, so only blocks that speak of the same time are looked through: in a file that runs one way through time
    that is the second in which one block ends and the next begins.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._repeated: dict[int, int] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the numbers
        weakref.finalize(self, self._file.close)

    def ids(self, prefix: str, hashes: np.ndarray, moments: np.ndarray) -> pa.Array:
        """``<prefix><hash>-<number>`` of each row.

        Parameters
        ----------
        hashes: :func:`row_hashes`, which must hold the time.
        moments: the rows' times as integers.
        """
        numbers = self._number(np.ascontiguousarray(hashes[:, 0]), moments)
        rows = len(numbers)
        # One text after the other in one piece of memory: numbers above nine are rare and take the long way.
        start = np.frombuffer(prefix.encode("utf-8"), np.uint8)
        width = len(start) + 2 * _DIGEST_BYTES + 1
        texts = np.empty((rows, width + 1), np.uint8)
        texts[:, : len(start)] = start
        texts[:, len(start) : width - 1] = np.frombuffer(hashes.astype("<u8").tobytes().hex().encode("ascii"), np.uint8).reshape(rows, -1)
        texts[:, width - 1] = ord("-")
        texts[:, width] = ord("0") + numbers % 10
        offsets = np.arange(rows + 1, dtype=np.int32) * (width + 1)
        ids = pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(texts)])
        if not rows or numbers.max() < 10:
            return ids
        longer = [text[:-1] + str(number) if number > 9 else text for text, number in zip(ids.to_pylist(), numbers.tolist(), strict=True)]
        return pa.array(longer, pa.string())

    def _number(self, keys: np.ndarray, moments: np.ndarray) -> np.ndarray:
        if not len(keys):
            return np.empty(0, np.int64)
        since, until = int(moments.min()), int(moments.max())
        near = [run for run in self._runs if run.since <= until and run.until >= since]
        ordered = np.sort(keys)
        # As a rule no two rows of a block are equal, and none is equal to one of another block.
        if (ordered[1:] != ordered[:-1]).all() and not self._known(near, keys, moments).any():
            self._keep(near, since, until, ordered)
            return np.ones(len(keys), np.int64)
        by_key = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        counts = np.diff(np.append(starts, len(keys)))
        distinct = ordered[starts]
        is_known = self._known(near, distinct, moments[by_key[starts]])
        before = np.zeros(len(distinct), np.int64)
        for place in np.flatnonzero(is_known):
            before[place] = self._repeated.get(int(distinct[place]), 1)
        for place in np.flatnonzero(before + counts > 1):
            self._repeated[int(distinct[place])] = int(before[place] + counts[place])
        self._keep(near, since, until, distinct[~is_known] if near else distinct)
        numbers = np.empty(len(keys), np.int64)
        numbers[by_key] = np.arange(len(keys)) - np.repeat(starts, counts) + 1 + np.repeat(before, counts)
        return numbers

    def _known(self, near: list[_Run], keys: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """Which keys stand in one of the runs; each key with its time."""
        is_known = np.zeros(len(keys), bool)
        if near:
            inside = np.flatnonzero((moments <= max(run.until for run in near)) & (moments >= min(run.since for run in near)))
            for run in near:
                is_known[inside] |= _among(self._keys(run), keys[inside])
        return is_known

    def _keep(self, near: list[_Run], since: int, until: int, fresh: np.ndarray) -> None:
        if len(near) >= _MOST_RUNS:
            # The file jumps about in time: fewer, longer runs, or each block would be looked for in every other.
            fresh = np.sort(np.concatenate([fresh, *(self._keys(run) for run in near)]), kind="stable")
            since, until = min(since, *(run.since for run in near)), max(until, *(run.until for run in near))
            others = [(run, self._keys(run)) for run in self._runs if run not in near]
            # Anew, or what was poured together would stay on disk beside what came of it.
            self._runs = []
            self._file.seek(0)
            self._file.truncate()
            for run, keys in others:
                self._write(run.since, run.until, keys)
        self._write(since, until, fresh)

    def _write(self, since: int, until: int, keys: np.ndarray) -> None:
        self._runs.append(_Run(since, until, self._file.seek(0, os.SEEK_END), keys.nbytes))
        self._file.write(keys.tobytes())

    def _keys(self, run: _Run) -> np.ndarray:
        self._file.seek(run.start)
        return np.frombuffer(self._file.read(run.size), np.uint64)


def _among(haystack: np.ndarray, needles: np.ndarray) -> np.ndarray:
    if not len(haystack):
        return np.zeros(len(needles), bool)
    places = np.minimum(np.searchsorted(haystack, needles), len(haystack) - 1)
    return haystack[places] == needles
