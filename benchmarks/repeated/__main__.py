"""Repeated questions beside TF-IDF with a plain threshold: simulated chats of unseen seeds, a hand-labelled sample of real text, speed.

``python -m benchmarks.repeated --data ../shared/data [--markdown]``. The real programme has its own command (benchmarks.real_programme).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.evaluation import Figure, f1, render, share
from benchmarks.repeated import labelled, simulated
from pipelines.links.conversations.repeated_questions import cluster

#: No seed of these was looked at while the method was made.
SEEDS = range(2001, 2011)
#: Intents of the bank that the lexicon of intents does not hold.
UNKNOWN = frozenset(
    (
        "refund", "invoice", "call_letter", "chat_leave", "phone_app", "camera", "practice_school", "exam_format", "colleague_join", "change_mail", "forum_where",
        "peer_review", "holidays", "browser",
    )
)  # fmt: skip
_THRESHOLDS = np.arange(0.1, 1.0, 0.02)
_PEERS = {
    "words": {"analyzer": "word", "token_pattern": r"(?u)\b\w+\b"},
    "letters": {"analyzer": "char_wb", "ngram_range": (3, 5)},
}


def _pairs(labels: Iterable[object]) -> int:
    count = pd.Series(list(labels)).value_counts().to_numpy()
    return int((count * (count - 1) // 2).sum())


def _ours(chat: simulated.Chat, answers: pd.DataFrame) -> NDArray[np.object_]:
    found = cluster(chat.questions, answers).members
    by_question = dict(zip(found["question_id"], found["cluster_id"], strict=True))
    return np.asarray([by_question.get(question, question) for question in chat.questions["question_id"]], object)


def _simulated() -> list[Figure]:
    chats = [simulated.chat(seed) for seed in SEEDS]
    figures = []
    for name, with_answers, only in (
        ("all intents", True, None),
        ("all intents, no answer known", False, None),
        ("intents the lexicon lacks", True, UNKNOWN),
        ("intents the lexicon lacks, no answer known", False, UNKNOWN),
    ):
        both = found = true = 0
        for chat in chats:
            clusters = _ours(chat, chat.answers if with_answers else chat.answers.iloc[:0])
            kept = np.ones(len(clusters), bool) if only is None else np.isin(chat.intent, list(only))
            both += _pairs(zip(clusters[kept], chat.truth[kept], strict=True))
            found += _pairs(clusters[kept])
            true += _pairs(chat.truth[kept])
        figures += _three(f"simulated, {name}", both, found, true)
    for peer, options in _PEERS.items():
        figures += _peer_simulated(peer, options, chats)
    return figures


def _peer_simulated(peer: str, options: dict[str, object], chats: list[simulated.Chat]) -> list[Figure]:
    """Pairs of one course whose cosine reaches the threshold that is best for the peer on these very chats."""
    both, found, true = np.zeros(len(_THRESHOLDS), int), np.zeros(len(_THRESHOLDS), int), 0
    for chat in chats:
        for _, course in chat.questions.groupby("course_id"):
            truth = chat.truth[course.index]
            matrix = TfidfVectorizer(**options).fit_transform(course["text"])
            near = (matrix @ matrix.T).toarray()[np.triu_indices(len(course), 1)]
            same = (truth[:, None] == truth[None, :])[np.triu_indices(len(course), 1)]
            found += [int((near >= least).sum()) for least in _THRESHOLDS]
            both += [int((same & (near >= least)).sum()) for least in _THRESHOLDS]
        true += _pairs(chat.truth)
    best = int(np.argmax(2 * both / (found + true)))
    return _three(f"simulated, peer TF-IDF of {peer}, its best threshold {_THRESHOLDS[best]:.2f}", int(both[best]), int(found[best]), true)


def _three(name: str, both: int, found: int, true: int) -> list[Figure]:
    return [
        share("repeated", f"{name}: precision", both, found),
        share("repeated", f"{name}: recall", both, true),
        f1("repeated", f"{name}: F1", both, found - both, true - both),
    ]


def _labelled(data: Path) -> list[Figure]:
    questions = labelled.irc_questions(data / "chat_irc_disentangle")
    nobody = pd.DataFrame({"question_id": [], "answered_at": pd.to_datetime([], utc=True), "line": []})
    members = cluster(questions, nobody).members
    by_question = dict(zip(members["question_id"], members["cluster_id"], strict=True))
    pairs = labelled.labels()
    same = np.asarray([label for *_, label in pairs])
    ours = np.asarray([by_question.get(one, one) == by_question.get(other, other) for one, other, _ in pairs])
    figures = _three(f"labelled sample of {len(pairs)} pairs", int((ours & same).sum()), int(ours.sum()), int(same.sum()))
    place = pd.Series(np.arange(len(questions)), index=questions["question_id"])
    left, right = (place.loc[[pair[side] for pair in pairs]].to_numpy() for side in (0, 1))
    for peer, options in _PEERS.items():
        matrix = TfidfVectorizer(**options).fit_transform(questions["text"])
        near = np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel()
        scores = [2 * int((same & (near >= least)).sum()) / max(int((near >= least).sum()) + int(same.sum()), 1) for least in _THRESHOLDS]
        least = _THRESHOLDS[int(np.argmax(scores))]
        name = f"labelled sample, peer TF-IDF of {peer}, its best threshold {least:.2f}"
        figures += _three(name, int((same & (near >= least)).sum()), int((near >= least).sum()), int(same.sum()))
    return figures


def _weekly() -> list[Figure]:
    """Of the pairs that were one at the end of a week, those still one a week later; of the ids, those that live on or are in the record of merges."""
    chat = simulated.chat(SEEDS[0], days=56)
    kept = before = named = ids = 0
    last: dict[str, str] = {}
    first = chat.questions["asked_at"].min().normalize()
    for week in range(1, 9):
        until = first + pd.Timedelta(days=7 * week)
        known = cluster(chat.questions[chat.questions["asked_at"] < until], chat.answers[chat.answers["answered_at"] < until])
        now = dict(zip(known.members["question_id"], known.members["cluster_id"], strict=True))
        gone = dict(zip(known.merges["cluster_id"], known.merges["into_id"], strict=True))
        groups: dict[str, list[str]] = {}
        for question, name in last.items():
            groups.setdefault(name, []).append(question)
        for name, questions in groups.items():
            together = [now[one] == now[other] for one, other in combinations(questions, 2)]
            before += len(together)
            kept += sum(together)
            ids += 1
            heir = name
            while heir in gone:
                heir = gone[heir]
            named += now[questions[0]] == heir
        last = now
    return [
        share("repeated", "pairs still together a week later", kept, before),
        share("repeated", "ids that live on or whose heir is recorded", named, ids),
    ]


def _speed() -> list[Figure]:
    figures = []
    for size, courses in ((10_000, 4), (30_000, 12), (100_000, 40)):
        chat = simulated.chat(7, size=size, courses=courses, days=120)
        start = time.process_time()
        cluster(chat.questions, chat.answers)
        figures.append(
            Figure(
                "speed", f"{size} questions of {courses} courses over 120 days: CPU seconds", time.process_time() - start, None, None, size
            )
        )
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--without-speed", action="store_true")
    given = parser.parse_args()
    figures = [*_simulated(), *_labelled(given.data), *_weekly(), *([] if given.without_speed else _speed())]
    if not given.markdown:
        sys.stdout.write(render(figures) + "\n")
        return
    sys.stdout.write("| figure | value | 95 % | n |\n|---|---|---|---|\n")
    for figure in figures:
        spread = "–" if figure.low is None or figure.high is None else f"{figure.low:.3f}–{figure.high:.3f}"
        sys.stdout.write(f"| {figure.name} | {figure.value:.3f} | {spread} | {figure.n} |\n")


if __name__ == "__main__":
    main()
