"""What two texts share, word by word and with places: the evidence behind every copy.

For each pair the fingerprints of the later text are looked up in the earlier one; runs of them that keep their distance are merged over
gaps (a word replaced, a sentence put in) into fragments, and equal words inside the gaps are counted too. All pairs at once, no loop
over pairs. Sentences in another order make several fragments; nothing else depends on order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.links.copies.fingerprints import WIDTH, may_stand_among
from pipelines.text import Words, mix

#: Words between two matches that one fragment may bridge on either side.
_GAP = 8
#: Pairs aligned at once: bounds memory.
_BLOCK_WORDS = 8_000_000


@dataclass(frozen=True)
class Alignment:
    """Matched words of pairs, one row per word.

    ``pair``: number of the pair; ``later``, ``earlier``: the word's number in the arrays of :class:`pipelines.text.Words`;
    ``fragment``: number of the fragment, each number in one pair only. Sorted by pair and later.
    """

    pair: NDArray[np.int64]
    later: NDArray[np.int64]
    earlier: NDArray[np.int64]
    fragment: NDArray[np.int64]


def align(
    words: Words,
    prints: NDArray[np.uint64],
    later: NDArray[np.int64],
    earlier: NDArray[np.int64],
    *,
    shortest: int,
    reference: NDArray[np.bool_] | None = None,
) -> Alignment:
    """Align pairs of texts.

    Parameters
    ----------
    words, prints: the texts and their fingerprints (0: none).
    later, earlier: numbers of the texts of each pair.
    shortest: fragments of fewer matched words are left out: phrases that everybody uses.
    reference: per word, it stands in the task's own text. A passage may run across such words; they are never counted as matched.
    """
    size = words.counts[later]
    blocks = np.cumsum(size) // _BLOCK_WORDS
    parts, fragments = [], 0
    for block in np.unique(blocks):
        chosen = blocks == block
        pair, here, there, fragment = _align_block(words, prints, later[chosen], earlier[chosen], np.flatnonzero(chosen), shortest)
        parts.append((pair, here, there, fragment + fragments))
        fragments += int(fragment.max()) + 1 if len(fragment) else 0
    empty = np.zeros(0, np.int64)
    if not parts:
        return Alignment(empty, empty, empty, empty)
    pair, here, there, fragment = (np.concatenate([part[place] for part in parts]) for place in range(4))
    counts = ~reference[here] if reference is not None else np.ones(len(here), np.bool_)
    return Alignment(pair[counts], here[counts], there[counts], fragment[counts])


def _expand(first: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the words of each text of a list, one after another, and the place in the list each belongs to."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return first[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts), owner


def _align_block(
    words: Words,
    prints: NDArray[np.uint64],
    later: NDArray[np.int64],
    earlier: NDArray[np.int64],
    numbers: NDArray[np.int64],
    shortest: int,
) -> tuple[NDArray[np.int64], ...]:
    first, counts = words.first, words.counts
    # A table (earlier text, fingerprint) → place, over the texts that are earlier in some pair.
    holders = np.unique(earlier)
    there, owner = _expand(first[holders], counts[holders])
    here, pair = _expand(first[later], counts[later])
    held, asked = prints[there], prints[here]
    with np.errstate(over="ignore"):
        table = held ^ mix(holders.astype(np.uint64))[owner]
        asked = asked ^ mix(earlier.astype(np.uint64))[pair]
    # Most fingerprints stand on one side alone: left out before anything is sorted.
    likely = np.flatnonzero(may_stand_among(asked, table) & (prints[here] != 0))
    here, pair, asked = here[likely], pair[likely], asked[likely]
    likely = np.flatnonzero(may_stand_among(table, asked) & (held != 0))
    there, table = there[likely], table[likely]
    place = np.lexsort((there, table))
    table, there = table[place], there[place]
    at = np.searchsorted(table, asked)
    found = (at < len(table)) & (table[np.minimum(at, max(len(table) - 1, 0))] == asked) if len(table) else np.zeros(len(asked), bool)
    here, pair, at, asked = here[found], pair[found], at[found], asked[found]
    if not len(here):
        return (np.zeros(0, np.int64),) * 4
    there_at = there[at]
    # A fingerprint that stands there more than once: take the place that goes on from the word before, if it fits.
    goes_on = np.concatenate(([False], (pair[1:] == pair[:-1]) & (here[1:] == here[:-1] + 1)))
    for ahead in range(1, 4):
        other = np.minimum(at + ahead, len(table) - 1)
        better = goes_on & (table[other] == asked) & (there[other] == np.concatenate(([0], there_at[:-1])) + 1)
        there_at = np.where(better, there[other], there_at)
    distance = there_at - here
    same = np.concatenate(
        ([False], (pair[1:] == pair[:-1]) & (np.diff(here) <= _GAP + WIDTH) & (np.abs(np.diff(distance)) <= _GAP) & (np.diff(there_at) > 0))
    )
    fragment = np.cumsum(~same) - 1
    words_here, words_there, words_fragment = _fill(words, here, there_at, fragment, same)
    matched = np.bincount(words_fragment, minlength=fragment[-1] + 1)
    long = matched[words_fragment] >= shortest
    words_here, words_there, words_fragment = words_here[long], words_there[long], words_fragment[long]
    fragment_pair = np.zeros(fragment[-1] + 1, np.int64)
    fragment_pair[fragment] = pair
    words_pair = fragment_pair[words_fragment]
    # A word is matched once per pair, by the longer fragment.
    order = np.lexsort((-matched[words_fragment], words_here, words_pair))
    words_here, words_there, words_fragment, words_pair = (part[order] for part in (words_here, words_there, words_fragment, words_pair))
    once = np.concatenate(([True], (words_pair[1:] != words_pair[:-1]) | (words_here[1:] != words_here[:-1])))
    if not len(words_here):
        return (np.zeros(0, np.int64),) * 4
    return numbers[words_pair[once]], words_here[once], words_there[once], words_fragment[once]


def _fill(
    words: Words, here: NDArray[np.int64], there: NDArray[np.int64], fragment: NDArray[np.int64], same: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Words of the fingerprints, and equal words in the gaps between them at the distance of either side."""
    parts = [(here + shift, there + shift, fragment) for shift in range(WIDTH)]
    after = np.flatnonzero(same)
    before = after - 1
    for step in range(1, _GAP + 1):
        for start, sign in ((before, 1), (after, -1)):
            edge = WIDTH - 1 if sign > 0 else 0
            a, b = here[start] + edge + sign * step, there[start] + edge + sign * step
            inside = (a > here[before]) & (a < here[after]) & (b > there[before]) & (b < there[after]) & (a > here[before] + WIDTH - 1)
            a, b, f = a[inside], b[inside], fragment[start][inside]
            equal = words.key[a] == words.key[b]
            parts.append((a[equal], b[equal], f[equal]))
    a, b, f = (np.concatenate([part[place] for part in parts]) for place in range(3))
    order = np.lexsort((b, a, f))
    a, b, f = a[order], b[order], f[order]
    once = np.concatenate(([True], (f[1:] != f[:-1]) | (a[1:] != a[:-1])))
    return a[once], b[once], f[once]
