"""Weights of the guess's signs from simulated chats whose truth is known: what ``WEIGHTS`` in ``pipelines/links/reply_guess.py`` holds, and what certainty is worth.

``python -m benchmarks.replies.learn_weights --seeds 1 2 3 4 5 6 --test 11 12 13``: learned on the unmarked messages of the first seeds, each weight with its standard error by seed, then precision and
coverage on the others by the certainty asked for.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks.replies.choice import fit_choice
from benchmarks.replies.talk import talk
from pipelines.links import reply_guess
from pipelines.links.questions import link_questions
from pipelines.links.replies import link_replies
from pipelines.links.reply_model import Pairs, best, shares
from pipelines.warehouse import Warehouse


def gather(seed: int) -> list[tuple[object, Pairs, np.ndarray, np.ndarray, int]]:
    """Of every week: candidates, pairs, signs, which are right ("none" where no candidate is), unmarked answers to be found in all."""
    weeks = []
    kept, sought = reply_guess.weigh, reply_guess._candidates
    names = []

    def noted(talk, marked, block, lines):
        found = kept(talk, marked, block, lines)
        weeks.append(found)
        return found

    def named(warehouse):
        names.append(sought(warehouse))
        return names[-1]

    reply_guess.weigh, reply_guess._candidates = noted, named
    try:
        with Warehouse.open(None) as warehouse:
            told = talk(warehouse, seed)
            link_questions(warehouse)
            bursts = dict(warehouse.rows("select message_id, burst_id from links.questions"))
            link_replies(warehouse)
    finally:
        reply_guess.weigh, reply_guess._candidates = kept, sought
    true = {(bursts.get(one.message_id, one.message_id), one.answer_id) for one in told.asked if one.answer_id}
    unmarked = len({one.answer_id for one in told.asked if one.way in ("unmarked",)})
    out = []
    for rows, pairs, table in weeks:
        if not len(rows):
            continue
        belongs = np.array(
            [
                (question, answer) in true
                for question, answer in zip(names[0].questions[rows["question_id"]], names[0].answers[rows["answer_id"]], strict=True)
            ]
        )
        right = (pairs.earlier >= 0) & belongs[np.maximum(pairs.earlier, 0)]
        none = pairs.earlier < 0
        right[none] = ~np.bincount(pairs.message, right).astype(bool)[pairs.message[none]]
        out.append((rows, pairs, table, right, unmarked))
    return out


def learn(gathered: list[list[tuple]]) -> np.ndarray:
    """Weights over all weeks of all seeds; answers to many teach with each of their questions."""
    message, tables, rights, offset = [], [], [], 0
    for weeks in gathered:
        for _, pairs, table, right, _ in weeks:
            message.append(pairs.message + offset)
            offset += int(pairs.message.max()) + 1
            tables.append(table)
            rights.append(right)
    table = np.concatenate(tables)
    scale = table.std(axis=0)
    scale[scale == 0] = 1
    pairs = Pairs(np.concatenate(message), np.zeros(len(table), np.int64))
    return fit_choice(pairs, table / scale, np.concatenate(rights), np.ones(len(table), bool), np.zeros(table.shape[1])) / scale


def sweep(gathered: list[list[tuple]], weights: np.ndarray) -> list[tuple[float, int, int, int]]:
    """(certainty, accepted, right, to be found) of messages that are not to many."""
    rows = []
    for certainty in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        accepted = right_ones = wanted = 0
        for weeks in gathered:
            wanted += weeks[0][-1] if weeks else 0
            for candidates, pairs, table, right, _ in weeks:
                share = shares(pairs, table @ weights)
                chosen = best(pairs, share)
                is_one = (pairs.earlier[chosen] >= 0) & ~candidates["to_many"].to_numpy()[np.maximum(pairs.earlier[chosen], 0)]
                sure = chosen[is_one & (share[chosen] >= certainty)]
                accepted += len(sure)
                right_ones += int(right[sure].sum())
        rows.append((certainty, accepted, right_ones, wanted))
    return rows


def main() -> None:
    """Learn, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5, 6])
    parser.add_argument("--test", type=int, nargs="+", default=[11, 12, 13])
    given = parser.parse_args()
    gathered = [gather(seed) for seed in given.seeds]
    each = np.array([learn([weeks]) for weeks in gathered])
    weights = learn(gathered)
    for name, value, spread in zip(reply_guess.NAMES, weights, each.std(axis=0) / np.sqrt(len(each)), strict=True):
        sys.stdout.write(f'    "{name}": {value:.2f},  # {spread:.2f}\n')
    tested = [gather(seed) for seed in given.test]
    shipped = np.array([reply_guess.WEIGHTS[name] for name in reply_guess.NAMES])
    for title, used in (("these weights", weights), ("as shipped", shipped)):
        for certainty, accepted, right, wanted in sweep(tested, used):
            sys.stdout.write(
                f"{title}: from {certainty} on {right}/{accepted} = {right / max(accepted, 1):.3f} right, {right / wanted:.3f} of the unmarked answers\n"
            )


if __name__ == "__main__":
    main()
