"""Fingerprints of texts: hashes of three words running (stems), so inflection, layout and punctuation do not matter.

The hash is our own and versioned (:data:`pipelines.text.VERSION`): engines change theirs between versions, and fingerprints are kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.text import Words, mix

#: Words in a fingerprint.
WIDTH = 3
#: Of them at least so many that are no stop words: three function words in a row are everybody's.
_CONTENT_WORDS = 2
#: One fingerprint in so many is kept: which ones depends on the fingerprint alone, so both sides of a pair keep the same.
KEPT_ONE_IN = 2


def fingerprints(words: Words) -> NDArray[np.uint64]:
    """Fingerprint of the words that begin at each word; 0 where there is none (end of the text, too few content words)."""
    size = len(words.key)
    if size < WIDTH:
        return np.zeros(size, np.uint64)
    starts = size - WIDTH + 1
    with np.errstate(over="ignore"):
        value = words.key[:starts]
        for shift in range(1, WIDTH):
            value = mix(value) + words.key[shift : starts + shift]
        value = mix(value)
    content = sum((~words.is_stop[shift : starts + shift]).astype(np.int8) for shift in range(WIDTH))
    whole = words.text[:starts] == words.text[WIDTH - 1 :]
    found = np.zeros(size, np.uint64)
    found[:starts] = np.where(whole & (content >= _CONTENT_WORDS), np.where(value == 0, 1, value), 0)
    return found


def covered(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Words that stand in a marked fingerprint, from marks at the fingerprints' first words."""
    result = marks.copy()
    for shift in range(1, WIDTH):
        result[shift:] |= marks[:-shift]
    return result


def reference_words(
    words: Words, prints: NDArray[np.uint64], reference: Words, scope: NDArray[np.int64], of: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Words that stand in reference text (the task's own words) and therefore never count.

    Parameters
    ----------
    words, prints: the texts and their fingerprints.
    reference: the reference texts.
    scope: per text, the number of its task (-1: none); ``of``: per reference text, the number of its task.
    """
    known = scoped(fingerprints(reference), of[reference.text])
    known = known[known != 0]
    marks = np.zeros(len(prints), np.bool_)
    if len(known):
        asked = scoped(prints, scope[words.text])
        likely = np.flatnonzero(may_stand_among(asked, known) & (asked != 0))
        marks[likely] = np.isin(asked[likely], known)
    return covered(marks)


#: Marks per value looked for among: so few of the others pass by chance.
_MARKS = 8


def marks_of(values: NDArray[np.uint64], each: int = _MARKS) -> NDArray[np.bool_]:
    """A table of marks (Bloom 1970, one hash) of evenly spread 64-bit values: asked many times faster than sorted values. ``each``: marks per value."""
    bits = max(6, (each * len(values)).bit_length())
    marks = np.zeros(1 << bits, np.bool_)
    marks[(values >> np.uint64(64 - bits)).astype(np.intp)] = True
    return marks


def are_marked(values: NDArray[np.uint64], marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which values may be among those that the marks were made of: all that are, and few of the rest."""
    bits = len(marks).bit_length() - 1
    return marks[(values >> np.uint64(64 - bits)).astype(np.intp)]


def may_stand_among(values: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which values may be among others: all that are, and about one in eight of the rest."""
    return are_marked(values, marks_of(others))


def scoped(prints: NDArray[np.uint64], scope: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Fingerprints mixed with a number each (of the task, the course): equal where both are."""
    with np.errstate(over="ignore"):
        return np.where(prints == 0, 0, mix(prints + mix(scope.astype(np.uint64)))).astype(np.uint64)


def sampled(found: Words) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """What is kept of texts: (number of the text, fingerprint), each once per text, one value in two; sorted by value.

    Sampled by the fingerprint's value, so that both sides of a copy keep the same ones (Broder 1997). Sorted, so that whoever looks through
    many for what is wanted (:mod:`pipelines.links.copies.copy_star`) asks near places one after another, which the processor's cache holds.
    """
    prints = fingerprints(found)
    kept = is_kept(prints)
    prints, text = prints[kept], found.text[kept]
    order = np.argsort(prints)
    prints, text = prints[order], text[order]
    if not len(prints):
        return text, prints
    # Of equal values, which are few, the texts are put in order as well.
    again = prints[1:] == prints[:-1]
    rows = np.flatnonzero(np.concatenate(([False], again)) | np.concatenate((again, [False])))
    text[rows] = text[rows][np.lexsort((text[rows], prints[rows]))]
    once = np.concatenate(([True], ~again | (text[1:] != text[:-1])))
    return text[once], prints[once]


def is_kept(prints: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which fingerprints are among those kept (0, which is none, is not)."""
    result: NDArray[np.bool_] = (prints != 0) & ((prints >> np.uint64(32)) % np.uint64(KEPT_ONE_IN) == 0)
    return result
