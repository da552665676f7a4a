"""How likely one message of a chat answers another: pairs, their features, and a scored guess with the right to say nothing.

A conversation is a row of messages in order of time. For a message the *candidates* are messages before it, and itself: a message
paired with itself opens a conversation, which is how "answers nothing" is said. A pair is described by what anybody sees who does not understand the
words: how far apart, who spoke in between, who was named, whether a question mark stands there, how rare the words are that both hold.
So it holds for any language and any chat. After Kummerfeld et al. (2019, https://aclanthology.org/P19-1374), whose feature list was the
starting point; the features here are fewer, know nothing of the words, and add the course of the talk (whom the author last spoke to).

Nothing here reads the warehouse: arrays come in, arrays go out.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import HashingVectorizer

from pipelines.links.conversations import wording

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Word beginnings stand for words: enough for Russian endings, and no dictionary is needed.
_STEM = 6
_OPENING = 4
_BUCKETS = 2**18
#: Pairs that are scored at a time.
_BLOCK = 4096
#: Leaves that a tree may have: as many as there are bits in what marks them; and the lowest bit set of each such number.
_LEAVES = 16
_FIRST_BIT = np.array([(number & -number).bit_length() - 1 if number else 0 for number in range(2**_LEAVES)], np.uint8)
#: What lies further back says nothing of who is talking to whom.
_MEMORY = 14 * 86400
_SIGNS = {
    "thanks": wording.THANKS,
    "greets": wording.GREETINGS,
    "interrogative": wording.INTERROGATIVES,
    "settled": wording.SETTLED,
    "link": ("http", "https", "www"),
}
#: What was learned from the annotated corpus, one row per node of a tree; made by ``python -m benchmarks.replies.learn_prior``.
PRIOR_FILE = Path(__file__).with_name("reply_prior.csv")


@dataclass(frozen=True)
class Conversation:
    """Messages in order of time, one element per message.

    chats, authors: codes (any integers). at: seconds. lines: words as of ``wording.line_sql``. is_silent: system lines, which neither
    speak nor are answered. is_bot: written by a program. mention_of, mentioned: pairs (place of a message, author whom it names or addresses).
    signs: what ``told_signs`` finds in the lines. words: what ``word_counts`` finds in the lines of the messages that are paired; None: counted when asked for.
    """

    chats: Ints
    authors: Ints
    at: Floats
    lines: list[str]
    is_silent: NDArray[np.bool_]
    is_bot: NDArray[np.bool_]
    mention_of: Ints
    mentioned: Ints
    signs: dict[str, NDArray[np.bool_]]
    words: csr_array | None = None

    def __len__(self) -> int:
        return len(self.at)

    def since(self, first: int, last: int) -> tuple[Conversation, int]:
        """The part that matters for pairs between two places (and what a person said within memory before), and the place where it begins."""
        begin = int(np.searchsorted(self.at, self.at[first] - _MEMORY)) if len(self) else 0
        part = slice(begin, last)
        inside = (self.mention_of >= begin) & (self.mention_of < last)
        return Conversation(
            self.chats[part], self.authors[part], self.at[part], self.lines[part], self.is_silent[part], self.is_bot[part],
            self.mention_of[inside] - begin, self.mentioned[inside], {name: sign[part] for name, sign in self.signs.items()},
            None if self.words is None else self.words[begin:last],
        ), begin  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Candidates: place of the message, place of the earlier message; equal places: it opens a conversation. Sorted by message."""

    message: Ints
    earlier: Ints

    def __len__(self) -> int:
        return len(self.message)


