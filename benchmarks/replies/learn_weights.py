"""Weights of the guess's signs from chats whose truth is known: what ``WEIGHTS`` in ``pipelines/links/conversations/reply_guess.py`` holds, and what certainty is worth.

``python -m benchmarks.replies.learn_weights --seeds 1 2 3 4 5 6 --test 11 12 21``: learned on the files of chats written by hand that are learned from, each once with its curators' marks hidden and once as
it was written (marked answers teach what was answered before), and on simulated chats; each weight with its standard error, then precision and coverage by the certainty asked for: on the other seeds, and on
the chats written by hand, each judged by what was learned of the others.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.replies.choice import fit_choice
from benchmarks.replies.dialogues import LEARNED, tell
from benchmarks.replies.talk import talk
from pipelines.links.conversations import reply_guess
from pipelines.links.conversations.questions import link_questions
from pipelines.links.conversations.replies import link_replies
from pipelines.links.conversations.reply_model import Floats, Ints, Pairs, best, shares
from pipelines.warehouse import Warehouse

#: Weights are held to nothing by so much, each sign measured by its spread.
_RIDGE = 1.0
_FOLDS = 6
#: Marks of a line that say which question it belongs to: answered, formally, or not yet.
_SAYS = ("=", "~", "...")


@dataclass(frozen=True)
class Told:
    """Candidates of unmarked messages, "none" last: signs, which are right ("none" where no candidate is), the chat, whether the message is told to all."""

    pairs: Pairs
    table: Floats
    right: np.ndarray
    chat: Ints
    to_all: np.ndarray


def simulated(seed: int) -> Told:
    """The unmarked messages of one simulated chat."""

    def write(warehouse: Warehouse) -> set[tuple[str, str]]:
        return {(one.message_id, one.answer_id) for one in talk(warehouse, seed).asked if one.answer_id}

    return _gather(write)


def by_hand() -> Told:
    """The files written by hand to be learned from, once all of whose curators' messages are unmarked, and once as they were written."""
    parts, first = [], 0
    for half in LEARNED:
        # A chat is one chat, with and without marks: it is not judged by itself.
        both = [_by_hand(half, is_unmarked=is_unmarked) for is_unmarked in (True, False)]
        parts += [replace(part, chat=part.chat + first) for part in both]
        first += 1 + max(int(part.chat.max()) for part in both)
    return _together(parts)


def _by_hand(half: str, *, is_unmarked: bool) -> Told:

    def write(warehouse: Warehouse) -> set[tuple[str, str]]:
        _, lines = tell(warehouse, half, is_unmarked=is_unmarked)
        chat = {id_: id_.split(":")[2] for id_ in lines}
        asked = {(chat[id_], mark): id_ for id_, line in lines.items() for mark in line.truth if mark.startswith("q")}
        said = [(id_, mark.lstrip("=~.")) for id_, line in lines.items() for mark in line.truth if mark.startswith(_SAYS)]
        return {(asked[chat[id_], mark], id_) for id_, mark in said if (chat[id_], mark) in asked}

    return _gather(write)


def _gather(write: Callable[[Warehouse], set[tuple[str, str]]]) -> Told:
    weeks, names = [], []
    kept, sought = reply_guess.weigh, reply_guess._candidates

    def noted(talk, marked, block, lines):
        weeks.append(kept(talk, marked, block, lines))
        return weeks[-1]

    def named(warehouse):
        names.append(sought(warehouse))
        return names[-1]

    reply_guess.weigh, reply_guess._candidates = noted, named
    try:
        with Warehouse.open(None) as warehouse:
            belongs = write(warehouse)
            link_questions(warehouse)
            bursts = dict(warehouse.rows("select message_id, burst_id from links.questions"))
            link_replies(warehouse)
    finally:
        reply_guess.weigh, reply_guess._candidates = kept, sought
    true = {(bursts.get(question, question), answer) for question, answer in belongs}
    told = _together([_judged(rows, pairs, table, names[0], true) for rows, pairs, table in weeks if len(rows)])
    return _part(told, ~told.to_all)


