"""The survey after a stream: ten aspects on a scale of five, anonymous, as a spreadsheet's CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

from pipelines.simulation.behaviour import moscow

#: aspect, per cent of answers 1 to 5: as organisers of such courses in Moscow rated them (published study, 21 answers).
ASPECTS = (
    ("содержание", (0, 0, 24, 43, 33)),
    ("практикоориентированность", (0, 5, 19, 52, 24)),
    ("методики", (0, 5, 29, 38, 29)),
    ("коммуникация", (0, 24, 14, 43, 19)),
    ("техническое оснащение", (0, 24, 10, 57, 10)),
    ("время", (0, 5, 10, 62, 24)),
    ("информационная связь", (0, 0, 10, 52, 38)),
    ("количество человек в группе", (0, 14, 14, 43, 29)),
    ("сертифицирование", (0, 0, 19, 24, 57)),
    ("обратная связь", (0, 10, 10, 43, 38)),
)


def rating(rng: Random, aspect: int, pleased: float) -> int | None:
    """One rating; ``pleased`` shifts communication and feedback by what this learner lived through. None: left out."""
    if rng.random() < 0.03:
        return None
    value = rng.choices((1, 2, 3, 4, 5), ASPECTS[aspect][1])[0]
    if aspect in (3, 9) and rng.random() < abs(pleased):
        value += 1 if pleased > 0 else -1
    return min(5, max(1, value))


def write_survey(path: Path, rows: list[tuple[int, list[int | None], str, str]]) -> None:
    """``rows``: moment, ten ratings, the stream as the answerer put it, words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(
            (
                "Отметка времени",
                *(f"Оцените по шкале от 1 до 5 [{name}]" for name, _ in ASPECTS),
                "Ваш поток",
                "Что бы вы изменили в курсе?",
            )
        )
        for at, ratings, stream, words in sorted(rows):
            out.writerow((moscow(at).strftime("%d.%m.%Y %H:%M:%S"), *("" if value is None else value for value in ratings), stream, words))
