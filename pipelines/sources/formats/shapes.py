"""Numbers out of many texts at once, by the texts' shapes: what is left of a text when each of its digits is written ``0``.

Machine-written texts ("22/11/26, 22:12:22", "The user with id '5' viewed the course with id '2'.") differ in their digits and in little
else: some hundred shapes stand for a hundred thousand of them. A pattern that asks of a digit only that it is one finds the same places in
a text as in its shape, so it is tried once per shape and the digits of all texts of the shape are then read together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Byte → the byte of its shape.
_SHAPE_OF = bytes.maketrans(b"123456789", b"000000000")
#: Digits of a number that 64 bits hold for certain.
MOST_DIGITS = 18
#: Texts with more shapes than this, and with fewer than this many texts per shape, are no machine's: one pattern match per text is faster.
_MOST_SHAPES, _TEXTS_PER_SHAPE = 64, 4

Span = tuple[int, int]


class Shapes:
    """Shapes of a string array without nulls, sliced or not.

    ``shapes``: the distinct ones, as bytes. ``of_text``: the place in it, per text.
    """

    def __init__(self, texts: pa.Array) -> None:
        offsets, data = _bytes_of(texts)
        self._offsets, self._data = offsets, data
        shaped = pa.Array.from_buffers(
            pa.binary(),
            len(texts),
            [None, pa.py_buffer((offsets - offsets[0]).astype(np.int32)), pa.py_buffer(data.tobytes().translate(_SHAPE_OF))],
        )
        encoded = pc.dictionary_encode(shaped)
        self.shapes: list[bytes] = encoded.dictionary.to_pylist()
        self.of_text: np.ndarray = encoded.indices.to_numpy(zero_copy_only=False)

    @property
    def are_few(self) -> bool:
        """Few enough that working by shape is worth it."""
        return len(self.shapes) <= max(_MOST_SHAPES, len(self.of_text) // _TEXTS_PER_SHAPE)

    def text(self, place: int) -> bytes:
        """One of the texts."""
        start = self._offsets[0]
        return self._data[self._offsets[place] - start : self._offsets[place + 1] - start].tobytes()

    def numbers(self, spans_of: Callable[[bytes], Sequence[Span | None]], width: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers that stand in each text.

        Parameters
        ----------
        spans_of: shape → where its numbers stand (bytes from, to), ``width`` of them; None for one that is not there. An empty span is 0.
        width: how many numbers are asked for.

        Returns
        -------
        (numbers, found): int64 and bool arrays of texts × width; a number of more than MOST_DIGITS digits counts as not there.
        """
        numbers = np.zeros((len(self.of_text), width), np.int64)
        found = np.zeros((len(self.of_text), width), bool)
        order = np.argsort(self.of_text, kind="stable")
        ends = np.cumsum(np.bincount(self.of_text, minlength=len(self.shapes)))
        first = 0
        starts = self._offsets[:-1] - self._offsets[0]
        for shape, end in zip(self.shapes, ends, strict=True):
            rows = order[first:end]
            first = end
            for place, span in enumerate(spans_of(shape)):
                if span is None or span[1] - span[0] > MOST_DIGITS:
                    continue
                found[rows, place] = True
                values = np.zeros(len(rows), np.int64)
                begins = starts[rows]
                for column in range(*span):
                    values = values * 10 + (self._data[begins + column].astype(np.int64) - ord("0"))
                numbers[rows, place] = values
        return numbers, found


def _bytes_of(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and bytes of a string array, without what a slice leaves out."""
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    _, offset_buffer, data_buffer = texts.buffers()
    if not len(texts):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    offsets = np.frombuffer(offset_buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None and data_buffer.size else np.zeros(0, np.uint8)
    return offsets, data[offsets[0] : offsets[-1]]
