"""Honest answers to one prompt that quote one source without marks: how many are flagged? ``python -m benchmarks.copies.prompt --seeds 201,202``.

English answers of 100 to 300 words (``--words`` asks for others), each of its own sentences, with no to three sentences of an article of forty that everybody was given and that is
no reference text here; a word in ten of a quoted sentence is changed. Nobody copies: every answer flagged is a false alarm. A twentieth copies a third or more of
another's answer beside, so that mending false alarms shows what it costs.
"""

from __future__ import annotations

import argparse
import random
import sys

from benchmarks.copies.corpus import Text, _Deck
from benchmarks.copies.detector import filled, search


def answers(
    seed: int,
    count: int,
    *,
    half: str = "unseen",
    words: tuple[int, int] = (100, 300),
    quoted: tuple[int, ...] = (0, 1, 1, 2, 3),
    copiers: int = 20,
) -> list[Text]:
    """Answers in the order of time; every ``copiers``-th is a copier (0: nobody)."""
    chance = random.Random(f"{seed} prompt")
    deck = _Deck("en", half, chance)
    article = deck.take(800)[:40]
    stray = [word for sentence in deck.take(300) for word in sentence.split() if len(word) > 3]
    made: list[Text] = []
    for number in range(count):
        own = deck.take(chance.randint(*words))
        kind = "honest"
        if copiers and number % copiers == copiers - 1:
            source = chance.choice([text for text in made if text.kind == "honest"]).text.split(". ")
            size = max(2, len(source) // 2)
            begin = chance.randrange(max(1, len(source) - size + 1))
            own[len(own) // 3 : len(own) // 3] = [". ".join(source[begin : begin + size]) + "."]
            kind = "copy"
        for sentence in chance.sample(article, chance.choice(quoted)):
            told = [chance.choice(stray) if chance.random() < 0.1 else word for word in sentence.split()]
            own.insert(chance.randrange(len(own) + 1), " ".join(told))
        made.append(Text(" ".join(own), number, 0, float(number), kind, {}))
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="201,202")
    parser.add_argument("--answers", type=int, default=700)
    parser.add_argument("--words", type=int, nargs=2, default=(100, 300), metavar=("LEAST", "MOST"), help="of an answer, quotations beside")
    parser.add_argument("--half", default="unseen", choices=("build", "unseen"))
    given = parser.parse_args()
    for seed in given.seeds.split(","):
        texts = answers(int(seed), given.answers, half=given.half, words=tuple(given.words))
        flagged = {later for later, _ in search(filled(texts, [""]))}
        honest = [number for number, text in enumerate(texts) if text.kind == "honest"]
        copies = [number for number, text in enumerate(texts) if text.kind == "copy"]
        false, found = sum(number in flagged for number in honest), sum(number in flagged for number in copies)
        sys.stdout.write(
            f"seed {seed}: honest flagged {false} of {len(honest)} ({false / len(honest):.4f}); copies found {found} of {len(copies)}\n"
        )


if __name__ == "__main__":
    main()
