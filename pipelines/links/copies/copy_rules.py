"""Which candidates are copies: words that count, natural likeness, and the pairs worth showing.

Words never count that stand in the task's own text or in what a teacher wrote, that are quoted, or that the person had written before. A pair that
shares little must be a copy without the passages too that answers to the task share though nobody copied (:mod:`pipelines.links.copies.copy_commons`).
What is left must exceed fixed thresholds and the task's own natural likeness.

Natural likeness: answers to one task resemble each other without anybody copying. From random pairs of the task's first texts by different
people the median and 85 % quantile of two statistics are taken (words of the longest fragment; share of the text, where there is any); their tail is taken as
exponential, as that of longest common runs is, and the bound set where copies by chance are expected in ``copy_expected_false`` of texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.links.copies.alignment import Alignment, align
from pipelines.links.copies.copy_commons import common_fragments
from pipelines.links.copies.fingerprints import fingerprints, reference_words
from pipelines.links.copies.quotations import quoted_words
from pipelines.text import Words, words
from pipelines.thresholds import threshold

_SEED = 20261122
#: Quantile that, with the median, gives the tail of natural likeness: high enough to see the tail, low enough to bear that a third of a
#: task's people copied one text (a ninth of its pairs are then copies).
_HIGH = 0.85
#: Where fewer pairs than these have anything in common, what they have is no nature of the task. (Asking a fifth as many took half of the false
#: alarms of small tasks away and a point of what is found of halves, mosaics and rewritten texts: not worth it.)
_ALIKE = 0.15
#: Bounds are rounded up to steps, so that they stay while a task grows a little.
_RUN_STEP, _SHARE_STEP = 2.0, 0.02


@dataclass(frozen=True)
class Texts:
    """Some texts in the order of time, as arrays: what the rules work on.

    ``person``, ``course``, ``task`` (-1: none): numbers per text; ``is_message``; ``is_reference``: a teacher's message.
    ``run_bound``, ``share_bound``: the natural likeness of its task.
    """

    written: Sequence[str | None]
    person: NDArray[np.int64]
    course: NDArray[np.int64]
    task: NDArray[np.int64]
    is_message: NDArray[np.bool_]
    is_reference: NDArray[np.bool_]
    run_bound: NDArray[np.float64]
    share_bound: NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Words of the tasks' own texts. ``of``: per text of ``words``, the number of its course. ``commons``: :mod:`pipelines.links.copies.copy_commons`."""

    words: Words
    of: NDArray[np.int64]
    commons: NDArray[np.uint64]


@dataclass(frozen=True)
class Pairs:
    """Accepted pairs, one row each, by the texts' places in what was given, and the fragments behind them.

    ``fragments``: columns pair (row of a pair), later_start, later_end, earlier_start, earlier_end (characters), words.
    """

    later: NDArray[np.int64]
    earlier: NDArray[np.int64]
    is_own: NDArray[np.bool_]
    matched: NDArray[np.int64]
    later_share: NDArray[np.float64]
    earlier_share: NDArray[np.float64]
    longest_run: NDArray[np.int64]
    homoglyphs: NDArray[np.int64]
    hidden: NDArray[np.int64]
    tampered: NDArray[np.bool_]
    fragments: dict[str, NDArray[np.int64]]


