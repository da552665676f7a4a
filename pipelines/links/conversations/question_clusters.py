"""Clusters of short questions, grown day by day: average linkage over a score of pairs, in sets.

A *form* is a distinct wording within one course and key (task named). Two forms are scored by a logistic model of few signs: cosine of their words, cosine of
their letters, same or different intent, likeness of the answers given so far (``repeat_w_…`` in thresholds; learned on invented chats, see
docs/decisions/0021). A cluster's likeness to another is the mean over all pairs of their forms, which sparse sums give exactly; so there is no
chaining: a question near to one odd member is not near to the cluster. Every day's new forms begin as clusters of one; clusters that changed that day (new forms,
new answers) are compared with all others of the course, and mutual best pairs merge until none is left above ``repeat_even``. A merged
cluster is named by its oldest question. Weights of words count the forms asked until that day, and answers count from the day on which they were given:
so the clusters of a day are the same whether the days are taken one by one or at once, and an id once given lives on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipelines.thresholds import threshold


@dataclass(frozen=True)
class Features:
    """One row per form (in order of first asking) and the answers given.

    course: forms of different courses are never one. words, letters: unit rows; columns are course- and key-specific, so that a product only meets forms that may be one. intent, family:
    a column each, likewise; the value says how far intents are trusted in this course, 0 to 1.
    answer_form, answer_day, answers: one entry or unit row per answer given to a question of the form.
    """

    course: NDArray[np.int64]
    day: NDArray[np.int64]
    words: sparse.csr_matrix
    letters: sparse.csr_matrix
    intent: sparse.csr_matrix
    family: sparse.csr_matrix
    answer_form: NDArray[np.int64]
    answer_day: NDArray[np.int64]
    answers: sparse.csr_matrix


@dataclass(frozen=True)
class Grown:
    """``cluster``: per form the place of its cluster's oldest form. ``merges``: rows (from, into, day), single forms included, in
    the order in which they happened."""

    cluster: NDArray[np.int64]
    merges: list[tuple[int, int, int]]


def weighted(group: NDArray[np.int64], scope: NDArray[np.int64], day: NDArray[np.int64], terms: list[list[str]]) -> sparse.csr_matrix:
    """TF-IDF rows of unit length whose weights know only what was asked until the row's day.

    group: rows of different groups share no column. scope: document frequencies are counted within it. day: must not fall.
    """
    rows = np.repeat(np.arange(len(terms)), [len(found) for found in terms])
    if not len(rows):
        return sparse.csr_matrix((len(terms), 1))
    term = pd.factorize(np.concatenate([np.asarray(found, object) for found in terms if found]))[0].astype(np.int64)
    width = int(term.max()) + 1
    pair, count = np.unique(rows * width + term, return_counts=True)
    rows, term = pair // width, pair % width
    frequency = until(scope[rows] * width + term, day[rows])
    asked = until(scope, day)[rows]
    prior = threshold("repeat_prior_questions")
    weight = (1 + np.log(count)) * (np.log((asked + prior) / (frequency + 1)) + 1)
    columns = pd.factorize(group[rows] * width + term)[0]
    matrix = sparse.csr_matrix((weight, (rows, columns)), shape=(len(terms), int(columns.max()) + 1))
    return unit(matrix)


def until(key: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many entries of the same key fall on the entry's day or before."""
    order = np.lexsort((day, key))
    sorted_key, sorted_day = key[order], day[order]
    place = np.arange(len(key))
    starts = np.r_[True, sorted_key[1:] != sorted_key[:-1]]
    begin = np.maximum.accumulate(np.where(starts, place, 0))
    ends = np.r_[(sorted_key[1:] != sorted_key[:-1]) | (sorted_day[1:] != sorted_day[:-1]), True]
    last = np.minimum.accumulate(np.where(ends, place, len(key))[::-1])[::-1]
    result = np.empty(len(key), np.int64)
    result[order] = last - begin + 1
    return result


def unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of unit length; empty ones stay empty."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.where(length > 0, length, 1)) @ matrix).tocsr()


def grow(features: Features) -> Grown:
    """Clusters of forms (see the module's docstring)."""
    size = len(features.day)
    cluster = np.arange(size)
    merges: list[tuple[int, int, float, int, int]] = []
    scorer = _Scorer(features)
    # Courses know nothing of each other: the first day of each on which anything happened, then the second of each, and so on; a step costs what happened on those days.
    course_of_answer = features.course[features.answer_form]
    both = np.c_[np.r_[features.course, course_of_answer], np.r_[features.day, features.answer_day]]
    days, place = np.unique(both, axis=0, return_inverse=True) if size else (both, np.zeros(0, np.int64))
    begins = np.searchsorted(days[:, 0], days[:, 0])
    step = (np.arange(len(days)) - begins)[place.ravel()]
    form_step, answer_step = step[:size], step[size:]
    new_forms, new_answers = _by_step(form_step), _by_step(answer_step)
    for number in range(int(step.max(initial=-1)) + 1):
        answered = features.answer_form[new_answers(number)]
        touched = np.unique(cluster[np.r_[new_forms(number), answered[form_step[answered] <= number]]])
        iteration = 0
        while len(touched):
            is_awake = np.zeros(int(features.course.max(initial=-1)) + 1, bool)
            is_awake[features.course[touched]] = True
            forms = np.flatnonzero(is_awake[features.course] & (form_step <= number))
            # In the order of answering: sums of floating numbers keep theirs.
            known = np.flatnonzero(is_awake[course_of_answer] & (answer_step <= number))
            left, right, score = scorer.near(forms, cluster[forms], touched, known)
            pairs, worth = _mutual(left, right, score)
            if not len(pairs):
                break
            into, gone = pairs.min(axis=1), pairs.max(axis=1)
            day = days[begins[np.searchsorted(days[:, 0], features.course[into])] + number, 1]
            merges += zip(day.tolist(), [iteration] * len(day), (-worth).tolist(), into.tolist(), gone.tolist(), strict=True)
            rename = np.arange(size)
            rename[gone] = into
            cluster = rename[cluster]
            touched = np.unique(into)
            iteration += 1
    # Day by day, within a day as the clusters grew, the surest first.
    return Grown(cluster, [(gone, into, day) for day, _, _, into, gone in sorted(merges)])


