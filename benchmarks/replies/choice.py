"""A guess learned from the marks of one chat: weights of a conditional logit upon the shipped prior, and the certainty from which a guess is right often enough.

What the pipeline's own guess weighs (``pipelines.links.conversations.reply_guess``) was learned with :func:`fit_choice` on simulated chats; :func:`learn` measures what a foreign chat's own marks can teach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.links.conversations.reply_model import Floats, Ints, Pairs, best, shares

#: Standardised weights are held to where they lean by this much: with few examples the prior is left to speak.
_RIDGE = 3.0
#: Parts of the marked messages, in order of time, each judged by what those before it taught.
_PARTS = 5
#: Fewer guesses than this tell nothing of a part.
_TELLING = 20


@dataclass(frozen=True)
class Guess:
    """What a chat's own explicit replies taught: weights upon the prior, and from which certainty on a guess is right often enough."""

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    certain: float

    def certainty(self, pairs: Pairs, seen: dict[str, Floats]) -> Floats:
        """Of each pair the share of belief it has among the candidates of its message, 0 to 1; the shares of a message add up to 1."""
        table = (np.column_stack([seen[name] for name in self.names]) - self.mean) / self.scale
        return shares(pairs, table @ self.weights)


def learn(
    pairs: Pairs, seen: dict[str, Floats], belongs: NDArray[np.bool_], *, precision: float, least: int, lean: Mapping[str, float]
) -> Guess | None:
    """Learn from messages whose mark was hidden: which candidate belongs to each.

    A conditional logit (one candidate of each message is the right one) on the features given, the prior's score among them. ``lean``: log odds per unit of a
    feature from which the marks have to convince it away (0 for those not named). The certainty from which a guess is accepted is chosen by going through time: the messages in five
    parts, each guessed by weights from the parts before. It is the lowest at which ``precision`` of the guesses are right in the latest two parts, by the lower end of the interval, and in
    each part that has enough of them: chats change, and a share that holds on average only has not held. Messages none of whose candidates belong count as wrong whatever is guessed. None: fewer
    than ``least`` messages to learn from.
    """
    messages = np.unique(pairs.message[belongs])
    if len(messages) < least:
        return None
    names = tuple(sorted(seen))
    table = np.column_stack([seen[name] for name in names])
    mean, scale = table.mean(axis=0), table.std(axis=0)
    scale[scale == 0] = 1
    table = (table - mean) / scale
    leaning = np.array([lean.get(name, 0.0) for name in names]) * scale
    everyone = np.unique(pairs.message)
    part_of = np.minimum(np.searchsorted(everyone, pairs.message) * _PARTS // len(everyone), _PARTS - 1)
    certain, right, parts = [], [], []
    for part in range(1, _PARTS):
        weights = fit_choice(pairs, table, belongs, part_of < part, leaning)
        tested = part_of == part
        share = shares(Pairs(pairs.message[tested], pairs.earlier[tested]), table[tested] @ weights)
        chosen = best(Pairs(pairs.message[tested], pairs.earlier[tested]), share)
        certain.append(share[chosen])
        right.append(belongs[tested][chosen])
        parts.append(np.full(len(chosen), part))
    level = _least_certain(np.concatenate(certain), np.concatenate(right), np.concatenate(parts), precision)
    return Guess(names, mean, scale, fit_choice(pairs, table, belongs, np.ones(len(pairs), bool), leaning), level)


def _least_certain(certain: Floats, right: NDArray[np.bool_], part: Ints, precision: float) -> float:
    """The lowest certainty whose guesses are right often enough: surely so in the latest two parts, and in each part that has enough of them."""
    for level in np.unique(np.floor(certain * 1000) / 1000):
        held = certain >= level
        latest = held & (part >= _PARTS - 2)
        if not latest.any() or _surely(right[latest].mean(), latest.sum()) < precision:
            continue
        counts = np.bincount(part[held])
        shares_right = np.bincount(part[held], right[held]) / np.maximum(counts, 1)
        if (shares_right[counts >= _TELLING] >= precision).all():
            return float(level)
    return 1.01


def _surely(share: float, count: int) -> float:
    """Lower end of the share's 80 % interval (Wilson 1927): nine times in ten the true share lies above."""
    z = 1.2816
    return float(
        (share + z * z / (2 * count) - z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))) / (1 + z * z / count)
    )


def fit_choice(
    pairs: Pairs, table: Floats, belongs: NDArray[np.bool_], used: NDArray[np.bool_], lean: Floats, *, ridge: float = _RIDGE
) -> Floats:
    """Weights of a conditional logit with a ``ridge`` around ``lean``, by Newton's method; messages without a right candidate teach nothing."""
    with_right = np.isin(pairs.message, pairs.message[belongs & used]) & used
    rows, right = table[with_right], belongs[with_right].astype(np.float64)
    codes = np.unique(pairs.message[with_right], return_inverse=True)[1]
    right /= np.bincount(codes, right)[codes]
    starts = np.unique(codes, return_index=True)[1]
    if not len(rows):
        return lean
    weights = lean.copy()
    reached = -np.inf
    step = np.zeros_like(weights)
    for _ in range(60):
        score = rows @ (weights + step)
        highest = np.maximum.reduceat(score, starts)
        raised = np.exp(score - highest[codes])
        total = np.bincount(codes, raised)
        worth = float(right @ score - np.sum(highest + np.log(total)) - ridge / 2 * np.sum((weights + step - lean) ** 2))
        if worth < reached - 1e-9:
            step = step / 2  # overshot: half the way
            continue
        weights = weights + step
        if worth - reached < 1e-6:
            break
        reached = worth
        share = raised / total[codes]
        gradient = rows.T @ (right - share) - ridge * (weights - lean)
        middle = np.add.reduceat(rows * share[:, None], starts)
        hessian = rows.T @ (rows * share[:, None]) - middle.T @ middle + ridge * np.eye(len(weights))
        step = np.linalg.solve(hessian, gradient)
    return weights
