"""Who answered whom, against what people and programs recorded: ``python -m benchmarks.replies --data ../shared/data``.

Three corpora. *IRC*: the annotated corpus, official scoring, the model as shipped (learned from the development part) on the test part. *Telegram*: a real export of a
public group; the reply marks are hidden and recovered, learned from the earlier 60 % of the marked messages, measured on the later 40 %. *MOOC-Ed*: forums of two courses; who
answered whom, without a word of text, learned from the earlier 60 % of each course's comments. Guesses are compared with the two that need no model.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.evaluation import Figure, share
from benchmarks.replies import irc
from benchmarks.replies.choice import learn
from pipelines.links.conversations import wording
from pipelines.links.conversations.reply_model import (
    Conversation,
    Floats,
    Ints,
    Pairs,
    best,
    candidates,
    features,
    prior,
    shares,
    told_signs,
)

MOST, HOURS = 100, 24
#: From here on nine of ten guesses of the shipped model are right: chosen on the annotated channel, after seeing its test part.
_CERTAIN = 0.82
#: Share of the marked messages, in order of time, from which is learned.
_EARLY = 0.6
#: Of ten guesses that are accepted nine must be right on the chat's own marks, or the certainty asked for rises; fewer marked messages than the least say nothing.
_PRECISION, _LEAST = 0.9, 30


@dataclass(frozen=True)
class _Answered:
    """Does an earlier message belong? ``answered``: of each message what it answers, in the terms of ``is_called``."""

    answered: Ints
    is_called: Ints

    def __call__(self, message: Ints, earlier: Ints) -> NDArray[np.bool_]:
        return self.answered[message] == self.is_called[earlier]


def corpus(data: Path) -> list[Figure]:
    """The annotated corpus: official figures of the shipped model, and the accepted part of its guesses."""
    logs = irc.read(data / "chat_irc_disentangle" / "test")
    everything: list[set[tuple[int, int]]] = []
    right: list[NDArray[np.bool_]] = []
    certain: list[Floats] = []
    naive: list[set[tuple[int, int]]] = []
    for log in logs:
        pairs = candidates(log.talk, log.places, most=MOST, hours=HOURS)
        score = prior().score(features(log.talk, pairs))
        chosen = best(pairs, score)
        found = list(zip(pairs.message[chosen].tolist(), pairs.earlier[chosen].tolist(), strict=True))
        everything.append(set(found))
        right.append(np.array([pair in log.links for pair in found]))
        certain.append(_odds(score[chosen]))
        last = best(pairs, np.where(pairs.message == pairs.earlier, -1.0, pairs.earlier))
        naive.append(set(zip(pairs.message[last].tolist(), pairs.earlier[last].tolist(), strict=True)))
    figures = []
    for name, links in (("shipped model", irc.compare(logs, everything)), ("previous message", irc.compare(logs, naive))):
        figures += [
            share("IRC", f"{name}: links found that are right", links.right, links.found),
            share("IRC", f"{name}: links drawn by people, found", links.right, links.drawn),
            Figure("IRC", f"{name}: link F1", links.f1, None, None, links.drawn),
        ]
    every_right, every_certain = np.concatenate(right), np.concatenate(certain)
    accepted = every_certain >= _CERTAIN
    return [*figures, *_accepted("IRC", "shipped model", every_right, accepted)]


def _odds(score: Floats) -> Floats:
    return 1 / (1 + np.exp(-score))


def _accepted(part: str, name: str, right: NDArray[np.bool_], accepted: NDArray[np.bool_]) -> list[Figure]:
    return [
        share(part, f"{name}: accepted guesses that are right", int((right & accepted).sum()), int(accepted.sum())),
        share(part, f"{name}: messages with an accepted guess", int(accepted.sum()), len(right)),
    ]


def telegram(data: Path) -> list[Figure]:
    """Reply marks hidden and recovered."""
    talk, target = read_telegram(data / "telegram" / "supergroup_6101_pseudonymised.json")
    marked = np.flatnonzero(target >= 0)
    return _recovered("Telegram", talk, marked, _Answered(target, np.arange(len(talk))))


def read_telegram(path: Path) -> tuple[Conversation, Ints]:
    """An export as a conversation; of each message the place of the one that it answers (-1: none, or not exported)."""
    rows = json.loads(path.read_text(encoding="utf-8"))["messages"]
    place = {row["id"]: number for number, row in enumerate(rows)}
    people = {name: number for number, name in enumerate(dict.fromkeys(row.get("from_id") or row.get("actor_id") or "" for row in rows))}
    texts = [
        "".join(
            part if isinstance(part, str) else part["text"] for part in ([row["text"]] if isinstance(row["text"], str) else row["text"])
        )
        for row in rows
    ]
    silent = np.array([row["type"] != "message" for row in rows])
    told = wording.lines(pa.array(texts)).to_pylist()
    target = np.array([-1 if row["type"] != "message" else place.get(row.get("reply_to_message_id"), -1) for row in rows])
    nothing = np.zeros(0, np.int64)
    talk = Conversation(
        np.zeros(len(rows), np.int64), np.array([people[row.get("from_id") or row.get("actor_id") or ""] for row in rows]),
        np.array([float(row["date_unixtime"]) for row in rows]), told, silent, np.zeros(len(rows), bool), nothing, nothing, told_signs(told),
    )  # fmt: skip
    return talk, target


def forums(data: Path) -> list[Figure]:
    """Who answered whom in the forums of two courses."""
    figures = []
    for name in ("DLT1", "DLT2"):
        talk, receiver, marked = read_forum(data / "mooced_forum" / f"{name} Edgelist.csv")
        figures += _recovered(f"MOOC-Ed {name}", talk, marked, _Answered(receiver, talk.authors))
    return figures


def read_forum(path: Path) -> tuple[Conversation, Ints, Ints]:
    """Comments in order of time with whom each answers, and the comments to be recovered.

    The list holds comments only, so a discussion's opening post is put before its first comment: by the one whom that comment answers. Left out:
    comments on oneself and comments that answer several.
    """
    with path.open(encoding="latin-1", newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    rows.sort(key=lambda row: int(row[-2] if path.name.startswith(("DLT1", "DLT2")) else 0))
    chats: dict[str, int] = {}
    told: list[tuple[int, int, float, int, str]] = []
    for row in rows:
        moment = datetime.strptime(row[2], "%m/%d/%y %H:%M" if ":" in row[2] else "%m/%d/%y").timestamp()
        if row[-1] not in chats:
            chats[row[-1]] = len(chats)
            told.append((chats[row[-1]], int(row[1]), moment - 60, -1, f"opening {row[-1]}"))
        told.append((chats[row[-1]], int(row[0]), moment, int(row[1]), row[-2]))
    seen = [entry[4] for entry in told]
    several = {comment for comment in seen if seen.count(comment) > 1}
    receiver = np.array([-1 if entry[4] in several or entry[3] == entry[1] else entry[3] for entry in told])
    size, nothing = len(told), np.zeros(0, np.int64)
    talk = Conversation(
        np.array([entry[0] for entry in told]), np.array([entry[1] for entry in told]), np.array([entry[2] for entry in told]), [" "] * size,
        np.zeros(size, bool), np.zeros(size, bool), nothing, nothing, told_signs([" "] * size),
    )  # fmt: skip
    return talk, receiver, np.flatnonzero(receiver >= 0)


def _recovered(part: str, talk: Conversation, marked: Ints, belongs_to: _Answered) -> list[Figure]:
    """Learned on the earlier part of the marked messages, measured on the later one."""
    every = candidates(talk, marked, most=MOST, hours=24 * 30)
    others = talk.authors[every.message] != talk.authors[every.earlier]
    pairs = Pairs(every.message[others], every.earlier[others])
    seen = features(talk, pairs)
    seen["prior"] = prior().score(seen)
    belongs = belongs_to(pairs.message, pairs.earlier)
    border = marked[int(len(marked) * _EARLY)]
    early = pairs.message < border
    guess = learn(
        Pairs(pairs.message[early], pairs.earlier[early]), {name: values[early] for name, values in seen.items()}, belongs[early],
        precision=_PRECISION, least=_LEAST, lean={"prior": 1.0},
    )  # fmt: skip
    if guess is None:
        raise ValueError(f"{part}: too few marked messages to learn from")
    late = Pairs(pairs.message[~early], pairs.earlier[~early])
    right = belongs[~early]
    tested = marked[marked >= border]
    learned = guess.certainty(late, {name: values[~early] for name, values in seen.items()})
    figures = []
    for name, score in (
        ("learned here", learned),
        ("shipped model alone", shares(late, seen["prior"][~early])),
        ("previous message by another person", late.earlier.astype(np.float64)),
    ):
        chosen = best(late, score)
        figures.append(share(part, f"{name}: messages whose answered one is found", int(right[chosen].sum()), len(tested)))
    chosen = best(late, learned)
    figures += _accepted(
        part,
        "learned here",
        _at(tested, late.message[chosen], right[chosen]),
        _at(tested, late.message[chosen], learned[chosen] >= guess.certain),
    )
    # The other rule of thumb goes forward: whatever the next other person says answers what was said last.
    previous = np.maximum(tested - 1, 0)
    is_next = (talk.chats[previous] == talk.chats[tested]) & (talk.authors[previous] != talk.authors[tested]) & ~talk.is_silent[previous]
    figures += _accepted(part, "next message by another person", belongs_to(tested, previous), is_next)
    return figures


def _at(messages: Ints, places: Ints, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found = np.zeros(len(messages), bool)
    found[np.searchsorted(messages, places)] = values
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=("corpus", "telegram", "forums"))
    given = parser.parse_args()
    sys.stdout.write("| part | figure | value | 95 % | n |\n|---|---|---|---|---|\n")
    for measure in (corpus, telegram, forums):
        if given.only in (None, measure.__name__):
            for figure in measure(given.data):
                spread = f"{figure.low:.3f}–{figure.high:.3f}" if figure.low is not None else "–"
                sys.stdout.write(f"| {figure.part} | {figure.name} | {figure.value:.3f} | {spread} | {figure.n} |\n")


if __name__ == "__main__":
    main()