def accepted_pairs(
    texts: Texts, reference: Reference, later: NDArray[np.int64], earlier: NDArray[np.int64], is_own: NDArray[np.bool_]
) -> Pairs:
    """Of candidate pairs (places of texts; all of a later text's at once) those that are copies."""
    found = words(texts.written)
    prints, never_counts = _countable(found, texts, reference)
    counted = np.bincount(found.text, ~never_counts, found.texts).astype(np.int64)
    shortest = int(threshold("copy_fragment_words"))
    own_later, own_earlier, later, earlier = later[is_own], earlier[is_own], later[~is_own], earlier[~is_own]
    own = align(found, prints, own_later, own_earlier, shortest=shortest, reference=never_counts)
    aligned = align(found, prints, later, earlier, shortest=shortest, reference=never_counts)
    aligned = _without(aligned, earlier, own.later, own_earlier[own.pair], len(found.key))
    taught = texts.is_reference[earlier]
    given = taught[aligned.pair]
    # What a teacher wrote before the learner did is nobody's copy, whoever else has it too.
    no_time = np.full(int(given.sum()), -1)
    others = _select(aligned, ~given)
    others = _without(others, earlier, aligned.later[given], no_time, len(found.key))
    aligned = _regroup(_together(_select(aligned, given), others), shortest)
    longest_bounds = np.maximum(texts.run_bound, threshold("copy_run_words"))
    share_bounds = np.maximum(texts.share_bound, threshold("copy_scattered_share"))
    matched = _matched(aligned, len(later))
    accepted = _accept(aligned, matched, later, earlier, counted, texts.is_message, longest_bounds, share_bounds)
    # What little a pair shares may be what everybody quotes; who shares more than answers do by nature shares more than quotations.
    common = common_fragments(aligned, found, prints, texts.task, reference.commons)
    if common.any():
        little = matched < np.maximum(threshold("copy_common_share") * counted[later], threshold("copy_common_words"))
        own_words = _select(aligned, ~common)
        own_matched = _matched(own_words, len(later))
        accepted &= ~little | _accept(own_words, own_matched, later, earlier, counted, texts.is_message, longest_bounds, share_bounds)
    accepted &= _needed(aligned, matched, accepted, later, earlier, texts)
    nothing = np.zeros(found.texts)
    own_matched = _matched(own, len(own_later))
    own_accepted = _accept(own, own_matched, own_later, own_earlier, counted, texts.is_message, nothing, nothing)
    own_accepted &= ~texts.is_message[own_earlier]
    return _joined([(later, earlier, aligned, accepted, False), (own_later, own_earlier, own, own_accepted, True)], counted, found)