def _by_step(step: NDArray[np.int64]) -> Callable[[int], NDArray[np.int64]]:
    """Places of each step, in their order."""
    order = np.argsort(step, kind="stable")
    ordered = step[order]
    return lambda number: order[np.searchsorted(ordered, number) : np.searchsorted(ordered, number, side="right")]


def pair_signs(features: Features) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """Rows whose products are the weighted signs of each pair of forms (answers and the constant apart), and whether a form has an intent.
    Two intents that differ weigh ``repeat_w_other_intent``; as "different" is what is not "same", that is a constant for all pairs
    that have intents, and the product holds the difference."""
    same, family, other = threshold("repeat_w_same_intent"), threshold("repeat_w_same_family"), threshold("repeat_w_other_intent")
    signs = sparse.hstack(
        [
            features.words * np.sqrt(threshold("repeat_w_words")),
            features.letters * np.sqrt(threshold("repeat_w_letters")),
            features.intent * np.sqrt(same - family),
            features.family * np.sqrt(family - other),
        ]
    ).tocsr()
    return signs, np.asarray(features.intent.sum(axis=1)).ravel()


class _Scorer:
    def __init__(self, features: Features) -> None:
        self._signs, self._has_intent = pair_signs(features)
        self._other = threshold("repeat_w_other_intent")
        self._answers = features.answers
        self._answer_form = features.answer_form
        self._bias, self._w_answers = threshold("repeat_w_bias"), threshold("repeat_w_answers")

    def near(
        self, forms: NDArray[np.int64], cluster: NDArray[np.int64], touched: NDArray[np.int64], known: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Pairs (touched cluster, other cluster) whose mean score is at least even, among the ``forms`` and their ``cluster``; ``known``: answers given."""
        heads = forms[cluster == forms]
        holder = np.searchsorted(heads, cluster)
        members = np.bincount(holder, minlength=len(heads)).astype(float)
        gather = sparse.csr_matrix((1 / members[holder], (holder, np.arange(len(forms)))), shape=(len(heads), len(forms)))
        signs = (gather @ self._signs[forms]).tocsr()
        intents = np.asarray(gather @ self._has_intent[forms])
        at = np.searchsorted(heads, touched)
        # Few are touched: their rows are turned, not everybody's.
        likeness = (signs @ signs[at].T.tocsr()).tocoo()
        left, right, score = likeness.col, likeness.row, likeness.data
        # With both intents known, "different" is what is not "same": a constant, taken off in the product above.
        score = score + self._other * intents[at][left] * intents[right] + self._bias
        where = np.searchsorted(forms, self._answer_form[known])
        is_here = (where < len(forms)) & (forms[np.minimum(where, len(forms) - 1)] == self._answer_form[known])
        given, where = known[is_here], where[is_here]
        if len(given) and self._w_answers:
            profile = unit(
                sparse.csr_matrix((np.ones(len(given)), (holder[where], np.arange(len(given)))), shape=(len(heads), len(given)))
                @ self._answers[given]
            )
            alike = (profile @ profile[at].T.tocsr()).tocoo()
            key = np.r_[left.astype(np.int64) * len(heads) + right, alike.col.astype(np.int64) * len(heads) + alike.row]
            pairs, where = np.unique(key, return_inverse=True)
            total = np.bincount(where, np.r_[score, np.zeros(len(alike.data))], minlength=len(pairs))
            known_pair = np.bincount(where[: len(left)], minlength=len(pairs)) > 0
            left, right = pairs // len(heads), pairs % len(heads)
            total = np.where(known_pair, total, self._bias + self._other * intents[at][left] * intents[right])
            score = total + self._w_answers * np.bincount(where[len(score) :], alike.data, minlength=len(pairs))
        keep = (score >= threshold("repeat_even")) & (at[left] != right)
        return touched[left[keep]], heads[right[keep]], score[keep]


def _mutual(left: NDArray[np.int64], right: NDArray[np.int64], score: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs in which each is the other's best, of equals the older one, shape (pairs, 2); and their scores."""
    score = score.round(9)
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low, -score))
    pairs = np.column_stack([low[order], high[order]])
    # Where each is named first is its best pair.
    _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    best = (first // 2)[which.reshape(pairs.shape)]
    is_mutual = (best == np.arange(len(pairs))[:, None]).all(axis=1)
    return pairs[is_mutual], score[order][is_mutual]
