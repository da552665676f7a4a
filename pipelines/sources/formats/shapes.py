"""Numbers out of many texts at once, by the texts' shapes: what is left of a text when each of its digits is written ``0``.

Machine-written texts ("22/11/26, 22:12:22", "The user with id '5' viewed the course with id '2'.") differ in their digits and in little
else: some hundred shapes stand for a hundred thousand of them. A pattern that asks of a digit only that it is one finds the same places in
a text as in its shape, so it is tried once per shape and the digits of all texts of the shape are then read together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Byte → the byte of its shape.
_SHAPE_OF = bytes.maketrans(b"123456789", b"000000000")
#: Digits of a number that 64 bits hold for certain.
MOST_DIGITS = 18
#: Texts with more shapes than this, and with fewer than this many texts per shape, are no machine's: one pattern match per text is faster.
_MOST_SHAPES, _TEXTS_PER_SHAPE = 64, 4
#: So few shapes are read one after the other, digit by digit of all texts of a shape; of more, the numbers of all at once.
_SHAPES_READ_BY_DIGITS = 4

#: Digits that stand together, as a shape has them: at most as many as one number holds.
_RUN = re.compile(rb"0{1,%d}" % MOST_DIGITS)

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
        spans_of: shape → where its numbers stand (bytes from, to), ``width`` of them; None for one that is not there. An empty span is 0;
            any other holds all digits that stand together there.
        width: how many numbers are asked for.

        Returns
        -------
        (numbers, found): int64 and bool arrays of texts × width; a number of more than MOST_DIGITS digits counts as not there.
        """
        spans = [spans_of(shape) for shape in self.shapes]
        if len(spans) <= _SHAPES_READ_BY_DIGITS:
            return self._numbers_by_digits(spans, width)
        # Which of a shape's runs a number is; -1: none; -2: an empty span.
        run_of = np.full((width, len(spans)), -1, np.int64)
        for row, (shape, of_shape) in enumerate(zip(self.shapes, spans, strict=True)):
            runs = _runs_of(shape)
            for place, span in enumerate(of_shape):
                if span is not None and span[1] - span[0] <= MOST_DIGITS:
                    run_of[place, row] = -2 if span[0] == span[1] else runs.get(span, -1)
        first, values = self.runs
        numbers = np.zeros((width, len(self.of_text)), np.int64)
        found = np.zeros((width, len(self.of_text)), bool)
        # What is not there is read from behind the last.
        values = np.append(values, 0)
        for place in range(width):
            if (run_of[place] == -1).all():
                continue
            wanted = run_of[place].take(self.of_text)
            numbers[place] = values.take(np.where(wanted >= 0, first[:-1] + wanted, len(values) - 1))
            found[place] = wanted != -1
        return numbers.T, found.T

    def _numbers_by_digits(self, spans: Sequence[Sequence[Span | None]], width: int) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.zeros((width, len(self.of_text)), np.int64)
        found = np.zeros((width, len(self.of_text)), bool)
        starts = self._offsets[:-1] - self._offsets[0]
        for of_shape in range(len(spans)):
            # Of a single shape the texts stand one after the other, all of one length: columns of digits.
            is_only = len(spans) == 1
            rows = slice(None) if is_only else np.flatnonzero(self.of_text == of_shape)
            columns = self._data.reshape(len(self.of_text), -1) if is_only else None
            for place, span in enumerate(spans[of_shape]):
                if span is None or span[1] - span[0] > MOST_DIGITS:
                    continue
                number = np.zeros(len(starts[rows]), np.int64)
                for digit in range(*span):
                    number *= 10
                    number += (self._data[starts[rows] + digit] if columns is None else columns[:, digit]) - np.uint8(ord("0"))
                numbers[place, rows], found[place, rows] = number, True
        return numbers.T, found.T

    @cached_property
    def runs(self) -> tuple[np.ndarray, np.ndarray]:
        """(first, values): the numbers of all texts one after the other; those of text ``i`` are ``values[first[i]:first[i + 1]]``.

        Digits that stand together are one number; of more than MOST_DIGITS, each MOST_DIGITS are one.
        """
        runs = [_runs_of(shape) for shape in self.shapes]
        spans = np.array([span for of_shape in runs for span in of_shape], np.int64).reshape(-1, 2)
        many = np.array([len(of_shape) for of_shape in runs], np.int64)
        counts = many[self.of_text]
        first = np.concatenate(([0], np.cumsum(counts)))
        span = np.arange(first[-1]) + np.repeat((np.cumsum(many) - many)[self.of_text] - first[:-1], counts)
        place = spans[span, 0] + np.repeat(self._offsets[:-1] - self._offsets[0], counts)
        size = (spans[:, 1] - spans[:, 0])[span]
        values = self._data[place].astype(np.int64) - ord("0")
        for digit in range(1, int(size.max(initial=0))):
            longer = np.flatnonzero(size > digit)
            values[longer] = values[longer] * 10 + self._data[place[longer] + digit] - ord("0")
        return first, values


@lru_cache(maxsize=1 << 14)
def _runs_of(shape: bytes) -> dict[Span, int]:
    """Where digits stand in a shape → their number among its runs."""
    return {match.span(): number for number, match in enumerate(_RUN.finditer(shape))}


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