def _countable(found: Words, texts: Texts, reference: Reference) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Fingerprints without those of words that never count, and which words those are.

    Of earlier texts too: what is said of a pair must not hang on which other works are asked about in the same night.
    """
    prints = fingerprints(found)
    never = reference_words(found, prints, reference.words, texts.course, reference.of) | quoted_words(texts.written, found)
    return np.where(never, np.uint64(0), prints), never


def natural_likeness(
    texts: Texts, reference: Reference, groups: Sequence[NDArray[np.int64]], sizes: Sequence[int]
) -> list[tuple[float, float]]:
    """How alike texts are when nobody copies: (words of the longest fragment, share) per group.

    Parameters
    ----------
    groups: per task, the places of its texts that are looked at. sizes: per task, how many texts it has.

    Groups of which fewer than ``copy_calibration_texts`` texts are long enough get what is asked of tasks whose nature is unknown; in tasks
    of fewer than ``copy_common_texts`` a fragment has to be as long as in those, for nobody knows yet which sentences everybody quotes.
    """
    found = words(texts.written)
    prints, never_counts = _countable(found, texts, reference)
    counted = np.bincount(found.text, ~never_counts, found.texts).astype(np.int64)
    laters, earliers, owners = [], [], []
    for number, group in enumerate(groups):
        members = group[counted[group] >= threshold("copy_short_text")]
        if len(members) < threshold("copy_calibration_texts"):
            continue
        generator = np.random.default_rng(_SEED)
        first, second = generator.integers(0, len(members), (2, int(threshold("copy_calibration_pairs"))))
        key = np.unique(np.maximum(first, second) * len(members) + np.minimum(first, second))
        later, earlier = members[key // len(members)], members[key % len(members)]
        strangers = texts.person[later] != texts.person[earlier]
        laters.append(later[strangers])
        earliers.append(earlier[strangers])
        owners.append(np.full(int(strangers.sum()), number))
    bounds = [(threshold("copy_unknown_run"), threshold("copy_unknown_share"))] * len(groups)
    if not laters:
        return bounds
    later, earlier, owner = (np.concatenate(part) for part in (laters, earliers, owners))
    aligned = align(found, prints, later, earlier, shortest=int(threshold("copy_fragment_words")), reference=never_counts)
    longest = _longest_fragment(aligned, len(later)).astype(np.float64)
    share = np.bincount(aligned.pair, minlength=len(later)) / counted[later]
    for number in np.unique(owner).tolist():
        mine = owner == number
        run, part = _bounds(longest[mine], share[mine], sizes[number])
        bounds[number] = max(run, threshold("copy_unknown_run")) if sizes[number] < threshold("copy_common_texts") else run, part
    return bounds


def _bounds(longest: NDArray[np.float64], share: NDArray[np.float64], texts: int) -> tuple[float, float]:
    obvious = threshold("copy_obvious_share")
    if np.median(share) < obvious:
        longest, share = longest[share < obvious], share[share < obvious]
    # Whole words make quantiles jump by one; spreading each over its unit steadies them.
    spread = np.random.default_rng(_SEED).random(len(longest)) - 0.5
    run = _tail(np.where(longest > 0, longest + spread, 0), texts)
    part = min(_tail(share, texts), threshold("copy_short_share"))
    return float(np.ceil(run / _RUN_STEP) * _RUN_STEP), float(np.ceil(part / _SHARE_STEP) * _SHARE_STEP)


def _tail(values: NDArray[np.float64], texts: int) -> float:
    """Where an exponential tail leaves ``copy_expected_false`` of texts above, at best of ``texts``; 0 where nearly no pair is alike.

    The tail is drawn through median and 85 % quantile of the pairs that have anything in common: most have nothing where the task's own
    words cover what answers share.
    """
    alike = values[values > 0]
    if len(alike) < _ALIKE * len(values):
        return 0.0
    middle, high = np.quantile(alike, (0.5, _HIGH))
    scale = (high - middle) / np.log(0.5 / (1 - _HIGH))
    expected = texts * len(alike) / len(values) / (2 * threshold("copy_expected_false"))
    return float(middle + scale * max(np.log(expected), 0.0))


def _regroup(aligned: Alignment, shortest: int) -> Alignment:
    """Leave out fragments that lost their words."""
    if not len(aligned.pair):
        return aligned
    return _select(aligned, np.bincount(aligned.fragment)[aligned.fragment] >= shortest)


def _longest_fragment(aligned: Alignment, pairs: int) -> NDArray[np.int64]:
    longest = np.zeros(pairs, np.int64)
    if len(aligned.pair):
        count = np.bincount(aligned.fragment)
        pair = np.zeros(len(count), np.int64)
        pair[aligned.fragment] = aligned.pair
        np.maximum.at(longest, pair, count)
    return longest


def _longest_run(aligned: Alignment, pairs: int) -> NDArray[np.int64]:
    longest = np.zeros(pairs, np.int64)
    if len(aligned.pair):
        breaks = np.concatenate(([True], (np.diff(aligned.pair) != 0) | (np.diff(aligned.later) != 1) | (np.diff(aligned.earlier) != 1)))
        run = np.cumsum(breaks) - 1
        np.maximum.at(longest, aligned.pair[breaks], np.bincount(run))
    return longest


def _matched(aligned: Alignment, pairs: int) -> NDArray[np.int64]:
    """Words matched per pair: a passage that the later text repeats counts as often as the earlier one has it."""
    return np.bincount(np.unique(aligned.pair * (1 << 40) + aligned.earlier) >> 40, minlength=pairs).astype(np.int64)


def _accept(
    aligned: Alignment,
    matched: NDArray[np.int64],
    later: NDArray[np.int64],
    earlier: NDArray[np.int64],
    counted: NDArray[np.int64],
    is_message: NDArray[np.bool_],
    run_bound: NDArray[np.float64],
    share_bound: NDArray[np.float64],
) -> NDArray[np.bool_]:
    share = matched / np.maximum(counted[later], 1)
    back = matched / np.maximum(counted[earlier], 1)
    longest = _longest_fragment(aligned, len(later))
    enough = (matched >= threshold("copy_matched_words")) & (share >= threshold("copy_share"))
    beyond_nature = (longest > run_bound[later]) | (share > share_bound[later])
    is_short = counted[later] < threshold("copy_short_text")
    near_equal = np.minimum(share, np.where(is_message[earlier], 1, back)) >= threshold("copy_short_share")
    return enough & np.where(is_short, near_equal, beyond_nature)


def _select(aligned: Alignment, rows: NDArray[np.bool_]) -> Alignment:
    return Alignment(aligned.pair[rows], aligned.later[rows], aligned.earlier[rows], aligned.fragment[rows])


def _together(one: Alignment, other: Alignment) -> Alignment:
    parts = [np.concatenate([getattr(part, name) for part in (one, other)]) for name in ("pair", "later", "earlier", "fragment")]
    order = np.lexsort((parts[1], parts[0]))
    return Alignment(*(part[order] for part in parts))


def _without(
    aligned: Alignment,
    earlier: NDArray[np.int64],
    word: NDArray[np.int64],
    since: NDArray[np.int64],
    size: int,
) -> Alignment:
    """Take away words (of later texts) that stood somewhere else before the supposed source: ``since`` numbers the text that had them."""
    never = np.iinfo(np.int64).max
    first = np.full(size, never)
    np.minimum.at(first, word, since)
    return _select(aligned, first[aligned.later] > earlier[aligned.pair])


def _needed(
    aligned: Alignment,
    matched: NDArray[np.int64],
    accepted: NDArray[np.bool_],
    later: NDArray[np.int64],
    earlier: NDArray[np.int64],
    given: Texts,
) -> NDArray[np.bool_]:
    """Of several sources of one text those to show: the first holder of enough of its words, the fullest, both among works and messages.

    Of one person's several texts the fullest alone. A clique of copiers thus gives each copier a few rows, not one per pair.
    """
    keep = np.zeros(len(later), np.bool_)
    source_kind = given.is_message[earlier].astype(np.int64) + given.is_reference[earlier]
    candidate = np.flatnonzero(accepted)
    by_person = candidate[
        _best_of(np.stack((later, given.person[earlier], source_kind))[:, candidate], matched[candidate], earlier[candidate])
    ]
    fullest = by_person[_best_of(np.stack((later, source_kind))[:, by_person], matched[by_person], earlier[by_person])]
    keep[fullest] = True
    chosen = np.zeros(len(later), np.bool_)
    chosen[by_person] = True
    rows = np.flatnonzero(chosen[aligned.pair])
    word, pair = aligned.later[rows], aligned.pair[rows]
    order = np.lexsort((earlier[pair], source_kind[pair], word))
    word, pair = word[order], pair[order]
    first = (
        np.concatenate(([True], (word[1:] != word[:-1]) | (source_kind[pair][1:] != source_kind[pair][:-1])))
        if len(word)
        else np.zeros(0, bool)
    )
    keep |= np.bincount(pair[first], minlength=len(later)) >= threshold("copy_matched_words")
    return keep


def _best_of(group: NDArray[np.int64], matched: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each group (equal columns) the row with most matched words, the earliest of equals."""
    order = np.lexsort((earlier, -matched, *group[::-1]))
    sorted_group = group[:, order]
    return order[np.concatenate(([True], (sorted_group[:, 1:] != sorted_group[:, :-1]).any(axis=0)))] if len(order) else order


