"""Texts differ as people's do; copies keep what they should keep."""

from __future__ import annotations

import re
from itertools import combinations
from random import Random

import numpy as np
import pytest

from pipelines.simulation import names, wording
from pipelines.simulation.behaviour import INTENTS
from pipelines.simulation.courses import COURSES, TEMPLATE_HEADINGS

THEME = COURSES[0].themes[1]


def _answer(seed: int) -> list[str]:
    rng = Random(seed)
    someone = names.person(rng)
    return wording.answer(rng, wording.style_of(rng, someone, rng.gauss(0, 1)), THEME)


def _words(paragraphs: list[str]) -> list[str]:
    own = [line for line in paragraphs if line not in TEMPLATE_HEADINGS and THEME.asks not in line]
    return re.findall(r"\w+", " ".join(own).lower().replace("ё", "е"))


def _grams(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(words, words[1:], words[2:], strict=False))


def test_originals_of_one_task_differ_as_peoples_do() -> None:
    """Word-3-gram containment of natural answers to one task: 99th percentile about 9 % (docs/simulation.md)."""
    grams = [_grams(_words(_answer(seed))) for seed in range(120)]
    shared = [len(a & b) / min(len(a), len(b)) for a, b in combinations(grams, 2)]
    assert np.percentile(shared, 99) <= 0.10


def test_no_sentence_stands_in_more_than_one_answer_of_twenty() -> None:
    sentences = [set(re.split(r"(?<=[.?!])\s+", " ".join(_answer(seed)))) for seed in range(150)]
    counts: dict[str, int] = {}
    for own in sentences:
        for sentence in own:
            if len(sentence.split()) > 5 and THEME.asks not in sentence:
                counts[sentence] = counts.get(sentence, 0) + 1
    assert max(counts.values()) <= len(sentences) / 20


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("verbatim", 1.0, 1.0), ("reformatted", 0.9, 1.0), ("edited", 0.15, 0.85), ("half", 0.2, 0.85), ("homoglyph", 0.0, 0.6)],
)
def test_copies_keep_what_their_kind_keeps(kind: str, low: float, high: float) -> None:
    shares = []
    for seed in range(20):
        source = _answer(seed)
        made, _ = wording.copy(Random(seed), source, kind, _answer(seed + 1000))
        shares.append(len(_grams(_words(made)) & _grams(_words(source))) / max(1, len(_grams(_words(source)))))
    assert low <= np.mean(shares) <= high


def test_the_grammar_agrees_verb_and_subject() -> None:
    assert wording._agree("*нашли ошибку", "m") == "нашёл ошибку"
    assert wording._agree("*разобрались сами", "f") == "разобралась сами"
    assert wording._agree("*предложили план и *проверили", "f") == "предложила план и проверила"
    assert wording._agree("*удивились", "m") == "удивился"


def test_every_intent_has_questions_and_answers_and_nothing_is_left_unfilled() -> None:
    values = {
        "n": "2",
        "curator": "Анна Ивановна",
        "term": "план",
        "hour": "17:00",
        "meeting": "1",
        "subject": "Срок",
        "quote": "так",
        "n2": "15",
    }
    values |= {"name": "Анна", "city": "Тула", "school": "школа 1", "course": "Курс", "theme": "Тема"}
    assert {f"q_{row[0]}" for row in INTENTS} <= set(wording.CHAT.banks)
    for bank in wording.CHAT.banks:
        for seed in range(15):
            text = wording.CHAT.say(bank, Random(seed), values)
            assert text
            assert not set("{}[]|") & set(text)


def test_unbalanced_brackets_are_an_error() -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        wording._parse("[один|два")


def test_people_are_common_names_thrown_together() -> None:
    people = [names.person(Random(seed)) for seed in range(400)]
    assert len({person.full for person in people}) > 395
    assert all(person.last.endswith(("а", "о", "х", "к", "ч", "ь", "з", "ц", "м", "й")) for person in people if person.is_woman)
    assert names.latin("Щербакова Юлия") == "Shcherbakova Yuliya"