def _judged(rows, pairs, table, names, true) -> Told:
    questions, answers = names.questions[rows["question_id"]], names.answers[rows["answer_id"]]
    is_true = np.array([pair in true for pair in zip(questions, answers, strict=True)])
    first = np.unique(pairs.message, return_index=True)[1][pairs.message]  # "none" stands last
    right, none = (pairs.earlier >= 0) & is_true[np.maximum(pairs.earlier, 0)], pairs.earlier < 0
    right[none] = ~np.bincount(pairs.message, right).astype(bool)[pairs.message[none]]
    place = pairs.earlier[first]
    chat = np.array([int(answer.split(":")[2]) if answer.count(":") == 3 else 0 for answer in answers])
    return Told(pairs, table, right, chat[place], (rows["to_many"] | rows["to_all"]).to_numpy()[place])


def _together(parts: list[Told]) -> Told:
    offsets = np.cumsum([0] + [int(part.pairs.message.max()) + 1 for part in parts])
    message = np.concatenate([part.pairs.message + offset for part, offset in zip(parts, offsets[:-1], strict=True)])
    earlier = np.concatenate([part.pairs.earlier for part in parts])
    names = ("table", "right", "chat", "to_all")
    return Told(Pairs(message, earlier), *(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _part(told: Told, kept: np.ndarray) -> Told:
    pairs = Pairs(told.pairs.message[kept], told.pairs.earlier[kept])
    return Told(pairs, told.table[kept], told.right[kept], told.chat[kept], told.to_all[kept])


def learn(parts: list[Told]) -> Floats:
    """Weights over all parts; answers to many teach with each of their questions."""
    told = _together(parts)
    scale = told.table.std(axis=0)
    scale[scale == 0] = 1
    everyone, start = np.ones(len(told.table), bool), np.zeros(told.table.shape[1])
    return fit_choice(told.pairs, told.table / scale, told.right, everyone, start, ridge=_RIDGE) / scale


def sweep(tested: list[tuple[Told, Floats]]) -> list[tuple[float, int, int, int]]:
    """(certainty, accepted, right, to be found) of messages that are not to many; each part with the weights that it is judged by."""
    rows = []
    for certainty in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9):
        accepted = right = wanted = 0
        for told, weights in tested:
            share = shares(told.pairs, told.table @ weights)
            chosen = best(told.pairs, share)
            sure = chosen[(told.pairs.earlier[chosen] >= 0) & ~told.to_all[chosen] & (share[chosen] >= certainty)]
            accepted += len(sure)
            right += int(told.right[sure].sum())
            wanted += len(np.unique(told.pairs.message[told.right & (told.pairs.earlier >= 0) & ~told.to_all]))
        rows.append((certainty, accepted, right, wanted))
    return rows


def main() -> None:
    """Learn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--test", type=int, nargs="+", default=[11, 12, 21])
    given = parser.parse_args()
    hand, seeds = by_hand(), [simulated(seed) for seed in given.seeds]
    fold = hand.chat % _FOLDS
    others = [learn([_part(hand, fold != number), *seeds]) for number in range(_FOLDS)]
    weights = learn([hand, *seeds])
    for name, value, spread in zip(
        reply_guess.NAMES, weights, np.std(others, axis=0) * np.sqrt(_FOLDS - 1), strict=True
    ):  # jackknife by chats
        sys.stdout.write(f'    "{name}": {value:.2f},  # {spread:.2f}\n')
    tested = [simulated(seed) for seed in given.test]
    shipped = np.array([reply_guess.WEIGHTS.get(name, 0.0) for name in reply_guess.NAMES])
    for title, parts in (
        ("simulated, these weights", [(told, weights) for told in tested]),
        ("simulated, as shipped", [(told, shipped) for told in tested]),
        ("by hand, weights of the other chats", [(_part(hand, fold == number), others[number]) for number in range(_FOLDS)]),
    ):
        for certainty, accepted, right, wanted in sweep(parts):
            sys.stdout.write(
                f"{title}: from {certainty} on {right}/{accepted} = {right / max(accepted, 1):.3f} right, {right / wanted:.3f} of the unmarked answers\n"
            )


if __name__ == "__main__":
    main()