def _joined(
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], Alignment, NDArray[np.bool_], bool]], counted: NDArray[np.int64], found: Words
) -> Pairs:
    later, earlier, is_own, columns, offset = [], [], [], [], 0
    for part_later, part_earlier, aligned, accepted, own in parts:
        number = np.cumsum(accepted) - 1 + offset
        rows = accepted[aligned.pair] if len(aligned.pair) else np.zeros(0, np.bool_)
        columns.append((number[aligned.pair[rows]], aligned.later[rows], aligned.earlier[rows], aligned.fragment[rows]))
        later.append(part_later[accepted])
        earlier.append(part_earlier[accepted])
        is_own.append(np.full(int(accepted.sum()), own))
        offset += int(accepted.sum())
    alignment = Alignment(*(np.concatenate([column[place] for column in columns]) for place in range(4)))
    all_later, all_earlier = np.concatenate(later), np.concatenate(earlier)
    matched = _matched(alignment, offset)
    signs = found.homoglyphs + found.invisible
    return Pairs(
        all_later,
        all_earlier,
        np.concatenate(is_own),
        matched,
        matched / np.maximum(counted[all_later], 1),
        np.minimum(matched / np.maximum(counted[all_earlier], 1), 1.0),
        _longest_run(alignment, offset),
        found.homoglyphs[all_later],
        found.invisible[all_later],
        (signs[all_later] > 0) & (signs[all_earlier] == 0),
        _fragments(alignment, found),
    )


def _fragments(aligned: Alignment, found: Words) -> dict[str, NDArray[np.int64]]:
    empty = np.zeros(0, np.int64)
    if not len(aligned.pair):
        return dict.fromkeys(("pair", "later_start", "later_end", "earlier_start", "earlier_end", "words"), empty)
    # Numbers of fragments are those of two alignments: a pair and a number name one.
    most = int(aligned.fragment.max()) + 1
    unique, place = np.unique(aligned.pair * most + aligned.fragment, return_inverse=True)
    size = len(unique)
    columns = {
        "pair": unique // most,
        "later_start": _least(found.start[aligned.later], place, size),
        "later_end": -_least(-found.end[aligned.later], place, size),
        "earlier_start": _least(found.start[aligned.earlier], place, size),
        "earlier_end": -_least(-found.end[aligned.earlier], place, size),
        "words": np.bincount(place),
    }
    order = np.lexsort((columns["later_start"], columns["pair"]))
    return {name: values[order] for name, values in columns.items()}


def _least(values: NDArray[np.int64], group: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    result = np.full(size, np.iinfo(np.int64).max)
    np.minimum.at(result, group, values)
    return result