class _Events:
    """Things that happen at places of the conversation, by key: how many before a place, and the last one."""

    def __init__(self, keys: Ints, places: Ints, size: int) -> None:
        self._size = size + 1
        self._sorted = np.sort(keys * self._size + places)

    def count(self, keys: Ints, before: Ints) -> Ints:
        """Events of the key at places below ``before``."""
        return np.searchsorted(self._sorted, keys * self._size + before) - np.searchsorted(self._sorted, keys * self._size)

    def last(self, keys: Ints, before: Ints) -> Ints:
        """Place of the last event of the key below ``before``; -1 for none."""
        position = np.searchsorted(self._sorted, keys * self._size + before) - 1
        found = self._sorted[np.maximum(position, 0)] if len(self._sorted) else np.full(len(keys), -1)
        is_there = (position >= 0) & (found // self._size == keys)
        return np.where(is_there, found % self._size, -1)


def told_signs(lines: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Which lines thank, greet, open with an interrogative, call it settled, or hold a link."""
    column = pa.array(lines, pa.string())
    return {
        name: pc.match_substring_regex(column, wording.pattern(wordings)).to_numpy(zero_copy_only=False).astype(bool)
        for name, wordings in _SIGNS.items()
    }


def candidates(talk: Conversation, messages: Ints, *, most: int, hours: float) -> Pairs:
    """Each of the messages with itself and with the ``most`` latest messages before it, at most ``hours`` old, in the same chat."""
    speaks = np.flatnonzero(~talk.is_silent)
    order = speaks[np.lexsort((speaks, talk.chats[speaks]))]
    # Place of each message among those that speak in its chat.
    rank = np.full(len(talk), -1)
    rank[order] = np.arange(len(order))
    known = messages[~talk.is_silent[messages]]
    steps = np.arange(most + 1)
    index = rank[known][:, None] - steps[None, :]
    earlier = order[np.maximum(index, 0)]
    good = (index >= 0) & (talk.chats[earlier] == talk.chats[known][:, None]) & (talk.at[known][:, None] - talk.at[earlier] <= 3600 * hours)
    row, column = np.nonzero(good)
    return Pairs(known[row], earlier[row, column])


def _log(values: Floats | Ints) -> Floats:
    return np.log1p(np.maximum(values, 0).astype(np.float64))


def _beginnings(line: str) -> list[str]:
    return [word[:_STEM] for word in line.split() if len(word) > 2]


def openings(line: str) -> list[str]:
    """Shorter beginnings, in which the forms of a short word agree ("баян", "баяне"), and numbers."""
    return [word[:_OPENING] for word in line.split() if len(word) > 2 or word.isdigit()]


def word_counts(lines: Sequence[str], words: Callable[[str], list[str]] = _beginnings) -> csr_array:
    """One row per line: 1 for each of its word beginnings (``words`` of a line)."""
    if not len(lines):
        return csr_array((0, _BUCKETS))
    vectorizer = HashingVectorizer(analyzer=words, n_features=_BUCKETS, norm=None, alternate_sign=False, binary=True)
    return csr_array(vectorizer.transform(lines))


def narrow(counts: csr_array) -> csr_array:
    """The same without the columns that are empty."""
    used, column = np.unique(counts.indices, return_inverse=True)
    return csr_array((counts.data, column, counts.indptr), shape=(counts.shape[0], max(len(used), 1)))


def by_rarity(counts: csr_array, times: Ints | None = None) -> csr_array:
    """The same, weighted by the words' rarity among these lines; ``times``: how often each line stands among them (None: once)."""
    counts = counts.copy()
    often = None if times is None else np.repeat(times, np.diff(counts.indptr))
    frequency = np.bincount(counts.indices, often, minlength=counts.shape[1])
    rarity = np.log((1 + (counts.shape[0] if times is None else times.sum())) / (1 + frequency))
    counts.data = rarity[counts.indices]
    return counts


def unit_rows(table: csr_array) -> csr_array:
    """Rows of length one; empty ones stay empty."""
    length = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return csr_array(table.multiply(1 / np.maximum(length, 1e-9)[:, None]))


def word_rows(lines: Sequence[str]) -> csr_array:
    """One row per line: its word beginnings, weighted by their rarity among the lines."""
    return by_rarity(word_counts(lines))


def features(talk: Conversation, pairs: Pairs) -> dict[str, Floats]:
    """What is seen of each pair: name of the feature → one number per pair."""
    size = len(talk)
    people = int(talk.authors.max(initial=0)) + 1
    i, j = pairs.message, pairs.earlier
    is_self = i == j
    speaks = np.flatnonzero(~talk.is_silent)
    # Everything is asked per chat: the key holds chat and person.
    chat_codes = np.unique(talk.chats, return_inverse=True)[1].astype(np.int64)
    said_by = chat_codes * people + talk.authors
    spoken = _Events(said_by[speaks], speaks, size)
    any_spoken = _Events(chat_codes[speaks], speaks, size)
    named_key = chat_codes[talk.mention_of] * people + talk.mentioned
    named = _Events(named_key, talk.mention_of, size)
    pair_key = named_key * people + talk.authors[talk.mention_of]
    speaker_named = _Events(pair_key, talk.mention_of, size)
    first_of = _Events(said_by[talk.mention_of], talk.mention_of, size)
    mentions = np.bincount(talk.mention_of, minlength=size)
    own_mention = np.sort(talk.mention_of * people + talk.mentioned)

    def names(place: Ints, person: Ints) -> NDArray[np.bool_]:
        wanted = place * people + person
        at = np.searchsorted(own_mention, wanted)
        return (
            (at < len(own_mention)) & (own_mention[np.minimum(at, len(own_mention) - 1)] == wanted)
            if len(own_mention)
            else np.zeros(len(place), bool)
        )

    author_i, author_j, chat = talk.authors[i], talk.authors[j], chat_codes[i]
    key_i, key_j = chat * people + author_i, chat * people + author_j
    same = (author_i == author_j) & ~is_self
    between = any_spoken.count(chat, i) - any_spoken.count(chat, j + 1)
    by_j = spoken.count(key_j, i) - spoken.count(key_j, j + 1)
    by_i = spoken.count(key_i, i) - spoken.count(key_i, j + 1)
    between, by_j, by_i = (np.where(is_self, 0, values) for values in (between, by_j, by_i))
    names_j, j_names = names(i, author_j) & ~same & ~is_self, names(j, author_i) & ~same & ~is_self
    oldest = np.searchsorted(talk.at, talk.at[i] - _MEMORY)

    def recent(place: Ints) -> Ints:
        return np.where(place >= oldest, place, -1)

    def ago(place: Ints) -> Ints:
        """Messages of the chat since a place; a long time for none."""
        return np.where(place >= 0, any_spoken.count(chat, i) - any_spoken.count(chat, np.maximum(place, 0)), 10_000)

    last_own = recent(spoken.last(key_i, i))
    had_own = last_own >= 0
    # Whom did the author speak to last, by name; who spoke to the author last.
    towards_j = recent(speaker_named.last((chat * people + author_j) * people + author_i, i))
    towards_i = recent(speaker_named.last((chat * people + author_i) * people + author_j, i))
    to_me = recent(named.last(key_i, i))
    by_name_me = recent(first_of.last(key_i, i))
    named_since_j = named.count(key_j, i) - named.count(key_j, j + 1)
    lag = talk.at[i] - talk.at[j]
    previous = recent(any_spoken.last(chat, i))
    # How long the chat was silent after the earlier one; of the message itself nothing later is known.
    in_chats = speaks[np.lexsort((speaks, chat_codes[speaks]))]
    following = np.arange(size)
    following[in_chats[:-1]] = np.where(chat_codes[in_chats[:-1]] == chat_codes[in_chats[1:]], in_chats[1:], in_chats[:-1])
    next_gap = np.where(is_self, 0, talk.at[np.minimum(following[j], i)] - talk.at[j])
    told, told_place = np.unique(np.concatenate((i, j)), return_inverse=True)
    told_i, told_j = told_place[: len(i)], told_place[len(i) :]
    lines = [talk.lines[place] for place in told.tolist()]
    rows = word_rows(lines) if talk.words is None else by_rarity(talk.words[told])
    norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel()) + 1e-9
    overlap = np.zeros(len(pairs))
    for start in range(0, len(pairs), 200_000):
        part = slice(start, start + 200_000)
        overlap[part] = np.asarray(rows[told_i[part]].multiply(rows[told_j[part]]).sum(axis=1)).ravel()
    overlap[is_self] = 0
    likeness = overlap / (norms[told_i] * norms[told_j])
    words = np.array([line.count(" ") for line in lines], dtype=np.float64)
    marks = np.array([" ? " in line for line in lines], dtype=bool)
    ends = np.array([line.endswith("? ") for line in lines], dtype=bool)
    found: dict[str, Floats] = {
        "is_self": is_self,
        "between": _log(between),
        "lag": _log(lag),
        "lag_to_previous": _log(np.where(previous >= 0, talk.at[i] - talk.at[np.maximum(previous, 0)], 1e6)),
        "pause_after_earlier": _log(next_gap),
        "same_author": same,
        "by_earlier_author_between": _log(by_j),
        "by_author_between": _log(by_i),
        "is_last_of_earlier_author": (by_j == 0) & ~is_self,
        "is_own_last": same & (by_i == 0),
        "names_earlier_author": names_j,
        "names_other": (mentions[i] > 0) & ~names_j,
        "names_nobody": mentions[i] == 0,
        "earlier_names_author": j_names,
        "earlier_names_other": (mentions[j] > 0) & ~j_names & ~is_self,
        "since_author_named_earlier_author": _log(ago(towards_j)),
        "since_earlier_author_named_author": _log(ago(towards_i)),
        "is_latest_who_named_author": (to_me >= 0) & (to_me == j),
        "author_s_last_named_is_earlier_author": (by_name_me >= 0) & names(np.maximum(by_name_me, 0), author_j) & ~same,
        "earlier_author_named_between": _log(np.where(is_self, 0, named_since_j)),
        "own_last_between": _log(ago(last_own)),
        "own_lag": _log(np.where(had_own, talk.at[i] - talk.at[np.maximum(last_own, 0)], 1e6)),
        "own_count": _log(spoken.count(key_i, i) - spoken.count(key_i, oldest)),
        "earlier_author_first": _log(np.maximum(spoken.count(key_j, j) - spoken.count(key_j, oldest), 0)),
        "overlap": overlap,
        "likeness": likeness,
        "words": _log(words[told_i]),
        "words_earlier": _log(words[told_j]),
        "asks": marks[told_i],
        "earlier_asks": (marks[told_j] & ~is_self).astype(np.float64),
        "earlier_ends_asking": (ends[told_j] & ~is_self).astype(np.float64),
        "is_bot": talk.is_bot[i].astype(np.float64),
        "earlier_is_bot": talk.is_bot[j].astype(np.float64),
    }  # fmt: skip
    for name, sign in talk.signs.items():
        found[name] = sign[i].astype(np.float64)
        found[f"earlier_{name}"] = (sign[j] & ~is_self).astype(np.float64)
    # What a candidate is beside the others of the same message.
    starts, codes = np.unique(i, return_index=True)[1], np.unique(i, return_inverse=True)[1]
    if len(i):
        found["likeness_to_best"] = likeness - np.maximum.reduceat(likeness, starts)[codes]
        found["overlap_to_best"] = overlap - np.maximum.reduceat(overlap, starts)[codes]
        named_pair = np.where(names_j, j, -1)
        found["is_last_named"] = names_j & (np.maximum.reduceat(named_pair, starts)[codes] == j)
        asked_other = np.where(marks[told_j] & ~same & ~is_self, j, -1)
        found["is_last_asking"] = (asked_other >= 0) & (np.maximum.reduceat(asked_other, starts)[codes] == j)
        waiting = np.where((by_j == 0) & (named_since_j == 0) & ~same & ~is_self, j, -1)
        found["is_last_waiting"] = (waiting >= 0) & (np.maximum.reduceat(waiting, starts)[codes] == j)
        found["can_be_named"] = np.maximum.reduceat(names_j.astype(np.int64), starts)[codes]
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def best(pairs: Pairs, score: Floats) -> Ints:
    """Places of the pairs, one per message: the candidate of the highest score (of equal ones the latest)."""
    order = np.lexsort((pairs.earlier, score, pairs.message))
    last = np.append(np.flatnonzero(np.diff(pairs.message[order])), len(order) - 1) if len(order) else np.zeros(0, np.int64)
    return order[last]


@dataclass(frozen=True)
class ReplyModel:
    """A sum of small trees as a table: log odds that the pair belongs together.

    names: features, in the order of the trees' numbers. feature: of each node, -1 for a leaf. cut: goes left where the value is not above it.
    left, right: nodes. value: of a leaf. roots: first node of each tree. base: log odds of nothing known.
    """

    names: tuple[str, ...]
    feature: Ints
    cut: Floats
    left: Ints
    right: Ints
    value: Floats
    roots: Ints
    base: float

    def score(self, seen: dict[str, Floats]) -> Floats:
        """Log odds of each pair."""
        size = len(next(iter(seen.values())))
        total = np.empty(size)
        # Block by block: what is looked at again and again stays in the processor's cache.
        for first in range(0, size, _BLOCK):
            part = slice(first, first + _BLOCK)
            total[part] = self._score([seen[name][part] for name in self.names])
        return total

    def _score(self, columns: list[Floats]) -> Floats:
        """Of the columns of a block, by QuickScorer (Lucchese et al. 2015, https://doi.org/10.1145/2766462.2767733): each feature strikes out the leaves that its
        value cannot reach, in all trees at once; the first leaf left of each tree is where the pair belongs."""
        open_leaves = np.full((len(columns[0]), len(self.roots)), np.iinfo(np.uint16).max, np.uint16)
        for values, (cuts, leaves) in zip(columns, self._reachable, strict=True):
            if len(cuts):
                open_leaves &= leaves[np.searchsorted(cuts, values)]
        leaf = _FIRST_BIT[open_leaves]
        worth = self._leaf_values.ravel()[leaf + np.arange(len(self.roots)) * _LEAVES]
        worth[:, 0] += self.base
        return np.cumsum(worth, axis=1)[:, -1]

    @cached_property
    def _leaves(self) -> list[list[int]]:
        """Leaves under each node, left to right."""
        under: list[list[int]] = [[] for _ in self.feature]
        for node in range(len(self.feature))[::-1]:  # children come after their parents
            under[node] = [node] if self.feature[node] < 0 else under[self.left[node]] + under[self.right[node]]
        return under

    @cached_property
    def _leaf_values(self) -> Floats:
        """A row per tree: values of its leaves, left to right."""
        values = np.zeros((len(self.roots), _LEAVES))
        for tree, root in enumerate(self.roots):
            found = self._leaves[root]
            values[tree, : len(found)] = self.value[found]
        return values

    @cached_property
    def _reachable(self) -> list[tuple[Floats, NDArray[np.uint16]]]:
        """Per feature its cuts in order, and (number of cuts below a value, tree): leaves that such a value can reach, as bits."""
        tree_of = np.searchsorted(self.roots, np.arange(len(self.feature)), side="right") - 1
        tables = []
        for number in range(len(self.names)):
            nodes = np.flatnonzero(self.feature == number)
            cuts = np.unique(self.cut[nodes])
            leaves = np.full((len(cuts) + 1, len(self.roots)), np.iinfo(np.uint16).max, np.uint16)
            for node in nodes:
                every = self._leaves[self.roots[tree_of[node]]]
                struck = sum(1 << every.index(leaf) for leaf in self._leaves[self.left[node]])
                leaves[np.searchsorted(cuts, self.cut[node]) + 1 :, tree_of[node]] &= np.uint16(np.iinfo(np.uint16).max ^ struck)
            tables.append((cuts, leaves))
        return tables


@cache
def prior() -> ReplyModel:
    """The model that is shipped (docs/evaluation/questions_and_answers.md: its corpus and figures). It holds numbers only, no words."""
    with PRIOR_FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    names = tuple(sorted({row["feature"] for row in rows if row["feature"] not in ("", "base")}))
    number = {name: place for place, name in enumerate(names)}
    nodes = [row for row in rows if row["feature"] != "base"]
    trees = np.array([int(row["tree"]) for row in nodes])
    first = np.flatnonzero(np.append(True, np.diff(trees) != 0))
    offset = first[np.cumsum(np.append(False, np.diff(trees) != 0))]
    return ReplyModel(
        names=names,
        feature=np.array([number.get(row["feature"], -1) for row in nodes]),
        cut=np.array([float(row["cut"] or 0) for row in nodes]),
        left=offset + np.array([int(row["left"] or 0) for row in nodes]),
        right=offset + np.array([int(row["right"] or 0) for row in nodes]),
        value=np.array([float(row["value"] or 0) for row in nodes]),
        roots=first,
        base=float(next(row["value"] for row in rows if row["feature"] == "base")),
    )


def shares(pairs: Pairs, score: Floats) -> Floats:
    """exp(score) as share of its message's candidates."""
    if not len(pairs):
        return np.zeros(0)
    starts, codes = np.unique(pairs.message, return_index=True)[1], np.unique(pairs.message, return_inverse=True)[1]
    raised = np.exp(score - np.maximum.reduceat(score, starts)[codes])
    return raised / np.bincount(codes, raised)[codes]
