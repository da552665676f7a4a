"""Fingerprints of texts and the star join that finds which text may repeat which: candidates only, :mod:`pipelines.links.alignment` decides.

A fingerprint is the hash of three words running (stems), so inflection, layout and punctuation do not matter. Each fingerprint of a
text links it to the fingerprint's earliest and its previous holder of another person: linear in how often a fingerprint occurs, so an
answer that half a group handed in is still found, and in the direction in which it went. Methods that drop frequent fingerprints
(Passim) or compare whole texts (MinHash) lose exactly those.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipelines.text import Words, mix

#: Words in a fingerprint.
WIDTH = 3
#: Of them at least so many that are no stop words: three function words in a row are everybody's.
_CONTENT_WORDS = 2


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
    known = _scoped(fingerprints(reference), of[reference.text])
    asked = _scoped(prints, scope[words.text])
    return covered(np.isin(asked, known[known != 0]) & (asked != 0))


def _scoped(prints: NDArray[np.uint64], scope: NDArray[np.int64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        return np.where(prints == 0, 0, mix(prints + mix(scope.astype(np.uint64)))).astype(np.uint64)


def star_pairs(
    prints: NDArray[np.uint64],
    text: NDArray[np.int64],
    person: NDArray[np.int64],
    is_source: NDArray[np.bool_],
    is_asked: NDArray[np.bool_],
    *,
    partitions: int = 1,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of texts that share fingerprints: each fingerprint of a text with its earliest and its previous holder of another person.

    Parameters
    ----------
    prints, text: fingerprints and the texts they stand in; texts are numbered in the order of time.
    person: per text, a number of its person.
    is_source: per text, it may be copied from. is_asked: per text, its sources are looked for.
    partitions: do the join in so many parts (memory).

    Returns
    -------
    later, earlier, shared: numbers of the texts and how many fingerprints led from one to the other; sorted.
    """
    keys, counts = [], []
    texts = len(person)
    for part_prints, part_text in _partitions(prints, text, partitions):
        for later, earlier in _stars(part_prints, part_text, person, is_source, is_asked):
            key, count = np.unique(later * texts + earlier, return_counts=True)
            keys.append(key)
            counts.append(count)
    if not keys:
        return (np.zeros(0, np.int64),) * 3
    pair, place = np.unique(np.concatenate(keys), return_inverse=True)
    shared = np.bincount(place, np.concatenate(counts), len(pair)).astype(np.int64)
    return pair // texts, pair % texts, shared


def _partitions(
    prints: NDArray[np.uint64], text: NDArray[np.int64], partitions: int
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    for part in range(partitions):
        chosen = (prints != 0) & (prints % np.uint64(partitions) == part)
        if chosen.any():
            yield prints[chosen], text[chosen]


def _stars(
    prints: NDArray[np.uint64],
    text: NDArray[np.int64],
    person: NDArray[np.int64],
    is_source: NDArray[np.bool_],
    is_asked: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    order = np.lexsort((text, prints))
    prints, text = prints[order], text[order]
    once = np.concatenate(([True], (prints[1:] != prints[:-1]) | (text[1:] != text[:-1])))
    prints, text = prints[once], text[once]
    # Sources alone, in the same order: every row then looks back into them.
    sources = np.flatnonzero(is_source[text])
    if not len(sources):
        return
    source_text, source_prints = text[sources], prints[sources]
    source_person = person[source_text]
    new_print = np.concatenate(([True], source_prints[1:] != source_prints[:-1]))
    new_person = new_print | np.concatenate(([True], source_person[1:] != source_person[:-1]))
    index = np.arange(len(sources))
    group_start = np.maximum.accumulate(np.where(new_print, index, 0))
    run_start = np.maximum.accumulate(np.where(new_person, index, 0))
    # First source of the group that is of another person than the group's first.
    second_run = np.full(len(sources), -1)
    is_second = new_person & ~new_print & (run_start[np.maximum(index - 1, 0)] == group_start)
    second_run[group_start[is_second]] = index[is_second]
    # For each asked row: the last source before it with the same fingerprint.
    asked = np.flatnonzero(is_asked[text])
    before = np.searchsorted(sources, asked) - 1
    fits = (before >= 0) & (source_prints[np.maximum(before, 0)] == prints[asked])
    asked, before = asked[fits], before[fits]
    mine = person[text[asked]]
    previous = np.where(source_person[before] == mine, run_start[before] - 1, before)
    start = group_start[before]
    previous_fits = previous >= start
    yield text[asked][previous_fits], source_text[previous[previous_fits]]
    earliest = np.where(source_person[start] == mine, second_run[start], start)
    earliest_fits = (earliest >= 0) & (earliest <= before)
    yield text[asked][earliest_fits], source_text[earliest[earliest_fits]]


def own_pairs(person: NDArray[np.int64], task: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs (later, earlier) of texts of one person: the previous one and the first one in the same task; texts are numbered by time."""
    if not len(person):
        return (np.zeros(0, np.int64),) * 2
    number = np.arange(len(person))
    order = np.lexsort((number, task, person))
    same = np.concatenate(([False], (person[order][1:] == person[order][:-1]) & (task[order][1:] == task[order][:-1])))
    start = np.maximum.accumulate(np.where(~same, number, 0))
    later, previous, first = order[same], order[np.flatnonzero(same) - 1], order[start[same]]
    pair = np.unique(np.concatenate((later * len(person) + previous, later * len(person) + first)))
    return pair // len(person), pair % len(person)
